//! The core names no ambient world: its clock, random bytes and database are handed to it.
//!
//! Clippy holds the functions (`core/clippy.toml`); this holds what clippy does not see: whole
//! modules, async, conditions on the target, and SQL inside strings and files.

use super::Problem;
use super::source::Source;

/// The standard library's doors to the outside.
const MODULES: &[&str] = &["env", "fs", "net", "process", "thread", "time"];

const NAMES: &[&str] = &[
    "Utc::now",
    "Local::now",
    "SystemTime",
    "Instant::now",
    "Uuid::new_v",
    "Uuid::now_v",
    "getrandom",
    "thread_rng",
    "js_sys",
    "web_sys",
    "wasm_bindgen",
    "async fn",
    "async move",
    ".await",
    "cfg(target",
    "cfg(not(target",
    "cfg(any(target",
    "cfg(all(target",
    "target_arch",
    "target_family",
    "target_os",
    "println!(",
    "print!(",
];

/// SQL whose result depends on when and where it runs; compared in lower case.
const SQL: &[&str] = &[
    "current_timestamp",
    "current_date",
    "current_time",
    "'now'",
    "random()",
    "randomblob(",
    "unixepoch()",
];

/// No shipped line of the core names the ambient world.
pub fn in_rust(source: &Source) -> Vec<Problem> {
    if !is_core(source) {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (line, text) in source.shipped_lines() {
        let modules = std_modules(text).filter(|module| MODULES.contains(module));
        let named = NAMES.iter().copied().filter(|name| text.contains(name));
        for name in modules.chain(named) {
            let what = format!("the core names `{name}`; the host hands over what it needs");
            problems.push(Problem { rule: "ambient", line, what });
        }
    }
    problems
}

/// No SQL of the core, of a migration or of a seed asks SQLite for the time or for random bytes.
pub fn in_sql(source: &Source) -> Vec<Problem> {
    let is_migration = source.path.starts_with("migrations/") && source.is(&["sql", "toml"]);
    if !is_core(source) && !is_migration {
        return Vec::new();
    }
    let mut problems = Vec::new();
    for (line, text) in source.shipped_lines() {
        let text = text.to_lowercase();
        for name in SQL.iter().filter(|name| text.contains(**name)) {
            let what = format!("SQL with `{name}`; bind the host's value instead");
            problems.push(Problem { rule: "ambient-sql", line, what });
        }
    }
    problems
}

fn is_core(source: &Source) -> bool {
    let folders = ["core/src/", "core/json/src/"];
    folders.iter().any(|folder| source.path.starts_with(folder)) && source.is(&["rs"])
}

/// The modules of `std::a::b` and of `std::{a::b, c}`, in one line.
fn std_modules(line: &str) -> impl Iterator<Item = &str> {
    line.split("std::").skip(1).flat_map(|rest| {
        let group = rest.strip_prefix('{').map(|group| group.split('}').next().unwrap_or(group));
        let paths = group.map_or(vec![rest], |group| group.split(',').collect());
        paths.into_iter().map(first_word)
    })
}

fn first_word(path: &str) -> &str {
    let path = path.trim();
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    &path[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finds(path: &str, text: &str) -> bool {
        let source = Source::new(path, text);
        !in_rust(&source).is_empty() || !in_sql(&source).is_empty()
    }

    #[test]
    fn the_core_may_use_the_rest_of_the_standard_library() {
        for text in [
            "use std::{fmt, collections::HashMap};",
            "use std::error::Error; // not std::fs",
            "let environment = 1;",
            "#[cfg(test)]\nuse std::fs;",
        ] {
            assert!(!finds("core/src/a.rs", text), "{text}");
        }
    }

    #[test]
    fn the_core_may_not_name_the_ambient_world() {
        for text in [
            "use std::time::Duration;",
            "use std::{fmt, fs::File};",
            "let now = Utc::now();",
            "let id = Uuid::now_v7();",
            "async fn a() {}",
            "#[cfg(target_arch = \"wasm32\")]",
            "let sql = \"SELECT datetime('now')\";",
            "let sql = \"DEFAULT CURRENT_TIMESTAMP\";",
            "let sql = \"SELECT hex(randomblob(16))\";",
        ] {
            assert!(finds("core/src/a.rs", text), "{text}");
            assert!(finds("core/json/src/a.rs", text), "{text}");
            assert!(!finds("native/src/a.rs", text), "a host may: {text}");
        }
        assert!(finds("migrations/a/up/V1__a.sql", "x TEXT DEFAULT current_timestamp"));
    }
}
