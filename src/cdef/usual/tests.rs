use crate::cdef::{constant_expression, declare, judge, type_name};
use crate::ctype::CTypeTable;

/// Was all that was read since this was last asked read without lang-c, or nothing of it?
fn was_usual(text: &str) -> bool {
    let counts = judge::counts();
    assert!(counts.by_usual == 0 || counts.by_lang_c == 0, "{counts:?}: {text}");
    counts.by_usual > 0
}

/// `judge` has lang-c read whatever is read here, and compares.
#[test]
fn trees_are_lang_c_s() {
    let mut table = CTypeTable::new();
    for text in [
        "int f(const char *s, unsigned long n);",
        "typedef struct s { int a : 3, b; struct s *next, *const *all[2][3]; int : 0; } *t, u[3];",
        "struct s; struct { } e; union v { struct { int x; }; int y; } v1; struct s f2(struct s, union v);",
        "typedef int T; T *f3(T), (*g3)(void); typedef int T; struct w { T T; };",
        "enum e { A = 1 + 2 * 3, B, C = (A) << 2 | ~1u, D = A ? -B : (int)sizeof(T *), }; enum e f4(enum e e);",
        "int a1[(3)][-1 + 2][010], a2[], *a3[0x1fUL - 3], (*a4)[0b11];",
        "int f5(), f6(int, ...), (f7)(int (int), int (*)(), int [], T (*)[2], char **x[2]);",
        "void (*signal1(int, void (*)(int)))(int); int (*(*f8(void))(int))[3];",
        "const int *const volatile *p1; char const *const p2, *p3; int const volatile i1;",
        "_Complex double z1; _Complex _Float32 z2; long long unsigned int l1; long const long l2; _Float64x x1;",
        "static const int k = -3; extern int i2, i3;",
        "__int128 w1; unsigned __int128 w2; bool b1; size_t n1;",
        "int &r1; int f9(int &, const struct s &); int t3[sizeof(int) * 2 > 3 && 1 != 2];",
        "typedef struct { long l __attribute__((__aligned__(__alignof__(long)))), m; char c : 3 __attribute__((packed)); } max1;",
        "struct al { char c; int a __attribute__((packed)), b __attribute__((aligned(_Alignof(struct s *) * 2))) __attribute__((packed)); };",
        "typedef int word1 __attribute__((__mode__(__word__))), word2; typedef int big1 __attribute__((aligned)), big2;",
        "typedef unsigned q1 __attribute__((mode(QI))) __attribute__((aligned(8))); struct m { int x __attribute__((mode(HI))); q1 v; };",
        "typedef union { const struct s *a; const int *b; } tu1 __attribute__((__transparent_union__)), tu2; int f15(tu1, const tu2, tu1 *, tu1 [2]);",
        "union __attribute__((transparent_union)) tu3 { int *a; struct s *b; }; union tu4 { char *a; void (*b)(void); } __attribute__((transparent_union));",
        "void f16(union tu3, union tu4, tu1 (*)(tu1)); struct tu5 { tu1 t; void (*f)(tu1); } __attribute__((transparent_union)); void f17(struct tu5);",
        "typedef union tu3 tu7; void f18(tu1, tu7);",
        "typedef int f13 (int) __attribute__((aligned(8))); typedef struct s const s8 __attribute__((aligned(8)));",
        "__extension__ typedef long long ext1; __attribute__((__deprecated__)) typedef char *old1; inline int f14(void);",
        "struct\n#\ndir1;\nenum\n# 1 \"file.h\"\ndir2 { DIR2 }\n#define DIR3 3\ndir3; union dir4 {\n#define DIR4 4\nint x; }\n# 2\n*dir5;",
        "typedef unsigned useconds_t; typedef signed char int_least8_t; typedef long int_fast16_t; int_fast64_t fast1; struct open { int n; int a[]; }; enum { F2 = (int)1.5, F3 = 1.0 > 0.5 };",
        "int f12(const T, T const *); int f10(T T); int f11(int T, int x); T f21(T (*f)(int T)); int f22(T a[2], T (b)(T));",
        "enum e0 { E0 = ~0u, E1 = 0L, E2 = 0ULL, E3 = 017 };",
    ] {
        declare(&mut table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert!(was_usual(text), "{text}");
    }
    for text in [
        "const int k2 = (1, 2);",
        "__typeof__(int) t1; __attribute__((transparent_union)) typedef union { int a; } tu6;",
        "int f23(int (*T)(int)); int f24(int T[2]);",
        "int f19(int b[*], int [*]); void f20(register int a); static constexpr int ce1 = 1;",
    ] {
        declare(&mut table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}: {text}"));
        assert!(!was_usual(text), "{text}");
    }
    for text in [
        "int",
        "const char *",
        "struct s *",
        "int [10]",
        "int (*)(int, int)",
        "int (*)[3]",
        "T",
        "T *const *",
        "int (*(*)(T, struct s *))[2]",
        "void (*)()",
        "void (*)(tu6, tu7)",
        "int [?]",
        "int &",
        "unsigned",
        "int (T)",
        "int ()",
        "int * const",
        "T (*[2])(T)",
        "enum e",
        "struct { int x; } *",
        "int (*)",
        "int (((*)))[2]",
        "const T",
    ] {
        type_name(&mut table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}: {text}"));
        // A typedef's name alone is read by nobody.
        assert!(was_usual(text) || text == "T", "{text}");
    }
    for text in [
        "1",
        "A + B * 2",
        "(T)3",
        "-(1)",
        "sizeof(struct s)",
        "1 ? 2 : 3 ? 4 : 5",
        "1.5e-3F + 2. * 0e5",
        "(T)1.0L",
        "((char *)\"a\" \"b\\n\")",
        "u8\"narrow\"",
        "!0 == 1",
    ] {
        let read = constant_expression(&mut table, text.as_bytes(), &[]);
        assert!(read.is_ok() && was_usual(text), "{text}");
    }
    for text in ["sizeof(\"ab\")", "L\"wide\"", "A[0]"] {
        let _ = constant_expression(&mut table, text.as_bytes(), &[]);
        assert!(!was_usual(text), "{text}");
    }
    // (What an attribute says is read apart.)
    let text = "int _Alignas(8) al1; _Alignas(double) int al2;";
    declare(&mut table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}: {text}"));
    judge::counts();
    for text in [
        "struct { int a[]; int b; };",
        "union { int b; int a[]; };",
        "int a[1.5];",
        "enum { F1 = (char *)0 };",
        "struct { int a : 1.5; };",
        "int a[*];",
        "register int a;",
        // A name that a parameter has taken.
        "int f(int T, T x);",
        "int f(int (*T)(T));",
        "int f(int T(T));",
        "int f(int T, int (*)(T));",
        "int f(int T, int a[sizeof(T)]);",
        "#pragma ms_struct on\nint a;",
    ] {
        declare(&mut table, text.as_bytes(), &[]).expect_err(text);
        assert!(!was_usual(text), "{text}");
    }
    for text in ["1i", "1.0iF", "0.1F32 + 0.1F16", "0.1W", "(float)0.1F64x", "__builtin_huge_vall()"] {
        let _ = constant_expression(&mut table, text.as_bytes(), &[]);
        assert!(!was_usual(text), "{text}");
    }
    // What is too much for the one is for the other.
    for n in 1..16 {
        for text in ["!".repeat(n) + "1", "1 &&".to_owned() + &"~ ".repeat(n) + "1"] {
            let _ = constant_expression(&mut table, text.as_bytes(), &[]);
        }
    }
}

/// How far types may reach is one rule, whoever reads them: `judge` compares what is refused, too.
#[test]
fn what_reaches_too_far_is_refused_by_either() {
    for (first, form, last, near) in [
        ("typedef int a0;", "typedef a@ *a#;", 250, "*"),
        ("typedef int a0;", "typedef a@ a#[1];", 250, "["),
        ("typedef int a0;", "typedef void (*a#)(a@);", 125, "("),
        ("struct a0 { int x; };", "struct a# { struct a@ m; };", 249, "m"),
        ("struct a0 { int x; };", "struct a# { struct a@; };", 249, "struct"),
        ("struct a0 { int x; };", "struct a# { int n; struct a@ m[]; };", 124, "m"),
        ("struct a0 { int x; };", "struct a# { struct a@ a, b; };", 16, "b"),
        ("typedef struct { int x; } a0;", "typedef struct { a@ *m; } a#;", 124, "*"),
    ] {
        let mut table = CTypeTable::new();
        declare(&mut table, first.as_bytes(), &[]).unwrap();
        let step = |i: usize| form.replace('#', &i.to_string()).replace('@', &(i - 1).to_string());
        for i in 1..=last {
            let read = declare(&mut table, step(i).as_bytes(), &[]);
            read.unwrap_or_else(|e| panic!("{i}: {e}: {form}"));
        }
        let error = declare(&mut table, step(last + 1).as_bytes(), &[]).unwrap_err();
        assert_eq!(error.message, "chunk has too many syntax levels", "{form}");
        assert_eq!(error.near.as_deref(), Some(near), "{form}");
    }
}

/// Real headers, as far as they are installed.
#[test]
fn headers_read_as_lang_c_reads_them() {
    let headers = [
        "stdio.h",
        "stdlib.h",
        "math.h",
        "complex.h",
        "signal.h",
        "sys/socket.h",
        "pthread.h",
        "zlib.h",
        "sqlite3.h",
    ];
    let mut count = 0;
    for header in headers {
        let out = std::process::Command::new("sh")
            .args(["-c", &format!("echo '#include <{header}>' | cc -E -dD -xc - 2>/dev/null")])
            .output();
        if let Ok(out) = out
            && out.status.success()
        {
            declare(&mut CTypeTable::new(), &out.stdout, &[]).unwrap_or_else(|e| panic!("{header}: {e}"));
            count += 1;
        }
    }
    assert!(count > 0, "no header is installed");
}
