//! Seed sets: named rows that a database starts with.
//!
//! A set is data, applied in one transaction and idempotent: a row that is there already, by its
//! id or by a unique key, stays as it is, edits included. Ids follow from the model, the table and
//! the row's label, and times are the set's own, so every replica seeds the same rows. Each row
//! passes the same validation as one that an app inserts.
//!
//! Rows may refer to each other in any order; the order of insertion is found here.

mod identity;
mod parse;
mod row;

use serde::Serialize;
use serde_json::Value;

use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::owner::Owner;
use crate::seed::parse::{SeedRow, SeedSet};
use crate::seed::row::Resolver;
use crate::value::Row;

/// What applying a set did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct SeedReport {
    /// The rows that were not there yet.
    pub inserted: usize,
    /// The rows that were there already and stayed as they are.
    pub kept: usize,
}

/// Applies a seed set, given as TOML, in one transaction.
///
/// Applying it again changes nothing.
///
/// # Errors
///
/// - `invalid_seed`: the set is broken, refers to itself in a circle, or a row is not valid; the
///   place and the reasons. Nothing was written.
/// - `locked`, `read_only`, `storage_full`, …: the database can't be written.
pub fn apply(owner: &Owner<'_>, set: &str, text: &str) -> Result<SeedReport> {
    let parsed = parse::parse(set, text, owner.model())?;
    let clock = SetClock { now_ms: parsed.at_ms, host: owner.host() };
    let actor = Actor::seeding();
    let owner = owner.with_host(&clock).acting(&actor);
    owner.transaction(|owner| Applying::new(set, &parsed, *owner).run())
}

/// A host whose time is the set's, so that seeded times are the same everywhere.
struct SetClock<'h> {
    now_ms: i64,
    host: &'h dyn Host,
}

impl Host for SetClock<'_> {
    fn now_ms(&self) -> i64 {
        self.now_ms
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        self.host.fill_random(buffer);
    }
}

/// How far a row is.
#[derive(Clone)]
enum State {
    Waiting,
    Underway,
    /// The row as it is in the database.
    Done(Row),
}

struct Applying<'a> {
    set: &'a str,
    parsed: &'a SeedSet,
    owner: Owner<'a>,
    states: Vec<State>,
    report: SeedReport,
}

impl<'a> Applying<'a> {
    fn new(set: &'a str, parsed: &'a SeedSet, owner: Owner<'a>) -> Self {
        let states = vec![State::Waiting; parsed.rows.len()];
        Applying { set, parsed, owner, states, report: SeedReport::default() }
    }

    fn run(mut self) -> Result<SeedReport> {
        for position in 0..self.parsed.rows.len() {
            self.apply_with_what_it_names(position)?;
        }
        Ok(self.report)
    }

    /// Applies a row after all rows that it refers to.
    fn apply_with_what_it_names(&mut self, position: usize) -> Result<()> {
        let mut path = vec![position];
        while let Some(position) = path.last().copied() {
            if matches!(self.states[position], State::Done(_)) {
                path.pop();
                continue;
            }
            self.states[position] = State::Underway;
            let row = &self.parsed.rows[position];
            let named = self.parsed.named(row).map_err(|fault| self.invalid(row, fault))?;
            let missing = named.into_iter().find(|(_, named)| {
                *named != position && !matches!(self.states[*named], State::Done(_))
            });
            match missing {
                Some((column, named)) if matches!(self.states[named], State::Underway) => {
                    let message = "refers in a circle to rows that wait for this one".to_owned();
                    return Err(self.invalid(row, (column, message)));
                }
                Some((_, named)) => path.push(named),
                None => {
                    let stored = self.apply(row)?;
                    self.states[position] = State::Done(stored);
                    path.pop();
                }
            }
        }
        Ok(())
    }

    /// Inserts a row unless it is there; the row as it is in the database.
    fn apply(&mut self, row: &SeedRow) -> Result<Row> {
        let model = self.owner.model();
        let Some(table) = model.table(&row.table) else {
            return Err(Error::UnknownTable { table: row.table.clone() });
        };
        let resolver = Resolver { model, table, parsed: self.parsed, states: &self.states };
        let complete = resolver.resolve(row).map_err(|fault| self.invalid(row, fault))?;
        let found = self.owner.find_same(&row.table, &complete);
        if let Some(found) = found.map_err(|error| self.explain(row, error))? {
            self.report.kept += 1;
            return Ok(found);
        }
        let inserted = self.owner.insert(&row.table, &complete);
        let inserted = inserted.map_err(|error| self.explain(row, error))?;
        self.report.inserted += 1;
        Ok(inserted)
    }

    fn invalid(&self, row: &SeedRow, (column, message): (String, String)) -> Error {
        let path = match column.as_str() {
            "" => row.path(),
            column => format!("{}.{column}", row.path()),
        };
        Error::InvalidSeed { set: self.set.to_owned(), path, message }
    }

    /// An error about a row, with its place in the set; others as they are.
    fn explain(&self, row: &SeedRow, error: Error) -> Error {
        match &error {
            Error::Invalid { issues, .. } => match issues.as_slice() {
                [issue] => self.invalid(row, (issue.path.clone(), issue.message.clone())),
                issues => {
                    let lines: Vec<String> = issues.iter().map(ToString::to_string).collect();
                    self.invalid(row, (String::new(), lines.join("; ")))
                }
            },
            Error::EncryptionUnavailable { column, .. } => {
                self.invalid(row, (column.clone(), error.to_string()))
            }
            Error::UnknownTable { .. } | Error::InvalidArgument { .. } | Error::Sql { .. } => {
                self.invalid(row, (String::new(), error.to_string()))
            }
            _ => error,
        }
    }
}

/// A text that is a label, without its `@`; `@@` at the start is a plain `@`.
fn label_of(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix('@').filter(|label| !label.starts_with('@'))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
