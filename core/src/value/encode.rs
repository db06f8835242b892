//! From the API's JSON to storage: one value of one kind, without a column's rules.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Number, Value};

use crate::model::{Kind, Shape};
use crate::value::{Fault, SAFE_INTEGER_MAX, SqlValue, calendar, decimal};

/// The deepest nesting of a JSON value: what every JSON reader on the way takes.
pub const JSON_DEPTH_MAX: usize = 100;

/// The storage form of one value: not null, not an array of the kind.
///
/// `values` are the enum's values where the kind is an enum. Borrows from the JSON wherever the
/// value is in its canonical form already.
///
/// # Errors
///
/// Why the value does not fit the kind.
pub fn scalar<'v>(kind: &Kind, values: &[String], value: &'v Value) -> Result<SqlValue<'v>, Fault> {
    match kind {
        Kind::Text => Ok(SqlValue::Text(Cow::Borrowed(clean(string(value, "text")?)?))),
        Kind::Integer => integer(value).map(SqlValue::Integer),
        Kind::BigInt => big_integer(value).map(SqlValue::Integer),
        Kind::Decimal { precision, scale } => {
            decimal_of(value, *precision, *scale).map(SqlValue::Integer)
        }
        Kind::Real => real(value).map(SqlValue::Real),
        Kind::Boolean => match value {
            Value::Bool(flag) => Ok(SqlValue::Integer(i64::from(*flag))),
            _ => Err(Fault::WrongType("a boolean")),
        },
        Kind::Uuid => uuid(string(value, "a UUID as text")?),
        Kind::Timestamp => calendar::timestamp(string(value, "a time as text")?)
            .map(SqlValue::Text)
            .ok_or(Fault::InvalidTimestamp),
        Kind::Date => {
            let text = string(value, "a date as text")?;
            let found = calendar::is_date(text).then_some(SqlValue::Text(Cow::Borrowed(text)));
            found.ok_or(Fault::InvalidDate)
        }
        Kind::Time => calendar::time_of_day(string(value, "a time of day as text")?)
            .map(SqlValue::Text)
            .ok_or(Fault::InvalidTime),
        Kind::Json { shape } => json(*shape, value),
        Kind::Blob => STANDARD
            .decode(string(value, "bytes as base64 text")?)
            .map(|bytes| SqlValue::Blob(Cow::Owned(bytes)))
            .map_err(|_| Fault::InvalidBase64),
        Kind::Enum { .. } => {
            let text = string(value, "text")?;
            let known = values.iter().any(|known| known == text);
            known.then_some(SqlValue::Text(Cow::Borrowed(text))).ok_or(Fault::UnknownValue)
        }
    }
}

/// Checks that JSON can be stored and read again: its depth, and no NUL in any text or name.
pub(crate) fn check_json(value: &Value, depth: usize) -> Result<(), Fault> {
    if depth > JSON_DEPTH_MAX {
        return Err(Fault::TooDeep { max: JSON_DEPTH_MAX });
    }
    match value {
        Value::String(text) => clean(text).map(|_| ()),
        Value::Array(items) => items.iter().try_for_each(|item| check_json(item, depth + 1)),
        Value::Object(members) => members.iter().try_for_each(|(name, member)| {
            clean(name)?;
            check_json(member, depth + 1)
        }),
        Value::Null | Value::Bool(_) | Value::Number(_) => Ok(()),
    }
}

fn string<'v>(value: &'v Value, expected: &'static str) -> Result<&'v str, Fault> {
    match value {
        Value::String(text) => Ok(text),
        _ => Err(Fault::WrongType(expected)),
    }
}

fn clean(text: &str) -> Result<&str, Fault> {
    if text.as_bytes().contains(&0) { Err(Fault::NulCharacter) } else { Ok(text) }
}

fn integer(value: &Value) -> Result<i64, Fault> {
    let out_of_range = Fault::OutOfRange { min: -SAFE_INTEGER_MAX, max: SAFE_INTEGER_MAX };
    let Value::Number(number) = value else {
        return Err(Fault::WrongType("a whole number"));
    };
    match whole(number)? {
        Some(integer) if integer.unsigned_abs() <= SAFE_INTEGER_MAX.unsigned_abs() => Ok(integer),
        _ => Err(out_of_range),
    }
}

fn big_integer(value: &Value) -> Result<i64, Fault> {
    let expected = Fault::WrongType("a whole number, or one as text");
    let out_of_range = Fault::OutOfRange { min: i64::MIN, max: i64::MAX };
    match value {
        Value::Number(number) => whole(number)?.ok_or(out_of_range),
        Value::String(text) => {
            let digits = text.strip_prefix('-').unwrap_or(text);
            if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(expected);
            }
            text.parse().map_err(|_| out_of_range)
        }
        _ => Err(expected),
    }
}

/// The whole number that a JSON number is: None where it is one beyond 64 bits, or beyond what a
/// double holds exactly.
fn whole(number: &Number) -> Result<Option<i64>, Fault> {
    if let Some(integer) = number.as_i64() {
        return Ok(Some(integer));
    }
    match number.as_f64() {
        Some(real) if real.fract() != 0.0 => Err(Fault::WrongType("a whole number")),
        Some(real) if real.abs() <= SAFE_INTEGER_MAX as f64 => Ok(Some(real as i64)),
        _ => Ok(None),
    }
}

fn decimal_of(value: &Value, precision: u32, scale: u32) -> Result<i64, Fault> {
    match value {
        Value::String(text) => decimal::parse(text, precision, scale),
        Value::Number(number) if number.is_i64() || number.is_u64() => {
            decimal::parse(&number.to_string(), precision, scale)
        }
        _ => Err(Fault::WrongType("a decimal number as a text, or a whole number")),
    }
}

fn real(value: &Value) -> Result<f64, Fault> {
    let Value::Number(number) = value else {
        return Err(Fault::WrongType("a number"));
    };
    let real = number.as_f64().filter(|real| real.is_finite());
    // SQLite stores -0.0 as 0: adding zero makes the two one here already.
    real.map(|real| real + 0.0).ok_or(Fault::WrongType("a finite number"))
}

fn uuid(text: &str) -> Result<SqlValue<'_>, Fault> {
    let bytes: &[u8; 36] = text.as_bytes().try_into().map_err(|_| Fault::InvalidUuid)?;
    let separated = [8, 13, 18, 23].iter().all(|position| bytes[*position] == b'-');
    // Without early exits, so that the compiler takes many bytes at once.
    let (mut hyphens, mut others, mut upper) = (0_u8, false, false);
    for byte in bytes {
        let is_upper = matches!(byte, b'A'..=b'F');
        upper |= is_upper;
        hyphens += u8::from(*byte == b'-');
        others |= !(matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-') | is_upper);
    }
    match (separated && hyphens == 4 && !others, upper) {
        (false, _) => Err(Fault::InvalidUuid),
        (true, false) => Ok(SqlValue::Text(Cow::Borrowed(text))),
        (true, true) => Ok(SqlValue::Text(Cow::Owned(text.to_ascii_lowercase()))),
    }
}

fn json(shape: Shape, value: &Value) -> Result<SqlValue<'static>, Fault> {
    match shape {
        Shape::Object if !value.is_object() => return Err(Fault::WrongShape("a JSON object")),
        Shape::Array if !value.is_array() => return Err(Fault::WrongShape("a JSON array")),
        Shape::Any | Shape::Object | Shape::Array => {}
    }
    check_json(value, 1)?;
    Ok(SqlValue::Text(Cow::Owned(value.to_string())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::value::decode;

    fn round(kind: &Kind, value: Value) -> Result<Value, &'static str> {
        let values = ["A".to_owned(), "B".to_owned()];
        let stored = scalar(kind, &values, &value).map_err(|fault| fault.code())?;
        let canonical = decode(kind, false, &stored).expect("what was encoded decodes");
        assert_eq!(scalar(kind, &values, &canonical), Ok(stored.borrowed()), "{value}");
        Ok(canonical)
    }

    #[test]
    fn each_kind_takes_and_refuses() {
        let decimal = Kind::Decimal { precision: 5, scale: 2 };
        let member = Kind::Enum { name: "letter".into() };
        let id = "01941f29-7c00-7000-8000-00000000000a";
        let table = [
            (&Kind::Text, json!("é"), Ok(json!("é"))),
            (&Kind::Text, json!("a\0b"), Err("nul_character")),
            (&Kind::Text, json!(5), Err("wrong_type")),
            (&Kind::Integer, json!(3.0), Ok(json!(3))),
            (&Kind::Integer, json!(3.5), Err("wrong_type")),
            (&Kind::Integer, json!("3"), Err("wrong_type")),
            (&Kind::Integer, json!(1_i64 << 53), Err("out_of_range")),
            (&Kind::Integer, json!(u64::MAX), Err("out_of_range")),
            (&Kind::Integer, json!(1e300), Err("out_of_range")),
            (&Kind::BigInt, json!(i64::MIN), Ok(json!(i64::MIN.to_string()))),
            (&Kind::BigInt, json!("-9"), Ok(json!("-9"))),
            (&Kind::BigInt, json!("9223372036854775808"), Err("out_of_range")),
            (&Kind::BigInt, json!(u64::MAX), Err("out_of_range")),
            (&Kind::BigInt, json!("+9"), Err("wrong_type")),
            (&Kind::BigInt, json!("9.0"), Err("wrong_type")),
            (&decimal, json!("12.5"), Ok(json!("12.50"))),
            (&decimal, json!(-3), Ok(json!("-3.00"))),
            (&decimal, json!(12.5), Err("wrong_type")),
            (&decimal, json!(1000), Err("out_of_range")),
            (&decimal, json!("1.005"), Err("too_precise")),
            (&Kind::Real, json!(3), Ok(json!(3.0))),
            (&Kind::Real, json!(-0.0), Ok(json!(0.0))),
            (&Kind::Real, json!("3"), Err("wrong_type")),
            (&Kind::Boolean, json!(true), Ok(json!(true))),
            (&Kind::Boolean, json!(1), Err("wrong_type")),
            (&Kind::Uuid, json!(id.to_uppercase()), Ok(json!(id))),
            (&Kind::Uuid, json!("01941f297c0070008000-00000000000a----"), Err("invalid_uuid")),
            (&Kind::Blob, json!("AQID"), Ok(json!("AQID"))),
            (&Kind::Blob, json!("AQI"), Err("invalid_base64")),
            (&Kind::Blob, json!("AQJ="), Err("invalid_base64")),
            (&member, json!("B"), Ok(json!("B"))),
            (&member, json!("b"), Err("unknown_value")),
            (
                &Kind::Json { shape: Shape::Object },
                json!({"b": 1, "a": [null]}),
                Ok(json!({"b": 1, "a": [null]})),
            ),
            (&Kind::Json { shape: Shape::Object }, json!([]), Err("wrong_shape")),
            (&Kind::Json { shape: Shape::Any }, json!({"a\0": 1}), Err("nul_character")),
        ];
        for (kind, value, expected) in table {
            assert_eq!(round(kind, value.clone()), expected, "{kind:?} {value}");
        }
    }

    #[test]
    fn json_is_taken_down_to_the_limit_and_no_further() {
        let nested = |levels: usize| (1..levels).fold(json!([]), |inner, _| json!([inner]));
        let kind = Kind::Json { shape: Shape::Any };
        assert!(round(&kind, nested(JSON_DEPTH_MAX)).is_ok());
        assert_eq!(round(&kind, nested(JSON_DEPTH_MAX + 1)), Err("too_deep"));
    }
}
