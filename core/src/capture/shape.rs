//! The tables that are recorded: which of their columns, in which order, and the triggers that
//! hand them over.
//!
//! A record's values stand in the order of a shape, which names the table and its columns by their
//! stable ids, so that it can be read after any migration. A shape's id follows from its text.

use std::collections::HashMap;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::error::Result;
use crate::model::{Auto, Model, OnDelete, Scope, Table, Template};
use crate::sql::quote;

/// How many values a trigger hands over in one call: SQLite's functions take 1000 arguments.
const VALUES_MAX: usize = 900;

/// What is recorded of a table's rows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Shape {
    /// The table's stable id.
    pub(crate) table: String,
    /// The stable ids of the columns whose values are recorded, in order.
    pub(crate) columns: Vec<String>,
    /// The primary key's positions in `columns`.
    pub(crate) key: Vec<usize>,
    /// The positions in `columns` that every change record holds, for the audit table.
    pub(crate) context: Vec<usize>,
    /// The stable ids of the secret columns, of which only a change is recorded.
    pub(crate) secrets: Vec<String>,
}

/// A table that is recorded.
#[derive(Debug)]
pub(super) struct Recorded {
    /// Its position in the model.
    pub(super) table: usize,
    pub(super) shape: Shape,
    pub(super) shape_id: i64,
    pub(super) scope: RecordedScope,
    /// Whether its rows are the tenants.
    pub(super) is_root: bool,
    /// Whether each update leaves a version.
    pub(super) versioned: bool,
    /// For each column of the shape: whether a change of it alone is no new version.
    pub(super) bookkeeping: Vec<bool>,
    /// For each column of the shape: whether it becomes NULL with the row that it refers to.
    pub(super) nulled: Vec<bool>,
    /// Whether it is the audit trail, whose own entries come from the records.
    pub(super) is_audit: bool,
}

/// Where the scope of a row stands, as a position in the shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RecordedScope {
    Tenant(usize),
    User(usize),
    Public,
}

impl Shape {
    /// The shape as it is stored.
    pub(super) fn to_text(&self) -> String {
        json!({
            "table": self.table, "columns": self.columns, "key": self.key,
            "context": self.context, "secrets": self.secrets,
        })
        .to_string()
    }

    /// Reads a stored shape; None where it is none.
    pub(crate) fn parse(text: &str) -> Option<Shape> {
        let value: Value = serde_json::from_str(text).ok()?;
        let texts = |name: &str| {
            let items = value.get(name)?.as_array()?.iter();
            items.map(|item| Some(item.as_str()?.to_owned())).collect::<Option<Vec<_>>>()
        };
        let shape = Shape {
            table: value.get("table")?.as_str()?.to_owned(),
            columns: texts("columns")?,
            secrets: texts("secrets")?,
            ..Shape::default()
        };
        let positions = |name: &str| {
            let items = value.get(name)?.as_array()?.iter();
            let items = items.map(|item| usize::try_from(item.as_u64()?).ok());
            items.map(|at| at.filter(|at| *at < shape.columns.len())).collect::<Option<Vec<_>>>()
        };
        let (key, context) = (positions("key")?, positions("context")?);
        Some(Shape { key, context, ..shape })
    }

    /// The id that follows from a shape's text: the first 48 bits of its BLAKE2b-256.
    pub(crate) fn id_of(text: &str) -> i64 {
        let hash = Blake2b::<U32>::digest(text.as_bytes());
        hash.iter().take(6).fold(0, |id, byte| id << 8 | i64::from(*byte))
    }
}

/// The tables of the model that the file has, as far as it has their columns.
pub(super) fn recorded(connection: &Connection, model: &Model) -> Result<Vec<Recorded>> {
    let live = live_columns(connection)?;
    let audit = model.tables.iter().find(|table| table.template == Some(Template::AuditLog));
    let tables = model.tables.iter().enumerate();
    let recorded = tables.filter_map(|(at, table)| {
        let columns = live.get(&table.name)?;
        // What follows from other tables' changes is written again wherever they are.
        let is_derived = table.template == Some(Template::Versions);
        (!is_derived).then(|| recorded_table(model, at, columns, audit)).flatten()
    });
    Ok(recorded.collect())
}

/// A file may be at an older version than the model, or have been changed by hand.
fn live_columns(connection: &Connection) -> Result<HashMap<String, Vec<String>>> {
    let sql = "SELECT m.name, c.name FROM main.sqlite_schema m, pragma_table_info(m.name, 'main') c
               WHERE m.type = 'table' AND m.name NOT LIKE '\\_freehold\\_%' ESCAPE '\\'";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut columns: HashMap<String, Vec<String>> = HashMap::new();
    while let Some(row) = rows.next()? {
        let (table, column): (String, String) = (row.get(0)?, row.get(1)?);
        columns.entry(table).or_default().push(column);
    }
    Ok(columns)
}

fn recorded_table(
    model: &Model,
    at: usize,
    live: &[String],
    audit: Option<&Table>,
) -> Option<Recorded> {
    let table = &model.tables[at];
    let is_live = |name: &String| live.contains(name);
    let (secret, shown): (Vec<_>, Vec<_>) =
        table.columns.iter().filter(|column| is_live(&column.name)).partition(|c| c.secret);
    let position = |name: &str| shown.iter().position(|column| column.name == name);
    let key = table.primary_key.iter().map(|name| position(name)).collect::<Option<Vec<_>>>()?;
    let scope = match &table.scope {
        Scope::Tenant { column } => RecordedScope::Tenant(position(column)?),
        Scope::User { owner } => RecordedScope::User(position(owner)?),
        Scope::Public => RecordedScope::Public,
    };
    let is_audit = table.template == Some(Template::AuditLog);
    let standard = crate::model::template_columns(Template::AuditLog);
    let context = shown.iter().enumerate().filter(|(at, column)| {
        let wanted = audit.and_then(|audit| audit.column(&column.name));
        !is_audit
            && !key.contains(at)
            && !column.encrypted
            && !standard.contains(&column.name)
            && wanted.is_some_and(|wanted| wanted.kind == column.kind && !wanted.array)
    });
    let shape = Shape {
        table: table.id.clone(),
        columns: shown.iter().map(|column| column.id.clone()).collect(),
        context: context.map(|(at, _)| at).collect(),
        secrets: secret.iter().map(|column| column.id.clone()).collect(),
        key,
    };
    let nulled = shown.iter().map(|column| {
        let mut references = table.references.iter();
        column.optional
            && references.any(|reference| {
                reference.on_delete == OnDelete::SetNull && reference.columns.contains(&column.name)
            })
    });
    let bookkeeping = shown.iter().map(|column| {
        column.auto == Some(Auto::Updated)
            || column.name == "deleted_at" && table.soft_delete.is_some()
    });
    Some(Recorded {
        table: at,
        shape_id: Shape::id_of(&shape.to_text()),
        bookkeeping: bookkeeping.collect(),
        nulled: nulled.collect(),
        scope,
        is_root: model.tenancy.as_ref().is_some_and(|tenancy| tenancy.tenant == table.name),
        versioned: table.versioned,
        is_audit,
        shape,
    })
}

/// What happened to a row, as the triggers say it.
pub(super) mod operation {
    pub(in crate::capture) const INSERT: i64 = 1;
    pub(in crate::capture) const UPDATE: i64 = 2;
    pub(in crate::capture) const DELETE: i64 = 3;
    /// A tenant is about to go, and all that is theirs.
    pub(in crate::capture) const GOING: i64 = 4;
    /// More values of the same row follow.
    pub(in crate::capture) const MORE: i64 = 8;
    /// What a table's number is multiplied with, to stand in one argument with the operation.
    pub(in crate::capture) const COUNT: i64 = 16;
}

/// The statements that make a table's triggers. `number` stands for the table.
pub(super) fn triggers(recorded: &Recorded, table: &Table, number: usize) -> Vec<String> {
    use operation::{DELETE, GOING, INSERT, UPDATE};
    let column = |row: &str, id: &String| {
        let column = table.columns.iter().find(|column| column.id == *id);
        format!("{row}.{}", quote::name(column.map_or(id, |column| &column.name)))
    };
    let all = |row: &str| {
        recorded.shape.columns.iter().map(|id| column(row, id)).collect::<Vec<String>>()
    };
    let mut both = all("OLD");
    both.extend(all("NEW"));
    let secrets = recorded.shape.secrets.iter();
    both.extend(secrets.map(|id| format!("{} IS NOT {}", column("OLD", id), column("NEW", id))));
    let trigger = |when: &str, operation: i64, values: Vec<String>| {
        let name = quote::name(&trigger_name(&table.name, operation));
        let body = calls(number as i64 * operation::COUNT + operation, &values);
        let on = quote::name(&table.name);
        format!("CREATE TEMP TRIGGER {name} {when} ON main.{on} BEGIN {body} END;")
    };
    let mut triggers = vec![
        trigger("AFTER INSERT", INSERT, all("NEW")),
        trigger("AFTER UPDATE", UPDATE, both),
        trigger("AFTER DELETE", DELETE, all("OLD")),
    ];
    if recorded.is_root {
        triggers.push(trigger("BEFORE DELETE", GOING, all("OLD")));
    }
    triggers
}

/// The names of the triggers that a table may have.
pub(super) fn trigger_names(table: &str) -> impl Iterator<Item = String> {
    use operation::{DELETE, GOING, INSERT, UPDATE};
    [INSERT, UPDATE, DELETE, GOING].into_iter().map(move |operation| trigger_name(table, operation))
}

fn trigger_name(table: &str, operation: i64) -> String {
    format!("_freehold_{operation}_{table}")
}

fn calls(code: i64, values: &[String]) -> String {
    let mut calls = String::new();
    let parts = values.chunks(VALUES_MAX);
    let last = parts.len().saturating_sub(1);
    for (place, part) in parts.enumerate() {
        let code = if place < last { code + operation::MORE } else { code };
        calls.push_str(&format!("SELECT freehold_capture({code}, {});", part.join(", ")));
    }
    calls
}
