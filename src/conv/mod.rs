//! What a value becomes on its way between Lua and C.
//!
//! `number` is the matrix of numeric types, `to_lua` and `from_lua` the two directions, `init` what initializers do.
//! Decides *what* a value becomes; `index`, `call`, `callback` and `clib` decide *where* it goes.

pub mod from_lua;
pub mod init;
pub mod number;
pub mod to_lua;
