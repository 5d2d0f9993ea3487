//! The metamethods of cdata and ctype objects that are not indexing or operators, and the metatables they stand in.

use std::ffi::{CStr, c_int, c_void};
use std::io::Write;
use std::rc::Rc;

use super::{bound, objects};
use crate::arith;
use crate::call;
use crate::cdata::{self, Header, Referent};
use crate::conv::number::{self, Number};
use crate::ctype::{CType, CTypeTable, RecordId};
use crate::door;
use crate::error::{Result, What};
use crate::index;
use crate::vm::entry;
use crate::vm::kept::Kept;
use crate::vm::peek;
use crate::vm::shape::{Class, Op, Shape};
use crate::vm::stack::*;
use crate::vm::state::{Meta, State};

door! {
    /// `__tostring`
    pub fn to_string = quick_text(1) or to_string_body;
    /// `__len`
    pub fn len = quick_len(1) or len_body;
    /// `__pairs`
    pub fn pairs = pairs_body;
    /// `__concat`
    pub fn concat = quick_concat(1) or concat_body;
    /// `__close`
    pub fn close = close_body;
    fn next_member = next_member_body;
}

/// What the metatable of cdata has.
const CDATA: &[(&CStr, lua_CFunction)] = &[
    (c"__index", index::index),
    (c"__newindex", index::new_index),
    (c"__call", call),
    (c"__tostring", to_string),
    (c"__len", len),
    (c"__pairs", pairs),
    (c"__concat", concat),
    (c"__eq", arith::eq),
    (c"__lt", arith::lt),
    (c"__le", arith::le),
    (c"__unm", arith::unm),
    (c"__add", arith::add),
    (c"__sub", arith::sub),
    (c"__mul", arith::mul),
    (c"__div", arith::div),
    (c"__mod", arith::modulo),
    (c"__pow", arith::pow),
    (c"__idiv", arith::idiv),
    (c"__band", arith::band),
    (c"__bor", arith::bor),
    (c"__bxor", arith::bxor),
    (c"__shl", arith::shl),
    (c"__shr", arith::shr),
    (c"__bnot", arith::bnot),
];

/// Makes the VM's metatables. Raises for want of memory.
///
/// # Safety
/// Six free slots; S6.
pub unsafe fn install(l: *mut lua_State, state: &State) {
    // SAFETY: S5; the tables are ours.
    unsafe {
        for with_gc in [false, true] {
            push_metatable(l, c"__index", with_gc);
            let slot = if with_gc { &state.refs.cdata_gc } else { &state.refs.cdata };
            slot.set(Kept::of_top(l));
        }
        let shape = state.ctype_shape();
        shape.metatable.set(state.refs.cdata.get());
        shape.metatable_gc.set(state.refs.cdata_gc.get());
    }
}

/// Pushes a metatable that has all that a cdata's needs, hidden and named, with room for two fields more; `with_gc`: also what runs its
/// finalizer. What is entered first is found first: `first`, one of the names. Slots +1 (needs 2); raises for want of memory.
///
/// # Safety
/// S5; S6.
pub unsafe fn push_metatable(l: *mut lua_State, first: &CStr, with_gc: bool) {
    // SAFETY: from the caller; the table is ours.
    unsafe {
        lua_createtable(l, 0, CDATA.len() as c_int + 4);
        lua_pushboolean(l, 1);
        lua_setfield(l, -2, first.as_ptr());
        for &(name, f) in CDATA {
            lua_pushcclosure(l, f, 0);
            lua_setfield(l, -2, name.as_ptr());
        }
        if with_gc {
            lua_pushcclosure(l, gc, 0);
            lua_setfield(l, -2, c"__gc".as_ptr());
        }
        push_str(l, "ffi");
        lua_setfield(l, -2, c"__metatable".as_ptr());
        push_str(l, "cdata");
        lua_setfield(l, -2, c"__name".as_ptr());
    }
}

/// The cdata at 1, whose metamethod runs.
unsafe fn own(l: *mut lua_State) -> Result<*mut Header> {
    // SAFETY: checked for what it is.
    unsafe { cdata::check(l, 1) }
}

/// `__call`. What a ctype object makes comes first; functions, and all else that may be called, are left to a function that it ends with.
///
/// # Safety
/// Called by Lua with its own state.
pub unsafe extern "C-unwind" fn call(l: *mut lua_State) -> c_int {
    // SAFETY: as there.
    unsafe { if objects::quick_construct(l) { 1 } else { call_function(l) } }
}

/// A function, or a pointer to one, in the usual way; all else is left to a function that it ends with.
///
/// # Safety
/// As for [`call()`].
#[inline(never)]
unsafe extern "C-unwind" fn call_function(l: *mut lua_State) -> c_int {
    door! {
        #[inline(never)]
        fn any = call_body;
    }
    // SAFETY: from the caller.
    unsafe { quick_function(l).unwrap_or_else(|| any(l)) }
}

/// Calls a library's function that is not bound, or a pointer to a function: how many results there are. None if it is anything else; then C
/// was not called.
#[inline(always)]
unsafe fn quick_function(l: *mut lua_State) -> Option<c_int> {
    // SAFETY: a metamethod's first argument; what a script calls is of its type, as far as the script vouches (S1).
    unsafe {
        let header = cdata::first_header(l)?;
        let (own, address) = ((*header).shape(), (*header).address);
        let shape = match own.class {
            Class::Function if bound::quick_count(*peek::base(l)) => own,
            Class::Pointer if !address.is_null() => own.known_target()?,
            Class::Record => return call_with_all(l, own, Meta::Call),
            Class::CTypeObject => {
                let named = cdata::ctype_of(header).filter(|named| named.class != Class::Pointer)?;
                return call_with_all(l, named, Meta::New);
            }
            _ => return None,
        };
        if shape.class == Class::Function { call::call_as_bound(l, shape, address.cast()) } else { None }
    }
}

/// Calls a metamethod of the shape's metatype with all arguments: how many results there are. None if it has none.
#[inline(always)]
unsafe fn call_with_all(l: *mut lua_State, shape: &Shape, meta: Meta) -> Option<c_int> {
    // SAFETY: from `quick_function`; a C function has a slot more than its arguments.
    unsafe {
        let found = shape.state().meta_slot(shape, meta);
        if found.tag == peek::NIL {
            return None;
        }
        let base = peek::base(l);
        let count = peek::top(l).offset_from(base);
        peek::push(l, found.bits, found.tag);
        std::ptr::copy(base, base.add(1), count as usize);
        base.write(found);
        Some(call_user_above(l, 0, count as c_int, LUA_MULTRET))
    }
}

/// Calls the metamethod that the metatype of the cdata at 1 has, with that alone. False if there is none; then nothing is pushed.
#[inline(always)]
unsafe fn call_with_own(l: *mut lua_State, meta: Meta) -> bool {
    // SAFETY: a metamethod runs, which has slots for this; S6.
    unsafe {
        let Some(header) = cdata::first_header(l) else { return false };
        let shape = (*header).shape();
        let found = shape.state().meta_slot(shape, meta);
        if found.tag == peek::NIL {
            return false;
        }
        let own = *peek::base(l);
        let count = peek::top(l).offset_from(peek::base(l));
        peek::push_all(l, [found, own]);
        call_user_above(l, count as c_int, 1, 1);
        true
    }
}

unsafe fn quick_len(l: *mut lua_State) -> bool {
    // SAFETY: as there.
    unsafe { call_with_own(l, Meta::Len) }
}

unsafe fn quick_concat(l: *mut lua_State) -> bool {
    // SAFETY: as there.
    unsafe { arith::quick_user(l, Meta::Concat) }
}

unsafe fn call_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us with the cdata and the arguments.
    unsafe {
        let header = cdata::check_first(l)?;
        if let Some(named) = cdata::ctype_of(header) {
            return objects::construct(l, named);
        }
        let shape = (*header).shape();
        let referent = cdata::referent(header);
        match referent.shape.class {
            Class::Function => {
                bound::count_call(l)?;
                return call::call(l, referent.shape, referent.data.cast_const().cast());
            }
            Class::Pointer if referent.shape.target().class == Class::Function => {
                let address = referent.data.cast::<*const c_void>().read_unaligned();
                if address.is_null() {
                    return Err(What::NullPointer(referent.shape.repr()).into());
                }
                return call::call(l, referent.shape.target(), address);
            }
            _ => {}
        }
        if shape.state().push_meta(l, shape, Meta::Call) {
            lua_insert(l, 1);
            return Ok(call_user(l, lua_gettop(l) - 1, LUA_MULTRET));
        }
        let mut named = shape.referred();
        if named.class == Class::Pointer {
            named = named.target();
        }
        Err(What::NotCallable(named.repr()).into())
    }
}

/// `__gc`. Lua turns an error of it into a warning.
unsafe extern "C-unwind" fn gc(l: *mut lua_State) -> c_int {
    // SAFETY: Lua calls us with the cdata.
    unsafe {
        if push_finalizer(l) {
            lua_pushvalue(l, 1);
            keeping_errno(l, || lua_call(l, 1, 0));
        }
    }
    0
}

/// Runs the finalizer of the cdata at 1. What it calls is not the script's last call: its `errno` is forgotten, unless it raises.
#[inline(always)]
unsafe fn keeping_errno(l: *mut lua_State, finalize: impl FnOnce()) {
    // SAFETY: a plain read of the stack; a state outlives the cdata's finalizers.
    let state = unsafe {
        let header = cdata::first_header(l).or_else(|| cdata::header(l, 1));
        header.map(|header| (*header).shape().state())
    };
    let errno = state.map(|state| state.calls.errno.get());
    finalize();
    if let (Some(state), Some(errno)) = (state, errno) {
        state.calls.errno.set(errno);
    }
}

/// Pushes the finalizer of the cdata at 1: `ffi.gc`'s, or the metatype's.
unsafe fn push_finalizer(l: *mut lua_State) -> bool {
    // SAFETY: a metamethod's slots.
    unsafe { cdata::take_finalizer(l) || push_meta_finalizer(l) }
}

#[inline(never)]
unsafe fn push_meta_finalizer(l: *mut lua_State) -> bool {
    // SAFETY: a metamethod's slots.
    unsafe {
        let Some(header) = cdata::header(l, 1) else { return false };
        let shape = (*header).shape();
        !matches!(shape.class, Class::Pointer | Class::Reference)
            && shape.state().push_meta(l, shape, Meta::Gc)
    }
}

/// Runs the finalizer that `ffi.gc` gave the function at 1, if any; an error of it becomes a warning.
///
/// # Safety
/// `__gc` of a function cdata runs.
pub unsafe fn run_finalizer(l: *mut lua_State) {
    // SAFETY: from the caller.
    unsafe {
        if cdata::take_finalizer(l) {
            lua_pushvalue(l, 1);
            keeping_errno(l, || {
                if lua_pcall(l, 1, 0, 0) != LUA_OK {
                    lua_warning(l, c"error in a finalizer of a C function".as_ptr(), 0);
                    lua_pop(l, 1);
                }
            });
        }
    }
}

unsafe fn close_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us with the cdata and the error.
    unsafe {
        let shape = (*own(l)?).shape();
        if shape.state().push_meta(l, shape, Meta::Close) {
            lua_insert(l, 1);
            return Ok(call_user(l, lua_gettop(l) - 1, 0));
        }
        Err(What::NoMetamethod(shape.referred().repr(), "__close").into())
    }
}

/// The usual: what has a metamethod for it, or a short text. False for any other.
#[inline]
unsafe fn quick_text(l: *mut lua_State) -> bool {
    // SAFETY: a metamethod runs.
    unsafe {
        call_with_own(l, Meta::ToString)
            || cdata::first_header(l).is_some_and(|header| push_short_text(l, header))
    }
}

/// Pushes the text of a cdata, if that is short, as most are: what is written owns no memory then. False if it is longer.
unsafe fn push_short_text(l: *mut lua_State, header: *mut Header) -> bool {
    // SAFETY: the cdata is an argument of the metamethod that runs; its bytes are its own, and 64-bit integers lie in the header.
    unsafe {
        let shape = (*header).shape();
        let texts = &shape.state().texts;
        let op = shape.known_op();
        if matches!(op, Op::I64 | Op::U64) && shape.class == Class::Int {
            let mut room = [0; 24];
            let text = long_long((*header).address as u64, op == Op::U64, &mut room);
            texts.push(l, text.as_ptr(), text.len());
            return true;
        }
        let mut room = [0u8; 128];
        let mut line = &mut room[..];
        let is_short = write_text(&mut line, shape, &cdata::referent(header)).is_ok();
        if is_short {
            let unused = line.len();
            texts.push(l, room.as_ptr(), room.len() - unused);
        }
        is_short
    }
}

unsafe fn to_string_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us with the cdata; its bytes are its own.
    unsafe {
        let header = own(l)?;
        let shape = (*header).shape();
        if shape.state().push_meta(l, shape, Meta::ToString) {
            lua_pushvalue(l, 1);
            return Ok(call_user(l, 1, 1));
        }
        if !push_short_text(l, header) {
            let mut long = Vec::new();
            let _ = write_text(&mut long, shape, &cdata::referent(header));
            push_string(l, String::from_utf8(long).unwrap_or_default());
        }
        Ok(1)
    }
}

/// A cdata as LuaJIT prints it.
unsafe fn write_text(out: &mut impl Write, shape: &Shape, referent: &Referent) -> std::io::Result<()> {
    // SAFETY: its bytes are readable unless it is a NULL reference.
    unsafe {
        let target = referent.shape;
        if target.class == Class::CTypeObject {
            let named = &*referent.data.cast::<Shape>();
            return [&b"ctype<"[..], named.text().as_bytes(), b">"]
                .iter()
                .try_for_each(|part| out.write_all(part));
        }
        if referent.data.is_null() && target.class != Class::Function {
            return write!(out, "cdata<{}>: NULL", shape.text());
        }
        match target.class {
            Class::Complex => {
                let part = target.target();
                let size = part.size().unwrap_or(0);
                let re = number::read(part, referent.data).map_or(0.0, Number::to_f64);
                let im = number::read(part, referent.data.add(size)).map_or(0.0, Number::to_f64);
                let sign = if im.is_sign_negative() { "" } else { "+" };
                let unit = if im.is_finite() { "i" } else { "I" };
                return write!(out, "{}{sign}{}{unit}", print_number(re), print_number(im));
            }
            // (A reference to a shorter one may lead to anywhere: it is not followed.)
            Class::Int if target.size() >= Some(8) => match number::read(target, referent.data) {
                Some(Number::UInt(n)) => return out.write_all(long_long(n, true, &mut [0; 24])),
                Some(Number::Int(n)) => return out.write_all(long_long(n as u64, false, &mut [0; 24])),
                Some(Number::Wide(n, false)) => return write!(out, "{n}"),
                Some(Number::Wide(n, true)) => return write!(out, "{}", n as u128),
                _ => {}
            },
            Class::Enum => {
                if let Some(n) = number::read(target, referent.data).and_then(Number::to_wide) {
                    return write!(out, "cdata<{}>: {n}", shape.text());
                }
            }
            _ => {}
        }
        let address = match target.class {
            Class::Pointer => referent.data.cast::<usize>().read_unaligned(),
            _ => referent.data as usize,
        };
        // (Piece by piece: `write!` takes several times as long.)
        out.write_all(b"cdata<")?;
        out.write_all(shape.text().as_bytes())?;
        if address == 0 {
            return out.write_all(b">: NULL");
        }
        out.write_all(b">: ")?;
        out.write_all(hexadecimal(address, &mut [0; 18]))
    }
}

/// An integer of 64 bits as C's constants are written, `LL` or `ULL`. (`write!` takes several times as long.)
fn long_long(bits: u64, is_unsigned: bool, room: &mut [u8; 24]) -> &[u8] {
    let is_negative = !is_unsigned && bits.cast_signed() < 0;
    let mut rest = if is_negative { bits.wrapping_neg() } else { bits };
    let suffix = if is_unsigned { &b"ULL"[..] } else { b"LL" };
    let mut at = room.len() - suffix.len();
    room[at..].copy_from_slice(suffix);
    loop {
        at -= 1;
        room[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if is_negative {
        at -= 1;
        room[at] = b'-';
    }
    &room[at..]
}

/// An address as C's `%p` prints it, of eight digits at least.
fn hexadecimal(address: usize, room: &mut [u8; 18]) -> &[u8] {
    let mut rest = address;
    let mut at = room.len();
    while rest != 0 || at > room.len() - 8 {
        at -= 1;
        room[at] = b"0123456789abcdef"[rest & 15];
        rest >>= 4;
    }
    at -= 2;
    room[at..at + 2].copy_from_slice(b"0x");
    &room[at..]
}

/// A double as `%.14g` prints it.
fn print_number(x: f64) -> String {
    let mut buffer = [0u8; 64];
    // SAFETY: `snprintf` writes at most the buffer's length.
    let n = unsafe { libc::snprintf(buffer.as_mut_ptr().cast(), buffer.len(), c"%.14g".as_ptr(), x) };
    String::from_utf8_lossy(&buffer[..usize::try_from(n).unwrap_or(0).min(63)]).into_owned()
}

/// Elements of an array, also of one whose length is known by its memory only.
unsafe fn element_count(header: *mut Header) -> Option<usize> {
    // SAFETY: the header is a cdata's.
    unsafe {
        let referent = cdata::referent(header);
        if !matches!(referent.shape.class, Class::Array | Class::Vector) {
            return None;
        }
        if let Some(n) = referent.shape.element_count() {
            return Some(n as usize);
        }
        let size = referent.shape.target().size()?;
        if referent.bounds.hi == usize::MAX {
            return None;
        }
        (referent.bounds.hi - referent.data as usize).checked_div(size)
    }
}

unsafe fn len_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us with the cdata.
    unsafe {
        let header = own(l)?;
        let shape = (*header).shape();
        if shape.state().push_meta(l, shape, Meta::Len) {
            lua_pushvalue(l, 1);
            return Ok(call_user(l, 1, 1));
        }
        match element_count(header) {
            Some(n) => {
                lua_pushinteger(l, n as i64);
                Ok(1)
            }
            None => Err(What::Length(cdata::describe_operand(l, 1)).into()),
        }
    }
}

unsafe fn pairs_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us with the cdata.
    unsafe {
        let header = own(l)?;
        let shape = (*header).shape();
        if shape.state().push_meta(l, shape, Meta::Pairs) {
            lua_pushvalue(l, 1);
            return Ok(call_user(l, 1, 3));
        }
        let names = match shape.record().filter(|r| !r.is_incomplete()) {
            Some(record) if cdata::ctype_of(header).is_none() => Some(member_names(record)),
            _ => None,
        };
        let count = match &names {
            Some(names) => Some(names.len()),
            None => element_count(header),
        };
        let Some(count) = count else {
            drop(names);
            return Err(What::NoMetamethod(shape.referred().repr(), "__pairs").into());
        };
        // Upvalues: how many, how many are done, and the names if it is a record.
        lua_pushinteger(l, count as i64);
        lua_pushinteger(l, 0);
        match names {
            None => lua_pushnil(l),
            Some(names) => {
                entry::protect(l, |l| {
                    lua_createtable(l, names.len() as c_int, 0);
                    for (i, name) in names.iter().enumerate() {
                        push_str(l, name);
                        lua_rawseti(l, -2, i as i64 + 1);
                    }
                    Ok(1)
                })?;
            }
        }
        lua_pushcclosure(l, next_member, 3);
        lua_pushvalue(l, 1);
        lua_pushnil(l);
        Ok(3)
    }
}

/// The names of a record's members, anonymous members looked through.
fn member_names(record: &Shape) -> Vec<Rc<str>> {
    fn collect(table: &CTypeTable, id: RecordId, names: &mut Vec<Rc<str>>) {
        for (name, field) in table.fields(id).iter() {
            match table.anonymous_record(name, field) {
                Some(inner) => collect(table, inner, names),
                None if !name.is_empty() => names.push(name.into()),
                None => {}
            }
        }
    }
    let mut names = Vec::new();
    let table = record.state().table.borrow();
    if let CType::Record(id) = table.get(record.ty.id) {
        collect(&table, id, &mut names);
    }
    names
}

unsafe fn next_member_body(l: *mut lua_State) -> Result<c_int> {
    let (count, done, names) = (lua_upvalueindex(1), lua_upvalueindex(2), lua_upvalueindex(3));
    // SAFETY: the closure was made by `pairs`, with these upvalues; the first argument is the cdata.
    unsafe {
        let i = lua_tointegerx(l, done, std::ptr::null_mut());
        if i >= lua_tointegerx(l, count, std::ptr::null_mut()) {
            lua_pushnil(l);
            return Ok(1);
        }
        lua_pushinteger(l, i + 1);
        lua_replace(l, done);
        if lua_type(l, names) == LUA_TTABLE {
            lua_rawgeti(l, names, i + 1);
        } else {
            lua_pushinteger(l, i);
        }
        lua_pushvalue(l, -1);
        lua_gettable(l, 1);
        Ok(2)
    }
}

unsafe fn concat_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us with two values, one of them a cdata.
    unsafe {
        for idx in 1..=2 {
            if let Some(header) = cdata::header(l, idx) {
                let shape = (*header).shape();
                if shape.state().push_meta(l, shape, Meta::Concat) {
                    lua_pushvalue(l, 1);
                    lua_pushvalue(l, 2);
                    return Ok(call_user(l, 2, 1));
                }
            }
        }
        if let Some(error) = arith::bad_constant(l) {
            return Err(error);
        }
        Err(What::Concatenation(cdata::describe_operand(l, 1), cdata::describe_operand(l, 2)).into())
    }
}
