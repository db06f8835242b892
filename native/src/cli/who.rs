//! On whose behalf a command reads and writes: the file's holder, or somebody they vouch for.

use freehold::owner::{Difference, SqlResult, Version};
use freehold::{Database, Error, ListOptions, Owner, Page, Session};
use serde_json::{Map, Value};

use crate::args::WhoArg;
use crate::report::Failure;

type Row = Map<String, Value>;

/// A handle.
pub enum Who<'db> {
    /// Everything.
    Owner(Owner<'db>),
    /// What the policies let somebody do.
    Session(Box<Session<'db>>),
}

impl<'db> Who<'db> {
    /// The handle that the arguments ask for.
    pub fn of(database: &'db Database, who: &WhoArg) -> Result<Who<'db>, Failure> {
        match &who.email {
            Some(_) => Ok(Who::Session(Box::new(session(database, who)?))),
            None => Ok(Who::Owner(database.owner()?)),
        }
    }

    /// Runs one statement.
    pub fn sql(&self, sql: &str, params: &[Value]) -> Result<SqlResult, Error> {
        match self {
            Who::Owner(owner) => owner.sql(sql, params),
            Who::Session(session) => session.sql(sql, params),
        }
    }

    /// Inserts a row.
    pub fn insert(&self, table: &str, row: &Row) -> Result<Row, Error> {
        match self {
            Who::Owner(owner) => owner.insert(table, row),
            Who::Session(session) => session.insert(table, row),
        }
    }

    /// Inserts rows, all or none; their keys.
    pub fn insert_many(&self, table: &str, rows: &[Row]) -> Result<Vec<Row>, Error> {
        match self {
            Who::Owner(owner) => owner.insert_many(table, rows),
            Who::Session(session) => session.insert_many(table, rows),
        }
    }

    /// Changes a row.
    pub fn update(&self, table: &str, key: &Value, changes: &Row) -> Result<Row, Error> {
        match self {
            Who::Owner(owner) => owner.update(table, key, changes),
            Who::Session(session) => session.update(table, key, changes),
        }
    }

    /// Deletes a row; whether there was one.
    pub fn delete(&self, table: &str, key: &Value) -> Result<bool, Error> {
        match self {
            Who::Owner(owner) => owner.delete(table, key),
            Who::Session(session) => session.delete(table, key),
        }
    }

    /// Brings a row back.
    pub fn restore(&self, table: &str, key: &Value) -> Result<Row, Error> {
        match self {
            Who::Owner(owner) => owner.restore(table, key),
            Who::Session(session) => session.restore(table, key),
        }
    }

    /// The versions of a row.
    pub fn versions(&self, table: &str, key: &Value) -> Result<Vec<Version>, Error> {
        match self {
            Who::Owner(owner) => owner.versions(table, key),
            Who::Session(session) => session.versions(table, key),
        }
    }

    /// What differs between two versions of a row.
    pub fn diff_versions(
        &self,
        table: &str,
        key: &Value,
        from: i64,
        to: i64,
    ) -> Result<Vec<Difference>, Error> {
        match self {
            Who::Owner(owner) => owner.diff_versions(table, key, from, to),
            Who::Session(session) => session.diff_versions(table, key, from, to),
        }
    }

    /// Makes a row what a version of it says.
    pub fn roll_back(&self, table: &str, key: &Value, version: i64) -> Result<Row, Error> {
        match self {
            Who::Owner(owner) => owner.roll_back(table, key, version),
            Who::Session(session) => session.roll_back(table, key, version),
        }
    }

    /// A page of rows.
    pub fn list(&self, table: &str, options: &ListOptions) -> Result<Page, Error> {
        match self {
            Who::Owner(owner) => owner.list(table, options),
            Who::Session(session) => session.list(table, options),
        }
    }
}

impl WhoArg {
    /// Refuses where nobody is named, before anything is opened.
    pub fn check(&self) -> Result<(), Failure> {
        let message = "as whom? say --as EMAIL, or --owner to read and write everything, of all \
                       tenants";
        match self.email.is_some() || self.owner {
            true => Ok(()),
            false => Err(Failure::Usage(message.to_owned())),
        }
    }
}

/// The session of the person that the arguments name.
pub fn session<'db>(database: &'db Database, who: &WhoArg) -> Result<Session<'db>, Failure> {
    let Some(email) = &who.email else {
        return Err(Failure::Usage("this is done as a person: say --as EMAIL".to_owned()));
    };
    let actor = database.vouch(email, who.tenant.as_deref())?;
    Ok(database.session(actor)?)
}
