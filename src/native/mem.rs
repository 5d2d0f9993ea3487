//! Bytes: bit-fields and the floating formats that Rust does not have. Nothing here needs alignment.

use crate::ctype::FloatKind;
use crate::target;

/// Reads `width_bits` bits that start `position_bits` above the container's lowest bit, zero-extended. They may reach
/// past the container (packed fields do); only the bytes that hold them are touched. There is one at least.
///
/// # Safety
/// The bytes that hold the bits are readable.
#[inline]
pub unsafe fn load_bits(container: *const u8, position_bits: u32, width_bits: u32) -> u128 {
    // SAFETY: from the caller.
    unsafe {
        match load_bits_in_word(container, position_bits, width_bits, false) {
            Some(bits) => bits.into(),
            None => load_long(container, position_bits, width_bits),
        }
    }
}

/// As [`load_bits`], in 64 bits: extended by the sign that the highest of them is, or by zeros. None where they lie in more bytes than a word has.
///
/// # Safety
/// As for [`load_bits`].
#[inline]
pub unsafe fn load_bits_in_word(
    container: *const u8,
    position_bits: u32,
    width_bits: u32,
    is_signed: bool,
) -> Option<u64> {
    let (first, low) = (position_bits / 8, position_bits % 8);
    let end = low + width_bits;
    if end > 64 {
        return None;
    }
    // SAFETY: only the bytes that hold the bits.
    let word = unsafe { load_bytes(container.add(first as usize), end.div_ceil(8)) };
    // Up, so that nothing is above them; and down, so that nothing is below.
    let (up, down) = (64 - end, 64 - width_bits);
    Some(if is_signed { ((word << up) as i64 >> down) as u64 } else { word << up >> down })
}

/// A word of `count` bytes, at most 8: its two halves, which may overlap.
///
/// # Safety
/// They are readable.
#[inline]
pub unsafe fn load_bytes(bytes: *const u8, count: u32) -> u64 {
    // SAFETY: from the caller; each half ends within `count` bytes.
    unsafe {
        match count {
            4..=8 => {
                let rest = count - 4;
                let high = bytes.add(rest as usize).cast::<u32>().read_unaligned();
                u64::from(bytes.cast::<u32>().read_unaligned()) | u64::from(high) << (8 * rest)
            }
            2..=3 => {
                let rest = count - 2;
                let high = bytes.add(rest as usize).cast::<u16>().read_unaligned();
                u64::from(bytes.cast::<u16>().read_unaligned()) | u64::from(high) << (8 * rest)
            }
            0 => 0,
            _ => bytes.read().into(),
        }
    }
}

/// Writes a word to where [`load_bytes`] reads it.
///
/// # Safety
/// As many bytes are writable.
#[inline]
unsafe fn store_bytes(bytes: *mut u8, count: u32, word: u64) {
    // SAFETY: from the caller; each half ends within `count` bytes.
    unsafe {
        match count {
            4..=8 => {
                let rest = count - 4;
                bytes.cast::<u32>().write_unaligned(word as u32);
                bytes.add(rest as usize).cast::<u32>().write_unaligned((word >> (8 * rest)) as u32);
            }
            2..=3 => {
                let rest = count - 2;
                bytes.cast::<u16>().write_unaligned(word as u16);
                bytes.add(rest as usize).cast::<u16>().write_unaligned((word >> (8 * rest)) as u16);
            }
            0 => (),
            _ => bytes.write(word as u8),
        }
    }
}

/// `n` low bits, at most 64.
#[inline]
fn ones(n: u32) -> u64 {
    if n == 0 { 0 } else { u64::MAX >> (64 - n) }
}

/// As [`load_bits`], of those in more bytes than a word has.
///
/// # Safety
/// As for [`load_bits`].
#[inline(never)]
unsafe fn load_long(container: *const u8, position_bits: u32, width_bits: u32) -> u128 {
    let (first, low) = (position_bits / 8, position_bits % 8);
    let count = (low + width_bits).div_ceil(8);
    let mut value = 0u128;
    let mut high = 0u128;
    for i in 0..count {
        // SAFETY: from the caller.
        let byte = u128::from(unsafe { container.add((first + i) as usize).read() });
        if i < 16 { value |= byte << (8 * i) } else { high = byte }
    }
    value >>= low;
    if low > 0 {
        value |= high << (128 - low);
    }
    if width_bits >= 128 { value } else { value & ((1 << width_bits) - 1) }
}

/// Writes the low `width_bits` bits of `value` to where [`load_bits`] reads them; their neighbours keep their values.
///
/// # Safety
/// The bytes that hold the bits are readable and writable.
#[inline]
pub unsafe fn store_bits(container: *mut u8, position_bits: u32, width_bits: u32, value: u128) {
    let (first, low) = (position_bits / 8, position_bits % 8);
    let count = (low + width_bits).div_ceil(8);
    // SAFETY: only the bytes that hold the bits.
    unsafe {
        let bytes = container.add(first as usize);
        if count > 8 {
            return store_long(bytes, low, width_bits, value);
        }
        let mask = ones(width_bits) << low;
        let word = (load_bytes(bytes, count) & !mask) | ((value as u64) << low & mask);
        store_bytes(bytes, count, word);
    }
}

/// Bits in more bytes than a word has.
///
/// # Safety
/// As many bytes are readable and writable.
#[inline(never)]
unsafe fn store_long(bytes: *mut u8, low: u32, width_bits: u32, value: u128) {
    let mut left = width_bits;
    let mut rest = value;
    let mut at = 0;
    let mut skip = low;
    while left > 0 {
        let here = left.min(8 - skip);
        let mask = (((1u16 << here) - 1) << skip) as u8;
        // SAFETY: from the caller.
        unsafe {
            let p = bytes.add(at);
            p.write((p.read() & !mask) | (((rest as u8) << skip) & mask));
        }
        rest >>= here;
        left -= here;
        at += 1;
        skip = 0;
    }
}

/// Reads a floating value, rounded to a double.
///
/// # Safety
/// As many bytes as the kind has are readable.
pub unsafe fn load_float(kind: FloatKind, p: *const u8) -> f64 {
    // SAFETY: from the caller.
    unsafe {
        match kind {
            FloatKind::Float => p.cast::<f32>().read_unaligned().into(),
            FloatKind::Double => p.cast::<f64>().read_unaligned(),
            FloatKind::Float16 => unpack(p.cast::<u16>().read_unaligned().into(), 5, 10),
            FloatKind::Float128 => unpack(p.cast::<u128>().read_unaligned(), 15, 112),
            FloatKind::LongDouble if target::LONG_DOUBLE_IS_X87 => {
                let mantissa = p.cast::<u64>().read_unaligned();
                from_x87(mantissa, p.add(8).cast::<u16>().read_unaligned())
            }
            FloatKind::LongDouble if target::float_size(kind) == 8 => p.cast::<f64>().read_unaligned(),
            FloatKind::LongDouble => unpack(p.cast::<u128>().read_unaligned(), 15, 112),
        }
    }
}

/// Writes a double as a floating type, rounded to nearest; bytes of padding become zero.
///
/// # Safety
/// As many bytes as the kind has are writable.
pub unsafe fn store_float(kind: FloatKind, p: *mut u8, value: f64) {
    // SAFETY: from the caller.
    unsafe {
        match kind {
            FloatKind::Float => p.cast::<f32>().write_unaligned(value as f32),
            FloatKind::Double => p.cast::<f64>().write_unaligned(value),
            FloatKind::Float16 => p.cast::<u16>().write_unaligned(to_half(value)),
            FloatKind::Float128 => p.cast::<u128>().write_unaligned(to_quad(value)),
            FloatKind::LongDouble if target::LONG_DOUBLE_IS_X87 => {
                let (mantissa, top) = to_x87(value);
                std::ptr::write_bytes(p, 0, target::float_size(kind) as usize);
                p.cast::<u64>().write_unaligned(mantissa);
                p.add(8).cast::<u16>().write_unaligned(top);
            }
            FloatKind::LongDouble if target::float_size(kind) == 8 => p.cast::<f64>().write_unaligned(value),
            FloatKind::LongDouble => p.cast::<u128>().write_unaligned(to_quad(value)),
        }
    }
}

/// An IEEE number with an implicit leading bit, as a double.
fn unpack(bits: u128, exponent_bits: u32, fraction_bits: u32) -> f64 {
    let negative = (bits >> (exponent_bits + fraction_bits)) & 1 == 1;
    let top = (1u128 << exponent_bits) - 1;
    let exponent = ((bits >> fraction_bits) & top) as i32;
    let fraction = bits & ((1 << fraction_bits) - 1);
    let bias = (1i32 << (exponent_bits - 1)) - 1;
    let magnitude = match exponent {
        e if e == top as i32 => {
            if fraction == 0 {
                f64::INFINITY
            } else {
                f64::NAN
            }
        }
        0 => round(fraction, 1 - bias - fraction_bits as i32),
        e => round(fraction | (1 << fraction_bits), e - bias - fraction_bits as i32),
    };
    if negative { -magnitude } else { magnitude }
}

/// `mantissa * 2^exponent` as a double, rounded to nearest, ties to even.
fn round(mantissa: u128, exponent: i32) -> f64 {
    if mantissa == 0 {
        return 0.0;
    }
    let bits = 128 - mantissa.leading_zeros() as i32;
    // The power of the leading bit.
    let power = exponent + bits - 1;
    if power > 1023 {
        return f64::INFINITY;
    }
    // How many low bits do not fit: 53 are kept, fewer of a subnormal.
    let kept = if power < -1022 { 53 - (-1022 - power) } else { 53 };
    let drop = bits - kept;
    let rounded = if drop <= 0 {
        mantissa << -drop
    } else if drop > 127 {
        0
    } else {
        let quotient = mantissa >> drop;
        let rest = mantissa & ((1 << drop) - 1);
        let half = 1u128 << (drop - 1);
        quotient + u128::from(rest > half || (rest == half && quotient & 1 == 1))
    };
    // A carry out of the fraction lands in the exponent, where it belongs.
    let biased = if power < -1022 { 0 } else { (power + 1022) as u64 };
    f64::from_bits((biased << 52) + rounded as u64)
}

/// Sign, power of the leading bit, and the 52 bits behind it, of a finite double that is not zero.
fn parts(value: f64) -> (bool, i32, u64) {
    let bits = value.to_bits();
    let fraction = bits & ((1 << 52) - 1);
    match ((bits >> 52) & 0x7ff) as i32 {
        0 => {
            let shift = fraction.leading_zeros() - 11;
            (value.is_sign_negative(), -1022 - shift as i32, (fraction << shift) & ((1 << 52) - 1))
        }
        e => (value.is_sign_negative(), e - 1023, fraction),
    }
}

fn to_quad(value: f64) -> u128 {
    let sign = u128::from(value.is_sign_negative()) << 127;
    if value == 0.0 {
        return sign;
    }
    if !value.is_finite() {
        return sign | (0x7fff << 112) | (u128::from(value.is_nan()) << 111);
    }
    let (_, power, fraction) = parts(value);
    sign | (((power + 16383) as u128) << 112) | (u128::from(fraction) << 60)
}

fn to_half(value: f64) -> u16 {
    let sign = u16::from(value.is_sign_negative()) << 15;
    if value == 0.0 {
        return sign;
    }
    if value.is_nan() {
        return sign | 0x7e00;
    }
    if value.is_infinite() {
        return sign | 0x7c00;
    }
    let (_, power, fraction) = parts(value);
    if power > 15 {
        return sign | 0x7c00;
    }
    let mantissa = fraction | (1 << 52);
    let drop = if power < -14 { 42 + (-14 - power) } else { 42 };
    if drop > 60 {
        return sign;
    }
    let quotient = mantissa >> drop;
    let rest = mantissa & ((1 << drop) - 1);
    let half = 1u64 << (drop - 1);
    let rounded = quotient + u64::from(rest > half || (rest == half && quotient & 1 == 1));
    let biased = if power < -14 { 0 } else { (power + 14) as u64 };
    sign | ((biased << 10) + rounded) as u16
}

fn from_x87(mantissa: u64, top: u16) -> f64 {
    let exponent = i32::from(top & 0x7fff);
    let magnitude = match exponent {
        0x7fff if mantissa << 1 == 0 => f64::INFINITY,
        0x7fff => f64::NAN,
        _ => round(mantissa.into(), exponent.max(1) - 16383 - 63),
    };
    if top >> 15 == 1 { -magnitude } else { magnitude }
}

fn to_x87(value: f64) -> (u64, u16) {
    let sign = u16::from(value.is_sign_negative()) << 15;
    if value == 0.0 {
        return (0, sign);
    }
    if value.is_nan() {
        return (0xC000_0000_0000_0000, sign | 0x7fff);
    }
    if value.is_infinite() {
        return (0x8000_0000_0000_0000, sign | 0x7fff);
    }
    let (_, power, fraction) = parts(value);
    ((fraction << 11) | (1 << 63), sign | (power + 16383) as u16)
}
