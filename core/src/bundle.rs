//! A bundle: a model with its migrations and seed sets, as one value.
//!
//! The built-in models and a user's own, from a folder or given at run time, are all bundles, so
//! that each has everything that the others have.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Problem, Result};
use crate::model::{Model, locate};
use crate::schema::Schema;
use crate::sql::Script;
use crate::validate::default_problems;

/// A model with its migrations and seed sets.
#[derive(Debug, Clone)]
pub struct Bundle {
    /// The model, shared by all that reads it.
    pub model: Arc<Model>,
    /// The model's text as it was given, TOML or JSON: what a database remembers of it.
    pub model_text: Arc<str>,
    /// The migrations, by version.
    pub migrations: Vec<Migration>,
    /// The seed sets' texts (TOML), by name.
    pub seeds: BTreeMap<String, String>,
}

/// One step of a schema's history.
#[derive(Debug, Clone)]
pub struct Migration {
    /// The version: a number, mostly a time such as 20250729144819.
    pub version: i64,
    /// The name, such as `add_organizations_teams`.
    pub name: String,
    /// What leads to this version.
    pub up: Script,
    /// What leads back to the version before, where there is a way back.
    pub down: Option<Script>,
}

/// A bundle's files: names and texts, as they lie in a folder or come from JavaScript.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BundleFiles {
    /// The model's text, TOML or JSON.
    pub model: String,
    /// The up scripts: file name (`V1__init.sql`) and text.
    #[serde(default)]
    pub up: BTreeMap<String, String>,
    /// The down scripts, named like the up scripts.
    #[serde(default)]
    pub down: BTreeMap<String, String>,
    /// The seed sets: name (`development`) and text.
    #[serde(default)]
    pub seeds: BTreeMap<String, String>,
}

impl Bundle {
    /// The built-in model of this name.
    ///
    /// # Errors
    ///
    /// - `unknown_model`: there is none of this name; the error lists those there are.
    ///
    /// # Example
    ///
    /// ```
    /// let bundle = freehold_core::Bundle::builtin("workflow")?;
    /// assert_eq!(bundle.model.name, "workflow");
    /// # Ok::<(), freehold_core::Error>(())
    /// ```
    pub fn builtin(name: &str) -> Result<Bundle> {
        let found = freehold_migrations::MODELS.iter().find(|model| model.name == name);
        let Some(found) = found else {
            return Err(Bundle::unknown(name));
        };
        let own = |files: &[(&str, &str)]| {
            files.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
        };
        Bundle::from_files(&BundleFiles {
            model: found.model.to_owned(),
            up: own(found.up),
            down: own(found.down),
            seeds: own(found.seeds),
        })
    }

    /// The error that says which built-in models there are, since there is none of this name.
    pub fn unknown(name: &str) -> Error {
        let known = freehold_migrations::NAMES.iter().map(|known| (*known).to_owned()).collect();
        Error::UnknownModel { name: name.to_owned(), known }
    }

    /// The names of the built-in models that are part of this program.
    pub fn builtin_names() -> impl Iterator<Item = &'static str> {
        freehold_migrations::MODELS.iter().map(|model| model.name)
    }

    /// Loads a bundle from its files. Without migrations it gets one, `V1__init`, that makes the
    /// model's tables.
    ///
    /// # Errors
    ///
    /// - `invalid_model`: the model has mistakes; all of them are listed.
    /// - `invalid_migration`: a script's name or text is not usable.
    pub fn from_files(files: &BundleFiles) -> Result<Bundle> {
        let model = Arc::new(load_model(&files.model)?);
        let migrations = match files.up.is_empty() {
            true => vec![initial_migration(&model)],
            false => read_migrations(files, Script::parse)?,
        };
        if let Some(empty) = migrations.iter().find(|step| step.up.statements().is_empty()) {
            let migration = empty.up.name().to_owned();
            let message = "the script has no statement".to_owned();
            return Err(Error::InvalidMigration { migration, line: None, message });
        }
        Ok(Bundle::of(model, files, migrations))
    }

    /// Loads a bundle that this build has loaded before, from files that are the same byte for
    /// byte, with a model that is JSON. It is not checked again: see [`Model::from_checked_json`].
    ///
    /// # Errors
    ///
    /// - those of [`Bundle::from_files`], as far as they are noticed.
    pub fn from_checked_files(files: &BundleFiles) -> Result<Bundle> {
        let model = Arc::new(Model::from_checked_json(&files.model)?);
        let migrations = match files.up.is_empty() {
            true => vec![initial_migration(&model)],
            false => read_migrations(files, |name, text| {
                let text = text.to_owned();
                Ok(Script::of_checked(name, move || text))
            })?,
        };
        Ok(Bundle::of(model, files, migrations))
    }

    fn of(model: Arc<Model>, files: &BundleFiles, migrations: Vec<Migration>) -> Bundle {
        let model_text = files.model.as_str().into();
        Bundle { model, model_text, migrations, seeds: files.seeds.clone() }
    }

    /// A bundle of a model alone, with one migration that makes its tables.
    ///
    /// # Errors
    ///
    /// - `invalid_model`: the model has mistakes; all of them are listed.
    pub fn from_model_text(text: &str) -> Result<Bundle> {
        Bundle::from_files(&BundleFiles { model: text.to_owned(), ..BundleFiles::default() })
    }

    /// The newest version; 0 where there are no migrations.
    pub fn latest(&self) -> i64 {
        self.migrations.last().map_or(0, |migration| migration.version)
    }

    /// The migration of this version.
    pub fn migration(&self, version: i64) -> Option<&Migration> {
        self.migrations.iter().find(|migration| migration.version == version)
    }
}

impl Migration {
    /// The file name without its ending: `V1__init`.
    pub fn file_stem(&self) -> String {
        format!("V{}__{}", self.version, self.name)
    }
}

/// Loads a model and checks what only its validators and its schema can say: that defaults keep
/// their columns' rules, and that no index is named like a table.
///
/// # Errors
///
/// - `invalid_model`: the model has mistakes; all of them are listed.
pub(crate) fn load_model(text: &str) -> Result<Model> {
    let model = Model::from_text(text)?;
    let mut problems = default_problems(&model);
    // Those are the endings of indexes' names.
    let is_like_an_index = |name: &str| name.ends_with("_idx") || name.ends_with("_key");
    if model.tables.iter().any(|table| is_like_an_index(&table.name)) {
        let indexes = Schema::from_model(&model).indexes;
        let taken = model.tables.iter().filter_map(|table| indexes.get(&table.name));
        problems.extend(taken.map(|index| Problem {
            path: format!("tables.{}", index.name),
            line: None,
            column: None,
            code: "duplicate",
            message: format!("an index of `{}` has this name", index.table),
        }));
    }
    locate(text, &mut problems);
    match problems.is_empty() {
        true => Ok(model),
        false => Err(Error::InvalidModel { problems }),
    }
}

fn initial_migration(model: &Arc<Model>) -> Migration {
    let script = |sql: fn(&Schema) -> Vec<String>| {
        let model = model.clone();
        Script::of_checked("V1__init.sql", move || sql(&Schema::from_model(&model)).join("\n"))
    };
    let (up, down) = (script(Schema::create_sql), Some(script(Schema::drop_sql)));
    Migration { version: 1, name: "init".to_owned(), up, down }
}

/// Reads a script of a name and a text.
type ReadScript = fn(&str, &str) -> Result<Script>;

fn read_migrations(files: &BundleFiles, read: ReadScript) -> Result<Vec<Migration>> {
    let mut migrations: Vec<Migration> = Vec::new();
    for (file, text) in &files.up {
        let (version, name) = parse_file_name(file)?;
        if let Some(other) = migrations.iter().find(|other| other.version == version) {
            let message = format!("the version stands twice: {} has it too", other.file_stem());
            return Err(Error::InvalidMigration { migration: file.clone(), line: None, message });
        }
        let up = read(file, text)?;
        let down = files.down.get(file).map(|text| read(file, text)).transpose()?;
        migrations.push(Migration { version, name: name.to_owned(), up, down });
    }
    if let Some(file) = files.down.keys().find(|file| !files.up.contains_key(*file)) {
        let message = "there is a down script and no up script of this name".to_owned();
        return Err(Error::InvalidMigration { migration: file.clone(), line: None, message });
    }
    migrations.sort_by_key(|migration| migration.version);
    Ok(migrations)
}

/// `V<version>__<name>.sql`: digits, then ASCII letters, digits and underscores.
fn parse_file_name(file: &str) -> Result<(i64, &str)> {
    let parse = || {
        let (version, name) = file.strip_suffix(".sql")?.strip_prefix('V')?.split_once("__")?;
        let digits = version.bytes().all(|byte| byte.is_ascii_digit());
        let word = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let version = version.parse().ok().filter(|version| digits && *version > 0)?;
        (word && !name.is_empty()).then_some((version, name))
    };
    parse().ok_or_else(|| Error::InvalidMigration {
        migration: file.to_owned(),
        line: None,
        message: "a script is named like V20250729144819__init.sql".to_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_checked_loads_as_it_did() {
        for name in Bundle::builtin_names() {
            let checked = Bundle::builtin(name).expect("a built-in model is right");
            let texts = |of: fn(&Migration) -> Option<&Script>| {
                let named = |migration: &Migration| {
                    Some((format!("{}.sql", migration.file_stem()), of(migration)?.text().into()))
                };
                checked.migrations.iter().filter_map(named).collect()
            };
            let files = BundleFiles {
                model: checked.model.to_json().to_string(),
                up: texts(|migration| Some(&migration.up)),
                down: texts(|migration| migration.down.as_ref()),
                seeds: checked.seeds.clone(),
            };
            let again = Bundle::from_checked_files(&files).expect("it was right before");
            assert_eq!(again.model.to_json(), checked.model.to_json(), "{name}");
            for (later, first) in again.migrations.iter().zip(&checked.migrations) {
                assert_eq!(later.file_stem(), first.file_stem());
                assert_eq!(later.up.normalized(), first.up.normalized());
                assert_eq!(later.up.statements(), first.up.statements());
                assert_eq!(later.down, first.down);
            }
            assert_eq!(again.migrations.len(), checked.migrations.len(), "{name}");
        }
    }

    #[test]
    fn what_cannot_be_read_is_refused_though_it_was_said_to_be_checked() {
        for model in ["", "{", "[]", r#"{"name": "a"}"#] {
            let files = BundleFiles { model: model.to_owned(), ..BundleFiles::default() };
            let refused = Bundle::from_checked_files(&files).expect_err(model);
            assert_eq!(refused.code(), "invalid_model", "{model}");
        }
    }
}
