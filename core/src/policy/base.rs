//! What holds for a table before its policy is asked: whose rows it has, and which of them a
//! session is about.

use crate::model::expr::Expr;
use crate::model::{Grant, Model, Scope, Table};
use crate::policy::fold::{Folding, Part};
use crate::policy::{Condition, Narrowed, Operation, Rights, Rule, membership};
use crate::query::{Sql, Term};
use crate::value::SqlValue;

/// The rule for an operation on a table.
pub(super) fn rule(model: &Model, table: &Table, operation: Operation, rights: &Rights) -> Rule {
    let mut folding = Folding::new(model, rights);
    let mut terms = Vec::new();
    let mut tenant_only = false;
    if let Scope::Tenant { column } = &table.scope {
        let Some(tenant) = &rights.tenant else {
            return of_user_alone(model, table, column, operation, rights);
        };
        terms.push(folding.equals(column, tenant));
        tenant_only = true;
    }
    let granted = match &rights.narrowed {
        Some(narrowed) => narrow(model, table, operation, narrowed, &mut folding),
        None => Part::truth(true),
    };
    for part in [granted, policy(table, operation, rights, &mut folding)] {
        match part {
            part if part.is_true() => {}
            Part::Value(_) => return Rule::Never,
            Part::Sql(sql) => {
                terms.push(sql);
                tenant_only = false;
            }
        }
    }
    if terms.is_empty() {
        return Rule::Always;
    }
    let mut sql = Sql::default();
    sql.list(terms, " AND ", |sql, term| {
        sql.push(&term.text);
        sql.values.extend(term.values);
    });
    folding.columns.sort_unstable();
    folding.columns.dedup();
    let term = Term { text: sql.text, values: sql.values };
    let condition = Condition::new(model, table, term, folding.columns, folding.reads);
    Rule::When(Condition { tenant_only, ..condition })
}

/// A condition over a row that no actor takes part in.
pub(super) fn over_row(model: &Model, table: &Table, expr: &Expr) -> Term<'static> {
    let nobody = Rights::default();
    let mut sql = Sql::default();
    Folding::new(model, &nobody).condition(expr, table).push_to(&mut sql);
    Term { text: sql.text, values: sql.values }
}

/// What the table's policy says, or what its scope says where it has none.
fn policy(table: &Table, operation: Operation, rights: &Rights, folding: &mut Folding<'_>) -> Part {
    if rights.system {
        return Part::truth(true);
    }
    let grant = table.policy.as_ref().map(|policy| match operation {
        Operation::Read => &policy.read,
        Operation::Insert => &policy.insert,
        Operation::Update => &policy.update,
        Operation::Delete => &policy.delete,
    });
    match (grant, &table.scope) {
        (Some(Some(Grant::Roles(roles))), _) => {
            Part::truth(rights.role.as_ref().is_some_and(|role| roles.contains(role)))
        }
        (Some(Some(Grant::When(expr))), _) => folding.condition(expr, table),
        (Some(None), _) => Part::truth(false),
        (None, Scope::User { owner }) => match &rights.user {
            Some(user) => Part::Sql(folding.equals(owner, user)),
            None => Part::truth(false),
        },
        (None, Scope::Public) => Part::truth(operation == Operation::Read),
        (None, Scope::Tenant { .. }) => Part::truth(false),
    }
}

/// What a session without a tenant sees of tenants' tables: the person's own memberships, and the
/// rows of the tenants that they belong to, as far as a session in that tenant is to be had.
fn of_user_alone(
    model: &Model,
    table: &Table,
    column: &str,
    operation: Operation,
    rights: &Rights,
) -> Rule {
    let (Some(user), Some(tenancy)) = (&rights.user, &model.tenancy) else { return Rule::Never };
    let Some((members, person)) = membership(model) else { return Rule::Never };
    let (Some(tenants), Some(key)) = (model.table(&tenancy.tenant), model.tenant_column(members))
    else {
        return Rule::Never;
    };
    if operation != Operation::Read {
        return Rule::Never;
    }
    // Where people belong to one tenant each, the session itself asks whether they are active.
    let member_active = tenancy.member_active.as_ref().filter(|_| tenancy.member.is_some());
    let tenant_active = tenancy.tenant_active.as_ref();
    let mut folding = Folding::new(model, rights);
    let mut sql = Sql::default();
    let other = if table.name == members.name {
        let Some(id) = tenants.primary_key.first() else { return Rule::Never };
        sql.name(person).push(" = ").bind(SqlValue::from(user.clone()));
        push_active(&mut sql, &mut folding, members, member_active);
        sql.push(" AND ").name(key).push(" IN (SELECT ").name(id);
        sql.push(" FROM ").table(&tenants.name).push(" WHERE TRUE");
        push_there(&mut sql, &mut folding, tenants, tenant_active);
        tenants
    } else if table.name == tenants.name {
        sql.push("TRUE");
        push_active(&mut sql, &mut folding, tenants, tenant_active);
        sql.push(" AND ").name(column).push(" IN (SELECT ").name(key);
        sql.push(" FROM ").table(&members.name);
        sql.push(" WHERE ").name(person).push(" = ").bind(SqlValue::from(user.clone()));
        push_there(&mut sql, &mut folding, members, member_active);
        members
    } else {
        return Rule::Never;
    };
    sql.push(")");
    let mut columns = folding.columns;
    columns.extend([person.to_owned(), column.to_owned()]);
    columns.retain(|name| table.column(name).is_some());
    columns.sort_unstable();
    columns.dedup();
    let term = Term { text: sql.text, values: sql.values };
    Rule::When(Condition::new(model, table, term, columns, vec![other.name.clone()]))
}

/// Adds that a row which is looked up is there and active.
fn push_there(
    sql: &mut Sql<'static>,
    folding: &mut Folding<'_>,
    table: &Table,
    active: Option<&Expr>,
) {
    if table.soft_delete.is_some() {
        sql.push(" AND \"deleted_at\" IS NULL");
    }
    push_active(sql, folding, table, active);
}

/// Adds that a row is active.
fn push_active(
    sql: &mut Sql<'static>,
    folding: &mut Folding<'_>,
    table: &Table,
    active: Option<&Expr>,
) {
    if let Some(active) = active {
        sql.push(" AND ");
        folding.condition(active, table).push_to(sql);
    }
}

/// What a narrowed session reaches: rows that name its sub-tenant; its own row and those that this
/// one refers to, to be read.
fn narrow(
    model: &Model,
    table: &Table,
    operation: Operation,
    narrowed: &Narrowed,
    folding: &mut Folding<'_>,
) -> Part {
    let Some(narrow) = model.narrow_table() else {
        return Part::truth(false);
    };
    if let Some(column) = model.narrowing_column(table) {
        return Part::Sql(folding.equals(column, &narrowed.id));
    }
    let Some(id) = narrow.primary_key.last() else { return Part::truth(false) };
    if operation != Operation::Read {
        return Part::truth(false);
    }
    if table.name == narrow.name {
        return Part::Sql(folding.equals(id, &narrowed.id));
    }
    let to_parent = narrow.references.iter().find(|reference| reference.table == table.name);
    let named = to_parent.and_then(|reference| {
        let (column, to) = (reference.columns.last()?, reference.to.last()?);
        let (_, value) = narrowed.refers.iter().find(|(name, _)| name == column)?;
        Some((to, value))
    });
    match named {
        Some((column, value)) => Part::Sql(folding.equals(column, value)),
        None => Part::truth(false),
    }
}
