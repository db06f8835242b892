//! Altering a table in place.

use super::effect::{Effect, Writer};
use super::implied;
use crate::schema::ddl;
use crate::schema::types::*;
use crate::sql::quote;

/// The statements that alter one table, in the order in which they are written.
#[derive(Default)]
pub(super) struct Alteration<'t> {
    /// The table as it was.
    pub(super) old: Option<&'t TableSchema>,
    /// The names of the checks that go.
    pub(super) dropped_checks: Vec<&'t str>,
    /// The columns that go.
    pub(super) dropped: Vec<&'t ColumnSchema>,
    /// The columns that come.
    pub(super) added: Vec<&'t ColumnSchema>,
    /// The checks that come with a column, and with which of those added.
    pub(super) column_checks: Vec<(usize, &'t CheckSchema)>,
    /// The foreign keys that come, each with a column added.
    pub(super) foreign_keys: Vec<&'t ForeignKeySchema>,
    /// The columns that become required (true) or optional (false).
    pub(super) nullability: Vec<(&'t ColumnSchema, bool)>,
    /// The checks that come by themselves.
    pub(super) added_checks: Vec<&'t CheckSchema>,
}

impl Alteration<'_> {
    pub(super) fn is_empty(&self) -> bool {
        self.dropped_checks.is_empty()
            && self.dropped.is_empty()
            && self.added.is_empty()
            && self.nullability.is_empty()
            && self.added_checks.is_empty()
    }

    /// Whether triggers and views that mention the table have to go meanwhile: where a column
    /// goes, and where rows are updated, so that no trigger runs.
    pub(super) fn touches(&self) -> bool {
        let fills =
            |(column, required): &(&ColumnSchema, bool)| *required && column.default.is_some();
        !self.dropped.is_empty() || self.nullability.iter().any(fills)
    }

    pub(super) fn write(&self, new: &TableSchema, writer: &mut Writer) {
        let Some(old) = self.old else { return };
        let table = quote::name(&new.name);
        for name in &self.dropped_checks {
            writer.statement(&format!("ALTER TABLE {table} DROP CONSTRAINT {}", quote::name(name)));
        }
        for column in &self.dropped {
            if column.generated.is_none() {
                let message = "dropped with its values";
                writer.effect(Effect::loss(&new.name, Some(&column.name), message));
            }
            let name = quote::name(&column.name);
            writer.statement(&format!("ALTER TABLE {table} DROP COLUMN {name}"));
        }
        for (at, column) in self.added.iter().enumerate() {
            self.write_added(at, column, old, new, writer);
        }
        for (column, required) in &self.nullability {
            write_nullability(old, new, column, *required, writer);
        }
        for check in &self.added_checks {
            writer.effects(implied::check_risk(old, new, check));
            writer.statement(&format!("ALTER TABLE {table} ADD {}", ddl::check_sql(check)));
        }
    }

    fn write_added(
        &self,
        at: usize,
        column: &ColumnSchema,
        old: &TableSchema,
        new: &TableSchema,
        writer: &mut Writer,
    ) {
        let own = self.column_checks.iter().filter(|(place, _)| *place == at);
        let checks: Vec<&CheckSchema> = own.map(|(_, check)| *check).collect();
        for check in &checks {
            writer.effects(implied::check_risk(old, new, check));
        }
        let mut sql = ddl::column_sql(column);
        let keys = self.foreign_keys.iter().filter(|key| key.columns == [column.name.as_str()]);
        for key in keys {
            sql.push_str(&format!("\n    {}", ddl::references_sql(key)));
        }
        for check in checks {
            sql.push_str(&format!("\n    {}", ddl::check_sql(check)));
        }
        writer.statement(&format!("ALTER TABLE {} ADD COLUMN {sql}", quote::name(&new.name)));
    }
}

fn write_nullability(
    old: &TableSchema,
    new: &TableSchema,
    column: &ColumnSchema,
    required: bool,
    writer: &mut Writer,
) {
    let (table, name) = (quote::name(&new.name), quote::name(&column.name));
    if !required {
        writer.statement(&format!("ALTER TABLE {table} ALTER COLUMN {name} DROP NOT NULL"));
        return;
    }
    match old.column(&column.name).and(column.default.as_ref()) {
        Some(default) => {
            let default = ddl::default_sql(default);
            let update = format!("UPDATE {table} SET {name} = {default} WHERE {name} IS NULL");
            writer.statement(&update);
        }
        None => writer.effect(implied::null_risk(&new.name, &column.name)),
    }
    writer.statement(&format!("ALTER TABLE {table} ALTER COLUMN {name} SET NOT NULL"));
}
