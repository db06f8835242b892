//! The position in a TOML text, and what stands between its values.

/// A mistake and where it is, in bytes from the start.
#[derive(Debug)]
pub(super) struct Fault {
    pub at: usize,
    pub message: String,
}

impl Fault {
    pub fn new(at: usize, message: &str) -> Self {
        Fault { at, message: message.to_owned() }
    }
}

/// How far a text is read, in bytes: after a mistake that may be inside of a character.
pub(super) struct Scan<'t> {
    pub text: &'t str,
    pub at: usize,
}

impl<'t> Scan<'t> {
    pub fn new(text: &'t str) -> Self {
        let byte_order_mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
        Scan { text, at: byte_order_mark }
    }

    /// The bytes from here on.
    pub fn rest(&self) -> &'t [u8] {
        self.text.as_bytes().get(self.at..).unwrap_or_default()
    }

    /// The byte here; none at the end.
    pub fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    /// Moves past this ASCII character, if it stands here.
    pub fn take(&mut self, byte: u8) -> bool {
        let is_here = self.peek() == Some(byte);
        self.at += usize::from(is_here);
        is_here
    }

    pub fn expect(&mut self, byte: u8, message: &str) -> Result<(), Fault> {
        match self.take(byte) {
            true => Ok(()),
            false => Err(self.fault(message)),
        }
    }

    /// A mistake that is here.
    pub fn fault(&self, message: &str) -> Fault {
        Fault::new(self.at, message)
    }

    pub fn skip_space(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t')) {
            self.at += 1;
        }
    }

    /// Moves past space, comments and ends of lines. False at the end of the text.
    pub fn skip_blank_lines(&mut self) -> Result<bool, Fault> {
        loop {
            self.skip_space();
            self.skip_comment()?;
            if !self.take_newline() {
                return Ok(self.peek().is_some());
            }
        }
    }

    /// Moves past the rest of a line that has nothing more to say.
    pub fn end_of_line(&mut self) -> Result<(), Fault> {
        self.skip_space();
        self.skip_comment()?;
        match self.take_newline() || self.peek().is_none() {
            true => Ok(()),
            false => Err(self.fault("the line should end here")),
        }
    }

    /// Moves to the first character of the next line that is no space. False at the end.
    pub fn skip_line(&mut self) -> bool {
        let end = self.rest().iter().position(|byte| *byte == b'\n');
        self.at = end.map_or(self.text.len(), |end| self.at + end + 1);
        self.skip_space();
        end.is_some()
    }

    pub fn take_newline(&mut self) -> bool {
        let length = match self.rest() {
            [b'\n', ..] => 1,
            [b'\r', b'\n', ..] => 2,
            _ => 0,
        };
        self.at += length;
        length > 0
    }

    /// A key without dots: bare, or in quotes.
    pub fn key(&mut self) -> Result<String, Fault> {
        if matches!(self.peek(), Some(b'"' | b'\'')) {
            return self.line_text();
        }
        let name = self.take_while(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
        match name.is_empty() {
            false => Ok(name.to_owned()),
            true => Err(self.fault("a key expected: letters, digits, _ and -, others in quotes")),
        }
    }

    /// Moves past such ASCII characters.
    pub fn take_while(&mut self, is_part: fn(u8) -> bool) -> &'t str {
        let start = self.at;
        while self.peek().is_some_and(is_part) {
            self.at += 1;
        }
        self.text.get(start..self.at).unwrap_or_default()
    }

    fn skip_comment(&mut self) -> Result<(), Fault> {
        if self.peek() != Some(b'#') {
            return Ok(());
        }
        while self.peek().is_some_and(|byte| byte != b'\n' && !self.rest().starts_with(b"\r\n")) {
            self.check_control_character()?;
            self.at += 1;
        }
        Ok(())
    }

    /// Refuses an invisible character other than the tab.
    pub fn check_control_character(&self) -> Result<(), Fault> {
        match self.peek() {
            Some(0..=8 | 10..=31 | 127) => Err(self.fault("an invisible character stands here")),
            _ => Ok(()),
        }
    }
}
