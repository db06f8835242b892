//! SQLite's functions that look for texts within texts, in linear time.
//!
//! SQLite's own `instr`, `replace` and two-argument `trim` take time with the product of their
//! arguments' lengths, and one call is one step, so that no limit of steps ends it. These answer
//! the same and take time with the sum. They stand in their place on the whole connection, since
//! SQLite knows no functions of sessions alone.
#![allow(unsafe_code)]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use rusqlite::{Connection, ffi};

use crate::error::Result;

/// Needles up to this length are compared at each place; longer ones need a table.
const SHORT: usize = 32;

/// How many bytes a character has at most.
const CHARACTER_BYTES: usize = 4;

type Function =
    unsafe extern "C" fn(*mut ffi::sqlite3_context, c_int, *mut *mut ffi::sqlite3_value);

const FUNCTIONS: [(&CStr, c_int, Function); 5] = [
    (c"instr", 2, instr),
    (c"replace", 3, replace),
    (c"trim", 2, trim),
    (c"ltrim", 2, trim_left),
    (c"rtrim", 2, trim_right),
];

/// Puts the functions in the place of SQLite's own.
pub(super) fn register(connection: &Connection) -> Result<()> {
    // Innocuous, as SQLite's are: an app's schema may use them.
    let flags = ffi::SQLITE_UTF8 | ffi::SQLITE_DETERMINISTIC | ffi::SQLITE_INNOCUOUS;
    for (name, count, function) in FUNCTIONS {
        // SAFETY: the handle is open, and the functions keep nothing.
        let code = unsafe {
            ffi::sqlite3_create_function_v2(
                connection.handle(),
                name.as_ptr(),
                count,
                flags,
                ptr::null_mut(),
                Some(function),
                None,
                None,
                None,
            )
        };
        if code != ffi::SQLITE_OK {
            return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into());
        }
    }
    Ok(())
}

/// What a function answers.
enum Answer {
    Null,
    Integer(i64),
    Text(Vec<u8>),
    /// A text of this length, which is more than there may be.
    TooLong,
}

/// Answers a call; NULL where one of the first two arguments is.
///
/// # Safety
///
/// To be called with what SQLite hands to a function, of which there are `count` arguments.
unsafe fn answer(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
    work: impl FnOnce(&[&[u8]], &[c_int], usize) -> Answer,
) {
    // SAFETY: the values are alive during the call; a value's text stays until it is converted
    // again, which nothing here does.
    unsafe {
        let values: Vec<_> = (0..count as usize).map(|at| *values.add(at)).collect();
        let kinds: Vec<c_int> = values.iter().map(|v| ffi::sqlite3_value_type(*v)).collect();
        if kinds.iter().take(2).any(|kind| *kind == ffi::SQLITE_NULL) {
            return;
        }
        let mut texts: Vec<&[u8]> = Vec::with_capacity(values.len());
        for (value, kind) in values.iter().zip(&kinds) {
            let is_blob = *kind == ffi::SQLITE_BLOB;
            let bytes = match is_blob {
                true => ffi::sqlite3_value_blob(*value).cast(),
                false => ffi::sqlite3_value_text(*value),
            };
            let length = ffi::sqlite3_value_bytes(*value) as usize;
            texts.push(match bytes.is_null() {
                false => std::slice::from_raw_parts(bytes, length),
                true if is_blob || *kind == ffi::SQLITE_NULL => &[],
                true => return ffi::sqlite3_result_error_nomem(context),
            });
        }
        let handle = ffi::sqlite3_context_db_handle(context);
        let most = ffi::sqlite3_limit(handle, ffi::SQLITE_LIMIT_LENGTH, -1) as usize;
        match catch_unwind(AssertUnwindSafe(|| work(&texts, &kinds, most))) {
            Ok(Answer::Null) => {}
            Ok(Answer::Integer(integer)) => ffi::sqlite3_result_int64(context, integer),
            Ok(Answer::TooLong) => ffi::sqlite3_result_error_toobig(context),
            Ok(Answer::Text(text)) => ffi::sqlite3_result_text64(
                context,
                text.as_ptr().cast(),
                text.len() as u64,
                ffi::SQLITE_TRANSIENT(),
                ffi::SQLITE_UTF8 as _,
            ),
            Err(_) => ffi::sqlite3_result_error_code(context, ffi::SQLITE_INTERNAL),
        }
    }
}

unsafe extern "C" fn instr(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: SQLite calls it so.
    unsafe {
        answer(context, count, values, |texts, kinds, _| {
            let are_bytes = kinds.iter().all(|kind| *kind == ffi::SQLITE_BLOB);
            Answer::Integer(place(texts[0], texts[1], are_bytes) as i64)
        });
    }
}

unsafe extern "C" fn replace(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: as above.
    unsafe {
        answer(context, count, values, |texts, kinds, most| {
            let by = (kinds[2] != ffi::SQLITE_NULL).then_some(texts[2]);
            replaced(texts[0], texts[1], by, most)
        });
    }
}

unsafe extern "C" fn trim(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: as above.
    unsafe {
        answer(context, count, values, |texts, _, _| trimmed(texts[0], texts[1], true, true));
    }
}

unsafe extern "C" fn trim_left(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: as above.
    unsafe {
        answer(context, count, values, |texts, _, _| trimmed(texts[0], texts[1], true, false));
    }
}

unsafe extern "C" fn trim_right(
    context: *mut ffi::sqlite3_context,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) {
    // SAFETY: as above.
    unsafe {
        answer(context, count, values, |texts, _, _| trimmed(texts[0], texts[1], false, true));
    }
}

/// Where a needle first stands, counted from 1 in characters, or in bytes; 0 where it doesn't.
fn place(haystack: &[u8], needle: &[u8], are_bytes: bool) -> usize {
    let Some(first) = needle.first() else { return 1 };
    // SQLite looks at the beginnings of characters alone, and at the text's.
    if !are_bytes && !starts_character(*first) {
        return usize::from(haystack.starts_with(needle));
    }
    match Finder::new(haystack, needle).next() {
        None => 0,
        Some(at) if are_bytes => at + 1,
        Some(at) => {
            let after_first = haystack.iter().take(at + 1).skip(1);
            1 + after_first.filter(|byte| starts_character(**byte)).count()
        }
    }
}

fn replaced(text: &[u8], needle: &[u8], by: Option<&[u8]>, most: usize) -> Answer {
    if needle.first().is_none_or(|first| *first == 0) {
        return Answer::Text(text.to_vec());
    }
    let Some(by) = by else { return Answer::Null };
    let count = Finder::new(text, needle).count();
    let length = text.len() - count * needle.len() + count.saturating_mul(by.len());
    if length > most {
        return Answer::TooLong;
    }
    let mut made = Vec::with_capacity(length);
    let mut read = 0;
    for at in Finder::new(text, needle) {
        made.extend_from_slice(&text[read..at]);
        made.extend_from_slice(by);
        read = at + needle.len();
    }
    made.extend_from_slice(&text[read..]);
    Answer::Text(made)
}

fn trimmed(text: &[u8], set: &[u8], left: bool, right: bool) -> Answer {
    let mut rest = set.split(|byte| *byte == 0).next().unwrap_or_default();
    // Each with its place in the set: the first that fits is taken. What is longer is no character.
    let mut characters = BTreeMap::new();
    while !rest.is_empty() {
        let (character, after) = rest.split_at(first_length(rest));
        if character.len() <= CHARACTER_BYTES {
            let place = characters.len();
            characters.entry(character).or_insert(place);
        }
        rest = after;
    }
    let fitting = |text: &[u8], at_end: bool| {
        let fits = (1..=CHARACTER_BYTES.min(text.len())).filter_map(|length| {
            let start = if at_end { text.len() - length } else { 0 };
            Some((characters.get(&text[start..start + length])?, length))
        });
        fits.min().map(|(_, length)| length)
    };
    let mut text = text;
    while left && let Some(length) = fitting(text, false) {
        text = &text[length..];
    }
    while right && let Some(length) = fitting(text, true) {
        text = &text[..text.len() - length];
    }
    Answer::Text(text.to_vec())
}

fn starts_character(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

/// How many bytes the first character has.
fn first_length(text: &[u8]) -> usize {
    let more = text.iter().skip(1).take_while(|byte| !starts_character(**byte)).count();
    if text[0] >= 0xc0 { 1 + more } else { 1 }
}

/// The places of a needle that don't overlap, by Knuth, Morris and Pratt's algorithm.
struct Finder<'f> {
    haystack: &'f [u8],
    needle: &'f [u8],
    at: usize,
    /// For each beginning of a long needle, how long its longest end is that is a beginning too.
    borders: Vec<u32>,
}

impl<'f> Finder<'f> {
    fn new(haystack: &'f [u8], needle: &'f [u8]) -> Finder<'f> {
        let mut borders = Vec::new();
        if needle.len() > SHORT && needle.len() <= haystack.len() {
            borders.push(0_u32);
            let mut border = 0;
            for at in 1..needle.len() {
                while border > 0 && needle[at] != needle[border] {
                    border = borders[border - 1] as usize;
                }
                border += usize::from(needle[at] == needle[border]);
                borders.push(border as u32);
            }
        }
        Finder { haystack, needle, at: 0, borders }
    }
}

impl Iterator for Finder<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        let Finder { haystack, needle, .. } = *self;
        let (first, length) = (*needle.first()?, needle.len());
        if self.borders.is_empty() {
            while let Some(rest) = haystack.get(self.at..).filter(|rest| rest.len() >= length) {
                let starts = &rest[..=rest.len() - length];
                let found = starts.iter().position(|byte| *byte == first)?;
                self.at += found + 1;
                if rest[found..].starts_with(needle) {
                    self.at += length - 1;
                    return Some(self.at - length);
                }
            }
            return None;
        }
        let mut matched = 0;
        for (at, byte) in haystack.iter().enumerate().skip(self.at) {
            while matched > 0 && *byte != needle[matched] {
                matched = self.borders[matched - 1] as usize;
            }
            matched += usize::from(*byte == needle[matched]);
            if matched == length {
                self.at = at + 1;
                return Some(self.at - length);
            }
        }
        self.at = haystack.len();
        None
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use rusqlite::types::Value;

    use super::*;

    /// Texts over few characters, so that they stand in each other, broken ones among them.
    fn value() -> impl Strategy<Value = Value> {
        let text = prop_oneof!["[ab]{0,6}", "[abé漢]{0,9}", "(ab){10,40}a?", "[ab\\x00]{0,4}"];
        prop_oneof![
            8 => text.prop_map(Value::Text),
            2 => proptest::collection::vec(prop_oneof![Just(b'a'), any::<u8>()], 0..5)
                .prop_map(Value::Blob),
            1 => any::<i16>().prop_map(|number| Value::Integer(number.into())),
            1 => any::<f32>().prop_map(|number| Value::Real(number.into())),
            1 => Just(Value::Null),
        ]
    }

    fn ours() -> Connection {
        let connection = Connection::open_in_memory().unwrap();
        register(&connection).unwrap();
        connection
    }

    fn ask(connection: &Connection, call: &str, values: &[Value]) -> Value {
        let sql = format!("SELECT {call}");
        let values = rusqlite::params_from_iter(values);
        connection.query_row(&sql, values, |row| row.get(0)).unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]
        #[test]
        fn they_answer_as_sqlites_own_do(one in value(), two in value(), three in value()) {
            let (ours, sqlites) = (ours(), Connection::open_in_memory().unwrap());
            // As bytes: a broken text can't be read as one.
            for call in [
                "instr(?1, ?2)",
                "CAST(replace(?1, ?2, ?3) AS BLOB)",
                "CAST(trim(?1, ?2) AS BLOB)",
                "CAST(ltrim(?1, ?2) AS BLOB)",
                "CAST(rtrim(?1, ?2) AS BLOB)",
                "typeof(replace(?1, ?2, ?3))",
                "typeof(trim(?1, ?2))",
            ] {
                let count = if call.contains("?3") { 3 } else { 2 };
                let values = &[one.clone(), two.clone(), three.clone()][..count];
                let expected = ask(&sqlites, call, values);
                prop_assert_eq!(ask(&ours, call, values), expected, "{} {:?}", call, values);
            }
        }
    }

    #[test]
    fn long_texts_take_no_time_with_the_product_of_their_lengths() {
        let connection = ours();
        let long = "a".repeat(4_000_000);
        let needle = format!("{}b", "a".repeat(2_000_000));
        let values = [Value::Text(long.clone()), Value::Text(needle)];
        assert_eq!(ask(&connection, "instr(?1, ?2)", &values), Value::Integer(0));
        assert_eq!(ask(&connection, "length(replace(?1, ?2, 'x'))", &values), 4_000_000.into());
        let many: String = ('\u{400}'..'\u{9000}').collect();
        let values = [Value::Text(long), Value::Text(many + "a")];
        assert_eq!(ask(&connection, "trim(?1, ?2)", &values), Value::Text(String::new()));
    }

    #[test]
    fn what_grows_too_long_is_refused() {
        let connection = ours();
        connection.set_limit(rusqlite::limits::Limit::SQLITE_LIMIT_LENGTH, 1_000).unwrap();
        let sql = "SELECT replace(?1, 'a', ?1)";
        let refused = connection.query_row(sql, ["a".repeat(100)], |row| row.get::<_, String>(0));
        let code = refused.unwrap_err().sqlite_error_code();
        assert_eq!(code, Some(rusqlite::ErrorCode::TooBig));
    }
}
