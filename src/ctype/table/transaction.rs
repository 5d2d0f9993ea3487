//! A declaration lands as a whole or not at all: where the table stood, and the way back there.

use std::hash::BuildHasher;

use super::{CTypeTable, FunctionEntry, NO_POINTER, hash};
use crate::ctype::{CType, CTypeId, EnumId, Name, Qual, RecordId};

/// One step that a rollback takes back.
#[derive(Clone)]
pub(super) enum Undo {
    /// What the name at a place meant.
    Replaced(usize, Box<Name>),
    /// The name at a place was a predefined typedef's until then.
    Predefined(usize),
    RecordBody(RecordId),
    Transparent(RecordId),
    EnumBody(EnumId, CTypeId),
}

/// Where a table stood; see [`CTypeTable::begin`].
pub struct Checkpoint {
    entries: usize,
    records: usize,
    enums: usize,
    functions: usize,
    names: usize,
    tags: usize,
    fields: usize,
    enum_constants: usize,
    journal: usize,
}

impl Checkpoint {
    /// Was the type there already? Then it outlives a rollback.
    pub fn has(&self, id: CTypeId) -> bool {
        id.index() < self.entries
    }
}

impl CTypeTable {
    /// Starts a declaration that may fail as a whole: end it with [`CTypeTable::commit`] or [`CTypeTable::rollback`].
    pub fn begin(&mut self) -> Checkpoint {
        Checkpoint {
            entries: self.entries.len(),
            records: self.records.len(),
            enums: self.enums.len(),
            functions: self.functions.len(),
            names: self.names.len(),
            tags: self.tags.len(),
            fields: self.fields.len(),
            enum_constants: self.enum_constants.len(),
            journal: self.journal.len(),
        }
    }

    /// Keeps all that came since `begin`.
    pub fn commit(&mut self, point: Checkpoint) {
        self.journal.truncate(point.journal);
    }

    /// Has nothing since `begin` been given a name, a tag, or (if it was there before) a body? Then nothing leads to what
    /// was made since.
    pub fn is_unchanged_since(&self, point: &Checkpoint) -> bool {
        let is_own = |undo: &Undo| matches!(undo, Undo::RecordBody(id) | Undo::Transparent(id) if id.0 as usize >= point.records);
        self.names.len() == point.names
            && self.tags.len() == point.tags
            && self.journal[point.journal..].iter().all(is_own)
    }

    /// Takes back all that came since `begin`: names, tags, bodies and types.
    pub fn rollback(&mut self, point: Checkpoint) {
        for undo in self.journal.drain(point.journal..).rev() {
            match undo {
                Undo::Replaced(at, old) => drop(self.names.replace(at, *old)),
                Undo::Predefined(at) => self.predefined[at] = true,
                Undo::RecordBody(id) => {
                    let record = &mut self.records[id.0 as usize].0;
                    (record.body, record.fields) = (None, 0..0);
                }
                Undo::Transparent(id) => self.records[id.0 as usize].0.is_transparent = false,
                Undo::EnumBody(id, underlying) => {
                    let e = &mut self.enums[id.0 as usize].0;
                    e.constants = None;
                    e.underlying = underlying;
                }
            }
        }
        self.names.truncate(&self.hasher, point.names);
        self.tags.truncate(&self.hasher, point.tags);
        self.fields.truncate(point.fields);
        self.enum_constants.truncate(point.enum_constants);
        for at in point.entries..self.entries.len() {
            let entry = self.entries[at];
            match entry.ctype {
                CType::Pointer(to) if to.qual == Qual::NONE && entry.align.is_none() => {
                    self.entries[to.id.index()].pointer = NO_POINTER;
                }
                _ => self.interned.remove(hash(&self.hasher, &entry), at),
            }
        }
        self.entries.truncate(point.entries);
        for at in (point.functions..self.functions.len()).rev() {
            let hash = self.hasher.hash_one(self.prototype(at));
            self.interned_functions.remove(hash, at);
        }
        if let Some(&FunctionEntry { params, names, .. }) = self.functions.get(point.functions) {
            self.functions.truncate(point.functions);
            self.params.truncate(params as usize);
            self.param_names.truncate(names as usize);
        }
        self.records.truncate(point.records);
        self.enums.truncate(point.enums);
    }
}
