//! Transactions: all or nothing, nested by savepoints, rolled back on every way out but success.
//!
//! The only place that begins, commits and undoes: what was noted of a transaction's writes is
//! written down right before its COMMIT, and forgotten where they are undone.

use crate::actor::Actor;
use crate::capture::{Held, Mark};
use crate::error::Result;
use crate::history;
use crate::owner::Engine;

/// Runs work in a transaction, or in a savepoint where one is open already.
///
/// Commits when the work succeeds. When it fails or panics, everything that it wrote is undone.
/// The write lock is taken at once, so that the work never fails for it half-way.
///
/// # Errors
///
/// - the work's own
/// - `locked`: another connection is writing
/// - `invalid_argument`: the open transaction is another actor's
pub(crate) fn transaction<T>(
    engine: &Engine,
    actor: &Actor,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    if engine.is_within_statement() {
        // It is that statement's to be undone as a whole.
        return statement(engine, actor, work);
    }
    engine.check_turn(actor)?;
    let guard = Guard::begin(engine, actor)?;
    let value = work()?;
    guard.commit()?;
    Ok(value)
}

/// Runs one statement that undoes itself when it fails, in a transaction of its own where none is
/// open.
///
/// # Errors
///
/// Those of [`transaction`].
pub(crate) fn statement<T>(
    engine: &Engine,
    actor: &Actor,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    if engine.connection.is_autocommit() {
        return transaction(engine, actor, work);
    }
    engine.check_turn(actor)?;
    let mark = engine.recorder.mark();
    let result = work();
    if result.is_err() {
        engine.recorder.cut_back(mark);
    }
    result
}

/// Runs a statement that changes no rows, in a transaction of its own: none may be open, and no
/// triggers stand. It leaves no record.
///
/// # Errors
///
/// - the work's own
/// - `locked`: another connection is writing
/// - `newer_database`: a newer build has migrated the file
pub(crate) fn unrecorded<T>(engine: &Engine, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let connection = &engine.connection;
    connection.prepare_cached("BEGIN IMMEDIATE")?.raw_execute()?;
    engine.depth.update(|depth| depth + 1);
    let mut guard = Guard { engine, nested: None, done: false };
    engine.check_version_now()?;
    let value = work()?;
    engine.check_open()?;
    connection.prepare_cached("COMMIT")?.raw_execute()?;
    guard.done = true;
    Ok(value)
}

/// Runs work and undoes everything that it wrote, whatever it returns.
pub(crate) fn rehearse<T>(
    engine: &Engine,
    actor: &Actor,
    work: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let _undone = Guard::begin(engine, actor)?;
    work()
}

/// Runs work that only reads on what the database will be once the open transaction's notes are
/// written down; then they are notes again.
pub(crate) fn preview<T>(engine: &Engine, work: impl FnOnce() -> Result<T>) -> Result<T> {
    let guard = Guard::begin(engine, &engine.recorder.actor())?;
    let held = engine.recorder.hold(&engine.connection, &*engine.host)?;
    let _back = PutBack { engine, guard: Some(guard), held: Some(held) };
    work()
}

/// Undoes what was written down, and makes it notes again, also where the work panics.
struct PutBack<'e> {
    engine: &'e Engine,
    guard: Option<Guard<'e>>,
    held: Option<Held>,
}

impl Drop for PutBack<'_> {
    fn drop(&mut self) {
        drop(self.guard.take());
        if let Some(held) = self.held.take() {
            self.engine.recorder.put_back(held);
        }
    }
}

/// Undoes what it guards unless it is told to commit.
struct Guard<'e> {
    engine: &'e Engine,
    /// Where the notes stood, if this is a savepoint within a transaction.
    nested: Option<Mark>,
    done: bool,
}

const SAVEPOINT: &str = "SAVEPOINT freehold";
const RELEASE: &str = "RELEASE freehold";

impl<'e> Guard<'e> {
    fn begin(engine: &'e Engine, actor: &Actor) -> Result<Guard<'e>> {
        let connection = &engine.connection;
        let nested = match connection.is_autocommit() {
            false => Some(engine.recorder.mark()),
            true => {
                engine.recorder.prepare(connection)?;
                None
            }
        };
        let begin = if nested.is_some() { SAVEPOINT } else { "BEGIN IMMEDIATE" };
        connection.prepare_cached(begin)?.raw_execute()?;
        engine.depth.update(|depth| depth + 1);
        let guard = Guard { engine, nested, done: false };
        if nested.is_none() {
            engine.recorder.begin(connection, actor)?;
            engine.check_version()?;
        }
        Ok(guard)
    }

    fn commit(mut self) -> Result<()> {
        let connection = &self.engine.connection;
        self.engine.check_open()?;
        if self.nested.is_none() {
            let Engine { catalog, host, recorder, .. } = self.engine;
            history::keep(connection, catalog.model(), recorder, &**host)?;
            self.engine.recorder.flush(connection, &*self.engine.host)?;
        }
        let commit = if self.nested.is_some() { RELEASE } else { "COMMIT" };
        connection.prepare_cached(commit)?.raw_execute()?;
        self.done = true;
        if self.nested.is_none() {
            self.engine.recorder.committed();
        }
        Ok(())
    }
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.engine.depth.update(|depth| depth - 1);
        if self.done {
            return;
        }
        let connection = &self.engine.connection;
        match self.nested {
            // After some errors (a full disk, say) SQLite has rolled back by itself already.
            _ if connection.is_autocommit() => self.engine.recorder.clear(),
            Some(mark) => {
                // There is nobody to report a failure to; SQLite then rolls back when the file is
                // closed.
                drop(connection.execute_batch("ROLLBACK TO freehold; RELEASE freehold"));
                self.engine.recorder.rolled_back(mark);
            }
            None => {
                drop(connection.execute_batch("ROLLBACK"));
                self.engine.recorder.clear();
            }
        }
    }
}
