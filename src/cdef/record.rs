//! A struct or union under way: its fields, its layout, its body.
//!
//! Called by `specifier`, which has lang-c's trees, and by `usual`, which has tokens. Knows the ctype table and `layout`.

use std::rc::Rc;

use foldhash::HashSet;

use super::names::equivalent;
use super::{Fault, TOO_DEEP};
use crate::ctype::{
    ArrayLen, BitField, CType, CTypeTable, Constant, Extent, Field, QualType, RecordBody, RecordId,
    RecordKind,
};
use crate::layout::{self, FieldSpec, LayoutError, RecordSpec};

/// A record's fields so far. It can serve one record after the other, for its memory.
#[derive(Default)]
pub struct Body {
    /// Once it was started.
    id: Option<RecordId>,
    spec: RecordSpec,
    /// One for each field of the spec: its name, type and place in the text; none for an unnamed bit-field.
    made: Vec<Option<Made>>,
    /// The names of all, once they are many.
    names: Option<Box<HashSet<Rc<str>>>>,
    /// Of the fields.
    extent: Extent,
    /// The member without an end, behind which there is none: its place, and what is said of one behind it.
    open: Option<(usize, &'static str)>,
}

/// Up to so many fields are looked through for a name.
const FEW: usize = 32;

struct Made {
    name: Option<Rc<str>>,
    ty: QualType,
    at: usize,
}

/// A member as it is declared.
pub struct Member<'a> {
    /// None for an anonymous record and an unnamed bit-field.
    pub name: Option<&'a str>,
    /// Its type.
    pub ty: QualType,
    /// A bit-field's width.
    pub width: Option<i128>,
    /// `aligned`, in bytes.
    pub aligned: Option<u64>,
    /// `packed`
    pub packed: bool,
    /// Where it stands, for whoever tells of an error.
    pub at: usize,
}

impl Body {
    /// Starts a record, without fields. `aligned` and `pack` are bytes, as [`RecordSpec`] has them.
    pub fn start(
        &mut self,
        id: RecordId,
        kind: RecordKind,
        packed: bool,
        aligned: Option<u64>,
        pack: Option<u64>,
    ) {
        self.id = Some(id);
        self.made.clear();
        self.names = None;
        self.extent = Extent::SIMPLE;
        self.open = None;
        let mut fields = std::mem::take(&mut self.spec.fields);
        fields.clear();
        self.spec = RecordSpec { is_union: kind == RecordKind::Union, packed, aligned, pack, fields };
    }

    /// What attributes behind the closing brace say.
    pub fn attribute(&mut self, packed: bool, aligned: Option<u64>) {
        self.spec.packed |= packed;
        self.spec.aligned = self.spec.aligned.max(aligned);
    }

    /// Takes the next member.
    pub fn add(&mut self, table: &CTypeTable, member: Member<'_>) -> Result<(), Fault> {
        let Member { name, ty, width, aligned, packed, at } = member;
        let ctype = table.get(ty.id);
        if let Some((_, message)) = self.open {
            return Err(Fault::Said(message));
        }
        let is_open = matches!(ctype, CType::Array { len: ArrayLen::Unknown | ArrayLen::Variable, .. });
        let size = match table.size(ty.id) {
            Some(size) if self.id.is_none_or(|id| ctype != CType::Record(id)) => size,
            _ if is_open => 0,
            _ => return Err(Fault::Said(super::UNSIZED)),
        };
        let width_bits = match width {
            None => None,
            Some(n) => {
                let integer = matches!(ctype, CType::Bool | CType::Int(_) | CType::Enum(_));
                let limit = if ctype == CType::Bool { 1 } else { size * 8 };
                match u64::try_from(n) {
                    Ok(n) if integer && n <= limit => Some(n),
                    _ => return Err(Fault::Said(super::INVALID)),
                }
            }
        };
        let name = name.map(Rc::from);
        if let Some(name) = &name
            && !self.is_new(name)
        {
            return Err(Fault::Redefined);
        }
        self.extent = self.extent.with(table.extent(ty.id));
        if !self.extent.is_allowed() {
            return Err(Fault::Said(TOO_DEEP));
        }
        self.spec.fields.push(FieldSpec {
            size,
            align: table.align(ty.id).unwrap_or(1),
            aligned,
            packed,
            width_bits,
            is_named: name.is_some() || width_bits.is_none(),
        });
        if is_open {
            self.open = Some((at, "'}' expected"));
        } else if matches!(ctype, CType::Record(_)) && table.variable_element(ty.id).is_some() {
            self.open = Some((at, super::UNSIZED));
        }
        let is_unnamed = name.is_none() && width_bits.is_some();
        self.made.push((!is_unnamed).then_some(Made { name, ty, at }));
        Ok(())
    }

    /// Has no field this name yet?
    fn is_new(&mut self, name: &Rc<str>) -> bool {
        let mut names = self.made.iter().flatten().filter_map(|made| made.name.as_ref());
        if self.made.len() <= FEW {
            return !names.any(|other| other == name);
        }
        let known = self.names.get_or_insert_with(|| Box::new(names.cloned().collect()));
        known.insert(Rc::clone(name))
    }

    /// Lays the record out; with an error comes the place of the field that it is about, if it is one's.
    pub fn finish(
        &mut self,
        table: &CTypeTable,
        constants: Vec<(Rc<str>, Constant)>,
    ) -> Result<RecordBody, (Fault, Option<usize>)> {
        if let Some((at, _)) = self.open.filter(|_| self.spec.is_union) {
            return Err((Fault::Said(super::UNSIZED), Some(at)));
        }
        let layout = layout::record(&self.spec).map_err(|error| match error {
            LayoutError::TooLarge => (Fault::Said(super::UNSIZED), None),
            LayoutError::BadWidth { field } => {
                let made = self.made.get(field).and_then(Option::as_ref);
                (Fault::Said(super::INVALID), made.map(|made| made.at))
            }
        })?;
        let mut fields = Vec::with_capacity(self.made.len());
        let mut unnamed_bits = Vec::new();
        let mut misaligned = layout.misaligned;
        let mut read_only = false;
        for ((made, spec), laid_out) in self.made.drain(..).zip(&self.spec.fields).zip(&layout.fields) {
            let Some(Made { name, ty, .. }) = made else {
                let width = spec.width_bits.unwrap_or(0) as u32;
                if width > 0 {
                    unnamed_bits.push((laid_out.offset * 8 + u64::from(laid_out.position_bits), width));
                }
                continue;
            };
            if let CType::Record(inner) = table.get(ty.id) {
                misaligned |= table.record(inner).body.as_ref().is_some_and(|b| b.misaligned);
            }
            read_only |= table.is_read_only(ty);
            let bits = spec
                .width_bits
                .map(|width| BitField { position_bits: laid_out.position_bits, width_bits: width as u32 });
            fields.push(Field { name, ty, offset: laid_out.offset, bits });
        }
        let layout::Layout { size, align, member_align, .. } = layout;
        Ok(RecordBody {
            fields,
            unnamed_bits,
            size,
            align,
            member_align,
            constants,
            spec: self.spec.is_special().then(|| Box::new(self.spec.clone())),
            extent: self.extent,
            misaligned,
            read_only,
        })
    }
}

/// Gives a record its body; the same one again is fine.
pub fn complete(table: &mut CTypeTable, id: RecordId, body: RecordBody) -> Result<(), Fault> {
    match &table.record(id).body {
        None => table.complete_record(id, body),
        Some(old) => {
            let same = old.align == body.align
                && old.constants == body.constants
                && same_body_parts(old, &body, |x, y| equivalent(table, x, y));
            if !same {
                return Err(Fault::Redefined);
            }
        }
    }
    Ok(())
}

/// Do two bodies have the same fields at the same places, by what `same` says of their types?
pub fn same_body_parts(a: &RecordBody, b: &RecordBody, same: impl Fn(QualType, QualType) -> bool) -> bool {
    a.size == b.size
        && a.fields.len() == b.fields.len()
        && a.fields
            .iter()
            .zip(&b.fields)
            .all(|(x, y)| x.name == y.name && x.offset == y.offset && x.bits == y.bits && same(x.ty, y.ty))
}
