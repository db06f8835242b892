//! Running typed writes: insert, update, delete. Each happens wholly or not at all.
//!
//! A statement carries the actor's rules. When it touched no row, it is asked whether the actor
//! sees the row: what they don't see does not exist, what they may not change is `denied`.

use std::borrow::Cow;

use rusqlite::Statement;
use serde_json::Value;

use crate::error::{Error, Issue, Result};
use crate::owner::catalog::Plan;
use crate::owner::constraint::Failed;
use crate::owner::read;
use crate::owner::rows::Rows;
use crate::owner::storage;
use crate::owner::transaction::{statement, transaction};
use crate::policy::{Rule, TableRules};
use crate::query::{Key, Sql, push_key};
use crate::validate::PreparedChanges;
use crate::value::{Row, SqlValue};

impl Rows<'_> {
    /// Checks and inserts a row; the storage values are handed to `then`.
    pub(crate) fn insert_row<T>(
        &self,
        plan: &Plan,
        row: &Row,
        then: impl FnOnce(&[SqlValue<'_>]) -> Result<T>,
    ) -> Result<T> {
        let rules = self.rules(plan);
        let mut statement = self.engine.connection.prepare_cached(&plan.insert)?;
        self.insert_with(&mut statement, plan, rules, row, then)
    }

    /// Checks and inserts rows; their keys. A failure leaves the rows before it in place.
    pub(crate) fn insert_rows<'r>(
        &self,
        plan: &Plan,
        rows: impl IntoIterator<Item = &'r Row>,
    ) -> Result<Vec<Row>> {
        let rules = self.rules(plan);
        let mut statement = self.engine.connection.prepare_cached(&plan.insert)?;
        let source = plan.source();
        let insert = |row| {
            self.insert_with(&mut statement, plan, rules, row, |values| {
                Ok(Key::of(source, values).to_row(source))
            })
        };
        rows.into_iter().map(insert).collect()
    }

    fn insert_with<T>(
        &self,
        statement: &mut Statement<'_>,
        plan: &Plan,
        rules: &TableRules,
        row: &Row,
        then: impl FnOnce(&[SqlValue<'_>]) -> Result<T>,
    ) -> Result<T> {
        if rules.insert.is_never() {
            return Err(denied(plan, "insert"));
        }
        let row = self.completed(plan, row);
        let prepared = plan.validator.validate_insert(&row, self.host);
        let values = self.sealable(plan, &row, prepared)?.values;
        self.check_written(plan, rules, &row, true)?;
        self.check_references(plan, &values, |_| true)?;
        if !self.passes(plan, &rules.insert, &|position| values.get(position))? {
            return Err(denied(plan, "insert"));
        }
        let stored = self.engine.sealed_row(self.host, plan, &values)?;
        let bound = storage::bind(statement, &*stored);
        match bound.and_then(|()| statement.raw_execute()) {
            Ok(_) => then(&values),
            Err(error) => Err(self.explain(plan, error, Some(&values), None)),
        }
    }

    /// Checks and makes changes to the row with a key; the row as it is then.
    pub(crate) fn update_row(&self, plan: &Plan, key: &Key<'_>, changes: &Row) -> Result<Row> {
        let changes = &*without_counter(plan, changes);
        let rules = self.rules(plan);
        let mut current = None;
        if plan.validator.needs_current(changes) {
            let terms = rules.read.terms();
            current = read::stored(&self.engine.connection, plan, key, false, terms)?;
            if current.is_none() {
                return Err(not_found(plan, key));
            }
        }
        let prepared = plan.validator.validate_update(changes, current.as_deref(), self.host);
        let mut prepared = self.sealable(plan, changes, prepared)?;
        if prepared.values.is_empty() {
            let row = self.get_row(plan, key)?;
            return row.ok_or_else(|| not_found(plan, key));
        }
        self.check_written(plan, rules, changes, false)?;
        let looked_at = |name: &String| rules.update.looks_at(plan.table(), name);
        if !changes.keys().any(looked_at) {
            return statement(self.engine, self.actor, || {
                self.update_checked(plan, rules, key, &mut prepared)
            });
        }
        // The new row is asked about before it is there: it can't be its own justification.
        transaction(self.engine, self.actor, || {
            match self.row_after(plan, rules, key, &prepared)? {
                None => Err(not_found(plan, key)),
                Some(row) if !self.passes(plan, &rules.update, &|at| row.get(at))? => {
                    Err(denied(plan, "update"))
                }
                Some(_) => self.update_checked(plan, rules, key, &mut prepared),
            }
        })
    }

    fn update_checked(
        &self,
        plan: &Plan,
        rules: &TableRules,
        key: &Key<'_>,
        changes: &mut PreparedChanges<'_>,
    ) -> Result<Row> {
        let carried = self.judged(plan, rules, &rules.update, key, "update")?;
        self.check_changed_references(plan, rules, key, changes)?;
        self.engine.seal_changes(self.host, plan, key, &mut changes.values, || {
            read::stored(&self.engine.connection, plan, key, false, rules.read.terms())
        })?;
        let sql = update_sql(plan, key, changes, &carried);
        match self.run_update(plan, &sql) {
            Ok(Some(row)) => row,
            Ok(None) => Err(self.not_touched(plan, rules, key, "update")),
            Err(error) => {
                let row = self.row_after(plan, rules, key, changes)?;
                Err(self.explain(plan, error, row.as_deref(), Some(&sql)))
            }
        }
    }

    /// Deletes the row with a key, or hides it where the table says so; whether there was one.
    pub(crate) fn delete_row(&self, plan: &Plan, key: &Key<'_>) -> Result<bool> {
        let rules = self.rules(plan);
        let deleted = if plan.deleted_at.is_some() {
            transaction(self.engine, self.actor, || self.hide(plan, key))?
        } else {
            let run = || {
                let carried = match self.judged(plan, rules, &rules.delete, key, "delete") {
                    Err(Error::NotFound { .. }) => return Ok(0),
                    carried => carried?,
                };
                let mut sql = Sql::default();
                sql.push("DELETE FROM ").table(plan.table());
                push_key(&mut sql, plan.source(), key, false, &[]);
                push_rules(&mut sql, carried);
                let rows = self.execute(plan, &sql, None)?;
                if rows > 0 {
                    self.engine.shred_deleted(self.host, plan, key)?;
                }
                Ok(rows)
            };
            statement(self.engine, self.actor, run)? > 0
        };
        if !deleted && self.is_there(plan, key, false, &[&rules.read])? {
            return Err(denied(plan, "delete"));
        }
        Ok(deleted)
    }

    /// Inserts a row, or changes the one that has its key already; the row as it is then.
    pub(crate) fn upsert_row(&self, plan: &Plan, row: &Row) -> Result<Row> {
        let row = &*self.completed(plan, row);
        let fields = plan.validator.fields();
        let names = plan.key.iter().map(|position| &fields[*position].name);
        let given = names.clone().map(|name| Some((name.clone(), row.get(name)?.clone())));
        let insert = || self.insert_row(plan, row, |values| plan.row(values));
        let Some(key) = given.collect::<Option<Row>>().map(Value::Object) else {
            return statement(self.engine, self.actor, insert);
        };
        let key = self.key(plan, &key)?;
        transaction(self.engine, self.actor, || {
            if !self.is_there(plan, &key, false, &[&self.rules(plan).read])? {
                return insert();
            }
            let changes = row.iter().filter(|(name, _)| !names.clone().any(|key| key == *name));
            let changes = changes.map(|(name, value)| (name.clone(), value.clone())).collect();
            self.update_row(plan, &key, &changes)
        })
    }

    /// What was prepared of a row, where nothing speaks against it, encryption included.
    fn sealable<T>(&self, plan: &Plan, row: &Row, prepared: Result<T, Vec<Issue>>) -> Result<T> {
        let more = self.engine.sealing_issues(plan, row);
        match prepared {
            Ok(prepared) if more.is_empty() => Ok(prepared),
            Ok(_) => Err(refused(plan, more)),
            Err(mut issues) => {
                issues.extend(more);
                Err(refused(plan, issues))
            }
        }
    }

    /// Whether there is a row with a key that all rules let through.
    pub(super) fn is_there(
        &self,
        plan: &Plan,
        key: &Key<'_>,
        include_deleted: bool,
        rules: &[&Rule],
    ) -> Result<bool> {
        let mut sql = Sql::default();
        sql.push("SELECT 1 FROM ").table(plan.table());
        push_key(&mut sql, plan.source(), key, include_deleted, &[]);
        push_rules(&mut sql, rules.iter().copied());
        Ok(read::first(&self.engine.connection, &sql, 1)?.is_some())
    }

    /// Why a statement touched no row.
    pub(super) fn not_touched(
        &self,
        plan: &Plan,
        rules: &TableRules,
        key: &Key<'_>,
        operation: &'static str,
    ) -> Error {
        match self.is_there(plan, key, false, &[&rules.read]) {
            Ok(true) => denied(plan, operation),
            Ok(false) => not_found(plan, key),
            Err(error) => error,
        }
    }

    /// Runs a statement; how many rows it changed. `row` is the row as it would have been.
    pub(super) fn execute(
        &self,
        plan: &Plan,
        sql: &Sql<'_>,
        row: Option<&[SqlValue<'_>]>,
    ) -> Result<usize> {
        let mut statement = self.engine.connection.prepare_cached(&sql.text)?;
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
        let mut statement = self.engine.connection.prepare_cached(&sql.text)?;
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
        Failed { rows: *self, plan, row, retry }.explain(error)
    }

    /// Runs `UPDATE … RETURNING`; the inner result is about reading the row.
    fn run_update(&self, plan: &Plan, sql: &Sql<'_>) -> rusqlite::Result<Option<Result<Row>>> {
        let mut statement = self.engine.connection.prepare_cached(&sql.text)?;
        storage::bind(&mut statement, &sql.values)?;
        let mut found = statement.raw_query();
        let row = found
            .next()?
            .map(|row| read::read_row(self.engine, plan, row, &plan.shown, plan.shown.len()));
        // The statement is only done, and its foreign keys checked, when it is stepped to its end.
        while found.next()?.is_some() {}
        Ok(row)
    }

    pub(super) fn row_after(
        &self,
        plan: &Plan,
        rules: &TableRules,
        key: &Key<'_>,
        changes: &PreparedChanges<'_>,
    ) -> Result<Option<Vec<SqlValue<'static>>>> {
        let terms = rules.read.terms();
        let row = read::stored(&self.engine.connection, plan, key, false, terms)?;
        Ok(row.map(|mut row| {
            for (position, value) in &changes.values {
                row[*position] = value.clone().into_owned();
            }
            row
        }))
    }
}

/// The error that the actor may not do this.
pub(crate) fn denied(plan: &Plan, operation: &'static str) -> Error {
    Error::Denied { table: plan.table().to_owned(), operation }
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

/// Adds what rules demand to a statement that has a WHERE already.
pub(crate) fn push_rules<'r, 'q>(sql: &mut Sql<'q>, rules: impl IntoIterator<Item = &'r Rule>) {
    for term in rules.into_iter().flat_map(Rule::terms) {
        sql.push(" AND ").term(term);
    }
}

/// The changes without the column in which the core counts versions: nobody else sets it.
fn without_counter<'c>(plan: &Plan, changes: &'c Row) -> Cow<'c, Row> {
    let mut changes = Cow::Borrowed(changes);
    if let Some(counted) = plan.counted {
        let name = &plan.validator.fields()[counted].name;
        if changes.contains_key(name) {
            changes.to_mut().shift_remove(name);
        }
    }
    changes
}

fn update_sql<'q>(
    plan: &Plan,
    key: &Key<'q>,
    changes: &PreparedChanges<'q>,
    rules: &[&Rule],
) -> Sql<'q> {
    let fields = plan.validator.fields();
    let mut sql = Sql::default();
    sql.push("UPDATE ").table(plan.table()).push(" SET ");
    sql.list(&changes.values, ", ", |sql, (position, value)| {
        sql.name(&fields[*position].name).push(" = ").bind(value.clone());
    });
    if let Some(counted) = plan.counted {
        let name = &fields[counted].name;
        sql.push(", ").name(name).push(" = ").name(name).push(" + 1");
    }
    push_key(&mut sql, plan.source(), key, false, &[]);
    push_rules(&mut sql, rules.iter().copied());
    sql.push(" RETURNING ").list(&plan.shown, ", ", |sql, position| {
        sql.name(&fields[*position].name);
    });
    sql
}
