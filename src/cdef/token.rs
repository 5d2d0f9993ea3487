//! Text -> tokens: comments, line splices, directives, line markers.
//!
//! Knows C's lexis and nothing of its grammar. Called by `dialect`, and by `macros` for a macro's body.

use std::borrow::Cow;

use foldhash::HashMap;

/// What sort of token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// An identifier or keyword.
    Ident,
    /// A preprocessing number.
    Number,
    /// A string literal, prefix included.
    Str,
    /// A character literal, prefix included.
    Char,
    /// An operator or bracket.
    Punct,
    /// A directive: the text behind the `#`, up to the end of its (spliced) line.
    Directive,
    /// The end of the text.
    Eof,
}

/// A token of the user's text.
#[derive(Clone, Copy, Debug)]
pub struct Token<'a> {
    /// What sort.
    pub kind: Kind,
    /// As it stands in the text.
    pub text: &'a str,
    /// The line it stands on, counted from 1 in the text, or in the file that a line marker names.
    pub line: u32,
    /// Which file, counted from 1 ([`Tokens::file`] names it); 0 for the text itself.
    pub file: u16,
}

/// The tokens of a text, read as they are asked for; those that are done with are forgotten.
pub struct Tokens<'a> {
    lexer: Lexer<'a>,
    list: Vec<Token<'a>>,
    /// The first of the list that is still wanted.
    first: usize,
    fresh_line: bool,
    /// Why the text ends before its end.
    broken: Option<LexError>,
    is_done: bool,
}

/// A text that is no sequence of tokens.
#[derive(Clone, Copy)]
pub struct LexError {
    /// What is wrong.
    pub message: &'static str,
    /// What was never closed: its offset, and its place.
    pub from: usize,
    /// The line, as tokens have it.
    pub line: u32,
    /// The file, as tokens have it.
    pub file: u16,
}

impl<'a> Tokens<'a> {
    /// The tokens of a text without line splices, in the memory of an empty list.
    pub fn new(text: &'a str, mut list: Vec<Token<'a>>) -> Tokens<'a> {
        // (Those of a declaration are kept until it is done: with less the list of most texts would grow once.)
        list.reserve(2 * SHORT_TOKENS);
        Tokens::over(text, list)
    }

    fn over(text: &'a str, list: Vec<Token<'a>>) -> Tokens<'a> {
        let lexer = Lexer {
            text,
            bytes: text.as_bytes(),
            at: 0,
            line: 1,
            file: 0,
            files: Vec::new(),
            file_numbers: HashMap::default(),
        };
        Tokens { lexer, list, first: 0, fresh_line: true, broken: None, is_done: false }
    }

    /// Tokens that were read elsewhere.
    pub fn of(mut list: Vec<Token<'a>>) -> Tokens<'a> {
        list.push(Token { kind: Kind::Eof, text: "<eof>", line: 1, file: 0 });
        Tokens { is_done: true, ..Tokens::over("", list) }
    }

    /// The memory of the list, for other tokens.
    pub fn into_list(self) -> Vec<Token<'a>> {
        self.list
    }

    /// The token at an index, read now if need be; the last one, [`Kind::Eof`], stands for all behind it.
    #[inline]
    pub fn at(&mut self, index: usize) -> Token<'a> {
        match self.known(index) {
            Some(token) => *token,
            None => self.at_end(index),
        }
    }

    /// The token at an index, if it was read already.
    #[inline]
    pub fn known(&self, index: usize) -> Option<&Token<'a>> {
        self.list.get(self.first + index)
    }

    #[inline(never)]
    fn at_end(&mut self, index: usize) -> Token<'a> {
        // (Here and not when they are forgotten: some at a time.)
        self.list.drain(..self.first);
        self.first = 0;
        while self.list.len() <= index && !self.is_done {
            self.read();
        }
        self.get(index)
    }

    /// The token at an index among those that were read; the last of them stands for all behind it.
    pub fn get(&self, index: usize) -> Token<'a> {
        // (An index of no token may be the greatest there is.)
        self.list.get(self.first.saturating_add(index)).or(self.list.last()).copied().unwrap_or(Token {
            kind: Kind::Eof,
            text: "<eof>",
            line: self.lexer.line,
            file: self.lexer.file,
        })
    }

    /// Forgets the tokens in front of an index, which becomes 0.
    pub fn forget(&mut self, index: usize) {
        self.first = (self.first + index).min(self.list.len());
    }

    /// Has the text more lines than one?
    pub fn has_lines(&self) -> bool {
        self.lexer.text.contains('\n')
    }

    /// The name of a file that tokens name by its number.
    pub fn file(&self, number: u16) -> &'a str {
        self.lexer.files.get(usize::from(number).wrapping_sub(1)).copied().unwrap_or("?")
    }

    /// Why there are no more tokens, if it is not that the text has ended; and the text that was never closed.
    pub fn broken(&self) -> Option<(LexError, &'a str)> {
        let error = self.broken?;
        Some((error, self.lexer.text.get(error.from..).unwrap_or("")))
    }

    fn read(&mut self) {
        let known = self.list.len();
        self.lexer.short_tokens(&mut self.list, &mut self.fresh_line);
        if self.list.len() > known {
            return;
        }
        match self.lexer.token_after_blank(&mut self.fresh_line) {
            Ok(token) => {
                self.is_done = token.is_some_and(|t| t.kind == Kind::Eof);
                self.list.extend(token);
            }
            Err(error) => {
                self.broken = Some(error);
                self.is_done = true;
                self.list.push(Token { kind: Kind::Eof, text: "<eof>", line: error.line, file: error.file });
            }
        }
    }
}

/// All tokens of a short text, without the one at its end.
pub fn all(text: &str) -> Option<Vec<Token<'_>>> {
    let mut tokens = Tokens::new(text, Vec::new());
    while !tokens.is_done {
        tokens.read();
    }
    tokens.list.pop();
    tokens.broken.is_none().then_some(tokens.list)
}

/// The text without line splices, and with characters for universal names.
pub fn plain(text: Cow<'_, str>) -> Cow<'_, str> {
    // (All bytes are looked at, many in one step: nearly no text has any.)
    if !text.bytes().fold(false, |found, b| found | (b == b'\\')) {
        return text;
    }
    let text = unsplice(&text).map_or(text, Cow::Owned);
    universal(&text).map_or(text, Cow::Owned)
}

/// Takes line splices out, and gives their newlines back at the end of the joined line, so that line numbers hold.
fn unsplice(text: &str) -> Option<String> {
    if !text.contains("\\\n") && !text.contains("\\\r\n") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut owed = 0;
    let mut rest = text;
    while let Some(at) = rest.find(['\\', '\n']) {
        out.push_str(&rest[..at]);
        let tail = &rest[at..];
        if let Some(next) = tail.strip_prefix("\\\n").or_else(|| tail.strip_prefix("\\\r\n")) {
            owed += 1;
            rest = next;
        } else {
            let c = if tail.starts_with('\n') { '\n' } else { '\\' };
            out.push(c);
            if c == '\n' {
                out.extend(std::iter::repeat_n('\n', std::mem::take(&mut owed)));
            }
            rest = &tail[1..];
        }
    }
    out.push_str(rest);
    Some(out)
}

/// Universal character names (`\u00e9`) as the characters that they are, but for those that C's own letters and signs would be; none
/// where there are none.
fn universal(text: &str) -> Option<String> {
    if !text.contains("\\u") && !text.contains("\\U") {
        return None;
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        let (before, tail) = rest.split_at(at);
        out.push_str(before);
        let digits = match tail.as_bytes().get(1) {
            Some(b'u') => tail.get(2..6),
            Some(b'U') => tail.get(2..10),
            _ => None,
        };
        let digits = digits.filter(|digits| digits.bytes().all(|b| b.is_ascii_hexdigit()));
        let number = digits.and_then(|digits| u32::from_str_radix(digits, 16).ok()).filter(|&n| n >= 0xa0);
        match (number.and_then(char::from_u32), digits) {
            (Some(c), Some(digits)) => {
                out.push(c);
                rest = &tail[2 + digits.len()..];
            }
            // What a backslash stands in front of is passed with it.
            _ => {
                let length = 1 + tail[1..].chars().next().map_or(0, char::len_utf8);
                out.push_str(&tail[..length]);
                rest = &tail[length..];
            }
        }
    }
    out.push_str(rest);
    Some(out)
}

struct Lexer<'a> {
    text: &'a str,
    bytes: &'a [u8],
    at: usize,
    /// As the next token is told.
    line: u32,
    file: u16,
    /// Files that line markers name, and their numbers, counted from 1.
    files: Vec<&'a str>,
    file_numbers: HashMap<&'a str, u16>,
}

const IDENT: u8 = 1;
const IDENT_START: u8 = 2;
/// Punctuation that no longer token starts with.
const SINGLE: u8 = 4;
/// Punctuation that only a `=` behind it makes longer.
const BUT_BEFORE_EQUALS: u8 = 8;
/// What may make more of a word or number than its letters and digits: quotes, points, signs.
const GLUE: u8 = 16;

/// How many tokens are read at a time.
const SHORT_TOKENS: usize = 32;

/// What each byte may be part of.
const CLASSES: [u8; 256] = {
    let mut classes = [0; 256];
    let mut b = 0;
    while b < 256 {
        classes[b] = match b as u8 {
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | 0x80..=0xff => IDENT | IDENT_START,
            b'0'..=b'9' => IDENT,
            b'(' | b')' | b'[' | b']' | b'{' | b'}' | b';' | b',' | b'~' | b'?' => SINGLE,
            b'*' | b'=' => BUT_BEFORE_EQUALS,
            b'"' | b'\'' | b'.' | b'+' | b'-' => GLUE,
            _ => 0,
        };
        b += 1;
    }
    classes
};

#[inline(always)]
fn is(class: u8, b: u8) -> bool {
    CLASSES[usize::from(b)] & class != 0
}

impl<'a> Lexer<'a> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn error(&self, message: &'static str, from: usize, line: u32) -> LexError {
        LexError { message, from, line, file: self.file }
    }

    /// Reads the tokens that come next as long as they are words, plain numbers and brackets behind white space, as most are; some at a
    /// time, which takes less for each.
    fn short_tokens(&mut self, list: &mut Vec<Token<'a>>, fresh_line: &mut bool) {
        let Lexer { text, file, .. } = *self;
        let most = list.len() + SHORT_TOKENS;
        let Some(mut rest) = text.get(self.at..) else { return };
        let mut line = self.line;
        // How much is behind the last one that was read.
        let (mut behind, mut last_line) = (rest.len(), line);
        while let Some(&first) = rest.as_bytes().first() {
            if let Some(more) = rest.strip_prefix(' ') {
                rest = more;
                continue;
            }
            let (bytes, class) = (rest.as_bytes(), CLASSES[usize::from(first)]);
            let mut length = 1;
            let kind = if class & IDENT != 0 {
                let next = loop {
                    match bytes.get(length) {
                        Some(&b) if is(IDENT, b) => length += 1,
                        next => break next.copied().unwrap_or(0),
                    }
                };
                if is(GLUE, next) {
                    break;
                }
                if class & IDENT_START != 0 { Kind::Ident } else { Kind::Number }
            } else if class & SINGLE != 0 || class & BUT_BEFORE_EQUALS != 0 && bytes.get(1) != Some(&b'=') {
                Kind::Punct
            } else if let Some(more) = rest.strip_prefix('\n') {
                line = line.wrapping_add(1);
                rest = more;
                continue;
            } else {
                break;
            };
            // (Cut off from the front, its end alone is looked at.)
            let Some((text, more)) = rest.split_at_checked(length) else { break };
            list.push(Token { kind, text, line, file });
            rest = more;
            (behind, last_line) = (rest.len(), line);
            if list.len() == most {
                break;
            }
        }
        let end = text.len() - behind;
        if end > self.at {
            *fresh_line = false;
            (self.at, self.line) = (end, last_line);
        }
    }

    /// The next token, with what stands before it; none for a line marker, which only moves the place.
    fn token_after_blank(&mut self, fresh_line: &mut bool) -> Result<Option<Token<'a>>, LexError> {
        let from = self.at;
        *fresh_line |= self.skip_blank()?;
        let is_first = from == 0;
        let token = self.next(*fresh_line || is_first)?;
        // A line marker is no token, but ends its line as a directive does.
        *fresh_line = token.is_none_or(|t| t.kind == Kind::Directive);
        Ok(token)
    }

    /// Passes white space and comments; was there an end of line?
    fn skip_blank(&mut self) -> Result<bool, LexError> {
        let mut newline = false;
        loop {
            match self.peek(0) {
                b'\n' => {
                    self.line = self.line.wrapping_add(1);
                    newline = true;
                    self.at += 1;
                }
                b' ' | b'\t' | b'\r' | 0x0b | 0x0c => self.at += 1,
                b'/' if self.peek(1) == b'*' => {
                    let (from, line) = (self.at, self.line);
                    self.at += 2;
                    loop {
                        match self.bytes.get(self.at) {
                            None => return Err(self.error("unfinished comment", from, line)),
                            Some(b'*') if self.peek(1) == b'/' => break,
                            Some(b'\n') => {
                                self.line = self.line.wrapping_add(1);
                                newline = true;
                            }
                            _ => {}
                        }
                        self.at += 1;
                    }
                    self.at += 2;
                }
                b'/' if self.peek(1) == b'/' => {
                    while self.at < self.bytes.len() && self.peek(0) != b'\n' {
                        self.at += 1;
                    }
                }
                _ => return Ok(newline),
            }
        }
    }

    fn token(&self, kind: Kind, from: usize) -> Token<'a> {
        Token { kind, text: &self.text[from..self.at], line: self.line, file: self.file }
    }

    /// The next token; none for a line marker, which only moves the place.
    fn next(&mut self, fresh_line: bool) -> Result<Option<Token<'a>>, LexError> {
        let from = self.at;
        let Some(&b) = self.bytes.get(from) else {
            return Ok(Some(Token { kind: Kind::Eof, text: "<eof>", line: self.line, file: self.file }));
        };
        if b == b'#' && fresh_line {
            return self.directive();
        }
        if is(IDENT_START, b) {
            let length = self.bytes[from..].iter().position(|&b| !is(IDENT, b));
            self.at = length.map_or(self.bytes.len(), |n| from + n);
            let is_quoted = matches!(self.peek(0), b'"' | b'\'');
            if is_quoted && matches!(&self.text[from..self.at], "L" | "u" | "U" | "u8") {
                return self.quoted(from).map(Some);
            }
            return Ok(Some(self.token(Kind::Ident, from)));
        }
        if is(SINGLE, b) {
            self.at += 1;
            return Ok(Some(self.token(Kind::Punct, from)));
        }
        if b.is_ascii_digit() || (b == b'.' && self.peek(1).is_ascii_digit()) {
            loop {
                let c = self.peek(0);
                let sign = matches!(c, b'+' | b'-')
                    && matches!(self.bytes[self.at - 1], b'e' | b'E' | b'p' | b'P')
                    && self.at > from
                    && (!self.text[from..self.at].starts_with("0x")
                        || matches!(self.bytes[self.at - 1], b'p' | b'P'));
                let separator = c == b'\'' && is(IDENT, self.peek(1)) && self.at > from;
                if is(IDENT, c) || c == b'.' || sign || separator {
                    self.at += 1;
                } else {
                    break;
                }
            }
            return Ok(Some(self.token(Kind::Number, from)));
        }
        if b == b'"' || b == b'\'' {
            return self.quoted(from).map(Some);
        }
        let two = self.bytes.get(from..from + 2).unwrap_or_default();
        let length = if self.text[from..].starts_with("...")
            || matches!(self.bytes.get(from..from + 3), Some(b"<<=" | b">>="))
        {
            3
        } else if matches!(
            two,
            b"<<"
                | b">>"
                | b"<="
                | b">="
                | b"=="
                | b"!="
                | b"&&"
                | b"||"
                | b"->"
                | b"++"
                | b"--"
                | b"::"
                | b"+="
                | b"-="
                | b"*="
                | b"/="
                | b"%="
                | b"&="
                | b"|="
                | b"^="
        ) {
            2
        } else {
            1
        };
        self.at += length;
        let mut token = self.token(Kind::Punct, from);
        // Digraphs.
        let bracket = match two {
            b"<:" => "[",
            b":>" => "]",
            b"<%" => "{",
            b"%>" => "}",
            _ => return Ok(Some(token)),
        };
        self.at += 1;
        token.text = bracket;
        Ok(Some(token))
    }

    fn quoted(&mut self, from: usize) -> Result<Token<'a>, LexError> {
        let quote = self.peek(0);
        self.at += 1;
        loop {
            match self.bytes.get(self.at) {
                None | Some(b'\n') => return Err(self.error("unfinished string", from, self.line)),
                Some(b'\\') if self.bytes.get(self.at + 1).is_some_and(|&c| c != b'\n') => self.at += 2,
                Some(&c) if c == quote => break,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        if !self.text.is_char_boundary(self.at) {
            return Err(self.error("unfinished string", from, self.line));
        }
        Ok(self.token(if quote == b'"' { Kind::Str } else { Kind::Char }, from))
    }

    fn directive(&mut self) -> Result<Option<Token<'a>>, LexError> {
        self.at += 1;
        let from = self.at;
        // A comment that starts in the line may reach over its end.
        let mut to = from;
        while self.at < self.bytes.len() && self.peek(0) != b'\n' {
            match self.peek(0) {
                b'/' if matches!(self.peek(1), b'*' | b'/') => {
                    let line = self.line;
                    if self.skip_blank()? {
                        let text = &self.text[from..to];
                        return Ok(self.directive_token(text, line));
                    }
                    continue;
                }
                quote @ (b'"' | b'\'') => {
                    self.at += 1;
                    while self.at < self.bytes.len()
                        && !matches!(self.peek(0), b'\n')
                        && self.peek(0) != quote
                    {
                        self.at += if self.peek(0) == b'\\' && self.peek(1) != b'\n' { 2 } else { 1 };
                    }
                    if self.peek(0) == quote {
                        self.at += 1;
                    }
                }
                _ => self.at += 1,
            }
            self.at = self.at.min(self.bytes.len());
            to = self.at;
        }
        while !self.text.is_char_boundary(to) {
            to -= 1;
        }
        let text = self.text[from..to].trim();
        let line = self.line;
        Ok(self.directive_token(text, line))
    }

    fn directive_token(&mut self, text: &'a str, line: u32) -> Option<Token<'a>> {
        let text = text.trim();
        let rest = text.strip_prefix("line").unwrap_or(text).trim_start();
        if rest.as_bytes().first().is_some_and(u8::is_ascii_digit) {
            let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
            if let Ok(n) = rest[..digits].parse::<u32>() {
                // The marker tells the number of the line after it; its own newline is still to come.
                self.line = n.saturating_sub(1);
            }
            if let Some(name) =
                rest[digits..].trim_start().strip_prefix('"').and_then(|r| r.split('"').next())
            {
                let next = u16::try_from(self.files.len() + 1).unwrap_or(u16::MAX);
                self.file = *self.file_numbers.entry(name).or_insert(next);
                if usize::from(self.file) > self.files.len() {
                    self.files.push(name);
                }
            }
            return None;
        }
        Some(Token { kind: Kind::Directive, text, line, file: self.file })
    }
}
