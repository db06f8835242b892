//! Push: makes the live schema equal to the model without a migration. For development only.

use rusqlite::Connection;

use super::backup::{BackupStore, Span, with_backup};
use super::create::NewMigration;
use super::drift::check_schema;
use super::history::{self, Meta};
use super::runner::run_script;
use super::status::{State, Status, check_model, status};
use super::up::remember_model;
use crate::bundle::Bundle;
use crate::error::{Error, Result};
use crate::schema::{Difference, Renames, Schema, diff, plan};
use crate::sql::Script;

/// A push leads from no version to none.
const NOWHERE: Span = Span { from: 0, to: 0 };

/// Changes the live schema to the model's, in one transaction. The next `up` to the newest version
/// takes the schema as it is if the migrations by then lead to it.
///
/// # Errors
///
/// - `other_model`: the database holds another model.
/// - `migration_missing`: a migration is pending, and the push would skip what it does to the rows.
/// - `data_loss`: the change would lose data and may not.
/// - `migration_failed`: existing rows don't fit the new schema.
pub fn push(
    connection: &mut Connection,
    bundle: &Bundle,
    allow_data_loss: bool,
    store: Option<&dyn BackupStore>,
) -> Result<NewMigration> {
    check_model(connection, bundle)?;
    check_pending(&status(connection, bundle)?)?;
    let live = Schema::read(connection)?;
    let wanted = Schema::from_model(&bundle.model);
    let plan = plan(&live, &wanted, &Renames::default());
    let losses: Vec<String> = plan.losses.iter().map(ToString::to_string).collect();
    if !losses.is_empty() && !allow_data_loss {
        return Err(Error::DataLoss { losses });
    }
    let differences: Vec<String> = diff(&live, &wanted).iter().map(Difference::as_change).collect();
    let pushed =
        NewMigration { file: "push".to_owned(), up: plan.up, down: plan.down, differences, losses };
    if pushed.differences.is_empty() {
        return Ok(pushed);
    }
    let script = Script::parse("push", &pushed.up)?;
    with_backup(connection, store, NOWHERE, |connection| {
        history::prepare(connection)?;
        run_script(connection, "push", &script)?;
        check_schema(connection, &wanted, || "the push would not lead to the model")?;
        remember_model(connection, bundle, None)?;
        history::write_meta(connection, Meta::Pushed, Some("1"))
    })?;
    Ok(pushed)
}

/// Refuses to push past a pending migration: the next `up` would take the pushed schema for its
/// work and never run what it does to the rows. A database without a history has nothing to skip,
/// and one that was pushed already is past that point.
fn check_pending(status: &Status) -> Result<()> {
    let pending = status.migrations.iter().find(|entry| entry.state == State::Pending);
    match pending {
        Some(entry) if status.current != "0" && !status.pushed => Err(Error::MigrationMissing {
            migration: format!("V{}__{}", entry.version, entry.name),
            message: "the migration is pending; apply it with `migrate up` before the push"
                .to_owned(),
        }),
        _ => Ok(()),
    }
}

/// Removes everything in the database, history included, in one transaction.
///
/// # Errors
///
/// - `backup_failed`: the backup before it could not be made.
pub(crate) fn clear(connection: &mut Connection, store: Option<&dyn BackupStore>) -> Result<()> {
    let cleared = with_backup(connection, store, NOWHERE, |connection| {
        // A virtual table's own tables go with it.
        let sql = "SELECT type, name FROM main.sqlite_schema
                   WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'
                     AND name NOT IN (SELECT name FROM pragma_table_list
                                      WHERE schema = 'main' AND type = 'shadow')
                   ORDER BY type DESC";
        let mut statement = connection.prepare(sql)?;
        let objects = statement
            .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)))?
            .collect::<rusqlite::Result<Vec<_>>>()?;
        drop(statement);
        for (kind, name) in objects {
            let name = name.replace('"', "\"\"");
            connection.execute_batch(&format!("DROP {kind} main.\"{name}\""))?;
        }
        Ok(())
    });
    cleared.map(|_| ())
}
