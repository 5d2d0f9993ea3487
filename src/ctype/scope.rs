//! Names and what they mean, in the order in which they were entered.

use std::hash::BuildHasher;

use foldhash::fast::RandomState;

use super::hashes::Hashes;

/// What each of some names means.
#[derive(Clone)]
pub(super) struct Scope<T> {
    /// The names, one behind the other: memory of its own for each would be dearer than all the rest.
    text: String,
    /// Where each ends, in bytes.
    ends: Vec<usize>,
    /// What each means.
    meanings: Vec<T>,
    hashes: Hashes,
}

/// Bytes of a name, as names go.
const USUAL_LENGTH: usize = 16;

impl<T> Scope<T> {
    /// No names, and room for so many.
    pub(super) fn with_capacity(n: usize) -> Scope<T> {
        Scope {
            text: String::with_capacity(n * USUAL_LENGTH),
            ends: Vec::with_capacity(n),
            meanings: Vec::with_capacity(n),
            hashes: Hashes::with_capacity(n),
        }
    }

    /// How many names there are.
    pub(super) fn len(&self) -> usize {
        self.meanings.len()
    }

    /// Every name, in order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &T)> {
        self.meanings.iter().enumerate().map(|(at, what)| (self.name(at), what))
    }

    /// Where a place's name starts, in bytes; behind the last place, where the text ends.
    #[inline]
    fn start(&self, at: usize) -> usize {
        if at == 0 { 0 } else { self.ends[at - 1] }
    }

    fn name(&self, at: usize) -> &str {
        &self.text[self.start(at)..self.ends[at]]
    }

    #[inline]
    fn position(&self, hash: u64, name: &str) -> Option<usize> {
        self.hashes.find(hash, |at| self.text.as_bytes()[self.start(at)..self.ends[at]] == *name.as_bytes())
    }

    /// A name's place in the order, and what it means.
    #[inline]
    pub(super) fn find(&self, hasher: &RandomState, name: &str) -> Option<(usize, &T)> {
        self.position(hasher.hash_one(name), name).map(|at| (at, &self.meanings[at]))
    }

    /// What the name at a place means.
    pub(super) fn at(&self, at: usize) -> Option<&T> {
        self.meanings.get(at)
    }

    /// Enters a name; where it means something already, that stays, and `what` comes back.
    #[inline]
    pub(super) fn enter(&mut self, hasher: &RandomState, name: &str, what: T) -> Result<(), T> {
        let hash = hasher.hash_one(name);
        if self.position(hash, name).is_some() {
            return Err(what);
        }
        self.hashes.insert(hash, self.len());
        self.text.push_str(name);
        self.ends.push(self.text.len());
        self.meanings.push(what);
        Ok(())
    }

    /// Gives the name at a place another meaning; the old one comes back.
    pub(super) fn replace(&mut self, at: usize, what: T) -> T {
        std::mem::replace(&mut self.meanings[at], what)
    }

    /// Takes all names out but the first `len`.
    pub(super) fn truncate(&mut self, hasher: &RandomState, len: usize) {
        for at in len..self.len() {
            self.hashes.remove(hasher.hash_one(self.name(at)), at);
        }
        self.text.truncate(self.start(len));
        self.ends.truncate(len);
        self.meanings.truncate(len);
    }
}
