//! Integers of 64 and 128 bits: the operators as pure functions, which wrap and never trap.
#![forbid(unsafe_code)]

use super::Op;
use crate::error::{Result, What};
use crate::vm::state::Meta;

/// Of two signed 64-bit integers.
#[inline]
pub(super) fn signed_op(op: Op, a: i64, b: i64) -> Result<i64> {
    Ok(match op {
        Meta::Add => a.wrapping_add(b),
        Meta::Sub => a.wrapping_sub(b),
        Meta::Mul => a.wrapping_mul(b),
        // Division by zero gives what LuaJIT gives; it does not trap.
        Meta::Div | Meta::Mod if b == 0 => i64::MIN,
        Meta::Div => a.wrapping_div(b),
        Meta::Mod => a.wrapping_rem(b),
        Meta::IDiv if b == 0 => return Err(What::DivideByZero.into()),
        Meta::IDiv => {
            let q = a.wrapping_div(b);
            if a.wrapping_rem(b) != 0 && (a < 0) != (b < 0) { q - 1 } else { q }
        }
        Meta::Pow => signed_power(a, b),
        other => bits_op(other, a as u64, b) as i64,
    })
}

/// Of two unsigned 64-bit integers.
#[inline]
pub(super) fn unsigned_op(op: Op, a: u64, b: u64) -> Result<u64> {
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

/// (The low half of a 128-bit power is the 64-bit one.)
fn power(base: u64, exponent: u64) -> u64 {
    wide_power(base.into(), exponent.into()) as u64
}

fn signed_power(base: i64, exponent: i64) -> i64 {
    if exponent >= 0 {
        return power(base as u64, exponent as u64) as i64;
    }
    match base {
        0 => i64::MAX,
        1 => 1,
        -1 => 1 - 2 * (exponent & 1),
        _ => 0,
    }
}

/// Of two 128-bit patterns. None for what is no operator of numbers.
pub(super) fn wide_op(op: Op, unsigned: bool, x: i128, y: i128) -> Result<Option<i128>> {
    Ok(Some(match op {
        Meta::Add => x.wrapping_add(y),
        Meta::Sub => x.wrapping_sub(y),
        Meta::Mul => x.wrapping_mul(y),
        Meta::Div | Meta::IDiv | Meta::Mod if y == 0 => return Err(What::DivideByZero.into()),
        Meta::Div | Meta::IDiv if unsigned => (x as u128 / y as u128) as i128,
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
        Meta::Pow if y < 0 && !unsigned => match x {
            0 => i128::MAX,
            1 => 1,
            -1 => 1 - 2 * (y & 1),
            _ => 0,
        },
        Meta::Pow => wide_power(x, y as u128),
        _ => return Ok(None),
    }))
}

fn wide_power(mut base: i128, mut exponent: u128) -> i128 {
    let mut result = 1i128;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result = result.wrapping_mul(base);
        }
        base = base.wrapping_mul(base);
        exponent >>= 1;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::{shift_left, signed_op, unsigned_op, wide_op};
    use crate::vm::state::Meta;

    #[test]
    fn powers_wrap_as_repeated_multiplication_does() {
        for base in [-3i64, -1, 0, 1, 2, 7, i64::MAX] {
            let (mut product, mut wide) = (1i64, 1i128);
            for exponent in 0..200i64 {
                assert_eq!(signed_op(Meta::Pow, base, exponent).ok(), Some(product));
                assert_eq!(unsigned_op(Meta::Pow, base as u64, exponent as u64).ok(), Some(product as u64));
                assert_eq!(wide_op(Meta::Pow, false, base.into(), exponent.into()).ok(), Some(Some(wide)));
                product = product.wrapping_mul(base);
                wide = wide.wrapping_mul(base.into());
            }
        }
        // Odd numbers to the power of half their group's order are one.
        assert_eq!(wide_op(Meta::Pow, false, 3, 1 << 126).ok(), Some(Some(1)));
    }

    #[test]
    fn negative_powers_are_zero_but_of_ones() {
        for (base, exponent, result) in [(2, -1, 0), (1, -5, 1), (-1, -3, -1), (-1, -4, 1)] {
            assert_eq!(signed_op(Meta::Pow, base, exponent).ok(), Some(result));
            assert_eq!(
                wide_op(Meta::Pow, false, base.into(), exponent.into()).ok(),
                Some(Some(result.into()))
            );
        }
    }

    #[test]
    fn shifts_by_any_count() {
        assert_eq!([shift_left(5, 64), shift_left(5, -64), shift_left(5, i64::MIN)], [0, 0, 0]);
        assert_eq!([shift_left(5, 1), shift_left(5, -1)], [10, 2]);
    }
}
