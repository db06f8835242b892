//! Random rows for validation: mostly right, often at the edge of a rule, sometimes nonsense.

use freehold_core::model::{Bound, Column, Format, Kind, Model, Shape, Table};
use serde_json::{Map, Value, json};

use crate::oracle::generate::Dice;

/// A row that has each column with this chance.
pub fn row(dice: &mut Dice, model: &Model, table: &Table, percent: usize) -> Map<String, Value> {
    let mut row = Map::new();
    let is_careful = dice.percent(60);
    for column in &table.columns {
        if is_careful && column.auto.is_some() || !dice.percent(percent) {
            let is_needed = column.default.is_none() && column.auto.is_none() && !column.optional;
            if !(is_careful && is_needed && percent > 50) {
                continue;
            }
        }
        let is_wild = dice.percent(if is_careful { 1 } else { 25 });
        let value = if is_wild { nonsense(dice) } else { value(dice, model, column, is_careful) };
        row.insert(column.name.clone(), value);
    }
    if !is_careful && dice.percent(10) {
        row.insert("no_such_column".to_owned(), nonsense(dice));
    }
    row
}

/// One of a few ids, so that rows have some in common.
pub fn id(dice: &mut Dice) -> String {
    format!("01941f29-7c00-7000-8000-00000000000{:x}", dice.below(16))
}

fn value(dice: &mut Dice, model: &Model, column: &Column, is_careful: bool) -> Value {
    if column.optional && dice.percent(15) {
        return Value::Null;
    }
    if !column.array {
        return scalar(dice, model, column, is_careful);
    }
    let bounds = (column.rules.min, column.rules.max);
    let (least, most) = match bounds {
        (min, Some(Bound::Integer(max))) => (lowest(min), max),
        (min, _) => (lowest(min), lowest(min) + 3),
    };
    let (least, most) = if is_careful { (least, most) } else { (least - 1, most + 1) };
    let count = least + dice.below((most - least + 1).max(1) as usize) as i64;
    (0..count.min(20)).map(|_| scalar(dice, model, column, is_careful)).collect()
}

fn lowest(min: Option<Bound>) -> i64 {
    match min {
        Some(Bound::Integer(min)) => min,
        _ => 0,
    }
}

fn scalar(dice: &mut Dice, model: &Model, column: &Column, is_careful: bool) -> Value {
    let takes_right = is_careful || dice.percent(40);
    let mut pick = |right: &[Value], wrong: &[Value]| {
        let list = if takes_right { right } else { wrong };
        dice.pick(list).cloned().unwrap_or(Value::Null)
    };
    match &column.kind {
        Kind::Text => text(dice, column, is_careful),
        Kind::Integer | Kind::BigInt | Kind::Decimal { .. } | Kind::Real => {
            number(dice, column, is_careful)
        }
        Kind::Boolean => pick(&[json!(true), json!(false)], &[json!(1), json!("true")]),
        Kind::Uuid if takes_right => id(dice).into(),
        Kind::Uuid => json!("01941F29-7C00-7000-8000-0000000000AB-"),
        Kind::Timestamp => pick(
            &[json!("2025-01-31T09:30:00Z"), json!("2031-12-31T23:59:59.999+02:00")],
            &[json!("2025-02-30T09:30:00Z"), json!("2025-01-31"), json!(1_760_000_000)],
        ),
        Kind::Date => pick(
            &[json!("2024-02-29"), json!("2025-01-31"), json!("1999-12-31")],
            &[json!("2025-02-29"), json!("2025-1-1"), json!("2025-01-31T00:00:00Z")],
        ),
        Kind::Time => pick(
            &[json!("09:30"), json!("23:59:59.5")],
            &[json!("24:00"), json!("9:30"), json!("09:30:00+01:00")],
        ),
        Kind::Json { shape: Shape::Any } => nonsense(dice),
        Kind::Json { shape: Shape::Object } => {
            pick(&[json!({}), json!({ "a": [1, 2.5, "é"], "b": null })], &[json!([]), json!(5)])
        }
        Kind::Json { shape: Shape::Array } => {
            pick(&[json!([]), json!([1, { "a": true }])], &[json!({}), json!("[]")])
        }
        Kind::Blob => pick(
            &[json!("AQID"), json!("AQ=="), json!("/+8=")],
            &[json!(""), json!("AQI"), json!("AQJ="), json!("AQIDBAUGBwgJCgsMDQ4P"), json!([1])],
        ),
        Kind::Enum { name } => {
            let values: Vec<Value> =
                model.enum_values(name).iter().map(|value| value.clone().into()).collect();
            pick(&values, &[json!("none of them"), json!("")])
        }
    }
}

fn number(dice: &mut Dice, column: &Column, is_careful: bool) -> Value {
    let scale = match column.kind {
        Kind::Decimal { scale, .. } => scale,
        _ => 0,
    };
    let bound = |bound: Option<Bound>, otherwise: i64| match bound {
        Some(Bound::Integer(bound)) if !column.array => bound,
        Some(Bound::Real(bound)) => bound as i64,
        _ => otherwise,
    };
    let least = bound(column.rules.min, -50);
    let most = bound(column.rules.max, least.saturating_add(2000)).max(least);
    if !is_careful && dice.percent(20) {
        let odd = [
            json!(1e300),
            json!(-0.0),
            json!(0.1),
            json!(9_007_199_254_740_993_i64),
            json!(u64::MAX),
            json!("9223372036854775808"),
            json!("1.0000001"),
            json!("99999999999999.99"),
            json!("-"),
            json!("12,5"),
        ];
        return dice.pick(&odd).cloned().unwrap_or_default();
    }
    let around = if is_careful { 0 } else { 2 };
    let span = most.saturating_sub(least).saturating_add(2 * around + 1).clamp(1, 1_000_000);
    let stored = (least - around).saturating_add(dice.below(span as usize) as i64);
    match column.kind {
        Kind::Decimal { .. } => {
            let unit = 10_i64.pow(scale);
            let sign = if stored < 0 { "-" } else { "" };
            let (whole, rest) = ((stored / unit).abs(), (stored % unit).abs());
            let digits = scale as usize;
            let point = if digits == 0 { String::new() } else { format!(".{rest:0digits$}") };
            format!("{sign}{whole}{point}").into()
        }
        Kind::BigInt if dice.percent(50) => stored.to_string().into(),
        Kind::Real => (stored as f64 + 0.25).into(),
        _ => stored.into(),
    }
}

fn text(dice: &mut Dice, column: &Column, is_careful: bool) -> Value {
    if let Some(format) = column.rules.format {
        let (right, wrong) = samples(format);
        let list = if is_careful || dice.percent(50) { right } else { wrong };
        return dice.pick(list).copied().unwrap_or_default().into();
    }
    let least = lowest(column.rules.min).max(1);
    let most = match column.rules.max {
        Some(Bound::Integer(max)) => max,
        _ => least + 30,
    };
    let edge = if is_careful { most } else { most + 1 };
    let length = match dice.below(3) {
        0 => least - i64::from(!is_careful),
        1 => edge,
        _ => (least + most) / 2,
    };
    let letters: &[char] = match (is_careful, column.rules.pattern.is_some()) {
        (true, _) => &['a', 'b', 'c', 'd', 'e'],
        (false, true) => &['a', 'b', 'é', '9', '-', ' '],
        (false, false) => &['a', 'Z', 'é', '漢', '\'', '\n', '😀', '_'],
    };
    let letter = |_| dice.pick(letters).copied().unwrap_or('a');
    (0..length.clamp(0, 40).max(if length > 40 && !is_careful { length.min(400) } else { 0 }))
        .map(letter)
        .collect::<String>()
        .into()
}

fn samples(format: Format) -> (&'static [&'static str], &'static [&'static str]) {
    match format {
        Format::Email => (&["a@b.c", "ann.o-x+1@example.org"], &["a@", "@b", "a b@c.d", "ä@b.c"]),
        Format::Url => {
            (&["https://example.org/a?b#c", "ftp://x"], &["example.org", "http://", "a:b"])
        }
        Format::Slug => (&["a", "a-b-9"], &["", "-a", "a--b", "A", "a_b"]),
        Format::Hostname => (&["example.org", "a-b.c"], &["-a.b", "a..b", "a_b"]),
        Format::Ip => (&["127.0.0.1", "::1", "2001:db8::8a2e"], &["256.1.1.1", "1.2.3", ":::"]),
        Format::Semver => (&["1.2.3", "1.0.0-rc.1+build"], &["1.2", "01.2.3", "v1.2.3"]),
        Format::Mime => (&["image/png", "application/ld+json"], &["image", "/png", "a/b/c"]),
        Format::Color => (&["#a1b2c3", "#FFFFFF"], &["a1b2c3", "#12", "#gggggg"]),
        Format::Timezone => (&["Europe/Berlin", "UTC"], &["Europe/", "+01:00", "Nowhere!"]),
        Format::Phone => (&["+4930123456", "+15551234567"], &["030 123", "+0", "15551234567"]),
    }
}

/// Changes one member of a JSON value, somewhere in it.
pub fn spoil(dice: &mut Dice, value: &mut Value) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            let at = dice.below(members.len());
            let name = members.keys().nth(at).cloned().unwrap_or_default();
            match dice.below(12) {
                0 => drop(members.shift_remove(&name)),
                1 => drop(members.insert(name, nonsense(dice))),
                2 => drop(members.insert("to".to_owned(), name.into())),
                _ => spoil(dice, &mut members[&name]),
            }
        }
        Value::Array(items) if !items.is_empty() => {
            let at = dice.below(items.len());
            spoil(dice, &mut items[at]);
        }
        _ => *value = nonsense(dice),
    }
}

/// Any JSON.
fn nonsense(dice: &mut Dice) -> Value {
    if dice.percent(2) {
        return (0..104).fold(json!(1), |inner, _| json!([inner]));
    }
    let list = [
        json!(null),
        json!(true),
        json!(0),
        json!(-1.5),
        json!(1e21),
        json!(""),
        json!("nul\0inside"),
        json!("text"),
        json!("😀é"),
        json!([]),
        json!([null, 1, "a"]),
        json!({}),
        json!({ "": { "deep": [1.5e-7, "\u{1F}"] } }),
    ];
    dice.pick(&list).cloned().unwrap_or_default()
}
