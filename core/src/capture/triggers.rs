//! Making the triggers on a connection, and taking them away.

use std::sync::Arc;

use rusqlite::Connection;

use super::{Recorder, shape};
use crate::error::Result;
use crate::sql::quote;

impl Recorder {
    /// Makes the triggers; the version of the schema that they are for.
    pub(super) fn install(&self, connection: &Connection) -> Result<i64> {
        let tables = shape::recorded(connection, &self.model)?;
        let mut sql = String::new();
        for (number, recorded) in tables.iter().enumerate() {
            let table = &self.model.tables[recorded.table];
            shape::triggers(recorded, table, number).iter().for_each(|trigger| sql += trigger);
        }
        let version = schema_version(connection)?;
        connection.pragma_update(None, "recursive_triggers", true)?;
        let made = connection.execute_batch(&format!("SAVEPOINT capture; {sql} RELEASE capture"));
        if let Err(error) = made {
            connection.execute_batch("ROLLBACK TO capture; RELEASE capture")?;
            return Err(error.into());
        }
        self.lock().tables = Arc::new(tables);
        Ok(version)
    }

    /// Takes the triggers away.
    pub(super) fn drop_triggers(&self, connection: &Connection) -> Result<()> {
        let mut sql = String::new();
        for table in &self.model.tables {
            for name in shape::trigger_names(&table.name) {
                let name = quote::name(&name);
                sql.push_str(&format!("DROP TRIGGER IF EXISTS temp.{name};"));
            }
        }
        Ok(connection.execute_batch(&sql)?)
    }
}

/// SQLite's count of the changes of the schema.
pub(super) fn schema_version(connection: &Connection) -> Result<i64> {
    let mut statement = connection.prepare_cached("PRAGMA main.schema_version")?;
    Ok(statement.query_row([], |row| row.get(0))?)
}
