//! Programs of writes, typed and by SQL, of the owner and of sessions, over tables that refer to each
//! other in every way.

use std::sync::Arc;

use proptest::prelude::*;
use serde_json::{Value, json};

use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::gateway::Gateway;
use crate::model::Model;
use crate::owner::{Engine, Owner};
use crate::session::Session;
use crate::testing::{self, TestHost};
use crate::value::Row;

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

pub(super) const TABLES: [&str; 6] = ["orgs", "teams", "people", "tasks", "notes", "badges"];

pub(super) fn engine() -> Engine {
    let model = Model::from_text(MODEL).unwrap();
    let connection = testing::connection_of(&model);
    Engine::new(connection, Arc::new(model), Box::new(TestHost::new())).unwrap()
}

pub(super) fn uid(number: u8) -> String {
    format!("00000000-0000-7000-8000-{number:012}")
}

#[derive(Debug, Clone)]
pub(super) enum Step {
    /// A typed write: which, of which row, with which other one.
    Typed(u8, u8, u8),
    Sql(u8, u8, u8),
    /// A transaction within the one at work; whether it fails at its end.
    Nested(Vec<Step>, bool),
    /// The same in a session's transaction: what is no transaction is the session's own write.
    Session(Vec<Step>, bool),
}

pub(super) fn step() -> impl Strategy<Value = Step> {
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

pub(super) fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

/// The row to insert into a table, and a change of one.
pub(super) fn rows(table: &str, a: u8, b: u8) -> (Row, Row) {
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

pub(super) fn perform(engine: &Engine, gateway: &Gateway, step: &Step) {
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
