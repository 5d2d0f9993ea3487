//! Short strings that were made of memory lately, more than once.
//!
//! Lua interns a short string by a hash that takes four steps a byte, one after the other; a program asks for the same few texts again and
//! again (names, states, columns). So what the ends of a text look like is noted at a place that they lead to; a text whose ends were noted there
//! already is kept, and if it is the one that is kept, compared and pushed. The strings lie on the stack of a Lua thread of their
//! own, which the registry keeps. A text that is asked for once is not kept: it takes a note.

use std::cell::Cell;
use std::ffi::c_int;

use super::peek;
use super::stack::*;
use crate::native::mem;

/// How many are kept: a power of two.
const COUNT: usize = 64;
/// Bytes of the longest string that Lua interns.
const LONGEST: usize = 40;

/// The texts of a VM.
pub struct Texts {
    /// What the ends of the last text of each place look like, and its length; zero before the first.
    notes: [Cell<u64>; COUNT],
    /// Has a slot in use for each place, nil or a string; null until there is something to keep.
    thread: Cell<*mut lua_State>,
}

impl Texts {
    /// None yet.
    pub fn new() -> Texts {
        Texts { notes: [const { Cell::new(0) }; COUNT], thread: Cell::new(std::ptr::null_mut()) }
    }

    /// Pushes `n` bytes as a string. Slots +1, raises.
    ///
    /// # Safety
    /// The bytes are readable; a free slot of `l`, which runs on this VM; [`peek::is_available`].
    #[inline]
    pub unsafe fn push(&self, l: *mut lua_State, from: *const u8, n: usize) {
        // SAFETY: S5.
        unsafe {
            if (1..=LONGEST).contains(&n) {
                let note = note(from, n);
                let place = (note >> (u64::BITS - COUNT.ilog2())) as usize;
                if self.notes[place].replace(note) == note {
                    return self.push_again(l, from, n, place);
                }
            }
            lua_pushlstring(l, from.cast(), n);
        }
    }

    /// As [`Texts::push`], of a text that looks like the last one of its place.
    #[inline(always)]
    unsafe fn push_again(&self, l: *mut lua_State, from: *const u8, n: usize, place: usize) {
        // SAFETY: as for `push`; the thread has `COUNT` slots in use, which its call's end covers, so that no collection takes them.
        unsafe {
            if self.thread.get().is_null() {
                // (The bytes are copied before a collection may run.)
                lua_pushlstring(l, from.cast(), n);
                return self.make_thread(l);
            }
            let kept = *peek::top(self.thread.get()).sub(1 + place);
            if kept.tag == peek::SHORT_STRING
                && peek::short_string_length(kept) == n
                && are_same(from, peek::string_address(kept) as *const u8, n)
            {
                return peek::push(l, kept.bits, kept.tag);
            }
            lua_pushlstring(l, from.cast(), n);
            // (A collection may have moved the thread's stack. What is written there needs no barrier.)
            *peek::top(self.thread.get()).sub(1 + place) = peek::last(l);
        }
    }

    /// Makes the thread, if there is room for it. Slots 0, raises.
    #[cold]
    #[inline(never)]
    unsafe fn make_thread(&self, l: *mut lua_State) {
        // SAFETY: S5: slots are asked for.
        unsafe {
            if lua_checkstack(l, 2) == 0 {
                return;
            }
            let thread = lua_newthread(l);
            if lua_checkstack(thread, COUNT as c_int) == 0 {
                return lua_pop(l, 1);
            }
            lua_settop(thread, COUNT as c_int);
            luaL_ref(l, LUA_REGISTRYINDEX);
            self.thread.set(thread);
        }
    }
}

impl Default for Texts {
    fn default() -> Texts {
        Texts::new()
    }
}

/// What a text's ends look like, and its length; the upper bits are its place.
///
/// # Safety
/// The bytes are readable, at least one.
#[inline(always)]
unsafe fn note(text: *const u8, n: usize) -> u64 {
    /// 2^64 over the golden ratio.
    const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;
    // SAFETY: both words lie within the text.
    let mixed = unsafe { word(text, n).wrapping_mul(SPREAD) ^ last_word(text, n).rotate_left(32) ^ n as u64 };
    mixed.wrapping_mul(SPREAD)
}

/// Are both texts the same?
///
/// # Safety
/// The bytes are readable, at least one of each.
#[inline(always)]
unsafe fn are_same(a: *const u8, b: *const u8, n: usize) -> bool {
    // SAFETY: each word lies within its text.
    unsafe {
        let mut at = 0;
        while at + 8 < n {
            if word(a.add(at), 8) != word(b.add(at), 8) {
                return false;
            }
            at += 8;
        }
        last_word(a, n) == last_word(b, n)
    }
}

/// The first up to eight of `n` bytes.
///
/// # Safety
/// They are readable.
#[inline(always)]
unsafe fn word(bytes: *const u8, n: usize) -> u64 {
    // SAFETY: from the caller.
    unsafe { if n >= 8 { bytes.cast::<u64>().read_unaligned() } else { mem::load_bytes(bytes, n as u32) } }
}

/// The last up to eight of `n` bytes.
///
/// # Safety
/// They are readable.
#[inline(always)]
unsafe fn last_word(bytes: *const u8, n: usize) -> u64 {
    // SAFETY: from the caller.
    unsafe { word(bytes.add(n.saturating_sub(8)), n) }
}
