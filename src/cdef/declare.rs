//! Declaration -> names in the table: typedefs, functions, variables, constants.

use std::rc::Rc;

use lang_c::ast;
use lang_c::span::Node;

use super::dialect::{Attr, Head, Piece, Rewriter};
use super::{CdefError, Param, define};
use crate::ctype::{CType, CTypeTable, Constant, Name, QualType};

/// Turns the declarations of one piece into ctypes and names.
pub struct Converter<'a> {
    pub(super) table: &'a mut CTypeTable,
    rewriter: &'a Rewriter<'a>,
    piece: Piece,
    /// Bytes of lang-c's text before the piece's.
    before: usize,
    /// Attributes taken already.
    taken: Vec<bool>,
    /// Constants of the records under way, innermost last.
    pub(super) constants: Vec<Vec<(Rc<str>, Constant)>>,
    /// How many parameter lists we are in.
    pub(super) parameters: u32,
    /// Must tags be known? They must in a bare type.
    pub(super) needs_tags: bool,
    /// Was a record or enum given a body?
    pub defines: bool,
}

impl<'a> Converter<'a> {
    /// The same, knowing some constants already.
    pub fn with_constants(mut self, constants: &[(Rc<str>, Constant)]) -> Converter<'a> {
        self.constants.push(constants.to_vec());
        self
    }

    /// A converter for a piece whose text lies `before` bytes into lang-c's.
    pub fn new(
        table: &'a mut CTypeTable,
        rewriter: &'a Rewriter<'a>,
        piece: Piece,
        before: usize,
    ) -> Converter<'a> {
        let taken = vec![false; piece.attrs.len()];
        Converter {
            table,
            rewriter,
            piece,
            before,
            taken,
            constants: Vec::new(),
            parameters: 0,
            needs_tags: false,
            defines: false,
        }
    }

    /// An error at an offset of lang-c's text.
    pub(super) fn error(&self, at: usize, message: impl Into<String>) -> CdefError {
        let offset = at.saturating_sub(self.before) as u32;
        let entry = self.piece.map.partition_point(|&(o, _)| o <= offset).saturating_sub(1);
        let index = self.piece.map.get(entry).map_or(usize::MAX, |&(_, i)| i as usize);
        self.rewriter.error_at(index, message)
    }

    /// An error that says all there is to say.
    pub(super) fn plain_error(&self, message: String) -> CdefError {
        CdefError { message, near: None, place: None }
    }

    /// "attempt to redefine".
    pub(super) fn redefined(&self, at: usize, name: &str) -> CdefError {
        let mut error = self.error(at, format!("attempt to redefine '{name}'"));
        error.near = None;
        error
    }

    /// The attributes between two offsets that are not taken yet.
    pub(super) fn take_attrs(&mut self, from: usize, to: usize) -> Vec<Attr> {
        if self.piece.attrs.is_empty() {
            return Vec::new();
        }
        // An attribute is noted at the end of the text before it, one short of the token that follows.
        let from = from.saturating_sub(self.before + 1) as u32;
        let to = to.saturating_sub(self.before + 1) as u32;
        let first = self.piece.attrs.partition_point(|a| a.0 < from);
        let mut found = Vec::new();
        for i in first..self.piece.attrs.len() {
            let (offset, attr) = &self.piece.attrs[i];
            if *offset >= to {
                break;
            }
            if !self.taken[i] {
                self.taken[i] = true;
                found.push(attr.clone());
            }
        }
        found
    }

    /// What stands around the `struct`, `union` or `enum` at an offset.
    pub(super) fn take_head(&mut self, at: usize) -> Head {
        let offset = at.saturating_sub(self.before) as u32;
        self.piece.heads.remove(&offset).unwrap_or_default()
    }

    /// The type that a parameter's name stands for.
    pub(super) fn param_type(&self, name: &str) -> Option<QualType> {
        let i: usize = name.strip_prefix("__cdata_param_")?.parse().ok()?;
        match self.rewriter.params.get(i) {
            Some(Param::Type(ty)) => Some(*ty),
            _ => None,
        }
    }

    /// The value of a macro that is a constant.
    pub(super) fn macro_value(&mut self, name: &str) -> Option<Constant> {
        define::value(self.table, &self.rewriter.macros, name)
    }

    /// A declaration at file scope.
    pub fn external(&mut self, node: &Node<ast::ExternalDeclaration>) -> Result<(), CdefError> {
        match &node.node {
            ast::ExternalDeclaration::Declaration(declaration) => self.declaration(declaration),
            ast::ExternalDeclaration::StaticAssert(_) => Ok(()),
            ast::ExternalDeclaration::FunctionDefinition(definition) => {
                Err(self.error(definition.span.start, "';' expected"))
            }
        }
    }

    /// A type that stands alone: its tags must be known.
    pub fn bare_type(&mut self, name: &Node<ast::TypeName>) -> Result<QualType, CdefError> {
        self.needs_tags = true;
        self.type_name(name)
    }

    fn declaration(&mut self, node: &Node<ast::Declaration>) -> Result<(), CdefError> {
        let (start, end) = (node.span.start, node.span.end);
        let declarators = &node.node.declarators;
        let split = declarators.first().map_or(end, |d| d.span.start);
        let base = self.specifiers(&node.node.specifiers, start, split)?;
        if declarators.is_empty() {
            let is_tagged = matches!(self.table.get(base.ty.id), CType::Record(_) | CType::Enum(_));
            if !is_tagged && base.storage != Some(ast::StorageClassSpecifier::Typedef) {
                return Err(self.error(end.saturating_sub(1), "'<identifier>' expected"));
            }
            return Ok(());
        }
        for (i, declarator) in declarators.iter().enumerate() {
            let at = declarator.span.start;
            let to = declarators.get(i + 1).map_or(end, |d| d.span.start);
            let declared = self.declarator(base.ty, &declarator.node.declarator)?;
            let mut attrs = self.take_attrs(at, to);
            let ty = self.modified(declared.ty, &attrs, at)?;
            let label = attrs.iter().find_map(|a| match a {
                Attr::Asm(name) => Some(Rc::<str>::from(name.as_str())),
                _ => None,
            });
            attrs.extend(base.attrs.iter().cloned());
            let ty = self.with_convention(ty, &attrs);
            let Some(name) = declared.name else {
                return Err(self.error(at, "'<identifier>' expected"));
            };
            // Overloads have symbols of their own, which only clang can name: the first one stands for all.
            if attrs.contains(&Attr::Overloadable)
                && matches!(self.table.name(&name), Some(Name::Function { .. }))
            {
                continue;
            }
            match &base.storage {
                Some(ast::StorageClassSpecifier::Typedef) => {
                    let ty = match self.alignment(&attrs, at)? {
                        Some(align) if self.table.size(ty.id).is_some() => {
                            self.table.with_align(ty.id, align as u32).with(ty.qual)
                        }
                        _ => ty,
                    };
                    if declarator.node.initializer.is_some() {
                        return Err(self.error(at, "';' expected"));
                    }
                    self.name(name, Name::Typedef(ty), at)?;
                }
                storage => self.object(name, ty, label, storage.as_ref(), &declarator.node, at)?,
            }
        }
        Ok(())
    }

    /// A function, variable or constant.
    fn object(
        &mut self,
        name: Rc<str>,
        ty: QualType,
        symbol: Option<Rc<str>>,
        storage: Option<&ast::StorageClassSpecifier>,
        declarator: &ast::InitDeclarator,
        at: usize,
    ) -> Result<(), CdefError> {
        if let CType::Function(_) = self.table.get(ty.id) {
            return self.name(name, Name::Function { ty: ty.id, symbol }, at);
        }
        if let CType::Void = self.table.get(ty.id) {
            return Err(self.error(at, "invalid C type"));
        }
        let is_static = storage == Some(&ast::StorageClassSpecifier::Static);
        match &declarator.initializer {
            Some(Node { node: ast::Initializer::Expression(expression), .. })
                if ty.qual.is_const() || is_static =>
            {
                let value = self.constant_of(expression)?;
                let value = self.converted(value, ty, at)?;
                self.constant(name, value, at)
            }
            Some(Node { node: ast::Initializer::Expression(expression), .. })
                if matches!(self.table.get(ty.id), CType::Array { .. }) =>
            {
                match self.constant_of(expression)? {
                    text @ Constant::Str(_) => self.constant(name, text, at),
                    _ => Err(self.error(at, "invalid C type")),
                }
            }
            None if is_static => Err(self.error(at, "bad storage class")),
            _ => self.name(name, Name::Variable { ty, symbol }, at),
        }
    }

    /// A constant as a declared type holds it.
    pub(super) fn converted(
        &mut self,
        value: Constant,
        ty: QualType,
        at: usize,
    ) -> Result<Constant, CdefError> {
        let ctype = self.table.get(ty.id);
        Ok(match (value, ctype) {
            (Constant::Str(bytes), CType::Array { .. } | CType::Pointer(_)) => Constant::Str(bytes),
            (Constant::Int(n, _), CType::Float(_)) => Constant::Float(n as f64, ty.id),
            (Constant::Float(x, _), CType::Float(crate::ctype::FloatKind::Float)) => {
                Constant::Float((x as f32).into(), ty.id)
            }
            (Constant::Float(x, _), CType::Float(_)) => Constant::Float(x, ty.id),
            (Constant::Int(n, _), CType::Bool) => Constant::Int((n != 0).into(), ty.id),
            (Constant::Int(n, _), _) if self.table.integer_kind(ty.id).is_some() => {
                Constant::Int(self.wrap(n, ty.id), ty.id)
            }
            (Constant::Float(x, _), _) if self.table.integer_kind(ty.id).is_some() => {
                // Beyond the type C leaves it open; GCC takes the nearest value when it folds.
                let bits = self.table.size(ty.id).unwrap_or(8) * 8;
                let signed = self.table.integer_kind(ty.id).is_some_and(crate::target::int_is_signed);
                let (low, high) = match (bits, signed) {
                    (128.., _) => (i128::MIN, i128::MAX),
                    (_, true) => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
                    (_, false) => (0, (1i128 << bits) - 1),
                };
                Constant::Int((x as i128).clamp(low, high), ty.id)
            }
            _ => return Err(self.error(at, "invalid C type")),
        })
    }

    /// Enters a constant; the same one again is fine.
    pub(super) fn constant(&mut self, name: Rc<str>, value: Constant, at: usize) -> Result<(), CdefError> {
        self.name(name, Name::Constant(value), at)
    }

    /// Enters a name; the same meaning again is fine, another is not.
    fn name(&mut self, name: Rc<str>, what: Name, at: usize) -> Result<(), CdefError> {
        let Some(old) = self.table.name(&name) else {
            self.table.insert_name(name, what);
            return Ok(());
        };
        let same = match (old, &what) {
            (Name::Typedef(a), Name::Typedef(b)) => equivalent(self.table, *a, *b, 0),
            (Name::Function { ty: a, .. }, Name::Function { ty: b, .. }) => {
                equivalent(self.table, a.plain(), b.plain(), 0)
            }
            (Name::Variable { ty: a, .. }, Name::Variable { ty: b, .. }) => {
                equivalent_object(self.table, *a, *b)
            }
            (Name::Constant(a), Name::Constant(b)) => a == b || same_value(a, b),
            _ => false,
        };
        if same {
            return Ok(());
        }
        if self.table.replace_predefined(&name, &what) {
            return Ok(());
        }
        Err(self.redefined(at, &name))
    }
}

fn same_value(a: &Constant, b: &Constant) -> bool {
    matches!((a, b), (Constant::Int(x, _), Constant::Int(y, _)) if x == y)
}

/// Are two declarations of a variable one? An array may learn its length.
fn equivalent_object(table: &CTypeTable, a: QualType, b: QualType) -> bool {
    if equivalent(table, a, b, 0) {
        return true;
    }
    match (table.get(a.id), table.get(b.id)) {
        (CType::Array { elem: x, .. }, CType::Array { elem: y, .. }) => equivalent(table, x, y, 0),
        _ => false,
    }
}

/// How deep types are compared; what is deeper counts as different.
const COMPARE_DEPTH: u32 = 64;

/// Do two types mean the same: one type, or two whose parts mean the same (a record without a tag, declared again)?
pub fn equivalent(table: &CTypeTable, a: QualType, b: QualType, depth: u32) -> bool {
    if a == b {
        return true;
    }
    if a.qual != b.qual || depth > COMPARE_DEPTH || table.align(a.id) != table.align(b.id) {
        return false;
    }
    let deeper = |x, y| equivalent(table, x, y, depth + 1);
    match (table.get(a.id), table.get(b.id)) {
        (CType::Pointer(x), CType::Pointer(y)) | (CType::Reference(x), CType::Reference(y)) => deeper(x, y),
        (CType::Array { elem: x, len: m }, CType::Array { elem: y, len: n }) => m == n && deeper(x, y),
        (CType::Function(x), CType::Function(y)) => {
            let (x, y) = (table.function(x), table.function(y));
            x.variadic == y.variadic
                && x.convention == y.convention
                && x.params.len() == y.params.len()
                && deeper(x.result, y.result)
                && x.params.iter().zip(&y.params).all(|(p, q)| deeper(*p, *q))
        }
        (CType::Record(x), CType::Record(y)) => {
            let (x, y) = (table.record(x), table.record(y));
            let (Some(p), Some(q)) = (&x.body, &y.body) else { return false };
            x.kind == y.kind
                && x.tag.is_none()
                && y.tag.is_none()
                && p.size == q.size
                && p.align == q.align
                && p.fields.len() == q.fields.len()
                && p.fields.iter().zip(&q.fields).all(|(f, g)| {
                    f.name == g.name && f.offset == g.offset && f.bits == g.bits && deeper(f.ty, g.ty)
                })
        }
        (CType::Enum(x), CType::Enum(y)) => {
            let (x, y) = (table.enumeration(x), table.enumeration(y));
            x.tag.is_none() && y.tag.is_none() && x.underlying == y.underlying && x.constants == y.constants
        }
        // Two words for one integer, as headers and our predefined names may use them.
        (CType::Int(_), CType::Int(_)) => a.qual == b.qual && crate::ctype::compat::is_type(table, a, b),
        _ => false,
    }
}
