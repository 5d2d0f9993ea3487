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

/// The words so far.
#[derive(Default)]
pub struct Words {
    /// How often each of the words was there that are no [`Basic`]: two bits for each.
    counts: u16,
    base: Option<Basic>,
}

/// Where a word's two bits lie.
const SIGNED: u16 = 0;
const UNSIGNED: u16 = 2;
const LONG: u16 = 4;
const SHORT: u16 = 6;
const COMPLEX: u16 = 8;

impl Words {
    /// Takes the next word; none where no type has it besides the others.
    pub fn add(&mut self, part: Part) -> Option<()> {
        let (at, most) = match part {
            Part::Signed => (SIGNED, 1),
            Part::Unsigned => (UNSIGNED, 1),
            Part::Long => (LONG, 2),
            Part::Short => (SHORT, 1),
            Part::Complex => (COMPLEX, 1),
            Part::Basic(basic) => return self.base.replace(basic).is_none().then_some(()),
        };
        if self.count(at) == most {
            return None;
        }
        self.counts += 1 << at;
        Some(())
    }

    fn count(&self, at: u16) -> u16 {
        self.counts >> at & 3
    }

    /// Was there none?
    pub fn is_empty(&self) -> bool {
        self.counts == 0 && self.base.is_none()
    }

    /// The type that the words make (C11 6.7.2p2); none if they make none.
    pub fn ctype(&self) -> Option<CType> {
        if self.counts > 0 {
            return self.ctype_of_several();
        }
        Some(match self.base? {
            Basic::Void => CType::Void,
            Basic::Bool => CType::Bool,
            Basic::Char => CType::Int(IntKind::Char),
            Basic::Int => CType::Int(IntKind::Int),
            Basic::Int128 => CType::Int(IntKind::Int128),
            Basic::Float => CType::Float(FloatKind::Float),
            Basic::Double => CType::Float(FloatKind::Double),
            Basic::Other(kind) => CType::Float(kind),
        })
    }

    /// As [`Words::ctype`], where not all is said by a [`Basic`] alone.
    #[inline(never)]
    fn ctype_of_several(&self) -> Option<CType> {
        let [signed, unsigned, long, short, complex] =
            [SIGNED, UNSIGNED, LONG, SHORT, COMPLEX].map(|at| self.count(at));
        let base = self.base;
        if signed + unsigned > 1 || (long > 0 && short > 0) {
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
        Some(match base {
            Some(Basic::Int128) if long + short == 0 => CType::Int(int128(unsigned)),
            Some(Basic::Double) if sign_free && short == 0 && long == 1 => {
                CType::Float(FloatKind::LongDouble)
            }
            Some(Basic::Char) if long + short == 0 => {
                CType::Int(if unsigned > 0 { IntKind::UChar } else { IntKind::SChar })
            }
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

fn int128(unsigned: u16) -> IntKind {
    if unsigned > 0 { IntKind::UInt128 } else { IntKind::Int128 }
}
