//! What one Lua VM owns: the ctype table, shapes, registry references, and what is known of the calls in flight.
//!
//! Found through the registry, so that a second load of the module in the same VM finds the first's state. Metamethods
//! reach it through the shape in a cdata's header, `ffi.*` functions through their upvalue.

use foldhash::HashMap;
use std::any::Any;
use std::cell::{Cell, RefCell, UnsafeCell};
use std::ffi::{c_int, c_void};
use std::sync::atomic::{AtomicU8, Ordering};

use super::address_map::AddressMap;
use super::elements::Elements;
use super::kept::Kept;
use super::peek;
use super::shape::Shape;
use super::spares::Spares;
use super::stack::*;
use super::texts::Texts;
use crate::cdef::Scratch;
use crate::ctype::{CType, CTypeId, CTypeTable, QualType};
use crate::error::Result;
use crate::native::closure;
use crate::native::thread::{ErrnoDistance, ThreadCell};
use crate::target;

/// The metamethods that a metatype may have.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Meta {
    Index,
    NewIndex,
    Call,
    New,
    Gc,
    Close,
    Name,
    Len,
    Unm,
    Concat,
    Eq,
    Lt,
    Le,
    ToString,
    Pairs,
    Add,
    Sub,
    Mul,
    Div,
    Mod,
    Pow,
    IDiv,
    BAnd,
    BOr,
    BXor,
    Shl,
    Shr,
    BNot,
}

/// The keys of [`Meta`], in its order.
const META_NAMES: [&str; 28] = [
    "__index",
    "__newindex",
    "__call",
    "__new",
    "__gc",
    "__close",
    "__name",
    "__len",
    "__unm",
    "__concat",
    "__eq",
    "__lt",
    "__le",
    "__tostring",
    "__pairs",
    "__add",
    "__sub",
    "__mul",
    "__div",
    "__mod",
    "__pow",
    "__idiv",
    "__band",
    "__bor",
    "__bxor",
    "__shl",
    "__shr",
    "__bnot",
];

impl Meta {
    /// The key in a metatable.
    pub fn name(self) -> &'static str {
        META_NAMES[self as usize]
    }
}

/// The tables of a metatype.
#[derive(Clone, Copy)]
pub struct Metatype {
    /// The user's metatable.
    pub user: Kept,
    /// The metatable of its cdata.
    pub plain: Kept,
    /// The same with `__gc`.
    pub gc: Kept,
}

impl Metatype {
    /// Lets a shape's cdata obey it.
    pub fn apply(self, shape: &Shape) {
        shape.metatype.set(self.user);
        shape.metatable.set(self.plain);
        shape.metatable_gc.set(self.gc);
    }
}

/// Registry references of what the VM's Lua side keeps for us.
#[derive(Default)]
pub struct Refs {
    /// Strings and functions kept alive, as keys.
    pub anchors: Cell<c_int>,
    /// Finalizers by cdata; weak keys.
    pub finalizers: Cell<c_int>,
    /// By cdata, the strings that pointers in its memory lead to; weak keys.
    pub strings: Cell<c_int>,
    /// Ctype objects by shape address.
    pub ctype_objects: Cell<c_int>,
    /// Metatable of cdata.
    pub cdata: Cell<Kept>,
    /// Metatable of cdata with a finalizer.
    pub cdata_gc: Cell<Kept>,
    /// Metatable of ctype objects.
    pub ctype: Cell<c_int>,
    /// The key of each [`Meta`].
    pub meta: [Cell<c_int>; META_NAMES.len()],
    /// The same, as they lie on a stack.
    pub meta_slots: [Cell<u64>; META_NAMES.len()],
    /// `ffi.C`.
    pub default_space: Cell<c_int>,
    /// The error that a callback left.
    pub pending: Cell<c_int>,
}

/// What is known of the calls in flight.
pub struct Calls {
    /// The Lua thread that called C last and has not come home; null while none is in flight.
    pub l: Cell<*mut lua_State>,
    /// The OS thread that called C last.
    pub thread: ThreadCell,
    /// C's `errno` as the last call left it.
    pub errno: Cell<c_int>,
    /// Where C's own lies.
    pub errno_distance: ErrnoDistance,
    /// How many callbacks are in flight; more than any that is allowed, as long as an error is parked.
    pub depth: Cell<u32>,
    /// What callbacks left for the call that comes home next: an error that is parked, word of a foreign thread. Zero if nothing.
    pub left: AtomicU8,
}

impl Calls {
    /// A callback of the innermost call in flight parked an error.
    pub fn park(&self) {
        self.left.fetch_or(PARKED, Ordering::Relaxed);
        self.depth.set(self.depth.get() | HALTED);
    }

    /// Is an error parked?
    pub fn is_parked(&self) -> bool {
        self.left.load(Ordering::Relaxed) & PARKED != 0
    }

    /// A callback was entered on a foreign thread, which may call this.
    pub fn meet_foreign(&self) {
        self.left.fetch_or(FOREIGN, Ordering::Relaxed);
    }

    /// Was an error parked? None is any more.
    pub fn take_parked(&self) -> bool {
        self.depth.set(self.depth.get() & !HALTED);
        self.left.fetch_and(!PARKED, Ordering::Relaxed) & PARKED != 0
    }

    /// Was a callback entered on a foreign thread? That is forgotten.
    pub fn take_foreign(&self) -> bool {
        self.left.fetch_and(!FOREIGN, Ordering::Relaxed) & FOREIGN != 0
    }
}

/// In [`Calls::depth`]: more than any that is allowed, so that no callback runs.
const HALTED: u32 = 1 << 31;

/// In [`Calls::left`]: a callback of the innermost call in flight parked an error.
const PARKED: u8 = 1;
/// In [`Calls::left`]: a callback was entered on a foreign thread.
const FOREIGN: u8 = 2;

/// A small script's shapes, and what they keep, have room for so many at once.
const SHAPES: usize = 28;

/// What one Lua VM owns.
pub struct State {
    /// The ctypes and names. Borrowed for pure work only, never across a Lua call that may raise.
    pub table: RefCell<CTypeTable>,
    /// What C texts are read in. Borrowed as the table is.
    pub scratch: RefCell<Scratch>,
    shapes: RefCell<HashMap<QualType, Box<Shape>>>,
    ctype_shape: Cell<*const Shape>,
    /// Registry references.
    pub refs: Refs,
    /// Calls in flight.
    pub calls: Calls,
    /// Userdata made ahead for callbacks.
    pub spares: Spares,
    /// References to elements that are asked for again and again.
    pub elements: Elements,
    /// Short strings made of memory lately.
    pub texts: Texts,
    /// Shapes of type texts by the address of the (anchored) string.
    pub type_addresses: UnsafeCell<AddressMap<usize>>,
    /// Shapes of type texts by content.
    pub type_texts: RefCell<HashMap<Box<[u8]>, *const Shape>>,
    /// Metatypes by unqualified ctype.
    pub metatypes: RefCell<HashMap<CTypeId, Metatype>>,
    /// The VM's callbacks (`callback::Callbacks`).
    pub callbacks: Cell<*mut c_void>,
    /// Makes a callback of the function at a stack index for a function shape: `callback::from_function`, installed
    /// when the module opens. The one inversion: conversions need callbacks, which need conversions.
    pub make_callback: Cell<Option<MakeCallback>>,
    /// Run when the VM closes.
    pub on_close: Cell<Option<fn(&State)>>,
    /// The Lua thread that callbacks run on while no call of ours is in flight; anchored in the registry.
    pub idle: Cell<*mut lua_State>,
    /// Is the VM closing?
    pub closed: Cell<bool>,
    /// The shapes that arguments of a `...` are given (`call::variadic::VarargShapes`); null until first needed.
    pub vararg_shapes: Cell<*const c_void>,
    int64: Cell<*const Shape>,
    uint64: Cell<*const Shape>,
    kept: RefCell<Vec<Box<dyn Any>>>,
    /// Makes its callbacks' addresses. Dropped behind them.
    pub closures: closure::Owner,
}

/// The OS thread on which C last called a callback that is gone; none once that was raised.
pub static REFUSED_ON: ThreadCell = ThreadCell::none();

/// See [`State::make_callback`].
pub type MakeCallback = unsafe fn(*mut lua_State, c_int, &Shape) -> Result<*const c_void>;

thread_local! {
    /// States of VMs that have closed on this thread. Finalizers that Lua runs after ours may still use their cdata, so a
    /// state is freed when the next VM opens or closes here, or the thread ends, not with its own.
    // Boxed: its shapes point at it.
    #[allow(clippy::vec_box)]
    static GRAVEYARD: RefCell<Vec<(usize, Box<State>)>> = const { RefCell::new(Vec::new()) };
}

/// The registry's key for the state: its address is unique in the process.
static REGISTRY_KEY: u8 = 0;

fn registry_key() -> *const c_void {
    (&raw const REGISTRY_KEY).cast()
}

impl State {
    /// The state of this VM if the module was opened in it before.
    ///
    /// # Safety
    /// `l` is running; one free slot.
    pub unsafe fn find(l: *mut lua_State) -> Option<*const State> {
        // SAFETY: what lies under our key is our userdata, which holds a state.
        unsafe {
            lua_rawgetp(l, LUA_REGISTRYINDEX, registry_key());
            let holder = lua_touserdata(l, -1).cast::<*const State>();
            lua_pop(l, 1);
            if holder.is_null() || (*holder).is_null() { None } else { Some(*holder) }
        }
    }

    /// Makes the state of this VM. Raises for want of memory.
    ///
    /// # Safety
    /// `l` is running; ten free slots; S6.
    pub unsafe fn create(l: *mut lua_State) -> *const State {
        bury(None);
        // SAFETY: S5; the holder is filled before anything can collect it; Lua owns what the registry holds.
        unsafe {
            let holder = lua_newuserdatauv(l, size_of::<*const State>(), 0).cast::<*const State>();
            *holder = std::ptr::null();
            lua_createtable(l, 0, 1);
            lua_pushcclosure(l, close, 0);
            lua_setfield(l, -2, c"__gc".as_ptr());
            lua_setmetatable(l, -2);
            let state = Box::into_raw(Box::new(State {
                table: RefCell::new(CTypeTable::new()),
                scratch: RefCell::default(),
                shapes: RefCell::new(HashMap::with_capacity_and_hasher(SHAPES, Default::default())),
                ctype_shape: Cell::new(std::ptr::null()),
                refs: Refs::default(),
                calls: Calls {
                    l: Cell::new(std::ptr::null_mut()),
                    thread: ThreadCell::none(),
                    errno: Cell::new(0),
                    errno_distance: ErrnoDistance::measure(),
                    depth: Cell::new(0),
                    left: AtomicU8::new(0),
                },
                spares: Spares::new(),
                elements: Elements::new(),
                texts: Texts::new(),
                type_addresses: UnsafeCell::default(),
                type_texts: RefCell::default(),
                metatypes: RefCell::default(),
                callbacks: Cell::new(std::ptr::null_mut()),
                make_callback: Cell::new(None),
                on_close: Cell::new(None),
                closures: closure::Owner::default(),
                idle: Cell::new(std::ptr::null_mut()),
                closed: Cell::new(false),
                vararg_shapes: Cell::new(std::ptr::null()),
                int64: Cell::new(std::ptr::null()),
                uint64: Cell::new(std::ptr::null()),
                kept: RefCell::new(Vec::with_capacity(SHAPES)),
            }));
            *holder = state;
            let void = (*state).table.borrow_mut().intern(CType::Void).plain();
            let objects = (*state).keep(Shape::of_ctype_objects(state, void));
            (*state).ctype_shape.set(objects);

            let refs = &(*state).refs;
            lua_createtable(l, 0, 0);
            refs.anchors.set(luaL_ref(l, LUA_REGISTRYINDEX));
            for weak in [&refs.finalizers, &refs.strings] {
                weak.set(Kept::weak(l, "k", 0).reference);
            }
            lua_createtable(l, 0, 0);
            refs.ctype_objects.set(luaL_ref(l, LUA_REGISTRYINDEX));
            for ((name, slot), bits) in META_NAMES.iter().zip(&refs.meta).zip(&refs.meta_slots) {
                push_str(l, name);
                bits.set(peek::last(l).bits);
                slot.set(luaL_ref(l, LUA_REGISTRYINDEX));
            }
            (*state).idle.set(lua_newthread(l));
            luaL_ref(l, LUA_REGISTRYINDEX);
            lua_pushboolean(l, 0);
            refs.pending.set(luaL_ref(l, LUA_REGISTRYINDEX));

            state
        }
    }

    /// Makes the state one that [`State::find`] finds. Last step of opening, so that a failure before it leaves
    /// nothing half made behind. The holder lies on top of the stack and is popped.
    ///
    /// # Safety
    /// Follows [`State::create`]; S6.
    pub unsafe fn publish(l: *mut lua_State) {
        // SAFETY: from the caller.
        unsafe { lua_rawsetp(l, LUA_REGISTRYINDEX, registry_key()) };
    }

    /// The shape of ctype objects.
    pub fn ctype_shape(&self) -> &Shape {
        // SAFETY: made with the state, freed with it.
        unsafe { &*self.ctype_shape.get() }
    }

    /// The shape of `ty`, made if new.
    pub fn shape(&self, ty: QualType) -> &'static Shape {
        if let Some(shape) = self.shapes.borrow().get(&ty) {
            // SAFETY: boxed and never removed; "static" is as long as the state lives.
            return unsafe { &*std::ptr::from_ref::<Shape>(&**shape) };
        }
        let shape = Shape::new(self, &self.table.borrow(), ty);
        shape.metatable.set(self.refs.cdata.get());
        shape.metatable_gc.set(self.refs.cdata_gc.get());
        // SAFETY: as above.
        let made: &'static Shape = unsafe { &*std::ptr::from_ref::<Shape>(&*shape) };
        self.shapes.borrow_mut().insert(ty, shape);
        let metatypes = self.metatypes.borrow();
        if !metatypes.is_empty()
            && let Some(metatype) = self.meta_owner(ty).and_then(|id| metatypes.get(&id))
        {
            metatype.apply(made);
        }
        made
    }

    /// The ctype whose metatype a cdata of `ty` obeys: a record's own, that of the record a pointer or reference
    /// leads to; also complex numbers and vectors.
    pub fn meta_owner(&self, ty: QualType) -> Option<CTypeId> {
        let table = self.table.borrow();
        let mut id = ty.id;
        if let CType::Reference(to) = table.get(id) {
            id = to.id;
        }
        if let CType::Pointer(to) = table.get(id) {
            id = to.id;
        }
        matches!(table.get(id), CType::Record(_) | CType::Complex(_) | CType::Vector { .. })
            .then(|| table.unaligned(id))
    }

    /// Every shape made so far.
    pub fn each_shape(&self, mut visit: impl FnMut(&'static Shape)) {
        let all: Vec<*const Shape> =
            self.shapes.borrow().values().map(|b| std::ptr::from_ref::<Shape>(&**b)).collect();
        for shape in all {
            // SAFETY: boxed and never removed.
            visit(unsafe { &*shape });
        }
    }

    /// Keeps the value at `idx` alive for as long as the VM lives. Slots 0, raises.
    ///
    /// # Safety
    /// `idx` is absolute and no nil or NaN; three free slots; S6.
    pub unsafe fn anchor(&self, l: *mut lua_State, idx: c_int) {
        // SAFETY: S5 from the caller.
        unsafe {
            lua_rawgeti(l, LUA_REGISTRYINDEX, self.refs.anchors.get().into());
            lua_pushvalue(l, idx);
            lua_pushboolean(l, 1);
            lua_rawset(l, -3);
            lua_pop(l, 1);
        }
    }

    /// Pushes the entry `meta` of the metatype that a cdata of `shape` obeys. Slots +1 if there is one, else 0; never
    /// raises.
    ///
    /// # Safety
    /// Three free slots.
    pub unsafe fn push_meta(&self, l: *mut lua_State, shape: &Shape, meta: Meta) -> bool {
        let metatype = shape.metatype.get();
        if metatype.is_none() {
            return false;
        }
        // SAFETY: S5; the reference is of a table; the key is a short string that the registry keeps.
        unsafe {
            if peek::is_available() {
                let found = self.meta_slot(shape, meta);
                if found.tag != peek::NIL {
                    peek::push(l, found.bits, found.tag);
                }
                return found.tag != peek::NIL;
            }
            metatype.push(l);
            lua_rawgeti(l, LUA_REGISTRYINDEX, self.refs.meta[meta as usize].get().into());
            if lua_rawget(l, -2) == LUA_TNIL {
                lua_pop(l, 2);
                return false;
            }
            lua_remove(l, -2);
        }
        true
    }

    /// As [`State::push_meta`], but pushes nothing: [`peek::NIL`] if there is no such entry.
    ///
    /// # Safety
    /// [`peek::is_available`].
    #[inline(always)]
    pub unsafe fn meta_slot(&self, shape: &Shape, meta: Meta) -> peek::Slot {
        if shape.metatype.get().is_none() {
            return peek::Slot::NIL;
        }
        // SAFETY: the registry keeps the table and the name.
        unsafe { peek::field(shape.metatype.get().address, self.refs.meta_slots[meta as usize].get()) }
    }

    /// The shape of `uint64_t` or `int64_t`, which boxed integers are.
    #[inline]
    pub fn boxed(&self, unsigned: bool) -> &'static Shape {
        let slot = if unsigned { &self.uint64 } else { &self.int64 };
        if slot.get().is_null() {
            self.find_boxed(unsigned, slot);
        }
        // SAFETY: shapes live as long as their state.
        unsafe { &*slot.get() }
    }

    #[cold]
    #[inline(never)]
    fn find_boxed(&self, unsigned: bool, slot: &Cell<*const Shape>) {
        let kind = if unsigned { target::UINT64 } else { target::INT64 };
        let id = self.table.borrow().int(kind);
        slot.set(self.shape(id.plain()));
    }

    /// Keeps a value for as long as the state lives.
    pub fn keep<T: 'static>(&self, value: T) -> &'static T {
        let kept = Box::new(value);
        // SAFETY: boxed, and dropped with the state only; "static" is as long as the state lives.
        let shared = unsafe { &*std::ptr::from_ref::<T>(&*kept) };
        self.kept.borrow_mut().push(kept);
        shared
    }
}

/// The holder's `__gc`: the VM is closing.
unsafe extern "C-unwind" fn close(l: *mut lua_State) -> c_int {
    // SAFETY: the metatable is the holder's alone.
    unsafe {
        let holder = lua_touserdata(l, 1).cast::<*mut State>();
        if holder.is_null() || (*holder).is_null() {
            return 0;
        }
        let state = *holder;
        *holder = std::ptr::null_mut();
        (*state).closed.set(true);
        if let Some(run) = (*state).on_close.get() {
            run(&*state);
        }
        bury(Some(Box::from_raw(state)));
    }
    0
}

/// Frees what this thread buried before, and buries `state`.
///
/// But a VM may close, or open, another from one of its own last finalizers, and use its state afterwards. That runs deeper in the C stack than
/// the finalizer that buried the state (which ended, but was called from the same `lua_close`): what was buried further up stays.
#[inline(never)]
fn bury(state: Option<Box<State>>) {
    // (Stacks grow downwards wherever this is built.)
    let here = std::ptr::from_ref(&state).addr();
    // Where the thread is ending already there is no grave any more, and the state is left to lie.
    let _ = GRAVEYARD.try_with(|dead| {
        let freed: Vec<_> = dead.borrow_mut().extract_if(.., |(grave, _)| *grave <= here).collect();
        drop(freed);
        dead.borrow_mut().extend(state.map(|state| (here, state)));
    });
}
