//! Constant expressions, from lang-c's trees.

use lang_c::ast;
use lang_c::span::Node;

use super::declare::Converter;
use super::literal::{self, unmangle};
use super::specifier::binary_float;
use super::value::{self, Binary, Unary, is_true, literal_kind};
use super::{CdefError, TOO_DEEP, UNSIZED};
use crate::ctype::{ArrayLen, CType, Constant, FloatKind, IntKind, Name, Qual, QualType, compat};

/// Expressions in expressions; more is refused (the guards stop most before).
const DEPTH_MAX: u32 = 200;

impl Converter<'_> {
    /// The value of an expression that is an integer constant.
    pub(super) fn integer(&mut self, node: &Node<ast::Expression>) -> Result<i128, CdefError> {
        let value = self.evaluate(node, 0)?;
        self.as_integer(&value, node)
    }

    /// An expression's value where an integer is due.
    pub(super) fn as_integer(
        &self,
        value: &Constant,
        node: &Node<ast::Expression>,
    ) -> Result<i128, CdefError> {
        value::integer(self.table, value).ok_or_else(|| self.error(node.span.start, "invalid value"))
    }

    /// The value of a constant expression.
    pub(super) fn constant_of(&mut self, node: &Node<ast::Expression>) -> Result<Constant, CdefError> {
        self.evaluate(node, 0)
    }

    /// The type of an expression, for `typeof` and `sizeof`.
    pub(super) fn type_of(&mut self, node: &Node<ast::Expression>) -> Result<QualType, CdefError> {
        match &node.node {
            ast::Expression::Identifier(name) => match self.table.name(&unmangle(&name.node.name)) {
                Some(Name::Variable { ty, .. }) => Ok(*ty),
                Some(Name::Function { ty, .. }) => Ok(ty.plain()),
                _ => self.type_of_value(node),
            },
            ast::Expression::StringLiteral(literal) => {
                let (unit, n) = literal::units(&literal.node).ok_or_else(|| self.not_constant(node))?;
                let unit = self.table.int(unit).plain();
                Ok(self.table.array(unit, ArrayLen::Fixed(n + 1)).plain())
            }
            ast::Expression::Cast(cast) => self.type_name(&cast.node.type_name),
            ast::Expression::UnaryOperator(unary) => match unary.node.operator.node {
                ast::UnaryOperator::Address => {
                    let ty = self.type_of(&unary.node.operand)?;
                    Ok(self.table.pointer(ty).plain())
                }
                ast::UnaryOperator::Indirection => self.type_behind(&unary.node.operand, node),
                _ => self.type_of_value(node),
            },
            ast::Expression::Member(member) => {
                let mut ty = self.type_of(&member.node.expression)?;
                if let CType::Pointer(to) = self.table.get(ty.id) {
                    ty = to;
                }
                let CType::Record(id) = self.table.get(ty.id) else { return Err(self.not_constant(node)) };
                let name = unmangle(&member.node.identifier.node.name);
                self.table.find_field(id, &name).map(|f| f.ty).ok_or_else(|| self.not_constant(node))
            }
            ast::Expression::BinaryOperator(binary)
                if binary.node.operator.node == ast::BinaryOperator::Index =>
            {
                self.type_behind(&binary.node.lhs, node)
            }
            _ => self.type_of_value(node),
        }
    }

    /// The type of what `operand` leads to, for the expression that follows it.
    fn type_behind(
        &mut self,
        operand: &Node<ast::Expression>,
        node: &Node<ast::Expression>,
    ) -> Result<QualType, CdefError> {
        let ty = self.type_of(operand)?;
        match self.table.get(ty.id) {
            CType::Pointer(to) => Ok(to),
            CType::Array { elem, .. } => Ok(elem),
            _ => Err(self.not_constant(node)),
        }
    }

    /// The type of an expression whose value alone tells it.
    fn type_of_value(&mut self, node: &Node<ast::Expression>) -> Result<QualType, CdefError> {
        Ok(match self.evaluate(node, 0)? {
            Constant::Int(_, ty) | Constant::Float(_, ty) => ty.plain(),
            Constant::Str(bytes) => {
                let char = self.table.int(IntKind::Char).plain();
                self.table.array(char, ArrayLen::Fixed(bytes.len() as u64 + 1)).plain()
            }
        })
    }

    /// Constants are real.
    #[cold]
    fn imaginary(&self, node: &Node<ast::Expression>) -> CdefError {
        self.error(node.span.start, "malformed number")
    }

    #[cold]
    pub(super) fn not_constant(&self, node: &Node<ast::Expression>) -> CdefError {
        self.error(node.span.start, "unexpected symbol")
    }

    /// The value of an expression that lies `depth` others deep.
    pub(super) fn evaluate(
        &mut self,
        node: &Node<ast::Expression>,
        depth: u32,
    ) -> Result<Constant, CdefError> {
        if depth > DEPTH_MAX {
            return Err(self.error(node.span.start, TOO_DEEP));
        }
        let depth = depth + 1;
        match &node.node {
            ast::Expression::Constant(constant) => self.literal(&constant.node, node),
            ast::Expression::Identifier(name) => self.named(name),
            ast::Expression::StringLiteral(literal) => {
                let bytes = literal::bytes(literal.node.iter().map(String::as_str))
                    .ok_or_else(|| self.not_constant(node))?;
                Ok(Constant::Str(bytes.into()))
            }
            ast::Expression::SizeOfTy(size) => {
                let ty = self.type_name(&size.node.0)?;
                self.size_of(ty, node)
            }
            ast::Expression::SizeOfVal(size) => {
                let ty = self.type_of(&size.node.0)?;
                self.size_of(ty, node)
            }
            ast::Expression::AlignOf(align) => {
                let ty = self.type_name(&align.node.0)?;
                let n = self.table.align(ty.id).ok_or_else(|| self.not_constant(node))?;
                Ok(self.size_constant(n))
            }
            ast::Expression::OffsetOf(offset) => self.offset_of(&offset.node, node),
            ast::Expression::UnaryOperator(whole) => self.unary(&whole.node, node, depth),
            ast::Expression::Cast(cast) => {
                let ty = self.type_name(&cast.node.type_name)?;
                let value = self.evaluate(&cast.node.expression, depth)?;
                value::cast(self.table, value, ty).ok_or_else(|| self.not_constant(node))
            }
            ast::Expression::Conditional(whole) => self.conditional(&whole.node, depth),
            ast::Expression::BinaryOperator(whole) => self.binary(&whole.node, node, depth),
            ast::Expression::Comma(list) => match list.last() {
                Some(last) => self.evaluate(last, depth),
                None => Err(self.not_constant(node)),
            },
            ast::Expression::Call(call) => self.builtin(&call.node, node, depth),
            ast::Expression::GenericSelection(generic) => match self.selected(&generic.node)? {
                Some(expression) => self.evaluate(expression, depth),
                None => Err(self.not_constant(node)),
            },
            _ => Err(self.not_constant(node)),
        }
    }

    /// The constant that a name stands for: the table's, one of a record under way, a macro's.
    fn named(&mut self, node: &Node<ast::Identifier>) -> Result<Constant, CdefError> {
        let name = unmangle(&node.node.name);
        if let Some(Name::Constant(value)) = self.table.name(&name) {
            return Ok(value.clone());
        }
        let scoped = self.constants.iter().rev().find_map(|scope| scope.all().find(name.as_bytes()));
        if let Some(value) = scoped {
            return Ok(value.clone());
        }
        self.macro_value(&name).ok_or_else(|| self.error(node.span.start, "unexpected symbol"))
    }

    fn unary(
        &mut self,
        whole: &ast::UnaryOperatorExpression,
        node: &Node<ast::Expression>,
        depth: u32,
    ) -> Result<Constant, CdefError> {
        if whole.operator.node == ast::UnaryOperator::Address {
            // `&((T *)0)->member`, the old way to write `offsetof`.
            let n = self.address(&whole.operand, depth)?;
            return Ok(self.size_constant(n));
        }
        let value = self.evaluate(&whole.operand, depth)?;
        unary_operator(&whole.operator.node)
            .and_then(|operator| value::unary(self.table, operator, value))
            .ok_or_else(|| self.not_constant(node))
    }

    fn conditional(&mut self, whole: &ast::ConditionalExpression, depth: u32) -> Result<Constant, CdefError> {
        let test = self.evaluate(&whole.condition, depth)?;
        let (mut chosen, mut other) = (&whole.then_expression, &whole.else_expression);
        if !is_true(&test) {
            std::mem::swap(&mut chosen, &mut other);
        }
        let value = self.evaluate(chosen, depth)?;
        // The other side bears on the type only.
        match self.evaluate(other, depth) {
            Ok(other) => Ok(value::balanced(self.table, value, &other)),
            Err(_) => Ok(value),
        }
    }

    fn binary(
        &mut self,
        whole: &ast::BinaryOperatorExpression,
        node: &Node<ast::Expression>,
        depth: u32,
    ) -> Result<Constant, CdefError> {
        let operator = &whole.operator.node;
        let left = self.evaluate(&whole.lhs, depth)?;
        match operator {
            ast::BinaryOperator::LogicalAnd if !is_true(&left) => return Ok(self.truth(false)),
            ast::BinaryOperator::LogicalOr if is_true(&left) => return Ok(self.truth(true)),
            _ => {}
        }
        let right = self.evaluate(&whole.rhs, depth)?;
        let divides = matches!(operator, ast::BinaryOperator::Divide | ast::BinaryOperator::Modulo);
        if divides && matches!((&left, &right), (Constant::Int(..), Constant::Int(0, _))) {
            return Err(self.error(whole.rhs.span.start, "invalid value"));
        }
        binary_operator(operator)
            .and_then(|operator| value::binary(self.table, operator, &left, &right))
            .ok_or_else(|| self.not_constant(node))
    }

    /// The expression that a `_Generic` takes: that of the first type that fits, else its default.
    fn selected<'e>(
        &mut self,
        generic: &'e ast::GenericSelection,
    ) -> Result<Option<&'e Node<ast::Expression>>, CdefError> {
        let ty = self.type_of(&generic.expression)?;
        let ty = match self.table.get(ty.id) {
            CType::Array { elem, .. } => self.table.pointer(elem).plain(),
            CType::Function(_) => self.table.pointer(ty).plain(),
            _ => ty,
        };
        let mut default = None;
        for association in &generic.associations {
            match &association.node {
                ast::GenericAssociation::Default(expression) => {
                    default = default.or(Some(&**expression));
                }
                ast::GenericAssociation::Type(typed) => {
                    let its = self.type_name(&typed.node.type_name)?;
                    if its.qual == Qual::NONE && compat::compatible(self.table, its.id, ty.id) {
                        return Ok(Some(&typed.node.expression));
                    }
                }
            }
        }
        Ok(default)
    }

    pub(super) fn truth(&self, holds: bool) -> Constant {
        value::truth(self.table, holds)
    }

    pub(super) fn size_constant(&self, n: u64) -> Constant {
        value::size(self.table, n)
    }

    fn size_of(&self, ty: QualType, node: &Node<ast::Expression>) -> Result<Constant, CdefError> {
        value::size_of(self.table, ty).ok_or_else(|| self.error(node.span.start, UNSIZED))
    }

    fn literal(
        &mut self,
        constant: &ast::Constant,
        node: &Node<ast::Expression>,
    ) -> Result<Constant, CdefError> {
        match constant {
            ast::Constant::Integer(integer) if integer.suffix.imaginary => Err(self.imaginary(node)),
            ast::Constant::Float(float) if float.suffix.imaginary => Err(self.imaginary(node)),
            ast::Constant::Integer(integer) => {
                let radix = match integer.base {
                    ast::IntegerBase::Decimal => 10,
                    ast::IntegerBase::Octal => 8,
                    ast::IntegerBase::Hexadecimal => 16,
                    ast::IntegerBase::Binary => 2,
                };
                let digits: &str = &integer.number;
                let n = if digits.is_empty() { Ok(0) } else { u64::from_str_radix(digits, radix) };
                let n = n.map_err(|_| self.not_constant(node))?;
                let longs = match integer.suffix.size {
                    ast::IntegerSize::Int => 0,
                    ast::IntegerSize::Long => 1,
                    ast::IntegerSize::LongLong => 2,
                };
                let kind = literal_kind(n, radix == 10, longs, integer.suffix.unsigned);
                Ok(Constant::Int(n.into(), self.table.int(kind)))
            }
            ast::Constant::Float(float) => {
                let text: &str = &float.number;
                let x = match float.base {
                    ast::FloatBase::Decimal => text.parse::<f64>().ok(),
                    ast::FloatBase::Hexadecimal => hex_float(text),
                };
                let x = x.ok_or_else(|| self.not_constant(node))?;
                let kind = match &float.suffix.format {
                    ast::FloatFormat::Float => FloatKind::Float,
                    ast::FloatFormat::LongDouble => FloatKind::LongDouble,
                    // Decimal floats: no type of ours holds them.
                    ast::FloatFormat::TS18661Format(format) => {
                        binary_float(format).ok_or_else(|| self.not_constant(node))?
                    }
                    ast::FloatFormat::Double => FloatKind::Double,
                };
                Ok(Constant::Float(value::rounded(x, kind), self.table.intern(CType::Float(kind))))
            }
            ast::Constant::Character(_) => Err(self.not_constant(node)),
        }
    }

    fn offset_of(
        &mut self,
        offset: &ast::OffsetOfExpression,
        node: &Node<ast::Expression>,
    ) -> Result<Constant, CdefError> {
        let mut ty = self.type_name(&offset.type_name)?;
        let mut total = 0u64;
        let designator = &offset.designator.node;
        let mut step = |this: &mut Self, ty: QualType, name: &str| {
            let CType::Record(id) = this.table.get(ty.id) else { return Err(this.not_constant(node)) };
            let field = this.table.find_field(id, name).ok_or_else(|| this.not_constant(node))?;
            total += field.offset;
            Ok(field.ty)
        };
        ty = step(self, ty, &unmangle(&designator.base.node.name))?;
        let mut rest = 0u64;
        for member in &designator.members {
            match &member.node {
                ast::OffsetMember::Member(name) | ast::OffsetMember::IndirectMember(name) => {
                    ty = step(self, ty, &unmangle(&name.node.name))?;
                }
                ast::OffsetMember::Index(index) => {
                    let CType::Array { elem, .. } = self.table.get(ty.id) else {
                        return Err(self.not_constant(node));
                    };
                    let n = self.integer(index)?;
                    let size = self.table.size(elem.id).unwrap_or(0);
                    rest = rest.wrapping_add((n as u64).wrapping_mul(size));
                    ty = elem;
                }
            }
        }
        Ok(self.size_constant(total.wrapping_add(rest)))
    }

    /// The address of an lvalue that starts from a constant pointer, in bytes.
    fn address(&mut self, node: &Node<ast::Expression>, depth: u32) -> Result<u64, CdefError> {
        if depth > DEPTH_MAX {
            return Err(self.not_constant(node));
        }
        match &node.node {
            ast::Expression::Member(member) => {
                let m = &member.node;
                let ty = self.type_of(&m.expression)?;
                let (base, record) = match (&m.operator.node, self.table.get(ty.id)) {
                    (ast::MemberOperator::Indirect, CType::Pointer(to)) => {
                        match self.evaluate(&m.expression, depth + 1)? {
                            Constant::Int(n, _) => (n as u64, to),
                            _ => return Err(self.not_constant(node)),
                        }
                    }
                    (ast::MemberOperator::Direct, _) => (self.address(&m.expression, depth + 1)?, ty),
                    _ => return Err(self.not_constant(node)),
                };
                let CType::Record(id) = self.table.get(record.id) else {
                    return Err(self.not_constant(node));
                };
                let field = self.table.find_field(id, &unmangle(&m.identifier.node.name));
                Ok(base.wrapping_add(field.ok_or_else(|| self.not_constant(node))?.offset))
            }
            ast::Expression::UnaryOperator(unary)
                if unary.node.operator.node == ast::UnaryOperator::Indirection =>
            {
                match self.evaluate(&unary.node.operand, depth + 1)? {
                    Constant::Int(n, _) => Ok(n as u64),
                    _ => Err(self.not_constant(node)),
                }
            }
            _ => Err(self.not_constant(node)),
        }
    }
}

fn unary_operator(operator: &ast::UnaryOperator) -> Option<Unary> {
    Some(match operator {
        ast::UnaryOperator::Plus => Unary::Plus,
        ast::UnaryOperator::Minus => Unary::Minus,
        ast::UnaryOperator::Complement => Unary::Complement,
        ast::UnaryOperator::Negate => Unary::Not,
        _ => return None,
    })
}

fn binary_operator(operator: &ast::BinaryOperator) -> Option<Binary> {
    use ast::BinaryOperator as B;
    Some(match operator {
        B::LogicalOr => Binary::Or,
        B::LogicalAnd => Binary::And,
        B::BitwiseOr => Binary::BitOr,
        B::BitwiseXor => Binary::BitXor,
        B::BitwiseAnd => Binary::BitAnd,
        B::Equals => Binary::Equal,
        B::NotEquals => Binary::NotEqual,
        B::Less => Binary::Less,
        B::Greater => Binary::Greater,
        B::LessOrEqual => Binary::LessOrEqual,
        B::GreaterOrEqual => Binary::GreaterOrEqual,
        B::ShiftLeft => Binary::ShiftLeft,
        B::ShiftRight => Binary::ShiftRight,
        B::Plus => Binary::Plus,
        B::Minus => Binary::Minus,
        B::Multiply => Binary::Multiply,
        B::Divide => Binary::Divide,
        B::Modulo => Binary::Modulo,
        _ => return None,
    })
}

/// A hexadecimal float without its `0x`: `1.8p3`.
fn hex_float(text: &str) -> Option<f64> {
    let text = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")).unwrap_or(text);
    let (mantissa, exponent) = text.split_once(['p', 'P'])?;
    let exponent: i32 = exponent.parse().ok()?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let mut value = 0.0f64;
    for digit in whole.chars().chain(fraction.chars()) {
        value = value * 16.0 + f64::from(digit.to_digit(16)?);
    }
    let shift = exponent.checked_sub(4 * i32::try_from(fraction.len()).ok()?)?;
    Some(value * 2f64.powi(shift))
}
