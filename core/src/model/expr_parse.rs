//! Reads the small language of checks, predicates and policies into its tree.
//!
//! The grammar, loosest first: OR, AND, NOT, then comparisons, `IS [NOT] NULL` and `[NOT] IN`,
//! then columns, values, functions and parentheses. Keywords in any case.

use super::expr::{Comparison, Expr, Select};
use super::real;

/// How deep parentheses and NOT may nest.
const DEPTH_MAX: usize = 64;

/// A mistake in an expression.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExprError {
    /// The byte offset in the text.
    pub offset: usize,
    /// What is wrong.
    pub message: String,
}

/// Reads an expression.
///
/// # Errors
///
/// The first mistake, with its offset.
pub fn parse(text: &str) -> Result<Expr, ExprError> {
    let mut parser = Parser { tokens: lex(text)?, at: 0, depth: 0 };
    let expr = parser.or()?;
    match parser.peek() {
        Token::End => Ok(expr),
        token => Err(parser.error(format!("{} is not expected here", token.name()))),
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Integer(i64),
    Real(f64),
    Symbol(&'static str),
    End,
}

impl Token {
    fn name(&self) -> String {
        match self {
            Token::Word(word) => format!("`{word}`"),
            Token::Text(text) => format!("'{text}'"),
            Token::Integer(number) => number.to_string(),
            Token::Real(number) => serde_json::Value::from(*number).to_string(),
            Token::Symbol(symbol) => format!("`{symbol}`"),
            Token::End => "the end".to_owned(),
        }
    }
}

const SYMBOLS: [&str; 12] = ["<>", "!=", "<=", ">=", "==", "=", "<", ">", "(", ")", ",", "-"];

fn lex(text: &str) -> Result<Vec<(usize, Token)>, ExprError> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(next) = text[at..].chars().next() {
        let start = at;
        let rest = &text[at..];
        let token = match next {
            _ if next.is_whitespace() => {
                at += next.len_utf8();
                continue;
            }
            '\'' => {
                let (value, length) = lex_text(rest, start)?;
                at += length;
                Token::Text(value)
            }
            '0'..='9' => {
                let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.');
                let digits = &rest[..length.unwrap_or(rest.len())];
                at += digits.len();
                lex_number(digits, start)?
            }
            'a'..='z' | 'A'..='Z' | '_' => {
                let length = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_');
                let word = &rest[..length.unwrap_or(rest.len())];
                at += word.len();
                Token::Word(word.to_owned())
            }
            _ => {
                let symbol = SYMBOLS.iter().find(|symbol| rest.starts_with(**symbol));
                let Some(symbol) = symbol else {
                    let message = format!("`{next}` is not part of the language");
                    return Err(ExprError { offset: start, message });
                };
                at += symbol.len();
                Token::Symbol(symbol)
            }
        };
        tokens.push((start, token));
    }
    tokens.push((text.len(), Token::End));
    Ok(tokens)
}

fn lex_text(rest: &str, offset: usize) -> Result<(String, usize), ExprError> {
    let mut value = String::new();
    let mut chars = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        match c {
            '\'' if chars.peek().is_some_and(|(_, next)| *next == '\'') => {
                chars.next();
                value.push('\'');
            }
            '\'' => return Ok((value, at + 1)),
            _ => value.push(c),
        }
    }
    Err(ExprError { offset, message: "the text has no closing '".to_owned() })
}

fn lex_number(digits: &str, offset: usize) -> Result<Token, ExprError> {
    let number = match digits.contains('.') {
        true => real(digits).map(Token::Real),
        false => digits.parse().ok().map(Token::Integer),
    };
    number.ok_or_else(|| ExprError { offset, message: format!("{digits} is no number") })
}

struct Parser {
    tokens: Vec<(usize, Token)>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> &Token {
        &self.tokens[self.at].1
    }

    fn next(&mut self) -> Token {
        // Nobody looks back, and the last one is the end in any case.
        let token = std::mem::replace(&mut self.tokens[self.at].1, Token::End);
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        token
    }

    fn error(&self, message: impl Into<String>) -> ExprError {
        ExprError { offset: self.tokens[self.at].0, message: message.into() }
    }

    fn word(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek(), Token::Word(word) if word.eq_ignore_ascii_case(keyword));
        if found {
            self.next();
        }
        found
    }

    fn symbol(&mut self, symbol: &str) -> bool {
        let found = matches!(self.peek(), Token::Symbol(found) if *found == symbol);
        if found {
            self.next();
        }
        found
    }

    fn expect(&mut self, symbol: &str) -> Result<(), ExprError> {
        match self.symbol(symbol) {
            true => Ok(()),
            false => Err(self.error(format!("`{symbol}` expected, not {}", self.peek().name()))),
        }
    }

    fn identifier(&mut self, what: &str) -> Result<String, ExprError> {
        match self.peek().clone() {
            Token::Word(word) if !is_keyword(&word) => {
                self.next();
                Ok(word)
            }
            token => Err(self.error(format!("{what} expected, not {}", token.name()))),
        }
    }

    fn or(&mut self) -> Result<Expr, ExprError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.error("the expression is nested too deeply"));
        }
        let mut terms = vec![self.and()?];
        while self.word("OR") {
            terms.push(self.and()?);
        }
        self.depth -= 1;
        Ok(single(terms, Expr::Or))
    }

    fn and(&mut self) -> Result<Expr, ExprError> {
        let mut terms = vec![self.not()?];
        while self.word("AND") {
            terms.push(self.not()?);
        }
        Ok(single(terms, Expr::And))
    }

    fn not(&mut self) -> Result<Expr, ExprError> {
        let mut negations = 0;
        while self.word("NOT") {
            negations += 1;
        }
        let expr = self.comparison()?;
        Ok(if negations % 2 == 1 { Expr::Not(Box::new(expr)) } else { expr })
    }

    fn comparison(&mut self) -> Result<Expr, ExprError> {
        let left = self.operand()?;
        if self.word("IS") {
            let negated = self.word("NOT");
            return match self.word("NULL") {
                true => Ok(Expr::IsNull(Box::new(left), negated)),
                false => Err(self.error("NULL expected after IS")),
            };
        }
        let negated = self.word("NOT");
        if self.word("IN") {
            let found = self.in_(left)?;
            return Ok(if negated { Expr::Not(Box::new(found)) } else { found });
        }
        if negated {
            return Err(self.error("IN expected after NOT"));
        }
        let Token::Symbol(symbol) = self.peek() else { return Ok(left) };
        let comparison = match *symbol {
            "=" | "==" => Comparison::Equal,
            "<>" | "!=" => Comparison::NotEqual,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return Ok(left),
        };
        self.next();
        let right = self.operand()?;
        Ok(Expr::Compare(comparison, Box::new(left), Box::new(right)))
    }

    fn in_(&mut self, left: Expr) -> Result<Expr, ExprError> {
        self.expect("(")?;
        if !self.word("SELECT") {
            let items = self.list()?;
            return Ok(Expr::InList(Box::new(left), items));
        }
        let column = self.identifier("a column")?;
        if !self.word("FROM") {
            return Err(self.error("FROM expected: one column is selected"));
        }
        let table = self.identifier("a table")?;
        let condition = if self.word("WHERE") { Some(self.or()?) } else { None };
        self.expect(")")?;
        Ok(Expr::InSelect(Box::new(left), Box::new(Select { column, table, condition })))
    }

    /// The rest of a list up to the closing parenthesis; never empty.
    fn list(&mut self) -> Result<Vec<Expr>, ExprError> {
        let mut items = vec![self.operand()?];
        while self.symbol(",") {
            items.push(self.operand()?);
        }
        self.expect(")")?;
        Ok(items)
    }

    fn operand(&mut self) -> Result<Expr, ExprError> {
        if self.symbol("(") {
            let expr = self.or()?;
            self.expect(")")?;
            return Ok(expr);
        }
        if self.symbol("-") {
            return match self.next() {
                Token::Integer(number) => Ok(Expr::Integer(-number)),
                Token::Real(number) => Ok(Expr::Real(-number)),
                _ => Err(self.error("a number expected after `-`")),
            };
        }
        match self.peek().clone() {
            Token::Text(text) => {
                self.next();
                Ok(Expr::Text(text))
            }
            Token::Integer(number) => {
                self.next();
                Ok(Expr::Integer(number))
            }
            Token::Real(number) => {
                self.next();
                Ok(Expr::Real(number))
            }
            _ => self.name(),
        }
    }

    fn name(&mut self) -> Result<Expr, ExprError> {
        for (keyword, value) in
            [("TRUE", Expr::Boolean(true)), ("FALSE", Expr::Boolean(false)), ("NULL", Expr::Null)]
        {
            if self.word(keyword) {
                return Ok(value);
            }
        }
        let name = self.identifier("a column or a value")?;
        if !self.symbol("(") {
            return Ok(Expr::Column(name));
        }
        let arguments = if self.symbol(")") { Vec::new() } else { self.list()? };
        self.call(name, arguments)
    }

    fn call(&self, name: String, mut arguments: Vec<Expr>) -> Result<Expr, ExprError> {
        let lower = name.to_ascii_lowercase();
        let count = arguments.len();
        let expr = match (lower.as_str(), count) {
            ("auth_user", 0) => Expr::AuthUser,
            ("auth_tenant", 0) => Expr::AuthTenant,
            ("auth_role", 0) => Expr::AuthRole,
            ("auth_key", 0) => Expr::AuthKey,
            ("lower", 1) => Expr::Lower(Box::new(arguments.remove(0))),
            ("coalesce", 2..) => Expr::Coalesce(arguments),
            ("has_permission", 1) => match arguments.remove(0) {
                Expr::Text(permission) => Expr::HasPermission(permission),
                _ => return Err(self.error("has_permission takes a text, such as 'files:read'")),
            },
            ("auth_user" | "auth_tenant" | "auth_role" | "auth_key", _) => {
                return Err(self.error(format!("{lower}() takes no arguments")));
            }
            ("lower" | "has_permission", _) => {
                return Err(self.error(format!("{lower}() takes one argument, not {count}")));
            }
            ("coalesce", _) => return Err(self.error("coalesce() takes two arguments or more")),
            _ => Expr::Predicate(name, arguments),
        };
        Ok(expr)
    }
}

fn single(mut terms: Vec<Expr>, many: fn(Vec<Expr>) -> Expr) -> Expr {
    match terms.len() {
        1 => terms.remove(0),
        _ => many(terms),
    }
}

fn is_keyword(word: &str) -> bool {
    const KEYWORDS: [&str; 11] =
        ["AND", "OR", "NOT", "IS", "IN", "NULL", "TRUE", "FALSE", "SELECT", "FROM", "WHERE"];
    KEYWORDS.iter().any(|keyword| word.eq_ignore_ascii_case(keyword))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in [
            "ends_at IS NULL OR ends_at >= starts_at",
            "NOT (a = 1 AND b <> 'it''s') OR c IN (1, -2, 3.5)",
            "id IN (SELECT team_id FROM team_members WHERE user_id = auth_user())",
            "in_team(owner_team_id) OR has_permission('files:read')",
            "lower(email) = coalesce(alias, 'x') AND active = TRUE",
            "(a = 1 OR b = 2) AND c IS NOT NULL",
            "(id = auth_key() AND auth_role() <> 'x') OR tenant = auth_tenant()",
        ] {
            let expr = parse(text).expect(text);
            assert_eq!(expr.to_string(), text);
            assert_eq!(parse(&expr.to_string()), Ok(expr));
        }
    }

    #[test]
    fn names_mistakes_with_their_offset() {
        for (text, offset) in [
            ("", 0),
            ("a =", 3),
            ("a = 'x", 4),
            ("a; DROP", 1),
            ("a IN ()", 6),
            ("auth_user(1) = a", 13),
            ("a = b c", 6),
            ("a IS 1", 5),
        ] {
            assert_eq!(parse(text).expect_err(text).offset, offset, "{text}");
        }
        assert!(parse(&"(".repeat(5000)).is_err());
    }
}
