//! Constant expressions: operators by their precedence, casts, `sizeof`, literals.

use super::word::Word;
use super::{RUN_MAX, Read, Reader, Refusal};
use crate::cdef::literal;
use crate::cdef::token::Kind;
use crate::cdef::tree::is_keyword;
use crate::cdef::value::{self, Binary, Unary};
use crate::cdef::{Param, define};
use crate::ctype::{Constant, IntKind, Name, QualType};

/// Unary operators in a row. (The other way's guard counts what stands in front of them, too.)
const UNARY_MAX: u32 = 6;

impl Reader<'_, '_> {
    /// An expression where C wants an integer.
    pub(super) fn integer(&mut self) -> Read<i128> {
        let value = self.conditional()?;
        value::integer(self.table, &value).ok_or(Refusal::Unusual)
    }

    pub(super) fn conditional(&mut self) -> Read<Constant> {
        let test = self.binary(1)?;
        if !self.eat("?") {
            return Ok(test);
        }
        let yes = self.deeper(Self::conditional)?;
        if !self.eat(":") {
            return Err(Refusal::NotConstant);
        }
        let no = self.deeper(Self::conditional)?;
        let (chosen, other) = if value::is_true(&test) { (yes, no) } else { (no, yes) };
        Ok(value::balanced(self.table, chosen, &other))
    }

    fn binary(&mut self, lowest: u8) -> Read<Constant> {
        let mut left = self.unary()?;
        let mut run = 0;
        while self.kind == Kind::Punct
            && let Some((strength, operator)) = operator(self.text).filter(|o| o.0 >= lowest)
        {
            run += 1;
            if run > RUN_MAX {
                return Err(Refusal::Unusual);
            }
            self.advance();
            let right = self.binary(strength + 1)?;
            left = value::binary(self.table, operator, &left, &right).ok_or(Refusal::Unusual)?;
        }
        Ok(left)
    }

    fn unary(&mut self) -> Read<Constant> {
        self.unary_behind(0)
    }

    /// As [`Reader::unary`], behind so many unary operators.
    fn unary_behind(&mut self, run: u32) -> Read<Constant> {
        if run > UNARY_MAX {
            return Err(Refusal::Unusual);
        }
        let text = self.text;
        let operator = match text {
            "-" => Unary::Minus,
            "+" => Unary::Plus,
            "~" => Unary::Complement,
            "!" => Unary::Not,
            "(" if self.is_type_in_brackets() => {
                let ty = self.type_in_brackets()?;
                let value = self.deeper(Self::unary)?;
                return value::cast(self.table, value, ty).ok_or(Refusal::Unusual);
            }
            _ => return self.primary(),
        };
        self.advance();
        let value = self.deeper(|reader| reader.unary_behind(run + 1))?;
        value::unary(self.table, operator, value).ok_or(Refusal::Unusual)
    }

    /// Does a type start behind the `(` that is next?
    fn is_type_in_brackets(&mut self) -> bool {
        let next = self.tokens.at(self.at + 1);
        match Word::of(next.kind, next.text) {
            Word::Qualifier(_) | Word::Part(_) | Word::Record(_) | Word::Enum => true,
            Word::Other => self.typedef(next.text).is_some(),
            Word::None => {
                next.text == "$" && matches!(self.context.params.get(self.used), Some(Param::Type(_)))
            }
            _ => false,
        }
    }

    /// A type between brackets, whose tags are known.
    fn type_in_brackets(&mut self) -> Read<QualType> {
        self.advance();
        let before = (self.needs_tags, self.defines);
        (self.needs_tags, self.defines) = (true, false);
        let ty = self.deeper(Self::type_name)?;
        let defines = self.defines;
        (self.needs_tags, self.defines) = before;
        self.expect(")")?;
        // A compound literal is no constant of ours; and a value must not outlive its type, which an expression leaves
        // behind (see `mod`).
        if defines || self.is("{") { Err(Refusal::Unusual) } else { Ok(ty) }
    }

    /// The type behind `sizeof` or `_Alignof`. Of an expression either is lang-c's.
    fn measured_type(&mut self) -> Read<QualType> {
        self.advance();
        if self.is("(") && self.is_type_in_brackets() {
            self.type_in_brackets()
        } else {
            Err(Refusal::Unusual)
        }
    }

    fn primary(&mut self) -> Read<Constant> {
        let text = self.text;
        let value = match self.kind {
            Kind::Number => {
                self.advance();
                self.number(text)?
            }
            Kind::Char => {
                let n = literal::narrow_character(text).ok_or(Refusal::Unusual)?;
                self.advance();
                Constant::Int(n.into(), self.table.int(IntKind::Int))
            }
            Kind::Str => self.string()?,
            Kind::Ident => return self.named(),
            _ => match text {
                "(" => {
                    self.advance();
                    let value = self.deeper(Self::conditional)?;
                    self.expect(")")?;
                    value
                }
                "$" => self.integer_param()?,
                // The address in an old `offsetof`.
                "&" => return Err(Refusal::Unusual),
                _ => return Err(Refusal::NotConstant),
            },
        };
        self.alone(value)
    }

    /// Calls, members and elements are lang-c's.
    fn alone(&self, value: Constant) -> Read<Constant> {
        match self.text {
            "(" | "[" | "." | "->" | "++" | "--" => Err(Refusal::Unusual),
            _ => Ok(value),
        }
    }

    fn number(&mut self, text: &str) -> Read<Constant> {
        if let Some((n, kind)) = literal::integer(text) {
            return Ok(Constant::Int(n.into(), self.table.int(kind)));
        }
        let (x, kind) = literal::float(text).ok_or(Refusal::Unusual)?;
        Ok(Constant::Float(x, self.table.float(kind)))
    }

    fn string(&mut self) -> Read<Constant> {
        let mut parts = Vec::with_capacity(1);
        while self.kind == Kind::Str {
            let text = literal::known_escapes(self.text).ok_or(Refusal::Unusual)?;
            parts.push(text);
            self.advance();
        }
        if parts.len() > RUN_MAX as usize {
            return Err(Refusal::Unusual);
        }
        let bytes = literal::bytes(parts.iter().map(|part| &**part)).ok_or(Refusal::Unusual)?;
        Ok(Constant::Str(bytes.into()))
    }

    /// A constant's name, `sizeof` or `_Alignof`.
    fn named(&mut self) -> Read<Constant> {
        let text = self.text;
        match self.word {
            Word::Other => {}
            Word::Reserved if text == "sizeof" => {
                let ty = self.measured_type()?;
                return value::size_of(self.table, ty).ok_or(Refusal::Unusual);
            }
            Word::Reserved if matches!(text, "_Alignof" | "__alignof__" | "__alignof" | "alignof") => {
                let ty = self.measured_type()?;
                let n = self.table.align(ty.id).ok_or(Refusal::Unusual)?;
                return Ok(value::size(self.table, n));
            }
            _ if text.starts_with('_') || text == "nullptr" => return Err(Refusal::Unusual),
            // Of a type, behind an operator of which nothing is known here.
            _ if is_keyword(text) && self.at > 0 => return Err(Refusal::Unusual),
            // No expression starts with a type, and none has a statement's word.
            _ => return Err(Refusal::NotConstant),
        }
        let value = match self.table.name(text) {
            Some(Name::Constant(value)) => value.clone(),
            Some(Name::Typedef(_)) => return Err(Refusal::Unusual),
            Some(_) => return Err(Refusal::NotConstant),
            None => self.scoped(text)?,
        };
        self.advance();
        self.alone(value)
    }

    /// A constant that is not in the table: of a record under way, or a macro.
    fn scoped(&mut self, name: &str) -> Read<Constant> {
        if let Some(value) =
            self.room.constants.iter().rev().find_map(|scope| scope.all().find(name.as_bytes()))
        {
            return Ok(value.clone());
        }
        // One may have been defined anew since.
        if !self.directives.is_empty() {
            return Err(Refusal::Unusual);
        }
        if let Some(value) = self.context.macros.and_then(|macros| define::value(self.table, macros, name)) {
            return Ok(value);
        }
        // A builtin, perhaps.
        Err(if name.starts_with('_') { Refusal::Unusual } else { Refusal::NotConstant })
    }

    /// A `$` that stands for an integer.
    fn integer_param(&mut self) -> Read<Constant> {
        let Some(&Param::Int(n)) = self.context.params.get(self.used) else { return Err(Refusal::Unusual) };
        self.used += 1;
        self.advance();
        let kind = value::literal_kind(n.unsigned_abs(), true, 0, false);
        let magnitude = Constant::Int(n.unsigned_abs().into(), self.table.int(kind));
        match n < 0 {
            true => value::unary(self.table, Unary::Minus, magnitude).ok_or(Refusal::Unusual),
            false => Ok(magnitude),
        }
    }
}

/// How strongly an operator binds.
fn operator(text: &str) -> Option<(u8, Binary)> {
    Some(match text {
        "||" => (1, Binary::Or),
        "&&" => (2, Binary::And),
        "|" => (3, Binary::BitOr),
        "^" => (4, Binary::BitXor),
        "&" => (5, Binary::BitAnd),
        "==" => (6, Binary::Equal),
        "!=" => (6, Binary::NotEqual),
        "<" => (7, Binary::Less),
        ">" => (7, Binary::Greater),
        "<=" => (7, Binary::LessOrEqual),
        ">=" => (7, Binary::GreaterOrEqual),
        "<<" => (8, Binary::ShiftLeft),
        ">>" => (8, Binary::ShiftRight),
        "+" => (9, Binary::Plus),
        "-" => (9, Binary::Minus),
        "*" => (10, Binary::Multiply),
        "/" => (10, Binary::Divide),
        "%" => (10, Binary::Modulo),
        _ => return None,
    })
}
