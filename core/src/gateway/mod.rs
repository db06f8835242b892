//! A session's own SQL: what its statements see and change is what its actor may, whatever they
//! say.
//!
//! Each of the model's tables has a gateway: a virtual table in TEMP that stands before it. A
//! gateway reads its table by a statement of ours, which carries the actor's condition and simple
//! comparisons; rows are written the way of typed writes. An authorizer lets a session's statement
//! name the gateways and nothing else, so what it says never meets a row that its actor can't see.
//!
//! - `raw`, `module`, `text`: SQLite's C interface, the only `unsafe` of the core
//! - `guard`, `functions`, `names`: what a statement may name, and how long it may run
//! - `table`, `plan`, `cursor`, `write`: the gateways
//! - `scratch`: error messages from where there is nothing to hide
//!
//! There is one set of gateways per connection, for all sessions: whose turn it is is known while
//! a statement runs, and its rows are all read before the next one begins.

mod cursor;
mod functions;
mod guard;
mod module;
mod names;
mod plan;
mod raw;
mod run;
mod scratch;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod text;
mod write;

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use crate::error::Result;
use crate::gateway::guard::Shared;
use crate::gateway::raw::Statement;
use crate::gateway::scratch::Scratch;
use crate::model::Model;
use crate::owner::Engine;
use crate::query::push_name;

/// How many of the sessions' statements stay compiled.
const COMPILED_MAX: usize = 64;

/// The gateways of a connection. Must be dropped before it is closed.
pub(crate) struct Gateway {
    shared: Arc<Shared>,
    registered: Cell<bool>,
    watched: Cell<bool>,
    compiled: RefCell<Vec<Compiled>>,
    scratch: Scratch,
}

/// A session's statement, compiled under the restrictions. Any session may run it: what it reads
/// is decided when it runs.
struct Compiled {
    text: String,
    statement: Statement,
    columns: Vec<String>,
    /// Whether it may be about the audit table.
    names_audit: bool,
    /// Whether it may delete rows.
    may_delete: bool,
    /// The names of WITH that it reads without a column.
    names: Vec<String>,
}

impl Gateway {
    /// The gateways to a model's tables. Makes nothing yet.
    pub(crate) fn new(model: Arc<Model>) -> Gateway {
        Gateway {
            scratch: Scratch::new(model.clone()),
            shared: Shared::new(model),
            registered: Cell::default(),
            watched: Cell::default(),
            compiled: RefCell::default(),
        }
    }

    /// Takes everything away that a change of the schema would meet, and forgets the statements.
    pub(crate) fn close(&self, engine: &Engine) -> Result<()> {
        self.forget();
        // Migrations have an authorizer of their own.
        self.watched.set(false);
        engine.unshadow()
    }

    /// Drops all statements, so that the connection can be closed.
    pub(crate) fn forget(&self) {
        self.compiled.borrow_mut().clear();
    }

    /// Makes the gateways where they are not there.
    fn open(&self, engine: &Engine) -> Result<()> {
        if !self.registered.get() {
            module::register(&engine.connection, &self.shared)?;
            text::register(&engine.connection)?;
            self.registered.set(true);
        }
        if !self.watched.get() {
            module::watch(&engine.connection, &self.shared);
            self.watched.set(true);
        }
        engine.shadow(|name| {
            let mut sql = "CREATE VIRTUAL TABLE temp.".to_owned();
            push_name(&mut sql, name);
            sql.push_str(" USING freehold_gateway");
            sql
        })
    }
}
