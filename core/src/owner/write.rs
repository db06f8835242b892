//! Running typed writes: insert, update, delete. Each is one statement, so it happens wholly or
//! not at all.

use rusqlite::Connection;

use crate::error::{Error, Issue, Result};
use crate::host::{self, Host};
use crate::owner::catalog::{Catalog, Plan};
use crate::owner::constraint::explain;
use crate::owner::read;
use crate::owner::storage;
use crate::query::{Key, Sql, Term, push_key};
use crate::validate::PreparedChanges;
use crate::value::{Row, SqlValue};

/// What every write works with.
#[derive(Clone, Copy)]
pub(crate) struct Writer<'w> {
    pub(crate) connection: &'w Connection,
    pub(crate) catalog: &'w Catalog,
    pub(crate) host: &'w dyn Host,
}

impl Writer<'_> {
    /// Checks and inserts a row; the storage values are handed to `then`.
    pub(crate) fn insert<T>(
        &self,
        plan: &Plan,
        row: &Row,
        then: impl FnOnce(&[SqlValue<'_>]) -> Result<T>,
    ) -> Result<T> {
        let prepared = plan.validator.validate_insert(row, self.host);
        let values = prepared.map_err(|issues| refused(plan, issues))?.values;
        let mut statement = self.connection.prepare_cached(&plan.insert)?;
        let done = storage::bind(&mut statement, &values).and_then(|()| statement.raw_execute());
        drop(statement);
        match done {
            Ok(_) => then(&values),
            Err(error) => Err(explain(self.connection, self.catalog, plan, error, Some(&values))),
        }
    }

    /// Checks and makes changes to the row with a key; the row as it is then.
    pub(crate) fn update(
        &self,
        plan: &Plan,
        key: &Key<'_>,
        changes: &Row,
        terms: &[Term<'_>],
    ) -> Result<Row> {
        let mut current = None;
        if plan.validator.needs_current(changes) {
            current = read::stored(self.connection, plan, key, false, terms)?;
            if current.is_none() {
                return Err(not_found(plan, key));
            }
        }
        let prepared = plan.validator.validate_update(changes, current.as_deref(), self.host);
        let prepared = prepared.map_err(|issues| refused(plan, issues))?;
        if prepared.values.is_empty() {
            let row = read::get(self.connection, plan, key, terms)?;
            return row.ok_or_else(|| not_found(plan, key));
        }
        let sql = update_sql(plan, key, &prepared, terms);
        let updated = self.run_update(plan, &sql);
        match updated {
            Ok(Some(row)) => row,
            Ok(None) => Err(not_found(plan, key)),
            Err(error) => {
                let row = self.row_after(plan, key, &prepared, terms)?;
                Err(explain(self.connection, self.catalog, plan, error, row.as_deref()))
            }
        }
    }

    /// Deletes the row with a key, or hides it where the table says so; whether there was one.
    pub(crate) fn delete(&self, plan: &Plan, key: &Key<'_>, terms: &[Term<'_>]) -> Result<bool> {
        let mut sql = Sql::default();
        match plan.deleted_at {
            Some(position) => {
                let name = &plan.validator.fields()[position].name;
                sql.push("UPDATE ").name(plan.table()).push(" SET ").name(name);
                sql.push(" = ").bind(host::now(self.host).into());
            }
            None => {
                sql.push("DELETE FROM ").name(plan.table());
            }
        }
        push_key(&mut sql, plan.source(), key, false, terms);
        self.execute(plan, &sql).map(|rows| rows > 0)
    }

    fn execute(&self, plan: &Plan, sql: &Sql<'_>) -> Result<usize> {
        let mut statement = self.connection.prepare_cached(&sql.text)?;
        let done =
            storage::bind(&mut statement, &sql.values).and_then(|()| statement.raw_execute());
        drop(statement);
        done.map_err(|error| explain(self.connection, self.catalog, plan, error, None))
    }

    /// Runs `UPDATE … RETURNING`; the inner result is about reading the row.
    fn run_update(&self, plan: &Plan, sql: &Sql<'_>) -> rusqlite::Result<Option<Result<Row>>> {
        let mut statement = self.connection.prepare_cached(&sql.text)?;
        storage::bind(&mut statement, &sql.values)?;
        let mut found = statement.raw_query();
        let row = found.next()?.map(|row| read::read_row(plan, row, &plan.shown));
        // The statement is only done, and its foreign keys checked, when it is stepped to its end.
        while found.next()?.is_some() {}
        Ok(row)
    }

    fn row_after(
        &self,
        plan: &Plan,
        key: &Key<'_>,
        changes: &PreparedChanges<'_>,
        terms: &[Term<'_>],
    ) -> Result<Option<Vec<SqlValue<'static>>>> {
        let row = read::stored(self.connection, plan, key, false, terms)?;
        Ok(row.map(|mut row| {
            for (position, value) in &changes.values {
                row[*position] = value.clone().into_owned();
            }
            row
        }))
    }
}

/// The error that there is no row with a key.
pub(crate) fn not_found(plan: &Plan, key: &Key<'_>) -> Error {
    Error::NotFound { table: plan.table().to_owned(), key: key.to_text(plan.source()) }
}

/// The error of a row that is not valid.
pub(crate) fn refused(plan: &Plan, issues: Vec<Issue>) -> Error {
    let table = plan.table().to_owned();
    if issues.iter().all(|issue| issue.code == "encryption_unavailable")
        && let Some(issue) = issues.first()
    {
        return Error::EncryptionUnavailable { table, column: issue.path.clone() };
    }
    Error::Invalid { table, issues }
}

fn update_sql<'q>(
    plan: &Plan,
    key: &Key<'q>,
    changes: &PreparedChanges<'q>,
    terms: &[Term<'q>],
) -> Sql<'q> {
    let fields = plan.validator.fields();
    let mut sql = Sql::default();
    sql.push("UPDATE ").name(plan.table()).push(" SET ");
    sql.list(&changes.values, ", ", |sql, (position, value)| {
        sql.name(&fields[*position].name).push(" = ").bind(value.clone());
    });
    push_key(&mut sql, plan.source(), key, false, terms);
    sql.push(" RETURNING ").list(&plan.shown, ", ", |sql, position| {
        sql.name(&fields[*position].name);
    });
    sql
}
