//! Reading the audit table: what the records say is in it before anyone looks.

use crate::actor::Actor;
use crate::audit;
use crate::error::{Error, Result};
use crate::owner::Engine;
use crate::owner::transaction::{preview, transaction};

/// Runs a reading of a table. Where it is the model's audit table, its entries are complete for
/// it, those of the open transaction included.
pub(crate) fn reading<T>(
    engine: &Engine,
    table: &str,
    read: impl FnOnce() -> Result<T>,
) -> Result<T> {
    match audit::audit_table(engine.catalog.model()) {
        Some(audit) if audit.name == table => complete(engine, read),
        _ => read(),
    }
}

/// Runs SQL that only reads, as [`running_sql`] does.
pub(crate) fn reading_sql<T>(
    engine: &Engine,
    sql: &str,
    read: impl FnOnce() -> Result<T>,
) -> Result<T> {
    running_sql(engine, sql, true, read)
}

/// Runs SQL. Where it may read the audit table, the entries are complete for it, those of the open
/// transaction included if it does nothing but read.
pub(crate) fn running_sql<T>(
    engine: &Engine,
    sql: &str,
    readonly: bool,
    run: impl FnOnce() -> Result<T>,
) -> Result<T> {
    if !names_audit_table(engine, sql) {
        return run();
    }
    if readonly {
        return complete(engine, run);
    }
    fill(engine)?;
    run()
}

/// Whether SQL may be about the audit table: the text has its name somewhere.
pub(crate) fn names_audit_table(engine: &Engine, sql: &str) -> bool {
    let Some(audit) = audit::audit_table(engine.catalog.model()) else { return false };
    let name = audit.name.as_bytes();
    sql.as_bytes().windows(name.len()).any(|part| part.eq_ignore_ascii_case(name))
}

/// Adds the entries that are missing in the audit table; how many. None where the database can't
/// be written, or has another schema than the model's.
///
/// # Errors
///
/// - `locked`: another connection is writing
/// - `storage_full`, `io`
pub(crate) fn fill(engine: &Engine) -> Result<usize> {
    let (connection, model) = (&engine.connection, engine.catalog.model());
    if !audit::is_behind(connection, model)? {
        return Ok(0);
    }
    let add = || match engine.recorder.is_whole(audit::audit_table(model)) {
        true => audit::fill(connection, model, &engine.recorder),
        false => Ok(0),
    };
    let filled = match connection.is_autocommit() {
        true => engine.recorder.apart(|| transaction(engine, &Actor::system(), add)),
        false => add(),
    };
    match filled {
        // What can't be written can be read all the same.
        Err(Error::ReadOnly | Error::NewerDatabase { .. }) => Ok(0),
        filled => filled,
    }
}

fn complete<T>(engine: &Engine, read: impl FnOnce() -> Result<T>) -> Result<T> {
    if engine.recorder.has_notes() {
        return preview(engine, || {
            fill(engine)?;
            read()
        });
    }
    fill(engine)?;
    read()
}
