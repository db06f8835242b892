//! The bytes of recorded values: each says what it is, and is as short as it can be.
//!
//! | first byte | what follows |
//! |---|---|
//! | 0 | NULL: nothing |
//! | 1 | an integer: zigzag varint |
//! | 2 | a real: 8 bytes, big-endian |
//! | 3, 4 | text, a blob: its length in bytes as a varint, then the bytes |
//! | 5 | a UUID in lower case: its 16 bytes |
//! | 6 | a time in its canonical form: Unix milliseconds as a zigzag varint |
//! | 7 | the same text as the time before it in the row |
//! | 8 | text of lower-case hexadecimal digits: the number of bytes as a varint, then the bytes |
//! | 64 to 127 | text of this many bytes less 64 |
//! | 128 to 255 | the integer 0 to 127 |
//!
//! Varints are little-endian groups of seven bits, the high bit set on all but the last.

use rusqlite::types::ValueRef;

use crate::error::{Error, Result};
use crate::value::{SqlValue, calendar};

const NULL: u8 = 0;
const INTEGER: u8 = 1;
const REAL: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;
const UUID: u8 = 5;
const TIME: u8 = 6;
const SAME_TIME: u8 = 7;
const HEX: u8 = 8;
const SHORT_TEXT: u8 = 64;
const SMALL_INTEGER: u8 = 128;

/// Hexadecimal text shorter than this gains nothing from its own form.
const HEX_MIN: usize = 16;

/// Writes the values of one row.
pub(super) struct Writer<'b> {
    bytes: &'b mut Vec<u8>,
    /// The last time that was written.
    time: Option<i64>,
}

impl<'b> Writer<'b> {
    pub(super) fn new(bytes: &'b mut Vec<u8>) -> Self {
        Writer { bytes, time: None }
    }

    pub(super) fn count(&mut self, count: usize) {
        push_varint(self.bytes, count as u64);
    }

    pub(super) fn value(&mut self, value: ValueRef<'_>) {
        match value {
            ValueRef::Null => self.bytes.push(NULL),
            ValueRef::Integer(integer @ 0..=127) => {
                self.bytes.push(SMALL_INTEGER + integer as u8);
            }
            ValueRef::Integer(integer) => {
                self.bytes.push(INTEGER);
                push_varint(self.bytes, zigzag(integer));
            }
            ValueRef::Real(real) => {
                self.bytes.push(REAL);
                self.bytes.extend_from_slice(&real.to_be_bytes());
            }
            ValueRef::Text(text) => self.text(text),
            ValueRef::Blob(bytes) => {
                self.bytes.push(BLOB);
                push_varint(self.bytes, bytes.len() as u64);
                self.bytes.extend_from_slice(bytes);
            }
        }
    }

    fn text(&mut self, text: &[u8]) {
        if text.len() == 36
            && let Some(uuid) = uuid_bytes(text)
        {
            self.bytes.push(UUID);
            self.bytes.extend_from_slice(&uuid);
        } else if text.len() == 24
            && let Some(unix_ms) = time_ms(text)
        {
            if self.time == Some(unix_ms) {
                self.bytes.push(SAME_TIME);
            } else {
                self.time = Some(unix_ms);
                self.bytes.push(TIME);
                push_varint(self.bytes, zigzag(unix_ms));
            }
        } else if text.len() >= HEX_MIN && text.len().is_multiple_of(2) && is_hex(text) {
            self.bytes.push(HEX);
            push_varint(self.bytes, text.len() as u64 / 2);
            let pairs = text.chunks_exact(2);
            self.bytes.extend(pairs.map(|pair| digit(pair[0]) << 4 | digit(pair[1])));
        } else if text.len() < 64 {
            self.bytes.push(SHORT_TEXT + text.len() as u8);
            self.bytes.extend_from_slice(text);
        } else {
            self.bytes.push(TEXT);
            push_varint(self.bytes, text.len() as u64);
            self.bytes.extend_from_slice(text);
        }
    }
}

/// Reads what was written. Whatever does not fit is `corrupt`.
pub(crate) struct Reader<'b> {
    bytes: &'b [u8],
    time: Option<i64>,
}

impl<'b> Reader<'b> {
    pub(crate) fn new(bytes: &'b [u8]) -> Self {
        Reader { bytes, time: None }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// A new row begins: nothing of the one before is referred to.
    pub(super) fn next_row(&mut self) {
        self.time = None;
    }

    pub(super) fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub(super) fn take(&mut self, count: usize) -> Result<&'b [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(count).ok_or_else(cut_off)?;
        self.bytes = rest;
        Ok(taken)
    }

    pub(super) fn varint(&mut self) -> Result<u64> {
        let mut value = 0_u64;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(value);
            }
        }
        Err(broken("a number has too many bytes"))
    }

    pub(super) fn count(&mut self) -> Result<usize> {
        usize::try_from(self.varint()?).map_err(|_| cut_off())
    }

    pub(crate) fn value(&mut self) -> Result<SqlValue<'static>> {
        Ok(match self.byte()? {
            NULL => SqlValue::Null,
            tag @ SMALL_INTEGER.. => SqlValue::Integer(i64::from(tag - SMALL_INTEGER)),
            tag @ SHORT_TEXT.. => text(self.take(usize::from(tag - SHORT_TEXT))?),
            INTEGER => SqlValue::Integer(unzigzag(self.varint()?)),
            REAL => {
                let bytes = self.take(8)?.try_into().expect("eight bytes were taken");
                SqlValue::Real(f64::from_be_bytes(bytes))
            }
            TEXT => {
                let length = self.count()?;
                text(self.take(length)?)
            }
            BLOB => {
                let length = self.count()?;
                SqlValue::Blob(self.take(length)?.to_vec().into())
            }
            UUID => {
                let bytes = self.take(16)?.try_into().expect("16 bytes were taken");
                uuid::Uuid::from_bytes(bytes).hyphenated().to_string().into()
            }
            TIME => {
                self.time = Some(unzigzag(self.varint()?));
                self.last_time()?
            }
            SAME_TIME => self.last_time()?,
            HEX => {
                let length = self.count()?;
                hex(self.take(length)?).into()
            }
            tag => return Err(broken(&format!("there is no value of kind {tag}"))),
        })
    }

    pub(super) fn values(&mut self, count: usize) -> Result<Vec<SqlValue<'static>>> {
        (0..count).map(|_| self.value()).collect()
    }

    fn last_time(&self) -> Result<SqlValue<'static>> {
        let time = self.time.and_then(calendar::format_timestamp);
        time.map(SqlValue::from).ok_or_else(|| broken("a time is outside of the calendar"))
    }
}

/// A row's values as bytes.
pub(crate) fn pack<'v>(values: impl IntoIterator<Item = &'v SqlValue<'v>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    for value in values {
        writer.value(match value {
            SqlValue::Null => ValueRef::Null,
            SqlValue::Integer(integer) => ValueRef::Integer(*integer),
            SqlValue::Real(real) => ValueRef::Real(*real),
            SqlValue::Text(text) => ValueRef::Text(text.as_bytes()),
            SqlValue::Blob(bytes) => ValueRef::Blob(bytes),
        });
    }
    bytes
}

/// The values of a row that was written as bytes.
///
/// # Errors
///
/// - `corrupt`: the bytes are no such row
pub(crate) fn unpack(bytes: &[u8], count: usize) -> Result<Vec<SqlValue<'static>>> {
    Reader::new(bytes).values(count)
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits.map(|digit| char::from(DIGITS[usize::from(digit)])).collect()
}

pub(super) fn push_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

pub(super) fn broken(what: &str) -> Error {
    Error::Corrupt { message: format!("a change record can't be read: {what}") }
}

fn cut_off() -> Error {
    broken("it ends too early")
}

fn zigzag(integer: i64) -> u64 {
    (integer.wrapping_shl(1) ^ (integer >> 63)) as u64
}

fn unzigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// SQLite takes text that is not UTF-8 from whoever insists; that is no reason to read no record.
fn text(bytes: &[u8]) -> SqlValue<'static> {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// What each byte is as a lower-case hexadecimal digit; 255 where it is none.
static NIBBLES: [u8; 256] = {
    let mut nibbles = [255; 256];
    let mut digit = 0;
    while digit < 16 {
        nibbles[b"0123456789abcdef"[digit] as usize] = digit as u8;
        digit += 1;
    }
    nibbles
};

fn is_hex(text: &[u8]) -> bool {
    text.iter().all(|byte| digit(*byte) < 16)
}

fn digit(byte: u8) -> u8 {
    NIBBLES[usize::from(byte)]
}

/// The bytes of a UUID in its canonical form; of no other text.
fn uuid_bytes(text: &[u8]) -> Option<[u8; 16]> {
    let mut uuid = [0; 16];
    let mut at = 0;
    for byte in &mut uuid {
        if matches!(at, 8 | 13 | 18 | 23) {
            if text[at] != b'-' {
                return None;
            }
            at += 1;
        }
        let (high, low) = (digit(text[at]), digit(text[at + 1]));
        if high | low > 15 {
            return None;
        }
        *byte = high << 4 | low;
        at += 2;
    }
    Some(uuid)
}

/// The Unix milliseconds of a time in its canonical form; of no other text.
fn time_ms(text: &[u8]) -> Option<i64> {
    if text[10] != b'T' || text[19] != b'.' || text[23] != b'Z' {
        return None;
    }
    calendar::timestamp_ms(std::str::from_utf8(text).ok()?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn written(values: &[ValueRef<'_>]) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        values.iter().for_each(|value| writer.value(*value));
        bytes
    }

    fn check(value: ValueRef<'_>, length: usize) {
        let bytes = written(&[value]);
        assert_eq!(bytes.len(), length, "{value:?}");
        let read = Reader::new(&bytes).value().unwrap();
        assert_eq!(as_ref(&read), value);
    }

    fn as_ref<'v>(value: &'v SqlValue<'_>) -> ValueRef<'v> {
        match value {
            SqlValue::Null => ValueRef::Null,
            SqlValue::Integer(integer) => ValueRef::Integer(*integer),
            SqlValue::Real(real) => ValueRef::Real(*real),
            SqlValue::Text(text) => ValueRef::Text(text.as_bytes()),
            SqlValue::Blob(bytes) => ValueRef::Blob(bytes),
        }
    }

    #[test]
    fn what_is_common_is_short() {
        check(ValueRef::Null, 1);
        check(ValueRef::Integer(127), 1);
        check(ValueRef::Integer(-1), 2);
        check(ValueRef::Integer(i64::MIN), 11);
        check(ValueRef::Real(-0.5), 9);
        check(ValueRef::Text(b""), 1);
        check(ValueRef::Text(b"images/hero.jpg"), 16);
        check(ValueRef::Text(b"0197a3f0-0000-7000-8000-00000000000a"), 17);
        check(ValueRef::Text(b"2025-01-31T09:30:00.000Z"), 7);
        check(ValueRef::Text(&[b'a'; 64]), 34);
        check(ValueRef::Text(&[b'g'; 64]), 66);
        check(ValueRef::Blob(&[1, 2]), 4);
    }

    #[test]
    fn what_only_looks_like_a_short_form_keeps_its_text() {
        check(ValueRef::Text(b"0197A3F0-0000-7000-8000-00000000000a"), 37);
        check(ValueRef::Text(b"0197a3f0000007000080000000000000000a"), 20);
        check(ValueRef::Text(b"0197a3f0x0000-7000-8000-00000000000a"), 37);
        check(ValueRef::Text(b"2025-02-30T09:30:00.000Z"), 25);
        check(ValueRef::Text(b"2025-01-31T09:30:00.00Z "), 25);
        check(ValueRef::Text(b"2025-01-31 09:30:00.000Z"), 25);
    }

    #[test]
    fn a_time_is_written_once_in_a_row() {
        let time = ValueRef::Text(b"2025-01-31T09:30:00.000Z");
        let bytes = written(&[time, ValueRef::Null, time]);
        assert_eq!(bytes.len(), 9);
        let mut reader = Reader::new(&bytes);
        let read = reader.values(3).unwrap();
        assert_eq!(read[0], read[2]);
        assert!(reader.is_empty());
    }

    proptest! {
        #[test]
        fn every_text_and_number_comes_back(
            text in "(\\PC{0,80}|[0-9a-f]{0,70}|[0-9a-f-]{36}\
                     |2\\d{3}-0\\d-1\\dT0\\d:1\\d:2\\d.\\d{3}Z)",
            integer: i64,
            real: f64,
        ) {
            for value in
                [ValueRef::Text(text.as_bytes()), ValueRef::Integer(integer), ValueRef::Real(real)]
            {
                let bytes = written(&[value]);
                let read = Reader::new(&bytes).value().unwrap();
                prop_assert_eq!(as_ref(&read), value);
            }
        }

        #[test]
        fn no_bytes_make_reading_panic(bytes: Vec<u8>) {
            let mut reader = Reader::new(&bytes);
            while !reader.is_empty() && reader.value().is_ok() {}
        }
    }
}
