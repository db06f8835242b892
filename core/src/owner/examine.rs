//! Validation that also looks into the database: taken unique keys and unknown references.

use crate::error::{Issue, Result};
use crate::model::{Reference, Unique};
use crate::owner::catalog::Plan;
use crate::owner::constraint::{not_unique, unknown_references};
use crate::owner::read;
use crate::owner::write::{Writer, not_found};
use crate::query::{Key, Sql, Term};
use crate::validate::Examined;
use crate::value::{Row, SqlValue};

impl Writer<'_> {
    /// All that is wrong with a row, or with changes to the row with a key.
    pub(super) fn examine(
        &self,
        plan: &Plan,
        row: &Row,
        key: Option<&Key<'_>>,
        terms: &[Term<'_>],
    ) -> Result<Vec<Issue>> {
        let current = match key {
            None => None,
            Some(key) => {
                let current = read::stored(self.connection, plan, key, false, terms)?;
                Some(current.ok_or_else(|| not_found(plan, key))?)
            }
        };
        let validator = &plan.validator;
        let Examined { values, unsound, mut issues } = match &current {
            None => validator.examine_insert(row, self.host),
            Some(current) => validator.examine_update(row, current, self.host),
        };
        let table = self.catalog.table(plan.table())?;
        let tenancy = self.catalog.model().tenancy.as_ref();
        let asked = |columns: &[String]| {
            let positions = columns.iter().filter_map(|column| validator.position(column));
            let sound = positions.clone().all(|position| !unsound.contains(&position));
            // What does not change was let in already.
            sound && (key.is_none() || columns.iter().any(|column| row.contains_key(column)))
        };
        let primary = Unique { columns: table.primary_key.clone(), nulls_equal: false };
        for (unique, counts_deleted) in
            [(&primary, true)].into_iter().chain(table.unique.iter().map(|unique| (unique, false)))
        {
            if asked(&unique.columns)
                && self.is_taken(plan, unique, counts_deleted, &values, current.as_deref())?
            {
                issues.push(not_unique(&unique.columns, tenancy));
            }
        }
        let asked = |reference: &Reference| asked(&reference.columns);
        issues.extend(unknown_references(self.connection, table, plan, &values, asked)?);
        Ok(issues)
    }

    /// Whether another row than the current one has the values of a unique key.
    fn is_taken(
        &self,
        plan: &Plan,
        unique: &Unique,
        counts_deleted: bool,
        values: &[SqlValue<'_>],
        current: Option<&[SqlValue<'_>]>,
    ) -> Result<bool> {
        let fields = plan.validator.fields();
        let mut sql = Sql::default();
        sql.push("SELECT 1 FROM ").name(plan.table()).push(" WHERE TRUE");
        for column in &unique.columns {
            let Some(position) = plan.validator.position(column) else { return Ok(false) };
            let value = &values[position];
            if value.is_null() && !unique.nulls_equal {
                return Ok(false);
            }
            sql.push(" AND ").name(column).push(" IS ").bind(value.borrowed());
        }
        if let Some(position) = plan.deleted_at.filter(|_| !counts_deleted) {
            if !values[position].is_null() {
                return Ok(false);
            }
            sql.push(" AND ").name(&fields[position].name).push(" IS NULL");
        }
        if let Some(current) = current {
            sql.push(" AND NOT (").list(&plan.key, " AND ", |sql, position| {
                sql.name(&fields[*position].name).push(" = ").bind(current[*position].borrowed());
            });
            sql.push(")");
        }
        Ok(read::first(self.connection, &sql, 1)?.is_some())
    }
}
