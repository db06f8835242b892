//! refinery's traits on a type of ours: refinery decides what is pending and writes its history;
//! every statement goes through here, inside the one transaction of the run.

use std::fmt;

use refinery::Migrate;
use refinery_core::traits::sync::{Query, Transaction};
use rusqlite::Connection;

use super::history;
use super::up::{Progress, Target};
use crate::bundle::{Bundle, Migration};
use crate::error::{Error, Result};

/// Applies the pending migrations up to the target, within the caller's transaction.
pub(super) fn apply(
    connection: &Connection,
    bundle: &Bundle,
    pending: &[&Migration],
    target: Target,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<()> {
    let migrations: Vec<refinery::Migration> =
        bundle.migrations.iter().map(as_refinery).collect::<Result<_>>()?;
    let applied = Vec::new();
    let mut adapter = Adapter { connection, pending, next: 0, applied, progress, failure: None };
    let target = match target {
        Target::Latest => refinery::Target::Latest,
        Target::Version(version) => refinery::Target::Version(version),
    };
    let outcome =
        refinery::Runner::new(&migrations).set_grouped(true).set_target(target).run(&mut adapter);
    match (adapter.failure, outcome) {
        (Some(failure), _) => Err(failure),
        (None, Err(error)) => Err(from_refinery(error)),
        (None, Ok(_)) => pending.iter().try_for_each(|m| history::store_scripts(connection, m)),
    }
}

/// The checksum that refinery gives a migration: over name, version and normalised text.
pub(super) fn checksum(migration: &Migration) -> Result<String> {
    Ok(as_refinery(migration)?.checksum().to_string())
}

fn as_refinery(migration: &Migration) -> Result<refinery::Migration> {
    refinery::Migration::unapplied(&migration.file_stem(), migration.up.normalized())
        .map_err(from_refinery)
}

fn from_refinery(error: refinery::Error) -> Error {
    use refinery::error::Kind;
    match error.kind() {
        Kind::DivergentVersion(applied, found) => {
            Error::MigrationDiverged { applied: applied.to_string(), found: found.to_string() }
        }
        Kind::MissingVersion(migration) => Error::MigrationMissing {
            migration: migration.to_string(),
            message: "the migration is missing".to_owned(),
        },
        _ => Error::InvalidMigration {
            migration: String::new(),
            line: None,
            message: error.to_string(),
        },
    }
}

/// Runs one script statement by statement, so that a mistake is named with its line.
pub(super) fn run_script(
    connection: &Connection,
    name: &str,
    script: &crate::sql::Script,
) -> Result<()> {
    for statement in script.statements() {
        connection.execute_batch(statement.sql()).map_err(|error| match Error::from(error) {
            Error::Sql { message } => Error::MigrationFailed {
                migration: name.to_owned(),
                line: Some(statement.line()),
                message,
            },
            other => other,
        })?;
    }
    Ok(())
}

struct Adapter<'r> {
    connection: &'r Connection,
    pending: &'r [&'r Migration],
    next: usize,
    /// The rows of the history that refinery asked for, as SQL: they are written at once.
    applied: Vec<String>,
    progress: &'r mut dyn FnMut(Progress<'_>),
    /// The error itself; refinery only hears that there was one.
    failure: Option<Error>,
}

impl Adapter<'_> {
    fn execute_one(&mut self, query: &str) -> Result<()> {
        let Some(migration) =
            self.pending.get(self.next).filter(|migration| migration.up.normalized() == query)
        else {
            match query.strip_prefix(INSERT_APPLIED) {
                Some(row) => self.applied.push(row.to_owned()),
                None => self.connection.execute_batch(query)?,
            }
            return Ok(());
        };
        let name = migration.file_stem();
        (self.progress)(Progress { migration: &name, done: self.next, total: self.pending.len() });
        run_script(self.connection, &name, &migration.up)?;
        self.next += 1;
        Ok(())
    }

    fn write_applied(&mut self) -> Result<()> {
        if self.applied.is_empty() {
            return Ok(());
        }
        let rows = std::mem::take(&mut self.applied).join(", ");
        Ok(self.connection.execute_batch(&format!("{INSERT_APPLIED}{rows}"))?)
    }
}

/// How refinery begins to write a row of its history.
const INSERT_APPLIED: &str =
    "INSERT INTO refinery_schema_history (version, name, applied_on, checksum) VALUES ";

/// Stands for the failure that the adapter keeps.
#[derive(Debug)]
struct Kept;

impl fmt::Display for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the run failed")
    }
}

impl std::error::Error for Kept {}

impl Transaction for Adapter<'_> {
    type Error = Kept;

    fn execute<'a, T: Iterator<Item = &'a str>>(&mut self, queries: T) -> Result<usize, Kept> {
        let mut count = 0;
        let done = queries
            .inspect(|_| count += 1)
            .try_for_each(|query| self.execute_one(query))
            .and_then(|()| self.write_applied());
        done.map_err(|failure| {
            self.failure = Some(failure);
            Kept
        })?;
        Ok(count)
    }
}

impl Query<Vec<refinery::Migration>> for Adapter<'_> {
    fn query(&mut self, _: &str) -> Result<Vec<refinery::Migration>, Kept> {
        let read = || -> Result<Vec<refinery::Migration>> {
            let history = history::read_history(self.connection)?;
            history
                .into_iter()
                .map(|stored| {
                    let checksum = stored.checksum.parse().map_err(|_| Error::Corrupt {
                        message: format!("the checksum of migration {}", stored.version),
                    })?;
                    // When it was applied plays no part in what is pending.
                    let applied_on = time::OffsetDateTime::UNIX_EPOCH;
                    Ok(refinery::Migration::applied(
                        stored.version,
                        stored.name,
                        applied_on,
                        checksum,
                    ))
                })
                .collect()
        };
        read().map_err(|failure| {
            self.failure = Some(failure);
            Kept
        })
    }
}

impl Migrate for Adapter<'_> {}
