//! A database: one connection, the bundle that it follows and the host that it runs on.
//!
//! A host opens the connection and hands it over; from then on it is reached only through the
//! handles given out here.

mod checks;
mod database_file;
mod gathered;
mod journal;
mod keys;
mod newer;
mod records;
mod restore;
mod resume;
mod sessions;
mod standing;

use std::cell::Cell;
use std::sync::Arc;

use rusqlite::Connection;
use rusqlite::config::DbConfig;
use serde::Serialize;

use crate::bundle::Bundle;
use crate::error::{Error, Result};
use crate::gateway::Gateway;
use crate::host::Host;
use crate::migrate::{
    self, BackupStore, DownOptions, Drift, Meta, NewMigration, Progress, Run, Status, Target,
    UpOptions,
};
use crate::owner::{Engine, Owner, audited};
use crate::seed::{self, SeedReport};
use crate::session::KeptActors;

pub use gathered::gather_log;
pub use journal::{Log, log_exclusively};
pub use keys::Shredded;
pub use restore::proven_backup;

/// An open database.
///
/// Whatever changes the schema takes it mutably, so that no handle is alive meanwhile.
///
/// # Example
///
/// ```
/// # use freehold_core::{Bundle, Database, host::Host};
/// # struct Fixed;
/// # impl Host for Fixed {
/// #     fn now_ms(&self) -> i64 { 1_750_000_000_000 }
/// #     fn fill_random(&self, buffer: &mut [u8]) { buffer.fill(7) }
/// # }
/// let connection = rusqlite::Connection::open_in_memory()?;
/// let mut database = Database::open(connection, Bundle::builtin("workflow")?, Box::new(Fixed))?;
/// database.init(Some("development"), &mut |_| {})?;
/// let users = database.owner()?.count("users", None)?;
/// assert_eq!(users, 2);
/// # Ok::<(), freehold_core::Error>(())
/// ```
pub struct Database {
    /// Before the engine, so that its statements are gone when the connection is closed.
    gateway: Gateway,
    engine: Engine,
    bundle: Arc<Bundle>,
    /// Who had a session lately.
    actors: KeptActors,
    pages: standing::Pages,
    /// Whether the database was seen to hold the model, since other connections or a change of the
    /// schema were last noticed.
    initialized: Cell<bool>,
    /// The database's version, where it is newer than this build.
    newer: Cell<Option<i64>>,
    /// Whether SQLite refuses writes.
    is_query_only: Cell<bool>,
    /// SQLite's count of what other connections committed, when that was last looked at.
    seen: Cell<i64>,
    backups: Option<Box<dyn BackupStore>>,
    source: Option<String>,
}

/// What `init` did.
#[derive(Debug, Clone, Serialize)]
pub struct Initialized {
    /// The migrations that ran.
    pub migrated: Run,
    /// What was seeded, if anything was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seeded: Option<SeedReport>,
}

impl Database {
    /// Takes an open connection and sets it up. Writes nothing to the file. Databases may share a
    /// bundle.
    ///
    /// # Errors
    ///
    /// - `not_a_database`, `corrupt`: the file can't be read.
    /// - `other_model`: the database holds another model than the bundle's.
    pub fn open(
        connection: Connection,
        bundle: impl Into<Arc<Bundle>>,
        host: Box<dyn Host + Send>,
    ) -> Result<Database> {
        configure(&connection)?;
        let bundle = bundle.into();
        let mut engine = Engine::new(connection, bundle.model.clone(), host)?;
        engine.latest = bundle.latest();
        let database = Database {
            gateway: Gateway::new(bundle.model.clone()),
            engine,
            bundle,
            actors: KeptActors::default(),
            pages: standing::Pages::default(),
            initialized: Cell::new(false),
            newer: Cell::new(None),
            is_query_only: Cell::new(false),
            seen: Cell::new(0),
            backups: None,
            source: None,
        };
        if let Some(found) = model_of(&database.engine.connection)?
            && found.name != database.bundle.model.name
        {
            let expected = database.bundle.model.name.clone();
            return Err(Error::OtherModel { found: found.name, expected });
        }
        database.look_for_newer()?;
        Ok(database)
    }

    /// Says where the backups before a run go. Without it none are made.
    #[must_use]
    pub fn with_backups(self, store: Box<dyn BackupStore>) -> Database {
        Database { backups: Some(store), ..self }
    }

    /// Says where the model came from, to be remembered in the database: `builtin`, or a path.
    #[must_use]
    pub fn with_source(self, source: &str) -> Database {
        Database { source: Some(source.to_owned()), ..self }
    }

    /// The bundle that the database follows.
    pub fn bundle(&self) -> &Bundle {
        &self.bundle
    }

    /// The unrestricted handle of whoever holds the file. Not for app code: it reaches all tenants.
    ///
    /// # Errors
    ///
    /// - `not_initialized`: the database holds no model yet.
    pub fn owner(&self) -> Result<Owner<'_>> {
        self.check_initialized()?;
        Ok(Owner::new(&self.engine).guarding(self.newer()))
    }

    /// Completes what is missing: applies pending migrations, and seeds a set.
    ///
    /// Each of the two is atomic and idempotent.
    ///
    /// # Errors
    ///
    /// - those of `migrate::up` and of `seed`.
    pub fn init(
        &mut self,
        set: Option<&str>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Initialized> {
        // A mistyped set is noticed before anything is written.
        set.map(|set| self.seed_text(set)).transpose()?;
        let migrated = self.migrate_up(Target::Latest, progress)?;
        let seeded = set.map(|set| self.seed(set)).transpose()?;
        Ok(Initialized { migrated, seeded })
    }

    /// Seeds a set of the bundle. Running it twice changes nothing; edits of seeded rows stay.
    ///
    /// # Errors
    ///
    /// - `invalid_seed`: there is no such set, or it is broken; nothing was written.
    /// - `newer_database`, `not_initialized`.
    pub fn seed(&self, set: &str) -> Result<SeedReport> {
        self.check_writable()?;
        let text = self.seed_text(set)?;
        seed::apply(&self.owner()?, set, text)
    }

    /// Where the database stands in its history.
    ///
    /// # Errors
    ///
    /// - `corrupt`: the history can't be read.
    pub fn status(&self) -> Result<Status> {
        migrate::status(&self.engine.connection, &self.bundle)
    }

    /// Applies pending migrations; see [`migrate::up`].
    ///
    /// # Errors
    ///
    /// - those of [`migrate::up`].
    pub fn migrate_up(
        &mut self,
        target: Target,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Run> {
        let options = UpOptions {
            target,
            backup: self.backups.as_deref(),
            progress: Some(progress),
            source: self.source.as_deref(),
        };
        self.before_schema_change()?;
        migrate::up(&mut self.engine.connection, &self.bundle, &*self.engine.host, options)
    }

    /// Undoes migrations; see [`migrate::down`].
    ///
    /// # Errors
    ///
    /// - those of [`migrate::down`].
    pub fn migrate_down(&mut self, to: i64, progress: &mut dyn FnMut(Progress<'_>)) -> Result<Run> {
        let options = DownOptions { to, backup: self.backups.as_deref(), progress: Some(progress) };
        self.before_schema_change()?;
        // Going back is the one write that a database newer than this build takes.
        self.set_query_only(false)?;
        let run = migrate::down(&mut self.engine.connection, &self.bundle, options);
        self.look_for_newer()?;
        run
    }

    /// How the live schema differs from the expected one.
    ///
    /// # Errors
    ///
    /// - those of [`migrate::drift`].
    pub fn drift(&self) -> Result<Drift> {
        migrate::drift(&self.engine.connection, &self.bundle)
    }

    /// Writes the live schema down as a model; see [`migrate::pull`].
    ///
    /// # Errors
    ///
    /// - those of [`migrate::pull`].
    pub fn pull(&self) -> Result<migrate::Pulled> {
        migrate::pull(&self.engine.connection)
    }

    /// Makes the live schema equal to the model without a migration; for development only.
    ///
    /// # Errors
    ///
    /// - those of [`migrate::push`].
    pub fn push(&mut self, allow_data_loss: bool) -> Result<NewMigration> {
        self.check_writable()?;
        self.before_schema_change()?;
        migrate::push(
            &mut self.engine.connection,
            &self.bundle,
            allow_data_loss,
            self.backups.as_deref(),
        )
    }

    /// Removes everything and begins anew: all tables, then migrations and a seed set.
    ///
    /// # Errors
    ///
    /// - those of `init`; the removal and the migrations are atomic each.
    pub fn reset(
        &mut self,
        set: Option<&str>,
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Initialized> {
        self.check_writable()?;
        set.map(|set| self.seed_text(set)).transpose()?;
        self.before_schema_change()?;
        migrate::clear(&mut self.engine.connection, self.backups.as_deref())?;
        self.init(set, progress)
    }

    /// Closes the database. Dropping it does the same and forgets what went wrong.
    ///
    /// # Errors
    ///
    /// - `io`, `storage_full`: the last writes could not be brought to the file.
    pub fn close(self) -> Result<()> {
        // What can't be filled in now is filled in when the table is read.
        audited::fill(&self.engine).ok();
        self.gateway.forget();
        self.engine.connection.close().map_err(|(_, error)| error.into())
    }

    fn seed_text(&self, set: &str) -> Result<&str> {
        let text = self.bundle.seeds.get(set);
        text.map(String::as_str).ok_or_else(|| Error::InvalidSeed {
            set: set.to_owned(),
            path: String::new(),
            message: match self.bundle.seeds.is_empty() {
                true => "the model has no seed sets".to_owned(),
                false => {
                    let known: Vec<&str> = self.bundle.seeds.keys().map(String::as_str).collect();
                    format!("there is no such set; there are: {}", known.join(", "))
                }
            },
        })
    }

    fn check_initialized(&self) -> Result<()> {
        let looked = self.look_for_newer_by_others();
        if !self.initialized.get() {
            if model_of(&self.engine.connection)?.is_none() {
                return Err(Error::NotInitialized);
            }
            self.initialized.set(true);
        }
        looked
    }

    /// What stands on the schema as it is goes before it changes.
    fn before_schema_change(&self) -> Result<()> {
        // Whoever looks at a backup, or at the file without this build, finds the table complete.
        audited::fill(&self.engine).ok();
        self.actors.forget();
        self.initialized.set(false);
        self.gateway.close(&self.engine)?;
        self.engine.connection.flush_prepared_statement_cache();
        self.engine.recorder.release(&self.engine.connection)
    }
}

/// What a database says of the model in it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelInfo {
    /// The model's name.
    pub name: String,
    /// Where it came from: `builtin`, or a path.
    pub source: Option<String>,
}

/// Which model a database holds, if any. Writes nothing.
///
/// # Errors
///
/// - `not_a_database`, `corrupt`: the file can't be read.
pub fn model_of(connection: &Connection) -> Result<Option<ModelInfo>> {
    let Some(name) = migrate::read_meta(connection, Meta::Model)? else { return Ok(None) };
    let source = migrate::read_meta(connection, Meta::ModelSource)?;
    Ok(Some(ModelInfo { name, source }))
}

/// The settings that every connection of the core has.
fn configure(connection: &Connection) -> Result<()> {
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DDL, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DQS_DML, false)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    // Plans don't hang on bound values, which would compile a statement anew at every binding.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    for (pragma, value) in
        [("foreign_keys", 1), ("recursive_triggers", 1), ("secure_delete", 1), ("temp_store", 2)]
    {
        connection.pragma_update(None, pragma, value)?;
    }
    Ok(())
}
