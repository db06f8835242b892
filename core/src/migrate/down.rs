//! Down: leads a database back to an earlier version, all the way or not at all.
//!
//! The scripts that the database stored when a migration was applied lead back, so that an older
//! build can undo what a newer one did. They run under an authorizer: the file may be foreign.

use rusqlite::Connection;

use super::backup::{BackupStore, Span, with_backup};
use super::drift::{check_schema, expected_schema};
use super::guard::guarded;
use super::history::{self, Stored};
use super::runner;
use super::status::{check_model, current_version};
use super::up::{Progress, Run};
use crate::bundle::Bundle;
use crate::error::{Error, Result};
use crate::schema::Schema;
use crate::sql::Script;

/// What a run downwards may use.
#[derive(Default)]
pub struct DownOptions<'o> {
    /// The version to go back to; 0 undoes everything.
    pub to: i64,
    /// Where the backup before the run goes; none is made without it.
    pub backup: Option<&'o dyn BackupStore>,
    /// Hears of each migration before it is undone.
    pub progress: Option<&'o mut dyn FnMut(Progress<'_>)>,
}

/// Undoes the migrations after a version, the newest first, in one transaction.
///
/// Atomic, as `up` is. Down scripts may lose data: what they lose stands in their comments, and
/// the backup keeps it.
///
/// # Errors
///
/// - `invalid_argument`: the version was never applied.
/// - `not_reversible`: a migration has no down script.
/// - `migration_failed`: a statement failed; the error names migration and line.
/// - `schema_drift`: the result would not be the schema of that version.
/// - `backup_failed`: the backup before the run could not be made.
/// - `locked`: another process holds the database, or migrated it meanwhile.
pub fn down(connection: &mut Connection, bundle: &Bundle, options: DownOptions<'_>) -> Result<Run> {
    check_model(connection, bundle)?;
    let applied = history::read_history(connection)?;
    let current = applied.last().map_or(0, |stored| stored.version);
    check_target(&applied, options.to)?;
    let undone: Vec<&Stored> =
        applied.iter().rev().filter(|stored| stored.version > options.to).collect();
    let scripts = undone.iter().map(|stored| down_script(stored)).collect::<Result<Vec<_>>>()?;
    let mut run = Run {
        from: current.to_string(),
        to: options.to.to_string(),
        migrations: undone.iter().map(|stored| file_stem(stored)).collect(),
        adopted: false,
        backup: None,
    };
    if undone.is_empty() {
        return Ok(run);
    }
    let mut silent = |_: Progress<'_>| {};
    let progress = options.progress.unwrap_or(&mut silent);
    let span = Span { from: current, to: options.to };
    let ((), backup) = with_backup(connection, options.backup, span, |connection| {
        // Another process may have been faster since the history was read.
        if current_version(connection)? != current {
            return Err(Error::Locked);
        }
        for (done, (stored, script)) in undone.iter().zip(&scripts).enumerate() {
            let name = file_stem(stored);
            progress(Progress { migration: &name, done, total: undone.len() });
            guarded(connection, |c| runner::run_script(c, &name, script))?;
            history::forget(connection, stored.version)?;
        }
        check_result(connection, bundle, &applied, options.to)
    })?;
    run.backup = backup;
    Ok(run)
}

fn check_target(applied: &[Stored], to: i64) -> Result<()> {
    if to == 0 || applied.iter().any(|stored| stored.version == to) {
        return Ok(());
    }
    let known: Vec<String> = applied.iter().map(|stored| stored.version.to_string()).collect();
    let message = format!("version {to} was never applied; there are: 0, {}", known.join(", "));
    Err(Error::InvalidArgument { argument: "--to".to_owned(), message })
}

fn down_script(stored: &Stored) -> Result<Script> {
    let name = file_stem(stored);
    match &stored.down_sql {
        Some(text) => Script::parse(&name, text),
        None => Err(Error::NotReversible { migration: name }),
    }
}

fn file_stem(stored: &Stored) -> String {
    format!("V{}__{}", stored.version, stored.name)
}

/// The schema afterwards is that of the version, where this build knows it.
fn check_result(
    connection: &Connection,
    bundle: &Bundle,
    applied: &[Stored],
    to: i64,
) -> Result<()> {
    let known = applied
        .iter()
        .filter(|stored| stored.version <= to)
        .all(|stored| bundle.migration(stored.version).is_some());
    if !known {
        return Ok(());
    }
    let expected = if to == 0 { Schema::default() } else { expected_schema(bundle, to)? };
    check_schema(connection, &expected, || {
        "the down scripts don't lead back to the earlier schema, or the live schema was changed \
         outside its migrations"
    })
}
