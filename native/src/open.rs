//! Opens databases: files and memory.
//!
//! A file is kept in SQLite's write-ahead mode with full synchronisation, so that what was
//! committed survives a crash of the process, of the system, and a loss of power. Readers and one
//! writer work at the same time; a second writer waits for the first, for a while.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use freehold_core::database::{ModelInfo, model_of};
use freehold_core::migrate::{Pulled, pull};
use freehold_core::{Bundle, Database, Error, Result};
use rusqlite::{Connection, ErrorCode, MAIN_DB, OpenFlags};

use crate::backups::FileBackups;
use crate::header;
use crate::system::{FileHost, SystemHost};

/// What may happen to the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Access {
    /// Nothing is written. The file has to be there.
    ///
    /// On a medium that can't be written at all, the file is taken to be one that nobody changes
    /// meanwhile.
    ReadOnly,
    /// Reads and writes. The file has to be there and to be writable.
    #[default]
    ReadWrite,
    /// Reads and writes; a file that isn't there is made.
    Create,
}

/// What a commit waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Synchronous {
    /// For nothing. A loss of power may destroy the file; for data that can be made again.
    Off,
    /// A loss of power may undo the last commits, all or none of each; the file stays whole.
    Normal,
    /// For the medium: what was committed stays.
    #[default]
    Full,
}

/// How to open a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenOptions {
    /// What may happen to the file.
    pub access: Access,
    /// What a commit waits for.
    pub synchronous: Synchronous,
    /// How long to wait for another connection's lock before the error `locked`, in milliseconds.
    pub busy_timeout_ms: u32,
    /// How many of the backups that are made before a run stay; 0 makes none.
    pub backups_kept: usize,
}

impl Default for OpenOptions {
    fn default() -> Self {
        OpenOptions {
            access: Access::default(),
            synchronous: Synchronous::default(),
            busy_timeout_ms: 5_000,
            backups_kept: FileBackups::KEPT_BY_DEFAULT,
        }
    }
}

/// Opens a file.
///
/// Writes no row: what the file lacks of the model is for [`Database::init`]. A file of this model,
/// or an empty one, is switched to write-ahead mode if it isn't in it.
///
/// # Errors
///
/// - `io`: there is no such file, or it can't be used.
/// - `not_a_database`: the file is something else; it stays as it was.
/// - `corrupt`: the file is cut off or damaged.
/// - `read_only`: the file is not writable and writing was asked for.
/// - `locked`: another process holds it all the time.
/// - `other_model`: the database holds another model than the bundle's.
///
/// # Example
///
/// ```
/// # use freehold::{Access, Bundle, OpenOptions};
/// let bundle = Bundle::builtin("workflow")?;
/// let missing = freehold::open("no/such.db", bundle, OpenOptions::default());
/// assert_eq!(missing.err().map(|error| error.code()), Some("io"));
/// # Ok::<(), freehold::Error>(())
/// ```
pub fn open(
    path: impl AsRef<Path>,
    bundle: impl Into<Arc<Bundle>>,
    options: OpenOptions,
) -> Result<Database> {
    let bundle = bundle.into();
    let path = absolute(path.as_ref())?;
    let connection = connect(&path, &options)?;
    if options.access != Access::ReadOnly {
        let found = model_of(&connection)?;
        let is_ours = match &found {
            Some(found) => found.name == bundle.model.name,
            None => is_empty(&connection)?,
        };
        prepare(&connection, is_ours, options.synchronous)?;
    }
    let database = Database::open(connection, bundle, Box::new(FileHost::of(&path)))?;
    Ok(match options.backups_kept {
        0 => database,
        kept => database.with_backups(Box::new(FileBackups::beside(&path, kept))),
    })
}

/// Opens a new, empty database in memory.
///
/// # Errors
///
/// - `invalid_migration`: the bundle's migrations are not usable.
pub fn open_in_memory(bundle: impl Into<Arc<Bundle>>) -> Result<Database> {
    Database::open(Connection::open_in_memory()?, bundle, Box::new(SystemHost))
}

/// Which model a file holds, if any. Writes nothing.
///
/// # Errors
///
/// - `io`, `not_a_database`, `corrupt`, `locked`: as for [`open`].
pub fn model_in(path: impl AsRef<Path>, busy_timeout_ms: u32) -> Result<Option<ModelInfo>> {
    model_of(&connect_to_read(path.as_ref(), busy_timeout_ms)?)
}

/// Writes the schema of any SQLite file down as a model. Changes nothing.
///
/// # Errors
///
/// - `io`, `not_a_database`, `corrupt`, `locked`: as for [`open`].
/// - `invalid_model`: the schema can't be said in the model format.
pub fn pull_file(path: impl AsRef<Path>, busy_timeout_ms: u32) -> Result<Pulled> {
    pull(&connect_to_read(path.as_ref(), busy_timeout_ms)?)
}

fn connect_to_read(path: &Path, busy_timeout_ms: u32) -> Result<Connection> {
    let access = Access::ReadOnly;
    let options = OpenOptions { access, busy_timeout_ms, ..OpenOptions::default() };
    connect(&absolute(path)?, &options)
}

/// An absolute path: SQLite gives names such as `:memory:` a meaning, and a path has none.
fn absolute(path: &Path) -> Result<PathBuf> {
    std::path::absolute(path)
        .map_err(|error| Error::Io { message: format!("`{}` is no path: {error}", path.display()) })
}

/// Opens the connection and reads the file for the first time.
fn connect(path: &Path, options: &OpenOptions) -> Result<Connection> {
    check_place(path, options.access)?;
    let flags = match options.access {
        Access::ReadOnly => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::ReadWrite => OpenFlags::SQLITE_OPEN_READ_WRITE,
        Access::Create => OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE,
    };
    let opened = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)
        .and_then(|connection| first_read(connection, options));
    match opened {
        Ok(connection) => Ok(connection),
        Err(error) => match error.sqlite_error_code() {
            Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly) => unopened(path, options, error),
            _ => Err(error.into()),
        },
    }
}

fn first_read(connection: Connection, options: &OpenOptions) -> rusqlite::Result<Connection> {
    connection.busy_timeout(Duration::from_millis(options.busy_timeout_ms.into()))?;
    connection.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?;
    Ok(connection)
}

/// What the path has to be before SQLite touches it.
fn check_place(path: &Path, access: Access) -> Result<()> {
    let io = |message: String| Err(Error::Io { message });
    match path.metadata() {
        Ok(found) if found.is_dir() => io(format!("{} is a folder", path.display())),
        Ok(found) if access != Access::ReadOnly && found.permissions().readonly() => {
            header::check(path)?;
            Err(Error::ReadOnly)
        }
        Ok(_) => header::check(path),
        Err(_) if access == Access::Create => match path.parent() {
            Some(folder) if !folder.is_dir() => {
                io(format!("the folder {} does not exist", folder.display()))
            }
            _ => Ok(()),
        },
        Err(error) => io(format!("{}: {error}", path.display())),
    }
}

/// A file in write-ahead mode needs its helper files, which a medium that can't be written does not
/// take. Without a log beside it nobody is writing, and the file can be read for itself.
fn unopened(path: &Path, options: &OpenOptions, error: rusqlite::Error) -> Result<Connection> {
    let has_log = header::has_content(&header::sibling(path, "-wal"));
    let uri = match options.access {
        Access::ReadOnly if !has_log => immutable_uri(path),
        _ => None,
    };
    let Some(uri) = uri else {
        return Err(match Error::from(error) {
            Error::Io { message } => {
                Error::Io { message: format!("{}: {message}", path.display()) }
            }
            other => other,
        });
    };
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY
        | OpenFlags::SQLITE_OPEN_NO_MUTEX
        | OpenFlags::SQLITE_OPEN_URI;
    Ok(Connection::open_with_flags(uri, flags)
        .and_then(|connection| first_read(connection, options))?)
}

/// The path as a URI (<https://sqlite.org/uri.html>), with the promise that nobody changes the file.
fn immutable_uri(path: &Path) -> Option<String> {
    let mut uri = "file:".to_owned();
    for byte in path.to_str()?.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'/' | b'-' | b'_' | b'.' => {
                uri.push(char::from(byte));
            }
            _ => uri += &format!("%{byte:02X}"),
        }
    }
    Some(uri + "?immutable=1")
}

fn is_empty(connection: &Connection) -> Result<bool> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM sqlite_schema)";
    Ok(connection.query_row(sql, [], |row| row.get(0))?)
}

/// Sets the file up for writing. A database of somebody else keeps its journal mode.
fn prepare(connection: &Connection, is_ours: bool, synchronous: Synchronous) -> Result<()> {
    if connection.is_readonly(MAIN_DB)? {
        return Err(Error::ReadOnly);
    }
    let level = match synchronous {
        Synchronous::Off => "off",
        Synchronous::Normal => "normal",
        Synchronous::Full => "full",
    };
    connection.pragma_update(None, "synchronous", level)?;
    if is_ours {
        // File systems without shared memory stay in the rollback mode, which is as safe.
        connection.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(()))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uri_names_any_path() {
        let uri = immutable_uri(Path::new("/a b/ü?#%.db"));
        assert_eq!(uri.as_deref(), Some("file:/a%20b/%C3%BC%3F%23%25.db?immutable=1"));
    }
}
