//! Asking again: what was done is not done twice, and what was not done is done.

use rusqlite::Connection;
use serde_json::{Value, json};

use super::call;
use crate::{Bundle, Database, host::FixedHost};

const NOW_MS: i64 = 1_750_000_000_000;
const IDS: [&str; 3] = [
    "7b7f5f0e-0a56-4a83-9d5c-0b9a52a1e001",
    "7b7f5f0e-0a56-4a83-9d5c-0b9a52a1e002",
    "7b7f5f0e-0a56-4a83-9d5c-0b9a52a1e003",
];

fn database() -> Database {
    open(Connection::open_in_memory().unwrap())
}

fn open(connection: Connection) -> Database {
    let bundle = Bundle::builtin("workflow").unwrap();
    let host = Box::new(FixedHost::new(NOW_MS, 1));
    let mut database = Database::open(connection, bundle, host).unwrap();
    database.init(None, &mut |_| {}).unwrap();
    database
}

fn ask(database: &mut Database, request: &Value) -> Value {
    serde_json::from_str(&call(database, &request.to_string(), &mut |_| {})).unwrap()
}

fn insert(id: &str, slug: &str) -> Value {
    let params = json!({ "table": "tenants", "row": { "name": "Acme", "slug": slug } });
    json!({ "id": id, "method": "insert", "params": params })
}

fn again(mut request: Value) -> Value {
    request["again"] = NOW_MS.into();
    request
}

fn tenants(database: &mut Database) -> Value {
    ask(database, &json!({ "method": "count", "params": { "table": "tenants" } }))["ok"].take()
}

#[test]
fn a_write_that_was_done_is_not_done_twice() {
    let mut database = database();
    assert_eq!(ask(&mut database, &insert(IDS[0], "acme"))["ok"]["slug"], "acme");
    let lost = ask(&mut database, &again(insert(IDS[0], "acme")));
    assert_eq!(lost["error"]["code"], "answer_lost");
    // Also where others have written since.
    for at in 0..20 {
        ask(
            &mut database,
            &json!({
                "method": "insert",
                "params": { "table": "tenants", "row": { "name": "B", "slug": format!("b{at}") } },
            }),
        );
    }
    let lost = ask(&mut database, &again(insert(IDS[0], "acme")));
    assert_eq!(lost["error"]["code"], "answer_lost");
    assert_eq!(tenants(&mut database), 21);
    assert!(database_is_whole(&mut database));
}

#[test]
fn a_write_that_was_not_done_is_done() {
    let mut database = database();
    assert_eq!(ask(&mut database, &again(insert(IDS[0], "acme")))["ok"]["slug"], "acme");
    // What was refused left nothing, so that it is refused anew.
    let refused = insert(IDS[1], "Not a slug");
    assert_eq!(ask(&mut database, &refused)["error"]["code"], "invalid");
    assert_eq!(ask(&mut database, &again(refused))["error"]["code"], "invalid");
    // Two calls are two, however alike.
    let mut other = insert(IDS[2], "acme");
    other["params"]["row"]["slug"] = "acme2".into();
    assert_eq!(ask(&mut database, &other)["ok"]["slug"], "acme2");
    assert_eq!(tenants(&mut database), 2);
}

#[test]
fn a_transaction_counts_as_one_call() {
    let mut database = database();
    let request = |slug: &str| {
        let params = json!({ "table": "tenants", "row": { "name": "Acme", "slug": slug } });
        json!({ "method": "insert", "params": params })
    };
    let both = json!({
        "id": IDS[0],
        "method": "transaction",
        "params": { "requests": [request("one"), request("two")] },
    });
    assert_eq!(ask(&mut database, &both)["ok"].as_array().unwrap().len(), 2);
    assert_eq!(ask(&mut database, &again(both))["error"]["code"], "answer_lost");
    let half = json!({
        "id": IDS[1],
        "method": "transaction",
        "params": { "requests": [request("three"), request("one")] },
    });
    assert_eq!(ask(&mut database, &half)["error"]["code"], "invalid");
    assert_eq!(ask(&mut database, &again(half))["error"]["code"], "invalid");
    assert_eq!(tenants(&mut database), 2);
}

#[test]
fn sql_beside_the_model_is_not_done_twice_either() {
    let mut database = database();
    let sql = |id: &str, sql: &str| json!({ "id": id, "method": "sql", "params": { "sql": sql, "params": [] } });
    ask(&mut database, &sql(IDS[0], "CREATE TABLE mine (n)"));
    let write = sql(IDS[1], "INSERT INTO mine VALUES (1)");
    assert!(ask(&mut database, &write)["ok"].is_object());
    assert_eq!(ask(&mut database, &again(write))["error"]["code"], "answer_lost");
    let count = ask(&mut database, &sql(IDS[2], "SELECT count(*) FROM mine"));
    assert_eq!(count["ok"]["rows"][0][0], 1);
    let reading = again(sql(IDS[2], "SELECT count(*) FROM mine"));
    assert_eq!(ask(&mut database, &reading)["ok"]["rows"][0][0], 1);
}

#[test]
fn whether_a_call_was_done_can_be_asked_alone() {
    let mut database = database();
    let is_done = |id| json!({ "method": "is_done", "id": id, "again": NOW_MS });
    ask(&mut database, &insert(IDS[0], "acme"));
    assert_eq!(ask(&mut database, &is_done(IDS[0]))["ok"], true);
    assert_eq!(ask(&mut database, &is_done(IDS[1]))["ok"], false);
    let mistaken = json!({ "method": "count", "id": "x", "params": { "table": "tenants" } });
    assert_eq!(ask(&mut database, &mistaken)["error"]["argument"], "id");
}

#[test]
fn a_file_of_an_older_build_learns_to_tell_calls() {
    let connection = Connection::open_in_memory().unwrap();
    let mut database = open(connection);
    ask(&mut database, &insert(IDS[1], "first"));
    let connection = &database.engine_of_tests().connection;
    connection.execute_batch("ALTER TABLE _freehold_changes DROP COLUMN call").unwrap();
    database.engine_of_tests().recorder.forget_known();
    assert_eq!(ask(&mut database, &again(insert(IDS[0], "acme")))["ok"]["slug"], "acme");
    assert_eq!(ask(&mut database, &again(insert(IDS[0], "acme")))["error"]["code"], "answer_lost");
}

fn database_is_whole(database: &mut Database) -> bool {
    ask(database, &json!({ "method": "audit_verify" }))["ok"] == json!([])
}
