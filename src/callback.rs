//! C calls Lua: a Lua function behind a C address. Here: who owns it, from `ffi.cast` to `cb:free()`.
//!
//! A callback lives until it is freed or its VM closes; the function is anchored in the registry meanwhile. An error in
//! it never jumps over C's frames: it is parked, C gets zero, and the call that C was in raises it when it comes home
//! (`call::enter`). On a foreign OS thread nothing runs. What runs when C calls is `run`'s, how its type's arguments go is
//! `plan`'s.

mod plan;
mod run;

use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_int, c_void};

use crate::cdata;
use crate::door;
use crate::error::{Result, What};
use crate::native::closure::{self, Closure};
use crate::native::thread::Thread;
use crate::vm::address_map::HashByAddress;
use crate::vm::peek;
use crate::vm::shape::{Class, Op, Shape};
use crate::vm::stack::*;
use crate::vm::state::{REFUSED_ON, State};
use plan::Plan;
use run::keep_text;

/// The callbacks of a VM.
#[derive(Default)]
struct Callbacks {
    /// Every one that was ever made.
    all: Vec<&'static Callback>,
    /// Callbacks made of functions passed as they are, by function and type: passed again, one is used again.
    shared: HashByAddress<(usize, usize), usize>,
    /// Freed. They are used again once no callback runs, which may be one of them.
    free: Vec<&'static Callback>,
}

/// A callback. Its memory is kept as long as the VM; once freed it is another's.
struct Callback {
    plan: Cell<&'static Plan>,
    /// Registry reference of the function; false is there while it has none.
    function: c_int,
    /// The function itself, as it lies on a stack; kept alive by the reference.
    value: Cell<peek::Slot>,
    shared_as: Cell<Option<(usize, usize)>>,
    /// Taken when the callback is freed: from then on the address refuses.
    closure: Cell<Option<Closure>>,
}

/// Lets a new VM make callbacks.
pub fn install(state: &State) {
    closure::set_refused(refused);
    state.make_callback.set(Some(from_function));
    state.on_close.set(Some(close));
}

/// What runs when C calls an address whose callback is gone.
fn refused() {
    REFUSED_ON.set(Thread::current());
}

#[inline]
fn callbacks(state: &State) -> &RefCell<Callbacks> {
    if state.callbacks.get().is_null() {
        make_callbacks(state);
    }
    // SAFETY: kept by the state; only `make_callbacks` stores there.
    unsafe { &*state.callbacks.get().cast() }
}

#[cold]
fn make_callbacks(state: &State) {
    let all = state.keep(RefCell::new(Callbacks::default()));
    state.callbacks.set(std::ptr::from_ref(all).cast_mut().cast());
}

/// The VM closes: every address refuses from now on.
fn close(state: &State) {
    let all = std::mem::take(&mut *callbacks(state).borrow_mut());
    for callback in all.all {
        drop(callback.closure.take());
    }
}

/// The address of a callback for the function at `idx`: for the same function and type always the same one. May raise.
///
/// # Safety
/// `idx` is absolute and a Lua function; `shape` is a function type; four free slots; S6.
pub unsafe fn from_function(l: *mut lua_State, idx: c_int, shape: &Shape) -> Result<*const c_void> {
    let all = callbacks(shape.state());
    // SAFETY: from the caller.
    unsafe {
        let key = (lua_topointer(l, idx) as usize, std::ptr::from_ref(shape) as usize);
        if let Some(&address) = all.borrow().shared.get(&key) {
            return Ok(address as *const c_void);
        }
        let (callback, address) = make_one(l, idx, shape)?;
        callback.shared_as.set(Some(key));
        all.borrow_mut().shared.insert(key, address as usize);
        Ok(address)
    }
}

/// The address of a new callback for the function at `idx`. May raise.
///
/// # Safety
/// As for [`from_function`].
pub unsafe fn make(l: *mut lua_State, idx: c_int, shape: &Shape) -> Result<*const c_void> {
    // SAFETY: from the caller.
    unsafe { make_one(l, idx, shape).map(|(_, address)| address) }
}

unsafe fn make_one(
    l: *mut lua_State,
    idx: c_int,
    shape: &Shape,
) -> Result<(&'static Callback, *const c_void)> {
    let state = shape.state();
    if state.closed.get() {
        return Err(What::BadCallback.into());
    }
    let plan = Plan::of(shape)?;
    let all = callbacks(state);
    let again = if state.calls.depth.get() == 0 { all.borrow_mut().free.pop() } else { None };
    // SAFETY: S6: nothing of ours is alive but what the state keeps. Writing to a registry slot that is there allocates nothing.
    let callback = unsafe {
        lua_pushvalue(l, idx);
        let value = peek::last(l);
        let callback = match again {
            Some(callback) => {
                lua_rawseti(l, LUA_REGISTRYINDEX, callback.function.into());
                callback.plan.set(plan);
                callback
            }
            None => {
                let function = luaL_ref(l, LUA_REGISTRYINDEX);
                let callback = state.keep(Callback {
                    plan: Cell::new(plan),
                    function,
                    value: Cell::new(peek::Slot { bits: 0, tag: peek::NIL }),
                    shared_as: Cell::new(None),
                    closure: Cell::new(None),
                });
                all.borrow_mut().all.push(callback);
                callback
            }
        };
        callback.value.set(value);
        callback
    };
    // Whoever makes callbacks owns the VM now; calls set this anew.
    if state.calls.l.get().is_null() {
        state.calls.thread.set(Thread::current());
    }
    let data = std::ptr::from_ref(callback).cast_mut().cast();
    // SAFETY: the state keeps the callback, and its closures are dropped when it closes.
    match unsafe { Closure::new(&plan.signature, plan.handler, plan.few, data, &state.closures) } {
        Ok(closure) => {
            let address = closure.address();
            callback.closure.set(Some(closure));
            Ok((callback, address))
        }
        Err(what) => {
            // SAFETY: two slots were free.
            unsafe { give_back(l, all, callback) };
            Err(What::Nyi(what).into())
        }
    }
}

/// Takes a callback's function from it, which may be another's then. Slots 0 (needs 1), never raises.
///
/// # Safety
/// Nothing leads to the callback any more, but what runs.
unsafe fn give_back(l: *mut lua_State, all: &RefCell<Callbacks>, callback: &'static Callback) {
    all.borrow_mut().free.push(callback);
    callback.value.set(peek::Slot { bits: 0, tag: peek::NIL });
    // SAFETY: S5; writing to a registry slot that is there allocates nothing.
    unsafe {
        lua_pushboolean(l, 0);
        lua_rawseti(l, LUA_REGISTRYINDEX, callback.function.into());
    }
}

door! {
    /// `cb:free()`
    fn free = quick_free(0) or free_body;
    /// `cb:set(function)`
    fn set = set_body;
}

/// Pushes the method of a function pointer that the key at 2 names. Slots +1 if there is one.
///
/// # Safety
/// Two free slots.
pub unsafe fn method(l: *mut lua_State, shape: &Shape) -> bool {
    // SAFETY: from the caller; Lua's strings end with a NUL.
    unsafe {
        lua_type(l, 2) == LUA_TSTRING && method_named(l, shape, lua_tolstring(l, 2, std::ptr::null_mut()))
    }
}

/// As [`method`], for a name.
///
/// # Safety
/// A free slot.
#[inline]
pub unsafe fn method_named(l: *mut lua_State, shape: &Shape, name: *const c_char) -> bool {
    let base = shape.referred();
    if base.class != Class::Pointer || base.target().class != Class::Function {
        return false;
    }
    // SAFETY: S5 from the caller.
    unsafe {
        let f = if libc::strcmp(name, c"free".as_ptr()) == 0 {
            free
        } else if libc::strcmp(name, c"set".as_ptr()) == 0 {
            set
        } else {
            return false;
        };
        if peek::is_available() {
            peek::push_c_function(l, f);
        } else {
            lua_pushcclosure(l, f, 0);
        }
    }
    true
}

/// The callback that argument 1 is the address of, if it is one of this VM's.
unsafe fn own(l: *mut lua_State) -> Result<(&'static State, &'static Callback)> {
    // SAFETY: the cdata is argument 1, and what is read is a pointer.
    unsafe {
        let referent = cdata::referent(cdata::check_first(l)?);
        let is_pointer = referent.shape.class == Class::Pointer && !referent.data.is_null();
        is_pointer
            .then(|| callback_at(referent.shape, referent.data.cast::<*const c_void>().read_unaligned()))
            .flatten()
            .ok_or_else(|| What::BadCallback.into())
    }
}

/// The callback that a pointer of the shape leads to, if it is one of its VM's.
#[inline]
fn callback_at(pointer: &Shape, address: *const c_void) -> Option<(&'static State, &'static Callback)> {
    let state = pointer.state();
    if pointer.target().class != Class::Function {
        return None;
    }
    let data = closure::data_at(address, &state.closures)?;
    // SAFETY: what a state's closures lead to are its callbacks, kept by it.
    Some((state, unsafe { &*data.cast::<Callback>() }))
}

/// The usual: a pointer to a callback that nothing but its closure leads to. False if it is another.
#[inline]
unsafe fn quick_free(l: *mut lua_State) -> bool {
    // SAFETY: the cdata is argument 1.
    unsafe {
        let Some(header) = cdata::first_header(l) else { return false };
        if (*header).shape().class != Class::Pointer {
            return false;
        }
        let Some((state, gone)) = callback_at((*header).shape(), (*header).address.cast()) else {
            return false;
        };
        if gone.shared_as.get().is_some() || gone.plan.get().result_op == Op::Pointer {
            return false;
        }
        drop(gone.closure.take());
        give_back(l, callbacks(state), gone);
        true
    }
}

unsafe fn free_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us.
    unsafe {
        let (state, gone) = own(l)?;
        let all = callbacks(state);
        if let Some(key) = gone.shared_as.take() {
            all.borrow_mut().shared.remove(&key);
        }
        drop(gone.closure.take());
        give_back(l, all, gone);
        if gone.plan.get().result_op == Op::Pointer {
            lua_pushnil(l);
            keep_text(l, state, gone);
        }
        Ok(0)
    }
}

unsafe fn set_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us; writing to a registry slot that is there allocates nothing.
    unsafe {
        let (state, callback) = own(l)?;
        if lua_type(l, 2) != LUA_TFUNCTION {
            return Err(What::Expected("function", cdata::describe(l, 2)).at_argument(2));
        }
        if let Some(key) = callback.shared_as.take() {
            callbacks(state).borrow_mut().shared.remove(&key);
        }
        lua_pushvalue(l, 2);
        callback.value.set(peek::last(l));
        lua_rawseti(l, LUA_REGISTRYINDEX, callback.function.into());
        Ok(0)
    }
}
