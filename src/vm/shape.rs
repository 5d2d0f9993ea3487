//! The shape of a ctype: what the hot path needs to know of it, worked out once.
//!
//! One shape for each qualified ctype of a VM, made when first met and kept as long as the VM's [`State`]; a cdata's
//! header points at its shape. A shape of a record or enum that is not complete yet refreshes itself when it is.
//! Owned by `vm::state`. Knows the ctype table; no conversions.

mod asked;
mod field;
mod op;

use std::cell::{Cell, RefCell, UnsafeCell};
use std::ffi::{c_int, c_void};
use std::rc::Rc;

use once_cell::unsync::OnceCell;

use super::address_map::AddressMap;
use super::kept::Kept;
use super::state::State;
use crate::ctype::{ArrayLen, CType, CTypeTable, Qual, QualType, RecordId, repr};
pub use asked::Asked;
pub use field::FieldEntry;
pub use op::Op;

/// What sort of ctype.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Class {
    Void,
    Bool,
    Int,
    Float,
    Complex,
    Vector,
    Pointer,
    Reference,
    Array,
    Function,
    Record,
    Enum,
    /// Not a C type: the shape of ctype objects themselves.
    CTypeObject,
}

/// What bounds the elements that a cdata of a shape is indexed for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Items {
    /// Their number.
    Counted,
    /// Nothing: behind a pointer.
    Pointed,
    /// The bounds in the header; elements of up to 2^28 bytes.
    Bounded,
    /// Not known yet, or a rarer case.
    Other,
}

/// What the hot path knows of a ctype. All sizes are bytes.
pub struct Shape {
    /// The VM it belongs to.
    pub state: *const State,
    /// The ctype and its qualifiers.
    pub ty: QualType,
    /// What sort of ctype.
    pub class: Class,
    /// How values are read and written; refreshed when an incomplete type is completed.
    op: Cell<Op>,
    /// Does a cdata keep its value in the header's address word (scalars up to 8 bytes and pointers)?
    inline_value: Cell<bool>,
    size: Cell<usize>,
    align: Cell<usize>,
    complete: Cell<bool>,
    simple: Cell<bool>,
    read_only: Cell<bool>,
    /// Do cdata of this shape carry bounds (references, VLAs, VLSs)?
    pub wide: Cell<bool>,
    /// User values that cache references: to each member that is read as one, or to one element.
    pub slots: Cell<u8>,
    /// User values that new cdata have besides: see [`Shape::make_room`].
    more_slots: Cell<u8>,
    slot_names: RefCell<Vec<Rc<str>>>,
    target: Cell<*const Shape>,
    variable: Cell<*const Shape>,
    /// The field table of the record this is, points to or refers to; null until first needed.
    pub fields: Cell<*const UnsafeCell<AddressMap<FieldEntry>>>,
    /// Made when first needed: most shapes are no record's.
    own_fields: OnceCell<Box<UnsafeCell<AddressMap<FieldEntry>>>>,
    /// Elements: filled by [`Shape::prepare_items`].
    pub item: Cell<*const Shape>,
    /// Bytes of an element.
    pub item_size: Cell<usize>,
    /// How elements are read; `None` until prepared.
    pub item_op: Cell<Op>,
    /// Elements of an array that owns its memory; `usize::MAX` where nothing is known.
    pub item_count: Cell<usize>,
    /// What bounds elements.
    pub items: Cell<Items>,
    /// Where elements that are read as references were asked for.
    pub asked: Asked,
    /// The metatable of its cdata.
    pub metatable: Cell<Kept>,
    /// The same with `__gc`.
    pub metatable_gc: Cell<Kept>,
    /// The user's metatable (of the record that this is or points to), if there is one.
    pub metatype: Cell<Kept>,
    /// The prepared call of a function type (`call::Plan`, kept by the state); null until first needed.
    pub call_plan: Cell<*const c_void>,
    /// Of a function: how its callbacks go (`callback::Plan`); null until first needed.
    pub callback_plan: Cell<*const c_void>,
    /// How a record takes initializers (`conv::init::InitPlan`, kept by the state); null until first needed.
    pub init_plan: Cell<*const c_void>,
    /// See [`Shape::text`].
    text: OnceCell<Box<str>>,
    reference: Cell<*const Shape>,
    pointer: Cell<*const Shape>,
}

const NO_SIZE: usize = usize::MAX;
/// Bytes of a pointer.
pub const WORD: usize = size_of::<usize>();
/// Words of the largest memory that has a user value for each of them, where strings are kept.
const WORDS: usize = 8;
/// What Lua aligns the bytes of a userdata to.
pub const USERDATA_ALIGN: usize = 8;

impl Shape {
    /// The shape of `ty`, without the metatables that its cdata get.
    pub(super) fn new(state: *const State, table: &CTypeTable, ty: QualType) -> Box<Shape> {
        let class = match table.get(ty.id) {
            CType::Void => Class::Void,
            CType::Bool => Class::Bool,
            CType::Int(_) => Class::Int,
            CType::Float(_) => Class::Float,
            CType::Complex(_) => Class::Complex,
            CType::Vector { .. } => Class::Vector,
            CType::Pointer(_) => Class::Pointer,
            CType::Reference(_) => Class::Reference,
            CType::Array { .. } => Class::Array,
            CType::Function(_) => Class::Function,
            CType::Record(_) => Class::Record,
            CType::Enum(_) => Class::Enum,
        };
        let shape = Box::new(Shape::blank(state, ty, class));
        shape.fill(table);
        shape
    }

    /// The shape of ctype objects.
    pub(super) fn of_ctype_objects(state: *const State, ty: QualType) -> Shape {
        let shape = Shape::blank(state, ty, Class::CTypeObject);
        shape.complete.set(true);
        shape
    }

    fn blank(state: *const State, ty: QualType, class: Class) -> Shape {
        Shape {
            state,
            ty,
            class,
            op: Cell::new(Op::None),
            inline_value: Cell::new(false),
            size: Cell::new(NO_SIZE),
            align: Cell::new(1),
            complete: Cell::new(false),
            simple: Cell::new(false),
            read_only: Cell::new(false),
            wide: Cell::new(class == Class::Reference),
            slots: Cell::new(0),
            more_slots: Cell::new(0),
            slot_names: RefCell::default(),
            target: Cell::new(std::ptr::null()),
            variable: Cell::new(std::ptr::null()),
            fields: Cell::new(std::ptr::null()),
            own_fields: OnceCell::new(),
            item: Cell::new(std::ptr::null()),
            item_size: Cell::new(0),
            item_op: Cell::new(Op::None),
            item_count: Cell::new(usize::MAX),
            items: Cell::new(Items::Other),
            asked: Asked::default(),
            metatable: Cell::default(),
            metatable_gc: Cell::default(),
            metatype: Cell::default(),
            call_plan: Cell::new(std::ptr::null()),
            callback_plan: Cell::new(std::ptr::null()),
            init_plan: Cell::new(std::ptr::null()),
            text: OnceCell::new(),
            reference: Cell::new(std::ptr::null()),
            pointer: Cell::new(std::ptr::null()),
        }
    }

    /// What depends on the type being complete.
    fn fill(&self, table: &CTypeTable) {
        let ctype = table.get(self.ty.id);
        let complete = match ctype {
            CType::Record(r) => table.record(r).body.is_some(),
            CType::Enum(e) => table.enum_constants(e).is_some(),
            _ => true,
        };
        self.complete.set(complete);
        self.read_only.set(table.is_read_only(self.ty));
        self.size.set(table.size(self.ty.id).and_then(|n| usize::try_from(n).ok()).unwrap_or(NO_SIZE));
        self.align.set(table.align(self.ty.id).map_or(1, |n| n as usize));
        let op = match ctype {
            CType::Void | CType::Function(_) => Op::None,
            CType::Bool => Op::Bool,
            CType::Int(kind) => Op::of_int(kind),
            CType::Enum(_) => table.integer_kind(self.ty.id).map_or(Op::None, Op::of_int),
            CType::Float(kind) => Op::of_float(kind),
            CType::Complex(_) | CType::Vector { .. } => Op::Copied,
            CType::Pointer(_) => Op::Pointer,
            CType::Reference(_) => Op::Reference,
            CType::Array { .. } => Op::Aggregate,
            CType::Record(_) if complete => Op::Aggregate,
            CType::Record(_) => Op::None,
        };
        self.op.set(op);
        self.inline_value.set(
            matches!(op, Op::Bool | Op::F32 | Op::F64 | Op::Pointer)
                || op.is_integer()
                || (op == Op::OtherFloat && self.size.get() <= 8),
        );
        self.wide.set(self.class == Class::Reference || table.variable_element(self.ty.id).is_some());
        let owns = op != Op::None && !self.inline_value.get() && !self.wide.get();
        self.simple.set(owns && self.size.get() != NO_SIZE && self.align.get() <= USERDATA_ALIGN);
        if let CType::Array { elem, .. } = ctype
            && matches!(table.get(elem.id), CType::Record(_) | CType::Array { .. })
        {
            self.slots.set(1);
        }
        if let CType::Record(record) = ctype {
            let mut names = Vec::new();
            collect_slots(table, record, &mut names);
            self.slots.set(names.len() as u8);
            *self.slot_names.borrow_mut() = names;
        }
    }

    /// Where the type is incomplete, asks whether it still is.
    #[inline]
    fn refresh(&self) {
        if !self.complete.get() {
            self.ask_again();
        }
    }

    #[cold]
    #[inline(never)]
    fn ask_again(&self) {
        let table = self.state().table.borrow();
        self.fill(&table);
    }

    /// The VM it belongs to.
    #[inline]
    pub fn state(&self) -> &'static State {
        // SAFETY: a shape lives no longer than its state; the lifetime is as good as the shape's own.
        unsafe { &*self.state }
    }

    /// How values are read and written.
    #[inline]
    pub fn op(&self) -> Op {
        self.refresh();
        self.op.get()
    }

    /// As [`Shape::op`], by what is known: [`Op::None`] where the type was incomplete when it was last asked for.
    #[inline(always)]
    pub fn known_op(&self) -> Op {
        self.op.get()
    }

    /// As [`Shape::target`], by what is known: none where that was not asked for yet.
    #[inline(always)]
    pub fn known_target(&self) -> Option<&Shape> {
        // SAFETY: shapes live as long as their state.
        unsafe { self.target.get().as_ref() }
    }

    /// As [`Shape::size`], by what is known: none where the type was incomplete when it was last asked for.
    #[inline(always)]
    pub fn known_size(&self) -> Option<usize> {
        Some(self.size.get()).filter(|&n| n != NO_SIZE)
    }

    /// Bytes; none for void, functions, incomplete records, `[]` and `[?]`.
    #[inline]
    pub fn size(&self) -> Option<usize> {
        self.refresh();
        self.known_size()
    }

    /// Bytes.
    #[inline]
    pub fn align(&self) -> usize {
        self.refresh();
        self.align.get()
    }

    /// Does a cdata keep its value in the header's address word?
    #[inline]
    pub fn is_inline(&self) -> bool {
        self.refresh();
        self.inline_value.get()
    }

    /// Do cdata own bytes of a fixed number, right behind the header? (False where that is not known yet.)
    #[inline]
    pub fn is_simple(&self) -> bool {
        self.simple.get()
    }

    /// What a place of this shape keeps, made when first needed.
    ///
    /// # Safety
    /// Nothing but a `T` that the state keeps is ever put at `place`, which is this shape's.
    #[inline]
    pub unsafe fn kept<T: 'static, E>(
        &self,
        place: &Cell<*const c_void>,
        make: impl FnOnce() -> Result<&'static T, E>,
    ) -> Result<&'static T, E> {
        // SAFETY: from the caller; the state lives as long as its shapes.
        if let Some(known) = unsafe { place.get().cast::<T>().as_ref() } {
            return Ok(known);
        }
        let kept = make()?;
        place.set(std::ptr::from_ref(kept).cast());
        Ok(kept)
    }

    /// How many those bytes are, where [`Shape::is_simple`] holds.
    #[inline]
    pub fn simple_size(&self) -> usize {
        self.size.get()
    }

    /// Is a record, or enum, still without a body?
    pub fn is_incomplete(&self) -> bool {
        self.refresh();
        !self.complete.get()
    }

    /// What a pointer or reference leads to; the element of an array, complex number or vector. The shape itself for
    /// anything else.
    #[inline]
    pub fn target(&self) -> &Shape {
        match self.known_target() {
            Some(known) => known,
            None => self.find_target(),
        }
    }

    #[cold]
    #[inline(never)]
    fn find_target(&self) -> &Shape {
        let state = self.state();
        let to = {
            let mut table = state.table.borrow_mut();
            match table.get(self.ty.id) {
                CType::Pointer(to) | CType::Reference(to) => to,
                CType::Array { elem, .. } => elem,
                CType::Vector { elem, .. } => elem.with(self.ty.qual),
                CType::Complex(kind) => table.intern(CType::Float(kind)).with(self.ty.qual),
                _ => self.ty,
            }
        };
        let shape = state.shape(to);
        self.target.set(shape);
        shape
    }

    /// The element of a VLA, or of the VLA that a VLS ends in.
    pub fn variable_element(&self) -> Option<&Shape> {
        if !self.wide.get() && self.complete.get() {
            return None;
        }
        self.refresh();
        if self.variable.get().is_null() {
            let elem = self.state().table.borrow().variable_element(self.ty.id)?;
            self.variable.set(self.state().shape(elem));
        }
        // SAFETY: shapes live as long as their state.
        Some(unsafe { &*self.variable.get() })
    }

    /// The shape behind references: what a cdata of this shape stands for.
    #[inline]
    pub fn referred(&self) -> &Shape {
        if self.class == Class::Reference { self.target() } else { self }
    }

    /// Does the address in the header of such a cdata stand for a pointer: a pointer's, an array's, a record's, also behind a reference? (A
    /// reference to a pointer has that one's own address.)
    #[inline(always)]
    pub fn has_address(&self) -> bool {
        matches!(self.class, Class::Pointer | Class::Array | Class::Record)
            || self.class == Class::Reference && matches!(self.target().class, Class::Array | Class::Record)
    }

    /// What that address leads to: what a pointer points to, an array's element, the record. None where there is none.
    #[inline(always)]
    pub fn pointee(&self) -> Option<&Shape> {
        if !self.has_address() {
            return None;
        }
        let shape = self.referred();
        Some(if shape.class == Class::Record { shape } else { shape.target() })
    }

    /// Is it a pointer to a function?
    pub fn is_function_pointer(&self) -> bool {
        self.class == Class::Pointer && self.target().class == Class::Function
    }

    /// The record whose members a name finds: of a record, a reference or pointer to one.
    pub fn record(&self) -> Option<&Shape> {
        let mut shape = self.referred();
        if shape.class == Class::Pointer {
            shape = shape.target();
        }
        (shape.class == Class::Record).then_some(shape)
    }

    /// Works out what indexing by a number needs. False if the type has no elements of known size.
    pub fn prepare_items(&self) -> bool {
        let base = self.referred();
        if !matches!(base.class, Class::Pointer | Class::Array | Class::Complex | Class::Vector) {
            return false;
        }
        let item = base.target();
        let Some(size) = item.size() else { return false };
        self.item.set(item);
        self.item_size.set(size);
        // The parts of a complex number are not written one by one: the slow path minds that.
        self.item_op.set(if base.class == Class::Complex { Op::None } else { item.op() });
        let count = match (self.class, base.class) {
            (Class::Reference | Class::Pointer, _) | (_, Class::Pointer) => usize::MAX,
            _ if self.wide.get() => usize::MAX,
            _ if size == 0 => self.element_count().unwrap_or(0) as usize,
            _ => self.size().map_or(usize::MAX, |n| n / size),
        };
        self.item_count.set(count);
        self.items.set(if count != usize::MAX {
            Items::Counted
        } else if self.class == Class::Pointer {
            Items::Pointed
        } else if self.wide.get() && base.class != Class::Pointer && size <= 1 << 28 {
            Items::Bounded
        } else {
            Items::Other
        });
        true
    }

    /// Elements of an array type of fixed length, a vector or a complex number.
    pub fn element_count(&self) -> Option<u64> {
        let table = self.state().table.borrow();
        match table.get(self.ty.id) {
            CType::Array { len: ArrayLen::Fixed(n), .. } => Some(n),
            CType::Vector { len, .. } => Some(u64::from(len)),
            CType::Complex(_) => Some(2),
            _ => None,
        }
    }

    /// The value of an enum's constant; none if it has none of that name, or the type is no enum.
    pub fn enum_constant(&self, name: &[u8]) -> Option<i128> {
        let table = self.state().table.borrow();
        let CType::Enum(id) = table.get(self.ty.id) else { return None };
        table.enum_constants(id)?.find(name).copied()
    }

    /// The record's own field table.
    pub fn own_fields(&self) -> &UnsafeCell<AddressMap<FieldEntry>> {
        self.own_fields.get_or_init(Box::default)
    }

    /// The user value that caches the reference to member `name`, counted from 1; 0 for none.
    pub fn slot_of(&self, name: &str) -> u8 {
        let names = self.slot_names.borrow();
        names.iter().position(|n| **n == *name).map_or(0, |i| i as u8 + 1)
    }

    /// The user value of a cdata that keeps its finalizer, counted from 1, if the cdata has as many; 0 for references and functions, which
    /// have none for it.
    pub fn finalizer_slot(&self) -> u8 {
        if matches!(self.class, Class::Reference | Class::Function) { 0 } else { self.slots.get() + 1 }
    }

    /// The user values of a cdata that keep the strings its memory leads to, if the cdata has as many: the first of them, behind a finalizer's, and
    /// how many there are: one for each word of small memory ([`Shape::has_words`]), or one for a table. None for references and functions.
    pub fn string_slots(&self) -> Option<(u8, u8)> {
        let finalizer = self.finalizer_slot();
        let words = self.size().filter(|_| self.has_words()).map_or(1, |size| size / WORD);
        (finalizer != 0).then_some((finalizer + 1, words as u8))
    }

    /// Do its cdata have a user value for each word of their memory, if they have any for strings?
    pub fn has_words(&self) -> bool {
        self.size().is_some_and(|size| size <= WORDS * WORD)
    }

    /// From now on new cdata have the user values up to, not including, `end`.
    pub fn make_room(&self, end: u8) {
        self.more_slots.set(self.more_slots.get().max(end - 1 - self.slots.get()));
    }

    /// How many user values new cdata have besides those that cache references: for a finalizer once any was given one, for strings too once
    /// any kept one.
    #[inline(always)]
    pub fn more_slots(&self) -> c_int {
        self.more_slots.get().into()
    }

    /// The shape of a reference to this type.
    pub fn reference(&self) -> &Shape {
        self.derived(&self.reference, CType::Reference(self.ty))
    }

    /// The shape of a pointer to this type.
    pub fn pointer(&self) -> &Shape {
        self.derived(&self.pointer, CType::Pointer(self.ty))
    }

    fn derived(&self, known: &Cell<*const Shape>, ctype: CType) -> &Shape {
        if known.get().is_null() {
            let id = self.state().table.borrow_mut().intern(ctype);
            known.set(self.state().shape(id.plain()));
        }
        // SAFETY: shapes live as long as their state.
        unsafe { &*known.get() }
    }

    /// The same type without qualifiers.
    pub fn unqualified(&self) -> &Shape {
        if self.ty.qual == Qual::NONE { self } else { self.state().shape(self.ty.id.plain()) }
    }

    /// The type as C text.
    pub fn repr(&self) -> String {
        repr::repr(&self.state().table.borrow(), self.ty)
    }

    /// As [`Shape::repr`], kept: for what is printed again and again.
    pub fn text(&self) -> &str {
        self.text.get_or_init(|| self.repr().into())
    }

    /// May nothing be written through it?
    pub fn is_const(&self) -> bool {
        self.ty.qual.is_const()
    }

    /// May nothing be assigned to it as a whole? A record or array that holds something const is as const for that.
    pub fn is_read_only(&self) -> bool {
        self.refresh();
        self.read_only.get()
    }

    /// What the type is.
    pub fn ctype(&self) -> CType {
        self.state().table.borrow().get(self.ty.id)
    }
}

/// Members that are read as references get a user value of the owner each, up to this many.
const SLOTS_MAX: usize = 8;

/// The names of the members that are records or arrays, anonymous members looked through, in order.
fn collect_slots(table: &CTypeTable, record: RecordId, names: &mut Vec<Rc<str>>) {
    for (name, field) in table.fields(record).iter() {
        match table.get(field.ty.id) {
            CType::Record(inner) if name.is_empty() => collect_slots(table, inner, names),
            CType::Record(_) | CType::Array { .. } if names.len() < SLOTS_MAX => names.push(name.into()),
            _ => {}
        }
    }
}
