//! Standing queries: every write that changes an answer concerns its query, and what shows by
//! itself that it doesn't, leaves it alone.

use std::collections::BTreeMap;

use freehold::{Database, ListOptions};
use freehold_core::call;
use freehold_core::model::{Column, Kind, Table};
use serde_json::{Value, json};

use crate::two_connections::Shared;

const MODELS: [&str; 5] = ["valuecanvas", "stratibreak", "vibecraft", "carcosa", "workflow"];
const STEPS: usize = 120;

/// What writes changed since this was last asked.
pub fn changes(database: &Database) -> Vec<(String, Option<String>)> {
    let mut told = Vec::new();
    let mut tell = |key: &str, changes: Option<&str>| {
        told.push((key.to_owned(), changes.map(str::to_owned)));
    };
    call::changes(database, &mut tell).unwrap();
    told
}

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
fn requests(database: &mut Database, random: &mut Random) -> Vec<Value> {
    let model = database.bundle().model.clone();
    let actors = actors(database);
    let mut requests = Vec::new();
    for table in &model.tables {
        let name = table.name.as_str();
        let found = rows(database, name);
        for round in 0..3 {
            let actor = random.pick(&actors).clone();
            let of = |method: &str, params: Value| request(method, &actor, params);
            requests.push(of("list", json!({ "table": name })));
            requests.push(of("list", page_of(database, table, random)));
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

/// Options of a page in some order, with few rows, so that most writes are about its ends.
fn page_of(database: &mut Database, table: &Table, random: &mut Random) -> Value {
    let orders = |column: &&Column| {
        let is_json = column.array || matches!(column.kind, Kind::Json { .. });
        !column.secret && !column.encrypted && !is_json
    };
    let columns: Vec<&Column> = table.columns.iter().filter(orders).collect();
    let mut order = Vec::new();
    for _ in 0..random.below(3) {
        let direction = random.pick(&["", " desc"]);
        let column = &random.pick(&columns).name;
        if !order.iter().any(|item: &String| item.split(' ').next() == Some(column)) {
            order.push(format!("{column}{direction}"));
        }
    }
    let mut page = json!({ "table": table.name, "order": order, "limit": 1 + random.below(4) });
    if random.below(3) == 0 {
        let owner = json!({ "method": "list", "params": page });
        let first = ask(database, &owner);
        page["after"] = first["ok"]["next"].clone();
    }
    if random.below(3) == 0 {
        page["include_deleted"] = true.into();
    }
    page
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
    let mut moved = 0;
    for (at, model) in MODELS.into_iter().enumerate() {
        let mut random = Random(at as u64 + 7);
        let mut database = freehold::testing::database(model, "development");
        let requests = requests(&mut database, &mut random);
        let mut answers: BTreeMap<String, Value> = BTreeMap::new();
        for (number, request) in requests.iter().enumerate() {
            let key = number.to_string();
            let answer = watch(&mut database, &key, request);
            // What is refused whoever asks is not watched.
            if answer.starts_with("{\"ok\"") || answer.contains("session_ended") {
                answers.insert(key, shown(ask(&mut database, request)));
            }
        }
        let (mut changed, mut spared) = (0, 0);
        for step in 0..STEPS {
            let request = write(&database, &mut random);
            ask(&mut database, &request);
            let changes: BTreeMap<String, Option<String>> =
                changes(&database).into_iter().collect();
            for (key, before) in &mut answers {
                let read = &requests[key.parse::<usize>().unwrap()];
                let after = shown(ask(&mut database, read));
                let told = changes.get(key);
                let kept = match told {
                    None => before.clone(),
                    Some(None) => after.clone(),
                    Some(Some(changes)) => apply(before, changes),
                };
                assert_eq!(kept, after, "{model}, step {step}: {request} changed {read}: {told:?}");
                changed += usize::from(*before != after);
                spared += usize::from(told.is_none());
                moved += usize::from(matches!(told, Some(Some(_))));
                *before = after;
            }
            // What decides over a query may be another now.
            for (key, _) in changes.into_iter().filter(|(_, changes)| changes.is_none()) {
                let at: usize = key.parse().unwrap();
                watch(&mut database, &key, &requests[at]);
            }
        }
        assert!(changed > 10, "{model}: only {changed} answers changed");
        assert!(spared > STEPS, "{model}: only {spared} times a query was left alone");
    }
    assert!(moved > 50, "only {moved} times a page was told what changed");
}

/// What a live query shows of an answer: of a page its rows.
fn shown(mut answer: Value) -> Value {
    match answer.pointer_mut("/ok/rows") {
        Some(rows) if rows.as_array().is_some_and(|rows| rows.iter().all(Value::is_object)) => {
            rows.take()
        }
        _ => answer,
    }
}

/// A page's rows after changes.
fn apply(rows: &Value, changes: &str) -> Value {
    let changes: Value = serde_json::from_str(changes).unwrap();
    let mut rows = rows.as_array().unwrap().clone();
    let places = |name: &str| -> Vec<usize> {
        let places = changes["ok"][name].as_array().unwrap().iter();
        places.map(|place| place.as_u64().unwrap() as usize).collect()
    };
    for place in places("removed").into_iter().rev() {
        rows.remove(place);
    }
    for (place, row) in places("places").into_iter().zip(changes["ok"]["rows"].as_array().unwrap())
    {
        rows.insert(place, row.clone());
    }
    rows.into()
}

#[test]
fn what_another_connection_writes_concerns_the_owners_queries_too() {
    let file = Shared::new();
    let (mut one, other) = (file.open(), file.open());
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
