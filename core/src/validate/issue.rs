//! The codes that an issue may carry, each listed once, and how issues are made.

use serde_json::{Map, Value};

use crate::error::Issue;
use crate::value::Fault;

/// Every code of an [`Issue`] with its meaning.
pub const ISSUE_CODES: &[(&str, &str)] = &[
    ("ciphertext_invalid", "the stored value was not sealed at this place, or is damaged"),
    ("encryption_unavailable", "the column is encrypted and no key is at hand"),
    ("invalid_base64", "the text is not base64 with the standard alphabet and padding"),
    ("invalid_date", "the text is not a real date of the form 2025-01-31"),
    ("invalid_decimal", "the text is not a decimal number"),
    ("invalid_format", "the text does not have the column's format; params.format names it"),
    ("invalid_time", "the text is not a time of day"),
    ("invalid_timestamp", "the text is not a real RFC 3339 time"),
    ("invalid_uuid", "the text is not a UUID"),
    ("not_canonical", "the stored value is valid, but not in its canonical form"),
    ("not_unique", "another row has these values already; params.columns names them"),
    ("nul_character", "the text contains a NUL character"),
    ("out_of_range", "the number is beyond what the column's type holds"),
    ("pattern_mismatch", "the text does not match the column's pattern; params.pattern has it"),
    ("required", "a value is missing, or null where none may be"),
    ("rule_violated", "a cross-field rule of the table is broken; params.rule names it"),
    ("still_referenced", "other rows refer to this one; params.tables names their tables"),
    ("too_deep", "the JSON is nested too deeply; params.max levels are allowed"),
    ("too_few_items", "the array has fewer than params.min items"),
    ("too_great", "the number is greater than params.max"),
    ("too_long", "the text or the bytes are longer than params.max"),
    ("too_many_items", "the array has more than params.max items"),
    ("too_precise", "the number has more than params.scale digits after the point"),
    ("too_short", "the text or the bytes are shorter than params.min"),
    ("too_small", "the number is less than params.min"),
    ("unknown_field", "the table has no such column"),
    ("unknown_reference", "there is no row that the reference names; params.table is its table"),
    ("unknown_value", "the text is none of the enum's values; params.values lists them"),
    ("wrong_shape", "the JSON is no object, or no array; params.expected says which"),
    ("wrong_type", "the value has another JSON type; params.expected says which"),
];

/// An issue without params.
pub(crate) fn issue(path: impl Into<String>, code: &'static str, message: String) -> Issue {
    debug_assert!(ISSUE_CODES.iter().any(|(known, _)| *known == code), "unlisted code {code}");
    Issue { path: path.into(), code, message, params: Map::new() }
}

/// An issue with one param.
pub(crate) fn issue_with(
    path: impl Into<String>,
    code: &'static str,
    message: String,
    param: (&str, Value),
) -> Issue {
    let mut issue = issue(path, code, message);
    issue.params.insert(param.0.to_owned(), param.1);
    issue
}

/// The issue of a value that does not fit its kind.
pub(crate) fn of_fault(path: impl Into<String>, fault: Fault) -> Issue {
    let mut issue = issue(path, fault.code(), fault.to_string());
    issue.params = fault.params();
    issue
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_unique() {
        assert!(ISSUE_CODES.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
