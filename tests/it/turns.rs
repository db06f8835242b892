//! Handles that take turns: an open transaction is one actor's, and what an operation looks at is
//! looked at within its own.

use std::sync::{Arc, Mutex};

use freehold::audit::AuditQuery;
use freehold::{Access, Actor, Bundle, Database, OpenOptions, Origin, Result};
use freehold_core::host::Host;
use serde_json::{Value, json};

type Row = serde_json::Map<String, Value>;

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

fn code<T>(result: Result<T>) -> &'static str {
    result.err().expect("it is refused").code()
}

fn first(database: &Database, sql: &str) -> Vec<String> {
    let rows = database.owner().unwrap().sql(sql, &[]).unwrap().rows;
    rows[0].iter().map(|value| value.as_str().unwrap().to_owned()).collect()
}

/// Two people who run the same organization.
fn colleagues(database: &Database) -> [Actor; 2] {
    let sql = "SELECT organization_id, min(user_id), max(user_id) FROM organization_members
               WHERE role IN ('OWNER', 'ADMIN') GROUP BY 1 HAVING count(*) > 1";
    let found = first(database, sql);
    [1, 2].map(|at| Actor::user(found[at].as_str()).in_tenant(found[0].as_str()))
}

fn team(name: &str) -> Row {
    row(json!({ "name": name, "slug": name }))
}

#[test]
fn an_open_transaction_is_its_actors_alone() {
    let database = freehold::testing::database("carcosa", "development");
    let [ann, ben] = colleagues(&database);
    let [of_ann, of_ben] = [&ann, &ben].map(|actor| database.session(actor.clone()).unwrap());
    let same = database.session(ann.clone()).unwrap();
    let elsewhere =
        ann.clone().from(Origin { ip_address: Some("::1".into()), ..Origin::default() });
    let elsewhere = database.session(elsewhere).unwrap();
    let owner = database.owner().unwrap();
    let before = owner.count("teams", None).unwrap();
    of_ann
        .transaction(|session| {
            session.insert("teams", &team("first"))?;
            for other in [&of_ben, &elsewhere] {
                assert_eq!(code(other.insert("teams", &team("x"))), "invalid_argument");
                assert_eq!(code(other.count("teams", None)), "invalid_argument");
                assert_eq!(code(other.role()), "invalid_argument");
                assert_eq!(code(other.sql("SELECT count(*) FROM teams", &[])), "invalid_argument");
                assert_eq!(code(other.sql("DELETE FROM teams", &[])), "invalid_argument");
                assert_eq!(code(other.transaction(|_| Ok(()))), "invalid_argument");
            }
            assert_eq!(code(database.session(ben.clone()).map(|_| ())), "invalid_argument");
            let sign_in = database.authenticate("x@example.com", "x", None, Origin::default());
            assert_eq!(code(sign_in), "invalid_argument");
            // The owner sees what is there so far, and writes nothing on somebody's behalf.
            assert_eq!(owner.count("teams", None)?, before + 1);
            assert_eq!(code(owner.insert("teams", &team("x"))), "invalid_argument");
            assert_eq!(code(owner.sql("DELETE FROM teams", &[])), "invalid_argument");
            assert_eq!(code(owner.sql("CREATE TABLE x (y)", &[])), "invalid_argument");
            // Another handle of the same actor is as good as the first.
            same.insert("teams", &team("second"))?;
            session.insert("teams", &team("third")).map(|_| ())
        })
        .unwrap();
    assert_eq!(owner.count("teams", None).unwrap(), before + 3);
    let of_owner = owner.transaction(|_| of_ann.count("teams", None));
    assert_eq!(code(of_owner), "invalid_argument");
    of_ben.insert("teams", &team("fourth")).unwrap();
    let query = AuditQuery { table: Some("teams".to_owned()), ..AuditQuery::default() };
    let entries = database.audit(&query).unwrap().entries;
    let who = entries.iter().take(4).map(|entry| {
        Actor::user(entry.user.as_deref().unwrap()).in_tenant(entry.tenant.as_deref().unwrap())
    });
    assert_eq!(who.collect::<Vec<_>>(), [ben, ann.clone(), ann.clone(), ann]);
}

type Call = Box<dyn FnMut() + Send>;

/// The system's clock and random bytes; reading the clock calls something first, once it is there.
#[derive(Clone, Default)]
struct Watched(Arc<Mutex<Option<Call>>>);

impl Host for Watched {
    fn now_ms(&self) -> i64 {
        let called = self.0.lock().unwrap().take();
        if let Some(mut called) = called {
            called();
            self.0.lock().unwrap().replace(called);
        }
        freehold::SystemHost.now_ms()
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        freehold::SystemHost.fill_random(buffer);
    }
}

#[test]
fn an_invitation_is_not_accepted_once_it_was_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("app.db");
    let bundle = Bundle::builtin("carcosa").unwrap();
    let options =
        OpenOptions { access: Access::Create, busy_timeout_ms: 0, ..OpenOptions::default() };
    let mut other = freehold::open(&path, bundle.clone(), options).unwrap();
    other.init(Some("development"), &mut |_| {}).unwrap();
    let [ann, _] = colleagues(&other);
    let session = other.session(ann).unwrap();
    let email = json!({ "email": "eve@example.org", "name": "Eve" });
    let request = json!({ "user": email, "password": "correct horse" });
    let eve = other.sign_up(&serde_json::from_value(request).unwrap(), Origin::default()).unwrap();
    let invitation = json!({
        "email": "eve@example.org", "role": "MEMBER", "expires_at": "2999-01-01T00:00:00.000Z",
    });
    let invited = session.invite(&row(invitation)).unwrap();

    let host = Watched::default();
    let connection = rusqlite::Connection::open(&path).unwrap();
    connection.busy_timeout(std::time::Duration::ZERO).unwrap();
    let database = Database::open(connection, bundle, Box::new(host.clone())).unwrap();
    let of_eve = database.session(eve).unwrap();
    // At every moment at which accepting reads the clock, somebody tries to revoke it.
    let key = json!({
        "organization_id": invited.row["organization_id"], "id": invited.row["id"],
    });
    let codes = Arc::new(Mutex::new(Vec::new()));
    let noted = codes.clone();
    host.0.lock().unwrap().replace(Box::new(move || {
        let now = row(json!({ "revoked_at": "2026-01-01T00:00:00.000Z" }));
        let done = other.owner().unwrap().update("invitations", &key, &now);
        noted.lock().unwrap().push(done.map_or_else(|error| error.code(), |_| "revoked"));
    }));
    let accepted = of_eve.accept_invitation(&invited.token);
    let tried = codes.lock().unwrap().clone();
    assert!(!tried.is_empty(), "nobody read the clock");
    match accepted {
        Ok(_) => assert!(tried.iter().all(|code| *code == "locked"), "{tried:?}"),
        Err(error) => assert_eq!(error.code(), "bad_credentials"),
    }
}

#[test]
fn a_key_is_worth_what_who_made_it_could_give() {
    let database = freehold::testing::database("carcosa", "development");
    let owner = database.owner().unwrap();
    let [ann, _] = colleagues(&database);
    let tenant = ann.tenant.clone().unwrap();
    let sql = format!(
        "SELECT project.id, project.team_id, member.user_id FROM projects project
         JOIN organization_members member ON member.organization_id = project.organization_id
         WHERE project.organization_id = '{tenant}' AND member.role = 'MEMBER'"
    );
    let found = first(&database, &sql);
    let (project, team, lead) = (&found[0], &found[1], &found[2]);
    let set = |table: &str, values: Value, changes: Value| {
        let filter = json!({ "filter": values });
        let page = owner.list(table, &serde_json::from_value(filter).unwrap()).unwrap();
        let key = json!({ "organization_id": tenant, "id": page.rows[0]["id"] });
        owner.update(table, &key, &row(changes)).unwrap();
    };
    let seat = json!({ "team_id": team, "user_id": lead });
    if owner.count("team_members", Some(&seat)).unwrap() == 0 {
        let mut seat = row(seat.clone());
        seat.insert("organization_id".to_owned(), json!(tenant));
        owner.insert("team_members", &seat).unwrap();
    }
    set("team_members", seat.clone(), json!({ "role": "LEAD" }));
    let made = |who: &Actor| {
        let key = json!({ "name": "CI", "project_id": project, "permissions": ["projects:read"] });
        database.session(who.clone()).unwrap().create_api_key("ci", &row(key)).unwrap()
    };
    let leads = Actor::user(lead.as_str()).in_tenant(tenant.as_str());
    let key = made(&leads);
    let of_anns = made(&ann);
    let sign_in = |key: &str| database.authenticate_key(key, Origin::default());
    let session = database.session(sign_in(&key.key).unwrap()).unwrap();
    assert_eq!(session.count("projects", None).unwrap(), 1);
    // Somebody who works in the team and leads it no more could not make the key.
    set("team_members", seat.clone(), json!({ "role": "MEMBER" }));
    assert_eq!(code(session.count("projects", None)), "session_ended");
    assert_eq!(code(session.sql("SELECT count(*) FROM projects", &[])), "session_ended");
    assert_eq!(code(sign_in(&key.key)), "bad_credentials");
    // Who leads it again has it back; another's key went on all the while.
    set("team_members", seat, json!({ "role": "LEAD" }));
    assert_eq!(session.count("projects", None).unwrap(), 1);
    let session = database.session(sign_in(&of_anns.key).unwrap()).unwrap();
    assert_eq!(session.count("projects", None).unwrap(), 1);
    let member = json!({ "user_id": user_of(&ann) });
    set("organization_members", member.clone(), json!({ "role": "VIEWER" }));
    assert_eq!(code(session.count("projects", None)), "session_ended");
    set("organization_members", member, json!({ "role": "ADMIN" }));
    assert_eq!(session.count("projects", None).unwrap(), 1);
}

fn user_of(actor: &Actor) -> String {
    match &actor.principal {
        freehold::Principal::User(id) => id.clone(),
        other => panic!("{other:?} is no person"),
    }
}

#[test]
fn a_hidden_row_is_brought_back_by_who_may_delete_it_and_is_not_there_for_others() {
    let database = freehold::testing::database("valuecanvas", "development");
    let of = |role: &str| {
        let sql = format!(
            "SELECT id, organization_id FROM users WHERE role = '{role}' AND status = 'ACTIVE'"
        );
        let found = first(&database, &sql);
        let actor = Actor::user(found[0].as_str()).in_tenant(found[1].as_str());
        database.session(actor).unwrap()
    };
    let (admin, member) = (of("ADMIN"), of("MEMBER"));
    let models = admin.sql("SELECT id FROM models WHERE is_published", &[]).unwrap().rows;
    let canvas = json!({ "model_id": models[0][0], "name": "Plan", "visibility": "ORGANIZATION" });
    let id = admin.insert("canvases", &row(canvas)).unwrap()["id"].clone();
    assert!(member.get("canvases", &id).unwrap().is_some());
    assert_eq!(code(member.delete("canvases", &id)), "denied");
    // What is not hidden stays as it is, and is answered as it is seen.
    assert_eq!(member.restore("canvases", &id).unwrap()["id"], id);
    assert!(admin.delete("canvases", &id).unwrap());
    let nobody = json!("0197a3f0-0000-7000-8000-000000000001");
    assert_eq!(code(member.restore("canvases", &nobody)), "not_found");
    assert_eq!(code(member.restore("canvases", &id)), "not_found");
    assert_eq!(admin.restore("canvases", &id).unwrap()["id"], id);
}

#[test]
fn a_person_without_a_tenant_sees_where_they_could_work() {
    let model = r#"
name = "clubs"
[tenancy]
tenant = "clubs"
key = "club_id"
user = "people"
member = "members"
member_active = "state = 'IN'"
tenant_active = "open = TRUE"
[enums]
state = ["IN", "OUT"]
[tables.people]
template = "user"
scope = "user"
owner = "id"
[tables.clubs]
template = "tenant"
columns.open = { type = "boolean", default = true }
policy = { read = "TRUE" }
[tables.members]
template = "membership"
columns.state = { type = "enum", of = "state", default = "IN" }
policy = { read = "TRUE" }
"#;
    let mut database = freehold::open_in_memory(Bundle::from_model_text(model).unwrap()).unwrap();
    database.init(None, &mut |_| {}).unwrap();
    let owner = database.owner().unwrap();
    let add = |table: &str, values: Value| owner.insert(table, &row(values)).unwrap()["id"].clone();
    let eve = add("people", json!({ "email": "eve@example.org", "name": "Eve" }));
    let club = |name: &str, open: bool, state: &str| {
        let club = add("clubs", json!({ "name": name, "slug": name, "open": open }));
        add("members", json!({ "club_id": club, "user_id": eve, "state": state }));
        club
    };
    let here = club("here", true, "IN");
    club("left", true, "OUT");
    club("closed", false, "IN");
    let session = database.session(Actor::user(eve.as_str().unwrap())).unwrap();
    let seen = |table: &str, column: &str| {
        let page = session.list(table, &Default::default()).unwrap();
        page.rows.iter().map(|row| row[column].clone()).collect::<Vec<_>>()
    };
    let by_sql = session.sql("SELECT name FROM clubs", &[]).unwrap().rows;
    assert_eq!(seen("clubs", "id"), std::slice::from_ref(&here));
    assert_eq!(seen("members", "club_id"), std::slice::from_ref(&here));
    assert_eq!(by_sql, [[json!("here")]]);
    owner.update("clubs", &here, &row(json!({ "open": false }))).unwrap();
    assert_eq!((seen("clubs", "id").len(), seen("members", "id").len()), (0, 0));
}
