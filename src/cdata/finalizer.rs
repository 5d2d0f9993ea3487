//! Finalizers: where a cdata keeps the one that `ffi.gc` gave it, and the metatable that has it run.

use std::ffi::c_int;

use super::{Header, ctype_of, header, header_in};
use crate::vm::elements::SMALL;
use crate::vm::peek;
use crate::vm::shape::{Class, Shape};
use crate::vm::stack::*;
use crate::vm::state::State;

/// Where the cdata in a slot keeps its finalizer, by what lies on the stack: none for any other value, and if it has no room for one.
///
/// # Safety
/// As for [`header_in`].
#[inline]
unsafe fn room(slot: peek::Slot) -> Option<*mut peek::Slot> {
    // SAFETY: from the caller; a cdata is a userdata, and has the user values that were counted.
    unsafe {
        let header = header_in(slot)?;
        let n = usize::from((*header).shape().finalizer_slot());
        (n != 0 && n <= peek::user_values(slot) && ctype_of(header).is_none())
            .then(|| peek::user_value(slot, n))
    }
}

/// As [`set_finalizer`], for a function that has a cdata and its finalizer as its only arguments, and leaves the cdata. False, and nothing
/// done, unless there is room in the cdata.
///
/// # Safety
/// A function of ours runs; S6.
#[inline]
pub unsafe fn quick_set_finalizer(l: *mut lua_State) -> bool {
    // SAFETY: both arguments lie on the stack; nil needs no barrier; both metatables are ours.
    unsafe {
        if !peek::is_available() || peek::top(l) != peek::base(l).add(2) {
            return false;
        }
        let own = *peek::base(l);
        let Some(room) = room(own) else { return false };
        let shape = (*peek::block(own).cast::<Header>()).shape();
        let finalizer = *peek::top(l).sub(1);
        if finalizer.tag == peek::NIL {
            room.write(peek::Slot::NIL);
            peek::pop(l);
            peek::set_metatable(own, shape.metatable.get().address);
        } else {
            let is_ours =
                || super::header_in(finalizer).is_some_and(|h| (*h).shape().class == Class::Function);
            if !peek::is_function(finalizer) && !is_ours() {
                return false;
            }
            lua_setiuservalue(l, 1, shape.finalizer_slot().into());
            arm(l, shape);
        }
        true
    }
}

/// Sets the finalizer of the cdata at `idx` to the value on top of the stack, or removes it if that is nil; pops it.
/// Needs 4 slots, raises.
///
/// A finalizer is a user value of its cdata. The first cdata of a type to be given one has no room for it (nor have references and
/// functions): theirs lie in a table with weak keys. A reference with a finalizer is its caller's alone, as each is in LuaJIT: who reads
/// the part again gets another. So is a pointer that a callback was given.
///
/// # Safety
/// `idx` is absolute and a cdata; S6.
pub unsafe fn set_finalizer(l: *mut lua_State, state: &State, idx: c_int) {
    // SAFETY: S5; both metatables are ours.
    unsafe {
        let Some(header) = header(l, idx) else { return };
        let shape = (*header).shape();
        let is_set = lua_type(l, -1) != LUA_TNIL;
        let metatable = if is_set { shape.metatable_gc.get() } else { shape.metatable.get() };
        if is_set && shape.class == Class::Reference {
            let left = &mut PARTS_MAX.to_owned();
            lua_getiuservalue(l, idx, 1);
            forget_part(l, lua_gettop(l), idx, left);
            lua_pop(l, 1);
            state.elements.forget(l, |element| is_part(l, element, idx, left));
        }
        if is_set && shape.class == Class::Pointer {
            state.spares.forget_lent();
        }
        let slot = shape.finalizer_slot();
        let has_room = slot != 0 && {
            lua_pushvalue(l, -1);
            lua_setiuservalue(l, idx, slot.into()) != 0
        };
        if !has_room {
            if slot != 0 {
                shape.make_room(slot + 1);
            }
            lua_rawgeti(l, LUA_REGISTRYINDEX, state.refs.finalizers.get().into());
            lua_pushvalue(l, idx);
            lua_pushvalue(l, -3);
            lua_rawset(l, -3);
            lua_pop(l, 1);
        }
        lua_pop(l, 1);
        // A function that has a finalizer is bound: its own metatable has a `__gc` that looks here too.
        if shape.class != Class::Function {
            metatable.push(l);
            lua_setmetatable(l, idx);
        }
    }
}

/// So many kept references are looked at for one that is given a finalizer: what keeps more (or itself, by the debug library's doing) keeps that
/// one until the part is read again. (Then another is made: who reads asks for one without a finalizer.)
const PARTS_MAX: u32 = 4096;

/// Is what is kept at `kept` the reference at `part`? If not, that is taken out of it ([`forget_part`]).
unsafe fn is_part(l: *mut lua_State, kept: c_int, part: c_int, left: &mut u32) -> bool {
    // SAFETY: plain reads of the stack, or as there.
    unsafe {
        let is_it = lua_rawequal(l, kept, part) != 0;
        if !is_it {
            forget_part(l, kept, part, left);
        }
        is_it
    }
}

/// Takes the reference at `part` out of the user values of the cdata at `whole` that cache references, and out of those of what they
/// refer to; `left` counts down those that are looked at. Never raises.
unsafe fn forget_part(l: *mut lua_State, whole: c_int, part: c_int, left: &mut u32) {
    // SAFETY: S5: two slots are asked for; a cdata has the user values that its shape says; a table among them is one of references, and
    // nil for one that is there allocates nothing.
    unsafe {
        if *left == 0 || lua_checkstack(l, 2) == 0 {
            return;
        }
        *left -= 1;
        if lua_type(l, whole) == LUA_TTABLE {
            for i in 1..=SMALL as i64 {
                lua_rawgeti(l, whole, i);
                if is_part(l, lua_gettop(l), part, left) {
                    lua_pushnil(l);
                    lua_rawseti(l, whole, i);
                }
                lua_pop(l, 1);
            }
            return;
        }
        let Some(header) = header(l, whole) else { return };
        let shape = (*header).shape();
        let is_reference = shape.class == Class::Reference;
        for n in 1..=c_int::from(shape.referred().slots.get()) {
            let n = n + c_int::from(is_reference);
            lua_getiuservalue(l, whole, n);
            if is_part(l, lua_gettop(l), part, left) {
                lua_pushnil(l);
                lua_setiuservalue(l, whole, n);
            }
            lua_pop(l, 1);
        }
    }
}

/// Gives the cdata on top of the stack the metatable with `__gc`. Needs a slot, raises for want of memory.
///
/// # Safety
/// The value on top is a cdata of `shape`; S6.
pub unsafe fn arm(l: *mut lua_State, shape: &Shape) {
    // SAFETY: S5; the metatable is ours.
    unsafe {
        shape.metatable_gc.get().push(l);
        lua_setmetatable(l, -2);
    }
}

/// Pushes the finalizer that `ffi.gc` gave the cdata at 1, whose `__gc` runs, and forgets it. Slots +1 if there is one; needs 4. False for
/// what is no cdata as well.
///
/// # Safety
/// A metamethod of ours runs.
#[inline]
pub unsafe fn take_finalizer(l: *mut lua_State) -> bool {
    // SAFETY: S5; nil needs no barrier. (Through the debug library there may be no argument.)
    unsafe {
        let has_one = peek::is_available() && peek::top(l) > peek::base(l);
        let room = if has_one { room(*peek::base(l)) } else { None };
        let Some(room) = room else { return take_other_finalizer(l) };
        let kept = room.read();
        if kept.tag == peek::NIL {
            return false;
        }
        peek::push(l, kept.bits, kept.tag);
        room.write(peek::Slot::NIL);
        true
    }
}

/// As [`take_finalizer`], by Lua's API alone: for those that have no room for one, too.
#[inline(never)]
unsafe fn take_other_finalizer(l: *mut lua_State) -> bool {
    // SAFETY: S5; writing nil to a key that is there allocates nothing.
    unsafe {
        let Some(shape) = header(l, 1).map(|header| (*header).shape()) else { return false };
        let slot = shape.finalizer_slot();
        if slot != 0 {
            let kept = lua_getiuservalue(l, 1, slot.into());
            if kept > LUA_TNIL {
                lua_pushnil(l);
                lua_setiuservalue(l, 1, slot.into());
                return true;
            }
            lua_pop(l, 1);
            if kept == LUA_TNIL {
                return false;
            }
        }
        lua_rawgeti(l, LUA_REGISTRYINDEX, shape.state().refs.finalizers.get().into());
        lua_pushvalue(l, 1);
        if lua_rawget(l, -2) == LUA_TNIL {
            lua_pop(l, 2);
            return false;
        }
        lua_pushvalue(l, 1);
        lua_pushnil(l);
        lua_rawset(l, -4);
        lua_remove(l, -2);
    }
    true
}
