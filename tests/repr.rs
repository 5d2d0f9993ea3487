//! Types as text: as LuaJIT prints them, and so that printing, reading and printing again gives the same.

#[path = "support/oracle.rs"]
mod oracle;

use ffi_core::cdef;
use ffi_core::ctype::{CTypeTable, IntKind, repr};
use ffi_core::target;

const BASES: &[&str] = &[
    "void",
    "bool",
    "_Bool",
    "char",
    "signed char",
    "unsigned char",
    "int8_t",
    "uint8_t",
    "short",
    "short int",
    "unsigned short",
    "int16_t",
    "uint16_t",
    "int",
    "signed",
    "unsigned",
    "unsigned int",
    "int32_t",
    "uint32_t",
    "long",
    "unsigned long",
    "long long",
    "unsigned long long",
    "int64_t",
    "uint64_t",
    "size_t",
    "ssize_t",
    "intptr_t",
    "uintptr_t",
    "ptrdiff_t",
    "wchar_t",
    "float",
    "double",
    "long double",
    "complex",
    "complex double",
    "complex float",
    "struct s",
    "union u",
    "enum e",
    "enum neg",
    "myint",
    "sp",
    "struct opaque",
    "float __attribute__((vector_size(16)))",
    "int __attribute__((vector_size(8)))",
];
const QUALIFIERS: &[&str] = &["", "const ", "volatile ", "const volatile "];
const DECLARATORS: &[&str] = &[
    "",
    "*",
    "**",
    "*const",
    "*volatile",
    "*const volatile",
    "*const*",
    "*const*const",
    "[3]",
    "[0]",
    "[]",
    "[2][3]",
    "*[3]",
    "(*)[3]",
    "(*[2])[3]",
    "()",
    "(void)",
    "(int)",
    "(int, ...)",
    "(*)()",
    "(*)(int, char *)",
    "(**)(void)",
    "(*const)(void)",
    "*(*)(void)",
    "(*(*)(void))(int)",
    "(*(*)[2])(void)",
    "(*[2])(void)",
    "&",
    "*&",
    "(&)[3]",
    "(*(*)(int))[3]",
    "*const[2]",
    "*volatile*const*",
    "[?]",
    "*[?]",
];

fn table() -> CTypeTable {
    let mut table = CTypeTable::new();
    cdef::declare(&mut table, oracle::NAMES.as_bytes(), &[]).expect("the names are C");
    table
}

fn texts() -> Vec<String> {
    let mut out = Vec::new();
    for base in BASES {
        for qualifier in QUALIFIERS {
            for declarator in DECLARATORS {
                out.push(format!("{qualifier}{base} {declarator}"));
            }
        }
    }
    out
}

/// Where LuaJIT prints less than the type is: it forgets the qualifiers of complex and vector types, and the length of an
/// array of qualified records or enums. And its `wchar_t` is `int` where the platform's is unsigned.
fn is_known_fault(text: &str, theirs: &str, ours: &str) -> bool {
    if target::WCHAR == IntKind::UInt && text.contains("wchar_t") {
        return ours == theirs.replacen("int", "unsigned int", 1);
    }
    let qualified = QUALIFIERS[1..].iter().rev().find(|q| ours.starts_with(**q)).copied().unwrap_or("");
    if qualified.is_empty() || !text.starts_with(qualified) {
        return false;
    }
    if text.contains("complex") || text.contains("vector_size") {
        return ours[qualified.len()..] == *theirs;
    }
    ["struct s", "union u", "enum "].iter().any(|word| text.contains(word))
        && theirs.contains("[0]")
        && ours.replace("[3]", "[0]") == *theirs
}

#[test]
fn types_print_as_luajit_prints_them() {
    let texts = texts();
    let list: String = texts.iter().map(|t| format!("'{t}',\n")).collect();
    let script = format!(
        "local ffi = require 'ffi' ffi.cdef[[{}]]\nfor _, t in ipairs {{ {list} }} do\n\
         local ok, ct = pcall(ffi.typeof, t) print(ok and tostring(ct):match('^ctype<(.*)>$') or 'refused') end",
        oracle::NAMES
    );
    let Some(theirs) = oracle::luajit(&script) else { return };
    assert_eq!(theirs.len(), texts.len());
    let mut table = table();
    let mut compared = 0;
    let mut wrong = Vec::new();
    for (text, theirs) in texts.iter().zip(&theirs) {
        let Ok(read) = cdef::type_name(&mut table, text.as_bytes(), &[]) else {
            if theirs != "refused" {
                wrong.push(format!("{text}: LuaJIT reads {theirs}, we refuse"));
            }
            continue;
        };
        if theirs == "refused" {
            continue;
        }
        compared += 1;
        let ours = repr::repr(&table, read.ty);
        if ours != *theirs && !is_known_fault(text, theirs, &ours) {
            wrong.push(format!("{text}: LuaJIT says {theirs}, we say {ours}"));
        }
    }
    println!("{compared} types compared");
    assert!(compared > 2000, "only {compared} types compared");
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn what_is_printed_reads_back() {
    let mut table = table();
    let mut more: Vec<String> = texts();
    for base in ["__int128", "unsigned __int128", "_Float16", "_Float128", "complex long double", "va_list"] {
        more.extend(DECLARATORS.iter().map(|d| format!("{base} {d}")));
    }
    let mut read = 0;
    for text in &more {
        let Ok(first) = cdef::type_name(&mut table, text.as_bytes(), &[]) else { continue };
        let printed = repr::repr(&table, first.ty);
        let again = cdef::type_name(&mut table, printed.as_bytes(), &[])
            .unwrap_or_else(|e| panic!("{text} prints {printed}, which is refused: {e}"));
        assert_eq!(printed, repr::repr(&table, again.ty), "{text}");
        read += 1;
    }
    assert!(read > 2000, "only {read} read");
}
