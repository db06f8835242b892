//! Patterns: the part of regular expressions that Rust, ECMAScript and PostgreSQL agree on.

/// Whether the pattern is in the shared part.
///
/// # Errors
///
/// What is not, for people.
pub(super) fn check(pattern: &str) -> Result<(), String> {
    if let Some(group) = pattern.find("(?") {
        let shared = pattern[group..].starts_with("(?:");
        if !shared {
            return Err(
                "look-around, named groups and flags are not shared by all hosts".to_owned()
            );
        }
    }
    if pattern.match_indices("(?").any(|(at, _)| !pattern[at..].starts_with("(?:")) {
        return Err("look-around, named groups and flags are not shared by all hosts".to_owned());
    }
    let mut escaped = false;
    for c in pattern.chars() {
        if escaped && !is_shared_escape(c) {
            return Err(format!("`\\{c}` is not shared by all hosts"));
        }
        escaped = c == '\\' && !escaped;
    }
    if pattern.contains("[[:") || pattern.contains("&&") {
        return Err("POSIX classes and set operations are not shared by all hosts".to_owned());
    }
    regex_lite::Regex::new(pattern).map(drop).map_err(|error| error.to_string())
}

fn is_shared_escape(c: char) -> bool {
    c.is_ascii_punctuation() || "dDwWsSnrt".contains(c)
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn takes_the_shared_part_only() {
        for pattern in ["^[a-z0-9][a-z0-9.-]+$", r"^\d{3}-\w+$", "^(?:a|b)*c?$", r"^\.\\$"] {
            assert_eq!(check(pattern), Ok(()), "{pattern}");
        }
        for pattern in [r"(a)\1", "(?=a)", "(?i)a", r"\p{L}", "[[:alpha:]]", "(a", r"\bword", "a\\"]
        {
            assert!(check(pattern).is_err(), "{pattern}");
        }
    }
}
