//! Running typed writes: insert, update, delete. Each is one statement, so it happens wholly or
//! not at all.

use rusqlite::{Connection, Statement};
use serde_json::Value;

use crate::error::{Error, Issue, Result};
use crate::host::Host;
use crate::owner::catalog::{Catalog, Plan};
use crate::owner::constraint::Failed;
use crate::owner::read;
use crate::owner::storage;
use crate::owner::transaction::transaction;
use crate::query::{Key, Sql, Term, parse_key, push_key};
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
        let mut statement = self.connection.prepare_cached(&plan.insert)?;
        self.insert_with(&mut statement, plan, row, then)
    }

    /// Checks and inserts rows; their keys. A failure leaves the rows before it in place.
    pub(crate) fn insert_many<'r>(
        &self,
        plan: &Plan,
        rows: impl IntoIterator<Item = &'r Row>,
    ) -> Result<Vec<Row>> {
        let mut statement = self.connection.prepare_cached(&plan.insert)?;
        let source = plan.source();
        let insert = |row| {
            self.insert_with(&mut statement, plan, row, |values| {
                Ok(Key::of(source, values).to_row(source))
            })
        };
        rows.into_iter().map(insert).collect()
    }

    fn insert_with<T>(
        &self,
        statement: &mut Statement<'_>,
        plan: &Plan,
        row: &Row,
        then: impl FnOnce(&[SqlValue<'_>]) -> Result<T>,
    ) -> Result<T> {
        let prepared = plan.validator.validate_insert(row, self.host);
        let values = prepared.map_err(|issues| refused(plan, issues))?.values;
        match storage::bind(statement, &values).and_then(|()| statement.raw_execute()) {
            Ok(_) => then(&values),
            Err(error) => Err(self.explain(plan, error, Some(&values), None)),
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
                Err(self.explain(plan, error, row.as_deref(), Some(&sql)))
            }
        }
    }

    /// Deletes the row with a key, or hides it where the table says so; whether there was one.
    pub(crate) fn delete(&self, plan: &Plan, key: &Key<'_>, terms: &[Term<'_>]) -> Result<bool> {
        if plan.deleted_at.is_some() {
            return transaction(self.connection, || self.hide(plan, key, terms));
        }
        let mut sql = Sql::default();
        sql.push("DELETE FROM ").name(plan.table());
        push_key(&mut sql, plan.source(), key, false, terms);
        self.execute(plan, &sql, None).map(|rows| rows > 0)
    }

    /// Inserts a row, or changes the one that has its key already; the row as it is then.
    pub(crate) fn upsert(&self, plan: &Plan, row: &Row, terms: &[Term<'_>]) -> Result<Row> {
        let fields = plan.validator.fields();
        let names = plan.key.iter().map(|position| &fields[*position].name);
        let given = names.clone().map(|name| Some((name.clone(), row.get(name)?.clone())));
        let Some(key) = given.collect::<Option<Row>>().map(Value::Object) else {
            return self.insert(plan, row, |values| plan.row(values));
        };
        let key = parse_key(plan.source(), &key)?;
        transaction(self.connection, || {
            if read::get(self.connection, plan, &key, terms)?.is_none() {
                return self.insert(plan, row, |values| plan.row(values));
            }
            let changes = row.iter().filter(|(name, _)| !names.clone().any(|key| key == *name));
            let changes = changes.map(|(name, value)| (name.clone(), value.clone())).collect();
            self.update(plan, &key, &changes, terms)
        })
    }

    /// Runs a statement; how many rows it changed. `row` is the row as it would have been.
    pub(super) fn execute(
        &self,
        plan: &Plan,
        sql: &Sql<'_>,
        row: Option<&[SqlValue<'_>]>,
    ) -> Result<usize> {
        let mut statement = self.connection.prepare_cached(&sql.text)?;
        let done =
            storage::bind(&mut statement, &sql.values).and_then(|()| statement.raw_execute());
        drop(statement);
        done.map_err(|error| self.explain(plan, error, row, Some(sql)))
    }

    /// Runs a statement that returns all columns of the rows that it changed.
    pub(super) fn returning(
        &self,
        plan: &Plan,
        sql: &Sql<'_>,
    ) -> Result<Vec<Vec<SqlValue<'static>>>> {
        let mut statement = self.connection.prepare_cached(&sql.text)?;
        storage::bind(&mut statement, &sql.values)?;
        let mut found = statement.raw_query();
        let mut rows = Vec::new();
        let columns = plan.validator.fields().len();
        while let Some(row) = found.next()? {
            let values = (0..columns).map(|at| storage::read(row, at).map(SqlValue::into_owned));
            rows.push(values.collect::<Result<_>>()?);
        }
        Ok(rows)
    }

    fn explain(
        &self,
        plan: &Plan,
        error: rusqlite::Error,
        row: Option<&[SqlValue<'_>]>,
        retry: Option<&Sql<'_>>,
    ) -> Error {
        let failed =
            Failed { connection: self.connection, catalog: self.catalog, plan, row, retry };
        failed.explain(error)
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
