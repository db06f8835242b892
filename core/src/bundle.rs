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
        let model = load_model(&files.model)?;
        let migrations = match files.up.is_empty() {
            true => vec![initial_migration(&model)?],
            false => read_migrations(files)?,
        };
        Ok(Bundle {
            model: Arc::new(model),
            model_text: files.model.as_str().into(),
            migrations,
            seeds: files.seeds.clone(),
        })
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

fn initial_migration(model: &Model) -> Result<Migration> {
    let schema = Schema::from_model(model);
    let down = schema.drop_sql().join("\n");
    Ok(Migration {
        version: 1,
        name: "init".to_owned(),
        up: Script::parse("V1__init.sql", &schema.create_sql().join("\n"))?,
        down: Some(Script::parse("V1__init.sql", &down)?),
    })
}

fn read_migrations(files: &BundleFiles) -> Result<Vec<Migration>> {
    let mut migrations: Vec<Migration> = Vec::new();
    for (file, text) in &files.up {
        let (version, name) = parse_file_name(file)?;
        if let Some(other) = migrations.iter().find(|other| other.version == version) {
            let message = format!("the version stands twice: {} has it too", other.file_stem());
            return Err(Error::InvalidMigration { migration: file.clone(), line: None, message });
        }
        let up = Script::parse(file, text)?;
        if up.statements().is_empty() {
            let message = "the script has no statement".to_owned();
            return Err(Error::InvalidMigration { migration: file.clone(), line: None, message });
        }
        let down = files.down.get(file).map(|text| Script::parse(file, text)).transpose()?;
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
