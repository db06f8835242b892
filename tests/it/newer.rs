//! A build goes on while a newer one migrates the file under it.

use freehold::{Bundle, OpenOptions, bundle::BundleFiles};
use serde_json::json;

const MODEL: &str =
    "name = \"shop\"\n[tables.goods]\ncolumns.name = { type = \"text\", max = 9 }\n";

/// What changes the file beside its rows.
const CHANGING: [&str; 7] = [
    "CREATE TABLE more (a)",
    "CREATE INDEX goods_by_name ON goods (name)",
    "ALTER TABLE goods RENAME TO wares",
    "DROP TABLE goods",
    "ANALYZE",
    "PRAGMA user_version = 7",
    "VACUUM",
];

fn schema_of(path: &std::path::Path) -> (i64, Vec<String>) {
    let bare = rusqlite::Connection::open(path).unwrap();
    let version = bare.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    let mut schema = bare.prepare("SELECT name || coalesce(sql, '') FROM sqlite_schema").unwrap();
    let texts = schema.query_map([], |row| row.get(0)).unwrap();
    (version, texts.map(Result::unwrap).collect())
}

#[test]
fn an_open_database_notices_that_it_was_migrated_by_a_newer_build() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let script = |file: &str, text: &str| (file.to_owned(), text.to_owned());
    let first = Bundle::from_model_text(MODEL).unwrap();
    let up = first.migrations[0].up.text();
    let files = BundleFiles {
        model: format!("{MODEL}columns.size = {{ type = \"integer\", optional = true }}\n"),
        up: [
            script("V1__init.sql", up),
            script(
                "V2__size.sql",
                "ALTER TABLE goods ADD COLUMN size INTEGER CONSTRAINT goods_size_integer
                 CHECK (size BETWEEN -9007199254740991 AND 9007199254740991);",
            ),
        ]
        .into(),
        down: [script("V2__size.sql", "ALTER TABLE goods DROP COLUMN size;")].into(),
        ..BundleFiles::default()
    };
    let options = OpenOptions { access: freehold::Access::Create, ..OpenOptions::default() };
    let mut old = freehold::open(&path, first, options).unwrap();
    old.init(None, &mut |_| {}).unwrap();
    let row = json!({ "name": "one" }).as_object().unwrap().clone();
    let others = CHANGING.map(|_| {
        let bundle = Bundle::from_model_text(MODEL).unwrap();
        freehold::open(&path, bundle, OpenOptions::default()).unwrap()
    });
    let owners = others.each_ref().map(|other| other.owner().unwrap());
    let held = old.owner().unwrap();
    held.insert("goods", &row).unwrap();

    let newer = Bundle::from_files(&files).unwrap();
    let mut newer = freehold::open(&path, newer, OpenOptions::default()).unwrap();
    newer.init(None, &mut |_| {}).unwrap();
    let schema = || schema_of(&path);
    let before = schema();
    for (owner, sql) in owners.iter().zip(CHANGING) {
        let refused = owner.sql(sql, &[]).map_err(|error| error.code());
        assert_eq!(refused.err(), Some("newer_database"), "{sql}");
        assert_eq!(schema(), before, "{sql}");
    }
    // A handle from before notices too, as does a write that waited for the migration.
    for _ in 0..2 {
        assert_eq!(held.insert("goods", &row).unwrap_err().code(), "newer_database");
        assert_eq!(held.sql("DELETE FROM goods", &[]).unwrap_err().code(), "newer_database");
        assert_eq!(held.count("goods", None).unwrap(), 1);
    }
    let owner = old.owner().unwrap();
    assert_eq!(owner.insert("goods", &row).unwrap_err().code(), "newer_database");
    assert_eq!(owner.insert_many("goods", [&row]).unwrap_err().code(), "newer_database");
    assert_eq!(owner.sql("DELETE FROM goods", &[]).unwrap_err().code(), "newer_database");
    assert_eq!(owner.count("goods", None).unwrap(), 1);
    assert_eq!(old.push(true).unwrap_err().code(), "newer_database");
    assert_eq!(old.reset(None, &mut |_| {}).unwrap_err().code(), "newer_database");

    newer.migrate_down(1, &mut |_| {}).unwrap();
    old.owner().unwrap().insert("goods", &row).unwrap();
}
