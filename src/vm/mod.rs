//! Everything that touches the raw Lua API: the API itself, the one door, what one Lua VM owns.
//!
//! Nothing above this floor names `mlua`. Knows no conversions and no metamethods.

pub mod address_map;
pub mod elements;
pub mod entry;
pub mod kept;
pub mod peek;
pub mod shape;
pub mod spares;
pub mod stack;
pub mod state;
pub mod store;
pub mod texts;
pub mod thunk;
