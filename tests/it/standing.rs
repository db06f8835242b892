//! Standing queries: every write that changes an answer concerns its query, and what shows by
//! itself that it doesn't, leaves it alone.

use std::collections::BTreeMap;

use freehold::{Database, ListOptions};
use freehold_core::call;
use serde_json::{Value, json};

const MODELS: [&str; 5] = ["valuecanvas", "stratibreak", "vibecraft", "carcosa", "workflow"];
const STEPS: usize = 120;

fn ask(database: &mut Database, request: &Value) -> Value {
    let answer = call::call(database, &request.to_string(), &mut |_| {});
    serde_json::from_str(&answer).unwrap()
}

fn watch(database: &mut Database, key: &str, request: &Value) -> String {
    call::watch(database, key, &request.to_string())
}

/// A small generator of numbers, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn below(&mut self, count: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) as usize % count.max(1)
    }

    fn pick<'t, T>(&mut self, items: &'t [T]) -> &'t T {
        &items[self.below(items.len())]
    }
}

fn rows(database: &Database, table: &str) -> Vec<serde_json::Map<String, Value>> {
    let options = ListOptions { include_deleted: true, ..ListOptions::default() };
    database.owner().unwrap().list(table, &options).unwrap().rows
}

fn key_of(database: &Database, table: &str, row: &serde_json::Map<String, Value>) -> Value {
    let model = &database.bundle().model;
    let key = &model.table(table).unwrap().primary_key;
    match key.as_slice() {
        [only] => row[only].clone(),
        _ if row.contains_key("id") => row["id"].clone(),
        columns => columns.iter().map(|name| (name.clone(), row[name].clone())).collect(),
    }
}

/// Everybody who may act: the owner, and each person in each tenant and alone.
fn actors(database: &Database) -> Vec<Value> {
    let tenancy = database.bundle().model.tenancy.clone().unwrap();
    let ids = |table: &str| rows(database, table).into_iter().map(|row| row["id"].clone());
    let mut actors = vec![Value::Null];
    for user in ids(tenancy.user.as_deref().unwrap()) {
        actors.push(json!({ "principal": { "user": user } }));
        let tenants = ids(&tenancy.tenant);
        actors.extend(tenants.map(|t| json!({ "principal": { "user": user }, "tenant": t })));
    }
    actors
}

fn request(method: &str, actor: &Value, params: Value) -> Value {
    json!({ "method": method, "as": actor, "params": params })
}

/// A table's name, in one of the ways in which SQLite takes it.
fn quoted(name: &str, way: usize) -> String {
    let ways = [("", ""), ("\"", "\""), ("'", "'"), ("`", "`"), ("[", "]")];
    let (open, close) = ways[way % ways.len()];
    format!("{open}{name}{close}")
}

/// Requests that read a table, plain and filtered by what a row has.
fn requests(database: &Database, random: &mut Random) -> Vec<Value> {
    let model = &database.bundle().model;
    let actors = actors(database);
    let mut requests = Vec::new();
    for table in &model.tables {
        let name = table.name.as_str();
        let found = rows(database, name);
        for round in 0..3 {
            let actor = random.pick(&actors).clone();
            let of = |method: &str, params: Value| request(method, &actor, params);
            requests.push(of("list", json!({ "table": name })));
            let sql = format!("SELECT count(*) FROM {}", quoted(name, name.len() + round));
            requests.push(of("sql", json!({ "sql": sql, "params": [] })));
            let Some(row) = found.first() else { continue };
            requests.push(of("get", json!({ "table": name, "key": key_of(database, name, row) })));
            let filterable: Vec<&String> = row
                .keys()
                .filter(|name| table.columns.iter().any(|c| c.name == **name && !c.encrypted))
                .collect();
            let column = *random.pick(&filterable);
            let filter = json!({ column: row[column] });
            requests.push(of("count", json!({ "table": name, "filter": filter })));
        }
    }
    requests
}

/// A write of some row, which may be refused.
fn write(database: &Database, random: &mut Random) -> Value {
    let model = &database.bundle().model;
    let table = random.pick(&model.tables);
    let name = table.name.as_str();
    let found = rows(database, name);
    if found.is_empty() {
        return json!({ "method": "count", "params": { "table": name } });
    }
    let (row, other) = (random.pick(&found), random.pick(&found));
    let key = key_of(database, name, row);
    let column = random.pick(&table.columns).name.clone();
    match random.below(8) {
        0 => json!({ "method": "delete", "params": { "table": name, "key": key } }),
        1 => json!({ "method": "restore", "params": { "table": name, "key": key } }),
        2 => {
            let mut copy = row.clone();
            copy.remove("id");
            json!({ "method": "insert", "params": { "table": name, "row": copy } })
        }
        3 => {
            let sql = format!("UPDATE \"{name}\" SET \"{column}\" = \"{column}\"");
            json!({ "method": "sql", "params": { "sql": sql, "params": [] } })
        }
        _ => {
            let value = match other.get(&column) {
                Some(Value::String(text)) if random.below(2) == 0 => format!("{text}x").into(),
                Some(value) => value.clone(),
                None => Value::Null,
            };
            let changes = json!({ column: value });
            let params = json!({ "table": name, "key": key, "changes": changes });
            json!({ "method": "update", "params": params })
        }
    }
}

#[test]
fn no_answer_changes_without_its_query_being_concerned() {
    for (at, model) in MODELS.into_iter().enumerate() {
        let mut random = Random(at as u64 + 7);
        let mut database = freehold::testing::database(model, "development");
        let requests = requests(&database, &mut random);
        let mut answers: BTreeMap<String, String> = BTreeMap::new();
        for (number, request) in requests.iter().enumerate() {
            let key = number.to_string();
            let answer = watch(&mut database, &key, request);
            // What is refused whoever asks is not watched.
            if answer.starts_with("{\"ok\"") || answer.contains("session_ended") {
                let answer = call::call(&mut database, &request.to_string(), &mut |_| {});
                answers.insert(key, answer);
            }
        }
        let (mut changed, mut spared) = (0, 0);
        for step in 0..STEPS {
            let request = write(&database, &mut random);
            ask(&mut database, &request);
            let concerned = database.concerned().unwrap();
            for (key, before) in &mut answers {
                let read = &requests[key.parse::<usize>().unwrap()];
                let after = call::call(&mut database, &read.to_string(), &mut |_| {});
                if *before != after {
                    changed += 1;
                    assert!(
                        concerned.contains(key),
                        "{model}, step {step}: {request} changed {read}\n{before}\n{after}"
                    );
                    *before = after;
                } else if !concerned.contains(key) {
                    spared += 1;
                }
            }
            // What decides over a query may be another now.
            for key in concerned {
                let at: usize = key.parse().unwrap();
                watch(&mut database, &key, &requests[at]);
            }
        }
        assert!(changed > 10, "{model}: only {changed} answers changed");
        assert!(spared > STEPS, "{model}: only {spared} times a query was left alone");
    }
}

#[test]
fn what_another_connection_writes_concerns_the_owners_queries_too() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workflow.db");
    let mut image = freehold::testing::database("workflow", "development");
    std::fs::write(&path, image.export().unwrap()).unwrap();
    let open = || {
        let bundle = freehold::Bundle::builtin("workflow").unwrap();
        freehold::open(&path, bundle, freehold::OpenOptions::default()).unwrap()
    };
    let (mut one, other) = (open(), open());
    watch(&mut one, "it", &request("list", &Value::Null, json!({ "table": "workflows" })));
    other.owner().unwrap().sql("UPDATE workflows SET name = 'Other'", &[]).unwrap();
    assert_eq!(one.concerned().unwrap(), ["it"]);
    assert_eq!(one.concerned().unwrap(), Vec::<String>::new());
}

#[test]
fn a_filter_for_nothing_finds_rows_that_hold_no_json() {
    let mut database = freehold::testing::database("valuecanvas", "development");
    let filter = json!({ "output": null });
    let params = json!({ "table": "executions", "filter": filter });
    let request = json!({ "method": "count", "params": params });
    watch(&mut database, "it", &request);
    let before = ask(&mut database, &request);
    let sql = "UPDATE executions SET output = iif(output IS NULL, '{}', NULL)";
    ask(&mut database, &json!({ "method": "sql", "params": { "sql": sql, "params": [] } }));
    assert_ne!(ask(&mut database, &request), before);
    assert_eq!(database.concerned().unwrap(), ["it"]);
}

#[test]
fn a_query_is_left_alone_by_what_shows_that_it_does_not_concern_it() {
    let mut database = freehold::testing::database("carcosa", "development");
    let organizations = rows(&database, "organizations");
    let owner_id = &organizations[0]["owner_id"];
    let owner = json!({ "slug": "elsewhere", "name": "Elsewhere", "owner_id": owner_id });
    let home = organizations[0]["id"].clone();
    let abroad = ask(
        &mut database,
        &json!({ "method": "insert", "params": { "table": "organizations", "row": owner } }),
    );
    assert!(abroad["ok"]["id"].is_string(), "{abroad}");
    let abroad = abroad["ok"]["id"].clone();
    let member = rows(&database, "organization_members")
        .into_iter()
        .find(|row| row["organization_id"] == home)
        .unwrap();
    let actor = json!({ "principal": { "user": member["user_id"] }, "tenant": home });
    let of = |filter: Value| {
        let params = json!({ "table": "teams", "filter": filter });
        json!({ "method": "list", "as": actor, "params": params })
    };
    watch(&mut database, "all", &of(json!({})));
    watch(&mut database, "ops", &of(json!({ "slug": "ops" })));
    let mut after = |organization: &Value, slug: &str| {
        let row = json!({ "organization_id": organization, "name": slug, "slug": slug });
        let params = json!({ "table": "teams", "row": row });
        let made = ask(&mut database, &json!({ "method": "insert", "params": params }));
        assert!(made["ok"]["id"].is_string(), "{made}");
        database.concerned().unwrap()
    };
    assert_eq!(after(&abroad, "ops"), Vec::<String>::new());
    assert_eq!(after(&home, "design"), ["all"]);
    assert_eq!(after(&home, "ops"), ["all", "ops"]);
    database.unwatch("all");
    let sql = "UPDATE teams SET name = 'Operations' WHERE slug = 'ops'";
    ask(&mut database, &json!({ "method": "sql", "params": { "sql": sql, "params": [] } }));
    assert_eq!(database.concerned().unwrap(), ["ops"]);
    assert_eq!(database.concerned().unwrap(), Vec::<String>::new(), "told once");
}

#[test]
fn only_reading_requests_are_watched() {
    let mut database = freehold::testing::database("workflow", "development");
    for request in [
        json!({ "method": "delete", "params": { "table": "tenants", "key": "x" } }),
        json!({ "method": "sql", "params": { "sql": "DELETE FROM tenants", "params": [] } }),
        json!({ "method": "list", "params": { "table": "nothing" } }),
    ] {
        let answer = watch(&mut database, "it", &request);
        assert!(answer.starts_with("{\"error\""), "{answer}");
    }
    assert_eq!(rows(&database, "tenants").len(), 1);
    ask(
        &mut database,
        &json!({ "method": "sql", "params": { "sql": "DELETE FROM tenants", "params": [] } }),
    );
    assert_eq!(database.concerned().unwrap(), Vec::<String>::new());
}
