//! Lua -> C: which value a Lua value becomes where a C type is due, and the errors of those that become none.
//!
//! The rules are LuaJIT's (`docs/semantics.md`, "Lua to C"); `spec/oracle/convert.lua` crosses them. Stack indices are
//! absolute throughout.

use std::ffi::c_int;

use super::init;
use super::number::{self, Number};
use crate::cdata::{self, Header, Referent, conversion_error};
use crate::ctype::compat;
use crate::error::{Result, What};
use crate::native::mem;
use crate::vm::peek;
use crate::vm::shape::{Class, FieldEntry, Op, Shape};
use crate::vm::stack::*;

/// The memory that a value is stored into.
#[derive(Clone, Copy)]
pub struct Room {
    /// Bytes that may be written: the type's size, or what the memory has where the type says none, or [`Room::UNKNOWN`].
    pub bytes: usize,
    /// The absolute stack index of the cdata, or name space, whose memory it is; 0 if that is nobody's. It keeps the strings alive
    /// that pointers in its memory lead to.
    pub owner: c_int,
}

impl Room {
    /// So many bytes has memory of which nothing is known, for a type that says none.
    pub const UNKNOWN: usize = usize::MAX;

    /// As many bytes of the same memory.
    pub fn part(self, bytes: usize) -> Room {
        Room { bytes, ..self }
    }
}

/// Stores the value at `idx` as the shape's type at `p`. May raise (a callback is made, a table read, a string kept).
///
/// # Safety
/// `room` is writable at `p`; the memory is anchored (S2); six free slots; S6.
#[inline]
pub unsafe fn store(
    l: *mut lua_State,
    idx: c_int,
    shape: &Shape,
    op: Op,
    p: *mut u8,
    room: Room,
) -> Result<()> {
    // SAFETY: from the caller: `p` has room for the representation.
    unsafe {
        if lua_type(l, idx) == LUA_TNUMBER {
            match op {
                Op::F64 => {
                    p.cast::<f64>().write_unaligned(lua_tonumberx(l, idx, std::ptr::null_mut()));
                    return Ok(());
                }
                Op::F32 => {
                    p.cast::<f32>().write_unaligned(lua_tonumberx(l, idx, std::ptr::null_mut()) as f32);
                    return Ok(());
                }
                _ if op.is_integer() => {
                    let mut exact = 0;
                    let n = lua_tointegerx(l, idx, &mut exact);
                    if exact != 0 {
                        number::write_int(op, p, n);
                        return Ok(());
                    }
                }
                _ => {}
            }
        }
        store_slow(l, idx, shape, op, p, room)
    }
}

/// Stores a number as a number by what lies on the stack. False for any other value or type; then nothing is written.
///
/// # Safety
/// [`peek::is_available`]; a value of the representation is writable at `p`.
#[inline(always)]
pub unsafe fn store_plain(value: peek::Slot, op: Op, p: *mut u8) -> bool {
    // SAFETY: from the caller.
    unsafe {
        match (op, value.tag) {
            (Op::F64, peek::FLOAT) => p.cast::<u64>().write_unaligned(value.bits),
            (Op::F64, peek::INT) => p.cast::<f64>().write_unaligned(value.bits as i64 as f64),
            (Op::F32, peek::FLOAT) => p.cast::<f32>().write_unaligned(f64::from_bits(value.bits) as f32),
            (Op::F32, peek::INT) => p.cast::<f32>().write_unaligned(value.bits as i64 as f32),
            (op, peek::INT) if op.is_integer() => number::write_int(op, p, value.bits as i64),
            (Op::Bool, peek::TRUE) => p.write(1),
            (Op::Bool, peek::FALSE) => p.write(0),
            (op, peek::FLOAT) if op.is_integer() => match number::truncate(f64::from_bits(value.bits)) {
                Some(n) => number::write_int(op, p, n),
                None => return false,
            },
            _ => return false,
        }
        true
    }
}

/// The 64 bits of an integer by what lies on the stack: a number's, or those of an integer that a cdata holds. None for any other
/// value.
///
/// # Safety
/// [`peek::is_available`]; the slot is a value on a stack.
#[inline(always)]
pub unsafe fn plain_integer(value: peek::Slot) -> Option<i64> {
    // SAFETY: from the caller; integers of up to 8 bytes lie in the header.
    unsafe {
        match value.tag {
            peek::INT => Some(value.bits as i64),
            peek::FLOAT => number::truncate(f64::from_bits(value.bits)),
            peek::USERDATA => {
                let header = cdata::header_in(value)?;
                let op = (*header).shape().known_op();
                op.is_integer().then(|| number::read_int(op, Header::data(header)))
            }
            _ => None,
        }
    }
}

/// The address that a value is to a parameter or place of the pointer type, as far as shapes alone tell: a pointer's, an array's or record's,
/// zero for `nil`. None for any other.
///
/// # Safety
/// [`peek::is_available`]; the slot is a value on a stack.
#[inline(always)]
pub unsafe fn plain_pointer(value: peek::Slot, shape: &Shape) -> Option<*mut u8> {
    // SAFETY: from the caller.
    unsafe {
        match value.tag {
            peek::NIL => Some(std::ptr::null_mut()),
            peek::USERDATA => plain_address(cdata::header_in(value)?, shape),
            _ => None,
        }
    }
}

/// The address of a string's characters, where they convert to the pointer type. None for any other value. Who stores it keeps the string.
///
/// # Safety
/// As for [`plain_pointer`].
#[inline(always)]
pub unsafe fn plain_text(value: peek::Slot, shape: &Shape) -> Option<*mut u8> {
    let is_string = matches!(value.tag, peek::SHORT_STRING | peek::LONG_STRING);
    (is_string && string_converts(shape.target())).then(|| peek::string_address(value) as *mut u8)
}

/// As [`plain_pointer`], for a cdata.
///
/// # Safety
/// The header is a cdata's.
#[inline(always)]
pub unsafe fn plain_address(header: *mut Header, shape: &Shape) -> Option<*mut u8> {
    // SAFETY: from the caller.
    unsafe {
        let own = (*header).shape();
        let is_it = std::ptr::eq(own, shape) && own.class == Class::Pointer;
        (is_it || leads_to(own, shape)).then(|| (*header).address)
    }
}

#[inline(never)]
unsafe fn store_slow(
    l: *mut lua_State,
    idx: c_int,
    shape: &Shape,
    op: Op,
    p: *mut u8,
    room: Room,
) -> Result<()> {
    // SAFETY: from `store`.
    unsafe {
        match op {
            _ if op.is_integer() => number::write_int(op, p, to_integer(l, idx, shape)?),
            Op::Pointer => {
                let address = to_pointer(l, idx, shape, false)?;
                if room.owner != 0 && lua_type(l, idx) == LUA_TSTRING {
                    cdata::keep_string(l, shape.state(), room.owner, idx, p, 1);
                }
                p.cast::<*mut u8>().write_unaligned(address);
            }
            Op::Aggregate => store_aggregate(l, idx, shape, p, room)?,
            Op::Copied => store_copied(l, idx, shape, p, room)?,
            Op::None => return Err(What::SizeUnknown.into()),
            Op::Reference => {
                let target = shape.target();
                let address = p.cast::<*mut u8>().read_unaligned();
                let size = target.size();
                match size {
                    Some(size) if !address.is_null() => {
                        // (What a C++ reference leads to is nobody's.)
                        return store(l, idx, target, target.op(), address, Room { bytes: size, owner: 0 });
                    }
                    _ => return Err(conversion_error(l, idx, shape)),
                }
            }
            _ => {
                let number = to_number(l, idx, shape)?;
                if !number::write(shape, p, number) {
                    return Err(What::NoInteger(shape.repr()).into());
                }
            }
        }
    }
    Ok(())
}

/// The number that the value at `idx` is where a C number is due.
///
/// # Safety
/// `idx` is valid.
pub unsafe fn to_number(l: *mut lua_State, idx: c_int, shape: &Shape) -> Result<Number> {
    // SAFETY: from the caller; a cdata's bytes are its own.
    unsafe {
        match lua_type(l, idx) {
            LUA_TNUMBER => Ok(match number(l, idx) {
                Some(LuaNumber::Int(n)) => Number::Int(n),
                Some(LuaNumber::Float(x)) => Number::Float(x),
                None => Number::Int(0),
            }),
            LUA_TBOOLEAN => Ok(Number::Int(lua_toboolean(l, idx).into())),
            LUA_TSTRING if shape.class == Class::Enum => enum_constant(l, idx, shape),
            LUA_TUSERDATA => {
                let found = cdata::header(l, idx).and_then(|h| {
                    let referent = cdata::referent(h);
                    let is_complex = referent.shape.class == Class::Complex;
                    // A complex number is neither true nor false, and a bool no part of one.
                    let agree = match shape.class {
                        Class::Bool => !is_complex,
                        Class::Complex | Class::Vector => referent.shape.class != Class::Bool,
                        _ => true,
                    };
                    if referent.data.is_null() || !agree { None } else { read_real(referent) }
                });
                found.ok_or_else(|| conversion_error(l, idx, shape))
            }
            _ => Err(conversion_error(l, idx, shape)),
        }
    }
}

/// The number in a numeric cdata; of a complex one its real part. None for any other.
///
/// # Safety
/// The bytes that the cdata stands for are readable.
unsafe fn read_real(referent: Referent) -> Option<Number> {
    // SAFETY: from the caller.
    unsafe {
        if referent.shape.class == Class::Complex {
            return number::read(referent.shape.target(), referent.data);
        }
        number::read(referent.shape, referent.data)
    }
}

/// The number in the cdata at `idx`, references followed; none for anything else.
///
/// # Safety
/// `idx` is valid.
pub unsafe fn cdata_number(l: *mut lua_State, idx: c_int) -> Option<Number> {
    // SAFETY: from the caller.
    unsafe {
        let referent = cdata::referent(cdata::header(l, idx)?);
        if referent.data.is_null() { None } else { read_real(referent) }
    }
}

#[cold]
unsafe fn enum_constant(l: *mut lua_State, idx: c_int, shape: &Shape) -> Result<Number> {
    // SAFETY: the string stays at `idx`.
    unsafe {
        match shape.enum_constant(bytes(l, idx).unwrap_or_default()) {
            Some(value) => Ok(Number::Wide(value, false)),
            None => Err(conversion_error(l, idx, shape)),
        }
    }
}

/// The value at `idx` as an integer's 64 bits, wrapped.
///
/// # Safety
/// `idx` is valid.
#[inline]
pub unsafe fn to_integer(l: *mut lua_State, idx: c_int, shape: &Shape) -> Result<i64> {
    // SAFETY: from the caller.
    unsafe {
        let number = to_number(l, idx, shape)?;
        number.to_bits().ok_or_else(|| What::NoInteger(shape.repr()).into())
    }
}

/// May a pointer to `from` be given where one to `to` is due? The usual cases without a look into the table.
#[inline]
fn pointee_converts(to: &Shape, from: &Shape) -> bool {
    pointee_agrees(to, from) || compat::pointer_converts(&to.state().table.borrow(), to.ty, from.ty)
}

/// As [`pointee_converts`], as far as the shapes alone tell.
#[inline(always)]
fn pointee_agrees(to: &Shape, from: &Shape) -> bool {
    let agree = to.ty.id == from.ty.id
        // (An array's qualifiers are its elements', which the table knows.)
        || to.class == Class::Void && from.class != Class::Array
        || from.class == Class::Void
        || is_byte(to) && is_byte(from);
    agree && to.ty.qual.contains(from.ty.qual)
}

/// The address that the value at `idx` is where a pointer (or reference) of `shape` is due. With `cast` nothing is
/// checked but that there is an address at all. Raises if a callback has to be made.
///
/// # Safety
/// `idx` is valid; six free slots; S6.
pub unsafe fn to_pointer(l: *mut lua_State, idx: c_int, shape: &Shape, cast: bool) -> Result<*mut u8> {
    // SAFETY: from the caller; addresses are only computed here, not followed.
    unsafe {
        let target = shape.target();
        match lua_type(l, idx) {
            LUA_TNIL => Ok(std::ptr::null_mut()),
            LUA_TUSERDATA => match cdata::header(l, idx) {
                Some(h) => pointer_of_cdata(l, idx, h, shape, cast),
                // Another library's object is data; a function it is only where the script says so by a cast.
                None if target.class == Class::Function && !cast => Err(conversion_error(l, idx, shape)),
                None => pointer_of_userdata(l, idx),
            },
            LUA_TLIGHTUSERDATA => Ok(lua_touserdata(l, idx).cast()),
            LUA_TSTRING => {
                if cast || string_converts(target) {
                    return Ok(lua_tolstring(l, idx, std::ptr::null_mut()).cast_mut().cast());
                }
                Err(conversion_error(l, idx, shape))
            }
            LUA_TFUNCTION if target.class == Class::Function => match shape.state().make_callback.get() {
                Some(make) => Ok(make(l, idx, target)?.cast_mut().cast()),
                None => Err(conversion_error(l, idx, shape)),
            },
            LUA_TNUMBER if cast => match to_number(l, idx, shape)?.to_bits() {
                Some(bits) => Ok(bits as usize as *mut u8),
                None => Err(conversion_error(l, idx, shape)),
            },
            _ => Err(conversion_error(l, idx, shape)),
        }
    }
}

/// Does a cdata of the shape `own` convert to the pointer shape `to`, as far as the shapes alone tell?
#[inline(always)]
fn leads_to(own: &Shape, to: &Shape) -> bool {
    own.pointee().is_some_and(|from| pointee_agrees(to.target(), from))
}

/// A character, or an integer as long as one?
#[inline(always)]
pub fn is_byte(shape: &Shape) -> bool {
    matches!(shape.known_op(), Op::I8 | Op::U8) && shape.class == Class::Int
}

/// Does a Lua string, a `const char []`, convert to a pointer to `target`?
#[inline]
pub fn string_converts(target: &Shape) -> bool {
    if !target.is_const() {
        return false;
    }
    target.class == Class::Void || is_byte(target)
}

unsafe fn pointer_of_cdata(
    l: *mut lua_State,
    idx: c_int,
    header: *mut Header,
    shape: &Shape,
    cast: bool,
) -> Result<*mut u8> {
    // SAFETY: the header is that of the value at `idx`.
    unsafe {
        let target = shape.target();
        let own = (*header).shape();
        // The usual case first: a pointer of this very type.
        if std::ptr::eq(own, shape) && own.class == Class::Pointer {
            return Ok((*header).address);
        }
        let referent = cdata::referent(header);
        let (pointee, address) = match referent.shape.class {
            Class::Pointer => (referent.shape.target(), referent.data.cast::<*mut u8>().read_unaligned()),
            Class::Array => (referent.shape.target(), referent.data),
            // `struct s` gives its address where `struct s *` (or `void *`) is due, with what it is qualified by.
            Class::Record => (referent.shape, referent.data),
            Class::Function => {
                cdata::keep_library_open(l, idx);
                (referent.shape, referent.data)
            }
            Class::Int | Class::Enum if cast => match read_real(referent).and_then(Number::to_bits) {
                Some(bits) => return Ok(bits as usize as *mut u8),
                None => return Err(conversion_error(l, idx, shape)),
            },
            _ => return Err(conversion_error(l, idx, shape)),
        };
        if cast || pointee_converts(target, pointee) {
            return Ok(address);
        }
        Err(conversion_error(l, idx, shape))
    }
}

/// Is the userdata at `idx` one of the io library's files? Needs three slots; raises for want of memory.
///
/// # Safety
/// `idx` is absolute; S6.
pub unsafe fn is_file(l: *mut lua_State, idx: c_int) -> bool {
    // SAFETY: plain reads; pushes are popped.
    unsafe {
        if lua_getmetatable(l, idx) == 0 {
            return false;
        }
        push_str(l, "FILE*");
        lua_rawget(l, LUA_REGISTRYINDEX);
        let same = lua_rawequal(l, -1, -2) != 0;
        lua_pop(l, 2);
        same
    }
}

/// A userdata that is no cdata: an open file's `FILE *`, or the address of its block.
unsafe fn pointer_of_userdata(l: *mut lua_State, idx: c_int) -> Result<*mut u8> {
    /// What the io library keeps in its userdata (`luaL_Stream`).
    #[repr(C)]
    struct Stream {
        file: *mut u8,
        close: Option<lua_CFunction>,
    }
    // SAFETY: a userdata whose metatable is the registry's `FILE*` is a stream.
    unsafe {
        let block = lua_touserdata(l, idx);
        if is_file(l, idx) && lua_rawlen(l, idx) >= size_of::<Stream>() as _ {
            let stream = block.cast::<Stream>();
            if (*stream).close.is_none() {
                return Err(What::Expected("file", "closed file".to_owned()).into());
            }
            return Ok((*stream).file);
        }
        Ok(block.cast())
    }
}

unsafe fn store_aggregate(
    l: *mut lua_State,
    idx: c_int,
    shape: &Shape,
    p: *mut u8,
    room: Room,
) -> Result<()> {
    // SAFETY: `room` bytes at `p` (caller); the source's bounds are checked here.
    unsafe {
        match lua_type(l, idx) {
            LUA_TTABLE => init::from_table(l, idx, shape, p, room),
            LUA_TSTRING if shape.class == Class::Array => {
                let element = shape.target();
                if !is_byte(element) {
                    return Err(conversion_error(l, idx, shape));
                }
                let text = bytes(l, idx).unwrap_or_default();
                // With its terminator, as far as there is room.
                let n = (text.len() + 1).min(room.bytes);
                std::ptr::copy_nonoverlapping(text.as_ptr(), p, n);
                Ok(())
            }
            LUA_TUSERDATA => {
                let Some(header) = cdata::header(l, idx) else { return Err(conversion_error(l, idx, shape)) };
                let referent = cdata::referent(header);
                // A VLA or VLS is copied where both have the same length, so far as that is known.
                let (size, agree) = match shape.size() {
                    Some(size) if !shape.wide.get() => (size.min(room.bytes), true),
                    _ => {
                        let extent = referent.bounds.hi.saturating_sub(referent.data as usize);
                        let agree = extent == room.bytes || referent.bounds == cdata::Bounds::ANY;
                        (room.bytes, agree && room.bytes != Room::UNKNOWN)
                    }
                };
                let same = match (shape.class, referent.shape.class) {
                    (Class::Record, Class::Record) => same_record(shape, referent.shape),
                    (Class::Array, Class::Array) => {
                        pointee_converts(shape.target(), referent.shape.target())
                            && shape.size() == referent.shape.size()
                            && (shape.size().is_some() || shape.ty.id == referent.shape.ty.id)
                    }
                    _ => false,
                };
                if !same || !agree {
                    return Err(conversion_error(l, idx, shape));
                }
                if referent.data.is_null() {
                    return Err(What::NullPointer(referent.shape.repr()).into());
                }
                if !referent.bounds.contain(referent.data as usize, size) {
                    return Err(What::OutOfBounds(referent.shape.repr(), String::new()).into());
                }
                std::ptr::copy(referent.data, p, size);
                Ok(())
            }
            _ => Err(conversion_error(l, idx, shape)),
        }
    }
}

fn same_record(a: &Shape, b: &Shape) -> bool {
    if a.ty.id == b.ty.id {
        return true;
    }
    let table = a.state().table.borrow();
    table.unaligned(a.ty.id) == table.unaligned(b.ty.id)
}

/// Complex numbers and vectors: a copy, a number in the first part or in all, or a table of the parts.
unsafe fn store_copied(l: *mut lua_State, idx: c_int, shape: &Shape, p: *mut u8, room: Room) -> Result<()> {
    // SAFETY: the shape's bytes are writable at `p` (caller); a source is read by its own shape.
    unsafe {
        let size = shape.size().unwrap_or(0);
        let part = shape.target();
        let part_size = part.size().unwrap_or(0);
        if lua_type(l, idx) == LUA_TTABLE {
            return init::from_table(l, idx, shape, p, room.part(size));
        }
        if let Some(header) = cdata::header(l, idx) {
            let referent = cdata::referent(header);
            if referent.data.is_null() {
                return Err(What::NullPointer(referent.shape.repr()).into());
            }
            if referent.shape.ty.id == shape.ty.id {
                std::ptr::copy(referent.data, p, size);
                return Ok(());
            }
            if shape.class == Class::Complex && referent.shape.class == Class::Complex {
                let from = referent.shape.target();
                let step = from.size().unwrap_or(0);
                for i in 0..2 {
                    if let Some(x) = number::read(from, referent.data.add(i * step)) {
                        number::write(part, p.add(i * part_size), x);
                    }
                }
                return Ok(());
            }
            if shape.class == Class::Vector && referent.shape.class == Class::Vector {
                return Err(conversion_error(l, idx, shape));
            }
        }
        if lua_type(l, idx) == LUA_TBOOLEAN {
            return Err(conversion_error(l, idx, shape));
        }
        let x = to_number(l, idx, shape)?;
        std::ptr::write_bytes(p, 0, size);
        let parts = if shape.class == Class::Complex { 1 } else { size / part_size.max(1) };
        for i in 0..parts {
            if !number::write(part, p.add(i * part_size), x) {
                return Err(conversion_error(l, idx, shape));
            }
        }
        Ok(())
    }
}

/// Stores a Lua integer into a bit-field of an integer type. False for any other value or field.
///
/// # Safety
/// [`peek::is_available`]; `container` is where the entry's container lies in its record.
#[inline]
pub unsafe fn store_plain_bits(value: peek::Slot, entry: &FieldEntry, container: *mut u8) -> bool {
    // SAFETY: from the caller; an entry of a bit-field has a shape.
    unsafe {
        let is_plain = value.tag == peek::INT && (*entry.shape).op().is_integer();
        if is_plain {
            let bits = value.bits as i64 as i128 as u128;
            mem::store_bits(container, entry.position_bits.into(), entry.width_bits.into(), bits);
        }
        is_plain
    }
}

/// Stores the value at `idx` into a bit-field.
///
/// # Safety
/// `container` is where the entry's container lies in its record; the rest as for [`store`].
pub unsafe fn store_bits(
    l: *mut lua_State,
    idx: c_int,
    entry: &FieldEntry,
    container: *mut u8,
) -> Result<()> {
    // SAFETY: from the caller; an entry of a bit-field has a shape.
    unsafe {
        let shape = &*entry.shape;
        let number = to_number(l, idx, shape)?;
        let value = if shape.op() == Op::Bool {
            i128::from(number.is_nonzero())
        } else {
            number.to_wide().ok_or_else(|| What::NoInteger(shape.repr()))?
        };
        mem::store_bits(container, entry.position_bits.into(), entry.width_bits.into(), value as u128);
        Ok(())
    }
}

/// `ffi.cast`: pushes the value at `idx` as the type. Slots +1 (needs 8), raises.
///
/// # Safety
/// `idx` is absolute and valid; S6.
pub unsafe fn cast(l: *mut lua_State, idx: c_int, shape: &'static Shape) -> Result<()> {
    // SAFETY: from the caller.
    unsafe {
        if let Some(header) = cdata::header(l, idx)
            && std::ptr::eq((*header).shape(), shape)
            && !matches!(shape.op(), Op::Aggregate | Op::Copied | Op::None)
        {
            lua_pushvalue(l, idx);
            return Ok(());
        }
        match shape.class {
            Class::Pointer => {
                let address = to_pointer(l, idx, shape, true)?;
                push_pointer(l, shape, address);
            }
            Class::Reference => {
                let address = to_pointer(l, idx, shape, true)?;
                if address.is_null() {
                    return Err(What::NullPointer(shape.repr()).into());
                }
                cdata::push_reference(l, shape, address, cdata::Bounds::ANY, 0);
            }
            Class::Bool | Class::Int | Class::Float | Class::Enum => {
                let number = cast_number(l, idx, shape)?;
                let size = shape.size().unwrap_or(0);
                let header = cdata::push_owned(l, shape, size);
                if !number::write(shape, Header::data(header), number) {
                    return Err(What::NoInteger(shape.repr()).into());
                }
            }
            _ => return Err(What::InvalidType.at_argument(1)),
        }
        Ok(())
    }
}

/// Pushes a pointer cdata; a NULL `void *` is nil. Slots +1 (needs 2), raises.
///
/// # Safety
/// The shape is a pointer's; S6.
pub unsafe fn push_pointer(l: *mut lua_State, shape: &Shape, address: *mut u8) {
    // SAFETY: from the caller.
    unsafe {
        if address.is_null() && shape.target().class == Class::Void {
            lua_pushnil(l);
        } else {
            cdata::push_word(l, shape, address);
        }
    }
}

/// The number that a cast makes of the value at `idx`: addresses are integers, too.
unsafe fn cast_number(l: *mut lua_State, idx: c_int, shape: &Shape) -> Result<Number> {
    if matches!(shape.class, Class::Int | Class::Enum) {
        // SAFETY: from the caller; addresses are only computed.
        unsafe {
            match lua_type(l, idx) {
                LUA_TNIL => return Ok(Number::Int(0)),
                LUA_TLIGHTUSERDATA => return Ok(Number::UInt(lua_touserdata(l, idx) as u64)),
                LUA_TSTRING if shape.class == Class::Int => {
                    return Ok(Number::UInt(lua_tolstring(l, idx, std::ptr::null_mut()) as u64));
                }
                LUA_TUSERDATA => match cdata::header(l, idx) {
                    None => return Ok(Number::UInt(pointer_of_userdata(l, idx)? as u64)),
                    Some(header) => {
                        let referent = cdata::referent(header);
                        match referent.shape.class {
                            Class::Pointer => {
                                return Ok(Number::UInt(referent.data.cast::<u64>().read_unaligned()));
                            }
                            Class::Array | Class::Function => return Ok(Number::UInt(referent.data as u64)),
                            _ => {}
                        }
                    }
                },
                _ => {}
            }
        }
    }
    // SAFETY: from the caller.
    unsafe { to_number(l, idx, shape) }
}
