//! Verify: proves on an empty database in memory that a bundle's migrations are sound.

use rusqlite::Connection;
use serde::Serialize;

use super::runner::run_script;
use super::transaction::in_transaction;
use crate::bundle::{Bundle, Migration};
use crate::error::Result;
use crate::schema::{Schema, diff};

/// What the proof found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verified {
    /// How many migrations were run up, down and up again.
    pub migrations: usize,
    /// What is wrong, one line each; nothing where all is sound.
    pub findings: Vec<String>,
}

/// Runs every migration up, down and up again, and compares the schemas; compares the last one
/// with the model.
///
/// # Errors
///
/// None of the migrations' own mistakes: they are findings.
pub fn verify(bundle: &Bundle) -> Result<Verified> {
    let mut connection = Connection::open_in_memory()?;
    let mut verified = Verified { migrations: bundle.migrations.len(), findings: Vec::new() };
    for migration in &bundle.migrations {
        let findings = verify_one(&mut connection, migration)?;
        let stopped = !findings.is_empty();
        verified.findings.extend(findings);
        if stopped {
            return Ok(verified);
        }
    }
    let model = Schema::from_model(&bundle.model);
    let live = Schema::read(&connection)?;
    let differences = diff(&model, &live);
    verified.findings.extend(
        differences
            .iter()
            .map(|difference| format!("the migrations don't lead to the model: {difference}")),
    );
    Ok(verified)
}

fn verify_one(connection: &mut Connection, migration: &Migration) -> Result<Vec<String>> {
    let name = migration.file_stem();
    let before = Schema::read(connection)?;
    if let Err(error) = in_transaction(connection, |c| run_script(c, &name, &migration.up)) {
        return Ok(vec![format!("{name}: {error}")]);
    }
    let after = Schema::read(connection)?;
    let Some(down) = &migration.down else {
        return Ok(vec![format!("{name}: there is no down script")]);
    };
    if let Err(error) = in_transaction(connection, |c| run_script(c, &name, down)) {
        return Ok(vec![format!("{name}, down: {error}")]);
    }
    let mut findings = Vec::new();
    let back = diff(&before, &Schema::read(connection)?);
    findings.extend(back.iter().map(|d| format!("{name}: down does not lead back: {d}")));
    if let Err(error) = in_transaction(connection, |c| run_script(c, &name, &migration.up)) {
        findings.push(format!("{name}, up again: {error}"));
        return Ok(findings);
    }
    let again = diff(&after, &Schema::read(connection)?);
    findings.extend(again.iter().map(|d| format!("{name}: up again leads elsewhere: {d}")));
    Ok(findings)
}
