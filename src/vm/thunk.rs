//! A pool of `lua_CFunction`s that know their data.
//!
//! Each entry loads its own data and jumps to its own handler: no upvalue is fetched, no code is made at run time. The
//! pool is the process's; when it is used up, callers fall back on a closure with an upvalue.

use std::ffi::{c_int, c_void};

use super::stack::{lua_CFunction, lua_State};

/// What a thunk leads to.
pub type ThunkHandler = unsafe extern "C-unwind" fn(l: *mut lua_State, data: *mut c_void) -> c_int;

/// An entry of the pool; given back when dropped.
pub struct Thunk {
    #[cfg_attr(not(direct), allow(dead_code))]
    slot: usize,
}

#[cfg(direct)]
mod pool {
    use std::arch::global_asm;
    use std::cell::UnsafeCell;
    use std::ffi::{c_int, c_void};
    use std::sync::Mutex;

    use super::{Thunk, ThunkHandler};
    use crate::vm::stack::{lua_CFunction, lua_State};

    const COUNT: usize = 2048;

    /// Data and handler of each entry, as the code reads them. None before the first use, when nobody has the entry's address: zeroes,
    /// which the loader need not touch.
    #[repr(C)]
    struct Slot {
        data: *mut c_void,
        handler: Option<ThunkHandler>,
    }

    #[repr(transparent)]
    struct Slots(UnsafeCell<[Slot; COUNT]>);

    // SAFETY: a slot is written under the lock, by the one who took it, before its function is handed out.
    unsafe impl Sync for Slots {}

    static SLOTS: Slots =
        Slots(UnsafeCell::new([const { Slot { data: std::ptr::null_mut(), handler: None } }; COUNT]));

    static FREE: Mutex<(usize, Vec<usize>)> = Mutex::new((0, Vec::new()));

    unsafe extern "C-unwind" fn gone(_l: *mut lua_State, _data: *mut c_void) -> c_int {
        0
    }

    // Lua's state comes in the first argument's register and stays there; the data goes into the second's.
    #[cfg(target_arch = "aarch64")]
    global_asm!(
        ".p2align 4",
        ".globl {pool}",
        ".hidden {pool}",
        "{pool}:",
        ".set cdata_thunk, 0",
        ".rept {count}",
        "adrp x16, {slots} + cdata_thunk",
        "add x16, x16, :lo12:{slots} + cdata_thunk",
        "ldp x1, x16, [x16]",
        "br x16",
        ".set cdata_thunk, cdata_thunk + 16",
        ".endr",
        pool = sym entries,
        count = const COUNT,
        slots = sym SLOTS,
    );

    #[cfg(target_arch = "x86_64")]
    global_asm!(
        ".p2align 4",
        ".globl {pool}",
        ".hidden {pool}",
        "{pool}:",
        ".set cdata_thunk, 0",
        ".rept {count}",
        ".p2align 4",
        "mov rsi, qword ptr [rip + {slots} + cdata_thunk]",
        "jmp qword ptr [rip + {slots} + cdata_thunk + 8]",
        ".set cdata_thunk, cdata_thunk + 16",
        ".endr",
        pool = sym entries,
        count = const COUNT,
        slots = sym SLOTS,
    );

    unsafe extern "C-unwind" {
        #[link_name = "cdata_thunk_entries"]
        fn entries(l: *mut lua_State) -> c_int;
    }

    pub(super) fn take(handler: ThunkHandler, data: *mut c_void) -> Option<Thunk> {
        let mut free = FREE.lock().unwrap_or_else(|p| p.into_inner());
        let slot = match free.1.pop() {
            Some(slot) => slot,
            None if free.0 < COUNT => {
                free.0 += 1;
                free.0 - 1
            }
            None => return None,
        };
        // SAFETY: the slot is ours now, and nobody has its function yet.
        unsafe { (*SLOTS.0.get())[slot] = Slot { data, handler: Some(handler) } };
        Some(Thunk { slot })
    }

    pub(super) fn give_back(slot: usize) {
        let mut free = FREE.lock().unwrap_or_else(|p| p.into_inner());
        // SAFETY: the slot is still its owner's.
        unsafe { (*SLOTS.0.get())[slot] = Slot { data: std::ptr::null_mut(), handler: Some(gone) } };
        free.1.push(slot);
    }

    pub(super) fn function(slot: usize) -> lua_CFunction {
        let address = (entries as *const u8).wrapping_add(16 * slot);
        // SAFETY: an entry is a `lua_CFunction` by its code.
        unsafe { std::mem::transmute::<*const u8, lua_CFunction>(address) }
    }
}

impl Thunk {
    /// A function that calls `handler` with `data`; none when the pool is used up, or the platform has none.
    pub fn new(handler: ThunkHandler, data: *mut c_void) -> Option<Thunk> {
        #[cfg(direct)]
        return pool::take(handler, data);
        #[cfg(not(direct))]
        {
            let _ = (handler, data);
            None
        }
    }

    /// The function. It must not be called after the thunk is dropped.
    pub fn function(&self) -> lua_CFunction {
        #[cfg(direct)]
        return pool::function(self.slot);
        #[cfg(not(direct))]
        unreachable!("`new` makes none here")
    }
}

impl Drop for Thunk {
    fn drop(&mut self) {
        #[cfg(direct)]
        pool::give_back(self.slot);
    }
}
