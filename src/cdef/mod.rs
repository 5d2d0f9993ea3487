//! C text -> ctypes: declarations (`ffi.cdef`), one abstract type (`ffi.typeof "int[?]"`), one constant (`ffi.eval`).
//!
//! text -> `token` -> `dialect` (guarded by `limits`) -> lang-c, some KB of whole declarations at a time -> `declare`,
//! `specifier`, `declarator`, `attribute`, `constexpr` -> the ctype table. Owns everything that names lang-c. Knows the
//! ctype table and `layout`; no Lua, no memory. Called by `api::types` and by the type-string cache.
#![forbid(unsafe_code)]

mod attribute;
mod constexpr;
mod declarator;
mod declare;
mod define;
mod dialect;
mod limits;
mod literal;
mod macros;
mod specifier;
mod token;

use std::collections::HashSet;
use std::rc::Rc;

use lang_c::ast;
use lang_c::driver::{Config, Flavor, parse_preprocessed};

use crate::ctype::{CTypeTable, Constant, Name, QualType};
use declare::Converter;
use dialect::{Piece, Rewriter};
use token::{Kind, Tokens};

/// What stands for a `$` in the text.
#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    /// A ctype, where a type is due.
    Type(QualType),
    /// An integer, where an expression is due.
    Int(i64),
    /// An identifier.
    Name(Rc<str>),
}

/// Why a text was refused. The message is LuaJIT's where it has words for it; `Display` gives all of it in one line:
/// `declaration specifier expected near 'blah' at line 3`.
#[derive(Clone, Debug, PartialEq)]
pub struct CdefError {
    /// What is wrong, without place.
    pub message: String,
    /// The token it was noticed at, as the user wrote it; `<eof>` at the end.
    pub near: Option<String>,
    /// `at line 3`, or `at zlib.h:1213` where line markers name a file; none for a text of one line.
    pub place: Option<String>,
}

impl std::fmt::Display for CdefError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)?;
        if let Some(near) = &self.near {
            write!(f, " near '{near}'")?;
        }
        if let Some(place) = &self.place {
            write!(f, " {place}")?;
        }
        Ok(())
    }
}

/// A type read from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// The type.
    pub ty: QualType,
    /// Did the text itself define a record or enum? Then reading it again gives another type, and no cache may hold it.
    pub defines: bool,
}

/// Bytes of rewritten text that lang-c gets at a time: its trees are large, and dropped after each.
const PIECE_SIZE: usize = 6 * 1024;

/// Reads declarations into the table. All of them land, or none.
pub fn declare(table: &mut CTypeTable, text: &[u8], params: &[Param]) -> Result<(), CdefError> {
    let point = table.begin();
    match declare_all(table, text, params) {
        Ok(()) => {
            table.commit(point);
            Ok(())
        }
        Err(error) => {
            table.rollback(point);
            Err(error)
        }
    }
}

fn declare_all(table: &mut CTypeTable, text: &[u8], params: &[Param]) -> Result<(), CdefError> {
    with_tokens(text, |tokens| {
        let mut rewriter = Rewriter::new(tokens, params);
        while let Some(piece) = rewriter.piece(PIECE_SIZE, false)? {
            let prelude = prelude(table, tokens, &piece, params);
            let unit = parse(tokens, &piece, &prelude, "", "", table)?;
            let mut converter = Converter::new(table, tokens, piece, prelude.len(), params, &rewriter.macros);
            for declaration in &unit.0 {
                converter.external(declaration)?;
            }
        }
        rewriter.finish()?;
        define::land(table, &rewriter.macros);
        Ok(())
    })
}

/// Reads one abstract type (`int (*)[3]`, `struct point`, `int[?]`). Leaves nothing behind when it fails.
pub fn type_name(table: &mut CTypeTable, text: &[u8], params: &[Param]) -> Result<TypeName, CdefError> {
    let point = table.begin();
    match read_type(table, text, params) {
        Ok(read) => {
            table.commit(point);
            Ok(read)
        }
        Err(mut error) => {
            table.rollback(point);
            // Nothing follows a type.
            if error.message == "';' expected" {
                "'<eof>' expected".clone_into(&mut error.message);
            }
            Err(error)
        }
    }
}

fn read_type(table: &mut CTypeTable, text: &[u8], params: &[Param]) -> Result<TypeName, CdefError> {
    // The usual case: a name that is known.
    if params.is_empty()
        && let Ok(name) = std::str::from_utf8(text)
        && let Some(Name::Typedef(ty)) = table.name(name)
    {
        return Ok(TypeName { ty: *ty, defines: false });
    }
    with_tokens(text, |tokens| {
        let mut rewriter = Rewriter::new(tokens, params);
        let Some(piece) = rewriter.piece(usize::MAX, true)? else {
            return Err(Rewriter::error_at(tokens, 0, "declaration specifier expected"));
        };
        rewriter.finish()?;
        let prelude = prelude(table, tokens, &piece, params);
        // The one place of C's grammar, as lang-c has it, that takes a bare type name and nothing else.
        let open = "_Atomic( ";
        let unit = parse(tokens, &piece, &prelude, open, " ) x;", table)?;
        let before = prelude.len() + open.len();
        let mut converter = Converter::new(table, tokens, piece, before, params, &rewriter.macros);
        let ty = converter.bare_type(&unit)?;
        Ok(TypeName { ty, defines: converter.defines })
    })
}

/// Reads one constant expression.
pub fn constant_expression(
    table: &mut CTypeTable,
    text: &[u8],
    params: &[Param],
) -> Result<Constant, CdefError> {
    expression_among(table, text, params, &[])
}

/// Reads one constant expression that may name some constants besides the table's.
fn expression_among(
    table: &mut CTypeTable,
    text: &[u8],
    params: &[Param],
    constants: &[(Rc<str>, Constant)],
) -> Result<Constant, CdefError> {
    let point = table.begin();
    let read = with_tokens(text, |tokens| {
        let mut rewriter = Rewriter::new(tokens, params);
        rewriter.expression();
        let Some(piece) = rewriter.piece(usize::MAX, true)? else {
            return Err(Rewriter::error_at(tokens, 0, "unexpected symbol"));
        };
        rewriter.finish()?;
        let prelude = prelude(table, tokens, &piece, params);
        let open = "int x = ( ";
        let unit = parse(tokens, &piece, &prelude, open, " );", table)?;
        let before = prelude.len() + open.len();
        let converter = Converter::new(table, tokens, piece, before, params, &rewriter.macros);
        converter.with_constants(constants).bare_expression(&unit)
    });
    // Nothing is declared by an expression.
    table.rollback(point);
    read
}

/// Runs `read` on the tokens of a text.
fn with_tokens<T>(
    text: &[u8],
    read: impl FnOnce(&Tokens<'_>) -> Result<T, CdefError>,
) -> Result<T, CdefError> {
    if text.len() > limits::TEXT_MAX {
        return Err(CdefError { message: "chunk is too long".to_owned(), near: None, place: None });
    }
    let text = String::from_utf8_lossy(text);
    let unspliced = token::unsplice(&text);
    let text = unspliced.as_deref().unwrap_or(&text);
    let tokens = token::tokens(text).map_err(|error| CdefError {
        message: error.message.to_owned(),
        near: Some("<eof>".to_owned()),
        place: (error.line > 1).then(|| format!("at line {}", error.line)),
    })?;
    read(&tokens)
}

/// The typedef names that the piece mentions, declared for lang-c, whose own table is private.
fn prelude(table: &CTypeTable, tokens: &Tokens<'_>, piece: &Piece, params: &[Param]) -> String {
    let mut out = String::new();
    let mut seen: HashSet<&str> = HashSet::new();
    let mut add = |name: &str| {
        out.push_str(if out.is_empty() { "typedef int " } else { "," });
        out.push_str(name);
    };
    for &(_, index) in &piece.map {
        let token = &tokens.list[index as usize];
        if token.kind == Kind::Ident
            && matches!(table.name(token.text), Some(Name::Typedef(_)))
            && seen.insert(token.text)
        {
            add(&literal::mangle(token.text));
        }
    }
    for &i in &piece.types {
        add(&dialect::param_name(i));
    }
    for param in params {
        if let Param::Name(name) = param
            && matches!(table.name(name), Some(Name::Typedef(_)))
            && !seen.contains(&**name)
        {
            add(&literal::mangle(name));
        }
    }
    if !out.is_empty() {
        out.push_str(";\n");
    }
    out
}

fn parse(
    tokens: &Tokens<'_>,
    piece: &Piece,
    prelude: &str,
    open: &str,
    close: &str,
    table: &CTypeTable,
) -> Result<ast::TranslationUnit, CdefError> {
    let mut source = String::with_capacity(prelude.len() + open.len() + piece.text.len() + close.len());
    for part in [prelude, open, &piece.text, close] {
        source.push_str(part);
    }
    let config = Config { cpp_command: String::new(), cpp_options: Vec::new(), flavor: Flavor::ClangC11 };
    match parse_preprocessed(&config, source) {
        Ok(parsed) => {
            let mut unit = parsed.unit;
            if !prelude.is_empty() {
                unit.0.remove(0);
            }
            Ok(unit)
        }
        Err(error) => {
            let offset = error.offset.saturating_sub(prelude.len() + open.len());
            Err(syntax_error(tokens, piece, offset, table))
        }
    }
}

/// The error at the furthest place that lang-c came to, in LuaJIT's words.
fn syntax_error(tokens: &Tokens<'_>, piece: &Piece, offset: usize, table: &CTypeTable) -> CdefError {
    let at = piece.map.partition_point(|&(o, _)| (o as usize) < offset);
    let eof = tokens.list.len() - 1;
    let index = piece.map.get(at).map_or(eof, |&(_, i)| i as usize);
    let previous = at.checked_sub(1).and_then(|p| piece.map.get(p)).map(|&(_, i)| i as usize);
    let mapped = |at: usize| piece.map.get(at).map(|&(_, i)| i as usize);
    // Is a declaration specifier due at this place of the piece: at a start, or behind a qualifier at one?
    let due = |mut at: usize| {
        loop {
            let Some(before) = at.checked_sub(1).and_then(mapped) else { return true };
            match tokens.list[before].text {
                ";" | "{" | "}" | "(" | "," => return true,
                "const" | "volatile" | "extern" | "static" | "typedef" | "__const" => at -= 1,
                _ => return false,
            }
        }
    };
    let unknown = |index: usize| {
        let token = &tokens.list[index];
        token.kind == Kind::Ident
            && !is_keyword(token.text)
            && !matches!(table.name(token.text), Some(Name::Typedef(_)))
    };
    if let Some(p) = previous
        && unknown(p)
        && due(at - 1)
    {
        return Rewriter::error_at(tokens, p, "declaration specifier expected");
    }
    let text = tokens.list[index].text;
    if due(at) && !matches!(text, ")" | "]") {
        return Rewriter::error_at(tokens, index, "declaration specifier expected");
    }
    let mut open = Vec::new();
    for &(_, i) in piece.map.iter().take(at) {
        match tokens.list[i as usize].text {
            bracket @ ("(" | "[" | "{") => open.push(bracket),
            ")" | "]" | "}" => drop(open.pop()),
            _ => {}
        }
    }
    let message = match open.last() {
        Some(&"(") => "')' expected",
        Some(&"[") => "']' expected",
        _ => "';' expected",
    };
    Rewriter::error_at(tokens, index, message)
}

fn is_keyword(text: &str) -> bool {
    matches!(
        text,
        "void"
            | "char"
            | "short"
            | "int"
            | "long"
            | "float"
            | "double"
            | "signed"
            | "unsigned"
            | "struct"
            | "union"
            | "enum"
            | "const"
            | "volatile"
            | "static"
            | "extern"
            | "typedef"
            | "inline"
            | "bool"
            | "_Bool"
            | "complex"
            | "_Complex"
            | "sizeof"
            | "restrict"
            | "auto"
            | "register"
    )
}
