//! JSON text while it is written.
//!
//! The buffer is larger than what is in it, so that texts are looked through and copied in one
//! pass, eight bytes at a time.

const WORD: usize = size_of::<u64>();
const ONES: u64 = u64::MAX / 255;
const QUOTES: u64 = ONES * b'"' as u64;
const BACKSLASHES: u64 = ONES * b'\\' as u64;
const SPACES: u64 = ONES * b' ' as u64;

/// JSON text while it is written.
pub struct Writer {
    /// What was written, and zeros behind it.
    bytes: Vec<u8>,
    length: usize,
}

impl Writer {
    /// A writer with room for this many bytes. It grows where it has to.
    #[must_use]
    pub fn with_room(bytes: usize) -> Writer {
        Writer { bytes: vec![0; bytes], length: 0 }
    }

    /// How many bytes were written.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// What was written; none where it is not UTF-8.
    #[must_use]
    pub fn into_text(self) -> Option<String> {
        String::from_utf8(self.into_bytes()).ok()
    }

    pub(crate) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes.truncate(self.length);
        self.bytes
    }

    /// Writes what is JSON already.
    pub fn raw(&mut self, json: &[u8]) {
        self.make_room(json.len());
        let (words, rest) = json.as_chunks::<WORD>();
        for word in words {
            self.put(word);
        }
        for byte in rest {
            self.bytes[self.length] = *byte;
            self.length += 1;
        }
    }

    /// Writes a text, the bytes of which are taken for UTF-8.
    pub fn text(&mut self, plain: &[u8]) {
        self.make_room(plain.len() + 2);
        self.bytes[self.length] = b'"';
        self.length += 1;
        let (words, _) = plain.as_chunks::<WORD>();
        let mut done = 0;
        for word in words {
            if !is_clean(u64::from_le_bytes(*word)) {
                break;
            }
            self.put(word);
            done += WORD;
        }
        for (at, byte) in plain.iter().enumerate().skip(done) {
            if matches!(byte, ..b' ' | b'"' | b'\\') {
                self.escaped(&plain[at..]);
                break;
            }
            self.bytes[self.length] = *byte;
            self.length += 1;
        }
        self.raw(b"\"");
    }

    /// Writes the rest of a text, which has something to escape.
    fn escaped(&mut self, plain: &[u8]) {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        for byte in plain {
            match byte {
                b'"' => self.raw(b"\\\""),
                b'\\' => self.raw(b"\\\\"),
                b'\n' => self.raw(b"\\n"),
                b'\r' => self.raw(b"\\r"),
                b'\t' => self.raw(b"\\t"),
                8 => self.raw(b"\\b"),
                12 => self.raw(b"\\f"),
                control @ ..b' ' => {
                    let (high, low) = (usize::from(control >> 4), usize::from(control & 15));
                    self.raw(&[b'\\', b'u', b'0', b'0', HEX[high], HEX[low]]);
                }
                other => self.raw(&[*other]),
            }
        }
    }

    /// Writes an integer.
    pub fn integer(&mut self, number: i64) {
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
            at -= 1;
            digits[at] = b'-';
        }
        self.raw(&digits[at..]);
    }

    fn put(&mut self, word: &[u8; WORD]) {
        self.bytes[self.length..self.length + WORD].copy_from_slice(word);
        self.length += WORD;
    }

    fn make_room(&mut self, count: usize) {
        let needed = self.length + count;
        if needed > self.bytes.len() {
            self.bytes.resize(needed.max(self.bytes.len() * 2), 0);
        }
    }
}

/// Whether a JSON string can hold these eight bytes as they are.
fn is_clean(word: u64) -> bool {
    // The highest bit of a byte is set where it is zero; or below a space, as none above 127 is.
    let is_zero = |word: u64| word.wrapping_sub(ONES) & !word;
    let is_control = word.wrapping_sub(SPACES) & !word;
    (is_control | is_zero(word ^ QUOTES) | is_zero(word ^ BACKSLASHES)) & (ONES << 7) == 0
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn written(write: impl FnOnce(&mut Writer)) -> String {
        let mut writer = Writer::with_room(0);
        write(&mut writer);
        writer.into_text().expect("UTF-8")
    }

    fn text(plain: &str) -> String {
        written(|writer| writer.text(plain.as_bytes()))
    }

    proptest! {
        #[test]
        fn texts_and_numbers_are_written_as_serde_writes_them(plain: String, number: i64) {
            prop_assert_eq!(text(&plain), Value::from(&*plain).to_string());
            prop_assert_eq!(written(|writer| writer.integer(number)), number.to_string());
            prop_assert_eq!(written(|writer| writer.raw(plain.as_bytes())), plain);
        }
    }

    #[test]
    fn what_is_to_be_escaped_is_found_at_every_place() {
        for length in 0..40 {
            for at in 0..length {
                for character in ['"', '\\', '\n', '\0', '\u{1f}', ' ', '!', '\u{7f}', 'é'] {
                    let plain = "a".repeat(at) + &character.to_string() + &"z".repeat(length - at);
                    assert_eq!(text(&plain), Value::from(&*plain).to_string());
                }
            }
        }
    }

    #[test]
    fn every_control_character_is_escaped_as_serde_does_it() {
        let plain: String = (0..0x80).map(|code: u8| code as char).collect();
        assert_eq!(text(&plain), Value::from(&*plain).to_string());
        for number in [0, -1, i64::MAX, i64::MIN] {
            assert_eq!(written(|writer| writer.integer(number)), number.to_string());
        }
    }

    #[test]
    fn what_is_no_utf8_is_refused() {
        let mut writer = Writer::with_room(8);
        writer.text(b"ab\xffcd");
        assert_eq!(writer.length(), 7);
        assert_eq!(writer.into_text(), None);
    }
}
