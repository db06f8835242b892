//! Checks a resolved model: that everything it names exists and fits.

use super::expr::Expr;
use super::problems::{Problems, suggestion};
use super::*;

/// SQLite's limit for the depth of an expression is 1000; some of it is for what stands around.
const SQL_DEPTH_MAX: usize = 900;

/// PostgreSQL's limit, which is below SQLite's.
const COLUMNS_MAX: usize = 1600;

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
            let scope = ExprScope { model, table: Some(table), arguments: &[], actor: false };
            let path = format!("{path}.checks.{}", check.name);
            check_expr(&check.expr, &scope, &path, problems);
            if sql_depth(&check.expr) > SQL_DEPTH_MAX {
                let message = format!("a check has at most about {SQL_DEPTH_MAX} terms");
                problems.add(&path, "too_large", message);
            }
            check_types(&check.expr, table, &path, problems);
        }
        check_policy(model, table, &path, problems);
    }
    for predicate in &model.predicates {
        let arguments = &predicate.arguments;
        let scope = ExprScope { model, table: None, arguments, actor: true };
        let path = format!("predicates.{}({})", predicate.name, arguments.join(", "));
        check_expr(&predicate.body, &scope, &path, problems);
        if calls_itself(model, &predicate.name) {
            let message = format!("`{}` leads back to itself", predicate.name);
            problems.add(&path, "circular_predicate", message);
        }
    }
}

/// Whether following a predicate's calls leads back to it.
fn calls_itself(model: &Model, name: &str) -> bool {
    let mut called: Vec<&str> = Vec::new();
    let mut open = vec![name];
    while let Some(next) = open.pop() {
        let Some(predicate) = model.predicates.iter().find(|known| known.name == next) else {
            continue;
        };
        let mut found = Vec::new();
        called_predicates(&predicate.body, &mut found);
        for callee in found {
            if callee == name {
                return true;
            }
            if !called.contains(&callee) {
                called.push(callee);
                open.push(callee);
            }
        }
    }
    false
}

fn called_predicates<'e>(expr: &'e Expr, found: &mut Vec<&'e str>) {
    match expr {
        Expr::Predicate(name, _) => found.push(name),
        Expr::InSelect(_, select) => {
            select.condition.iter().for_each(|inner| called_predicates(inner, found));
        }
        _ => {}
    }
    expr.children().into_iter().for_each(|inner| called_predicates(inner, found));
}

/// How deep the expression is for SQLite, to which `a AND b AND c` is `(a AND b) AND c`.
fn sql_depth(expr: &Expr) -> usize {
    let deepest = expr.children().into_iter().map(sql_depth).max().unwrap_or(0);
    match expr {
        Expr::And(terms) | Expr::Or(terms) => terms.len() + deepest,
        _ => 1 + deepest,
    }
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

fn find_column<'t>(
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
        }
    }
}

fn check_policy(model: &Model, table: &Table, path: &str, problems: &mut Problems<'_>) {
    let Some(policy) = &table.policy else { return };
    let grants = [
        ("read", &policy.read),
        ("insert", &policy.insert),
        ("update", &policy.update),
        ("delete", &policy.delete),
    ];
    for (operation, grant) in grants {
        let path = format!("{path}.policy.{operation}");
        match grant {
            Some(Grant::Roles(roles)) if roles.is_empty() => {
                problems.add(&path, "empty", "an empty list of roles; leave it out to deny");
            }
            Some(Grant::When(expr)) => {
                let scope = ExprScope { model, table: Some(table), arguments: &[], actor: true };
                check_expr(expr, &scope, &path, problems);
            }
            _ => {}
        }
    }
}

/// Names what is compared with what it can never equal.
pub(super) fn check_types(expr: &Expr, table: &Table, path: &str, problems: &mut Problems<'_>) {
    let mut mistakes = Vec::new();
    expr.type_mistakes(table, &mut mistakes);
    mistakes.into_iter().for_each(|message| problems.add(path, "bad_types", message));
}

/// What an expression may name.
pub(super) struct ExprScope<'m> {
    pub model: &'m Model,
    pub table: Option<&'m Table>,
    pub arguments: &'m [String],
    /// Whether it may ask about the actor and other tables.
    pub actor: bool,
}

pub(super) fn check_expr(
    expr: &Expr,
    scope: &ExprScope<'_>,
    path: &str,
    problems: &mut Problems<'_>,
) {
    let mut report = |code, message: String| problems.add(path, code, message);
    match expr {
        Expr::Column(name) if scope.arguments.contains(name) => {}
        Expr::Column(name) => match scope.table {
            Some(table) => {
                let column = find_column(table, name, path, problems);
                if column.is_some_and(|column| column.encrypted || column.secret) {
                    let message = format!("`{name}` is encrypted or secret: no rule can read it");
                    problems.add(path, "secret_in_rule", message);
                }
            }
            None => report("unknown_column", format!("`{name}` is no argument of the predicate")),
        },
        Expr::AuthUser
        | Expr::AuthTenant
        | Expr::AuthRole
        | Expr::AuthKey
        | Expr::HasPermission(_)
            if !scope.actor =>
        {
            report("not_in_check", "a check can't ask about the actor".to_owned());
        }
        Expr::InSelect(left, select) => {
            if !scope.actor {
                return report("not_in_check", "a check can't read other rows".to_owned());
            }
            let Some(table) = scope.model.table(&select.table) else {
                let known = scope.model.tables.iter().map(|table| table.name.as_str());
                let hint = suggestion(&select.table, known);
                return report("unknown_table", format!("no table `{}`{hint}", select.table));
            };
            check_expr(left, scope, path, problems);
            find_column(table, &select.column, path, problems);
            let inner = ExprScope { table: Some(table), ..*scope };
            select.condition.iter().for_each(|c| check_expr(c, &inner, path, problems));
        }
        Expr::Predicate(name, arguments) => {
            let found = scope.model.predicates.iter().find(|known| known.name == *name);
            match found {
                _ if !scope.actor => {
                    report("not_in_check", format!("a check can't use the predicate `{name}`"));
                }
                None => {
                    let known = scope.model.predicates.iter().map(|known| known.name.as_str());
                    let hint = suggestion(name, known);
                    report("unknown_predicate", format!("no predicate or function `{name}`{hint}"));
                }
                Some(found) if found.arguments.len() != arguments.len() => {
                    let count = found.arguments.len();
                    report("bad_arguments", format!("`{name}` takes {count} argument(s)"));
                }
                Some(_) => {}
            }
            arguments.iter().for_each(|inner| check_expr(inner, scope, path, problems));
        }
        _ => expr.children().into_iter().for_each(|inner| check_expr(inner, scope, path, problems)),
    }
}
