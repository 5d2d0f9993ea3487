//! The static pool of callable addresses: no code is made at run time.
//!
//! Each entry loads what its slot's [`Entry`] says, and goes on at code that leads to a handler: at once, or by way of a frame that it saves
//! registers in. The machine code is the convention's; what a slot leads to is `closure`'s. Slots are the process's.

use std::collections::VecDeque;
use std::ffi::c_void;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::closure::Entry;
use super::convention::ENTRY;

/// How many callbacks there can be before libffi's closures are used.
pub(super) const POOL: usize = 4096;

/// What the slots lead to. All zeroes until they are used: nothing that the loader need touch.
pub(super) static ENTRIES: [Entry; POOL] = [const { Entry::none() }; POOL];

// The convention's `global_asm!` is all there is of them; nobody calls them by these names.
unsafe extern "C" {
    /// The first entry.
    #[link_name = "cdata_pool"]
    pub(super) fn pool_start();
    /// Saves nothing: leads to a `closure::FewHandler`.
    #[link_name = "cdata_pool_few"]
    pub(super) fn enter_few();
    /// All integer registers, and the low halves of all vector registers; a word comes back.
    #[link_name = "cdata_pool_mixed"]
    pub(super) fn enter_mixed();
    /// All registers; any result.
    #[link_name = "cdata_pool_any"]
    pub(super) fn enter_any();
}

/// The address of a slot's entry.
pub(super) fn entry(slot: usize) -> *const c_void {
    (pool_start as *const u8).wrapping_add(ENTRY * slot).cast()
}

/// The slot whose entry lies at an address.
pub(super) fn slot_at(address: *const c_void) -> Option<usize> {
    let at = (address as usize).wrapping_sub(entry(0) as usize);
    (at < POOL * ENTRY && at.is_multiple_of(ENTRY)).then_some(at / ENTRY)
}

/// Slots from here on were never used.
static FRESH: AtomicUsize = AtomicUsize::new(0);
/// Slots that were given back and that no owner keeps.
static AGAIN: Mutex<VecDeque<usize>> = Mutex::new(VecDeque::new());

/// A slot that never was in use.
pub(super) fn fresh() -> Option<usize> {
    // (Once they are used up, nothing is written any more.)
    let some = FRESH.load(Ordering::Relaxed) < POOL;
    some.then(|| FRESH.fetch_add(1, Ordering::Relaxed)).filter(|&slot| slot < POOL)
}

/// A slot that is not in use any more.
pub(super) fn again() -> Option<usize> {
    AGAIN.lock().unwrap_or_else(|p| p.into_inner()).pop_front()
}

/// Takes slots back from their owner.
pub(super) fn give_back(slots: impl Iterator<Item = usize>) {
    AGAIN.lock().unwrap_or_else(|p| p.into_inner()).extend(slots);
}
