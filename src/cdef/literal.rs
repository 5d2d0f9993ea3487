//! Identifiers and literals: what lang-c cannot read of them, put in words that it can; what escapes stand for.
//!
//! Called by `dialect` on the way to lang-c, by `declare` and `constexpr` on the way back, by `define`.

use std::borrow::Cow;

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

/// A character constant as the number it is.
pub fn character(text: &str) -> Option<String> {
    let quote = text.find('\'')?;
    let (prefix, body) = (&text[..quote], text[quote + 1..].strip_suffix('\'')?);
    let values = unescape(body, prefix.is_empty())?;
    let first = *values.first()?;
    Some(match prefix {
        "" if values.len() == 1 => i64::from(first as u8 as std::ffi::c_char).to_string(),
        // Several characters: as GCC packs them.
        "" => values.iter().fold(0i32, |n, &v| (n << 8) | v as i32).to_string(),
        _ => first.to_string(),
    })
}

/// The characters of a literal's body; bytes if `narrow`.
pub fn unescape(body: &str, narrow: bool) -> Option<Vec<u32>> {
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
