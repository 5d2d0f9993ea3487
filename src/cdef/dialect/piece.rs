//! What comes out: text for lang-c, and what is noted beside it.

use foldhash::HashMap;

/// What an attribute says that bears on layout or calls; all others are dropped.
#[derive(Clone, Debug, PartialEq)]
pub enum Attr {
    /// `aligned(n)`, `_Alignas(n)`, `align(n)`; no argument: the largest that is useful. The argument's text.
    Aligned(Option<String>),
    /// `packed`
    Packed,
    /// `mode(DI)`: the word.
    Mode(String),
    /// `vector_size(n)`: the argument's text.
    VectorSize(String),
    /// `ms_abi`
    MsAbi,
    /// `sysv_abi`
    SysvAbi,
    /// An asm label, its strings joined.
    Asm(String),
    /// `transparent_union`
    Transparent,
    /// clang's `overloadable`
    Overloadable,
}

/// What stands around a `struct`, `union` or `enum`.
#[derive(Clone, Debug, Default)]
pub struct Head {
    /// Attributes behind the keyword and behind the closing brace.
    pub attrs: Vec<Attr>,
    /// `#pragma pack` in force at the opening brace, in bytes.
    pub pack: Option<u64>,
    /// `enum e : T`: the text of `T`.
    pub base: Option<String>,
    /// `static const` members: each one's text.
    pub constants: Vec<String>,
}

/// Some whole declarations, rewritten.
#[derive(Default)]
pub struct Piece {
    /// For lang-c.
    pub text: String,
    /// Where each token came from: offset in `text`, index of the user's token.
    pub map: Vec<(u32, u32)>,
    /// Attributes by offset, ascending.
    pub attrs: Vec<(u32, Attr)>,
    /// What stands around the keyword at an offset.
    pub heads: HashMap<u32, Head>,
    /// Parameters that stand for types: how many are used.
    pub types: Vec<usize>,
    /// Static assertions: the index of the user's token, and what stands in the brackets.
    pub assertions: Vec<(u32, String)>,
}
