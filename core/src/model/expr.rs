//! The small language of checks, predicates and policies: its tree.
//!
//! Text is parsed into this tree once and never spliced into SQL as text.

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
