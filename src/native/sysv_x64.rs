//! System V x86-64: which registers arguments and results travel in, the call, and the door of callbacks.
//!
//! The frame, in words: 6 integer registers, 8 vector registers of 2 words each, 2 words that a callback's entry needs
//! for itself, then the arguments on the stack. So one frame serves both directions. Classes follow the psABI, 3.2.3;
//! `tests/calls.rs` asks `cc`.

use std::arch::global_asm;
use std::ffi::c_void;

use super::closure::Entry;
use super::direct::{Direct, Vectors};
use super::pool::{ENTRIES, POOL, enter_any, enter_few, enter_mixed, pool_start};
use super::signature::{Path, Place, Signature};
use crate::ctype::{
    ArrayLen, CType, CTypeId, CTypeTable, Field, FloatKind, IntKind, NamedSlice, Prototype, QualType,
    RecordBody,
};
use crate::target;

/// Integer argument registers: rdi, rsi, rdx, rcx, r8, r9.
const INTS: usize = 6;
/// Vector argument registers: xmm0 to xmm7.
const FLOATS: usize = 8;
/// A word that no register is loaded from: for an eightbyte of padding.
const SPARE: usize = INTS + 2 * FLOATS;
/// Where the stack's arguments start is a multiple of this, in bytes.
const STACK_ALIGN: usize = 64;
/// The first stack argument's word.
const STACK: usize = INTS + 2 * FLOATS + 2;
/// The word of vector register `i`.
pub(super) const fn vector_word(i: usize) -> usize {
    INTS + 2 * i
}

/// The class of an eightbyte, or of a whole argument.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Class {
    None,
    Integer,
    Sse,
    /// The second half of a 16-byte vector register.
    SseUp,
    Memory,
}

/// Where the result comes back.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum ResultPlace {
    Void,
    /// rax
    Int,
    /// xmm0, low half
    Float,
    /// Two eightbytes, each from the next register of its class.
    Pair(bool, bool),
    /// All of xmm0.
    Vector,
    /// st0
    X87,
    /// st0 and st1
    X87Pair,
    /// In memory that the caller gave.
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

    /// Any other result of a callback's, from memory to where C looks for it: registers, or the memory that the frame's first word
    /// names.
    ///
    /// # Safety
    /// `result` holds the result; `frame` is the callback's.
    pub(super) unsafe fn hand_back(
        self,
        result: *const u8,
        size: usize,
        frame: *const u64,
        out: &mut Registers,
    ) {
        // SAFETY: the buffer has at least 16 bytes (32 for a pair of `long double`).
        unsafe {
            let words = result.cast::<u64>();
            match self {
                ResultPlace::Void => {}
                ResultPlace::Int => out.rax = *words,
                ResultPlace::Float => out.xmm0[0] = *words,
                ResultPlace::Vector => out.xmm0 = *words.cast::<[u64; 2]>(),
                ResultPlace::Pair(first, second) => {
                    let (a, b) = (*words, *words.add(1));
                    if first {
                        out.xmm0[0] = a
                    } else {
                        out.rax = a
                    }
                    match (first, second) {
                        (true, true) => out.xmm1[0] = b,
                        (false, true) => out.xmm0[0] = b,
                        (true, false) => out.rax = b,
                        (false, false) => out.rdx = b,
                    }
                }
                ResultPlace::X87 => {
                    out.st0 = *words.cast::<[u64; 2]>();
                    out.x87 = X87::St0;
                }
                ResultPlace::X87Pair => {
                    out.st0 = *words.cast::<[u64; 2]>();
                    out.st1 = *words.add(2).cast::<[u64; 2]>();
                    out.x87 = X87::Both;
                }
                ResultPlace::Hidden => {
                    let hidden = *frame;
                    std::ptr::copy_nonoverlapping(result, hidden as *mut u8, size);
                    out.rax = hidden;
                }
            }
        }
    }
}

/// What the general routines bring back, or take: registers as they are.
#[repr(C, align(16))]
pub(super) struct Registers {
    rax: u64,
    rdx: u64,
    xmm0: [u64; 2],
    xmm1: [u64; 2],
    x87: X87,
    _pad: u64,
    st0: [u64; 2],
    st1: [u64; 2],
}

/// The x87 registers that a callback's result goes back in.
#[repr(u64)]
enum X87 {
    None,
    St0,
    /// st0 and st1.
    Both,
}

impl Registers {
    pub(super) const ZERO: Registers = Registers {
        rax: 0,
        rdx: 0,
        xmm0: [0; 2],
        xmm1: [0; 2],
        x87: X87::None,
        _pad: 0,
        st0: [0; 2],
        st1: [0; 2],
    };
}

/// Works a signature out for the platform's own convention.
pub(super) fn signature(
    table: &CTypeTable,
    function: Prototype<'_>,
    variadic: &[QualType],
) -> Result<Signature, String> {
    let result = result_place(table, function.result.id)?;
    let hidden = usize::from(result == ResultPlace::Hidden);
    let mut next = Next { ints: hidden, floats: 0, stack: 0, whole_vectors: false };
    let mut places = Vec::with_capacity(function.params.len() + variadic.len());
    for ty in function.params.iter().chain(variadic) {
        // Most are scalars that find a register.
        let scalar = lone_class(table.get(ty.id)).and_then(|class| next.scalar(class));
        places.push(match scalar {
            Some(place) => place,
            None => next.other(table, ty.id)?,
        });
    }
    let vectors = match next.floats {
        0 => Vectors::None,
        _ if next.whole_vectors => Vectors::Whole,
        _ => Vectors::LowHalves,
    };
    // (What takes a `...` wants the number of vector registers in al.)
    let direct = Direct::new(result, &places, next.stack, vectors, function.variadic);
    Ok(Signature::of(table, function, places, STACK + next.stack, Path::Direct(direct)))
}

/// What the arguments so far have taken, and so what the next one gets.
struct Next {
    ints: usize,
    floats: usize,
    /// In words.
    stack: usize,
    /// Did an argument take a whole vector register?
    whole_vectors: bool,
}

impl Next {
    /// The word of the next register for an eightbyte; there is one.
    fn register(&mut self, class: Class) -> u16 {
        let word = match class {
            Class::None => return SPARE as u16,
            Class::Integer => self.ints,
            _ => vector_word(self.floats),
        };
        *(if class == Class::Integer { &mut self.ints } else { &mut self.floats }) += 1;
        word as u16
    }

    /// The place of a scalar of that class, if it finds a register.
    #[inline]
    fn scalar(&mut self, class: Class) -> Option<Place> {
        let is_free = if class == Class::Integer { self.ints < INTS } else { self.floats < FLOATS };
        is_free.then(|| Place::Word(self.register(class)))
    }

    /// Any argument's place. (Most signatures have scalars alone: so this lies apart.)
    #[inline(never)]
    fn other(&mut self, table: &CTypeTable, id: CTypeId) -> Result<Place, String> {
        let size = table.size(id).ok_or("argument of unknown size")? as usize;
        if size == 0 {
            return Ok(Place::None);
        }
        let classes = classify(table, id)?;
        let needs = |class| classes.iter().filter(|c| **c == class).count();
        let has_registers =
            self.ints + needs(Class::Integer) <= INTS && self.floats + needs(Class::Sse) <= FLOATS;
        if classes[0] == Class::Memory || !has_registers {
            // Aligned on the stack as the type asks for it; what only a typedef asks for does not count.
            let align = table.align(table.unaligned(id)).unwrap_or(1) as usize;
            if align > STACK_ALIGN {
                return Err("alignment of more than 64 by value".to_owned());
            }
            self.stack = self.stack.next_multiple_of(align.div_ceil(8));
            let word = u16::try_from(STACK + self.stack).map_err(|_| "arguments too large")?;
            self.stack += size.div_ceil(8);
            return Ok(if size <= 8 { Place::Word(word) } else { Place::Memory(word) });
        }
        Ok(match (classes[0], classes[1]) {
            (Class::None, Class::None) => Place::None,
            (first, Class::None) if size <= 8 => Place::Word(self.register(first)),
            (_, Class::SseUp) => {
                self.whole_vectors = true;
                Place::Memory(self.register(Class::Sse))
            }
            (first, second) => {
                let low = self.register(first);
                Place::Pair(low, self.register(second))
            }
        })
    }
}

fn result_place(table: &CTypeTable, id: CTypeId) -> Result<ResultPlace, String> {
    let ctype = table.get(id);
    match lone_class(ctype) {
        Some(Class::Integer) => Ok(ResultPlace::Int),
        Some(_) => Ok(ResultPlace::Float),
        None if ctype == CType::Void => Ok(ResultPlace::Void),
        None => other_result(table, id),
    }
}

/// Where a result comes back that is no scalar of up to eight bytes.
#[inline(never)]
fn other_result(table: &CTypeTable, id: CTypeId) -> Result<ResultPlace, String> {
    match table.get(id) {
        CType::Float(FloatKind::LongDouble) => return Ok(ResultPlace::X87),
        CType::Complex(FloatKind::LongDouble) => return Ok(ResultPlace::X87Pair),
        _ => {}
    }
    let size = table.size(id).ok_or("result of unknown size")?;
    if size == 0 {
        return Ok(ResultPlace::Void);
    }
    let sse = |c| c == Class::Sse;
    if let Some(place) = lone_x87(table, id) {
        return Ok(place);
    }
    Ok(match classify(table, id)? {
        [Class::Memory, _] => ResultPlace::Hidden,
        [Class::Integer, Class::None] if size <= 8 => ResultPlace::Int,
        [Class::Sse, Class::None] if size <= 8 => ResultPlace::Float,
        [Class::Sse, Class::SseUp] => ResultPlace::Vector,
        [Class::None, Class::None] => ResultPlace::Void,
        // Padding takes no register: what is read for it is the one that the other eightbyte leaves.
        [first, Class::None] => ResultPlace::Pair(sse(first), !sse(first)),
        [Class::None, second] => ResultPlace::Pair(!sse(second), sse(second)),
        [first, second] => ResultPlace::Pair(sse(first), sse(second)),
    })
}

/// A record whose only content is one `long double` comes back in st0, though as an argument it goes in memory.
fn lone_x87(table: &CTypeTable, id: CTypeId) -> Option<ResultPlace> {
    if table.size(id) != Some(16) {
        return None;
    }
    match table.get(id) {
        CType::Float(FloatKind::LongDouble) => Some(ResultPlace::X87),
        CType::Array { elem, len: ArrayLen::Fixed(1) } => lone_x87(table, elem.id),
        CType::Record(record) => {
            // In a union other members may lie over it: two classes in one eightbyte make memory of it.
            let mut parts = table.fields(record).values().filter(|f| table.size(f.ty.id) != Some(0));
            let first = parts.next()?;
            if !parts.all(|f| lone_x87(table, f.ty.id).is_some()) {
                return None;
            }
            lone_x87(table, first.ty.id)
        }
        _ => None,
    }
}

/// The class of a scalar of up to eight bytes: most are, and that is all there is to know of them. (Of an enum it is not known yet whether it has
/// a size.)
fn lone_class(ctype: CType) -> Option<Class> {
    match ctype {
        CType::Int(IntKind::Int128 | IntKind::UInt128) => None,
        CType::Bool | CType::Int(_) | CType::Pointer(_) | CType::Reference(_) => Some(Class::Integer),
        CType::Float(FloatKind::LongDouble | FloatKind::Float128) => None,
        CType::Float(_) => Some(Class::Sse),
        _ => None,
    }
}

/// The classes of the first two eightbytes of an argument.
fn classify(table: &CTypeTable, id: CTypeId) -> Result<[Class; 2], String> {
    let size = table.size(id).ok_or("type of unknown size by value")?;
    match table.get(id) {
        CType::Vector { .. } if size > 16 => return Err("vector of more than 16 bytes by value".to_owned()),
        CType::Record(_) | CType::Array { .. } if size > 16 => return Ok([Class::Memory, Class::None]),
        _ => {}
    }
    let mut classes = [Class::None; 2];
    merge(table, id, 0, &mut classes)?;
    if classes.contains(&Class::Memory) {
        return Ok([Class::Memory, Class::None]);
    }
    if classes[1] == Class::SseUp && classes[0] != Class::Sse {
        classes[1] = Class::Sse;
    }
    Ok(classes)
}

/// The eightbyte of an argument, of two at most, that holds the byte at `offset`.
fn eightbyte(offset: u64) -> usize {
    (offset / 8).min(1) as usize
}

/// Merges a class into that of the eightbyte that holds the byte at `offset` (psABI 3.2.3, 4).
fn put(classes: &mut [Class; 2], offset: u64, class: Class) {
    let slot = &mut classes[eightbyte(offset)];
    *slot = match (*slot, class) {
        (old, Class::None) => old,
        (Class::None, new) => new,
        (old, new) if old == new => old,
        (Class::Memory, _) | (_, Class::Memory) => Class::Memory,
        (Class::Integer, _) | (_, Class::Integer) => Class::Integer,
        _ => Class::Sse,
    };
}

/// Merges the classes of a type at `offset` bytes into those of the argument, which has 16 bytes at most: so there are few
/// elements, and what has no bytes is bounded by the type's extent ([`CTypeTable::extent`]).
fn merge(table: &CTypeTable, id: CTypeId, offset: u64, classes: &mut [Class; 2]) -> Result<(), String> {
    match table.get(id) {
        CType::Array { elem, len } => merge_array(table, elem.id, len, offset, classes),
        CType::Record(record) => {
            let body = table.record(record).body.as_ref().ok_or("incomplete type by value")?;
            merge_bits(body, table.fields(record), offset, classes);
            for field in table.fields(record).values().filter(|f| f.bits.is_none()) {
                merge(table, field.ty.id, offset + field.offset, classes)?;
            }
            Ok(())
        }
        _ => merge_scalar(table, id, offset, classes),
    }
}

fn merge_scalar(
    table: &CTypeTable,
    id: CTypeId,
    offset: u64,
    classes: &mut [Class; 2],
) -> Result<(), String> {
    let mut put = |at: u64, class: Class| put(classes, at, class);
    // One that lies where its type does not ask for (in a packed record) makes memory of the whole, as in GCC; a bit-field
    // does not.
    if !offset.is_multiple_of(table.align(table.unaligned(id)).unwrap_or(1)) {
        put(offset, Class::Memory);
        return Ok(());
    }
    match table.get(id) {
        CType::Enum(_) => put(offset, Class::Integer),
        CType::Int(IntKind::Int128 | IntKind::UInt128) => {
            put(offset, Class::Integer);
            put(offset + 8, Class::Integer);
        }
        CType::Float(FloatKind::LongDouble) => put(offset, Class::Memory),
        CType::Float(FloatKind::Float128) => {
            put(offset, Class::Sse);
            put(offset + 8, Class::SseUp);
        }
        CType::Complex(FloatKind::LongDouble | FloatKind::Float128) => put(offset, Class::Memory),
        CType::Complex(kind) => {
            put(offset, Class::Sse);
            put(offset + target::float_size(kind), Class::Sse);
        }
        // The processor has no vector of one floating lane, nor integer vectors of four bytes and less: GCC passes the
        // first in memory and the others as integers.
        CType::Vector { elem, len } => match (table.size(id), table.get(elem)) {
            (_, CType::Float(_)) if len == 1 => put(offset, Class::Memory),
            (Some(16), _) => {
                put(offset, Class::Sse);
                put(offset + 8, Class::SseUp);
            }
            (Some(0..=4), CType::Int(_)) => put(offset, Class::Integer),
            (Some(0..=8), _) => put(offset, Class::Sse),
            _ => put(offset, Class::Memory),
        },
        other => put(offset, lone_class(other).ok_or("type by value")?),
    }
    Ok(())
}

fn merge_array(
    table: &CTypeTable,
    elem: CTypeId,
    len: ArrayLen,
    offset: u64,
    classes: &mut [Class; 2],
) -> Result<(), String> {
    let count = match len {
        // Of no elements, but in the middle of an eightbyte: GCC counts one there.
        ArrayLen::Fixed(0) if !offset.is_multiple_of(8) => {
            let mut own = [Class::None; 2];
            merge(table, elem, offset, &mut own)?;
            put(classes, offset, own[eightbyte(offset)]);
            return Ok(());
        }
        ArrayLen::Fixed(n) => n,
        ArrayLen::Unknown | ArrayLen::Variable => 0,
    };
    let step = table.size(elem).unwrap_or(0);
    // Those without bytes are all one.
    for i in 0..count.min(if step == 0 { 1 } else { 16 }) {
        merge(table, elem, offset + i * step, classes)?;
    }
    Ok(())
}

/// Bit-fields are integers of the eightbytes that their first and last bits lie in.
fn merge_bits(body: &RecordBody, fields: NamedSlice<'_, Field>, offset: u64, classes: &mut [Class; 2]) {
    let mut merge = |first: u64, width: u32| {
        for at in [first, first + u64::from(width) - 1] {
            put(classes, offset + at / 8, Class::Integer);
        }
    };
    for &(first, width) in body.unnamed_bits() {
        merge(first, width);
    }
    for field in fields.values() {
        if let Some(bits) = field.bits {
            merge(field.offset * 8 + u64::from(bits.position_bits), bits.width_bits);
        }
    }
}

// The general call: all argument registers and the stack from a frame, all result registers into `Registers`.
//   rdi target, rsi frame, rdx words on the stack, rcx registers, r8 how many of st0 and st1 come back
global_asm!(
    ".p2align 4",
    ".globl {call}",
    ".hidden {call}",
    "{call}:",
    "push rbp",
    "mov rbp, rsp",
    "push rbx",
    "push r12",
    "mov rbx, rcx",
    "mov r12, r8",
    "mov r11, rdi",
    "mov r10, rsi",
    // Stack arguments: they start where the most demanding of them may (see `STACK_ALIGN`).
    "lea rax, [8*rdx]",
    "sub rsp, rax",
    "and rsp, -64",
    "test rdx, rdx",
    "je 3f",
    "lea rsi, [r10 + {stack}]",
    "xor ecx, ecx",
    "2:",
    "mov rax, [rsi + 8*rcx]",
    "mov [rsp + 8*rcx], rax",
    "inc rcx",
    "cmp rcx, rdx",
    "jb 2b",
    "3:",
    "movups xmm0, [r10 + 48]",
    "movups xmm1, [r10 + 64]",
    "movups xmm2, [r10 + 80]",
    "movups xmm3, [r10 + 96]",
    "movups xmm4, [r10 + 112]",
    "movups xmm5, [r10 + 128]",
    "movups xmm6, [r10 + 144]",
    "movups xmm7, [r10 + 160]",
    "mov rdi, [r10]",
    "mov rsi, [r10 + 8]",
    "mov rdx, [r10 + 16]",
    "mov rcx, [r10 + 24]",
    "mov r8, [r10 + 32]",
    "mov r9, [r10 + 40]",
    // A variadic function wants to know how many vector registers may be used.
    "mov eax, 8",
    "call r11",
    "mov [rbx], rax",
    "mov [rbx + 8], rdx",
    "movups [rbx + 16], xmm0",
    "movups [rbx + 32], xmm1",
    "test r12, r12",
    "je 4f",
    "fstp tbyte ptr [rbx + 64]",
    "cmp r12, 1",
    "je 4f",
    "fstp tbyte ptr [rbx + 80]",
    "4:",
    "lea rsp, [rbp - 16]",
    "pop r12",
    "pop rbx",
    "pop rbp",
    "ret",
    call = sym call_all,
    stack = const STACK * 8,
);

// Named by `global_asm!` above; the body there is all there is.
unsafe extern "C" {
    #[link_name = "cdata_sysv_x64_call"]
    fn call_all(target: *const c_void, frame: *const u64, words: usize, out: *mut Registers, x87: u64);
}

/// Calls `target` with the integer registers loaded from the frame; it returns in the first register of `R`'s class.
///
/// # Safety
/// `target` takes no more than that (S4); the frame is filled.
#[inline(always)]
#[rustfmt::skip]
pub(super) unsafe fn call_ints<R>(target: *const c_void, frame: *const u64) -> R {
    type Code<R> = unsafe extern "C" fn(u64, u64, u64, u64, u64, u64) -> R;
    // SAFETY: from the caller. A function that uses fewer registers does not see the others.
    unsafe {
        let word = |i: usize| *frame.add(i);
        std::mem::transmute::<*const c_void, Code<R>>(target)(word(0), word(1), word(2), word(3), word(4), word(5))
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
        u64, u64, u64, u64, u64, u64, f64, f64, f64, f64, f64, f64, f64, f64,
    ) -> R;
    // SAFETY: from the caller.
    unsafe {
        let word = |i: usize| *frame.add(i);
        let float = |i: usize| f64::from_bits(*frame.add(vector_word(i)));
        std::mem::transmute::<*const c_void, Code<R>>(target)(
            word(0), word(1), word(2), word(3), word(4), word(5),
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
    let x87 = match direct.result {
        ResultPlace::X87 => 1,
        ResultPlace::X87Pair => 2,
        _ => 0,
    };
    // SAFETY: S4 from the caller; the hidden pointer is the first integer argument.
    unsafe {
        if direct.result == ResultPlace::Hidden {
            frame.write(result as u64);
        }
        call_all(target, frame, direct.stack_words, &raw mut registers, x87);
        let words = result.cast::<u64>();
        match direct.result {
            ResultPlace::Void | ResultPlace::Hidden => {}
            ResultPlace::Int => words.write(registers.rax),
            ResultPlace::Float => words.write(registers.xmm0[0]),
            ResultPlace::Vector => words.cast::<[u64; 2]>().write(registers.xmm0),
            ResultPlace::Pair(first, second) => {
                words.write(if first { registers.xmm0[0] } else { registers.rax });
                words.add(1).write(match (first, second) {
                    (true, true) => registers.xmm1[0],
                    (false, true) => registers.xmm0[0],
                    (true, false) => registers.rax,
                    (false, false) => registers.rdx,
                });
            }
            ResultPlace::X87 => words.cast::<[u64; 2]>().write(registers.st0),
            ResultPlace::X87Pair => {
                words.cast::<[u64; 2]>().write(registers.st0);
                words.add(2).cast::<[u64; 2]>().write(registers.st1);
            }
        }
    }
}

/// Bytes of an entry of the pool.
pub(super) const ENTRY: usize = 16;

// The pool of entries: each loads where its `closure::Entry` lies and goes on at the code that this names. If that
// lays a frame out, its last word before the stack's arguments is the return address.
global_asm!(
    ".p2align 4",
    ".globl {pool}",
    ".hidden {pool}",
    "{pool}:",
    ".set cdata_entry, 0",
    ".rept {count}",
    ".balign {length}",
    "lea r11, [rip + {entries} + cdata_entry]",
    "jmp [r11 + {code}]",
    ".set cdata_entry, cdata_entry + {entry}",
    ".endr",
    pool = sym pool_start,
    count = const POOL,
    length = const ENTRY,
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
    "mov rcx, [r11 + {data}]",
    "jmp [r11 + {few}]",
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
    "sub rsp, 184",
    ".cfi_adjust_cfa_offset 184",
    "mov [rsp + 0], rdi",
    "mov [rsp + 8], rsi",
    "mov [rsp + 16], rdx",
    "mov [rsp + 24], rcx",
    "mov [rsp + 32], r8",
    "mov [rsp + 40], r9",
    "movsd [rsp + 48], xmm0",
    "movsd [rsp + 64], xmm1",
    "movsd [rsp + 80], xmm2",
    "movsd [rsp + 96], xmm3",
    "movsd [rsp + 112], xmm4",
    "movsd [rsp + 128], xmm5",
    "movsd [rsp + 144], xmm6",
    "movsd [rsp + 160], xmm7",
    "mov rdi, [r11 + {data}]",
    "mov rsi, rsp",
    "call [r11 + {handler}]",
    "movq xmm0, rax",
    "add rsp, 184",
    ".cfi_adjust_cfa_offset -184",
    "ret",
    ".cfi_endproc",
    mixed = sym enter_mixed,
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
    "sub rsp, 280",
    ".cfi_adjust_cfa_offset 280",
    "mov [rsp + 96], rdi",
    "mov [rsp + 104], rsi",
    "mov [rsp + 112], rdx",
    "mov [rsp + 120], rcx",
    "mov [rsp + 128], r8",
    "mov [rsp + 136], r9",
    "movups [rsp + 144], xmm0",
    "movups [rsp + 160], xmm1",
    "movups [rsp + 176], xmm2",
    "movups [rsp + 192], xmm3",
    "movups [rsp + 208], xmm4",
    "movups [rsp + 224], xmm5",
    "movups [rsp + 240], xmm6",
    "movups [rsp + 256], xmm7",
    "mov rdi, r11",
    "lea rsi, [rsp + 96]",
    "mov rdx, rsp",
    "call {enter}",
    "mov rcx, [rsp + 48]",
    "mov rax, [rsp]",
    "mov rdx, [rsp + 8]",
    "movups xmm0, [rsp + 16]",
    "movups xmm1, [rsp + 32]",
    "cmp rcx, {st0}",
    "jb 6f",
    "je 5f",
    "fld tbyte ptr [rsp + 80]",
    "5:",
    "fld tbyte ptr [rsp + 64]",
    "6:",
    "add rsp, 280",
    ".cfi_adjust_cfa_offset -280",
    "ret",
    ".cfi_endproc",
    any = sym enter_any,
    enter = sym super::closure::enter,
    st0 = const X87::St0 as u64,
);
