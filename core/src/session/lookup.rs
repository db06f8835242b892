//! Looking an actor up: whether they have access, and with which role and permissions.
//!
//! Everything is asked of the database itself, whoever vouched for the actor: one who is gone,
//! suspended, only invited, or not a member has no session.

use std::collections::BTreeSet;

use serde_json::Value;

use super::ended;
use crate::actor::{Actor, Principal};
use crate::error::Result;
use crate::host;
use crate::model::expr::Expr;
use crate::model::{Grant, MAKER, Model, Table, Template};
use crate::owner::Engine;
use crate::owner::read::first;
use crate::owner::write::push_rules;
use crate::policy::{Narrowed, Rights, Rules, membership, over_row};
use crate::query::Sql;
use crate::value::SqlValue;

const UNKNOWN: &str = "the account is unknown, not active, or not a member";

/// What an actor may be granted by policies.
///
/// # Errors
///
/// - `session_ended`: they have no access
pub(super) fn rights(engine: &Engine, actor: &Actor) -> Result<Rights> {
    let mut rights = Rights { tenant: actor.tenant.clone(), ..Rights::default() };
    match &actor.principal {
        Principal::System => {
            let Some(tenant) = &rights.tenant else {
                return Err(ended("the system works in a tenant; use the owner's handle"));
            };
            check_tenant(engine, tenant)?;
            rights.system = true;
        }
        Principal::User(user) => of_user(engine, user, &mut rights)?,
        Principal::ApiKey(key) => of_key(engine, key, &mut rights)?,
    }
    if let Some(id) = &actor.narrowed_to {
        rights.narrowed = Some(narrowed(engine, id, &rights)?);
    }
    Ok(rights)
}

/// The positions of the tables that an actor's rights are looked up in.
pub(super) fn tables(model: &Model, actor: &Actor) -> Vec<usize> {
    let Some(tenancy) = &model.tenancy else { return Vec::new() };
    let named = [Some(&tenancy.tenant), tenancy.user.as_ref(), tenancy.member.as_ref()];
    let named = named.into_iter().flatten().chain(&tenancy.narrow);
    let mut named: Vec<&String> = named.collect();
    if let Principal::ApiKey(_) = actor.principal {
        named.extend(template(model, Template::ApiKey).map_or_else(Vec::new, |keys| {
            insert_grant(keys).map_or_else(Vec::new, |grant| grant.tables(model))
        }));
    }
    let tables = model.tables.iter().enumerate().filter(|(_, table)| {
        let template = matches!(table.template, Some(Template::ApiKey | Template::Permission));
        template || named.contains(&&table.name)
    });
    tables.map(|(position, _)| position).collect()
}

/// Whether a key has run out meanwhile.
pub(super) fn check_expiry(engine: &Engine, rights: &Rights) -> Result<()> {
    match &rights.expires_at {
        Some(expires_at) if *expires_at <= host::now(&*engine.host) => {
            Err(ended("the API key has expired"))
        }
        _ => Ok(()),
    }
}

fn of_user(engine: &Engine, user: &str, rights: &mut Rights) -> Result<()> {
    let model = engine.catalog.model();
    let unknown = || ended(UNKNOWN);
    let tenancy = model.tenancy.as_ref();
    let users = tenancy.and_then(|tenancy| model.table(tenancy.user.as_ref()?));
    let users = users.ok_or_else(|| ended("the model has no table of people"))?;
    let tenant_column = model.tenant_column(users);
    let Some(id) = users.primary_key.last() else { return Err(unknown()) };
    let mut keys = vec![(id.as_str(), user)];
    if let (Some(column), Some(tenant)) = (tenant_column, &rights.tenant) {
        keys.insert(0, (column, tenant));
    }
    let active = tenancy.and_then(|tenancy| tenancy.user_active.as_ref());
    active_row(engine, users, &keys, active, &[])?.ok_or_else(unknown)?;
    rights.user = Some(user.to_owned());
    let Some(tenant) = rights.tenant.clone() else { return Ok(()) };
    check_tenant(engine, &tenant)?;
    let (members, person) = membership(model).ok_or_else(unknown)?;
    let Some(column) = model.tenant_column(members) else { return Err(unknown()) };
    let active = match members.name == users.name {
        true => active,
        false => tenancy.and_then(|tenancy| tenancy.member_active.as_ref()),
    };
    let role = tenancy.and_then(|tenancy| tenancy.role.as_deref());
    let role: Vec<&str> = role.into_iter().collect();
    let keys = [(column, tenant.as_str()), (person, user)];
    let found = active_row(engine, members, &keys, active, &role)?.ok_or_else(unknown)?;
    rights.role = found.into_iter().next().and_then(into_text);
    rights.permissions = permissions(engine, &tenant, user)?;
    Ok(())
}

fn of_key(engine: &Engine, key: &str, rights: &mut Rights) -> Result<()> {
    let model = engine.catalog.model();
    let unknown = || ended("the API key is unknown, revoked or not active");
    let keys = template(model, Template::ApiKey).ok_or_else(unknown)?;
    let (Some(column), Some(id)) = (model.tenant_column(keys), keys.primary_key.last()) else {
        return Err(unknown());
    };
    let active = model.tenancy.as_ref().and_then(|tenancy| tenancy.key_active.as_ref());
    let mut names = vec![column];
    let optional = ["permissions", "expires_at", "revoked_at", MAKER];
    names.extend(optional.into_iter().filter(|name| keys.column(name).is_some()));
    let mut wanted = vec![(id.as_str(), key)];
    if let Some(tenant) = &rights.tenant {
        wanted.insert(0, (column, tenant));
    }
    let found = active_row(engine, keys, &wanted, active, &names)?.ok_or_else(unknown)?;
    let mut user = None;
    for (name, value) in names.iter().zip(found) {
        match (*name, value) {
            (name, SqlValue::Text(tenant)) if name == column => {
                rights.tenant = Some(tenant.into_owned());
            }
            ("permissions", SqlValue::Text(list)) => {
                let list: Vec<String> = serde_json::from_str(&list).unwrap_or_default();
                rights.permissions = list.into_iter().collect();
            }
            ("expires_at", value) => rights.expires_at = into_text(value),
            ("revoked_at", value) if !value.is_null() => return Err(unknown()),
            (MAKER, value) => user = into_text(value),
            _ => {}
        }
    }
    let Some(tenant) = rights.tenant.clone() else { return Err(unknown()) };
    check_tenant(engine, &tenant)?;
    if let Some(user) = user {
        // A key is worth nothing once the person who made it is locked out, or has no longer the
        // rank that it takes to make it.
        let mut maker = Rights { tenant: Some(tenant.clone()), ..Rights::default() };
        of_user(engine, &user, &mut maker)?;
        if !could_make(engine, keys, &[(column, &tenant), (id, key)], maker)? {
            return Err(ended("who made the API key could not make it any more"));
        }
    }
    rights.key = Some(key.to_owned());
    Ok(())
}

/// Whether a person could make an API key now, as it is. Where sessions make none, whoever holds
/// the file made it.
fn could_make(
    engine: &Engine,
    keys: &Table,
    wanted: &[(&str, &str)],
    maker: Rights,
) -> Result<bool> {
    if insert_grant(keys).is_none() {
        return Ok(true);
    }
    let rules = Rules::new(engine.catalog.model().clone(), maker);
    let Some(rules) = rules.table(&keys.name) else { return Ok(false) };
    let mut sql = Sql::default();
    sql.push("SELECT 1 FROM ").table(&keys.name).push(" WHERE ");
    sql.list(wanted, " AND ", |sql, (name, value)| {
        sql.name(name).push(" = ").bind((*value).into());
    });
    push_rules(&mut sql, [&rules.insert]);
    Ok(first(&engine.connection, &sql, 1)?.is_some())
}

fn insert_grant(keys: &Table) -> Option<&Grant> {
    keys.policy.as_ref()?.insert.as_ref()
}

/// Whether the tenant is there and active.
fn check_tenant(engine: &Engine, tenant: &str) -> Result<()> {
    let model = engine.catalog.model();
    let unknown = || ended(UNKNOWN);
    let tenancy = model.tenancy.as_ref().ok_or_else(unknown)?;
    let tenants = model.table(&tenancy.tenant).ok_or_else(unknown)?;
    let Some(id) = tenants.primary_key.first() else { return Err(unknown()) };
    let keys = [(id.as_str(), tenant)];
    let active = tenancy.tenant_active.as_ref();
    active_row(engine, tenants, &keys, active, &[])?.map(|_| ()).ok_or_else(unknown)
}

/// The permissions of a person's own, as `resource:action`.
fn permissions(engine: &Engine, tenant: &str, user: &str) -> Result<BTreeSet<String>> {
    let model = engine.catalog.model();
    let Some(table) = template(model, Template::Permission) else { return Ok(BTreeSet::new()) };
    let Some(column) = model.tenant_column(table) else { return Ok(BTreeSet::new()) };
    let mut sql = Sql::default();
    sql.push("SELECT json_group_array(\"resource\" || ':' || \"action\") FROM ").table(&table.name);
    sql.push(" WHERE ").name(column).push(" = ").bind(tenant.into());
    sql.push(" AND \"user_id\" = ").bind(user.into());
    push_there(&mut sql, table);
    let found = first(&engine.connection, &sql, 1)?;
    let list = found.and_then(|row| row.into_iter().next()).and_then(into_text);
    let list: Value = serde_json::from_str(&list.unwrap_or_default()).unwrap_or_default();
    let names = list.as_array().into_iter().flatten().filter_map(Value::as_str);
    Ok(names.map(str::to_owned).collect())
}

fn narrowed(engine: &Engine, id: &str, rights: &Rights) -> Result<Narrowed> {
    let model = engine.catalog.model();
    let unknown = || ended("there is no such sub-tenant");
    let narrow = model.tenancy.as_ref().and_then(|tenancy| tenancy.narrow.as_ref());
    let table = narrow.and_then(|name| model.table(name)).ok_or_else(unknown)?;
    let (Some(column), Some(key), Some(tenant)) =
        (model.tenant_column(table), table.primary_key.last(), &rights.tenant)
    else {
        return Err(unknown());
    };
    let refers = table.references.iter().filter_map(|reference| reference.columns.last());
    let refers: Vec<&str> = refers.map(String::as_str).filter(|name| *name != column).collect();
    let keys = [(column, tenant.as_str()), (key.as_str(), id)];
    let found = active_row(engine, table, &keys, None, &refers)?.ok_or_else(unknown)?;
    let values = refers.into_iter().zip(found);
    let values = values.filter_map(|(name, value)| Some((name.to_owned(), into_text(value)?)));
    Ok(Narrowed { id: id.to_owned(), refers: values.collect() })
}

/// Columns of the row with these values, if it is there, not deleted, and active.
fn active_row(
    engine: &Engine,
    table: &Table,
    keys: &[(&str, &str)],
    active: Option<&Expr>,
    columns: &[&str],
) -> Result<Option<Vec<SqlValue<'static>>>> {
    let mut sql = Sql::default();
    sql.push("SELECT 1").list(columns, "", |sql, name| {
        sql.push(", ").name(name);
    });
    sql.push(" FROM ").table(&table.name).push(" WHERE ");
    sql.list(keys, " AND ", |sql, (name, value)| {
        sql.name(name).push(" = ").bind((*value).into());
    });
    push_there(&mut sql, table);
    if let Some(term) = active.map(|expr| over_row(engine.catalog.model(), table, expr)) {
        sql.push(" AND ").term(&term);
    }
    let found = first(&engine.connection, &sql, columns.len() + 1)?;
    Ok(found.map(|mut row| row.split_off(1)))
}

/// Adds that a row is not softly deleted.
fn push_there(sql: &mut Sql<'_>, table: &Table) {
    if table.soft_delete.is_some() {
        sql.push(" AND \"deleted_at\" IS NULL");
    }
}

fn template(model: &Model, template: Template) -> Option<&Table> {
    model.tables.iter().find(|table| table.template == Some(template))
}

fn into_text(value: SqlValue<'static>) -> Option<String> {
    match value {
        SqlValue::Text(text) => Some(text.into_owned()),
        _ => None,
    }
}
