//! What `ctype::dump` writes reads back as the same types.

use super::{difference, is_same_name};
use crate::cdef::declare;
use crate::ctype::{CTypeTable, dump};

const TEXT: &str = "
typedef unsigned long ulong_t;
struct point { double x, y; };
struct list { struct list *next; struct point p[3]; int (*f)(struct list *, const char *, ...); };
struct __attribute__((packed)) tight { char c; int i; short s : 5; };
struct raised { char c; } __attribute__((aligned(32)));
struct raised_tight { char c; long l; } __attribute__((packed, aligned(16)));
union either { int i; float f; struct { short a, b; }; };
enum color { RED = -1, GREEN, BLUE = 7 };
enum small { ONE = 1 } __attribute__((packed));
enum wide { FIRST = 1, LAST = 0x7fffffffffff };
typedef struct { int q; union either e; enum small s; } nameless;
typedef union { struct point *p; union either *e; } transparent __attribute__((transparent_union));
typedef int matrix[3][4];
typedef float quad __attribute__((vector_size(16)));
typedef const char *const *strings;
struct bits { unsigned a : 1, b : 3; int c : 7; long long d : 33; _Bool e : 1; unsigned char f : 8; enum color g : 5; };
struct __attribute__((packed)) tight_bits { int a : 3; int b : 30; };
#pragma pack(push, 4)
struct moved { char a; int : 0 __attribute__((aligned(16))); char b; };
#pragma pack(pop)
struct flexible { int n; const volatile short *const last[2]; double d[]; };
union members { struct bits b; volatile int v; enum color c : 4; };
struct ahead;
typedef int aligned_t __attribute__((aligned(16)));
int f(ulong_t, struct list *, nameless *, matrix, void (*)(void));
nameless g(struct tight, struct raised, quad, long double, _Complex double);
void h(struct bits *, struct tight_bits *, struct flexible *, union members, struct ahead *, struct raised_tight, enum wide, aligned_t *, struct moved);
const char *strange(char, signed char, unsigned char, long long, unsigned long long, float _Complex, _Bool, int &, ...);
int (*(*nested(void (*)(int), int (*)[2]))(const struct point *))[3];
int bound(const transparent *, transparent);
extern const struct point origin;
extern volatile int *const places[4];
extern int unsized[];
int renamed(void) __asm__(\"other_name\");
#define also_renamed renamed
extern int variable_renamed __asm__(\"other_variable\");
#define NUMBER 0x10
#define TEXT \"a\\\"b\\n\"
#define BIG 18446744073709551615ull
#define REAL 1.5
#define SINGLE 1.5f
#define LEAST (-9223372036854775807ll - 1)
static const short K = -3;
typedef void (*destructor)(void *);
#define NEVER ((destructor)-1)
#define FAILED ((void *)-1)
";

#[test]
fn dumped_text_means_the_same() {
    let (known, mut first) = (CTypeTable::new(), CTypeTable::new());
    let mut text = TEXT.to_owned();
    if cfg!(all(target_arch = "x86_64", not(windows))) {
        text.push_str("int __attribute__((ms_abi)) foreign(int, double); typedef void (__attribute__((ms_abi)) *foreign_t)(void);");
    }
    declare(&mut first, text.as_bytes(), &[]).unwrap();
    let mut names: Vec<&str> = first.names().map(|n| n.0).filter(|n| known.name(n).is_none()).collect();
    names.sort_unstable();
    let read = |text: &str| {
        let mut table = CTypeTable::new();
        declare(&mut table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}\n{text}"));
        table
    };
    let text = dump::dump(&first, &names);
    let second = read(&text);
    if let Some(name) = difference(&first, &second) {
        panic!("{name}: {:?} / {:?}\n{text}", first.name(&name), second.name(&name));
    }
    // Dumped again, it is the same text.
    assert_eq!(text, dump::dump(&second, &names));
    // Alone, with what it depends on.
    for name in names {
        let text = dump::dump(&first, &[name]);
        assert!(is_same_name(&first, &read(&text), name), "{name}\n{text}");
    }
}
