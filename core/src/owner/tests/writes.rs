//! Insert, update, delete, restore, upsert.

use super::*;

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
fn soft_deletion_hides_and_restores_with_its_children() {
    let db = Db::new();
    let org = db.org("acme");
    let project = db.insert("projects", json!({ "organization_id": org, "name": "Moon" })).unwrap();
    let key = json!({ "organization_id": org, "id": project["id"] });
    for name in ["early", "late"] {
        let row = json!({ "organization_id": org, "project_id": project["id"], "name": name });
        let task = db.insert("tasks", row).unwrap();
        if name == "early" {
            let key = json!({ "organization_id": org, "id": task["id"] });
            assert!(db.owner().delete("tasks", &key).unwrap());
        }
    }
    db.host.advance(5);
    assert!(db.owner().delete("projects", &key).unwrap());
    assert!(!db.owner().delete("projects", &key).unwrap());
    assert_eq!(db.owner().get("projects", &key).unwrap(), None);
    assert_eq!(db.owner().count("tasks", None).unwrap(), 0);
    let all = options(json!({ "include_deleted": true }));
    assert_eq!(db.owner().list("tasks", &all).unwrap().rows.len(), 2);
    let changes = json!({ "name": "Mars" });
    let changed = db.owner().update("projects", &key, changes.as_object().unwrap());
    assert!(matches!(changed, Err(Error::NotFound { .. })));

    // A hidden row's unique values are free, and restoring onto a taken one is refused.
    let other = db.insert("projects", json!({ "organization_id": org, "name": "Moon" })).unwrap();
    let restored = db.owner().restore("projects", &key);
    assert_eq!(issues(restored), [("name".to_owned(), "not_unique")]);
    assert_eq!(db.owner().count("tasks", None).unwrap(), 0);
    let other = json!({ "organization_id": org, "id": other["id"] });
    db.owner().delete("projects", &other).unwrap();
    assert_eq!(db.owner().restore("projects", &key).unwrap(), project);
    assert_eq!(names(&db.owner().list("tasks", &options(json!({}))).unwrap()), ["late"]);
}

#[test]
fn an_upsert_inserts_and_then_changes() {
    let db = Db::new();
    let org = db.org("acme");
    let id = "01941f29-7c00-7000-8000-00000000000f";
    let row = json!({ "organization_id": org, "id": id, "name": "a", "seats": 2 });
    let inserted = db.owner().upsert("teams", row.as_object().unwrap()).unwrap();
    assert_eq!(inserted["seats"], 2);
    let row = json!({ "organization_id": org, "id": id, "name": "b" });
    let changed = db.owner().upsert("teams", row.as_object().unwrap()).unwrap();
    assert_eq!((&changed["name"], &changed["seats"]), (&json!("b"), &json!(2)));
    assert_eq!(db.owner().count("teams", None).unwrap(), 1);
}

#[test]
fn cross_field_rules_see_the_row_as_it_will_be() {
    let db = Db::new();
    let org = db.org("acme");
    let team = db.team(&org, "Engineering");
    let key = json!({ "organization_id": org, "id": team["id"] });
    let update = |changes: Value| db.owner().update("teams", &key, changes.as_object().unwrap());
    update(json!({ "starts_on": "2025-05-01" })).unwrap();
    let broken = update(json!({ "ends_on": "2025-04-01" }));
    let Err(Error::Invalid { issues, .. }) = broken else { panic!("{broken:?}") };
    assert_eq!(issues[0].code, "rule_violated");
    assert_eq!(issues[0].params["columns"], json!(["ends_on", "starts_on"]));
    update(json!({ "ends_on": "2025-06-01" })).unwrap();
    update(json!({ "ends_on": null })).unwrap();
}

#[test]
fn encrypted_columns_wait_for_a_key() {
    let db = Db::new();
    let org = db.org("acme");
    let row = json!({ "organization_id": org, "name": "a", "api_key": "k" });
    let refused = db.insert("teams", row).unwrap_err();
    assert_eq!(refused.code(), "encryption_unavailable");
    let row = json!({ "organization_id": org, "name": "", "api_key": "k" });
    assert_eq!(
        issues(db.insert("teams", row)),
        [("name".to_owned(), "too_short"), ("api_key".to_owned(), "encryption_unavailable")]
    );
    let row = json!({ "organization_id": org, "name": "a", "api_key": null });
    assert_eq!(db.insert("teams", row).unwrap()["api_key"], Value::Null);
}

#[test]
fn long_texts_pass_unchanged() {
    let db = Db::new();
    let name = "é".repeat(5_000_000);
    let org = db.org("acme");
    let row = json!({ "organization_id": org, "name": name });
    let project = db.insert("projects", row).unwrap();
    let key = json!({ "organization_id": org, "id": project["id"] });
    assert_eq!(db.owner().get("projects", &key).unwrap().unwrap()["name"], name);
    let row = json!({ "organization_id": org, "name": name });
    assert_eq!(issues(db.insert("teams", row)), [("name".to_owned(), "too_long")]);
}
