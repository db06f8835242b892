//! A build goes on while a newer one migrates the file under it.

use freehold::{Bundle, OpenOptions, bundle::BundleFiles};
use serde_json::json;

const MODEL: &str =
    "name = \"shop\"\n[tables.goods]\ncolumns.name = { type = \"text\", max = 9 }\n";

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
    let held = old.owner().unwrap();
    held.insert("goods", &row).unwrap();

    let newer = Bundle::from_files(&files).unwrap();
    let mut newer = freehold::open(&path, newer, OpenOptions::default()).unwrap();
    newer.init(None, &mut |_| {}).unwrap();
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
