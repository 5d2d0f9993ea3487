//! GCC's builtins that are constants where headers use them.

use lang_c::ast;
use lang_c::span::Node;

use super::CdefError;
use super::declare::Converter;
use super::value::{self, is_true};
use crate::ctype::{Constant, FloatKind, IntKind, QualType, compat};
use crate::target;

impl Converter<'_> {
    /// An argument that is a type: `dialect` hands it over as its `_Alignof`.
    fn type_argument(
        &mut self,
        call: &ast::CallExpression,
        i: usize,
        node: &Node<ast::Expression>,
    ) -> Result<QualType, CdefError> {
        match call.arguments.get(i).map(|argument| &argument.node) {
            Some(ast::Expression::AlignOf(of)) => self.type_name(&of.node.0),
            _ => Err(self.not_constant(node)),
        }
    }

    /// The value of a builtin's call.
    pub(super) fn builtin(
        &mut self,
        call: &ast::CallExpression,
        node: &Node<ast::Expression>,
        depth: u32,
    ) -> Result<Constant, CdefError> {
        let ast::Expression::Identifier(name) = &call.callee.node else {
            return Err(self.not_constant(node));
        };
        let argument = |this: &mut Self, i: usize| match call.arguments.get(i) {
            Some(node) => this.evaluate(node, depth),
            None => Err(this.not_constant(node)),
        };
        match name.node.name.as_str() {
            "__builtin_expect" => match argument(self, 0)? {
                Constant::Int(n, _) => {
                    let long = self.table.int(IntKind::Long);
                    Ok(Constant::Int(value::wrap(self.table, n, long), long))
                }
                other => Ok(other),
            },
            "__builtin_constant_p" => {
                let known = argument(self, 0).is_ok();
                Ok(self.truth(known))
            }
            "__builtin_types_compatible_p" => {
                let [a, b] = [self.type_argument(call, 0, node)?, self.type_argument(call, 1, node)?];
                let holds = compat::compatible(self.table, a.id, b.id);
                Ok(self.truth(holds))
            }
            "__builtin_choose_expr" => {
                let test = argument(self, 0)?;
                argument(self, if is_true(&test) { 1 } else { 2 })
            }
            "__builtin_bswap16" => match argument(self, 0)? {
                Constant::Int(n, _) => {
                    Ok(Constant::Int((n as u16).swap_bytes().into(), self.table.int(IntKind::UShort)))
                }
                _ => Err(self.not_constant(node)),
            },
            "__builtin_bswap32" => match argument(self, 0)? {
                Constant::Int(n, _) => {
                    Ok(Constant::Int((n as u32).swap_bytes().into(), self.table.int(IntKind::UInt)))
                }
                _ => Err(self.not_constant(node)),
            },
            "__builtin_bswap64" => match argument(self, 0)? {
                Constant::Int(n, _) => {
                    Ok(Constant::Int((n as u64).swap_bytes().into(), self.table.int(target::UINT64)))
                }
                _ => Err(self.not_constant(node)),
            },
            "__builtin_strlen" => match argument(self, 0)? {
                Constant::Str(bytes) => {
                    let n = bytes.iter().position(|&b| b == 0).unwrap_or(bytes.len());
                    Ok(self.size_constant(n as u64))
                }
                _ => Err(self.not_constant(node)),
            },
            name if let Some((x, kind)) = special(name) => Ok(Constant::Float(x, self.table.float(kind))),
            name => match (name.strip_prefix("__builtin_"), argument(self, 0)?) {
                (Some(name), Constant::Int(n, _)) => match count_bits(name, n) {
                    Some(n) => Ok(Constant::Int(n.into(), self.table.int(IntKind::Int))),
                    None => Err(self.not_constant(node)),
                },
                _ => Err(self.not_constant(node)),
            },
        }
    }
}

/// GCC's builtins that are no finite number, of the type that the letters at the name's end say: `__builtin_huge_vall`, `__builtin_nanf32x`.
fn special(name: &str) -> Option<(f64, FloatKind)> {
    let name = name.strip_prefix("__builtin_")?;
    let all = [("huge_val", f64::INFINITY), ("inf", f64::INFINITY), ("nans", f64::NAN), ("nan", f64::NAN)];
    let (suffix, x) = all.iter().find_map(|(word, x)| Some((name.strip_prefix(word)?, *x)))?;
    let kind = match suffix {
        "" | "f64" | "f32x" => FloatKind::Double,
        "f" | "f32" => FloatKind::Float,
        "l" | "f64x" => FloatKind::LongDouble,
        "f16" => FloatKind::Float16,
        "f128" | "q" => FloatKind::Float128,
        _ => return None,
    };
    Some((x, kind))
}

/// GCC's builtins that count bits: of an `int`, or of a `long` or `long long` by the letters at the name's end.
fn count_bits(name: &str, n: i128) -> Option<u32> {
    let (name, width) = match name.trim_end_matches('l') {
        short if short.len() + 1 == name.len() => (short, target::int_size(IntKind::Long) as u32 * 8),
        short if short.len() + 2 == name.len() => (short, 64),
        _ => (name, 32),
    };
    let bits = (n as u64) & (u64::MAX >> (64 - width));
    let sign_copies = || {
        let flipped = if bits >> (width - 1) == 1 { !bits & (u64::MAX >> (64 - width)) } else { bits };
        flipped.leading_zeros() - (64 - width) - 1
    };
    match name {
        "popcount" => Some(bits.count_ones()),
        "parity" => Some(bits.count_ones() % 2),
        "ffs" => Some(if bits == 0 { 0 } else { bits.trailing_zeros() + 1 }),
        "clrsb" => Some(sign_copies()),
        // Undefined of zero.
        "clz" if bits != 0 => Some(bits.leading_zeros() - (64 - width)),
        "ctz" if bits != 0 => Some(bits.trailing_zeros()),
        _ => None,
    }
}
