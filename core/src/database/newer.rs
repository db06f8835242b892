//! A database that a newer build has migrated: it is read, and nothing is written to it.

use super::Database;
use crate::error::{Error, Result};
use crate::migrate;

impl Database {
    /// The database's version and the newest one known, where it is newer than this build.
    pub(super) fn newer(&self) -> Option<(i64, i64)> {
        self.newer.get().map(|database| (database, self.bundle.latest()))
    }

    pub(super) fn check_writable(&self) -> Result<()> {
        self.look_for_newer_by_others()?;
        let Some(database) = self.newer.get() else { return Ok(()) };
        let known = self.bundle.latest().to_string();
        Err(Error::NewerDatabase { database: database.to_string(), known })
    }

    /// Nothing may be written by a build that doesn't know what it would break.
    pub(super) fn look_for_newer(&self) -> Result<()> {
        let version = migrate::current_version(&self.engine.connection)?;
        self.newer.set(Some(version).filter(|version| *version > self.bundle.latest()));
        self.set_query_only(self.newer.get().is_some())
    }

    /// A newer build may migrate the file while this one has it open.
    pub(super) fn look_for_newer_by_others(&self) -> Result<()> {
        if self.engine.recorder.is_alone && self.seen.get() != 0 {
            return Ok(());
        }
        let mut statement = self.engine.connection.prepare_cached("PRAGMA data_version")?;
        let seen = statement.query_row([], |row| row.get(0))?;
        if self.seen.replace(seen) == seen {
            return Ok(());
        }
        self.engine.keys.forget();
        self.initialized.set(false);
        self.look_for_newer()
    }

    /// Has SQLite refuse writes, or take them. Saying so makes it compile all statements anew, so
    /// that it is only said where it is not so already.
    pub(super) fn set_query_only(&self, is_so: bool) -> Result<()> {
        if self.is_query_only.get() != is_so {
            self.engine.connection.pragma_update(None, "query_only", is_so)?;
            self.is_query_only.set(is_so);
        }
        Ok(())
    }
}
