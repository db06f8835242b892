//! Checking rows that are stored already against the model's rules.

use crate::error::{Error, Issue, Result};
use crate::owner::Owner;
use crate::owner::catalog::Plan;
use crate::owner::storage::read;
use crate::query::{Key, Sql};
use crate::validate::issue;
use crate::value::SqlValue;

impl Owner<'_> {
    /// Looks at every row of a table, softly deleted ones included; each issue with the row's key
    /// as JSON. Writes nothing and keeps nothing in memory. Ciphertexts are opened where the
    /// master key is at hand.
    ///
    /// # Errors
    ///
    /// - `unknown_table`: the model has no such table
    /// - `corrupt`: the table can't be read at all
    pub fn check_rows(&self, table: &str, found: &mut dyn FnMut(&str, Issue)) -> Result<()> {
        let plan = self.rows.engine.catalog.plan(table)?;
        let columns = plan.validator.fields().len();
        let mut statement = self.rows.engine.connection.prepare(&select_all(plan).text)?;
        let mut rows = statement.raw_query();
        while let Some(row) = rows.next()? {
            let mut values = Vec::with_capacity(columns);
            let mut issues = Vec::new();
            for (column, field) in plan.validator.fields().iter().enumerate() {
                let unreadable = |_| {
                    let message = "holds text that is not UTF-8".to_owned();
                    issues.push(issue(&field.name, "wrong_type", message));
                };
                values.push(read(row, column).map_err(unreadable).unwrap_or(SqlValue::Null));
            }
            // What can't be read is NULL here, so nothing more can be said of the row.
            if issues.is_empty() {
                issues = plan.validator.examine_stored(&values);
                issues.extend(self.unopened(plan, &values)?);
            }
            if issues.is_empty() {
                continue;
            }
            let key = Key::of(plan.source(), &values).to_text(plan.source());
            issues.into_iter().for_each(|issue| found(&key, issue));
        }
        Ok(())
    }

    /// What does not open.
    fn unopened(&self, plan: &Plan, values: &[SqlValue<'_>]) -> Result<Vec<Issue>> {
        let mut issues = Vec::new();
        let at = |position: usize| Ok(values[position].borrowed());
        for position in plan.sealing.iter().flat_map(|sealing| sealing.positions()) {
            let opened = self.rows.engine.open_value(plan, position, &values[position], &at);
            let found = match opened {
                Err(Error::CiphertextInvalid { .. }) => "was not sealed here, or is damaged",
                Err(Error::Corrupt { .. }) => "has a data key that can't be unwrapped",
                Err(other) => return Err(other),
                Ok(Some(value)) if plan.decode(position, &value).is_err() => "holds no such value",
                Ok(_) => continue,
            };
            let name = &plan.validator.fields()[position].name;
            issues.push(issue(name, "ciphertext_invalid", found.to_owned()));
        }
        Ok(issues)
    }
}

fn select_all(plan: &Plan) -> Sql<'static> {
    let fields = plan.validator.fields();
    let mut sql = Sql::default();
    sql.push("SELECT ").list(fields, ", ", |sql, field| {
        sql.name(&field.name);
    });
    sql.push(" FROM ").table(plan.table());
    sql.push(" ORDER BY ").list(&plan.key, ", ", |sql, position| {
        sql.name(&fields[*position].name);
    });
    sql
}
