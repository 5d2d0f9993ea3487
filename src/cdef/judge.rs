//! The judge of `usual` where readers are tested: everything is read by lang-c alone as well, and both must end alike.
//! Two tables are compared in full, for the test of `ctype::dump`, too.

#[cfg(test)]
mod tests;

use std::cell::Cell;
use std::fmt::Debug;

use foldhash::HashSet;

use super::CdefError;
use crate::ctype::{CType, CTypeId, CTypeTable, Constant, Name, QualType, Tag};

thread_local! {
    static LANG_C_ALONE: Cell<bool> = const { Cell::new(false) };
    /// What is read on the way is judged by what comes of it.
    static IS_AT_WORK: Cell<bool> = const { Cell::new(false) };
    static COUNTS: Cell<Counts> = const { Cell::new(Counts { by_usual: 0, by_lang_c: 0 }) };
}

/// Who read how many declarations, types and expressions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Counts {
    /// `usual`, by itself.
    pub by_usual: usize,
    /// lang-c: `usual` gave up.
    pub by_lang_c: usize,
}

/// Counts what `usual` was asked to read: did it?
pub fn count(is_read: bool) {
    let Counts { by_usual, by_lang_c } = COUNTS.get();
    COUNTS.set(Counts {
        by_usual: by_usual + usize::from(is_read),
        by_lang_c: by_lang_c + usize::from(!is_read),
    });
}

/// The counts of this thread since it asked last.
#[cfg(test)]
pub fn counts() -> Counts {
    COUNTS.take()
}

/// Is lang-c to read all there is?
pub fn is_lang_c_alone() -> bool {
    LANG_C_ALONE.get()
}

/// What reading gave: comparable, if not by its ids.
pub trait Outcome: Debug {
    /// Are both the same, each in its own table?
    fn is_same(&self, other: &Self, pair: &mut Pair<'_>) -> bool;
}

impl Outcome for () {
    fn is_same(&self, _: &(), _: &mut Pair<'_>) -> bool {
        true
    }
}

impl Outcome for super::TypeName {
    fn is_same(&self, other: &Self, pair: &mut Pair<'_>) -> bool {
        self.defines == other.defines && pair.types(self.ty, other.ty)
    }
}

impl Outcome for Constant {
    fn is_same(&self, other: &Self, pair: &mut Pair<'_>) -> bool {
        pair.constants(self, other)
    }
}

/// Reads by either way in a copy of the table, and panics unless both end alike.
pub fn compare<T: Outcome>(
    table: &CTypeTable,
    text: &[u8],
    mut read: impl FnMut(&mut CTypeTable) -> Result<T, CdefError>,
) {
    if IS_AT_WORK.replace(true) {
        return;
    }
    let (mut ours, mut theirs) = (table.clone(), table.clone());
    let by_us = read(&mut ours);
    LANG_C_ALONE.set(true);
    let by_them = read(&mut theirs);
    LANG_C_ALONE.set(false);
    IS_AT_WORK.set(false);
    let text = String::from_utf8_lossy(text);
    let mut pair = Pair { ours: &ours, theirs: &theirs, seen: HashSet::default() };
    match (&by_us, &by_them) {
        (Ok(a), Ok(b)) if a.is_same(b, &mut pair) => {}
        (Err(a), Err(b)) if a == b => {}
        _ => panic!("read otherwise by lang-c: {by_us:?} / {by_them:?}: {text}"),
    }
    if let Some(name) = pair.difference() {
        let (a, b) = (ours.name(name), theirs.name(name));
        panic!("otherwise by lang-c: {name}: {a:?} / {b:?}: {text}");
    }
}

/// The first name or tag found that does not mean the same in both tables.
#[cfg(test)]
pub fn difference(ours: &CTypeTable, theirs: &CTypeTable) -> Option<String> {
    Pair { ours, theirs, seen: HashSet::default() }.difference().map(str::to_owned)
}

/// Does the name mean the same in both tables?
#[cfg(test)]
pub fn is_same_name(ours: &CTypeTable, theirs: &CTypeTable, name: &str) -> bool {
    match (ours.name(name), theirs.name(name)) {
        (Some(a), Some(b)) => Pair { ours, theirs, seen: HashSet::default() }.names(a, b),
        _ => false,
    }
}

/// Two tables, and what was compared already.
pub struct Pair<'p> {
    ours: &'p CTypeTable,
    theirs: &'p CTypeTable,
    seen: HashSet<(CTypeId, CTypeId)>,
}

impl<'p> Pair<'p> {
    /// The first name or tag found that does not mean the same in both.
    fn difference(&mut self) -> Option<&'p str> {
        let theirs: Vec<_> = self.theirs.names().map(|(name, _)| name).collect();
        if let Some(more) = theirs.into_iter().find(|name| self.ours.name(name).is_none()) {
            return Some(more);
        }
        let ours = self.ours;
        let name = ours.names().find(|(name, what)| match self.theirs.name(name) {
            Some(other) => !self.names(what, other),
            None => true,
        });
        let tags = self.theirs.tags().count() == ours.tags().count();
        let tag = ours.tags().find(|(tag, what)| match (what, self.theirs.tag(tag)) {
            (Tag::Record(a), Some(Tag::Record(b))) => {
                !self.ids(ours.record_type(*a), self.theirs.record_type(b))
            }
            (Tag::Enum(a), Some(Tag::Enum(b))) => !self.ids(ours.enum_type(*a), self.theirs.enum_type(b)),
            _ => true,
        });
        name.map(|n| n.0).or(tag.map(|t| t.0)).or((!tags).then_some("(a tag)"))
    }

    fn names(&mut self, a: &Name, b: &Name) -> bool {
        match (a, b) {
            (Name::Typedef(a), Name::Typedef(b)) => self.types(*a, *b),
            (Name::Function { ty: a, symbol: s }, Name::Function { ty: b, symbol: t }) => {
                s == t && self.ids(*a, *b)
            }
            (Name::Variable { ty: a, symbol: s }, Name::Variable { ty: b, symbol: t }) => {
                s == t && self.types(*a, *b)
            }
            (Name::Constant(a), Name::Constant(b)) => self.constants(a, b),
            _ => false,
        }
    }

    fn constants(&mut self, a: &Constant, b: &Constant) -> bool {
        match (a, b) {
            (Constant::Int(x, a), Constant::Int(y, b)) => x == y && self.ids(*a, *b),
            (Constant::Float(x, a), Constant::Float(y, b)) => x.to_bits() == y.to_bits() && self.ids(*a, *b),
            (Constant::Str(x), Constant::Str(y)) => x == y,
            _ => false,
        }
    }

    fn types(&mut self, a: QualType, b: QualType) -> bool {
        a.qual == b.qual && self.ids(a.id, b.id)
    }

    fn ids(&mut self, a: CTypeId, b: CTypeId) -> bool {
        if !self.seen.insert((a, b)) {
            return true;
        }
        let (ours, theirs) = (self.ours, self.theirs);
        if ours.align(a) != theirs.align(b) || ours.size(a) != theirs.size(b) {
            return false;
        }
        match (ours.get(a), theirs.get(b)) {
            (CType::Vector { elem: x, len: m }, CType::Vector { elem: y, len: n }) => {
                m == n && self.ids(x, y)
            }
            (CType::Pointer(x), CType::Pointer(y)) | (CType::Reference(x), CType::Reference(y)) => {
                self.types(x, y)
            }
            (CType::Array { elem: x, len: m }, CType::Array { elem: y, len: n }) => {
                m == n && self.types(x, y)
            }
            (CType::Function(x), CType::Function(y)) => {
                ours.function(x).is_alike(theirs.function(y), |p, q| self.types(p, q))
            }
            (CType::Record(m), CType::Record(n)) => {
                let (x, y) = (ours.record(m), theirs.record(n));
                let fields = (ours.fields(m), theirs.fields(n));
                x.kind == y.kind
                    && ours.record_tag(m) == theirs.record_tag(n)
                    && x.is_transparent == y.is_transparent
                    && match (&x.body, &y.body) {
                        (None, None) => true,
                        (Some(p), Some(q)) => {
                            p.unnamed_bits() == q.unnamed_bits()
                                && p.member_align == q.member_align
                                && p.misaligned == q.misaligned
                                && p.constants().len() == q.constants().len()
                                && p.constants()
                                    .iter()
                                    .zip(q.constants().iter())
                                    .all(|(c, d)| c.0 == d.0 && self.constants(c.1, d.1))
                                && fields.0.len() == fields.1.len()
                                && fields.0.iter().zip(fields.1.iter()).all(|((m, f), (n, g))| {
                                    m == n
                                        && f.offset == g.offset
                                        && f.bits == g.bits
                                        && self.types(f.ty, g.ty)
                                })
                        }
                        _ => false,
                    }
            }
            (CType::Enum(m), CType::Enum(n)) => {
                let (x, y) = (ours.enumeration(m), theirs.enumeration(n));
                ours.enum_tag(m) == theirs.enum_tag(n)
                    && ours.enum_constants(m) == theirs.enum_constants(n)
                    && self.ids(x.underlying, y.underlying)
            }
            (x, y) => x == y,
        }
    }
}
