//! Times, dates and times of day: their canonical text, which sorts as they do.
//!
//! RFC 3339 with one restriction: leap seconds are refused, since nothing downstream has them.

use std::borrow::Cow;

use chrono::{DateTime, Datelike, NaiveDate, Timelike};

const MS_PER_MINUTE: i64 = 60_000;

/// The canonical form of an RFC 3339 time: UTC, milliseconds (further digits are cut off).
///
/// None where the text is no such time, or the time is outside the years 0000 to 9999 in UTC.
pub fn timestamp(text: &str) -> Option<Cow<'_, str>> {
    if is_canonical_timestamp(text.as_bytes()) {
        return Some(Cow::Borrowed(text));
    }
    format_timestamp(timestamp_ms(text)?).map(Cow::Owned)
}

/// An RFC 3339 time in Unix milliseconds.
///
/// None where the text is no such time.
pub fn timestamp_ms(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let date = parse_date(bytes.get(..10)?)?;
    if !matches!(bytes.get(10)?, b'T' | b't' | b' ') {
        return None;
    }
    let (ms_of_day, rest) = parse_time(&bytes[11..], true)?;
    let offset_minutes = match rest {
        [b'Z' | b'z'] => 0,
        [sign @ (b'+' | b'-'), hours @ .., b':', tens, ones] if hours.len() == 2 => {
            let hours = number(hours).filter(|hours| *hours < 24)?;
            let minutes = number(&[*tens, *ones]).filter(|minutes| *minutes < 60)?;
            let offset = i64::from(hours * 60 + minutes);
            if *sign == b'-' { -offset } else { offset }
        }
        _ => return None,
    };
    let midnight_ms = date.and_hms_opt(0, 0, 0)?.and_utc().timestamp_millis();
    Some(midnight_ms + i64::from(ms_of_day) - offset_minutes * MS_PER_MINUTE)
}

/// Unix milliseconds in the canonical form.
///
/// None outside the years 0000 to 9999.
pub fn format_timestamp(unix_ms: i64) -> Option<String> {
    let time = DateTime::from_timestamp_millis(unix_ms)?;
    let year = u32::try_from(time.year()).ok().filter(|year| *year <= 9999)?;
    let mut text = *b"0000-00-00T00:00:00.000Z";
    write_digits(&mut text[0..4], year);
    write_digits(&mut text[5..7], time.month());
    write_digits(&mut text[8..10], time.day());
    write_digits(&mut text[11..13], time.hour());
    write_digits(&mut text[14..16], time.minute());
    write_digits(&mut text[17..19], time.second());
    write_digits(&mut text[20..23], time.timestamp_subsec_millis());
    Some(ascii(&text))
}

/// Whether the text is a real date of the form `2025-01-31`.
pub fn is_date(text: &str) -> bool {
    parse_date(text.as_bytes()).is_some()
}

/// The canonical form of a time of day: `09:30` is `09:30:00.000` (digits beyond milliseconds
/// are cut off).
///
/// None where the text is no time of day.
pub fn time_of_day(text: &str) -> Option<Cow<'_, str>> {
    let bytes = text.as_bytes();
    let (ms_of_day, rest) = parse_time(bytes, false)?;
    if !rest.is_empty() {
        return None;
    }
    if bytes.len() == 12 {
        return Some(Cow::Borrowed(text));
    }
    let mut canonical = *b"00:00:00.000";
    write_digits(&mut canonical[0..2], ms_of_day / 3_600_000);
    write_digits(&mut canonical[3..5], ms_of_day / 60_000 % 60);
    write_digits(&mut canonical[6..8], ms_of_day / 1000 % 60);
    write_digits(&mut canonical[9..12], ms_of_day % 1000);
    Some(Cow::Owned(ascii(&canonical)))
}

fn is_canonical_timestamp(bytes: &[u8]) -> bool {
    bytes.len() == 24
        && bytes[10] == b'T'
        && bytes[23] == b'Z'
        && parse_date(&bytes[..10]).is_some()
        && parse_time(&bytes[11..23], true).is_some_and(|(_, rest)| rest.is_empty())
}

fn parse_date(bytes: &[u8]) -> Option<NaiveDate> {
    let [y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = *bytes else {
        return None;
    };
    let year = i32::try_from(number(&[y1, y2, y3, y4])?).ok()?;
    NaiveDate::from_ymd_opt(year, number(&[m1, m2])?, number(&[d1, d2])?)
}

/// Milliseconds since midnight, and what follows the time.
fn parse_time(bytes: &[u8], with_seconds: bool) -> Option<(u32, &[u8])> {
    let [h1, h2, b':', m1, m2, rest @ ..] = bytes else {
        return None;
    };
    let hours = number(&[*h1, *h2]).filter(|hours| *hours < 24)?;
    let minutes = number(&[*m1, *m2]).filter(|minutes| *minutes < 60)?;
    let minutes_ms = (hours * 60 + minutes) * 60_000;
    let [b':', s1, s2, rest @ ..] = rest else {
        return if with_seconds { None } else { Some((minutes_ms, rest)) };
    };
    let seconds = number(&[*s1, *s2]).filter(|seconds| *seconds < 60)?;
    let [b'.', rest @ ..] = rest else {
        return Some((minutes_ms + seconds * 1000, rest));
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let places = rest[..digits].iter().map(|digit| u32::from(digit - b'0'));
    let ms = places.chain([0, 0]).take(3).fold(0, |ms, digit| ms * 10 + digit);
    Some((minutes_ms + seconds * 1000 + ms, &rest[digits..]))
}

fn number(digits: &[u8]) -> Option<u32> {
    digits
        .iter()
        .try_fold(0, |sum, byte| byte.is_ascii_digit().then(|| sum * 10 + u32::from(byte - b'0')))
}

fn write_digits(target: &mut [u8], mut number: u32) {
    for place in target.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
    }
}

fn ascii(bytes: &[u8]) -> String {
    std::str::from_utf8(bytes).expect("digits and punctuation are ASCII").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_timestamps() {
        let table = [
            ("2025-01-31T09:30:00.000Z", Some("2025-01-31T09:30:00.000Z")),
            ("2025-01-31t09:30:00z", Some("2025-01-31T09:30:00.000Z")),
            ("2025-01-31 09:30:00.12+02:00", Some("2025-01-31T07:30:00.120Z")),
            ("2024-12-31T23:30:00-01:00", Some("2025-01-01T00:30:00.000Z")),
            ("2024-02-29T00:00:00.123456789Z", Some("2024-02-29T00:00:00.123Z")),
            ("0000-01-01T00:00:00Z", Some("0000-01-01T00:00:00.000Z")),
            ("9999-12-31T23:59:59.999Z", Some("9999-12-31T23:59:59.999Z")),
            ("0000-01-01T00:00:00+00:01", None),
            ("9999-12-31T23:59:59-00:01", None),
            ("2025-02-29T00:00:00Z", None),
            ("2025-01-31T24:00:00Z", None),
            ("2025-01-31T23:59:60Z", None),
            ("2025-01-31T09:30Z", None),
            ("2025-01-31T09:30:00", None),
            ("2025-01-31T09:30:00.Z", None),
            ("2025-01-31T09:30:00+2:00", None),
            ("2025-01-31T09:30:00+24:00", None),
            ("2025-01-31", None),
            ("", None),
            ("２０２５-01-31T09:30:00Z", None),
        ];
        for (text, expected) in table {
            assert_eq!(timestamp(text).as_deref(), expected, "{text}");
        }
    }

    #[test]
    fn reads_dates_and_times_of_day() {
        for (text, expected) in [
            ("2024-02-29", true),
            ("2023-02-29", false),
            ("1900-02-29", false),
            ("2025-13-01", false),
            ("2025-1-01", false),
            ("2025-01-01 ", false),
        ] {
            assert_eq!(is_date(text), expected, "{text}");
        }
        for (text, expected) in [
            ("09:30", Some("09:30:00.000")),
            ("23:59:59.9999", Some("23:59:59.999")),
            ("09:30:00.5", Some("09:30:00.500")),
            ("09:30:00.500", Some("09:30:00.500")),
            ("24:00", None),
            ("09:60", None),
            ("9:30", None),
            ("09:30Z", None),
        ] {
            assert_eq!(time_of_day(text).as_deref(), expected, "{text}");
        }
    }
}
