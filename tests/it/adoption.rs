//! Runs beside what others do to the same file: a pushed schema, rows that another process writes.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use freehold_core::bundle::BundleFiles;
use freehold_core::host::FixedHost;
use freehold_core::migrate::{self, BackupStore, Run, Target};
use freehold_core::{Bundle, Database, Result};
use rusqlite::Connection;
use serde_json::json;

const FIRST: &str = "name = \"shop\"\n[tables.goods]\n\
                     columns.title = { type = \"text\", max = 80 }\n";

/// A model with its migrations, the last of which leads to it; `more` is added to that one.
fn files(model: &str, before: Option<&BundleFiles>, more: &str) -> BundleFiles {
    let mut files = BundleFiles { model: model.to_owned(), ..before.cloned().unwrap_or_default() };
    let mut up = |file: String, up: &str, down: &str| {
        files.up.insert(file.clone(), format!("{up}{more}"));
        files.down.insert(file, down.to_owned());
    };
    match before {
        None => {
            let bundle = Bundle::from_model_text(model).unwrap();
            let first = &bundle.migrations[0];
            up("V1__init.sql".into(), first.up.text(), first.down.as_ref().unwrap().text());
        }
        Some(before) => {
            let before = BundleFiles { model: model.to_owned(), ..before.clone() };
            let bundle = Bundle::from_files(&before).unwrap();
            let host = FixedHost::new(1_750_000_000_000, 1);
            let new = migrate::create(&bundle, "next", true, &host).unwrap();
            up(new.file.clone(), &new.up, &new.down);
        }
    }
    files
}

fn open(path: &Path, files: &BundleFiles) -> Database {
    let connection = Connection::open(path).unwrap();
    connection.busy_timeout(std::time::Duration::from_secs(5)).unwrap();
    let host = Box::new(FixedHost::new(1_750_000_000_000, 1));
    Database::open(connection, Bundle::from_files(files).unwrap(), host).unwrap()
}

fn up(database: &mut Database) -> Result<Run> {
    database.migrate_up(Target::Latest, &mut |_| {})
}

fn add(database: &Database, title: &str) {
    let row = json!({ "title": title });
    database.owner().unwrap().insert("goods", row.as_object().unwrap()).unwrap();
}

/// A file that was pushed to `model` when it was at the first version, with a row where asked.
fn pushed(path: &Path, model: &str, with_row: bool) -> BundleFiles {
    let first = files(FIRST, None, "");
    let mut database = open(path, &first);
    up(&mut database).unwrap();
    if with_row {
        add(&database, "one");
    }
    database.close().unwrap();
    let mut database = open(path, &BundleFiles { model: model.to_owned(), ..first.clone() });
    database.push(true).unwrap();
    database.close().unwrap();
    first
}

#[test]
fn a_pushed_schema_is_not_adopted_past_what_a_migration_does_to_rows() {
    let model = format!("{FIRST}columns.color = {{ type = \"text\", max = 9, optional = true }}\n");
    for (more, with_row, adopted) in [
        ("", true, true),
        ("UPDATE goods SET color = 'blue';\n", true, false),
        ("UPDATE goods SET color = 'blue' WHERE color IS NULL AND title = 'one';\n", true, false),
        ("UPDATE goods SET color = (SELECT 'blue') WHERE color IS NULL;\n", true, false),
        ("DELETE FROM goods WHERE title = 'two';\n", true, false),
        ("INSERT INTO goods SELECT * FROM goods WHERE FALSE;\n", true, false),
        ("WITH a AS (SELECT 1) DELETE FROM goods WHERE FALSE;\n", true, false),
        ("UPDATE goods SET color = 'blue';\n", false, true),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let first = pushed(&path, &model, with_row);
        let next = files(&model, Some(&first), more);
        let mut database = open(&path, &next);
        match up(&mut database) {
            Ok(run) => assert!(run.adopted && adopted, "{more}"),
            Err(error) => {
                assert_eq!((error.code(), adopted), ("migration_missing", false), "{more}");
                assert!(error.to_string().contains("reset"), "{error}");
                assert_eq!(database.owner().unwrap().count("goods", None).unwrap(), 1);
                assert!(database.status().unwrap().pushed);
            }
        }
    }
}

#[test]
fn what_a_push_does_to_rows_itself_is_no_hindrance_to_adoption() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    // A column's type changes by a rebuild, and one gets its default and is required from then on.
    let before = format!(
        "{FIRST}columns.size = {{ type = \"integer\", optional = true, default = 3 }}\n\
         columns.price = {{ type = \"decimal\", precision = 8, scale = 2, default = \"1.00\" }}\n"
    );
    let first = files(&before, None, "");
    let mut database = open(&path, &first);
    up(&mut database).unwrap();
    add(&database, "one");
    database.close().unwrap();
    let model = before.replace(", optional = true", "").replace("scale = 2", "scale = 3");
    let model = model.replace("\"1.00\"", "\"1.000\"");
    let mut database = open(&path, &BundleFiles { model: model.clone(), ..first.clone() });
    database.push(true).unwrap();
    database.close().unwrap();
    let next = files(&model, Some(&first), "");
    let script = next.up.values().last().unwrap();
    assert!(script.contains("INSERT INTO") || script.contains("UPDATE"), "{script}");
    assert!(up(&mut open(&path, &next)).unwrap().adopted);
}

/// Keeps backups in a folder, and writes to the file from elsewhere while one is made.
struct Meddled {
    folder: PathBuf,
    file: PathBuf,
    /// How many more backups are meddled with.
    left: Cell<u32>,
    made: Cell<u32>,
}

impl BackupStore for Meddled {
    fn reserve(&self, label: &str) -> Result<String> {
        self.made.set(self.made.get() + 1);
        let path = self.folder.join(format!("{}-{label}.db", self.made.get()));
        Ok(path.to_str().unwrap().to_owned())
    }

    fn keep(&self, path: &str) -> Result<String> {
        if self.left.get() > 0 {
            self.left.set(self.left.get() - 1);
            let other = Connection::open(&self.file).unwrap();
            let sql = "INSERT INTO goods (id, title) VALUES (?1, 'late')";
            let id = format!("0197a3f0-0000-7000-8000-{:012}", self.made.get());
            other.execute(sql, [id]).unwrap();
        }
        Ok(path.to_owned())
    }

    fn discard(&self, path: &str) {
        std::fs::remove_file(path).unwrap();
    }

    fn prune(&self) -> Result<()> {
        Ok(())
    }
}

#[test]
fn a_backup_has_what_another_process_wrote_until_the_run_began() {
    for (meddlings, is_done) in [(1, true), (100, false)] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.db");
        let first = files(FIRST, None, "");
        let mut database = open(&path, &first);
        up(&mut database).unwrap();
        add(&database, "one");
        database.close().unwrap();
        let model =
            format!("{FIRST}columns.color = {{ type = \"text\", max = 9, optional = true }}\n");
        let next = files(&model, Some(&first), "");
        let (backups, file) = (folder.path().to_owned(), path.clone());
        let store = Meddled { folder: backups, file, left: meddlings.into(), made: Cell::new(0) };
        let mut database = open(&path, &next).with_backups(Box::new(store));
        let run = up(&mut database);
        if !is_done {
            // Somebody who writes all the time is told, and nothing was migrated or left behind.
            assert_eq!(run.unwrap_err().code(), "locked");
            assert_eq!(database.status().unwrap().current, "1");
            let left = std::fs::read_dir(folder.path()).unwrap().filter(|entry| {
                entry.as_ref().unwrap().file_name().to_str().unwrap().starts_with("5-")
            });
            assert_eq!(left.count(), 0);
            continue;
        }
        let backup = Connection::open(run.unwrap().backup.unwrap()).unwrap();
        let rows = |connection: &Connection| {
            let sql = "SELECT count(*) FROM goods";
            connection.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap()
        };
        assert_eq!(rows(&backup), 2);
        assert_eq!(database.owner().unwrap().count("goods", None).unwrap(), 2);
    }
}
