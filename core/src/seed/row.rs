//! From a row as a set writes it to one that can be inserted: labels, the tenant, ids.

use serde_json::Value;

use crate::model::{Auto, Model, Scope, Table};
use crate::seed::identity::derived_id;
use crate::seed::parse::{SeedRow, SeedSet};
use crate::seed::{State, label_of};
use crate::value::Row;

/// How many references a label is followed along.
const REFERENCES_MAX: usize = 16;

/// What resolving a row needs to know.
pub(crate) struct Resolver<'r> {
    pub(crate) model: &'r Model,
    pub(crate) table: &'r Table,
    pub(crate) parsed: &'r SeedSet,
    /// The rows that this one names are done, except itself.
    pub(crate) states: &'r [State],
}

impl Resolver<'_> {
    /// The row with labels replaced, the tenant filled in, and ids derived.
    ///
    /// # Errors
    ///
    /// The column and what is wrong with it.
    pub(crate) fn resolve(&self, row: &SeedRow) -> Result<Row, (String, String)> {
        let mut complete = row.values.clone();
        for column in self.table.columns.iter() {
            if column.auto == Some(Auto::Id) && !complete.contains_key(&column.name) {
                let name = self.row_name(row);
                let (model, table) = (&self.model.name, &self.table.id);
                let id = derived_id(self.parsed.at_ms, model, table, &column.id, &name);
                complete.insert(column.name.clone(), id.to_string().into());
            }
        }
        let own = complete.clone();
        for column in &row.labelled {
            let resolve = |value: &mut Value| self.resolve_value(column, value, &own);
            let done = match complete.get_mut(column) {
                Some(Value::Array(items)) => items.iter_mut().try_for_each(resolve),
                Some(value) => resolve(value),
                None => Ok(()),
            };
            done.map_err(|message| (column.clone(), message))?;
        }
        if let Some(column) = self.tenant_column()
            && !complete.contains_key(column)
            && let Some(tenant) = self.inherited_tenant(row)
        {
            complete.insert(column.to_owned(), tenant);
        }
        Ok(complete)
    }

    fn resolve_value(&self, column: &str, value: &mut Value, own: &Row) -> Result<(), String> {
        let Some(label) = label_of(value) else {
            if let Some(text) = value.as_str().and_then(|text| text.strip_prefix("@@")) {
                *value = Value::String(format!("@{text}"));
            }
            return Ok(());
        };
        let position = self.parsed.position_by_label.get(label).copied();
        let (table, stored) = match position.map(|at| (&self.parsed.rows[at], &self.states[at])) {
            Some((named, State::Done(stored))) => (&named.table, stored),
            Some((named, _)) => (&named.table, own),
            None => return Err(format!("the set has no row with the label `{label}`")),
        };
        let target = self.target_column(column, table)?;
        *value = stored.get(target).cloned().ok_or_else(|| {
            format!("the row `{label}` of `{table}` has no `{target}` that could be read")
        })?;
        Ok(())
    }

    /// The column of the named row that a column takes its value from. The label may name a row
    /// further along the references: a member's `user_id` is that of a user.
    fn target_column(&self, column: &str, named: &str) -> Result<&str, String> {
        let mut target = reference_of(self.table, column);
        let Some((first, _)) = target else {
            let key = self.model.table(named).and_then(|named| named.primary_key.last());
            return key.map(String::as_str).ok_or_else(|| format!("no table `{named}`"));
        };
        for _ in 0..REFERENCES_MAX {
            match target {
                Some((table, column)) if table == named => return Ok(column),
                Some((table, column)) => {
                    let table = self.model.table(table);
                    target = table.and_then(|table| reference_of(table, column));
                }
                None => break,
            }
        }
        Err(format!("refers to `{first}`, but the label is a row of `{named}`"))
    }

    /// The tenant key, where rows of the table belong to a tenant and are none themselves.
    fn tenant_column(&self) -> Option<&str> {
        let tenancy = self.model.tenancy.as_ref()?;
        match &self.table.scope {
            Scope::Tenant { column } if self.table.name != tenancy.tenant => Some(column),
            _ => None,
        }
    }

    /// The tenant of the first row that the row names.
    fn inherited_tenant(&self, row: &SeedRow) -> Option<Value> {
        let named = self.parsed.named(row).ok()?;
        named.into_iter().find_map(|(_, position)| {
            let State::Done(stored) = &self.states[position] else { return None };
            match &self.model.table(&self.parsed.rows[position].table)?.scope {
                Scope::Tenant { column } => stored.get(column).cloned(),
                Scope::User { .. } | Scope::Public => None,
            }
        })
    }

    /// What names the row: its label, else the values of the first unique key that it fills, else
    /// all that is written of it.
    fn row_name(&self, row: &SeedRow) -> String {
        if let Some(label) = &row.label {
            return format!("label {label}");
        }
        let tenant = self.tenant_column();
        let natural = self.table.unique.iter().find(|unique| {
            unique.columns.iter().all(|column| {
                Some(column.as_str()) == tenant
                    || row.values.get(column).is_some_and(|value| !value.is_null())
            })
        });
        let Some(natural) = natural else {
            let same = self.parsed.rows.iter().filter(|other| {
                other.table == row.table && other.place < row.place && other.values == row.values
            });
            let count = same.count();
            return format!("row {count} {}", Value::Object(row.values.clone()));
        };
        let given = natural.columns.iter().filter_map(|column| row.values.get_key_value(column));
        let given: Row = given.map(|(name, value)| (name.clone(), value.clone())).collect();
        format!("key {}", Value::Object(given))
    }
}

/// The table and the column that a column refers to.
fn reference_of<'t>(table: &'t Table, column: &str) -> Option<(&'t str, &'t str)> {
    let references = table.references.iter();
    let places = references.filter_map(|reference| {
        let place = reference.columns.iter().position(|name| name == column)?;
        Some((reference, place))
    });
    // The reference that is this column alone, or ends in it, before those that share it.
    let nearest = places.min_by_key(|(reference, place)| {
        (reference.columns.len() - place, reference.columns.len())
    });
    nearest.map(|(reference, place)| (reference.table.as_str(), reference.to[place].as_str()))
}
