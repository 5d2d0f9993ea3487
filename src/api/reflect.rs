//! `load`, and what is declared: `fields constants parameters` of a ctype, `names` and `dump` of all.

use std::ffi::{CStr, c_int};
use std::rc::Rc;

use super::args::{self, argument};
use crate::cdata;
use crate::clib;
use crate::conv::to_lua::push_constant;
use crate::ctype::{CType, Constant, Field, Name, NamedSlice, QualType, dump};
use crate::door;
use crate::error::{Result, What};
use crate::native::dl::Library;
use crate::vm::entry;
use crate::vm::shape::{Class, Shape};
use crate::vm::stack::*;
use crate::vm::state::State;

door! {
    /// `ffi.load(name, global)`
    pub fn load = load_body;
    /// `ffi.fields(ct)`
    pub fn fields = fields_body;
    /// `ffi.constants(ct)`
    pub fn constants = constants_body;
    /// `ffi.parameters(ct)`
    pub fn parameters = parameters_body;
    /// `ffi.names()`
    pub fn names = names_body;
    /// `ffi.dump(name, ...)`
    pub fn dump_names = dump_body;
}

unsafe fn load_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: the name stays at 1; what a library's initializers do is the script's business (S1).
    unsafe {
        let state = args::state(l);
        let name = args::text(l, 1)?;
        let global = lua_toboolean(l, 2) != 0;
        // Made first: what may raise comes before there is a library to lose.
        clib::push(l, state);
        let space = lua_gettop(l);
        let library = entry::guard(|| {
            let name =
                std::str::from_utf8(name).map_err(|_| What::Load("library name is no UTF-8".to_owned()))?;
            Library::open(name, global).map_err(|why| What::Load(why).into())
        })?;
        clib::open(l, space, library);
        lua_settop(l, space);
        Ok(1)
    }
}

/// A list as Lua table of tables, walked by a stateless iterator: `for i, member in ipairs(...)`. `finish` adds to the
/// table. The list is the caller's, so that all that may raise runs protected.
unsafe fn push_list<T>(
    l: *mut lua_State,
    items: &[T],
    mut push: impl FnMut(&T) -> Result<()>,
    mut finish: impl FnMut(),
) -> Result<c_int> {
    // SAFETY: a function's slots; the work only borrows.
    unsafe {
        entry::protect(l, |l| {
            lua_createtable(l, items.len() as c_int, 0);
            for (i, item) in items.iter().enumerate() {
                push(item)?;
                lua_rawseti(l, -2, i as i64 + 1);
            }
            finish();
            Ok(1)
        })
    }
}

unsafe fn set_string(l: *mut lua_State, key: &CStr, text: &str) {
    // SAFETY: two slots; the table is on top.
    unsafe {
        push_str(l, text);
        lua_setfield(l, -2, key.as_ptr());
    }
}

unsafe fn set_integer(l: *mut lua_State, key: &CStr, n: i64) {
    // SAFETY: two slots; the table is on top.
    unsafe {
        lua_pushinteger(l, n);
        lua_setfield(l, -2, key.as_ptr());
    }
}

unsafe fn set_ctype(l: *mut lua_State, key: &CStr, state: &State, ty: QualType) {
    // SAFETY: six slots; the table is on top.
    unsafe {
        cdata::push_ctype(l, state.shape(ty));
        lua_setfield(l, -2, key.as_ptr());
    }
}

/// The record, enum or function that argument 1 is, a pointer to it, or a cdata of it.
unsafe fn subject(l: *mut lua_State) -> Result<&'static Shape> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let mut shape = args::ctype(l, args::state(l), 1)?.referred();
        if shape.class == Class::Pointer {
            shape = shape.target();
        }
        Ok(shape)
    }
}

/// `{ {name=, type=, offset=, size=, position=, width=}, ... }` in order; bytes, but for a bit-field's last two: bits.
unsafe fn fields_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let shape = subject(l)?;
        let state = shape.state();
        let CType::Record(id) = shape.ctype() else { return Err(argument(1, What::InvalidType)) };
        let list: Vec<(Rc<str>, Field)> = {
            let table = state.table.borrow();
            table.fields(id).iter().map(|(name, field)| (name.into(), *field)).collect()
        };
        push_list(
            l,
            &list,
            |(name, member)| {
                lua_createtable(l, 0, 6);
                if !name.is_empty() {
                    set_string(l, c"name", name);
                }
                set_ctype(l, c"type", state, member.ty);
                set_integer(l, c"offset", member.offset as i64);
                if let Some(size) = state.shape(member.ty).size() {
                    set_integer(l, c"size", size as i64);
                }
                if let Some(bits) = member.bits {
                    set_integer(l, c"position", bits.position_bits.into());
                    set_integer(l, c"width", bits.width_bits.into());
                }
                Ok(())
            },
            || (),
        )
    }
}

/// `{ {name=, value=}, ... }` of an enum, or of the constants that a record declares.
unsafe fn constants_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let shape = subject(l)?;
        let state = shape.state();
        let list: Vec<(Rc<str>, Constant)> = {
            let table = state.table.borrow();
            match table.get(shape.ty.id) {
                CType::Enum(id) => {
                    let e = table.enumeration(id);
                    let constants = table.enum_constants(id).into_iter().flat_map(NamedSlice::iter);
                    constants.map(|(name, n)| (name.into(), Constant::Int(*n, e.underlying))).collect()
                }
                CType::Record(id) => {
                    let constants = table.record(id).body.iter().flat_map(|body| body.constants().iter());
                    constants.map(|(name, constant)| (name.into(), constant.clone())).collect()
                }
                _ => return Err(argument(1, What::InvalidType)),
            }
        };
        push_list(
            l,
            &list,
            |(name, constant)| {
                lua_createtable(l, 0, 2);
                set_string(l, c"name", name);
                push_constant(l, state, constant)?;
                lua_setfield(l, -2, c"value".as_ptr());
                Ok(())
            },
            || (),
        )
    }
}

/// `{ {name=, type=}, ..., result=, variadic= }` of a function type.
unsafe fn parameters_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let shape = subject(l)?;
        let state = shape.state();
        let CType::Function(id) = shape.ctype() else { return Err(argument(1, What::InvalidType)) };
        let function = state.table.borrow().function(id).to_function();
        let names = state.table.borrow().param_names(id);
        let list: Vec<(QualType, Option<Rc<str>>)> =
            function.params.iter().enumerate().map(|(i, &ty)| (ty, names.get(i).map(Rc::from))).collect();
        push_list(
            l,
            &list,
            |(ty, name)| {
                lua_createtable(l, 0, 2);
                if let Some(name) = name {
                    set_string(l, c"name", name);
                }
                set_ctype(l, c"type", state, *ty);
                Ok(())
            },
            || {
                set_ctype(l, c"result", state, function.result);
                lua_pushboolean(l, function.variadic.into());
                lua_setfield(l, -2, c"variadic".as_ptr());
            },
        )
    }
}

/// Every ordinary name that is declared, with what it is: `{ [name] = "typedef" | "function" | "variable" | "constant" }`.
unsafe fn names_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let state = args::state(l);
        let list: Vec<(String, &'static str)> = {
            let table = state.table.borrow();
            let sort = |what: &Name| match what {
                Name::Typedef(_) => "typedef",
                Name::Function { .. } => "function",
                Name::Variable { .. } => "variable",
                Name::Constant(_) => "constant",
            };
            table.names().map(|(name, what)| (name.to_owned(), sort(what))).collect()
        };
        entry::protect(l, |l| {
            lua_createtable(l, 0, list.len() as c_int);
            for (name, sort) in &list {
                push_str(l, name);
                push_str(l, sort);
                lua_rawset(l, -3);
            }
            Ok(1)
        })
    }
}

/// C declarations of the names, and of what they depend on.
unsafe fn dump_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs; the names stay on the stack.
    unsafe {
        let state = args::state(l);
        let mut names = Vec::new();
        for idx in 1..=lua_gettop(l) {
            match bytes(l, idx).map(std::str::from_utf8) {
                Some(Ok(name)) => names.push(name),
                _ => return Err(argument(idx, What::Expected("string", type_name(l, idx).to_owned()))),
            }
        }
        let text = entry::guard(|| {
            let table = state.table.borrow();
            let is_known = |name: &str| match name.split_once(' ') {
                Some(("struct" | "union" | "enum", tag)) => table.tag(tag).is_some(),
                _ => table.name(name).is_some(),
            };
            match names.iter().find(|name| !is_known(name)) {
                Some(name) => Err(What::MissingDeclaration((*name).to_owned()).into()),
                None => Ok(dump::dump(&table, &names)),
            }
        })?;
        drop(names);
        push_string(l, text);
        Ok(1)
    }
}
