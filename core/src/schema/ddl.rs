//! Writes a schema as SQL that people like to read.

use super::fragment::Fragment;
use super::types::*;
use crate::sql::quote;

impl Schema {
    /// The statements that make everything, each with its semicolon: tables in their order, then
    /// indexes, views and triggers. A comment above a table says what one row is.
    ///
    /// On an empty database they give exactly this schema.
    pub fn create_sql(&self) -> Vec<String> {
        let tables = self.ordered_tables();
        let mut statements: Vec<String> = tables
            .iter()
            .map(|table| {
                let comment = match table.doc.is_empty() {
                    true => String::new(),
                    false => format!("-- {}\n", one_line(&table.doc)),
                };
                format!("{comment}{};", table_sql(table, &table.name))
            })
            .collect();
        let others = |kind: &'static str| {
            self.others
                .values()
                .filter(move |other| other.kind == kind)
                .map(|other| format!("{};", other.sql))
        };
        statements.extend(others("table"));
        for table in tables {
            let own = self.indexes.values().filter(|index| index.table == table.name);
            statements.extend(own.map(|index| format!("{};", index_sql(index))));
        }
        statements.extend(others("index"));
        statements
            .extend(self.ordered_views().into_iter().map(|view| format!("{};", view_sql(view))));
        statements.extend(others("view"));
        statements.extend(self.triggers.values().map(|trigger| format!("{};", trigger.sql)));
        statements.extend(others("trigger"));
        statements
    }

    /// The statements that drop everything, each with its semicolon: what [`Schema::create_sql`]
    /// makes, in the opposite order. They are meant to run with foreign keys off.
    pub fn drop_sql(&self) -> Vec<String> {
        let drop = |kind: &str, name: &str| format!("DROP {kind} {};", quote::name(name));
        let mut statements: Vec<String> = Vec::new();
        statements.extend(self.triggers.keys().map(|name| drop("TRIGGER", name)));
        let views = self.ordered_views();
        statements.extend(views.into_iter().rev().map(|view| drop("VIEW", &view.name)));
        for other in self.others.values().filter(|other| other.kind != "index") {
            statements.push(drop(&other.kind.to_ascii_uppercase(), &other.name));
        }
        let tables = self.ordered_tables();
        statements.extend(tables.into_iter().rev().map(|table| drop("TABLE", &table.name)));
        statements
    }
}

/// The text on one line.
pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// CREATE TABLE under the given name, without the semicolon.
pub(super) fn table_sql(table: &TableSchema, name: &str) -> String {
    let mut sql = String::with_capacity(128 * (table.columns.len() + 1));
    sql.push_str("CREATE TABLE ");
    quote::push_name(&mut sql, name);
    let mut mark = " (\n  ";
    let mut begin_line = |sql: &mut String| {
        sql.push_str(mark);
        mark = ",\n  ";
    };
    for column in &table.columns {
        begin_line(&mut sql);
        push_column(&mut sql, column);
        let is_its = |check: &&CheckSchema| check.column.as_deref() == Some(&column.name);
        for check in table.checks.iter().filter(is_its) {
            sql.push_str("\n    ");
            push_check(&mut sql, check);
        }
    }
    let is_loose = |check: &&CheckSchema| {
        check.column.as_deref().is_none_or(|column| table.column(column).is_none())
    };
    let keys = table.primary_key.iter().map(|key| key_sql("PRIMARY KEY", key));
    let uniques = table.uniques.iter().map(|key| key_sql("UNIQUE", key));
    let references = table.foreign_keys.iter().map(foreign_key_sql);
    let checks = table.checks.iter().filter(is_loose).map(check_sql);
    for line in keys.chain(uniques).chain(references).chain(checks) {
        begin_line(&mut sql);
        sql.push_str(&line);
    }
    sql.push_str("\n)");
    sql.push_str(match (table.strict, table.without_rowid) {
        (true, true) => " STRICT, WITHOUT ROWID",
        (true, false) => " STRICT",
        (false, true) => " WITHOUT ROWID",
        (false, false) => "",
    });
    sql
}

/// A column without its constraints.
pub(super) fn column_sql(column: &ColumnSchema) -> String {
    let mut sql = String::new();
    push_column(&mut sql, column);
    sql
}

fn push_column(sql: &mut String, column: &ColumnSchema) {
    quote::push_name(sql, &column.name);
    if !column.type_name.is_empty() {
        sql.push(' ');
        sql.push_str(&column.type_name);
    }
    if column.not_null {
        sql.push_str(" NOT NULL");
        sql.push_str(&conflict_sql(column.not_null_conflict.as_deref()));
    }
    if let Some(default) = &column.default {
        sql.push_str(" DEFAULT ");
        sql.push_str(&default_sql(default));
    }
    if let Some(collate) = &column.collate {
        sql.push_str(&collate_sql(Some(collate)));
    }
    if let Some(generated) = &column.generated {
        let stored = if generated.stored { "STORED" } else { "VIRTUAL" };
        sql.push_str(&format!(" GENERATED ALWAYS AS ({}) {stored}", generated.expr));
    }
}

pub(super) fn check_sql(check: &CheckSchema) -> String {
    let mut sql = String::new();
    push_check(&mut sql, check);
    sql
}

fn push_check(sql: &mut String, check: &CheckSchema) {
    if let Some(name) = &check.name {
        sql.push_str("CONSTRAINT ");
        quote::push_name(sql, name);
        sql.push(' ');
    }
    sql.push_str("CHECK (");
    sql.push_str(check.expr.text());
    sql.push(')');
}

/// A literal stands as it is, any other expression in parentheses.
pub(super) fn default_sql(default: &Fragment) -> String {
    let words = crate::sql::tokens(default.text()).flatten().count();
    let signed = default.text().starts_with(['+', '-']);
    match words {
        1 => default.to_string(),
        2 if signed => default.to_string(),
        _ => format!("({default})"),
    }
}

fn collate_sql(collate: Option<&str>) -> String {
    collate.map(|name| format!(" COLLATE {}", collation_name(name))).unwrap_or_default()
}

fn collation_name(name: &str) -> String {
    let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if plain && !quote::is_reserved(name) { name.to_owned() } else { quote::name(name) }
}

fn conflict_sql(conflict: Option<&str>) -> String {
    conflict.map(|word| format!(" ON CONFLICT {word}")).unwrap_or_default()
}

fn key_sql(what: &str, key: &KeySchema) -> String {
    format!("{what} {}", key_columns_sql(key))
}

/// A key's columns in parentheses, and what follows them.
pub(super) fn key_columns_sql(key: &KeySchema) -> String {
    let columns: Vec<String> = key
        .columns
        .iter()
        .map(|column| {
            let direction = if column.descending { " DESC" } else { "" };
            let collate = collate_sql(column.collate.as_deref());
            format!("{}{collate}{direction}", quote::name(&column.name))
        })
        .collect();
    let autoincrement = if key.autoincrement { " AUTOINCREMENT" } else { "" };
    let conflict = conflict_sql(key.conflict.as_deref());
    format!("({}{autoincrement}){conflict}", columns.join(", "))
}

fn foreign_key_sql(key: &ForeignKeySchema) -> String {
    format!("FOREIGN KEY ({}) {}", quote::names(&key.columns), references_sql(key))
}

/// `REFERENCES` and what follows it.
pub(super) fn references_sql(key: &ForeignKeySchema) -> String {
    let mut sql = format!("REFERENCES {}", quote::name(&key.table));
    if !key.to.is_empty() {
        sql.push_str(&format!(" ({})", quote::names(&key.to)));
    }
    for (event, action) in [("DELETE", key.on_delete), ("UPDATE", key.on_update)] {
        let action = match action {
            Action::NoAction => continue,
            Action::Restrict => "RESTRICT",
            Action::SetNull => "SET NULL",
            Action::SetDefault => "SET DEFAULT",
            Action::Cascade => "CASCADE",
        };
        sql.push_str(&format!(" ON {event} {action}"));
    }
    if let Some(name) = &key.match_name {
        sql.push_str(&format!(" MATCH {name}"));
    }
    if key.deferred {
        sql.push_str(" DEFERRABLE INITIALLY DEFERRED");
    }
    sql
}

/// CREATE INDEX, without the semicolon.
pub(super) fn index_sql(index: &IndexSchema) -> String {
    let terms: Vec<String> = index
        .terms
        .iter()
        .map(|term| {
            let direction = if term.descending { " DESC" } else { "" };
            format!("{}{}{direction}", term.expr, collate_sql(term.collate.as_deref()))
        })
        .collect();
    let unique = if index.unique { "UNIQUE " } else { "" };
    let filter = index.filter.as_ref().map(|f| format!("\nWHERE {f}")).unwrap_or_default();
    format!(
        "CREATE {unique}INDEX {}\nON {} ({}){filter}",
        quote::name(&index.name),
        quote::name(&index.table),
        terms.join(", ")
    )
}

/// CREATE VIEW, without the semicolon.
pub(super) fn view_sql(view: &ViewSchema) -> String {
    format!("CREATE VIEW {} {}", quote::name(&view.name), view.body)
}
