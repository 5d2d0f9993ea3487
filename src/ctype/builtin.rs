//! Predefined types: one list, one source.

use super::{
    ArrayLen, CType, CTypeTable, Extent, Field, IntKind, Name, Named, QualType, RecordBody, RecordKind,
};
use crate::target;

/// Enters every type and typedef name that is there before any cdef.
pub(super) fn register(table: &mut CTypeTable) {
    use IntKind::*;
    for (name, kind) in [
        ("int8_t", SChar),
        ("int16_t", Short),
        ("int32_t", Int),
        ("int64_t", target::INT64),
        ("uint8_t", UChar),
        ("uint16_t", UShort),
        ("uint32_t", UInt),
        ("uint64_t", target::UINT64),
        ("int_least8_t", SChar),
        ("int_least16_t", Short),
        ("int_least32_t", Int),
        ("int_least64_t", target::INT64),
        ("uint_least8_t", UChar),
        ("uint_least16_t", UShort),
        ("uint_least32_t", UInt),
        ("uint_least64_t", target::UINT64),
        ("int_fast8_t", SChar),
        ("int_fast16_t", target::FAST_INT),
        ("int_fast32_t", target::FAST_INT),
        ("int_fast64_t", target::INT64),
        ("uint_fast8_t", UChar),
        ("uint_fast16_t", target::FAST_UINT),
        ("uint_fast32_t", target::FAST_UINT),
        ("uint_fast64_t", target::UINT64),
        ("intptr_t", target::INTPTR),
        ("uintptr_t", target::UINTPTR),
        ("ptrdiff_t", target::INTPTR),
        ("ssize_t", target::INTPTR),
        ("size_t", target::UINTPTR),
        ("wchar_t", target::WCHAR),
        ("char16_t", UShort),
        ("char32_t", UInt),
        ("char8_t", UChar),
        ("__int8", Char),
        ("__int16", Short),
        ("__int32", Int),
        ("__int64", target::INT64),
    ] {
        let ty = table.int(kind).plain();
        typedef(table, name, ty);
    }
    #[cfg(unix)]
    for &(name, size, signed) in posix::TYPES {
        let kind = match (size, signed) {
            (2, true) => Short,
            (2, false) => UShort,
            (4, true) => Int,
            (4, false) => UInt,
            (_, true) => target::INT64,
            (_, false) => target::UINT64,
        };
        let ty = table.int(kind).plain();
        typedef(table, name, ty);
    }
    let va_list = va_list(table);
    for name in ["va_list", "__builtin_va_list", "__gnuc_va_list"] {
        typedef(table, name, va_list);
    }
    let bool_type = table.intern(CType::Bool).plain();
    typedef(table, "bool", bool_type);
}

/// Is it one of the names that say themselves what they mean, or that calls depend on? Another meaning of such a name would change what was
/// declared with it, without a word.
pub(super) fn is_fixed(name: &str) -> bool {
    matches!(
        name,
        "int8_t"
            | "int16_t"
            | "int32_t"
            | "int64_t"
            | "uint8_t"
            | "uint16_t"
            | "uint32_t"
            | "uint64_t"
            | "intptr_t"
            | "uintptr_t"
            | "ptrdiff_t"
            | "size_t"
            | "ssize_t"
    )
}

/// POSIX's integer types, as the platform has them: name, bytes, signed.
#[cfg(unix)]
mod posix {
    macro_rules! types {
        ($($name:ident)*) => {
            &[$((stringify!($name), size_of::<libc::$name>(), (0 as libc::$name).wrapping_sub(1) < 1)),*]
        };
    }

    #[allow(unused_comparisons)]
    pub(super) const TYPES: &[(&str, usize, bool)] = types!(
        off_t time_t pid_t uid_t gid_t mode_t dev_t ino_t nlink_t clock_t clockid_t socklen_t blksize_t blkcnt_t
        suseconds_t useconds_t id_t key_t intmax_t uintmax_t sa_family_t in_addr_t in_port_t
    );
}

fn typedef(table: &mut CTypeTable, name: &str, ty: QualType) {
    let entered = table.enter_name(name, Name::Typedef(ty));
    debug_assert!(entered.is_ok(), "no two are alike");
}

/// `va_list` as the platform has it: an array of one record on System V x86-64 (psABI 3.5.7), a record on AArch64
/// Linux (AAPCS64 appendix B), else a pointer.
fn va_list(table: &mut CTypeTable) -> QualType {
    let void = table.intern(CType::Void).plain();
    let pointer = table.pointer(void).plain();
    let word = table.int(IntKind::UInt).plain();
    let int = table.int(IntKind::Int).plain();
    let members: &[(&str, QualType, u64)] = match target::VA_LIST {
        target::VaList::Pointer => return pointer,
        target::VaList::SysvX64 => &[
            ("gp_offset", word, 0),
            ("fp_offset", word, 4),
            ("overflow_arg_area", pointer, 8),
            ("reg_save_area", pointer, 16),
        ],
        target::VaList::Aapcs64 => &[
            ("__stack", pointer, 0),
            ("__gr_top", pointer, 8),
            ("__vr_top", pointer, 16),
            ("__gr_offs", int, 24),
            ("__vr_offs", int, 28),
        ],
    };
    let mut fields = Named::default();
    for &(name, ty, offset) in members {
        fields.push(name, Field { ty, offset, bits: None });
    }
    let last = fields.all().last().expect("a va_list has members");
    let size = (last.offset + table.size(last.ty.id).expect("scalars have sizes")).next_multiple_of(8);
    let array = target::VA_LIST == target::VaList::SysvX64;
    let tag = if array { "__va_list_tag" } else { "__va_list" };
    let record = table.new_record(RecordKind::Struct, Some(tag));
    let body = RecordBody {
        size,
        align: 8,
        member_align: 8,
        extent: Extent::SIMPLE.with(Extent::SIMPLE),
        misaligned: false,
        read_only: false,
        special: None,
    };
    table.complete_record(record, body, fields.all());
    let ty = table.record_type(record).plain();
    if array { table.array(ty, ArrayLen::Fixed(1)).plain() } else { ty }
}
