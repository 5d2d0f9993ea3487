//! Where a text stops being C: the first token that cannot stand where it does, and what LuaJIT says of it.
//!
//! lang-c tells the furthest place that any of its rules came to, which lies far behind a `;` that was forgotten. So the tokens of what it
//! refused are read once more, as LuaJIT reads them, for nothing but the place. Called by `tree`; knows the ctype table for the names that
//! are typedefs. What it does not know (it may be C all the same) it leaves to the caller.

use super::dialect::{Word, word};
use super::token::{Kind, Token};
use super::tree::{is_keyword, is_statement};
use super::usual::is_specifier;
use crate::ctype::{CTypeTable, Name};

/// What a text should be.
#[derive(Clone, Copy, PartialEq)]
pub enum Sort {
    /// A declaration, at file scope.
    Declaration,
    /// A type, and nothing behind it.
    Type,
    /// An expression, and nothing behind it.
    Expression,
}

/// Brackets and operators within each other; what is deeper is not looked at.
const DEPTH_MAX: u32 = 128;

/// Why the reader stops.
enum Stop {
    /// This token is wrong, in these words.
    Wrong(usize, &'static str),
    /// It is not known what follows.
    Lost,
}

type Read<T> = Result<T, Stop>;

/// The first token that is wrong, by its index, and what is said of it; none where all could be C. `tokens` are the user's, from the start of
/// what is read.
pub fn first_wrong<'a>(
    table: &CTypeTable,
    tokens: impl Iterator<Item = Token<'a>>,
    sort: Sort,
) -> Option<(usize, &'static str)> {
    let list = significant(tokens)?;
    let mut reader = Reader { table, list, at: 0, depth: 0, stray: None };
    let read = match sort {
        Sort::Declaration => reader.declaration(),
        Sort::Type => reader.type_name().and_then(|()| reader.end()),
        Sort::Expression => reader.expression().and_then(|()| reader.end()),
    };
    match read {
        Err(Stop::Wrong(index, message)) => Some((index, message)),
        _ => None,
    }
}

/// The tokens that grammar is about, with their indices: no directives, attributes and words that say nothing. None where there is something
/// that only `dialect` knows.
fn significant<'a>(tokens: impl Iterator<Item = Token<'a>>) -> Option<Vec<(usize, Token<'a>)>> {
    let mut list: Vec<(usize, Token<'a>)> = Vec::new();
    let mut tokens = tokens.enumerate().peekable();
    while let Some((index, token)) = tokens.next() {
        match token.kind {
            Kind::Directive => continue,
            Kind::Str if list.last().is_some_and(|(_, before)| before.text == "extern") => return None,
            Kind::Ident => match word(token.text) {
                Word::Drop => continue,
                Word::Attribute | Word::Declspec | Word::Alignas | Word::Asm | Word::Pragma => {
                    let mut depth = 0usize;
                    for (_, token) in tokens.by_ref() {
                        match token.text {
                            "(" => depth += 1,
                            ")" => depth = depth.checked_sub(1)?,
                            _ if depth == 0 && token.kind != Kind::Ident => return None,
                            _ => {}
                        }
                        if depth == 0 && token.text == ")" {
                            break;
                        }
                    }
                    continue;
                }
                Word::StaticAssert | Word::Refused(_) => return None,
                _ => {}
            },
            // An attribute of C23, perhaps.
            _ if token.text == "["
                && list.last().is_some_and(|(at, before)| at + 1 == index && before.text == "[")
                && tokens.peek().is_some_and(|(_, next)| next.kind == Kind::Ident) =>
            {
                return None;
            }
            _ => {}
        }
        list.push((index, token));
    }
    Some(list)
}

/// A type's word that only lang-c knows (`_Float16`, `_Decimal64`).
fn is_extension(text: &str) -> bool {
    text.starts_with("_Float") || text.starts_with("_Decimal")
}

/// May a declarator have a name, and may it have none?
#[derive(Clone, Copy)]
struct Naming {
    direct: bool,
    abstracted: bool,
}

const NAMED: Naming = Naming { direct: true, abstracted: false };
const EITHER: Naming = Naming { direct: true, abstracted: true };
const NAMELESS: Naming = Naming { direct: false, abstracted: true };

/// What a list of specifiers had.
#[derive(Default)]
struct Had {
    /// A struct, union or enum.
    tagged: bool,
    /// `static`
    is_static: bool,
}

struct Reader<'r, 't> {
    table: &'r CTypeTable,
    list: Vec<(usize, Token<'t>)>,
    at: usize,
    depth: u32,
    /// The first `;` in a record that nothing stands in front of.
    stray: Option<usize>,
}

impl<'t> Reader<'_, 't> {
    // -- tokens ------------------------------------------------------------------------------------------------------

    fn ahead(&self, n: usize) -> (Kind, &'t str) {
        self.list.get(self.at + n).map_or((Kind::Directive, ""), |(_, token)| (token.kind, token.text))
    }

    fn text(&self) -> &'t str {
        self.ahead(0).1
    }

    fn is(&self, text: &str) -> bool {
        self.text() == text
    }

    fn is_end(&self) -> bool {
        self.ahead(0).0 == Kind::Eof
    }

    fn eat(&mut self, text: &str) -> bool {
        let found = self.is(text);
        self.at += usize::from(found);
        found
    }

    /// The next token is wrong, unless there is none: then more would have to be known.
    fn wrong<T>(&self, message: &'static str) -> Read<T> {
        Err(self.list.get(self.at).map_or(Stop::Lost, |&(index, _)| Stop::Wrong(index, message)))
    }

    fn expect(&mut self, text: &str, message: &'static str) -> Read<()> {
        if self.eat(text) { Ok(()) } else { self.wrong(message) }
    }

    fn end(&self) -> Read<()> {
        if self.is_end() { Ok(()) } else { self.wrong("'<eof>' expected") }
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth == DEPTH_MAX {
            return Err(Stop::Lost);
        }
        self.depth += 1;
        let it = read(self);
        self.depth -= 1;
        it
    }

    /// Passes all between brackets, the first of which is next.
    fn pass_brackets(&mut self) -> Read<()> {
        let mut depth = 0usize;
        loop {
            match self.ahead(0) {
                (Kind::Directive, _) => return Err(Stop::Lost),
                (Kind::Eof, _) => return self.wrong("'}' expected"),
                (_, "(" | "[" | "{") => depth += 1,
                (_, ")" | "]" | "}") => depth = depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(());
            }
        }
    }

    /// Is a token a name, so many tokens ahead?
    fn is_name(&self, n: usize) -> bool {
        let (kind, text) = self.ahead(n);
        kind == Kind::Ident && !is_keyword(text) && !is_statement(text) && !is_specifier(text)
    }

    fn is_typedef(&self, n: usize) -> bool {
        self.is_name(n) && matches!(self.table.name(self.ahead(n).1), Some(Name::Typedef(_)))
    }

    /// Does a type start so many tokens ahead?
    fn is_type(&self, n: usize) -> bool {
        let (kind, text) = self.ahead(n);
        text == "$"
            || self.is_typedef(n)
            || kind == Kind::Ident
                && (is_specifier(text)
                    || is_extension(text)
                    || matches!(word(text), Word::To(to) if to != "_Alignof")
                    || matches!(text, "_Atomic" | "bool"))
    }

    // -- declarations ------------------------------------------------------------------------------------------------

    fn declaration(&mut self) -> Read<()> {
        let had = self.specifiers(&["typedef", "extern", "static"])?;
        if !(had.tagged && (self.is(";") || self.is_end())) {
            loop {
                self.declarator(NAMED)?;
                // A function's body.
                if self.is("{") && self.list[self.at - 1].1.text == ")" {
                    return self.pass_brackets();
                }
                self.initializer()?;
                if !self.eat(",") {
                    break;
                }
            }
        }
        if self.is_end() { Ok(()) } else { self.expect(";", "';' expected") }
    }

    fn initializer(&mut self) -> Read<()> {
        match self.eat("=") {
            false => Ok(()),
            true if self.is("{") => self.pass_brackets(),
            true => self.expression(),
        }
    }

    fn specifiers(&mut self, storage: &[&str]) -> Read<Had> {
        let mut had = Had::default();
        // A word that has a size, a type by name, a word that goes with one: LuaJIT's way to tell what is still a part of the type.
        let (mut sized, mut named, mut partial) = (false, false, false);
        loop {
            let (kind, text) = self.ahead(0);
            if text == "$" && !(sized || named || partial) {
                named = true;
                self.at += 1;
                continue;
            }
            if kind != Kind::Ident {
                break;
            }
            match text {
                "typedef" | "extern" | "static" | "auto" => {
                    if !storage.contains(&text) {
                        return self.wrong("bad storage class");
                    }
                    had.is_static |= text == "static";
                }
                "const" | "volatile" => {}
                "_Atomic" if self.ahead(1).1 != "(" => {}
                "short" | "long" | "signed" | "unsigned" | "_Complex" | "complex" if !named => partial = true,
                "void" | "char" | "int" | "float" | "double" if !named && !sized => sized = true,
                "_Bool" | "bool" if !named => partial = true,
                _ if is_extension(text) && !named && !sized => sized = true,
                "struct" | "union" | "enum" if !(sized || named || partial) => {
                    self.at += 1;
                    match text {
                        "enum" => self.deeper(Self::enumeration)?,
                        _ => self.deeper(Self::record)?,
                    }
                    named = true;
                    had.tagged = true;
                    continue;
                }
                _ => match word(text) {
                    Word::To("const" | "volatile") => {}
                    Word::To("static const") => had.is_static = true,
                    Word::To("signed" | "_Complex") if !named => partial = true,
                    Word::To("_Alignof" | "( ( void * ) 0 )") => break,
                    Word::To("__typeof__") if !(sized || named || partial) => {
                        self.at += 1;
                        if !self.is("(") {
                            return self.wrong("'(' expected");
                        }
                        self.pass_brackets()?;
                        named = true;
                        continue;
                    }
                    Word::To(_) if !named && !sized => sized = true,
                    _ if sized || named || partial => break,
                    _ if text == "_Atomic" => {
                        self.at += 1;
                        self.pass_brackets()?;
                        named = true;
                        continue;
                    }
                    _ if is_specifier(text) => sized = true,
                    _ if self.is_typedef(0) => named = true,
                    _ => break,
                },
            }
            self.at += 1;
        }
        if sized || named || partial { Ok(had) } else { self.wrong("declaration specifier expected") }
    }

    /// The tag behind `struct`, `union` or `enum`, if no brace follows.
    fn tag(&mut self, is_bare: bool) -> Read<()> {
        if is_bare {
            return Ok(());
        }
        if !self.is("$") && !self.is_name(0) {
            return self.wrong("'<identifier>' expected");
        }
        self.at += 1;
        Ok(())
    }

    fn record(&mut self) -> Read<()> {
        self.tag(self.is("{"))?;
        if !self.eat("{") {
            return Ok(());
        }
        while !self.eat("}") {
            // Stray ones are forgiven, but where a `}` is missing in front of one.
            if self.is_end()
                && let Some(at) = self.stray
            {
                self.at = at;
                return self.wrong("declaration specifier expected");
            }
            if self.is(";") {
                self.stray.get_or_insert(self.at);
                self.at += 1;
                continue;
            }
            let had = self.specifiers(&["static"])?;
            // A record without a name, or a type that nobody needs.
            if !had.is_static && self.eat(";") {
                continue;
            }
            loop {
                let naming = if had.is_static { NAMED } else { EITHER };
                let is_named = !self.is(":") && self.declarator(naming)?;
                if had.is_static {
                    self.expect("=", "'=' expected")?;
                    self.expression()?;
                } else if self.eat(":") {
                    self.expression()?;
                } else if !is_named {
                    return self.wrong("'<identifier>' expected");
                }
                if !self.eat(",") {
                    break;
                }
            }
            self.expect(";", "';' expected")?;
        }
        Ok(())
    }

    fn enumeration(&mut self) -> Read<()> {
        self.tag(self.is("{") || self.is(":"))?;
        if self.is(":") {
            // A base, or the width of a bit-field.
            let brace = (1..).find(|&n| matches!(self.ahead(n).1, "{" | ";" | "," | "")).unwrap_or(0);
            if self.ahead(brace).1 != "{" {
                return Ok(());
            }
            self.at += 1;
            self.type_name()?;
        }
        if !self.eat("{") {
            return Ok(());
        }
        loop {
            if !self.is_name(0) {
                return self.wrong("'<identifier>' expected");
            }
            self.at += 1;
            if self.eat("=") {
                self.expression()?;
            }
            if !self.eat(",") || self.is("}") {
                return self.expect("}", "'}' expected");
            }
        }
    }

    fn type_name(&mut self) -> Read<()> {
        self.specifiers(&[])?;
        self.declarator(NAMELESS)?;
        Ok(())
    }

    /// Has it a name?
    fn declarator(&mut self, naming: Naming) -> Read<bool> {
        let mut is_named = false;
        while matches!(self.text(), "*" | "&" | "&&") {
            self.at += 1;
            while matches!(
                self.text(),
                "const" | "volatile" | "__const" | "__volatile__" | "__volatile" | "_Atomic"
            ) {
                self.at += 1;
            }
        }
        if self.is("(") {
            if !(naming.abstracted && (self.ahead(1).1 == ")" || self.is_type(1) || self.ahead(1).1 == "..."))
            {
                self.at += 1;
                is_named = self.deeper(|reader| reader.declarator(naming))?;
                self.expect(")", "')' expected")?;
            }
        } else if self.is_name(0) {
            if !naming.direct {
                return self.wrong("'<eof>' expected");
            }
            self.at += 1;
            is_named = true;
        } else if self.is("$") && naming.direct {
            self.at += 1;
            is_named = true;
        } else if !naming.abstracted {
            return self.wrong("'<identifier>' expected");
        }
        loop {
            if self.eat("[") {
                self.length()?;
            } else if self.eat("(") {
                self.deeper(Self::parameters)?;
            } else {
                return Ok(is_named);
            }
        }
    }

    /// From behind the `[`.
    fn length(&mut self) -> Read<()> {
        while matches!(self.text(), "static" | "const" | "volatile") {
            self.at += 1;
        }
        let is_open = matches!(self.text(), "?" | "*") && self.ahead(1).1 == "]";
        if is_open {
            self.at += 1;
        } else if !self.is("]") {
            self.expression()?;
        }
        self.expect("]", "']' expected")
    }

    /// From behind the `(`.
    fn parameters(&mut self) -> Read<()> {
        if self.eat(")") {
            return Ok(());
        }
        loop {
            if self.eat("...") {
                break;
            }
            self.specifiers(&[])?;
            self.declarator(EITHER)?;
            if !self.eat(",") {
                break;
            }
        }
        self.expect(")", "')' expected")
    }

    // -- expressions -------------------------------------------------------------------------------------------------

    /// Operands and the operators between them, whatever these bind.
    fn expression(&mut self) -> Read<()> {
        loop {
            self.deeper(Self::operand)?;
            match self.text() {
                "||" | "&&" | "|" | "^" | "&" | "==" | "!=" | "<" | ">" | "<=" | ">=" | "<<" | ">>" | "+"
                | "-" | "*" | "/" | "%" => self.at += 1,
                "?" => {
                    self.at += 1;
                    self.deeper(Self::expression)?;
                    self.expect(":", "':' expected")?;
                }
                _ => return Ok(()),
            }
        }
    }

    fn operand(&mut self) -> Read<()> {
        let (kind, text) = self.ahead(0);
        match kind {
            Kind::Number | Kind::Char => self.at += 1,
            Kind::Str => {
                while self.ahead(0).0 == Kind::Str {
                    self.at += 1;
                }
            }
            Kind::Ident
                if text == "sizeof" || matches!(word(text), Word::To("_Alignof")) || text == "_Alignof" =>
            {
                self.at += 1;
                return match self.is("(") && self.is_type(1) {
                    true => self.type_in_brackets(),
                    false => self.deeper(Self::operand),
                };
            }
            Kind::Ident if text == "_Generic" || text.starts_with("__builtin_") => return Err(Stop::Lost),
            Kind::Ident if self.is_name(0) && !self.is_typedef(0) => self.at += 1,
            Kind::Punct => match text {
                "+" | "-" | "~" | "!" | "*" | "&" => {
                    self.at += 1;
                    return self.deeper(Self::operand);
                }
                "(" if self.is_type(1) && self.ahead(1).1 != "$" => {
                    self.type_in_brackets()?;
                    return if self.is("{") { self.pass_brackets() } else { self.deeper(Self::operand) };
                }
                "(" => {
                    self.at += 1;
                    self.deeper(Self::expression)?;
                    while self.eat(",") {
                        self.deeper(Self::expression)?;
                    }
                    self.expect(")", "')' expected")?;
                }
                "$" => self.at += 1,
                _ => return self.wrong("unexpected symbol"),
            },
            _ => return self.wrong("unexpected symbol"),
        }
        self.behind_operand()
    }

    /// Calls, elements and members.
    fn behind_operand(&mut self) -> Read<()> {
        loop {
            match self.text() {
                "(" => self.pass_brackets()?,
                "[" => {
                    self.at += 1;
                    self.deeper(Self::expression)?;
                    self.expect("]", "']' expected")?;
                }
                "." | "->" => {
                    self.at += 1;
                    if !self.is_name(0) {
                        return self.wrong("'<identifier>' expected");
                    }
                    self.at += 1;
                }
                _ => return Ok(()),
            }
        }
    }

    fn type_in_brackets(&mut self) -> Read<()> {
        self.at += 1;
        self.deeper(Self::type_name)?;
        self.expect(")", "')' expected")
    }
}
