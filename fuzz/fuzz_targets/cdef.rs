//! Any text: no panic, no overflow, nothing that hangs; a text that is refused leaves nothing behind.
#![no_main]

use ffi_core::cdef;
use ffi_core::ctype::CTypeTable;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut table = CTypeTable::new();
    let before = (table.len(), table.names().count());
    match cdef::declare(&mut table, text, &[]) {
        Ok(()) => {
            // What is declared can be printed.
            for (_, name) in table.names() {
                if let ffi_core::ctype::Name::Typedef(ty) = name {
                    let _ = ffi_core::ctype::repr::repr(&table, *ty);
                }
            }
        }
        Err(error) => {
            assert!(!error.to_string().contains('\n') || error.near.is_some(), "one line: {error}");
            assert_eq!(before, (table.len(), table.names().count()), "refused, but something stays: {error}");
        }
    }
});
