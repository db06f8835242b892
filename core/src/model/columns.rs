//! A column's rules: which of them fit its type, and in which unit.

use super::problems::Problems;
use super::spec::ColumnSpec;
use super::{Auto, Bound, Column, Kind, Rules};

/// 2^53 − 1: the largest integer that every host's numbers hold exactly.
pub(super) const INTEGER_MAX: i64 = 9_007_199_254_740_991;

pub(super) fn resolve_column(spec: &ColumnSpec, kind: Kind, problems: &mut Problems<'_>) -> Column {
    check_options(spec, &kind, problems);
    let rules = Rules {
        min: spec.min.and_then(|min| bound(spec, &kind, "min", min, problems)),
        max: spec.max.and_then(|max| bound(spec, &kind, "max", max, problems)),
        pattern: spec.pattern.clone(),
        format: spec.format,
    };
    let is_above = match (rules.min, rules.max) {
        (Some(Bound::Integer(min)), Some(Bound::Integer(max))) => min > max,
        (Some(Bound::Real(min)), Some(Bound::Real(max))) => min > max,
        _ => false,
    };
    if is_above {
        problems.add(&format!("{}.min", spec.path), "bad_bound", "`min` is above `max`");
    }
    if let Some(pattern) = &spec.pattern
        && let Err(message) = super::pattern::check(pattern)
    {
        problems.add(&format!("{}.pattern", spec.path), "bad_pattern", message);
    }
    Column {
        name: spec.name.clone(),
        id: spec.id.clone().unwrap_or_else(|| spec.name.clone()),
        doc: spec.doc.clone(),
        kind,
        array: spec.array,
        optional: spec.optional,
        default: spec.default.clone(),
        auto: spec.auto,
        rules,
        encrypted: spec.encrypted,
        blind_index: spec.blind_index,
        secret: spec.secret,
        write: spec.write.unwrap_or_default(),
    }
}

fn check_options(spec: &ColumnSpec, kind: &Kind, problems: &mut Problems<'_>) {
    let mut needs = |fits: bool, key: &str, message: &str| {
        if !fits {
            problems.add(&format!("{}.{key}", spec.path), "does_not_fit", message);
        }
    };
    let is = |name: &str| spec.type_name == name;
    let is_text = *kind == Kind::Text && (!is("ref"));
    needs(spec.of.is_none() || is("enum"), "of", "`of` goes with type = \"enum\"");
    needs(spec.of.is_some() || !is("enum"), "type", "an enum needs `of`, its name");
    needs(spec.to.is_none() || is("ref"), "to", "`to` goes with type = \"ref\"");
    needs(spec.to.is_some() || !is("ref"), "type", "a ref needs `to`, a table");
    needs(!(is("ref") && spec.array), "type", "references have no arrays; use a link");
    needs(spec.on_delete.is_none() || is("ref"), "on_delete", "goes with type = \"ref\"");
    needs(spec.shape.is_none() || is("json"), "shape", "`shape` goes with type = \"json\"");
    needs(spec.precision.is_none() || is("decimal"), "precision", "goes with a decimal");
    needs(spec.scale.is_none() || is("decimal"), "scale", "goes with a decimal");
    needs(spec.pattern.is_none() || is_text, "pattern", "a pattern goes with text");
    needs(spec.format.is_none() || is_text, "format", "a format goes with text");
    let auto_fits = match spec.auto {
        Some(Auto::Id) => *kind == Kind::Uuid && !spec.array,
        Some(Auto::Created | Auto::Updated) => *kind == Kind::Timestamp && !spec.array,
        Some(Auto::User) => is("ref"),
        None => true,
    };
    needs(
        auto_fits,
        "auto",
        "\"id\" goes with a uuid, \"user\" with a ref, \"created\" and \"updated\" with a \
         timestamp",
    );
    let filled_twice = spec.auto.is_some() && spec.default.is_some();
    needs(!filled_twice, "default", "a column has either `auto` or a `default`");
    needs(!spec.blind_index || spec.encrypted, "blind_index", "goes with `encrypted`");
    let comparable = matches!(kind, Kind::Text | Kind::Blob) && !spec.array;
    needs(!spec.blind_index || comparable, "blind_index", "goes with text and blob, no arrays");
    let encryptable = matches!(kind, Kind::Text | Kind::Json { .. } | Kind::Blob);
    needs(!spec.encrypted || encryptable, "encrypted", "goes with text, json and blob");
    let set_default = spec.encrypted && spec.default.is_some();
    needs(!set_default, "default", "an encrypted column has no default");
}

/// A bound in the unit in which the column is stored, exact where the type is.
fn bound(
    spec: &ColumnSpec,
    kind: &Kind,
    key: &str,
    given: Bound,
    problems: &mut Problems<'_>,
) -> Option<Bound> {
    let path = format!("{}.{key}", spec.path);
    let counts = spec.array || matches!(kind, Kind::Text | Kind::Blob);
    let scale = match kind {
        _ if counts => 0,
        Kind::Decimal { scale, .. } => *scale,
        Kind::Integer | Kind::BigInt => 0,
        Kind::Real => {
            return Some(match given {
                Bound::Integer(whole) => Bound::Real(whole as f64),
                real => real,
            });
        }
        _ => {
            let message = format!("type `{}` has no `{key}`", spec.type_name);
            problems.add(&path, "does_not_fit", message);
            return None;
        }
    };
    let whole = match given {
        Bound::Integer(whole) => whole.checked_mul(10_i64.saturating_pow(scale)),
        Bound::Real(value) => {
            let scaled = value * 10_f64.powi(scale as i32);
            let whole = scaled.round();
            let is_exact = (whole - scaled).abs() <= 1e-6 && whole.abs() <= INTEGER_MAX as f64;
            is_exact.then_some(whole as i64)
        }
    };
    let fits = |whole: &i64| *kind != Kind::Integer || whole.abs() <= INTEGER_MAX;
    match whole.filter(fits) {
        Some(length) if counts && length < 0 => {
            problems.add(&path, "bad_bound", "a length is never below 0");
            None
        }
        Some(whole) => Some(Bound::Integer(whole)),
        None => {
            problems.add(&path, "bad_bound", "the bound is finer or larger than the type");
            None
        }
    }
}
