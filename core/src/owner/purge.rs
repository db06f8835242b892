//! Removing for good what was softly deleted long enough ago.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::host;
use crate::owner::Owner;
use crate::owner::catalog::Plan;
use crate::owner::rows::Rows;
use crate::owner::transaction::{statement, transaction};
use crate::query::{Key, Sql, push_key};

/// How many rows of a table were removed for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Purged {
    /// The table.
    pub table: String,
    /// The rows; those that went along by references are not counted.
    pub rows: usize,
}

impl Owner<'_> {
    /// Removes for good the rows that were softly deleted before a time (Unix milliseconds), in
    /// all tables, with what hangs on them; how many of each table. Rows that others still refer
    /// to stay. The file keeps nothing of them but what the records say.
    ///
    /// # Errors
    ///
    /// - `newer_database`, `locked`
    pub fn purge(&self, before_ms: i64) -> Result<Vec<Purged>> {
        self.rows.purge(before_ms)
    }
}

impl Rows<'_> {
    /// Removes the rows that were softly deleted before a time. What others still refer to stays.
    pub(crate) fn purge(&self, before_ms: i64) -> Result<Vec<Purged>> {
        if let Some(error) = self.newer_database() {
            return Err(error);
        }
        let before = host::format_time(before_ms);
        let model = self.engine.catalog.model();
        let tables = model.tables.iter().filter(|table| table.soft_delete.is_some());
        let mut purged: Vec<Purged> =
            tables.map(|table| Purged { table: table.name.clone(), rows: 0 }).collect();
        transaction(self.engine, self.actor, || {
            // A row that holds up another may be of a table that comes later.
            loop {
                let mut removed = 0;
                for table in &mut purged {
                    let rows =
                        self.purge_table(self.engine.catalog.plan(&table.table)?, &before)?;
                    table.rows += rows;
                    removed += rows;
                }
                if removed == 0 {
                    return Ok(());
                }
            }
        })?;
        purged.retain(|table| table.rows > 0);
        Ok(purged)
    }

    fn purge_table(&self, plan: &Plan, before: &str) -> Result<usize> {
        let Some(deleted_at) = plan.deleted_at else { return Ok(0) };
        let fields = plan.validator.fields();
        let mut sql = Sql::default();
        sql.push("SELECT ").list(fields, ", ", |sql, field| {
            sql.name(&field.name);
        });
        sql.push(" FROM ").table(plan.table()).push(" WHERE ").name(&fields[deleted_at].name);
        sql.push(" < ").bind(before.into());
        let mut removed = 0;
        for row in self.all(plan, &sql)? {
            let key = Key::of(plan.source(), &row);
            match self.remove(plan, &key) {
                Ok(true) => removed += 1,
                // Already gone along with another.
                Ok(false) => {}
                // Others refer to it.
                Err(Error::Invalid { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(removed)
    }

    fn remove(&self, plan: &Plan, key: &Key<'_>) -> Result<bool> {
        let mut sql = Sql::default();
        sql.push("DELETE FROM ").table(plan.table());
        push_key(&mut sql, plan.source(), key, true, &[]);
        statement(self.engine, self.actor, || match self.visible(plan, key, true)? {
            Some(current) => self.execute_delete(plan, key, &sql, &current.row),
            None => Ok(false),
        })
    }
}
