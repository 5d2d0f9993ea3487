//! C numbers of every type: read, write, and from one to the other.
//!
//! Called by the other rooms of `conv`, by `arith` and by `callback`.

use crate::ctype::{CType, FloatKind, IntKind};
use crate::native::mem;
use crate::vm::shape::{Op, Shape};

/// A C number, widened.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Number {
    /// A signed integer of up to 64 bits, or `bool`.
    Int(i64),
    /// An unsigned integer of up to 64 bits that is not of a smaller signed range.
    UInt(u64),
    /// A floating number.
    Float(f64),
    /// A 128-bit integer; the flag says whether it is unsigned.
    Wide(i128, bool),
}

/// 2^63 and 2^64 as doubles.
const TWO_63: f64 = 9_223_372_036_854_775_808.0;
const TWO_64: f64 = 18_446_744_073_709_551_616.0;

/// A double as the integer C would store: truncated; none if no 64-bit integer type could hold it.
#[inline]
pub fn truncate(x: f64) -> Option<i64> {
    if (-TWO_63..TWO_63).contains(&x) {
        Some(x as i64)
    } else if (TWO_63..TWO_64).contains(&x) {
        Some(x as u64 as i64)
    } else {
        None
    }
}

impl Number {
    /// As a 64-bit pattern, wrapped; none for a float that no integer type holds.
    #[inline]
    pub fn to_bits(self) -> Option<i64> {
        match self {
            Number::Int(n) => Some(n),
            Number::UInt(n) => Some(n as i64),
            Number::Float(x) => truncate(x),
            Number::Wide(n, _) => Some(n as i64),
        }
    }

    /// The Lua integer of its value; none of any other, and of floats.
    pub fn integer(self) -> Option<i64> {
        match self {
            Number::Int(n) => Some(n),
            Number::UInt(n) => n.try_into().ok(),
            Number::Wide(n, false) => n.try_into().ok(),
            Number::Wide(n, true) => (n as u128).try_into().ok(),
            Number::Float(_) => None,
        }
    }

    /// As a double, rounded.
    #[inline]
    pub fn to_f64(self) -> f64 {
        match self {
            Number::Int(n) => n as f64,
            Number::UInt(n) => n as f64,
            Number::Float(x) => x,
            Number::Wide(n, false) => n as f64,
            Number::Wide(n, true) => n as u128 as f64,
        }
    }

    /// As a 128-bit pattern; none for a float beyond.
    pub fn to_wide(self) -> Option<i128> {
        match self {
            Number::Int(n) => Some(n.into()),
            Number::UInt(n) => Some(n.into()),
            Number::Wide(n, _) => Some(n),
            Number::Float(x) => {
                let limit = 2f64.powi(127);
                if (-limit..limit).contains(&x) {
                    Some(x as i128)
                } else if (limit..2.0 * limit).contains(&x) {
                    Some(x as u128 as i128)
                } else {
                    None
                }
            }
        }
    }

    /// Is it other than zero?
    pub fn is_nonzero(self) -> bool {
        match self {
            Number::Int(n) => n != 0,
            Number::UInt(n) => n != 0,
            Number::Float(x) => x != 0.0,
            Number::Wide(n, _) => n != 0,
        }
    }
}

/// The floating kind of a floating shape, or of a complex one's parts.
pub fn float_kind(shape: &Shape) -> FloatKind {
    match shape.ctype() {
        CType::Float(kind) | CType::Complex(kind) => kind,
        _ => FloatKind::Double,
    }
}

/// Is a 128-bit integer shape unsigned?
pub fn is_unsigned_wide(shape: &Shape) -> bool {
    shape.state().table.borrow().integer_kind(shape.ty.id) == Some(IntKind::UInt128)
}

/// Reads the integer of representation `op` (up to 8 bytes, `bool` included) at `p`, widened to 64 bits.
///
/// # Safety
/// As many bytes as `op` says are readable at `p`; it need not be aligned.
#[inline]
pub unsafe fn read_int(op: Op, p: *const u8) -> i64 {
    // SAFETY: from the caller.
    unsafe {
        match op {
            Op::Bool => i64::from(p.read() != 0),
            Op::I8 => p.cast::<i8>().read_unaligned().into(),
            Op::U8 => p.read().into(),
            Op::I16 => p.cast::<i16>().read_unaligned().into(),
            Op::U16 => p.cast::<u16>().read_unaligned().into(),
            Op::I32 => p.cast::<i32>().read_unaligned().into(),
            Op::U32 => p.cast::<u32>().read_unaligned().into(),
            _ => p.cast::<i64>().read_unaligned(),
        }
    }
}

/// An integer of representation `op` as it lies in a register: wrapped, and extended from its own width.
#[inline(always)]
pub fn extend(op: Op, n: i64) -> u64 {
    match op {
        Op::I32 => n as i32 as i64 as u64,
        Op::U32 => u64::from(n as u32),
        Op::I8 => n as i8 as i64 as u64,
        Op::U8 => u64::from(n as u8),
        Op::I16 => n as i16 as i64 as u64,
        Op::U16 => u64::from(n as u16),
        _ => n as u64,
    }
}

/// Writes `n`, wrapped, as an integer of representation `op` (`bool`: whether it is other than zero).
///
/// # Safety
/// As many bytes as `op` says are writable at `p`; it need not be aligned.
#[inline]
pub unsafe fn write_int(op: Op, p: *mut u8, n: i64) {
    // SAFETY: from the caller.
    unsafe {
        match op {
            Op::Bool => p.write(u8::from(n != 0)),
            Op::I8 | Op::U8 => p.write(n as u8),
            Op::I16 | Op::U16 => p.cast::<u16>().write_unaligned(n as u16),
            Op::I32 | Op::U32 => p.cast::<u32>().write_unaligned(n as u32),
            _ => p.cast::<i64>().write_unaligned(n),
        }
    }
}

/// Reads the number at `p`; none if the shape is no numeric type.
///
/// # Safety
/// A value of the shape is readable at `p`.
pub unsafe fn read(shape: &Shape, p: *const u8) -> Option<Number> {
    let op = shape.op();
    // SAFETY: from the caller.
    unsafe {
        Some(match op {
            Op::U64 => Number::UInt(p.cast::<u64>().read_unaligned()),
            Op::Bool => Number::Int(read_int(op, p)),
            _ if op.is_integer() => Number::Int(read_int(op, p)),
            Op::F32 => Number::Float(p.cast::<f32>().read_unaligned().into()),
            Op::F64 => Number::Float(p.cast::<f64>().read_unaligned()),
            Op::OtherFloat => Number::Float(mem::load_float(float_kind(shape), p)),
            Op::WideInt => Number::Wide(p.cast::<i128>().read_unaligned(), is_unsigned_wide(shape)),
            _ => return None,
        })
    }
}

/// Writes a number as the shape's type, converted as C does. False if the shape is no numeric type, or the number a
/// float that no integer type holds.
///
/// # Safety
/// A value of the shape is writable at `p`.
pub unsafe fn write(shape: &Shape, p: *mut u8, number: Number) -> bool {
    let op = shape.op();
    // SAFETY: from the caller.
    unsafe {
        match op {
            Op::Bool => p.write(u8::from(number.is_nonzero())),
            _ if op.is_integer() => match number.to_bits() {
                Some(n) => write_int(op, p, n),
                None => return false,
            },
            Op::F32 => p.cast::<f32>().write_unaligned(match number {
                // Rounded once, as C does, not through a double.
                Number::Int(n) => n as f32,
                Number::UInt(n) => n as f32,
                other => other.to_f64() as f32,
            }),
            Op::F64 => p.cast::<f64>().write_unaligned(number.to_f64()),
            Op::OtherFloat => mem::store_float(float_kind(shape), p, number.to_f64()),
            Op::WideInt => match number.to_wide() {
                Some(n) => p.cast::<i128>().write_unaligned(n),
                None => return false,
            },
            _ => return false,
        }
    }
    true
}
