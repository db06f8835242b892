//! The physical schema: what tables, indexes, triggers and views a database has.
//!
//! One form for what a model calls for and for what a live database holds, so that the two can be
//! compared. Comparison is about meaning: neither the order of columns and constraints nor the
//! spelling of SQL counts.

use serde::Serialize;

use super::fragment::Fragment;
use super::named::Named;

/// Tables whose name starts so are the core's own, and no part of a schema.
pub const INTERNAL_PREFIX: &str = "_freehold_";

/// The tables, indexes, triggers and views of a database, by name.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Schema {
    /// The tables.
    pub tables: Named<TableSchema>,
    /// The indexes that are not implied by a table's constraints.
    pub indexes: Named<IndexSchema>,
    /// The triggers.
    pub triggers: Named<TriggerSchema>,
    /// The views.
    pub views: Named<ViewSchema>,
    /// What is none of these: virtual tables, and statements that could not be read.
    pub others: Named<OtherSchema>,
}

/// A table.
#[derive(Debug, Clone, Default, Serialize)]
pub struct TableSchema {
    /// The name.
    pub name: String,
    /// "One row is …", where a model says so. No part of comparisons.
    #[serde(skip)]
    pub doc: String,
    /// The place among the tables in the order they are made. No part of comparisons.
    #[serde(skip)]
    pub order: usize,
    /// The columns, in order.
    pub columns: Vec<ColumnSchema>,
    /// The primary key.
    pub primary_key: Option<KeySchema>,
    /// The UNIQUE constraints; unique indexes stand among the indexes.
    pub uniques: Vec<KeySchema>,
    /// The CHECK constraints.
    pub checks: Vec<CheckSchema>,
    /// The foreign keys.
    pub foreign_keys: Vec<ForeignKeySchema>,
    /// Whether the table is STRICT.
    pub strict: bool,
    /// Whether the table is WITHOUT ROWID.
    pub without_rowid: bool,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct ColumnSchema {
    /// The name.
    pub name: String,
    /// The type in upper case; empty where there is none.
    #[serde(rename = "type")]
    pub type_name: String,
    /// Whether NULL is refused; always so for a key's columns where SQLite refuses it there.
    pub not_null: bool,
    /// What NOT NULL does on a conflict, in upper case, if it says so.
    pub not_null_conflict: Option<String>,
    /// The default.
    pub default: Option<Fragment>,
    /// The collation, in upper case.
    pub collate: Option<String>,
    /// How the column is computed, if it is.
    pub generated: Option<Generated>,
}

/// How a generated column is computed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Generated {
    /// The expression.
    pub expr: Fragment,
    /// Whether the value is stored.
    pub stored: bool,
}

/// A primary key or a UNIQUE constraint.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KeySchema {
    /// The columns, in order.
    pub columns: Vec<KeyColumn>,
    /// Whether row ids are never used twice.
    pub autoincrement: bool,
    /// What happens on a conflict, in upper case, if it says so.
    pub conflict: Option<String>,
}

/// A column of a key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct KeyColumn {
    /// The column.
    pub name: String,
    /// The collation, in upper case.
    pub collate: Option<String>,
    /// Whether it is sorted downwards.
    pub descending: bool,
}

/// A CHECK constraint.
#[derive(Debug, Clone, Serialize)]
pub struct CheckSchema {
    /// Its name.
    pub name: Option<String>,
    /// What must not be false.
    pub expr: Fragment,
    /// The column that it is written at. No part of comparisons.
    #[serde(skip)]
    pub column: Option<String>,
}

/// A foreign key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct ForeignKeySchema {
    /// The referring columns.
    pub columns: Vec<String>,
    /// The table referred to.
    pub table: String,
    /// The columns referred to; empty only where they could not be told.
    pub to: Vec<String>,
    /// What happens when the row referred to is deleted.
    pub on_delete: Action,
    /// What happens when the key referred to changes.
    pub on_update: Action,
    /// The MATCH clause's word, in upper case. SQLite ignores it.
    #[serde(rename = "match")]
    pub match_name: Option<String>,
    /// Whether the key is checked only before COMMIT.
    pub deferred: bool,
}

/// What a foreign key does to its row when the row referred to goes or changes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Nothing; the statement fails if the reference then leads nowhere.
    #[default]
    NoAction,
    /// It refuses at once.
    Restrict,
    /// The columns become NULL.
    SetNull,
    /// The columns take their defaults.
    SetDefault,
    /// The row goes or changes along.
    Cascade,
}

/// An index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexSchema {
    /// The name.
    pub name: String,
    /// The table.
    pub table: String,
    /// Whether it is unique.
    pub unique: bool,
    /// What it sorts by.
    pub terms: Vec<IndexTerm>,
    /// Which rows it holds, if not all.
    pub filter: Option<Fragment>,
}

/// What an index sorts by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct IndexTerm {
    /// A column's name or an expression.
    pub expr: Fragment,
    /// The collation, in upper case.
    pub collate: Option<String>,
    /// Whether it is sorted downwards.
    pub descending: bool,
}

/// A trigger.
#[derive(Debug, Clone, Serialize)]
pub struct TriggerSchema {
    /// The name.
    pub name: String,
    /// The table or view.
    pub table: String,
    /// When it runs.
    pub timing: Timing,
    /// What for.
    pub event: Event,
    /// The columns whose update it is for; none means all.
    pub columns: Vec<String>,
    /// Which rows it is for, if not all.
    pub when: Option<Fragment>,
    /// Its statements.
    pub body: Fragment,
    /// The statement that makes it. No part of comparisons.
    #[serde(skip)]
    pub sql: String,
}

/// When a trigger runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Timing {
    /// Before the row changes.
    Before,
    /// After the row has changed.
    After,
    /// Instead of it, on a view.
    InsteadOf,
}

/// What a trigger runs for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Event {
    /// A new row.
    Insert,
    /// A changed row.
    Update,
    /// A deleted row.
    Delete,
}

/// A view.
#[derive(Debug, Clone, Serialize)]
pub struct ViewSchema {
    /// The name.
    pub name: String,
    /// Everything after the name.
    pub body: Fragment,
    /// The place among the views in the order they are made. No part of comparisons.
    #[serde(skip)]
    pub order: usize,
}

/// Something that is kept as its text alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OtherSchema {
    /// `table`, `index`, `trigger` or `view`, as SQLite calls it.
    pub kind: String,
    /// The name.
    pub name: String,
    /// The table that it belongs to.
    pub table: String,
    /// The statement that makes it.
    pub sql: Fragment,
}

impl Schema {
    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&TableSchema> {
        self.tables.get(name)
    }

    /// The tables in the order they are made.
    pub fn ordered_tables(&self) -> Vec<&TableSchema> {
        let mut tables: Vec<&TableSchema> = self.tables.values().collect();
        tables.sort_by_key(|table| table.order);
        tables
    }

    /// The views in the order they are made.
    pub fn ordered_views(&self) -> Vec<&ViewSchema> {
        let mut views: Vec<&ViewSchema> = self.views.values().collect();
        views.sort_by_key(|view| view.order);
        views
    }

    /// Whether it has nothing at all.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
            && self.indexes.is_empty()
            && self.triggers.is_empty()
            && self.views.is_empty()
            && self.others.is_empty()
    }
}

impl TableSchema {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&ColumnSchema> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// The primary key's columns; none where there is no primary key.
    pub fn key_columns(&self) -> Vec<&str> {
        let columns = self.primary_key.iter().flat_map(|key| &key.columns);
        columns.map(|column| column.name.as_str()).collect()
    }
}

impl KeySchema {
    /// A key of these columns, upwards.
    pub fn of(columns: &[String]) -> KeySchema {
        let column = |name: &String| KeyColumn { name: name.clone(), ..KeyColumn::default() };
        KeySchema { columns: columns.iter().map(column).collect(), ..KeySchema::default() }
    }
}

impl IndexTerm {
    /// A column, upwards.
    pub fn column(name: &str) -> IndexTerm {
        let expr = Fragment::new(crate::sql::quote::name(name));
        IndexTerm { expr, collate: None, descending: false }
    }
}

impl PartialEq for TableSchema {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && super::diff::is_same_table(self, other)
    }
}

impl PartialEq for CheckSchema {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.expr == other.expr
    }
}

impl Eq for CheckSchema {}

impl PartialEq for TriggerSchema {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
            && self.table == other.table
            && self.timing == other.timing
            && self.event == other.event
            && self.columns == other.columns
            && self.when == other.when
            && self.body == other.body
    }
}

impl Eq for TriggerSchema {}

impl PartialEq for ViewSchema {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && self.body == other.body
    }
}

impl Eq for ViewSchema {}

impl PartialEq for Schema {
    fn eq(&self, other: &Self) -> bool {
        super::diff(self, other).is_empty()
    }
}
