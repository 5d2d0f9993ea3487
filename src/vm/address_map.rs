//! A small map keyed by addresses, for what is looked up on every access: interned strings by their address.
//!
//! Knows nothing of Lua; whoever inserts keeps the key's object alive for as long as the map lives.
#![forbid(unsafe_code)]

/// Hashes what is an address already.
#[derive(Default, Clone, Copy)]
pub struct AddressHasher(u64);

impl std::hash::Hasher for AddressHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|&b| self.write_usize(b.into()));
    }

    fn write_usize(&mut self, n: usize) {
        self.0 = (self.0.rotate_left(5) ^ n as u64).wrapping_mul(SPREAD);
    }
}

/// A `HashMap` by addresses.
pub type HashByAddress<K, V> = std::collections::HashMap<K, V, std::hash::BuildHasherDefault<AddressHasher>>;

/// Open addressing with linear probing; address zero is the empty slot.
pub struct AddressMap<T> {
    slots: Vec<(usize, T)>,
    shift: u32,
    used: usize,
}

/// 2^64 over the golden ratio: spreads the low, regular bits of addresses into the high ones (Fibonacci hashing).
pub(super) const SPREAD: u64 = 0x9E37_79B9_7F4A_7C15;

impl<T: Copy + Default> AddressMap<T> {
    /// An empty map.
    pub fn new() -> AddressMap<T> {
        AddressMap { slots: vec![(0, T::default()); 8], shift: 64 - 3, used: 0 }
    }

    #[inline]
    fn home(&self, key: usize) -> usize {
        ((key as u64).wrapping_mul(SPREAD) >> self.shift) as usize
    }

    /// The value of `key`.
    #[inline(always)]
    pub fn get(&self, key: usize) -> Option<&T> {
        let mask = self.slots.len() - 1;
        let mut at = self.home(key) & mask;
        loop {
            let slot = &self.slots[at];
            if slot.0 == key {
                return Some(&slot.1);
            }
            if slot.0 == 0 {
                return None;
            }
            at = (at + 1) & mask;
        }
    }

    /// Enters a key that is neither zero nor there yet.
    pub fn insert(&mut self, key: usize, value: T) {
        if (self.used + 1) * 2 > self.slots.len() {
            let bigger = vec![(0, T::default()); self.slots.len() * 2];
            let old = std::mem::replace(&mut self.slots, bigger);
            self.shift -= 1;
            for (key, value) in old.into_iter().filter(|slot| slot.0 != 0) {
                self.place(key, value);
            }
        }
        self.used += 1;
        self.place(key, value);
    }

    fn place(&mut self, key: usize, value: T) {
        let mask = self.slots.len() - 1;
        let mut at = self.home(key) & mask;
        while self.slots[at].0 != 0 {
            at = (at + 1) & mask;
        }
        self.slots[at] = (key, value);
    }

    /// How many keys there are.
    pub fn len(&self) -> usize {
        self.used
    }

    /// Are there none?
    pub fn is_empty(&self) -> bool {
        self.used == 0
    }
}

impl<T: Copy + Default> Default for AddressMap<T> {
    fn default() -> Self {
        AddressMap::new()
    }
}

#[cfg(test)]
mod tests {
    use super::AddressMap;

    #[test]
    fn finds_what_was_inserted_through_growth() {
        let mut map = AddressMap::new();
        for key in (16..16 * 500).step_by(16) {
            assert!(map.get(key).is_none());
            map.insert(key, key * 3);
        }
        assert_eq!(map.len(), 499);
        for key in (16..16 * 500).step_by(16) {
            assert_eq!(map.get(key), Some(&(key * 3)));
        }
        assert!(map.get(16 * 500).is_none());
    }
}
