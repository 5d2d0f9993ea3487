//! Any text as a type: no panic; what is refused leaves nothing; what is read has a size and an alignment, or neither.
#![no_main]

use ffi_core::cdef;
use ffi_core::ctype::CTypeTable;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| {
    let mut table = CTypeTable::new();
    let before = table.len();
    match cdef::type_name(&mut table, text, &[]) {
        Ok(read) => {
            if let (Some(size), Some(align)) = (table.size(read.ty.id), table.align(read.ty.id)) {
                assert!(align.is_power_of_two(), "alignment {align}");
                assert!(size <= i64::MAX as u64, "size {size}");
            }
        }
        Err(_) => assert_eq!(before, table.len(), "refused, but a type stays"),
    }
    let _ = cdef::constant_expression(&mut table, text, &[]);
});
