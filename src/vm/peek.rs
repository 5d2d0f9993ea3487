//! Lua's stack, read and written where it lies.
//!
//! A call of the Lua API costs more than the load it stands for, and a member read needs five of them. Lua 5.4 lays its
//! threads, slots, strings and userdata out in one way for all its releases; [`probe`] checks that way against the API when
//! the module opens, value by value, and where anything differs nothing here is used: the callers' slow paths go
//! through the API alone. (`docs/performance.md` has what it gains.)

use std::ffi::c_int;
use std::sync::atomic::{AtomicU8, Ordering};

use super::stack::*;

/// A stack slot: a value and its tag.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct Slot {
    /// The value's bits: an integer, a float's bits, an address.
    pub bits: u64,
    /// What it is: [`INT`] ...
    pub tag: u8,
}

impl Slot {
    /// nil, as it is written where nothing else is.
    pub const NIL: Slot = Slot { bits: 0, tag: NIL };
}

/// A tag that no value has.
pub const NONE: u8 = 0xff;
/// Tag of nil.
pub const NIL: u8 = 0x00;
/// Tag of false.
pub const FALSE: u8 = 0x01;
/// Tag of true.
pub const TRUE: u8 = 0x11;
/// Tag of an integer.
pub const INT: u8 = 0x03;
/// Tag of a float.
pub const FLOAT: u8 = 0x13;
/// Tag of an interned string.
pub const SHORT_STRING: u8 = 0x44;
/// Tag of a long string.
pub const LONG_STRING: u8 = 0x54;
/// Tag of a table.
pub const TABLE: u8 = 0x45;
/// Tag of a full userdata.
pub const USERDATA: u8 = 0x47;
/// Tag of a C function without upvalues.
const C_FUNCTION: u8 = 0x16;
/// Tag of a C closure.
const C_CLOSURE: u8 = 0x66;

/// Bytes from the start of a thread to its stack's top, and to its running call.
const THREAD_TOP: usize = 16;
const THREAD_CALL: usize = 32;
/// Bytes from the start of a call to one past the last slot that it may use.
const CALL_TOP: usize = 8;
/// Bytes from the start of a string to its characters.
const STRING_BYTES: usize = 24;
/// Bytes from the start of a userdata: to the number of its user values, to the length of its block, to its metatable, to its block where it has no
/// user values, to the first of them where it has some.
const USERDATA_VALUES: usize = 10;
const USERDATA_LENGTH: usize = 16;
const USERDATA_METATABLE: usize = 24;
const USERDATA_PLAIN_BLOCK: usize = 32;
const USERDATA_VALUES_AT: usize = 40;
/// Bytes from the start of a C closure to its first upvalue.
const CLOSURE_UPVALUES: usize = 32;
/// Bytes from the start of a string to its length: of an interned one (a byte), of any other (a word).
const STRING_SHORT_LENGTH: usize = 11;
const STRING_LENGTH: usize = 16;
/// Bytes from the start of an interned string to its hash.
const STRING_HASH: usize = 12;
/// Bytes from the start of a table: to its flags; to the logarithm of its number of nodes, to the address of the first; to the number of items in
/// its array, or fewer (32 bits), to the address of the first.
const TABLE_FLAGS: usize = 10;
const TABLE_LOG_NODES: usize = 11;
const TABLE_NODES: usize = 24;
const TABLE_ITEM_COUNT: usize = 12;
const TABLE_ITEMS: usize = 16;
/// The flag of a table whose array has more items than it says: what `#` found last.
const TABLE_HAS_MORE: u8 = 0x80;
/// Bytes of a table's node; from its start to the key's tag, to the distance (in nodes) to the next of its chain, to the key.
const NODE_BYTES: usize = 24;
const NODE_KEY_TAG: usize = 9;
const NODE_NEXT: usize = 12;
const NODE_KEY: usize = 16;

/// What the probes of this process found. Two Luas may live in one, laid out in two ways: then neither is peeked at.
static FOUND: AtomicU8 = AtomicU8::new(0);
const EXPECTED: u8 = 1;
const OTHERWISE: u8 = 2;

/// Is Lua laid out as this room takes it to be? (Never with the feature `portable`, which tests what is done where it is not.)
#[inline(always)]
pub fn is_available() -> bool {
    !cfg!(feature = "portable") && FOUND.load(Ordering::Relaxed) == EXPECTED
}

/// The slot of the first argument of the running C function.
///
/// # Safety
/// [`is_available`]; a C function runs.
#[inline(always)]
pub unsafe fn base(l: *mut lua_State) -> *mut Slot {
    // SAFETY: probed: the call's first word is its function's slot.
    unsafe { (*(*l.cast::<u8>().add(THREAD_CALL).cast::<*mut *mut Slot>())).add(1) }
}

/// One past the last slot in use.
///
/// # Safety
/// [`is_available`].
#[inline(always)]
pub unsafe fn top(l: *mut lua_State) -> *mut Slot {
    // SAFETY: probed.
    unsafe { *l.cast::<u8>().add(THREAD_TOP).cast::<*mut Slot>() }
}

/// Has the running function `n` free slots, without asking for more?
///
/// # Safety
/// [`is_available`].
#[inline(always)]
pub unsafe fn has_room(l: *mut lua_State, n: usize) -> bool {
    // SAFETY: probed: where a call ends lies behind where it starts.
    unsafe {
        let call = l.cast::<u8>().add(THREAD_CALL).cast::<*mut u8>().read();
        let end = call.add(CALL_TOP).cast::<usize>().read();
        end.wrapping_sub(top(l) as usize) as isize >= (n * size_of::<Slot>()) as isize
    }
}

/// Makes `top` one past the last slot in use.
///
/// # Safety
/// [`is_available`]; the slots up to there hold values, and lie within the room there is (S5).
#[inline(always)]
pub unsafe fn set_top(l: *mut lua_State, top: *mut Slot) {
    // SAFETY: from the caller.
    unsafe { *l.cast::<u8>().add(THREAD_TOP).cast::<*mut Slot>() = top };
}

/// Pushes a slot. Room is the caller's to know.
///
/// # Safety
/// [`is_available`]; a free slot (S5); a collectable value is anchored elsewhere or fresh.
#[inline(always)]
pub unsafe fn push(l: *mut lua_State, bits: u64, tag: u8) {
    // SAFETY: S5 from the caller.
    unsafe {
        let top = l.cast::<u8>().add(THREAD_TOP).cast::<*mut Slot>();
        let slot = *top;
        (*slot).bits = bits;
        (*slot).tag = tag;
        *top = slot.add(1);
    }
}

/// Pushes a boolean.
///
/// # Safety
/// As for [`push`].
#[inline(always)]
pub unsafe fn push_boolean(l: *mut lua_State, holds: bool) {
    // SAFETY: from the caller.
    unsafe { push(l, 0, if holds { TRUE } else { FALSE }) };
}

/// Pushes a C function without upvalues.
///
/// # Safety
/// As for [`push`].
#[inline(always)]
pub unsafe fn push_c_function(l: *mut lua_State, f: lua_CFunction) {
    // SAFETY: from the caller.
    unsafe { push(l, f as usize as u64, C_FUNCTION) };
}

/// Pushes slots, the last of them on top.
///
/// # Safety
/// As for [`push`], of each.
#[inline(always)]
pub unsafe fn push_all<const N: usize>(l: *mut lua_State, slots: [Slot; N]) {
    // SAFETY: from the caller.
    unsafe {
        let first = top(l);
        for (i, slot) in slots.into_iter().enumerate() {
            first.add(i).write(slot);
        }
        set_top(l, first.add(N));
    }
}

/// The slot on top; nil where Lua is not [`is_available`]. Slots 0, never raises.
///
/// # Safety
/// The running function has a slot in use.
pub unsafe fn last(l: *mut lua_State) -> Slot {
    if is_available() {
        // SAFETY: from the caller.
        return unsafe { *top(l).sub(1) };
    }
    Slot::NIL
}

/// Drops the slot on top.
///
/// # Safety
/// [`is_available`]; the function has a slot of its own in use.
#[inline(always)]
pub unsafe fn pop(l: *mut lua_State) {
    // SAFETY: from the caller.
    unsafe {
        let top = l.cast::<u8>().add(THREAD_TOP).cast::<*mut Slot>();
        *top = (*top).sub(1);
    }
}

/// The address of a string's characters, as `lua_tolstring` gives it.
#[inline(always)]
pub fn string_address(slot: Slot) -> usize {
    slot.bits as usize + STRING_BYTES
}

/// The bytes of a string, without the NUL behind them; none of any other value.
///
/// # Safety
/// [`is_available`]; the value stays where it lies while the bytes are used.
#[inline(always)]
pub unsafe fn string<'a>(slot: Slot) -> Option<&'a [u8]> {
    // SAFETY: probed; strings never change.
    unsafe {
        let n = match slot.tag {
            SHORT_STRING => usize::from((slot.bits as *const u8).add(STRING_SHORT_LENGTH).read()),
            LONG_STRING => (slot.bits as *const u8).add(STRING_LENGTH).cast::<usize>().read(),
            _ => return None,
        };
        Some(std::slice::from_raw_parts(string_address(slot) as *const u8, n))
    }
}

/// The block of a full userdata, as `lua_touserdata` gives it.
///
/// # Safety
/// [`is_available`]; the slot's tag is [`USERDATA`].
#[inline(always)]
pub unsafe fn block(slot: Slot) -> *mut u8 {
    let userdata = slot.bits as *mut u8;
    // SAFETY: probed: where the number of user values lies, and how they lie before the block.
    unsafe {
        let values = user_values(slot);
        userdata.add(if values == 0 { USERDATA_PLAIN_BLOCK } else { USERDATA_VALUES_AT + 16 * values })
    }
}

/// As [`block`], of a full userdata that has no user values.
///
/// # Safety
/// As for [`block`].
#[inline(always)]
pub unsafe fn plain_block(slot: Slot) -> *mut u8 {
    (slot.bits as *mut u8).wrapping_add(USERDATA_PLAIN_BLOCK)
}

/// How many user values a full userdata has.
///
/// # Safety
/// As for [`block`].
#[inline(always)]
pub unsafe fn user_values(slot: Slot) -> usize {
    // SAFETY: probed.
    unsafe { usize::from((slot.bits as *const u8).add(USERDATA_VALUES).cast::<u16>().read()) }
}

/// User value `n`, counted from 1, of a full userdata that has as many.
///
/// # Safety
/// As for [`block`]; the userdata has `n` user values.
#[inline(always)]
pub unsafe fn user_value(slot: Slot, n: usize) -> *mut Slot {
    (slot.bits as *mut u8).wrapping_add(USERDATA_VALUES_AT + 16 * (n - 1)).cast()
}

/// Bytes of a full userdata's block.
///
/// # Safety
/// As for [`block`].
#[inline(always)]
pub unsafe fn block_length(slot: Slot) -> usize {
    // SAFETY: probed.
    unsafe { (slot.bits as *const u8).add(USERDATA_LENGTH).cast::<usize>().read() }
}

/// Gives a userdata another metatable: one without `__gc`.
///
/// # Safety
/// [`is_available`]; the slot's tag is [`USERDATA`]; `table` is the address of a table that the registry keeps (so no barrier is
/// needed).
#[inline(always)]
pub unsafe fn set_metatable(slot: Slot, table: usize) {
    // SAFETY: from the caller.
    unsafe { (slot.bits as *mut u8).add(USERDATA_METATABLE).cast::<usize>().write(table) };
}

/// The address of a full userdata's metatable; zero if it has none.
///
/// # Safety
/// [`is_available`]; the slot's tag is [`USERDATA`].
#[inline(always)]
pub unsafe fn metatable(slot: Slot) -> usize {
    // SAFETY: from the caller.
    unsafe { (slot.bits as *const u8).add(USERDATA_METATABLE).cast::<usize>().read() }
}

/// The slot of the first upvalue of the running function.
///
/// # Safety
/// [`is_available`]; a C closure of ours, with an upvalue, runs.
#[inline(always)]
pub unsafe fn upvalue_slot(l: *mut lua_State) -> Slot {
    // SAFETY: probed.
    unsafe {
        let closure = (*base(l).sub(1)).bits as *const u8;
        closure.add(CLOSURE_UPVALUES).cast::<Slot>().read()
    }
}

/// The light userdata in the first upvalue of the running function.
///
/// # Safety
/// [`is_available`]; a C closure of ours, with an upvalue, runs.
#[inline(always)]
pub unsafe fn upvalue(l: *mut lua_State) -> *mut u8 {
    // SAFETY: from the caller.
    unsafe { upvalue_slot(l).bits as *mut u8 }
}

/// The value that a table has for an interned string, metatables left aside; [`NIL`] if it has none.
///
/// # Safety
/// [`is_available`]; `table` and `key` are the addresses of a table and an interned string that are alive.
#[inline(always)]
pub unsafe fn field(table: usize, key: u64) -> Slot {
    // SAFETY: probed: a table has two to the logarithm many nodes, and chains end with a distance of zero.
    unsafe {
        let table = table as *const u8;
        let hash = (key as *const u8).add(STRING_HASH).cast::<u32>().read() as usize;
        let mask = (1usize << table.add(TABLE_LOG_NODES).read()) - 1;
        let nodes = table.add(TABLE_NODES).cast::<*const u8>().read();
        let mut node = nodes.add((hash & mask) * NODE_BYTES);
        loop {
            if node.add(NODE_KEY_TAG).read() == SHORT_STRING && node.add(NODE_KEY).cast::<u64>().read() == key
            {
                return some_value(node.cast::<Slot>().read());
            }
            match node.add(NODE_NEXT).cast::<i32>().read() {
                0 => return Slot::NIL,
                next => node = node.offset(next as isize * NODE_BYTES as isize),
            }
        }
    }
}

/// The value that a table has for an integer, metatables left aside; [`NIL`] if none. Nothing where a look does not tell: at its array, at its nodes
/// where these are two at most, at a chain of nodes for 0 and 1.
///
/// # Safety
/// [`is_available`]; `table` is the address of a table that is alive.
#[inline(always)]
pub unsafe fn item(table: usize, i: i64) -> Option<Slot> {
    // SAFETY: probed: the array has as many slots, the first of which is for 1.
    unsafe {
        let items = (table as *const u8).add(TABLE_ITEMS).cast::<*const Slot>().read();
        let count = u64::from((table as *const u8).add(TABLE_ITEM_COUNT).cast::<u32>().read());
        let at = (i as u64).wrapping_sub(1);
        if at < count { Some(some_value(items.add(at as usize).read())) } else { node_item(table, i) }
    }
}

/// As [`item`], for an integer beyond the array.
#[inline]
unsafe fn node_item(table: usize, i: i64) -> Option<Slot> {
    // SAFETY: probed as for `field`. Lua's releases differ in which node they look for an integer first: not for 0 and 1, but where there are two.
    unsafe {
        if (table as *const u8).add(TABLE_FLAGS).read() & TABLE_HAS_MORE != 0 {
            return None;
        }
        let count = 1usize << (table as *const u8).add(TABLE_LOG_NODES).read();
        let nodes = (table as *const u8).add(TABLE_NODES).cast::<*const u8>().read();
        let is_key = |node: *const u8| {
            node.add(NODE_KEY_TAG).read() == INT && node.add(NODE_KEY).cast::<i64>().read() == i
        };
        let value = |node: *const u8| Some(some_value(node.cast::<Slot>().read()));
        let none = Some(Slot::NIL);
        if count <= 2 {
            let last = nodes.add((count - 1) * NODE_BYTES);
            return if is_key(nodes) {
                value(nodes)
            } else if is_key(last) {
                value(last)
            } else {
                none
            };
        }
        let mut node = nodes.add(usize::try_from(i).ok().filter(|&i| i < 2)? * NODE_BYTES);
        while !is_key(node) {
            match node.add(NODE_NEXT).cast::<i32>().read() {
                0 => return none,
                next => node = node.offset(next as isize * NODE_BYTES as isize),
            }
        }
        value(node)
    }
}

/// A value of a table's: an empty slot's tag is a variant of nil.
#[inline(always)]
fn some_value(value: Slot) -> Slot {
    if value.tag & 0x0f == NIL { Slot::NIL } else { value }
}

/// Is it a function, of whichever sort?
#[inline(always)]
pub fn is_function(slot: Slot) -> bool {
    slot.tag & 0x0f == LUA_TFUNCTION as u8
}

/// Compares the layout with what the API says. Raises for want of memory.
///
/// # Safety
/// A C function runs; ten free slots; S6.
pub unsafe fn probe(l: *mut lua_State) {
    // SAFETY: S5; every address read lies inside of an object that the API just vouched for, as far as the checks before
    // it hold: each is made before the next is relied on.
    let found = unsafe {
        let start = lua_gettop(l);
        let found = check_stack(l)
            && check_values(l)
            && check_userdata(l)
            && check_closure(l)
            && check_table(l)
            && check_items(l)
            && check_first_items(l);
        lua_settop(l, start);
        found
    };
    let found = found && size_of::<Slot>() == 16 && cfg!(target_pointer_width = "64");
    FOUND.fetch_or(if found { EXPECTED } else { OTHERWISE }, Ordering::Relaxed);
}

unsafe fn check_stack(l: *mut lua_State) -> bool {
    // SAFETY: a thread is longer than the words read of it.
    unsafe {
        let word = |offset: usize| l.cast::<u8>().add(offset).cast::<usize>().read();
        let before = word(THREAD_TOP);
        lua_pushinteger(l, 0x1234_5678);
        let after = word(THREAD_TOP);
        let count = lua_gettop(l) as usize;
        if after != before + 16 || after % 8 != 0 {
            return false;
        }
        let call = word(THREAD_CALL);
        if call == 0 || call % 8 != 0 {
            return false;
        }
        // The call's function lies below its arguments.
        if (call as *const usize).read() + 16 * (count + 1) != after || (*top(l).sub(1)).bits != 0x1234_5678 {
            return false;
        }
        // What is asked for beyond the call's slots is what it has then.
        let end = || (call as *const u8).add(CALL_TOP).cast::<usize>().read();
        let more = (end().wrapping_sub(word(THREAD_TOP)) / 16).saturating_add(50);
        more < 1000 && lua_checkstack(l, more as c_int) != 0 && end() == word(THREAD_TOP) + 16 * more
    }
}

unsafe fn check_values(l: *mut lua_State) -> bool {
    // SAFETY: the stack was checked.
    unsafe {
        let last = || *top(l).sub(1);
        let tagged = |tag: u8| last().tag == tag;
        let mut holds = tagged(INT);
        lua_pushnumber(l, 2.5);
        holds &= tagged(FLOAT) && last().bits == 2.5f64.to_bits();
        lua_pushboolean(l, 0);
        holds &= tagged(FALSE);
        lua_pushboolean(l, 1);
        holds &= tagged(TRUE);
        lua_pushnil(l);
        holds &= tagged(NIL);
        lua_createtable(l, 0, 0);
        holds &= tagged(TABLE) && last().bits as usize == lua_topointer(l, -1) as usize;
        let is_string = |tag: u8, text: &str| {
            push_str(l, text);
            tagged(tag)
                && string_address(last()) == lua_tolstring(l, -1, std::ptr::null_mut()) as usize
                && string(last()).is_some_and(|bytes| bytes == text.as_bytes())
        };
        holds &= is_string(SHORT_STRING, "a short string");
        holds &= is_string(LONG_STRING, "a string of more than forty characters, which is not interned");
        unsafe extern "C-unwind" fn nothing(_: *mut lua_State) -> c_int {
            0
        }
        lua_pushcclosure(l, nothing, 0);
        holds &= tagged(C_FUNCTION)
            && last().bits as usize == nothing as *const () as usize
            && is_function(last());
        lua_pushcclosure(l, nothing, 1);
        holds &= is_function(last());
        let before = lua_gettop(l);
        push(l, 77, INT);
        holds && lua_gettop(l) == before + 1 && lua_tointegerx(l, -1, std::ptr::null_mut()) == 77
    }
}

unsafe fn check_userdata(l: *mut lua_State) -> bool {
    // SAFETY: the stack was checked; a userdata is longer than the words read of it.
    unsafe {
        for values in 0..4 {
            lua_settop(l, lua_gettop(l).min(3));
            let made = lua_newuserdatauv(l, 32, values);
            let slot = *top(l).sub(1);
            let word = |offset: usize| (slot.bits as *const u8).add(offset).cast::<usize>().read();
            let length = 32;
            if slot.tag != USERDATA
                || block(slot) != made.cast::<u8>()
                || block_length(slot) != length
                || word(USERDATA_METATABLE) != 0
            {
                return false;
            }
            if values > 0 {
                lua_pushinteger(l, 4711);
                lua_setiuservalue(l, -2, values);
                let value = *user_value(slot, values as usize);
                if value.tag != INT || value.bits != 4711 {
                    return false;
                }
            }
            lua_createtable(l, 0, 0);
            let table = lua_topointer(l, -1) as usize;
            lua_setmetatable(l, -2);
            if word(USERDATA_METATABLE) != table {
                return false;
            }
        }
        true
    }
}

/// Tables of up to 18 fields, with and without an array, with fields that were taken out again.
unsafe fn check_table(l: *mut lua_State) -> bool {
    const NAMES: &[u8; 18] = b"abcdefghijklmnopqr";
    // SAFETY: the stack was checked. The hash, the number of nodes and their address lie inside of a table and a string; nodes are only
    // looked at once the address of the first is that of memory which holds a key that was just entered.
    unsafe {
        lua_settop(l, lua_gettop(l).min(3));
        lua_createtable(l, 0, 0);
        let table = lua_gettop(l);
        let address = lua_topointer(l, table) as usize;
        for (i, name) in NAMES.iter().enumerate() {
            push_str(l, std::str::from_utf8_unchecked(std::slice::from_ref(name)));
            lua_pushinteger(l, i as i64);
            lua_rawset(l, table);
            let nodes = 1usize << (address as *const u8).add(TABLE_LOG_NODES).read().min(16);
            if nodes != (i + 1).next_power_of_two() {
                return false;
            }
            if i % 5 == 4 {
                lua_pushinteger(l, 7);
                lua_rawseti(l, table, i as i64 / 5);
            }
            if i % 7 == 6 {
                lua_pushnil(l);
                lua_setfield(l, table, c"c".as_ptr());
            }
            // (A table's nodes are made anew where their number doubles.)
            if !(i + 1).is_power_of_two() && i % 7 != 6 && i + 1 != NAMES.len() {
                continue;
            }
            for known in &NAMES[..=i] {
                push_str(l, std::str::from_utf8_unchecked(std::slice::from_ref(known)));
                let key = *top(l).sub(1);
                lua_rawget(l, table);
                if key.tag != SHORT_STRING || !is_same(field(address, key.bits), *top(l).sub(1)) {
                    return false;
                }
                lua_settop(l, table);
            }
        }
        push_str(l, "absent");
        field(address, (*top(l).sub(1)).bits).tag == NIL
    }
}

/// Arrays of some lengths, made at once and with an item taken out, or grown one by one; one with a hole, of which `#` tells less than there is.
unsafe fn check_items(l: *mut lua_State) -> bool {
    // SAFETY: the stack was checked. The number and the address of the items lie inside of a table; items are only looked at once the number
    // is that of a table made for as many.
    unsafe {
        lua_settop(l, lua_gettop(l).min(3));
        let top = lua_gettop(l);
        for length in [0, 1, 4, 5, 9] {
            lua_settop(l, top);
            lua_createtable(l, length, 0);
            let made = lua_topointer(l, -1).cast::<u8>();
            let items = made.add(TABLE_ITEMS).cast::<usize>().read();
            let count = made.add(TABLE_ITEM_COUNT).cast::<u32>().read();
            if count != length as u32 || (items == 0) != (length == 0) || items % 8 != 0 {
                return false;
            }
            lua_createtable(l, 0, 0);
            for table in [top + 1, top + 2] {
                for i in 1..=i64::from(length) {
                    lua_pushinteger(l, 1000 + i);
                    lua_rawseti(l, table, i);
                }
            }
            lua_pushnil(l);
            lua_rawseti(l, top + 1, 3);
            for table in [top + 1, top + 2] {
                let address = lua_topointer(l, table) as usize;
                for i in -1..=i64::from(length) + 1 {
                    let is_within = (1..=i64::from(length)).contains(&i);
                    if !is_item(l, table, address, i)
                        && (is_within && table == top + 1 || item(address, i).is_some())
                    {
                        return false;
                    }
                }
            }
        }
        lua_settop(l, top);
        lua_createtable(l, 16, 0);
        let address = lua_topointer(l, -1) as usize;
        for i in [1, 2, 3, 4, 5, 6, 7, 8, 9, 13] {
            lua_pushinteger(l, i);
            lua_rawseti(l, -2, i);
        }
        let fits = lua_rawlen(l, -1) == 9
            && (0..18).all(|i| item(address, i).is_none() || is_item(l, top + 1, address, i));
        lua_settop(l, top);
        fits
    }
}

/// Tables of one to four nodes, in which 0 and 1 are entered before, between and after fields.
unsafe fn check_first_items(l: *mut lua_State) -> bool {
    // SAFETY: fields and arrays were checked.
    unsafe {
        lua_settop(l, lua_gettop(l).min(3));
        let table = lua_gettop(l) + 1;
        for nodes in [1, 2, 4] {
            for late in 0..nodes {
                lua_createtable(l, 0, nodes);
                let address = lua_topointer(l, table) as usize;
                for n in 0..nodes {
                    lua_pushinteger(l, 70 + i64::from(n));
                    match n - late {
                        key @ (0 | 1) => lua_rawseti(l, table, key.into()),
                        _ => lua_setfield(l, table, [c"a", c"b", c"c", c"d"][n as usize % 4].as_ptr()),
                    }
                    if !is_item(l, table, address, 0) || !is_item(l, table, address, 1) {
                        return false;
                    }
                }
                lua_settop(l, table - 1);
            }
        }
        true
    }
}

/// Does [`item`] tell what the table at `idx`, which lies at `address`, has for an integer?
unsafe fn is_item(l: *mut lua_State, idx: c_int, address: usize, i: i64) -> bool {
    // SAFETY: as for `check_items`.
    unsafe {
        let found = item(address, i);
        lua_rawgeti(l, idx, i);
        let expected = *top(l).sub(1);
        lua_pop(l, 1);
        found.is_some_and(|found| is_same(found, expected))
    }
}

fn is_same(a: Slot, b: Slot) -> bool {
    a.tag == b.tag && (a.tag == NIL || a.bits == b.bits)
}

unsafe fn check_closure(l: *mut lua_State) -> bool {
    unsafe extern "C-unwind" fn nothing(_l: *mut lua_State) -> c_int {
        0
    }
    static MARK: u8 = 0;
    // SAFETY: the stack was checked; a closure with an upvalue is longer than the words read of it.
    unsafe {
        push_function(l, nothing, (&raw const MARK).cast());
        let slot = *top(l).sub(1);
        slot.tag == C_CLOSURE
            && (slot.bits as *const u8).add(CLOSURE_UPVALUES).cast::<usize>().read()
                == &raw const MARK as usize
    }
}
