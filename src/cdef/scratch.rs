//! The memory that reading works in, kept from one text to the next.
//!
//! Most texts are short: to make a dozen lists for each, and to let them grow, takes a tenth of its time. Called by `mod`.

use super::token::Token;
use super::usual::Room;

/// Memory for tokens and for what is under way. Nothing of any text stays in it.
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
