//! What is known of references to elements that are asked for again and again, so that they are made once: `points[i].x + points[i].y`,
//! `matrix[i][j]`. Each `points[i]` is a userdata, most of which are dropped at once.
//!
//! A small array keeps those to all of its elements in a table of its own, once enough were made for it ([`Elements::missed`]); arrays that
//! did not have theirs for long keep them, others lose them ([`Elements::enter`]). References that keep nothing alive, those that pointers
//! lead to, are kept here. Knows nothing of what references look like.

use std::cell::{Cell, OnceCell};
use std::ffi::c_int;

use super::address_map::SPREAD;
use super::kept::Kept;
use super::peek;
use super::stack::*;
use super::store::Store;

/// Elements of the largest array that keeps the references to all of them.
pub const SMALL: usize = 64;
/// How many arrays keep theirs at a time: they may take some 10 KB each.
const ARRAYS: usize = 128;
/// How many references are kept that pointers lead to: a power of two.
const BUCKETS: usize = 256;
/// Arrays that are counted for at a time: a power of two.
const COUNTED: usize = 64;

/// None before they are needed.
type Cells<T, const N: usize> = OnceCell<Box<[Cell<T>; N]>>;

/// The references to elements of a VM.
pub struct Elements {
    /// How many references were made for the arrays at these addresses.
    made: Cells<(usize, u32), COUNTED>,
    /// A table, with weak values, of the arrays that have a table; none before the first.
    arrays: Cell<Kept>,
    /// Whose turn it is to lose its table.
    next: Cell<usize>,
    /// The address of the last element that was asked for in each bucket.
    notes: Cells<usize, BUCKETS>,
    /// The references that pointers lead to.
    pointed: Store<BUCKETS>,
}

/// Where the reference to an element that a pointer leads to is kept.
#[derive(Clone, Copy)]
pub struct Bucket(usize);

impl Bucket {
    /// The bucket of element `i` of what starts at `first`: neighbours do not share one.
    #[inline(always)]
    pub fn of(first: *const u8, i: i64) -> Bucket {
        Bucket(spread(first, BUCKETS).wrapping_add(i as usize) % BUCKETS)
    }
}

/// A number below `n`, a power of two, for an address.
#[inline(always)]
fn spread(address: *const u8, n: usize) -> usize {
    ((address as u64).wrapping_mul(SPREAD) >> (u64::BITS - n.ilog2())) as usize
}

impl Elements {
    /// None yet.
    pub fn new() -> Elements {
        Elements {
            made: OnceCell::new(),
            arrays: Cell::default(),
            next: Cell::new(0),
            notes: OnceCell::new(),
            pointed: Store::default(),
        }
    }

    /// A reference was made to one of `count` elements of the array at `array`. Were so many that the array shall have a table? (Twice as
    /// many as there are elements: who reads each but once has nothing of it.)
    #[inline]
    pub fn missed(&self, array: *const u8, count: usize) -> bool {
        let counts = self.made.get_or_init(|| Box::new([const { Cell::new((0, 0)) }; COUNTED]));
        let cell = &counts[spread(array, COUNTED)];
        let made = match cell.get() {
            (known, made) if known == array as usize => made + 1,
            _ => 1,
        };
        let is_enough = made as usize > 2 * count;
        cell.set((array as usize, if is_enough { 0 } else { made }));
        is_enough
    }

    /// Enters the array at `array` among those that have a table, and pushes the one in whose place it comes: whose table shall go; nil if
    /// there is none. Slots +1 (needs 4), raises for want of memory.
    ///
    /// # Safety
    /// `array` is absolute; S6.
    pub unsafe fn enter(&self, l: *mut lua_State, array: c_int) {
        // SAFETY: S5; the tables are ours.
        unsafe {
            if self.arrays.get().is_none() {
                self.arrays.set(Kept::weak(l, "v", ARRAYS as c_int));
            }
            let turn = self.next.replace((self.next.get() + 1) % ARRAYS) as i64 + 1;
            self.arrays.get().push(l);
            lua_rawgeti(l, -1, turn);
            lua_pushvalue(l, array);
            lua_rawseti(l, -3, turn);
            lua_remove(l, -2);
        }
    }

    /// Is `element` the one that was last asked for in its bucket? It is now.
    #[inline(always)]
    pub fn is_again(&self, bucket: Bucket, element: *const u8) -> bool {
        let notes = self.notes.get_or_init(|| Box::new([const { Cell::new(0) }; BUCKETS]));
        notes[bucket.0].replace(element as usize) == element as usize
    }

    /// The reference that is kept in a bucket; nil if there is none.
    ///
    /// # Safety
    /// [`peek::is_available`].
    #[inline(always)]
    pub unsafe fn at(&self, bucket: Bucket) -> peek::Slot {
        // SAFETY: from the caller.
        unsafe { self.pointed.at(bucket.0) }
    }

    /// Keeps the reference on top in a bucket. Slots 0 (needs 2), raises for want of memory.
    ///
    /// # Safety
    /// [`peek::is_available`]; the reference keeps nothing alive; S6.
    #[inline(never)]
    pub unsafe fn keep(&self, l: *mut lua_State, bucket: Bucket) {
        // SAFETY: from the caller.
        unsafe { self.pointed.keep(l, bucket.0) };
    }

    /// Calls `is_it` with the stack index of each reference that is kept; that for which it says yes is kept no more. Slots 0 (needs 1, and as
    /// many as `is_it` takes), raises nothing of its own.
    ///
    /// # Safety
    /// `is_it` leaves the stack as it was, and raises nothing.
    pub unsafe fn forget(&self, l: *mut lua_State, mut is_it: impl FnMut(c_int) -> bool) {
        for bucket in 0..if peek::is_available() { BUCKETS } else { 0 } {
            // SAFETY: a free slot, from the caller; what is pushed is kept.
            unsafe {
                let kept = self.pointed.at(bucket);
                if kept.tag == peek::USERDATA {
                    peek::push(l, kept.bits, kept.tag);
                    if is_it(lua_gettop(l)) {
                        self.pointed.forget(bucket);
                    }
                    lua_pop(l, 1);
                }
            }
        }
    }
}

impl Default for Elements {
    fn default() -> Elements {
        Elements::new()
    }
}

#[cfg(test)]
mod tests {
    use super::{BUCKETS, Bucket, Elements};

    fn address(n: usize) -> *const u8 {
        std::ptr::without_provenance(n)
    }

    #[test]
    fn neighbours_have_buckets_of_their_own() {
        for first in [0usize, 8, 0x7fff_1234_5678, usize::MAX - 7] {
            let mut buckets: Vec<usize> =
                (-1..BUCKETS as i64 - 1).map(|i| Bucket::of(address(first), i).0).collect();
            buckets.sort_unstable();
            assert!(buckets.iter().copied().eq(0..BUCKETS));
        }
    }

    #[test]
    fn an_array_has_a_table_once_each_element_was_made_twice() {
        let elements = Elements::new();
        let turns: Vec<usize> = (1..=14).filter(|_| elements.missed(address(64), 3)).collect();
        assert_eq!(turns, [7, 14]);
        // Others that are counted at the same place start anew.
        let other = (1..).map(|n| address(64 + 16 * n));
        let other =
            other.filter(|&o| super::spread(o, super::COUNTED) == super::spread(address(64), super::COUNTED));
        for o in other.take(3) {
            (0..6).for_each(|_| assert!(!elements.missed(o, 3)));
        }
    }
}
