//! The usual declarations, types and expressions: tokens -> ctypes, in one go.
//!
//! lang-c builds its tables of words anew for every text and tries many rules at every token, and its trees are made to be
//! walked once: dearer than all the rest for the short texts that scripts have. What is usual (specifiers, declarators,
//! records, enums, constants) is read here off the user's own tokens; at anything else the reader gives up, the table is
//! taken back to where it stood, and the way through `dialect` and lang-c reads the declaration from its start. That way
//! words all errors, too: nothing here tells what is wrong.
//!
//! A text runs through more code than a core's first cache holds: what is seldom read lies in functions that are not inlined.
//!
//! lang-c's way stays the judge: in unit tests and fuzz targets everything is read both ways and compared (`judge`).
//! Called by `mod`, and by `define` for the tokens of a macro.

mod declarator;
mod expression;
mod specifier;
#[cfg(test)]
mod tests;
mod word;

use std::rc::Rc;

use super::macros::Macros;
use super::record::Body;
use super::scratch::emptied;
use super::token::{Kind, Token, Tokens};
use super::{Fault, Param, derive, names};
use crate::ctype::{CType, CTypeTable, Constant, Name, Named, QualType};
use declarator::Site;
use specifier::{Attributes, Storage};
use word::Word;
pub use word::is_specifier;

/// Brackets, operators and declarators within each other: below what the guards of the other way allow (see `limits`),
/// so that what is refused there is not read here.
const DEPTH_MAX: u32 = 12;
/// Operators, qualifiers or parts of a string in a row: as well.
const RUN_MAX: u32 = 64;

/// Why the reader gives up.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Refusal {
    /// It may be C all the same.
    Unusual,
    /// It is no constant, whoever reads it.
    NotConstant,
}

impl From<Fault> for Refusal {
    fn from(_: Fault) -> Refusal {
        Refusal::Unusual
    }
}

impl From<&'static str> for Refusal {
    fn from(_: &'static str) -> Refusal {
        Refusal::Unusual
    }
}

type Read<T> = Result<T, Refusal>;

/// What the tokens stand among.
#[derive(Clone, Copy)]
pub struct Context<'c> {
    /// What `$`s stand for: those that are left.
    pub params: &'c [Param],
    /// `#define`s met so far.
    pub macros: Option<&'c Macros<'c>>,
    /// `#pragma pack` in force, in bytes.
    pub pack: Option<u64>,
}

/// What reading works with: kept from one declaration to the next, and from one text to the next, for its memory.
#[derive(Default)]
pub struct Room<'t> {
    /// Parameters of the functions under way, innermost last.
    params: Vec<QualType>,
    /// Their names; empty where they have none.
    names: Vec<&'t str>,
    /// Bodies that no record is under way in.
    #[allow(clippy::vec_box)] // They are taken out and put back; moving them would take longer.
    bodies: Vec<Box<Body>>,
    /// Constants of the records under way, innermost last.
    constants: Vec<Named<Constant>>,
    /// Constants of the enum under way.
    enumerators: Named<i128>,
}

impl Room<'_> {
    /// A body for a record, which is given back behind it.
    fn body(&mut self) -> Box<Body> {
        // (Apart: a text has few records in records.)
        #[cold]
        #[inline(never)]
        fn another() -> Box<Body> {
            Box::default()
        }
        self.bodies.pop().unwrap_or_else(another)
    }

    /// (Apart: there are none to drop nearly always.)
    #[inline(never)]
    fn forget_constants(&mut self) {
        self.constants.clear();
    }

    /// Has it memory for a function's parameters?
    #[cfg(test)]
    pub fn is_used(&self) -> bool {
        self.params.capacity() > 0
    }

    /// The same memory, for another text. (What does not borrow from this one is cleared when the next declaration is attempted.)
    pub fn emptied<'u>(self) -> Room<'u> {
        let Room { params, names, bodies, constants, enumerators } = self;
        Room { params, names: emptied(names), bodies, constants, enumerators }
    }
}

/// What was read.
pub struct Done<T> {
    /// What it is.
    pub it: T,
    /// How many tokens it took.
    pub tokens: usize,
    /// How many `$`s it took.
    pub params: usize,
    /// The directives between its tokens, by index. They are still to be obeyed.
    pub directives: Vec<usize>,
}

/// Reads a declaration at file scope and enters what it declares.
pub fn declaration<'t>(
    table: &mut CTypeTable,
    tokens: &mut Tokens<'t>,
    context: Context<'_>,
    room: &mut Room<'t>,
) -> Result<Done<()>, Refusal> {
    attempt(table, tokens, context, room, |reader| reader.declaration())
}

/// Reads a whole text that is one type name; tags must be known. The flag: did it define a record or enum itself?
pub fn type_name<'t>(
    table: &mut CTypeTable,
    tokens: &mut Tokens<'t>,
    context: Context<'_>,
    room: &mut Room<'t>,
) -> Result<Done<(QualType, bool)>, Refusal> {
    attempt(table, tokens, context, room, |reader| {
        reader.needs_tags = true;
        let ty = reader.type_name()?;
        reader.at_end((ty, reader.defines))
    })
}

/// Reads a whole text that is one constant expression. The caller takes the table back: an expression declares nothing.
pub fn expression<'t>(
    table: &mut CTypeTable,
    tokens: &mut Tokens<'t>,
    context: Context<'_>,
    room: &mut Room<'t>,
    constants: &Named<Constant>,
) -> Result<Done<Constant>, Refusal> {
    attempt(table, tokens, context, room, |reader| {
        reader.needs_tags = true;
        if !constants.is_empty() {
            reader.room.constants.push(constants.clone());
        }
        let value = reader.conditional()?;
        reader.at_end(value)
    })
}

/// Runs `read`; where it gives up, the table is taken back to where it stood.
fn attempt<'t, T>(
    table: &mut CTypeTable,
    tokens: &mut Tokens<'t>,
    context: Context<'_>,
    room: &mut Room<'t>,
    read: impl FnOnce(&mut Reader<'_, 't>) -> Read<T>,
) -> Read<Done<T>> {
    let point = table.begin();
    // What a reader that gave up has left.
    room.params.clear();
    room.names.clear();
    if !room.constants.is_empty() {
        room.forget_constants();
    }
    let mut reader = Reader {
        table,
        tokens,
        context,
        kind: Kind::Eof,
        text: "",
        word: Word::None,
        sign: 0,
        at: 0,
        used: 0,
        directives: Vec::new(),
        depth: 0,
        needs_tags: false,
        defines: false,
        room,
    };
    reader.look();
    match read(&mut reader) {
        Ok(it) => Ok(reader.done(it)),
        Err(refusal) => {
            table.rollback(point);
            Err(refusal)
        }
    }
}

struct Reader<'r, 't> {
    table: &'r mut CTypeTable,
    tokens: &'r mut Tokens<'t>,
    context: Context<'r>,
    /// Of the next token: its sort, its text, what it says as a word, the sign that it is (0 for one of more signs, and for all else), its index.
    kind: Kind,
    text: &'t str,
    word: Word,
    sign: u8,
    at: usize,
    /// How many `$`s were taken.
    used: usize,
    directives: Vec<usize>,
    depth: u32,
    /// Must tags be known?
    needs_tags: bool,
    /// Was a record or enum given a body?
    defines: bool,
    room: &'r mut Room<'t>,
}

impl<'t> Reader<'_, 't> {
    fn done<T>(self, it: T) -> Done<T> {
        Done { it, tokens: self.at, params: self.used, directives: self.directives }
    }

    // -- tokens ------------------------------------------------------------------------------------------------------

    fn advance(&mut self) {
        self.at += 1;
        self.look();
    }

    /// Looks at the token that is next.
    fn look(&mut self) {
        match self.tokens.known(self.at) {
            Some(&Token { kind, text, .. }) if kind != Kind::Directive => {
                (self.kind, self.text) = (kind, text);
                self.sort();
            }
            _ => self.look_further(),
        }
    }

    #[inline(never)]
    fn look_further(&mut self) {
        Token { kind: self.kind, text: self.text, .. } = self.tokens.at(self.at);
        self.pass_directives();
    }

    /// Ends behind the next token, without a look at what follows: directives there, perhaps many.
    fn stop_behind(&mut self) {
        self.at += 1;
    }

    fn pass_directives(&mut self) {
        while self.kind == Kind::Directive {
            self.directives.push(self.at);
            self.at += 1;
            Token { kind: self.kind, text: self.text, .. } = self.tokens.at(self.at);
        }
        self.sort();
    }

    /// Tells what the next token is.
    #[inline(always)]
    fn sort(&mut self) {
        (self.word, self.sign) = match (self.kind, self.text.as_bytes()) {
            (Kind::Ident, _) => (Word::of(Kind::Ident, self.text), 0),
            (Kind::Punct, &[one]) => (Word::None, one),
            _ => (Word::None, 0),
        };
    }

    /// Goes back, or forward, to a token that was read already.
    fn go_to(&mut self, at: usize) {
        self.at = at;
        self.look();
    }

    /// Is the token `text` next, which is no word?
    #[inline(always)]
    fn is(&self, text: &str) -> bool {
        // (Known when this is compiled.)
        match text.as_bytes() {
            &[one] => self.sign == one,
            _ => self.text == text,
        }
    }

    /// Moves behind the token `text`, if it is next.
    #[inline(always)]
    fn eat(&mut self, text: &str) -> bool {
        let found = self.is(text);
        if found {
            self.advance();
        }
        found
    }

    fn expect(&mut self, text: &str) -> Read<()> {
        if self.eat(text) { Ok(()) } else { Err(Refusal::Unusual) }
    }

    /// Moves to the `close` of the `open` that is next.
    fn go_to_closing(&mut self, open: &str, close: &str) -> Read<()> {
        let mut depth = 0usize;
        loop {
            if self.kind == Kind::Eof {
                return Err(Refusal::Unusual);
            }
            if self.is(open) {
                depth += 1;
            } else if self.is(close) {
                depth -= 1;
            }
            if depth == 0 {
                return Ok(());
            }
            self.advance();
        }
    }

    fn at_end<T>(&self, it: T) -> Read<T> {
        match self.kind {
            Kind::Eof if self.tokens.broken().is_none() => Ok(it),
            // A list.
            _ if self.is(",") => Err(Refusal::NotConstant),
            _ => Err(Refusal::Unusual),
        }
    }

    /// An identifier, which may be a typedef's name.
    fn identifier(&mut self) -> Read<&'t str> {
        if self.word != Word::Other {
            return Err(Refusal::Unusual);
        }
        let name = self.text;
        self.advance();
        Ok(name)
    }

    #[inline(never)]
    fn typedef(&self, name: &str) -> Option<QualType> {
        match self.table.name(name) {
            Some(Name::Typedef(ty)) => Some(*ty),
            _ => None,
        }
    }

    /// Runs `read` one level deeper.
    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Read<T>) -> Read<T> {
        if self.depth == DEPTH_MAX {
            return Err(Refusal::Unusual);
        }
        self.depth += 1;
        let it = read(self);
        self.depth -= 1;
        it
    }

    // -- declarations ------------------------------------------------------------------------------------------------

    fn declaration(&mut self) -> Read<()> {
        let base = self.specifiers(true)?;
        if self.is(";") || self.kind == Kind::Eof {
            let is_tagged = matches!(self.table.get(base.ty.id), CType::Record(_) | CType::Enum(_));
            if !is_tagged && base.storage != Some(Storage::Typedef) {
                return Err(Refusal::Unusual);
            }
            return self.end();
        }
        let mut is_first = true;
        loop {
            let declared = self.declarator(base.ty, Site::File)?;
            let name = declared.name.ok_or(Refusal::Unusual)?;
            let is_typedef = base.storage == Some(Storage::Typedef);
            let (symbol, attributes) = match self.word {
                Word::None => (None, None),
                _ => self.behind_declarator(is_typedef)?,
            };
            let more = self.is(",");
            // To the declarators behind it a typedef's name that is declared anew would mean something else.
            if (more || !is_first) && self.typedef(name).is_some() {
                return Err(Refusal::Unusual);
            }
            let what = match base.storage {
                Some(Storage::Typedef) => Name::Typedef(match attributes {
                    None => declared.ty,
                    Some(attributes) => self.attributed(declared.ty, attributes)?,
                }),
                storage => self.object(declared.ty, symbol, storage == Some(Storage::Static))?,
            };
            let is_function = matches!(what, Name::Function { .. });
            if !names::enter(self.table, name, what) {
                return Err(Refusal::Unusual);
            }
            if is_first && is_function && self.is("{") {
                return self.pass_body();
            }
            is_first = false;
            if !self.eat(",") {
                return self.end();
            }
        }
    }

    /// A function's body, which says nothing.
    #[inline(never)]
    fn pass_body(&mut self) -> Read<()> {
        self.go_to_closing("{", "}")?;
        self.stop_behind();
        Ok(())
    }

    /// A typedef's type, as attributes change it.
    #[inline(never)]
    fn attributed(&mut self, ty: QualType, attributes: Attributes<'_>) -> Read<QualType> {
        let ty = self.with_mode(ty, attributes.mode)?;
        let ty = derive::aligned(self.table, ty, attributes.aligned);
        if attributes.transparent {
            self.table.make_transparent(ty.id);
        }
        Ok(ty)
    }

    /// The `;`, which the last declaration of a text does without.
    fn end(&mut self) -> Read<()> {
        match self.kind {
            Kind::Eof if self.tokens.broken().is_none() => Ok(()),
            _ if self.is(";") => {
                self.stop_behind();
                Ok(())
            }
            _ => Err(Refusal::Unusual),
        }
    }

    /// What an object or function of this type is among names; its initializer is read.
    fn object(&mut self, ty: QualType, symbol: Option<Rc<str>>, is_static: bool) -> Read<Name> {
        let ctype = self.table.get(ty.id);
        if let CType::Function(_) = ctype {
            return Ok(Name::Function { ty: ty.id, symbol });
        }
        if ctype == CType::Void {
            return Err(Refusal::Unusual);
        }
        match self.eat("=") {
            true => self.initialized(ty, symbol, is_static),
            false if is_static => Err(Refusal::Unusual),
            false => Ok(Name::Variable { ty, symbol }),
        }
    }

    /// What an object is among names whose initializer is next.
    #[inline(never)]
    fn initialized(&mut self, ty: QualType, symbol: Option<Rc<str>>, is_static: bool) -> Read<Name> {
        let ctype = self.table.get(ty.id);
        let is_array = matches!(ctype, CType::Array { .. });
        let value = self.conditional()?;
        if ty.qual.is_const() || is_static {
            let value = super::value::converted(self.table, value, ty).ok_or(Refusal::Unusual)?;
            return Ok(Name::Constant(value));
        }
        match value {
            value @ Constant::Str(_) if is_array => Ok(Name::Constant(value)),
            _ if is_array => Err(Refusal::Unusual),
            _ => Ok(Name::Variable { ty, symbol }),
        }
    }
}
