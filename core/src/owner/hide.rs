//! Soft deletion: rows that are hidden, and brought back.
//!
//! A table that says `cascade` hides the rows that hang on a hidden one by a cascading reference,
//! where their tables delete softly too, all with the same time. Bringing a row back brings back
//! those of that time; rows that were hidden by themselves before or after stay hidden.

use crate::error::Result;
use crate::host;
use crate::model::{Auto, OnDelete, Reference, Table};
use crate::owner::catalog::Plan;
use crate::owner::read::Current;
use crate::owner::rows::Rows;
use crate::owner::update::Updated;
use crate::owner::write::{not_found, push_rules};
use crate::policy::Rule;
use crate::query::{Key, Sql, push_key};
use crate::value::{Row, SqlValue};

/// Which way `deleted_at` goes.
#[derive(Clone, Copy)]
enum Turn<'t> {
    /// To the time of this write, where it is NULL.
    Hide,
    /// To NULL, where it is this time.
    Show(&'t str),
}

impl Rows<'_> {
    /// Hides the row with a key; whether there was one that the actor may delete.
    pub(super) fn hide(&self, plan: &Plan, key: &Key<'_>) -> Result<bool> {
        let Some(Current { row, .. }) = self.visible(plan, key, false)? else { return Ok(false) };
        let now = host::now(self.host);
        let turn = Turn::Hide;
        if !self.turn(plan, &row, turn, &now, &self.rules(plan).delete)? {
            return Ok(false);
        }
        self.turn_children(plan, &row, turn, &now)?;
        Ok(true)
    }

    /// Brings the hidden row with a key back; the row as it is then. Whoever may delete a row may
    /// bring it back.
    pub(super) fn restore_row(&self, plan: &Plan, key: &Key<'_>) -> Result<Row> {
        let current = self.visible(plan, key, true)?;
        let row = current.ok_or_else(|| not_found(plan, key))?.row;
        if let Some(SqlValue::Text(hidden_at)) = plan.deleted_at.map(|position| &row[position]) {
            let now = host::now(self.host);
            // A hidden row is nobody's to see who may not bring it back.
            let turn = Turn::Show(hidden_at);
            if !self.turn(plan, &row, turn, &now, &self.rules(plan).delete)? {
                return Err(not_found(plan, key));
            }
            self.turn_children(plan, &row, turn, &now)?;
        }
        let row = self.get_row(plan, key)?;
        row.ok_or_else(|| not_found(plan, key))
    }

    /// Turns all rows that hang on a row, however long the chain: not by recursion, since people's
    /// data decides its depth.
    fn turn_children(
        &self,
        plan: &Plan,
        row: &[SqlValue<'_>],
        turn: Turn<'_>,
        now: &str,
    ) -> Result<()> {
        let mut open = self.turn_hanging(plan, row, turn, now)?;
        while let Some((plan, row)) = open.pop() {
            open.extend(self.turn_hanging(plan, &row, turn, now)?);
        }
        Ok(())
    }

    /// Turns the rows that hang on a row directly; those rows.
    fn turn_hanging(
        &self,
        plan: &Plan,
        row: &[SqlValue<'_>],
        turn: Turn<'_>,
        now: &str,
    ) -> Result<Vec<(&Plan, Vec<SqlValue<'static>>)>> {
        let mut hanging = Vec::new();
        let table = self.engine.catalog.table(plan.table())?;
        if !table.soft_delete.is_some_and(|soft_delete| soft_delete.cascade) {
            return Ok(hanging);
        }
        for (child, reference) in children(&self.engine.catalog.model().tables, &table.name) {
            let child = self.engine.catalog.plan(&child.name)?;
            let Some(deleted_at) = child.deleted_at else { continue };
            let fields = child.validator.fields();
            let mut sql = Sql::default();
            sql.push("SELECT ").list(fields, ", ", |sql, field| {
                sql.name(&field.name);
            });
            sql.push(" FROM ").table(child.table());
            sql.push(" WHERE ").name(&fields[deleted_at].name);
            match turn {
                Turn::Hide => sql.push(" IS NULL"),
                Turn::Show(hidden_at) => sql.push(" = ").bind(hidden_at.into()),
            };
            for (own, to) in reference.columns.iter().zip(&reference.to) {
                let Some(position) = plan.validator.position(to) else { continue };
                sql.push(" AND ").name(own).push(" = ").bind(row[position].borrowed());
            }
            for row in self.all(child, &sql)? {
                self.turn(child, &row, turn, now, &Rule::Always)?;
                hanging.push((child, row));
            }
        }
        Ok(hanging)
    }

    /// Sets `deleted_at` and the time of the last write of a row that is stored so, where a rule
    /// lets it; whether it did.
    fn turn(
        &self,
        plan: &Plan,
        row: &[SqlValue<'_>],
        turn: Turn<'_>,
        now: &str,
        rule: &Rule,
    ) -> Result<bool> {
        let fields = plan.validator.fields();
        let is_turned = |at| plan.deleted_at == Some(at) || fields[at].auto == Some(Auto::Updated);
        let mut after: Vec<SqlValue<'_>> = row.iter().map(SqlValue::borrowed).collect();
        for position in (0..fields.len()).filter(|at| is_turned(*at)) {
            after[position] = match turn {
                Turn::Show(_) if plan.deleted_at == Some(position) => SqlValue::Null,
                _ => now.into(),
            };
        }
        let mut sql = Sql::default();
        sql.push("UPDATE ").table(plan.table()).push(" SET ");
        sql.list((0..fields.len()).filter(|at| is_turned(*at)), ", ", |sql, position| {
            sql.name(&fields[position].name).push(" = ").bind(after[position].borrowed());
        });
        let key = Key::of(plan.source(), row);
        push_key(&mut sql, plan.source(), &key, true, &[]);
        push_rules(&mut sql, [rule]);
        let updated = self.execute_update(plan, &sql, &is_turned, row, &after)?;
        Ok(!matches!(updated, Updated::Not))
    }
}

/// The tables whose rows hang on a table's rows, each with the reference that says so.
fn children<'m>(
    tables: &'m [Table],
    parent: &'m str,
) -> impl Iterator<Item = (&'m Table, &'m Reference)> {
    tables.iter().flat_map(move |table| {
        let references = table.references.iter();
        let hanging = references.filter(move |reference| {
            reference.table == parent && reference.on_delete == OnDelete::Cascade
        });
        hanging.map(move |reference| (table, reference))
    })
}
