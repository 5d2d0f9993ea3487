//! `target.rs`, judged by `cc`: sizes, alignments and signs of C's types, and what the typedef names stand for.

mod support;

use ffi_core::cdef;
use ffi_core::ctype::CTypeTable;
use ffi_core::target;

const TYPES: &[&str] = &[
    "char",
    "signed char",
    "unsigned char",
    "short",
    "unsigned short",
    "int",
    "unsigned int",
    "long",
    "unsigned long",
    "long long",
    "unsigned long long",
    "__int128",
    "unsigned __int128",
    "_Bool",
    "_Float16",
    "float",
    "double",
    "long double",
    "_Float128",
    "float _Complex",
    "double _Complex",
    "long double _Complex",
    "void *",
    "int (*)(void)",
    "int8_t",
    "int16_t",
    "int32_t",
    "int64_t",
    "uint8_t",
    "uint16_t",
    "uint32_t",
    "uint64_t",
    "int_least8_t",
    "int_least16_t",
    "int_least32_t",
    "int_least64_t",
    "uint_least8_t",
    "uint_least16_t",
    "uint_least32_t",
    "uint_least64_t",
    "int_fast8_t",
    "int_fast16_t",
    "int_fast32_t",
    "int_fast64_t",
    "uint_fast8_t",
    "uint_fast16_t",
    "uint_fast32_t",
    "uint_fast64_t",
    "useconds_t",
    "intptr_t",
    "uintptr_t",
    "ptrdiff_t",
    "size_t",
    "ssize_t",
    "wchar_t",
    "char16_t",
    "char32_t",
    "va_list",
    "enum { PLAIN }",
    "enum { NEGATIVE = -1 }",
    "enum { LARGE = 0x80000000 }",
    "enum { LARGER = 0x100000000 }",
];

#[test]
fn sizes_alignments_and_signs_are_the_compilers() {
    let mut program = String::from(
        "#include <stdio.h>\n#include <unistd.h>\n#include <stdint.h>\n#include <stddef.h>\n#include <stdarg.h>\n#include <uchar.h>\n\
         #include <sys/types.h>\n\
         #define INTEGER(t) _Generic(*(t *)0, char: 1, signed char: 1, unsigned char: 1, short: 1, unsigned short: 1, \
         int: 1, unsigned: 1, long: 1, unsigned long: 1, long long: 1, unsigned long long: 1, __int128: 1, \
         unsigned __int128: 1, default: 0)\n\
         int main(void) {\n",
    );
    for name in TYPES {
        let sign = if name.contains("Float") || name.contains("enum") || name.contains("(*)") {
            "0".to_owned()
        } else {
            format!("INTEGER({name})")
        };
        program += &format!(
            "{{ typedef __typeof__({name}) t; printf(\"%zu %zu %d\\n\", sizeof(t), __alignof__(t), {sign}); }}\n"
        );
    }
    program += "printf(\"%d %zu\\n\", (char)-1 < 0, (size_t)__BIGGEST_ALIGNMENT__);\n";
    program += "return 0; }\n";
    let out = support::compile_and_run("target", &program, &[]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), TYPES.len() + 1);
    let mut table = CTypeTable::new();
    for (name, line) in TYPES.iter().zip(&lines) {
        let ty =
            cdef::type_name(&mut table, name.as_bytes(), &[]).unwrap_or_else(|e| panic!("{name}: {e}")).ty;
        let is_integer = !name.contains("enum") && table.integer_kind(ty.id).is_some();
        let ours = format!(
            "{} {} {}",
            table.size(ty.id).unwrap_or(0),
            table.align(ty.id).unwrap_or(0),
            i32::from(is_integer)
        );
        assert_eq!(ours, *line, "{name}");
    }
    let biggest = format!("{} {}", i32::from(target::CHAR_IS_SIGNED), target::BIGGEST_ALIGN);
    assert_eq!(biggest, lines[TYPES.len()]);
}

/// Each integer type against each other: `_Generic` tells which type a typedef name really is, and what the sign is.
#[test]
fn integer_names_mean_the_compilers_types() {
    let names: Vec<&str> = TYPES.iter().copied().filter(|n| n.ends_with("_t")).collect();
    let plain: &[&str] = &[
        "char",
        "signed char",
        "unsigned char",
        "short",
        "unsigned short",
        "int",
        "unsigned int",
        "long",
        "unsigned long",
        "long long",
        "unsigned long long",
    ];
    let mut program = String::from(
        "#include <stdio.h>\n#include <unistd.h>\n#include <stdint.h>\n#include <stddef.h>\n#include <uchar.h>\n#include <sys/types.h>\n\
         int main(void) {\n",
    );
    for name in &names {
        program += &format!("puts(_Generic(({name})0");
        for p in plain {
            program += &format!(", {p}: \"{p}\"");
        }
        program += "));\n";
    }
    program += "return 0; }\n";
    let out = support::compile_and_run("target-names", &program, &[]);
    let lines: Vec<&str> = out.lines().collect();
    assert_eq!(lines.len(), names.len());
    let mut table = CTypeTable::new();
    for (name, real) in names.iter().zip(lines) {
        let ours = cdef::type_name(&mut table, name.as_bytes(), &[]).expect("predefined").ty;
        let theirs = cdef::type_name(&mut table, real.as_bytes(), &[]).expect("C").ty;
        assert_eq!(ours, theirs, "{name} is {real}");
    }
}
