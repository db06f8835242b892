//! The documents say what the code says.

use std::fmt::Write;
use std::path::Path;

use freehold_core::error::ERROR_CODES;
use freehold_core::validate::ISSUE_CODES;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// What only the browser's package says; its own test holds it to this list.
const BROWSER_CODES: &[(&str, &str)] = &[
    (
        "no_opfs",
        "The browser keeps no database here: a private window, an insecure page, an old browser.",
    ),
    ("held_by_another_tab", "Somebody has the database's files open and does not share them."),
    (
        "held_by_older_version",
        "Tabs with an older version of the app have the database open; they were told.",
    ),
    (
        "held_by_newer_version",
        "A tab with a newer version of the app has the database; reload this page.",
    ),
    ("storage_cleared", "The database's files were removed while it was open; they are gone."),
    ("worker_failed", "The database's worker died; whether the call was done must be looked up."),
    ("closed", "The database was closed by this page."),
    (
        "aborted",
        "The call was given up by its signal; `applied` says whether it may have been done (`no`, \
         `unknown`).",
    ),
];

/// `docs/errors.md` lists every code; it is written anew with `FREEHOLD_BLESS=1`.
#[test]
fn every_error_code_is_in_the_documents() {
    let mut text = String::from(
        "# Errors and their codes\n\nA code is stable: it crosses the worker, the command line's \
         `--json` and every language\nunchanged. Messages are for people and may change.\n\n\
         ## Errors of a call\n\n| code | meaning |\n|---|---|\n",
    );
    for (code, meaning) in ERROR_CODES {
        let _ = writeln!(text, "| `{code}` | {meaning} |");
    }
    text.push_str("\n## Errors in a browser alone\n\n| code | meaning |\n|---|---|\n");
    for (code, meaning) in BROWSER_CODES {
        let _ = writeln!(text, "| `{code}` | {meaning} |");
    }
    text.push_str(
        "\n## Issues of a row\n\nThe error `invalid` carries all issues of a row at once, each \
         with `path`, `code`, `message` and `params`. A Standard Schema\nof `@freehold/web` says \
         them too, and with the code `invalid_argument` what a call would reject with before it is \
         sent: a\nvalue that no column can hold, such as `NaN`.\n\n| code | meaning |\n|---|---|\n",
    );
    for (code, meaning) in ISSUE_CODES {
        let _ = writeln!(text, "| `{code}` | {meaning} |");
    }
    let path = root().join("docs/errors.md");
    if std::env::var_os("FREEHOLD_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap_or_default() == text, "docs/errors.md is old");
    let mut codes: Vec<&str> = ERROR_CODES.iter().map(|(code, _)| *code).collect();
    codes.sort_unstable();
    let count = codes.len();
    codes.dedup();
    assert_eq!(codes.len(), count, "a code stands twice");
}
