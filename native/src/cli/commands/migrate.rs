//! `migrate`: a database in its schema's history.

use freehold::migrate::{self, Drift, NewMigration, Run, State, Status, Target};
use freehold::{Access, Database, Error};
use serde_json::{Value, json};

use super::{generate, migration_files};
use crate::args::{Migrate, ModelArg};
use crate::context::Context;
use crate::progress::ProgressLine;
use crate::report::{Failure, Report, to_json};
use crate::table::render_texts;

/// Runs a command below `migrate`.
pub fn run(context: &Context<'_>, command: &Migrate) -> Result<Report, Failure> {
    match command {
        Migrate::Up { to, steps, model } => up(context, *to, *steps, model),
        Migrate::Down { to, steps, model } => down(context, *to, *steps, model),
        Migrate::Status { model } => {
            let status = context.open(Access::ReadOnly, model)?.status()?;
            Ok(Report::done(status_text(&status), to_json(status)?))
        }
        Migrate::Diff { model } => diff(context, model),
        Migrate::Verify { model } => verify(context, model),
        Migrate::Push { allow_data_loss, model } => push(context, *allow_data_loss, model),
        Migrate::Pull { out } => pull(context, out.as_deref()),
        Migrate::New { name, model, allow_data_loss } => {
            migration_files::new(name, model, *allow_data_loss)
        }
    }
}

fn up(
    context: &Context<'_>,
    to: Option<i64>,
    steps: Option<u32>,
    model: &ModelArg,
) -> Result<Report, Failure> {
    let mut database = context.open(Access::ReadWrite, model)?;
    let target = match (to, steps) {
        (Some(version), _) => Target::Version(version),
        (None, Some(steps)) => step_up(&database, steps)?,
        (None, None) => Target::Latest,
    };
    let mut line = ProgressLine::new(context.json());
    let run = database.migrate_up(target, &mut |progress| line.show(progress))?;
    Ok(Report::done(run_text(&run, "applied"), to_json(run)?))
}

fn down(
    context: &Context<'_>,
    to: Option<i64>,
    steps: Option<u32>,
    model: &ModelArg,
) -> Result<Report, Failure> {
    let mut database = context.open(Access::ReadWrite, model)?;
    let to = match to {
        Some(version) => version,
        None => step_down(&database, steps.unwrap_or(1))?,
    };
    let mut line = ProgressLine::new(context.json());
    let run = database.migrate_down(to, &mut |progress| line.show(progress))?;
    Ok(Report::done(run_text(&run, "undone"), to_json(run)?))
}

/// The version after so many of the pending migrations.
fn step_up(database: &Database, steps: u32) -> Result<Target, Failure> {
    let status = database.status()?;
    let pending = status.migrations.iter().filter(|entry| entry.state == State::Pending);
    match pending.take(to_count(steps)).last() {
        Some(entry) => Ok(Target::Version(version(&entry.version)?)),
        None => Ok(Target::Latest),
    }
}

/// The version before so many of the applied migrations.
fn step_down(database: &Database, steps: u32) -> Result<i64, Failure> {
    let status = database.status()?;
    let is_applied =
        |state: State| matches!(state, State::Applied | State::Missing | State::Diverged);
    let mut applied = status
        .migrations
        .iter()
        .rev()
        .filter(|entry| is_applied(entry.state))
        .skip(to_count(steps));
    applied.next().map_or(Ok(0), |entry| version(&entry.version))
}

fn to_count(steps: u32) -> usize {
    usize::try_from(steps).unwrap_or(usize::MAX)
}

fn version(text: &str) -> Result<i64, Failure> {
    let message = format!("the version {text} in the history");
    Ok(text.parse().map_err(|_| Error::Corrupt { message })?)
}

fn diff(context: &Context<'_>, model: &ModelArg) -> Result<Report, Failure> {
    let drift = context.open(Access::ReadOnly, model)?.drift()?;
    let found = !drift.differences.is_empty();
    Ok(Report { text: drift_text(&drift), json: to_json(drift)?, found })
}

fn verify(context: &Context<'_>, model: &ModelArg) -> Result<Report, Failure> {
    let source = context.source(model)?;
    let verified = migrate::verify(&source.bundle)?;
    let mut text: String = verified.findings.iter().map(|line| format!("{line}\n")).collect();
    if verified.findings.is_empty() {
        text += &format!(
            "{} migration(s) of {} lead to the model, and back\n",
            verified.migrations, source.bundle.model.name
        );
    }
    let found = !verified.findings.is_empty();
    Ok(Report { text, json: to_json(verified)?, found })
}

fn push(context: &Context<'_>, allow_data_loss: bool, model: &ModelArg) -> Result<Report, Failure> {
    let mut database = context.open(Access::ReadWrite, model)?;
    let pushed = database.push(allow_data_loss)?;
    let text = match pushed.differences.is_empty() {
        true => "nothing to push: the live schema is the model's\n".to_owned(),
        false => format!("{}\n{}", changes_text(&pushed), ended(&pushed.up)),
    };
    Ok(Report::done(text, to_json(pushed)?))
}

fn pull(context: &Context<'_>, out: Option<&std::path::Path>) -> Result<Report, Failure> {
    let pulled = freehold::pull_file(context.path()?, context.lock_timeout_ms())?;
    let notes: String = pulled.notes.iter().map(|note| format!("# {note}\n")).collect();
    let text = notes + &ended(&pulled.model);
    if let Some(path) = out {
        return generate::write_out(path, &text);
    }
    Ok(Report::done(text, to_json(pulled)?))
}

/// What a run did, a line each.
pub fn run_text(run: &Run, done: &str) -> String {
    if run.migrations.is_empty() {
        return format!("nothing to do: the database is at version {}\n", run.to);
    }
    let mut text = String::new();
    if let Some(backup) = &run.backup {
        text += &format!("backup in {backup}\n");
    }
    let done = if run.adopted { "adopted" } else { done };
    for migration in &run.migrations {
        text += &format!("{done} {migration}\n");
    }
    text + &format!("from version {} to {}\n", run.from, run.to)
}

/// What a new migration changes and loses, a line each.
pub fn changes_text(migration: &NewMigration) -> String {
    let differences = migration.differences.iter().map(|line| format!("  {line}\n"));
    let losses = migration.losses.iter().map(|line| format!("  loses: {line}\n"));
    differences.chain(losses).collect()
}

fn ended(text: &str) -> String {
    format!("{}\n", text.trim_end())
}

fn drift_text(drift: &Drift) -> String {
    if drift.differences.is_empty() {
        return format!("no drift: the live schema is that of version {}\n", drift.version);
    }
    let mut text = format!("the live schema is not that of version {}:\n", drift.version);
    drift.differences.iter().for_each(|line| text += &format!("  {line}\n"));
    drift.losses.iter().for_each(|line| text += &format!("  mending loses: {line}\n"));
    text + &format!("\n-- this mends it:\n{}", ended(&drift.mend_sql))
}

fn status_text(status: &Status) -> String {
    let rows: Vec<[String; 5]> = status
        .migrations
        .iter()
        .map(|entry| {
            let state = match to_json(entry.state) {
                Ok(Value::String(state)) => state,
                _ => String::new(),
            };
            let way_back = if entry.reversible { "yes" } else { "no" };
            [
                entry.version.clone(),
                entry.name.clone(),
                state,
                entry.applied_on.clone().unwrap_or_default(),
                way_back.to_owned(),
            ]
        })
        .collect();
    let mut text = render_texts(["version", "name", "state", "applied on", "way back"], &rows);
    text += &format!("\nat version {} of {}\n", status.current, status.latest);
    if status.newer {
        text += "a newer build wrote this database: it can be read and migrated down\n";
    }
    if status.pushed {
        text += "the schema was pushed past its migrations\n";
    }
    text
}

/// What a written migration answers to machines.
pub fn written_json(migration: &NewMigration, wrote: &[String]) -> Result<Value, Failure> {
    let mut json = json!({ "wrote": wrote });
    if let (Some(json), Value::Object(own)) = (json.as_object_mut(), to_json(migration)?) {
        json.extend(own);
    }
    Ok(json)
}
