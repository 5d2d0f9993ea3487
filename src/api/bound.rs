//! Functions of a library that are called often: each is bound to a thunk, by a metatable of its own that keeps it and frees it.

use std::ffi::{c_int, c_void};

use super::meta;
use crate::call::Bound;
use crate::cdata;
use crate::clib;
use crate::error::{Result, What};
use crate::vm::peek;
use crate::vm::stack::*;
use crate::vm::thunk::Thunk;

/// Calls that a function answers with the metatable of any cdata: together they take about as much longer as it takes to bind it.
const CALLS_UNBOUND: u32 = 120;
/// As many calls has a function that is bound.
const BOUND: u32 = u32::MAX;

/// What a bound function's metatable keeps, and its `__gc` frees.
struct Binding {
    /// The block of the function's cdata: the debug library may bring `__gc` another.
    owner: *mut c_void,
    thunk: Option<Thunk>,
    bound: Box<Bound>,
}

/// The function cdata at 1 is about to be called by way of the generic `__call`. An error if its library is closed; if it is called often,
/// it is bound for the next calls.
///
/// # Safety
/// A function cdata is called; S6.
pub unsafe fn count_call(l: *mut lua_State) -> Result<()> {
    // SAFETY: the first user value of a library's function is its name space.
    unsafe {
        let Some(calls) = cdata::calls(l, 1) else { return Ok(()) };
        lua_getiuservalue(l, 1, 1);
        let is_open = clib::is_open(l, -1);
        lua_pop(l, 1);
        if !is_open {
            return Err(What::ClosedLibrary.into());
        }
        if *calls < CALLS_UNBOUND {
            *calls += 1;
            return Ok(());
        }
        bind(l, 1)
    }
}

/// As [`count_call`], for the function cdata in a slot, the usual: its library is open, and it is not called often yet. False if that is not so;
/// then nothing is counted. (Who asks this first and `count_call` later counts a call twice, which does no harm.)
///
/// # Safety
/// [`peek::is_available`]; the slot's cdata is called.
#[inline]
pub unsafe fn quick_count(own: peek::Slot) -> bool {
    // SAFETY: a function of a library has a first user value; what lies there is told by its sort, length and mark.
    unsafe {
        let Some(calls) = cdata::calls_in(own) else { return false };
        let counts = *calls < CALLS_UNBOUND && clib::is_open_in(*peek::user_value(own, 1));
        *calls += u32::from(counts);
        counts
    }
}

/// Gives the function at `idx`, if it is a library's, a metatable of its own, whose `__call` knows function and type.
///
/// # Safety
/// `idx` is absolute; S6.
pub unsafe fn bind(l: *mut lua_State, idx: c_int) -> Result<()> {
    // SAFETY: S5; the binding is made once there is a `__gc` to own it.
    unsafe {
        let (Some(calls), Some(header)) = (cdata::calls(l, idx), cdata::header(l, idx)) else {
            return Ok(());
        };
        if *calls == BOUND {
            return Ok(());
        }
        reserve(l, 8)?;
        let bound = Bound::new((*header).shape(), (*header).address.cast())?;
        let top = lua_gettop(l);
        // It is as the common one, with `__call` and `__gc` of its own.
        meta::push_metatable(l, c"__call", false);
        let metatable = lua_gettop(l);
        lua_pushlightuserdata(l, std::ptr::null_mut());
        lua_pushcclosure(l, release, 1);
        let gc = lua_gettop(l);
        lua_pushvalue(l, gc);
        lua_setfield(l, metatable, c"__gc".as_ptr());
        *calls = BOUND;
        lua_pushvalue(l, metatable);
        lua_setmetatable(l, idx);
        let bound = Box::new(bound);
        let data = std::ptr::from_ref::<Bound>(&bound).cast_mut().cast();
        let (owner, thunk) = (header.cast(), Thunk::new(bound.handler(), data));
        let binding = Box::into_raw(Box::new(Binding { owner, thunk, bound }));
        lua_pushlightuserdata(l, binding.cast());
        lua_setupvalue(l, gc, 1);
        match &(*binding).thunk {
            Some(thunk) => lua_pushcclosure(l, thunk.function(), 0),
            None => {
                lua_pushlightuserdata(l, data);
                lua_pushcclosure(l, call_upvalue, 1);
            }
        }
        lua_setfield(l, metatable, c"__call".as_ptr());
        lua_settop(l, top);
    }
    Ok(())
}

/// `__call` once the thunks are used up.
unsafe extern "C-unwind" fn call_upvalue(l: *mut lua_State) -> c_int {
    // SAFETY: the upvalue is the binding's, or null once that is gone; then the debug library has kept this closure.
    unsafe {
        let data = upvalue_pointer(l, 1);
        if data.is_null() { meta::call(l) } else { (*data.cast::<Bound>()).handler()(l, data.cast()) }
    }
}

/// `__gc` of a function: its finalizer if `ffi.gc` gave it one; then the thunk goes back. Other finalizers may still
/// call the function afterwards: through the generic `__call`, which asks whether the library is open.
unsafe extern "C-unwind" fn release(l: *mut lua_State) -> c_int {
    // SAFETY: Lua calls this once, for the function whose metatable holds it. The debug library may call it with another, or
    // again: the first is refused, and the closure's upvalue is replaced so that the second finds nothing.
    unsafe {
        let owned = |l| {
            let binding = upvalue_pointer(l, 1).cast::<Binding>();
            (!binding.is_null() && lua_touserdata(l, 1) == (*binding).owner).then_some(binding)
        };
        if owned(l).is_none() {
            return 0;
        }
        lua_settop(l, 1);
        meta::run_finalizer(l);
        // The finalizer may have played the same game.
        let Some(binding) = owned(l) else { return 0 };
        lua_pushlightuserdata(l, std::ptr::null_mut());
        lua_replace(l, lua_upvalueindex(1));
        if lua_getmetatable(l, 1) != 0 {
            lua_getfield(l, -1, c"__call".as_ptr());
            if lua_tocfunction(l, -1).is_some_and(|f| f as usize == call_upvalue as *const () as usize) {
                lua_pushlightuserdata(l, std::ptr::null_mut());
                lua_setupvalue(l, -2, 1);
            }
            lua_settop(l, 2);
            lua_pushcclosure(l, meta::call, 0);
            lua_setfield(l, -2, c"__call".as_ptr());
        }
        let binding = Box::from_raw(binding);
        drop(binding.thunk);
        drop(binding.bound);
    }
    0
}
