//! The process is stopped (SIGKILL) at any point of `migrate up`: afterwards the file has the old
//! schema and the old rows, or the new ones, never something between.
//!
//! This proves what a stopped process leaves, not what a loss of power leaves: the system's cache
//! survives the process.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use freehold::{Access, Bundle, Database, OpenOptions, bundle_from_dir};
use rusqlite::Connection;

use crate::support::{Folder, NOTES};

/// How often the process is stopped at least.
const KILLS: usize = 200;

/// How many of these have to hit the run itself, between its backup and its commit.
const KILLS_INSIDE: usize = 60;

const ROWS: i64 = 4_000;
const REWRITES: i64 = 6;

/// Where a kill hit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Hit {
    Before,
    Inside,
    AfterCommit,
    Missed,
}

/// A database at version 1, and migrations that rewrite every row several times, add a column and
/// rebuild the table.
fn prepare() -> Folder {
    let folder = Folder::with_notes();
    folder.done(&["--db", "start.db", "init", "--model", "notes"]);
    let file = Connection::open(folder.path("start.db")).unwrap();
    let fill = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
                INSERT INTO notes (id, title, body)
                SELECT printf('0190163d-8694-739b-aea5-%012x', i), 'note ' || i, 'b' FROM n";
    file.execute(fill, [ROWS]).unwrap();
    file.close().unwrap();
    for version in 2..2 + REWRITES {
        let up = "UPDATE notes SET body = body || 'x';";
        let down = "UPDATE notes SET body = substr(body, 1, length(body) - 1);";
        folder.write(&format!("notes/up/V{version}__rewrite.sql"), up);
        folder.write(&format!("notes/down/V{version}__rewrite.sql"), down);
    }
    let model = NOTES.replace("max = 80", "max = 90");
    folder.write(
        "notes/model.toml",
        model + "columns.mood = { type = \"text\", max = 9, default = \"fine\" }\n",
    );
    folder.done(&["migrate", "new", "rebuild", "--model", "notes"]);
    folder
}

fn fresh_copy(folder: &Folder) {
    for name in ["work.db-wal", "work.db-shm"] {
        let _ = std::fs::remove_file(folder.path(name));
    }
    let _ = std::fs::remove_dir_all(folder.path("work.db.backups"));
    std::fs::copy(folder.path("start.db"), folder.path("work.db")).unwrap();
}

fn start(folder: &Folder) -> Child {
    let up = ["--db", "work.db", "migrate", "up"];
    folder.command(&up).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

/// The backup is finished right before the run's transaction begins.
fn has_backup(backups: &Path) -> bool {
    let entries = backups.read_dir().into_iter().flatten().flatten();
    entries.into_iter().any(|entry| entry.path().extension().is_some_and(|ending| ending == "db"))
}

fn wait_for_backup(child: &mut Child, backups: &Path) {
    while !has_backup(backups) && child.try_wait().unwrap().is_none() {
        std::thread::sleep(Duration::from_micros(200));
    }
}

/// How long the tool takes from its start to the end of the backup, and from there to its end.
fn measure(folder: &Folder) -> (Duration, Duration) {
    fresh_copy(folder);
    let begin = Instant::now();
    let mut child = start(folder);
    wait_for_backup(&mut child, &folder.path("work.db.backups"));
    let until_run = begin.elapsed();
    assert!(child.wait().unwrap().success());
    (until_run, begin.elapsed().saturating_sub(until_run))
}

/// Opens the file as the next process would; whether it has the new schema. Fails on anything that
/// is neither the old state nor the new one.
fn check(folder: &Folder, bundle: &Bundle) -> bool {
    let database = open(folder, bundle);
    let status = database.status().unwrap();
    let is_new = status.current == status.latest;
    assert!(is_new || status.current == "1", "{status:?}");
    assert_eq!(database.drift().unwrap().differences, Vec::<String>::new());
    let owner = database.owner().unwrap();
    let sound = owner.sql("PRAGMA integrity_check", &[]).unwrap();
    assert_eq!(sound.rows, [["ok"]]);
    let sql = "SELECT count(*), min(length(body)), max(length(body)) FROM notes";
    let length = if is_new { 1 + REWRITES } else { 1 };
    assert_eq!(owner.sql(sql, &[]).unwrap().rows, [[ROWS, length, length]]);
    is_new
}

fn open(folder: &Folder, bundle: &Bundle) -> Database {
    let options = OpenOptions { access: Access::ReadWrite, ..OpenOptions::default() };
    freehold::open(folder.path("work.db"), bundle.clone(), options).unwrap()
}

fn kill_once(folder: &Folder, bundle: &Bundle, after_backup: bool, delay: Duration) -> Hit {
    let backups = folder.path("work.db.backups");
    fresh_copy(folder);
    let mut child = start(folder);
    if after_backup {
        wait_for_backup(&mut child, &backups);
    }
    std::thread::sleep(delay);
    child.kill().unwrap();
    let finished = child.wait().unwrap().success();
    let is_new = check(folder, bundle);
    match (finished, is_new, has_backup(&backups)) {
        (true, true, _) => Hit::Missed,
        (true, false, _) => panic!("the tool said that it had migrated, and had not"),
        (false, true, _) => Hit::AfterCommit,
        (false, false, true) => Hit::Inside,
        (false, false, false) => Hit::Before,
    }
}

#[test]
fn a_stopped_process_leaves_the_old_schema_or_the_new_one() {
    let folder = prepare();
    let bundle = bundle_from_dir(folder.path("notes")).unwrap();
    let (until_run, run) = measure(&folder);
    let mut hits = Vec::new();
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let count = |hits: &[Hit], wanted: Hit| hits.iter().filter(|hit| **hit == wanted).count();
    for round in 0.. {
        let kills = hits.len() - count(&hits, Hit::Missed);
        if kills >= KILLS && count(&hits, Hit::Inside) >= KILLS_INSIDE {
            break;
        }
        assert!(round < 10 * KILLS, "too few kills hit the run: {hits:?}");
        // Most are aimed at the run itself, some at everything before, around and after it.
        let after_backup = round % 4 != 0;
        let range = if after_backup { run } else { until_run + run };
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        let share = f64::from(u32::try_from(state >> 32).unwrap()) / f64::from(u32::MAX);
        hits.push(kill_once(&folder, &bundle, after_backup, range.mul_f64(share * 1.1)));
        if round % 20 == 0 {
            open(&folder, &bundle)
                .migrate_up(freehold::migrate::Target::Latest, &mut |_| {})
                .unwrap();
            assert!(check(&folder, &bundle), "a stopped run can be done again");
        }
    }
    let kinds = [Hit::Before, Hit::Inside, Hit::AfterCommit, Hit::Missed];
    println!("{:?}", kinds.map(|kind| (kind, count(&hits, kind))));
}
