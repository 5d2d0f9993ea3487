//! May this pointer become that one? Is this type that type? Are two types compatible as C has it?
//!
//! All that is recursive here is bounded by the types' extents ([`CTypeTable::extent`]): it does not look into records.
//! LuaJIT's rules as its behaviour shows them; `tests/compat.rs` asks it about every pair of some hundred types.

use super::{ArrayLen, CType, CTypeId, CTypeTable, Qual, QualType};
use crate::target;

/// `ffi.istype`: equal but for qualifiers; integers of one size and sign are one; pointers and arrays that lead to types
/// that agree are one; a pointer to a record is that record.
pub fn is_type(table: &CTypeTable, wanted: QualType, ty: QualType) -> bool {
    let (a, b) = (table.unaligned(wanted.id), table.unaligned(ty.id));
    if a == b {
        return true;
    }
    match (table.get(a), table.get(b)) {
        (CType::Int(x), CType::Int(y)) => {
            target::int_size(x) == target::int_size(y) && target::int_is_signed(x) == target::int_is_signed(y)
        }
        // Qualifiers of what they lead to at once do not count; what lies behind must have the same.
        (CType::Pointer(x), CType::Pointer(y)) | (CType::Reference(x), CType::Reference(y)) => {
            agree(table, x.id, y.id)
        }
        (CType::Array { elem: x, .. }, CType::Array { elem: y, .. }) => {
            table.size(a) == table.size(b) && agree(table, x.id, y.id)
        }
        // `ffi.istype("struct s", pointer)`: a method's self is often a pointer.
        (CType::Record(_), CType::Pointer(to)) => table.unaligned(to.id) == a,
        _ => false,
    }
}

/// May a pointer to `from` be given, without a cast, where one to `to` is wanted? (LuaJIT's rules: qualifiers may only
/// be added, `void *` goes both ways, pointed-to types agree.)
pub fn pointer_converts(table: &CTypeTable, to: QualType, from: QualType) -> bool {
    if !qualifiers(table, to).contains(qualifiers(table, from)) {
        return false;
    }
    let is_void = |ty: QualType| matches!(table.get(ty.id), CType::Void);
    is_void(to) || is_void(from) || agree(table, to.id, from.id)
}

/// May pointers to these two be ordered, and subtracted? As [`pointer_converts`], but qualifiers do not count, and `void` is a type as any.
pub fn pointers_compare(table: &CTypeTable, a: CTypeId, b: CTypeId) -> bool {
    agree(table, a, b)
}

/// C's compatible types (C11 6.2.7), whatever qualifies them outermost: `__builtin_types_compatible_p` and `_Generic`. Asked
/// of the compiler by `tests/cdef.rs`.
pub fn compatible(table: &CTypeTable, a: CTypeId, b: CTypeId) -> bool {
    let (a, b) = (table.unaligned(a), table.unaligned(b));
    if a == b {
        return true;
    }
    let within = |x: QualType, y: QualType| compatible(table, x.id, y.id);
    match (table.get(a), table.get(b)) {
        // An enum is compatible with the one integer that it is made of.
        (CType::Enum(_), CType::Int(kind)) | (CType::Int(kind), CType::Enum(_)) => {
            [a, b].map(|id| table.integer_kind(id)) == [Some(kind); 2]
        }
        (CType::Pointer(x), CType::Pointer(y)) | (CType::Reference(x), CType::Reference(y)) => {
            qualifiers(table, x) == qualifiers(table, y) && within(x, y)
        }
        (CType::Array { elem: x, len: m }, CType::Array { elem: y, len: n }) => {
            let is_known = |len| matches!(len, ArrayLen::Fixed(_));
            (m == n || !is_known(m) || !is_known(n)) && within(x, y)
        }
        (CType::Function(x), CType::Function(y)) => table.function(x).is_alike(table.function(y), within),
        _ => false,
    }
}

/// The qualifiers of a type, or of an array's elements.
fn qualifiers(table: &CTypeTable, ty: QualType) -> Qual {
    match table.get(ty.id) {
        CType::Array { elem, .. } => ty.qual.union(qualifiers(table, elem)),
        _ => ty.qual,
    }
}

/// May a pointer to one stand for a pointer to the other? Integers of one size agree, whatever their sign, and an enum is
/// its integer; functions agree if they take the same number of arguments; records must be the same.
fn agree(table: &CTypeTable, a: CTypeId, b: CTypeId) -> bool {
    let (a, b) = (table.unaligned(a), table.unaligned(b));
    if a == b {
        return true;
    }
    if let (Some(x), Some(y)) = (table.integer_kind(a), table.integer_kind(b)) {
        return target::int_size(x) == target::int_size(y);
    }
    let inner = |x: QualType, y: QualType| x.qual == y.qual && agree(table, x.id, y.id);
    match (table.get(a), table.get(b)) {
        (CType::Pointer(x), CType::Pointer(y)) | (CType::Reference(x), CType::Reference(y)) => inner(x, y),
        (CType::Array { elem: x, .. }, CType::Array { elem: y, .. }) => {
            table.size(a) == table.size(b) && inner(x, y)
        }
        (CType::Function(x), CType::Function(y)) => {
            let (x, y) = (table.function(x), table.function(y));
            x.params.len() == y.params.len() && x.convention == y.convention
        }
        _ => false,
    }
}
