//! Why a session's statement could not be compiled, told without telling of anything hidden.
//!
//! SQLite's own message depends on tables, columns and internals that a session knows nothing of.
//! So the statement is compiled once more where there are only the tables that sessions see, and
//! nothing in them: what goes wrong there may be told. What goes well there is not allowed.

use std::cell::OnceCell;
use std::sync::Arc;

use rusqlite::Connection;

use crate::error::{Error, Result};
use crate::gateway::guard::limit;
use crate::model::Model;
use crate::query::push_name;

/// A database in memory with the tables that sessions see, made when it is first needed.
pub(super) struct Scratch {
    model: Arc<Model>,
    connection: OnceCell<Connection>,
}

impl Scratch {
    pub(super) fn new(model: Arc<Model>) -> Scratch {
        Scratch { model, connection: OnceCell::new() }
    }

    /// The error of a statement that was refused.
    pub(super) fn explain(&self, text: &str) -> Error {
        const REFUSED: &str = "not allowed in a session: it may read and write the model's tables, \
                               and call functions that only look at their arguments";
        let message = match self.open() {
            Ok(connection) => match connection.prepare(text) {
                Ok(_) => REFUSED.to_owned(),
                Err(rusqlite::Error::SqlInputError { msg, .. }) => msg,
                Err(rusqlite::Error::SqliteFailure(_, Some(message))) => message,
                Err(_) => REFUSED.to_owned(),
            },
            Err(_) => REFUSED.to_owned(),
        };
        Error::Sql { message }
    }

    fn open(&self) -> Result<&Connection> {
        if let Some(connection) = self.connection.get() {
            return Ok(connection);
        }
        let connection = Connection::open_in_memory()?;
        limit(&connection);
        let mut sql = String::new();
        for table in &self.model.tables {
            sql.push_str("CREATE TABLE ");
            push_name(&mut sql, &table.name);
            let shown = table.columns.iter().filter(|column| !column.secret);
            for (at, column) in shown.enumerate() {
                sql.push_str(if at == 0 { " (" } else { ", " });
                push_name(&mut sql, &column.name);
            }
            sql.push_str(");\n");
        }
        connection.execute_batch(&sql)?;
        Ok(self.connection.get_or_init(|| connection))
    }
}
