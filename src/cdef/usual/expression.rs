//! Integer expressions, casts, `sizeof`, literals.

use lang_c::ast;
use lang_c::span::{Node, Span};

use super::word::{Word, is_identifier, word};
use super::{Reader, node};

impl Reader<'_> {
    pub(super) fn conditional(&mut self) -> Option<Node<ast::Expression>> {
        let start = self.here();
        let condition = self.binary(1)?;
        if !self.eat("?") {
            return Some(node(condition.node, self.since_blank(start)));
        }
        let then_expression = Box::new(self.conditional()?);
        self.expect(":")?;
        let else_expression = Box::new(self.conditional()?);
        let whole =
            ast::ConditionalExpression { condition: Box::new(condition), then_expression, else_expression };
        let span = self.since_blank(start);
        Some(node(ast::Expression::Conditional(Box::new(node(whole, span))), span))
    }

    fn binary(&mut self, lowest: u8) -> Option<Node<ast::Expression>> {
        let mut left = self.cast()?;
        while let Some((strength, operator)) = operator(self.text()).filter(|o| o.0 >= lowest) {
            let at = self.here();
            self.at += 1;
            let operator = node(operator, self.since(at));
            let right = self.binary(strength + 1)?;
            let span = Span::span(left.span.start, right.span.end);
            let whole = ast::BinaryOperatorExpression { operator, lhs: Box::new(left), rhs: Box::new(right) };
            left = node(ast::Expression::BinaryOperator(Box::new(node(whole, span))), span);
        }
        Some(left)
    }

    /// Does a type start at the token?
    fn is_type(&self, index: usize) -> bool {
        let text = self.text_at(index);
        match word(text) {
            Word::Qualifier(_) | Word::Combining(_) | Word::Alone(_) | Word::Struct(_) | Word::Enum => true,
            Word::Other => is_identifier(text) && self.is_typedef(text),
            Word::Storage(_) | Word::Reserved => false,
        }
    }

    fn cast(&mut self) -> Option<Node<ast::Expression>> {
        let start = self.here();
        match self.text() {
            "(" if self.is_type(self.at + 1) => {
                let type_name = self.type_in_brackets()?;
                let expression = Box::new(self.cast()?);
                let span = Span::span(start, expression.span.end);
                let whole = ast::CastExpression { type_name, expression };
                Some(node(ast::Expression::Cast(Box::new(node(whole, span))), span))
            }
            "sizeof" if self.text_at(self.at + 1) == "(" && self.is_type(self.at + 2) => {
                self.at += 1;
                let type_name = self.type_in_brackets()?;
                let span = self.since(start);
                let size = node(ast::SizeOfTy(type_name), span);
                Some(node(ast::Expression::SizeOfTy(Box::new(size)), span))
            }
            "-" => self.unary(ast::UnaryOperator::Minus),
            "+" => self.unary(ast::UnaryOperator::Plus),
            "~" => self.unary(ast::UnaryOperator::Complement),
            "!" => self.unary(ast::UnaryOperator::Negate),
            _ => self.primary(),
        }
    }

    fn type_in_brackets(&mut self) -> Option<Node<ast::TypeName>> {
        self.expect("(")?;
        let name = self.type_name()?;
        self.expect(")")?;
        // A compound literal is no constant of ours.
        (!self.is("{")).then_some(name)
    }

    fn unary(&mut self, operator: ast::UnaryOperator) -> Option<Node<ast::Expression>> {
        let start = self.here();
        self.at += 1;
        let operator = node(operator, self.since(start));
        let operand = Box::new(self.cast()?);
        let span = Span::span(start, operand.span.end);
        let whole = ast::UnaryOperatorExpression { operator, operand };
        Some(node(ast::Expression::UnaryOperator(Box::new(node(whole, span))), span))
    }

    fn primary(&mut self) -> Option<Node<ast::Expression>> {
        let start = self.here();
        let text = self.text();
        let value = if text.as_bytes().first()?.is_ascii_digit() {
            self.at += 1;
            let number = match integer(text) {
                Some(integer) => ast::Constant::Integer(integer),
                None => ast::Constant::Float(float_literal(text)?),
            };
            ast::Expression::Constant(Box::new(node(number, self.since(start))))
        } else if text.starts_with('"') {
            let mut parts = Vec::with_capacity(1);
            while self.text().starts_with('"') {
                parts.push(self.text().to_owned());
                self.at += 1;
            }
            ast::Expression::StringLiteral(Box::new(node(parts, self.since(start))))
        } else if self.eat("(") {
            let inner = self.conditional()?;
            self.expect(")")?;
            inner.node
        } else {
            if self.is_typedef(text) {
                return None;
            }
            ast::Expression::Identifier(Box::new(self.identifier()?))
        };
        // Calls, members and elements are lang-c's.
        if matches!(self.text(), "(" | "[" | "." | "->" | "++" | "--") {
            return None;
        }
        Some(node(value, self.since_blank(start)))
    }
}

/// How strongly an operator binds.
fn operator(text: &str) -> Option<(u8, ast::BinaryOperator)> {
    use ast::BinaryOperator as B;
    Some(match text {
        "||" => (1, B::LogicalOr),
        "&&" => (2, B::LogicalAnd),
        "|" => (3, B::BitwiseOr),
        "^" => (4, B::BitwiseXor),
        "&" => (5, B::BitwiseAnd),
        "==" => (6, B::Equals),
        "!=" => (6, B::NotEquals),
        "<" => (7, B::Less),
        ">" => (7, B::Greater),
        "<=" => (7, B::LessOrEqual),
        ">=" => (7, B::GreaterOrEqual),
        "<<" => (8, B::ShiftLeft),
        ">>" => (8, B::ShiftRight),
        "+" => (9, B::Plus),
        "-" => (9, B::Minus),
        "*" => (10, B::Multiply),
        "/" => (10, B::Divide),
        "%" => (10, B::Modulo),
        _ => return None,
    })
}

/// A decimal literal with a point or an exponent.
fn float_literal(text: &str) -> Option<ast::Float> {
    let (number, format) = match text.as_bytes().last()? {
        b'f' | b'F' => (&text[..text.len() - 1], ast::FloatFormat::Float),
        b'l' | b'L' => (&text[..text.len() - 1], ast::FloatFormat::LongDouble),
        _ => (text, ast::FloatFormat::Double),
    };
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let is_float = number.contains(['.', 'e', 'E']) && !whole.is_empty() && !exponent.is_empty();
    if !is_float || !all_digits(whole) || !all_digits(fraction) || !all_digits(exponent) {
        return None;
    }
    let suffix = ast::FloatSuffix { format, imaginary: false };
    Some(ast::Float { base: ast::FloatBase::Decimal, number: number.into(), suffix })
}

/// An integer literal.
fn integer(text: &str) -> Option<ast::Integer> {
    let (base, radix, rest) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (ast::IntegerBase::Hexadecimal, 16, &text[2..]),
        [b'0', b'b' | b'B', ..] => (ast::IntegerBase::Binary, 2, &text[2..]),
        [b'0', b'0'..=b'9', ..] => (ast::IntegerBase::Octal, 8, &text[1..]),
        _ => (ast::IntegerBase::Decimal, 10, text),
    };
    let digits = rest.bytes().take_while(|&b| char::from(b).is_digit(radix)).count();
    let (number, suffix) = rest.split_at(digits);
    let (size, unsigned) = match suffix {
        "" => (ast::IntegerSize::Int, false),
        "u" | "U" => (ast::IntegerSize::Int, true),
        "l" | "L" => (ast::IntegerSize::Long, false),
        "ul" | "UL" | "uL" | "Ul" | "lu" | "LU" => (ast::IntegerSize::Long, true),
        "ll" | "LL" => (ast::IntegerSize::LongLong, false),
        "ull" | "ULL" | "uLL" | "Ull" | "llu" | "LLU" => (ast::IntegerSize::LongLong, true),
        _ => return None,
    };
    if number.is_empty() {
        return None;
    }
    let suffix = ast::IntegerSuffix { size, unsigned, imaginary: false };
    Some(ast::Integer { base, number: number.into(), suffix })
}
