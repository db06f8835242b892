//! Writes of a session (validation, policy, change record) against the bare prepared statement.

use std::time::Duration;

use freehold::{Access, Actor, Database, ListOptions, OpenOptions, Session, Synchronous};
use freehold_core::validate::Validator;
use freehold_core::value::{Row, SqlValue};
use freehold_tests::measure::{Line, interleaved, show, time};
use rusqlite::{Connection, params_from_iter};
use serde_json::{Value, json};

use crate::writing::{Bound, connection, image, rows};

/// Few rows at a time and many times: a repetition is short enough for a busy machine to leave most
/// of them alone.
const ROWS: usize = 2_000;
const REPETITIONS: usize = 31;
const COMMITS: usize = 400;

pub fn lines() -> Vec<Line> {
    let mut lines = within_a_transaction();
    lines.push(autocommitted());
    lines.push(record_size());
    lines
}

/// A plain member, put into the team that works on the files' project: their rights hang on rows.
fn actor(database: &Database) -> Actor {
    let owner = database.owner().unwrap();
    let first = |table: &str, filter: Value| {
        let options = ListOptions { filter: Some(filter), ..ListOptions::default() };
        owner.list(table, &options).unwrap().rows.remove(0)
    };
    let file = first("files", json!({}));
    let project = first("projects", json!({ "id": file["project_id"] }));
    let seat = first("organization_members", json!({ "role": "MEMBER" }));
    let member = json!({
        "organization_id": seat["organization_id"],
        "team_id": project["team_id"],
        "user_id": seat["user_id"],
    });
    owner.insert("team_members", member.as_object().unwrap()).unwrap();
    let text = |name: &str| seat[name].as_str().unwrap().to_owned();
    Actor::user(text("user_id")).in_tenant(text("organization_id"))
}

fn without_tenant(rows: &[Row]) -> Vec<Row> {
    let mut rows: Vec<Row> = rows.iter().take(ROWS).cloned().collect();
    for row in &mut rows {
        row.remove("organization_id");
    }
    rows
}

/// The storage values of rows, validated before the clock starts.
fn ready(database: &Database, rows: &[Row]) -> (String, Vec<Vec<SqlValue<'static>>>) {
    let model = database.bundle().model.clone();
    let table = model.table("files").unwrap();
    let validator = Validator::new(&model, table).unwrap();
    let host = freehold_core::host::FixedHost::new(1_750_000_000_000, 1);
    let marks = vec!["?"; table.columns.len()].join(", ");
    let names: Vec<&str> = table.columns.iter().map(|column| column.name.as_str()).collect();
    let sql = format!("INSERT INTO files ({}) VALUES ({marks})", names.join(", "));
    let values = rows.iter().take(ROWS).map(|row| {
        let values = validator.validate_insert(row, &host).unwrap().values;
        values.into_iter().map(SqlValue::into_owned).collect()
    });
    (sql, values.collect())
}

struct Bare {
    connection: Connection,
    tenant: String,
}

impl Bare {
    fn run(&self, sql: &str, values: &[Vec<SqlValue<'_>>]) -> Duration {
        self.connection.execute_batch("BEGIN").unwrap();
        let mut statement = self.connection.prepare_cached(sql).unwrap();
        let took = time(|| {
            for row in values {
                statement.execute(params_from_iter(row.iter().map(Bound))).unwrap();
            }
        });
        self.connection.execute_batch("COMMIT").unwrap();
        took
    }
}

/// How long inserting, changing and deleting all rows takes.
fn three_ways(session: &Session<'_>, rows: &[Row]) -> [Duration; 3] {
    let keys: Vec<Value> = rows.iter().map(|row| row["id"].clone()).collect();
    let changes: Row =
        json!({ "filename": "changed.png", "size_bytes": 77 }).as_object().unwrap().clone();
    // What a first write compiles and looks up is not the writes' own, here as for the bare ones.
    session.insert("files", &rows[0]).unwrap();
    session.update("files", &keys[0], &changes).unwrap();
    session.delete("files", &keys[0]).unwrap();
    let insert = time(|| {
        let work = |session: &Session<'_>| {
            rows.iter().try_for_each(|row| session.insert("files", row).map(|_| ()))
        };
        session.transaction(work).unwrap();
    });
    let update = time(|| {
        let work = |session: &Session<'_>| {
            keys.iter().try_for_each(|key| session.update("files", key, &changes).map(|_| ()))
        };
        session.transaction(work).unwrap();
    });
    let delete = time(|| {
        let work = |session: &Session<'_>| {
            keys.iter().try_for_each(|key| session.delete("files", key).map(|_| ()))
        };
        session.transaction(work).unwrap();
    });
    [insert, update, delete]
}

fn within_a_transaction() -> Vec<Line> {
    let seeded = freehold::testing::database("carcosa", "development");
    let all = rows(&seeded);
    let own = without_tenant(&all);
    let image = image();
    let (insert, values) = ready(&seeded, &all);
    let tenant = all[0]["organization_id"].as_str().unwrap().to_owned();
    let ids: Vec<Vec<SqlValue<'_>>> = all
        .iter()
        .take(ROWS)
        .map(|row| vec![tenant.as_str().into(), row["id"].as_str().unwrap().into()])
        .collect();
    let update = "UPDATE files SET filename = 'changed.png', size_bytes = 77,
                  updated_at = '2026-01-01T00:00:00.000Z' WHERE organization_id = ? AND id = ?";
    let delete = "DELETE FROM files WHERE organization_id = ? AND id = ?";
    let (mut ours, mut theirs) = ([const { Vec::new() }; 3], [const { Vec::new() }; 3]);
    for _ in 0..REPETITIONS {
        let database = freehold::testing::database("carcosa", "development");
        let session = database.session(actor(&database)).unwrap();
        for (kept, took) in ours.iter_mut().zip(three_ways(&session, &own)) {
            kept.push(took);
        }
        let bare = Bare { connection: connection(&image), tenant: tenant.clone() };
        assert_eq!(bare.tenant, tenant);
        let took = [bare.run(&insert, &values), bare.run(update, &ids), bare.run(delete, &ids)];
        for (kept, took) in theirs.iter_mut().zip(took) {
            kept.push(took);
        }
    }
    let names = [("insert", 2.5), ("update by key", 4.0), ("delete by key", 3.0)];
    let medians = ours.into_iter().zip(theirs).map(|(ours, theirs)| {
        let count = u32::try_from(ROWS).unwrap();
        let median = freehold_tests::measure::median;
        (median(ours) / count, median(theirs) / count)
    });
    let lines = names.into_iter().zip(medians).map(|((name, limit), (ours, theirs))| {
        let what = format!("a member's {name}, with its change record / bare");
        Line::ratio(&what, ours, theirs, limit)
    });
    lines.collect()
}

/// Single commits to a file: write-ahead log, synchronous FULL.
fn autocommitted() -> Line {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ours.db");
    let options = OpenOptions {
        access: Access::Create,
        synchronous: Synchronous::Full,
        ..OpenOptions::default()
    };
    let bundle = freehold::Bundle::builtin("carcosa").unwrap();
    let mut database = freehold::open(&path, bundle, options).unwrap();
    database.init(Some("development"), &mut |_| {}).unwrap();
    let all = rows(&database);
    let own = without_tenant(&all);
    let session = database.session(actor(&database)).unwrap();
    let copy = folder.path().join("bare.db");
    std::fs::write(&copy, image()).unwrap();
    let bare = Connection::open(&copy).unwrap();
    bare.execute_batch(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
    )
    .unwrap();
    let (sql, values) = ready(&database, &all);
    let mut at = (0, 0);
    // One by one: the disk is slow at one moment and fast at the next.
    let (ours, theirs) = interleaved(
        COMMITS,
        || {
            let row = &own[at.0];
            at.0 += 1;
            time(|| session.insert("files", row).unwrap())
        },
        || {
            let row = &values[at.1];
            at.1 += 1;
            time(|| {
                let mut statement = bare.prepare_cached(&sql).unwrap();
                statement.execute(params_from_iter(row.iter().map(Bound))).unwrap()
            })
        },
    );
    Line::ratio("the same insert autocommitted, WAL, FULL", ours, theirs, 1.25)
}

/// What a small write's change record takes in the file.
fn record_size() -> Line {
    let database = freehold::testing::database("carcosa", "development");
    let all = rows(&database);
    let own = without_tenant(&all);
    let session = database.session(actor(&database)).unwrap();
    session.insert("files", &own[0]).unwrap();
    let sql = "SELECT length(changes) + coalesce(length(hash), 0) FROM _freehold_changes
               ORDER BY seq DESC LIMIT 1";
    let answer = database.owner().unwrap().sql(sql, &[]).unwrap();
    let bytes = answer.rows[0][0].as_i64().unwrap();
    let fill = time(|| database.owner().unwrap().count("audit_logs", None).unwrap());
    Line {
        what: "bytes of change record of that insert".to_owned(),
        figure: format!("{bytes} (filling its audit entry: {})", show(fill)),
        limit: Some("250".to_owned()),
        holds: bytes <= 250,
    }
}
