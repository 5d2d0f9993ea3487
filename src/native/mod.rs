//! The machine: bytes, calls, callable addresses, libraries.
//!
//! Owns everything that names libffi and the loader. Knows ctypes; no Lua. Each room's functions are unsafe for what they
//! touch, and say what must hold.

#[cfg(all(direct, target_arch = "aarch64"))]
mod aapcs64;
mod cif;
pub mod closure;
#[cfg(direct)]
mod direct;
pub mod dl;
pub mod mem;
#[cfg(direct)]
mod pool;
pub mod signature;
#[cfg(all(direct, target_arch = "x86_64"))]
mod sysv_x64;
pub mod thread;
#[cfg(all(direct, target_os = "linux", target_env = "gnu", not(target_feature = "crt-static")))]
mod unwind;

/// The platform's own convention. Each file that can stand here answers the same questions: where a signature's arguments
/// and result lie (`signature`, `vector_word`), how it is called (`call_ints`, `call_mixed`, `call_general`), and, of callbacks, the code of the pool's entries (of
/// `ENTRY` bytes) and how a result goes back (`ResultPlace`, `Registers`). Where `build.rs` knows none, libffi does it all.
#[cfg(all(direct, target_arch = "aarch64"))]
use aapcs64 as convention;
#[cfg(all(direct, target_arch = "x86_64"))]
use sysv_x64 as convention;
