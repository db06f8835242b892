//! What typed writes note themselves, without a trigger: they have the row at hand, and a trigger
//! costs as much as the write.
//!
//! For each write exactly one notes it: the trigger where one stands, else whoever runs the write.

use rusqlite::Connection;
use rusqlite::types::ValueRef;

use super::Recorder;
use super::shape::operation::{DELETE, INSERT, NULLED, UPDATE};
use crate::error::{Error, Result};
use crate::value::SqlValue;

/// What a statement of the core's own does to the rows of one table.
pub(crate) enum Deed<'d> {
    /// It inserts them.
    Insert,
    /// It changes columns of them: whether one at a position is among these.
    Update(&'d dyn Fn(usize) -> bool),
    /// It deletes them.
    Delete,
}

impl Recorder {
    /// Makes ready for a statement of the core's own on a table of the model, by its position;
    /// whether whoever runs it has to note its rows. Belongs into a transaction, when no statement
    /// that writes is under way.
    ///
    /// # Errors
    ///
    /// - `io`, `corrupt`: the schema can't be read
    pub(crate) fn is_direct(
        &self,
        connection: &Connection,
        table: usize,
        deed: &Deed<'_>,
    ) -> Result<bool> {
        let layout = &mut *self.layout(connection)?;
        if !layout.is_plain {
            let all = layout.all();
            self.make(connection, layout, &all)?;
            return Ok(false);
        }
        Ok(match deed {
            Deed::Insert => !layout.stands((table, INSERT)),
            Deed::Update(changes) => {
                let columns = &self.model.tables[table].columns;
                let nulls = |name: &String| {
                    columns.iter().position(|column| column.name == *name).is_some_and(changes)
                };
                let is_nulled =
                    layout.stands((table, NULLED)) && layout.nulled[table].iter().any(nulls);
                !layout.stands((table, UPDATE)) && !is_nulled
            }
            Deed::Delete => {
                self.reach(connection, layout, table)?;
                !layout.stands((table, DELETE))
            }
        })
    }

    /// Whether the file is as the model says, as far as is known.
    pub(crate) fn is_plain(&self) -> bool {
        self.layout.borrow().as_ref().is_some_and(|layout| layout.is_plain)
    }

    /// Makes ready for SQL of any kind: triggers note all that it does.
    ///
    /// # Errors
    ///
    /// Those of [`Recorder::is_direct`].
    pub(crate) fn require_all(&self, connection: &Connection) -> Result<()> {
        let layout = &mut *self.layout(connection)?;
        let all = layout.all();
        self.make(connection, layout, &all)
    }

    /// Makes ready for a statement that may change the schema within a transaction: from then on
    /// triggers note everything.
    ///
    /// # Errors
    ///
    /// Those of [`Recorder::is_direct`].
    pub(crate) fn distrust(&self, connection: &Connection) -> Result<()> {
        self.layout(connection)?.is_plain = false;
        // A table may go with its rows, which no trigger notes.
        self.lock().doubt_all();
        self.require_all(connection)
    }

    /// Makes ready for a statement that updates a table of the model: a trigger notes what it does.
    ///
    /// # Errors
    ///
    /// Those of [`Recorder::is_direct`].
    pub(crate) fn require_updates(&self, connection: &Connection, table: &str) -> Result<()> {
        let layout = &mut *self.layout(connection)?;
        let number = self.model.tables.iter().position(|known| known.name == table);
        let wanted: Vec<_> = number.into_iter().map(|number| (number, UPDATE)).collect();
        self.make(connection, layout, &wanted)
    }

    /// Makes ready for typed writes while a statement is under way that may delete, which is when
    /// no trigger can be made.
    ///
    /// # Errors
    ///
    /// Those of [`Recorder::is_direct`].
    pub(crate) fn require_reach(&self, connection: &Connection, may_delete: bool) -> Result<()> {
        let layout = &mut *self.layout(connection)?;
        if !layout.is_plain {
            let all = layout.all();
            return self.make(connection, layout, &all);
        }
        let tables = 0..if may_delete { self.model.tables.len() } else { 0 };
        tables.into_iter().try_for_each(|table| self.reach(connection, layout, table))
    }

    fn reach(
        &self,
        connection: &Connection,
        layout: &mut super::layout::Layout,
        table: usize,
    ) -> Result<()> {
        if !layout.is_reached(table) {
            let wanted = layout.reach(&self.model, table);
            self.make(connection, layout, &wanted)?;
            layout.set_reached(table);
        }
        Ok(())
    }

    /// Refuses a row that the acting one may not write, as [`Recorder::note_delete`] would.
    pub(crate) fn check_scope(&self, table: usize, row: &[SqlValue<'_>]) -> Result<()> {
        let mut notes = self.lock();
        let tables = notes.tables.clone();
        let Some(recorded) = &tables[table] else { return Ok(()) };
        let value = |at: usize| as_ref(&row[recorded.columns[at]]);
        notes.scope(recorded.scope, &value).map(|_| ()).map_err(refused)
    }

    /// Notes a row that a statement is about to insert.
    ///
    /// # Errors
    ///
    /// - `sql`: the row belongs to another tenant than the one acted in
    pub(crate) fn note_insert(&self, table: usize, row: &[SqlValue<'_>]) -> Result<()> {
        self.note(table, INSERT, row, row, &|_| true)
    }

    /// Notes a row that a statement is about to change, in columns at these positions at most.
    ///
    /// # Errors
    ///
    /// Those of [`Recorder::note_insert`].
    pub(crate) fn note_update(
        &self,
        table: usize,
        before: &[SqlValue<'_>],
        after: &[SqlValue<'_>],
        is_changed: &dyn Fn(usize) -> bool,
    ) -> Result<()> {
        self.note(table, UPDATE, before, after, is_changed)
    }

    /// Notes a row that was deleted.
    ///
    /// # Errors
    ///
    /// Those of [`Recorder::note_insert`].
    pub(crate) fn note_delete(&self, table: usize, row: &[SqlValue<'_>]) -> Result<()> {
        self.note(table, DELETE, row, row, &|_| true)
    }

    fn note(
        &self,
        table: usize,
        operation: i64,
        before: &[SqlValue<'_>],
        after: &[SqlValue<'_>],
        is_changed: &dyn Fn(usize) -> bool,
    ) -> Result<()> {
        let mut notes = self.lock();
        let tables = notes.tables.clone();
        let Some(recorded) = &tables[table] else { return Ok(()) };
        let columns = recorded.columns.len();
        let value = |at: usize| {
            if at < columns {
                as_ref(&before[recorded.columns[at]])
            } else if at < 2 * columns {
                as_ref(&after[recorded.columns[at - columns]])
            } else {
                let secret = recorded.secrets[at - 2 * columns];
                ValueRef::Integer(i64::from(before[secret] != after[secret]))
            }
        };
        let may_differ = |at: usize| is_changed(recorded.columns[at]);
        notes.note(operation, table as u32, &value, &may_differ).map_err(refused)
    }
}

fn as_ref<'v>(value: &'v SqlValue<'_>) -> ValueRef<'v> {
    match value {
        SqlValue::Null => ValueRef::Null,
        SqlValue::Integer(integer) => ValueRef::Integer(*integer),
        SqlValue::Real(real) => ValueRef::Real(*real),
        SqlValue::Text(text) => ValueRef::Text(text.as_bytes()),
        SqlValue::Blob(bytes) => ValueRef::Blob(bytes),
    }
}

fn refused(message: &'static str) -> Error {
    Error::Sql { message: message.to_owned() }
}
