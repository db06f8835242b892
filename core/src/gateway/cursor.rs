//! A scan of a gateway: a statement of ours that reads the table for the actor whose turn it is.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::gateway::guard::Turn;
use crate::gateway::plan::Shape;
use crate::gateway::raw::{Given, Statement};
use crate::gateway::table::Table;
use crate::owner::sql::to_json;
use crate::query::{Sql, Term};
use crate::value::SqlValue;

/// After how many rows of which nothing was looked at the rest is counted instead of visited.
const COUNTED_AFTER: u64 = 200;

/// A column that is not selected.
const NOWHERE: u16 = u16::MAX;

/// A statement of ours, ready to be run again.
pub(super) struct Pooled {
    statement: Statement,
    /// What counts its rows, where that was of use before.
    counter: Option<Statement>,
    shape: String,
    term: String,
    /// Where each of the gateway's columns stands in the statement.
    places: Vec<u16>,
    /// Where the key's columns begin, if they are selected for the hidden key.
    key_at: usize,
    key_columns: usize,
    /// Where the columns stand that opening an encrypted value takes, by their positions.
    opening: Vec<(usize, u16)>,
    /// Whether there may be many rows, all of them wanted.
    countable: bool,
}

/// A scan.
#[derive(Default)]
pub(super) struct Cursor {
    held: Option<Pooled>,
    done: bool,
    /// The rows up to the current one.
    seen: u64,
    /// Whether a column was looked at.
    touched: bool,
    /// The rows that remain, where they were counted.
    remaining: Option<u64>,
    /// How many rows the statement is behind.
    behind: u64,
    /// What was handed over, where the rows may have to be counted.
    given: Vec<SqlValue<'static>>,
}

/// What a column of the current row holds.
pub(super) enum Cell<'c> {
    /// What a column of the statement holds.
    Inner(&'c Statement, usize),
    /// The text of the hidden key.
    Key(String),
    /// The value of an encrypted column; NULL while it is locked.
    Opened(SqlValue<'static>),
}

impl Pooled {
    /// Whether this is the statement of a shape and a condition. The values are bound each time,
    /// so that it may be another actor's.
    pub(super) fn fits(&self, shape: &str, term: &str) -> bool {
        self.shape == shape && self.term == term
    }

    /// The value of an encrypted column of the current row.
    fn open(&self, table: &Table, column: usize, place: usize) -> Result<SqlValue<'static>> {
        let stored = self.statement.value(place)?;
        if stored.is_null() {
            return Ok(SqlValue::Null);
        }
        let opened = table.shared.for_turn(|turn| {
            let engine = turn.rows.engine;
            let plan = engine.catalog.plan(&table.name)?;
            let position = plan.validator.position(&table.columns[column].name);
            let position = position.ok_or_else(broken)?;
            let at = |position: usize| {
                let place = self.opening.iter().find(|(at, _)| *at == position);
                self.statement.value(usize::from(place.ok_or_else(broken)?.1))
            };
            // A data key may have to be looked up.
            table.shared.privileged(|| engine.open_value(plan, position, &stored, &at))
        });
        Ok(opened.transpose()?.flatten().unwrap_or(SqlValue::Null))
    }
}

impl Cursor {
    /// Begins a scan.
    pub(super) fn begin(
        &mut self,
        table: &Table,
        turn: &Turn<'_>,
        shape: &str,
        given: &[Given<'_>],
    ) -> Result<()> {
        (self.done, self.seen, self.touched) = (true, 1, false);
        (self.remaining, self.behind) = (None, 0);
        let plan = turn.rows.engine.catalog.plan(&table.name)?;
        let rule = &turn.rows.rules(plan).read;
        if rule.is_never() {
            return Ok(());
        }
        let term = rule.terms().first();
        let text = term.map_or("", |term| &term.text);
        if !self.held.as_ref().is_some_and(|held| held.fits(shape, text)) {
            self.give_back(table);
            self.held = match table.take(shape, text) {
                Some(pooled) => Some(pooled),
                None => Some(table.shared.privileged(|| compile(table, turn, shape, term))?),
            };
        }
        let Some(held) = &mut self.held else { return Ok(()) };
        held.statement.reset();
        let bound = bind_term(&mut held.statement, term)?;
        for (at, given) in given.iter().enumerate() {
            held.statement.bind_given(bound + at + 1, given)?;
        }
        if held.countable {
            let given = given.iter().map(|given| given.read().map(SqlValue::into_owned));
            self.given = given.collect::<Result<_>>()?;
        }
        // A first step may compile anew.
        self.done = !table.shared.privileged(|| held.statement.step())?;
        Ok(())
    }

    /// Goes on to the next row.
    pub(super) fn go_on(&mut self, table: &Table) -> Result<()> {
        if let Some(remaining) = &mut self.remaining {
            match remaining.checked_sub(1) {
                Some(left) => (*remaining, self.behind) = (left, self.behind + 1),
                None => self.done = true,
            }
            return Ok(());
        }
        let Some(held) = &mut self.held else { return Ok(()) };
        self.done = !held.statement.step()?;
        self.seen += 1;
        if self.seen == COUNTED_AFTER && !self.touched && !self.done && held.countable {
            self.count(table)?;
        }
        Ok(())
    }

    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// What a column of the current row holds; None for one that nobody asked for.
    pub(super) fn cell(&mut self, table: &Table, column: usize) -> Result<Option<Cell<'_>>> {
        self.touched = true;
        if self.remaining.take().is_some() {
            self.catch_up()?;
        }
        let Some(held) = &self.held else { return Ok(None) };
        Ok(match held.places.get(column) {
            Some(&NOWHERE) => None,
            Some(place) if !table.columns[column].comparable => {
                Some(Cell::Opened(held.open(table, column, usize::from(*place))?))
            }
            Some(place) => Some(Cell::Inner(&held.statement, usize::from(*place))),
            None => {
                let parts = held.key_at..held.key_at + held.key_columns;
                let parts = parts.map(|at| held.statement.value(at).map(|value| to_json(&value)));
                let parts = parts.collect::<Result<Vec<Value>>>()?;
                Some(Cell::Key(Value::Array(parts).to_string()))
            }
        })
    }

    /// Gives the statement back to the table's idle ones.
    pub(super) fn give_back(&mut self, table: &Table) {
        if let Some(mut held) = self.held.take() {
            held.statement.reset();
            held.statement.clear();
            table.put(held);
        }
    }

    /// Counts the rows that remain: nothing of the ones before was looked at, so probably their
    /// number is all that is asked for.
    fn count(&mut self, table: &Table) -> Result<()> {
        let (Some(held), seen, given) = (&mut self.held, self.seen, &self.given) else {
            return Ok(());
        };
        let shared = &table.shared;
        let counted = shared.for_turn(|turn| -> Result<u64> {
            let plan = turn.rows.engine.catalog.plan(&table.name)?;
            let term = turn.rows.rules(plan).read.terms().first();
            shared.privileged(|| {
                if held.counter.is_none() {
                    let sql = sql(table, "count(*)", &held.shape, term)?;
                    held.counter = Some(compile_one(turn, &sql)?);
                }
                let Some(counter) = &mut held.counter else { return Ok(0) };
                let bound = bind_term(counter, term)?;
                for (at, value) in given.iter().enumerate() {
                    counter.bind(bound + at + 1, value)?;
                }
                counter.step()?;
                let total = match counter.value(0)? {
                    SqlValue::Integer(total) => total.unsigned_abs(),
                    _ => 0,
                };
                counter.reset();
                counter.clear();
                Ok(total)
            })
        });
        self.remaining = counted.transpose()?.map(|total| total.saturating_sub(seen));
        Ok(())
    }

    /// Brings the statement to the current row after all.
    fn catch_up(&mut self) -> Result<()> {
        let Some(held) = &mut self.held else { return Ok(()) };
        while self.behind > 0 {
            held.statement.step()?;
            self.behind -= 1;
        }
        Ok(())
    }
}

fn bind_term(statement: &mut Statement, term: Option<&Term<'_>>) -> Result<usize> {
    let values = term.map_or(&[][..], |term| &term.values);
    for (at, value) in values.iter().enumerate() {
        statement.bind(at + 1, value)?;
    }
    Ok(values.len())
}

fn compile(table: &Table, turn: &Turn<'_>, text: &str, term: Option<&Term<'_>>) -> Result<Pooled> {
    let shape = shape_of(text)?;
    let mut selected = Sql::default();
    let mut places = vec![NOWHERE; table.columns.len()];
    let used = table.columns.iter().enumerate().filter(|(at, _)| shape.uses(*at));
    let mut count = 0_u16;
    selected.list(used, ", ", |sql, (at, column)| {
        sql.name(&column.name);
        places[at] = count;
        count += 1;
    });
    let mut opening = Vec::new();
    if table.columns.iter().enumerate().any(|(at, it)| !it.comparable && shape.uses(at)) {
        let plan = turn.rows.engine.catalog.plan(&table.name)?;
        let owner = plan.sealing.as_ref().and_then(|sealing| sealing.owner);
        for position in plan.key.iter().copied().chain(owner) {
            selected.push(", ").name(&plan.validator.fields()[position].name);
            opening.push((position, count));
            count += 1;
        }
    }
    let mut key_columns = 0;
    if table.hidden_key().is_some_and(|at| shape.uses(at)) {
        key_columns = table.key.len();
        for name in &table.key {
            selected.push(if selected.text.is_empty() { "" } else { ", " }).name(name);
        }
    }
    if selected.text.is_empty() {
        selected.push("NULL");
    }
    Ok(Pooled {
        statement: compile_one(turn, &sql(table, &selected.text, text, term)?)?,
        counter: None,
        shape: text.to_owned(),
        term: term.map_or_else(String::new, |term| term.text.clone()),
        places,
        key_at: usize::from(count),
        key_columns,
        opening,
        countable: !shape.unique && !shape.rest.contains(" LIMIT "),
    })
}

fn compile_one(turn: &Turn<'_>, sql: &str) -> Result<Statement> {
    let compiled = Statement::compile(&turn.rows.engine.connection, sql)?;
    compiled.map(|compiled| compiled.statement).ok_or_else(broken)
}

/// A statement of ours, its parameters first those of the condition, then those of the shape.
fn sql(table: &Table, selected: &str, text: &str, term: Option<&Term<'_>>) -> Result<String> {
    let mut sql = Sql::default();
    sql.push("SELECT ").push(selected).push(" FROM ").table(&table.name).push(" WHERE ");
    sql.push(if table.soft_delete { "\"deleted_at\" IS NULL" } else { "TRUE" });
    if let Some(term) = term {
        sql.push(" AND (").push(&term.text).push(")");
    }
    sql.push(shape_of(text)?.rest);
    Ok(sql.text)
}

fn shape_of(text: &str) -> Result<Shape<'_>> {
    Shape::read(text).ok_or_else(broken)
}

fn broken() -> Error {
    Error::Corrupt { message: "a gateway's plan can't be read".to_owned() }
}
