//! The arguments of a `...`: which type each has by what it is.
//!
//! C's default promotions for cdata, `long long` and `double` for Lua's numbers. Called by `call` alone.

use std::ffi::c_int;

use crate::cdata;
use crate::ctype::{CType, Qual};
use crate::error::Result;
use crate::vm::peek;
use crate::vm::shape::{Class, Op, Shape};
use crate::vm::stack::*;
use crate::vm::state::State;

/// What an argument is, as far as it bears on its type in a `...`: its tag, and a cdata's shape.
pub(super) type Source = (u8, usize);

/// See [`Source`].
///
/// # Safety
/// [`peek::is_available`]; the slot is on the stack.
pub(super) unsafe fn source(slot: peek::Slot) -> Source {
    // SAFETY: from the caller.
    unsafe {
        match slot.tag {
            peek::USERDATA => {
                (slot.tag, cdata::header_in(slot).map_or(0, |h| (*h).shape() as *const Shape as usize))
            }
            peek::LONG_STRING => (peek::SHORT_STRING, 0),
            peek::TRUE => (peek::FALSE, 0),
            tag => (tag, 0),
        }
    }
}

/// Shapes that arguments of a `...` are given.
pub(super) struct VarargShapes {
    int: &'static Shape,
    long_long: &'static Shape,
    double: &'static Shape,
    string: &'static Shape,
    void_pointer: &'static Shape,
}

impl VarargShapes {
    /// Looks them up, once for each VM.
    fn new(state: &State) -> VarargShapes {
        use crate::ctype::{FloatKind, IntKind};
        let mut table = state.table.borrow_mut();
        let int = table.int(IntKind::Int).plain();
        let long_long = table.int(IntKind::LongLong).plain();
        let double = table.intern(CType::Float(FloatKind::Double)).plain();
        let char = table.int(IntKind::Char).with(Qual::CONST);
        let string = table.pointer(char).plain();
        let void = table.intern(CType::Void).plain();
        let void_pointer = table.pointer(void).plain();
        drop(table);
        VarargShapes {
            int: state.shape(int),
            long_long: state.shape(long_long),
            double: state.shape(double),
            string: state.shape(string),
            void_pointer: state.shape(void_pointer),
        }
    }

    fn of(state: &State) -> &'static VarargShapes {
        let known = state.vararg_shapes.get().cast::<VarargShapes>();
        if !known.is_null() {
            // SAFETY: the state keeps it.
            return unsafe { &*known };
        }
        let made = state.keep(VarargShapes::new(state));
        state.vararg_shapes.set(std::ptr::from_ref(made).cast());
        made
    }
}

/// The type that the value at `idx` has as an argument of `...`: C's default promotions for cdata, `long long` and
/// `double` for Lua's numbers.
pub(super) unsafe fn shape_of(l: *mut lua_State, idx: c_int, state: &State) -> Result<&'static Shape> {
    let shapes = VarargShapes::of(state);
    // SAFETY: plain reads of the stack.
    unsafe {
        Ok(match lua_type(l, idx) {
            LUA_TNUMBER if lua_isinteger(l, idx) != 0 => shapes.long_long,
            LUA_TNUMBER => shapes.double,
            LUA_TSTRING => shapes.string,
            LUA_TBOOLEAN => shapes.int,
            LUA_TNIL | LUA_TLIGHTUSERDATA => shapes.void_pointer,
            LUA_TUSERDATA => match cdata::header(l, idx) {
                Some(header) => promoted((*header).shape(), shapes)
                    .ok_or_else(|| cdata::conversion_error(l, idx, shapes.void_pointer))?,
                None => shapes.void_pointer,
            },
            _ => return Err(cdata::conversion_error(l, idx, shapes.void_pointer)),
        })
    }
}

fn promoted(shape: &'static Shape, shapes: &'static VarargShapes) -> Option<&'static Shape> {
    let shape = shape.referred();
    if shape.class == Class::Reference {
        // What `ffi.byvalue` marked.
        return Some(shape.target().unqualified());
    }
    Some(match shape.class {
        Class::Bool => shapes.int,
        Class::Int | Class::Enum => match shape.op() {
            Op::I8 | Op::U8 | Op::I16 | Op::U16 => shapes.int,
            _ => shape.unqualified(),
        },
        Class::Float if shape.op() == Op::F32 => shapes.double,
        Class::Float | Class::Complex | Class::Vector | Class::Pointer => shape.unqualified(),
        Class::Array => shape.target().pointer(),
        Class::Record | Class::Function => shape.pointer(),
        _ => return None,
    })
}
