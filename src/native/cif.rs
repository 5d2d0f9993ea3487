//! libffi: function ctype -> its description, calls and closures through it.
//!
//! The path of every platform but those with a direct one, and the reference that the direct path is tested against.

use std::ffi::{c_uint, c_void};

use libffi::raw::{
    FFI_TYPE_STRUCT, ffi_abi, ffi_abi_FFI_DEFAULT_ABI as FFI_DEFAULT_ABI, ffi_call, ffi_cif, ffi_prep_cif,
    ffi_status_FFI_OK, ffi_type, ffi_type_double, ffi_type_float, ffi_type_longdouble, ffi_type_pointer,
    ffi_type_sint8, ffi_type_sint16, ffi_type_sint32, ffi_type_sint64, ffi_type_uint8, ffi_type_uint16,
    ffi_type_uint32, ffi_type_uint64, ffi_type_void,
};

use super::signature::Place;
use crate::ctype::{ArrayLen, CType, CTypeId, CTypeTable, Convention, FloatKind, Prototype, RecordKind};
use crate::target;

/// A prepared call of libffi's. Boxed parts: libffi keeps their addresses.
pub struct Cif {
    cif: Box<ffi_cif>,
    // Kept for `cif`, which points at them.
    _args: Box<[*mut ffi_type]>,
    _owned: Types,
    result_is_void: bool,
}

/// Descriptions of aggregates, and the element lists that they point at.
#[derive(Default)]
struct Types {
    // Boxed: libffi keeps their addresses.
    #[allow(clippy::vec_box)]
    types: Vec<Box<ffi_type>>,
    lists: Vec<Box<[*mut ffi_type]>>,
    /// How many elements the lists have, those under way too.
    count: usize,
}

/// The most elements that the aggregates of one function may have: libffi wants each described, those of arrays one by one.
const ELEMENTS_MAX: usize = 4096;

impl Cif {
    /// Describes a function that is called with these argument types.
    pub fn new(table: &CTypeTable, function: Prototype<'_>, types: &[CTypeId]) -> Result<Cif, String> {
        let mut owned = Types::default();
        let mut list = Vec::with_capacity(types.len());
        for &ty in types {
            list.push(owned.describe(table, ty)?);
        }
        let result_is_void = matches!(table.get(function.result.id), CType::Void);
        if target::LONG_DOUBLE_IS_X87 && is_long_double_alone(table, function.result.id) {
            // It comes back in st0; libffi looks for it in memory.
            return Err("struct of one long double as a result".to_owned());
        }
        let result = if result_is_void {
            &raw mut ffi_type_void
        } else {
            owned.describe(table, function.result.id)?
        };
        let mut args = list.into_boxed_slice();
        let mut cif = Box::new(ffi_cif::default());
        let count = c_uint::try_from(args.len()).map_err(|_| "too many arguments")?;
        // SAFETY: the lists outlive the cif, which is boxed and does not move.
        let status = unsafe {
            ffi_prep_cif(&raw mut *cif, abi(function.convention)?, count, result, args.as_mut_ptr())
        };
        if status != ffi_status_FFI_OK {
            return Err("function type that libffi refuses".to_owned());
        }
        if cfg!(target_arch = "aarch64") {
            // libffi aligns the address on the stack as the struct that it leads to.
            let by_reference =
                |&ty: &CTypeId| matches!(table.get(ty), CType::Record(_)) && table.size(ty) > Some(16);
            if types.iter().any(|ty| by_reference(ty) && table.align(*ty) > Some(8)) {
                return Err("large struct of 16-byte alignment by value".to_owned());
            }
        }
        Ok(Cif { cif, _args: args, _owned: owned, result_is_void })
    }

    /// For `closure`.
    pub fn raw(&self) -> *mut ffi_cif {
        std::ptr::from_ref::<ffi_cif>(&*self.cif).cast_mut()
    }

    /// Calls through libffi.
    ///
    /// # Safety
    /// As for `Signature::call`.
    pub unsafe fn call(&self, places: &[Place], target: *const c_void, frame: *mut u64, result: *mut u8) {
        let mut values = [std::ptr::null_mut::<c_void>(); 64];
        let mut many;
        let values: &mut [*mut c_void] = if places.len() <= values.len() {
            &mut values
        } else {
            many = vec![std::ptr::null_mut(); places.len()];
            &mut many
        };
        for (value, place) in values.iter_mut().zip(places) {
            *value = match *place {
                // SAFETY: places lie inside of the frame (caller).
                Place::Word(word) | Place::Memory(word) => unsafe { frame.add(word.into()).cast() },
                // An empty struct; the rest is the direct path's, which makes its calls itself.
                _ => frame.cast(),
            };
        }
        // SAFETY: S4 from the caller; libffi writes at most the result's size, or a word.
        unsafe {
            let target: unsafe extern "C" fn() = std::mem::transmute(target);
            let into = if self.result_is_void { std::ptr::null_mut() } else { result.cast() };
            ffi_call(self.raw(), Some(target), into, values.as_mut_ptr());
        }
    }
}

/// Is a `long double` all that the type holds?
fn is_long_double_alone(table: &CTypeTable, id: CTypeId) -> bool {
    match table.get(id) {
        CType::Record(record) if table.size(id) == Some(16) => {
            let mut fields = table.fields(record).values().filter(|f| table.size(f.ty.id) != Some(0));
            fields.next().is_some_and(|f| holds_long_double(table, f.ty.id))
        }
        _ => false,
    }
}

fn holds_long_double(table: &CTypeTable, id: CTypeId) -> bool {
    match table.get(id) {
        CType::Float(FloatKind::LongDouble) => true,
        CType::Array { elem, .. } => holds_long_double(table, elem.id),
        _ => is_long_double_alone(table, id),
    }
}

fn abi(convention: Convention) -> Result<ffi_abi, String> {
    match convention {
        Convention::C => Ok(FFI_DEFAULT_ABI),
        #[cfg(all(target_arch = "x86_64", not(windows)))]
        Convention::MsAbi => Ok(libffi::raw::ffi_abi_FFI_WIN64),
        #[cfg(all(target_arch = "x86_64", not(windows)))]
        Convention::SysvAbi => Ok(FFI_DEFAULT_ABI),
        #[allow(unreachable_patterns)]
        _ => Err("calling convention".to_owned()),
    }
}

impl Types {
    fn describe(&mut self, table: &CTypeTable, ty: CTypeId) -> Result<*mut ffi_type, String> {
        Ok(match table.get(ty) {
            CType::Bool => &raw mut ffi_type_uint8,
            CType::Pointer(_) | CType::Reference(_) => &raw mut ffi_type_pointer,
            CType::Int(_) | CType::Enum(_) => {
                let kind = table.integer_kind(ty).ok_or("integer type")?;
                match (target::int_size(kind), target::int_is_signed(kind)) {
                    (1, true) => &raw mut ffi_type_sint8,
                    (1, false) => &raw mut ffi_type_uint8,
                    (2, true) => &raw mut ffi_type_sint16,
                    (2, false) => &raw mut ffi_type_uint16,
                    (4, true) => &raw mut ffi_type_sint32,
                    (4, false) => &raw mut ffi_type_uint32,
                    (8, true) => &raw mut ffi_type_sint64,
                    (8, false) => &raw mut ffi_type_uint64,
                    _ => return Err("128-bit integer by value".to_owned()),
                }
            }
            CType::Float(kind) => match kind {
                FloatKind::Float => &raw mut ffi_type_float,
                FloatKind::Double => &raw mut ffi_type_double,
                FloatKind::LongDouble => &raw mut ffi_type_longdouble,
                _ => return Err("floating type by value".to_owned()),
            },
            CType::Complex(kind) => {
                let part = match kind {
                    FloatKind::Float => &raw mut ffi_type_float,
                    FloatKind::Double => &raw mut ffi_type_double,
                    _ => return Err("complex type by value".to_owned()),
                };
                self.aggregate(vec![part, part])
            }
            CType::Record(id) => {
                let record = table.record(id);
                let body = record.body.as_ref().ok_or("incomplete type by value")?;
                let fields = table.fields(id);
                if record.kind == RecordKind::Union || fields.values().any(|f| f.bits.is_some()) {
                    return Err("union or bit-field by value".to_owned());
                }
                let mut elements = Vec::new();
                // libffi lays the members out by itself: only what comes out as declared can be described.
                let (mut end, mut natural) = (0u64, 1);
                for field in fields.values() {
                    let align = table.align(table.unaligned(field.ty.id)).unwrap_or(1);
                    let size = table.size(field.ty.id).unwrap_or(0);
                    if field.offset != end.next_multiple_of(align) {
                        return Err("packed or aligned struct by value".to_owned());
                    }
                    end = field.offset + size;
                    natural = natural.max(align);
                    self.elements(table, field.ty.id, &mut elements)?;
                }
                if body.size != end.next_multiple_of(natural) || body.align != natural || body.misaligned {
                    return Err("packed or aligned struct by value".to_owned());
                }
                if elements.is_empty() {
                    return Err("empty struct by value".to_owned());
                }
                self.aggregate(elements)
            }
            CType::Vector { .. } => return Err("vector by value".to_owned()),
            _ => return Err("type by value".to_owned()),
        })
    }

    fn elements(
        &mut self,
        table: &CTypeTable,
        ty: CTypeId,
        out: &mut Vec<*mut ffi_type>,
    ) -> Result<(), String> {
        match table.get(ty) {
            CType::Array { elem, len: ArrayLen::Fixed(n) } => {
                if n == 0 {
                    return Err("array of no elements by value".to_owned());
                }
                // Each is one of the list at least: so the list ends this, too.
                for _ in 0..n {
                    self.elements(table, elem.id, out)?;
                }
            }
            // It has no bytes, but a say in the alignment, which libffi does not hear of.
            CType::Array { .. } => return Err("flexible member by value".to_owned()),
            _ => {
                self.count += 1;
                if self.count > ELEMENTS_MAX {
                    return Err("struct of many elements by value".to_owned());
                }
                out.push(self.describe(table, ty)?);
            }
        }
        Ok(())
    }

    fn aggregate(&mut self, mut elements: Vec<*mut ffi_type>) -> *mut ffi_type {
        elements.push(std::ptr::null_mut());
        let mut list = elements.into_boxed_slice();
        let mut ty =
            Box::new(ffi_type { size: 0, alignment: 0, type_: FFI_TYPE_STRUCT, elements: list.as_mut_ptr() });
        let address = &raw mut *ty;
        self.types.push(ty);
        self.lists.push(list);
        address
    }
}
