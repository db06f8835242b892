//! Why a JSON value has no storage form, with a stable code for each reason.

use std::fmt;

use serde_json::{Map, Value};

/// Why a JSON value does not fit a kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It is of another JSON type; what was expected, in words.
    WrongType(&'static str),
    /// It contains a NUL character.
    NulCharacter,
    /// It is none of the enum's values.
    UnknownValue,
    /// It is no UUID.
    InvalidUuid,
    /// It is no RFC 3339 time, or no real one.
    InvalidTimestamp,
    /// It is no date of the form `2025-01-31`, or no real one.
    InvalidDate,
    /// It is no time of day.
    InvalidTime,
    /// It is not base64.
    InvalidBase64,
    /// It is no decimal number.
    InvalidDecimal,
    /// It has more digits after the point than the column keeps.
    TooPrecise {
        /// The digits that are kept.
        scale: u32,
    },
    /// It is beyond what the kind holds.
    OutOfRange {
        /// The least value held.
        min: i64,
        /// The greatest value held.
        max: i64,
    },
    /// It has more digits before the point than the column keeps.
    TooManyDigits {
        /// All digits that are kept.
        precision: u32,
        /// Those after the point.
        scale: u32,
    },
    /// It is JSON, but its outermost value is another; what was expected, in words.
    WrongShape(&'static str),
    /// It is nested too deeply.
    TooDeep {
        /// The deepest nesting allowed.
        max: usize,
    },
}

impl Fault {
    /// The stable code.
    pub fn code(&self) -> &'static str {
        match self {
            Fault::WrongType(_) => "wrong_type",
            Fault::NulCharacter => "nul_character",
            Fault::UnknownValue => "unknown_value",
            Fault::InvalidUuid => "invalid_uuid",
            Fault::InvalidTimestamp => "invalid_timestamp",
            Fault::InvalidDate => "invalid_date",
            Fault::InvalidTime => "invalid_time",
            Fault::InvalidBase64 => "invalid_base64",
            Fault::InvalidDecimal => "invalid_decimal",
            Fault::TooPrecise { .. } => "too_precise",
            Fault::OutOfRange { .. } | Fault::TooManyDigits { .. } => "out_of_range",
            Fault::WrongShape(_) => "wrong_shape",
            Fault::TooDeep { .. } => "too_deep",
        }
    }

    /// The numbers and names of the reason.
    pub fn params(&self) -> Map<String, Value> {
        let mut params = Map::new();
        let mut put = |name: &str, value: Value| {
            params.insert(name.to_owned(), value);
        };
        match *self {
            Fault::WrongType(expected) | Fault::WrongShape(expected) => {
                put("expected", expected.into());
            }
            Fault::TooPrecise { scale } => put("scale", scale.into()),
            Fault::OutOfRange { min, max } => {
                put("min", min.into());
                put("max", max.into());
            }
            Fault::TooManyDigits { precision, scale } => {
                put("precision", precision.into());
                put("scale", scale.into());
            }
            Fault::TooDeep { max } => put("max", max.into()),
            _ => {}
        }
        params
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Fault::WrongType(expected) => write!(f, "must be {expected}"),
            Fault::NulCharacter => write!(f, "must not contain a NUL character"),
            Fault::UnknownValue => write!(f, "is none of the allowed values"),
            Fault::InvalidUuid => {
                write!(f, "must be a UUID such as 01941f29-7c00-7000-8000-000000000000")
            }
            Fault::InvalidTimestamp => {
                write!(f, "must be an RFC 3339 time such as 2025-01-31T09:30:00.000Z")
            }
            Fault::InvalidDate => write!(f, "must be a real date such as 2025-01-31"),
            Fault::InvalidTime => write!(f, "must be a time of day such as 09:30:00"),
            Fault::InvalidBase64 => {
                write!(f, "must be base64 with the standard alphabet and padding")
            }
            Fault::InvalidDecimal => write!(f, "must be a decimal number such as 12.50"),
            Fault::TooPrecise { scale } => {
                write!(f, "must have at most {scale} digit(s) after the point")
            }
            Fault::OutOfRange { min, max } => write!(f, "must lie between {min} and {max}"),
            Fault::TooManyDigits { precision, scale } => {
                let whole = precision.saturating_sub(scale);
                write!(f, "must have at most {whole} digit(s) before the point")
            }
            Fault::WrongShape(expected) => write!(f, "must be {expected}"),
            Fault::TooDeep { max } => write!(f, "must be nested at most {max} levels deep"),
        }
    }
}
