//! Types made of types: arrays and functions, and what they may be made of.
//!
//! Called by `declarator`, which has lang-c's trees, and by `usual`, which has tokens.

use super::{INVALID, TOO_DEEP, UNSIZED};
use crate::ctype::{ArrayLen, CType, CTypeId, CTypeTable, Convention, Prototype, Qual, QualType, RecordId};

/// The greatest size and length.
const SIZE_MAX: u64 = 1 << 62;

/// The length that an expression gives an array; an error says what is wrong.
pub fn length(n: i128) -> Result<ArrayLen, &'static str> {
    match u64::try_from(n) {
        Ok(n) if n < SIZE_MAX => Ok(ArrayLen::Fixed(n)),
        _ => Err(UNSIZED),
    }
}

/// A type that was made of others; an error if it reaches too far.
#[inline]
fn made(table: &CTypeTable, id: CTypeId) -> Result<QualType, &'static str> {
    if table.extent(id).is_allowed() { Ok(id.plain()) } else { Err(TOO_DEEP) }
}

/// An array; an error says why there is none.
pub fn array(table: &mut CTypeTable, elem: QualType, len: ArrayLen) -> Result<QualType, &'static str> {
    let ctype = table.get(elem.id);
    if matches!(ctype, CType::Reference(_)) {
        return Err(INVALID);
    }
    let size = table.size(elem.id).ok_or(UNSIZED)?;
    if let ArrayLen::Fixed(n) = len
        && size.checked_mul(n).is_none_or(|total| total >= SIZE_MAX)
    {
        return Err(UNSIZED);
    }
    // Elements are of one size: no VLS is one.
    if matches!(ctype, CType::Record(_)) && table.variable_element(elem.id).is_some() {
        return Err(UNSIZED);
    }
    let array = table.array(elem, len);
    made(table, array)
}

/// A pointer; an error says why there is none.
#[inline]
pub fn pointer(table: &mut CTypeTable, to: QualType) -> Result<QualType, &'static str> {
    match table.get(to.id) {
        CType::Reference(_) => Err(INVALID),
        _ => {
            let pointer = table.pointer(to);
            made(table, pointer)
        }
    }
}

/// A reference; an error says why there is none.
pub fn reference(table: &mut CTypeTable, to: QualType) -> Result<QualType, &'static str> {
    match table.get(to.id) {
        CType::Reference(_) => Err(INVALID),
        _ => {
            let reference = table.intern(CType::Reference(to));
            made(table, reference)
        }
    }
}

/// A function of the platform's convention, and its parameters' names, as [`CTypeTable::function_type`] takes them; an error says why there is none.
#[inline]
pub fn function(
    table: &mut CTypeTable,
    result: QualType,
    params: &[QualType],
    variadic: bool,
    names: &[&str],
) -> Result<QualType, &'static str> {
    if matches!(table.get(result.id), CType::Array { .. } | CType::Function(_)) {
        return Err(INVALID);
    }
    let prototype = Prototype { result, params, variadic, convention: Convention::C };
    let function = table.function_type(prototype, names);
    made(table, function)
}

/// A parameter's type as C adjusts it.
pub fn parameter(table: &mut CTypeTable, ty: QualType) -> QualType {
    match table.get(ty.id) {
        CType::Array { elem, .. } => table.pointer(elem).plain(),
        CType::Function(_) => table.pointer(ty).plain(),
        CType::Record(id) => any_member(table, id).unwrap_or(ty.id).plain(),
        _ => ty.id.plain(),
    }
}

/// The pointer that takes what any member of a transparent union takes, which is passed as its first member is; none where not all of them
/// point to data.
fn any_member(table: &mut CTypeTable, id: RecordId) -> Option<CTypeId> {
    let record = table.record(id);
    record.body.as_ref().filter(|_| record.is_transparent)?;
    let fields = table.fields(id);
    if fields.is_empty() {
        return None;
    }
    let mut qual = Qual::CONST;
    for field in fields.values() {
        match table.get(field.ty.id) {
            CType::Pointer(to) if !matches!(table.get(to.id), CType::Function(_)) => {
                qual = if to.qual.is_const() { qual } else { Qual::NONE };
            }
            _ => return None,
        }
    }
    let void = table.intern(CType::Void).with(qual);
    Some(table.pointer(void))
}

/// A typedef's type as `aligned` (in bytes) makes it. What has no size keeps its own alignment.
pub fn aligned(table: &mut CTypeTable, ty: QualType, align: Option<u64>) -> QualType {
    match align {
        Some(align) if table.size(ty.id).is_some() => table.with_align(ty.id, align as u32).with(ty.qual),
        _ => ty,
    }
}
