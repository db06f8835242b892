//! Models, migrations and seed sets that are wrong: all that is wrong is said, and no file changes.

use crate::support::{Folder, NOTES, files};

const INIT: [&str; 5] = ["--db", "notes.db", "init", "--model", "notes"];

#[track_caller]
fn refused_without_a_trace(folder: &Folder, code: &str) -> serde_json::Value {
    let before = files(&folder.path(""));
    let error = folder.refused(code, &INIT);
    assert_eq!(files(&folder.path("")), before);
    error
}

#[test]
fn broken_toml_is_placed() {
    let folder = Folder::new();
    folder.write("notes/model.toml", "name = \"notes\"\n[tables.notes\n");
    let error = refused_without_a_trace(&folder, "invalid_model");
    assert_eq!(error["problems"][0]["line"], 2, "{error}");
}

#[test]
fn twenty_mistakes_are_told_at_once() {
    let folder = Folder::new();
    let mut model = NOTES.to_owned();
    for column in 0..20 {
        model += &format!("columns.c{column} = {{ type = \"txet\" }}\n");
    }
    folder.write("notes/model.toml", model);
    let error = refused_without_a_trace(&folder, "invalid_model");
    let problems = error["problems"].as_array().unwrap();
    assert_eq!(problems.len(), 20, "{error}");
    assert!(problems.iter().all(|problem| problem["line"].is_u64()), "{error}");
}

#[test]
fn what_is_not_utf8_is_named_with_its_line() {
    let bad = [NOTES.as_bytes(), b"# \xff\n"].concat();
    let folder = Folder::new();
    folder.write("notes/model.toml", &bad);
    let error = refused_without_a_trace(&folder, "invalid_model");
    assert_eq!(error["problems"][0]["code"], "not_utf8");
    assert_eq!(error["problems"][0]["line"], 1 + NOTES.lines().count());

    let folder = Folder::with_notes();
    folder.write("notes/up/V1__init.sql", b"CREATE\n\xc3\x28");
    let error = refused_without_a_trace(&folder, "invalid_migration");
    assert_eq!((&error["migration"], &error["line"]), (&"V1__init.sql".into(), &2.into()));

    let folder = Folder::with_notes();
    folder.write("notes/seeds/development.toml", b"\xe2\x82");
    let error = refused_without_a_trace(&folder, "invalid_seed");
    assert_eq!(error["set"], "development");
}

#[test]
fn a_mark_before_the_text_is_no_mistake() {
    let folder = Folder::new();
    folder.write("notes/model.toml", format!("\u{feff}{NOTES}").replace('\n', "\r\n"));
    folder.done(&INIT);
}

#[test]
fn a_folder_has_one_model() {
    let folder = Folder::new();
    folder.refused("unknown_model", &INIT);
    folder.refused("io", &["--db", "notes.db", "init", "--model", "./notes"]);
    std::fs::create_dir(folder.path("notes")).unwrap();
    let error = folder.refused("io", &INIT);
    assert!(error["message"].as_str().unwrap().contains("model.toml"), "{error}");
    folder.write("notes/model.toml", NOTES);
    folder.write("notes/model.json", "{}");
    refused_without_a_trace(&folder, "io");
}

#[test]
fn scripts_with_a_wrong_name_or_twin_are_refused() {
    for name in ["init.sql", "V2_x.sql", "V2__.sql", "Vx__y.sql", "V1__other.sql"] {
        let folder = Folder::with_notes();
        folder.write(&format!("notes/up/{name}"), "CREATE TABLE t (a TEXT) STRICT;");
        refused_without_a_trace(&folder, "invalid_migration");
    }
    let folder = Folder::with_notes();
    folder.write("notes/up/V2__empty.sql", "-- nothing\n");
    refused_without_a_trace(&folder, "invalid_migration");
    let folder = Folder::with_notes();
    folder.write("notes/down/V2__alone.sql", "DROP TABLE notes;");
    refused_without_a_trace(&folder, "invalid_migration");
    let folder = Folder::with_notes();
    folder.write("notes/up/.V2__hidden.sql.swp", "x");
    folder.write("notes/up/README.md", "x");
    folder.done(&INIT);
}

#[test]
fn scripts_may_not_take_the_transaction_out_of_hand() {
    for statement in ["BEGIN", "COMMIT", "PRAGMA foreign_keys = ON", "ATTACH 'x.db' AS x"] {
        let folder = Folder::with_notes();
        folder.write("notes/up/V2__x.sql", format!("CREATE TABLE t (a TEXT);\n{statement};"));
        let error = refused_without_a_trace(&folder, "invalid_migration");
        assert_eq!(error["line"], 2, "{statement}: {error}");
    }
}

#[test]
fn a_mistake_in_the_middle_of_a_migration_changes_nothing() {
    let folder = Folder::with_notes();
    folder.done(&INIT);
    let insert =
        "INSERT INTO notes (id, title) VALUES ('0190163d-8694-739b-aea5-966c26f8ad90', 'a')";
    folder.done(&["--db", "notes.db", "sql", "--owner", insert]);
    let script = "CREATE TABLE t (a TEXT) STRICT;\nDELETE FROM notes;\nCREATE TABEL u (a TEXT);\n";
    folder.write("notes/up/V2__x.sql", script);
    let before = folder.read("notes.db");
    let error = folder.refused("migration_failed", &["--db", "notes.db", "migrate", "up"]);
    assert_eq!((&error["migration"], &error["line"]), (&"V2__x".into(), &3.into()), "{error}");
    assert_eq!(folder.read("notes.db"), before);
    assert!(!folder.path("notes.db.backups").exists(), "a failed run needs no backup");
    assert_eq!(folder.value("notes.db", "SELECT count(*) FROM notes"), 1);
}

#[test]
fn migrations_that_lead_elsewhere_than_the_model_are_refused() {
    let folder = Folder::with_notes();
    folder.done(&INIT);
    folder.write("notes/up/V2__x.sql", "CREATE TABLE t (a TEXT) STRICT;");
    let error = folder.refused("schema_drift", &["--db", "notes.db", "migrate", "up"]);
    assert!(error["differences"].to_string().contains('t'), "{error}");
    assert_eq!(folder.value("notes.db", "SELECT count(*) FROM sqlite_schema WHERE name = 't'"), 0);
}

#[test]
fn a_broken_seed_set_writes_nothing() {
    let sets = [
        "[[notes]\n",
        "[[nothing]]\ntitle = \"a\"\n",
        "[[notes]]\ntitle = \"fine\"\n[[notes]]\ntitle = 5\n",
        "[[notes]]\ntitle = \"\"\n",
        "[[notes]]\nname = \"a\"\n",
    ];
    for set in sets {
        let folder = Folder::with_notes();
        folder.write("notes/seeds/development.toml", set);
        folder.done(&INIT);
        folder.refused("invalid_seed", &["--db", "notes.db", "seed"]);
        assert_eq!(folder.value("notes.db", "SELECT count(*) FROM notes"), 0, "{set}");
    }
}
