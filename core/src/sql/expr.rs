//! Rendering the model's expressions as SQL for SQLite.
//!
//! Every name is quoted and every value written as a literal here; text compares bytewise because
//! SQLite's default collation, BINARY, does.

use super::quote;
use crate::model::expr::Expr;

/// A check rule as SQL.
///
/// Checks are about one row alone: the checker lets no SELECT, no predicate and no function of the
/// actor into them. Should one arrive all the same, it is rendered as `NULL`, which a CHECK never
/// refuses.
pub fn render_check(expr: &Expr) -> String {
    let mut sql = String::new();
    Rendering { sql: &mut sql }.expr(expr, Level::Top);
    sql
}

/// How tightly the surroundings bind: parentheses are written where the inside binds less.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Level {
    Top,
    And,
    Operand,
}

struct Rendering<'s> {
    sql: &'s mut String,
}

impl Rendering<'_> {
    fn expr(&mut self, expr: &Expr, around: Level) {
        let own = match expr {
            Expr::Or(_) => Level::Top,
            Expr::And(_)
            | Expr::Not(_)
            | Expr::Compare(..)
            | Expr::IsNull(..)
            | Expr::InList(..) => Level::And,
            _ => Level::Operand,
        };
        let nested = own < around || (own == Level::And && matches!(expr, Expr::And(_)));
        let parenthesised = nested && around > Level::Top;
        if parenthesised {
            self.sql.push('(');
        }
        self.bare(expr);
        if parenthesised {
            self.sql.push(')');
        }
    }

    fn bare(&mut self, expr: &Expr) {
        match expr {
            Expr::Column(name) => self.sql.push_str(&quote::name(name)),
            Expr::Text(text) => self.sql.push_str(&quote::text(text)),
            Expr::Integer(number) => self.sql.push_str(&number.to_string()),
            Expr::Real(number) => self.sql.push_str(&quote::real(*number)),
            Expr::Boolean(flag) => self.sql.push(if *flag { '1' } else { '0' }),
            Expr::Null => self.sql.push_str("NULL"),
            Expr::Compare(comparison, left, right) => {
                self.expr(left, Level::Operand);
                self.sql.push_str(&format!(" {comparison} "));
                self.expr(right, Level::Operand);
            }
            Expr::IsNull(inner, negated) => {
                self.expr(inner, Level::Operand);
                self.sql.push_str(if *negated { " IS NOT NULL" } else { " IS NULL" });
            }
            Expr::And(terms) => self.join(terms, " AND ", "1"),
            Expr::Or(terms) => self.join(terms, " OR ", "0"),
            Expr::Not(inner) => {
                self.sql.push_str("NOT ");
                self.expr(inner, Level::Operand);
            }
            Expr::InList(inner, items) => {
                self.expr(inner, Level::Operand);
                self.sql.push_str(" IN ");
                self.call("", items);
            }
            Expr::Lower(inner) => self.call("lower", std::slice::from_ref(inner)),
            Expr::Coalesce(items) => self.call("coalesce", items),
            Expr::InSelect(..)
            | Expr::AuthUser
            | Expr::AuthTenant
            | Expr::AuthRole
            | Expr::AuthKey
            | Expr::HasPermission(_)
            | Expr::Predicate(..) => self.sql.push_str("NULL"),
        }
    }

    fn join(&mut self, terms: &[Expr], separator: &str, empty: &str) {
        if terms.is_empty() {
            self.sql.push_str(empty);
        }
        for (at, term) in terms.iter().enumerate() {
            if at > 0 {
                self.sql.push_str(separator);
            }
            self.expr(term, Level::And);
        }
    }

    fn call<E: std::borrow::Borrow<Expr>>(&mut self, function: &str, arguments: &[E]) {
        self.sql.push_str(function);
        self.sql.push('(');
        for (at, argument) in arguments.iter().enumerate() {
            if at > 0 {
                self.sql.push_str(", ");
            }
            self.expr(argument.borrow(), Level::Top);
        }
        self.sql.push(')');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::parse_expr;

    #[test]
    fn renders_checks() {
        for (source, sql) in [
            ("ends_at IS NULL OR ends_at >= starts_at", "ends_at IS NULL OR ends_at >= starts_at"),
            ("a = 1 AND (b <> 'it''s' OR NOT c)", "a = 1 AND (b <> 'it''s' OR NOT c)"),
            ("NOT (a = 1 AND b = TRUE)", "NOT (a = 1 AND b = 1)"),
            ("(a = b) = (c < 2.5)", "(a = b) = (c < 2.5)"),
            ("lower(a) IN ('x', NULL)", "lower(a) IN ('x', NULL)"),
            ("coalesce(a, group, 0) > -1", "coalesce(a, \"group\", 0) > -1"),
            ("(a IS NULL) = (b IS NULL)", "(a IS NULL) = (b IS NULL)"),
            ("NOT (NOT a)", "NOT (NOT a)"),
        ] {
            let expr = parse_expr(source).expect("parses");
            assert_eq!(render_check(&expr), sql);
        }
    }
}
