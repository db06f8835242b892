//! The tables that are recorded: which of their columns, in which order, and the triggers that
//! hand them over.
//!
//! A record's values stand in the order of a shape, which names the table and its columns by their
//! stable ids, so that it can be read after any migration. A shape's id follows from its text.

use std::collections::HashMap;

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use serde_json::{Value, json};

use crate::model::{Auto, Column, Model, OnDelete, Scope, Table, Template};
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
    pub(super) shape: Shape,
    /// The positions of the shape's columns in the model's table, and of the secrets.
    pub(super) columns: Vec<usize>,
    pub(super) secrets: Vec<usize>,
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

/// A table as the file has it.
#[derive(Debug, Default)]
pub(super) struct LiveTable {
    /// Whether it has row ids.
    pub(super) rowid: bool,
    /// Its columns: name and type.
    pub(super) columns: Vec<(String, String)>,
}

/// The tables of the model, by position, that the file has, as far as it has their columns.
pub(super) fn recorded(model: &Model, live: &HashMap<String, LiveTable>) -> Vec<Option<Recorded>> {
    let audit = model.tables.iter().find(|table| table.template == Some(Template::AuditLog));
    let recorded = model.tables.iter().map(|table| {
        let live = live.get(&table.name)?;
        // What follows from other tables' changes is written again wherever they are.
        let is_derived = table.template == Some(Template::Versions);
        (!is_derived).then(|| recorded_table(model, table, live, audit)).flatten()
    });
    recorded.collect()
}

fn recorded_table(
    model: &Model,
    table: &Table,
    live: &LiveTable,
    audit: Option<&Table>,
) -> Option<Recorded> {
    let is_live = |name: &String| live.columns.iter().any(|(column, _)| column == name);
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
    let place = |column: &&Column| table.columns.iter().position(|own| own.name == column.name);
    Some(Recorded {
        columns: shown.iter().filter_map(place).collect(),
        secrets: secret.iter().filter_map(place).collect(),
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
    /// An update of references that may become NULL: a trigger that is a part of that for updates.
    pub(in crate::capture) const NULLED: i64 = 5;
    /// More values of the same row follow.
    pub(in crate::capture) const MORE: i64 = 8;
    /// What a table's number is multiplied with, to stand in one argument with the operation.
    pub(in crate::capture) const COUNT: i64 = 16;
}

/// The statement that makes a table's trigger for an operation. `number` stands for the table,
/// `nulled` are the columns that an update through references changes.
pub(super) fn trigger(
    recorded: &Recorded,
    table: &Table,
    number: usize,
    operation: i64,
    nulled: &[String],
) -> String {
    use operation::{DELETE, GOING, INSERT, NULLED, UPDATE};
    let column = |row: &str, at: &usize| format!("{row}.{}", quote::name(&table.columns[*at].name));
    let all =
        |row: &str| recorded.columns.iter().map(|at| column(row, at)).collect::<Vec<String>>();
    let both = || {
        let mut both = all("OLD");
        both.extend(all("NEW"));
        let changed = |at| format!("{} IS NOT {}", column("OLD", at), column("NEW", at));
        both.extend(recorded.secrets.iter().map(changed));
        both
    };
    let (when, what, values) = match operation {
        INSERT => ("AFTER INSERT".to_owned(), INSERT, all("NEW")),
        UPDATE => ("AFTER UPDATE".to_owned(), UPDATE, both()),
        NULLED => (format!("AFTER UPDATE OF {}", quote::names(nulled)), UPDATE, both()),
        GOING => ("BEFORE DELETE".to_owned(), GOING, all("OLD")),
        _ => ("AFTER DELETE".to_owned(), DELETE, all("OLD")),
    };
    let name = quote::name(&trigger_name(&table.name, operation));
    let body = calls(number as i64 * operation::COUNT + what, &values);
    let on = quote::name(&table.name);
    format!("CREATE TEMP TRIGGER {name} {when} ON main.{on} BEGIN {body} END;")
}

/// The name of a table's trigger for an operation.
pub(super) fn trigger_name(table: &str, operation: i64) -> String {
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
