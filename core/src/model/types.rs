//! What a checked model is: the resolved form that every other part of the core reads.
//!
//! A [`Model`] only comes out of the checker, so its readers may rely on it: every name that it
//! mentions exists, templates and links are expanded, and the tenant key stands first in every
//! key of a tenant-scoped table. The spelling that people write is in `spec`.

use crate::model::expr::Expr;

/// A checked model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// The model's name, snake_case.
    pub name: String,
    /// The name for people.
    pub title: String,
    /// One sentence for people.
    pub description: String,
    /// Who owns rows, if anybody does.
    pub tenancy: Option<Tenancy>,
    /// The enums, in the file's order.
    pub enums: Vec<Enum>,
    /// The named conditions that policies share, in the file's order.
    pub predicates: Vec<Predicate>,
    /// The tables, in the file's order; tables made from links come last.
    pub tables: Vec<Table>,
}

/// Which tables and which column carry the tenancy.
#[derive(Debug, Clone, PartialEq)]
pub struct Tenancy {
    /// The table whose rows are the tenants.
    pub tenant: String,
    /// The column that tenant-scoped tables carry.
    pub key: String,
    /// The table of people.
    pub user: Option<String>,
    /// The table that says which people belong to which tenants.
    pub member: Option<String>,
    /// The column that holds a person's role in a tenant, see [`Model::role_table`].
    pub role: Option<String>,
    /// What must be true of a user's row for them to act; nothing said: all are active.
    pub user_active: Option<Expr>,
    /// What must be true of a membership's row for it to count.
    pub member_active: Option<Expr>,
    /// What must be true of a tenant's row for anybody to act in it.
    pub tenant_active: Option<Expr>,
    /// What must be true of an API key's row for it to count; nothing said: revoked and expired
    /// ones alone are not active.
    pub key_active: Option<Expr>,
    /// The role of whoever creates a tenant.
    pub founder: Option<String>,
    /// The table to one row of which a session in a tenant can be narrowed.
    pub narrow: Option<String>,
}

/// A named list of values.
#[derive(Debug, Clone, PartialEq)]
pub struct Enum {
    /// The enum's name.
    pub name: String,
    /// Its values, in order.
    pub values: Vec<String>,
}

/// A named condition.
#[derive(Debug, Clone, PartialEq)]
pub struct Predicate {
    /// The predicate's name.
    pub name: String,
    /// The names of its arguments.
    pub arguments: Vec<String>,
    /// What it says.
    pub body: Expr,
}

/// Whose rows a table holds.
#[derive(Debug, Clone, PartialEq)]
pub enum Scope {
    /// A tenant's; the column that names the tenant (`id` for the tenants' own table).
    Tenant {
        /// The column that names the tenant.
        column: String,
    },
    /// A user's.
    User {
        /// The column that names the user.
        owner: String,
    },
    /// Nobody's.
    Public,
}

/// The standard table that a table extends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Template {
    /// The tenants.
    Tenant,
    /// The people.
    User,
    /// Who belongs to which tenant.
    Membership,
    /// A group of people within a tenant.
    Team,
    /// An invitation into a tenant.
    Invitation,
    /// A key for a program.
    ApiKey,
    /// A single permission of a user.
    Permission,
    /// The audit trail.
    AuditLog,
    /// The versions of another table's rows.
    Versions,
}

/// A table.
#[derive(Debug, Clone, PartialEq)]
pub struct Table {
    /// The table's name.
    pub name: String,
    /// The stable id, which survives renames.
    pub id: String,
    /// "One row is …".
    pub doc: String,
    /// Whose rows it holds.
    pub scope: Scope,
    /// The standard table that it extends.
    pub template: Option<Template>,
    /// The columns, in order.
    pub columns: Vec<Column>,
    /// The primary key's columns, the tenant key first where there is one.
    pub primary_key: Vec<String>,
    /// The unique keys.
    pub unique: Vec<Unique>,
    /// The secondary indexes, those of references included.
    pub indexes: Vec<Index>,
    /// The references, with the tenant key on both sides where both tables carry it.
    pub references: Vec<Reference>,
    /// The named cross-field rules.
    pub checks: Vec<Check>,
    /// Whether deleting hides (and then the column `deleted_at` exists).
    pub soft_delete: Option<SoftDelete>,
    /// Whether every version is kept.
    pub versioned: bool,
    /// Whether every change leaves an audit entry.
    pub audited: bool,
    /// Whether the SQLite table has a rowid.
    pub rowid: bool,
    /// Who may do what, where the model says so.
    pub policy: Option<Policy>,
}

/// How soft deletion behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoftDelete {
    /// Whether children are hidden along.
    pub cascade: bool,
}

/// A column.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The column's name.
    pub name: String,
    /// The stable id, which survives renames.
    pub id: String,
    /// What it holds, for people.
    pub doc: String,
    /// The type of a value, or of an array's items.
    pub kind: Kind,
    /// Whether it holds an array of `kind`.
    pub array: bool,
    /// Whether it may be NULL.
    pub optional: bool,
    /// The value when the column is left out.
    pub default: Option<serde_json::Value>,
    /// What the core fills in.
    pub auto: Option<Auto>,
    /// The rules for values.
    pub rules: Rules,
    /// Whether it is encrypted at rest.
    pub encrypted: bool,
    /// Whether equality can be asked of an encrypted column.
    pub blind_index: bool,
    /// Whether it never leaves the core.
    pub secret: bool,
    /// When sessions may write it.
    pub write: Write,
}

/// When sessions may write a column, provided that the policy lets them write the row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Write {
    /// Whenever they write the row.
    #[default]
    Always,
    /// When they insert the row, and never again.
    Once,
    /// Never: the core's own operations and whoever holds the file do.
    Never,
}

/// The type of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Text without NUL characters.
    Text,
    /// An integer within ±(2^53 − 1).
    Integer,
    /// A 64-bit integer.
    BigInt,
    /// A decimal number, stored as a scaled integer.
    Decimal {
        /// All digits, at most 18.
        precision: u32,
        /// The digits after the point.
        scale: u32,
    },
    /// A finite double.
    Real,
    /// True or false.
    Boolean,
    /// A UUID in lower case.
    Uuid,
    /// An RFC 3339 time in UTC with milliseconds.
    Timestamp,
    /// An RFC 3339 full date.
    Date,
    /// A time of day with milliseconds.
    Time,
    /// JSON.
    Json {
        /// What the outermost value must be.
        shape: Shape,
    },
    /// Bytes.
    Blob,
    /// A value of the named enum.
    Enum {
        /// The enum's name.
        name: String,
    },
}

/// What the outermost value of a JSON column must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Anything.
    Any,
    /// An object.
    Object,
    /// An array.
    Array,
}

/// What the core fills in by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Auto {
    /// A new UUIDv7.
    Id,
    /// The time of the insert.
    Created,
    /// The time of the last write.
    Updated,
    /// The person in whose session the row is inserted; empty for programs and the core.
    User,
}

/// The rules for a column's values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Rules {
    /// The least value, or length in characters, bytes or items.
    pub min: Option<Bound>,
    /// The greatest value, or length in characters, bytes or items.
    pub max: Option<Bound>,
    /// The regular expression that a text must match.
    pub pattern: Option<String>,
    /// The named format that a text must have.
    pub format: Option<Format>,
}

/// A bound: whole where lengths and integers are compared.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Bound {
    /// A whole number. For decimals it is scaled as the stored values are.
    Integer(i64),
    /// A double, for columns of type `real`.
    Real(f64),
}

/// A named format of text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// An e-mail address as HTML's `input type=email` takes it.
    Email,
    /// An absolute URL with a host.
    Url,
    /// Lower-case letters and digits in groups joined by single hyphens.
    Slug,
    /// A host name (RFC 1123).
    Hostname,
    /// An IPv4 or IPv6 address.
    Ip,
    /// A semantic version (semver 2.0.0).
    Semver,
    /// A media type such as `image/png`.
    Mime,
    /// A colour such as `#a1b2c3`.
    Color,
    /// An IANA time zone name's form, such as `Europe/Berlin`.
    Timezone,
    /// A phone number in E.164 form.
    Phone,
}

/// A unique key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unique {
    /// The columns, the tenant key first where there is one.
    pub columns: Vec<String>,
    /// Whether two NULLs clash.
    pub nulls_equal: bool,
}

/// A secondary index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    /// The columns, the tenant key first unless the index crosses tenants.
    pub columns: Vec<IndexColumn>,
    /// Whether only the core's own statements use it, without a tenant.
    pub cross_tenant: bool,
}

/// A column of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexColumn {
    /// The column.
    pub name: String,
    /// Whether it is sorted downwards.
    pub descending: bool,
}

/// A reference from one table to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// The referring columns, the tenant key first where both tables carry it.
    pub columns: Vec<String>,
    /// The table referred to.
    pub table: String,
    /// The columns referred to.
    pub to: Vec<String>,
    /// What happens when the row referred to is deleted.
    pub on_delete: OnDelete,
}

/// What happens to a referring row when the row referred to is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// It is deleted too.
    Cascade,
    /// The deletion is refused.
    Restrict,
    /// The reference alone becomes NULL (never the tenant key).
    SetNull,
}

/// A named cross-field rule.
#[derive(Debug, Clone, PartialEq)]
pub struct Check {
    /// The rule's name, unique in the table.
    pub name: String,
    /// What must not be false.
    pub expr: Expr,
}

/// Who may do what with a table's rows. An operation of which nothing is said is denied.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Policy {
    /// Who may read.
    pub read: Option<Grant>,
    /// Who may insert.
    pub insert: Option<Grant>,
    /// Who may update.
    pub update: Option<Grant>,
    /// Who may delete.
    pub delete: Option<Grant>,
}

/// One side of a policy.
#[derive(Debug, Clone, PartialEq)]
pub enum Grant {
    /// Whoever holds one of these roles.
    Roles(Vec<String>),
    /// Whoever the condition holds for.
    When(Expr),
}
