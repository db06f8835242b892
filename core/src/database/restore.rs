//! Backups on their way back: a file's bytes are proven before anything gives way to them.

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, MAIN_DB};

use super::journal::without_log;
use super::{Database, configure, model_of};
use crate::bundle::Bundle;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::{internal, migrate};

/// What every SQLite file begins with (<https://sqlite.org/fileformat2.html>, section 1.3).
const MAGIC: &[u8] = b"SQLite format 3\0";
const HEADER_BYTES: usize = 100;

impl Database {
    /// Puts a backup in the place of everything in this database: the bytes of a SQLite file.
    ///
    /// The bytes are proven first, and stand in the database as a whole or not at all: it is one
    /// transaction of SQLite's. The restored database is a replica of its own from then on. Of an
    /// older version it is brought up by `init`.
    ///
    /// # Errors
    ///
    /// - those of [`proven_backup`]; `wrong_key`: its keys are wrapped by another master key than
    ///   the one at hand
    /// - `storage_full`, `io`, `read_only`, `locked`: the database could not be written
    ///
    /// Nothing was changed then.
    pub fn restore(&mut self, bytes: &[u8]) -> Result<()> {
        let proven = prove(bytes, &self.bundle, &*self.engine.host)?;
        self.engine.keys.check(&proven)?;
        self.before_schema_change()?;
        // A database that was newer than this build was opened for reading alone.
        self.set_query_only(false)?;
        let copied = copy(&proven, &mut self.engine.connection);
        self.engine.connection.flush_prepared_statement_cache();
        self.engine.recorder.forget_known();
        self.engine.keys.forget();
        self.gateway.forget();
        self.look_for_newer()?;
        copied
    }
}

/// Proves a backup without a database to put it in: the bytes to store, those of a replica of its
/// own.
///
/// # Errors
///
/// - `not_a_database`, `corrupt`: the bytes are no SQLite file, or not a whole one
/// - `not_initialized`: there is no model in it
/// - `other_model`, `newer_database`: it is no database of this bundle
pub fn proven_backup(bytes: &[u8], bundle: &Bundle, host: &dyn Host) -> Result<Vec<u8>> {
    let mut proven = prove(bytes, bundle, host)?;
    Ok(proven.serialize(MAIN_DB)?.to_vec())
}

fn prove(bytes: &[u8], bundle: &Bundle, host: &dyn Host) -> Result<Connection> {
    if bytes.len() < HEADER_BYTES || !bytes.starts_with(MAGIC) {
        return Err(Error::NotADatabase);
    }
    let mut bytes = bytes.to_vec();
    // A file alone is all there is: the log that it may have been written by was brought in.
    without_log(&mut bytes);
    let mut connection = Connection::open_in_memory()?;
    connection.deserialize_read_exact(MAIN_DB, &bytes[..], bytes.len(), false)?;
    configure(&connection)?;
    let found: String = connection.query_row("PRAGMA quick_check(1)", [], |row| row.get(0))?;
    if found != "ok" {
        return Err(Error::Corrupt { message: found });
    }
    let expected = &bundle.model.name;
    match model_of(&connection)? {
        None => return Err(Error::NotInitialized),
        Some(model) if model.name != *expected => {
            return Err(Error::OtherModel { found: model.name, expected: expected.clone() });
        }
        Some(_) => {}
    }
    let version = migrate::current_version(&connection)?;
    if version > bundle.latest() {
        let (database, known) = (version.to_string(), bundle.latest().to_string());
        return Err(Error::NewerDatabase { database, known });
    }
    // What a snapshot knows is another file's.
    migrate::write_meta(&connection, migrate::Meta::Snapshot, None)?;
    if internal::is_there(&connection)? {
        internal::renew_replica(&connection, host)?;
    }
    Ok(connection)
}

/// Copies all pages, in one transaction of the receiving database.
fn copy(from: &Connection, to: &mut Connection) -> Result<()> {
    let backup = Backup::new(from, to)?;
    match backup.step(-1)? {
        StepResult::Done => Ok(()),
        _ => Err(Error::Locked),
    }
}
