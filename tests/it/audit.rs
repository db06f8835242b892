//! The audit trail: complete for whoever looks, true to the records, and verifiable by others.

use std::path::Path;
use std::process::Command;

use freehold::audit::AuditQuery;
use freehold::{Actor, Bundle, Database, ListOptions, Origin};
use freehold_core::host::FixedHost;
use rusqlite::Connection;
use serde_json::{Value, json};

type Row = serde_json::Map<String, Value>;

/// Clubs with their people, rooms whose bookings are audited, and an audit table that also names
/// the room.
const MODEL: &str = r#"
name = "clubs"
[tenancy]
tenant = "clubs"
key = "club_id"
user = "people"
role = "role"
[enums]
role = ["BOSS", "GUEST"]
[tables.clubs]
template = "tenant"
audited = true
policy = { read = ["BOSS"], update = ["BOSS"] }
[tables.people]
template = "user"
columns.role = { type = "enum", of = "role", default = "GUEST" }
audited = true
policy = { read = ["BOSS"] }
[tables.rooms]
columns.name = { type = "text", max = 60 }
policy = { read = ["BOSS"], write = ["BOSS"] }
[tables.bookings]
columns.room_id = { type = "ref", to = "rooms", on_delete = "cascade" }
columns.title = { type = "text", max = 60 }
columns.seats = { type = "integer", default = 1 }
columns.price = { type = "decimal", precision = 8, scale = 2, optional = true }
columns.door_code = { type = "text", secret = true, optional = true }
columns.updated_at = { type = "timestamp", auto = "updated" }
soft_delete = true
audited = true
policy = { read = ["BOSS"], write = ["BOSS"] }
[tables.audit_logs]
template = "audit_log"
columns.room_id = { type = "ref", to = "rooms", on_delete = "set_null", optional = true }
columns.user_agent = { type = "text", max = 10, optional = true }
policy = { read = ["BOSS"] }
"#;

struct Club {
    database: Database,
    club: String,
    boss: Actor,
    room: Value,
}

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

fn open(connection: Connection) -> Database {
    let host = Box::new(FixedHost::new(1_767_225_600_000, 3));
    Database::open(connection, Bundle::from_model_text(MODEL).unwrap(), host).unwrap()
}

fn club_in(connection: Connection) -> Club {
    let mut database = open(connection);
    database.init(None, &mut |_| {}).unwrap();
    let owner = database.owner().unwrap();
    let insert = |table: &str, value: Value| owner.insert(table, &row(value)).unwrap();
    let club = insert("clubs", json!({ "name": "Club", "slug": "club" }));
    let club = club["id"].as_str().unwrap().to_owned();
    let person = json!({ "club_id": club, "email": "b@x.org", "name": "B", "role": "BOSS" });
    let boss = insert("people", person);
    let room = insert("rooms", json!({ "club_id": club, "name": "Hall" }))["id"].clone();
    let origin = Origin {
        ip_address: Some("192.0.2.7".to_owned()),
        user_agent: Some("Tester/1.0 (long)".to_owned()),
    };
    let boss = Actor::user(boss["id"].as_str().unwrap()).in_tenant(&club).from(origin);
    Club { database, club, boss, room }
}

fn club() -> Club {
    club_in(Connection::open_in_memory().unwrap())
}

impl Club {
    fn book(&self, title: &str) -> Value {
        let session = self.database.session(self.boss.clone()).unwrap();
        let booking = json!({ "room_id": self.room, "title": title });
        session.insert("bookings", &row(booking)).unwrap()["id"].clone()
    }

    fn key(&self, id: &Value) -> Value {
        json!({ "club_id": self.club, "id": id })
    }

    /// The rows of the audit table about one row, oldest first.
    fn entries(&self, id: &Value) -> Vec<Row> {
        let options = ListOptions::from_json(json!({
            "filter": { "resource_id": id }, "order": ["created_at", "id"],
        }));
        self.database.owner().unwrap().list("audit_logs", &options.unwrap()).unwrap().rows
    }

    fn findings(&self) -> Vec<String> {
        let mut findings = Vec::new();
        self.database.verify_audit(&mut |finding| findings.push(finding.to_string())).unwrap();
        findings
    }
}

#[test]
fn an_entry_says_who_did_what_when_and_where_from() {
    let club = club();
    let id = club.book("Chess");
    let session = club.database.session(club.boss.clone()).unwrap();
    let changes = json!({ "title": "Go", "price": "9.50" });
    session.update("bookings", &club.key(&id), &row(changes)).unwrap();
    session.delete("bookings", &club.key(&id)).unwrap();
    session.restore("bookings", &club.key(&id)).unwrap();
    let entries = club.entries(&id);
    let actions: Vec<&str> = entries.iter().map(|row| row["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["create", "update", "delete", "restore"]);
    let freehold::Principal::User(user) = &club.boss.principal else { unreachable!() };
    for entry in &entries {
        assert_eq!(entry["club_id"], club.club.as_str());
        assert_eq!(entry["user_id"], user.as_str());
        assert_eq!(entry["resource_type"], "booking");
        assert_eq!(entry["ip_address"], "192.0.2.7");
        assert_eq!(entry["user_agent"], "Tester/1.0", "cut to what the column takes");
        assert_eq!(entry["room_id"], club.room, "filled where the changed row has such a column");
    }
    assert_eq!(entries[0]["changes"]["after"]["title"], "Chess");
    assert_eq!(
        entries[1]["changes"],
        json!({
            "before": { "title": "Chess", "price": null },
            "after": { "title": "Go", "price": "9.50" },
        })
    );
    assert_eq!(club.findings(), [""; 0]);
    let page = club.database.audit(&AuditQuery::default()).unwrap();
    assert_eq!(page.entries[0].action, "restore");
    assert_eq!(Value::from(page.entries[0].id.as_str()), entries[3]["id"]);
}

#[test]
fn secrets_leave_no_trace_but_that_they_changed() {
    let club = club();
    let id = club.book("Chess");
    let owner = club.database.owner().unwrap();
    owner.sql("UPDATE bookings SET door_code = '4711-secret'", &[]).unwrap();
    let entry = club.entries(&id).pop().unwrap();
    let redacted = json!({ "door_code": { "$redacted": true } });
    assert_eq!(entry["changes"], json!({ "before": redacted, "after": redacted }));
    assert_eq!(entry["user_id"], Value::Null, "the owner's writes are the system's");
    owner.sql("DELETE FROM bookings", &[]).unwrap();
    assert_eq!(club.entries(&id).pop().unwrap()["action"], "delete");
    let image = { club }.database.export().unwrap();
    assert!(!image.windows(4).any(|bytes| bytes == b"4711"));
}

#[test]
fn whoever_reads_finds_it_complete_also_inside_a_transaction() {
    let club = club();
    let owner = club.database.owner().unwrap();
    let count = "SELECT count(*) FROM \"AUDIT_logs\" WHERE resource_type = 'booking'";
    let sql = |owner: &freehold::Owner<'_>| owner.sql(count, &[]).unwrap().rows[0][0].clone();
    assert_eq!(sql(&owner), 0);
    let id = club.book("One");
    assert_eq!(sql(&owner), 1);
    let seen = owner.transaction(|owner| {
        let booking = json!({ "club_id": club.club, "room_id": club.room, "title": "Two" });
        let made = owner.insert("bookings", &row(booking))?;
        assert_eq!(sql(owner), 2);
        let filter = json!({ "resource_id": made["id"] });
        assert_eq!(owner.count("audit_logs", Some(&filter))?, 1);
        owner.delete("bookings", &club.key(&id))?;
        let options = ListOptions::from_json(json!({ "filter": filter }))?;
        Ok(owner.list("audit_logs", &options)?.rows.remove(0))
    });
    let filter =
        ListOptions::from_json(json!({ "filter": { "id": seen.as_ref().unwrap()["id"] } }));
    let kept = owner.list("audit_logs", &filter.unwrap()).unwrap().rows;
    assert_eq!(kept, [seen.unwrap()], "what was seen inside is what is there afterwards");
    let undone = owner.transaction(|owner| {
        owner.sql("DELETE FROM bookings", &[])?;
        assert_eq!(sql(owner), 5);
        Err::<(), _>(freehold::Error::Locked)
    });
    assert!(undone.is_err());
    assert_eq!(sql(&owner), 3);
    assert_eq!(club.findings(), [""; 0]);
}

#[test]
fn filling_again_adds_nothing_and_what_is_gone_stays_null() {
    let club = club();
    let id = club.book("Chess");
    let owner = club.database.owner().unwrap();
    assert!(club.database.fill_audit().unwrap() > 0);
    assert_eq!(club.database.fill_audit().unwrap(), 0);
    let before = club.entries(&id);
    owner.sql("UPDATE _freehold_replica SET audited = 0", &[]).unwrap();
    assert_eq!(club.database.fill_audit().unwrap(), 0);
    assert_eq!(club.entries(&id), before);
    // One entry names the room before it goes, one is written when it is gone.
    owner.delete("rooms", &club.key(&club.room)).unwrap();
    let entries = club.entries(&id);
    assert_eq!(entries.last().unwrap()["action"], "delete");
    assert!(entries.iter().all(|entry| entry["room_id"].is_null()));
    assert_eq!(club.findings(), [""; 0]);
}

#[test]
fn deleting_a_tenant_leaves_one_entry_in_the_systems_chain() {
    let club = club();
    club.book("Chess");
    let owner = club.database.owner().unwrap();
    owner.delete("clubs", &json!(club.club)).unwrap();
    assert_eq!(owner.count("audit_logs", None).unwrap(), 0);
    let page = club.database.audit(&AuditQuery::default()).unwrap();
    let [entry] = &page.entries[..] else { panic!("{page:?}") };
    assert_eq!((entry.scope.as_str(), entry.action), ("system", "delete"));
    assert_eq!((entry.table.as_str(), &entry.resource_id), ("clubs", &club.club));
    assert_eq!(club.findings(), [""; 0]);
    let image = { club }.database.export().unwrap();
    assert!(!image.windows(5).any(|bytes| bytes == b"Chess"), "nothing of theirs is in the file");
}

#[test]
fn pages_of_the_trail_follow_each_other() {
    let club = club();
    let ids: Vec<Value> = (0..7).map(|at| club.book(&format!("B{at}"))).collect();
    let mut query = AuditQuery { limit: Some(3), ..AuditQuery::default() };
    query.table = Some("bookings".to_owned());
    query.tenant = Some(club.club.clone());
    let mut found = Vec::new();
    loop {
        let page = club.database.audit(&query).unwrap();
        assert!(page.entries.len() <= 3);
        found.extend(page.entries.into_iter().map(|entry| Value::from(entry.resource_id)));
        let Some(next) = page.next else { break };
        query.before = Some(next);
    }
    assert_eq!(found, ids.into_iter().rev().collect::<Vec<_>>());
}

/// What a change behind the API's back is found as, here and by the script.
fn tampered(sql: &str, code: &str, seen_by_script: bool) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("club.db");
    let club = club_in(Connection::open(&path).unwrap());
    let id = club.book("Chess");
    club.book("Go");
    club.book("Whist");
    let session = club.database.session(club.boss.clone()).unwrap();
    session.update("bookings", &club.key(&id), &row(json!({ "seats": 5 }))).unwrap();
    assert_eq!(club.findings(), [""; 0]);
    assert_eq!(script(&path), (true, String::new()));
    Connection::open(&path).unwrap().execute_batch(sql).unwrap();
    let findings = club.findings();
    assert!(findings.iter().any(|finding| finding.starts_with(code)), "{sql}: {findings:?}");
    let (whole, output) = script(&path);
    assert_eq!(whole, !seen_by_script, "{sql}: {output}");
}

/// Whether the script finds the file whole, and the mistakes that it names.
fn script(path: &Path) -> (bool, String) {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("audit_chain.py");
    let output = Command::new("python3").arg(script).arg(path).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert_eq!(errors, "", "{text}");
    let (count, mistakes) = text.split_once('\n').unwrap();
    assert!(count.ends_with("chains"), "{text}");
    (output.status.success(), mistakes.to_owned())
}

#[test]
fn what_is_done_to_chains_and_entries_behind_the_api_is_found() {
    let last = "(SELECT max(seq) FROM _freehold_changes)";
    for (sql, code, seen_by_script) in [
        (format!("DELETE FROM _freehold_changes WHERE seq = {last}"), "chain_cut", true),
        ("DELETE FROM _freehold_changes WHERE number = 3".to_owned(), "chain_cut", true),
        ("DELETE FROM _freehold_changes WHERE seq = 1".to_owned(), "chain_cut", true),
        (
            format!("UPDATE _freehold_changes SET changes = zeroblob(9) WHERE seq = {last}"),
            "chain_edited",
            true,
        ),
        (
            format!("UPDATE _freehold_changes SET at = at + 1 WHERE seq = {last}"),
            "chain_edited",
            true,
        ),
        ("UPDATE _freehold_actors SET ip_address = '192.0.2.8'".to_owned(), "chain_edited", true),
        ("UPDATE _freehold_chains SET length = length - 1".to_owned(), "chain_edited", true),
        (
            "UPDATE _freehold_changes SET seq = -1 WHERE seq = 3;
             UPDATE _freehold_changes SET seq = 3 WHERE seq = 4;
             UPDATE _freehold_changes SET seq = 4 WHERE seq = -1"
                .to_owned(),
            "chain_reordered",
            true,
        ),
        ("UPDATE _freehold_shapes SET shape = '{}'".to_owned(), "record_unreadable", false),
        ("DELETE FROM audit_logs WHERE action = 'update'".to_owned(), "entry_missing", false),
        (
            "UPDATE audit_logs SET action = 'create' WHERE action = 'update'".to_owned(),
            "entry_changed",
            false,
        ),
        ("UPDATE audit_logs SET user_id = NULL".to_owned(), "entry_changed", false),
        (
            "INSERT INTO audit_logs (club_id, id, action, resource_type, created_at)
             SELECT club_id, '0197a3f0-0000-7000-8000-000000000001', 'delete', 'club', created_at
             FROM audit_logs LIMIT 1"
                .to_owned(),
            "entry_unknown",
            false,
        ),
    ] {
        tampered(&sql, code, seen_by_script);
    }
}

#[test]
fn a_copy_that_is_told_so_goes_on_with_chains_of_its_own() {
    let club = club();
    club.book("Chess");
    club.database.renew_replica().unwrap();
    club.book("Go");
    let numbers: Vec<i64> = {
        let page = club.database.audit(&AuditQuery::default()).unwrap();
        page.entries.iter().map(|entry| entry.number).collect()
    };
    assert_eq!(numbers[0], 1, "the new replica's chain begins anew");
    assert_eq!(club.findings(), [""; 0]);
}

#[test]
fn a_reset_database_begins_anew() {
    let mut club = club();
    club.book("Chess");
    club.database.reset(None, &mut |_| {}).unwrap();
    let owner = club.database.owner().unwrap();
    owner.insert("clubs", &row(json!({ "name": "Other", "slug": "other" }))).unwrap();
    assert_eq!(owner.count("audit_logs", None).unwrap(), 1);
    let page = club.database.audit(&AuditQuery::default()).unwrap();
    assert_eq!(page.entries.len(), 1);
    assert_eq!(club.findings(), [""; 0]);
}

#[test]
fn apps_read_the_trail_and_never_write_it() {
    let club = club();
    let id = club.book("Chess");
    let session = club.database.session(club.boss.clone()).unwrap();
    let filter = json!({ "resource_id": id });
    assert_eq!(session.count("audit_logs", Some(&filter)).unwrap(), 1);
    let entry = json!({ "action": "create", "resource_type": "club" });
    assert_eq!(session.insert("audit_logs", &row(entry)).unwrap_err().code(), "denied");
    let entry = club.entries(&id).remove(0);
    let key = club.key(&entry["id"]);
    assert_eq!(session.delete("audit_logs", &key).unwrap_err().code(), "denied");
}

#[test]
fn files_that_can_only_be_read_are_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("club.db");
    let club = club_in(Connection::open(&path).unwrap());
    club.book("Chess");
    drop(club);
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let database = open(Connection::open_with_flags(&path, flags).unwrap());
    let owner = database.owner().unwrap();
    assert_eq!(owner.count("audit_logs", None).unwrap(), 0, "as far as it was filled");
    assert_eq!(owner.sql("SELECT count(*) FROM audit_logs", &[]).unwrap().rows[0][0], 0);
    assert_eq!(database.audit(&AuditQuery::default()).unwrap().entries[0].action, "create");
}

#[test]
fn seeded_rows_are_on_record_and_the_table_begins_with_what_is_done_to_them() {
    let database = freehold::testing::database("valuecanvas", "development");
    let owner = database.owner().unwrap();
    let entries = owner.count("audit_logs", None).unwrap();
    assert_eq!(entries, 3, "the set's own");
    let canvas = owner.list("canvases", &ListOptions::default()).unwrap().rows.remove(0);
    let key = json!({ "organization_id": canvas["organization_id"], "id": canvas["id"] });
    owner.update("canvases", &key, &row(json!({ "name": "Renamed" }))).unwrap();
    assert_eq!(owner.count("audit_logs", None).unwrap(), entries + 1);
    let page = database.audit(&AuditQuery { limit: Some(1000), ..AuditQuery::default() }).unwrap();
    let seeded = page.entries.iter().filter(|e| e.user_agent.as_deref() == Some("freehold seed"));
    assert!(seeded.count() > 10);
    let mut findings = Vec::new();
    database.verify_audit(&mut |finding| findings.push(finding)).unwrap();
    assert_eq!(findings, []);
}

/// A trigger of the recorder's on what a typed write does would be noticed by nobody but whoever
/// measures: the records are the same.
#[test]
fn the_built_in_models_are_written_without_triggers() {
    for model in ["valuecanvas", "stratibreak", "vibecraft", "carcosa", "workflow"] {
        let database = freehold::testing::database(model, "development");
        let owner = database.owner().unwrap();
        let tenants = &owner.model().tenancy.as_ref().unwrap().tenant;
        let tenant = owner.list(tenants, &ListOptions::default()).unwrap().rows.remove(0);
        let key = tenant["id"].clone();
        let renamed = json!({ "name": "Renamed" });
        owner.update(tenants, &key, renamed.as_object().unwrap()).unwrap();
        let sql = "SELECT count(*) FROM temp.sqlite_schema WHERE type = 'trigger'";
        assert_eq!(owner.sql(sql, &[]).unwrap().rows[0][0], json!(0), "{model}");
        let sql = "SELECT number FROM _freehold_changes ORDER BY seq DESC LIMIT 1";
        assert_eq!(owner.sql(sql, &[]).unwrap().rows.len(), 1, "{model}");
    }
}
