//! Reading a real number from its digits.
//!
//! Both `str::parse` and serde_json round to the nearest number, each with tables of its own. JSON
//! is read in any case, so that browsers download those tables alone.

use serde_json::Value;

/// The number nearest to a text of sign, digits, point, digits and exponent, of which only some
/// digits have to be there; an infinite one where it is out of range. None for other texts.
pub(crate) fn real(text: &str) -> Option<f64> {
    let unsigned = text.strip_prefix(['+', '-']).unwrap_or(text);
    let (mantissa, exponent) = unsigned.split_once(['e', 'E']).unwrap_or((unsigned, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let power = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let mut digits = [whole, fraction, power].into_iter().flat_map(str::bytes);
    let has_digits = !power.is_empty() && whole.len() + fraction.len() > 0;
    if !has_digits || !digits.all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let sign = if text.starts_with('-') { "-" } else { "" };
    // JSON has no zeros in front, and digits on both sides of a point.
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let json = format!("{sign}{whole}.{fraction}0e{exponent}");
    let value: Option<Value> = serde_json::from_str(&json).ok();
    let out_of_range = if sign.is_empty() { f64::INFINITY } else { f64::NEG_INFINITY };
    Some(value.and_then(|value| value.as_f64()).unwrap_or(out_of_range))
}

#[cfg(test)]
mod tests {
    use super::real;

    #[test]
    fn reads_what_rust_reads() {
        for text in [
            "0",
            "-0",
            "+1",
            "1.5",
            ".5",
            "5.",
            "-.5e1",
            "007",
            "1e3",
            "1E-3",
            "2.50e+2",
            "0.1",
            "123456789012345678901234567890",
            "9007199254740993",
            "1.7976931348623157e308",
            "5e-324",
            "2.2250738585072011e-308",
            "1e999",
            "-1e999",
            "1e-999",
            "0e999",
            "0.30000000000000004",
            "8.41",
            "1e23",
            "1e22",
            "4.35",
            "100000000000000016777215",
        ] {
            let found = real(text).map(f64::to_bits);
            assert_eq!(found, text.parse().ok().map(f64::to_bits), "{text}");
        }
        for text in ["", "+", ".", "e5", "1e", "1e+", "1.2.3", "--1", "0x10", "inf", "NaN", "1 "] {
            assert_eq!(real(text), None, "{text}");
        }
    }
}
