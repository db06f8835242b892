//! Running typed reads: get, list, count.

use std::sync::OnceLock;

use freehold_json::{Member, Writer, write_row};
use rusqlite::Connection;
use rusqlite::types::ValueRef;
use serde_json::Value;

use crate::error::Result;
use crate::model::Kind;
use crate::owner::Engine;
use crate::owner::catalog::Plan;
use crate::owner::storage::{bind, read};
use crate::query::{
    Key, List, ListOptions, Order, Source, Sql, Term, compile_count, compile_get, compile_list,
    cursor_after, push_key,
};
use crate::value::{Row, SqlValue};

/// A row that was found, while its statement stands on it.
pub(crate) struct Found<'r> {
    engine: &'r Engine,
    pub(crate) plan: &'r Plan,
    row: &'r rusqlite::Row<'r>,
    /// The positions of the columns that the statement selected.
    selected: &'r [usize],
    /// How many of them are the caller's.
    count: usize,
}

impl Found<'_> {
    /// The name of a column of the caller's.
    pub(crate) fn name(&self, place: usize) -> Option<&str> {
        Some(&self.plan.validator.fields()[self.position(place)?].name)
    }

    /// The position in its table of a column of the caller's.
    pub(crate) fn position(&self, place: usize) -> Option<usize> {
        self.selected[..self.count].get(place).copied()
    }

    /// What is stored in a column, and of which kind it is where that is as plain as it looks.
    pub(crate) fn stored(&self, place: usize) -> Result<(Option<&Kind>, SqlValue<'_>)> {
        let field = &self.plan.validator.fields()[self.selected[place]];
        let plain = !field.array && !field.encrypted;
        Ok((plain.then_some(&field.kind), read(self.row, place)?))
    }

    /// Writes all of the caller's columns. Their texts are taken for UTF-8.
    pub(super) fn write_json(&self, members: &[Member], text: &mut Writer) -> Result<()> {
        let mut refusal = None;
        let mut other = |place, text: &mut Writer| match self.value(place) {
            Ok(value) => {
                text.raw(value.to_string().as_bytes());
                true
            }
            Err(error) => {
                refusal = Some(error);
                false
            }
        };
        write_row(self.row, members, &self.selected[..self.count], text, &mut other)?;
        refusal.map_or(Ok(()), Err)
    }

    /// The value of a column.
    pub(crate) fn value(&self, place: usize) -> Result<Value> {
        let stored = read(self.row, place)?;
        self.engine.show(self.plan, self.selected[place], &stored, &|at| self.at(at))
    }

    /// What is stored at a position of the table.
    pub(super) fn at(&self, position: usize) -> Result<SqlValue<'_>> {
        let place = self.selected.iter().position(|selected| *selected == position);
        read(self.row, place.expect("the order's and the owner's columns are selected"))
    }

    /// The cursor of a page that ends here.
    pub(super) fn cursor(&self, order: &Order) -> Result<String> {
        let value_at = |position: usize| self.plan.decode(position, &self.at(position)?);
        cursor_after(self.plan.source(), order, value_at)
    }

    /// All of the caller's columns.
    pub(crate) fn to_row(&self) -> Result<Row> {
        read_row(self.engine, self.plan, self.row, self.selected, self.count)
    }
}

/// Hands the rows of a page over one by one; where the next page starts.
pub(crate) fn list(
    engine: &Engine,
    plan: &Plan,
    holder: Option<&str>,
    options: &ListOptions,
    terms: &[Term<'_>],
    each: &mut dyn FnMut(&Found<'_>) -> Result<()>,
) -> Result<Option<String>> {
    let blind = |at: usize, value: &SqlValue<'_>| {
        engine.blind_letters(plan, at, value, holder, options.filter.as_ref())
    };
    let source = Source { blind: Some(&blind), ..plan.source() };
    let List { sql, selected, shown, order, limit } = compile_list(source, options, terms)?;
    let mut statement = engine.connection.prepare_cached(&sql.text)?;
    bind(&mut statement, &sql.values)?;
    let mut found = statement.raw_query();
    let mut count = 0;
    while let Some(row) = found.next()? {
        let row = Found { engine, plan, row, selected: &selected, count: shown };
        each(&row)?;
        count += 1;
        if count == limit {
            let cursor = row.cursor(&order)?;
            return Ok(found.next()?.map(|_| cursor));
        }
    }
    Ok(None)
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

/// Hands over the row with a key, if there is one. `kept` keeps the statement's text for these
/// terms.
pub(crate) fn find(
    engine: &Engine,
    plan: &Plan,
    key: &Key<'_>,
    terms: &[Term<'_>],
    kept: &OnceLock<String>,
    each: &mut dyn FnMut(&Found<'_>) -> Result<()>,
) -> Result<()> {
    let sql = kept.get_or_init(|| compile_get(plan.source(), &plan.shown, key, false, terms).text);
    let mut statement = engine.connection.prepare_cached(sql)?;
    let bound = terms.iter().flat_map(|term| &term.values);
    bind(&mut statement, key.values.iter().chain(bound))?;
    let mut found = statement.raw_query();
    let (selected, count) = (&*plan.shown, plan.shown.len());
    match found.next()? {
        Some(row) => each(&Found { engine, plan, row, selected, count }),
        None => Ok(()),
    }
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

/// A row that is about to be written.
pub(crate) struct Current {
    /// All columns in the table's order, as they are stored. Text that is not UTF-8 is there as its
    /// bytes, so that such a row can be mended and deleted.
    pub(crate) row: Vec<SqlValue<'static>>,
    /// Where it is in its table, if it can be found by that.
    pub(crate) rowid: Option<i64>,
}

/// The row with a key, before it is written. `kept` keeps the statement's text for these terms;
/// None where the text is another one this time, or the file other than the model.
pub(crate) fn to_write(
    connection: &Connection,
    plan: &Plan,
    key: &Key<'_>,
    include_deleted: bool,
    terms: &[Term<'_>],
    kept: Option<&OnceLock<String>>,
) -> Result<Option<Current>> {
    let rowid = plan.rowid.filter(|_| kept.is_some());
    let columns = plan.validator.fields().len();
    let compile = || {
        let all = (0..columns).collect::<Vec<_>>();
        let text = compile_get(plan.source(), &all, key, include_deleted, terms).text;
        match rowid {
            Some(rowid) => text.replacen("SELECT ", &format!("SELECT {rowid}, "), 1),
            None => text,
        }
    };
    let mut statement = match kept {
        Some(kept) => connection.prepare_cached(kept.get_or_init(compile))?,
        None => connection.prepare_cached(&compile())?,
    };
    let bound = terms.iter().flat_map(|term| &term.values);
    bind(&mut statement, key.values.iter().chain(bound))?;
    let mut found = statement.raw_query();
    let Some(row) = found.next()? else { return Ok(None) };
    let first = usize::from(rowid.is_some());
    let mut values = Vec::with_capacity(columns);
    for at in first..first + columns {
        values.push(match row.get_ref(at)? {
            ValueRef::Null => SqlValue::Null,
            ValueRef::Integer(integer) => SqlValue::Integer(integer),
            ValueRef::Real(real) => SqlValue::Real(real),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(text) => SqlValue::Text(text.to_owned().into()),
                Err(_) => SqlValue::Blob(bytes.to_vec().into()),
            },
            ValueRef::Blob(bytes) => SqlValue::Blob(bytes.to_vec().into()),
        });
    }
    let rowid = rowid.map(|_| row.get(0)).transpose()?;
    Ok(Some(Current { row: values, rowid }))
}

/// Adds ` WHERE` it is this row, which has this key.
pub(crate) fn push_current<'q>(
    sql: &mut Sql<'q>,
    plan: &Plan,
    key: &Key<'q>,
    include_deleted: bool,
    rowid: Option<i64>,
) {
    match rowid.zip(plan.rowid) {
        Some((id, name)) => {
            sql.push(" WHERE ").push(name).push(" = ").bind(SqlValue::Integer(id));
        }
        None => push_key(sql, plan.source(), key, include_deleted, &[]),
    }
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
    if selected[..count] == *plan.shown {
        let mut place = 0;
        return plan.row_with(|position| {
            place += 1;
            engine.show(plan, position, &read(row, place - 1)?, &at)
        });
    }
    let mut shown = Row::with_capacity(count);
    for (place, position) in selected[..count].iter().enumerate() {
        let value = engine.show(plan, *position, &read(row, place)?, &at)?;
        shown.insert(plan.validator.fields()[*position].name.clone(), value);
    }
    Ok(shown)
}
