//! The floating formats that Rust does not have, both ways, judged by `cc`; bit-fields against plain arithmetic.
// Buffers of this test's own, as long as what is read and written.
#![allow(clippy::undocumented_unsafe_blocks)]

mod support;

use std::fmt::Write;

use ffi_core::ctype::FloatKind;
use ffi_core::native::mem;
use ffi_core::target;
use support::{Random, compile_and_run};

const KINDS: &[(FloatKind, &str, usize)] = &[
    (FloatKind::LongDouble, "long double", if target::LONG_DOUBLE_IS_X87 { 10 } else { 16 }),
    (FloatKind::Float128, "_Float128", 16),
    (FloatKind::Float, "float", 4),
];

fn values() -> Vec<f64> {
    let mut random = Random::new(12);
    let mut values = vec![
        0.0,
        -0.0,
        1.0,
        -1.5,
        0.1,
        1e300,
        -1e-300,
        5e-324,
        2.2250738585072014e-308,
        f64::MAX,
        f64::MIN,
        f64::INFINITY,
        f64::NEG_INFINITY,
        65504.0,
        65520.0,
        6e-8,
        2.9802322387695312e-8,
        3.0e38,
        1e-45,
    ];
    values.extend((0..2000).map(|_| f64::from_bits(random.next())).filter(|x| x.is_finite()));
    values
}

#[test]
fn floats_agree_with_cc() {
    let values = values();
    let mut program = String::from(
        "#include <stdio.h>\n#include <string.h>\nint main(void) {\nstatic const unsigned long long v[] = {",
    );
    for x in &values {
        write!(program, "{}ull,", x.to_bits()).unwrap();
    }
    program.push_str(
        "};\nfor (unsigned i = 0; i < sizeof v / sizeof *v; i++) { double d; memcpy(&d, v + i, 8);\n",
    );
    for (_, name, bytes) in KINDS {
        // There, and back after a step that a double cannot hold exactly.
        write!(
            program,
            "{{ {name} x = d; unsigned char b[16]; memcpy(b, &x, sizeof x); for (int k = 0; k < {bytes}; k++) printf(\"%02x\", b[k]);\n\
             x = x / 3; double back = x; memcpy(b, &x, sizeof x); printf(\" \"); for (int k = 0; k < {bytes}; k++) printf(\"%02x\", b[k]);\n\
             unsigned long long u; memcpy(&u, &back, 8); printf(\" %llx \", u); }}\n"
        )
        .unwrap();
    }
    program.push_str("puts(\"\"); }\nreturn 0; }\n");
    let theirs = compile_and_run("mem", &program, &[]);
    let hex = |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
    for (x, line) in values.iter().zip(theirs.lines()) {
        let mut words = line.split_whitespace();
        for (kind, name, bytes) in KINDS {
            let mut buffer = [0u8; 16];
            unsafe { mem::store_float(*kind, buffer.as_mut_ptr(), *x) };
            assert_eq!(hex(&buffer[..*bytes]), words.next().unwrap(), "{x:e} as {name}");
            let third = words.next().unwrap();
            let mut stored = [0u8; 16];
            for (i, byte) in stored.iter_mut().take(*bytes).enumerate() {
                *byte = u8::from_str_radix(&third[2 * i..2 * i + 2], 16).unwrap();
            }
            let back = unsafe { mem::load_float(*kind, stored.as_ptr()) };
            assert_eq!(format!("{:x}", back.to_bits()), words.next().unwrap(), "{x:e} / 3 from {name}");
        }
    }
    assert_eq!(theirs.lines().count(), values.len());
}

#[test]
fn halves_round_to_nearest() {
    // Every half, exactly, there and back; and the point between two neighbours goes to the even one.
    for bits in 0..=0xffffu16 {
        let bytes = bits.to_ne_bytes();
        let x = unsafe { mem::load_float(FloatKind::Float16, bytes.as_ptr()) };
        if x.is_nan() {
            continue;
        }
        let mut again = [0u8; 2];
        unsafe { mem::store_float(FloatKind::Float16, again.as_mut_ptr(), x) };
        assert_eq!(u16::from_ne_bytes(again), bits, "{x:e}");
        let next = bits + 1;
        if bits & 0x7fff < 0x7bff {
            let y = unsafe { mem::load_float(FloatKind::Float16, next.to_ne_bytes().as_ptr()) };
            unsafe { mem::store_float(FloatKind::Float16, again.as_mut_ptr(), (x + y) / 2.0) };
            let even = if bits & 1 == 0 { bits } else { next };
            assert_eq!(u16::from_ne_bytes(again), even, "between {x:e} and {y:e}");
        }
    }
}

#[test]
fn bits_keep_their_neighbours() {
    let mut random = Random::new(3);
    for _ in 0..20_000 {
        let mut bytes = [0u8; 24];
        bytes.iter_mut().for_each(|b| *b = random.next() as u8);
        let before = bytes;
        let (position, width) = (random.below(60) as u32, 1 + random.below(64) as u32);
        let value = u128::from(random.next());
        let mask = (1u128 << width) - 1;
        unsafe { mem::store_bits(bytes.as_mut_ptr(), position, width, value) };
        assert_eq!(unsafe { mem::load_bits(bytes.as_ptr(), position, width) }, value & mask);
        let in_word = |signed| unsafe { mem::load_bits_in_word(bytes.as_ptr(), position, width, signed) };
        let fits = position % 8 + width <= 64;
        assert_eq!(in_word(false), fits.then_some((value & mask) as u64));
        let sign = if value >> (width - 1) & 1 == 1 { !mask } else { 0 };
        assert_eq!(in_word(true), fits.then_some((value & mask | sign) as u64));
        for bit in 0..192 {
            if !(position..position + width).contains(&bit) {
                let at = |all: &[u8; 24]| all[bit as usize / 8] >> (bit % 8) & 1;
                assert_eq!(at(&before), at(&bytes), "bit {bit} of {position}+{width}");
            }
        }
    }
}
