//! Encrypted columns: what opens, what doesn't, and what somebody with the file alone can do.

use std::path::Path;

use freehold::Bundle;
use freehold_core::crypto::{Key, MasterKey};
use freehold_core::host::FixedHost;
use freehold_core::keyring::KeyHolder;
use freehold_core::migrate::Target;
use freehold_core::{Database, Error, Owner};
use rusqlite::Connection;
use serde_json::{Value, json};

pub const ONE: &str = "base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
pub const OTHER: &str = "base64://79/Pv6+fj39vX08/Lx8O/u7ezr6uno5+bl5OPi4eA=";

/// A file of the clinic, which both the API and bare SQLite can open.
pub struct File {
    pub path: std::path::PathBuf,
    _folder: tempfile::TempDir,
}

impl File {
    pub fn new() -> File {
        let folder = tempfile::tempdir().unwrap();
        let file = File { path: folder.path().join("a.db"), _folder: folder };
        file.locked().init(Some("development"), &mut |_| {}).unwrap();
        file
    }

    pub fn locked(&self) -> Database {
        open(&self.path, clinic())
    }

    pub fn unlocked(&self) -> Database {
        self.locked().with_master_key(MasterKey::parse(ONE).unwrap()).unwrap()
    }

    pub fn bare(&self) -> Connection {
        Connection::open(&self.path).unwrap()
    }

    pub fn stored(&self, column: &str, name: &str) -> String {
        let sql = format!("SELECT {column} FROM patients WHERE full_name = ?1");
        self.bare().query_row(&sql, [name], |row| row.get(0)).unwrap()
    }

    pub fn tamper(&self, sql: &str) {
        let changed = self.bare().execute(sql, []).unwrap();
        assert!(changed > 0, "{sql} changes nothing");
    }
}

fn open(path: &Path, bundle: Bundle) -> Database {
    // The random bytes must differ from one opening to the next, as a real host's do.
    static SEED: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1);
    let seed = SEED.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    let host = Box::new(FixedHost::new(1_767_225_600_000, seed));
    Database::open(Connection::open(path).unwrap(), bundle, host).unwrap()
}

fn clinic() -> Bundle {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/clinic");
    freehold::bundle_from_dir(folder).unwrap()
}

pub fn practice(owner: &Owner<'_>, sign: &str) -> String {
    let found = owner.sql("SELECT ref FROM practices WHERE sign = ?1", &[json!(sign)]).unwrap();
    found.rows[0][0].as_str().unwrap().to_owned()
}

/// A new patient with both encrypted columns; their key.
pub fn patient(owner: &Owner<'_>, sign: &str, name: &str) -> Value {
    let row = json!({
        "practice_ref": practice(owner, sign),
        "full_name": name,
        "insurance_number": format!("1234 {name}"),
        "findings": { "blood": [1, "A+"], "of": name },
    });
    let stored = owner.insert("patients", row.as_object().unwrap()).unwrap();
    assert_eq!(stored["insurance_number"], row["insurance_number"]);
    assert_eq!(stored["findings"], row["findings"]);
    json!({ "practice_ref": stored["practice_ref"], "id": stored["id"] })
}

pub fn read(database: &Database, key: &Value) -> Result<(Value, Value), Error> {
    let row = database.owner()?.get("patients", key)?.expect("the patient is there");
    Ok((row["insurance_number"].clone(), row["findings"].clone()))
}

pub fn expected(name: &str) -> (Value, Value) {
    (json!(format!("1234 {name}")), json!({ "blood": [1, "A+"], "of": name }))
}

pub fn locked() -> (Value, Value) {
    (json!({ "$locked": true }), json!({ "$locked": true }))
}

#[test]
fn values_come_back_by_every_way_and_never_stand_in_the_file() {
    let file = File::new();
    let database = file.unlocked();
    let owner = database.owner().unwrap();
    let key = patient(&owner, "north", "Ada");
    assert_eq!(read(&database, &key).unwrap(), expected("Ada"));
    let options = freehold::ListOptions::from_json(json!({
        "filter": { "full_name": "Ada" },
        "columns": ["findings"],
    }));
    let page = owner.list("patients", &options.unwrap()).unwrap();
    assert_eq!(page.rows, [json!({ "findings": expected("Ada").1 }).as_object().unwrap().clone()]);
    let change = json!({ "findings": ["none"] });
    let row = owner.update("patients", &key, change.as_object().unwrap()).unwrap();
    assert_eq!(
        (&row["insurance_number"], &row["findings"]),
        (&json!("1234 Ada"), &json!(["none"]))
    );
    let mut whole = key.as_object().unwrap().clone();
    whole.insert("insurance_number".to_owned(), json!("99"));
    let row = owner.upsert("patients", &whole).unwrap();
    assert_eq!((&row["insurance_number"], &row["findings"]), (&json!("99"), &json!(["none"])));
    assert!(owner.delete("patients", &key).unwrap());
    assert_eq!(owner.restore("patients", &key).unwrap()["insurance_number"], "99");
    let cleared = json!({ "insurance_number": null });
    let row = owner.update("patients", &key, cleared.as_object().unwrap()).unwrap();
    assert_eq!(row["insurance_number"], Value::Null);
    patient(&owner, "north", "Plainly visible");
    drop(database);
    let bytes = std::fs::read(&file.path).unwrap();
    for text in ["1234 Ada", "1234 Plainly", "\"blood\""] {
        let found = bytes.windows(text.len()).any(|window| window == text.as_bytes());
        assert!(!found, "{text} stands in the file");
    }
}

/// Rules look at what the caller wrote, not at what is stored.
#[test]
fn rules_apply_to_the_value_before_it_is_sealed() {
    let file = File::new();
    let database = file.unlocked();
    let owner = database.owner().unwrap();
    let key = patient(&owner, "north", "Ada");
    let too_long = json!({ "insurance_number": "x".repeat(41) });
    let refused = owner.update("patients", &key, too_long.as_object().unwrap()).unwrap_err();
    assert!(refused.to_string().contains("too_long"), "{refused}");
    let longest = json!({ "insurance_number": "é".repeat(40) });
    let row = owner.update("patients", &key, longest.as_object().unwrap()).unwrap();
    assert_eq!(row["insurance_number"], longest["insurance_number"]);
}

#[test]
fn without_the_key_columns_are_locked_and_the_rest_works() {
    let file = File::new();
    let key = patient(&file.unlocked().owner().unwrap(), "north", "Ada");
    let database = file.locked();
    assert_eq!(read(&database, &key).unwrap(), locked());
    let owner = database.owner().unwrap();
    let change = json!({ "notes": "seen" });
    let row = owner.update("patients", &key, change.as_object().unwrap()).unwrap();
    assert_eq!((&row["notes"], &row["findings"]), (&json!("seen"), &locked().1));
    // What was read locked can't be written back by mistake, with the key or without.
    let written_back = json!({ "findings": row["findings"] });
    let refused = owner.update("patients", &key, written_back.as_object().unwrap()).unwrap_err();
    assert_eq!(refused.code(), "encryption_unavailable");
    let refused = file
        .unlocked()
        .owner()
        .unwrap()
        .update("patients", &key, written_back.as_object().unwrap())
        .unwrap_err();
    assert!(refused.to_string().contains("findings: stands for a value"), "{refused}");
    let by_number = json!({ "insurance_number": "1234 Ada" });
    assert_eq!(
        owner.count("patients", Some(&by_number)).unwrap_err().code(),
        "encryption_unavailable"
    );
    assert_eq!(read(&file.unlocked(), &key).unwrap(), expected("Ada"));
}

#[test]
fn a_wrong_master_key_is_told_at_once() {
    let file = File::new();
    // Before anything was encrypted any key will do: there is nothing it could be wrong for.
    file.locked().with_master_key(MasterKey::parse(OTHER).unwrap()).unwrap();
    let key = patient(&file.unlocked().owner().unwrap(), "north", "Ada");
    let refused = file.locked().with_master_key(MasterKey::parse(OTHER).unwrap()).err();
    assert_eq!(refused.unwrap().code(), "wrong_key");
    assert_eq!(read(&file.locked(), &key).unwrap(), locked());
    assert_eq!(read(&file.unlocked(), &key).unwrap(), expected("Ada"));
}

/// Whoever holds the file can move bytes in it, and can't make them open anywhere else.
#[test]
fn a_ciphertext_that_was_moved_or_changed_is_an_error() {
    let moves = [
        // To another row, also under the very same tenant.
        "UPDATE patients SET findings = (SELECT findings FROM patients WHERE full_name = 'Bob')
         WHERE full_name = 'Ada'",
        // To another column.
        "UPDATE patients SET findings = insurance_number WHERE full_name = 'Ada'",
        // Cut off.
        "UPDATE patients SET findings = substr(findings, 1, 60) WHERE full_name = 'Ada'",
        "UPDATE patients SET findings = '' WHERE full_name = 'Ada'",
        // Replaced by plain text.
        "UPDATE patients SET findings = '{}' WHERE full_name = 'Ada'",
        // From another tenant.
        "UPDATE patients SET findings = (SELECT findings FROM patients WHERE full_name = 'Cleo')
         WHERE full_name = 'Ada'",
        // One letter of each part: form, data key, nonce, ciphertext.
        "UPDATE patients SET findings = 'B' || substr(findings, 2) WHERE full_name = 'Ada'",
        "UPDATE patients SET findings = substr(findings, 1, 7)
         || CASE substr(findings, 8, 1) WHEN 'x' THEN 'y' ELSE 'x' END || substr(findings, 9)
         WHERE full_name = 'Ada'",
        "UPDATE patients SET findings = substr(findings, 1, 29)
         || CASE substr(findings, 30, 1) WHEN 'x' THEN 'y' ELSE 'x' END || substr(findings, 31)
         WHERE full_name = 'Ada'",
        "UPDATE patients SET findings = substr(findings, 1, 59)
         || CASE substr(findings, 60, 1) WHEN 'A' THEN 'B' ELSE 'A' END || substr(findings, 61)
         WHERE full_name = 'Ada'",
    ];
    for sql in moves {
        let file = File::new();
        let database = file.unlocked();
        let owner = database.owner().unwrap();
        let key = patient(&owner, "north", "Ada");
        let bob = patient(&owner, "north", "Bob");
        patient(&owner, "south", "Cleo");
        file.tamper(sql);
        let error = read(&database, &key).unwrap_err();
        assert_eq!(error.code(), "ciphertext_invalid", "{sql}");
        let text = error.to_string();
        let id = key["id"].as_str().unwrap();
        assert!(text.contains("patients.findings") && text.contains(id), "{text}");
        assert_eq!(read(&database, &bob).unwrap(), expected("Bob"), "{sql}");
        // The value can be replaced without being read.
        let change = json!({ "findings": null });
        owner.update("patients", &key, change.as_object().unwrap()).unwrap();
        assert_eq!(read(&database, &key).unwrap(), (expected("Ada").0, Value::Null), "{sql}");
    }
}

#[test]
fn a_row_that_was_moved_to_another_tenant_or_key_does_not_open() {
    for set in ["practice_ref = (SELECT ref FROM practices WHERE sign = 'south')", "id = upper(id)"]
    {
        let file = File::new();
        let database = file.unlocked();
        let owner = database.owner().unwrap();
        patient(&owner, "north", "Ada");
        patient(&owner, "south", "Cleo");
        file.tamper(&format!("UPDATE patients SET {set} WHERE full_name = 'Ada'"));
        let options = json!({ "filter": { "full_name": "Ada" } });
        let options = freehold::ListOptions::from_json(options).unwrap();
        let error = owner.list("patients", &options).unwrap_err();
        assert_eq!(error.code(), "ciphertext_invalid", "{set}");
    }
}

#[test]
fn a_row_that_the_api_moves_takes_its_values_along() {
    let file = File::new();
    let database = file.unlocked();
    let owner = database.owner().unwrap();
    let key = patient(&owner, "north", "Ada");
    let before = file.stored("findings", "Ada");
    let id = "01980000-0000-7000-8000-000000000001";
    let south = practice(&owner, "south");
    let change = json!({ "practice_ref": south, "id": id });
    let row = owner.update("patients", &key, change.as_object().unwrap()).unwrap();
    assert_eq!(row["findings"], expected("Ada").1);
    assert_ne!(file.stored("findings", "Ada"), before);
    assert_eq!(
        read(&database, &json!({ "practice_ref": south, "id": id })).unwrap(),
        expected("Ada")
    );
    // Without the key it can't be sealed for its new place, and so it stays where it is.
    let key = json!({ "practice_ref": south, "id": id });
    let refused = file
        .locked()
        .owner()
        .unwrap()
        .update("patients", &key, json!({ "id": key["practice_ref"] }).as_object().unwrap())
        .unwrap_err();
    assert_eq!(refused.code(), "encryption_unavailable");
}

#[test]
fn a_blind_index_finds_equal_values_and_only_within_their_tenant() {
    let file = File::new();
    let database = file.unlocked();
    let owner = database.owner().unwrap();
    patient(&owner, "north", "Ada");
    patient(&owner, "north", "Bob");
    let row = json!({
        "practice_ref": practice(&owner, "south"),
        "full_name": "Ada's namesake",
        "insurance_number": "1234 Ada",
    });
    owner.insert("patients", row.as_object().unwrap()).unwrap();
    let count = |filter: Value| owner.count("patients", Some(&filter));
    assert_eq!(count(json!({ "insurance_number": "1234 Ada" })).unwrap(), 2);
    assert_eq!(count(json!({ "insurance_number": { "eq": "1234 ada" } })).unwrap(), 0);
    let both = json!({ "insurance_number": { "in": ["1234 Ada", "1234 Bob"] } });
    assert_eq!(count(both).unwrap(), 3);
    let north = practice(&owner, "north");
    let one = json!({ "practice_ref": north, "insurance_number": "1234 Ada" });
    assert_eq!(count(one).unwrap(), 1);
    let seeded = count(json!({ "insurance_number": null })).unwrap();
    assert_eq!(count(json!({ "insurance_number": { "is_null": true } })).unwrap(), seeded);
    for operators in [json!({ "lt": "2" }), json!({ "contains": "Ada" }), json!({ "ne": "x" })] {
        let refused = count(json!({ "insurance_number": operators })).unwrap_err();
        assert_eq!(refused.code(), "invalid_argument");
    }
    assert_eq!(count(json!({ "findings": "x" })).unwrap_err().code(), "invalid_argument");
    let order = freehold::ListOptions::from_json(json!({ "order": ["insurance_number"] }));
    let refused = owner.list("patients", &order.unwrap()).unwrap_err();
    assert_eq!(refused.code(), "invalid_argument");
    // Equal values of two tenants do not look equal, nor do two writes of one value.
    let letters = |name: &str| file.stored("substr(insurance_number, 13, 20)", name);
    assert_ne!(letters("Ada"), letters("Ada's namesake"));
    // And the index is what serves it.
    let plan = "EXPLAIN QUERY PLAN SELECT 1 FROM patients WHERE practice_ref = 'x'
                AND substr(insurance_number, 13, 20) IN ('a', 'b')";
    let plan = file.bare().query_row(plan, [], |row| row.get::<_, String>(3)).unwrap();
    assert!(plan.contains("patients_insurance_number_blind_idx"), "{plan}");
}

#[test]
fn inspection_finds_what_does_not_open() {
    let file = File::new();
    let database = file.unlocked();
    patient(&database.owner().unwrap(), "north", "Ada");
    let findings = |database: &Database| {
        let mut found = Vec::new();
        database.inspect(&mut |finding| found.push(finding.to_string())).unwrap();
        found
    };
    assert_eq!(findings(&database), [""; 0]);
    file.tamper("UPDATE patients SET findings = insurance_number WHERE full_name = 'Ada'");
    let found = findings(&database);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].contains("patients.findings") && found[0].contains("ciphertext_invalid"));
    assert_eq!(findings(&file.locked()), [""; 0], "nobody can tell without the key");
}

/// The clinic's third version renames the table, and its history says so.
#[test]
fn values_open_after_their_table_was_renamed_and_rebuilt() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/clinic");
    let files = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    let file = File::new();
    file.locked().migrate_down(2, &mut |_| {}).unwrap();
    let mut old = clinic_until(2, &files("history/2.toml"));
    old.migrations.retain(|migration| migration.version <= 2);
    let database = open(&file.path, old).with_master_key(MasterKey::parse(ONE).unwrap()).unwrap();
    let owner = database.owner().unwrap();
    let row = json!({
        "practice_ref": practice(&owner, "north"),
        "name": "Ada",
        "insurance_number": "1234 Ada",
        "findings": { "blood": [1, "A+"], "of": "Ada" },
    });
    let row = owner.insert("clients", row.as_object().unwrap()).unwrap();
    drop(database);
    file.locked().migrate_up(Target::Latest, &mut |_| {}).unwrap();
    let key = json!({ "practice_ref": row["practice_ref"], "id": row["id"] });
    assert_eq!(read(&file.unlocked(), &key).unwrap(), expected("Ada"));
    let by_number = json!({ "insurance_number": "1234 Ada" });
    assert_eq!(file.unlocked().owner().unwrap().count("patients", Some(&by_number)).unwrap(), 1);
}

/// The clinic as it was at a version.
fn clinic_until(version: i64, model: &str) -> Bundle {
    let mut bundle = clinic();
    bundle.migrations.retain(|migration| migration.version <= version);
    bundle.model = Bundle::from_model_text(model).unwrap().model;
    bundle
}

/// Users' rows are sealed under a key of each user, and move along when they change hands.
#[test]
fn a_users_values_are_sealed_for_that_user() {
    let bundle = Bundle::builtin("vibecraft").unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let database =
        || open(&path, bundle.clone()).with_master_key(MasterKey::parse(ONE).unwrap()).unwrap();
    database().init(Some("development"), &mut |_| {}).unwrap();
    let open = database();
    let owner = open.owner().unwrap();
    let users = owner.sql("SELECT id FROM users ORDER BY id", &[]).unwrap().rows;
    let row = json!({
        "user_id": users[0][0], "provider": "OPENAI", "name": "mine", "encrypted_api_key": "sk-1",
    });
    let row = owner.insert("ai_providers", row.as_object().unwrap()).unwrap();
    let options = json!({ "columns": ["encrypted_api_key"], "filter": { "name": "mine" } });
    let options = freehold::ListOptions::from_json(options).unwrap();
    assert_eq!(owner.list("ai_providers", &options).unwrap().rows[0]["encrypted_api_key"], "sk-1");
    let given = json!({ "user_id": users[1][0] });
    let moved = owner.update("ai_providers", &row["id"], given.as_object().unwrap()).unwrap();
    assert_eq!(moved["encrypted_api_key"], "sk-1");
    drop(open);
    let mut open = database();
    open.shred(KeyHolder::User(users[0][0].as_str().unwrap())).unwrap();
    let read = |open: &Database| {
        let row = open.owner().unwrap().get("ai_providers", &row["id"]).unwrap().unwrap();
        row["encrypted_api_key"].clone()
    };
    assert_eq!(read(&open), "sk-1", "it is the second user's now");
    open.shred(KeyHolder::User(users[1][0].as_str().unwrap())).unwrap();
    assert_eq!(read(&open), json!({ "$locked": true }));
}

/// carcosa's document has secretboxes: they come in and go out, and are never stored as such.
#[test]
fn legacy_secretboxes_are_imported_and_exported() {
    let legacy = Key::new(&[7; 32]);
    let host = FixedHost::new(0, 9);
    let boxed = freehold_core::crypto::secretbox::seal(&legacy, b"AKIA-1", &host);
    let database = carcosa();
    let owner = database.owner().unwrap();
    let key = owner.sql("SELECT organization_id, id FROM buckets LIMIT 1", &[]).unwrap().rows;
    let key = json!({ "organization_id": key[0][0], "id": key[0][1] });
    let column = "encrypted_access_key";
    owner.import_secretbox("buckets", &key, column, &boxed, &legacy).unwrap();
    assert_eq!(owner.get("buckets", &key).unwrap().unwrap()[column], "AKIA-1");
    let exported = owner.export_secretbox("buckets", &key, column, &legacy).unwrap().unwrap();
    assert_ne!(exported, boxed, "a new nonce");
    let opened = freehold_core::crypto::secretbox::open(&legacy, &exported).unwrap();
    assert_eq!(opened[..], b"AKIA-1"[..]);
    let wrong = Key::new(&[8; 32]);
    let refused = owner.import_secretbox("buckets", &key, column, &boxed, &wrong).unwrap_err();
    assert_eq!(refused.code(), "invalid_argument");
    let refused = owner.import_secretbox("buckets", &key, "name", &boxed, &legacy).unwrap_err();
    assert_eq!(refused.code(), "invalid_argument");
    assert_eq!(owner.get("buckets", &key).unwrap().unwrap()[column], "AKIA-1");
    let empty = owner.export_secretbox("buckets", &key, "encrypted_secret_key", &legacy).unwrap();
    assert_eq!(empty, None);
}

fn carcosa() -> Database {
    let bundle = Bundle::builtin("carcosa").unwrap();
    let host = Box::new(FixedHost::new(1_767_225_600_000, 5));
    let connection = Connection::open_in_memory().unwrap();
    let database = Database::open(connection, bundle, host).unwrap();
    let mut database = database.with_master_key(MasterKey::parse(ONE).unwrap()).unwrap();
    database.init(Some("development"), &mut |_| {}).unwrap();
    database
}
