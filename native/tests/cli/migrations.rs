//! A model of one's own through its history: new, up, down, status, diff, verify, push, pull.

use serde_json::{Value, json};

use crate::support::{Folder, NOTES};

const DB: &str = "notes.db";

/// The migration that adds a column, with the model that it leads to; its version.
fn add_column(folder: &Folder, name: &str) -> String {
    let model = String::from_utf8(folder.read("notes/model.toml")).unwrap();
    let column = format!("columns.{name} = {{ type = \"text\", max = 20, optional = true }}\n");
    folder.write("notes/model.toml", model + &column);
    let written = folder.json(&["migrate", "new", &format!("add_{name}"), "--model", "notes"]);
    assert!(!written["differences"].as_array().unwrap().is_empty(), "{written}");
    let file = written["file"].as_str().unwrap();
    let (version, rest) = file.strip_prefix('V').unwrap().split_once("__").unwrap();
    assert_eq!(rest, format!("add_{name}.sql"));
    version.to_owned()
}

/// A database at the first version with a row, and two migrations ahead of it.
fn two_ahead() -> (Folder, [String; 2]) {
    let folder = Folder::with_notes();
    folder.done(&["--db", DB, "init", "--model", "notes"]);
    let insert =
        "INSERT INTO notes (id, title) VALUES ('0190163d-8694-739b-aea5-966c26f8ad90', 'a')";
    folder.done(&["--db", DB, "sql", "--owner", insert]);
    let versions = [add_column(&folder, "mood"), add_column(&folder, "place")];
    (folder, versions)
}

fn current(folder: &Folder) -> Value {
    folder.json(&["--db", DB, "migrate", "status"])["current"].clone()
}

#[test]
fn up_goes_all_the_way_or_to_a_version_or_some_steps() {
    let (folder, [first, second]) = two_ahead();
    assert_eq!(current(&folder), "1");
    let run = folder.json(&["--db", DB, "migrate", "up", "--steps", "1"]);
    assert_eq!((&run["from"], &run["to"]), (&json!("1"), &json!(first)));
    assert!(run["backup"].as_str().is_some_and(|path| std::path::Path::new(path).exists()));
    folder.refused("invalid_argument", &["--db", DB, "migrate", "up", "--to", "7"]);
    folder.refused("invalid_argument", &["--db", DB, "migrate", "up", "--to", "1"]);
    let text = folder.done(&["--db", DB, "migrate", "up", "--to", &second]);
    assert!(text.contains("applied V") && text.contains("backup in "), "{text}");
    assert!(folder.done(&["--db", DB, "migrate", "up"]).contains("nothing to do"));
    assert_eq!(current(&folder), second.as_str());
    assert_eq!(folder.value(DB, "SELECT title FROM notes"), "a");
}

#[test]
fn down_undoes_one_or_several_or_everything() {
    let (folder, [first, second]) = two_ahead();
    folder.done(&["--db", DB, "migrate", "up"]);
    let run = folder.json(&["--db", DB, "migrate", "down"]);
    assert_eq!((&run["from"], &run["to"]), (&json!(second), &json!(first)));
    folder.done(&["--db", DB, "migrate", "up"]);
    let text = folder.done(&["--db", DB, "migrate", "down", "--steps", "2"]);
    assert!(text.contains("undone V"), "{text}");
    assert_eq!(folder.value(DB, "SELECT title FROM notes"), "a");
    folder.refused("invalid_argument", &["--db", DB, "migrate", "down", "--to", "7"]);
    let run = folder.json(&["--db", DB, "migrate", "down", "--to", "0"]);
    assert_eq!(run["to"], "0");
    assert_eq!(current(&folder), "0");
    folder.done(&["--db", DB, "migrate", "up"]);
    assert_eq!(current(&folder), second.as_str());
}

#[test]
fn the_newest_five_backups_stay() {
    let (folder, _) = two_ahead();
    let newest = || folder.json(&["--db", DB, "migrate", "up"])["backup"].clone();
    let down = || folder.json(&["--db", DB, "migrate", "down"])["backup"].clone();
    let made: Vec<Value> = (0..4).flat_map(|_| [newest(), down()]).collect();
    let mut left: Vec<String> = crate::support::files(&folder.path("notes.db.backups"))
        .into_iter()
        .map(|(path, _)| path.to_str().unwrap().to_owned())
        .collect();
    left.sort();
    let made: Vec<&str> = made.iter().map(|path| path.as_str().unwrap()).collect();
    assert_eq!(left, made[3..]);
    // A backup is a database like any other.
    let status = folder.json(&["--db", &left[4], "migrate", "status"]);
    assert_eq!(status["current"], status["latest"], "{status}");
    assert_eq!(folder.value(&left[4], "SELECT title FROM notes"), "a");
}

#[test]
fn status_tells_every_standing() {
    let (folder, [first, _]) = two_ahead();
    folder.done(&["--db", DB, "migrate", "up", "--steps", "1"]);
    let text = folder.done(&["--db", DB, "migrate", "status"]);
    assert!(text.contains("applied") && text.contains("pending"), "{text}");
    let up = format!("notes/up/V{first}__add_mood.sql");
    let script = String::from_utf8(folder.read(&up)).unwrap();
    let state = |at: usize| {
        folder.json(&["--db", DB, "migrate", "status"])["migrations"][at]["state"].clone()
    };
    folder.write(&up, format!("-- a comment changes nothing\n{script}"));
    assert_eq!(state(1), "applied");
    folder.write(&up, format!("{script}\nCREATE INDEX extra ON notes (title);"));
    assert_eq!(state(1), "diverged");
    folder.refused("migration_diverged", &["--db", DB, "migrate", "up"]);
    std::fs::remove_file(folder.path(&up)).unwrap();
    std::fs::remove_file(folder.path(&up.replace("up", "down"))).unwrap();
    assert_eq!(state(1), "missing");
    folder.refused("migration_missing", &["--db", DB, "migrate", "up"]);
    // The script that leads back is in the database.
    folder.done(&["--db", DB, "migrate", "down"]);
    assert_eq!(current(&folder), "1");
}

#[test]
fn new_writes_what_is_missing_and_says_what_it_loses() {
    let folder = Folder::with_notes();
    let text = folder.done(&["migrate", "new", "nothing", "--model", "notes"]);
    assert!(text.starts_with("nothing to write"), "{text}");
    folder.refused("invalid_argument", &["migrate", "new", "no spaces", "--model", "notes"]);
    folder.refused("invalid_argument", &["migrate", "new", "x", "--model", "workflow"]);
    let model = NOTES.lines().filter(|line| !line.contains("columns.body")).collect::<Vec<_>>();
    folder.write("notes/model.toml", model.join("\n"));
    let before = crate::support::files(&folder.path("notes"));
    let error = folder.refused("data_loss", &["migrate", "new", "drop_body", "--model", "notes"]);
    assert!(error["losses"][0].as_str().is_some_and(|loss| loss.contains("body")), "{error}");
    assert_eq!(crate::support::files(&folder.path("notes")), before);
    let new = ["migrate", "new", "drop_body", "--model", "notes/model.toml", "--allow-data-loss"];
    let text = folder.done(&new);
    assert!(text.contains("wrote ") && text.contains("loses: "), "{text}");
    assert!(folder.done(&["migrate", "verify", "--model", "notes"]).contains("lead to the model"));
}

#[test]
fn the_first_migration_fits_databases_that_were_made_without_one() {
    let folder = Folder::new();
    folder.write("notes/model.toml", NOTES);
    folder.done(&["--db", DB, "init", "--model", "notes"]);
    let written = folder.json(&["migrate", "new", "begin", "--model", "notes"]);
    assert_eq!(written["file"], "V1__init.sql");
    let status = folder.json(&["--db", DB, "migrate", "status"]);
    assert_eq!(status["migrations"][0]["state"], "applied", "{status}");
    assert_eq!(folder.json(&["migrate", "verify", "--model", "notes"])["findings"], json!([]));
}

#[test]
fn verify_finds_a_history_that_leads_elsewhere() {
    let folder = Folder::with_notes();
    folder.write("notes/model.toml", NOTES.replace("max = 80", "max = 90"));
    let run = folder.run(&["migrate", "verify", "--model", "notes"]);
    assert_eq!((run.code, run.stderr.as_str()), (1, ""), "{run:?}");
    assert!(run.stdout.contains("notes"), "{run:?}");
    assert_eq!(folder.run(&["migrate", "verify", "--model", "notes", "--json"]).code, 1);
    folder.refused("usage", &["migrate", "verify"]);
    for model in ["carcosa", "stratibreak", "valuecanvas", "vibecraft", "workflow"] {
        let verified = folder.json(&["migrate", "verify", "--model", model]);
        assert_eq!(verified["findings"], json!([]), "{model}");
    }
}

#[test]
fn diff_shows_drift_and_what_mends_it() {
    let folder = Folder::with_notes();
    folder.done(&["--db", DB, "init", "--model", "notes"]);
    assert!(folder.done(&["--db", DB, "migrate", "diff"]).starts_with("no drift"));
    folder.done(&["--db", DB, "sql", "--owner", "CREATE INDEX extra ON notes (title)"]);
    let run = folder.run(&["--db", DB, "migrate", "diff"]);
    assert_eq!(run.code, 1, "{run:?}");
    assert!(run.stdout.contains("extra"), "{run:?}");
    let run = folder.run(&["--db", DB, "migrate", "diff", "--json"]);
    let drift: Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(run.code, 1);
    assert_eq!(drift["differences"].as_array().unwrap().len(), 1, "{drift}");
    let mend = drift["mend_sql"].as_str().unwrap();
    let file = rusqlite::Connection::open(folder.path(DB)).unwrap();
    file.execute_batch(mend).unwrap();
    file.close().unwrap();
    folder.done(&["--db", DB, "migrate", "diff"]);
}

#[test]
fn push_is_taken_over_by_the_migration_written_later() {
    let folder = Folder::with_notes();
    folder.done(&["--db", DB, "init", "--model", "notes"]);
    assert!(folder.done(&["--db", DB, "migrate", "push"]).starts_with("nothing to push"));
    folder.write(
        "notes/model.toml",
        format!("{NOTES}columns.mood = {{ type = \"text\", max = 9, optional = true }}\n"),
    );
    let pushed = folder.json(&["--db", DB, "migrate", "push"]);
    assert_eq!(pushed["losses"], json!([]), "{pushed}");
    assert_eq!(folder.json(&["--db", DB, "migrate", "status"])["pushed"], true);
    folder.done(&["migrate", "new", "add_mood", "--model", "notes"]);
    let run = folder.json(&["--db", DB, "migrate", "up"]);
    assert_eq!(run["adopted"], true, "{run}");
    assert_eq!(folder.json(&["--db", DB, "migrate", "status"])["pushed"], false);
    folder.write("notes/model.toml", NOTES);
    folder.refused("data_loss", &["--db", DB, "migrate", "push"]);
    let text = folder.done(&["--db", DB, "migrate", "push", "--allow-data-loss"]);
    assert!(text.contains("loses: "), "{text}");
}

#[test]
fn pull_writes_a_model_that_a_database_can_follow() {
    let folder = Folder::with_workflow();
    let text = folder.done(&["--db", "work.db", "migrate", "pull"]);
    assert!(text.contains("[tables.workflows]"), "{text}");
    let pulled = folder.json(&["--db", "work.db", "migrate", "pull"]);
    assert_eq!(pulled["exact"], true, "{pulled}");
    folder.done(&["--db", "work.db", "migrate", "pull", "--out", "pulled.toml"]);
    assert_eq!(folder.read("pulled.toml"), text.as_bytes());
    folder.done(&["--db", "copy.db", "init", "--model", "pulled.toml"]);
}

#[test]
fn a_model_that_moved_is_named_again_and_remembered() {
    let folder = Folder::with_notes();
    folder.done(&["--db", DB, "init", "--model", "notes"]);
    std::fs::rename(folder.path("notes"), folder.path("moved")).unwrap();
    let error = folder.refused("io", &["--db", DB, "migrate", "status"]);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("notes") && message.contains("--model"), "{message}");
    folder.done(&["--db", DB, "migrate", "status", "--model", "moved"]);
    folder.done(&["--db", DB, "init", "--model", "moved"]);
    folder.done(&["--db", DB, "migrate", "status"]);
}

#[test]
fn a_model_elsewhere_is_loaded_only_by_those_who_name_it() {
    let folder = Folder::with_notes();
    folder.done(&["--db", DB, "init", "--model", "notes"]);
    let other = Folder::new();
    std::fs::copy(folder.path(DB), other.path(DB)).unwrap();
    // The file says where its model is, and nobody asked for that place.
    let error = other.refused("invalid_argument", &["--db", DB, "migrate", "up"]);
    let message = error["message"].as_str().unwrap();
    assert!(message.contains("notes") && message.contains("--model"), "{message}");
    let place = folder.path("notes");
    other.done(&["--db", DB, "migrate", "status", "--model", place.to_str().unwrap()]);
    let mut command = other.command(&["--db", DB, "migrate", "status"]);
    assert!(command.env("FREEHOLD_MODEL", &place).status().unwrap().success());
}
