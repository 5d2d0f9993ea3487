//! Names and what they mean, in the order in which they were entered.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::hashes::Hashes;

/// What each of some names means.
#[derive(Clone)]
pub(super) struct Scope<T> {
    index: Index,
    /// What each means.
    meanings: Vec<T>,
}

/// Where names lie in their order. (By itself, so that all scopes search with the same code.)
#[derive(Clone)]
struct Index {
    /// The names, one behind the other: memory of its own for each would be dearer than all the rest.
    text: String,
    /// Where each ends, in bytes.
    ends: Vec<usize>,
    hashes: Hashes,
}

/// Bytes of a name, as names go.
const USUAL_LENGTH: usize = 16;

impl Index {
    fn with_capacity(n: usize) -> Index {
        Index {
            text: String::with_capacity(n * USUAL_LENGTH),
            ends: Vec::with_capacity(n),
            hashes: Hashes::with_capacity(n),
        }
    }

    /// Where a place's name starts, in bytes; behind the last place, where the text ends.
    #[inline]
    fn start(&self, at: usize) -> usize {
        if at == 0 { 0 } else { self.ends[at - 1] }
    }

    fn name(&self, at: usize) -> &str {
        &self.text[self.start(at)..self.ends[at]]
    }

    /// A name's hash, and its place.
    #[inline(never)]
    fn find(&self, hasher: &RandomState, name: &str) -> (u64, Option<usize>) {
        let hash = hasher.hash_one(name);
        let is_it = |at| self.text.as_bytes()[self.start(at)..self.ends[at]] == *name.as_bytes();
        (hash, self.hashes.find(hash, is_it))
    }

    /// Enters a name that is not there yet.
    #[inline(never)]
    fn enter(&mut self, hash: u64, name: &str) {
        self.hashes.insert(hash, self.ends.len());
        self.text.push_str(name);
        self.ends.push(self.text.len());
    }

    /// Takes all names out but the first `len`.
    fn truncate(&mut self, hasher: &RandomState, len: usize) {
        for at in len..self.ends.len() {
            self.hashes.remove(hasher.hash_one(self.name(at)), at);
        }
        self.text.truncate(self.start(len));
        self.ends.truncate(len);
    }
}

impl<T> Scope<T> {
    /// No names, and room for so many.
    pub(super) fn with_capacity(n: usize) -> Scope<T> {
        Scope { index: Index::with_capacity(n), meanings: Vec::with_capacity(n) }
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.meanings.len()
    }

    /// Every name, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.meanings.iter().enumerate().map(|(at, what)| (self.index.name(at), what))
    }

    /// A name's place in the order, and what it means.
    #[inline]
    pub(super) fn find(&self, hasher: &RandomState, name: &str) -> Option<(usize, &T)> {
        let at = self.index.find(hasher, name).1?;
        Some((at, &self.meanings[at]))
    }

    /// The name at a place.
    pub(super) fn name(&self, at: usize) -> &str {
        self.index.name(at)
    }

    /// What the name at a place means.
    pub(super) fn at(&self, at: usize) -> Option<&T> {
        self.meanings.get(at)
    }

    /// Enters a name; where it means something already, that stays, and `what` comes back.
    #[inline]
    pub(super) fn enter(&mut self, hasher: &RandomState, name: &str, what: T) -> Result<(), T> {
        let (hash, None) = self.index.find(hasher, name) else { return Err(what) };
        self.index.enter(hash, name);
        self.meanings.push(what);
        Ok(())
    }

    /// Gives the name at a place another meaning; the old one comes back.
    pub(super) fn replace(&mut self, at: usize, what: T) -> T {
        std::mem::replace(&mut self.meanings[at], what)
    }

    /// Takes all names out but the first `len`.
    pub(super) fn truncate(&mut self, hasher: &RandomState, len: usize) {
        self.index.truncate(hasher, len);
        self.meanings.truncate(len);
    }
}
