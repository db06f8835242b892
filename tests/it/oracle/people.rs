//! Who somebody is, as the rows say it: people, and programs with their keys.

use freehold_core::model::{Table, Template};
use freehold_core::{Actor, Principal};
use serde_json::Value;

use super::eval::{Place, holds};
use super::world::{Operation, Row, Who, World, is_there, text};

impl World {
    /// What an actor is; nobody where they have no access.
    pub fn who(&self, actor: &Actor, now: &str) -> Option<Who> {
        let mut who = match &actor.principal {
            Principal::User(user) => self.person(user, actor.tenant.as_deref())?,
            Principal::ApiKey(key) => self.program(key, actor.tenant.as_deref(), now)?,
            Principal::System => return None,
        };
        if let Some(id) = &actor.narrowed_to {
            let table = self.model.table(self.model.tenancy.as_ref()?.narrow.as_ref()?)?;
            let (key, column) = (table.primary_key.last()?, self.model.tenant_column(table)?);
            let mut rows = self.rows(&table.name).iter().filter(|row| is_there(row));
            who.tenant.as_ref()?;
            who.narrowed = Some(
                rows.find(|row| {
                    text(row, key) == Some(id) && text(row, column) == who.tenant.as_deref()
                })?
                .clone(),
            );
        }
        Some(who)
    }

    fn is_active(
        &self,
        table: &Table,
        row: &Row,
        rule: Option<&freehold_core::model::expr::Expr>,
    ) -> bool {
        is_there(row)
            && rule.is_none_or(|rule| holds(self, &Who::default(), rule, Place::of(table, row)))
    }

    fn tenant_is_active(&self, tenant: &str) -> bool {
        let tenancy = self.model.tenancy.as_ref().unwrap();
        let table = self.model.table(&tenancy.tenant).unwrap();
        let id = &table.primary_key[0];
        self.rows(&table.name).iter().any(|row| {
            text(row, id) == Some(tenant)
                && self.is_active(table, row, tenancy.tenant_active.as_ref())
        })
    }

    /// A person with access, in a tenant or in none.
    pub fn person(&self, user: &str, tenant: Option<&str>) -> Option<Who> {
        let tenancy = self.model.tenancy.as_ref().unwrap();
        let users = self.model.table(tenancy.user.as_ref().unwrap()).unwrap();
        let id = users.primary_key.last().unwrap();
        self.rows(&users.name).iter().find(|row| {
            text(row, id) == Some(user) && self.is_active(users, row, tenancy.user_active.as_ref())
        })?;
        let mut who = Who { user: Some(user.to_owned()), ..Who::default() };
        let Some(tenant) = tenant else { return Some(who) };
        if !self.tenant_is_active(tenant) {
            return None;
        }
        let (members, key, person) = self.members();
        let rule = tenancy.member_active.as_ref().filter(|_| tenancy.member.is_some());
        let member = self.rows(&members.name).iter().find(|row| {
            text(row, key) == Some(tenant)
                && text(row, person) == Some(user)
                && self.is_active(members, row, rule)
        })?;
        who.tenant = Some(tenant.to_owned());
        who.role = text(member, tenancy.role.as_ref().unwrap()).map(str::to_owned);
        if let Some(table) = self.template(Template::Permission) {
            let own = self.within(&who, table).filter(|row| text(row, "user_id") == Some(user));
            let name = |row: &Row| {
                format!("{}:{}", text(row, "resource").unwrap(), text(row, "action").unwrap())
            };
            let permissions = own.map(name).collect();
            who.permissions = permissions;
        }
        Some(who)
    }

    fn program(&self, key: &str, tenant: Option<&str>, now: &str) -> Option<Who> {
        let table = self.template(Template::ApiKey)?;
        let column = self.model.tenant_column(table)?;
        let rule = self.model.tenancy.as_ref()?.key_active.as_ref();
        let row = self.rows(&table.name).iter().find(|row| {
            text(row, table.primary_key.last().unwrap()) == Some(key)
                && self.is_active(table, row, rule)
        })?;
        let own = text(row, column)?;
        if tenant.is_some_and(|tenant| tenant != own)
            || text(row, "revoked_at").is_some()
            || text(row, "expires_at").is_some_and(|at| at <= now)
            || !self.tenant_is_active(own)
        {
            return None;
        }
        if !self.has_able_maker(table, row) {
            return None;
        }
        let names = row.get("permissions").and_then(Value::as_array);
        let names = names.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned);
        Some(Who {
            key: Some(key.to_owned()),
            tenant: Some(own.to_owned()),
            permissions: names.collect(),
            ..Who::default()
        })
    }

    /// Whether the person who made a key, if it says, could make it now.
    pub fn has_able_maker(&self, keys: &Table, row: &Row) -> bool {
        let tenant = self.model.tenant_column(keys).and_then(|column| text(row, column));
        let Some(maker) = text(row, "user_id") else { return true };
        let is_made = keys.policy.as_ref().is_some_and(|policy| policy.insert.is_some());
        self.person(maker, tenant)
            .is_some_and(|who| !is_made || self.allows(&who, keys, Operation::Insert, row))
    }
}
