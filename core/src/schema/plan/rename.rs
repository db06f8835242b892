//! Which tables and columns are the same under another name.

use std::collections::{BTreeMap, BTreeSet};

use super::effect::Writer;
use crate::schema::diff::{Difference, Place};
use crate::schema::types::*;
use crate::sql::quote;

/// The tables and columns that keep their data under another name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Renames {
    tables: Vec<(String, String)>,
    columns: Vec<ColumnRename>,
}

/// A column's new name; the table is named as it is before the renames.
#[derive(Debug, Clone, PartialEq, Eq)]
struct ColumnRename {
    table: String,
    from: String,
    to: String,
}

impl Renames {
    /// Says that a table has another name.
    pub fn table(&mut self, from: &str, to: &str) {
        self.tables.push((from.to_owned(), to.to_owned()));
    }

    /// Says that a column has another name. The table is named as it was before.
    pub fn column(&mut self, table: &str, from: &str, to: &str) {
        let (table, from, to) = (table.to_owned(), from.to_owned(), to.to_owned());
        self.columns.push(ColumnRename { table, from, to });
    }

    /// The renames, one line each, for people.
    pub fn describe(&self) -> Vec<String> {
        let tables = self.tables.iter().map(|(from, to)| format!("table {from}: renamed to {to}"));
        let columns = self.columns.iter().map(|rename| {
            format!("table {}: column {}: renamed to {}", rename.table, rename.from, rename.to)
        });
        tables.chain(columns).collect()
    }

    /// Whether a difference is one that the renames explain.
    pub fn explain(&self, difference: &Difference) -> bool {
        match &difference.place {
            Place::Table { table } => {
                self.tables.iter().any(|(from, to)| table == from || table == to)
            }
            Place::Column { column, .. } => {
                self.columns.iter().any(|rename| *column == rename.from || *column == rename.to)
            }
            _ => false,
        }
    }

    /// Whether nothing is renamed.
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty() && self.columns.is_empty()
    }

    /// The renames of the way back.
    pub(super) fn reversed(&self) -> Renames {
        let new_table = |name: &String| {
            let found = self.tables.iter().find(|(from, _)| from == name);
            found.map_or(name, |(_, to)| to).clone()
        };
        let columns = self.columns.iter().map(|rename| ColumnRename {
            table: new_table(&rename.table),
            from: rename.to.clone(),
            to: rename.from.clone(),
        });
        Renames {
            tables: self.tables.iter().map(|(from, to)| (to.clone(), from.clone())).collect(),
            columns: columns.collect(),
        }
    }

    /// The renames of what is there on both sides, in an order in which no name is taken when it
    /// is given. A column that is in the way and goes is moved aside first.
    pub(super) fn usable(&self, from: &Schema, to: &Schema) -> Renames {
        let wanted = self.tables.iter().filter(|(old, new)| {
            let is_taken = from.table(new).is_some()
                && to.table(new).is_some()
                && !self.tables.iter().any(|(other, _)| other == new);
            old != new && from.table(old).is_some() && to.table(new).is_some() && !is_taken
        });
        let mut usable = Renames { tables: in_order(wanted.cloned()), columns: Vec::new() };
        for table in from.tables.values() {
            let Some(new) = to.table(usable.new_table(&table.name)) else { continue };
            let mut pairs: Vec<(String, String)> = Vec::new();
            for rename in self.columns.iter().filter(|rename| rename.table == table.name) {
                let exists = table.column(&rename.from).is_some();
                if exists && new.column(&rename.to).is_some() && rename.from != rename.to {
                    pairs.push((rename.from.clone(), rename.to.clone()));
                }
            }
            let leaves = |name: &String| pairs.iter().any(|(from, _)| from == name);
            let in_the_way: Vec<(String, String)> = pairs
                .iter()
                .filter(|(_, name)| table.column(name).is_some() && !leaves(name))
                .map(|(_, name)| (name.clone(), format!("_dropped_{name}")))
                .collect();
            let pairs = in_order(in_the_way.into_iter().chain(pairs));
            let renames = pairs.into_iter().map(|(from, to)| ColumnRename {
                table: table.name.clone(),
                from,
                to,
            });
            usable.columns.extend(renames);
        }
        usable
    }

    /// The table's name after the renames, which are in order.
    fn new_table<'n>(&'n self, name: &'n str) -> &'n str {
        self.tables.iter().fold(name, |name, (from, to)| if from == name { to } else { name })
    }

    /// The table's name before the renames, which are in order.
    pub(super) fn old_table<'n>(&'n self, name: &'n str) -> &'n str {
        self.tables.iter().rev().fold(name, |name, (from, to)| if to == name { from } else { name })
    }

    /// The tables, by their old names, that have a new name or a column with one.
    pub(super) fn touched(&self) -> BTreeSet<String> {
        let columns = self.columns.iter().map(|rename| &rename.table);
        self.tables.iter().map(|(from, _)| from).chain(columns).cloned().collect()
    }

    /// The schema as SQLite's ALTER TABLE … RENAME leaves it. Triggers and views that mention what
    /// is renamed are not looked at: they are dropped before.
    pub(super) fn apply(&self, from: &Schema) -> Schema {
        let mut schema = from.clone();
        for rename in &self.columns {
            rename.apply(&mut schema);
        }
        for (old, new) in &self.tables {
            rename_table(&mut schema, old, new);
        }
        schema
    }

    pub(super) fn write(&self, writer: &mut Writer) {
        let name = |name: &str| quote::name(name);
        for ColumnRename { table, from, to } in &self.columns {
            let (table, from, to) = (name(table), name(from), name(to));
            writer.statement(&format!("ALTER TABLE {table} RENAME COLUMN {from} TO {to}"));
        }
        for (from, to) in &self.tables {
            writer.statement(&format!("ALTER TABLE {} RENAME TO {}", name(from), name(to)));
        }
    }
}

/// The renames in an order in which every new name is free; rings are broken by a name between.
fn in_order(wanted: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut open: BTreeMap<String, String> = wanted.collect();
    let mut ordered = Vec::new();
    while let Some(first) = open.keys().next().cloned() {
        let free =
            open.iter().find(|(_, to)| !open.contains_key(*to)).map(|(from, _)| from.clone());
        let from = free.clone().unwrap_or(first);
        let Some(to) = open.remove(&from) else { break };
        if free.is_some() {
            ordered.push((from, to));
        } else {
            let between = format!("_renamed_{from}");
            ordered.push((from, between.clone()));
            open.insert(between, to);
        }
    }
    ordered
}

impl ColumnRename {
    fn apply(&self, schema: &mut Schema) {
        let rename = |name: &mut String| {
            if *name == self.from {
                name.clone_from(&self.to);
            }
        };
        for table in schema.tables.values_mut() {
            let is_own = table.name == self.table;
            for key in &mut table.foreign_keys {
                if is_own {
                    key.columns.iter_mut().for_each(rename);
                }
                if key.table == self.table {
                    key.to.iter_mut().for_each(rename);
                }
            }
            if is_own {
                self.apply_to_table(table, rename);
            }
        }
        for index in schema.indexes.values_mut().filter(|index| index.table == self.table) {
            let terms = index.terms.iter_mut().map(|term| &mut term.expr);
            for fragment in terms.chain(&mut index.filter) {
                *fragment = fragment.with_column_renamed(&self.from, &self.to);
            }
        }
    }

    fn apply_to_table(&self, table: &mut TableSchema, rename: impl Fn(&mut String)) {
        for column in &mut table.columns {
            rename(&mut column.name);
            if let Some(generated) = &mut column.generated {
                generated.expr = generated.expr.with_column_renamed(&self.from, &self.to);
            }
        }
        for key in table.primary_key.iter_mut().chain(&mut table.uniques) {
            key.columns.iter_mut().for_each(|column| rename(&mut column.name));
        }
        for check in &mut table.checks {
            check.expr = check.expr.with_column_renamed(&self.from, &self.to);
            check.column.iter_mut().for_each(&rename);
        }
    }
}

fn rename_table(schema: &mut Schema, from: &str, to: &str) {
    let Some(mut table) = schema.tables.remove(from) else { return };
    to.clone_into(&mut table.name);
    for check in &mut table.checks {
        check.expr = check.expr.with_table_renamed(from, to);
    }
    schema.tables.insert(to.to_owned(), table);
    let keys = schema.tables.values_mut().flat_map(|table| &mut table.foreign_keys);
    let parents = keys.map(|key| &mut key.table);
    let indexed = schema.indexes.values_mut().map(|index| &mut index.table);
    for name in parents.chain(indexed).filter(|name| *name == from) {
        to.clone_into(name);
    }
}
