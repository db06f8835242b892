//! What a transaction changed so far, in memory: the triggers' function notes it, row by row.
//!
//! Notes are cut back to a mark where writes are undone, and emptied when they were written down.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::types::{Value, ValueRef};

use super::encode::Writer;
use super::shape::operation::{COUNT, DELETE, GOING, INSERT, MORE, UPDATE};
use super::shape::{Recorded, RecordedScope};
use super::standing::Watches;

/// The chain of what belongs to no tenant and no user, and of tenants that were deleted.
pub(super) const SYSTEM: &str = "system";
pub(super) const PUBLIC: &str = "public";
pub(super) const OF_TENANT: &str = "tenant/";
pub(super) const OF_USER: &str = "user/";

/// The notes of the open transaction, and counters that outlive it.
#[derive(Default)]
pub(super) struct Notes {
    /// The tables that are recorded, by position in the model.
    pub(super) tables: Arc<Vec<Option<Recorded>>>,
    pub(super) entries: Vec<Entry>,
    pub(super) scopes: Vec<String>,
    pub(super) images: Vec<Image>,
    /// The values of all entries, one after the other.
    bytes: Vec<u8>,
    pub(super) scope_by_name: HashMap<String, u32>,
    /// Where tenants went, and where they came back: the entry, the scope, and which.
    goings: Vec<Going>,
    /// Values of a row that comes in parts.
    parts: Vec<Value>,
    /// The scope of the tenant that the acting one works in.
    pub(super) acting: Option<String>,
    /// Whether what is written follows from records, so that it is not recorded itself.
    pub(super) quiet: bool,
    /// The standing queries; they outlive transactions too.
    pub(super) watches: Watches,
    /// Counts the writes, and what undoes some.
    pub(super) generation: u64,
    /// For each table of the model: the generation of its last write.
    pub(super) written: Vec<u64>,
    pub(super) scope_text: String,
    /// The tables that SQLite's update hook told of, and the count of writes before that.
    #[cfg(debug_assertions)]
    pub(super) seen: Vec<usize>,
    #[cfg(debug_assertions)]
    pub(super) began: u64,
}

/// One noted change.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) operation: u8,
    pub(super) table: u32,
    pub(super) scope: u32,
    /// Where its values end.
    end: usize,
}

/// A row of a versioned table as it is after a change.
pub(super) struct Image {
    pub(super) entry: usize,
    pub(super) bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy)]
struct Going {
    entry: usize,
    scope: u32,
    gone: bool,
}

/// Reads the value at a place of what a trigger handed over.
pub(super) type Values<'v> = &'v dyn Fn(usize) -> ValueRef<'v>;

impl Notes {
    /// No notes, about a model of so many tables.
    pub(super) fn new(tables: usize) -> Notes {
        Notes { written: vec![0; tables], ..Notes::default() }
    }

    /// A transaction begins, on behalf of somebody in this tenant.
    pub(super) fn begin(&mut self, tenant: Option<&str>) {
        self.empty();
        #[cfg(debug_assertions)]
        {
            self.began = self.generation;
        }
        self.acting = tenant.map(|tenant| format!("{OF_TENANT}{tenant}"));
    }

    /// Takes every table for written: what was read before may be no longer so.
    pub(super) fn doubt_all(&mut self) {
        self.doubt_written();
        self.watches.concern_all();
    }

    /// Takes every table for written, as what was read meanwhile is undone. Standing queries are
    /// answered between transactions, and so have their answers back.
    pub(super) fn doubt_written(&mut self) {
        self.generation += 1;
        self.written.fill(self.generation);
    }

    /// Forgets all notes.
    pub(super) fn empty(&mut self) {
        self.cut_back(0);
        self.scopes.clear();
        self.scope_by_name.clear();
        self.acting = None;
        self.quiet = false;
    }

    /// The notes of the transaction, to be written down; none are left here.
    pub(super) fn take(&mut self) -> Notes {
        let mut taken = std::mem::take(self);
        self.tables = Arc::clone(&taken.tables);
        self.generation = taken.generation;
        self.watches = std::mem::take(&mut taken.watches);
        self.written = std::mem::take(&mut taken.written);
        taken
    }

    /// Takes back the notes of the transaction.
    pub(super) fn put_back(&mut self, taken: Notes) {
        let (generation, written) = (self.generation, std::mem::take(&mut self.written));
        let watches = std::mem::take(&mut self.watches);
        *self = Notes { generation, written, watches, ..taken };
    }

    /// Forgets the notes after the first so many.
    pub(super) fn cut_back(&mut self, entries: usize) {
        #[cfg(debug_assertions)]
        self.seen.clear();
        if self.entries.len() > entries {
            // What was read meanwhile is no longer so.
            self.generation += 1;
            for entry in &self.entries[entries..] {
                self.written[entry.table as usize] = self.generation;
            }
        }
        self.entries.truncate(entries);
        self.bytes.truncate(self.start(self.entries.len()));
        self.goings.retain(|going| going.entry < entries);
        self.images.retain(|image| image.entry < entries);
        self.parts.clear();
    }

    /// A table that something was noted of.
    pub(super) fn recorded(&self, table: u32) -> &Recorded {
        self.tables[table as usize].as_ref().expect("only recorded tables are noted")
    }

    /// Notes that a table was written.
    pub(super) fn touch(&mut self, table: usize) {
        self.generation += 1;
        self.written[table] = self.generation;
        self.watches.concern_by_table(table);
    }

    /// The values of an entry.
    pub(super) fn values(&self, entry: usize) -> &[u8] {
        &self.bytes[self.start(entry)..self.entries[entry].end]
    }

    /// The first entry of a scope that is not about to be forgotten: those from before a tenant
    /// was deleted are.
    pub(super) fn first_kept(&self, scope: u32) -> usize {
        let gone = self.goings.iter().rev().find(|going| going.scope == scope && going.gone);
        gone.map_or(0, |going| going.entry)
    }

    /// The scopes of the tenants that went.
    pub(super) fn gone(&self) -> impl Iterator<Item = u32> {
        self.goings.iter().filter(|going| going.gone).map(|going| going.scope)
    }

    /// What the triggers' function does. The error is what the writing statement fails with.
    pub(super) fn call(
        &mut self,
        code: i64,
        count: usize,
        value: Values<'_>,
    ) -> Result<(), &'static str> {
        if code % COUNT >= MORE {
            self.parts.extend((0..count).map(|at| owned(value(at))));
            return Ok(());
        }
        let number = u32::try_from(code / COUNT).map_err(|_| "no such table is recorded")?;
        let recorded = self.tables.get(number as usize).and_then(Option::as_ref);
        let recorded = recorded.ok_or("no such table is recorded")?;
        let columns = recorded.shape.columns.len();
        let wanted = match code % COUNT {
            UPDATE => 2 * columns + recorded.shape.secrets.len(),
            _ => columns,
        };
        if self.parts.is_empty() {
            if count != wanted {
                return Err("a change was handed over with too few or too many values");
            }
            return self.note(code % COUNT, number, value, &|_| true);
        }
        let mut parts = std::mem::take(&mut self.parts);
        parts.extend((0..count).map(|at| owned(value(at))));
        if parts.len() != wanted {
            return Err("a change was handed over with too few or too many values");
        }
        self.note(code % COUNT, number, &|at| (&parts[at]).into(), &|_| true)
    }

    /// Notes what happened to a row of a recorded table. `may_differ` tells of an update whether a
    /// column may have changed.
    pub(super) fn note(
        &mut self,
        what: i64,
        number: u32,
        value: Values<'_>,
        may_differ: &dyn Fn(usize) -> bool,
    ) -> Result<(), &'static str> {
        self.touch(number as usize);
        if self.quiet {
            self.watches.concern_readers(number as usize);
            return Ok(());
        }
        if !self.watches.is_empty() {
            let tables = Arc::clone(&self.tables);
            if let Some(recorded) = &tables[number as usize] {
                self.watches.concern_by_row(number as usize, recorded, what, value);
            }
        }
        let recorded = self.recorded(number);
        let columns = recorded.shape.columns.len();
        let (scope, is_root) = (recorded.scope, recorded.is_root);
        let of = self.scope(scope, value)?;
        match what {
            INSERT => {
                if is_root {
                    self.going(of, false);
                }
                self.whole(INSERT, number, of, value);
            }
            DELETE if self.is_gone(of) => {}
            DELETE => self.whole(DELETE, number, of, value),
            GOING => {
                let system = self.scope_number(SYSTEM);
                self.going(of, true);
                self.key(GOING, number, system, value);
            }
            UPDATE => {
                let new = |at: usize| value(at + columns);
                let to = match scope {
                    RecordedScope::Tenant(at) | RecordedScope::User(at) if may_differ(at) => {
                        self.scope(scope, &new)?
                    }
                    _ => of,
                };
                if to != of {
                    self.whole(DELETE, number, of, value);
                    self.whole(INSERT, number, to, &new);
                } else if !self.is_gone(of) {
                    self.update(number, of, value, may_differ);
                }
            }
            _ => return Err("an unknown operation was handed over"),
        }
        Ok(())
    }

    /// Notes a row that came or went, with all of its values.
    fn whole(&mut self, operation: i64, number: u32, scope: u32, value: Values<'_>) {
        let tables = Arc::clone(&self.tables);
        let Some(recorded) = &tables[number as usize] else { return };
        let columns = recorded.shape.columns.len();
        let mut writer = Writer::new(&mut self.bytes);
        (0..columns).for_each(|at| writer.value(value(at)));
        if recorded.versioned {
            let bytes = match operation {
                INSERT => self.bytes[self.start(self.entries.len())..].to_vec(),
                _ => Vec::new(),
            };
            self.images.push(Image { entry: self.entries.len(), bytes });
        }
        self.push(operation, number, scope);
    }

    /// Notes a row that is known by its key alone.
    fn key(&mut self, operation: i64, number: u32, scope: u32, value: Values<'_>) {
        let tables = Arc::clone(&self.tables);
        let Some(recorded) = &tables[number as usize] else { return };
        let mut writer = Writer::new(&mut self.bytes);
        recorded.shape.key.iter().for_each(|at| writer.value(value(*at)));
        self.push(operation, number, scope);
    }

    /// Notes what an update changed, unless it changed nothing.
    fn update(
        &mut self,
        number: u32,
        scope: u32,
        value: Values<'_>,
        may_differ: &dyn Fn(usize) -> bool,
    ) {
        let tables = Arc::clone(&self.tables);
        let Some(recorded) = &tables[number as usize] else { return };
        let shape = &recorded.shape;
        let columns = shape.columns.len();
        let (start, mut writer) = (self.bytes.len(), Writer::new(&mut self.bytes));
        shape.key.iter().for_each(|at| writer.value(value(*at)));
        shape.context.iter().for_each(|at| writer.value(value(at + columns)));
        let (mut changed, mut nulled, mut kept) = (0, 0, 0);
        for at in (0..columns).filter(|at| may_differ(*at)) {
            let (old, new) = (value(at), value(at + columns));
            if old == new {
                continue;
            }
            changed += 1;
            nulled += usize::from(recorded.nulled[at] && new == ValueRef::Null);
            kept += usize::from(recorded.bookkeeping[at]);
            writer.count(at + 1);
            writer.value(old);
            writer.value(new);
        }
        let mut secrets = 0;
        for at in 0..shape.secrets.len() {
            if value(2 * columns + at) != ValueRef::Integer(0) {
                secrets += 1;
                writer.count(columns + at + 1);
            }
        }
        writer.count(0);
        let follows = nulled == changed && secrets == 0;
        if changed + secrets == 0 || recorded.is_audit && follows {
            self.bytes.truncate(start);
            return;
        }
        // Neither the times of writing and hiding nor references that went are a new version.
        if recorded.versioned && nulled + kept < changed {
            let mut bytes = Vec::new();
            let mut writer = Writer::new(&mut bytes);
            (columns..2 * columns).for_each(|at| writer.value(value(at)));
            self.images.push(Image { entry: self.entries.len(), bytes });
        }
        self.push(UPDATE, number, scope);
    }

    fn push(&mut self, operation: i64, table: u32, scope: u32) {
        let end = self.bytes.len();
        self.entries.push(Entry { operation: operation as u8, table, scope, end });
    }

    fn start(&self, entry: usize) -> usize {
        entry.checked_sub(1).map_or(0, |before| self.entries[before].end)
    }

    fn going(&mut self, scope: u32, gone: bool) {
        if gone || self.is_gone(scope) {
            self.goings.push(Going { entry: self.entries.len(), scope, gone });
        }
    }

    fn is_gone(&self, scope: u32) -> bool {
        let last = self.goings.iter().rev().find(|going| going.scope == scope);
        last.is_some_and(|going| going.gone)
    }
}

fn owned(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => Value::Integer(integer),
        ValueRef::Real(real) => Value::Real(real),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}
