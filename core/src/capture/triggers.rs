//! Making the triggers on a connection, and taking them away.

use std::cell::RefMut;
use std::sync::Arc;

use rusqlite::Connection;

use super::layout::{Layout, Wanted};
use super::shape::operation::{INSERT, NULLED, UPDATE};
use super::{Recorder, shape};
use crate::error::Result;
use crate::sql::quote;

impl Recorder {
    /// What is known of the schema; looked up where nothing is.
    pub(super) fn layout(&self, connection: &Connection) -> Result<RefMut<'_, Layout>> {
        if self.layout.borrow().is_none() {
            // Those of a schema before, or of a transaction that was undone.
            self.drop_triggers(connection)?;
            let mut layout = Layout::read(connection, &self.model)?;
            connection.pragma_update(None, "recursive_triggers", true)?;
            layout.is_new = !connection.is_autocommit();
            self.lock().tables = Arc::clone(&layout.tables);
            self.layout.replace(Some(layout));
        }
        let layout = self.layout.borrow_mut();
        Ok(RefMut::map(layout, |layout| layout.as_mut().expect("it was just looked up")))
    }

    /// Makes triggers, as far as they don't stand.
    pub(super) fn make(
        &self,
        connection: &Connection,
        layout: &mut Layout,
        wanted: &[Wanted],
    ) -> Result<()> {
        let mut sql = String::new();
        let mut made: Vec<Wanted> = Vec::new();
        for (number, operation) in wanted {
            let Some(recorded) = &layout.tables[*number] else { continue };
            let is_there =
                |one: i64| layout.stands((*number, one)) || made.contains(&(*number, one));
            if is_there(*operation) || *operation == NULLED && is_there(UPDATE) {
                continue;
            }
            let table = &self.model.tables[*number];
            if *operation == UPDATE && is_there(NULLED) {
                let name = quote::name(&shape::trigger_name(&table.name, NULLED));
                sql.push_str(&format!("DROP TRIGGER temp.{name};"));
            }
            let nulled = &layout.nulled[*number];
            sql.push_str(&shape::trigger(recorded, table, *number, *operation, nulled));
            made.push((*number, *operation));
        }
        if sql.is_empty() {
            return Ok(());
        }
        self.has_triggers.set(true);
        let done = connection.execute_batch(&format!("SAVEPOINT capture; {sql} RELEASE capture"));
        if let Err(error) = done {
            connection.execute_batch("ROLLBACK TO capture; RELEASE capture")?;
            return Err(error.into());
        }
        layout.is_new |= !connection.is_autocommit();
        made.into_iter().for_each(|trigger| layout.set_standing(trigger));
        Ok(())
    }

    /// Takes away the trigger that notes what is inserted into a table, where one stands that
    /// typed writes may do without: SQL needed it, and many rows are to follow. Belongs into a
    /// transaction, when no statement is under way.
    ///
    /// # Errors
    ///
    /// - `io`, `corrupt`: the schema can't be read
    pub(crate) fn spare_inserts(&self, connection: &Connection, table: usize) -> Result<()> {
        let layout = &mut *self.layout(connection)?;
        if !layout.is_plain || !layout.stands((table, INSERT)) {
            return Ok(());
        }
        let name = shape::trigger_name(&self.model.tables[table].name, INSERT);
        connection.execute_batch(&format!("DROP TRIGGER temp.{}", quote::name(&name)))?;
        layout.unset_standing((table, INSERT));
        layout.is_new |= !connection.is_autocommit();
        Ok(())
    }

    /// Takes the triggers away.
    pub(super) fn drop_triggers(&self, connection: &Connection) -> Result<()> {
        if !self.has_triggers.get() {
            return Ok(());
        }
        let sql = "SELECT name FROM temp.sqlite_schema
                   WHERE type = 'trigger' AND name LIKE '\\_freehold\\_%' ESCAPE '\\'";
        let mut statement = connection.prepare(sql)?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        let mut sql = String::new();
        for name in names {
            sql.push_str(&format!("DROP TRIGGER temp.{};", quote::name(&name?)));
        }
        drop(statement);
        connection.execute_batch(&sql)?;
        // Undoing the open transaction would bring them back.
        self.has_triggers.set(!connection.is_autocommit());
        Ok(())
    }
}

/// SQLite's count of the changes of the schema.
pub(super) fn schema_version(connection: &Connection) -> Result<i64> {
    let mut statement = connection.prepare_cached("PRAGMA main.schema_version")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}

/// Whether no other connection can commit: a log with an exclusive lock is kept from everybody else
/// from the first reading on.
pub(super) fn is_alone(connection: &Connection) -> Result<bool> {
    let is = |pragma: &str, value: &str| {
        connection.pragma_query_value(None, pragma, |row| Ok(row.get_ref(0)?.as_str()? == value))
    };
    Ok(is("locking_mode", "exclusive")? && is("journal_mode", "wal")?)
}
