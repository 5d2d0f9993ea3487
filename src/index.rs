//! `cdata[key]`: to an address and a type; then read or written there.
//!
//! Members are found by the address of the interned key in the record's field table, elements by arithmetic; bounds are
//! checked where they are known (`docs/safety.md`). Called by Lua as `__index` and `__newindex`.

mod get;
mod set;

use std::ffi::c_int;

use crate::cdata::{self, Bounds, Header};
use crate::conv::from_lua;
use crate::conv::number::{Number, truncate};
use crate::conv::to_lua::push_constant;
use crate::ctype::{CType, QualType};
use crate::error::{Error, Result, What};
use crate::vm::peek;
use crate::vm::shape::{Class, FieldEntry, Items, Op, Shape};
use crate::vm::stack::*;

pub use get::index;
pub use set::new_index;

/// What a key leads to.
enum Target {
    /// A member, and the record's address.
    Member(FieldEntry, *mut u8),
    /// An element: its shape, address.
    Element(&'static Shape, *mut u8),
    /// Nothing of the type's own: the metatype is asked.
    Metatype,
}

/// The integer that the key at 2 is.
#[inline]
unsafe fn integer_key(l: *mut lua_State) -> Option<i64> {
    // SAFETY: plain reads of the stack.
    unsafe {
        let mut exact = 0;
        let n = lua_tointegerx(l, 2, &mut exact);
        if exact != 0 { Some(n) } else { truncate(lua_tonumberx(l, 2, std::ptr::null_mut())) }
    }
}

/// The address of element `i`; the shape's items are prepared.
#[inline]
unsafe fn element(header: *mut Header, shape: &Shape, i: i64) -> Result<*mut u8> {
    // SAFETY: addresses are computed wrapping, and checked where bounds are known.
    unsafe {
        let size = shape.item_size.get();
        let count = shape.item_count.get();
        let base = (*header).address;
        if count != usize::MAX {
            if i as usize >= count {
                return Err(out_of_bounds(header, shape, i));
            }
            return Ok(base.add(i as usize * size));
        }
        if shape.class == Class::Pointer {
            if base.is_null() {
                return Err(What::NullPointer(shape.repr()).into());
            }
            return Ok(base.wrapping_offset((i as isize).wrapping_mul(size as isize)));
        }
        wide_element(header, shape, i, size)
    }
}

/// As [`element`], but null for what is wrong or unusual, which the slow path then sorts out.
#[inline(always)]
unsafe fn quick_element(header: *mut Header, shape: &Shape, i: i64) -> *mut u8 {
    // SAFETY: addresses are computed wrapping, and checked where bounds are known.
    unsafe {
        let size = shape.item_size.get();
        let base = (*header).address;
        let at = base.wrapping_add((i as usize).wrapping_mul(size));
        let inside = match shape.items.get() {
            Items::Counted => (i as usize) < shape.item_count.get(),
            Items::Pointed => !base.is_null(),
            // The index alone may not leave the address space, or what wraps around would count as inside.
            Items::Bounded => {
                i.unsigned_abs() < 1 << 32 && Header::wide_bounds(header).contain(at as usize, size)
            }
            Items::Other => false,
        };
        if inside { at } else { std::ptr::null_mut() }
    }
}

/// Where there are elements, and the key at 2 is a float or a cdata that holds an integer, puts the integer there that it is, and goes on
/// with `again`; else with `any`. (A function of its own: the metamethods would be loops.)
#[inline(never)]
unsafe fn by_integer(l: *mut lua_State, shape: &Shape, again: lua_CFunction, any: lua_CFunction) -> c_int {
    // SAFETY: a metamethod's arguments are its own.
    unsafe {
        let key = peek::base(l).add(1);
        if shape.item_op.get() == Op::None || (*key).tag == peek::INT {
            return any(l);
        }
        let Some(n) = from_lua::plain_integer(*key) else { return any(l) };
        key.write(peek::Slot { bits: n as u64, tag: peek::INT });
        again(l)
    }
}

unsafe fn wide_element(header: *mut Header, shape: &Shape, i: i64, size: usize) -> Result<*mut u8> {
    // SAFETY: the header is a cdata's.
    unsafe {
        let mut base = (*header).address;
        let mut bounds = Header::bounds(header);
        if shape.referred().class == Class::Pointer {
            base = base.cast::<*mut u8>().read_unaligned();
            bounds = Bounds::ANY;
        }
        if base.is_null() {
            return Err(What::NullPointer(shape.repr()).into());
        }
        let offset = i64::try_from(size).ok().and_then(|size| i.checked_mul(size));
        let address = offset.and_then(|offset| (base as usize).checked_add_signed(offset as isize));
        match address {
            Some(address) if bounds.contain(address, size) => Ok(address as *mut u8),
            _ => Err(out_of_bounds(header, shape, i)),
        }
    }
}

/// The error for element `i` of a cdata of the shape.
#[cold]
unsafe fn out_of_bounds(header: *mut Header, shape: &Shape, i: i64) -> Box<Error> {
    // SAFETY: the header is a cdata's; nothing is followed.
    let there = unsafe { Header::bounds(header).hi.saturating_sub((*header).address as usize) };
    let has = there.checked_div(shape.item_size.get());
    let has = has.map_or_else(String::new, |count| format!(", has {count} elements"));
    What::OutOfBounds(shape.referred().repr(), format!(" (index {i}{has})")).into()
}

/// Is the key at 2 the name of a constant of the type, a record's?
unsafe fn names_constant(l: *mut lua_State, shape: &Shape) -> bool {
    // SAFETY: the key stays at 2.
    unsafe {
        let Some(name) = bytes(l, 2).filter(|_| shape.class == Class::Record) else { return false };
        member(l, shape, shape, name).is_some_and(|entry| entry.op == Op::Constant)
    }
}

/// The constant of a record that the key at 2 names.
unsafe fn push_record_constant(l: *mut lua_State, shape: &Shape) -> Result<()> {
    // SAFETY: the key stays at 2.
    unsafe {
        let name = bytes(l, 2).unwrap_or_default();
        let found = shape.record().and_then(|record| {
            let table = record.state().table.borrow();
            let CType::Record(id) = table.get(record.ty.id) else { return None };
            let body = table.record(id).body.as_ref()?;
            body.constants().find(name).cloned()
        });
        match found {
            Some(constant) => push_constant(l, shape.state(), &constant),
            None => Err(What::NoMember(shape.repr(), String::from_utf8_lossy(name).into_owned()).into()),
        }
    }
}

/// What the key at 2 leads to in the cdata at 1.
unsafe fn find(l: *mut lua_State, header: *mut Header, shape: &'static Shape) -> Result<Target> {
    // SAFETY: as for `get`.
    unsafe {
        let by_number = match lua_type(l, 2) {
            LUA_TSTRING => None,
            LUA_TNUMBER => integer_key(l),
            LUA_TUSERDATA => from_lua::cdata_number(l, 2).and_then(Number::to_bits),
            _ => return Ok(Target::Metatype),
        };
        if let Some(i) = by_number {
            if !shape.prepare_items() {
                return no_items(shape);
            }
            return Ok(Target::Element(&*shape.item.get(), element(header, shape, i)?));
        }
        let Some(name) = bytes(l, 2) else { return Ok(Target::Metatype) };
        if shape.referred().class == Class::Complex {
            return Ok(match name {
                b"re" => complex_part(header, shape, 0),
                b"im" => complex_part(header, shape, 1),
                _ => Target::Metatype,
            });
        }
        let Some(record) = shape.record() else { return Ok(Target::Metatype) };
        let Some(entry) = member(l, shape, record, name) else { return Ok(Target::Metatype) };
        let mut base = (*header).address;
        if shape.class == Class::Reference && shape.target().class == Class::Pointer {
            base = base.cast::<*mut u8>().read_unaligned();
        }
        if base.is_null() && entry.op != Op::Constant {
            return Err(What::NullPointer(shape.repr()).into());
        }
        Ok(Target::Member(entry, base))
    }
}

/// A number as key where there are no elements of known size.
fn no_items(shape: &Shape) -> Result<Target> {
    let base = shape.referred();
    match base.class {
        Class::Pointer | Class::Array => Err(What::SizeUnknown.into()),
        _ => Ok(Target::Metatype),
    }
}

unsafe fn complex_part(header: *mut Header, shape: &'static Shape, i: usize) -> Target {
    let part = shape.referred().target();
    // SAFETY: a complex number has two parts.
    Target::Element(part, unsafe { (*header).address.add(i * part.size().unwrap_or(0)) })
}

/// Names that a record's field table may have before no more are entered that are no member's.
const NAMES_MAX: usize = 1024;

/// The entry of member `name` of a record, entered into its field table when first found. None if it has none.
unsafe fn member(l: *mut lua_State, shape: &Shape, record: &Shape, name: &[u8]) -> Option<FieldEntry> {
    // SAFETY: the key at 2 is `name`; the field table is only changed here, with nothing borrowed from it.
    unsafe {
        let key = name.as_ptr() as usize;
        if let Some(entry) = (*record.own_fields().get()).get(key) {
            link_fields(shape, record);
            return (entry.op != Op::Missing).then_some(*entry);
        }
        if record.is_incomplete() {
            return None;
        }
        let text = std::str::from_utf8(name).ok()?;
        let found = lookup(record, text);
        // (Names that are no member's are remembered, too, but not without end: a script may make them up.)
        let shall_enter = found.is_some() || (*record.own_fields().get()).len() < NAMES_MAX;
        if name.len() <= SHORT_STRING_MAX && shall_enter {
            // The anchor first: it may raise, and the table must not hold a key that dies.
            record.state().anchor(l, 2);
            (*record.own_fields().get()).insert(key, found.unwrap_or_default());
            link_fields(shape, record);
        }
        found
    }
}

/// Lets the quick path find the record's field table, unless a pointer lies between.
fn link_fields(shape: &Shape, record: &Shape) {
    let direct = std::ptr::eq(shape, record) || std::ptr::eq(shape.target(), record);
    if direct {
        shape.fields.set(record.own_fields());
    }
}

fn lookup(record: &Shape, name: &str) -> Option<FieldEntry> {
    let state = record.state();
    let mut table = state.table.borrow_mut();
    let CType::Record(id) = table.get(record.ty.id) else { return None };
    if let Some(found) = table.find_field(id, name) {
        let ty: QualType = table.qualify(found.ty, record.ty.qual);
        drop(table);
        let mut entry = FieldEntry::new(state, ty, found.offset, found.bits);
        entry.slot = if entry.op == Op::Aggregate { record.slot_of(name) } else { 0 };
        return Some(entry);
    }
    let body = table.record(id).body.as_ref()?;
    let constant = body.constants().find(name.as_bytes());
    constant.map(|_| FieldEntry { op: Op::Constant, ..FieldEntry::default() })
}

/// The error for a key that leads nowhere.
#[cold]
unsafe fn bad_key(l: *mut lua_State, shape: &Shape) -> Box<Error> {
    // SAFETY: a plain read of the stack.
    unsafe {
        let holder = shape.record().map_or(shape.referred(), Shape::unqualified);
        match bytes(l, 2) {
            Some(name) => What::NoMember(holder.repr(), String::from_utf8_lossy(name).into_owned()).into(),
            None => What::BadIndex(holder.repr(), cdata::describe(l, 2)).into(),
        }
    }
}
