//! The C front end: what is refused and in which words, guards against hostile texts, constants and enums judged by `cc`.

mod support;

use std::fmt::Write;
use std::time::{Duration, Instant};

use ffi_core::cdef::{constant_expression, declare, type_name};
use ffi_core::ctype::{CTypeTable, Constant, repr};
use support::{Random, compile_and_run};

fn refused(text: &str) -> String {
    let mut table = CTypeTable::new();
    declare(&mut table, text.as_bytes(), &[]).expect_err(text).to_string()
}

#[test]
fn errors_name_the_token_and_the_line() {
    for (text, words) in [
        ("foo bar;", "declaration specifier expected near 'foo'"),
        ("int a;\nint b;\nblah c;", "declaration specifier expected near 'blah' at line 3"),
        ("int x y;", "';' expected near 'y'"),
        ("int a[3;", "']' expected near ';'"),
        ("int f(unknown_t);", "declaration specifier expected near 'unknown_t'"),
        (
            "# 10 \"some.h\"\n\nint f(unknown_t);",
            "declaration specifier expected near 'unknown_t' at some.h:11",
        ),
        ("struct s { int a; }; struct s { long a; };", "attempt to redefine 's'"),
        ("typedef int t; typedef long t;", "attempt to redefine 't'"),
        ("int a[-1];", "size of C type is unknown or too large near '['"),
        ("struct s { struct s s; };", "size of C type is unknown or too large near 's'"),
        ("/* never closed", "unfinished comment near '/* never closed'"),
        ("int x;\nchar c = 'a;\nint y;", "unfinished string near ''a;' at line 2"),
        ("#include <stdio.h>", "unexpected symbol near '#include'"),
        ("int x", ""),
    ] {
        if words.is_empty() {
            let mut table = CTypeTable::new();
            assert!(declare(&mut table, text.as_bytes(), &[]).is_ok(), "{text}");
        } else {
            assert_eq!(refused(text), words, "{text}");
        }
    }
}

#[test]
fn what_c_does_not_allow_is_refused() {
    for text in [
        "int int x;",
        "int;",
        "unsigned float x;",
        "long long long x;",
        "void v;",
        "int f()[3];",
        "int f()();",
        "int a[3]();",
        "struct { void v; } x;",
        "struct { int f(void); } x;",
        "struct { int a; int a; } x;",
        "struct { int b : 33; } x;",
        "struct { float b : 3; } x;",
        "struct { int b : -1; } x;",
        "int a[1 / 0];",
        "int a[nope];",
        "static int s;",
        "typedef extern int x;",
        "enum e { A, A = 3 };",
        "int f(void, int);",
        "struct;",
        "enum;",
        "union u; struct u;",
        "int x = ;",
        "} int x;",
        "int x);",
        "int (x;",
        "void a[3];",
        "struct incomplete x[3];",
        "int a[][];",
        "int @x;",
        "int x `;",
        "int f(int x y);",
        "typedef int;x;",
        "int ^x;",
    ] {
        let mut table = CTypeTable::new();
        let before = table.len();
        assert!(declare(&mut table, text.as_bytes(), &[]).is_err(), "{text}");
        assert_eq!(table.len(), before, "{text} left types behind");
    }
}

#[test]
fn hostile_texts_are_refused_quickly() {
    let nested = |open: &str, middle: &str, close: &str, n: usize| {
        format!("{}{middle}{}", open.repeat(n), close.repeat(n))
    };
    let mut texts = vec![
        nested("struct { ", "int x;", "} a;", 5000),
        format!("int a[{}];", nested("(", "1", ")", 5000)),
        format!("int {};", nested("(*", "x", ")", 5000)),
        format!("int x = {}1;", "-".repeat(10_000)),
        format!("int x = {}1;", "- ".repeat(10_000)),
        format!("int x = {}1;", "!".repeat(10_000)),
        format!("int {}x;", "*".repeat(100_000)),
        format!("int x{};", "[2]".repeat(10_000)),
        format!("int a[{}];", nested("sizeof(int[", "1", "])", 100)),
        format!("void f({});", nested("void (*)(", "int", ")", 200)),
        format!("typedef int t; void f({});", nested("t (*)(t, ", "t", ")", 60)),
        format!("int x = {}1;", "(int)".repeat(5000)),
        format!("int x = 1{};", " + 1".repeat(100_000)),
        format!("int x = 1{};", " ? 1 : 1".repeat(20_000)),
        "(".repeat(1_000_000),
        "[".repeat(1_000_000),
        "{".repeat(1_000_000),
        "\\\n".repeat(100_000),
        "#pragma pack(push)\n".repeat(10_000),
        "\"".repeat(10_001),
        "/*".repeat(100_000),
        "__attribute__((".repeat(10_000),
        "struct a { struct b { struct c { struct d { ".repeat(50),
        "\u{0}\u{1}\u{2}int\u{ff}x;".to_owned(),
        "#define A B\n#define B A\nint x[A];".to_owned(),
        (0..200).map(|i| format!("#define M{i} (M{} + M{})\n", i + 1, i + 1)).collect::<String>()
            + "#define M200 1\nint x[M0];",
    ];
    let mut random = Random::new(99);
    let words = [
        "int",
        "struct",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "*",
        ";",
        ",",
        "x",
        "1",
        "=",
        "typedef",
        "enum",
        "sizeof",
        "$",
        "&",
        "?",
        ":",
        "\"s\"",
        "'c'",
        "__attribute__((packed))",
        "union",
        "static",
        "const",
        "...",
        "#define A 1\n",
        "\n#pragma pack(1)\n",
        "-",
        "+",
        "asm(\"x\")",
        "_Alignas(8)",
        "0x",
        "1e",
        "/*",
        "*/",
        "\\",
    ];
    for _ in 0..20_000 {
        let n = 1 + random.below(40);
        texts.push((0..n).map(|_| *random.pick(&words)).collect::<Vec<_>>().join(" "));
    }
    let run = move || {
        for text in &texts {
            let start = Instant::now();
            if std::env::var_os("CDATA_TRACE").is_some() {
                eprintln!("{} bytes: {:.60}", text.len(), text.replace('\n', " "));
            }
            let mut table = CTypeTable::new();
            let _ = declare(&mut table, text.as_bytes(), &[]);
            let _ = type_name(&mut table, text.as_bytes(), &[]);
            let _ = constant_expression(&mut table, text.as_bytes(), &[]);
            let taken = start.elapsed();
            assert!(taken < Duration::from_secs(2), "{taken:?}: {}", &text[..text.len().min(200)]);
        }
    };
    // A small stack: a guard that lets too much through falls here.
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

#[test]
fn constants_agree_with_cc() {
    let mut random = Random::new(4);
    let literals = [
        "0",
        "1",
        "7",
        "255",
        "0x7fffffff",
        "0x80000000",
        "0xffffffff",
        "4294967296",
        "1u",
        "2l",
        "3ul",
        "4ll",
        "5ull",
        "0x8000000000000000",
        "'a'",
        "'\\n'",
        "'\\x41'",
        "010",
        "0b11",
        "sizeof(int)",
        "sizeof(long)",
        "sizeof(char[3])",
        "(char)300",
        "(unsigned char)-1",
        "(short)70000",
        "1.5",
        "2.0f",
    ];
    fn expression(random: &mut Random, literals: &[&str], depth: u32) -> String {
        if depth == 0 || random.one_in(4) {
            return (*random.pick(literals)).to_owned();
        }
        let mut inner = || expression(random, literals, depth - 1);
        let (a, b, c) = (inner(), inner(), inner());
        match random.below(8) {
            0 => format!("(-{a})"),
            1 => format!("(!{a})"),
            2 => format!("({a} ? {b} : {c})"),
            3 => format!("((int){a})"),
            4 => format!("({a} {} {b})", random.pick(&["<", ">", "<=", ">=", "==", "!=", "&&", "||"])),
            5 => format!("((long long)({a}) {} (long long)({b}))", random.pick(&["&", "|", "^"])),
            _ => format!("({a} {} {b})", random.pick(&["+", "-", "*"])),
        }
    }
    let mut table = CTypeTable::new();
    let mut program = String::from("#include <stdio.h>\nint main(void) {\n");
    let mut ours = Vec::new();
    for i in 0..3000 {
        let text = expression(&mut random, &literals, 3);
        let value =
            constant_expression(&mut table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{text}: {e}"));
        match value {
            Constant::Int(n, ty) => {
                ours.push((text.clone(), format!("{i} {} {}", n as i64, table.size(ty).unwrap())));
                writeln!(program, "printf(\"{i} %lld %zu\\n\", (long long)({text}), sizeof({text}));")
                    .unwrap();
            }
            Constant::Float(x, ty) => {
                ours.push((text.clone(), format!("{i} {:x} {}", x.to_bits(), table.size(ty).unwrap())));
                writeln!(program, "{{ double d = {text}; printf(\"{i} %llx %zu\\n\", *(unsigned long long *)&d, sizeof({text})); }}").unwrap();
            }
            Constant::Str(_) => panic!("{text}"),
        }
    }
    program.push_str("return 0; }\n");
    let theirs = compile_and_run("constants", &program, &["-fwrapv"]);
    let mut wrong = Vec::new();
    for ((text, mine), line) in ours.iter().zip(theirs.lines()) {
        if mine != line {
            wrong.push(format!("{text}\n  ours {mine}\n  cc   {line}"));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong[..wrong.len().min(6)].join("\n"));
}

#[test]
fn printed_types_read_back() {
    let mut table = CTypeTable::new();
    for text in [
        "int",
        "const char *",
        "int (*)[3]",
        "char *const *",
        "unsigned short",
        "double [3][4]",
        "int &",
        "bool *",
        "complex float",
        "void *(*[2])()",
        "const volatile int *",
        "int64_t [?]",
        "uint64_t",
        "float __attribute__((vector_size(16)))",
        "long double",
        "int (&)[3]",
    ] {
        let ty = type_name(&mut table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{text}: {e}")).ty;
        let printed = repr::repr(&table, ty);
        let again =
            type_name(&mut table, printed.as_bytes(), &[]).unwrap_or_else(|e| panic!("{printed}: {e}")).ty;
        assert_eq!(printed, repr::repr(&table, again), "{text}");
    }
}

#[test]
fn many_declarations_take_no_longer_each() {
    let one = |from: usize, n: usize| -> String {
        (from..from + n).map(|i| format!("typedef struct s{i} {{ int a; struct s{i} *next; }} t{i}; int f{i}(t{i} *, const char *);\n")).collect()
    };
    let mut table = CTypeTable::new();
    let text = one(0, 20_000);
    let start = Instant::now();
    declare(&mut table, text.as_bytes(), &[]).unwrap();
    let first = start.elapsed();
    let start = Instant::now();
    for i in 0..2000 {
        declare(&mut table, one(20_000 + i, 1).as_bytes(), &[]).unwrap();
    }
    let single = start.elapsed();
    println!(
        "20,000 in one: {first:?} ({:.1} MB/s); 2,000 one by one: {single:?}",
        text.len() as f64 / 1e6 / first.as_secs_f64()
    );
    // Not measured closely: that nothing grows with the table.
    assert!(single < first * 5 + Duration::from_secs(1));
}
