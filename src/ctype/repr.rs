//! ctype -> C text, as LuaJIT prints it (`int (*)[3]`).

use super::{CTypeTable, QualType};

/// The type as C text.
pub fn repr(table: &CTypeTable, ty: QualType) -> String {
    let _ = (table, ty);
    String::new()
}
