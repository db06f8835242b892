//! A live database of a built-in model, and questions about its schema and rows.

use std::collections::BTreeSet;

use freehold_core::host::FixedHost;
use freehold_core::model::{Column, Kind, Table};
use freehold_core::{Bundle, Database};
use rusqlite::{Connection, MAIN_DB, Params};

/// A copy of a freshly initialised database, open without any rules but SQLite's own.
pub struct Live {
    pub bundle: Bundle,
    pub connection: Connection,
}

/// A document's facts about its schema. Columns are the document's own: where the table belongs to
/// tenants, the tenant key stands before them.
pub struct Facts {
    pub model: &'static str,
    /// The tenants' table and the tenant key.
    pub tenancy: (&'static str, &'static str),
    pub tables: &'static [&'static str],
    /// Tables whose rows belong to no tenant.
    pub global: &'static [&'static str],
    /// `table.column` and the values that the document names.
    pub enums: &'static [(&'static str, &'static [&'static str])],
    pub columns: &'static [(&'static str, &'static [&'static str])],
    pub unique: &'static [(&'static str, &'static [&'static str])],
    pub indexes: &'static [(&'static str, &'static [&'static str])],
    /// Indexes that the core alone uses, without a tenant.
    pub cross_tenant: &'static [(&'static str, &'static [&'static str])],
    /// Referring table and column, the table referred to, and what a deletion there does here.
    pub relations: &'static [(&'static str, &'static str, OnDelete)],
    pub json: &'static [&'static str],
    pub encrypted: &'static [&'static str],
    pub secret: &'static [&'static str],
    pub soft_delete: &'static [&'static str],
    pub migrations: &'static [&'static str],
    /// The rows of the development set, by table.
    pub rows: &'static [(&'static str, usize)],
    /// E-mail, password and role of the people in the development set.
    pub people: &'static [(&'static str, &'static str)],
}

/// What happens to a row when the row it refers to is deleted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OnDelete {
    /// It goes too.
    Cascades,
    /// The deletion is refused.
    Refused,
    /// It stays and forgets the reference.
    Forgets,
}

impl Live {
    pub fn new(model: &str, set: &str) -> Live {
        let bundle = Bundle::builtin(model).unwrap();
        let host = FixedHost::new(1_767_225_600_000, 7);
        let connection = Connection::open_in_memory().unwrap();
        let mut database = Database::open(connection, bundle.clone(), Box::new(host)).unwrap();
        database.init(Some(set), &mut |_| {}).unwrap();
        let image = database.export().unwrap();
        let mut connection = Connection::open_in_memory().unwrap();
        connection.deserialize_read_exact(MAIN_DB, &image[..], image.len(), false).unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        Live { bundle, connection }
    }

    /// The values of the first column.
    pub fn texts(&self, sql: &str, params: impl Params) -> Vec<String> {
        let mut statement = self.connection.prepare(sql).unwrap();
        let rows = statement.query_map(params, |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    pub fn number(&self, sql: &str) -> i64 {
        self.connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    /// The tables, the core's own aside.
    pub fn tables(&self) -> BTreeSet<String> {
        let sql = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE \
                   'sqlite\\_%' ESCAPE '\\' AND name NOT LIKE '\\_freehold\\_%' ESCAPE '\\' AND \
                   name NOT LIKE 'refinery%'";
        self.texts(sql, []).into_iter().collect()
    }

    pub fn columns(&self, table: &str) -> Vec<String> {
        self.texts("SELECT name FROM pragma_table_info(?1) ORDER BY cid", [table])
    }

    pub fn primary_key(&self, table: &str) -> Vec<String> {
        let sql = "SELECT name FROM pragma_table_info(?1) WHERE pk > 0 ORDER BY pk";
        self.texts(sql, [table])
    }

    /// The column lists of the table's indexes, the one of the primary key among them.
    pub fn indexes(&self, table: &str, only_unique: bool) -> Vec<Vec<String>> {
        let sql = "SELECT name FROM pragma_index_list(?1) WHERE \"unique\" >= ?2";
        let columns =
            "SELECT name FROM pragma_index_info(?1) WHERE name IS NOT NULL ORDER BY seqno";
        let names = self.texts(sql, (table, only_unique));
        names.iter().map(|name| self.texts(columns, [name])).collect()
    }

    pub fn has_index(&self, table: &str, columns: &[&str]) -> bool {
        self.primary_key(table).starts_with(&owned(columns))
            || self.indexes(table, false).iter().any(|index| index == columns)
    }

    pub fn has_unique(&self, table: &str, columns: &[&str]) -> bool {
        self.primary_key(table) == columns
            || self.indexes(table, true).iter().any(|index| index == columns)
    }

    /// The tables that a column refers to.
    pub fn refers_to(&self, table: &str, column: &str) -> Vec<String> {
        let sql = "SELECT \"table\" FROM pragma_foreign_key_list(?1) WHERE \"from\" = ?2";
        self.texts(sql, [table, column])
    }

    pub fn table(&self, name: &str) -> &Table {
        self.bundle.model.table(name).unwrap_or_else(|| panic!("no table {name}"))
    }

    /// A column by `table.column`.
    pub fn column(&self, path: &str) -> &Column {
        let (table, column) = path.split_once('.').unwrap();
        self.table(table).column(column).unwrap_or_else(|| panic!("no column {path}"))
    }

    /// The statement that made the table.
    pub fn sql_of(&self, table: &str) -> String {
        self.texts("SELECT sql FROM sqlite_schema WHERE name = ?1", [table]).remove(0)
    }

    /// The `table.column`s that the condition holds for.
    pub fn columns_where(&self, holds: impl Fn(&Column) -> bool) -> BTreeSet<String> {
        let all = self.bundle.model.tables.iter().flat_map(|table| {
            table
                .columns
                .iter()
                .map(move |column| (format!("{}.{}", table.name, column.name), column))
        });
        all.filter(|(_, column)| holds(column)).map(|(path, _)| path).collect()
    }

    pub fn enum_of(&self, path: &str) -> &[String] {
        match &self.column(path).kind {
            Kind::Enum { name } => self.bundle.model.enum_values(name),
            other => panic!("{path} is {other:?}"),
        }
    }
}

pub fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
