//! What comes in wrong: each value gets its code at its place, and the database stays as it was.

use freehold::{Actor, Database, Error, ListOptions, Result, Session};
use serde_json::{Value, json};

type Row = serde_json::Map<String, Value>;

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

fn code<T>(result: Result<T>) -> &'static str {
    result.err().expect("it is refused").code()
}

fn database() -> Database {
    freehold::testing::database("workflow", "development")
}

fn admin(database: &Database) -> Session<'_> {
    let sql = "SELECT id, tenant_id FROM users WHERE email = 'admin@example.com'";
    let found = database.owner().unwrap().sql(sql, &[]).unwrap().rows.remove(0);
    let [id, tenant] = [0, 1].map(|at| found[at].as_str().unwrap());
    database.session(Actor::user(id).in_tenant(tenant)).unwrap()
}

/// Every row of every table, the records among them.
fn dump(database: &Database) -> Vec<Value> {
    let owner = database.owner().unwrap();
    let internal = ["_freehold_changes", "_freehold_versions"].map(str::to_owned);
    let tables = database.bundle().model.tables.iter().map(|table| table.name.clone());
    let all = tables.chain(internal).map(|name| {
        let rows = owner.sql(&format!("SELECT * FROM \"{name}\" ORDER BY 1, 2"), &[]).unwrap();
        json!({ name: rows.rows })
    });
    all.collect()
}

#[test]
fn values_of_the_wrong_kind_are_refused_and_nothing_changes() {
    let database = database();
    let session = admin(&database);
    let workflow = session.list("workflows", &ListOptions::default()).unwrap().rows.remove(0);
    let before = dump(&database);
    let long = "x".repeat(10_000_000);
    for (column, value, expected) in [
        ("name", json!(7), "wrong_type"),
        ("name", json!(long), "too_long"),
        ("name", json!("a\u{0}b"), "nul_character"),
        ("name", Value::Null, "required"),
        ("name", json!(["x"]), "wrong_type"),
        ("status", json!("NO SUCH"), "unknown_value"),
        ("definition", json!("text"), "wrong_shape"),
        ("nonsense", json!(1), "unknown_field"),
    ] {
        let changes = Row::from_iter([(column.to_owned(), value)]);
        match session.update("workflows", &workflow["id"], &changes) {
            Err(Error::Invalid { issues, .. }) => {
                let found: Vec<_> = issues.iter().map(|i| (i.path.as_str(), i.code)).collect();
                assert_eq!(found, [(column, expected)]);
            }
            other => panic!("{column} {expected}: {other:?}"),
        }
    }
    let owner = database.owner().unwrap();
    let user = &owner.list("users", &ListOptions::default()).unwrap().rows[0];
    let execution = json!({
        "tenant_id": user["tenant_id"], "workflow_id": workflow["id"], "workflow_version": "12",
    });
    let issues = match owner.insert("executions", &row(execution)) {
        Err(Error::Invalid { issues, .. }) => issues,
        other => panic!("{other:?}"),
    };
    assert!(issues.iter().any(|i| (i.path.as_str(), i.code) == ("workflow_version", "wrong_type")));
    assert_eq!(dump(&database), before);
}

#[test]
fn statements_with_bad_values_are_refused_and_nothing_changes() {
    let database = database();
    let session = admin(&database);
    let before = dump(&database);
    for (sql, params, expected) in [
        ("UPDATE workflows SET name = ?1", json!(["a\u{0}b"]), "invalid_argument"),
        ("UPDATE workflows SET name = 'a' || char(0)", json!([]), "invalid"),
        ("UPDATE workflows SET name = CAST(x'ff41' AS TEXT)", json!([]), "invalid"),
        ("UPDATE workflows SET name = x'ff41'", json!([]), "invalid"),
        ("UPDATE workflows SET definition = '{'", json!([]), "invalid"),
        ("UPDATE workflows SET name = ?1", json!(["x".repeat(9_000_000)]), "invalid"),
        ("UPDATE workflows SET name = ?1", json!(["x".repeat(11_000_000)]), "too_large"),
        ("SELECT ?1", json!([]), "invalid_argument"),
        ("SELECT \u{0}", json!([]), "invalid_argument"),
    ] {
        let params = params.as_array().unwrap();
        assert_eq!(code(session.sql(sql, params)), expected, "{sql}");
    }
    for limit in [json!(-1), json!(0), json!(1001)] {
        let options = ListOptions::from_json(json!({ "limit": limit }));
        let answer = options.and_then(|options| session.list("workflows", &options));
        assert_eq!(code(answer), "invalid_argument", "{limit}");
    }
    assert_eq!(dump(&database), before);
}

#[test]
fn who_is_deleted_while_their_session_is_open_has_nothing_more() {
    for hard in [false, true] {
        let database = freehold::testing::database("carcosa", "development");
        let owner = database.owner().unwrap();
        let sql = "SELECT user_id, organization_id FROM organization_members
                   WHERE user_id NOT IN (SELECT owner_id FROM organizations) LIMIT 1";
        let found = owner.sql(sql, &[]).unwrap().rows.remove(0);
        let [id, tenant] = [0, 1].map(|at| found[at].as_str().unwrap());
        let session = database.session(Actor::user(id).in_tenant(tenant)).unwrap();
        let alone = database.session(Actor::user(id)).unwrap();
        assert!(session.count("teams", None).is_ok() && alone.count("users", None).is_ok());
        let before = owner.count("teams", None).unwrap();
        match hard {
            true => {
                // By another way than the API's own, as cascades go.
                owner.sql("DELETE FROM users WHERE id = ?1", &[json!(id)]).unwrap();
            }
            false => assert!(owner.delete("users", &json!(id)).unwrap()),
        }
        for session in [&session, &alone] {
            assert_eq!(code(session.count("teams", None)), "session_ended");
            assert_eq!(code(session.sql("SELECT count(*) FROM users", &[])), "session_ended");
            let team = row(json!({ "name": "Mine", "slug": "mine" }));
            assert_eq!(code(session.insert("teams", &team)), "session_ended");
            assert_eq!(code(session.transaction(|_| Ok(()))), "session_ended");
        }
        assert_eq!(owner.count("teams", None).unwrap(), before);
    }
}
