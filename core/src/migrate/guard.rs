//! The authorizer under which scripts from a database file run: the file may be foreign.

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::error::Result;

/// How many of SQLite's steps a script may take: enough for any file's own rows many times over,
/// and an end to a script that has none.
const STEPS_BASE: u64 = 100_000_000;
const STEPS_PER_PAGE: u64 = 100_000;
const STEPS_BETWEEN_LOOKS: i32 = 1_000_000;

/// Runs `work` while statements may not attach, set pragmas, load extensions, make temporary
/// objects or call functions of ours, nor run without end. The restriction ends with it on every
/// way out.
///
/// # Errors
///
/// - `interrupted`: the work took more steps than any honest script over such a file.
pub(super) fn guarded<R>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<R>,
) -> Result<R> {
    let pages: i64 = connection.pragma_query_value(None, "page_count", |row| row.get(0))?;
    let mut left = STEPS_BASE.saturating_add(pages.unsigned_abs().saturating_mul(STEPS_PER_PAGE));
    let is_too_long = move || {
        left = left.saturating_sub(STEPS_BETWEEN_LOOKS.unsigned_abs().into());
        left == 0
    };
    connection.authorizer(Some(|context: AuthContext<'_>| match context.action {
        AuthAction::Attach { .. } | AuthAction::Detach { .. } | AuthAction::Pragma { .. } => {
            Authorization::Deny
        }
        AuthAction::Function { function_name }
            if function_name.starts_with("freehold_") || function_name == "load_extension" =>
        {
            Authorization::Deny
        }
        // What is temporary outlives the run and could stand before a table of the database.
        AuthAction::CreateTempTable { .. }
        | AuthAction::CreateTempIndex { .. }
        | AuthAction::CreateTempTrigger { .. }
        | AuthAction::CreateTempView { .. } => Authorization::Deny,
        AuthAction::CreateVtable { .. } | AuthAction::DropVtable { .. } => Authorization::Deny,
        _ => Authorization::Allow,
    }))?;
    connection.progress_handler(STEPS_BETWEEN_LOOKS, Some(is_too_long))?;
    let result = work(connection);
    connection.progress_handler(0, None::<fn() -> bool>)?;
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    result
}
