//! Initializers: a list of values, a table, a string, a cdata to copy.
//!
//! LuaJIT's rules (`docs/semantics.md`, "Initializers"; crossed in `spec/oracle/init.lua`): a single value fills an
//! array, fewer values leave the rest zero, tables count from 0 or 1 or name the members, a union takes one member.
//! The memory comes zeroed. Stack indices are absolute.

pub mod usual;

use std::cell::Cell;
use std::ffi::c_int;
use std::rc::Rc;

use super::from_lua::{self, Room};
use crate::cdata;
use crate::ctype::{CType, Field, RecordId, RecordKind};
use crate::error::{Result, What};
use crate::vm::peek;
use crate::vm::shape::{Class, FieldEntry, Op, Shape};
use crate::vm::stack::*;

/// How the members of a record take initializers, in order of declaration.
pub struct InitPlan {
    is_union: bool,
    /// Is every member one that [`usual`] may initialize?
    is_usual: bool,
    steps: Vec<Step>,
}

/// A named member.
struct Member {
    entry: FieldEntry,
    name: Rc<str>,
    /// The registry reference of the name.
    key: Cell<c_int>,
    /// The name as it lies on a stack; nil where that is not known.
    slot: Cell<peek::Slot>,
}

enum Step {
    Member(Member),
    /// An anonymous member, whose own members follow.
    Anonymous(InitPlan),
}

impl InitPlan {
    /// The plan of a record, if an instance was initialized before.
    fn known(shape: &Shape) -> Option<&InitPlan> {
        // SAFETY: the state keeps the plan as long as the shape.
        unsafe { shape.init_plan.get().cast::<InitPlan>().as_ref() }
    }

    /// How many values it takes, one behind the other: without anonymous members.
    fn room(&self) -> usize {
        if self.is_union { self.steps.len().min(1) } else { self.steps.len() }
    }
}

/// Does one value at `idx` initialize the first member or element (rather than the aggregate as a whole)?
unsafe fn is_element(l: *mut lua_State, idx: c_int, shape: &Shape) -> bool {
    if shape.op() != Op::Aggregate {
        return false;
    }
    // SAFETY: plain reads of the stack.
    unsafe {
        match lua_type(l, idx) {
            LUA_TTABLE => false,
            // A string is meant for the whole array.
            LUA_TSTRING => shape.class == Class::Record,
            LUA_TUSERDATA => match cdata::header(l, idx) {
                // Only the very same type is copied.
                Some(header) => (*header).shape().referred().ty.id != shape.ty.id,
                None => true,
            },
            _ => true,
        }
    }
}

/// Initializes zeroed memory at `p` with the `count` values from `first` on.
///
/// # Safety
/// `room` is writable at `p`, and the memory is anchored (S2); eight free slots; S6.
pub unsafe fn initialize(
    l: *mut lua_State,
    shape: &Shape,
    p: *mut u8,
    room: Room,
    first: c_int,
    count: c_int,
) -> Result<()> {
    // SAFETY: from the caller.
    unsafe {
        if count == 0 {
            return Ok(());
        }
        let op = shape.op();
        if count == 1 && !is_element(l, first, shape) {
            return from_lua::store(l, first, shape, op, p, room);
        }
        match shape.class {
            Class::Array | Class::Vector | Class::Complex => elements(l, shape, p, room, first, count),
            Class::Record => {
                let plan = plan(l, shape)?;
                let mut next = first;
                members(l, plan, p, room, &mut next, first + count)?;
                if next < first + count {
                    return Err(What::TooManyInitializers(shape.unqualified().repr()).into());
                }
                Ok(())
            }
            _ => Err(What::TooManyInitializers(shape.unqualified().repr()).into()),
        }
    }
}

unsafe fn elements(
    l: *mut lua_State,
    shape: &Shape,
    p: *mut u8,
    room: Room,
    first: c_int,
    count: c_int,
) -> Result<()> {
    // SAFETY: each element lies inside of the room, checked first.
    unsafe {
        let element = shape.target();
        let Some(step) = element.size() else { return Err(What::SizeUnknown.into()) };
        if (count as usize).checked_mul(step).is_none_or(|n| n > room.bytes) {
            return Err(What::TooManyInitializers(shape.unqualified().repr()).into());
        }
        for i in 0..count {
            let part = room.part(step);
            from_lua::store(l, first + i, element, element.op(), p.add(i as usize * step), part)?;
        }
        if count == 1 && shape.class == Class::Array {
            repeat(l, first, element, p, room)?;
        }
        Ok(())
    }
}

/// Makes every element of the array at `p` what the first became of the value at `idx`. Strings to which it leads are kept for each.
unsafe fn repeat(l: *mut lua_State, idx: c_int, element: &Shape, p: *mut u8, room: Room) -> Result<()> {
    let step = element.size().unwrap_or(0);
    if step == 0 {
        return Ok(());
    }
    // SAFETY: from `initialize`; elements lie inside of the room.
    unsafe {
        if room.owner != 0 && element.op() == Op::Pointer && lua_type(l, idx) == LUA_TSTRING {
            cdata::keep_string(l, element.state(), room.owner, idx, p, room.bytes / step);
        }
        if room.owner != 0 && element.op() == Op::Aggregate && leads_to_strings(element) {
            for i in 1..room.bytes / step {
                from_lua::store(l, idx, element, Op::Aggregate, p.add(i * step), room.part(step))?;
            }
            return Ok(());
        }
        replicate(p, step, room.bytes);
    }
    Ok(())
}

/// May anything in it be a pointer to a string? (Of a record without a plan nothing was initialized by a value of its own.)
fn leads_to_strings(shape: &Shape) -> bool {
    fn any(plan: &InitPlan) -> bool {
        plan.steps.iter().any(|step| match step {
            // SAFETY: only a constant's entry has no shape; shapes live as long as their state.
            Step::Member(member) => leads_to_strings(unsafe { &*member.entry.shape }),
            Step::Anonymous(inner) => any(inner),
        })
    }
    match shape.class {
        Class::Pointer => from_lua::string_converts(shape.target()),
        Class::Array => leads_to_strings(shape.target()),
        Class::Record => InitPlan::known(shape).is_some_and(any),
        _ => false,
    }
}

/// Fills `size` bytes with copies of the first `step`, which are one at least.
unsafe fn replicate(p: *mut u8, step: usize, size: usize) {
    let mut done = step;
    // Doubling: each copy is of what is there already.
    while done < size {
        let n = done.min(size - done);
        // SAFETY: both ranges lie inside of `size` bytes and do not overlap.
        unsafe { std::ptr::copy_nonoverlapping(p, p.add(done), n) };
        done += n;
    }
}

unsafe fn members(
    l: *mut lua_State,
    plan: &InitPlan,
    p: *mut u8,
    room: Room,
    next: &mut c_int,
    end: c_int,
) -> Result<()> {
    // SAFETY: members lie inside of the record.
    unsafe {
        for step in &plan.steps {
            if *next >= end {
                break;
            }
            match step {
                Step::Member(Member { entry, .. }) => {
                    store_member(l, *next, entry, p, room)?;
                    *next += 1;
                }
                Step::Anonymous(inner) => members(l, inner, p, room, next, end)?,
            }
            if plan.is_union {
                break;
            }
        }
        Ok(())
    }
}

/// Stores the value at `idx` into a member of the record at `p`, which has that room.
unsafe fn store_member(
    l: *mut lua_State,
    idx: c_int,
    entry: &FieldEntry,
    p: *mut u8,
    room: Room,
) -> Result<()> {
    // SAFETY: the member lies inside of the record.
    unsafe {
        let at = p.add(entry.offset);
        if entry.op == Op::Bits {
            return from_lua::store_bits(l, idx, entry, at);
        }
        let shape = &*entry.shape;
        let bytes = match (shape.size(), room.bytes) {
            (Some(size), _) => size,
            (None, Room::UNKNOWN) => Room::UNKNOWN,
            (None, bytes) => bytes.saturating_sub(entry.offset),
        };
        from_lua::store(l, idx, shape, entry.op, at, room.part(bytes))
    }
}

/// Initializes the aggregate at `p` from the table at `idx`.
///
/// # Safety
/// As for [`initialize`].
pub unsafe fn from_table(l: *mut lua_State, idx: c_int, shape: &Shape, p: *mut u8, room: Room) -> Result<()> {
    // SAFETY: from the caller.
    unsafe {
        reserve(l, 8)?;
        let is_known = room.bytes != Room::UNKNOWN;
        let is_usual =
            is_known && peek::is_available() && matches!(shape.class, Class::Record | Class::Array);
        if is_usual && usual::fill_table(l, *peek::base(l).add(idx as usize - 1), shape, p, room.bytes) {
            return Ok(());
        }
        if shape.class != Class::Array {
            let bytes = if is_known { room.bytes } else { shape.size().unwrap_or(0) };
            std::ptr::write_bytes(p, 0, bytes);
        }
        if shape.class == Class::Record {
            let mut at = 0;
            return table_members(l, idx, plan(l, shape)?, p, room, &mut at);
        }
        table_elements(l, idx, shape, p, room)
    }
}

unsafe fn table_elements(
    l: *mut lua_State,
    table: c_int,
    shape: &Shape,
    p: *mut u8,
    room: Room,
) -> Result<()> {
    // SAFETY: each element is checked to lie inside of the room; pushes are popped.
    unsafe {
        let element = shape.target();
        let Some(step) = element.size() else { return Err(What::SizeUnknown.into()) };
        let (mut offset, mut i, mut stored) = (0usize, 0, 0);
        loop {
            if lua_rawgeti(l, table, i) == LUA_TNIL {
                lua_pop(l, 1);
                if i == 0 {
                    i = 1;
                    continue;
                }
                break;
            }
            if offset.checked_add(step).is_none_or(|end| end > room.bytes) || step == 0 {
                return Err(What::TooManyInitializers(shape.unqualified().repr()).into());
            }
            let top = lua_gettop(l);
            if element.class == Class::Array && lua_type(l, top) == LUA_TSTRING {
                std::ptr::write_bytes(p.add(offset), 0, step);
            }
            from_lua::store(l, top, element, element.op(), p.add(offset), room.part(step))?;
            lua_settop(l, top - 1);
            offset += step;
            stored += 1;
            i += 1;
        }
        if room.bytes == Room::UNKNOWN {
            return Ok(());
        }
        // (Not before: the values may be elements of this array.)
        std::ptr::write_bytes(p.add(offset), 0, room.bytes - offset);
        if stored == 1 {
            lua_rawgeti(l, table, i - 1);
            let top = lua_gettop(l);
            repeat(l, top, element, p, room)?;
            lua_settop(l, top - 1);
        }
        Ok(())
    }
}

/// `at` is the next index to try, or -1 once the members are found by name.
unsafe fn table_members(
    l: *mut lua_State,
    table: c_int,
    plan: &InitPlan,
    p: *mut u8,
    room: Room,
    at: &mut i64,
) -> Result<()> {
    // SAFETY: members lie inside of the record; pushes are popped.
    unsafe {
        for step in &plan.steps {
            match step {
                Step::Anonymous(inner) => table_members(l, table, inner, p, room, at)?,
                Step::Member(Member { entry, key, .. }) => {
                    let mut found = false;
                    if *at >= 0 {
                        let mut i = *at;
                        found = lua_rawgeti(l, table, i) != LUA_TNIL;
                        if !found && i == 0 {
                            lua_pop(l, 1);
                            i = 1;
                            found = lua_rawgeti(l, table, i) != LUA_TNIL;
                        }
                        if !found {
                            lua_pop(l, 1);
                            if *at != 0 {
                                break;
                            }
                        }
                        *at = if found { i + 1 } else { -1 };
                    }
                    if !found {
                        lua_rawgeti(l, LUA_REGISTRYINDEX, key.get().into());
                        if lua_rawget(l, table) == LUA_TNIL {
                            lua_pop(l, 1);
                            continue;
                        }
                    }
                    let top = lua_gettop(l);
                    store_member(l, top, entry, p, room)?;
                    lua_settop(l, top - 1);
                    if plan.is_union {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The plan of a record, made when first needed. Raises then.
unsafe fn plan(l: *mut lua_State, shape: &Shape) -> Result<&InitPlan> {
    if let Some(known) = InitPlan::known(shape) {
        return Ok(known);
    }
    let CType::Record(record) = shape.ctype() else { return Err(What::InvalidType.into()) };
    if shape.is_incomplete() {
        return Err(What::SizeUnknown.into());
    }
    // Kept first: what the names' references are made for must not be lost where that raises.
    let kept = shape.state().keep(make(shape, record, 0));
    // SAFETY: from the caller.
    unsafe { refer(l, kept) };
    shape.init_plan.set(std::ptr::from_ref(kept).cast());
    Ok(kept)
}

/// Gives each name its registry reference. Raises.
unsafe fn refer(l: *mut lua_State, plan: &InitPlan) {
    for step in &plan.steps {
        match step {
            // SAFETY: two slots of those the caller has.
            Step::Member(member) => unsafe {
                push_str(l, &member.name);
                member.slot.set(peek::last(l));
                member.key.set(luaL_ref(l, LUA_REGISTRYINDEX));
            },
            // SAFETY: as above; records nest as deep as `ctype::Extent` allows.
            Step::Anonymous(inner) => unsafe { refer(l, inner) },
        }
    }
}

fn make(shape: &Shape, record: RecordId, base: u64) -> InitPlan {
    let state = shape.state();
    let (is_union, fields) = {
        let table = state.table.borrow();
        let is_union = table.record(record).kind == RecordKind::Union;
        let fields: Vec<(Rc<str>, Field)> =
            table.fields(record).iter().map(|(name, field)| (name.into(), *field)).collect();
        (is_union, fields)
    };
    let mut steps = Vec::with_capacity(fields.len());
    for (name, field) in fields {
        let offset = base + field.offset;
        match state.shape(field.ty).ctype() {
            CType::Record(inner) if name.is_empty() => {
                steps.push(Step::Anonymous(make(shape, inner, offset)));
            }
            _ => {
                let entry = FieldEntry::new(state, field.ty, offset, field.bits);
                steps.push(Step::Member(Member {
                    entry,
                    name,
                    key: Cell::new(0),
                    slot: Cell::new(peek::Slot::NIL),
                }));
            }
        }
    }
    let is_usual = steps.iter().all(|step| match step {
        Step::Member(member) => usual::is_usual(member.entry.op),
        Step::Anonymous(inner) => inner.is_usual,
    });
    InitPlan { is_union, is_usual, steps }
}
