//! The Lua face: checks arguments, calls one thing, pushes one thing.

pub mod args;
pub mod bound;
pub mod memory;
pub mod meta;
pub mod objects;
pub mod reflect;
pub mod types;
