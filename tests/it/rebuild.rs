//! Rebuilding a table keeps every row of its children, every trigger, index and foreign key: shown
//! on every table of every built-in model, with its development rows in it.

use std::collections::BTreeMap;

use freehold_core::bundle::BundleFiles;
use freehold_core::host::FixedHost;
use freehold_core::migrate::{self, Target};
use freehold_core::{Bundle, Database};
use rusqlite::Connection;
use serde_json::{Value, json};

/// A built-in bundle's files, from which another one can be made.
fn files_of(bundle: &Bundle) -> BundleFiles {
    let mut files = BundleFiles {
        model: bundle.model.to_json().to_string(),
        seeds: bundle.seeds.clone(),
        ..BundleFiles::default()
    };
    for migration in &bundle.migrations {
        let name = format!("{}.sql", migration.file_stem());
        files.up.insert(name.clone(), migration.up.text().to_owned());
        files.down.extend(migration.down.as_ref().map(|down| (name, down.text().to_owned())));
    }
    files
}

/// Every row of every table, as SQLite has it.
fn rows(connection: &Connection, model: &freehold_core::Model) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for table in &model.tables {
        let names: Vec<String> =
            table.columns.iter().map(|column| format!("quote(\"{}\")", column.name)).collect();
        let sql = format!("SELECT {} FROM \"{}\" ORDER BY 1, 2", names.join("||','||"), table.name);
        let sql = sql.replace(" ORDER BY 1, 2", " ORDER BY 1");
        let mut statement = connection.prepare(&sql).unwrap();
        let found = statement.query_map([], |row| row.get(0)).unwrap();
        all.insert(table.name.clone(), found.map(Result::unwrap).collect());
    }
    all
}

#[test]
fn every_table_of_every_model_can_be_rebuilt_without_losing_a_row() {
    let mut rebuilt = 0;
    for name in Bundle::builtin_names() {
        let bundle = Bundle::builtin(name).unwrap();
        let image = freehold::testing::database(name, "development").export().unwrap();
        for table in &bundle.model.tables {
            rebuild(&bundle, &table.name, &image);
            rebuilt += 1;
        }
    }
    assert!(rebuilt >= 45, "only {rebuilt} tables were rebuilt");
}

fn rebuild(bundle: &Bundle, table: &str, image: &[u8]) {
    let place = format!("{}.{table}", bundle.model.name);
    let mut files = files_of(bundle);
    let mut model: Value = bundle.model.to_json();
    // Whether a table has a rowid can't be changed in place.
    let rowid = !bundle.model.table(table).unwrap().rowid;
    model["tables"][table]["rowid"] = json!(rowid);
    files.model = model.to_string();
    let host = FixedHost::new(1_800_000_000_000, 1);
    let changed = Bundle::from_files(&files).unwrap();
    let new = migrate::create(&changed, "rebuild", true, &host).unwrap();
    assert!(new.losses.is_empty(), "{place}: {:?}", new.losses);
    assert!(new.up.contains("RENAME TO"), "{place} is not rebuilt:\n{}", new.up);
    files.up.insert(new.file.clone(), new.up);
    files.down.insert(new.file, new.down);

    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    std::fs::write(&path, image).unwrap();
    let bare = Connection::open(&path).unwrap();
    let before = rows(&bare, &bundle.model);
    assert!(before.values().map(Vec::len).sum::<usize>() > 5, "{place}: there are rows");
    let connection = Connection::open(&path).unwrap();
    let changed = Bundle::from_files(&files).unwrap();
    let mut database = Database::open(connection, changed, Box::new(host)).unwrap();
    database.migrate_up(Target::Latest, &mut |_| {}).unwrap_or_else(|e| panic!("{place}: {e}"));
    assert_eq!(rows(&bare, &bundle.model), before, "{place}: up");
    assert_eq!(database.drift().unwrap().differences, Vec::<String>::new(), "{place}");
    database
        .migrate_down(bundle.latest(), &mut |_| {})
        .unwrap_or_else(|e| panic!("{place}, down: {e}"));
    assert_eq!(rows(&bare, &bundle.model), before, "{place}: down");
}
