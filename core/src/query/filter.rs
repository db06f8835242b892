//! Filters: conditions as data, compiled to SQL with bound values.
//!
//! The logic has two values. A NULL satisfies no comparison, and `ne`, `not_in` and `not` hold
//! wherever their opposite does not; so no filter loses rows to a third truth value.

use serde_json::{Map, Value};

use crate::error::Result;
use crate::keyring::{BLIND_LETTERS, BLIND_START};
use crate::model::Kind;
use crate::query::{Source, Sql, invalid};
use crate::validate::Field;
use crate::value::SqlValue;

/// The deepest nesting of `and`, `or` and `not`.
const DEPTH_MAX: usize = 16;

/// The most values that a filter binds; SQLite's own limit is 32,766.
const VALUES_MAX: usize = 10_000;

/// The most conditions of one `and` or `or`: SQLite's expressions are no deeper than 1,000.
const TERMS_MAX: usize = 500;

/// How those conditions begin that fail on a row whose value is broken.
pub(super) const FALLIBLE: &str = "json_each(";

/// Adds the condition of a filter.
///
/// # Errors
///
/// - `invalid_argument`: the place in the filter and what is wrong there
pub(crate) fn push<'q>(source: Source<'_>, filter: &'q Value, sql: &mut Sql<'q>) -> Result<()> {
    push_all(source, filter, "filter", 1, sql)?;
    if sql.values.len() > VALUES_MAX {
        return Err(invalid("filter", format!("has more than {VALUES_MAX} values")));
    }
    Ok(())
}

/// An object: all of its members hold.
fn push_all<'q>(
    source: Source<'_>,
    filter: &'q Value,
    path: &str,
    depth: usize,
    sql: &mut Sql<'q>,
) -> Result<()> {
    let Value::Object(members) = filter else {
        return Err(invalid(path, "must be an object such as { \"status\": \"ACTIVE\" }"));
    };
    if depth > DEPTH_MAX {
        return Err(invalid(path, format!("is nested more than {DEPTH_MAX} levels deep")));
    }
    if members.is_empty() {
        sql.push("TRUE");
    }
    for (place, (name, value)) in members.iter().enumerate() {
        sql.push(if place > 0 { " AND " } else { "" });
        let path = format!("{path}.{name}");
        match (name.as_str(), value) {
            ("and", Value::Array(items)) => push_items(source, items, &path, depth, sql, " AND ")?,
            ("or", Value::Array(items)) => push_items(source, items, &path, depth, sql, " OR ")?,
            ("not", Value::Object(_)) => {
                sql.push("(");
                push_all(source, value, &path, depth + 1, sql)?;
                sql.push(") IS NOT TRUE");
            }
            _ => push_column(source, name, value, &path, sql)?,
        }
    }
    Ok(())
}

fn push_items<'q>(
    source: Source<'_>,
    items: &'q [Value],
    path: &str,
    depth: usize,
    sql: &mut Sql<'q>,
    joined_by: &str,
) -> Result<()> {
    if items.len() > TERMS_MAX {
        return Err(invalid(path, format!("has more than {TERMS_MAX} conditions; use `in`")));
    }
    if items.is_empty() {
        sql.push(if joined_by == " OR " { "FALSE" } else { "TRUE" });
        return Ok(());
    }
    sql.push("(");
    for (place, item) in items.iter().enumerate() {
        sql.push(if place > 0 { joined_by } else { "" }).push("(");
        push_all(source, item, &format!("{path}[{place}]"), depth + 1, sql)?;
        sql.push(")");
    }
    sql.push(")");
    Ok(())
}

fn push_column<'q>(
    source: Source<'_>,
    name: &str,
    value: &'q Value,
    path: &str,
    sql: &mut Sql<'q>,
) -> Result<()> {
    let Some(position) = source.table.position(name) else {
        return Err(invalid(path, format!("`{}` has no column `{name}`", source.table.table())));
    };
    let field = &source.table.fields()[position];
    if field.blind_index {
        return push_blind(source, position, value, path, sql);
    }
    if field.secret || field.encrypted {
        return Err(invalid(path, "is secret or encrypted and can't be filtered by"));
    }
    match value {
        Value::Object(operators) if operators.is_empty() => {
            Err(invalid(path, "must have an operator such as { \"gte\": 3 }"))
        }
        Value::Object(operators) => push_operators(field, operators, path, sql),
        value => push_operator(field, "eq", value, path, sql),
    }
}

fn push_operators<'q>(
    field: &Field,
    operators: &'q Map<String, Value>,
    path: &str,
    sql: &mut Sql<'q>,
) -> Result<()> {
    for (place, (operator, value)) in operators.iter().enumerate() {
        sql.push(if place > 0 { " AND " } else { "" });
        push_operator(field, operator, value, &format!("{path}.{operator}"), sql)?;
    }
    Ok(())
}

fn push_operator<'q>(
    field: &Field,
    operator: &str,
    value: &'q Value,
    path: &str,
    sql: &mut Sql<'q>,
) -> Result<()> {
    let name = field.name.as_str();
    let is_json = field.array || matches!(field.kind, Kind::Json { .. });
    match (operator, value) {
        ("is_null", Value::Bool(is_null)) => {
            sql.name(name).push(if *is_null { " IS NULL" } else { " IS NOT NULL" });
        }
        ("is_null", _) => return Err(invalid(path, "must be true or false")),
        ("eq", Value::Null) => {
            sql.name(name).push(" IS NULL");
        }
        ("ne", Value::Null) => {
            sql.name(name).push(" IS NOT NULL");
        }
        ("contains", value) if field.array => push_has_item(field, value, path, sql)?,
        ("contains", Value::String(part)) if field.kind == Kind::Text => {
            encode(field, value, path)?;
            sql.push("instr(").name(name).push(", ");
            sql.bind(SqlValue::from(part.as_str())).push(") > 0");
        }
        ("starts_with", Value::String(prefix)) if field.kind == Kind::Text && !field.array => {
            encode(field, value, path)?;
            push_prefix(name, prefix, sql);
        }
        ("contains" | "starts_with", _) => {
            return Err(invalid(path, "needs a text column and a text"));
        }
        ("eq" | "ne" | "lt" | "lte" | "gt" | "gte" | "in" | "not_in", _) if is_json => {
            return Err(invalid(path, "holds JSON; only is_null and, on arrays, contains apply"));
        }
        ("eq", value) => {
            sql.name(name).push(" = ").bind(encode(field, value, path)?);
        }
        ("ne", value) => {
            let sign = if field.optional { " IS NOT " } else { " <> " };
            sql.name(name).push(sign).bind(encode(field, value, path)?);
        }
        ("in" | "not_in", Value::Array(items)) => {
            push_in(field, items, operator == "not_in", path, sql)?;
        }
        ("in" | "not_in", _) => return Err(invalid(path, "must be an array of values")),
        ("lt" | "lte" | "gt" | "gte", value) => {
            let sign = match operator {
                "lt" => " < ",
                "lte" => " <= ",
                "gt" => " > ",
                _ => " >= ",
            };
            sql.name(name).push(sign).bind(encode(field, value, path)?);
        }
        _ => {
            let known = "eq, ne, lt, lte, gt, gte, in, not_in, is_null, contains, starts_with";
            return Err(invalid(path, format!("is no operator; there are: {known}")));
        }
    }
    Ok(())
}

fn push_in<'q>(
    field: &Field,
    items: &'q [Value],
    negated: bool,
    path: &str,
    sql: &mut Sql<'q>,
) -> Result<()> {
    let or_null = negated && field.optional;
    sql.push(if or_null { "(" } else { "" }).name(&field.name);
    sql.push(if negated { " NOT IN (" } else { " IN (" });
    for (place, item) in items.iter().enumerate() {
        sql.push(if place > 0 { ", " } else { "" });
        sql.bind(encode(field, item, &format!("{path}[{place}]"))?);
    }
    sql.push(")");
    if or_null {
        sql.push(" OR ").name(&field.name).push(" IS NULL)");
    }
    Ok(())
}

/// Equality on an encrypted column, by the letters of the blind index in its stored values.
fn push_blind(
    source: Source<'_>,
    position: usize,
    value: &Value,
    path: &str,
    sql: &mut Sql<'_>,
) -> Result<()> {
    let field = &source.table.fields()[position];
    let items = match value {
        Value::Object(operators) if operators.len() == 1 => {
            match operators.iter().next().map(|(name, value)| (name.as_str(), value)) {
                Some(("eq", value)) => std::slice::from_ref(value),
                Some(("in", Value::Array(items))) => items,
                Some(("is_null", Value::Bool(true))) => &[Value::Null],
                _ => return Err(invalid(path, "is encrypted: only eq, in and is_null apply")),
            }
        }
        Value::Object(_) => return Err(invalid(path, "is encrypted: it takes one operator")),
        value => std::slice::from_ref(value),
    };
    let mut letters = Vec::new();
    for item in items.iter().filter(|item| !item.is_null()) {
        let stored = encode(field, item, path)?;
        let find = source.blind.ok_or_else(|| invalid(path, "can't be filtered by here"))?;
        letters.extend(find(position, &stored)?);
    }
    let has_null = items.iter().any(Value::is_null);
    sql.push("(substr(").name(&field.name).push(&format!(", {BLIND_START}, {BLIND_LETTERS}) IN ("));
    sql.list(letters, ", ", |sql, letters| {
        sql.bind(letters.into());
    });
    sql.push(")");
    if has_null {
        sql.push(" OR ").name(&field.name).push(" IS NULL");
    }
    sql.push(")");
    Ok(())
}

/// Text that starts with the prefix, as a range that an index serves: from the prefix up to the
/// first text after all that start so.
fn push_prefix<'q>(name: &str, prefix: &'q str, sql: &mut Sql<'q>) {
    sql.push("(").name(name).push(" >= ").bind(SqlValue::from(prefix));
    if let Some(end) = end_of_prefix(prefix) {
        sql.push(" AND ").name(name).push(" < ").bind(SqlValue::from(end));
    }
    sql.push(")");
}

fn end_of_prefix(prefix: &str) -> Option<String> {
    let mut rest = prefix;
    while let Some(last) = rest.chars().next_back() {
        rest = &rest[..rest.len() - last.len_utf8()];
        // Between U+D7FF and U+E000 lie the surrogates, which are no characters.
        let next =
            if last == '\u{D7FF}' { Some('\u{E000}') } else { char::from_u32(last as u32 + 1) };
        if let Some(next) = next {
            return Some(format!("{rest}{next}"));
        }
    }
    None
}

fn push_has_item<'q>(field: &Field, value: &'q Value, path: &str, sql: &mut Sql<'q>) -> Result<()> {
    let stored = encode(field, value, path)?;
    let item = crate::value::decode(&field.kind, false, &stored);
    let item = match item.map_err(|found| invalid(path, found))? {
        Value::String(text) => SqlValue::from(text),
        Value::Bool(flag) => SqlValue::Integer(i64::from(flag)),
        Value::Number(number) => match number.as_i64() {
            Some(integer) => SqlValue::Integer(integer),
            None => SqlValue::Real(number.as_f64().unwrap_or_default()),
        },
        _ => return Err(invalid(path, "can't look for JSON inside an array")),
    };
    sql.push("EXISTS (SELECT 1 FROM ").push(FALLIBLE).name(&field.name);
    sql.push(") WHERE value = ").bind(item).push(")");
    Ok(())
}

fn encode<'q>(field: &Field, value: &'q Value, path: &str) -> Result<SqlValue<'q>> {
    field.encode(value).map_err(|fault| {
        let values = field.values.join(", ");
        let known = if values.is_empty() { values } else { format!(": {values}") };
        invalid(path, format!("{fault}{known}"))
    })
}

#[cfg(test)]
mod tests {
    use super::end_of_prefix;

    #[test]
    fn a_prefix_ends_before_the_next_text() {
        for (prefix, end) in [
            ("ab", Some("ac")),
            ("a\u{10FFFF}", Some("b")),
            ("\u{D7FF}", Some("\u{E000}")),
            ("\u{10FFFF}", None),
            ("", None),
        ] {
            assert_eq!(end_of_prefix(prefix).as_deref(), end);
        }
    }
}
