//! The Lua API that we use, and small helpers over it; each states its stack contract.
//!
//! "Raises" means Lua's own error for want of memory, or one out of a user's metamethod: whoever calls such a helper
//! holds nothing with a destructor (S6).
#![allow(non_upper_case_globals)]

use std::ffi::{CStr, c_int, c_void};

use mlua::ffi::lua_KContext;

use super::entry;
use crate::error::{Result, What};

pub use mlua::ffi::{
    LUA_ERRMEM, LUA_GCCOLLECT, LUA_MULTRET, LUA_OK, LUA_REGISTRYINDEX, LUA_TBOOLEAN, LUA_TFUNCTION,
    LUA_TLIGHTUSERDATA, LUA_TNIL, LUA_TNONE, LUA_TNUMBER, LUA_TSTRING, LUA_TTABLE, LUA_TUSERDATA,
    lua_CFunction, lua_Debug, lua_State, lua_absindex, lua_call, lua_callk, lua_checkstack, lua_concat,
    lua_copy, lua_createtable, lua_error, lua_getfield, lua_getinfo, lua_getiuservalue, lua_getmetatable,
    lua_gettable, lua_gettop, lua_insert, lua_isinteger, lua_isyieldable, lua_newthread, lua_newuserdatauv,
    lua_next, lua_pcall, lua_pop, lua_pushboolean, lua_pushcclosure, lua_pushinteger, lua_pushlightuserdata,
    lua_pushlstring, lua_pushnil, lua_pushnumber, lua_pushstring, lua_pushvalue, lua_rawequal, lua_rawget,
    lua_rawgeti, lua_rawgetp, lua_rawlen, lua_rawset, lua_rawseti, lua_rawsetp, lua_remove, lua_replace,
    lua_rotate, lua_setfield, lua_setiuservalue, lua_setmetatable, lua_settable, lua_settop, lua_setupvalue,
    lua_stringtonumber, lua_toboolean, lua_tocfunction, lua_tointegerx, lua_tolstring, lua_tonumberx,
    lua_topointer, lua_tothread, lua_touserdata, lua_type, lua_typename, lua_upvalueindex, lua_warning,
    lua_xmove, luaL_argerror, luaL_checkstack, luaL_getmetafield, luaL_ref, luaL_tolstring, luaL_unref,
    luaL_where,
};

/// The longest string that Lua interns, in bytes (`LUAI_MAXSHORTLEN`): equal ones have one address.
pub const SHORT_STRING_MAX: usize = 40;

/// A Lua number as Lua tells it apart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum LuaNumber {
    /// An integer.
    Int(i64),
    /// A float.
    Float(f64),
}

/// The bytes of the string at `idx`. Slots 0, never raises. None for anything but a string, numbers included.
///
/// # Safety
/// The string stays on the stack, or anchored, for as long as the bytes are used.
#[inline]
pub unsafe fn bytes<'a>(l: *mut lua_State, idx: c_int) -> Option<&'a [u8]> {
    // SAFETY: a string is not converted by `lua_tolstring`, so nothing is allocated; Lua's bytes are `len` long.
    unsafe {
        if lua_type(l, idx) != LUA_TSTRING {
            return None;
        }
        let mut len = 0;
        let data = lua_tolstring(l, idx, &mut len);
        Some(std::slice::from_raw_parts(data.cast::<u8>(), len))
    }
}

/// Pushes `file:line: ` of where a Lua function ends, by its registry reference. Slots +1 (needs 2), raises. False, and nothing pushed,
/// for a C function.
///
/// # Safety
/// The reference is a function's.
pub unsafe fn push_last_line(l: *mut lua_State, function: c_int) -> bool {
    // SAFETY: `lua_getinfo` takes the function off the stack and fills what "S" asks for.
    unsafe {
        let mut about: lua_Debug = std::mem::zeroed();
        lua_rawgeti(l, LUA_REGISTRYINDEX, function.into());
        if lua_getinfo(l, c">S".as_ptr(), &mut about) == 0 || about.lastlinedefined < 0 {
            return false;
        }
        let source = CStr::from_ptr(about.short_src.as_ptr()).to_bytes();
        push_bytes(l, source);
        lua_pushstring(l, c":".as_ptr());
        lua_pushinteger(l, about.lastlinedefined.into());
        lua_pushstring(l, c": ".as_ptr());
        lua_concat(l, 4);
        true
    }
}

/// The number at `idx`. Slots 0, never raises. None for anything but a number, numeric strings included.
///
/// # Safety
/// `idx` is valid or acceptable.
#[inline]
pub unsafe fn number(l: *mut lua_State, idx: c_int) -> Option<LuaNumber> {
    // SAFETY: plain reads of the stack.
    unsafe {
        if lua_type(l, idx) != LUA_TNUMBER {
            return None;
        }
        if lua_isinteger(l, idx) != 0 {
            Some(LuaNumber::Int(lua_tointegerx(l, idx, std::ptr::null_mut())))
        } else {
            Some(LuaNumber::Float(lua_tonumberx(l, idx, std::ptr::null_mut())))
        }
    }
}

/// Pushes text. Slots +1, raises.
///
/// # Safety
/// A free slot.
pub unsafe fn push_str(l: *mut lua_State, text: &str) {
    // SAFETY: S5 from the caller; Lua copies the bytes.
    unsafe { lua_pushlstring(l, text.as_ptr().cast(), text.len()) };
}

/// Pushes bytes as a string. Slots +1, raises.
///
/// # Safety
/// A free slot.
pub unsafe fn push_bytes(l: *mut lua_State, bytes: &[u8]) {
    // SAFETY: S5 from the caller; Lua copies the bytes.
    unsafe { lua_pushlstring(l, bytes.as_ptr().cast(), bytes.len()) };
}

/// Pushes an owned text and drops it. Slots +1 (needs 2); raises, but not before the text is dropped.
///
/// # Safety
/// Two free slots.
pub unsafe fn push_string(l: *mut lua_State, text: String) {
    /// Texts of that length are copied out of their box first; longer ones are pushed protected.
    const SHORT: usize = 256;
    // SAFETY: S5 from the caller; S6: nothing but plain bytes is alive when Lua may raise.
    unsafe {
        if text.len() <= SHORT {
            let mut copy = [0u8; SHORT];
            let len = text.len();
            copy[..len].copy_from_slice(text.as_bytes());
            drop(text);
            lua_pushlstring(l, copy.as_ptr().cast(), len);
            return;
        }
        let pushed = entry::protect(l, |l| {
            push_str(l, &text);
            Ok(1)
        });
        drop(text);
        if let Err(error) = pushed {
            entry::raise(l, error);
        }
    }
}

/// Makes room for `n` more slots, or says why not. Slots 0, raises only for want of memory.
///
/// # Safety
/// `l` is running.
pub unsafe fn reserve(l: *mut lua_State, n: c_int) -> Result<()> {
    // SAFETY: grows the stack only.
    if unsafe { lua_checkstack(l, n) } == 0 {
        return Err(What::StackOverflow.into());
    }
    Ok(())
}

/// A Lua thread that the registry keeps, with room for `n` values on its stack: a place for some. What is written there needs no barrier. Slots
/// 0 (needs 2), raises.
///
/// # Safety
/// Two free slots.
pub unsafe fn new_store(l: *mut lua_State, n: c_int) -> Result<*mut lua_State> {
    // SAFETY: S5 from the caller.
    unsafe {
        let thread = lua_newthread(l);
        let room = reserve(thread, n);
        if room.is_ok() {
            luaL_ref(l, LUA_REGISTRYINDEX);
        } else {
            lua_pop(l, 1);
        }
        room.map(|()| thread)
    }
}

/// What sort of value lies at `idx`, in LuaJIT's words (`no value`, `nil`, `cdata` excluded: callers know those).
///
/// # Safety
/// `idx` is valid or acceptable.
pub unsafe fn type_name(l: *mut lua_State, idx: c_int) -> &'static str {
    // SAFETY: a plain read of the stack.
    match unsafe { lua_type(l, idx) } {
        LUA_TNONE => "no value",
        LUA_TNIL => "nil",
        LUA_TBOOLEAN => "boolean",
        LUA_TLIGHTUSERDATA | LUA_TUSERDATA => "userdata",
        LUA_TNUMBER => "number",
        LUA_TSTRING => "string",
        LUA_TTABLE => "table",
        LUA_TFUNCTION => "function",
        _ => "thread",
    }
}

/// The light userdata or function address in an upvalue of the running function. Slots 0, never raises.
///
/// # Safety
/// A C function of ours is running.
#[inline]
pub unsafe fn upvalue_pointer(l: *mut lua_State, n: c_int) -> *mut c_void {
    // SAFETY: from the caller.
    unsafe { lua_touserdata(l, lua_upvalueindex(n)) }
}

/// Pushes a closure of ours whose first upvalue is `pointer`. Slots +1, raises.
///
/// # Safety
/// Two free slots.
pub unsafe fn push_function(l: *mut lua_State, f: lua_CFunction, pointer: *const c_void) {
    // SAFETY: S5 from the caller.
    unsafe {
        lua_pushlightuserdata(l, pointer.cast_mut());
        lua_pushcclosure(l, f, 1);
    }
}

/// Calls a user's metamethod: function and `arguments` lie on top. Gives how many results there are, which replace
/// them; the function that runs returns that number at once, so that the metamethod may yield.
///
/// # Safety
/// A C function of ours runs and owns nothing (S6).
pub unsafe fn call_user(l: *mut lua_State, arguments: c_int, results: c_int) -> c_int {
    // SAFETY: from the caller.
    unsafe { call_user_above(l, lua_gettop(l) - arguments - 1, arguments, results) }
}

/// As [`call_user`], where `base` values lie below the function.
///
/// # Safety
/// As there.
#[inline]
pub unsafe fn call_user_above(l: *mut lua_State, base: c_int, arguments: c_int, results: c_int) -> c_int {
    // SAFETY: from the caller; the continuation does what we do when nothing yielded.
    unsafe {
        lua_callk(l, arguments, results, base as lua_KContext, Some(finish_call));
        if results == LUA_MULTRET { lua_gettop(l) - base } else { results }
    }
}

unsafe extern "C-unwind" fn finish_call(l: *mut lua_State, _status: c_int, base: lua_KContext) -> c_int {
    // SAFETY: all above `base` are the results.
    unsafe { lua_gettop(l) - base as c_int }
}
