//! Requests as text: they follow what became of their actor, and answer what typed reads do.

use freehold::{Actor, Database, ListOptions};
use serde_json::{Value, json};

use crate::two_connections::Shared;

fn ask(database: &mut Database, request: &Value) -> Value {
    let answer = freehold_core::call::call(database, &request.to_string(), &mut |_| {});
    serde_json::from_str(&answer).unwrap()
}

/// How many workflows there are for an actor, or the code that their request ends with.
fn seen(database: &mut Database, actor: &Actor) -> Value {
    let request = json!({ "method": "list", "as": actor, "params": { "table": "workflows" } });
    let answer = ask(database, &request);
    match answer.get("error") {
        Some(error) => error["code"].clone(),
        None => answer["ok"]["rows"].as_array().unwrap().len().into(),
    }
}

fn admin(database: &Database) -> Actor {
    let sql = "SELECT id, tenant_id FROM users WHERE email = 'admin@example.com'";
    let row = database.owner().unwrap().sql(sql, &[]).unwrap().rows.remove(0);
    Actor::user(row[0].as_str().unwrap()).in_tenant(row[1].as_str().unwrap())
}

#[test]
fn an_actor_is_what_they_are_since_the_last_write_whoever_made_it() {
    let file = Shared::new();
    let (mut one, other) = (file.open(), file.open());
    let actor = admin(&one);
    let all = seen(&mut one, &actor);
    assert!(all.as_u64().is_some_and(|all| all > 0), "{all}");
    for by_another in [false, true] {
        let mut after = |sql: &str| {
            let writer = if by_another { &other } else { &one };
            writer.owner().unwrap().sql(sql, &[]).unwrap();
            seen(&mut one, &actor)
        };
        assert_eq!(after("UPDATE users SET is_active = 0"), "session_ended");
        assert_eq!(after("UPDATE users SET is_active = 1"), all);
        let may = "resource = 'workflow'";
        let taken = format!("UPDATE permissions SET action = 'no-' || action WHERE {may}");
        assert_eq!(after(&taken), 0);
        let given = format!("UPDATE permissions SET action = substr(action, 4) WHERE {may}");
        assert_eq!(after(&given), all);
    }
}

#[test]
fn what_is_undone_takes_nobodys_rights() {
    let mut database = freehold::testing::database("workflow", "development");
    let actor = admin(&database);
    let all = seen(&mut database, &actor);
    let session = database.session(actor.clone()).unwrap();
    let undone = session.transaction(|session| {
        session.sql("DELETE FROM permissions WHERE resource = 'workflow'", &[])?;
        // Who may do less now is looked up, and kept, within the transaction.
        assert_eq!(database.session(actor.clone())?.count("workflows", None)?, 0);
        session.sql("no statement", &[])
    });
    assert_eq!(undone.expect_err("no SQL").code(), "sql");
    assert_eq!(seen(&mut database, &actor), all);
}

#[test]
fn rights_follow_what_the_owners_sql_does_to_whole_tables() {
    let tables = [
        "ALTER TABLE permissions RENAME TO before",
        "CREATE TABLE permissions AS SELECT * FROM before WHERE FALSE",
    ];
    for at_once in [false, true] {
        let database = freehold::testing::database("workflow", "development");
        let session = database.session(admin(&database)).unwrap();
        assert_ne!(session.count("workflows", None).unwrap(), 0);
        let owner = database.owner().unwrap();
        let work = || tables.iter().try_for_each(|sql| owner.sql(sql, &[]).map(drop));
        if at_once { owner.transaction(|_| work()) } else { work() }.unwrap();
        assert_eq!(session.count("workflows", None).unwrap(), 0, "at once: {at_once}");
    }
}

#[test]
fn a_migration_back_and_forth_leaves_nobodys_rights_behind() {
    let mut database = freehold::testing::database("workflow", "development");
    let actor = admin(&database);
    assert_ne!(seen(&mut database, &actor), 0);
    for (method, to) in [("migrate_down", json!("0")), ("migrate_up", Value::Null)] {
        let answer = ask(&mut database, &json!({ "method": method, "params": { "to": to } }));
        assert!(answer.get("ok").is_some(), "{answer}");
    }
    assert_eq!(seen(&mut database, &actor), "session_ended");
}

#[test]
fn reads_answer_with_the_rows_of_typed_reads() {
    for name in ["carcosa", "stratibreak", "valuecanvas", "vibecraft", "workflow"] {
        let mut database = freehold::testing::database(name, "development");
        let model = database.bundle().model.clone();
        for table in &model.tables {
            let options = ListOptions { limit: Some(1000), ..ListOptions::default() };
            let page = database.owner().unwrap().list(&table.name, &options).unwrap();
            let params = json!({ "table": table.name, "limit": 1000 });
            let answer = ask(&mut database, &json!({ "method": "list", "params": params }));
            assert_eq!(answer, json!({ "ok": page }), "{name}.{}", table.name);
            for row in &page.rows {
                let key: serde_json::Map<_, _> =
                    table.primary_key.iter().map(|key| (key.clone(), row[key].clone())).collect();
                let params = json!({ "table": table.name, "key": key });
                let answer = ask(&mut database, &json!({ "method": "get", "params": params }));
                assert_eq!(answer, json!({ "ok": row }), "{name}.{}", table.name);
            }
        }
    }
}

#[test]
fn pages_read_at_once_are_those_read_one_by_one() {
    let mut database = freehold::testing::database("workflow", "development");
    let actor = admin(&database);
    for (at, status) in ["DRAFT", "ACTIVE", "ARCHIVED"].iter().cycle().take(40).enumerate() {
        let row = json!({ "name": format!("W{at}"), "status": status, "definition": {} });
        let params = json!({ "table": "workflows", "row": row });
        let answer =
            ask(&mut database, &json!({ "method": "insert", "as": actor, "params": params }));
        assert!(answer["error"].is_null(), "{answer}");
    }
    let filters = [json!({}), json!({ "status": "ACTIVE" }), json!({ "name": "none" })];
    let orders = [json!([]), json!(["name desc"]), json!(["status", "name"])];
    let mut seen = 0;
    for (filter, order) in filters.iter().flat_map(|f| orders.iter().map(move |o| (f, o))) {
        for (size, count, who) in [(1, 1, json!(actor)), (5, 3, Value::Null), (7, 9, json!(actor))]
        {
            let request = |after: &Value| {
                let mut request = json!({ "method": "list", "params": {
                    "table": "workflows", "filter": filter, "order": order, "limit": size,
                    "columns": ["name"], "after": after,
                } });
                if !who.is_null() {
                    request["as"] = who.clone();
                }
                request
            };
            let first = ask(&mut database, &request(&Value::Null));
            let mut after = first["ok"]["next"].clone();
            while !after.is_null() {
                let asked = request(&after).to_string();
                let (text, ends) = freehold_core::call::pages(&database, &asked, count).unwrap();
                assert!((1..=count as usize).contains(&ends.len()));
                let mut start = 0;
                for end in ends {
                    let one = freehold_core::call::call(
                        &mut database,
                        &request(&after).to_string(),
                        &mut |_| {},
                    );
                    assert_eq!(text[start..end], one);
                    after = serde_json::from_str::<Value>(&one).unwrap()["ok"]["next"].take();
                    (start, seen) = (end, seen + 1);
                }
                assert_eq!(start, text.len());
            }
        }
    }
    assert!(seen > 200, "{seen}");
}

#[test]
fn only_pages_are_read_at_once() {
    let database = freehold::testing::database("workflow", "development");
    let pages = |request: Value| freehold_core::call::pages(&database, &request.to_string(), 3);
    let count = json!({ "method": "count", "params": { "table": "workflows" } });
    assert!(pages(count).is_err());
    // What comes after a first page is not told by its request.
    let first = json!({ "method": "list", "params": { "table": "workflows", "limit": 1 } });
    assert_eq!(pages(first).unwrap_err().code(), "invalid_argument");
    for limit in [0, 1001, i64::MIN, i64::MAX] {
        let params = json!({ "table": "workflows", "limit": limit, "after": "e30" });
        let read = pages(json!({ "method": "list", "params": params }));
        assert_eq!(read.unwrap_err().code(), "invalid_argument");
    }
}
