//! Record layout: where each field of a struct or union lies.
//!
//! Given sizes, alignments and bit widths; returns offsets. Knows no ctypes, no Lua, no memory.
//! Called by `cdef::specifier` when a record is closed. Rules follow GCC on the host; `tests/layout.rs` asks `cc`.
#![forbid(unsafe_code)]

/// A record before layout. Alignments are bytes and powers of two; sizes are bytes.
#[derive(Clone, Debug, Default)]
pub struct RecordSpec {
    /// All fields at offset zero.
    pub is_union: bool,
    /// `__attribute__((packed))` on the record: every field at alignment 1 unless it says `aligned` itself.
    pub packed: bool,
    /// `__attribute__((aligned(n)))` or `_Alignas` on the record: raises its alignment.
    pub aligned: Option<u64>,
    /// `#pragma pack(n)` in force: caps each field's alignment.
    pub pack: Option<u64>,
    /// In order of declaration, unnamed bit-fields included.
    pub fields: Vec<FieldSpec>,
}

/// A field before layout.
#[derive(Clone, Debug, Default)]
pub struct FieldSpec {
    /// Bytes of the field's type; 0 for a flexible array.
    pub size: u64,
    /// Bytes; the type's alignment.
    pub align: u64,
    /// `aligned(n)` on the field itself: raises its alignment, and is not capped by `packed` or `pack`.
    pub aligned: Option<u64>,
    /// `packed` on the field itself.
    pub packed: bool,
    /// A bit-field's width; zero ends the run.
    pub width_bits: Option<u64>,
    /// False for an unnamed bit-field.
    pub is_named: bool,
}

/// A record after layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bytes, trailing padding included.
    pub size: u64,
    /// Bytes.
    pub align: u64,
    /// One for each field of the spec.
    pub places: Vec<Place>,
    /// Does some field lie at an offset that its type's alignment does not divide?
    pub misaligned: bool,
}

/// Where a field lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Bytes from the start of the record; for a bit-field, of its container.
    pub offset: u64,
    /// For a bit-field: bits from the container's lowest bit.
    pub position_bits: u32,
}

/// Why a record has no layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LayoutError {
    /// Sizes do not fit 63 bits.
    TooLarge,
    /// A bit-field wider than its type, or a named one of no width.
    BadWidth {
        /// Which field.
        field: usize,
    },
}

/// Lays a record out.
pub fn record(spec: &RecordSpec) -> Result<Layout, LayoutError> {
    let _ = spec;
    Err(LayoutError::TooLarge)
}
