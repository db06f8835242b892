//! Typed writes note their own rows and triggers the rest: whatever is mixed, each change is
//! recorded exactly once. Replaying refuses a change that is there twice, and tables that differ tell
//! of one that is not there.

use std::sync::Arc;

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};

use super::replay::{dump, replay};
use super::{ChangeKind, records_of};
use crate::actor::Actor;
use crate::capture::change::Shapes;
use crate::error::{Error, Result};
use crate::gateway::Gateway;
use crate::model::Model;
use crate::owner::{Engine, Owner};
use crate::session::Session;
use crate::testing::{self, TestHost};
use crate::value::{Row, SqlValue};

/// References of every kind, to the same table and to others, over several steps.
const MODEL: &str = r#"
name = "company"
[tenancy]
tenant = "orgs"
key = "org_id"
[tables.orgs]
policy = {}
columns.name = { type = "text" }
[tables.teams]
policy = {}
columns.name = { type = "text" }
columns.parent_id = { type = "ref", to = "teams", on_delete = "cascade", optional = true }
unique = [["name"]]
[tables.people]
policy = {}
columns.name = { type = "text" }
columns.code = { type = "text", secret = true, optional = true }
columns.team_id = { type = "ref", to = "teams", on_delete = "set_null", optional = true }
columns.mentor_id = { type = "ref", to = "people", on_delete = "set_null", optional = true }
columns.updated_at = { type = "timestamp", auto = "updated" }
[tables.tasks]
policy = {}
columns.person_id = { type = "ref", to = "people", on_delete = "cascade" }
columns.name = { type = "text" }
columns.version = { type = "integer", default = 1 }
versioned = true
soft_delete = { cascade = true }
[tables.notes]
policy = {}
columns.task_id = { type = "ref", to = "tasks", on_delete = "cascade" }
columns.text = { type = "text" }
soft_delete = true
[tables.badges]
policy = {}
columns.note_id = { type = "ref", to = "notes" }
columns.number = { type = "integer" }
"#;

const TABLES: [&str; 6] = ["orgs", "teams", "people", "tasks", "notes", "badges"];

fn engine() -> Engine {
    let model = Model::from_text(MODEL).unwrap();
    let connection = testing::connection_of(&model);
    Engine::new(connection, Arc::new(model), Box::new(TestHost::new())).unwrap()
}

fn uid(number: u8) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

#[derive(Debug, Clone)]
enum Step {
    /// A typed write: which, of which row, with which other one.
    Typed(u8, u8, u8),
    Sql(u8, u8, u8),
    /// A transaction within the one at work; whether it fails at its end.
    Nested(Vec<Step>, bool),
    /// The same in a session's transaction: what is no transaction is the session's own write.
    Session(Vec<Step>, bool),
}

fn step() -> impl Strategy<Value = Step> {
    let leaf = prop_oneof![
        6 => (0..12_u8, 0..3_u8, 0..4_u8).prop_map(|(kind, a, b)| Step::Typed(kind, a, b)),
        1 => (0..8_u8, 0..3_u8, 0..4_u8).prop_map(|(kind, a, b)| Step::Sql(kind, a, b)),
    ];
    leaf.prop_recursive(2, 12, 4, |inner| {
        (prop::collection::vec(inner, 1..4), any::<bool>(), any::<bool>()).prop_map(
            |(steps, fails, of_session)| match of_session {
                true => Step::Session(steps, fails),
                false => Step::Nested(steps, fails),
            },
        )
    })
}

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

/// The row to insert into a table, and a change of one.
fn rows(table: &str, a: u8, b: u8) -> (Row, Row) {
    let other = (b < 3).then(|| uid(b));
    let (own, change) = match table {
        "orgs" => (json!({ "name": format!("o{b}") }), json!({ "name": format!("n{b}") })),
        "teams" => (
            json!({ "name": format!("t{a}{b}"), "parent_id": other }),
            json!({ "name": format!("t{b}"), "parent_id": other }),
        ),
        "people" => (
            json!({ "name": "P", "team_id": other, "mentor_id": other, "code": "x" }),
            match b {
                0 => json!({ "name": "Q" }),
                1 => json!({ "code": "y" }),
                _ => json!({ "name": "R", "team_id": other, "id": uid(b) }),
            },
        ),
        "tasks" => {
            (json!({ "person_id": uid(b), "name": "T" }), json!({ "name": format!("T{b}") }))
        }
        "notes" => (json!({ "task_id": uid(b), "text": "N" }), json!({ "text": format!("N{b}") })),
        _ => (json!({ "note_id": uid(b), "number": b }), json!({ "number": b })),
    };
    let mut whole = row(own);
    if table != "orgs" {
        whole.insert("org_id".to_owned(), uid(9).into());
    }
    whole.insert("id".to_owned(), uid(if table == "orgs" { 9 } else { a }).into());
    (whole, row(change))
}

fn typed(owner: &Owner<'_>, kind: u8, a: u8, b: u8) -> Result<()> {
    let table = TABLES[usize::from((a + b + kind) % 6)];
    let (whole, change) = rows(table, a, b);
    let key = match table {
        "orgs" => json!(uid(9)),
        _ => json!({ "org_id": uid(9), "id": uid(a) }),
    };
    match kind {
        0..4 => owner.insert(table, &whole).map(drop),
        4 | 5 => owner.update(table, &key, &change).map(drop),
        6 => owner.upsert(table, &whole).map(drop),
        7 | 8 => owner.delete(table, &key).map(drop),
        9 => owner.restore(table, &key).map(drop),
        10 => owner.insert_many(table, &[whole.clone(), rows(table, a + 1, b).0]).map(drop),
        _ => owner.purge(1_735_689_700_000).map(drop),
    }
}

fn sql(owner: &Owner<'_>, kind: u8, a: u8, b: u8) -> Result<()> {
    let (org, a, other) = (uid(9), uid(a), uid(b));
    let text = match kind {
        0 => format!("DELETE FROM teams WHERE id = '{a}'"),
        1 => format!("UPDATE people SET mentor_id = NULL, name = 'S{b}'"),
        2 => format!(
            "INSERT OR REPLACE INTO teams (org_id, id, name) VALUES ('{org}', '{a}', 't{b}')"
        ),
        3 => format!("UPDATE tasks SET person_id = '{other}', version = version + {b}"),
        // What the model doesn't know of: from then on triggers note everything.
        4 => "CREATE TRIGGER IF NOT EXISTS own AFTER UPDATE ON people BEGIN
                  UPDATE teams SET name = name || '!' WHERE id = NEW.team_id; END"
            .to_owned(),
        5 => "DROP TRIGGER IF EXISTS own".to_owned(),
        6 => format!("UPDATE OR IGNORE teams SET name = 't{a}', parent_id = '{other}'"),
        _ => format!(
            "INSERT INTO teams (org_id, id, name) VALUES ('{org}', '{a}', 't{b}'), ('{org}', '{other}', 't')
             ON CONFLICT (org_id, id) DO UPDATE SET name = excluded.name || '+'"
        ),
    };
    owner.sql(&text, &[]).map(drop)
}

/// What a session does, typed and by SQL.
fn by_session(session: &Session<'_>, step: &Step) -> Result<()> {
    let (kind, a, b) = match step {
        Step::Typed(kind, a, b) => (*kind, *a, *b),
        Step::Sql(kind, a, b) => {
            let (table, a, b) = (TABLES[usize::from(1 + (a + b) % 5)], uid(*a), uid(*b));
            let text = match kind {
                0 => format!("DELETE FROM {table} WHERE id = '{a}'"),
                1 => format!("UPDATE people SET mentor_id = '{b}', name = name || '{kind}'"),
                2 => format!("INSERT OR REPLACE INTO teams (id, name) VALUES ('{a}', 't0')"),
                3 => format!("UPDATE {table} SET id = '{a}' WHERE id = '{b}'"),
                4 => format!(
                    "INSERT OR IGNORE INTO teams (id, name) VALUES ('{a}', 'x'), ('{b}', 'x')"
                ),
                5 => format!("UPDATE OR IGNORE teams SET name = 'x', parent_id = '{b}'"),
                6 => "UPDATE tasks SET name = name || '.'".to_owned(),
                _ => format!("DELETE FROM {table}"),
            };
            return session.sql(&text, &[]).map(drop);
        }
        Step::Nested(steps, fails) | Step::Session(steps, fails) => {
            return session.transaction(|session| {
                steps.iter().for_each(|step| drop(by_session(session, step)));
                if *fails { Err(Error::Locked) } else { Ok(()) }
            });
        }
    };
    let table = TABLES[usize::from((a + b + kind) % 6)];
    let (whole, change) = rows(table, a, b);
    let key = json!({ "org_id": uid(9), "id": uid(a) });
    let key = if table == "orgs" { json!(uid(9)) } else { key };
    match kind {
        0..4 => session.insert(table, &whole).map(drop),
        4..7 => session.update(table, &key, &change).map(drop),
        7 => session.upsert(table, &whole).map(drop),
        8 | 9 => session.delete(table, &key).map(drop),
        10 => session.restore(table, &key).map(drop),
        _ => session.insert_many(table, &[whole.clone(), rows(table, a + 1, b).0]).map(drop),
    }
}

fn perform(engine: &Engine, gateway: &Gateway, step: &Step) {
    let owner = &Owner::new(engine);
    let done = match step {
        Step::Typed(kind, a, b) => typed(owner, *kind, *a, *b),
        Step::Sql(kind, a, b) => sql(owner, *kind, *a, *b),
        Step::Nested(steps, fails) => owner.transaction(|_| {
            steps.iter().for_each(|step| perform(engine, gateway, step));
            match fails {
                true => Err(Error::Locked),
                false => Ok(()),
            }
        }),
        // Within the owner's transaction, and without the tenant, there is none.
        Step::Session(..) => Session::open(engine, Actor::system().in_tenant(uid(9)), None)
            .and_then(|session| by_session(&session.over(gateway), step)),
    };
    // Most of what is made up at random is refused.
    drop(done);
}

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
