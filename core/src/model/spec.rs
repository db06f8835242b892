//! What people write: the model's source, read field by field but not yet resolved.

use super::expr::Expr;
use super::{Auto, Bound, Format, Grant, OnDelete, Shape, SoftDelete, Template, Write};
use serde_json::Value;

#[derive(Debug, Default)]
pub(super) struct ModelSpec {
    pub name: String,
    pub title: Option<String>,
    pub description: Option<String>,
    pub tenancy: Option<super::Tenancy>,
    pub enums: Vec<super::Enum>,
    pub predicates: Vec<super::Predicate>,
    pub tables: Vec<TableSpec>,
    pub links: Vec<LinkSpec>,
}

#[derive(Debug, Default)]
pub(super) struct LinkSpec {
    pub name: String,
    pub path: String,
    /// The columns and the tables that they refer to.
    pub ends: Vec<(String, String)>,
    pub policy: Option<PolicySpec>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct TableSpec {
    pub name: String,
    pub path: String,
    pub id: Option<String>,
    pub doc: Option<String>,
    pub scope: Option<String>,
    pub owner: Option<String>,
    pub template: Option<Template>,
    pub without: Vec<String>,
    pub columns: Vec<ColumnSpec>,
    pub primary_key: Option<Vec<String>>,
    /// None where nothing is said, and a template may speak.
    pub unique: Option<Vec<UniqueSpec>>,
    pub indexes: Vec<IndexSpec>,
    pub references: Vec<ReferenceSpec>,
    pub checks: Vec<(String, Expr)>,
    pub soft_delete: Option<SoftDelete>,
    pub versioned: bool,
    pub audited: bool,
    pub rowid: Option<bool>,
    pub policy: Option<PolicySpec>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct ColumnSpec {
    pub name: String,
    pub path: String,
    pub id: Option<String>,
    pub doc: String,
    pub type_name: String,
    pub array: bool,
    pub of: Option<String>,
    pub to: Option<String>,
    pub on_delete: Option<OnDelete>,
    pub optional: bool,
    pub default: Option<Value>,
    pub auto: Option<Auto>,
    pub precision: Option<i64>,
    pub scale: Option<i64>,
    pub min: Option<Bound>,
    pub max: Option<Bound>,
    pub pattern: Option<String>,
    pub format: Option<Format>,
    pub shape: Option<Shape>,
    pub encrypted: bool,
    pub blind_index: bool,
    pub secret: bool,
    pub write: Option<Write>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct UniqueSpec {
    pub columns: Vec<String>,
    pub nulls_equal: bool,
}

#[derive(Debug, Default, Clone)]
pub(super) struct IndexSpec {
    pub columns: Vec<String>,
    pub cross_tenant: bool,
}

#[derive(Debug, Default, Clone)]
pub(super) struct ReferenceSpec {
    pub path: String,
    pub columns: Vec<String>,
    pub to: String,
    pub to_columns: Vec<String>,
    pub on_delete: Option<OnDelete>,
}

#[derive(Debug, Default, Clone)]
pub(super) struct PolicySpec {
    pub read: Option<Grant>,
    pub write: Option<Grant>,
    pub insert: Option<Grant>,
    pub update: Option<Grant>,
    pub delete: Option<Grant>,
}

/// The words of the format and what they stand for.
pub(super) const TEMPLATES: [(&str, Template); 9] = [
    ("tenant", Template::Tenant),
    ("user", Template::User),
    ("membership", Template::Membership),
    ("team", Template::Team),
    ("invitation", Template::Invitation),
    ("api_key", Template::ApiKey),
    ("permission", Template::Permission),
    ("audit_log", Template::AuditLog),
    ("versions", Template::Versions),
];

pub(super) const FORMATS: [(&str, Format); 10] = [
    ("email", Format::Email),
    ("url", Format::Url),
    ("slug", Format::Slug),
    ("hostname", Format::Hostname),
    ("ip", Format::Ip),
    ("semver", Format::Semver),
    ("mime", Format::Mime),
    ("color", Format::Color),
    ("timezone", Format::Timezone),
    ("phone", Format::Phone),
];

pub(super) const AUTOS: [(&str, Auto); 4] = [
    ("id", Auto::Id),
    ("created", Auto::Created),
    ("updated", Auto::Updated),
    ("user", Auto::User),
];

pub(super) const ON_DELETES: [(&str, OnDelete); 3] = [
    ("cascade", OnDelete::Cascade),
    ("restrict", OnDelete::Restrict),
    ("set_null", OnDelete::SetNull),
];

pub(super) const SHAPES: [(&str, Shape); 3] =
    [("any", Shape::Any), ("object", Shape::Object), ("array", Shape::Array)];

pub(super) const WRITES: [(&str, Write); 3] =
    [("always", Write::Always), ("once", Write::Once), ("never", Write::Never)];

pub(super) const TYPES: [&str; 14] = [
    "text",
    "integer",
    "bigint",
    "decimal",
    "real",
    "boolean",
    "uuid",
    "timestamp",
    "date",
    "time",
    "json",
    "blob",
    "enum",
    "ref",
];
