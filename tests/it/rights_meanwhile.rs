//! Rights that another connection changes in the midst of an operation.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use freehold::{Actor, Bundle, Database, ListOptions, Result};
use freehold_core::host::Host;
use rusqlite::functions::{Context, FunctionFlags};
use serde_json::{Value, json};

use crate::rights::{code, row, somebody};
use crate::two_connections::Shared;

#[test]
fn a_write_that_waited_for_another_connection_looks_at_rights_again() {
    let file = Shared::new();
    let works: [fn(&freehold::Session<'_>, &Value) -> Result<()>; 3] = [
        |session, _| session.sql("UPDATE workflows SET name = 'late'", &[]).map(|_| ()),
        |session, id| session.roll_back("workflows", id, 1).map(|_| ()),
        |session, _| session.change_password("admin123", "a late password"),
    ];
    for work in works {
        let (one, other) = (file.open(), file.open());
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

pub const SHOP: &str = r#"
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
