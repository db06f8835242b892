//! Checking rows that are stored already against the model's rules.

use crate::error::{Issue, Result};
use crate::owner::Owner;
use crate::owner::catalog::Plan;
use crate::owner::storage::read;
use crate::query::{Key, push_name};
use crate::validate::issue;
use crate::value::{Row, SqlValue};

impl Owner<'_> {
    /// Validates every row of a table as if it were inserted now; each issue with the row's key as
    /// JSON. Softly deleted rows are looked at too, encrypted columns are not.
    ///
    /// # Errors
    ///
    /// - `unknown_table`: the model has no such table
    /// - `corrupt`: the table can't be read
    pub fn check_rows(&self, table: &str, found: &mut dyn FnMut(&str, Issue)) -> Result<()> {
        let plan = self.catalog.plan(table)?;
        let mut statement = self.connection.prepare(&select_all(plan))?;
        let mut rows = statement.raw_query();
        while let Some(stored) = rows.next()? {
            let count = plan.validator.fields().len();
            let values: Vec<SqlValue<'_>> =
                (0..count).map(|at| read(stored, at)).collect::<Result<_>>()?;
            let (row, mut issues) = decode_all(plan, &values);
            if issues.is_empty()
                && let Err(broken) = plan.validator.validate_insert(&row, self.host)
            {
                issues = broken;
            }
            let key = Key::of(plan.source(), &values).to_text(plan.source());
            issues.into_iter().for_each(|issue| found(&key, issue));
        }
        Ok(())
    }
}

fn select_all(plan: &Plan) -> String {
    let mut sql = "SELECT ".to_owned();
    for (at, field) in plan.validator.fields().iter().enumerate() {
        sql.push_str(if at == 0 { "" } else { ", " });
        push_name(&mut sql, &field.name);
    }
    sql.push_str(" FROM ");
    push_name(&mut sql, plan.table());
    sql
}

fn decode_all(plan: &Plan, values: &[SqlValue<'_>]) -> (Row, Vec<Issue>) {
    let mut row = Row::new();
    let mut issues = Vec::new();
    for (field, stored) in plan.validator.fields().iter().zip(values) {
        if field.encrypted {
            continue;
        }
        match field.decode(stored) {
            Ok(value) => drop(row.insert(field.name.clone(), value)),
            Err(what) => {
                let message = format!("the stored value doesn't fit the column: {what}");
                issues.push(issue(field.name.as_str(), "wrong_type", message));
            }
        }
    }
    (row, issues)
}
