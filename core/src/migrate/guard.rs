//! The authorizer under which scripts from a database file run: the file may be foreign.

use rusqlite::Connection;
use rusqlite::hooks::{AuthAction, AuthContext, Authorization};

use crate::error::Result;

/// Runs `work` while statements may not attach, set pragmas, load extensions, make temporary
/// objects or call functions of ours. The restriction ends with it on every way out.
pub(super) fn guarded<R>(
    connection: &mut Connection,
    work: impl FnOnce(&Connection) -> Result<R>,
) -> Result<R> {
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
    let result = work(connection);
    connection.authorizer(None::<fn(AuthContext<'_>) -> Authorization>)?;
    result
}
