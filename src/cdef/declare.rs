//! Declaration -> names in the table: typedefs, functions, variables, constants.

use std::rc::Rc;

use lang_c::ast;
use lang_c::span::Node;

use super::dialect::{Attr, Head, Piece, Rewriter};
use super::syntax::Sort;
use super::{CdefError, Fault, INVALID, Param, define, derive, names, tree, value};
use crate::ctype::{CType, CTypeTable, Constant, Name, Named, QualType};

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
    pub(super) constants: Vec<Named<Constant>>,
    /// How many parameter lists we are in.
    pub(super) parameters: u32,
    /// Must tags be known? They must in a bare type.
    pub(super) needs_tags: bool,
    /// Was a record or enum given a body?
    pub defines: bool,
}

impl<'a> Converter<'a> {
    /// The same, knowing some constants already.
    pub fn with_constants(mut self, constants: &Named<Constant>) -> Converter<'a> {
        self.constants.push(constants.clone());
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

    /// Does LuaJIT's `?` stand behind the `[` at an offset, for which lang-c has a `*`? If not, the offset of the `]`.
    pub(super) fn is_question(&self, at: usize) -> Result<(), usize> {
        let offset = at.saturating_sub(self.before) as u32;
        let from = self.piece.map.partition_point(|&(o, _)| o <= offset);
        for &(offset, index) in &self.piece.map[from..] {
            match self.rewriter.user_token(index as usize).text {
                "?" => return Ok(()),
                "]" => return Err(offset as usize + self.before),
                _ => {}
            }
        }
        Err(at)
    }

    /// An error at the first token of the piece that cannot stand where it does. (Texts that `dialect` keeps aside lang-c has not seen.)
    pub(super) fn first_wrong(&self) -> Option<CdefError> {
        tree::first_wrong(self.table, self.rewriter, &self.piece, Sort::Declaration)
    }

    /// "attempt to redefine".
    pub(super) fn redefined(&self, at: usize, name: &str) -> CdefError {
        let mut error = self.error(at, format!("attempt to redefine '{name}'"));
        error.near = None;
        error
    }

    /// An error about what is declared as `name`.
    pub(super) fn fault(&self, fault: Fault, at: usize, name: &str) -> CdefError {
        match fault {
            Fault::Said(message) => self.error(at, message),
            Fault::Redefined => self.redefined(at, name),
        }
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
                    let align = self.alignment(&attrs, at)?;
                    let ty = derive::aligned(self.table, ty, align);
                    if declarator.node.initializer.is_some() {
                        return Err(self.error(at, "';' expected"));
                    }
                    if attrs.contains(&Attr::Transparent) {
                        self.table.make_transparent(ty.id);
                    }
                    self.name(&name, Name::Typedef(ty), at)?;
                }
                storage => {
                    self.check_alignment(&attrs, at)?;
                    self.object(&name, ty, label, storage.as_ref(), &declarator.node, at)?;
                }
            }
        }
        Ok(())
    }

    /// A function, variable or constant.
    fn object(
        &mut self,
        name: &str,
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
            return Err(self.error(at, INVALID));
        }
        let is_static = storage == Some(&ast::StorageClassSpecifier::Static);
        match &declarator.initializer {
            Some(Node { node: ast::Initializer::Expression(expression), .. })
                if ty.qual.is_const() || is_static =>
            {
                let value = self.constant_of(expression)?;
                let value = self.converted(value, ty, at)?;
                self.name(name, Name::Constant(value), at)
            }
            Some(Node { node: ast::Initializer::Expression(expression), .. })
                if matches!(self.table.get(ty.id), CType::Array { .. }) =>
            {
                match self.constant_of(expression)? {
                    text @ Constant::Str(_) => self.name(name, Name::Constant(text), at),
                    _ => Err(self.error(at, INVALID)),
                }
            }
            None if is_static => Err(self.error(at, "bad storage class")),
            _ => self.name(name, Name::Variable { ty, symbol }, at),
        }
    }

    /// A constant as a declared type holds it.
    pub(super) fn converted(&self, value: Constant, ty: QualType, at: usize) -> Result<Constant, CdefError> {
        value::converted(self.table, value, ty).ok_or_else(|| self.error(at, INVALID))
    }

    /// Enters a name; the same meaning again is fine, another is not.
    pub(super) fn name(&mut self, name: &str, what: Name, at: usize) -> Result<(), CdefError> {
        match names::enter(self.table, name, what) {
            true => Ok(()),
            false => Err(self.redefined(at, name)),
        }
    }
}
