//! Runs the tool in a folder of its own, and reads what it says.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The model of most tests: one table, in a folder without migrations.
pub const NOTES: &str = r#"
name = "notes"
title = "Notes"
[tables.notes]
doc = "One row is one note."
columns.title = { type = "text", min = 1, max = 80 }
columns.body = { type = "text", max = 500, optional = true }
"#;

/// A folder that goes away with the test, in which the tool is run.
pub struct Folder {
    folder: TempDir,
}

impl Folder {
    pub fn new() -> Folder {
        Folder { folder: tempfile::tempdir().unwrap() }
    }

    /// A folder with the model of [`NOTES`] in `notes/` and its first migration.
    pub fn with_notes() -> Folder {
        let folder = Folder::new();
        folder.write("notes/model.toml", NOTES);
        folder.done(&["migrate", "new", "init", "--model", "notes"]);
        folder
    }

    /// A folder with `app.db`, which holds `carcosa` and its development rows, and with
    /// `master.key`.
    pub fn with_carcosa() -> Folder {
        let folder = Folder::new();
        folder.done(&["--db", "app.db", "init", "--model", "carcosa", "--seed", "development"]);
        folder.write("master.key", folder.done(&["secret", "new"]));
        folder
    }

    /// A folder with `work.db`, which holds `workflow` and its development rows.
    pub fn with_workflow() -> Folder {
        let folder = Folder::new();
        folder.done(&["--db", "work.db", "init", "--model", "workflow", "--seed", "development"]);
        folder
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// The tool, ready to run here with nothing from the outer environment.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_freehold"));
        command.args(arguments).current_dir(self.folder.path()).env_remove("FREEHOLD_DB");
        command.env_remove("FREEHOLD_KEY").env_remove("FREEHOLD_MODEL").stdin(Stdio::null());
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(self.command(arguments).output().unwrap())
    }

    /// Runs with something on the standard input.
    pub fn run_with(&self, input: &str, arguments: &[&str]) -> Run {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        Run::of(child.wait_with_output().unwrap())
    }

    /// Runs what has to succeed; its standard output.
    #[track_caller]
    pub fn done(&self, arguments: &[&str]) -> String {
        let run = self.run(arguments);
        assert_eq!((run.code, run.stderr.as_str()), (0, ""), "{arguments:?}: {}", run.stdout);
        run.stdout
    }

    /// Runs what has to succeed with `--json`; the document.
    #[track_caller]
    pub fn json(&self, arguments: &[&str]) -> Value {
        let stdout = self.done(&[arguments, &["--json"]].concat());
        serde_json::from_str(&stdout).unwrap_or_else(|error| panic!("{error}: {stdout}"))
    }

    /// Runs what has to be refused with this code, in both forms; the error's JSON.
    #[track_caller]
    pub fn refused(&self, code: &str, arguments: &[&str]) -> Value {
        let run = self.run(arguments);
        let expected = format!("error[{code}]: ");
        assert!(run.stderr.starts_with(&expected), "{arguments:?}: {run:?}");
        let exit = if code == "usage" { 2 } else { 3 };
        assert_eq!((run.code, run.stdout.as_str()), (exit, ""), "{arguments:?}");
        let run = self.run(&[arguments, &["--json"]].concat());
        assert_eq!((run.code, run.stdout.as_str()), (exit, ""), "{arguments:?} --json");
        let error: Value = serde_json::from_str(&run.stderr).unwrap();
        assert_eq!(error["error"]["code"], code, "{arguments:?}: {error}");
        assert!(error["error"]["message"].as_str().is_some_and(|message| !message.is_empty()));
        error["error"].clone()
    }

    /// The one value that a query answers.
    #[track_caller]
    pub fn value(&self, file: &str, sql: &str) -> Value {
        self.json(&["--db", file, "sql", "--owner", sql])["rows"][0][0].clone()
    }
}

/// What a run of the tool left.
#[derive(Debug)]
pub struct Run {
    pub code: i32,
    pub stdout: String,
    pub stderr: String,
}

impl Run {
    fn of(output: Output) -> Run {
        Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Every file below a folder with its content, to see that nothing changed.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((path.clone(), std::fs::read(path).unwrap())),
        }
    }
    found.sort();
    found
}
