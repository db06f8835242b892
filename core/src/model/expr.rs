//! The small language of checks, predicates and policies: its tree.
//!
//! Text is parsed into this tree once and never spliced into SQL as text.

use std::fmt;

use crate::model::{Grant, Model};

/// An expression over a row and an actor.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// A column of the row, or an argument of the predicate.
    Column(String),
    /// A string.
    Text(String),
    /// A whole number.
    Integer(i64),
    /// A number with a point.
    Real(f64),
    /// TRUE or FALSE.
    Boolean(bool),
    /// NULL.
    Null,
    /// A comparison.
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// `x IS NULL`; true in the second place for `IS NOT NULL`.
    IsNull(Box<Expr>, bool),
    /// All of these.
    And(Vec<Expr>),
    /// Any of these.
    Or(Vec<Expr>),
    /// Not this.
    Not(Box<Expr>),
    /// `x IN (a, b)`.
    InList(Box<Expr>, Vec<Expr>),
    /// `x IN (SELECT column FROM table WHERE condition)`, uncorrelated.
    InSelect(Box<Expr>, Box<Select>),
    /// `lower(x)`.
    Lower(Box<Expr>),
    /// `coalesce(x, …)`.
    Coalesce(Vec<Expr>),
    /// `auth_user()`.
    AuthUser,
    /// `auth_tenant()`.
    AuthTenant,
    /// `auth_role()`.
    AuthRole,
    /// `auth_key()`: the id of the API key, NULL for people.
    AuthKey,
    /// `has_permission('…')`.
    HasPermission(String),
    /// A named predicate with its arguments.
    Predicate(String, Vec<Expr>),
}

/// A comparison operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `=`
    Equal,
    /// `<>`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessOrEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterOrEqual,
}

/// The one-column query of `IN (SELECT …)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Select {
    /// The column selected.
    pub column: String,
    /// The table.
    pub table: String,
    /// The condition over that table's columns.
    pub condition: Option<Expr>,
}

impl Expr {
    /// The expressions directly within this one, conditions of SELECTs aside.
    pub fn children(&self) -> Vec<&Expr> {
        match self {
            Expr::Compare(_, left, right) => vec![left, right],
            Expr::IsNull(inner, _) | Expr::Not(inner) | Expr::Lower(inner) => vec![inner],
            Expr::InSelect(inner, _) => vec![inner],
            Expr::And(terms)
            | Expr::Or(terms)
            | Expr::Coalesce(terms)
            | Expr::Predicate(_, terms) => terms.iter().collect(),
            Expr::InList(inner, items) => std::iter::once(&**inner).chain(items).collect(),
            _ => Vec::new(),
        }
    }
}

impl Grant {
    /// The tables that it may look rows up in, whoever the actor is.
    pub(crate) fn tables<'m>(&'m self, model: &'m Model) -> Vec<&'m String> {
        let mut tables = Vec::new();
        let mut called: Vec<&str> = Vec::new();
        let mut open: Vec<&Expr> = Vec::new();
        if let Grant::When(expr) = self {
            open.push(expr);
        }
        while let Some(expr) = open.pop() {
            open.extend(expr.children());
            match expr {
                Expr::InSelect(_, select) => {
                    tables.push(&select.table);
                    open.extend(&select.condition);
                }
                Expr::Predicate(name, _) if !called.contains(&name.as_str()) => {
                    called.push(name);
                    let named = model.predicates.iter().find(|known| known.name == *name);
                    open.extend(named.map(|predicate| &predicate.body));
                }
                _ => {}
            }
        }
        tables
    }
}

impl fmt::Display for Expr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Expr::Column(name) => f.write_str(name),
            Expr::Text(text) => write!(f, "'{}'", text.replace('\'', "''")),
            Expr::Integer(number) => write!(f, "{number}"),
            Expr::Real(number) => write!(f, "{number:?}"),
            Expr::Boolean(true) => f.write_str("TRUE"),
            Expr::Boolean(false) => f.write_str("FALSE"),
            Expr::Null => f.write_str("NULL"),
            Expr::Compare(comparison, left, right) => {
                write!(f, "{} {comparison} {}", Operand(left), Operand(right))
            }
            Expr::IsNull(expr, false) => write!(f, "{} IS NULL", Operand(expr)),
            Expr::IsNull(expr, true) => write!(f, "{} IS NOT NULL", Operand(expr)),
            Expr::And(terms) => join(f, terms, " AND "),
            Expr::Or(terms) => join(f, terms, " OR "),
            Expr::Not(expr) => write!(f, "NOT {}", Operand(expr)),
            Expr::InList(expr, items) => {
                write!(f, "{} IN (", Operand(expr))?;
                join(f, items, ", ")?;
                f.write_str(")")
            }
            Expr::InSelect(expr, select) => {
                write!(f, "{} IN (SELECT {} FROM {}", Operand(expr), select.column, select.table)?;
                if let Some(condition) = &select.condition {
                    write!(f, " WHERE {condition}")?;
                }
                f.write_str(")")
            }
            Expr::Lower(expr) => write!(f, "lower({expr})"),
            Expr::Coalesce(items) => call(f, "coalesce", items),
            Expr::AuthUser => f.write_str("auth_user()"),
            Expr::AuthTenant => f.write_str("auth_tenant()"),
            Expr::AuthRole => f.write_str("auth_role()"),
            Expr::AuthKey => f.write_str("auth_key()"),
            Expr::HasPermission(name) => {
                write!(f, "has_permission('{}')", name.replace('\'', "''"))
            }
            Expr::Predicate(name, arguments) => call(f, name, arguments),
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Comparison::Equal => "=",
            Comparison::NotEqual => "<>",
            Comparison::Less => "<",
            Comparison::LessOrEqual => "<=",
            Comparison::Greater => ">",
            Comparison::GreaterOrEqual => ">=",
        })
    }
}

/// An expression within another: in parentheses where it would fall apart otherwise.
struct Operand<'e>(&'e Expr);

impl fmt::Display for Operand<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let compound = matches!(
            self.0,
            Expr::Compare(..)
                | Expr::IsNull(..)
                | Expr::And(_)
                | Expr::Or(_)
                | Expr::Not(_)
                | Expr::InList(..)
                | Expr::InSelect(..)
        );
        if compound { write!(f, "({})", self.0) } else { write!(f, "{}", self.0) }
    }
}

fn join(f: &mut fmt::Formatter<'_>, terms: &[Expr], separator: &str) -> fmt::Result {
    for (at, term) in terms.iter().enumerate() {
        if at > 0 {
            f.write_str(separator)?;
        }
        match term {
            Expr::And(_) | Expr::Or(_) => write!(f, "({term})")?,
            _ => write!(f, "{term}")?,
        }
    }
    Ok(())
}

fn call(f: &mut fmt::Formatter<'_>, name: &str, arguments: &[Expr]) -> fmt::Result {
    write!(f, "{name}(")?;
    join(f, arguments, ", ")?;
    f.write_str(")")
}
