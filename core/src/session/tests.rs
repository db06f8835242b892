//! Sessions on a small model: two tenants, three roles, teams that decide what a member sees.

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::bundle::Bundle;
use crate::model::Model;
use crate::owner::Owner;
use crate::testing::TestHost;

const MODEL: &str = r#"
name = "clubs"
title = "Clubs"

[tenancy]
tenant = "clubs"
key = "club_id"
user = "people"
member = "members"
user_active = "status = 'ACTIVE'"

[enums]
rank = ["OWNER", "MEMBER", "GUEST"]
status = ["ACTIVE", "SUSPENDED"]

[predicates]
"in_team(team)" = "team IN (SELECT team_id FROM team_people WHERE person_id = auth_user())"

[tables.people]
template = "user"
scope = "user"
owner = "id"
columns.status = { type = "enum", of = "status", default = "ACTIVE" }
policy = { read = "id = auth_user() OR id IN (SELECT user_id FROM members)", update = "id = auth_user()" }

[tables.clubs]
template = "tenant"
policy = { read = "TRUE", update = ["OWNER"] }

[tables.members]
template = "membership"
columns.role = { type = "enum", of = "rank", default = "MEMBER" }
policy = { read = "TRUE", write = ["OWNER"] }

[tables.teams]
columns.name = { type = "text", max = 50 }
policy = { read = "auth_role() = 'OWNER' OR in_team(id)", write = ["OWNER"] }

[tables.team_people]
columns.team_id = { type = "ref", to = "teams", on_delete = "cascade" }
columns.person_id = { type = "ref", to = "people", on_delete = "cascade" }
unique = [["team_id", "person_id"]]
policy = { read = "in_team(team_id) OR auth_role() = 'OWNER'", write = ["OWNER"] }

[tables.notes]
columns.team_id = { type = "ref", to = "teams", on_delete = "cascade" }
columns.author_id = { type = "ref", to = "people", on_delete = "set_null", optional = true }
columns.body = { type = "text", max = 500 }
columns.tags = { type = "text[]", default = [] }
soft_delete = true
policy = { read = "in_team(team_id) OR auth_role() = 'OWNER'", insert = "in_team(team_id) AND author_id = auth_user()", update = "author_id = auth_user()", delete = "author_id = auth_user() OR auth_role() = 'OWNER'" }

[tables.papers]
columns.team_id = { type = "ref", to = "teams", on_delete = "cascade" }
columns.name = { type = "text", max = 50 }
columns.tags = { type = "text[]", default = [] }
policy = { read = "in_team(team_id)", write = ["OWNER"] }
"#;

struct World {
    engine: Engine,
    ids: Vec<(&'static str, String)>,
}

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

impl World {
    /// Two clubs: `red` with owner ann, member bob in team `a`, guest cid in no team; `blue` with
    /// dan alone. Team `b` of red has a note by ann.
    fn new() -> World {
        let bundle = Bundle::from_model_text(MODEL).unwrap();
        let connection = crate::testing::connection_of(&bundle.model);
        let model: Arc<Model> = bundle.model.clone();
        let engine = Engine::new(connection, model, Box::new(TestHost::new())).unwrap();
        let mut world = World { engine, ids: Vec::new() };
        for name in ["ann", "bob", "cid", "dan"] {
            let person = json!({ "email": format!("{name}@example.com"), "name": name });
            world.add(name, "people", person);
        }
        for (club, members) in [("red", &["ann", "bob", "cid"][..]), ("blue", &["dan"][..])] {
            world.add(club, "clubs", json!({ "name": club, "slug": club }));
            for (name, role) in members.iter().zip(["OWNER", "MEMBER", "GUEST"]) {
                let member = json!({ "club_id": world.id(club), "user_id": world.id(name) });
                let mut member = row(member);
                member.insert("role".to_owned(), role.into());
                world.owner().insert("members", &member).unwrap();
            }
        }
        for (team, club) in [("a", "red"), ("b", "red"), ("z", "blue")] {
            world.add(team, "teams", json!({ "club_id": world.id(club), "name": team }));
        }
        for (team, name) in [("a", "bob"), ("b", "ann")] {
            let (club, seat) = (world.id("red"), world.id(team));
            let seat = json!({ "club_id": club, "team_id": seat, "person_id": world.id(name) });
            world.owner().insert("team_people", &row(seat)).unwrap();
            let mut note = world.note(team, name);
            note.insert("club_id".to_owned(), world.id("red").into());
            note.insert("body".to_owned(), team.into());
            world.add(if team == "a" { "note a" } else { "note b" }, "notes", note.into());
        }
        world
    }

    fn add(&mut self, label: &'static str, table: &str, value: Value) {
        let inserted = self.owner().insert(table, &row(value)).unwrap();
        self.ids.push((label, inserted["id"].as_str().unwrap().to_owned()));
    }

    fn id(&self, label: &str) -> &str {
        &self.ids.iter().find(|(known, _)| *known == label).unwrap().1
    }

    fn owner(&self) -> Owner<'_> {
        Owner::new(&self.engine)
    }

    fn session(&self, name: &str, club: &str) -> Result<Session<'_>> {
        Session::open(&self.engine, Actor::user(self.id(name)).in_tenant(self.id(club)), None)
    }

    fn note(&self, team: &str, author: &str) -> Row {
        row(json!({ "team_id": self.id(team), "author_id": self.id(author), "body": "new" }))
    }
}

fn column(rows: &[Row], name: &str) -> Vec<String> {
    let mut values: Vec<String> =
        rows.iter().map(|row| row[name].as_str().unwrap().to_owned()).collect();
    values.sort();
    values
}

fn listed(session: &Session<'_>, table: &str, name: &str) -> Vec<String> {
    column(&session.list(table, &ListOptions::default()).unwrap().rows, name)
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("it is refused").code()
}

#[test]
fn everybody_sees_what_the_policies_say() {
    let world = World::new();
    let [ann, bob, cid] = ["ann", "bob", "cid"].map(|name| world.session(name, "red").unwrap());
    assert_eq!(listed(&ann, "teams", "name"), ["a", "b"]);
    assert_eq!(listed(&bob, "teams", "name"), ["a"]);
    assert_eq!(listed(&cid, "teams", "name"), [""; 0]);
    assert_eq!(listed(&bob, "notes", "body"), ["a"]);
    assert_eq!(listed(&bob, "people", "name"), ["ann", "bob", "cid"]);
    assert_eq!(listed(&bob, "clubs", "name"), ["red"]);
    assert_eq!(bob.count("notes", None).unwrap(), 1);
    let hidden = json!(world.id("note b"));
    assert_eq!(bob.get("notes", &hidden).unwrap(), None);
    assert!(ann.get("notes", &hidden).unwrap().is_some());
    let dan = world.session("dan", "blue").unwrap();
    assert_eq!(listed(&dan, "people", "name"), ["dan"]);
}

#[test]
fn everybody_writes_what_the_policies_say() {
    let world = World::new();
    let [ann, bob] = ["ann", "bob"].map(|name| world.session(name, "red").unwrap());
    let note = bob.insert("notes", &world.note("a", "bob")).unwrap();
    assert_eq!(note["club_id"], world.id("red"));
    assert_eq!(code(bob.insert("notes", &world.note("a", "ann"))), "denied");
    let issues = match bob.insert("notes", &world.note("b", "bob")) {
        Err(Error::Invalid { issues, .. }) => issues,
        other => panic!("{other:?}"),
    };
    assert_eq!((issues[0].path.as_str(), issues[0].code), ("team_id", "unknown_reference"));
    let key = &note["id"];
    let changes = row(json!({ "body": "edited" }));
    assert_eq!(bob.update("notes", key, &changes).unwrap()["body"], "edited");
    assert_eq!(code(ann.update("notes", key, &changes)), "denied");
    assert_eq!(code(bob.update("notes", &json!(world.id("note b")), &changes)), "not_found");
    // The row as it is then must pass too, and nothing of a refused change stays.
    let given_away = row(json!({ "author_id": world.id("ann"), "body": "x" }));
    assert_eq!(code(bob.update("notes", key, &given_away)), "denied");
    assert_eq!(bob.get("notes", key).unwrap().unwrap()["body"], "edited");
    assert!(ann.delete("notes", key).unwrap());
    assert!(!bob.delete("notes", key).unwrap());
    assert_eq!(bob.restore("notes", key).unwrap()["body"], "edited");
    assert!(!bob.delete("notes", &json!(world.id("note b"))).unwrap());
    let moved = row(json!({ "club_id": world.id("blue") }));
    assert_ne!(code(bob.update("notes", key, &moved)), "not_found");
    let slug = row(json!({ "slug": "taken" }));
    assert_eq!(code(ann.update("clubs", &json!(world.id("red")), &slug)), "denied");
}

#[test]
fn rights_end_when_the_rows_they_hang_on_change() {
    let world = World::new();
    let [ann, bob] = ["ann", "bob"].map(|name| world.session(name, "red").unwrap());
    assert_eq!(bob.role().unwrap().as_deref(), Some("MEMBER"));
    let options = ListOptions {
        filter: Some(json!({ "user_id": world.id("bob") })),
        ..ListOptions::default()
    };
    let seat = ann.list("members", &options).unwrap().rows.remove(0);
    let promoted = row(json!({ "role": "OWNER" }));
    ann.update("members", &seat["id"], &promoted).unwrap();
    assert_eq!(listed(&bob, "teams", "name"), ["a", "b"]);
    assert!(ann.delete("members", &seat["id"]).unwrap());
    assert_eq!(code(bob.list("teams", &ListOptions::default())), "session_ended");
    assert_eq!(code(world.session("bob", "red").map(|_| ())), "session_ended");
    let suspended = row(json!({ "status": "SUSPENDED" }));
    world.owner().update("people", &json!(world.id("ann")), &suspended).unwrap();
    assert_eq!(code(ann.insert("teams", &row(json!({ "name": "c" })))), "session_ended");
}

#[test]
fn a_user_without_a_tenant_sees_where_they_belong() {
    let world = World::new();
    let bob = Session::open(&world.engine, Actor::user(world.id("bob")), None).unwrap();
    assert_eq!(listed(&bob, "clubs", "name"), ["red"]);
    assert_eq!(listed(&bob, "members", "role"), ["MEMBER"]);
    assert_eq!(listed(&bob, "people", "name"), ["bob"]);
    assert_eq!(bob.count("notes", None).unwrap(), 0);
    assert_eq!(code(bob.insert("teams", &row(json!({ "name": "c" })))), "denied");
    assert_eq!(code(world.session("bob", "blue").map(|_| ())), "session_ended");
    let nobody = Actor::user("0197a3f0-0000-7000-8000-000000000001");
    assert_eq!(code(Session::open(&world.engine, nobody, None).map(|_| ())), "session_ended");
}

#[test]
fn filters_that_fail_on_broken_values_dont_fail_on_hidden_ones() {
    let world = World::new();
    for team in ["a", "b"] {
        let paper = json!({
            "club_id": world.id("red"), "team_id": world.id(team), "name": team, "tags": ["t"],
        });
        world.owner().insert("papers", &row(paper)).unwrap();
    }
    let connection = &world.engine.connection;
    let broken = |table: &str, name: &str, team: &str| {
        world.engine.recorder.release(connection).unwrap();
        let sql = format!("UPDATE main.{table} SET tags = 'x' WHERE {name} = '{team}'");
        connection.execute_batch(&format!("PRAGMA ignore_check_constraints = ON; {sql}")).unwrap();
    };
    let bob = world.session("bob", "red").unwrap();
    for (table, name) in [("notes", "body"), ("papers", "name")] {
        let filters = [
            json!({ "tags": { "contains": "t" } }),
            json!({ "not": { "tags": { "contains": "u" } } }),
            json!({ name: { "gte": "a" }, "tags": { "contains": "t" } }),
            json!({ "or": [{ name: "b" }, { "tags": { "contains": "t" } }] }),
            json!({ "and": [{ "tags": { "contains": "t" } }, { name: { "in": ["a", "b"] } }] }),
        ];
        let asked = |filter: &Value| {
            let options = ListOptions {
                filter: Some(filter.clone()),
                order: vec![name.to_owned()],
                ..ListOptions::default()
            };
            let listed = bob.list(table, &options).map(|page| column(&page.rows, name));
            let counted = bob.count(table, Some(filter));
            (listed.map_err(|error| error.to_string()), counted.map_err(|error| error.to_string()))
        };
        let sound: Vec<_> = filters.iter().map(asked).collect();
        broken(table, name, "b");
        for (filter, sound) in filters.iter().zip(sound) {
            assert_eq!(asked(filter), sound, "{table} {filter}");
        }
        broken(table, name, "a");
        assert!(asked(&filters[0]).0.is_err(), "{table}");
    }
}
