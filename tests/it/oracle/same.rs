//! Whether the database is what the oracle says.

use std::collections::BTreeMap;

use freehold::{Database, ListOptions};
use freehold_core::model::{Auto, Kind, Table};
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};

use super::world::{Row, World, is_derived, key_of};
use super::{Checked, fail};

/// Rows that the core writes itself are read anew, and times of hiding are the core's.
pub fn refresh(database: &Database, world: &mut World) {
    for table in world.model.clone().tables.iter().filter(|table| is_derived(table)) {
        world.tables.insert(table.name.clone(), stored(database, table));
    }
}

pub fn stored(database: &Database, table: &Table) -> Vec<Row> {
    let options = json!({ "limit": 1000, "include_deleted": table.soft_delete.is_some() });
    let owner = database.owner().unwrap();
    owner.list(&table.name, &ListOptions::from_json(options).unwrap()).unwrap().rows
}

/// The database is what the oracle says.
pub fn compare(database: &Database, world: &mut World) -> Checked {
    for table in world.model.clone().tables.iter().filter(|table| !is_derived(table)) {
        let found = stored(database, table);
        let expected = world.rows(&table.name);
        if expected.len() != found.len() {
            fail!("{} has {} rows, not {}", table.name, found.len(), expected.len());
        }
        let by_key = |rows: &[Row]| -> BTreeMap<String, Row> {
            let key = |row: &Row| format!("{:?}", key_of(table, row));
            rows.iter().map(|row| (key(row), row.clone())).collect()
        };
        for (one, other) in by_key(expected).values().zip(by_key(&found).values()) {
            same_values(table, one, other)?;
        }
        world.tables.insert(table.name.clone(), found);
    }
    Ok(())
}

pub fn same_rows<'r>(
    table: &Table,
    expected: impl Iterator<Item = &'r Row>,
    found: impl Iterator<Item = &'r Row>,
) -> Checked {
    let sorted = |rows: Vec<&Row>| {
        let mut texts: Vec<String> =
            rows.into_iter().map(|row| Value::from(row.clone()).to_string()).collect();
        texts.sort();
        texts
    };
    let (expected, found) = (sorted(expected.collect()), sorted(found.collect()));
    match expected == found {
        true => Ok(()),
        false => fail!("of {} they see {found:#?}, not {expected:#?}", table.name),
    }
}

/// All values are as expected, apart from those that the core makes up.
pub fn same_values(table: &Table, expected: &Row, found: &Row) -> Checked {
    for column in table.columns.iter().filter(|column| !column.secret) {
        let made_up = matches!(column.auto, Some(Auto::Id | Auto::Created | Auto::Updated))
            || column.encrypted
            || table.versioned && column.name == "version";
        let name = &column.name;
        let (one, other) = (expected.get(name).unwrap_or(&Value::Null), &found[name]);
        let same = match name.as_str() {
            _ if made_up => true,
            "deleted_at" => one.is_null() == other.is_null(),
            // A default stands in the model as a number, and is shown as digits.
            _ if column.kind == Kind::BigInt && one.is_number() => {
                other.as_str() == Some(one.to_string().as_str())
            }
            _ => is_same(one, other),
        };
        if !same {
            fail!("{}.{name} is {other}, not {one}, in {found:?}", table.name);
        }
    }
    Ok(())
}

/// Whether two values are the same; decimals, however they are written.
fn is_same(one: &Value, other: &Value) -> bool {
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
    match (one, other) {
        (Value::Array(one), Value::Array(other)) => {
            one.len() == other.len()
                && one.iter().zip(other).all(|(one, other)| is_same(one, other))
        }
        _ => one == other || number(one).is_some() && number(one) == number(other),
    }
}
