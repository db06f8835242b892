//! Golden files: databases that released versions wrote still open, migrate and check out.
//!
//! `tests/golden/<model>-<schema version>.db` are never changed, only added to: with
//! `FREEHOLD_BLESS=1` a missing one is written for each model's newest version.

use std::path::{Path, PathBuf};

use freehold_core::host::FixedHost;
use freehold_core::{Bundle, Database};
use rusqlite::Connection;
use serde_json::json;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden")
}

fn golden_path(bundle: &Bundle) -> PathBuf {
    folder().join(format!("{}-{}.db", bundle.model.name, bundle.latest()))
}

fn write_missing() {
    for name in Bundle::builtin_names() {
        let bundle = Bundle::builtin(name).unwrap();
        let path = golden_path(&bundle);
        if path.exists() {
            continue;
        }
        let host = Box::new(FixedHost::new(1_767_225_600_000, 7));
        let connection = Connection::open_in_memory().unwrap();
        let mut database = Database::open(connection, bundle, host).unwrap();
        database.init(Some("development"), &mut |_| {}).unwrap();
        std::fs::write(path, database.export().unwrap()).unwrap();
    }
}

#[test]
fn every_golden_file_opens_migrates_and_checks_out() {
    if std::env::var_os("FREEHOLD_BLESS").is_some() {
        write_missing();
    }
    for name in Bundle::builtin_names() {
        let path = golden_path(&Bundle::builtin(name).unwrap());
        assert!(path.exists(), "{} is missing", path.display());
    }
    let scratch = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap().to_owned();
        let (model, _) = file.split_once('-').unwrap();
        let copy = scratch.path().join(&file);
        std::fs::copy(&path, &copy).unwrap();
        let host = Box::new(FixedHost::new(1_767_225_700_000, 8));
        let connection = Connection::open(&copy).unwrap();
        let mut database =
            Database::open(connection, Bundle::builtin(model).unwrap(), host).unwrap();
        let users = database.owner().unwrap().count("users", None).unwrap();
        assert!(users > 0, "{file} lost its people");
        database.init(Some("development"), &mut |_| {}).unwrap();
        let mut findings = Vec::new();
        database.inspect(&mut |finding| findings.push(finding.to_string())).unwrap();
        assert!(findings.is_empty(), "{file}: {findings:#?}");
        let owner = database.owner().unwrap();
        assert_eq!(owner.count("users", None).unwrap(), users, "{file}: people came or went");
        let format =
            owner.sql("SELECT value FROM _freehold_meta WHERE key = ?1", &[json!("format")]);
        assert_eq!(format.unwrap().rows[0][0], json!("1"), "{file}");
    }
}
