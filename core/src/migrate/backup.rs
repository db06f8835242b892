//! The backup before a run: made by SQLite itself, so that it is whole whatever else is going on.

use rusqlite::Connection;

use super::history;
use super::transaction::in_transaction;
use crate::error::{Error, Result};
use crate::internal;

/// Where a host keeps the backups of a database.
pub trait BackupStore: Send {
    /// A path, in the terms of the connection's VFS, for a new backup. The label names the
    /// versions: `20250729144819-20250801120000`.
    ///
    /// # Errors
    ///
    /// - `backup_failed`: there is no room for one.
    fn reserve(&self, label: &str) -> Result<String>;

    /// Makes the backup at a reserved path last, now that it is whole: SQLite has written it and
    /// not waited for the medium. The path under which it stays.
    ///
    /// # Errors
    ///
    /// - `backup_failed`: it did not reach the medium.
    fn keep(&self, path: &str) -> Result<String> {
        Ok(path.to_owned())
    }

    /// Gives up a path whose backup failed, or whose run did, and whatever lies there.
    fn discard(&self, _path: &str) {}

    /// Removes what the retention rule no longer keeps. Called after a run that went well.
    ///
    /// # Errors
    ///
    /// - `io`: a backup could not be removed.
    fn prune(&self) -> Result<()>;
}

/// How often a backup is made anew because another process wrote meanwhile.
const ATTEMPTS: usize = 5;

/// Which versions a run leads from and to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Span {
    pub(super) from: i64,
    pub(super) to: i64,
}

/// Makes a backup if there is anything to lose, and runs work in one transaction; what the work
/// gives, and the backup's path. The backup has all that the transaction begins with: where another
/// process wrote in between, it is made anew.
///
/// # Errors
///
/// - the work's own; then there is no backup either
/// - `backup_failed`
/// - `locked`: another process writes all the time
pub(super) fn with_backup<R>(
    connection: &mut Connection,
    store: Option<&dyn BackupStore>,
    span: Span,
    mut work: impl FnMut(&mut Connection) -> Result<R>,
) -> Result<(R, Option<String>)> {
    let Some(store) = store else { return Ok((in_transaction(connection, work)?, None)) };
    for _ in 0..ATTEMPTS {
        let seen = data_version(connection)?;
        let backup = before_run(connection, store, span)?;
        let mut is_stale = false;
        let done = in_transaction(connection, |connection| {
            is_stale = data_version(connection)? != seen;
            match is_stale {
                true => Err(Error::Locked),
                false => work(connection),
            }
        });
        match done {
            Ok(value) => {
                // The run is committed: a backup too many goes after a later one.
                drop(store.prune());
                return Ok((value, backup));
            }
            Err(error) => {
                backup.iter().for_each(|path| store.discard(path));
                if !is_stale {
                    return Err(error);
                }
            }
        }
    }
    Err(Error::Locked)
}

/// SQLite's count of what other connections committed.
fn data_version(connection: &Connection) -> Result<i64> {
    Ok(connection.pragma_query_value(None, "data_version", |row| row.get(0))?)
}

fn before_run(
    connection: &Connection,
    store: &dyn BackupStore,
    span: Span,
) -> Result<Option<String>> {
    if !has_rows(connection)? {
        return Ok(None);
    }
    let path = store.reserve(&format!("{}-{}", span.from, span.to))?;
    // VACUUM INTO copies a consistent state and can't run inside a transaction.
    let made = connection
        .execute("VACUUM INTO ?1", [&path])
        .map_err(Error::from)
        .and_then(|_| mark(connection, &path))
        .map_err(|error| Error::BackupFailed { message: format!("{path}: {error}") })
        .and_then(|()| store.keep(&path));
    if made.is_err() {
        store.discard(&path);
    }
    made.map(Some)
}

/// Says in a backup that it is none of the files that are written to: whatever is made of it is a
/// replica of its own.
fn mark(connection: &Connection, path: &str) -> Result<()> {
    if !history::has_table(connection, "_freehold_meta")?
        || internal::place_in(connection)?.is_none()
    {
        return Ok(());
    }
    connection.execute("ATTACH ?1 AS backup", [path])?;
    let marked = connection.execute_batch(
        "PRAGMA backup.journal_mode = MEMORY;
         UPDATE backup._freehold_meta SET value = '' WHERE key = 'place';",
    );
    let detached = connection.execute_batch("DETACH backup");
    Ok(marked.and(detached)?)
}

/// Whether any table of the app has a row.
///
/// # Errors
///
/// - `corrupt`: the schema can't be read.
pub fn has_rows(connection: &Connection) -> Result<bool> {
    let sql = "SELECT name FROM main.sqlite_schema WHERE type = 'table'
               AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
               AND name NOT LIKE '\\_freehold\\_%' ESCAPE '\\' AND name <> ?1";
    let mut statement = connection.prepare(sql)?;
    let names = statement.query_map([history::HISTORY_TABLE], |row| row.get::<_, String>(0))?;
    for name in names {
        let name = name?.replace('"', "\"\"");
        let sql = format!("SELECT EXISTS (SELECT 1 FROM main.\"{name}\")");
        if connection.query_row(&sql, [], |row| row.get(0))? {
            return Ok(true);
        }
    }
    Ok(false)
}
