//! `--help` on every level, and calls that are wrong.

use crate::support::Folder;

const LEVELS: [&[&str]; 39] = [
    &[],
    &["models"],
    &["init"],
    &["migrate"],
    &["migrate", "up"],
    &["migrate", "down"],
    &["migrate", "status"],
    &["migrate", "diff"],
    &["migrate", "verify"],
    &["migrate", "push"],
    &["migrate", "pull"],
    &["migrate", "new"],
    &["seed"],
    &["reset"],
    &["validate"],
    &["sql"],
    &["insert"],
    &["update"],
    &["delete"],
    &["restore"],
    &["history"],
    &["rollback"],
    &["purge"],
    &["audit"],
    &["doctor"],
    &["key"],
    &["key", "create"],
    &["key", "list"],
    &["key", "revoke"],
    &["key", "verify"],
    &["password"],
    &["password", "set"],
    &["password", "verify"],
    &["secret"],
    &["secret", "new"],
    &["secret", "rotate"],
    &["tenant"],
    &["tenant", "shred"],
    &["generate"],
];

#[test]
fn every_level_has_help_with_an_example() {
    let folder = Folder::new();
    for level in LEVELS {
        let help = folder.done(&[level, &["--help"]].concat());
        let (_, example) =
            help.split_once("Example").unwrap_or_else(|| panic!("{level:?}: {help}"));
        let path = level.join(" ");
        let shown = example.lines().any(|line| line.contains("freehold") && line.contains(&path));
        assert!(shown, "{level:?}: {help}");
    }
    assert!(folder.done(&["--version"]).starts_with("freehold "));
}

#[test]
fn wrong_calls_say_so() {
    let folder = Folder::new();
    let calls: [&[&str]; 8] = [
        &[],
        &["migrate"],
        &["migarte"],
        &["init", "--sed", "x"],
        &["generate", "rust"],
        &["migrate", "up", "--to", "soon"],
        &["migrate", "up", "--to", "1", "--steps", "1"],
        &["migrate", "down", "--steps", "-1"],
    ];
    for call in calls {
        let run = folder.run(call);
        assert_eq!((run.code, run.stdout.as_str()), (2, ""), "{call:?}");
        assert!(!run.stderr.is_empty(), "{call:?}");
        let run = folder.run(&[call, &["--json"]].concat());
        assert_eq!(run.code, 2, "{call:?} --json");
        let error: serde_json::Value = serde_json::from_str(&run.stderr)
            .unwrap_or_else(|error| panic!("{call:?}: {error}: {}", run.stderr));
        assert_eq!(error["error"]["code"], "usage", "{call:?}");
    }
}

#[test]
fn the_flags_may_stand_before_or_after() {
    let folder = Folder::with_workflow();
    let before = folder.done(&["--db", "work.db", "--json", "migrate", "status"]);
    let after = folder.done(&["migrate", "status", "--json", "--db", "work.db"]);
    assert_eq!(before, after);
}
