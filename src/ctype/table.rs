//! The ctype table: interning, tags and ordinary names, completing a record. What a failed cdef takes back is `transaction`'s.
//!
//! One table per Lua VM. Types are only ever added, so a [`CTypeId`] stays good for the table's life, but for those
//! made between [`CTypeTable::begin`] and [`CTypeTable::rollback`].
//! Called by `cdef` (fills it) and by all floors above (read it).

mod transaction;

use std::hash::BuildHasher;
use std::num::NonZeroU32;

use foldhash::fast::RandomState;

use super::builtin;
use super::hashes::Hashes;
use super::scope::Scope;
use super::{
    ArrayLen, CType, CTypeId, Convention, Enum, EnumId, Extent, Field, FloatKind, FunctionId, IntKind, Name,
    Named, NamedSlice, ParamNames, Prototype, Qual, QualType, Record, RecordBody, RecordId, RecordKind, Tag,
    TagId,
};
use crate::target;
pub use transaction::Checkpoint;
use transaction::Undo;

/// A ctype of the table: the type, an alignment that an attribute raised or lowered, and what a pointer to it is.
#[derive(Clone, Copy)]
struct Entry {
    ctype: CType,
    align: Option<NonZeroU32>,
    /// How far it reaches behind a pointer, or among a function's. A record that has a tag, and that may hold the pointer, is no more than its
    /// tag there; all else is what it is ([`CTypeTable::extent`]).
    extent: Extent,
    /// The pointer to it, unqualified, once there is one; [`NO_POINTER`] until then.
    pointer: CTypeId,
}

/// The first type, which is an integer's.
const NO_POINTER: CTypeId = CTypeId(0);

const VOID: u32 = IntKind::ALL.len() as u32;
const BOOL: u32 = VOID + 1;
const FIRST_FLOAT: u32 = BOOL + 1;

/// The id of a real floating type; that of the complex one is the next.
const fn float_id(kind: FloatKind) -> CTypeId {
    CTypeId(FIRST_FLOAT + 2 * kind as u32)
}

/// The id of a type that is made of nothing: these are the table's first, the integers, void, bool, each floating type with its complex one.
#[inline]
fn basic(ctype: CType) -> Option<CTypeId> {
    match ctype {
        CType::Int(kind) => Some(CTypeId(kind as u32)),
        CType::Void => Some(CTypeId(VOID)),
        CType::Bool => Some(CTypeId(BOOL)),
        CType::Float(kind) => Some(float_id(kind)),
        CType::Complex(kind) => Some(CTypeId(float_id(kind).0 + 1)),
        _ => None,
    }
}

impl Entry {
    fn new(ctype: CType, align: Option<NonZeroU32>) -> Entry {
        Entry { ctype, align, extent: Extent::SIMPLE, pointer: NO_POINTER }
    }

    /// Is it one type with another?
    fn is(&self, other: &Entry) -> bool {
        self.ctype == other.ctype && self.align == other.align
    }
}

/// The hash of an entry, packed first: a type is looked for at each step of each declarator.
fn hash(hasher: &RandomState, Entry { ctype, align, .. }: &Entry) -> u64 {
    let qualified = |ty: QualType| u64::from(ty.id.0) << 16 | u64::from(ty.qual.0) << 8;
    let (of, more) = match *ctype {
        CType::Void => (0, 0),
        CType::Bool => (1, 0),
        CType::Int(kind) => (2, kind as u64),
        CType::Float(kind) => (3, kind as u64),
        CType::Complex(kind) => (4, kind as u64),
        CType::Vector { elem, len } => (5 | qualified(elem.plain()), len.into()),
        CType::Pointer(to) => (6 | qualified(to), 0),
        CType::Reference(to) => (7 | qualified(to), 0),
        CType::Array { elem, len: ArrayLen::Fixed(n) } => (8 | qualified(elem), n),
        CType::Array { elem, len: ArrayLen::Unknown } => (9 | qualified(elem), 0),
        CType::Array { elem, len: ArrayLen::Variable } => (10 | qualified(elem), 0),
        CType::Function(id) => (11, id.0.into()),
        CType::Record(id) => (12, id.0.into()),
        CType::Enum(id) => (13, id.0.into()),
    };
    hasher.hash_one((of, more ^ u64::from(align.map_or(0, NonZeroU32::get)) << 32))
}

/// All ctypes of one Lua VM and the names that lead to them.
#[derive(Clone)]
pub struct CTypeTable {
    hasher: RandomState,
    entries: Vec<Entry>,
    /// The entries by what they hold.
    interned: Hashes,
    /// Records, and their ctypes.
    records: Vec<(Record, CTypeId)>,
    /// Enums, and their ctypes.
    enums: Vec<(Enum, CTypeId)>,
    /// The fields of all records.
    fields: Named<Field>,
    /// The constants of all enums.
    enum_constants: Named<i128>,
    functions: Vec<FunctionEntry>,
    /// The functions by what makes two function types one.
    interned_functions: Hashes,
    /// The parameters of all functions, and their names.
    params: Vec<QualType>,
    param_names: ParamNames,
    tags: Scope<Tag>,
    names: Scope<Name>,
    journal: Vec<Undo>,
    /// Of the names that are there before any cdef, which come first: does it still mean what it did?
    predefined: Vec<bool>,
}

/// A function type. Its parameters and their names lie in the table's lists, up to where the next one's start.
#[derive(Clone, Copy)]
struct FunctionEntry {
    ctype: CTypeId,
    result: QualType,
    variadic: bool,
    convention: Convention,
    /// Where its parameters start.
    params: u32,
    /// Where their names start, in bytes.
    names: u32,
}

/// What a field's name leads to.
#[derive(Clone, Debug, PartialEq)]
pub struct FoundField {
    /// The field's type, with the qualifiers of the anonymous members passed through.
    pub ty: QualType,
    /// Bytes from the start of the outermost record.
    pub offset: u64,
    /// Set for a bit-field.
    pub bits: Option<super::BitField>,
}

/// Names, and types, that a script with some declarations has: room for them is made at once. (A list that grows is copied, and its memory
/// touched twice; room that is not used costs nothing.)
const USUAL: usize = 224;

impl Default for CTypeTable {
    fn default() -> Self {
        Self::new()
    }
}

impl CTypeTable {
    /// A table that holds the predefined types and typedefs.
    pub fn new() -> CTypeTable {
        let mut table = CTypeTable {
            hasher: RandomState::default(),
            entries: Vec::with_capacity(USUAL),
            interned: Hashes::with_capacity(USUAL),
            records: Vec::with_capacity(USUAL / 8),
            enums: Vec::with_capacity(USUAL / 8),
            fields: Named::with_capacity(USUAL / 2),
            enum_constants: Named::with_capacity(USUAL / 4),
            functions: Vec::with_capacity(USUAL / 4),
            interned_functions: Hashes::with_capacity(USUAL / 4),
            params: Vec::with_capacity(USUAL),
            param_names: ParamNames::with_capacity(4 * USUAL),
            tags: Scope::with_capacity(USUAL / 4),
            names: Scope::with_capacity(USUAL),
            journal: Vec::new(),
            predefined: Vec::new(),
        };
        // Every basic type has its id from the start: an expression that is rolled back leaves none dangling.
        let floats = FloatKind::ALL.into_iter().flat_map(|kind| [CType::Float(kind), CType::Complex(kind)]);
        let basics = IntKind::ALL.into_iter().map(CType::Int).chain([CType::Void, CType::Bool]).chain(floats);
        for ctype in basics {
            let id = table.push(ctype);
            debug_assert!(basic(ctype) == Some(id), "it tells where they are");
        }
        builtin::register(&mut table);
        table.predefined = vec![true; table.names.len()];
        table.journal.clear();
        table
    }

    // -- making types ------------------------------------------------------------------------------------------------

    /// The id of `ctype`, made if new.
    pub fn intern(&mut self, ctype: CType) -> CTypeId {
        match self.made_once(ctype) {
            Some(id) => id,
            None => match ctype {
                CType::Pointer(to) if to.qual == Qual::NONE => self.new_pointer(to),
                _ => self.intern_entry(Entry::new(ctype, None)),
            },
        }
    }

    /// The id of a type that what it names leads to: those are not looked for.
    #[inline]
    fn made_once(&self, ctype: CType) -> Option<CTypeId> {
        match ctype {
            CType::Record(id) => Some(self.record_type(id)),
            CType::Enum(id) => Some(self.enum_type(id)),
            CType::Function(id) => Some(self.functions[id.index()].ctype),
            CType::Pointer(to) => self.known_pointer(to),
            _ => basic(ctype),
        }
    }

    /// The pointer to an unqualified type, once there is one.
    #[inline]
    fn known_pointer(&self, to: QualType) -> Option<CTypeId> {
        let id = self.entries[to.id.index()].pointer;
        (to.qual == Qual::NONE && id != NO_POINTER).then_some(id)
    }

    /// The id of `ctype`, if it is known.
    pub fn id_of(&self, ctype: CType) -> Option<CTypeId> {
        self.find(&Entry::new(ctype, None))
    }

    fn find(&self, entry: &Entry) -> Option<CTypeId> {
        let known = if entry.align.is_none() { self.made_once(entry.ctype) } else { None };
        known.or_else(|| self.find_hashed(hash(&self.hasher, entry), entry))
    }

    #[inline]
    fn find_hashed(&self, hash: u64, entry: &Entry) -> Option<CTypeId> {
        let at = self.interned.find(hash, |at| self.entries[at].is(entry))?;
        Some(CTypeId(at as u32))
    }

    #[inline]
    fn intern_entry(&mut self, entry: Entry) -> CTypeId {
        let hash = hash(&self.hasher, &entry);
        match self.find_hashed(hash, &entry) {
            Some(id) => id,
            None => self.insert_entry(hash, entry),
        }
    }

    fn insert_entry(&mut self, hash: u64, entry: Entry) -> CTypeId {
        let id = self.push_entry(Entry { extent: self.extent_of(entry.ctype), ..entry });
        self.interned.insert(hash, id.index());
        id
    }

    /// A type that is made of no other, as yet.
    fn push(&mut self, ctype: CType) -> CTypeId {
        self.push_entry(Entry::new(ctype, None))
    }

    fn push_entry(&mut self, entry: Entry) -> CTypeId {
        self.entries.push(entry);
        CTypeId(self.entries.len() as u32 - 1)
    }

    fn new_pointer(&mut self, to: QualType) -> CTypeId {
        let extent = Extent::SIMPLE.with(self.extent_behind(to));
        let id = self.push_entry(Entry { extent, ..Entry::new(CType::Pointer(to), None) });
        self.entries[to.id.index()].pointer = id;
        id
    }

    /// The same type at another alignment (`typedef int aint __attribute__((aligned(16)))`). `align` is in bytes, a
    /// power of two; it replaces the type's own.
    pub fn with_align(&mut self, id: CTypeId, align: u32) -> CTypeId {
        let ctype = self.get(id);
        let own = self.align(self.unaligned(id));
        match NonZeroU32::new(align).filter(|_| own != Some(u64::from(align))) {
            None => self.intern(ctype),
            align => self.intern_entry(Entry::new(ctype, align)),
        }
    }

    /// The type without an alignment that [`CTypeTable::with_align`] gave it.
    pub fn unaligned(&self, id: CTypeId) -> CTypeId {
        let Entry { ctype, align, .. } = self.entries[id.index()];
        match align {
            None => id,
            Some(_) => self.id_of(ctype).expect("made before what realigns it"),
        }
    }

    /// The id of an integer type.
    pub fn int(&self, kind: IntKind) -> CTypeId {
        CTypeId(kind as u32)
    }

    /// The id of a real floating type.
    pub fn float(&self, kind: FloatKind) -> CTypeId {
        float_id(kind)
    }

    /// The id of a type that is made of no other.
    #[inline]
    pub fn basic(&mut self, ctype: CType) -> CTypeId {
        basic(ctype).unwrap_or_else(|| self.intern(ctype))
    }

    /// A pointer to `to`.
    #[inline]
    pub fn pointer(&mut self, to: QualType) -> CTypeId {
        self.known_pointer(to).unwrap_or_else(|| self.intern(CType::Pointer(to)))
    }

    /// An array of `elem`.
    pub fn array(&mut self, elem: QualType, len: ArrayLen) -> CTypeId {
        self.intern(CType::Array { elem, len })
    }

    /// The id of a function type, made if new; the parameters' `names` (empty where one has none) are kept then.
    pub fn function_type(&mut self, prototype: Prototype<'_>, names: &[&str]) -> CTypeId {
        let hash = self.hasher.hash_one(prototype);
        let known = self.interned_functions.find(hash, |at| self.prototype(at) == prototype);
        let at = known.unwrap_or_else(|| {
            let at = self.functions.len();
            let Prototype { result, params, variadic, convention } = prototype;
            let (first, first_name) = (self.params.len() as u32, self.param_names.len() as u32);
            let parts = params.iter().chain([&result]);
            let extent = parts.fold(Extent::SIMPLE, |whole, &part| whole.with(self.extent_behind(part)));
            self.params.extend_from_slice(params);
            names.iter().for_each(|name| self.param_names.push(name));
            let ctype = CType::Function(FunctionId(at as u32));
            let ctype = self.push_entry(Entry { extent, ..Entry::new(ctype, None) });
            let function =
                FunctionEntry { ctype, result, variadic, convention, params: first, names: first_name };
            self.functions.push(function);
            self.interned_functions.insert(hash, at);
            at
        });
        self.functions[at].ctype
    }

    fn prototype(&self, at: usize) -> Prototype<'_> {
        let FunctionEntry { result, variadic, convention, params: first, .. } = self.functions[at];
        let end = self.functions.get(at + 1).map_or(self.params.len(), |next| next.params as usize);
        Prototype { result, params: &self.params[first as usize..end], variadic, convention }
    }

    /// A new, incomplete record.
    pub fn new_record(&mut self, kind: RecordKind, tag: Option<&str>) -> RecordId {
        let id = RecordId(self.records.len() as u32);
        let ctype = self.push(CType::Record(id));
        let tag = tag.map(|tag| self.enter_tag(tag, Tag::Record(id)));
        self.records.push((Record { kind, tag, body: None, fields: 0..0, is_transparent: false }, ctype));
        id
    }

    /// Gives an incomplete record its body and fields: those are in order of declaration. Unnamed bit-fields are left out; anonymous members, whose
    /// fields are found through them, have no name. The caller has checked that it has no body yet.
    pub fn complete_record(&mut self, id: RecordId, body: RecordBody, fields: NamedSlice<'_, Field>) {
        let fields = self.fields.append(fields);
        let (record, ctype) = &mut self.records[id.0 as usize];
        if record.tag.is_none() {
            self.entries[ctype.index()].extent = body.extent;
        }
        (record.body, record.fields) = (Some(body), fields);
        self.journal.push(Undo::RecordBody(id));
    }

    /// Makes a union transparent; what is none stays what it is.
    pub fn make_transparent(&mut self, id: CTypeId) {
        let CType::Record(id) = self.get(id) else { return };
        let record = &mut self.records[id.0 as usize].0;
        if record.kind == RecordKind::Union && !record.is_transparent {
            record.is_transparent = true;
            self.journal.push(Undo::Transparent(id));
        }
    }

    /// A new enum; opaque while `constants` is none.
    pub fn new_enum(
        &mut self,
        tag: Option<&str>,
        underlying: CTypeId,
        constants: Option<NamedSlice<'_, i128>>,
    ) -> EnumId {
        let id = EnumId(self.enums.len() as u32);
        let ctype = self.push(CType::Enum(id));
        let tag = tag.map(|tag| self.enter_tag(tag, Tag::Enum(id)));
        let constants = constants.map(|constants| self.enum_constants.append(constants));
        self.enums.push((Enum { tag, underlying, constants }, ctype));
        id
    }

    /// Gives an opaque enum its constants, in order of declaration.
    pub fn complete_enum(&mut self, id: EnumId, underlying: CTypeId, constants: NamedSlice<'_, i128>) {
        let constants = self.enum_constants.append(constants);
        let e = &mut self.enums[id.0 as usize].0;
        self.journal.push(Undo::EnumBody(id, e.underlying));
        e.underlying = underlying;
        e.constants = Some(constants);
    }

    // -- names -------------------------------------------------------------------------------------------------------

    /// What an ordinary identifier names.
    #[inline]
    pub fn name(&self, name: &str) -> Option<&Name> {
        self.name_in_bytes(name.as_bytes())
    }

    /// As [`CTypeTable::name`], of bytes, which need be no text.
    pub fn name_in_bytes(&self, name: &[u8]) -> Option<&Name> {
        self.names.find(&self.hasher, name).map(|(_, what)| what)
    }

    /// What a tag names.
    pub fn tag(&self, tag: &str) -> Option<Tag> {
        self.tags.find(&self.hasher, tag.as_bytes()).map(|(_, what)| *what)
    }

    /// Enters an ordinary name; where it means something already, that stays, and `what` comes back.
    pub fn enter_name(&mut self, name: &str, what: Name) -> Result<(), Name> {
        self.names.enter(&self.hasher, name, what)
    }

    /// Enters a constant, or gives one that is there another value (`#define` again).
    pub fn set_constant(&mut self, name: &str, value: super::Constant) {
        let new = Name::Constant(value);
        match self.names.find(&self.hasher, name.as_bytes()) {
            Some((_, old)) if *old == new => {}
            Some((at, _)) => self.replace_name(at, new),
            None => {
                let entered = self.enter_name(name, new);
                debug_assert!(entered.is_ok(), "it was not there");
            }
        }
    }

    /// Gives a predefined typedef the user's own meaning, once. False if the name is no predefined typedef, or says itself what it means.
    pub fn replace_predefined(&mut self, name: &str, what: Name) -> bool {
        let Some((at, _)) = self.names.find(&self.hasher, name.as_bytes()) else { return false };
        if self.predefined.get(at) != Some(&true)
            || builtin::is_fixed(name) && !self.is_same_integer(at, &what)
        {
            return false;
        }
        self.predefined[at] = false;
        self.replace_name(at, what);
        self.journal.push(Undo::Predefined(at));
        true
    }

    /// Does a typedef name an integer of the size and sign that the name at a place has?
    fn is_same_integer(&self, at: usize, what: &Name) -> bool {
        let integer = |what: &Name| match what {
            Name::Typedef(ty) if ty.qual == Qual::NONE => match self.get(ty.id) {
                CType::Int(kind) => Some((target::int_size(kind), target::int_is_signed(kind))),
                _ => None,
            },
            _ => None,
        };
        integer(what).is_some_and(|own| self.names.at(at).and_then(integer) == Some(own))
    }

    fn replace_name(&mut self, at: usize, what: Name) {
        let old = self.names.replace(at, what);
        self.journal.push(Undo::Replaced(at, Box::new(old)));
    }

    fn enter_tag(&mut self, tag: &str, what: Tag) -> TagId {
        let id = TagId(self.tags.len() as u32);
        let entered = self.tags.enter(&self.hasher, tag, what);
        debug_assert!(entered.is_ok(), "the caller looks a tag up first");
        id
    }

    /// Every ordinary name, in the order of their entering.
    pub fn names(&self) -> impl Iterator<Item = (&str, &Name)> {
        self.names.iter()
    }

    /// Every tag, in the order of their entering.
    pub fn tags(&self) -> impl Iterator<Item = (&str, Tag)> {
        self.tags.iter().map(|(tag, what)| (tag, *what))
    }

    // -- reading -----------------------------------------------------------------------------------------------------

    /// What the ctype is.
    pub fn get(&self, id: CTypeId) -> CType {
        self.entries[id.index()].ctype
    }

    /// A record.
    pub fn record(&self, id: RecordId) -> &Record {
        &self.records[id.0 as usize].0
    }

    /// A record's fields; none while it is incomplete.
    pub fn fields(&self, id: RecordId) -> NamedSlice<'_, Field> {
        self.fields.part(self.record(id).fields.clone())
    }

    /// A record's tag.
    pub fn record_tag(&self, id: RecordId) -> Option<&str> {
        self.record(id).tag.map(|tag| self.tags.name(tag.0 as usize))
    }

    /// The constants of an enum; none while it is opaque.
    pub fn enum_constants(&self, id: EnumId) -> Option<NamedSlice<'_, i128>> {
        self.enumeration(id).constants.clone().map(|places| self.enum_constants.part(places))
    }

    /// An enum's tag.
    pub fn enum_tag(&self, id: EnumId) -> Option<&str> {
        self.enumeration(id).tag.map(|tag| self.tags.name(tag.0 as usize))
    }

    /// An enum.
    pub fn enumeration(&self, id: EnumId) -> &Enum {
        &self.enums[id.0 as usize].0
    }

    /// A function type. (Not inlined: a function's first call asks for it here and there.)
    #[inline(never)]
    pub fn function(&self, id: FunctionId) -> Prototype<'_> {
        self.prototype(id.index())
    }

    /// The names of a function's parameters, as first declared; for reflection only, no part of the type's identity.
    pub fn param_names(&self, id: FunctionId) -> ParamNames {
        let start = |function: &FunctionEntry| function.names as usize;
        let end = self.functions.get(id.index() + 1).map_or(self.param_names.len(), start);
        self.param_names.part(start(&self.functions[id.index()])..end)
    }

    /// The ctype of a record.
    pub fn record_type(&self, id: RecordId) -> CTypeId {
        self.records[id.0 as usize].1
    }

    /// The ctype of an enum.
    pub fn enum_type(&self, id: EnumId) -> CTypeId {
        self.enums[id.0 as usize].1
    }

    /// How deep the type nests, and how many parts a walk over it meets. Where types are made of types (`cdef::derive`,
    /// `cdef::record`) none is let through that goes too far, so that walks need no limits of their own.
    pub fn extent(&self, id: CTypeId) -> Extent {
        let Entry { ctype, extent, .. } = &self.entries[id.index()];
        match ctype {
            CType::Record(r) => self.record(*r).body.as_ref().map_or(Extent::SIMPLE, |b| b.extent),
            _ => *extent,
        }
    }

    fn extent_of(&self, ctype: CType) -> Extent {
        match ctype {
            CType::Pointer(to) | CType::Reference(to) => Extent::SIMPLE.with(self.extent_behind(to)),
            CType::Array { elem, .. } => Extent::SIMPLE.with(self.extent(elem.id)),
            CType::Vector { elem, .. } => Extent::SIMPLE.with(self.extent(elem)),
            CType::Function(id) => self.extent(self.functions[id.index()].ctype),
            CType::Record(id) => self.extent_behind(self.record_type(id).plain()),
            _ => Extent::SIMPLE,
        }
    }

    #[inline]
    fn extent_behind(&self, ty: QualType) -> Extent {
        self.entries[ty.id.index()].extent
    }

    /// How many ctypes there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Never true: the predefined types are always there.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Bytes, or none where C has no size: void, functions, incomplete records, `[]`, `[?]`. A record that ends in
    /// `[]` or `[?]` has the size of what stands before those elements.
    pub fn size(&self, id: CTypeId) -> Option<u64> {
        match self.get(id) {
            CType::Void | CType::Function(_) => None,
            CType::Bool => Some(1),
            CType::Int(kind) => Some(target::int_size(kind)),
            CType::Float(kind) => Some(target::float_size(kind)),
            CType::Complex(kind) => Some(2 * target::float_size(kind)),
            CType::Vector { elem, len } => self.size(elem)?.checked_mul(u64::from(len)),
            CType::Pointer(_) | CType::Reference(_) => Some(target::POINTER_SIZE),
            CType::Array { elem, len: ArrayLen::Fixed(n) } => self.size(elem.id)?.checked_mul(n),
            CType::Array { .. } => None,
            CType::Record(r) => self.record(r).body.as_ref().map(|b| b.size),
            CType::Enum(e) => self.size(self.enumeration(e).underlying),
        }
    }

    /// Bytes; none where there is no size (an array has its element's alignment even without a length).
    pub fn align(&self, id: CTypeId) -> Option<u64> {
        let Entry { ctype, align, .. } = self.entries[id.index()];
        if let Some(align) = align {
            return Some(u64::from(align.get()));
        }
        match ctype {
            CType::Void | CType::Function(_) => None,
            CType::Bool => Some(1),
            CType::Int(kind) => Some(target::int_align(kind)),
            CType::Float(kind) => Some(target::float_align(kind)),
            CType::Complex(kind) => Some(target::float_align(kind)),
            CType::Vector { .. } => self.size(id),
            CType::Pointer(_) | CType::Reference(_) => Some(target::POINTER_SIZE),
            CType::Array { elem, .. } => self.align(elem.id),
            CType::Record(r) => self.record(r).body.as_ref().map(|b| b.align),
            CType::Enum(e) => self.align(self.enumeration(e).underlying),
        }
    }

    /// The element type where the type is a VLA, or a struct whose last field is one (a VLS, nested ones too).
    pub fn variable_element(&self, id: CTypeId) -> Option<QualType> {
        match self.get(id) {
            CType::Array { elem, len: ArrayLen::Variable } => Some(elem),
            CType::Record(r) => {
                let last = self.fields(r).last()?;
                self.variable_element(last.ty.id)
            }
            _ => None,
        }
    }

    /// May nothing be assigned to it as a whole: is it const, or an array or record that holds something const?
    pub fn is_read_only(&self, ty: QualType) -> bool {
        ty.qual.is_const()
            || match self.get(ty.id) {
                CType::Array { elem, .. } => self.is_read_only(elem),
                CType::Record(r) => self.record(r).body.as_ref().is_some_and(|b| b.read_only),
                _ => false,
            }
    }

    /// The field `name` of a record, anonymous members searched through; the first in order of declaration wins.
    pub fn find_field(&self, id: RecordId, name: &str) -> Option<FoundField> {
        self.fields(id).iter().find_map(|(own, field)| {
            if own == name && !own.is_empty() {
                return Some(FoundField { ty: field.ty, offset: field.offset, bits: field.bits });
            }
            let inner = self.find_field(self.anonymous_record(own, field)?, name)?;
            Some(FoundField {
                ty: inner.ty.id.with(inner.ty.qual.union(field.ty.qual)),
                offset: field.offset + inner.offset,
                bits: inner.bits,
            })
        })
    }

    /// The record behind an anonymous member; none where the member has a name.
    pub fn anonymous_record(&self, name: &str, field: &Field) -> Option<RecordId> {
        match self.get(field.ty.id) {
            CType::Record(inner) if name.is_empty() => Some(inner),
            _ => None,
        }
    }

    /// The integer type behind an enum, or the type itself; `bool` is no integer type here.
    pub fn integer_kind(&self, id: CTypeId) -> Option<IntKind> {
        match self.get(id) {
            CType::Int(kind) => Some(kind),
            CType::Enum(e) => self.integer_kind(self.enumeration(e).underlying),
            _ => None,
        }
    }

    /// The floating kind of a real floating type.
    pub fn float_kind(&self, id: CTypeId) -> Option<FloatKind> {
        match self.get(id) {
            CType::Float(kind) => Some(kind),
            _ => None,
        }
    }

    /// `ty` with more qualifiers, which C puts on an array's elements.
    #[inline]
    pub fn qualify(&mut self, ty: QualType, qual: Qual) -> QualType {
        if qual == Qual::NONE { ty } else { self.qualify_more(ty, qual) }
    }

    fn qualify_more(&mut self, ty: QualType, qual: Qual) -> QualType {
        let Entry { ctype, align, .. } = self.entries[ty.id.index()];
        match ctype {
            CType::Array { elem, len } => {
                let elem = self.qualify(elem, qual);
                self.intern(CType::Array { elem, len });
                self.intern_entry(Entry::new(CType::Array { elem, len }, align)).with(ty.qual)
            }
            _ => ty.id.with(ty.qual.union(qual)),
        }
    }
}
