//! What the documents of the five models say of who may do what, on the seeds that they list.

use freehold::{Actor, Database, ListOptions, Result, Session};
use serde_json::{Value, json};

type Row = serde_json::Map<String, Value>;

fn row(value: Value) -> Row {
    value.as_object().unwrap().clone()
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> &'static str {
    result.expect_err("it is refused").code()
}

/// A database with the development seeds, and what tests ask of it.
struct Seeded(Database);

impl Seeded {
    fn new(model: &str) -> Seeded {
        Seeded(freehold::testing::database(model, "development"))
    }

    /// The row of which a column holds this value.
    fn row(&self, table: &str, column: &str, value: &str) -> Row {
        let options = json!({ "filter": { column: value } });
        let owner = self.0.owner().unwrap();
        let found = owner.list(table, &ListOptions::from_json(options).unwrap()).unwrap().rows;
        assert_eq!(found.len(), 1, "{table} with {column} {value}");
        found[0].clone()
    }

    fn id(&self, table: &str, column: &str, value: &str) -> Value {
        self.row(table, column, value)["id"].clone()
    }

    fn insert(&self, table: &str, values: Value) -> Row {
        self.0.owner().unwrap().insert(table, &row(values)).unwrap()
    }

    /// A session of the person with this address, in a tenant; where people belong to one, in it.
    fn session(&self, email: &str, tenant: Option<&Value>) -> Session<'_> {
        let user = self.row("users", "email", email);
        let key = self.0.bundle().model.tenancy.as_ref().unwrap().key.clone();
        let tenant = tenant.or(user.get(&key)).and_then(Value::as_str).unwrap();
        let actor = Actor::user(user["id"].as_str().unwrap()).in_tenant(tenant);
        self.0.session(actor).unwrap()
    }

    /// A session of an API key with these permissions.
    fn program(&self, values: Value, permissions: &[&str]) -> Session<'_> {
        let mut key = row(json!({
            "name": "Key", "key_prefix": "abcd", "key_hash": "h", "permissions": permissions,
        }));
        key.extend(row(values));
        let made = self.insert("api_keys", key.into());
        self.0.session(Actor::api_key(made["id"].as_str().unwrap())).unwrap()
    }
}

/// The values of a column in all rows that a session sees, in order.
fn all(session: &Session<'_>, table: &str, column: &str) -> Vec<String> {
    let rows = session.list(table, &ListOptions::default()).unwrap().rows;
    let mut found: Vec<String> =
        rows.iter().map(|row| row[column].as_str().unwrap().to_owned()).collect();
    found.sort();
    found
}

fn key(row: &Row, names: &[&str]) -> Value {
    names.iter().map(|name| ((*name).to_owned(), row[*name].clone())).collect()
}

#[test]
fn valuecanvas_people_see_shared_and_organization_canvases_and_their_own() {
    let seeded = Seeded::new("valuecanvas");
    let [admin, manager, member] = ["admin", "manager", "member"]
        .map(|name| seeded.session(&format!("{name}@demo-org.com"), None));
    // "Growth plan" is the member's own and private, "Customer onboarding" the organization's.
    assert_eq!(all(&member, "canvases", "name"), ["Customer onboarding", "Growth plan"]);
    assert_eq!(all(&manager, "canvases", "name"), ["Customer onboarding"]);
    assert_eq!(all(&admin, "canvases", "name"), ["Customer onboarding", "Growth plan"]);
    // The member shares it: to be looked at, then to be edited.
    let canvas = seeded.row("canvases", "name", "Growth plan");
    let person = seeded.id("users", "email", "manager@demo-org.com");
    let share = json!({ "canvas_id": canvas["id"], "user_id": person });
    assert_eq!(code(manager.insert("canvas_shares", &row(share.clone()))), "invalid");
    let share = member.insert("canvas_shares", &row(share)).unwrap();
    assert_eq!(share["shared_by_id"], canvas["user_id"], "who shared it is filled in");
    assert_eq!(all(&manager, "canvases", "name"), ["Customer onboarding", "Growth plan"]);
    let rename = row(json!({ "name": "Plan" }));
    assert_eq!(code(manager.update("canvases", &canvas["id"], &rename)), "denied");
    let edit = row(json!({ "permission": "EDIT" }));
    assert_eq!(code(manager.update("canvas_shares", &share["id"], &edit)), "denied");
    member.update("canvas_shares", &share["id"], &edit).unwrap();
    manager.update("canvases", &canvas["id"], &rename).unwrap();
    assert_eq!(code(manager.delete("canvases", &canvas["id"])), "denied");
    let take = row(json!({ "user_id": person }));
    assert_eq!(code(manager.update("canvases", &canvas["id"], &take)), "denied");
}

#[test]
fn valuecanvas_nobody_raises_themselves_or_their_organizations_tier() {
    let seeded = Seeded::new("valuecanvas");
    let admin = seeded.session("admin@demo-org.com", None);
    let manager = seeded.session("manager@demo-org.com", None);
    let member = seeded.session("member@demo-org.com", None);
    let [me, boss] = ["member", "admin"]
        .map(|name| seeded.id("users", "email", &format!("{name}@demo-org.com")));
    let to = |role: &str| row(json!({ "role": role }));
    assert_eq!(code(member.update("users", &me, &to("ADMIN"))), "denied");
    assert_eq!(code(manager.update("users", &me, &to("MANAGER"))), "denied");
    assert_eq!(code(admin.update("users", &boss, &to("MEMBER"))), "denied", "one stays");
    assert_eq!(code(admin.delete("users", &boss)), "denied");
    member.update("users", &me, &row(json!({ "job_title": "Analyst" }))).unwrap();
    let verified = row(json!({ "email_verified_at": "2026-01-01T00:00:00.000Z" }));
    assert_eq!(code(member.update("users", &me, &verified)), "denied");
    admin.update("users", &me, &to("MANAGER")).unwrap();
    assert_eq!(member.role().unwrap().as_deref(), Some("MANAGER"), "at once");
    let organization = &seeded.row("organizations", "slug", "demo-org")["id"];
    let tier = row(json!({ "tier": "ENTERPRISE" }));
    assert_eq!(code(admin.update("organizations", organization, &tier)), "denied");
    let invite =
        |role: &str| row(json!({ "email": "new@demo-org.com", "name": "New", "role": role }));
    assert_eq!(code(manager.insert("users", &invite("ADMIN"))), "denied");
    manager.insert("users", &invite("MEMBER")).unwrap();
    assert_eq!(all(&admin, "organizations", "slug"), ["demo-org"], "and no other's");
}

#[test]
fn valuecanvas_keys_do_what_their_permissions_say() {
    let seeded = Seeded::new("valuecanvas");
    let admin = seeded.row("users", "email", "admin@demo-org.com");
    let of = json!({ "organization_id": admin["organization_id"], "user_id": admin["id"] });
    let reader = seeded.program(of.clone(), &["agents:read"]);
    assert_eq!(reader.count("agents", None).unwrap(), 3);
    for table in ["canvases", "users", "executions", "audit_logs", "api_keys", "organizations"] {
        assert_eq!(reader.count(table, None).unwrap(), 0, "{table}");
    }
    let agent = seeded.id("agents", "type", "target");
    let pause = row(json!({ "is_active": false }));
    assert_eq!(code(reader.update("agents", &agent, &pause)), "denied");
    seeded.program(of, &["agents:write"]).update("agents", &agent, &pause).unwrap();
}

#[test]
fn stratibreak_stakeholders_see_the_projects_they_have_a_stake_in() {
    let seeded = Seeded::new("stratibreak");
    let user = seeded.session("user@stratibreak.com", None);
    let manager = seeded.session("manager@stratibreak.com", None);
    let admin = seeded.session("admin@stratibreak.com", None);
    for stake in all(&admin, "project_stakeholders", "id") {
        admin.delete("project_stakeholders", &json!(stake)).unwrap();
    }
    assert!(all(&user, "projects", "name").is_empty());
    let project = seeded.id("projects", "name", "Customer Portal");
    let stake = json!({
        "project_id": project, "user_id": seeded.id("users", "email", "user@stratibreak.com"),
        "name": "Regular User",
    });
    assert_ne!(code(user.insert("project_stakeholders", &row(stake.clone()))), "fine");
    manager.insert("project_stakeholders", &row(stake)).unwrap();
    assert_eq!(all(&user, "projects", "name"), ["Customer Portal"]);
    assert_eq!(all(&user, "gaps", "title"), ["Sales and support want different portals"]);
    assert_eq!(all(&user, "predictions", "title"), ["Support keeps its own tool"]);
    assert_eq!(all(&user, "users", "email"), ["manager@stratibreak.com", "user@stratibreak.com"]);
    for table in ["integrations", "audit_logs"] {
        assert_eq!(user.count(table, None).unwrap(), 0, "{table}");
        assert_eq!(manager.count(table, None).unwrap(), 0, "{table}: credentials are for admins");
    }
    assert_eq!(admin.count("integrations", None).unwrap(), 2);
    let gap = seeded.id("gaps", "title", "Sales and support want different portals");
    let closed = row(json!({ "status": "CLOSED" }));
    assert_eq!(code(user.update("gaps", &gap, &closed)), "denied");
    let assign = json!({ "assignee_id": seeded.id("users", "email", "user@stratibreak.com") });
    manager.update("gaps", &gap, &row(assign)).unwrap();
    user.update("gaps", &gap, &closed).unwrap();
}

#[test]
fn stratibreak_managers_write_the_projects_they_lead() {
    let seeded = Seeded::new("stratibreak");
    let manager = seeded.session("manager@stratibreak.com", None);
    let admin = seeded.session("admin@stratibreak.com", None);
    let boss = seeded.id("users", "email", "admin@stratibreak.com");
    let theirs = admin.insert("projects", &row(json!({ "name": "Other", "manager_id": boss })));
    let theirs = &theirs.unwrap()["id"];
    assert_eq!(all(&manager, "projects", "name").len(), 3, "they see them all");
    let rename = row(json!({ "description": "x" }));
    assert_eq!(code(manager.update("projects", theirs, &rename)), "denied");
    let own = seeded.id("projects", "name", "Customer Portal");
    manager.update("projects", &own, &rename).unwrap();
    let hand_over = row(json!({ "manager_id": boss }));
    assert_eq!(code(manager.update("projects", &own, &hand_over)), "denied");
    assert_eq!(code(manager.delete("projects", &own)), "denied");
    let gap = json!({ "project_id": theirs, "title": "x", "type": "BUDGET" });
    assert_eq!(code(manager.insert("gaps", &row(gap))), "denied");
}

#[test]
fn vibecraft_members_work_by_role_and_keys_are_their_owners_alone() {
    let seeded = Seeded::new("vibecraft");
    let shop = seeded.id("projects", "name", "Bakery Shop");
    let [dana, eli, vera] = ["dana", "eli", "vera"]
        .map(|name| seeded.session(&format!("{name}@vibecraft.example.com"), Some(&shop)));
    let note = row(json!({ "title": "Opening hours" }));
    assert_eq!(code(vera.insert("project_knowledge", &note)), "denied", "a viewer looks on");
    let note = eli.insert("project_knowledge", &note).unwrap();
    assert_eq!(vera.count("project_knowledge", None).unwrap(), 2);
    assert_eq!(code(vera.delete("project_knowledge", &note["id"])), "denied");
    let setting = row(json!({ "key": "x", "value": 1 }));
    assert_eq!(code(eli.insert("project_settings", &setting)), "denied");
    dana.insert("project_settings", &setting).unwrap();
    assert_eq!(dana.count("ai_providers", None).unwrap(), 1);
    assert_eq!(eli.count("ai_providers", None).unwrap(), 0);
    // Roles: nobody raises themselves, an owner stays, one may leave.
    let of = |email: &str| {
        let user = seeded.id("users", "email", &format!("{email}@vibecraft.example.com"));
        let options = json!({ "filter": { "user_id": user, "project_id": shop } });
        let options = ListOptions::from_json(options).unwrap();
        seeded.0.owner().unwrap().list("project_members", &options).unwrap().rows[0]["id"].clone()
    };
    let to = |role: &str| row(json!({ "role": role }));
    assert_eq!(code(eli.update("project_members", &of("eli"), &to("OWNER"))), "denied");
    assert_eq!(code(dana.update("project_members", &of("dana"), &to("VIEWER"))), "denied");
    dana.update("project_members", &of("eli"), &to("ADMIN")).unwrap();
    eli.update("project_members", &of("vera"), &to("EDITOR")).unwrap();
    assert_eq!(code(eli.update("project_members", &of("vera"), &to("ADMIN"))), "denied");
    assert_eq!(code(eli.delete("project_members", &of("dana"))), "denied");
    assert!(vera.delete("project_members", &of("vera")).unwrap());
    assert_eq!(code(vera.count("project_knowledge", None)), "session_ended");
}

#[test]
fn vibecraft_public_templates_are_for_all_others_for_their_maker() {
    let seeded = Seeded::new("vibecraft");
    let person = |name: &str| {
        let id = seeded.id("users", "email", &format!("{name}@vibecraft.example.com"));
        seeded.0.session(Actor::user(id.as_str().unwrap())).unwrap()
    };
    let (dana, vera) = (person("dana"), person("vera"));
    assert_eq!(all(&vera, "templates", "slug"), ["code-review", "landing-page"]);
    assert_eq!(all(&dana, "templates", "slug"), ["bakery-voice", "code-review", "landing-page"]);
    // Anybody makes some, whose slugs need not differ from those that they can't see.
    let mine = json!({ "name": "Voice", "slug": "bakery-voice", "type": "PROMPT", "content": {} });
    let made = vera.insert("templates", &row(mine.clone())).unwrap();
    assert_eq!((&made["is_public"], &made["user_id"]), (&json!(false), &vera_id(&seeded)));
    assert_eq!(all(&vera, "templates", "slug"), ["bakery-voice", "code-review", "landing-page"]);
    assert_eq!(
        code(dana.update("templates", &made["id"], &row(json!({ "name": "x" })))),
        "not_found"
    );
    let public = row(json!({ "is_public": true, "slug": "voice" }));
    vera.update("templates", &made["id"], &public).unwrap();
    assert!(dana.get("templates", &made["id"]).unwrap().is_some());
    assert_eq!(code(dana.delete("templates", &made["id"])), "denied");
    let mut theirs = row(mine);
    theirs.insert("user_id".to_owned(), seeded.id("users", "email", "dana@vibecraft.example.com"));
    // Whom one does not see, one makes nothing for.
    assert_eq!(code(vera.insert("templates", &theirs)), "invalid");
    assert!(vera.delete("templates", &made["id"]).unwrap());
    // Without a project one sees one's own: data, memberships, projects.
    assert_eq!(all(&vera, "users", "email"), ["vera@vibecraft.example.com"]);
    assert_eq!(all(&vera, "projects", "name"), ["Bakery Shop"]);
    assert_eq!(vera.count("project_prompts", None).unwrap(), 0);
}

fn vera_id(seeded: &Seeded) -> Value {
    seeded.id("users", "email", "vera@vibecraft.example.com")
}

/// Carcosa's seeds, with their one organization.
fn carcosa() -> (Seeded, Value) {
    let seeded = Seeded::new("carcosa");
    let acme = seeded.id("organizations", "slug", "acme");
    (seeded, acme)
}

fn file(project: &Value, path: &str) -> Row {
    row(json!({
        "project_id": project, "path": path, "filename": "a.png", "mime_type": "image/png",
        "size_bytes": 1,
    }))
}

#[test]
fn carcosa_a_team_with_read_only_access_to_a_bucket_does_not_store_in_it() {
    let (seeded, acme) = carcosa();
    let mark = seeded.session("mark@acme.example.com", Some(&acme));
    let grace = seeded.session("grace@acme.example.com", Some(&acme));
    // Mark leads Marketing, whose campaign uses Engineering's bucket, shared READ_ONLY.
    assert_eq!(all(&mark, "projects", "slug"), ["spring-campaign"]);
    assert_eq!(all(&mark, "buckets", "bucket_name"), ["acme-assets"]);
    let campaign = seeded.id("projects", "slug", "spring-campaign");
    assert_eq!(code(mark.insert("files", &file(&campaign, "a.png"))), "denied");
    let share = seeded.row("bucket_team_access", "access_level", "READ_ONLY");
    let to = |level: &str| row(json!({ "access_level": level }));
    let key = key(&share, &["organization_id", "id"]);
    assert_eq!(code(mark.update("bucket_team_access", &key, &to("ADMIN"))), "denied");
    grace.update("bucket_team_access", &key, &to("READ_WRITE")).unwrap();
    mark.insert("files", &file(&campaign, "a.png")).unwrap();
    let website = seeded.id("projects", "slug", "website");
    assert_eq!(code(mark.insert("files", &file(&website, "a.png"))), "invalid", "not theirs");
    assert_eq!(mark.count("files", None).unwrap(), 1);
}

#[test]
fn carcosa_a_lead_does_not_carry_their_rank_into_another_team() {
    let (seeded, acme) = carcosa();
    let mark = seeded.session("mark@acme.example.com", Some(&acme));
    let engineering = seeded.id("teams", "slug", "engineering");
    let person = seeded.id("users", "email", "mark@acme.example.com");
    let seat = seeded.row("team_members", "user_id", person.as_str().unwrap());
    let moved = row(json!({ "team_id": engineering }));
    assert_eq!(code(mark.update("team_members", &seat["id"], &moved)), "denied");
    let seat = json!({ "team_id": engineering, "user_id": person });
    assert_eq!(code(mark.insert("team_members", &row(seat))), "denied");
    let member = seeded.row("organization_members", "user_id", person.as_str().unwrap());
    let owner = row(json!({ "role": "OWNER" }));
    assert_eq!(code(mark.update("organization_members", &member["id"], &owner)), "denied");
    let grace = seeded.session("grace@acme.example.com", Some(&acme));
    assert_eq!(code(grace.update("organization_members", &member["id"], &owner)), "denied");
    grace.update("organization_members", &member["id"], &row(json!({ "role": "VIEWER" }))).unwrap();
    // A viewer of the organization leads nothing, whatever the team says.
    let team = seeded.id("teams", "slug", "marketing");
    assert_eq!(code(mark.update("teams", &team, &row(json!({ "name": "x" })))), "denied");
}

#[test]
fn carcosa_keys_stay_in_their_project_with_their_permissions() {
    let (seeded, acme) = carcosa();
    let website = seeded.id("projects", "slug", "website");
    let campaign = seeded.id("projects", "slug", "spring-campaign");
    let of = json!({ "organization_id": acme, "project_id": website });
    let reader = seeded.program(of.clone(), &["files:read", "projects:read"]);
    assert_eq!(all(&reader, "files", "path"), ["images/hero.jpg"]);
    assert_eq!(all(&reader, "projects", "slug"), ["website"]);
    assert_eq!(code(reader.insert("files", &file(&website, "b.png"))), "denied");
    for table in ["buckets", "uploads", "transforms", "tenants", "users", "teams", "api_keys"] {
        assert_eq!(reader.count(table, None).unwrap(), 0, "{table}");
    }
    let writer = seeded.program(of.clone(), &["files:write", "projects:read"]);
    writer.insert("files", &file(&website, "b.png")).unwrap();
    assert_eq!(code(writer.insert("files", &file(&campaign, "b.png"))), "invalid");
    assert_eq!(writer.count("files", None).unwrap(), 0, "writing is not reading");
    let manager = seeded.program(of, &["api_keys:manage"]);
    let keys = manager.list("api_keys", &ListOptions::default()).unwrap().rows;
    assert_eq!(keys.len(), 3, "the project's");
    let more = row(json!({ "permissions": ["files:delete"] }));
    for key in keys {
        assert_eq!(code(manager.update("api_keys", &key["id"], &more)), "denied");
    }
}

#[test]
fn carcosa_a_session_held_to_one_client_sees_that_clients_rows() {
    let (seeded, acme) = carcosa();
    let website = seeded.id("projects", "slug", "website");
    let north = seeded.id("tenants", "slug", "shop-north");
    let south = json!({
        "organization_id": acme, "project_id": website, "name": "South", "slug": "shop-south",
    });
    let south = seeded.insert("tenants", south)["id"].clone();
    let grace = seeded.id("users", "email", "grace@acme.example.com");
    let actor = Actor::user(grace.as_str().unwrap()).in_tenant(acme.as_str().unwrap());
    let held =
        |to: &Value| seeded.0.session(actor.clone().narrowed_to(to.as_str().unwrap())).unwrap();
    assert_eq!(all(&held(&north), "files", "path"), ["images/hero.jpg"]);
    let session = held(&south);
    assert_eq!(session.count("files", None).unwrap(), 0);
    assert_eq!(all(&session, "tenants", "slug"), ["shop-south"]);
    assert_eq!(all(&session, "projects", "slug"), ["website"]);
    for table in ["buckets", "teams", "users", "organization_members", "transforms"] {
        assert_eq!(session.count(table, None).unwrap(), 0, "{table}");
    }
    let made = session.insert("files", &file(&website, "s.png")).unwrap();
    assert_eq!(made["tenant_id"], south, "filled in");
    let mut other = file(&website, "t.png");
    other.insert("tenant_id".into(), north.clone());
    assert_ne!(code(session.insert("files", &other)), "fine");
    let rename = row(json!({ "name": "x" }));
    assert_eq!(code(session.update("projects", &website, &rename)), "denied");
    assert_eq!(code(session.update("tenants", &south, &rename)), "denied");
}

#[test]
fn workflow_permissions_decide_and_the_seeds_suffice_for_the_admin() {
    let seeded = Seeded::new("workflow");
    let admin = seeded.session("admin@example.com", None);
    let demo = seeded.session("demo@example.com", None);
    let flow = seeded.0.owner().unwrap().list("workflows", &ListOptions::default()).unwrap().rows;
    let flow = &flow[0];
    let start = row(json!({ "workflow_id": flow["id"], "workflow_version": 1 }));
    let made = row(json!({ "name": "Second", "definition": {} }));
    let rename = row(json!({ "description": "x" }));
    // The demo person reads and runs, the admin does everything.
    assert_eq!(demo.count("workflows", None).unwrap(), 1);
    assert_eq!(code(demo.insert("workflows", &made)), "denied");
    assert_eq!(code(demo.update("workflows", &flow["id"], &rename)), "denied");
    let run = demo.insert("executions", &start).unwrap();
    let cancel = row(json!({ "status": "CANCELLED" }));
    assert_eq!(code(demo.update("executions", &run["id"], &cancel)), "denied");
    admin.update("executions", &run["id"], &cancel).unwrap();
    admin.update("workflows", &flow["id"], &rename).unwrap();
    let second = admin.insert("workflows", &made).unwrap();
    assert!(admin.delete("workflows", &second["id"]).unwrap());
    admin.insert("executions", &start).unwrap();
    assert_eq!(all(&demo, "users", "email"), ["demo@example.com"]);
    // A permission more, and at once it counts; nobody gives themselves one.
    let user = seeded.id("users", "email", "demo@example.com");
    let grant = row(json!({ "user_id": user, "resource": "workflow", "action": "create" }));
    assert_eq!(code(demo.insert("permissions", &grant)), "denied");
    admin.insert("permissions", &grant).unwrap();
    demo.insert("workflows", &made).unwrap();
    let raised = row(json!({ "role": "ADMIN" }));
    assert_eq!(code(demo.update("users", &user, &raised)), "denied");
}

#[test]
fn trails_and_versions_are_written_by_nobody() {
    for model in ["valuecanvas", "stratibreak", "carcosa", "workflow"] {
        let seeded = Seeded::new(model);
        let email = match model {
            "valuecanvas" => "admin@demo-org.com",
            "stratibreak" => "admin@stratibreak.com",
            "carcosa" => "ada@acme.example.com",
            _ => "admin@example.com",
        };
        let acme = (model == "carcosa").then(|| seeded.id("organizations", "slug", "acme"));
        let session = seeded.session(email, acme.as_ref());
        for table in ["audit_logs", "canvas_versions", "workflow_versions"] {
            if session.model().table(table).is_none() {
                continue;
            }
            let row = row(json!({ "action": "x", "resource_type": "x", "version": 1 }));
            assert_ne!(code(session.insert(table, &row)), "fine", "{model}.{table}");
            for found in session.list(table, &ListOptions::default()).unwrap().rows {
                assert_eq!(code(session.delete(table, &found["id"])), "denied", "{model}.{table}");
            }
        }
    }
}
