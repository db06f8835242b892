//! History: every version of a versioned row is kept, written in the transaction that made it.
//!
//! Versions go into the model's own versions table where one refers to the table (the columns of
//! the same name are copied), and else, as a whole row without secrets, into `_freehold_versions`.
//! Versions are numbered per row. A row that changes for the first time since versions are kept
//! leaves what it was before as its first one. Encrypted columns stay ciphertext.
//!
//! What is no new version: times of writing alone, hiding and restoring, and references that became
//! NULL because the row that they named is gone.

mod internal_table;
mod own_table;

use rusqlite::Connection;

use crate::actor::Principal;
use crate::capture::change::{ChangeKind, Shapes};
use crate::capture::{Recorder, Versioned};
use crate::error::Result;
use crate::host::Host;
use crate::model::{Kind, Model, Table};
use crate::query::Sql;
use crate::value::SqlValue;
use own_table::OwnTable;

/// One version of a row as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct StoredVersion {
    pub(crate) number: i64,
    /// RFC 3339, UTC.
    pub(crate) at: String,
    /// Who made it; None for the system, and where nobody knows.
    pub(crate) user: Option<String>,
    /// The values that are kept, by the position of their column in the table.
    pub(crate) values: Vec<(usize, SqlValue<'static>)>,
}

/// A version that is about to be written.
struct NewVersion<'v> {
    number: i64,
    key: &'v [SqlValue<'static>],
    /// The row, in the order of the shape's columns.
    image: &'v [SqlValue<'static>],
    /// What changed, as JSON; none for what was there before versions were kept.
    changes: Option<String>,
    /// Unix milliseconds.
    at: i64,
    is_baseline: bool,
}

/// What the versions are written with.
struct Keeper<'k> {
    connection: &'k Connection,
    model: &'k Model,
    recorder: &'k Recorder,
    host: &'k dyn Host,
}

/// The column in which a versioned table counts its rows' versions itself, if it does.
pub(crate) fn counted(table: &Table) -> Option<usize> {
    let found = table.columns.iter().position(|column| column.name == "version")?;
    let column = &table.columns[found];
    let counts = matches!(column.kind, Kind::Integer | Kind::BigInt) && !column.array;
    let is_plain = !column.optional && !column.secret && !column.encrypted;
    (table.versioned && counts && is_plain).then_some(found)
}

/// Writes the versions that the open transaction made; right before its notes are written down.
pub(crate) fn keep(
    connection: &Connection,
    model: &Model,
    recorder: &Recorder,
    host: &dyn Host,
) -> Result<()> {
    let changes = recorder.versioned()?;
    if changes.is_empty() {
        return Ok(());
    }
    if recorder.actor().is_seeding() {
        return Ok(());
    }
    recorder.ensure(connection)?;
    let keeper = Keeper { connection, model, recorder, host };
    changes.iter().try_for_each(|change| keeper.keep(change))
}

impl Keeper<'_> {
    fn keep(&self, noted: &Versioned) -> Result<()> {
        let table = &self.model.tables[noted.table];
        let own = OwnTable::of(self.model, table, &noted.change.shape);
        let key = noted.change.key();
        let Some(image) = &noted.image else {
            // The model's own versions went with the row, by its reference.
            return internal_table::forget(self.connection, table, &key);
        };
        let shape = &noted.change.shape;
        let new_key: Vec<_> = shape.key.iter().map(|at| image[*at].clone()).collect();
        if new_key != key {
            internal_table::rename(self.connection, table, &key, &new_key)?;
        }
        let column = counted(table).map(|at| &table.columns[at]);
        let counter =
            column.and_then(|column| shape.columns.iter().position(|id| *id == column.id));
        let number_in = |row: &[SqlValue<'_>]| match counter.map(|at| &row[at]) {
            Some(SqlValue::Integer(number)) => *number,
            _ => 1,
        };
        let at = self.recorder.time(self.connection, self.host)?;
        let mut last = self.last(own.as_ref(), table, &new_key)?;
        if last.is_none()
            && let ChangeKind::Update(update) = &noted.change.kind
        {
            let mut before = image.clone();
            for (position, old, _) in &update.changes {
                before[*position] = old.clone();
            }
            let number = number_in(&before);
            let (key, image) = (&new_key[..], &before[..]);
            let version = NewVersion { number, key, image, changes: None, at, is_baseline: true };
            self.write(own.as_ref(), table, noted, &version)?;
            last = Some(number);
        }
        let number = last.map_or_else(|| number_in(image), |last| (last + 1).max(number_in(image)));
        let mut image = image.clone();
        if let Some(counter) = counter {
            if number_in(&image) != number {
                self.count(table, &new_key, number)?;
            }
            image[counter] = SqlValue::Integer(number);
        }
        let changes = own_table::changes_json(table, &noted.change);
        let (key, image) = (&new_key[..], &image[..]);
        let version = NewVersion { number, key, image, changes, at, is_baseline: false };
        self.write(own.as_ref(), table, noted, &version)
    }

    fn last(
        &self,
        own: Option<&OwnTable<'_>>,
        table: &Table,
        key: &[SqlValue<'static>],
    ) -> Result<Option<i64>> {
        match own {
            Some(own) => own.last(self.connection, key),
            None => internal_table::last(self.connection, table, key),
        }
    }

    fn write(
        &self,
        own: Option<&OwnTable<'_>>,
        table: &Table,
        noted: &Versioned,
        version: &NewVersion<'_>,
    ) -> Result<()> {
        let mut actor = self.recorder.actor();
        if version.is_baseline {
            actor.principal = Principal::System;
        }
        match own {
            Some(own) => own.write(self.connection, self.host, &actor, version),
            None => internal_table::write(self.connection, table, noted, &actor, version),
        }
    }

    /// Sets the number that the row itself shows, where what wrote it did not.
    fn count(&self, table: &Table, key: &[SqlValue<'static>], number: i64) -> Result<()> {
        self.recorder.require_updates(self.connection, &table.name)?;
        let mut sql = Sql::default();
        sql.push("UPDATE ").table(&table.name).push(" SET \"version\" = ").bind(number.into());
        push_key(&mut sql, &table.primary_key, key);
        execute(self.connection, &sql)
    }
}

/// The versions of a row, the oldest first; None as far as the table keeps them nowhere.
pub(crate) fn versions(
    connection: &Connection,
    model: &Model,
    table: &Table,
    key: &[SqlValue<'_>],
    number: Option<i64>,
) -> Result<Vec<StoredVersion>> {
    if !crate::internal::is_there(connection)? {
        return Ok(Vec::new());
    }
    let key: Vec<SqlValue<'static>> = key.iter().map(|value| value.clone().into_owned()).collect();
    match OwnTable::of_table(model, table) {
        Some(own) => own.versions(connection, table, &key, number),
        None => {
            let shapes = Shapes::read(connection)?;
            internal_table::versions(connection, table, &shapes, &key, number)
        }
    }
}

fn push_key<'q>(sql: &mut Sql<'q>, columns: &[String], key: &'q [SqlValue<'_>]) {
    sql.push(" WHERE ").list(columns.iter().zip(key), " AND ", |sql, (column, value)| {
        sql.name(column).push(" = ").bind(value.borrowed());
    });
}

fn execute(connection: &Connection, sql: &Sql<'_>) -> Result<()> {
    let mut statement = connection.prepare_cached(&sql.text)?;
    statement.execute(rusqlite::params_from_iter(&sql.values))?;
    Ok(())
}
