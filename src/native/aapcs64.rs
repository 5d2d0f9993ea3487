//! AArch64 Linux: which registers arguments and results travel in, the call, and the door of callbacks.
//!
//! The frame, in words: x0 to x7, x8 (where a result in memory is due) and a word of padding, v0 to v7 of 2 words each, then
//! the arguments on the stack. Behind them lie the copies of arguments that go by reference. So one frame serves both
//! directions. Rules follow AAPCS64, 6.8, as GCC reads them; `tests/calls.rs` asks `cc`.

use std::arch::global_asm;
use std::ffi::c_void;

use super::closure::Entry;
use super::direct::{Direct, Vectors};
use super::pool::{ENTRIES, POOL, enter_any, enter_few, enter_mixed, pool_start};
use super::signature::{Path, Place, Signature};
use crate::ctype::{ArrayLen, CType, CTypeId, CTypeTable, Prototype, QualType, RecordKind};
use crate::target;

/// Argument registers of each kind: x0 to x7, v0 to v7.
const REGISTERS: usize = 8;
/// The word of x8.
const X8: usize = REGISTERS;
/// The word of v0.
const VECTORS: usize = X8 + 2;
/// The first stack argument's word.
const STACK: usize = VECTORS + 2 * REGISTERS;
/// The word of vector register `i`.
pub(super) const fn vector_word(i: usize) -> usize {
    VECTORS + 2 * i
}

/// Where the result comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ResultPlace {
    Void,
    /// x0
    Int,
    /// d0
    Float,
    /// x0 and x1
    Pair,
    /// As many vector registers, an element of that many bytes in each.
    Elements(Elements),
    /// In memory whose address the caller gave in x8.
    Hidden,
}

impl ResultPlace {
    /// Is a callback's result a word, which goes back in the first register of either sort? Any other is handed back.
    pub(super) fn is_word(self) -> bool {
        matches!(self, ResultPlace::Void | ResultPlace::Int | ResultPlace::Float)
    }

    /// Does C write the result to memory that it is told of?
    pub(super) fn is_hidden(self) -> bool {
        self == ResultPlace::Hidden
    }

    /// Any other result of a callback's, from memory to where C looks for it: registers, or the memory that the frame's x8 names.
    ///
    /// # Safety
    /// `result` holds the result, in at least 16 bytes; `frame` is the callback's.
    pub(super) unsafe fn hand_back(
        self,
        result: *const u8,
        size: usize,
        frame: *const u64,
        out: &mut Registers,
    ) {
        // SAFETY: from the caller; elements lie in the result's bytes.
        unsafe {
            match self {
                ResultPlace::Void => {}
                ResultPlace::Int => out.x[0] = *result.cast::<u64>(),
                ResultPlace::Float => out.v[0][0] = *result.cast::<u64>(),
                ResultPlace::Pair => out.x = *result.cast::<[u64; 2]>(),
                ResultPlace::Elements(Elements { count, size }) => {
                    for (i, register) in out.v.iter_mut().take(count.into()).enumerate() {
                        let from = result.add(i * usize::from(size));
                        std::ptr::copy_nonoverlapping(from, (&raw mut *register).cast(), size.into());
                    }
                }
                ResultPlace::Hidden => {
                    std::ptr::copy_nonoverlapping(result, *frame.add(X8) as *mut u8, size);
                }
            }
        }
    }
}

/// A homogeneous aggregate, or a single floating or vector value: alike elements, each in a vector register of its own.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Elements {
    count: u8,
    /// Bytes of an element: 2, 4, 8 or 16.
    size: u8,
}

/// What the general routine brings back, or the door of callbacks takes: registers as they are.
#[repr(C, align(16))]
pub(super) struct Registers {
    x: [u64; 2],
    v: [[u64; 2]; 4],
}

impl Registers {
    pub(super) const ZERO: Registers = Registers { x: [0; 2], v: [[0; 2]; 4] };
}

/// Works a signature out for the platform's own convention.
pub(super) fn signature(
    table: &CTypeTable,
    function: Prototype<'_>,
    variadic: &[QualType],
) -> Result<Signature, String> {
    let result = result_place(table, function.result.id)?;
    let mut next = Next { ints: 0, vectors: 0, stack: 0 };
    let mut vectors = Vectors::None;
    // What goes by reference, and its alignment: copied behind the stack's arguments, whose number is known at the end.
    let mut copies = Vec::new();
    let mut places = Vec::with_capacity(function.params.len() + variadic.len());
    // On Linux the arguments of a `...` travel as any others.
    for ty in function.params.iter().chain(variadic) {
        let size = table.size(ty.id).ok_or("argument of unknown size")? as usize;
        if size == 0 {
            places.push(Place::None);
            continue;
        }
        if let Some(elements) = elements(table, ty.id)? {
            let Some(word) = next.vectors(elements.count.into()) else {
                places.push(in_memory(next.stack(size, natural_align(table, ty.id))?, size));
                continue;
            };
            if elements.size > 8 {
                vectors = Vectors::Whole;
            } else if vectors == Vectors::None {
                vectors = Vectors::LowHalves;
            }
            places.push(match elements.count {
                1 => in_memory(word, size),
                count => Place::Spread { first: word, count, size: elements.size },
            });
            continue;
        }
        if size > 16 {
            let word = match next.ints(1, 8) {
                Some(word) => word,
                None => next.stack(8, 8)?,
            };
            copies.push((places.len(), size, table.align(ty.id).unwrap_or(1).max(16)));
            places.push(Place::Indirect { word, copy: 0, align: 0 });
            continue;
        }
        let align = natural_align(table, ty.id);
        if let CType::Vector { elem, .. } = table.get(ty.id)
            && matches!(table.get(elem), CType::Float(_))
        {
            // Of no size that vector registers hold: GCC takes it to the stack, and what comes after as well.
            next.ints = REGISTERS;
        }
        let word = match next.ints(size.div_ceil(8), align) {
            Some(word) => word,
            None => next.stack(size, align)?,
        };
        places.push(in_memory(word, size));
    }
    let mut frame_words = (STACK + next.stack).next_multiple_of(2);
    for (i, size, align) in copies {
        let Place::Indirect { word, .. } = places[i] else { continue };
        let align = u16::try_from(align).map_err(|_| "argument of such alignment")?;
        places[i] = Place::Indirect { word, copy: word_number(frame_words)?, align };
        // The frame itself is 16-aligned.
        frame_words += (size + usize::from(align) - 16).div_ceil(16) * 2;
    }
    let direct = Direct::new(result, &places, next.stack, vectors, false);
    Ok(Signature::of(table, function, places, frame_words, Path::Direct(direct)))
}

fn word_number(word: usize) -> Result<u16, String> {
    u16::try_from(word).map_err(|_| "arguments too large".to_owned())
}

/// Words that follow each other: one that holds all, or as many as there are.
fn in_memory(word: u16, size: usize) -> Place {
    if size <= 8 { Place::Word(word) } else { Place::Memory(word) }
}

/// What the next argument gets: AAPCS64's NGRN, NSRN and NSAA.
struct Next {
    ints: usize,
    vectors: usize,
    /// In words.
    stack: usize,
}

impl Next {
    /// As many x registers, from an even one for what is 16-aligned. If there are too few, no later argument gets one.
    fn ints(&mut self, count: usize, align: u64) -> Option<u16> {
        let first = if count == 2 && align == 16 { self.ints.next_multiple_of(2) } else { self.ints };
        if first + count > REGISTERS {
            self.ints = REGISTERS;
            return None;
        }
        self.ints = first + count;
        Some(first as u16)
    }

    /// As many vector registers; as above.
    fn vectors(&mut self, count: usize) -> Option<u16> {
        let first = self.vectors;
        if first + count > REGISTERS {
            self.vectors = REGISTERS;
            return None;
        }
        self.vectors += count;
        Some(vector_word(first) as u16)
    }

    fn stack(&mut self, size: usize, align: u64) -> Result<u16, String> {
        if align == 16 {
            self.stack = self.stack.next_multiple_of(2);
        }
        let word = word_number(STACK + self.stack)?;
        self.stack += size.div_ceil(8);
        Ok(word)
    }
}

fn result_place(table: &CTypeTable, id: CTypeId) -> Result<ResultPlace, String> {
    if matches!(table.get(id), CType::Void) {
        return Ok(ResultPlace::Void);
    }
    let size = table.size(id).ok_or("result of unknown size")?;
    if let Some(elements) = elements(table, id)? {
        let is_plain = elements.count == 1 && elements.size <= 8;
        return Ok(if is_plain { ResultPlace::Float } else { ResultPlace::Elements(elements) });
    }
    Ok(match size {
        0 => ResultPlace::Void,
        1..=8 => ResultPlace::Int,
        9..=16 => ResultPlace::Pair,
        _ => ResultPlace::Hidden,
    })
}

/// The alignment that places an argument: what `aligned` says on a record, or on a typedef, does not count, what it says on a
/// member does.
fn natural_align(table: &CTypeTable, id: CTypeId) -> u64 {
    match table.get(id) {
        CType::Record(record) => table.record(record).body.as_ref().map_or(1, |b| b.member_align),
        _ => table.align(table.unaligned(id)).unwrap_or(1),
    }
}

/// What an element of a homogeneous aggregate is: formats of one size are one type, and so are vectors of one size.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Element {
    Float(u64),
    Vector(u64),
}

/// Does a value of this type travel in vector registers, and in how many?
fn elements(table: &CTypeTable, id: CTypeId) -> Result<Option<Elements>, String> {
    // No more than four elements of 16 bytes. (What is smaller is bounded by the type's extent.)
    if table.size(id) > Some(64) {
        return Ok(None);
    }
    let mut element = None;
    let count = count_elements(table, id, &mut element)?.unwrap_or(0);
    let Some(Element::Float(size) | Element::Vector(size)) = element else { return Ok(None) };
    Ok((1..=4).contains(&count).then_some(Elements { count: count as u8, size: size as u8 }))
}

/// How many elements a type consists of; none if of anything else than one kind of them, or if there is padding.
fn count_elements(
    table: &CTypeTable,
    id: CTypeId,
    element: &mut Option<Element>,
) -> Result<Option<u64>, String> {
    let mut alike = |count, this| (*element.get_or_insert(this) == this).then_some(count);
    let count = match table.get(id) {
        CType::Float(kind) => return Ok(alike(1, Element::Float(target::float_size(kind)))),
        CType::Complex(kind) => return Ok(alike(2, Element::Float(target::float_size(kind)))),
        CType::Vector { .. } => {
            return Ok(match table.size(id) {
                Some(size @ (8 | 16)) => alike(1, Element::Vector(size)),
                _ => None,
            });
        }
        // One without elements rules it out.
        CType::Array { len: ArrayLen::Fixed(0), .. } => None,
        CType::Array { elem, len: ArrayLen::Fixed(n) } => {
            count_elements(table, elem.id, element)?.and_then(|count| count.checked_mul(n))
        }
        CType::Record(record) => {
            let fields = table.fields(record);
            let record = table.record(record);
            let body = record.body.as_ref().ok_or("incomplete type by value")?;
            if !body.unnamed_bits().is_empty() {
                return Ok(None);
            }
            let mut total = 0u64;
            for field in fields.values() {
                if field.bits.is_some() {
                    return Ok(None);
                }
                let Some(count) = count_elements(table, field.ty.id, element)? else {
                    return Ok(None);
                };
                total = match record.kind {
                    RecordKind::Struct => total.saturating_add(count),
                    RecordKind::Union => total.max(count),
                };
            }
            Some(total)
        }
        _ => None,
    };
    let size = match element {
        Some(Element::Float(size) | Element::Vector(size)) => *size,
        None => 0,
    };
    Ok(count.filter(|count| count.checked_mul(size) == table.size(id)))
}

// The general call: all argument registers and the stack from a frame, all result registers into `Registers`.
//   x0 target, x1 frame, x2 words on the stack, x3 registers
global_asm!(
    ".p2align 4",
    ".globl {call}",
    ".hidden {call}",
    "{call}:",
    "stp x29, x30, [sp, #-32]!",
    "mov x29, sp",
    "str x19, [sp, #16]",
    "mov x19, x3",
    "mov x16, x0",
    "mov x17, x1",
    // Stack arguments: an even number of words keeps the stack 16-aligned.
    "add x9, x2, #1",
    "and x9, x9, #-2",
    "sub sp, sp, x9, lsl #3",
    "cbz x2, 3f",
    "add x10, x17, #{stack}",
    "mov x9, #0",
    "2:",
    "ldr x11, [x10, x9, lsl #3]",
    "str x11, [sp, x9, lsl #3]",
    "add x9, x9, #1",
    "cmp x9, x2",
    "b.lo 2b",
    "3:",
    "ldp q0, q1, [x17, #80]",
    "ldp q2, q3, [x17, #112]",
    "ldp q4, q5, [x17, #144]",
    "ldp q6, q7, [x17, #176]",
    "ldr x8, [x17, #64]",
    "ldp x6, x7, [x17, #48]",
    "ldp x4, x5, [x17, #32]",
    "ldp x2, x3, [x17, #16]",
    "ldp x0, x1, [x17]",
    "blr x16",
    "stp x0, x1, [x19]",
    "stp q0, q1, [x19, #16]",
    "stp q2, q3, [x19, #48]",
    "mov sp, x29",
    "ldr x19, [sp, #16]",
    "ldp x29, x30, [sp], #32",
    "ret",
    call = sym call_all,
    stack = const STACK * 8,
);

// Named by `global_asm!` above; the body there is all there is.
unsafe extern "C" {
    #[link_name = "cdata_aapcs64_call"]
    fn call_all(target: *const c_void, frame: *const u64, words: usize, out: *mut Registers);
}

/// Calls `target` with the integer registers loaded from the frame; it returns in the first register of `R`'s class.
///
/// # Safety
/// `target` takes no more than that (S4); the frame is filled.
#[inline(always)]
#[rustfmt::skip]
pub(super) unsafe fn call_ints<R>(target: *const c_void, frame: *const u64) -> R {
    type Code<R> = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64, u64, u64) -> R;
    // SAFETY: from the caller. A function that uses fewer registers does not see the others.
    unsafe {
        let word = |i: usize| *frame.add(i);
        std::mem::transmute::<*const c_void, Code<R>>(target)(word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7))
    }
}

/// As [`call_ints`], with the low halves of the vector registers.
///
/// # Safety
/// As there.
#[inline(always)]
#[rustfmt::skip]
pub(super) unsafe fn call_mixed<R>(target: *const c_void, frame: *const u64) -> R {
    type Code<R> = unsafe extern "C" fn(
        u64, u64, u64, u64, u64, u64, u64, u64, f64, f64, f64, f64, f64, f64, f64, f64,
    ) -> R;
    // SAFETY: from the caller.
    unsafe {
        let word = |i: usize| *frame.add(i);
        let float = |i: usize| f64::from_bits(*frame.add(vector_word(i)));
        std::mem::transmute::<*const c_void, Code<R>>(target)(
            word(0), word(1), word(2), word(3), word(4), word(5), word(6), word(7),
            float(0), float(1), float(2), float(3), float(4), float(5), float(6), float(7),
        )
    }
}

/// Calls `target` with all that may be: whole vector registers, arguments on the stack, results in several registers.
///
/// # Safety
/// As for `Signature::call`; `direct` is the signature's.
pub(super) unsafe fn call_general(direct: &Direct, target: *const c_void, frame: *mut u64, result: *mut u8) {
    let mut registers = Registers::ZERO;
    // SAFETY: S4 from the caller; the frame has a word for x8.
    unsafe {
        frame.add(X8).write(result as u64);
        call_all(target, frame, direct.stack_words, &raw mut registers);
        let words = result.cast::<u64>();
        match direct.result {
            ResultPlace::Void | ResultPlace::Hidden => {}
            ResultPlace::Int => words.write(registers.x[0]),
            ResultPlace::Float => words.write(registers.v[0][0]),
            ResultPlace::Pair => words.cast::<[u64; 2]>().write(registers.x),
            ResultPlace::Elements(Elements { count, size }) => {
                for (i, register) in registers.v.iter().take(count.into()).enumerate() {
                    let to = result.add(i * usize::from(size));
                    std::ptr::copy_nonoverlapping((&raw const *register).cast(), to, size.into());
                }
            }
        }
    }
}

/// Bytes of an entry of the pool.
pub(super) const ENTRY: usize = 8;

// The pool of entries: each loads its number and goes on, by way of a common part, at the code that its `closure::Entry` names.
// If that lays a frame out, it lies below the stack's arguments.
global_asm!(
    ".p2align 4",
    ".globl {pool}",
    ".hidden {pool}",
    "{pool}:",
    ".set cdata_slot, 0",
    ".rept {count}",
    "mov w17, #cdata_slot",
    "b 5f",
    ".set cdata_slot, cdata_slot + 1",
    ".endr",
    ".p2align 4",
    "5:",
    "adrp x16, {entries}",
    "add x16, x16, :lo12:{entries}",
    "mov x9, #{entry}",
    "madd x16, x17, x9, x16",
    "ldr x9, [x16, #{code}]",
    "br x9",
    pool = sym pool_start,
    count = const POOL,
    entries = sym ENTRIES,
    entry = const size_of::<Entry>(),
    code = const Entry::CODE,
);

// The handler takes the arguments where they are, and its own: it gives back what it is to give as C does.
global_asm!(
    ".p2align 4",
    ".globl {few_code}",
    ".hidden {few_code}",
    "{few_code}:",
    "ldr x3, [x16, #{data}]",
    "ldr x9, [x16, #{few}]",
    "br x9",
    few_code = sym enter_few,
    few = const Entry::FEW,
    data = const Entry::DATA,
);

// Saves the integer registers and the low halves of the vector registers; a word comes back.
global_asm!(
    ".p2align 4",
    ".globl {mixed}",
    ".hidden {mixed}",
    "{mixed}:",
    ".cfi_startproc",
    "sub sp, sp, #{stack}",
    ".cfi_adjust_cfa_offset {stack}",
    "stp x0, x1, [sp]",
    "stp x2, x3, [sp, #16]",
    "stp x4, x5, [sp, #32]",
    "stp x6, x7, [sp, #48]",
    "str x8, [sp, #64]",
    "str d0, [sp, #80]",
    "str d1, [sp, #96]",
    "str d2, [sp, #112]",
    "str d3, [sp, #128]",
    "str d4, [sp, #144]",
    "str d5, [sp, #160]",
    "str d6, [sp, #176]",
    "str d7, [sp, #192]",
    "mov x1, sp",
    "stp x29, x30, [sp, #-16]!",
    ".cfi_adjust_cfa_offset 16",
    ".cfi_offset x29, -{stack} - 16",
    ".cfi_offset x30, -{stack} - 8",
    "mov x29, sp",
    "ldr x9, [x16, #{handler}]",
    "ldr x0, [x16, #{data}]",
    "blr x9",
    "fmov d0, x0",
    "ldp x29, x30, [sp], #16",
    "add sp, sp, #{stack}",
    "ret",
    ".cfi_endproc",
    mixed = sym enter_mixed,
    stack = const STACK * 8,
    handler = const Entry::HANDLER,
    data = const Entry::DATA,
);

// The same with whole vectors, and any result.
global_asm!(
    ".p2align 4",
    ".globl {any}",
    ".hidden {any}",
    "{any}:",
    ".cfi_startproc",
    "sub sp, sp, #{stack}",
    ".cfi_adjust_cfa_offset {stack}",
    "stp x0, x1, [sp]",
    "stp x2, x3, [sp, #16]",
    "stp x4, x5, [sp, #32]",
    "stp x6, x7, [sp, #48]",
    "str x8, [sp, #64]",
    "stp q0, q1, [sp, #80]",
    "stp q2, q3, [sp, #112]",
    "stp q4, q5, [sp, #144]",
    "stp q6, q7, [sp, #176]",
    "mov x1, sp",
    "stp x29, x30, [sp, #-96]!",
    ".cfi_adjust_cfa_offset 96",
    ".cfi_offset x29, -{stack} - 96",
    ".cfi_offset x30, -{stack} - 88",
    "mov x29, sp",
    "mov x0, x16",
    "add x2, sp, #16",
    "bl {enter}",
    "ldp x0, x1, [sp, #16]",
    "ldp q0, q1, [sp, #32]",
    "ldp q2, q3, [sp, #64]",
    "ldp x29, x30, [sp], #96",
    "add sp, sp, #{stack}",
    "ret",
    ".cfi_endproc",
    any = sym enter_any,
    stack = const STACK * 8,
    enter = sym super::closure::enter,
);
