//! The usual initializers, by what lies on the stack: numbers, pointers, strings, records to copy, and tables of them. Nothing here asks for
//! memory of Lua's, nor raises: what is anything else is left, and initialized anew by `init`.

use super::super::from_lua;
use super::{InitPlan, Member, Step, replicate};
use crate::cdata;
use crate::vm::peek;
use crate::vm::shape::{Class, FieldEntry, Op, Shape};
use crate::vm::stack::*;

/// What is the same for all parts of what is initialized.
#[derive(Clone, Copy)]
struct Work {
    l: *mut lua_State,
    /// Does the memory belong to a cdata on top of the stack that was just made? It keeps strings.
    is_new: bool,
    /// Is it zero already?
    is_clear: bool,
    /// Are values read from a table?
    is_table: bool,
}

/// Are these values that [`store`] may take?
pub(super) fn is_usual(op: Op) -> bool {
    matches!(op, Op::F64 | Op::F32 | Op::Bool | Op::Pointer | Op::Aggregate | Op::Bits) || op.is_integer()
}

/// May [`fill`] do for the shape and these arguments? Told by the shape and the first of them, before anything is made.
///
/// # Safety
/// [`peek::is_available`]; at least one argument is there.
#[inline]
pub unsafe fn may_fill(shape: &Shape, first: peek::Slot, count: usize) -> bool {
    // SAFETY: from the caller.
    unsafe {
        match (shape.class, first.tag) {
            (Class::Record, peek::USERDATA) if count == 1 && is_alike(first, shape) => true,
            (Class::Record, _) => InitPlan::known(shape).is_some_and(|plan| plan.is_usual),
            (Class::Array, peek::USERDATA) if count == 1 => false,
            (Class::Array, peek::SHORT_STRING | peek::LONG_STRING) if count == 1 => {
                from_lua::is_byte(shape.target())
            }
            (Class::Array, _) => is_usual(shape.target().op()),
            _ => false,
        }
    }
}

/// Initializes `size` zeroed bytes at `p` with `count` arguments of the running function from `first` (counted from 1) on. False if they are
/// anything else; what was written then does not count.
///
/// # Safety
/// [`peek::is_available`]; [`may_fill`]; the bytes are those of the cdata on top of the stack, which was just made; two free slots.
#[inline]
pub unsafe fn fill(
    l: *mut lua_State,
    shape: &Shape,
    p: *mut u8,
    size: usize,
    first: usize,
    count: usize,
) -> bool {
    // SAFETY: the arguments lie on the stack.
    unsafe {
        let work = &Work { l, is_new: true, is_clear: true, is_table: false };
        let values = std::slice::from_raw_parts(peek::base(l).add(first - 1), count);
        if count == 1 && is_whole(values[0], shape) {
            return whole(work, values[0], shape, p, size);
        }
        let value = |i: usize| values.get(i).copied();
        if shape.class == Class::Array {
            return elements(work, shape.target(), p, size, value);
        }
        let Some(plan) = InitPlan::known(shape) else { return false };
        count <= plan.room() && members(work, plan, p, value)
    }
}

/// Initializes the `size` bytes at `p`, a record or array, from a table; those that it says nothing of become zero. False as for [`fill`]; no
/// strings that a pointer is to lead to.
///
/// # Safety
/// [`peek::is_available`]; a table; the bytes are writable; two free slots.
pub unsafe fn fill_table(
    l: *mut lua_State,
    value: peek::Slot,
    shape: &Shape,
    p: *mut u8,
    size: usize,
) -> bool {
    // SAFETY: from the caller.
    unsafe { table(&Work { l, is_new: false, is_clear: false, is_table: true }, value, shape, p, size) }
}

/// Is the value meant for all of a record or array, rather than for its first part?
unsafe fn is_whole(value: peek::Slot, shape: &Shape) -> bool {
    // SAFETY: from the callers.
    unsafe {
        match value.tag {
            peek::TABLE => true,
            peek::SHORT_STRING | peek::LONG_STRING => shape.class == Class::Array,
            peek::USERDATA => is_alike(value, shape),
            _ => false,
        }
    }
}

/// Is it a cdata of that very type?
#[inline]
unsafe fn is_alike(value: peek::Slot, shape: &Shape) -> bool {
    // SAFETY: from the callers.
    unsafe { cdata::header_in(value).is_some_and(|header| (*header).shape().referred().ty.id == shape.ty.id) }
}

unsafe fn whole(work: &Work, value: peek::Slot, shape: &Shape, p: *mut u8, size: usize) -> bool {
    // SAFETY: `p` has the type's bytes; a record of the type has as many.
    unsafe {
        match value.tag {
            peek::TABLE => table(work, value, shape, p, size),
            peek::USERDATA => copy_record(value, shape, p, size),
            _ => {
                if !work.is_clear {
                    std::ptr::write_bytes(p, 0, size);
                }
                copy_text(value, shape, p, size)
            }
        }
    }
}

/// Copies the record that the cdata in a slot is to `p`, where `size` bytes of that very type lie: perhaps the same. False, and nothing
/// done, if it is anything else.
///
/// # Safety
/// [`peek::is_available`]; the bytes are writable.
#[inline(always)]
pub unsafe fn copy_record(value: peek::Slot, shape: &Shape, p: *mut u8, size: usize) -> bool {
    // SAFETY: a record of the type has as many bytes.
    unsafe {
        let Some(header) = cdata::header_in(value) else { return false };
        let own = (*header).shape().referred();
        let is_copied = own.ty.id == shape.ty.id
            && own.class == Class::Record
            && !own.wide.get()
            && !(*header).address.is_null();
        if is_copied {
            std::ptr::copy((*header).address, p, size);
        }
        is_copied
    }
}

/// Copies the string in a slot, with the NUL behind it if there is room, to the `size` bytes at `p`. False, and nothing done, unless these
/// are an array of bytes, and it is a string.
///
/// # Safety
/// [`peek::is_available`]; the bytes are writable.
#[inline(always)]
pub unsafe fn copy_text(value: peek::Slot, shape: &Shape, p: *mut u8, size: usize) -> bool {
    // SAFETY: from the caller; a string has a NUL behind it.
    unsafe {
        let Some(text) = peek::string(value) else { return false };
        let is_text = shape.class == Class::Array && from_lua::is_byte(shape.target());
        if is_text {
            std::ptr::copy_nonoverlapping(text.as_ptr(), p, size.min(text.len() + 1));
        }
        is_text
    }
}

/// A table: a list, or one that names a record's members.
unsafe fn table(work: &Work, table: peek::Slot, shape: &Shape, p: *mut u8, size: usize) -> bool {
    // SAFETY: from `whole`.
    unsafe {
        let work = &Work { is_table: true, ..*work };
        let from = i64::from(item(work, table, 0).tag == peek::NIL);
        let value = |i: usize| {
            let value = item(work, table, from + i as i64);
            (value.tag != peek::NIL).then_some(value)
        };
        if shape.class == Class::Array {
            return elements(work, shape.target(), p, size, value);
        }
        let Some(plan) = InitPlan::known(shape).filter(|plan| plan.is_usual) else { return false };
        if !work.is_clear {
            std::ptr::write_bytes(p, 0, size);
        }
        let work = &Work { is_clear: true, ..*work };
        let is_list = from == 0 || item(work, table, 1).tag != peek::NIL;
        if is_list { members(work, plan, p, value) } else { named(work, table, plan, p) }
    }
}

/// The value that the table has for an integer, metatables left aside.
#[inline]
unsafe fn item(work: &Work, table: peek::Slot, i: i64) -> peek::Slot {
    // SAFETY: from the callers; the table keeps the value; two free slots.
    unsafe {
        if let Some(value) = peek::item(table.bits as usize, i) {
            return value;
        }
        peek::push(work.l, table.bits, table.tag);
        lua_rawgeti(work.l, -1, i);
        let value = peek::last(work.l);
        lua_settop(work.l, -3);
        value
    }
}

/// The elements of an array: as many as there are values.
#[inline(always)]
unsafe fn elements(
    work: &Work,
    element: &Shape,
    p: *mut u8,
    size: usize,
    value: impl Fn(usize) -> Option<peek::Slot>,
) -> bool {
    let step = element.size().unwrap_or(0);
    if step == 0 {
        return false;
    }
    // SAFETY: elements lie inside of the array.
    unsafe {
        let mut n = 0;
        while let Some(value) = value(n) {
            if n == size / step || !store(work, value, element.op(), element, p.add(n * step)) {
                return false;
            }
            n += 1;
        }
        if n == 1 {
            return value(0).is_some_and(|only| replicate_only(only, element, p, size));
        }
        // (Not before: the values may be elements of this array.)
        if !work.is_clear {
            std::ptr::write_bytes(p.add(n * step), 0, size - n * step);
        }
    }
    true
}

/// Fills the array with what its only value became; false if that may lead to a string, which is to be kept for each element.
unsafe fn replicate_only(value: peek::Slot, element: &Shape, p: *mut u8, size: usize) -> bool {
    // SAFETY: from the callers.
    unsafe {
        let is_simple = element.op() != Op::Aggregate && peek::string(value).is_none();
        if is_simple {
            replicate(p, element.size().unwrap_or(0), size);
        }
        is_simple
    }
}

/// A record's first members: as many as there are values, or members.
#[inline(always)]
unsafe fn members(
    work: &Work,
    plan: &InitPlan,
    p: *mut u8,
    value: impl Fn(usize) -> Option<peek::Slot>,
) -> bool {
    for (i, step) in plan.steps.iter().enumerate() {
        let Some(value) = value(i) else { break };
        let Step::Member(Member { entry, .. }) = step else { return false };
        // SAFETY: members lie inside of the record.
        if !unsafe { member(work, value, entry, p) } {
            return false;
        }
        if plan.is_union {
            break;
        }
    }
    true
}

/// A table that names members.
unsafe fn named(work: &Work, table: peek::Slot, plan: &InitPlan, p: *mut u8) -> bool {
    for step in &plan.steps {
        // SAFETY: as for `members`; the registry keeps the names.
        unsafe {
            match step {
                Step::Anonymous(inner) => {
                    if !named(work, table, inner, p) {
                        return false;
                    }
                }
                Step::Member(Member { entry, slot, .. }) => {
                    if slot.get().tag != peek::SHORT_STRING {
                        return false;
                    }
                    let value = peek::field(table.bits as usize, slot.get().bits);
                    if value.tag == peek::NIL {
                        continue;
                    }
                    if !member(work, value, entry, p) {
                        return false;
                    }
                    if plan.is_union {
                        break;
                    }
                }
            }
        }
    }
    true
}

/// A member of the record at `p`.
#[inline(always)]
unsafe fn member(work: &Work, value: peek::Slot, entry: &FieldEntry, p: *mut u8) -> bool {
    // SAFETY: the member lies inside of the record.
    unsafe {
        let at = p.add(entry.offset);
        match entry.op {
            Op::Bits => from_lua::store_plain_bits(value, entry, at),
            op => store(work, value, op, entry.shape, at),
        }
    }
}

#[inline(always)]
unsafe fn store(work: &Work, value: peek::Slot, op: Op, shape: *const Shape, p: *mut u8) -> bool {
    // SAFETY: from the callers: a value of the shape has room at `p`.
    unsafe { from_lua::store_plain(value, op, p) || store_other(work, value, op, &*shape, p) }
}

/// As [`store`], for what is no number.
#[inline(never)]
unsafe fn store_other(work: &Work, value: peek::Slot, op: Op, shape: &Shape, p: *mut u8) -> bool {
    // SAFETY: from `store`.
    unsafe {
        match op {
            Op::Pointer => store_pointer(work, value, shape, p),
            Op::Aggregate => {
                let size = shape.known_size().filter(|_| !shape.wide.get());
                size.is_some_and(|size| whole(work, value, shape, p, size))
            }
            _ => false,
        }
    }
}

unsafe fn store_pointer(work: &Work, value: peek::Slot, shape: &Shape, p: *mut u8) -> bool {
    // SAFETY: from `store`.
    unsafe {
        let address = from_lua::plain_pointer(value, shape).or_else(|| {
            let text = from_lua::plain_text(value, shape)?;
            (work.is_new && cdata::quick_keep_string(work.l, value, p, !work.is_table)).then_some(text)
        });
        let Some(address) = address else { return false };
        p.cast::<*mut u8>().write_unaligned(address);
    }
    true
}
