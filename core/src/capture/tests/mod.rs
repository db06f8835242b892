//! The recorder against a real database in memory.

mod coverage;
mod records;
mod replay;
mod steps;
mod typed;

use std::sync::Arc;

use rusqlite::Connection;

use super::change::{Change, ChangeKind, Record, Shapes, read_records};
use super::*;
use crate::testing::{self, TestHost};

struct Db {
    connection: Connection,
    recorder: Recorder,
    host: TestHost,
}

impl Db {
    fn new() -> Db {
        Db::of(testing::model())
    }

    fn of(model: Model) -> Db {
        let mut connection = Connection::open_in_memory().unwrap();
        connection.pragma_update(None, "foreign_keys", true).unwrap();
        let script = crate::schema::Schema::from_model(&model).create_sql().join(";\n");
        connection.execute_batch(&script).unwrap();
        let recorder = Recorder::new(&mut connection, Arc::new(model)).unwrap();
        Db { connection, recorder, host: TestHost::new() }
    }

    fn run(&self, sql: &str) {
        self.connection.execute_batch(sql).unwrap();
    }

    /// A transaction of an actor.
    fn act(&self, actor: &Actor, work: impl FnOnce()) {
        self.recorder.prepare(&self.connection).unwrap();
        self.run("BEGIN IMMEDIATE");
        self.recorder.begin(&self.connection, actor).unwrap();
        self.recorder.require_all(&self.connection).unwrap();
        work();
        self.recorder.flush(&self.connection, &self.host).unwrap();
        self.run("COMMIT");
        self.recorder.committed();
    }

    /// A transaction of these statements.
    fn write(&self, sql: &str) {
        self.act(&Actor::system(), || self.run(sql));
    }

    /// One statement, undone and forgotten when it fails, as the owner runs it.
    fn attempt(&self, sql: &str) -> bool {
        let mark = self.recorder.mark();
        self.run("SAVEPOINT attempt");
        let done = self.connection.execute_batch(sql).is_ok();
        if !done {
            self.run("ROLLBACK TO attempt");
            self.recorder.cut_back(mark);
        }
        self.run("RELEASE attempt");
        done
    }

    fn records(&self) -> Vec<Record> {
        records_of(&self.connection)
    }

    fn changes(&self, record: &Record) -> Vec<Change> {
        record.decode(&Shapes::read(&self.connection).unwrap()).unwrap()
    }

    /// What the last transaction changed: `scope: operation table key`, in order.
    fn last(&self) -> Vec<String> {
        let mut records = self.records();
        let first = records.last().map_or(0, |last| last.seq - last.part);
        records.retain(|record| record.seq >= first);
        let mut lines: Vec<(usize, String)> = Vec::new();
        for record in &records {
            for change in self.changes(record) {
                lines.push((change.ordinal, format!("{}: {}", record.scope, line(&change))));
            }
        }
        lines.sort();
        lines.into_iter().map(|(_, line)| line).collect()
    }
}

fn records_of(connection: &Connection) -> Vec<Record> {
    let mut records = Vec::new();
    read_records(connection, 0, |record| {
        records.push(record);
        Ok(true)
    })
    .unwrap();
    records
}

fn line(change: &Change) -> String {
    let what = match &change.kind {
        ChangeKind::Insert(_) => "insert",
        ChangeKind::Update(_) => "update",
        ChangeKind::Delete(_) => "delete",
        ChangeKind::DeleteTenant(_) => "delete tenant",
    };
    let key = change.key();
    let Some(crate::value::SqlValue::Text(id)) = key.last() else { panic!("{key:?}") };
    format!("{what} {} {}", change.shape.table, id.trim_end_matches(' '))
}

/// An id that is easy to read: 36 characters, padded.
fn id(name: &str) -> String {
    format!("{name:<36}")
}

/// Two organizations with a team each.
fn two_tenants(db: &Db) {
    db.write(&format!(
        "INSERT INTO organizations (id, name, slug) VALUES ('{a}', 'A', 'a'), ('{b}', 'B', 'b');
         INSERT INTO teams (organization_id, id, name, created_at, updated_at) VALUES
             ('{a}', '{t}', 'one', '2025-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z'),
             ('{b}', '{t}', 'one', '2025-01-01T00:00:00.000Z', '2025-01-01T00:00:00.000Z');",
        a = id("a"),
        b = id("b"),
        t = id("t"),
    ));
}
