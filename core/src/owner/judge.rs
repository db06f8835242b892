//! Judging rows by rules before a statement touches them.
//!
//! A rule that looks rows up (memberships, shares) costs more than the write itself, and says the
//! same of every row of a project. So it is asked once of the values that it looks at, and again
//! when a row that it looks up was written. All of it happens in the write's own transaction.

use crate::error::Result;
use crate::model::{Reference, Table, Template};
use crate::owner::catalog::Plan;
use crate::owner::read::first;
use crate::owner::rows::Rows;
use crate::owner::write::{denied, not_found};
use crate::policy::{Rule, Rules, TableRules};
use crate::query::{Key, Sql, push_key};
use crate::value::SqlValue;

impl Rows<'_> {
    /// Whether a rule lets a row through. `value_at` gives the row's values by position.
    pub(super) fn passes<'v>(
        &self,
        plan: &Plan,
        rule: &Rule,
        value_at: &dyn Fn(usize) -> Option<&'v SqlValue<'v>>,
    ) -> Result<bool> {
        let condition = match rule {
            Rule::Always => return Ok(true),
            Rule::Never => return Ok(false),
            Rule::When(condition) => condition,
        };
        let values = condition.columns.iter().map(|name| {
            let position = plan.validator.position(name);
            position.and_then(value_at).unwrap_or(&SqlValue::Null)
        });
        let values: Vec<&SqlValue<'_>> = values.collect();
        let generation = self.engine.recorder.generation();
        let is_stale = |since| self.is_written_since(&condition.reads, since);
        if let Some(verdict) = condition.verdicts.get(generation, is_stale, &values) {
            return Ok(verdict);
        }
        let mut sql = Sql::default();
        sql.push("SELECT 1 FROM (SELECT 1");
        for (name, value) in condition.columns.iter().zip(&values) {
            sql.push(", ").bind(value.borrowed()).push(" AS ").name(name);
        }
        sql.push(") WHERE ").term(&condition.term);
        let verdict = first(&self.engine.connection, &sql, 1)?.is_some();
        if condition.reads.iter().all(|name| self.is_captured(name)) {
            condition.verdicts.put(&values, verdict);
        }
        Ok(verdict)
    }

    /// The rules that a statement on the row with a key still has to carry: none where they were
    /// judged here already.
    ///
    /// # Errors
    ///
    /// - `not_found`: the actor sees no such row
    /// - `denied`: they see it, and may not do this
    pub(super) fn judged<'r>(
        &self,
        plan: &Plan,
        rules: &'r TableRules,
        rule: &'r Rule,
        key: &Key<'_>,
        operation: &'static str,
    ) -> Result<Vec<&'r Rule>> {
        if !rules.read.looks_up() && !rule.looks_up() {
            return Ok(vec![&rules.read, rule]);
        }
        let looked_at = [&rules.read, rule].into_iter().flat_map(Rule::columns);
        let looked_at = looked_at.filter_map(|name| plan.validator.position(name));
        let mut positions: Vec<usize> = looked_at.collect();
        positions.sort_unstable();
        positions.dedup();
        let mut sql = Sql::default();
        sql.push("SELECT 1").list(&positions, "", |sql, position| {
            sql.push(", ").name(&plan.validator.fields()[*position].name);
        });
        sql.push(" FROM ").table(plan.table());
        push_key(&mut sql, plan.source(), key, false, &[]);
        let found = first(&self.engine.connection, &sql, positions.len() + 1)?;
        let found = found.ok_or_else(|| not_found(plan, key))?;
        let value_at = |position: usize| {
            let place = positions.iter().position(|known| *known == position)?;
            found.get(place + 1)
        };
        if !self.passes(plan, &rules.read, &value_at)? {
            return Err(not_found(plan, key));
        }
        match self.passes(plan, rule, &value_at)? {
            true => Ok(Vec::new()),
            false => Err(denied(plan, operation)),
        }
    }

    /// The references of a row that have to be looked up: those that name rows which the actor is
    /// not known to see.
    pub(super) fn unseen<'t>(
        &self,
        rules: &Rules,
        table_rules: &TableRules,
        table: &'t Table,
        plan: &Plan,
        row: &[SqlValue<'_>],
    ) -> Vec<(&'t Reference, Vec<SqlValue<'static>>)> {
        let generation = self.engine.recorder.generation();
        let guarded = table.references.iter().enumerate();
        let guarded: Vec<_> = guarded.filter(|(_, to)| rules.guards(to)).collect();
        let is_stale = |since| {
            guarded.iter().any(|(_, to)| {
                let parent = rules.table(&to.table).map(|rules| &rules.read);
                let reads = parent.map_or(&[][..], Rule::reads);
                self.is_written_since(std::slice::from_ref(&to.table), since)
                    || self.is_written_since(reads, since)
            })
        };
        let mut unseen = Vec::new();
        for (position, reference) in &guarded {
            let mut values = vec![SqlValue::Integer(*position as i64)];
            let named = reference.columns.iter().filter_map(|name| plan.validator.position(name));
            values.extend(named.map(|position| row[position].clone().into_owned()));
            let key: Vec<&SqlValue<'_>> = values.iter().collect();
            if table_rules.seen.get(generation, is_stale, &key) != Some(true) {
                unseen.push((*reference, values));
            }
        }
        unseen
    }

    /// Notes that the actor sees the rows that references name.
    pub(super) fn note_seen(
        &self,
        rules: &Rules,
        table_rules: &TableRules,
        seen: &[(&Reference, Vec<SqlValue<'static>>)],
    ) {
        for (reference, values) in seen {
            let reads = rules.table(&reference.table).map_or(&[][..], |rules| rules.read.reads());
            let captured = |name: &str| self.is_captured(name);
            if captured(&reference.table) && reads.iter().all(|name| captured(name)) {
                let values: Vec<&SqlValue<'_>> = values.iter().collect();
                table_rules.seen.put(&values, true);
            }
        }
    }

    fn is_written_since(&self, tables: &[String], generation: u64) -> bool {
        let model = self.engine.catalog.model();
        tables.iter().any(|name| {
            let position = model.tables.iter().position(|table| table.name == *name);
            position.is_none_or(|at| self.engine.recorder.is_written_since(at, generation))
        })
    }

    /// Whether writes to a table are noticed. What the core fills in from records is not.
    fn is_captured(&self, table: &str) -> bool {
        let template = self.engine.catalog.model().table(table).map(|table| table.template);
        !matches!(template, None | Some(Some(Template::AuditLog | Template::Versions)))
    }
}
