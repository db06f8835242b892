//! The reader against the `toml` crate, and what it says of mistakes.

use ::toml::Spanned;
use ::toml::de::{DeTable, DeValue};
use proptest::prelude::*;

use super::read;
use crate::model::node::Node;

/// Everything that the format has, in a few lines each.
const SAMPLES: &[&str] = &[
    "a = 1\nb.c = 2\nb.d.e = 3 # note\n\"quoted key\" = 'x'\n'' = 1\n1.2 = 3\n",
    "[a]\nx = 1\n[a.b]\ny = 2\n[[rows]]\nz = 1\n[[rows]]\n[rows.sub]\nw = [1, [2, 3], {a = 1}]\n",
    "[x.y.z]\na = 1\n[x]\nb = 2\n",
    "i = [0, +1, -17, 1_000, 0xDEAD_beef, 0o17, 0b101]\nr = [1.5, -0.0, 1e3, 2E-2, 1_0.5e+1]\n",
    "b = [true, false,\n  # inside\n  true,\n]\nt = {a = 1, b.c = 2, b.d = \"x\", }\n",
    "s = \"\\b\\t\\n\\f\\r\\e\\\"\\\\ \\u00e9 \\U0001F600 \\x41\"\nl = 'C:\\x'\nü = 1\n",
    "m = \"\"\"\nfirst\nsecond \\\n   third \"\" quoted\"\"\"\"\nn = '''\nit's\n'''''\n",
    "d = [2025-01-31, 2025-01-31T07:32:00Z, 2025-01-31 07:32:00.125-07:00, 07:32:00, 07:32]\n",
    "p = [1979-05-27t07:32:00z, 1979-05-27T07:32, 2024-02-29T23:59:60+01:30]\r\nq = 1\r\n",
    "\u{feff}a = \"ü 🏔\"\n[tables.notes]\ncolumns.body = { type = \"text\", max = 500 }",
];

/// The tree that the `toml` crate reads, as JSON.
fn expected(text: &str) -> Option<serde_json::Value> {
    let (table, errors) = DeTable::parse_recoverable(text);
    errors.is_empty().then(|| table_to_json(text, table.get_ref())).flatten()
}

fn table_to_json(text: &str, table: &DeTable<'_>) -> Option<serde_json::Value> {
    let entries =
        table.iter().map(|(key, value)| Some((key.get_ref().to_string(), to_json(text, value)?)));
    entries.collect::<Option<_>>().map(serde_json::Value::Object)
}

/// None where a number is one that the model has no room for.
fn to_json(text: &str, value: &Spanned<DeValue<'_>>) -> Option<serde_json::Value> {
    Some(match value.get_ref() {
        DeValue::String(value) => value.to_string().into(),
        DeValue::Boolean(value) => (*value).into(),
        DeValue::Integer(number) => {
            i64::from_str_radix(number.as_str(), number.radix()).ok()?.into()
        }
        DeValue::Float(number) => {
            let number: f64 = number.as_str().parse().ok()?;
            number.is_finite().then_some(number)?.into()
        }
        // The crate writes the offset -00:00 as +00:00, and leaves out zeros.
        DeValue::Datetime(_) => text[value.span()].to_uppercase().replace(' ', "T").into(),
        DeValue::Array(items) => {
            items.iter().map(|item| to_json(text, item)).collect::<Option<_>>()?
        }
        DeValue::Table(table) => table_to_json(text, table)?,
    })
}

fn check(text: &str) {
    let found = read(text).ok().map(|node: Node| node.to_json());
    assert_eq!(found, expected(text), "{text:?}");
}

#[test]
fn reads_what_the_format_has() {
    for sample in SAMPLES {
        assert!(expected(sample).is_some() || sample.contains('ü'), "{sample}");
        check(sample);
    }
    for model in freehold_migrations::MODELS {
        check(model.model);
        model.seeds.iter().for_each(|(_, text)| check(text));
    }
}

#[test]
fn refuses_what_the_format_has_not() {
    for text in [
        "a = 1\na = 2",
        "[a]\n[a]",
        "a.b = 1\n[a]",
        "[a.b]\n[a]\nb.c = 1",
        "a = 1\n[a.b]",
        "[[a]]\n[a]",
        "[a]\n[[a]]",
        "a = []\n[[a]]",
        "a = {}\na.b = 1",
        "a = {b = 1}\n[a.c]",
        "a",
        "a =",
        "= 1",
        "a = 1 2",
        "[a",
        "[[a]",
        "[]",
        "a = [1 2]",
        "a = {b = 1",
        "a = [1,, 2]",
        "a = 01",
        "a = 1_",
        "a = 1__2",
        "a = .5",
        "a = 5.",
        "a = 1e",
        "a = 0x",
        "a = +0x1",
        "a = x",
        "a = 9223372036854775808",
        "a = inf",
        "a = -nan",
        "a = 1e999",
        "a = +true",
        "a = \"x",
        "a = 'x\n'",
        "a = \"\\q\"",
        "a = \"\\ud800\"",
        "a = \"\\u12\"",
        "a = \"\u{1}\"",
        "a = \"\"\"x",
        "# \u{1}",
        "a = 2025-02-30",
        "a = 25:00:00",
        "a = 07:32:00Z",
        "a\n= 1",
        "a = 1\rb = 2",
        "a = \"x\ny\"",
        "\"\"\"a\"\"\" = 1",
        "a = 2025-01-01T",
        "a = 2025-01-01T1",
    ] {
        assert!(expected(text).is_none(), "{text:?}");
        assert!(read(text).is_err(), "{text:?}");
    }
}

#[test]
fn names_every_mistake_with_its_place() {
    let text =
        "name = \nid = 1\nü = 1\n[tables.a]\nx = {a = 1,\n b = ?}\ny = 1\n[tables.a]\nz = \"x";
    let places: Vec<_> = read(text).expect_err("it is full of mistakes").into_iter().collect();
    let places: Vec<_> =
        places.iter().map(|p| (p.line.unwrap_or(0), p.column.unwrap_or(0), &*p.message)).collect();
    let value = "a value expected: a number, true, false, a time, or a text in quotes";
    assert_eq!(
        places,
        [
            (1, 8, value),
            (3, 1, "a key expected: letters, digits, _ and -, others in quotes"),
            (6, 6, value),
            (8, 9, "the key `a` stands twice"),
            (9, 5, "the text has no closing quote"),
        ]
    );
}

#[test]
fn refuses_what_lies_too_deep() {
    for deep in ["[".repeat(100_000), "{a=".repeat(100_000)] {
        assert!(read(&format!("a = {deep}")).is_err());
    }
    assert!(read(&format!("a{} = 1", ".a".repeat(100_000))).is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn differs_in_nothing_on_texts_with_mistakes(
        sample in 0..SAMPLES.len(),
        edits in prop::collection::vec(edit(), 1..3),
    ) {
        let mut text: Vec<char> = SAMPLES[sample].chars().collect();
        for (place, put, cut) in edits {
            let start = place.index(text.len() + 1);
            text.splice(start..(start + cut).min(text.len()), put.chars()).for_each(drop);
        }
        let text: String = text.into_iter().collect();
        // The crate takes `{a\n= 1}`, which the format has not.
        if read(&text).is_ok() || !text.contains('{') {
            check(&text);
        }
    }
}

/// A place, what is put there, and how many characters it replaces.
fn edit() -> impl Strategy<Value = (prop::sample::Index, String, usize)> {
    (any::<prop::sample::Index>(), "[a1\"'\\[\\]{}=.,#\n\\\\ _0eT:+-]{0,2}", 0..3_usize)
}
