//! What the file's tables are like, as far as capture hangs on it: what a deletion reaches, whether
//! rows are stored as they are handed over, and which triggers stand.
//!
//! A typed write notes its own row itself. What else it changes, it changes by foreign keys and by
//! the model's triggers that empty references: triggers of ours stand for that, made before the
//! first deletion that reaches so far. Where the file has anything else that could change a row,
//! triggers stand for everything.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;

use super::shape::operation::{DELETE, GOING, INSERT, NULLED, UPDATE};
use super::shape::{self, LiveTable, Recorded};
use crate::error::Result;
use crate::model::{Model, OnDelete};
use crate::schema::{Schema, storage_type};

/// What is known of a schema.
pub(super) struct Layout {
    /// SQLite's count of the changes of the schema, as of when this was read.
    pub(super) version: i64,
    /// The tables that are recorded, by position in the model.
    pub(super) tables: Arc<Vec<Option<Recorded>>>,
    /// Whether a write does to its row what it says, and to others what `links` say.
    pub(super) is_plain: bool,
    links: Vec<Link>,
    /// For each table of the model: the columns that become NULL with the row that they refer to.
    pub(super) nulled: Vec<Vec<String>>,
    /// For each table of the model: a bit for each operation whose trigger stands.
    standing: Vec<u8>,
    /// Whether triggers were made or dropped in the open transaction: undoing it undoes that.
    pub(super) is_new: bool,
}

/// What deleting a row does to rows that refer to it.
#[derive(Debug, PartialEq, Eq)]
struct Link {
    parent: String,
    child: String,
    /// The columns that become NULL; None where the rows go too.
    nulled: Option<Vec<String>>,
}

/// The bit that says of a table that triggers stand for all that deleting its rows reaches.
const REACHED: i64 = 0;

/// A trigger: the table's position in the model, and the operation.
pub(super) type Wanted = (usize, i64);

impl Layout {
    /// Looks at the schema. No trigger of ours may stand.
    pub(super) fn read(connection: &Connection, model: &Model) -> Result<Layout> {
        let live = live_columns(connection)?;
        let (mut links, keys_are_plain) = foreign_keys(connection)?;
        let nulling = model.tables.iter().flat_map(|table| {
            let references = table.references.iter();
            let nulling = references.filter(|reference| reference.on_delete == OnDelete::SetNull);
            nulling.map(|reference| Link {
                parent: reference.table.clone(),
                child: table.name.clone(),
                nulled: Some(reference.columns.clone()),
            })
        });
        links.extend(nulling);
        let nulled = model.tables.iter().map(|table| {
            let own = links.iter().filter(|link| link.child.eq_ignore_ascii_case(&table.name));
            let mut columns: Vec<String> =
                own.filter_map(|link| link.nulled.as_ref()).flatten().cloned().collect();
            columns.sort_unstable();
            columns.dedup();
            columns
        });
        Ok(Layout {
            version: super::triggers::schema_version(connection)?,
            tables: Arc::new(shape::recorded(model, &live)),
            is_plain: keys_are_plain
                && has_the_models_columns(model, &live)
                && changes_rows_by_the_models_triggers_alone(connection, model)?,
            nulled: nulled.collect(),
            links,
            standing: vec![0; model.tables.len()],
            is_new: false,
        })
    }

    /// Whether a table's trigger for an operation stands.
    pub(super) fn stands(&self, (table, operation): Wanted) -> bool {
        self.standing[table] & 1 << operation != 0
    }

    /// Notes that a trigger stands.
    pub(super) fn set_standing(&mut self, (table, operation): Wanted) {
        self.standing[table] |= 1 << operation;
    }

    /// Notes that a trigger stands no longer.
    pub(super) fn unset_standing(&mut self, (table, operation): Wanted) {
        self.standing[table] &= !(1 << operation);
    }

    /// All triggers of all tables.
    pub(super) fn all(&self) -> Vec<Wanted> {
        let mut wanted = Vec::new();
        for (table, recorded) in self.tables.iter().enumerate() {
            let Some(recorded) = recorded else { continue };
            wanted.extend([INSERT, UPDATE, DELETE].map(|operation| (table, operation)));
            wanted.extend(recorded.is_root.then_some((table, GOING)));
        }
        wanted
    }

    /// Whether triggers stand for all rows that deleting one of a table reaches.
    pub(super) fn is_reached(&self, table: usize) -> bool {
        self.stands((table, REACHED))
    }

    /// Notes that they do.
    pub(super) fn set_reached(&mut self, table: usize) {
        self.set_standing((table, REACHED));
    }

    /// The triggers for all rows that deleting one of a table reaches, and for that of a tenant.
    pub(super) fn reach(&self, model: &Model, table: usize) -> Vec<Wanted> {
        let position = |name: &str| {
            let mut tables = model.tables.iter();
            tables.position(|table| table.name.eq_ignore_ascii_case(name))
        };
        let mut wanted = Vec::new();
        if self.tables[table].as_ref().is_some_and(|recorded| recorded.is_root) {
            wanted.extend([(table, GOING), (table, DELETE)]);
        }
        let mut gone = vec![model.tables[table].name.as_str()];
        let mut next = 0;
        while let Some(parent) = gone.get(next).copied() {
            next += 1;
            let hanging = self.links.iter().filter(|link| link.parent.eq_ignore_ascii_case(parent));
            for link in hanging {
                let operation = if link.nulled.is_some() { NULLED } else { DELETE };
                wanted.extend(position(&link.child).map(|child| (child, operation)));
                let is_known = gone.iter().any(|name| name.eq_ignore_ascii_case(&link.child));
                if operation == DELETE && !is_known {
                    gone.push(&link.child);
                }
            }
        }
        // What isn't recorded needs no trigger.
        wanted.retain(|(table, _)| self.tables[*table].is_some());
        wanted
    }
}

/// A file may be at an older version than the model, or have been changed by hand.
fn live_columns(connection: &Connection) -> Result<HashMap<String, LiveTable>> {
    let sql = "SELECT t.name, t.wr = 0, c.name, iif(c.hidden = 0, upper(c.type), 'computed')
               FROM pragma_table_list t, pragma_table_xinfo(t.name, 'main') c
               WHERE t.schema = 'main' AND t.type = 'table'
               AND t.name NOT LIKE '\\_freehold\\_%' ESCAPE '\\'";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut tables: HashMap<String, LiveTable> = HashMap::new();
    while let Some(row) = rows.next()? {
        let name: String = row.get(0)?;
        let table = tables.entry(name).or_default();
        table.rowid = row.get(1)?;
        table.columns.push((row.get(2)?, row.get(3)?));
    }
    Ok(tables)
}

/// Whether every table has row ids and columns as the model says, each with its type: then what is
/// handed over is stored as it is.
fn has_the_models_columns(model: &Model, live: &HashMap<String, LiveTable>) -> bool {
    model.tables.iter().all(|table| {
        let Some(live) = live.get(&table.name) else { return false };
        live.rowid == table.rowid
            && table.columns.iter().all(|column| {
                let mut same = live.columns.iter().filter(|(name, _)| *name == column.name);
                same.next().is_some_and(|(_, type_name)| type_name == storage_type(column))
            })
    })
}

/// What foreign keys do when rows go, and whether they do nothing when keys change.
fn foreign_keys(connection: &Connection) -> Result<(Vec<Link>, bool)> {
    let sql = "SELECT m.name, k.\"table\", k.id, k.\"from\", k.on_delete, k.on_update
               FROM main.sqlite_schema m, pragma_foreign_key_list(m.name, 'main') k
               WHERE m.type = 'table' ORDER BY m.name, k.id";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let (mut links, mut is_plain, mut last): (Vec<Link>, _, _) = (Vec::new(), true, None);
    while let Some(row) = rows.next()? {
        let text = |at| row.get::<_, String>(at);
        let (child, id): (_, i64) = (text(0)?, row.get(2)?);
        let (on_delete, on_update) = (text(4)?, text(5)?);
        is_plain &= matches!(on_update.as_str(), "NO ACTION" | "RESTRICT");
        let nulls = match on_delete.as_str() {
            "CASCADE" => false,
            "SET NULL" | "SET DEFAULT" => true,
            _ => continue,
        };
        let key = Some((child.clone(), id));
        if last == key {
            // The next column of the same key.
            let nulled = links.last_mut().and_then(|link| link.nulled.as_mut());
            nulled.into_iter().try_for_each(|nulled| text(3).map(|name| nulled.push(name)))?;
            continue;
        }
        last = key;
        let nulled = nulls.then(|| text(3).map(|name| vec![name])).transpose()?;
        links.push(Link { parent: text(1)?, child, nulled });
    }
    Ok((links, is_plain))
}

/// Whether nothing changes rows behind a write but the model's own triggers: no other trigger, no
/// constraint that replaces, and no column that takes different values for equal.
fn changes_rows_by_the_models_triggers_alone(
    connection: &Connection,
    model: &Model,
) -> Result<bool> {
    let sql = "SELECT type, sql FROM main.sqlite_schema
               WHERE type = 'trigger' OR sql LIKE '%CONFLICT%REPLACE%' OR sql LIKE '%COLLATE%'
               UNION ALL SELECT 'temp', '' FROM temp.sqlite_schema WHERE type = 'trigger'";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut triggers: Vec<String> = Vec::new();
    while let Some(row) = rows.next()? {
        if row.get_ref(0)?.as_bytes().ok() != Some(b"trigger") {
            return Ok(false);
        }
        triggers.push(row.get(1)?);
    }
    Ok(triggers.is_empty() || Schema::calls_for_triggers(model, &triggers))
}
