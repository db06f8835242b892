//! Encrypted columns on their way in and out: sealed right before they are bound, opened right
//! after they were read, with the row's key and owner at hand.
//!
//! Rules apply to what the caller wrote, so sealing comes after validation. Whoever reads or
//! writes rows in another way than by typed reads and writes opens and seals here too.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::error::{Error, Issue, Result};
use crate::host::Host;
use crate::keyring::{KeyHolder, KeyHolders, Opened, Place};
use crate::model::{Kind, Scope, Table};
use crate::owner::Engine;
use crate::owner::catalog::Plan;
use crate::query::Key;
use crate::validate::{Field, Validator, issue};
use crate::value::{Row, SqlValue};

/// What sealing a table's columns takes.
#[derive(Debug)]
pub(crate) struct Sealing {
    /// The encrypted columns: their positions and stable ids.
    columns: Vec<(usize, String)>,
    /// The position of the column that names the owner; None for public rows.
    pub(crate) owner: Option<usize>,
    is_tenant: bool,
    /// The table's stable id.
    table: String,
}

/// The value at a position of a row.
pub(crate) type ValueAt<'v> = dyn Fn(usize) -> Result<SqlValue<'v>> + 'v;

impl Sealing {
    /// What a table needs; None where it has no encrypted column.
    pub(crate) fn new(table: &Table, validator: &Validator) -> Option<Sealing> {
        let columns = table.columns.iter().enumerate().filter(|(_, column)| column.encrypted);
        let columns: Vec<_> = columns.map(|(at, column)| (at, column.id.clone())).collect();
        let owner = match &table.scope {
            Scope::Tenant { column } => validator.position(column),
            Scope::User { owner } => validator.position(owner),
            Scope::Public => None,
        };
        let is_tenant = matches!(table.scope, Scope::Tenant { .. });
        let table = table.id.clone();
        (!columns.is_empty()).then_some(Sealing { columns, owner, is_tenant, table })
    }

    /// The positions of the encrypted columns.
    pub(crate) fn positions(&self) -> impl Iterator<Item = usize> {
        self.columns.iter().map(|(position, _)| *position)
    }

    /// The stable ids of the table and of an encrypted column.
    pub(crate) fn ids(&self, position: usize) -> (&str, &str) {
        let column = self.columns.iter().find(|(at, _)| *at == position);
        (&self.table, column.map_or("", |(_, id)| id))
    }

    /// The id in the owner's column; None where it is NULL.
    pub(crate) fn id_of<'v>(
        &self,
        plan: &Plan,
        value: &'v SqlValue<'_>,
    ) -> Result<Option<Cow<'v, str>>> {
        match value {
            SqlValue::Null => Ok(None),
            SqlValue::Text(id) => Ok(Some(Cow::Borrowed(id))),
            SqlValue::Integer(id) => Ok(Some(Cow::Owned(id.to_string()))),
            SqlValue::Real(_) | SqlValue::Blob(_) => {
                let message = format!("a row of `{}` has an owner that is no id", plan.table());
                Err(Error::Corrupt { message })
            }
        }
    }

    /// Whose a row is that has this value in the owner's column.
    pub(crate) fn holder_of<'v>(&self, value: Option<&'v str>) -> KeyHolder<'v> {
        match value {
            Some(id) if self.is_tenant => KeyHolder::Tenant(id),
            Some(id) => KeyHolder::User(id),
            None => KeyHolder::Public,
        }
    }

    /// Whether the place of a row's ciphertexts hangs on this column.
    fn is_place(&self, plan: &Plan, position: usize) -> bool {
        self.owner == Some(position) || plan.key.contains(&position)
    }
}

impl Engine {
    /// The value of an encrypted column in the form that it would be stored in without encryption;
    /// None where it is locked: no master key is at hand, or the data key was shredded. `at` gives
    /// the row's key columns and its owner's.
    ///
    /// # Errors
    ///
    /// - `ciphertext_invalid`: it was not sealed at this place, or is damaged
    pub(crate) fn open_value(
        &self,
        plan: &Plan,
        position: usize,
        stored: &SqlValue<'_>,
        at: &ValueAt<'_>,
    ) -> Result<Option<SqlValue<'static>>> {
        if stored.is_null() {
            return Ok(Some(SqlValue::Null));
        }
        let opened = match stored {
            _ if !self.keys.is_open() => return Ok(None),
            SqlValue::Text(text) => with_place(plan, position, at, |place| {
                self.current_keys()?.open(&self.connection, place, text)
            })?,
            _ => Opened::Invalid,
        };
        let field = &plan.validator.fields()[position];
        let value = match opened {
            Opened::Locked => return Ok(None),
            Opened::Invalid => None,
            Opened::Plain(bytes) if is_bytes(field) => Some(SqlValue::Blob(bytes.to_vec().into())),
            Opened::Plain(bytes) => {
                String::from_utf8(bytes.to_vec()).ok().map(|text| SqlValue::Text(text.into()))
            }
        };
        value.map(Some).ok_or_else(|| invalid(plan, field, at))
    }

    /// The stored form of a value for an encrypted column. `at` gives the row's key columns and
    /// its owner's, as they will be. Call it inside of a transaction.
    ///
    /// # Errors
    ///
    /// - `encryption_unavailable`: no master key is at hand
    pub(crate) fn seal_value(
        &self,
        host: &dyn Host,
        plan: &Plan,
        position: usize,
        plain: &SqlValue<'_>,
        at: &ValueAt<'_>,
    ) -> Result<SqlValue<'static>> {
        let field = &plan.validator.fields()[position];
        let bytes = match plain {
            SqlValue::Null => return Ok(SqlValue::Null),
            SqlValue::Text(text) => text.as_bytes(),
            SqlValue::Blob(bytes) => bytes,
            SqlValue::Integer(_) | SqlValue::Real(_) => {
                unreachable!("a model encrypts text, JSON and bytes alone")
            }
        };
        if !self.keys.is_open() {
            let (table, column) = (plan.table().to_owned(), field.name.clone());
            return Err(Error::EncryptionUnavailable { table, column });
        }
        let text = with_place(plan, position, at, |place| {
            self.current_keys()?.seal(&self.connection, host, place, bytes, field.blind_index)
        })?;
        self.mirror_made()?;
        Ok(SqlValue::Text(text.into()))
    }

    /// A row's values with the encrypted ones sealed, for an insert.
    pub(crate) fn sealed_row<'v>(
        &self,
        host: &dyn Host,
        plan: &Plan,
        values: &'v [SqlValue<'v>],
    ) -> Result<Cow<'v, [SqlValue<'v>]>> {
        let mut sealed = Cow::Borrowed(values);
        let Some(sealing) = &plan.sealing else { return Ok(sealed) };
        let at = |position: usize| Ok(values[position].borrowed());
        for position in sealing.positions().filter(|position| !values[*position].is_null()) {
            let value = self.seal_value(host, plan, position, &values[position], &at)?;
            sealed.to_mut()[position] = value;
        }
        Ok(sealed)
    }

    /// Seals the encrypted ones among changes to a row. Where its key or its owner changes, what
    /// was sealed before moves along. `current` is the row as it is stored.
    pub(crate) fn seal_changes(
        &self,
        host: &dyn Host,
        plan: &Plan,
        changes: &mut Vec<(usize, SqlValue<'_>)>,
        current: &[SqlValue<'_>],
    ) -> Result<()> {
        let Some(sealing) = &plan.sealing else { return Ok(()) };
        let fields = plan.validator.fields();
        let moves = changes.iter().any(|(at, _)| sealing.is_place(plan, *at));
        if !moves && !changes.iter().any(|(at, value)| fields[*at].encrypted && !value.is_null()) {
            return Ok(());
        }
        let old_at = |position: usize| Ok(current[position].borrowed());
        let moved: Vec<(usize, SqlValue<'static>)> =
            changes.iter().map(|(at, value)| (*at, value.clone().into_owned())).collect();
        let new_at = |position: usize| match moved.iter().find(|(at, _)| *at == position) {
            Some((_, value)) => Ok(value.borrowed()),
            None => old_at(position),
        };
        for position in sealing.positions() {
            let changed = moved.iter().position(|(at, _)| *at == position);
            let plain = match changed {
                Some(place) => moved[place].1.borrowed(),
                None if moves => {
                    let opened = self.open_value(plan, position, &current[position], &old_at)?;
                    let (table, column) = (plan.table().to_owned(), fields[position].name.clone());
                    opened.ok_or(Error::EncryptionUnavailable { table, column })?
                }
                _ => continue,
            };
            let sealed = self.seal_value(host, plan, position, &plain, &new_at)?;
            match changed {
                Some(place) => changes[place].1 = sealed,
                None => changes.push((position, sealed)),
            }
        }
        Ok(())
    }

    /// A stored value in the API's form; `{"$locked": true}` where it is locked.
    pub(crate) fn show(
        &self,
        plan: &Plan,
        position: usize,
        stored: &SqlValue<'_>,
        at: &ValueAt<'_>,
    ) -> Result<Value> {
        if !plan.validator.fields()[position].encrypted {
            return plan.decode(position, stored);
        }
        match self.open_value(plan, position, stored, at)? {
            Some(value) => plan.decode(position, &value),
            None => Ok(json!({ "$locked": true })),
        }
    }

    /// The row that a caller sees of a row's stored values in the table's order.
    pub(crate) fn show_row(&self, plan: &Plan, stored: &[SqlValue<'_>]) -> Result<Row> {
        let at = |position: usize| Ok(stored[position].borrowed());
        plan.row_with(|position| self.show(plan, position, &stored[position], &at))
    }

    /// The same of a row that is not needed any more.
    pub(crate) fn show_once(&self, plan: &Plan, mut stored: Vec<SqlValue<'static>>) -> Result<Row> {
        if plan.sealing.is_some() {
            return self.show_row(plan, &stored);
        }
        plan.row_with(|position| {
            plan.take(position, std::mem::replace(&mut stored[position], SqlValue::Null))
        })
    }

    /// The letters of the blind index that stored values have which equal a value: of one holder
    /// where one is given or the filter names one, of all otherwise.
    ///
    /// # Errors
    ///
    /// - `encryption_unavailable`: no master key is at hand
    pub(crate) fn blind_letters(
        &self,
        plan: &Plan,
        position: usize,
        value: &SqlValue<'_>,
        holder: Option<&str>,
        filter: Option<&Value>,
    ) -> Result<Vec<String>> {
        let sealing = plan.sealing.as_ref().expect("the column is encrypted");
        let fields = plan.validator.fields();
        if !self.keys.is_open() {
            let (table, column) = (plan.table().to_owned(), fields[position].name.clone());
            return Err(Error::EncryptionUnavailable { table, column });
        }
        let named = sealing.owner.and_then(|owner| filter?.get(&fields[owner].name)?.as_str());
        let holders = match (holder.or(named), sealing.owner) {
            (Some(id), Some(_)) => KeyHolders::One(sealing.holder_of(Some(id))),
            (None, Some(_)) => KeyHolders::AllOf(sealing.holder_of(Some("")).parts().0),
            (_, None) => KeyHolders::One(sealing.holder_of(None)),
        };
        let bytes = match value {
            SqlValue::Text(text) => text.as_bytes(),
            SqlValue::Blob(bytes) => bytes,
            _ => return Ok(Vec::new()),
        };
        let keys = self.current_keys()?;
        keys.blind_letters(&self.connection, holders, sealing.ids(position), bytes)
    }

    /// What is wrong with a row because of encryption: values for which no key is at hand, and
    /// such as stand for one that was locked when it was read.
    pub(crate) fn sealing_issues(&self, plan: &Plan, row: &Row) -> Vec<Issue> {
        let fields = plan.validator.fields();
        let positions = plan.sealing.iter().flat_map(Sealing::positions);
        let given = positions.filter_map(|position| {
            let field = &fields[position];
            row.get(&field.name).filter(|value| !value.is_null()).map(|value| (field, value))
        });
        let found = given.filter_map(|(field, value)| {
            if !self.keys.is_open() {
                let message = "is encrypted, and no key is at hand to write it with".to_owned();
                return Some(issue(&field.name, "encryption_unavailable", message));
            }
            // To a text it is of the wrong type anyway.
            let is_lock = matches!(field.kind, Kind::Json { .. }) && value.get("$locked").is_some();
            let message = "stands for a value that is locked; leave it out".to_owned();
            is_lock.then(|| issue(&field.name, "wrong_type", message))
        });
        found.collect()
    }
}

/// Whether the column's values are bytes rather than text.
fn is_bytes(field: &Field) -> bool {
    field.kind == Kind::Blob && !field.array
}

/// Works with the place of a column in a row.
fn with_place<T>(
    plan: &Plan,
    position: usize,
    at: &ValueAt<'_>,
    work: impl FnOnce(&Place<'_>) -> Result<T>,
) -> Result<T> {
    let sealing = plan.sealing.as_ref().expect("the column is encrypted");
    let owner = sealing.owner.map(at).transpose()?;
    let owner = owner.as_ref().map(|value| sealing.id_of(plan, value)).transpose()?.flatten();
    let key = plan.key.iter().map(|position| at(*position)).collect::<Result<Vec<_>>>()?;
    let (table, column) = sealing.ids(position);
    work(&Place { holder: sealing.holder_of(owner.as_deref()), table, column, key: &key })
}

fn invalid(plan: &Plan, field: &Field, at: &ValueAt<'_>) -> Error {
    let values = plan.key.iter().map(|position| at(*position).unwrap_or(SqlValue::Null));
    let key = Key { values: values.collect() }.to_text(plan.source());
    Error::CiphertextInvalid { table: plan.table().to_owned(), column: field.name.clone(), key }
}
