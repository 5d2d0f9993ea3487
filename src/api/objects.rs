//! `new cast gc metatype addressof toretval`, and calls of ctype objects.

use std::ffi::c_int;

use super::args::{self, argument};
use super::types::{SIZE_MAX, variable_size};
use super::{bound, meta};
use crate::callback;
use crate::cdata::{self, Header};
use crate::conv::from_lua::{self, Room};
use crate::conv::init::{self, usual};
use crate::conv::{number, to_lua};
use crate::ctype::IntKind;
use crate::door;
use crate::error::{Result, What};
use crate::target;
use crate::vm::kept::Kept;
use crate::vm::peek;
use crate::vm::shape::{Class, Op, Shape};
use crate::vm::stack::*;
use crate::vm::state::{Meta, Metatype};

door! {
    /// `ffi.new(ct, nelem, init...)`
    pub fn new = quick_new(1) or new_body;
    /// `ffi.cast(ct, x)`
    pub fn cast = quick_cast(1) or cast_body;
    /// `ffi.gc(cdata, finalizer)`
    pub fn gc = quick_gc(1) or gc_body;
    /// `ffi.metatype(ct, metatable)`
    pub fn metatype = metatype_body;
    /// `ffi.addressof(cdata)`
    pub fn address_of = address_of_body;
    /// `ffi.byvalue(cdata)`
    pub fn by_value = by_value_body;
    /// `ffi.toretval(cdata)`
    pub fn to_return_value = to_return_value_body;
    /// `ffi.i64(x)`
    pub fn i64 = i64_body;
    /// `ffi.u64(x)`
    pub fn u64 = u64_body;
}

/// The usual: of a ctype object or a text that was met before. False if it is anything else.
#[inline]
unsafe fn quick_new(l: *mut lua_State) -> bool {
    // SAFETY: an `ffi.*` function runs.
    unsafe { args::quick_ctype(l, args::state(l), 1).is_some_and(|shape| quick_instance(l, shape)) }
}

unsafe fn new_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let shape = args::ctype(l, args::state(l), 1)?;
        instance(l, shape)
    }
}

/// As [`construct`], the usual case: of a type that no metatype has a `__new` for. False if it is another, or the cdata at 1 is no ctype
/// object.
///
/// # Safety
/// As for [`construct`].
#[inline]
pub unsafe fn quick_construct(l: *mut lua_State) -> bool {
    // SAFETY: from the caller.
    unsafe {
        let named = cdata::first_header(l).and_then(|header| cdata::ctype_of(header));
        named.is_some_and(|named| {
            named.state().meta_slot(named, Meta::New).tag == peek::NIL && quick_instance(l, named)
        })
    }
}

/// A call of a ctype object at 1: the metatype's `__new`, or as `ffi.new`.
///
/// # Safety
/// `__call` of a ctype object runs.
pub unsafe fn construct(l: *mut lua_State, shape: &'static Shape) -> Result<c_int> {
    // SAFETY: from the caller.
    unsafe {
        if !shape.metatype.get().is_none()
            && shape.class != Class::Pointer
            && shape.state().push_meta(l, shape, Meta::New)
        {
            lua_insert(l, 1);
            return Ok(call_user(l, lua_gettop(l) - 1, LUA_MULTRET));
        }
        instance(l, shape)
    }
}

/// The usual new instance: of a record or array, with usual initializers or none. False for any other; then the stack is as it was.
///
/// # Safety
/// [`peek::is_available`]; the arguments from stack index 2 on are the initializers; room for three slots; S6.
#[inline(always)]
unsafe fn quick_instance(l: *mut lua_State, shape: &'static Shape) -> bool {
    // SAFETY: from the caller.
    unsafe {
        let count = peek::top(l).offset_from(peek::base(l)) as usize - 1;
        if !matches!(shape.class, Class::Record | Class::Array) {
            return count <= 1 && quick_scalar(l, shape, count);
        }
        if shape.wide.get() {
            return count > 0 && quick_variable(l, shape, count - 1);
        }
        let Some(size) = shape.size().filter(|&size| size < SIZE_MAX) else { return false };
        if count == 0 {
            cdata::push_owned(l, shape, size);
        } else if !quick_filled(l, shape, size, 2, count) {
            return false;
        }
        arm_usual(l, shape);
        true
    }
}

/// Gives the new cdata on top its metatype's `__gc`, if there is one.
#[inline(always)]
unsafe fn arm_usual(l: *mut lua_State, shape: &Shape) {
    // SAFETY: from `quick_instance`.
    unsafe {
        if shape.state().meta_slot(shape, Meta::Gc).tag != peek::NIL {
            cdata::arm(l, shape);
        }
    }
}

/// As [`quick_instance`], of a number, with an initializer or none.
#[inline(never)]
unsafe fn quick_scalar(l: *mut lua_State, shape: &Shape, count: usize) -> bool {
    // SAFETY: from `quick_instance`.
    unsafe {
        let zero = peek::Slot { bits: 0, tag: peek::INT };
        let value = if count == 0 { zero } else { *peek::base(l).add(1) };
        quick_number(l, shape, value, |value| from_lua::plain_integer(value))
    }
}

/// As [`quick_instance`], of a VLA or VLS: its count of elements, then `count` initializers.
#[inline(never)]
unsafe fn quick_variable(l: *mut lua_State, shape: &'static Shape, count: usize) -> bool {
    // SAFETY: from `quick_instance`.
    unsafe {
        let nelem = *peek::base(l).add(1);
        let size = match shape.variable_element() {
            Some(element) if nelem.tag == peek::INT => {
                variable_size(shape, element, nelem.bits.cast_signed())
            }
            _ => None,
        };
        let Some(size) = size else { return false };
        if count == 0 {
            cdata::push_owned(l, shape, size);
        } else if !quick_filled(l, shape, size, 3, count) {
            return false;
        }
        arm_usual(l, shape);
    }
    true
}

/// As [`quick_instance`], with `count` initializers from stack index `first` on; without a finalizer yet.
#[inline(never)]
unsafe fn quick_filled(
    l: *mut lua_State,
    shape: &'static Shape,
    size: usize,
    first: usize,
    count: usize,
) -> bool {
    // SAFETY: from the caller.
    unsafe {
        // What the first value tells will not do is told before anything is made.
        if !usual::may_fill(shape, *peek::base(l).add(first - 1), count) {
            return false;
        }
        let header = cdata::push_owned(l, shape, size);
        let is_filled = usual::fill(l, shape, (*header).address, size, first, count);
        if !is_filled {
            peek::pop(l);
        }
        is_filled
    }
}

/// Makes an instance with the initializers (and first the number of elements) from stack index 2 on.
unsafe fn instance(l: *mut lua_State, shape: &'static Shape) -> Result<c_int> {
    // SAFETY: the new cdata is on the stack while it is filled (S2).
    unsafe {
        let mut first = 2;
        // (Of a part of something a script has the reference's type: it means what that refers to.)
        let shape = shape.referred();
        let mut size = shape.size();
        if let Some(element) = shape.variable_element() {
            let count = args::integer(l, 2, "int")?;
            size = variable_size(shape, element, count);
            first = 3;
        }
        let Some(size) = size.filter(|&n| n < SIZE_MAX && shape.op() != Op::None) else {
            return Err(argument(1, What::SizeUnknown));
        };
        let count = lua_gettop(l) + 1 - first;
        if shape.class == Class::Pointer {
            return pointer_instance(l, shape, first, count);
        }
        let header = cdata::push_owned(l, shape, size);
        if count > 0 {
            let made = lua_gettop(l);
            let room = Room { bytes: size, owner: made };
            init::initialize(l, shape, Header::data(header), room, first, count)?;
            lua_settop(l, made);
        }
        if !shape.metatype.get().is_none() && shape.state().push_meta(l, shape, Meta::Gc) {
            lua_pop(l, 1);
            cdata::arm(l, shape);
        }
        Ok(1)
    }
}

/// Pointers: a function makes a callback of its own, a NULL `void *` is nil.
unsafe fn pointer_instance(
    l: *mut lua_State,
    shape: &'static Shape,
    first: c_int,
    count: c_int,
) -> Result<c_int> {
    // SAFETY: as for `instance`.
    unsafe {
        let address = match count {
            0 => std::ptr::null_mut(),
            1 if lua_type(l, first) == LUA_TFUNCTION && shape.target().class == Class::Function => {
                callback::make(l, first, shape.target())?.cast_mut().cast()
            }
            1 => from_lua::to_pointer(l, first, shape, false)?,
            _ => return Err(What::TooManyInitializers(shape.repr()).into()),
        };
        from_lua::push_pointer(l, shape, address);
        Ok(1)
    }
}

/// The usual cast: of a pointer, array, record or function to a pointer, or of a number, an integer that a cdata holds or an address to a
/// number. False if it is another.
#[inline]
unsafe fn quick_cast(l: *mut lua_State) -> bool {
    // SAFETY: two arguments are there; S6.
    unsafe {
        if !peek::is_available() || peek::top(l).offset_from(peek::base(l)) != 2 {
            return false;
        }
        let (ct, value) = (*peek::base(l), *peek::base(l).add(1));
        let Some(shape) = args::ctype_in(ct, || args::state(l)) else { return false };
        if shape.class != Class::Pointer {
            return quick_number(l, shape, value, |value| cast_bits(shape, value));
        }
        let Some(header) = cdata::header_in(value) else { return quick_callback(l, shape, value) };
        let (own, address) = ((*header).shape(), (*header).address);
        let is_other = own.has_address() && !address.is_null() && !std::ptr::eq(own, shape);
        if is_other {
            cdata::push_word(l, shape, address);
        }
        is_other
    }
}

/// A callback of the Lua function at 2. False if that is no function, or the type no pointer to one, or there can be none of it.
#[inline]
unsafe fn quick_callback(l: *mut lua_State, shape: &Shape, value: peek::Slot) -> bool {
    // SAFETY: from `quick_cast`.
    unsafe {
        if !peek::is_function(value) {
            return false;
        }
        let made =
            shape.known_target().filter(|to| to.class == Class::Function).map(|to| callback::make(l, 2, to));
        let Some(Ok(address)) = made else { return false };
        cdata::push_word(l, shape, address.cast_mut().cast());
        true
    }
}

/// A number made of a value: an integer, whose bits the value is as `bits` says, or a `float` or `double` of a Lua number. False if it is none.
#[inline(always)]
unsafe fn quick_number(
    l: *mut lua_State,
    shape: &Shape,
    value: peek::Slot,
    bits: impl FnOnce(peek::Slot) -> Option<i64>,
) -> bool {
    // SAFETY: from `quick_cast`; a number of up to 8 bytes lies in the header's address word.
    unsafe {
        let op = shape.known_op();
        if op.is_integer() {
            let Some(n) = bits(value) else { return false };
            let made = cdata::push_word(l, shape, std::ptr::null_mut());
            number::write_int(op, Header::data(made), n);
            return true;
        }
        let is_float = matches!(op, Op::F32 | Op::F64) && matches!(value.tag, peek::INT | peek::FLOAT);
        if is_float {
            let made = cdata::push_word(l, shape, std::ptr::null_mut());
            from_lua::store_plain(value, op, Header::data(made));
        }
        is_float
    }
}

/// The bits of the integer that a cast to `shape` makes of a value: addresses are integers, too. None for what is no usual one.
#[inline(always)]
unsafe fn cast_bits(shape: &Shape, value: peek::Slot) -> Option<i64> {
    // SAFETY: from `quick_cast`.
    unsafe {
        if let Some(header) = cdata::header_in(value) {
            let own = (*header).shape();
            if own.has_address() && own.referred().class != Class::Record {
                return Some((*header).address as i64);
            }
            // A number of the very type is given back as it is.
            if std::ptr::eq(own, shape) {
                return None;
            }
        }
        from_lua::plain_integer(value)
    }
}

unsafe fn cast_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let shape = args::ctype(l, args::state(l), 1)?;
        if lua_type(l, 2) == LUA_TNONE {
            return Err(argument(2, What::ValueExpected));
        }
        if lua_type(l, 2) == LUA_TFUNCTION && shape.is_function_pointer() {
            let address = callback::make(l, 2, shape.target())?;
            from_lua::push_pointer(l, shape, address.cast_mut().cast());
            return Ok(1);
        }
        from_lua::cast(l, 2, shape)?;
        Ok(1)
    }
}

/// The usual: of a cdata that has room for a finalizer. False if it is anything else.
#[inline]
unsafe fn quick_gc(l: *mut lua_State) -> bool {
    // SAFETY: an `ffi.*` function runs.
    unsafe { cdata::quick_set_finalizer(l) }
}

unsafe fn gc_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let state = args::state(l);
        if lua_type(l, 1) == LUA_TNIL {
            lua_settop(l, 1);
            return Ok(1);
        }
        let header = cdata::check_first(l)?;
        if cdata::ctype_of(header).is_some() {
            return Err(argument(1, What::InvalidType));
        }
        if lua_type(l, 2) == LUA_TNONE {
            return Err(argument(2, What::ValueExpected));
        }
        if !is_callable(l, 2) {
            return Err(args::expected(l, 2, "function"));
        }
        lua_settop(l, 2);
        if (*header).shape().class == Class::Function {
            bound::bind(l, 1)?;
        }
        cdata::set_finalizer(l, state, 1);
        lua_settop(l, 1);
        Ok(1)
    }
}

/// Can Lua call the value at `idx` (nil counts, too)?
unsafe fn is_callable(l: *mut lua_State, idx: c_int) -> bool {
    // SAFETY: plain reads of the stack; what is pushed is popped.
    unsafe {
        if let Some(header) = cdata::header(l, idx) {
            let shape = (*header).shape();
            let is_code = shape.referred().class == Class::Function || shape.is_function_pointer();
            let has_entry = is_code || shape.state().push_meta(l, shape, Meta::Call);
            lua_settop(l, idx);
            return has_entry;
        }
        if matches!(lua_type(l, idx), LUA_TFUNCTION | LUA_TNIL) {
            return true;
        }
        let has_entry = luaL_getmetafield(l, idx, c"__call".as_ptr()) != LUA_TNIL;
        lua_settop(l, idx);
        has_entry
    }
}

unsafe fn metatype_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let state = args::state(l);
        let shape = args::ctype(l, state, 1)?;
        if lua_type(l, 2) != LUA_TTABLE {
            return Err(args::expected(l, 2, "table"));
        }
        let owner = match shape.class {
            Class::Record | Class::Complex | Class::Vector => state.meta_owner(shape.ty),
            _ => None,
        };
        let Some(owner) = owner else { return Err(argument(1, What::InvalidType)) };
        if state.metatypes.borrow().contains_key(&owner) {
            return Err(What::ProtectedMetatable.into());
        }
        lua_settop(l, 2);
        cdata::push_ctype(l, shape);
        let (plain, gc) = (metatable(l, false), metatable(l, true));
        lua_pushvalue(l, 2);
        let made = Metatype { user: Kept::of_top(l), plain, gc };
        // (Asked again: what takes memory may run a finalizer that was first.)
        if state.metatypes.borrow().contains_key(&owner) {
            return Err(What::ProtectedMetatable.into());
        }
        state.metatypes.borrow_mut().insert(owner, made);
        state.each_shape(|other| {
            if state.meta_owner(other.ty) == Some(owner) {
                made.apply(other);
            }
        });
        lua_settop(l, 3);
        Ok(1)
    }
}

/// A metatable of a metatype: as the common one, with `__close` and the `__name` of the user's at 2.
unsafe fn metatable(l: *mut lua_State, with_gc: bool) -> Kept {
    // SAFETY: six slots of a function's twenty.
    unsafe {
        meta::push_metatable(l, c"__index", with_gc);
        lua_pushcclosure(l, meta::close, 0);
        lua_setfield(l, -2, c"__close".as_ptr());
        push_str(l, "__name");
        if lua_rawget(l, 2) == LUA_TSTRING {
            lua_setfield(l, -2, c"__name".as_ptr());
        } else {
            lua_pop(l, 1);
        }
        Kept::of_top(l)
    }
}

unsafe fn address_of_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs; the pointer does not keep the cdata alive, as in C.
    unsafe {
        let header = cdata::check(l, 1)?;
        let referent = cdata::referent(header);
        if referent.shape.class == Class::CTypeObject {
            return Err(argument(1, What::Expected("cdata", "ctype".to_owned())));
        }
        cdata::push_word(l, referent.shape.pointer(), referent.data);
        Ok(1)
    }
}

/// A struct or union that goes by value where a `...` takes it; anywhere else it is what it was.
unsafe fn by_value_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs; the mark keeps what it marks alive.
    unsafe {
        let referent = cdata::referent(cdata::check(l, 1)?);
        if referent.shape.class != Class::Record {
            return Err(argument(1, What::InvalidType));
        }
        let mark = referent.shape.reference().reference();
        cdata::push_reference(l, mark, referent.data, referent.bounds, 1);
        Ok(1)
    }
}

unsafe fn to_return_value_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let referent = cdata::referent(cdata::check(l, 1)?);
        let op = referent.shape.op();
        match op {
            Op::None => lua_pushvalue(l, 1),
            Op::Aggregate if referent.shape.class == Class::Record => {
                to_lua::push_copy(l, referent.shape, referent.data)
            }
            _ => to_lua::push(l, referent.shape, op, referent.data, referent.bounds, 1)?,
        }
        Ok(1)
    }
}

unsafe fn i64_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: as for `boxed`.
    unsafe { boxed(l, target::INT64) }
}

unsafe fn u64_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: as for `boxed`.
    unsafe { boxed(l, target::UINT64) }
}

/// A boxed 64-bit integer of a number, a cdata, or digits in a string (which Lua's own numbers may not hold).
unsafe fn boxed(l: *mut lua_State, kind: IntKind) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs; the new cdata is on the stack.
    unsafe {
        let state = args::state(l);
        let id = state.table.borrow_mut().int(kind);
        let shape = state.shape(id.plain());
        let bits = match bytes(l, 1) {
            Some(text) => parse_integer(text)
                .ok_or_else(|| argument(1, What::Conversion("string".to_owned(), shape.repr())))?,
            None => args::integer(l, 1, &shape.repr())?,
        };
        let header = cdata::push_owned(l, shape, 8);
        number::write_int(shape.op(), Header::data(header), bits);
        Ok(1)
    }
}

fn parse_integer(text: &[u8]) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim();
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let (digits, base) = match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(digits) => (digits, 16),
        None => (digits, 10),
    };
    // (Rust would take one more sign.)
    let digits = Some(digits).filter(|digits| digits.starts_with(|c: char| c.is_digit(base)))?;
    let value = u64::from_str_radix(digits, base).ok()? as i64;
    Some(if negative { value.wrapping_neg() } else { value })
}
