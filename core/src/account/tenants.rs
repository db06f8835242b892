//! Founding a tenant, and changing its slug.

use serde_json::Value;

use crate::account::profile::check_given;
use crate::error::{Error, Result};
use crate::policy::membership;
use crate::session::Session;
use crate::value::Row;

impl Session<'_> {
    /// Founds a tenant and makes the actor its first member, with the role that the model gives to
    /// founders; the tenant's row. Both happen or none. For sessions of a person without a tenant.
    ///
    /// # Errors
    ///
    /// - `denied`: the actor is no person, or works in a tenant already, or people belong to one
    ///   tenant each in this model
    /// - `unavailable`: the slug can't be had
    /// - `invalid`: the row breaks the model's rules
    pub fn create_tenant(&self, row: &Row) -> Result<Row> {
        let model = self.model();
        let denied = |table: &str| Error::Denied { table: table.to_owned(), operation: "insert" };
        let tenancy = model.tenancy.as_ref().ok_or_else(|| denied("tenants"))?;
        let tenants = model.table(&tenancy.tenant).ok_or_else(|| denied(&tenancy.tenant))?;
        let rules = self.rules()?;
        let rights = rules.rights();
        let (Some((members, person)), Some(user), None) =
            (membership(model), &rights.user, &rights.tenant)
        else {
            return Err(denied(&tenants.name));
        };
        if Some(&members.name) == tenancy.user.as_ref() {
            return Err(denied(&tenants.name));
        }
        let (Some(id), Some(key)) = (tenants.primary_key.first(), model.tenant_column(members))
        else {
            return Err(denied(&tenants.name));
        };
        check_given(model, tenants, row, "row")?;
        // Nobody makes somebody else answer for a tenant.
        let answering = model.answering_columns();
        let names_another = |column: &&str| {
            row.get(*column).is_some_and(|named| named.as_str() != Some(user.as_str()))
        };
        if answering.iter().any(names_another) {
            return Err(denied(&tenants.name));
        }
        let mut row = row.clone();
        for column in answering {
            row.entry(column).or_insert_with(|| Value::from(user.as_str()));
        }
        self.as_core(|rows| {
            let tenant = rows.insert(&tenants.name, &row).map_err(unavailable)?;
            let mut member = Row::from_iter([
                (key.to_owned(), tenant[id].clone()),
                (person.to_owned(), Value::from(user.as_str())),
            ]);
            if let (Some(role), Some(founder)) = (&tenancy.role, &tenancy.founder) {
                member.insert(role.clone(), Value::from(founder.as_str()));
            }
            rows.insert(&members.name, &member)?;
            Ok(tenant)
        })
    }

    /// Changes the slug of the session's tenant; its row as it is then. Whoever may change the
    /// tenant's row may.
    ///
    /// # Errors
    ///
    /// - `unavailable`: the slug can't be had
    /// - `denied`, `invalid`, `session_ended`: as for [`Session::update`]
    pub fn change_slug(&self, slug: &str) -> Result<Row> {
        let model = self.model();
        let rules = self.rules()?;
        let (Some(tenancy), Some(tenant)) = (&model.tenancy, &rules.rights().tenant) else {
            return Err(Error::Denied { table: "tenants".to_owned(), operation: "update" });
        };
        let changes = Row::from_iter([("slug".to_owned(), slug.into())]);
        let key = Value::from(tenant.as_str());
        self.update_with(&tenancy.tenant, &key, &changes).map_err(unavailable)
    }
}

/// What is taken by somebody whom the actor can't see is not told from what can't be had at all.
pub(super) fn unavailable(error: Error) -> Error {
    match error {
        Error::Invalid { issues, table } => {
            match issues.iter().find(|issue| issue.code == "not_unique") {
                Some(issue) => Error::Unavailable { what: issue.path.clone() },
                None => Error::Invalid { issues, table },
            }
        }
        other => other,
    }
}
