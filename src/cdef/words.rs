//! The words of a type: `unsigned long int`.
//!
//! Called by `specifier`, which has lang-c's trees, and by `usual`, which has tokens.

use crate::ctype::{CType, FloatKind, IntKind};

/// A word that makes a type with others.
#[derive(Clone, Copy, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum Part {
    Signed,
    Unsigned,
    Long,
    Short,
    Complex,
    Basic(Basic),
}

/// A word that a type has one of at most.
#[derive(Clone, Copy, PartialEq, Debug)]
#[allow(missing_docs)]
pub enum Basic {
    Void,
    Bool,
    Char,
    Int,
    Int128,
    Float,
    Double,
    /// Any other floating type.
    Other(FloatKind),
}

/// The words so far, counted.
#[derive(Default)]
pub struct Words {
    signed: u8,
    unsigned: u8,
    long: u8,
    short: u8,
    complex: u8,
    base: Option<Basic>,
}

impl Words {
    /// Takes the next word; none where no type has it besides the others.
    pub fn add(&mut self, part: Part) -> Option<()> {
        let (count, most) = match part {
            Part::Signed => (&mut self.signed, 1),
            Part::Unsigned => (&mut self.unsigned, 1),
            Part::Long => (&mut self.long, 2),
            Part::Short => (&mut self.short, 1),
            Part::Complex => (&mut self.complex, 1),
            Part::Basic(basic) => return self.base.replace(basic).is_none().then_some(()),
        };
        *count += 1;
        (*count <= most).then_some(())
    }

    /// Was there none?
    pub fn is_empty(&self) -> bool {
        self.signed + self.unsigned + self.long + self.short + self.complex == 0 && self.base.is_none()
    }

    /// The type that the words make (C11 6.7.2p2); none if they make none.
    pub fn ctype(&self) -> Option<CType> {
        let Words { signed, unsigned, long, short, complex, base } = *self;
        if signed + unsigned > 1 || (long > 0 && short > 0) || self.is_empty() {
            return None;
        }
        let sign_free = signed + unsigned == 0;
        if complex == 1 {
            return Some(match (base, long) {
                // How `dialect` writes `__int128` for lang-c, which has no such word.
                (Some(Basic::Int), 0) if short == 0 => CType::Int(int128(unsigned)),
                (None | Some(Basic::Double), 0) if sign_free && short == 0 => {
                    CType::Complex(FloatKind::Double)
                }
                (Some(Basic::Float), 0) if sign_free && short == 0 => CType::Complex(FloatKind::Float),
                (Some(Basic::Double), 1) if sign_free => CType::Complex(FloatKind::LongDouble),
                (Some(Basic::Other(kind)), 0) if sign_free => CType::Complex(kind),
                _ => return None,
            });
        }
        let plain = sign_free && long + short == 0;
        Some(match base {
            Some(Basic::Void) if plain => CType::Void,
            Some(Basic::Bool) if plain => CType::Bool,
            Some(Basic::Float) if plain => CType::Float(FloatKind::Float),
            Some(Basic::Other(kind)) if plain => CType::Float(kind),
            Some(Basic::Int128) if long + short == 0 => CType::Int(int128(unsigned)),
            Some(Basic::Double) if sign_free && short == 0 && long <= 1 => {
                CType::Float(if long == 1 { FloatKind::LongDouble } else { FloatKind::Double })
            }
            Some(Basic::Char) if long + short == 0 => CType::Int(match (signed, unsigned) {
                (1, _) => IntKind::SChar,
                (_, 1) => IntKind::UChar,
                _ => IntKind::Char,
            }),
            None | Some(Basic::Int) => {
                let (of_sign, of_none) = match (short, long) {
                    (1, _) => (IntKind::Short, IntKind::UShort),
                    (_, 1) => (IntKind::Long, IntKind::ULong),
                    (_, 2) => (IntKind::LongLong, IntKind::ULongLong),
                    _ => (IntKind::Int, IntKind::UInt),
                };
                CType::Int(if unsigned > 0 { of_none } else { of_sign })
            }
            _ => return None,
        })
    }
}

fn int128(unsigned: u8) -> IntKind {
    if unsigned > 0 { IntKind::UInt128 } else { IntKind::Int128 }
}
