//! What attributes do to types.

use super::declare::Converter;
use super::dialect::Attr;
use super::{CdefError, Fault, INVALID, UNSIZED, value};
use crate::ctype::{CType, CTypeTable, FloatKind, IntKind, Prototype, QualType};
use crate::target;

/// Where it is not known what an argument is worth.
const BAD_ATTRIBUTE: &str = "bad attribute";

impl Converter<'_> {
    /// The alignment that `aligned` asks for, in bytes; the largest of several. None if there is none.
    pub(super) fn alignment(&mut self, attrs: &[Attr], at: usize) -> Result<Option<u64>, CdefError> {
        let mut found: Option<u64> = None;
        for attr in attrs {
            if let Attr::Aligned(text) = attr {
                let n = match text {
                    None => target::BIGGEST_ALIGN,
                    Some(text) => self.alignment_of_text(text, at)?,
                };
                if n == 0 {
                    continue;
                }
                if !n.is_power_of_two() || n > 1 << 28 {
                    return Err(self.error(at, "bad alignment"));
                }
                found = Some(found.map_or(n, |old| old.max(n)));
            }
        }
        Ok(found)
    }

    /// What is said of an object or function bears on nothing. What no alignment is (not what is only unknown here) is an error all the same.
    pub(super) fn check_alignment(&mut self, attrs: &[Attr], at: usize) -> Result<(), CdefError> {
        match self.alignment(attrs, at) {
            Err(error) if error.message != BAD_ATTRIBUTE => Err(error),
            _ => Ok(()),
        }
    }

    /// `_Alignas` takes a type as well as an expression.
    fn alignment_of_text(&mut self, text: &str, at: usize) -> Result<u64, CdefError> {
        if let Ok(read) = super::type_name(self.table, text.as_bytes(), &[]) {
            return Ok(self.table.align(read.ty.id).unwrap_or(1));
        }
        self.number_of_text(text, at)
    }

    /// The value of an attribute's argument.
    fn number_of_text(&mut self, text: &str, at: usize) -> Result<u64, CdefError> {
        let value = super::constant_expression(self.table, text.as_bytes(), &[]);
        match value.ok().and_then(|value| value::integer(self.table, &value)) {
            Some(n) => u64::try_from(n).map_err(|_| self.error(at, UNSIZED)),
            None => Err(self.error(at, BAD_ATTRIBUTE)),
        }
    }

    /// The base type as `mode` and `vector_size` change it.
    pub(super) fn modified(
        &mut self,
        ty: QualType,
        attrs: &[Attr],
        at: usize,
    ) -> Result<QualType, CdefError> {
        let mut ty = ty;
        for attr in attrs {
            let changed = match attr {
                Attr::Mode(word) => mode(self.table, ty, word),
                Attr::VectorSize(text) => {
                    let bytes = self.number_of_text(text, at)?;
                    vector(self.table, ty, bytes)
                }
                _ => continue,
            };
            ty = changed.map_err(|fault| self.fault(fault, at, ""))?;
        }
        Ok(ty)
    }
}

/// `vector_size` applies to the scalar that a declarator ends in, wherever the attribute stands (as GCC has it). What
/// it makes anew is one level deeper than what was there, and no deeper if that happens again: a vector is no scalar.
pub fn vector(table: &mut CTypeTable, elem: QualType, bytes: u64) -> Result<QualType, Fault> {
    match table.get(elem.id) {
        CType::Pointer(to) => {
            let to = vector(table, to, bytes)?;
            return Ok(table.pointer(to).with(elem.qual));
        }
        CType::Reference(to) => {
            let to = vector(table, to, bytes)?;
            return Ok(table.intern(CType::Reference(to)).with(elem.qual));
        }
        CType::Array { elem: inner, len } => {
            let inner = vector(table, inner, bytes)?;
            return Ok(table.array(inner, len).with(elem.qual));
        }
        CType::Function(id) => {
            let function = table.function(id).to_function();
            let result = vector(table, function.result, bytes)?;
            let prototype = Prototype { result, ..function.prototype() };
            let names = table.param_names(id);
            return Ok(table.function_type(prototype, &names.all()).with(elem.qual));
        }
        _ => {}
    }
    let is_scalar = matches!(table.get(elem.id), CType::Int(_) | CType::Float(_) | CType::Bool);
    let size = table.size(elem.id).filter(|_| is_scalar).unwrap_or(0);
    if size == 0 || !bytes.is_multiple_of(size) || !(bytes / size).is_power_of_two() || bytes > 4096 {
        return Err(Fault::Said(INVALID));
    }
    let made = table.intern(CType::Vector { elem: elem.id, len: (bytes / size) as u32 });
    Ok(made.with(elem.qual))
}

/// `mode` makes another scalar of a scalar, or of an array's elements; what else a declarator makes stays what it is.
pub fn mode(table: &mut CTypeTable, ty: QualType, word: &str) -> Result<QualType, Fault> {
    match table.get(ty.id) {
        CType::Array { elem, len } => {
            let elem = mode(table, elem, word)?;
            return Ok(table.array(elem, len).with(ty.qual));
        }
        CType::Pointer(_) | CType::Reference(_) | CType::Function(_) | CType::Record(_) | CType::Void => {
            return Ok(ty);
        }
        _ => {}
    }
    let unsigned = table.integer_kind(ty.id).is_some_and(|k| !target::int_is_signed(k));
    let int = |signed: IntKind, other: IntKind| if unsigned { other } else { signed };
    let kind = match word {
        "QI" | "byte" => int(IntKind::SChar, IntKind::UChar),
        "HI" => int(IntKind::Short, IntKind::UShort),
        "SI" => int(IntKind::Int, IntKind::UInt),
        "DI" => int(target::INT64, target::UINT64),
        "word" | "pointer" | "unwind_word" => int(target::INTPTR, target::UINTPTR),
        "TI" => int(IntKind::Int128, IntKind::UInt128),
        _ => return float_mode(table, ty, word),
    };
    Ok(table.int(kind).with(ty.qual))
}

fn float_mode(table: &mut CTypeTable, ty: QualType, word: &str) -> Result<QualType, Fault> {
    let kind = match word {
        "HF" => Some(FloatKind::Float16),
        "SF" | "SC" => Some(FloatKind::Float),
        "DF" | "DC" => Some(FloatKind::Double),
        "XF" | "XC" => Some(FloatKind::LongDouble),
        "TF" | "TC" => Some(FloatKind::Float128),
        _ => None,
    };
    if let Some(kind) = kind {
        let ctype = if word.ends_with('C') { CType::Complex(kind) } else { CType::Float(kind) };
        return Ok(table.intern(ctype).with(ty.qual));
    }
    // A vector: `V4SF` is four `SF`.
    let digits = word.strip_prefix('V').map_or(0, |r| r.bytes().take_while(u8::is_ascii_digit).count());
    let lanes: u64 = word.get(1..1 + digits).and_then(|d| d.parse().ok()).unwrap_or(0);
    if digits == 0 || lanes == 0 {
        return Err(Fault::Said("bad mode"));
    }
    let element = mode(table, ty, &word[1 + digits..])?;
    let size = table.size(element.id).unwrap_or(0);
    vector(table, element, lanes.saturating_mul(size))
}
