//! From SQLite's constraint failures to issues: which rule, which columns.
//!
//! Nothing is queried before a write. Only when a foreign key failed, which SQLite reports
//! without a name, the references are looked up to find the one that leads nowhere.

use rusqlite::{Connection, ffi};
use serde_json::Value;

use crate::error::{Error, Issue, Result};
use crate::model::{OnDelete, Reference, Table, Tenancy};
use crate::owner::catalog::Plan;
use crate::owner::read::first;
use crate::owner::rows::Rows;
use crate::owner::transaction::rehearse;
use crate::owner::write::push_rules;
use crate::query::Sql;
use crate::validate::{issue, issue_with, rule_violated};
use crate::value::SqlValue;

/// A write that SQLite refused.
pub(crate) struct Failed<'f> {
    pub(crate) rows: Rows<'f>,
    pub(crate) plan: &'f Plan,
    /// The row as it would have been, a value per column in the table's order; None for a
    /// deletion.
    pub(crate) row: Option<&'f [SqlValue<'f>]>,
    /// The statement, where it may be one that takes away what other rows refer to.
    pub(crate) retry: Option<&'f Sql<'f>>,
}

impl Failed<'_> {
    /// The error, made into one that a caller can act on.
    pub(crate) fn explain(&self, error: rusqlite::Error) -> Error {
        let rusqlite::Error::SqliteFailure(failure, Some(message)) = &error else {
            return error.into();
        };
        let Ok(table) = self.rows.engine.catalog.table(self.plan.table()) else {
            return error.into();
        };
        let tenancy = self.rows.engine.catalog.model().tenancy.as_ref();
        let detail = message.split_once(": ").map_or("", |(_, detail)| detail);
        let issues = match failure.extended_code {
            ffi::SQLITE_CONSTRAINT_UNIQUE
            | ffi::SQLITE_CONSTRAINT_PRIMARYKEY
            | ffi::SQLITE_CONSTRAINT_ROWID => match index_name(detail) {
                Some(index) => {
                    vec![not_unique(
                        &index_columns(&self.rows.engine.connection, table, index),
                        tenancy,
                    )]
                }
                None => vec![not_unique(&columns(table, detail), tenancy)],
            },
            ffi::SQLITE_CONSTRAINT_NOTNULL => columns(table, detail)
                .into_iter()
                .map(|column| issue(column, "required", "must not be null".to_owned()))
                .collect(),
            ffi::SQLITE_CONSTRAINT_CHECK => vec![rule_violated(detail)],
            ffi::SQLITE_CONSTRAINT_FOREIGNKEY => match self.foreign_key_issues(table) {
                Ok(issues) => issues,
                Err(error) => return error,
            },
            _ => return error.into(),
        };
        Error::Invalid { table: table.name.clone(), issues }
    }

    fn foreign_key_issues(&self, table: &Table) -> Result<Vec<Issue>> {
        if let Some(row) = self.row {
            let issues = unknown_references(&self.rows, table, self.plan, row, |_| true)?;
            if !issues.is_empty() {
                return Ok(issues);
            }
        }
        let candidates = referring(&self.rows.engine.catalog.model().tables, &table.name);
        let tables = match self.retry {
            // Nothing can be rehearsed within a statement of a session's.
            Some(sql) if !self.rows.engine.is_within_statement() => {
                let Rows { engine, actor, .. } = self.rows;
                rehearse(engine, actor, || self.orphaned(sql, &candidates))
            }?,
            _ => Vec::new(),
        };
        let tables = if tables.is_empty() { candidates } else { tables };
        Ok(vec![still_referenced(&tables)])
    }

    /// The tables that would hold orphans, had the statement been let through.
    fn orphaned<'t>(&self, sql: &Sql<'_>, candidates: &[&'t str]) -> Result<Vec<&'t str>> {
        let connection = &self.rows.engine.connection;
        let deferred: bool =
            connection.pragma_query_value(None, "defer_foreign_keys", |row| row.get(0))?;
        connection.pragma_update(None, "defer_foreign_keys", true)?;
        let found = first(connection, sql, 0).and_then(|_| {
            let mut found = Vec::new();
            for table in candidates {
                let mut check = Sql::default();
                check.push("SELECT 1 FROM pragma_foreign_key_check(").bind((*table).into());
                check.push(", 'main')");
                if first(connection, &check, 1)?.is_some() {
                    found.push(*table);
                }
            }
            Ok(found)
        });
        connection.pragma_update(None, "defer_foreign_keys", deferred)?;
        // A rule that does not wait for the statement's end refuses it again: then nobody knows.
        Ok(found.unwrap_or_default())
    }
}

/// The tables whose references can hold up a change to a table: those that refer to it, or to
/// what is deleted along with it, without being deleted along themselves.
fn referring<'t>(tables: &'t [Table], table: &'t str) -> Vec<&'t str> {
    let mut along = vec![table];
    let mut next = 0;
    while let Some(parent) = along.get(next).copied() {
        next += 1;
        for table in tables {
            let cascades = table.references.iter().any(|reference| {
                reference.table == parent && reference.on_delete == OnDelete::Cascade
            });
            if cascades && !along.contains(&table.name.as_str()) {
                along.push(&table.name);
            }
        }
    }
    let holds = |reference: &Reference| {
        along.contains(&reference.table.as_str()) && reference.on_delete != OnDelete::Cascade
    };
    let referring = tables.iter().filter(|table| table.references.iter().any(holds));
    let referring: Vec<&str> = referring.map(|table| table.name.as_str()).collect();
    if referring.is_empty() { along } else { referring }
}

/// The issue of values that another row has already.
pub(crate) fn not_unique(columns: &[String], tenancy: Option<&Tenancy>) -> Issue {
    let is_key = |column: &&String| tenancy.is_some_and(|tenancy| tenancy.key == **column);
    let own = columns.iter().filter(|column| !is_key(column)).collect::<Vec<_>>();
    let (path, message) = match own.as_slice() {
        [column] => (column.as_str(), "is taken: another row has this value".to_owned()),
        [] => ("", format!("another row has the same {}", columns.join(", "))),
        several => {
            let names = several.iter().map(|name| name.as_str()).collect::<Vec<_>>();
            ("", format!("another row has the same {}", names.join(", ")))
        }
    };
    issue_with(path, "not_unique", message, ("columns", columns.to_vec().into()))
}

/// The issues of those references among the asked ones that lead nowhere that the actor can see.
pub(crate) fn unknown_references(
    rows: &Rows<'_>,
    table: &Table,
    plan: &Plan,
    row: &[SqlValue<'_>],
    asked: impl Fn(&Reference) -> bool,
) -> Result<Vec<Issue>> {
    let mut issues = Vec::new();
    for reference in table.references.iter().filter(|reference| asked(reference)) {
        let values = reference.columns.iter().map(|column| {
            let position = plan.validator.position(column)?;
            Some(&row[position]).filter(|value| !value.is_null())
        });
        let Some(values) = values.collect::<Option<Vec<_>>>() else {
            continue;
        };
        let mut sql = Sql::default();
        sql.push("SELECT 1 FROM ").table(&reference.table).push(" WHERE ");
        sql.list(reference.to.iter().zip(values), " AND ", |sql, (column, value)| {
            sql.name(column).push(" = ").bind(value.borrowed());
        });
        if rows.rules.is_some() {
            let parent = rows.engine.catalog.plan(&reference.table)?;
            if let Some(position) = parent.deleted_at {
                sql.push(" AND ").name(&parent.validator.fields()[position].name);
                sql.push(" IS NULL");
            }
            push_rules(&mut sql, [&rows.rules(parent).read]);
        }
        if first(&rows.engine.connection, &sql, 1)?.is_none() {
            let column = reference.columns.last().map_or("", String::as_str);
            let message = format!("there is no such row in `{}`", reference.table);
            let param = ("table", reference.table.clone().into());
            issues.push(issue_with(column, "unknown_reference", message, param));
        }
    }
    Ok(issues)
}

/// The issue of a row that others refer to.
fn still_referenced(tables: &[&str]) -> Issue {
    let message = format!("rows in {} still refer to it", tables.join(", "));
    issue_with("", "still_referenced", message, ("tables", Value::from(tables)))
}

/// The columns that SQLite's message names as `table.column, table.column`.
fn columns(table: &Table, detail: &str) -> Vec<String> {
    let names = detail.split(", ").map(|name| {
        let column = name.strip_prefix(&table.name).and_then(|rest| rest.strip_prefix('.'));
        column.unwrap_or(name).to_owned()
    });
    names.collect()
}

/// The index that SQLite's message names where the index has expressions.
fn index_name(detail: &str) -> Option<&str> {
    detail.strip_prefix("index '")?.strip_suffix('\'')
}

/// The columns of the unique key that an index over expressions keeps.
fn index_columns(connection: &Connection, table: &Table, index: &str) -> Vec<String> {
    let mut sql = Sql::default();
    sql.push("SELECT sql FROM sqlite_schema WHERE type = 'index' AND name = ").bind(index.into());
    let text = match first(connection, &sql, 1) {
        Ok(Some(found)) => match found.into_iter().next() {
            Some(SqlValue::Text(text)) => text.into_owned(),
            _ => String::new(),
        },
        _ => String::new(),
    };
    let named = |column: &String| {
        let is_part = |byte: char| byte.is_ascii_alphanumeric() || byte == '_';
        text.split(|byte: char| !is_part(byte)).any(|word| word == column)
    };
    let keys = table.unique.iter().filter(|unique| unique.columns.iter().all(named));
    let longest = keys.max_by_key(|unique| unique.columns.len());
    longest.map_or_else(|| vec![index.to_owned()], |unique| unique.columns.clone())
}
