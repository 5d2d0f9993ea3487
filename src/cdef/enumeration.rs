//! An enum under way: its constants' types, the integer that stores it.
//!
//! Called by `specifier`, which has lang-c's trees, and by `usual`, which has tokens.

use super::Fault;
use crate::ctype::{CTypeId, CTypeTable, EnumId, IntKind, NamedSlice};
use crate::target;

/// The type of a constant: `int` if it fits, else what holds it; none if nothing does.
pub fn constant_kind(n: i128) -> Option<IntKind> {
    Some(if i32::try_from(n).is_ok() {
        IntKind::Int
    } else if u32::try_from(n).is_ok() {
        IntKind::UInt
    } else if i64::try_from(n).is_ok() {
        target::INT64
    } else {
        u64::try_from(n).ok()?;
        target::UINT64
    })
}

/// The integer type that stores an enum of these constants, as GCC chooses it.
pub fn underlying(constants: NamedSlice<'_, i128>, packed: bool) -> IntKind {
    let low = constants.values().copied().min().unwrap_or(0);
    let high = constants.values().copied().max().unwrap_or(0);
    let candidates: &[IntKind] = match (low < 0, packed) {
        (true, true) => &[IntKind::SChar, IntKind::Short, IntKind::Int, target::INT64],
        (true, false) => &[IntKind::Int, target::INT64],
        (false, true) => &[IntKind::UChar, IntKind::UShort, IntKind::UInt, target::UINT64],
        (false, false) => &[IntKind::UInt, target::UINT64],
    };
    let fits = |kind: IntKind| {
        let bits = target::int_size(kind) * 8;
        if target::int_is_signed(kind) {
            low >= -(1i128 << (bits - 1)) && high < 1i128 << (bits - 1)
        } else {
            low >= 0 && high < 1i128 << bits
        }
    };
    candidates.iter().copied().find(|&k| fits(k)).unwrap_or(target::INT64)
}

/// Gives an enum its constants, `known` if its tag is; the same ones again are fine.
pub fn complete(
    table: &mut CTypeTable,
    known: Option<EnumId>,
    tag: Option<&str>,
    underlying: CTypeId,
    constants: NamedSlice<'_, i128>,
) -> Result<EnumId, Fault> {
    let Some(id) = known else {
        return Ok(table.new_enum(tag, underlying, Some(constants)));
    };
    match table.enum_constants(id) {
        None => table.complete_enum(id, underlying, constants),
        Some(old) if old == constants => {}
        Some(_) => return Err(Fault::Redefined),
    }
    Ok(id)
}
