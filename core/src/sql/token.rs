//! What are the tokens of a SQL text? SQLite's own lexical rules, for any text whatever.
//!
//! Comments and white space separate tokens and are dropped. A text that SQLite could not read
//! either ends in an error with its line; there are no panics and no guesses.

use std::fmt;

/// SQLite stops reading there, so that what follows would silently be left out.
const NUL: &str = "a NUL character";

/// What kind of token a piece of text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenKind {
    /// A keyword or an unquoted identifier.
    Word,
    /// An identifier in quotes: `"…"`, `` `…` `` or `[…]`.
    Quoted,
    /// A string: `'…'`.
    Text,
    /// A blob: `x'…'`.
    Blob,
    /// A number.
    Number,
    /// A bind parameter: `?`, `?1`, `:a`, `@a`, `$a`.
    Parameter,
    /// An operator, or a mark such as `(`, `,` or `;`.
    Operator,
}

/// A piece of a SQL text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token<'t> {
    /// What it is.
    pub kind: TokenKind,
    /// The text as it stands, quotes included.
    pub text: &'t str,
    /// Where it starts, in bytes.
    pub offset: usize,
    /// The line on which it starts, counted from 1.
    pub line: usize,
}

/// Why a text has no further tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenError {
    /// The line, counted from 1; where something never ends, the line where it starts.
    pub line: usize,
    /// What is wrong.
    pub message: String,
}

impl fmt::Display for TokenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.message)
    }
}

impl std::error::Error for TokenError {}

impl Token<'_> {
    /// Where the token ends, in bytes.
    pub fn end(&self) -> usize {
        self.offset + self.text.len()
    }

    /// Whether it is this operator or mark.
    pub fn is(&self, operator: &str) -> bool {
        self.kind == TokenKind::Operator && self.text == operator
    }

    /// Whether it is this keyword, in any case.
    pub fn is_word(&self, word: &str) -> bool {
        self.kind == TokenKind::Word && self.text.eq_ignore_ascii_case(word)
    }

    /// The name, without quotes, if the token can be one.
    pub fn name(&self) -> Option<String> {
        match self.kind {
            TokenKind::Word => Some(self.text.to_owned()),
            TokenKind::Quoted => Some(unquoted(self.text)),
            _ => None,
        }
    }

    /// The string's value, if the token is a string.
    pub fn string(&self) -> Option<String> {
        (self.kind == TokenKind::Text).then(|| unquoted(self.text))
    }
}

fn unquoted(text: &str) -> String {
    let inner = &text[1..text.len() - 1];
    match text.as_bytes()[0] {
        b'\'' => inner.replace("''", "'"),
        b'"' => inner.replace("\"\"", "\""),
        b'`' => inner.replace("``", "`"),
        _ => inner.to_owned(),
    }
}

/// The tokens of a text, one by one. Ends after the first error.
pub fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, offset: 0, line: 1, failed: false }
}

/// The tokens of a text.
#[derive(Debug, Clone)]
pub struct Tokens<'t> {
    text: &'t str,
    offset: usize,
    line: usize,
    failed: bool,
}

impl<'t> Iterator for Tokens<'t> {
    type Item = Result<Token<'t>, TokenError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed {
            return None;
        }
        let found = self.next_token().transpose();
        self.failed = matches!(found, Some(Err(_)));
        found
    }
}

impl<'t> Tokens<'t> {
    fn next_token(&mut self) -> Result<Option<Token<'t>>, TokenError> {
        self.skip_blanks()?;
        let rest = &self.text[self.offset..];
        let Some(&first) = rest.as_bytes().first() else { return Ok(None) };
        let (kind, length) = self.measure(first, rest)?;
        let text = &rest[..length];
        let token = Token { kind, text, offset: self.offset, line: self.line };
        if matches!(kind, TokenKind::Text | TokenKind::Quoted) {
            if text.as_bytes().contains(&0) {
                return Err(self.error(NUL));
            }
            self.line += newlines(text);
        }
        self.offset += length;
        Ok(Some(token))
    }

    fn error(&self, message: impl Into<String>) -> TokenError {
        TokenError { line: self.line, message: message.into() }
    }

    /// Steps over white space and comments.
    fn skip_blanks(&mut self) -> Result<(), TokenError> {
        loop {
            let rest = &self.text[self.offset..];
            let bytes = rest.as_bytes();
            let length = match bytes.first() {
                Some(byte) if is_blank(*byte) => bytes.iter().take_while(|b| is_blank(**b)).count(),
                Some(b'-') if bytes.get(1) == Some(&b'-') => {
                    rest.find('\n').map_or(rest.len(), |end| end + 1)
                }
                Some(b'/') if bytes.get(1) == Some(&b'*') => match rest[2..].find("*/") {
                    Some(end) => end + 4,
                    None => return Err(self.error("the comment that starts here never ends")),
                },
                Some(0xef) if rest.starts_with('\u{feff}') => 3,
                _ => return Ok(()),
            };
            self.line += newlines(&rest[..length]);
            self.offset += length;
        }
    }

    fn measure(&self, first: u8, rest: &str) -> Result<(TokenKind, usize), TokenError> {
        let bytes = rest.as_bytes();
        let second = bytes.get(1).copied().unwrap_or(0);
        match first {
            b'\'' => Ok((TokenKind::Text, self.quoted_length(rest, first, "string")?)),
            b'"' | b'`' => Ok((TokenKind::Quoted, self.quoted_length(rest, first, "name")?)),
            b'[' => match rest.find(']') {
                Some(end) => Ok((TokenKind::Quoted, end + 1)),
                None => Err(self.error("the name that starts here never ends")),
            },
            b'x' | b'X' if second == b'\'' => self.blob(rest),
            b'0'..=b'9' => self.number(rest),
            b'.' if second.is_ascii_digit() => self.number(rest),
            _ if is_word_byte(first) => Ok((TokenKind::Word, word_length(bytes))),
            b'?' => {
                let digits = bytes[1..].iter().take_while(|byte| byte.is_ascii_digit()).count();
                Ok((TokenKind::Parameter, digits + 1))
            }
            b':' | b'@' | b'$' if is_word_byte(second) => {
                Ok((TokenKind::Parameter, 1 + word_length(&bytes[1..])))
            }
            _ => match operator_length(bytes) {
                0 if first == 0 => Err(self.error(NUL)),
                0 => {
                    let found = rest.chars().next().unwrap_or_default();
                    Err(self.error(format!("unexpected character {found:?}")))
                }
                length => Ok((TokenKind::Operator, length)),
            },
        }
    }

    /// The length of a text in quotes, in which a doubled quote stands for itself.
    fn quoted_length(&self, rest: &str, quote: u8, what: &str) -> Result<usize, TokenError> {
        let bytes = rest.as_bytes();
        let mut at = 1;
        while let Some(found) = bytes[at..].iter().position(|&byte| byte == quote) {
            at += found + 1;
            if bytes.get(at) != Some(&quote) {
                return Ok(at);
            }
            at += 1;
        }
        Err(self.error(format!("the {what} that starts here never ends")))
    }

    fn blob(&self, rest: &str) -> Result<(TokenKind, usize), TokenError> {
        let length = 1 + self.quoted_length(&rest[1..], b'\'', "blob")?;
        let digits = &rest.as_bytes()[2..length - 1];
        if !digits.len().is_multiple_of(2) || !digits.iter().all(u8::is_ascii_hexdigit) {
            return Err(self.error("a blob is written as pairs of hexadecimal digits"));
        }
        Ok((TokenKind::Blob, length))
    }

    fn number(&self, rest: &str) -> Result<(TokenKind, usize), TokenError> {
        let bytes = rest.as_bytes();
        let digits = |from: usize| -> usize {
            let is_digit = |byte: &&u8| byte.is_ascii_digit() || **byte == b'_';
            from + bytes[from.min(bytes.len())..].iter().take_while(is_digit).count()
        };
        let is_hex = bytes[0] == b'0'
            && matches!(bytes.get(1), Some(b'x' | b'X'))
            && bytes.get(2).is_some_and(u8::is_ascii_hexdigit);
        let mut end = if is_hex {
            let is_digit = |byte: &&u8| byte.is_ascii_hexdigit() || **byte == b'_';
            2 + bytes[2..].iter().take_while(is_digit).count()
        } else {
            digits(0)
        };
        if !is_hex {
            if bytes.get(end) == Some(&b'.') {
                end = digits(end + 1);
            }
            if matches!(bytes.get(end), Some(b'e' | b'E')) {
                let signed = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
                if bytes.get(end + 1 + signed).is_some_and(u8::is_ascii_digit) {
                    end = digits(end + 1 + signed);
                }
            }
        }
        match bytes.get(end) {
            Some(&byte) if is_word_byte(byte) => Err(self.error(format!(
                "unexpected `{}`: a number ends before a letter",
                &rest[..end + word_length(&bytes[end..])]
            ))),
            _ => Ok((TokenKind::Number, end)),
        }
    }
}

fn newlines(text: &str) -> usize {
    text.bytes().filter(|&byte| byte == b'\n').count()
}

/// Letters, digits, `_`, `$` and everything beyond ASCII make words.
fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte >= 0x80
}

fn word_length(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|&&byte| is_word_byte(byte) || byte == b'$').count()
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0c)
}

fn operator_length(bytes: &[u8]) -> usize {
    match *bytes {
        [b'-', b'>', b'>', ..] => 3,
        [b'-', b'>', ..] | [b'|', b'|', ..] | [b'=' | b'!', b'=', ..] => 2,
        [b'<', b'>' | b'=' | b'<', ..] | [b'>', b'=' | b'>', ..] => 2,
        [first, ..] if b"(),;.+-*/%&|~=<>".contains(&first) => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<(TokenKind, &str)> {
        tokens(text).map(|token| token.map(|t| (t.kind, t.text)).expect("reads")).collect()
    }

    #[test]
    fn tokens_of_each_kind() {
        use TokenKind::*;
        let text = "a1$ \"b\"\"c\" `d` [e f] 'g''h' X'0aFF' 1 1.5e-3 .5 0x1F 1_000 ?1 ? :n @n $n \
                    ->> -> || == = <> != <= << a.b/c -- comment ;\n/* ' */ é";
        let found = kinds(text);
        let expected = [
            (Word, "a1$"),
            (Quoted, "\"b\"\"c\""),
            (Quoted, "`d`"),
            (Quoted, "[e f]"),
            (Text, "'g''h'"),
            (Blob, "X'0aFF'"),
            (Number, "1"),
            (Number, "1.5e-3"),
            (Number, ".5"),
            (Number, "0x1F"),
            (Number, "1_000"),
            (Parameter, "?1"),
            (Parameter, "?"),
            (Parameter, ":n"),
            (Parameter, "@n"),
            (Parameter, "$n"),
            (Operator, "->>"),
            (Operator, "->"),
            (Operator, "||"),
            (Operator, "=="),
            (Operator, "="),
            (Operator, "<>"),
            (Operator, "!="),
            (Operator, "<="),
            (Operator, "<<"),
            (Word, "a"),
            (Operator, "."),
            (Word, "b"),
            (Operator, "/"),
            (Word, "c"),
            (Word, "é"),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn names_lose_their_quotes() {
        for (text, name) in [("\"a\"\"b\"", "a\"b"), ("`a``b`", "a`b"), ("[a b]", "a b")] {
            let token = tokens(text).next().expect("one").expect("reads");
            assert_eq!(token.name().as_deref(), Some(name));
        }
    }

    #[test]
    fn mistakes_name_their_line() {
        for (text, line) in [
            ("SELECT\n'abc\n", 2),
            ("\n\n\"abc", 3),
            ("[abc", 1),
            ("/* abc\n", 1),
            ("'a\nb'\nx'0'", 3),
            ("1abc", 1),
            ("a\0b", 1),
            ("a ^ b", 1),
            (": a", 1),
        ] {
            let error = tokens(text).find_map(Result::err).expect("is broken");
            assert_eq!(error.line, line, "{text:?}: {error}");
        }
    }
}
