//! Tables that the registry keeps: pushed by where they lie, where Lua is peeked at.

use std::ffi::c_int;

use super::peek;
use super::stack::*;

/// A table that the registry keeps.
#[derive(Clone, Copy, Default)]
pub struct Kept {
    /// Its reference there; 0 for none.
    pub reference: c_int,
    /// Where it lies.
    pub address: usize,
}

impl Kept {
    /// Keeps the table on top, and pops it. Slots -1 (needs 1), raises for want of memory.
    ///
    /// # Safety
    /// A table lies on top.
    pub unsafe fn of_top(l: *mut lua_State) -> Kept {
        // SAFETY: S5 from the caller.
        unsafe {
            let address = lua_topointer(l, -1) as usize;
            Kept { reference: luaL_ref(l, LUA_REGISTRYINDEX), address }
        }
    }

    /// Is there none?
    #[inline]
    pub fn is_none(self) -> bool {
        self.reference == 0
    }

    /// Pushes the table. Slots +1, never raises.
    ///
    /// # Safety
    /// A free slot; there is a table, of this VM.
    #[inline]
    pub unsafe fn push(self, l: *mut lua_State) {
        // SAFETY: S5 from the caller.
        unsafe {
            if peek::is_available() {
                peek::push(l, self.address as u64, peek::TABLE);
            } else {
                lua_rawgeti(l, LUA_REGISTRYINDEX, self.reference.into());
            }
        }
    }
}
