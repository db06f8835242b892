//! What the core's own tests share: a small model, its database, and a host that stands still.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::sync::atomic::{AtomicI64, AtomicU64};

use rusqlite::Connection;

use crate::host::Host;
use crate::model::Model;
use crate::schema::Schema;

/// A host whose time only moves when it is told to, and whose random bytes count upwards.
/// Its copies share both.
#[derive(Clone)]
pub(crate) struct TestHost {
    now_ms: Arc<AtomicI64>,
    drawn: Arc<AtomicU64>,
}

impl TestHost {
    pub(crate) fn new() -> Self {
        TestHost { now_ms: Arc::new(1_735_689_600_000.into()), drawn: Arc::default() }
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.now_ms.fetch_add(ms, Relaxed);
    }
}

impl Host for TestHost {
    fn now_ms(&self) -> i64 {
        self.now_ms.load(Relaxed)
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        let drawn = self.drawn.fetch_add(1, Relaxed) + 1;
        buffer.fill(0);
        let bytes = drawn.to_be_bytes();
        let kept = bytes.len().min(buffer.len());
        let start = buffer.len() - kept;
        buffer[start..].copy_from_slice(&bytes[bytes.len() - kept..]);
    }
}

/// Organizations (the tenants), their teams with a column of most kinds, projects with tasks that
/// are deleted softly, and desks with a unique key over a reference that may be NULL.
pub(crate) fn model() -> Model {
    Model::from_text(MODEL).expect("the test model is sound")
}

const MODEL: &str = r#"
name = "demo"
title = "Demo"

[tenancy]
tenant = "organizations"
key = "organization_id"

[enums]
level = ["LOW", "HIGH"]

[tables.organizations]
policy = {}
doc = "One row is one organization."
columns.id = { type = "uuid", auto = "id" }
columns.name = { type = "text", min = 1, max = 120 }
columns.slug = { type = "text", format = "slug" }
unique = [["slug"]]

[tables.teams]
policy = {}
doc = "One row is one team."
columns.id = { type = "uuid", auto = "id" }
columns.organization_id = { type = "ref", to = "organizations", on_delete = "cascade" }
columns.name = { type = "text", min = 1, max = 120 }
columns.seats = { type = "integer", default = 5, min = 1 }
columns.parent_id = { type = "ref", to = "teams", optional = true }
columns.level = { type = "enum", of = "level", default = "LOW" }
columns.tags = { type = "text[]", pattern = "^[a-z]+$", max = 5, default = [] }
columns.price = { type = "decimal", precision = 10, scale = 2, optional = true }
columns.starts_on = { type = "date", optional = true }
columns.ends_on = { type = "date", optional = true }
columns.settings = { type = "json", shape = "object", optional = true }
columns.weight = { type = "real", optional = true }
columns.big = { type = "bigint", optional = true }
columns.picture = { type = "blob", max = 1000, optional = true }
columns.is_open = { type = "boolean", optional = true }
columns.opens_at = { type = "time", optional = true }
columns.api_key = { type = "text", encrypted = true, optional = true }
columns.token_hash = { type = "text", secret = true, optional = true }
columns.created_at = { type = "timestamp", auto = "created" }
columns.updated_at = { type = "timestamp", auto = "updated" }
unique = [["name"]]
checks.ends_after_start = "ends_on >= starts_on"

[tables.projects]
policy = {}
doc = "One row is one project."
columns.id = { type = "uuid", auto = "id" }
columns.team_id = { type = "ref", to = "teams", optional = true }
columns.name = { type = "text" }
unique = [["name"]]
soft_delete = { cascade = true }

[tables.tasks]
policy = {}
doc = "One row is one task of a project."
columns.id = { type = "uuid", auto = "id" }
columns.project_id = { type = "ref", to = "projects", on_delete = "cascade" }
columns.name = { type = "text" }
soft_delete = true

[tables.desks]
policy = {}
doc = "One row is one desk of a team, or of nobody."
columns.id = { type = "uuid", auto = "id" }
columns.team_id = { type = "ref", to = "teams", on_delete = "cascade", optional = true }
columns.number = { type = "integer" }
unique = [{ columns = ["team_id", "number"], nulls = "equal" }]
"#;

/// A database in memory with the model's tables, set up as a host's connection is.
pub(crate) fn connection() -> Connection {
    connection_of(&model())
}

/// A database in memory with the tables of a model.
pub(crate) fn connection_of(model: &Model) -> Connection {
    let connection = Connection::open_in_memory().expect("memory opens");
    connection.pragma_update(None, "foreign_keys", true).expect("foreign keys are there");
    let script = Schema::from_model(model).create_sql().join(";\n");
    connection.execute_batch(&script).expect("the schema is sound");
    connection
}
