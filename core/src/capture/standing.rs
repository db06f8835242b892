//! Standing queries: which of them a write concerns, decided while the write is noted.
//!
//! A watch says of which rows its query is made, as far as that can be said of a row by itself:
//! the table, the tenant, and values that columns must have. A row that fits before or after a
//! change concerns the query; so does any write to the tables that decide what its actor sees.
//! What is undone later has concerned it all the same: a query that is asked once too often shows
//! nothing new.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::Recorder;
use super::shape::operation::{GOING, UPDATE};
use super::shape::{Recorded, RecordedScope};
use crate::error::Result;
use crate::value::SqlValue;

/// A standing query.
#[derive(Debug)]
pub(crate) struct Watch {
    /// Its name.
    pub(crate) key: String,
    /// The rows that it is made of.
    pub(crate) rows: Vec<WatchedRows>,
    /// The positions of the tables of which any write concerns it.
    pub(crate) tables: Vec<usize>,
    /// Whether it is told which rows were written, as long as they are few.
    pub(crate) by_row: bool,
}

/// The values of a primary key, in its order.
pub(crate) type WrittenKey = Vec<SqlValue<'static>>;

/// What writes had to do with a standing query.
#[derive(Debug, Default, PartialEq)]
pub(crate) enum Concern {
    /// Nothing.
    #[default]
    None,
    /// These rows of its table were written, and nothing else concerns it.
    Rows(Vec<WrittenKey>),
    /// Anything may be another now.
    All,
}

/// The most rows that a query is told of one by one.
const WRITTEN_MAX: usize = 16;

/// Rows that a query is made of.
#[derive(Debug)]
pub(crate) struct WatchedRows {
    /// The table's position in the model.
    pub(crate) table: usize,
    /// The tenant that they belong to, where only one tenant's are meant.
    pub(crate) tenant: Option<String>,
    /// Positions of the model's columns, and the values that they have.
    pub(crate) equal: Vec<(usize, SqlValue<'static>)>,
}

/// All standing queries of a connection.
#[derive(Debug, Default)]
pub(super) struct Watches {
    all: Vec<(Watch, Concern)>,
}

impl Recorder {
    /// Adds a standing query; the one of the same name goes.
    pub(crate) fn watch(&self, watch: Watch) {
        self.lock().watches.add(watch);
    }

    /// Forgets a standing query.
    pub(crate) fn unwatch(&self, key: &str) {
        self.lock().watches.remove(key);
    }

    /// The names of the standing queries that writes concerned since this was last asked, and how;
    /// all of them where another connection wrote.
    ///
    /// # Errors
    ///
    /// - `io`: the file can't be read
    pub(crate) fn take_concerned(&self, connection: &Connection) -> Result<Vec<(String, Concern)>> {
        if self.lock().watches.is_empty() {
            return Ok(Vec::new());
        }
        self.look_for_others(connection)?;
        Ok(self.lock().watches.take_concerned())
    }
}

impl Watches {
    /// Adds a query; the one of the same name goes.
    pub(super) fn add(&mut self, watch: Watch) {
        self.remove(&watch.key);
        self.all.push((watch, Concern::None));
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.all.retain(|(watch, _)| watch.key != key);
    }

    /// The names of the queries that were concerned since this was last asked, and how.
    pub(super) fn take_concerned(&mut self) -> Vec<(String, Concern)> {
        let concerned = self.all.iter_mut().filter(|(_, concern)| *concern != Concern::None);
        concerned.map(|(watch, concern)| (watch.key.clone(), std::mem::take(concern))).collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Anything may have changed.
    pub(super) fn concern_all(&mut self) {
        self.concern_where(|_| true);
    }

    /// Some row of a table was written, whichever it was.
    pub(super) fn concern_by_table(&mut self, table: usize) {
        self.concern_where(|watch| watch.tables.contains(&table));
    }

    /// A table was written, and nothing is known of the rows.
    pub(super) fn concern_readers(&mut self, table: usize) {
        self.concern_where(|watch| watch.rows.iter().any(|rows| rows.table == table));
    }

    fn concern_where(&mut self, is_concerned: impl Fn(&Watch) -> bool) {
        for (watch, concern) in &mut self.all {
            if is_concerned(watch) {
                *concern = Concern::All;
            }
        }
    }

    /// A row was written; its values as they are noted.
    pub(super) fn concern_by_row<'v>(
        &mut self,
        table: usize,
        recorded: &Recorded,
        what: i64,
        value: &'v dyn Fn(usize) -> ValueRef<'v>,
    ) {
        if what == GOING {
            // Everything of a tenant goes along, and is not told of row by row.
            return self.concern_all();
        }
        let columns = recorded.columns.len();
        let images: &[usize] = if what == UPDATE { &[0, columns] } else { &[0] };
        for (watch, concern) in &mut self.all {
            if *concern == Concern::All {
                continue;
            }
            let mut own = watch.rows.iter().filter(|rows| rows.table == table);
            if own
                .any(|rows| images.iter().any(|image| rows.fit(recorded, &|at| value(at + image))))
            {
                let keys = images.iter().map(|image| key(recorded, &|at| value(at + image)));
                concern.add(watch.by_row, keys);
            }
        }
    }
}

impl Concern {
    /// Rows with these keys were written.
    fn add(&mut self, by_row: bool, keys: impl Iterator<Item = Option<WrittenKey>>) {
        let mut rows = match std::mem::replace(self, Concern::All) {
            Concern::None if by_row => Vec::new(),
            Concern::Rows(rows) => rows,
            _ => return,
        };
        for key in keys {
            let Some(key) = key else { return };
            if !rows.contains(&key) {
                rows.push(key);
            }
        }
        if rows.len() <= WRITTEN_MAX {
            *self = Concern::Rows(rows);
        }
    }
}

/// The key of a row; None where it is none that can be asked for.
fn key<'v>(recorded: &Recorded, value: &dyn Fn(usize) -> ValueRef<'v>) -> Option<WrittenKey> {
    let mut key = Vec::with_capacity(recorded.shape.key.len());
    for at in &recorded.shape.key {
        key.push(match value(*at) {
            ValueRef::Integer(integer) => SqlValue::Integer(integer),
            ValueRef::Text(text) => std::str::from_utf8(text).ok()?.to_owned().into(),
            _ => return None,
        });
    }
    Some(key)
}

impl WatchedRows {
    /// Whether a row with these values may be one of them.
    fn fit<'v>(&self, recorded: &Recorded, value: &dyn Fn(usize) -> ValueRef<'v>) -> bool {
        if let (Some(tenant), RecordedScope::Tenant(at)) = (&self.tenant, recorded.scope)
            && value(at).as_str().is_ok_and(|of| of != tenant)
        {
            return false;
        }
        self.equal.iter().all(|(column, wanted)| {
            let at = recorded.columns.iter().position(|position| position == column);
            at.is_none_or(|at| is_same(value(at), wanted))
        })
    }
}

/// Whether a stored value is this one; what can't be compared may be.
fn is_same(stored: ValueRef<'_>, wanted: &SqlValue<'_>) -> bool {
    match (stored, wanted) {
        (ValueRef::Text(stored), SqlValue::Text(wanted)) => stored == wanted.as_bytes(),
        (ValueRef::Integer(stored), SqlValue::Integer(wanted)) => stored == *wanted,
        (ValueRef::Null, _) => false,
        _ => true,
    }
}
