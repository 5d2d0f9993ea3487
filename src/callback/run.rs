//! What runs when C calls a callback: arguments onto Lua's stack, the protected call, the result back, errors kept.

use std::ffi::{c_int, c_void};
use std::io::Write;

use super::Callback;
use super::plan::{Plan, Quick};
use crate::cdata::{self, Bounds};
use crate::conv::from_lua::{self, Room};
use crate::conv::number;
use crate::conv::to_lua::{self, Way};
use crate::door;
use crate::error::{Blame, Error, Result, What};
use crate::native::thread::Thread;
use crate::vm::peek;
use crate::vm::shape::Op;
use crate::vm::stack::*;
use crate::vm::state::State;

/// A call of a callback, while it is under way.
struct Invocation<'a> {
    callback: &'a Callback,
    frame: *const u64,
    result: *mut u8,
}

/// The handler of callbacks of any result but a word: C's door to Lua.
///
/// What the function frees meanwhile stays what it is ([`super::Callbacks::free`]), so nothing of it is counted.
pub(super) unsafe extern "C" fn enter(data: *mut c_void, frame: *const u64, result: *mut u8) -> u64 {
    // SAFETY: `data` is the callback's own, alive as long as its closure, and as one runs; frame and result are the signature's.
    unsafe {
        let callback = &*data.cast_const().cast::<Callback>();
        let state = &*callback.plan.get().state;
        if !state.calls.thread.is(Thread::current()) {
            return refuse_thread(state);
        }
        enter_slowly(callback, frame, result);
        0
    }
}

/// The handler of callbacks whose result is a word: as [`enter`], and the usual case is served here.
pub(super) unsafe extern "C" fn enter_for_word(
    data: *mut c_void,
    frame: *const u64,
    _result: *mut u8,
) -> u64 {
    // SAFETY: as in `enter`.
    unsafe { enter_usually(&*data.cast_const().cast(), Any(frame)) }
}

/// As [`enter_for_word`], of up to three arguments in registers ([`Few`]), and a result that is an integer, or none.
#[rustfmt::skip]
pub(super) unsafe extern "C" fn enter_for_int<const N: usize, const SORT: u8>(
    a: u64, b: u64, c: u64, data: *mut c_void, x: f64, y: f64, z: f64,
) -> u64 {
    let words = if SORT == DOUBLES { [x.to_bits(), y.to_bits(), z.to_bits()] } else { [a, b, c] };
    // SAFETY: as in `enter`.
    unsafe { enter_usually(&*data.cast_const().cast(), Few::<N, SORT>(words)) }
}

/// The same of doubles alone, and so is the result.
#[rustfmt::skip]
pub(super) unsafe extern "C" fn enter_for_float<const N: usize>(
    _: u64, _: u64, _: u64, data: *mut c_void, x: f64, y: f64, z: f64,
) -> f64 {
    let words = [x.to_bits(), y.to_bits(), z.to_bits()];
    // SAFETY: as in `enter`.
    f64::from_bits(unsafe { enter_usually(&*data.cast_const().cast(), Few::<N, FLOATS>(words)) })
}

/// The usual case: a call of ours is in flight, there is room, and nothing has to be made first.
#[inline(always)]
unsafe fn enter_usually(callback: &Callback, args: impl Arguments) -> u64 {
    // SAFETY: as in `enter`.
    unsafe {
        let plan = callback.plan.get();
        let state = &*plan.state;
        let calls = &state.calls;
        let thread = Thread::current();
        if !calls.thread.is(thread) {
            return refuse_thread(state);
        }
        let l = calls.l.get();
        let is_usual = !l.is_null()
            && calls.depth.get() < DEPTH_MAX
            && args.are_ready(state, plan)
            && peek::has_room(l, plan.room);
        if !is_usual {
            return args.enter_slowly(callback);
        }
        calls.errno.set(*thread.errno(calls.errno_distance));
        calls.depth.set(calls.depth.get() + 1);
        let word = run_peeking(l, callback, &args);
        // (Read anew: so nothing but the callback need be kept beside the call.)
        let calls = &(*callback.plan.get().state).calls;
        calls.depth.set(calls.depth.get() - 1);
        *Thread::current().errno(calls.errno_distance) = calls.errno.get();
        word
    }
}

/// Another OS thread: Lua must not run. (What is read and told here is atomic; nothing else of the state is touched.)
#[cold]
#[inline(never)]
fn refuse_thread(state: &State) -> u64 {
    state.calls.meet_foreign();
    // (`eprintln` would panic where stderr takes no more.)
    let _ = writeln!(std::io::stderr(), "ffi: callback called from a foreign thread");
    0
}

/// As [`enter_slowly_for_word`], of arguments in registers.
#[cold]
#[inline(never)]
unsafe fn enter_slowly_with(callback: &Callback, words: [u64; 3]) -> u64 {
    let mut frame = [0u64; 32];
    let args = callback.plan.get().quick.as_deref().unwrap_or_default();
    for (arg, word) in args.iter().zip(words) {
        frame[usize::from(arg.word)] = word;
    }
    // SAFETY: as in `enter`; the frame has what the plan reads of one.
    unsafe { enter_slowly_for_word(callback, frame.as_ptr()) }
}

/// As [`enter_slowly`], for a word.
#[cold]
#[inline(never)]
unsafe fn enter_slowly_for_word(callback: &Callback, frame: *const u64) -> u64 {
    let mut result = [0u64; 2];
    // SAFETY: as in `enter`; the result has room for more than a word.
    unsafe { enter_slowly(callback, frame, result.as_mut_ptr().cast()) };
    result[0]
}

/// Any case: what must not run, arguments that want memory of Lua's, a stack that has to grow first.
#[inline(never)]
unsafe fn enter_slowly(callback: &Callback, frame: *const u64, result: *mut u8) {
    // SAFETY: as in `enter`.
    unsafe {
        let plan = callback.plan.get();
        let state = &*plan.state;
        let calls = &state.calls;
        let errno = Thread::current().errno(calls.errno_distance);
        if calls.is_parked() || state.closed.get() {
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
                Some(_) if plan.signature.gives_word() && peek::is_available() => {
                    match state.spares.provide(l, plan.spares) {
                        true => {
                            result.cast::<u64>().write(run_peeking(l, callback, &Any(frame)));
                            Ok(())
                        }
                        false => Err(Error::on_stack()),
                    }
                }
                _ => run_protected(l, callback, frame, result),
            }
        };
        match outcome {
            Ok(()) => lua_settop(l, top),
            Err(error) => {
                std::ptr::write_bytes(result, 0, plan.signature.result_size());
                fail(l, callback, top, error);
            }
        }
        calls.depth.set(calls.depth.get() - 1);
        *errno = calls.errno.get();
    }
}

/// Parks what went wrong, for which C is given a zero; the stack becomes `top` values high again.
#[cold]
#[inline(never)]
unsafe fn fail(l: *mut lua_State, callback: &Callback, top: c_int, error: Box<Error>) {
    // SAFETY: from the caller.
    unsafe {
        park(l, &*callback.plan.get().state, callback.function, error);
        lua_settop(l, top);
    }
}

/// Free slots of Lua's stack that a callback wants besides its arguments'.
pub(super) const SLOTS: usize = 12;

/// Deepest nesting of callbacks, below Lua's own limit of 200 nested calls from C: that one would be met inside of C.
const DEPTH_MAX: u32 = 190;

/// How the arguments of a [`Plan::quick`] get onto the stack.
trait Arguments {
    /// Is there all that takes?
    fn are_ready(&self, state: &State, plan: &Plan) -> bool;

    /// Writes them from `slot` on, and gives the first slot behind them.
    ///
    /// # Safety
    /// S5: room was made; [`Arguments::are_ready`].
    unsafe fn lay(&self, plan: &Plan, slot: *mut peek::Slot) -> *mut peek::Slot;

    /// What [`enter_slowly`] makes of them.
    ///
    /// # Safety
    /// As in [`enter`].
    unsafe fn enter_slowly(&self, callback: &Callback) -> u64;

    /// The word of a result with the tag that the plan expects; none of any other.
    fn word(&self, plan: &Plan, result: peek::Slot) -> Option<u64>;
}

/// Any of them, in a frame of the plan's signature.
struct Any(*const u64);

impl Arguments for Any {
    #[inline(always)]
    fn are_ready(&self, state: &State, plan: &Plan) -> bool {
        peek::is_available() && state.spares.are(plan.spares)
    }

    #[inline(always)]
    unsafe fn lay(&self, plan: &Plan, mut slot: *mut peek::Slot) -> *mut peek::Slot {
        // SAFETY: from the caller.
        unsafe {
            for arg in plan.quick.as_deref().unwrap_or_default() {
                slot.write(slot_of(plan, arg, self.0.add(arg.word.into())));
                slot = slot.add(1);
            }
            slot
        }
    }

    #[inline(always)]
    unsafe fn enter_slowly(&self, callback: &Callback) -> u64 {
        // SAFETY: from the caller.
        unsafe { enter_slowly_for_word(callback, self.0) }
    }

    #[inline(always)]
    fn word(&self, plan: &Plan, result: peek::Slot) -> Option<u64> {
        word_of(plan, result)
    }
}

/// See [`Arguments::word`]: of any type.
#[inline(always)]
fn word_of(plan: &Plan, result: peek::Slot) -> Option<u64> {
    let peek::Slot { bits, tag } = result;
    (tag == plan.result_tag).then(|| match plan.result_way {
        Way::Signed(upper) => Way::signed(upper, bits),
        Way::Uint64 => bits,
        Way::Other => number::extend(plan.result_op, bits as i64),
    })
}

/// An argument's word as a slot.
///
/// # Safety
/// The word is the argument's; there is a spare, if it wants one.
#[inline(always)]
unsafe fn slot_of(plan: &Plan, arg: &Quick, at: *const u64) -> peek::Slot {
    // SAFETY: from the caller; plain values raise nothing.
    unsafe {
        match arg.way {
            Way::Signed(upper) => peek::Slot { bits: Way::signed(upper, *at), tag: arg.tag },
            Way::Uint64 if *at <= i64::MAX as u64 => peek::Slot { bits: *at, tag: arg.tag },
            _ if arg.op == Op::Pointer && *at != 0 => boxed(plan, arg, *at),
            _ => to_lua::plain(arg.op, at.cast::<u8>().cast_mut()).unwrap_or_else(|| boxed(plan, arg, *at)),
        }
    }
}

/// What does not fit into a slot: a pointer, or an integer, of a spare userdata's.
///
/// # Safety
/// There is a spare.
#[inline(always)]
unsafe fn boxed(plan: &Plan, arg: &Quick, word: u64) -> peek::Slot {
    // SAFETY: from the caller; the shape is a pointer's or a boxed integer's. What was lent is a spare.
    unsafe {
        let (spares, address) = (&(*plan.state).spares, word as usize as *mut u8);
        let Some(n) = arg.lent else { return cdata::of_spare(spares.take(), arg.shape, address) };
        let last = spares.lent(n);
        if !cdata::is_same(*last, arg.shape, address) {
            last.write(cdata::of_spare(spares.take(), arg.shape, address));
        }
        *last
    }
}

/// `N` arguments as registers have them; all are of a sort.
struct Few<const N: usize, const SORT: u8>([u64; 3]);

/// `int`s, and so is the result, if there is one.
pub(super) const INTS: u8 = 0;
/// Any in integer registers.
pub(super) const WORDS: u8 = 1;
/// `double`s.
pub(super) const DOUBLES: u8 = 2;
/// `double`s, and so is the result.
const FLOATS: u8 = 3;

impl<const N: usize, const SORT: u8> Arguments for Few<N, SORT> {
    #[inline(always)]
    fn are_ready(&self, state: &State, plan: &Plan) -> bool {
        SORT != WORDS || state.spares.are(plan.spares)
    }

    #[inline(always)]
    unsafe fn lay(&self, plan: &Plan, slot: *mut peek::Slot) -> *mut peek::Slot {
        // SAFETY: from the caller; the plan has as many arguments.
        unsafe {
            let args = plan.quick.as_deref().unwrap_unchecked();
            for i in 0..N {
                let word = self.0[i];
                slot.add(i).write(match SORT {
                    INTS => peek::Slot { bits: Way::signed(32, word), tag: peek::INT },
                    DOUBLES | FLOATS => peek::Slot { bits: word, tag: peek::FLOAT },
                    _ => slot_of(plan, args.get_unchecked(i), &word),
                });
            }
            slot.add(N)
        }
    }

    #[inline(always)]
    unsafe fn enter_slowly(&self, callback: &Callback) -> u64 {
        // SAFETY: from the caller.
        unsafe { enter_slowly_with(callback, self.0) }
    }

    #[inline(always)]
    fn word(&self, plan: &Plan, result: peek::Slot) -> Option<u64> {
        let peek::Slot { bits, tag } = result;
        match SORT {
            INTS => (tag == plan.result_tag).then(|| Way::signed(32, bits)),
            FLOATS => (tag == peek::FLOAT).then_some(bits),
            _ => word_of(plan, result),
        }
    }
}

/// As [`run_protected`], by what lies on the stack, and with pointers; of a result that is a word. The stack is left as it was.
#[inline(always)]
unsafe fn run_peeking(l: *mut lua_State, callback: &Callback, args: &impl Arguments) -> u64 {
    let plan = callback.plan.get();
    // SAFETY: S5: room was made; the function is anchored.
    unsafe {
        let slot = peek::top(l);
        slot.write(callback.value.get());
        peek::set_top(l, args.lay(plan, slot.add(1)));
        if lua_pcall(l, plan.args.len() as c_int, plan.results, 0) != LUA_OK {
            fail(l, callback, lua_gettop(l) - 1, Error::on_stack());
            return 0;
        }
        // (Read anew, as in `enter_usually`.)
        let plan = callback.plan.get();
        if let Some(word) = args.word(plan, *peek::top(l).sub(1)) {
            peek::pop(l);
            return word;
        }
        if plan.result_op == Op::None {
            return 0;
        }
        run_result(l, callback)
    }
}

/// Any result that is a word: the value on top, which is popped.
#[inline(never)]
unsafe fn run_result(l: *mut lua_State, callback: &Callback) -> u64 {
    let mut result = [0u64; 2];
    let at = result.as_mut_ptr().cast();
    // SAFETY: as in `run_peeking`; the result has room for more than a word.
    unsafe {
        let top = lua_gettop(l) - 1;
        match convert_result(l, callback, at) {
            Ok(()) => lua_settop(l, top),
            Err(error) => {
                fail(l, callback, top, error);
                return 0;
            }
        }
    }
    result[0]
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
            return Err(Error::on_stack());
        }
        if lua_pcall(l, plan.args.len() as c_int, plan.results, 0) != LUA_OK {
            return Err(Error::on_stack());
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
            return Err(Error::on_stack());
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
pub(super) unsafe fn keep_text(l: *mut lua_State, state: &State, callback: *const Callback) {
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
        state.calls.park();
        warn_of_parked(l);
        lua_rawseti(l, LUA_REGISTRYINDEX, state.refs.pending.get().into());
    }
}

/// Tells who listens to warnings of the error on top: C may take its time, or wait for a callback that will not run any more.
unsafe fn warn_of_parked(l: *mut lua_State) {
    // SAFETY: a string stays as it is; warnings take no slots and raise nothing.
    unsafe {
        let is_text = lua_type(l, -1) == LUA_TSTRING;
        let text = if is_text {
            lua_tolstring(l, -1, std::ptr::null_mut())
        } else {
            lua_typename(l, lua_type(l, -1))
        };
        lua_warning(l, c"ffi: an error in a callback, to be raised when C returns: ".as_ptr(), 1);
        lua_warning(l, text, 0);
    }
}

door! {
    fn raise_parked = raise_parked_body;
}

unsafe fn raise_parked_body(l: *mut lua_State) -> Result<c_int> {
    // SAFETY: only `park` calls this, with a pair that outlives the call. S6: what of the error may be alive when Lua raises stays in the pair,
    // which `park` drops; what is taken out of it is dropped first, or given back.
    unsafe {
        let (parked, function) = &mut *lua_touserdata(l, 1).cast::<(Option<Box<Error>>, c_int)>();
        let place = push_last_line(l, *function);
        match parked.take() {
            Some(error) if place => {
                let text = error.what.to_string();
                drop(error);
                push_string(l, text);
                lua_concat(l, 2);
                Err(Error::on_stack())
            }
            Some(error) => Err(error),
            None => Ok(0),
        }
    }
}
