//! C's scalar types and the host: their sizes and alignments, `char`'s sign, and the words of `ffi.os`, `ffi.arch`, `ffi.abi`.
//!
//! We compile for the host only, so all of it is known here and asserted at compile time. Judged by `cc` in
//! `tests/target.rs`.
#![forbid(unsafe_code)]

/// The integer types of C, each its own ctype even where two have one size.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum IntKind {
    Char,
    SChar,
    UChar,
    Short,
    UShort,
    Int,
    UInt,
    Long,
    ULong,
    LongLong,
    ULongLong,
    Int128,
    UInt128,
}

impl IntKind {
    /// All of them, in order.
    pub const ALL: [IntKind; 13] = {
        use IntKind::*;
        [Char, SChar, UChar, Short, UShort, Int, UInt, Long, ULong, LongLong, ULongLong, Int128, UInt128]
    };
}

/// The real floating types of C.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum FloatKind {
    /// `_Float16`, IEEE binary16.
    Float16,
    Float,
    Double,
    /// `long double`: x87's 80 bits in 16 bytes on x86-64, binary128 on AArch64 Linux.
    LongDouble,
    /// `_Float128`, IEEE binary128.
    Float128,
}

impl FloatKind {
    /// All of them, in order.
    pub const ALL: [FloatKind; 5] = {
        use FloatKind::*;
        [Float16, Float, Double, LongDouble, Float128]
    };
}

/// Bytes of a pointer.
pub const POINTER_SIZE: u64 = size_of::<usize>() as u64;

/// Is plain `char` signed?
pub const CHAR_IS_SIGNED: bool = std::ffi::c_char::MIN != 0;

const LP64: bool = size_of::<std::ffi::c_long>() == 8;

/// What `int64_t` is.
pub const INT64: IntKind = if LP64 { IntKind::Long } else { IntKind::LongLong };
/// What `uint64_t` is.
pub const UINT64: IntKind = if LP64 { IntKind::ULong } else { IntKind::ULongLong };
/// What `intptr_t` and `ptrdiff_t` are.
pub const INTPTR: IntKind = if POINTER_SIZE == 4 { IntKind::Int } else { INT64 };
/// What `uintptr_t` and `size_t` are.
pub const UINTPTR: IntKind = if POINTER_SIZE == 4 { IntKind::UInt } else { UINT64 };
/// What `int_fast16_t` and `int_fast32_t` are: glibc has a word for them, others an `int`.
pub const FAST_INT: IntKind = if cfg!(target_env = "gnu") { INTPTR } else { IntKind::Int };
/// What `uint_fast16_t` and `uint_fast32_t` are.
pub const FAST_UINT: IntKind = if cfg!(target_env = "gnu") { UINTPTR } else { IntKind::UInt };
/// What `wchar_t` is.
pub const WCHAR: IntKind = if cfg!(windows) {
    IntKind::UShort
} else if cfg!(all(target_arch = "aarch64", target_os = "linux")) {
    IntKind::UInt
} else {
    IntKind::Int
};

/// The shapes of `va_list`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum VaList {
    /// A plain pointer (Windows, Apple, most 32-bit targets).
    Pointer,
    /// `struct __va_list_tag [1]`
    SysvX64,
    /// `struct __va_list`
    Aapcs64,
}

/// What `va_list` is here.
pub const VA_LIST: VaList = if cfg!(all(target_arch = "x86_64", not(windows))) {
    VaList::SysvX64
} else if cfg!(all(target_arch = "aarch64", target_os = "linux")) {
    VaList::Aapcs64
} else {
    VaList::Pointer
};

/// The greatest alignment that a plain `__attribute__((aligned))` asks for, in bytes.
pub const BIGGEST_ALIGN: u64 = 16;

/// Does an unnamed bit-field align its record as a named one does, even one of no width? (AAPCS64, 8.1.8.)
pub const UNNAMED_BITS_ALIGN: bool = cfg!(all(target_arch = "aarch64", target_os = "linux"));

/// `ffi.os`, in LuaJIT's words.
pub const OS: &str = if cfg!(target_os = "linux") {
    "Linux"
} else if cfg!(target_os = "macos") {
    "OSX"
} else if cfg!(windows) {
    "Windows"
} else if cfg!(any(
    target_os = "freebsd",
    target_os = "netbsd",
    target_os = "openbsd",
    target_os = "dragonfly"
)) {
    "BSD"
} else if cfg!(unix) {
    "POSIX"
} else {
    "Other"
};

/// `ffi.arch`, in LuaJIT's words.
pub const ARCH: &str = if cfg!(target_arch = "x86_64") {
    "x64"
} else if cfg!(target_arch = "x86") {
    "x86"
} else if cfg!(target_arch = "aarch64") {
    "arm64"
} else if cfg!(target_arch = "arm") {
    "arm"
} else {
    std::env::consts::ARCH
};

/// Does `ffi.abi(word)` hold? LuaJIT's words; unknown ones do not hold.
pub fn abi(word: &str) -> bool {
    match word {
        "32bit" => POINTER_SIZE == 4,
        "64bit" | "gc64" => POINTER_SIZE == 8,
        "le" => cfg!(target_endian = "little"),
        "be" => cfg!(target_endian = "big"),
        "fpu" => true,
        "softfp" => false,
        "hardfp" => true,
        "eabi" => cfg!(target_arch = "arm"),
        "win" => cfg!(windows),
        // Standard Lua keeps integers and floats apart, which is what this word asks for.
        "dualnum" => true,
        "unionval" => true,
        _ => false,
    }
}

/// Bytes of an integer type.
pub const fn int_size(kind: IntKind) -> u64 {
    use IntKind::*;
    match kind {
        Char | SChar | UChar => 1,
        Short | UShort => 2,
        Int | UInt => 4,
        Long | ULong => size_of::<std::ffi::c_long>() as u64,
        LongLong | ULongLong => 8,
        Int128 | UInt128 => 16,
    }
}

/// Bytes; the alignment of an integer type.
pub const fn int_align(kind: IntKind) -> u64 {
    use IntKind::*;
    match kind {
        Char | SChar | UChar => 1,
        Short | UShort => align_of::<i16>() as u64,
        Int | UInt => align_of::<i32>() as u64,
        Long | ULong => align_of::<std::ffi::c_long>() as u64,
        LongLong | ULongLong => align_of::<i64>() as u64,
        Int128 | UInt128 => align_of::<i128>() as u64,
    }
}

/// Is the integer type signed?
pub const fn int_is_signed(kind: IntKind) -> bool {
    use IntKind::*;
    match kind {
        Char => CHAR_IS_SIGNED,
        SChar | Short | Int | Long | LongLong | Int128 => true,
        UChar | UShort | UInt | ULong | ULongLong | UInt128 => false,
    }
}

/// Bytes of a real floating type.
pub const fn float_size(kind: FloatKind) -> u64 {
    match kind {
        FloatKind::Float16 => 2,
        FloatKind::Float => 4,
        FloatKind::Double => 8,
        FloatKind::LongDouble => LONG_DOUBLE_SIZE,
        FloatKind::Float128 => 16,
    }
}

/// Bytes; the alignment of a real floating type.
pub const fn float_align(kind: FloatKind) -> u64 {
    match kind {
        FloatKind::LongDouble if LONG_DOUBLE_SIZE == 12 => 4,
        _ => float_size(kind),
    }
}

/// Is `long double` x87's 80-bit format?
pub const LONG_DOUBLE_IS_X87: bool =
    cfg!(all(any(target_arch = "x86", target_arch = "x86_64"), not(windows)));

const LONG_DOUBLE_SIZE: u64 = if cfg!(all(target_arch = "x86", not(windows))) {
    12
} else if cfg!(windows)
    || cfg!(all(target_vendor = "apple", target_arch = "aarch64"))
    || cfg!(target_arch = "arm")
{
    8
} else {
    16
};

const _: () = assert!(POINTER_SIZE == 4 || POINTER_SIZE == 8);
const _: () =
    assert!(cfg!(target_endian = "little"), "bit-fields and small integer results assume little endian");
