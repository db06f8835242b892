//! Typed reads: from options that are plain data to one SQL statement with bound values.
//!
//! Everything here is pure text work on a compiled table. Callers' data never becomes SQL text:
//! columns are looked up in the model, values are converted to their column's kind and bound.
//! Whoever runs a statement may add terms to it; that is how a session narrows what it reads.

mod cursor;
mod filter;
mod key;
mod order;
mod sql;

use serde::Deserialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::validate::Validator;
use crate::value::{Row, SqlValue};

pub(crate) use key::{Key, parse_key};
pub(crate) use order::Order;
pub(crate) use sql::{Sql, Term, push_name};

/// The rows of a page unless the options say otherwise.
pub const LIMIT_DEFAULT: i64 = 50;

/// The most rows of a page.
pub const LIMIT_MAX: i64 = 1000;

/// What `list` returns, and in which order.
///
/// # Example
///
/// ```
/// use freehold_core::query::ListOptions;
///
/// let options: ListOptions = serde_json::from_str(
///     r#"{
///         "filter": { "status": "ACTIVE", "seats": { "gte": 3, "lt": 9 } },
///         "order": ["created_at desc", "name"],
///         "limit": 20
///     }"#,
/// )?;
/// assert_eq!(options.limit, Some(20));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ListOptions {
    /// Which rows, as data: `{ "column": value }` or `{ "column": { "op": value, … } }`, all of
    /// which must hold. The operators: `eq`, `ne`, `lt`, `lte`, `gt`, `gte`, `in`, `not_in`,
    /// `is_null`, `contains` (part of a text, an item of an array) and `starts_with`. Conditions
    /// combine with `and` and `or` (arrays) and `not` (one). A NULL equals `null` and nothing
    /// else; `ne`, `not_in` and `not` hold wherever their opposite does not.
    pub filter: Option<Value>,
    /// Columns to sort by, `"name"` or `"created_at desc"`, text bytewise, NULL before
    /// everything else. The primary key's columns are added, so the order is total.
    pub order: Vec<String>,
    /// limit: 1..=1000 rows, 50 unless given.
    pub limit: Option<i64>,
    /// The `next` of the page before, with the same order.
    pub after: Option<String>,
    /// Whether rows that are softly deleted are listed too.
    pub include_deleted: bool,
    /// The columns of the rows; all but secret ones unless given.
    pub columns: Option<Vec<String>>,
}

impl ListOptions {
    /// Reads options given as JSON.
    ///
    /// # Errors
    ///
    /// - `invalid_argument`: an unknown option, or one of the wrong type
    pub fn from_json(options: Value) -> Result<ListOptions> {
        if !options.is_object() {
            return Err(invalid("options", "must be an object"));
        }
        serde_json::from_value(options).map_err(|error| invalid("options", error.to_string()))
    }
}

/// Some rows, and where the next ones start.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Page<T = Row> {
    /// The rows.
    pub rows: Vec<T>,
    /// Pass it as `after` to get the next page; None on the last one. Opaque. The next page
    /// starts after this one's last row by value, so it is right also when rows came or went.
    pub next: Option<String>,
}

/// A table as reads see it.
#[derive(Clone, Copy)]
pub(crate) struct Source<'t> {
    pub(crate) table: &'t Validator,
    /// The positions of the primary key's columns.
    pub(crate) key: &'t [usize],
    /// The position of `deleted_at`, where deleting hides.
    pub(crate) deleted_at: Option<usize>,
    /// The position of the column that names the owner, where opening encrypted columns takes it.
    pub(crate) owner: Option<usize>,
    /// How values of columns with a blind index are found.
    pub(crate) blind: Option<&'t BlindLetters<'t>>,
}

/// The letters of the blind index that stored values have which equal a value of the column at a
/// position: one text for each data key that may have sealed them.
pub(crate) type BlindLetters<'b> = dyn Fn(usize, &SqlValue<'_>) -> Result<Vec<String>> + 'b;

/// A compiled list: the statement and how to read its rows.
#[derive(Debug)]
pub(crate) struct List<'q> {
    pub(crate) sql: Sql<'q>,
    /// The positions of the columns selected.
    pub(crate) selected: Vec<usize>,
    /// How many of them belong to the caller's rows; those after are for the cursor and to open
    /// encrypted values.
    pub(crate) shown: usize,
    pub(crate) order: Order,
    /// The rows of a page; the statement asks for one more.
    pub(crate) limit: usize,
}

/// Compiles a list.
///
/// # Errors
///
/// - `invalid_argument`: the option that is wrong, and why
pub(crate) fn compile_list<'q>(
    source: Source<'_>,
    options: &'q ListOptions,
    terms: &[Term<'q>],
) -> Result<List<'q>> {
    let limit = match options.limit.unwrap_or(LIMIT_DEFAULT) {
        limit @ 1..=LIMIT_MAX => limit,
        limit => {
            let message = format!("{limit} rows can't be asked for; ask for 1 to {LIMIT_MAX}");
            return Err(invalid("limit", message));
        }
    };
    let mut selected = shown_columns(source.table, options.columns.as_deref())?;
    let shown = selected.len();
    let order = Order::new(source, &options.order)?;
    for (position, _) in &order.columns {
        if !selected.contains(position) {
            selected.push(*position);
        }
    }
    if let Some(owner) = source.owner.filter(|owner| !selected.contains(owner)) {
        selected.push(owner);
    }
    let mut sql = Sql::default();
    push_select(&mut sql, source, &selected);
    let mut conditions = Conditions::new(&mut sql);
    push_filter(&mut conditions, source, options.filter.as_ref(), options.include_deleted, terms)?;
    if let Some(after) = &options.after {
        let values = cursor::decode(source.table, &order, after)?;
        conditions.next();
        order.push_after(source.table, &values, conditions.sql);
    }
    order.push_order_by(source.table, &mut sql);
    sql.push(" LIMIT ").bind(SqlValue::Integer(limit + 1));
    Ok(List { sql, selected, shown, order, limit: limit as usize })
}

/// Compiles the count of the rows that a filter keeps.
///
/// # Errors
///
/// - `invalid_argument`: the filter is wrong, and why
pub(crate) fn compile_count<'q>(
    source: Source<'_>,
    filter: Option<&'q Value>,
    include_deleted: bool,
    terms: &[Term<'q>],
) -> Result<Sql<'q>> {
    let mut sql = Sql::default();
    sql.push("SELECT count(*) FROM ").table(source.table.table());
    let mut conditions = Conditions::new(&mut sql);
    push_filter(&mut conditions, source, filter, include_deleted, terms)?;
    Ok(sql)
}

/// Compiles the read of one row by its key.
pub(crate) fn compile_get<'q>(
    source: Source<'_>,
    selected: &[usize],
    key: &Key<'q>,
    include_deleted: bool,
    terms: &[Term<'q>],
) -> Sql<'q> {
    let mut sql = Sql::default();
    push_select(&mut sql, source, selected);
    push_key(&mut sql, source, key, include_deleted, terms);
    sql
}

/// Adds ` WHERE` the key is this one.
pub(crate) fn push_key<'q>(
    sql: &mut Sql<'q>,
    source: Source<'_>,
    key: &Key<'q>,
    include_deleted: bool,
    terms: &[Term<'q>],
) {
    let mut conditions = Conditions::new(sql);
    for (position, value) in source.key.iter().zip(&key.values) {
        conditions.next();
        let name = &source.table.fields()[*position].name;
        conditions.sql.name(name).push(" = ").bind(value.clone());
    }
    push_hidden(&mut conditions, source, include_deleted);
    for term in terms {
        conditions.next();
        conditions.sql.term(term);
    }
}

/// The cursor that continues after a row.
pub(crate) fn cursor_after(
    source: Source<'_>,
    order: &Order,
    value_at: impl Fn(usize) -> Result<Value>,
) -> Result<String> {
    cursor::encode(source.table, order, value_at)
}

/// An error about one argument of a call.
pub(crate) fn invalid(argument: impl Into<String>, message: impl Into<String>) -> Error {
    Error::InvalidArgument { argument: argument.into(), message: message.into() }
}

/// The positions of the columns that a caller's rows have.
pub(crate) fn shown_columns(table: &Validator, names: Option<&[String]>) -> Result<Vec<usize>> {
    let Some(names) = names else {
        let fields = table.fields().iter().enumerate();
        return Ok(fields.filter(|(_, field)| !field.secret).map(|(at, _)| at).collect());
    };
    let mut positions = Vec::with_capacity(names.len());
    for name in names {
        let position = known_column(table, name, "columns")?;
        if table.fields()[position].secret {
            return Err(invalid("columns", format!("`{name}` is secret and is never read")));
        }
        if positions.contains(&position) {
            return Err(invalid("columns", format!("`{name}` stands there twice")));
        }
        positions.push(position);
    }
    if positions.is_empty() {
        return Err(invalid("columns", "names no column; leave it out to get all"));
    }
    Ok(positions)
}

pub(crate) fn known_column(table: &Validator, name: &str, argument: &str) -> Result<usize> {
    table
        .position(name)
        .ok_or_else(|| invalid(argument, format!("`{}` has no column `{name}`", table.table())))
}

fn push_select(sql: &mut Sql<'_>, source: Source<'_>, selected: &[usize]) {
    let fields = source.table.fields();
    sql.push("SELECT ").list(selected, ", ", |sql, position| {
        sql.name(&fields[*position].name);
    });
    sql.push(" FROM ").table(source.table.table());
}

fn push_filter<'q>(
    conditions: &mut Conditions<'_, 'q>,
    source: Source<'_>,
    filter: Option<&'q Value>,
    include_deleted: bool,
    terms: &[Term<'q>],
) -> Result<()> {
    let mut wanted = Sql::default();
    if let Some(filter) = filter.filter(|filter| !filter.is_null()) {
        filter::push(source, filter, &mut wanted)?;
    }
    let wanted = Term { text: wanted.text, values: wanted.values };
    // What only compares comes first: SQLite then asks what the actor may see for fewer rows. What
    // may fail must not meet rows that the actor doesn't see.
    let (first, last) = match wanted.text.contains(filter::FALLIBLE) {
        true => (None, Some(&wanted)),
        false => (Some(&wanted), None),
    };
    push_hidden(conditions, source, include_deleted);
    for term in first.into_iter().chain(terms).chain(last).filter(|term| !term.text.is_empty()) {
        conditions.next();
        conditions.sql.term(term);
    }
    Ok(())
}

fn push_hidden(conditions: &mut Conditions<'_, '_>, source: Source<'_>, include_deleted: bool) {
    if let Some(position) = source.deleted_at.filter(|_| !include_deleted) {
        conditions.next();
        conditions.sql.name(&source.table.fields()[position].name).push(" IS NULL");
    }
}

/// The conditions of one WHERE, joined by AND.
struct Conditions<'s, 'q> {
    sql: &'s mut Sql<'q>,
    count: usize,
}

impl<'s, 'q> Conditions<'s, 'q> {
    fn new(sql: &'s mut Sql<'q>) -> Self {
        Conditions { sql, count: 0 }
    }

    fn next(&mut self) {
        self.sql.push(if self.count == 0 { " WHERE " } else { " AND " });
        self.count += 1;
    }
}
