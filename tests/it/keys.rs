//! Keys: rotated, exchanged, shredded, and what other connections see of it.

use freehold::Bundle;
use freehold_core::crypto::MasterKey;
use freehold_core::host::FixedHost;
use freehold_core::keyring::{KeyHolder, wrapped_keys};
use freehold_core::{Actor, Database, Error, ListOptions, Session};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::encryption::{File, ONE, OTHER, expected, locked, patient, practice, read};

type Row = serde_json::Map<String, Value>;

/// Wrapped keys are bound to their owner too: giving a tenant another one's key opens nothing.
#[test]
fn a_wrapped_key_that_was_moved_does_not_unwrap() {
    let file = File::new();
    let key = patient(&file.unlocked().owner().unwrap(), "north", "Ada");
    patient(&file.unlocked().owner().unwrap(), "south", "Cleo");
    file.tamper(
        "UPDATE _freehold_keys SET wrapped = (SELECT k.wrapped FROM _freehold_keys k
           WHERE k.scope = 'tenant' AND k.holder <> _freehold_keys.holder)
         WHERE holder = (SELECT practice_ref FROM patients WHERE full_name = 'Ada')",
    );
    assert_eq!(read(&file.unlocked(), &key).unwrap_err().code(), "corrupt");
}

#[test]
fn rotation_seals_everything_anew_and_nothing_is_lost() {
    let file = File::new();
    let mut database = file.unlocked();
    let owner = database.owner().unwrap();
    let (ada, cleo) = (patient(&owner, "north", "Ada"), patient(&owner, "south", "Cleo"));
    let hidden = patient(&owner, "north", "Hidden");
    owner.delete("patients", &hidden).unwrap();
    let before = (file.stored("findings", "Ada"), file.stored("findings", "Cleo"));
    let north = practice(&owner, "north");
    let rotated = database.rotate_keys(Some(KeyHolder::Tenant(&north))).unwrap();
    assert_eq!((rotated.keys, rotated.values), (1, 4));
    assert_ne!(file.stored("findings", "Ada"), before.0);
    assert_eq!(file.stored("findings", "Cleo"), before.1, "only one tenant's was asked for");
    let rotated = database.rotate_keys(None).unwrap();
    assert_eq!((rotated.keys, rotated.values), (2, 6));
    for database in [database, file.unlocked()] {
        assert_eq!(read(&database, &ada).unwrap(), expected("Ada"));
        assert_eq!(read(&database, &cleo).unwrap(), expected("Cleo"));
        let by_number = json!({ "insurance_number": "1234 Ada" });
        assert_eq!(database.owner().unwrap().count("patients", Some(&by_number)).unwrap(), 1);
    }
    let database = file.unlocked();
    let row = database.owner().unwrap().restore("patients", &hidden).unwrap();
    assert_eq!(row["findings"], expected("Hidden").1);
    // An older ciphertext still opens: versions and other replicas have them.
    file.tamper(&format!("UPDATE patients SET findings = '{}' WHERE full_name = 'Ada'", before.0));
    assert_eq!(read(&database, &ada).unwrap(), expected("Ada"));
}

#[test]
fn a_rotation_that_meets_a_broken_value_changes_nothing() {
    let file = File::new();
    let mut database = file.unlocked();
    let owner = database.owner().unwrap();
    patient(&owner, "north", "Ada");
    patient(&owner, "south", "Cleo");
    file.tamper("UPDATE patients SET findings = 'broken' WHERE full_name = 'Cleo'");
    let before = (file.stored("findings", "Ada"), keys(&file));
    assert_eq!(database.rotate_keys(None).unwrap_err().code(), "ciphertext_invalid");
    assert_eq!((file.stored("findings", "Ada"), keys(&file)), before);
}

fn keys(file: &File) -> i64 {
    file.bare().query_row("SELECT count(*) FROM _freehold_keys", [], |row| row.get(0)).unwrap()
}

#[test]
fn another_master_key_takes_over() {
    let file = File::new();
    let mut database = file.unlocked();
    let key = patient(&database.owner().unwrap(), "north", "Ada");
    let before = file.stored("findings", "Ada");
    assert_eq!(database.rotate_master(MasterKey::parse(OTHER).unwrap()).unwrap(), 1);
    assert_eq!(read(&database, &key).unwrap(), expected("Ada"));
    patient(&database.owner().unwrap(), "south", "Cleo");
    assert_eq!(file.stored("findings", "Ada"), before, "values stay as they are");
    let refused = file.locked().with_master_key(MasterKey::parse(ONE).unwrap()).err();
    assert_eq!(refused.unwrap().code(), "wrong_key");
    let database = file.locked().with_master_key(MasterKey::parse(OTHER).unwrap()).unwrap();
    assert_eq!(read(&database, &key).unwrap(), expected("Ada"));
    let refused = file.locked().rotate_master(MasterKey::parse(ONE).unwrap()).unwrap_err();
    assert_eq!(refused.code(), "encryption_unavailable");
}

#[test]
fn a_shredded_tenants_values_are_gone_for_good() {
    let file = File::new();
    let mut database = file.unlocked();
    let owner = database.owner().unwrap();
    let (ada, cleo) = (patient(&owner, "north", "Ada"), patient(&owner, "south", "Cleo"));
    let north = practice(&owner, "north");
    database.rotate_keys(None).unwrap();
    let backup = database.export().unwrap();
    let wrapped = "SELECT hex(wrapped) FROM _freehold_keys WHERE holder = ?1 LIMIT 1";
    let wrapped: String = file.bare().query_row(wrapped, [&north], |row| row.get(0)).unwrap();
    let shredded = database.shred(KeyHolder::Tenant(&north)).unwrap();
    assert_eq!(shredded.keys.len(), 2, "the one before the rotation too");
    for database in [database, file.unlocked()] {
        assert_eq!(read(&database, &ada).unwrap(), locked());
        assert_eq!(read(&database, &cleo).unwrap(), expected("Cleo"));
    }
    let file_bytes = std::fs::read(&file.path).unwrap();
    let needle: Vec<u8> = (0..wrapped.len() / 2)
        .map(|at| u8::from_str_radix(&wrapped[2 * at..2 * at + 2], 16).unwrap())
        .collect();
    assert!(!file_bytes.windows(needle.len()).any(|window| window == needle));
    // A backup from before still has the keys, and says so.
    let mut old = Connection::open_in_memory().unwrap();
    old.deserialize_read_exact("main", &backup[..], backup.len(), false).unwrap();
    assert_eq!(wrapped_keys(&old, KeyHolder::Tenant(&north)).unwrap(), shredded.keys);
    assert_eq!(wrapped_keys(&file.bare(), KeyHolder::Tenant(&north)).unwrap(), []);
    // Life goes on: what is written from now on has a new key, and can be rotated.
    let mut database = file.unlocked();
    let dora = patient(&database.owner().unwrap(), "north", "Dora");
    assert_eq!(database.rotate_keys(None).unwrap().keys, 2);
    assert_eq!(read(&database, &dora).unwrap(), expected("Dora"));
    assert_eq!(read(&database, &ada).unwrap(), locked());
}

/// Deleting a tenant takes its keys too, so that what change records still hold of it is gone.
#[test]
fn a_deleted_tenants_keys_go_along() {
    let file = File::new();
    let database = file.unlocked();
    let owner = database.owner().unwrap();
    let cleo = patient(&owner, "south", "Cleo");
    patient(&owner, "north", "Ada");
    let (north, south) = (practice(&owner, "north"), practice(&owner, "south"));
    assert!(owner.delete("practices", &json!(north)).unwrap());
    assert_eq!(wrapped_keys(&file.bare(), KeyHolder::Tenant(&north)).unwrap(), []);
    assert_eq!(wrapped_keys(&file.bare(), KeyHolder::Tenant(&south)).unwrap().len(), 1);
    assert_eq!(read(&database, &cleo).unwrap(), expected("Cleo"));
}

#[test]
fn rotating_leaves_no_trace_of_edits() {
    let file = File::new();
    let mut database = file.unlocked();
    patient(&database.owner().unwrap(), "north", "Ada");
    let records = || {
        let sql = "SELECT (SELECT count(*) FROM _freehold_changes),
                          (SELECT max(updated_at) FROM patients)";
        let row = file.bare();
        row.query_row(sql, [], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, String>(1)?))).unwrap()
    };
    let before = records();
    assert_eq!(database.rotate_keys(None).unwrap().values, 2);
    assert_eq!(records(), before);
}

/// Somebody else has the file open while the master key is exchanged or a tenant is shredded.
#[test]
fn another_connection_notices_what_became_of_the_keys() {
    let file = File::new();
    let other = file.unlocked();
    let mut database = file.unlocked();
    let owner = database.owner().unwrap();
    let (ada, cleo) = (patient(&owner, "north", "Ada"), patient(&owner, "south", "Cleo"));
    let north = practice(&owner, "north");
    assert_eq!(read(&other, &ada).unwrap(), expected("Ada"));
    database.shred(KeyHolder::Tenant(&north)).unwrap();
    assert_eq!(read(&other, &ada).unwrap(), locked());
    assert_eq!(read(&other, &cleo).unwrap(), expected("Cleo"));
    database.rotate_master(MasterKey::parse(OTHER).unwrap()).unwrap();
    // A key that the other one made now would be lost with the old master key.
    let row = json!({ "practice_ref": north, "full_name": "Dora", "insurance_number": "1" });
    let refused = other.owner().unwrap().insert("patients", row.as_object().unwrap());
    assert_eq!(refused.unwrap_err().code(), "wrong_key");
    assert_eq!(read(&other, &cleo).unwrap_err().code(), "wrong_key");
}

/// Whoever holds a handle from before has opened the keys already.
#[test]
fn handles_from_before_a_shredding_open_nothing_after_it() {
    let file = File::new();
    let (other, mut database) = (file.unlocked(), file.unlocked());
    let owner = database.owner().unwrap();
    let (ada, cleo) = (patient(&owner, "north", "Ada"), patient(&owner, "south", "Cleo"));
    let (north, south) = (practice(&owner, "north"), practice(&owner, "south"));
    let held = other.owner().unwrap();
    let [in_north, in_south] = [&north, &south]
        .map(|practice| other.session(Actor::system().in_tenant(practice.as_str())).unwrap());
    let sql = "SELECT insurance_number FROM patients WHERE full_name IN ('Ada', 'Cleo')";
    let number = |session: &Session<'_>| session.sql(sql, &[]).unwrap().rows[0][0].clone();
    let values = |row: Option<Row>| {
        let row = row.expect("the patient is there");
        (row["insurance_number"].clone(), row["findings"].clone())
    };
    let of_owner = |key: &Value| values(held.get("patients", key).unwrap());
    assert_eq!((of_owner(&ada), of_owner(&cleo)), (expected("Ada"), expected("Cleo")));
    assert_eq!((number(&in_north), number(&in_south)), (expected("Ada").0, expected("Cleo").0));
    database.shred(KeyHolder::Tenant(&north)).unwrap();
    assert_eq!((of_owner(&ada), of_owner(&cleo)), (locked(), expected("Cleo")));
    assert_eq!((number(&in_north), number(&in_south)), (Value::Null, expected("Cleo").0));
    assert_eq!(values(in_north.get("patients", &ada).unwrap()), locked());
    // Each kind of request notices by itself.
    for (asks, request) in ["get", "list", "sql", "versions"].into_iter().enumerate() {
        let dora = patient(&database.owner().unwrap(), "north", &format!("Dora {asks}"));
        let by_name = json!({ "full_name": format!("Dora {asks}") });
        let ask = || match request {
            "get" => held.get("patients", &dora).unwrap().unwrap()["findings"].clone(),
            "list" => {
                let filter = ListOptions { filter: Some(by_name.clone()), ..Default::default() };
                held.list("patients", &filter).unwrap().rows[0]["findings"].clone()
            }
            "sql" => {
                let sql = "SELECT findings FROM patients WHERE full_name = ?1";
                in_north.sql(sql, &[by_name["full_name"].clone()]).unwrap().rows[0][0].clone()
            }
            _ => held.versions("patients", &dora).unwrap()[0].row["findings"].clone(),
        };
        let is_open = |value: &Value| !value.is_null() && value.get("$locked").is_none();
        let before = ask();
        assert!(is_open(&before), "{request}: {before}");
        database.shred(KeyHolder::Tenant(&north)).unwrap();
        let after = ask();
        assert!(!is_open(&after), "{request}: {after}");
    }
}

/// A data key that was made in a transaction goes with it.
#[test]
fn a_key_that_was_made_in_an_undone_transaction_seals_nothing() {
    let file = File::new();
    let database = file.unlocked();
    let owner = database.owner().unwrap();
    let undone: Result<(), Error> = owner.transaction(|owner| {
        patient(owner, "north", "Ada");
        Err(Error::Interrupted)
    });
    undone.unwrap_err();
    let key = patient(&owner, "north", "Ada");
    assert_eq!(read(&file.unlocked(), &key).unwrap(), expected("Ada"));
}

/// stratibreak's document has columns for the tenant's data key: they follow it.
#[test]
fn the_tenants_row_mirrors_its_wrapped_key_where_the_model_has_columns_for_it() {
    let host = Box::new(FixedHost::new(1_767_225_600_000, 3));
    let bundle = Bundle::builtin("stratibreak").unwrap();
    let database = Database::open(Connection::open_in_memory().unwrap(), bundle, host).unwrap();
    let mut database = database.with_master_key(MasterKey::parse(ONE).unwrap()).unwrap();
    database.init(Some("development"), &mut |_| {}).unwrap();
    let mirrored = |database: &Database| {
        let sql = "SELECT length(t.encryption_key), t.encryption_key_version FROM tenants t
                   JOIN projects p ON p.tenant_id = t.id LIMIT 1";
        database.owner().unwrap().sql(sql, &[]).unwrap().rows[0].clone()
    };
    let owner = database.owner().unwrap();
    let project = owner.sql("SELECT tenant_id, id FROM projects LIMIT 1", &[]).unwrap().rows;
    let row = json!({
        "tenant_id": project[0][0], "project_id": project[0][1], "type": "JIRA", "name": "Tracker",
        "encrypted_credentials": { "token": "t" },
    });
    let table = owner.model().table("integrations").unwrap();
    let mut row = row.as_object().unwrap().clone();
    row.retain(|name, _| table.column(name).is_some());
    let stored = owner.insert("integrations", &row).unwrap();
    assert_eq!(stored["encrypted_credentials"], json!({ "token": "t" }));
    assert_eq!(mirrored(&database), [json!(96), json!(1)]);
    database.rotate_keys(None).unwrap();
    assert_eq!(mirrored(&database), [json!(96), json!(2)]);
}

/// Versions hold ciphertexts as well: they open before and after, and can be gone back to.
#[test]
fn versions_are_sealed_anew_and_can_be_gone_back_to() {
    let file = File::new();
    let mut database = file.unlocked();
    let owner = database.owner().unwrap();
    let (ada, cleo) = (patient(&owner, "north", "Ada"), patient(&owner, "south", "Cleo"));
    for key in [&ada, &cleo] {
        let change = json!({ "insurance_number": "2", "findings": null });
        owner.update("patients", key, change.as_object().unwrap()).unwrap();
    }
    let images = || {
        let sql = "SELECT image FROM _freehold_versions ORDER BY id";
        let bare = file.bare();
        let mut statement = bare.prepare(sql).unwrap();
        let images = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).unwrap();
        images.map(Result::unwrap).collect::<Vec<_>>()
    };
    let before = images();
    let north = practice(&owner, "north");
    let rotated = database.rotate_keys(Some(KeyHolder::Tenant(&north))).unwrap();
    assert_eq!((rotated.values, rotated.versions), (1, 3));
    let changed = before.iter().zip(&images()).filter(|(before, after)| before != after).count();
    assert_eq!((before.len(), changed), (images().len(), 2));
    let owner = database.owner().unwrap();
    let versions = owner.versions("patients", &ada).unwrap();
    let numbers: Vec<_> = versions.iter().map(|version| &version.row["insurance_number"]).collect();
    assert_eq!(numbers, [&expected("Ada").0, &json!("2")]);
    owner.roll_back("patients", &ada, 1).unwrap();
    assert_eq!(read(&database, &ada).unwrap(), expected("Ada"));
    assert_eq!(database.shred(KeyHolder::Tenant(&north)).unwrap().keys.len(), 2);
    let versions = database.owner().unwrap().versions("patients", &ada).unwrap();
    assert!(versions.iter().all(|it| it.row["insurance_number"] == json!({ "$locked": true })));
}
