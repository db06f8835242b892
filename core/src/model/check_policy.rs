//! Checks policies: that every tenant's table has one, and that what they name exists and fits.

use super::check_expr::{ExprScope, calls_itself, check_expr, check_types};
use super::expr::Expr;
use super::problems::{Problems, suggestion};
use super::*;

/// How many terms a condition may have once its predicates are written out. Predicates that use
/// predicates multiply.
const EXPANDED_MAX: u64 = 2000;

pub(super) fn check_table(model: &Model, table: &Table, problems: &mut Problems<'_>) {
    let path = ["tables", "links"].map(|kind| format!("{kind}.{}", table.name));
    let path = path.into_iter().find(|path| problems.has(path)).unwrap_or_default();
    let Some(policy) = &table.policy else {
        if matches!(table.scope, Scope::Tenant { .. }) {
            let message = format!(
                "`{}` holds tenants' rows and has no policy: say who may do what, or \
                 `policy = {{}}` where nobody may",
                table.name
            );
            problems.add(&path, "no_policy", message);
        }
        return;
    };
    let grants = [
        ("read", &policy.read),
        ("insert", &policy.insert),
        ("update", &policy.update),
        ("delete", &policy.delete),
    ];
    for (operation, grant) in grants {
        let own = format!("{path}.policy.{operation}");
        // What isn't there was said with `write`.
        let path = if problems.has(&own) { own } else { format!("{path}.policy.write") };
        match grant {
            Some(Grant::Roles(roles)) => check_roles(model, roles, &path, problems),
            Some(Grant::When(expr)) => {
                let table = Some(table);
                let scope = ExprScope { model, table, arguments: &[], actor: true, inner: false };
                check_expr(expr, &scope, &path, problems);
                check_types(expr, &scope, &path, problems);
                check_size(model, expr, &path, problems);
            }
            None => {}
        }
    }
}

fn check_roles(model: &Model, roles: &[String], path: &str, problems: &mut Problems<'_>) {
    if roles.is_empty() {
        problems.add(path, "empty", "an empty list of roles; leave it out to deny");
    }
    for (at, role) in roles.iter().enumerate().filter(|(_, role)| !model.roles().contains(role)) {
        let hint = suggestion(role, model.roles().iter().map(String::as_str));
        let message = format!("`{role}` is no role of the model{hint}");
        problems.add(&format!("{path}[{at}]"), "unknown_role", message);
    }
}

pub(super) fn check_predicates(model: &Model, problems: &mut Problems<'_>) {
    for (at, predicate) in model.predicates.iter().enumerate() {
        let arguments = &predicate.arguments;
        let path = format!("predicates.{}({})", predicate.name, arguments.join(", "));
        if model.predicates[..at].iter().any(|other| other.name == predicate.name) {
            problems.add(&path, "duplicate", "a predicate of this name is there already");
        }
        let scope = ExprScope { model, table: None, arguments, actor: true, inner: false };
        check_expr(&predicate.body, &scope, &path, problems);
        check_types(&predicate.body, &scope, &path, problems);
        if calls_itself(model, &predicate.name) {
            let message = format!("`{}` leads back to itself", predicate.name);
            problems.add(&path, "circular_predicate", message);
        }
    }
}

/// Named where a policy uses too much of it; a predicate that nobody uses costs nothing.
fn check_size(model: &Model, expr: &Expr, path: &str, problems: &mut Problems<'_>) {
    // Circles have no size, and are named elsewhere.
    if model.predicates.iter().any(|predicate| calls_itself(model, &predicate.name)) {
        return;
    }
    let size = expanded_size(model, expr, &[], &mut Vec::new()).terms;
    if size > EXPANDED_MAX {
        let message = format!(
            "with its predicates written out the condition has {size} terms; {EXPANDED_MAX} are \
             the most: predicates that use predicates multiply"
        );
        problems.add(path, "too_large", message);
    }
}

/// How large an expression is with its predicates written out.
#[derive(Debug, Clone, Default)]
struct Size {
    /// Its terms, arguments not counted.
    terms: u64,
    /// How often each of the arguments stands in it.
    uses: Vec<u64>,
}

impl Size {
    fn add(&mut self, other: &Size, times: u64) {
        let grow = |one: &mut u64, by: u64| *one = one.saturating_add(by.saturating_mul(times));
        grow(&mut self.terms, other.terms);
        self.uses.iter_mut().zip(&other.uses).for_each(|(one, by)| grow(one, *by));
    }
}

/// The size of an expression over these arguments; sizes of predicates are found once.
fn expanded_size<'m>(
    model: &'m Model,
    expr: &'m Expr,
    arguments: &[String],
    known: &mut Vec<(&'m str, Size)>,
) -> Size {
    let mut size = Size { terms: 1, uses: vec![0; arguments.len()] };
    match expr {
        Expr::Column(name) => {
            if let Some(at) = arguments.iter().position(|argument| argument == name) {
                (size.terms, size.uses[at]) = (0, 1);
            }
            return size;
        }
        Expr::Predicate(name, given) => {
            let Some(called) = model.predicates.iter().find(|known| known.name == *name) else {
                return size;
            };
            let found = known.iter().find(|(known, _)| known == name).map(|(_, size)| size.clone());
            let body = found.unwrap_or_else(|| {
                let body = expanded_size(model, &called.body, &called.arguments, known);
                known.push((&called.name, body.clone()));
                body
            });
            size.terms = size.terms.saturating_add(body.terms);
            for (given, uses) in given.iter().zip(body.uses) {
                size.add(&expanded_size(model, given, arguments, known), uses);
            }
            return size;
        }
        Expr::InSelect(_, select) => {
            if let Some(condition) = &select.condition {
                size.add(&expanded_size(model, condition, arguments, known), 1);
            }
        }
        _ => {}
    }
    for child in expr.children() {
        size.add(&expanded_size(model, child, arguments, known), 1);
    }
    size
}
