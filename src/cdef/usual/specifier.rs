//! Specifiers; the bodies of structs, unions and enums; what attributes say of them.

use super::declarator::Site;
use super::word::Word;
use super::{Read, Reader, Refusal};
use crate::cdef::record::{self, Body, Member};
use crate::cdef::token::Kind;
use crate::cdef::words::Words;
use crate::cdef::{Param, attribute, dialect, enumeration, names};
use crate::ctype::{CType, Constant, IntKind, Name, Named, Qual, QualType, RecordId, RecordKind, Tag};
use crate::target;

/// A storage class that bears on what is declared.
#[derive(Clone, Copy, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum Storage {
    Typedef,
    Extern,
    Static,
}

/// What a list of specifiers says.
pub struct Base {
    /// The type.
    pub ty: QualType,
    /// The storage class.
    pub storage: Option<Storage>,
}

/// What attributes say of a record, enum, member or typedef.
#[derive(Default)]
pub struct Attributes<'t> {
    /// `packed`
    pub packed: bool,
    /// Bytes.
    pub aligned: Option<u64>,
    /// The word of `mode`.
    pub mode: Option<&'t str>,
    /// `transparent_union`
    pub transparent: bool,
}

impl Attributes<'_> {
    /// Do they say nothing of a record or enum?
    fn is_empty(&self) -> bool {
        !self.packed && self.aligned.is_none() && !self.transparent
    }
}

impl<'t> Reader<'_, 't> {
    pub(super) fn specifiers(&mut self, may_store: bool) -> Read<Base> {
        let mut is_first = true;
        let mut words = Words::default();
        let mut named = None;
        let mut qual = Qual::NONE;
        let mut storage = None;
        loop {
            match self.word {
                Word::None if self.is("$") && named.is_none() && words.is_empty() => {
                    named = Some(self.type_param()?);
                    continue;
                }
                Word::None => break,
                // lang-c has `typedef` in front only, but for what it never sees.
                Word::Storage(class)
                    if may_store && storage.is_none() && (class != Storage::Typedef || is_first) =>
                {
                    storage = Some(class);
                }
                Word::Qualifier(q) => qual = qual.union(q),
                Word::Part(part) if named.is_none() => words.add(part).ok_or(Refusal::Unusual)?,
                Word::Record(kind) if named.is_none() && words.is_empty() => {
                    named = Some(self.record(kind)?);
                    continue;
                }
                Word::Enum if named.is_none() && words.is_empty() => {
                    named = Some(self.enumeration()?);
                    continue;
                }
                Word::Nothing => {
                    self.advance();
                    continue;
                }
                Word::Attribute => {
                    self.attribute(None)?;
                    continue;
                }
                Word::Other if named.is_none() && words.is_empty() => match self.typedef(self.text) {
                    // A parameter before it may have taken the name.
                    Some(_) if self.room.names.contains(&self.text) => return Err(Refusal::Unusual),
                    Some(ty) => named = Some(ty),
                    None => break,
                },
                Word::Other => break,
                _ => return Err(Refusal::Unusual),
            }
            is_first = false;
            self.advance();
        }
        let ty = match named {
            Some(ty) => ty,
            None => {
                let ctype = words.ctype().ok_or(Refusal::Unusual)?;
                self.table.basic(ctype).plain()
            }
        };
        Ok(Base { ty: self.table.qualify(ty, qual), storage })
    }

    /// A `$` that stands for a type.
    fn type_param(&mut self) -> Read<QualType> {
        let Some(Param::Type(ty)) = self.context.params.get(self.used) else { return Err(Refusal::Unusual) };
        self.used += 1;
        self.advance();
        Ok(*ty)
    }

    // -- attributes --------------------------------------------------------------------------------------------------

    /// Passes words that say nothing, and attributes.
    pub(super) fn nothings(&mut self) -> Read<()> {
        self.attributes_behind(None)
    }

    /// Attributes behind `struct`, or behind a closing brace. No `mode` is theirs.
    #[inline]
    fn attributes(&mut self, found: &mut Attributes<'t>) -> Read<()> {
        if self.word == Word::Attribute { self.some_attributes(found) } else { Ok(()) }
    }

    #[inline(never)]
    fn some_attributes(&mut self, found: &mut Attributes<'t>) -> Read<()> {
        while self.word == Word::Attribute {
            self.attribute(Some(found))?;
        }
        if found.mode.is_some() { Err(Refusal::Unusual) } else { Ok(()) }
    }

    /// Words that say nothing, and attributes. `found` is where those go that bear on types; where there is none, these are unusual.
    #[inline]
    pub(super) fn attributes_behind(&mut self, found: Option<&mut Attributes<'t>>) -> Read<()> {
        match self.word {
            Word::Nothing | Word::Attribute => self.some_attributes_behind(found),
            _ => Ok(()),
        }
    }

    #[inline(never)]
    fn some_attributes_behind(&mut self, mut found: Option<&mut Attributes<'t>>) -> Read<()> {
        loop {
            match self.word {
                Word::Nothing => self.advance(),
                Word::Attribute => self.attribute(found.as_deref_mut())?,
                _ => return Ok(()),
            }
        }
    }

    /// `__attribute__((...))`. What bears on types is unusual but where it is taken.
    fn attribute(&mut self, mut found: Option<&mut Attributes<'t>>) -> Read<()> {
        self.advance();
        self.expect("(")?;
        self.expect("(")?;
        while !self.eat(")") {
            if self.eat(",") {
                continue;
            }
            if self.kind != Kind::Ident {
                return Err(Refusal::Unusual);
            }
            let name = dialect::bare(self.text);
            self.advance();
            match (name, &mut found) {
                ("packed", Some(found)) if !self.is("(") => found.packed = true,
                ("transparent_union", Some(found)) if !self.is("(") => found.transparent = true,
                ("aligned", Some(found)) => {
                    let n = if self.eat("(") { self.alignment()? } else { target::BIGGEST_ALIGN };
                    found.aligned = found.aligned.max(Some(n));
                }
                ("mode", Some(found)) if found.mode.is_none() => {
                    self.expect("(")?;
                    found.mode = Some(dialect::bare(self.identifier()?));
                    self.expect(")")?;
                }
                _ if dialect::bears_on_types(name) => return Err(Refusal::Unusual),
                _ if self.is("(") => self.pass_brackets()?,
                _ => {}
            }
        }
        self.expect(")")
    }

    /// A type, or what the word of a `mode` makes of it.
    pub(super) fn with_mode(&mut self, ty: QualType, mode: Option<&str>) -> Read<QualType> {
        Ok(match mode {
            None => ty,
            Some(word) => attribute::mode(self.table, ty, word)?,
        })
    }

    /// The number in the brackets of `aligned`, and its `)`.
    fn alignment(&mut self) -> Read<u64> {
        let n = self.integer()?;
        self.expect(")")?;
        u64::try_from(n).ok().filter(|n| n.is_power_of_two() && *n <= 1 << 28).ok_or(Refusal::Unusual)
    }

    // -- structs and unions ------------------------------------------------------------------------------------------

    /// The tag behind `struct` or `enum`; none where a brace follows.
    fn tag(&mut self) -> Read<Option<&'t str>> {
        if self.is("{") { Ok(None) } else { self.identifier().map(Some) }
    }

    fn record(&mut self, kind: RecordKind) -> Read<QualType> {
        self.advance();
        let mut attributes = Attributes::default();
        self.attributes(&mut attributes)?;
        let tag = self.tag()?;
        let known = match tag.and_then(|tag| self.table.tag(tag)) {
            Some(Tag::Record(id)) if self.table.record(id).kind == kind => Some(id),
            Some(_) => return Err(Refusal::Unusual),
            None => None,
        };
        let is_body = self.is("{");
        if !is_body && (known.is_none() && self.needs_tags || !attributes.is_empty()) {
            return Err(Refusal::Unusual);
        }
        let id = match known {
            Some(id) => id,
            None => self.table.new_record(kind, tag),
        };
        if is_body {
            // A `#pragma pack` among them would be this record's.
            if !self.directives.is_empty() {
                return Err(Refusal::Unusual);
            }
            self.defines = true;
            let mut body = self.room.body();
            body.start(id, kind, attributes.packed, attributes.aligned, self.context.pack);
            let read = self.body(id, &mut body, attributes.transparent);
            self.room.bodies.push(body);
            read?;
        }
        Ok(self.table.record_type(id).plain())
    }

    /// The body of a record that was started, and the attributes behind it.
    fn body(&mut self, id: RecordId, body: &mut Body, transparent: bool) -> Read<()> {
        self.room.constants.push(Named::default());
        self.deeper(|reader| reader.fields(body))?;
        let constants = self.room.constants.pop().unwrap_or_default();
        let mut behind = Attributes::default();
        self.attributes(&mut behind)?;
        body.attribute(behind.packed, behind.aligned)?;
        let whole = body.finish(constants).map_err(|(fault, _)| fault)?;
        record::complete(self.table, id, whole, body.fields())?;
        if transparent || behind.transparent {
            self.table.make_transparent(self.table.record_type(id));
        }
        Ok(())
    }

    /// From the brace to its end.
    fn fields(&mut self, body: &mut Body) -> Read<()> {
        self.advance();
        while !self.eat("}") {
            // Stray ones are forgiven.
            if self.eat(";") {
                continue;
            }
            let base = self.specifiers(false)?;
            if self.is(";") {
                self.nameless_member(body, base.ty)?;
                continue;
            }
            loop {
                let (name, ty) = match self.is(":") {
                    true => (None, base.ty),
                    false => {
                        let declared = self.declarator(base.ty, Site::Member)?;
                        (declared.name, declared.ty)
                    }
                };
                let member = match self.sign {
                    b';' | b',' => Member::plain(name, ty),
                    _ => self.more_of_member(name, ty)?,
                };
                body.add(self.table, &member)?;
                if !self.eat(",") {
                    break;
                }
            }
            self.expect(";")?;
        }
        Ok(())
    }

    /// A member without a declarator, and its `;`.
    #[inline(never)]
    fn nameless_member(&mut self, body: &mut Body, ty: QualType) -> Read<()> {
        self.advance();
        // Transparent, if a record; an enum is there for its constants.
        if let CType::Record(_) = self.table.get(ty.id) {
            body.add(self.table, &Member::plain(None, ty))?;
        }
        Ok(())
    }

    /// A member with what stands behind its declarator: a width, attributes.
    #[inline(never)]
    fn more_of_member<'m>(&mut self, name: Option<&'m str>, ty: QualType) -> Read<Member<'m>> {
        let mut attributes = Attributes::default();
        self.attributes_behind(Some(&mut attributes))?;
        let width = match self.eat(":") {
            false => None,
            true => Some(self.integer()?),
        };
        self.attributes_behind(Some(&mut attributes))?;
        let Attributes { packed, aligned, mode, .. } = attributes;
        let ty = self.with_mode(ty, mode)?;
        Ok(Member { width, aligned, packed, ..Member::plain(name, ty) })
    }

    // -- enums -------------------------------------------------------------------------------------------------------

    fn enumeration(&mut self) -> Read<QualType> {
        self.advance();
        let mut attributes = Attributes::default();
        self.attributes(&mut attributes)?;
        let tag = self.tag()?;
        let known = match tag.and_then(|tag| self.table.tag(tag)) {
            Some(Tag::Enum(id)) => Some(id),
            Some(_) => return Err(Refusal::Unusual),
            None => None,
        };
        if self.is(":") {
            // A base, or a bit-field's width.
            return Err(Refusal::Unusual);
        }
        if !self.eat("{") {
            if !attributes.is_empty() {
                return Err(Refusal::Unusual);
            }
            let id = match known {
                Some(id) => id,
                None if self.needs_tags => return Err(Refusal::Unusual),
                None => self.table.new_enum(tag, self.table.int(IntKind::UInt), None),
            };
            return Ok(self.table.enum_type(id).plain());
        }
        self.defines = true;
        let mut constants = std::mem::take(&mut self.room.enumerators);
        constants.truncate(0);
        self.enumerators(&mut constants)?;
        self.attributes(&mut attributes)?;
        if attributes.aligned.is_some() {
            return Err(Refusal::Unusual);
        }
        let underlying = self.table.int(enumeration::underlying(constants.all(), attributes.packed));
        let id = enumeration::complete(self.table, known, tag, underlying, constants.all())?;
        self.room.enumerators = constants;
        Ok(self.table.enum_type(id).plain())
    }

    /// The constants, and the closing brace.
    fn enumerators(&mut self, constants: &mut Named<i128>) -> Read<()> {
        let mut next = 0i128;
        loop {
            let name = self.identifier()?;
            self.nothings()?;
            if self.eat("=") {
                next = self.integer()?;
            }
            let kind = enumeration::constant_kind(next).ok_or(Refusal::Unusual)?;
            let constant = Constant::Int(next, self.table.int(kind));
            if let Err(what) = self.table.enter_name(name, Name::Constant(constant.clone()))
                && (self.typedef(name).is_some() || !names::enter_again(self.table, name, what))
            {
                return Err(Refusal::Unusual);
            }
            if let Some(scope) = self.room.constants.last_mut() {
                scope.push(name, constant);
            }
            constants.push(name, next);
            next += 1;
            let more = self.eat(",");
            if self.eat("}") {
                return Ok(());
            }
            if !more {
                return Err(Refusal::Unusual);
            }
        }
    }
}
