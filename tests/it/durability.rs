//! What a file survives that a browser keeps: a loss of power after any write, whatever the medium
//! made of what it was not told to flush.

mod medium;
mod resumed;

use freehold::{Actor, Bundle, Database, Session};
use freehold_core::database::{Log, gather_log, log_exclusively};
use freehold_core::host::FixedHost;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};

use self::medium::{Files, Loss, Medium, Step};

const FILE: &str = "app.db";
const LOG: &str = "app.db-wal";

/// The bytes before its first frame.
const HEADER_BYTES: usize = 32;

/// The commits of a run: single rows, several rows, and some that go beyond the cache.
const COMMITS: usize = 15;

fn connect(medium: &Medium) -> (Connection, Log) {
    let flags = OpenFlags::default();
    let mut connection = Connection::open_with_flags_and_vfs(FILE, flags, medium.name()).unwrap();
    // The log is brought into the file every few commits; pages leave the cache before a commit.
    let log = log_exclusively(&mut connection, 90).unwrap();
    connection.pragma_update(None, "cache_size", 10).unwrap();
    (connection, log)
}

/// A medium as it is, and one whose log is written as in a browser: a commit's frames at once.
fn mediums(name: &str) -> [Medium; 2] {
    let [plain, gathered] = ["plain", "gathered"].map(|how| Medium::new(&format!("{name}-{how}")));
    gather_log(gathered.name().to_str().unwrap());
    [plain, gathered]
}

fn open(medium: &Medium) -> (Database, Log) {
    let bundle = Bundle::builtin("workflow").unwrap();
    let host = Box::new(FixedHost::new(1_790_000_000_000, 1));
    let (connection, log) = connect(medium);
    (Database::open(connection, bundle, host).unwrap(), log)
}

fn image() -> Files {
    let image = freehold::testing::database("workflow", "development").export().unwrap();
    Files::from([(FILE.to_owned(), image)])
}

fn admin(database: &Database) -> Actor {
    let sql = "SELECT id, tenant_id FROM users WHERE email = 'admin@example.com'";
    let row = database.owner().unwrap().sql(sql, &[]).unwrap().rows.remove(0);
    Actor::user(row[0].as_str().unwrap()).in_tenant(row[1].as_str().unwrap())
}

fn write(session: &Session<'_>, at: usize) -> freehold::Result<()> {
    let workflow = |part: usize, size: usize| {
        let steps = json!({ "steps": "x".repeat(size) });
        let row = json!({ "name": format!("written {at:02} {part}"), "definition": steps });
        session.insert("workflows", row.as_object().unwrap()).map(|_| ())
    };
    match at % 5 {
        3 => session.transaction(|_| (0..4).try_for_each(|part| workflow(part, 3_000))),
        4 => workflow(0, 60_000),
        _ => workflow(0, 10),
    }
}

/// Writes, telling the medium what was acknowledged; what happened.
fn run(medium: &Medium, start: &Files) -> Vec<Step> {
    medium.load(start.clone());
    let (database, log) = open(medium);
    let session = database.session(admin(&database)).unwrap();
    for at in 0..COMMITS {
        write(&session, at).unwrap();
        medium.acknowledge();
        // A quiet moment, in which the log is emptied if it is long; other times a commit does it.
        if at % 8 == 5 {
            database.empty_log(&log).unwrap();
        }
        if at % 7 == 0 {
            let undone = session.transaction(|session| {
                write(session, COMMITS + at)?;
                session.sql("no statement", &[])
            });
            assert_eq!(undone.unwrap_err().code(), "sql");
        }
    }
    database.close().unwrap();
    medium.steps()
}

/// The writes that a file holds, by number.
fn held(connection: &Connection) -> Vec<usize> {
    let sql = "SELECT substr(name, 9, 2), count(*) FROM workflows
        WHERE name LIKE 'written%' GROUP BY 1 ORDER BY 1";
    let mut statement = connection.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    rows.map(|row| {
        let (number, count): (String, i64) = row.unwrap();
        let number: usize = number.parse().unwrap();
        assert_eq!(count, if number % 5 == 3 { 4 } else { 1 }, "all or nothing of {number}");
        number
    })
    .collect()
}

/// Opens what was left, which has to hold all that was acknowledged, and at most one write more.
fn check(medium: &Medium, left: Files, acknowledged: usize, whole: bool) {
    medium.load(left);
    let (connection, _) = connect(medium);
    let fine: String =
        connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(fine, "ok");
    let held = held(&connection);
    assert!(
        held.len() == acknowledged || held.len() == acknowledged + 1,
        "{acknowledged}: {held:?}"
    );
    assert!(held.iter().enumerate().all(|(at, number)| at == *number), "{held:?}");
    if whole {
        drop(connection);
        let mut findings = Vec::new();
        open(medium).0.verify_audit(&mut |finding| findings.push(finding)).unwrap();
        assert!(findings.is_empty(), "{findings:?}");
    }
}

/// Numbers without a pattern, the same ones in every run.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % end as u64) as usize
    }
}

#[test]
fn no_commit_is_acknowledged_before_the_log_is_flushed() {
    let [plain, gathered] = mediums("flushes").map(|medium| writes_of_flushed_commits(&medium));
    assert!(gathered.all * 5 < plain.all, "{} and {} writes to the log", gathered.all, plain.all);
    // A medium that may harm what lies beside a write has its sector filled up.
    assert!(plain.behind > 0 && gathered.behind == 0, "{plain:?}, {gathered:?}");
}

/// How often a log was written to.
#[derive(Debug)]
struct Writes {
    all: usize,
    /// Those of a commit that came after its flush.
    behind: usize,
}

/// Writes, and looks at the flushes.
fn writes_of_flushed_commits(medium: &Medium) -> Writes {
    let steps = run(medium, &image());
    let (mut written, mut flushed, mut behind) = (false, false, 0);
    let (mut begun, mut emptied, mut is_open) = (0, 0, false);
    for step in &steps {
        match step {
            step if empties(step) => (emptied, is_open) = (emptied + 1, false),
            step if begins(step) => (begun, is_open) = (begun + 1, true),
            Step::Write { file, .. } if file == LOG => {
                behind += usize::from(flushed && is_open);
                written = is_open;
            }
            Step::Flush { file } if file == LOG => flushed = written,
            Step::Acknowledged => {
                assert!(flushed, "acknowledged without a flush");
                (written, flushed) = (false, false);
            }
            _ => {}
        }
    }
    // It begins anew after it was emptied, and where it was long.
    assert!(emptied > 0 && begun > emptied + 1, "begun {begun} times, emptied {emptied} times");
    let in_file = |step: &&Step| matches!(step, Step::Write { file, .. } if file == FILE);
    assert!(steps.iter().filter(in_file).count() > 0, "the log was brought into the file");
    let in_log = |step: &&Step| matches!(step, Step::Write { file, .. } if file == LOG);
    Writes { all: steps.iter().filter(in_log).count(), behind }
}

/// Whether a step empties the log: it is shortened, or written over with zeros, its header first.
fn empties(step: &Step) -> bool {
    match step {
        Step::Truncate { file, .. } => file == LOG,
        Step::Write { file, at: 0, bytes } => {
            file == LOG && !bytes.is_empty() && bytes.iter().all(|byte| *byte == 0)
        }
        _ => false,
    }
}

#[test]
fn a_log_that_was_huge_gives_its_place_back() {
    let [_, medium] = mediums("huge");
    for (pages_max, is_huge) in [(100, true), (i32::MAX, false)] {
        medium.load(Files::new());
        let flags = OpenFlags::default();
        let mut connection =
            Connection::open_with_flags_and_vfs(FILE, flags, medium.name()).unwrap();
        log_exclusively(&mut connection, pages_max).unwrap();
        let sql = "CREATE TABLE blobs (bytes); INSERT INTO blobs VALUES (randomblob(12000000))";
        connection.execute_batch(sql).unwrap();
        let length = || medium.files()[LOG].len();
        assert_eq!(length() < 10_000_000, is_huge);
        connection.pragma(None, "wal_checkpoint", "truncate", |_| Ok(())).unwrap();
        assert!(length() < 10_000_000 && medium.files()[LOG].iter().all(|byte| *byte == 0));
        let sql = "SELECT length(bytes) FROM blobs";
        let size: i64 = connection.query_row(sql, [], |row| row.get(0)).unwrap();
        assert_eq!(size, 12_000_000);
    }
}

/// Whether a log begins.
fn begins(step: &Step) -> bool {
    matches!(step, Step::Write { file, at: 0, .. } if file == LOG && !empties(step))
}

#[test]
fn an_emptied_log_is_written_over() {
    let [_, medium] = mediums("over");
    let steps = run(&medium, &image());
    let mut log = Vec::new();
    let (mut over, mut beyond, mut is_emptied) = (0, 0, false);
    for step in &steps {
        match step {
            Step::Write { file, at, bytes } if file == LOG => {
                let end = at + bytes.len();
                (over, beyond) =
                    if end > log.len() { (over, beyond + 1) } else { (over + 1, beyond) };
                log.resize(log.len().max(end), 0);
                log[*at..end].copy_from_slice(bytes);
            }
            Step::Truncate { file, .. } => assert_ne!(file, LOG, "it gave its place away"),
            _ => {}
        }
        if is_emptied && begins(step) {
            assert!(log[HEADER_BYTES..].iter().all(|byte| *byte == 0), "it still is there");
        }
        is_emptied = empties(step) || (is_emptied && !begins(step));
    }
    assert!(over > beyond, "{over} writes over what was there, {beyond} beyond");
}

#[test]
fn whatever_a_loss_of_power_leaves_holds_what_was_acknowledged() {
    mediums("losses").iter().for_each(lose_power);
}

/// Writes, and looks at what is left after each step.
fn lose_power(medium: &Medium) {
    let start = image();
    let steps = run(medium, &start);
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let mut loss = Loss::new(start);
    let mut acknowledged = 0;
    for (at, step) in steps.iter().enumerate() {
        loss.step(step);
        acknowledged += usize::from(matches!(step, Step::Acknowledged));
        // Everything that was written so far; then parts of it, torn in the middle of a page.
        check(medium, loss.left(|| usize::MAX), acknowledged, at % 20 == 0);
        let parts = loss.left(|| match random.below(4) {
            0 => 0,
            1 => 512 * (1 + random.below(8)),
            _ => usize::MAX,
        });
        check(medium, parts, acknowledged, false);
        if !matches!(step, Step::Write { .. } | Step::Truncate { .. }) {
            // Only what was flushed, which no write changes.
            check(medium, loss.left(|| 0), acknowledged, true);
        }
    }
    assert_eq!(acknowledged, COMMITS);
}

#[test]
fn an_export_opens_without_a_log() {
    let medium = Medium::new("export");
    medium.load(image());
    let (mut database, _) = open(&medium);
    write(&database.session(admin(&database)).unwrap(), 0).unwrap();
    let export = database.export().unwrap();
    drop(database);
    medium.load(Files::from([(FILE.to_owned(), export)]));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY;
    let plain = Connection::open_with_flags_and_vfs(FILE, flags, medium.name()).unwrap();
    assert_eq!(held(&plain), [0]);
    let mode: Value = plain
        .query_row("PRAGMA journal_mode", [], |row| row.get::<_, String>(0).map(Value::from))
        .unwrap();
    assert_eq!(mode, "delete");
}
