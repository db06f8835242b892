//! How a value of one form becomes one of another when a column's type changes.
//!
//! A form is what the physical schema tells of a column's type: its storage type, and the check
//! that goes with the model's type. STRICT tables convert by themselves what converts without
//! loss (`'42'` to 42, 3.0 to 3) and refuse the rest, so most values are copied as they are.

use crate::schema::rules;
use crate::schema::types::*;
use crate::sql::quote;

/// What a column holds, as far as the schema tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Text,
    Uuid,
    Date,
    Timestamp,
    Time,
    /// Any JSON.
    Json,
    /// A JSON object.
    Object,
    /// A JSON array.
    Array,
    Boolean,
    /// Whole numbers that every double holds.
    Integer,
    BigInt,
    /// The digits after the point, and those before it.
    Decimal {
        scale: u32,
        whole: u32,
    },
    Real,
    Blob,
    /// Anything else.
    Other,
}

/// A value on its way from one form to another.
pub(super) struct Converted {
    /// The value, over the old table's columns.
    pub(super) sql: String,
    /// What is lost on the way.
    pub(super) loses: Option<&'static str>,
    /// Where the new column refuses a value.
    pub(super) may_fail: Option<&'static str>,
    /// Whether the value is sure to have the new form.
    pub(super) fits: bool,
}

pub(super) fn convert(
    old_table: &TableSchema,
    old: &ColumnSchema,
    new_table: &TableSchema,
    new: &ColumnSchema,
) -> Converted {
    let (from, to) = (form_of(old_table, old), form_of(new_table, new));
    let name = quote::name(&old.name);
    let exact = |sql: String| Converted { sql, loses: None, may_fail: None, fits: true };
    if from == to {
        return Converted { fits: from != Form::Other, ..exact(name) };
    }
    let converted = match (from, to) {
        (Form::Decimal { .. }, _) | (_, Form::Decimal { .. }) => decimal(from, to, &name),
        (_, Form::Array) => array(from, &name),
        (Form::Boolean, Form::Text) => {
            exact(format!("CASE {name} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"))
        }
        (Form::Text, Form::Boolean) => refusing(
            format!("CASE lower({name}) WHEN 'true' THEN 1 WHEN 'false' THEN 0 ELSE {name} END"),
            "where a text is neither true nor false",
        ),
        (Form::Date, Form::Timestamp) => exact(format!("{name} || 'T00:00:00.000Z'")),
        (Form::Timestamp, Form::Date) => {
            losing(format!("substr({name}, 1, 10)"), "the times of day are cut off")
        }
        (Form::Timestamp, Form::Time) => {
            losing(format!("substr({name}, 12, 12)"), "the dates are cut off")
        }
        _ => Converted { fits: false, ..by_storage(from, to, old, new, name) },
    };
    if new_table.strict { converted } else { cast_too(converted, new) }
}

fn losing(sql: String, message: &'static str) -> Converted {
    Converted { sql, loses: Some(message), may_fail: None, fits: true }
}

fn refusing(sql: String, message: &'static str) -> Converted {
    Converted { sql, loses: None, may_fail: Some(message), fits: false }
}

/// Tables that are not STRICT would store whatever comes.
fn cast_too(converted: Converted, new: &ColumnSchema) -> Converted {
    match new.type_name.is_empty() {
        true => converted,
        false => {
            Converted { sql: format!("CAST({} AS {})", converted.sql, new.type_name), ..converted }
        }
    }
}

/// Where the storage types alone decide.
fn by_storage(
    from: Form,
    to: Form,
    old: &ColumnSchema,
    new: &ColumnSchema,
    name: String,
) -> Converted {
    const NOT_A_NUMBER: &str = "where a value is no such number";
    let text_like = |form| {
        use Form::{Array, Date, Json, Object, Text, Time, Timestamp, Uuid};
        matches!(form, Text | Uuid | Date | Timestamp | Time | Json | Object | Array)
    };
    let number = |form| matches!(form, Form::Integer | Form::BigInt | Form::Boolean | Form::Real);
    let exact = |sql: String| Converted { sql, loses: None, may_fail: None, fits: false };
    match (from, to) {
        (Form::Blob, to) if text_like(to) => {
            losing(format!("CAST({name} AS TEXT)"), "bytes that are no UTF-8 become unreadable")
        }
        (_, Form::Blob) => exact(format!("CAST({name} AS BLOB)")),
        (Form::Real, to) if text_like(to) => {
            losing(format!("CAST({name} AS TEXT)"), "digits beyond the 15th are cut off")
        }
        (from, to) if number(from) && text_like(to) => exact(format!("CAST({name} AS TEXT)")),
        (from, Form::Real) if number(from) => losing_where_large(from, name),
        (Form::Boolean | Form::Integer, Form::BigInt) | (Form::Boolean, Form::Integer) => {
            exact(name)
        }
        (from, to) if number(from) && number(to) || text_like(from) && number(to) => {
            refusing(name, NOT_A_NUMBER)
        }
        (from, to) if text_like(from) && text_like(to) => exact(name),
        _ if old.type_name == new.type_name => exact(name),
        _ => refusing(name, "where a value is not of the new type"),
    }
}

fn losing_where_large(from: Form, name: String) -> Converted {
    let loses = (from == Form::BigInt).then_some("whole numbers beyond 2^53 are rounded");
    Converted { sql: name, loses, may_fail: None, fits: true }
}

/// A value becomes an array of one.
fn array(from: Form, name: &str) -> Converted {
    let item = match from {
        Form::Json | Form::Object | Form::Other | Form::Blob => {
            return refusing(name.to_owned(), "where a value is no JSON array");
        }
        Form::Boolean => format!("json(CASE {name} WHEN 1 THEN 'true' ELSE 'false' END)"),
        Form::Decimal { scale, .. } => decimal_text(name, scale),
        _ => name.to_owned(),
    };
    let sql = format!("CASE WHEN {name} IS NOT NULL THEN json_array({item}) END");
    Converted { sql, loses: None, may_fail: None, fits: true }
}

fn decimal(from: Form, to: Form, name: &str) -> Converted {
    let power = |scale: u32| 10_i64.pow(scale.min(18));
    let exact = |sql: String, fits| Converted { sql, loses: None, may_fail: None, fits };
    let cut = "digits after the point are rounded off";
    match (from, to) {
        (Form::Decimal { scale, whole }, Form::Decimal { scale: wanted, whole: room }) => {
            let fits = room >= whole;
            match wanted.checked_sub(scale) {
                Some(0) => exact(name.to_owned(), fits),
                Some(more) => exact(format!("{name} * {}", power(more)), fits),
                None => {
                    let sql = rounded(name, scale - wanted);
                    Converted { fits: false, ..losing(sql, cut) }
                }
            }
        }
        (Form::Decimal { scale: 0, .. }, Form::Integer | Form::BigInt) => {
            exact(name.to_owned(), true)
        }
        (Form::Decimal { scale, .. }, Form::Integer | Form::BigInt | Form::Boolean) => {
            Converted { fits: false, ..losing(rounded(name, scale), cut) }
        }
        (Form::Decimal { scale, whole }, Form::Real) => {
            let loses = (scale + whole > 15).then_some("digits beyond the 15th are rounded off");
            let sql = format!("{name} / {:?}", power(scale) as f64);
            Converted { sql, loses, may_fail: None, fits: true }
        }
        (Form::Decimal { .. }, Form::Array) => array(from, name),
        (Form::Decimal { scale, .. }, Form::Blob) => {
            exact(format!("CAST({} AS BLOB)", decimal_text(name, scale)), true)
        }
        (Form::Decimal { scale, .. }, _) => exact(decimal_text(name, scale), false),
        (Form::Integer | Form::BigInt | Form::Boolean, Form::Decimal { scale, .. }) => {
            match scale {
                0 => exact(name.to_owned(), false),
                scale => exact(format!("{name} * {}", power(scale)), false),
            }
        }
        (Form::Real, Form::Decimal { scale, .. }) => {
            let sql = format!("CAST(round({name} * {}) AS INTEGER)", power(scale));
            Converted { fits: false, ..losing(sql, cut) }
        }
        (_, Form::Decimal { scale, .. }) => Converted {
            sql: format!(
                "CASE WHEN {name} GLOB '*[^0-9.-]*' OR {name} = '' THEN {name} \
                 ELSE CAST(round({name} * {}) AS INTEGER) END",
                power(scale)
            ),
            loses: Some(cut),
            may_fail: Some("where a text is no number"),
            fits: false,
        },
        _ => refusing(name.to_owned(), "where a value is not of the new type"),
    }
}

/// Integer arithmetic, half away from zero: doubles would not hold 18 digits.
fn rounded(name: &str, digits: u32) -> String {
    let divisor = 10_i64.pow(digits.clamp(1, 18));
    let half = divisor / 2;
    format!("({name} + CASE WHEN {name} < 0 THEN -{half} ELSE {half} END) / {divisor}")
}

fn decimal_text(name: &str, scale: u32) -> String {
    if scale == 0 {
        return format!("CAST({name} AS TEXT)");
    }
    let divisor = 10_i64.pow(scale.min(18));
    format!(
        "CASE WHEN {name} < 0 THEN '-' ELSE '' END || (abs({name}) / {divisor}) || '.' \
         || printf('%0{scale}d', abs({name}) % {divisor})"
    )
}

fn form_of(table: &TableSchema, column: &ColumnSchema) -> Form {
    let own = |rule: &str| {
        let check = rules::form_check(rule, &quote::name(&column.name));
        check.is_some_and(|check| table.checks.iter().any(|found| found.expr == check))
    };
    match column.type_name.as_str() {
        "TEXT" if own("timestamp") => Form::Timestamp,
        "TEXT" if own("date") => Form::Date,
        "TEXT" if own("time") => Form::Time,
        "TEXT" if own("array") => Form::Array,
        "TEXT" if own("object") => Form::Object,
        "TEXT" if own("json") => Form::Json,
        "TEXT" if own("uuid") => Form::Uuid,
        "TEXT" => Form::Text,
        "INTEGER" if own("boolean") => Form::Boolean,
        "INTEGER" => number_form(table, column),
        "REAL" => Form::Real,
        "BLOB" => Form::Blob,
        _ => Form::Other,
    }
}

/// The end of the check's name tells: `…_integer`, or `…_decimal_8_2` with precision and scale.
fn number_form(table: &TableSchema, column: &ColumnSchema) -> Form {
    let own = table.checks.iter().filter(|check| check.expr.mentions(&column.name));
    let mut names = own.filter_map(|check| check.name.as_deref());
    names.find_map(form_of_name).unwrap_or(Form::BigInt)
}

fn form_of_name(name: &str) -> Option<Form> {
    if name.ends_with("_integer") {
        return Some(Form::Integer);
    }
    let (_, digits) = name.rsplit_once("_decimal_")?;
    let (precision, scale) = digits.split_once('_')?;
    let (precision, scale) = (precision.parse::<u32>().ok()?, scale.parse::<u32>().ok()?);
    Some(Form::Decimal { scale, whole: precision.checked_sub(scale)? })
}
