//! What errors say to people: what happened, with which values, and what to do.

use std::fmt;

use super::Error;

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::UnknownModel { name, known } => {
                write!(f, "there is no built-in model `{name}`; there are: {}", known.join(", "))
            }
            Error::InvalidModel { problems } => {
                write!(f, "the model has {} problem(s):", problems.len())?;
                problems.iter().try_for_each(|problem| write!(f, "\n  {problem}"))
            }
            Error::UnknownTable { table } => write!(f, "the model has no table `{table}`"),
            Error::Invalid { table, issues } => {
                write!(f, "the row for `{table}` is not valid; nothing was written:")?;
                issues.iter().try_for_each(|issue| write!(f, "\n  {issue}"))
            }
            Error::NotFound { table, key } => {
                write!(f, "`{table}` has no row with the key {key}")
            }
            Error::Denied { table, operation } => {
                write!(f, "not allowed to {operation} this row of `{table}`")
            }
            Error::BadCredentials => {
                f.write_str("nobody has these credentials; check them and try again")
            }
            Error::RateLimited { retry_after_ms } => {
                write!(f, "the API key was used too often; try again in {retry_after_ms} ms")
            }
            Error::Unavailable { what } => {
                write!(f, "this `{what}` can't be had; choose another")
            }
            Error::SessionEnded { reason } => write!(f, "no access: {reason}; sign in again"),
            Error::InvalidArgument { argument, message } => write!(f, "{argument}: {message}"),
            Error::Sql { message } => write!(f, "SQL: {message}"),
            Error::InvalidSeed { set, path, message } if path.is_empty() => {
                write!(f, "the seed set `{set}`: {message}")
            }
            Error::InvalidSeed { set, path, message } => {
                write!(f, "the seed set `{set}`: {path}: {message}")
            }
            Error::EncryptionUnavailable { table, column } => write!(
                f,
                "`{table}.{column}` is encrypted and no key is at hand, so it can't be written"
            ),
            Error::WrongKey => write!(
                f,
                "this is not the database's master key; its encrypted columns stay locked"
            ),
            Error::CiphertextInvalid { table, column, key } => write!(
                f,
                "`{table}.{column}` of the row {key} can't be opened: it was sealed for another \
                 place or is damaged; restore the value"
            ),
            Error::NotADatabase => write!(f, "the file is not a SQLite database"),
            Error::Corrupt { message } => {
                write!(f, "the database is damaged ({message}); stop writing and restore a backup")
            }
            Error::Locked => write!(f, "another process holds the database; try again"),
            Error::ReadOnly => write!(f, "the database is read-only"),
            Error::StorageFull => {
                write!(f, "the storage is full; nothing was written; free some space and try again")
            }
            Error::Io { message } => write!(f, "the file could not be used: {message}"),
            Error::TooLarge { message } => write!(f, "too large: {message}"),
            Error::Interrupted => write!(f, "the call was interrupted; nothing was written"),
            Error::AnswerLost => write!(
                f,
                "the call was done, and its answer went with whoever gave it; read again what it \
                 changed"
            ),
            _ => fmt_migration(self, f),
        }
    }
}

/// What is wrong with migrations and schemas.
fn fmt_migration(error: &Error, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match error {
        Error::InvalidMigration { migration, line, message } => {
            write!(f, "the migration {migration}{} is not usable: {message}", at(*line))
        }
        Error::MigrationFailed { migration, line, message } => write!(
            f,
            "the migration {migration} failed{}: {message}; the run was rolled back, \
             the database is as it was",
            at(*line)
        ),
        Error::MigrationDiverged { applied, found } => write!(
            f,
            "the applied migration {applied} differs from {found} at hand; \
             restore its text, and put the change into a new migration"
        ),
        Error::MigrationMissing { migration, message } => write!(f, "{migration}: {message}"),
        Error::NotReversible { migration } => {
            write!(f, "the migration {migration} has no down script, so it can't be rolled back")
        }
        Error::SchemaDrift { subject, differences } => {
            write!(f, "{subject}:")?;
            differences.iter().try_for_each(|line| write!(f, "\n  {line}"))
        }
        Error::DataLoss { losses } => {
            write!(f, "this would lose data; allow it with --allow-data-loss:")?;
            losses.iter().try_for_each(|line| write!(f, "\n  {line}"))
        }
        Error::NewerDatabase { database, known } => write!(
            f,
            "the database is at version {database}, this build knows versions up to {known}; \
             it can be read and migrated down, not written; update the app"
        ),
        Error::OtherModel { found, expected } => {
            write!(f, "the database holds the model `{found}`, not `{expected}`")
        }
        Error::NotInitialized => {
            write!(f, "the database holds no model yet; run `init` with a model first")
        }
        Error::BackupFailed { message } => {
            write!(f, "the backup before the run failed, so nothing was changed: {message}")
        }
        _ => f.write_str(error.code()),
    }
}

fn at(line: Option<usize>) -> String {
    line.map(|line| format!(" at line {line}")).unwrap_or_default()
}
