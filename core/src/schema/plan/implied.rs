//! Which rules may existing rows break? Those that no rule they have kept so far implies.

use super::effect::Effect;
use super::rebuild::Copied;
use crate::model::real;
use crate::schema::fragment::Fragment;
use crate::schema::rules;
use crate::schema::types::*;
use crate::sql::{Token, TokenKind, quote, tokens};

pub(super) fn null_risk(table: &str, column: &str) -> Effect {
    Effect::risk(table, Some(column), "where it is NULL")
}

/// What a rebuild asks of rows that they have not kept so far.
pub(super) fn table_risks(
    from: &Schema,
    old: &TableSchema,
    new: &TableSchema,
    copied: &[Copied<'_>],
) -> Vec<Effect> {
    let mut risks = Vec::new();
    if new.strict && !old.strict {
        let message = "where a value is not of its column's type";
        risks.push(Effect::risk(&new.name, None, message));
    }
    for key in new.primary_key.iter().chain(&new.uniques) {
        let columns: Vec<&str> = key.columns.iter().map(|part| part.name.as_str()).collect();
        if !is_unique(from, old, &columns) {
            let message = format!("where ({}) stands twice", quote::names(&columns));
            risks.push(Effect::risk(&new.name, None, message));
        }
    }
    let fits = |column: &str| copied.iter().any(|copied| copied.name == column && copied.fits);
    for check in &new.checks {
        let is_form = new.columns.iter().filter(|column| fits(&column.name)).any(|column| {
            let mut forms = rules::FORMS.iter();
            forms.any(|(rule, _)| {
                rules::form_check(rule, &quote::name(&column.name)).as_ref() == Some(&check.expr)
            })
        });
        if !is_form {
            risks.extend(check_risk(old, new, check));
        }
    }
    let is_old = |key: &ForeignKeySchema| {
        let same = |known: &ForeignKeySchema| {
            known.columns == key.columns && known.table == key.table && known.to == key.to
        };
        old.foreign_keys.iter().any(same)
    };
    for key in new.foreign_keys.iter().filter(|key| !is_old(key)) {
        if key.columns.iter().any(|column| old.column(column).is_some()) {
            let message = format!(
                "where ({}) names no row of {}",
                quote::names(&key.columns),
                quote::name(&key.table)
            );
            risks.push(Effect::risk(&new.name, None, message));
        }
    }
    risks
}

/// Whether a check that comes may be broken.
pub(super) fn check_risk(
    old: &TableSchema,
    new: &TableSchema,
    check: &CheckSchema,
) -> Option<Effect> {
    let implied = old.checks.iter().any(|known| implies(&known.expr, &check.expr));
    // New columns alone hold their defaults, which keep the rules.
    let read: Vec<&ColumnSchema> =
        new.columns.iter().filter(|column| check.expr.mentions(&column.name)).collect();
    let is_new = read.iter().all(|column| old.column(&column.name).is_none());
    if implied || is_new {
        return None;
    }
    let column = match &read[..] {
        [column] => Some(column.name.as_str()),
        _ => None,
    };
    Some(Effect::risk(&new.name, column, format!("where it breaks {}", check.expr)))
}

/// Whether a unique index that comes may be broken.
pub(super) fn index_risk(from: &Schema, old: &TableSchema, index: &IndexSchema) -> Option<Effect> {
    if !index.unique || from.indexes.values().any(|known| is_same_key(known, index)) {
        return None;
    }
    let columns: Option<Vec<&str>> = index
        .terms
        .iter()
        .map(|term| {
            old.columns
                .iter()
                .map(|c| c.name.as_str())
                .find(|name| term.expr == Fragment::new(quote::name(name)))
        })
        .collect();
    if columns.is_some_and(|columns| is_unique(from, old, &columns)) {
        return None;
    }
    let terms: Vec<&str> = index.terms.iter().map(|term| term.expr.text()).collect();
    Some(Effect::risk(&index.table, None, format!("where ({}) stands twice", terms.join(", "))))
}

fn is_same_key(one: &IndexSchema, other: &IndexSchema) -> bool {
    one.unique
        && one.table == other.table
        && one.filter == other.filter
        && one.terms.iter().all(|term| other.terms.iter().any(|t| t.expr == term.expr))
}

/// Whether the rows so far are unique over these columns: a key of theirs has no others.
fn is_unique(from: &Schema, table: &TableSchema, columns: &[&str]) -> bool {
    let within =
        |key: &KeySchema| key.columns.iter().all(|part| columns.contains(&part.name.as_str()));
    let is_column =
        |term: &IndexTerm| columns.iter().any(|name| term.expr == Fragment::new(quote::name(name)));
    let mut indexes = from
        .indexes
        .values()
        .filter(|index| index.unique && index.table == table.name && index.filter.is_none());
    table.primary_key.iter().chain(&table.uniques).any(within)
        || indexes.any(|index| index.terms.iter().all(is_column))
}

/// Whether whatever keeps the one rule keeps the other. Knows lists and ranges; else says no.
fn implies(known: &Fragment, wanted: &Fragment) -> bool {
    let is_first_term = |known: &Fragment| {
        let term = wanted.canonical();
        !wanted.mentions("OR") && known.canonical().starts_with(&format!("{term} AND "))
    };
    if known == wanted || is_first_term(known) {
        return true;
    }
    match (Limits::read(known), Limits::read(wanted)) {
        (Some(known), Some(wanted)) => known.is_within(&wanted),
        _ => false,
    }
}

/// A rule of one of the forms `x IN (…)`, `x BETWEEN a AND b`, `x >= a`, `x <= b`, `x = a`.
struct Limits {
    subject: String,
    values: Values,
}

enum Values {
    List(Vec<String>),
    Range(f64, f64),
}

impl Limits {
    fn read(rule: &Fragment) -> Option<Limits> {
        let all: Vec<Token<'_>> = tokens(rule.text()).collect::<Result<_, _>>().ok()?;
        let mut depth = 0_i32;
        let at = all.iter().position(|token| {
            depth += i32::from(token.is("(")) - i32::from(token.is(")"));
            let compares = ["IN", "BETWEEN"].iter().any(|word| token.is_word(word))
                || [">=", "<=", "="].iter().any(|mark| token.is(mark));
            depth == 0 && compares
        })?;
        let subject = Fragment::new(rule.text().get(..all[at].offset)?.trim()).canonical();
        let number = |from: usize| -> Option<(f64, usize)> {
            let negative = all.get(from)?.is("-");
            let token = all.get(from + usize::from(negative))?;
            let value: f64 = (token.kind == TokenKind::Number).then(|| real(token.text))??;
            Some((if negative { -value } else { value }, from + 1 + usize::from(negative)))
        };
        let (values, end) = if all[at].is_word("IN") {
            let close = all.len() - 1;
            let items = all.get(at + 2..close)?.iter().filter(|token| !token.is(","));
            (Values::List(items.map(|token| token.text.to_owned()).collect()), all.len())
        } else if all[at].is_word("BETWEEN") {
            let (low, next) = number(at + 1)?;
            all.get(next)?.is_word("AND").then_some(())?;
            let (high, end) = number(next + 1)?;
            (Values::Range(low, high), end)
        } else {
            let (bound, end) = number(at + 1)?;
            let range = match all[at].text {
                ">=" => Values::Range(bound, f64::INFINITY),
                "<=" => Values::Range(f64::NEG_INFINITY, bound),
                _ => Values::Range(bound, bound),
            };
            (range, end)
        };
        (end == all.len()).then_some(Limits { subject, values })
    }

    fn is_within(&self, wider: &Limits) -> bool {
        let within = match (&self.values, &wider.values) {
            (Values::List(own), Values::List(others)) => {
                own.iter().all(|value| others.contains(value))
            }
            (Values::Range(low, high), Values::Range(least, most)) => least <= low && high <= most,
            _ => false,
        };
        within && self.subject == wider.subject
    }
}
