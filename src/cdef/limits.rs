//! Guards: what nests too deep or runs too long is refused before anything recursive sees it.
//!
//! lang-c takes exponential time in some depths and overflows the stack in others; the figures stand far above what real
//! headers need (they nest at most 9 deep) and far below where it hurts.

use super::TOO_DEEP;
use super::token::{Kind, Token};

/// Brackets of any sort, one in another.
pub const DEPTH_MAX: usize = 24;
/// Brackets that only group, one in another, in an expression: what C promises at least (C11 5.2.4.1).
const GROUPS_MAX: usize = 63;
/// Unary operators in a row.
const UNARY_MAX: usize = 8;
/// Tokens between two separators of an expression or declarator.
const RUN_MAX: usize = 1024;
/// `?` in one expression, and brackets that follow upon brackets (casts in a row).
const CHAIN_MAX: usize = 32;
/// Nested `sizeof(type[...])`, parameter lists in parameter lists: what is tried twice at each level.
const RETRIED_MAX: usize = 6;
/// Bytes of a text.
pub const TEXT_MAX: usize = 1 << 28;

/// Watches the tokens as they pass.
#[derive(Default)]
pub struct Guard {
    /// Each open bracket and what it may cost.
    open: Vec<(u8, Cost)>,
    retried: usize,
    groups: usize,
    unary: usize,
    run: usize,
    pointers: usize,
    choices: usize,
    casts: usize,
    previous: Option<(Kind, u8)>,
}

/// What an open bracket costs lang-c.
#[derive(Clone, Copy, PartialEq)]
enum Cost {
    Some,
    /// It is tried twice.
    Twice,
    /// It groups an expression: little.
    Little,
}

impl Guard {
    /// How deep the brackets are.
    pub fn depth(&self) -> usize {
        self.open.len()
    }

    /// Takes the next token, which may be one of an expression; an error says what is too much.
    pub fn pass(&mut self, token: &Token<'_>, in_expression: bool) -> Result<(), &'static str> {
        let first = token.text.as_bytes().first().copied().unwrap_or(0);
        self.run += 1;
        if token.kind != Kind::Punct {
            self.unary = 0;
            self.pointers = 0;
        } else {
            match first {
                b'(' | b'[' | b'{' => {
                    let cost = match self.previous {
                        _ if first != b'(' => Cost::Some,
                        Some((Kind::Ident, _) | (Kind::Punct, b')')) => Cost::Twice,
                        Some((Kind::Punct, before)) if in_expression && before != b']' => Cost::Little,
                        Some((Kind::Punct, b'(')) => Cost::Twice,
                        _ => Cost::Some,
                    };
                    self.retried += usize::from(cost == Cost::Twice);
                    self.groups += usize::from(cost == Cost::Little);
                    self.open.push((first, cost));
                    if self.open.len() - self.groups > DEPTH_MAX
                        || self.groups > GROUPS_MAX
                        || self.retried > 2 * RETRIED_MAX
                    {
                        return Err(TOO_DEEP);
                    }
                    self.run = 0;
                }
                b')' | b']' | b'}' => match self.open.pop() {
                    Some((open, cost))
                        if matches!((open, first), (b'(', b')') | (b'[', b']') | (b'{', b'}')) =>
                    {
                        self.retried -= usize::from(cost == Cost::Twice);
                        self.groups -= usize::from(cost == Cost::Little);
                    }
                    _ => return Err("unexpected symbol"),
                },
                b';' | b',' => {
                    self.run = 0;
                    self.choices = 0;
                    self.casts = 0;
                }
                b'?' => self.choices += 1,
                _ => {}
            }
            if first == b'(' && matches!(self.previous, Some((Kind::Punct, b')'))) {
                self.casts += 1;
            }
            let is_unary = matches!(first, b'-' | b'+' | b'!' | b'~' | b'&');
            self.unary = if is_unary { self.unary + token.text.len() } else { 0 };
            self.pointers = if token.text == "*" { self.pointers + 1 } else { 0 };
            if self.unary > UNARY_MAX
                || self.pointers > 64
                || self.choices > CHAIN_MAX
                || self.casts > CHAIN_MAX
            {
                return Err(TOO_DEEP);
            }
        }
        if self.run > RUN_MAX {
            return Err(TOO_DEEP);
        }
        self.previous = Some((token.kind, first));
        Ok(())
    }
}
