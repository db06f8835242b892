//! The whole database as rows in memory, and what the documents say of who sees and changes what.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use freehold_core::Actor;
use freehold_core::model::{Auto, Grant, Model, OnDelete, Scope, Table, Template, Write};
use serde_json::Value;

use super::eval::{Known, Place, eval, holds};

pub type Row = serde_json::Map<String, Value>;

/// The database.
pub struct World {
    pub model: Arc<Model>,
    pub tables: BTreeMap<String, Vec<Row>>,
}

/// What an actor is.
#[derive(Debug, Clone, Default)]
pub struct Who {
    pub user: Option<String>,
    pub key: Option<String>,
    pub tenant: Option<String>,
    pub role: Option<String>,
    pub permissions: BTreeSet<String>,
    /// The row of the sub-tenant that they are held to.
    pub narrowed: Option<Row>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    Read,
    Insert,
    Update,
    Delete,
}

pub fn text<'r>(row: &'r Row, column: &str) -> Option<&'r str> {
    row.get(column).and_then(Value::as_str)
}

pub fn is_there(row: &Row) -> bool {
    row.get("deleted_at").is_none_or(Value::is_null)
}

/// Tables that the core itself writes from what it recorded.
pub fn is_derived(table: &Table) -> bool {
    matches!(table.template, Some(Template::AuditLog | Template::Versions))
}

pub fn key_of(table: &Table, row: &Row) -> Vec<Value> {
    table.primary_key.iter().map(|name| row[name].clone()).collect()
}

impl World {
    pub fn rows(&self, table: &str) -> &[Row] {
        &self.tables[table]
    }

    pub fn template(&self, template: Template) -> Option<&Table> {
        self.model.tables.iter().find(|table| table.template == Some(template))
    }

    /// The rows that a SELECT of a policy may look at: of the tenant, and not deleted.
    pub fn within<'w>(&'w self, who: &Who, table: &'w Table) -> impl Iterator<Item = &'w Row> {
        let key = self.model.tenant_column(table);
        let tenant = who.tenant.clone();
        self.rows(&table.name).iter().filter(move |row| {
            is_there(row)
                && key.is_none_or(|key| tenant.is_some() && text(row, key) == tenant.as_deref())
        })
    }

    /// The table that says who belongs to which tenant, its columns for tenant and person.
    pub fn members(&self) -> (&Table, &str, &str) {
        let tenancy = self.model.tenancy.as_ref().unwrap();
        let users = tenancy.user.as_ref().unwrap();
        let table = self.model.table(tenancy.member.as_ref().unwrap_or(users)).unwrap();
        let person = match tenancy.member {
            Some(_) => &table.references.iter().find(|r| r.table == *users).unwrap().columns,
            None => &table.primary_key,
        };
        (table, self.model.tenant_column(table).unwrap(), person.last().unwrap())
    }

    /// The same without the rows of some tables.
    pub fn without(&self, names: &[String]) -> World {
        let mut tables = self.tables.clone();
        tables
            .iter_mut()
            .filter(|(name, _)| names.contains(name))
            .for_each(|(_, rows)| rows.clear());
        World { model: self.model.clone(), tables }
    }

    /// Whether an actor sees and changes a row because another one is there.
    pub fn rests_on(
        &self,
        actor: &Actor,
        now: &str,
        (table, row): (&Table, &Row),
        (other_table, other): (&Table, &Row),
    ) -> bool {
        let mut bare = World { model: self.model.clone(), tables: self.tables.clone() };
        bare.tables.get_mut(&other_table.name).unwrap().retain(|kept| kept != other);
        let reaches = |world: &World| {
            world.who(actor, now).is_some_and(|who| {
                world.allows(&who, table, Operation::Read, row)
                    && world.allows(&who, table, Operation::Update, row)
            })
        };
        reaches(self) != reaches(&bare)
    }

    /// Whether an actor may do something with a row, as the policies stand now.
    pub fn allows(&self, who: &Who, table: &Table, operation: Operation, row: &Row) -> bool {
        if let Some(column) = self.model.tenant_column(table) {
            let Some(tenant) = &who.tenant else {
                return operation == Operation::Read && self.is_own(who, table, row);
            };
            if text(row, column) != Some(tenant) {
                return false;
            }
        }
        if let Some(narrowed) = &who.narrowed
            && !self.is_narrowed_to(narrowed, table, operation, row)
        {
            return false;
        }
        let Some(policy) = &table.policy else {
            return match &table.scope {
                Scope::User { owner } => {
                    who.user.is_some() && text(row, owner) == who.user.as_deref()
                }
                Scope::Public => operation == Operation::Read,
                Scope::Tenant { .. } => false,
            };
        };
        let grant = match operation {
            Operation::Read => &policy.read,
            Operation::Insert => &policy.insert,
            Operation::Update => &policy.update,
            Operation::Delete => &policy.delete,
        };
        match grant {
            None => false,
            Some(Grant::Roles(roles)) => who.role.as_ref().is_some_and(|role| roles.contains(role)),
            Some(Grant::When(expr)) => holds(self, who, expr, Place::of(table, row)),
        }
    }

    /// What a person sees of tenants without working in one: their memberships, and those tenants,
    /// where they could work.
    fn is_own(&self, who: &Who, table: &Table, row: &Row) -> bool {
        let Some(user) = who.user.as_deref() else { return false };
        let (members, key, person) = self.members();
        let tenants = &self.model.tenancy.as_ref().unwrap().tenant;
        let tenant = match &table.name {
            name if *name == members.name && text(row, person) == Some(user) => text(row, key),
            name if name == tenants => text(row, table.primary_key.first().unwrap()),
            _ => None,
        };
        tenant.is_some_and(|tenant| self.person(user, Some(tenant)).is_some())
    }

    /// What a session held to one sub-tenant reaches.
    fn is_narrowed_to(
        &self,
        narrowed: &Row,
        table: &Table,
        operation: Operation,
        row: &Row,
    ) -> bool {
        let narrow = self.model.tenancy.as_ref().unwrap().narrow.as_ref().unwrap();
        let narrow = self.model.table(narrow).unwrap();
        let id = narrow.primary_key.last().unwrap();
        if let Some(column) = naming(narrow, table) {
            return row.get(column) == narrowed.get(id);
        }
        let tenant = self.model.tenant_column(narrow);
        let is_it =
            |own: &str, to: &str| !narrowed[own].is_null() && row.get(to) == narrowed.get(own);
        operation == Operation::Read
            && (table.name == narrow.name && row.get(id) == narrowed.get(id)
                || narrow.references.iter().any(|reference| {
                    let (own, to) = (reference.columns.last(), reference.to.last());
                    reference.table == table.name
                        && own.map(String::as_str) != tenant
                        && is_it(own.unwrap(), to.unwrap())
                }))
    }

    /// The rows of a table that an actor sees.
    pub fn seen(&self, who: &Who, table: &Table) -> Vec<&Row> {
        let rows = self.rows(&table.name).iter();
        rows.filter(|row| is_there(row) && self.allows(who, table, Operation::Read, row)).collect()
    }

    /// The row as it will be, apart from what the core makes up: with the session's own values and
    /// the defaults.
    pub fn completed(&self, who: &Who, table: &Table, given: &Row) -> Row {
        let mut row = given.clone();
        let mut fill = |name: &str, value: Option<Value>| {
            if !row.contains_key(name) {
                row.insert(name.to_owned(), value.unwrap_or(Value::Null));
            }
        };
        if let Some(column) =
            self.model.tenant_column(table).filter(|_| table.primary_key.len() > 1)
        {
            fill(column, who.tenant.clone().map(Value::from));
        }
        if let Scope::User { owner } = &table.scope
            && table.primary_key != [owner.as_str()]
        {
            fill(owner, who.user.clone().map(Value::from));
        }
        let narrow = self.model.tenancy.as_ref().unwrap().narrow.as_ref();
        if let (Some(narrowed), Some(narrow)) = (&who.narrowed, narrow) {
            let narrow = self.model.table(narrow).unwrap();
            if let Some(column) = naming(narrow, table) {
                fill(column, narrowed.get(narrow.primary_key.last().unwrap()).cloned());
            }
        }
        for column in &table.columns {
            match column.auto {
                Some(Auto::User) => fill(&column.name, who.user.clone().map(Value::from)),
                Some(_) => fill(&column.name, Some("made up".into())),
                None => fill(&column.name, column.default.clone()),
            }
        }
        row
    }

    /// Why an actor may not insert a row: codes of errors, any of which is right; none when they
    /// may.
    pub fn against_insert(&self, who: &Who, table: &Table, given: &Row) -> Vec<&'static str> {
        let row = self.completed(who, table, given);
        let mut reasons = Vec::new();
        let makes_keys = global_keys(&self.model, table)
            .iter()
            .any(|name| table.column(name).is_some_and(|column| column.auto.is_none()));
        let writes_own = given.keys().any(|name| self.is_own_column(table, name, true));
        if makes_keys || writes_own || !self.allows(who, table, Operation::Insert, &row) {
            reasons.push("denied");
        }
        reasons.extend(self.against_values(who, table, &row, None));
        reasons
    }

    /// Why an actor may not change a row that they see into another.
    pub fn against_update(
        &self,
        who: &Who,
        table: &Table,
        old: &Row,
        changes: &Row,
    ) -> Vec<&'static str> {
        let mut reasons = Vec::new();
        let mut new = old.clone();
        new.extend(changes.clone());
        if changes.keys().any(|name| self.is_own_column(table, name, false))
            || !self.allows(who, table, Operation::Update, old)
            || !self.allows(who, table, Operation::Update, &new)
        {
            reasons.push("denied");
        }
        reasons.extend(self.against_values(who, table, &new, Some((old, changes))));
        reasons
    }

    /// Whether sessions don't write a column.
    fn is_own_column(&self, table: &Table, name: &str, inserting: bool) -> bool {
        let column = table.column(name).unwrap();
        let is_key = global_keys(&self.model, table).contains(&name.to_owned());
        column.secret
            || is_key && column.auto.is_none()
            || column.write == Write::Never
            || column.write == Write::Once && !inserting
    }

    fn against_values(
        &self,
        who: &Who,
        table: &Table,
        row: &Row,
        update: Option<(&Row, &Row)>,
    ) -> Option<&'static str> {
        let changed = |columns: &[String]| {
            update.is_none_or(|(_, changes)| columns.iter().any(|name| changes.contains_key(name)))
        };
        let missing = table.columns.iter().any(|column| {
            (!column.secret || update.is_none())
                && !column.optional
                && row.get(&column.name).is_none_or(Value::is_null)
        });
        let unknown = table.references.iter().filter(|r| changed(&r.columns)).any(|reference| {
            let values: Vec<&Value> = reference.columns.iter().map(|name| &row[name]).collect();
            let parent = self.model.table(&reference.table).unwrap();
            let tenancy = self.model.tenancy.as_ref().unwrap();
            // Their own tenant is no secret.
            let is_own_tenant = parent.name == tenancy.tenant
                && reference.columns == [tenancy.key.as_str()]
                && values[0].as_str() == who.tenant.as_deref();
            let names = |parent_row: &&Row| {
                reference
                    .to
                    .iter()
                    .zip(&values)
                    .all(|(to, value)| parent_row.get(to) == Some(value))
            };
            !values.iter().any(|value| value.is_null())
                && !is_own_tenant
                && !self.seen(who, parent).iter().any(names)
        });
        let keys =
            table.unique.iter().map(|u| (&u.columns, u.nulls_equal, table.soft_delete.is_some()));
        let primary = (&table.primary_key, false, false);
        let taken = keys.chain([primary]).filter(|(columns, ..)| changed(columns)).any(
            |(columns, nulls_equal, partial)| {
                let is_null = |name: &String| row.get(name).is_none_or(Value::is_null);
                let counts = nulls_equal || !columns.iter().any(is_null);
                let others = self.rows(&table.name).iter().filter(|other| {
                    update.is_none_or(|(old, _)| *other != old) && (!partial || is_there(other))
                });
                counts
                    && others.into_iter().any(|other| {
                        columns.iter().all(|name| {
                            other.get(name).unwrap_or(&Value::Null)
                                == row.get(name).unwrap_or(&Value::Null)
                        })
                    })
            },
        );
        let broken = table.checks.iter().any(|check| {
            eval(self, &Who::default(), &check.expr, Place::of(table, row)) == Known::Truth(false)
        });
        let referred = update.is_some_and(|(old, _)| self.is_referred_to(table, old, row));
        (missing || unknown || taken || broken || referred).then_some("invalid")
    }

    /// Whether other rows refer to a row by values that it has no longer.
    fn is_referred_to(&self, table: &Table, old: &Row, new: &Row) -> bool {
        self.model.tables.iter().any(|child| {
            let references = child.references.iter().filter(|r| r.table == table.name);
            let mut left = references.filter(|r| r.to.iter().any(|to| old.get(to) != new.get(to)));
            left.any(|reference| {
                let names = |row: &Row| {
                    let mut pairs = reference.columns.iter().zip(&reference.to);
                    pairs.all(|(own, to)| !row[own].is_null() && Some(&row[own]) == old.get(to))
                };
                self.rows(&child.name).iter().any(names)
            })
        })
    }

    /// Deletes a row with what hangs on it; false, and nothing, where something still refers to it.
    pub fn delete(&mut self, table: &str, key: &[Value]) -> bool {
        let before = self.tables.clone();
        let mut open = vec![(table.to_owned(), key.to_vec())];
        let mut restricted: Vec<(String, Row)> = Vec::new();
        while let Some((name, key)) = open.pop() {
            let model = self.model.clone();
            let parent = model.table(&name).unwrap();
            let rows = self.tables.get_mut(&name).unwrap();
            let Some(at) = rows.iter().position(|row| key_of(parent, row) == key) else { continue };
            let gone = rows.remove(at);
            for child in &model.tables {
                for reference in child.references.iter().filter(|r| r.table == name) {
                    let names = |row: &Row| {
                        let mut pairs = reference.columns.iter().zip(&reference.to);
                        pairs.all(|(own, to)| !row[own].is_null() && row[own] == gone[to])
                    };
                    let tenant = model.tenant_column(child);
                    for row in self.tables.get_mut(&child.name).unwrap() {
                        if !names(row) {
                            continue;
                        }
                        match reference.on_delete {
                            OnDelete::Cascade => {
                                open.push((child.name.clone(), key_of(child, row)))
                            }
                            OnDelete::Restrict => {
                                restricted.push((child.name.clone(), row.clone()))
                            }
                            OnDelete::SetNull => {
                                for own in reference.columns.iter() {
                                    if Some(own.as_str()) != tenant {
                                        row.insert(own.clone(), Value::Null);
                                    }
                                }
                            }
                        }
                    }
                }
            }
        }
        let stays = |(name, row): &(String, Row)| {
            let table = self.model.table(name).unwrap();
            self.rows(name).iter().any(|other| key_of(table, other) == key_of(table, row))
        };
        let refused = restricted.iter().any(stays);
        if refused {
            self.tables = before;
        }
        !refused
    }
}

/// The column of a table that names a row of the sub-tenants' table.
fn naming<'t>(narrow: &Table, table: &'t Table) -> Option<&'t str> {
    let id = narrow.primary_key.last().unwrap();
    let naming = table.references.iter().filter(|reference| reference.table == narrow.name);
    let mut pairs = naming.flat_map(|reference| reference.columns.iter().zip(&reference.to));
    pairs.find(|(_, to)| *to == id).map(|(own, _)| own.as_str())
}

/// Columns of keys that span tenants or users.
fn global_keys(model: &Model, table: &Table) -> Vec<String> {
    let own = match &table.scope {
        Scope::User { owner } => Some(owner.as_str()),
        _ => model.tenant_column(table),
    };
    let keys = table.unique.iter().map(|unique| &unique.columns).chain([&table.primary_key]);
    let spans = |key: &&Vec<String>| key.len() == 1 || Some(key[0].as_str()) != own;
    keys.filter(spans).flatten().cloned().collect()
}
