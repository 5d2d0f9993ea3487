//! A struct or union under way: its fields, its layout, its body.
//!
//! Called by `specifier`, which has lang-c's trees, and by `usual`, which has tokens. Knows the ctype table and `layout`.

use foldhash::HashSet;

use super::names::equivalent;
use super::{Fault, TOO_DEEP};
use crate::ctype::{
    ArrayLen, BitField, CType, CTypeTable, Constant, Extent, Field, Named, NamedSlice, QualType, RecordBody,
    RecordId, RecordKind, Special,
};
use crate::layout::{self, Builder, FieldLayout, FieldSpec, LayoutError, RecordSpec};

/// A record's fields so far, each at its place. It can serve one record after the other, for its memory.
pub struct Body {
    /// Once it was started.
    id: Option<RecordId>,
    spec: RecordSpec,
    builder: Builder,
    /// Those of the spec, but for unnamed bit-fields.
    fields: Named<Field>,
    unnamed_bits: Vec<(u64, u32)>,
    /// The names of all, once they are many.
    names: Option<Box<HashSet<Box<str>>>>,
    /// Of the fields.
    extent: Extent,
    misaligned: bool,
    read_only: bool,
    /// The member without an end, behind which there is none: its place, and what is said of one behind it.
    open: Option<(usize, &'static str)>,
}

/// Up to so many fields are looked through for a name.
const FEW: usize = 32;

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

impl<'a> Member<'a> {
    /// One of which nothing but a name, perhaps, and a type is said.
    pub fn plain(name: Option<&'a str>, ty: QualType) -> Member<'a> {
        Member { name, ty, width: None, aligned: None, packed: false, at: 0 }
    }
}

impl Default for Body {
    fn default() -> Body {
        Body {
            id: None,
            spec: RecordSpec::default(),
            builder: Builder::new(false, false, None),
            fields: Named::default(),
            unnamed_bits: Vec::new(),
            names: None,
            extent: Extent::SIMPLE,
            misaligned: false,
            read_only: false,
            open: None,
        }
    }
}

/// A field at the place that it was given.
fn placed(field: Field, FieldLayout { offset, position_bits }: FieldLayout) -> Field {
    Field { offset, bits: field.bits.map(|bits| BitField { position_bits, ..bits }), ..field }
}

impl From<LayoutError> for Fault {
    fn from(error: LayoutError) -> Fault {
        Fault::Said(match error {
            LayoutError::TooLarge => super::UNSIZED,
            LayoutError::BadWidth => super::INVALID,
        })
    }
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
        let Body { spec, fields, unnamed_bits, .. } = self;
        let is_union = kind == RecordKind::Union;
        spec.fields.clear();
        (spec.is_union, spec.packed, spec.aligned, spec.pack) = (is_union, packed, aligned, pack);
        fields.truncate(0);
        unnamed_bits.clear();
        self.builder = Builder::new(is_union, packed, pack);
        self.id = Some(id);
        self.names = None;
        self.extent = Extent::SIMPLE;
        (self.misaligned, self.read_only, self.open) = (false, false, None);
    }

    /// What attributes behind the closing brace say: the fields move where these make the record packed.
    pub fn attribute(&mut self, packed: bool, aligned: Option<u64>) -> Result<(), Fault> {
        self.spec.aligned = self.spec.aligned.max(aligned);
        if packed && !self.spec.packed {
            self.spec.packed = true;
            self.place_again()?;
        }
        Ok(())
    }

    /// Places all fields anew.
    #[cold]
    #[inline(never)]
    fn place_again(&mut self) -> Result<(), Fault> {
        let Body { spec, fields, unnamed_bits, .. } = self;
        self.builder = Builder::new(spec.is_union, spec.packed, spec.pack);
        unnamed_bits.clear();
        let mut next = 0;
        for field in &spec.fields {
            let laid_out = self.builder.place(field)?;
            if !field.is_named {
                unnamed_bits.extend(unnamed(field, laid_out));
            } else if let Some(field) = fields.get_mut(next) {
                *field = placed(*field, laid_out);
                next += 1;
            }
        }
        Ok(())
    }

    /// Takes the next member.
    pub fn add(&mut self, table: &CTypeTable, member: &Member<'_>) -> Result<(), Fault> {
        if let Some((_, message)) = self.open {
            return Err(Fault::Said(message));
        }
        let ty = member.ty;
        let ctype = table.get(ty.id);
        let is_open = matches!(ctype, CType::Array { len: ArrayLen::Unknown | ArrayLen::Variable, .. });
        let size = match table.size(ty.id) {
            Some(size) if self.id.is_none_or(|id| ctype != CType::Record(id)) => size,
            _ if is_open => 0,
            _ => return Err(Fault::Said(super::UNSIZED)),
        };
        let width_bits = match member.width {
            None => None,
            Some(n) => Some(bit_width(ctype, size, n)?),
        };
        if let Some(name) = member.name
            && !self.is_new(name)
        {
            return Err(Fault::Redefined);
        }
        self.extent = self.extent.with(table.extent(ty.id));
        if !self.extent.is_allowed() {
            return Err(Fault::Said(TOO_DEEP));
        }
        match ctype {
            CType::Record(inner) => {
                if table.variable_element(ty.id).is_some() {
                    self.open = Some((member.at, super::UNSIZED));
                }
                self.misaligned |= table.record(inner).body.as_ref().is_some_and(|b| b.misaligned);
                self.read_only |= table.is_read_only(ty);
            }
            CType::Array { .. } => {
                if is_open {
                    self.open = Some((member.at, "'}' expected"));
                }
                self.read_only |= table.is_read_only(ty);
            }
            _ => self.read_only |= ty.qual.is_const(),
        }
        let spec = FieldSpec {
            size,
            align: table.align(ty.id).unwrap_or(1),
            aligned: member.aligned,
            packed: member.packed,
            width_bits,
            is_named: member.name.is_some() || width_bits.is_none(),
        };
        let laid_out = self.builder.place(&spec)?;
        if spec.is_named {
            let bits = width_bits.map(|width| BitField { position_bits: 0, width_bits: width as u32 });
            let field = placed(Field { ty, offset: 0, bits }, laid_out);
            self.fields.push(member.name.unwrap_or_default(), field);
        } else {
            self.unnamed_bits.extend(unnamed(&spec, laid_out));
        }
        self.spec.fields.push(spec);
        Ok(())
    }

    /// Has no field this name yet?
    fn is_new(&mut self, name: &str) -> bool {
        match self.fields.len() {
            ..=FEW => self.fields.all().find(name.as_bytes()).is_none(),
            _ => self.is_new_among_many(name),
        }
    }

    #[inline(never)]
    fn is_new_among_many(&mut self, name: &str) -> bool {
        let fields = self.fields.all();
        let known =
            self.names.get_or_insert_with(|| Box::new(fields.iter().map(|(name, _)| name.into()).collect()));
        known.insert(name.into())
    }

    /// The record's fields so far.
    pub fn fields(&self) -> NamedSlice<'_, Field> {
        self.fields.all()
    }

    /// The record's body; with an error comes the place of the field that it is about, if it is one's.
    pub fn finish(&self, constants: Named<Constant>) -> Result<RecordBody, (Fault, Option<usize>)> {
        if let Some((at, _)) = self.open.filter(|_| self.spec.is_union) {
            return Err((Fault::Said(super::UNSIZED), Some(at)));
        }
        let whole = self.builder.finish(self.spec.aligned).map_err(|error| (error.into(), None))?;
        let layout::Layout { size, align, member_align, misaligned } = whole;
        let is_special = self.spec.is_special();
        let special = (is_special || !constants.is_empty()).then(|| {
            let (unnamed_bits, spec) = (self.unnamed_bits.clone(), is_special.then(|| self.spec.clone()));
            Box::new(Special { unnamed_bits, constants, spec })
        });
        let (extent, read_only) = (self.extent, self.read_only);
        let misaligned = misaligned || self.misaligned;
        Ok(RecordBody { size, align, member_align, extent, read_only, misaligned, special })
    }
}

/// The width of a bit-field of a type that has so many bytes, if it may have that one.
#[inline(never)]
fn bit_width(ctype: CType, size: u64, width: i128) -> Result<u64, Fault> {
    let is_integer = matches!(ctype, CType::Bool | CType::Int(_) | CType::Enum(_));
    let limit = if ctype == CType::Bool { 1 } else { size.saturating_mul(8) };
    match u64::try_from(width) {
        Ok(n) if is_integer && n <= limit => Ok(n),
        _ => Err(Fault::Said(super::INVALID)),
    }
}

/// Where an unnamed bit-field lies, as [`RecordBody::unnamed_bits`] gives it; none for one of no width.
fn unnamed(spec: &FieldSpec, laid_out: FieldLayout) -> Option<(u64, u32)> {
    let width = spec.width_bits.filter(|&width| width > 0)?;
    Some((laid_out.offset * 8 + u64::from(laid_out.position_bits), width as u32))
}

/// Gives a record its body and fields; the same ones again are fine.
pub fn complete(
    table: &mut CTypeTable,
    id: RecordId,
    body: RecordBody,
    fields: NamedSlice<'_, Field>,
) -> Result<(), Fault> {
    match &table.record(id).body {
        None => table.complete_record(id, body, fields),
        Some(old) => {
            let same = old.size == body.size
                && old.align == body.align
                && old.constants() == body.constants()
                && same_fields(table.fields(id), fields, |x, y| equivalent(table, x, y));
            if !same {
                return Err(Fault::Redefined);
            }
        }
    }
    Ok(())
}

/// Do two records have the same fields at the same places, by what `same` says of their types?
pub fn same_fields(
    a: NamedSlice<'_, Field>,
    b: NamedSlice<'_, Field>,
    same: impl Fn(QualType, QualType) -> bool,
) -> bool {
    let is_same = |((m, x), (n, y)): ((&str, &Field), (&str, &Field))| {
        m == n && x.offset == y.offset && x.bits == y.bits && same(x.ty, y.ty)
    };
    a.len() == b.len() && a.iter().zip(b.iter()).all(is_same)
}
