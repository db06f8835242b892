//! Drift: how the live schema differs from the expected one, and the SQL that mends it.

use rusqlite::Connection;
use serde::Serialize;

use super::history;
use crate::bundle::Bundle;
use crate::error::{Error, Result};
use crate::schema::{Renames, Schema, diff, plan};

/// How the live schema differs from the expected one.
#[derive(Debug, Clone, Serialize)]
pub struct Drift {
    /// The version whose schema is expected.
    pub version: String,
    /// The differences, one line each; none where there is no drift.
    pub differences: Vec<String>,
    /// The SQL that leads from the live schema to the expected one.
    pub mend_sql: String,
    /// What that SQL would lose.
    pub losses: Vec<String>,
}

/// Compares the live schema with that of the newest applied version. Writes nothing.
///
/// # Errors
///
/// - `migration_missing`: an applied migration is neither at hand nor stored, so that nobody knows
///   what to expect.
pub fn drift(connection: &Connection, bundle: &Bundle) -> Result<Drift> {
    let history = history::read_history(connection)?;
    let version = history.last().map_or(0, |stored| stored.version);
    let expected = if version == bundle.latest() {
        Schema::from_model(&bundle.model)
    } else {
        replay_stored(&history)?
    };
    let live = Schema::read(connection)?;
    let differences = diff(&expected, &live).iter().map(ToString::to_string).collect();
    let mend = plan(&live, &expected, &Renames::default());
    Ok(Drift {
        version: version.to_string(),
        differences,
        mend_sql: mend.up.clone(),
        losses: mend.losses.iter().map(ToString::to_string).collect(),
    })
}

/// The schema that a version has: the model's for the newest, else what its migrations lead to.
///
/// # Errors
///
/// - `migration_failed`: the migrations don't run on an empty database.
pub fn expected_schema(bundle: &Bundle, version: i64) -> Result<Schema> {
    if version == bundle.latest() {
        return Ok(Schema::from_model(&bundle.model));
    }
    replay(bundle, version)
}

/// The schema that the migrations up to a version lead to, on an empty database in memory.
pub(super) fn replay(bundle: &Bundle, version: i64) -> Result<Schema> {
    let scratch = Connection::open_in_memory()?;
    scratch.pragma_update(None, "foreign_keys", false)?;
    scratch.execute_batch("BEGIN")?;
    for migration in bundle.migrations.iter().filter(|migration| migration.version <= version) {
        super::runner::run_script(&scratch, &migration.file_stem(), &migration.up)?;
    }
    Schema::read(&scratch)
}

fn replay_stored(history: &[history::Stored]) -> Result<Schema> {
    let mut scratch = Connection::open_in_memory()?;
    scratch.pragma_update(None, "foreign_keys", false)?;
    scratch.execute_batch("BEGIN")?;
    for stored in history {
        let name = format!("V{}__{}", stored.version, stored.name);
        let Some(up_sql) = &stored.up_sql else {
            let message = "its script is not stored in the database".to_owned();
            return Err(Error::MigrationMissing { migration: name, message });
        };
        let script = crate::sql::Script::parse(&name, up_sql)?;
        super::guard::guarded(&mut scratch, |c| super::runner::run_script(c, &name, &script))?;
    }
    Schema::read(&scratch)
}

/// Refuses where the live schema is not the expected one.
pub(super) fn check_schema(
    connection: &Connection,
    expected: &Schema,
    subject: impl FnOnce() -> &'static str,
) -> Result<()> {
    if expected.is_written_in(connection)? {
        return Ok(());
    }
    let live = Schema::read(connection)?;
    let differences: Vec<String> = diff(expected, &live).iter().map(ToString::to_string).collect();
    match differences.is_empty() {
        true => Ok(()),
        false => Err(Error::SchemaDrift { subject: subject().to_owned(), differences }),
    }
}
