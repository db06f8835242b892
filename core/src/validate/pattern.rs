//! Patterns: regular expressions, with a fast path for those that most rules are.
//!
//! Most patterns are a row of character classes, each with a repetition: `^[a-z0-9][a-z0-9.-]*$`.
//! Over ASCII text they are run as a set of states in one machine word (extended Shift-And,
//! Navarro and Raffinot, 2001), in linear time and some twenty times faster than the general
//! engine, which takes everything else: groups, alternatives, and text beyond ASCII.

use std::sync::OnceLock;

use regex_lite::Regex;

/// A compiled pattern. It matches anywhere in a text unless it is anchored.
#[derive(Debug)]
pub(crate) struct Pattern {
    text: String,
    sequence: Option<Box<Sequence>>,
    /// For what is no sequence; for the others once a text is not ASCII.
    regex: OnceLock<Regex>,
}

impl Pattern {
    /// Compiles a pattern.
    ///
    /// # Errors
    ///
    /// The text is no regular expression.
    pub(crate) fn new(text: &str) -> Result<Pattern, regex_lite::Error> {
        let sequence = Parser { rest: text.as_bytes() }.parse().map(Box::new);
        let regex = match sequence {
            Some(_) => OnceLock::new(),
            None => Regex::new(text)?.into(),
        };
        Ok(Pattern { text: text.to_owned(), sequence, regex })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    pub(crate) fn is_match(&self, text: &str) -> bool {
        match &self.sequence {
            Some(sequence) if text.is_ascii() => sequence.is_match(text.as_bytes()),
            _ => self.regex().is_match(text),
        }
    }

    fn regex(&self) -> &Regex {
        let compile = || Regex::new(&self.text).expect("every sequence is a regular expression");
        self.regex.get_or_init(compile)
    }
}

/// The most items that a sequence may have: one less than the bits of its states.
const ITEMS_MAX: usize = 127;

/// A sequence of items as a machine with one state between any two: bit `i` of a set of states
/// stands for "the first `i` items have been read".
#[derive(Debug)]
struct Sequence {
    at_start: bool,
    at_end: bool,
    /// For each character, the states from which it leads on to the next one.
    step: [u128; 128],
    /// For each character, the states in which it may be read again.
    stay: [u128; 128],
    /// The states that can be reached from the one before without reading anything.
    skip: u128,
    last: u32,
}

impl Sequence {
    fn is_match(&self, text: &[u8]) -> bool {
        let accepted = 1 << self.last;
        let start = self.reach(1);
        let mut states = start;
        for byte in text {
            if !self.at_end && states & accepted != 0 {
                return true;
            }
            let at = usize::from(*byte);
            states = ((states & self.step[at]) << 1) | (states & self.stay[at]);
            if self.skip != 0 {
                states = self.reach(states);
            }
            if !self.at_start {
                states |= start;
            } else if states == 0 {
                return false;
            }
        }
        states & accepted != 0
    }

    /// Adds the states that are reached by skipping: a Kogge-Stone fill over runs of skips.
    fn reach(&self, mut states: u128) -> u128 {
        let mut through = self.skip;
        for shift in [1, 2, 4, 8, 16, 32, 64] {
            states |= through & (states << shift);
            through &= through << shift;
        }
        states
    }
}

/// A set of ASCII characters.
#[derive(Clone, Copy)]
struct Class([bool; 128]);

impl Class {
    fn of(accepts: impl Fn(u8) -> bool) -> Class {
        let mut class = [false; 128];
        (0..128).for_each(|byte| class[usize::from(byte)] = accepts(byte));
        Class(class)
    }

    fn or(self, other: Class) -> Class {
        Class::of(|byte| self.has(byte) || other.has(byte))
    }

    fn not(self) -> Class {
        Class::of(|byte| !self.has(byte))
    }

    fn has(&self, byte: u8) -> bool {
        self.0[usize::from(byte)]
    }
}

/// An item: a class and how often it is read.
struct Item {
    class: Class,
    min: usize,
    /// None means any number of times.
    max: Option<usize>,
}

/// Reads the sequences among the patterns; None means that a pattern is something else.
struct Parser<'p> {
    rest: &'p [u8],
}

impl Parser<'_> {
    fn parse(&mut self) -> Option<Sequence> {
        let at_start = self.take(b'^');
        let mut items = Vec::new();
        while !matches!(self.rest, [] | [b'$']) {
            let class = self.class()?;
            let (min, max) = self.repetition()?;
            items.push(Item { class, min, max });
        }
        build(&items, at_start, !self.rest.is_empty())
    }

    fn take(&mut self, byte: u8) -> bool {
        let found = self.rest.first() == Some(&byte);
        if found {
            self.rest = &self.rest[1..];
        }
        found
    }

    fn next(&mut self) -> Option<u8> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    fn class(&mut self) -> Option<Class> {
        match self.next()? {
            b'.' => Some(Class::of(|byte| byte != b'\n')),
            b'[' => self.bracket(),
            b'\\' => self.escape(),
            b'^' | b'$' | b'(' | b')' | b'|' | b'?' | b'*' | b'+' | b'{' | b'}' | b']' => None,
            byte if byte.is_ascii() => Some(Class::of(|other| other == byte)),
            _ => None,
        }
    }

    fn escape(&mut self) -> Option<Class> {
        Some(match self.next()? {
            b'd' => Class::of(|byte| byte.is_ascii_digit()),
            b'D' => Class::of(|byte| byte.is_ascii_digit()).not(),
            b'w' => Class::of(|byte| byte.is_ascii_alphanumeric() || byte == b'_'),
            b'W' => Class::of(|byte| byte.is_ascii_alphanumeric() || byte == b'_').not(),
            b's' => Class::of(|byte| matches!(byte, b'\t'..=b'\r' | b' ')),
            b'S' => Class::of(|byte| matches!(byte, b'\t'..=b'\r' | b' ')).not(),
            b'n' => Class::of(|byte| byte == b'\n'),
            b'r' => Class::of(|byte| byte == b'\r'),
            b't' => Class::of(|byte| byte == b'\t'),
            byte if byte.is_ascii_punctuation() && byte != b'<' && byte != b'>' => {
                Class::of(|other| other == byte)
            }
            _ => return None,
        })
    }

    /// A class in brackets; those with nested brackets or set operations are left alone.
    fn bracket(&mut self) -> Option<Class> {
        let negated = self.take(b'^');
        let mut class = Class::of(|_| false);
        let mut is_empty = true;
        loop {
            let first = match self.next()? {
                b']' if !is_empty => break,
                b']' | b'[' => return None,
                b'&' | b'~' if self.rest.first().is_some_and(|next| b"&~".contains(next)) => {
                    return None;
                }
                // A hyphen for itself stands first or last.
                b'-' if is_empty && !matches!(self.rest, [b'-', ..]) => {
                    is_empty = false;
                    class = class.or(Class::of(|byte| byte == b'-'));
                    continue;
                }
                b'-' if is_empty || !matches!(self.rest, [b']', ..]) => return None,
                b'\\' => {
                    is_empty = false;
                    class = class.or(self.escape()?);
                    // A range from an escape is rare, and its rules are many.
                    if matches!(self.rest, [b'-', next, ..] if *next != b']') {
                        return None;
                    }
                    continue;
                }
                byte if byte.is_ascii() => byte,
                _ => return None,
            };
            is_empty = false;
            let last = match self.rest {
                [b'-', b']', ..] => first,
                [b'-', b'[' | b'\\' | b'-', ..] => return None,
                [b'-', last, ..] if *last < first => return None,
                [b'-', last, ..] if last.is_ascii() => {
                    self.rest = &self.rest[2..];
                    *last
                }
                _ => first,
            };
            class = class.or(Class::of(|byte| (first..=last).contains(&byte)));
        }
        Some(if negated { class.not() } else { class })
    }

    fn repetition(&mut self) -> Option<(usize, Option<usize>)> {
        let found = match self.rest.first() {
            Some(b'?') => (0, Some(1)),
            Some(b'*') => (0, None),
            Some(b'+') => (1, None),
            Some(b'{') => return self.counted(),
            _ => return Some((1, Some(1))),
        };
        self.rest = &self.rest[1..];
        self.end_of_repetition(found)
    }

    /// `{2}`, `{2,}` or `{2,5}`.
    fn counted(&mut self) -> Option<(usize, Option<usize>)> {
        let end = self.rest.iter().position(|byte| *byte == b'}')?;
        let inside = std::str::from_utf8(&self.rest[1..end]).ok()?;
        let count = |text: &str| {
            let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
            digits.then(|| text.parse().ok()).flatten()
        };
        let found = match inside.split_once(',') {
            None => (count(inside)?, Some(count(inside)?)),
            Some((min, "")) => (count(min)?, None),
            Some((min, max)) => (count(min)?, Some(count(max)?)),
        };
        if found.1.is_some_and(|max| max < found.0) {
            return None;
        }
        self.rest = &self.rest[end + 1..];
        self.end_of_repetition(found)
    }

    /// Nothing may follow that would change a repetition; lazy ones match alike, but are rare.
    fn end_of_repetition(&self, found: (usize, Option<usize>)) -> Option<(usize, Option<usize>)> {
        let changed = matches!(self.rest.first(), Some(b'?' | b'*' | b'+' | b'{'));
        (!changed).then_some(found)
    }
}

fn build(items: &[Item], at_start: bool, at_end: bool) -> Option<Sequence> {
    let mut sequence =
        Sequence { at_start, at_end, step: [0; 128], stay: [0; 128], skip: 0, last: 0 };
    for item in items {
        // One state each for what must be read, and for what may be: `x*` is one skippable `x+`.
        let places = item.max.unwrap_or_else(|| item.min.max(1));
        if places > ITEMS_MAX - sequence.last as usize {
            return None;
        }
        for place in 0..places {
            let from = 1_u128 << sequence.last;
            let to = from << 1;
            let again = item.max.is_none() && place + 1 == places;
            for (at, accepted) in item.class.0.iter().enumerate().filter(|(_, has)| **has) {
                debug_assert!(*accepted);
                sequence.step[at] |= from;
                sequence.stay[at] |= if again { to } else { 0 };
            }
            sequence.skip |= if place >= item.min { to } else { 0 };
            sequence.last += 1;
        }
    }
    Some(sequence)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    #[test]
    fn sequences_are_told_from_what_needs_the_general_engine() {
        for (text, is_sequence) in [
            ("^[a-z0-9][a-z0-9.-]*[a-z0-9]$", true),
            ("^[0-9a-f]{64}$", true),
            ("^[a-z][a-z0-9_.-]*$", true),
            (r"^\d{3}-\w+\.[^x]?", true),
            ("", true),
            ("^(a|b)$", false),
            ("a|b", false),
            ("é", false),
            ("[é]", false),
            ("a*?", false),
            ("^[0-9]{128}$", false),
            ("a^b", false),
            ("a$b", false),
        ] {
            let pattern = Pattern::new(text).expect("it is a regular expression");
            assert_eq!(pattern.sequence.is_some(), is_sequence, "{text}");
        }
    }

    #[test]
    fn every_sequence_is_a_regular_expression() {
        let printable = || (b' '..=b'~').map(char::from);
        for (a, b) in printable().flat_map(|a| printable().map(move |b| (a, b))) {
            for text in [
                format!("{a}{b}"),
                format!("\\{a}{b}"),
                format!("[{a}{b}]"),
                format!("[^{a}{b}]"),
                format!("[{a}-{b}]"),
                format!("[\\{a}-{b}]"),
                format!("[{a}-\\{b}]"),
                format!("[^\\{a}\\{b}]"),
                format!("x{{{a},{b}}}"),
                format!("x{{{a}{b}}}"),
            ] {
                if (Parser { rest: text.as_bytes() }).parse().is_some() {
                    assert!(Regex::new(&text).is_ok(), "{text}");
                }
            }
        }
    }

    fn item() -> impl Strategy<Value = String> {
        let class = select(vec![
            "a", "b", "-", ".", "[ab]", "[a-c]", "[^a]", "[a-]", "[.-]", "[^a-b-]", r"\d", r"\w",
            r"\s", r"\D", r"\W", r"\S", r"\.", r"\-", r"[\d.]", r"[^\w]", r"[\]a]", "[b-]", "]",
            "[]a]", "[a&&b]", "[a&b]", "[--a]", "[-a]", "[-a-c]", "[^-a]", "[a-b-c]", r"[\--a]",
            "[~~a]", "é", "(a|b)", "}",
        ]);
        let repetition = select(vec![
            "", "", "", "?", "*", "+", "{2}", "{0}", "{0,2}", "{1,}", "{1,3}", "{0,}", "??",
            "{,2}", "{ 1 }", "{2,1}",
        ]);
        (class, repetition).prop_map(|(class, repetition)| format!("{class}{repetition}"))
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4000))]

        #[test]
        fn both_ways_agree(
            start in select(vec!["", "^"]),
            items in prop::collection::vec(item(), 0..5),
            end in select(vec!["", "$"]),
            texts in prop::collection::vec("[ab.cd1\\-&~é\\n\\] ]{0,8}", 8),
        ) {
            let text = format!("{start}{}{end}", items.concat());
            if let Ok(pattern) = Pattern::new(&text) {
                for text in &texts {
                    prop_assert_eq!(
                        pattern.is_match(text),
                        pattern.regex().is_match(text),
                        "{:?} on {:?}", pattern.as_str(), text
                    );
                }
            }
        }
    }
}
