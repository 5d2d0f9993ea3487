//! Names and what they mean, in the order in which they were entered.

use std::hash::BuildHasher;
use std::rc::Rc;

use foldhash::fast::RandomState;

use super::hashes::Hashes;

/// What each of some names means.
#[derive(Clone)]
pub(super) struct Scope<T> {
    list: Vec<(Rc<str>, T)>,
    hashes: Hashes,
}

impl<T> Scope<T> {
    /// No names, and room for so many.
    pub(super) fn with_capacity(n: usize) -> Scope<T> {
        Scope { list: Vec::with_capacity(n), hashes: Hashes::with_capacity(n) }
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// Every name, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&Rc<str>, &T)> {
        self.list.iter().map(|(name, what)| (name, what))
    }

    #[inline]
    fn position(&self, hash: u64, name: &str) -> Option<usize> {
        self.hashes.find(hash, |at| *self.list[at].0 == *name)
    }

    /// A name's place in the order, and what it means.
    #[inline]
    pub(super) fn find(&self, hasher: &RandomState, name: &str) -> Option<(usize, &T)> {
        self.position(hasher.hash_one(name), name).map(|at| (at, &self.list[at].1))
    }

    /// Enters a name; where it means something already, that stays, and `what` comes back.
    #[inline]
    pub(super) fn enter(&mut self, hasher: &RandomState, name: &Rc<str>, what: T) -> Result<(), T> {
        let hash = hasher.hash_one(&**name);
        if self.position(hash, name).is_some() {
            return Err(what);
        }
        self.hashes.insert(hash, self.list.len());
        self.list.push((name.clone(), what));
        Ok(())
    }

    /// Gives the name at a place another meaning; the old one comes back.
    pub(super) fn replace(&mut self, at: usize, what: T) -> T {
        std::mem::replace(&mut self.list[at].1, what)
    }

    /// Takes all names out but the first `len`.
    pub(super) fn truncate(&mut self, hasher: &RandomState, len: usize) {
        for (at, (name, _)) in self.list.drain(len..).enumerate() {
            self.hashes.remove(hasher.hash_one(&*name), len + at);
        }
    }
}
