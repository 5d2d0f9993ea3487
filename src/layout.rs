//! Record layout: where each field of a struct or union lies.
//!
//! Given sizes, alignments and bit widths; returns offsets. Knows no ctypes, no Lua, no memory.
//! Called by `cdef::record`, member by member. Rules follow GCC on the host; `tests/layout.rs` asks `cc`.
#![forbid(unsafe_code)]

use crate::target;

/// A record before layout. Alignments are bytes and powers of two; sizes are bytes.
#[derive(Clone, Debug, Default, PartialEq)]
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

impl RecordSpec {
    /// Does anything but the types of its fields decide where they lie?
    pub fn is_special(&self) -> bool {
        let is_field = |f: &FieldSpec| f.aligned.is_some() || f.packed || !f.is_named;
        self.packed || self.aligned.is_some() || self.pack.is_some() || self.fields.iter().any(is_field)
    }

    /// What an `aligned` of the field would have to say for its place, in bytes, if the record were packed rather than under a `#pragma pack`; as it is
    /// where there is none. (Bit-fields have none to say: under either they straddle. One of no width is not held back by the pragma.)
    pub fn aligned(&self, field: &FieldSpec) -> Option<u64> {
        match self.pack {
            Some(pack) if field.width_bits.is_none() => {
                let own = if self.packed || field.packed { 1 } else { field.align.max(1) };
                Some(own.max(field.aligned.unwrap_or(1)).min(pack)).filter(|&n| n > 1)
            }
            Some(pack) => field.aligned.map(|n| if field.width_bits == Some(0) { n } else { n.min(pack) }),
            None => field.aligned,
        }
    }
}

/// A field before layout.
#[derive(Clone, Debug, Default, PartialEq)]
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

/// A record after layout, as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Layout {
    /// Bytes, trailing padding included.
    pub size: u64,
    /// Bytes.
    pub align: u64,
    /// Bytes: the greatest alignment that a member asks for, a bit-field that of its type. AArch64 places arguments by it.
    pub member_align: u64,
    /// Does some field lie at an offset that its type's alignment does not divide?
    pub misaligned: bool,
}

/// A field after layout.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldLayout {
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
    BadWidth,
}

/// The largest record, in bytes; as GCC's limit on objects.
const SIZE_MAX: u64 = i64::MAX as u64;

/// Lays a record out: the whole, and each field of the spec.
pub fn record(spec: &RecordSpec) -> Result<(Layout, Vec<FieldLayout>), LayoutError> {
    let mut builder = Builder::new(spec.is_union, spec.packed, spec.pack);
    let fields = spec.fields.iter().map(|field| builder.place(field)).collect::<Result<_, _>>()?;
    Ok((builder.finish(spec.aligned)?, fields))
}

/// The multiple of `align` at or above `n` bytes.
#[inline]
fn next_multiple(n: u64, align: u64) -> Result<u64, LayoutError> {
    // Alignments are powers of two.
    let multiple = n.saturating_add(align - 1) & !(align - 1);
    if multiple <= SIZE_MAX { Ok(multiple) } else { Err(LayoutError::TooLarge) }
}

/// The multiple of `align` at or above `n` bits.
fn round_up(n: u128, align: u128) -> u128 {
    round_down(n + align - 1, align)
}

/// The multiple of `align` at or below `n` bits.
fn round_down(n: u128, align: u128) -> u128 {
    n & !(align - 1)
}

/// A bit of a record, counted from its start.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Position {
    /// Up to [`SIZE_MAX`].
    bytes: u64,
    /// Below 8.
    bits: u8,
}

impl Position {
    const START: Position = Position { bytes: 0, bits: 0 };

    /// The first byte that lies wholly behind, or at, the position.
    #[inline]
    fn next_byte(self) -> u64 {
        self.bytes + u64::from(self.bits > 0)
    }

    /// In bits: wide enough for a record of any size.
    fn in_bits(self) -> u128 {
        u128::from(self.bytes) * 8 + u128::from(self.bits)
    }

    fn of_bits(bits: u128) -> Result<Position, LayoutError> {
        let bytes = u64::try_from(bits / 8).ok().filter(|&n| n <= SIZE_MAX).ok_or(LayoutError::TooLarge)?;
        Ok(Position { bytes, bits: (bits % 8) as u8 })
    }
}

/// A record while its fields are placed.
#[derive(Clone)]
pub struct Builder {
    is_union: bool,
    packed: bool,
    pack: Option<u64>,
    /// Where the field before ends.
    at: Position,
    /// Where the longest field of a union ends.
    union_end: Position,
    /// Bytes, so far.
    align: u64,
    /// As well.
    member_align: u64,
    misaligned: bool,
}

impl Builder {
    /// A record without fields. What is told of it is as in a [`RecordSpec`].
    pub fn new(is_union: bool, packed: bool, pack: Option<u64>) -> Builder {
        let (at, union_end) = (Position::START, Position::START);
        Builder { is_union, packed, pack, at, union_end, align: 1, member_align: 1, misaligned: false }
    }

    /// Places the next field.
    #[inline(always)]
    pub fn place(&mut self, field: &FieldSpec) -> Result<FieldLayout, LayoutError> {
        let laid_out = match field.width_bits {
            Some(width) => self.bit_field(field, width),
            None => self.plain(field),
        };
        if self.is_union {
            self.union_end = self.union_end.max(self.at);
            self.at = Position::START;
        }
        laid_out
    }

    /// The whole record. `aligned` is its own attribute, in bytes.
    pub fn finish(&self, aligned: Option<u64>) -> Result<Layout, LayoutError> {
        let end = if self.is_union { self.union_end } else { self.at };
        let align = self.align.max(aligned.unwrap_or(1));
        let size = next_multiple(end.next_byte(), align)?;
        Ok(Layout { size, align, member_align: self.member_align, misaligned: self.misaligned })
    }

    /// The alignment that a field asks for, in bytes: its type's, lowered by `packed` and `pack`, raised by `aligned`.
    /// `pack` caps an `aligned` of the field as well (`tests/layout.rs` crosses the four).
    #[inline]
    fn field_align(&self, field: &FieldSpec) -> u64 {
        let own = if self.packed || field.packed { 1 } else { field.align.max(1) };
        let asked = own.max(field.aligned.unwrap_or(1));
        match self.pack {
            Some(pack) => asked.min(pack),
            None => asked,
        }
    }

    #[inline]
    fn plain(&mut self, field: &FieldSpec) -> Result<FieldLayout, LayoutError> {
        let align = self.field_align(field);
        let offset = next_multiple(self.at.next_byte(), align)?;
        self.align = self.align.max(align);
        self.member_align = self.member_align.max(align);
        if field.align > 1 && (offset & (field.align - 1) != 0 || align < field.align) {
            self.misaligned = true;
        }
        // (What 64 bits do not hold is above SIZE_MAX.)
        let end = offset.saturating_add(field.size);
        if end > SIZE_MAX {
            return Err(LayoutError::TooLarge);
        }
        self.at = Position { bytes: end, bits: 0 };
        Ok(FieldLayout { offset, position_bits: 0 })
    }

    /// System V: a bit-field lies in some container of its declared type, at the lowest free bit unless it would
    /// straddle one; packed ones straddle. A width of zero moves to the next container.
    #[inline(never)]
    fn bit_field(&mut self, field: &FieldSpec, width: u64) -> Result<FieldLayout, LayoutError> {
        if width > field.size * 8 || (width == 0 && field.is_named) {
            return Err(LayoutError::BadWidth);
        }
        let type_align = field.align.max(1);
        let packed = self.packed || field.packed;
        if width == 0 {
            let align = u128::from(self.pack.map_or(type_align, |p| p.min(type_align)));
            let to = align.max(field.aligned.unwrap_or(1).into()) * 8;
            // `pack` does not lower the boundary that a zero width moves to (GCC).
            let boundary = if self.pack.is_some() { to.max(u128::from(type_align) * 8) } else { to };
            self.at = Position::of_bits(round_up(self.at.in_bits(), boundary))?;
            if target::UNNAMED_BITS_ALIGN {
                // Neither `packed` nor `pack` lowers this.
                self.align = self.align.max(type_align).max(field.aligned.unwrap_or(1));
                self.member_align = self.member_align.max(self.align);
            }
            return Ok(container(type_align, 0));
        }
        let mut at = self.at.in_bits();
        if let Some(aligned) = field.aligned {
            let aligned = self.pack.map_or(aligned, |p| p.min(aligned));
            at = round_up(at, u128::from(aligned) * 8);
        }
        let container_bits = u128::from(field.size) * 8;
        // Under any `#pragma pack` GCC lets them straddle.
        let may_straddle = packed || self.pack.is_some();
        let align_bits = u128::from(type_align) * 8;
        if !may_straddle {
            let first = round_down(at, align_bits);
            if at + u128::from(width) > first + container_bits {
                at = round_up(at, align_bits);
            }
        }
        if field.is_named || target::UNNAMED_BITS_ALIGN {
            // A `#pragma pack` caps what the type asks for, and then `packed` does not count (GCC).
            let own = match self.pack {
                Some(pack) => type_align.min(pack),
                None if packed => 1,
                None => type_align,
            };
            let raised = field.aligned.map_or(1, |a| self.pack.map_or(a, |p| p.min(a)));
            self.align = self.align.max(own).max(raised);
            self.member_align = self.member_align.max(type_align).max(raised);
        }
        self.at = Position::of_bits(at + u128::from(width))?;
        Ok(container(type_align, at))
    }
}

/// A bit-field that starts at bit `at`, in the container that holds that: containers are `align` bytes apart.
fn container(align: u64, at: u128) -> FieldLayout {
    let container = round_down(at, u128::from(align) * 8);
    FieldLayout {
        offset: u64::try_from(container / 8).unwrap_or(SIZE_MAX),
        position_bits: (at - container) as u32,
    }
}
