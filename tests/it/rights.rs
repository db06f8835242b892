//! Rights where they are easily forgotten: columns given to operations, hiding, waiting, panics.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use freehold::account::SignUp;
use freehold::{Actor, Bundle, Database, ListOptions, Origin, Principal, Result};
use freehold_core::host::{FixedHost, Host};
use rusqlite::functions::{Context, FunctionFlags};
use serde_json::{Value, json};

type Row = serde_json::Map<String, Value>;

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

fn code<T>(result: Result<T>) -> &'static str {
    result.err().expect("it is refused").code()
}

fn column(database: &Database, sql: &str) -> Vec<String> {
    let rows = database.owner().unwrap().sql(sql, &[]).unwrap().rows;
    rows.iter().filter_map(|row| row[0].as_str().map(str::to_owned)).collect()
}

fn somebody(database: &Database, table: &str, tenant: &str, condition: &str) -> Actor {
    let one = |name: &str| {
        column(database, &format!("SELECT {name} FROM {table} WHERE {condition}")).remove(0)
    };
    Actor::user(one("id")).in_tenant(one(tenant))
}

fn of_demo(database: &Database, role: &str) -> Actor {
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
fn a_write_that_waited_for_another_connection_looks_at_rights_again() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("workflow.db");
    let mut image = freehold::testing::database("workflow", "development");
    std::fs::write(&path, image.export().unwrap()).unwrap();
    let open = || {
        let bundle = Bundle::builtin("workflow").unwrap();
        freehold::open(&path, bundle, freehold::OpenOptions::default()).unwrap()
    };
    let works: [fn(&freehold::Session<'_>, &Value) -> Result<()>; 3] = [
        |session, _| session.sql("UPDATE workflows SET name = 'late'", &[]).map(|_| ()),
        |session, id| session.roll_back("workflows", id, 1).map(|_| ()),
        |session, _| session.change_password("admin123", "a late password"),
    ];
    for work in works {
        let (one, other) = (open(), open());
        let actor = somebody(&one, "users", "tenant_id", "email = 'admin@example.com'");
        let session = one.session(actor).unwrap();
        let workflow = session.list("workflows", &ListOptions::default()).unwrap().rows.remove(0);
        session.update("workflows", &workflow["id"], &row(json!({ "name": "Now" }))).unwrap();
        session.sql("SELECT count(*) FROM workflows", &[]).unwrap();
        let (tell, told) = std::sync::mpsc::channel();
        let suspending = std::thread::spawn(move || {
            let owner = other.owner().unwrap();
            let done = owner.transaction(|owner| {
                owner.sql("UPDATE users SET is_active = 0", &[])?;
                tell.send(()).unwrap();
                std::thread::sleep(std::time::Duration::from_millis(300));
                Ok(())
            });
            done.unwrap();
        });
        told.recv().unwrap();
        let late = work(&session, &workflow["id"]);
        suspending.join().unwrap();
        assert_eq!(code(late), "session_ended");
        one.owner().unwrap().sql("UPDATE users SET is_active = 1", &[]).unwrap();
    }
}

const SHOP: &str = r#"
name = "shop"
[tenancy]
tenant = "shops"
key = "shop_id"
user = "people"
member = "staff"
role = "role"
user_active = "lower(status) = 'active'"
[enums]
role = ["all", "some"]
[tables.shops]
policy = { read = "auth_tenant() = id" }
columns.name = { type = "text" }
[tables.people]
scope = "user"
owner = "id"
columns.status = { type = "text", default = "active" }
[tables.staff]
policy = { read = "TRUE" }
columns.person_id = { type = "ref", to = "people" }
columns.role = { type = "enum", of = "role" }
[tables.keys]
template = "api_key"
policy = {}
[tables.grants]
template = "permission"
policy = {}
soft_delete = true
[tables.goods]
policy = { read = "has_permission('goods:read')" }
columns.name = { type = "text" }
"#;

/// Ends everybody's rights by another connection, once, when it is armed and then comes to work.
#[derive(Clone)]
struct Ending(Arc<AtomicBool>, std::path::PathBuf);

impl Ending {
    fn arm(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn work(&self) {
        if self.0.swap(false, Ordering::Relaxed) {
            self.by_another(
                "UPDATE people SET status = 'suspended';
                 UPDATE keys SET revoked_at = '2020-01-01T00:00:00.000Z'",
            );
        }
    }

    fn by_another(&self, sql: &str) {
        rusqlite::Connection::open(&self.1).unwrap().execute_batch(sql).unwrap();
    }
}

impl Host for Ending {
    fn now_ms(&self) -> i64 {
        self.work();
        1_767_225_600_000
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        freehold::SystemHost.fill_random(buffer);
    }
}

/// A shop with somebody and a key in it, whose rights may end whenever the clock is looked at, or
/// `lower` is called.
fn shop(folder: &tempfile::TempDir) -> (Database, Ending, [Actor; 2]) {
    let ending = Ending(Arc::default(), folder.path().join("shop.db"));
    let connection = rusqlite::Connection::open(&ending.1).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    let calls = ending.clone();
    let lower = move |context: &Context<'_>| {
        calls.work();
        Ok(context.get::<String>(0)?.to_lowercase())
    };
    connection.create_scalar_function("lower", 1, FunctionFlags::SQLITE_UTF8, lower).unwrap();
    let bundle = Bundle::from_model_text(SHOP).unwrap();
    let mut database = Database::open(connection, bundle, Box::new(ending.clone())).unwrap();
    database.init(None, &mut |_| {}).unwrap();
    let owner = database.owner().unwrap();
    let insert = |table: &str, given: Value| {
        owner.insert(table, &row(given)).unwrap()["id"].as_str().unwrap().to_owned()
    };
    let (shop, person) = (insert("shops", json!({ "name": "S" })), insert("people", json!({})));
    insert("staff", json!({ "shop_id": shop, "person_id": person, "role": "all" }));
    let key = json!({
        "shop_id": shop, "name": "K", "key_prefix": "key_x", "key_hash": "x",
        "expires_at": "2099-01-01T00:00:00.000Z",
    });
    let actors = [Actor::user(person), Actor::api_key(insert("keys", key))];
    (database, ending, actors.map(|actor| actor.in_tenant(&shop)))
}

/// They end right after that was asked for which it changes. No commit of anybody follows by which
/// it could be noticed.
#[test]
fn rights_that_end_while_they_are_looked_up_are_gone_with_the_next_read() {
    for opens in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let (database, ending, [actor, _]) = shop(&folder);
        if opens {
            ending.arm();
        }
        let session = database.session(actor).unwrap();
        if !opens {
            assert_eq!(session.count("staff", None).unwrap(), 1);
            ending.by_another("UPDATE staff SET role = 'some'");
            ending.arm();
            session.role().unwrap();
        }
        assert!(!ending.0.load(Ordering::Relaxed), "nobody was suspended");
        assert_eq!(code(session.count("staff", None)), "session_ended");
    }
}

/// They end after they were looked up, and before the statement looks at a row.
#[test]
fn a_statement_answers_nothing_to_whose_rights_end_before_it_reads() {
    for sql in [
        "SELECT name FROM shops",
        "/* x */ SELECT name FROM shops",
        "WITH n AS (SELECT name FROM shops) SELECT name FROM n",
    ] {
        let folder = tempfile::tempdir().unwrap();
        let (database, ending, [_, actor]) = shop(&folder);
        let session = database.session(actor).unwrap();
        assert_eq!(session.sql(sql, &[]).unwrap().rows, [[json!("S")]]);
        ending.arm();
        let code = session.sql(sql, &[]).map_err(|error| error.code());
        assert_eq!(code, Err("session_ended"), "{sql}");
    }
}

/// Takes permissions from all API keys by another connection, when the host is asked for the n-th
/// time; not where somebody is writing then.
#[derive(Clone, Default)]
struct Cutting(Arc<AtomicUsize>, std::path::PathBuf);

const MANAGES: &str = r#"["api_keys:manage","projects:read"]"#;

impl Cutting {
    fn work(&self) {
        if self.0.load(Ordering::Relaxed) == 0 || self.0.fetch_sub(1, Ordering::Relaxed) != 1 {
            return;
        }
        let other = rusqlite::Connection::open(&self.1).unwrap();
        other.busy_timeout(std::time::Duration::ZERO).unwrap();
        let cut = other.execute("UPDATE api_keys SET permissions = ?1", [MANAGES]);
        let is_busy = |error: rusqlite::Error| {
            error.sqlite_error_code() == Some(rusqlite::ErrorCode::DatabaseBusy)
        };
        assert!(cut.map_or_else(is_busy, |changed| changed > 0));
    }
}

impl Host for Cutting {
    fn now_ms(&self) -> i64 {
        self.work();
        1_767_225_600_000
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        self.work();
        freehold::SystemHost.fill_random(buffer);
    }
}

/// Whenever permissions are taken from an API key, no key that it makes has more.
#[test]
fn an_api_key_hands_on_what_it_may_itself_at_that_moment() {
    let folder = tempfile::tempdir().unwrap();
    let host = Cutting(Arc::default(), folder.path().join("a.db"));
    let connection = rusqlite::Connection::open(&host.1).unwrap();
    connection.pragma_update(None, "journal_mode", "wal").unwrap();
    let bundle = Bundle::builtin("carcosa").unwrap();
    let mut database = Database::open(connection, bundle, Box::new(host.clone())).unwrap();
    database.init(Some("development"), &mut |_| {}).unwrap();
    let owner = database.owner().unwrap();
    let project = owner.list("projects", &ListOptions::default()).unwrap().rows.remove(0);
    let mut key = row(json!({
        "name": "CI", "project_id": project["id"], "permissions": ["files:read"],
    }));
    let (mut cut, mut handed_on) = (0, 0);
    for asked in 1.. {
        let mut maker = key.clone();
        maker.extend(row(json!({
            "organization_id": project["organization_id"], "key_prefix": "car_x",
            "key_hash": "x", "expires_at": "2099-01-01T00:00:00.000Z",
            "permissions": ["api_keys:manage", "projects:read", "files:read"],
        })));
        let maker = owner.insert("api_keys", &maker).unwrap();
        let actor = Actor::api_key(maker["id"].as_str().unwrap());
        let session = database.session(actor).unwrap();
        key.insert("name".to_owned(), format!("CI {asked}").into());
        host.0.store(asked, Ordering::Relaxed);
        let made = session.create_api_key("car", &key);
        let is_over = host.0.swap(0, Ordering::Relaxed) > 0;
        let [tenant, id] = [&maker["organization_id"], &maker["id"]];
        let place = json!({ "organization_id": tenant, "id": id });
        let may = owner.get("api_keys", &place).unwrap().unwrap()["permissions"].clone();
        let may_hand_on = may.as_array().unwrap().contains(&json!("files:read"));
        match may_hand_on {
            true => handed_on += usize::from(made.is_ok()),
            false => cut += 1,
        }
        if !may_hand_on {
            assert_eq!(code(made), "denied", "asked {asked} times");
        }
        if is_over {
            break;
        }
    }
    assert!(cut > 0 && handed_on > 1, "{cut} {handed_on}");
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
