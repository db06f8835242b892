//! What every handle of one open database works with.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;

use rusqlite::Connection;

use crate::actor::Actor;
use crate::capture::Recorder;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::keyring::KeyRing;
use crate::model::Model;
use crate::owner::Catalog;
use crate::owner::before::Before;
use crate::owner::data_version::data_version;
use crate::owner::shadow::Shadows;

/// Statements that stay prepared per connection: five per table of a model of forty.
const STATEMENTS_CACHED: usize = 200;

/// An open connection with what belongs to it. Its handles take turns; there is one per database.
pub struct Engine {
    pub(crate) connection: Connection,
    pub(crate) catalog: Catalog,
    pub(crate) host: Box<dyn Host + Send>,
    pub(crate) recorder: Recorder,
    pub(crate) keys: KeyRing,
    /// How often each API key was used within which minute.
    pub(crate) key_uses: RefCell<BTreeMap<String, (i64, i64)>>,
    pub(super) shadows: Shadows,
    pub(super) before: Before,
    /// The newest version that this build knows.
    pub(crate) latest: i64,
    /// How many transactions are at work, one within the other.
    pub(super) depth: Cell<usize>,
    /// SQLite's count of what other connections committed, when the file's version was last asked
    /// for.
    checked: Cell<i64>,
    /// SQLite's counts of changes to the file, and of those by other connections, when opened keys
    /// were last used.
    keys_used: Cell<(u32, i64)>,
}

impl Engine {
    /// The engine of a connection to a database that holds this model, or is to hold it.
    ///
    /// # Errors
    ///
    /// - `sql`: SQLite did not take the functions and hooks with which writes are recorded
    pub fn new(
        mut connection: Connection,
        model: Arc<Model>,
        host: Box<dyn Host + Send>,
    ) -> Result<Engine> {
        connection.set_prepared_statement_cache_capacity(STATEMENTS_CACHED);
        Ok(Engine {
            recorder: Recorder::new(&mut connection, model.clone())?,
            before: Before::new(&connection)?,
            connection,
            catalog: Catalog::new(model),
            host,
            keys: KeyRing::default(),
            key_uses: RefCell::default(),
            shadows: Shadows::default(),
            latest: i64::MAX,
            depth: Cell::new(0),
            checked: Cell::new(0),
            keys_used: Cell::default(),
        })
    }

    /// The data keys, without opened ones where another connection has committed since: it may
    /// have shredded them.
    ///
    /// # Errors
    ///
    /// - `io`: the file can't be read
    pub(super) fn current_keys(&self) -> Result<&KeyRing> {
        let (changes, others) = self.keys_used.get();
        if !self.recorder.is_alone && data_version(&self.connection) != changes {
            let mut statement = self.connection.prepare_cached("PRAGMA main.data_version")?;
            let now = statement.query_row([], |row| row.get(0))?;
            if now != others {
                self.keys.forget();
            }
            self.keys_used.set((data_version(&self.connection), now));
        }
        Ok(&self.keys)
    }

    /// Refuses to write to a file that another connection brought to a version which this build
    /// doesn't know, while a handle was open or waited for it. Belongs into the transaction.
    ///
    /// # Errors
    ///
    /// - `newer_database`
    pub(super) fn check_version(&self) -> Result<()> {
        let seen = self.recorder.others();
        if self.checked.get() == seen {
            return Ok(());
        }
        let sql = "SELECT max(version) FROM main.refinery_schema_history";
        let version = self
            .connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.query_row([], |row| row.get::<_, Option<i64>>(0)));
        // A file without a history is of no version.
        let database = version.ok().flatten().unwrap_or_default();
        if database > self.latest {
            let (database, known) = (database.to_string(), self.latest.to_string());
            return Err(Error::NewerDatabase { database, known });
        }
        self.checked.set(seen);
        Ok(())
    }

    /// Refuses it as [`Engine::check_version`] does, whatever was looked at before.
    ///
    /// # Errors
    ///
    /// - `newer_database`
    pub(super) fn check_version_now(&self) -> Result<()> {
        self.recorder.look_for_others(&self.connection)?;
        self.check_version()
    }

    /// Refuses to go on with a transaction that SQLite has undone by itself, as it does where the
    /// disk is full or a write is interrupted: what follows would stand alone.
    ///
    /// # Errors
    ///
    /// - `sql`
    pub(super) fn check_open(&self) -> Result<()> {
        match self.depth.get() > 0 && self.connection.is_autocommit() {
            true => Err(Error::Sql { message: "the transaction was undone as a whole".to_owned() }),
            false => Ok(()),
        }
    }

    /// Refuses whoever is not the actor of the open transaction, if one is open: what they write
    /// would be recorded as that actor's, and what they read is not committed yet.
    ///
    /// # Errors
    ///
    /// - `invalid_argument`: the open transaction is another actor's; it goes on as it was
    /// - `sql`: SQLite has undone the transaction at work
    pub(crate) fn check_turn(&self, actor: &Actor) -> Result<()> {
        self.check_open()?;
        if self.connection.is_autocommit() || self.recorder.is_of(actor) {
            return Ok(());
        }
        let message = "another actor's transaction is open on this database; handles take turns, \
                       so end it first";
        Err(Error::InvalidArgument {
            argument: "transaction".to_owned(),
            message: message.to_owned(),
        })
    }
}
