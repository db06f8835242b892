//! The master key, what it locks, and what the doctor says.

use serde_json::{Value, json};

use crate::support::Folder;

const LOCKED: &str = "SELECT encrypted_access_key FROM buckets LIMIT 1";

/// Gives the seeded bucket an access key under the master key; the bucket's id.
fn seal(folder: &Folder) -> String {
    let bucket = folder.value("app.db", "SELECT id FROM buckets LIMIT 1");
    let tenant = folder.value("app.db", "SELECT organization_id FROM buckets LIMIT 1");
    let key = json!({ "organization_id": tenant, "id": bucket }).to_string();
    let changes = r#"{"encrypted_access_key": "AKIA-1"}"#;
    let update = ["--db", "app.db", "update", "buckets", &key, changes, "--owner"];
    folder.refused("encryption_unavailable", &update);
    let stored = folder.json(&[&update[..], &["--key-file", "master.key"]].concat());
    assert_eq!(stored["encrypted_access_key"], "AKIA-1");
    key
}

/// What a bucket shows under a key file.
fn shown(folder: &Folder, key: &str, key_file: &str) -> Value {
    let unchanged = ["--db", "app.db", "update", "buckets", key, "{}", "--owner"];
    let row = folder.json(&[&unchanged[..], &["--key-file", key_file]].concat());
    row["encrypted_access_key"].clone()
}

#[test]
fn values_are_locked_without_the_master_key() {
    let folder = Folder::with_carcosa();
    let key = seal(&folder);
    assert_eq!(shown(&folder, &key, "master.key"), "AKIA-1");
    let stored = folder.value("app.db", LOCKED);
    assert!(!stored.as_str().unwrap().contains("AKIA"), "{stored}");
    let unchanged = ["--db", "app.db", "update", "buckets", &key, "{}", "--owner"];
    let row = folder.json(&unchanged);
    assert_eq!(row["encrypted_access_key"], json!({ "$locked": true }));

    let with_variable = |value: &str| {
        let mut command = folder.command(&[&unchanged[..], &["--json"]].concat());
        command.env("FREEHOLD_KEY", value).output().unwrap()
    };
    let text = String::from_utf8(folder.read("master.key")).unwrap();
    let output = with_variable(text.trim());
    assert!(String::from_utf8(output.stdout).unwrap().contains("AKIA-1"));
    let output = with_variable("base64:AAEC");
    let error: Value = serde_json::from_slice(&output.stderr).unwrap();
    assert_eq!(error["error"]["code"], "invalid_argument", "{error}");
    assert_eq!(output.status.code(), Some(3));

    folder.write("other.key", folder.done(&["secret", "new"]));
    let other = ["--db", "app.db", "--key-file", "other.key", "doctor"];
    folder.refused("wrong_key", &other);
    folder.refused("io", &["--db", "app.db", "--key-file", "no.key", "doctor"]);
}

#[test]
fn keys_rotate_and_are_shredded() {
    let folder = Folder::with_carcosa();
    let key = seal(&folder);
    let before = folder.value("app.db", LOCKED);
    folder.refused("encryption_unavailable", &["--db", "app.db", "secret", "rotate"]);
    let rotate = ["--db", "app.db", "--key-file", "master.key", "secret", "rotate"];
    for tenant in [&[][..], &["--tenant", "acme"]] {
        let rotated = folder.json(&[&rotate[..], tenant].concat());
        assert_eq!(rotated, json!({ "keys": 1, "values": 1, "versions": 0 }));
        assert_ne!(folder.value("app.db", LOCKED), before);
        assert_eq!(shown(&folder, &key, "master.key"), "AKIA-1");
    }
    folder.write("next.key", folder.done(&["secret", "new"]));
    folder.json(&[&rotate[..], &["--new-key-file", "next.key"]].concat());
    assert_eq!(shown(&folder, &key, "next.key"), "AKIA-1");
    folder.refused("wrong_key", &rotate);

    folder.refused("usage", &["--db", "app.db", "tenant", "shred", "acme"]);
    folder.refused("not_found", &["--db", "app.db", "tenant", "shred", "nobody", "--yes"]);
    let shredded = folder.json(&["--db", "app.db", "tenant", "shred", "acme", "--yes"]);
    assert!(!shredded["keys"].as_array().unwrap().is_empty(), "{shredded}");
    assert_eq!(shown(&folder, &key, "next.key"), json!({ "$locked": true }));
}

#[test]
fn the_doctor_opens_ciphertexts_and_finds_strays() {
    let folder = Folder::with_carcosa();
    let text = folder.done(&["--db", "app.db", "doctor"]);
    assert!(text.starts_with("nothing found\n") && text.contains("master key"), "{text}");
    seal(&folder);
    let doctor = ["--db", "app.db", "--key-file", "master.key", "doctor"];
    assert_eq!(folder.done(&doctor), "nothing found\n");

    // Behind the back of the API: a ciphertext in another column, and a team in another tenant.
    let organization = r#"{"name": "Beta", "slug": "beta"}"#;
    let owner = folder.value("app.db", "SELECT id FROM users LIMIT 1");
    let mut row: Value = serde_json::from_str(organization).unwrap();
    row["owner_id"] = owner;
    let row = row.to_string();
    let beta = folder.json(&["--db", "app.db", "insert", "organizations", "--owner", &row]);
    let file = rusqlite::Connection::open(folder.path("app.db")).unwrap();
    let damage = format!(
        "PRAGMA foreign_keys = OFF;
         UPDATE buckets SET encrypted_secret_key = encrypted_access_key;
         UPDATE teams SET organization_id = '{}' WHERE id = (SELECT owner_team_id FROM buckets);",
        beta["id"].as_str().unwrap()
    );
    file.execute_batch(&damage).unwrap();
    file.close().unwrap();
    let run = folder.run(&doctor);
    assert_eq!(run.code, 1, "{run:?}");
    let has = |start: &str| run.stdout.lines().any(|line| line.starts_with(start));
    assert!(has("ciphertext: buckets.encrypted_secret_key"), "{}", run.stdout);
    assert!(has("tenant_key: buckets.organization_id+owner_team_id"), "{}", run.stdout);
    let json = folder.run(&[&doctor[..], &["--json"]].concat());
    let json: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(json["ciphertexts_opened"], true);
    assert!(json["findings"].as_array().unwrap().len() >= 2, "{json}");
}
