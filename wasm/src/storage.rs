//! Where a database lives in a browser: in memory, or in the origin private file system (OPFS).
//!
//! A stored database is a directory of its own, `.freehold-<name>`, holding a pool of files that
//! SQLite's VFS hands out (`sqlite-wasm-vfs`, `sahpool`). A pool grows only asynchronously while
//! SQLite asks synchronously, so the slots that a database will need are reserved when it is
//! opened. One worker owns a pool at a time, with one connection per database.

use std::fmt;

use js_sys::Reflect;
use rusqlite::{Connection, OpenFlags};
use sqlite_wasm_rs::WasmOsCallback;
use sqlite_wasm_vfs::sahpool::{
    OpfsSAHError, OpfsSAHPoolCfgBuilder, OpfsSAHPoolUtil, install as install_pool,
};
use wasm_bindgen::JsValue;

/// The file of the database inside its pool.
pub const DATABASE_FILE: &str = "freehold.db";

/// Slots reserved at open: the database and its journal, a backup and its journal, and as many
/// again to spare.
pub const SLOTS_RESERVED: usize = 8;

/// The characters that may make up a database's name; it becomes part of a directory's name.
const NAME_PUNCTUATION: &[char] = &['-', '_', '.'];
const NAME_LENGTH_MAX: usize = 100;

/// An open database and, when it is stored, the pool of files that holds it.
pub struct Storage {
    /// The one connection to the database.
    pub connection: Connection,
    /// The pool, for backups, exports and deletion; `None` in memory.
    pub pool: Option<OpfsSAHPoolUtil>,
}

/// Why a database could not be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum StorageError {
    /// The name is empty, too long, or holds other characters than ASCII letters, digits, `-`, `_`
    /// and `.`.
    BadName {
        /// The name as it was given.
        name: String,
    },
    /// There is no OPFS here: no dedicated worker, no secure context, a private window, or a
    /// browser without it.
    Unavailable {
        /// What the browser said.
        reason: String,
    },
    /// Another tab or worker holds this database's files.
    Taken {
        /// The database's name.
        name: String,
    },
    /// The browser grants no more space.
    Quota {
        /// What the browser said.
        reason: String,
    },
    /// The file system or its pool of files failed in another way.
    Failed {
        /// What the browser or the pool said.
        reason: String,
    },
    /// SQLite refused to open the file.
    Sqlite {
        /// SQLite's answer.
        source: rusqlite::Error,
    },
}

impl StorageError {
    /// The error's stable name, which crosses to JavaScript unchanged.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::BadName { .. } => "storage_bad_name",
            Self::Unavailable { .. } => "storage_unavailable",
            Self::Taken { .. } => "storage_taken",
            Self::Quota { .. } => "storage_quota",
            Self::Failed { .. } => "storage_failed",
            Self::Sqlite { .. } => "storage_sqlite",
        }
    }

    fn from_pool(name: &str, error: &OpfsSAHError) -> Self {
        let reason = error.to_string();
        match error {
            OpfsSAHError::NotSupported => Self::Unavailable { reason },
            OpfsSAHError::Opfs { value, .. } => match exception_name(value).as_deref() {
                Some("NoModificationAllowedError") => Self::Taken { name: name.into() },
                Some("QuotaExceededError") => Self::Quota { reason },
                Some("SecurityError" | "NotAllowedError") => Self::Unavailable { reason },
                _ => Self::Failed { reason },
            },
            _ => Self::Failed { reason },
        }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BadName { name } => write!(
                f,
                "the database name {name:?} must have 1 to {NAME_LENGTH_MAX} ASCII letters, \
                 digits, '-', '_' or '.', and start with a letter or a digit"
            ),
            Self::Unavailable { reason } => write!(
                f,
                "this browser stores no database here ({reason}); it needs a dedicated worker, a \
                 secure context and a window that is not private"
            ),
            Self::Taken { name } => {
                write!(
                    f,
                    "the database {name:?} is open in another tab or worker; close it there first"
                )
            }
            Self::Quota { reason } => {
                write!(f, "the browser grants no more space for the database ({reason})")
            }
            Self::Failed { reason } => write!(f, "the browser's file system failed: {reason}"),
            Self::Sqlite { source } => write!(f, "SQLite could not open the database: {source}"),
        }
    }
}

impl std::error::Error for StorageError {}

/// Opens an empty database in memory; it is gone when the connection closes.
///
/// # Errors
///
/// - `storage_sqlite`: SQLite could not start.
pub fn open_memory() -> Result<Storage, StorageError> {
    let connection =
        Connection::open_in_memory().map_err(|source| StorageError::Sqlite { source })?;
    Ok(Storage { connection, pool: None })
}

/// Opens the database `name` in OPFS, and makes it when there is none.
///
/// Must run in a dedicated worker. Opening it again in the same worker shares the pool but
/// coordinates nothing: the caller keeps to one connection.
///
/// # Errors
///
/// - `storage_bad_name`: the name cannot be part of a directory's name.
/// - `storage_unavailable`: there is no OPFS here.
/// - `storage_taken`: another tab or worker has it open.
/// - `storage_quota`: no space for the reserved slots.
/// - `storage_failed`: the file system failed otherwise.
/// - `storage_sqlite`: SQLite refused the file.
pub async fn open_stored(name: &str) -> Result<Storage, StorageError> {
    check_name(name)?;
    let vfs_name = format!("freehold-{name}");
    let config = OpfsSAHPoolCfgBuilder::new()
        .vfs_name(&vfs_name)
        .directory(&format!(".freehold-{name}"))
        .initial_capacity(SLOTS_RESERVED)
        .build();
    let pool = install_pool::<WasmOsCallback>(&config, false)
        .await
        .map_err(|error| StorageError::from_pool(name, &error))?;
    pool.ensure_capacity(SLOTS_RESERVED)
        .await
        .map_err(|error| StorageError::from_pool(name, &error))?;
    let connection =
        Connection::open_with_flags_and_vfs(DATABASE_FILE, OpenFlags::default(), vfs_name.as_str())
            .map_err(|source| StorageError::Sqlite { source })?;
    Ok(Storage { connection, pool: Some(pool) })
}

fn check_name(name: &str) -> Result<(), StorageError> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    let all_allowed =
        name.chars().all(|c| c.is_ascii_alphanumeric() || NAME_PUNCTUATION.contains(&c));
    if starts_well && all_allowed && name.len() <= NAME_LENGTH_MAX {
        Ok(())
    } else {
        Err(StorageError::BadName { name: name.into() })
    }
}

fn exception_name(exception: &JsValue) -> Option<String> {
    Reflect::get(exception, &"name".into()).ok()?.as_string()
}
