//! How a column's kind and rules are stored and checked by SQLite itself.

use std::borrow::Cow;

use super::fragment::Fragment;
use super::names;
use super::types::CheckSchema;
use crate::model::{Bound, Column, Kind, Model, Shape, Table};
use crate::sql::quote;
use crate::value::SAFE_INTEGER_MAX;

/// The type with which SQLite stores the column.
pub(crate) fn storage_type(column: &Column) -> &'static str {
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
    let form = match is_bound_by_reference(table, column) {
        true => None,
        false => form(model, column, &name),
    };
    form.into_iter()
        .chain(size(column, &name))
        .map(|(rule, expr)| CheckSchema {
            name: Some(names::join([table.name.as_str(), column.name.as_str(), &rule])),
            expr,
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

/// Stands for the column in the checks of a form.
const PLACE: char = '#';

/// The checks of a form by their rule's name.
pub(super) const FORMS: [(&str, &str); 9] = [
    ("array", "json_valid(#) AND json_type(#) = 'array'"),
    ("boolean", "# IN (0, 1)"),
    ("date", "# GLOB '????-??-??'"),
    ("json", "json_valid(#)"),
    ("list", "json_valid(#) AND json_type(#) = 'array'"),
    ("object", "json_valid(#) AND json_type(#) = 'object'"),
    ("time", "# GLOB '??:??:??.???'"),
    ("timestamp", "# GLOB '????-??-??T??:??:??.???Z'"),
    ("uuid", "length(#) = 36"),
];

/// The check of this rule on a column, whose name is given as SQL has it.
pub(super) fn form_check(rule: &str, column: &str) -> Option<Fragment> {
    let (_, sql) = FORMS.iter().find(|(name, _)| *name == rule)?;
    Some(Fragment::new(sql.replace(PLACE, column)))
}

/// The form of a value: the rule's name and its SQL.
fn form(model: &Model, column: &Column, name: &str) -> Option<(Cow<'static, str>, Fragment)> {
    let fixed = |rule: &'static str| Some((rule.into(), form_check(rule, name)?));
    let own = |rule: Cow<'static, str>, sql: String| Some((rule, Fragment::new(sql)));
    if column.array {
        return fixed("array");
    }
    match &column.kind {
        Kind::Boolean => fixed("boolean"),
        Kind::Uuid => fixed("uuid"),
        Kind::Timestamp => fixed("timestamp"),
        Kind::Date => fixed("date"),
        Kind::Time => fixed("time"),
        Kind::Json { shape: Shape::Any } => fixed("json"),
        Kind::Json { shape: Shape::Object } => fixed("object"),
        Kind::Json { shape: Shape::Array } => fixed("list"),
        Kind::Enum { name: of } => {
            let values: Vec<String> =
                model.enum_values(of).iter().map(|value| quote::text(value)).collect();
            own("enum".into(), format!("{name} IN ({})", values.join(", ")))
        }
        Kind::Integer => own("integer".into(), range(column, name, Some(SAFE_INTEGER_MAX))?),
        // Precision and scale are part of the name: a change of scale has to show, since it
        // changes what every stored number means.
        Kind::Decimal { precision, scale } => {
            let most = 10_i64.checked_pow(*precision).map(|limit| limit - 1);
            own(format!("decimal_{precision}_{scale}").into(), range(column, name, most)?)
        }
        Kind::BigInt => own("bigint".into(), range(column, name, None)?),
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
fn size(column: &Column, name: &str) -> Option<(Cow<'static, str>, Fragment)> {
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
    Some((rule.into(), Fragment::new(sql)))
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
