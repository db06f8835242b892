//! Replaying what was recorded gives the exact tables, whatever was written and undone.

use std::fmt::Write as _;

use proptest::prelude::*;
use rusqlite::params_from_iter;

use super::*;

/// A step of a random transaction, with numbers that choose rows.
#[derive(Debug, Clone)]
enum Step {
    Attempt(String),
    Undone(Vec<String>),
}

fn statement() -> impl Strategy<Value = String> {
    let tenants = ["a", "b", "c"].map(id);
    let conflict = prop::sample::select(vec!["", "OR REPLACE", "OR IGNORE", "OR FAIL", "OR ABORT"]);
    (0..9_u8, 0..3_usize, 0..5_u8, 0..5_u8, conflict).prop_map(move |(kind, org, one, two, or)| {
        let org = &tenants[org];
        let (one, two) = (id(&one.to_string()), two);
        match kind {
            0 => format!(
                "INSERT {or} INTO organizations (id, name, slug) VALUES ('{org}', 'N{two}', 's{two}')"
            ),
            1 => format!(
                "INSERT {or} INTO teams (organization_id, id, name, created_at, updated_at, weight)
                 VALUES ('{org}', '{one}', 'n{two}', '2025-01-01T00:00:00.000Z',
                         '2025-01-01T00:00:00.00{two}Z', {two}.5)"
            ),
            2 => format!(
                "INSERT {or} INTO desks (organization_id, id, team_id, number)
                 SELECT organization_id, printf('%-36s', substr(id, 1, 1) || {two}), id, {two}
                 FROM teams WHERE organization_id = '{org}'"
            ),
            3 => format!("UPDATE {or} teams SET name = 'n{two}', picture = x'0{two}', parent_id = NULL"),
            4 => format!("UPDATE {or} desks SET number = number + {two}, organization_id = '{org}'"),
            5 => format!("DELETE FROM teams WHERE organization_id = '{org}' AND id = '{one}'"),
            6 => format!("DELETE FROM desks WHERE number % 3 = {two}"),
            7 => format!("DELETE FROM organizations WHERE id = '{org}'"),
            _ => format!(
                "INSERT INTO organizations (id, name, slug) VALUES ('{org}', 'U', 'u')
                 ON CONFLICT (id) DO UPDATE SET name = 'again{two}'"
            ),
        }
    })
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => statement().prop_map(Step::Attempt),
        1 => prop::collection::vec(statement(), 1..4).prop_map(Step::Undone),
    ]
}

fn perform(db: &Db, steps: &[Step]) {
    for step in steps {
        match step {
            Step::Attempt(sql) => _ = db.attempt(sql),
            Step::Undone(all) => {
                let mark = db.recorder.mark();
                db.run("SAVEPOINT undone");
                all.iter().for_each(|sql| _ = db.attempt(sql));
                db.run("ROLLBACK TO undone; RELEASE undone");
                db.recorder.cut_back(mark);
            }
        }
    }
}

/// Does to another database what the records say.
pub(super) fn replay(source: &Connection, copy: &Connection) {
    let mut records = records_of(source);
    let shapes = Shapes::read(source).unwrap();
    while !records.is_empty() {
        let first = records[0].seq - records[0].part;
        let (now, later): (Vec<_>, Vec<_>) =
            records.into_iter().partition(|record| record.seq - record.part == first);
        records = later;
        let mut changes: Vec<Change> =
            now.iter().flat_map(|record| record.decode(&shapes).unwrap()).collect();
        changes.sort_by_key(|change| change.ordinal);
        changes.iter().for_each(|change| apply(copy, change));
    }
}

fn apply(copy: &Connection, change: &Change) {
    let shape = &change.shape;
    let table = &shape.table;
    let keys: Vec<&str> = shape.key.iter().map(|at| shape.columns[*at].as_str()).collect();
    let condition = keys.iter().map(|name| format!("\"{name}\" = ?")).collect::<Vec<_>>();
    let condition = condition.join(" AND ");
    let (sql, values) = match &change.kind {
        ChangeKind::Insert(row) => {
            let marks = vec!["?"; row.len()].join(", ");
            let columns = shape.columns.join("\", \"");
            (format!("INSERT INTO {table} (\"{columns}\") VALUES ({marks})"), row.clone())
        }
        ChangeKind::Delete(row) => {
            // What is deleted is what is there.
            let all = shape.columns.iter().map(|name| format!("\"{name}\" IS ?"));
            let all = all.collect::<Vec<_>>().join(" AND ");
            (format!("DELETE FROM {table} WHERE {all}"), row.clone())
        }
        ChangeKind::Update(update) => {
            let mut sql = format!("UPDATE {table} SET ");
            let mut values = Vec::new();
            for (place, (at, _, after)) in update.changes.iter().enumerate() {
                let comma = if place > 0 { ", " } else { "" };
                write!(sql, "{comma}\"{}\" = ?", shape.columns[*at]).unwrap();
                values.push(after.clone());
            }
            if values.is_empty() {
                // A secret alone changed: the row has to be there all the same.
                write!(sql, "\"{0}\" = \"{0}\"", keys[0]).unwrap();
            }
            write!(sql, " WHERE {condition}").unwrap();
            values.extend(update.key.iter().cloned());
            for (at, before, _) in &update.changes {
                write!(sql, " AND \"{}\" IS ?", shape.columns[*at]).unwrap();
                values.push(before.clone());
            }
            (sql, values)
        }
        ChangeKind::DeleteTenant(key) => {
            copy.pragma_update(None, "foreign_keys", true).unwrap();
            let sql = format!("DELETE FROM {table} WHERE {condition}");
            copy.execute(&sql, params_from_iter(key.iter().map(bound))).unwrap();
            copy.pragma_update(None, "foreign_keys", false).unwrap();
            return;
        }
    };
    let changed = copy.execute(&sql, params_from_iter(values.iter().map(bound))).unwrap();
    assert_eq!(changed, 1, "{change:?}");
}

fn bound(value: &crate::value::SqlValue<'_>) -> rusqlite::types::Value {
    use crate::value::SqlValue;
    use rusqlite::types::Value;
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(integer) => Value::Integer(*integer),
        SqlValue::Real(real) => Value::Real(*real),
        SqlValue::Text(text) => Value::Text(text.to_string()),
        SqlValue::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}

/// All rows, without the secret column that one of the models has.
pub(super) fn dump(connection: &Connection, tables: &[&str]) -> Vec<String> {
    let mut rows = Vec::new();
    for table in tables {
        let sql = format!("SELECT * FROM {table} ORDER BY 1, 2");
        let mut statement = connection.prepare(&sql).unwrap();
        let names = statement.column_names().enumerate();
        let columns: Vec<usize> =
            names.filter(|(_, name)| *name != "code").map(|(at, _)| at).collect();
        let mut found = statement.query([]).unwrap();
        while let Some(row) = found.next().unwrap() {
            let values = columns.iter().map(|at| format!("{:?}", row.get_ref(*at).unwrap()));
            rows.push(format!("{table} {}", values.collect::<Vec<_>>().join(" ")));
        }
    }
    rows
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(80))]

    #[test]
    fn replaying_the_records_gives_the_tables(
        transactions in prop::collection::vec((prop::collection::vec(step(), 1..8), any::<bool>()), 1..8),
    ) {
        let db = Db::new();
        for (steps, undo) in &transactions {
            db.recorder.prepare(&db.connection).unwrap();
            db.run("BEGIN IMMEDIATE");
            db.recorder.begin(&db.connection, &Actor::system()).unwrap();
            db.recorder.require_all(&db.connection).unwrap();
            perform(&db, steps);
            if *undo {
                db.run("ROLLBACK");
                db.recorder.clear();
                continue;
            }
            db.recorder.flush(&db.connection, &db.host).unwrap();
            db.run("COMMIT");
            db.recorder.committed();
        }
        if !internal::is_there(&db.connection).unwrap() {
            return Ok(());
        }
        let copy = testing::connection();
        copy.pragma_update(None, "foreign_keys", false).unwrap();
        replay(&db.connection, &copy);
        // A tenant's own row is gone with the tenant: what is left is what is recorded.
        let tables = ["organizations", "teams", "desks"];
        prop_assert_eq!(dump(&copy, &tables), dump(&db.connection, &tables));
        let mut heads = std::collections::HashMap::new();
        for record in db.records() {
            let head = heads.entry(record.scope.clone()).or_insert(chain::NO_HASH.to_vec());
            prop_assert_eq!(chain::hash(head, &record).to_vec(), record.hash.clone());
            *head = record.hash;
        }
    }
}
