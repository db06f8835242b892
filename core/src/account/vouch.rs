//! Finding people by their address, for whoever holds the file and vouches for them.

use super::authenticate::{accounts, tenant_id};
use super::users;
use crate::actor::Actor;
use crate::error::{Error, Result};
use crate::owner::Engine;

/// The person with this address, in a tenant where one is given by its id or slug.
pub(crate) fn vouch(engine: &Engine, email: &str, tenant: Option<&str>) -> Result<Actor> {
    let model = engine.catalog.model();
    let users = users(model)?;
    let tenant = tenant.map(|name| find_tenant(engine, name)).transpose()?;
    let within = match (&tenant, model.tenant_column(users)) {
        (Some(tenant), Some(column)) => Some((column, tenant.as_str())),
        _ => None,
    };
    let mut found = accounts(engine, users, email, within)?;
    let Some(account) = found.pop() else {
        return Err(Error::NotFound { table: users.name.clone(), key: email.to_owned() });
    };
    if !found.is_empty() {
        let message = format!("`{email}` has accounts in several tenants; name one");
        return Err(Error::InvalidArgument { argument: "tenant".to_owned(), message });
    }
    let mut actor = Actor::user(account.id);
    actor.tenant = tenant.or(account.tenant);
    Ok(actor)
}

/// The id of the tenant with this id or slug.
pub(crate) fn find_tenant(engine: &Engine, name: &str) -> Result<String> {
    let model = engine.catalog.model();
    tenant_id(engine, model, name)?.ok_or_else(|| Error::NotFound {
        table: model.tenancy.as_ref().map_or("tenants", |tenancy| &tenancy.tenant).to_owned(),
        key: name.to_owned(),
    })
}
