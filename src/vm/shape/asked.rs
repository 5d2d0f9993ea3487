//! Whether references to elements are cached.

use std::cell::Cell;

/// Is it worth while to cache the reference to an element? It is for who asks for several members of one (`a[i].x + a[i].y`), and only
/// costs who goes on to the next. Arrays of one type are taken together: what is asked of one was, mostly, asked of the last.
#[derive(Default)]
pub struct Asked {
    /// The element that was asked for last and not cached.
    last: Cell<usize>,
    /// Was one asked for again since one was cached?
    again: Cell<bool>,
}

impl Asked {
    /// An element was asked for again: the cached one, or one that should have been.
    #[inline]
    pub fn found(&self) {
        self.again.set(true);
    }

    /// Will one that is asked for now be asked for again, as others were? Asked once for each of these.
    #[inline]
    pub fn is_expected(&self) -> bool {
        self.again.replace(false)
    }

    /// Another than the cached one was asked for: shall it be cached?
    #[inline]
    pub fn missed(&self, at: *const u8) -> bool {
        if self.last.replace(at as usize) == at as usize {
            self.found();
            return true;
        }
        self.is_expected()
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
        assert!(asked.missed(at(2)), "the last one was asked for again");
        assert!(!asked.missed(at(3)), "this one was not");
        asked.found();
        assert!(asked.missed(at(0)), "the cached one was");
        assert!(!asked.missed(at(1)));
    }
}
