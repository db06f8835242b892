//! Rights where they are easily forgotten: columns given to operations, hiding, panics.

use freehold::account::SignUp;
use freehold::{Actor, Bundle, Database, ListOptions, Origin, Principal, Result};
use freehold_core::host::FixedHost;
use serde_json::{Value, json};

use crate::rights_meanwhile::SHOP;

pub type Row = serde_json::Map<String, Value>;

pub fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

pub fn code<T>(result: Result<T>) -> &'static str {
    result.err().expect("it is refused").code()
}

pub fn column(database: &Database, sql: &str) -> Vec<String> {
    let rows = database.owner().unwrap().sql(sql, &[]).unwrap().rows;
    rows.iter().filter_map(|row| row[0].as_str().map(str::to_owned)).collect()
}

pub fn somebody(database: &Database, table: &str, tenant: &str, condition: &str) -> Actor {
    let one = |name: &str| {
        column(database, &format!("SELECT {name} FROM {table} WHERE {condition}")).remove(0)
    };
    Actor::user(one("id")).in_tenant(one(tenant))
}

pub fn of_demo(database: &Database, role: &str) -> Actor {
    let condition = format!("email LIKE '%@demo-org.com' AND role = '{role}'");
    somebody(database, "users", "organization_id", &condition)
}

/// A canvas that an admin made and shared with a member, who may edit it.
fn shared_canvas(database: &Database) -> (Actor, Actor, Value) {
    let (admin, member) = (of_demo(database, "ADMIN"), of_demo(database, "MEMBER"));
    let session = database.session(admin.clone()).unwrap();
    let model = session.sql("SELECT id FROM models WHERE is_published", &[]).unwrap();
    let canvas = json!({
        "model_id": model.rows[0][0], "name": "Plan", "visibility": "ORGANIZATION",
    });
    let id = session.insert("canvases", &row(canvas)).unwrap()["id"].clone();
    let Principal::User(person) = &member.principal else { panic!("{member:?} is no person") };
    let share = json!({ "canvas_id": id, "user_id": person, "permission": "EDIT" });
    session.insert("canvas_shares", &row(share)).unwrap();
    (admin, member, id)
}

#[test]
fn who_may_only_update_a_row_neither_hides_it_nor_sees_it_hidden() {
    let database = freehold::testing::database("valuecanvas", "development");
    let (admin, member, id) = shared_canvas(&database);
    let session = database.session(member).unwrap();
    session.update("canvases", &id, &row(json!({ "name": "Edited" }))).unwrap();
    let hidden = row(json!({ "deleted_at": "2020-01-01T00:00:00.000Z" }));
    assert_eq!(code(session.update("canvases", &id, &hidden)), "denied");
    let sql = "UPDATE canvases SET deleted_at = '2020-01-01T00:00:00.000Z'";
    assert_ne!(session.sql(sql, &[]).map_or(0, |result| result.changes), 1);
    assert!(database.session(admin.clone()).unwrap().delete("canvases", &id).unwrap());
    let options = json!({ "include_deleted": true, "filter": { "name": "Edited" } });
    let options = ListOptions::from_json(options).unwrap();
    assert_eq!(session.list("canvases", &options).unwrap().rows.len(), 0);
    let admin = database.session(admin).unwrap();
    assert_eq!(admin.list("canvases", &options).unwrap().rows.len(), 1);
}

#[test]
fn an_account_is_that_of_the_sessions_own_tenant() {
    let database = freehold::testing::database("valuecanvas", "production");
    let found = |name: &str| {
        let email = format!("{name}@example.org");
        let request = SignUp {
            user: row(json!({ "email": email, "name": name, "status": "ACTIVE" })),
            password: Some(format!("{name}'s password")),
            tenant: Some(row(json!({ "name": name, "slug": name }))),
        };
        database.sign_up(&request, Origin::default()).unwrap()
    };
    let (ann, ben) = (found("ann"), found("ben"));
    let Principal::User(id) = &ben.principal else { panic!("{ben:?} is no person") };
    let twin = json!({
        "id": id, "email": "twin@example.org", "name": "Twin", "status": "ACTIVE",
    });
    let session = database.session(ann.clone()).unwrap();
    session.insert("users", &row(twin)).unwrap();
    let twin = Actor::user(id).in_tenant(ann.tenant.unwrap());
    let twin = database.session(twin).unwrap();
    let stolen = twin.change_email("other@example.org", "ben's password");
    assert_eq!(code(stolen), "bad_credentials");
    let session = database.session(ben.clone()).unwrap();
    session.change_password("ben's password", "a new password").unwrap();
    session.change_email("ben2@example.org", "a new password").unwrap();
}

#[test]
fn operations_take_no_columns_that_sessions_dont_write() {
    let database = freehold::testing::database("carcosa", "development");
    let sql = "SELECT user_id AS id, organization_id FROM organization_members";
    let owner =
        somebody(&database, &format!("({sql} WHERE role = 'OWNER')"), "organization_id", "TRUE");
    let session = database.session(owner).unwrap();
    let invitation = json!({
        "email": "ben@example.org", "role": "VIEWER", "expires_at": "2099-01-01T00:00:00.000Z",
        "accepted_at": "2020-01-01T00:00:00.000Z",
    });
    assert_eq!(code(session.invite(&row(invitation))), "denied");
    let project = session.list("projects", &ListOptions::default()).unwrap().rows.remove(0);
    let key = json!({
        "name": "Upload", "project_id": project["id"], "last_used_at": "2020-01-01T00:00:00.000Z",
    });
    assert_eq!(code(session.create_api_key("car", &row(key))), "denied");
}

#[test]
fn a_permission_that_is_hidden_permits_nothing() {
    let host = Box::new(FixedHost::new(1_767_225_600_000, 3));
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let bundle = Bundle::from_model_text(SHOP).unwrap();
    let mut database = Database::open(connection, bundle, host).unwrap();
    database.init(None, &mut |_| {}).unwrap();
    let owner = database.owner().unwrap();
    let insert = |table: &str, given: Value| owner.insert(table, &row(given)).unwrap();
    let (shop, person) = (insert("shops", json!({ "name": "S" })), insert("people", json!({})));
    insert("goods", json!({ "shop_id": shop["id"], "name": "G" }));
    let place = json!({ "shop_id": shop["id"], "person_id": person["id"], "role": "all" });
    insert("staff", place);
    let grant = insert(
        "grants",
        json!({
            "shop_id": shop["id"], "user_id": person["id"], "resource": "goods", "action": "read",
        }),
    );
    let text = |row: &Row| row["id"].as_str().unwrap().to_owned();
    let session = database.session(Actor::user(text(&person)).in_tenant(text(&shop))).unwrap();
    assert_eq!(session.count("goods", None).unwrap(), 1);
    let key = json!({ "shop_id": shop["id"], "id": grant["id"] });
    assert!(owner.delete("grants", &key).unwrap());
    assert_eq!(session.count("goods", None).unwrap(), 0);
    owner.restore("grants", &key).unwrap();
    assert_eq!(session.count("goods", None).unwrap(), 1);
}

#[test]
fn what_nobody_may_update_is_denied_whatever_is_changed() {
    let database = freehold::testing::database("vibecraft", "development");
    let sql = "SELECT m.user_id AS id, project_id FROM project_members m
               JOIN project_prompts USING (project_id)";
    let member = somebody(&database, &format!("({sql})"), "project_id", "TRUE");
    let session = database.session(member).unwrap();
    let message = session.list("project_prompts", &ListOptions::default()).unwrap().rows.remove(0);
    for changes in [
        json!({ "content": "Other" }),
        json!({ "project_id": "00000000-0000-7000-8000-000000000000" }),
    ] {
        let refused = session.update("project_prompts", &message["id"], &row(changes));
        assert_eq!(code(refused), "denied");
    }
}

#[derive(Debug)]
struct Panics;

impl<'de> serde::Deserialize<'de> for Panics {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> std::result::Result<Self, D::Error> {
        panic!("an app's own type may")
    }
}

#[test]
fn a_panic_while_the_audit_table_is_read_loses_no_record() {
    let database = freehold::testing::database("valuecanvas", "development");
    let session = database.session(of_demo(&database, "ADMIN")).unwrap();
    let count = || column(&database, "SELECT id FROM audit_logs").len();
    let before = count();
    let done = session.transaction(|session| {
        session.sql("UPDATE users SET name = 'Renamed' WHERE role = 'MEMBER'", &[])?;
        let read = std::panic::AssertUnwindSafe(|| {
            session.list_as::<Panics>("audit_logs", &ListOptions::default()).map(|_| ())
        });
        assert!(std::panic::catch_unwind(read).is_err());
        Ok(())
    });
    done.unwrap();
    assert_eq!(count(), before + 1);
}

#[test]
fn what_was_let_through_for_one_row_says_nothing_of_the_next() {
    let database = freehold::testing::database("carcosa", "development");
    let owner = database.owner().unwrap();
    let first = |table: &str, filter: Value| {
        let options = ListOptions { filter: Some(filter), ..ListOptions::default() };
        owner.list(table, &options).unwrap().rows.remove(0)
    };
    let (file, campaign) =
        (first("files", json!({})), first("projects", json!({ "slug": "spring-campaign" })));
    let seat = first("organization_members", json!({ "role": "MEMBER" }));
    let engineering = first("teams", json!({ "slug": "engineering" }));
    let organization = seat["organization_id"].clone();
    let member = row(json!({
        "organization_id": organization, "team_id": engineering["id"], "user_id": seat["user_id"],
    }));
    let place = owner.insert("team_members", &member).unwrap();
    let mut other = file.clone();
    other.retain(|name, _| !["id", "upload_id", "tenant_id"].contains(&name.as_str()));
    other.insert("project_id".to_owned(), campaign["id"].clone());
    let other = owner.insert("files", &other).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let actor = Actor::user(text(&seat["user_id"])).in_tenant(text(&organization));
    let session = database.session(actor).unwrap();
    let rename = |file: &Row, name: &str| {
        session.update("files", &file["id"], &row(json!({ "filename": name })))
    };
    let records = || column(&database, "SELECT hex(hash) FROM _freehold_changes").len();
    let before = records();
    for (number, file) in [&file, &file, &other, &file, &other, &other].into_iter().enumerate() {
        let name = format!("{number}.png");
        let renamed = rename(file, &name).unwrap();
        assert_eq!(renamed["filename"], json!(name));
        assert_eq!(session.get("files", &file["id"]).unwrap(), Some(renamed));
    }
    assert_eq!(records(), before + 6);
    let nobody = row(json!({ "id": "00000000-0000-7000-8000-000000000000" }));
    assert_eq!(code(rename(&nobody, "x.png")), "not_found");
    assert_eq!(code(rename(&file, "")), "invalid");
    let key = json!({ "organization_id": organization, "id": place["id"] });
    assert!(owner.delete("team_members", &key).unwrap());
    let before = records();
    assert_eq!(code(rename(&file, "y.png")), "not_found");
    assert_eq!(code(rename(&other, "y.png")), "denied");
    assert_eq!(records(), before);
    owner.insert("team_members", &member).unwrap();
    assert_eq!(rename(&file, "z.png").unwrap()["filename"], json!("z.png"));
}
