//! `ffi.istype`, and which pointers become which without a cast: a cross product of types, LuaJIT as the judge.

#[path = "support/oracle.rs"]
mod oracle;

use ffi_core::cdef;
use ffi_core::ctype::{CType, CTypeTable, QualType, compat};

const POINTED: &[&str] = &[
    "void",
    "char",
    "signed char",
    "unsigned char",
    "bool",
    "short",
    "unsigned short",
    "int",
    "unsigned",
    "long",
    "long long",
    "uint64_t",
    "float",
    "double",
    "complex",
    "struct s",
    "struct t",
    "union u",
    "enum e",
    "enum f",
    "enum neg",
    "struct opaque",
    "int *",
    "const int *",
    "int *const",
    "void *",
    "const void *",
    "char *",
    "struct s *",
    "const struct s *",
    "int **",
];
const ODD: &[&str] = &[
    "int (*)[3]",
    "int (*)[4]",
    "const int (*)[3]",
    "int (*)[]",
    "unsigned (*)[3]",
    "int (*)(void)",
    "int (*)(int)",
    "void (*)(void)",
    "unsigned (*)(void)",
    "int (*)(int, ...)",
    "int (*)(long)",
    "int (**)(void)",
    "long (*)(int)",
    "long long (*)(int)",
    "struct s *(*)(void)",
    "const struct s *(*)(void)",
];
const VALUES: &[&str] = &[
    "bool",
    "char",
    "signed char",
    "uint8_t",
    "short",
    "int",
    "unsigned",
    "long",
    "long long",
    "uint64_t",
    "float",
    "double",
    "long double",
    "complex",
    "complex float",
    "struct s",
    "struct t",
    "union u",
    "enum e",
    "enum f",
    "int[3]",
    "int[4]",
    "unsigned[3]",
    "const int[3]",
    "int[2][3]",
    "const int",
    "const struct s",
    "volatile int",
];

fn pointers() -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for pointed in POINTED {
        for qualifier in ["", " const", " volatile", " const volatile"] {
            if !qualifier.is_empty() && pointed.ends_with("const") {
                continue;
            }
            out.push(format!("{pointed}{qualifier} *"));
        }
    }
    out.extend(ODD.iter().map(|&t| t.to_owned()));
    out
}

fn read(table: &mut CTypeTable, text: &str) -> QualType {
    cdef::type_name(table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{text}: {e}")).ty
}

fn table() -> CTypeTable {
    let mut table = CTypeTable::new();
    cdef::declare(&mut table, oracle::NAMES.as_bytes(), &[]).expect("the names are C");
    table
}

/// What LuaJIT says to `expression` of each ordered pair: `a` and `b` are ctypes.
fn ask(types: &[String], expression: &str) -> Option<Vec<bool>> {
    let list: String = types.iter().map(|t| format!("ffi.typeof('{t}'),\n")).collect();
    let script = format!(
        "local ffi = require 'ffi' ffi.cdef[[{}]]\nlocal list = {{ {list} }}\n\
         for _, a in ipairs(list) do local line = {{}} for i, b in ipairs(list) do\n\
         line[i] = ({expression}) and '1' or '0' end print(table.concat(line)) end",
        oracle::NAMES
    );
    let lines = oracle::luajit(&script)?;
    Some(lines.concat().chars().map(|c| c == '1').collect())
}

fn compare(types: &[String], expression: &str, ours: impl Fn(&CTypeTable, QualType, QualType) -> bool) {
    let Some(theirs) = ask(types, expression) else { return };
    assert_eq!(theirs.len(), types.len() * types.len());
    let mut table = table();
    let read: Vec<QualType> = types.iter().map(|t| read(&mut table, t)).collect();
    let mut wrong = Vec::new();
    for (i, a) in read.iter().enumerate() {
        for (j, b) in read.iter().enumerate() {
            let theirs = theirs[i * read.len() + j];
            if ours(&table, *a, *b) != theirs {
                wrong.push(format!("{} <- {}: LuaJIT says {theirs}", types[i], types[j]));
            }
        }
    }
    let of = read.len() * read.len();
    assert!(theirs.iter().any(|&t| t) && theirs.iter().any(|&t| !t), "the oracle tells nothing apart");
    assert!(wrong.is_empty(), "{} of {of}:\n{}", wrong.len(), wrong[..wrong.len().min(60)].join("\n"));
}

#[test]
fn pointers_convert_as_luajit_converts_them() {
    compare(&pointers(), "pcall(ffi.new, a, ffi.new(b))", |table, to, from| {
        match (table.get(to.id), table.get(from.id)) {
            (CType::Pointer(to), CType::Pointer(from)) => compat::pointer_converts(table, to, from),
            _ => unreachable!("all are pointers"),
        }
    });
}

#[test]
fn istype_agrees_for_pointers() {
    compare(&pointers(), "ffi.istype(a, ffi.new(b))", compat::is_type);
}

#[test]
fn istype_agrees_for_values() {
    let values: Vec<String> = VALUES.iter().map(|&t| t.to_owned()).collect();
    compare(&values, "ffi.istype(a, ffi.new(b))", compat::is_type);
}

#[test]
fn istype_takes_a_pointer_to_a_record_for_it() {
    let mut table = table();
    let [s, t, to_s] = ["struct s", "struct t", "const struct s *"].map(|text| read(&mut table, text));
    assert!(compat::is_type(&table, s, to_s));
    assert!(!compat::is_type(&table, t, to_s) && !compat::is_type(&table, to_s, s));
}

/// LuaJIT knows none but C's own there.
#[test]
#[cfg(all(target_arch = "x86_64", not(windows)))]
fn conventions_do_not_agree() {
    let mut table = table();
    cdef::declare(
        &mut table,
        b"typedef int ours(int); typedef int __attribute__((ms_abi)) theirs(int);",
        &[],
    )
    .unwrap();
    let [ours, theirs] = ["ours", "theirs"].map(|text| read(&mut table, text));
    assert!(compat::pointer_converts(&table, ours, ours) && compat::pointer_converts(&table, theirs, theirs));
    assert!(
        !compat::pointer_converts(&table, ours, theirs)
            && !compat::pointers_compare(&table, ours.id, theirs.id)
    );
}
