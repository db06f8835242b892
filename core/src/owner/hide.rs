//! Soft deletion: rows that are hidden, and brought back.
//!
//! A table that says `cascade` hides the rows that hang on a hidden one by a cascading reference,
//! where their tables delete softly too, all with the same time. Bringing a row back brings back
//! those of that time; rows that were hidden by themselves before or after stay hidden.

use crate::error::Result;
use crate::host;
use crate::model::{Auto, OnDelete, Reference, Table};
use crate::owner::catalog::Plan;
use crate::owner::read;
use crate::owner::rows::Rows;
use crate::owner::write::{denied, not_found, push_rules};
use crate::query::{Key, Sql, push_key};
use crate::value::{Row, SqlValue};

/// Which way `deleted_at` goes.
#[derive(Clone, Copy)]
enum Turn<'t> {
    /// To this time, where it is NULL.
    Hide(&'t str),
    /// To NULL, where it is this time.
    Show(&'t str),
}

impl Rows<'_> {
    /// Hides the row with a key; whether there was one that the actor may delete.
    pub(super) fn hide(&self, plan: &Plan, key: &Key<'_>) -> Result<bool> {
        let rules = self.rules(plan);
        let terms = rules.read.terms();
        let Some(row) = read::stored(&self.engine.connection, plan, key, false, terms)? else {
            return Ok(false);
        };
        let now = host::now(self.host);
        let turn = Turn::Hide(&now);
        let mut sql = self.turn_sql(plan, turn, &now);
        push_key(&mut sql, plan.source(), key, false, &[]);
        push_rules(&mut sql, [&rules.delete]);
        if self.execute(plan, &sql, None)? == 0 {
            return Ok(false);
        }
        self.turn_children(plan, &row, turn, &now)?;
        Ok(true)
    }

    /// Brings the hidden row with a key back; the row as it is then. Whoever may delete a row may
    /// bring it back.
    pub(super) fn restore_row(&self, plan: &Plan, key: &Key<'_>) -> Result<Row> {
        let rules = self.rules(plan);
        let terms = rules.read.terms();
        let row = read::stored(&self.engine.connection, plan, key, true, terms)?;
        let mut row = row.ok_or_else(|| not_found(plan, key))?;
        if let Some(position) = plan.deleted_at
            && let SqlValue::Text(hidden_at) = row[position].clone()
        {
            let now = host::now(self.host);
            let turn = Turn::Show(&hidden_at);
            let mut sql = self.turn_sql(plan, turn, &now);
            push_key(&mut sql, plan.source(), key, true, &[]);
            push_rules(&mut sql, [&rules.delete]);
            row[position] = SqlValue::Null;
            if self.execute(plan, &sql, Some(&row))? == 0 {
                return Err(denied(plan, "restore"));
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
            let mut sql = self.turn_sql(child, turn, now);
            sql.push(" WHERE ").name(&child.validator.fields()[deleted_at].name);
            match turn {
                Turn::Hide(_) => sql.push(" IS NULL"),
                Turn::Show(hidden_at) => sql.push(" = ").bind(hidden_at.into()),
            };
            for (own, to) in reference.columns.iter().zip(&reference.to) {
                let Some(position) = plan.validator.position(to) else { continue };
                sql.push(" AND ").name(own).push(" = ").bind(row[position].borrowed());
            }
            sql.push(" RETURNING ").list(child.validator.fields(), ", ", |sql, field| {
                sql.name(&field.name);
            });
            let turned = self.returning(child, &sql)?;
            hanging.extend(turned.into_iter().map(|row| (child, row)));
        }
        Ok(hanging)
    }

    /// `UPDATE` that sets `deleted_at` and the time of the last write.
    fn turn_sql<'q>(&self, plan: &Plan, turn: Turn<'q>, now: &'q str) -> Sql<'q> {
        let mut sql = Sql::default();
        sql.push("UPDATE ").table(plan.table()).push(" SET ");
        let turned = plan.validator.fields().iter().enumerate().filter(|(position, field)| {
            plan.deleted_at == Some(*position) || field.auto == Some(Auto::Updated)
        });
        sql.list(turned, ", ", |sql, (position, field)| {
            let value = match turn {
                _ if plan.deleted_at != Some(position) => now.into(),
                Turn::Hide(now) => now.into(),
                Turn::Show(_) => SqlValue::Null,
            };
            sql.name(&field.name).push(" = ").bind(value);
        });
        sql
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
