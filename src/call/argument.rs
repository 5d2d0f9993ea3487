//! Arguments of a call: Lua values into the words of the frame that registers are loaded from.

use std::ffi::c_int;

use crate::cdata::{self, Header};
use crate::conv::from_lua::{self, Room};
use crate::conv::number::{self, extend};
use crate::error::Result;
use crate::native::signature::Place;
use crate::vm::peek;
use crate::vm::shape::{Class, Op, Shape};
use crate::vm::stack::*;

/// An argument: how it converts and where it goes.
pub(super) struct Arg {
    /// The tag of values that go as their bits are; [`peek::NONE`] if there is none.
    pub(super) plain_tag: u8,
    /// The tag of Lua strings that go as the address of their characters; [`peek::NONE`] if there is none.
    pub(super) text_tag: u8,
    pub(super) op: Op,
    pub(super) shape: &'static Shape,
    pub(super) place: Place,
}

impl Arg {
    /// An argument of the shape's type, which goes to `place`.
    pub(super) fn new(shape: &'static Shape, place: Place) -> Arg {
        let op = shape.op();
        let text_tag = match op {
            Op::Pointer if from_lua::string_converts(shape.target()) => peek::SHORT_STRING,
            _ => peek::NONE,
        };
        Arg { plain_tag: plain_tag(op), text_tag, op, shape, place }
    }
}

/// Converts every argument into the frame.
#[inline]
pub(super) unsafe fn convert(l: *mut lua_State, args: &'static [Arg], frame: *mut u64) -> Result<()> {
    // SAFETY: places lie inside of the frame (S4).
    unsafe {
        let peeks = peek::is_available();
        for (i, arg) in args.iter().enumerate() {
            let idx = i as c_int + 2;
            if peeks
                && let Place::Word(word) = arg.place
                && let Some(bits) = quick_slot(*peek::base(l).add(i + 1), arg)
            {
                frame.add(word.into()).write(bits);
                continue;
            }
            if let Place::Word(word) = arg.place {
                let to = frame.add(word.into());
                if let Some(bits) = quick(l, idx, arg) {
                    to.write(bits);
                    continue;
                }
            }
            convert_slow(l, idx, arg, frame).map_err(|e| e.at_argument(i as u32 + 1))?;
        }
        Ok(())
    }
}

/// The usual conversions, by what lies on the stack: the argument's word.
#[inline(always)]
pub(super) unsafe fn quick_slot(slot: peek::Slot, arg: &Arg) -> Option<u64> {
    match slot.tag {
        tag if tag == arg.plain_tag => Some(slot.bits),
        tag if tag == arg.text_tag => Some(peek::string_address(slot) as u64),
        // SAFETY: from the caller.
        _ => unsafe { other_slot(slot, arg) },
    }
}

/// As [`quick_slot`], of what does not go as it is: out of the way of arguments that are kept in registers.
#[inline(always)]
pub(super) unsafe fn slot_apart(slot: peek::Slot, arg: &Arg) -> Option<u64> {
    let peek::Slot { bits, tag } = slot;
    // SAFETY: from the caller.
    unsafe {
        match tag {
            peek::USERDATA if arg.op == Op::Pointer => pointer_slot(bits, arg.shape),
            tag => other_slot_apart(bits, tag, arg),
        }
    }
}

#[inline(never)]
unsafe fn pointer_slot(bits: u64, shape: &Shape) -> Option<u64> {
    // SAFETY: from the caller: a userdata's.
    unsafe {
        from_lua::plain_pointer(peek::Slot { bits, tag: peek::USERDATA }, shape).map(|address| address as u64)
    }
}

#[inline(never)]
unsafe fn other_slot_apart(bits: u64, tag: u8, arg: &Arg) -> Option<u64> {
    // SAFETY: from the caller.
    unsafe { other_slot(peek::Slot { bits, tag }, arg) }
}

/// As [`quick_slot`], of what does not go as it is.
#[inline(always)]
unsafe fn other_slot(slot: peek::Slot, arg: &Arg) -> Option<u64> {
    // SAFETY: the slot is an argument's; a cdata's header was checked.
    unsafe {
        match (arg.op, slot.tag) {
            (Op::F64, peek::FLOAT) => Some(slot.bits),
            (Op::F64, peek::INT) => Some((slot.bits as i64 as f64).to_bits()),
            (Op::F32, peek::FLOAT) => Some((f64::from_bits(slot.bits) as f32).to_bits().into()),
            (Op::F32, peek::INT) => Some((slot.bits as i64 as f32).to_bits().into()),
            (Op::Bool, peek::TRUE) => Some(1),
            (Op::Bool, peek::FALSE) => Some(0),
            (Op::Pointer, peek::USERDATA | peek::NIL) => {
                from_lua::plain_pointer(slot, arg.shape).map(|address| address as u64)
            }
            (Op::Pointer, peek::SHORT_STRING | peek::LONG_STRING) if arg.text_tag != peek::NONE => {
                Some(peek::string_address(slot) as u64)
            }
            (op, peek::INT) if op.is_integer() => Some(extend(op, slot.bits as i64)),
            (op, peek::FLOAT) if op.is_integer() => {
                number::truncate(f64::from_bits(slot.bits)).map(|n| extend(op, n))
            }
            (op, peek::USERDATA) if op.is_integer() => {
                let header = cdata::header_in(slot)?;
                let own = (*header).shape();
                let held = own.op();
                let whole = matches!(own.class, Class::Int | Class::Enum) && held.is_integer();
                whole.then(|| extend(op, number::read_int(held, Header::data(header))))
            }
            _ => None,
        }
    }
}

/// The usual conversions: numbers to numbers, pointers of the very type, strings, nil.
#[inline]
unsafe fn quick(l: *mut lua_State, idx: c_int, arg: &Arg) -> Option<u64> {
    // SAFETY: plain reads of the stack.
    unsafe {
        let sort = lua_type(l, idx);
        match arg.op {
            Op::F64 if sort == LUA_TNUMBER => Some(lua_tonumberx(l, idx, std::ptr::null_mut()).to_bits()),
            Op::F32 if sort == LUA_TNUMBER => {
                Some(u64::from((lua_tonumberx(l, idx, std::ptr::null_mut()) as f32).to_bits()))
            }
            Op::Pointer => match sort {
                LUA_TUSERDATA => {
                    from_lua::plain_address(cdata::header(l, idx)?, arg.shape).map(|address| address as u64)
                }
                LUA_TSTRING => from_lua::string_converts(arg.shape.target())
                    .then(|| lua_tolstring(l, idx, std::ptr::null_mut()) as u64),
                LUA_TNIL => Some(0),
                _ => None,
            },
            op if sort == LUA_TNUMBER && op.is_integer() => {
                let mut exact = 0;
                let n = lua_tointegerx(l, idx, &mut exact);
                (exact != 0).then(|| extend(op, n))
            }
            _ => None,
        }
    }
}

/// The tag of the values that go to an argument as their bits are. C looks at the low half of a register only for an integer of 32
/// bits (System V psABI 3.2.3; AAPCS64 6.8.2).
fn plain_tag(op: Op) -> u8 {
    match op {
        Op::I32 | Op::U32 | Op::I64 | Op::U64 => peek::INT,
        Op::F64 => peek::FLOAT,
        _ => peek::NONE,
    }
}

#[inline(never)]
unsafe fn convert_slow(l: *mut lua_State, idx: c_int, arg: &Arg, frame: *mut u64) -> Result<()> {
    // SAFETY: places lie inside of the frame and are as long as the argument.
    unsafe {
        if let Place::Word(word) = arg.place {
            let to = frame.add(word.into());
            match arg.op {
                op if op.is_integer() => {
                    to.write(extend(op, from_lua::to_integer(l, idx, arg.shape)?));
                    return Ok(());
                }
                Op::Pointer | Op::Reference => {
                    to.write(from_lua::to_pointer(l, idx, arg.shape, false)? as u64);
                    return Ok(());
                }
                Op::Aggregate | Op::Copied => {}
                op => {
                    to.write(0);
                    return from_lua::store(l, idx, arg.shape, op, to.cast(), Room { bytes: 8, owner: 0 });
                }
            }
        }
        // Anything longer, or in parts: converted into memory of its own first.
        let size = arg.shape.size().unwrap_or(0);
        let from = match cdata::header(l, idx).and_then(|header| bytes_of(header, arg)) {
            Some(data) => data,
            None => {
                reserve(l, 10)?;
                let header = cdata::push_owned(l, arg.shape.unqualified(), size);
                let data = Header::data(header);
                // (Strings in it stay with the argument while the call lasts.)
                from_lua::store(l, idx, arg.shape, arg.op, data, Room { bytes: size, owner: 0 })?;
                data
            }
        };
        arg.place.write(frame, from, size);
        Ok(())
    }
}

/// The bytes of a cdata if it is of the argument's own type.
#[inline]
unsafe fn bytes_of(header: *mut Header, arg: &Arg) -> Option<*const u8> {
    // SAFETY: the cdata stays on the stack; a reference's target is what the script vouches for.
    unsafe {
        let referent = cdata::referent(header);
        let same = referent.shape.ty.id == arg.shape.ty.id && !referent.data.is_null();
        same.then_some(referent.data.cast_const())
    }
}

/// A record, complex number or vector of the argument's own type: copied to its place. False for anything else.
#[inline(never)]
pub(super) unsafe fn quick_copy(slot: peek::Slot, arg: &Arg, frame: *mut u64) -> bool {
    if !matches!(arg.op, Op::Aggregate | Op::Copied) {
        return false;
    }
    // SAFETY: the slot is an argument's; what the cdata stands for is of the argument's type, and the place as long.
    unsafe {
        match cdata::header_in(slot).and_then(|header| bytes_of(header, arg)) {
            Some(from) => {
                arg.place.write(frame, from, arg.shape.size().unwrap_or(0));
                true
            }
            None => false,
        }
    }
}
