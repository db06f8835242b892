//! `insert`, `update`, `delete` and `restore`: single rows, as JSON.

use freehold::{Access, Error};
use serde_json::{Map, Value, json};

use crate::args::{ModelArg, RowArg, WhoArg};
use crate::context::Context;
use crate::input;
use crate::report::{Failure, Report, to_json};
use crate::who::Who;

/// Inserts a row, or a list of them.
pub fn insert(
    context: &Context<'_>,
    table: &str,
    row: &RowArg,
    who: &WhoArg,
    model: &ModelArg,
) -> Result<Report, Failure> {
    who.check()?;
    let row = input::json(row.row.as_deref())?;
    let database = context.open(Access::ReadWrite, model)?;
    let who = Who::of(&database, who)?;
    match row {
        Value::Array(rows) => {
            let rows = rows.into_iter().map(object).collect::<Result<Vec<_>, _>>()?;
            let keys = to_json(who.insert_many(table, &rows)?)?;
            Ok(Report::done(format!("inserted {} row(s)\n", rows.len()), keys))
        }
        row => Ok(shown(who.insert(table, &object(row)?)?)),
    }
}

/// Changes columns of a row.
pub fn update(
    context: &Context<'_>,
    (table, key): (&str, &str),
    changes: &RowArg,
    who: &WhoArg,
    model: &ModelArg,
) -> Result<Report, Failure> {
    who.check()?;
    let changes = object(input::json(changes.row.as_deref())?)?;
    let database = context.open(Access::ReadWrite, model)?;
    Ok(shown(Who::of(&database, who)?.update(table, &input::key(key), &changes)?))
}

/// Deletes a row.
pub fn delete(
    context: &Context<'_>,
    (table, key): (&str, &str),
    who: &WhoArg,
    model: &ModelArg,
) -> Result<Report, Failure> {
    who.check()?;
    let database = context.open(Access::ReadWrite, model)?;
    let deleted = Who::of(&database, who)?.delete(table, &input::key(key))?;
    let text = if deleted { "deleted\n" } else { "there is no such row\n" };
    Ok(Report { text: text.to_owned(), json: json!({ "deleted": deleted }), found: !deleted })
}

/// Brings back a row.
pub fn restore(
    context: &Context<'_>,
    (table, key): (&str, &str),
    who: &WhoArg,
    model: &ModelArg,
) -> Result<Report, Failure> {
    who.check()?;
    let database = context.open(Access::ReadWrite, model)?;
    Ok(shown(Who::of(&database, who)?.restore(table, &input::key(key))?))
}

/// A row for people is a row for machines.
pub fn shown(row: Map<String, Value>) -> Report {
    let json = Value::Object(row);
    Report::done(format!("{json:#}\n"), json)
}

/// A JSON object.
pub fn object(value: Value) -> Result<Map<String, Value>, Failure> {
    match value {
        Value::Object(row) => Ok(row),
        _ => {
            let message = "a JSON object expected".to_owned();
            Err(Error::InvalidArgument { argument: "row".to_owned(), message }.into())
        }
    }
}
