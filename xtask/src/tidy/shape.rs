//! How a file is laid out: it says what it is for, stays readable in size, and hides no open end.

use super::Problem;
use super::source::Source;

const LINES_MAX: usize = 400;
const TEST_LINES_MAX: usize = 600;
const WIDTH_MAX: usize = 100;

/// What a finished file of Rust does not contain.
const UNFINISHED_RUST: &[&str] = &["todo!(", "unimplemented!(", "dbg!(", "#[ignore"];
/// What a finished test in JavaScript does not contain.
const UNFINISHED_SCRIPT: &[&str] =
    &[".skip(", ".only(", ".todo(", "skip: true", "only: true", "todo: true", "debugger;"];

const SCRIPTS: &[&str] = &["js", "mjs", "ts"];

/// A file of Rust starts with `//!`: the question that it answers.
pub fn module_docs(source: &Source) -> Vec<Problem> {
    if !source.is(&["rs"]) || source.text.starts_with("//!") {
        return Vec::new();
    }
    vec![Problem {
        rule: "module-docs",
        line: 1,
        what: "the file does not start with `//!`".into(),
    }]
}

/// A file of code stays within 400 lines, one of tests within 600.
pub fn file_length(source: &Source) -> Vec<Problem> {
    let max = if source.is_test() { TEST_LINES_MAX } else { LINES_MAX };
    let count = source.lines().count();
    if !source.is(&["css", "js", "mjs", "rs", "ts"]) || count <= max {
        return Vec::new();
    }
    let what = format!("{count} lines, and {max} is the most: it probably holds two ideas");
    vec![Problem { rule: "file-length", line: 1, what }]
}

/// A line of code stays within 100 characters, addresses and the sample data of tests aside.
pub fn line_width(source: &Source) -> Vec<Problem> {
    let is_test = source.path.contains("/tests/") || source.path.ends_with("/tests.rs");
    if is_test || !source.is(&["rs"]) && !source.is(SCRIPTS) {
        return Vec::new();
    }
    let widths = source.lines().filter(|(_, line)| !line.contains("://"));
    widths
        .map(|(line, text)| (line, text.chars().count()))
        .filter(|(_, width)| *width > WIDTH_MAX)
        .map(|(line, width)| {
            let what = format!("{width} characters, and {WIDTH_MAX} is the most");
            Problem { rule: "line-width", line, what }
        })
        .collect()
}

/// Nothing is left to be done, printed for debugging, or left out of a test run.
pub fn unfinished(source: &Source) -> Vec<Problem> {
    let marks = if source.is(&["rs"]) && source.path != "xtask/src/tidy/shape.rs" {
        UNFINISHED_RUST
    } else if source.is(SCRIPTS) {
        UNFINISHED_SCRIPT
    } else {
        &[]
    };
    let found = source.lines().flat_map(|(line, text)| {
        marks.iter().filter(move |mark| text.contains(**mark)).map(move |mark| (line, *mark))
    });
    found
        .map(|(line, mark)| Problem {
            rule: "unfinished",
            line,
            what: format!("contains `{mark}`"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(path: &str, text: &str) -> Vec<&'static str> {
        let source = Source::new(path, text);
        let all = [module_docs, file_length, line_width, unfinished];
        all.iter().flat_map(|rule| rule(&source)).map(|problem| problem.rule).collect()
    }

    #[test]
    fn a_tidy_file_has_no_problem() {
        assert!(rules("core/src/a.rs", "//! A.\nfn a() {}\n").is_empty());
        let address = format!("// https://example.org/{}\n", "a".repeat(100));
        assert!(rules("tests/browser/a.test.mjs", &address).is_empty());
    }

    #[test]
    fn each_rule_finds_its_problem() {
        let lines = |count: usize| "//!\n".repeat(count);
        let cases: &[(&str, String, &str)] = &[
            ("core/src/a.rs", "fn a() {}\n".into(), "module-docs"),
            ("core/src/a.rs", lines(401), "file-length"),
            ("core/src/model/tests.rs", lines(601), "file-length"),
            ("core/src/a.rs", format!("//! {}\n", "ä".repeat(97)), "line-width"),
            ("core/src/a.rs", "//! A.\n#[ignore = \"slow\"]\n".into(), "unfinished"),
            ("core/src/a.rs", "//! A.\nfn a() { todo!() }\n".into(), "unfinished"),
            ("tests/browser/a.test.mjs", "it.only(\"a\", () => {});\n".into(), "unfinished"),
            ("tests/browser/a.test.mjs", "it(\"a\", { skip: true });\n".into(), "unfinished"),
        ];
        for (path, text, expected) in cases {
            assert_eq!(rules(path, text), [*expected], "{path}: {text:.40}");
        }
        assert!(rules("core/src/a.rs", &lines(400)).is_empty());
        assert!(rules("core/src/model/tests.rs", &lines(600)).is_empty());
        assert!(rules("core/src/a.rs", "//! A.\nfn a() { b.iter().skip(1); }\n").is_empty());
    }
}
