//! Sessions: an actor's handle on an open database.
//!
//! A session reads and writes what the model's policies let its actor, and nothing else. What the
//! actor may do is looked up when the session is opened, and again whenever rows that it hangs on
//! may have changed: a role that is taken away is gone with the next call.

mod kept;
mod lookup;
mod standing;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod versions;

use std::cell::RefCell;
use std::sync::Arc;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::actor::Actor;
use crate::error::{Error, Issue, Result};
use crate::gateway::Gateway;
use crate::model::Model;
use crate::owner::data_version::data_version;
use crate::owner::transaction::transaction;
use crate::owner::{Engine, SqlOptions, SqlResult};
use crate::policy::Rules;
use crate::query::{ListOptions, Page};
use crate::session::standing::Standing;
use crate::value::Row;

pub(crate) use kept::KeptActors;

/// An actor's handle. Cheap to make; several may be open on one database, and take turns: while
/// one actor's transaction is open, every call of another's session is `invalid_argument`.
///
/// What the actor can't see does not exist: reads leave it out, writes answer `not_found`. What
/// they see and may not change is `denied`.
///
/// # Example
///
/// ```
/// # use freehold_core::{Actor, Bundle, Database, Error, ListOptions, host::FixedHost};
/// # use serde_json::json;
/// # let connection = rusqlite::Connection::open_in_memory()?;
/// # let host = Box::new(FixedHost::new(1_750_000_000_000, 1));
/// # let mut database = Database::open(connection, Bundle::builtin("workflow")?, host)?;
/// # database.init(Some("development"), &mut |_| {})?;
/// let users = database.owner()?.list("users", &ListOptions::default())?.rows;
/// let demo = users.iter().find(|user| user["email"] == "demo@example.com").expect("seeded");
/// let [id, tenant] = ["id", "tenant_id"].map(|name| demo[name].as_str().expect("a text"));
///
/// let session = database.session(Actor::user(id).in_tenant(tenant))?;
/// assert!(session.count("workflows", None)? > 0);
/// # Ok::<(), Error>(())
/// ```
pub struct Session<'db> {
    engine: &'db Engine,
    /// What its SQL goes through; None where the core only looks whether a session is to be had.
    gateway: Option<&'db Gateway>,
    actor: Actor,
    newer: Option<(i64, i64)>,
    /// The positions of the tables that the actor's rights hang on.
    hangs_on: Arc<[usize]>,
    standing: RefCell<Standing>,
}

impl<'db> Session<'db> {
    /// Opens a session.
    ///
    /// # Errors
    ///
    /// - `session_ended`: the actor is unknown, suspended, or has no place in the tenant
    pub(crate) fn open(
        engine: &'db Engine,
        actor: Actor,
        newer: Option<(i64, i64)>,
    ) -> Result<Session<'db>> {
        engine.check_turn(&actor)?;
        engine.recorder.look_for_others(&engine.connection)?;
        let generation = engine.recorder.generation();
        // Before the rights are looked up, so that what others commit meanwhile is noticed.
        let data_version = data_version(&engine.connection);
        let rights = lookup::rights(engine, &actor)?;
        lookup::check_expiry(engine, &rights)?;
        let rules = Arc::new(Rules::new(engine.catalog.model().clone(), rights));
        let standing = Standing { rules, generation, data_version };
        let hangs_on = lookup::tables(engine.catalog.model(), &actor).into();
        Ok(Session::resume(engine, actor, newer, hangs_on, standing))
    }

    /// A session of an actor who was looked up before; what may have changed since is looked at
    /// with the next read or write.
    fn resume(
        engine: &'db Engine,
        actor: Actor,
        newer: Option<(i64, i64)>,
        hangs_on: Arc<[usize]>,
        standing: Standing,
    ) -> Session<'db> {
        let standing = RefCell::new(standing);
        Session { engine, gateway: None, actor, newer, hangs_on, standing }
    }

    /// The same session, whose SQL goes through these gateways.
    pub(crate) fn over(self, gateway: &'db Gateway) -> Session<'db> {
        Session { gateway: Some(gateway), ..self }
    }

    /// Whose session it is.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// The model.
    pub fn model(&self) -> &'db Model {
        self.engine.catalog.model()
    }

    /// The positions of the tables that the actor's rights hang on.
    pub(crate) fn hangs_on(&self) -> &[usize] {
        &self.hangs_on
    }

    /// The role that the actor holds in the session's tenant, if any.
    ///
    /// # Errors
    ///
    /// - `session_ended`
    pub fn role(&self) -> Result<Option<String>> {
        Ok(self.rules()?.rights().role.clone())
    }

    /// Inserts a row; the row as stored. The tenant, and the owner of a user's row, are filled in.
    ///
    /// # Errors
    ///
    /// - `unknown_table`, `invalid`, `encryption_unavailable`: as for [`crate::Owner::insert`]
    /// - `denied`: the policy doesn't let the actor insert this row
    /// - `session_ended`: the actor has no access any more
    pub fn insert(&self, table: &str, row: &Row) -> Result<Row> {
        self.writing(|rows| rows.insert(table, row))
    }

    /// Inserts rows, all or none; their keys, in order.
    ///
    /// # Errors
    ///
    /// Those of [`Session::insert`], for the first row that fails.
    pub fn insert_many<'r>(
        &self,
        table: &str,
        rows: impl IntoIterator<Item = &'r Row>,
    ) -> Result<Vec<Row>> {
        self.writing(|writer| writer.insert_many(table, rows))
    }

    /// The row with this key, if the actor sees one.
    ///
    /// # Errors
    ///
    /// - `unknown_table`, `invalid_argument`: as for [`crate::Owner::get`]
    /// - `session_ended`
    pub fn get(&self, table: &str, key: &Value) -> Result<Option<Row>> {
        self.reading(|rows| rows.get(table, key))
    }

    /// The row with this key as a value of an app's own type, whose members are named like the
    /// columns. Saves the map that [`Session::get`] makes.
    ///
    /// # Errors
    ///
    /// Those of [`Session::get`], and `invalid_argument` where the type doesn't fit.
    pub fn get_as<T: DeserializeOwned>(&self, table: &str, key: &Value) -> Result<Option<T>> {
        self.reading(|rows| rows.get_as(table, key))
    }

    /// A page of the rows that the actor sees, as values of an app's own type.
    ///
    /// # Errors
    ///
    /// Those of [`Session::list`], and `invalid_argument` where the type doesn't fit.
    ///
    /// # Example
    ///
    /// ```
    /// # use freehold_core::{Actor, Bundle, Database, Error, ListOptions, host::FixedHost};
    /// # let connection = rusqlite::Connection::open_in_memory()?;
    /// # let host = Box::new(FixedHost::new(1_750_000_000_000, 1));
    /// # let mut database = Database::open(connection, Bundle::builtin("workflow")?, host)?;
    /// # database.init(Some("development"), &mut |_| {})?;
    /// #[derive(serde::Deserialize)]
    /// struct Tenant {
    ///     id: String,
    ///     is_active: bool,
    /// }
    /// let tenants = database.owner()?.list_as::<Tenant>("tenants", &ListOptions::default())?;
    /// let system = database.session(Actor::system().in_tenant(&tenants.rows[0].id))?;
    /// let own = system.get_as::<Tenant>("tenants", &tenants.rows[0].id.as_str().into())?;
    /// assert!(own.is_some_and(|tenant| tenant.is_active));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn list_as<T: DeserializeOwned>(
        &self,
        table: &str,
        options: &ListOptions,
    ) -> Result<Page<T>> {
        self.reading(|rows| rows.list_as(table, options))
    }

    /// A page of the rows that the actor sees.
    ///
    /// # Errors
    ///
    /// - `unknown_table`, `invalid_argument`: as for [`crate::Owner::list`]
    /// - `session_ended`
    pub fn list(&self, table: &str, options: &ListOptions) -> Result<Page> {
        self.reading(|rows| rows.list(table, options))
    }

    /// How many of the rows that the actor sees a filter keeps.
    ///
    /// # Errors
    ///
    /// - `unknown_table`, `invalid_argument`: as for [`crate::Owner::count`]
    /// - `session_ended`
    pub fn count(&self, table: &str, filter: Option<&Value>) -> Result<i64> {
        self.reading(|rows| rows.count(table, filter))
    }

    /// Changes columns of the row with this key; the row as it is then.
    ///
    /// # Errors
    ///
    /// - `unknown_table`, `invalid`, `invalid_argument`: as for [`crate::Owner::update`]
    /// - `not_found`: the actor sees no row with this key
    /// - `denied`: the policy doesn't let the actor change the row, or not into this
    /// - `session_ended`
    pub fn update(&self, table: &str, key: &Value, changes: &Row) -> Result<Row> {
        self.writing(|rows| rows.update(table, key, changes))
    }

    /// Deletes the row with this key, or hides it where the table deletes softly; whether the
    /// actor saw one.
    ///
    /// # Errors
    ///
    /// - `unknown_table`, `invalid_argument`, `invalid`: as for [`crate::Owner::delete`]
    /// - `denied`: the policy doesn't let the actor delete the row
    /// - `session_ended`
    pub fn delete(&self, table: &str, key: &Value) -> Result<bool> {
        self.writing(|rows| rows.delete(table, key))
    }

    /// Brings back the softly deleted row with this key; the row as it is then.
    ///
    /// # Errors
    ///
    /// - `unknown_table`, `invalid_argument`, `invalid`: as for [`crate::Owner::restore`]
    /// - `not_found`, `denied`, `session_ended`
    pub fn restore(&self, table: &str, key: &Value) -> Result<Row> {
        self.writing(|rows| rows.restore(table, key))
    }

    /// Inserts a row, or changes the one that has its primary key already; the row as it is then.
    ///
    /// # Errors
    ///
    /// Those of [`Session::insert`] and [`Session::update`].
    pub fn upsert(&self, table: &str, row: &Row) -> Result<Row> {
        self.writing(|rows| rows.upsert(table, row))
    }

    /// What is wrong with a row that is to be inserted, or with changes to the row with a key, as
    /// far as the actor may know. Writes nothing.
    ///
    /// # Errors
    ///
    /// - `unknown_table`, `invalid_argument`, `not_found`, `session_ended`
    pub fn validate(&self, table: &str, row: &Row, key: Option<&Value>) -> Result<Vec<Issue>> {
        self.reading(|rows| rows.validate(table, row, key))
    }

    /// Runs one SQL statement over what the actor sees: the model's tables without their secret
    /// columns and softly deleted rows. Parameters and answers are as for [`crate::Owner::sql`];
    /// values have the form in which they are stored.
    ///
    /// A writing statement happens wholly or not at all, and its rows are checked as typed ones
    /// are. NULL for a column in an INSERT means to leave it out. Deleting hides rows where the
    /// table deletes softly. SQLite can do no RETURNING and no upsert here; the typed API does.
    ///
    /// # Errors
    ///
    /// - `invalid_argument`: no statement or several, a transaction command, RETURNING, an upsert,
    ///   NUL characters, or parameters that don't fit
    /// - `sql`: it could not be compiled or run, or names what a session doesn't reach
    /// - `invalid`, `denied`, `newer_database`: as for typed writes
    /// - `too_large`: it answers more than there is room for
    /// - `interrupted`: it took more steps, time or memory than a statement may
    /// - `session_ended`
    pub fn sql(&self, text: &str, params: &[Value]) -> Result<SqlResult> {
        self.sql_with(text, params, SqlOptions::default())
    }

    /// Runs one SQL statement as [`Session::sql`] does, with options.
    ///
    /// # Errors
    ///
    /// Those of [`Session::sql`], and `too_large`: it answers more rows than the options allow.
    pub fn sql_with(&self, text: &str, params: &[Value], options: SqlOptions) -> Result<SqlResult> {
        let gateway = self.gateway.ok_or_else(|| ended("it was only opened for a look"))?;
        let is_select =
            text.trim_start().get(..6).is_some_and(|word| word.eq_ignore_ascii_case("select"));
        loop {
            let done = match is_select {
                true => self.reading(|rows| gateway.run(rows, text, params, options)),
                false => self.with(|rows| gateway.run(rows, text, params, options)),
            };
            // A write that had to wait for another connection's looks at the rights again, and so
            // does what reads without looking like it: only that has columns.
            let seen = data_version(&self.engine.connection);
            if let Some(result) = done?
                && (is_select
                    || result.columns.is_empty()
                    || seen == self.standing.borrow().data_version)
            {
                return Ok(result);
            }
        }
    }

    /// Runs work in a transaction: all of it happens, or none. Transactions nest. A write that ends
    /// with `interrupted`, `storage_full` or `io` may undo the whole of it: what follows is refused
    /// by `sql` then, as is its end.
    ///
    /// # Errors
    ///
    /// - the work's own
    /// - `locked`: another connection is writing
    /// - `session_ended`
    pub fn transaction<T>(&self, work: impl FnOnce(&Session<'db>) -> Result<T>) -> Result<T> {
        self.rules()?;
        transaction(self.engine, &self.actor, || work(self))
    }
}

fn ended(reason: &'static str) -> Error {
    Error::SessionEnded { reason }
}
