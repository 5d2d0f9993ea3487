//! Finding what lies in a list by its hash.

use hashbrown::HashTable;

/// Where the things of a list lie, by their hashes. Those are kept, so that growing needs nothing of the list.
#[derive(Clone, Default)]
pub(super) struct Hashes(HashTable<Spot>);

#[derive(Clone, Copy)]
struct Spot {
    /// Half a hash.
    hash: u32,
    /// Its thing's place in the list.
    at: u32,
}

impl Spot {
    fn new(hash: u64, at: usize) -> Spot {
        Spot { hash: (hash ^ hash >> 32) as u32, at: at as u32 }
    }

    /// As the table wants it, which looks at both ends.
    fn hash(self) -> u64 {
        u64::from(self.hash) << 32 | u64::from(self.hash)
    }
}

impl Hashes {
    /// Nothing, and room for so many things.
    pub(super) fn with_capacity(n: usize) -> Hashes {
        Hashes(HashTable::with_capacity(n))
    }

    /// The place of the thing with this hash that `is` it.
    #[inline]
    pub(super) fn find(&self, hash: u64, is: impl Fn(usize) -> bool) -> Option<usize> {
        let wanted = Spot::new(hash, 0);
        let found = self.0.find(wanted.hash(), |spot| spot.hash == wanted.hash && is(spot.at as usize));
        found.map(|spot| spot.at as usize)
    }

    /// Enters a thing that is not there yet.
    #[inline]
    pub(super) fn insert(&mut self, hash: u64, at: usize) {
        let spot = Spot::new(hash, at);
        self.0.insert_unique(spot.hash(), spot, |spot| spot.hash());
    }

    /// Takes a thing out.
    pub(super) fn remove(&mut self, hash: u64, at: usize) {
        let gone = Spot::new(hash, at);
        if let Ok(found) = self.0.find_entry(gone.hash(), |spot| spot.at == gone.at) {
            found.remove();
        }
    }
}
