//! The smallest use of storage, SQLite and refinery together, for the tests of the storage.

use freehold_core::host::Host;
use refinery::{Migration, Runner};
use refinery_core::traits::sync::{Migrate, Query, Transaction};
use rusqlite::{Connection, types::ValueRef};
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};
use wasm_bindgen::prelude::*;

use crate::host::JsHost;
use crate::storage::{self, Storage, StorageError};

/// One open database, as JavaScript holds it.
#[wasm_bindgen]
pub struct Probe {
    storage: Storage,
}

/// Opens the database `name` in OPFS, or one in memory when there is no name.
///
/// # Errors
///
/// An `Error` whose `code` is one of `StorageError`'s.
#[wasm_bindgen(js_name = openProbe)]
pub async fn open_probe(name: Option<String>) -> Result<Probe, JsValue> {
    let opened = match name {
        Some(name) => storage::open_stored(&name).await,
        None => storage::open_memory(),
    };
    opened.map(|storage| Probe { storage }).map_err(|error| to_exception(&error))
}

#[wasm_bindgen]
impl Probe {
    /// Applies two migrations in one transaction and answers with the names of those that were
    /// pending.
    ///
    /// # Errors
    ///
    /// An `Error` with refinery's message.
    pub fn migrate(&mut self) -> Result<Vec<String>, JsError> {
        let migrations = [
            Migration::unapplied(
                "V20250101000000__notes",
                "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT) STRICT;",
            )?,
            Migration::unapplied(
                "V20250102000000__notes_made_at",
                "ALTER TABLE notes ADD COLUMN made_at INTEGER;",
            )?,
        ];
        let mut target = Target { connection: &mut self.storage.connection };
        let report = Runner::new(&migrations).set_grouped(true).run(&mut target)?;
        Ok(report.applied_migrations().iter().map(ToString::to_string).collect())
    }

    /// Adds a note that was made now and answers with its id.
    ///
    /// # Errors
    ///
    /// An `Error` with SQLite's message.
    pub fn add(&mut self, body: &str) -> Result<i64, JsError> {
        let host = JsHost::new().map_err(|_| JsError::new("no random bytes here"))?;
        let mut id_bytes = [0; 4];
        host.fill_random(&mut id_bytes);
        let id = i64::from(u32::from_le_bytes(id_bytes));
        self.storage
            .connection
            .execute("INSERT INTO notes VALUES (?1, ?2, ?3)", (id, body, host.now_ms()))?;
        Ok(id)
    }

    /// Runs a query and answers with its rows as JSON.
    ///
    /// # Errors
    ///
    /// An `Error` with SQLite's message.
    pub fn query(&self, sql: &str) -> Result<String, JsError> {
        let mut statement = self.storage.connection.prepare(sql)?;
        let column_count = statement.column_count();
        let mut rows = statement.query([])?;
        let mut answer: Vec<Value> = Vec::new();
        while let Some(row) = rows.next()? {
            let values: Result<Vec<Value>, rusqlite::Error> =
                (0..column_count).map(|index| row.get_ref(index).map(to_json)).collect();
            answer.push(Value::Array(values?));
        }
        Ok(Value::Array(answer).to_string())
    }
}

struct Target<'connection> {
    connection: &'connection mut Connection,
}

impl Transaction for Target<'_> {
    type Error = rusqlite::Error;

    fn execute<'a, T: Iterator<Item = &'a str>>(
        &mut self,
        queries: T,
    ) -> Result<usize, Self::Error> {
        let transaction = self.connection.transaction()?;
        let mut count = 0;
        for query in queries {
            transaction.execute_batch(query)?;
            count += 1;
        }
        transaction.commit()?;
        Ok(count)
    }
}

impl Query<Vec<Migration>> for Target<'_> {
    fn query(&mut self, query: &str) -> Result<Vec<Migration>, Self::Error> {
        let mut statement = self.connection.prepare(query)?;
        let rows = statement.query_map([], |row| {
            let applied_on: String = row.get(2)?;
            let checksum: String = row.get(3)?;
            Ok(Migration::applied(
                row.get(0)?,
                row.get(1)?,
                OffsetDateTime::parse(&applied_on, &Rfc3339).unwrap_or(OffsetDateTime::UNIX_EPOCH),
                checksum.parse().unwrap_or(0),
            ))
        })?;
        rows.collect()
    }
}

impl Migrate for Target<'_> {}

fn to_json(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => bytes.into(),
    }
}

fn to_exception(error: &StorageError) -> JsValue {
    let exception = js_sys::Error::new(&error.to_string());
    // Setting a property of a fresh object cannot fail.
    let _: Result<bool, JsValue> =
        js_sys::Reflect::set(&exception, &"code".into(), &error.code().into());
    exception.into()
}
