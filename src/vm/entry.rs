//! The one door: Lua -> Rust and back. An `Err` becomes a raised string, a panic an error.
//!
//! A metamethod or function of ours is made with [`door!`](crate::door): the outer frame owns nothing when it calls `lua_error`.
//! Slow, pure work (the parser) goes through [`guard`], which turns a panic into an error. Bodies are not wrapped in
//! `catch_unwind` themselves: a Lua built as C++ raises by foreign exceptions, which must fly through them.

use std::ffi::{c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::stack::*;
use crate::error::{Blame, Error, Result, What};

/// What a door leads to: returns how many results lie on the stack.
pub type Body = unsafe fn(*mut lua_State) -> Result<c_int>;

/// What a door tries first; see [`door!`](crate::door).
pub type Quick = unsafe fn(*mut lua_State) -> bool;

/// Bytes of the longest message raised; longer ones are cut.
const MESSAGE_MAX: usize = 4096;

/// Makes `lua_CFunction`s of bodies: `door! { pub fn gc = gc_body; }`. With `pub fn new = quick_new(1) or new_body;` the usual case is tried
/// first, which gives one result: `quick_new` tells whether it was one; then, and only then, it has changed the stack. It raises nothing but
/// what Lua itself raises. So the usual case needs neither a frame nor a [`Result`]: for others the function ends with one of their own.
#[macro_export]
macro_rules! door {
    () => {};
    ($(#[$doc:meta])* $vis:vis fn $name:ident = $quick:ident ($results:literal) or $body:ident; $($more:tt)*) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// Called by Lua with its own state.
        $vis unsafe extern "C-unwind" fn $name(l: *mut $crate::vm::stack::lua_State) -> std::ffi::c_int {
            $crate::door! {
                #[inline(never)]
                fn other = $body;
            }
            let quick: $crate::vm::entry::Quick = $quick;
            // SAFETY: Lua calls us with its own state.
            if unsafe { quick(l) } {
                return $results;
            }
            // SAFETY: as there.
            unsafe { other(l) }
        }
        $crate::door! { $($more)* }
    };
    ($(#[$doc:meta])* $vis:vis fn $name:ident = $body:expr; $($more:tt)*) => {
        $(#[$doc])*
        ///
        /// # Safety
        /// Called by Lua with its own state.
        $vis unsafe extern "C-unwind" fn $name(l: *mut $crate::vm::stack::lua_State) -> std::ffi::c_int {
            let body: $crate::vm::entry::Body = $body;
            // SAFETY: Lua calls us with its own state.
            match unsafe { body(l) } {
                Ok(n) => n,
                // SAFETY: S6: nothing but the error, which `raise` takes, is alive here.
                Err(error) => unsafe { $crate::vm::entry::raise(l, error) },
            }
        }
        $crate::door! { $($more)* }
    };
}

/// Raises the error. Never returns.
///
/// # Safety
/// `l` is running; no frame between here and Lua owns anything (S6).
#[cold]
#[inline(never)]
pub unsafe fn raise(l: *mut lua_State, error: Box<Error>) -> ! {
    let mut buffer = [0u8; MESSAGE_MAX];
    let blame = error.blame;
    let len = write_message(error, &mut buffer);
    // SAFETY: the error is dropped by now; `buffer` is plain bytes, NUL-terminated at `len`.
    unsafe {
        // A raise may come from deep in the stack: a few slots, or Lua's own error for want of them.
        luaL_checkstack(l, 4, std::ptr::null());
        match blame {
            Blame::Value => {}
            Blame::Argument(n) => {
                luaL_argerror(l, n as c_int, buffer.as_ptr().cast::<c_char>());
            }
            Blame::Caller => {
                luaL_where(l, 1);
                lua_pushlstring(l, buffer.as_ptr().cast::<c_char>(), len);
                lua_concat(l, 2);
            }
        }
        lua_error(l)
    }
}

/// Writes the text, NUL-terminated, and gives its length without the NUL. Drops the error.
#[allow(clippy::boxed_local)]
fn write_message(error: Box<Error>, buffer: &mut [u8; MESSAGE_MAX]) -> usize {
    let text = error.what.to_string();
    let mut len = text.len().min(MESSAGE_MAX - 1);
    while !text.is_char_boundary(len) {
        len -= 1;
    }
    buffer[..len].copy_from_slice(&text.as_bytes()[..len]);
    buffer[len] = 0;
    len
}

/// Runs work that may raise where the caller owns what a raise must not lose: what it raises comes back as an error. Slots:
/// as many as the work leaves; needs 2.
///
/// # Safety
/// `l` is running; the work itself owns nothing while it may raise (S6).
pub unsafe fn protect(
    l: *mut lua_State,
    mut work: impl FnMut(*mut lua_State) -> Result<c_int>,
) -> Result<c_int> {
    let mut work: Work = &mut work;
    // SAFETY: a C function without upvalues and a light userdata allocate nothing; `work` outlives the call.
    unsafe {
        let base = lua_gettop(l);
        lua_pushcclosure(l, protected, 0);
        lua_pushlightuserdata(l, (&raw mut work).cast());
        if lua_pcall(l, 1, LUA_MULTRET, 0) != LUA_OK {
            return Err(Error::on_stack());
        }
        Ok(lua_gettop(l) - base)
    }
}

/// What [`protect`] runs.
type Work<'a> = &'a mut dyn FnMut(*mut lua_State) -> Result<c_int>;

door! {
    fn protected = protected_body;
}

unsafe fn protected_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: only `protect` calls this, with work that outlives the call.
    unsafe {
        let work = lua_touserdata(l, 1).cast::<Work>();
        lua_settop(l, 0);
        (*work)(l)
    }
}

/// Runs pure work that calls no Lua; a panic in it becomes an "internal error".
pub fn guard<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    match catch_unwind(AssertUnwindSafe(work)) {
        Ok(result) => result,
        Err(panic) => {
            let text = panic
                .downcast_ref::<&str>()
                .map(|s| s.to_string())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            Err(What::Internal(text).into())
        }
    }
}
