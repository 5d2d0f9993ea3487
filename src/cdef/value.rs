//! C's arithmetic on constants, which know their type.
//!
//! Called by `constexpr`, which has lang-c's trees, and by `usual`, which has tokens. Knows the ctype table.

use crate::ctype::{CType, CTypeId, CTypeTable, Constant, FloatKind, IntKind, QualType};
use crate::target;

/// An operator between two values.
#[derive(Clone, Copy, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum Binary {
    Or,
    And,
    BitOr,
    BitXor,
    BitAnd,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    ShiftLeft,
    ShiftRight,
    Plus,
    Minus,
    Multiply,
    Divide,
    Modulo,
}

/// An operator in front of one.
#[derive(Clone, Copy, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum Unary {
    Plus,
    Minus,
    Complement,
    Not,
}

/// Does a constant count as true?
pub fn is_true(value: &Constant) -> bool {
    match value {
        Constant::Int(n, _) => *n != 0,
        Constant::Float(x, _) => *x != 0.0,
        Constant::Str(_) => true,
    }
}

/// What a comparison gives: an `int`.
pub fn truth(table: &CTypeTable, holds: bool) -> Constant {
    Constant::Int(holds.into(), table.int(IntKind::Int))
}

/// A `size_t`.
pub fn size(table: &CTypeTable, n: u64) -> Constant {
    Constant::Int(n.into(), table.int(target::UINTPTR))
}

/// The number that a constant is where C wants an integer: a length, a width, an enum's constant. None for a float, an address, a string.
pub fn integer(table: &CTypeTable, value: &Constant) -> Option<i128> {
    match value {
        Constant::Int(n, ty) if !is_pointer(table, *ty) => Some(*n),
        _ => None,
    }
}

/// A number as a floating type holds it, as far as a `double` tells.
pub fn rounded(x: f64, kind: FloatKind) -> f64 {
    match kind {
        FloatKind::Float => (x as f32).into(),
        FloatKind::Float16 => half(x),
        _ => x,
    }
}

/// The nearest number of a sign, 5 bits of exponent and 10 of fraction.
fn half(x: f64) -> f64 {
    let exponent = (x.to_bits() >> 52 & 0x7ff) as i32 - 1023;
    if x == 0.0 || !x.is_finite() {
        return x;
    }
    let unit = 2f64.powi(exponent.max(-14) - 10);
    let nearest = (x / unit).round_ties_even() * unit;
    if nearest.abs() > 65504.0 { f64::INFINITY.copysign(x) } else { nearest }
}

/// `sizeof` a type; GNU's for void and functions, which count as one byte. None where there is no size.
pub fn size_of(table: &CTypeTable, ty: QualType) -> Option<Constant> {
    match table.size(ty.id) {
        None if !matches!(table.get(ty.id), CType::Void | CType::Function(_)) => None,
        n => Some(size(table, n.unwrap_or(1))),
    }
}

/// `x` as a value of a floating type.
fn float(table: &CTypeTable, x: f64, ty: CTypeId) -> Constant {
    Constant::Float(table.float_kind(ty).map_or(x, |kind| rounded(x, kind)), ty)
}

/// `n` as a value of a type, wrapped if that is an integer type or enum.
pub fn wrap(table: &CTypeTable, n: i128, ty: CTypeId) -> i128 {
    table.integer_kind(ty).map_or(n, |kind| wrap_kind(n, kind))
}

fn wrap_kind(n: i128, kind: IntKind) -> i128 {
    let bits = target::int_size(kind) * 8;
    if bits >= 128 {
        return n;
    }
    let unused = 128 - bits;
    if target::int_is_signed(kind) {
        (n << unused) >> unused
    } else {
        (((n as u128) << unused) >> unused) as i128
    }
}

/// The type after C's integer promotions; an address computes as the integer of its size.
fn promoted(table: &CTypeTable, ty: CTypeId) -> IntKind {
    match table.integer_kind(ty) {
        Some(kind) if target::int_size(kind) >= 4 => kind,
        None if is_pointer(table, ty) => target::UINTPTR,
        _ => IntKind::Int,
    }
}

fn is_pointer(table: &CTypeTable, ty: CTypeId) -> bool {
    matches!(table.get(ty), CType::Pointer(_))
}

/// The type that two integers have in common (C11 6.3.1.8).
fn common(table: &CTypeTable, a: CTypeId, b: CTypeId) -> IntKind {
    let (a, b) = (promoted(table, a), promoted(table, b));
    let (high, low) = if rank(a) >= rank(b) { (a, b) } else { (b, a) };
    let alike = target::int_is_signed(high) == target::int_is_signed(low);
    let holds_both = alike || !target::int_is_signed(high) || target::int_size(high) > target::int_size(low);
    if holds_both { high } else { unsigned(high) }
}

/// `value` in the type that it and `other` have in common.
pub fn balanced(table: &CTypeTable, value: Constant, other: &Constant) -> Constant {
    match (value, other) {
        (value @ Constant::Int(_, ty), _) if is_pointer(table, ty) => value,
        (Constant::Int(n, _), &Constant::Int(_, ty)) if is_pointer(table, ty) => Constant::Int(n, ty),
        (Constant::Int(n, a), Constant::Int(_, b)) => {
            let kind = common(table, a, *b);
            Constant::Int(wrap_kind(n, kind), table.int(kind))
        }
        (Constant::Int(n, _), Constant::Float(_, ty)) => float(table, n as f64, *ty),
        (Constant::Float(x, a), Constant::Float(_, b)) => {
            let larger = table.size(*b) > table.size(a);
            Constant::Float(x, if larger { *b } else { a })
        }
        (value, _) => value,
    }
}

/// A constant as a declared type holds it; none if it cannot.
pub fn converted(table: &CTypeTable, value: Constant, ty: QualType) -> Option<Constant> {
    let ctype = table.get(ty.id);
    Some(match (value, ctype) {
        (Constant::Str(bytes), CType::Array { .. } | CType::Pointer(_)) => Constant::Str(bytes),
        (Constant::Int(n, _), CType::Float(_)) => float(table, n as f64, ty.id),
        (Constant::Float(x, _), CType::Float(_)) => float(table, x, ty.id),
        (Constant::Int(n, _), CType::Bool) => Constant::Int((n != 0).into(), ty.id),
        (Constant::Int(n, _), CType::Pointer(_)) => Constant::Int(wrap_kind(n, target::UINTPTR), ty.id),
        (Constant::Int(n, _), _) => Constant::Int(wrap_kind(n, table.integer_kind(ty.id)?), ty.id),
        (Constant::Float(x, _), _) => {
            // Beyond the type C leaves it open; GCC takes the nearest value when it folds.
            let kind = table.integer_kind(ty.id)?;
            let bits = target::int_size(kind) * 8;
            let (low, high) = match (bits, target::int_is_signed(kind)) {
                (128.., _) => (i128::MIN, i128::MAX),
                (_, true) => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
                (_, false) => (0, (1i128 << bits) - 1),
            };
            Constant::Int((x as i128).clamp(low, high), ty.id)
        }
        _ => return None,
    })
}

/// A cast; none where C has none.
pub fn cast(table: &CTypeTable, value: Constant, ty: QualType) -> Option<Constant> {
    match (table.get(ty.id), value) {
        // (A string stays one, whatever its characters are called.)
        (CType::Pointer(_), text @ Constant::Str(_)) => Some(text),
        (CType::Pointer(_), Constant::Float(..)) => None,
        (CType::Enum(_), Constant::Float(..) | Constant::Str(_)) | (CType::Void, _) => None,
        (_, value) => converted(table, value, ty),
    }
}

/// An operator applied; none where C has no such constant.
pub fn unary(table: &CTypeTable, operator: Unary, value: Constant) -> Option<Constant> {
    if operator == Unary::Not {
        return Some(truth(table, !is_true(&value)));
    }
    match value {
        Constant::Int(n, ty) => {
            let kind = promoted(table, ty);
            let n = match operator {
                Unary::Minus => n.wrapping_neg(),
                Unary::Complement => !n,
                _ => n,
            };
            Some(Constant::Int(wrap_kind(n, kind), table.int(kind)))
        }
        Constant::Float(x, ty) => match operator {
            Unary::Plus => Some(Constant::Float(x, ty)),
            Unary::Minus => Some(Constant::Float(-x, ty)),
            _ => None,
        },
        Constant::Str(_) => None,
    }
}

/// An operator applied; none where C has no such constant.
pub fn binary(table: &CTypeTable, operator: Binary, left: &Constant, right: &Constant) -> Option<Constant> {
    match operator {
        Binary::And => return Some(truth(table, is_true(left) && is_true(right))),
        Binary::Or => return Some(truth(table, is_true(left) || is_true(right))),
        _ => {}
    }
    let (&Constant::Int(a, a_ty), &Constant::Int(b, b_ty)) = (left, right) else {
        return float_binary(table, operator, left, right);
    };
    if matches!(operator, Binary::ShiftLeft | Binary::ShiftRight) {
        let kind = promoted(table, a_ty);
        let bits = target::int_size(kind) * 8;
        let count = u32::try_from(b).ok().filter(|&n| u64::from(n) < bits)?;
        let n = if operator == Binary::ShiftLeft { a << count } else { a >> count };
        return Some(Constant::Int(wrap_kind(n, kind), table.int(kind)));
    }
    let kind = common(table, a_ty, b_ty);
    let (a, b) = (wrap_kind(a, kind), wrap_kind(b, kind));
    let n = match operator {
        Binary::Multiply => a.wrapping_mul(b),
        Binary::Divide => a.checked_div(b)?,
        Binary::Modulo => a.checked_rem(b)?,
        Binary::Plus => a.wrapping_add(b),
        Binary::Minus => a.wrapping_sub(b),
        Binary::BitAnd => a & b,
        Binary::BitXor => a ^ b,
        Binary::BitOr => a | b,
        _ => return Some(truth(table, holds(operator, a, b)?)),
    };
    Some(Constant::Int(wrap_kind(n, kind), table.int(kind)))
}

/// A comparison.
fn holds<T: PartialOrd>(operator: Binary, a: T, b: T) -> Option<bool> {
    Some(match operator {
        Binary::Less => a < b,
        Binary::Greater => a > b,
        Binary::LessOrEqual => a <= b,
        Binary::GreaterOrEqual => a >= b,
        Binary::Equal => a == b,
        Binary::NotEqual => a != b,
        _ => return None,
    })
}

fn float_binary(table: &CTypeTable, operator: Binary, left: &Constant, right: &Constant) -> Option<Constant> {
    let of = |c: &Constant| match c {
        Constant::Int(n, _) => Some((*n as f64, None)),
        Constant::Float(x, ty) => Some((*x, Some(*ty))),
        Constant::Str(_) => None,
    };
    let ((a, a_ty), (b, b_ty)) = (of(left)?, of(right)?);
    let larger = |t: Option<CTypeId>| t.and_then(|t| table.size(t)).unwrap_or(0);
    let ty = if larger(a_ty) >= larger(b_ty) { a_ty } else { b_ty }?;
    let x = match operator {
        Binary::Multiply => a * b,
        Binary::Divide => a / b,
        Binary::Plus => a + b,
        Binary::Minus => a - b,
        _ => return Some(truth(table, holds(operator, a, b)?)),
    };
    Some(float(table, x, ty))
}

/// C's conversion rank of an integer type (C11 6.3.1.1).
fn rank(kind: IntKind) -> u32 {
    match kind {
        IntKind::Char | IntKind::SChar | IntKind::UChar => 1,
        IntKind::Short | IntKind::UShort => 2,
        IntKind::Int | IntKind::UInt => 3,
        IntKind::Long | IntKind::ULong => 4,
        IntKind::LongLong | IntKind::ULongLong => 5,
        IntKind::Int128 | IntKind::UInt128 => 6,
    }
}

fn unsigned(kind: IntKind) -> IntKind {
    match kind {
        IntKind::Int => IntKind::UInt,
        IntKind::Long => IntKind::ULong,
        IntKind::LongLong => IntKind::ULongLong,
        IntKind::Int128 => IntKind::UInt128,
        other => other,
    }
}

/// The type of an integer literal (C11 6.4.4.1p5): the first of its list that holds it. `longs` is how many `l` its suffix
/// has.
pub fn literal_kind(n: u64, is_decimal: bool, longs: usize, is_unsigned: bool) -> IntKind {
    use IntKind::{Int, Long, LongLong, UInt, ULong, ULongLong};
    let all = [Int, UInt, Long, ULong, LongLong, ULongLong];
    let found = all[(2 * longs).min(4)..].iter().copied().find(|&kind| {
        let signed = target::int_is_signed(kind);
        let bits = target::int_size(kind) * 8 - u64::from(signed);
        let allowed = if is_unsigned { !signed } else { signed || !is_decimal };
        allowed && n.checked_shr(bits as u32).unwrap_or(0) == 0
    });
    // A decimal literal too large for `long long`: GCC takes it as unsigned.
    found.unwrap_or(ULongLong)
}
