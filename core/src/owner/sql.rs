//! The owner's SQL: one statement, parameters as JSON, rows as JSON.
//!
//! What JSON cannot say has a tagged form, the same in parameters and rows:
//! `{"$blob": "<base64>"}`, `{"$bigint": "<digits>"}` beyond ±(2^53 − 1), and
//! `{"$real": "Infinity"}` or `"-Infinity"`.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::fallible_iterator::FallibleIterator;
use rusqlite::{Batch, Connection, Statement};
use serde::Serialize;
use serde_json::{Map, Number, Value};

use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::owner::Engine;
use crate::owner::audited;
use crate::owner::storage::{bind, read};
use crate::owner::transaction::{transaction, unrecorded};
use crate::query::invalid;
use crate::sql::tokens;
use crate::value::{SAFE_INTEGER_MAX, SqlValue};

/// What a statement answered.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SqlResult {
    /// The columns' names, in order; several may be equal.
    pub columns: Vec<String>,
    /// The rows, a value for each column.
    pub rows: Vec<Vec<Value>>,
    /// The rows that the statement inserted, changed or deleted; 0 for a reading one.
    pub changes: u64,
}

/// How a statement is run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SqlOptions {
    /// The most rows that it may answer; more are an error, and it changes nothing then.
    pub rows_max: Option<usize>,
}

/// What starts and ends transactions.
const CONTROL: &[&str] = &["BEGIN", "COMMIT", "END", "ROLLBACK", "SAVEPOINT", "RELEASE"];

/// What changes the schema, or what SQLite keeps along with it, and may stand in a transaction.
const CHANGING: &[&str] = &["CREATE", "ALTER", "DROP", "REINDEX", "ANALYZE"];

/// What writes rows.
const WRITING: &[&str] = &["INSERT", "UPDATE", "DELETE", "REPLACE", "WITH"];

/// Runs one statement.
pub(crate) fn run(
    engine: &Engine,
    actor: &Actor,
    text: &str,
    params: &[Value],
    options: SqlOptions,
) -> Result<SqlResult> {
    check_text(text)?;
    let outline = Outline::of(text);
    outline.check_control()?;
    // Unqualified names mean the tables themselves here.
    engine.unshadow()?;
    let values = params.iter().enumerate().map(|(place, value)| {
        parameter(value).map_err(|message| invalid(format!("params[{place}]"), message))
    });
    let values = values.collect::<Result<Vec<_>>>()?;
    let connection = &engine.connection;
    let mut statement = prepare(connection, text)?;
    let expected = statement.parameter_count();
    if expected != values.len() {
        let message = format!("the statement takes {expected}, not {}", values.len());
        return Err(invalid("params", message));
    }
    if !WRITING.contains(&outline.word.as_str()) || statement.readonly() {
        let readonly = statement.readonly();
        if !readonly {
            engine.check_turn(actor)?;
        }
        return audited::running_sql(engine, text, readonly, || {
            let mut run = || step(connection, &mut statement, &values, options);
            match readonly {
                true => run(),
                false => changing(engine, &outline.word, run),
            }
        });
    }
    if connection.is_autocommit() {
        // Undoing a failed statement would take the triggers away again.
        engine.recorder.require_all(connection)?;
    }
    // A conflict clause may keep what came before a failure, and a row too many is noticed late.
    audited::running_sql(engine, text, false, || {
        transaction(engine, actor, || {
            engine.recorder.require_all(connection)?;
            step(connection, &mut statement, &values, options)
        })
    })
}

/// Runs a statement that may change the schema, on which the recorder's triggers stand.
fn changing<T>(engine: &Engine, word: &str, run: impl FnOnce() -> Result<T>) -> Result<T> {
    let connection = &engine.connection;
    if !connection.is_autocommit() {
        engine.recorder.distrust(connection)?;
        return run();
    }
    engine.recorder.release(connection)?;
    if CHANGING.contains(&word) {
        return unrecorded(engine, run);
    }
    // Settings and the like stand in no transaction.
    engine.check_version_now()?;
    run()
}

/// Refuses text that SQLite would only read a part of.
pub(crate) fn check_text(text: &str) -> Result<()> {
    match text.as_bytes().contains(&0) {
        true => Err(invalid("sql", "contains a NUL character")),
        false => Ok(()),
    }
}

fn prepare<'c>(connection: &'c Connection, text: &str) -> Result<Statement<'c>> {
    let mut statements = Batch::new(connection, text);
    let Some(statement) = statements.next()? else {
        return Err(invalid("sql", "holds no statement"));
    };
    match statements.next() {
        Ok(None) => Ok(statement),
        _ => Err(invalid("sql", "holds more than one statement; pass them one by one")),
    }
}

fn step(
    connection: &Connection,
    statement: &mut Statement<'_>,
    values: &[SqlValue<'_>],
    options: SqlOptions,
) -> Result<SqlResult> {
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let before = connection.total_changes();
    bind(statement, values)?;
    let mut rows = Vec::new();
    let mut found = statement.raw_query();
    while let Some(row) = found.next()? {
        if options.rows_max.is_some_and(|max| rows.len() >= max) {
            let max = rows.len();
            let message = format!("the statement answers more than {max} rows; add a LIMIT");
            return Err(Error::TooLarge { message });
        }
        let row = (0..columns.len()).map(|column| read(row, column).map(|value| to_json(&value)));
        rows.push(row.collect::<Result<_>>()?);
    }
    drop(found);
    let changes = connection.total_changes() - before;
    Ok(SqlResult { columns, rows, changes })
}

/// A parameter's storage value.
///
/// # Errors
///
/// Why there is none.
pub(crate) fn parameter(value: &Value) -> Result<SqlValue<'_>, String> {
    match value {
        Value::Null => Ok(SqlValue::Null),
        Value::Bool(flag) => Ok(SqlValue::Integer(i64::from(*flag))),
        Value::Number(number) => match (number.as_i64(), number.as_f64()) {
            (Some(integer), _) => Ok(SqlValue::Integer(integer)),
            (None, Some(real)) if !number.is_u64() => Ok(SqlValue::Real(real)),
            _ => Err("is beyond 64 bits".to_owned()),
        },
        Value::String(text) if text.contains('\0') => {
            Err("contains a NUL character; pass bytes as {\"$blob\": base64}".to_owned())
        }
        Value::String(text) => Ok(SqlValue::from(text.as_str())),
        Value::Object(tagged) => tagged_parameter(tagged),
        Value::Array(_) => Err("must be a single value, not an array".to_owned()),
    }
}

fn tagged_parameter(tagged: &Map<String, Value>) -> Result<SqlValue<'_>, String> {
    let unknown = "must be {\"$blob\": base64}, {\"$bigint\": digits} or a plain value";
    let mut members = tagged.iter();
    let (Some((tag, Value::String(text))), None) = (members.next(), members.next()) else {
        return Err(unknown.to_owned());
    };
    match (tag.as_str(), text.as_str()) {
        ("$blob", text) => {
            let bytes = STANDARD.decode(text).map_err(|_| "holds no base64".to_owned())?;
            Ok(SqlValue::Blob(bytes.into()))
        }
        ("$bigint", text) => {
            text.parse().map(SqlValue::Integer).map_err(|_| "holds no 64-bit integer".to_owned())
        }
        ("$real", "Infinity") => Ok(SqlValue::Real(f64::INFINITY)),
        ("$real", "-Infinity") => Ok(SqlValue::Real(f64::NEG_INFINITY)),
        _ => Err(unknown.to_owned()),
    }
}

/// A storage value as JSON.
pub(crate) fn to_json(value: &SqlValue<'_>) -> Value {
    let tag = |tag: &str, text: String| {
        Value::Object(Map::from_iter([(tag.to_owned(), Value::String(text))]))
    };
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(integer) if integer.unsigned_abs() > SAFE_INTEGER_MAX.unsigned_abs() => {
            tag("$bigint", integer.to_string())
        }
        SqlValue::Integer(integer) => Value::from(*integer),
        SqlValue::Real(real) => match Number::from_f64(*real) {
            Some(number) => Value::Number(number),
            None if *real > 0.0 => tag("$real", "Infinity".to_owned()),
            None => tag("$real", "-Infinity".to_owned()),
        },
        SqlValue::Text(text) => Value::String(text.clone().into_owned()),
        SqlValue::Blob(bytes) => tag("$blob", STANDARD.encode(bytes)),
    }
}

/// What has to be known of a statement before SQLite reads it.
#[derive(Default)]
pub(crate) struct Outline {
    /// Its first word, in upper case.
    pub(crate) word: String,
    /// How many statements there are.
    pub(crate) statements: usize,
    /// Whether it says `OR ROLLBACK`.
    rolls_back: bool,
    /// Whether it may say `ON CONFLICT … DO`.
    pub(crate) upserts: bool,
    /// Whether it may say `RETURNING`.
    pub(crate) returns: bool,
}

impl Outline {
    /// Text that can't be told apart into tokens is left for SQLite to refuse.
    pub(crate) fn of(text: &str) -> Outline {
        // SQLite takes a byte-order mark for white space.
        let text = text.replace('\u{FEFF}', " ");
        let mut outline = Outline::default();
        let (mut after_or, mut after_on, mut open) = (false, false, false);
        for token in tokens(&text).map_while(|token| token.ok()) {
            if outline.word.is_empty() && !token.is(";") {
                outline.word = token.text.to_ascii_uppercase();
            }
            outline.statements += usize::from(!open && !token.is(";"));
            open = !token.is(";");
            outline.rolls_back |= after_or && token.is_word("ROLLBACK");
            outline.upserts |= after_on && token.is_word("CONFLICT");
            outline.returns |= token.is_word("RETURNING");
            after_or = token.is_word("OR");
            after_on = token.is_word("ON");
        }
        outline
    }

    /// Refuses what would take transactions out of the host's hand.
    pub(crate) fn check_control(&self) -> Result<()> {
        if CONTROL.contains(&self.word.as_str()) {
            let message =
                format!("{} would take transactions out of hand; use `transaction`", self.word);
            return Err(invalid("sql", message));
        }
        if self.rolls_back {
            let message = "OR ROLLBACK would undo more than this statement; use OR ABORT";
            return Err(invalid("sql", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::Outline;

    #[test]
    fn the_first_word_hides_behind_nothing() {
        for (text, word) in [
            ("SELECT 1", "SELECT"),
            (" ;; -- x\n/* y */ commit;", "COMMIT"),
            ("/*/ */begin", "BEGIN"),
            ("(SELECT 1)", "("),
            ("-- only", ""),
            ("/* open", ""),
            ("\u{FEFF}end", "END"),
        ] {
            assert_eq!(Outline::of(text).word, word, "{text}");
        }
        assert!(Outline::of("INSERT OR/**/rollback INTO t VALUES (1)").rolls_back);
        assert!(!Outline::of("INSERT INTO t VALUES ('OR ROLLBACK')").rolls_back);
    }
}
