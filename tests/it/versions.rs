//! Versions of rows: kept whatever writes, listed, compared and rolled back to.

use freehold::{Actor, Bundle, Database, ListOptions, Owner};
use freehold_core::host::FixedHost;
use rusqlite::Connection;
use serde_json::{Value, json};

type Row = serde_json::Map<String, Value>;

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

fn rows(owner: &Owner<'_>, table: &str) -> Vec<Row> {
    owner.list(table, &ListOptions::default()).unwrap().rows
}

/// A workflow of the seeded database: its key, and the person who made it.
fn workflow(database: &Database) -> (Value, Actor) {
    let owner = database.owner().unwrap();
    let people = rows(&owner, "users");
    let person = people.iter().find(|person| person["email"] == "admin@example.com").unwrap();
    let tenant = person["tenant_id"].as_str().unwrap();
    let made = owner.insert(
        "workflows",
        &row(json!({ "tenant_id": tenant, "name": "Nightly", "definition": { "steps": [] } })),
    );
    let key = json!({ "tenant_id": tenant, "id": made.unwrap()["id"] });
    (key, Actor::user(person["id"].as_str().unwrap()).in_tenant(tenant))
}

fn numbers(owner: &Owner<'_>, table: &str, key: &Value) -> Vec<i64> {
    owner.versions(table, key).unwrap().iter().map(|version| version.number).collect()
}

#[test]
fn the_models_own_table_has_every_version_and_the_row_counts_them() {
    let database = freehold::testing::database("workflow", "development");
    let owner = database.owner().unwrap();
    let (key, _) = workflow(&database);
    let change = |changes: Value| owner.update("workflows", &key, &row(changes)).unwrap();
    let updated = change(json!({ "definition": { "steps": ["a"] }, "version": 77 }));
    assert_eq!(updated["version"], 2, "the core counts, nobody else");
    change(json!({ "name": "Daily" }));
    owner.sql("UPDATE workflows SET description = 'x' WHERE name = 'Daily'", &[]).unwrap();
    let current = owner.get("workflows", &key).unwrap().unwrap();
    assert_eq!(current["version"], 4, "SQL that does not count is counted along");
    let filter = json!({ "filter": { "workflow_id": key["id"] }, "order": ["version"] });
    let kept = owner.list("workflow_versions", &ListOptions::from_json(filter).unwrap()).unwrap();
    let kept: Vec<(i64, &str)> = kept
        .rows
        .iter()
        .map(|row| (row["version"].as_i64().unwrap(), row["name"].as_str().unwrap()))
        .collect();
    assert_eq!(kept, [(1, "Nightly"), (2, "Nightly"), (3, "Daily"), (4, "Daily")]);
    let versions = owner.versions("workflows", &key).unwrap();
    assert_eq!(versions[1].row["definition"], json!({ "steps": ["a"] }));
    let mut findings = Vec::new();
    database.inspect(&mut |finding| findings.push(finding.to_string())).unwrap();
    assert_eq!(findings, [""; 0]);
}

#[test]
fn a_roll_back_is_a_new_version_that_keeps_the_rules() {
    let database = freehold::testing::database("workflow", "development");
    let owner = database.owner().unwrap();
    let (key, _) = workflow(&database);
    let change = |changes: Value| owner.update("workflows", &key, &row(changes)).unwrap();
    change(json!({ "name": "Daily", "definition": { "steps": ["a"] } }));
    let differences = owner.diff_versions("workflows", &key, 1, 2).unwrap();
    let differences: Vec<(&str, &Value, &Value)> =
        differences.iter().map(|d| (d.column.as_str(), &d.before, &d.after)).collect();
    let (none, one) = (json!({ "steps": [] }), json!({ "steps": ["a"] }));
    let (nightly, daily) = (json!("Nightly"), json!("Daily"));
    assert_eq!(differences, [("name", &nightly, &daily), ("definition", &none, &one)]);
    let back = owner.roll_back("workflows", &key, 1).unwrap();
    assert_eq!(
        (&back["name"], &back["definition"], &back["version"]),
        (&nightly, &none, &json!(3))
    );
    assert_eq!(numbers(&owner, "workflows", &key), [1, 2, 3]);
    change(json!({ "name": "Weekly" }));
    let other = json!({ "tenant_id": key["tenant_id"], "name": "Nightly", "definition": {} });
    owner.insert("workflows", &row(other)).unwrap();
    let refused = owner.roll_back("workflows", &key, 1).unwrap_err();
    assert_eq!(refused.code(), "invalid", "another row has taken the name");
    assert_eq!(numbers(&owner, "workflows", &key), [1, 2, 3, 4]);
    for error in [
        owner.roll_back("workflows", &key, 9).unwrap_err(),
        owner.versions("users", &key).unwrap_err(),
    ] {
        assert_eq!(error.code(), "invalid_argument");
    }
}

#[test]
fn a_person_who_writes_stands_in_the_version() {
    let database = freehold::testing::database("workflow", "development");
    let (key, actor) = workflow(&database);
    let freehold::Principal::User(user) = &actor.principal else { unreachable!() };
    // What the system does in the tenant's name has nobody's.
    let system = Actor::system().in_tenant(key["tenant_id"].as_str().unwrap());
    let session = database.session(system).unwrap();
    session.update("workflows", &key, &row(json!({ "name": "A" }))).unwrap();
    let versions = session.versions("workflows", &key).unwrap();
    assert_eq!(versions.last().unwrap().user, None);
    let session = database.session(actor.clone()).unwrap();
    if session.update("workflows", &key, &row(json!({ "name": "B" }))).is_ok() {
        let versions = session.versions("workflows", &key).unwrap();
        assert_eq!(versions.last().unwrap().user.as_ref(), Some(user));
    }
}

/// Pages whose versions no table of the model keeps, with a counter, and one without.
const MODEL: &str = r#"
name = "wiki"
[tables.pages]
columns.title = { type = "text", max = 80 }
columns.body = { type = "text", optional = true }
columns.version = { type = "integer", min = 1, default = 1 }
columns.token = { type = "text", secret = true, optional = true }
columns.updated_at = { type = "timestamp", auto = "updated" }
soft_delete = true
versioned = true
[tables.notes]
primary_key = ["slug"]
columns.slug = { type = "text", max = 20 }
columns.body = { type = "text" }
versioned = true
"#;

fn wiki() -> Database {
    let host = Box::new(FixedHost::new(1_767_225_600_000, 3));
    let connection = Connection::open_in_memory().unwrap();
    let bundle = Bundle::from_model_text(MODEL).unwrap();
    let mut database = Database::open(connection, bundle, host).unwrap();
    database.init(None, &mut |_| {}).unwrap();
    database
}

#[test]
fn tables_without_one_keep_whole_rows_but_no_secrets() {
    let database = wiki();
    let owner = database.owner().unwrap();
    let id = owner.insert("pages", &row(json!({ "title": "One" }))).unwrap()["id"].clone();
    owner.sql("UPDATE pages SET token = 'hush-hush'", &[]).unwrap();
    owner.update("pages", &id, &row(json!({ "title": "Two", "body": "text" }))).unwrap();
    owner.delete("pages", &id).unwrap();
    owner.restore("pages", &id).unwrap();
    let versions = owner.versions("pages", &id).unwrap();
    let titles: Vec<&Value> = versions.iter().map(|version| &version.row["title"]).collect();
    assert_eq!(titles, ["One", "Two"], "hiding, restoring and secrets are no versions");
    assert!(!versions[0].row.contains_key("token"));
    let back = owner.roll_back("pages", &id, 1).unwrap();
    assert_eq!(
        (&back["title"], &back["body"], &back["version"]),
        (&json!("One"), &Value::Null, &json!(3))
    );
    let image = { database }.export().unwrap();
    let copies = image.windows(9).filter(|bytes| bytes == b"hush-hush").count();
    assert_eq!(copies, 1, "the secret is in its row alone");
}

#[test]
fn several_updates_of_one_transaction_are_several_versions() {
    let database = wiki();
    let owner = database.owner().unwrap();
    let id = owner.insert("pages", &row(json!({ "title": "One" }))).unwrap()["id"].clone();
    owner
        .transaction(|owner| {
            owner.update("pages", &id, &row(json!({ "title": "Two" })))?;
            owner.update("pages", &id, &row(json!({ "title": "Three" })))?;
            let failed: freehold::Result<()> = owner.transaction(|owner| {
                owner.update("pages", &id, &row(json!({ "title": "Four" })))?;
                Err(freehold::Error::Locked)
            });
            assert!(failed.is_err());
            Ok(())
        })
        .unwrap();
    let versions = owner.versions("pages", &id).unwrap();
    let found: Vec<(i64, &str)> =
        versions.iter().map(|v| (v.number, v.row["title"].as_str().unwrap())).collect();
    assert_eq!(found, [(1, "One"), (2, "Two"), (3, "Three")]);
    assert_eq!(owner.get("pages", &id).unwrap().unwrap()["version"], 3);
}

#[test]
fn a_row_from_before_leaves_what_it_was_and_one_that_goes_takes_its_versions_along() {
    let database = wiki();
    let owner = database.owner().unwrap();
    owner.insert("notes", &row(json!({ "slug": "a", "body": "1" }))).unwrap();
    owner.sql("DELETE FROM _freehold_versions", &[]).unwrap();
    owner.update("notes", &json!("a"), &row(json!({ "body": "2" }))).unwrap();
    let bodies = |slug: &str| -> Vec<Value> {
        let versions = owner.versions("notes", &json!(slug)).unwrap();
        versions.into_iter().map(|version| version.row["body"].clone()).collect()
    };
    assert_eq!(bodies("a"), ["1", "2"]);
    owner.sql("UPDATE notes SET slug = 'b'", &[]).unwrap();
    assert_eq!(bodies("b"), ["1", "2", "2"], "versions follow the key");
    owner.delete("notes", &json!("b")).unwrap();
    owner.insert("notes", &row(json!({ "slug": "b", "body": "new" }))).unwrap();
    assert_eq!(bodies("b"), ["new"]);
}

#[test]
fn what_was_hidden_long_ago_is_purged() {
    let database = freehold::testing::database("valuecanvas", "development");
    let owner = database.owner().unwrap();
    let canvas = rows(&owner, "canvases").remove(0);
    let model = json!({ "organization_id": canvas["organization_id"], "id": canvas["model_id"] });
    let canvas = json!({ "organization_id": canvas["organization_id"], "id": canvas["id"] });
    owner.delete("models", &model).unwrap();
    let far = 4_102_444_800_000;
    assert_eq!(owner.purge(far).unwrap(), [], "canvases still follow it");
    let followers = owner.sql("SELECT count(*) FROM canvases", &[]).unwrap().rows[0][0].clone();
    owner.sql("UPDATE canvases SET deleted_at = '2025-01-01T00:00:00.000Z'", &[]).unwrap();
    assert_eq!(owner.purge(0).unwrap(), []);
    let purged = owner.purge(far).unwrap();
    let purged: Vec<(&str, usize)> =
        purged.iter().map(|purged| (purged.table.as_str(), purged.rows)).collect();
    let count = usize::try_from(followers.as_i64().unwrap()).unwrap();
    assert_eq!(purged, [("models", 1), ("canvases", count)]);
    let gone = owner.sql("SELECT count(*) FROM canvas_versions", &[]).unwrap();
    assert_eq!(gone.rows[0][0], 0, "versions go with their rows");
    assert_eq!(owner.get("canvases", &canvas).unwrap(), None);
    assert_eq!(owner.restore("models", &model).unwrap_err().code(), "not_found");
}
