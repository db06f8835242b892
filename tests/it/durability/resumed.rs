//! A database that was set aside while its file went on without it, as one in a copy of a
//! browser's memory does.

use rusqlite::Connection;
use serde_json::json;

use super::{Files, HEADER_BYTES, LOG, Log, Medium, admin, connect, image, mediums, open, write};
use freehold::{Bundle, Database};
use freehold_core::database::proven_backup;
use freehold_core::host::FixedHost;

const NAME: &str = "first";

/// A medium with a database that has a snapshot's name, and the files that it began with.
fn named(name: &str) -> (Medium, Files) {
    let [_, medium] = mediums(name);
    medium.load(image());
    let (database, _) = open(&medium);
    database.name_snapshot(NAME).unwrap();
    database.close().unwrap();
    let files = medium.files();
    (medium, files)
}

/// What becomes of files where somebody else has them: a thread has one log open at a time.
fn connected(name: &str, files: &Files, work: impl FnOnce(Connection, Log) + Send) -> Files {
    let run = || {
        let [_, other] = mediums(name);
        other.load(files.clone());
        let (connection, log) = connect(&other);
        work(connection, log);
        other.files()
    };
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

/// The same where they are opened as a database; as they lie there where that is killed.
fn elsewhere(name: &str, files: &Files, work: impl FnOnce(&mut Database, &Log) + Send) -> Files {
    connected(name, files, |connection, log| {
        let bundle = Bundle::builtin("workflow").unwrap();
        // Nobody makes the same ids.
        let seed = name.bytes().fold(7, |seed: u64, byte| seed * 31 % 1_000_003 + u64::from(byte));
        let host = Box::new(FixedHost::new(1_790_000_000_000, seed));
        let mut database = Database::open(connection, bundle, host).unwrap();
        work(&mut database, &log);
        std::mem::forget(database);
    })
}

fn names(database: &Database) -> Vec<String> {
    let sql = "SELECT name FROM workflows WHERE name LIKE 'written%' ORDER BY name";
    let rows = database.owner().unwrap().sql(sql, &[]).unwrap().rows;
    rows.iter().map(|row| row[0].as_str().unwrap().to_owned()).collect()
}

fn write_some(database: &Database, numbers: std::ops::Range<usize>) {
    let session = database.session(admin(database)).unwrap();
    for at in numbers {
        write(&session, at).unwrap();
    }
}

#[test]
fn what_others_wrote_meanwhile_is_there() {
    let (medium, files) = named("resumed");
    let (database, _) = open(&medium);
    assert!(database.suspend(&[]).unwrap());
    let mut left = files;
    for (round, numbers) in [0..3, 3..7, 7..8].into_iter().enumerate() {
        let end = numbers.end;
        left = elsewhere(&format!("meanwhile-{round}"), &left, |database, _| {
            write_some(database, numbers);
        });
        assert!(left[LOG].len() > HEADER_BYTES, "its writes are in the log alone");
        medium.load(left.clone());
        assert!(database.resume(Some(NAME)).unwrap());
        let seen = names(&database);
        let numbered =
            |at: usize| seen.iter().any(|name| name[8..].starts_with(&format!("{at:02}")));
        assert!((0..end).all(numbered), "{seen:?}");
        assert!(!numbered(end));
    }
    // It goes on writing where they ended, and what it writes is there for the next one.
    write_some(&database, 8..15);
    let seen = names(&database);
    let left = medium.files();
    elsewhere("afterwards", &left, |database, _| {
        assert_eq!(names(database), seen);
        let mut findings = Vec::new();
        database.verify_audit(&mut |finding| findings.push(finding)).unwrap();
        assert!(findings.is_empty(), "{findings:?}");
    });
}

#[test]
fn a_log_that_was_emptied_meanwhile_is_empty() {
    let (medium, files) = named("resumed-emptied");
    let left = elsewhere("wrote", &files, |database, _| write_some(database, 0..5));
    medium.load(left.clone());
    let (database, _) = open(&medium);
    assert!(database.suspend(&[]).unwrap());
    let left = elsewhere("emptied", &left, |database, log| {
        log.forget();
        database.empty_log(log).unwrap();
    });
    assert!(left[LOG].iter().all(|byte| *byte == 0));
    medium.load(left.clone());
    assert!(database.resume(Some(NAME)).unwrap());
    assert_eq!(names(&database).len(), 8);
    let left = elsewhere("begun-anew", &left, |database, _| write_some(database, 5..6));
    medium.load(left);
    assert!(database.resume(Some(NAME)).unwrap());
    write_some(&database, 6..7);
    drop(database);
    let (connection, _) = connect(&medium);
    assert_eq!(super::held(&connection), (0..7).collect::<Vec<_>>());
}

#[test]
fn a_schema_that_changed_meanwhile_is_read_again() {
    let (medium, files) = named("resumed-migrated");
    let (database, _) = open(&medium);
    assert!(database.suspend(&[]).unwrap());
    let changed = connected("changed", &files, |connection, _| {
        // Its tables lie elsewhere in the file, too.
        let sql = "PRAGMA temp_store = MEMORY;
            ALTER TABLE workflows ADD COLUMN later TEXT DEFAULT 'here';
            VACUUM";
        connection.execute_batch(sql).unwrap();
    });
    medium.load(changed);
    assert!(database.resume(Some(NAME)).unwrap());
    write_some(&database, 0..1);
    let sql = "SELECT later FROM workflows WHERE name LIKE 'written%'";
    assert_eq!(database.owner().unwrap().sql(sql, &[]).unwrap().rows, [[json!("here")]]);
}

#[test]
fn it_goes_on_from_the_files_of_its_snapshot_alone() {
    let (medium, files) = named("resumed-named");
    let (database, _) = open(&medium);
    assert!(database.suspend(&[]).unwrap());
    assert!(!database.resume(Some("second")).unwrap());
    let renamed =
        elsewhere("renamed", &files, |database, _| database.name_snapshot("third").unwrap());
    medium.load(renamed);
    assert!(!database.resume(Some(NAME)).unwrap());
    assert!(database.resume(Some("third")).unwrap());
    medium.load(image().into_iter().chain([(LOG.to_owned(), Vec::new())]).collect());
    assert!(!database.resume(Some(NAME)).unwrap(), "a file that no snapshot was made of");
}

#[test]
fn nothing_is_set_aside_that_holds_rows_or_keys_or_no_model() {
    let (medium, _) = named("resumed-not");
    let (database, _) = open(&medium);
    assert_eq!(names(&database), [""; 0]);
    assert!(!database.suspend(&[]).unwrap(), "rows were read");
    drop(database);
    let (database, _) = open(&medium);
    let key = freehold_core::crypto::MasterKey::parse(&format!("base64:{}=", "A".repeat(43)));
    let database = database.with_master_key(key.unwrap()).unwrap();
    assert!(!database.suspend(&[]).unwrap(), "a key is at hand");
    drop(database);
    medium.load(Files::new());
    let bundle = Bundle::builtin("workflow").unwrap();
    let host = Box::new(FixedHost::new(1_790_000_000_000, 1));
    let mut database = Database::open(connect(&medium).0, bundle, host).unwrap();
    assert!(!database.suspend(&[]).unwrap(), "the file is empty");
    database.init(None, &mut |_| {}).unwrap();
    let session = database.owner().unwrap();
    session.insert("workflows", json!({}).as_object().unwrap()).unwrap_err();
}

#[test]
fn statements_are_prepared_along_with_it_and_hold_no_values() {
    let (medium, files) = named("resumed-prepared");
    let (database, _) = open(&medium);
    assert!(database.suspend(&["SELECT no FROM such".to_owned()]).unwrap());
    let first = database.prepared();
    write_some(&database, 0..1);
    let session = database.session(admin(&database)).unwrap();
    let options = json!({ "filter": { "name": "written 00 0" }, "limit": 50 });
    let options = serde_json::from_value(options).unwrap();
    assert_eq!(session.list("workflows", &options).unwrap().rows.len(), 1);
    for text in [
        "SELECT 'a secret'",
        "SELECT x'5ec2e7'",
        "SELECT 5551234, name FROM workflows",
        "SELECT name /* a secret */ FROM workflows",
        "SELECT name AS \"a secret\" FROM workflows WHERE 0x5ec2e7 <> 1",
    ] {
        session.sql(text, &[]).unwrap();
    }
    let learned = database.prepared();
    let listed = |text: &&String| text.contains("FROM main.\"workflows\" WHERE (\"name\" = ?)");
    assert_eq!(learned.iter().filter(listed).count(), 1, "{learned:#?}");
    assert!(!first.iter().any(|text| listed(&text)));
    let tells =
        |text: &String| text.contains("secret") || text.contains("5ec2e7") || text.contains("555");
    assert!(!learned.iter().any(tells), "{learned:#?}");
    assert!(!learned.iter().any(|text| text.starts_with("INSERT")), "{learned:#?}");
    drop(database);
    medium.load(files);
    let (database, _) = open(&medium);
    assert!(database.suspend(&learned).unwrap());
    assert!(database.prepared().iter().any(|text| listed(&text)));
    assert!(database.resume(Some(NAME)).unwrap());
}

#[test]
fn logs_that_begin_after_it_are_told_apart() {
    let (medium, files) = named("resumed-salts");
    // A log that was begun before, so that SQLite goes on from its salts.
    let left = elsewhere("begun", &files, |database, log| {
        write_some(database, 0..1);
        log.forget();
        database.empty_log(log).unwrap();
        write_some(database, 1..2);
    });
    medium.load(left.clone());
    let (database, log) = open(&medium);
    assert!(database.suspend(&[]).unwrap());
    let emptied = elsewhere("emptied-again", &left, |database, log| {
        log.forget();
        database.empty_log(log).unwrap();
    });
    let mut salts = Vec::new();
    for at in 2..5 {
        let files = if at == 2 { emptied.clone() } else { medium.files() };
        medium.load(files);
        assert!(database.resume(Some(NAME)).unwrap());
        write_some(&database, at..at + 1);
        salts.push(medium.files()[LOG][16..24].to_vec());
        log.forget();
        database.empty_log(&log).unwrap();
    }
    assert!(!salts.contains(&vec![0; 8]), "{salts:?}");
    assert!(salts[0] != salts[1] && salts[1] != salts[2], "{salts:?}");
    drop(database);
    assert_eq!(super::held(&connect(&medium).0), (0..5).collect::<Vec<_>>());
}

#[test]
fn a_backup_does_not_go_on_from_the_snapshot_of_its_file() {
    let (medium, files) = named("resumed-backup");
    let bundle = Bundle::builtin("workflow").unwrap();
    let host = FixedHost::new(1_790_000_000_000, 1);
    let proven = proven_backup(&files[super::FILE], &bundle, &host).unwrap();
    let (database, _) = open(&medium);
    assert!(database.suspend(&[]).unwrap());
    medium.load(Files::from([(super::FILE.to_owned(), proven), (LOG.to_owned(), Vec::new())]));
    assert!(!database.resume(Some(NAME)).unwrap());
}
