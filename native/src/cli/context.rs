//! What all commands share: the file, its model, and how it is opened.

use std::path::Path;

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
        let database = freehold::open(self.path()?, source.bundle, options)?;
        Ok(database.with_source(&place))
    }
}

/// The seed set that an argument names; `none` names none.
pub fn seed_set(argument: &str) -> Option<&str> {
    Some(argument).filter(|set| *set != "none")
}
