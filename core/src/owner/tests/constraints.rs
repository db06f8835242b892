//! What the database refuses, and how it is named.

use super::*;

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
fn unique_keys_in_which_nulls_are_equal_are_named() {
    let db = Db::new();
    let org = db.org("acme");
    let row = json!({ "organization_id": org, "number": 7 });
    db.insert("desks", row.clone()).unwrap();
    let Err(Error::Invalid { issues, .. }) = db.insert("desks", row) else {
        panic!("it is refused");
    };
    assert_eq!((issues[0].code, issues[0].path.as_str()), ("not_unique", ""));
    assert_eq!(issues[0].params["columns"], json!(["organization_id", "team_id", "number"]));
}

#[test]
fn what_still_refers_is_found_also_behind_a_cascade() {
    let db = Db::new();
    let org = db.org("acme");
    let team = db.team(&org, "Engineering");
    let row = json!({ "organization_id": org, "name": "P", "team_id": team["id"] });
    let project = db.insert("projects", row).unwrap();
    let tables = |result: Result<bool>| match result {
        Err(Error::Invalid { issues, .. }) => issues[0].params["tables"].clone(),
        other => panic!("{other:?}"),
    };
    let key = json!({ "organization_id": org, "id": team["id"] });
    assert_eq!(tables(db.owner().delete("teams", &key)), json!(["projects"]));
    // The organization takes its teams and its projects along, so nothing is left to refer.
    assert!(db.owner().delete("organizations", &org).unwrap());
    assert_eq!(db.owner().count("projects", None).unwrap(), 0);
    assert!(project.contains_key("id"));
}

#[test]
fn the_reason_is_found_inside_a_transaction_too() {
    let db = Db::new();
    let org = db.org("acme");
    let team = db.team(&org, "Engineering");
    db.insert("projects", json!({ "organization_id": org, "name": "P", "team_id": team["id"] }))
        .unwrap();
    let key = json!({ "organization_id": org, "id": team["id"] });
    db.owner()
        .transaction(|owner| {
            assert_eq!(issues(owner.delete("teams", &key)), [(String::new(), "still_referenced")]);
            let row = json!({ "organization_id": org, "name": "Sales" });
            owner.insert("teams", row.as_object().unwrap())?;
            Ok(())
        })
        .unwrap();
    assert_eq!(db.owner().count("teams", None).unwrap(), 2);
}

#[test]
fn validation_on_request_looks_into_the_database() {
    let db = Db::new();
    let org = db.org("acme");
    let team = db.team(&org, "Engineering");
    let nobody = "01941f29-7c00-7000-8000-00000000000f";
    let validate = |row: Value, key: Option<&Value>| {
        let found = db.owner().validate("teams", row.as_object().unwrap(), key).unwrap();
        found.into_iter().map(|issue| (issue.path, issue.code)).collect::<Vec<_>>()
    };
    let named = |path: &str, code| (path.to_owned(), code);
    let row = json!({
        "organization_id": org, "name": "Engineering", "parent_id": nobody, "seats": 0,
    });
    assert_eq!(
        validate(row, None),
        [
            named("seats", "too_small"),
            named("name", "not_unique"),
            named("parent_id", "unknown_reference")
        ]
    );
    let key = json!({ "organization_id": org, "id": team["id"] });
    assert_eq!(validate(json!({ "name": "Engineering" }), Some(&key)), []);
    db.team(&org, "Sales");
    assert_eq!(validate(json!({ "name": "Sales" }), Some(&key)), [named("name", "not_unique")]);
    assert_eq!(db.owner().count("teams", None).unwrap(), 2);
}

#[test]
fn stored_rows_that_break_the_rules_are_found() {
    let db = Db::new();
    let org = db.org("acme");
    let team = db.team(&org, "Engineering");
    db.team(&org, "Sound");
    let check = || {
        let mut found = Vec::new();
        let report = &mut |key: &str, issue: Issue| {
            let key: Value = serde_json::from_str(key).unwrap();
            assert_eq!(key["id"], team["id"]);
            found.push((issue.path, issue.code));
        };
        db.owner().check_rows("teams", report).unwrap();
        found
    };
    assert_eq!(check(), []);
    // Behind the API's back, as another program writes.
    db.engine.recorder.release(&db.engine.connection).unwrap();
    db.engine.connection
        .execute_batch(
            "PRAGMA ignore_check_constraints = ON;
             UPDATE teams SET seats = 0, is_open = 2, settings = '{ \"a\" : 1 }', tags = 'x',
                 big = NULL, created_at = '2025-01-01T00:00:00Z', level = 'GOD', api_key = 'ciphertext'
             WHERE name = 'Engineering'",
        )
        .unwrap();
    let expected = [
        ("seats", "too_small"),
        ("level", "unknown_value"),
        ("tags", "wrong_type"),
        ("is_open", "wrong_type"),
        ("created_at", "not_canonical"),
    ];
    assert_eq!(check(), expected.map(|(path, code)| (path.to_owned(), code)));
}

#[test]
fn text_that_is_not_utf_8_is_an_error_and_found() {
    let db = Db::new();
    let org = db.org("acme");
    let team = db.team(&org, "Engineering");
    let key = json!({ "organization_id": org, "id": team["id"] });
    db.engine.recorder.release(&db.engine.connection).unwrap();
    db.engine.connection.execute_batch("UPDATE teams SET name = CAST(x'61ff' AS TEXT)").unwrap();
    assert_eq!(db.owner().get("teams", &key).unwrap_err().code(), "corrupt");
    assert_eq!(db.owner().list("teams", &ListOptions::default()).unwrap_err().code(), "corrupt");
    assert_eq!(db.owner().sql("SELECT name FROM teams", &[]).unwrap_err().code(), "corrupt");
    let mut found = Vec::new();
    db.owner().check_rows("teams", &mut |_, issue| found.push((issue.path, issue.code))).unwrap();
    assert_eq!(found, [("name".to_owned(), "wrong_type")]);
    let changes = json!({ "name": "Mended" });
    db.owner().update("teams", &key, changes.as_object().unwrap()).unwrap();
    assert_eq!(db.owner().get("teams", &key).unwrap().unwrap()["name"], "Mended");
}
