//! Evaluating as much of a policy as the actor alone decides, and saying the rest in SQL.
//!
//! Three-valued as SQL is: an unknown value stays NULL, and NULL lets nobody in.

use crate::model::expr::{Comparison, Expr, Select};
use crate::model::{Model, Scope, Table};
use crate::policy::Rights;
use crate::query::Sql;
use crate::value::SqlValue;

/// What is left of an expression.
#[derive(Debug, Clone)]
pub(super) enum Part {
    /// A value that is known now: NULL, text, a number, or 1 and 0 for true and false.
    Value(SqlValue<'static>),
    /// SQL in parentheses or otherwise whole.
    Sql(Sql<'static>),
}

impl Part {
    pub(super) fn truth(truth: bool) -> Part {
        Part::Value(SqlValue::Integer(truth.into()))
    }

    const NULL: Part = Part::Value(SqlValue::Null);

    pub(super) fn is_true(&self) -> bool {
        matches!(self, Part::Value(SqlValue::Integer(number)) if *number != 0)
    }

    fn is_false(&self) -> bool {
        matches!(self, Part::Value(SqlValue::Integer(0)))
    }

    fn is_null(&self) -> bool {
        matches!(self, Part::Value(SqlValue::Null))
    }

    pub(super) fn push_to(self, sql: &mut Sql<'static>) {
        match self {
            Part::Value(value) => {
                sql.bind(value);
            }
            Part::Sql(part) => {
                sql.push(&part.text);
                sql.values.extend(part.values);
            }
        }
    }
}

/// Folds expressions for one actor, and notes what they look at.
pub(super) struct Folding<'f> {
    model: &'f Model,
    rights: &'f Rights,
    /// The columns of the row that were looked at.
    pub(super) columns: Vec<String>,
    /// The tables that rows are looked up in.
    pub(super) reads: Vec<String>,
}

/// What a name means where it stands.
#[derive(Clone, Copy)]
struct Names<'n> {
    table: &'n Table,
    arguments: &'n [(&'n str, Part)],
    /// How many SELECTs the arguments stand within.
    arguments_depth: usize,
    /// How many SELECTs this stands within. What is outside of the innermost is out of reach, or
    /// the SELECT would be a correlated one.
    depth: usize,
}

impl<'f> Folding<'f> {
    pub(super) fn new(model: &'f Model, rights: &'f Rights) -> Folding<'f> {
        Folding { model, rights, columns: Vec::new(), reads: Vec::new() }
    }

    /// A policy's condition over a row of a table.
    pub(super) fn condition(&mut self, expr: &Expr, table: &Table) -> Part {
        let names = Names { table, arguments: &[], arguments_depth: 0, depth: 0 };
        self.fold(&expr.stored_form(table), names)
    }

    /// `column = value`.
    pub(super) fn equals(&mut self, column: &str, value: &str) -> Sql<'static> {
        self.columns.push(column.to_owned());
        let mut sql = Sql::default();
        sql.name(column).push(" = ").bind(SqlValue::from(value.to_owned()));
        sql
    }

    fn fold(&mut self, expr: &Expr, names: Names<'_>) -> Part {
        let text = |text: &Option<String>| match text {
            Some(text) => Part::Value(SqlValue::from(text.clone())),
            None => Part::NULL,
        };
        match expr {
            Expr::Text(text) => Part::Value(SqlValue::from(text.clone())),
            Expr::Integer(number) => Part::Value(SqlValue::Integer(*number)),
            Expr::Real(number) => Part::Value(SqlValue::Real(*number)),
            Expr::Boolean(flag) => Part::truth(*flag),
            Expr::Null => Part::NULL,
            Expr::AuthUser => text(&self.rights.user),
            Expr::AuthKey => text(&self.rights.key),
            Expr::AuthTenant => text(&self.rights.tenant),
            Expr::AuthRole => text(&self.rights.role),
            Expr::HasPermission(name) => Part::truth(self.rights.permissions.contains(name)),
            Expr::Column(name) => self.column(name, names),
            Expr::Compare(comparison, left, right) => {
                let (left, right) = (self.fold(left, names), self.fold(right, names));
                compare(*comparison, left, right)
            }
            Expr::IsNull(inner, negated) => match self.fold(inner, names) {
                Part::Value(value) => Part::truth(value.is_null() != *negated),
                part => {
                    let suffix = if *negated { " IS NOT NULL)" } else { " IS NULL)" };
                    wrapped([("(", part)], suffix)
                }
            },
            Expr::And(terms) => self.joined(terms, names, true),
            Expr::Or(terms) => self.joined(terms, names, false),
            Expr::Not(inner) => match self.fold(inner, names) {
                part if part.is_null() => Part::NULL,
                Part::Value(SqlValue::Integer(number)) => Part::truth(number == 0),
                part => wrapped([("(NOT ", part)], ")"),
            },
            Expr::InList(inner, items) => self.in_list(inner, items, names),
            Expr::InSelect(inner, select) => self.in_select(inner, select, names),
            Expr::Lower(inner) => match self.fold(inner, names) {
                Part::Value(SqlValue::Text(text)) => {
                    Part::Value(SqlValue::from(text.to_ascii_lowercase()))
                }
                part if part.is_null() => Part::NULL,
                part => wrapped([("lower(", part)], ")"),
            },
            Expr::Coalesce(items) => self.coalesce(items, names),
            Expr::Predicate(name, arguments) => self.predicate(name, arguments, names),
        }
    }

    fn column(&mut self, name: &str, names: Names<'_>) -> Part {
        let argument = names.arguments.iter().find(|(argument, _)| *argument == name);
        let deeper = names.depth > names.arguments_depth;
        match argument {
            Some((_, part)) if !deeper => return part.clone(),
            Some((_, part @ Part::Value(_))) if names.table.column(name).is_none() => {
                return part.clone();
            }
            _ => {}
        }
        let Some(column) = names.table.column(name) else { return Part::NULL };
        if names.depth == 0 {
            self.columns.push(column.name.clone());
        }
        let mut sql = Sql::default();
        sql.name(&column.name);
        Part::Sql(sql)
    }

    /// Terms joined by AND, or by OR: what decides alone is looked for, what doesn't matter left
    /// out.
    fn joined(&mut self, terms: &[Expr], names: Names<'_>, all: bool) -> Part {
        let mut left = Vec::new();
        let mut unknown = false;
        for term in terms {
            match self.fold(term, names) {
                part if all && part.is_false() => return Part::truth(false),
                part if !all && part.is_true() => return Part::truth(true),
                part if part.is_null() => unknown = true,
                Part::Value(_) => {}
                part => left.push(part),
            }
        }
        if left.is_empty() {
            return if unknown { Part::NULL } else { Part::truth(all) };
        }
        if unknown {
            left.push(Part::NULL);
        }
        if left.len() == 1 {
            return left.swap_remove(0);
        }
        let separator = if all { " AND " } else { " OR " };
        let mut sql = Sql::default();
        sql.push("(").list(left, separator, |sql, part| part.push_to(sql)).push(")");
        Part::Sql(sql)
    }

    fn in_list(&mut self, inner: &Expr, items: &[Expr], names: Names<'_>) -> Part {
        let inner = self.fold(inner, names);
        let items: Vec<Part> = items.iter().map(|item| self.fold(item, names)).collect();
        if items.is_empty() {
            return Part::truth(false);
        }
        if inner.is_null() {
            return Part::NULL;
        }
        let compared =
            items.iter().map(|item| compare(Comparison::Equal, inner.clone(), item.clone()));
        let compared: Vec<Part> = compared.collect();
        if compared.iter().any(Part::is_true) {
            return Part::truth(true);
        }
        if compared.iter().all(|part| matches!(part, Part::Value(_))) {
            let unknown = compared.iter().any(Part::is_null);
            return if unknown { Part::NULL } else { Part::truth(false) };
        }
        let mut sql = Sql::default();
        sql.push("(");
        inner.push_to(&mut sql);
        sql.push(" IN (").list(items, ", ", |sql, item| item.push_to(sql)).push("))");
        Part::Sql(sql)
    }

    /// `x IN (SELECT …)`: within the session's tenant, among rows that are not softly deleted.
    fn in_select(&mut self, inner: &Expr, select: &Select, names: Names<'_>) -> Part {
        let inner = self.fold(inner, names);
        let Some(table) = self.model.table(&select.table) else { return Part::NULL };
        let mut terms = Vec::new();
        if let Scope::Tenant { column } = &table.scope {
            // Without a tenant there is no row to be found.
            let Some(tenant) = &self.rights.tenant else { return Part::truth(false) };
            let mut sql = Sql::default();
            sql.name(column).push(" = ").bind(SqlValue::from(tenant.clone()));
            terms.push(Part::Sql(sql));
        }
        if table.soft_delete.is_some() {
            let mut sql = Sql::default();
            sql.push("\"deleted_at\" IS NULL");
            terms.push(Part::Sql(sql));
        }
        if let Some(condition) = &select.condition {
            let names = Names { table, depth: names.depth + 1, ..names };
            match self.fold(&condition.stored_form(table), names) {
                part if part.is_true() => {}
                Part::Value(_) => return Part::truth(false),
                part => terms.push(part),
            }
        }
        if !self.reads.contains(&table.name) {
            self.reads.push(table.name.clone());
        }
        let mut sql = Sql::default();
        sql.push("(");
        inner.push_to(&mut sql);
        sql.push(" IN (SELECT ").name(&select.column).push(" FROM ").table(&table.name);
        for (at, term) in terms.into_iter().enumerate() {
            sql.push(if at == 0 { " WHERE " } else { " AND " });
            term.push_to(&mut sql);
        }
        sql.push("))");
        Part::Sql(sql)
    }

    fn coalesce(&mut self, items: &[Expr], names: Names<'_>) -> Part {
        let mut left = Vec::new();
        for item in items {
            match self.fold(item, names) {
                part if part.is_null() => {}
                part @ Part::Value(_) => {
                    left.push(part);
                    break;
                }
                part => left.push(part),
            }
        }
        match left.len() {
            0 => Part::NULL,
            1 => left.swap_remove(0),
            _ => {
                let mut sql = Sql::default();
                sql.push("coalesce(").list(left, ", ", |sql, part| part.push_to(sql)).push(")");
                Part::Sql(sql)
            }
        }
    }

    fn predicate(&mut self, name: &str, arguments: &[Expr], names: Names<'_>) -> Part {
        let model = self.model;
        let Some(predicate) = model.predicates.iter().find(|known| known.name == name) else {
            return Part::NULL;
        };
        let folded: Vec<Part> = arguments.iter().map(|expr| self.fold(expr, names)).collect();
        let named = predicate.arguments.iter().map(String::as_str).zip(folded);
        let named: Vec<(&str, Part)> = named.collect();
        let arguments_depth = names.depth;
        self.fold(&predicate.body, Names { arguments: &named, arguments_depth, ..names })
    }
}

fn compare(comparison: Comparison, left: Part, right: Part) -> Part {
    use std::cmp::Ordering::{Equal, Greater, Less};
    if left.is_null() || right.is_null() {
        return Part::NULL;
    }
    let order = match (&left, &right) {
        (Part::Value(SqlValue::Text(left)), Part::Value(SqlValue::Text(right))) => {
            Some(left.as_bytes().cmp(right.as_bytes()))
        }
        (Part::Value(SqlValue::Integer(left)), Part::Value(SqlValue::Integer(right))) => {
            Some(left.cmp(right))
        }
        _ => None,
    };
    if let Some(order) = order {
        return Part::truth(match comparison {
            Comparison::Equal => order == Equal,
            Comparison::NotEqual => order != Equal,
            Comparison::Less => order == Less,
            Comparison::LessOrEqual => order != Greater,
            Comparison::Greater => order == Greater,
            Comparison::GreaterOrEqual => order != Less,
        });
    }
    wrapped([("(", left), (&format!(" {comparison} "), right)], ")")
}

/// Parts, each after a text, and a text after all of them.
fn wrapped<const N: usize>(parts: [(&str, Part); N], end: &str) -> Part {
    let mut sql = Sql::default();
    for (before, part) in parts {
        sql.push(before);
        part.push_to(&mut sql);
    }
    sql.push(end);
    Part::Sql(sql)
}
