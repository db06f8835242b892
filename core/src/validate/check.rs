//! Cross-field rules, evaluated on storage values exactly as SQLite evaluates them.
//!
//! SQLite's three-valued logic, its order of storage classes and its comparison affinities
//! (<https://www.sqlite.org/datatype3.html>, section 4) are reproduced for what rules can say.
//! Where a rule needs what is not reproduced (turning a real number into text, blobs as text,
//! SELECT, the actor), the answer is "unknown" and SQLite's own CHECK decides.

use std::borrow::Cow;
use std::cmp::Ordering;

use crate::model::expr::{Comparison, Expr};
use crate::model::{Kind, real};
use crate::validate::field::Field;
use crate::value::SqlValue;

/// An expression over a row's storage values, columns by position.
#[derive(Debug)]
pub(crate) enum Node {
    Column(usize),
    Constant(SqlValue<'static>),
    Compare(Comparison, Affinity, Box<Node>, Box<Node>),
    IsNull(Box<Node>, bool),
    And(Vec<Node>),
    Or(Vec<Node>),
    Not(Box<Node>),
    InList(Affinity, Box<Node>, Vec<Node>),
    Lower(Box<Node>),
    Coalesce(Vec<Node>),
}

/// What a comparison does to its operands first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Affinity {
    /// Nothing.
    None,
    /// Nothing, since one side is a blob column.
    Blob,
    /// Numbers become text where the other operand is text.
    Text,
    /// Text that looks like a number becomes one.
    Numeric,
}

/// Compiles an expression over a table's columns; None where it needs more than the row.
pub(crate) fn compile(expr: &Expr, fields: &[Field]) -> Option<Node> {
    let one = |expr: &Expr| compile(expr, fields).map(Box::new);
    let many =
        |exprs: &[Expr]| exprs.iter().map(|expr| compile(expr, fields)).collect::<Option<Vec<_>>>();
    Some(match expr {
        Expr::Column(name) => {
            let position = fields.iter().position(|field| field.name == *name)?;
            if fields[position].encrypted {
                return None;
            }
            Node::Column(position)
        }
        Expr::Text(text) => Node::Constant(text.clone().into()),
        Expr::Integer(integer) => Node::Constant(SqlValue::Integer(*integer)),
        Expr::Real(real) => Node::Constant(SqlValue::Real(*real)),
        Expr::Boolean(flag) => Node::Constant(SqlValue::Integer(i64::from(*flag))),
        Expr::Null => Node::Constant(SqlValue::Null),
        Expr::Compare(comparison, left, right) => {
            let affinity = affinity_of_two(affinity(left, fields), affinity(right, fields));
            Node::Compare(*comparison, affinity, one(left)?, one(right)?)
        }
        Expr::IsNull(operand, negated) => Node::IsNull(one(operand)?, *negated),
        Expr::And(operands) => Node::And(many(operands)?),
        Expr::Or(operands) => Node::Or(many(operands)?),
        Expr::Not(operand) => Node::Not(one(operand)?),
        Expr::InList(left, items) => Node::InList(affinity(left, fields), one(left)?, many(items)?),
        Expr::Lower(operand) => Node::Lower(one(operand)?),
        Expr::Coalesce(operands) => Node::Coalesce(many(operands)?),
        Expr::InSelect(..)
        | Expr::AuthUser
        | Expr::AuthTenant
        | Expr::AuthRole
        | Expr::AuthKey
        | Expr::HasPermission(_)
        | Expr::Predicate(..) => return None,
    })
}

/// The positions of the columns that an expression reads, each once.
pub(crate) fn columns(node: &Node, found: &mut Vec<usize>) {
    match node {
        Node::Column(position) => {
            if !found.contains(position) {
                found.push(*position);
            }
        }
        Node::Constant(_) => {}
        Node::Compare(_, _, left, right) => {
            columns(left, found);
            columns(right, found);
        }
        Node::IsNull(operand, _) | Node::Not(operand) | Node::Lower(operand) => {
            columns(operand, found);
        }
        Node::And(operands) | Node::Or(operands) | Node::Coalesce(operands) => {
            operands.iter().for_each(|operand| columns(operand, found));
        }
        Node::InList(_, left, items) => {
            columns(left, found);
            items.iter().for_each(|item| columns(item, found));
        }
    }
}

/// Whether a rule is broken: it is false, as SQLite's CHECK sees it. NULL and unknown pass.
pub(crate) fn is_broken(node: &Node, row: &[SqlValue<'_>]) -> bool {
    truth(node, row) == Answer::Known(Some(false))
}

/// Whether the rule can be judged here for this row.
#[cfg(test)]
pub(crate) fn is_told(node: &Node, row: &[SqlValue<'_>]) -> bool {
    truth(node, row) != Answer::Unknown
}

/// An answer, or none where SQLite has to decide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Answer<T> {
    Known(T),
    Unknown,
}

/// Three-valued logic: None is NULL.
type Truth = Answer<Option<bool>>;

fn truth(node: &Node, row: &[SqlValue<'_>]) -> Truth {
    match node {
        Node::Compare(comparison, affinity, left, right) => {
            let (Answer::Known(left), Answer::Known(right)) = (value(left, row), value(right, row))
            else {
                return Answer::Unknown;
            };
            compare(left, right, *affinity, |ordering| holds(*comparison, ordering))
        }
        Node::IsNull(operand, negated) => match value(operand, row) {
            Answer::Known(operand) => Answer::Known(Some(operand.is_null() != *negated)),
            Answer::Unknown => Answer::Unknown,
        },
        Node::And(operands) => fold(operands, row, false),
        Node::Or(operands) => fold(operands, row, true),
        Node::Not(operand) => match truth(operand, row) {
            Answer::Known(answer) => Answer::Known(answer.map(|flag| !flag)),
            Answer::Unknown => Answer::Unknown,
        },
        Node::InList(affinity, left, items) => in_list(left, items, *affinity, row),
        Node::Column(_) | Node::Constant(_) | Node::Lower(_) | Node::Coalesce(_) => {
            match value(node, row) {
                Answer::Known(value) => truth_of(&value),
                Answer::Unknown => Answer::Unknown,
            }
        }
    }
}

/// AND (`decisive` false) or OR (`decisive` true).
fn fold(operands: &[Node], row: &[SqlValue<'_>], decisive: bool) -> Truth {
    let mut answer = Answer::Known(Some(!decisive));
    for operand in operands {
        match truth(operand, row) {
            Answer::Known(Some(flag)) if flag == decisive => return Answer::Known(Some(flag)),
            Answer::Known(Some(_)) => {}
            Answer::Known(None) if answer != Answer::Unknown => answer = Answer::Known(None),
            Answer::Known(None) => {}
            Answer::Unknown => answer = Answer::Unknown,
        }
    }
    answer
}

fn in_list(left: &Node, items: &[Node], affinity: Affinity, row: &[SqlValue<'_>]) -> Truth {
    if items.is_empty() {
        return Answer::Known(Some(false));
    }
    let Answer::Known(left) = value(left, row) else {
        return Answer::Unknown;
    };
    let mut answer = Answer::Known(Some(false));
    for item in items {
        let equal = match value(item, row) {
            Answer::Known(item) => compare(left.borrowed(), item, affinity, Ordering::is_eq),
            Answer::Unknown => Answer::Unknown,
        };
        match equal {
            Answer::Known(Some(true)) => return equal,
            Answer::Known(Some(false)) => {}
            Answer::Known(None) if answer == Answer::Unknown => {}
            _ => answer = equal,
        }
    }
    answer
}

fn value<'v>(node: &'v Node, row: &'v [SqlValue<'_>]) -> Answer<SqlValue<'v>> {
    match node {
        Node::Column(position) => Answer::Known(row[*position].borrowed()),
        Node::Constant(constant) => Answer::Known(constant.borrowed()),
        Node::Lower(operand) => match value(operand, row) {
            Answer::Known(SqlValue::Text(text)) => {
                Answer::Known(SqlValue::Text(Cow::Owned(text.to_ascii_lowercase())))
            }
            Answer::Known(SqlValue::Integer(integer)) => Answer::Known(integer.to_string().into()),
            Answer::Known(SqlValue::Null) => Answer::Known(SqlValue::Null),
            _ => Answer::Unknown,
        },
        Node::Coalesce(operands) => {
            for operand in operands {
                match value(operand, row) {
                    Answer::Known(SqlValue::Null) => {}
                    other => return other,
                }
            }
            Answer::Known(SqlValue::Null)
        }
        _ => match truth(node, row) {
            Answer::Known(Some(flag)) => Answer::Known(SqlValue::Integer(i64::from(flag))),
            Answer::Known(None) => Answer::Known(SqlValue::Null),
            Answer::Unknown => Answer::Unknown,
        },
    }
}

fn truth_of(value: &SqlValue<'_>) -> Truth {
    match value {
        SqlValue::Null => Answer::Known(None),
        SqlValue::Integer(integer) => Answer::Known(Some(*integer != 0)),
        SqlValue::Real(real) => Answer::Known(Some(*real != 0.0)),
        SqlValue::Text(text) => Answer::Known(Some(number_prefix(text) != 0.0)),
        SqlValue::Blob(_) => Answer::Unknown,
    }
}

fn compare(
    left: SqlValue<'_>,
    right: SqlValue<'_>,
    affinity: Affinity,
    holds: impl Fn(Ordering) -> bool,
) -> Truth {
    let (left, right) = match affinity {
        Affinity::Numeric => (numeric(left), numeric(right)),
        Affinity::Text => match (left, right) {
            (SqlValue::Text(_), SqlValue::Real(_)) | (SqlValue::Real(_), SqlValue::Text(_)) => {
                return Answer::Unknown;
            }
            (SqlValue::Text(left), SqlValue::Integer(right)) => {
                (SqlValue::Text(left), right.to_string().into())
            }
            (SqlValue::Integer(left), SqlValue::Text(right)) => {
                (left.to_string().into(), SqlValue::Text(right))
            }
            same => same,
        },
        Affinity::None | Affinity::Blob => (left, right),
    };
    Answer::Known(order(&left, &right).map(holds))
}

/// SQLite's order: numbers, then text, then blobs; None where either is NULL.
fn order(left: &SqlValue<'_>, right: &SqlValue<'_>) -> Option<Ordering> {
    use SqlValue::{Blob, Integer, Null, Real, Text};
    Some(match (left, right) {
        (Null, _) | (_, Null) => return None,
        (Integer(left), Integer(right)) => left.cmp(right),
        (Integer(left), Real(right)) => order_mixed(*left, *right),
        (Real(left), Integer(right)) => order_mixed(*right, *left).reverse(),
        (Real(left), Real(right)) => left.partial_cmp(right)?,
        (Text(left), Text(right)) => left.as_bytes().cmp(right.as_bytes()),
        (Blob(left), Blob(right)) => left.cmp(right),
        (Integer(_) | Real(_), Text(_) | Blob(_)) | (Text(_), Blob(_)) => Ordering::Less,
        (Text(_) | Blob(_), Integer(_) | Real(_)) | (Blob(_), Text(_)) => Ordering::Greater,
    })
}

/// An integer against a double, exactly: no rounding of the integer decides.
fn order_mixed(integer: i64, real: f64) -> Ordering {
    const BEYOND: f64 = 9_223_372_036_854_775_808.0;
    if real < -BEYOND {
        return Ordering::Greater;
    }
    if real >= BEYOND {
        return Ordering::Less;
    }
    integer.cmp(&(real.trunc() as i64)).then(0.0_f64.total_cmp(&(real.fract() + 0.0)))
}

fn holds(comparison: Comparison, ordering: Ordering) -> bool {
    match comparison {
        Comparison::Equal => ordering.is_eq(),
        Comparison::NotEqual => ordering.is_ne(),
        Comparison::Less => ordering.is_lt(),
        Comparison::LessOrEqual => ordering.is_le(),
        Comparison::Greater => ordering.is_gt(),
        Comparison::GreaterOrEqual => ordering.is_ge(),
    }
}

/// The affinity of an operand: columns have their type's, everything else none.
fn affinity(expr: &Expr, fields: &[Field]) -> Affinity {
    let Expr::Column(name) = expr else {
        return Affinity::None;
    };
    match fields.iter().find(|field| field.name == *name) {
        Some(field) if field.array => Affinity::Text,
        Some(field) => match field.kind {
            Kind::Integer | Kind::BigInt | Kind::Decimal { .. } | Kind::Boolean | Kind::Real => {
                Affinity::Numeric
            }
            Kind::Blob => Affinity::Blob,
            Kind::Text
            | Kind::Uuid
            | Kind::Timestamp
            | Kind::Date
            | Kind::Time
            | Kind::Json { .. }
            | Kind::Enum { .. } => Affinity::Text,
        },
        None => Affinity::None,
    }
}

/// What a comparison of operands with these affinities does.
fn affinity_of_two(left: Affinity, right: Affinity) -> Affinity {
    match (left, right) {
        (Affinity::None, other) | (other, Affinity::None) => other,
        (Affinity::Numeric, _) | (_, Affinity::Numeric) => Affinity::Numeric,
        _ => Affinity::Blob,
    }
}

/// A text that is wholly a number becomes that number.
fn numeric(value: SqlValue<'_>) -> SqlValue<'_> {
    let SqlValue::Text(text) = &value else {
        return value;
    };
    let trimmed = text.trim_matches(is_space);
    let digits = number_length(trimmed);
    if digits == 0 || digits != trimmed.len() {
        return value;
    }
    match trimmed.parse::<i64>() {
        Ok(integer) => SqlValue::Integer(integer),
        Err(_) => real(trimmed).map_or(value, SqlValue::Real),
    }
}

/// The number that a text starts with, or 0.
fn number_prefix(text: &str) -> f64 {
    let text = text.trim_start_matches(is_space);
    real(&text[..number_length(text)]).unwrap_or(0.0)
}

fn is_space(character: char) -> bool {
    matches!(character, ' ' | '\t' | '\n' | '\x0B' | '\x0C' | '\r')
}

/// How many bytes at the start of a text are a number: sign, digits, point, exponent.
fn number_length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits_from =
        |start: usize| bytes[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
    let sign = usize::from(matches!(bytes.first(), Some(b'+' | b'-')));
    let whole = digits_from(sign);
    let mut end = sign + whole;
    let mut fraction = 0;
    if bytes.get(end) == Some(&b'.') {
        fraction = digits_from(end + 1);
        if whole + fraction > 0 {
            end += 1 + fraction;
        }
    }
    if whole + fraction == 0 {
        return 0;
    }
    if matches!(bytes.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(bytes.get(end + 1), Some(b'+' | b'-')));
        let exponent = bytes.get(end + 1 + sign..).map_or(0, |_| digits_from(end + 1 + sign));
        if exponent > 0 {
            end += 1 + sign + exponent;
        }
    }
    end
}
