//! Which functions belong to which file by their names, where the trace can't say.

/// How the names of SQLite's functions begin that read and write files, which the traced run has
/// none of: pages, journals, the write-ahead log, and what commits; and of functions that the host
/// calls back.
pub(super) const FILES: &[&str] = &[
    "pager",
    "sqlite3Pager",
    "pcache",
    "sqlite3Pcache",
    "sqlite3Os",
    "wal",
    "sqlite3Wal",
    "sqlite3BtreeSetVersion",
    "sqlite3BtreeCheckpoint",
    "sqlite3Checkpoint",
    "lockBtree",
    "memjrnl",
    "sqlite3Journal",
    "hasHotJournal",
    "openSubJournal",
    "subjournal",
    "syncJournal",
    "readJournalHdr",
    "writeJournalHdr",
    "zeroJournalHdr",
    "readSuperJournal",
    "sqlite3SectorSize",
    "sqlite3_randomness",
    "sqlite3_vfs",
    "sqlite3_wal",
    "returnSingleText",
    "vdbeCommit",
    "core::ops::function::FnOnce::call_once",
];

/// What the names of Rust's functions hold that keep files in a browser, and of what these stand
/// on: the bindings, promises, the allocator and thread-local values.
pub(super) const STORAGE: &[&str] = &[
    "freehold_wasm::",
    "sqlite_wasm",
    "rsqlite_vfs",
    "js_sys",
    "web_sys",
    "wasm_bindgen",
    "wbindgen",
    "rust_alloc",
    "rdl_",
    "__rustc",
    "futures",
    "thread::local",
    "thread_local",
    "foldhash",
    "with_backups",
    "log_exclusively",
    "empty_log",
    "database::gathered",
    "database::database_file",
    "database::resume",
    "database::newer",
    "history::write_meta",
    "rusqlite::Connection::execute::",
    "Result<bool,freehold_core::error::Error>",
    "rusqlite::pragma",
    "rusqlite::hooks",
    "set_clientdata",
    "catch_unwind",
    "externref shim",
    "RawVecInner",
    "RawTableInner",
];

/// What these call and the trace sees by itself.
pub(super) const BEYOND_STORAGE: &[&str] = &["freehold_core", "rusqlite", "serde_json"];

/// What keeps files in a browser as well, and hardly ever: making backups, putting one in a file's
/// place, files in memory, waiting; and floating-point numbers as Rust prints them.
pub(super) const SELDOM: &[&str] = &[
    "transfer",
    "finish_replacing",
    "::replace",
    "BackupStore",
    "import_db",
    "export_db",
    "MemChunksFile",
    "MemStore",
    "localtime",
    "host_sleep",
    "collections::btree",
    "core::num::flt2dec",
    "core::num::bignum",
];
