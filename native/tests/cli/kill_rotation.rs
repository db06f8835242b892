//! The process is stopped (SIGKILL) at any point of `secret rotate`: every value opens afterwards,
//! under the old keys or the new ones, and the rotation can be done again.

use std::process::Stdio;
use std::time::{Duration, Instant};

use freehold::crypto::MasterKey;
use freehold::{Bundle, Database, ListOptions, OpenOptions};
use serde_json::{Value, json};

use crate::support::Folder;

/// How often the process is stopped at least, for data keys and for the master key.
const KILLS: usize = 20;

const VALUES: usize = 120;

fn open(folder: &Folder, file: &str, key: &str) -> freehold::Result<Database> {
    let key = String::from_utf8(folder.read(key)).unwrap();
    let bundle = Bundle::builtin("carcosa").unwrap();
    let database = freehold::open(folder.path(file), bundle, OpenOptions::default())?;
    database.with_master_key(MasterKey::parse(key.trim())?)
}

/// `start.db`, in which each of many buckets has a key of its own, sealed.
fn prepare() -> Folder {
    let folder = Folder::with_carcosa();
    std::fs::rename(folder.path("app.db"), folder.path("start.db")).unwrap();
    folder.write("next.key", folder.done(&["secret", "new"]));
    let database = open(&folder, "start.db", "master.key").unwrap();
    let owner = database.owner().unwrap();
    let mut seeded = owner.list("buckets", &ListOptions::default()).unwrap().rows.remove(0);
    for name in ["id", "created_at", "updated_at"] {
        seeded.remove(name);
    }
    let rows = (0..VALUES).map(|at| {
        let mut row = seeded.clone();
        row.insert("bucket_name".to_owned(), json!(format!("bucket-{at}")));
        row.insert("encrypted_access_key".to_owned(), json!(format!("AKIA-{at}")));
        row
    });
    let rows: Vec<_> = rows.collect();
    owner.insert_many("buckets", &rows).unwrap();
    database.close().unwrap();
    folder
}

/// Whether every value opens under a master key; `None` where it is another one.
fn all_open(folder: &Folder, key: &str) -> Option<bool> {
    let database = match open(folder, "work.db", key) {
        Ok(database) => database,
        Err(error) => {
            assert_eq!(error.code(), "wrong_key");
            return None;
        }
    };
    let owner = database.owner().unwrap();
    let sound = owner.sql("PRAGMA integrity_check", &[]).unwrap();
    assert_eq!(sound.rows, [["ok"]]);
    let (mut found, mut next) = (0, None);
    loop {
        let options = json!({
            "columns": ["bucket_name", "encrypted_access_key"], "limit": 1000, "after": next,
            "filter": { "bucket_name": { "starts_with": "bucket-" } },
        });
        let page = owner.list("buckets", &ListOptions::from_json(options).unwrap()).unwrap();
        for row in &page.rows {
            let name = row["bucket_name"].as_str().unwrap();
            let expected = Value::from(name.replace("bucket-", "AKIA-"));
            if row["encrypted_access_key"] != expected {
                return Some(false);
            }
            found += 1;
        }
        next = page.next;
        if next.is_none() {
            return Some(found == VALUES);
        }
    }
}

fn rotate(folder: &Folder, more: &[&str]) -> std::process::Child {
    for name in ["work.db-wal", "work.db-shm"] {
        let _ = std::fs::remove_file(folder.path(name));
    }
    std::fs::copy(folder.path("start.db"), folder.path("work.db")).unwrap();
    let rotate = ["--db", "work.db", "--key-file", "master.key", "secret", "rotate"];
    let mut command = folder.command(&[&rotate[..], more].concat());
    command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
}

#[test]
fn a_stopped_rotation_leaves_every_value_readable() {
    let folder = prepare();
    for more in [&[][..], &["--new-key-file", "next.key"]] {
        let begin = Instant::now();
        assert!(rotate(&folder, more).wait().unwrap().success());
        let whole = begin.elapsed();
        let (mut kills, mut round) = (0, 0_u32);
        while kills < KILLS {
            round += 1;
            assert!(round < 600, "too few kills hit the rotation");
            let mut child = rotate(&folder, more);
            // Spread over the whole run, by the golden ratio.
            let share = (f64::from(round) * 0.618_033_988_75).fract();
            std::thread::sleep(Duration::from_secs_f64(whole.as_secs_f64() * share));
            child.kill().unwrap();
            let is_done = child.wait().unwrap().success();
            kills += usize::from(!is_done);
            let [old, new] = ["master.key", "next.key"].map(|key| all_open(&folder, key));
            match (more.is_empty(), old) {
                (true, _) => assert_eq!((old, new), (Some(true), None)),
                // All data keys are wrapped by the one master key, or all by the other.
                (false, Some(_)) => assert_eq!((old, new, is_done), (Some(true), None, false)),
                (false, None) => assert_eq!(new, Some(true)),
            }
            if round % 10 == 0 && old.is_some() {
                let again = ["--db", "work.db", "--key-file", "master.key", "secret", "rotate"];
                folder.done(&[&again[..], more].concat());
                let key = if more.is_empty() { "master.key" } else { "next.key" };
                assert_eq!(all_open(&folder, key), Some(true));
            }
        }
    }
}
