//! Rebuilding a table: made anew under another name, filled, and put in the old one's place.

use super::convert;
use super::effect::{Effect, EffectKind, Writer};
use super::implied;
use crate::schema::ddl;
use crate::schema::types::*;
use crate::sql::quote;

/// The new table's name while it is being filled.
fn scratch_name(table: &str) -> String {
    format!("_rebuild_{table}")
}

pub(super) fn write(from: &Schema, old: &TableSchema, new: &TableSchema, writer: &mut Writer) {
    let scratch = scratch_name(&new.name);
    let copy = copied_columns(old, new);
    let mut made = new.clone();
    for check in &mut made.checks {
        check.expr = check.expr.with_table_renamed(&new.name, &scratch);
    }
    let name = quote::name(&new.name);
    writer.comment(&format!("{name} is made anew: SQLite can't change all of this in place."));
    writer.statement(&ddl::table_sql(&made, &scratch));
    for column in &old.columns {
        if new.column(&column.name).is_none() && column.generated.is_none() {
            let message = "dropped with its values";
            writer.effect(Effect::loss(&new.name, Some(&column.name), message));
        }
    }
    writer.effects(copy.iter().flat_map(|column| column.effects.iter().cloned()));
    writer.effects(implied::table_risks(from, old, new, &copy));
    if !copy.is_empty() {
        let names = quote::names(copy.iter().map(|column| column.name));
        let values: Vec<&str> = copy.iter().map(|column| column.sql.as_str()).collect();
        writer.statement(&format!(
            "INSERT INTO {} ({names})\n  SELECT {}\n  FROM {}",
            quote::name(&scratch),
            values.join(", "),
            name
        ));
    }
    let counts = |table: &TableSchema| table.primary_key.as_ref().is_some_and(|k| k.autoincrement);
    if counts(old) && counts(new) {
        let (table, scratch) = (quote::text(&new.name), quote::text(&scratch));
        writer.statement(&format!("DELETE FROM sqlite_sequence WHERE name = {scratch}"));
        writer.statement(&format!(
            "INSERT INTO sqlite_sequence (name, seq)\n  \
             SELECT {scratch}, seq FROM sqlite_sequence WHERE name = {table}"
        ));
    }
    writer.statement(&format!("DROP TABLE {name}"));
    let scratch = quote::name(&scratch);
    writer.statement(&format!("ALTER TABLE {scratch} RENAME TO {name}"));
}

/// A column of the new table that takes a value from the old rows.
pub(super) struct Copied<'t> {
    pub(super) name: &'t str,
    /// The value, over the old table's columns.
    pub(super) sql: String,
    pub(super) effects: Vec<Effect>,
    /// Whether the value is sure to have the form that the column checks.
    pub(super) fits: bool,
}

fn copied_columns<'t>(old: &TableSchema, new: &'t TableSchema) -> Vec<Copied<'t>> {
    let settable = new.columns.iter().filter(|column| column.generated.is_none());
    settable.filter_map(|column| copied_column(old, new, column)).collect()
}

/// None where the column's default, or NULL, is right.
fn copied_column<'t>(
    old: &TableSchema,
    new: &TableSchema,
    column: &'t ColumnSchema,
) -> Option<Copied<'t>> {
    let name = quote::name(&column.name);
    let Some(source) = old.column(&column.name) else {
        if column.default.is_some() || !column.not_null {
            return None;
        }
        let message = "replace the NULL by what existing rows get";
        let needed = Effect::new(EffectKind::NeedsValue, &new.name, Some(&column.name), message);
        let sql = format!("NULL /* {name} */");
        return Some(Copied { name: &column.name, sql, effects: vec![needed], fits: true });
    };
    let converted = convert::convert(old, source, new, column);
    let mut effects: Vec<Effect> = Vec::new();
    if let Some(message) = converted.loses {
        effects.push(Effect::loss(&new.name, Some(&column.name), message));
    }
    if let Some(message) = converted.may_fail {
        effects.push(Effect::risk(&new.name, Some(&column.name), message));
    }
    let mut sql = converted.sql;
    if column.not_null && !source.not_null {
        match &column.default {
            Some(default) => sql = format!("coalesce({sql}, {})", ddl::default_sql(default)),
            None => effects.push(implied::null_risk(&new.name, &column.name)),
        }
    }
    Some(Copied { name: &column.name, sql, effects, fits: converted.fits })
}
