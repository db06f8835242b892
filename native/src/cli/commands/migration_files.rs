//! `migrate new`: writes a migration's files into a model's folder.

use std::path::Path;

use freehold::migrate::{self, NewMigration};
use freehold::{Bundle, Error, Place, SystemHost};
use serde_json::json;

use super::migrate::{changes_text, written_json};
use crate::report::{Failure, Report};

/// The first migration of a folder without any: databases that were made from the model alone have
/// it under this name.
const FIRST: &str = "V1__init.sql";

/// Writes the migration that leads from the folder's history to its model.
pub fn new(name: &str, model: &str, allow_data_loss: bool) -> Result<Report, Failure> {
    let source = freehold::resolve_model(model)?;
    let Place::Folder(folder) = &source.place else {
        let message = format!("`{model}` is no folder; a model's migrations lie in its folder");
        return Err(Error::InvalidArgument { argument: "--model".to_owned(), message }.into());
    };
    let is_first = !has_scripts(folder);
    let migration = match is_first {
        true => first(&source.bundle, name)?,
        false => migrate::create(&source.bundle, name, allow_data_loss, &SystemHost)?,
    };
    if migration.differences.is_empty() {
        let text = "nothing to write: the migrations lead to the model\n".to_owned();
        return Ok(Report::done(text, json!({ "wrote": [], "differences": [] })));
    }
    let wrote = freehold::write_migration(folder, &migration)?;
    let wrote = wrote.map(|path| path.display().to_string());
    let mut text: String = wrote.iter().map(|path| format!("wrote {path}\n")).collect();
    if is_first && name != "init" {
        text += "the first migration is called init, as databases made before it have it\n";
    }
    text +=
        &format!("what the model has and the migrations before had:\n{}", changes_text(&migration));
    Ok(Report::done(text, written_json(&migration, &wrote)?))
}

fn has_scripts(folder: &Path) -> bool {
    let entries = folder.join("up").read_dir().into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.path().extension().is_some_and(|ending| ending == "sql"))
}

/// Makes the model's tables, on an empty history.
fn first(bundle: &Bundle, name: &str) -> Result<NewMigration, Failure> {
    let empty = Bundle { migrations: Vec::new(), ..bundle.clone() };
    let migration = migrate::create(&empty, name, false, &SystemHost)?;
    Ok(NewMigration { file: FIRST.to_owned(), ..migration })
}
