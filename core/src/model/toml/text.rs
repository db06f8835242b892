//! Texts in quotes: with escapes in double ones, as they stand in single ones; three quotes for
//! several lines.

use super::scan::{Fault, Scan};

const UNCLOSED: &str = "the text has no closing quote";

impl Scan<'_> {
    /// A text in quotes of any kind.
    pub fn text(&mut self) -> Result<String, Fault> {
        for quotes in ["\"\"\"", "'''"] {
            if self.rest().starts_with(quotes.as_bytes()) {
                return self.long_text(quotes);
            }
        }
        self.line_text()
    }

    /// A text in single or double quotes, on one line.
    pub fn line_text(&mut self) -> Result<String, Fault> {
        let start = self.at;
        let quote = self.peek().unwrap_or(b'"');
        self.at += 1;
        let mut text = String::new();
        while !self.take(quote) {
            match self.peek() {
                None | Some(b'\n' | b'\r') => return Err(Fault::new(start, UNCLOSED)),
                Some(b'\\') if quote == b'"' => text.push(self.escape()?),
                _ => self.push_character(&mut text)?,
            }
        }
        Ok(text)
    }

    /// A text in three quotes, over several lines.
    fn long_text(&mut self, quotes: &str) -> Result<String, Fault> {
        let start = self.at;
        self.at += quotes.len();
        self.take_newline();
        let mut text = String::new();
        while !self.rest().starts_with(quotes.as_bytes()) {
            if self.peek().is_none() {
                return Err(Fault::new(start, UNCLOSED));
            }
            if self.take_newline() {
                text.push('\n');
            } else if self.peek() == Some(b'\\') && quotes.starts_with('"') {
                if !self.skip_escaped_newline() {
                    text.push(self.escape()?);
                }
            } else {
                self.push_character(&mut text)?;
            }
        }
        self.at += quotes.len();
        // Up to two quotes right before the closing ones belong to the text.
        for _ in 0..2 {
            if self.take(quotes.as_bytes()[0]) {
                text.push(char::from(quotes.as_bytes()[0]));
            }
        }
        Ok(text)
    }

    fn push_character(&mut self, text: &mut String) -> Result<(), Fault> {
        self.check_control_character()?;
        let rest = self.text.get(self.at..).unwrap_or_default();
        let character = rest.chars().next().ok_or_else(|| self.fault(UNCLOSED))?;
        text.push(character);
        self.at += character.len_utf8();
        Ok(())
    }

    /// A backslash at the end of a line takes the white space up to the next word with it.
    fn skip_escaped_newline(&mut self) -> bool {
        let backslash = self.at;
        self.at += 1;
        self.skip_space();
        if !self.take_newline() {
            self.at = backslash;
            return false;
        }
        loop {
            self.skip_space();
            if !self.take_newline() {
                return true;
            }
        }
    }

    fn escape(&mut self) -> Result<char, Fault> {
        let start = self.at;
        let letter = self.rest().get(1).copied().unwrap_or(0);
        self.at += 2;
        let digits = match letter {
            b'x' => 2,
            b'u' => 4,
            b'U' => 8,
            b'"' | b'\\' => return Ok(char::from(letter)),
            _ => {
                let letters = b"btnfre".iter().zip("\u{8}\t\n\u{c}\r\u{1b}".chars());
                let known = letters.into_iter().find(|(known, _)| **known == letter);
                let unknown = "there is no such escape; a backslash is written \\\\";
                return known.map(|(_, c)| c).ok_or_else(|| Fault::new(start, unknown));
            }
        };
        let hex = self.text.get(self.at..self.at + digits);
        let hex = hex.filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let character = hex.and_then(|hex| char::from_u32(u32::from_str_radix(hex, 16).ok()?));
        self.at += digits;
        character.ok_or_else(|| Fault::new(start, "the escape names no character"))
    }
}
