//! A store: values of a VM's that are kept by place, to be found without a table.
//!
//! They lie on the stack of a Lua thread of its own, which the registry keeps. Knows nothing of what they are.

use std::cell::Cell;
use std::ffi::c_int;

use super::peek;
use super::stack::*;

/// `N` places, each with a value or nil.
pub struct Store<const N: usize> {
    /// Has a slot in use for each place; null until there is something to keep.
    thread: Cell<*mut lua_State>,
}

impl<const N: usize> Store<N> {
    /// What is kept at a place, less than `N`; nil if nothing is.
    ///
    /// # Safety
    /// [`peek::is_available`].
    #[inline(always)]
    pub unsafe fn at(&self, place: usize) -> peek::Slot {
        if self.thread.get().is_null() {
            return peek::Slot::NIL;
        }
        // SAFETY: the thread has as many slots in use, which its call's end covers, so that no collection takes them.
        unsafe { *peek::top(self.thread.get()).sub(1 + place) }
    }

    /// Keeps the value on top at a place, if there is memory for the store. Slots 0 (needs 2), raises.
    ///
    /// # Safety
    /// As for [`Store::at`]; S6.
    #[inline(always)]
    pub unsafe fn keep(&self, l: *mut lua_State, place: usize) {
        // SAFETY: as for `at`. A thread's stack needs no barrier. (A collection may have moved it.)
        unsafe {
            if self.thread.get().is_null() {
                self.begin(l);
            }
            if !self.thread.get().is_null() {
                peek::top(self.thread.get()).sub(1 + place).write(peek::last(l));
            }
        }
    }

    #[cold]
    #[inline(never)]
    unsafe fn begin(&self, l: *mut lua_State) {
        // SAFETY: from `keep`.
        unsafe {
            if let Ok(thread) = new_store(l, N as c_int) {
                lua_settop(thread, N as c_int);
                self.thread.set(thread);
            }
        }
    }

    /// Keeps nothing at a place any more.
    ///
    /// # Safety
    /// As for [`Store::at`]; something is kept there.
    pub unsafe fn forget(&self, place: usize) {
        // SAFETY: as for `at`.
        unsafe { peek::top(self.thread.get()).sub(1 + place).write(peek::Slot::NIL) };
    }
}

impl<const N: usize> Default for Store<N> {
    /// Nothing is kept yet.
    fn default() -> Store<N> {
        Store { thread: Cell::new(std::ptr::null_mut()) }
    }
}
