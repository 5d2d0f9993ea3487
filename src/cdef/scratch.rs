//! The memory that reading works in, kept from one text to the next.
//!
//! Most texts are short: to make a dozen lists for each, and to let them grow, takes a tenth of its time. Called by `mod`.

use super::token::Token;
use super::usual::Room;

/// Memory for tokens and for what is under way. The next text overwrites what is left in it of the last.
#[derive(Default)]
pub struct Scratch {
    tokens: Vec<Token<'static>>,
    room: Room<'static>,
}

/// How many tokens there may have been at once: what is under way with more of them is no usual text, and its memory is given back.
const KEPT_MAX: usize = 4096;

impl Scratch {
    /// Lends the memory out. [`Scratch::keep`] takes it back.
    pub(super) fn lend<'t>(&mut self) -> (Vec<Token<'t>>, Room<'t>) {
        let Scratch { tokens, room } = std::mem::take(self);
        (emptied(tokens), room.emptied())
    }

    /// Keeps memory for the next text.
    pub(super) fn keep(&mut self, tokens: Vec<Token<'_>>, room: Room<'_>) {
        if tokens.capacity() <= KEPT_MAX {
            *self = Scratch { tokens: emptied(tokens), room: room.emptied() };
        }
    }
}

/// An empty list in the memory of another. (`T` and `U` differ in a lifetime; then `collect` makes no new list.)
pub(super) fn emptied<T, U>(mut list: Vec<T>) -> Vec<U> {
    list.clear();
    list.into_iter().filter_map(|_| None).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cdef::declare_in;
    use crate::ctype::CTypeTable;

    #[test]
    fn memory_is_kept_but_for_what_is_no_usual_text() {
        let (mut scratch, mut table) = (Scratch::default(), CTypeTable::new());
        let mut read = |text: &str| {
            declare_in(&mut scratch, &mut table, text.as_bytes(), &[]).unwrap();
            let Scratch { tokens, room } = &scratch;
            assert!(tokens.is_empty());
            (tokens.as_ptr(), tokens.capacity(), room.is_used())
        };
        let (at, capacity, is_used) = read("struct s { int a, b; }; int f(int a, struct s *b);");
        assert!(capacity > 0 && is_used);
        assert_eq!(read("int g(int a);"), (at, capacity, true));
        let constants: String = (0..KEPT_MAX).map(|i| format!("C{i},")).collect();
        let (_, capacity, is_used) = read(&format!("enum {{ {constants} }};"));
        assert!(capacity == 0 && !is_used);
    }
}
