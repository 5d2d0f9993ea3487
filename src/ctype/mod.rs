//! What a C type is.
//!
//! Owns the ctype data model and the table that interns it. Knows no Lua, no memory, no C text: `cdef` fills the table,
//! the floors above read it. Sizes, alignments and offsets are bytes; anything in bits says `_bits`.
#![forbid(unsafe_code)]

mod builtin;
pub mod compat;
pub mod dump;
mod hashes;
mod named;
pub mod repr;
mod scope;
pub mod table;

use crate::layout::RecordSpec;
use std::ops::Range;
use std::rc::Rc;

pub use crate::target::{FloatKind, IntKind};
pub use named::{Named, NamedSlice};
pub use table::{CTypeTable, Checkpoint};

/// The small number of an unqualified ctype in its [`CTypeTable`]. Equal ctypes have equal ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct CTypeId(pub(in crate::ctype) u32);

impl CTypeId {
    /// The id's place in the table, dense from zero.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// This ctype without qualifiers.
    pub const fn plain(self) -> QualType {
        QualType { id: self, qual: Qual::NONE }
    }

    /// This ctype, qualified.
    pub const fn with(self, qual: Qual) -> QualType {
        QualType { id: self, qual }
    }
}

/// A set of type qualifiers. `restrict` and `_Atomic` bear on no rule of ours and are not kept.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default)]
pub struct Qual(pub(in crate::ctype) u8);

impl Qual {
    /// No qualifier.
    pub const NONE: Qual = Qual(0);
    /// `const`
    pub const CONST: Qual = Qual(1);
    /// `volatile`
    pub const VOLATILE: Qual = Qual(2);

    /// Every qualifier of either.
    pub const fn union(self, other: Qual) -> Qual {
        Qual(self.0 | other.0)
    }

    /// Are all qualifiers of `other` in this set?
    pub const fn contains(self, other: Qual) -> bool {
        self.0 & other.0 == other.0
    }

    /// Is `const` among them?
    pub const fn is_const(self) -> bool {
        self.contains(Qual::CONST)
    }
}

/// A ctype and its qualifiers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct QualType {
    /// The unqualified ctype.
    pub id: CTypeId,
    /// Its qualifiers. On an array they are those of its elements (C11 6.7.3p9) and live there, not here.
    pub qual: Qual,
}

impl QualType {
    /// A number that no other type of its table has.
    pub fn number(self) -> u64 {
        u64::from(self.id.0) << 8 | u64::from(self.qual.0)
    }
}

impl std::hash::Hash for QualType {
    /// In one go: lists of them are hashed with each prototype.
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        state.write_u64(self.number());
    }
}

/// How many elements an array has.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ArrayLen {
    /// `[n]`, zero included.
    Fixed(u64),
    /// `[]`: a flexible member, or a type that is never completed.
    Unknown,
    /// `[?]`: given at creation (a VLA; a struct that ends in one is a VLS).
    Variable,
}

/// Where a [`Record`] lies in the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct RecordId(pub(in crate::ctype) u32);

/// Where a record's or enum's tag lies in the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TagId(u32);

/// Where an [`Enum`] lies in the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EnumId(pub(in crate::ctype) u32);

/// Where a [`Function`] type lies in the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FunctionId(pub(in crate::ctype) u32);

impl FunctionId {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// A C type, unqualified.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CType {
    /// `void`
    Void,
    /// `bool`, `_Bool`
    Bool,
    /// An integer type other than `bool` and enums.
    Int(IntKind),
    /// A real floating type.
    Float(FloatKind),
    /// A complex type, named by the type of its two parts.
    Complex(FloatKind),
    /// A GCC vector: `len` elements of a scalar type.
    Vector {
        /// An integer or floating ctype.
        elem: CTypeId,
        /// How many elements; a power of two.
        len: u32,
    },
    /// A pointer to anything.
    Pointer(QualType),
    /// A C++ reference, LuaJIT's extension: a pointer that is followed by itself.
    Reference(QualType),
    /// An array.
    Array {
        /// The element; carries the qualifiers.
        elem: QualType,
        /// How many.
        len: ArrayLen,
    },
    /// A function type (not a pointer to one).
    Function(FunctionId),
    /// A struct or union.
    Record(RecordId),
    /// An enum.
    Enum(EnumId),
}

/// Which kind of record.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum RecordKind {
    Struct,
    Union,
}

/// A struct or union type.
#[derive(Clone, Debug)]
pub struct Record {
    /// Struct or union.
    pub kind: RecordKind,
    /// The tag, if it has one ([`CTypeTable::record_tag`]).
    pub tag: Option<TagId>,
    /// What is between the braces, but for the fields; none while the record is incomplete.
    pub body: Option<RecordBody>,
    /// Where its fields lie among those of all records ([`CTypeTable::fields`]).
    fields: Range<usize>,
    /// A union that stands for any of its members where a parameter is of it (`transparent_union`).
    pub is_transparent: bool,
}

/// What a complete record is, besides its fields.
#[derive(Clone, Debug)]
pub struct RecordBody {
    /// Bytes, trailing padding included; without the elements of a `[?]` or `[]` member.
    pub size: u64,
    /// Bytes.
    pub align: u64,
    /// Bytes: what the members ask for, without an `aligned` of the record itself. AArch64 places arguments by it.
    pub member_align: u64,
    /// How deep its members nest, and how many parts it has with theirs.
    pub extent: Extent,
    /// Is a member, or what one holds, const?
    pub read_only: bool,
    /// Does some part lie at an address its type does not ask for (packed)? Such a record is passed in memory.
    pub misaligned: bool,
    /// Most records have none.
    pub special: Option<Box<Special>>,
}

/// What few records have.
#[derive(Clone, Debug)]
pub struct Special {
    /// As [`RecordBody::unnamed_bits`] gives them.
    pub unnamed_bits: Vec<(u64, u32)>,
    /// As [`RecordBody::constants`] gives them.
    pub constants: Named<Constant>,
    /// As [`RecordBody::spec`] gives it.
    pub spec: Option<RecordSpec>,
}

impl RecordBody {
    /// Where unnamed bit-fields lie: bits from the start of the record, and how many. They bear on how the record is passed.
    pub fn unnamed_bits(&self) -> &[(u64, u32)] {
        self.special.as_ref().map_or(&[], |special| &special.unnamed_bits)
    }

    /// Constants declared inside: `static const int`, and the constants of enums (LuaJIT scopes them here too).
    pub fn constants(&self) -> NamedSlice<'_, Constant> {
        self.special.as_ref().map_or_else(NamedSlice::default, |special| special.constants.all())
    }

    /// What it was laid out by, unless that was nothing but the types of its members.
    pub fn spec(&self) -> Option<&RecordSpec> {
        self.special.as_ref()?.spec.as_ref()
    }
}

/// How far a type reaches. All that walks over types, level by level, is bounded by it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Extent {
    /// Levels: pointers, arrays, functions, and records in records.
    depth: u32,
    /// Types that it names, each as often as it does.
    parts: u32,
}

impl Extent {
    /// Of a type that is made of no other.
    pub const SIMPLE: Extent = Extent { depth: 0, parts: 1 };
    /// Far more levels than headers have, and few enough for any thread's stack.
    const DEPTH_MAX: u32 = 250;
    /// More parts than headers have, and no more than are walked over in some milliseconds.
    const PARTS_MAX: u32 = 1 << 18;

    /// The same with one more part.
    #[inline]
    pub fn with(self, part: Extent) -> Extent {
        Extent { depth: self.depth.max(part.depth + 1), parts: self.parts.saturating_add(part.parts) }
    }

    /// May there be a type that reaches so far?
    #[inline]
    pub fn is_allowed(self) -> bool {
        self.depth <= Extent::DEPTH_MAX && self.parts <= Extent::PARTS_MAX
    }
}

impl Default for Extent {
    fn default() -> Extent {
        Extent::SIMPLE
    }
}

/// A member of a record.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// The member's type; for a bit-field the declared one.
    pub ty: QualType,
    /// Bytes from the start of the record; for a bit-field, of the container `bits` counts from.
    pub offset: u64,
    /// Set for a bit-field.
    pub bits: Option<BitField>,
}

/// Where a bit-field lies. Bits are counted from the least significant of the container, which is `ty` wide and lies
/// at the field's `offset`. Packed fields may reach past it (`position_bits + width_bits` greater than its width).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct BitField {
    /// Bits from the container's lowest bit.
    pub position_bits: u32,
    /// 1 to 64 (128 for 128-bit integers).
    pub width_bits: u32,
}

/// An enum type.
#[derive(Clone, Debug)]
pub struct Enum {
    /// The tag, if it has one ([`CTypeTable::enum_tag`]).
    pub tag: Option<TagId>,
    /// The integer type that stores it: as GCC chooses, `unsigned int` unless a constant is negative or too large.
    pub underlying: CTypeId,
    /// Where its constants lie among those of all enums ([`CTypeTable::enum_constants`]); none while the enum is opaque (`enum e;`), which is an
    /// `unsigned int` meanwhile.
    constants: Option<Range<usize>>,
}

/// How the arguments of a function travel. Only the platform's own is told apart from words we accept and ignore.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum Convention {
    /// The platform's C convention. `__cdecl`, `__stdcall`, `__fastcall`, `__thiscall` are this one wherever there is
    /// but one, as on all 64-bit targets.
    #[default]
    C,
    /// `__attribute__((ms_abi))` on a System V target.
    MsAbi,
    /// `__attribute__((sysv_abi))` where it is not the platform's own.
    SysvAbi,
}

/// A function type, by itself.
#[derive(Clone, Debug)]
pub struct Function {
    /// What it returns; void, scalar or record, never an array or function.
    pub result: QualType,
    /// Parameter types as adjusted by C (arrays and functions are pointers, top-level qualifiers dropped).
    pub params: Vec<QualType>,
    /// Does the list end in `...`?
    pub variadic: bool,
    /// Calling convention.
    pub convention: Convention,
}

/// A function type, as the table has it: what makes two function types one. The fields are those of a [`Function`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub struct Prototype<'p> {
    pub result: QualType,
    pub params: &'p [QualType],
    pub variadic: bool,
    pub convention: Convention,
}

impl Function {
    /// The same, borrowed.
    pub fn prototype(&self) -> Prototype<'_> {
        let Function { result, variadic, convention, .. } = *self;
        Prototype { result, params: &self.params, variadic, convention }
    }
}

impl Prototype<'_> {
    /// Is it called as another one, with the same types as far as `same` says?
    pub fn is_alike(&self, other: Prototype<'_>, mut same: impl FnMut(QualType, QualType) -> bool) -> bool {
        self.variadic == other.variadic
            && self.convention == other.convention
            && self.params.len() == other.params.len()
            && same(self.result, other.result)
            && self.params.iter().zip(other.params).all(|(&p, &q)| same(p, q))
    }

    /// The same by itself, whatever becomes of the table.
    pub fn to_function(self) -> Function {
        let Prototype { result, params, variadic, convention } = self;
        Function { result, params: params.to_vec(), variadic, convention }
    }
}

/// The names of a function's parameters, in one string: what follows the last one has none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ParamNames(String);

impl ParamNames {
    /// Behind each name. No identifier holds one.
    const END: char = '\0';

    /// No names, and room for so many bytes of them.
    fn with_capacity(bytes: usize) -> ParamNames {
        ParamNames(String::with_capacity(bytes))
    }

    /// Adds the next parameter's name; empty if it has none.
    fn push(&mut self, name: &str) {
        self.0.push_str(name);
        self.0.push(ParamNames::END);
    }

    /// How many bytes they take.
    fn len(&self) -> usize {
        self.0.len()
    }

    /// Forgets all that start behind so many bytes.
    fn truncate(&mut self, len: usize) {
        self.0.truncate(len);
    }

    /// Those in a range of bytes.
    fn part(&self, bytes: Range<usize>) -> ParamNames {
        ParamNames(self.0[bytes].to_owned())
    }

    /// All of them, up to the last one that was added.
    pub fn all(&self) -> Vec<&str> {
        self.0.split_terminator(ParamNames::END).collect()
    }

    /// Parameter `i`'s name, from 0.
    pub fn get(&self, i: usize) -> Option<&str> {
        self.0.split(ParamNames::END).nth(i).filter(|name| !name.is_empty())
    }
}

/// A compile-time constant of a name space or record.
#[derive(Clone, Debug, PartialEq)]
pub enum Constant {
    /// An integer of the given type, or the address that a pointer of that type is; the value fits it.
    Int(i128, CTypeId),
    /// A floating constant of the given type.
    Float(f64, CTypeId),
    /// A string literal: its bytes without the terminator.
    Str(Rc<[u8]>),
}

/// What an ordinary identifier names.
#[derive(Clone, Debug, PartialEq)]
pub enum Name {
    /// `typedef`
    Typedef(QualType),
    /// A function of a library.
    Function {
        /// A function ctype.
        ty: CTypeId,
        /// The name in the library, where `asm("...")` gave another.
        symbol: Option<Rc<str>>,
    },
    /// A variable of a library.
    Variable {
        /// Its type.
        ty: QualType,
        /// The name in the library, where `asm("...")` gave another.
        symbol: Option<Rc<str>>,
    },
    /// An enum constant, a `static const`, or a `#define`.
    Constant(Constant),
}

/// What a tag names.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tag {
    /// `struct tag`, `union tag`
    Record(RecordId),
    /// `enum tag`
    Enum(EnumId),
}
