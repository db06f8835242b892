//! How a file that nobody else opens is kept: what a commit writes, and what it waits for.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use rusqlite::Connection;
use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;

use super::{Database, database_file};
use crate::error::Result;
use crate::owner::audited;

/// Where a file's header says by which kind of journal it is to be read and written (SQLite's file
/// format, section 1.3.3), and the numbers that stand there.
const FORMATS: std::ops::Range<usize> = 18..20;
const WITH_LOG: [u8; 2] = [2, 2];
const WITHOUT_LOG: [u8; 2] = [1, 1];

/// From how many pages on a log is worth being emptied before it has to be.
const PAGES_LONG: i32 = 64;

/// The write-ahead log of an open file: how many pages were in it since it was emptied.
#[derive(Debug, Clone)]
pub struct Log {
    pages: Arc<AtomicI32>,
}

impl Log {
    /// Something else than commits wrote to it, such as a restore: how long it is is not known.
    pub fn forget(&self) {
        self.pages.store(i32::MAX, Ordering::Relaxed);
    }
}

/// Sets a connection up for a file that no other connection opens while this one is: with a
/// write-ahead log that is flushed before each COMMIT returns. To be called before anything else is
/// asked of the connection.
///
/// The log's index lies in this process's own memory, so that it works where files can't share
/// memory: a browser's. Whoever opens such a file has to do the same, before reading it.
///
/// After a commit by which the log has `pages_max` pages or more it is brought into the file, and
/// the next one begins it anew, so that it never takes long to read it when the file is opened
/// after a crash. That makes the commit wait: whoever has a quiet moment calls
/// [`Database::empty_log`] before.
///
/// A file that can't have such a log (on a medium that can't be written, say) keeps its journal.
///
/// # Errors
///
/// - `not_a_database`, `corrupt`: the file can't be read
/// - `io`, `storage_full`
pub fn log_exclusively(connection: &mut Connection, pages_max: i32) -> Result<Log> {
    let mut settings = [("locking_mode", "exclusive"), ("journal_mode", "wal")];
    // An index that SQLite begins to keep by itself it never lets go of.
    if database_file::is_of(connection) {
        settings.reverse();
    }
    for (name, value) in settings {
        connection.pragma_update_and_check(None, name, value, |_| Ok(()))?;
    }
    connection.pragma_update(None, "synchronous", "full")?;
    // What was left of the one before is not known.
    let log = Log { pages: Arc::new(AtomicI32::new(i32::MAX)) };
    let written = log.clone();
    connection.wal_hook(Some(move |wal: &mut Wal, pages: i32| {
        // What was committed is safe in the log: a later commit tries again.
        if pages >= pages_max {
            // What is far longer, by one large transaction, gives its place back at once.
            let is_huge = pages / 2 >= pages_max;
            let mode = if is_huge { CheckpointMode::TRUNCATE } else { CheckpointMode::RESTART };
            let _ = wal.checkpoint_v2(mode);
        }
        written.pages.fetch_max(pages, Ordering::Relaxed);
        Ok(())
    }))?;
    Ok(log)
}

impl Database {
    /// Brings the file's log into it and empties it, unless that was short all the time. For
    /// moments in which nobody waits.
    ///
    /// # Errors
    ///
    /// - `io`, `storage_full`: the log stays as it is
    pub fn empty_log(&self, log: &Log) -> Result<()> {
        let connection = &self.engine.connection;
        if log.pages.load(Ordering::Relaxed) < PAGES_LONG || !connection.is_autocommit() {
            return Ok(());
        }
        connection.pragma(None, "wal_checkpoint", "truncate", |_| Ok(()))?;
        log.pages.store(0, Ordering::Relaxed);
        Ok(())
    }

    /// Closes the database as [`Database::close`] does, with nothing left in its log.
    ///
    /// # Errors
    ///
    /// - those of [`Database::close`]; what can't be brought into the file stays in the log
    pub fn close_emptied(self, log: &Log) -> Result<()> {
        // What can't be filled in now is filled in when the table is read.
        audited::fill(&self.engine).ok();
        log.forget();
        self.empty_log(log).ok();
        self.close()
    }

    /// The whole database as the bytes of a SQLite file.
    ///
    /// # Errors
    ///
    /// - `io`: SQLite could not read it.
    pub fn export(&mut self) -> Result<Vec<u8>> {
        audited::fill(&self.engine)?;
        let mut image = self.engine.connection.serialize(rusqlite::MAIN_DB)?.to_vec();
        without_log(&mut image);
        Ok(image)
    }
}

/// Makes the image of a file one that anybody opens, without a log beside it.
pub(super) fn without_log(image: &mut [u8]) {
    if let Some(formats) = image.get_mut(FORMATS)
        && *formats == WITH_LOG
    {
        formats.copy_from_slice(&WITHOUT_LOG);
    }
}
