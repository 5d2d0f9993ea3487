//! Arguments of `ffi.*` functions: ctypes (texts cached), addresses, sizes.

use std::ffi::c_int;
use std::rc::Rc;

use crate::cdata::{self, Bounds, Header};
use crate::cdef::{self, Param};
use crate::clib;
use crate::conv::from_lua::{self, is_file};
use crate::conv::number::{Number, truncate};
use crate::error::{Error, Result, What};
use crate::vm::entry;
use crate::vm::peek;
use crate::vm::shape::{Class, Shape};
use crate::vm::stack::*;
use crate::vm::state::State;

/// Addresses of type texts that are cached: the first of a VM.
const CACHE_MAX: usize = 4096;

/// The state, from the running function's upvalue.
///
/// # Safety
/// An `ffi.*` function of ours runs.
#[inline]
pub unsafe fn state<'a>(l: *mut lua_State) -> &'a State {
    // SAFETY: every `ffi.*` function is made with its state as upvalue, and the state outlives the VM.
    unsafe {
        if peek::is_available() {
            return &*peek::upvalue(l).cast::<State>();
        }
        &*upvalue_pointer(l, 1).cast::<State>()
    }
}

/// The message blamed on argument `n`.
pub fn argument(n: c_int, what: What) -> Box<Error> {
    what.at_argument(n as u32)
}

/// The ctype that argument `idx` names: a text, a ctype object, or a cdata of it. A text with `$` takes as many of the
/// arguments behind it, which leave the stack. May raise.
///
/// # Safety
/// S6; three free slots.
#[inline]
pub unsafe fn ctype(l: *mut lua_State, state: &State, idx: c_int) -> Result<&'static Shape> {
    // SAFETY: from the caller; cached addresses are those of anchored strings.
    unsafe {
        if let Some(shape) = quick_ctype(l, state, idx) {
            return Ok(shape);
        }
        match lua_type(l, idx) {
            LUA_TSTRING => {
                let key = lua_tolstring(l, idx, std::ptr::null_mut()) as usize;
                if let Some(&known) = (*state.type_addresses.get()).get(key) {
                    return Ok(&*(known as *const Shape));
                }
                ctype_of_text(l, state, idx)
            }
            LUA_TUSERDATA => match cdata::header(l, idx) {
                Some(header) => Ok(cdata::ctype_of(header).unwrap_or((*header).shape())),
                None => Err(argument(idx, What::TypeExpected("userdata".to_owned()))),
            },
            _ => Err(argument(idx, What::TypeExpected(type_name(l, idx).to_owned()))),
        }
    }
}

/// As [`ctype`], the usual: a text that was met before, or a ctype object. None for anything else.
///
/// # Safety
/// As for [`ctype`].
#[inline]
pub unsafe fn quick_ctype(l: *mut lua_State, state: &State, idx: c_int) -> Option<&'static Shape> {
    // SAFETY: as for `ctype`.
    unsafe {
        if !peek::is_available() || peek::top(l).offset_from(peek::base(l)) < idx as isize {
            return None;
        }
        ctype_in(*peek::base(l).add(idx as usize - 1), || state)
    }
}

/// As [`quick_ctype`], of the argument in a slot.
///
/// # Safety
/// [`peek::is_available`]; the rest as for [`ctype`].
#[inline(always)]
pub unsafe fn ctype_in<'a>(slot: peek::Slot, state: impl FnOnce() -> &'a State) -> Option<&'static Shape> {
    // SAFETY: as for `ctype`.
    unsafe {
        match slot.tag {
            peek::USERDATA => cdata::ctype_of(cdata::header_in(slot)?),
            peek::SHORT_STRING => (*state().type_addresses.get())
                .get(peek::string_address(slot))
                .map(|&known| &*(known as *const Shape)),
            _ => None,
        }
    }
}

#[cold]
unsafe fn ctype_of_text(l: *mut lua_State, state: &State, idx: c_int) -> Result<&'static Shape> {
    // SAFETY: the text stays at `idx`.
    unsafe {
        let text = bytes(l, idx).unwrap_or_default();
        let known = state.type_texts.borrow().get(text).copied();
        if let Some(shape) = known {
            cache_address(l, state, idx, shape);
            return Ok(&*shape);
        }
        let wanted = text.iter().filter(|&&b| b == b'$').count() as c_int;
        let params = params(l, idx + 1, (idx + wanted).min(lua_gettop(l)))?;
        let has_params = !params.is_empty();
        let parsed = entry::guard(|| {
            let (scratch, table) = (&mut state.scratch.borrow_mut(), &mut state.table.borrow_mut());
            cdef::type_name_in(scratch, table, text, &params)
                .map_err(|error| What::Cdef(error.to_string()).into())
        })?;
        let shape = state.shape(parsed.ty);
        if has_params {
            let used = params.len() as c_int;
            drop(params);
            lua_rotate(l, idx + 1, -used);
            lua_pop(l, used);
        } else if !parsed.defines {
            state.type_texts.borrow_mut().insert(text.into(), shape);
            drop(params);
            cache_address(l, state, idx, shape);
        }
        Ok(shape)
    }
}

/// Remembers the shape by the text's address. Long strings are not interned: equal ones have many addresses.
unsafe fn cache_address(l: *mut lua_State, state: &State, idx: c_int, shape: *const Shape) {
    // SAFETY: the cache is only touched here and in `ctype`, one at a time; the anchor comes first, for it may raise.
    unsafe {
        let mut len = 0;
        let key = lua_tolstring(l, idx, &mut len) as usize;
        if len <= SHORT_STRING_MAX && (*state.type_addresses.get()).len() < CACHE_MAX {
            let idx = lua_absindex(l, idx);
            state.anchor(l, idx);
            (*state.type_addresses.get()).insert(key, shape as usize);
        }
    }
}

/// What the arguments from `first` to `last` stand for where a `$` is.
///
/// # Safety
/// The indices are valid.
pub unsafe fn params(l: *mut lua_State, first: c_int, last: c_int) -> Result<Vec<Param>> {
    let mut params = Vec::new();
    for idx in first..=last {
        // SAFETY: plain reads of the stack.
        let param = unsafe {
            match lua_type(l, idx) {
                LUA_TNUMBER => Param::Int(integer(l, idx, "int")?),
                LUA_TSTRING => {
                    let name = bytes(l, idx).unwrap_or_default();
                    Param::Name(Rc::from(String::from_utf8_lossy(name).as_ref()))
                }
                _ => match cdata::header(l, idx) {
                    Some(header) => match cdata::ctype_of(header) {
                        Some(shape) => Param::Type(shape.ty),
                        None => match from_lua::cdata_number(l, idx).and_then(Number::to_bits) {
                            Some(n) => Param::Int(n),
                            None => Param::Type((*header).shape().ty),
                        },
                    },
                    None => return Err(expected(l, idx, "type parameter")),
                },
            }
        };
        params.push(param);
    }
    Ok(params)
}

/// The text that argument `idx` is; a number does for one, as everywhere in Lua. May raise.
///
/// # Safety
/// `idx` is valid or acceptable, and stays on the stack as long as the text is used.
pub unsafe fn text<'a>(l: *mut lua_State, idx: c_int) -> Result<&'a [u8]> {
    // SAFETY: from the caller.
    unsafe {
        if lua_type(l, idx) == LUA_TNUMBER {
            lua_tolstring(l, idx, std::ptr::null_mut());
        }
        bytes(l, idx).ok_or_else(|| expected(l, idx, "string"))
    }
}

/// The message for argument `idx`, which is no `due`.
///
/// # Safety
/// `idx` is valid or acceptable.
pub unsafe fn expected(l: *mut lua_State, idx: c_int, due: &'static str) -> Box<Error> {
    // SAFETY: from the caller.
    let name = unsafe { if cdata::header(l, idx).is_some() { "cdata" } else { type_name(l, idx) } };
    argument(idx, What::Expected(due, name.to_owned()))
}

/// The message for argument `idx`, which does not convert to the type that `words` name.
///
/// # Safety
/// `idx` is valid or acceptable.
pub unsafe fn not_converted(l: *mut lua_State, idx: c_int, words: &str) -> Box<Error> {
    // SAFETY: from the caller.
    let source = unsafe { cdata::describe_source(l, idx) };
    argument(idx, What::Conversion(source, words.to_owned()))
}

/// The integer that argument `idx` is; `words` name the type it is to become, for the message.
///
/// # Safety
/// `idx` is valid or acceptable.
pub unsafe fn integer(l: *mut lua_State, idx: c_int, words: &str) -> Result<i64> {
    // SAFETY: plain reads of the stack.
    unsafe {
        let found = match number(l, idx) {
            Some(LuaNumber::Int(n)) => Some(n),
            Some(LuaNumber::Float(x)) => truncate(x),
            None if lua_type(l, idx) == LUA_TUSERDATA => {
                from_lua::cdata_number(l, idx).and_then(Number::to_bits)
            }
            None if lua_type(l, idx) == LUA_TBOOLEAN => Some(lua_toboolean(l, idx).into()),
            None if lua_type(l, idx) == LUA_TNONE => return Err(argument(idx, What::ValueExpected)),
            None => None,
        };
        found.ok_or_else(|| not_converted(l, idx, words))
    }
}

/// Memory that an argument leads to.
#[derive(Clone, Copy)]
pub struct Memory {
    /// Where it starts.
    pub address: *mut u8,
    /// What is known of its extent.
    pub bounds: Bounds,
    /// May it not be written to?
    pub is_const: bool,
}

/// The memory behind argument `idx`: of an array, record, pointer, function or userdata; also of a string, to read.
///
/// # Safety
/// `idx` is absolute; the memory is used while the argument is on the stack.
pub unsafe fn memory(l: *mut lua_State, idx: c_int, words: &str) -> Result<Memory> {
    // SAFETY: from the caller.
    unsafe {
        match lua_type(l, idx) {
            LUA_TSTRING => {
                let text = bytes(l, idx).unwrap_or_default();
                let lo = text.as_ptr() as usize;
                // Lua's strings end in a NUL of their own.
                let bounds = Bounds { lo, hi: lo + text.len() + 1 };
                Ok(Memory { address: text.as_ptr().cast_mut(), bounds, is_const: true })
            }
            LUA_TNONE => Err(argument(idx, What::ValueExpected)),
            LUA_TLIGHTUSERDATA => {
                Ok(Memory { address: lua_touserdata(l, idx).cast(), bounds: Bounds::ANY, is_const: false })
            }
            LUA_TUSERDATA => {
                let Some(header) = cdata::header(l, idx) else {
                    // Our own name spaces, and Lua's files, are no memory of the script's.
                    if clib::is_name_space(l, idx) || is_file(l, idx) {
                        let what = What::Conversion(type_name(l, idx).to_owned(), words.to_owned());
                        return Err(argument(idx, what));
                    }
                    let lo = lua_touserdata(l, idx) as usize;
                    let bounds = Bounds { lo, hi: lo + lua_rawlen(l, idx) as usize };
                    return Ok(Memory { address: lo as *mut u8, bounds, is_const: false });
                };
                let referent = cdata::referent(header);
                match referent.shape.class {
                    Class::Pointer => Ok(Memory {
                        address: referent.data.cast::<*mut u8>().read_unaligned(),
                        bounds: Bounds::ANY,
                        is_const: referent.shape.target().is_const(),
                    }),
                    Class::Array | Class::Vector | Class::Complex => Ok(Memory {
                        address: referent.data,
                        bounds: referent.bounds,
                        is_const: referent.shape.is_read_only(),
                    }),
                    Class::Record => Ok(Memory {
                        address: referent.data,
                        bounds: referent.bounds,
                        is_const: referent.shape.is_const(),
                    }),
                    Class::Function => {
                        Ok(Memory { address: referent.data, bounds: Bounds::ANY, is_const: true })
                    }
                    _ => Err(not_converted(l, idx, words)),
                }
            }
            _ => Err(not_converted(l, idx, words)),
        }
    }
}

/// Checks that `size` bytes lie in the memory, and that it is no NULL.
///
/// # Safety
/// `idx` is the argument it came from, a cdata or string.
pub unsafe fn check_range(l: *mut lua_State, idx: c_int, memory: &Memory, size: usize) -> Result<()> {
    if size == 0 {
        return Ok(());
    }
    // SAFETY: for messages only.
    unsafe {
        if memory.address.is_null() {
            return Err(argument(idx, What::NullPointer(cdata::describe(l, idx))));
        }
        if !memory.bounds.contain(memory.address as usize, size) {
            let there = memory.bounds.hi.saturating_sub(memory.address as usize);
            let detail = format!(" ({size} bytes, has {there})");
            return Err(argument(idx, What::OutOfBounds(cdata::describe(l, idx), detail)));
        }
    }
    Ok(())
}

/// Bytes that the cdata holds, or refers to: with the elements of VLA and VLS.
///
/// # Safety
/// The header is that of a cdata.
pub unsafe fn size_of_cdata(header: *mut Header) -> Option<usize> {
    // SAFETY: from the caller.
    unsafe {
        let referent = cdata::referent(header);
        if referent.shape.variable_element().is_some() && referent.bounds.hi != usize::MAX {
            return Some(referent.bounds.hi - referent.data as usize);
        }
        referent.shape.size()
    }
}
