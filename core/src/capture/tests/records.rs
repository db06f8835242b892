//! What stands in a record: who, when, which values, and the chain.

use super::*;
use crate::actor::{Origin, Principal};
use crate::value::SqlValue;

#[test]
fn a_record_says_who_and_when_and_hangs_on_the_one_before() {
    let db = Db::new();
    two_tenants(&db);
    let origin =
        Origin { ip_address: Some("192.0.2.1".to_owned()), user_agent: Some("Test/1".to_owned()) };
    let actor = Actor::user("u").in_tenant(id("a")).from(origin);
    db.host.advance(5000);
    db.act(&actor, || {
        db.run(&format!("UPDATE teams SET seats = 9 WHERE organization_id = '{}'", id("a")))
    });
    db.host.advance(-60_000);
    db.act(&actor, || db.run("UPDATE teams SET seats = 1 WHERE seats = 9"));
    let records = db.records();
    let [.., first, second] = &records[..] else { panic!("{records:?}") };
    assert_eq!(first.actor, actor);
    assert_eq!(first.actor.principal, Principal::User("u".to_owned()));
    assert_eq!((first.number, second.number), (2, 3));
    assert_eq!(first.at, 1_735_689_605_000);
    assert_eq!(second.at, first.at, "a clock that goes backwards doesn't put it before");
    assert_eq!(chain::hash(&first.hash, second).to_vec(), second.hash);
    assert_eq!(chain::hash(&chain::NO_HASH, &records[0]).to_vec(), records[0].hash);
}

#[test]
fn an_update_holds_what_changed_and_secrets_are_never_recorded() {
    let db = Db::new();
    two_tenants(&db);
    db.write("UPDATE teams SET name = 'two', token_hash = 'hash-of-a-secret' WHERE name = 'one'");
    let record = db.records().pop().unwrap();
    let changes = db.changes(&record);
    let ChangeKind::Update(update) = &changes[0].kind else { panic!("{changes:?}") };
    let shape = &changes[0].shape;
    let [(at, before, after)] = &update.changes[..] else { panic!("{update:?}") };
    assert_eq!(shape.columns[*at], "name");
    assert_eq!((before, after), (&SqlValue::from("one"), &SqlValue::from("two")));
    assert_eq!(shape.secrets, ["token_hash"]);
    assert_eq!(update.secrets, [0]);
    db.write("DELETE FROM teams");
    let everything: Vec<u8> = db.records().into_iter().flat_map(|record| record.changes).collect();
    assert!(!everything.windows(4).any(|bytes| bytes == b"hash"));
}

#[test]
fn records_are_read_after_columns_were_renamed() {
    let db = Db::new();
    two_tenants(&db);
    let mut model = testing::model();
    let teams = model.tables.iter_mut().find(|table| table.name == "teams").unwrap();
    teams.columns.iter_mut().find(|column| column.name == "seats").unwrap().name = "chairs".into();
    db.recorder.release(&db.connection).unwrap();
    db.run("ALTER TABLE teams RENAME COLUMN seats TO chairs");
    let mut connection = db.connection;
    let recorder = Recorder::new(&mut connection, Arc::new(model)).unwrap();
    let db = Db { connection, recorder, host: db.host };
    db.write("UPDATE teams SET chairs = 3");
    let records = db.records();
    assert_eq!(db.changes(&records[0])[0].shape.table, "organizations");
    let changes = db.changes(records.last().unwrap());
    let ChangeKind::Update(update) = &changes[0].kind else { panic!("{changes:?}") };
    assert_eq!(changes[0].shape.columns[update.changes[0].0], "seats");
}

#[test]
fn counters_tell_which_tables_were_written() {
    let db = Db::new();
    let start = db.recorder.generation();
    two_tenants(&db);
    let position =
        |name: &str| testing::model().tables.iter().position(|table| table.name == name).unwrap();
    assert!(db.recorder.is_written_since(position("teams"), start));
    assert!(!db.recorder.is_written_since(position("desks"), start));
    let seen = db.recorder.generation();
    db.write("SELECT 1");
    assert!(!db.recorder.is_written_since(position("teams"), seen));
    db.act(&Actor::system(), || {
        db.run("UPDATE teams SET seats = 3");
        let inside = db.recorder.generation();
        assert!(inside > seen);
        let mark = Mark(0);
        db.recorder.cut_back(mark);
        assert!(db.recorder.is_written_since(position("teams"), inside), "undoing counts too");
    });
}

#[test]
fn another_connections_commit_counts_for_all_tables_and_a_new_schema_gets_new_triggers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.db");
    let open = || {
        let mut connection = Connection::open(&path).unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        let recorder = Recorder::new(&mut connection, Arc::new(testing::model())).unwrap();
        Db { connection, recorder, host: TestHost::new() }
    };
    let one = open();
    let script = crate::schema::Schema::from_model(&testing::model()).create_sql().join(";\n");
    one.run(&script);
    one.run("ALTER TABLE teams DROP COLUMN weight");
    two_tenants(&one);
    let other = open();
    other.run("ALTER TABLE teams ADD COLUMN weight REAL");
    let seen = one.recorder.generation();
    one.write("UPDATE teams SET seats = 8");
    assert!(one.recorder.is_written_since(4, seen));
    one.write("UPDATE teams SET weight = 2.5");
    let changes = one.changes(&one.records().pop().unwrap());
    let ChangeKind::Update(update) = &changes[0].kind else { panic!("{changes:?}") };
    assert_eq!(changes[0].shape.columns[update.changes[0].0], "weight");
}
