//! A dependency's version is written once, in the workspace's manifest.

use super::Problem;
use super::source::Source;

/// The members' manifests take every dependency from the workspace.
pub fn versions(source: &Source) -> Vec<Problem> {
    if source.path == "Cargo.toml" || !source.path.ends_with("/Cargo.toml") {
        return Vec::new();
    }
    let mut in_dependencies = false;
    let mut problems = Vec::new();
    for (line, text) in source.lines() {
        if let Some(section) = text.strip_prefix('[') {
            in_dependencies = section.trim_end_matches(']').ends_with("dependencies");
        } else if in_dependencies && text.contains('=') && has_own_version(text) {
            let what =
                "take it by `workspace = true`; versions are in the root's Cargo.toml".into();
            problems.push(Problem { rule: "versions", line, what });
        }
    }
    problems
}

fn has_own_version(dependency: &str) -> bool {
    let value = dependency.split_once('=').map_or("", |(_, value)| value.trim());
    value.starts_with('"') || value.contains("version")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_root_names_versions() {
        let lines = |path, text| -> Vec<usize> {
            versions(&Source::new(path, text)).iter().map(|problem| problem.line).collect()
        };
        let text = "[package]\nversion = \"1\"\n[dependencies]\na = \"1\"\nb.workspace = true\n\
            c = { version = \"1\" }\n[target.'cfg(unix)'.dev-dependencies]\nd = \"1\"\n";
        assert_eq!(lines("core/Cargo.toml", text), [4, 6, 8]);
        assert!(lines("Cargo.toml", text).is_empty());
    }
}
