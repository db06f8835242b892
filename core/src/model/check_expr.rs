//! Checks expressions: that every name in them exists, and that what is compared can be compared.

use super::check::find_column;
use super::expr::Expr;
use super::problems::{Problems, suggestion};
use super::*;

/// What an expression may name.
pub(super) struct ExprScope<'m> {
    pub model: &'m Model,
    pub table: Option<&'m Table>,
    pub arguments: &'m [String],
    /// Whether it may ask about the actor and other tables.
    pub actor: bool,
    /// Whether it stands within a SELECT.
    pub inner: bool,
}

impl<'m> ExprScope<'m> {
    /// For a rule over one row alone.
    pub fn of_row(model: &'m Model, table: &'m Table) -> Self {
        ExprScope { model, table: Some(table), arguments: &[], actor: false, inner: false }
    }
}

pub(super) fn check_expr(
    expr: &Expr,
    scope: &ExprScope<'_>,
    path: &str,
    problems: &mut Problems<'_>,
) {
    let mut report = |code, message: String| problems.add(path, code, message);
    match expr {
        Expr::Column(name) if scope.arguments.contains(name) => {
            if scope.inner && scope.table.is_some_and(|table| table.column(name).is_some()) {
                let message = format!("`{name}` is an argument and a column here: rename the one");
                report("ambiguous", message);
            }
        }
        Expr::Column(name) => match scope.table {
            Some(table) => {
                let column = find_column(table, name, path, problems);
                if column.is_some_and(|column| column.encrypted || column.secret) {
                    let message = format!("`{name}` is encrypted or secret: no rule can read it");
                    problems.add(path, "secret_in_rule", message);
                }
            }
            None => report("unknown_column", format!("`{name}` is no argument of the predicate")),
        },
        Expr::AuthUser
        | Expr::AuthTenant
        | Expr::AuthRole
        | Expr::AuthKey
        | Expr::HasPermission(_)
            if !scope.actor =>
        {
            report("not_in_check", "a rule about one row can't ask about the actor".to_owned());
        }
        Expr::InSelect(left, select) => {
            if !scope.actor {
                return report(
                    "not_in_check",
                    "a rule about one row can't read other rows".to_owned(),
                );
            }
            let Some(table) = scope.model.table(&select.table) else {
                let known = scope.model.tables.iter().map(|table| table.name.as_str());
                let hint = suggestion(&select.table, known);
                return report("unknown_table", format!("no table `{}`{hint}", select.table));
            };
            check_expr(left, scope, path, problems);
            let selected = ExprScope { table: Some(table), arguments: &[], ..*scope };
            check_expr(&Expr::Column(select.column.clone()), &selected, path, problems);
            let inner = ExprScope { table: Some(table), inner: true, ..*scope };
            select.condition.iter().for_each(|c| check_expr(c, &inner, path, problems));
        }
        Expr::Predicate(name, arguments) => {
            let found = scope.model.predicates.iter().find(|known| known.name == *name);
            match found {
                _ if !scope.actor => {
                    report("not_in_check", format!("a rule about one row can't use `{name}`"));
                }
                None => {
                    let known = scope.model.predicates.iter().map(|known| known.name.as_str());
                    let hint = suggestion(name, known);
                    report("unknown_predicate", format!("no predicate or function `{name}`{hint}"));
                }
                Some(found) if found.arguments.len() != arguments.len() => {
                    let count = found.arguments.len();
                    report("bad_arguments", format!("`{name}` takes {count} argument(s)"));
                }
                Some(found) => check_arguments(found, arguments, scope, path, problems),
            }
            arguments.iter().for_each(|inner| check_expr(inner, scope, path, problems));
        }
        _ => expr.children().into_iter().for_each(|inner| check_expr(inner, scope, path, problems)),
    }
}

/// A column handed to a predicate stays within reach: a SELECT of the predicate that looked at it
/// would be a correlated one.
fn check_arguments<'m>(
    predicate: &'m Predicate,
    arguments: &[Expr],
    scope: &ExprScope<'m>,
    path: &str,
    problems: &mut Problems<'_>,
) {
    let is_circular = calls_itself(scope.model, &predicate.name);
    for (name, given) in predicate.arguments.iter().zip(arguments) {
        if given.is_decimal(scope.table) {
            let message = format!("`{given}` is a decimal, which a predicate can't take");
            problems.add(path, "bad_types", message);
        }
        let has_column = mentions(given, &|column| !scope.arguments.contains(column));
        let mut passed = Vec::new();
        if has_column && !is_circular && looks_inside(scope.model, predicate, name, &mut passed) {
            let message = format!(
                "`{}` looks at `{name}` within a SELECT, so it takes a value and no column",
                predicate.name
            );
            problems.add(path, "correlated", message);
        }
    }
}

/// Whether the expression mentions a column that the test is true for, SELECTs' conditions aside.
fn mentions(expr: &Expr, test: &dyn Fn(&String) -> bool) -> bool {
    matches!(expr, Expr::Column(name) if test(name))
        || expr.children().into_iter().any(|inner| mentions(inner, test))
}

/// Whether a predicate looks at one of its arguments within a SELECT, itself or through others.
/// What was looked through already is not looked through again: calls may double at each step.
fn looks_inside<'m>(
    model: &'m Model,
    predicate: &'m Predicate,
    argument: &'m str,
    passed: &mut Vec<(&'m str, &'m str)>,
) -> bool {
    if passed.contains(&(&predicate.name, argument)) {
        return false;
    }
    passed.push((&predicate.name, argument));
    let mut open = vec![(&predicate.body, false)];
    while let Some((expr, within)) = open.pop() {
        match expr {
            Expr::Column(name) if within && name == argument => return true,
            Expr::InSelect(_, select) => {
                open.extend(select.condition.iter().map(|inner| (inner, true)));
            }
            Expr::Predicate(name, arguments) => {
                let called = model.predicates.iter().find(|known| known.name == *name);
                for (own, given) in called.iter().flat_map(|c| c.arguments.iter().zip(arguments)) {
                    let is_given = mentions(given, &|name| name == argument);
                    if is_given && called.is_some_and(|c| looks_inside(model, c, own, passed)) {
                        return true;
                    }
                }
            }
            _ => {}
        }
        open.extend(expr.children().into_iter().map(|inner| (inner, within)));
    }
    false
}

/// Names what is compared with what it can never equal. Policies are held to more than checks,
/// which may come from a file that others made: enums' values, and conditions that are none.
pub(super) fn check_types(
    expr: &Expr,
    scope: &ExprScope<'_>,
    path: &str,
    problems: &mut Problems<'_>,
) {
    let mut mistakes = Vec::new();
    expr.type_mistakes(scope.table, &mut mistakes);
    if scope.actor {
        condition_mistakes(expr, scope, &mut mistakes);
    }
    mistakes.into_iter().for_each(|message| problems.add(path, "bad_types", message));
    if scope.actor {
        check_words(expr, scope, path, problems);
    }
}

fn condition_mistakes(expr: &Expr, scope: &ExprScope<'_>, mistakes: &mut Vec<String>) {
    if expr.is_no_condition(scope.table) {
        mistakes.push(format!("`{expr}` is no condition"));
    }
    match expr {
        Expr::And(terms) | Expr::Or(terms) => {
            terms.iter().for_each(|term| condition_mistakes(term, scope, mistakes));
        }
        Expr::Not(inner) => condition_mistakes(inner, scope, mistakes),
        Expr::InSelect(left, select) => {
            let Some(table) = scope.model.table(&select.table) else { return };
            if left.differs_from(scope.table, table, &select.column) {
                let column = format!("{}.{}", table.name, select.column);
                mistakes.push(format!("`{left}` and `{column}` are of different types"));
            }
            let inner = ExprScope { table: Some(table), inner: true, ..*scope };
            if let Some(condition) = &select.condition {
                condition.type_mistakes(Some(table), mistakes);
                condition_mistakes(condition, &inner, mistakes);
            }
        }
        _ => {}
    }
}

/// The words that a policy compares with: roles, permissions and enums' values that exist.
fn check_words(expr: &Expr, scope: &ExprScope<'_>, path: &str, problems: &mut Problems<'_>) {
    let operands: Vec<&Expr> = match expr {
        Expr::Compare(_, left, right) => vec![left, right],
        Expr::InList(left, items) => std::iter::once(&**left).chain(items).collect(),
        _ => Vec::new(),
    };
    let (what, code, known) = operands
        .iter()
        .find_map(|operand| match operand {
            Expr::AuthRole => Some(("role", "unknown_role", scope.model.roles())),
            Expr::Column(name) if !scope.arguments.contains(name) => {
                match &scope.table?.column(name)?.kind {
                    Kind::Enum { name } => {
                        Some(("value", "unknown_value", scope.model.enum_values(name)))
                    }
                    _ => None,
                }
            }
            _ => None,
        })
        .unwrap_or(("", "", &[]));
    for operand in operands {
        if let Expr::Text(word) = operand
            && !what.is_empty()
            && !known.contains(word)
        {
            let hint = suggestion(word, known.iter().map(String::as_str));
            problems.add(path, code, format!("there is no {what} `{word}`{hint}"));
        }
    }
    match expr {
        Expr::HasPermission(name) => check_permission(scope.model, name, path, problems),
        Expr::InSelect(_, select) => {
            let table = scope.model.table(&select.table);
            let inner = ExprScope { table, inner: true, ..*scope };
            select.condition.iter().for_each(|c| check_words(c, &inner, path, problems));
        }
        _ => {}
    }
    expr.children().into_iter().for_each(|inner| check_words(inner, scope, path, problems));
}

/// A permission is one of those that API keys can have; where people are given permissions one by
/// one, or keys have no list of them, any `resource:action`.
fn check_permission(model: &Model, name: &str, path: &str, problems: &mut Problems<'_>) {
    let template = |wanted| model.tables.iter().find(move |t| t.template == Some(wanted));
    let column = template(Template::ApiKey).and_then(|keys| keys.column("permissions"));
    let known = match column.map(|column| &column.kind) {
        Some(Kind::Enum { name }) => model.enum_values(name),
        _ => &[],
    };
    if known.iter().any(|known| known == name) {
        return;
    }
    if !known.is_empty() && template(Template::Permission).is_none() {
        let hint = suggestion(name, known.iter().map(String::as_str));
        let message = format!("API keys have no permission `{name}`{hint}");
        return problems.add(path, "unknown_permission", message);
    }
    let is_formed = name.split_once(':').is_some_and(|(resource, action)| {
        !resource.is_empty() && !action.is_empty() && !action.contains(':')
    });
    if !is_formed {
        let message = format!("a permission is written `resource:action`, not `{name}`");
        problems.add(path, "unknown_permission", message);
    }
}

/// Whether following a predicate's calls leads back to it.
pub(super) fn calls_itself(model: &Model, name: &str) -> bool {
    let mut called: Vec<&str> = Vec::new();
    let mut open = vec![name];
    while let Some(next) = open.pop() {
        let Some(predicate) = model.predicates.iter().find(|known| known.name == next) else {
            continue;
        };
        let mut found = Vec::new();
        called_predicates(&predicate.body, &mut found);
        for callee in found {
            if callee == name {
                return true;
            }
            if !called.contains(&callee) {
                called.push(callee);
                open.push(callee);
            }
        }
    }
    false
}

fn called_predicates<'e>(expr: &'e Expr, found: &mut Vec<&'e str>) {
    match expr {
        Expr::Predicate(name, _) => found.push(name),
        Expr::InSelect(_, select) => {
            select.condition.iter().for_each(|inner| called_predicates(inner, found));
        }
        _ => {}
    }
    expr.children().into_iter().for_each(|inner| called_predicates(inner, found));
}

/// How deep the expression is for SQLite, to which `a AND b AND c` is `(a AND b) AND c`.
pub(super) fn sql_depth(expr: &Expr) -> usize {
    let deepest = expr.children().into_iter().map(sql_depth).max().unwrap_or(0);
    match expr {
        Expr::And(terms) | Expr::Or(terms) => terms.len() + deepest,
        _ => 1 + deepest,
    }
}
