//! For random programs of writes: what is accepted comes back unchanged, what is refused leaves
//! the database as it was.

use proptest::prelude::*;
use proptest::sample::select;
use serde_json::Number;

use super::*;

/// A step of a program; rows are named by their place among those there.
#[derive(Debug, Clone)]
enum Step {
    Insert(&'static str, Row),
    Update(&'static str, usize, Row),
    Upsert(&'static str, usize, Row),
    Delete(&'static str, usize),
    Restore(&'static str, usize),
}

const TABLES: [&str; 5] = ["organizations", "teams", "projects", "tasks", "desks"];

fn text() -> BoxedStrategy<Value> {
    prop_oneof![
        4 => select(vec!["a", "b", "acme", "é", "Straße", "a\nb", "'; --", "🦀", "x y"]),
        1 => select(vec!["", "a\0b", " ", "\u{FFFF}", "\u{10FFFF}"]),
    ]
    .prop_map(Value::from)
    .boxed()
}

fn number() -> BoxedStrategy<Value> {
    let real = any::<f64>().prop_filter_map("finite", Number::from_f64).prop_map(Value::Number);
    prop_oneof![
        3 => (0_i64..9).prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<u64>().prop_map(Value::from),
        1 => real,
        1 => select(vec![-0.0, 0.1, 3.0, 1e300, 5e-324, 9007199254740993.0]).prop_map(Value::from),
    ]
    .boxed()
}

fn json_value() -> BoxedStrategy<Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::Bool),
        number(),
        text(),
        any::<String>().prop_map(Value::String),
    ];
    let object = |inner: BoxedStrategy<Value>| {
        prop::collection::vec((select(vec!["a", "b", "$blob", "é"]), inner), 0..4).prop_map(
            |members| {
                let members = members.into_iter().map(|(name, value)| (name.to_owned(), value));
                Value::Object(members.collect())
            },
        )
    };
    leaf.prop_recursive(3, 12, 3, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
            object(inner.boxed()),
        ]
    })
    .boxed()
}

/// A value that mostly fits the column of this name.
fn fitting(column: &str) -> BoxedStrategy<Value> {
    let from = |values: &'static [&'static str]| select(values).prop_map(Value::from).boxed();
    match column {
        "seats" | "number" => number(),
        "weight" => number(),
        "big" => prop_oneof![number(), any::<i64>().prop_map(|n| n.to_string().into())].boxed(),
        "price" => from(&["1", "12.50", "-0.01", "99999999.99", "100000000", "0.001", "x", "-0"]),
        "level" => from(&["LOW", "HIGH", "low"]),
        "tags" => {
            prop::collection::vec(from(&["a", "bc", "A", ""]), 0..7).prop_map(Value::Array).boxed()
        }
        "starts_on" | "ends_on" => from(&["2024-02-29", "2025-01-01", "2025-02-29", "0000-01-01"]),
        "settings" => json_value(),
        "picture" => from(&["", "AQI=", "AQID", "AQJ=", "+/8="]),
        "is_open" => any::<bool>().prop_map(Value::Bool).boxed(),
        "opens_at" => from(&["09:30", "23:59:59.999", "24:00", "09:30:00.5"]),
        "created_at" | "updated_at" => from(&[
            "2025-01-01T00:00:00.000Z",
            "2025-01-01t00:00:00+02:00",
            "2025-06-30T23:59:60Z",
            "9999-12-31T23:59:59-01:00",
        ]),
        "id" => from(&[
            "01941f29-7c00-7000-8000-00000000000a",
            "01941F29-7C00-7000-8000-00000000000B",
            "not an id",
        ]),
        _ => text(),
    }
}

fn member(columns: &'static [&'static str]) -> impl Strategy<Value = (String, Value)> {
    select(columns).prop_flat_map(|column| {
        let value = prop_oneof![
            12 => fitting(column),
            1 => Just(Value::Null),
            1 => json_value(),
        ];
        value.prop_map(move |value| (column.to_owned(), value))
    })
}

fn columns(table: &str) -> &'static [&'static str] {
    match table {
        "organizations" => &["name", "slug", "id"],
        "teams" => &[
            "name",
            "seats",
            "level",
            "tags",
            "price",
            "starts_on",
            "ends_on",
            "settings",
            "weight",
            "big",
            "picture",
            "is_open",
            "opens_at",
            "token_hash",
            "created_at",
            "id",
        ],
        "desks" => &["number", "id"],
        _ => &["name", "id"],
    }
}

/// A row with what it needs, most of the time; references are filled in when it is run.
fn row(table: &'static str) -> impl Strategy<Value = Row> {
    let some = prop::collection::vec(member(columns(table)), 0..6);
    let needed: Vec<_> = columns(table)[..columns(table).len().min(2)]
        .iter()
        .filter(|column| **column != "id")
        .map(|column| fitting(column).prop_map(|value| ((*column).to_owned(), value)))
        .collect();
    (needed, some).prop_map(|(needed, some)| needed.into_iter().chain(some).collect())
}

fn step() -> impl Strategy<Value = Step> {
    select(&TABLES[..]).prop_flat_map(|table| {
        let some = prop::collection::vec(member(columns(table)), 0..4);
        let changes = some.prop_map(|members| members.into_iter().collect::<Row>());
        let place = 0..4_usize;
        prop_oneof![
            6 => row(table).prop_map(move |row| Step::Insert(table, row)),
            3 => (place.clone(), changes).prop_map(move |(at, row)| Step::Update(table, at, row)),
            1 => (place.clone(), row(table)).prop_map(move |(at, row)| Step::Upsert(table, at, row)),
            1 => place.clone().prop_map(move |at| Step::Delete(table, at)),
            1 => place.prop_map(move |at| Step::Restore(table, at)),
        ]
    })
}

/// All rows of all tables, as they are stored.
fn dump(db: &Db) -> Vec<Vec<Vec<Value>>> {
    let rows = TABLES.map(|table| {
        let text = format!("SELECT * FROM {table} ORDER BY 1, 2");
        db.owner().sql(&text, &[]).unwrap().rows
    });
    rows.to_vec()
}

/// The rows of a table, softly deleted ones included.
fn rows(db: &Db, table: &str) -> Vec<Row> {
    let options = ListOptions { include_deleted: true, ..ListOptions::default() };
    db.owner().list(table, &options).unwrap().rows
}

/// The key of the row in a place, where there is one.
fn key_at(db: &Db, table: &str, place: usize) -> Option<Value> {
    let rows = rows(db, table);
    let row = rows.get(place % rows.len().max(1))?;
    Some(key_of(table, row))
}

fn key_of(table: &str, row: &Row) -> Value {
    match table {
        "organizations" => json!({ "id": row["id"] }),
        _ => json!({ "organization_id": row["organization_id"], "id": row["id"] }),
    }
}

/// Fills in references to rows that are there.
fn complete(db: &Db, table: &str, row: &Row) -> Row {
    let mut row = row.clone();
    let mut refer = |column: &str, to: &str| {
        if let Some(found) = rows(db, to).first() {
            row.insert(column.to_owned(), found["id"].clone());
        }
    };
    match table {
        "teams" | "projects" | "desks" => refer("organization_id", "organizations"),
        "tasks" => {
            refer("organization_id", "organizations");
            refer("project_id", "projects");
        }
        _ => {}
    }
    row
}

/// Runs a step; the row that it wrote, if it succeeded with one.
fn run(db: &Db, step: &Step) -> Result<Option<(&'static str, Row)>> {
    let owner = db.owner();
    let key = |table, place| key_at(db, table, place).unwrap_or_else(|| json!({ "id": "none" }));
    Ok(match step {
        Step::Insert(table, row) => Some((table, owner.insert(table, &complete(db, table, row))?)),
        Step::Update(table, at, row) => Some((table, owner.update(table, &key(table, *at), row)?)),
        Step::Upsert(table, at, row) => {
            let mut row = complete(db, table, row);
            row.extend(key(table, *at).as_object().unwrap().clone());
            Some((table, owner.upsert(table, &row)?))
        }
        Step::Delete(table, at) => {
            owner.delete(table, &key(table, *at))?;
            None
        }
        Step::Restore(table, at) => Some((table, owner.restore(table, &key(table, *at))?)),
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn writes_happen_as_said_or_not_at_all(program in prop::collection::vec(step(), 1..24)) {
        let db = Db::new();
        db.org("first");
        for step in &program {
            db.host.advance(1);
            let before = dump(&db);
            let foretold = foretell(&db, step);
            let outcome = run(&db, step);
            if let Some(foretold) = foretold {
                prop_assert_eq!(refusal(&outcome), foretold, "{:?}", step);
            }
            match outcome {
                Ok(Some((table, row))) => {
                    let key = key_of(table, &row);
                    let read = db.owner().get(table, &key).unwrap();
                    prop_assert_eq!(read.as_ref(), Some(&row), "{:?}", step);
                    // The canonical form is accepted again, and changes nothing but the time.
                    let mut again = row.clone();
                    let written = db.owner().update(table, &key, &row).unwrap();
                    again.remove("updated_at");
                    let same = again.iter().all(|(name, value)| written[name] == *value);
                    prop_assert!(same, "{written:?} is not {again:?}");
                    if let Step::Insert(_, given) = step {
                        prop_assert!(kept(given, &row), "{given:?} became {row:?}");
                    }
                }
                Ok(None) => {}
                Err(error) => {
                    prop_assert_eq!(dump(&db), before, "{:?}: {}", step, error);
                    prop_assert!(!matches!(error, Error::Sql { .. }), "{step:?}: {error}");
                }
            }
            prop_assert!(db.engine.connection.is_autocommit());
        }
        let orphans = db.owner().sql("SELECT * FROM pragma_foreign_key_check", &[]).unwrap();
        prop_assert!(orphans.rows.is_empty());
    }
}

/// What validation on request says of an insert or an update: its codes, in order.
fn foretell(db: &Db, step: &Step) -> Option<Vec<&'static str>> {
    let found = match step {
        Step::Insert(table, row) => db.owner().validate(table, &complete(db, table, row), None),
        Step::Update(table, at, row) => {
            db.owner().validate(table, row, Some(&key_at(db, table, *at)?))
        }
        _ => return None,
    };
    let mut codes: Vec<_> = found.ok()?.into_iter().map(|issue| issue.code).collect();
    let in_database = ["not_unique", "unknown_reference"];
    if codes.iter().any(|code| !in_database.contains(code)) {
        // A write stops at the first kind of failure, validation looks at all.
        codes.retain(|code| !in_database.contains(code));
    } else {
        codes.truncate(1);
    }
    Some(codes)
}

/// The codes with which a write was refused; a change of a key that others refer to aside, which
/// only the database sees.
fn refusal<T>(outcome: &Result<T>) -> Vec<&'static str> {
    match outcome {
        Err(Error::Invalid { issues, .. }) => {
            let codes = issues.iter().map(|issue| issue.code);
            codes.filter(|code| *code != "still_referenced").collect()
        }
        Err(Error::EncryptionUnavailable { .. }) => vec!["encryption_unavailable"],
        Err(other) => vec![other.code()],
        Ok(_) => Vec::new(),
    }
}

/// Whether a row holds what was given: texts, JSON, booleans and numbers exactly, and the kinds
/// with a canonical form in that form.
fn kept(given: &Row, row: &Row) -> bool {
    given.iter().all(|(name, value)| match name.as_str() {
        "name" | "slug" | "level" | "tags" | "starts_on" | "ends_on" | "settings" | "picture"
        | "is_open" => row[name] == *value,
        "seats" | "number" | "weight" => row[name].as_f64() == value.as_f64(),
        "id" => row[name].as_str() == value.as_str().map(str::to_lowercase).as_deref(),
        _ => true,
    })
}
