//! Writing: to the place that a key leads to.

use std::ffi::c_int;

use super::{Target, bad_key, by_integer, find, names_constant, quick_element};
use crate::cdata::{self, Header};
use crate::conv::from_lua::{self, Room};
use crate::conv::init::usual;
use crate::conv::number;
use crate::door;
use crate::error::{Result, What};
use crate::vm::peek;
use crate::vm::shape::{Class, FieldEntry, Op, Shape};
use crate::vm::stack::*;
use crate::vm::state::Meta;

/// `__newindex` of cdata. The usual writes, by what lies on the stack: a number or boolean to a member or element of its sort right here;
/// anything else by a function that this one ends with.
///
/// # Safety
/// Called by Lua with its own state.
pub unsafe extern "C-unwind" fn new_index(l: *mut lua_State) -> c_int {
    // SAFETY: as for `index`.
    unsafe {
        if !peek::is_available() {
            return any(l);
        }
        let base = peek::base(l);
        if peek::top(l).offset_from(base) != 3 {
            return any(l);
        }
        let Some(header) = cdata::header_in(*base) else { return any(l) };
        let shape = (*header).shape();
        let key = *base.add(1);
        let value = *base.add(2);
        let (op, shape, at) = if key.tag == peek::SHORT_STRING {
            let fields = shape.fields.get();
            if fields.is_null() {
                return any(l);
            }
            let Some(entry) = (*(*fields).get()).get(peek::string_address(key)) else { return any(l) };
            if entry.op == Op::Missing {
                return quick_function(l, shape);
            }
            let address = (*header).address;
            if address.is_null() || entry.is_const {
                return any(l);
            }
            let at = address.wrapping_add(entry.offset);
            if entry.op == Op::Bits {
                return quick_bits(l, entry, at);
            }
            (entry.op, entry.shape, at)
        } else if key.tag == peek::INT {
            let op = shape.item_op.get();
            if op == Op::None || (*shape.item.get()).is_const() {
                return any(l);
            }
            let at = quick_element(header, shape, key.bits as i64);
            if at.is_null() {
                return any(l);
            }
            (op, shape.item.get(), at)
        } else {
            return by_integer(l, shape, new_index, any);
        };
        if from_lua::store_plain(value, op, at) {
            return 0;
        }
        match op {
            Op::Pointer => quick_pointer(l, &*shape, at),
            Op::Aggregate => quick_aggregate(l, &*shape, at),
            // (It has no shape.)
            Op::Constant => any(l),
            _ => quick_boxed(l, &*shape, at),
        }
    }
}

door! {
    fn any = set;
}

/// The metatype's `__newindex`, if it is a function, for a name that is no member's.
#[inline(never)]
unsafe fn quick_function(l: *mut lua_State, shape: &Shape) -> c_int {
    // SAFETY: from `new_index`; a metamethod may raise: S6.
    unsafe {
        let function = shape.state().meta_slot(shape, Meta::NewIndex);
        if !peek::is_function(function) || shape.record().is_some_and(Shape::is_const) {
            return any(l);
        }
        let base = peek::base(l);
        peek::push_all(l, [function, *base, *base.add(1), *base.add(2)]);
        call_user(l, 3, 0)
    }
}

/// A Lua integer to a bit-field.
#[inline(never)]
unsafe fn quick_bits(l: *mut lua_State, entry: &FieldEntry, at: *mut u8) -> c_int {
    // SAFETY: from `new_index`.
    unsafe { if from_lua::store_plain_bits(*peek::base(l).add(2), entry, at) { 0 } else { any(l) } }
}

/// A number that a cdata holds, to a number.
#[inline(never)]
unsafe fn quick_boxed(l: *mut lua_State, shape: &Shape, at: *mut u8) -> c_int {
    // SAFETY: from `new_index`; a number that is no reference is read by its own shape.
    unsafe {
        let value = *peek::base(l).add(2);
        if let (true, Some(n)) = (shape.known_op().is_integer(), from_lua::plain_integer(value)) {
            number::write_int(shape.known_op(), at, n);
            return 0;
        }
        let held = cdata::header_in(value);
        let number = held.and_then(|header| number::read((*header).shape(), Header::data(header)));
        if number.is_some_and(|n| number::write(shape, at, n)) { 0 } else { any(l) }
    }
}

/// A pointer, or what has an address for one: a string is kept by whoever the memory belongs to.
#[inline(never)]
unsafe fn quick_pointer(l: *mut lua_State, shape: &Shape, at: *mut u8) -> c_int {
    // SAFETY: from `new_index`; S6.
    unsafe {
        let value = *peek::base(l).add(2);
        let address = match from_lua::plain_pointer(value, shape) {
            Some(address) => address,
            None => {
                let Some(text) = from_lua::plain_text(value, shape) else { return any(l) };
                cdata::keep_string(l, shape.state(), 1, 3, at, 1);
                text
            }
        };
        at.cast::<*mut u8>().write_unaligned(address);
    }
    0
}

/// What is usual for a record or array with nothing const in it: a record of the very type, a table, a string.
#[inline(never)]
unsafe fn quick_aggregate(l: *mut lua_State, shape: &Shape, at: *mut u8) -> c_int {
    // SAFETY: from `new_index`; `at` has as many bytes as the type. What is written in vain is written again.
    unsafe {
        let value = *peek::base(l).add(2);
        let fixed = shape.known_size().filter(|_| !shape.wide.get() && !shape.is_read_only());
        let Some(size) = fixed else { return any(l) };
        if usual::copy_record(value, shape, at, size) || usual::copy_text(value, shape, at, size) {
            return 0;
        }
        if value.tag != peek::TABLE {
            return any(l);
        }
        if usual::fill_table(l, value, shape, at, size) { 0 } else { any(l) }
    }
}

/// Whatever `new_index` left.
unsafe fn set(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us with the cdata, the key and the value.
    unsafe {
        let header = cdata::check(l, 1)?;
        let shape = (*header).shape();
        if let Some(named) = cdata::ctype_of(header) {
            return set_static(l, named);
        }
        match find(l, header, shape)? {
            Target::Member(entry, _) if entry.op == Op::Constant => Err(What::ConstWrite.into()),
            Target::Member(entry, base) => set_member(l, header, shape, &entry, base),
            Target::Element(item, at) => {
                // The parts of a complex number are not written one by one, as in LuaJIT.
                if item.is_read_only() || shape.referred().class == Class::Complex {
                    return Err(What::ConstWrite.into());
                }
                let room = Room { bytes: item.size().unwrap_or(0), owner: 1 };
                from_lua::store(l, 3, item, item.op(), at, room)?;
                Ok(0)
            }
            Target::Metatype if shape.record().is_some_and(Shape::is_const) => Err(What::ConstWrite.into()),
            Target::Metatype if shape.state().push_meta(l, shape, Meta::NewIndex) => Ok(call_new_index(l)),
            Target::Metatype => Err(bad_key(l, shape)),
        }
    }
}

#[inline]
unsafe fn set_member(
    l: *mut lua_State,
    header: *mut Header,
    shape: &Shape,
    entry: &FieldEntry,
    base: *mut u8,
) -> Result<c_int> {
    // SAFETY: the member lies inside of the record at `base`.
    unsafe {
        if entry.is_const {
            return Err(What::ConstWrite.into());
        }
        let at = base.add(entry.offset);
        match entry.op {
            Op::Bits => from_lua::store_bits(l, 3, entry, at)?,
            Op::Aggregate => {
                let member = &*entry.shape;
                let bytes = match member.size() {
                    Some(size) if !member.wide.get() => size,
                    _ if shape.class == Class::Pointer => Room::UNKNOWN,
                    _ => match Header::bounds(header).hi {
                        usize::MAX => Room::UNKNOWN,
                        hi => hi.saturating_sub(at as usize),
                    },
                };
                from_lua::store(l, 3, member, Op::Aggregate, at, Room { bytes, owner: 1 })?;
            }
            op => from_lua::store(l, 3, &*entry.shape, op, at, Room { bytes: 0, owner: 1 })?,
        }
        Ok(0)
    }
}

/// Gives the key at 2 and the value at 3 to the value on top, a `__newindex`.
unsafe fn call_new_index(l: *mut lua_State) -> c_int {
    // SAFETY: as for `call_index`.
    unsafe {
        if lua_type(l, -1) == LUA_TFUNCTION {
            lua_pushvalue(l, 1);
            lua_pushvalue(l, 2);
            lua_pushvalue(l, 3);
            return call_user(l, 3, 0);
        }
        lua_pushvalue(l, 2);
        lua_pushvalue(l, 3);
        lua_settable(l, -3);
        0
    }
}

/// A static member of a ctype object: its metatype's business, for constants stay what they are.
unsafe fn set_static(l: *mut lua_State, named: &'static Shape) -> Result<c_int> {
    // SAFETY: as for `set`.
    unsafe {
        if names_constant(l, named) {
            return Err(What::ConstWrite.into());
        }
        if lua_type(l, 2) != LUA_TSTRING {
            return Err(What::BadIndex("ctype".to_owned(), cdata::describe(l, 2)).into());
        }
        if named.state().push_meta(l, named, Meta::NewIndex) {
            return Ok(call_new_index(l));
        }
        Err(bad_key(l, named))
    }
}
