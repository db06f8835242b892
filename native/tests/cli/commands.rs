//! Every command, for people and for machines.

use std::io::Read;
use std::process::Stdio;

use serde_json::json;

use crate::support::{Folder, NOTES};

const MODELS: [&str; 5] = ["carcosa", "stratibreak", "valuecanvas", "vibecraft", "workflow"];

#[test]
fn models_lists_and_shows() {
    let folder = Folder::new();
    let text = folder.done(&["models"]);
    MODELS.iter().for_each(|name| assert!(text.contains(name), "{name}: {text}"));
    let list = folder.json(&["models"]);
    let mut names: Vec<&str> =
        list.as_array().unwrap().iter().map(|model| model["name"].as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, MODELS);

    let text = folder.done(&["models", "carcosa"]);
    assert!(text.contains("V20250820080601__"), "{text}");
    assert!(text.contains("bucket_team_access"), "{text}");
    let detail = folder.json(&["models", "carcosa"]);
    assert_eq!(detail["model"]["name"], "carcosa");
    assert!(detail["seeds"].as_array().unwrap().contains(&json!("development")));
    let error = folder.refused("unknown_model", &["models", "carcoza"]);
    assert!(error["message"].as_str().unwrap().contains("carcosa"), "{error}");
}

#[test]
fn init_makes_each_model_and_completes_what_is_missing() {
    let folder = Folder::new();
    for model in MODELS {
        let file = format!("{model}.db");
        let made = folder.json(&["--db", &file, "init", "--model", model]);
        assert_eq!((&made["model"], &made["seeded"]), (&json!(model), &json!(null)), "{made}");
        assert_ne!(made["migrated"]["migrations"], json!([]), "{made}");
        // A second time, without saying the model again: only the rows are missing.
        let again = folder.json(&["--db", &file, "init", "--seed", "development"]);
        assert_eq!(again["migrated"]["migrations"], json!([]), "{again}");
        assert_ne!(again["seeded"], json!(null), "{again}");
        assert!(folder.done(&["--db", &file, "init"]).contains("nothing to do"));
        assert_eq!(folder.json(&["--db", &file, "validate"])["findings"], json!([]));
    }
    folder.refused("other_model", &["--db", "carcosa.db", "init", "--model", "workflow"]);
    folder.refused("usage", &["--db", "new.db", "init"]);
    assert!(!folder.path("new.db").exists());
}

#[test]
fn a_failed_init_leaves_no_file() {
    let folder = Folder::new();
    let init = ["--db", "new.db", "init", "--model", "workflow", "--seed", "summer"];
    let error = folder.refused("invalid_seed", &init);
    assert!(error["message"].as_str().unwrap().contains("development"), "{error}");
    assert_eq!(crate::support::files(&folder.path("")), []);
}

#[test]
fn the_file_may_come_from_the_environment() {
    let folder = Folder::with_workflow();
    let status = folder
        .command(&["migrate", "status", "--json"])
        .env("FREEHOLD_DB", folder.path("work.db"))
        .output()
        .unwrap();
    assert_eq!(status.status.code(), Some(0));
    folder.refused("usage", &["migrate", "status"]);
}

#[test]
fn seed_is_idempotent_and_keeps_edits() {
    let folder = Folder::with_workflow();
    let rename = "UPDATE users SET name = ? WHERE email = ?";
    let params = ["--param", "Ada", "--param", "admin@example.com"];
    let sql = [&["--db", "work.db", "sql", "--owner", rename], &params[..]].concat();
    assert_eq!(folder.json(&sql)["changes"], 1);
    let before = folder.value("work.db", "SELECT count(*) FROM permissions");
    folder.done(&["--db", "work.db", "seed"]);
    folder.json(&["--db", "work.db", "seed", "development"]);
    assert_eq!(folder.value("work.db", "SELECT count(*) FROM permissions"), before);
    let name = "SELECT name FROM users WHERE email = 'admin@example.com'";
    assert_eq!(folder.value("work.db", name), "Ada");
    folder.refused("invalid_seed", &["--db", "work.db", "seed", "summer"]);
}

#[test]
fn reset_asks_and_begins_anew() {
    let folder = Folder::with_workflow();
    folder.refused("usage", &["--db", "work.db", "reset"]);
    assert_eq!(folder.value("work.db", "SELECT count(*) FROM users"), 2);
    let done = folder.json(&["--db", "work.db", "reset", "--yes"]);
    assert_eq!(done["seeded"], json!(null));
    assert_eq!(folder.value("work.db", "SELECT count(*) FROM users"), 0);
    let backups = folder.path("work.db.backups").read_dir().unwrap().count();
    assert_eq!(backups, 1);
    let text = folder.done(&["--db", "work.db", "reset", "--yes", "--seed", "development"]);
    assert!(text.starts_with("workflow in work.db\n"), "{text}");
    assert_eq!(folder.value("work.db", "SELECT count(*) FROM users"), 2);
}

#[test]
fn validate_finds_orphans_and_broken_rules() {
    let folder = Folder::with_workflow();
    assert_eq!(folder.done(&["--db", "work.db", "validate"]), "nothing found\n");
    let damage = [
        "PRAGMA foreign_keys = OFF; ",
        "UPDATE users SET email = 'no address' WHERE email = 'demo@example.com';",
        "DELETE FROM tenants;",
    ];
    let file = rusqlite::Connection::open(folder.path("work.db")).unwrap();
    file.execute_batch(&damage.concat()).unwrap();
    file.close().unwrap();
    let run = folder.run(&["--db", "work.db", "validate"]);
    assert_eq!(run.code, 1, "{run:?}");
    let has = |start: &str, part: &str| {
        run.stdout.lines().any(|line| line.starts_with(start) && line.contains(part))
    };
    assert!(has("orphan: users.tenant_id", "tenants"), "{}", run.stdout);
    assert!(has("rule: users.email", "email"), "{}", run.stdout);
    let run = folder.run(&["--db", "work.db", "validate", "--json"]);
    assert_eq!(run.code, 1);
    let json: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(json["findings"].as_array().unwrap().len(), {
        folder.run(&["--db", "work.db", "validate"]).stdout.lines().count()
    });
}

#[test]
fn sql_shows_tables_nulls_and_nothing() {
    let folder = Folder::with_workflow();
    let sql = |sql: &str| folder.done(&["--db", "work.db", "sql", "--owner", sql]);
    let text = sql("SELECT 1 AS n, NULL AS x, 'NULL' AS y, 'é' AS z");
    assert_eq!(text, "n  x     y       z\n─  ────  ──────  ─\n1  NULL  'NULL'  é\n");
    assert_eq!(sql("SELECT id FROM users WHERE 0"), "no rows (id)\n");
    assert_eq!(sql("DELETE FROM execution_logs WHERE 0"), "0 row(s) changed\n");
    let answer = folder.json(&[
        "--db",
        "work.db",
        "sql",
        "--owner",
        "SELECT ?, ?, ?, ?",
        "--param",
        "5",
        "--param",
        "\"5\"",
        "--param",
        "null",
        "--param",
        "-x",
    ]);
    assert_eq!(answer["rows"], json!([[5, "5", null, "-x"]]));
}

#[test]
fn sql_refuses_what_it_should() {
    let folder = Folder::with_workflow();
    let sql =
        |code: &str, sql: &str| folder.refused(code, &["--db", "work.db", "sql", "--owner", sql]);
    sql("sql", "SELECT nothing FROM nowhere");
    sql("invalid_argument", "SELECT 1; SELECT 2");
    sql("invalid_argument", "SELECT ?");
    sql("invalid_argument", "BEGIN");
    sql("invalid_argument", "");
    folder.refused("usage", &["--db", "work.db", "sql", "SELECT 1"]);
    folder.refused("io", &["--db", "none.db", "sql", "--owner", "SELECT 1"]);
    assert!(!folder.path("none.db").exists());
}

#[test]
fn generate_writes_for_other_tools() {
    let folder = Folder::with_workflow();
    let ts = folder.done(&["generate", "ts", "--model", "workflow"]);
    assert!(ts.contains("export"), "{ts}");
    assert_eq!(folder.json(&["generate", "ts", "--model", "workflow"])["text"], ts);
    assert_eq!(folder.done(&["--db", "work.db", "generate", "ts"]), ts);
    let diagram = folder.done(&["generate", "diagram", "--model", "workflow"]);
    assert!(diagram.contains("erDiagram"), "{diagram}");
    let parse = |text: &str| serde_json::from_str::<serde_json::Value>(text).unwrap();
    let schema = parse(&folder.done(&["generate", "json-schema", "--model", "workflow"]));
    let format = parse(&folder.done(&["generate", "json-schema"]));
    assert_ne!(schema, format);
    assert!(format["properties"]["tables"].is_object(), "{format}");
    folder.done(&["generate", "ts", "--model", "workflow", "--out", "types.ts"]);
    assert_eq!(folder.read("types.ts"), ts.as_bytes());
    folder.refused("usage", &["generate", "ts"]);
    folder.refused("unknown_model", &["generate", "ts", "--model", "nothing"]);
}

#[test]
fn a_model_of_ones_own_needs_no_migrations() {
    let folder = Folder::new();
    folder.write("mine.toml", NOTES);
    folder.write(
        "mine.json",
        r#"{"name": "notes", "tables": {"notes": {"columns": {
        "title": {"type": "text", "max": 80}}}}}"#,
    );
    for model in ["mine.toml", "mine.json"] {
        let file = format!("{model}.db");
        folder.done(&["--db", &file, "init", "--model", model]);
        assert_eq!(folder.value(&file, "SELECT count(*) FROM notes"), 0);
    }
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let folder = Folder::with_workflow();
    let many = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000)
                SELECT i FROM n";
    for arguments in [&["--json"][..], &[]] {
        let arguments = [&["--db", "work.db", "sql", "--owner", many], arguments].concat();
        let mut child = folder
            .command(&arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut some = [0; 16];
        child.stdout.take().unwrap().read_exact(&mut some).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    }
}
