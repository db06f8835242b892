//! Running typed writes: insert, delete, upsert. Each happens wholly or not at all. Updates are
//! next door, in `update`.
//!
//! A statement carries the actor's rules. When it touched no row, it is asked whether the actor
//! sees the row: what they don't see does not exist, what they may not change is `denied`.

use rusqlite::Statement;
use serde_json::Value;

use crate::capture::Deed;
use crate::error::{Error, Issue, Result};
use crate::owner::Engine;
use crate::owner::catalog::Plan;
use crate::owner::constraint::Failed;
use crate::owner::read;
use crate::owner::rows::Rows;
use crate::owner::storage;
use crate::owner::transaction::{statement, transaction};
use crate::policy::{Rule, TableRules};
use crate::query::{Key, Sql, push_key};
use crate::value::{Row, SqlValue};

/// How many rows are worth taking a trigger away, which has every statement compiled anew.
const ROWS_MANY: usize = 200;

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
        let rows = rows.into_iter();
        let Engine { connection, recorder, .. } = self.engine;
        if rows.size_hint().0 >= ROWS_MANY && !self.engine.is_within_statement() {
            recorder.spare_inserts(connection, plan.number)?;
        }
        let mut statement = connection.prepare_cached(&plan.insert)?;
        let source = plan.source();
        let insert = |row| {
            self.insert_with(&mut statement, plan, rules, row, |values| {
                Ok(Key::of(source, values).to_row(source))
            })
        };
        rows.map(insert).collect()
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
        if !self.passes(&rules.insert, &|position| values.get(position))? {
            return Err(denied(plan, "insert"));
        }
        let stored = self.engine.sealed_row(self.host, plan, &values)?;
        let Engine { connection, recorder, .. } = self.engine;
        let mark = recorder.mark();
        if recorder.is_direct(connection, plan.number, &Deed::Insert)? {
            recorder.note_insert(plan.number, &stored)?;
        }
        let bound = storage::bind(statement, &*stored);
        match bound.and_then(|()| statement.raw_execute()) {
            Ok(_) => then(&values),
            Err(error) => {
                recorder.cut_back(mark);
                Err(self.explain(plan, error, Some(&values), None))
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
                let Some(current) = self.visible(plan, key, false)? else { return Ok(false) };
                let carried = self.judged(plan, &rules.delete, &current.row, "delete")?;
                let mut sql = Sql::default();
                sql.push("DELETE FROM ").table(plan.table());
                read::push_current(&mut sql, plan, key, false, current.rowid);
                push_rules(&mut sql, carried);
                self.execute_delete(plan, key, &sql, &current.row)
            };
            statement(self.engine, self.actor, run)?
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
    pub(super) fn sealable<T>(
        &self,
        plan: &Plan,
        row: &Row,
        prepared: Result<T, Vec<Issue>>,
    ) -> Result<T> {
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

    /// Runs a statement that deletes the row with a key; whether it did. `row` is what is stored.
    pub(super) fn execute_delete(
        &self,
        plan: &Plan,
        key: &Key<'_>,
        sql: &Sql<'_>,
        row: &[SqlValue<'_>],
    ) -> Result<bool> {
        let Engine { connection, recorder, .. } = self.engine;
        let direct = recorder.is_direct(connection, plan.number, &Deed::Delete)?;
        if direct {
            recorder.check_scope(plan.number, row)?;
        }
        let deleted = self.execute(plan, sql, None)? > 0;
        if deleted {
            // What went along with it is noted by triggers, before it.
            if direct {
                recorder.note_delete(plan.number, row)?;
            }
            self.engine.shred_deleted(self.host, plan, key)?;
        }
        Ok(deleted)
    }

    /// Runs a statement; how many rows it changed. `row` is the row as it would have been.
    fn execute(&self, plan: &Plan, sql: &Sql<'_>, row: Option<&[SqlValue<'_>]>) -> Result<usize> {
        let mut statement = self.engine.connection.prepare_cached(&sql.text)?;
        let done =
            storage::bind(&mut statement, &sql.values).and_then(|()| statement.raw_execute());
        drop(statement);
        done.map_err(|error| self.explain(plan, error, row, Some(sql)))
    }

    /// All rows of a statement that reads all columns of a table.
    pub(super) fn all(&self, plan: &Plan, sql: &Sql<'_>) -> Result<Vec<Vec<SqlValue<'static>>>> {
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

    pub(super) fn explain(
        &self,
        plan: &Plan,
        error: rusqlite::Error,
        row: Option<&[SqlValue<'_>]>,
        retry: Option<&Sql<'_>>,
    ) -> Error {
        Failed { rows: *self, plan, row, retry }.explain(error)
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
