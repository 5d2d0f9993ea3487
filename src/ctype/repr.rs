//! ctype -> C text, as LuaJIT prints it (`int (*)[3]`).
//!
//! Inside out: the text of the declarator grows around a hole while the type is walked to its base. Types of equal size
//! and sign print alike, as LuaJIT keeps them (`long` is `int64_t`); parameters are not printed.

use super::{ArrayLen, CType, CTypeTable, FloatKind, IntKind, Qual, QualType, RecordKind};
use crate::target;

/// The type as C text.
pub fn repr(table: &CTypeTable, ty: QualType) -> String {
    let mut before = String::new();
    let mut after = String::new();
    let mut ty = ty;
    let mut needs_parens = false;
    loop {
        match table.get(ty.id) {
            CType::Pointer(to) | CType::Reference(to) => {
                let sign = if matches!(table.get(ty.id), CType::Pointer(_)) { "*" } else { "&" };
                let mut piece = String::from(sign);
                if ty.qual != Qual::NONE {
                    piece.push_str(qualifiers(ty.qual).trim_end());
                    if !before.is_empty() || !after.is_empty() {
                        piece.push(' ');
                    }
                }
                before.insert_str(0, &piece);
                needs_parens = true;
                ty = to;
            }
            CType::Array { elem, len } => {
                close(&mut before, &mut after, &mut needs_parens);
                match len {
                    ArrayLen::Fixed(n) => after.push_str(&format!("[{n}]")),
                    ArrayLen::Unknown => after.push_str("[]"),
                    ArrayLen::Variable => after.push_str("[?]"),
                }
                ty = elem;
            }
            CType::Function(id) => {
                close(&mut before, &mut after, &mut needs_parens);
                after.push_str("()");
                ty = table.function(id).result;
            }
            _ => break,
        }
    }
    let base = format!("{}{}", qualifiers(ty.qual), base_name(table, ty));
    let declarator = format!("{before}{after}");
    if declarator.is_empty() { base } else { format!("{base} {declarator}") }
}

/// Puts the pointers so far in brackets, before an array or function is appended.
fn close(before: &mut String, after: &mut String, needs_parens: &mut bool) {
    if *needs_parens {
        before.insert(0, '(');
        after.push(')');
        *needs_parens = false;
    }
}

fn qualifiers(qual: Qual) -> &'static str {
    match (qual.contains(Qual::CONST), qual.contains(Qual::VOLATILE)) {
        (true, true) => "const volatile ",
        (true, false) => "const ",
        (false, true) => "volatile ",
        (false, false) => "",
    }
}

fn base_name(table: &CTypeTable, ty: QualType) -> String {
    match table.get(ty.id) {
        CType::Void => "void".to_owned(),
        CType::Bool => "bool".to_owned(),
        CType::Int(kind) => int_name(kind).to_owned(),
        CType::Float(kind) => float_name(kind).to_owned(),
        CType::Complex(FloatKind::Double) => "complex".to_owned(),
        CType::Complex(kind) => format!("complex {}", float_name(kind)),
        CType::Vector { elem, .. } => {
            let size = table.size(ty.id).unwrap_or(0);
            format!("{} __attribute__((vector_size({size})))", base_name(table, elem.plain()))
        }
        CType::Record(id) => {
            let record = table.record(id);
            let word = if record.kind == RecordKind::Struct { "struct" } else { "union" };
            match table.record_tag(id) {
                Some(tag) => format!("{word} {tag}"),
                None => format!("{word} {}", ty.id.index()),
            }
        }
        CType::Enum(id) => match table.enum_tag(id) {
            Some(tag) => format!("enum {tag}"),
            None => format!("enum {}", ty.id.index()),
        },
        CType::Pointer(_) | CType::Reference(_) | CType::Array { .. } | CType::Function(_) => repr(table, ty),
    }
}

fn int_name(kind: IntKind) -> &'static str {
    match (target::int_size(kind), target::int_is_signed(kind)) {
        (1, signed) if signed == target::CHAR_IS_SIGNED => "char",
        (1, true) => "signed char",
        (1, false) => "unsigned char",
        (2, true) => "short",
        (2, false) => "unsigned short",
        (4, true) => "int",
        (4, false) => "unsigned int",
        (8, true) => "int64_t",
        (8, false) => "uint64_t",
        (_, true) => "__int128",
        (_, false) => "unsigned __int128",
    }
}

fn float_name(kind: FloatKind) -> &'static str {
    match kind {
        FloatKind::Float16 => "_Float16",
        FloatKind::Float => "float",
        FloatKind::Double => "double",
        FloatKind::LongDouble => "long double",
        FloatKind::Float128 => "_Float128",
    }
}
