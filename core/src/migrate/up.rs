//! Up: applies pending migrations, all or none.

use rusqlite::Connection;
use serde::Serialize;

use super::adopt;
use super::backup::{BackupStore, Span, with_backup};
use super::drift::{check_schema, expected_schema};
use super::history::{self, Meta};
use super::runner;
use super::status::{State, check_history, check_model, current_version, status};
use crate::bundle::{Bundle, Migration};
use crate::error::{Error, Result};
use crate::host::{self, Host};
use crate::schema::{Schema, diff};

/// How far to go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// To the newest version.
    Latest,
    /// To this version.
    Version(i64),
}

/// What a run may use.
pub struct UpOptions<'o> {
    /// How far to go.
    pub target: Target,
    /// Where the backup before the run goes; none is made without it.
    pub backup: Option<&'o dyn BackupStore>,
    /// Hears of each migration before it is applied.
    pub progress: Option<&'o mut dyn FnMut(Progress<'_>)>,
    /// Where the model came from, to be remembered: `builtin`, or a path.
    pub source: Option<&'o str>,
}

impl Default for UpOptions<'_> {
    fn default() -> Self {
        UpOptions { target: Target::Latest, backup: None, progress: None, source: None }
    }
}

/// One migration about to run.
#[derive(Debug, Clone, Copy)]
pub struct Progress<'p> {
    /// The migration's file name without its ending.
    pub migration: &'p str,
    /// How many are done.
    pub done: usize,
    /// How many there are in this run.
    pub total: usize,
}

/// What a run did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The version before.
    pub from: String,
    /// The version after.
    pub to: String,
    /// The migrations that ran, in the order they ran.
    pub migrations: Vec<String>,
    /// Whether a pushed schema was taken as it is instead of running them.
    pub adopted: bool,
    /// The backup that was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
}

/// Applies the pending migrations in one transaction.
///
/// Atomic: the database has either the old schema or the new one, whatever fails and whenever the
/// process stops. Idempotent: with nothing pending it writes nothing, unless the model comes from
/// another place now.
///
/// # Errors
///
/// - `newer_database`: a newer build wrote the database.
/// - `other_model`: the database holds another model.
/// - `migration_diverged`, `migration_missing`: the history at hand is not the applied one, or
///   what a migration does to rows would be skipped, since its schema was pushed.
/// - `migration_failed`: a statement failed; the error names migration and line.
/// - `schema_drift`: the result would not be the expected schema.
/// - `backup_failed`: the backup before the run could not be made.
pub fn up(
    connection: &mut Connection,
    bundle: &Bundle,
    host: &dyn Host,
    mut options: UpOptions<'_>,
) -> Result<Run> {
    loop {
        let before = current_version(connection)?;
        match attempt(connection, bundle, host, &mut options) {
            // Another process was faster: what is pending is another matter now.
            Err(Error::Locked) if current_version(connection)? != before => {}
            result => return result,
        }
    }
}

/// One attempt: `locked` where another process migrated the database meanwhile.
fn attempt(
    connection: &mut Connection,
    bundle: &Bundle,
    host: &dyn Host,
    options: &mut UpOptions<'_>,
) -> Result<Run> {
    check_model(connection, bundle)?;
    let status = status(connection, bundle)?;
    check_history(&status, bundle)?;
    let current: i64 = status.current.parse().unwrap_or(0);
    let target = resolve_target(bundle, options.target, current)?;
    let pending: Vec<&Migration> = bundle
        .migrations
        .iter()
        .filter(|migration| migration.version > current && migration.version <= target)
        .collect();
    let initialized = history::read_meta(connection, Meta::Model)?.is_some();
    let mut run = Run {
        from: status.current.clone(),
        to: target.max(current).to_string(),
        migrations: pending.iter().map(|migration| migration.file_stem()).collect(),
        adopted: false,
        backup: None,
    };
    if pending.is_empty() && initialized {
        remember_source(connection, options.source)?;
        return Ok(run);
    }
    debug_assert!(status.migrations.iter().all(|entry| entry.state != State::Diverged));
    let adopt = status.pushed && target == bundle.latest() && {
        diff(&Schema::from_model(&bundle.model), &Schema::read(connection)?).is_empty()
    };
    if adopt {
        adopt::check(connection, &pending)?;
    }
    run.adopted = adopt;
    let mut silent = |_: Progress<'_>| {};
    let progress = match &mut options.progress {
        Some(progress) => &mut **progress,
        None => &mut silent,
    };
    let span = Span { from: current, to: target };
    let ((), backup) = with_backup(connection, options.backup, span, |connection| {
        if current_version(connection)? != current {
            return Err(Error::Locked);
        }
        history::prepare(connection)?;
        if adopt {
            adopt::record(connection, &pending)?;
        } else {
            runner::apply(connection, bundle, &pending, options.target, progress)?;
            let expected = expected_schema(bundle, target)?;
            check_schema(connection, &expected, || unexpected_result(bundle, target))?;
        }
        history::set_applied_on(connection, current, &host::now(host))?;
        remember_model(connection, bundle, options.source)
    })?;
    run.backup = backup;
    Ok(run)
}

fn resolve_target(bundle: &Bundle, target: Target, current: i64) -> Result<i64> {
    let Target::Version(version) = target else { return Ok(bundle.latest()) };
    let argument = "--to".to_owned();
    if bundle.migration(version).is_none() {
        let known: Vec<String> =
            bundle.migrations.iter().map(|migration| migration.version.to_string()).collect();
        let message = format!("there is no version {version}; there are: {}", known.join(", "));
        return Err(Error::InvalidArgument { argument, message });
    }
    if version < current {
        let message =
            format!("the database is at version {current}, past {version}; use `migrate down`");
        return Err(Error::InvalidArgument { argument, message });
    }
    Ok(version)
}

/// Why the result may differ: the migrations, or what was in the database before them.
fn unexpected_result(bundle: &Bundle, target: i64) -> &'static str {
    let replayed = super::drift::replay(bundle, target);
    let model = Schema::from_model(&bundle.model);
    let leads_elsewhere =
        target == bundle.latest() && replayed.is_ok_and(|schema| !diff(&model, &schema).is_empty());
    match leads_elsewhere {
        true => "the migrations don't lead to the model (`migrate new` writes what is missing)",
        false => {
            "the live schema was changed outside its migrations (`migrate diff` shows the SQL \
             that mends it)"
        }
    }
}

/// A model that moved is found in its new place from then on.
fn remember_source(connection: &Connection, source: Option<&str>) -> Result<()> {
    let known = history::read_meta(connection, Meta::ModelSource)?;
    match source {
        Some(_) if known.as_deref() != source => {
            history::write_meta(connection, Meta::ModelSource, source)
        }
        _ => Ok(()),
    }
}

pub(super) fn remember_model(
    connection: &Connection,
    bundle: &Bundle,
    source: Option<&str>,
) -> Result<()> {
    history::write_meta(connection, Meta::Model, Some(&bundle.model.name))?;
    if source.is_some() {
        history::write_meta(connection, Meta::ModelSource, source)?;
    }
    history::write_meta(connection, Meta::ModelText, Some(&bundle.model_text))?;
    history::write_meta(connection, Meta::Pushed, None)
}
