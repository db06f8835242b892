//! The core's cryptography against other people's code, in Python: what one makes, the other reads.
//!
//! The first test to run puts the Python packages into the build's folder.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use freehold_core::crypto::{Key, password, secretbox};
use freehold_core::host::FixedHost;
use serde_json::{Value, json};

use crate::encryption::{File, patient};

const PASSWORDS: [&str; 3] = ["correct horse", "Grüße, 世界 🔑", " "];

#[test]
fn passwords_verify_here_and_in_argon2_cffi() {
    let host = FixedHost::new(0, 11);
    let ours: Vec<String> =
        PASSWORDS.iter().map(|text| password::hash(text, &host).unwrap()).collect();
    let mut asked: Vec<Value> =
        ours.iter().zip(PASSWORDS).map(|(phc, text)| json!([phc, text])).collect();
    asked.push(json!([ours[0], "wrong"]));
    let answer = ask("passwords.py", &json!({ "verify": asked, "hash": PASSWORDS }));
    assert_eq!(answer["verify"], json!([true, true, true, false]));
    for (text, theirs) in PASSWORDS.iter().zip(answer["hash"].as_array().unwrap()) {
        for phc in theirs.as_array().unwrap() {
            let phc = phc.as_str().unwrap();
            assert!(password::verify(text, phc), "{phc}");
            assert!(!password::verify("wrong", phc), "{phc}");
            assert!(!password::needs_rehash(phc), "{phc}");
        }
    }
}

#[test]
fn secretboxes_open_here_and_in_libsodium() {
    let host = FixedHost::new(0, 12);
    let key = Key::random(&host);
    let hex = "2a".repeat(32);
    let known = Key::new(&[0x2a; 32]);
    let texts = ["", "AKIA-1", "Grüße 🔑", &"long ".repeat(2000)];
    let mut open: Vec<Value> = texts
        .iter()
        .map(|text| json!([hex, secretbox::seal(&known, text.as_bytes(), &host)]))
        .collect();
    open.push(json!([hex, secretbox::seal(&key, b"under another key", &host)]));
    let seal: Vec<Value> = texts.iter().map(|text| json!([hex, text])).collect();
    let answer = ask("secretboxes.py", &json!({ "open": open, "seal": seal }));
    let mut expected: Vec<Value> = texts.iter().map(|text| json!(text)).collect();
    expected.push(Value::Null);
    assert_eq!(answer["open"], json!(expected));
    for (text, theirs) in texts.iter().zip(answer["seal"].as_array().unwrap()) {
        let theirs = theirs.as_str().unwrap();
        assert_eq!(secretbox::open(&known, theirs).unwrap()[..], *text.as_bytes());
        assert!(secretbox::open(&key, theirs).is_none());
    }
}

/// The form that docs/encryption.md describes is the one in the file.
#[test]
fn encrypted_columns_open_with_libsodium_after_the_document() {
    let file = File::new();
    let mut database = file.unlocked();
    patient(&database.owner().unwrap(), "north", "Ada");
    database.rotate_keys(None).unwrap();
    patient(&database.owner().unwrap(), "south", "Cleo");
    let master = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
    let answer = ask("fields.py", &json!({ "file": file.path, "master": master }));
    let expected = |name: &str| json!([format!("1234 {name}"), { "blood": [1, "A+"], "of": name }]);
    assert_eq!(answer, json!({ "Ada": expected("Ada"), "Cleo": expected("Cleo") }));
}

/// Runs a script of tests/interop with a request; its answer.
fn ask(script: &str, request: &Value) -> Value {
    static PACKAGES: OnceLock<PathBuf> = OnceLock::new();
    let packages = PACKAGES.get_or_init(packages);
    let mut python = Command::new("python3")
        .arg(folder().join(script))
        .env("PYTHONPATH", packages)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("python3 is there: `cargo xtask test` installs it");
    python.stdin.take().unwrap().write_all(request.to_string().as_bytes()).unwrap();
    let output = python.wait_with_output().unwrap();
    assert!(output.status.success(), "{script} failed");
    serde_json::from_slice(&output.stdout).unwrap()
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("interop")
}

/// The folder with the Python packages; installed where they are missing, or others are wanted.
///
/// They are made elsewhere and moved into place, since tests run at the same time.
fn packages() -> PathBuf {
    let wanted = fs::read_to_string(folder().join("requirements.txt")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let packages = target.join("python-packages");
    let is_ready =
        || fs::read_to_string(packages.join("installed.txt")).is_ok_and(|is| is == wanted);
    if is_ready() {
        return packages;
    }
    let made = tempfile::tempdir_in(target).unwrap();
    let (venv, fresh) = (made.path().join("venv"), made.path().join("packages"));
    run(Command::new("python3").args(["-m", "venv"]).arg(&venv));
    let python = ["bin/python", "Scripts/python.exe"].map(|name| venv.join(name));
    run(Command::new(python.iter().find(|path| path.is_file()).expect("the venv has a python"))
        .args(["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target"])
        .arg(&fresh)
        .arg("--requirement")
        .arg(folder().join("requirements.txt")));
    fs::write(fresh.join("installed.txt"), &wanted).unwrap();
    // Another test may have been faster; then its packages are as good.
    if !is_ready() {
        let _ = fs::remove_dir_all(&packages);
        let moved = fs::rename(&fresh, &packages);
        assert!(moved.is_ok() || is_ready(), "{moved:?}");
    }
    packages
}

fn run(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?} failed: {text}");
}
