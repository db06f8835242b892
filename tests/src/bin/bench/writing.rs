//! What validation costs on a write.

use std::time::Duration;

use freehold_core::host::FixedHost;
use freehold_core::validate::Validator;
use freehold_core::value::{Row, SqlValue};
use freehold_tests::measure::{Line, interleaved, show, time};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Connection, ToSql};
use serde_json::json;

pub const ROWS: usize = 10_000;

pub fn lines() -> Vec<Line> {
    vec![validated_insert(), owner_insert()]
}

/// carcosa's `files`, filled in as an app does it.
pub fn rows(database: &freehold::Database) -> Vec<Row> {
    let owner = database.owner().unwrap();
    let file = owner.list("files", &Default::default()).unwrap().rows.remove(0);
    let keep = ["organization_id", "project_id", "bucket_id", "mime_type", "content_type"];
    (0..ROWS)
        .map(|at| {
            let mut row: Row = file.clone();
            row.retain(|name, value| keep.contains(&name.as_str()) || value.is_number());
            for (name, value) in &file {
                if value.is_string() && !row.contains_key(name) && !name.ends_with("_at") {
                    row.insert(name.clone(), value.clone());
                }
            }
            for unique in ["path", "key", "storage_key", "object_key"] {
                if row.contains_key(unique) {
                    row.insert(unique.into(), json!(format!("uploads/2026/{at:06}.png")));
                }
            }
            row.insert("id".into(), json!(format!("01940000-0000-7000-8000-{at:012}")));
            row
        })
        .collect()
}

pub struct Bound<'v, 'r>(pub &'v SqlValue<'r>);

impl ToSql for Bound<'_, '_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            SqlValue::Null => ValueRef::Null,
            SqlValue::Integer(value) => ValueRef::Integer(*value),
            SqlValue::Real(value) => ValueRef::Real(*value),
            SqlValue::Text(text) => ValueRef::Text(text.as_bytes()),
            SqlValue::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

pub fn image() -> Vec<u8> {
    freehold::testing::database("carcosa", "development").export().unwrap()
}

pub fn connection(image: &[u8]) -> Connection {
    let mut connection = Connection::open_in_memory().unwrap();
    let copy = std::io::Cursor::new(image.to_vec());
    connection.deserialize_read_exact(rusqlite::MAIN_DB, copy, image.len(), false).unwrap();
    connection.pragma_update(None, "foreign_keys", true).unwrap();
    connection
}

/// The same prepared statement, with values that were validated just now and values that were
/// validated before the clock started.
fn validated_insert() -> Line {
    let database = freehold::testing::database("carcosa", "development");
    let model = database.bundle().model.clone();
    let table = model.table("files").unwrap();
    let validator = Validator::new(&model, table).unwrap();
    let host = FixedHost::new(1_750_000_000_000, 1);
    let rows = rows(&database);
    let marks = vec!["?"; table.columns.len()].join(", ");
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let sql = format!("INSERT INTO files ({}) VALUES ({marks})", names.join(", "));
    let ready: Vec<Vec<SqlValue<'_>>> =
        rows.iter().map(|row| validator.validate_insert(row, &host).unwrap().values).collect();
    let image = image();
    let run = |validated: bool| {
        let connection = connection(&image);
        connection.execute_batch("BEGIN").unwrap();
        let mut statement = connection.prepare(&sql).unwrap();
        time(|| {
            for (at, row) in rows.iter().enumerate() {
                let values = match validated {
                    true => &validator.validate_insert(row, &host).unwrap().values,
                    false => &ready[at],
                };
                statement.execute(rusqlite::params_from_iter(values.iter().map(Bound))).unwrap();
            }
        })
    };
    let (ours, bare) = interleaved(15, || run(true), || run(false));
    let what = format!("validated insert / bare, {} columns, one transaction", names.len());
    Line::ratio(&what, ours, bare, 1.3)
}

/// The whole of the owner's insert, which also gives back the stored row.
fn owner_insert() -> Line {
    let database = freehold::testing::database("carcosa", "development");
    let rows = rows(&database);
    let took = time(|| database.owner().unwrap().insert_many("files", &rows).unwrap());
    let each = took / u32::try_from(ROWS).unwrap_or(1);
    let _: Duration = each;
    Line::note("owner.insert_many, per row", show(each))
}
