//! A cursor over the tokens of one statement, for the parsers beside it.

use super::fragment::Fragment;
use crate::sql::{Token, TokenKind, quote, tokens};

/// A position in the tokens of a text. Every step either succeeds or returns None, upon which the
/// statement counts as one that can't be read.
pub(super) struct Cursor<'t> {
    text: &'t str,
    tokens: Vec<Token<'t>>,
    at: usize,
}

impl<'t> Cursor<'t> {
    pub(super) fn new(text: &'t str) -> Option<Cursor<'t>> {
        let mut found = Vec::with_capacity(text.len() / 4);
        for token in tokens(text) {
            found.push(token.ok()?);
        }
        Some(Cursor { text, tokens: found, at: 0 })
    }

    pub(super) fn peek(&self) -> Option<&Token<'t>> {
        self.tokens.get(self.at)
    }

    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.tokens.len()
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.peek().is_some_and(|token| token.is_word(word))
    }

    pub(super) fn is_any_word(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is_word(word))
    }

    /// Whether these keywords come next.
    pub(super) fn is_words(&self, words: &[&str]) -> bool {
        let rest = &self.tokens[self.at.min(self.tokens.len())..];
        rest.len() >= words.len() && words.iter().zip(rest).all(|(word, token)| token.is_word(word))
    }

    pub(super) fn is_mark(&self, mark: &str) -> bool {
        self.peek().is_some_and(|token| token.is(mark))
    }

    /// Steps over these keywords if they come next.
    pub(super) fn take_words(&mut self, words: &[&str]) -> bool {
        let found = self.is_words(words);
        self.at += if found { words.len() } else { 0 };
        found
    }

    pub(super) fn take_word(&mut self, word: &str) -> bool {
        self.take_words(&[word])
    }

    pub(super) fn take_mark(&mut self, mark: &str) -> bool {
        let found = self.is_mark(mark);
        self.at += usize::from(found);
        found
    }

    pub(super) fn expect_word(&mut self, word: &str) -> Option<()> {
        self.take_word(word).then_some(())
    }

    pub(super) fn expect_mark(&mut self, mark: &str) -> Option<()> {
        self.take_mark(mark).then_some(())
    }

    /// A name. SQLite takes a string for one too.
    pub(super) fn name(&mut self) -> Option<String> {
        let token = self.peek()?;
        let name = token.name().or_else(|| token.string())?;
        self.at += 1;
        Some(name)
    }

    /// A name behind an optional schema's name: `main.t` is `t`.
    pub(super) fn qualified_name(&mut self) -> Option<String> {
        let name = self.name()?;
        if self.take_mark(".") { self.name() } else { Some(name) }
    }

    /// What stands between parentheses, which come next.
    pub(super) fn parenthesised(&mut self) -> Option<Fragment> {
        let start = self.at;
        self.skip_parentheses()?;
        let text = self.text.get(self.tokens[start].end()..self.tokens[self.at - 1].offset)?;
        Some(Fragment::new(text.trim()))
    }

    pub(super) fn skip_parentheses(&mut self) -> Option<()> {
        self.is_mark("(").then_some(())?;
        let mut depth = 0_usize;
        while let Some(token) = self.peek() {
            if token.is("(") {
                depth += 1;
            } else if token.is(")") {
                depth -= 1;
            }
            self.at += 1;
            if depth == 0 {
                return Some(());
            }
        }
        None
    }

    /// The text from here to where `ends` says so, outside all parentheses.
    pub(super) fn until(&mut self, ends: impl Fn(&Cursor<'t>) -> bool) -> Option<&'t str> {
        let start = self.at;
        while !self.is_at_end() && !ends(self) {
            if self.is_mark("(") {
                self.skip_parentheses()?;
            } else if self.is_mark(")") {
                break;
            } else {
                self.at += 1;
            }
        }
        if self.at == start {
            return Some("");
        }
        self.text.get(self.tokens[start].offset..self.tokens[self.at - 1].end())
    }

    /// A literal with its sign, or an expression in parentheses.
    pub(super) fn default_value(&mut self) -> Option<Fragment> {
        if self.is_mark("(") {
            return self.parenthesised();
        }
        let start = self.at;
        if self.is_mark("+") || self.is_mark("-") {
            self.at += 1;
        }
        let token = *self.peek()?;
        self.at += 1;
        if token.kind == TokenKind::Quoted {
            // SQLite takes a name in quotes for a string here.
            return token.name().map(|name| Fragment::new(quote::text(&name)));
        }
        let text = self.text.get(self.tokens[start].offset..token.end())?;
        Some(Fragment::new(text))
    }
}
