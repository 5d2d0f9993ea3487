//! Strings that pointers in a cdata's memory lead to: the cdata keeps them alive.
//!
//! Small memory has a user value for each word of it, larger memory a table in one. The first cdata of a type to keep a string has no room
//! for any, nor have name spaces: theirs lie in a table of the VM, with weak keys.
//!
//! A pointer is told by the word it starts in: two that start in one overlap.

use std::ffi::c_int;

use super::{Header, header, header_in, push_owner};
use crate::vm::peek;
use crate::vm::shape::{Class, WORD};
use crate::vm::stack::*;
use crate::vm::state::State;

/// Elements that a table has room for at once.
const TABLE_ROOM: usize = 64;

/// Pointers to a string that lie in memory, one behind the other.
#[derive(Clone, Copy)]
struct Pointers {
    /// The word of the memory that the first starts in.
    word: usize,
    /// How many.
    count: usize,
}

impl Pointers {
    /// `count` of them from `p` on, in memory that starts at `start`.
    fn at(p: *mut u8, start: usize, count: usize) -> Pointers {
        Pointers { word: (p as usize).wrapping_sub(start) / WORD, count }
    }

    /// Where a table has the string: that of an array's every element is kept apart from that of its first.
    fn key(self) -> i64 {
        if self.count == 1 { 1 + self.word as i64 } else { -1 - self.word as i64 }
    }
}

/// Keeps the string at `idx` alive as long as the cdata (or name space) at `owner`, or until another is kept for the same place in its
/// memory: `p`, where `count` pointers to it lie one behind the other. Nothing is kept for a bare pointer's memory, which is nobody's.
/// Needs 6 slots, raises.
///
/// # Safety
/// `owner` and `idx` are absolute; the pointers lie in the memory of `owner`; S6.
pub unsafe fn keep_string(
    l: *mut lua_State,
    state: &State,
    owner: c_int,
    idx: c_int,
    p: *mut u8,
    count: usize,
) {
    // SAFETY: S5; pushes are popped.
    unsafe {
        let mut own = owner;
        let mut found = header(l, own);
        let is_part = found.is_some_and(|header| (*header).shape().class == Class::Reference);
        if is_part {
            push_owner(l, owner);
            own = lua_gettop(l);
            found = header(l, own);
        }
        match found {
            Some(header) if (*header).shape().class == Class::Pointer => {}
            Some(header) => {
                let pointers = Pointers::at(p, Header::bounds(header).lo, count);
                if !keep_inside(l, header, own, idx, pointers) {
                    keep_outside(l, state, own, idx, pointers);
                }
            }
            None if is_part && lua_type(l, own) != LUA_TUSERDATA => {}
            None => keep_outside(l, state, own, idx, Pointers::at(p, 0, count)),
        }
        if is_part {
            lua_pop(l, 1);
        }
    }
}

/// As [`keep_string`], by what lies on the stack, for the cdata on top, which was just made, and one pointer in its memory. `is_argument`: the
/// string lies on the stack below it, not in a table. False if the cdata has no user value for each word. Slots 0 (needs 1), never raises.
///
/// # Safety
/// [`peek::is_available`]; `p` is in the memory of the cdata.
pub unsafe fn quick_keep_string(
    l: *mut lua_State,
    string: peek::Slot,
    p: *mut u8,
    is_argument: bool,
) -> bool {
    // SAFETY: from the caller. Making a userdata may end with a step of the collector that is through with it: then it has seen the stack, too, so
    // that an argument takes no barrier. What a table holds it may not have seen, and never will if the script takes it out.
    unsafe {
        let own = peek::last(l);
        let Some(header) = header_in(own).filter(|header| (**header).shape().has_words()) else {
            return false;
        };
        let Some((first, _)) = (*header).shape().string_slots() else { return false };
        let slot = usize::from(first) + Pointers::at(p, Header::bounds(header).lo, 1).word;
        let has_room = slot <= peek::user_values(own);
        if has_room && is_argument {
            peek::user_value(own, slot).write(string);
        } else if has_room {
            peek::push(l, string.bits, string.tag);
            lua_setiuservalue(l, -2, slot as c_int);
        }
        has_room
    }
}

/// As [`keep_string`], in the user values of the cdata at `own`. False if it has none for it; the next of its type will have.
unsafe fn keep_inside(
    l: *mut lua_State,
    header: *mut Header,
    own: c_int,
    idx: c_int,
    pointers: Pointers,
) -> bool {
    // SAFETY: S5; a cdata has the user values that its shape says, or fewer if it was made before they were asked for.
    unsafe {
        let shape = (*header).shape();
        let Some((first, slots)) = shape.string_slots() else { return false };
        let slot = c_int::from(first);
        let mut has_room = true;
        if shape.has_words() {
            for word in pointers.word..pointers.word + pointers.count {
                lua_pushvalue(l, idx);
                has_room = lua_setiuservalue(l, own, slot + word as c_int) != 0;
            }
        } else {
            let mut kept = lua_getiuservalue(l, own, slot);
            if kept == LUA_TNIL {
                let memory = Header::bounds(header);
                lua_createtable(l, ((memory.hi - memory.lo) / WORD).min(TABLE_ROOM) as c_int, 0);
                // (It may have run a finalizer that was first.)
                kept = lua_getiuservalue(l, own, slot);
                if kept == LUA_TNIL {
                    kept = LUA_TTABLE;
                    lua_pushvalue(l, -2);
                    lua_setiuservalue(l, own, slot);
                    lua_pop(l, 1);
                } else {
                    lua_remove(l, -2);
                }
                lua_remove(l, -2);
            }
            has_room = kept == LUA_TTABLE;
            if has_room {
                lua_pushvalue(l, idx);
                lua_rawseti(l, -2, pointers.key());
            }
            lua_pop(l, 1);
        }
        if !has_room {
            shape.make_room(first + slots);
        }
        has_room
    }
}

/// As [`keep_string`], in the VM's table, for the owner at `own`.
unsafe fn keep_outside(l: *mut lua_State, state: &State, own: c_int, idx: c_int, pointers: Pointers) {
    // SAFETY: S5; the table is ours.
    unsafe {
        lua_rawgeti(l, LUA_REGISTRYINDEX, state.refs.strings.get().into());
        lua_pushvalue(l, own);
        if lua_rawget(l, -2) == LUA_TNIL {
            lua_pop(l, 1);
            lua_createtable(l, 1, 0);
            lua_pushvalue(l, own);
            // (It may have run a finalizer that was first.)
            if lua_rawget(l, -3) == LUA_TNIL {
                lua_pop(l, 1);
                lua_pushvalue(l, own);
                lua_pushvalue(l, -2);
                lua_rawset(l, -4);
            } else {
                lua_remove(l, -2);
            }
        }
        lua_pushvalue(l, idx);
        lua_rawseti(l, -2, pointers.key());
        lua_pop(l, 2);
    }
}
