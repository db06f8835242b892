//! The backup before a run: made by SQLite itself, so that it is whole whatever else is going on.

use rusqlite::Connection;

use super::history;
use crate::error::{Error, Result};

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

/// Makes a backup if there is anything to lose; its path.
pub(super) fn before_run(
    connection: &Connection,
    store: Option<&dyn BackupStore>,
    from: i64,
    to: i64,
) -> Result<Option<String>> {
    let Some(store) = store else { return Ok(None) };
    if !has_rows(connection)? {
        return Ok(None);
    }
    let path = store.reserve(&format!("{from}-{to}"))?;
    // VACUUM INTO copies a consistent state and can't run inside a transaction.
    let made = connection
        .execute("VACUUM INTO ?1", [&path])
        .map_err(|error| Error::BackupFailed { message: format!("{path}: {error}") })
        .and_then(|_| store.keep(&path));
    if made.is_err() {
        store.discard(&path);
    }
    made.map(Some)
}

/// After a run: lets the retention rule work where it went well, and gives the backup up where the
/// run failed, since the database is as it was.
pub(super) fn settle<R>(
    store: Option<&dyn BackupStore>,
    backup: Option<&str>,
    result: Result<R>,
) -> Result<R> {
    let Some(store) = store else { return result };
    match &result {
        // The run is committed: a backup too many goes after a later one.
        Ok(_) => drop(store.prune()),
        Err(_) => backup.into_iter().for_each(|path| store.discard(path)),
    }
    result
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
