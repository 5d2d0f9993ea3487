//! Name spaces: `ffi.C` and what `ffi.load` returns.
//!
//! A name space is a userdata whose `__index` is a plain Lua table of what was resolved already; the table's own
//! `__index` resolves a name: function (kept), constant (kept) or variable (read each time). Where nothing but
//! variables is asked for, the name space's `__index` is that function itself. A function keeps its library loaded, and so does a
//! reference to a variable.

use std::ffi::{CStr, CString, c_int, c_void};
use std::rc::Rc;

use crate::cdata::{self, Bounds, Header};
use crate::conv::from_lua::{self, Room};
use crate::conv::to_lua::{self, push_constant};
use crate::ctype::{CType, Constant, FloatKind, Name};
use crate::door;
use crate::error::{Result, What};
use crate::native::dl::Library;
use crate::vm::address_map::AddressMap;
use crate::vm::peek;
use crate::vm::shape::{Op, Shape};
use crate::vm::stack::*;
use crate::vm::state::State;

/// What a name space's userdata holds.
struct Clib {
    /// [`MARK`]: tells it from other userdata.
    mark: u64,
    state: *const State,
    /// None once it is closed.
    library: Option<Library>,
    /// Variables by the address of their (anchored) name: shape and address. None before the first, and once the library
    /// is closed.
    variables: Option<AddressMap<Variable>>,
    /// How often what is asked for second was asked for since `__index` changed: variables where that is the cache, all else where
    /// it is the resolver. See [`turn`].
    others: u32,
}

/// The first word of a name space's block.
const MARK: u64 = 0xFFF8_6C69_6263_6C62;

/// After so many variables the resolver becomes `__index`, after so many functions and constants the cache again.
const VARIABLES: u32 = 64;
const FUNCTIONS: u32 = 8;

/// A variable: its shape, and where it lies.
type Variable = (usize, usize);

/// Pushes a name space whose library is still to be opened. Slots +1 (needs 8), raises.
///
/// # Safety
/// S6.
pub unsafe fn push(l: *mut lua_State, state: &State) {
    // SAFETY: S5; the block is filled before its metatable, with `__gc`, is set, and owns nothing yet.
    unsafe {
        let clib = lua_newuserdatauv(l, size_of::<Clib>(), cdata::STAYS_OPEN).cast::<Clib>();
        clib.write(Clib { mark: MARK, state, library: None, variables: None, others: 0 });
        lua_createtable(l, 0, 8);
        // (`__index` is entered first, so it is found first.) The cache, its metatable, and in it the resolver, which knows the name space.
        lua_createtable(l, 0, 32);
        lua_createtable(l, 0, 1);
        lua_pushvalue(l, -4);
        lua_pushvalue(l, -3);
        lua_pushcclosure(l, resolve, 2);
        lua_setfield(l, -2, c"__index".as_ptr());
        lua_setmetatable(l, -2);
        lua_setfield(l, -2, c"__index".as_ptr());
        for (name, f) in
            [(c"__newindex", assign as lua_CFunction), (c"__gc", close), (c"__tostring", to_string)]
        {
            lua_pushcclosure(l, f, 0);
            lua_setfield(l, -2, name.as_ptr());
        }
        push_str(l, "ffi");
        lua_setfield(l, -2, c"__metatable".as_ptr());
        push_str(l, "clib");
        lua_setfield(l, -2, c"__name".as_ptr());
        lua_setmetatable(l, -2);
    }
}

/// Gives the name space at `idx` its library. Slots 0, never raises.
///
/// # Safety
/// What lies at `idx` came from [`push`].
pub unsafe fn open(l: *mut lua_State, idx: c_int, library: Library) {
    // SAFETY: from the caller.
    unsafe { (*lua_touserdata(l, idx).cast::<Clib>()).library = Some(library) };
}

door! {
    fn resolve = quick_variable(1) or resolve_body;
    fn assign = quick_assign(0) or assign_body;
    fn to_string = to_string_body;
}

/// The name space in a userdata of ours; upvalue or first argument of a metamethod.
unsafe fn clib<'a>(l: *mut lua_State, idx: c_int) -> Result<&'a mut Clib> {
    // SAFETY: only our metamethods ask, for their own userdata; the debug library may bring another, told by its size.
    unsafe {
        match name_space(l, idx) {
            Some(clib) => Ok(&mut *clib),
            None => Err(What::Expected("clib", type_name(l, idx).to_owned()).at_argument(1)),
        }
    }
}

/// The name space that the value at `idx` is, if it is one.
unsafe fn name_space(l: *mut lua_State, idx: c_int) -> Option<*mut Clib> {
    // SAFETY: a block of that length has a first word.
    unsafe {
        if lua_type(l, idx) != LUA_TUSERDATA || lua_rawlen(l, idx) != size_of::<Clib>() as _ {
            return None;
        }
        let clib = lua_touserdata(l, idx).cast::<Clib>();
        ((*clib).mark == MARK).then_some(clib)
    }
}

/// As [`name_space`], for what lies in a slot.
///
/// # Safety
/// [`peek::is_available`]; the slot is a value on a stack, an upvalue or a user value.
#[inline(always)]
unsafe fn name_space_in(slot: peek::Slot) -> Option<*mut Clib> {
    // SAFETY: from the caller; a block of that length has a first word.
    unsafe {
        if slot.tag != peek::USERDATA || peek::block_length(slot) != size_of::<Clib>() {
            return None;
        }
        let clib = peek::block(slot).cast::<Clib>();
        ((*clib).mark == MARK).then_some(clib)
    }
}

/// Is the value at `idx` a name space?
///
/// # Safety
/// `idx` is valid or acceptable.
pub unsafe fn is_name_space(l: *mut lua_State, idx: c_int) -> bool {
    // SAFETY: from the caller.
    unsafe { name_space(l, idx).is_some() }
}

/// What a name of a name space leads to.
enum Found {
    Constant(Constant),
    /// What needs no declaration: `NULL`, and the imaginary unit `i`.
    Null,
    Imaginary,
    Function(&'static Shape, *mut c_void),
    Variable(&'static Shape, *mut u8),
}

fn find(clib: &Clib, name: &CStr) -> Result<Found> {
    // SAFETY: a name space does not outlive its VM's state.
    let state = unsafe { &*clib.state };
    let bytes = name.to_bytes();
    let Some(library) = &clib.library else { return Err(What::ClosedLibrary.into()) };
    let symbol = |label: &Option<Rc<str>>| symbol(library, name, label.as_deref());
    match state.table.borrow().name_in_bytes(bytes) {
        Some(Name::Constant(constant)) => Ok(Found::Constant(constant.clone())),
        Some(Name::Function { ty, symbol: s }) => Ok(Found::Function(state.shape(ty.plain()), symbol(s)?)),
        Some(Name::Variable { ty, symbol: s }) => Ok(Found::Variable(state.shape(*ty), symbol(s)?.cast())),
        None if bytes == b"NULL" => Ok(Found::Null),
        None if bytes == b"i" => Ok(Found::Imaginary),
        Some(Name::Typedef(_)) | None => Err(What::MissingDeclaration(in_words(bytes)).into()),
    }
}

/// The address of what a name's declaration is for: the symbol of that name, or the one that its `asm` names.
fn symbol(library: &Library, name: &CStr, label: Option<&str>) -> Result<*mut c_void> {
    let found = match label.map(CString::new) {
        None => library.symbol(name),
        Some(Ok(label)) => library.symbol(&label),
        Some(Err(_)) => Err(format!("undefined symbol: {:?}", label.unwrap_or_default())),
    };
    found.map_err(|why| What::Unresolved(in_words(name.to_bytes()), why).into())
}

/// A name as messages have it.
fn in_words(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

/// The string key at 2.
unsafe fn key<'a>(l: *mut lua_State) -> Result<&'a CStr> {
    // SAFETY: the key stays at 2; Lua puts a NUL behind every string.
    unsafe {
        let name = if peek::is_available() && peek::top(l).offset_from(peek::base(l)) >= 2 {
            peek::string(*peek::base(l).add(1))
        } else {
            bytes(l, 2)
        };
        let Some(name) = name else {
            return Err(What::Expected("string", cdata::describe(l, 2)).at_argument(2));
        };
        // (What holds a NUL is no name.)
        CStr::from_bytes_with_nul(std::slice::from_raw_parts(name.as_ptr(), name.len() + 1))
            .map_err(|_| What::MissingDeclaration(in_words(name)).into())
    }
}

/// The variable of a name space that a key names, if it was used before, and its address.
///
/// # Safety
/// [`peek::is_available`]; both are values on a stack, or an upvalue; the name space is one.
#[inline(always)]
unsafe fn known_variable(space: *const Clib, key: peek::Slot) -> Option<(&'static Shape, *mut u8)> {
    // SAFETY: from the caller. Shapes live as long as their state.
    unsafe {
        let variables = (*space).variables.as_ref()?;
        if key.tag != peek::SHORT_STRING {
            return None;
        }
        let &(shape, address) = variables.get(peek::string_address(key))?;
        Some((&*(shape as *const Shape), address as *mut u8))
    }
}

/// A variable that was used before: a scalar or a pointer. False for anything else.
#[inline]
unsafe fn quick_variable(l: *mut lua_State) -> bool {
    // SAFETY: the running closure's first upvalue is its name space, whatever the arguments are; S6.
    unsafe {
        if !peek::is_available() || peek::top(l).offset_from(peek::base(l)) != 2 {
            return false;
        }
        let Some(space) = name_space_in(peek::upvalue_slot(l)) else { return false };
        let (own, key) = (*peek::base(l), *peek::base(l).add(1));
        let Some((shape, at)) = known_variable(space, key) else { return false };
        if !to_lua::push_plain(l, shape.known_op(), at) {
            if shape.known_op() != Op::Pointer {
                return false;
            }
            cdata::push_word(l, shape, at.cast::<*mut u8>().read_unaligned());
        }
        if own.tag == peek::TABLE && is_turn(space, VARIABLES) {
            turn(l, true);
        }
        true
    }
}

/// Counts one of [`Clib::others`]. Is it the last that `__index` has as it is?
#[inline(always)]
unsafe fn is_turn(space: *mut Clib, limit: u32) -> bool {
    // SAFETY: from the callers: a name space.
    unsafe {
        (*space).others += 1;
        let is_turn = (*space).others >= limit;
        if is_turn {
            (*space).others = 0;
        }
        is_turn
    }
}

/// Makes the resolver, which runs, the `__index` of its name space, so that variables are not looked for in the cache first; or the
/// cache, so that functions take no call. Slots 0 (needs 3), raises.
#[cold]
#[inline(never)]
unsafe fn turn(l: *mut lua_State, to_resolver: bool) {
    // SAFETY: the resolver runs, whose upvalues are the name space and the cache; the metatable is ours, or whatever the debug library
    // brings. Only the quick path makes the resolver `__index`.
    unsafe {
        if lua_getmetatable(l, lua_upvalueindex(1)) != 0 {
            push_str(l, "__index");
            if to_resolver {
                let own = *peek::base(l).sub(1);
                peek::push(l, own.bits, own.tag);
            } else {
                lua_pushvalue(l, lua_upvalueindex(2));
            }
            lua_rawset(l, -3);
            lua_pop(l, 1);
        }
    }
}

/// A number for a variable that was used before. False for anything else.
#[inline]
unsafe fn quick_assign(l: *mut lua_State) -> bool {
    // SAFETY: a metamethod's arguments, whatever they are.
    unsafe {
        if !peek::is_available() || peek::top(l).offset_from(peek::base(l)) != 3 {
            return false;
        }
        let base = peek::base(l);
        let Some(space) = name_space_in(*base) else { return false };
        let Some((shape, at)) = known_variable(space, *base.add(1)) else { return false };
        !shape.is_read_only() && from_lua::store_plain(*base.add(2), shape.known_op(), at)
    }
}

unsafe fn resolve_body(l: *mut lua_State) -> Result<c_int> {
    let space = lua_upvalueindex(1);
    // SAFETY: the upvalues are the name space and its cache; arguments one of them (or whatever the debug library brings)
    // and the key.
    unsafe {
        let own = if peek::is_available() { name_space_in(peek::upvalue_slot(l)) } else { None };
        let clib = match own {
            Some(clib) => &mut *clib,
            None => clib(l, space)?,
        };
        let name = key(l)?;
        let cache = lua_upvalueindex(2);
        let has_cache = lua_type(l, cache) == LUA_TTABLE;
        // (Lua has asked the cache, unless this is `__index` itself.)
        if has_cache && lua_type(l, 1) != LUA_TTABLE {
            lua_pushvalue(l, 2);
            if lua_rawget(l, cache) != LUA_TNIL {
                if is_turn(clib, FUNCTIONS) {
                    turn(l, false);
                }
                return Ok(1);
            }
            lua_pop(l, 1);
        }
        let known = clib.variables.as_ref().and_then(|known| known.get(name.as_ptr() as usize));
        if let Some(&(shape, address)) = known {
            let shape = &*(shape as *const Shape);
            push_variable(l, shape, address as *mut u8, space)?;
            return Ok(1);
        }
        let found = find(clib, name)?;
        let state = &*clib.state;
        let keep = match &found {
            Found::Constant(constant) => {
                push_constant(l, state, constant)?;
                true
            }
            Found::Null => {
                lua_pushnil(l);
                false
            }
            Found::Imaginary => {
                push_imaginary(l, state);
                false
            }
            Found::Function(shape, address) => {
                push_function(l, shape, *address, space)?;
                true
            }
            Found::Variable(shape, address) => {
                remember(l, clib, name, shape, *address);
                push_variable(l, shape, *address, space)?;
                false
            }
        };
        drop(found);
        if keep && has_cache {
            lua_pushvalue(l, 2);
            lua_pushvalue(l, -2);
            lua_rawset(l, cache);
        }
        Ok(1)
    }
}

/// Pushes the complex number i.
unsafe fn push_imaginary(l: *mut lua_State, state: &State) {
    let id = state.table.borrow_mut().intern(CType::Complex(FloatKind::Double));
    let shape = state.shape(id.plain());
    // SAFETY: S5; a new cdata of two doubles.
    unsafe {
        let header = cdata::push_owned(l, shape, 2 * size_of::<f64>());
        Header::data(header).cast::<[f64; 2]>().write_unaligned([0.0, 1.0]);
    }
}

/// Lets the quick paths know a variable, whose name is at 2.
unsafe fn remember(l: *mut lua_State, clib: &mut Clib, name: &CStr, shape: &'static Shape, address: *mut u8) {
    if name.count_bytes() <= SHORT_STRING_MAX {
        // SAFETY: a name space does not outlive its VM's state. (The anchor first, for it may raise.)
        unsafe { (*clib.state).anchor(l, 2) };
        let variable = (std::ptr::from_ref(shape) as usize, address as usize);
        clib.variables.get_or_insert_default().insert(name.as_ptr() as usize, variable);
    }
}

/// Pushes a variable's value. A reference keeps the name space at `space`, without which the library would be closed and its memory gone.
unsafe fn push_variable(l: *mut lua_State, shape: &Shape, address: *mut u8, space: c_int) -> Result<()> {
    // SAFETY: the symbol is of the declared type, as far as the script vouches (S1).
    unsafe {
        if shape.op() == Op::None {
            // Of an opaque struct only the address is of use.
            if !shape.is_incomplete() {
                return Err(What::SizeUnknown.into());
            }
            cdata::push_reference(l, shape.reference(), address, Bounds::ANY, space);
            return Ok(());
        }
        to_lua::push(l, shape, shape.op(), address, Bounds::ANY, space)
    }
}

unsafe fn assign_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us with the name space, the key and the value.
    unsafe {
        let clib = clib(l, 1)?;
        let name = key(l)?;
        match find(clib, name)? {
            Found::Variable(shape, address) => {
                if shape.is_read_only() {
                    return Err(What::ConstWrite.into());
                }
                remember(l, clib, name, shape, address);
                let room = Room { bytes: shape.size().unwrap_or(usize::MAX), owner: 1 };
                from_lua::store(l, 3, shape, shape.op(), address, room)?;
                Ok(0)
            }
            _ => Err(What::ConstWrite.into()),
        }
    }
}

unsafe fn to_string_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: LuaJIT prints a name space as any userdata.
    unsafe {
        let text = format!("userdata: {:p}", lua_touserdata(l, 1));
        push_string(l, text);
        Ok(1)
    }
}

unsafe extern "C-unwind" fn close(l: *mut lua_State) -> c_int {
    // SAFETY: the library's destructor calls no Lua.
    unsafe {
        if let Ok(clib) = clib(l, 1) {
            drop(clib.variables.take());
            let library = clib.library.take();
            if lua_getiuservalue(l, 1, cdata::STAYS_OPEN) == LUA_TBOOLEAN {
                std::mem::forget(library);
            }
        }
    }
    0
}

/// Pushes a function of a library.
unsafe fn push_function(l: *mut lua_State, shape: &Shape, address: *mut c_void, space: c_int) -> Result<()> {
    // SAFETY: S5; a function has a first user value.
    unsafe {
        reserve(l, 3)?;
        cdata::push_function(l, shape, address.cast());
        lua_pushvalue(l, space);
        lua_setiuservalue(l, -2, 1);
    }
    Ok(())
}

/// Is the value at `idx` what a function of a library has as its name space, its library open? (One that the debug library took its name space
/// from is nobody's, and counts as open.) Slots 0, never raises.
///
/// # Safety
/// `idx` is valid.
pub unsafe fn is_open(l: *mut lua_State, idx: c_int) -> bool {
    // SAFETY: from the caller.
    unsafe {
        lua_type(l, idx) != LUA_TUSERDATA || name_space(l, idx).is_some_and(|clib| (*clib).library.is_some())
    }
}

/// As [`is_open`], for what lies in a slot, which has to be a name space.
///
/// # Safety
/// As for [`cdata::header_in`].
#[inline(always)]
pub unsafe fn is_open_in(slot: peek::Slot) -> bool {
    // SAFETY: from the caller.
    unsafe { name_space_in(slot).is_some_and(|clib| (*clib).library.is_some()) }
}
