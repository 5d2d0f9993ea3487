//! `#define NAME constant`: object-like macros whose expansion is a constant expression become constants. Those that are the name of a
//! function or variable become other names for it.
//!
//! Other macros are passed over.

use std::rc::Rc;

use foldhash::HashMap;

use super::literal::{bytes, character};
use super::macros::{Expansion, Macros, Word};
use super::settle;
use super::token::{Kind, Token, Tokens};
use super::usual::{self, Context, Refusal, Room};
use crate::ctype::{CTypeId, CTypeTable, Constant, IntKind, Name, Named};

/// Tokens that one macro may expand to.
const WORDS_MAX: usize = 4096;
/// Tokens that the macros of one text may expand to, for each of them, on average.
const WORDS_EACH: usize = 64;

/// Enters every macro that is a constant into the table, or the name of a function or variable, unless its name is something else already.
#[inline(never)]
pub fn land(table: &mut CTypeTable, macros: &Macros<'_>) {
    if macros.order.is_empty() {
        return;
    }
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
        let words = Expansion::new(macros, &mut budget, &values).of(name);
        total -= before - budget;
        let Some(words) = words else { continue };
        if let [word] = &words[..]
            && word.kind == Kind::Ident
            && let Some(what) = renamed(table, &word.text)
        {
            // (A constant of the macro's name stays one.)
            let _ = table.enter_name(name, what);
            continue;
        }
        let Some((value, alone)) = evaluate(table, &words) else { continue };
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
            table.set_constant(name, value);
        }
    }
}

/// The constant that a macro is, if it is one.
pub fn value(table: &mut CTypeTable, macros: &Macros<'_>, name: &str) -> Option<Constant> {
    let words = Expansion::new(macros, &mut { WORDS_MAX }, &HashMap::default()).of(name)?;
    evaluate(table, &words).map(|(value, _)| value)
}

/// What another name for a function or variable means: the same, by its symbol.
fn renamed(table: &CTypeTable, name: &str) -> Option<Name> {
    let symbol_of = |symbol: &Option<Rc<str>>| Some(symbol.clone().unwrap_or_else(|| name.into()));
    match table.name(name)? {
        Name::Function { ty, symbol } => Some(Name::Function { ty: *ty, symbol: symbol_of(symbol) }),
        Name::Variable { ty, symbol } => Some(Name::Variable { ty: *ty, symbol: symbol_of(symbol) }),
        Name::Typedef(_) | Name::Constant(_) => None,
    }
}

/// The value of what a macro stands for, and whether it means the same whatever stands around the macro's name.
fn evaluate(table: &mut CTypeTable, words: &[Word<'_>]) -> Option<(Constant, bool)> {
    let first = words.first()?;
    if first.kind == Kind::Str {
        return string(words).map(|bytes| (Constant::Str(bytes.into()), false));
    }
    let list = words.iter().map(|word| Token { kind: word.kind, text: &word.text, line: 1, file: 0 });
    let context = Context { params: &[], macros: None, pack: None };
    let point = table.begin();
    let read = usual::expression(
        table,
        &mut Tokens::of(list.collect()),
        context,
        &mut Room::default(),
        &Named::default(),
    );
    let value = match settle(table, point, read.map(|done| done.it)) {
        Ok(value) => value,
        Err(Refusal::NotConstant) => return None,
        Err(Refusal::Unusual) => general(table, words)?,
    };
    Some((value, stands_alone(words)))
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
fn literal(table: &CTypeTable, n: i128, ty: CTypeId) -> Option<String> {
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
