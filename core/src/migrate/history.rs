//! What the database remembers of its migrations: refinery's history, the scripts that lead back,
//! and a few facts about itself.

use rusqlite::{Connection, OptionalExtension, params};

use crate::error::{Error, Result};
use crate::internal;

/// refinery's table of applied migrations.
pub(super) const HISTORY_TABLE: &str = "refinery_schema_history";

/// `FREH` in a file's header says that Freehold made it (SQLite's application id).
const APPLICATION_ID: i64 = 0x4652_4548;

/// The layout of the tables below.
const FORMAT: &str = "1";

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS _freehold_meta (
        key TEXT NOT NULL PRIMARY KEY,
        value TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS _freehold_migrations (
        version INTEGER NOT NULL PRIMARY KEY,
        name TEXT NOT NULL,
        up_sql TEXT NOT NULL,
        down_sql TEXT
    ) STRICT;";

/// An applied migration, as the database remembers it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// The version.
    pub version: i64,
    /// The name.
    pub name: String,
    /// When it was applied: RFC 3339, UTC.
    pub applied_on: String,
    /// refinery's checksum over name, version and normalised text.
    pub checksum: String,
    /// The normalised up script.
    pub up_sql: Option<String>,
    /// The normalised down script.
    pub down_sql: Option<String>,
}

/// A fact that the database keeps about itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Meta {
    /// The name of the model in it.
    Model,
    /// Where the model came from: `builtin`, or a path.
    ModelSource,
    /// The model's text, TOML or JSON, as of the last run.
    ModelText,
    /// Set while the schema was pushed past its migrations.
    Pushed,
    /// Which snapshot of an open database was made of it last.
    Snapshot,
}

impl Meta {
    fn key(self) -> &'static str {
        match self {
            Meta::Model => "model",
            Meta::ModelSource => "model_source",
            Meta::ModelText => "model_text",
            Meta::Pushed => "pushed",
            Meta::Snapshot => "snapshot",
        }
    }
}

/// Makes the core's own tables where they are missing. Runs inside the caller's transaction.
pub(super) fn prepare(connection: &Connection) -> Result<()> {
    connection.execute_batch(TABLES)?;
    internal::ensure(connection)?;
    let insert = "INSERT OR IGNORE INTO _freehold_meta (key, value) VALUES ('format', ?1)";
    connection.execute(insert, [FORMAT])?;
    connection.pragma_update(None, "application_id", APPLICATION_ID)?;
    Ok(())
}

/// Whether the schema has this table.
pub(super) fn has_table(connection: &Connection, table: &str) -> Result<bool> {
    let sql = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = ?1";
    Ok(connection.prepare_cached(sql)?.exists([table])?)
}

/// A fact about the database; none in a database that the core has not touched.
pub(crate) fn read_meta(connection: &Connection, meta: Meta) -> Result<Option<String>> {
    if !has_table(connection, "_freehold_meta")? {
        return Ok(None);
    }
    let sql = "SELECT value FROM main._freehold_meta WHERE key = ?1";
    Ok(connection.prepare_cached(sql)?.query_row([meta.key()], |row| row.get(0)).optional()?)
}

/// Sets a fact about the database, or removes it.
pub(crate) fn write_meta(connection: &Connection, meta: Meta, value: Option<&str>) -> Result<()> {
    match value {
        Some(value) => connection.execute(
            "INSERT INTO main._freehold_meta (key, value) VALUES (?1, ?2)
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
            params![meta.key(), value],
        )?,
        None => {
            connection.execute("DELETE FROM main._freehold_meta WHERE key = ?1", [meta.key()])?
        }
    };
    Ok(())
}

/// The applied migrations, oldest first.
pub(super) fn read_history(connection: &Connection) -> Result<Vec<Stored>> {
    if !has_table(connection, HISTORY_TABLE)? {
        return Ok(Vec::new());
    }
    let with_scripts = has_table(connection, "_freehold_migrations")?;
    let sql = match with_scripts {
        true => {
            "SELECT h.version, h.name, h.applied_on, h.checksum, m.up_sql, m.down_sql
             FROM main.refinery_schema_history h
             LEFT JOIN main._freehold_migrations m ON m.version = h.version
             ORDER BY h.version"
        }
        false => {
            "SELECT version, name, applied_on, checksum, NULL, NULL
             FROM main.refinery_schema_history ORDER BY version"
        }
    };
    let mut statement = connection.prepare_cached(sql)?;
    let rows = statement.query_map([], |row| {
        Ok(Stored {
            version: row.get(0)?,
            name: row.get(1)?,
            applied_on: row.get(2)?,
            checksum: row.get(3)?,
            up_sql: row.get(4)?,
            down_sql: row.get(5)?,
        })
    })?;
    rows.collect::<rusqlite::Result<_>>().map_err(broken_history)
}

fn broken_history(error: rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(_) => error.into(),
        None => Error::Corrupt { message: format!("the migration history: {error}") },
    }
}

/// Remembers a migration's scripts.
pub(super) fn store_scripts(
    connection: &Connection,
    migration: &crate::bundle::Migration,
) -> Result<()> {
    let sql = "INSERT OR REPLACE INTO main._freehold_migrations (version, name, up_sql, down_sql)
               VALUES (?1, ?2, ?3, ?4)";
    connection.prepare_cached(sql)?.execute(params![
        migration.version,
        migration.name,
        migration.up.normalized(),
        migration.down.as_ref().map(|down| down.normalized()),
    ])?;
    Ok(())
}

/// Writes a migration down as applied without running it.
pub(super) fn record(
    connection: &Connection,
    migration: &crate::bundle::Migration,
    checksum: &str,
) -> Result<()> {
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS main.refinery_schema_history(
             version int8 PRIMARY KEY,
             name VARCHAR(255),
             applied_on VARCHAR(255),
             checksum VARCHAR(255));",
    )?;
    connection.execute(
        "INSERT INTO main.refinery_schema_history (version, name, applied_on, checksum)
         VALUES (?1, ?2, '', ?3)",
        params![migration.version, migration.name, checksum],
    )?;
    store_scripts(connection, migration)
}

/// Forgets a migration.
pub(super) fn forget(connection: &Connection, version: i64) -> Result<()> {
    connection.execute("DELETE FROM main.refinery_schema_history WHERE version = ?1", [version])?;
    connection.execute("DELETE FROM main._freehold_migrations WHERE version = ?1", [version])?;
    Ok(())
}

/// Sets when migrations were applied, by the host's clock.
pub(super) fn set_applied_on(connection: &Connection, after: i64, applied_on: &str) -> Result<()> {
    connection.execute(
        "UPDATE main.refinery_schema_history SET applied_on = ?1 WHERE version > ?2",
        params![applied_on, after],
    )?;
    Ok(())
}
