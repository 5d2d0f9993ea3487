//! Names and what they mean, in the order in which they were entered.

use std::hash::{BuildHasher, Hasher};

use foldhash::fast::RandomState;

use super::Named;
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
    names: Named<()>,
    hashes: Hashes,
}

/// The hash of a name. (Nothing need mark its end: the hasher tells lengths apart.)
#[inline]
fn hash(hasher: &RandomState, name: &[u8]) -> u64 {
    let mut state = hasher.build_hasher();
    state.write(name);
    state.finish()
}

impl Index {
    fn with_capacity(n: usize) -> Index {
        Index { names: Named::with_capacity(n), hashes: Hashes::with_capacity(n) }
    }

    /// A name's hash, and its place.
    #[inline(never)]
    fn find(&self, hasher: &RandomState, name: &[u8]) -> (u64, Option<usize>) {
        let hash = hash(hasher, name);
        (hash, self.hashes.find(hash, |at| self.names.is_name(at, name)))
    }

    /// Enters a name that is not there yet.
    #[inline(never)]
    fn enter(&mut self, hash: u64, name: &str) {
        self.hashes.insert(hash, self.names.len());
        self.names.push(name, ());
    }

    /// Takes all names out but the first `len`.
    fn truncate(&mut self, hasher: &RandomState, len: usize) {
        for at in len..self.names.len() {
            self.hashes.remove(hash(hasher, self.names.name(at).as_bytes()), at);
        }
        self.names.truncate(len);
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
        self.meanings.iter().enumerate().map(|(at, what)| (self.name(at), what))
    }

    /// A name's place in the order, and what it means.
    #[inline]
    pub(super) fn find(&self, hasher: &RandomState, name: &[u8]) -> Option<(usize, &T)> {
        let at = self.index.find(hasher, name).1?;
        Some((at, &self.meanings[at]))
    }

    /// The name at a place.
    pub(super) fn name(&self, at: usize) -> &str {
        self.index.names.name(at)
    }

    /// What the name at a place means.
    pub(super) fn at(&self, at: usize) -> Option<&T> {
        self.meanings.get(at)
    }

    /// Enters a name; where it means something already, that stays, and `what` comes back.
    #[inline]
    pub(super) fn enter(&mut self, hasher: &RandomState, name: &str, what: T) -> Result<(), T> {
        let (hash, None) = self.index.find(hasher, name.as_bytes()) else { return Err(what) };
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
