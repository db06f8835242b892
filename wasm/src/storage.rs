//! Where a database lives in a browser: in memory, or in the origin private file system (OPFS).
//!
//! A stored database is a directory of its own, `.freehold-<name>`, holding a pool of files that
//! SQLite's VFS hands out (`sqlite-wasm-vfs`, `sahpool`). A pool grows only asynchronously while
//! SQLite asks synchronously, so the slots that a database will need are reserved when it is
//! opened. One worker owns a pool at a time, with one connection per database.

use std::cell::RefCell;
use std::collections::HashMap;
use std::fmt;

use freehold_core::Error;
use freehold_core::call::error_to_json;
use freehold_core::database::{Log, gather_log, log_exclusively};
use js_sys::Reflect;
use rusqlite::{Connection, MAIN_DB, OpenFlags};
use serde_json::{Value, json};
use sqlite_wasm_rs::WasmOsCallback;
use sqlite_wasm_rs::vfs::VfsFilesManager as _;
use sqlite_wasm_rs::vfs::transfer::DbTransfer as _;
use sqlite_wasm_vfs::sahpool::{
    OpfsSAHError, OpfsSAHPoolCfgBuilder, OpfsSAHPoolUtil, install as install_pool,
};
use wasm_bindgen::JsValue;

use crate::spares;

/// The file of the database inside its pool.
pub const DATABASE_FILE: &str = "freehold.db";

/// The file that is to take the database's place, while it does.
const REPLACEMENT_FILE: &str = "freehold.db.replacement";

/// Slots reserved at open: the database and its journal, the backups that may be kept, and the
/// one that is being made, or what is to replace the database.
pub const SLOTS_RESERVED: usize = 8;

/// The pages of the log after which a commit empties it, where no quiet moment came before: 8 MB.
const LOG_PAGES_MAX: i32 = 1024;

/// The characters that may make up a database's name; it becomes part of a directory's name.
const NAME_PUNCTUATION: &[char] = &['-', '_', '.'];
const NAME_LENGTH_MAX: usize = 100;

thread_local! {
    /// The pools of the open databases, by the databases' names.
    static POOLS: RefCell<HashMap<String, OpfsSAHPoolUtil>> = RefCell::default();
}

/// Why a database could not be opened.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// There is no OPFS here: no dedicated worker, no secure context, a private window, or a
    /// browser without it.
    NoOpfs {
        /// What the browser said.
        reason: String,
    },
    /// Another tab or worker holds this database's files.
    HeldByAnotherTab {
        /// The database's name.
        name: String,
    },
    /// What any host may meet.
    Core(Error),
}

impl OpenError {
    /// The error's stable name.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoOpfs { .. } => "no_opfs",
            Self::HeldByAnotherTab { .. } => "held_by_another_tab",
            Self::Core(error) => error.code(),
        }
    }

    /// The error as JSON: code, message and its own fields.
    #[must_use]
    pub fn to_json(&self) -> Value {
        match self {
            Self::Core(error) => error_to_json(error),
            _ => json!({ "code": self.code(), "message": self.to_string() }),
        }
    }

    fn from_pool(name: &str, error: &OpfsSAHError) -> Self {
        let reason = error.to_string();
        match error {
            OpfsSAHError::NotSupported => Self::NoOpfs { reason },
            OpfsSAHError::Opfs { value, .. } => match exception_name(value).as_deref() {
                Some("NoModificationAllowedError") => Self::HeldByAnotherTab { name: name.into() },
                Some("QuotaExceededError") => Self::Core(Error::StorageFull),
                Some("SecurityError" | "NotAllowedError") => Self::NoOpfs { reason },
                _ => failed(error),
            },
            OpfsSAHError::InvalidHeader { .. } | OpfsSAHError::DuplicateFilename(_) => {
                Self::Core(Error::Corrupt { message: reason })
            }
            _ => failed(error),
        }
    }
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOpfs { reason } => write!(
                f,
                "this browser keeps no database here ({reason}); it needs a dedicated worker, \
                 a secure context and a window that is not private"
            ),
            Self::HeldByAnotherTab { name } => {
                write!(f, "the database {name:?} is open in another tab; close it there first")
            }
            Self::Core(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}

/// A failure of the file system that has no code of its own.
fn failed(error: &OpfsSAHError) -> OpenError {
    OpenError::Core(Error::Io { message: error.to_string() })
}

/// Opens a database in memory, empty or of the bytes of a SQLite file; it is gone when the
/// connection closes.
///
/// # Errors
///
/// - `sql`: SQLite could not start.
pub fn open_memory(image: Option<Vec<u8>>) -> Result<Connection, Error> {
    let mut connection = Connection::open_in_memory()?;
    if let Some(image) = image {
        let (length, is_read_only) = (image.len(), false);
        connection.deserialize_read_exact(MAIN_DB, &*image, length, is_read_only)?;
    }
    Ok(connection)
}

/// Opens the database `name` in OPFS, and makes it when there is none.
///
/// Must run in a dedicated worker. Opening it again in the same worker shares the pool but
/// coordinates nothing: the caller keeps to one connection.
///
/// # Errors
///
/// - `invalid_argument`: the name cannot be part of a directory's name.
/// - `no_opfs`: there is no OPFS here.
/// - `held_by_another_tab`: another tab or worker has it open.
/// - `storage_full`: no space for the reserved slots.
/// - `io`: the file system failed otherwise.
pub async fn open_stored(name: &str) -> Result<(Connection, Log), OpenError> {
    let pool = open_pool(name, false).await?;
    let is_replaced = || match pool.contains(REPLACEMENT_FILE)? {
        true => finish_replacing(&pool),
        false => Ok(()),
    };
    is_replaced().map_err(|error| OpenError::from_pool(name, &error))?;
    gather_log(&vfs_name(name));
    let mut connection = connect(name, DATABASE_FILE)?;
    let log = log_exclusively(&mut connection, LOG_PAGES_MAX)?;
    spares::name_free(name, &pool);
    Ok((connection, log))
}

/// Puts the bytes of a proven file in the place of the database `name`, which is not open.
///
/// The bytes are stored beside the database before that gives way, and a replacing that was cut
/// short is finished by the next opening.
///
/// # Errors
///
/// - those of [`open_stored`]
pub async fn replace(name: &str, bytes: &[u8]) -> Result<(), OpenError> {
    let pool = match open_pool(name, false).await {
        // Nothing in the pool can be told apart any more.
        Err(OpenError::Core(Error::Corrupt { .. })) => open_pool(name, true).await?,
        pool => pool?,
    };
    let replaced = spares::free(&pool)
        .and_then(|()| pool.remove(REPLACEMENT_FILE))
        .and_then(|_| pool.import_db(REPLACEMENT_FILE, bytes))
        .and_then(|()| pool.remove(DATABASE_FILE))
        .and_then(|_| finish_replacing(&pool));
    let released = release(name);
    replaced.map_err(|error| OpenError::from_pool(name, &error))?;
    released
}

/// Makes the replacement the database, where that gave way to it already; forgets it otherwise.
#[inline(never)]
fn finish_replacing(pool: &OpfsSAHPoolUtil) -> Result<(), OpfsSAHError> {
    if !pool.contains(DATABASE_FILE)? {
        // What belonged to the database before would be played back into this one.
        for ending in ["-journal", "-wal"] {
            pool.remove(&format!("{DATABASE_FILE}{ending}"))?;
        }
        let bytes = pool.export_db(REPLACEMENT_FILE)?;
        pool.import_db(DATABASE_FILE, &bytes)?;
    }
    pool.remove(REPLACEMENT_FILE).map(|_| ())
}

/// Opens a pool with all slots that its database will need.
async fn open_pool(name: &str, clear: bool) -> Result<OpfsSAHPoolUtil, OpenError> {
    check_name(name)?;
    let config = OpfsSAHPoolCfgBuilder::new()
        .vfs_name(&vfs_name(name))
        .directory(&format!(".freehold-{name}"))
        .initial_capacity(SLOTS_RESERVED)
        .clear_on_init(clear)
        .build();
    let from_pool = |error: OpfsSAHError| OpenError::from_pool(name, &error);
    let pool = install_pool::<WasmOsCallback>(&config, false).await.map_err(from_pool)?;
    // Does nothing unless the database was closed in this worker before.
    pool.resume().await.map_err(from_pool)?;
    pool.ensure_capacity(SLOTS_RESERVED).await.map_err(from_pool)?;
    POOLS.with_borrow_mut(|pools| pools.insert(name.to_owned(), pool.clone()));
    Ok(pool)
}

/// Connects to a file in the pool of an open database.
pub(crate) fn connect(name: &str, file: &str) -> Result<Connection, Error> {
    let flags = OpenFlags::default();
    Ok(Connection::open_with_flags_and_vfs(file, flags, vfs_name(name).as_str())?)
}

/// The pool of an open database.
pub(crate) fn pool(name: &str) -> Option<OpfsSAHPoolUtil> {
    POOLS.with_borrow(|pools| pools.get(name).cloned())
}

/// Lets another tab or worker open the database. Its connections are closed before.
pub(crate) fn release(name: &str) -> Result<(), OpenError> {
    let pool = POOLS.with_borrow_mut(|pools| pools.remove(name));
    let paused = pool.map_or(Ok(()), |pool| pool.pause());
    paused.map_err(|error| failed(&error))
}

fn vfs_name(name: &str) -> String {
    format!("freehold-{name}")
}

fn check_name(name: &str) -> Result<(), Error> {
    let starts_well = name.starts_with(|first: char| first.is_ascii_alphanumeric());
    let all_allowed =
        name.chars().all(|c| c.is_ascii_alphanumeric() || NAME_PUNCTUATION.contains(&c));
    if starts_well && all_allowed && name.len() <= NAME_LENGTH_MAX {
        Ok(())
    } else {
        let message = format!(
            "{name:?} is no name of a database: 1 to {NAME_LENGTH_MAX} ASCII letters, digits, \
             '-', '_' or '.', starting with a letter or a digit"
        );
        Err(Error::InvalidArgument { argument: "name".into(), message })
    }
}

fn exception_name(exception: &JsValue) -> Option<String> {
    Reflect::get(exception, &"name".into()).ok()?.as_string()
}
