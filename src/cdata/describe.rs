//! Values as messages name them.

use std::ffi::c_int;

use super::{Header, ctype_of, header};
use crate::ctype::CType;
use crate::error::{Error, What};
use crate::vm::shape::{Class, Shape};
use crate::vm::stack::*;

/// What sort of value lies at `idx`, as messages say it: a cdata by its type.
///
/// # Safety
/// `idx` is valid or acceptable.
pub unsafe fn describe(l: *mut lua_State, idx: c_int) -> String {
    // SAFETY: from the caller.
    unsafe {
        match header(l, idx) {
            Some(h) => match ctype_of(h) {
                Some(_) => "ctype".to_owned(),
                // References are told by what they refer to.
                None => (*h).shape().referred().repr(),
            },
            None => type_name(l, idx).to_owned(),
        }
    }
}

/// An operand as messages say it: as LuaJIT sees it once it has looked at what the type is.
///
/// # Safety
/// `idx` is valid or acceptable.
pub unsafe fn describe_operand(l: *mut lua_State, idx: c_int) -> String {
    // SAFETY: from the caller.
    unsafe {
        match header(l, idx) {
            Some(h) if ctype_of(h).is_none() => operand_repr((*h).shape().referred()),
            _ => describe(l, idx),
        }
    }
}

/// An enum by its integer, a function by its address, a record without its qualifiers.
fn operand_repr(shape: &Shape) -> String {
    match shape.ctype() {
        CType::Enum(id) => {
            let underlying = shape.state().table.borrow().enumeration(id).underlying;
            shape.state().shape(underlying.plain()).repr()
        }
        CType::Function(_) => shape.pointer().repr(),
        CType::Record(_) => shape.unqualified().repr(),
        _ => shape.repr(),
    }
}

/// "cannot convert", from the value at `idx` to the type.
///
/// # Safety
/// `idx` is valid or acceptable.
#[cold]
pub unsafe fn conversion_error(l: *mut lua_State, idx: c_int, to: &Shape) -> Box<Error> {
    // SAFETY: from the caller.
    unsafe {
        let is_record = |h: *mut Header| (*h).shape().referred().class == Class::Record;
        let from = if to.class == Class::Pointer && header(l, idx).is_some_and(is_record) {
            // What is lost on the way to a pointer is what its record is qualified by.
            describe(l, idx)
        } else {
            describe_source(l, idx)
        };
        // An enum's name is told where a constant of it might have been.
        let to = match lua_type(l, idx) {
            LUA_TUSERDATA | LUA_TLIGHTUSERDATA | LUA_TNIL | LUA_TBOOLEAN => operand_repr(to),
            _ if to.class == Class::Enum => to.repr(),
            _ => operand_repr(to),
        };
        What::Conversion(from, to).into()
    }
}

/// The source of a conversion, as messages say it: what LuaJIT takes a value for before it converts it.
///
/// # Safety
/// `idx` is valid or acceptable.
pub unsafe fn describe_source(l: *mut lua_State, idx: c_int) -> String {
    // SAFETY: from the caller.
    unsafe {
        match lua_type(l, idx) {
            LUA_TBOOLEAN => "bool".to_owned(),
            LUA_TLIGHTUSERDATA => "void *".to_owned(),
            LUA_TUSERDATA if header(l, idx).is_none() => "void *".to_owned(),
            _ => describe_operand(l, idx),
        }
    }
}
