//! Typed writes note their own rows and triggers the rest: whatever is mixed, each change is
//! recorded exactly once. Replaying refuses a change that is there twice, and tables that differ tell
//! of one that is not there.

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::replay::{dump, replay};
use super::steps::{TABLES, engine, perform, row, rows, step, uid};
use super::{ChangeKind, records_of};
use crate::capture::change::Shapes;
use crate::error::Error;
use crate::gateway::Gateway;
use crate::owner::{Engine, Owner};
use crate::testing;
use crate::value::{Row, SqlValue};

/// The tables that the records lead to. What foreign keys and triggers do is on record, so that
/// there are none.
fn replayed(engine: &Engine) -> Connection {
    let copy = testing::connection_of(engine.catalog.model());
    copy.pragma_update(None, "foreign_keys", false).unwrap();
    let triggers: Vec<String> = {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'trigger'";
        let mut statement = copy.prepare(sql).unwrap();
        let names = statement.query_map([], |row| row.get(0)).unwrap();
        names.map(|name| name.unwrap()).collect()
    };
    for name in triggers {
        copy.execute_batch(&format!("DROP TRIGGER {name}")).unwrap();
    }
    replay(&engine.connection, &copy);
    copy
}

/// A tenant with rows that hang on each other.
fn filled(engine: &Engine) -> Owner<'_> {
    let owner = Owner::new(engine);
    for table in TABLES {
        for number in 0..if table == "orgs" { 1 } else { 3_u8 } {
            let other = if matches!(table, "teams" | "people") { 3 } else { number };
            owner.insert(table, &rows(table, number, other).0).unwrap();
        }
    }
    owner
}

fn key(number: u8) -> Value {
    json!({ "org_id": uid(9), "id": uid(number) })
}

fn last(engine: &Engine) -> Vec<String> {
    let record = records_of(&engine.connection).pop().unwrap();
    let changes = record.decode(&Shapes::read(&engine.connection).unwrap()).unwrap();
    changes.iter().map(super::line).collect()
}

fn triggers(engine: &Engine) -> i64 {
    let sql = "SELECT count(*) FROM temp.sqlite_schema WHERE type = 'trigger'";
    engine.connection.query_row(sql, [], |row| row.get(0)).unwrap()
}

#[test]
fn typed_writes_take_triggers_only_where_a_deletion_reaches_other_rows() {
    let engine = engine();
    let owner = filled(&engine);
    owner.update("people", &key(0), &row(json!({ "team_id": uid(1), "name": "Q" }))).unwrap();
    assert_eq!(last(&engine), [format!("update people {}", uid(0))]);
    owner.delete("badges", &key(2)).unwrap();
    assert_eq!(last(&engine), [format!("delete badges {}", uid(2))]);
    assert_eq!(triggers(&engine), 0);
    // To its own kind, and to people, who lose their team.
    owner.update("teams", &key(2), &row(json!({ "parent_id": uid(1) }))).unwrap();
    owner.delete("teams", &key(1)).unwrap();
    let mut changes = last(&engine);
    changes.sort();
    assert_eq!(
        changes,
        [
            format!("delete teams {}", uid(1)),
            format!("delete teams {}", uid(2)),
            format!("update people {}", uid(0)),
        ]
    );
    assert_eq!(triggers(&engine), 2);
    // What a trigger stands for by now is noted by it alone.
    owner.update("people", &key(0), &row(json!({ "team_id": uid(0), "name": "R" }))).unwrap();
    assert_eq!(last(&engine), [format!("update people {}", uid(0))]);
    owner.delete("teams", &key(0)).unwrap();
    assert_eq!(last(&engine).len(), 2);
    owner.sql("UPDATE people SET name = 'S'", &[]).unwrap();
    assert_eq!(last(&engine).len(), 3);
    owner.update("people", &key(1), &row(json!({ "name": "T" }))).unwrap();
    assert_eq!(last(&engine), [format!("update people {}", uid(1))]);
    assert_eq!(dump(&replayed(&engine), &TABLES), dump(&engine.connection, &TABLES));
}

#[test]
fn a_trigger_of_somebody_elses_makes_triggers_note_everything() {
    let engine = engine();
    let owner = filled(&engine);
    let own = "CREATE TRIGGER own AFTER UPDATE ON people BEGIN
                   UPDATE teams SET name = 'seen ' || NEW.name; END";
    owner.sql(own, &[]).unwrap();
    owner.sql("DELETE FROM teams WHERE name <> 't03'", &[]).unwrap();
    owner.update("people", &key(0), &row(json!({ "name": "Q" }))).unwrap();
    let mut changes = last(&engine);
    changes.sort();
    let [people, teams] = ["people", "teams"].map(|table| format!("update {table} {}", uid(0)));
    assert_eq!(changes, [people, teams]);
    owner.sql("DROP TRIGGER own", &[]).unwrap();
    // Within a transaction too, where what was known of the schema still stands.
    owner
        .transaction(|owner| {
            owner.sql(own, &[])?;
            owner.update("people", &key(0), &row(json!({ "name": "R" })))
        })
        .unwrap();
    assert_eq!(last(&engine).len(), 2);
    assert_eq!(dump(&replayed(&engine), &TABLES), dump(&engine.connection, &TABLES));
}

#[test]
fn triggers_that_were_undone_are_made_again() {
    let engine = engine();
    let owner = filled(&engine);
    let failing = |owner: &Owner<'_>| {
        owner.delete("teams", &key(1))?;
        Err::<(), _>(Error::Locked)
    };
    owner.transaction(failing).unwrap_err();
    owner
        .transaction(|owner| {
            owner.transaction(failing).unwrap_err();
            owner.update("people", &key(0), &row(json!({ "team_id": uid(1) })))?;
            owner.delete("teams", &key(1))
        })
        .unwrap();
    assert_eq!(last(&engine).len(), 3);
    assert_eq!(dump(&replayed(&engine), &TABLES), dump(&engine.connection, &TABLES));
}

#[test]
fn many_rows_need_no_trigger_that_sql_left_behind() {
    let engine = engine();
    let owner = filled(&engine);
    owner.sql("UPDATE people SET name = 'S'", &[]).unwrap();
    let all = triggers(&engine);
    let rows = |from: usize| -> Vec<Row> {
        let named = |at| row(json!({ "org_id": uid(9), "name": format!("many {at}") }));
        (from..from + 200).map(named).collect()
    };
    let noted = |count: usize| {
        let changes = last(&engine);
        assert_eq!(changes.len(), count);
        assert!(changes.iter().all(|change| change.starts_with("insert teams")));
    };
    // A few take it as it is.
    owner.insert_many("teams", &rows(0)[..2]).unwrap();
    assert_eq!(triggers(&engine), all);
    noted(2);
    owner.insert_many("teams", &rows(2)).unwrap();
    assert_eq!(triggers(&engine), all - 1);
    noted(200);
    // Undone, in a transaction and in a part of one, it is not there again.
    owner.sql("UPDATE people SET name = 'T'", &[]).unwrap();
    let failing = |owner: &Owner<'_>| {
        owner.insert_many("teams", &rows(202))?;
        Err::<(), _>(Error::Locked)
    };
    owner.transaction(failing).unwrap_err();
    owner.insert("teams", &rows(202)[0]).unwrap();
    noted(1);
    owner.sql("UPDATE people SET name = 'U'", &[]).unwrap();
    owner
        .transaction(|owner| {
            owner.transaction(failing).unwrap_err();
            owner.insert_many("teams", &rows(203)[..1])
        })
        .unwrap();
    noted(1);
    // SQL has it noted by a trigger again.
    owner.insert_many("teams", &rows(204)).unwrap();
    let sql = "INSERT INTO teams (org_id, id, name) SELECT org_id, ?1, 'by SQL' FROM teams LIMIT 1";
    owner.sql(sql, &[json!(uid(99))]).unwrap();
    noted(1);
    assert_eq!(dump(&replayed(&engine), &TABLES), dump(&engine.connection, &TABLES));
}

#[test]
fn a_typed_change_of_a_secret_is_recorded_without_it() {
    let engine = engine();
    let owner = filled(&engine);
    owner.update("people", &key(0), &row(json!({ "code": "hush" }))).unwrap();
    let record = records_of(&engine.connection).pop().unwrap();
    assert!(!record.changes.windows(4).any(|bytes| bytes == b"hush"));
    let changes = record.decode(&Shapes::read(&engine.connection).unwrap()).unwrap();
    let ChangeKind::Update(update) = &changes[0].kind else { panic!("{changes:?}") };
    assert_eq!(update.secrets, [0]);
    let before = engine.recorder.generation();
    owner.update("people", &key(0), &row(json!({ "name": "Q" }))).unwrap();
    assert!(engine.recorder.is_written_since(2, before));
    assert!(!engine.recorder.is_written_since(1, before));
}

#[test]
fn text_that_is_not_utf_8_is_recorded_as_it_was() {
    let engine = engine();
    let owner = filled(&engine);
    owner.sql("UPDATE people SET name = CAST(x'61ff' AS TEXT)", &[]).unwrap();
    engine.recorder.release(&engine.connection).unwrap();
    owner.update("people", &key(0), &row(json!({ "name": "Q" }))).unwrap();
    let record = records_of(&engine.connection).pop().unwrap();
    let changes = record.decode(&Shapes::read(&engine.connection).unwrap()).unwrap();
    let ChangeKind::Update(update) = &changes[0].kind else { panic!("{changes:?}") };
    assert_eq!(update.changes[0].1, SqlValue::Blob(vec![0x61, 0xff].into()));
    // The other columns are shown, and this one can't be.
    let error = owner.update("people", &key(1), &row(json!({ "code": "z" }))).unwrap_err();
    assert_eq!(error.code(), "corrupt");
    owner.delete("badges", &key(1)).unwrap();
    assert!(owner.delete("people", &key(1)).unwrap());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn whatever_is_mixed_is_recorded_once(steps in prop::collection::vec(step(), 1..40)) {
        let engine = engine();
        let gateway = Gateway::new(engine.catalog.model().clone());
        filled(&engine);
        for step in &steps {
            perform(&engine, &gateway, step);
        }
        gateway.close(&engine).unwrap();
        prop_assert_eq!(dump(&replayed(&engine), &TABLES), dump(&engine.connection, &TABLES));
    }
}
