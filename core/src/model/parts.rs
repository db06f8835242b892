//! The parts that tables play in accounts, and which of their columns people don't say themselves.

use super::{Model, Scope, Table, Template, Write};

/// What a table is for the calls about accounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Its rows are the tenants.
    Tenant,
    /// Its rows are people.
    User,
    /// Its rows say who belongs to which tenant.
    Member,
    /// Its rows are invitations into a tenant.
    Invitation,
    /// Its rows are API keys.
    ApiKey,
}

impl Model {
    /// The parts that a table plays; people are their own members where each has one tenant.
    pub(crate) fn parts(&self, table: &Table) -> Vec<Part> {
        let tenancy = self.tenancy.as_ref();
        let is = |name: Option<&String>| name == Some(&table.name);
        let parts = [
            (Part::Tenant, is(tenancy.map(|tenancy| &tenancy.tenant))),
            (Part::User, is(tenancy.and_then(|tenancy| tenancy.user.as_ref()))),
            (Part::Member, is(self.role_table().map(|members| &members.name))),
            (Part::Invitation, table.template == Some(Template::Invitation)),
            (Part::ApiKey, table.template == Some(Template::ApiKey)),
        ];
        parts.into_iter().filter(|(_, plays)| *plays).map(|(part, _)| part).collect()
    }

    /// Whether people don't say a column of themselves, or of a tenant that they found: ids, the
    /// tenant, the role, secrets, and what the model lets nobody write.
    pub(crate) fn is_withheld(&self, table: &Table, name: &str) -> bool {
        let role = self.tenancy.as_ref().and_then(|tenancy| tenancy.role.as_deref());
        table.is_kept(name)
            || table.primary_key.iter().any(|column| column == name)
            || role == Some(name)
            || self.tenant_column(table) == Some(name)
    }

    /// The required columns of the tenants' own table that name a person: whoever answers for it.
    pub(crate) fn answering_columns(&self) -> Vec<&str> {
        let Some(tenancy) = &self.tenancy else { return Vec::new() };
        let Some(tenants) = self.table(&tenancy.tenant) else { return Vec::new() };
        let to_users =
            tenants.references.iter().filter(|to| Some(&to.table) == tenancy.user.as_ref());
        let columns = to_users.filter_map(|reference| reference.columns.last());
        let required = columns.filter(|name| tenants.column(name).is_some_and(|c| !c.optional));
        required.map(String::as_str).collect()
    }

    /// Whether people belong to one tenant each, which they found when they sign up.
    pub(crate) fn has_one_tenant_each(&self) -> bool {
        let users = self.tenancy.as_ref().and_then(|tenancy| self.table(tenancy.user.as_ref()?));
        users.is_some_and(|users| matches!(users.scope, Scope::Tenant { .. }))
    }
}

impl Table {
    /// Whether nobody but the core and the database's holder writes a column.
    pub(crate) fn is_kept(&self, name: &str) -> bool {
        let column = self.column(name);
        column.is_some_and(|column| column.secret || column.write == Write::Never)
            || (self.soft_delete.is_some() && name == "deleted_at")
    }
}
