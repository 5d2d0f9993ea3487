//! How a C function's arguments and result travel.
//!
//! A signature is worked out once for a function type (or for one list of a variadic's arguments). The caller fills a
//! frame of 8-byte words as [`Signature::places`] says; [`Signature::call`] loads the registers and stack from it. The
//! same frame serves callbacks (`closure`). On System V x86-64 the frame is the argument registers and the stack, and
//! the call is ours; elsewhere, and for conventions not the platform's own, libffi makes it.

use std::ffi::c_void;

use super::cif::Cif;
#[cfg(all(target_arch = "x86_64", not(windows)))]
use super::sysv_x64::{self, Direct};
use crate::ctype::{CType, CTypeId, CTypeTable, Convention, Function, QualType};

/// Where an argument's bytes go, in 8-byte words from the start of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: an empty struct.
    None,
    /// One word: a scalar (integers extended by the caller, a `float` in the low half), or an aggregate of up to 8 bytes.
    Word(u16),
    /// Two words: bytes 0 to 8 go to the first, the rest to the second.
    Pair(u16, u16),
    /// Copied whole, from that word on.
    Memory(u16),
}

/// A function's argument places, and how it is called.
pub struct Signature {
    pub(super) places: Vec<Place>,
    pub(super) frame_words: usize,
    pub(super) result_size: usize,
    /// Bytes of the result's type.
    pub(super) result_bytes: usize,
    pub(super) path: Path,
    /// For closures beyond the pool of the direct path.
    pub(super) closure_cif: Option<Box<Cif>>,
}

// SAFETY: never changed once made, and what it points at is its own; a callback that another thread enters, or a slot that
// another VM's callback takes over, reads and frees it there.
unsafe impl Send for Signature {}
// SAFETY: as above.
unsafe impl Sync for Signature {}

/// Who makes the call.
pub(super) enum Path {
    #[cfg(all(target_arch = "x86_64", not(windows)))]
    Direct(Direct),
    Libffi(Box<Cif>),
}

impl Signature {
    /// Works a signature out; `variadic` are the promoted types of the arguments beyond the declared ones. The error
    /// says what cannot be described.
    pub fn new(table: &CTypeTable, function: &Function, variadic: &[QualType]) -> Result<Signature, String> {
        #[cfg(all(target_arch = "x86_64", not(windows)))]
        if function.convention != Convention::MsAbi {
            return sysv_x64::signature(table, function, variadic);
        }
        Signature::through_libffi(table, function, variadic)
    }

    /// The same by libffi, wherever libffi can: the reference for the direct path.
    pub fn through_libffi(
        table: &CTypeTable,
        function: &Function,
        variadic: &[QualType],
    ) -> Result<Signature, String> {
        let types: Vec<CTypeId> = function.params.iter().chain(variadic).map(|ty| ty.id).collect();
        let cif = Cif::new(table, function, &types)?;
        let mut places = Vec::with_capacity(types.len());
        let mut words = 0usize;
        for &ty in &types {
            let size = table.size(ty).ok_or("argument of unknown size")?;
            words = words.next_multiple_of(2);
            let at = u16::try_from(words).map_err(|_| "too many arguments")?;
            let scalar =
                !matches!(table.get(ty), CType::Record(_) | CType::Complex(_) | CType::Vector { .. });
            places.push(if size == 0 {
                Place::None
            } else if scalar && size <= 8 {
                Place::Word(at)
            } else {
                Place::Memory(at)
            });
            words += size.div_ceil(8).max(1) as usize;
        }
        let result_bytes = table.size(function.result.id).unwrap_or(0) as usize;
        Ok(Signature {
            places,
            frame_words: words.max(2),
            result_size: result_bytes.max(16).next_multiple_of(16),
            result_bytes,
            path: Path::Libffi(Box::new(cif)),
            closure_cif: None,
        })
    }

    /// A signature that closures can be made of, also beyond what the direct path's pool has.
    pub fn for_closures(table: &CTypeTable, function: &Function) -> Result<Signature, String> {
        let mut signature = Signature::new(table, function, &[])?;
        if signature.is_direct() {
            let types: Vec<CTypeId> = function.params.iter().map(|ty| ty.id).collect();
            signature.closure_cif = Cif::new(table, function, &types).ok().map(Box::new);
        }
        Ok(signature)
    }

    /// libffi's description, if there is one.
    pub(super) fn cif(&self) -> Option<&Cif> {
        match &self.path {
            Path::Libffi(cif) => Some(cif),
            #[cfg(all(target_arch = "x86_64", not(windows)))]
            Path::Direct(_) => self.closure_cif.as_deref(),
        }
    }

    /// One for each argument.
    pub fn places(&self) -> &[Place] {
        &self.places
    }

    /// Words that a frame must have.
    pub fn frame_words(&self) -> usize {
        self.frame_words
    }

    /// Bytes that the result buffer must have; at least 16.
    pub fn result_size(&self) -> usize {
        self.result_size
    }

    /// Is the call made without libffi?
    pub fn is_direct(&self) -> bool {
        !matches!(self.path, Path::Libffi(_))
    }

    /// Calls `target`. Scalars of up to 8 bytes come back as the low bytes of a word at `result`, anything else as its
    /// bytes in memory.
    ///
    /// # Safety
    /// `target` is code of this signature (S4); `frame` has [`Signature::frame_words`] words, 16-aligned, filled as the
    /// places say; `result` has [`Signature::result_size`] bytes, 16-aligned.
    #[inline]
    pub unsafe fn call(&self, target: *const c_void, frame: *mut u64, result: *mut u8) {
        // SAFETY: from the caller.
        unsafe {
            match &self.path {
                #[cfg(all(target_arch = "x86_64", not(windows)))]
                Path::Direct(direct) => direct.call(target, frame, result),
                Path::Libffi(cif) => cif.call(&self.places, target, frame, result),
            }
        }
    }
}
