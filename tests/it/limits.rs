//! What one statement of a session's may take: steps, time, memory, and texts of what length.

use std::cell::Cell;

use freehold::{Actor, Bundle, Database, Session, SystemHost};
use freehold_core::host::Host;
use serde_json::json;

/// The system's random bytes, and a clock that goes on by so much a reading.
struct Leaping(Cell<i64>, i64);

impl Host for Leaping {
    fn now_ms(&self) -> i64 {
        self.0.replace(self.0.get() + self.1)
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        SystemHost.fill_random(buffer);
    }
}

fn database(leap_ms: i64) -> Database {
    let connection = rusqlite::Connection::open_in_memory().unwrap();
    let host = Box::new(Leaping(1_750_000_000_000.into(), leap_ms));
    let bundle = Bundle::builtin("workflow").unwrap();
    let mut database = Database::open(connection, bundle, host).unwrap();
    database.init(Some("development"), &mut |_| {}).unwrap();
    database
}

fn session(database: &Database) -> Session<'_> {
    let sql = "SELECT id, tenant_id FROM users WHERE role = 'ADMIN'";
    let found = database.owner().unwrap().sql(sql, &[]).unwrap().rows.remove(0);
    let [id, tenant] = [0, 1].map(|at| found[at].as_str().unwrap());
    database.session(Actor::user(id).in_tenant(tenant)).unwrap()
}

/// A count up to a number, in which each row has a text of this length.
fn counting(rows: usize, length: usize, rest: &str) -> String {
    format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT {rows}),
         texts(i, t) AS (SELECT i, printf('%0*d', {length}, i) FROM n) {rest}"
    )
}

#[test]
fn a_statement_has_as_much_time_as_the_hosts_clock_says() {
    let count = counting(100_000, 1, "SELECT count(*) FROM texts WHERE t <> ''");
    let patient = database(0);
    assert_eq!(session(&patient).sql(&count, &[]).unwrap().rows, [[json!(100_000)]]);
    // At every look a second has gone by: the steps alone would be few enough.
    let hasty = database(1_000);
    let session = session(&hasty);
    assert_eq!(session.sql(&count, &[]).unwrap_err().code(), "interrupted");
    assert_eq!(session.sql("SELECT count(*) FROM users", &[]).unwrap().rows, [[json!(2)]]);
}

#[test]
fn what_is_sorted_or_gathered_has_a_bound() {
    let database = database(0);
    let session = session(&database);
    for rest in [
        "SELECT i FROM texts ORDER BY t DESC",
        "SELECT length(json_group_array(t)) FROM texts",
        "SELECT count(*) FROM (SELECT DISTINCT t FROM texts)",
        "SELECT max(length(w)) FROM (SELECT group_concat(t) OVER (ORDER BY i) w FROM texts)",
    ] {
        let code = session.sql(&counting(600, 1_000_000, rest), &[]).unwrap_err().code();
        assert!(["interrupted", "too_large"].contains(&code), "{rest}: {code}");
        let few = session.sql(&counting(3, 1_000, rest), &[]);
        assert!(few.is_ok(), "{rest}: {few:?}");
    }
}

#[test]
fn texts_and_patterns_have_a_greatest_length() {
    let database = database(0);
    let session = session(&database);
    let code = |sql: &str| session.sql(sql, &[]).unwrap_err().code();
    assert_eq!(code("SELECT length(printf('%*d', 20000000, 1))"), "too_large");
    let grown = "SELECT length(replace(printf('%.*c', 4000, 'x'), 'x', printf('%.*c', 4000, 'y')))";
    assert_eq!(code(grown), "too_large");
    let pattern = |length: usize| format!("SELECT 'x' LIKE '{}%'", "_".repeat(length));
    assert_eq!(session.sql(&pattern(100), &[]).unwrap().rows, [[json!(0)]]);
    assert_eq!(code(&pattern(300)), "sql");
    for call in ["json_patch('{}', '{}')", "json_pretty('[1]', 'x')", "zeroblob(9)"] {
        assert_eq!(code(&format!("SELECT {call}")), "sql", "{call}");
    }
    // Looking for one long text in another takes no time with the product of their lengths.
    let sql = "SELECT instr(a, b), length(replace(a, b, '')), trim(a, b)
               FROM (SELECT printf('%.*c', 4000000, 'a') a, printf('%.*cb', 2000000, 'a') b)";
    assert_eq!(session.sql(sql, &[]).unwrap().rows, [[json!(0), json!(4_000_000), json!("")]]);
}

#[test]
fn a_write_that_is_interrupted_takes_its_transaction_along() {
    let database = database(1_000);
    let session = session(&database);
    let named = |name: &str| {
        let sql = "SELECT count(*) FROM workflows WHERE name = ?1";
        database.owner().unwrap().sql(sql, &[json!(name)]).unwrap().rows[0][0].clone()
    };
    let name = |session: &Session<'_>, name: &str| {
        session.sql("UPDATE workflows SET name = ?1", &[json!(name)]).map(drop)
    };
    let long = counting(100_000, 1, "UPDATE workflows SET name = (SELECT count(*) FROM texts)");
    let done = session.transaction(|session| {
        name(session, "before")?;
        let within = session.transaction(|session| session.sql(&long, &[]));
        assert_eq!(within.unwrap_err().code(), "interrupted");
        assert_eq!(name(session, "after").unwrap_err().code(), "sql");
        assert_eq!(session.count("workflows", None).unwrap_err().code(), "sql");
        Ok(())
    });
    assert_eq!(done.unwrap_err().code(), "sql");
    assert_eq!([named("before"), named("after")], [0, 0]);
    name(&session, "later").unwrap();
    assert_eq!(named("later"), 1);
}
