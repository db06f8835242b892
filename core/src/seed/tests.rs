//! Seed sets against a real database in memory.

use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::owner::Engine;
use crate::testing::{self, TestHost};

const SET: &str = r#"
at = "2024-06-01T00:00:00.000Z"

[[tasks]]
project_id = "@moon"
name = "@@home"

[[projects]]
_ref = "moon"
team_id = "@eng"
name = "Moon"

[[teams]]
organization_id = "@acme"
name = "Sub"
parent_id = "@eng"
tags = ["a", "b"]
settings = { at = "@nobody" }
starts_on = 2024-06-01

[[teams]]
_ref = "eng"
organization_id = "@acme"
name = "Engineering"
parent_id = "@eng"
token_hash = "$argon2id$v=19$x"

[[organizations]]
_ref = "acme"
name = "Acme"
slug = "acme"
"#;

struct Db {
    engine: Engine,
    host: TestHost,
}

impl Db {
    fn new() -> Db {
        let connection = testing::connection();
        let model = Arc::new(testing::model());
        let host = TestHost::new();
        Db { engine: Engine::new(connection, model, Box::new(host.clone())).unwrap(), host }
    }

    fn owner(&self) -> Owner<'_> {
        Owner::new(&self.engine)
    }

    fn seed(&self, text: &str) -> Result<SeedReport> {
        apply(&self.owner(), "development", text)
    }

    fn dump(&self) -> Vec<Vec<Vec<Value>>> {
        let tables = ["organizations", "teams", "projects", "tasks", "desks"];
        let rows = tables.map(|table| {
            self.owner().sql(&format!("SELECT * FROM {table} ORDER BY 1, 2"), &[]).unwrap().rows
        });
        rows.to_vec()
    }
}

#[test]
fn a_set_is_applied_once_whatever_the_order_of_its_rows() {
    let (db, other) = (Db::new(), Db::new());
    assert_eq!(db.seed(SET).unwrap(), SeedReport { inserted: 5, kept: 0 });
    let dump = db.dump();
    let changes = db.engine.connection.total_changes();
    db.host.advance(1_000_000);
    assert_eq!(db.seed(SET).unwrap(), SeedReport { inserted: 0, kept: 5 });
    assert_eq!((db.dump(), db.engine.connection.total_changes()), (dump, changes));

    other.host.advance(77);
    other.seed(SET).unwrap();
    assert_eq!(other.dump(), db.dump(), "every replica seeds the same rows");
    let task = db.owner().list("tasks", &Default::default()).unwrap().rows.remove(0);
    assert_eq!(task["name"], "@home");
    let team = db.owner().sql("SELECT * FROM teams WHERE name = 'Sub'", &[]).unwrap();
    assert!(team.rows[0].contains(&json!("2024-06-01T00:00:00.000Z")), "times are the set's");
    assert!(team.rows[0].contains(&json!(r#"{"at":"@nobody"}"#)), "JSON holds no labels");
}

#[test]
fn edits_stay_and_rows_there_already_are_referred_to() {
    let db = Db::new();
    let row = json!({ "name": "Mine", "slug": "acme" });
    let mine = db.owner().insert("organizations", row.as_object().unwrap()).unwrap();
    assert_eq!(db.seed(SET).unwrap(), SeedReport { inserted: 4, kept: 1 });
    let teams = db.owner().list("teams", &Default::default()).unwrap().rows;
    assert!(teams.iter().all(|team| team["organization_id"] == mine["id"]));

    let changes = json!({ "name": "Renamed" });
    for team in &teams {
        let key = json!({ "organization_id": mine["id"], "id": team["id"] });
        let changes = json!({ "name": format!("{} renamed", team["name"].as_str().unwrap()) });
        db.owner().update("teams", &key, changes.as_object().unwrap()).unwrap();
    }
    db.owner().update("organizations", &mine["id"], changes.as_object().unwrap()).unwrap();
    let dump = db.dump();
    assert_eq!(db.seed(SET).unwrap(), SeedReport { inserted: 0, kept: 5 });
    assert_eq!(db.dump(), dump);
}

#[test]
fn broken_sets_name_the_place_and_write_nothing() {
    let at = "at = \"2024-06-01T00:00:00Z\"\n";
    let org = "[[organizations]]\n_ref = \"acme\"\nname = \"Acme\"\nslug = \"acme\"\n";
    let circle = "[[teams]]\n_ref = \"a\"\norganization_id = \"@acme\"\nname = \"a\"\n\
                  parent_id = \"@b\"\n[[teams]]\n_ref = \"b\"\norganization_id = \"@acme\"\n\
                  name = \"b\"\nparent_id = \"@a\"\n";
    let team = |rest: &str| {
        format!("{at}{org}[[teams]]\norganization_id = \"@acme\"\nname = \"a\"\n{rest}\n")
    };
    for (text, place, message) in [
        (format!("{at}x = = 1"), "line 2", ""),
        (org.to_owned(), "at", "time"),
        ("at = \"yesterday\"".to_owned(), "at", "time"),
        (format!("{at}teams = 5"), "teams", "[[teams]]"),
        (format!("{at}[[nowhere]]\nx = 1"), "nowhere", "no table"),
        (team("colour = 1"), "teams[0].colour", "no column"),
        (team("parent_id = \"@ghost\""), "teams[0].parent_id", "label `ghost`"),
        (team("parent_id = \"@acme\""), "teams[0].parent_id", "refers to `teams`"),
        (team("level = \"GOD\""), "teams[0].level", "LOW, HIGH"),
        (team("level = \"GOD\"\nseats = 0"), "teams[0]", "seats"),
        (team("api_key = \"k\""), "teams[0].api_key", "encrypted"),
        (team("weight = nan"), "line 9", "finite"),
        (team("_ref = 5"), "teams[0]._ref", "letters"),
        (team("_ref = \"acme\""), "", ""),
        (format!("{at}{org}{circle}"), "teams[1].parent_id", "circle"),
        (format!("{at}{org}{org}"), "organizations[1]._ref", "already"),
    ] {
        let db = Db::new();
        match db.seed(&text) {
            Err(Error::InvalidSeed { path, message: found, .. }) => {
                assert!(path == place || place.is_empty(), "{path} is not {place} in {text}");
                assert!(found.contains(message), "{found} does not say {message} in {text}");
            }
            other => panic!("{text}: {other:?}"),
        }
        assert!(db.dump().iter().all(Vec::is_empty), "{text}");
    }
}

#[test]
fn rows_without_labels_are_told_apart_by_key_or_content() {
    let db = Db::new();
    let set = r#"
at = "2024-06-01T00:00:00Z"
[[organizations]]
name = "A"
slug = "a"
[[organizations]]
_ref = "b"
name = "B"
slug = "b"
[[projects]]
organization_id = "@b"
name = "P"
[[tasks]]
organization_id = "@b"
project_id = "@p"
name = "same"
[[tasks]]
organization_id = "@b"
project_id = "@p"
name = "same"
[[projects]]
_ref = "p"
organization_id = "@b"
name = "Q"
"#;
    assert_eq!(db.seed(set).unwrap(), SeedReport { inserted: 6, kept: 0 });
    assert_eq!(db.seed(set).unwrap(), SeedReport { inserted: 0, kept: 6 });
}
