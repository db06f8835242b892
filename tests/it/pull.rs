//! Pull: a model read from a live file means exactly that file's schema.

use freehold_core::host::FixedHost;
use freehold_core::model::Policy;
use freehold_core::{Bundle, Database, Model, migrate};
use rusqlite::{Connection, OpenFlags};

fn made(bundle: Bundle) -> (tempfile::TempDir, Connection) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let host = Box::new(FixedHost::new(1_767_225_600_000, 7));
    let mut database = Database::open(Connection::open(&path).unwrap(), bundle, host).unwrap();
    database.init(None, &mut |_| {}).unwrap();
    database.close().unwrap();
    (folder, Connection::open(path).unwrap())
}

#[test]
fn a_file_gives_its_own_model_back() {
    for name in Bundle::builtin_names() {
        let bundle = Bundle::builtin(name).unwrap();
        let model = bundle.model.clone();
        let (_folder, connection) = made(bundle);
        let pulled = migrate::pull(&connection).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert_eq!(pulled.notes, Vec::<String>::new(), "{name}");
        assert!(pulled.exact, "{name}");
        assert!(Model::from_toml(&pulled.model).unwrap() == *model, "{name}: another model");
    }
}

#[test]
fn a_file_that_remembers_no_model_gives_one_that_means_the_same_schema() {
    for name in Bundle::builtin_names() {
        let (_folder, connection) = made(Bundle::builtin(name).unwrap());
        connection.execute("DELETE FROM _freehold_meta", []).unwrap();
        let pulled = migrate::pull(&connection).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(pulled.exact, "{name}: {:#?}\n{}", pulled.notes, pulled.model);
        for note in &pulled.notes {
            assert!(note.contains("taken for"), "{name}: {note}");
        }
    }
}

#[test]
fn a_file_from_before_policies_is_read_too_and_nobody_may_do_anything() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/golden/carcosa-20250820132603.db");
    let connection = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let pulled = migrate::pull(&connection).unwrap();
    assert!(pulled.exact, "{:#?}", pulled.notes);
    let model = Model::from_toml(&pulled.model).unwrap();
    let buckets = model.table("buckets").unwrap();
    assert_eq!(buckets.policy, Some(Policy::default()));
    assert!(buckets.column("encrypted_access_key").unwrap().encrypted, "it is remembered");
}

#[test]
fn rules_that_name_what_is_gone_are_left_out_and_told() {
    let (_folder, connection) = made(Bundle::builtin("carcosa").unwrap());
    let sql = "PRAGMA foreign_keys = OFF; DROP TABLE bucket_team_access;";
    connection.execute_batch(sql).unwrap();
    let pulled = migrate::pull(&connection).unwrap();
    assert!(pulled.exact, "{:#?}", pulled.notes);
    let notes = pulled.notes.join("\n");
    assert!(notes.contains("predicates.administers_bucket(bucket) no longer holds"), "{notes}");
    let model = Model::from_toml(&pulled.model).unwrap();
    let buckets = model.table("buckets").unwrap().policy.clone().unwrap();
    assert!(buckets.read.is_none() && buckets.delete.is_some(), "what still holds stays");
}

#[test]
fn what_a_column_still_is_keeps_what_sqlite_does_not_know() {
    let (_folder, connection) = made(Bundle::builtin("carcosa").unwrap());
    let sql = "ALTER TABLE buckets ADD COLUMN color TEXT; DROP INDEX buckets_provider_idx;";
    connection.execute_batch(sql).unwrap();
    let pulled = migrate::pull(&connection).unwrap();
    assert!(pulled.exact, "{:#?}", pulled.notes);
    let model = Model::from_toml(&pulled.model).unwrap();
    let buckets = model.table("buckets").unwrap();
    assert!(buckets.column("color").is_some_and(|column| column.optional));
    assert!(buckets.column("bucket_name").unwrap().rules.pattern.is_some());
    assert!(buckets.column("encrypted_access_key").unwrap().encrypted);
}

#[test]
fn a_foreign_file_is_read_as_well_as_it_can_be_and_the_rest_is_named() {
    let connection = Connection::open_in_memory().unwrap();
    connection
        .execute_batch(
            "CREATE TABLE albums (id INTEGER PRIMARY KEY, title VARCHAR(80) NOT NULL,
                 released DATETIME, price DECIMAL(10,2), meta JSON, live BOOLEAN DEFAULT 0);
             CREATE TABLE tracks (album_id INT REFERENCES albums (id) ON DELETE CASCADE,
                 position INTEGER NOT NULL CHECK (position > 0), name TEXT,
                 PRIMARY KEY (album_id, position));
             CREATE VIEW long AS SELECT * FROM tracks;
             CREATE UNIQUE INDEX by_lower ON albums (lower(title));",
        )
        .unwrap();
    let pulled = migrate::pull(&connection).unwrap();
    assert!(!pulled.exact);
    let notes = pulled.notes.join("\n");
    for expected in ["long", "by_lower", "albums is not STRICT", "albums.released"] {
        assert!(notes.contains(expected), "{expected} is not in\n{notes}");
    }
    let model = Model::from_toml(&pulled.model).unwrap();
    assert_eq!(model.table("tracks").unwrap().references[0].table, "albums");
}
