//! C text -> ctypes: declarations (`ffi.cdef`), one abstract type (`ffi.typeof "int[?]"`), one constant (`ffi.eval`).
//!
//! text -> `token` -> `usual` -> the ctype table, a declaration at a time. What is not usual takes the long way: `dialect`
//! (guarded by `limits`) -> lang-c (`tree`) -> `declare`, `specifier`, `declarator`, `attribute`, `constexpr` -> the table. Both ways
//! make the same things of what they read, in `words`, `derive`, `record`, `enumeration`, `names` and `value`. Owns everything that
//! names lang-c. Knows the ctype table and `layout`; no Lua, no memory. Called by `api::types`, and by `api::args` for the texts of types.
#![forbid(unsafe_code)]

mod attribute;
mod builtin;
mod constexpr;
mod declarator;
mod declare;
mod define;
mod derive;
mod dialect;
mod enumeration;
#[cfg(any(test, fuzzing))]
mod judge;
mod limits;
mod literal;
mod macros;
mod names;
mod record;
mod scratch;
mod specifier;
mod syntax;
mod token;
mod tree;
mod usual;
mod value;
mod words;

use std::borrow::Cow;
use std::rc::Rc;

use crate::ctype::{CType, CTypeTable, Checkpoint, Constant, IntKind, Name, Named, QualType};
use crate::target;
use declare::Converter;
use dialect::Rewriter;
pub use scratch::Scratch;
use usual::Context;

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

impl CdefError {
    /// One that says all there is to say, without a place.
    #[cold]
    #[inline(never)]
    fn of_no_place(message: impl Into<String>) -> CdefError {
        CdefError { message: message.into(), near: None, place: None }
    }
}

/// Where no type can be what is declared.
const INVALID: &str = "invalid C type";
/// Where a size is due.
const UNSIZED: &str = "size of C type is unknown or too large";

/// Where types nest too deep, or text does.
const TOO_DEEP: &str = "chunk has too many syntax levels";

/// Why something cannot be declared so.
enum Fault {
    /// In these words.
    Said(&'static str),
    /// It means something else already.
    Redefined,
}

/// A type read from text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TypeName {
    /// The type.
    pub ty: QualType,
    /// Did the text itself define a record or enum? Then reading it again gives another type, and no cache may hold it.
    pub defines: bool,
}

/// Reads declarations into the table. All of them land, or none.
pub fn declare(table: &mut CTypeTable, text: &[u8], params: &[Param]) -> Result<(), CdefError> {
    declare_in(&mut Scratch::default(), table, text, params)
}

/// As [`declare`], in memory that is kept for the next text.
pub fn declare_in(
    scratch: &mut Scratch,
    table: &mut CTypeTable,
    text: &[u8],
    params: &[Param],
) -> Result<(), CdefError> {
    #[cfg(any(test, fuzzing))]
    judge::compare(table, text, |table| declare_or_none(scratch, table, text, params));
    declare_or_none(scratch, table, text, params)
}

fn declare_or_none(
    scratch: &mut Scratch,
    table: &mut CTypeTable,
    text: &[u8],
    params: &[Param],
) -> Result<(), CdefError> {
    let point = table.begin();
    match declare_all(scratch, table, text, params) {
        Ok(()) => {
            // What says again what was known leaves no types behind, however often.
            match table.is_unchanged_since(&point) {
                true => table.rollback(point),
                false => table.commit(point),
            }
            Ok(())
        }
        Err(error) => {
            table.rollback(point);
            Err(error)
        }
    }
}

fn declare_all(
    scratch: &mut Scratch,
    table: &mut CTypeTable,
    text: &[u8],
    params: &[Param],
) -> Result<(), CdefError> {
    with_rewriter(scratch, text, params, |rewriter| {
        while rewriter.next()? {
            let usual = |tokens: &mut _, context: Context<'_>, room: &mut _| {
                usual::declaration(table, tokens, context, room)
            };
            if rewriter.usual(usual)?.is_some() {
                continue;
            }
            if !declare_by_lang_c(table, rewriter)? {
                break;
            }
        }
        rewriter.finish()?;
        define::land(table, &rewriter.macros);
        Ok(())
    })
}

/// A declaration that is not usual. False if there is none.
#[inline(never)]
fn declare_by_lang_c(table: &mut CTypeTable, rewriter: &mut Rewriter<'_>) -> Result<bool, CdefError> {
    let Some(mut piece) = tree::piece(table, rewriter, &tree::DECLARATIONS)? else { return Ok(false) };
    let assertions = std::mem::take(&mut piece.assertions);
    let (unit, before) = tree::read(table, rewriter, &piece, &tree::DECLARATIONS)?;
    let mut converter = Converter::new(table, rewriter, piece, before);
    for declaration in &unit.0 {
        converter.external(declaration)?;
    }
    for (index, text) in &assertions {
        assert_static(table, rewriter, *index as usize, text)?;
    }
    Ok(true)
}

/// A static assertion that is known to be false is an error; one that cannot be worked out is passed over.
fn assert_static(
    table: &mut CTypeTable,
    rewriter: &Rewriter<'_>,
    index: usize,
    text: &str,
) -> Result<(), CdefError> {
    let (condition, words) = match specifier::split_comma(text) {
        Some(comma) => (&text[..comma], text[comma + 1..].trim()),
        None => (text, ""),
    };
    match constant_expression(table, condition.as_bytes(), &[]) {
        Ok(Constant::Int(0, _)) if words.is_empty() => {
            Err(rewriter.error_at(index, "static assertion failed"))
        }
        Ok(Constant::Int(0, _)) => Err(rewriter.error_at(index, format!("static assertion failed: {words}"))),
        _ => Ok(()),
    }
}

/// Reads one abstract type (`int (*)[3]`, `struct point`, `int[?]`). Leaves nothing behind when it fails.
pub fn type_name(table: &mut CTypeTable, text: &[u8], params: &[Param]) -> Result<TypeName, CdefError> {
    type_name_in(&mut Scratch::default(), table, text, params)
}

/// As [`type_name`], in memory that is kept for the next text.
pub fn type_name_in(
    scratch: &mut Scratch,
    table: &mut CTypeTable,
    text: &[u8],
    params: &[Param],
) -> Result<TypeName, CdefError> {
    #[cfg(any(test, fuzzing))]
    judge::compare(table, text, |table| type_or_none(scratch, table, text, params));
    type_or_none(scratch, table, text, params)
}

fn type_or_none(
    scratch: &mut Scratch,
    table: &mut CTypeTable,
    text: &[u8],
    params: &[Param],
) -> Result<TypeName, CdefError> {
    let point = table.begin();
    match read_type(scratch, table, text, params) {
        Ok(read) => {
            table.commit(point);
            Ok(read)
        }
        Err(error) => {
            table.rollback(point);
            Err(error)
        }
    }
}

fn read_type(
    scratch: &mut Scratch,
    table: &mut CTypeTable,
    text: &[u8],
    params: &[Param],
) -> Result<TypeName, CdefError> {
    // The usual case: a name that is known.
    if params.is_empty()
        && let Some(Name::Typedef(ty)) = table.name_in_bytes(text)
    {
        return Ok(TypeName { ty: *ty, defines: false });
    }
    with_rewriter(scratch, text, params, |rewriter| {
        let usual = |tokens: &mut _, context: Context<'_>, room: &mut _| {
            usual::type_name(table, tokens, context, room)
        };
        if let Some((ty, defines)) = rewriter.usual(usual)? {
            rewriter.finish()?;
            return Ok(TypeName { ty, defines });
        }
        let Some(piece) = tree::piece(table, rewriter, &tree::TYPE_NAME)? else {
            return Err(rewriter.error_at(0, "declaration specifier expected"));
        };
        rewriter.finish()?;
        let (name, before) = tree::read(table, rewriter, &piece, &tree::TYPE_NAME)?;
        let mut converter = Converter::new(table, rewriter, piece, before);
        let ty = converter.bare_type(&name)?;
        Ok(TypeName { ty, defines: converter.defines })
    })
}

/// Reads one constant expression.
pub fn constant_expression(
    table: &mut CTypeTable,
    text: &[u8],
    params: &[Param],
) -> Result<Constant, CdefError> {
    #[cfg(any(test, fuzzing))]
    judge::compare(table, text, |table| expression_among(table, text, params, &Named::default()));
    expression_among(table, text, params, &Named::default())
}

/// Reads one constant expression that may name some constants besides the table's.
fn expression_among(
    table: &mut CTypeTable,
    text: &[u8],
    params: &[Param],
    constants: &Named<Constant>,
) -> Result<Constant, CdefError> {
    let point = table.begin();
    let value = with_rewriter(&mut Scratch::default(), text, params, |rewriter| {
        let usual = |tokens: &mut _, context: Context<'_>, room: &mut _| {
            usual::expression(table, tokens, context, room, constants)
        };
        if let Some(value) = rewriter.usual(usual)? {
            rewriter.finish()?;
            return Ok(value);
        }
        rewriter.expression();
        let Some(piece) = tree::piece(table, rewriter, &tree::EXPRESSION)? else {
            return Err(rewriter.error_at(0, "unexpected symbol"));
        };
        rewriter.finish()?;
        let (expression, before) = tree::read(table, rewriter, &piece, &tree::EXPRESSION)?;
        let converter = Converter::new(table, rewriter, piece, before);
        converter.with_constants(constants).constant_of(&expression)
    });
    settle(table, point, value)
}

/// Ends the reading of an expression, which declares nothing: takes the table back to where it began. Only the type of an address stays, unless
/// the expression named a part of it first: then that is an integer, as a value of an enum that it named first.
fn settle<E>(table: &mut CTypeTable, point: Checkpoint, value: Result<Constant, E>) -> Result<Constant, E> {
    let value = match value {
        Ok(Constant::Int(n, ty)) if !point.has(ty) => {
            let kind = match table.get(ty) {
                CType::Pointer(_) if table.is_unchanged_since(&point) => {
                    table.commit(point);
                    return value;
                }
                CType::Pointer(_) => target::UINTPTR,
                _ => table.integer_kind(ty).unwrap_or(IntKind::Int),
            };
            Ok(Constant::Int(n, table.int(kind)))
        }
        value => value,
    };
    table.rollback(point);
    value
}

/// Runs `read` from the start of a text.
fn with_rewriter<T>(
    scratch: &mut Scratch,
    text: &[u8],
    params: &[Param],
    read: impl FnOnce(&mut Rewriter<'_>) -> Result<T, CdefError>,
) -> Result<T, CdefError> {
    if text.len() > limits::TEXT_MAX {
        return Err(CdefError::of_no_place("chunk is too long"));
    }
    // Nearly all are; telling that is far quicker than mending them.
    let text = std::str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed);
    let text = token::plain(text);
    let mut rewriter = Rewriter::new(&text, params, scratch);
    let read = read(&mut rewriter);
    rewriter.end(scratch);
    read
}
