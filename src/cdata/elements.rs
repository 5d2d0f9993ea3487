//! What is kept to be found again, references to elements above all: what it is told by, and where an array keeps its own.

use std::ffi::c_int;

use super::{Header, header, long_block};
use crate::vm::peek;
use crate::vm::shape::{Class, Shape};
use crate::vm::stack::*;

/// Is what was kept in a slot a cdata of this shape and address, without a finalizer?
///
/// # Safety
/// [`peek::is_available`]; the slot is a value of Lua's.
#[inline(always)]
pub unsafe fn is_same(slot: peek::Slot, shape: &Shape, address: *mut u8) -> bool {
    // SAFETY: from the caller; a block of that length has a header's bytes, and the word of a shape is found in cdata alone.
    unsafe {
        long_block(slot).is_some_and(|header| {
            (*header).word == Header::word_of(shape)
                && (*header).address == address
                && peek::metatable(slot) == shape.metatable.get().address
        })
    }
}

/// Is the value at `idx` a reference to a part at that address, without a finalizer? Slots 0 (needs 2), never raises.
///
/// # Safety
/// `idx` is valid.
pub unsafe fn is_reference_to(l: *mut lua_State, idx: c_int, part: &Shape, address: *mut u8) -> bool {
    // SAFETY: plain reads; pushes are popped.
    unsafe {
        let shape = part.reference();
        let is_it = header(l, idx)
            .is_some_and(|header| (*header).word == Header::word_of(shape) && (*header).address == address);
        if !is_it || lua_getmetatable(l, idx) == 0 {
            return false;
        }
        shape.metatable.get().push(l);
        let is_plain = lua_rawequal(l, -1, -2) != 0;
        lua_pop(l, 2);
        is_plain
    }
}

/// Gives the array at `idx`, or the reference to one, a table for the references to its elements, `count` of them, in user value `n`; an array
/// that has had one for long may lose its own. Slots 0 (needs 5), raises for want of memory.
///
/// # Safety
/// `idx` is absolute; user value `n` is where it keeps references to elements; S6.
pub unsafe fn keep_elements(l: *mut lua_State, idx: c_int, n: c_int, count: usize) {
    // SAFETY: S5; what was entered are arrays and references to arrays.
    unsafe {
        let Some(own) = header(l, idx) else { return };
        (*own).shape().state().elements.enter(l, idx);
        if let Some(other) = header(l, -1) {
            lua_pushnil(l);
            lua_setiuservalue(l, -2, 1 + c_int::from((*other).shape().class == Class::Reference));
        }
        lua_pop(l, 1);
        lua_createtable(l, count as c_int, 0);
        lua_setiuservalue(l, idx, n);
    }
}
