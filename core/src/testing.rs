//! What the core's own tests share: a small model, its schema, and a host that stands still.

use std::cell::Cell;

use serde_json::json;

use crate::host::Host;
use crate::model::expr::{Comparison, Expr};
use crate::model::*;

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

pub(crate) fn column(name: &str, kind: Kind) -> Column {
    Column {
        name: name.into(),
        id: name.into(),
        doc: String::new(),
        kind,
        array: false,
        optional: false,
        default: None,
        auto: None,
        rules: Rules::default(),
        encrypted: false,
        blind_index: false,
        secret: false,
    }
}

pub(crate) fn optional(name: &str, kind: Kind) -> Column {
    Column { optional: true, ..column(name, kind) }
}

fn auto(name: &str, kind: Kind, auto: Auto) -> Column {
    Column { auto: Some(auto), ..column(name, kind) }
}

pub(crate) fn table(name: &str, scope: Scope, columns: Vec<Column>) -> Table {
    Table {
        name: name.into(),
        id: name.into(),
        doc: String::new(),
        scope,
        template: None,
        columns,
        primary_key: vec!["id".into()],
        unique: Vec::new(),
        indexes: Vec::new(),
        references: Vec::new(),
        checks: Vec::new(),
        soft_delete: None,
        versioned: false,
        audited: false,
        rowid: true,
        policy: Policy::default(),
    }
}

fn unique(columns: &[&str]) -> Unique {
    Unique { columns: names(columns), nulls_equal: false }
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn reference(columns: &[&str], table: &str, to: &[&str], on_delete: OnDelete) -> Reference {
    Reference { columns: names(columns), table: table.into(), to: names(to), on_delete }
}

fn text(name: &str, min: i64, max: i64) -> Column {
    let rules = Rules {
        min: Some(Bound::Integer(min)),
        max: Some(Bound::Integer(max)),
        ..Rules::default()
    };
    Column { rules, ..column(name, Kind::Text) }
}

/// Organizations (the tenants) and their teams, which have a column of most kinds.
pub(crate) fn model() -> Model {
    let slug = Rules { format: Some(Format::Slug), ..Rules::default() };
    let organizations = Table {
        unique: vec![unique(&["slug"])],
        ..table(
            "organizations",
            Scope::Tenant { column: "id".into() },
            vec![
                auto("id", Kind::Uuid, Auto::Id),
                text("name", 1, 120),
                Column { rules: slug, ..column("slug", Kind::Text) },
            ],
        )
    };
    let org = "organization_id";
    let after = |left: &str, right: &str| {
        let columns = [left, right].map(|name| Box::new(Expr::Column(name.into())));
        let [left, right] = columns;
        Expr::Compare(Comparison::GreaterOrEqual, left, right)
    };
    let teams = Table {
        primary_key: names(&[org, "id"]),
        unique: vec![unique(&[org, "name"])],
        references: vec![
            reference(&[org], "organizations", &["id"], OnDelete::Cascade),
            reference(&[org, "parent_id"], "teams", &[org, "id"], OnDelete::Restrict),
        ],
        checks: vec![Check {
            name: "ends_after_start".into(),
            expr: after("ends_on", "starts_on"),
        }],
        ..table("teams", Scope::Tenant { column: org.into() }, team_columns())
    };
    Model {
        name: "demo".into(),
        title: "Demo".into(),
        description: String::new(),
        tenancy: Some(Tenancy {
            tenant: "organizations".into(),
            key: org.into(),
            user: None,
            member: None,
        }),
        enums: vec![Enum { name: "level".into(), values: names(&["LOW", "HIGH"]) }],
        predicates: Vec::new(),
        tables: vec![organizations, teams],
    }
}

fn team_columns() -> Vec<Column> {
    let tag = Rules { pattern: Some("^[a-z]+$".into()), ..Rules::default() };
    let level = Kind::Enum { name: "level".into() };
    vec![
        auto("id", Kind::Uuid, Auto::Id),
        column("organization_id", Kind::Uuid),
        text("name", 1, 120),
        Column { default: Some(json!(5)), ..column("seats", Kind::Integer) },
        optional("parent_id", Kind::Uuid),
        Column { default: Some(json!("LOW")), ..column("level", level) },
        Column { array: true, rules: tag, default: Some(json!([])), ..column("tags", Kind::Text) },
        optional("price", Kind::Decimal { precision: 10, scale: 2 }),
        optional("starts_on", Kind::Date),
        optional("ends_on", Kind::Date),
        optional("settings", Kind::Json { shape: Shape::Object }),
        optional("weight", Kind::Real),
        optional("big", Kind::BigInt),
        optional("picture", Kind::Blob),
        optional("is_open", Kind::Boolean),
        optional("opens_at", Kind::Time),
        Column { encrypted: true, ..optional("api_key", Kind::Text) },
        Column { secret: true, ..optional("token_hash", Kind::Text) },
        auto("created_at", Kind::Timestamp, Auto::Created),
        auto("updated_at", Kind::Timestamp, Auto::Updated),
    ]
}

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
"#;
