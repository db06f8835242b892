//! Collects all that is wrong with a model, each with its place, and reads fields of its tree.

use super::node::{Entry, Node, NodeValue, Place};
use crate::error::Problem;

/// The mistakes found so far.
pub(super) struct Problems<'n> {
    root: &'n Node,
    pub list: Vec<Problem>,
}

impl<'n> Problems<'n> {
    pub fn new(root: &'n Node) -> Self {
        Problems { root, list: Vec::new() }
    }

    /// Adds a mistake. The place is that of the path, or of its longest part that the file has.
    pub fn add(&mut self, path: &str, code: &'static str, message: impl Into<String>) {
        let place = find_place(self.root, path);
        self.list.push(Problem {
            path: path.to_owned(),
            line: place.map(|place| place.line),
            column: place.map(|place| place.column),
            code,
            message: message.into(),
        });
    }

    /// Whether the file has something at exactly this path.
    pub fn has(&self, path: &str) -> bool {
        find_node(self.root, path).is_some()
    }

    /// The mistakes in the file's order.
    pub fn into_sorted(mut self) -> Vec<Problem> {
        self.list.sort_by_key(|problem| (problem.line, problem.column));
        self.list.dedup();
        self.list
    }
}

/// The place of a path in a file, or of the longest part of it that the file has.
pub(super) fn find_place(root: &Node, path: &str) -> Option<Place> {
    let mut node = root;
    let mut place = root.place;
    for segment in segments(path) {
        let Some((next, found)) = step(node, segment) else { break };
        (node, place) = (next, found.or(place));
    }
    place
}

fn find_node<'n>(root: &'n Node, path: &str) -> Option<&'n Node> {
    segments(path).try_fold(root, |node, segment| Some(step(node, segment)?.0))
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split(['.', '[']).filter(|segment| !segment.is_empty())
}

fn step<'n>(node: &'n Node, segment: &str) -> Option<(&'n Node, Option<Place>)> {
    match &node.value {
        NodeValue::Table(entries) => {
            let found = entries.iter().find(|entry| is_same_key(&entry.key, segment))?;
            Some((&found.node, found.key_place))
        }
        NodeValue::Array(items) => {
            let index: usize = segment.trim_end_matches(']').parse().ok()?;
            items.get(index).map(|item| (item, item.place))
        }
        _ => None,
    }
}

/// A predicate's key may be spaced as one likes, and go without empty parentheses.
fn is_same_key(key: &str, segment: &str) -> bool {
    let plain = |text: &str| text.replace(' ', "").trim_end_matches("()").to_owned();
    key == segment || segment.contains('(') && plain(key) == plain(segment)
}

/// How many keys may stand in a table of the tree: a column's are the most.
const KEYS_USUAL: usize = 24;

/// The fields of one table of the tree; what nobody asked for is a mistake.
pub(super) struct Fields<'n> {
    pub path: String,
    entries: &'n [Entry],
    known: Vec<&'static str>,
}

impl<'n> Fields<'n> {
    /// The fields of a node, which has to be a table.
    pub fn of(node: &'n Node, path: &str, problems: &mut Problems<'_>) -> Option<Self> {
        let NodeValue::Table(entries) = &node.value else {
            problems.add(path, "wrong_type", format!("a table expected, not {}", node.kind()));
            return None;
        };
        let known = Vec::with_capacity(KEYS_USUAL);
        Some(Fields { path: path.to_owned(), entries, known })
    }

    pub fn path_of(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }

    pub fn get(&mut self, key: &'static str) -> Option<&'n Node> {
        self.known.push(key);
        for entry in self.entries {
            if is_same_text(&entry.key, key) {
                return Some(&entry.node);
            }
        }
        None
    }

    pub fn text(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<String> {
        let node = self.get(key)?;
        text(node, || self.path_of(key), problems)
    }

    pub fn flag(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<bool> {
        let node = self.get(key)?;
        if let NodeValue::Boolean(value) = node.value {
            return Some(value);
        }
        let message = format!("true or false expected, not {}", node.kind());
        problems.add(&self.path_of(key), "wrong_type", message);
        None
    }

    pub fn texts(&mut self, key: &'static str, problems: &mut Problems<'_>) -> Option<Vec<String>> {
        let node = self.get(key)?;
        texts(node, &self.path_of(key), problems)
    }

    pub fn items(&mut self, key: &'static str, problems: &mut Problems<'_>) -> &'n [Node] {
        let Some(node) = self.get(key) else { return &[] };
        if let NodeValue::Array(items) = &node.value {
            return items;
        }
        let message = format!("a list expected, not {}", node.kind());
        problems.add(&self.path_of(key), "wrong_type", message);
        &[]
    }

    /// The entries of a field that maps names to things.
    pub fn entries(&mut self, key: &'static str, problems: &mut Problems<'_>) -> &'n [Entry] {
        let Some(node) = self.get(key) else { return &[] };
        if let NodeValue::Table(entries) = &node.value {
            return entries;
        }
        let message = format!("a table expected, not {}", node.kind());
        problems.add(&self.path_of(key), "wrong_type", message);
        &[]
    }

    /// Reports every field that nobody asked for.
    pub fn finish(self, problems: &mut Problems<'_>) {
        for entry in self.entries {
            if !self.known.contains(&entry.key.as_str()) {
                let message = format!(
                    "there is no key `{}` here{}; there are: {}",
                    entry.key,
                    suggestion(&entry.key, self.known.iter().copied()),
                    self.known.join(", ")
                );
                problems.add(&self.path_of(&entry.key), "unknown_key", message);
            }
        }
    }
}

/// Without a call where the lengths differ: a model has a dozen fields in each of its columns.
fn is_same_text(one: &str, other: &str) -> bool {
    one.len() == other.len() && one == other
}

/// A text; `path` is asked for where it is something else.
pub(super) fn text(
    node: &Node,
    path: impl FnOnce() -> String,
    problems: &mut Problems<'_>,
) -> Option<String> {
    if let NodeValue::Text(value) = &node.value {
        return Some(value.clone());
    }
    problems.add(&path(), "wrong_type", format!("a text expected, not {}", node.kind()));
    None
}

pub(super) fn texts(node: &Node, path: &str, problems: &mut Problems<'_>) -> Option<Vec<String>> {
    let NodeValue::Array(items) = &node.value else {
        let message = format!("a list of texts expected, not {}", node.kind());
        problems.add(path, "wrong_type", message);
        return None;
    };
    let read = |(at, item)| text(item, || format!("{path}[{at}]"), problems);
    Some(items.iter().enumerate().filter_map(read).collect())
}

/// `; did you mean `x`?` where a known name is close.
pub(super) fn suggestion<'k>(name: &str, known: impl Iterator<Item = &'k str>) -> String {
    let closest = known.map(|known| (distance(name, known), known)).min();
    match closest {
        Some((distance, known)) if distance <= 1 + name.len() / 4 => {
            format!(" (did you mean `{known}`?)")
        }
        _ => String::new(),
    }
}

/// The number of single-character edits between two names (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let cost = diagonal + usize::from(x != *y);
            diagonal = row[j + 1];
            row[j + 1] = cost.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}
