//! Whether references to elements are cached.

use std::cell::Cell;

/// Is it worth while to cache the reference to an element? It is for who asks for several members of one (`a[i].x + a[i].y`), and only
/// costs who goes on to the next. Arrays of one type are taken together: what is asked of one was, mostly, asked of the last.
#[derive(Default)]
pub struct Asked {
    /// The element that was asked for last and not cached.
    last: Cell<usize>,
    /// Was the one that was cached last asked for again?
    again: Cell<bool>,
}

impl Asked {
    /// The cached element was asked for.
    #[inline]
    pub fn found(&self) {
        self.again.set(true);
    }

    /// Another than the cached one was asked for: shall it be cached?
    #[inline]
    pub fn missed(&self, at: *const u8) -> bool {
        self.last.replace(at as usize) == at as usize || self.again.replace(false)
    }
}

#[cfg(test)]
mod tests {
    use super::Asked;

    #[test]
    fn elements_are_cached_where_they_are_asked_for_again() {
        let (asked, bytes) = (Asked::default(), [0u8; 4]);
        let at = |i: usize| &raw const bytes[i];
        assert!(!asked.missed(at(0)) && !asked.missed(at(1)), "one after the other");
        assert!(asked.missed(at(1)), "asked for twice");
        asked.found();
        assert!(asked.missed(at(2)), "the last one was asked for again");
        assert!(!asked.missed(at(3)), "this one was not");
    }
}
