//! The history's edge cases: edited, missing, skipped and broken migrations, newer databases,
//! pushes, drift, and what a new migration is made of.

use freehold_core::bundle::BundleFiles;
use freehold_core::host::FixedHost;
use freehold_core::migrate::{self, State, Target};
use freehold_core::{Bundle, Database, Error};
use rusqlite::Connection;
use serde_json::{Value, json};

const FIRST: &str = r#"
name = "shop"
[tables.makers]
columns.name = { type = "text", min = 1, max = 80 }
unique = [["name"]]
[tables.goods]
columns.maker_id = { type = "ref", to = "makers", on_delete = "cascade" }
columns.title = { type = "text", min = 1, max = 80 }
columns.stock = { type = "integer", min = 0, default = 0 }
columns.note = { type = "text", max = 200, optional = true }
indexes = [["title"]]
"#;

fn first() -> BundleFiles {
    let bundle = Bundle::from_model_text(FIRST).unwrap();
    let mut files = BundleFiles { model: FIRST.to_owned(), ..BundleFiles::default() };
    let migration = &bundle.migrations[0];
    files.up.insert("V1__init.sql".into(), migration.up.text().to_owned());
    files.down.insert("V1__init.sql".into(), migration.down.as_ref().unwrap().text().to_owned());
    files
}

/// The files with one more migration, written from the model's difference.
fn then(files: &BundleFiles, model: &str, allow_data_loss: bool) -> (BundleFiles, Value) {
    let mut files = BundleFiles { model: model.to_owned(), ..files.clone() };
    let host = FixedHost::new(1_750_000_000_000, 1);
    let bundle = Bundle::from_files(&files).unwrap();
    let new = migrate::create(&bundle, "next", allow_data_loss, &host).unwrap();
    files.up.insert(new.file.clone(), new.up.clone());
    files.down.insert(new.file.clone(), new.down.clone());
    (files, serde_json::to_value(new).unwrap())
}

fn bundle(files: &BundleFiles) -> Bundle {
    Bundle::from_files(files).unwrap()
}

fn open(path: &std::path::Path, files: &BundleFiles) -> Database {
    let host = Box::new(FixedHost::new(1_750_000_000_000, 1));
    Database::open(Connection::open(path).unwrap(), bundle(files), host).unwrap()
}

fn up(database: &mut Database) -> freehold_core::Result<migrate::Run> {
    database.migrate_up(Target::Latest, &mut |_| {})
}

fn fill(database: &Database) {
    let owner = database.owner().unwrap();
    let row = |value: Value| value.as_object().unwrap().clone();
    let maker = owner.insert("makers", &row(json!({ "name": "Ada" }))).unwrap();
    for title in ["Lamp", "Chair"] {
        let good = json!({ "maker_id": maker["id"], "title": title, "stock": 3 });
        owner.insert("goods", &row(good)).unwrap();
    }
}

fn dump(database: &Database) -> Vec<Value> {
    let owner = database.owner().unwrap();
    ["makers", "goods"]
        .into_iter()
        .map(|table| json!(owner.list(table, &Default::default()).unwrap().rows))
        .collect()
}

#[test]
fn comments_and_white_space_may_be_edited_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let files = first();
    up(&mut open(&path, &files)).unwrap();
    let mut commented = files.clone();
    let text =
        format!("-- a remark\n{}\n/* more */", files.up["V1__init.sql"].replace('\n', "\n  "));
    commented.up.insert("V1__init.sql".into(), text);
    assert!(up(&mut open(&path, &commented)).unwrap().migrations.is_empty());
    let mut edited = files.clone();
    edited
        .up
        .insert("V1__init.sql".into(), format!("{}\nDROP TABLE goods;", files.up["V1__init.sql"]));
    let mut database = open(&path, &edited);
    assert_eq!(up(&mut database).unwrap_err().code(), "migration_diverged");
    assert_eq!(database.status().unwrap().migrations[0].state, State::Diverged);
    assert_eq!(open(&path, &files).drift().unwrap().differences, Vec::<String>::new());
}

#[test]
fn a_missing_and_a_skipped_migration_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (second, new) = then(&first(), &FIRST.replace("max = 200", "max = 300"), false);
    up(&mut open(&path, &second)).unwrap();
    let mut missing = second.clone();
    missing.up.remove("V1__init.sql");
    missing.down.remove("V1__init.sql");
    let error = up(&mut open(&path, &missing)).unwrap_err();
    assert_eq!(error.code(), "migration_missing");
    assert!(error.to_string().contains("V1__init"), "{error}");
    let mut skipped = second.clone();
    skipped.up.insert("V2__late.sql".into(), "CREATE TABLE late (a TEXT) STRICT;".into());
    let error = up(&mut open(&path, &skipped)).unwrap_err();
    assert!(error.to_string().contains("V2__late"), "{error}");
    assert!(new["file"].as_str().unwrap().ends_with("__next.sql"));
}

#[test]
fn a_newer_database_can_be_read_and_led_back_but_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let old = first();
    let (newer, _) = then(
        &old,
        &FIRST.replace(
            "columns.note",
            "columns.extra = { type = \"text\", max = 9, optional = true }\ncolumns.note",
        ),
        false,
    );
    let mut database = open(&path, &newer);
    up(&mut database).unwrap();
    fill(&database);
    database.close().unwrap();

    let mut database = open(&path, &old);
    let status = database.status().unwrap();
    assert!(status.newer);
    assert_eq!(up(&mut database).unwrap_err().code(), "newer_database");
    assert_eq!(database.push(true).unwrap_err().code(), "newer_database");
    let owner = database.owner().unwrap();
    assert_eq!(owner.count("goods", None).unwrap(), 2);
    let row = json!({ "name": "Bob" }).as_object().unwrap().clone();
    let refused = owner.insert("makers", &row).unwrap_err();
    assert_eq!(refused.code(), "newer_database");
    let sql = owner.sql("DELETE FROM makers", &[]).unwrap_err();
    assert_eq!(sql.code(), "newer_database");
    let before = dump(&database);
    database.migrate_down(1, &mut |_| {}).unwrap();
    assert!(!database.status().unwrap().newer);
    assert_eq!(database.drift().unwrap().differences, Vec::<String>::new());
    let owner = database.owner().unwrap();
    owner.insert("makers", &row).unwrap();
    assert_eq!(before[1].as_array().unwrap().len(), 2);
}

#[test]
fn a_rename_keeps_the_data_and_a_second_one_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let files = first();
    let mut database = open(&path, &files);
    up(&mut database).unwrap();
    fill(&database);
    database.close().unwrap();
    let renamed = FIRST
        .replace("columns.title = {", "columns.label = { id = \"title\",")
        .replace("[[\"title\"]]", "[[\"label\"]]")
        .replace("[tables.goods]", "[tables.wares]\nid = \"goods\"");
    let (files, new) = then(&files, &renamed, false);
    assert_eq!(new["losses"], json!([]), "{new:#}");
    let again = renamed
        .replace("columns.label", "columns.caption")
        .replace("[[\"label\"]]", "[[\"caption\"]]");
    let (files, new) = then(&files, &again, false);
    assert_eq!(new["losses"], json!([]), "{new:#}");
    let mut database = open(&path, &files);
    up(&mut database).unwrap();
    let rows = database.owner().unwrap().list("wares", &Default::default()).unwrap().rows;
    let mut captions: Vec<&str> = rows.iter().map(|row| row["caption"].as_str().unwrap()).collect();
    captions.sort_unstable();
    assert_eq!(captions, ["Chair", "Lamp"]);
    database.migrate_down(1, &mut |_| {}).unwrap();
    let count = "SELECT count(title) FROM goods";
    assert_eq!(database.owner().unwrap().sql(count, &[]).unwrap().rows[0][0], json!(2));
}

#[test]
fn a_loss_has_to_be_allowed_and_stands_in_the_script() {
    let files = first();
    let model =
        FIRST.replace("columns.note = { type = \"text\", max = 200, optional = true }\n", "");
    let host = FixedHost::new(1_750_000_000_000, 1);
    let dropped = BundleFiles { model: model.clone(), ..files.clone() };
    let error = migrate::create(&bundle(&dropped), "drop", false, &host).unwrap_err();
    assert_eq!(error.code(), "data_loss");
    assert!(error.to_string().contains("note"), "{error}");
    let new = migrate::create(&bundle(&dropped), "drop", true, &host).unwrap();
    assert!(new.up.contains("-- DATA LOSS"), "{}", new.up);
}

#[test]
fn drift_is_a_list_of_differences_with_the_sql_that_mends_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let files = first();
    let mut database = open(&path, &files);
    up(&mut database).unwrap();
    fill(&database);
    let before = dump(&database);
    database.close().unwrap();
    let bare = Connection::open(&path).unwrap();
    bare.execute_batch("DROP INDEX goods_title_idx; ALTER TABLE goods ADD COLUMN odd TEXT;")
        .unwrap();
    let database = open(&path, &files);
    let drift = database.drift().unwrap();
    assert_eq!(drift.differences.len(), 2, "{:#?}", drift.differences);
    bare.pragma_update(None, "foreign_keys", false).unwrap();
    bare.execute_batch(&drift.mend_sql).unwrap();
    assert_eq!(database.drift().unwrap().differences, Vec::<String>::new());
    assert_eq!(dump(&database), before);
}

#[test]
fn a_pushed_schema_is_adopted_by_the_migration_that_leads_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let files = first();
    let mut database = open(&path, &files);
    up(&mut database).unwrap();
    fill(&database);
    database.close().unwrap();
    let model = FIRST.replace(
        "columns.note",
        "columns.color = { type = \"text\", max = 20, default = \"red\" }\ncolumns.note",
    );
    let mut pushed = open(&path, &BundleFiles { model: model.clone(), ..files.clone() });
    assert_eq!(pushed.push(false).unwrap().differences.len(), 2);
    assert!(pushed.status().unwrap().pushed);
    pushed.close().unwrap();
    let (files, _) = then(&files, &model, false);
    let run = up(&mut open(&path, &files)).unwrap();
    assert!(run.adopted);
    let database = open(&path, &files);
    assert_eq!(database.status().unwrap().current, database.status().unwrap().latest);
    let goods = database.owner().unwrap().list("goods", &Default::default()).unwrap().rows;
    assert!(goods.iter().all(|row| row["color"] == json!("red")));
}

#[test]
fn a_push_does_not_skip_what_a_pending_migration_does_to_rows() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let files = first();
    let mut database = open(&path, &files);
    up(&mut database).unwrap();
    fill(&database);
    database.close().unwrap();
    let model = FIRST.replace(
        "columns.note",
        "columns.color = { type = \"text\", max = 20, default = \"red\" }\ncolumns.note",
    );
    let (mut files, _) = then(&files, &model, false);
    let (_, script) = files.up.iter_mut().next_back().unwrap();
    script.push_str("UPDATE goods SET color = 'blue';\n");
    let mut database = open(&path, &files);
    assert_eq!(database.push(true).unwrap_err().code(), "migration_missing");
    assert!(!up(&mut database).unwrap().adopted);
    let goods = database.owner().unwrap().list("goods", &Default::default()).unwrap().rows;
    assert!(!goods.is_empty() && goods.iter().all(|row| row["color"] == json!("blue")));
    assert_eq!(database.push(false).unwrap().differences, Vec::<String>::new());
}

#[test]
fn a_reset_removes_virtual_tables_with_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let files = first();
    up(&mut open(&path, &files)).unwrap();
    let bare = rusqlite::Connection::open(&path).unwrap();
    bare.execute_batch(
        "CREATE VIRTUAL TABLE words USING fts5(word);
         INSERT INTO words VALUES ('one');
         CREATE VIRTUAL TABLE areas USING rtree(id, x, y);
         CREATE VIEW a_view AS SELECT * FROM words;
         CREATE TABLE counted (id INTEGER PRIMARY KEY AUTOINCREMENT);",
    )
    .unwrap();
    bare.close().unwrap();
    let mut database = open(&path, &files);
    database.reset(None, &mut |_| {}).unwrap();
    assert_eq!(database.drift().unwrap().differences, Vec::<String>::new());
}

#[test]
fn scripts_may_not_touch_transactions_pragmas_or_files() {
    for statement in
        ["BEGIN", "COMMIT", "PRAGMA foreign_keys = ON", "ATTACH 'x' AS y", "VACUUM", "SAVEPOINT a"]
    {
        let mut files = first();
        files
            .up
            .insert("V2__bad.sql".into(), format!("CREATE TABLE a (b) STRICT;\n\n{statement};"));
        match Bundle::from_files(&files) {
            Err(Error::InvalidMigration { migration, line, .. }) => {
                assert!(migration.contains("V2__bad"), "{migration}");
                assert_eq!(line, Some(3), "{statement}");
            }
            other => panic!("{statement}: {other:?}"),
        }
    }
}

#[test]
fn a_migration_that_breaks_references_is_rolled_back() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let files = first();
    let mut database = open(&path, &files);
    up(&mut database).unwrap();
    fill(&database);
    let before = dump(&database);
    database.close().unwrap();
    let mut broken = files.clone();
    broken.up.insert("V2__orphan.sql".into(), "DELETE FROM makers;".into());
    broken.down.insert("V2__orphan.sql".into(), "DELETE FROM goods;".into());
    let error = up(&mut open(&path, &broken)).unwrap_err();
    assert!(error.to_string().contains("goods"), "{error}");
    let database = open(&path, &files);
    assert_eq!(dump(&database), before);
    assert_eq!(database.status().unwrap().current, "1");
}

#[test]
fn a_stored_down_script_of_a_foreign_file_has_no_reach() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let files = first();
    up(&mut open(&path, &files)).unwrap();
    let bare = Connection::open(&path).unwrap();
    let stolen = folder.path().join("stolen.db");
    for script in [
        format!("ATTACH '{}' AS s; DROP TABLE goods;", stolen.display()),
        "PRAGMA writable_schema = ON;".to_owned(),
        "CREATE VIRTUAL TABLE v USING fts5(a);".to_owned(),
        "SELECT load_extension('x');".to_owned(),
        "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x FROM n) SELECT count(*) FROM n;"
            .to_owned(),
        "DROP TABLE goods; CREATE TEMP TABLE goods (id);".to_owned(),
    ] {
        bare.execute("UPDATE _freehold_migrations SET down_sql = ?1", [&script]).unwrap();
        let mut database = open(&path, &files);
        assert!(database.migrate_down(0, &mut |_| {}).is_err(), "{script}");
        assert_eq!(database.status().unwrap().current, "1", "{script}");
        assert_eq!(database.drift().unwrap().differences, Vec::<String>::new(), "{script}");
    }
    assert!(!stolen.exists());
}

#[test]
fn a_foreign_table_is_named_and_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let bare = Connection::open(&path).unwrap();
    bare.execute_batch("CREATE TABLE diary (day TEXT); INSERT INTO diary VALUES ('monday');")
        .unwrap();
    let error = up(&mut open(&path, &first())).unwrap_err();
    assert_eq!(error.code(), "schema_drift");
    assert!(error.to_string().contains("diary"), "{error}");
    let days: i64 = bare.query_row("SELECT count(*) FROM diary", [], |row| row.get(0)).unwrap();
    assert_eq!(days, 1);
    let tables = "SELECT count(*) FROM sqlite_schema";
    assert_eq!(bare.query_row(tables, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn another_model_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    up(&mut open(&path, &first())).unwrap();
    let host = Box::new(FixedHost::new(0, 1));
    let connection = Connection::open(&path).unwrap();
    let other = Database::open(connection, Bundle::builtin("carcosa").unwrap(), host);
    assert_eq!(other.err().unwrap().code(), "other_model");
}

#[test]
fn processes_that_migrate_at_the_same_time_agree() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let runs: Vec<migrate::Run> = std::thread::scope(|scope| {
        let open_and_run = || {
            let connection = Connection::open(&path).unwrap();
            connection.busy_timeout(std::time::Duration::from_secs(60)).unwrap();
            let host = Box::new(FixedHost::new(1_750_000_000_000, 1));
            let bundle = Bundle::builtin("carcosa").unwrap();
            up(&mut Database::open(connection, bundle, host).unwrap()).unwrap()
        };
        let threads: Vec<_> = (0..6).map(|_| scope.spawn(open_and_run)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let ran: usize = runs.iter().map(|run| run.migrations.len()).sum();
    assert_eq!(ran, 6, "each migration ran once: {runs:#?}");
}
