//! Judging rows by rules before a statement touches them.
//!
//! A rule that looks rows up (memberships, shares) costs more than the write itself, and says the
//! same of every row of a project. So it is asked once of the values that it looks at, and again
//! when a row that it looks up was written. All of it happens in the write's own transaction.

use crate::error::Result;
use crate::model::{Reference, Table, Template};
use crate::owner::Engine;
use crate::owner::catalog::Plan;
use crate::owner::read::{Current, first, to_write};
use crate::owner::rows::Rows;
use crate::owner::write::denied;
use crate::policy::{Guarded, Rule, Rules, TableRules};
use crate::query::{Key, Sql};
use crate::value::SqlValue;

impl Rows<'_> {
    /// Whether a rule lets a row through. `value_at` gives the row's values by position.
    pub(super) fn passes<'v>(
        &self,
        rule: &Rule,
        value_at: &dyn Fn(usize) -> Option<&'v SqlValue<'v>>,
    ) -> Result<bool> {
        let condition = match rule {
            Rule::Always => return Ok(true),
            Rule::Never => return Ok(false),
            Rule::When(condition) => condition,
        };
        let places = condition.columns_at.iter();
        let values = places.map(|place| place.and_then(value_at).unwrap_or(&SqlValue::Null));
        let values: Vec<&SqlValue<'_>> = values.collect();
        let generation = self.engine.recorder.generation();
        let is_stale = |since| self.engine.recorder.any_written_since(&condition.reads_at, since);
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

    /// The row with a key as it is stored, if the actor sees it; to be written in the same
    /// transaction.
    pub(super) fn visible(
        &self,
        plan: &Plan,
        key: &Key<'_>,
        include_deleted: bool,
    ) -> Result<Option<Current>> {
        let Engine { connection, recorder, .. } = self.engine;
        let rules = self.rules(plan);
        let rule = &rules.read;
        let (terms, kept) = match rule.terms() {
            [] => (&[][..], &plan.stored_sql),
            _ if rule.looks_up() => (&[][..], &plan.stored_sql),
            terms => (terms, &rules.stored_sql),
        };
        let kept = Some(kept).filter(|_| !include_deleted && recorder.is_plain());
        let current = to_write(connection, plan, key, include_deleted, terms, kept)?;
        let Some(current) = current else { return Ok(None) };
        let row = &current.row;
        let passes = !rule.looks_up() || self.passes(rule, &|position| row.get(position))?;
        Ok(passes.then_some(current))
    }

    /// The rule that a statement on a row still has to carry: none where it was judged here, as
    /// those are that look rows up or name the tenant alone.
    ///
    /// # Errors
    ///
    /// - `denied`: the actor may not do this
    pub(super) fn judged<'r>(
        &self,
        plan: &Plan,
        rule: &'r Rule,
        row: &[SqlValue<'_>],
        operation: &'static str,
    ) -> Result<Option<&'r Rule>> {
        let tenant = self.rules.and_then(|rules| rules.rights().tenant.as_deref());
        match rule {
            Rule::When(condition) if condition.tenant_only => {
                let own = plan.tenant.map(|position| &row[position]);
                let is_own =
                    matches!((own, tenant), (Some(SqlValue::Text(own)), Some(id)) if own == id);
                return Ok((!is_own).then_some(rule));
            }
            rule if !rule.looks_up() => return Ok(Some(rule)),
            _ => {}
        }
        match self.passes(rule, &|position| row.get(position))? {
            true => Ok(None),
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
        let recorder = &self.engine.recorder;
        let generation = recorder.generation();
        let guarded = rules.guarded(plan.number);
        let is_stale =
            |since| guarded.iter().any(|to| recorder.any_written_since(&to.rests_on, since));
        let mut unseen = Vec::new();
        for Guarded { reference, columns_at, .. } in guarded {
            let number = SqlValue::Integer(*reference as i64);
            let named = columns_at.iter().map(|position| &row[*position]);
            let key: Vec<&SqlValue<'_>> = std::iter::once(&number).chain(named).collect();
            if table_rules.seen.get(generation, is_stale, &key) != Some(true) {
                let values = key.into_iter().map(|value| value.clone().into_owned());
                unseen.push((&table.references[*reference], values.collect()));
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

    /// Whether writes to a table are noticed. What the core fills in from records is not.
    fn is_captured(&self, table: &str) -> bool {
        let template = self.engine.catalog.model().table(table).map(|table| table.template);
        !matches!(template, None | Some(Some(Template::AuditLog | Template::Versions)))
    }
}
