//! Models from where people keep them: a built-in name, a folder, or a single file.
//!
//! A folder has `model.toml` (or `model.json`), and where there are any, `up/`, `down/` and
//! `seeds/`. The path of such a model file stands for its folder. A model file of any other name
//! stands for itself: a model without migrations and seeds.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use freehold_core::bundle::BundleFiles;
use freehold_core::migrate::NewMigration;
use freehold_core::{Bundle, Error, Problem, Result};

const MODEL_FILES: [&str; 2] = ["model.toml", "model.json"];

/// A bundle and where it came from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The bundle.
    pub bundle: Bundle,
    /// Where it came from.
    pub place: Place,
}

/// Where a bundle came from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Place {
    /// It is built in.
    Builtin,
    /// A folder; the path is absolute.
    Folder(PathBuf),
    /// A single model file; the path is absolute.
    File(PathBuf),
}

impl Place {
    /// The place as a database remembers it: `builtin`, or an absolute path.
    ///
    /// # Errors
    ///
    /// - `invalid_argument`: the path is not UTF-8.
    pub fn to_text(&self) -> Result<String> {
        let path = match self {
            Place::Builtin => return Ok("builtin".to_owned()),
            Place::Folder(path) | Place::File(path) => path,
        };
        let text = path.to_str().ok_or_else(|| Error::InvalidArgument {
            argument: "--model".to_owned(),
            message: format!("the path {} is not UTF-8", path.display()),
        })?;
        Ok(text.to_owned())
    }
}

/// Finds a model by the name of a built-in one, or else by its path. A built-in model's name wins
/// over a folder of the same name, which `./name` reaches.
///
/// # Errors
///
/// - `unknown_model`: there is neither.
/// - those of [`bundle_from_dir`].
///
/// # Example
///
/// ```
/// let source = freehold::resolve_model("workflow")?;
/// assert_eq!(source.place, freehold::Place::Builtin);
/// # Ok::<(), freehold::Error>(())
/// ```
pub fn resolve_model(name_or_path: &str) -> Result<Source> {
    let builtin = match Bundle::builtin(name_or_path) {
        Ok(bundle) => return Ok(Source { bundle, place: Place::Builtin }),
        Err(error) => error,
    };
    let path = Path::new(name_or_path);
    let is_path = name_or_path.contains(['/', '\\', '.']) || path.exists();
    if !is_path {
        return Err(builtin);
    }
    let path = fs::canonicalize(path).map_err(|error| unreadable(path, &error))?;
    let is_model_file =
        path.is_file() && MODEL_FILES.iter().any(|name| path.file_name() == Some(name.as_ref()));
    let folder = match path.parent() {
        Some(parent) if is_model_file => parent,
        _ => &path,
    };
    let bundle = bundle_from_dir(folder)?;
    let place = match folder.is_dir() {
        true => Place::Folder(folder.to_owned()),
        false => Place::File(path),
    };
    Ok(Source { bundle, place })
}

/// Loads a bundle from a folder, or a model alone from a single file.
///
/// # Errors
///
/// - `io`: something can't be read, or there is no model file.
/// - `invalid_model`, `invalid_migration`, `invalid_seed`: a file is not UTF-8 or has mistakes.
pub fn bundle_from_dir(path: impl AsRef<Path>) -> Result<Bundle> {
    let path = path.as_ref();
    let metadata = path.metadata().map_err(|error| unreadable(path, &error))?;
    if !metadata.is_dir() {
        return Bundle::from_model_text(&read_model(path)?);
    }
    let mut seeds = BTreeMap::new();
    for (file, text) in read_files(&path.join("seeds"), ".toml", invalid_seed)? {
        seeds.insert(file.trim_end_matches(".toml").to_owned(), text);
    }
    Bundle::from_files(&BundleFiles {
        model: read_model(&model_file(path)?)?,
        up: read_files(&path.join("up"), ".sql", invalid_migration)?,
        down: read_files(&path.join("down"), ".sql", invalid_migration)?,
        seeds,
    })
}

/// Writes both scripts of a new migration into a model's folder, or neither; their paths.
///
/// # Errors
///
/// - `io`: there is such a file already, or the folder can't be written.
pub fn write_migration(folder: &Path, migration: &NewMigration) -> Result<[PathBuf; 2]> {
    let scripts = [("up", &migration.up), ("down", &migration.down)];
    let mut written: Vec<PathBuf> = Vec::new();
    for (direction, text) in scripts {
        let path = folder.join(direction).join(&migration.file);
        let result = fs::create_dir_all(folder.join(direction))
            .and_then(|()| fs::File::create_new(&path))
            .and_then(|mut file| {
                written.push(path.clone());
                file.write_all(text.as_bytes())
            });
        if let Err(error) = result {
            for path in &written {
                let _ = fs::remove_file(path);
            }
            return Err(unreadable(&path, &error));
        }
    }
    Ok(scripts.map(|(direction, _)| folder.join(direction).join(&migration.file)))
}

fn model_file(folder: &Path) -> Result<PathBuf> {
    let found: Vec<PathBuf> =
        MODEL_FILES.iter().map(|name| folder.join(name)).filter(|path| path.exists()).collect();
    match &found[..] {
        [path] => Ok(path.clone()),
        [] => Err(Error::Io {
            message: format!("{} has neither model.toml nor model.json", folder.display()),
        }),
        _ => Err(Error::Io {
            message: format!(
                "{} has both model.toml and model.json; keep one of them",
                folder.display()
            ),
        }),
    }
}

fn read_model(path: &Path) -> Result<String> {
    read_text(path, |line, message| Error::InvalidModel {
        problems: vec![Problem {
            path: path.display().to_string(),
            line: Some(line),
            column: None,
            code: "not_utf8",
            message,
        }],
    })
}

fn invalid_migration(file: &str, line: usize, message: String) -> Error {
    Error::InvalidMigration { migration: file.to_owned(), line: Some(line), message }
}

fn invalid_seed(file: &str, line: usize, message: String) -> Error {
    let set = file.trim_end_matches(".toml").to_owned();
    Error::InvalidSeed { set, path: format!("line {line}"), message }
}

/// The texts of a folder's files of one kind, by name; none where there is no folder.
fn read_files(
    folder: &Path,
    ending: &str,
    invalid: fn(&str, usize, String) -> Error,
) -> Result<BTreeMap<String, String>> {
    let mut texts = BTreeMap::new();
    if !folder.exists() {
        return Ok(texts);
    }
    let entries = fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let Some(file) = path.file_name().and_then(|name| name.to_str()) else { continue };
        if !file.ends_with(ending) || file.starts_with('.') {
            continue;
        }
        let text = read_text(&path, |line, message| invalid(file, line, message))?;
        texts.insert(file.to_owned(), text);
    }
    Ok(texts)
}

/// A file's text, without the mark that some editors put before it.
fn read_text(path: &Path, not_utf8: impl FnOnce(usize, String) -> Error) -> Result<String> {
    let bytes = fs::read(path).map_err(|error| unreadable(path, &error))?;
    let text = String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        let line = 1 + error.as_bytes()[..at].iter().filter(|byte| **byte == b'\n').count();
        not_utf8(line, format!("the byte at position {at} is not UTF-8; save the file as UTF-8"))
    })?;
    Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text))
}

fn unreadable(path: &Path, error: &io::Error) -> Error {
    Error::Io { message: format!("{}: {error}", path.display()) }
}
