//! A second look in debug builds, tests above all: SQLite's update hook tells of every row that
//! changed, whoever changed it. A table that it tells of has to have been noted as written.
//!
//! It doesn't tell of tables without row ids, nor of what REPLACE removes.

use std::sync::{Arc, Mutex};

use rusqlite::Connection;

use super::lock;
use super::notes::Notes;
use crate::error::Result;
use crate::model::{Model, Template};

/// Watches a connection.
pub(super) fn watch(
    connection: &mut Connection,
    notes: &Arc<Mutex<Notes>>,
    model: &Arc<Model>,
) -> Result<()> {
    let (notes, model) = (Arc::clone(notes), Arc::clone(model));
    let seen = move |_, database: &str, table: &str, _| {
        let position = model.tables.iter().position(|known| known.name == table);
        let is_derived = |at: usize| {
            let template = model.tables[at].template;
            matches!(template, Some(Template::AuditLog | Template::Versions))
        };
        if let Some(at) = position.filter(|at| database == "main" && !is_derived(*at)) {
            lock(&notes).seen.push(at);
        }
    };
    Ok(connection.update_hook(Some(seen))?)
}

impl Notes {
    /// Asserts that every table which was seen to change was noted as written in this transaction.
    pub(super) fn assert_noted(&self) {
        for at in &self.seen {
            assert!(self.written[*at] > self.began, "a change of table {at} escaped the capture");
        }
    }
}
