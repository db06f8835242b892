//! What may be compared with what in an expression, and how it is said of stored values.
//!
//! Decimals are stored as scaled integers, so a literal beside one is scaled before the rule
//! becomes SQL or is judged by validation.

use super::expr::Expr;
use super::{Kind, Table};

/// What an operand is, as far as comparing goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Number,
    Literal,
    Decimal(u32),
    Boolean,
    Any,
}

impl Expr {
    /// The expression over a table's columns as they are stored.
    pub(crate) fn stored_form(&self, table: &Table) -> Expr {
        self.with_operands(&|operands, operand| match decimal_scale(operands, table) {
            Some(scale) => scaled(operand, scale),
            None => operand.clone(),
        })
    }

    /// The expression as people write it, from one over stored values: the way back.
    pub(crate) fn written_form(&self, table: &Table) -> Expr {
        self.with_operands(&|operands, operand| {
            let types = operands.iter().map(|operand| type_of(operand, table));
            let is_boolean = types.into_iter().any(|found| found == Type::Boolean);
            match (decimal_scale(operands, table), operand) {
                (Some(scale), operand) => unscaled(operand, scale),
                (None, Expr::Integer(number @ (0 | 1))) if is_boolean => {
                    Expr::Boolean(*number == 1)
                }
                _ => operand.clone(),
            }
        })
    }

    /// The expression with every operand of a comparison changed, in sight of all of them.
    fn with_operands(&self, change: &dyn Fn(&[&Expr], &Expr) -> Expr) -> Expr {
        let again = |expr: &Expr| Box::new(expr.with_operands(change));
        let all = |exprs: &[Expr]| exprs.iter().map(|expr| expr.with_operands(change)).collect();
        match self {
            Expr::Compare(comparison, left, right) => {
                let operands = [&**left, &**right];
                let changed = |operand: &Expr| Box::new(change(&operands, operand));
                Expr::Compare(*comparison, changed(left), changed(right))
            }
            Expr::InList(expr, items) => {
                let operands: Vec<&Expr> = std::iter::once(&**expr).chain(items).collect();
                let items = items.iter().map(|item| change(&operands, item)).collect();
                Expr::InList(Box::new(change(&operands, expr)), items)
            }
            Expr::And(terms) => Expr::And(all(terms)),
            Expr::Or(terms) => Expr::Or(all(terms)),
            Expr::Not(expr) => Expr::Not(again(expr)),
            Expr::IsNull(expr, negated) => Expr::IsNull(again(expr), *negated),
            other => other.clone(),
        }
    }

    /// What is compared with what it can never equal, one line each.
    pub(super) fn type_mistakes(&self, table: Option<&Table>, mistakes: &mut Vec<String>) {
        let operands: Vec<&Expr> = match self {
            Expr::Compare(_, left, right) => vec![left, right],
            Expr::InList(expr, items) => std::iter::once(&**expr).chain(items).collect(),
            _ => Vec::new(),
        };
        if let (Some((first, others)), Some(table)) = (operands.split_first(), table) {
            for other in others {
                let types = (type_of(first, table), type_of(other, table));
                if !comparable(types.0, types.1) {
                    mistakes.push(format!("`{first}` and `{other}` are of different types"));
                }
            }
            if let Some(scale) = decimal_scale(&operands, table) {
                for operand in operands.into_iter().filter(|operand| !fits(operand, scale)) {
                    let message =
                        format!("`{operand}` has more than {scale} digits after the point");
                    mistakes.push(message);
                }
            }
        }
        self.children().into_iter().for_each(|child| child.type_mistakes(table, mistakes));
    }

    /// Whether the expression can't be true or false where a condition is wanted.
    pub(super) fn is_no_condition(&self, table: Option<&Table>) -> bool {
        let found = match (self, table) {
            (Expr::Column(_) | Expr::Coalesce(_), None) => Type::Any,
            (Expr::Column(_) | Expr::Coalesce(_), Some(table)) => type_of(self, table),
            (Expr::Text(_) | Expr::Lower(_), _) => Type::Text,
            (Expr::Integer(_) | Expr::Real(_), _) => Type::Literal,
            (Expr::AuthUser | Expr::AuthTenant | Expr::AuthRole | Expr::AuthKey, _) => Type::Text,
            _ => Type::Boolean,
        };
        !matches!(found, Type::Boolean | Type::Any)
    }

    /// Whether values of the expression are of another type than a column's.
    pub(super) fn differs_from(&self, table: Option<&Table>, other: &Table, column: &str) -> bool {
        let Some(table) = table else { return false };
        !comparable(type_of(self, table), type_of(&Expr::Column(column.to_owned()), other))
    }

    /// Whether the expression is a decimal column: stored as an integer of the column's own scale.
    pub(super) fn is_decimal(&self, table: Option<&Table>) -> bool {
        table.is_some_and(|table| matches!(type_of(self, table), Type::Decimal(_)))
    }
}

fn comparable(one: Type, other: Type) -> bool {
    match (one, other) {
        (Type::Any, _) | (_, Type::Any) => true,
        (Type::Literal, Type::Number | Type::Decimal(_)) => true,
        (Type::Number | Type::Decimal(_), Type::Literal) => true,
        (one, other) => one == other,
    }
}

fn type_of(expr: &Expr, table: &Table) -> Type {
    match expr {
        Expr::Column(name) => match table.column(name) {
            Some(column) if !column.array => match column.kind {
                Kind::Text
                | Kind::Uuid
                | Kind::Timestamp
                | Kind::Date
                | Kind::Time
                | Kind::Enum { .. } => Type::Text,
                Kind::Integer | Kind::BigInt | Kind::Real => Type::Number,
                Kind::Decimal { scale, .. } => Type::Decimal(scale),
                Kind::Boolean => Type::Boolean,
                Kind::Json { .. } | Kind::Blob => Type::Any,
            },
            _ => Type::Any,
        },
        Expr::Text(_) | Expr::Lower(_) => Type::Text,
        Expr::AuthUser | Expr::AuthTenant | Expr::AuthRole | Expr::AuthKey => Type::Text,
        Expr::Integer(_) | Expr::Real(_) => Type::Literal,
        Expr::Boolean(_) => Type::Boolean,
        Expr::Coalesce(items) => {
            let types = items.iter().map(|item| type_of(item, table));
            types
                .reduce(|one, other| if one == Type::Literal { other } else { one })
                .unwrap_or(Type::Any)
        }
        _ => Type::Any,
    }
}

/// The scale of the decimals among these, if there are any.
fn decimal_scale(operands: &[&Expr], table: &Table) -> Option<u32> {
    operands.iter().find_map(|operand| match type_of(operand, table) {
        Type::Decimal(scale) => Some(scale),
        _ => None,
    })
}

/// The operand with its literals as integers of this scale.
fn scaled(expr: &Expr, scale: u32) -> Expr {
    match expr {
        Expr::Integer(number) => Expr::Integer(number.saturating_mul(10_i64.saturating_pow(scale))),
        Expr::Real(number) => Expr::Integer((number * 10_f64.powi(scale as i32)).round() as i64),
        Expr::Coalesce(items) => {
            Expr::Coalesce(items.iter().map(|item| scaled(item, scale)).collect())
        }
        other => other.clone(),
    }
}

/// The operand with its integers of this scale as numbers.
fn unscaled(expr: &Expr, scale: u32) -> Expr {
    let unit = 10_i64.saturating_pow(scale);
    match expr {
        Expr::Integer(number) if number % unit == 0 => Expr::Integer(number / unit),
        Expr::Integer(number) => Expr::Real(*number as f64 / unit as f64),
        Expr::Coalesce(items) => {
            Expr::Coalesce(items.iter().map(|item| unscaled(item, scale)).collect())
        }
        other => other.clone(),
    }
}

/// Whether the literals in an operand have no more digits after the point than the scale.
fn fits(expr: &Expr, scale: u32) -> bool {
    match expr {
        Expr::Real(number) => {
            let shifted = number * 10_f64.powi(scale as i32);
            (shifted - shifted.round()).abs() < 1e-6
        }
        Expr::Coalesce(items) => items.iter().all(|item| fits(item, scale)),
        _ => true,
    }
}
