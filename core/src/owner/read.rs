//! Running typed reads: get, list, count.

use rusqlite::Connection;
use serde_json::Value;

use crate::error::Result;
use crate::owner::Engine;
use crate::owner::catalog::Plan;
use crate::owner::storage::{bind, read};
use crate::query::{
    Key, List, ListOptions, Page, Source, Sql, Term, compile_count, compile_get, compile_list,
    cursor_after,
};
use crate::value::{Row, SqlValue};

/// The rows of a page.
pub(crate) fn list(
    engine: &Engine,
    plan: &Plan,
    holder: Option<&str>,
    options: &ListOptions,
    terms: &[Term<'_>],
) -> Result<Page> {
    let blind = |at: usize, value: &SqlValue<'_>| {
        engine.blind_letters(plan, at, value, holder, options.filter.as_ref())
    };
    let source = Source { blind: Some(&blind), ..plan.source() };
    let List { sql, selected, shown, order, limit } = compile_list(source, options, terms)?;
    let mut statement = engine.connection.prepare_cached(&sql.text)?;
    bind(&mut statement, &sql.values)?;
    let mut found = statement.raw_query();
    let mut rows = Vec::new();
    let mut next = None;
    while let Some(row) = found.next()? {
        rows.push(read_row(engine, plan, row, &selected, shown)?);
        if rows.len() == limit {
            let value_at = |position: usize| {
                let place = selected.iter().position(|selected| *selected == position);
                let place = place.expect("the order's columns are selected");
                plan.decode(position, &read(row, place)?)
            };
            let cursor = cursor_after(plan.source(), &order, value_at)?;
            next = found.next()?.map(|_| cursor);
            break;
        }
    }
    Ok(Page { rows, next })
}

/// How many rows a filter keeps.
pub(crate) fn count(
    engine: &Engine,
    plan: &Plan,
    holder: Option<&str>,
    filter: Option<&Value>,
    terms: &[Term<'_>],
) -> Result<i64> {
    let blind =
        |at: usize, value: &SqlValue<'_>| engine.blind_letters(plan, at, value, holder, filter);
    let source = Source { blind: Some(&blind), ..plan.source() };
    let sql = compile_count(source, filter, false, terms)?;
    let mut statement = engine.connection.prepare_cached(&sql.text)?;
    bind(&mut statement, &sql.values)?;
    let mut found = statement.raw_query();
    let row = found.next()?.expect("count(*) always has a row");
    Ok(row.get(0)?)
}

/// The row with a key, as callers see it.
pub(crate) fn get(
    engine: &Engine,
    plan: &Plan,
    key: &Key<'_>,
    terms: &[Term<'_>],
) -> Result<Option<Row>> {
    let sql = compile_get(plan.source(), &plan.shown, key, false, terms);
    let mut statement = engine.connection.prepare_cached(&sql.text)?;
    bind(&mut statement, &sql.values)?;
    let mut found = statement.raw_query();
    let row = found.next()?;
    row.map(|row| read_row(engine, plan, row, &plan.shown, plan.shown.len())).transpose()
}

/// The row with a key as it is stored: all columns in the table's order, secret ones included.
pub(crate) fn stored(
    connection: &Connection,
    plan: &Plan,
    key: &Key<'_>,
    include_deleted: bool,
    terms: &[Term<'_>],
) -> Result<Option<Vec<SqlValue<'static>>>> {
    let all = (0..plan.validator.fields().len()).collect::<Vec<_>>();
    let sql = compile_get(plan.source(), &all, key, include_deleted, terms);
    first(connection, &sql, all.len())
}

/// The first row of a statement, if it has one.
pub(crate) fn first(
    connection: &Connection,
    sql: &Sql<'_>,
    columns: usize,
) -> Result<Option<Vec<SqlValue<'static>>>> {
    let mut statement = connection.prepare_cached(&sql.text)?;
    bind(&mut statement, &sql.values)?;
    let mut found = statement.raw_query();
    let Some(row) = found.next()? else {
        return Ok(None);
    };
    let values = (0..columns).map(|column| read(row, column).map(SqlValue::into_owned));
    values.collect::<Result<_>>().map(Some)
}

/// A row of a statement that selected these columns, of which the first ones are shown.
pub(crate) fn read_row(
    engine: &Engine,
    plan: &Plan,
    row: &rusqlite::Row<'_>,
    selected: &[usize],
    count: usize,
) -> Result<Row> {
    let at = |position: usize| {
        let place = selected.iter().position(|selected| *selected == position);
        read(row, place.expect("the key's and the owner's columns are selected"))
    };
    let mut shown = Row::with_capacity(count);
    for (place, position) in selected[..count].iter().enumerate() {
        let value = engine.show(plan, *position, &read(row, place)?, &at)?;
        shown.insert(plan.validator.fields()[*position].name.clone(), value);
    }
    Ok(shown)
}
