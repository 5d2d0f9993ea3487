//! C text -> ctypes. Two entries: declarations (`ffi.cdef`) and one abstract type (`ffi.typeof "int[?]"`).
//!
//! Owns everything that names lang-c. Knows the ctype table and `layout`; no Lua, no memory.
//! Called by `api::types` and by the type-string cache.
#![forbid(unsafe_code)]

use std::rc::Rc;

use crate::ctype::{CTypeTable, QualType};

/// What stands for a `$` in the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// A ctype, where a type is due.
    Type(QualType),
    /// An integer, where an expression is due.
    Int(i64),
    /// An identifier.
    Name(Rc<str>),
}

/// Why a text was refused. The message is LuaJIT's where it has words for it; `Display` gives all of it in one line:
/// `declaration specifier expected near 'blah' at line 3`.
#[derive(Clone, Debug, PartialEq)]
pub struct CdefError {
    /// What is wrong, without place.
    pub message: String,
    /// The token it was noticed at, as the user wrote it; `<eof>` at the end.
    pub near: Option<String>,
    /// `at line 3`, or `at zlib.h:1213` where line markers name a file; none for a text of one line.
    pub place: Option<String>,
}

impl std::fmt::Display for CdefError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if let Some(near) = &self.near {
            write!(f, " near '{near}'")?;
        }
        if let Some(place) = &self.place {
            write!(f, " {place}")?;
        }
        Ok(())
    }
}

/// A type read from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// The type.
    pub ty: QualType,
    /// Did the text itself define a record or enum? Then reading it again gives another type, and no cache may hold it.
    pub defines: bool,
}

/// Reads declarations into the table. All of them land, or none.
pub fn declare(table: &mut CTypeTable, text: &[u8], params: &[Param]) -> Result<(), CdefError> {
    let _ = (table, text, params);
    Ok(())
}

/// Reads one abstract type (`int (*)[3]`, `struct point`, `int[?]`). Leaves nothing behind when it fails.
pub fn type_name(table: &mut CTypeTable, text: &[u8], params: &[Param]) -> Result<TypeName, CdefError> {
    let _ = (table, text, params);
    Err(CdefError { message: String::new(), near: None, place: None })
}
