//! Running typed updates. One read of the row serves validation, rules, references, sealing, the
//! change record and the answer.

use std::borrow::Cow;
use std::sync::PoisonError;

use crate::capture::Deed;
use crate::error::{Error, Result};
use crate::owner::catalog::Plan;
use crate::owner::read::{Current, push_current};
use crate::owner::rows::Rows;
use crate::owner::transaction::statement;
use crate::owner::write::{denied, not_found, push_rules};
use crate::owner::{Engine, read, storage};
use crate::query::{Key, Sql};
use crate::validate::PreparedChanges;
use crate::value::{Row, SqlValue};

/// What an update came to.
pub(super) enum Updated {
    /// It touched no row.
    Not,
    /// The row is as it was to be.
    AsSaid,
    /// Something else than what the model says may have changed the row.
    AsMayBe,
}

impl Rows<'_> {
    /// Checks and makes changes to the row with a key; the row as it is then.
    pub(crate) fn update_row(&self, plan: &Plan, key: &Key<'_>, changes: &Row) -> Result<Row> {
        let changes = &*without_counter(plan, changes);
        let current = || self.visible(plan, key, false)?.ok_or_else(|| not_found(plan, key));
        if plan.validator.needs_current(changes) {
            let updated = statement(self.engine, self.actor, || {
                let current = current()?;
                let prepared = self.prepared_changes(plan, changes, Some(&current.row))?;
                self.update_visible(plan, key, changes, current, prepared)
            });
            return self.engine.show_once(plan, updated?);
        }
        let prepared = self.prepared_changes(plan, changes, None)?;
        if prepared.values.is_empty() {
            let row = self.get_row(plan, key)?;
            return row.ok_or_else(|| not_found(plan, key));
        }
        let updated = statement(self.engine, self.actor, || {
            match self.update_at_once(plan, key, changes, &prepared)? {
                Some(row) => Ok(row),
                None => self.update_visible(plan, key, changes, current()?, prepared),
            }
        });
        // A row that can't be shown is changed all the same.
        self.engine.show_once(plan, updated?)
    }

    /// Changes that nothing speaks against but the row itself.
    fn prepared_changes<'c>(
        &self,
        plan: &'c Plan,
        changes: &'c Row,
        current: Option<&[SqlValue<'_>]>,
    ) -> Result<PreparedChanges<'c>> {
        let prepared = plan.validator.validate_update(changes, current, self.host);
        let prepared = self.sealable(plan, changes, prepared)?;
        self.check_written(plan, self.rules(plan), changes, false)?;
        Ok(prepared)
    }

    /// Makes changes to a row that the actor sees; the row as it is stored then.
    fn update_visible(
        &self,
        plan: &Plan,
        key: &Key<'_>,
        changes: &Row,
        current: Current,
        mut prepared: PreparedChanges<'_>,
    ) -> Result<Vec<SqlValue<'static>>> {
        let rules = self.rules(plan);
        let Current { row: mut current, rowid } = current;
        // The new row is asked about before it is there: it can't be its own justification.
        if changes.keys().any(|name| rules.update.looks_at(plan.table(), name)) {
            let after = row_after(&current, &prepared);
            if !self.passes(&rules.update, &|at| after.get(at))? {
                return Err(denied(plan, "update"));
            }
        }
        let carried = self.judged(plan, &rules.update, &current, "update")?;
        self.check_changed_references(plan, &current, &prepared)?;
        self.engine.seal_changes(self.host, plan, &mut prepared.values, &current)?;
        if let Some(counted) = plan.counted
            && let SqlValue::Integer(version) = &current[counted]
        {
            prepared.values.push((counted, SqlValue::Integer(version.saturating_add(1))));
        }
        let after = row_after(&current, &prepared);
        let sql = match (rowid.zip(plan.rowid), carried) {
            (Some((id, name)), None) => update_by_rowid(plan, &prepared, id, name),
            _ => {
                let mut sql = update(plan, &prepared);
                push_current(&mut sql, plan, key, false, rowid);
                push_rules(&mut sql, carried);
                sql
            }
        };
        let is_changed = |at| prepared.values.iter().any(|(position, _)| *position == at);
        match self.execute_update(plan, &sql, &is_changed, &current, &after)? {
            Updated::Not => Err(self.not_touched(plan, key, "update")),
            Updated::AsSaid => {
                drop((sql, after));
                for (position, value) in prepared.values {
                    current[position] = value.into_owned();
                }
                Ok(current)
            }
            Updated::AsMayBe => {
                let key = Key::of(plan.source(), &after);
                let row = read::stored(&self.engine.connection, plan, &key, true, &[])?;
                row.ok_or_else(|| not_found(plan, &key))
            }
        }
    }

    /// Runs a statement that changes one row, from what is stored to what it will be.
    pub(super) fn execute_update(
        &self,
        plan: &Plan,
        sql: &Sql<'_>,
        is_changed: &dyn Fn(usize) -> bool,
        before: &[SqlValue<'_>],
        after: &[SqlValue<'_>],
    ) -> Result<Updated> {
        let Engine { connection, recorder, .. } = self.engine;
        let mark = recorder.mark();
        let direct = recorder.is_direct(connection, plan.number, &Deed::Update(is_changed))?;
        if direct {
            recorder.note_update(plan.number, before, after, is_changed)?;
        }
        let mut statement = connection.prepare_cached(&sql.text)?;
        let bound = storage::bind(&mut statement, &sql.values);
        let done = bound.and_then(|()| statement.raw_execute());
        drop(statement);
        match done {
            Ok(0) => {
                recorder.cut_back(mark);
                Ok(Updated::Not)
            }
            Ok(_) if direct => Ok(Updated::AsSaid),
            Ok(_) => Ok(Updated::AsMayBe),
            Err(error) => {
                recorder.cut_back(mark);
                Err(self.explain(plan, error, Some(after), Some(sql)))
            }
        }
    }

    /// Why a statement touched no row.
    fn not_touched(&self, plan: &Plan, key: &Key<'_>, operation: &'static str) -> Error {
        match self.is_there(plan, key, false, &[&self.rules(plan).read]) {
            Ok(true) => denied(plan, operation),
            Ok(false) => not_found(plan, key),
            Err(error) => error,
        }
    }
}

/// A row as it is after changes.
pub(super) fn row_after<'v>(
    current: &'v [SqlValue<'_>],
    changes: &'v PreparedChanges<'_>,
) -> Vec<SqlValue<'v>> {
    let mut row: Vec<SqlValue<'v>> = current.iter().map(SqlValue::borrowed).collect();
    for (position, value) in &changes.values {
        row[*position] = value.borrowed();
    }
    row
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

/// How many statements a table's plan keeps the text of: apps change few sets of columns.
const TEXTS_MAX: usize = 32;

/// `UPDATE` of the row with a row id. Its text is mostly one that was made before.
fn update_by_rowid<'q>(
    plan: &Plan,
    changes: &'q PreparedChanges<'_>,
    id: i64,
    name: &str,
) -> Sql<'q> {
    let mut texts = plan.update_sql.lock().unwrap_or_else(PoisonError::into_inner);
    let positions = || changes.values.iter().map(|(position, _)| *position);
    let known = texts.iter().find(|(known, _)| known.iter().copied().eq(positions()));
    let text = match known {
        Some((_, text)) => text.to_string(),
        None => {
            let mut sql = update(plan, changes);
            sql.push(" WHERE ").push(name).push(" = ?");
            if texts.len() >= TEXTS_MAX {
                texts.clear();
            }
            texts.push((positions().collect(), sql.text.as_str().into()));
            sql.text
        }
    };
    let values = changes.values.iter().map(|(_, value)| value.borrowed());
    Sql { text, values: values.chain([SqlValue::Integer(id)]).collect() }
}

/// `UPDATE` without its condition.
pub(super) fn update<'q>(plan: &Plan, changes: &'q PreparedChanges<'_>) -> Sql<'q> {
    let fields = plan.validator.fields();
    let mut sql = Sql::default();
    sql.push("UPDATE ").table(plan.table()).push(" SET ");
    sql.list(&changes.values, ", ", |sql, (position, value)| {
        sql.name(&fields[*position].name).push(" = ").bind(value.borrowed());
    });
    sql
}
