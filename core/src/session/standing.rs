//! What a session's actor may do at the moment, and how the session's work gets to know it.

use std::sync::Arc;

use serde_json::Value;

use super::{Session, lookup};
use crate::error::{Error, Result};
use crate::host::Host;
use crate::owner::Engine;
use crate::owner::data_version::data_version;
use crate::owner::read::first;
use crate::owner::rows::Rows;
use crate::owner::transaction::transaction;
use crate::policy::{Rights, Rules};
use crate::query::Sql;
use crate::value::{Row, SqlValue};

/// What was known of the actor when it was last looked up.
#[derive(Clone)]
pub(super) struct Standing {
    pub(super) rules: Arc<Rules>,
    /// The recorder's count of this connection's writes then.
    pub(super) generation: u64,
    /// SQLite's count of changes to the file then.
    pub(super) data_version: u32,
}

impl<'db> Session<'db> {
    /// Inserts a row along with columns that only the core itself writes.
    pub(crate) fn insert_with(&self, table: &str, row: &Row, own: &[(&str, Value)]) -> Result<Row> {
        self.insert_if(table, row, own, &|_| Ok(()))
    }

    /// The same where the actor's rights, as they are within the write's transaction, are found
    /// to allow it.
    pub(crate) fn insert_if(
        &self,
        table: &str,
        row: &Row,
        own: &[(&str, Value)],
        check: &dyn Fn(&Rights) -> Result<()>,
    ) -> Result<Row> {
        let names = own.iter().map(|(name, _)| *name);
        for name in names {
            if row.contains_key(name) {
                let message = "is made by the core itself".to_owned();
                return Err(Error::InvalidArgument { argument: name.to_owned(), message });
            }
        }
        let given = row;
        let mut row = row.clone();
        row.extend(own.iter().map(|(name, value)| ((*name).to_owned(), value.clone())));
        self.writing(|rows| {
            rows.rules.map_or(Ok(()), |rules| check(rules.rights()))?;
            rows.check_given(table, given)?;
            Rows { own_columns: true, ..rows }.insert(table, &row)
        })
    }

    /// Changes columns that only the core itself writes, of a row that the actor may change.
    pub(crate) fn update_with(&self, table: &str, key: &Value, changes: &Row) -> Result<Row> {
        self.writing(|rows| Rows { own_columns: true, ..rows }.update(table, key, changes))
    }

    /// Runs work of the core's own on the actor's behalf, in one transaction, past the policies:
    /// whoever calls this has checked what they stand for.
    pub(crate) fn as_core<T>(&self, work: impl FnOnce(Rows<'_>) -> Result<T>) -> Result<T> {
        self.writing(|rows| {
            let core = Rows { rules: None, own_columns: true, ..rows };
            transaction(self.engine, &self.actor, || work(core))
        })
    }

    pub(crate) fn engine(&self) -> &'db Engine {
        self.engine
    }

    pub(crate) fn host(&self) -> &'db dyn Host {
        &*self.engine.host
    }

    /// The first row of a statement of the core's own.
    pub(crate) fn first(
        &self,
        sql: &Sql<'_>,
        columns: usize,
    ) -> Result<Option<Vec<SqlValue<'static>>>> {
        first(&self.engine.connection, sql, columns)
    }

    pub(super) fn with<T>(&self, work: impl FnOnce(Rows<'_>) -> Result<T>) -> Result<T> {
        let rules = self.rules()?;
        work(self.rows(&rules))
    }

    /// Runs a write, in a transaction that begins before the actor's rights are looked at: nobody
    /// can take them away in between.
    pub(super) fn writing<T>(&self, work: impl FnOnce(Rows<'_>) -> Result<T>) -> Result<T> {
        let Engine { connection, recorder, .. } = self.engine;
        if self.newer.is_some() || !connection.is_autocommit() {
            return self.with(work);
        }
        transaction(self.engine, &self.actor, || {
            recorder.look_for_others(connection)?;
            let rules = self.known_rules()?;
            work(self.rows(&rules))
        })
    }

    /// Reads and writes under the session's rules, as they were just looked up.
    pub(crate) fn rows<'s>(&'s self, rules: &'s Rules) -> Rows<'s> {
        let Session { engine, actor, newer, .. } = self;
        let host = &*engine.host;
        Rows { engine, host, actor, rules: Some(rules), newer: *newer, own_columns: false }
    }

    /// Runs a read. Whether another connection changed the actor's rights meanwhile is asked after
    /// it, of what it saw, and then it is done again: that costs less than asking beforehand.
    pub(super) fn reading<T>(&self, mut work: impl FnMut(Rows<'_>) -> Result<T>) -> Result<T> {
        let Session { engine, actor, newer, .. } = self;
        let host = &*engine.host;
        let mut rules = self.known_rules()?;
        loop {
            let rows = Rows {
                engine,
                host,
                actor,
                rules: Some(&rules),
                newer: *newer,
                own_columns: false,
            };
            let result = work(rows);
            if data_version(&engine.connection) == self.standing.borrow().data_version {
                return result;
            }
            let now = self.rules()?;
            if Arc::ptr_eq(&now, &rules) {
                return result;
            }
            rules = now;
        }
    }

    /// What the actor may do now.
    pub(crate) fn rules(&self) -> Result<Arc<Rules>> {
        let Engine { connection, recorder, .. } = self.engine;
        // Within a transaction nobody else's writes are to be seen.
        if connection.is_autocommit() {
            recorder.look_for_others(connection)?;
        }
        // As of before the look-up: what others commit meanwhile is noticed by the next read.
        let data_version = data_version(connection);
        let rules = self.known_rules()?;
        self.standing.borrow_mut().data_version = data_version;
        Ok(rules)
    }

    /// What the actor may do as far as this connection knows.
    fn known_rules(&self) -> Result<Arc<Rules>> {
        self.engine.check_turn(&self.actor)?;
        let generation = self.engine.recorder.generation();
        let mut standing = self.standing.borrow_mut();
        if standing.generation != generation {
            let since = standing.generation;
            let recorder = &self.engine.recorder;
            if self.hangs_on.iter().any(|table| recorder.is_written_since(*table, since)) {
                let rights = lookup::rights(self.engine, &self.actor)?;
                if rights != *standing.rules.rights() {
                    let model = self.engine.catalog.model().clone();
                    standing.rules = Arc::new(Rules::new(model, rights));
                }
            }
            standing.generation = generation;
        }
        lookup::check_expiry(self.engine, standing.rules.rights())?;
        Ok(standing.rules.clone())
    }
}
