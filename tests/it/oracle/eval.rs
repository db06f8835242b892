//! A reading of the policies' language that shares nothing with the core's: it walks the tree over
//! rows in memory, with SQL's three-valued logic.

use std::cmp::Ordering;

use freehold_core::model::expr::{Comparison, Expr};
use freehold_core::model::{Column, Kind, Table};
use serde_json::Value;

use super::world::{Row, Who, World};

/// A value of the language. Numbers are counted in billionths, so that decimals are exact.
#[derive(Debug, Clone, PartialEq)]
pub enum Known {
    Null,
    Text(String),
    Number(i128),
    Truth(bool),
}

const UNIT: f64 = 1_000_000_000.0;

/// Where an expression is read: the row, its table, and the arguments of the predicate.
#[derive(Clone, Copy)]
pub struct Place<'p> {
    pub table: &'p Table,
    pub row: &'p Row,
    pub arguments: &'p [(String, Known)],
}

impl<'p> Place<'p> {
    pub fn of(table: &'p Table, row: &'p Row) -> Place<'p> {
        Place { table, row, arguments: &[] }
    }
}

/// Whether a condition holds: neither false nor unknown.
pub fn holds(world: &World, who: &Who, expr: &Expr, place: Place<'_>) -> bool {
    eval(world, who, expr, place) == Known::Truth(true)
}

pub fn eval(world: &World, who: &Who, expr: &Expr, place: Place<'_>) -> Known {
    let again = |expr: &Expr| eval(world, who, expr, place);
    let text = |text: &Option<String>| text.clone().map_or(Known::Null, Known::Text);
    match expr {
        Expr::Column(name) => match place.arguments.iter().find(|(argument, _)| argument == name) {
            Some((_, value)) => value.clone(),
            None => stored(place.table.column(name).unwrap(), place.row.get(name)),
        },
        Expr::Text(text) => Known::Text(text.clone()),
        Expr::Integer(number) => Known::Number(i128::from(*number) * UNIT as i128),
        Expr::Real(number) => Known::Number((number * UNIT).round() as i128),
        Expr::Boolean(truth) => Known::Truth(*truth),
        Expr::Null => Known::Null,
        Expr::Compare(comparison, left, right) => compare(*comparison, &again(left), &again(right)),
        Expr::IsNull(inner, negated) => Known::Truth((again(inner) == Known::Null) != *negated),
        Expr::And(terms) => junction(terms.iter().map(again), false),
        Expr::Or(terms) => junction(terms.iter().map(again), true),
        Expr::Not(inner) => match again(inner) {
            Known::Truth(truth) => Known::Truth(!truth),
            _ => Known::Null,
        },
        Expr::InList(inner, items) => among(&again(inner), items.iter().map(again).collect()),
        Expr::InSelect(inner, select) => {
            let table = world.model.table(&select.table).unwrap();
            let column = table.column(&select.column).unwrap();
            let selected = world.within(who, table).filter(|row| {
                let inner = Place { table, row, ..place };
                select.condition.as_ref().is_none_or(|c| holds(world, who, c, inner))
            });
            let selected = selected.map(|row| stored(column, row.get(&column.name))).collect();
            among(&again(inner), selected)
        }
        Expr::Lower(inner) => match again(inner) {
            Known::Text(text) => Known::Text(text.to_ascii_lowercase()),
            other => other,
        },
        Expr::Coalesce(items) => {
            items.iter().map(again).find(|value| *value != Known::Null).unwrap_or(Known::Null)
        }
        Expr::AuthUser => text(&who.user),
        Expr::AuthTenant => text(&who.tenant),
        Expr::AuthRole => text(&who.role),
        Expr::AuthKey => text(&who.key),
        Expr::HasPermission(name) => Known::Truth(who.permissions.contains(name)),
        Expr::Predicate(name, given) => {
            let predicate = world.model.predicates.iter().find(|p| p.name == *name).unwrap();
            let given = given.iter().map(again);
            let arguments: Vec<_> = predicate.arguments.iter().cloned().zip(given).collect();
            eval(world, who, &predicate.body, Place { arguments: &arguments, ..place })
        }
    }
}

/// What the API shows of a column, as a value of the language.
fn stored(column: &Column, value: Option<&Value>) -> Known {
    match value {
        None | Some(Value::Null) => Known::Null,
        Some(Value::Bool(truth)) => Known::Truth(*truth),
        Some(Value::Number(number)) => {
            Known::Number((number.as_f64().unwrap() * UNIT).round() as i128)
        }
        Some(Value::String(text)) => match column.kind {
            Kind::Decimal { .. } | Kind::BigInt => {
                Known::Number((text.parse::<f64>().unwrap() * UNIT).round() as i128)
            }
            _ => Known::Text(text.clone()),
        },
        Some(json) => Known::Text(json.to_string()),
    }
}

fn compare(comparison: Comparison, left: &Known, right: &Known) -> Known {
    let order = match (left, right) {
        (Known::Null, _) | (_, Known::Null) => return Known::Null,
        (Known::Text(left), Known::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Known::Number(left), Known::Number(right)) => left.cmp(right),
        (Known::Truth(left), Known::Truth(right)) => left.cmp(right),
        mixed => panic!("the checker lets nobody compare {mixed:?}"),
    };
    Known::Truth(match comparison {
        Comparison::Equal => order == Ordering::Equal,
        Comparison::NotEqual => order != Ordering::Equal,
        Comparison::Less => order == Ordering::Less,
        Comparison::LessOrEqual => order != Ordering::Greater,
        Comparison::Greater => order == Ordering::Greater,
        Comparison::GreaterOrEqual => order != Ordering::Less,
    })
}

/// AND, or with `or` OR: one deciding value decides, else one unknown leaves it unknown.
fn junction(values: impl Iterator<Item = Known>, or: bool) -> Known {
    let mut unknown = false;
    for value in values {
        match value {
            Known::Truth(truth) if truth == or => return Known::Truth(or),
            Known::Truth(_) => {}
            _ => unknown = true,
        }
    }
    if unknown { Known::Null } else { Known::Truth(!or) }
}

fn among(wanted: &Known, list: Vec<Known>) -> Known {
    junction(list.iter().map(|item| compare(Comparison::Equal, wanted, item)), true)
}
