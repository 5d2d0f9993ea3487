//! Reading: what stands at the place that a key leads to.

use std::ffi::{c_char, c_int};

use super::{Target, bad_key, by_integer, find, names_constant, push_record_constant, quick_element};
use crate::callback;
use crate::cdata::{self, Bounds, Header};
use crate::conv::to_lua;
use crate::door;
use crate::error::{Result, What};
use crate::vm::elements::{Bucket, SMALL};
use crate::vm::peek;
use crate::vm::shape::{Class, FieldEntry, Op, Shape};
use crate::vm::stack::*;
use crate::vm::state::Meta;

/// `__index` of cdata. The usual reads, by what lies on the stack: a member by its interned name, an element by an integer. What needs no
/// memory of Lua's is read right here; anything else by a function that this one ends with.
///
/// # Safety
/// Called by Lua with its own state.
pub unsafe extern "C-unwind" fn index(l: *mut lua_State) -> c_int {
    // SAFETY: two arguments are there; the header's address was checked to be one of ours; a member lies inside of its
    // record, an element was checked against what is known.
    unsafe {
        if !peek::is_available() {
            return any(l);
        }
        let base = peek::base(l);
        if peek::top(l).offset_from(base) != 2 {
            return any(l);
        }
        let Some(header) = cdata::header_in(*base) else { return any(l) };
        let shape = (*header).shape();
        let key = *base.add(1);
        if key.tag == peek::SHORT_STRING {
            let fields = shape.fields.get();
            if fields.is_null() {
                return match cdata::ctype_of(header) {
                    Some(named) => quick_static(l, named),
                    None => quick_callback(l, shape),
                };
            }
            let Some(entry) = (*(*fields).get()).get(peek::string_address(key)) else { return any(l) };
            if entry.op == Op::Missing {
                return quick_method(l, shape);
            }
            let address = (*header).address;
            if address.is_null() {
                return any(l);
            }
            let at = address.wrapping_add(entry.offset);
            if to_lua::push_plain(l, entry.op, at) {
                return 1;
            }
            return match entry.op {
                Op::Bits => quick_bits(l, entry, at),
                Op::Pointer => quick_pointer(l, &*entry.shape, at),
                Op::U64 => quick_boxed(l, shape, at),
                Op::Aggregate => quick_member(l, header, entry, at),
                _ => any(l),
            };
        }
        if key.tag == peek::INT && shape.item_op.get() != Op::None {
            let op = shape.item_op.get();
            let at = quick_element(header, shape, key.bits as i64);
            if at.is_null() {
                return any(l);
            }
            if to_lua::push_plain(l, op, at) {
                return 1;
            }
            return match op {
                Op::Pointer => quick_pointer(l, &*shape.item.get(), at),
                Op::U64 => quick_boxed(l, shape, at),
                Op::Aggregate => quick_item(l, header, at),
                _ => any(l),
            };
        }
        by_integer(l, shape, index, any)
    }
}

door! {
    fn any = get;
}

/// A method of callbacks, by its name.
#[inline(never)]
unsafe fn quick_callback(l: *mut lua_State, shape: &Shape) -> c_int {
    // SAFETY: from `index`.
    unsafe {
        let name = peek::string_address(*peek::base(l).add(1)) as *const c_char;
        if callback::method_named(l, shape, name) { 1 } else { any(l) }
    }
}

/// A static member that no constant of the record is known to be.
#[inline(never)]
unsafe fn quick_static(l: *mut lua_State, named: &'static Shape) -> c_int {
    // SAFETY: from `index`; the field table changes in slow paths only.
    unsafe {
        let key = peek::string_address(*peek::base(l).add(1));
        let known = (*named.own_fields().get()).get(key);
        if known.is_some_and(|entry| entry.op != Op::Constant) { quick_method(l, named) } else { any(l) }
    }
}

/// What the metatype's `__index`, a table or function, has for the key.
#[inline(always)]
unsafe fn quick_method(l: *mut lua_State, shape: &Shape) -> c_int {
    // SAFETY: from `index`; a metamethod of the table's own may raise: S6.
    unsafe {
        let table = shape.state().meta_slot(shape, Meta::Index);
        let (owner, key) = (*peek::base(l), *peek::base(l).add(1));
        if table.tag == peek::TABLE {
            let found = peek::field(table.bits as usize, key.bits);
            if found.tag != peek::NIL {
                peek::push(l, found.bits, found.tag);
                return 1;
            }
            peek::push(l, table.bits, table.tag);
            peek::push(l, key.bits, key.tag);
            if lua_gettable(l, -2) != LUA_TNIL {
                return 1;
            }
            peek::pop(l);
            peek::pop(l);
        } else if peek::is_function(table) {
            peek::push_all(l, [table, owner, key]);
            return call_user(l, 2, 1);
        }
        any(l)
    }
}

/// A bit-field.
#[inline(never)]
unsafe fn quick_bits(l: *mut lua_State, entry: &FieldEntry, at: *mut u8) -> c_int {
    // SAFETY: from `index`.
    unsafe { if to_lua::push_plain_bits(l, entry, at) { 1 } else { any(l) } }
}

/// A pointer that is not NULL.
#[inline(never)]
unsafe fn quick_pointer(l: *mut lua_State, shape: &Shape, at: *mut u8) -> c_int {
    // SAFETY: from `index`; S6.
    unsafe { cdata::push_word(l, shape, at.cast::<*mut u8>().read_unaligned()) };
    1
}

/// An unsigned integer that no Lua integer holds.
#[inline(never)]
unsafe fn quick_boxed(l: *mut lua_State, shape: &Shape, at: *mut u8) -> c_int {
    // SAFETY: from `index`; S6.
    unsafe { to_lua::push_u64(l, shape, at.cast::<u64>().read_unaligned()) };
    1
}

/// A member that is a record or array: the reference cached in the user value that it has in the whole, or a new one.
#[inline(never)]
unsafe fn quick_member(l: *mut lua_State, header: *mut Header, entry: &FieldEntry, at: *mut u8) -> c_int {
    // SAFETY: from `index`; the slot is one that the owner was made with; S6.
    unsafe {
        let shape = (*header).shape();
        let caches = entry.slot != 0;
        if shape.class == Class::Pointer && caches {
            return pointed_part(l, header, &*entry.shape, at, -i64::from(entry.slot));
        }
        let n = usize::from(entry.slot) + usize::from(shape.class == Class::Reference);
        let part = &*entry.shape;
        if !caches || !push_cached(l, n, part, at) {
            push_part(l, header, part, at);
            if caches {
                cache(l, n);
            }
        }
    }
    1
}

/// As [`quick_member`], of an element: those that are asked for again and again are cached.
#[inline(never)]
unsafe fn quick_item(l: *mut lua_State, header: *mut Header, at: *mut u8) -> c_int {
    // SAFETY: from `index`; arrays of records and arrays, and references to those, are made with a slot for their elements; S6.
    unsafe {
        let shape = (*header).shape();
        let i = (*peek::base(l).add(1)).bits as i64;
        if shape.class == Class::Pointer {
            return pointed_part(l, header, &*shape.item.get(), at, i);
        }
        let n = 1 + usize::from(shape.class == Class::Reference);
        let part = &*shape.item.get();
        // (A reference that was made when the size was not known has no slot for its elements.)
        if n > peek::user_values(*peek::base(l)) {
            push_part(l, header, part, at);
            return 1;
        }
        let kept = *peek::user_value(*peek::base(l), n);
        let has_table = kept.tag == peek::TABLE;
        let known =
            if has_table { peek::item(kept.bits as usize, i.wrapping_add(1)).unwrap_or(kept) } else { kept };
        if cdata::is_same(known, part.reference(), at) {
            peek::push(l, known.bits, known.tag);
            shape.asked.found();
            return 1;
        }
        push_part(l, header, part, at);
        match small_count(shape).filter(|_| (0..SMALL as i64).contains(&i)) {
            Some(_) if has_table => enter(l, n as c_int, i),
            Some(count) if shape.state().elements.missed((*header).address, count) => {
                cdata::keep_elements(l, 1, n as c_int, count);
                enter(l, n as c_int, i);
            }
            _ if !has_table && shape.asked.missed(at) => cache(l, n),
            _ => {}
        }
    }
    1
}

/// How many elements an array has, or the one that a reference leads to, if they are few enough for a table, and more than one.
#[inline(always)]
fn small_count(shape: &Shape) -> Option<usize> {
    let (size, item) = (shape.referred().known_size()?, shape.item_size.get());
    (size > item && size <= item.saturating_mul(SMALL)).then(|| size / item)
}

/// Part `n` of what a pointer leads to: the reference that the VM keeps, or a new one.
#[inline(never)]
unsafe fn pointed_part(l: *mut lua_State, header: *mut Header, part: &Shape, at: *mut u8, n: i64) -> c_int {
    // SAFETY: from `index`; such a reference keeps nothing alive; S6.
    unsafe {
        let (elements, asked) = (&part.state().elements, &(*header).shape().asked);
        let bucket = Bucket::of((*header).address, n);
        let shall_keep = if elements.is_again(bucket, at) {
            asked.found();
            let known = elements.at(bucket);
            if cdata::is_same(known, part.reference(), at) {
                peek::push(l, known.bits, known.tag);
                return 1;
            }
            true
        } else {
            asked.is_expected()
        };
        push_part(l, header, part, at);
        if shall_keep {
            elements.keep(l, bucket);
        }
    }
    1
}

/// Puts the reference on top, to element `i`, into the table in user value `n` of the cdata at 1.
#[inline]
unsafe fn enter(l: *mut lua_State, n: c_int, i: i64) {
    // SAFETY: from `quick_item`; the table is ours. (Behind the last element lie its neighbours': then the table grows. Since it was looked at
    // a finalizer may have run that gave others tables, so that it is gone.)
    unsafe {
        if lua_getiuservalue(l, 1, n) == LUA_TTABLE {
            lua_pushvalue(l, -2);
            lua_rawseti(l, -2, i + 1);
        }
        lua_pop(l, 1);
    }
}

/// The reference to the part at `at` that user value `n` of the cdata at 1 holds. False if it holds none, or one to another place, or one
/// with a finalizer; then nothing is pushed.
#[inline(always)]
unsafe fn push_cached(l: *mut lua_State, n: usize, part: &Shape, at: *mut u8) -> bool {
    // SAFETY: from `quick_member`. (A reference that was made when the record had no members yet has no slots for them.)
    unsafe {
        let own = *peek::base(l);
        if n > peek::user_values(own) {
            return false;
        }
        let known = *peek::user_value(own, n);
        let is_it = cdata::is_same(known, part.reference(), at);
        if is_it {
            peek::push(l, known.bits, known.tag);
        }
        is_it
    }
}

/// A new reference to a part of the cdata at 1.
#[inline(always)]
unsafe fn push_part(l: *mut lua_State, header: *mut Header, part: &Shape, at: *mut u8) {
    // SAFETY: from `quick_member`; a reference has a first user value.
    unsafe {
        let owner = *peek::base(l);
        let (bounds, parent) = match (*header).shape().class {
            Class::Pointer => (Bounds::ANY, peek::Slot::NIL),
            Class::Reference => (Header::wide_bounds(header), *peek::user_value(owner, 1)),
            _ => (Header::bounds(header), owner),
        };
        cdata::push_reference_of(l, part.reference(), at, bounds, parent);
    }
}

/// Keeps the reference on top in user value `n` of the cdata at 1.
#[inline]
unsafe fn cache(l: *mut lua_State, n: usize) {
    // SAFETY: from `quick_member`.
    unsafe {
        lua_pushvalue(l, -1);
        lua_setiuservalue(l, 1, n as c_int);
    }
}

/// Whatever `index` left: first uses, what wants memory of Lua's, cdata as keys, constants, metatypes, errors.
unsafe fn get(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us with the cdata and the key; what is read was checked on the way.
    unsafe {
        let header = cdata::check(l, 1)?;
        let shape = (*header).shape();
        if let Some(named) = cdata::ctype_of(header) {
            return get_static(l, named);
        }
        match find(l, header, shape)? {
            Target::Member(entry, _) if entry.op == Op::Constant => {
                push_record_constant(l, shape)?;
                Ok(1)
            }
            Target::Member(entry, base) => get_member(l, header, shape, &entry, base),
            Target::Element(item, at) => {
                let pointer = shape.referred().class == Class::Pointer;
                let bounds = if pointer { Bounds::ANY } else { Header::bounds(header) };
                to_lua::push(l, item, item.op(), at, bounds, c_int::from(!pointer))?;
                Ok(1)
            }
            Target::Metatype => {
                if shape.state().push_meta(l, shape, Meta::Index) {
                    return call_index(l, shape);
                }
                if callback::method(l, shape) {
                    return Ok(1);
                }
                Err(bad_key(l, shape))
            }
        }
    }
}

#[inline]
unsafe fn get_member(
    l: *mut lua_State,
    header: *mut Header,
    shape: &Shape,
    entry: &FieldEntry,
    base: *mut u8,
) -> Result<c_int> {
    // SAFETY: the member lies inside of the record at `base`.
    unsafe {
        let at = base.add(entry.offset);
        match entry.op {
            Op::Bits => to_lua::push_bits(l, entry, at),
            Op::Aggregate => get_aggregate(l, header, shape, entry, at)?,
            op => to_lua::push(l, &*entry.shape, op, at, Bounds::ANY, 0)?,
        }
        Ok(1)
    }
}

/// A member that is read as a reference: the one cached in the owner, or a new one.
unsafe fn get_aggregate(
    l: *mut lua_State,
    header: *mut Header,
    shape: &Shape,
    entry: &FieldEntry,
    at: *mut u8,
) -> Result<()> {
    // SAFETY: the slot is one the owner was made with: `slots` of the record, after a reference's parent.
    unsafe {
        if shape.class == Class::Pointer {
            return to_lua::push(l, &*entry.shape, Op::Aggregate, at, Bounds::ANY, 0);
        }
        let slot = c_int::from(entry.slot) + c_int::from(shape.class == Class::Reference);
        let part = &*entry.shape;
        if entry.slot != 0 {
            lua_getiuservalue(l, 1, slot);
            if cdata::is_reference_to(l, -1, part, at) {
                return Ok(());
            }
            lua_pop(l, 1);
        }
        let bounds = Header::bounds(header);
        to_lua::push(l, part, Op::Aggregate, at, bounds, 1)?;
        if entry.slot != 0 {
            lua_pushvalue(l, -1);
            lua_setiuservalue(l, 1, slot);
        }
        Ok(())
    }
}

/// Asks the value on top, an `__index`, for the key at 2.
/// What a table does not have is an error as any other member that is missing, as in LuaJIT.
unsafe fn call_index(l: *mut lua_State, shape: &Shape) -> Result<c_int> {
    // SAFETY: a metamethod has slots for this; nothing of ours is alive.
    unsafe {
        if lua_type(l, -1) == LUA_TFUNCTION {
            lua_pushvalue(l, 1);
            lua_pushvalue(l, 2);
            return Ok(call_user(l, 2, 1));
        }
        lua_pushvalue(l, 2);
        if lua_gettable(l, -2) == LUA_TNIL {
            return Err(bad_key(l, shape));
        }
    }
    Ok(1)
}

/// A static member: of a ctype object, through its metatype, or a constant of the record.
unsafe fn get_static(l: *mut lua_State, named: &'static Shape) -> Result<c_int> {
    // SAFETY: as for `get`.
    unsafe {
        if names_constant(l, named) {
            push_record_constant(l, named)?;
            return Ok(1);
        }
        if lua_type(l, 2) != LUA_TSTRING {
            return Err(What::BadIndex("ctype".to_owned(), cdata::describe(l, 2)).into());
        }
        if named.state().push_meta(l, named, Meta::Index) {
            return call_index(l, named);
        }
        Err(bad_key(l, named))
    }
}
