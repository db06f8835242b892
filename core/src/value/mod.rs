//! How values cross between the API's JSON and SQLite's storage, per kind.
//!
//! The API speaks JSON ([`Row`]), SQLite stores null, integer, real, text and blob ([`SqlValue`]):
//!
//! | kind | in | out | stored as |
//! |---|---|---|---|
//! | text, enum | string | string | text |
//! | uuid | string, either case | string, lower case | text |
//! | timestamp | RFC 3339 string, any offset | `2025-01-31T09:30:00.000Z` | text |
//! | date | `2025-01-31` | the same | text |
//! | time | `09:30`, `09:30:00`, `09:30:00.5` | `09:30:00.000` | text |
//! | integer | whole number within ±(2^53 − 1) | number | integer |
//! | bigint | whole number or string | string | integer |
//! | decimal | string or whole number | string with all its digits, `12.50` | scaled integer |
//! | real | number | number | real |
//! | boolean | boolean | boolean | integer 0 or 1 |
//! | json | anything but null | the same | text |
//! | blob | base64, standard alphabet, padded | the same | blob |
//! | an array | array of the kind's form | the same | text (JSON) |
//!
//! Invariant: `decode(encode(value))` is the value in its canonical form, and that form encodes
//! to the same storage again. Rules (lengths, patterns) live in `validate`; nothing here knows
//! rusqlite.

pub mod calendar;
pub mod decimal;
mod encode;
mod fault;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::model::Kind;

pub use encode::{JSON_DEPTH_MAX, scalar};
pub use fault::Fault;

/// A row of the API: column names to JSON values.
pub type Row = serde_json::Map<String, Value>;

/// The largest integer that JavaScript's numbers hold exactly: 2^53 − 1.
pub const SAFE_INTEGER_MAX: i64 = (1 << 53) - 1;

/// A value as SQLite stores it, borrowed where it can be.
#[derive(Debug, Clone, PartialEq)]
pub enum SqlValue<'a> {
    /// NULL.
    Null,
    /// A 64-bit integer.
    Integer(i64),
    /// A finite double; never minus zero, which SQLite does not keep.
    Real(f64),
    /// Text without NUL characters.
    Text(Cow<'a, str>),
    /// Bytes.
    Blob(Cow<'a, [u8]>),
}

impl<'a> SqlValue<'a> {
    /// The same value, owning its bytes.
    pub fn into_owned(self) -> SqlValue<'static> {
        match self {
            SqlValue::Null => SqlValue::Null,
            SqlValue::Integer(integer) => SqlValue::Integer(integer),
            SqlValue::Real(real) => SqlValue::Real(real),
            SqlValue::Text(text) => SqlValue::Text(Cow::Owned(text.into_owned())),
            SqlValue::Blob(bytes) => SqlValue::Blob(Cow::Owned(bytes.into_owned())),
        }
    }

    /// The same value, borrowing from this one.
    pub fn borrowed(&self) -> SqlValue<'_> {
        match self {
            SqlValue::Null => SqlValue::Null,
            SqlValue::Integer(integer) => SqlValue::Integer(*integer),
            SqlValue::Real(real) => SqlValue::Real(*real),
            SqlValue::Text(text) => SqlValue::Text(Cow::Borrowed(text)),
            SqlValue::Blob(bytes) => SqlValue::Blob(Cow::Borrowed(bytes)),
        }
    }

    /// Whether this is NULL.
    pub fn is_null(&self) -> bool {
        matches!(self, SqlValue::Null)
    }
}

impl From<String> for SqlValue<'static> {
    fn from(text: String) -> Self {
        SqlValue::Text(Cow::Owned(text))
    }
}

impl<'a> From<&'a str> for SqlValue<'a> {
    fn from(text: &'a str) -> Self {
        SqlValue::Text(Cow::Borrowed(text))
    }
}

impl From<i64> for SqlValue<'static> {
    fn from(integer: i64) -> Self {
        SqlValue::Integer(integer)
    }
}

/// The stored value of a column in the API's form.
///
/// # Errors
///
/// What was found, where the stored value cannot belong to a column of this kind: the database
/// was changed by something else.
pub fn decode(kind: &Kind, array: bool, stored: &SqlValue<'_>) -> Result<Value, String> {
    match (kind, stored) {
        (_, SqlValue::Null) => Ok(Value::Null),
        (Kind::Json { .. }, SqlValue::Text(text)) => decode_json(text),
        (_, SqlValue::Text(text)) if array => decode_json(text),
        (
            Kind::Text | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Time | Kind::Enum { .. },
            SqlValue::Text(text),
        ) => Ok(Value::String(text.clone().into_owned())),
        (Kind::Integer, SqlValue::Integer(integer)) => Ok(Value::from(*integer)),
        (Kind::BigInt, SqlValue::Integer(integer)) => Ok(Value::String(integer.to_string())),
        (Kind::Decimal { scale, .. }, SqlValue::Integer(scaled)) => {
            Ok(Value::String(decimal::format(*scaled, *scale)))
        }
        (Kind::Boolean, SqlValue::Integer(flag @ (0 | 1))) => Ok(Value::Bool(*flag == 1)),
        (Kind::Real, SqlValue::Real(real)) => serde_json::Number::from_f64(*real)
            .map(Value::Number)
            .ok_or_else(|| "a number that is not finite".to_owned()),
        (Kind::Blob, SqlValue::Blob(bytes)) => Ok(Value::String(STANDARD.encode(bytes))),
        (_, SqlValue::Integer(integer)) => Err(format!("the integer {integer}")),
        // As JSON writes it: Rust's own way of writing reals brings tables that nothing else needs.
        (_, SqlValue::Real(real)) => Err(format!("the real number {}", Value::from(*real))),
        (_, SqlValue::Text(_)) => Err("text".to_owned()),
        (_, SqlValue::Blob(_)) => Err("a blob".to_owned()),
    }
}

/// The same of a value that is not needed any more: its text is not copied.
pub(crate) fn into_json(kind: &Kind, array: bool, stored: SqlValue<'_>) -> Result<Value, String> {
    match (kind, stored) {
        (
            Kind::Text | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Time | Kind::Enum { .. },
            SqlValue::Text(text),
        ) if !array => Ok(Value::String(text.into_owned())),
        (_, stored) => decode(kind, array, &stored),
    }
}

fn decode_json(text: &str) -> Result<Value, String> {
    serde_json::from_str(text).map_err(|error| format!("broken JSON ({error})"))
}
