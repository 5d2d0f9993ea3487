//! `lua-release [-W] SCRIPT [ARGUMENT ...]` or `lua-release -e CHUNK`: what the specs use of Lua's own interpreter.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr::{null, null_mut};

#[repr(C)]
struct State(c_void);

unsafe extern "C-unwind" {
    fn luaL_newstate() -> *mut State;
    fn luaL_openlibs(l: *mut State);
    fn luaL_loadstring(l: *mut State, text: *const c_char) -> c_int;
    fn luaL_loadfilex(l: *mut State, path: *const c_char, mode: *const c_char) -> c_int;
    fn lua_createtable(l: *mut State, items: c_int, fields: c_int);
    fn lua_pushstring(l: *mut State, text: *const c_char) -> *const c_char;
    fn lua_rawseti(l: *mut State, index: c_int, n: i64);
    fn lua_setglobal(l: *mut State, name: *const c_char);
    fn lua_pcallk(l: *mut State, arguments: c_int, results: c_int, handler: c_int, context: isize, k: *const c_void) -> c_int;
    fn lua_tolstring(l: *mut State, index: c_int, length: *mut usize) -> *const c_char;
    fn lua_warning(l: *mut State, text: *const c_char, more: c_int);
    fn lua_close(l: *mut State);
}

fn main() {
    let arguments: Vec<CString> =
        std::env::args().map(|text| CString::new(text).expect("an argument has no zeroes")).collect();
    let option = arguments.get(1).map_or(&b""[..], |first| first.as_bytes());
    let (warns, is_chunk) = (option == b"-W", option == b"-e");
    let script = 1 + usize::from(warns || is_chunk);
    let Some(what) = arguments.get(script) else {
        eprintln!("lua-release [-W] SCRIPT [ARGUMENT ...], or lua-release -e CHUNK");
        std::process::exit(2);
    };
    // SAFETY: Lua's API as its manual has it; all texts live until the end.
    let failed = unsafe {
        let l = luaL_newstate();
        luaL_openlibs(l);
        if warns {
            lua_warning(l, c"@on".as_ptr(), 0);
        }
        lua_createtable(l, 0, 0);
        // As Lua's own has it: the script is the zeroth, the interpreter stands in front of it.
        for (i, text) in arguments.iter().enumerate() {
            lua_pushstring(l, text.as_ptr());
            lua_rawseti(l, -2, i as i64 - if is_chunk { 0 } else { script as i64 });
        }
        lua_setglobal(l, c"arg".as_ptr());
        let mut status = match is_chunk {
            true => luaL_loadstring(l, what.as_ptr()),
            false => luaL_loadfilex(l, what.as_ptr(), null()),
        };
        if status == 0 {
            let rest = if is_chunk { &[] } else { &arguments[script + 1..] };
            for text in rest {
                lua_pushstring(l, text.as_ptr());
            }
            status = lua_pcallk(l, rest.len() as c_int, 0, 0, 0, null());
        }
        if status != 0 {
            let message = lua_tolstring(l, -1, null_mut());
            let message = if message.is_null() { c"(an error that is no text)" } else { CStr::from_ptr(message) };
            eprintln!("lua: {}", message.to_string_lossy());
        }
        lua_close(l);
        status != 0
    };
    std::process::exit(failed.into());
}
