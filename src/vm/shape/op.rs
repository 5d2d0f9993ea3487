//! How values are read and written, by their representation.

use crate::ctype::{FloatKind, IntKind};
use crate::target;

/// How a value of the type is read and written; one for each machine representation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Op {
    /// Cannot be read or written: void, functions, incomplete records.
    #[default]
    None,
    Bool,
    I8,
    U8,
    I16,
    U16,
    I32,
    U32,
    I64,
    U64,
    F32,
    F64,
    /// Floating types that are no Rust type: `_Float16`, `long double`, `_Float128`.
    OtherFloat,
    /// 128-bit integers.
    WideInt,
    Pointer,
    /// Records and arrays: read as references.
    Aggregate,
    /// Complex numbers and vectors: read as copies.
    Copied,
    /// A C++ reference: followed.
    Reference,
    /// In a field table only: a bit-field.
    Bits,
    /// In a field table only: a constant of the record.
    Constant,
    /// In a field table only: no such field.
    Missing,
}

impl Op {
    /// The representation of an integer type.
    pub fn of_int(kind: IntKind) -> Op {
        match (target::int_size(kind), target::int_is_signed(kind)) {
            (1, true) => Op::I8,
            (1, false) => Op::U8,
            (2, true) => Op::I16,
            (2, false) => Op::U16,
            (4, true) => Op::I32,
            (4, false) => Op::U32,
            (8, true) => Op::I64,
            (8, false) => Op::U64,
            _ => Op::WideInt,
        }
    }

    /// The representation of a floating type.
    pub fn of_float(kind: FloatKind) -> Op {
        match kind {
            FloatKind::Float => Op::F32,
            FloatKind::Double => Op::F64,
            FloatKind::LongDouble if target::float_size(kind) == 8 => Op::F64,
            _ => Op::OtherFloat,
        }
    }

    /// Is it an integer of up to 8 bytes, `bool` left out?
    pub fn is_integer(self) -> bool {
        (Op::I8 as u8..=Op::U64 as u8).contains(&(self as u8))
    }
}
