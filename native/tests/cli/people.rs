//! Acting for people: what they see and may do, their passwords, and keys for programs.

use serde_json::{Value, json};

use crate::support::Folder;

const ADMIN: [&str; 4] = ["--db", "work.db", "--as", "admin@example.com"];
const DEMO: [&str; 4] = ["--db", "work.db", "--as", "demo@example.com"];

/// What carcosa's owner does in their organization.
const ADA: [&str; 6] = ["--db", "app.db", "--as", "ada@acme.example.com", "--tenant", "acme"];

fn with<'a>(who: &[&'a str], arguments: &[&'a str]) -> Vec<&'a str> {
    [arguments, who].concat()
}

fn workflow(name: &str) -> String {
    json!({ "name": name, "definition": { "steps": [] } }).to_string()
}

#[test]
fn rows_are_written_and_read_under_the_policies() {
    let folder = Folder::with_workflow();
    let row = workflow("Nightly");
    let made = folder.json(&with(&ADMIN, &["insert", "workflows", &row]));
    let id = made["id"].as_str().unwrap();
    assert_eq!(made["name"], "Nightly");
    let changes = r#"{"name": "Hourly"}"#;
    let changed = folder.json(&with(&ADMIN, &["update", "workflows", id, changes]));
    assert_eq!((&changed["id"], &changed["name"]), (&made["id"], &json!("Hourly")));
    let shown = folder.done(&with(&ADMIN, &["update", "workflows", id, changes]));
    assert_eq!(serde_json::from_str::<Value>(&shown).unwrap()["name"], "Hourly");

    // What the demo account may read and not change.
    folder.refused("denied", &with(&DEMO, &["update", "workflows", id, changes]));
    folder.refused("denied", &with(&DEMO, &["delete", "workflows", id]));
    assert_eq!(folder.json(&with(&ADMIN, &["delete", "workflows", id]))["deleted"], true);
    let again = folder.run(&with(&ADMIN, &["delete", "workflows", id]));
    assert_eq!((again.code, again.stdout.as_str()), (1, "there is no such row\n"));
    folder.refused("not_found", &with(&ADMIN, &["restore", "workflows", id]));
}

#[test]
fn a_row_that_was_hidden_comes_back() {
    let folder = Folder::new();
    let made = ["--db", "value.db", "init", "--model", "valuecanvas", "--seed", "development"];
    folder.done(&made);
    let admin = ["--db", "value.db", "--as", "admin@demo-org.com"];
    let id = "SELECT id FROM canvases WHERE deleted_at IS NULL LIMIT 1";
    let id = folder.value("value.db", id);
    let id = id.as_str().unwrap();
    let deleted = with(&admin, &["delete", "canvases", id]);
    assert_eq!(folder.json(&deleted)["deleted"], true);
    assert_eq!(folder.run(&deleted).code, 1);
    assert_eq!(folder.json(&with(&admin, &["restore", "canvases", id]))["id"], id);
    assert_eq!(folder.json(&deleted)["deleted"], true);
    let purge = ["--db", "value.db", "purge", "--days"];
    folder.refused("usage", &[&purge[..], &["0"]].concat());
    folder.done(&[&purge[..], &["1", "--yes"]].concat());
    let count = "SELECT count(*) FROM canvases WHERE deleted_at IS NOT NULL";
    assert_eq!(folder.value("value.db", count), 1);
    let purged = folder.json(&[&purge[..], &["0", "--yes"]].concat());
    assert_eq!(purged["purged"][0], json!({ "table": "canvases", "rows": 1 }), "{purged}");
    assert_eq!(folder.value("value.db", count), 0);
}

#[test]
fn versions_are_listed_compared_and_rolled_back_to() {
    let folder = Folder::with_workflow();
    let made = folder.json(&with(&ADMIN, &["insert", "workflows", &workflow("Nightly")]));
    let id = made["id"].as_str().unwrap();
    folder.json(&with(&ADMIN, &["update", "workflows", id, r#"{"definition": {"steps": [1]}}"#]));
    let history = with(&ADMIN, &["history", "workflows", id]);
    let versions = folder.json(&history);
    let numbers: Vec<&Value> = versions.as_array().unwrap().iter().map(|v| &v["number"]).collect();
    assert_eq!(numbers, [1, 2], "{versions}");
    let differences = folder.json(&[&history[..], &["--from", "1", "--to", "2"]].concat());
    assert_eq!(differences[0]["column"], "definition", "{differences}");
    let rollback = ["rollback", "workflows", id, "--to", "1"];
    folder.refused("denied", &with(&DEMO, &rollback));
    let back = folder.json(&with(&ADMIN, &rollback));
    assert_eq!(back["definition"], made["definition"]);
    assert!(folder.done(&history).contains("3  "), "{}", folder.done(&history));
    folder.refused("invalid_argument", &with(&ADMIN, &["rollback", "workflows", id, "--to", "9"]));
}

#[test]
fn sql_answers_what_the_person_sees() {
    let folder = Folder::with_workflow();
    let count = "SELECT count(*) FROM permissions";
    let all = folder.json(&["--db", "work.db", "sql", "--owner", count]);
    let own = folder.json(&with(&DEMO, &["sql", count]));
    let (all, own) = (all["rows"][0][0].as_i64().unwrap(), own["rows"][0][0].as_i64().unwrap());
    assert!(0 < own && own < all, "{own} of {all}");
    folder.refused("sql", &with(&DEMO, &["sql", "SELECT password_hash FROM users"]));
    folder.refused("sql", &with(&DEMO, &["sql", "SELECT * FROM sqlite_schema"]));
    let rename = "UPDATE workflows SET name = 'Mine'";
    folder.refused("denied", &with(&DEMO, &["sql", rename]));
    let done = folder.done(&with(
        &ADMIN,
        &["sql", "UPDATE users SET name = 'Root' WHERE email = ?"]
            .into_iter()
            .chain(["--param", "demo@example.com"])
            .collect::<Vec<_>>(),
    ));
    assert_eq!(done, "1 row(s) changed\n");
    folder.refused("usage", &["--db", "work.db", "sql", "SELECT 1"]);
}

#[test]
fn the_audit_trail_tells_who_did_what() {
    let folder = Folder::with_workflow();
    let made = folder.json(&with(&ADMIN, &["insert", "workflows", &workflow("Nightly")]));
    let id = made["id"].as_str().unwrap();
    folder.json(&with(&ADMIN, &["update", "workflows", id, r#"{"name": "Hourly"}"#]));
    let audit = ["--db", "work.db", "audit", "--table", "workflows", "--id", id];
    let page = folder.json(&[&audit[..], &["--tenant", "default"]].concat());
    let entries = page["entries"].as_array().unwrap();
    let actions: Vec<&str> = entries.iter().map(|e| e["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["update", "create"], "{page}");
    assert_eq!(entries[0]["user"], made["user_id"]);
    assert_eq!(entries[0]["changes"]["before"]["name"], "Nightly");
    let text = folder.done(&[&audit[..], &["--limit", "1"]].concat());
    assert!(text.contains("update") && text.contains("older ones: --before "), "{text}");
    folder.refused("not_found", &["--db", "work.db", "audit", "--tenant", "nowhere"]);

    let verify = ["--db", "work.db", "audit", "--verify"];
    assert_eq!(folder.done(&verify), "the audit trail is whole\n");
    assert_eq!(folder.done(&["--db", "work.db", "doctor"]), "nothing found\n");
    let file = rusqlite::Connection::open(folder.path("work.db")).unwrap();
    let edit = "UPDATE _freehold_changes SET at = at + 1 WHERE seq = 1";
    assert_eq!(file.execute(edit, []).unwrap(), 1);
    file.close().unwrap();
    let run = folder.run(&verify);
    assert!(run.code == 1 && run.stdout.starts_with("chain_edited: "), "{run:?}");
    let run = folder.run(&["--db", "work.db", "doctor"]);
    assert!(run.code == 1 && run.stdout.starts_with("audit: chain_edited: "), "{run:?}");
}

#[test]
fn rows_come_from_standard_input_too() {
    let folder = Folder::with_workflow();
    let row = workflow("Nightly");
    let made = folder.run_with(&row, &with(&ADMIN, &["insert", "workflows"]));
    assert_eq!((made.code, made.stderr.as_str()), (0, ""), "{made:?}");
    let many = format!("[{}, {}]", workflow("Hourly"), workflow("Weekly"));
    let made = folder.run_with(&many, &with(&ADMIN, &["insert", "workflows", "-", "--json"]));
    let keys: Value = serde_json::from_str(&made.stdout).unwrap();
    assert_eq!(keys.as_array().unwrap().len(), 2, "{keys}");
    let broken = folder.run_with("{", &with(&ADMIN, &["insert", "workflows"]));
    assert_eq!(broken.code, 3);
    assert!(broken.stderr.starts_with("error[invalid_argument]: "), "{broken:?}");
    folder.refused("invalid_argument", &with(&ADMIN, &["insert", "workflows", "7"]));
    let invalid = folder.refused("invalid", &with(&ADMIN, &["insert", "workflows", "{}"]));
    assert!(!invalid["issues"].as_array().unwrap().is_empty(), "{invalid}");
}

#[test]
fn whoever_is_named_has_to_be_there() {
    let folder = Folder::with_workflow();
    let count = ["--db", "work.db", "delete", "workflows", "x"];
    folder.refused("not_found", &with(&["--as", "nobody@example.com"], &count));
    let elsewhere = ["--as", "admin@example.com", "--tenant", "nowhere"];
    folder.refused("not_found", &with(&elsewhere, &count));
    folder.refused("usage", &count);
    for both in [&["--owner", "--as", "admin@example.com"][..], &["--owner", "--tenant", "x"]] {
        assert_eq!(folder.run(&with(both, &count)).code, 2, "{both:?}");
    }

    // The same address in two tenants.
    let other = folder.json(&[
        "--db",
        "work.db",
        "insert",
        "tenants",
        "--owner",
        r#"{"name": "Other", "slug": "other"}"#,
    ]);
    let user = json!({ "tenant_id": other["id"], "email": "admin@example.com", "name": "Twin" });
    folder.json(&["--db", "work.db", "insert", "users", "--owner", &user.to_string()]);
    let error = folder.refused("invalid_argument", &with(&ADMIN, &["delete", "workflows", "x"]));
    assert_eq!(error["argument"], "tenant", "{error}");
    let row = workflow("Nightly");
    folder.json(&with(&with(&ADMIN, &["--tenant", "default"]), &["insert", "workflows", &row]));

    // Whoever is locked out has no session.
    let lock = "UPDATE users SET is_active = 0 WHERE email = 'demo@example.com'";
    folder.json(&["--db", "work.db", "sql", "--owner", lock]);
    folder.refused("session_ended", &with(&DEMO, &["delete", "workflows", "x"]));
}

#[test]
fn passwords_are_set_and_verified_and_never_arguments() {
    let folder = Folder::with_workflow();
    let verify = ["--db", "work.db", "password", "verify", "admin@example.com"];
    let run = folder.run_with("admin123\n", &verify);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert!(run.stdout.starts_with("user "), "{run:?}");
    let set = ["--db", "work.db", "password", "set", "admin@example.com", "--tenant", "default"];
    assert_eq!(folder.run_with("correct horse\n", &set).code, 0);
    let old = folder.run_with("admin123\n", &verify);
    assert_eq!(old.code, 3);
    assert!(old.stderr.starts_with("error[bad_credentials]: "), "{old:?}");
    let new = folder.run_with("correct horse", &[&verify[..], &["--json"]].concat());
    let actor: Value = serde_json::from_str(&new.stdout).unwrap();
    assert!(actor["principal"]["user"].is_string() && actor["tenant"].is_string(), "{actor}");
    folder.refused("usage", &set);
    assert_eq!(folder.run(&with(&["correct horse"], &set)).code, 2);
}

#[test]
fn programs_get_keys_that_are_shown_once() {
    let folder = Folder::with_carcosa();
    let project = folder.value("app.db", "SELECT id FROM projects LIMIT 1");
    let row = json!({ "name": "Upload", "project_id": project, "permissions": ["files:read"] });
    let row = row.to_string();
    let made = folder.json(&with(&ADA, &["key", "create", "--prefix", "app", &row]));
    let key = made["key"].as_str().unwrap();
    assert!(key.starts_with("app_") && made["row"].get("key_hash").is_none(), "{made}");
    let list = folder.done(&with(&ADA, &["key", "list"]));
    assert!(list.contains("Upload") && !list.contains(key), "{list}");
    let listed = folder.json(&["--db", "app.db", "key", "list", "--owner"]);
    assert_eq!(listed.as_array().unwrap().len(), 1, "{listed}");

    let verify = ["--db", "app.db", "key", "verify"];
    let run = folder.run_with(key, &verify);
    assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{run:?}");
    assert!(run.stdout.starts_with("API key "), "{run:?}");
    assert_eq!(folder.run_with("app_no_key", &verify).code, 3);
    let id = made["row"]["id"].as_str().unwrap();
    let revoked = folder.json(&with(&ADA, &["key", "revoke", id]));
    assert!(revoked["revoked_at"].is_string(), "{revoked}");
    let run = folder.run_with(key, &verify);
    assert!(run.stderr.starts_with("error[bad_credentials]: "), "{run:?}");
    folder.refused("usage", &["--db", "app.db", "key", "revoke", id, "--owner"]);
}
