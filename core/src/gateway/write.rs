//! What a session's statement writes: each row goes the way of a typed write, with validation,
//! policy, references and capture.
//!
//! NULL for a column in an INSERT means the same as leaving it out: SQLite doesn't tell the two
//! apart. Values have the form in which they are stored; decimals may also be text.

use serde_json::{Number, Value};

use crate::error::{Error, Result};
use crate::gateway::guard::Turn;
use crate::gateway::raw::Given;
use crate::gateway::table::Table;
use crate::model::Kind;
use crate::owner::catalog::Plan;
use crate::owner::read::first;
use crate::owner::sql::parameter;
use crate::owner::transaction::statement;
use crate::owner::write::push_rules;
use crate::query::{Key, Sql};
use crate::validate::{Field, issue};
use crate::value::{Row, SqlValue};

/// One row's change.
pub(super) enum Change<'c> {
    Delete { key: SqlValue<'c> },
    Insert { values: &'c [Given<'c>], conflict: Conflict },
    Update { key: SqlValue<'c>, values: &'c [Given<'c>], conflict: Conflict },
}

/// What the statement says about conflicts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflict {
    /// `OR REPLACE`.
    Replace,
    /// `OR IGNORE`.
    Ignore,
    /// `OR ROLLBACK`, which would end the host's transaction.
    Rollback,
    /// The others, which SQLite sees to.
    Other,
}

/// Why a row was not written.
pub(super) struct Refusal {
    pub(super) error: Error,
    /// Whether a constraint refused it, which `OR IGNORE` passes over.
    pub(super) of_constraint: bool,
}

impl<'c> Change<'c> {
    /// Reads what SQLite hands over: the old key, the new key, the columns.
    pub(super) fn of(given: &'c [Given<'c>], conflict: Conflict) -> Result<Change<'c>> {
        let broken = || Error::Corrupt { message: "SQLite hands over no row".to_owned() };
        let key = given.first().ok_or_else(broken)?.read()?;
        Ok(match (key, given.get(2..)) {
            (key, None) => Change::Delete { key },
            (SqlValue::Null, Some(values)) => Change::Insert { values, conflict },
            (key, Some(values)) => Change::Update { key, values, conflict },
        })
    }
}

impl Table {
    /// Makes a change for the actor whose turn it is.
    pub(super) fn write(&self, turn: &Turn<'_>, change: &Change<'_>) -> Result<(), Refusal> {
        // Everything in it is a statement of ours; the session's own is not compiled meanwhile.
        self.shared.privileged(|| {
            let may_ignore = !matches!(change, Change::Delete { .. });
            let plan = turn.rows.writable(&self.name);
            let written = plan.and_then(|plan| self.write_row(turn, plan, change));
            match written {
                Ok(written) => {
                    turn.changes.set(turn.changes.get() + u64::from(written));
                    Ok(())
                }
                Err(error) => {
                    let of_constraint = may_ignore && is_of_constraint(&error);
                    Err(Refusal { error, of_constraint })
                }
            }
        })
    }

    fn write_row(&self, turn: &Turn<'_>, plan: &Plan, change: &Change<'_>) -> Result<bool> {
        let rows = &turn.rows;
        match change {
            Change::Delete { key } => rows.delete_row(plan, &self.read_key(key)?),
            Change::Insert { values, conflict } => {
                let row = self.row(plan, values, false)?;
                if *conflict == Conflict::Rollback {
                    return Err(rolls_back());
                }
                if *conflict == Conflict::Replace {
                    self.make_room(turn, plan, &row)?;
                }
                statement(rows.engine, rows.actor, || rows.insert_row(plan, &row, |_| Ok(true)))
            }
            Change::Update { key, values, conflict } => {
                if *conflict == Conflict::Rollback {
                    return Err(rolls_back());
                }
                if *conflict == Conflict::Replace {
                    return Err(unsupported("UPDATE OR REPLACE"));
                }
                let row = self.row(plan, values, true)?;
                match rows.update_row(plan, &self.read_key(key)?, &row) {
                    Ok(_) => Ok(true),
                    // The statement itself took it away, by an update of another row.
                    Err(Error::NotFound { .. }) => Ok(false),
                    Err(error) => Err(error),
                }
            }
        }
    }

    /// The row that is written, in the API's form.
    fn row(&self, plan: &Plan, values: &[Given<'_>], changes: bool) -> Result<Row> {
        let mut row = Row::new();
        let mut issues = Vec::new();
        for (column, given) in self.columns.iter().zip(values) {
            if changes && given.is_unchanged() {
                continue;
            }
            let Ok(value) = given.read() else {
                let message = "must be text in UTF-8".to_owned();
                issues.push(issue(&column.name, "wrong_type", message));
                continue;
            };
            if value.is_null() && !changes {
                continue;
            }
            let position = plan.validator.position(&column.name);
            let Some(position) = position else { continue };
            match to_api(&plan.validator.fields()[position], &value) {
                Ok(value) => drop(row.insert(column.name.clone(), value)),
                Err(message) => issues.push(issue(&column.name, "wrong_type", message)),
            }
        }
        if let Some(given) = self.hidden_key().and_then(|at| values.get(at))
            && !given.is_unchanged()
            && !given.read()?.is_null()
        {
            let message = "names rows and can't be written".to_owned();
            issues.push(issue("_freehold_key", "unknown_field", message));
        }
        match issues.is_empty() {
            true => Ok(row),
            false => Err(Error::Invalid { table: self.name.clone(), issues }),
        }
    }

    fn read_key(&self, key: &SqlValue<'_>) -> Result<Key<'static>> {
        if !self.has_hidden_key {
            return Ok(Key { values: vec![key.borrowed().into_owned()] });
        }
        let broken = || Error::Corrupt { message: "a row's key can't be read".to_owned() };
        let SqlValue::Text(text) = key else { return Err(broken()) };
        let parts: Vec<Value> = serde_json::from_str(text).map_err(|_| broken())?;
        let values = parts.iter().map(|part| parameter(part).map(SqlValue::into_owned));
        Ok(Key { values: values.collect::<Result<_, _>>().map_err(|_| broken())? })
    }

    /// Deletes the rows that the actor sees in the place of a row to be inserted.
    fn make_room(&self, turn: &Turn<'_>, plan: &Plan, row: &Row) -> Result<()> {
        let rows = &turn.rows;
        let row = rows.completed(plan, row);
        let Ok(prepared) = plan.validator.validate_insert(&row, rows.host) else {
            // The insert itself says what is wrong.
            return Ok(());
        };
        let table = rows.engine.catalog.table(&self.name)?;
        let keys = table.unique.iter().map(|unique| &unique.columns).chain([&table.primary_key]);
        for columns in keys {
            let values = columns.iter().map(|column| {
                let position = plan.validator.position(column)?;
                Some(prepared.values[position].borrowed()).filter(|value| !value.is_null())
            });
            let Some(values) = values.collect::<Option<Vec<_>>>() else { continue };
            let mut sql = Sql::default();
            sql.push("SELECT ").list(&table.primary_key, ", ", |sql, name| {
                sql.name(name);
            });
            sql.push(" FROM ").table(&self.name).push(" WHERE ");
            sql.list(columns.iter().zip(values), " AND ", |sql, (column, value)| {
                sql.name(column).push(" = ").bind(value);
            });
            if self.soft_delete {
                sql.push(" AND \"deleted_at\" IS NULL");
            }
            push_rules(&mut sql, [&rows.rules(plan).read]);
            let found = first(&rows.engine.connection, &sql, table.primary_key.len())?;
            if let Some(values) = found {
                rows.delete_row(plan, &Key { values })?;
            }
        }
        Ok(())
    }
}

/// A storage value in the API's form, as far as it can have one; what can't is left to validation.
fn to_api(field: &Field, value: &SqlValue<'_>) -> Result<Value, String> {
    let lenient = match (&field.kind, value) {
        _ if field.array => None,
        (Kind::Json { .. }, _) => None,
        (Kind::Decimal { .. }, SqlValue::Text(text)) => Some(Value::from(text.as_ref())),
        (Kind::Real, SqlValue::Integer(integer)) => Some(Value::from(*integer)),
        (Kind::Integer | Kind::BigInt, SqlValue::Real(real)) => {
            Number::from_f64(*real).map(Value::Number)
        }
        _ => None,
    };
    match lenient {
        Some(value) => Ok(value),
        None => {
            field.decode(value).map_err(|_| format!("must be {}, as it is stored", expected(field)))
        }
    }
}

fn expected(field: &Field) -> &'static str {
    match field.kind {
        _ if field.array => "a JSON array as text",
        Kind::Json { .. } => "JSON as text",
        Kind::Integer | Kind::BigInt => "an integer",
        Kind::Decimal { .. } => "a scaled integer, or the decimal as text",
        Kind::Boolean => "0 or 1",
        Kind::Real => "a number",
        Kind::Blob => "a blob",
        _ => "text",
    }
}

fn is_of_constraint(error: &Error) -> bool {
    const CODES: [&str; 3] = ["not_unique", "required", "rule_violated"];
    match error {
        Error::Invalid { issues, .. } => issues.iter().all(|issue| CODES.contains(&issue.code)),
        _ => false,
    }
}

fn rolls_back() -> Error {
    unsupported("OR ROLLBACK, which would undo more than the statement,")
}

fn unsupported(what: &str) -> Error {
    Error::InvalidArgument {
        argument: "sql".to_owned(),
        message: format!("{what} is not for a session's SQL; use the typed `upsert` or `update`"),
    }
}
