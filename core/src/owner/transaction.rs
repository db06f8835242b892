//! Transactions: all or nothing, nested by savepoints, rolled back on every way out but success.

use rusqlite::Connection;

use crate::error::Result;

/// Runs work in a transaction, or in a savepoint where one is open already.
///
/// Commits when the work succeeds. When it fails or panics, everything that it wrote is undone.
/// The write lock is taken at once, so that the work never fails for it half-way.
///
/// # Errors
///
/// - the work's own
/// - `locked`: another connection is writing
pub(crate) fn transaction<T>(
    connection: &Connection,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let guard = Guard::begin(connection)?;
    let value = work()?;
    guard.commit()?;
    Ok(value)
}

/// Runs work and undoes everything that it wrote, whatever it returns.
pub(crate) fn rehearse<T>(connection: &Connection, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let _undone = Guard::begin(connection)?;
    work()
}

/// Undoes what it guards unless it is told to commit.
struct Guard<'c> {
    connection: &'c Connection,
    nested: bool,
    done: bool,
}

const SAVEPOINT: &str = "SAVEPOINT freehold";
const RELEASE: &str = "RELEASE freehold";

impl<'c> Guard<'c> {
    fn begin(connection: &'c Connection) -> Result<Guard<'c>> {
        let nested = !connection.is_autocommit();
        connection
            .prepare_cached(if nested { SAVEPOINT } else { "BEGIN IMMEDIATE" })?
            .raw_execute()?;
        Ok(Guard { connection, nested, done: false })
    }

    fn commit(mut self) -> Result<()> {
        self.connection
            .prepare_cached(if self.nested { RELEASE } else { "COMMIT" })?
            .raw_execute()?;
        self.done = true;
        Ok(())
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // After some errors (a full disk, say) SQLite has rolled back by itself already.
        if self.done || self.connection.is_autocommit() {
            return;
        }
        let undo = if self.nested { "ROLLBACK TO freehold; RELEASE freehold" } else { "ROLLBACK" };
        // There is nobody to report a failure to; SQLite then rolls back when the file is closed.
        let _ = self.connection.execute_batch(undo);
    }
}
