//! Any record: offsets rise, fields do not overlap, the size is a multiple of the alignment and holds every field.
#![no_main]

use ffi_core::layout::{FieldSpec, RecordSpec, record};
use libfuzzer_sys::fuzz_target;

fn power(byte: u8) -> u64 {
    1 << (byte % 7)
}

fuzz_target!(|bytes: &[u8]| {
    let mut bytes = bytes.iter().copied();
    let mut next = || bytes.next();
    let Some(head) = next() else { return };
    let mut spec = RecordSpec {
        is_union: head & 1 != 0,
        packed: head & 2 != 0,
        aligned: (head & 4 != 0).then(|| power(head >> 4)),
        pack: (head & 8 != 0).then(|| power(head >> 5)),
        fields: Vec::new(),
    };
    while let (Some(what), Some(number)) = (next(), next()) {
        let align = power(what);
        let is_bits = what & 0x80 != 0;
        let size = if is_bits {
            align.min(16)
        } else if number == 255 {
            // Near the limit of 63 bits.
            (i64::MAX as u64) / align * align
        } else {
            align * u64::from(number % 9)
        };
        let align = if is_bits { align.min(16) } else { align };
        spec.fields.push(FieldSpec {
            size,
            align,
            aligned: (what & 0x20 != 0).then(|| power(number)),
            packed: what & 0x40 != 0,
            width_bits: is_bits.then(|| u64::from(number) % (size * 8 + 2)),
            is_named: !is_bits || number & 1 == 0 || number > 64,
        });
    }
    let Ok((layout, fields)) = record(&spec) else { return };
    assert_eq!(fields.len(), spec.fields.len());
    assert!(layout.align.is_power_of_two());
    assert_eq!(layout.size % layout.align, 0);
    let mut end = 0u128;
    for (field, laid_out) in spec.fields.iter().zip(&fields) {
        let start = u128::from(laid_out.offset) * 8 + u128::from(laid_out.position_bits);
        let bits = field.width_bits.map_or(u128::from(field.size) * 8, u128::from);
        assert!(start + bits <= u128::from(layout.size) * 8, "a field lies in its record");
        if spec.is_union {
            assert_eq!(start, 0, "all of a union starts at zero");
        } else if field.width_bits != Some(0) {
            assert!(start >= end, "fields do not overlap");
            end = start + bits;
        }
    }
});
