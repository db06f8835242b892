//! The browser tests: which Chromium runs them, and how they are started.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{During, Failure, Outcome};
use crate::process::{command, find_on_path, root, run};
use crate::system::Package;

/// How Chromium is installed.
pub const PACKAGE: Package = Package {
    name: "Chromium (runs the browser tests)",
    apt: &["chromium"],
    brew: "--cask chromium",
    elsewhere: "install Chrome or Chromium, or set CHROMIUM to its path",
};

/// The variable that names its file, for the programs that start it.
pub const VARIABLE: &str = "CHROMIUM";
const NAMES: &[&str] =
    &["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"];
const MACOS_FILES: &[&str] = &[
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
];
const TESTS: &str = "tests/browser";

/// Chromium's file, by the variable `CHROMIUM`, the search path or its usual place.
pub fn find() -> Option<PathBuf> {
    if let Some(chosen) = env::var_os(VARIABLE) {
        return Some(PathBuf::from(chosen)).filter(|file| file.is_file());
    }
    find_on_path(NAMES)
        .or_else(|| MACOS_FILES.iter().map(PathBuf::from).find(|file| file.is_file()))
}

/// Runs every `tests/browser/*.test.mjs` by Node's test runner.
///
/// # Errors
///
/// When a test fails, when there is none, or without Chromium.
pub fn test() -> Outcome<()> {
    let chromium =
        find().ok_or_else(|| Failure::new("Chromium is missing").remedy(PACKAGE.elsewhere))?;
    let files = test_files(&root().join(TESTS))?;
    if files.is_empty() {
        return Err(Failure::new(format!("{TESTS} holds no *.test.mjs")));
    }
    // One file at a time: each starts a browser of its own, and they would share few cores.
    run(command("node")
        .args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
        .args(files)
        .env(VARIABLE, chromium))
}

fn test_files(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).during(|| format!("reading {TESTS}"))?;
    let is_test = |file: &PathBuf| file.to_string_lossy().ends_with(".test.mjs");
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(is_test).collect();
    files.sort();
    Ok(files)
}
