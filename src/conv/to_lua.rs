//! C -> Lua: what a value at an address becomes.
//!
//! Integers come as Lua integers (boxed from 2^63 up), NULL as nil, records and arrays as references that keep their
//! parent, complex numbers and vectors as copies. `docs/semantics.md` has the table.

use std::ffi::c_int;

use super::number::{self, Number};
use crate::cdata::{self, Bounds};
use crate::ctype::Constant;
use crate::error::{Result, What};
use crate::native::mem;
use crate::vm::entry;
use crate::vm::peek;
use crate::vm::shape::{Class, FieldEntry, Op, Shape};
use crate::vm::stack::*;
use crate::vm::state::State;

/// Pushes the value of `shape` at `p`. `bounds` are those of the memory there, `parent` the absolute stack index of
/// the cdata, or name space, that owns it or 0. Slots +1 (needs 4), raises for want of memory.
///
/// # Safety
/// A value of the shape is readable at `p`; S6.
#[inline]
pub unsafe fn push(
    l: *mut lua_State,
    shape: &Shape,
    op: Op,
    p: *mut u8,
    bounds: Bounds,
    parent: c_int,
) -> Result<()> {
    // SAFETY: from the caller.
    unsafe {
        match op {
            Op::I32 => lua_pushinteger(l, p.cast::<i32>().read_unaligned().into()),
            Op::F64 => lua_pushnumber(l, p.cast::<f64>().read_unaligned()),
            Op::F32 => lua_pushnumber(l, p.cast::<f32>().read_unaligned().into()),
            Op::Bool => lua_pushboolean(l, c_int::from(p.read() != 0)),
            Op::I8 | Op::U8 | Op::I16 | Op::U16 | Op::U32 | Op::I64 => {
                lua_pushinteger(l, number::read_int(op, p))
            }
            Op::U64 => push_u64(l, shape, p.cast::<u64>().read_unaligned()),
            Op::Pointer => {
                let address = p.cast::<*mut u8>().read_unaligned();
                if address.is_null() {
                    lua_pushnil(l);
                } else {
                    cdata::push_word(l, shape, address);
                }
            }
            Op::Aggregate => cdata::push_reference(l, shape.reference(), p, bounds, parent),
            _ => return push_rare(l, shape, op, p),
        }
    }
    Ok(())
}

/// How a word of C's becomes a slot of Lua's with a tag of its own, and back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// They are the same but for so many upper bits (often none), which are as the sign is. (One way for all signed integers and doubles: no
    /// jump.)
    Signed(u8),
    /// They are the same, but for what only fits into a box.
    Uint64,
    /// As the representation says.
    Other,
}

impl Way {
    /// A word of [`Way::Signed`], whose `upper` bits become its sign.
    #[inline(always)]
    pub fn signed(upper: u8, word: u64) -> u64 {
        ((word << upper).cast_signed() >> upper).cast_unsigned()
    }

    /// The way of a representation, and the tag on Lua's side: [`peek::NONE`] if that depends on the value.
    pub fn of(op: Op) -> (Way, u8) {
        match op {
            Op::F64 => (Way::Signed(0), peek::FLOAT),
            Op::I64 => (Way::Signed(0), peek::INT),
            Op::I32 => (Way::Signed(32), peek::INT),
            Op::U64 => (Way::Uint64, peek::INT),
            op if op.is_integer() => (Way::Other, peek::INT),
            _ => (Way::Other, peek::NONE),
        }
    }
}

/// Pushes a scalar that needs no memory of Lua's. False for any other.
///
/// # Safety
/// As for [`plain`]; a free slot.
#[inline(always)]
pub unsafe fn push_plain(l: *mut lua_State, op: Op, at: *mut u8) -> bool {
    // SAFETY: from the caller.
    unsafe {
        match plain(op, at) {
            Some(value) => peek::push(l, value.bits, value.tag),
            None => return false,
        }
        true
    }
}

/// A scalar that needs no memory of Lua's, as it lies on a stack. None for any other.
///
/// # Safety
/// [`peek::is_available`]; a value of the representation is readable at `at`.
#[inline(always)]
pub unsafe fn plain(op: Op, at: *mut u8) -> Option<peek::Slot> {
    // SAFETY: a value of the representation lies there.
    unsafe {
        let (bits, tag) = match op {
            Op::F64 => (at.cast::<u64>().read_unaligned(), peek::FLOAT),
            Op::I32 => (at.cast::<i32>().read_unaligned() as i64 as u64, peek::INT),
            Op::U8 => (at.read().into(), peek::INT),
            Op::F32 => (f64::from(at.cast::<f32>().read_unaligned()).to_bits(), peek::FLOAT),
            Op::I64 => (at.cast::<u64>().read_unaligned(), peek::INT),
            Op::Bool => (0, if at.read() != 0 { peek::TRUE } else { peek::FALSE }),
            Op::I8 | Op::I16 | Op::U16 | Op::U32 => (number::read_int(op, at) as u64, peek::INT),
            Op::U64 => {
                let n = at.cast::<u64>().read_unaligned();
                if n > i64::MAX as u64 {
                    return None;
                }
                (n, peek::INT)
            }
            Op::Pointer => {
                if !at.cast::<*mut u8>().read_unaligned().is_null() {
                    return None;
                }
                (0, peek::NIL)
            }
            _ => return None,
        };
        Some(peek::Slot { bits, tag })
    }
}

/// Pushes an unsigned 64-bit integer: a Lua integer where it fits, else a boxed `uint64_t`.
///
/// # Safety
/// Three free slots; S6.
#[inline]
pub unsafe fn push_u64(l: *mut lua_State, shape: &Shape, n: u64) {
    // SAFETY: from the caller.
    unsafe {
        match i64::try_from(n) {
            Ok(n) => lua_pushinteger(l, n),
            Err(_) => push_boxed_u64(l, shape, n),
        }
    }
}

#[cold]
unsafe fn push_boxed_u64(l: *mut lua_State, shape: &Shape, n: u64) {
    // SAFETY: an inline shape; the address word holds the value.
    unsafe { cdata::push_word(l, shape.state().boxed(true), n as usize as *mut u8) };
}

#[cold]
#[inline(never)]
unsafe fn push_rare(l: *mut lua_State, shape: &Shape, op: Op, p: *mut u8) -> Result<()> {
    // SAFETY: a value of the shape is readable at `p` (caller).
    unsafe {
        match op {
            Op::OtherFloat => lua_pushnumber(l, mem::load_float(number::float_kind(shape), p)),
            Op::WideInt => match number::read(shape, p).and_then(Number::integer) {
                Some(n) => lua_pushinteger(l, n),
                None => push_copy(l, shape, p),
            },
            Op::Copied => push_copy(l, shape, p),
            Op::Reference => {
                let to = shape.target();
                let address = p.cast::<*mut u8>().read_unaligned();
                if address.is_null() {
                    return Err(What::NullPointer(shape.repr()).into());
                }
                if to.op() == Op::None {
                    cdata::push_word(l, to.pointer(), address);
                    return Ok(());
                }
                return push(l, to, to.op(), address, Bounds::ANY, 0);
            }
            _ => return Err(What::SizeUnknown.into()),
        }
    }
    Ok(())
}

/// Pushes a new cdata that owns a copy of the value at `p`. Slots +1 (needs 4), raises.
///
/// # Safety
/// A value of the shape is readable at `p`; S6.
pub unsafe fn push_copy(l: *mut lua_State, shape: &Shape, p: *const u8) {
    // SAFETY: the new cdata has as many bytes as the shape; the two do not overlap.
    unsafe {
        let shape = shape.unqualified();
        let size = shape.size().unwrap_or(0);
        let header = cdata::push_owned(l, shape, size);
        std::ptr::copy_nonoverlapping(p, cdata::Header::data(header), size);
    }
}

/// As [`push_bits`], for bits that need no memory of Lua's: a boolean, or an integer of at most 63 bits. False for any other.
///
/// # Safety
/// [`peek::is_available`]; the rest as for [`push_bits`].
#[inline]
pub unsafe fn push_plain_bits(l: *mut lua_State, entry: &FieldEntry, container: *const u8) -> bool {
    // SAFETY: from the caller.
    unsafe {
        let (position, width) = (entry.position_bits.into(), u32::from(entry.width_bits));
        let op = (*entry.shape).known_op();
        let is_signed = match op {
            Op::I8 | Op::I16 | Op::I32 | Op::I64 => true,
            Op::U8 | Op::U16 | Op::U32 | Op::U64 | Op::Bool => false,
            _ => return false,
        };
        if width > 63 {
            return false;
        }
        let Some(bits) = mem::load_bits_in_word(container, position, width, is_signed) else { return false };
        match op {
            Op::Bool => peek::push_boolean(l, bits != 0),
            _ => peek::push(l, bits, peek::INT),
        }
        true
    }
}

/// Pushes a member that is a bit-field: an integer, or a boolean for `bool`. Slots +1 (needs 3), raises.
///
/// # Safety
/// `container` is where the entry's container lies in its record; S6.
pub unsafe fn push_bits(l: *mut lua_State, entry: &FieldEntry, container: *const u8) {
    // SAFETY: an entry of a bit-field has a shape; the bits lie inside of the record.
    unsafe {
        let shape = &*entry.shape;
        let raw = mem::load_bits(container, entry.position_bits.into(), entry.width_bits.into());
        match shape.op() {
            Op::Bool => lua_pushboolean(l, c_int::from(raw != 0)),
            op if is_signed(shape, op) => {
                let unused = 128 - u32::from(entry.width_bits);
                let n = ((raw << unused) as i128) >> unused;
                match i64::try_from(n) {
                    Ok(n) => lua_pushinteger(l, n),
                    Err(_) => push_wide(l, shape, n),
                }
            }
            _ => match u64::try_from(raw) {
                Ok(n) => push_u64(l, shape, n),
                Err(_) => push_wide(l, shape, raw as i128),
            },
        }
    }
}

fn is_signed(shape: &Shape, op: Op) -> bool {
    match op {
        Op::I8 | Op::I16 | Op::I32 | Op::I64 => true,
        Op::WideInt => !number::is_unsigned_wide(shape),
        _ => false,
    }
}

unsafe fn push_wide(l: *mut lua_State, shape: &Shape, n: i128) {
    // SAFETY: a 128-bit shape, 16 readable bytes.
    unsafe { push_copy(l, shape, (&raw const n).cast()) };
}

/// Pushes a constant of a name space or record. Slots +1 (needs 4), raises.
///
/// # Safety
/// S6 but for the constant: what of it could be lost is pushed protected.
pub unsafe fn push_constant(l: *mut lua_State, state: &State, constant: &Constant) -> Result<()> {
    // SAFETY: from the caller.
    unsafe {
        match constant {
            Constant::Int(n, ty) => {
                let shape = state.shape(ty.plain());
                match i64::try_from(*n) {
                    _ if shape.class == Class::Bool => lua_pushboolean(l, c_int::from(*n != 0)),
                    Ok(n) if shape.class != Class::Pointer => lua_pushinteger(l, n),
                    _ => {
                        let mut bytes = n.to_ne_bytes();
                        push(l, shape, shape.op(), bytes.as_mut_ptr(), Bounds::ANY, 0)?;
                    }
                }
            }
            Constant::Float(x, _) => lua_pushnumber(l, *x),
            Constant::Str(bytes) => {
                entry::protect(l, |l| {
                    push_bytes(l, bytes);
                    Ok(1)
                })?;
            }
        }
        Ok(())
    }
}
