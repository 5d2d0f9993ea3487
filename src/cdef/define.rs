//! `#define NAME constant`: object-like macros whose expansion is a constant expression become constants.
//!
//! Other macros are passed over. Most bodies are integer arithmetic, which is evaluated here; casts, `sizeof`, floats
//! go the long way through lang-c.

use foldhash::HashMap;

use lang_c::ast;

use super::constexpr::{literal_kind, rank, unsigned};
use super::literal::{bytes, character};
use super::macros::{Expansion, Macros, Word};
use super::token::Kind;
use crate::ctype::{CType, CTypeId, CTypeTable, Constant, IntKind, Name, Tag};
use crate::target;

/// Tokens that one macro may expand to.
const WORDS_MAX: usize = 4096;
/// Tokens that the macros of one text may expand to, for each of them, on average.
const WORDS_EACH: usize = 64;
/// Brackets and operators within each other.
const DEPTH_MAX: usize = 64;

/// Enters every macro that is a constant into the table, unless its name is something else already.
pub fn land(table: &mut CTypeTable, macros: &Macros<'_>) {
    let mut values = HashMap::default();
    let mut total = WORDS_MAX + WORDS_EACH * macros.order.len();
    for &name in &macros.order {
        let Some(it) = macros.known.get(name).filter(|m| !m.is_function_like() && !m.body.is_empty()) else {
            continue;
        };
        if !matches!(table.name(name), None | Some(Name::Constant(_))) {
            continue;
        }
        let mut budget = WORDS_MAX.min(total);
        let before = budget;
        let found = evaluate(table, macros, name, &mut budget, &values);
        total -= before - budget;
        let Some((value, alone)) = found else { continue };
        // Later macros take the value where the text's meaning cannot depend on its neighbours.
        if let Constant::Int(n, ty) = value
            && alone
            && let Some(text) = literal(table, n, ty)
        {
            values.insert(name, text.into_boxed_str());
        }
        // An enum constant that a macro of its own name repeats stays the enum's.
        if !matches!((&value, table.name(name)), (Constant::Int(n, _), Some(Name::Constant(Constant::Int(old, _)))) if n == old && it.body == name)
        {
            table.set_constant(name.into(), value);
        }
    }
}

/// The constant that a macro is, if it is one.
pub fn value(table: &mut CTypeTable, macros: &Macros<'_>, name: &str) -> Option<Constant> {
    evaluate(table, macros, name, &mut { WORDS_MAX }, &HashMap::default()).map(|(value, _)| value)
}

/// The value, and whether it means the same whatever stands around the macro's name.
fn evaluate(
    table: &mut CTypeTable,
    macros: &Macros<'_>,
    name: &str,
    budget: &mut usize,
    values: &HashMap<&str, Box<str>>,
) -> Option<(Constant, bool)> {
    let words = Expansion::new(macros, budget, values).of(name)?;
    let first = words.first()?;
    if first.kind == Kind::Str {
        return string(&words).map(|bytes| (Constant::Str(bytes.into()), false));
    }
    let mut reader = Reader { table, words: &words, at: 0, depth: 0 };
    let value = match reader.whole() {
        Ok(Value(n, kind)) => Constant::Int(n, table.int(kind)),
        Err(Refusal::NotConstant) => return None,
        Err(Refusal::NotSimple) => general(table, &words)?,
    };
    Some((value, stands_alone(&words)))
}

/// Is it one token, or all of it in one pair of brackets?
fn stands_alone(words: &[Word<'_>]) -> bool {
    let mut depth = 0usize;
    let mut closes_early = |word: &Word<'_>| {
        match &*word.text {
            "(" => depth += 1,
            ")" => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth == 0
    };
    words.len() == 1 || !words[..words.len() - 1].iter().any(&mut closes_early)
}

/// Joined string literals.
fn string(words: &[Word<'_>]) -> Option<Vec<u8>> {
    let are_strings = words.iter().all(|word| word.kind == Kind::Str);
    if are_strings { bytes(words.iter().map(|word| &*word.text)) } else { None }
}

/// The long way.
fn general(table: &mut CTypeTable, words: &[Word<'_>]) -> Option<Constant> {
    let mut text = String::new();
    for word in words {
        match word.kind {
            // Not one that `#` left without an end.
            Kind::Str if word.text == "\"" => return None,
            Kind::Char => text.push_str(&character(&word.text)?),
            _ if matches!(&*word.text, "{" | "}" | ";") => return None,
            _ => text.push_str(&word.text),
        }
        text.push(' ');
    }
    super::constant_expression(table, text.as_bytes(), &[]).ok()
}

/// An integer constant as C text of its type; none where C cannot write one.
fn literal(table: &CTypeTable, n: i128, ty: crate::ctype::CTypeId) -> Option<String> {
    let suffix = match table.integer_kind(ty)? {
        IntKind::Int => "",
        IntKind::UInt => "U",
        IntKind::Long => "L",
        IntKind::ULong => "UL",
        IntKind::LongLong => "LL",
        IntKind::ULongLong => "ULL",
        _ => return None,
    };
    (n >= 0).then(|| format!("{n}{suffix}"))
}

/// An integer and its type.
#[derive(Clone, Copy)]
struct Value(i128, IntKind);

/// Why the short way ends.
enum Refusal {
    /// C has no constant here.
    NotConstant,
    /// There may be one, but it takes types or floats.
    NotSimple,
}

type Result<T> = std::result::Result<T, Refusal>;

/// Reads integer arithmetic off the tokens, operators by their precedence.
struct Reader<'a> {
    table: &'a CTypeTable,
    words: &'a [Word<'a>],
    at: usize,
    depth: usize,
}

impl Reader<'_> {
    fn whole(&mut self) -> Result<Value> {
        let value = self.conditional()?;
        match self.punct() {
            // A list, which C takes for no constant.
            "," => Err(Refusal::NotConstant),
            _ if self.at == self.words.len() => Ok(value),
            _ => Err(Refusal::NotSimple),
        }
    }

    fn punct(&self) -> &str {
        match self.words.get(self.at) {
            Some(word) if word.kind == Kind::Punct => &word.text,
            _ => "",
        }
    }

    fn conditional(&mut self) -> Result<Value> {
        let test = self.binary(1)?;
        if self.punct() != "?" {
            return Ok(test);
        }
        self.at += 1;
        let yes = self.conditional()?;
        if self.punct() != ":" {
            return Err(Refusal::NotConstant);
        }
        self.at += 1;
        let no = self.conditional()?;
        let kind = common(yes.1, no.1);
        Ok(Value(wrap(if test.0 != 0 { yes.0 } else { no.0 }, kind), kind))
    }

    fn binary(&mut self, lowest: u8) -> Result<Value> {
        let mut left = self.unary()?;
        loop {
            let operator = self.punct().to_owned();
            let Some(strength) = strength(&operator).filter(|&s| s >= lowest) else { return Ok(left) };
            self.at += 1;
            let right = self.binary(strength + 1)?;
            left = apply(&operator, left, right)?;
        }
    }

    /// Moves behind a type and the `)` that follows it, where the type is a typedef's name, a struct or union, or one of
    /// the usual integers; else stays.
    fn type_then_bracket(&mut self) -> Option<CTypeId> {
        let end = self.words[self.at..].iter().take(4).position(|w| w.kind != Kind::Ident)?;
        let words = &self.words[self.at..self.at + end];
        if !self.words.get(self.at + end).is_some_and(|w| w.kind == Kind::Punct && w.text == ")") {
            return None;
        }
        let int = |kind| self.table.id_of(CType::Int(kind));
        let mut texts = [""; 3];
        for (text, word) in texts.iter_mut().zip(words) {
            *text = &word.text;
        }
        let ty = match texts {
            ["int" | "signed", "", ""] => int(IntKind::Int),
            ["unsigned", "", ""] | ["unsigned", "int", ""] => int(IntKind::UInt),
            ["long", "", ""] => int(IntKind::Long),
            ["unsigned", "long", ""] => int(IntKind::ULong),
            ["char", "", ""] => int(IntKind::Char),
            ["unsigned", "char", ""] => int(IntKind::UChar),
            ["short", "", ""] => int(IntKind::Short),
            ["unsigned", "short", ""] => int(IntKind::UShort),
            ["struct" | "union", tag, ""] => match self.table.tag(tag)? {
                Tag::Record(id) => Some(self.table.record_type(id)),
                Tag::Enum(_) => None,
            },
            [name, "", ""] => match self.table.name(name)? {
                Name::Typedef(ty) => Some(ty.id),
                _ => None,
            },
            _ => None,
        }?;
        self.at += end + 1;
        Some(ty)
    }

    fn unary(&mut self) -> Result<Value> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(Refusal::NotConstant);
        }
        let value = self.operand();
        self.depth -= 1;
        value
    }

    fn operand(&mut self) -> Result<Value> {
        let word = self.words.get(self.at).ok_or(Refusal::NotConstant)?;
        self.at += 1;
        match word.kind {
            Kind::Number => number(&word.text).ok_or(Refusal::NotSimple),
            Kind::Char if word.text.starts_with('\'') => {
                let text = character(&word.text).ok_or(Refusal::NotConstant)?;
                let n = text.trim_matches(['(', ')']).trim().parse().map_err(|_| Refusal::NotSimple)?;
                Ok(Value(n, IntKind::Int))
            }
            Kind::Ident if word.text == "sizeof" && self.punct() == "(" => {
                self.at += 1;
                let ty = self.type_then_bracket().ok_or(Refusal::NotSimple)?;
                let size = self.table.size(ty).ok_or(Refusal::NotSimple)?;
                Ok(Value(size.into(), target::UINTPTR))
            }
            Kind::Ident => match self.table.name(&word.text) {
                Some(Name::Constant(Constant::Int(n, ty))) => {
                    Ok(Value(*n, self.table.integer_kind(*ty).ok_or(Refusal::NotSimple)?))
                }
                Some(Name::Constant(_) | Name::Typedef(_)) => Err(Refusal::NotSimple),
                Some(_) => Err(Refusal::NotConstant),
                // A type, or a part of one: no expression starts so.
                None if self.at == 1 && super::is_keyword(&word.text) && word.text != "sizeof" => {
                    Err(Refusal::NotConstant)
                }
                None if word.text.starts_with('_')
                    || word.text == "nullptr"
                    || super::is_keyword(&word.text) =>
                {
                    Err(Refusal::NotSimple)
                }
                None => Err(Refusal::NotConstant),
            },
            Kind::Punct => match &*word.text {
                "(" => {
                    if let Some(ty) = self.type_then_bracket() {
                        let kind = self.table.integer_kind(ty).ok_or(Refusal::NotSimple)?;
                        let Value(n, _) = self.unary()?;
                        return Ok(Value(wrap(n, kind), kind));
                    }
                    let value = self.conditional()?;
                    if self.punct() != ")" {
                        return Err(Refusal::NotSimple);
                    }
                    self.at += 1;
                    Ok(value)
                }
                operator @ ("-" | "+" | "~" | "!") => {
                    let Value(n, kind) = self.unary()?;
                    let kind = promoted(kind);
                    Ok(match operator {
                        "-" => Value(wrap(n.wrapping_neg(), kind), kind),
                        "~" => Value(wrap(!n, kind), kind),
                        "!" => Value((n == 0).into(), IntKind::Int),
                        _ => Value(n, kind),
                    })
                }
                // The address in an old `offsetof`.
                "&" => Err(Refusal::NotSimple),
                _ => Err(Refusal::NotConstant),
            },
            _ => Err(Refusal::NotSimple),
        }
    }
}

/// How strongly an operator binds.
fn strength(operator: &str) -> Option<u8> {
    Some(match operator {
        "||" => 1,
        "&&" => 2,
        "|" => 3,
        "^" => 4,
        "&" => 5,
        "==" | "!=" => 6,
        "<" | ">" | "<=" | ">=" => 7,
        "<<" | ">>" => 8,
        "+" | "-" => 9,
        "*" | "/" | "%" => 10,
        _ => return None,
    })
}

fn apply(operator: &str, left: Value, right: Value) -> Result<Value> {
    let Value(a, a_kind) = left;
    let Value(b, b_kind) = right;
    let truth = |holds: bool| Ok(Value(holds.into(), IntKind::Int));
    match operator {
        "||" => return truth(a != 0 || b != 0),
        "&&" => return truth(a != 0 && b != 0),
        "<<" | ">>" => {
            let kind = promoted(a_kind);
            let bits = target::int_size(kind) * 8;
            let count = u32::try_from(b).ok().filter(|&n| u64::from(n) < bits);
            let count = count.ok_or(Refusal::NotConstant)?;
            return Ok(Value(wrap(if operator == "<<" { a << count } else { a >> count }, kind), kind));
        }
        _ => {}
    }
    let kind = common(a_kind, b_kind);
    let (a, b) = (wrap(a, kind), wrap(b, kind));
    let n = match operator {
        "*" => a.wrapping_mul(b),
        "/" => a.checked_div(b).ok_or(Refusal::NotSimple)?,
        "%" => a.checked_rem(b).ok_or(Refusal::NotSimple)?,
        "+" => a.wrapping_add(b),
        "-" => a.wrapping_sub(b),
        "&" => a & b,
        "^" => a ^ b,
        "|" => a | b,
        "==" => return truth(a == b),
        "!=" => return truth(a != b),
        "<" => return truth(a < b),
        ">" => return truth(a > b),
        "<=" => return truth(a <= b),
        ">=" => return truth(a >= b),
        _ => return Err(Refusal::NotSimple),
    };
    Ok(Value(wrap(n, kind), kind))
}

/// An integer literal; none for a float.
fn number(text: &str) -> Option<Value> {
    let lower = text.to_ascii_lowercase();
    let (radix, rest) = if let Some(hex) = lower.strip_prefix("0x") {
        (16, hex)
    } else if let Some(binary) = lower.strip_prefix("0b") {
        (2, binary)
    } else if lower.len() > 1 && lower.starts_with('0') {
        (8, &lower[..])
    } else {
        (10, &lower[..])
    };
    let end = rest.find(|c: char| !c.is_digit(radix)).unwrap_or(rest.len());
    let (digits, suffix) = rest.split_at(end);
    let n = u128::from_str_radix(digits, radix).ok().filter(|&n| n <= u64::MAX.into())?;
    let (size, is_unsigned) = match suffix {
        "" => (ast::IntegerSize::Int, false),
        "u" => (ast::IntegerSize::Int, true),
        "l" => (ast::IntegerSize::Long, false),
        "ul" | "lu" => (ast::IntegerSize::Long, true),
        "ll" => (ast::IntegerSize::LongLong, false),
        "ull" | "llu" => (ast::IntegerSize::LongLong, true),
        _ => return None,
    };
    let suffix = ast::IntegerSuffix { size, unsigned: is_unsigned, imaginary: false };
    Some(Value(n as i128, literal_kind(n, radix == 10, &suffix)?))
}

/// C's integer promotion.
fn promoted(kind: IntKind) -> IntKind {
    if target::int_size(kind) >= 4 { kind } else { IntKind::Int }
}

/// The type that two integers have in common (C11 6.3.1.8).
fn common(a: IntKind, b: IntKind) -> IntKind {
    let (a, b) = (promoted(a), promoted(b));
    let (high, low) = if rank(a) >= rank(b) { (a, b) } else { (b, a) };
    let (high_signed, low_signed) = (target::int_is_signed(high), target::int_is_signed(low));
    if high_signed == low_signed || !high_signed || target::int_size(high) > target::int_size(low) {
        high
    } else {
        unsigned(high)
    }
}

/// `n` as the type holds it.
fn wrap(n: i128, kind: IntKind) -> i128 {
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
