//! Where the values of a JSON text stand: fills in the places of a tree that was read from it.
//!
//! The text is known to be valid JSON, so the walk only has to follow it.

use super::node::{Lines, Node, NodeValue, Place};

/// Fills in the places of a tree that was parsed from this text.
pub(super) fn locate(text: &str, root: &mut Node) {
    let mut walk = Walk { bytes: text.as_bytes(), at: 0, lines: Lines::new(text) };
    walk.value(root);
}

struct Walk<'t> {
    bytes: &'t [u8],
    at: usize,
    lines: Lines<'t>,
}

impl Walk<'_> {
    fn value(&mut self, node: &mut Node) {
        self.skip_space();
        node.place = Some(self.here());
        match &mut node.value {
            NodeValue::Array(items) => {
                self.at += 1;
                for item in items {
                    self.value(item);
                    self.skip_to_after(b",]");
                }
            }
            NodeValue::Table(entries) => {
                self.at += 1;
                // A key that stands twice keeps its first place in the tree and its last value.
                for entry in entries {
                    self.skip_space();
                    entry.key_place = Some(self.here());
                    self.skip_scalar();
                    self.skip_to_after(b":");
                    self.value(&mut entry.node);
                    self.skip_to_after(b",}");
                }
            }
            _ => self.skip_scalar(),
        }
        self.skip_empty_end();
    }

    fn here(&self) -> Place {
        self.lines.place(self.at)
    }

    fn skip_space(&mut self) {
        while self.bytes.get(self.at).is_some_and(u8::is_ascii_whitespace) {
            self.at += 1;
        }
    }

    fn skip_scalar(&mut self) {
        if self.bytes.get(self.at) != Some(&b'"') {
            while self.bytes.get(self.at).is_some_and(|byte| !b",]}: \n\r\t".contains(byte)) {
                self.at += 1;
            }
            return;
        }
        self.at += 1;
        while let Some(byte) = self.bytes.get(self.at) {
            self.at += match byte {
                b'\\' => 2,
                _ => 1,
            };
            if *byte == b'"' {
                return;
            }
        }
    }

    /// Moves past the next of these bytes; the last closing one is left for the caller's caller.
    fn skip_to_after(&mut self, ends: &[u8]) {
        self.skip_space();
        if self.bytes.get(self.at).is_some_and(|byte| ends.contains(byte)) {
            self.at += 1;
        }
    }

    fn skip_empty_end(&mut self) {
        // An empty list or table has its closing bracket right behind the opening one.
        let opened = self.at > 0 && matches!(self.bytes[self.at - 1], b'[' | b'{');
        if opened {
            self.skip_to_after(b"]}");
        }
    }
}
