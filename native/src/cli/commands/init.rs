//! `init` and `reset`: databases from the beginning.

use std::fs;
use std::path::{Path, PathBuf};

use freehold::database::Initialized;
use freehold::{Access, Database};
use serde_json::json;

use super::data::seed_text;
use super::migrate::run_text;
use crate::args::ModelArg;
use crate::context::{Context, seed_set};
use crate::progress::ProgressLine;
use crate::report::{Failure, Report, to_json};

/// Makes a database, or completes one.
pub fn init(context: &Context<'_>, model: &ModelArg, seed: &str) -> Result<Report, Failure> {
    let path = context.path()?;
    let is_new = !path.exists();
    if is_new && model.model.is_none() {
        let message =
            "which model? say --model NAME|PATH; `freehold models` lists the built-in ones";
        return Err(Failure::Usage(message.to_owned()));
    }
    let source = context.source(model)?;
    let made = context.open_with(Access::Create, source).and_then(|mut database| {
        let mut line = ProgressLine::new(context.json());
        let done = database.init(seed_set(seed), &mut |progress| line.show(progress))?;
        report(path, &database, &done)
    });
    if made.is_err() && is_new {
        remove_unused(path);
    }
    made
}

/// Removes everything and begins anew.
pub fn reset(
    context: &Context<'_>,
    yes: bool,
    seed: &str,
    model: &ModelArg,
) -> Result<Report, Failure> {
    let path = context.path()?;
    if !yes {
        let message = "reset removes every row and table of the file; say --yes if that is meant";
        return Err(Failure::Usage(message.to_owned()));
    }
    let mut database = context.open(Access::ReadWrite, model)?;
    let mut line = ProgressLine::new(context.json());
    let done = database.reset(seed_set(seed), &mut |progress| line.show(progress))?;
    report(path, &database, &done)
}

fn report(path: &Path, database: &Database, done: &Initialized) -> Result<Report, Failure> {
    let name = &database.bundle().model.name;
    let mut text = format!("{name} in {}\n", path.display());
    text += &run_text(&done.migrated, "applied");
    if let Some(seeded) = &done.seeded {
        text += &seed_text(seeded);
    }
    let mut json = json!({ "model": name, "file": path.display().to_string() });
    json["migrated"] = to_json(&done.migrated)?;
    json["seeded"] = to_json(done.seeded)?;
    Ok(Report::done(text, json))
}

/// Removes a file that was made here and holds nothing.
fn remove_unused(path: &Path) {
    if !matches!(freehold::model_in(path, 0), Ok(None)) {
        return;
    }
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.as_os_str().to_owned();
        file.push(suffix);
        // What can't be removed is an empty database, which `init` takes up again.
        let _ = fs::remove_file(PathBuf::from(file));
    }
}
