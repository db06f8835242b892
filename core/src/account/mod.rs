//! Accounts: who somebody is, and what the core alone may write of it.
//!
//! Addresses, slugs, passwords, tokens and key hashes are unique across tenants or secret, so
//! sessions never write them as columns. What happens to them is an operation here, whose answers
//! don't tell whether somebody else's account exists.

mod api_keys;
mod authenticate;
mod invitations;
mod profile;
mod tenants;
mod vouch;

pub use api_keys::CreatedApiKey;
pub(crate) use authenticate::{authenticate, authenticate_key};
pub use invitations::Invited;
pub use profile::SignUp;
pub(crate) use profile::{set_password, sign_up};
pub(crate) use vouch::{find_tenant, vouch};

use crate::error::{Error, Result};
use crate::model::{Model, Table, Template};
use crate::owner::Engine;
use crate::owner::read::first;
use crate::query::Sql;
use crate::value::SqlValue;

/// The table that extends a template, if the model has one.
fn template(model: &Model, template: Template) -> Result<&Table> {
    let found = model.tables.iter().find(|table| table.template == Some(template));
    found.ok_or_else(|| Error::InvalidArgument {
        argument: "model".to_owned(),
        message: format!("the model has no table with this template: {template:?}"),
    })
}

/// The table of people.
fn users(model: &Model) -> Result<&Table> {
    let tenancy = model.tenancy.as_ref();
    let found = tenancy.and_then(|tenancy| model.table(tenancy.user.as_ref()?));
    found.ok_or_else(|| Error::InvalidArgument {
        argument: "model".to_owned(),
        message: "the model has no table of people: `tenancy.user` names none".to_owned(),
    })
}

/// Columns of the first row with these values, among rows that are not softly deleted.
fn find(
    engine: &Engine,
    table: &Table,
    keys: &[(&str, &str)],
    columns: &[&str],
) -> Result<Option<Vec<SqlValue<'static>>>> {
    let mut sql = Sql::default();
    sql.push("SELECT ").list(columns, ", ", |sql, name| {
        sql.name(name);
    });
    sql.push(" FROM ").table(&table.name).push(" WHERE ");
    sql.list(keys, " AND ", |sql, (name, value)| {
        sql.name(name).push(" = ").bind((*value).into());
    });
    if table.soft_delete.is_some() {
        sql.push(" AND \"deleted_at\" IS NULL");
    }
    first(&engine.connection, &sql, columns.len())
}

/// The text of a value; empty for any other.
fn text(value: Option<&SqlValue<'_>>) -> String {
    match value {
        Some(SqlValue::Text(text)) => text.clone().into_owned(),
        _ => String::new(),
    }
}
