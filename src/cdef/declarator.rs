//! Declarator -> ctype, inside out.

use std::rc::Rc;

use lang_c::ast;
use lang_c::span::Node;

use super::declare::Converter;
use super::dialect::Attr;
use super::literal::unmangle;
use super::{CdefError, INVALID, derive};
use crate::ctype::{ArrayLen, CType, Convention, Prototype, Qual, QualType};

/// A declarator applied to its base.
pub struct Declared {
    /// The name, unless it is abstract.
    pub name: Option<Rc<str>>,
    /// The type.
    pub ty: QualType,
}

impl Converter<'_> {
    /// Applies a declarator to its base type.
    pub(super) fn declarator(
        &mut self,
        base: QualType,
        declarator: &Node<ast::Declarator>,
    ) -> Result<Declared, CdefError> {
        let at = declarator.span.start;
        let mut ty = base;
        // Pointers come first and bind last; what follows the name binds from the right.
        for derived in &declarator.node.derived {
            match &derived.node {
                ast::DerivedDeclarator::Pointer(qualifiers) => {
                    let pointer = derive::pointer(self.table, ty);
                    let pointer = pointer.map_err(|message| self.error(derived.span.start, message))?;
                    ty = pointer.id.with(pointer_qualifiers(qualifiers));
                }
                ast::DerivedDeclarator::Block(_) => {
                    let reference = derive::reference(self.table, ty);
                    ty = reference.map_err(|message| self.error(derived.span.start, message))?;
                }
                _ => {}
            }
        }
        for derived in declarator.node.derived.iter().rev() {
            match &derived.node {
                ast::DerivedDeclarator::Array(array) => {
                    ty = self.array(ty, &array.node, derived.span.start)?
                }
                ast::DerivedDeclarator::Function(function) => {
                    ty = self.function(ty, &function.node, at)?;
                }
                ast::DerivedDeclarator::KRFunction(names) => match names.first() {
                    Some(name) => {
                        return Err(self.error(name.span.start, "declaration specifier expected"));
                    }
                    None => ty = self.function_type(ty, &[], false, &[], at)?,
                },
                _ => {}
            }
        }
        match &declarator.node.kind.node {
            ast::DeclaratorKind::Abstract => Ok(Declared { name: None, ty }),
            ast::DeclaratorKind::Identifier(name) => {
                Ok(Declared { name: Some(Rc::from(&*unmangle(&name.node.name))), ty })
            }
            ast::DeclaratorKind::Declarator(inner) => self.declarator(ty, inner),
        }
    }

    fn array(
        &mut self,
        elem: QualType,
        array: &ast::ArrayDeclarator,
        at: usize,
    ) -> Result<QualType, CdefError> {
        let len = match &array.size {
            ast::ArraySize::Unknown => ArrayLen::Unknown,
            ast::ArraySize::VariableUnknown => {
                // `*` is a parameter's.
                if let Err(closing) = self.is_question(at)
                    && self.parameters == 0
                {
                    return Err(self.error(closing, "unexpected symbol"));
                }
                ArrayLen::Variable
            }
            ast::ArraySize::VariableExpression(size) | ast::ArraySize::StaticExpression(size) => {
                let n = match self.constant_of(size) {
                    Ok(value) => self.as_integer(&value, size)?,
                    // A parameter's length may name another parameter; it is a pointer all the same.
                    Err(_) if self.parameters > 0 => {
                        return derive::array(self.table, elem, ArrayLen::Unknown)
                            .map_err(|message| self.error(at, message));
                    }
                    Err(error) => return Err(error),
                };
                derive::length(n).map_err(|message| self.error(at, message))?
            }
        };
        derive::array(self.table, elem, len).map_err(|message| self.error(at, message))
    }

    fn function(
        &mut self,
        result: QualType,
        function: &ast::FunctionDeclarator,
        at: usize,
    ) -> Result<QualType, CdefError> {
        let mut params = Vec::with_capacity(function.parameters.len());
        let mut names = Vec::with_capacity(params.capacity());
        for parameter in &function.parameters {
            let node = &parameter.node;
            let end = node.declarator.as_ref().map_or(parameter.span.end, |d| d.span.start);
            let base = self.specifiers(&node.specifiers, parameter.span.start, end)?;
            self.parameters += 1;
            let declared = match &node.declarator {
                Some(declarator) => self.declarator(base.ty, declarator),
                None => Ok(Declared { name: None, ty: base.ty }),
            };
            self.parameters -= 1;
            let declared = declared?;
            let attrs = self.take_attrs(parameter.span.start, parameter.span.end + 2);
            let ty = self.modified(declared.ty, &attrs, parameter.span.start)?;
            let is_void = matches!(self.table.get(ty.id), CType::Void);
            if is_void {
                // `(void)`, and nothing else, is an empty list.
                let alone =
                    function.parameters.len() == 1 && declared.name.is_none() && ty.qual == Qual::NONE;
                if !alone {
                    return Err(self.error(parameter.span.start, INVALID));
                }
                continue;
            }
            params.push(derive::parameter(self.table, ty));
            names.push(declared.name);
        }
        let variadic = function.ellipsis == ast::Ellipsis::Some;
        let names: Vec<&str> = names.iter().map(|name| name.as_deref().unwrap_or_default()).collect();
        self.function_type(result, &params, variadic, &names, at)
    }

    fn function_type(
        &mut self,
        result: QualType,
        params: &[QualType],
        variadic: bool,
        names: &[&str],
        at: usize,
    ) -> Result<QualType, CdefError> {
        derive::function(self.table, result, params, variadic, names)
            .map_err(|message| self.error(at, message))
    }

    /// The function type `ty` is, or leads to, with the convention that an attribute names.
    pub(super) fn with_convention(&mut self, ty: QualType, attrs: &[Attr]) -> QualType {
        let wanted = attrs.iter().find_map(|a| match a {
            Attr::MsAbi => Some(Convention::MsAbi),
            Attr::SysvAbi => Some(Convention::SysvAbi),
            _ => None,
        });
        let Some(convention) = wanted else { return ty };
        // System V is the platform's own wherever it has an attribute, but for Windows. The other means nothing but on x86-64.
        if convention == Convention::SysvAbi && !cfg!(windows)
            || convention == Convention::MsAbi && (cfg!(windows) || !cfg!(target_arch = "x86_64"))
        {
            return ty;
        }
        match self.table.get(ty.id) {
            CType::Function(id) => {
                let function = self.table.function(id).to_function();
                let prototype = Prototype { convention, ..function.prototype() };
                let names = self.table.param_names(id);
                self.table.function_type(prototype, &names.all()).with(ty.qual)
            }
            CType::Pointer(to) => {
                let to = self.with_convention(to, attrs);
                self.table.pointer(to).with(ty.qual)
            }
            _ => ty,
        }
    }
}

fn pointer_qualifiers(qualifiers: &[Node<ast::PointerQualifier>]) -> Qual {
    qualifiers.iter().fold(Qual::NONE, |qual, node| match &node.node {
        ast::PointerQualifier::TypeQualifier(q) => qual.union(qualifier(&q.node)),
        ast::PointerQualifier::Extension(_) => qual,
    })
}

/// A qualifier that we keep.
pub(super) fn qualifier(qualifier: &ast::TypeQualifier) -> Qual {
    match qualifier {
        ast::TypeQualifier::Const => Qual::CONST,
        ast::TypeQualifier::Volatile => Qual::VOLATILE,
        _ => Qual::NONE,
    }
}
