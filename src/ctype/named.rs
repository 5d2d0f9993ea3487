//! Things and their names, in order.

use std::ops::Range;

/// Some things, each with a name. The names lie one behind the other in one string: memory of its own for each would be dearer than all the rest.
#[derive(Clone, Debug)]
pub struct Named<T> {
    text: String,
    /// Each thing, with where its name ends, in bytes.
    list: Vec<(usize, T)>,
}

/// Some of them that follow each other.
#[derive(Debug)]
pub struct NamedSlice<'a, T> {
    text: &'a str,
    /// Where the first one's name starts, in bytes.
    start: usize,
    list: &'a [(usize, T)],
}

impl<T> Default for Named<T> {
    fn default() -> Named<T> {
        Named { text: String::new(), list: Vec::new() }
    }
}

/// Bytes of a name, as names go.
const USUAL_LENGTH: usize = 16;

impl<T> Named<T> {
    /// None, and room for so many.
    pub(super) fn with_capacity(n: usize) -> Named<T> {
        Named { text: String::with_capacity(n * USUAL_LENGTH), list: Vec::with_capacity(n) }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Is there none?
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Adds a thing at the end. The name of what has none is empty.
    #[inline(never)]
    pub fn push(&mut self, name: &str, it: T) {
        self.text.push_str(name);
        self.list.push((self.text.len(), it));
    }

    /// The thing at a place, to be changed.
    pub fn get_mut(&mut self, at: usize) -> Option<&mut T> {
        self.list.get_mut(at).map(|(_, it)| it)
    }

    /// Where a place's name starts, in bytes; behind the last place, where the text ends.
    #[inline]
    fn start(&self, at: usize) -> usize {
        if at == 0 { 0 } else { self.list[at - 1].0 }
    }

    /// The name at a place.
    pub(super) fn name(&self, at: usize) -> &str {
        &self.text[self.start(at)..self.list[at].0]
    }

    /// Is it the name at a place?
    #[inline]
    pub(super) fn is_name(&self, at: usize, name: &[u8]) -> bool {
        self.text.as_bytes()[self.start(at)..self.list[at].0] == *name
    }

    /// All of them.
    #[inline]
    pub fn all(&self) -> NamedSlice<'_, T> {
        NamedSlice { text: &self.text, start: 0, list: &self.list }
    }

    /// Those at some places.
    pub(super) fn part(&self, places: Range<usize>) -> NamedSlice<'_, T> {
        NamedSlice { text: &self.text, start: self.start(places.start), list: &self.list[places] }
    }

    /// Adds what others there are.
    pub(super) fn append(&mut self, others: NamedSlice<'_, T>) -> Range<usize>
    where
        T: Copy,
    {
        let first = self.len();
        let before = self.text.len();
        let end = others.list.last().map_or(others.start, |last| last.0);
        self.text.push_str(&others.text[others.start..end]);
        self.list.extend(others.list.iter().map(|&(end, it)| (end - others.start + before, it)));
        first..self.len()
    }

    /// Keeps the first `len`.
    pub fn truncate(&mut self, len: usize) {
        if len < self.len() {
            self.text.truncate(self.start(len));
            self.list.truncate(len);
        }
    }
}

impl<'a, T> NamedSlice<'a, T> {
    /// How many there are.
    pub fn len(self) -> usize {
        self.list.len()
    }

    /// Is there none?
    pub fn is_empty(self) -> bool {
        self.list.is_empty()
    }

    /// The last one.
    pub fn last(self) -> Option<&'a T> {
        self.list.last().map(|(_, it)| it)
    }

    /// All, with their names.
    pub fn iter(self) -> impl Iterator<Item = (&'a str, &'a T)> {
        let NamedSlice { text, mut start, list } = self;
        list.iter().map(move |(end, it)| (&text[std::mem::replace(&mut start, *end)..*end], it))
    }

    /// All, without their names.
    pub fn values(self) -> impl Iterator<Item = &'a T> {
        self.list.iter().map(|(_, it)| it)
    }

    /// The first one of a name.
    pub fn find(self, name: &[u8]) -> Option<&'a T> {
        let NamedSlice { text, mut start, list } = self;
        let is_it = |(end, _): &&(usize, T)| {
            let own = std::mem::replace(&mut start, *end)..*end;
            text.as_bytes()[own] == *name
        };
        list.iter().find(is_it).map(|(_, it)| it)
    }
}

impl<T> Default for NamedSlice<'_, T> {
    fn default() -> Self {
        NamedSlice { text: "", start: 0, list: &[] }
    }
}

impl<T> Clone for NamedSlice<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for NamedSlice<'_, T> {}

impl<T: PartialEq> PartialEq for NamedSlice<'_, T> {
    fn eq(&self, other: &NamedSlice<'_, T>) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}
