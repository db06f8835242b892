//! Parameters of SQL on the command line.

use serde_json::Value;

/// A number, `true`, `false`, `null` or a quoted text as in JSON; a text as it is otherwise.
pub fn parse(argument: &str) -> Value {
    match serde_json::from_str(argument) {
        // Digits that no number holds would be rounded.
        Ok(Value::Number(number)) if number.is_f64() && is_digits(argument) => argument.into(),
        Ok(Value::Number(number)) if number.is_u64() && !number.is_i64() => argument.into(),
        Ok(Value::Array(_) | Value::Object(_)) | Err(_) => argument.into(),
        Ok(value) => value,
    }
}

fn is_digits(text: &str) -> bool {
    text.trim().bytes().all(|byte| byte.is_ascii_digit() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn parameters_are_json_scalars_or_texts() {
        let check = |argument: &str, expected: Value| assert_eq!(parse(argument), expected);
        check("5", json!(5));
        check("-2.5", json!(-2.5));
        check("true", json!(true));
        check("null", Value::Null);
        check("\"5\"", json!("5"));
        check("", json!(""));
        check("0123", json!("0123"));
        check("alice", json!("alice"));
        check("[1]", json!("[1]"));
        check("{\"a\": 1}", json!("{\"a\": 1}"));
        check("9223372036854775807", json!(9_223_372_036_854_775_807_i64));
        check("9223372036854775808", json!("9223372036854775808"));
        check("123456789012345678901234", json!("123456789012345678901234"));
    }
}
