//! C calls Lua: a Lua function behind a C address.
//!
//! A callback lives until it is freed or its VM closes; the function is anchored in the registry meanwhile. An error in
//! it never jumps over C's frames: it is parked, C gets zero, and the call that C was in raises it when it comes home
//! (`call::enter`). On a foreign OS thread nothing runs.

use std::cell::{Cell, RefCell};
use std::ffi::{c_char, c_int, c_void};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use crate::call::errno_location;
use crate::cdata::{self, Bounds};
use crate::conv::from_lua::{self, Room};
use crate::conv::number;
use crate::conv::to_lua::{self, Way};
use crate::ctype::CType;
use crate::door;
use crate::error::{Blame, Error, Result, What};
use crate::native::closure::{self, Closure};
use crate::native::signature::{Place, Signature};
use crate::vm::address_map::HashByAddress;
use crate::vm::entry;
use crate::vm::peek;
use crate::vm::shape::{Class, Op, Shape};
use crate::vm::spares;
use crate::vm::stack::*;
use crate::vm::state::{FOREIGN, PARKED, REFUSED_ON, State};

/// The callbacks of a VM.
#[derive(Default)]
struct Callbacks {
    by_address: HashByAddress<usize, &'static Callback>,
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

/// How callbacks of a function type go.
struct Plan {
    state: *const State,
    signature: Arc<Signature>,
    args: Vec<(Op, &'static Shape, Place)>,
    result: &'static Shape,
    result_op: Op,
    result_bytes: usize,
    /// Do arguments and result convert without Lua's allocating anything?
    plain: bool,
    /// Does the result?
    result_is_plain: bool,
    /// Do the arguments, but for `spares` of them that take a spare userdata? Then how each gets onto the stack.
    quick: Option<Box<[Quick]>>,
    /// More than there are, if not.
    spares: usize,
    /// Free slots of Lua's stack that a call wants.
    room: usize,
    /// The tag of a result that goes back in the way that `result_way` says. (Any other is converted.)
    result_tag: u8,
    result_way: Way,
}

/// An argument that lies in a word of the frame and needs no memory but a spare userdata.
struct Quick {
    op: Op,
    word: u16,
    way: Way,
    /// As Lua takes it, if its way is not [`Way::Other`].
    tag: u8,
    shape: &'static Shape,
}

/// A call of a callback, while it is under way.
struct Invocation<'a> {
    callback: &'a Callback,
    frame: *const u64,
    result: *mut u8,
}

/// Lets a new VM make callbacks.
pub fn install(state: &State) {
    closure::set_refused(refused);
    state.make_callback.set(Some(from_function));
    state.on_close.set(Some(close));
}

/// What runs when C calls an address whose callback is gone.
fn refused() {
    REFUSED_ON.store(errno_location(), Ordering::Relaxed);
}

fn callbacks(state: &State) -> &RefCell<Callbacks> {
    let mut known = state.callbacks.get().cast::<RefCell<Callbacks>>();
    if known.is_null() {
        known = std::ptr::from_ref(state.keep(RefCell::new(Callbacks::default()))).cast_mut();
        state.callbacks.set(known.cast());
    }
    // SAFETY: kept by the state.
    unsafe { &*known }
}

/// The VM closes: every address refuses from now on.
fn close(state: &State) {
    let all = std::mem::take(&mut *callbacks(state).borrow_mut());
    for callback in all.by_address.values() {
        drop(callback.closure.take());
    }
}

impl Plan {
    /// The plan of a function shape, made when first needed.
    fn of(shape: &Shape) -> Result<&'static Plan> {
        // SAFETY: no other plan is put there.
        unsafe { shape.kept(&shape.callback_plan, || entry::guard(|| Plan::make(shape))) }
    }

    fn make(shape: &Shape) -> Result<Plan> {
        let state = shape.state();
        let CType::Function(id) = shape.ctype() else { return Err(What::InvalidType.into()) };
        let function = state.table.borrow().function(id).clone();
        let signature = Signature::for_closures(&state.table.borrow(), &function).map_err(What::Nyi)?;
        let shapes = function.params.iter().map(|&ty| state.shape(ty));
        let args: Vec<_> =
            shapes.zip(signature.places()).map(|(shape, &place)| (shape.op(), shape, place)).collect();
        let result = state.shape(function.result.id.plain());
        let simple = |op: Op| matches!(op, Op::None | Op::Bool | Op::F32 | Op::F64) || op.is_integer();
        let spares = args.iter().filter(|&&(op, ..)| matches!(op, Op::Pointer | Op::U64)).count();
        let quick = |&(op, shape, place): &(Op, &'static Shape, Place)| match place {
            Place::Word(word) if simple(op) && op != Op::None || op == Op::Pointer => {
                // What a pointer becomes, and what an integer becomes that only fits into a box.
                let shape = if op == Op::U64 { state.boxed(true) } else { shape.unqualified() };
                let (way, tag) = Way::of(op);
                Some(Quick { op, word, way, tag, shape })
            }
            _ => None,
        };
        let quick: Option<_> = if spares <= spares::COUNT { args.iter().map(quick).collect() } else { None };
        let (result_way, result_tag) = Way::of(result.op());
        Ok(Plan {
            state,
            spares: if quick.is_some() { spares } else { usize::MAX },
            quick,
            room: args.len() + SLOTS,
            result_tag,
            result_way,
            plain: simple(result.op())
                && args.iter().all(|&(op, _, place)| {
                    simple(op) && !matches!(op, Op::U64 | Op::None) && matches!(place, Place::Word(_))
                }),
            result_is_plain: simple(result.op()),
            result_op: result.op(),
            result_bytes: signature.result_size(),
            signature: Arc::new(signature),
            args,
            result,
        })
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
        let address = make(l, idx, shape)?;
        let mut all = all.borrow_mut();
        if let Some(callback) = all.by_address.get(&(address as usize)) {
            callback.shared_as.set(Some(key));
            all.shared.insert(key, address as usize);
        }
        Ok(address)
    }
}

/// The address of a new callback for the function at `idx`. May raise.
///
/// # Safety
/// As for [`from_function`].
pub unsafe fn make(l: *mut lua_State, idx: c_int, shape: &Shape) -> Result<*const c_void> {
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
                state.keep(Callback {
                    plan: Cell::new(plan),
                    function,
                    value: Cell::new(peek::Slot { bits: 0, tag: peek::NIL }),
                    shared_as: Cell::new(None),
                    closure: Cell::new(None),
                })
            }
        };
        callback.value.set(value);
        callback
    };
    // Whoever makes callbacks owns the VM now; calls set this anew.
    if state.calls.l.get().is_null() {
        state.calls.thread.store(errno_location(), Ordering::Relaxed);
    }
    let data = std::ptr::from_ref(callback).cast_mut().cast();
    match Closure::new(&plan.signature, enter, data) {
        Ok(closure) => {
            let address = closure.address();
            callback.closure.set(Some(closure));
            all.borrow_mut().by_address.insert(address as usize, callback);
            Ok(address)
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
    fn free = free_body;
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
        lua_pushcclosure(l, f, 0);
    }
    true
}

/// The state of the callback that argument 1 is, and its address, if it is one of ours.
unsafe fn own(l: *mut lua_State) -> Result<(&'static State, usize)> {
    // SAFETY: the cdata is argument 1.
    unsafe {
        let place = cdata::place(match cdata::first_header(l) {
            Some(header) => header,
            None => cdata::check(l, 1)?,
        });
        let is_pointer = place.shape.class == Class::Pointer && place.shape.target().class == Class::Function;
        if !is_pointer {
            return Err(What::BadCallback.into());
        }
        Ok((place.shape.state(), place.data.cast::<usize>().read_unaligned()))
    }
}

unsafe fn free_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: Lua calls us.
    unsafe {
        let (state, address) = own(l)?;
        let all = callbacks(state);
        let Some(gone) = all.borrow_mut().by_address.remove(&address) else {
            return Err(What::BadCallback.into());
        };
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
        let (state, address) = own(l)?;
        let mut all = callbacks(state).borrow_mut();
        let Some(&callback) = all.by_address.get(&address) else {
            return Err(What::BadCallback.into());
        };
        if lua_type(l, 2) != LUA_TFUNCTION {
            let error: Box<Error> = What::Expected("function", cdata::describe(l, 2)).into();
            return Err(error.at_argument(2));
        }
        if let Some(key) = callback.shared_as.take() {
            all.shared.remove(&key);
        }
        lua_pushvalue(l, 2);
        callback.value.set(peek::last(l));
        drop(all);
        lua_rawseti(l, LUA_REGISTRYINDEX, callback.function.into());
        Ok(0)
    }
}

/// The handler of every callback: C's door to Lua. The usual case is served here, all others by [`enter_slowly`].
///
/// What the function frees meanwhile stays what it is ([`Callbacks::free`]), so nothing of it is counted.
unsafe extern "C" fn enter(data: *mut c_void, frame: *const u64, result: *mut u8) -> u64 {
    // SAFETY: `data` is the callback's own, alive as long as its closure, and as one runs; frame and result are the signature's.
    unsafe {
        let callback = &*data.cast_const().cast::<Callback>();
        let plan = callback.plan.get();
        let state = &*plan.state;
        let calls = &state.calls;
        let errno = errno_location();
        if calls.thread.load(Ordering::Relaxed) != errno {
            // Another OS thread: Lua must not run. (What is read and told here is atomic; nothing else of the state is touched.)
            refuse_thread(state);
            return 0;
        }
        let l = calls.l.get();
        let depth = calls.depth.get();
        let is_usual = !l.is_null()
            && calls.left.load(Ordering::Relaxed) & PARKED == 0
            && depth < DEPTH_MAX
            && peek::is_available()
            && peek::has_room(l, plan.room)
            && state.spares.are(plan.spares);
        if !is_usual {
            enter_slowly(callback, frame, result);
            return result.cast::<u64>().read();
        }
        calls.errno.set(*errno);
        calls.depth.set(depth + 1);
        let first = run_peeking(l, callback, frame, result);
        calls.depth.set(depth);
        *errno_location() = calls.errno.get();
        first
    }
}

#[cold]
fn refuse_thread(state: &State) {
    state.calls.left.fetch_or(FOREIGN, Ordering::Relaxed);
    // (`eprintln` would panic where stderr takes no more.)
    let _ = writeln!(std::io::stderr(), "ffi: callback called from a foreign thread");
}

/// Any case: what must not run, arguments that want memory of Lua's, a stack that has to grow first.
#[inline(never)]
unsafe fn enter_slowly(callback: &Callback, frame: *const u64, result: *mut u8) {
    // SAFETY: as in `enter`.
    unsafe {
        let plan = callback.plan.get();
        let state = &*plan.state;
        let calls = &state.calls;
        let errno = errno_location();
        if calls.left.load(Ordering::Relaxed) & PARKED != 0 || state.closed.get() {
            return;
        }
        let calling = calls.l.get();
        let l = if calling.is_null() { state.idle.get() } else { calling };
        if l.is_null() {
            return;
        }
        calls.errno.set(*errno);
        let depth = calls.depth.get();
        calls.depth.set(depth + 1);
        let top = lua_gettop(l);
        let outcome = if depth >= DEPTH_MAX {
            Err(What::CStackOverflow.into())
        } else if lua_checkstack(l, plan.room as c_int) == 0 {
            Err(What::StackOverflow.into())
        } else {
            match &plan.quick {
                Some(_) if peek::is_available() => match state.spares.provide(l, plan.spares) {
                    true => {
                        let first = run_peeking(l, callback, frame, result);
                        result.cast::<u64>().write(first);
                        Ok(())
                    }
                    false => Err(on_stack()),
                },
                _ if plan.plain => run_plain(l, callback, frame, result),
                _ => run_protected(l, callback, frame, result),
            }
        };
        match outcome {
            Ok(()) => lua_settop(l, top),
            Err(error) => fail(l, callback, top, error, result),
        }
        calls.depth.set(depth);
        *errno = calls.errno.get();
    }
}

/// The error value lies on top.
fn on_stack() -> Box<Error> {
    Box::new(Error { what: What::OnStack, blame: Blame::Value })
}

/// Parks what went wrong and gives C a zero; the stack becomes `top` values high again.
#[cold]
#[inline(never)]
unsafe fn fail(l: *mut lua_State, callback: &Callback, top: c_int, error: Box<Error>, result: *mut u8) {
    // SAFETY: the result has as many bytes; from the caller.
    unsafe {
        std::ptr::write_bytes(result, 0, callback.plan.get().result_bytes);
        park(l, &*callback.plan.get().state, callback.function, error);
        lua_settop(l, top);
    }
}

/// Free slots of Lua's stack that a callback wants besides its arguments'.
const SLOTS: usize = 12;

/// Deepest nesting of callbacks, below Lua's own limit of 200 nested calls from C: that one would be met inside of C.
const DEPTH_MAX: u32 = 190;

/// Arguments that no allocation stands behind: pushed right here, the function called protected.
#[inline]
unsafe fn run_plain(
    l: *mut lua_State,
    callback: &Callback,
    frame: *const u64,
    result: *mut u8,
) -> Result<()> {
    let plan = callback.plan.get();
    // SAFETY: S5: room was made; plain values raise nothing.
    unsafe {
        lua_rawgeti(l, LUA_REGISTRYINDEX, callback.function.into());
        for &(op, shape, place) in &plan.args {
            if let Place::Word(word) = place {
                let at = frame.add(word.into()).cast::<u8>().cast_mut();
                to_lua::push(l, shape, op, at, Bounds::ANY, 0)?;
            }
        }
        let results = c_int::from(plan.result_op != Op::None);
        if lua_pcall(l, plan.args.len() as c_int, results, 0) != LUA_OK {
            return Err(on_stack());
        }
        store_result(l, plan, result)
    }
}

/// As [`run_plain`], by what lies on the stack, and with pointers. The stack is left as it was. Gives the result's first word.
#[inline(always)]
unsafe fn run_peeking(l: *mut lua_State, callback: &Callback, frame: *const u64, result: *mut u8) -> u64 {
    let plan = callback.plan.get();
    let args = plan.quick.as_deref().unwrap_or_default();
    // SAFETY: S5: room was made; the function is anchored; plain values raise nothing, and there are spare userdata for the others.
    unsafe {
        let mut slot = peek::top(l);
        slot.write(callback.value.get());
        for arg in args {
            let at = frame.add(arg.word.into());
            slot = slot.add(1);
            match arg.way {
                Way::AsIs => slot.write(peek::Slot { bits: *at, tag: arg.tag }),
                Way::Int32 => slot.write(peek::Slot { bits: *at as i32 as u64, tag: arg.tag }),
                Way::Uint64 if *at <= i64::MAX as u64 => slot.write(peek::Slot { bits: *at, tag: arg.tag }),
                Way::Uint64 | Way::Other => {
                    slot.write(match to_lua::plain(arg.op, at.cast::<u8>().cast_mut()) {
                        Some(value) => value,
                        None => {
                            cdata::of_spare((*plan.state).spares.take(), arg.shape, *at as usize as *mut u8)
                        }
                    })
                }
            }
        }
        peek::set_top(l, slot.add(1));
        let results = c_int::from(plan.result_op != Op::None);
        if lua_pcall(l, args.len() as c_int, results, 0) != LUA_OK {
            fail(l, callback, lua_gettop(l) - 1, on_stack(), result);
            return 0;
        }
        // (Read anew: so nothing but the callback need be kept beside the call.)
        let plan = callback.plan.get();
        let value = *peek::top(l).sub(1);
        if value.tag == plan.result_tag {
            peek::pop(l);
            return match plan.result_way {
                Way::AsIs | Way::Uint64 => value.bits,
                Way::Int32 => value.bits as i32 as u64,
                Way::Other => number::extend(plan.result_op, value.bits as i64),
            };
        }
        if plan.result_op != Op::None {
            run_result(l, callback, result);
        }
        result.cast::<u64>().read()
    }
}

/// Any result: the value on top, which is popped.
#[inline(never)]
unsafe fn run_result(l: *mut lua_State, callback: &Callback, result: *mut u8) {
    // SAFETY: as in `run_peeking`.
    unsafe {
        let top = lua_gettop(l) - 1;
        match convert_result(l, callback, result) {
            Ok(()) => lua_settop(l, top),
            Err(error) => fail(l, callback, top, error, result),
        }
    }
}

/// Converts the value on top into the result.
#[inline]
unsafe fn store_result(l: *mut lua_State, plan: &Plan, result: *mut u8) -> Result<()> {
    // SAFETY: the result buffer has at least 16 bytes, and as many as the type.
    unsafe {
        let top = lua_gettop(l);
        match plan.result_op {
            Op::None => Ok(()),
            op if op.is_integer() => {
                let mut exact = 0;
                let n = lua_tointegerx(l, top, &mut exact);
                let n = if exact != 0 && lua_type(l, top) == LUA_TNUMBER {
                    n
                } else {
                    from_lua::to_integer(l, top, plan.result)?
                };
                // Widened, as a register holds it.
                result.cast::<u64>().write_unaligned(number::extend(op, n));
                Ok(())
            }
            op => {
                let size = plan.result.size().unwrap_or(0);
                from_lua::store(l, top, plan.result, op, result, Room { bytes: size, owner: 0 })
            }
        }
    }
}

/// Any arguments: pushed inside of one protected C function, the function called protected, and the result converted
/// inside of another where that may raise. One after the other, not one in the other: Lua allows 200 nested calls from C.
unsafe fn run_protected(
    l: *mut lua_State,
    callback: &Callback,
    frame: *const u64,
    result: *mut u8,
) -> Result<()> {
    let invocation = Invocation { callback, frame, result };
    let handle = (&raw const invocation).cast_mut().cast();
    let plan = callback.plan.get();
    // SAFETY: S5; a C function without upvalues and a light userdata allocate nothing; `invocation` outlives the calls.
    unsafe {
        lua_pushcclosure(l, prepare, 0);
        lua_pushlightuserdata(l, handle);
        if lua_pcall(l, 1, plan.args.len() as c_int + 1, 0) != LUA_OK {
            return Err(on_stack());
        }
        if lua_pcall(l, plan.args.len() as c_int, c_int::from(plan.result_op != Op::None), 0) != LUA_OK {
            return Err(on_stack());
        }
        convert_result(l, callback, result)
    }
}

/// Converts the value on top into the result, protected where that may raise. An error value takes its place.
#[inline]
unsafe fn convert_result(l: *mut lua_State, callback: &Callback, result: *mut u8) -> Result<()> {
    let invocation = Invocation { callback, frame: std::ptr::null(), result };
    // SAFETY: S5; `invocation` outlives the call.
    unsafe {
        if callback.plan.get().result_is_plain {
            return store_result(l, callback.plan.get(), result);
        }
        lua_pushcclosure(l, convert, 0);
        lua_pushlightuserdata(l, (&raw const invocation).cast_mut().cast());
        lua_pushvalue(l, -3);
        if lua_pcall(l, 2, 0, 0) != LUA_OK {
            return Err(on_stack());
        }
    }
    Ok(())
}

door! {
    fn prepare = prepare_body;
    fn convert = convert_body;
}

/// Leaves the Lua function and its arguments.
unsafe fn prepare_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: only `run_protected` calls this, with an invocation that outlives the call.
    unsafe {
        let invocation = &*lua_touserdata(l, 1).cast::<Invocation>();
        let plan = invocation.callback.plan.get();
        reserve(l, plan.args.len() as c_int + 12)?;
        lua_rawgeti(l, LUA_REGISTRYINDEX, invocation.callback.function.into());
        for &(op, shape, place) in &plan.args {
            let mut parts = [0u128; 4];
            let at = place.read(invocation.frame, shape.size().unwrap_or(0), &mut parts);
            match op {
                Op::Aggregate => to_lua::push_copy(l, shape, at),
                _ => to_lua::push(l, shape, op, at, Bounds::ANY, 0)?,
            }
        }
        Ok(plan.args.len() as c_int + 1)
    }
}

/// Keeps the string on top, which the callback returned last, or nothing for a nil; pops it. Needs 2 slots, raises.
unsafe fn keep_text(l: *mut lua_State, state: &State, callback: *const Callback) {
    // SAFETY: S5; the table is ours.
    unsafe {
        lua_rawgeti(l, LUA_REGISTRYINDEX, state.refs.strings.get().into());
        lua_insert(l, -2);
        lua_rawsetp(l, -2, callback.cast());
        lua_pop(l, 1);
    }
}

/// Converts what the Lua function gave, argument 2.
unsafe fn convert_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: only `run_protected` calls this, with an invocation that outlives the call.
    unsafe {
        let invocation = &*lua_touserdata(l, 1).cast::<Invocation>();
        let plan = invocation.callback.plan.get();
        store_result(l, plan, invocation.result)?;
        if plan.result_op == Op::Pointer && lua_type(l, 2) == LUA_TSTRING {
            // C has the text until it calls again.
            lua_pushvalue(l, 2);
            keep_text(l, &*plan.state, invocation.callback);
        }
        Ok(0)
    }
}

/// Keeps the error for the call that C is in; `function` is the registry reference of the Lua function that it is about.
unsafe fn park(l: *mut lua_State, state: &State, function: c_int, error: Box<Error>) {
    // SAFETY: S5: room was made, or Lua's own reserve is used; the registry slot is there.
    unsafe {
        if error.blame != Blame::Value {
            // Making the message may fail for want of memory: that error is parked instead.
            let mut boxed = (Some(error), function);
            lua_pushcclosure(l, raise_parked, 0);
            lua_pushlightuserdata(l, (&raw mut boxed).cast());
            lua_pcall(l, 1, 0, 0);
        }
        state.calls.left.fetch_or(PARKED, Ordering::Relaxed);
        lua_rawseti(l, LUA_REGISTRYINDEX, state.refs.pending.get().into());
    }
}

door! {
    fn raise_parked = raise_parked_body;
}

unsafe fn raise_parked_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: only `park` calls this, with a pair that outlives the call; S6: the error is put back before Lua may raise.
    unsafe {
        let (parked, function) = &mut *lua_touserdata(l, 1).cast::<(Option<Box<Error>>, c_int)>();
        let place = push_last_line(l, *function);
        match parked.take() {
            Some(error) if place => {
                let text = error.what.to_string();
                drop(error);
                push_string(l, text);
                lua_concat(l, 2);
                Err(on_stack())
            }
            Some(error) => Err(error),
            None => Ok(0),
        }
    }
}
