//! May this pointer become that one? Is this type that type?

use super::{ArrayLen, CType, CTypeId, CTypeTable, QualType};
use crate::target;

/// `ffi.istype`: equal but for qualifiers; integers of one size and sign are one; a pointer to a record is that record.
pub fn is_type(table: &CTypeTable, wanted: QualType, ty: QualType) -> bool {
    let strip = |id| table.unaligned(id);
    let (a, b) = (strip(wanted.id), strip(ty.id));
    if same(table, a, b, false) {
        return true;
    }
    // `ffi.istype("struct s", pointer)`: a method's self is often a pointer.
    match (table.get(a), table.get(b)) {
        (CType::Record(_), CType::Pointer(to)) => strip(to.id) == a,
        _ => false,
    }
}

/// May a pointer to `from` be given, without a cast, where one to `to` is wanted? (LuaJIT's rules: qualifiers may only
/// be added, `void *` goes both ways, pointed-to types agree.)
pub fn pointer_converts(table: &CTypeTable, to: QualType, from: QualType) -> bool {
    let qual = |ty: QualType| match table.get(ty.id) {
        CType::Array { elem, .. } => ty.qual.union(elem.qual),
        _ => ty.qual,
    };
    if !qual(to).contains(qual(from)) {
        return false;
    }
    let (a, b) = (table.unaligned(to.id), table.unaligned(from.id));
    matches!(table.get(a), CType::Void) || matches!(table.get(b), CType::Void) || same(table, a, b, true)
}

/// Are two unqualified types one type to LuaJIT? With `qualified`, what they lead to must be qualified alike, too.
fn same(table: &CTypeTable, a: CTypeId, b: CTypeId, qualified: bool) -> bool {
    if a == b {
        return true;
    }
    let inner = |x: QualType, y: QualType| {
        (!qualified || x.qual == y.qual)
            && same(table, table.unaligned(x.id), table.unaligned(y.id), qualified)
    };
    if qualified && let (Some(x), Some(y)) = (table.integer_kind(a), table.integer_kind(b)) {
        // Pointers to integers of one size convert, whatever their sign; an enum is its integer.
        return target::int_size(x) == target::int_size(y);
    }
    match (table.get(a), table.get(b)) {
        (CType::Int(x), CType::Int(y)) => {
            target::int_size(x) == target::int_size(y) && target::int_is_signed(x) == target::int_is_signed(y)
        }
        (CType::Pointer(x), CType::Pointer(y)) => inner(x, y),
        (CType::Reference(x), CType::Reference(y)) => inner(x, y),
        (CType::Array { elem: x, len: m }, CType::Array { elem: y, len: n }) => {
            (m == n || m == ArrayLen::Unknown || n == ArrayLen::Unknown) && inner(x, y)
        }
        (CType::Function(x), CType::Function(y)) => {
            let (x, y) = (table.function(x), table.function(y));
            x.variadic == y.variadic
                && x.params.len() == y.params.len()
                && inner(x.result, y.result)
                && x.params.iter().zip(&y.params).all(|(p, q)| inner(*p, *q))
        }
        _ => false,
    }
}
