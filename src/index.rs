//! `cdata[key]`: to an address and a type; then read or written there.
//!
//! Members are found by the address of the interned key in the record's field table, elements by arithmetic; bounds are
//! checked where they are known (`docs/safety.md`). Called by Lua as `__index` and `__newindex`.

use std::ffi::{c_char, c_int};

use crate::callback;
use crate::cdata::{self, Bounds, Header};
use crate::conv::number::truncate;
use crate::conv::{from_lua, to_lua};
use crate::ctype::{CType, Constant, QualType};
use crate::door;
use crate::error::{Error, Result, What};
use crate::vm::entry;
use crate::vm::peek;
use crate::vm::shape::{Class, FieldEntry, Items, Op, Shape};
use crate::vm::stack::*;
use crate::vm::state::{Meta, State};

door! {
    /// `__index` of cdata.
    pub fn index = get;
    /// `__newindex` of cdata.
    pub fn new_index = set;
}

/// What a key leads to.
enum Target {
    /// A member, and the record's address.
    Member(FieldEntry, *mut u8),
    /// An element: its shape, address.
    Element(&'static Shape, *mut u8),
    /// Nothing of the type's own: the metatype is asked.
    Metatype,
}

/// The usual reads, by what lies on the stack: a scalar member by its interned name, a scalar element by an integer. False if it
/// is none of those; then nothing is pushed.
#[inline(always)]
unsafe fn quick_get(l: *mut lua_State) -> bool {
    // SAFETY: two arguments are there; the header's address was checked to be one of ours; a member lies inside of its
    // record, an element was checked against what is known.
    unsafe {
        let base = peek::base(l);
        if peek::top(l).offset_from(base) != 2 {
            return false;
        }
        let Some(header) = cdata::header_in(*base) else { return false };
        let shape = (*header).shape();
        let key = *base.add(1);
        if key.tag == peek::SHORT_STRING {
            let fields = shape.fields.get();
            if fields.is_null() {
                return callback::method_named(l, shape, peek::string_address(key) as *const c_char);
            }
            let Some(entry) = (*(*fields).get()).get(peek::string_address(key)) else { return false };
            if entry.op == Op::Missing {
                return quick_method(l, shape, key);
            }
            let address = (*header).address;
            if address.is_null() {
                return false;
            }
            let at = address.wrapping_add(entry.offset);
            return to_lua::push_plain(l, entry.op, at)
                || entry.op == Op::Pointer && quick_pointer(l, &*entry.shape, at)
                || entry.op == Op::Aggregate
                    && quick_reference(l, *base, header, &*entry.shape, at, entry.slot);
        }
        if key.tag == peek::INT {
            let op = shape.item_op.get();
            if op == Op::None {
                return false;
            }
            let at = quick_element(header, shape, key.bits as i64);
            return !at.is_null()
                && (to_lua::push_plain(l, op, at)
                    || op == Op::Pointer && quick_pointer(l, &*shape.item.get(), at)
                    || op == Op::Aggregate && quick_reference(l, *base, header, &*shape.item.get(), at, 1));
        }
        false
    }
}

/// What the metatype's `__index`, if it is a table, has for the key. False if there is none, or nothing in it; then nothing is pushed.
#[inline]
unsafe fn quick_method(l: *mut lua_State, shape: &Shape, key: peek::Slot) -> bool {
    // SAFETY: as for `quick_get`; a metamethod of the table's own may raise: S6.
    unsafe {
        let table = shape.state().meta_slot(shape, Meta::Index);
        if table.tag != peek::TABLE {
            return false;
        }
        let found = peek::field(table.bits as usize, key.bits);
        if found.tag != peek::NIL {
            peek::push(l, found.bits, found.tag);
            return true;
        }
        peek::push(l, table.bits, table.tag);
        peek::push(l, key.bits, key.tag);
        if lua_gettable(l, -2) != LUA_TNIL {
            return true;
        }
        peek::pop(l);
        peek::pop(l);
        false
    }
}

/// A pointer that is not NULL.
#[inline]
unsafe fn quick_pointer(l: *mut lua_State, shape: &Shape, at: *mut u8) -> bool {
    // SAFETY: as for `quick_get`; S6.
    unsafe { cdata::push_word(l, shape, at.cast::<*mut u8>().read_unaligned()) };
    true
}

/// A record or array at `at` in the cdata of slot `owner`: the reference cached there, in its user value `slot`, or a new one.
#[inline]
unsafe fn quick_reference(
    l: *mut lua_State,
    owner: peek::Slot,
    header: *mut Header,
    member: &Shape,
    at: *mut u8,
    slot: u8,
) -> bool {
    // SAFETY: as for `quick_get`; the slot is one that the owner was made with; S6.
    unsafe {
        let shape = (*header).shape();
        if shape.class == Class::Pointer {
            let nobody = peek::Slot { bits: 0, tag: peek::NIL };
            cdata::push_reference_of(l, member.reference(), at, Bounds::ANY, nobody);
            return true;
        }
        let n = usize::from(slot) + usize::from(shape.class == Class::Reference);
        if slot != 0 {
            let known = *peek::user_value(owner, n);
            if cdata::header_in(known).is_some_and(|header| (*header).address == at) {
                peek::push(l, known.bits, known.tag);
                return true;
            }
        }
        let parent = if shape.class == Class::Reference { *peek::user_value(owner, 1) } else { owner };
        cdata::push_reference_of(l, member.reference(), at, Header::bounds(header), parent);
        if slot != 0 {
            lua_pushvalue(l, -1);
            lua_setiuservalue(l, 1, n as c_int);
        }
        true
    }
}

unsafe fn get(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us with the cdata and the key; what is read was checked on the way.
    unsafe {
        if peek::is_available() && quick_get(l) {
            return Ok(1);
        }
        let Some(header) = cdata::own_header(l, 1) else { return Err(not_cdata(l)) };
        let shape = (*header).shape();
        match lua_type(l, 2) {
            LUA_TSTRING => {
                let fields = shape.fields.get();
                if !fields.is_null() {
                    let key = lua_tolstring(l, 2, std::ptr::null_mut()) as usize;
                    if let Some(entry) = (*(*fields).get()).get(key)
                        && (entry.op as u8) < Op::Constant as u8
                        && !(*header).address.is_null()
                    {
                        return get_member(l, header, shape, entry, (*header).address);
                    }
                }
            }
            LUA_TNUMBER if shape.item_op.get() != Op::None => {
                if let Some(i) = integer_key(l) {
                    let at = element(header, shape, i)?;
                    let bounds =
                        if shape.class == Class::Pointer { Bounds::ANY } else { Header::bounds(header) };
                    let parent = c_int::from(shape.class != Class::Pointer);
                    to_lua::push(l, &*shape.item.get(), shape.item_op.get(), at, bounds, parent)?;
                    return Ok(1);
                }
            }
            _ => {}
        }
        get_slow(l, header, shape)
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
        if entry.slot != 0 {
            if lua_getiuservalue(l, 1, slot) != LUA_TNIL {
                return Ok(());
            }
            lua_pop(l, 1);
        }
        let bounds = Header::bounds(header);
        to_lua::push(l, &*entry.shape, Op::Aggregate, at, bounds, 1)?;
        if entry.slot != 0 {
            lua_pushvalue(l, -1);
            lua_setiuservalue(l, 1, slot);
        }
        Ok(())
    }
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
                return Err(out_of_bounds(shape));
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
            _ => Err(out_of_bounds(shape)),
        }
    }
}

#[cold]
fn out_of_bounds(shape: &Shape) -> Box<Error> {
    What::OutOfBounds(shape.referred().repr()).into()
}

#[cold]
unsafe fn not_cdata(l: *mut lua_State) -> Box<Error> {
    // SAFETY: a plain read of the stack.
    let error: Box<Error> = What::Expected("cdata", unsafe { type_name(l, 1) }.to_owned()).into();
    error.at_argument(1)
}

/// Whatever the quick path left: first uses, cdata as keys, constants, metatypes, errors.
#[inline(never)]
unsafe fn get_slow(l: *mut lua_State, header: *mut Header, shape: &'static Shape) -> Result<c_int> {
    // SAFETY: as for `get`.
    unsafe {
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
        if bytes(l, 2).is_some() && named.class == Class::Record && push_record_constant(l, named).is_ok() {
            return Ok(1);
        }
        if lua_type(l, 2) == LUA_TNUMBER {
            return Err(What::BadIndex("ctype".to_owned(), "number".to_owned()).into());
        }
        if named.state().push_meta(l, named, Meta::Index) {
            return call_index(l, named);
        }
        Err(bad_key(l, named))
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
            body.constants.iter().find(|(n, _)| n.as_bytes() == name).map(|(_, c)| c.clone())
        });
        match found {
            Some(constant) => push_constant(l, shape.state(), &constant),
            None => Err(What::NoMember(shape.repr(), String::from_utf8_lossy(name).into_owned()).into()),
        }
    }
}

/// Pushes a constant of a name space or record. Slots +1 (needs 4), raises.
///
/// # Safety
/// S6 but for the constant: what of it could be lost is pushed protected.
pub unsafe fn push_constant(l: *mut lua_State, state: &State, constant: &Constant) -> Result<()> {
    // SAFETY: from the caller.
    unsafe {
        match constant {
            Constant::Int(n, ty) => {
                let shape = state.shape(ty.plain());
                if shape.class == Class::Bool {
                    lua_pushboolean(l, c_int::from(*n != 0));
                } else if let Ok(n) = i64::try_from(*n) {
                    lua_pushinteger(l, n);
                } else {
                    let mut bytes = n.to_ne_bytes();
                    to_lua::push(l, shape, shape.op(), bytes.as_mut_ptr(), Bounds::ANY, 0)?;
                }
            }
            Constant::Float(x, _) => lua_pushnumber(l, *x),
            Constant::Str(bytes) => {
                entry::protect(l, |l| {
                    push_bytes(l, bytes);
                    Ok(1)
                })?;
            }
        }
        Ok(())
    }
}

/// What the key at 2 leads to in the cdata at 1.
unsafe fn find(l: *mut lua_State, header: *mut Header, shape: &'static Shape) -> Result<Target> {
    // SAFETY: as for `get`.
    unsafe {
        let by_number = match lua_type(l, 2) {
            LUA_TSTRING => None,
            LUA_TNUMBER => integer_key(l),
            LUA_TUSERDATA => from_lua::cdata_number(l, 2).and_then(crate::conv::number::Number::to_bits),
            _ => return Ok(Target::Metatype),
        };
        if let Some(i) = by_number {
            if !shape.prepare_items() {
                return no_items(shape);
            }
            let at = if shape.class == Class::Reference || shape.wide.get() {
                wide_element(header, shape, i, shape.item_size.get())?
            } else {
                element(header, shape, i)?
            };
            return Ok(Target::Element(&*shape.item.get(), at));
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
        if name.len() <= SHORT_STRING_MAX {
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
    let constant = body.constants.iter().any(|(n, _)| **n == *name);
    constant.then(|| FieldEntry { op: Op::Constant, ..FieldEntry::default() })
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

// -- writing ---------------------------------------------------------------------------------------------------------

/// The usual writes: a number to a scalar member or element. False if it is none of those; then nothing is written.
#[inline(always)]
unsafe fn quick_set(l: *mut lua_State) -> bool {
    // SAFETY: as for `quick_get`.
    unsafe {
        let base = peek::base(l);
        if peek::top(l).offset_from(base) != 3 {
            return false;
        }
        let Some(header) = cdata::header_in(*base) else { return false };
        let shape = (*header).shape();
        let key = *base.add(1);
        let value = *base.add(2);
        let (op, at) = if key.tag == peek::SHORT_STRING {
            let fields = shape.fields.get();
            if fields.is_null() {
                return false;
            }
            let Some(entry) = (*(*fields).get()).get(peek::string_address(key)) else { return false };
            let address = (*header).address;
            if address.is_null() || entry.is_const {
                return false;
            }
            (entry.op, address.wrapping_add(entry.offset))
        } else if key.tag == peek::INT {
            let op = shape.item_op.get();
            if op == Op::None || (*shape.item.get()).is_const() {
                return false;
            }
            let at = quick_element(header, shape, key.bits as i64);
            if at.is_null() {
                return false;
            }
            (op, at)
        } else {
            return false;
        };
        from_lua::store_plain(value, op, at)
    }
}

unsafe fn set(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us with the cdata, the key and the value.
    unsafe {
        if peek::is_available() && quick_set(l) {
            return Ok(0);
        }
        let Some(header) = cdata::own_header(l, 1) else { return Err(not_cdata(l)) };
        let shape = (*header).shape();
        match lua_type(l, 2) {
            LUA_TSTRING => {
                let fields = shape.fields.get();
                if !fields.is_null() {
                    let key = lua_tolstring(l, 2, std::ptr::null_mut()) as usize;
                    if let Some(entry) = (*(*fields).get()).get(key)
                        && (entry.op as u8) < Op::Constant as u8
                        && !(*header).address.is_null()
                    {
                        return set_member(l, header, shape, entry, (*header).address);
                    }
                }
            }
            LUA_TNUMBER if shape.item_op.get() != Op::None => {
                if let Some(i) = integer_key(l) {
                    let at = element(header, shape, i)?;
                    let item = &*shape.item.get();
                    if item.is_read_only() {
                        return Err(What::ConstWrite.into());
                    }
                    from_lua::store(l, 3, item, shape.item_op.get(), at, shape.item_size.get())?;
                    return Ok(0);
                }
            }
            _ => {}
        }
        set_slow(l, header, shape)
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
                let room = match member.size() {
                    Some(size) if !member.wide.get() => size,
                    _ if shape.class == Class::Pointer => usize::MAX,
                    _ => Header::bounds(header).hi.saturating_sub(at as usize),
                };
                from_lua::store(l, 3, member, Op::Aggregate, at, room)?;
            }
            op => from_lua::store(l, 3, &*entry.shape, op, at, 0)?,
        }
        Ok(0)
    }
}

#[inline(never)]
unsafe fn set_slow(l: *mut lua_State, header: *mut Header, shape: &'static Shape) -> Result<c_int> {
    // SAFETY: as for `set`.
    unsafe {
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
                from_lua::store(l, 3, item, item.op(), at, item.size().unwrap_or(0))?;
                Ok(0)
            }
            Target::Metatype if shape.record().is_some_and(Shape::is_const) => Err(What::ConstWrite.into()),
            Target::Metatype if shape.state().push_meta(l, shape, Meta::NewIndex) => Ok(call_new_index(l)),
            Target::Metatype => Err(bad_key(l, shape)),
        }
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
        if bytes(l, 2).is_some() && named.class == Class::Record && push_record_constant(l, named).is_ok() {
            return Err(What::ConstWrite.into());
        }
        if named.state().push_meta(l, named, Meta::NewIndex) {
            return Ok(call_new_index(l));
        }
        Err(bad_key(l, named))
    }
}
