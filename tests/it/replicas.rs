//! Every file is a replica of its own: one that was copied or restored gets a new id.

use std::fs;
use std::path::Path;

use freehold::audit::AuditQuery;
use freehold::{Access, Bundle, Database, OpenOptions};
use freehold_core::bundle::BundleFiles;
use serde_json::json;

const MODEL: &str = "name = \"shop\"\n[tables.goods]\naudited = true\n\
                     columns.title = { type = \"text\", max = 80 }\n";

fn open(path: &Path, bundle: &Bundle) -> Database {
    let options = OpenOptions { access: Access::Create, ..OpenOptions::default() };
    freehold::open(path, bundle.clone(), options).unwrap()
}

/// Writes to a file; its replica id and the number of the new record in its chain.
fn write(path: &Path, bundle: &Bundle) -> (String, i64) {
    let database = open(path, bundle);
    let owner = database.owner().unwrap();
    owner.insert("goods", json!({ "title": "one" }).as_object().unwrap()).unwrap();
    let id = owner.sql("SELECT id FROM _freehold_replica", &[]).unwrap().rows.remove(0);
    let number = database.audit(&AuditQuery::default()).unwrap().entries[0].number;
    let mut findings = 0;
    database.verify_audit(&mut |_| findings += 1).unwrap();
    assert_eq!(findings, 0);
    database.close().unwrap();
    (id[0].as_str().unwrap().to_owned(), number)
}

#[test]
fn a_copied_file_goes_on_as_another_replica_and_a_moved_one_as_itself() {
    let folder = tempfile::tempdir().unwrap();
    let [first, copy, moved] = ["a.db", "b.db", "c.db"].map(|name| folder.path().join(name));
    let bundle = Bundle::from_model_text(MODEL).unwrap();
    open(&first, &bundle).init(None, &mut |_| {}).unwrap();
    let (id, number) = write(&first, &bundle);
    assert_eq!(write(&first, &bundle), (id.clone(), number + 1));
    fs::copy(&first, &copy).unwrap();
    let (other, begun) = write(&copy, &bundle);
    assert_ne!(other, id);
    assert_eq!((begun, write(&copy, &bundle)), (1, (other.clone(), 2)));
    assert_eq!(write(&first, &bundle), (id.clone(), number + 2));
    fs::rename(&first, &moved).unwrap();
    assert_eq!(write(&moved, &bundle), (id.clone(), number + 3));
    // A copy in the place of a removed file, whose number in the file system it may well get.
    fs::remove_file(&moved).unwrap();
    fs::copy(&copy, &moved).unwrap();
    let (third, begun) = write(&moved, &bundle);
    assert!(third != id && third != other);
    assert_eq!(begun, 1);
}

#[test]
fn a_restored_backup_is_another_replica_even_in_the_same_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let bundle = Bundle::from_model_text(MODEL).unwrap();
    open(&path, &bundle).init(None, &mut |_| {}).unwrap();
    let (id, _) = write(&path, &bundle);
    let up = bundle.migrations[0].up.text().to_owned();
    let more = "CREATE INDEX goods_title_idx ON goods (title);".to_owned();
    let next = Bundle::from_files(&BundleFiles {
        model: format!("{MODEL}indexes = [[\"title\"]]\n"),
        up: [("V1__init.sql".to_owned(), up), ("V2__index.sql".to_owned(), more)].into(),
        ..BundleFiles::default()
    })
    .unwrap();
    let run = open(&path, &next).init(None, &mut |_| {}).unwrap().migrated;
    assert_eq!(write(&path, &next).0, id, "a migration makes no other file of it");
    // As the documents say: the backup is copied over the file, which stays the same file.
    fs::copy(run.backup.unwrap(), &path).unwrap();
    assert_ne!(write(&path, &bundle).0, id);
}
