//! Entering names in the table: what means the same again, and what is a redefinition.

use super::record::same_body_parts;
use crate::ctype::{CType, CTypeTable, Constant, Name, QualType, compat};

/// Enters a name; the same meaning again is fine. False if it means something else already.
pub fn enter(table: &mut CTypeTable, name: &str, what: Name) -> bool {
    let Err(what) = table.enter_name(name, what) else { return true };
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
        (CType::Record(x), CType::Record(y)) => {
            let (x, y) = (table.record(x), table.record(y));
            let (Some(p), Some(q)) = (&x.body, &y.body) else { return false };
            x.kind == y.kind
                && x.tag.is_none()
                && y.tag.is_none()
                && p.align == q.align
                && same_body_parts(p, q, deeper)
        }
        (CType::Enum(x), CType::Enum(y)) => {
            let (x, y) = (table.enumeration(x), table.enumeration(y));
            x.tag.is_none() && y.tag.is_none() && x.underlying == y.underlying && x.constants == y.constants
        }
        // Two words for one integer, as headers and our predefined names may use them.
        (CType::Int(_), CType::Int(_)) => compat::is_type(table, a, b),
        _ => false,
    }
}
