//! Where a database stands in its history.

use rusqlite::Connection;
use serde::Serialize;

use super::history::{self, Meta};
use super::runner;
use crate::bundle::Bundle;
use crate::error::{Error, Result};

/// Where a database stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Status {
    /// The newest applied version; "0" where nothing is applied.
    pub current: String,
    /// The newest version that this build knows.
    pub latest: String,
    /// Every migration that the database or this build knows, oldest first.
    pub migrations: Vec<Entry>,
    /// Whether the database was written by a newer build.
    pub newer: bool,
    /// Whether the schema was pushed past its migrations.
    pub pushed: bool,
}

/// One migration's standing.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// The version, as a string: some don't fit JavaScript's numbers.
    pub version: String,
    /// The name.
    pub name: String,
    /// Its standing.
    pub state: State,
    /// When it was applied: RFC 3339, UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied_on: Option<String>,
    /// Whether there is a way back.
    pub reversible: bool,
}

/// A migration's standing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Applied, and the same text is at hand.
    Applied,
    /// At hand and not applied yet.
    Pending,
    /// Applied, and not at hand.
    Missing,
    /// Applied, and the text at hand is another.
    Diverged,
    /// At hand and not applied, although a later one is.
    Skipped,
}

/// The newest applied version; 0 where nothing is applied. Writes nothing.
pub(crate) fn current_version(connection: &Connection) -> Result<i64> {
    if !history::has_table(connection, history::HISTORY_TABLE)? {
        return Ok(0);
    }
    let sql = "SELECT coalesce(max(version), 0) FROM main.refinery_schema_history";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?)
}

/// Reads where a database stands. Writes nothing.
///
/// # Errors
///
/// - `corrupt`: the history can't be read.
pub fn status(connection: &Connection, bundle: &Bundle) -> Result<Status> {
    let applied = history::read_history(connection)?;
    let current = applied.last().map_or(0, |stored| stored.version);
    let mut migrations: Vec<(i64, Entry)> = Vec::new();
    for stored in &applied {
        let state = match bundle.migration(stored.version) {
            None => State::Missing,
            Some(known) if runner::checksum(known)? == stored.checksum => State::Applied,
            Some(_) => State::Diverged,
        };
        let entry = Entry {
            version: stored.version.to_string(),
            name: stored.name.clone(),
            state,
            applied_on: Some(stored.applied_on.clone()),
            reversible: stored.down_sql.is_some(),
        };
        migrations.push((stored.version, entry));
    }
    for known in &bundle.migrations {
        if applied.iter().any(|stored| stored.version == known.version) {
            continue;
        }
        let entry = Entry {
            version: known.version.to_string(),
            name: known.name.clone(),
            state: if known.version < current { State::Skipped } else { State::Pending },
            applied_on: None,
            reversible: known.down.is_some(),
        };
        migrations.push((known.version, entry));
    }
    migrations.sort_by_key(|(version, _)| *version);
    Ok(Status {
        current: current.to_string(),
        latest: bundle.latest().to_string(),
        migrations: migrations.into_iter().map(|(_, entry)| entry).collect(),
        newer: current > bundle.latest(),
        pushed: history::read_meta(connection, Meta::Pushed)?.is_some(),
    })
}

/// Refuses to go on where the history at hand and the applied one don't agree.
pub(super) fn check_history(status: &Status, bundle: &Bundle) -> Result<()> {
    if status.newer {
        return Err(Error::NewerDatabase {
            database: status.current.clone(),
            known: status.latest.clone(),
        });
    }
    for entry in &status.migrations {
        let migration = format!("V{}__{}", entry.version, entry.name);
        match entry.state {
            State::Applied | State::Pending => {}
            State::Diverged => {
                let found = bundle
                    .migration(entry.version.parse().unwrap_or(0))
                    .map_or_else(String::new, crate::bundle::Migration::file_stem);
                return Err(Error::MigrationDiverged { applied: migration, found });
            }
            State::Missing => {
                let message = "the migration was applied to this database and is not at hand; \
                               bring its files back"
                    .to_owned();
                return Err(Error::MigrationMissing { migration, message });
            }
            State::Skipped => {
                let message = "the migration is at hand and not applied, although a later one is; \
                               give it a version after the applied ones"
                    .to_owned();
                return Err(Error::MigrationMissing { migration, message });
            }
        }
    }
    Ok(())
}

/// Refuses to go on where the database holds another model.
pub(super) fn check_model(connection: &Connection, bundle: &Bundle) -> Result<()> {
    match history::read_meta(connection, Meta::Model)? {
        Some(found) if found != bundle.model.name => {
            Err(Error::OtherModel { found, expected: bundle.model.name.clone() })
        }
        _ => Ok(()),
    }
}
