//! The machine: bytes, calls, callable addresses, libraries.
//!
//! Owns everything that names libffi and the loader. Knows ctypes; no Lua. Each room's functions are unsafe for what they
//! touch, and say what must hold.

mod cif;
pub mod closure;
pub mod dl;
pub mod mem;
pub mod signature;
#[cfg(all(target_arch = "x86_64", not(windows)))]
mod sysv_x64;
