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

    /// Makes and keeps a table that is weak as `mode` says, with room for so many items. Slots 0 (needs 3), raises for want of memory.
    ///
    /// # Safety
    /// S6.
    pub unsafe fn weak(l: *mut lua_State, mode: &str, items: c_int) -> Kept {
        // SAFETY: S5; the tables are ours.
        unsafe {
            lua_createtable(l, items, 0);
            lua_createtable(l, 0, 1);
            push_str(l, mode);
            lua_setfield(l, -2, c"__mode".as_ptr());
            lua_setmetatable(l, -2);
            Kept::of_top(l)
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
