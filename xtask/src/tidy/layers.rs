//! Inside the core, imports run downward only: no module names one of its own level or above.

use super::Problem;
use super::source::Source;

/// The core's modules from the highest to the lowest; those of one line do not name each other.
/// A new module gets its place here with its first file.
const LEVELS: &[&[&str]] = &[
    &["call", "testing"],
    &["database"],
    &["inspect"],
    &["account"],
    &["session"],
    &["gateway"],
    &["seed"],
    &["owner"],
    &["audit"],
    &["history"],
    &["capture"],
    &["policy"],
    &["query"],
    &["migrate"],
    &["bundle", "generate"],
    &["schema"],
    &["validate"],
    &["keyring"],
    &["crypto", "internal"],
    &["host"],
    &["value"],
    &["sql"],
    &["model"],
    &["actor"],
    &["error"],
];

/// Every `crate::module` in a shipped line of the core lies below the module that names it.
pub fn imports(source: &Source) -> Vec<Problem> {
    check(source, LEVELS)
}

fn check(source: &Source, levels: &[&[&str]]) -> Vec<Problem> {
    let Some(own) = module_of(source) else { return Vec::new() };
    let Some(own_level) = level_of(own, levels) else {
        let what = format!("the core's module `{own}` has no level in xtask/src/tidy/layers.rs");
        return vec![Problem { rule: "layers", line: 1, what }];
    };
    let mut problems = Vec::new();
    for (line, named) in named_modules(source) {
        let what = match level_of(named, levels) {
            _ if named == own => continue,
            Some(level) if level > own_level => continue,
            Some(_) => format!("`{own}` names `{named}`, which does not lie below it"),
            None => format!("names `{named}`, which has no level in xtask/src/tidy/layers.rs"),
        };
        problems.push(Problem { rule: "layers", line, what });
    }
    problems
}

/// The core's module that a file belongs to; `lib.rs` is above them all and belongs to none.
fn module_of<'path>(source: &Source<'path>) -> Option<&'path str> {
    let inside = source.path.strip_prefix("core/src/")?.strip_suffix(".rs")?;
    Some(inside.split('/').next().unwrap_or(inside)).filter(|module| *module != "lib")
}

fn level_of(module: &str, levels: &[&[&str]]) -> Option<usize> {
    levels.iter().position(|level| level.contains(&module))
}

/// Each module that is named as `crate::a` or within `crate::{a, b::{c, d}}`, with its line.
fn named_modules<'text>(source: &Source<'text>) -> Vec<(usize, &'text str)> {
    let mut named = Vec::new();
    let mut depth = 0; // Of braces, inside a `crate::{`; 0 is outside of one.
    for (line, text) in source.shipped_lines() {
        let mut rest = text;
        while !rest.is_empty() {
            if depth == 0 {
                let Some((_, after)) = rest.split_once("crate::") else { break };
                rest = after;
                if let Some(group) = rest.strip_prefix('{') {
                    (depth, rest) = (1, group);
                } else {
                    named.extend(module_name(rest).map(|name| (line, name)));
                }
                continue;
            }
            let at_path = depth == 1 && rest.starts_with(|c: char| c.is_alphabetic());
            let step = if at_path {
                named.extend(module_name(rest).map(|name| (line, name)));
                // Past the whole path: its later segments are no modules of the core's root.
                rest.find(['{', ',', '}']).unwrap_or(rest.len())
            } else {
                match rest.as_bytes()[0] {
                    b'{' => depth += 1,
                    b'}' => depth -= 1,
                    _ => {}
                }
                rest.chars().next().map_or(1, char::len_utf8)
            };
            rest = &rest[step..];
        }
    }
    named
}

/// The path's first segment, unless it names a type or a macro of the root.
fn module_name(path: &str) -> Option<&str> {
    let end = path.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(path.len());
    Some(&path[..end]).filter(|name| name.starts_with(|c: char| c.is_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO: &[&[&str]] = &[&["upper"], &["beside", "middle"], &["lower"]];

    fn problem_lines(path: &str, text: &str) -> Vec<usize> {
        check(&Source::new(path, text), TWO).iter().map(|problem| problem.line).collect()
    }

    #[test]
    fn imports_may_run_downward() {
        let text = "use crate::lower::A;\nuse crate::middle::B;\nuse crate::Error;\n";
        assert!(problem_lines("core/src/middle/a.rs", text).is_empty());
        assert!(problem_lines("core/src/lib.rs", "use crate::upper;").is_empty());
        assert!(problem_lines("native/src/middle.rs", "use crate::upper;").is_empty());
        let test = "#[cfg(test)]\nmod tests { use crate::upper; }";
        assert!(problem_lines("core/src/middle.rs", test).is_empty());
    }

    #[test]
    fn imports_may_not_run_upward_or_sideways() {
        let text = "\nuse crate::upper::A;\nfn a() { crate::beside::b() }\n";
        assert_eq!(problem_lines("core/src/middle.rs", text), [2, 3]);
        let group = "use crate::{\n    Error, lower::{upper, b},\n    upper::c,\n};\n";
        assert_eq!(problem_lines("core/src/middle.rs", group), [3]);
    }

    #[test]
    fn a_module_needs_a_level() {
        assert_eq!(problem_lines("core/src/new/mod.rs", ""), [1]);
        assert_eq!(problem_lines("core/src/middle.rs", "use crate::new;"), [1]);
    }
}
