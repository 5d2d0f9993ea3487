//! What `dump` writes reads back as the same types.

use ffi_core::cdef;
use ffi_core::ctype::{CTypeTable, Name, dump, repr};

const TEXT: &str = "
typedef unsigned long ulong_t;
struct point { double x, y; };
struct list { struct list *next; struct point p[3]; int (*f)(struct list *, const char *, ...); };
struct __attribute__((packed)) tight { char c; int i; short s : 5; };
struct raised { char c; } __attribute__((aligned(32)));
union either { int i; float f; struct { short a, b; }; };
enum color { RED = -1, GREEN, BLUE = 7 };
enum small { ONE = 1 } __attribute__((packed));
typedef struct { int q; union either e; enum small s; } nameless;
typedef int matrix[3][4];
typedef union { struct point *p; union either *e; } transparent __attribute__((transparent_union));
typedef float quad __attribute__((vector_size(16)));
typedef const char *const *strings;
int f(ulong_t, struct list *, nameless *, matrix, void (*)(void));
nameless g(struct tight, struct raised, quad, long double, _Complex double);
extern const struct point origin;
int renamed(void) __asm__(\"other_name\");
int bound(const transparent *, transparent);
#define also_renamed renamed
#define NUMBER 0x10
#define TEXT \"a\\\"b\\n\"
#define BIG 18446744073709551615ull
#define REAL 1.5
typedef void (*destructor)(void *);
#define NEVER ((destructor)-1)
#define FAILED ((void *)-1)
";

const NAMES: &[&str] = &[
    "bound",
    "also_renamed",
    "ulong_t",
    "nameless",
    "matrix",
    "quad",
    "strings",
    "f",
    "g",
    "origin",
    "renamed",
    "NUMBER",
    "TEXT",
    "BIG",
    "REAL",
    "NEVER",
    "FAILED",
];

#[test]
fn dumped_text_means_the_same() {
    let mut first = CTypeTable::new();
    cdef::declare(&mut first, TEXT.as_bytes(), &[]).unwrap();
    let text = dump::dump(&first, NAMES);
    let mut second = CTypeTable::new();
    cdef::declare(&mut second, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}\n{text}"));
    for name in NAMES {
        let (a, b) =
            (first.name(name).unwrap(), second.name(name).unwrap_or_else(|| panic!("{name}\n{text}")));
        match (a, b) {
            (Name::Typedef(x), Name::Typedef(y))
            | (Name::Variable { ty: x, .. }, Name::Variable { ty: y, .. }) => {
                assert_eq!(
                    (first.size(x.id), first.align(x.id)),
                    (second.size(y.id), second.align(y.id)),
                    "{name}\n{text}"
                );
            }
            (Name::Function { ty: x, symbol: s }, Name::Function { ty: y, symbol: t }) => {
                // A record without a tag prints as its number, which is the table's own.
                let words = |table: &CTypeTable, ty: ffi_core::ctype::CTypeId| {
                    repr::repr(table, ty.plain()).replace(|c: char| c.is_ascii_digit(), "")
                };
                assert_eq!((words(&first, *x), s), (words(&second, *y), t), "{name}\n{text}");
            }
            (Name::Constant(x), Name::Constant(y)) => match (x, y) {
                (ffi_core::ctype::Constant::Int(n, _), ffi_core::ctype::Constant::Int(m, _)) => {
                    assert_eq!(n, m)
                }
                _ => assert_eq!(x, y, "{name}\n{text}"),
            },
            _ => panic!("{name}\n{text}"),
        }
    }
    // Dumped again, it is the same text.
    assert_eq!(text, dump::dump(&second, NAMES));
    for tag in ["point", "list", "tight", "raised", "either"] {
        let of = |table: &CTypeTable| match table.tag(tag) {
            Some(ffi_core::ctype::Tag::Record(id)) => {
                table.record(id).body.as_ref().map(|b| (b.size, b.align))
            }
            _ => None,
        };
        assert_eq!(of(&first), of(&second), "{tag}\n{text}");
    }
}

/// Records that lead to others through functions, by value: all of them are written, however many.
#[test]
fn long_chains_are_dumped_whole() {
    let mut text = String::from("struct a0 { int x; }; typedef struct { struct a0 *p; } b0;\n");
    for i in 1..5000 {
        let before = i - 1;
        text +=
            &format!("struct a{i} {{ struct a{before} (*f)(struct a{before}); b{before} *(*g)(void); }};\n");
        text += &format!("typedef struct b{i} {{ struct a{i} (*f)(struct b{i} *); }} b{i};\n");
    }
    text += "int f(b4999);";
    let run = move || {
        let mut first = CTypeTable::new();
        cdef::declare(&mut first, text.as_bytes(), &[]).unwrap();
        let dumped = dump::dump(&first, &["f"]);
        let mut second = CTypeTable::new();
        cdef::declare(&mut second, dumped.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}"));
        for i in 0..5000 {
            let ty = cdef::type_name(&mut second, format!("struct a{i}").as_bytes(), &[]).unwrap().ty;
            assert_eq!(second.size(ty.id), Some(if i == 0 { 4 } else { 16 }), "a{i}");
        }
    };
    std::thread::Builder::new().stack_size(1 << 20).spawn(run).unwrap().join().unwrap();
}
