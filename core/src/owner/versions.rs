//! Versions of a row: listed, compared, and rolled back to.

use serde::Serialize;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::history::{self, StoredVersion};
use crate::model::Auto;
use crate::owner::Owner;
use crate::owner::catalog::Plan;
use crate::owner::read;
use crate::owner::rows::Rows;
use crate::owner::transaction::transaction;
use crate::owner::write::not_found;
use crate::query::{Key, invalid};
use crate::value::{Row, SqlValue};

/// One version of a row.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Version {
    /// Its number, counted per row.
    pub number: i64,
    /// When it was made: RFC 3339, UTC.
    pub at: String,
    /// The id of who made it; None for the system, and where nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The columns that are kept of it, as a row of the table.
    pub row: Row,
}

/// A column that differs between two versions.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Difference {
    /// The column.
    pub column: String,
    /// Its value in the one version.
    pub before: Value,
    /// Its value in the other one.
    pub after: Value,
}

impl Owner<'_> {
    /// The versions of a row of a versioned table, the oldest first, as far as they are committed.
    /// A softly deleted row has none to be seen.
    ///
    /// # Errors
    ///
    /// - `unknown_table`: the model has no such table
    /// - `invalid_argument`: the key does not fit the table, or the table keeps no versions
    /// - `not_found`: there is no row with this key
    pub fn versions(&self, table: &str, key: &Value) -> Result<Vec<Version>> {
        self.rows.versions(table, key)
    }

    /// The columns that differ between two versions of a row.
    ///
    /// # Errors
    ///
    /// Those of [`Owner::versions`], and `invalid_argument` where the row has no such version.
    pub fn diff_versions(
        &self,
        table: &str,
        key: &Value,
        from: i64,
        to: i64,
    ) -> Result<Vec<Difference>> {
        self.rows.diff_versions(table, key, from, to)
    }

    /// Makes a row what a version of it says, as far as the version keeps it; the row as it is
    /// then. That is an update like any other: validated, recorded, and a new version.
    ///
    /// # Errors
    ///
    /// Those of [`Owner::update`], and `invalid_argument` where the row has no such version.
    pub fn roll_back(&self, table: &str, key: &Value, version: i64) -> Result<Row> {
        self.rows.roll_back(table, key, version)
    }
}

impl Rows<'_> {
    /// The versions of a row that the actor sees, the oldest first.
    pub(crate) fn versions(&self, table: &str, key: &Value) -> Result<Vec<Version>> {
        let plan = self.engine.catalog.plan(table)?;
        let key = self.key(plan, key)?;
        let current = self.current_of_versioned(plan, &key)?;
        let versions = self.stored_versions(plan, &key, None)?;
        versions.into_iter().map(|version| self.show_version(plan, &current, version)).collect()
    }

    /// What differs between two versions of a row.
    pub(crate) fn diff_versions(
        &self,
        table: &str,
        key: &Value,
        from: i64,
        to: i64,
    ) -> Result<Vec<Difference>> {
        let plan = self.engine.catalog.plan(table)?;
        let key = self.key(plan, key)?;
        let current = self.current_of_versioned(plan, &key)?;
        let version = |number| {
            let stored = self.stored_version(plan, &key, number)?;
            self.show_version(plan, &current, stored)
        };
        let (mut before, mut after) = (version(from)?.row, version(to)?.row);
        let names: Vec<String> = before.keys().chain(after.keys()).cloned().collect();
        let mut differences: Vec<Difference> = Vec::new();
        for column in names {
            let take = |row: &mut Row| row.get(&column).cloned().unwrap_or(Value::Null);
            let (before, after) = (take(&mut before), take(&mut after));
            if before != after && differences.iter().all(|known| known.column != column) {
                differences.push(Difference { column, before, after });
            }
        }
        Ok(differences)
    }

    /// Makes a row what a version of it says, as an update: a new version.
    pub(crate) fn roll_back(&self, table: &str, key: &Value, number: i64) -> Result<Row> {
        let plan = self.writable(table)?;
        let key = self.key(plan, key)?;
        transaction(self.engine, self.actor, || {
            let current = self.current_of_versioned(plan, &key)?;
            let version = self.stored_version(plan, &key, number)?;
            let mut changes = Row::new();
            for (position, value) in &version.values {
                let field = &plan.validator.fields()[*position];
                let is_own = plan.key.contains(position)
                    || plan.deleted_at == Some(*position)
                    || plan.counted == Some(*position)
                    || field.auto == Some(Auto::Created)
                    || field.auto == Some(Auto::Updated);
                if is_own || current[*position] == *value {
                    continue;
                }
                let row = as_row(&current, &version.values);
                let at = |place: usize| Ok(row[place].borrowed());
                let shown = self.engine.show(plan, *position, value, &at)?;
                if field.encrypted && shown.get("$locked").is_some() {
                    let (table, column) = (plan.table().to_owned(), field.name.clone());
                    return Err(Error::EncryptionUnavailable { table, column });
                }
                changes.insert(field.name.clone(), shown);
            }
            self.update_row(plan, &key, &changes)
        })
    }

    /// The row as it is stored, where its table keeps versions and the actor sees it.
    fn current_of_versioned(&self, plan: &Plan, key: &Key<'_>) -> Result<Vec<SqlValue<'static>>> {
        if !self.engine.catalog.table(plan.table())?.versioned {
            return Err(invalid("table", format!("`{}` keeps no versions", plan.table())));
        }
        let terms = self.read_terms(plan);
        let row = read::stored(&self.engine.connection, plan, key, false, terms)?;
        row.ok_or_else(|| not_found(plan, key))
    }

    fn stored_version(&self, plan: &Plan, key: &Key<'_>, number: i64) -> Result<StoredVersion> {
        let mut versions = self.stored_versions(plan, key, Some(number))?;
        versions.pop().ok_or_else(|| invalid("version", format!("the row has no version {number}")))
    }

    fn stored_versions(
        &self,
        plan: &Plan,
        key: &Key<'_>,
        number: Option<i64>,
    ) -> Result<Vec<StoredVersion>> {
        let model = self.engine.catalog.model();
        let table = self.engine.catalog.table(plan.table())?;
        history::versions(&self.engine.connection, model, table, &key.values, number)
    }

    fn show_version(
        &self,
        plan: &Plan,
        current: &[SqlValue<'static>],
        version: StoredVersion,
    ) -> Result<Version> {
        let row = as_row(current, &version.values);
        let at = |place: usize| Ok(row[place].borrowed());
        let kept = version.values.iter().filter(|(position, _)| plan.shown.contains(position));
        let shown = kept.map(|(position, value)| {
            let name = plan.validator.fields()[*position].name.clone();
            Ok((name, self.engine.show(plan, *position, value, &at)?))
        });
        let shown = shown.collect::<Result<Row>>()?;
        Ok(Version { number: version.number, at: version.at, user: version.user, row: shown })
    }
}

/// The row that a version was, as far as it is kept.
fn as_row(
    current: &[SqlValue<'static>],
    values: &[(usize, SqlValue<'static>)],
) -> Vec<SqlValue<'static>> {
    let mut row = current.to_vec();
    for (position, value) in values {
        row[*position] = value.clone();
    }
    row
}
