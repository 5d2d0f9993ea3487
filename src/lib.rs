//! LuaJIT's FFI for standard Lua: `require("ffi")`.

pub mod cdef;
pub mod ctype;
pub mod error;
pub mod layout;
pub mod target;
