//! Declaration specifiers -> base ctype; the bodies of structs, unions and enums.

use lang_c::ast;
use lang_c::span::Node;

use super::declarator::qualifier;
use super::declare::Converter;
use super::dialect::{Attr, Head};
use super::literal::unmangle;
use super::record::{self, Body, Member};
use super::words::{Basic, Part, Words};
use super::{CdefError, INVALID, UNSIZED, enumeration};
use crate::ctype::{
    CType, CTypeId, Constant, FloatKind, IntKind, Name, Named, Qual, QualType, RecordBody, RecordId,
    RecordKind, Tag,
};

/// What a list of specifiers says.
pub struct Base {
    /// The type.
    pub ty: QualType,
    /// The storage class.
    pub storage: Option<ast::StorageClassSpecifier>,
    /// Attributes among the specifiers.
    pub attrs: Vec<Attr>,
}

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
        let mut named = None;
        let mut qual = Qual::NONE;
        let mut storage = None;
        for node in list {
            if let Some(spec) = node.node.type_specifier() {
                let at = spec.span.start;
                let fits = match part(&spec.node) {
                    Some(part) => words.add(part),
                    None => {
                        let ty = self.named_type(&spec.node, at)?;
                        named.replace(ty).is_none().then_some(())
                    }
                };
                fits.ok_or_else(|| self.bad_type(at))?;
            } else if let Some(q) = node.node.type_qualifier() {
                qual = qual.union(qualifier(&q.node));
            } else if let Some(s) = node.node.storage() {
                if storage.is_some() && s.node != ast::StorageClassSpecifier::ThreadLocal {
                    return Err(self.error(s.span.start, "bad storage class"));
                }
                storage = Some(s.node.clone());
            }
        }
        let ty = match (named, words.ctype()) {
            (Some(ty), None) if words.is_empty() => ty,
            (None, Some(ctype)) => self.table.intern(ctype).plain(),
            (None, None) if words.is_empty() => {
                return Err(self.error(start, "declaration specifier expected"));
            }
            _ => return Err(self.bad_type(start)),
        };
        let ty = self.table.qualify(ty, qual);
        let attrs = self.take_attrs(start, end);
        let ty = self.modified(ty, &attrs, start)?;
        Ok(Base { ty, storage, attrs })
    }

    fn bad_type(&self, at: usize) -> CdefError {
        self.error(at, INVALID)
    }

    fn named_type(&mut self, spec: &ast::TypeSpecifier, at: usize) -> Result<QualType, CdefError> {
        match spec {
            ast::TypeSpecifier::TypedefName(name) => self.typedef(&name.node.name, at),
            ast::TypeSpecifier::Struct(node) => self.record(&node.node, node.span.start),
            ast::TypeSpecifier::Enum(node) => self.enumeration(&node.node, node.span.start),
            ast::TypeSpecifier::Atomic(name) => self.type_name(name),
            ast::TypeSpecifier::TS18661Float(ast::TS18661FloatType {
                format: ast::TS18661FloatFormat::DecimalInterchange | ast::TS18661FloatFormat::DecimalExtended,
                width,
            }) => {
                // No arithmetic of ours: their bytes, with the size and alignment that C gives them.
                let elem = self.table.int(IntKind::UChar);
                Ok(self.table.intern(CType::Vector { elem, len: (*width / 8) as u32 }).plain())
            }
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
                    return Err(CdefError::of_no_place(format!("undeclared or implicit tag '{tag}'")));
                }
                (None, Some(tag)) => self.table.new_record(kind, Some(tag)),
                (None, None) => return Err(self.error(at, "'{' expected")),
            };
            return Ok(self.table.record_type(id).plain());
        };
        self.defines = true;
        let id = match known {
            Some(id) => id,
            None => self.table.new_record(kind, tag.as_deref()),
        };
        let head = self.take_head(at);
        let (whole, body) = self.body(id, kind, declarations, &head, at)?;
        record::complete(self.table, id, whole, body.fields())
            .map_err(|fault| self.fault(fault, at, tag.as_deref().unwrap_or_default()))?;
        if head.attrs.contains(&Attr::Transparent) {
            self.table.make_transparent(self.table.record_type(id));
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
    ) -> Result<(RecordBody, Body), CdefError> {
        self.constants.push(Named::default());
        let packed = head.attrs.contains(&Attr::Packed);
        let aligned = self.alignment(&head.attrs, at)?;
        let mut body = Body::default();
        body.start(id, kind, packed, aligned, head.pack);
        for text in &head.constants {
            self.record_constant(text, at).map_err(|error| self.first_wrong().unwrap_or(error))?;
        }
        for declaration in declarations {
            let ast::StructDeclaration::Field(field) = &declaration.node else { continue };
            self.fields(field, &mut body)?;
        }
        let constants = self.constants.pop().unwrap_or_default();
        let whole =
            body.finish(constants).map_err(|(fault, field)| self.fault(fault, field.unwrap_or(at), ""))?;
        Ok((whole, body))
    }

    fn fields(&mut self, field: &Node<ast::StructField>, body: &mut Body) -> Result<(), CdefError> {
        let (start, end) = (field.span.start, field.span.end);
        let declarators = &field.node.declarators;
        let split = declarators.first().map_or(end, |d| d.span.start);
        let base = self.specifiers(&field.node.specifiers, start, split)?;
        if declarators.is_empty() {
            // Transparent, if a record; an enum is there for its constants.
            if let CType::Record(_) = self.table.get(base.ty.id) {
                self.add_field(body, None, base.ty, None, &base.attrs, start)?;
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
            self.add_field(body, name.as_deref(), ty, width, &attrs, at)?;
        }
        Ok(())
    }

    fn add_field(
        &mut self,
        body: &mut Body,
        name: Option<&str>,
        ty: QualType,
        width: Option<i128>,
        attrs: &[Attr],
        at: usize,
    ) -> Result<(), CdefError> {
        let aligned = self.alignment(attrs, at)?;
        let packed = attrs.contains(&Attr::Packed);
        body.add(self.table, &Member { name, ty, width, aligned, packed, at })
            .map_err(|fault| self.fault(fault, at, name.unwrap_or_default()))
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
            let mut known = Named::default();
            for (name, constant) in self.constants.iter().flat_map(|scope| scope.all().iter()) {
                known.push(name, constant.clone());
            }
            let constant = super::expression_among(self.table, value.as_bytes(), &[], &known)
                .map_err(|e| self.error(at, e.message))?;
            let constant = self.converted(constant, read.ty, at)?;
            if let Some(scope) = self.constants.last_mut() {
                scope.push(&name, constant);
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
                    return Err(self.error(at, INVALID));
                }
                Some(read.ty.id)
            }
            None => None,
        };
        if node.enumerators.is_empty() {
            let id = match (known, &tag) {
                (Some(id), _) => id,
                (None, Some(tag)) if self.needs_tags => {
                    return Err(CdefError::of_no_place(format!("undeclared or implicit tag '{tag}'")));
                }
                (None, Some(tag)) => {
                    let underlying = base.unwrap_or_else(|| self.table.int(IntKind::UInt));
                    self.table.new_enum(Some(tag), underlying, None)
                }
                (None, None) => return Err(self.error(at, "'{' expected")),
            };
            return Ok(self.table.enum_type(id).plain());
        }
        self.defines = true;
        let constants = self.enumerators(&node.enumerators, base)?;
        let packed = head.attrs.contains(&Attr::Packed);
        let underlying =
            base.unwrap_or_else(|| self.table.int(enumeration::underlying(constants.all(), packed)));
        let id = enumeration::complete(self.table, known, tag.as_deref(), underlying, constants.all())
            .map_err(|fault| self.fault(fault, at, tag.as_deref().unwrap_or_default()))?;
        Ok(self.table.enum_type(id).plain())
    }

    fn enumerators(
        &mut self,
        list: &[Node<ast::Enumerator>],
        base: Option<CTypeId>,
    ) -> Result<Named<i128>, CdefError> {
        let mut constants = Named::default();
        let mut next = 0i128;
        for node in list {
            let at = node.span.start;
            if let Some(expression) = &node.node.expression {
                next = self.integer(expression)?;
            }
            let Some(kind) = enumeration::constant_kind(next) else { return Err(self.error(at, UNSIZED)) };
            let name = unmangle(&node.node.identifier.node.name);
            let constant = Constant::Int(next, base.unwrap_or(self.table.int(kind)));
            self.name(&name, Name::Constant(constant.clone()), at)?;
            if let Some(scope) = self.constants.last_mut() {
                scope.push(&name, constant);
            }
            constants.push(&name, next);
            next += 1;
        }
        Ok(constants)
    }
}

/// The part of a type that a word is; none for a word that stands alone.
fn part(spec: &ast::TypeSpecifier) -> Option<Part> {
    Some(match spec {
        ast::TypeSpecifier::Signed => Part::Signed,
        ast::TypeSpecifier::Unsigned => Part::Unsigned,
        ast::TypeSpecifier::Long => Part::Long,
        ast::TypeSpecifier::Short => Part::Short,
        ast::TypeSpecifier::Complex => Part::Complex,
        ast::TypeSpecifier::Void => Part::Basic(Basic::Void),
        ast::TypeSpecifier::Char => Part::Basic(Basic::Char),
        ast::TypeSpecifier::Int => Part::Basic(Basic::Int),
        ast::TypeSpecifier::Float => Part::Basic(Basic::Float),
        ast::TypeSpecifier::Double => Part::Basic(Basic::Double),
        ast::TypeSpecifier::Bool => Part::Basic(Basic::Bool),
        ast::TypeSpecifier::TS18661Float(float) => Part::Basic(match binary_float(float)? {
            FloatKind::Float => Basic::Float,
            FloatKind::Double => Basic::Double,
            kind => Basic::Other(kind),
        }),
        _ => return None,
    })
}

/// The type of `_FloatN` and `_FloatNx`, and of numbers with such a suffix; none for decimal ones.
pub(super) fn binary_float(float: &ast::TS18661FloatType) -> Option<FloatKind> {
    let is_extended = match float.format {
        ast::TS18661FloatFormat::BinaryInterchange => false,
        ast::TS18661FloatFormat::BinaryExtended => true,
        _ => return None,
    };
    Some(match (float.width, is_extended) {
        (16, false) => FloatKind::Float16,
        (32, false) => FloatKind::Float,
        (64, false) | (32, true) => FloatKind::Double,
        (128, false) => FloatKind::Float128,
        (64, true) => FloatKind::LongDouble,
        _ => return None,
    })
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
