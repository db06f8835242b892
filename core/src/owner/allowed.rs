//! What a write of a session has to pass besides the rules that its statement carries.

use crate::error::Result;
use crate::model::Write;
use crate::owner::catalog::Plan;
use crate::owner::constraint::unknown_references;
use crate::owner::rows::Rows;
use crate::owner::update::row_after;
use crate::owner::write::{denied, refused};
use crate::policy::TableRules;
use crate::validate::PreparedChanges;
use crate::value::{Row, SqlValue};

fn may_write(write: Write, inserting: bool) -> bool {
    match write {
        Write::Always => true,
        Write::Once => inserting,
        Write::Never => false,
    }
}

impl Rows<'_> {
    /// Refuses values for what sessions don't write: secrets, keys that span tenants, and columns
    /// of which the model says so.
    pub(super) fn check_written(
        &self,
        plan: &Plan,
        rules: &TableRules,
        row: &Row,
        inserting: bool,
    ) -> Result<()> {
        if self.own_columns {
            return Ok(());
        }
        let is_global = |name: &String| rules.global_keys.contains(name);
        // A row can't be made at all without its keys.
        let needed = |name: &String| inserting && !is_auto(plan, name);
        let allowed = self.is_writable(plan, row, inserting) && !row.keys().any(is_global);
        match !allowed || rules.global_keys.iter().any(needed) {
            true => Err(denied(plan, if inserting { "insert" } else { "update" })),
            false => Ok(()),
        }
    }

    /// Whether a row has nothing that only the core or the system sets, apart from keys.
    fn is_writable(&self, plan: &Plan, row: &Row, inserting: bool) -> bool {
        let fields = plan.validator.fields();
        let is_system = self.rules.is_some_and(|rules| rules.rights().system);
        // Rows mostly come in the table's order.
        let mut next = 0;
        let mut is_own = |name: &String| {
            let position = plan.validator.position_near(name, next);
            next = position.map_or(next, |position| position + 1);
            position.map(|position| &fields[position]).is_some_and(|field| {
                field.secret || !is_system && !may_write(field.write, inserting)
            })
        };
        // Hiding a row is deleting it, which another rule is about.
        let hides = plan.deleted_at.is_some_and(|position| {
            row.get(&fields[position].name).is_some_and(|value| !value.is_null())
        });
        !hides && !row.keys().any(&mut is_own)
    }

    /// Refuses what sessions don't write, in a row to which the core adds its own columns.
    pub(crate) fn check_given(&self, table: &str, row: &Row) -> Result<()> {
        let plan = self.engine.catalog.plan(table)?;
        let is_global = |name: &String| self.rules(plan).global_keys.contains(name);
        match row.keys().any(is_global) || !self.is_writable(plan, row, true) {
            true => Err(denied(plan, "insert")),
            false => Ok(()),
        }
    }

    /// Refuses references to rows that the actor can't see, as if there were none.
    pub(super) fn check_references(
        &self,
        plan: &Plan,
        values: &[SqlValue<'_>],
        changed: impl Fn(&str) -> bool,
    ) -> Result<()> {
        let Some(rules) = self.rules else { return Ok(()) };
        let table = &self.engine.catalog.model().tables[plan.number];
        let table_rules = self.rules(plan);
        let mut unseen = self.unseen(rules, table_rules, table, plan, values);
        unseen.retain(|(reference, _)| reference.columns.iter().any(|column| changed(column)));
        let issues = unknown_references(self, table, plan, values, |reference| {
            unseen.iter().any(|(unseen, _)| std::ptr::eq(*unseen, reference))
        })?;
        if !issues.is_empty() {
            return Err(refused(plan, issues));
        }
        self.note_seen(rules, table_rules, &unseen);
        Ok(())
    }

    pub(super) fn check_changed_references(
        &self,
        plan: &Plan,
        current: &[SqlValue<'_>],
        changes: &PreparedChanges<'_>,
    ) -> Result<()> {
        match self.changes_guarded(plan, changes) {
            true => {
                let fields = plan.validator.fields();
                let changed = |column: &str| {
                    changes.values.iter().any(|(position, _)| fields[*position].name == column)
                };
                self.check_references(plan, &row_after(current, changes), changed)
            }
            false => Ok(()),
        }
    }

    /// Whether changes are about references that have to be looked up.
    pub(super) fn changes_guarded(&self, plan: &Plan, changes: &PreparedChanges<'_>) -> bool {
        let Some(rules) = self.rules else { return false };
        let is_changed = |at: &usize| changes.values.iter().any(|(position, _)| position == at);
        rules.guarded(plan.number).iter().any(|to| to.columns_at.iter().any(is_changed))
    }
}

fn is_auto(plan: &Plan, column: &str) -> bool {
    let position = plan.validator.position(column);
    position.is_some_and(|position| plan.validator.fields()[position].auto.is_some())
}
