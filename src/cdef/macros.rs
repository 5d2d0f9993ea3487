//! Macro expansion: the tokens that a macro's body stands for, as C's preprocessor would give them.
//!
//! Object-like and function-like macros, `#`, `##`, a macro hidden in its own expansion. No `#if`, no `#include`: whole
//! preprocessing belongs to the C compiler. Knows no types; called by `define`, which evaluates what comes out.

use foldhash::HashMap;
use std::borrow::Cow;

use super::token::{self, Kind};

/// A macro, as its text says.
#[derive(Clone, Copy)]
pub struct Macro<'t> {
    /// What it stands for.
    pub body: &'t str,
    /// The parameters of a function-like one, commas between them.
    params: Option<&'t str>,
}

impl<'t> Macro<'t> {
    /// Reads what stands behind the `#define`: the name and the macro.
    fn parse(rest: &'t str) -> Option<(&'t str, Macro<'t>)> {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
        let (name, body) = rest.split_at(end);
        if name.is_empty() {
            return None;
        }
        // Function-like ones have their bracket right behind the name.
        let Some(inner) = body.strip_prefix('(') else {
            return Some((name, Macro { body: body.trim(), params: None }));
        };
        let (params, body) = inner.split_once(')')?;
        Some((name, Macro { body: body.trim(), params: Some(params) }))
    }

    /// Does it take arguments?
    pub fn is_function_like(&self) -> bool {
        self.params.is_some()
    }

    fn params(&self) -> Vec<&'t str> {
        self.params.unwrap_or_default().split(',').map(str::trim).filter(|p| !p.is_empty()).collect()
    }
}

/// Macros by name, and the order of their names' first definition. They lie in the text that defines them.
#[derive(Default)]
pub struct Macros<'t> {
    /// Those defined now.
    pub known: HashMap<&'t str, Macro<'t>>,
    /// Names in order; some may be undefined by now.
    pub order: Vec<&'t str>,
}

impl<'t> Macros<'t> {
    /// `#define`
    pub fn define(&mut self, rest: &'t str) {
        let Some((name, it)) = Macro::parse(rest) else { return };
        if self.known.insert(name, it).is_none() {
            self.order.push(name);
        }
    }

    /// `#undef`
    pub fn undefine(&mut self, name: &str) {
        self.known.remove(name);
    }
}

/// A token of an expansion.
#[derive(Clone, Debug)]
pub struct Word<'m> {
    /// What sort.
    pub kind: Kind,
    /// Its text.
    pub text: Cow<'m, str>,
}

impl Word<'_> {
    fn is(&self, text: &str) -> bool {
        self.kind == Kind::Punct && self.text == text
    }
}

/// Macros within macros; what is deeper is passed over.
const DEPTH_MAX: usize = 64;

/// One expansion under way.
pub struct Expansion<'m, 'b> {
    macros: &'m Macros<'m>,
    /// Names that do not expand here, since we are inside them.
    hidden: Vec<&'m str>,
    /// Tokens that may still be looked at: bounds time and memory whatever the macros are.
    budget: &'b mut usize,
    /// Texts that stand for a macro's known value.
    values: &'b HashMap<&'m str, Box<str>>,
}

impl<'m, 'b> Expansion<'m, 'b> {
    /// An expansion that looks at no more than `budget` tokens and takes `values` where it meets their names.
    pub fn new(
        macros: &'m Macros<'m>,
        budget: &'b mut usize,
        values: &'b HashMap<&'m str, Box<str>>,
    ) -> Expansion<'m, 'b> {
        Expansion { macros, hidden: Vec::new(), budget, values }
    }

    /// All that the object-like macro `name` stands for; none where it is none, or too much.
    pub fn of(&mut self, name: &str) -> Option<Vec<Word<'m>>> {
        let (&name, it) = self.macros.known.get_key_value(name)?;
        if it.is_function_like() {
            return None;
        }
        let mut out = Vec::new();
        self.hidden.push(name);
        let body = paste(words(it.body)?)?;
        self.expand(&body, &mut out)?;
        self.hidden.pop();
        Some(without_pragmas(out))
    }

    fn spend(&mut self, n: usize) -> Option<()> {
        *self.budget = self.budget.checked_sub(n)?;
        Some(())
    }

    fn expand(&mut self, input: &[Word<'m>], out: &mut Vec<Word<'m>>) -> Option<()> {
        if self.hidden.len() > DEPTH_MAX {
            return None;
        }
        self.spend(input.len())?;
        let mut at = 0;
        while let Some(word) = input.get(at) {
            at += 1;
            let known = (word.kind == Kind::Ident).then(|| self.macros.known.get_key_value(&*word.text));
            let Some((&name, it)) = known.flatten().filter(|(name, _)| !self.hidden.contains(name)) else {
                out.push(word.clone());
                continue;
            };
            match it.is_function_like() {
                false => {
                    if let Some(value) = self.values.get(name) {
                        out.push(Word { kind: Kind::Number, text: Cow::Owned(String::from(&**value)) });
                        continue;
                    }
                    let body = paste(words(it.body)?)?;
                    self.hidden.push(name);
                    self.expand(&body, out)?;
                    self.hidden.pop();
                    // `#define NAME OTHER_NAME` in front of arguments.
                    let calls = input.get(at).is_some_and(|w| w.is("("))
                        && out.last().is_some_and(|w| self.is_function_like(w));
                    if calls && let Some(last) = out.pop() {
                        let (&name, it) = self.macros.known.get_key_value(&*last.text)?;
                        self.call(name, it, input, &mut at, out)?;
                    }
                }
                true if input.get(at).is_some_and(|w| w.is("(")) => {
                    self.call(name, it, input, &mut at, out)?;
                }
                true => out.push(word.clone()),
            }
        }
        Some(())
    }

    fn is_function_like(&self, word: &Word<'_>) -> bool {
        word.kind == Kind::Ident
            && !self.hidden.contains(&&*word.text)
            && self.macros.known.get(&*word.text).is_some_and(Macro::is_function_like)
    }

    /// Expands a call whose `(` is at `at`, and moves behind its `)`.
    fn call(
        &mut self,
        name: &'m str,
        it: &Macro<'m>,
        input: &[Word<'m>],
        at: &mut usize,
        out: &mut Vec<Word<'m>>,
    ) -> Option<()> {
        let arguments = arguments(input, at)?;
        let params = it.params();
        let fits = arguments.len() == params.len()
            || (params.is_empty() && arguments.len() == 1 && arguments[0].is_empty());
        if !fits || params.iter().any(|p| p.contains("...")) {
            return None;
        }
        let body = words(it.body)?;
        let mut substituted: Vec<Word<'m>> = Vec::with_capacity(body.len());
        let mut quotes = false;
        for (i, word) in body.iter().enumerate() {
            if word.is("#") {
                quotes = true;
                continue;
            }
            let param =
                (word.kind == Kind::Ident).then(|| params.iter().position(|p| *p == word.text)).flatten();
            let Some(n) = param else {
                substituted.push(word.clone());
                continue;
            };
            if std::mem::take(&mut quotes) {
                substituted.push(quoted(arguments[n]));
                continue;
            }
            let pasted = body.get(i + 1).is_some_and(|w| w.is("##"))
                || i.checked_sub(1).is_some_and(|p| body[p].is("##"));
            if pasted {
                self.spend(arguments[n].len())?;
                substituted.extend(arguments[n].iter().cloned());
            } else {
                // An argument is expanded where the call stands: names that are hidden there stay so.
                self.expand(arguments[n], &mut substituted)?;
            }
        }
        let pasted = paste(substituted)?;
        self.hidden.push(name);
        self.expand(&pasted, out)?;
        self.hidden.pop();
        Some(())
    }
}

/// An argument as a string. The blanks between tokens are forgotten by now, so one of several tokens becomes a string
/// without an end, which no constant can use (but which may stand in a `_Pragma`).
fn quoted<'m>(argument: &[Word<'m>]) -> Word<'m> {
    let text = match argument {
        [] => "\"\"".to_owned(),
        [one] if !matches!(one.kind, Kind::Str | Kind::Char) => format!("\"{}\"", one.text),
        _ => "\"".to_owned(),
    };
    Word { kind: Kind::Str, text: Cow::Owned(text) }
}

/// The arguments of a call: `at` is the place of its `(` and ends behind its `)`.
fn arguments<'i, 'm>(input: &'i [Word<'m>], at: &mut usize) -> Option<Vec<&'i [Word<'m>]>> {
    let mut depth = 0usize;
    let mut start = *at + 1;
    let mut found = Vec::new();
    while let Some(word) = input.get(*at) {
        *at += 1;
        if word.is("(") {
            depth += 1;
        } else if word.is(")") {
            depth -= 1;
            if depth == 0 {
                found.push(&input[start..*at - 1]);
                return Some(found);
            }
        } else if word.is(",") && depth == 1 {
            found.push(&input[start..*at - 1]);
            start = *at;
        }
    }
    None
}

/// The tokens of a body.
fn words(body: &str) -> Option<Vec<Word<'_>>> {
    // A `#` at the start is the operator here, not a directive's.
    let (hash, rest) = match body.strip_prefix('#') {
        Some(rest) => (true, rest),
        None => (false, body),
    };
    let tokens = token::all(rest)?;
    let mut out = Vec::with_capacity(tokens.len());
    if hash {
        out.push(Word { kind: Kind::Punct, text: Cow::Borrowed("#") });
    }
    for token in &tokens {
        match token.kind {
            Kind::Directive => return None,
            Kind::Punct if token.text == "#" && out.last().is_some_and(|w: &Word<'_>| w.is("#")) => {
                out.pop();
                out.push(Word { kind: Kind::Punct, text: Cow::Borrowed("##") });
            }
            kind => out.push(Word { kind, text: Cow::Borrowed(token.text) }),
        }
    }
    Some(out)
}

/// Joins what stands around each `##`.
fn paste(input: Vec<Word<'_>>) -> Option<Vec<Word<'_>>> {
    if !input.iter().any(|w| w.is("##")) {
        return Some(input);
    }
    let mut out: Vec<Word<'_>> = Vec::with_capacity(input.len());
    let mut input = input.into_iter();
    while let Some(word) = input.next() {
        if !word.is("##") {
            out.push(word);
            continue;
        }
        let left = out.pop()?;
        let joined = format!("{}{}", left.text, input.next()?.text);
        let kind = {
            let tokens = token::all(&joined)?;
            let [one] = &tokens[..] else { return None };
            one.kind
        };
        out.push(Word { kind, text: Cow::Owned(joined) });
    }
    Some(out)
}

/// Takes `_Pragma("...")` out, which may stand in front of a value.
fn without_pragmas(mut words: Vec<Word<'_>>) -> Vec<Word<'_>> {
    while let Some(at) = words.iter().position(|w| w.text == "_Pragma") {
        let end = words[at..].iter().position(|w| w.is(")")).map_or(words.len(), |n| at + n + 1);
        words.drain(at..end);
    }
    words
}
