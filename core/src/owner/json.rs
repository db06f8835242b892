//! Rows as JSON text, for hosts that hand text on: written straight from the statement's columns,
//! without a tree of values in between. The text is that of the rows which typed reads return.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::model::Kind;
use crate::owner::audited;
use crate::owner::catalog::Plan;
use crate::owner::json_text::is_json;
use crate::owner::read::Found;
use crate::owner::rows::Rows;
use crate::query::ListOptions;
use crate::validate::Field;
use crate::value::SqlValue;

/// Room for a row of a dozen columns, so that one row takes one allocation.
const ROW_BYTES: usize = 768;

/// Room for a usual page, which grows where it has to.
const PAGE_BYTES: usize = 24 * 1024;

impl Rows<'_> {
    /// The row with this key, or `null`.
    pub(crate) fn get_json(&self, table: &str, key: &Value) -> Result<String> {
        let plan = self.engine.catalog.plan(table)?;
        let key = self.key(plan, key)?;
        let mut text = String::with_capacity(ROW_BYTES);
        audited::reading(self.engine, table, || {
            self.find(plan, &key, &mut |found| push_row(found, &mut text))
        })?;
        if text.is_empty() {
            text.push_str("null");
        }
        Ok(text)
    }

    /// A page of rows: `{"rows": […], "next": …}`.
    pub(crate) fn list_json(&self, table: &str, options: &ListOptions) -> Result<String> {
        Ok(self.page_json(table, options, &mut |_| Ok(()))?.0)
    }

    /// A page of rows as `list_json` writes it, and whether there are more; each of its rows is
    /// shown besides.
    pub(super) fn page_json(
        &self,
        table: &str,
        options: &ListOptions,
        show: &mut dyn FnMut(&Found<'_>) -> Result<()>,
    ) -> Result<(String, bool)> {
        let mut text = String::with_capacity(PAGE_BYTES);
        text.push_str(r#"{"rows":["#);
        let next = self.each(table, options, &mut |found| {
            if !text.ends_with('[') {
                text.push(',');
            }
            show(found)?;
            push_row(found, &mut text)
        })?;
        text.push_str(r#"],"next":"#);
        match &next {
            Some(next) => push_text(next, &mut text),
            None => text.push_str("null"),
        }
        text.push('}');
        Ok((text, next.is_some()))
    }
}

pub(super) fn push_row(found: &Found<'_>, text: &mut String) -> Result<()> {
    let members = found.plan.members.get_or_init(|| members(found.plan));
    let mut place = 0;
    text.push('{');
    while let Some(position) = found.position(place) {
        let member = &members[position];
        text.push_str(if place == 0 { &member[1..] } else { member });
        push_value(found, place, text)?;
        place += 1;
    }
    text.push('}');
    Ok(())
}

fn members(plan: &Plan) -> Vec<String> {
    let member = |field: &Field| {
        let mut member = ",".to_owned();
        push_text(&field.name, &mut member);
        member.push(':');
        member
    };
    plan.validator.fields().iter().map(member).collect()
}

fn push_value(found: &Found<'_>, place: usize, text: &mut String) -> Result<()> {
    let (kind, stored) = found.stored(place)?;
    match (kind, &stored) {
        (
            Some(
                Kind::Text
                | Kind::Uuid
                | Kind::Timestamp
                | Kind::Date
                | Kind::Time
                | Kind::Enum { .. },
            ),
            SqlValue::Text(stored),
        ) => push_text(stored, text),
        (Some(_), SqlValue::Null) => text.push_str("null"),
        (Some(Kind::Integer), SqlValue::Integer(number)) => push_integer(*number, text),
        (Some(Kind::Boolean), SqlValue::Integer(flag @ (0 | 1))) => {
            text.push_str(if *flag == 1 { "true" } else { "false" });
        }
        // Text that is JSON already: no broken file makes the answer broken.
        (Some(Kind::Json { .. }), SqlValue::Text(stored)) if is_json(stored) => {
            text.push_str(stored);
        }
        _ => text.push_str(&to_text(&found.value(place)?)?),
    }
    Ok(())
}

fn to_text(value: &Value) -> Result<String> {
    serde_json::to_string(value).map_err(|error| Error::Corrupt { message: error.to_string() })
}

/// A JSON string.
fn push_text(plain: &str, text: &mut String) {
    text.push('"');
    // A loop of its own: this is where most of a page's time goes.
    let clean = clean_length(plain.as_bytes());
    if clean == plain.len() {
        text.push_str(plain);
    } else {
        text.push_str(&plain[..clean]);
        push_escaped(&plain[clean..], text);
    }
    text.push('"');
}

/// How many bytes come before the first one that a JSON string can't hold as it is.
fn clean_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::MAX / 255;
    // A byte's highest bit is set where it is below another, which is at most 128.
    let below = |word: u64, byte: u8| word.wrapping_sub(ONES * u64::from(byte)) & !word;
    let is_clean = |word: u64| {
        let quotes = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslashes = below(word ^ (ONES * u64::from(b'\\')), 1);
        (below(word, b' ') | quotes | backslashes) & (ONES << 7) == 0
    };
    let mut clean = 0;
    // Eight at a time.
    while let Some(word) = bytes[clean..].first_chunk()
        && is_clean(u64::from_le_bytes(*word))
    {
        clean += 8;
    }
    while clean < bytes.len() && !matches!(bytes[clean], ..b' ' | b'"' | b'\\') {
        clean += 1;
    }
    clean
}

fn push_escaped(plain: &str, text: &mut String) {
    const HEX: &[u8; 16] = b"0123456789abcdef";
    for character in plain.chars() {
        match character {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            control @ '\0'..='\u{1f}' => {
                let code = control as usize;
                text.push_str("\\u00");
                text.push(HEX[code >> 4] as char);
                text.push(HEX[code & 15] as char);
            }
            other => text.push(other),
        }
    }
}

pub(super) fn push_integer(number: i64, text: &mut String) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    let mut rest = number.unsigned_abs();
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        text.push('-');
    }
    text.push_str(std::str::from_utf8(&digits[at..]).expect("digits are ASCII"));
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn texts_and_numbers_are_written_as_serde_writes_them(plain: String, number: i64) {
            let mut text = String::new();
            push_text(&plain, &mut text);
            prop_assert_eq!(&text, &to_text(&Value::from(plain)).expect("a text"));
            text.clear();
            push_integer(number, &mut text);
            prop_assert_eq!(&text, &to_text(&Value::from(number)).expect("a number"));
        }
    }

    #[test]
    fn what_is_to_be_escaped_is_found_at_every_place() {
        for length in 0..40 {
            for at in 0..length {
                for character in ['"', '\\', '\n', '\0', '\u{1f}', ' ', '!', '\u{7f}', 'é'] {
                    let plain = "a".repeat(at) + &character.to_string() + &"z".repeat(length - at);
                    let mut text = String::new();
                    push_text(&plain, &mut text);
                    assert_eq!(text, to_text(&Value::from(plain)).expect("a text"));
                }
            }
        }
    }

    #[test]
    fn every_control_character_is_escaped_as_serde_does_it() {
        let plain: String = (0..0x80).map(|code: u8| code as char).collect();
        let mut text = String::new();
        push_text(&plain, &mut text);
        assert_eq!(text, to_text(&Value::from(plain)).expect("a text"));
        for number in [0, -1, i64::MAX, i64::MIN] {
            text.clear();
            push_integer(number, &mut text);
            assert_eq!(text, number.to_string());
        }
    }
}
