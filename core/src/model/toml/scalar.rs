//! Values without quotes: booleans, numbers and times.

use super::scan::{Fault, Scan};
use crate::model::node::NodeValue;
use crate::model::real;

const NO_VALUE: &str = "a value expected: a number, true, false, a time, or a text in quotes";

impl Scan<'_> {
    /// A value without quotes. Times become texts.
    pub fn scalar(&mut self) -> Result<NodeValue, Fault> {
        let start = self.at;
        let word = self.word();
        let fault = |message: &str| Err(Fault::new(start, message));
        if let Some(time) = time(word) {
            return Ok(NodeValue::Text(time));
        }
        let unsigned = word.trim_start_matches(['+', '-']);
        match unsigned {
            "true" | "false" if unsigned == word => {
                return Ok(NodeValue::Boolean(word == "true"));
            }
            "inf" | "nan" if word.len() <= 4 => return fault("the number must be finite"),
            _ => {}
        }
        let Some(number) = Number::parse(word) else { return fault(NO_VALUE) };
        if number.is_integer {
            let value = i64::from_str_radix(&number.digits, number.radix);
            let unfit = |_| fault("the integer doesn't fit 64 bits");
            return value.map(NodeValue::Integer).or_else(unfit);
        }
        match real(&number.digits) {
            Some(value) if value.is_finite() => Ok(NodeValue::Real(value)),
            _ => fault("the number must be finite"),
        }
    }

    /// The characters that may belong to a value without quotes.
    fn word(&mut self) -> &str {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._:".contains(&byte);
        let start = self.at;
        let word = self.take_while(is_part);
        // A date and a time of day may have one space between them.
        let is_date = date(word).is_some_and(str::is_empty);
        if !(is_date && matches!(self.rest(), [b' ', b'0'..=b'9', ..])) {
            return word;
        }
        self.at += 1;
        self.take_while(is_part);
        &self.text[start..self.at]
    }
}

/// A number's digits without underscores, in the form that Rust reads.
struct Number {
    digits: String,
    radix: u32,
    is_integer: bool,
}

impl Number {
    fn parse(word: &str) -> Option<Number> {
        let radix = match word.get(..2) {
            Some("0x") => 16,
            Some("0o") => 8,
            Some("0b") => 2,
            _ => 10,
        };
        if radix != 10 {
            let digits = digits(&word[2..], radix)?;
            return Some(Number { digits, radix, is_integer: true });
        }
        let unsigned = word.strip_prefix(['+', '-']).unwrap_or(word);
        let (mantissa, exponent) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, Some(exponent)),
            None => (unsigned, None),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) => (whole, Some(fraction)),
            None => (mantissa, None),
        };
        let has_zero_before = whole.len() > 1 && whole.starts_with('0');
        let mut text = if word.starts_with('-') { "-".to_owned() } else { String::new() };
        text += &digits(whole, 10).filter(|_| !has_zero_before)?;
        if let Some(fraction) = fraction {
            text += ".";
            text += &digits(fraction, 10)?;
        }
        if let Some(exponent) = exponent {
            let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            text += if exponent.starts_with('-') { "e-" } else { "e" };
            text += &digits(unsigned, 10)?;
        }
        let is_integer = fraction.is_none() && exponent.is_none();
        Some(Number { digits: text, radix, is_integer })
    }
}

/// Digits with single underscores between them, without those.
fn digits(text: &str, radix: u32) -> Option<String> {
    let is_part = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_digit(radix));
    text.split('_').all(is_part).then(|| text.replace('_', ""))
}

/// A date, a time of day or both, in the form that RFC 3339 prefers.
fn time(word: &str) -> Option<String> {
    let after_date = date(word).unwrap_or(word);
    let has_date = after_date.len() < word.len();
    let text = word.to_ascii_uppercase().replace(' ', "T");
    let time = match has_date {
        true if after_date.is_empty() => return Some(text),
        true => after_date.strip_prefix(['T', 't', ' '])?,
        false => word,
    };
    let rest = clock(time)?;
    let is_whole = rest.is_empty() || (has_date && is_offset(rest));
    is_whole.then_some(text)
}

/// What follows a date that exists.
fn date(text: &str) -> Option<&str> {
    let (year, rest) = number(text, 4)?;
    let (month, rest) = number(rest.strip_prefix('-')?, 2)?;
    let (day, rest) = number(rest.strip_prefix('-')?, 2)?;
    let exists = chrono::NaiveDate::from_ymd_opt(year as i32, month, day).is_some();
    exists.then_some(rest)
}

/// What follows a time of day.
fn clock(text: &str) -> Option<&str> {
    let (hour, rest) = number(text, 2)?;
    let (minute, rest) = number(rest.strip_prefix(':')?, 2)?;
    let Some(rest) = rest.strip_prefix(':') else {
        return (hour < 24 && minute < 60).then_some(rest);
    };
    let (second, rest) = number(rest, 2)?;
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => {
            let after = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
            (after.len() < fraction.len()).then_some(after)?
        }
        None => rest,
    };
    (hour < 24 && minute < 60 && second < 61).then_some(rest)
}

fn is_offset(text: &str) -> bool {
    let clock = text.strip_prefix(['+', '-']).filter(|clock| clock.len() == 5);
    matches!(text, "Z" | "z") || clock.and_then(self::clock).is_some_and(str::is_empty)
}

/// A number of exactly so many digits, and what follows it.
fn number(text: &str, digits: usize) -> Option<(u32, &str)> {
    let (number, rest) = text.split_at_checked(digits)?;
    let all_digits = number.bytes().all(|byte| byte.is_ascii_digit());
    Some((number.parse().ok().filter(|_| all_digits)?, rest))
}
