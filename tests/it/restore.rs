//! Backups on their way back: what is proven before a database gives way to one.

use freehold::host::FixedHost;
use freehold::{Bundle, Database, bundle::BundleFiles};
use freehold_core::database::log_exclusively;
use serde_json::{Value, json};

type Row = serde_json::Map<String, Value>;

const NOW_MS: i64 = 1_750_000_000_000;

fn database(model: &str, seed: u64) -> Database {
    opened(Bundle::builtin(model).unwrap(), seed)
}

fn opened(bundle: Bundle, seed: u64) -> Database {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let mut database =
        Database::open(connection, bundle, Box::new(FixedHost::new(NOW_MS, seed))).unwrap();
    database.init(None, &mut |_| {}).unwrap();
    database
}

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

fn slugs(database: &Database) -> Vec<Value> {
    let answer = database.owner().unwrap().sql("SELECT slug FROM tenants ORDER BY slug", &[]);
    answer.unwrap().rows.into_iter().flatten().collect()
}

fn add(database: &Database, slug: &str) {
    let tenant = row(json!({ "name": slug, "slug": slug }));
    database.owner().unwrap().insert("tenants", &tenant).unwrap();
}

#[test]
fn a_backup_takes_the_place_of_everything() {
    let mut source = database("workflow", 1);
    add(&source, "kept");
    let bytes = source.export().unwrap();
    add(&source, "later");

    let mut target = database("workflow", 2);
    add(&target, "gone");
    target.restore(&bytes).unwrap();
    assert_eq!(slugs(&target), [json!("kept")]);
    add(&target, "new");
    assert_eq!(slugs(&target), [json!("kept"), json!("new")]);
    let mut findings = Vec::new();
    target.verify_audit(&mut |finding| findings.push(finding)).unwrap();
    assert!(findings.is_empty(), "{findings:?}");

    // Two files never go on with the same chains.
    let replica = "SELECT id FROM _freehold_replica";
    let id = |database: &Database| database.owner().unwrap().sql(replica, &[]).unwrap().rows;
    assert_ne!(id(&source), id(&target));
}

#[test]
fn sessions_see_the_restored_rows() {
    let mut source = database("workflow", 1);
    source.init(Some("development"), &mut |_| {}).unwrap();
    let bytes = source.export().unwrap();
    let mut target = database("workflow", 2);
    target.restore(&bytes).unwrap();
    let origin = freehold::Origin::default();
    let demo = target.authenticate("demo@example.com", "demo123", None, origin).unwrap();
    let session = target.session(demo).unwrap();
    let seen = session.sql("SELECT count(*) FROM users", &[]).unwrap();
    assert_eq!(seen.rows[0][0], json!(1));
}

#[test]
fn what_is_no_whole_database_of_this_model_is_refused_and_nothing_changes() {
    let mut source = database("workflow", 1);
    add(&source, "kept");
    let whole = source.export().unwrap();
    let mut damaged = whole.clone();
    let middle = damaged.len() / 2;
    damaged[4096..middle].fill(0xAB);
    let mut other = database("carcosa", 3);
    let mut empty = rusqlite::Connection::open_in_memory().unwrap();
    empty.execute_batch("CREATE TABLE t (a)").unwrap();
    let empty = empty.serialize("main").unwrap().to_vec();

    let mut target = database("workflow", 2);
    add(&target, "mine");
    for (bytes, code) in [
        (&b""[..], "not_a_database"),
        (&b"hello"[..], "not_a_database"),
        (&[0; 8192][..], "not_a_database"),
        (&whole[..whole.len() / 2], "corrupt"),
        (&damaged, "corrupt"),
        (&empty, "not_initialized"),
        (&other.export().unwrap(), "other_model"),
    ] {
        assert_eq!(target.restore(bytes).unwrap_err().code(), code, "{} bytes", bytes.len());
        assert_eq!(slugs(&target), [json!("mine")]);
    }
    add(&target, "still");
}

#[test]
fn a_backup_of_a_newer_version_is_refused_and_one_of_an_older_is_brought_up() {
    let bundle = |up: &[(&str, &str)], model: &str| {
        let up = up.iter().map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect();
        let files = BundleFiles { model: model.to_owned(), up, ..BundleFiles::default() };
        Bundle::from_files(&files).unwrap()
    };
    let model = "name = \"shop\"\n[tables.goods]\ncolumns.name = { type = \"text\", max = 9 }\n";
    let first = Bundle::from_model_text(model).unwrap();
    let init = ("V1__init.sql", first.migrations[0].up.text());
    let size = (
        "V2__size.sql",
        "ALTER TABLE goods ADD COLUMN size INTEGER CONSTRAINT goods_size_integer
         CHECK (size BETWEEN -9007199254740991 AND 9007199254740991);",
    );
    let longer = format!("{model}columns.size = {{ type = \"integer\", optional = true }}\n");
    let mut old = opened(bundle(&[init], model), 1);
    old.owner().unwrap().insert("goods", &row(json!({ "name": "one" }))).unwrap();
    let mut new = opened(bundle(&[init, size], &longer), 2);

    let newer = new.export().unwrap();
    assert_eq!(old.restore(&newer).unwrap_err().code(), "newer_database");
    assert_eq!(old.owner().unwrap().count("goods", None).unwrap(), 1);

    new.restore(&old.export().unwrap()).unwrap();
    assert_eq!(new.status().unwrap().current, "1");
    new.init(None, &mut |_| {}).unwrap();
    let rows = new.owner().unwrap().list("goods", &freehold::ListOptions::default()).unwrap().rows;
    assert_eq!(rows[0]["size"], Value::Null);
}

#[test]
fn a_log_that_a_restore_filled_is_emptied_in_a_quiet_moment() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let backup = freehold::testing::database("workflow", "development").export().unwrap();
    std::fs::write(&path, &backup).unwrap();
    let mut connection = rusqlite::Connection::open(&path).unwrap();
    let log = log_exclusively(&mut connection, i32::MAX).unwrap();
    let bundle = Bundle::builtin("workflow").unwrap();
    let host = Box::new(FixedHost::new(NOW_MS, 1));
    let mut database = Database::open(connection, bundle, host).unwrap();
    let length = || std::fs::metadata(folder.path().join("app.db-wal")).unwrap().len();
    database.empty_log(&log).unwrap();
    assert_eq!(length(), 0);
    database.restore(&backup).unwrap();
    assert!(length() > 100_000, "{}", length());
    log.forget();
    database.empty_log(&log).unwrap();
    assert_eq!(length(), 0);
}
