//! Identifiers and literals: what lang-c cannot read of them, put in words that it can; what escapes stand for.
//!
//! Called by `dialect` on the way to lang-c, by `declare` and `constexpr` on the way back, by `usual` and
//! `define`.

use std::borrow::Cow;

use super::value;
use crate::ctype::{FloatKind, IntKind};
use crate::target;

/// An identifier in the letters that lang-c reads.
pub fn mangle(name: &str) -> String {
    // A name given for `$` may be any string: as it stands it would be read as C, past the guards.
    let is_plain = name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$');
    if is_plain && !name.starts_with(|first: char| first.is_ascii_digit()) {
        return name.to_owned();
    }
    let mut out = String::from("__cdata_utf8");
    for byte in name.bytes() {
        out.push_str(&format!("_{byte:02x}"));
    }
    out
}

/// What [`mangle`] made a name of.
pub fn unmangle(name: &str) -> Cow<'_, str> {
    let Some(rest) = name.strip_prefix("__cdata_utf8_") else { return Cow::Borrowed(name) };
    let bytes: Option<Vec<u8>> = rest.split('_').map(|hex| u8::from_str_radix(hex, 16).ok()).collect();
    bytes.and_then(|b| String::from_utf8(b).ok()).map_or(Cow::Borrowed(name), Cow::Owned)
}

/// Is it a number as C writes them, suffixes of all sorts included?
pub fn is_number(text: &str) -> bool {
    suffix_at(text).is_some_and(|at| {
        let suffix = text[at..].to_ascii_lowercase();
        is_suffix(&suffix) || real_suffix(&suffix).is_some_and(|real| is_suffix(&real))
    })
}

/// Where a number's suffix starts; none where no number stands in front of it.
fn suffix_at(text: &str) -> Option<usize> {
    let (hex, rest) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (true, &text[2..]),
        [b'0', b'b' | b'B', ..] => (false, &text[2..]),
        _ => (false, text),
    };
    let is_digit = |c: char| c == '\'' || if hex { c.is_ascii_hexdigit() } else { c.is_ascii_digit() };
    let (whole, rest) = rest.split_at(rest.find(|c| !is_digit(c)).unwrap_or(rest.len()));
    let (fraction, rest) = match rest.strip_prefix('.') {
        Some(after) => after.split_at(after.find(|c| !is_digit(c)).unwrap_or(after.len())),
        None => ("", rest),
    };
    let exponent = if hex { ['p', 'P'] } else { ['e', 'E'] };
    let (power, rest) = match rest.strip_prefix(exponent) {
        Some(after) => {
            let digits = after.trim_start_matches(['+', '-']);
            digits.split_at(digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len()))
        }
        None => ("0", rest),
    };
    let is_float =
        text.contains('.') || (!hex && text.contains(['e', 'E'])) || (hex && text.contains(['p', 'P']));
    let is_octal = !is_float && !hex && whole.starts_with('0') && whole.contains(['8', '9']);
    let is_whole = (!whole.is_empty() || !fraction.is_empty()) && !power.is_empty() && !is_octal;
    is_whole.then(|| text.len() - rest.len())
}

/// A number's suffix in small letters: is it one?
fn is_suffix(suffix: &str) -> bool {
    matches!(
        suffix,
        "" | "u"
            | "l"
            | "ul"
            | "lu"
            | "ll"
            | "ull"
            | "llu"
            | "wb"
            | "uwb"
            | "wbu"
            | "f"
            | "d"
            | "q"
            | "w"
            | "df"
            | "dd"
            | "dl"
            | "f16"
            | "f32"
            | "f64"
            | "f128"
            | "f32x"
            | "f64x"
            | "bf16"
            | "i8"
            | "i16"
            | "i32"
            | "i64"
            | "ui64"
    )
}

/// What is left of an imaginary number's suffix (`if`, `li`) in small letters without its `i`; none where there is none.
fn real_suffix(suffix: &str) -> Option<String> {
    suffix.contains(['i', 'j']).then(|| suffix.replacen(['i', 'j'], "", 1))
}

/// A number as lang-c reads it: without digit separators, and with none of GNU's own suffixes. An imaginary one only stays one.
pub fn known_number(text: &str) -> Cow<'_, str> {
    let text = if text.contains('\'') { Cow::Owned(text.replace('\'', "")) } else { Cow::Borrowed(text) };
    let Some(at) = suffix_at(&text).filter(|&at| at < text.len()) else { return text };
    let suffix = text[at..].to_ascii_lowercase();
    let known = match &*suffix {
        "d" => "",
        "w" => "f64x",
        "q" => "f128",
        _ if !is_suffix(&suffix) => "i",
        _ => return text,
    };
    format!("{}{known}", &text[..at]).into()
}

/// An integer literal: its value and type; none for what is none, and for what fits no type.
pub fn integer(text: &str) -> Option<(u64, IntKind)> {
    let (radix, digits) = match text.as_bytes() {
        [b'0', b'x' | b'X', rest @ ..] => (16, rest),
        [b'0', b'b' | b'B', rest @ ..] => (2, rest),
        [b'0', b'0'..=b'9', ..] => (8, &text.as_bytes()[1..]),
        all => (10, all),
    };
    let mut n = 0u64;
    let mut count = 0;
    for &b in digits {
        let Some(digit) = char::from(b).to_digit(radix) else { break };
        n = n.checked_mul(radix.into())?.checked_add(digit.into())?;
        count += 1;
    }
    let (longs, is_unsigned) = match &digits[count..] {
        [] => (0, false),
        [b'u' | b'U'] => (0, true),
        [b'l' | b'L'] => (1, false),
        [b'u' | b'U', b'l' | b'L'] | [b'l' | b'L', b'u' | b'U'] => (1, true),
        b"ll" | b"LL" => (2, false),
        [b'u' | b'U', b'l', b'l'] | [b'u' | b'U', b'L', b'L'] => (2, true),
        [b'l', b'l', b'u' | b'U'] | [b'L', b'L', b'u' | b'U'] => (2, true),
        _ => return None,
    };
    (count > 0).then(|| (n, value::literal_kind(n, radix == 10, longs, is_unsigned)))
}

/// A decimal literal with a point or an exponent: its value and type.
pub fn float(text: &str) -> Option<(f64, FloatKind)> {
    let (number, kind) = match text.as_bytes().last()? {
        b'f' | b'F' => (&text[..text.len() - 1], FloatKind::Float),
        b'l' | b'L' => (&text[..text.len() - 1], FloatKind::LongDouble),
        _ => (text, FloatKind::Double),
    };
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let is_float = number.contains(['.', 'e', 'E']) && !whole.is_empty() && !exponent.is_empty();
    if !is_float || !all_digits(whole) || !all_digits(fraction) || !all_digits(exponent) {
        return None;
    }
    let x: f64 = number.parse().ok()?;
    Some((value::rounded(x, kind), kind))
}

/// The value of a character constant without a prefix, which is an `int`.
pub fn narrow_character(text: &str) -> Option<i32> {
    let values = unescape(text.strip_prefix('\'')?.strip_suffix('\'')?, true)?;
    match values[..] {
        [] => None,
        [one] => Some((one as u8 as std::ffi::c_char).into()),
        // As GCC packs them.
        _ => Some(values.iter().fold(0i32, |n, &v| (n << 8) | v as i32)),
    }
}

/// A character constant as the number it is.
pub fn character(text: &str) -> Option<String> {
    let quote = text.find('\'')?;
    let (prefix, body) = (&text[..quote], text[quote + 1..].strip_suffix('\'')?);
    if prefix.is_empty() {
        return narrow_character(text).map(|n| n.to_string());
    }
    let first = *unescape(body, false)?.first()?;
    Some(match prefix {
        // `char32_t`, and `wchar_t` on some targets, have no sign; `char16_t` has no literals, and becomes an `int` in an expression.
        "U" => format!("{first}u"),
        "L" if !target::int_is_signed(target::WCHAR) => format!("{first}u"),
        _ => first.to_string(),
    })
}

/// A string literal with C's own escapes only, which are what lang-c knows: not GNU's `\e`, no universal names, none that
/// stands for itself. None where GCC finds no character in it.
pub fn known_escapes(text: &str) -> Option<Cow<'_, str>> {
    if !text.contains('\\') {
        return Some(Cow::Borrowed(text));
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        let mut chars = rest[at + 1..].chars();
        let escaped = chars.next()?;
        match escaped {
            'e' | 'E' => out.push_str("\\033"),
            'u' | 'U' => {
                let digits = if escaped == 'u' { 4 } else { 8 };
                let number =
                    chars.as_str().get(..digits).filter(|n| n.bytes().all(|b| b.is_ascii_hexdigit()))?;
                let c = char::from_u32(u32::from_str_radix(number, 16).ok()?)?;
                if matches!(c, '"' | '\\') || c.is_control() {
                    return None;
                }
                out.push(c);
                chars = chars.as_str()[digits..].chars();
            }
            'x' if !chars.as_str().starts_with(|c: char| c.is_ascii_hexdigit()) => return None,
            '\'' | '"' | '?' | '\\' | 'a' | 'b' | 'f' | 'n' | 'r' | 't' | 'v' | 'x' | '0'..='7' => {
                out.push('\\');
                out.push(escaped);
            }
            other => out.push(other),
        }
        rest = chars.as_str();
    }
    out.push_str(rest);
    Some(Cow::Owned(out))
}

/// The characters of a literal's body; bytes if `narrow`.
fn unescape(body: &str, narrow: bool) -> Option<Vec<u32>> {
    let mut out = Vec::new();
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '\\' {
            if narrow {
                let mut buffer = [0; 4];
                out.extend(c.encode_utf8(&mut buffer).bytes().map(u32::from));
            } else {
                out.push(c as u32);
            }
            continue;
        }
        let escaped = chars.next()?;
        let value = match escaped {
            'n' => 10,
            't' => 9,
            'r' => 13,
            'a' => 7,
            'b' => 8,
            'f' => 12,
            'v' => 11,
            'e' | 'E' => 27,
            '0'..='7' => {
                let mut n = escaped.to_digit(8)?;
                for _ in 0..2 {
                    match chars.peek().and_then(|c| c.to_digit(8)) {
                        Some(d) => n = n * 8 + d,
                        None => break,
                    }
                    chars.next();
                }
                n
            }
            'x' => {
                let mut n = 0u32;
                while let Some(d) = chars.peek().and_then(|c| c.to_digit(16)) {
                    n = n.wrapping_mul(16).wrapping_add(d);
                    chars.next();
                }
                n
            }
            'u' | 'U' => {
                let digits = if escaped == 'u' { 4 } else { 8 };
                let mut n = 0u32;
                for _ in 0..digits {
                    n = n * 16 + chars.next()?.to_digit(16)?;
                }
                if narrow {
                    let mut buffer = [0; 4];
                    out.extend(char::from_u32(n)?.encode_utf8(&mut buffer).bytes().map(u32::from));
                    continue;
                }
                n
            }
            other => other as u32,
        };
        out.push(value);
    }
    Some(out)
}

/// A part of a string literal: prefix and body.
fn part(text: &str) -> Option<(&str, &str)> {
    let (prefix, rest) = text.split_at(text.find('"')?);
    Some((prefix, rest.strip_prefix('"')?.strip_suffix('"')?))
}

/// What a string literal is an array of, and of how many without the zero at its end.
pub fn units(literal: &[String]) -> Option<(IntKind, u64)> {
    let mut prefixes = literal.iter().filter_map(|text| part(text)).map(|(prefix, _)| prefix);
    let wide = prefixes.find(|prefix| !matches!(*prefix, "" | "u8"));
    let kind = match wide {
        None => return Some((IntKind::Char, bytes(literal.iter().map(String::as_str))?.len() as u64)),
        Some("u") => IntKind::UShort,
        Some("U") => IntKind::UInt,
        Some(_) => target::WCHAR,
    };
    let mut n = 0;
    for text in literal {
        let values = unescape(part(text)?.1, false)?;
        // UTF-16 has two units for what lies beyond its first plane.
        let pairs = values.iter().filter(|&&c| c > 0xffff && target::int_size(kind) == 2).count();
        n += (values.len() + pairs) as u64;
    }
    Some((kind, n))
}

/// The bytes of a string literal's joined parts; none if one is wide.
pub fn bytes<'t>(parts: impl IntoIterator<Item = &'t str>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    for text in parts {
        let (prefix, body) = part(text)?;
        if !matches!(prefix, "" | "u8") {
            return None;
        }
        out.extend(unescape(body, true)?.into_iter().map(|c| c as u8));
    }
    Some(out)
}
