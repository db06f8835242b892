//! Random small models: from any to any other and back, with rows.

use proptest::prelude::*;
use rusqlite::types::Value;

use super::models::{COLUMNS, ModelPlan, edits, models};
use super::plan::run;
use super::*;
use crate::Model;
use crate::model::{Column, Kind, Shape, Table};

/// The rows that every table gets.
const ROWS: usize = 3;

fn id(table: usize, row: usize) -> String {
    format!("00000000-0000-0000-{table:04}-{row:012}")
}

/// A value that the column takes, different in every row where keys want it.
fn value(model: &Model, table: &Table, column: &Column, row: usize) -> Value {
    let number = row as i64;
    let place = |name: &str| model.tables.iter().position(|table| table.name == name).unwrap_or(0);
    if column.optional && row == 0 {
        return Value::Null;
    }
    let reference = table.references.iter().find(|r| r.columns.last() == Some(&column.name));
    if let Some(reference) = reference {
        return Value::Text(id(place(&reference.table), row));
    }
    let text = |text: String| Value::Text(text);
    match &column.kind {
        _ if column.array => text(format!("[\"{row}\"]")),
        Kind::Text => text(format!("text {row}")),
        Kind::Integer | Kind::BigInt => Value::Integer(number + 1),
        Kind::Decimal { .. } => Value::Integer(number * 125 - 60),
        Kind::Real => Value::Real(row as f64 + 0.5),
        Kind::Boolean => Value::Integer(number % 2),
        Kind::Uuid => text(id(place(&table.name), row)),
        Kind::Timestamp => text(format!("2025-01-0{}T10:20:30.40{row}Z", row + 1)),
        Kind::Date => text(format!("2025-01-0{}", row + 1)),
        Kind::Time => text(format!("10:20:30.40{row}")),
        Kind::Json { shape: Shape::Array } => text("[1]".to_owned()),
        Kind::Json { .. } => text(format!("{{\"a\":{row}}}")),
        Kind::Blob => Value::Blob(vec![row as u8, 255]),
        Kind::Enum { name } => text(model.enum_values(name)[0].clone()),
    }
}

fn fill(connection: &Connection, model: &Model) {
    connection.pragma_update(None, "foreign_keys", false).expect("switches");
    for table in &model.tables {
        for row in 0..ROWS {
            let names: Vec<&str> =
                table.columns.iter().map(|column| column.name.as_str()).collect();
            let values: Vec<Value> =
                table.columns.iter().map(|column| value(model, table, column, row)).collect();
            let marks = vec!["?"; names.len()].join(", ");
            let names = crate::sql::quote::names(names);
            let table = crate::sql::quote::name(&table.name);
            let sql = format!("INSERT INTO {table} ({names}) VALUES ({marks})");
            connection
                .execute(&sql, rusqlite::params_from_iter(values))
                .unwrap_or_else(|error| panic!("{error}: {sql}"));
        }
    }
    assert_eq!(count(connection, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

/// Names that are only in the one list, paired with names that are only in the other.
fn pairs<'n>(old: &[&'n str], new: &[&'n str]) -> Vec<(&'n str, &'n str)> {
    let gone = old.iter().filter(|name| !new.contains(name));
    gone.zip(new.iter().filter(|name| !old.contains(name))).map(|(a, b)| (*a, *b)).collect()
}

/// A table's name in both models, and the names of columns that were renamed with it.
struct Same {
    old: String,
    new: String,
    columns: Vec<(String, String)>,
}

/// Renames all that can be: tables and columns only in the one become those only in the other.
fn all_renames(from: &Model, to: &Model) -> (Renames, Vec<Same>) {
    let names = |model: &Model| -> Vec<String> {
        model.tables.iter().map(|table| table.name.clone()).filter(|name| name != "orgs").collect()
    };
    let (old, new) = (names(from), names(to));
    let old: Vec<&str> = old.iter().map(String::as_str).collect();
    let new: Vec<&str> = new.iter().map(String::as_str).collect();
    let mut renames = Renames::default();
    let renamed = pairs(&old, &new);
    renamed.iter().for_each(|(old, new)| renames.table(old, new));
    let renamed = renamed.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned()));
    let kept = from.tables.iter().filter(|table| to.table(&table.name).is_some());
    let kept = kept.map(|table| (table.name.clone(), table.name.clone()));
    let same = renamed.chain(kept).map(|(old, new)| {
        let own = |table: Option<&Table>| -> Vec<String> {
            let columns = table.into_iter().flat_map(|table| &table.columns);
            let names = columns.map(|column| column.name.clone());
            names.filter(|name| COLUMNS.contains(&name.as_str())).collect()
        };
        let (one, other) = (own(from.table(&old)), own(to.table(&new)));
        let one: Vec<&str> = one.iter().map(String::as_str).collect();
        let other: Vec<&str> = other.iter().map(String::as_str).collect();
        let columns: Vec<(String, String)> =
            pairs(&one, &other).iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        columns.iter().for_each(|(a, b)| renames.column(&old, a, b));
        Same { old, new, columns }
    });
    let same = same.collect();
    (renames, same)
}

fn values_of(connection: &Connection, table: &str, columns: &[&str]) -> Vec<Vec<Value>> {
    let names = crate::sql::quote::names(columns);
    let sql = format!("SELECT {names} FROM {} ORDER BY id", crate::sql::quote::name(table));
    let mut statement = connection.prepare(&sql).expect("prepares");
    let rows = statement.query_map([], |row| (0..columns.len()).map(|at| row.get(at)).collect());
    rows.expect("queries").collect::<rusqlite::Result<_>>().expect("reads")
}

/// The columns of one kind on both sides, by their old and new names: their values are kept.
fn kept_columns(same: &Same, from: &Model, to: &Model) -> Vec<(String, String)> {
    let (old, new) = (from.table(&same.old).expect("is"), to.table(&same.new).expect("is"));
    let pairs = old.columns.iter().map(|column| {
        let renamed = same.columns.iter().find(|(name, _)| *name == column.name);
        (column, renamed.map_or(column.name.clone(), |(_, name)| name.clone()))
    });
    let kept = pairs.filter(|(column, name)| {
        new.column(name).is_some_and(|new| {
            new.kind == column.kind
                && new.array == column.array
                && new.encrypted == column.encrypted
                && (new.optional || !column.optional)
        })
    });
    kept.map(|(column, name)| (column.name.clone(), name)).collect()
}

fn check(from: &ModelPlan, to: &ModelPlan, rename: bool) {
    let (one, other) = (from.load(), to.load());
    let (a, b) = (Schema::from_model(&one), Schema::from_model(&other));
    let (renames, mut same) = all_renames(&one, &other);
    let renames = if rename { renames } else { Renames::default() };
    if !rename {
        same.retain(|same| same.old == same.new);
        same.iter_mut().for_each(|same| same.columns.clear());
    }
    let plan = super::super::plan(&a, &b, &renames);
    let create = a.create_sql().join("\n");
    let step = |connection: &Connection, script: &str, expected: &Schema| {
        run(connection, script).unwrap_or_else(|error| panic!("{error}\n{create}\n\n{script}"));
        let live = Schema::read(connection).expect("reads");
        assert_eq!(lines(&diff(expected, &live)), [] as [&str; 0], "\n{create}\n\n{script}");
    };
    let empty = database(&create);
    step(&empty, "", &a);
    step(&empty, &plan.up, &b);
    step(&empty, &plan.down, &a);
    step(&empty, &plan.up, &b);
    let filled = database(&create);
    fill(&filled, &one);
    let kept: Vec<(&Same, Vec<(String, String)>)> =
        same.iter().map(|same| (same, kept_columns(same, &one, &other))).collect();
    let read = |connection: &Connection, new: bool| -> Vec<Vec<Vec<Value>>> {
        let read_table = |(same, columns): &(&Same, Vec<(String, String)>)| {
            let names = columns.iter().map(|(a, b)| if new { b.as_str() } else { a.as_str() });
            let table = if new { &same.new } else { &same.old };
            values_of(connection, table, &names.collect::<Vec<_>>())
        };
        kept.iter().map(read_table).collect()
    };
    let before = read(&filled, false);
    match run(&filled, &plan.up) {
        Ok(()) => {
            assert_eq!(read(&filled, true), before, "rows are kept\n{create}\n\n{}", plan.up);
            if run(&filled, &plan.down).is_ok() {
                assert_eq!(read(&filled, false), before, "\n{create}\n\n{}", plan.down);
            } else {
                assert!(!plan.down_risks.is_empty(), "\n{create}\n\n{}", plan.down);
            }
        }
        Err(error) => assert!(!plan.risks.is_empty(), "{error}\n{create}\n\n{}", plan.up),
    }
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 96,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn any_model_becomes_any_other(from in models(), to in models(), rename in any::<bool>()) {
        check(&from, &to, rename);
    }

    #[test]
    fn any_model_can_be_edited(from in models(), edits in edits(), rename in any::<bool>()) {
        check(&from, &from.edited(&edits), rename);
    }
}
