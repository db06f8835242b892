//! `[tenancy]`: whose rows are kept apart, where roles stand, and who counts as active.

use serde_json::{Map, Value};

use super::check_expr::{ExprScope, check_expr, check_types};
use super::node::Node;
use super::problems::{Fields, Problems, suggestion};
use super::read::read_expr;
use super::{Kind, Model, Scope, Table, Template, Tenancy};

/// The role column's name where none is given.
const ROLE: &str = "role";

pub(super) fn read(node: &Node, problems: &mut Problems<'_>) -> Option<Tenancy> {
    let mut fields = Fields::of(node, "tenancy", problems)?;
    let tenant = fields.text("tenant", problems);
    let key = fields.text("key", problems);
    if tenant.is_none() {
        problems.add("tenancy", "missing", "`tenant` names the table whose rows are the tenants");
    }
    if key.is_none() {
        problems.add("tenancy", "missing", "`key` names the column that tenants' rows carry");
    }
    let user = fields.text("user", problems);
    let member = fields.text("member", problems);
    let role = fields.text("role", problems);
    let mut rule = |key: &'static str, problems: &mut Problems<'_>| {
        let node = fields.get(key)?;
        read_expr(node, &fields.path_of(key), problems)
    };
    let user_active = rule("user_active", problems);
    let member_active = rule("member_active", problems);
    let tenant_active = rule("tenant_active", problems);
    let key_active = rule("key_active", problems);
    let founder = fields.text("founder", problems);
    let narrow = fields.text("narrow", problems);
    fields.finish(problems);
    Some(Tenancy {
        tenant: tenant?,
        key: key?,
        user,
        member,
        role,
        user_active,
        member_active,
        tenant_active,
        key_active,
        founder,
        narrow,
    })
}

/// Fills in the role column where the table that roles stand in has one by the usual name.
pub(super) fn resolve(tenancy: &mut Tenancy, tables: &[Table]) {
    let has_role =
        |name: &str| tables.iter().any(|table| table.name == name && table.column(ROLE).is_some());
    if tenancy.role.is_none() && role_table(tenancy, tables).is_some_and(|t| has_role(&t.name)) {
        tenancy.role = Some(ROLE.to_owned());
    }
}

/// The table whose rows say which role a person holds in a tenant.
fn role_table<'t>(tenancy: &Tenancy, tables: &'t [Table]) -> Option<&'t Table> {
    let find = |name: &String| tables.iter().find(|table| table.name == *name);
    match &tenancy.member {
        Some(member) => find(member),
        None => tenancy
            .user
            .as_ref()
            .and_then(find)
            .filter(|table| matches!(table.scope, Scope::Tenant { .. })),
    }
}

impl Model {
    /// The table whose rows say which role a person holds in a tenant: the members' table, or the
    /// users' table where each person belongs to one tenant.
    pub fn role_table(&self) -> Option<&Table> {
        role_table(self.tenancy.as_ref()?, &self.tables)
    }

    /// The table to one row of which a session can be narrowed.
    pub(crate) fn narrow_table(&self) -> Option<&Table> {
        self.table(self.tenancy.as_ref()?.narrow.as_ref()?)
    }

    /// The column of a table that names the sub-tenant.
    pub(crate) fn narrowing_column<'t>(&self, table: &'t Table) -> Option<&'t str> {
        let narrow = self.narrow_table()?;
        let id = narrow.primary_key.last()?;
        let naming = table.references.iter().filter(|reference| reference.table == narrow.name);
        let mut named = naming.flat_map(|reference| reference.columns.iter().zip(&reference.to));
        named.find(|(_, to)| *to == id).map(|(column, _)| column.as_str())
    }

    /// The roles that a person can hold in a tenant; none where there is no role column.
    pub fn roles(&self) -> &[String] {
        let role = self.tenancy.as_ref().and_then(|tenancy| tenancy.role.as_ref());
        let column = role.and_then(|role| self.role_table()?.column(role));
        match column.map(|column| &column.kind) {
            Some(Kind::Enum { name }) => self.enum_values(name),
            _ => &[],
        }
    }
}

pub(super) fn check(model: &Model, problems: &mut Problems<'_>) {
    let Some(tenancy) = &model.tenancy else { return };
    let mut exists = |key: &str, name: &str| {
        let known = model.tables.iter().map(|table| table.name.as_str());
        if model.table(name).is_none() {
            let message = format!("there is no table `{name}`{}", suggestion(name, known));
            problems.add(&format!("tenancy.{key}"), "unknown_table", message);
        }
    };
    exists("tenant", &tenancy.tenant);
    tenancy.user.iter().for_each(|user| exists("user", user));
    tenancy.member.iter().for_each(|member| exists("member", member));
    tenancy.narrow.iter().for_each(|narrow| exists("narrow", narrow));
    if let Some(tenant) = model.table(&tenancy.tenant)
        && (!matches!(tenant.scope, Scope::Tenant { .. }) || tenant.primary_key.len() != 1)
    {
        let message = "the tenants' own table is tenant-scoped and keyed by one column";
        problems.add("tenancy.tenant", "bad_tenant_table", message);
    }
    check_member(model, tenancy, problems);
    check_role(model, tenancy, problems);
    check_narrow(model, tenancy, problems);
    let keys = model.tables.iter().find(|table| table.template == Some(Template::ApiKey));
    for (key, rule, table) in [
        ("user_active", &tenancy.user_active, tenancy.user.as_ref()),
        ("member_active", &tenancy.member_active, tenancy.member.as_ref()),
        ("tenant_active", &tenancy.tenant_active, Some(&tenancy.tenant)),
        ("key_active", &tenancy.key_active, keys.map(|table| &table.name)),
    ] {
        let Some(rule) = rule else { continue };
        let path = format!("tenancy.{key}");
        let Some(table) = table else {
            let message = format!("`{key}` is about rows of a table that the model doesn't have");
            problems.add(&path, "missing", message);
            continue;
        };
        // A table that isn't there has been named above.
        let Some(table) = model.table(table) else { continue };
        let scope = ExprScope::of_row(model, table);
        check_expr(rule, &scope, &path, problems);
        check_types(rule, &scope, &path, problems);
    }
}

/// A membership belongs to a tenant and names one of the users.
fn check_member(model: &Model, tenancy: &Tenancy, problems: &mut Problems<'_>) {
    let Some(member) = tenancy.member.as_ref().and_then(|member| model.table(member)) else {
        return;
    };
    let to_user =
        |table: &Table| table.references.iter().any(|r| Some(&r.table) == tenancy.user.as_ref());
    if !matches!(member.scope, Scope::Tenant { .. }) || !to_user(member) {
        let message = "the members' table is tenant-scoped and refers to the users";
        problems.add("tenancy.member", "bad_member_table", message);
    }
}

fn check_role(model: &Model, tenancy: &Tenancy, problems: &mut Problems<'_>) {
    if let Some(role) = &tenancy.role {
        match (model.role_table(), model.role_table().and_then(|table| table.column(role))) {
            (None, _) => {
                let message = "roles stand in the members' table, or in a users' table whose rows \
                               belong to tenants: there is neither";
                problems.add("tenancy.role", "does_not_fit", message);
            }
            (Some(table), None) => {
                let known = table.columns.iter().map(|column| column.name.as_str());
                let hint = suggestion(role, known);
                let message = format!("`{}` has no column `{role}`{hint}", table.name);
                problems.add("tenancy.role", "unknown_column", message);
            }
            (_, Some(column)) => {
                if !matches!(column.kind, Kind::Enum { .. }) || column.array || column.optional {
                    let message = "the role column is an enum and never optional";
                    problems.add("tenancy.role", "does_not_fit", message);
                }
            }
        }
    }
    if let Some(founder) = &tenancy.founder
        && !model.roles().contains(founder)
    {
        let hint = suggestion(founder, model.roles().iter().map(String::as_str));
        let message = format!("`{founder}` is no role of the model{hint}");
        problems.add("tenancy.founder", "unknown_role", message);
    }
}

fn check_narrow(model: &Model, tenancy: &Tenancy, problems: &mut Problems<'_>) {
    let Some(table) = tenancy.narrow.as_ref().and_then(|narrow| model.table(narrow)) else {
        return;
    };
    let is_scoped = matches!(table.scope, Scope::Tenant { .. }) && table.name != tenancy.tenant;
    if !is_scoped || table.primary_key.len() != 2 {
        let message = "a session is narrowed to one row of a tenant-scoped table, keyed by the \
                       tenant key and one more column";
        problems.add("tenancy.narrow", "does_not_fit", message);
    }
}

pub(super) fn to_json(tenancy: &Tenancy) -> Map<String, Value> {
    let mut entry = Map::new();
    let mut put = |key: &str, value: Option<String>| {
        entry.extend(value.map(|value| (key.to_owned(), value.into())));
    };
    put("tenant", Some(tenancy.tenant.clone()));
    put("key", Some(tenancy.key.clone()));
    put("user", tenancy.user.clone());
    put("member", tenancy.member.clone());
    put("role", tenancy.role.clone());
    put("user_active", tenancy.user_active.as_ref().map(ToString::to_string));
    put("member_active", tenancy.member_active.as_ref().map(ToString::to_string));
    put("tenant_active", tenancy.tenant_active.as_ref().map(ToString::to_string));
    put("key_active", tenancy.key_active.as_ref().map(ToString::to_string));
    put("founder", tenancy.founder.clone());
    put("narrow", tenancy.narrow.clone());
    entry
}
