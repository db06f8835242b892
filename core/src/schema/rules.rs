//! How a column's kind and rules are stored and checked by SQLite itself.

use super::fragment::Fragment;
use super::names;
use super::types::CheckSchema;
use crate::model::{Bound, Column, Kind, Model, Shape, Table};
use crate::sql::quote;
use crate::value::SAFE_INTEGER_MAX;

/// The type with which SQLite stores the column.
pub(super) fn storage_type(column: &Column) -> &'static str {
    if column.array || column.encrypted {
        return "TEXT";
    }
    match column.kind {
        Kind::Integer | Kind::BigInt | Kind::Boolean | Kind::Decimal { .. } => "INTEGER",
        Kind::Real => "REAL",
        Kind::Blob => "BLOB",
        Kind::Text
        | Kind::Uuid
        | Kind::Timestamp
        | Kind::Date
        | Kind::Time
        | Kind::Json { .. }
        | Kind::Enum { .. } => "TEXT",
    }
}

/// The constraints on one column's values. NULL passes all of them.
///
/// An encrypted column has none, since what it holds is a ciphertext. A reference's form is not
/// checked again: it equals a value that was checked where it is declared.
pub(super) fn column_checks(model: &Model, table: &Table, column: &Column) -> Vec<CheckSchema> {
    if column.encrypted {
        return Vec::new();
    }
    let name = quote::name(&column.name);
    let mut rules: Vec<(String, String)> = Vec::new();
    if !is_bound_by_reference(table, column) {
        rules.extend(form(model, column, &name));
    }
    rules.extend(size(column, &name));
    rules
        .into_iter()
        .map(|(rule, sql)| CheckSchema {
            name: Some(names::join([table.name.as_str(), column.name.as_str(), rule.as_str()])),
            expr: Fragment::new(sql),
            column: Some(column.name.clone()),
        })
        .collect()
}

/// Whether a reference alone decides what the column may hold: a reference with NULL in one of its
/// columns is not looked at, so the others have to be required.
fn is_bound_by_reference(table: &Table, column: &Column) -> bool {
    let is_required = |name: &String| table.column(name).is_some_and(|other| !other.optional);
    table.references.iter().any(|reference| {
        let is_self = reference.table == table.name && reference.columns == reference.to;
        reference.columns.contains(&column.name)
            && !is_self
            && reference.columns.iter().all(|name| *name == column.name || is_required(name))
    })
}

/// The form of a value: the rule's name and its SQL.
fn form(model: &Model, column: &Column, name: &str) -> Option<(String, String)> {
    let rule = |rule: &str, sql: String| Some((rule.to_owned(), sql));
    if column.array {
        return rule("array", format!("json_valid({name}) AND json_type({name}) = 'array'"));
    }
    match &column.kind {
        Kind::Boolean => rule("boolean", format!("{name} IN (0, 1)")),
        Kind::Uuid => rule("uuid", format!("length({name}) = 36")),
        Kind::Timestamp => rule("timestamp", format!("{name} GLOB '????-??-??T??:??:??.???Z'")),
        Kind::Date => rule("date", format!("{name} GLOB '????-??-??'")),
        Kind::Time => rule("time", format!("{name} GLOB '??:??:??.???'")),
        Kind::Json { shape: Shape::Any } => rule("json", format!("json_valid({name})")),
        Kind::Json { shape: Shape::Object } => {
            rule("object", format!("json_valid({name}) AND json_type({name}) = 'object'"))
        }
        Kind::Json { shape: Shape::Array } => {
            rule("list", format!("json_valid({name}) AND json_type({name}) = 'array'"))
        }
        Kind::Enum { name: of } => {
            let values: Vec<String> =
                model.enum_values(of).iter().map(|value| quote::text(value)).collect();
            rule("enum", format!("{name} IN ({})", values.join(", ")))
        }
        Kind::Integer => rule("integer", range(column, name, Some(SAFE_INTEGER_MAX))?),
        // Precision and scale are part of the name: a change of scale has to show, since it
        // changes what every stored number means.
        Kind::Decimal { precision, scale } => {
            let most = 10_i64.checked_pow(*precision).map(|limit| limit - 1);
            rule(&format!("decimal_{precision}_{scale}"), range(column, name, most)?)
        }
        Kind::BigInt => rule("bigint", range(column, name, None)?),
        Kind::Real | Kind::Text | Kind::Blob => None,
    }
}

/// The range of a whole number: the type's own, narrowed by the column's rules.
fn range(column: &Column, name: &str, most: Option<i64>) -> Option<String> {
    let whole = |bound: Option<Bound>| match bound {
        Some(Bound::Integer(number)) => Some(number),
        Some(Bound::Real(number)) => Some(number as i64),
        None => None,
    };
    let least = most.map(|most| -most);
    let low = whole(column.rules.min).max(least);
    let high = match (whole(column.rules.max), most) {
        (Some(one), Some(other)) => Some(one.min(other)),
        (one, other) => one.or(other),
    };
    between(name, low.map(|low| low.to_string()), high.map(|high| high.to_string()))
}

/// The length of a text, blob or array, or the range of a real.
fn size(column: &Column, name: &str) -> Option<(String, String)> {
    let rules = &column.rules;
    let literal = |bound: Option<Bound>| {
        bound.map(|bound| match bound {
            Bound::Integer(number) => number.to_string(),
            Bound::Real(number) => quote::real(number),
        })
    };
    let (rule, what) = match &column.kind {
        _ if column.array => ("length", format!("json_array_length({name})")),
        Kind::Text | Kind::Blob => ("length", format!("length({name})")),
        Kind::Real => ("range", name.to_owned()),
        _ => return None,
    };
    let sql = between(&what, literal(rules.min), literal(rules.max))?;
    Some((rule.to_owned(), sql))
}

fn between(what: &str, low: Option<String>, high: Option<String>) -> Option<String> {
    match (low, high) {
        (Some(low), Some(high)) if low == high => Some(format!("{what} = {low}")),
        (Some(low), Some(high)) => Some(format!("{what} BETWEEN {low} AND {high}")),
        (Some(low), None) => Some(format!("{what} >= {low}")),
        (None, Some(high)) => Some(format!("{what} <= {high}")),
        (None, None) => None,
    }
}
