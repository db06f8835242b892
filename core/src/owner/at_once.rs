//! Updates in one statement, without reading the row first: what has to hold of the row stands in
//! the condition, and the statement hands the row over as it was.
//!
//! A rule that looks rows up can't stand there, since it costs more than the write. But people
//! write several rows of a kind in a row: the condition asks for the values that the rule let
//! through last. Where that touches no row, nothing is said yet, and the long way tells why.

use std::sync::PoisonError;

use rusqlite::ErrorCode;

use crate::capture::Deed;
use crate::error::Result;
use crate::owner::before::{COLUMNS_MAX, FUNCTION};
use crate::owner::catalog::Plan;
use crate::owner::rows::Rows;
use crate::owner::update::{row_after, update};
use crate::owner::{Engine, storage};
use crate::policy::{Condition, Rule};
use crate::query::{Key, Sql, Term, push_key};
use crate::validate::PreparedChanges;
use crate::value::{Row, SqlValue};

/// How many statements' texts are kept: apps change few sets of columns.
const TEXTS_MAX: usize = 32;

/// What has to hold of the row.
enum Holds<'r> {
    /// A rule that looks nothing up.
    Term(&'r Term<'static>),
    /// A column has a value.
    Is(usize, SqlValue<'r>),
}

impl Rows<'_> {
    /// Makes changes to the row with a key in one statement; the row afterwards. None where that
    /// can't be done, or touched no row: then nothing has happened.
    pub(super) fn update_at_once(
        &self,
        plan: &Plan,
        key: &Key<'_>,
        changes: &Row,
        prepared: &PreparedChanges<'_>,
    ) -> Result<Option<Vec<SqlValue<'static>>>> {
        let Engine { connection, recorder, .. } = self.engine;
        let rule = &self.rules(plan).update;
        let is_plain = plan.sealing.is_none()
            && plan.counted.is_none()
            && plan.validator.fields().len() <= COLUMNS_MAX
            && !changes.keys().any(|name| rule.looks_at(plan.table(), name))
            && !self.changes_guarded(plan, prepared);
        let Some(holds) = (if is_plain { self.holds(plan, key) } else { None }) else {
            return Ok(None);
        };
        let is_changed = |at| prepared.values.iter().any(|(position, _)| *position == at);
        if !recorder.is_direct(connection, plan.number, &Deed::Update(&is_changed))? {
            return Ok(None);
        }
        let text = self.text_at_once(plan, key, prepared, &holds);
        let mut statement = connection.prepare_cached(&text)?;
        let held = holds.iter().flat_map(|holds| match holds {
            Holds::Term(term) => &term.values[..],
            Holds::Is(_, value) => std::slice::from_ref(value),
        });
        let changed = prepared.values.iter().map(|(_, value)| value);
        let bound = storage::bind(&mut statement, changed.chain(&key.values).chain(held));
        let done = bound.and_then(|()| statement.raw_execute());
        drop(statement);
        match done {
            Ok(1) => {
                let mut row = self.engine.before.take();
                recorder.note_update(plan.number, &row, &row_after(&row, prepared), &is_changed)?;
                for (position, value) in &prepared.values {
                    row[*position] = value.clone().into_owned();
                }
                Ok(Some(row))
            }
            Ok(_) => Ok(None),
            // What was refused is explained the long way.
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation) => {
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What the rules and the recorder want of a row that is changed; None where that can't be said
    /// beforehand.
    fn holds<'r>(&'r self, plan: &Plan, key: &Key<'_>) -> Option<Vec<Holds<'r>>> {
        let mut holds = Vec::new();
        // Whoever acts in a tenant writes no other's rows.
        let tenant = self.actor.tenant.as_deref();
        if let (Some(tenant), Some(position)) = (tenant, plan.tenant) {
            push_value(&mut holds, plan, key, position, tenant.into())?;
        }
        let rules = self.rules(plan);
        for rule in [&rules.read, &rules.update] {
            match rule {
                Rule::Always => {}
                Rule::Never => return None,
                Rule::When(condition) if condition.tenant_only => {
                    let own = self.rules?.rights().tenant.as_deref();
                    (own.is_some() && own == tenant && plan.tenant.is_some()).then_some(())?;
                }
                Rule::When(condition) if !rule.looks_up() => {
                    holds.push(Holds::Term(&condition.term));
                }
                Rule::When(condition) => {
                    let values = self.passed_last(condition)?;
                    for (position, value) in condition.columns_at.iter().zip(values) {
                        push_value(&mut holds, plan, key, (*position)?, value)?;
                    }
                }
            }
        }
        Some(holds)
    }

    /// The values that a rule which looks rows up let through last.
    fn passed_last(&self, condition: &Condition) -> Option<Vec<SqlValue<'static>>> {
        let generation = self.engine.recorder.generation();
        let is_stale = |since| self.engine.recorder.any_written_since(&condition.reads_at, since);
        condition.verdicts.passed_last(generation, is_stale)
    }

    fn text_at_once(
        &self,
        plan: &Plan,
        key: &Key<'_>,
        prepared: &PreparedChanges<'_>,
        holds: &[Holds<'_>],
    ) -> String {
        // The owner's rules are those of all tables.
        let kept = match self.rules {
            Some(_) => &self.rules(plan).at_once_sql,
            None => &plan.at_once_sql,
        };
        let mut texts = kept.lock().unwrap_or_else(PoisonError::into_inner);
        // The same rules want the same; of the owner's rows, a tenant's is asked for or none.
        let shape = || {
            let changed = prepared.values.iter().map(|(position, _)| *position);
            std::iter::once(holds.len()).chain(changed)
        };
        if let Some((_, text)) = texts.iter().find(|(known, _)| known.iter().copied().eq(shape())) {
            return text.to_string();
        }
        let fields = plan.validator.fields();
        let mut sql = update(plan, prepared);
        push_key(&mut sql, plan.source(), key, false, &[]);
        for holds in holds {
            match holds {
                Holds::Term(term) => sql.push(" AND ").term(term),
                Holds::Is(position, _) => {
                    sql.push(" AND ").name(&fields[*position].name).push(" IS ?")
                }
            };
        }
        // Last, so that it is asked of the one row that will be changed.
        sql.push(" AND ").push(FUNCTION).push("(").list(
            fields,
            ", ",
            |sql: &mut Sql<'_>, field| {
                sql.name(&field.name);
            },
        );
        sql.push(")");
        if texts.len() >= TEXTS_MAX {
            texts.clear();
        }
        texts.push((shape().collect(), sql.text.as_str().into()));
        sql.text
    }
}

/// Adds that a column has a value, unless the key or what was added before says so already; None
/// where it can't have it.
fn push_value<'r>(
    holds: &mut Vec<Holds<'r>>,
    plan: &Plan,
    key: &Key<'_>,
    position: usize,
    value: SqlValue<'r>,
) -> Option<()> {
    let in_key = plan.key.iter().position(|at| *at == position).map(|place| &key.values[place]);
    let said = holds.iter().find_map(|holds| match holds {
        Holds::Is(at, said) if *at == position => Some(said),
        _ => None,
    });
    match in_key.or(said) {
        Some(said) => (*said == value).then_some(()),
        None => {
            holds.push(Holds::Is(position, value));
            Some(())
        }
    }
}
