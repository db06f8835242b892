//! The file that sessions are measured on: 100 tenants with 1,000 tasks each.

use freehold::{Access, Actor, Bundle, Database, OpenOptions};
use rusqlite::{Connection, params};

pub const TENANTS: usize = 100;
pub const TASKS: usize = 1_000;
const PROJECTS: usize = 20;
/// The projects that the member has a seat in.
const SEATS: usize = 5;

const MODEL: &str = r#"
name = "bench"

[tenancy]
tenant = "organizations"
key = "organization_id"
user = "users"
member = "members"
role = "role"

[enums]
role = ["ADMIN", "MEMBER"]
status = ["OPEN", "DOING", "DONE"]

[predicates]
"seated(project)" = "project IN (SELECT project_id FROM seats WHERE user_id = auth_user())"

[tables.users]
template = "user"
scope = "user"
owner = "id"
policy = { read = "id = auth_user()" }

[tables.organizations]
template = "tenant"
policy = { read = "TRUE" }

[tables.members]
template = "membership"
columns.role = { type = "enum", of = "role" }
policy = { read = "TRUE" }

[tables.projects]
columns.name = { type = "text", max = 100 }
policy = { read = "auth_role() = 'ADMIN' OR seated(id)" }

[tables.seats]
columns.project_id = { type = "ref", to = "projects", on_delete = "cascade" }
columns.user_id = { type = "ref", to = "members.user_id", on_delete = "cascade" }
unique = [["user_id", "project_id"]]
policy = { read = "user_id = auth_user()" }

[tables.tasks]
columns.project_id = { type = "ref", to = "projects", on_delete = "cascade" }
columns.title = { type = "text", max = 200 }
columns.status = { type = "enum", of = "status", default = "OPEN" }
columns.points = { type = "integer", default = 0 }
columns.note = { type = "text", max = 1000, optional = true }
columns.created_at = { type = "timestamp", auto = "created" }
columns.updated_at = { type = "timestamp", auto = "updated" }
indexes = [["project_id", "updated_at"], ["status", "updated_at"]]
policy.read = "auth_role() = 'ADMIN' OR seated(project_id)"
policy.write = "auth_role() = 'ADMIN' OR seated(project_id)"
"#;

/// The file, and who asks.
pub struct World {
    pub database: Database,
    pub bare: Connection,
    pub admin: Actor,
    pub member: Actor,
    pub tenant: String,
    pub project: String,
    pub task: String,
    _folder: tempfile::TempDir,
}

pub fn id(kind: usize, tenant: usize, at: usize) -> String {
    format!("01940000-{kind:04x}-7000-8000-{tenant:04x}{at:08x}")
}

impl World {
    pub fn new(tasks: usize) -> World {
        World::sized(TENANTS, tasks)
    }

    /// A file with this many tenants, more than seven, and tasks in each.
    pub fn sized(tenants: usize, tasks: usize) -> World {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bench.db");
        let bundle = Bundle::from_model_text(MODEL).unwrap();
        let options = OpenOptions { access: Access::Create, ..OpenOptions::default() };
        let mut database = freehold::open(&path, bundle, options).unwrap();
        database.push(false).unwrap();
        let bare = Connection::open(&path).unwrap();
        bare.pragma_update(None, "foreign_keys", true).unwrap();
        fill(&bare, tenants, tasks);
        let tenant = id(1, 7, 0);
        World {
            database,
            bare,
            admin: Actor::user(id(2, 7, 0)).in_tenant(&tenant),
            member: Actor::user(id(2, 7, 1)).in_tenant(&tenant),
            project: id(3, 7, 2),
            task: id(4, 7, 22),
            tenant,
            _folder: folder,
        }
    }
}

fn fill(bare: &Connection, tenants: usize, tasks: usize) {
    let now = "2026-01-01T00:00:00.000Z";
    bare.execute_batch("BEGIN").unwrap();
    let insert = |sql: &str, values: &[&dyn rusqlite::ToSql]| {
        bare.prepare_cached(sql).unwrap().execute(values).unwrap();
    };
    for tenant in 0..tenants {
        let club = id(1, tenant, 0);
        let slug = format!("t{tenant}");
        insert("INSERT INTO organizations VALUES (?1, ?2, ?2, ?3, ?3)", params![club, slug, now]);
        for (at, role) in ["ADMIN", "MEMBER"].iter().enumerate() {
            let (user, email) = (id(2, tenant, at), format!("u{at}@t{tenant}.example.com"));
            insert(
                "INSERT INTO users (id, email, name, created_at, updated_at)
                 VALUES (?, ?, 'u', ?3, ?3)",
                params![user, email, now],
            );
            insert(
                "INSERT INTO members (organization_id, id, user_id, role, created_at)
                 VALUES (?, ?, ?, ?, ?)",
                params![club, id(5, tenant, at), user, role, now],
            );
        }
        for at in 0..PROJECTS {
            let project = id(3, tenant, at);
            insert(
                "INSERT INTO projects (organization_id, id, name) VALUES (?, ?, ?)",
                params![club, project, format!("project {at}")],
            );
            if at < SEATS {
                insert(
                    "INSERT INTO seats (organization_id, id, project_id, user_id)
                     VALUES (?, ?, ?, ?)",
                    params![club, id(6, tenant, at), project, id(2, tenant, 1)],
                );
            }
        }
        for at in 0..tasks {
            let updated =
                format!("2026-01-{:02}T00:00:{:02}.{:03}Z", at % 28 + 1, at % 60, at % 999);
            insert(
                "INSERT INTO tasks (organization_id, id, project_id, title, status, points, note,
                 created_at, updated_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                params![
                    club,
                    id(4, tenant, at),
                    id(3, tenant, at % PROJECTS),
                    format!("Task number {at} of many"),
                    ["OPEN", "DOING", "DONE"][at % 3],
                    (at % 13) as i64,
                    (at % 2 == 0).then(|| format!("a note about {at}")),
                    now,
                    updated,
                ],
            );
        }
    }
    bare.execute_batch("COMMIT; ANALYZE").unwrap();
}
