//! Entering names in the table: what means the same again, and what is a redefinition.

use super::record::same_fields;
use crate::ctype::{CType, CTypeTable, Constant, Name, QualType, compat};

/// Enters a name; the same meaning again is fine. False if it means something else already.
#[inline]
pub fn enter(table: &mut CTypeTable, name: &str, what: Name) -> bool {
    match table.enter_name(name, what) {
        Ok(()) => true,
        Err(what) => enter_again(table, name, what),
    }
}

/// As [`enter`], of a name that means something already.
pub fn enter_again(table: &mut CTypeTable, name: &str, what: Name) -> bool {
    let Some(old) = table.name(name) else { return false };
    let same = match (old, &what) {
        (Name::Typedef(a), Name::Typedef(b)) => equivalent(table, *a, *b),
        (Name::Function { ty: a, .. }, Name::Function { ty: b, .. }) => {
            called_alike(table, a.plain(), b.plain())
        }
        (Name::Variable { ty: a, .. }, Name::Variable { ty: b, .. }) => equivalent_object(table, *a, *b),
        (Name::Constant(Constant::Int(a, _)), Name::Constant(Constant::Int(b, _))) => a == b,
        (Name::Constant(a), Name::Constant(b)) => a == b,
        _ => false,
    };
    same || table.replace_predefined(name, what)
}

/// Are two declarations of a function called in one way? What their pointers lead to may be const to one and not to the other, an enum be an integer:
/// no two libraries that declare `getenv` agree on that.
fn called_alike(table: &CTypeTable, a: QualType, b: QualType) -> bool {
    let deeper = |x, y| called_alike(table, x, y);
    match (table.get(a.id), table.get(b.id)) {
        (CType::Function(x), CType::Function(y)) => table.function(x).is_alike(table.function(y), deeper),
        (CType::Pointer(x), CType::Pointer(y)) => deeper(x, y),
        (CType::Enum(e), CType::Int(_)) => {
            equivalent(table, table.enumeration(e).underlying.plain(), b.id.plain())
        }
        (CType::Int(_), CType::Enum(e)) => {
            equivalent(table, a.id.plain(), table.enumeration(e).underlying.plain())
        }
        _ => equivalent(table, a.id.plain(), b.id.plain()),
    }
}

/// Are two declarations of a variable one? An array may learn its length.
fn equivalent_object(table: &CTypeTable, a: QualType, b: QualType) -> bool {
    if equivalent(table, a, b) {
        return true;
    }
    match (table.get(a.id), table.get(b.id)) {
        (CType::Array { elem: x, .. }, CType::Array { elem: y, .. }) => equivalent(table, x, y),
        _ => false,
    }
}

/// Do two types mean the same: one type, or two whose parts mean the same (a record without a tag, declared again)?
/// (A record that may lead back to itself has a tag. So this goes no further than the types' extents.)
pub fn equivalent(table: &CTypeTable, a: QualType, b: QualType) -> bool {
    if a == b {
        return true;
    }
    if a.qual != b.qual || table.align(a.id) != table.align(b.id) {
        return false;
    }
    let deeper = |x, y| equivalent(table, x, y);
    match (table.get(a.id), table.get(b.id)) {
        (CType::Pointer(x), CType::Pointer(y)) | (CType::Reference(x), CType::Reference(y)) => deeper(x, y),
        (CType::Array { elem: x, len: m }, CType::Array { elem: y, len: n }) => m == n && deeper(x, y),
        (CType::Function(x), CType::Function(y)) => table.function(x).is_alike(table.function(y), deeper),
        (CType::Record(m), CType::Record(n)) => {
            let (x, y) = (table.record(m), table.record(n));
            let (Some(p), Some(q)) = (&x.body, &y.body) else { return false };
            x.kind == y.kind
                && x.tag.is_none()
                && y.tag.is_none()
                && p.align == q.align
                && p.size == q.size
                && same_fields(table.fields(m), table.fields(n), deeper)
        }
        (CType::Enum(m), CType::Enum(n)) => {
            let (x, y) = (table.enumeration(m), table.enumeration(n));
            x.tag.is_none()
                && y.tag.is_none()
                && x.underlying == y.underlying
                && table.enum_constants(m) == table.enum_constants(n)
        }
        // Two words for one integer, as headers and our predefined names may use them.
        (CType::Int(_), CType::Int(_)) => compat::is_type(table, a, b),
        _ => false,
    }
}
