//! Finding out who somebody is: by password or by API key.

use serde_json::json;

use super::{find, template, text, users};
use crate::actor::{Actor, Origin};
use crate::crypto::{api_key, password};
use crate::error::{Error, Result};
use crate::model::{Model, Table, Template};
use crate::owner::read::first;
use crate::owner::{Engine, Owner};
use crate::query::Sql;
use crate::session::Session;
use crate::value::{Row, SqlValue};

/// The actor with this address and password. The tenant is an id or a slug.
///
/// Every way to fail gives the same error after the same work.
pub(crate) fn authenticate(
    engine: &Engine,
    email: &str,
    secret: &str,
    tenant: Option<&str>,
    origin: Origin,
) -> Result<Actor> {
    let model = engine.catalog.model();
    let users = users(model)?;
    let tenant = match tenant {
        None => None,
        Some(name) => Some(tenant_id(engine, model, name)?),
    };
    let within = match (&tenant, model.tenant_column(users)) {
        (Some(Some(tenant)), Some(column)) => Some((column, tenant.as_str())),
        _ => None,
    };
    let mut accounts = match tenant {
        Some(None) => Vec::new(),
        _ => accounts(engine, users, email, within)?,
    };
    // An address that stands for several accounts in several tenants names none of them.
    let account = if accounts.len() == 1 { accounts.pop() } else { None };
    let Some(account) = account else {
        password::verify_nobody(secret);
        return Err(Error::BadCredentials);
    };
    if !password::verify(secret, &account.password_hash) {
        return Err(Error::BadCredentials);
    }
    let mut actor = Actor::user(&account.id).from(origin);
    actor.tenant = tenant.flatten().or(account.tenant.clone());
    match Session::open(engine, actor.clone(), None) {
        Ok(_) => {}
        Err(Error::SessionEnded { .. }) => return Err(Error::BadCredentials),
        Err(error) => return Err(error),
    }
    if password::needs_rehash(&account.password_hash) {
        let hash = password::hash(secret, &*engine.host)?;
        let changes = Row::from_iter([("password_hash".to_owned(), hash.into())]);
        Owner::new(engine).update(&users.name, &account.key, &changes)?;
    }
    Ok(actor)
}

/// An account with an address.
pub(super) struct Account {
    pub(super) id: String,
    pub(super) tenant: Option<String>,
    password_hash: String,
    key: serde_json::Value,
}

/// The accounts with an address, two at most; within a tenant where one is given.
pub(super) fn accounts(
    engine: &Engine,
    users: &Table,
    email: &str,
    within: Option<(&str, &str)>,
) -> Result<Vec<Account>> {
    let model = engine.catalog.model();
    let tenant = model.tenant_column(users);
    let Some(id) = users.primary_key.last() else { return Ok(Vec::new()) };
    let mut sql = Sql::default();
    sql.push("SELECT ").name(id).push(", \"password_hash\", ").name(tenant.unwrap_or(id));
    sql.push(" FROM ").table(&users.name).push(" WHERE \"email\" = ").bind(email.into());
    if let Some((column, tenant)) = within {
        sql.push(" AND ").name(column).push(" = ").bind(tenant.into());
    }
    if users.soft_delete.is_some() {
        sql.push(" AND \"deleted_at\" IS NULL");
    }
    sql.push(" LIMIT 2");
    let mut statement = engine.connection.prepare_cached(&sql.text)?;
    crate::owner::storage::bind(&mut statement, &sql.values)?;
    let mut found = statement.raw_query();
    let mut accounts = Vec::new();
    while let Some(row) = found.next()? {
        let (account, hash): (String, Option<String>) = (row.get(0)?, row.get(1)?);
        let tenant = tenant.map(|column| row.get(2).map(|id: String| (column, id))).transpose()?;
        let key = match &tenant {
            Some((column, tenant)) => json!({ *column: tenant, id: account }),
            None => json!(account),
        };
        accounts.push(Account {
            id: account,
            tenant: tenant.map(|(_, tenant)| tenant),
            password_hash: hash.unwrap_or_default(),
            key,
        });
    }
    Ok(accounts)
}

/// The id of a tenant that is given by its id or its slug.
pub(super) fn tenant_id(engine: &Engine, model: &Model, name: &str) -> Result<Option<String>> {
    let tenancy = model.tenancy.as_ref();
    let tenants = tenancy.and_then(|tenancy| model.table(&tenancy.tenant));
    let Some((tenants, id)) = tenants.and_then(|table| Some((table, table.primary_key.first()?)))
    else {
        return Ok(None);
    };
    for column in [id.as_str(), "slug"] {
        if tenants.column(column).is_none() {
            continue;
        }
        if let Some(found) = find(engine, tenants, &[(column, name)], &[id])? {
            return Ok(Some(text(found.first())));
        }
    }
    Ok(None)
}

/// The actor with this API key.
pub(crate) fn authenticate_key(engine: &Engine, key: &str, origin: Origin) -> Result<Actor> {
    let model = engine.catalog.model();
    let keys = template(model, Template::ApiKey)?;
    let prefix = api_key::key_prefix(key).ok_or(Error::BadCredentials)?;
    let (Some(id), Some(tenant)) = (keys.primary_key.last(), model.tenant_column(keys)) else {
        return Err(Error::BadCredentials);
    };
    let mut sql = Sql::default();
    sql.push("SELECT ").name(id).push(", ").name(tenant);
    sql.push(", \"key_hash\", \"rate_limit\", \"last_used_at\" FROM ").table(&keys.name);
    sql.push(" WHERE \"key_prefix\" = ").bind(prefix.into());
    let Some(found) = first(&engine.connection, &sql, 5)? else {
        return Err(Error::BadCredentials);
    };
    let (id, tenant_id) = (text(found.first()), text(found.get(1)));
    if !api_key::verify(key, &text(found.get(2))) {
        return Err(Error::BadCredentials);
    }
    let actor = Actor::api_key(&id).in_tenant(&tenant_id).from(origin);
    match Session::open(engine, actor.clone(), None) {
        Ok(_) => {}
        Err(Error::SessionEnded { .. }) => return Err(Error::BadCredentials),
        Err(error) => return Err(error),
    }
    if let Some(SqlValue::Integer(limit)) = found.get(3) {
        count_use(engine, &id, *limit)?;
    }
    let minute = crate::host::now(&*engine.host)[..16].to_owned();
    if !text(found.get(4)).starts_with(&minute) {
        let now = crate::host::now(&*engine.host);
        let changes = Row::from_iter([("last_used_at".to_owned(), now.into())]);
        Owner::new(engine).update(&keys.name, &json!({ tenant: tenant_id, "id": id }), &changes)?;
    }
    Ok(actor)
}

/// Counts the uses of a key within the current minute.
fn count_use(engine: &Engine, id: &str, limit: i64) -> Result<()> {
    const MINUTE_MS: i64 = 60_000;
    let now_ms = engine.host.now_ms();
    let minute = now_ms.div_euclid(MINUTE_MS);
    let mut uses = engine.key_uses.borrow_mut();
    uses.retain(|_, (last, _)| *last == minute);
    let (_, count) = uses.entry(id.to_owned()).or_insert((minute, 0));
    if *count >= limit {
        let retry_after_ms = (minute + 1) * MINUTE_MS - now_ms;
        return Err(Error::RateLimited { retry_after_ms });
    }
    *count += 1;
    Ok(())
}
