//! LuaJIT's FFI for standard Lua: `require("ffi")`.
//!
//! The floors, lowest first (`docs/architecture.md` draws them): `error target`, `layout`, `ctype`, `cdef native`, `vm`,
//! `cdata`, `conv`, `index arith call callback clib`, `api`. A room knows the floors below it and its own folder.

pub mod api;
pub mod arith;
pub mod call;
pub mod callback;
pub mod cdata;
pub mod cdef;
pub mod clib;
pub mod conv;
pub mod ctype;
pub mod error;
pub mod index;
pub mod layout;
pub mod native;
pub mod target;
pub mod vm;

use std::ffi::{CStr, c_int};

use api::{memory, objects, reflect, types};
use native::dl::Library;
use vm::stack::*;
use vm::state::State;

/// What `require("ffi")` has, but for `C` and what is no function.
const FUNCTIONS: &[(&CStr, lua_CFunction)] = &[
    (c"abi", memory::abi),
    (c"addressof", objects::address_of),
    (c"alignof", types::align_of),
    (c"byvalue", objects::by_value),
    (c"cast", objects::cast),
    (c"cdef", types::cdef),
    (c"constants", reflect::constants),
    (c"copy", memory::copy),
    (c"dump", reflect::dump_names),
    (c"errno", memory::errno),
    (c"eval", types::eval),
    (c"fields", reflect::fields),
    (c"fill", memory::fill),
    (c"gc", objects::gc),
    (c"i64", objects::i64),
    (c"istype", types::is_type),
    (c"load", reflect::load),
    (c"metatype", objects::metatype),
    (c"names", reflect::names),
    (c"new", objects::new),
    (c"offsetof", types::offset_of),
    (c"parameters", reflect::parameters),
    (c"sizeof", types::size_of),
    (c"string", memory::string),
    (c"tonumber", memory::to_number),
    (c"toretval", objects::to_return_value),
    (c"type", memory::type_of_value),
    (c"typeof", types::type_of),
    (c"u64", objects::u64),
];

/// The registry's name for the entry that opened the module first in this VM.
const OPENED: &CStr = c"cdata.luaopen";

/// Another copy of this library may have been loaded into the VM, by another path: two that take each other's cdata for their
/// own would not get along. The first one serves both.
///
/// # Safety
/// `l` is running; three free slots; S6.
unsafe fn opened_by_another(l: *mut lua_State) -> bool {
    // SAFETY: S5 from the caller; what lies under our name is an entry as ours.
    unsafe {
        lua_getfield(l, LUA_REGISTRYINDEX, OPENED.as_ptr());
        match lua_tocfunction(l, -1) {
            Some(first) if first as usize != luaopen_ffi_core as *const () as usize => {
                lua_call(l, 0, 1);
                true
            }
            _ => {
                lua_pop(l, 1);
                false
            }
        }
    }
}

/// `require("ffi_core")`: the table of `ffi`.
///
/// Written against the raw API: mlua's own entry costs more than all of ours, and its errors are userdata.
///
/// # Safety
/// Called by Lua's `require` with its state.
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn luaopen_ffi_core(l: *mut lua_State) -> c_int {
    // SAFETY: S5: slots are asked for; S6: nothing of ours is alive when Lua raises but the state, which its holder owns.
    unsafe {
        luaL_checkstack(l, 20, std::ptr::null());
        if opened_by_another(l) {
            return 1;
        }
        vm::peek::probe(l);
        let state: *const State = match State::find(l) {
            Some(state) => state,
            None => {
                let state = State::create(l);
                api::meta::install(l, &*state);
                callback::install(&*state);
                clib::push(l, &*state);
                clib::open(l, -1, Library::process());
                (*state).refs.default_space.set(luaL_ref(l, LUA_REGISTRYINDEX));
                State::publish(l);
                lua_pushcclosure(l, luaopen_ffi_core, 0);
                lua_setfield(l, LUA_REGISTRYINDEX, OPENED.as_ptr());
                state
            }
        };
        lua_createtable(l, 0, FUNCTIONS.len() as c_int + 6);
        for &(name, f) in FUNCTIONS {
            push_function(l, f, state.cast());
            lua_setfield(l, -2, name.as_ptr());
        }
        lua_rawgeti(l, LUA_REGISTRYINDEX, (*state).refs.default_space.get().into());
        lua_setfield(l, -2, c"C".as_ptr());
        for (name, text) in
            [(c"os", target::OS), (c"arch", target::ARCH), (c"VERSION", env!("CARGO_PKG_VERSION"))]
        {
            push_str(l, text);
            lua_setfield(l, -2, name.as_ptr());
        }
    }
    1
}
