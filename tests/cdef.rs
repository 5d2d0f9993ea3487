//! The C front end: what is refused and in which words, guards against hostile texts, constants and enums judged by `cc`.

mod support;

use std::fmt::Write;
use std::time::{Duration, Instant};

use ffi_core::cdef::{Param, constant_expression, declare, type_name};
use ffi_core::ctype::{CType, CTypeTable, Constant, Convention, Name, Prototype, Tag, dump, repr};
use ffi_core::native::signature::Signature;
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
        // What lang-c has no place for stands at the last token that was read.
        ("int a; long l { short b(\x13(c)); };", "';' expected near '{'"),
        ("/* never closed", "unfinished comment near '/* never closed'"),
        ("int x;\nchar c = 'a;\nint y;", "unfinished string near ''a;' at line 2"),
        ("#include <stdio.h>", "unexpected symbol near '#include'"),
        ("#define N nope\nint x;\nint a[N];", "unexpected symbol near 'N' at line 3"),
        (
            "# 7 \"zlib.h\" 3 4\n/* one\ntwo */ int f(gzFile_t);",
            "declaration specifier expected near 'gzFile_t' at zlib.h:8",
        ),
        ("#line 20 \"my file.h\"\n// c\nint x y;", "';' expected near 'y' at my file.h:21"),
        ("#line 20\nint x y;", "';' expected near 'y' at line 20"),
        ("int a; \\\n\\\nint b c;\nint d;", "';' expected near 'c' at line 1"),
        ("int a;\n/*\n*/ int b c;", "';' expected near 'c' at line 3"),
        ("int a;\nstruct s { int", "'<identifier>' expected near '<eof>' at line 2"),
        ("int a;\nint f(int,", "declaration specifier expected near '<eof>' at line 2"),
        ("int a;\nint b[", "unexpected symbol near '<eof>' at line 2"),
        ("int a;\nint b =", "unexpected symbol near '<eof>' at line 2"),
        ("struct r { int a; };\nint x;\nstruct r { long a; };", "attempt to redefine 'r' at line 3"),
        ("int f(int);\nint f(long);", "attempt to redefine 'f' at line 2"),
        ("int f(int *);\nint f(const long *);", "attempt to redefine 'f' at line 2"),
        ("int f(void *, ...);\nint f(void *);", "attempt to redefine 'f' at line 2"),
        ("extern char *v;\nextern const char *v;", "attempt to redefine 'v' at line 2"),
        ("enum { A = 1 };\nenum { A = 2 };", "attempt to redefine 'A' at line 2"),
        ("struct q { int a;\n int a; };", "attempt to redefine 'a' at line 2"),
        ("struct w {\nint b : 40; };", "invalid C type near 'b' at line 2"),
        ("struct w {\nfloat b : 3; };", "invalid C type near 'b' at line 2"),
        (
            "int a;\nint big[1 << 30][1 << 30][1 << 30];",
            "size of C type is unknown or too large near '[' at line 2",
        ),
        ("struct i { struct undefined u; };", "size of C type is unknown or too large near 'u'"),
        ("void v;\nint y;", "invalid C type near 'v' at line 1"),
        ("int\nf()[3];", "invalid C type near 'f' at line 2"),
        (
            "_Static_assert(sizeof(int) == 8,\n \"no\");",
            "static assertion failed: \"no\" near '_Static_assert' at line 1",
        ),
        ("struct s {\nint a; static_assert(0); };", "static assertion failed near 'static_assert' at line 2"),
        ("int a[3;\nint b;", "']' expected near ';' at line 1"),
        // A `;` that was forgotten, and the like: at the token that cannot stand there, as LuaJIT tells it.
        ("int f1(void)\nvoid f2(void);\nvoid f3(int n);", "';' expected near 'void' at line 2"),
        ("typedef struct { int a; } foo_t\nfoo_t *mk(void);", "';' expected near 'foo_t' at line 2"),
        ("extern int n\nint k(void);", "';' expected near 'int' at line 2"),
        ("struct a { int x; }\nstruct b { int y; };", "'<identifier>' expected near 'struct' at line 2"),
        ("struct a {\nint x\nint y;\n};", "';' expected near 'int' at line 3"),
        ("struct a {\nint x, ;\n};", "'<identifier>' expected near ';' at line 2"),
        ("struct a {\nint x;\n;\nint y;", "declaration specifier expected near ';' at line 3"),
        ("struct a a {\nint x; };", "';' expected near '{' at line 1"),
        ("struct a {\nstatic const int N 3; };", "'=' expected near '3' at line 2"),
        ("struct a {\nstatic const int N = ; };", "unexpected symbol near ';' at line 2"),
        ("int f(int a,);", "declaration specifier expected near ')'"),
        ("int f(int a];\nint b;", "')' expected near ']' at line 1"),
        ("int f(int a b);\nint c;", "')' expected near 'b' at line 1"),
        ("int a[[3];\nint b;", "unexpected symbol near '[' at line 1"),
        ("int;\nint b;", "'<identifier>' expected near ';' at line 1"),
        ("enum {\nA = 1,\nB = 2 C };", "'}' expected near 'C' at line 3"),
        ("__attribute__((noreturn)) void f(void)\nint g(void);", "';' expected near 'int' at line 2"),
        ("enum { Q = 5 / 0 };", "invalid value near '0'"),
        ("int a[1 % 0];", "invalid value near '0'"),
        ("int a}\nint b;", "';' expected near '}' at line 1"),
        ("struct 3x { int a; };", "malformed number near '3x'"),
        ("int x = 08;", "malformed number near '08'"),
        ("enum { A = };", "unexpected symbol near '}'"),
        ("enum { 3 };", "'<identifier>' expected near '3'"),
        ("enum { A B };", "'}' expected near 'B'"),
        ("int for;", "'<identifier>' expected near 'for'"),
        ("int f(a, b);", "declaration specifier expected near 'a'"),
        ("int f(a, b) int a; char *b; { return a; }", "declaration specifier expected near 'a'"),
        ("int a[sizeof(bar_t)];", "unexpected symbol near 'bar_t'"),
        ("class X { int a; };", "declaration specifier expected near 'class'"),
        ("int @;", "'<identifier>' expected near '@'"),
        ("unsigned _BitInt(3) b;", "NYI: _BitInt near '_BitInt'"),
        ("struct __attribute__((ms_struct)) s { int a; };", "NYI: attribute ms_struct near 'ms_struct'"),
        (
            "int a;\n#pragma ms_struct on\nstruct s { int a; };",
            "NYI: pragma ms_struct near 'ms_struct' at line 2",
        ),
        ("struct s {\n#pragma ms_struct on\nint a; };", "NYI: pragma ms_struct near 'ms_struct' at line 2"),
        ("int a;\n_Pragma(\"ms_struct on\") int b;", "NYI: pragma ms_struct near 'ms_struct' at line 2"),
        ("#pragma ms_struct off\n#pragma ms_struct reset\nint x;", ""),
        ("#if 1\nint x;\n#endif", "unexpected symbol near '#if' at line 1"),
        // Nothing is behind a member without an end, and no union has one.
        ("struct s { int a[]; int b; };", "'}' expected near 'b'"),
        ("struct s { int a[?]; int b; };", "'}' expected near 'b'"),
        ("struct s { int a[], b; };", "'}' expected near 'b'"),
        ("struct s { int n; int a[]; int : 3; };", "'}' expected near ':'"),
        ("struct s { int n; int a[]; struct { int b; }; };", "'}' expected near 'struct'"),
        ("union u { int a[]; int b; };", "'}' expected near 'b'"),
        ("union u { int b; int a[]; };", "size of C type is unknown or too large near 'a'"),
        ("struct { union { int a[]; }; };", "size of C type is unknown or too large near 'a'"),
        (
            "struct v { int a[?]; }; struct s { struct v v; int b; };",
            "size of C type is unknown or too large near 'b'",
        ),
        (
            "struct v { int a[?]; }; union u { int b; struct v v; };",
            "size of C type is unknown or too large near 'v'",
        ),
        (
            "struct v { int n; int a[]; }; struct s { struct v v; int b; }; union u { struct v v; int b; };",
            "",
        ),
        ("struct s { int n; struct { int a[]; }; int b; }; struct t { int n; int a[]; enum { Q }; };", ""),
        // No integers.
        ("int a[1.5];", "invalid value near '1.5'"),
        ("struct { int a[2.0]; };", "invalid value near '2.0'"),
        ("int f(int a[1.5]);", "invalid value near '1.5'"),
        ("enum { E = 1.5 };", "invalid value near '1.5'"),
        ("enum { E = (char *)0 };", "invalid value near '('"),
        ("#define P (char *)4\nint a[P];", "invalid value near 'P' at line 2"),
        ("int a[\"a\"];", "invalid value near '\"a\"'"),
        ("struct { int a : 1.5; };", "invalid value near '1.5'"),
        ("int a[(int)1.5]; enum { E = 1.5 > 0.5, F = 1.5 ? 2 : 3, G = !1.5, H = (int)(char *)3 };", ""),
        // No alignments.
        ("_Alignas(3) int x;", "bad alignment near 'x'"),
        ("_Alignas(3) int f(void);", "bad alignment near 'f'"),
        ("int x __attribute__((aligned(-1)));", "size of C type is unknown or too large near 'x'"),
        (
            "struct { int x __attribute__((aligned(-1))); };",
            "size of C type is unknown or too large near 'x'",
        ),
        ("_Alignas(8) int x; _Alignas(0) int y; extern int z __attribute__((aligned(unknown)));", ""),
        // A register is a parameter's, or named.
        ("register int x;", "bad storage class near 'register'"),
        ("extern register int x;", "bad storage class near 'register'"),
        ("register struct s { int a; };", "bad storage class near 'register'"),
        ("struct s { register int a; };", "bad storage class near 'register'"),
        ("auto int x;", "bad storage class near 'auto'"),
        ("int f(auto int x);", "bad storage class near 'auto'"),
        ("int f(register int x, int (*g)(register int)); register long sp __asm__(\"rsp\");", ""),
        // Only a parameter's length may be `*`.
        ("int *x[*];", "unexpected symbol near ']'"),
        ("int (*x)[*];", "unexpected symbol near ']'"),
        ("typedef int x[*];", "unexpected symbol near ']'"),
        ("struct { int x[*]; };", "unexpected symbol near ']'"),
        ("int x[sizeof(int[*])];", "unexpected symbol near ']'"),
        ("int f(int x[*], int (*y)[*], int [*], int z[const *]); int x[?]; typedef int y[?];", ""),
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

/// What grows out of hand takes minutes; all else, on a slow machine and without optimization, some seconds. (An emulator's time is no measure.)
fn limit() -> Duration {
    Duration::from_secs(if std::env::var_os("CDATA_RUN").is_some() { 60 } else { 10 })
}

#[test]
fn hostile_texts_are_refused_quickly() {
    let nested = |open: &str, middle: &str, close: &str, n: usize| {
        format!("{}{middle}{}", open.repeat(n), close.repeat(n))
    };
    let mut texts = vec![
        nested("struct { ", "int x;", "} a;", 5000),
        format!("int a[{}];", nested("(", "1", ")", 5000)),
        format!("int a[{}];", nested("(", "1", ")", 63)),
        format!("int a[{}];", nested("(-(int)", "1", ")", 63)),
        format!("int a[{}];", nested("sizeof(-", "1", ")", 63)),
        format!("int a[{}];", nested("(f(", "1", "))", 63)),
        format!("int a[{}];", nested("(1 ? (2) : ", "1", ")", 63)),
        format!("int a[{}];", nested("(1 + (int (*(*", "", ")(int))[2])1)", 30)),
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
        format!("{}int x __asm__(\"rbx\");", "register ".repeat(200_000)),
        format!("{}int x = 1", "constexpr ".repeat(200_000)),
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
    let limit = limit();
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
            assert!(taken < limit, "{taken:?}: {}", &text[..text.len().min(200)]);
        }
    };
    // A small stack: a guard that lets too much through falls here.
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

/// What a type of a chain is asked by the floors above.
fn walk(table: &mut CTypeTable, name: &str) {
    let ty = type_name(table, name.as_bytes(), &[]).unwrap().ty;
    let (size, _, _) = (table.size(ty.id), table.align(ty.id), table.variable_element(ty.id));
    if let CType::Record(id) = table.get(ty.id) {
        assert_eq!(table.find_field(id, "nothing"), None);
    }
    declare(table, b"typedef $ walked;", &[Param::Type(ty)]).unwrap();
    assert!(dump::dump(table, &["walked"]).contains("walked"));
    repr::repr(table, ty);
    if size.is_some() && !matches!(table.get(ty.id), CType::Array { .. }) {
        let prototype =
            Prototype { result: ty, params: &[ty, ty], variadic: false, convention: Convention::C };
        let _ = Signature::new(table, prototype, &[]);
        let _ = Signature::through_libffi(table, prototype, &[]);
    }
}

/// Types that are made one of another, over many declarations, are refused before what walks over them takes long or falls.
#[test]
fn chains_of_types_are_refused_quickly() {
    // The first type, and one made of the one before (`@`).
    let chains = [
        ("struct a0 { int x; };", "struct a# { struct a@ m; };"),
        ("struct a0 {};", "struct a# { struct a@ a, b; };"),
        ("struct a0 { double x; };", "struct a# { struct a@; struct a@; };"),
        ("union a0 { long double x; };", "union a# { union a@ a, b; };"),
        ("struct a0 {};", "struct a# { struct a@ m[16]; };"),
        ("struct a0 { int x; };", "struct a# { int n; struct a@ m[]; };"),
        ("struct a0 { int x; };", "struct a# { int n; struct a@ m[]; }; void f#(int n, struct a# p[n]);"),
        ("struct a0 { int x; };", "struct a#; void f#(struct a# *p[]); struct a# { struct a@ m; };"),
        ("typedef int a0;", "typedef a@ a#[1];"),
        ("typedef int a0;", "typedef a@ *a#;"),
        ("typedef int a0;", "typedef a@ *const *a#[2];"),
        ("typedef int a0;", "typedef void (*a#)(a@);"),
        ("typedef int a0;", "typedef a@ (*a#)(void);"),
        ("typedef int a0;", "typedef void (*a#)(a@, a@);"),
        ("typedef int a0;", "typedef a@ (*a#)(int, a@, ...);"),
        ("typedef int a0;", "typedef struct { a@ *p; } a#;"),
        ("typedef int a0;", "typedef struct { a@ *p, *q; } a#;"),
        ("typedef int a0;", "typedef struct { a@ (*f)(a@); } a#;"),
    ];
    let step =
        |form: &str, i: usize| form.replace('#', &i.to_string()).replace('@', &(i - 1).to_string()) + "\n";
    let limit = limit();
    let run = move || {
        for (first, form) in chains {
            let start = Instant::now();
            let text: String = (1..=50_000).map(|i| step(form, i)).collect();
            let refusal = refused(&format!("{first}\n{text}"));
            assert!(refusal.starts_with("chunk has too many syntax levels near '"), "{form}: {refusal}");
            // The last one that is let through bears whatever is done with it.
            let mut table = CTypeTable::new();
            declare(&mut table, first.as_bytes(), &[]).unwrap();
            let refused =
                (1..).find(|&i| declare(&mut table, step(form, i).as_bytes(), &[]).is_err()).unwrap();
            let word =
                if first.starts_with("typedef") { "" } else { first.split_inclusive(' ').next().unwrap() };
            assert!(refused > 10, "{form}");
            walk(&mut table, &format!("{word}a{}", refused - 1));
            let taken = start.elapsed();
            assert!(taken < limit, "{taken:?}: {form}");
        }
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}

/// Two chains that mean the same, but for the first, are compared in no time.
#[test]
fn alike_chains_are_compared_quickly() {
    let mut table = CTypeTable::new();
    let mut text = String::from("typedef unsigned int a0; typedef enum { ONE } b0;");
    for i in 1..16 {
        let before = i - 1;
        write!(
            text,
            "typedef void (*a{i})(a{before}, a{before}); typedef void (*b{i})(b{before}, b{before});"
        )
        .unwrap();
    }
    declare(&mut table, text.as_bytes(), &[]).unwrap();
    let alike = constant_expression(&mut table, b"__builtin_types_compatible_p(a15, b15)", &[]);
    assert!(matches!(alike, Ok(Constant::Int(1, _))));
    // Records without tags, twice over.
    let mut text = String::from("typedef struct { int x; } c0;");
    for i in 1..15 {
        write!(text, "typedef struct {{ c{0} *p, *q; }} c{i};", i - 1).unwrap();
    }
    let start = Instant::now();
    declare(&mut table, text.as_bytes(), &[]).unwrap();
    declare(&mut table, text.as_bytes(), &[]).unwrap();
    assert!(start.elapsed() < Duration::from_secs(10));
}

/// Behind a pointer a record with a tag is no level: lists and graphs of them may be as long as they like.
#[test]
fn records_may_lead_to_each_other_without_end() {
    let mut text = String::from("struct a0 { int x; };");
    for i in 1..20_000 {
        write!(text, "struct a{i} {{ struct a{0} *p, *(*f)(struct a{0}); struct a{i} *self; }};", i - 1)
            .unwrap();
    }
    let mut table = CTypeTable::new();
    declare(&mut table, text.as_bytes(), &[]).unwrap();
    let ty = type_name(&mut table, b"struct a19999", &[]).unwrap().ty;
    assert_eq!(table.size(ty.id), Some(24));
}

#[test]
fn records_of_many_fields_are_read_quickly() {
    let fields = |n: usize| (0..n).map(|i| format!("int m{i}; int : 3; ")).collect::<String>();
    let mut table = CTypeTable::new();
    let many = fields(60_000);
    let start = Instant::now();
    declare(&mut table, format!("struct many {{ {many} }};").as_bytes(), &[]).unwrap();
    let taken = start.elapsed();
    assert!(taken < limit(), "{taken:?}");
    // None has its name twice, be they few or many; one record's names are none of the next one's.
    let few = fields(100);
    for name in ["m0", "m15", "m16", "m17", "m99"] {
        let text = format!("struct again {{ {few} int {name}; }};");
        let error = declare(&mut table, text.as_bytes(), &[]).unwrap_err();
        assert_eq!(error.to_string(), format!("attempt to redefine '{name}'"));
    }
    declare(&mut table, format!("struct one {{ {few} }}; struct two {{ {few} }};").as_bytes(), &[]).unwrap();
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

/// What headers have in constants besides arithmetic.
#[test]
fn builtins_and_selections_agree_with_cc() {
    let expressions = [
        "__builtin_popcount(255)",
        "__builtin_popcountl(-1)",
        "__builtin_clz(1)",
        "__builtin_clzll(1)",
        "__builtin_ctz(8)",
        "__builtin_ffs(0)",
        "__builtin_ffsll(1LL << 40)",
        "__builtin_parity(7)",
        "__builtin_clrsb(-1)",
        "__builtin_clrsbl(5)",
        "__builtin_bswap16(0x1234)",
        "__builtin_bswap32(0x12345678)",
        "__builtin_bswap64(0x123456789abcdef0)",
        "__builtin_strlen(\"abc\")",
        "__builtin_constant_p(3)",
        "__builtin_choose_expr(1, 2, 3L)",
        "__builtin_expect(5, 1)",
        "__builtin_offsetof(struct { int a; int b[4]; }, b[2])",
        "_Generic(1, int: 10, long: 20)",
        "_Generic(1L, int: 10, long long: 30, long: 20)",
        "_Generic((char)1, default: 5, int: 6)",
        "_Generic(1.0f, double: 3, float: 4, default: 5)",
        "_Generic(\"text\", char *: 7, default: 8)",
        "_Generic((const int *)0, int *: 1, const int *: 2)",
        "sizeof(__typeof__(1 + 2L))",
        "sizeof(\"abc\" \"de\")",
        "_Alignof(struct { char c; long l; })",
        "__alignof__(double)",
        "'\\x41' + L'\\u00e9'",
        "(int)3.7 + 0b101 + 010",
        "sizeof(\"\\e[0m\\033\\x1b\")",
        "sizeof(\"\\u00e9\\U0001f600\\?\")",
        "sizeof(L\"\\u00e9\")",
        "sizeof(\"ab\" L\"cd\")",
        "sizeof(u\"a\\U0001f600\") + sizeof(U\"a\\U0001f600\")",
        "(U'a' - 98 > 0) + (u'a' - 98 > 0)",
        "_Generic(L\"a\"[0], char: 1, __typeof__(L'a'): 2)",
        "_Generic((unsigned *)0, int *: 1, default: 2)",
        "__builtin_choose_expr(__builtin_types_compatible_p(int, int), 1L, 2)",
        "__builtin_types_compatible_p(struct { int x; }, int) + sizeof(int[1 + __builtin_types_compatible_p(int, const int)])",
    ];
    let mut table = CTypeTable::new();
    let mut program = String::from("#include <stdio.h>\nint main(void) {\n");
    let mut ours = Vec::new();
    for text in expressions {
        let value = constant_expression(&mut table, text.as_bytes(), &[]);
        let Constant::Int(n, ty) = value.unwrap_or_else(|e| panic!("{text}: {e}")) else { panic!("{text}") };
        ours.push(format!("{} {} {text}", n as i64, table.size(ty).unwrap()));
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"").replace('%', "%%");
        writeln!(program, "printf(\"%lld %zu {quoted}\\n\", (long long)({text}), sizeof({text}));").unwrap();
    }
    program.push_str("return 0; }\n");
    let theirs = compile_and_run("builtins", &program, &[]);
    assert_eq!(ours, theirs.lines().collect::<Vec<_>>());
}

/// Numbers with suffixes, and GCC's words for what is no finite number: value and size.
#[test]
fn floating_constants_agree_with_cc() {
    let mut expressions = vec![
        "0.1",
        "0.1f",
        "0.1L",
        "0.1F32",
        "0.1f64",
        "0.1F32x",
        "0.1F64x",
        "0.1f128",
        "0x1.999999999999ap-4F32",
        "1'000.5F32",
        "3.141592653589793238462643383279502884f32",
        "0.1F32 + 0.2F32",
        "0.1F32 + 0.2",
        "1 ? 0.1F32 : 1",
        "1 ? 16777217 : 0.1F32",
        "(_Float32)0.1",
        "-.5F32",
        "__builtin_huge_val()",
        "__builtin_huge_valf()",
        "__builtin_huge_vall()",
        "__builtin_huge_valf32()",
        "__builtin_huge_valf64()",
        "__builtin_huge_valf32x()",
        "__builtin_huge_valf64x()",
        "__builtin_huge_valf128()",
        "__builtin_inf()",
        "-__builtin_inff()",
        "__builtin_infl()",
        "__builtin_inff32()",
        "__builtin_inff64()",
        "__builtin_inff128()",
        "__builtin_inff32x()",
        "__builtin_inff64x()",
        "__builtin_nan(\"\")",
        "__builtin_nanf(\"\")",
        "__builtin_nanl(\"\")",
        "__builtin_nanf32(\"\")",
        "__builtin_nanf64x(\"\")",
        "__builtin_nansf(\"\")",
        "__builtin_nans(\"\")",
    ];
    if cfg!(target_arch = "x86_64") {
        expressions.extend(["0.1d", "0.1w", "0.1Q", "0.1F16", "1e5F16", "1e-7F16 + 0.3F16", "65519.9F16"]);
        expressions.extend(["6.1e-5F16", "(_Float16)0.1", "__builtin_infq()", "__builtin_huge_valq()"]);
        expressions.extend(["__builtin_inff16()", "__builtin_huge_valf16()", "__builtin_nanf16(\"\")"]);
    }
    let mut table = CTypeTable::new();
    let mut program =
        String::from("#include <stdio.h>\n#include <string.h>\nint main(void) {\ndouble x; long long n;\n");
    let mut ours = Vec::new();
    for text in expressions {
        let value = constant_expression(&mut table, text.as_bytes(), &[]);
        let Constant::Float(x, ty) = value.unwrap_or_else(|e| panic!("{text}: {e}")) else {
            panic!("{text}")
        };
        let shown = if x.is_nan() { "nan".to_owned() } else { format!("{:x}", x.to_bits()) };
        ours.push(format!("{shown} {} {text}", table.size(ty).unwrap()));
        let quoted = text.replace('"', "\\\"");
        let text = text.replace('\'', "");
        // (GCC computes with `_Float16` in a larger type; the cast makes it one.)
        writeln!(
            program,
            "x = (__typeof__({text}))({text}); memcpy(&n, &x, 8); if (x != x) printf(\"nan\"); else printf(\"%llx\", n);"
        )
        .unwrap();
        writeln!(program, "printf(\" %zu {quoted}\\n\", sizeof({text}));").unwrap();
    }
    program.push_str("return 0; }\n");
    let theirs = compile_and_run("floats", &program, &[]);
    assert_eq!(ours, theirs.lines().collect::<Vec<_>>());
}

/// What `math.h` defines with such numbers, as `cc` has it.
#[test]
fn constants_of_math_h_agree_with_cc() {
    let head = "#define _GNU_SOURCE\n#include <math.h>\n";
    let names =
        ["M_PI", "M_PIf32", "M_PIf64", "M_PIf32x", "M_PIl", "HUGE_VAL", "HUGE_VALF", "HUGE_VALL", "INFINITY"];
    let file = std::env::temp_dir().join(format!("cdata-math-{}.c", std::process::id()));
    std::fs::write(&file, head).unwrap();
    let text = std::process::Command::new("cc").args(["-E", "-dD"]).arg(&file).output().unwrap().stdout;
    std::fs::remove_file(&file).unwrap();
    let mut table = CTypeTable::new();
    declare(&mut table, &text, &[]).unwrap();
    let mut program =
        format!("{head}#include <stdio.h>\n#include <string.h>\nint main(void) {{\ndouble x; long long n;\n");
    let mut ours = Vec::new();
    for name in names {
        // musl has fewer.
        let Some(Name::Constant(Constant::Float(x, ty))) = table.name(name) else {
            assert!(name.starts_with("M_PI") && cfg!(not(target_env = "gnu")), "{name}");
            continue;
        };
        ours.push(format!("{:x} {} {name}", x.to_bits(), table.size(*ty).unwrap()));
        writeln!(
            program,
            "x = {name}; memcpy(&n, &x, 8); printf(\"%llx %zu {name}\\n\", n, sizeof({name}));"
        )
        .unwrap();
    }
    program.push_str("return 0; }\n");
    let theirs = compile_and_run("math", &program, &[]);
    assert_eq!(ours, theirs.lines().collect::<Vec<_>>());
}

/// An imaginary number is no real one: it is C, but no constant.
#[test]
fn imaginary_numbers_are_no_constants() {
    for number in [
        "1i", "1.0i", "1.0j", "1.0J", "1.0I", "1.0iF", "1.0Fi", "1.0il", "1liu", "1ulli", "0x1p3i",
        "1.0f32i", "2.0if32",
    ] {
        let mut table = CTypeTable::new();
        for text in [number.to_owned(), format!("1 + 2 * {number}"), format!("(double){number}")] {
            let error = constant_expression(&mut table, text.as_bytes(), &[]).expect_err(&text);
            assert_eq!(error.to_string(), format!("malformed number near '{number}'"), "{text}");
        }
        let text = format!(
            "#define II {number}\n#define JJ (1 + II)\ndouble _Complex z = {number}; static const int k = 2;"
        );
        declare(&mut table, text.as_bytes(), &[]).unwrap();
        assert!(table.name("II").is_none() && table.name("JJ").is_none(), "{number}");
        assert!(table.name("z").is_some() && table.name("k").is_some(), "{number}");
        declare(&mut table, b"int a[II];", &[]).unwrap_err();
        declare(&mut table, format!("static const double y = {number};").as_bytes(), &[]).unwrap_err();
    }
    let text = b"enum { A = 1ij };";
    assert_eq!(
        declare(&mut CTypeTable::new(), text, &[]).unwrap_err().to_string(),
        "malformed number near '1ij'"
    );
}

#[test]
fn a_constexpr_may_be_static_too() {
    let mut table = CTypeTable::new();
    let text = "static constexpr int a = 5; constexpr static unsigned b = 6; constexpr int static c = 7; constexpr int d = 8;
        static inline constexpr const char *e = \"text\"; const int static constexpr f = 9; int g[a + d];";
    declare(&mut table, text.as_bytes(), &[]).unwrap();
    for (name, n) in [("a", 5), ("b", 6), ("c", 7), ("d", 8), ("f", 9)] {
        let found = table.name(name);
        assert!(matches!(found, Some(Name::Constant(Constant::Int(m, _))) if *m == n), "{name}: {found:?}");
    }
    assert!(matches!(table.name("e"), Some(Name::Constant(Constant::Str(_)))));
    for text in [
        "constexpr int x;",
        "static constexpr int x;",
        "static constexpr static int x = 1;",
        "typedef constexpr int x;",
    ] {
        declare(&mut table, text.as_bytes(), &[]).expect_err(text);
    }
}

/// `\u00e9` is the letter, in names and strings; what it may not be in C stays as it stands.
#[test]
fn universal_names_are_their_characters() {
    let mut table = CTypeTable::new();
    let text = "int \\u00e9x; struct \\U0001F600 { int a\\u00df; }; enum { \\u00C9 = 3, \\u4e2d\\u6587 };
        #define NAME \"\\u00e9\\\\u00e9\"\n#define \\u00f1 4\nint z[\u{c9}];";
    declare(&mut table, text.as_bytes(), &[]).unwrap();
    assert!(matches!(table.name("\u{e9}x"), Some(Name::Variable { .. })));
    assert!(table.tag("\u{1f600}").is_some());
    assert!(matches!(table.name("\u{4e2d}\u{6587}"), Some(Name::Constant(Constant::Int(4, _)))));
    let Some(Name::Constant(Constant::Str(bytes))) = table.name("NAME") else { panic!("no text") };
    assert_eq!(&**bytes, "\u{e9}\\u00e9".as_bytes());
    for text in ["int \\u0041;", "int \\u00e;", "int \\ud800;", "int \\u;"] {
        assert_eq!(refused(text), "'<identifier>' expected near '\\'", "{text}");
    }
}

/// Every type of a table with every other.
#[test]
fn types_are_compatible_where_cc_says_so() {
    let declarations = "enum e { E1 }; enum f { F1 = -1 }; struct s { int x; }; union u { int x; };
        typedef int aligned __attribute__((aligned(16))); typedef int lanes __attribute__((vector_size(16)));
        typedef int T; typedef const int C; typedef int (*function)(int, ...);";
    let types = [
        "int",
        "unsigned",
        "const int",
        "T",
        "C",
        "aligned",
        "char",
        "signed char",
        "unsigned char",
        "_Bool",
        "short",
        "long",
        "unsigned long",
        "long long",
        "__int128",
        "float",
        "double",
        "long double",
        "__float128",
        "double _Complex",
        "void",
        "const void",
        "enum e",
        "enum f",
        "struct s",
        "union u",
        "lanes",
        "int *",
        "const int *",
        "int *const",
        "int *const *",
        "T *",
        "C *",
        "aligned *",
        "void *",
        "enum e *",
        "unsigned *",
        "int []",
        "int [3]",
        "const int [3]",
        "C [3]",
        "int [4]",
        "int [3][2]",
        "int [][2]",
        "const int [3][2]",
        "int (*)[]",
        "int (*)[3]",
        "const int (*)[3]",
        "C (*)[3]",
        "int (int)",
        "int (const int)",
        "int (*)(int)",
        "int (*)(T)",
        "int (*)(int, ...)",
        "function",
        "int (*)(enum e)",
        "int (*)(unsigned)",
        "void (*)(int)",
        "int (*)(void)",
        "int (*)(int *)",
        "int (*)(int [3])",
        "int __attribute__((ms_abi)) (*)(int)",
        "struct s *",
        "const struct s *",
        "union u *",
    ];
    let mut table = CTypeTable::new();
    declare(&mut table, declarations.as_bytes(), &[]).unwrap();
    let mut program = format!("#include <stdio.h>\n{declarations}\nint main(void) {{\n");
    let mut ours = Vec::new();
    // GCC has no such word there.
    let types = types.into_iter().filter(|t| *t != "__float128" || cfg!(target_arch = "x86_64"));
    for a in types.clone() {
        for b in types.clone() {
            let text = format!("__builtin_types_compatible_p({a}, {b})");
            let value = constant_expression(&mut table, text.as_bytes(), &[]);
            let Constant::Int(n, _) = value.unwrap_or_else(|e| panic!("{text}: {e}")) else {
                panic!("{text}")
            };
            ours.push(format!("{n} {text}"));
            writeln!(program, "printf(\"%d {text}\\n\", {text});").unwrap();
        }
    }
    program.push_str("return 0; }\n");
    let theirs = compile_and_run("compatible", &program, &[]);
    let wrong: Vec<_> = ours.iter().zip(theirs.lines()).filter(|(a, b)| a != b).collect();
    assert!(wrong.is_empty(), "ours, cc's: {wrong:#?}");
    assert_eq!(ours.len(), theirs.lines().count());
}

/// Declarations in GNU's and C23's words, and types by name in them.
#[test]
fn unusual_declarations_have_the_compiler_s_layout() {
    let rows = [
        ("enum __attribute__((packed)) e1 { A1, B1 = 200 };", "enum e1"),
        ("enum e2 { A2 = -1, B2 = 127 } __attribute__((__packed__));", "enum e2"),
        ("enum e3 { A3 = -1, B3 = 128 } __attribute__((packed));", "enum e3"),
        ("enum e4 { A4 = 0x7fffffffffffffff, B4 = -1 };", "enum e4"),
        ("enum e5 { A5 = 0xffffffffffffffff };", "enum e5"),
        ("typedef float f6; typedef f6 v6 __attribute__((vector_size(16)));", "v6"),
        ("typedef int v7 __attribute__((vector_size(8)));", "v7"),
        ("typedef unsigned m8 __attribute__((mode(byte)));", "m8"),
        #[cfg(not(target_arch = "aarch64"))] // GCC has none there.
        ("typedef _Decimal32 d9; struct s9 { char c; d9 d; _Decimal64 e; _Decimal128 f; };", "struct s9"),
        ("struct s10 <% char c; int a<:3:>; %>;", "struct s10"),
        ("_Pragma(\"pack(push, 2)\") struct s11 { char c; int i; }; _Pragma(\"pack(pop)\")", "struct s11"),
        (
            "struct s12 { char c; __extension__ union { int i; long l; }; } __attribute__((packed, aligned(2)));",
            "struct s12",
        ),
        ("struct s13 { int a : 3, : 0, b : 4; _Bool c : 1; unsigned long long d : 40; };", "struct s13"),
        ("struct s14 { _Atomic char c; _Atomic(long) l; };", "struct s14"),
        ("typedef struct { unsigned char b[16]; } t15 __attribute__((aligned(__alignof__(int))));", "t15"),
        ("typedef union { int *i; const int *c; } t16 __attribute__((transparent_union));", "t16"),
        ("struct s17 { int n; struct { int a; } items[]; };", "struct s17"),
        ("struct [[gnu::packed]] s18 { char c; int a; };", "struct s18"),
        ("typedef __typeof__(1 + 2L) t19;", "t19"),
        ("typedef __int128 t20; struct s20 { char c; t20 t; };", "struct s20"),
        ("struct u22 { int a; }; typedef struct u22 __attribute__((aligned(16))) t22;", "t22"),
        (
            "struct u23 { int a; }; struct s23 { char c; struct u23 __attribute__((aligned(32))) d; };",
            "struct s23",
        ),
        ("struct s21 { char c; _Alignas(16) char d; };", "struct s21"),
    ];
    let mut table = CTypeTable::new();
    let mut program = String::from("#include <stdio.h>\n");
    let mut questions = String::new();
    let mut ours = Vec::new();
    for (text, name) in rows {
        declare(&mut table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{text}: {e}"));
        let ty = type_name(&mut table, name.as_bytes(), &[]).unwrap().ty;
        ours.push(format!("{name} {} {}", table.size(ty.id).unwrap(), table.align(ty.id).unwrap()));
        writeln!(program, "{text}").unwrap();
        writeln!(questions, "printf(\"{name} %zu %zu\\n\", sizeof({name}), __alignof__({name}));").unwrap();
    }
    writeln!(program, "int main(void) {{ {questions} return 0; }}").unwrap();
    let theirs = compile_and_run("unusual", &program, &["-std=gnu2x"]);
    assert_eq!(ours, theirs.lines().collect::<Vec<_>>());
}

/// What stands in bodies and macros is passed over, whatever it is.
#[test]
fn bodies_and_macros_are_passed_over() {
    let mut table = CTypeTable::new();
    let text = r#"
        #define STATEMENT ({ int x = 3; x; })
        #define CALL(a) f(a)
        #define HALF (1 +
        #define SELECTED(x) _Generic(x, int: 1, default: 2)
        static inline int a(void) { return ({ int x = 3; x; }); }
        static inline int b(int v) { return _Generic(v, int: 1, default: 2); }
        static inline int c(void) { __auto_type y = 3; int inner(int z) { return z; } return inner(y); }
        extern __inline __attribute__((__gnu_inline__)) int d(int v) { if (v) { return '}'; } return "}"[0]; }
        int e(void) __attribute__((weak, alias("a"), visibility("default")));
        asm(".globl nothing"); __asm__ volatile ("nop");
        static float __attribute__((__overloadable__)) over(float x) { return x; }
        static double __attribute__((__overloadable__)) over(double x) { return x; }
        static struct none over() __attribute__((unavailable, overloadable));
        typedef union { struct none *simple; struct one { int i; } complex; struct one *complex2, many[2]; } named;
        typedef struct { int *complex; } named2; double complex z1(double complex, complex float, const complex);
        int last;
    "#;
    declare(&mut table, text.as_bytes(), &[]).unwrap();
    // Linux's comedi.h nests 31 deep.
    let deep = format!("enum {{ DEEP = {}0x8000u{} }};", "(".repeat(60), " + ((-1) & (7)))".repeat(60));
    declare(&mut table, deep.as_bytes(), &[]).unwrap();
    assert!(matches!(table.name("DEEP"), Some(Name::Constant(Constant::Int(n, _))) if *n == 0x8000 + 60 * 7));
    for name in ["a", "b", "c", "d", "e", "over", "named", "z1", "last"] {
        assert!(table.name(name).is_some(), "{name}");
    }
    for name in ["STATEMENT", "CALL", "HALF", "SELECTED"] {
        assert!(table.name(name).is_none(), "{name}");
    }
}

#[test]
fn a_transparent_union_takes_what_its_members_take() {
    let mut table = CTypeTable::new();
    let text = "
        struct s; struct t;
        typedef union { const struct s *a; const struct t *b; } readable __attribute__((__transparent_union__));
        union __attribute__((transparent_union)) writable { struct s *a; const struct t *b; };
        typedef union { struct s *a; int b; } mixed __attribute__((transparent_union));
        typedef union { struct s *a; void (*b)(void); } code __attribute__((transparent_union));
        typedef union { struct s *a; } plain;
        typedef struct { struct s *a; } record __attribute__((transparent_union));
        int f1(const readable, int); int f2(union writable w); int f3(mixed); int f4(plain); int f5(record);
        int f6(code); void f7(readable *, void (*)(readable));";
    for _ in 0..2 {
        declare(&mut table, text.as_bytes(), &[]).unwrap();
    }
    let printed = |name: &str| match table.name(name) {
        Some(&Name::Function { ty, .. }) => {
            let CType::Function(id) = table.get(ty) else { panic!("{name} is a function") };
            let params = table.function(id).to_function().params;
            params.iter().map(|&ty| repr::repr(&table, ty)).collect::<Vec<_>>().join(", ")
        }
        _ => panic!("{name} is declared"),
    };
    assert_eq!(printed("f1"), "const void *, int");
    assert_eq!(printed("f2"), "void *");
    for name in ["f3", "f4", "f6"] {
        assert!(printed(name).starts_with("union "), "{name}");
    }
    assert!(printed("f5").starts_with("struct "));
    assert!(printed("f7").ends_with("void (*)()"));
    // A failure leaves a union what it was.
    declare(&mut table, b"union late { int *a; };", &[]).unwrap();
    declare(&mut table, b"typedef union late l __attribute__((transparent_union)); nothing x;", &[])
        .unwrap_err();
    let Some(Tag::Record(id)) = table.tag("late") else { panic!("it is declared") };
    assert!(!table.record(id).is_transparent);
}

#[test]
fn a_macro_that_is_a_name_is_another_name_for_it() {
    let mut table = CTypeTable::new();
    let text = "
        int far(long); extern const char *where; typedef int word; enum { ONE = 1 };
        int labelled(void) __asm__(\"other\");
        int taken(void);
        #define near far
        #define nearer near
        #define here where
        #define labelled2 labelled
        #define own own
        #define far far
        #define taken far
        #define word2 word
        #define ONE_AGAIN ONE
        #define nothing nowhere
        #define bracketed (far)
        #define called() far
    ";
    for _ in 0..2 {
        declare(&mut table, text.as_bytes(), &[]).unwrap();
    }
    let function = |name: &str| match table.name(name) {
        Some(Name::Function { ty, symbol }) => (repr::repr(&table, ty.plain()), symbol.as_deref()),
        other => panic!("{name}: {other:?}"),
    };
    assert_eq!(function("near"), ("int ()".to_owned(), Some("far")));
    assert_eq!(function("nearer"), ("int ()".to_owned(), Some("far")));
    assert_eq!(function("labelled2").1, Some("other"));
    assert_eq!(function("far").1, None);
    assert_eq!(function("taken").1, None);
    assert!(matches!(table.name("here"), Some(Name::Variable { symbol: Some(s), .. }) if &**s == "where"));
    assert!(matches!(table.name("ONE_AGAIN"), Some(Name::Constant(Constant::Int(1, _)))));
    for name in ["own", "word2", "nothing", "bracketed", "called"] {
        assert!(table.name(name).is_none(), "{name}");
    }
    // What it stands for may be declared as well; it is the same function then.
    declare(&mut table, b"int near(long);", &[]).unwrap();
    declare(&mut table, b"#define late far\nnothing x;", &[]).unwrap_err();
    assert!(table.name("late").is_none());
    declare(&mut table, b"#define late far", &[]).unwrap();
    assert!(table.name("late").is_some());
}

#[test]
fn what_a_name_of_fixed_width_means_stays() {
    for text in [
        "typedef int uint8_t;",
        "typedef unsigned int8_t;",
        "typedef unsigned char int8_t;",
        "typedef unsigned int size_t;",
        "typedef int ssize_t;",
        "typedef void *uintptr_t;",
        "typedef struct { int a; } int64_t;",
        "typedef float int32_t;",
        "int size_t;",
        "void *ptrdiff_t(void);",
    ] {
        assert!(refused(text).starts_with("attempt to redefine '"), "{text}");
    }
    let mut table = CTypeTable::new();
    for text in [
        "typedef signed char int8_t; typedef unsigned char uint8_t; typedef short int16_t; typedef unsigned uint32_t;",
        "typedef long int64_t; typedef unsigned long long uint64_t; typedef unsigned long size_t, uintptr_t;",
        "typedef long long ssize_t; typedef long ptrdiff_t;",
        "typedef int wchar_t; typedef unsigned char bool; typedef long off_t; typedef short time_t; typedef void *va_list;",
    ] {
        declare(&mut table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}: {text}"));
    }
}

#[test]
fn what_is_declared_again_leaves_nothing_behind() {
    let mut table = CTypeTable::new();
    let text =
        "typedef struct { int a; enum { ONE } e; } t; struct s { t *p; }; int f(struct s *, int (*)(t));";
    declare(&mut table, text.as_bytes(), &[]).unwrap();
    let types = table.len();
    for _ in 0..3 {
        declare(&mut table, text.as_bytes(), &[]).unwrap();
        assert_eq!(table.len(), types);
    }
    // A body for a tag that was there is news.
    declare(&mut table, b"struct late;", &[]).unwrap();
    declare(&mut table, b"struct late { int a; };", &[]).unwrap();
    let late = type_name(&mut table, b"struct late", &[]).unwrap().ty;
    assert_eq!(table.size(late.id), Some(4));
}

#[test]
fn a_predefined_typedef_may_still_be_replaced_after_a_failure() {
    let mut table = CTypeTable::new();
    declare(&mut table, b"typedef char off_t; nothing x;", &[]).unwrap_err();
    let own = type_name(&mut table, b"off_t", &[]).unwrap().ty;
    assert_ne!(table.size(own.id), Some(1), "the failure leaves the meaning that was");
    declare(&mut table, b"typedef char off_t;", &[]).unwrap();
    let own = type_name(&mut table, b"off_t", &[]).unwrap().ty;
    assert_eq!(table.size(own.id), Some(1));
    let error = declare(&mut table, b"typedef short off_t;", &[]).unwrap_err();
    assert_eq!(error.to_string(), "attempt to redefine 'off_t'");
}

#[test]
fn a_constant_outlives_no_type() {
    let mut table = CTypeTable::new();
    for text in ["(enum unknown)3", "(enum { A, B })3", "sizeof(struct unknown *) + (enum other)1"] {
        let before = table.len();
        let Constant::Int(_, ty) = constant_expression(&mut table, text.as_bytes(), &[]).unwrap() else {
            panic!("{text} is an integer");
        };
        assert_eq!(table.len(), before, "{text} declares nothing");
        assert!(ty.index() < table.len(), "{text} is of a type that is there");
    }
}

#[test]
fn functions_that_are_called_alike_are_declared_again() {
    let mut table = CTypeTable::new();
    let text = "enum e { E }; char *f(const char *, void *const *); const char *f(char *name, const void **); int g(enum e); int g(unsigned);
        void h(int (*)(const void *)); void h(int (*)(void *));";
    declare(&mut table, text.as_bytes(), &[]).unwrap();
    let Some(Name::Function { ty, .. }) = table.name("f") else { panic!("f") };
    // The first stands.
    let CType::Function(id) = table.get(*ty) else { panic!("f") };
    let CType::Pointer(to) = table.get(table.function(id).params[0].id) else { panic!("f") };
    assert!(to.qual.is_const());
}
