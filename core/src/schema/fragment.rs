//! A piece of SQL within a schema: an expression, or a whole statement.
//!
//! It keeps the text as it was written, since that is what people read and what a rebuild writes
//! again, but two fragments are equal when their tokens are: white space, comments, the case of
//! keywords and names, and how names are quoted make no difference.

use std::borrow::Cow;
use std::fmt;

use serde::{Serialize, Serializer};

use crate::sql::{Token, TokenKind, quote, tokens};

/// A piece of SQL, compared by its tokens.
#[derive(Clone, Eq)]
pub struct Fragment(String);

impl Fragment {
    /// A fragment of this text. Parentheses around the whole are dropped.
    pub fn new(text: impl Into<String>) -> Fragment {
        let mut text = text.into();
        while let Some(inner) = inside_parentheses(&text) {
            text = inner.to_owned();
        }
        Fragment(text)
    }

    /// The text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// The text in the one form that all equal fragments share.
    pub fn canonical(&self) -> String {
        let mut text = String::with_capacity(self.0.len());
        for token in tokens(&self.0).flatten() {
            if !text.is_empty() {
                text.push(' ');
            }
            match canonical_name(&token) {
                Some(name) => text.push_str(&quote::name(&name.to_ascii_lowercase())),
                None => text.push_str(&canonical_text(&token)),
            }
        }
        text
    }

    /// Whether the name occurs in it, in any case.
    pub fn mentions(&self, name: &str) -> bool {
        tokens(&self.0).flatten().any(|token| is_name(&token, name))
    }

    /// The fragment with a name replaced wherever it names a column: not before `(`, where it
    /// names a function, and not after COLLATE.
    pub fn with_column_renamed(&self, from: &str, to: &str) -> Fragment {
        let all: Vec<Token<'_>> = tokens(&self.0).flatten().collect();
        let is_column = |at: usize| {
            is_name(&all[at], from)
                && !all.get(at + 1).is_some_and(|next| next.is("(") || next.is("."))
                && !(at > 0 && all[at - 1].is_word("COLLATE"))
        };
        self.replaced(&all, is_column, to)
    }

    /// The fragment with a name replaced wherever it qualifies a column: `name.column`.
    pub fn with_table_renamed(&self, from: &str, to: &str) -> Fragment {
        let all: Vec<Token<'_>> = tokens(&self.0).flatten().collect();
        let is_table =
            |at: usize| is_name(&all[at], from) && all.get(at + 1).is_some_and(|next| next.is("."));
        self.replaced(&all, is_table, to)
    }

    fn replaced(&self, all: &[Token<'_>], chosen: impl Fn(usize) -> bool, to: &str) -> Fragment {
        let mut text = String::with_capacity(self.0.len());
        let mut end = 0;
        for (_, token) in all.iter().enumerate().filter(|(at, _)| chosen(*at)) {
            text.push_str(&self.0[end..token.offset]);
            text.push_str(&quote::name(to));
            end = token.end();
        }
        text.push_str(&self.0[end..]);
        Fragment(text)
    }
}

fn is_name(token: &Token<'_>, name: &str) -> bool {
    match token.kind {
        TokenKind::Word => token.text.eq_ignore_ascii_case(name),
        TokenKind::Quoted => token.name().is_some_and(|found| found.eq_ignore_ascii_case(name)),
        _ => false,
    }
}

/// The name that a token stands for; a keyword that only quotes make a name is none.
fn canonical_name(token: &Token<'_>) -> Option<String> {
    match token.kind {
        TokenKind::Word if quote::is_reserved(token.text) => None,
        _ => token.name(),
    }
}

/// A token that is no name, in the one spelling that all of its spellings share.
fn canonical_text<'t>(token: &Token<'t>) -> Cow<'t, str> {
    match (token.kind, token.text) {
        (TokenKind::Operator, "==") => "=".into(),
        (TokenKind::Operator, "!=") => "<>".into(),
        (TokenKind::Word | TokenKind::Number | TokenKind::Blob, text) => {
            text.to_ascii_uppercase().into()
        }
        (_, text) => text.into(),
    }
}

fn same(one: &Token<'_>, other: &Token<'_>) -> bool {
    use TokenKind::{Blob, Number, Quoted, Word};
    match (one.kind, other.kind) {
        (Word, Word) | (Number, Number) | (Blob, Blob) => one.text.eq_ignore_ascii_case(other.text),
        (Word | Quoted, Word | Quoted) => match (canonical_name(one), canonical_name(other)) {
            (Some(one), Some(other)) => one.eq_ignore_ascii_case(&other),
            _ => false,
        },
        (one_kind, other_kind) => {
            one_kind == other_kind && canonical_text(one) == canonical_text(other)
        }
    }
}

/// What stands within the parentheses, if one pair is around the whole text.
fn inside_parentheses(text: &str) -> Option<&str> {
    let text = text.trim();
    if !text.starts_with('(') {
        return None;
    }
    let mut depth = 0_usize;
    let mut all = tokens(text);
    while let Some(token) = all.next() {
        let token = token.ok()?;
        if token.is("(") {
            depth += 1;
        } else if token.is(")") {
            depth = depth.checked_sub(1)?;
            if depth == 0 {
                let inner = &text[1..token.offset];
                return all.next().is_none().then(|| inner.trim());
            }
        }
    }
    None
}

impl PartialEq for Fragment {
    fn eq(&self, other: &Self) -> bool {
        if self.0 == other.0 {
            return true;
        }
        let (mut one, mut other) = (tokens(&self.0), tokens(&other.0));
        loop {
            match (one.next(), other.next()) {
                (None, None) => return true,
                (Some(Ok(one)), Some(Ok(other))) if same(&one, &other) => {}
                _ => return false,
            }
        }
    }
}

impl fmt::Debug for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}`", self.0)
    }
}

impl fmt::Display for Fragment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Serialize for Fragment {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spelling_makes_no_difference_and_meaning_does() {
        let one = Fragment::new("a IN ('x', 'Y') AND \"b\" <> 1.5E3");
        for (text, equal) in [
            ("( A in('x','Y') /* c */ and [b]\n!= 1.5e3 )", true),
            ("`a` IN ('x', 'Y') AND B <> 1.5e3", true),
            ("a IN ('x', 'y') AND b <> 1.5e3", false),
            ("a IN ('x', 'Y') AND b <> 1.5e4", false),
            ("\"in\" IN ('x', 'Y') AND b <> 1.5e3", false),
            ("a IN ('x', 'Y') AND b <> 1.5e3 AND 1", false),
        ] {
            let other = Fragment::new(text);
            assert_eq!(one == other, equal, "{text}");
            assert_eq!(one.canonical() == other.canonical(), equal, "{text}");
        }
        assert_ne!(Fragment::new("\"order\" > 1"), Fragment::new("order > 1"));
        assert_eq!(Fragment::new("(a) + (b)").text(), "(a) + (b)");
        assert_eq!(Fragment::new("((a + b))").text(), "a + b");
    }

    #[test]
    fn columns_and_tables_are_renamed_where_they_are_named() {
        let fragment =
            Fragment::new("length(length) > 1 AND t.\"length\" = 'length' COLLATE length");
        assert_eq!(
            fragment.with_column_renamed("length", "order").text(),
            "length(\"order\") > 1 AND t.\"order\" = 'length' COLLATE length"
        );
        let fragment = Fragment::new("t.t = t");
        assert_eq!(fragment.with_table_renamed("t", "u").text(), "u.t = t");
    }
}
