//! One source file as the rules see it: what it is, its lines, and which of them are code.

/// A file's path from the project's root, with `/`, and its text.
pub struct Source<'text> {
    /// The path.
    pub path: &'text str,
    /// The whole text.
    pub text: &'text str,
}

impl<'text> Source<'text> {
    /// A file.
    pub fn new(path: &'text str, text: &'text str) -> Self {
        Self { path, text }
    }

    /// Whether the path ends with one of these extensions.
    pub fn is(&self, extensions: &[&str]) -> bool {
        self.path.rsplit_once('.').is_some_and(|(_, extension)| extensions.contains(&extension))
    }

    /// Whether the whole file is a test.
    pub fn is_test(&self) -> bool {
        self.path.starts_with("tests/")
            || self.path.contains("/tests/")
            || self.path.ends_with("/tests.rs")
            || self.path.ends_with("_tests.rs")
    }

    /// The lines, counted from 1.
    pub fn lines(&self) -> impl Iterator<Item = (usize, &'text str)> {
        self.text.lines().enumerate().map(|(index, line)| (index + 1, line))
    }

    /// The lines of code that ship: no comments, and nothing below a `#[cfg(test)]`.
    pub fn shipped_lines(&self) -> impl Iterator<Item = (usize, &'text str)> {
        let is_test = self.is_test();
        self.lines()
            .take_while(move |(_, line)| !is_test && line.trim() != "#[cfg(test)]")
            .map(|(number, line)| (number, without_comment(line)))
    }

    /// Whether a comment on the line, or on the one above, exempts it from the rule.
    pub fn allows(&self, line: usize, rule: &str) -> bool {
        let mark = format!("tidy-allow: {rule}");
        self.lines().any(|(number, text)| {
            (number == line || number + 1 == line) && text.contains(mark.as_str())
        })
    }
}

/// The line up to `//`; in a string, as in an address, the two slashes follow a colon.
fn without_comment(line: &str) -> &str {
    let starts = line.match_indices("//").map(|(at, _)| at);
    let comment = starts.into_iter().find(|at| !line[..*at].ends_with(':'));
    comment.map_or(line, |at| &line[..at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shipped_lines_leave_out_comments_and_tests() {
        let text = "a(); // b\n// c\nlet d = \"https://e\";\n#[cfg(test)]\nmod tests {}\n";
        let source = Source::new("core/src/a.rs", text);
        let lines: Vec<_> = source.shipped_lines().collect();
        assert_eq!(lines, [(1, "a(); "), (2, ""), (3, "let d = \"https://e\";")]);
        assert_eq!(Source::new("core/src/model/tests.rs", text).shipped_lines().count(), 0);
    }
}
