//! What the core's own tests share: a small model, its schema, and a host that stands still.

use std::cell::Cell;

use crate::host::Host;
use crate::model::Model;

/// A host whose time only moves when it is told to, and whose random bytes count upwards.
pub(crate) struct TestHost {
    now_ms: Cell<i64>,
    drawn: Cell<u64>,
}

impl TestHost {
    pub(crate) fn new() -> Self {
        TestHost { now_ms: Cell::new(1_735_689_600_000), drawn: Cell::new(0) }
    }

    pub(crate) fn advance(&self, ms: i64) {
        self.now_ms.set(self.now_ms.get() + ms);
    }
}

impl Host for TestHost {
    fn now_ms(&self) -> i64 {
        self.now_ms.get()
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        self.drawn.set(self.drawn.get() + 1);
        buffer.fill(0);
        let bytes = self.drawn.get().to_be_bytes();
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
doc = "One row is one organization."
columns.id = { type = "uuid", auto = "id" }
columns.name = { type = "text", min = 1, max = 120 }
columns.slug = { type = "text", format = "slug" }
unique = [["slug"]]

[tables.teams]
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
doc = "One row is one project."
columns.id = { type = "uuid", auto = "id" }
columns.team_id = { type = "ref", to = "teams", optional = true }
columns.name = { type = "text" }
unique = [["name"]]
soft_delete = { cascade = true }

[tables.tasks]
doc = "One row is one task of a project."
columns.id = { type = "uuid", auto = "id" }
columns.project_id = { type = "ref", to = "projects", on_delete = "cascade" }
columns.name = { type = "text" }
soft_delete = true

[tables.desks]
doc = "One row is one desk of a team, or of nobody."
columns.id = { type = "uuid", auto = "id" }
columns.team_id = { type = "ref", to = "teams", on_delete = "cascade", optional = true }
columns.number = { type = "integer" }
unique = [{ columns = ["team_id", "number"], nulls = "equal" }]
"#;

/// The model's tables.
pub(crate) const SCHEMA: &str = r#"
PRAGMA foreign_keys = ON;
CREATE TABLE organizations (
    id TEXT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    slug TEXT NOT NULL UNIQUE
) STRICT, WITHOUT ROWID;
CREATE TABLE teams (
    id TEXT NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    seats INTEGER NOT NULL,
    parent_id TEXT,
    level TEXT NOT NULL,
    tags TEXT NOT NULL,
    price INTEGER,
    starts_on TEXT,
    ends_on TEXT,
    settings TEXT,
    weight REAL,
    big INTEGER,
    picture BLOB,
    is_open INTEGER,
    opens_at TEXT,
    api_key BLOB,
    token_hash TEXT,
    created_at TEXT NOT NULL,
    updated_at TEXT NOT NULL,
    PRIMARY KEY (organization_id, id),
    UNIQUE (organization_id, name),
    FOREIGN KEY (organization_id, parent_id) REFERENCES teams (organization_id, id),
    CONSTRAINT ends_after_start CHECK (ends_on >= starts_on)
) STRICT;
CREATE TABLE projects (
    id TEXT NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    team_id TEXT,
    name TEXT NOT NULL,
    deleted_at TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, team_id) REFERENCES teams (organization_id, id)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX projects_name ON projects (organization_id, name) WHERE deleted_at IS NULL;
CREATE TABLE tasks (
    id TEXT NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    project_id TEXT NOT NULL,
    name TEXT NOT NULL,
    deleted_at TEXT,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, project_id)
        REFERENCES projects (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE TABLE desks (
    id TEXT NOT NULL,
    organization_id TEXT NOT NULL REFERENCES organizations (id) ON DELETE CASCADE,
    team_id TEXT,
    number INTEGER NOT NULL,
    PRIMARY KEY (organization_id, id),
    FOREIGN KEY (organization_id, team_id)
        REFERENCES teams (organization_id, id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX desks_team_number ON desks (organization_id, ifnull(team_id, ''), number);
"#;
