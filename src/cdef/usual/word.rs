//! What an identifier or keyword of the user's text is.

use crate::cdef::dialect;
use crate::cdef::token::Kind;
use crate::cdef::words::{Basic, Part};
use crate::ctype::{FloatKind, Qual, RecordKind};

use super::specifier::Storage;

/// What a token says as a word.
#[derive(Clone, Copy, PartialEq)]
pub enum Word {
    /// It is no word.
    None,
    /// `typedef`, `extern`, `static`
    Storage(Storage),
    /// `const`, `volatile`
    Qualifier(Qual),
    /// A word of a type.
    Part(Part),
    /// `struct`, `union`
    Record(RecordKind),
    /// `enum`
    Enum,
    /// One that says nothing to us: `inline`, `restrict`.
    Nothing,
    /// `__attribute__`
    Attribute,
    /// `asm`
    Asm,
    /// A word of C that is not read here.
    Reserved,
    /// A name.
    Other,
}

impl Word {
    /// What a token of that sort and text says.
    #[inline]
    pub fn of(kind: Kind, text: &str) -> Word {
        if kind == Kind::Ident { word(text) } else { Word::None }
    }
}

/// Is an identifier a word of a type or declaration, which names nothing?
pub fn is_specifier(text: &str) -> bool {
    matches!(word(text), Word::Storage(_) | Word::Qualifier(_) | Word::Part(_) | Word::Record(_) | Word::Enum)
}

/// The words that do not start with an underscore.
const WORDS: &[(&str, Word)] = &[
    ("typedef", Word::Storage(Storage::Typedef)),
    ("extern", Word::Storage(Storage::Extern)),
    ("static", Word::Storage(Storage::Static)),
    ("const", Word::Qualifier(Qual::CONST)),
    ("volatile", Word::Qualifier(Qual::VOLATILE)),
    ("signed", Word::Part(Part::Signed)),
    ("unsigned", Word::Part(Part::Unsigned)),
    ("long", Word::Part(Part::Long)),
    ("short", Word::Part(Part::Short)),
    ("void", Word::Part(Part::Basic(Basic::Void))),
    ("char", Word::Part(Part::Basic(Basic::Char))),
    ("int", Word::Part(Part::Basic(Basic::Int))),
    ("float", Word::Part(Part::Basic(Basic::Float))),
    ("double", Word::Part(Part::Basic(Basic::Double))),
    ("struct", Word::Record(RecordKind::Struct)),
    ("union", Word::Record(RecordKind::Union)),
    ("enum", Word::Enum),
    ("inline", Word::Nothing),
    ("restrict", Word::Nothing),
    ("register", Word::Reserved),
    ("thread_local", Word::Nothing),
    ("asm", Word::Asm),
    ("auto", Word::Reserved),
    ("break", Word::Reserved),
    ("case", Word::Reserved),
    ("continue", Word::Reserved),
    ("default", Word::Reserved),
    ("do", Word::Reserved),
    ("else", Word::Reserved),
    ("for", Word::Reserved),
    ("goto", Word::Reserved),
    ("if", Word::Reserved),
    ("return", Word::Reserved),
    ("sizeof", Word::Reserved),
    ("switch", Word::Reserved),
    ("while", Word::Reserved),
    ("typeof", Word::Reserved),
    ("typeof_unqual", Word::Reserved),
    ("alignas", Word::Reserved),
    ("alignof", Word::Reserved),
    ("static_assert", Word::Reserved),
    ("complex", Word::Reserved),
    ("constexpr", Word::Reserved),
    ("nullptr", Word::Reserved),
];

/// Where a text would lie in [`PLACES`]. No two words meet there, which is seen when this is compiled.
const fn place(text: &[u8]) -> usize {
    match text {
        [] => 0,
        [first, ..] => (*first as usize + 11 * text[text.len() - 1] as usize + 5 * text.len()) % 256,
    }
}

/// Which of [`WORDS`] lies at a place; at others one that there is not.
static PLACES: [u8; 256] = {
    let mut places = [u8::MAX; 256];
    let mut i = 0;
    while i < WORDS.len() {
        let place = &mut places[place(WORDS[i].0.as_bytes())];
        assert!(*place == u8::MAX, "two words at one place: other factors are due");
        *place = i as u8;
        i += 1;
    }
    places
};

/// Sorts an identifier's text.
#[inline]
fn word(text: &str) -> Word {
    if text.starts_with('_') {
        return underscored(text);
    }
    match WORDS.get(usize::from(PLACES[place(text.as_bytes())])) {
        Some((known, word)) if is_same(known, text) => *word,
        _ => Word::Other,
    }
}

/// Are two words one? (They are short: a call that compares memory would take longer.)
#[inline]
fn is_same(known: &str, text: &str) -> bool {
    let (a, b) = (known.as_bytes(), text.as_bytes());
    match a.len() {
        length if length != b.len() => false,
        // The two ends, which may lie over each other.
        4..=8 => a.first_chunk::<4>() == b.first_chunk() && a.last_chunk::<4>() == b.last_chunk(),
        _ => a.iter().zip(b).all(|(a, b)| a == b),
    }
}

#[inline(never)]
fn underscored(text: &str) -> Word {
    match text {
        "_Bool" => Word::Part(Part::Basic(Basic::Bool)),
        "_Complex" => Word::Part(Part::Complex),
        "_Float32" => Word::Part(Part::Basic(Basic::Float)),
        "_Float64" | "_Float32x" => Word::Part(Part::Basic(Basic::Double)),
        "_Float64x" => Word::Part(Part::Basic(Basic::Other(FloatKind::LongDouble))),
        "_Float128" | "__float128" => Word::Part(Part::Basic(Basic::Other(FloatKind::Float128))),
        "__int128" => Word::Part(Part::Basic(Basic::Int128)),
        _ => match dialect::word(text) {
            dialect::Word::Drop => Word::Nothing,
            dialect::Word::Attribute => Word::Attribute,
            dialect::Word::Asm => Word::Asm,
            dialect::Word::To("const") => Word::Qualifier(Qual::CONST),
            dialect::Word::To("volatile") => Word::Qualifier(Qual::VOLATILE),
            dialect::Word::To("signed") => Word::Part(Part::Signed),
            dialect::Word::Keep if !is_reserved(text) => Word::Other,
            _ => Word::Reserved,
        },
    }
}

/// The words with two underscores, or one and a capital letter, that lang-c has for itself.
fn is_reserved(text: &str) -> bool {
    matches!(
        text,
        "_Alignof"
            | "_Atomic"
            | "_Generic"
            | "_Imaginary"
            | "__FUNCTION__"
            | "__PRETTY_FUNCTION__"
            | "__builtin_offsetof"
            | "__builtin_va_arg"
            | "__func__"
            | "__imag"
            | "__imag__"
            | "__label__"
            | "__null"
            | "__real"
            | "__real__"
            | "__single_inheritance"
            | "__multiple_inheritance"
            | "__virtual_inheritance"
            | "__unspecified_inheritance"
            | "__regcall"
    ) || text.starts_with("_Float")
        || text.starts_with("_Decimal")
}
