//! Going on with a database as it was right after it was opened, in a copy of the memory that it
//! was in: a start that need not read the model and the schema again.
//!
//! What such a copy knows of the file may have changed since. All of that is read anew but for the
//! schema, which SQLite reads again where the number in the file's header that counts its changes
//! is not the one it knows. That number says nothing where another file was put in its place. So a
//! file has the name of the last snapshot that was made of it, and goes on from that one alone: of
//! two files that stem from one with that name and have the same number, neither has changed its
//! schema.
#![allow(unsafe_code)]

use std::ffi::CStr;
use std::ptr;

use rusqlite::ffi::{sqlite3_next_stmt, sqlite3_randomness, sqlite3_sql, sqlite3_stmt_readonly};

use super::{Database, database_file, gathered};
use crate::error::{Error, Result};
use crate::migrate::{self, Meta};

impl Database {
    /// Makes ready for a copy of the memory, from which [`Database::resume`] goes on, with
    /// statements that [`Database::prepared`] answered before, and the compiled forms of the tables
    /// that they read; whether a copy may be kept. That is so as long as nobody asked anything, so
    /// that no rows are in it, where no master key is at hand, and where the file holds the model,
    /// of a version that this build knows.
    ///
    /// # Errors
    ///
    /// - `io`, `corrupt`: the file can't be read
    pub fn suspend(&self, statements: &[String]) -> Result<bool> {
        if self.seen.get() != 0 || self.newer.get().is_some() || self.engine.keys.is_open() {
            return Ok(false);
        }
        // Along with what every start asks, which is prepared from now on.
        self.snapshot()?;
        let is_initialized = self.check_initialized().is_ok();
        for text in statements {
            // What the schema has no more is prepared by nobody.
            self.engine.connection.prepare_cached(text).ok();
            if let Some(table) = read_table(text) {
                self.engine.catalog.prepare(table).ok();
            }
        }
        self.forget_files();
        Ok(is_initialized)
    }

    /// Goes on after [`Database::suspend`], in the copy of the memory with this name, or in the
    /// memory itself: what the files hold is read anew. Whether they are those of the copy; if they
    /// are not, nothing can be done with it.
    ///
    /// # Errors
    ///
    /// - `io`, `corrupt`: the file can't be read
    pub fn resume(&self, snapshot: Option<&str>) -> Result<bool> {
        // SAFETY: this has SQLite begin its random numbers anew, which every copy would go on with.
        unsafe { sqlite3_randomness(0, ptr::null_mut()) };
        self.forget_files();
        let found = self.snapshot()?;
        database_file::renew_salts([(); 2].map(|()| {
            let mut salt = [0; 4];
            self.engine.host.fill_random(&mut salt);
            u32::from_ne_bytes(salt)
        }));
        Ok(snapshot.is_none() || found.as_deref() == snapshot)
    }

    /// The texts of the statements for reading that stay prepared at the moment: those of typed
    /// reads, which bind their values, and no app's own.
    pub fn prepared(&self) -> Vec<String> {
        let mut texts = Vec::new();
        let mut statement = ptr::null_mut();
        loop {
            // SAFETY: the connection is open, and none of its statements goes meanwhile.
            let text = unsafe {
                statement = sqlite3_next_stmt(self.engine.connection.handle(), statement);
                if statement.is_null() {
                    return texts;
                }
                if sqlite3_stmt_readonly(statement) == 0 || self.gateway.keeps(statement) {
                    continue;
                }
                CStr::from_ptr(sqlite3_sql(statement))
            };
            if let Ok(text) = text.to_str()
                && !holds_values(text)
            {
                texts.push(text.to_owned());
            }
        }
    }

    /// Writes down the name of the snapshot that was made of this database.
    ///
    /// # Errors
    ///
    /// - `storage_full`, `io`: it can't be written
    /// - `newer_database`
    /// - `locked`: a transaction is open, which might be undone
    pub fn name_snapshot(&self, snapshot: &str) -> Result<()> {
        self.check_writable()?;
        if !self.engine.connection.is_autocommit() {
            return Err(Error::Locked);
        }
        migrate::write_meta(&self.engine.connection, Meta::Snapshot, Some(snapshot))
    }

    /// The name of the snapshot that was made of this database last.
    fn snapshot(&self) -> Result<Option<String>> {
        migrate::read_meta(&self.engine.connection, Meta::Snapshot)
    }

    fn forget_files(&self) {
        database_file::forget();
        gathered::forget();
        self.seen.set(0);
        self.initialized.set(false);
    }
}

/// The table that a typed read reads, as its text names it.
fn read_table(text: &str) -> Option<&str> {
    let (_, table) = text.split_once(" FROM main.\"")?;
    Some(table.split_once('"')?.0)
}

/// Whether a statement's text may have values of an app in it: a text, bytes, a number of more than
/// one digit, or a comment. Names may have digits too.
fn holds_values(text: &str) -> bool {
    let bytes = text.as_bytes();
    let is_number = |pair: usize| {
        let before = pair.checked_sub(1).map(|at| bytes[at]);
        let is_begun =
            before.is_some_and(|byte| byte.is_ascii_alphanumeric() || b"_\"?".contains(&byte));
        !is_begun && bytes[pair].is_ascii_digit() && bytes[pair + 1].is_ascii_alphanumeric()
    };
    ["'", "--", "/*"].iter().any(|mark| text.contains(mark))
        || (0..bytes.len().saturating_sub(1)).any(is_number)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rusqlite::{Connection, MAIN_DB};
    use serde_json::json;

    use super::read_table;
    use crate::{Bundle, Database, host::FixedHost};

    fn open(connection: Connection) -> Database {
        let bundle = Bundle::builtin("workflow").unwrap();
        Database::open(connection, bundle, Box::new(FixedHost::new(1_750_000_000_000, 1))).unwrap()
    }

    #[test]
    fn the_tables_of_earlier_reads_are_compiled_ahead() {
        let mut earlier = open(Connection::open_in_memory().unwrap());
        earlier.init(None, &mut |_| {}).unwrap();
        let owner = earlier.owner().unwrap();
        let options = json!({ "filter": { "name": "Acme" }, "order": ["name"] });
        owner.list("tenants", &serde_json::from_value(options).unwrap()).unwrap();
        owner.count("tenants", None).unwrap();
        owner.get("tenants", &json!("7b7f5f0e-0a56-4a83-9d5c-0b9a52a1e001")).unwrap();
        let statements = earlier.prepared();
        let reads = statements.iter().filter(|text| read_table(text) == Some("tenants"));
        assert_eq!(reads.count(), 3, "{statements:#?}");

        let image = earlier.export().unwrap();
        let mut connection = Connection::open_in_memory().unwrap();
        connection.deserialize_read_exact(MAIN_DB, &*image, image.len(), false).unwrap();
        let database = open(connection);
        let is_compiled = |table| database.engine.catalog.has_compiled(table);
        assert!(!is_compiled("tenants"));
        assert!(database.suspend(&statements).unwrap());
        assert!(is_compiled("tenants") && !is_compiled("workflows"));
    }
}
