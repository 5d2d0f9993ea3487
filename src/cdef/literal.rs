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

/// Is it a number as C writes them, suffixes of all sorts included?
pub fn is_number(text: &str) -> bool {
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
    let suffix = rest.to_ascii_lowercase();
    let known = matches!(
        suffix.trim_end_matches(['i', 'j']),
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
    );
    (!whole.is_empty() || !fraction.is_empty()) && !power.is_empty() && !is_octal && known
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
