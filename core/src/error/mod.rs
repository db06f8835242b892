//! What can go wrong, as a caller can act on it: one variant per decision, each with a stable code.

mod display;

use std::fmt;

use serde::Serialize;

/// A result of the core.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// One thing wrong with a model, with its place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Where in the structure: `tables.buckets.columns.provider`.
    pub path: String,
    /// The line in the file, counted from 1, where a file was given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<usize>,
    /// The column in the line, counted from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<usize>,
    /// A stable code: `unknown_type`, `dangling_reference`, …
    pub code: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(line), Some(column)) = (self.line, self.column) {
            write!(f, "{line}:{column}: ")?;
        }
        write!(f, "{}: {} ({})", self.path, self.message, self.code)
    }
}

/// One thing wrong with a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Issue {
    /// The column, or a path into a JSON or array value: `tags[2]`. Empty for the row as a whole.
    pub path: String,
    /// A stable code: `required`, `unknown_field`, `too_short`, …
    pub code: &'static str,
    /// What is wrong, for people.
    pub message: String,
    /// The rule's numbers and names, for messages in other languages.
    pub params: serde_json::Map<String, serde_json::Value>,
}

impl fmt::Display for Issue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.path.as_str() {
            "" => write!(f, "{} ({})", self.message, self.code),
            path => write!(f, "{path}: {} ({})", self.message, self.code),
        }
    }
}

/// An error of the core. `code()` is stable and crosses every boundary unchanged; the text is for
/// people.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// No built-in model has this name.
    UnknownModel {
        /// The name asked for.
        name: String,
        /// The names there are.
        known: Vec<String>,
    },
    /// The model has mistakes; all of them are listed.
    InvalidModel {
        /// The mistakes.
        problems: Vec<Problem>,
    },
    /// The model has no table of this name.
    UnknownTable {
        /// The name asked for.
        table: String,
    },
    /// The row breaks the model's rules or a constraint; nothing was written.
    Invalid {
        /// The table.
        table: String,
        /// All that is wrong with the row.
        issues: Vec<Issue>,
    },
    /// There is no row with this key.
    NotFound {
        /// The table.
        table: String,
        /// The key, as JSON.
        key: String,
    },
    /// The actor sees the table's rows, or knows of them, and may not do this with them.
    Denied {
        /// The table.
        table: String,
        /// `insert`, `update`, `delete` or `restore`.
        operation: &'static str,
    },
    /// Nobody has this address and password, this key or this token.
    BadCredentials,
    /// The API key was used as often as it may be within a minute.
    RateLimited {
        /// When it may be used again, from now.
        retry_after_ms: i64,
    },
    /// An address or slug can't be had: it is taken, or reserved.
    Unavailable {
        /// The column.
        what: String,
    },
    /// The actor has no access, or has it no longer.
    SessionEnded {
        /// Why, for people; it tells nothing of others.
        reason: &'static str,
    },
    /// Something in a call has the wrong form: a filter, order, limit, cursor or parameter.
    InvalidArgument {
        /// Which argument.
        argument: String,
        /// What is wrong with it.
        message: String,
    },
    /// A SQL statement could not be compiled or run, or SQLite has undone its transaction.
    Sql {
        /// SQLite's message.
        message: String,
    },
    /// A migration could not be read: its name, its text, or a forbidden statement.
    InvalidMigration {
        /// The migration's file name.
        migration: String,
        /// The line in the script, counted from 1, where known.
        line: Option<usize>,
        /// What is wrong.
        message: String,
    },
    /// A migration failed; the whole run was rolled back.
    MigrationFailed {
        /// The migration's file name.
        migration: String,
        /// The statement's line in the script, counted from 1, where known.
        line: Option<usize>,
        /// SQLite's message.
        message: String,
    },
    /// An applied migration differs from the one at hand.
    MigrationDiverged {
        /// The applied migration.
        applied: String,
        /// The one at hand.
        found: String,
    },
    /// An applied migration is not at hand, or one at hand was skipped.
    MigrationMissing {
        /// The migration.
        migration: String,
        /// What is wrong with it.
        message: String,
    },
    /// A migration that is to be rolled back has no down script.
    NotReversible {
        /// The migration.
        migration: String,
    },
    /// The live schema is not the expected one.
    SchemaDrift {
        /// What differs from what, and what to do.
        subject: String,
        /// The differences, one line each.
        differences: Vec<String>,
    },
    /// A change would lose data and was not allowed to.
    DataLoss {
        /// What would be lost, one line each.
        losses: Vec<String>,
    },
    /// The database was written by a newer build; it can be read and migrated down, not written.
    NewerDatabase {
        /// The database's version.
        database: String,
        /// The newest version that this build knows.
        known: String,
    },
    /// The database holds another model.
    OtherModel {
        /// The model in the database.
        found: String,
        /// The model at hand.
        expected: String,
    },
    /// The database has no model yet.
    NotInitialized,
    /// A backup could not be made, so nothing was changed.
    BackupFailed {
        /// Why.
        message: String,
    },
    /// A seed set is unknown or broken.
    InvalidSeed {
        /// The set.
        set: String,
        /// The place in the set.
        path: String,
        /// What is wrong.
        message: String,
    },
    /// The column is encrypted and no key is at hand.
    EncryptionUnavailable {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// The database's keys are wrapped by another master key than the one at hand.
    WrongKey,
    /// An encrypted value can't be opened: it was not sealed at this place, or is damaged.
    CiphertextInvalid {
        /// The table.
        table: String,
        /// The column.
        column: String,
        /// The row's key, as JSON.
        key: String,
    },
    /// The file is not a SQLite database.
    NotADatabase,
    /// The database's own data is broken. Stop writing; restore a backup.
    Corrupt {
        /// What was found.
        message: String,
    },
    /// Somebody else holds the database's lock.
    Locked,
    /// The database or its medium is read-only.
    ReadOnly,
    /// The medium is full, or a quota is reached.
    StorageFull,
    /// The file could not be opened, read or written.
    Io {
        /// What failed.
        message: String,
    },
    /// A value or a result is larger than SQLite or the host allows.
    TooLarge {
        /// What is too large.
        message: String,
    },
    /// The call was interrupted.
    Interrupted,
    /// The call was done when it was asked for the first time.
    AnswerLost,
}

/// Every code of an [`Error`] with its meaning. The codes are stable: they cross the worker, the
/// wire and the command line unchanged.
pub const ERROR_CODES: &[(&str, &str)] = &[
    ("unknown_model", "No built-in model has this name."),
    ("invalid_model", "The model has mistakes; all of them are listed."),
    ("unknown_table", "The model has no table of this name."),
    ("invalid", "The row breaks the model's rules or a constraint; nothing was written."),
    ("not_found", "There is no row with this key."),
    ("denied", "The actor may not do this; nothing was written."),
    ("bad_credentials", "Nobody has this address and password, this key or this token."),
    ("rate_limited", "The API key was used as often as it may be within a minute."),
    ("unavailable", "The address or slug can't be had."),
    ("session_ended", "The actor has no access (any more): gone, suspended, expired or revoked."),
    (
        "invalid_argument",
        "Something in a call has the wrong form: a filter, order, limit, cursor or parameter.",
    ),
    ("sql", "A SQL statement could not be compiled or run, or its transaction was undone."),
    (
        "invalid_migration",
        "A migration could not be read: its name, its text, or a forbidden statement.",
    ),
    ("migration_failed", "A migration failed; the whole run was rolled back."),
    ("migration_diverged", "An applied migration differs from the one at hand."),
    ("migration_missing", "An applied migration is not at hand, or one at hand was skipped."),
    ("not_reversible", "A migration that is to be rolled back has no down script."),
    ("schema_drift", "The live schema is not the expected one."),
    ("data_loss", "A change would lose data and was not allowed to."),
    (
        "newer_database",
        "The database was written by a newer build; it can be read and migrated down, not written.",
    ),
    ("other_model", "The database holds another model."),
    ("not_initialized", "The database has no model yet."),
    ("backup_failed", "A backup could not be made, so nothing was changed."),
    ("invalid_seed", "A seed set is unknown or broken."),
    ("encryption_unavailable", "The column is encrypted and no key is at hand."),
    ("wrong_key", "The database's keys are wrapped by another master key than the one at hand."),
    (
        "ciphertext_invalid",
        "An encrypted value can't be opened: it was not sealed at this place, or is damaged.",
    ),
    ("not_a_database", "The file is not a SQLite database."),
    ("corrupt", "The database's own data is broken. Stop writing; restore a backup."),
    ("locked", "Somebody else holds the database's lock."),
    ("read_only", "The database or its medium is read-only."),
    ("storage_full", "The medium is full, or a quota is reached."),
    ("io", "The file could not be opened, read or written."),
    ("too_large", "A value or a result is larger than SQLite or the host allows."),
    ("interrupted", "The call was interrupted."),
    ("answer_lost", "The call was done, once; its answer is lost. Read again what it changed."),
];

impl Error {
    /// The stable snake_case code, one of [`ERROR_CODES`].
    pub fn code(&self) -> &'static str {
        match self {
            Error::UnknownModel { .. } => "unknown_model",
            Error::InvalidModel { .. } => "invalid_model",
            Error::UnknownTable { .. } => "unknown_table",
            Error::Invalid { .. } => "invalid",
            Error::NotFound { .. } => "not_found",
            Error::Denied { .. } => "denied",
            Error::BadCredentials => "bad_credentials",
            Error::RateLimited { .. } => "rate_limited",
            Error::Unavailable { .. } => "unavailable",
            Error::SessionEnded { .. } => "session_ended",
            Error::InvalidArgument { .. } => "invalid_argument",
            Error::Sql { .. } => "sql",
            Error::InvalidMigration { .. } => "invalid_migration",
            Error::MigrationFailed { .. } => "migration_failed",
            Error::MigrationDiverged { .. } => "migration_diverged",
            Error::MigrationMissing { .. } => "migration_missing",
            Error::NotReversible { .. } => "not_reversible",
            Error::SchemaDrift { .. } => "schema_drift",
            Error::DataLoss { .. } => "data_loss",
            Error::NewerDatabase { .. } => "newer_database",
            Error::OtherModel { .. } => "other_model",
            Error::NotInitialized => "not_initialized",
            Error::BackupFailed { .. } => "backup_failed",
            Error::InvalidSeed { .. } => "invalid_seed",
            Error::EncryptionUnavailable { .. } => "encryption_unavailable",
            Error::WrongKey => "wrong_key",
            Error::CiphertextInvalid { .. } => "ciphertext_invalid",
            Error::NotADatabase => "not_a_database",
            Error::Corrupt { .. } => "corrupt",
            Error::Locked => "locked",
            Error::ReadOnly => "read_only",
            Error::StorageFull => "storage_full",
            Error::Io { .. } => "io",
            Error::TooLarge { .. } => "too_large",
            Error::Interrupted => "interrupted",
            Error::AnswerLost => "answer_lost",
        }
    }
}

impl std::error::Error for Error {}

/// What SQLite says, by its version, where a cascade has too many levels.
#[cfg(feature = "database")]
const TOO_DEEP: [&str; 2] = ["triggers nested too deep", "too many levels of trigger recursion"];

#[cfg(feature = "database")]
impl From<rusqlite::Error> for Error {
    fn from(error: rusqlite::Error) -> Self {
        use rusqlite::ErrorCode;
        let message = error.to_string();
        let extended_code = error.sqlite_error().map(|error| error.extended_code);
        if extended_code == Some(rusqlite::ffi::SQLITE_IOERR_SHMSIZE) {
            // The write-ahead log's index could not grow, for which there is one usual reason.
            return Error::StorageFull;
        }
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Error::NotADatabase,
            Some(ErrorCode::DatabaseCorrupt) => Error::Corrupt { message },
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Error::Locked,
            Some(ErrorCode::ReadOnly) => Error::ReadOnly,
            Some(ErrorCode::DiskFull) => Error::StorageFull,
            Some(ErrorCode::CannotOpen | ErrorCode::SystemIoFailure) => Error::Io { message },
            Some(ErrorCode::TooBig) => Error::TooLarge { message },
            Some(ErrorCode::OperationInterrupted) => Error::Interrupted,
            // SQLite has no code of its own for it.
            Some(ErrorCode::Unknown) if TOO_DEEP.iter().any(|words| message.contains(words)) => {
                Error::TooLarge {
                    message: "rows that hang on the row by cascading references reach deeper than \
                          SQLite's 1,000 levels; delete the far ends first"
                        .to_owned(),
                }
            }
            _ => Error::Sql { message },
        }
    }
}
