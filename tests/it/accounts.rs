//! Signing in and up, founding tenants, inviting people, API keys.

use freehold::account::SignUp;
use freehold::{Actor, Database, Error, ListOptions, Origin, Principal, Result};
use serde_json::{Value, json};

type Row = serde_json::Map<String, Value>;

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

fn code<T>(result: Result<T>) -> &'static str {
    result.err().expect("it is refused").code()
}

fn sign_in(
    database: &Database,
    email: &str,
    password: &str,
    tenant: Option<&str>,
) -> Result<Actor> {
    database.authenticate(email, password, tenant, Origin::default())
}

fn sign_up(database: &Database, name: &str) -> Actor {
    let user = row(json!({ "email": format!("{name}@example.org"), "name": name }));
    let request = SignUp { user, password: Some("correct horse".to_owned()), tenant: None };
    database.sign_up(&request, Origin::default()).unwrap()
}

fn user_id(actor: &Actor) -> &str {
    match &actor.principal {
        Principal::User(id) => id,
        other => panic!("{other:?} is no person"),
    }
}

#[test]
fn people_sign_in_with_the_documents_passwords() {
    for (model, email, password, tenant) in [
        ("valuecanvas", "admin@demo-org.com", "Demo123!@#", None),
        ("valuecanvas", "member@demo-org.com", "Demo123!@#", Some("demo")),
        ("stratibreak", "manager@stratibreak.com", "manager123", None),
        ("workflow", "admin@example.com", "admin123", None),
    ] {
        let database = freehold::testing::database(model, "development");
        let tenant = tenant.map(|_| {
            let tenants = database.owner().unwrap();
            let first = tenants.list("organizations", &ListOptions::default()).unwrap();
            let demo = first.rows.iter().find(|row| row["name"].as_str().unwrap().contains("Demo"));
            demo.unwrap()["slug"].as_str().unwrap().to_owned()
        });
        let actor = sign_in(&database, email, password, tenant.as_deref()).unwrap();
        assert!(actor.tenant.is_some(), "{model}: they belong to one tenant");
        let session = database.session(actor).unwrap();
        assert!(session.role().unwrap().is_some(), "{model}");
        for (email, password, tenant) in [
            (email, "wrong", None),
            (email, "", None),
            ("nobody@example.org", password, None),
            (email, password, Some("no-such-tenant")),
        ] {
            assert_eq!(code(sign_in(&database, email, password, tenant)), "bad_credentials");
        }
    }
}

#[test]
fn whoever_is_suspended_or_deleted_has_no_way_in() {
    let database = freehold::testing::database("valuecanvas", "development");
    let actor = sign_in(&database, "member@demo-org.com", "Demo123!@#", None).unwrap();
    let session = database.session(actor.clone()).unwrap();
    let owner = database.owner().unwrap();
    let key = json!({ "organization_id": actor.tenant, "id": user_id(&actor) });
    for status in ["SUSPENDED", "INVITED", "INACTIVE"] {
        owner.update("users", &key, &row(json!({ "status": status }))).unwrap();
        assert_eq!(
            code(sign_in(&database, "member@demo-org.com", "Demo123!@#", None)),
            "bad_credentials"
        );
        assert_eq!(code(session.count("canvases", None)), "session_ended");
    }
    owner.update("users", &key, &row(json!({ "status": "ACTIVE" }))).unwrap();
    session.count("canvases", None).unwrap();
    owner.delete("users", &key).unwrap();
    assert_eq!(code(session.count("canvases", None)), "session_ended");
    assert_eq!(code(database.session(actor)), "session_ended");
}

#[test]
fn somebody_signs_up_founds_a_tenant_and_invites_another() {
    let database = freehold::testing::database("carcosa", "production");
    let ann = sign_up(&database, "ann");
    let taken = SignUp {
        user: row(json!({ "email": "ann@example.org", "name": "Other" })),
        password: None,
        tenant: None,
    };
    assert_eq!(code(database.sign_up(&taken, Origin::default())), "unavailable");
    let alone = database.session(ann.clone()).unwrap();
    let club = alone.create_tenant(&row(json!({ "name": "Club", "slug": "club" }))).unwrap();
    let again = alone.create_tenant(&row(json!({ "name": "Club", "slug": "club" })));
    assert_eq!(code(again), "unavailable");
    let tenant = club["id"].as_str().unwrap();
    let actor = sign_in(&database, "ann@example.org", "correct horse", Some("club")).unwrap();
    assert_eq!(actor, ann.in_tenant(tenant));
    let session = database.session(actor).unwrap();
    assert_eq!(session.role().unwrap().as_deref(), Some("OWNER"));

    let ben = sign_up(&database, "ben");
    let cid = sign_up(&database, "cid");
    let team = session.insert("teams", &row(json!({ "name": "Core", "slug": "core" }))).unwrap();
    let invitation = json!({
        "email": "ben@example.org", "role": "VIEWER", "team_id": team["id"],
        "expires_at": "2099-01-01T00:00:00.000Z",
    });
    let invited = session.invite(&row(invitation)).unwrap();
    assert!(!invited.row.contains_key("token_hash"));
    let of_cid = database.session(cid).unwrap();
    assert_eq!(code(of_cid.accept_invitation(&invited.token)), "bad_credentials");
    let of_ben = database.session(ben.clone()).unwrap();
    assert_eq!(code(of_ben.accept_invitation("AAAA")), "bad_credentials");
    let member = of_ben.accept_invitation(&invited.token).unwrap();
    assert_eq!(
        (member["user_id"].as_str(), member["role"].as_str()),
        (Some(user_id(&ben)), Some("VIEWER"))
    );
    assert_eq!(code(of_ben.accept_invitation(&invited.token)), "bad_credentials");
    let within = database.session(ben.in_tenant(tenant)).unwrap();
    assert_eq!(within.count("team_members", None).unwrap(), 1);
}

#[test]
fn people_change_their_password_and_address() {
    let database = freehold::testing::database("carcosa", "production");
    sign_up(&database, "ben");
    let session = database.session(sign_up(&database, "ann")).unwrap();
    assert_eq!(code(session.change_password("wrong", "new one")), "bad_credentials");
    session.change_password("correct horse", "new one").unwrap();
    assert_eq!(
        code(sign_in(&database, "ann@example.org", "correct horse", None)),
        "bad_credentials"
    );
    assert_eq!(code(session.change_email("ben@example.org", "new one")), "unavailable");
    let row = session.change_email("anna@example.org", "new one").unwrap();
    assert!(!row.contains_key("password_hash"));
    sign_in(&database, "anna@example.org", "new one", None).unwrap();
    let by_column =
        session.update("users", &row["id"], &self::row(json!({ "email": "x@example.org" })));
    assert_eq!(code(by_column), "denied");
}

#[test]
fn a_tenant_comes_with_its_founder_where_people_belong_to_one() {
    let database = freehold::testing::database("valuecanvas", "production");
    let request = SignUp {
        user: row(json!({ "email": "ann@example.org", "name": "Ann", "status": "ACTIVE" })),
        password: Some("correct horse".to_owned()),
        tenant: Some(row(json!({ "name": "Club", "slug": "club" }))),
    };
    let actor = database.sign_up(&request, Origin::default()).unwrap();
    let session = database.session(actor).unwrap();
    assert_eq!(session.role().unwrap().as_deref(), Some("ADMIN"));
    assert_eq!(session.count("organizations", None).unwrap(), 1);
}

#[test]
fn programs_sign_in_with_keys_that_are_shown_once() {
    let database = freehold::testing::database("carcosa", "development");
    let owner = database.owner().unwrap();
    let project = owner.list("projects", &ListOptions::default()).unwrap().rows.remove(0);
    let members = ListOptions::from_json(json!({
        "filter": { "organization_id": project["organization_id"], "role": "OWNER" },
    }));
    let member = owner.list("organization_members", &members.unwrap()).unwrap().rows.remove(0);
    let [tenant, user] = [&member["organization_id"], &member["user_id"]];
    let tenant = tenant.as_str().unwrap();
    let session = database.session(Actor::user(user.as_str().unwrap()).in_tenant(tenant)).unwrap();
    let key = json!({
        "name": "Upload", "project_id": project["id"], "rate_limit": 3,
        "permissions": ["files:read", "projects:read"],
    });
    let made = session.create_api_key("car", &row(key)).unwrap();
    assert!(made.key.starts_with("car_") && !made.row.contains_key("key_hash"));
    let sign_in = || database.authenticate_key(&made.key, Origin::default());
    let actor = sign_in().unwrap();
    assert_eq!(actor.tenant.as_deref(), Some(tenant));
    let of_key = database.session(actor).unwrap();
    let projects = of_key.list("projects", &ListOptions::default()).unwrap().rows;
    assert_eq!(projects.iter().map(|row| &row["id"]).collect::<Vec<_>>(), [&project["id"]]);
    let denied = of_key.insert("projects", &row(json!({ "name": "x", "slug": "x" })));
    assert_ne!(denied.map(|_| "inserted").unwrap_or("refused"), "inserted");
    let mut wrong = made.key.clone();
    wrong.pop();
    wrong.push(if made.key.ends_with('0') { 'g' } else { '0' });
    assert_eq!(code(database.authenticate_key(&wrong, Origin::default())), "bad_credentials");
    sign_in().unwrap();
    sign_in().unwrap();
    match sign_in() {
        Err(Error::RateLimited { retry_after_ms }) => {
            assert!((1..=60_000).contains(&retry_after_ms))
        }
        other => panic!("{other:?}"),
    }
    session.revoke_api_key(&made.row["id"]).unwrap();
    assert_eq!(code(of_key.count("projects", None)), "session_ended");
    assert_eq!(code(sign_in()), "bad_credentials");
}

/// The maker's place ends their keys, and the end of the account doesn't bring them back. A key
/// that nobody made goes on.
#[test]
fn keys_go_with_their_makers_account() {
    let database = freehold::testing::database("carcosa", "development");
    let owner = database.owner().unwrap();
    let first = |table: &str, filter: Value| {
        let options = ListOptions { filter: Some(filter), ..ListOptions::default() };
        owner.list(table, &options).unwrap().rows.remove(0)
    };
    let place = first("organization_members", json!({ "role": "ADMIN" }));
    let [tenant, user] = [&place["organization_id"], &place["user_id"]];
    let project = first("projects", json!({ "organization_id": tenant }));
    let key = json!({
        "name": "Upload", "project_id": project["id"], "permissions": ["projects:read"],
    });
    let maker = Actor::user(user.as_str().unwrap()).in_tenant(tenant.as_str().unwrap());
    let session = database.session(maker).unwrap();
    let made = session.create_api_key("car", &row(key.clone())).unwrap();
    let mut nobodys = row(key);
    nobodys.extend(row(json!({
        "organization_id": tenant, "key_prefix": "car_x", "key_hash": "x",
    })));
    let nobodys = owner.insert("api_keys", &nobodys).unwrap();
    assert_eq!(nobodys["user_id"], Value::Null);
    let [of_key, of_nobodys] = [&made.row, &nobodys].map(|row| {
        let actor = Actor::api_key(row["id"].as_str().unwrap());
        database.session(actor.in_tenant(tenant.as_str().unwrap())).unwrap()
    });
    let sign_in = || database.authenticate_key(&made.key, Origin::default());
    sign_in().unwrap();
    assert_eq!(of_key.count("projects", None).unwrap(), 1);
    let place = json!({ "organization_id": tenant, "id": place["id"] });
    assert!(owner.delete("organization_members", &place).unwrap());
    assert_eq!(code(of_key.count("projects", None)), "session_ended");
    assert_eq!(code(sign_in()), "bad_credentials");
    assert!(owner.delete("users", user).unwrap());
    assert_eq!(code(of_key.count("projects", None)), "session_ended");
    assert_eq!(code(sign_in()), "bad_credentials");
    assert_eq!(owner.count("api_keys", Some(&json!({ "id": made.row["id"] }))).unwrap(), 0);
    assert_eq!(of_nobodys.count("projects", None).unwrap(), 1);
}

#[test]
fn nobody_says_of_themselves_what_others_decide() {
    let database = freehold::testing::database("valuecanvas", "development");
    let owner = database.owner().unwrap();
    let there = owner.list("organizations", &ListOptions::default()).unwrap().rows.remove(0);
    for (name, value) in [
        ("organization_id", there["id"].clone()),
        ("id", json!("0197a3f0-0000-7000-8000-000000000001")),
        ("role", json!("ADMIN")),
        ("password_hash", json!("x")),
        ("deleted_at", json!("2020-01-01T00:00:00.000Z")),
    ] {
        let mut user = row(json!({ "email": "eve@example.org", "name": "Eve" }));
        user.insert(name.to_owned(), value);
        let tenant = Some(row(json!({ "name": "Eve", "slug": "eve" })));
        let request = SignUp { user, password: Some("correct horse".to_owned()), tenant };
        let error = database.sign_up(&request, Origin::default()).unwrap_err();
        assert_eq!(error.code(), "invalid_argument", "{name}");
    }
    let database = freehold::testing::database("vibecraft", "production");
    let ben = sign_up(&database, "ben");
    let session = database.session(sign_up(&database, "ann")).unwrap();
    for (name, value) in
        [("user_id", user_id(&ben)), ("id", "0197a3f0-0000-7000-8000-000000000001")]
    {
        let mut project = row(json!({ "name": "Mine" }));
        project.insert(name.to_owned(), value.into());
        assert!(session.create_tenant(&project).is_err(), "{name}");
    }
    session.create_tenant(&row(json!({ "name": "Mine" }))).unwrap();
}
