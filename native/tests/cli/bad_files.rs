//! Files that are not what they should be, or can't be used: a clear code, and nothing changes.

use std::process::Command;

use freehold::{Access, Bundle, OpenOptions};
use rusqlite::Connection;

use crate::support::{Folder, NOTES, files};

/// One command of each kind that opens a file.
const COMMANDS: [&[&str]; 11] = [
    &["init"],
    &["init", "--model", "workflow"],
    &["migrate", "up"],
    &["migrate", "down"],
    &["migrate", "status"],
    &["migrate", "diff"],
    &["migrate", "pull"],
    &["seed"],
    &["reset", "--yes"],
    &["validate"],
    &["sql", "--owner", "DELETE FROM users"],
];

#[track_caller]
fn all_refuse(folder: &Folder, code: &str, commands: &[&[&str]]) {
    let before = files(&folder.path(""));
    for command in commands {
        folder.refused(code, &[&["--db", "work.db"], *command].concat());
        assert_eq!(files(&folder.path("")), before, "{command:?}");
    }
}

#[test]
fn what_is_no_database_stays_as_it_is() {
    let other =
        [&b"\0"[..], &b"hello"[..], &[b'x'; 10_000][..], &b"SQLite format 2\0 and more"[..]];
    for content in other {
        let folder = Folder::new();
        folder.write("work.db", content);
        all_refuse(&folder, "not_a_database", &COMMANDS);
    }
}

#[test]
fn a_truncated_file_is_damage() {
    let folder = Folder::with_workflow();
    let whole = folder.read("work.db");
    for bytes in [whole.len() - 1, whole.len() - 5000, 4096, 100] {
        folder.write("work.db", &whole[..bytes]);
        all_refuse(&folder, "corrupt", &COMMANDS);
    }
    folder.write("work.db", &whole[..10]);
    all_refuse(&folder, "not_a_database", &COMMANDS);
}

#[test]
fn damage_in_the_middle_is_found() {
    let folder = Folder::with_workflow();
    let mut damaged = folder.read("work.db");
    let middle = damaged.len() / 2 / 4096 * 4096;
    damaged[middle..].iter_mut().take(40_960).for_each(|byte| *byte = 0xaa);
    folder.write("work.db", damaged);
    let run = folder.run(&["--db", "work.db", "validate"]);
    assert!(run.code == 1 && run.stdout.contains("damage: ") || run.code == 3, "{run:?}");
}

#[test]
fn a_database_without_a_model_says_so() {
    let folder = Folder::new();
    let file = Connection::open(folder.path("work.db")).unwrap();
    file.execute_batch(
        "CREATE TABLE other (id INTEGER PRIMARY KEY) STRICT; INSERT INTO other VALUES (1);",
    )
    .unwrap();
    file.close().unwrap();
    let [_, _, rest @ ..] = &COMMANDS;
    let rest: Vec<&[&str]> =
        rest.iter().copied().filter(|command| *command != ["migrate", "pull"]).collect();
    all_refuse(&folder, "not_initialized", &rest);
    all_refuse(&folder, "schema_drift", &[&["init", "--model", "workflow"]]);
    let pulled = folder.json(&["--db", "work.db", "migrate", "pull"]);
    assert!(pulled["model"].as_str().unwrap().contains("[tables.other]"), "{pulled}");
}

#[test]
fn folders_and_missing_places_are_named() {
    let folder = Folder::new();
    folder.refused("io", &["--db", "none.db", "migrate", "status"]);
    let init = |place| folder.refused("io", &["--db", place, "init", "--model", "workflow"]);
    let error = init("no/such/work.db");
    assert!(error["message"].as_str().unwrap().contains("no/such"), "{error}");
    init(".");
    assert_eq!(files(&folder.path("")), []);
    // SQLite gives this name a meaning of its own; here it is a file.
    folder.done(&["--db", ":memory:", "init", "--model", "workflow"]);
    assert!(folder.path(":memory:").exists());
}

#[test]
fn a_read_only_file_is_read_and_not_written() {
    let folder = Folder::with_workflow();
    let path = folder.path("work.db");
    let mut permissions = path.metadata().unwrap().permissions();
    permissions.set_readonly(true);
    std::fs::set_permissions(&path, permissions).unwrap();
    let [_, _, up, down, status, diff, pull, seed, reset, validate, write] = COMMANDS;
    for command in [status, diff, pull, validate, &["sql", "--owner", "SELECT 1"]] {
        folder.done(&[&["--db", "work.db"], command].concat());
    }
    let before = folder.read("work.db");
    for command in [up, down, seed, reset, write, &["init"]] {
        folder.refused("read_only", &[&["--db", "work.db"], command].concat());
    }
    assert_eq!(folder.read("work.db"), before);
}

/// A folder that the tool's user may not write, as on a medium that is read-only.
#[cfg(unix)]
#[test]
fn a_read_only_folder_is_read_and_not_written() {
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::os::unix::process::CommandExt;

    let folder = Folder::with_workflow();
    let set = |path: &str, mode| {
        let permissions = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(folder.path(path), permissions).unwrap();
    };
    // Permissions don't bind the superuser: it runs a copy of the tool as nobody. Another process
    // makes the copy, since a file that any test's child holds open for writing can't be run.
    let is_root = folder.path("").metadata().unwrap().uid() == 0;
    let copy = [env!("CARGO_BIN_EXE_freehold").into(), folder.path("tool")];
    assert!(Command::new("cp").args(copy).status().unwrap().success());
    set("tool", 0o755);
    set("work.db", 0o644);
    set("", 0o555);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(folder.path("tool"));
        command.args(["--db", "work.db"]).args(arguments).current_dir(folder.path(""));
        if is_root {
            command.uid(65_534).gid(65_534);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    assert_eq!(run(&["migrate", "status"]), (Some(0), String::new()));
    assert_eq!(run(&["sql", "--owner", "SELECT count(*) FROM users"]), (Some(0), String::new()));
    let (code, stderr) = run(&["seed"]);
    assert_eq!(code, Some(3), "{stderr}");
    assert!(
        stderr.starts_with("error[read_only]: ") || stderr.starts_with("error[io]: "),
        "{stderr}"
    );
    assert_eq!(files(&folder.path("")).len(), 2);
    set("", 0o755);
}

#[test]
fn a_locked_file_is_waited_for_and_then_refused() {
    let folder = Folder::with_workflow();
    let other = Connection::open(folder.path("work.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let quick = ["--db", "work.db", "--lock-timeout", "20"];
    let [_, _, _, down, status, diff, _, _, reset, validate, write] = COMMANDS;
    // Readers are not in a writer's way.
    for command in [status, diff, validate] {
        folder.done(&[&quick, command].concat());
    }
    for command in [down, reset, write] {
        folder.refused("locked", &[&quick, command].concat());
    }
    other
        .execute_batch("ROLLBACK; PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; COMMIT")
        .unwrap();
    drop(other);
    let other = Connection::open(folder.path("work.db")).unwrap();
    other.execute_batch("PRAGMA locking_mode = EXCLUSIVE; PRAGMA user_version = 1").unwrap();
    folder.refused("locked", &[&quick, status].concat());
    drop(other);
    folder.done(&[&quick, status].concat());
}

#[test]
fn a_lock_that_goes_away_in_time_is_no_error() {
    let folder = Folder::with_workflow();
    let other = Connection::open(folder.path("work.db")).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let arguments = ["--db", "work.db", "sql", "--owner", "DELETE FROM execution_logs"];
    let mut waiting =
        folder.command(&arguments).stdout(std::process::Stdio::null()).spawn().unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    assert!(waiting.wait().unwrap().success());
}

#[test]
fn a_database_of_a_newer_build_is_read_and_taken_back() {
    let folder = Folder::with_notes();
    folder.write("newer/model.toml", NOTES.replace("max = 80", "max = 90"));
    let script = folder.read("notes/up/V1__init.sql");
    folder.write("newer/up/V1__init.sql", script);
    folder.done(&["migrate", "new", "longer", "--model", "newer"]);
    folder.done(&["--db", "work.db", "init", "--model", "newer"]);
    let old =
        |command: &[&'static str]| [&["--db", "work.db"], command, &["--model", "notes"]].concat();
    assert_eq!(folder.json(&old(&["migrate", "status"]))["newer"], true);
    folder.done(&old(&["sql", "--owner", "SELECT count(*) FROM notes"]));
    let before = folder.read("work.db");
    for command in [&["migrate", "up"][..], &["init"], &["seed"], &["migrate", "push"]] {
        folder.refused("newer_database", &old(command));
    }
    let write = folder.run(&old(&["sql", "--owner", "DELETE FROM notes"]));
    assert_eq!(write.code, 3, "{write:?}");
    assert_eq!(folder.read("work.db"), before);
    folder.done(&old(&["migrate", "down", "--to", "1"]));
    assert_eq!(folder.json(&old(&["migrate", "status"]))["newer"], false);
    folder.done(&old(&["validate"]));
}

#[test]
fn a_quota_that_is_reached_leaves_the_file_as_it_was() {
    let folder = Folder::with_workflow();
    let bundle = Bundle::builtin("workflow").unwrap();
    let connection = Connection::open(folder.path("work.db")).unwrap();
    let pages: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
    connection.pragma_update(None, "max_page_count", pages + 1).unwrap();
    let host = Box::new(freehold::SystemHost);
    let database = freehold::Database::open(connection, bundle, host).unwrap();
    let sql = "UPDATE workflows SET definition = json_object('x', printf('%.*c', 1000000, 'x'))";
    let full = database.owner().unwrap().sql(sql, &[]);
    assert_eq!(full.unwrap_err().code(), "storage_full");
    database.close().unwrap();
    folder.done(&["--db", "work.db", "validate"]);
}

/// A real file system of two megabytes, where the system lets tests mount one.
#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_leaves_the_file_as_it_was() {
    let folder = Folder::with_workflow();
    std::fs::create_dir(folder.path("small")).unwrap();
    // With no room at all, with some, and with enough for the backup and not for the run.
    let script = r#"
        mount -t tmpfs -o size=2m none small || exit 77
        cp work.db small/work.db && cd small || exit 77
        before=$(cksum < work.db)
        kilobytes=$(du -k --apparent-size work.db | cut -f1)
        for free in 0 20 60 $((kilobytes + 60)) $((kilobytes + 120)); do
            dd if=/dev/zero of=filler bs=4k 2> /dev/null
            truncate -s -${free}K filler
            "$1" --db work.db migrate down --to 0 2>&1 | cut -d: -f1
            [ "$before" = "$(cksum < work.db)" ] || echo changed
        done
        rm filler
        "$1" --db work.db validate
        "$1" --db work.db migrate down --to 0 > /dev/null && echo down
    "#;
    let output = Command::new("unshare")
        .args(["--user", "--map-root-user", "--mount", "sh", "-c", script, "sh"])
        .arg(env!("CARGO_BIN_EXE_freehold"))
        .current_dir(folder.path(""))
        .output();
    let said = match output {
        Ok(output) if output.status.success() => String::from_utf8(output.stdout).unwrap(),
        other => {
            eprintln!("no small file system to be had here, so this says nothing: {other:?}");
            return;
        }
    };
    println!("{said}");
    let codes: Vec<&str> = said.lines().take(5).collect();
    let (backup, run) = ("error[backup_failed]", "error[storage_full]");
    assert!(codes.iter().all(|code| [backup, run].contains(code)), "{said}");
    assert!(codes.contains(&backup) && codes.contains(&run), "{said}");
    assert!(said.ends_with("nothing found\ndown\n") && said.lines().count() == 7, "{said}");
}

#[test]
fn open_only_makes_what_it_is_asked_to() {
    let folder = Folder::new();
    let open = |access| {
        let options = OpenOptions { access, ..OpenOptions::default() };
        freehold::open(folder.path("work.db"), Bundle::builtin("workflow").unwrap(), options)
    };
    assert_eq!(open(Access::ReadWrite).err().unwrap().code(), "io");
    assert_eq!(open(Access::ReadOnly).err().unwrap().code(), "io");
    let mut database = open(Access::Create).unwrap();
    database.init(Some("development"), &mut |_| {}).unwrap();
    let owner = database.owner().unwrap();
    let mode = owner.sql("PRAGMA journal_mode", &[]).unwrap();
    assert_eq!(mode.rows, [["wal"]]);
    let level = owner.sql("PRAGMA synchronous", &[]).unwrap();
    assert_eq!(level.rows, [[2]]);
    let reader = open(Access::ReadOnly).unwrap();
    assert_eq!(reader.owner().unwrap().count("users", None).unwrap(), 2);
    let write = reader.owner().unwrap().sql("DELETE FROM users", &[]);
    assert_eq!(write.unwrap_err().code(), "read_only");
}
