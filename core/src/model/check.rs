//! Checks a resolved model: that everything it names exists and fits.

use super::check_expr::{ExprScope, check_expr, check_types, sql_depth};
use super::problems::{Problems, suggestion};
use super::*;

/// SQLite's limit for the depth of an expression is 1000; some of it is for what stands around.
const SQL_DEPTH_MAX: usize = 900;

/// PostgreSQL's limit, which is below SQLite's.
const COLUMNS_MAX: usize = 1600;

/// The column of an API key that says who made it.
pub(crate) const MAKER: &str = "user_id";

/// The code of a key table that would take keys of people who are gone for nobody's.
pub(crate) const FORGETS_MAKER: &str = "forgets_maker";

pub(super) fn check(model: &Model, problems: &mut Problems<'_>) {
    tenancy::check(model, problems);
    let mut ids: Vec<&str> = Vec::new();
    for (at, table) in model.tables.iter().enumerate() {
        let path = format!("tables.{}", table.name);
        if model.tables[..at].iter().any(|other| other.name == table.name) {
            let path = format!("links.{}", table.name);
            problems.add(&path, "duplicate", "a table of this name is there already");
        }
        if ids.contains(&table.id.as_str()) {
            let message = format!("the stable id `{}` belongs to another table", table.id);
            problems.add(&path, "duplicate_id", message);
        }
        ids.push(&table.id);
        check_columns(model, table, &path, problems);
        check_keys(table, &path, problems);
        check_indexes(table, &path, problems);
        check_references(model, table, &path, problems);
        for check in &table.checks {
            let scope = ExprScope::of_row(model, table);
            let path = format!("{path}.checks.{}", check.name);
            check_expr(&check.expr, &scope, &path, problems);
            if sql_depth(&check.expr) > SQL_DEPTH_MAX {
                let message = format!("a check has at most about {SQL_DEPTH_MAX} terms");
                problems.add(&path, "too_large", message);
            }
            check_types(&check.expr, &scope, &path, problems);
        }
        check_strict_keys(model, table, &path, problems);
        check_policy::check_table(model, table, problems);
    }
    check_policy::check_predicates(model, problems);
    check_first_rows(model, problems);
}

fn check_columns(model: &Model, table: &Table, path: &str, problems: &mut Problems<'_>) {
    if table.columns.len() > COLUMNS_MAX {
        let message = format!("a table has at most {COLUMNS_MAX} columns");
        problems.add(path, "too_large", message);
    }
    let mut ids: Vec<&str> = Vec::new();
    for column in &table.columns {
        let path = format!("{path}.columns.{}", column.name);
        if ids.contains(&column.id.as_str()) {
            let message = format!("the stable id `{}` belongs to another column", column.id);
            problems.add(&path, "duplicate_id", message);
        }
        ids.push(&column.id);
        let users = model.tenancy.as_ref().and_then(|tenancy| tenancy.user.as_ref());
        let mut naming = table.references.iter().filter(|r| r.columns.last() == Some(&column.name));
        if column.auto == Some(Auto::User) && !naming.any(|r| Some(&r.table) == users) {
            let message = "\"user\" goes with a reference to the users";
            problems.add(&format!("{path}.auto"), "does_not_fit", message);
        }
        if let Scope::User { owner } = &table.scope
            && column.encrypted
            && table.column(owner).is_some_and(|owner| owner.optional)
        {
            let message =
                format!("values are sealed for `{owner}`, which then may not be optional");
            problems.add(&format!("{path}.encrypted"), "does_not_fit", message);
        }
        if let Some(default) = &column.default
            && !default_fits(model, column, default)
        {
            let message = format!("the default {default} doesn't fit the type");
            problems.add(&format!("{path}.default"), "bad_default", message);
        }
    }
    let deleted_at = table.column("deleted_at").filter(|_| table.soft_delete.is_some());
    if deleted_at.is_some_and(|column| column.kind != Kind::Timestamp || !column.optional) {
        let message = "soft deletion needs `deleted_at` to be an optional timestamp";
        problems.add(&format!("{path}.soft_delete"), "does_not_fit", message);
    }
}

fn default_fits(model: &Model, column: &Column, default: &serde_json::Value) -> bool {
    use serde_json::Value;
    if column.array {
        let item = Column { array: false, ..column.clone() };
        return default
            .as_array()
            .is_some_and(|items| items.iter().all(|value| default_fits(model, &item, value)));
    }
    let within = |number: i64| {
        let above = |bound| matches!(bound, Some(Bound::Integer(bound)) if number < bound);
        let below = |bound| matches!(bound, Some(Bound::Integer(bound)) if number > bound);
        !above(column.rules.min) && !below(column.rules.max)
    };
    match (&column.kind, default) {
        (Kind::Text, Value::String(text)) => {
            within(text.chars().count() as i64) && !text.contains('\0')
        }
        (Kind::Integer, Value::Number(number)) => {
            number.as_i64().is_some_and(|n| n.abs() <= super::columns::INTEGER_MAX && within(n))
        }
        (Kind::BigInt, Value::Number(number)) => number.as_i64().is_some_and(within),
        (Kind::Real, Value::Number(_)) | (Kind::Boolean, Value::Bool(_)) => true,
        (Kind::Decimal { .. }, Value::Number(_) | Value::String(_)) => true,
        (Kind::Json { shape: Shape::Object }, value) => value.is_object(),
        (Kind::Json { shape: Shape::Array }, value) => value.is_array(),
        (Kind::Json { shape: Shape::Any }, _) => true,
        (Kind::Enum { name }, Value::String(text)) => model.enum_values(name).contains(text),
        (Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Time, Value::String(_)) => true,
        _ => false,
    }
}

pub(super) fn find_column<'t>(
    table: &'t Table,
    name: &str,
    path: &str,
    problems: &mut Problems<'_>,
) -> Option<&'t Column> {
    let found = table.column(name);
    if found.is_none() {
        let known = table.columns.iter().map(|column| column.name.as_str());
        let message = format!("`{}` has no column `{name}`{}", table.name, suggestion(name, known));
        problems.add(path, "unknown_column", message);
    }
    found
}

fn check_key_column(table: &Table, name: &str, path: &str, problems: &mut Problems<'_>) {
    let Some(column) = find_column(table, name, path, problems) else { return };
    if column.encrypted || column.secret {
        let message = format!("`{name}` is encrypted or secret, so no key or index may hold it");
        problems.add(path, "secret_in_key", message);
    }
    if column.array || matches!(column.kind, Kind::Json { .. }) {
        let message = format!("`{name}` holds JSON, which has no order; index a column of its own");
        problems.add(path, "json_in_key", message);
    }
}

fn check_keys(table: &Table, path: &str, problems: &mut Problems<'_>) {
    let key_path = format!("{path}.primary_key");
    if table.primary_key.is_empty() {
        problems.add(&key_path, "empty", "a primary key needs a column");
    }
    if has_duplicates(&table.primary_key) {
        problems.add(&key_path, "duplicate", "a column stands twice");
    }
    for name in &table.primary_key {
        check_key_column(table, name, &key_path, problems);
        if table.column(name).is_some_and(|column| column.optional) {
            let message = format!("`{name}` is optional, so no primary key may hold it");
            problems.add(&key_path, "optional_in_key", message);
        }
    }
    for (at, unique) in table.unique.iter().enumerate() {
        let path = format!("{path}.unique[{at}]");
        unique.columns.iter().for_each(|name| check_key_column(table, name, &path, problems));
        if table.unique[..at].iter().any(|other| other.columns == unique.columns) {
            problems.add(&path, "duplicate", "this unique key stands twice");
        }
        if has_duplicates(&unique.columns) {
            problems.add(&path, "duplicate", "a column stands twice");
        }
    }
}

fn check_indexes(table: &Table, path: &str, problems: &mut Problems<'_>) {
    for (at, index) in table.indexes.iter().enumerate() {
        let path = format!("{path}.indexes[{at}]");
        if index.columns.is_empty() {
            problems.add(&path, "empty", "an index needs a column");
        }
        let names: Vec<String> = index.columns.iter().map(|column| column.name.clone()).collect();
        names.iter().for_each(|name| check_key_column(table, name, &path, problems));
        if table.indexes[..at].contains(index) {
            problems.add(&path, "duplicate", "this index stands twice");
        }
        if has_duplicates(&names) {
            problems.add(&path, "duplicate", "a column stands twice");
        }
    }
}

fn has_duplicates(names: &[String]) -> bool {
    names.iter().enumerate().any(|(at, name)| names[..at].contains(name))
}

fn check_references(model: &Model, table: &Table, path: &str, problems: &mut Problems<'_>) {
    for reference in &table.references {
        let name = reference.columns.last().map_or("", String::as_str);
        let path = format!("{path}.columns.{name}");
        let Some(other) = model.table(&reference.table) else { continue };
        for (own, to) in reference.columns.iter().zip(&reference.to) {
            let own = find_column(table, own, &path, problems);
            let to = find_column(other, to, &path, problems);
            if let (Some(own), Some(to)) = (own, to)
                && own.kind != to.kind
            {
                let message =
                    format!("`{}` and `{}.{}` differ in type", own.name, other.name, to.name);
                problems.add(&path, "bad_reference", message);
            }
        }
        if reference.on_delete == OnDelete::SetNull {
            let tenant = match &table.scope {
                Scope::Tenant { column } => Some(column),
                _ => None,
            };
            let nulled = reference.columns.iter().filter(|name| Some(*name) != tenant);
            if nulled.filter_map(|name| table.column(name)).any(|column| !column.optional) {
                let message = "on_delete = \"set_null\" needs the column to be optional";
                problems.add(&format!("{path}.on_delete"), "does_not_fit", message);
            }
            if table.template == Some(Template::ApiKey)
                && reference.columns.iter().any(|name| name == MAKER)
            {
                let message = "a key that forgot its maker would be taken for one that nobody \
                               made, and work again; use \"cascade\" or \"restrict\"";
                problems.add(&format!("{path}.on_delete"), FORGETS_MAKER, message);
            }
        }
    }
}

/// Every key of a tenant's rows starts with the tenant key: a clash, or a reference, never tells
/// of another tenant's row. The tenants' own table is keyed by the tenant itself; its other unique
/// keys are global, which is why sessions never write their columns.
fn check_strict_keys(model: &Model, table: &Table, path: &str, problems: &mut Problems<'_>) {
    let Some(tenancy) = model.tenancy.as_ref().filter(|tenancy| tenancy.tenant != table.name)
    else {
        return;
    };
    let Scope::Tenant { column } = &table.scope else { return };
    let starts = |columns: &[String]| columns.first() == Some(column);
    let mut needs = |is_strict: bool, key: &str| {
        if !is_strict {
            let message = format!("a key of tenants' rows starts with `{column}`");
            problems.add(&format!("{path}.{key}"), "crosses_tenants", message);
        }
    };
    needs(starts(&table.primary_key), "primary_key");
    for (at, unique) in table.unique.iter().enumerate() {
        needs(starts(&unique.columns), &format!("unique[{at}]"));
    }
    for reference in &table.references {
        let Some(other) = model.table(&reference.table) else { continue };
        if let Scope::Tenant { column: theirs } = &other.scope {
            let name = reference.columns.last().map_or("", String::as_str);
            let to_theirs = reference.to.first() == Some(theirs) || other.name == tenancy.tenant;
            needs(starts(&reference.columns) && to_theirs, &format!("columns.{name}"));
        }
    }
}

/// Tables that require each other can't have a first row.
fn check_first_rows(model: &Model, problems: &mut Problems<'_>) {
    let is_required = |table: &Table, reference: &Reference| {
        let own = reference.columns.iter().filter_map(|name| table.column(name));
        reference.table != table.name && own.into_iter().all(|column| !column.optional)
    };
    let mut open: Vec<&Table> = model.tables.iter().collect();
    let waits_for = |table: &Table, open: &[&Table]| {
        let mut required = table.references.iter().filter(|r| is_required(table, r));
        required.find(|r| open.iter().any(|other| other.name == r.table)).cloned()
    };
    // Tables that can be filled are taken away until none is left, or all wait for one another.
    while let Some(at) = open.iter().position(|table| waits_for(table, &open).is_none()) {
        open.remove(at);
    }
    // What is left waits for a circle or stands in one: a table that is come by again is in one.
    let Some(mut table) = open.first().copied() else { return };
    let mut passed: Vec<&str> = Vec::new();
    while !passed.contains(&table.name.as_str()) {
        passed.push(&table.name);
        let next = waits_for(table, &open).and_then(|reference| model.table(&reference.table));
        let Some(next) = next else { return };
        table = next;
    }
    let Some(reference) = waits_for(table, &open) else { return };
    let column = reference.columns.last().map_or("", String::as_str);
    let start = passed.iter().position(|name| *name == table.name).unwrap_or(0);
    let message = format!(
        "no first row can be inserted: {} require each other; make one reference optional",
        passed[start..].iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
    );
    let path = format!("tables.{}.columns.{column}", table.name);
    problems.add(&path, "circular_requirement", message);
}
