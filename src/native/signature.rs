//! How a C function's arguments and result travel.
//!
//! A signature is worked out once for a function type (or for one list of a variadic's arguments). The caller fills a
//! frame of 8-byte words as [`Signature::places`] says; [`Signature::call`] loads the registers and stack from it. The
//! same frame serves callbacks (`closure`). Where `direct` knows the platform's convention, the frame is the argument
//! registers and the stack, and the call is ours; elsewhere, and for other conventions, libffi makes it.

use std::ffi::c_void;

use super::cif::Cif;
#[cfg(direct)]
use super::{convention, direct::Direct};
#[cfg(direct)]
use crate::ctype::Convention;
use crate::ctype::{CType, CTypeId, CTypeTable, Prototype, QualType};

/// Where an argument's bytes go, in 8-byte words from the start of the frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Nowhere: an empty struct.
    None,
    /// One word: a scalar (integers of less than 32 bits extended by the caller, a `float` in the low half), or an aggregate of up to 8
    /// bytes.
    Word(u16),
    /// Two words: bytes 0 to 8 go to the first, the rest to the second.
    Pair(u16, u16),
    /// Copied whole, from that word on.
    Memory(u16),
    /// Alike elements, each to the low bytes of every second word.
    Spread {
        /// The first element's word.
        first: u16,
        /// How many.
        count: u8,
        /// Bytes of an element.
        size: u8,
    },
    /// By reference: a word holds the address of a copy.
    Indirect {
        /// The word with the address.
        word: u16,
        /// Where a caller's copy lies in the frame.
        copy: u16,
        /// The copy's alignment in bytes; at least 16.
        align: u16,
    },
}

impl Place {
    /// Puts an argument's bytes into a frame; what a word has beyond them is zero.
    ///
    /// # Safety
    /// The place is of a signature that the frame is large enough for; `from` has `size` bytes, as many as the argument.
    pub unsafe fn write(self, frame: *mut u64, from: *const u8, size: usize) {
        // SAFETY: S3, S4 from the caller: places lie inside of the frame and are as long as the argument.
        unsafe {
            let word = |i: u16| frame.add(i.into());
            let copy =
                |from: *const u8, to: *mut u64, n| std::ptr::copy_nonoverlapping(from, to.cast::<u8>(), n);
            match self {
                Place::None => {}
                Place::Word(at) => {
                    word(at).write(0);
                    copy(from, word(at), size.min(8));
                }
                Place::Pair(low, high) => {
                    word(high).write(0);
                    copy(from, word(low), 8);
                    copy(from.add(8), word(high), size - 8);
                }
                Place::Memory(at) => copy(from, word(at), size),
                Place::Spread { first, count, size } => {
                    for i in 0..u16::from(count) {
                        copy(from.add(usize::from(i) * usize::from(size)), word(first + 2 * i), size.into());
                    }
                }
                Place::Indirect { word: at, copy: to, align } => {
                    let to = word(to);
                    let to = to.add(to.align_offset(align.into()));
                    copy(from, to, size);
                    word(at).write(to as u64);
                }
            }
        }
    }

    /// The bytes of an argument of a frame that C filled; `parts` is where those that do not lie together are put.
    ///
    /// # Safety
    /// The frame is of the place's signature.
    pub unsafe fn read(self, frame: *const u64, size: usize, parts: &mut [u128; 4]) -> *mut u8 {
        let parts = parts.as_mut_ptr().cast::<u8>();
        // SAFETY: S3, S4 from the caller; the parts of an argument are 64 bytes at most.
        unsafe {
            let word = |i: u16| frame.add(i.into()).cast::<u8>().cast_mut();
            match self {
                Place::None => return parts,
                Place::Word(at) | Place::Memory(at) => return word(at),
                Place::Pair(low, high) => {
                    std::ptr::copy_nonoverlapping(word(low), parts, 8);
                    std::ptr::copy_nonoverlapping(word(high), parts.add(8), size - 8);
                }
                Place::Spread { first, count, size } => {
                    for i in 0..u16::from(count) {
                        let to = parts.add(usize::from(i) * usize::from(size));
                        std::ptr::copy_nonoverlapping(word(first + 2 * i), to, size.into());
                    }
                }
                Place::Indirect { word: at, .. } => return frame.add(at.into()).read() as *mut u8,
            }
            parts
        }
    }
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
    #[cfg(direct)]
    Direct(Direct),
    Libffi(Box<Cif>),
}

impl Signature {
    /// Works a signature out; `variadic` are the promoted types of the arguments beyond the declared ones. The error
    /// says what cannot be described.
    pub fn new(
        table: &CTypeTable,
        function: Prototype<'_>,
        variadic: &[QualType],
    ) -> Result<Signature, String> {
        #[cfg(direct)]
        if function.convention != Convention::MsAbi {
            return convention::signature(table, function, variadic);
        }
        Signature::through_libffi(table, function, variadic)
    }

    /// The same by libffi, wherever libffi can: the reference for the direct path.
    pub fn through_libffi(
        table: &CTypeTable,
        function: Prototype<'_>,
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
        Ok(Signature::of(table, function, places, words.max(2), Path::Libffi(Box::new(cif))))
    }

    /// A signature whose arguments' places are known, and who calls.
    pub(super) fn of(
        table: &CTypeTable,
        function: Prototype<'_>,
        places: Vec<Place>,
        frame_words: usize,
        path: Path,
    ) -> Signature {
        let result_bytes = table.size(function.result.id).unwrap_or(0) as usize;
        Signature {
            places,
            frame_words,
            result_size: result_bytes.max(16).next_multiple_of(16),
            result_bytes,
            path,
            closure_cif: None,
        }
    }

    /// A signature that closures can be made of, also beyond what the direct path's pool has.
    pub fn for_closures(table: &CTypeTable, function: Prototype<'_>) -> Result<Signature, String> {
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
            #[cfg(direct)]
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

    /// Is the result, a word of memory or more, written by nobody but C, to where the buffer is? Then that may be the memory that the result is to have: it
    /// needs no more than its type's size and alignment.
    pub fn has_hidden_result(&self) -> bool {
        match &self.path {
            #[cfg(direct)]
            Path::Direct(direct) => direct.result.is_hidden() && self.result_bytes >= 8,
            Path::Libffi(_) => false,
        }
    }

    /// Is a callback's result a word, or none? Then its handler returns it ([`super::closure::Handler`]).
    pub fn gives_word(&self) -> bool {
        match &self.path {
            #[cfg(direct)]
            Path::Direct(direct) => direct.result.is_word(),
            Path::Libffi(_) => self.result_bytes <= 8,
        }
    }

    /// Is the call made without libffi?
    pub fn is_direct(&self) -> bool {
        !matches!(self.path, Path::Libffi(_))
    }

    /// May [`Signature::call_few`] call it? Its arguments are few, each a word, and all travel in
    /// registers of one sort; its result is a word, of either.
    pub fn has_few(&self) -> bool {
        match &self.path {
            #[cfg(direct)]
            Path::Direct(direct) => direct.has_few,
            Path::Libffi(_) => false,
        }
    }

    /// As [`Signature::call`], without a frame: `words` are the arguments as their places would hold them.
    ///
    /// # Safety
    /// [`Signature::has_few`]; `target` is code of this signature (S4), with `N` arguments.
    #[cfg_attr(not(direct), allow(unused_variables))]
    #[inline(always)]
    pub unsafe fn call_few<const N: usize>(&self, target: *const c_void, words: [u64; N]) -> u64 {
        match &self.path {
            #[cfg(direct)]
            // SAFETY: from the caller.
            Path::Direct(direct) => unsafe { direct.call_few(target, words) },
            // SAFETY: `has_few` says no.
            Path::Libffi(_) => unsafe { std::hint::unreachable_unchecked() },
        }
    }

    /// Calls `target` and gives the result's first word, of which a scalar of up to 8 bytes is the low ones. What is longer has the
    /// rest at `result`; the first word need not be there.
    ///
    /// # Safety
    /// `target` is code of this signature (S4); `frame` has [`Signature::frame_words`] words, 16-aligned, filled as the
    /// places say; `result` has [`Signature::result_size`] bytes, 16-aligned, or, if it is hidden ([`Signature::has_hidden_result`]), the size and alignment of
    /// its type, and of a word at least.
    #[inline(always)]
    pub unsafe fn call(&self, target: *const c_void, frame: *mut u64, result: *mut u8) -> u64 {
        // SAFETY: from the caller.
        unsafe {
            match &self.path {
                #[cfg(direct)]
                Path::Direct(direct) => direct.call(target, frame, result),
                Path::Libffi(cif) => {
                    // (There may be none, or less than a word.)
                    result.cast::<u64>().write(0);
                    cif.call(&self.places, target, frame, result);
                    result.cast::<u64>().read()
                }
            }
        }
    }
}
