//! Lua calls C: arity, the call, the result back, and what callbacks left behind. What arguments become is `argument`'s.
//!
//! Each function type has a [`Plan`], worked out at its first call: where every argument goes and how it converts. A
//! function of a library that is called often is bound to a thunk that brings plan and address along; any other comes
//! through the generic `__call`. Stack index 1 is always the function itself.

mod argument;
mod variadic;

use std::cell::{Cell, RefCell};
use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::sync::atomic::Ordering;

use crate::cdata::{self, Bounds, Header};
use crate::conv::to_lua::{self, Way};
use crate::ctype::{CType, FunctionId, QualType};
use crate::error::{Error, Result, What};
use crate::native::signature::{Place, Signature};
use crate::native::thread::Thread;
use crate::vm::entry;
use crate::vm::peek;
use crate::vm::shape::{Class, Op, Shape};
use crate::vm::stack::*;
use crate::vm::state::{REFUSED_ON, State};
use crate::vm::thunk::ThunkHandler;
use argument::{Arg, quick_copy, quick_slot};

/// How the calls of a function type go.
struct Plan {
    state: *const State,
    /// The function type, and does it take a `...`?
    function: FunctionId,
    is_variadic: bool,
    fixed: Route,
    /// Routes of a variadic function by the types of the arguments beyond the declared ones.
    variadic: RefCell<Vec<&'static VariadicRoute>>,
    last: Cell<*const VariadicRoute>,
}

/// A [`Route`] for arguments beyond the declared ones.
struct VariadicRoute {
    route: Route,
    /// The types beyond the declared ones.
    extra: Vec<QualType>,
    /// What the arguments beyond the declared ones were when the route was made.
    sources: Vec<variadic::Source>,
}

/// A plan for one list of argument types.
struct Route {
    signature: Signature,
    args: Vec<Arg>,
    result: &'static Shape,
    result_op: Op,
    result_way: Way,
    /// Unless its way is [`Way::Other`].
    result_tag: u8,
    /// Do frame and result fit into [`Buffers`]?
    fits: bool,
    /// Is the result written straight into its cdata ([`Signature::has_hidden_result`])?
    is_in_place: bool,
    /// May [`quick_few`] make the call?
    is_few: bool,
}

/// A function of a library: what its thunk brings along.
pub struct Bound {
    plan: &'static Plan,
    target: *const c_void,
}

/// Words of a frame that lies on the C stack; a larger one becomes a userdata.
const FRAME_WORDS: usize = 48;
/// Bytes of a result buffer on the C stack.
const RESULT_BYTES: usize = 64;

/// A frame and a result on the C stack. Uninitialised on purpose: what the signature does not name is not read as a value.
#[repr(C, align(16))]
struct Buffers {
    frame: [MaybeUninit<u64>; FRAME_WORDS],
    result: [MaybeUninit<u8>; RESULT_BYTES],
}

impl Buffers {
    /// The addresses of both.
    #[inline(always)]
    fn parts(this: *mut Buffers) -> (*mut u64, *mut u8) {
        let result = this.wrapping_byte_add(std::mem::offset_of!(Buffers, result));
        (this.cast(), result.cast())
    }
}

impl Plan {
    /// The plan of a function shape, made when first needed.
    #[inline]
    fn of(shape: &Shape) -> Result<&'static Plan> {
        // SAFETY: no other plan is put there.
        unsafe { shape.kept(&shape.call_plan, || Plan::make_guarded(shape)) }
    }

    #[cold]
    #[inline(never)]
    fn make_guarded(shape: &Shape) -> Result<&'static Plan> {
        entry::guard(|| Plan::make(shape))
    }

    fn make(shape: &Shape) -> Result<&'static Plan> {
        let state = shape.state();
        let CType::Function(id) = shape.ctype() else { return Err(What::InvalidType.into()) };
        let fixed = Route::make(state, id, &[])?;
        Ok(state.keep(Plan {
            state,
            function: id,
            is_variadic: state.table.borrow().function(id).variadic,
            fixed,
            variadic: RefCell::default(),
            last: Cell::new(std::ptr::null()),
        }))
    }
}

impl Route {
    /// The route of a function type's calls, with arguments of `extra` types beyond the declared ones.
    fn make(state: &State, function: FunctionId, extra: &[QualType]) -> Result<Route> {
        let (signature, declared, result, is_variadic) = {
            let table = state.table.borrow();
            let function = table.function(function);
            let signature = Signature::new(&table, function, extra).map_err(What::Nyi)?;
            (signature, function.params.len(), function.result, function.variadic)
        };
        let is_scalar = |op| !matches!(op, Op::Aggregate | Op::Copied);
        let result = state.shape(result.id.plain());
        let mut is_few = signature.has_few() && !is_variadic && is_scalar(result.op());
        let mut args = Vec::with_capacity(signature.places().len());
        for (i, &place) in signature.places().iter().enumerate() {
            // (Shapes may want the table for themselves.)
            let ty = match i.checked_sub(declared) {
                None => state.table.borrow().function(function).params[i],
                Some(i) => extra[i],
            };
            let arg = Arg::new(state.shape(ty), place);
            if arg.op == Op::None {
                return Err(What::SizeUnknown.into());
            }
            is_few &= is_scalar(arg.op);
            args.push(arg);
        }
        if result.op() == Op::None && result.class != Class::Void {
            return Err(What::SizeUnknown.into());
        }
        let (result_way, result_tag) = Way::of(result.op());
        let is_in_place = result.op() == Op::Aggregate && signature.has_hidden_result();
        let result_fits = is_in_place || signature.result_size() <= RESULT_BYTES;
        Ok(Route {
            is_few,
            fits: signature.frame_words() <= FRAME_WORDS && result_fits,
            is_in_place,
            signature,
            args,
            result,
            result_op: result.op(),
            result_way,
            result_tag,
        })
    }
}

/// The thunk's handler: a call of a library's function. `FIXED`: it takes no `...`, a quick call has room for its frame, and its
/// result is no record.
///
/// # Safety
/// Called by Lua through a thunk whose data is a live [`Bound`], which is as `FIXED` says.
unsafe extern "C-unwind" fn call_bound<const FIXED: bool>(l: *mut lua_State, data: *mut c_void) -> c_int {
    // SAFETY: from the caller.
    unsafe {
        let bound = &*data.cast::<Bound>();
        quick_call::<FIXED>(l, bound).unwrap_or_else(|| call_slowly(l, bound))
    }
}

/// As [`call_bound`], for a function of `N` arguments. `VOID`: it has no result.
///
/// # Safety
/// Called by Lua through a thunk whose data is a live [`Bound`], of a route that is few; [`peek::is_available`] when the function was bound.
unsafe extern "C-unwind" fn call_few<const N: usize, const VOID: bool>(
    l: *mut lua_State,
    data: *mut c_void,
) -> c_int {
    // SAFETY: from the caller.
    unsafe {
        let bound = &*data.cast::<Bound>();
        quick_few::<N, VOID>(l, bound).unwrap_or_else(|| call_slowly(l, bound))
    }
}

/// Any call of a library's function.
#[inline(never)]
unsafe fn call_slowly(l: *mut lua_State, bound: &Bound) -> c_int {
    // SAFETY: from `call_bound`.
    unsafe {
        match call_any(l, bound) {
            Ok(n) => n,
            // SAFETY: S6: only the error is alive.
            Err(error) => entry::raise(l, error),
        }
    }
}

/// The usual call, all in one: arguments that convert without a cdata of their own. None if any does not; then C was not
/// called.
#[inline(always)]
unsafe fn quick_call<const FIXED: bool>(l: *mut lua_State, bound: &Bound) -> Option<c_int> {
    // SAFETY: S4: the frame is filled as the route's places say, and large enough; the plan outlives the call. A hidden result is written to its
    // own cdata, which lies on the stack.
    unsafe {
        if !peek::is_available() {
            return None;
        }
        let mut route = &bound.plan.fixed;
        let first = peek::base(l).add(1);
        let given = peek::top(l).offset_from(first) as usize;
        if given != route.args.len() {
            if FIXED {
                return None;
            }
            route = last_route(bound.plan, first, given)?;
        }
        if !FIXED && !route.fits {
            return None;
        }
        let mut buffers: MaybeUninit<Buffers> = MaybeUninit::uninit();
        let (frame, mut result) = Buffers::parts(buffers.as_mut_ptr());
        let mut slot = first;
        for arg in &route.args {
            if let Place::Word(word) = arg.place
                && let Some(bits) = quick_slot(*slot, arg)
            {
                frame.add(word.into()).write(bits);
            } else if !quick_copy(*slot, arg, frame) {
                return None;
            }
            slot = slot.add(1);
        }
        let mut payload = std::ptr::null_mut();
        if !FIXED && route.result_op == Op::Aggregate {
            // Made first: memory that runs out is found out before C is called.
            payload = Header::data(cdata::push_owned(l, route.result, route.result.size()?));
            if route.is_in_place {
                result = payload;
            }
        }
        let call = || route.signature.call(bound.target, frame, result);
        let first = match enter(l, &*bound.plan.state, call) {
            Ok(first) => first,
            Err(error) => entry::raise(l, error),
        };
        if let Some(n) = push_first(l, route, first) {
            return Some(n);
        }
        result.cast::<u64>().write(first);
        if FIXED || route.result_op != Op::Aggregate {
            push_result(l, route, result);
        } else if !route.is_in_place {
            std::ptr::copy_nonoverlapping(result, payload, route.result.size()?);
        }
        Some(1)
    }
}

/// As [`quick_call`], from Lua's stack straight into the registers.
#[inline(always)]
unsafe fn quick_few<const N: usize, const VOID: bool>(l: *mut lua_State, bound: &Bound) -> Option<c_int> {
    // SAFETY: S4: the route is few; the plan outlives the call. The function's VM is laid out as it was when the function was bound.
    unsafe {
        let route = &bound.plan.fixed;
        let first = peek::base(l).add(1);
        if peek::top(l).offset_from(first) != N as isize {
            return None;
        }
        let mut words = [0; N];
        for (i, word) in words.iter_mut().enumerate() {
            let (slot, arg) = (*first.add(i), route.args.get_unchecked(i));
            // (As `quick_slot` starts; from a function that gives an option each argument takes three instructions more.)
            *word = if slot.tag == arg.plain_tag {
                slot.bits
            } else if slot.tag == arg.text_tag {
                peek::string_address(slot) as u64
            } else {
                argument::slot_apart(slot, arg)?
            };
        }
        let call = || route.signature.call_few(bound.target, words);
        let mut first = match enter(l, &*bound.plan.state, call) {
            Ok(first) => first,
            Err(error) => entry::raise(l, error),
        };
        if VOID {
            return Some(0);
        }
        push_first(l, route, first).or_else(|| {
            push_result(l, route, (&raw mut first).cast());
            Some(1)
        })
    }
}

/// Pushes a result that needs no memory of Lua's, and says how many values it is; none of any other. `first` is its first word.
#[inline(always)]
unsafe fn push_first(l: *mut lua_State, route: &Route, first: u64) -> Option<c_int> {
    // SAFETY: S5: a C function has twenty free slots; the word is a scalar's.
    unsafe {
        match (route.result_way, route.result_op) {
            (Way::Signed(upper), _) => peek::push(l, Way::signed(upper, first), route.result_tag),
            (Way::Uint64, _) if first <= i64::MAX as u64 => peek::push(l, first, route.result_tag),
            (_, Op::None) => return Some(0),
            (_, op) => {
                let mut word = first;
                if !to_lua::push_plain(l, op, (&raw mut word).cast()) {
                    return None;
                }
            }
        }
        Some(1)
    }
}

/// The route of the last call of a variadic function, if it does for the `given` arguments from `first` on.
#[inline]
unsafe fn last_route(plan: &Plan, first: *const peek::Slot, given: usize) -> Option<&'static Route> {
    let last = plan.last.get();
    let extra = given.checked_sub(plan.fixed.args.len())?;
    // SAFETY: the state keeps the route; the slots are arguments.
    unsafe {
        if last.is_null() || (*last).sources.len() != extra {
            return None;
        }
        let sources = &(*last).sources;
        let from = first.add(plan.fixed.args.len());
        sources
            .iter()
            .enumerate()
            .all(|(i, known)| variadic::source(*from.add(i)) == *known)
            .then(|| &(*last).route)
    }
}

/// The result of a quick call that needs memory of Lua's.
#[inline(never)]
unsafe fn push_result(l: *mut lua_State, route: &'static Route, result: *mut u8) {
    // SAFETY: S6: only the error is alive when it is raised.
    unsafe {
        if let Err(error) = to_lua::push(l, route.result, route.result_op, result, Bounds::ANY, 0) {
            entry::raise(l, error);
        }
    }
}

impl Bound {
    /// A function of the shape's type at `target`.
    #[inline]
    pub fn new(shape: &Shape, target: *const c_void) -> Result<Bound> {
        Ok(Bound { plan: Plan::of(shape)?, target })
    }

    /// What calls it, given to a thunk.
    pub fn handler(&self) -> ThunkHandler {
        let &Plan { is_variadic, ref fixed, .. } = self.plan;
        let count = fixed.args.len();
        if fixed.is_few && peek::is_available() {
            return if fixed.result_op == Op::None { few::<true>(count) } else { few::<false>(count) };
        }
        if !is_variadic && fixed.fits && fixed.result_op != Op::Aggregate {
            return call_bound::<true>;
        }
        call_bound::<false>
    }
}

/// The [`call_few`] for `count` arguments.
fn few<const VOID: bool>(count: usize) -> ThunkHandler {
    match count {
        0 => call_few::<0, VOID>,
        1 => call_few::<1, VOID>,
        2 => call_few::<2, VOID>,
        _ => call_few::<3, VOID>,
    }
}

/// Calls the C function at `target`, of a function shape, with the arguments from stack index 2 on.
///
/// # Safety
/// `target` is code of the shape's type, as far as the script vouches for it (S1); S6.
pub unsafe fn call(l: *mut lua_State, shape: &Shape, target: *const c_void) -> Result<c_int> {
    // SAFETY: from the caller; what is bound owns nothing.
    unsafe { call_any(l, &Bound::new(shape, target)?) }
}

/// As [`call`], by what a bound function's thunk does: how many results there are. Raises. None if the shape's functions cannot be called;
/// [`call`] says why.
///
/// # Safety
/// As for [`call`].
#[inline(always)]
pub unsafe fn call_as_bound(l: *mut lua_State, shape: &Shape, target: *const c_void) -> Option<c_int> {
    // SAFETY: from the caller. What is bound owns nothing.
    unsafe {
        let bound = Bound::new(shape, target).ok()?;
        Some(bound.handler()(l, (&raw const bound).cast_mut().cast()))
    }
}

/// Any call, by whatever is on the stack.
unsafe fn call_any(l: *mut lua_State, bound: &Bound) -> Result<c_int> {
    // SAFETY: plain reads of the stack.
    unsafe {
        let &Bound { plan, target } = bound;
        let values = if peek::is_available() {
            peek::top(l).offset_from(peek::base(l)) as usize
        } else {
            lua_gettop(l) as usize
        };
        // (Through the debug library there may be not even the function.)
        let Some(given) = values.checked_sub(1) else { return Err(What::ArgumentCount.into()) };
        let declared = plan.fixed.args.len();
        if given == declared {
            return run(l, &*plan.state, &plan.fixed, target);
        }
        if !plan.is_variadic || given < declared {
            return Err(What::ArgumentCount.into());
        }
        let route = variadic_route(l, plan, declared, given)?;
        run(l, &*plan.state, route, target)
    }
}

/// The route for the arguments that lie on the stack beyond the declared ones.
unsafe fn variadic_route(
    l: *mut lua_State,
    plan: &'static Plan,
    declared: usize,
    given: usize,
) -> Result<&'static Route> {
    // SAFETY: plain reads of the stack; the state outlives its plans.
    unsafe {
        let state = &*plan.state;
        let extra = given - declared;
        let peeks = peek::is_available();
        if peeks && let Some(route) = last_route(plan, peek::base(l).add(1), given) {
            return Ok(route);
        }
        let mut types = Vec::with_capacity(extra);
        for i in declared..given {
            let shape =
                variadic::shape_of(l, i as c_int + 2, state).map_err(|e| e.at_argument(i as u32 + 1))?;
            types.push(shape.ty);
        }
        let known = plan.variadic.borrow().iter().find(|r| r.extra == types).copied();
        let route = match known {
            Some(route) => route,
            None => {
                let first = declared as c_int + 2;
                let sources = (0..extra as c_int)
                    .map(|i| {
                        if peeks {
                            variadic::source(*peek::base(l).add((first + i - 1) as usize))
                        } else {
                            (peek::NONE, 0)
                        }
                    })
                    .collect();
                let route = entry::guard(|| Route::make(state, plan.function, &types))?;
                let route = state.keep(VariadicRoute { route, extra: types, sources });
                plan.variadic.borrow_mut().push(route);
                route
            }
        };
        plan.last.set(route);
        Ok(&route.route)
    }
}

#[inline]
unsafe fn run(
    l: *mut lua_State,
    state: &State,
    route: &'static Route,
    target: *const c_void,
) -> Result<c_int> {
    if !route.fits || route.result_op == Op::Aggregate {
        // SAFETY: from the caller.
        return unsafe { run_large(l, state, route, target) };
    }
    let mut buffers: MaybeUninit<Buffers> = MaybeUninit::uninit();
    // SAFETY: both buffers are large enough, checked above; S4: signature and arguments are of one route.
    unsafe {
        let (frame, result) = Buffers::parts(buffers.as_mut_ptr());
        argument::convert(l, &route.args, frame)?;
        let first = enter(l, state, || route.signature.call(target, frame, result))?;
        result.cast::<u64>().write(first);
        match route.result_op {
            Op::None => Ok(0),
            op => {
                if !(peek::is_available() && to_lua::push_plain(l, op, result)) {
                    to_lua::push(l, route.result, op, result, Bounds::ANY, 0)?;
                }
                Ok(1)
            }
        }
    }
}

/// A call with a long frame or a result that becomes a cdata of its own: what the C stack should not hold lives in userdata,
/// which a raise frees.
#[inline(never)]
unsafe fn run_large(
    l: *mut lua_State,
    state: &State,
    route: &'static Route,
    target: *const c_void,
) -> Result<c_int> {
    // SAFETY: the buffers are as large as the signature asks, 16-aligned inside of their blocks, and stay on the stack; so does the cdata that
    // a hidden result is written to.
    unsafe {
        reserve(l, 8)?;
        let (frame_words, result_size) = (route.signature.frame_words(), route.signature.result_size());
        let mut local: MaybeUninit<[u128; FRAME_WORDS / 2]> = MaybeUninit::uninit();
        let frame = if frame_words <= FRAME_WORDS {
            local.as_mut_ptr().cast::<u64>()
        } else {
            let block = lua_newuserdatauv(l, frame_words * 8 + 16, 0) as usize;
            block.next_multiple_of(16) as *mut u64
        };
        argument::convert(l, &route.args, frame)?;
        let own = route.result.size().unwrap_or(0);
        let payload = match route.result_op {
            Op::Aggregate => Header::data(cdata::push_owned(l, route.result, own)),
            _ => std::ptr::null_mut(),
        };
        let made = lua_gettop(l);
        let mut small = [0u128; RESULT_BYTES / 16];
        let result = if route.is_in_place {
            payload
        } else if result_size <= RESULT_BYTES {
            small.as_mut_ptr().cast::<u8>()
        } else {
            let block = lua_newuserdatauv(l, result_size + 16, 0) as usize;
            block.next_multiple_of(16) as *mut u8
        };
        let first = enter(l, state, || route.signature.call(target, frame, result))?;
        result.cast::<u64>().write(first);
        match route.result_op {
            Op::None => Ok(0),
            Op::Aggregate => {
                if !route.is_in_place {
                    std::ptr::copy_nonoverlapping(result, payload, own);
                }
                lua_settop(l, made);
                Ok(1)
            }
            op => {
                to_lua::push(l, route.result, op, result, Bounds::ANY, 0)?;
                Ok(1)
            }
        }
    }
}

/// The call itself, with what must be right around it: the running Lua thread, `errno`, errors that callbacks left. Gives the result's
/// first word (see [`Signature::call`]).
#[inline(always)]
unsafe fn enter(l: *mut lua_State, state: &State, call: impl FnOnce() -> u64) -> Result<u64> {
    let calls = &state.calls;
    // SAFETY: `errno` is this thread's.
    unsafe {
        let thread = Thread::current();
        let outer = calls.l.replace(l);
        calls.thread.set(thread);
        *thread.errno(calls.errno_distance) = calls.errno.get();
        let first = call();
        // (Asked again: that is less than to keep it beside the call.)
        let thread = Thread::current();
        calls.errno.set(*thread.errno(calls.errno_distance));
        calls.l.set(outer);
        if calls.left.load(Ordering::Relaxed) != 0 || REFUSED_ON.is(thread) {
            return Err(left_behind(l, state));
        }
        Ok(first)
    }
}

/// The error that a callback left: on top of the stack, or the one of a foreign thread.
#[cold]
#[inline(never)]
unsafe fn left_behind(l: *mut lua_State, state: &State) -> Box<Error> {
    // SAFETY: the registry slot is ours; writing to it allocates nothing.
    unsafe {
        if state.calls.take_parked() {
            let slot = state.refs.pending.get().into();
            lua_rawgeti(l, LUA_REGISTRYINDEX, slot);
            lua_pushboolean(l, 0);
            lua_rawseti(l, LUA_REGISTRYINDEX, slot);
            return Error::on_stack();
        }
        if state.calls.take_foreign() {
            return What::ForeignThread.into();
        }
        REFUSED_ON.clear();
        What::BadCallback.into()
    }
}
