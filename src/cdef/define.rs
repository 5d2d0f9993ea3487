//! `#define NAME constant`: object-like macros whose body is a constant expression become constants.
//!
//! Function-like macros and other bodies are passed over. A macro's body may name other macros and enum constants.

use super::dialect::{Macros, character, unescape};
use crate::ctype::{CTypeTable, Constant, FloatKind, IntKind, Name};

/// Macros in macros: deeper ones are passed over.
const DEPTH_MAX: usize = 16;

/// Enters every macro that is a constant into the table, unless its name is something else already.
pub fn land(table: &mut CTypeTable, macros: &Macros) {
    for name in &macros.order {
        if !macros.known.contains_key(name) {
            continue;
        }
        match table.name(name) {
            None | Some(Name::Constant(_)) => {}
            Some(_) => continue,
        }
        if let Some(value) = value(table, macros, name, 0) {
            table.set_constant(name.as_str().into(), value);
        }
    }
}

/// The constant that a macro is, if it is one.
pub fn value(table: &mut CTypeTable, macros: &Macros, name: &str, depth: usize) -> Option<Constant> {
    let body = macros.known.get(name)?.body.as_str();
    if body.is_empty() || depth > DEPTH_MAX || body.len() > 4096 {
        return None;
    }
    if let Some(constant) = simple(table, body) {
        return Some(constant);
    }
    if body.starts_with('"') || body.starts_with("u8\"") {
        return string(body).map(|bytes| Constant::Str(bytes.into()));
    }
    expression(table, macros, body, depth)
}

/// A bare integer literal: what most macros are.
fn simple(table: &mut CTypeTable, body: &str) -> Option<Constant> {
    if !body.as_bytes()[0].is_ascii_digit() || body.len() > 20 || !body.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    if body.len() > 1 && body.starts_with('0') {
        return None;
    }
    let n: i128 = body.parse().ok()?;
    let kind = if n <= i32::MAX.into() { IntKind::Int } else { IntKind::Long };
    (n <= i64::MAX.into()).then(|| Constant::Int(n, table.int(kind)))
}

/// Joined string literals.
fn string(body: &str) -> Option<Vec<u8>> {
    let tokens = super::token::tokens(body).ok()?;
    let mut out = Vec::new();
    for token in &tokens.list {
        match token.kind {
            super::token::Kind::Eof => break,
            super::token::Kind::Str => {
                let inner = token.text.strip_prefix("u8").unwrap_or(token.text);
                let inner = inner.strip_prefix('"')?.strip_suffix('"')?;
                out.extend(unescape(inner, true)?.into_iter().map(|v| v as u8));
            }
            _ => return None,
        }
    }
    Some(out)
}

fn expression(table: &mut CTypeTable, macros: &Macros, body: &str, depth: usize) -> Option<Constant> {
    let tokens = super::token::tokens(body).ok()?;
    let mut text = String::with_capacity(body.len());
    let mut braces = false;
    for token in &tokens.list {
        use super::token::Kind;
        match token.kind {
            Kind::Eof => break,
            Kind::Directive | Kind::Str => return None,
            Kind::Char => text.push_str(&character(token.text)?),
            Kind::Ident if macros.known.contains_key(token.text) => {
                match value(table, macros, token.text, depth + 1) {
                    Some(Constant::Int(n, ty)) => text.push_str(&literal(table, n, ty)),
                    Some(Constant::Float(x, ty)) => {
                        let suffix = match table.float_kind(ty) {
                            Some(FloatKind::Float) => "f",
                            Some(FloatKind::LongDouble) => "L",
                            _ => "",
                        };
                        text.push_str(&format!("({x:?}{suffix})"));
                    }
                    Some(Constant::Str(bytes)) if tokens.list.len() == 2 => {
                        return Some(Constant::Str(bytes));
                    }
                    // A macro that stands for a type, say.
                    _ => text.push_str(macros.known.get(token.text)?.body.as_str()),
                }
            }
            _ => {
                braces |= matches!(token.text, "{" | ";");
                text.push_str(token.text);
            }
        }
        text.push(' ');
    }
    if braces || text.len() > 8192 {
        return None;
    }
    super::constant_expression(table, text.as_bytes(), &[]).ok()
}

/// An integer constant as C text of its type.
fn literal(table: &CTypeTable, n: i128, ty: crate::ctype::CTypeId) -> String {
    let suffix = match table.integer_kind(ty) {
        Some(IntKind::UInt) => "U",
        Some(IntKind::Long) => "L",
        Some(IntKind::ULong) => "UL",
        Some(IntKind::LongLong) => "LL",
        Some(IntKind::ULongLong) => "ULL",
        _ => "",
    };
    if n == i64::MIN.into() {
        return format!("(-{}{suffix} - 1)", i64::MAX);
    }
    format!("({n}{suffix})")
}
