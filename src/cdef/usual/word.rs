//! What a word of the rewritten text is.

use lang_c::ast;

/// What a token says among specifiers.
pub enum Word {
    /// `typedef`, `extern`, `static`
    Storage(ast::StorageClassSpecifier),
    /// `const`, `volatile`
    Qualifier(ast::TypeQualifier),
    /// A word of a type that may be of several.
    Combining(ast::TypeSpecifier),
    /// A word that is a whole type.
    Alone(ast::TypeSpecifier),
    /// `struct`, `union`
    Struct(ast::StructKind),
    /// `enum`
    Enum,
    /// A keyword that is not read here.
    Reserved,
    /// No keyword.
    Other,
}

/// Sorts a token's text.
pub fn word(text: &str) -> Word {
    use ast::TypeSpecifier as T;
    match text {
        "typedef" => Word::Storage(ast::StorageClassSpecifier::Typedef),
        "extern" => Word::Storage(ast::StorageClassSpecifier::Extern),
        "static" => Word::Storage(ast::StorageClassSpecifier::Static),
        "const" => Word::Qualifier(ast::TypeQualifier::Const),
        "volatile" => Word::Qualifier(ast::TypeQualifier::Volatile),
        "char" => Word::Combining(T::Char),
        "short" => Word::Combining(T::Short),
        "int" => Word::Combining(T::Int),
        "long" => Word::Combining(T::Long),
        "float" => Word::Combining(T::Float),
        "double" => Word::Combining(T::Double),
        "signed" => Word::Combining(T::Signed),
        "unsigned" => Word::Combining(T::Unsigned),
        "_Complex" => Word::Combining(T::Complex),
        "void" => Word::Alone(T::Void),
        "_Bool" => Word::Alone(T::Bool),
        "_Float32" => float(32, false),
        "_Float64" => float(64, false),
        "_Float128" => float(128, false),
        "_Float32x" => float(32, true),
        "_Float64x" => float(64, true),
        "struct" => Word::Struct(ast::StructKind::Struct),
        "union" => Word::Struct(ast::StructKind::Union),
        "enum" => Word::Enum,
        _ if is_reserved(text) => Word::Reserved,
        _ => Word::Other,
    }
}

fn float(width: usize, is_extended: bool) -> Word {
    use ast::TS18661FloatFormat::{BinaryExtended, BinaryInterchange};
    let format = if is_extended { BinaryExtended } else { BinaryInterchange };
    Word::Combining(ast::TypeSpecifier::TS18661Float(ast::TS18661FloatType { format, width }))
}

/// Does a name or keyword stand here?
pub fn is_identifier(text: &str) -> bool {
    // A prefixed string starts with a letter too.
    !text.ends_with('"')
        && text.as_bytes().first().is_some_and(|&b| b.is_ascii_alphabetic() || b == b'_' || b == b'$')
}

/// The words that lang-c has for itself, or reads as more than names.
pub fn is_reserved(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('_') {
        return matches!(rest.as_bytes().first(), Some(b'A'..=b'Z' | b'_')) && is_underscored(text);
    }
    matches!(
        text,
        "auto"
            | "break"
            | "case"
            | "char"
            | "const"
            | "continue"
            | "default"
            | "do"
            | "double"
            | "else"
            | "enum"
            | "extern"
            | "float"
            | "for"
            | "goto"
            | "if"
            | "inline"
            | "int"
            | "long"
            | "register"
            | "restrict"
            | "return"
            | "short"
            | "signed"
            | "sizeof"
            | "static"
            | "struct"
            | "switch"
            | "typedef"
            | "union"
            | "unsigned"
            | "void"
            | "volatile"
            | "while"
            | "typeof"
            | "asm"
    )
}

fn is_underscored(text: &str) -> bool {
    matches!(
        text,
        "_Alignas"
            | "_Alignof"
            | "_Atomic"
            | "_Bool"
            | "_Complex"
            | "_Generic"
            | "_Imaginary"
            | "_Noreturn"
            | "_Static_assert"
            | "_Thread_local"
            | "_Nonnull"
            | "_Null_unspecified"
            | "_Nullable"
            | "__FUNCTION__"
            | "__PRETTY_FUNCTION__"
            | "__alignof"
            | "__alignof__"
            | "__asm"
            | "__asm__"
            | "__attribute"
            | "__attribute__"
            | "__builtin_offsetof"
            | "__builtin_va_arg"
            | "__complex"
            | "__complex__"
            | "__const"
            | "__const__"
            | "__extension__"
            | "__func__"
            | "__imag"
            | "__imag__"
            | "__inline"
            | "__inline__"
            | "__label__"
            | "__null"
            | "__real"
            | "__real__"
            | "__restrict"
            | "__restrict__"
            | "__signed"
            | "__signed__"
            | "__thread"
            | "__typeof"
            | "__typeof__"
            | "__volatile"
            | "__volatile__"
            | "__single_inheritance"
            | "__multiple_inheritance"
            | "__virtual_inheritance"
            | "__unspecified_inheritance"
            | "__fastcall"
            | "__regcall"
            | "__stdcall"
            | "__thiscall"
            | "__vectorcall"
    ) || text.starts_with("_Float")
        || text.starts_with("_Decimal")
}
