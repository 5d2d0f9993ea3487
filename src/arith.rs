//! Operators: 64-bit arithmetic, pointer arithmetic, comparison, complex numbers; then the metatype's metamethods.
//!
//! LuaJIT's rules where it has the operator, Lua 5.4's where it has not (`docs/semantics.md`, "Operators"; crossed in
//! `spec/oracle/arith.lua`). Arguments are always at 1 and 2; one of them at least is a cdata.

use std::cmp::Ordering;
use std::ffi::c_int;

use crate::cdata::{self, Header};
use crate::conv::number::{self, Number};
use crate::ctype::CType;
use crate::door;
use crate::error::{Result, What};
use crate::vm::peek;
use crate::vm::shape::{Class, Op as Repr, Shape};
use crate::vm::stack::*;
use crate::vm::state::{Meta, State};

/// A binary operator.
type Op = Meta;

door! {
    /// `__add`
    pub fn add = bodies::add;
    /// `__sub`
    pub fn sub = bodies::sub;
    /// `__mul`
    pub fn mul = bodies::mul;
    /// `__div`
    pub fn div = bodies::div;
    /// `__mod`
    pub fn modulo = bodies::modulo;
    /// `__pow`
    pub fn pow = bodies::pow;
    /// `__idiv`
    pub fn idiv = bodies::idiv;
    /// `__band`
    pub fn band = bodies::band;
    /// `__bor`
    pub fn bor = bodies::bor;
    /// `__bxor`
    pub fn bxor = bodies::bxor;
    /// `__shl`
    pub fn shl = bodies::shl;
    /// `__shr`
    pub fn shr = bodies::shr;
    /// `__unm`
    pub fn unm = bodies::unm;
    /// `__bnot`
    pub fn bnot = bodies::bnot;
    /// `__eq`
    pub fn eq = eq_body;
    /// `__lt`
    pub fn lt = bodies::lt;
    /// `__le`
    pub fn le = bodies::le;
}

/// The body of each operator's door.
mod bodies {
    use super::{Meta, Result, binary, c_int, lua_State, order, unary};

    macro_rules! bodies {
        ($($name:ident = $of:ident($meta:ident);)*) => {
            $(
                pub(super) unsafe fn $name(l: *mut lua_State) -> Result<c_int> {
                    // SAFETY: the operands are where Lua puts them.
                    unsafe { $of(l, Meta::$meta) }
                }
            )*
        };
    }

    bodies! {
        add = binary(Add);
        sub = binary(Sub);
        mul = binary(Mul);
        div = binary(Div);
        modulo = binary(Mod);
        pow = binary(Pow);
        idiv = binary(IDiv);
        band = binary(BAnd);
        bor = binary(BOr);
        bxor = binary(BXor);
        shl = binary(Shl);
        shr = binary(Shr);
        unm = unary(Unm);
        bnot = unary(BNot);
        lt = order(Lt);
        le = order(Le);
    }
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
        let place = cdata::place(header);
        let shape = place.shape;
        match shape.class {
            Class::Pointer => Operand::Pointer(shape.target(), place.data.cast::<*mut u8>().read_unaligned()),
            Class::Array => Operand::Pointer(shape.target(), place.data),
            Class::Function => Operand::Pointer(shape, place.data),
            _ if place.data.is_null() => Operand::Other,
            Class::Complex => {
                let part = shape.target();
                let size = part.size().unwrap_or(0);
                let read = |p| number::read(part, p).map_or(0.0, Number::to_f64);
                Operand::Complex(shape, read(place.data), read(place.data.add(size)))
            }
            Class::CTypeObject => Operand::Other,
            _ => number::read(shape, place.data).map_or(Operand::Other, Operand::Number),
        }
    }
}

/// A string is a number where the other operand is an enum that has such a constant.
unsafe fn enum_constant(l: *mut lua_State, idx: c_int) -> Operand {
    // SAFETY: plain reads of the stack.
    unsafe {
        let other = cdata::header(l, 3 - idx).map(|h| (*h).shape().referred());
        let Some(shape) = other.filter(|s| s.class == Class::Enum) else { return Operand::Other };
        let name = bytes(l, idx).unwrap_or_default();
        let table = shape.state().table.borrow();
        let CType::Enum(id) = table.get(shape.ty.id) else { return Operand::Other };
        let constants = table.enumeration(id).constants.as_deref().unwrap_or_default();
        match constants.iter().find(|(n, _)| n.as_bytes() == name) {
            Some((_, value)) => Operand::Number(Number::Int(*value as i64)),
            None => Operand::Other,
        }
    }
}

/// The state, from whichever operand is a cdata.
unsafe fn state_of(l: *mut lua_State) -> Option<&'static State> {
    // SAFETY: plain reads of the stack.
    unsafe { cdata::header(l, 1).or_else(|| cdata::header(l, 2)).map(|h| (*h).shape().state()) }
}

/// A boxed 64-bit integer or a Lua integer: its bits, is it unsigned, and the state if it is a cdata.
#[inline(always)]
unsafe fn quick_integer(slot: peek::Slot) -> Option<(i64, bool, Option<&'static State>)> {
    // SAFETY: the slot is an operand's.
    unsafe {
        match slot.tag {
            peek::INT => Some((slot.bits as i64, false, None)),
            peek::USERDATA => {
                let header = cdata::header_in(slot)?;
                let shape = (*header).shape();
                match shape.op() {
                    Repr::I64 => Some(((*header).address as i64, false, Some(shape.state()))),
                    Repr::U64 => Some(((*header).address as i64, true, Some(shape.state()))),
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// The usual operations: boxed 64-bit integers with each other and with Lua's, a pointer moved by an integer. None if it is none
/// of those.
#[inline]
unsafe fn quick_binary(l: *mut lua_State, op: Op) -> Option<Result<c_int>> {
    // SAFETY: operators get two operands, whatever the debug library gives them.
    unsafe {
        if !peek::is_available() || peek::top(l).offset_from(peek::base(l)) != 2 {
            return None;
        }
        let (a, b) = (*peek::base(l), *peek::base(l).add(1));
        if let (Some((x, x_unsigned, x_state)), Some((y, y_unsigned, y_state))) =
            (quick_integer(a), quick_integer(b))
        {
            let state = x_state.or(y_state)?;
            let unsigned = x_unsigned || y_unsigned;
            let result = if unsigned {
                unsigned_op(op, x as u64, y as u64).map(|n| n as i64)
            } else {
                signed_op(op, x, y)
            };
            return Some(result.map(|n| {
                push_integer(l, state, unsigned, n);
                1
            }));
        }
        if b.tag != peek::INT || !matches!(op, Meta::Add | Meta::Sub) {
            return None;
        }
        let header = cdata::header_in(a)?;
        let shape = (*header).shape();
        if shape.class != Class::Pointer {
            return None;
        }
        let size = shape.target().size()? as isize;
        let n = b.bits as isize;
        let n = if op == Meta::Add { n } else { n.wrapping_neg() };
        cdata::push_word(l, shape, (*header).address.wrapping_offset(n.wrapping_mul(size)));
        Some(Ok(1))
    }
}

unsafe fn binary(l: *mut lua_State, op: Op) -> Result<c_int> {
    // SAFETY: Lua calls us with the operands.
    unsafe {
        if let Some(done) = quick_binary(l, op) {
            return done;
        }
        if let Some(results) = quick_user(l, op) {
            return Ok(results);
        }
        let Some(state) = state_of(l) else { return user(l, op) };
        match (operand(l, 1), operand(l, 2)) {
            (Operand::Number(a), Operand::Number(b)) => integers(l, state, op, a, b),
            (Operand::Pointer(to, address), Operand::Number(n)) if matches!(op, Meta::Add | Meta::Sub) => {
                match n.to_bits() {
                    Some(n) => offset(l, op, to, address, if op == Meta::Add { n } else { n.wrapping_neg() }),
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
            (a, b) => match complex_pair(a, b) {
                Some((shape, a, b)) => complex(l, shape, op, a, b),
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
        let moved = address.wrapping_offset((n as isize).wrapping_mul(size as isize));
        cdata::push_word(l, to.pointer(), moved);
    }
    Ok(1)
}

unsafe fn difference(l: *mut lua_State, to: &Shape, a: *mut u8, from: &Shape, b: *mut u8) -> Result<c_int> {
    // SAFETY: plain pushes.
    unsafe {
        let same = to.ty.id == from.ty.id || to.size().is_some() && comparable(to, from);
        let size = to.size().filter(|&n| n > 0 && same);
        let Some(size) = size else { return user(l, Meta::Sub) };
        let bytes = (a as isize).wrapping_sub(b as isize);
        lua_pushinteger(l, (bytes / size as isize) as i64);
    }
    Ok(1)
}

/// Are pointers to these two ordered, and subtracted? Those of the same type but for qualifiers.
fn comparable(a: &Shape, b: &Shape) -> bool {
    crate::ctype::compat::is_type(&a.state().table.borrow(), a.ty, b.ty)
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
        let result =
            if unsigned { unsigned_op(op, x as u64, y as u64)? as i64 } else { signed_op(op, x, y)? };
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

fn signed_op(op: Op, a: i64, b: i64) -> Result<i64> {
    Ok(match op {
        Meta::Add => a.wrapping_add(b),
        Meta::Sub => a.wrapping_sub(b),
        Meta::Mul => a.wrapping_mul(b),
        // Division by zero gives what LuaJIT gives; it does not trap.
        Meta::Div => {
            if b == 0 {
                i64::MIN
            } else {
                a.wrapping_div(b)
            }
        }
        Meta::Mod => {
            if b == 0 {
                i64::MIN
            } else {
                a.wrapping_rem(b)
            }
        }
        Meta::IDiv => {
            if b == 0 {
                return Err(What::DivideByZero.into());
            }
            let q = a.wrapping_div(b);
            if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) { q - 1 } else { q }
        }
        Meta::Pow => signed_power(a, b),
        other => bits_op(other, a as u64, b) as i64,
    })
}

fn unsigned_op(op: Op, a: u64, b: u64) -> Result<u64> {
    Ok(match op {
        Meta::Add => a.wrapping_add(b),
        Meta::Sub => a.wrapping_sub(b),
        Meta::Mul => a.wrapping_mul(b),
        Meta::Div => a.checked_div(b).unwrap_or(1 << 63),
        Meta::Mod => a.checked_rem(b).unwrap_or(1 << 63),
        Meta::IDiv => match a.checked_div(b) {
            Some(q) => q,
            None => return Err(What::DivideByZero.into()),
        },
        Meta::Pow => power(a, b),
        other => bits_op(other, a, b as i64),
    })
}

fn bits_op(op: Op, a: u64, b: i64) -> u64 {
    match op {
        Meta::BAnd => a & b as u64,
        Meta::BOr => a | b as u64,
        Meta::BXor => a ^ b as u64,
        Meta::Shl => shift_left(a, b),
        _ => shift_left(a, b.saturating_neg()),
    }
}

/// As Lua shifts: logical, by 64 and more to zero, by a negative count the other way.
fn shift_left(a: u64, n: i64) -> u64 {
    match n {
        0..=63 => a << n,
        -63..=-1 => a >> -n,
        _ => 0,
    }
}

fn power(mut base: u64, mut exponent: u64) -> u64 {
    let mut result = 1u64;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    result
}

fn signed_power(base: i64, exponent: i64) -> i64 {
    if exponent >= 0 {
        return power(base as u64, exponent as u64) as i64;
    }
    match base {
        0 => i64::MAX,
        1 => 1,
        -1 => {
            if exponent & 1 == 1 {
                -1
            } else {
                1
            }
        }
        _ => 0,
    }
}

/// 128-bit integers: boxed as such.
unsafe fn wide(l: *mut lua_State, state: &State, op: Op, a: Number, b: Number) -> Result<c_int> {
    let (Some(x), Some(y)) = (a.to_wide(), b.to_wide()) else {
        // SAFETY: from `binary`.
        return unsafe { user(l, op) };
    };
    let unsigned = [a, b].iter().any(|n| matches!(n, Number::Wide(_, true)));
    let result = match op {
        Meta::Add => x.wrapping_add(y),
        Meta::Sub => x.wrapping_sub(y),
        Meta::Mul => x.wrapping_mul(y),
        Meta::Div | Meta::IDiv | Meta::Mod if y == 0 => return Err(What::DivideByZero.into()),
        Meta::Div if unsigned => (x as u128 / y as u128) as i128,
        Meta::IDiv if unsigned => (x as u128 / y as u128) as i128,
        Meta::Mod if unsigned => (x as u128 % y as u128) as i128,
        Meta::Div => x.wrapping_div(y),
        Meta::IDiv => {
            let q = x.wrapping_div(y);
            if x.wrapping_rem(y) != 0 && (x < 0) != (y < 0) { q - 1 } else { q }
        }
        Meta::Mod => x.wrapping_rem(y),
        Meta::BAnd => x & y,
        Meta::BOr => x | y,
        Meta::BXor => x ^ y,
        Meta::Shl if (0..128).contains(&y) => x << y,
        Meta::Shr if (0..128).contains(&y) => ((x as u128) >> y) as i128,
        Meta::Shl | Meta::Shr => 0,
        Meta::Pow => (0..y.clamp(0, 1 << 20)).fold(1i128, |p, _| p.wrapping_mul(x)),
        // SAFETY: from `binary`.
        _ => return unsafe { user(l, op) },
    };
    let kind = if unsigned { crate::ctype::IntKind::UInt128 } else { crate::ctype::IntKind::Int128 };
    let id = state.table.borrow_mut().int(kind);
    // SAFETY: a new cdata of 16 bytes.
    unsafe {
        let header = cdata::push_owned(l, state.shape(id.plain()), 16);
        Header::data(header).cast::<i128>().write_unaligned(result);
    }
    Ok(1)
}

// -- complex numbers -------------------------------------------------------------------------------------------------

type Pair = (f64, f64);

/// Both operands as complex numbers if one is and the other is a number, and the type of the result.
fn complex_pair(a: Operand, b: Operand) -> Option<(&'static Shape, Pair, Pair)> {
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

unsafe fn complex(l: *mut lua_State, shape: &Shape, op: Op, a: Pair, b: Pair) -> Result<c_int> {
    let result = match op {
        Meta::Add => (a.0 + b.0, a.1 + b.1),
        Meta::Sub => (a.0 - b.0, a.1 - b.1),
        Meta::Mul => (a.0 * b.0 - a.1 * b.1, a.0 * b.1 + a.1 * b.0),
        Meta::Div => {
            let norm = b.0 * b.0 + b.1 * b.1;
            ((a.0 * b.0 + a.1 * b.1) / norm, (a.1 * b.0 - a.0 * b.1) / norm)
        }
        Meta::Pow => complex_power(a, b),
        // SAFETY: from `binary`.
        _ => return unsafe { user(l, op) },
    };
    // SAFETY: plain pushes.
    unsafe { push_complex(l, shape, result) };
    Ok(1)
}

fn complex_power(a: Pair, b: Pair) -> Pair {
    if a == (0.0, 0.0) {
        return if b == (0.0, 0.0) { (1.0, 0.0) } else { (0.0, 0.0) };
    }
    let (log, angle) = (a.0.hypot(a.1).ln(), a.1.atan2(a.0));
    let size = (b.0 * log - b.1 * angle).exp();
    let turn = b.1 * log + b.0 * angle;
    (size * turn.cos(), size * turn.sin())
}

unsafe fn push_complex(l: *mut lua_State, shape: &Shape, (re, im): Pair) {
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

// -- unary -----------------------------------------------------------------------------------------------------------

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
                push_complex(l, shape, (-re, -im));
                Ok(1)
            }
            _ => user(l, op),
        }
    }
}

// -- comparison ------------------------------------------------------------------------------------------------------

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

unsafe fn eq_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us with two userdata, one of them a cdata.
    unsafe {
        if let Some((a, b, _)) = quick_pair(l) {
            peek::push(l, 0, if a == b { peek::TRUE } else { peek::FALSE });
            return Ok(1);
        }
        let equal = match (operand(l, 1), operand(l, 2)) {
            (Operand::Number(a), Operand::Number(b)) => compare(a, b) == Some(Ordering::Equal),
            (Operand::Pointer(_, a), Operand::Pointer(_, b)) => a == b,
            (Operand::Pointer(_, a), Operand::Nil) | (Operand::Nil, Operand::Pointer(_, a)) => a.is_null(),
            (a, b) => match complex_pair(a, b) {
                Some((_, a, b)) => a == b,
                None => return user(l, Meta::Eq),
            },
        };
        lua_pushboolean(l, equal.into());
    }
    Ok(1)
}

unsafe fn order(l: *mut lua_State, op: Op) -> Result<c_int> {
    // SAFETY: Lua calls us with the operands.
    unsafe {
        if let Some((a, b, unsigned)) = quick_pair(l) {
            let order = if unsigned { a.cmp(&b) } else { (a as i64).cmp(&(b as i64)) };
            let holds = order == Ordering::Less || op == Meta::Le && order == Ordering::Equal;
            peek::push(l, 0, if holds { peek::TRUE } else { peek::FALSE });
            return Ok(1);
        }
        let found = match (operand(l, 1), operand(l, 2)) {
            (Operand::Number(a), Operand::Number(b)) => compare(a, b),
            (Operand::Pointer(to, a), Operand::Pointer(from, b))
                if to.ty.id == from.ty.id || comparable(to, from) =>
            {
                Some(a.cmp(&b))
            }
            // What C hands over as a NULL `void *` is nil here.
            (Operand::Pointer(to, a), Operand::Nil) if to.class == Class::Void => {
                Some(a.cmp(&std::ptr::null_mut()))
            }
            (Operand::Nil, Operand::Pointer(to, a)) if to.class == Class::Void => {
                Some(std::ptr::null_mut::<u8>().cmp(&a))
            }
            _ => return user(l, op),
        };
        let holds = match found {
            Some(Ordering::Less) => true,
            Some(Ordering::Equal) => op == Meta::Le,
            _ => false,
        };
        lua_pushboolean(l, holds.into());
    }
    Ok(1)
}

/// Both operands if they lie in their headers and are pointers to the same type or boxed 64-bit integers of one signedness: their bits,
/// and are these unsigned?
#[inline(always)]
unsafe fn quick_pair(l: *mut lua_State) -> Option<(u64, u64, bool)> {
    // SAFETY: the operands are on the stack, whatever the debug library gives us.
    unsafe {
        if !peek::is_available() || peek::top(l).offset_from(peek::base(l)) != 2 {
            return None;
        }
        let (a, b) = (cdata::header_in(*peek::base(l))?, cdata::header_in(*peek::base(l).add(1))?);
        let shape = (*a).shape();
        if !std::ptr::eq(shape, (*b).shape()) {
            return None;
        }
        let unsigned = match shape.op() {
            Repr::Pointer if shape.class == Class::Pointer => true,
            Repr::I64 => false,
            Repr::U64 => true,
            _ => return None,
        };
        // The values of enums and integers, and addresses, lie in the header.
        Some(((*a).address as u64, (*b).address as u64, unsigned))
    }
}

// -- metatypes -------------------------------------------------------------------------------------------------------

/// The metamethod of an operand that is a record and so has no operators of its own. None if the first record has no such entry.
#[inline]
unsafe fn quick_user(l: *mut lua_State, op: Op) -> Option<c_int> {
    // SAFETY: a metamethod's slots; the operands are on the stack.
    unsafe {
        if !peek::is_available() || peek::top(l).offset_from(peek::base(l)) != 2 {
            return None;
        }
        for i in 0..2 {
            let slot = *peek::base(l).add(i);
            let Some(header) = cdata::header_in(slot) else { continue };
            let shape = (*header).shape();
            if shape.referred().class != Class::Record {
                return None;
            }
            let found = shape.state().meta_slot(shape, op);
            if found.tag == peek::NIL {
                return None;
            }
            let (a, b) = (*peek::base(l), *peek::base(l).add(1));
            peek::push(l, found.bits, found.tag);
            peek::push(l, a.bits, a.tag);
            peek::push(l, b.bits, b.tag);
            return Some(call_user(l, 2, 1));
        }
        None
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
        let place = cdata::place(cdata::header(l, idx)?);
        (place.shape.class == Class::Record).then_some(place.data)
    }
}

/// The error for an enum and a string that is none of its constants.
///
/// # Safety
/// The operands are at 1 and 2.
pub unsafe fn bad_constant(l: *mut lua_State) -> Option<Box<crate::error::Error>> {
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
