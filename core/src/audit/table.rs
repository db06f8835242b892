//! The model's audit table: which of its columns an entry fills, and with what.

use std::borrow::Cow;

use serde_json::Value;

use crate::actor::SEEDING;
use crate::audit::AuditEntry;
use crate::capture::change::{Change, ChangeKind};
use crate::model::{Bound, Column, Model, Reference, Scope, Table, Template};
use crate::query::Sql;
use crate::value::SqlValue;

/// The model's audit table, if it has one.
pub(crate) fn audit_table(model: &Model) -> Option<&Table> {
    model.tables.iter().find(|table| table.template == Some(Template::AuditLog))
}

/// What a row of a table is called: as the columns that refer to it say, else without its plural.
pub(super) fn singular(model: &Model, table: &str) -> String {
    let mut candidates = Vec::new();
    if let Some(stem) = table.strip_suffix("ies") {
        candidates.push(format!("{stem}y"));
    }
    let has_end = |stem: &str| ["ss", "x", "z", "ch", "sh"].iter().any(|end| stem.ends_with(end));
    let is_latin = |stem: &str| {
        let before = stem.strip_suffix("us").and_then(|start| start.chars().last());
        before.is_some_and(|before| !"aeiou".contains(before))
    };
    let long = table.strip_suffix("es");
    candidates.extend(long.filter(|stem| has_end(stem) || is_latin(stem)).map(str::to_owned));
    let short = table.strip_suffix('s').filter(|stem| !stem.ends_with('s'));
    candidates.extend(short.map(str::to_owned));
    candidates.extend(long.filter(|stem| stem.ends_with('s')).map(str::to_owned));
    let is_said = |name: &&String| {
        let references = model.tables.iter().flat_map(|other| &other.references);
        references.filter(|reference| reference.table == table).any(|reference| {
            let column = reference.columns.last();
            column.and_then(|column| column.strip_suffix("_id")) == Some(name.as_str())
        })
    };
    let said = candidates.iter().find(is_said).or(candidates.first());
    said.cloned().unwrap_or_else(|| table.to_owned())
}

/// An entry as a row of the audit table: a value for each of its columns, in order.
///
/// None where the table can't hold it: it is of another scope, or a column that has to be filled
/// is none that the trail knows; and where it tells of a seeded row.
pub(super) fn row<'e>(
    model: &Model,
    audit: &Table,
    entry: &'e AuditEntry,
    change: &'e Change,
) -> Option<Vec<SqlValue<'e>>> {
    let is_seeded = entry.user_agent.as_deref() == Some(SEEDING);
    if is_seeded && entry.user.is_none() && entry.api_key.is_none() {
        return None;
    }
    let of = |prefix: &str| entry.scope.strip_prefix(prefix).map(SqlValue::from);
    let (owner, owned_by) = match &audit.scope {
        Scope::Tenant { column } => (Some(column), Some(of("tenant/")?)),
        Scope::User { owner } => (Some(owner), Some(of("user/")?)),
        Scope::Public => (None, None),
    };
    let values = audit.columns.iter().map(|column| {
        let value = match column.name.as_str() {
            name if Some(name) == owner.map(String::as_str) => owned_by.clone(),
            "id" => Some(entry.id.as_str().into()),
            "user_id" => entry.user.as_deref().map(SqlValue::from),
            "action" => Some(entry.action.into()),
            "resource_type" => Some(cut(&entry.resource_type, column)),
            "resource_id" => Some(cut(&entry.resource_id, column)),
            "changes" => changes(&entry.changes),
            "ip_address" => entry.ip_address.as_deref().map(|text| cut(text, column)),
            "user_agent" => entry.user_agent.as_deref().map(|text| cut(text, column)),
            "created_at" => Some(entry.at.as_str().into()),
            _ => extra(model, audit, column, entry, change),
        };
        match value {
            None if !column.optional => default(column),
            value => Some(value.unwrap_or(SqlValue::Null)),
        }
    });
    values.collect()
}

/// A column that the template does not have: the API key that acted, the row itself where the
/// column refers to its table, or the row's own column of the same name.
fn extra<'e>(
    model: &Model,
    audit: &Table,
    column: &Column,
    entry: &'e AuditEntry,
    change: &'e Change,
) -> Option<SqlValue<'e>> {
    let reference = reference_of(audit, column);
    let to = reference.and_then(|reference| model.table(&reference.table));
    if to.is_some_and(|to| to.template == Some(Template::ApiKey)) {
        return entry.api_key.as_deref().map(SqlValue::from);
    }
    let shape = &change.shape;
    if to.is_some_and(|to| to.id == shape.table) {
        return change.key().pop();
    }
    let table = model.tables.iter().find(|table| table.id == shape.table)?;
    let id = &table.column(&column.name)?.id;
    let at = shape.columns.iter().position(|known| known == id)?;
    match &change.kind {
        ChangeKind::Insert(row) | ChangeKind::Delete(row) => Some(row[at].borrowed()),
        ChangeKind::Update(update) => {
            let place = shape.context.iter().position(|known| *known == at)?;
            Some(update.context[place].borrowed())
        }
        ChangeKind::DeleteTenant(_) => None,
    }
}

/// The reference that a column is the last part of.
pub(super) fn reference_of<'t>(audit: &'t Table, column: &Column) -> Option<&'t Reference> {
    audit.references.iter().find(|reference| reference.columns.last() == Some(&column.name))
}

fn changes(changes: &Value) -> Option<SqlValue<'static>> {
    let is_empty = changes.as_object().is_none_or(|parts| parts.is_empty());
    (!is_empty).then(|| changes.to_string().into())
}

/// A text cut to what the column takes.
fn cut<'t>(text: &'t str, column: &Column) -> SqlValue<'t> {
    let Some(Bound::Integer(max)) = column.rules.max else { return text.into() };
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    match text.char_indices().nth(max) {
        Some((end, _)) => SqlValue::Text(Cow::Borrowed(&text[..end])),
        None => text.into(),
    }
}

fn default(column: &Column) -> Option<SqlValue<'static>> {
    match column.default.as_ref()? {
        Value::String(text) => Some(text.clone().into()),
        Value::Number(number) => Some(number.as_i64()?.into()),
        Value::Bool(flag) => Some(i64::from(*flag).into()),
        other => Some(other.to_string().into()),
    }
}

/// Adds the value of a column to SQL: NULL where it refers to a row that is gone meanwhile, as it
/// would be had the entry been there before.
pub(super) fn push_value<'q>(
    sql: &mut Sql<'q>,
    audit: &Table,
    at: usize,
    values: &'q [SqlValue<'_>],
) {
    let column = &audit.columns[at];
    let reference = reference_of(audit, column).filter(|_| column.optional);
    let Some(reference) = reference.filter(|_| !values[at].is_null()) else {
        sql.bind(values[at].borrowed());
        return;
    };
    sql.push("(SELECT ").bind(values[at].borrowed()).push(" WHERE EXISTS (SELECT 1 FROM ");
    sql.table(&reference.table).push(" WHERE ");
    sql.list(reference.columns.iter().zip(&reference.to), " AND ", |sql, (own, to)| {
        let own = audit.columns.iter().position(|column| column.name == *own);
        let value = own.map_or(SqlValue::Null, |own| values[own].borrowed());
        sql.name(to).push(" = ").bind(value);
    });
    sql.push("))");
}
