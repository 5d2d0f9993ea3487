//! Complex numbers: arithmetic with each other and with real ones.

use std::ffi::c_int;

use super::{Op, Operand, user};
use crate::cdata::{self, Header};
use crate::conv::number::{self, Number};
use crate::error::Result;
use crate::vm::shape::Shape;
use crate::vm::stack::*;
use crate::vm::state::Meta;

/// Real and imaginary part.
pub(super) type Pair = (f64, f64);

/// Both operands as complex numbers if one is and the other is a number, and the type of the result.
pub(super) fn pair(a: Operand, b: Operand) -> Option<(&'static Shape, Pair, Pair)> {
    let real = |n: Number| (n.to_f64(), 0.0);
    match (a, b) {
        (Operand::Complex(s, re, im), Operand::Complex(t, re2, im2)) => {
            let larger = if t.size() > s.size() { t } else { s };
            Some((larger, (re, im), (re2, im2)))
        }
        (Operand::Complex(s, re, im), Operand::Number(n)) => Some((s, (re, im), real(n))),
        (Operand::Number(n), Operand::Complex(s, re, im)) => Some((s, real(n), (re, im))),
        _ => None,
    }
}

/// The operator, or the metamethod where complex numbers have none such.
///
/// # Safety
/// The operands are where Lua puts them.
pub(super) unsafe fn binary(l: *mut lua_State, shape: &Shape, op: Op, a: Pair, b: Pair) -> Result<c_int> {
    let result = match op {
        Meta::Add => (a.0 + b.0, a.1 + b.1),
        Meta::Sub => (a.0 - b.0, a.1 - b.1),
        Meta::Mul => (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0),
        Meta::Div => {
            let norm = b.0 * b.0 + b.1 * b.1;
            ((a.0 * b.0 + a.1 * b.1) / norm, (a.1 * b.0 - a.0 * b.1) / norm)
        }
        Meta::Pow => power(a, b),
        // SAFETY: from `binary`.
        _ => return unsafe { user(l, op) },
    };
    // SAFETY: plain pushes.
    unsafe { push(l, shape, result) };
    Ok(1)
}

fn power(a: Pair, b: Pair) -> Pair {
    if a == (0.0, 0.0) {
        return if b == (0.0, 0.0) { (1.0, 0.0) } else { (0.0, 0.0) };
    }
    let (log, angle) = (a.0.hypot(a.1).ln(), a.1.atan2(a.0));
    let size = (b.0 * log - b.1 * angle).exp();
    let turn = b.1 * log + b.0 * angle;
    (size * turn.cos(), size * turn.sin())
}

/// Pushes a new complex number of the shape's type, without its qualifiers.
///
/// # Safety
/// Two free slots; S6.
pub(super) unsafe fn push(l: *mut lua_State, shape: &Shape, (re, im): Pair) {
    // SAFETY: a new cdata with room for two parts.
    unsafe {
        let shape = shape.unqualified();
        let part = shape.target();
        let size = part.size().unwrap_or(0);
        let data = Header::data(cdata::push_owned(l, shape, shape.size().unwrap_or(0)));
        number::write(part, data, Number::Float(re));
        number::write(part, data.add(size), Number::Float(im));
    }
}
