//! Reads TOML into a tree with places.
//!
//! Source: TOML 1.1.0, <https://toml.io/en/v1.1.0>. A reader of our own is a third as large as a
//! general one, and browsers download it. A test holds it against the `toml` crate.
//!
//! A line that can't be read is named and left out, so that all mistakes are found at once.

mod scalar;
mod scan;
mod table;
#[cfg(test)]
mod tests;
mod text;

use self::scan::{Fault, Scan};
use self::table::{Key, Table};
use super::node::{Lines, Node, NodeValue, Place, syntax};
use crate::error::Problem;

/// How deep lists and tables may lie in each other, and how many parts a key may have.
const DEPTH_MAX: usize = 80;

/// Reads a text; every mistake with its place.
pub(super) fn read(text: &str) -> Result<Node, Vec<Problem>> {
    let mut reader = Reader { scan: Scan::new(text), lines: Lines::new(text) };
    let mut root = Table::default();
    let mut problems = Vec::new();
    // The table that keys stand under; none below a heading with a mistake.
    let mut current = Some(Vec::new());
    while reader.scan.skip_blank_lines().unwrap_or(true) {
        if let Err(fault) = reader.statement(&mut root, &mut current) {
            problems.push(syntax(&fault.message, Some(reader.lines.place(fault.at))));
            reader.scan.at = fault.at;
            reader.skip_to_statement();
        }
    }
    match problems.is_empty() {
        true => Ok(root.into_node(Place { line: 1, column: 1 })),
        false => Err(problems),
    }
}

struct Reader<'t> {
    scan: Scan<'t>,
    lines: Lines<'t>,
}

impl Reader<'_> {
    /// Reads a heading, or a key with its value, to the end of its line.
    fn statement(&mut self, root: &mut Table, current: &mut Option<Vec<Key>>) -> Result<(), Fault> {
        if self.scan.peek() == Some(b'[') {
            *current = None;
            let (path, is_list) = self.heading()?;
            self.scan.end_of_line()?;
            root.open(&path, is_list)?;
            *current = Some(path);
            return Ok(());
        }
        let path = self.key_and_equals()?;
        let value = self.value(0)?;
        self.scan.end_of_line()?;
        match current {
            Some(current) => root.under(current).add(&path, value),
            None => Ok(()),
        }
    }

    /// `[a.b]`, or `[[a.b]]` for a further row of a list.
    fn heading(&mut self) -> Result<(Vec<Key>, bool), Fault> {
        self.scan.expect(b'[', "`[` expected")?;
        let is_list = self.scan.take(b'[');
        let path = self.path()?;
        self.scan.expect(b']', "`]` expected at the end of the heading")?;
        if is_list {
            self.scan.expect(b']', "`]]` expected at the end of the heading")?;
        }
        Ok((path, is_list))
    }

    /// `a.b =`
    fn key_and_equals(&mut self) -> Result<Vec<Key>, Fault> {
        let path = self.path()?;
        self.scan.expect(b'=', "`=` expected after the key")?;
        self.scan.skip_space();
        Ok(path)
    }

    /// `a."b".c` and the space around it.
    fn path(&mut self) -> Result<Vec<Key>, Fault> {
        let mut path = Vec::new();
        loop {
            self.scan.skip_space();
            let at = self.scan.at;
            let name = self.scan.key()?;
            path.push(Key { name, at, place: self.lines.place(at) });
            if path.len() > DEPTH_MAX {
                return Err(Fault::new(at, "the key has too many parts"));
            }
            self.scan.skip_space();
            if !self.scan.take(b'.') {
                return Ok(path);
            }
        }
    }

    fn value(&mut self, depth: usize) -> Result<Node, Fault> {
        let at = self.scan.at;
        if depth > DEPTH_MAX {
            return Err(Fault::new(at, "lists and tables lie too deep in each other"));
        }
        let place = Some(self.lines.place(at));
        let value = match self.scan.peek() {
            Some(b'[') => NodeValue::Array(self.list(depth)?),
            Some(b'{') => return Ok(self.inline_table(depth)?.into_node(self.lines.place(at))),
            Some(b'"' | b'\'') => NodeValue::Text(self.scan.text()?),
            _ => self.scan.scalar()?,
        };
        Ok(Node { value, place })
    }

    /// `[1, 2]`, over as many lines as it likes.
    fn list(&mut self, depth: usize) -> Result<Vec<Node>, Fault> {
        self.scan.at += 1;
        let mut items = Vec::new();
        loop {
            self.scan.skip_blank_lines()?;
            if self.scan.take(b']') {
                return Ok(items);
            }
            items.push(self.value(depth + 1)?);
            self.scan.skip_blank_lines()?;
            if !self.scan.take(b',') {
                self.scan.expect(b']', "`,` or `]` expected in the list")?;
                return Ok(items);
            }
        }
    }

    /// `{ a = 1, b.c = 2 }`, over as many lines as it likes.
    fn inline_table(&mut self, depth: usize) -> Result<Table, Fault> {
        self.scan.at += 1;
        let mut table = Table::default();
        loop {
            self.scan.skip_blank_lines()?;
            if self.scan.take(b'}') {
                return Ok(table);
            }
            let path = self.key_and_equals()?;
            let value = self.value(depth + 1)?;
            table.add(&path, value)?;
            self.scan.skip_blank_lines()?;
            if !self.scan.take(b',') {
                self.scan.expect(b'}', "`,` or `}` expected in the table")?;
                return Ok(table);
            }
        }
    }

    /// Moves to the next line that looks like a heading or a key, to go on after a mistake.
    fn skip_to_statement(&mut self) {
        while self.scan.skip_line() {
            let start = self.scan.at;
            let looks_like_one = match self.scan.peek() {
                Some(b'[') => self.heading().is_ok(),
                _ => self.key_and_equals().is_ok(),
            };
            self.scan.at = start;
            if looks_like_one {
                return;
            }
        }
    }
}
