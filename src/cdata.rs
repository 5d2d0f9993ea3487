//! The object: a userdata that holds or refers to C data.
//!
//! ```text
//!   Header  { word, address }                       16 bytes, at the start of every cdata
//!     + payload                                     the bytes it owns (records, arrays, wide scalars)
//!   Wide    { word, address, lo, hi } + payload     references, VLAs and VLSs: with bounds
//!   Code    { word, address, calls }                functions of a library
//!
//!   word     the shape's address in the low 48 bits, MAGIC in the high 16
//!   address  scalars up to 8 bytes and pointers: the value itself
//!            records, arrays, wide scalars: where their bytes are (the payload)
//!            references: where they lead; functions: the code; ctype objects: the shape they stand for
//! ```
//!
//! User values: a reference's first is its parent (what keeps its memory alive) or nil; then, for records and
//! references to records, one for each member that is read as a reference, to read it only once; for arrays of records
//! or arrays, and references to those, one for an element that is asked for again and again, or for a table of all of
//! them (`elements`). A function of a library has its library as the first. Others may have more: for a finalizer, then
//! for strings that their memory leads to.
//! Knows shapes and the stack; no conversions.

mod describe;
mod elements;
mod finalizer;
mod strings;

use std::ffi::c_int;

pub use describe::{conversion_error, describe, describe_operand, describe_source};
pub use elements::{is_reference_to, is_same, keep_elements};
pub use finalizer::{arm, quick_set_finalizer, set_finalizer, take_finalizer};
pub use strings::{keep_string, quick_keep_string};

use crate::error::{Result, What};
use crate::vm::peek;
use crate::vm::shape::{Class, Shape, USERDATA_ALIGN};
use crate::vm::spares;
use crate::vm::stack::*;

/// What every cdata starts with; see the module's drawing.
#[repr(C)]
pub struct Header {
    word: u64,
    /// See the module's drawing.
    pub address: *mut u8,
}

/// A header with bounds: memory from `lo` up to, not including, `hi` may be touched.
#[repr(C)]
struct Wide {
    header: Header,
    lo: usize,
    hi: usize,
}

/// A function of a library.
#[repr(C)]
struct Code {
    header: Header,
    calls: u32,
}

/// In the high 16 bits of a cdata's first word: a pattern that neither pointers nor common numbers have.
const MAGIC: u64 = 0xFFF9_0000_0000_0000;
const MAGIC_MASK: u64 = 0xFFFF_0000_0000_0000;

/// The bytes from `lo` up to, not including, `hi`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bounds {
    /// First address.
    pub lo: usize,
    /// One past the last address.
    pub hi: usize,
}

impl Bounds {
    /// Nothing is known.
    pub const ANY: Bounds = Bounds { lo: 0, hi: usize::MAX };

    /// Do `size` bytes at `address` lie inside?
    #[inline]
    pub fn contain(self, address: usize, size: usize) -> bool {
        address >= self.lo && address.checked_add(size).is_some_and(|end| end <= self.hi)
    }
}

impl Header {
    #[inline]
    fn word_of(shape: &Shape) -> u64 {
        std::ptr::from_ref(shape) as u64 | MAGIC
    }

    /// The cdata's shape.
    #[inline]
    pub fn shape(&self) -> &'static Shape {
        // SAFETY: headers are made by `allocate` and `of_spare`, and reached by address only once the magic was found in their word (`header`,
        // `header_in` and their kin); shapes live as long as their VM.
        unsafe { &*((self.word & !MAGIC_MASK) as *const Shape) }
    }

    /// Where the value's bytes are.
    ///
    /// # Safety
    /// The header is that of a cdata (it lies at the start of its userdata).
    #[inline]
    pub unsafe fn data(this: *mut Header) -> *mut u8 {
        // SAFETY: from the caller.
        unsafe {
            if (*this).shape().is_inline() { (&raw mut (*this).address).cast() } else { (*this).address }
        }
    }

    /// The bounds in a wide header.
    ///
    /// # Safety
    /// The header is that of a cdata of a wide shape.
    #[inline(always)]
    pub unsafe fn wide_bounds(this: *mut Header) -> Bounds {
        let wide = this.cast::<Wide>();
        // SAFETY: from the caller.
        unsafe { Bounds { lo: (*wide).lo, hi: (*wide).hi } }
    }

    /// The memory that may be touched through it.
    ///
    /// # Safety
    /// As for [`Header::data`].
    #[inline]
    pub unsafe fn bounds(this: *mut Header) -> Bounds {
        // SAFETY: from the caller.
        unsafe {
            let shape = (*this).shape();
            if shape.is_simple() {
                let lo = (*this).address as usize;
                return Bounds { lo, hi: lo + shape.simple_size() };
            }
            if shape.class == Class::Pointer { Bounds::ANY } else { Header::other_bounds(this) }
        }
    }

    #[inline(never)]
    unsafe fn other_bounds(this: *mut Header) -> Bounds {
        // SAFETY: a wide shape's cdata were made with the wide header.
        unsafe {
            let shape = (*this).shape();
            if shape.wide.get() {
                return Header::wide_bounds(this);
            }
            match shape.class {
                Class::Function | Class::CTypeObject => Bounds::ANY,
                _ => {
                    let lo = Header::data(this) as usize;
                    Bounds { lo, hi: lo + shape.size().unwrap_or(0) }
                }
            }
        }
    }
}

/// The header of the cdata at `idx`; none for any other value. Slots 0, never raises.
///
/// # Safety
/// The value stays on the stack, or anchored, while the header is used.
#[inline]
pub unsafe fn header(l: *mut lua_State, idx: c_int) -> Option<*mut Header> {
    // SAFETY: a full userdata of at least 16 bytes may be read as a header; the magic tells ours from others'.
    unsafe {
        if lua_type(l, idx) != LUA_TUSERDATA || lua_rawlen(l, idx) < size_of::<Header>() as _ {
            return None;
        }
        let header = lua_touserdata(l, idx).cast::<Header>();
        ((*header).word & MAGIC_MASK == MAGIC).then_some(header)
    }
}

/// The header of the cdata in a slot; none for any other value. As [`header`], by what lies on the stack.
///
/// # Safety
/// [`peek::is_available`]; the slot is on the stack, and the value stays there while the header is used.
#[inline(always)]
pub unsafe fn header_in(slot: peek::Slot) -> Option<*mut Header> {
    // SAFETY: a userdata's block; one shorter than a header is told by its length, which lies before its metatable.
    unsafe {
        let header = long_block(slot)?;
        ((*header).word & MAGIC_MASK == MAGIC).then_some(header)
    }
}

/// The block of the full userdata in a slot, where that is as long as a header.
///
/// # Safety
/// As for [`header_in`].
#[inline(always)]
unsafe fn long_block(slot: peek::Slot) -> Option<*mut Header> {
    // SAFETY: from the caller; the tag is a userdata's.
    unsafe {
        let is_long = slot.tag == peek::USERDATA && peek::block_length(slot) >= size_of::<Header>();
        is_long.then(|| peek::block(slot).cast())
    }
}

/// As [`header_in`], for a cdata of the same shape as another's; none if it is of another.
///
/// # Safety
/// As for [`header_in`].
#[inline(always)]
pub unsafe fn header_like(other: *mut Header, slot: peek::Slot) -> Option<*mut Header> {
    // SAFETY: as for `header_in`; a cdata's first word tells both that it is one and its shape.
    unsafe {
        let header = long_block(slot)?;
        ((*header).word == (*other).word).then_some(header)
    }
}

/// The header of the cdata that is the running function's first argument; none where that cannot be told by what lies on the stack.
///
/// # Safety
/// The running function keeps its argument while the header is used.
#[inline(always)]
pub unsafe fn first_header(l: *mut lua_State) -> Option<*mut Header> {
    // SAFETY: from the caller. (Through the debug library a metamethod may have no argument: what lies there then is no value.)
    unsafe {
        let has_one = peek::is_available() && peek::top(l) > peek::base(l);
        if has_one { header_in(*peek::base(l)) } else { None }
    }
}

/// What a cdata stands for: its shape behind a reference, and where the bytes are.
#[derive(Clone, Copy)]
pub struct Referent {
    /// The shape of what lies there.
    pub shape: &'static Shape,
    /// Where. For a function, its code.
    pub data: *mut u8,
    /// What may be touched.
    pub bounds: Bounds,
}

/// What the cdata stands for, references followed.
///
/// # Safety
/// As for [`Header::data`].
pub unsafe fn referent(this: *mut Header) -> Referent {
    // SAFETY: from the caller.
    unsafe {
        let shape = (*this).shape();
        let bounds = Header::bounds(this);
        if shape.class == Class::Reference {
            let mut target = shape.target();
            // A reference to a reference is how `ffi.byvalue` marks a record.
            if target.class == Class::Reference {
                target = target.target();
            }
            return Referent { shape: target, data: (*this).address, bounds };
        }
        Referent { shape, data: Header::data(this), bounds }
    }
}

// -- making ----------------------------------------------------------------------------------------------------------

/// Allocates a cdata with `slots` user values, and those for a finalizer and strings if such cdata are given any; sets word and metatable,
/// not the address.
///
/// # Safety
/// Two free slots; S6.
#[inline]
unsafe fn allocate(l: *mut lua_State, shape: &Shape, bytes: usize, slots: c_int) -> *mut Header {
    // SAFETY: S5; the block is at least a header long.
    unsafe {
        let slots = slots + shape.more_slots();
        let header = lua_newuserdatauv(l, bytes, slots).cast::<Header>();
        (*header).word = Header::word_of(shape);
        (*header).address = std::ptr::null_mut();
        if peek::is_available() {
            peek::set_metatable(*peek::top(l).sub(1), shape.metatable.get().address);
        } else {
            shape.metatable.get().push(l);
            lua_setmetatable(l, -2);
        }
        header
    }
}

/// Pushes a new scalar, pointer or function cdata whose address word is `address`. Slots +1 (needs 2), raises.
///
/// # Safety
/// The shape is inline, a function or the shape of ctype objects; S6.
#[inline]
pub unsafe fn push_word(l: *mut lua_State, shape: &Shape, address: *mut u8) -> *mut Header {
    // SAFETY: from the caller.
    unsafe {
        let header = allocate(l, shape, size_of::<Header>(), 0);
        (*header).address = address;
        header
    }
}

/// Makes a spare userdata a scalar or pointer cdata whose address word is `address`.
///
/// # Safety
/// [`peek::is_available`]; `spare` is one of [`crate::vm::spares`]; the shape is inline and has no finalizer; the caller puts it on a
/// stack before Lua runs.
#[inline]
pub unsafe fn of_spare(spare: peek::Slot, shape: &Shape, address: *mut u8) -> peek::Slot {
    const { assert!(size_of::<Header>() == spares::BYTES) };
    // SAFETY: the block is a header long, without user values. The spare may be older than the collector's present round, but the registry keeps the
    // metatable by itself, so no barrier is needed.
    unsafe {
        peek::plain_block(spare).cast::<Header>().write(Header { word: Header::word_of(shape), address });
        peek::set_metatable(spare, shape.metatable.get().address);
    }
    spare
}

/// Pushes a new cdata that owns `size` zeroed bytes (`size` is the shape's, or more for VLA and VLS), and gives its
/// header. Slots +1 (needs 2), raises.
///
/// # Safety
/// S6.
#[inline]
pub unsafe fn push_owned(l: *mut lua_State, shape: &Shape, size: usize) -> *mut Header {
    // SAFETY: the payload lies inside the block: head, room for alignment, and `size` were all asked for.
    unsafe {
        if shape.is_simple() {
            let header = allocate(l, shape, size_of::<Header>() + size, c_int::from(shape.slots.get()));
            (*header).address = header.add(1).cast();
            std::ptr::write_bytes((*header).address, 0, size);
            return header;
        }
        push_owned_else(l, shape, size)
    }
}

/// As [`push_owned`], for scalars, where there are bounds to keep, and for what is aligned to more than Lua aligns.
#[inline(never)]
unsafe fn push_owned_else(l: *mut lua_State, shape: &Shape, size: usize) -> *mut Header {
    // SAFETY: as for `push_owned`.
    unsafe {
        if shape.is_inline() {
            return push_word(l, shape, std::ptr::null_mut());
        }
        let head = if shape.wide.get() { size_of::<Wide>() } else { size_of::<Header>() };
        let align = shape.align();
        // Beyond what Lua aligns a userdata's bytes to we find our own place inside.
        let room = align.saturating_sub(USERDATA_ALIGN);
        let header = allocate(l, shape, head + room + size, c_int::from(shape.slots.get()));
        // (By a mask, for an alignment is a power of two: a division would take longer than the rest.)
        let mask = align.max(USERDATA_ALIGN) - 1;
        let start = (header as usize + head + mask) & !mask;
        let payload = header.cast::<u8>().add(start - header as usize);
        std::ptr::write_bytes(payload, 0, size);
        (*header).address = payload;
        if shape.wide.get() {
            let wide = header.cast::<Wide>();
            (*wide).lo = start;
            (*wide).hi = start + size;
        }
        header
    }
}

/// Pushes the cdata of a library's function at `code`; the caller sets its first user value. Slots +1 (needs 2), raises.
///
/// # Safety
/// The shape is a function's; S6.
pub unsafe fn push_function(l: *mut lua_State, shape: &Shape, code: *mut u8) {
    // SAFETY: S5; the block is a function's.
    unsafe {
        let header = allocate(l, shape, size_of::<Code>(), 1);
        (*header).address = code;
        (*header.cast::<Code>()).calls = 0;
    }
}

/// The user value of a name space, its last, that says whether its library is never to be closed.
pub const STAYS_OPEN: c_int = 2;

/// An address of the function that the cdata at `idx` is goes where nothing tells how long it is used: into memory, to C. Its library stays
/// open from now on. Slots 0 (needs 2), never raises.
///
/// # Safety
/// `idx` is absolute.
pub unsafe fn keep_library_open(l: *mut lua_State, idx: c_int) {
    // SAFETY: a library's function has its name space as first user value. (On what the debug library puts there a user value too many is
    // not set.)
    unsafe {
        if calls(l, idx).is_none() {
            return;
        }
        if lua_getiuservalue(l, idx, 1) == LUA_TUSERDATA {
            lua_pushboolean(l, 1);
            lua_setiuservalue(l, -2, STAYS_OPEN);
        }
        lua_pop(l, 1);
    }
}

/// How often the function was called that the cdata at `idx` is: for `clib` to count. None for any other value. Slots 0, never raises.
///
/// # Safety
/// As for [`header`].
pub unsafe fn calls<'a>(l: *mut lua_State, idx: c_int) -> Option<&'a mut u32> {
    // SAFETY: only a library's function is of a function's class, and of that length.
    unsafe {
        let header = header(l, idx)?;
        let is_code =
            (*header).shape().class == Class::Function && lua_rawlen(l, idx) == size_of::<Code>() as _;
        is_code.then(|| &mut (*header.cast::<Code>()).calls)
    }
}

/// As [`calls`], of the cdata in a slot.
///
/// # Safety
/// As for [`header_in`]; the cdata is of a function's class.
#[inline(always)]
pub unsafe fn calls_in<'a>(own: peek::Slot) -> Option<&'a mut u32> {
    // SAFETY: as for `calls`.
    unsafe {
        let is_code = peek::block_length(own) == size_of::<Code>() && peek::user_values(own) > 0;
        is_code.then(|| &mut (*peek::block(own).cast::<Code>()).calls)
    }
}

/// Pushes a reference to `address`. `parent` is the index (absolute) of the cdata, or name space, whose memory it is, or 0 if
/// nobody's. Slots +1 (needs 2), raises.
///
/// # Safety
/// `shape` is a reference; `bounds` are those of the memory at `address`; S6.
pub unsafe fn push_reference(
    l: *mut lua_State,
    shape: &Shape,
    address: *mut u8,
    bounds: Bounds,
    parent: c_int,
) {
    // SAFETY: S5; a wide block.
    unsafe {
        let slots = c_int::from(shape.target().slots.get());
        let header = allocate(l, shape, size_of::<Wide>(), 1 + slots);
        (*header).address = address;
        let wide = header.cast::<Wide>();
        (*wide).lo = bounds.lo;
        (*wide).hi = bounds.hi;
        if parent != 0 {
            push_owner(l, parent);
            lua_setiuservalue(l, -2, 1);
        }
    }
}

/// As [`push_reference`], by what lies on the stack: `parent` is what keeps the memory alive, or nil.
///
/// # Safety
/// [`peek::is_available`]; the parent is on the stack, or anchored by what is; the rest as for [`push_reference`].
#[inline]
pub unsafe fn push_reference_of(
    l: *mut lua_State,
    shape: &Shape,
    address: *mut u8,
    bounds: Bounds,
    parent: peek::Slot,
) {
    // SAFETY: S5; a wide block; a userdata that was just made takes a value without a barrier.
    unsafe {
        let slots = c_int::from(shape.target().slots.get());
        let wide = lua_newuserdatauv(l, size_of::<Wide>(), 1 + slots).cast::<Wide>();
        let header = Header { word: Header::word_of(shape), address };
        wide.write(Wide { header, lo: bounds.lo, hi: bounds.hi });
        peek::set_metatable(*peek::top(l).sub(1), shape.metatable.get().address);
        peek::user_value(*peek::top(l).sub(1), 1).write(parent);
    }
}

/// Pushes what keeps the memory of the cdata at `idx` alive: itself, or a reference's parent. Slots +1, never raises.
unsafe fn push_owner(l: *mut lua_State, idx: c_int) {
    // SAFETY: a reference has a first user value.
    unsafe {
        match header(l, idx) {
            Some(h) if (*h).shape().class == Class::Reference => {
                lua_getiuservalue(l, idx, 1);
            }
            Some(h) if (*h).shape().class == Class::Pointer => lua_pushnil(l),
            _ => lua_pushvalue(l, idx),
        }
    }
}

/// Pushes the ctype object of a shape: always the same one. Slots +1 (needs 4), raises.
///
/// # Safety
/// S6.
pub unsafe fn push_ctype(l: *mut lua_State, shape: &Shape) {
    let state = shape.state();
    let key = std::ptr::from_ref(shape).cast();
    // SAFETY: S5; the table is ours.
    unsafe {
        lua_rawgeti(l, LUA_REGISTRYINDEX, state.refs.ctype_objects.get().into());
        if lua_rawgetp(l, -1, key) == LUA_TNIL {
            lua_pop(l, 1);
            push_word(l, state.ctype_shape(), std::ptr::from_ref(shape).cast_mut().cast());
            // (That may have run a finalizer that was first.)
            if lua_rawgetp(l, -2, key) == LUA_TNIL {
                lua_pop(l, 1);
                lua_pushvalue(l, -1);
                lua_rawsetp(l, -3, key);
            } else {
                lua_remove(l, -2);
            }
        }
        lua_remove(l, -2);
    }
}

/// The shape that a ctype object stands for.
///
/// # Safety
/// The header is that of a cdata.
#[inline]
pub unsafe fn ctype_of(header: *mut Header) -> Option<&'static Shape> {
    // SAFETY: a ctype object's address word is a shape's address.
    unsafe { ((*header).shape().class == Class::CTypeObject).then(|| &*(*header).address.cast::<Shape>()) }
}

/// The cdata at `idx`, or an error that names argument `idx`.
///
/// # Safety
/// As for [`header`].
pub unsafe fn check(l: *mut lua_State, idx: c_int) -> Result<*mut Header> {
    // SAFETY: from the caller.
    unsafe {
        header(l, idx)
            .ok_or_else(|| What::Expected("cdata", type_name(l, idx).to_owned()).at_argument(idx as u32))
    }
}

/// As [`check`], for the running function's first argument: a step quicker.
///
/// # Safety
/// As for [`first_header`].
#[inline]
pub unsafe fn check_first(l: *mut lua_State) -> Result<*mut Header> {
    // SAFETY: from the caller.
    unsafe {
        match first_header(l) {
            Some(header) => Ok(header),
            None => check(l, 1),
        }
    }
}
