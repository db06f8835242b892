//! The part of `regex` that refinery uses, answered by `regex-lite`.
//!
//! refinery reads the names of migrations with two regular expressions. The full `regex` crate
//! would bring its automata and its Unicode tables into the file that browsers download. The
//! workspace's `[patch.crates-io]` puts this crate in its place, natively too, so that all hosts
//! read names alike: `\d` and `\w` mean ASCII here.

pub use regex_lite::{Captures, Error, Match, Regex};

#[cfg(test)]
mod tests {
    use super::Regex;

    #[test]
    fn reads_the_name_of_a_migration() {
        let stem =
            Regex::new(r"^([U|V])(\d+(?:\.\d+)?)__(\w+)").expect("refinery's expression compiles");
        let captures = stem.captures("V20250729144819__init").expect("a name in refinery's form");
        assert_eq!((&captures[1], &captures[2], &captures[3]), ("V", "20250729144819", "init"));
        assert!(stem.captures("V1_init").is_none());
    }
}
