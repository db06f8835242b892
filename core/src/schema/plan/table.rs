//! How one table becomes another: altered in place where SQLite can, else rebuilt.

use super::alter::Alteration;
use super::convert;
use super::effect::Writer;
use super::rebuild;
use crate::schema::ddl;
use crate::schema::fragment::Fragment;
use crate::schema::types::*;
use crate::sql::quote;

/// What happens to a table. Its renames are done already.
pub(super) enum Change<'t> {
    /// Nothing.
    None,
    /// It is altered in place.
    Alter(Alteration<'t>),
    /// It is made anew, and its rows copied; the table as it was.
    Rebuild(&'t TableSchema),
}

impl Change<'_> {
    /// Whether SQLite would look at triggers and views that mention the table, or they at it.
    pub(super) fn touches(&self) -> bool {
        match self {
            Change::None => false,
            Change::Alter(alteration) => alteration.touches(),
            Change::Rebuild(_) => true,
        }
    }

    pub(super) fn write(&self, from: &Schema, new: &TableSchema, writer: &mut Writer) {
        match self {
            Change::None => {}
            Change::Alter(alteration) => alteration.write(new, writer),
            Change::Rebuild(old) => rebuild::write(from, old, new, writer),
        }
    }
}

/// Decides what happens to a table.
pub(super) fn change<'t>(old: &'t TableSchema, new: &'t TableSchema) -> Change<'t> {
    if old == new {
        return Change::None;
    }
    match alteration(old, new) {
        Some(alteration) if alteration.is_empty() => Change::None,
        Some(alteration) => Change::Alter(alteration),
        None => Change::Rebuild(old),
    }
}

/// The alterations that lead from the one to the other; none where there is no way.
fn alteration<'t>(old: &'t TableSchema, new: &'t TableSchema) -> Option<Alteration<'t>> {
    let same_keys = old.primary_key == new.primary_key && is_same_set(&old.uniques, &new.uniques);
    let same_kind = old.strict == new.strict && old.without_rowid == new.without_rowid;
    if !same_keys || !same_kind {
        return None;
    }
    let mut alteration = Alteration { old: Some(old), ..Alteration::default() };
    for column in &old.columns {
        match new.column(&column.name) {
            Some(wanted) => {
                // A form may change while the storage type stays, such as a decimal's scale.
                let converted = convert::convert(old, column, new, wanted);
                (converted.sql == quote::name(&column.name)).then_some(())?;
                let required = nullability(old, column, wanted)?;
                alteration.nullability.extend(required.map(|required| (wanted, required)));
            }
            None => alteration.dropped.push(column),
        }
    }
    alteration.added = new.columns.iter().filter(|c| old.column(&c.name).is_none()).collect();
    alteration.foreign_keys = new_foreign_keys(old, new)?;
    for key in &alteration.foreign_keys {
        let is_added = alteration.added.iter().any(|c| key.columns == [c.name.as_str()]);
        is_added.then_some(())?;
    }
    for column in &alteration.added {
        is_addable(new, column).then_some(())?;
    }
    checks(old, new, &mut alteration)?;
    for column in &alteration.dropped {
        is_droppable(old, new, column, &alteration).then_some(())?;
    }
    Some(alteration)
}

fn is_same_set<T: PartialEq>(one: &[T], other: &[T]) -> bool {
    one.len() == other.len()
        && one.iter().all(|item| other.contains(item))
        && other.iter().all(|item| one.contains(item))
}

/// Whether nothing differs (Some(None)), nullability alone (Some(Some(…))), or more (None).
fn nullability(
    table: &TableSchema,
    old: &ColumnSchema,
    new: &ColumnSchema,
) -> Option<Option<bool>> {
    if old == new {
        return Some(None);
    }
    let plain = old.not_null_conflict.is_none() && new.not_null_conflict.is_none();
    let rest = ColumnSchema { not_null: new.not_null, ..old.clone() };
    let in_key = table.key_columns().contains(&old.name.as_str());
    (plain && rest == *new && !in_key && new.generated.is_none()).then_some(Some(new.not_null))
}

/// The foreign keys that come; none where one goes, for which SQLite has no statement.
fn new_foreign_keys<'t>(
    old: &TableSchema,
    new: &'t TableSchema,
) -> Option<Vec<&'t ForeignKeySchema>> {
    let stay = old.foreign_keys.iter().all(|key| new.foreign_keys.contains(key));
    let added = new.foreign_keys.iter().filter(|key| !old.foreign_keys.contains(key)).collect();
    stay.then_some(added)
}

/// ADD COLUMN takes no stored column, no NOT NULL without a default, and constants as defaults.
fn is_addable(new: &TableSchema, column: &ColumnSchema) -> bool {
    if let Some(generated) = &column.generated {
        return !generated.stored;
    }
    let default = column.default.as_ref().map(ddl::default_sql);
    let is_null = |sql: &str| sql.eq_ignore_ascii_case("NULL");
    let is_constant = default.as_deref().is_none_or(|sql| {
        !sql.starts_with('(') && !sql.to_ascii_uppercase().starts_with("CURRENT_")
    });
    let has_value = default.as_deref().is_some_and(|sql| !is_null(sql));
    let refers = new.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
    is_constant && (has_value || !column.not_null) && !(refers && has_value)
}

/// Which checks go, come with a column, and come by themselves.
fn checks<'t>(
    old: &'t TableSchema,
    new: &'t TableSchema,
    alteration: &mut Alteration<'t>,
) -> Option<()> {
    let goes_along = |check: &CheckSchema| {
        let column = check.column.as_deref();
        alteration.dropped.iter().any(|dropped| Some(dropped.name.as_str()) == column)
    };
    for check in old.checks.iter().filter(|check| !new.checks.contains(check)) {
        if !goes_along(check) {
            alteration.dropped_checks.push(check.name.as_deref()?);
        }
    }
    let stays = |check: &CheckSchema| old.checks.contains(check) && !goes_along(check);
    for check in new.checks.iter().filter(|check| !stays(check)) {
        let last = alteration.added.iter().rposition(|column| check.expr.mentions(&column.name));
        match last {
            Some(at) => alteration.column_checks.push((at, check)),
            None if is_never_null(new, &check.expr) => alteration.added_checks.push(check),
            None => return None,
        }
    }
    Some(())
}

/// ADD CONSTRAINT refuses rows for which the rule is NULL in SQLite 3.53, though a CHECK lets them
/// be: it is for rules that are true or false only.
fn is_never_null(table: &TableSchema, rule: &Fragment) -> bool {
    let may_be_null = |column: &&ColumnSchema| !column.not_null && rule.mentions(&column.name);
    !rule.mentions("NULL") && !table.columns.iter().any(|column| may_be_null(&column))
}

/// DROP COLUMN wants the column to be mentioned nowhere else in the table.
fn is_droppable(
    old: &TableSchema,
    new: &TableSchema,
    column: &ColumnSchema,
    alteration: &Alteration<'_>,
) -> bool {
    let in_key = |key: &KeySchema| key.columns.iter().any(|part| part.name == column.name);
    let in_keys = old.primary_key.iter().chain(&old.uniques).any(in_key);
    let refers = old.foreign_keys.iter().any(|key| key.columns.contains(&column.name));
    let is_read = |check: &CheckSchema| {
        let goes =
            check.name.as_deref().is_some_and(|name| alteration.dropped_checks.contains(&name));
        let is_own = check.column.as_deref() == Some(&column.name);
        !goes && !is_own && check.expr.mentions(&column.name)
    };
    let computes = |other: &ColumnSchema| {
        other.generated.as_ref().is_some_and(|generated| generated.expr.mentions(&column.name))
    };
    !in_keys
        && !refers
        && !old.checks.iter().any(is_read)
        && !old.columns.iter().any(computes)
        && new.columns.iter().any(|other| old.column(&other.name).is_some())
}
