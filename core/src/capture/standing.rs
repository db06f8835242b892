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
}

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
    all: Vec<(Watch, bool)>,
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

    /// The names of the standing queries that writes concerned since this was last asked; all of
    /// them where another connection wrote.
    ///
    /// # Errors
    ///
    /// - `io`: the file can't be read
    pub(crate) fn take_concerned(&self, connection: &Connection) -> Result<Vec<String>> {
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
        self.all.push((watch, false));
    }

    pub(super) fn remove(&mut self, key: &str) {
        self.all.retain(|(watch, _)| watch.key != key);
    }

    /// The names of the queries that were concerned since this was last asked.
    pub(super) fn take_concerned(&mut self) -> Vec<String> {
        let concerned = self.all.iter_mut().filter(|(_, is_concerned)| *is_concerned);
        concerned
            .map(|(watch, is_concerned)| {
                *is_concerned = false;
                watch.key.clone()
            })
            .collect()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Anything may have changed.
    pub(super) fn concern_all(&mut self) {
        self.all.iter_mut().for_each(|(_, is_concerned)| *is_concerned = true);
    }

    /// Some row of a table was written, whichever it was.
    pub(super) fn concern_by_table(&mut self, table: usize) {
        for (watch, is_concerned) in &mut self.all {
            *is_concerned |= watch.tables.contains(&table);
        }
    }

    /// A table was written, and nothing is known of the rows.
    pub(super) fn concern_readers(&mut self, table: usize) {
        for (watch, is_concerned) in &mut self.all {
            *is_concerned |= watch.rows.iter().any(|rows| rows.table == table);
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
        for (watch, is_concerned) in &mut self.all {
            if *is_concerned {
                continue;
            }
            let mut own = watch.rows.iter().filter(|rows| rows.table == table);
            *is_concerned = own
                .any(|rows| images.iter().any(|image| rows.fit(recorded, &|at| value(at + image))));
        }
    }
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
