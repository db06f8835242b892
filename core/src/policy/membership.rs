//! Where a model says who belongs to which tenant.

use crate::model::{Model, Table};

/// The table whose rows say who belongs to which tenant, and its column that names the person: the
/// members' table, or the people's own where people belong to one tenant each.
pub(crate) fn membership(model: &Model) -> Option<(&Table, &str)> {
    let tenancy = model.tenancy.as_ref()?;
    let users = model.table(tenancy.user.as_ref()?)?;
    match &tenancy.member {
        Some(member) => {
            let members = model.table(member)?;
            let person = members.references.iter().find(|to| to.table == users.name)?;
            Some((members, person.columns.last()?))
        }
        None => {
            model.tenant_column(users)?;
            Some((users, users.primary_key.last()?))
        }
    }
}
