//! Words that are not C's own, or that lang-c misreads.

/// How a word is treated.
#[allow(missing_docs)]
pub enum Word {
    Keep,
    Drop,
    To(&'static str),
    Attribute,
    Declspec,
    Alignas,
    Asm,
    Head,
    StaticAssert,
    Pragma,
    /// What no type of ours can be.
    Refused(&'static str),
}

/// Sorts an identifier or keyword.
pub fn word(text: &str) -> Word {
    match text {
        "struct" | "union" | "enum" => Word::Head,
        "__attribute__" | "__attribute" => Word::Attribute,
        "__declspec" | "_declspec" => Word::Declspec,
        "_Alignas" | "alignas" => Word::Alignas,
        "__asm__" | "__asm" | "asm" => Word::Asm,
        "_Static_assert" | "static_assert" => Word::StaticAssert,
        "_Pragma" | "__pragma" => Word::Pragma,
        "_BitInt" => Word::Refused("NYI: _BitInt"),
        "__extension__" | "_Noreturn" | "__restrict" | "__restrict__" | "restrict" | "__inline"
        | "__inline__" | "inline" | "__forceinline" | "_inline" | "__cdecl" | "_cdecl" | "__stdcall"
        | "_stdcall" | "__fastcall" | "_fastcall" | "__thiscall" | "__vectorcall" | "__pascal"
        | "__ptr32" | "__ptr64" | "__sptr" | "__uptr" | "__unaligned" | "__w64" | "__thread"
        | "_Thread_local" | "thread_local" | "_Nonnull" | "_Nullable" | "_Null_unspecified" | "__nonnull"
        | "register" | "__noreturn" => Word::Drop,
        "__const" | "__const__" => Word::To("const"),
        "__volatile" | "__volatile__" => Word::To("volatile"),
        "__signed" | "__signed__" => Word::To("signed"),
        "__typeof" | "typeof" | "__typeof__" | "typeof_unqual" => Word::To("__typeof__"),
        "__alignof" | "__alignof__" | "alignof" => Word::To("_Alignof"),
        "complex" | "__complex" | "__complex__" => Word::To("_Complex"),
        "__int8" => Word::To("char"),
        "__int16" => Word::To("short"),
        "__int32" => Word::To("int"),
        "__int64" => Word::To("long long"),
        // No complex integer is ours: the pair of words stands for 128 bits.
        "__int128" | "__int128_t" => Word::To("_Complex int"),
        "__uint128_t" => Word::To("unsigned _Complex int"),
        "__float128" => Word::To("_Float128"),
        "__float80" => Word::To("long double"),
        "constexpr" => Word::To("static const"),
        "nullptr" => Word::To("( ( void * ) 0 )"),
        _ => Word::Keep,
    }
}
