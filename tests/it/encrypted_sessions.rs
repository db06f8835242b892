//! Encrypted columns in sessions: opened for whoever may read the row, and for nobody else.

use freehold_core::actor::Actor;
use freehold_core::keyring::KeyHolder;
use freehold_core::{Database, ListOptions, Owner, Session};
use serde_json::{Value, json};

use crate::encryption::{File, expected, patient, practice};

/// A person's session in a practice.
fn session<'d>(database: &'d Database, email: &str, sign: &str) -> Session<'d> {
    let owner = database.owner().unwrap();
    let sql = "SELECT id FROM people WHERE email = ?1";
    let id = owner.sql(sql, &[json!(email)]).unwrap().rows[0][0].clone();
    let actor = Actor::user(id.as_str().unwrap()).in_tenant(practice(&owner, sign));
    database.session(actor).unwrap()
}

fn anna(database: &Database) -> Session<'_> {
    session(database, "anna@north.example", "north")
}

fn column(session: &Session<'_>, sql: &str) -> Vec<Value> {
    let result = session.sql(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error}"));
    result.rows.into_iter().map(|mut row| row.remove(0)).collect()
}

fn two(owner: &Owner<'_>) -> (Value, Value) {
    (patient(owner, "north", "Ada"), patient(owner, "south", "Cleo"))
}

#[test]
fn statements_see_opened_values_of_the_rows_that_the_actor_may_read() {
    let file = File::new();
    let database = file.unlocked();
    two(&database.owner().unwrap());
    patient(&database.owner().unwrap(), "north", "Bob");
    let session = anna(&database);
    let numbers = "SELECT insurance_number FROM patients WHERE insurance_number IS NOT NULL
                   ORDER BY insurance_number DESC";
    assert_eq!(column(&session, numbers), ["1234 Bob", "1234 Ada"]);
    let equal = "SELECT full_name FROM patients WHERE insurance_number = '1234 Ada'";
    assert_eq!(column(&session, equal), ["Ada"]);
    let like =
        "SELECT full_name FROM patients WHERE insurance_number LIKE '1234 %' LIMIT 1 OFFSET 1";
    assert_eq!(column(&session, like).len(), 1);
    let inside = "SELECT findings ->> '$.of' FROM patients WHERE full_name = 'Bob'";
    assert_eq!(column(&session, inside), ["Bob"]);
    let count = "SELECT count(insurance_number) FROM patients";
    assert_eq!(column(&session, count), [2]);
    let joined = "SELECT a.insurance_number || '/' || b.insurance_number FROM patients a
                  JOIN patients b ON a.insurance_number < b.insurance_number";
    assert_eq!(column(&session, joined), ["1234 Ada/1234 Bob"]);
    let other = "SELECT count(*) FROM patients WHERE insurance_number = '1234 Cleo'";
    assert_eq!(column(&session, other), [0]);
}

#[test]
fn statements_write_values_sealed_and_leave_the_others_alone() {
    let file = File::new();
    let database = file.unlocked();
    let (ada, _) = two(&database.owner().unwrap());
    let session = anna(&database);
    let before = file.stored("findings", "Ada");
    session.sql("UPDATE patients SET notes = 'seen' WHERE full_name = 'Ada'", &[]).unwrap();
    assert_eq!(file.stored("findings", "Ada"), before, "what doesn't change stays as it is");
    session.sql("UPDATE patients SET insurance_number = insurance_number || '!'", &[]).unwrap();
    let row = session.get("patients", &ada).unwrap().unwrap();
    assert_eq!(
        (&row["insurance_number"], &row["findings"]),
        (&json!("1234 Ada!"), &expected("Ada").1)
    );
    assert!(!file.stored("insurance_number", "Ada").contains("1234"));
    let insert = "INSERT INTO patients (full_name, insurance_number) VALUES ('Dora', '77')";
    session.sql(insert, &[]).unwrap();
    let dora = "SELECT insurance_number FROM patients WHERE full_name = 'Dora'";
    assert_eq!(column(&session, dora), ["77"]);
    assert_ne!(file.stored("insurance_number", "Dora"), "77");
}

#[test]
fn without_the_key_statements_see_null_and_lose_nothing() {
    let file = File::new();
    let (ada, _) = two(&file.unlocked().owner().unwrap());
    let database = file.locked();
    let session = anna(&database);
    assert_eq!(column(&session, "SELECT count(insurance_number) FROM patients"), [0]);
    assert_eq!(
        session.get("patients", &ada).unwrap().unwrap()["findings"],
        json!({ "$locked": true })
    );
    session.sql("UPDATE patients SET notes = 'seen' WHERE full_name = 'Ada'", &[]).unwrap();
    let refused = session.sql("UPDATE patients SET insurance_number = '1'", &[]).unwrap_err();
    assert_eq!(refused.code(), "encryption_unavailable");
    let opened = file.unlocked();
    let row = anna(&opened).get("patients", &ada).unwrap().unwrap();
    assert_eq!((&row["notes"], &row["findings"]), (&json!("seen"), &expected("Ada").1));
}

#[test]
fn a_broken_value_fails_the_statement_that_looks_at_it() {
    let file = File::new();
    let database = file.unlocked();
    two(&database.owner().unwrap());
    file.tamper("UPDATE patients SET findings = insurance_number WHERE full_name = 'Ada'");
    let session = anna(&database);
    let refused = session.sql("SELECT findings FROM patients", &[]).unwrap_err();
    assert_eq!(refused.code(), "ciphertext_invalid");
    assert_eq!(
        column(&session, "SELECT insurance_number FROM patients WHERE full_name = 'Ada'").len(),
        1
    );
}

/// The same number in two practices: each session finds its own, by the index of its own tenant.
#[test]
fn a_blind_index_is_asked_within_the_tenant() {
    let file = File::new();
    let database = file.unlocked();
    let owner = database.owner().unwrap();
    for sign in ["north", "south"] {
        let row = json!({
            "practice_ref": practice(&owner, sign), "full_name": sign, "insurance_number": "1",
        });
        owner.insert("patients", row.as_object().unwrap()).unwrap();
    }
    let options = json!({ "filter": { "insurance_number": "1" }, "columns": ["full_name"] });
    let options = ListOptions::from_json(options).unwrap();
    for (email, sign) in [("anna@north.example", "north"), ("bert@south.example", "south")] {
        let page = session(&database, email, sign).list("patients", &options).unwrap();
        assert_eq!(json!(page.rows), json!([{ "full_name": sign }]));
    }
}

/// A session that was open already notices that its tenant was shredded.
#[test]
fn a_shredded_tenant_reads_as_locked() {
    let file = File::new();
    let mut database = file.unlocked();
    let (ada, _) = two(&database.owner().unwrap());
    let north = practice(&database.owner().unwrap(), "north");
    assert_eq!(column(&anna(&database), "SELECT count(insurance_number) FROM patients"), [1]);
    database.shred(KeyHolder::Tenant(&north)).unwrap();
    let session = anna(&database);
    assert_eq!(column(&session, "SELECT count(insurance_number) FROM patients"), [0]);
    let row = session.get("patients", &ada).unwrap().unwrap();
    assert_eq!(row["insurance_number"], json!({ "$locked": true }));
}
