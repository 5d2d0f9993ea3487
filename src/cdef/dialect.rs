//! LuaJIT's, GNU's, MSVC's and C23's dialect -> the C that lang-c reads.
//!
//! One pass over the tokens. What C cannot say, or lang-c misreads, is taken out of the text and noted beside it, keyed by
//! its place in the text that comes out: attributes, packing, enum bases, constants in records. Function bodies are
//! skipped. Called by `mod`; knows no types.

mod attribute;
mod directive;
mod head;
mod piece;
mod word;

pub use attribute::{bare, bears_on_types};
pub use piece::{Attr, Head, Piece};
pub use word::{Word, word};

use super::limits::Guard;
use super::literal::{character, is_number, known_escapes, known_number, mangle};
use super::macros::Macros;
use super::scratch::Scratch;
use super::token::{Kind, Token, Tokens};
use super::{CdefError, Param, usual};

/// The pass.
pub struct Rewriter<'a> {
    tokens: Tokens<'a>,
    at: usize,
    guard: Guard,
    /// What the `$`s stand for.
    pub params: &'a [Param],
    used: usize,
    pack: Option<u64>,
    packs: Vec<Option<u64>>,
    linkage: usize,
    is_expression: bool,
    /// `__declspec(align)` in front of a `struct` is the struct's.
    before_head: Vec<Attr>,
    /// `#define`s met so far.
    pub macros: Macros<'a>,
    room: usual::Room<'a>,
}

/// An open bracket of the text that comes out.
struct Level {
    kind: LevelKind,
    /// Are we in an expression here?
    expression: bool,
    /// The message where it should have been closed.
    due: &'static str,
}

#[derive(PartialEq)]
enum LevelKind {
    Record(u32),
    Enum(u32),
    /// The brackets of a builtin whose arguments are types.
    Types,
    Other,
}

/// How far specifiers are looked through for one that belongs to another.
const SPECIFIERS_MAX: usize = 32;

/// GCC's builtin whose arguments are types, which lang-c takes for expressions: each becomes its `_Alignof`.
const TYPES_COMPATIBLE: &str = "__builtin_types_compatible_p";

impl<'a> Rewriter<'a> {
    /// Starts at the first token of a text without line splices. It works in what the scratch lends it, which gets it back at the [`Rewriter::end`].
    pub fn new(text: &'a str, params: &'a [Param], scratch: &mut Scratch) -> Rewriter<'a> {
        let (tokens, room) = scratch.lend();
        Rewriter {
            tokens: Tokens::new(text, tokens),
            at: 0,
            guard: Guard::default(),
            params,
            used: 0,
            pack: None,
            packs: Vec::new(),
            linkage: 0,
            is_expression: false,
            before_head: Vec::new(),
            macros: Macros::default(),
            room,
        }
    }

    /// Gives back what the scratch has lent.
    pub fn end(self, scratch: &mut Scratch) {
        scratch.keep(self.tokens.into_list(), self.room);
    }

    /// Obeys the directives in front of the next declaration. False at the end of the text.
    pub fn next(&mut self) -> Result<bool, CdefError> {
        loop {
            // Many directives in a row are not kept.
            self.tokens.forget(self.at);
            self.at = 0;
            if self.token().kind == Kind::Ident {
                return Ok(true);
            }
            if let Some(is_there) = self.pass_other()? {
                return Ok(is_there);
            }
        }
    }

    /// Where no word is next: is there a declaration? None where it may be behind what was passed.
    #[inline(never)]
    fn pass_other(&mut self) -> Result<Option<bool>, CdefError> {
        let token = self.token();
        match token.kind {
            Kind::Directive => self.directive(&token)?,
            Kind::Eof => return Ok(Some(self.tokens.broken().is_some())),
            // Stray ones are forgiven.
            Kind::Punct if token.text == ";" => {}
            _ => return Ok(Some(true)),
        }
        self.at += 1;
        Ok(None)
    }

    /// Lets the quick way read the tokens that come next.
    pub fn usual<T>(
        &mut self,
        read: impl FnOnce(
            &mut Tokens<'a>,
            usual::Context<'_>,
            &mut usual::Room<'a>,
        ) -> Result<usual::Done<T>, usual::Refusal>,
    ) -> Result<Option<T>, CdefError> {
        #[cfg(any(test, fuzzing))]
        if super::judge::is_lang_c_alone() {
            return Ok(None);
        }
        debug_assert_eq!(self.at, 0, "nothing is read yet, or `next` has forgotten what was");
        let context = usual::Context {
            params: &self.params[self.used.min(self.params.len())..],
            macros: Some(&self.macros),
            pack: self.pack,
        };
        let read = read(&mut self.tokens, context, &mut self.room);
        #[cfg(any(test, fuzzing))]
        super::judge::count(read.is_ok());
        let Ok(done) = read else { return Ok(None) };
        if !done.directives.is_empty() {
            self.obey(&done.directives)?;
        }
        self.at = done.tokens;
        self.used += done.params;
        Ok(Some(done.it))
    }

    /// Obeys the directives that stand between the tokens of a declaration. (Apart: nearly none has any.)
    #[inline(never)]
    fn obey(&mut self, directives: &[usize]) -> Result<(), CdefError> {
        for &index in directives {
            self.at = index;
            let token = self.tokens.get(index);
            self.directive(&token)?;
        }
        Ok(())
    }

    fn token(&mut self) -> Token<'a> {
        self.tokens.at(self.at)
    }

    fn is(&mut self, text: &str) -> bool {
        let token = self.token();
        token.text == text && token.kind != Kind::Eof
    }

    /// The user's token at an index of the last piece's map; the last one read stands for all behind it.
    pub fn user_token(&self, index: usize) -> Token<'a> {
        self.tokens.get(index)
    }

    /// The index of the token that is next.
    pub fn place(&self) -> usize {
        self.at
    }

    /// An error at a token of the last piece.
    pub fn error_at(&self, index: usize, message: impl Into<String>) -> CdefError {
        let token = self.tokens.get(index);
        if token.kind == Kind::Eof
            && let Some((error, text)) = self.tokens.broken()
        {
            let near = text.lines().next().unwrap_or_default();
            return self.error_near(near, error.line, error.file, error.message);
        }
        self.error_near(token.text, token.line, token.file, message)
    }

    fn error_near(&self, near: &str, line: u32, file: u16, message: impl Into<String>) -> CdefError {
        let place = match file {
            0 if !self.tokens.has_lines() => None,
            0 => Some(format!("at line {line}")),
            file => Some(format!("at {}:{line}", self.tokens.file(file))),
        };
        // In one line, whatever the token is.
        let near = near.lines().next().unwrap_or_default().chars().take(80).collect();
        CdefError { message: message.into(), near: Some(near), place }
    }

    fn error(&mut self, message: impl Into<String>) -> CdefError {
        self.token();
        self.error_at(self.at, message)
    }

    /// The text is an expression, not declarations.
    pub fn expression(&mut self) {
        self.is_expression = true;
    }

    /// Has every parameter been used?
    pub fn finish(&self) -> Result<(), CdefError> {
        if self.used == self.params.len() {
            return Ok(());
        }
        Err(CdefError::of_no_place("wrong number of type parameters"))
    }

    fn error_at_previous(&mut self, message: &str) -> CdefError {
        self.error_at(self.at.saturating_sub(1), message)
    }

    /// An error unless this token is next.
    fn due(&mut self, text: &str, message: &str) -> Result<(), CdefError> {
        if self.is(text) { Ok(()) } else { Err(self.error(message)) }
    }

    /// The text between a `(` and its `)`.
    fn arguments(&mut self) -> Result<String, CdefError> {
        let mut depth = 0;
        let mut text = String::new();
        loop {
            let token = self.token();
            match token.text {
                _ if token.kind == Kind::Eof => return Err(self.error("')' expected")),
                "(" => depth += 1,
                ")" => depth -= 1,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                return Ok(text);
            }
            if !(depth == 1 && token.text == "(" && text.is_empty()) {
                text.push_str(token.text);
                text.push(' ');
            }
        }
    }

    fn emit(&self, piece: &mut Piece, text: &str) -> u32 {
        if !piece.text.is_empty() {
            piece.text.push(' ');
        }
        let offset = piece.text.len() as u32;
        piece.map.push((offset, self.at as u32));
        piece.text.push_str(text);
        offset
    }

    /// Several words for one token.
    fn emit_words(&self, piece: &mut Piece, text: &str) {
        for word in text.split(' ') {
            self.emit(piece, word);
        }
    }

    /// The next whole declaration; none at the end. With `one`, everything up to the end of the text is one type name, or
    /// one expression. Forgets the tokens of the piece before.
    pub fn piece(&mut self, one: bool) -> Result<Option<Piece>, CdefError> {
        self.tokens.forget(self.at);
        self.at = 0;
        let mut piece =
            Piece { text: String::with_capacity(96), map: Vec::with_capacity(24), ..Piece::default() };
        let mut levels =
            vec![Level { kind: LevelKind::Other, expression: self.is_expression, due: "';' expected" }];
        loop {
            let token = self.token();
            if token.kind == Kind::Eof {
                if self.guard.depth() > 0 || self.tokens.broken().is_some() {
                    return Err(self.error(levels.last().map_or("unexpected symbol", |l| l.due)));
                }
                if !one && !piece.text.is_empty() {
                    self.emit(&mut piece, ";");
                }
                break;
            }
            if token.kind == Kind::Directive {
                self.directive(&token)?;
                self.at += 1;
                // Many directives in a row are not kept.
                if piece.map.is_empty() && piece.assertions.is_empty() {
                    self.tokens.forget(self.at);
                    self.at = 0;
                }
                continue;
            }
            let in_expression = levels.last().is_some_and(|l| l.expression);
            if let Err(message) = self.guard.pass(&token, in_expression) {
                // A stray closing brace may end an `extern "C" {`.
                if self.linkage > 0 && token.text == "}" && levels.len() == 1 {
                    self.linkage -= 1;
                    self.at += 1;
                    continue;
                }
                return Err(self.error(message));
            }
            let fresh = piece.text.is_empty();
            match token.kind {
                Kind::Ident => {
                    self.word(&mut piece, &mut levels, fresh)?;
                    // A static assertion is for what stands before it.
                    if !piece.assertions.is_empty() && piece.text.is_empty() {
                        break;
                    }
                }
                Kind::Number if !is_number(token.text) => return Err(self.error("malformed number")),
                Kind::Number => {
                    self.emit(&mut piece, &known_number(token.text));
                    self.at += 1;
                }
                Kind::Char => {
                    let value =
                        character(token.text).ok_or_else(|| self.error("malformed character constant"))?;
                    self.emit(&mut piece, &value);
                    self.at += 1;
                }
                Kind::Str => {
                    let text = known_escapes(token.text).ok_or_else(|| self.error("malformed string"))?;
                    self.emit(&mut piece, &text);
                    self.at += 1;
                }
                _ => {
                    if self.punct(&mut piece, &mut levels, one)? {
                        break;
                    }
                }
            }
        }
        Ok((!piece.text.is_empty() || !piece.assertions.is_empty()).then_some(piece))
    }

    /// Puts words into the text for the token that is next, and passes that.
    fn put(&mut self, piece: &mut Piece, text: &str) {
        self.emit_words(piece, text);
        self.at += 1;
    }

    /// A bracket, operator or separator. True after the `;` that ends a declaration.
    fn punct(&mut self, piece: &mut Piece, levels: &mut Vec<Level>, one: bool) -> Result<bool, CdefError> {
        let text = self.token().text;
        let in_expression = levels.last().is_some_and(|l| l.expression);
        match text {
            "[" if self.attribute_brackets() => self.c23_attributes(piece)?,
            "(" if piece.text.ends_with(TYPES_COMPATIBLE) => {
                levels.push(Level { kind: LevelKind::Types, expression: false, due: "')' expected" });
                self.put(piece, "( _Alignof (");
            }
            "(" | "[" => {
                let expression = in_expression || text == "[";
                let due = if text == "(" { "')' expected" } else { "']' expected" };
                levels.push(Level { kind: LevelKind::Other, expression, due });
                self.put(piece, text);
            }
            "{" => return self.brace(piece, levels),
            ")" | "]" | "}" => self.closing(piece, levels)?,
            "=" | ":" => {
                if let Some(level) = levels.last_mut()
                    && (text == "=" || matches!(level.kind, LevelKind::Record(_)))
                {
                    level.expression = true;
                }
                self.put(piece, text);
            }
            "," if levels.last().is_some_and(|l| l.kind == LevelKind::Types) => {
                self.put(piece, ") , _Alignof (");
            }
            "," => {
                end_expression(levels);
                self.put(piece, text);
            }
            ";" => return self.semicolon(piece, levels, one),
            "&" if !in_expression => self.put(piece, "^"),
            "^" if !in_expression => return Err(self.error("unexpected symbol")),
            "?" if piece.text.ends_with('[') => self.put(piece, "*"),
            "$" => self.param(piece)?,
            // C23 and LuaJIT need no parameter before it.
            "..." if piece.text.ends_with('(') => self.put(piece, "void , ..."),
            "\\" | "@" | "`" | "#" => return Err(self.error("unexpected symbol")),
            _ => self.put(piece, text),
        }
        Ok(false)
    }

    /// A `{` that is no record's or enum's. True if it ends the declaration.
    fn brace(&mut self, piece: &mut Piece, levels: &mut Vec<Level>) -> Result<bool, CdefError> {
        let in_expression = levels.last().is_some_and(|l| l.expression);
        let is_body = levels.len() == 1 && !in_expression && piece.text.trim_end().ends_with(')');
        if is_body {
            self.skip_body()?;
            self.emit(piece, ";");
            return Ok(true);
        }
        // No C goes on like this: lang-c finds what is wrong with what came so far.
        if !in_expression {
            self.emit(piece, "{");
            return Ok(true);
        }
        levels.push(Level { kind: LevelKind::Other, expression: true, due: "'}' expected" });
        self.put(piece, "{");
        Ok(false)
    }

    /// A closing bracket, and a record's or enum's attributes behind it.
    fn closing(&mut self, piece: &mut Piece, levels: &mut Vec<Level>) -> Result<(), CdefError> {
        let text = self.token().text;
        let closed = if levels.len() > 1 { levels.pop() } else { None };
        let closed = closed.map(|l| l.kind);
        if closed == Some(LevelKind::Types) {
            self.emit(piece, ")");
        }
        self.put(piece, text);
        match closed {
            Some(LevelKind::Record(head) | LevelKind::Enum(head)) => self.head_attributes(piece, head),
            _ => Ok(()),
        }
    }

    /// A `;`. True if it ends the declaration.
    fn semicolon(&mut self, piece: &mut Piece, levels: &mut [Level], one: bool) -> Result<bool, CdefError> {
        let top = levels.len() == 1;
        end_expression(levels);
        if one && top {
            return Err(self.error("unexpected symbol"));
        }
        if let Some(level) = levels.last()
            && !top
            && matches!(level.kind, LevelKind::Other | LevelKind::Types)
        {
            return Err(self.error(level.due));
        }
        // Stray ones are forgiven.
        let stray = piece.text.is_empty() || piece.text.ends_with('{') || (!top && piece.text.ends_with(';'));
        if stray {
            self.at += 1;
            return Ok(false);
        }
        self.put(piece, ";");
        Ok(top)
    }

    fn param(&mut self, piece: &mut Piece) -> Result<(), CdefError> {
        let Some(param) = self.params.get(self.used) else {
            return Err(self.error("wrong number of type parameters"));
        };
        let text = match param {
            Param::Type(_) => {
                piece.types.push(self.used);
                param_name(self.used)
            }
            Param::Int(n) if *n < 0 => format!("( - {} )", n.unsigned_abs()),
            Param::Int(n) => n.to_string(),
            Param::Name(name) => mangle(name),
        };
        self.put(piece, &text);
        self.used += 1;
        Ok(())
    }

    fn word(&mut self, piece: &mut Piece, levels: &mut Vec<Level>, fresh: bool) -> Result<(), CdefError> {
        let text = self.token().text;
        if text == "auto" || text == "register" && self.is_misplaced(levels) {
            return Err(self.error("bad storage class"));
        }
        match word(text) {
            Word::Keep => {
                if text == "extern" && fresh && self.tokens.at(self.at + 1).kind == Kind::Str {
                    return self.linkage(piece);
                }
                if text == "static"
                    && let Some(&LevelKind::Record(head)) = levels.last().map(|l| &l.kind)
                {
                    return self.record_constant(piece, head);
                }
                // Headers name these types for compilers that lack them.
                if text.starts_with("_Float")
                    && piece.text.starts_with("typedef ")
                    && levels.len() == 1
                    && self.tokens.at(self.at + 1).text == ";"
                {
                    *piece = Piece::default();
                    self.at += 2;
                    return Ok(());
                }
                let mangled;
                let text = if text.is_ascii() {
                    text
                } else {
                    mangled = mangle(text);
                    &mangled
                };
                self.put(piece, text);
            }
            Word::Drop => self.at += 1,
            Word::To(_) if text == "complex" && self.is_named_here() => self.put(piece, text),
            Word::To(_) if text == "constexpr" && self.is_static() => self.put(piece, "const"),
            Word::To(other) => self.put(piece, other),
            Word::Head => self.head(piece, levels)?,
            Word::Attribute | Word::Declspec | Word::Alignas => {
                let offset = piece.text.len() as u32;
                let mut found = Vec::new();
                let declspec = matches!(word(text), Word::Declspec);
                self.attribute(&mut found)?;
                if declspec && (self.is("struct") || self.is("union")) {
                    self.before_head.extend(found);
                } else {
                    piece.attrs.extend(found.into_iter().map(|a| (offset, a)));
                }
            }
            Word::Asm => self.asm(piece, fresh)?,
            Word::StaticAssert => {
                let index = self.at as u32;
                self.at += 1;
                self.due("(", "'(' expected")?;
                let text = self.arguments()?;
                piece.assertions.push((index, text));
                if self.is(";") {
                    self.at += 1;
                }
            }
            Word::Pragma => {
                self.at += 1;
                self.due("(", "'(' expected")?;
                // In a string, or (MSVC's) as it is.
                let text = self.arguments()?.replace('"', "");
                self.pragma(text.trim())?;
            }
            Word::Refused(message) => return Err(self.error(message)),
        }
        Ok(())
    }

    /// May no `register` be here? It is a parameter's, or that of a variable whose label names the register.
    fn is_misplaced(&mut self, levels: &[Level]) -> bool {
        let in_brackets = levels.len() > 1 && levels.last().is_some_and(|l| l.kind == LevelKind::Other);
        if in_brackets {
            return false;
        }
        let mut rest = (self.at + 1..).map(|at| self.tokens.at(at)).take(SPECIFIERS_MAX);
        let label_or_end = rest.find(|token| {
            matches!(word(token.text), Word::Asm)
                || token.kind == Kind::Eof
                || matches!(token.text, ";" | "{")
        });
        !label_or_end.is_some_and(|token| matches!(word(token.text), Word::Asm))
    }

    /// Does the declaration say `static` besides the `constexpr` that is next?
    fn is_static(&mut self) -> bool {
        let around = self.at.saturating_sub(SPECIFIERS_MAX)..self.at + SPECIFIERS_MAX;
        let at = self.at;
        let words = around.map(|i| (i, self.tokens.at(i)));
        let mut words = words.take_while(|(i, token)| *i <= at || token.kind == Kind::Ident);
        words.any(|(_, token)| token.text == "static")
    }

    /// Is the word a name here? `complex` is one of C's own only with `<complex.h>`: X11 has a member of that name.
    fn is_named_here(&mut self) -> bool {
        let Some(before) = self.at.checked_sub(1).map(|at| self.tokens.at(at)) else { return false };
        let ends_type = match before.kind {
            Kind::Ident => !matches!(
                before.text,
                "float"
                    | "double"
                    | "long"
                    | "const"
                    | "volatile"
                    | "extern"
                    | "static"
                    | "typedef"
                    | "register"
            ),
            _ => matches!(before.text, "*" | "}" | "." | "->"),
        };
        let next = self.tokens.at(self.at + 1);
        ends_type && next.kind == Kind::Punct && matches!(next.text, ";" | "," | ")" | "[" | "=" | ":")
    }

    /// `extern "C"`, with or without braces.
    fn linkage(&mut self, piece: &mut Piece) -> Result<(), CdefError> {
        self.at += 1;
        if self.tokens.at(self.at + 1).text == "{" {
            self.linkage += 1;
            self.at += 2;
        } else {
            self.put(piece, "extern");
        }
        Ok(())
    }

    /// A function's body, from `{` on, up to behind its `}` and a `;` that may follow.
    fn skip_body(&mut self) -> Result<(), CdefError> {
        let mut depth = 0usize;
        loop {
            let token = self.token();
            match (token.kind, token.text) {
                (Kind::Eof, _) => return Err(self.error("'}' expected")),
                (Kind::Punct, "{") => depth += 1,
                (Kind::Punct, "}") => depth -= 1,
                (Kind::Directive, _) => self.directive(&token)?,
                _ => {}
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        let closing = Token { kind: Kind::Punct, text: "}", line: 0, file: 0 };
        let _ = self.guard.pass(&closing, false);
        Ok(())
    }
}

/// A separator came: what follows is an expression in an enum's braces only, and in brackets what it was.
fn end_expression(levels: &mut [Level]) {
    let top = levels.len() == 1;
    if let Some(level) = levels.last_mut()
        && (top || level.kind != LevelKind::Other)
    {
        level.expression = matches!(level.kind, LevelKind::Enum(_));
    }
}

/// The typedef name that stands for type parameter `i`.
pub fn param_name(i: usize) -> String {
    format!("__cdata_param_{i}")
}
