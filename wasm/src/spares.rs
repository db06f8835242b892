//! Slots of a pool that wait for a backup.
//!
//! Opening a pool writes and flushes the header of every slot without a name, and only reads that
//! of a slot with one. So all but a few of the free slots have a name of their own, and lose it
//! where many are needed.

use sqlite_wasm_rs::vfs::VfsFilesManager as _;
use sqlite_wasm_vfs::sahpool::{OpfsSAHError, OpfsSAHPoolUtil};

use crate::storage::{self, DATABASE_FILE};

/// The slots that stay free: for the log, and for the journal of a file beside the database.
const FREE_KEPT: usize = 2;

/// Names the free slots of the pool of the open database `name`. One that can't be named stays
/// free, which costs time and nothing else.
pub(crate) fn name_free(name: &str, pool: &OpfsSAHPoolUtil) {
    let free = pool.capacity().saturating_sub(pool.len().unwrap_or(usize::MAX));
    let names = (0..).map(|number| format!("{}{number}", prefix()));
    let unused = names.filter(|spare| !pool.contains(spare).unwrap_or(true));
    for spare in unused.take(free.saturating_sub(FREE_KEPT)) {
        // Opening a file that isn't there makes it.
        drop(storage::connect(name, &spare));
    }
}

/// Makes all slots free that no file is in.
///
/// # Errors
///
/// When the file system fails.
pub(crate) fn free(pool: &OpfsSAHPoolUtil) -> Result<(), OpfsSAHError> {
    for spare in pool.names()?.iter().filter(|file| file.starts_with(&prefix())) {
        pool.remove(spare)?;
    }
    Ok(())
}

fn prefix() -> String {
    format!("{DATABASE_FILE}.spare-")
}
