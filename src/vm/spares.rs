//! Blank userdata made ahead, for where nothing may raise: a callback turns the pointers that C gives it into cdata.
//!
//! They lie on the stack of a Lua thread of their own, which the registry keeps; one is taken by moving it from there. Below them
//! lie some that were taken, and may be used once more ([`Spares::lent`]). Knows nothing of what becomes of them.

use std::cell::Cell;
use std::ffi::c_int;

use super::peek;
use super::stack::*;
use crate::door;
use crate::error::Result;

/// Bytes of a spare's block.
pub const BYTES: usize = 16;
/// How many there are after [`Spares::provide`].
pub const COUNT: usize = 32;

/// How many that were taken are kept.
pub const LENT: usize = 3;

/// The spare userdata of a VM.
pub struct Spares {
    thread: Cell<*mut lua_State>,
    count: Cell<usize>,
}

impl Spares {
    /// None yet.
    pub fn new() -> Spares {
        Spares { thread: Cell::new(std::ptr::null_mut()), count: Cell::new(0) }
    }

    /// Are there at least `n`?
    #[inline]
    pub fn are(&self, n: usize) -> bool {
        self.count.get() >= n
    }

    /// Sees to it that there are at least `n`, up to [`COUNT`]. False if memory runs out: then the error value lies on top. Slots 0
    /// or +1 (needs 3), never raises.
    ///
    /// # Safety
    /// `l` is running; it outlives the call; [`peek::is_available`].
    #[inline]
    pub unsafe fn provide(&self, l: *mut lua_State, n: usize) -> bool {
        // SAFETY: from the caller.
        self.are(n) || unsafe { self.refill(l) }
    }

    #[cold]
    #[inline(never)]
    unsafe fn refill(&self, l: *mut lua_State) -> bool {
        // SAFETY: S5; a C function without upvalues and a light userdata allocate nothing; `self` outlives the call.
        unsafe {
            lua_pushcclosure(l, refill, 0);
            lua_pushlightuserdata(l, std::ptr::from_ref(self).cast_mut().cast());
            lua_pcall(l, 1, 0, 0) == LUA_OK
        }
    }

    /// Takes one: a full userdata of [`BYTES`] bytes without a metatable. Slots 0, never raises.
    ///
    /// # Safety
    /// [`peek::is_available`]; [`Spares::provide`] has seen to it that there is one; the caller puts it on a stack before Lua runs.
    #[inline]
    pub unsafe fn take(&self) -> peek::Slot {
        // SAFETY: a spare lies on top of the thread's stack.
        unsafe {
            let thread = self.thread.get();
            self.count.set(self.count.get() - 1);
            let slot = *peek::top(thread).sub(1);
            peek::pop(thread);
            slot
        }
    }

    /// Where one that was taken is kept, for whoever may use it once more: nil at first. `n` is less than [`LENT`].
    ///
    /// # Safety
    /// As for [`Spares::take`]; what is written there is a value of the VM's. (A thread's stack needs no barrier.)
    #[inline]
    pub unsafe fn lent(&self, n: usize) -> *mut peek::Slot {
        debug_assert!(n < LENT);
        // SAFETY: `refill_body` pushed as many before all spares.
        unsafe { peek::base(self.thread.get()).add(n) }
    }

    /// Keeps none that was taken any more.
    ///
    /// # Safety
    /// The VM is running, on this thread.
    pub unsafe fn forget_lent(&self) {
        if !self.thread.get().is_null() {
            for n in 0..LENT {
                // SAFETY: the thread was made where Lua is peeked at; nil is a value.
                unsafe { self.lent(n).write(peek::Slot::NIL) };
            }
        }
    }
}

impl Default for Spares {
    fn default() -> Spares {
        Spares::new()
    }
}

door! {
    fn refill = refill_body;
}

/// Fills the [`Spares`] at 1.
unsafe fn refill_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: only `Spares::refill` calls this, with an address that outlives the call; the thread has room for
    // all of them.
    unsafe {
        let spares = &*lua_touserdata(l, 1).cast::<Spares>();
        // (Whatever asks for memory may run finalizers, and those callbacks, which fill them as well.)
        if spares.thread.get().is_null() {
            let thread = new_store(l, (LENT + COUNT) as c_int)?;
            if spares.thread.get().is_null() {
                for _ in 0..LENT {
                    lua_pushnil(thread);
                }
                spares.thread.set(thread);
            }
        }
        while spares.count.get() < COUNT {
            lua_newuserdatauv(l, BYTES, 0);
            peek::pop(l);
            let made = *peek::top(l);
            if spares.count.get() < COUNT {
                peek::push(spares.thread.get(), made.bits, made.tag);
                spares.count.set(spares.count.get() + 1);
            }
        }
    }
    Ok(0)
}
