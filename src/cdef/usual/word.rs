//! What an identifier or keyword of the user's text is.

use crate::cdef::dialect;
use crate::cdef::words::{Basic, Part};
use crate::ctype::{FloatKind, Qual, RecordKind};

use super::specifier::Storage;

/// What a word says.
pub enum Word {
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

/// Sorts an identifier's text.
pub fn word(text: &str) -> Word {
    if text.starts_with('_') {
        return underscored(text);
    }
    match text {
        "typedef" => Word::Storage(Storage::Typedef),
        "extern" => Word::Storage(Storage::Extern),
        "static" => Word::Storage(Storage::Static),
        "const" => Word::Qualifier(Qual::CONST),
        "volatile" => Word::Qualifier(Qual::VOLATILE),
        "signed" => Word::Part(Part::Signed),
        "unsigned" => Word::Part(Part::Unsigned),
        "long" => Word::Part(Part::Long),
        "short" => Word::Part(Part::Short),
        "void" => Word::Part(Part::Basic(Basic::Void)),
        "char" => Word::Part(Part::Basic(Basic::Char)),
        "int" => Word::Part(Part::Basic(Basic::Int)),
        "float" => Word::Part(Part::Basic(Basic::Float)),
        "double" => Word::Part(Part::Basic(Basic::Double)),
        "struct" => Word::Record(RecordKind::Struct),
        "union" => Word::Record(RecordKind::Union),
        "enum" => Word::Enum,
        "inline" | "restrict" | "register" | "thread_local" => Word::Nothing,
        "asm" => Word::Asm,
        "auto" | "break" | "case" | "continue" | "default" | "do" | "else" | "for" | "goto" | "if"
        | "return" | "sizeof" | "switch" | "while" | "typeof" | "typeof_unqual" | "alignas" | "alignof"
        | "static_assert" | "complex" | "constexpr" | "nullptr" => Word::Reserved,
        _ => Word::Other,
    }
}

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
