//! The backups before a run: whole copies of the database in slots of the same pool of files.

use std::fmt;

use freehold_core::migrate::BackupStore;
use freehold_core::{Error, Result};
use sqlite_wasm_rs::vfs::VfsFilesManager as _;
use sqlite_wasm_vfs::sahpool::OpfsSAHPoolUtil;

use crate::spares;
use crate::storage::{self, DATABASE_FILE};

/// The most backups that may be kept: with the one that is being made, the database and its
/// journal they fill all slots but one.
pub const KEPT_MAX: usize = 5;

/// The backups of one stored database. Their names count up, so the oldest comes first.
pub struct Backups {
    /// The database's name. Its pool is looked up, since it may not leave its thread and a store
    /// may.
    name: String,
    kept: usize,
}

impl Backups {
    /// Keeps this many, 1..=5, of the open database of this name.
    ///
    /// # Errors
    ///
    /// - `invalid_argument`: there are fewer slots than that.
    pub fn new(name: &str, kept: usize) -> Result<Backups> {
        if kept > KEPT_MAX {
            let message = format!("a whole number from 0 to {KEPT_MAX} expected");
            return Err(Error::InvalidArgument { argument: "backups".to_owned(), message });
        }
        Ok(Backups { name: name.to_owned(), kept })
    }

    fn pool(&self) -> Result<OpfsSAHPoolUtil> {
        storage::pool(&self.name).ok_or_else(|| failed("the database is not open here"))
    }

    /// Number and name of each, oldest first.
    fn numbered(&self) -> Result<Vec<(u32, String)>> {
        let names = self.pool()?.names().map_err(failed)?;
        let mut numbered: Vec<(u32, String)> =
            names.into_iter().filter_map(|name| Some((number_of(&name)?, name))).collect();
        numbered.sort_unstable();
        Ok(numbered)
    }
}

impl BackupStore for Backups {
    fn reserve(&self, label: &str) -> Result<String> {
        // A run that failed leaves its backup, and no `prune` follows it.
        self.prune()?;
        spares::free(&self.pool()?).map_err(failed)?;
        let newest = self.numbered()?.last().map_or(0, |(number, _)| *number);
        Ok(format!("{}{:04}-{label}", prefix(), newest + 1))
    }

    fn keep(&self, path: &str) -> Result<String> {
        // A write of what is there already: its commit is what flushes the file.
        let connection = storage::connect(&self.name, path)?;
        let flush = || {
            let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
            connection.pragma_update(None, "user_version", version)
        };
        flush().map_err(failed)?;
        Ok(path.to_owned())
    }

    fn discard(&self, path: &str) {
        // What can't be removed now is removed by a later `prune`, which knows it by its name.
        let _: Result<bool> = self.pool().and_then(|pool| pool.remove(path).map_err(failed));
    }

    fn prune(&self) -> Result<()> {
        let pool = self.pool()?;
        let numbered = self.numbered()?;
        let surplus = numbered.len().saturating_sub(self.kept);
        for (_, name) in &numbered[..surplus] {
            pool.remove(name).map_err(failed)?;
        }
        Ok(())
    }
}

fn failed(error: impl fmt::Display) -> Error {
    Error::BackupFailed { message: error.to_string() }
}

fn prefix() -> String {
    format!("{DATABASE_FILE}.backup-")
}

/// Reads `freehold.db.backup-0001-<label>`.
fn number_of(name: &str) -> Option<u32> {
    let (number, _) = name.strip_prefix(&prefix())?.split_once('-')?;
    number.parse().ok()
}
