//! `#define NAME constant`: object-like macros whose body is a constant expression become constants.
//!
//! Function-like macros and other bodies are passed over. A macro's body may name other macros and enum constants.

use super::dialect::{Macros, character, unescape};
use crate::ctype::{CTypeTable, Constant, FloatKind, IntKind, Name};

/// Macros in macros: deeper ones are passed over.
const DEPTH_MAX: usize = 16;
/// Expressions in expressions: each may double the text.
const NESTING_MAX: usize = 8;

/// Enters every macro that is a constant into the table, unless its name is something else already.
pub fn land(table: &mut CTypeTable, macros: &Macros) {
    for name in &macros.order {
        if !macros.known.contains_key(name) {
            continue;
        }
        match table.name(name) {
            None => {}
            // `#define NAME NAME`: headers say so that the enum's constant is there.
            Some(Name::Constant(_)) if macros.known[name].body == *name => continue,
            Some(Name::Constant(_)) => {}
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
    if body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') && !body.as_bytes()[0].is_ascii_digit() {
        // The name of another constant, or nothing; never both ways, which would double the work at each step.
        return match table.name(body) {
            Some(Name::Constant(known)) => Some(known.clone()),
            _ if body == name => None,
            _ => value(table, macros, body, depth + 1),
        };
    }
    if let Some(constant) = simple(table, body) {
        return Some(constant);
    }
    if body.starts_with('"') || body.starts_with("u8\"") {
        return string(body).map(|bytes| Constant::Str(bytes.into()));
    }
    expression(table, macros, body, depth)
}

/// What most macros are: an integer literal, in brackets or with a minus.
fn simple(table: &mut CTypeTable, body: &str) -> Option<Constant> {
    let mut text = body;
    while let Some(inner) = text.strip_prefix('(').and_then(|t| t.strip_suffix(')')) {
        text = inner.trim();
    }
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest.trim_start()),
        None => (false, text),
    };
    let (n, kind) = integer_literal(digits)?;
    let ty = table.int(kind);
    if !negative {
        return Some(Constant::Int(n, ty));
    }
    let bits = crate::target::int_size(kind) * 8;
    let wrapped = if crate::target::int_is_signed(kind) { -n } else { (-n) & ((1i128 << bits) - 1) };
    Some(Constant::Int(wrapped, ty))
}

/// The value and type of an integer literal with its suffix; none for any other text.
fn integer_literal(text: &str) -> Option<(i128, IntKind)> {
    if !text.as_bytes().first()?.is_ascii_digit() || text.len() > 40 {
        return None;
    }
    let end = text.trim_end_matches(['u', 'U', 'l', 'L']).len();
    let (number, suffix) = text.split_at(end);
    let (radix, digits) = match number.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &number[2..]),
        [b'0', b'b' | b'B', ..] => (2, &number[2..]),
        [b'0', _, ..] => (8, &number[1..]),
        _ => (10, number),
    };
    let n = u64::from_str_radix(digits, radix).ok()?;
    let unsigned = suffix.contains(['u', 'U']);
    let longs = suffix.matches(['l', 'L']).count();
    if longs > 2 || suffix.matches(['u', 'U']).count() > 1 {
        return None;
    }
    Some((n.into(), super::constexpr::literal_kind(n.into(), radix == 10, longs, unsigned)))
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
    // Each level may name several macros: deep ones of several names are none that headers have.
    if depth > NESTING_MAX {
        return None;
    }
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
