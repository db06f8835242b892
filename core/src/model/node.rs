//! A model's source as a tree with places: what TOML and JSON have in common.
//!
//! Every mistake that is found later can so be named with its line and column. JSON text given at
//! run time has places too; values built in memory have paths only.

use std::cell::Cell;

use serde_json::{Map, Value};

use crate::error::Problem;

/// A value with its place in the file.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub value: NodeValue,
    pub place: Option<Place>,
}

/// What a node holds.
#[derive(Debug, Clone)]
pub(super) enum NodeValue {
    Null,
    Boolean(bool),
    Integer(i64),
    Real(f64),
    Text(String),
    Array(Vec<Node>),
    Table(Vec<Entry>),
}

/// A key with its value.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub key: String,
    pub key_place: Option<Place>,
    pub node: Node,
}

/// A line and a column, both counted from 1; the column in characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub line: usize,
    pub column: usize,
}

impl Node {
    /// What kind of value it is, for messages.
    pub fn kind(&self) -> &'static str {
        match self.value {
            NodeValue::Null => "null",
            NodeValue::Boolean(_) => "a boolean",
            NodeValue::Integer(_) => "an integer",
            NodeValue::Real(_) => "a number",
            NodeValue::Text(_) => "a text",
            NodeValue::Array(_) => "a list",
            NodeValue::Table(_) => "a table",
        }
    }

    /// The value as JSON.
    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Null => Value::Null,
            NodeValue::Boolean(value) => (*value).into(),
            NodeValue::Integer(value) => (*value).into(),
            NodeValue::Real(value) => (*value).into(),
            NodeValue::Text(value) => value.clone().into(),
            NodeValue::Array(items) => items.iter().map(Node::to_json).collect(),
            NodeValue::Table(entries) => Value::Object(
                entries.iter().map(|entry| (entry.key.clone(), entry.node.to_json())).collect(),
            ),
        }
    }
}

/// The members of a TOML text as JSON; times become texts.
///
/// # Errors
///
/// The first mistake of the syntax.
pub(crate) fn toml_to_json(text: &str) -> Result<Map<String, Value>, Problem> {
    let root = super::toml::read(text).map_err(|mut problems| problems.swap_remove(0))?;
    match root.to_json() {
        Value::Object(members) => Ok(members),
        _ => unreachable!("a TOML text is a table"),
    }
}

/// Takes a JSON value, which has no places.
pub(super) fn from_json(value: Value) -> Node {
    let value = match value {
        Value::Null => NodeValue::Null,
        Value::Bool(value) => NodeValue::Boolean(value),
        Value::Number(number) => match number.as_i64() {
            Some(value) => NodeValue::Integer(value),
            None => NodeValue::Real(number.as_f64().unwrap_or(f64::NAN)),
        },
        Value::String(text) => NodeValue::Text(text),
        Value::Array(items) => NodeValue::Array(items.into_iter().map(from_json).collect()),
        Value::Object(entries) => NodeValue::Table(
            entries
                .into_iter()
                .map(|(key, value)| Entry { key, key_place: None, node: from_json(value) })
                .collect(),
        ),
    };
    Node { value, place: None }
}

/// Reads JSON text.
pub(super) fn from_json_text(text: &str) -> Result<Node, Vec<Problem>> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let place = Place { line: error.line(), column: error.column() };
        vec![syntax(&error.to_string(), Some(place))]
    })?;
    let mut node = from_json(value);
    super::json_place::locate(text, &mut node);
    Ok(node)
}

/// A mistake of the syntax.
pub(super) fn syntax(message: &str, place: Option<Place>) -> Problem {
    Problem {
        path: String::new(),
        line: place.map(|place| place.line),
        column: place.map(|place| place.column),
        code: "syntax",
        message: message.to_owned(),
    }
}

/// Turns byte offsets into places.
pub(super) struct Lines<'t> {
    text: &'t str,
    starts: Vec<usize>,
    /// The offset that was last asked for, and how many characters stand before it in its line: the
    /// next one is mostly not far behind it, in a text that may be one long line.
    last: Cell<(usize, usize)>,
}

impl<'t> Lines<'t> {
    pub fn new(text: &'t str) -> Self {
        let newlines = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let starts = std::iter::once(0).chain(newlines.map(|(at, _)| at + 1)).collect();
        Lines { text, starts, last: Cell::new((0, 0)) }
    }

    pub fn place(&self, offset: usize) -> Place {
        let line = self.starts.partition_point(|start| *start <= offset);
        let start = self.starts[line - 1];
        let (known, counted) = match self.last.get() {
            last if (start..=offset).contains(&last.0) => last,
            _ => (start, 0),
        };
        let Some(between) = self.text.get(known..offset) else {
            // Within a character, or behind the end.
            return Place { line, column: 1 };
        };
        let before = counted + between.chars().count();
        self.last.set((offset, before));
        Place { line, column: before + 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_right_in_any_order() {
        let text = "aé\nb\u{1f600}c\n\nd";
        let lines = Lines::new(text);
        let counted = |offset: usize| {
            let before = &text[..offset];
            let line = before.matches('\n').count() + 1;
            let start = before.rfind('\n').map_or(0, |at| at + 1);
            Place { line, column: before[start..].chars().count() + 1 }
        };
        let offsets: Vec<usize> =
            (0..=text.len()).filter(|at| text.is_char_boundary(*at)).collect();
        for one in &offsets {
            for other in &offsets {
                assert_eq!(lines.place(*one), counted(*one), "{one}");
                assert_eq!(lines.place(*other), counted(*other), "{other} after {one}");
            }
        }
    }
}
