//! Adoption: taking a schema that was pushed as it is, instead of running what leads to it.

use rusqlite::Connection;

use super::backup::has_rows;
use super::{history, runner};
use crate::bundle::Migration;
use crate::error::{Error, Result};
use crate::sql::{Statement, tokens};

/// Refuses to take the pushed schema for the work of migrations that would also change rows: these
/// rows would stay as they are.
///
/// # Errors
///
/// - `migration_missing`: a migration changes rows, and there are some
pub(super) fn check(connection: &Connection, pending: &[&Migration]) -> Result<()> {
    let changing = pending.iter().find_map(|migration| {
        let statements = migration.up.statements();
        Some((migration, statements.iter().find(|statement| changes_rows(statement))?))
    });
    let Some((migration, statement)) = changing else { return Ok(()) };
    if !has_rows(connection)? {
        return Ok(());
    }
    Err(Error::MigrationMissing {
        migration: migration.file_stem(),
        message: format!(
            "its schema was pushed already, so it would not run, and what it does to rows (line \
             {}) would not happen; go back to the backup that the push made, or `reset`, and then \
             migrate",
            statement.line()
        ),
    })
}

/// Writes migrations down as applied.
pub(super) fn record(connection: &Connection, pending: &[&Migration]) -> Result<()> {
    for migration in pending {
        history::record(connection, migration, &runner::checksum(migration)?)?;
    }
    Ok(())
}

/// Whether a statement does more to rows than a push does for the same change of the schema:
/// filling a table that is made anew, and giving a column's default to rows that have no value.
fn changes_rows(statement: &Statement) -> bool {
    let words = statement.words();
    let word = |at: usize| words.get(at).map_or("", String::as_str);
    let is = |at: usize, expected: &str| word(at).eq_ignore_ascii_case(expected);
    let of_rebuild = |table: &str| table.starts_with("_rebuild_") || table == "sqlite_sequence";
    match () {
        () if is(0, "INSERT") && is(1, "INTO") => !of_rebuild(word(2)),
        () if is(0, "DELETE") && is(1, "FROM") => !of_rebuild(word(2)),
        () if is(0, "UPDATE") => !gives_default(statement),
        () => ["INSERT", "DELETE", "REPLACE", "WITH"].iter().any(|start| is(0, start)),
    }
}

/// Whether it is `UPDATE t SET c = value WHERE c IS NULL` with a plain value.
fn gives_default(statement: &Statement) -> bool {
    let mut tokens: Vec<_> = tokens(statement.sql()).flatten().collect();
    tokens.retain(|token| !token.is(";"));
    if let [_, _, _, _, _, sign, ..] = &tokens[..]
        && sign.is("-")
    {
        tokens.remove(5);
    }
    let [_, _, set, column, equals, value, filter, again, is, null] = &tokens[..] else {
        return false;
    };
    let words = [(set, "SET"), (filter, "WHERE"), (is, "IS"), (null, "NULL")];
    words.iter().all(|(token, word)| token.is_word(word))
        && equals.is("=")
        && !value.is("(")
        && column.name() == again.name()
}
