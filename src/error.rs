//! Every message we can raise, in LuaJIT's words; what is said and who is blamed.
//!
//! Knows nothing else. `What` is the message, `Blame` the prefix that `vm::entry` puts before it. Types come here as
//! text already (`ctype::repr`).
#![forbid(unsafe_code)]

use std::fmt;

/// What every fallible function of the runtime returns. Boxed, so that the happy path returns a plain word.
pub type Result<T> = std::result::Result<T, Box<Error>>;

/// A message and whom it blames.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    /// What is said.
    pub what: What,
    /// Who is blamed for it.
    pub blame: Blame,
}

/// Who is blamed: the prefix of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// `file:line:` of the Lua function that called us.
    Caller,
    /// `bad argument #n to 'name' (...)`; counted from 1 as the script counts.
    Argument(u32),
    /// Nobody: the message stands alone.
    Nobody,
}

/// What is said.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// An internal error: a bug.
    Internal(String),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Internal(why) => write!(f, "internal error: {why}"),
        }
    }
}
