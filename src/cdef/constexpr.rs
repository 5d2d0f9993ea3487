//! Constant expressions: C's arithmetic on values that know their type.

use lang_c::ast;
use lang_c::span::Node;

use super::CdefError;
use super::declare::Converter;
use super::literal::{self, unmangle};
use crate::ctype::{ArrayLen, CType, CTypeId, Constant, FloatKind, IntKind, Name, Qual, QualType, compat};
use crate::target;

/// Expressions in expressions; more is refused (the guards stop most before).
const DEPTH_MAX: u32 = 200;

impl Converter<'_> {
    /// The value of an expression that is an integer constant.
    pub(super) fn integer(&mut self, node: &Node<ast::Expression>) -> Result<i128, CdefError> {
        match self.evaluate(node, 0)? {
            Constant::Int(n, _) => Ok(n),
            // LuaJIT has no floats here; C truncates where it allows them.
            Constant::Float(x, _) => Ok(x as i128),
            Constant::Str(_) => Err(self.not_constant(node)),
        }
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
                _ => {
                    let value = self.evaluate(node, 0)?;
                    Ok(self.type_of_constant(&value))
                }
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
                ast::UnaryOperator::Indirection => {
                    let ty = self.type_of(&unary.node.operand)?;
                    match self.table.get(ty.id) {
                        CType::Pointer(to) => Ok(to),
                        CType::Array { elem, .. } => Ok(elem),
                        _ => Err(self.not_constant(node)),
                    }
                }
                _ => {
                    let value = self.evaluate(node, 0)?;
                    Ok(self.type_of_constant(&value))
                }
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
                let ty = self.type_of(&binary.node.lhs)?;
                match self.table.get(ty.id) {
                    CType::Pointer(to) => Ok(to),
                    CType::Array { elem, .. } => Ok(elem),
                    _ => Err(self.not_constant(node)),
                }
            }
            _ => {
                let value = self.evaluate(node, 0)?;
                Ok(self.type_of_constant(&value))
            }
        }
    }

    fn type_of_constant(&mut self, value: &Constant) -> QualType {
        match value {
            Constant::Int(_, ty) | Constant::Float(_, ty) => ty.plain(),
            Constant::Str(bytes) => {
                let char = self.table.int(IntKind::Char).plain();
                self.table.array(char, ArrayLen::Fixed(bytes.len() as u64 + 1)).plain()
            }
        }
    }

    #[cold]
    pub(super) fn not_constant(&self, node: &Node<ast::Expression>) -> CdefError {
        self.error(node.span.start, "unexpected symbol")
    }

    pub(super) fn evaluate(
        &mut self,
        node: &Node<ast::Expression>,
        depth: u32,
    ) -> Result<Constant, CdefError> {
        if depth > DEPTH_MAX {
            return Err(self.error(node.span.start, "chunk has too many syntax levels"));
        }
        let depth = depth + 1;
        match &node.node {
            ast::Expression::Constant(constant) => self.literal(&constant.node, node),
            ast::Expression::Identifier(name_node) => {
                let name = unmangle(&name_node.node.name);
                match self.table.name(&name) {
                    Some(Name::Constant(value)) => Ok(value.clone()),
                    _ => {
                        let scoped = self.constants.iter().rev().flatten().find(|(n, _)| **n == *name);
                        if let Some((_, value)) = scoped {
                            return Ok(value.clone());
                        }
                        let at = name_node.span.start;
                        self.macro_value(&name).ok_or_else(|| self.error(at, "unexpected symbol"))
                    }
                }
            }
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
            ast::Expression::UnaryOperator(unary) => {
                if unary.node.operator.node == ast::UnaryOperator::Address {
                    // `&((T *)0)->member`, the old way to write `offsetof`.
                    let n = self.address(&unary.node.operand, depth)?;
                    return Ok(self.size_constant(n));
                }
                let value = self.evaluate(&unary.node.operand, depth)?;
                self.unary(&unary.node.operator.node, value, node)
            }
            ast::Expression::Cast(cast) => {
                let ty = self.type_name(&cast.node.type_name)?;
                let value = self.evaluate(&cast.node.expression, depth)?;
                self.cast(value, ty, node)
            }
            ast::Expression::Conditional(conditional) => {
                let c = &conditional.node;
                let test = self.evaluate(&c.condition, depth)?;
                let chosen = if is_true(&test) { &c.then_expression } else { &c.else_expression };
                let other = if is_true(&test) { &c.else_expression } else { &c.then_expression };
                let value = self.evaluate(chosen, depth)?;
                // The other side bears on the type only.
                match self.evaluate(other, depth) {
                    Ok(other) => Ok(self.balanced(value, &other)),
                    Err(_) => Ok(value),
                }
            }
            ast::Expression::BinaryOperator(binary) => {
                let b = &binary.node;
                let left = self.evaluate(&b.lhs, depth)?;
                match b.operator.node {
                    ast::BinaryOperator::LogicalAnd if !is_true(&left) => return Ok(self.truth(false)),
                    ast::BinaryOperator::LogicalOr if is_true(&left) => return Ok(self.truth(true)),
                    _ => {}
                }
                let right = self.evaluate(&b.rhs, depth)?;
                self.binary(&b.operator.node, left, right, node)
            }
            ast::Expression::Comma(list) => match list.last() {
                Some(last) => self.evaluate(last, depth),
                None => Err(self.not_constant(node)),
            },
            ast::Expression::Call(call) => self.builtin(&call.node, node, depth),
            ast::Expression::GenericSelection(generic) => {
                let ty = self.type_of(&generic.node.expression)?;
                let ty = match self.table.get(ty.id) {
                    CType::Array { elem, .. } => self.table.pointer(elem).plain(),
                    CType::Function(_) => self.table.pointer(ty).plain(),
                    _ => ty,
                };
                let mut chosen = None;
                for association in &generic.node.associations {
                    match &association.node {
                        ast::GenericAssociation::Default(expression) => {
                            chosen = chosen.or(Some(expression));
                        }
                        ast::GenericAssociation::Type(typed) => {
                            let its = self.type_name(&typed.node.type_name)?;
                            if its.qual == Qual::NONE && compat::compatible(self.table, its.id, ty.id) {
                                chosen = Some(&typed.node.expression);
                                break;
                            }
                        }
                    }
                }
                match chosen {
                    Some(expression) => self.evaluate(expression, depth),
                    None => Err(self.not_constant(node)),
                }
            }
            _ => Err(self.not_constant(node)),
        }
    }

    pub(super) fn truth(&mut self, holds: bool) -> Constant {
        Constant::Int(holds.into(), self.table.int(IntKind::Int))
    }

    pub(super) fn size_constant(&mut self, n: u64) -> Constant {
        Constant::Int(n.into(), self.table.int(target::UINTPTR))
    }

    pub(super) fn size_of(
        &mut self,
        ty: QualType,
        node: &Node<ast::Expression>,
    ) -> Result<Constant, CdefError> {
        match self.table.size(ty.id) {
            Some(n) => Ok(self.size_constant(n)),
            // GNU's: void and functions count as one byte.
            None if matches!(self.table.get(ty.id), CType::Void | CType::Function(_)) => {
                Ok(self.size_constant(1))
            }
            None => Err(self.error(node.span.start, "size of C type is unknown or too large")),
        }
    }

    fn literal(
        &mut self,
        constant: &ast::Constant,
        node: &Node<ast::Expression>,
    ) -> Result<Constant, CdefError> {
        match constant {
            ast::Constant::Integer(integer) => {
                let radix = match integer.base {
                    ast::IntegerBase::Decimal => 10,
                    ast::IntegerBase::Octal => 8,
                    ast::IntegerBase::Hexadecimal => 16,
                    ast::IntegerBase::Binary => 2,
                };
                let digits: &str = &integer.number;
                let n = if digits.is_empty() { Ok(0) } else { u128::from_str_radix(digits, radix) };
                let n = n.ok().filter(|&n| n <= u64::MAX.into()).ok_or_else(|| self.not_constant(node))?;
                let kind =
                    literal_kind(n, radix == 10, &integer.suffix).ok_or_else(|| self.not_constant(node))?;
                Ok(Constant::Int(n as i128, self.table.int(kind)))
            }
            ast::Constant::Float(float) => {
                let text: &str = &float.number;
                let x = match float.base {
                    ast::FloatBase::Decimal => text.parse::<f64>().ok(),
                    ast::FloatBase::Hexadecimal => hex_float(text),
                };
                let x = x.ok_or_else(|| self.not_constant(node))?;
                let kind = match float.suffix.format {
                    ast::FloatFormat::Float => FloatKind::Float,
                    ast::FloatFormat::LongDouble => FloatKind::LongDouble,
                    // Decimal floats: no type of ours holds them.
                    ast::FloatFormat::TS18661Format(ast::TS18661FloatType {
                        format:
                            ast::TS18661FloatFormat::DecimalInterchange | ast::TS18661FloatFormat::DecimalExtended,
                        ..
                    }) => return Err(self.not_constant(node)),
                    _ => FloatKind::Double,
                };
                let x = if kind == FloatKind::Float { f64::from(x as f32) } else { x };
                Ok(Constant::Float(x, self.table.intern(CType::Float(kind))))
            }
            ast::Constant::Character(_) => Err(self.not_constant(node)),
        }
    }

    /// `n` as a value of an integer type, wrapped.
    pub(super) fn wrap(&self, n: i128, ty: CTypeId) -> i128 {
        let Some(kind) = self.table.integer_kind(ty) else { return n };
        let bits = target::int_size(kind) * 8;
        if bits >= 128 {
            return n;
        }
        let unused = 128 - bits;
        if target::int_is_signed(kind) {
            (n << unused) >> unused
        } else {
            (((n as u128) << unused) >> unused) as i128
        }
    }

    fn cast(
        &mut self,
        value: Constant,
        ty: QualType,
        node: &Node<ast::Expression>,
    ) -> Result<Constant, CdefError> {
        match self.table.get(ty.id) {
            CType::Pointer(_) => match value {
                // Addresses: `(void *)0`, `(char *)-1`.
                Constant::Int(n, _) => {
                    let word = self.table.int(target::UINTPTR);
                    Ok(Constant::Int(self.wrap(n, word), word))
                }
                other => Ok(other),
            },
            CType::Enum(_) => match value {
                Constant::Int(n, _) => Ok(Constant::Int(self.wrap(n, ty.id), ty.id)),
                _ => Err(self.not_constant(node)),
            },
            CType::Void => Err(self.not_constant(node)),
            _ => self.converted(value, ty, node.span.start),
        }
    }

    /// The type after C's integer promotions.
    fn promoted(&mut self, ty: CTypeId) -> IntKind {
        match self.table.integer_kind(ty) {
            Some(kind) if target::int_size(kind) >= 4 => kind,
            _ => IntKind::Int,
        }
    }

    /// The type that two integers have in common.
    fn common(&mut self, a: CTypeId, b: CTypeId) -> CTypeId {
        let (a, b) = (self.promoted(a), self.promoted(b));
        let (high, low) = if rank(a) >= rank(b) { (a, b) } else { (b, a) };
        let alike = target::int_is_signed(high) == target::int_is_signed(low);
        let holds_both =
            alike || !target::int_is_signed(high) || target::int_size(high) > target::int_size(low);
        let kind = if holds_both { high } else { unsigned(high) };
        self.table.int(kind)
    }

    /// `value` in the type that it and `other` have in common.
    fn balanced(&mut self, value: Constant, other: &Constant) -> Constant {
        match (value, other) {
            (Constant::Int(n, a), Constant::Int(_, b)) => {
                let ty = self.common(a, *b);
                Constant::Int(self.wrap(n, ty), ty)
            }
            (Constant::Int(n, _), Constant::Float(_, ty)) => {
                let single = self.table.float_kind(*ty) == Some(FloatKind::Float);
                Constant::Float(if single { f64::from(n as f32) } else { n as f64 }, *ty)
            }
            (Constant::Float(x, a), Constant::Float(_, b)) => {
                let larger = self.table.size(*b) > self.table.size(a);
                Constant::Float(x, if larger { *b } else { a })
            }
            (value, _) => value,
        }
    }

    fn unary(
        &mut self,
        operator: &ast::UnaryOperator,
        value: Constant,
        node: &Node<ast::Expression>,
    ) -> Result<Constant, CdefError> {
        use ast::UnaryOperator as U;
        if *operator == U::Negate {
            return Ok(self.truth(!is_true(&value)));
        }
        match value {
            Constant::Int(n, ty) => {
                let kind = self.promoted(ty);
                let ty = self.table.int(kind);
                let n = match operator {
                    U::Plus => n,
                    U::Minus => n.wrapping_neg(),
                    U::Complement => !n,
                    _ => return Err(self.not_constant(node)),
                };
                Ok(Constant::Int(self.wrap(n, ty), ty))
            }
            Constant::Float(x, ty) => match operator {
                U::Plus => Ok(Constant::Float(x, ty)),
                U::Minus => Ok(Constant::Float(-x, ty)),
                _ => Err(self.not_constant(node)),
            },
            Constant::Str(_) => Err(self.not_constant(node)),
        }
    }

    fn binary(
        &mut self,
        operator: &ast::BinaryOperator,
        left: Constant,
        right: Constant,
        node: &Node<ast::Expression>,
    ) -> Result<Constant, CdefError> {
        use ast::BinaryOperator as B;
        match operator {
            B::LogicalAnd => return Ok(self.truth(is_true(&left) && is_true(&right))),
            B::LogicalOr => return Ok(self.truth(is_true(&left) || is_true(&right))),
            _ => {}
        }
        let (Constant::Int(a, a_ty), Constant::Int(b, b_ty)) = (&left, &right) else {
            return self.float_binary(operator, &left, &right, node);
        };
        let (a, b) = (*a, *b);
        if matches!(operator, B::ShiftLeft | B::ShiftRight) {
            let kind = self.promoted(*a_ty);
            let ty = self.table.int(kind);
            let bits = target::int_size(kind) * 8;
            let count = u32::try_from(b).ok().filter(|&n| u64::from(n) < bits);
            let count = count.ok_or_else(|| self.not_constant(node))?;
            let n = if *operator == B::ShiftLeft { a << count } else { a >> count };
            return Ok(Constant::Int(self.wrap(n, ty), ty));
        }
        let ty = self.common(*a_ty, *b_ty);
        let (a, b) = (self.wrap(a, ty), self.wrap(b, ty));
        let n = match operator {
            B::Multiply => a.wrapping_mul(b),
            B::Divide => a.checked_div(b).ok_or_else(|| self.not_constant(node))?,
            B::Modulo => a.checked_rem(b).ok_or_else(|| self.not_constant(node))?,
            B::Plus => a.wrapping_add(b),
            B::Minus => a.wrapping_sub(b),
            B::BitwiseAnd => a & b,
            B::BitwiseXor => a ^ b,
            B::BitwiseOr => a | b,
            B::Less => return Ok(self.truth(a < b)),
            B::Greater => return Ok(self.truth(a > b)),
            B::LessOrEqual => return Ok(self.truth(a <= b)),
            B::GreaterOrEqual => return Ok(self.truth(a >= b)),
            B::Equals => return Ok(self.truth(a == b)),
            B::NotEquals => return Ok(self.truth(a != b)),
            _ => return Err(self.not_constant(node)),
        };
        Ok(Constant::Int(self.wrap(n, ty), ty))
    }

    fn float_binary(
        &mut self,
        operator: &ast::BinaryOperator,
        left: &Constant,
        right: &Constant,
        node: &Node<ast::Expression>,
    ) -> Result<Constant, CdefError> {
        use ast::BinaryOperator as B;
        let of = |c: &Constant| match c {
            Constant::Int(n, _) => Some((*n as f64, None)),
            Constant::Float(x, ty) => Some((*x, Some(*ty))),
            Constant::Str(_) => None,
        };
        let (Some((a, a_ty)), Some((b, b_ty))) = (of(left), of(right)) else {
            return Err(self.not_constant(node));
        };
        let larger = |t: Option<CTypeId>| t.and_then(|t| self.table.size(t)).unwrap_or(0);
        let ty = if larger(a_ty) >= larger(b_ty) { a_ty } else { b_ty };
        let Some(ty) = ty else { return Err(self.not_constant(node)) };
        let x = match operator {
            B::Multiply => a * b,
            B::Divide => a / b,
            B::Plus => a + b,
            B::Minus => a - b,
            B::Less => return Ok(self.truth(a < b)),
            B::Greater => return Ok(self.truth(a > b)),
            B::LessOrEqual => return Ok(self.truth(a <= b)),
            B::GreaterOrEqual => return Ok(self.truth(a >= b)),
            B::Equals => return Ok(self.truth(a == b)),
            B::NotEquals => return Ok(self.truth(a != b)),
            _ => return Err(self.not_constant(node)),
        };
        let x = if self.table.float_kind(ty) == Some(FloatKind::Float) { f64::from(x as f32) } else { x };
        Ok(Constant::Float(x, ty))
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

/// Does a constant count as true?
pub(super) fn is_true(value: &Constant) -> bool {
    match value {
        Constant::Int(n, _) => *n != 0,
        Constant::Float(x, _) => *x != 0.0,
        Constant::Str(_) => true,
    }
}

/// C's conversion rank of an integer type (C11 6.3.1.1).
pub(super) fn rank(kind: IntKind) -> u32 {
    match kind {
        IntKind::Char | IntKind::SChar | IntKind::UChar => 1,
        IntKind::Short | IntKind::UShort => 2,
        IntKind::Int | IntKind::UInt => 3,
        IntKind::Long | IntKind::ULong => 4,
        IntKind::LongLong | IntKind::ULongLong => 5,
        IntKind::Int128 | IntKind::UInt128 => 6,
    }
}

pub(super) fn unsigned(kind: IntKind) -> IntKind {
    match kind {
        IntKind::Int => IntKind::UInt,
        IntKind::Long => IntKind::ULong,
        IntKind::LongLong => IntKind::ULongLong,
        IntKind::Int128 => IntKind::UInt128,
        other => other,
    }
}

/// The type of an integer literal (C11 6.4.4.1p5): the first of its list that holds it.
pub(super) fn literal_kind(n: u128, decimal: bool, suffix: &ast::IntegerSuffix) -> Option<IntKind> {
    use IntKind::*;
    let all = [Int, UInt, Long, ULong, LongLong, ULongLong];
    let from = match suffix.size {
        ast::IntegerSize::Int => 0,
        ast::IntegerSize::Long => 2,
        ast::IntegerSize::LongLong => 4,
    };
    let found = all[from..].iter().copied().find(|&kind| {
        let signed = target::int_is_signed(kind);
        let bits = target::int_size(kind) * 8 - u64::from(signed);
        let allowed = if suffix.unsigned { !signed } else { signed || !decimal };
        allowed && n >> bits == 0
    });
    // A decimal literal too large for `long long`: GCC takes it as unsigned.
    found.or((n <= u64::MAX.into()).then_some(ULongLong))
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
