//! What are the statements of a script, and when do two scripts say the same?
//!
//! A script is cut at its semicolons, trigger bodies aside. Its normalised text has no comments
//! and one space between tokens, so that editing a comment in an applied migration changes
//! nothing, and every other edit shows.

use std::sync::{Arc, LazyLock};

use super::token::{Token, TokenKind, tokens};
use crate::error::{Error, Result};

/// A script: statements that run in order, inside a transaction that its runner opens.
#[derive(Debug, Clone)]
pub struct Script {
    name: String,
    /// Read when it is asked for where it is known to be right.
    content: Arc<LazyLock<Content, Box<dyn FnOnce() -> Content + Send + Sync>>>,
}

#[derive(Debug)]
struct Content {
    text: String,
    normalized: String,
    statements: Vec<Statement>,
}

impl PartialEq for Script {
    fn eq(&self, other: &Script) -> bool {
        (&self.name, self.text()) == (&other.name, other.text())
    }
}

impl Eq for Script {}

/// One statement of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    sql: String,
    line: usize,
}

impl Script {
    /// Cuts a text into its statements. `name` names the script in errors.
    ///
    /// # Errors
    ///
    /// - `invalid_migration`, with the line: the text is not SQL as far as its tokens go, a
    ///   statement has no end, or a statement would act on the transaction or on more than this
    ///   database (BEGIN, COMMIT, END, ROLLBACK, SAVEPOINT, RELEASE, PRAGMA, ATTACH, DETACH,
    ///   VACUUM).
    ///
    /// # Example
    ///
    /// ```
    /// use freehold_core::sql::Script;
    /// let script = Script::parse("V1__init.sql", "CREATE TABLE t (a); -- one\nDROP TABLE t;")?;
    /// assert_eq!(script.statements().len(), 2);
    /// assert_eq!(script.statements()[1].line(), 2);
    /// assert_eq!(script.normalized(), "CREATE TABLE t ( a ) ;\nDROP TABLE t ;\n");
    /// # Ok::<(), freehold_core::Error>(())
    /// ```
    pub fn parse(name: &str, text: &str) -> Result<Script> {
        let content = read(name, text)?;
        Ok(Script::later(name, move || content))
    }

    /// A script whose text was read before without a mistake, or is made by the core itself. It is
    /// made and read once it is looked into.
    pub(crate) fn of_checked(
        name: &str,
        text: impl FnOnce() -> String + Send + Sync + 'static,
    ) -> Script {
        let script = name.to_owned();
        Script::later(name, move || {
            read(&script, &text()).expect("whoever left it unread knew that it is right")
        })
    }

    fn later(name: &str, content: impl FnOnce() -> Content + Send + Sync + 'static) -> Script {
        let content: Box<dyn FnOnce() -> Content + Send + Sync> = Box::new(content);
        Script { name: name.to_owned(), content: Arc::new(LazyLock::new(content)) }
    }

    /// The name that errors give it.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The text as it was given.
    pub fn text(&self) -> &str {
        &self.content.text
    }

    /// The text without comments, with one space between tokens and one statement a line.
    pub fn normalized(&self) -> &str {
        &self.content.normalized
    }

    /// The statements, in order.
    pub fn statements(&self) -> &[Statement] {
        &self.content.statements
    }
}

fn read(name: &str, text: &str) -> Result<Content> {
    let failed = |line, message: String| {
        Err(Error::InvalidMigration { migration: name.to_owned(), line: Some(line), message })
    };
    let mut normalized = String::with_capacity(text.len());
    let mut statements = Vec::new();
    let mut open: Vec<Token<'_>> = Vec::new();
    for token in tokens(text) {
        let token = match token {
            Ok(token) => token,
            Err(error) => return failed(error.line, error.message),
        };
        if open.is_empty() && token.is(";") {
            continue;
        }
        if open.is_empty()
            && let Some(message) = refusal(&token)
        {
            return failed(token.line, message);
        }
        open.push(token);
        normalized.push_str(token.text);
        if token.is(";") && !is_inside_trigger(&open) {
            normalized.push('\n');
            statements.push(Statement::new(text, &open));
            open.clear();
        } else {
            normalized.push(' ');
        }
    }
    match open.first() {
        None => Ok(Content { text: text.to_owned(), normalized, statements }),
        Some(first) => {
            let message = match is_trigger(&open) {
                true => "the trigger that starts here has no `END;`",
                false => "the statement that starts here has no `;` at its end",
            };
            failed(first.line, message.to_owned())
        }
    }
}

impl Statement {
    fn new(text: &str, tokens: &[Token<'_>]) -> Statement {
        let (first, last) = (&tokens[0], &tokens[tokens.len() - 1]);
        Statement { sql: text[first.offset..last.end()].to_owned(), line: first.line }
    }

    /// The statement's text, its semicolon included.
    pub fn sql(&self) -> &str {
        &self.sql
    }

    /// The line on which it starts, counted from 1.
    pub fn line(&self) -> usize {
        self.line
    }

    /// Its keywords and names in order, without quotes: `ALTER TABLE a RENAME TO "b"` has the
    /// words `ALTER`, `TABLE`, `a`, `RENAME`, `TO`, `b`.
    pub fn words(&self) -> Vec<String> {
        tokens(&self.sql).flatten().filter_map(|token| token.name()).collect()
    }
}

/// Why a statement that starts with this token may not stand in a script.
fn refusal(token: &Token<'_>) -> Option<String> {
    const TRANSACTION: [&str; 6] = ["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"];
    const OUTSIDE: [&str; 4] = ["PRAGMA", "ATTACH", "DETACH", "VACUUM"];
    let is_one_of = |words: &[&str]| words.iter().any(|word| token.is_word(word));
    let word = token.text.to_ascii_uppercase();
    if is_one_of(&TRANSACTION) {
        Some(format!("{word} may not stand in a script: it runs in one transaction as a whole"))
    } else if is_one_of(&OUTSIDE) {
        Some(format!("{word} may not stand in a script: it acts on more than this transaction"))
    } else if token.kind != TokenKind::Word && !token.is("(") {
        Some(format!("no statement starts with `{}`", token.text))
    } else {
        None
    }
}

/// A trigger ends where `END;` follows a semicolon: the `END` of a CASE never does.
fn is_inside_trigger(tokens: &[Token<'_>]) -> bool {
    let ends = match tokens {
        [.., before, end, _] => before.is(";") && end.is_word("END"),
        _ => false,
    };
    !ends && is_trigger(tokens)
}

fn is_trigger(tokens: &[Token<'_>]) -> bool {
    let mut tokens =
        tokens.iter().filter(|token| !token.is_word("TEMP") && !token.is_word("TEMPORARY"));
    tokens.next().is_some_and(|token| token.is_word("CREATE"))
        && tokens.next().is_some_and(|token| token.is_word("TRIGGER"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Script, (Option<usize>, String)> {
        Script::parse("V1__x.sql", text).map_err(|error| match error {
            Error::InvalidMigration { line, message, .. } => (line, message),
            other => panic!("{other}"),
        })
    }

    const TRIGGER: &str = "create temp trigger t after delete on a begin
  update b set c = case when old.x then case old.y when 1 then 2 end else 3 end;
  select 'END;'; -- end;
end;";

    #[test]
    fn statements_and_their_lines() {
        let text =
            format!("\u{feff}-- first; \n\nSELECT ';' ; ;\n{TRIGGER}\nDROP TABLE \"x;y\";\n");
        let script = parse(&text).expect("reads");
        let found: Vec<_> = script.statements().iter().map(|s| (s.line(), s.sql())).collect();
        assert_eq!(found, [(3, "SELECT ';' ;"), (4, TRIGGER), (8, "DROP TABLE \"x;y\";")]);
        assert_eq!(script.statements()[2].words(), ["DROP", "TABLE", "x;y"]);
    }

    #[test]
    fn only_comments_and_blanks_leave_the_normalized_text_alone() {
        let normal = |text: &str| parse(text).expect("reads").normalized().to_owned();
        let one = normal("SELECT a, 'x  --y' FROM t;");
        assert_eq!(one, normal("-- c\nSELECT  a,/* d */'x  --y'\n\tFROM t ;;"));
        for other in [
            "SELECT a, 'x --y' FROM t;",
            "SELECT A, 'x  --y' FROM t;",
            "SELECT a , 'x  --y' FROM t; SELECT 1;",
            "SELECT a, 'x  --y' FROM tt;",
            "SELECT a, \"x  --y\" FROM t;",
        ] {
            assert_ne!(one, normal(other), "{other}");
        }
        assert_ne!(normal("SELECT a - -b;"), normal("SELECT a --b\n;"));
        assert_eq!(parse(&one).expect("reads").normalized(), one);
    }

    #[test]
    fn refusals_name_the_line() {
        for (text, line, part) in [
            ("SELECT 1;\nBEGIN;", 2, "BEGIN may not"),
            ("pragma foreign_keys=off;", 1, "PRAGMA may not"),
            ("/**/ end;", 1, "END may not"),
            ("Attach 'x' AS y;", 1, "ATTACH"),
            ("VACUUM INTO 'x';", 1, "VACUUM"),
            ("\n\nDELETE FROM t", 3, "no `;`"),
            ("CREATE TRIGGER t AFTER DELETE ON a BEGIN SELECT 1;", 1, "no `END;`"),
            ("SELECT 1;\n'x';", 2, "no statement"),
            ("SELECT 'a\0b';\n\0", 1, "NUL"),
            ("\nSELECT 'abc;", 2, "never ends"),
        ] {
            let (found, message) = parse(text).expect_err(text);
            assert_eq!(found, Some(line), "{text}: {message}");
            assert!(message.contains(part), "{text}: {message}");
        }
    }

    #[test]
    fn an_empty_script_has_no_statements() {
        let script = parse(" -- nothing\n;;").expect("reads");
        assert_eq!((script.statements().len(), script.normalized()), (0, ""));
    }
}
