//! `dump` at length. That what it writes means the same is a unit test: `src/cdef/judge/tests.rs` compares the tables.

use ffi_core::cdef;
use ffi_core::ctype::{CTypeTable, dump};

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
