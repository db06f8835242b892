//! Decimal numbers: text such as `12.50` to and from scaled integers.

use crate::value::Fault;

/// Reads a decimal number and scales it: `12.5` at scale 2 is 1250.
///
/// Takes `-?digits[.digits]`; zeros at either end are dropped.
///
/// # Errors
///
/// - [`Fault::InvalidDecimal`]: the text is no such number
/// - [`Fault::TooPrecise`]: more digits after the point than `scale`
/// - [`Fault::TooManyDigits`]: more digits before the point than `precision - scale`
pub fn parse(text: &str, precision: u32, scale: u32) -> Result<i64, Fault> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (whole, fraction) = match digits.split_once('.') {
        Some((_, "")) => return Err(Fault::InvalidDecimal),
        Some(parts) => parts,
        None => (digits, ""),
    };
    let all_digits = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit());
    if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
        return Err(Fault::InvalidDecimal);
    }
    let whole = whole.trim_start_matches('0');
    let fraction = fraction.trim_end_matches('0');
    if fraction.len() > scale as usize {
        return Err(Fault::TooPrecise { scale });
    }
    let too_many = Fault::TooManyDigits { precision, scale };
    if whole.len() > precision.saturating_sub(scale) as usize {
        return Err(too_many);
    }
    let padding = scale as usize - fraction.len();
    let zeros = std::iter::repeat_n(b'0', padding);
    let mut scaled: i64 = 0;
    for digit in whole.bytes().chain(fraction.bytes()).chain(zeros) {
        scaled = scaled
            .checked_mul(10)
            .and_then(|scaled| scaled.checked_add(i64::from(digit - b'0')))
            .ok_or(too_many)?;
    }
    Ok(if negative { -scaled } else { scaled })
}

/// Writes a scaled integer with all its digits: 1250 at scale 2 is `12.50`.
pub fn format(scaled: i64, scale: u32) -> String {
    if scale == 0 {
        return scaled.to_string();
    }
    let sign = if scaled < 0 { "-" } else { "" };
    let digits = format!("{:0>width$}", scaled.unsigned_abs(), width = scale as usize + 1);
    let (whole, fraction) = digits.split_at(digits.len() - scale as usize);
    format!("{sign}{whole}.{fraction}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_decimals() {
        let invalid = Err(Fault::InvalidDecimal);
        let table = [
            ("12.5", Ok(1250)),
            ("12.50", Ok(1250)),
            ("12.500", Ok(1250)),
            ("0012", Ok(1200)),
            ("-0.01", Ok(-1)),
            ("-0", Ok(0)),
            ("0.001", Err(Fault::TooPrecise { scale: 2 })),
            ("1000", Err(Fault::TooManyDigits { precision: 5, scale: 2 })),
            ("", invalid),
            ("-", invalid),
            ("1.", invalid),
            (".5", invalid),
            ("+1", invalid),
            ("1e3", invalid),
            ("1,5", invalid),
            (" 1", invalid),
            ("--1", invalid),
            ("1.2.3", invalid),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text, 5, 2), expected, "{text}");
        }
        for (scaled, scale, text) in
            [(1250, 2, "12.50"), (-1, 2, "-0.01"), (0, 3, "0.000"), (7, 0, "7")]
        {
            assert_eq!(format(scaled, scale), text);
        }
    }
}
