//! Operators: 64-bit arithmetic, pointer arithmetic, comparison, complex numbers; then the metatype's metamethods.
//!
//! LuaJIT's rules where it has the operator, Lua 5.4's where it has not (`docs/semantics.md`, "Operators"; crossed in
//! `spec/oracle/arith.lua`). Arguments are always at 1 and 2; one of them at least is a cdata.

mod compare;
mod complex;
mod integer;

use std::ffi::c_int;

use compare::{equal, order, other_compare, quick_compare};

use crate::cdata::{self, Header};
use crate::conv::from_lua;
use crate::conv::number::{self, Number};
use crate::ctype::{IntKind, compat};
use crate::door;
use crate::error::{Error, Result, What};
use crate::vm::peek;
use crate::vm::shape::{Class, Op as Repr, Shape};
use crate::vm::stack::*;
use crate::vm::state::{Meta, State};

/// A binary operator.
type Op = Meta;

/// The metamethods: the usual operands are each operator's own code; all others are left to a function that it ends with: the metamethod of a
/// record's metatype, what is less usual, and whatever there is.
macro_rules! operators {
    ($($(#[$doc:meta])* $name:ident = $quick:ident, $less_usual:ident or $any:ident($meta:ident);)*) => {
        $(
            $(#[$doc])*
            ///
            /// # Safety
            /// Called by Lua with its own state.
            pub unsafe extern "C-unwind" fn $name(l: *mut lua_State) -> c_int {
                door! {
                    #[inline(never)]
                    fn other = less_usual(1) or body;
                }
                unsafe fn less_usual(l: *mut lua_State) -> bool {
                    // SAFETY: the operands are where Lua puts them.
                    unsafe { quick_user(l, Meta::$meta) || $less_usual(l, Meta::$meta) }
                }
                unsafe fn body(l: *mut lua_State) -> Result<c_int> {
                    // SAFETY: the operands are where Lua puts them.
                    unsafe { $any(l, Meta::$meta) }
                }
                // SAFETY: as there.
                unsafe { if $quick(l, Meta::$meta) { 1 } else { other(l) } }
            }
        )*
    };
}

operators! {
    /// `__add`
    add = quick_binary, other_binary or binary(Add);
    /// `__sub`
    sub = quick_binary, other_binary or binary(Sub);
    /// `__mul`
    mul = quick_binary, other_binary or binary(Mul);
    /// `__div`
    div = quick_binary, other_binary or binary(Div);
    /// `__mod`
    modulo = quick_binary, other_binary or binary(Mod);
    /// `__pow`
    pow = quick_binary, other_binary or binary(Pow);
    /// `__idiv`
    idiv = quick_binary, other_binary or binary(IDiv);
    /// `__band`
    band = quick_binary, other_binary or binary(BAnd);
    /// `__bor`
    bor = quick_binary, other_binary or binary(BOr);
    /// `__bxor`
    bxor = quick_binary, other_binary or binary(BXor);
    /// `__shl`
    shl = quick_binary, other_binary or binary(Shl);
    /// `__shr`
    shr = quick_binary, other_binary or binary(Shr);
    /// `__unm`
    unm = quick_unary, other_unary or unary(Unm);
    /// `__bnot`
    bnot = quick_unary, other_unary or unary(BNot);
    /// `__eq`
    eq = quick_compare, other_compare or equal(Eq);
    /// `__lt`
    lt = quick_compare, other_compare or order(Lt);
    /// `__le`
    le = quick_compare, other_compare or order(Le);
}

/// What an operand is to the operators.
#[derive(Clone, Copy)]
enum Operand {
    Number(Number),
    Pointer(&'static Shape, *mut u8),
    Complex(&'static Shape, f64, f64),
    Nil,
    Other,
}

unsafe fn operand(l: *mut lua_State, idx: c_int) -> Operand {
    // SAFETY: plain reads of the stack; a cdata's bytes are its own. Operators get two arguments.
    unsafe {
        if peek::is_available() && peek::top(l).offset_from(peek::base(l)) >= 2 {
            let slot = *peek::base(l).add(idx as usize - 1);
            match slot.tag {
                peek::INT => return Operand::Number(Number::Int(slot.bits as i64)),
                peek::FLOAT => return Operand::Number(Number::Float(f64::from_bits(slot.bits))),
                peek::USERDATA => {
                    return match cdata::header_in(slot) {
                        Some(header) => of_cdata(header),
                        None => Operand::Other,
                    };
                }
                _ => {}
            }
        }
        match lua_type(l, idx) {
            LUA_TNUMBER => match number(l, idx) {
                Some(LuaNumber::Int(n)) => Operand::Number(Number::Int(n)),
                Some(LuaNumber::Float(x)) => Operand::Number(Number::Float(x)),
                None => Operand::Other,
            },
            LUA_TNIL => Operand::Nil,
            LUA_TSTRING => enum_constant(l, idx),
            LUA_TUSERDATA => match cdata::header(l, idx) {
                Some(header) => of_cdata(header),
                None => Operand::Other,
            },
            _ => Operand::Other,
        }
    }
}

unsafe fn of_cdata(header: *mut Header) -> Operand {
    // SAFETY: from `operand`.
    unsafe {
        // The usual ones first: boxed integers and pointers, which lie in the header.
        let own = (*header).shape();
        match own.op() {
            Repr::I64 => return Operand::Number(Number::Int((*header).address as i64)),
            Repr::U64 => return Operand::Number(Number::UInt((*header).address as u64)),
            Repr::Pointer => return Operand::Pointer(own.target(), (*header).address),
            _ => {}
        }
        let referent = cdata::referent(header);
        let shape = referent.shape;
        match shape.class {
            Class::Pointer => {
                Operand::Pointer(shape.target(), referent.data.cast::<*mut u8>().read_unaligned())
            }
            Class::Array => Operand::Pointer(shape.target(), referent.data),
            Class::Function => Operand::Pointer(shape, referent.data),
            _ if referent.data.is_null() => Operand::Other,
            Class::Complex => {
                let part = shape.target();
                let size = part.size().unwrap_or(0);
                let read = |p| number::read(part, p).map_or(0.0, Number::to_f64);
                Operand::Complex(shape, read(referent.data), read(referent.data.add(size)))
            }
            Class::CTypeObject => Operand::Other,
            _ => number::read(shape, referent.data).map_or(Operand::Other, Operand::Number),
        }
    }
}

/// A string is a number where the other operand is an enum that has such a constant.
unsafe fn enum_constant(l: *mut lua_State, idx: c_int) -> Operand {
    // SAFETY: plain reads of the stack.
    unsafe {
        let other = cdata::header(l, 3 - idx).map(|h| (*h).shape().referred());
        let Some(shape) = other.filter(|s| s.class == Class::Enum) else { return Operand::Other };
        match shape.enum_constant(bytes(l, idx).unwrap_or_default()) {
            Some(value) => Operand::Number(Number::Int(value as i64)),
            None => Operand::Other,
        }
    }
}

/// The state, from whichever operand is a cdata.
unsafe fn state_of(l: *mut lua_State) -> Option<&'static State> {
    // SAFETY: plain reads of the stack.
    unsafe { cdata::header(l, 1).or_else(|| cdata::header(l, 2)).map(|h| (*h).shape().state()) }
}

/// Both operands as they lie on the stack. None where Lua is not peeked at, or whoever called gave more or fewer.
#[inline(always)]
unsafe fn operands(l: *mut lua_State) -> Option<[peek::Slot; 2]> {
    // SAFETY: two arguments are there.
    unsafe {
        let are_two = peek::is_available() && peek::top(l).offset_from(peek::base(l)) == 2;
        are_two.then(|| [*peek::base(l), *peek::base(l).add(1)])
    }
}

/// An integer of 64 bits: its bits, is it unsigned, and the state if it is a boxed one.
type Integer = (i64, bool, Option<&'static State>);

/// An integer of 64 bits: Lua's, or a boxed one.
#[inline(always)]
unsafe fn quick_integer(slot: peek::Slot) -> Option<Integer> {
    // SAFETY: the slot is an operand's.
    unsafe {
        match slot.tag {
            peek::INT => Some((slot.bits as i64, false, None)),
            _ => boxed_integer(cdata::header_in(slot)?),
        }
    }
}

#[inline(always)]
unsafe fn boxed_integer(header: *mut Header) -> Option<Integer> {
    // SAFETY: 64-bit integers lie in the header.
    unsafe {
        let shape = (*header).shape();
        match shape.known_op() {
            Repr::I64 => Some(((*header).address as i64, false, Some(shape.state()))),
            Repr::U64 => Some(((*header).address as i64, true, Some(shape.state()))),
            _ => None,
        }
    }
}

/// As [`quick_integer`], or of any size (those of fewer bits than 64 are never unsigned here), or a float truncated.
#[inline(always)]
unsafe fn other_integer(slot: peek::Slot) -> Option<Integer> {
    // SAFETY: the slot is an operand's.
    unsafe { quick_integer(slot).or_else(|| short_integer(slot)) }
}

#[inline(never)]
unsafe fn short_integer(slot: peek::Slot) -> Option<Integer> {
    // SAFETY: the slot is an operand's.
    unsafe {
        let n = from_lua::plain_integer(slot)?;
        let own = cdata::header_in(slot).map(|header| (*header).shape());
        Some((n, own.is_some_and(|own| own.known_op() == Repr::U64), own.map(Shape::state)))
    }
}

/// A pointer or array, also a reference to an array: its shape and the address.
#[inline(always)]
unsafe fn quick_address(slot: peek::Slot) -> Option<(&'static Shape, *mut u8)> {
    // SAFETY: the slot is an operand's.
    unsafe {
        let header = cdata::header_in(slot)?;
        let own = (*header).shape();
        let shape = own.referred();
        let is_address = shape.class == Class::Array || own.class == Class::Pointer;
        is_address.then(|| (shape, (*header).address))
    }
}

/// The usual operations, which cannot fail: boxed 64-bit integers with each other and with Lua's, a pointer moved by an integer, two
/// pointers' distance. False if it is none of those; then nothing is pushed.
#[inline(always)]
unsafe fn quick_binary(l: *mut lua_State, op: Op) -> bool {
    // SAFETY: operators get two operands, whatever the debug library gives them.
    unsafe {
        let Some([a, b]) = operands(l) else { return false };
        let first = match cdata::header_in(a) {
            Some(header) => match (*header).shape().known_op() {
                Repr::Pointer => {
                    return matches!(op, Meta::Add | Meta::Sub) && quick_pointer(l, op, header, b);
                }
                Repr::Aggregate => {
                    return (*header).shape().class == Class::Array && other_pointer(l, op, a, b);
                }
                _ => boxed_integer(header),
            },
            None => quick_integer(a),
        };
        let Some(x) = first else { return false };
        let Some(y) = quick_integer(b) else { return false };
        push_result(l, op, x, y)
    }
}

/// What the operator makes of two integers. False if neither is boxed, or that is an error; then nothing is pushed.
#[inline(always)]
unsafe fn push_result(l: *mut lua_State, op: Op, x: Integer, y: Integer) -> bool {
    let ((x, x_unsigned, x_state), (y, y_unsigned, y_state)) = (x, y);
    let unsigned = x_unsigned || y_unsigned;
    let result = match unsigned {
        true => integer::unsigned_op(op, x as u64, y as u64).map(|n| n as i64),
        false => integer::signed_op(op, x, y),
    };
    let (Some(state), Ok(n)) = (x_state.or(y_state), result) else { return false };
    // SAFETY: an operator runs, which has free slots; S6.
    unsafe { push_integer(l, state, unsigned, n) };
    true
}

/// The less usual operations: of any numbers, one of which a cdata holds as an integer; pointers and arrays moved by any integer, from either
/// side; the distance of two that are not of one type. False as for [`quick_binary`].
#[inline(never)]
unsafe fn other_binary(l: *mut lua_State, op: Op) -> bool {
    // SAFETY: from `quick_binary`.
    unsafe {
        let Some([a, b]) = operands(l) else { return false };
        match (other_integer(a), other_integer(b)) {
            (Some(x), Some(y)) => push_result(l, op, x, y),
            _ => other_pointer(l, op, a, b),
        }
    }
}

/// A pointer and what is added to it, or taken from it. False as for [`quick_binary`].
#[inline(always)]
unsafe fn quick_pointer(l: *mut lua_State, op: Op, header: *mut Header, other: peek::Slot) -> bool {
    // SAFETY: from `quick_binary`; addresses are computed wrapping, not followed.
    unsafe {
        let (shape, address) = ((*header).shape(), (*header).address);
        let Some(size) = shape.known_target().and_then(Shape::known_size) else { return false };
        if other.tag == peek::INT {
            cdata::push_word(l, shape, moved(op, address, other.bits as i64, size));
            return true;
        }
        if op != Meta::Sub || size == 0 {
            return false;
        }
        let Some(other) = cdata::header_like(header, other) else {
            return subtract(l, header, other);
        };
        peek::push(l, distance(address, (*other).address, size) as u64, peek::INT);
        true
    }
}

/// A pointer less what is no pointer of its type. False as for [`quick_binary`].
#[inline(never)]
unsafe fn subtract(l: *mut lua_State, pointer: *mut Header, other: peek::Slot) -> bool {
    // SAFETY: from `quick_pointer`.
    unsafe {
        match quick_address(other) {
            Some((shape, address)) => {
                push_distance(l, (*pointer).shape(), (*pointer).address, shape, address)
            }
            None => other_pointer(l, Meta::Sub, *peek::base(l), other),
        }
    }
}

/// The distance of two pointers or arrays of these shapes. False as for [`quick_binary`].
#[inline(always)]
unsafe fn push_distance(l: *mut lua_State, shape: &Shape, a: *mut u8, other: &Shape, b: *mut u8) -> bool {
    let (to, from) = (shape.target(), other.target());
    let size = to.known_size().filter(|&size| size != 0 && to.ty.id == from.ty.id);
    let Some(size) = size else { return false };
    // SAFETY: an operator runs, which has free slots.
    unsafe { peek::push(l, distance(a, b, size) as u64, peek::INT) };
    true
}

/// [`other_binary`] with a pointer or array.
#[inline(never)]
unsafe fn other_pointer(l: *mut lua_State, op: Op, a: peek::Slot, b: peek::Slot) -> bool {
    // SAFETY: as for `quick_pointer`.
    unsafe {
        let (pointer, other) = match (op, quick_address(a), quick_address(b)) {
            (Meta::Add, None, Some(pointer)) => (pointer, a),
            (Meta::Add | Meta::Sub, Some(pointer), None) => (pointer, b),
            (Meta::Sub, Some((x_shape, x)), Some((y_shape, y))) => {
                return push_distance(l, x_shape, x, y_shape, y);
            }
            _ => return false,
        };
        let (shape, address) = pointer;
        let to = shape.target();
        let (Some(n), Some(size)) = (from_lua::plain_integer(other), to.known_size()) else { return false };
        cdata::push_word(l, to.pointer(), moved(op, address, n, size));
        true
    }
}

/// The address of `n` items of `size` bytes further on, or back where they are subtracted. Only computed, not followed.
#[inline(always)]
fn moved(op: Op, address: *mut u8, n: i64, size: usize) -> *mut u8 {
    let bytes = (n as isize).wrapping_mul(size as isize);
    address.wrapping_offset(if op == Meta::Sub { bytes.wrapping_neg() } else { bytes })
}

/// How many items of `size` bytes lie between two addresses. (Divisions are what takes longest here, and most sizes are powers of two.)
#[inline(always)]
fn distance(a: *mut u8, b: *mut u8, size: usize) -> isize {
    let (bytes, size) = ((a as isize).wrapping_sub(b as isize), size as isize);
    let is_shift = size & (size - 1) == 0 && bytes & (size - 1) == 0;
    if is_shift { bytes >> size.trailing_zeros() } else { bytes / size }
}

#[inline(never)]
unsafe fn binary(l: *mut lua_State, op: Op) -> Result<c_int> {
    // SAFETY: Lua calls us with the operands.
    unsafe {
        let Some(state) = state_of(l) else { return user(l, op) };
        match (operand(l, 1), operand(l, 2)) {
            (Operand::Number(a), Operand::Number(b)) => integers(l, state, op, a, b),
            (Operand::Pointer(to, address), Operand::Number(n)) if matches!(op, Meta::Add | Meta::Sub) => {
                match n.to_bits() {
                    Some(n) => offset(l, op, to, address, n),
                    None => user(l, op),
                }
            }
            (Operand::Number(n), Operand::Pointer(to, address)) if op == Meta::Add => match n.to_bits() {
                Some(n) => offset(l, op, to, address, n),
                None => user(l, op),
            },
            (Operand::Pointer(to, a), Operand::Pointer(from, b)) if op == Meta::Sub => {
                difference(l, to, a, from, b)
            }
            (a, b) => match complex::pair(a, b) {
                Some((shape, a, b)) => complex::binary(l, shape, op, a, b),
                None => user(l, op),
            },
        }
    }
}

/// A pointer moved by `n` elements.
#[inline]
unsafe fn offset(l: *mut lua_State, op: Op, to: &Shape, address: *mut u8, n: i64) -> Result<c_int> {
    // SAFETY: only computed, not followed.
    unsafe {
        let Some(size) = to.size() else { return user(l, op) };
        cdata::push_word(l, to.pointer(), moved(op, address, n, size));
    }
    Ok(1)
}

unsafe fn difference(l: *mut lua_State, to: &Shape, a: *mut u8, from: &Shape, b: *mut u8) -> Result<c_int> {
    // SAFETY: plain pushes.
    unsafe {
        let size = to.size().filter(|&n| n > 0 && comparable(to, from));
        let Some(size) = size else { return user(l, Meta::Sub) };
        lua_pushinteger(l, distance(a, b, size) as i64);
    }
    Ok(1)
}

/// Are pointers to these two ordered, and subtracted?
fn comparable(a: &Shape, b: &Shape) -> bool {
    compat::pointers_compare(&a.state().table.borrow(), a.ty.id, b.ty.id)
}

// -- integers --------------------------------------------------------------------------------------------------------

fn is_unsigned(n: Number) -> bool {
    matches!(n, Number::UInt(_))
}

unsafe fn integers(l: *mut lua_State, state: &State, op: Op, a: Number, b: Number) -> Result<c_int> {
    // SAFETY: plain pushes.
    unsafe {
        if matches!(a, Number::Wide(..)) || matches!(b, Number::Wide(..)) {
            return wide(l, state, op, a, b);
        }
        let (Some(x), Some(y)) = (a.to_bits(), b.to_bits()) else { return user(l, op) };
        let unsigned = is_unsigned(a) || is_unsigned(b);
        let result = if unsigned {
            integer::unsigned_op(op, x as u64, y as u64)? as i64
        } else {
            integer::signed_op(op, x, y)?
        };
        push_integer(l, state, unsigned, result);
    }
    Ok(1)
}

/// Pushes a boxed 64-bit integer.
#[inline]
unsafe fn push_integer(l: *mut lua_State, state: &State, unsigned: bool, n: i64) {
    // SAFETY: a 64-bit integer lies in the address word; S6.
    unsafe { cdata::push_word(l, state.boxed(unsigned), n as usize as *mut u8) };
}

/// 128-bit integers: boxed as such.
unsafe fn wide(l: *mut lua_State, state: &State, op: Op, a: Number, b: Number) -> Result<c_int> {
    let unsigned = [a, b].iter().any(|n| matches!(n, Number::Wide(_, true)));
    let result = match (a.to_wide(), b.to_wide()) {
        (Some(x), Some(y)) => integer::wide_op(op, unsigned, x, y)?,
        _ => None,
    };
    let Some(result) = result else {
        // SAFETY: from `binary`.
        return unsafe { user(l, op) };
    };
    let kind = if unsigned { IntKind::UInt128 } else { IntKind::Int128 };
    let id = state.table.borrow_mut().int(kind);
    // SAFETY: a new cdata of 16 bytes.
    unsafe {
        let header = cdata::push_owned(l, state.shape(id.plain()), 16);
        Header::data(header).cast::<i128>().write_unaligned(result);
    }
    Ok(1)
}

// -- unary -----------------------------------------------------------------------------------------------------------

/// The usual operand: a boxed 64-bit integer. False if it is none; then nothing is pushed.
#[inline(always)]
unsafe fn quick_unary(l: *mut lua_State, op: Op) -> bool {
    // SAFETY: an operator gets its operand twice, whatever the debug library gives it.
    unsafe { push_opposite(l, op, operands(l).and_then(|[a, _]| quick_integer(a))) }
}

/// The less usual operand: an integer of another size. False as for [`quick_unary`].
#[inline(never)]
unsafe fn other_unary(l: *mut lua_State, op: Op) -> bool {
    // SAFETY: as there.
    unsafe { push_opposite(l, op, operands(l).and_then(|[a, _]| other_integer(a))) }
}

#[inline(always)]
unsafe fn push_opposite(l: *mut lua_State, op: Op, integer: Option<Integer>) -> bool {
    let Some((n, unsigned, Some(state))) = integer else { return false };
    // SAFETY: an operator runs, which has free slots; S6.
    unsafe { push_integer(l, state, unsigned, if op == Meta::Unm { n.wrapping_neg() } else { !n }) };
    true
}

#[inline(never)]
unsafe fn unary(l: *mut lua_State, op: Op) -> Result<c_int> {
    // SAFETY: Lua calls us with the operand.
    unsafe {
        let Some(state) = state_of(l) else { return user(l, op) };
        match operand(l, 1) {
            Operand::Number(n @ Number::Wide(..)) => {
                let zero = Number::Int(0);
                let ones = Number::Int(-1);
                if op == Meta::Unm {
                    wide(l, state, Meta::Sub, zero, n)
                } else {
                    wide(l, state, Meta::BXor, n, ones)
                }
            }
            Operand::Number(n) => {
                let Some(bits) = n.to_bits() else { return user(l, op) };
                let result = if op == Meta::Unm { bits.wrapping_neg() } else { !bits };
                push_integer(l, state, is_unsigned(n), result);
                Ok(1)
            }
            Operand::Complex(shape, re, im) if op == Meta::Unm => {
                complex::push(l, shape, (-re, -im));
                Ok(1)
            }
            _ => user(l, op),
        }
    }
}

// -- metatypes -------------------------------------------------------------------------------------------------------

/// The metamethod of an operand that is a record and so has no operators of its own. False if the first record has no such entry; then
/// nothing is pushed.
///
/// # Safety
/// A metamethod of two operands runs; S6.
#[inline(always)]
pub unsafe fn quick_user(l: *mut lua_State, op: Op) -> bool {
    // SAFETY: a metamethod's slots; the operands are on the stack.
    unsafe {
        let Some([a, b]) = operands(l) else { return false };
        let Some(header) = cdata::header_in(a).or_else(|| cdata::header_in(b)) else { return false };
        let shape = (*header).shape();
        shape.referred().class == Class::Record && call_user_with(l, op, shape, [a, b])
    }
}

/// Calls the metamethod that the shape's metatype has, with the operands. False if it has none; then nothing is pushed.
#[inline(never)]
unsafe fn call_user_with(l: *mut lua_State, op: Op, shape: &Shape, [a, b]: [peek::Slot; 2]) -> bool {
    // SAFETY: from `quick_user`.
    unsafe {
        let found = shape.state().meta_slot(shape, op);
        if found.tag == peek::NIL {
            return false;
        }
        peek::push_all(l, [found, a, b]);
        call_user_above(l, 2, 2, 1);
        true
    }
}

/// The metamethod of the first operand that has one, or the error.
#[inline(never)]
unsafe fn user(l: *mut lua_State, op: Op) -> Result<c_int> {
    // SAFETY: a metamethod's slots.
    unsafe {
        for idx in 1..=2 {
            if let Some(header) = cdata::header(l, idx) {
                let shape = (*header).shape();
                if shape.state().push_meta(l, shape, op) {
                    lua_pushvalue(l, 1);
                    lua_pushvalue(l, 2);
                    return Ok(call_user(l, 2, 1));
                }
            }
        }
        if op == Meta::Eq {
            // Records and arrays are what lies at their address, as in LuaJIT.
            let same = match (address(l, 1), address(l, 2)) {
                (Some(a), Some(b)) => a == b,
                _ => false,
            };
            lua_pushboolean(l, same.into());
            return Ok(1);
        }
        if let Some(error) = bad_constant(l) {
            return Err(error);
        }
        match op {
            Meta::Lt | Meta::Le => {
                Err(What::Comparison(cdata::describe_operand(l, 1), cdata::describe_operand(l, 2)).into())
            }
            _ => Err(What::Arithmetic(cdata::describe_operand(l, 1), cdata::describe_operand(l, 2)).into()),
        }
    }
}

/// The address that the operand at `idx` stands for.
unsafe fn address(l: *mut lua_State, idx: c_int) -> Option<*mut u8> {
    // SAFETY: plain reads of the stack; nothing is followed.
    unsafe {
        if let Operand::Pointer(_, address) = operand(l, idx) {
            return Some(address);
        }
        let referent = cdata::referent(cdata::header(l, idx)?);
        (referent.shape.class == Class::Record).then_some(referent.data)
    }
}

/// The error for an enum and a string that is none of its constants.
///
/// # Safety
/// The operands are at 1 and 2.
pub unsafe fn bad_constant(l: *mut lua_State) -> Option<Box<Error>> {
    // SAFETY: from the caller.
    unsafe {
        for (idx, other) in [(1, 2), (2, 1)] {
            if let Some(header) = cdata::header(l, idx) {
                let shape = (*header).shape().referred();
                let is_constant = || matches!(enum_constant(l, other), Operand::Number(_));
                if shape.class == Class::Enum && lua_type(l, other) == LUA_TSTRING && !is_constant() {
                    return Some(cdata::conversion_error(l, other, shape));
                }
            }
        }
        None
    }
}
