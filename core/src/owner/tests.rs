//! The owner's handle on a small model, against a real database in memory.

use std::sync::Arc;

use rusqlite::Connection;
use serde_json::{Value, json};

use super::*;
use crate::error::Error;
use crate::query::ListOptions;
use crate::testing::{self, TestHost};

struct Db {
    connection: Connection,
    catalog: Catalog,
    host: TestHost,
}

impl Db {
    fn new() -> Db {
        let connection = Connection::open_in_memory().expect("memory opens");
        connection.execute_batch(testing::SCHEMA).expect("the schema is sound");
        Db { connection, catalog: Catalog::new(Arc::new(testing::model())), host: TestHost::new() }
    }

    fn owner(&self) -> Owner<'_> {
        Owner::new(&self.connection, &self.catalog, &self.host)
    }

    fn org(&self, slug: &str) -> Value {
        let row = json!({ "name": slug, "slug": slug });
        self.owner().insert("organizations", row.as_object().unwrap()).unwrap()["id"].clone()
    }

    fn team(&self, org: &Value, name: &str) -> Row {
        self.insert("teams", json!({ "organization_id": org, "name": name })).unwrap()
    }

    fn insert(&self, table: &str, row: Value) -> Result<Row> {
        self.owner().insert(table, row.as_object().unwrap())
    }
}

/// The path and code of every issue.
fn issues<T: std::fmt::Debug>(result: Result<T>) -> Vec<(String, &'static str)> {
    match result.expect_err("it is refused") {
        Error::Invalid { issues, .. } => {
            issues.into_iter().map(|issue| (issue.path, issue.code)).collect()
        }
        other => panic!("not about a row: {other:?}"),
    }
}

fn options(value: Value) -> ListOptions {
    serde_json::from_value(value).unwrap()
}

fn names(page: &Page) -> Vec<&str> {
    page.rows.iter().map(|row| row["name"].as_str().unwrap()).collect()
}

#[test]
fn a_row_is_inserted_read_changed_and_deleted() {
    let db = Db::new();
    let org = db.org("acme");
    let team = db.team(&org, "Engineering");
    let key = json!({ "organization_id": org, "id": team["id"] });
    assert_eq!(team["seats"], 5, "the default");
    assert_eq!(team["created_at"], "2025-01-01T00:00:00.000Z");
    assert!(!team.contains_key("token_hash"), "secret columns are not read");
    assert_eq!(db.owner().get("teams", &key).unwrap(), Some(team.clone()));

    db.host.advance(1000);
    let changes = json!({ "seats": 7, "tags": ["a", "b"] });
    let changed = db.owner().update("teams", &key, changes.as_object().unwrap()).unwrap();
    assert_eq!((&changed["seats"], &changed["tags"]), (&json!(7), &json!(["a", "b"])));
    assert_eq!(changed["updated_at"], "2025-01-01T00:00:01.000Z");
    assert_eq!(changed["created_at"], team["created_at"]);
    assert_eq!(db.owner().get("teams", &key).unwrap(), Some(changed));

    assert!(db.owner().delete("teams", &key).unwrap());
    assert!(!db.owner().delete("teams", &key).unwrap());
    assert_eq!(db.owner().get("teams", &key).unwrap(), None);
}

#[test]
fn all_issues_are_reported_at_once() {
    let db = Db::new();
    let row = json!({
        "organization_id": "x", "name": "", "seats": "five", "level": "GOD", "tags": ["ok", 5, "A"],
        "price": "1.005", "starts_on": "2025-02-30", "colour": "red", "token_hash": null,
    });
    assert_eq!(
        issues(db.insert("teams", row)),
        [
            ("colour", "unknown_field"),
            ("organization_id", "invalid_uuid"),
            ("name", "too_short"),
            ("seats", "wrong_type"),
            ("level", "unknown_value"),
            ("tags[1]", "wrong_type"),
            ("tags[2]", "pattern_mismatch"),
            ("price", "too_precise"),
            ("starts_on", "invalid_date"),
        ]
        .map(|(path, code)| (path.to_owned(), code))
    );
    assert_eq!(db.owner().count("teams", None).unwrap(), 0);
}

#[test]
fn constraints_become_issues() {
    let db = Db::new();
    let org = db.org("acme");
    let team = db.team(&org, "Engineering");
    assert_eq!(
        issues(db.insert("organizations", json!({ "name": "Acme", "slug": "acme" }))),
        [("slug".to_owned(), "not_unique")]
    );
    assert_eq!(
        issues(db.insert("teams", json!({ "organization_id": org, "name": "Engineering" }))),
        [("name".to_owned(), "not_unique")]
    );
    let nobody = "01941f29-7c00-7000-8000-00000000000f";
    let row = json!({ "organization_id": org, "name": "Sales", "parent_id": nobody });
    assert_eq!(issues(db.insert("teams", row)), [("parent_id".to_owned(), "unknown_reference")]);
    let row = json!({ "organization_id": org, "name": "Sub", "parent_id": team["id"] });
    db.insert("teams", row).unwrap();
    let key = json!({ "organization_id": org, "id": team["id"] });
    assert_eq!(issues(db.owner().delete("teams", &key)), [(String::new(), "still_referenced")]);
}

#[test]
fn pages_follow_each_other() {
    let db = Db::new();
    let org = db.org("acme");
    for (name, ends_on) in [("a", Some("2025-02-01")), ("b", None), ("c", Some("2025-02-01"))] {
        let row = json!({ "organization_id": org, "name": name, "ends_on": ends_on });
        db.insert("teams", row).unwrap();
    }
    for (order, expected) in [
        (json!(["ends_on", "name desc"]), ["b", "c", "a"]),
        (json!(["ends_on desc", "name"]), ["a", "c", "b"]),
        (json!(["name desc"]), ["c", "b", "a"]),
    ] {
        let mut after = Value::Null;
        let mut found = Vec::new();
        loop {
            let page = options(json!({ "order": order, "limit": 1, "after": after }));
            let page = db.owner().list("teams", &page).unwrap();
            found.extend(names(&page).into_iter().map(str::to_owned));
            match page.next {
                Some(next) => after = next.into(),
                None => break,
            }
        }
        assert_eq!(found, expected, "{order}");
    }
}

#[test]
fn filters_keep_what_they_say() {
    let db = Db::new();
    let org = db.org("acme");
    for (name, seats, ends_on, tags) in [
        ("alpha", 3, Some("2025-02-01"), json!(["x"])),
        ("beta", 5, None, json!(["x", "y"])),
        ("gamma", 9, Some("2025-03-01"), json!([])),
    ] {
        let row = json!({
            "organization_id": org, "name": name, "seats": seats, "ends_on": ends_on, "tags": tags,
        });
        db.insert("teams", row).unwrap();
    }
    for (filter, expected) in [
        (json!({}), vec!["alpha", "beta", "gamma"]),
        (json!({ "name": "beta" }), vec!["beta"]),
        (json!({ "seats": { "gte": 3, "lt": 9 } }), vec!["alpha", "beta"]),
        (json!({ "seats": { "in": [3, 9] } }), vec!["alpha", "gamma"]),
        (json!({ "seats": { "in": [] } }), vec![]),
        (json!({ "ends_on": null }), vec!["beta"]),
        (json!({ "ends_on": { "ne": "2025-02-01" } }), vec!["beta", "gamma"]),
        (json!({ "ends_on": { "not_in": ["2025-02-01"] } }), vec!["beta", "gamma"]),
        (json!({ "not": { "ends_on": "2025-02-01" } }), vec!["beta", "gamma"]),
        (json!({ "or": [{ "name": "alpha" }, { "seats": 9 }] }), vec!["alpha", "gamma"]),
        (json!({ "and": [{ "name": "alpha" }, { "seats": 9 }] }), vec![]),
        (json!({ "name": { "contains": "a'\"m" } }), vec![]),
        (json!({ "name": { "contains": "mm" } }), vec!["gamma"]),
        (json!({ "name": { "starts_with": "al" } }), vec!["alpha"]),
        (json!({ "name": { "starts_with": "" } }), vec!["alpha", "beta", "gamma"]),
        (json!({ "tags": { "contains": "x" } }), vec!["alpha", "beta"]),
        (json!({ "tags": { "is_null": true } }), vec![]),
    ] {
        let options = options(json!({ "filter": filter, "order": ["name"] }));
        let page = db.owner().list("teams", &options).unwrap();
        assert_eq!(names(&page), expected, "{filter}");
        assert_eq!(db.owner().count("teams", Some(&filter)).unwrap(), expected.len() as i64);
    }
}

#[test]
fn wrong_options_are_named() {
    let db = Db::new();
    for (wrong, argument) in [
        (json!({ "limit": 0 }), "limit"),
        (json!({ "limit": -1 }), "limit"),
        (json!({ "limit": 1001 }), "limit"),
        (json!({ "after": "x" }), "after"),
        (json!({ "order": ["name sideways"] }), "order"),
        (json!({ "order": ["colour"] }), "order"),
        (json!({ "order": ["tags"] }), "order"),
        (json!({ "order": ["token_hash"] }), "order"),
        (json!({ "columns": ["token_hash"] }), "columns"),
        (json!({ "columns": [] }), "columns"),
        (json!({ "filter": [] }), "filter"),
        (json!({ "filter": { "colour": 1 } }), "filter.colour"),
        (json!({ "filter": { "token_hash": "x" } }), "filter.token_hash"),
        (json!({ "filter": { "seats": "x" } }), "filter.seats"),
        (json!({ "filter": { "seats": { "lt": null } } }), "filter.seats.lt"),
        (json!({ "filter": { "seats": { "like": 1 } } }), "filter.seats.like"),
        (json!({ "filter": { "or": [{ "level": "GOD" }] } }), "filter.or[0].level"),
    ] {
        match db.owner().list("teams", &options(wrong.clone())) {
            Err(Error::InvalidArgument { argument: found, .. }) => assert_eq!(found, argument),
            other => panic!("{wrong}: {other:?}"),
        }
    }
}
