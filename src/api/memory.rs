//! `string copy fill errno abi type tonumber`.

use std::ffi::c_int;

use super::args::{self, Memory, argument};
use super::types::push_as_number;
use crate::cdata;
use crate::conv::from_lua::is_byte;
use crate::conv::to_lua;
use crate::door;
use crate::error::{Result, What};
use crate::target;
use crate::vm::peek;
use crate::vm::shape::{Class, Op, Shape};
use crate::vm::stack::*;

door! {
    /// `ffi.string(ptr, len)`
    pub fn string = quick_string(1) or string_body;
    /// `ffi.copy(dst, src, len)`
    pub fn copy = quick_copy(0) or copy_body;
    /// `ffi.fill(dst, len, byte)`
    pub fn fill = quick_fill(0) or fill_body;
    /// `ffi.errno(new)`
    pub fn errno = quick_errno(1) or errno_body;
    /// `ffi.abi(word)`
    pub fn abi = abi_body;
    /// `ffi.type(x)`
    pub fn type_of_value = type_body;
    /// `ffi.tonumber(x, base)`
    pub fn to_number = quick_to_number(1) or to_number_body;
}

/// The length that argument `idx` is.
unsafe fn length(l: *mut lua_State, idx: c_int) -> Result<usize> {
    // SAFETY: plain reads of the stack.
    let n = unsafe { args::integer(l, idx, "int")? };
    let words = || What::Conversion("number".to_owned(), "size_t".to_owned());
    usize::try_from(n).map_err(|_| argument(idx, words()))
}

/// The usual: a pointer or array of bytes; any memory with a length. False if it is anything else.
#[inline]
unsafe fn quick_string(l: *mut lua_State) -> bool {
    // SAFETY: as for `string_body`.
    unsafe {
        if !peek::is_available() {
            return false;
        }
        let base = peek::base(l);
        let count = peek::top(l).offset_from(base);
        if !(1..=2).contains(&count) {
            return false;
        }
        let Some(header) = cdata::header_in(*base) else { return false };
        let (own, address) = ((*header).shape(), (*header).address);
        // With a length any memory will do, without one it has to be text.
        let is_memory = own.has_address() && (count == 2 || own.pointee().is_some_and(is_byte));
        if address.is_null() || !is_memory {
            return false;
        }
        let bounds = cdata::Header::bounds(header);
        let n = if count == 2 {
            let length = *base.add(1);
            let n = length.bits as usize;
            if length.tag != peek::INT || n > isize::MAX as usize || !bounds.contain(address as usize, n) {
                return false;
            }
            n
        } else {
            libc::strnlen(address.cast(), bounds.hi.saturating_sub(address as usize))
        };
        own.state().texts.push(l, address, n);
        true
    }
}

unsafe fn string_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: the memory's argument stays on the stack; lengths are checked against what is known of it.
    unsafe {
        if lua_type(l, 1) == LUA_TNIL {
            return Err(argument(1, What::Conversion("nil".to_owned(), "const char *".to_owned())));
        }
        if lua_type(l, 2) > LUA_TNIL {
            let n = args::integer(l, 2, "int")?;
            let n = usize::try_from(n).map_err(|_| What::StringOverflow)?;
            let memory = args::memory(l, 1, "const void *")?;
            args::check_range(l, 1, &memory, n)?;
            let from = if n == 0 { std::ptr::NonNull::dangling().as_ptr() } else { memory.address };
            lua_pushlstring(l, from.cast(), n);
            return Ok(1);
        }
        if let Some(text) = bytes(l, 1) {
            // As a `const char *` it ends where C sees its end.
            match text.iter().position(|&b| b == 0) {
                Some(n) => push_bytes(l, &text[..n]),
                None => lua_settop(l, 1),
            }
            return Ok(1);
        }
        let memory = args::memory(l, 1, "const char *")?;
        if !is_text(l) {
            return Err(args::not_converted(l, 1, "const char *"));
        }
        args::check_range(l, 1, &memory, 1)?;
        let limit = memory.bounds.hi.saturating_sub(memory.address as usize);
        lua_pushlstring(l, memory.address.cast(), libc::strnlen(memory.address.cast(), limit));
        Ok(1)
    }
}

/// Is argument 1 an array of, or pointer to, bytes (or a pointer to void)?
unsafe fn is_text(l: *mut lua_State) -> bool {
    // SAFETY: plain reads of the stack.
    unsafe {
        let Some(header) = cdata::header(l, 1) else { return lua_type(l, 1) == LUA_TLIGHTUSERDATA };
        let shape = (*header).shape().referred();
        match shape.class {
            Class::Pointer | Class::Array => {
                let to = shape.target();
                is_byte(to) || to.class == Class::Void && shape.class == Class::Pointer
            }
            _ => false,
        }
    }
}

unsafe fn writable(l: *mut lua_State, idx: c_int) -> Result<Memory> {
    // SAFETY: the argument stays on the stack.
    unsafe {
        let memory = args::memory(l, idx, "void *")?;
        if memory.is_const {
            return Err(args::not_converted(l, idx, "void *"));
        }
        Ok(memory)
    }
}

/// The memory of an array or record, or of a pointer, with `n` bytes; `writes`: that may be written. None for anything else.
#[inline(always)]
unsafe fn quick_memory(slot: peek::Slot, n: usize, writes: bool) -> Option<*mut u8> {
    // SAFETY: the slot is an argument's. References to arrays and records have the address of these.
    unsafe {
        let header = cdata::header_in(slot)?;
        let (own, address) = ((*header).shape(), (*header).address);
        let shape = own.referred();
        // (An array may hold something const.)
        let is_const = writes
            && match shape.class {
                Class::Array => shape.is_read_only(),
                _ => own.pointee().is_some_and(Shape::is_const),
            };
        let fits = cdata::Header::bounds(header).contain(address as usize, n);
        (own.has_address() && !is_const && !address.is_null() && fits).then_some(address)
    }
}

/// The length in a slot, if it is one.
fn quick_length(slot: peek::Slot) -> Option<usize> {
    (slot.tag == peek::INT && slot.bits <= isize::MAX as u64).then_some(slot.bits as usize)
}

/// The usual copy: into an array or record or through a pointer, from the same with a length, or a string. False if it is none.
#[inline]
unsafe fn quick_copy(l: *mut lua_State) -> bool {
    // SAFETY: the arguments are there; both ranges are checked; `memmove` minds overlaps.
    unsafe {
        if !peek::is_available() {
            return false;
        }
        let base = peek::base(l);
        let count = peek::top(l).offset_from(base);
        if !(2..=3).contains(&count) {
            return false;
        }
        let source = *base.add(1);
        // A string has a terminator besides its bytes, which is copied as well.
        let text = peek::string(source);
        let length = if count == 3 { quick_length(*base.add(2)) } else { text.map(|text| text.len() + 1) };
        let Some(n) = length else { return false };
        let from = match text {
            Some(text) if n <= text.len() + 1 => text.as_ptr(),
            Some(_) => return false,
            None => match quick_memory(source, n, false) {
                Some(from) => from.cast_const(),
                None => return false,
            },
        };
        let Some(to) = quick_memory(*base, n, true) else { return false };
        std::ptr::copy(from, to, n);
        true
    }
}

/// The usual fill: of owned memory or through a pointer. False if it is none.
#[inline]
unsafe fn quick_fill(l: *mut lua_State) -> bool {
    // SAFETY: the arguments are there; the range is checked.
    unsafe {
        if !peek::is_available() {
            return false;
        }
        let base = peek::base(l);
        let byte = match peek::top(l).offset_from(base) {
            2 => 0,
            3 if (*base.add(2)).tag == peek::INT => (*base.add(2)).bits as u8,
            _ => return false,
        };
        let Some(n) = quick_length(*base.add(1)) else { return false };
        let Some(to) = quick_memory(*base, n, true) else { return false };
        std::ptr::write_bytes(to, byte, n);
        true
    }
}

unsafe fn copy_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: both ranges were checked; `memmove` minds overlaps.
    unsafe {
        let to = writable(l, 1)?;
        let from = args::memory(l, 2, "const void *")?;
        let n = if lua_type(l, 3) != LUA_TNONE {
            length(l, 3)?
        } else if lua_type(l, 2) == LUA_TSTRING {
            // A string is copied with its terminator.
            from.bounds.hi - from.bounds.lo
        } else {
            return Err(argument(3, What::ValueExpected));
        };
        args::check_range(l, 1, &to, n)?;
        args::check_range(l, 2, &from, n)?;
        if n > 0 {
            std::ptr::copy(from.address, to.address, n);
        }
        Ok(0)
    }
}

unsafe fn fill_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: the range was checked.
    unsafe {
        let to = writable(l, 1)?;
        let n = length(l, 2)?;
        let byte = if lua_type(l, 3) > LUA_TNIL { args::integer(l, 3, "int")? as u8 } else { 0 };
        args::check_range(l, 1, &to, n)?;
        if n > 0 {
            std::ptr::write_bytes(to.address, byte, n);
        }
        Ok(0)
    }
}

/// The usual: without an argument, or with an integer. False with any other.
#[inline]
unsafe fn quick_errno(l: *mut lua_State) -> bool {
    // SAFETY: an `ffi.*` function runs, which has a free slot.
    unsafe {
        if !peek::is_available() {
            return false;
        }
        let errno = &args::state(l).calls.errno;
        let old = errno.get();
        if peek::top(l) != peek::base(l) {
            let new = *peek::base(l);
            if new.tag != peek::INT {
                return false;
            }
            errno.set(new.bits as c_int);
        }
        peek::push(l, i64::from(old) as u64, peek::INT);
        true
    }
}

unsafe fn errno_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: an `ffi.*` function runs.
    unsafe {
        let calls = &args::state(l).calls;
        let old = calls.errno.get();
        if lua_type(l, 1) != LUA_TNONE {
            calls.errno.set(args::integer(l, 1, "int")? as c_int);
        }
        lua_pushinteger(l, old.into());
        Ok(1)
    }
}

unsafe fn abi_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: the word stays at 1.
    unsafe {
        let word = args::text(l, 1)?;
        let holds = std::str::from_utf8(word).is_ok_and(target::abi);
        lua_pushboolean(l, holds.into());
        Ok(1)
    }
}

unsafe fn type_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: plain reads of the stack.
    unsafe {
        if lua_type(l, 1) == LUA_TNONE {
            return Err(argument(1, What::ValueExpected));
        }
        let name = if cdata::header(l, 1).is_some() { "cdata" } else { type_name(l, 1) };
        push_str(l, name);
        Ok(1)
    }
}

/// The usual: a number, or one that a cdata holds and Lua can. False for anything else.
#[inline]
unsafe fn quick_to_number(l: *mut lua_State) -> bool {
    // SAFETY: an `ffi.*` function runs, which has a free slot.
    unsafe {
        if !peek::is_available() || peek::top(l).offset_from(peek::base(l)) != 1 {
            return false;
        }
        let value = *peek::base(l);
        match value.tag {
            peek::INT | peek::FLOAT => peek::push(l, value.bits, value.tag),
            peek::USERDATA => {
                let Some(header) = cdata::header_in(value) else { return false };
                let op = (*header).shape().known_op();
                return (op.is_integer() || matches!(op, Op::F32 | Op::F64))
                    && to_lua::push_plain(l, op, cdata::Header::data(header));
            }
            _ => return false,
        }
        true
    }
}

unsafe fn to_number_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: plain reads; a string is converted by Lua's own rules on a copy.
    unsafe {
        let base = match lua_type(l, 2) {
            LUA_TNONE | LUA_TNIL => 10,
            _ => args::integer(l, 2, "int")?,
        };
        match lua_type(l, 1) {
            LUA_TNONE => return Err(argument(1, What::ValueExpected)),
            sort if base != 10 => {
                if !(2..=36).contains(&base) {
                    return Err(argument(2, What::BaseOutOfRange));
                }
                if !matches!(sort, LUA_TSTRING | LUA_TNUMBER) {
                    return Err(argument(1, What::Expected("string", cdata::describe(l, 1))));
                }
                lua_pushvalue(l, 1);
                let mut length = 0;
                let digits = lua_tolstring(l, -1, &mut length).cast::<u8>();
                match number_in(std::slice::from_raw_parts(digits, length), base as u32) {
                    Some(n) => lua_pushinteger(l, n),
                    None => lua_pushnil(l),
                }
            }
            LUA_TNUMBER => lua_pushvalue(l, 1),
            LUA_TSTRING => {
                lua_pushvalue(l, 1);
                if lua_stringtonumber(l, lua_tolstring(l, 1, std::ptr::null_mut())) == 0 {
                    lua_pushnil(l);
                }
            }
            _ => {
                if !push_as_number(l, 1) {
                    lua_pushnil(l);
                }
            }
        }
        Ok(1)
    }
}

/// The integer that a text is in a base, wrapped to 64 bits as Lua has it; with a sign and, in base 16, `0x` as LuaJIT has it.
fn number_in(text: &[u8], base: u32) -> Option<i64> {
    let text = std::str::from_utf8(text).ok()?.trim_matches(|c: char| c.is_ascii_whitespace() || c == '\x0b');
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let digits = match digits.get(..2) {
        Some("0x" | "0X") if base == 16 => &digits[2..],
        _ => digits,
    };
    let mut n = 0i64;
    for c in digits.chars() {
        n = n.wrapping_mul(base.into()).wrapping_add(c.to_digit(base)?.into());
    }
    (!digits.is_empty()).then_some(if negative { n.wrapping_neg() } else { n })
}
