//! Comparison: numbers by C's rules, pointers by their address.

use std::cmp::Ordering;
use std::ffi::c_int;

use super::{Op, Operand, comparable, complex, operand, operands, other_integer, quick_address, user};
use crate::cdata::{self, Header};
use crate::conv::number::Number;
use crate::error::Result;
use crate::vm::peek;
use crate::vm::shape::{Class, Op as Repr};
use crate::vm::stack::*;
use crate::vm::state::Meta;

/// C's order of two numbers: unsigned wins, a Lua float makes both floats. None with a NaN.
fn compare(a: Number, b: Number) -> Option<Ordering> {
    match (a, b) {
        (Number::Float(_), _) | (_, Number::Float(_)) => a.to_f64().partial_cmp(&b.to_f64()),
        (Number::Wide(..), _) | (_, Number::Wide(..)) => {
            let unsigned = [a, b].iter().any(|n| matches!(n, Number::Wide(_, true)));
            let (x, y) = (a.to_wide()?, b.to_wide()?);
            Some(if unsigned { (x as u128).cmp(&(y as u128)) } else { x.cmp(&y) })
        }
        (Number::UInt(_), _) | (_, Number::UInt(_)) => {
            Some((a.to_bits()? as u64).cmp(&(b.to_bits()? as u64)))
        }
        (Number::Int(x), Number::Int(y)) => Some(x.cmp(&y)),
    }
}

/// Compares both operands if they lie in their headers and are pointers to the same type or boxed 64-bit integers of one signedness; also a pointer
/// with any other, or with an array. False if they are anything else; then nothing is pushed.
#[inline(always)]
pub(super) unsafe fn quick_compare(l: *mut lua_State, op: Op) -> bool {
    // SAFETY: the operands are on the stack, whatever the debug library gives us.
    unsafe {
        let Some([a, b]) = operands(l) else { return false };
        let Some(a) = cdata::header_in(a) else { return false };
        let kind = (*a).shape().known_op();
        let Some(b) = cdata::header_like(a, b) else {
            return kind == Repr::Pointer && compare_pointer(l, op, a, b);
        };
        let unsigned = match kind {
            Repr::Pointer | Repr::U64 => true,
            Repr::I64 => false,
            _ => return false,
        };
        // The values of enums and integers, and addresses, lie in the header.
        push_comparison(l, op, Some(((*a).address as u64, (*b).address as u64, unsigned)))
    }
}

/// Compares a pointer with one to another type, or with an array. False as for [`quick_compare`].
#[inline(never)]
unsafe fn compare_pointer(l: *mut lua_State, op: Op, pointer: *mut Header, other: peek::Slot) -> bool {
    // SAFETY: the operands are on the stack.
    unsafe {
        let Some((shape, address)) = quick_address(other) else { return false };
        let is_known = op == Meta::Eq || shape.target().ty.id == (*pointer).shape().target().ty.id;
        is_known && push_comparison(l, op, Some(((*pointer).address as u64, address as u64, true)))
    }
}

/// As [`quick_compare`], of [`other_pair`].
#[inline(never)]
pub(super) unsafe fn other_compare(l: *mut lua_State, op: Op) -> bool {
    // SAFETY: the operands are on the stack.
    unsafe { push_comparison(l, op, other_pair(l, op)) }
}

/// Do the two agree with the operator? False if there are none; then nothing is pushed.
#[inline(always)]
unsafe fn push_comparison(l: *mut lua_State, op: Op, pair: Option<(u64, u64, bool)>) -> bool {
    let Some((a, b, unsigned)) = pair else { return false };
    let order = if unsigned { a.cmp(&b) } else { (a as i64).cmp(&(b as i64)) };
    let holds = if op == Meta::Eq { a == b } else { holds(op, Some(order)) };
    // SAFETY: a metamethod has a free slot.
    unsafe { peek::push_boolean(l, holds) };
    true
}

#[inline(never)]
pub(super) unsafe fn equal(l: *mut lua_State, op: Op) -> Result<c_int> {
    // SAFETY: Lua calls us with two userdata, one of them a cdata.
    unsafe {
        let equal = match (operand(l, 1), operand(l, 2)) {
            (Operand::Number(a), Operand::Number(b)) => compare(a, b) == Some(Ordering::Equal),
            (Operand::Pointer(_, a), Operand::Pointer(_, b)) => a == b,
            (Operand::Pointer(_, a), Operand::Nil) | (Operand::Nil, Operand::Pointer(_, a)) => a.is_null(),
            (a, b) => match complex::pair(a, b) {
                Some((_, a, b)) => a == b,
                None => return user(l, op),
            },
        };
        lua_pushboolean(l, equal.into());
    }
    Ok(1)
}

/// Is it `<`, or `<=`, by the order of the two?
#[inline(always)]
fn holds(op: Op, order: Option<Ordering>) -> bool {
    order.is_some_and(|order| if op == Meta::Le { order.is_le() } else { order.is_lt() })
}

#[inline(never)]
pub(super) unsafe fn order(l: *mut lua_State, op: Op) -> Result<c_int> {
    // SAFETY: Lua calls us with the operands.
    unsafe {
        let found = match (operand(l, 1), operand(l, 2)) {
            (Operand::Number(a), Operand::Number(b)) => compare(a, b),
            (Operand::Pointer(to, a), Operand::Pointer(from, b)) if comparable(to, from) => Some(a.cmp(&b)),
            // What C hands over as a NULL `void *` is nil here.
            (Operand::Pointer(to, a), Operand::Nil) if to.class == Class::Void => {
                Some(a.cmp(&std::ptr::null_mut()))
            }
            (Operand::Nil, Operand::Pointer(to, a)) if to.class == Class::Void => {
                Some(std::ptr::null_mut::<u8>().cmp(&a))
            }
            _ => return user(l, op),
        };
        lua_pushboolean(l, holds(op, found).into());
    }
    Ok(1)
}

/// The other usual operands: integers of whatever types, pointers and arrays of one type, of any two if they are only asked whether they are
/// equal. Their bits, and are these unsigned?
#[inline(always)]
unsafe fn other_pair(l: *mut lua_State, op: Op) -> Option<(u64, u64, bool)> {
    // SAFETY: the operands are on the stack, whatever the debug library gives us.
    unsafe {
        let [a, b] = operands(l)?;
        if let Some((x_shape, x)) = quick_address(a) {
            let (y_shape, y) = quick_address(b)?;
            let compare = op == Meta::Eq || x_shape.target().ty.id == y_shape.target().ty.id;
            return compare.then_some((x as u64, y as u64, true));
        }
        // (With a float both are compared as such.)
        if a.tag == peek::FLOAT || b.tag == peek::FLOAT {
            return None;
        }
        let (x, x_unsigned, _) = other_integer(a)?;
        let (y, y_unsigned, _) = other_integer(b)?;
        Some((x as u64, y as u64, x_unsigned || y_unsigned))
    }
}
