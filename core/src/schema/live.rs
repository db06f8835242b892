//! Reads the schema of a live database: one query, then parsing.

use rusqlite::Connection;

use super::ddl;
use super::parse::{parse_index, parse_table, parse_trigger, parse_view};
use super::types::*;
use crate::error::Result;

/// The table in which applied migrations are recorded; no part of a schema.
const HISTORY_TABLE: &str = "refinery_schema_history";

impl Schema {
    /// Reads the schema of the connection's main database. Writes nothing.
    ///
    /// SQLite's own tables, the migrations' history and the core's internal tables are left out,
    /// with everything that belongs to them.
    ///
    /// # Errors
    ///
    /// - `not_a_database`, `corrupt`, `locked`, `io`: the file can't be read.
    ///
    /// # Example
    ///
    /// ```no_run
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// use freehold_core::schema::Schema;
    /// let connection = rusqlite::Connection::open_in_memory()?;
    /// connection.execute_batch("CREATE TABLE notes (id TEXT PRIMARY KEY)")?;
    /// let schema = Schema::read(&connection)?;
    /// assert_eq!(schema.tables["notes"].key_columns(), ["id"]);
    /// # Ok(())
    /// # }
    /// ```
    pub fn read(connection: &Connection) -> Result<Schema> {
        let mut schema = Schema::default();
        for_each_object(connection, |kind, name, table, sql| {
            schema.add(kind, name, table, sql);
        })?;
        schema.drop_shadow_tables();
        schema.resolve_names();
        Ok(schema)
    }

    /// Whether the connection's main database was made by the very statements of
    /// [`Schema::create_sql`]. It may have this schema without that; telling so takes reading it.
    ///
    /// # Errors
    ///
    /// - those of [`Schema::read`].
    pub(crate) fn is_written_in(&self, connection: &Connection) -> Result<bool> {
        let (mut is_same, mut count) = (true, 0);
        for_each_object(connection, |kind, name, _, sql| {
            count += 1;
            is_same = is_same && self.object_sql(kind, name).is_some_and(|own| own == sql);
        })?;
        let others = self.views.len() + self.triggers.len() + self.others.len();
        Ok(is_same && count == self.tables.len() + self.indexes.len() + others)
    }

    /// The statement that makes one of its objects.
    fn object_sql(&self, kind: &str, name: &str) -> Option<String> {
        match kind {
            "table" => self.tables.get(name).map(|table| ddl::table_sql(table, name)),
            "index" => self.indexes.get(name).map(ddl::index_sql),
            "view" => self.views.get(name).map(ddl::view_sql),
            _ => self.triggers.get(name).map(|trigger| trigger.sql.clone()),
        }
    }

    /// A virtual table's own tables come and go with it, so they are no part of a schema.
    fn drop_shadow_tables(&mut self) {
        const SUFFIXES: [&str; 12] = [
            "config", "content", "data", "docsize", "idx", "node", "parent", "rowid", "segdir",
            "segments", "stat", "vocab",
        ];
        let virtual_tables = self.others.values().filter(|other| other.kind == "table");
        let shadows = virtual_tables.flat_map(|other| {
            SUFFIXES.iter().map(move |suffix| format!("{}_{suffix}", other.name))
        });
        for name in shadows.collect::<Vec<_>>() {
            if self.tables.remove(&name).is_some() {
                self.indexes.retain(|index| index.table != name);
            }
        }
    }

    fn add(&mut self, kind: &str, name: &str, table: &str, sql: &str) {
        let order = self.tables.len() + self.views.len() + self.others.len();
        let key = name.to_owned();
        let added = match kind {
            "table" => parse_table(sql).map(|table| {
                let columns = table.columns;
                let table = TableSchema { name: key.clone(), order, columns, ..table };
                self.tables.insert(key.clone(), table);
            }),
            "index" => parse_index(sql).map(|index| {
                let table = table.to_owned();
                self.indexes.insert(key.clone(), IndexSchema { name: key.clone(), table, ..index });
            }),
            "trigger" => parse_trigger(sql).map(|trigger| {
                let trigger = TriggerSchema { name: key.clone(), ..trigger };
                self.triggers.insert(key.clone(), trigger);
            }),
            "view" => parse_view(sql, order).map(|view| {
                self.views.insert(key.clone(), ViewSchema { name: key.clone(), ..view });
            }),
            _ => None,
        };
        if added.is_none() {
            let other = OtherSchema {
                kind: kind.to_owned(),
                name: key.clone(),
                table: table.to_owned(),
                sql: super::Fragment::new(sql),
            };
            self.others.insert(key, other);
        }
    }

    /// Writes every name as it is declared, and names the key of references that leave it out.
    fn resolve_names(&mut self) {
        let declared: Vec<(String, Vec<String>, Vec<String>)> = self
            .tables
            .values()
            .map(|table| {
                let columns = table.columns.iter().map(|column| column.name.clone()).collect();
                let key = table.key_columns().into_iter().map(str::to_owned).collect();
                (table.name.clone(), columns, key)
            })
            .collect();
        let find = |name: &str| {
            let exact = declared.binary_search_by(|(known, ..)| known.as_str().cmp(name)).ok();
            let same = || declared.iter().position(|(known, ..)| known.eq_ignore_ascii_case(name));
            exact.or_else(same).map(|at| &declared[at])
        };
        for table in self.tables.values_mut() {
            let columns = find(&table.name).map_or(&[][..], |(_, columns, _)| columns);
            let keys = table.primary_key.iter_mut().chain(&mut table.uniques);
            let names = keys.flat_map(|key| &mut key.columns).map(|column| &mut column.name);
            names.for_each(|name| declare(name, columns));
            for key in &mut table.foreign_keys {
                key.columns.iter_mut().for_each(|name| declare(name, columns));
                let Some((parent, columns, primary_key)) = find(&key.table) else { continue };
                key.table.clone_from(parent);
                if key.to.is_empty() && primary_key.len() == key.columns.len() {
                    key.to.clone_from(primary_key);
                }
                key.to.iter_mut().for_each(|name| declare(name, columns));
            }
        }
        for index in self.indexes.values_mut() {
            index.table = find(&index.table).map_or_else(|| index.table.clone(), |t| t.0.clone());
        }
        for trigger in self.triggers.values_mut() {
            let Some((table, columns, _)) = find(&trigger.table) else { continue };
            trigger.table.clone_from(table);
            trigger.columns.iter_mut().for_each(|name| declare(name, columns));
        }
    }
}

/// Visits what SQL text made: its type, its name, its table's, and that text.
fn for_each_object(
    connection: &Connection,
    mut visit: impl FnMut(&str, &str, &str, &str),
) -> Result<()> {
    let sql = "SELECT type, name, tbl_name, sql FROM main.sqlite_schema
               WHERE sql IS NOT NULL ORDER BY rowid";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let text = |at| row.get_ref(at)?.as_str().map_err(rusqlite::Error::from);
        let (kind, name, table, sql) = (text(0)?, text(1)?, text(2)?, text(3)?);
        if !is_internal(name) && !is_internal(table) {
            visit(kind, name, table, sql);
        }
    }
    Ok(())
}

fn declare(name: &mut String, declared: &[String]) {
    if !declared.contains(name)
        && let Some(known) = declared.iter().find(|known| known.eq_ignore_ascii_case(name))
    {
        name.clone_from(known);
    }
}

fn is_internal(name: &str) -> bool {
    let starts_with = |prefix: &str| {
        name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
    };
    starts_with("sqlite_") || starts_with(INTERNAL_PREFIX) || name == HISTORY_TABLE
}
