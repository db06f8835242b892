//! Whether a text is JSON, told in one pass that makes nothing.

/// How deep lists and objects are followed, by a call of a function each: as deep as SQLite follows
/// them, so that no column of a sound file has deeper ones.
const DEPTH_MAX: usize = 1000;

/// Whether a text is one JSON value (RFC 8259) if it is UTF-8, which is not looked at; none where
/// it is nested so deeply that this can't tell.
pub(crate) fn is_json(text: &[u8]) -> Option<bool> {
    let mut walk = Walk { bytes: text, at: 0, is_too_deep: false };
    let is_value = walk.value_in(DEPTH_MAX);
    if walk.is_too_deep {
        return None;
    }
    walk.space();
    Some(is_value && walk.at == walk.bytes.len())
}

struct Walk<'t> {
    bytes: &'t [u8],
    at: usize,
    is_too_deep: bool,
}

impl Walk<'_> {
    /// The byte that comes next; 0, which stands nowhere outside of texts, at the end.
    fn peek(&self) -> u8 {
        if self.at < self.bytes.len() { self.bytes[self.at] } else { 0 }
    }

    fn takes(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == byte;
        self.at += usize::from(is_next);
        is_next
    }

    fn space(&mut self) {
        while matches!(self.peek(), b' ' | b'\t' | b'\n' | b'\r') {
            self.at += 1;
        }
    }

    fn value_in(&mut self, depth: usize) -> bool {
        self.space();
        match self.peek() {
            b'"' => self.string(),
            b'-' | b'0'..=b'9' => self.number(),
            b'{' | b'[' if depth == 0 => {
                self.is_too_deep = true;
                false
            }
            b'{' => self.members(b'}', depth - 1),
            b'[' => self.members(b']', depth - 1),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => false,
        }
    }

    /// A list, or an object, whose members have names.
    fn members(&mut self, end: u8, depth: usize) -> bool {
        self.at += 1;
        self.space();
        if self.takes(end) {
            return true;
        }
        loop {
            if end == b'}' {
                self.space();
                if self.peek() != b'"' || !self.string() {
                    return false;
                }
                self.space();
                if !self.takes(b':') {
                    return false;
                }
            }
            if !self.value_in(depth) {
                return false;
            }
            self.space();
            if self.takes(end) {
                return true;
            }
            if !self.takes(b',') {
                return false;
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> bool {
        let is_next = self.bytes[self.at..].starts_with(word);
        self.at += word.len();
        is_next
    }

    fn string(&mut self) -> bool {
        self.at += 1;
        while self.at < self.bytes.len() {
            let byte = self.bytes[self.at];
            self.at += 1;
            match byte {
                b'"' => return true,
                b'\\' => {
                    let escaped = self.peek();
                    self.at += 1;
                    match escaped {
                        b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => {}
                        b'u' if self.digits(4, u8::is_ascii_hexdigit) == 4 => {}
                        _ => return false,
                    }
                }
                ..b' ' => return false,
                _ => {}
            }
        }
        false
    }

    fn number(&mut self) -> bool {
        self.takes(b'-');
        if !self.takes(b'0') && self.digits(usize::MAX, u8::is_ascii_digit) == 0 {
            return false;
        }
        if self.takes(b'.') && self.digits(usize::MAX, u8::is_ascii_digit) == 0 {
            return false;
        }
        if self.takes(b'e') || self.takes(b'E') {
            let _sign = self.takes(b'+') || self.takes(b'-');
            return self.digits(usize::MAX, u8::is_ascii_digit) > 0;
        }
        true
    }

    /// How many digits come next, up to a number of them.
    fn digits(&mut self, most: usize, is_digit: fn(&u8) -> bool) -> usize {
        let start = self.at;
        while self.at - start < most && is_digit(&self.peek()) {
            self.at += 1;
        }
        self.at - start
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde::de::IgnoredAny;

    use super::*;

    /// What JSON is made of, in any order.
    const SCRAPS: &str = concat!(
        r#"([\[\]{},: \n"]|-?[0-9]{1,3}|[.eE+-]|true|null|fals|"#,
        r#""(a|\\\\|\\"|\\n|\\u00e|é)*"){0,12}"#,
    );

    fn by_serde(text: &str) -> bool {
        serde_json::from_str::<IgnoredAny>(text).is_ok()
    }

    fn is_told(text: &str) -> bool {
        is_json(text.as_bytes()).expect("it is not nested deeply")
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(500))]

        #[test]
        fn texts_are_told_as_serde_tells_them(
            text in SCRAPS
        ) {
            prop_assert_eq!(is_told(&text), by_serde(&text), "{}", text);
        }

        #[test]
        fn changed_json_is_told_as_serde_tells_it(at in 0_usize..80, byte in 0_u8..128, cut: bool) {
            let text = r#" {"a": [1, -0.5e+3, true, null, {}], "b\u00e9\n": "x", "c": {"d": []}} "#;
            let mut text = text.to_owned();
            if text.is_char_boundary(at) && at < text.len() {
                let end = if cut { at + 1 } else { at };
                text.replace_range(at..end, &char::from(byte).to_string());
            }
            prop_assert_eq!(is_told(&text), by_serde(&text), "{}", text);
        }
    }

    #[test]
    fn values_and_what_is_none() {
        for text in [
            "",
            " ",
            "0",
            "-0",
            "00",
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "1E5",
            "tru",
            "truex",
            "\0",
            "[]",
            "[1,]",
            "[,]",
            "[1 2]",
            "{}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "\"",
            "\"\\\"",
            "\"\\u12\"",
            "\"\\ud800\"",
            "\"\t\"",
            "\"\u{7f}\"",
            "[[]",
            "]",
            "1 1",
            "{\"a\" :1}",
        ] {
            assert_eq!(is_told(text), by_serde(text), "{text}");
        }
    }

    #[test]
    fn what_nests_as_deep_as_it_may() {
        for depth in [1, 127, 128, 999, 1000, 1001, 100_000] {
            for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
                let inner = if open == "[" { "" } else { "1" };
                let text = open.repeat(depth) + inner + &close.repeat(depth);
                let told = (depth <= DEPTH_MAX).then(|| by_serde(&text));
                assert_eq!(is_json(text.as_bytes()), told, "{depth}");
            }
        }
    }
}
