//! The owner's handle: unrestricted typed reads and writes, and SQL, for whoever holds the file.
//!
//! Every operation is all or nothing. What it shares with handles that are bound to an actor is
//! in the submodules, which take additional terms; nothing here adds any.

mod allowed;
mod at_once;
pub(crate) mod audited;
mod before;
pub(crate) mod catalog;
mod check;
mod constraint;
pub(crate) mod data_version;
mod engine;
mod examine;
mod hide;
mod json;
mod judge;
mod legacy;
mod purge;
pub(crate) mod read;
mod rotate;
mod rotate_versions;
pub(crate) mod rows;
pub(crate) mod sealing;
mod shadow;
pub(crate) mod sql;
mod standing;
pub(crate) mod storage;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
pub(crate) mod transaction;
mod typed;
mod update;
mod versions;
pub(crate) mod write;

use std::sync::LazyLock;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::actor::Actor;
use crate::error::{Error, Issue, Result};
use crate::host::Host;
use crate::model::Model;
use crate::owner::rows::Rows;
use crate::query::{ListOptions, Page};
use crate::value::Row;

pub(crate) use standing::{StandingPage, Written};

pub use catalog::Catalog;
pub use engine::Engine;
pub use purge::Purged;
pub use rotate::Rotated;
pub use sql::{SqlOptions, SqlResult};
pub use versions::{Difference, Version};

/// Whoever holds the file acts as the core itself.
static SYSTEM: LazyLock<Actor> = LazyLock::new(Actor::system);

/// The unrestricted handle of whoever holds the file. Never give it to code that acts for a user.
///
/// Within a session's open transaction it reads what that transaction wrote so far, and its writes
/// are `invalid_argument`: they would be recorded as that actor's.
///
/// Cheap to make and to copy. Foreign keys must be enforced on the connection.
///
/// # Example
///
/// ```
/// # use freehold_core::{Bundle, Database, Error, ListOptions, host::FixedHost};
/// # use serde_json::json;
/// # let connection = rusqlite::Connection::open_in_memory()?;
/// # let host = Box::new(FixedHost::new(1_750_000_000_000, 1));
/// # let mut database = Database::open(connection, Bundle::builtin("workflow")?, host)?;
/// # database.init(None, &mut |_| {})?;
/// let owner = database.owner()?;
/// let row = json!({ "name": "Acme", "slug": "acme" });
/// let tenant = owner.insert("tenants", row.as_object().expect("an object"))?;
/// assert_eq!(owner.get("tenants", &tenant["id"])?, Some(tenant.clone()));
///
/// let broken = json!({ "name": "", "slug": "Not a slug" });
/// match owner.insert("tenants", broken.as_object().expect("an object")) {
///     Err(Error::Invalid { issues, .. }) => {
///         let paths: Vec<&str> = issues.iter().map(|issue| issue.path.as_str()).collect();
///         assert_eq!(paths, ["name", "slug"]);
///     }
///     other => panic!("{other:?}"),
/// }
///
/// let options = ListOptions::from_json(json!({
///     "filter": { "slug": { "starts_with": "ac" } },
///     "order": ["created_at desc"],
/// }))?;
/// assert_eq!(owner.list("tenants", &options)?.rows, [tenant]);
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Owner<'db> {
    rows: Rows<'db>,
}

impl<'db> Owner<'db> {
    /// The owner's handle of an open database that holds the engine's model.
    pub fn new(engine: &'db Engine) -> Self {
        let host = &*engine.host;
        Owner {
            rows: Rows {
                engine,
                host,
                actor: &SYSTEM,
                rules: None,
                newer: None,
                own_columns: true,
            },
        }
    }

    /// The same handle, which refuses to write where the database is newer than this build.
    pub(crate) fn guarding(self, newer: Option<(i64, i64)>) -> Self {
        Owner { rows: Rows { newer, ..self.rows } }
    }

    /// The model.
    pub fn model(&self) -> &'db Model {
        self.rows.engine.catalog.model()
    }

    /// Inserts a row; the row as stored, ids, times and defaults filled in.
    ///
    /// # Errors
    ///
    /// - `unknown_table`: the model has no such table
    /// - `invalid`: the row breaks rules or constraints; all of its issues
    /// - `encryption_unavailable`: it has a value for an encrypted column, and nothing else wrong
    pub fn insert(&self, table: &str, row: &Row) -> Result<Row> {
        self.rows.insert(table, row)
    }

    /// Inserts rows, all or none; their keys, in order.
    ///
    /// # Errors
    ///
    /// Those of [`Owner::insert`], for the first row that fails.
    pub fn insert_many<'r>(
        &self,
        table: &str,
        rows: impl IntoIterator<Item = &'r Row>,
    ) -> Result<Vec<Row>> {
        self.rows.insert_many(table, rows)
    }

    /// The row with this key, unless it is softly deleted. A key is an object of the primary
    /// key's columns, or the one column's value.
    ///
    /// # Errors
    ///
    /// - `unknown_table`: the model has no such table
    /// - `invalid_argument`: the key does not fit the table
    pub fn get(&self, table: &str, key: &Value) -> Result<Option<Row>> {
        self.rows.get(table, key)
    }

    /// The row with this key as a value of an app's own type, whose members are named like the
    /// columns. Saves the map that [`Owner::get`] makes.
    ///
    /// # Errors
    ///
    /// Those of [`Owner::get`], and `invalid_argument` where the type doesn't fit.
    pub fn get_as<T: DeserializeOwned>(&self, table: &str, key: &Value) -> Result<Option<T>> {
        self.rows.get_as(table, key)
    }

    /// A page of rows as values of an app's own type.
    ///
    /// # Errors
    ///
    /// Those of [`Owner::list`], and `invalid_argument` where the type doesn't fit.
    pub fn list_as<T: DeserializeOwned>(
        &self,
        table: &str,
        options: &ListOptions,
    ) -> Result<Page<T>> {
        self.rows.list_as(table, options)
    }

    /// A page of rows.
    ///
    /// # Errors
    ///
    /// - `unknown_table`: the model has no such table
    /// - `invalid_argument`: the filter, order, limit, cursor or a column is wrong
    pub fn list(&self, table: &str, options: &ListOptions) -> Result<Page> {
        self.rows.list(table, options)
    }

    /// How many rows a filter keeps, softly deleted ones aside; all without a filter.
    ///
    /// # Errors
    ///
    /// - `unknown_table`: the model has no such table
    /// - `invalid_argument`: the filter is wrong
    pub fn count(&self, table: &str, filter: Option<&Value>) -> Result<i64> {
        self.rows.count(table, filter)
    }

    /// Changes columns of the row with this key; the row as it is then. Columns that are not
    /// named stay as they are; without any change nothing is written.
    ///
    /// # Errors
    ///
    /// - `unknown_table`, `invalid`, `encryption_unavailable`: as for [`Owner::insert`]
    /// - `invalid_argument`: the key does not fit the table
    /// - `not_found`: there is no row with this key
    pub fn update(&self, table: &str, key: &Value, changes: &Row) -> Result<Row> {
        self.rows.update(table, key, changes)
    }

    /// Deletes the row with this key, or hides it where the table deletes softly; whether there
    /// was one.
    ///
    /// # Errors
    ///
    /// - `unknown_table`: the model has no such table
    /// - `invalid_argument`: the key does not fit the table
    /// - `invalid`: `still_referenced`: other rows refer to it
    pub fn delete(&self, table: &str, key: &Value) -> Result<bool> {
        self.rows.delete(table, key)
    }

    /// Brings back the softly deleted row with this key, and what was deleted along with it; the
    /// row as it is then. A row that is not deleted stays as it is.
    ///
    /// # Errors
    ///
    /// - `unknown_table`: the model has no such table
    /// - `invalid_argument`: the key does not fit the table
    /// - `not_found`: there is no row with this key
    /// - `invalid`: `not_unique`: another row has taken a unique key meanwhile
    pub fn restore(&self, table: &str, key: &Value) -> Result<Row> {
        self.rows.restore(table, key)
    }

    /// Inserts a row, or changes the one that has its primary key already; the row as it is then.
    ///
    /// # Errors
    ///
    /// Those of [`Owner::insert`] and [`Owner::update`].
    pub fn upsert(&self, table: &str, row: &Row) -> Result<Row> {
        self.rows.upsert(table, row)
    }

    /// What is wrong with a row that is to be inserted, or, where a key is given, with changes to
    /// that row: all issues, taken unique keys and unknown references among them. Writes nothing.
    ///
    /// # Errors
    ///
    /// - `unknown_table`: the model has no such table
    /// - `invalid_argument`: the key does not fit the table
    /// - `not_found`: there is no row with this key
    pub fn validate(&self, table: &str, row: &Row, key: Option<&Value>) -> Result<Vec<Issue>> {
        self.rows.validate(table, row, key)
    }

    /// Runs one SQL statement with parameters in the order of its `?`: null, booleans, numbers,
    /// text, `{"$blob": base64}` and `{"$bigint": digits}`. A writing statement happens wholly or
    /// not at all. Reads everything, secret columns too.
    ///
    /// # Errors
    ///
    /// - `invalid_argument`: no statement or several, a transaction command, NUL characters, or
    ///   parameters that don't fit
    /// - `sql`: it could not be compiled or run, or broke a constraint
    pub fn sql(&self, text: &str, params: &[Value]) -> Result<SqlResult> {
        self.sql_with(text, params, SqlOptions::default())
    }

    /// Runs one SQL statement as [`Owner::sql`] does, with options.
    ///
    /// # Errors
    ///
    /// Those of [`Owner::sql`], and `too_large`: it answers more rows than the options allow.
    pub fn sql_with(&self, text: &str, params: &[Value], options: SqlOptions) -> Result<SqlResult> {
        let result = sql::run(self.rows.engine, self.rows.actor, text, params, options);
        result.map_err(|error| match error {
            Error::ReadOnly => self.rows.newer_database().unwrap_or(error),
            other => other,
        })
    }

    /// Runs work in a transaction: all of it happens, or none. Transactions nest.
    ///
    /// Some failures (`storage_full`, `io`, `interrupted`) make SQLite undo the whole transaction
    /// at once: what follows in it is refused by `sql`, as is its end.
    ///
    /// # Errors
    ///
    /// - the work's own
    /// - `locked`: another connection is writing
    pub fn transaction<T>(&self, work: impl FnOnce(&Owner<'db>) -> Result<T>) -> Result<T> {
        transaction::transaction(self.rows.engine, self.rows.actor, || work(self))
    }

    /// Reads and writes without any rules.
    pub(crate) fn rows(&self) -> Rows<'db> {
        self.rows
    }

    /// The host.
    pub(crate) fn host(&self) -> &'db dyn Host {
        self.rows.host
    }

    /// The same handle with another clock and other random bytes.
    pub(crate) fn with_host<'h>(&self, host: &'h dyn Host) -> Owner<'h>
    where
        'db: 'h,
    {
        Owner { rows: Rows { host, ..self.rows } }
    }

    /// The same handle, which writes on behalf of another.
    pub(crate) fn acting<'a>(&self, actor: &'a Actor) -> Owner<'a>
    where
        'db: 'a,
    {
        Owner { rows: Rows { actor, ..self.rows } }
    }

    /// The row that has the same primary key or the same values of a unique key as a row that is
    /// to be inserted, softly deleted or not.
    ///
    /// # Errors
    ///
    /// Those of [`Owner::insert`] that need no writing.
    pub(crate) fn find_same(&self, table: &str, row: &Row) -> Result<Option<Row>> {
        self.rows.find_same(self.rows.engine.catalog.plan(table)?, row)
    }
}
