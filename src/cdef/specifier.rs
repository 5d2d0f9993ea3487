//! Declaration specifiers -> base ctype; the bodies of structs, unions and enums.

use std::rc::Rc;

use lang_c::ast;
use lang_c::span::Node;

use super::CdefError;
use super::declarator::qualifier;
use super::declare::{Converter, equivalent};
use super::dialect::{Attr, Head};
use super::literal::unmangle;
use crate::ctype::{
    BitField, CType, CTypeId, Constant, EnumId, Field, FloatKind, IntKind, Name, Qual, QualType, RecordBody,
    RecordId, RecordKind, Tag,
};
use crate::layout::{self, FieldSpec, RecordSpec};
use crate::target;

/// What a list of specifiers says.
pub struct Base {
    /// The type.
    pub ty: QualType,
    /// The storage class.
    pub storage: Option<ast::StorageClassSpecifier>,
    /// Attributes among the specifiers.
    pub attrs: Vec<Attr>,
}

/// The words of a type, counted.
#[derive(Default)]
struct Words {
    signed: u32,
    unsigned: u32,
    long: u32,
    short: u32,
    complex: u32,
    base: Option<Basic>,
    ty: Option<QualType>,
    qual: Qual,
}

#[derive(Clone, Copy, PartialEq)]
enum Basic {
    Void,
    Bool,
    Char,
    Int,
    Float,
    Double,
    Other(FloatKind),
}

/// A field of a body under way: its name, type and place; none for an unnamed bit-field.
type Made = Option<(Option<Rc<str>>, QualType, usize)>;

/// A specifier of either sort of list.
pub(super) trait Specifier {
    fn type_specifier(&self) -> Option<&Node<ast::TypeSpecifier>>;
    fn type_qualifier(&self) -> Option<&Node<ast::TypeQualifier>>;
    fn storage(&self) -> Option<&Node<ast::StorageClassSpecifier>>;
}

impl Specifier for ast::DeclarationSpecifier {
    fn type_specifier(&self) -> Option<&Node<ast::TypeSpecifier>> {
        if let ast::DeclarationSpecifier::TypeSpecifier(node) = self { Some(node) } else { None }
    }
    fn type_qualifier(&self) -> Option<&Node<ast::TypeQualifier>> {
        if let ast::DeclarationSpecifier::TypeQualifier(node) = self { Some(node) } else { None }
    }
    fn storage(&self) -> Option<&Node<ast::StorageClassSpecifier>> {
        if let ast::DeclarationSpecifier::StorageClass(node) = self { Some(node) } else { None }
    }
}

impl Specifier for ast::SpecifierQualifier {
    fn type_specifier(&self) -> Option<&Node<ast::TypeSpecifier>> {
        if let ast::SpecifierQualifier::TypeSpecifier(node) = self { Some(node) } else { None }
    }
    fn type_qualifier(&self) -> Option<&Node<ast::TypeQualifier>> {
        if let ast::SpecifierQualifier::TypeQualifier(node) = self { Some(node) } else { None }
    }
    fn storage(&self) -> Option<&Node<ast::StorageClassSpecifier>> {
        None
    }
}

impl Converter<'_> {
    /// The base type of a list of specifiers that lies between two offsets.
    pub(super) fn specifiers<S: Specifier>(
        &mut self,
        list: &[Node<S>],
        start: usize,
        end: usize,
    ) -> Result<Base, CdefError> {
        let mut words = Words::default();
        let mut storage = None;
        for node in list {
            if let Some(spec) = node.node.type_specifier() {
                self.word(&mut words, spec)?;
            } else if let Some(q) = node.node.type_qualifier() {
                words.qual = words.qual.union(qualifier(&q.node));
            } else if let Some(s) = node.node.storage() {
                if storage.is_some() && s.node != ast::StorageClassSpecifier::ThreadLocal {
                    return Err(self.error(s.span.start, "bad storage class"));
                }
                storage = Some(s.node.clone());
            }
        }
        let ty = self.combine(&words, start)?;
        let ty = self.table.qualify(ty, words.qual);
        let attrs = self.take_attrs(start, end);
        let ty = self.modified(ty, &attrs, start)?;
        Ok(Base { ty, storage, attrs })
    }

    fn word(&mut self, words: &mut Words, spec: &Node<ast::TypeSpecifier>) -> Result<(), CdefError> {
        let at = spec.span.start;
        let basic = match &spec.node {
            ast::TypeSpecifier::Signed => {
                return count(&mut words.signed, 1).ok_or_else(|| self.bad_type(at));
            }
            ast::TypeSpecifier::Unsigned => {
                return count(&mut words.unsigned, 1).ok_or_else(|| self.bad_type(at));
            }
            ast::TypeSpecifier::Long => return count(&mut words.long, 2).ok_or_else(|| self.bad_type(at)),
            ast::TypeSpecifier::Short => return count(&mut words.short, 1).ok_or_else(|| self.bad_type(at)),
            ast::TypeSpecifier::Complex => {
                return count(&mut words.complex, 1).ok_or_else(|| self.bad_type(at));
            }
            ast::TypeSpecifier::Void => Basic::Void,
            ast::TypeSpecifier::Char => Basic::Char,
            ast::TypeSpecifier::Int => Basic::Int,
            ast::TypeSpecifier::Float => Basic::Float,
            ast::TypeSpecifier::Double => Basic::Double,
            ast::TypeSpecifier::Bool => Basic::Bool,
            ast::TypeSpecifier::TS18661Float(ast::TS18661FloatType {
                format: ast::TS18661FloatFormat::DecimalInterchange | ast::TS18661FloatFormat::DecimalExtended,
                width,
            }) => {
                // No arithmetic of ours: their bytes, with the size and alignment that C gives them.
                let elem = self.table.int(IntKind::UChar);
                let ty = self.table.intern(CType::Vector { elem, len: (*width / 8) as u32 }).plain();
                return words.ty.replace(ty).map_or(Ok(()), |_| Err(self.bad_type(at)));
            }
            ast::TypeSpecifier::TS18661Float(float) => {
                let extended = float.format == ast::TS18661FloatFormat::BinaryExtended;
                match (float.width, extended) {
                    (16, false) => Basic::Other(FloatKind::Float16),
                    (32, false) => Basic::Float,
                    (64, false) | (32, true) => Basic::Double,
                    (64, true) => Basic::Other(FloatKind::LongDouble),
                    (128, false) => Basic::Other(FloatKind::Float128),
                    _ => return Err(self.bad_type(at)),
                }
            }
            other => {
                let ty = self.named_type(other, at)?;
                if words.ty.replace(ty).is_some() {
                    return Err(self.bad_type(at));
                }
                return Ok(());
            }
        };
        if words.base.replace(basic).is_some() {
            return Err(self.bad_type(at));
        }
        Ok(())
    }

    fn bad_type(&self, at: usize) -> CdefError {
        self.error(at, "invalid C type")
    }

    fn named_type(&mut self, spec: &ast::TypeSpecifier, at: usize) -> Result<QualType, CdefError> {
        match spec {
            ast::TypeSpecifier::TypedefName(name) => self.typedef(&name.node.name, at),
            ast::TypeSpecifier::Struct(node) => self.record(&node.node, node.span.start),
            ast::TypeSpecifier::Enum(node) => self.enumeration(&node.node, node.span.start),
            ast::TypeSpecifier::Atomic(name) => self.type_name(name),
            ast::TypeSpecifier::TypeOf(node) => match &node.node {
                ast::TypeOf::Type(name) => self.type_name(name),
                ast::TypeOf::Expression(expression) => self.type_of(expression),
            },
            _ => Err(self.bad_type(at)),
        }
    }

    /// A type name: specifiers and an abstract declarator.
    pub(super) fn type_name(&mut self, name: &Node<ast::TypeName>) -> Result<QualType, CdefError> {
        let (start, end) = (name.span.start, name.span.end);
        let split = name.node.declarator.as_ref().map_or(end, |d| d.span.start);
        let base = self.specifiers(&name.node.specifiers, start, split)?;
        let ty = match &name.node.declarator {
            Some(declarator) => self.declarator(base.ty, declarator)?.ty,
            None => base.ty,
        };
        let attrs = self.take_attrs(start, end + 2);
        let ty = self.modified(ty, &attrs, start)?;
        let mut all = base.attrs;
        all.extend(attrs);
        let ty = self.with_convention(ty, &all);
        match self.alignment(&all, start)? {
            Some(align) => Ok(self.table.with_align(ty.id, align as u32).with(ty.qual)),
            None => Ok(ty),
        }
    }

    fn typedef(&mut self, name: &str, at: usize) -> Result<QualType, CdefError> {
        if let Some(ty) = self.param_type(name) {
            return Ok(ty);
        }
        match self.table.name(&unmangle(name)) {
            Some(Name::Typedef(ty)) => Ok(*ty),
            _ => Err(self.error(at, "declaration specifier expected")),
        }
    }

    /// The type that the words make; C11 6.7.2p2.
    fn combine(&mut self, words: &Words, at: usize) -> Result<QualType, CdefError> {
        let Words { signed, unsigned, long, short, complex, .. } = *words;
        if let Some(ty) = words.ty {
            let alone = signed + unsigned + long + short + complex == 0 && words.base.is_none();
            return if alone { Ok(ty) } else { Err(self.bad_type(at)) };
        }
        if signed + unsigned > 1 || (long > 0 && short > 0) {
            return Err(self.bad_type(at));
        }
        let sign_free = signed + unsigned == 0;
        if complex == 1 {
            let kind = match (words.base, long) {
                // The pair of words that stands for `__int128` (see `dialect`).
                (Some(Basic::Int), 0) if short == 0 => {
                    let kind = if unsigned > 0 { IntKind::UInt128 } else { IntKind::Int128 };
                    return Ok(self.table.int(kind).plain());
                }
                (None | Some(Basic::Double), 0) if sign_free && short == 0 => FloatKind::Double,
                (Some(Basic::Float), 0) if sign_free && short == 0 => FloatKind::Float,
                (Some(Basic::Double), 1) if sign_free => FloatKind::LongDouble,
                (Some(Basic::Other(kind)), 0) if sign_free => kind,
                _ => return Err(self.bad_type(at)),
            };
            return Ok(self.table.intern(CType::Complex(kind)).plain());
        }
        let plain = sign_free && long + short == 0;
        let ctype = match words.base {
            Some(Basic::Void) if plain => CType::Void,
            Some(Basic::Bool) if plain => CType::Bool,
            Some(Basic::Float) if plain => CType::Float(FloatKind::Float),
            Some(Basic::Other(kind)) if plain => CType::Float(kind),
            Some(Basic::Double) if sign_free && short == 0 && long <= 1 => {
                CType::Float(if long == 1 { FloatKind::LongDouble } else { FloatKind::Double })
            }
            Some(Basic::Char) if long + short == 0 => CType::Int(match (signed, unsigned) {
                (1, _) => IntKind::SChar,
                (_, 1) => IntKind::UChar,
                _ => IntKind::Char,
            }),
            None if plain => return Err(self.error(at, "declaration specifier expected")),
            None | Some(Basic::Int) => {
                let (of_sign, of_none) = match (short, long) {
                    (1, _) => (IntKind::Short, IntKind::UShort),
                    (_, 1) => (IntKind::Long, IntKind::ULong),
                    (_, 2) => (IntKind::LongLong, IntKind::ULongLong),
                    _ => (IntKind::Int, IntKind::UInt),
                };
                CType::Int(if unsigned > 0 { of_none } else { of_sign })
            }
            _ => return Err(self.bad_type(at)),
        };
        Ok(self.table.intern(ctype).plain())
    }

    // -- structs and unions ------------------------------------------------------------------------------------------

    fn record(&mut self, record: &ast::StructType, at: usize) -> Result<QualType, CdefError> {
        let kind = match record.kind.node {
            ast::StructKind::Struct => RecordKind::Struct,
            ast::StructKind::Union => RecordKind::Union,
        };
        let tag = record.identifier.as_ref().map(|i| unmangle(&i.node.name));
        // `struct $`: the parameter's type itself.
        if let Some(ty) = tag.as_deref().and_then(|t| self.param_type(t)) {
            return Ok(ty);
        }
        let known = match tag.as_deref().and_then(|t| self.table.tag(t)) {
            Some(Tag::Record(id)) if self.table.record(id).kind == kind => Some(id),
            Some(_) => return Err(self.redefined(at, tag.as_deref().unwrap_or_default())),
            None => None,
        };
        let Some(declarations) = &record.declarations else {
            let id = match (known, &tag) {
                (Some(id), _) => id,
                (None, Some(tag)) if self.needs_tags => {
                    return Err(self.plain_error(format!("undeclared or implicit tag '{tag}'")));
                }
                (None, Some(tag)) => self.table.new_record(kind, Some((&**tag).into())),
                (None, None) => return Err(self.error(at, "'{' expected")),
            };
            return Ok(self.table.record_type(id).plain());
        };
        self.defines = true;
        let id = match known {
            Some(id) => id,
            None => self.table.new_record(kind, tag.as_deref().map(Rc::from)),
        };
        let head = self.take_head(at);
        let body = self.body(id, kind, declarations, &head, at)?;
        match &self.table.record(id).body {
            None => self.table.complete_record(id, body),
            Some(old) => {
                let old = old.clone();
                if !same_body(self.table, &old, &body) {
                    return Err(self.redefined(at, tag.as_deref().unwrap_or_default()));
                }
            }
        }
        Ok(self.table.record_type(id).plain())
    }

    fn body(
        &mut self,
        id: RecordId,
        kind: RecordKind,
        declarations: &[Node<ast::StructDeclaration>],
        head: &Head,
        at: usize,
    ) -> Result<RecordBody, CdefError> {
        self.constants.push(Vec::new());
        let mut spec = RecordSpec {
            is_union: kind == RecordKind::Union,
            packed: head.attrs.contains(&Attr::Packed),
            aligned: self.alignment(&head.attrs, at)?,
            pack: head.pack,
            fields: Vec::new(),
        };
        for text in &head.constants {
            self.record_constant(text, at)?;
        }
        // One for each field of the spec: its name and type; none for an unnamed bit-field.
        let mut made: Vec<Made> = Vec::new();
        for declaration in declarations {
            let ast::StructDeclaration::Field(field) = &declaration.node else { continue };
            self.fields(id, field, &mut spec, &mut made)?;
        }
        let constants = self.constants.pop().unwrap_or_default();
        let layout = layout::record(&spec).map_err(|error| match error {
            layout::LayoutError::TooLarge => self.error(at, "size of C type is unknown or too large"),
            layout::LayoutError::BadWidth { field } => {
                let at = made.get(field).and_then(|m| m.as_ref()).map_or(at, |m| m.2);
                self.error(at, "invalid C type")
            }
        })?;
        let mut fields = Vec::with_capacity(made.len());
        let mut unnamed_bits = Vec::new();
        let mut misaligned = layout.misaligned;
        for ((made, spec), place) in made.into_iter().zip(&spec.fields).zip(&layout.places) {
            let Some((name, ty, _)) = made else {
                let width = spec.width_bits.unwrap_or(0) as u32;
                if width > 0 {
                    unnamed_bits.push((place.offset * 8 + u64::from(place.position_bits), width));
                }
                continue;
            };
            if let CType::Record(inner) = self.table.get(ty.id) {
                misaligned |= self.table.record(inner).body.as_ref().is_some_and(|b| b.misaligned);
            }
            let bits = spec
                .width_bits
                .map(|width| BitField { position_bits: place.position_bits, width_bits: width as u32 });
            fields.push(Field { name, ty, offset: place.offset, bits });
        }
        let layout::Layout { size, align, member_align, .. } = layout;
        Ok(RecordBody { fields, unnamed_bits, size, align, member_align, constants, misaligned })
    }

    fn fields(
        &mut self,
        id: RecordId,
        field: &Node<ast::StructField>,
        spec: &mut RecordSpec,
        made: &mut Vec<Made>,
    ) -> Result<(), CdefError> {
        let (start, end) = (field.span.start, field.span.end);
        let declarators = &field.node.declarators;
        let split = declarators.first().map_or(end, |d| d.span.start);
        let base = self.specifiers(&field.node.specifiers, start, split)?;
        if declarators.is_empty() {
            // Transparent, if a record; an enum is there for its constants.
            if let CType::Record(_) = self.table.get(base.ty.id) {
                self.add_field(id, None, base.ty, None, &base.attrs, start, spec, made)?;
            }
            return Ok(());
        }
        for (i, declarator) in declarators.iter().enumerate() {
            let at = declarator.span.start;
            let to = declarators.get(i + 1).map_or(end, |d| d.span.start);
            let (name, ty) = match &declarator.node.declarator {
                Some(node) => {
                    let declared = self.declarator(base.ty, node)?;
                    (declared.name, declared.ty)
                }
                None => (None, base.ty),
            };
            let mut attrs = self.take_attrs(at, to);
            let ty = self.modified(ty, &attrs, at)?;
            attrs.extend(base.attrs.iter().cloned());
            let ty = self.with_convention(ty, &attrs);
            let width = match &declarator.node.bit_width {
                Some(expression) => Some(self.integer(expression)?),
                None => None,
            };
            self.add_field(id, name, ty, width, &attrs, at, spec, made)?;
        }
        Ok(())
    }

    #[allow(clippy::too_many_arguments)]
    fn add_field(
        &mut self,
        id: RecordId,
        name: Option<Rc<str>>,
        ty: QualType,
        width: Option<i128>,
        attrs: &[Attr],
        at: usize,
        spec: &mut RecordSpec,
        made: &mut Vec<Made>,
    ) -> Result<(), CdefError> {
        let ctype = self.table.get(ty.id);
        let is_open = matches!(
            ctype,
            CType::Array { len: crate::ctype::ArrayLen::Unknown | crate::ctype::ArrayLen::Variable, .. }
        );
        let is_self = ctype == CType::Record(id);
        let size = match self.table.size(ty.id) {
            Some(size) if !is_self => size,
            _ if is_open => 0,
            _ => return Err(self.error(at, "size of C type is unknown or too large")),
        };
        let width_bits = match width {
            None => None,
            Some(n) => {
                let integer = matches!(ctype, CType::Bool | CType::Int(_) | CType::Enum(_));
                let limit = if ctype == CType::Bool { 1 } else { size * 8 };
                match u64::try_from(n) {
                    Ok(n) if integer && n <= limit => Some(n),
                    _ => return Err(self.error(at, "invalid C type")),
                }
            }
        };
        if let Some(name) = &name
            && made.iter().flatten().any(|(other, ..)| other.as_ref() == Some(name))
        {
            return Err(self.redefined(at, name));
        }
        spec.fields.push(FieldSpec {
            size,
            align: self.table.align(ty.id).unwrap_or(1),
            aligned: self.alignment(attrs, at)?,
            packed: attrs.contains(&Attr::Packed),
            width_bits,
            is_named: name.is_some() || width_bits.is_none(),
        });
        let unnamed_bits = name.is_none() && width_bits.is_some();
        made.push((!unnamed_bits).then_some((name, ty, at)));
        Ok(())
    }

    /// A `static const` member.
    fn record_constant(&mut self, text: &str, at: usize) -> Result<(), CdefError> {
        // `static const T a = 1, b = 2`: the type's words come up to the first name.
        let Some((before, rest)) = text.split_once('=') else { return Err(self.error(at, "'=' expected")) };
        let before = before.trim_end();
        let ends_name = |c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '_';
        let split = before.rfind(ends_name).map_or(0, |i| i + 1);
        let words = before[..split].replace("static", " ");
        let read = super::type_name(self.table, words.trim().as_bytes(), &[])
            .map_err(|e| self.error(at, e.message))?;
        let mut name = before[split..].to_owned();
        let mut rest = rest;
        loop {
            let comma = split_comma(rest);
            let value = &rest[..comma.unwrap_or(rest.len())];
            let scope = self.constants.concat();
            let constant = super::expression_among(self.table, value.as_bytes(), &[], &scope)
                .map_err(|e| self.error(at, e.message))?;
            let constant = self.converted(constant, read.ty, at)?;
            if let Some(scope) = self.constants.last_mut() {
                scope.push((name.as_str().into(), constant));
            }
            let Some(comma) = comma else { return Ok(()) };
            let Some((next, after)) = rest[comma + 1..].split_once('=') else { return Ok(()) };
            name = next.trim().to_owned();
            rest = after;
        }
    }

    // -- enums -------------------------------------------------------------------------------------------------------

    fn enumeration(&mut self, node: &ast::EnumType, at: usize) -> Result<QualType, CdefError> {
        let tag = node.identifier.as_ref().map(|i| unmangle(&i.node.name));
        let known = match tag.as_deref().and_then(|t| self.table.tag(t)) {
            Some(Tag::Enum(id)) => Some(id),
            Some(_) => return Err(self.redefined(at, tag.as_deref().unwrap_or_default())),
            None => None,
        };
        let head = self.take_head(at);
        let base = match &head.base {
            Some(text) => {
                let read = super::type_name(self.table, text.as_bytes(), &[])
                    .map_err(|e| self.error(at, e.message))?;
                if self.table.integer_kind(read.ty.id).is_none() && self.table.get(read.ty.id) != CType::Bool
                {
                    return Err(self.error(at, "invalid C type"));
                }
                Some(read.ty.id)
            }
            None => None,
        };
        if node.enumerators.is_empty() {
            let id = match (known, &tag) {
                (Some(id), _) => id,
                (None, Some(tag)) if self.needs_tags => {
                    return Err(self.plain_error(format!("undeclared or implicit tag '{tag}'")));
                }
                (None, Some(tag)) => {
                    let underlying = base.unwrap_or_else(|| self.table.int(IntKind::UInt));
                    self.table.new_enum(Some((&**tag).into()), underlying, None)
                }
                (None, None) => return Err(self.error(at, "'{' expected")),
            };
            return Ok(self.table.enum_type(id).plain());
        }
        self.defines = true;
        let constants = self.enumerators(&node.enumerators, base)?;
        let packed = head.attrs.contains(&Attr::Packed);
        let underlying = base.unwrap_or_else(|| self.underlying(&constants, packed));
        let id = self.finish_enum(known, tag.as_deref(), underlying, constants, at)?;
        Ok(self.table.enum_type(id).plain())
    }

    fn finish_enum(
        &mut self,
        known: Option<EnumId>,
        tag: Option<&str>,
        underlying: CTypeId,
        constants: Vec<(Rc<str>, i128)>,
        at: usize,
    ) -> Result<EnumId, CdefError> {
        let Some(id) = known else {
            return Ok(self.table.new_enum(tag.map(Rc::from), underlying, Some(constants)));
        };
        match &self.table.enumeration(id).constants {
            None => self.table.complete_enum(id, underlying, constants),
            Some(old) if *old == constants => {}
            Some(_) => return Err(self.redefined(at, tag.unwrap_or_default())),
        }
        Ok(id)
    }

    fn enumerators(
        &mut self,
        list: &[Node<ast::Enumerator>],
        base: Option<CTypeId>,
    ) -> Result<Vec<(Rc<str>, i128)>, CdefError> {
        let mut constants = Vec::with_capacity(list.len());
        let mut next = 0i128;
        for node in list {
            let at = node.span.start;
            if let Some(expression) = &node.node.expression {
                next = self.integer(expression)?;
            }
            let in_range = (i128::from(i64::MIN)..=i128::from(u64::MAX)).contains(&next);
            if !in_range {
                return Err(self.error(at, "size of C type is unknown or too large"));
            }
            let name: Rc<str> = (&*unmangle(&node.node.identifier.node.name)).into();
            let ty = match base {
                Some(base) => base,
                None => self.table.int(constant_kind(next)),
            };
            let constant = Constant::Int(next, ty);
            self.constant(name.clone(), constant.clone(), at)?;
            if let Some(scope) = self.constants.last_mut() {
                scope.push((name.clone(), constant));
            }
            constants.push((name, next));
            next += 1;
        }
        Ok(constants)
    }

    /// The integer type that stores an enum, as GCC chooses it.
    fn underlying(&mut self, constants: &[(Rc<str>, i128)], packed: bool) -> CTypeId {
        let low = constants.iter().map(|c| c.1).min().unwrap_or(0);
        let high = constants.iter().map(|c| c.1).max().unwrap_or(0);
        let candidates: &[IntKind] = match (low < 0, packed) {
            (true, true) => &[IntKind::SChar, IntKind::Short, IntKind::Int, target::INT64],
            (true, false) => &[IntKind::Int, target::INT64],
            (false, true) => &[IntKind::UChar, IntKind::UShort, IntKind::UInt, target::UINT64],
            (false, false) => &[IntKind::UInt, target::UINT64],
        };
        let fits = |kind: IntKind| {
            let bits = target::int_size(kind) * 8;
            if target::int_is_signed(kind) {
                low >= -(1i128 << (bits - 1)) && high < 1i128 << (bits - 1)
            } else {
                low >= 0 && high < 1i128 << bits
            }
        };
        let kind = candidates.iter().copied().find(|&k| fits(k)).unwrap_or(target::INT64);
        self.table.int(kind)
    }
}

/// The type of an enum constant: `int` if it fits, else what holds it.
fn constant_kind(n: i128) -> IntKind {
    if i32::try_from(n).is_ok() {
        IntKind::Int
    } else if u32::try_from(n).is_ok() {
        IntKind::UInt
    } else if i64::try_from(n).is_ok() {
        target::INT64
    } else {
        target::UINT64
    }
}

/// Counts a word; none if there are too many of it.
fn count(word: &mut u32, most: u32) -> Option<()> {
    *word += 1;
    (*word <= most).then_some(())
}

/// The comma that separates two constants, brackets looked over.
pub(super) fn split_comma(text: &str) -> Option<usize> {
    let mut depth = 0;
    text.bytes().position(|b| {
        match b {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => depth -= 1,
            _ => {}
        }
        b == b',' && depth == 0
    })
}

/// Do two bodies mean the same?
fn same_body(table: &crate::ctype::CTypeTable, a: &RecordBody, b: &RecordBody) -> bool {
    a.size == b.size
        && a.align == b.align
        && a.constants == b.constants
        && a.fields.len() == b.fields.len()
        && a.fields.iter().zip(&b.fields).all(|(x, y)| {
            x.name == y.name && x.offset == y.offset && x.bits == y.bits && equivalent(table, x.ty, y.ty, 0)
        })
}
