//! How does one schema differ from another? In words for people.
//!
//! The order of columns and constraints and the spelling of SQL make no difference.

use std::fmt;

use serde::Serialize;

use super::ddl;
use super::named::Named;
use super::types::*;
use crate::sql::quote;

/// One difference between an expected schema and a found one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// What differs.
    pub place: Place,
    /// Which of its properties, where it is there on both sides: `type`, `default`, …
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property: Option<&'static str>,
    /// What was expected, in SQL; none where nothing was.
    pub expected: Option<String>,
    /// What was found, in SQL; none where nothing was.
    pub found: Option<String>,
}

/// What a difference is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Place {
    /// A table as a whole.
    Table {
        /// The table.
        table: String,
    },
    /// A column.
    Column {
        /// The table.
        table: String,
        /// The column.
        column: String,
    },
    /// A CHECK constraint.
    Check {
        /// The table.
        table: String,
        /// Its name, or its expression where it has none.
        check: String,
    },
    /// A foreign key.
    ForeignKey {
        /// The table.
        table: String,
        /// The referring columns, separated by commas.
        columns: String,
    },
    /// An index.
    Index {
        /// Its table.
        table: String,
        /// The index.
        index: String,
    },
    /// A trigger.
    Trigger {
        /// Its table.
        table: String,
        /// The trigger.
        trigger: String,
    },
    /// A view.
    View {
        /// The view.
        view: String,
    },
    /// Something kept as text alone: a virtual table, or what could not be read.
    Other {
        /// Its name.
        name: String,
    },
}

/// Compares two schemas: none where they mean the same.
///
/// # Example
///
/// ```
/// use freehold_core::{Model, schema::{Schema, diff}};
/// let text = "name = \"notes\"\n[tables.notes]\ncolumns.body = { type = \"blob\" }";
/// let expected = Schema::from_model(&Model::from_toml(text)?);
/// let differences = diff(&expected, &Schema::default());
/// assert_eq!(differences[0].to_string(), "table notes: expected, none found");
/// # Ok::<(), freehold_core::Error>(())
/// ```
pub fn diff(expected: &Schema, found: &Schema) -> Vec<Difference> {
    let mut differences = Vec::new();
    let table_place = |name: &str| Place::Table { table: name.to_owned() };
    for (name, one, other) in pairs(&expected.tables, &found.tables) {
        match (one, other) {
            (Some(one), Some(other)) => diff_tables(one, other, &mut differences),
            (one, other) => {
                differences.push(presence(table_place(name), one, other, |_| name.clone()))
            }
        }
    }
    for (name, one, other) in pairs(&expected.indexes, &found.indexes) {
        let table = one.or(other).map_or("", |index| &index.table).to_owned();
        let place = Place::Index { table, index: name.clone() };
        differences.extend(whole(place, one, other, |i| one_line(&ddl::index_sql(i))));
    }
    for (name, one, other) in pairs(&expected.triggers, &found.triggers) {
        let table = one.or(other).map_or("", |trigger| &trigger.table).to_owned();
        let place = Place::Trigger { table, trigger: name.clone() };
        differences.extend(whole(place, one, other, |trigger| one_line(&trigger.sql)));
    }
    for (name, one, other) in pairs(&expected.views, &found.views) {
        let place = Place::View { view: name.clone() };
        differences.extend(whole(place, one, other, |view| one_line(view.body.text())));
    }
    for (name, one, other) in pairs(&expected.others, &found.others) {
        let place = Place::Other { name: name.clone() };
        differences.extend(whole(place, one, other, |other| one_line(other.sql.text())));
    }
    differences
}

fn one_line(text: &str) -> String {
    ddl::one_line(text)
}

/// The values of both maps by name, in order.
fn pairs<'m, T>(
    one: &'m Named<T>,
    other: &'m Named<T>,
) -> impl Iterator<Item = (&'m String, Option<&'m T>, Option<&'m T>)> {
    let first = one.iter().map(|(name, value)| (name, Some(value), other.get(name)));
    let only = other.iter().filter(|(name, _)| !one.contains_key(name));
    first.chain(only.map(|(name, value)| (name, None, Some(value))))
}

fn presence<T>(
    place: Place,
    one: Option<&T>,
    other: Option<&T>,
    describe: impl Fn(&T) -> String,
) -> Difference {
    let (expected, found) = (one.map(&describe), other.map(&describe));
    Difference { place, property: None, expected, found }
}

fn whole<T: PartialEq>(
    place: Place,
    one: Option<&T>,
    other: Option<&T>,
    describe: impl Fn(&T) -> String,
) -> Option<Difference> {
    (one != other).then(|| presence(place, one, other, describe))
}

fn diff_tables(one: &TableSchema, other: &TableSchema, differences: &mut Vec<Difference>) {
    let table = &one.name;
    for column in &one.columns {
        match other.column(&column.name) {
            Some(found) => diff_columns(table, column, found, differences),
            None => differences.push(column_presence(table, Some(column), None)),
        }
    }
    let only = other.columns.iter().filter(|column| one.column(&column.name).is_none());
    differences.extend(only.map(|column| column_presence(table, None, Some(column))));
    let place = || Place::Table { table: table.clone() };
    let mut property = |name, one: Option<String>, other: Option<String>| {
        if one != other {
            let property = Some(name);
            differences.push(Difference { place: place(), property, expected: one, found: other });
        }
    };
    if one.primary_key != other.primary_key {
        let describe = |table: &TableSchema| table.primary_key.as_ref().map(ddl::key_columns_sql);
        property("primary key", describe(one), describe(other));
    }
    let mut uniques = Unmatched::of(&one.uniques, &other.uniques);
    while let Some((one, other)) = uniques.next_pair() {
        property("unique", one.map(ddl::key_columns_sql), other.map(ddl::key_columns_sql));
    }
    let flag = |flag: bool| flag.then(|| "yes".to_owned());
    property("strict", flag(one.strict), flag(other.strict));
    property("without rowid", flag(one.without_rowid), flag(other.without_rowid));
    diff_checks(one, other, differences);
    let mut keys = Unmatched::of(&one.foreign_keys, &other.foreign_keys);
    while let Some((one, other)) = keys.next_pair() {
        let columns = one.or(other).map(|key| key.columns.join(", ")).unwrap_or_default();
        let place = Place::ForeignKey { table: table.clone(), columns };
        differences.push(presence(place, one, other, ddl::references_sql));
    }
}

/// Whether two tables mean the same, whatever their names.
pub(super) fn is_same_table(one: &TableSchema, other: &TableSchema) -> bool {
    let mut differences = Vec::new();
    diff_tables(one, other, &mut differences);
    differences.is_empty()
}

fn column_presence(
    table: &str,
    one: Option<&ColumnSchema>,
    other: Option<&ColumnSchema>,
) -> Difference {
    let name = one.or(other).map_or("", |column| &column.name);
    let place = Place::Column { table: table.to_owned(), column: name.to_owned() };
    presence(place, one, other, ddl::column_sql)
}

fn diff_columns(
    table: &str,
    one: &ColumnSchema,
    other: &ColumnSchema,
    differences: &mut Vec<Difference>,
) {
    if one == other {
        return;
    }
    let mut property = |name, differs: bool, describe: &dyn Fn(&ColumnSchema) -> Option<String>| {
        if differs {
            let place = Place::Column { table: table.to_owned(), column: one.name.clone() };
            let (expected, found) = (describe(one), describe(other));
            differences.push(Difference { place, property: Some(name), expected, found });
        }
    };
    let some = |text: &str| Some(text.to_owned()).filter(|text| !text.is_empty());
    property("type", one.type_name != other.type_name, &|c| some(&c.type_name));
    let nullability = |column: &ColumnSchema| {
        let conflict =
            column.not_null_conflict.as_deref().map(|word| format!(" ON CONFLICT {word}"));
        column.not_null.then(|| format!("NOT NULL{}", conflict.unwrap_or_default()))
    };
    property("nullability", nullability(one) != nullability(other), &nullability);
    property("default", one.default != other.default, &|column| {
        column.default.as_ref().map(ddl::default_sql)
    });
    property("collation", one.collate != other.collate, &|column| column.collate.clone());
    property("expression", one.generated != other.generated, &|column| {
        let stored = |generated: &Generated| if generated.stored { " STORED" } else { "" };
        column.generated.as_ref().map(|g| format!("({}){}", g.expr, stored(g)))
    });
}

fn diff_checks(one: &TableSchema, other: &TableSchema, differences: &mut Vec<Difference>) {
    let place = |check: &CheckSchema| Place::Check {
        table: one.name.clone(),
        check: check.name.clone().unwrap_or_else(|| one_line(check.expr.text())),
    };
    let describe = |check: &CheckSchema| one_line(check.expr.text());
    let mut checks = Unmatched::of(&one.checks, &other.checks);
    // Of those that differ, two of one name belong together.
    while let Some(check) = checks.one.pop() {
        let same = |found: &&CheckSchema| check.name.is_some() && found.name == check.name;
        let found = checks.other.iter().position(same).map(|at| checks.other.remove(at));
        differences.push(presence(place(check), Some(check), found, describe));
    }
    for found in checks.other {
        differences.push(presence(place(found), None, Some(found), describe));
    }
}

/// What is on one side only.
struct Unmatched<'t, T> {
    one: Vec<&'t T>,
    other: Vec<&'t T>,
}

impl<'t, T: PartialEq> Unmatched<'t, T> {
    fn of(one: &'t [T], other: &'t [T]) -> Unmatched<'t, T> {
        let mut rest: Vec<&T> = other.iter().collect();
        let mut missing = Vec::new();
        for item in one {
            match rest.iter().position(|found| *found == item) {
                Some(at) => drop(rest.remove(at)),
                None => missing.push(item),
            }
        }
        missing.reverse();
        Unmatched { one: missing, other: rest }
    }

    fn next_pair(&mut self) -> Option<(Option<&'t T>, Option<&'t T>)> {
        match (self.one.pop(), self.other.is_empty()) {
            (None, true) => None,
            (None, false) => Some((None, Some(self.other.remove(0)))),
            (one, _) => Some((one, None)),
        }
    }
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let n = quote::name;
        match self {
            Place::Table { table } => write!(f, "table {}", n(table)),
            Place::Column { table, column } => {
                write!(f, "table {}: column {}", n(table), n(column))
            }
            Place::Check { table, check } => write!(f, "table {}: check {check}", n(table)),
            Place::ForeignKey { table, columns } => {
                write!(f, "table {}: reference of {columns}", n(table))
            }
            Place::Index { table, index } => write!(f, "table {}: index {}", n(table), n(index)),
            Place::Trigger { table, trigger } => {
                write!(f, "table {}: trigger {}", n(table), n(trigger))
            }
            Place::View { view } => write!(f, "view {}", n(view)),
            Place::Other { name } => write!(f, "{}", n(name)),
        }
    }
}

impl Difference {
    /// The difference as a change from the first schema to the second, for people.
    pub fn as_change(&self) -> String {
        let property = self.property.map(|property| format!("{property} ")).unwrap_or_default();
        let change = match (&self.expected, &self.found) {
            (Some(old), Some(new)) => format!("{property}{old} becomes {new}"),
            (Some(_), None) => format!("{property}removed"),
            (None, _) => format!("{property}added"),
        };
        format!("{}: {change}", self.place)
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.place)?;
        if let Some(property) = self.property {
            write!(f, "{property} ")?;
        }
        let is_short = self.property.is_some() || matches!(self.place, Place::ForeignKey { .. });
        match (&self.expected, &self.found) {
            (Some(one), Some(other)) => write!(f, "{one} expected, {other} found"),
            (Some(one), None) if is_short => write!(f, "{one} expected, none found"),
            (None, Some(other)) if is_short => write!(f, "none expected, {other} found"),
            (Some(_), None) => f.write_str("expected, none found"),
            (None, _) => f.write_str("found, none expected"),
        }
    }
}
