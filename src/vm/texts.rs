//! Short strings that were made of memory lately, more than once.
//!
//! Lua interns a short string by a hash that takes four steps a byte, one after the other; a program asks for the same few texts again and
//! again (names, states, columns). So what the ends of a text look like is noted at a place that they lead to; a text whose ends were noted there
//! already is kept, and if it is the one that is kept, compared and pushed. The strings lie on the stack of a Lua thread of their
//! own (`store`). A text that is asked for once is not kept: it takes a note.

use std::cell::Cell;

use super::address_map::SPREAD;
use super::peek;
use super::stack::*;
use super::store::Store;
use crate::native::mem;

/// How many are kept: a power of two.
const COUNT: usize = 64;

/// The texts of a VM.
pub struct Texts {
    /// What the ends of the last text of each place look like, and its length; zero before the first.
    notes: [Cell<u64>; COUNT],
    /// The last text of each place that was noted there already.
    kept: Store<COUNT>,
}

impl Texts {
    /// None yet.
    pub fn new() -> Texts {
        Texts { notes: [const { Cell::new(0) }; COUNT], kept: Store::default() }
    }

    /// Pushes `n` bytes as a string. Slots +1 (needs 3), raises.
    ///
    /// # Safety
    /// The bytes are readable; `l` runs on this VM, and has the free slots.
    #[inline]
    pub unsafe fn push(&self, l: *mut lua_State, from: *const u8, n: usize) {
        // SAFETY: S5.
        unsafe {
            if (1..=SHORT_STRING_MAX).contains(&n) {
                let note = note(from, n);
                let place = (note >> (u64::BITS - COUNT.ilog2())) as usize;
                if self.notes[place].replace(note) == note && peek::is_available() {
                    return self.push_again(l, from, n, place);
                }
            }
            lua_pushlstring(l, from.cast(), n);
        }
    }

    /// As [`Texts::push`], of a text that looks like the last one of its place.
    #[inline(always)]
    unsafe fn push_again(&self, l: *mut lua_State, from: *const u8, n: usize, place: usize) {
        // SAFETY: as for `push`. (The bytes are copied before a collection may run.)
        unsafe {
            let kept = self.kept.at(place);
            let is_it =
                |text: &[u8]| text.len() == n && libc::memcmp(from.cast(), text.as_ptr().cast(), n) == 0;
            if peek::string(kept).is_some_and(is_it) {
                return peek::push(l, kept.bits, kept.tag);
            }
            lua_pushlstring(l, from.cast(), n);
            self.kept.keep(l, place);
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
    // SAFETY: a word ends within the text.
    let word = |at: usize| unsafe {
        let bytes = text.add(at);
        if n >= 8 { bytes.cast::<u64>().read_unaligned() } else { mem::load_bytes(bytes, n as u32) }
    };
    let mixed = word(0).wrapping_mul(SPREAD) ^ word(n.saturating_sub(8)).rotate_left(32) ^ n as u64;
    mixed.wrapping_mul(SPREAD)
}
