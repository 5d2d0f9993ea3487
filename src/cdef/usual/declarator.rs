//! Declarators: pointers, arrays, functions, and what stands in brackets.

use super::specifier::Attributes;
use super::word::Word;
use super::{RUN_MAX, Read, Reader, Refusal, Room};
use crate::cdef::derive;
use crate::cdef::token::Kind;
use crate::ctype::{ArrayLen, CType, Qual, QualType};

use std::rc::Rc;

/// Where a declarator stands, which says what may become of its name.
#[derive(Clone, Copy, PartialEq)]
pub enum Site {
    /// At file scope: with a name.
    File,
    /// In a record: with a name of the record's own.
    Member,
    /// In a parameter list: with a name or without.
    Parameter,
    /// In a type name: without.
    TypeName,
}

/// A declarator applied to its base.
pub struct Declared<'t> {
    /// The name, unless it is abstract.
    pub name: Option<&'t str>,
    /// The type.
    pub ty: QualType,
}

impl<'t> Reader<'_, 't> {
    /// A type name: specifiers and an abstract declarator.
    pub(super) fn type_name(&mut self) -> Read<QualType> {
        let base = self.specifiers(false)?;
        Ok(self.declarator(base.ty, Site::TypeName)?.ty)
    }

    pub(super) fn declarator(&mut self, base: QualType, site: Site) -> Read<Declared<'t>> {
        let ty = self.pointers(base)?;
        if self.word != Word::None && site != Site::TypeName {
            let name = self.identifier()?;
            if site == Site::Parameter && matches!(self.sign, b'(' | b'[') {
                self.takes_no_typedef(name)?;
            }
            return Ok(Declared { name: Some(name), ty: self.suffixes(ty)? });
        }
        if self.is("(") && self.is_nested(site)? {
            return self.deeper(|reader| reader.nested(ty, site));
        }
        if matches!(site, Site::File | Site::Member) {
            return Err(Refusal::Unusual);
        }
        Ok(Declared { name: None, ty: self.suffixes(ty)? })
    }

    fn pointers(&mut self, base: QualType) -> Read<QualType> {
        let mut ty = base;
        let mut run = 0;
        loop {
            self.nothings()?;
            match self.sign {
                b'*' => {
                    self.advance();
                    let pointer = derive::pointer(self.table, ty)?;
                    ty = pointer.id.with(self.qualifiers()?);
                }
                b'&' => {
                    self.advance();
                    ty = derive::reference(self.table, ty)?;
                }
                _ => return Ok(ty),
            }
            run += 1;
            if run > RUN_MAX / 2 {
                return Err(Refusal::Unusual);
            }
        }
    }

    #[inline]
    fn qualifiers(&mut self) -> Read<Qual> {
        if self.word == Word::None { Ok(Qual::NONE) } else { self.some_qualifiers() }
    }

    #[inline(never)]
    fn some_qualifiers(&mut self) -> Read<Qual> {
        let mut qual = Qual::NONE;
        loop {
            match self.word {
                Word::Qualifier(q) => qual = qual.union(q),
                Word::Nothing => {}
                _ => return Ok(qual),
            }
            self.advance();
        }
    }

    /// Does the `(` that is next open a declarator in brackets, not a parameter list?
    fn is_nested(&mut self, site: Site) -> Read<bool> {
        let mut at = self.at + 1;
        loop {
            let next = self.tokens.at(at);
            match Word::of(next.kind, next.text) {
                Word::None => {
                    return match next.text {
                        "*" | "&" | "(" => Ok(true),
                        _ if next.kind == Kind::Directive => Err(Refusal::Unusual),
                        _ => Ok(false),
                    };
                }
                // `(__cdecl *f)`
                Word::Nothing => at += 1,
                Word::Other => {
                    let is_type = self.typedef(next.text).is_some();
                    return Ok(site != Site::TypeName && (site == Site::Member || !is_type));
                }
                Word::Attribute => return Err(Refusal::Unusual),
                _ => return Ok(false),
            }
        }
    }

    /// A declarator in brackets: what follows the brackets binds first.
    fn nested(&mut self, ty: QualType, site: Site) -> Read<Declared<'t>> {
        let inside = self.at + 1;
        let before = self.used;
        self.pass_brackets()?;
        let ty = self.suffixes(ty)?;
        let end = self.at;
        let behind = self.used;
        let directives = self.directives.len();
        self.go_to(inside);
        self.nothings()?;
        let declared = self.declarator(ty, site)?;
        if let (Site::Parameter, Some(name)) = (site, declared.name) {
            self.takes_no_typedef(name)?;
        }
        // Nothing in brackets is a function's.
        self.expect(")")?;
        // What `$`s on either side stand for is counted in the text's order.
        if self.used != behind && behind != before {
            return Err(Refusal::Unusual);
        }
        self.directives.truncate(directives);
        self.go_to(end);
        Ok(declared)
    }

    /// A parameter that takes a typedef's name in front of what may be named by it is lang-c's.
    fn takes_no_typedef(&self, name: &str) -> Read<()> {
        if self.typedef(name).is_some() { Err(Refusal::Unusual) } else { Ok(()) }
    }

    /// Passes all between a `(` and its `)`.
    pub(super) fn pass_brackets(&mut self) -> Read<()> {
        self.go_to_closing("(", ")")?;
        self.advance();
        Ok(())
    }

    /// Arrays and parameter lists, which bind from the right.
    #[inline]
    fn suffixes(&mut self, ty: QualType) -> Read<QualType> {
        if matches!(self.sign, b'[' | b'(') { self.some_suffixes(ty) } else { Ok(ty) }
    }

    #[inline(never)]
    fn some_suffixes(&mut self, ty: QualType) -> Read<QualType> {
        if self.eat("(") {
            return self.deeper(|reader| reader.function(ty));
        }
        self.expect("[")?;
        let len = self.length()?;
        let elem = self.deeper(|reader| reader.suffixes(ty))?;
        Ok(derive::array(self.table, elem, len)?)
    }

    /// The length of an array, and its `]`.
    fn length(&mut self) -> Read<ArrayLen> {
        let len = match self.sign {
            b']' => ArrayLen::Unknown,
            b'?' => {
                self.advance();
                ArrayLen::Variable
            }
            // (`*` is a parameter's.)
            _ => derive::length(self.integer()?)?,
        };
        self.expect("]")?;
        Ok(len)
    }

    /// From behind the `(` of a parameter list to the end of the declarator.
    fn function(&mut self, ty: QualType) -> Read<QualType> {
        let first = self.room.params.len();
        let variadic = self.parameters()?;
        let result = self.suffixes(ty)?;
        let Room { params, names, .. } = &mut *self.room;
        let ty = derive::function(self.table, result, &params[first..], variadic, &names[first..])?;
        params.truncate(first);
        names.truncate(first);
        Ok(ty)
    }

    /// Parameters and their `)`; is there a `...` at their end?
    fn parameters(&mut self) -> Read<bool> {
        if self.eat(")") {
            return Ok(false);
        }
        let mut is_first = true;
        loop {
            if self.is("...") {
                return self.any_more();
            }
            let base = self.specifiers(false)?;
            let declared = match self.sign {
                b',' | b')' => Declared { name: None, ty: base.ty },
                _ => self.declarator(base.ty, Site::Parameter)?,
            };
            self.nothings()?;
            if self.table.get(declared.ty.id) == CType::Void {
                return self.only_void(is_first, &declared);
            }
            let param = derive::parameter(self.table, declared.ty);
            self.room.params.push(param);
            self.room.names.push(declared.name.unwrap_or_default());
            is_first = false;
            if !self.eat(",") {
                self.expect(")")?;
                return Ok(false);
            }
        }
    }

    /// `...` and the `)`.
    #[inline(never)]
    fn any_more(&mut self) -> Read<bool> {
        self.advance();
        self.expect(")")?;
        Ok(true)
    }

    /// `(void)`, and nothing else, is an empty list.
    #[inline(never)]
    fn only_void(&mut self, is_first: bool, declared: &Declared<'t>) -> Read<bool> {
        let alone = is_first && declared.name.is_none() && declared.ty.qual == Qual::NONE;
        if alone && self.eat(")") { Ok(false) } else { Err(Refusal::Unusual) }
    }

    /// An asm label and attributes, whose bearing on types is a typedef's alone to have: the label's name, and what they say of the typedef.
    #[inline(never)]
    pub(super) fn behind_declarator(
        &mut self,
        is_typedef: bool,
    ) -> Read<(Option<Rc<str>>, Option<Attributes<'t>>)> {
        let mut found = is_typedef.then(Attributes::default);
        let label = self.label(found.as_mut())?;
        Ok((label, found))
    }

    /// As [`Reader::behind_declarator`]. `found` is as [`Reader::attributes_behind`] takes it.
    fn label(&mut self, mut found: Option<&mut Attributes<'t>>) -> Read<Option<Rc<str>>> {
        self.attributes_behind(found.as_deref_mut())?;
        if self.word != Word::Asm {
            return Ok(None);
        }
        self.advance();
        self.expect("(")?;
        let mut label: Option<String> = None;
        while self.kind == Kind::Str {
            let text = self.text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
            let text = text.filter(|text| !text.contains(['"', '\\'])).ok_or(Refusal::Unusual)?;
            label.get_or_insert_default().push_str(text);
            self.advance();
        }
        self.expect(")")?;
        self.attributes_behind(found)?;
        Ok(label.map(Into::into))
    }
}
