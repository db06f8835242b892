//! Signing up, and what people change of their own account.

use serde::Deserialize;
use serde_json::Value;

use super::tenants::unavailable;
use super::{text, users};
use crate::actor::{Actor, Origin};
use crate::crypto::password;
use crate::error::{Error, Result};
use crate::model::{Model, Table};
use crate::owner::transaction::transaction;
use crate::owner::{Engine, Owner};
use crate::query::Sql;
use crate::session::Session;
use crate::value::{Row, SqlValue};

/// Somebody who signs up.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignUp {
    /// The row of the table of people: address, name and what the model asks for.
    pub user: Row,
    /// The password, if they sign in with one.
    #[serde(default)]
    pub password: Option<String>,
    /// The row of the tenant that they found along, where the model has people belong to one
    /// tenant each.
    #[serde(default)]
    pub tenant: Option<Row>,
}

/// Makes an account; the actor.
pub(crate) fn sign_up(engine: &Engine, request: &SignUp, origin: Origin) -> Result<Actor> {
    let model = engine.catalog.model();
    let users = users(model)?;
    check_given(model, users, &request.user, "user")?;
    if let (Some(row), Some(tenancy)) = (&request.tenant, &model.tenancy)
        && let Some(tenants) = model.table(&tenancy.tenant)
    {
        check_given(model, tenants, row, "tenant")?;
    }
    // Hashed whether the address is taken or not, so that the time doesn't tell.
    let hash = request.password.as_ref().map(|secret| password::hash(secret, &*engine.host));
    let mut user = request.user.clone();
    if let Some(hash) = hash.transpose()? {
        user.insert("password_hash".to_owned(), hash.into());
    }
    let owner = Owner::new(engine);
    let system = Actor::system();
    transaction(engine, &system, || {
        let mut actor_tenant = None;
        if let (Some(row), Some(column), Some(tenancy)) =
            (&request.tenant, model.tenant_column(users), &model.tenancy)
        {
            let tenant = owner.insert(&tenancy.tenant, row).map_err(unavailable)?;
            let id = model.table(&tenancy.tenant).and_then(|table| table.primary_key.first());
            let id = id.and_then(|id| tenant.get(id)).cloned().unwrap_or_default();
            actor_tenant = id.as_str().map(str::to_owned);
            user.insert(column.to_owned(), id);
            if let (Some(role), Some(founder)) = (&tenancy.role, &tenancy.founder) {
                user.insert(role.clone(), founder.as_str().into());
            }
        } else if request.tenant.is_some() {
            let message = "people found tenants after they signed up: `create_tenant`".to_owned();
            return Err(Error::InvalidArgument { argument: "tenant".to_owned(), message });
        }
        let user = owner.insert(&users.name, &user).map_err(unavailable)?;
        let id = users.primary_key.last().and_then(|id| user.get(id)).and_then(Value::as_str);
        let mut actor = Actor::user(id.unwrap_or_default()).from(origin);
        actor.tenant = actor_tenant;
        Ok(actor)
    })
}

/// Refuses what people don't say of themselves.
pub(super) fn check_given(model: &Model, table: &Table, row: &Row, argument: &str) -> Result<()> {
    match row.keys().find(|name| model.is_withheld(table, name)) {
        None => Ok(()),
        Some(name) => Err(Error::InvalidArgument {
            argument: format!("{argument}.{name}"),
            message: "is not for people to say; the core or the database's holder decides it"
                .to_owned(),
        }),
    }
}

/// Sets a person's password, whatever it was.
pub(crate) fn set_password(engine: &Engine, key: &Value, secret: &str) -> Result<()> {
    let users = users(engine.catalog.model())?;
    let hash = password::hash(secret, &*engine.host)?;
    let changes = Row::from_iter([("password_hash".to_owned(), hash.into())]);
    Owner::new(engine).update(&users.name, key, &changes).map(|_| ())
}

impl Session<'_> {
    /// Changes the actor's own password.
    ///
    /// # Errors
    ///
    /// - `bad_credentials`: the old password is another
    /// - `invalid_argument`: the new one is empty or too long
    /// - `denied`: the actor is no person
    pub fn change_password(&self, old: &str, new: &str) -> Result<()> {
        let (table, key) = self.own_account()?;
        let known = self.verified(old)?;
        let hash = password::hash(new, self.host())?;
        let changes = Row::from_iter([("password_hash".to_owned(), hash.into())]);
        self.as_core(|rows| {
            self.check_still(&known)?;
            rows.update(&table, &key, &changes)
        })
        .map(|_| ())
    }

    /// Changes the actor's own e-mail address, after the password was given once more; the account
    /// as it is then. That the address is theirs is for the host to prove beforehand.
    ///
    /// # Errors
    ///
    /// - `bad_credentials`: the password is another
    /// - `unavailable`: the address can't be had
    /// - `invalid`: it is no address
    pub fn change_email(&self, email: &str, secret: &str) -> Result<Row> {
        let (table, key) = self.own_account()?;
        let known = self.verified(secret)?;
        let changes = Row::from_iter([("email".to_owned(), email.into())]);
        self.as_core(|rows| {
            self.check_still(&known)?;
            rows.update(&table, &key, &changes)
        })
        .map_err(unavailable)
    }

    /// The stored hash of the actor's own password, if this is it.
    fn verified(&self, secret: &str) -> Result<String> {
        let hash = self.own_value("password_hash")?;
        match password::verify(secret, &hash) {
            true => Ok(hash),
            false => Err(Error::BadCredentials),
        }
    }

    /// Refuses where the password was changed since it was verified. Verifying takes too long to
    /// hold the write lock meanwhile.
    fn check_still(&self, known: &str) -> Result<()> {
        match self.own_value("password_hash")? == known {
            true => Ok(()),
            false => Err(Error::BadCredentials),
        }
    }

    /// The table of people, and the key of the actor's own row.
    pub(super) fn own_account(&self) -> Result<(String, Value)> {
        let model = self.model();
        let users = users(model)?;
        let rules = self.rules()?;
        let rights = rules.rights();
        let (Some(user), Some(id)) = (&rights.user, users.primary_key.last()) else {
            return Err(Error::Denied { table: users.name.clone(), operation: "update" });
        };
        let mut key = Row::from_iter([(id.clone(), Value::from(user.as_str()))]);
        if let Some(column) = model.tenant_column(users) {
            let tenant = self.own_value_of(column, user)?;
            key.insert(column.to_owned(), tenant.into());
        }
        Ok((users.name.clone(), Value::Object(key)))
    }

    /// A text of the actor's own row; empty where it is NULL.
    pub(super) fn own_value(&self, column: &str) -> Result<String> {
        let rules = self.rules()?;
        let user = rules.rights().user.clone().unwrap_or_default();
        self.own_value_of(column, &user)
    }

    fn own_value_of(&self, column: &str, user: &str) -> Result<String> {
        let users = users(self.model())?;
        let Some(id) = users.primary_key.last() else { return Ok(String::new()) };
        let mut sql = Sql::default();
        sql.push("SELECT ").name(column).push(" FROM ").table(&users.name);
        sql.push(" WHERE ").name(id).push(" = ").bind(SqlValue::from(user));
        // Where people belong to one tenant each, another tenant's may have the same id.
        if let (Some(column), Some(tenant)) =
            (self.model().tenant_column(users), &self.actor().tenant)
        {
            sql.push(" AND ").name(column).push(" = ").bind(tenant.as_str().into());
        }
        Ok(text(self.first(&sql, 1)?.and_then(|row| row.into_iter().next()).as_ref()))
    }
}
