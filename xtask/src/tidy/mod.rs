//! The rules of the source text that no compiler or linter holds.
//!
//! Each rule is a pure function from a file's path and text to problems, with a test that shows it
//! failing. A line may be exempted, with the reason, by `tidy-allow: <rule>` in a comment on that
//! line or the one above.

mod ambient;
mod layers;
mod manifest;
mod shape;
mod source;

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::{During, Failure, Outcome};
use crate::process::root;
use source::Source;

/// Folders whose files nobody writes by hand.
const SKIPPED_FOLDERS: &[&str] = &[".git", "demo", "dist", "node_modules", "target"];
const EXTENSIONS: &[&str] = &["css", "html", "js", "mjs", "rs", "sql", "toml", "ts"];

/// One broken rule.
#[derive(Debug, PartialEq, Eq)]
pub struct Problem {
    rule: &'static str,
    /// Counted from 1.
    line: usize,
    what: String,
}

type Rule = fn(&Source) -> Vec<Problem>;

const RULES: &[Rule] = &[
    shape::module_docs,
    shape::file_length,
    shape::line_width,
    shape::unfinished,
    ambient::in_rust,
    ambient::in_sql,
    layers::imports,
    manifest::versions,
];

/// Checks every file of the project and prints each problem as `path:line: [rule] what`.
///
/// # Errors
///
/// When there is a problem, or a file cannot be read.
pub fn run() -> Outcome<()> {
    let root = root();
    let mut files = Vec::new();
    collect(&root, &mut files)?;
    files.sort();
    let mut problem_count = 0;
    for file in &files {
        let text = fs::read_to_string(file).during(|| format!("reading {}", file.display()))?;
        let path = file.strip_prefix(&root).unwrap_or(file).to_string_lossy().replace('\\', "/");
        for problem in check(&Source::new(&path, &text)) {
            eprintln!("{path}:{}: [{}] {}", problem.line, problem.rule, problem.what);
            problem_count += 1;
        }
    }
    if problem_count > 0 {
        return Err(Failure::new(format!("{problem_count} broken rules in the source text")));
    }
    println!("{} files keep the rules", files.len());
    Ok(())
}

fn check(source: &Source) -> Vec<Problem> {
    let problems = RULES.iter().flat_map(|rule| rule(source));
    problems.filter(|problem| !source.allows(problem.line, problem.rule)).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Outcome<()> {
    let entries = fs::read_dir(folder).during(|| format!("reading {}", folder.display()))?;
    for entry in entries {
        let path = entry.during(|| format!("reading {}", folder.display()))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let extension = path.extension().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !SKIPPED_FOLDERS.contains(&name.as_ref()) {
            collect(&path, files)?;
        } else if path.is_file() && EXTENSIONS.contains(&extension.as_ref()) {
            files.push(path);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exemption_needs_the_name_of_the_rule() {
        let problem_count = |comment: &str| {
            let text = format!("//! A file.\n// {comment}\n// {}\n", "x".repeat(120));
            check(&Source::new("core/src/error.rs", &text)).len()
        };
        assert_eq!(problem_count("no exemption"), 1);
        assert_eq!(problem_count("tidy-allow: module-docs"), 1);
        assert_eq!(problem_count("tidy-allow: line-width (a table that must not wrap)"), 0);
    }
}
