//! How a file that nobody else opens is kept: what a commit writes, and what it waits for.

use rusqlite::Connection;

use super::Database;
use crate::error::Result;
use crate::owner::audited;

/// A log that grew beyond this in one transaction is cut back when it is begun anew.
const LOG_BYTES_KEPT: i64 = 16 << 20;

/// Where a file's header says by which kind of journal it is to be read and written (SQLite's file
/// format, section 1.3.3), and the numbers that stand there.
const FORMATS: std::ops::Range<usize> = 18..20;
const WITH_LOG: [u8; 2] = [2, 2];
const WITHOUT_LOG: [u8; 2] = [1, 1];

/// Sets a connection up for a file that no other connection opens while this one is: with a
/// write-ahead log that is flushed before each COMMIT returns. To be called before anything else is
/// asked of the connection.
///
/// The log's index lies in this process's own memory, so that it works where files can't share
/// memory: a browser's. Whoever opens such a file has to do the same, before reading it.
///
/// A file that can't have such a log (on a medium that can't be written, say) keeps its journal.
///
/// # Errors
///
/// - `not_a_database`, `corrupt`: the file can't be read
/// - `io`, `storage_full`
pub fn log_exclusively(connection: &Connection) -> Result<()> {
    let set = |name: &str, value: &dyn rusqlite::ToSql| {
        connection.pragma_update_and_check(None, name, value, |_| Ok(()))
    };
    set("locking_mode", &"exclusive")?;
    set("journal_mode", &"wal")?;
    set("journal_size_limit", &LOG_BYTES_KEPT)?;
    connection.pragma_update(None, "synchronous", "full")?;
    Ok(())
}

impl Database {
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
