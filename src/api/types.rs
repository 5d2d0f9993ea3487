//! `cdef typeof sizeof alignof offsetof istype`, and constants: `eval`.

use std::ffi::c_int;

use super::args::{self, argument};
use crate::cdata;
use crate::cdef;
use crate::conv::from_lua;
use crate::conv::to_lua::push_constant;
use crate::ctype::{BitField, CType, compat};
use crate::door;
use crate::error::{Result, What};
use crate::vm::entry;
use crate::vm::peek;
use crate::vm::shape::{Class, Shape};
use crate::vm::stack::*;

door! {
    /// `ffi.cdef(text, params...)`
    pub fn cdef = cdef_body;
    /// `ffi.typeof(ct, params...)`
    pub fn type_of = quick_type_of(1) or type_of_body;
    /// `ffi.sizeof(ct, nelem)`
    pub fn size_of = quick_size_of(1) or size_of_body;
    /// `ffi.alignof(ct)`
    pub fn align_of = align_of_body;
    /// `ffi.offsetof(ct, field)`
    pub fn offset_of = offset_of_body;
    /// `ffi.istype(ct, x)`
    pub fn is_type = quick_is_type(1) or is_type_body;
    /// `ffi.eval(text)`
    pub fn eval = eval_body;
}

unsafe fn cdef_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: the text stays at 1.
    unsafe {
        let state = args::state(l);
        let text = args::text(l, 1)?;
        let params = args::params(l, 2, lua_gettop(l))?;
        entry::guard(|| {
            let (scratch, table) = (&mut state.scratch.borrow_mut(), &mut state.table.borrow_mut());
            cdef::declare_in(scratch, table, text, &params)
                .map_err(|error| What::Cdef(error.to_string()).into())
        })?;
        Ok(0)
    }
}

/// The shape that the only argument names, as [`args::ctype`] says, where it is known: of a ctype object, a text that was met before, or a
/// cdata.
#[inline(always)]
unsafe fn only_ctype(l: *mut lua_State) -> Option<&'static Shape> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        if !peek::is_available() || peek::top(l).offset_from(peek::base(l)) != 1 {
            return None;
        }
        let argument = *peek::base(l);
        args::ctype_in(argument, || args::state(l))
            .or_else(|| cdata::header_in(argument).map(|header| (*header).shape()))
    }
}

/// The usual: of what is known. False for any other argument.
#[inline]
unsafe fn quick_type_of(l: *mut lua_State) -> bool {
    // SAFETY: an `ffi.*` function runs.
    unsafe { only_ctype(l).map(|shape| cdata::push_ctype(l, shape)).is_some() }
}

unsafe fn type_of_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let shape = args::ctype(l, args::state(l), 1)?;
        // Those of a text's `$` are gone from the stack by now.
        if lua_type(l, 2) != LUA_TNONE {
            return Err(match lua_type(l, 1) {
                LUA_TSTRING => What::TypeParameters.into(),
                _ => argument(1, What::TypeParameters),
            });
        }
        cdata::push_ctype(l, shape);
        Ok(1)
    }
}

/// `nil` for what has no size.
unsafe fn push_size(l: *mut lua_State, size: Option<usize>) -> Result<c_int> {
    // SAFETY: a slot is free at the start of a function.
    unsafe {
        match size {
            Some(size) => lua_pushinteger(l, size as i64),
            None => lua_pushnil(l),
        }
    }
    Ok(1)
}

/// The usual: of a fixed size. False for any other argument.
#[inline]
unsafe fn quick_size_of(l: *mut lua_State) -> bool {
    // SAFETY: an `ffi.*` function runs, which has a free slot.
    unsafe {
        let fixed = only_ctype(l).map(Shape::referred).filter(|shape| !shape.wide.get());
        let Some(size) = fixed.and_then(Shape::known_size) else { return false };
        peek::push(l, size as u64, peek::INT);
        true
    }
}

unsafe fn size_of_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let state = args::state(l);
        if let Some(header) = cdata::header(l, 1)
            && cdata::ctype_of(header).is_none()
        {
            return push_size(l, args::size_of_cdata(header));
        }
        let shape = args::ctype(l, state, 1)?.referred();
        let Some(element) = shape.variable_element() else { return push_size(l, shape.size()) };
        if lua_type(l, 2) == LUA_TNONE {
            return Err(argument(2, What::ValueExpected));
        }
        let count = args::integer(l, 2, "int")?;
        push_size(l, variable_size(shape, element, count))
    }
}

/// Bytes of a VLA, or VLS, of `count` elements; none if that is no size.
pub fn variable_size(shape: &Shape, element: &Shape, count: i64) -> Option<usize> {
    let elements = element.size()?.checked_mul(usize::try_from(count).ok()?)?;
    let total = shape.size().unwrap_or(0).checked_add(elements)?;
    (total < SIZE_MAX).then_some(total)
}

/// Bytes of the largest cdata: what a userdata of Lua can be, and then some room.
pub const SIZE_MAX: usize = (isize::MAX as usize) / 2;

unsafe fn align_of_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let shape = args::ctype(l, args::state(l), 1)?;
        let table = shape.state().table.borrow();
        // What has no size counts as bytes, as `void` does in GNU C.
        let align = table.align(shape.ty.id).map_or(1, |n| n as usize);
        drop(table);
        push_size(l, Some(align))
    }
}

unsafe fn offset_of_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: the name stays at 2.
    unsafe {
        let shape = args::ctype(l, args::state(l), 1)?.referred();
        let name = args::text(l, 2)?;
        let found = {
            let table = shape.state().table.borrow();
            match (table.get(shape.ty.id), std::str::from_utf8(name)) {
                (CType::Record(id), Ok(name)) => table.find_field(id, name),
                _ => None,
            }
        };
        let Some(field) = found else { return Ok(0) };
        // One that fills what it is declared as is a member as any, as in LuaJIT.
        let size = shape.state().shape(field.ty).size().unwrap_or(0) as u32;
        let is_whole = |bits: &BitField| bits.position_bits == 0 && bits.width_bits == size * 8;
        match field.bits.filter(|bits| !is_whole(bits)) {
            None => {
                lua_pushinteger(l, field.offset as i64);
                Ok(1)
            }
            Some(bits) => {
                lua_pushinteger(l, field.offset as i64);
                lua_pushinteger(l, bits.position_bits.into());
                lua_pushinteger(l, bits.width_bits.into());
                Ok(3)
            }
        }
    }
}

/// The usual: a type that is known, and any value. False for any other.
#[inline]
unsafe fn quick_is_type(l: *mut lua_State) -> bool {
    // SAFETY: two arguments are there; an `ffi.*` function has a free slot.
    unsafe {
        if !peek::is_available() || peek::top(l).offset_from(peek::base(l)) != 2 {
            return false;
        }
        let Some(wanted) = args::ctype_in(*peek::base(l), || args::state(l)) else { return false };
        let holds = cdata::header_in(*peek::base(l).add(1)).is_some_and(|header| {
            let own = (*header).shape();
            std::ptr::eq(own, wanted) || other_is_type(wanted, header)
        });
        peek::push_boolean(l, holds);
        true
    }
}

/// Is the cdata, or the type that the ctype object stands for, of the type, or refers to it?
#[inline(never)]
unsafe fn other_is_type(wanted: &Shape, header: *mut cdata::Header) -> bool {
    // SAFETY: the header is an argument's.
    unsafe {
        let wanted = wanted.referred();
        // A ctype object stands for its type here, too.
        let shape = cdata::ctype_of(header).unwrap_or((*header).shape()).referred();
        // (Of the methods' self: a record, or a pointer to one.)
        let is_known = wanted.class == Class::Record
            && matches!(shape.class, Class::Record | Class::Pointer)
            && shape.pointee().is_some_and(|to| to.ty.id == wanted.ty.id);
        is_known || compat::is_type(&wanted.state().table.borrow(), wanted.ty, shape.ty)
    }
}

unsafe fn is_type_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let wanted = args::ctype(l, args::state(l), 1)?;
        if lua_type(l, 2) == LUA_TNONE {
            return Err(argument(2, What::ValueExpected));
        }
        let holds = cdata::header(l, 2).is_some_and(|header| other_is_type(wanted, header));
        lua_pushboolean(l, holds.into());
        Ok(1)
    }
}

unsafe fn eval_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: the text stays at 1.
    unsafe {
        let state = args::state(l);
        let text = args::text(l, 1)?;
        let params = args::params(l, 2, lua_gettop(l))?;
        let constant = entry::guard(|| {
            cdef::constant_expression(&mut state.table.borrow_mut(), text, &params)
                .map_err(|error| What::Cdef(error.to_string()).into())
        })?;
        drop(params);
        push_constant(l, state, &constant)?;
        Ok(1)
    }
}

/// `ffi.tonumber(x)`: what LuaJIT's `tonumber` makes of a cdata: an integer if it fits, else a float; of a ctype its number; nil of others.
///
/// # Safety
/// A slot is free; `idx` is a cdata.
pub unsafe fn push_as_number(l: *mut lua_State, idx: c_int) -> bool {
    // SAFETY: the cdata's bytes are its own.
    unsafe {
        let Some(header) = cdata::header(l, idx) else { return false };
        if let Some(named) = cdata::ctype_of(header) {
            lua_pushinteger(l, named.ty.number() as i64);
            return true;
        }
        match from_lua::cdata_number(l, idx) {
            None => lua_pushnil(l),
            Some(number) => match number.integer() {
                Some(n) => lua_pushinteger(l, n),
                None => lua_pushnumber(l, number.to_f64()),
            },
        }
        true
    }
}
