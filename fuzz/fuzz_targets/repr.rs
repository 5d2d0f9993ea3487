//! What is printed can be read, and prints the same again.
#![no_main]

use ffi_core::cdef;
use ffi_core::ctype::{CTypeTable, repr};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut table = CTypeTable::new();
    let Ok(read) = cdef::type_name(&mut table, text, &[]) else { return };
    let printed = repr::repr(&table, read.ty);
    if read.defines {
        // `struct 114` has no name that C could read.
        return;
    }
    let again = cdef::type_name(&mut table, printed.as_bytes(), &[]);
    let again = match again {
        Ok(again) => again,
        Err(error) => panic!("{printed}: {error}"),
    };
    assert_eq!(printed, repr::repr(&table, again.ty));
});
