//! Get, list, count: pages, filters, and options that are wrong.

use super::*;

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
        (json!({ "filter": { "or": vec![json!({ "seats": 1 }); 501] } }), "filter.or"),
    ] {
        match db.owner().list("teams", &options(wrong.clone())) {
            Err(Error::InvalidArgument { argument: found, .. }) => assert_eq!(found, argument),
            other => panic!("{wrong}: {other:?}"),
        }
    }
}

#[test]
fn unknown_options_are_refused() {
    for wrong in [json!({ "lmit": 5 }), json!({ "limit": "5" }), json!([])] {
        assert_eq!(ListOptions::from_json(wrong).unwrap_err().code(), "invalid_argument");
    }
    assert_eq!(ListOptions::from_json(json!({})).unwrap(), ListOptions::default());
}
