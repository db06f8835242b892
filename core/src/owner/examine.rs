//! Validation that also looks into the database: taken unique keys and unknown references.

use crate::error::{Issue, Result};
use crate::model::{Reference, Table, Unique};
use crate::owner::catalog::Plan;
use crate::owner::constraint::{not_unique, unknown_references};
use crate::owner::read;
use crate::owner::rows::Rows;
use crate::owner::write::{not_found, push_rules, refused};
use crate::query::{Key, Sql};
use crate::validate::Examined;
use crate::value::{Row, SqlValue};

impl Rows<'_> {
    /// All that is wrong with a row, or with changes to the row with a key.
    pub(super) fn examine(
        &self,
        plan: &Plan,
        row: &Row,
        key: Option<&Key<'_>>,
    ) -> Result<Vec<Issue>> {
        let current = match key {
            None => None,
            Some(key) => {
                let current =
                    read::stored(&self.engine.connection, plan, key, false, self.read_terms(plan))?;
                Some(current.ok_or_else(|| not_found(plan, key))?)
            }
        };
        let row = &*self.completed(plan, row);
        let validator = &plan.validator;
        let Examined { values, unsound, mut issues } = match &current {
            None => validator.examine_insert(row, self.host),
            Some(current) => validator.examine_update(row, current, self.host),
        };
        issues.extend(self.engine.sealing_issues(plan, row));
        let table = self.engine.catalog.table(plan.table())?;
        let tenancy = self.engine.catalog.model().tenancy.as_ref();
        let asked = |columns: &[String]| {
            let positions = columns.iter().filter_map(|column| validator.position(column));
            let sound = positions.clone().all(|position| !unsound.contains(&position));
            // What does not change was let in already.
            sound && (key.is_none() || columns.iter().any(|column| row.contains_key(column)))
        };
        for (unique, counts_deleted) in keys(&primary_key(table), table) {
            if asked(&unique.columns)
                && self.is_taken(plan, unique, counts_deleted, &values, current.as_deref())?
            {
                issues.push(not_unique(&unique.columns, tenancy));
            }
        }
        let asked = |reference: &Reference| asked(&reference.columns);
        issues.extend(unknown_references(self, table, plan, &values, asked)?);
        Ok(issues)
    }

    /// The row that has a row's primary key, or its values of a unique key.
    pub(super) fn find_same(&self, plan: &Plan, row: &Row) -> Result<Option<Row>> {
        let prepared = plan.validator.validate_insert(row, self.host);
        let values = prepared.map_err(|issues| refused(plan, issues))?.values;
        let table = self.engine.catalog.table(plan.table())?;
        for (unique, counts_deleted) in keys(&primary_key(table), table) {
            let mut sql = Sql::default();
            sql.push("SELECT ").list(plan.validator.fields(), ", ", |sql, field| {
                sql.name(&field.name);
            });
            if push_same(&mut sql, plan, unique, counts_deleted, &values)
                && let Some(found) = read::first(&self.engine.connection, &sql, values.len())?
            {
                return self.engine.show_row(plan, &found).map(Some);
            }
        }
        Ok(None)
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
        sql.push("SELECT 1");
        if !push_same(&mut sql, plan, unique, counts_deleted, values) {
            return Ok(false);
        }
        if let Some(current) = current {
            sql.push(" AND NOT (").list(&plan.key, " AND ", |sql, position| {
                sql.name(&fields[*position].name).push(" = ").bind(current[*position].borrowed());
            });
            sql.push(")");
        }
        // What the actor can't see is not told of; the write itself is what would refuse it.
        push_rules(&mut sql, [&self.rules(plan).read]);
        Ok(read::first(&self.engine.connection, &sql, 1)?.is_some())
    }
}

fn primary_key(table: &Table) -> Unique {
    Unique { columns: table.primary_key.clone(), nulls_equal: false }
}

/// The table's keys, each with whether softly deleted rows count.
fn keys<'t>(primary: &'t Unique, table: &'t Table) -> impl Iterator<Item = (&'t Unique, bool)> {
    [(primary, true)].into_iter().chain(table.unique.iter().map(|unique| (unique, false)))
}

/// Adds ` FROM … WHERE` a row has these values of a key; false where no row can have them.
fn push_same<'q>(
    sql: &mut Sql<'q>,
    plan: &Plan,
    unique: &Unique,
    counts_deleted: bool,
    values: &'q [SqlValue<'_>],
) -> bool {
    sql.push(" FROM ").table(plan.table()).push(" WHERE TRUE");
    for column in &unique.columns {
        let Some(position) = plan.validator.position(column) else { return false };
        let value = &values[position];
        if value.is_null() && !unique.nulls_equal {
            return false;
        }
        sql.push(" AND ").name(column).push(" IS ").bind(value.borrowed());
    }
    if let Some(position) = plan.deleted_at.filter(|_| !counts_deleted) {
        let name = &plan.validator.fields()[position].name;
        sql.push(" AND ").name(name).push(" IS NULL");
        return values[position].is_null();
    }
    true
}
