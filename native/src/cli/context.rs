//! What all commands share: the file, its model, and how it is opened.

use std::env;
use std::path::Path;

use freehold::crypto::MasterKey;
use freehold::{Access, Bundle, Database, Error, OpenOptions, Place, Source};

use crate::args::{Cli, ModelArg};
use crate::report::Failure;

/// The options that every command has.
pub struct Context<'c> {
    cli: &'c Cli,
}

impl<'c> Context<'c> {
    /// The context of a command line.
    pub fn new(cli: &'c Cli) -> Context<'c> {
        Context { cli }
    }

    /// Whether the answer is for machines.
    pub fn json(&self) -> bool {
        self.cli.json
    }

    /// How long to wait for another process that holds the file.
    pub fn lock_timeout_ms(&self) -> u32 {
        self.cli.lock_timeout
    }

    /// The database file.
    pub fn path(&self) -> Result<&'c Path, Failure> {
        let message = "which file? say --db FILE, or set FREEHOLD_DB";
        self.cli.db.as_deref().ok_or_else(|| Failure::Usage(message.to_owned()))
    }

    /// The model to follow: the one named, else the one that the file says it holds.
    pub fn source(&self, model: &ModelArg) -> Result<Source, Failure> {
        if let Some(model) = &model.model {
            return Ok(freehold::resolve_model(model)?);
        }
        if self.cli.db.is_none() {
            let message =
                "which model? say --model NAME|PATH, or --db FILE for the model of a file";
            return Err(Failure::Usage(message.to_owned()));
        }
        let info = freehold::model_in(self.path()?, self.cli.lock_timeout)?
            .ok_or(Error::NotInitialized)?;
        match info.source.as_deref() {
            None | Some("builtin") => {
                Ok(Source { bundle: Bundle::builtin(&info.name)?, place: Place::Builtin })
            }
            Some(path) if Path::new(path).is_absolute() && Path::new(path).exists() => {
                if !is_at_hand(Path::new(path)) {
                    return Err(not_at_hand(&info.name, path).into());
                }
                Ok(freehold::resolve_model(path)?)
            }
            Some(path) => {
                let message = format!(
                    "the model `{}` of this database came from {path}, where nothing is now; say \
                     where it is with --model PATH",
                    info.name
                );
                Err(Error::Io { message }.into())
            }
        }
    }

    /// Opens the file with the model.
    pub fn open(&self, access: Access, model: &ModelArg) -> Result<Database, Failure> {
        self.path()?;
        let source = self.source(model)?;
        self.open_with(access, source)
    }

    /// Opens the file with a model that is at hand.
    pub fn open_with(&self, access: Access, source: Source) -> Result<Database, Failure> {
        let options = OpenOptions {
            access,
            busy_timeout_ms: self.cli.lock_timeout,
            ..OpenOptions::default()
        };
        let place = source.place.to_text()?;
        let key = self.master_key()?;
        let database = freehold::open(self.path()?, source.bundle, options)?.with_source(&place);
        match key {
            None => Ok(database),
            Some(key) => Ok(database.with_master_key(key)?),
        }
    }

    /// The master key: of the file that is named, else of the environment.
    fn master_key(&self) -> Result<Option<MasterKey>, Failure> {
        if let Some(path) = &self.cli.key_file {
            return read_key(path).map(Some);
        }
        match env::var(KEY_VARIABLE) {
            Ok(text) if !text.is_empty() => Ok(Some(MasterKey::parse(&text)?)),
            Err(env::VarError::NotUnicode(_)) => Ok(Some(MasterKey::parse("")?)),
            _ => Ok(None),
        }
    }
}

/// Whether a path lies in the folder that the tool runs in: what a file from somebody else names
/// anywhere else is not loaded unasked.
fn is_at_hand(path: &Path) -> bool {
    let (Ok(path), Ok(here)) = (path.canonicalize(), env::current_dir()) else { return false };
    let here = here.canonicalize().unwrap_or(here);
    here.parent().is_some() && path.starts_with(here)
}

fn not_at_hand(model: &str, path: &str) -> Error {
    Error::InvalidArgument {
        argument: "--model".to_owned(),
        message: format!(
            "this database says that its model `{model}` is in {path}, which is not in the folder \
             you are in; if you trust it, say --model {path}, or set FREEHOLD_MODEL"
        ),
    }
}

/// Where the master key is, unless a file is named.
const KEY_VARIABLE: &str = "FREEHOLD_KEY";

/// The master key in a file.
pub fn read_key(path: &Path) -> Result<MasterKey, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Error::Io { message: format!("{}: {error}", path.display()) })?;
    Ok(MasterKey::parse(&text)?)
}

/// The seed set that an argument names; `none` names none.
pub fn seed_set(argument: &str) -> Option<&str> {
    Some(argument).filter(|set| *set != "none")
}
