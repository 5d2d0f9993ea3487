//! Members, as the tables of shapes have them.

use super::{Op, Shape};
use crate::ctype::{BitField, QualType};
use crate::vm::state::State;

/// Where a member lies and how it is read and written.
#[derive(Clone, Copy)]
pub struct FieldEntry {
    /// The member's shape; null for constants and missing names.
    pub shape: *const Shape,
    /// Bytes from the start of the record; for a bit-field, of its container.
    pub offset: usize,
    /// How it is read and written.
    pub op: Op,
    /// Is the member, or the record, const?
    pub is_const: bool,
    /// The user value of the owner that caches the reference to this member, counted from 1; 0 for none.
    pub slot: u8,
    /// Bits, of a bit-field.
    pub position_bits: u8,
    /// Bits, of a bit-field.
    pub width_bits: u8,
}

impl Default for FieldEntry {
    fn default() -> Self {
        FieldEntry {
            shape: std::ptr::null(),
            offset: 0,
            op: Op::Missing,
            is_const: false,
            slot: 0,
            position_bits: 0,
            width_bits: 0,
        }
    }
}

impl FieldEntry {
    /// The entry of a member: its type with the owner's qualifiers, bytes from the owner's start, its bits.
    pub fn new(state: &State, ty: QualType, offset: u64, bits: Option<BitField>) -> FieldEntry {
        let shape = state.shape(ty);
        FieldEntry {
            shape,
            offset: offset as usize,
            op: if bits.is_some() { Op::Bits } else { shape.op() },
            is_const: shape.is_read_only(),
            slot: 0,
            position_bits: bits.map_or(0, |b| b.position_bits as u8),
            width_bits: bits.map_or(0, |b| b.width_bits as u8),
        }
    }
}
