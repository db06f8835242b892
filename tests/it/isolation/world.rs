//! Databases with actors in them, and with rows that these don't see.

use freehold::model::{Column, Kind, Model, Scope, Table, Template};
use freehold::{Actor, Bundle, Database, Error, Owner, host::FixedHost};
use rusqlite::Connection;
use serde_json::Value;

/// What the texts of hidden rows begin with.
pub const CANARY: &str = "CANARY-";

/// A model's development data, and a copy of its first tenant's rows as another's.
pub struct World {
    pub database: Database,
    /// The ids of the first tenant and of its copy.
    pub tenants: [String; 2],
}

impl World {
    /// The same rows, ids and times whenever it is made.
    pub fn of(bundle: Bundle) -> World {
        let host = Box::new(FixedHost::new(1_760_000_000_000, 7));
        let connection = Connection::open_in_memory().unwrap();
        let mut database = Database::open(connection, bundle, host).unwrap();
        database.init(Some("development"), &mut |_| {}).unwrap();
        let mut world = World { database, tenants: [String::new(), String::new()] };
        world.hide_some();
        world.copy_tenant();
        world
    }

    pub fn clinic() -> World {
        let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/clinic");
        World::of(freehold::bundle_from_dir(folder).unwrap())
    }

    pub fn model(&self) -> &Model {
        &self.database.bundle().model
    }

    pub fn owner(&self) -> Owner<'_> {
        self.database.owner().unwrap()
    }

    pub fn rows(&self, sql: &str) -> Vec<Vec<Value>> {
        let found = self.owner().sql(sql, &[]);
        found.unwrap_or_else(|error| panic!("{sql}: {error}")).rows
    }

    /// The first column of the rows that the owner reads.
    pub fn column(&self, sql: &str) -> Vec<String> {
        let texts = self.rows(sql).into_iter().filter_map(|row| row[0].as_str().map(str::to_owned));
        texts.collect()
    }

    /// The person with an e-mail address, in the tenant for which a condition holds.
    pub fn actor(&self, email: &str, tenant: &str) -> Actor {
        let tenancy = self.model().tenancy.as_ref().unwrap();
        let (users, tenants) = (tenancy.user.as_ref().unwrap(), &tenancy.tenant);
        let user = &self.column(&format!("SELECT id FROM {users} WHERE email = '{email}'"))[0];
        let key = &self.model().table(tenants).unwrap().primary_key[0];
        let tenant = &self.column(&format!("SELECT {key} FROM {tenants} WHERE {tenant}"))[0];
        Actor::user(user).in_tenant(tenant)
    }

    /// A few actors: people of different roles in the first tenant, one of them without a tenant,
    /// and a program with a key.
    pub fn actors(&self) -> Vec<Actor> {
        let model = self.model();
        let tenancy = model.tenancy.as_ref().unwrap();
        let users = tenancy.user.as_ref().unwrap();
        let tenant = &self.tenants[0];
        let ids = self.column(&format!("SELECT DISTINCT id FROM {users} ORDER BY id"));
        let (mut roles, mut actors, mut last) = (Vec::new(), Vec::new(), None);
        for id in ids {
            let actor = Actor::user(id.as_str()).in_tenant(tenant);
            let Ok(session) = self.database.session(actor.clone()) else { continue };
            let role = session.role().unwrap();
            if !roles.contains(&role) {
                roles.push(role);
                actors.push(actor);
                last = Some(Actor::user(id));
            }
        }
        assert!(!actors.is_empty(), "{}: somebody is there", model.name);
        actors.truncate(2);
        actors.extend(last);
        let keys = model.tables.iter().find(|table| table.template == Some(Template::ApiKey));
        if let Some((keys, column)) = keys.and_then(|keys| Some((keys, model.tenant_column(keys)?)))
        {
            let sql = format!("SELECT id FROM {} WHERE {column} = '{tenant}'", keys.name);
            let keys = self.column(&sql).into_iter().map(|id| Actor::api_key(id).in_tenant(tenant));
            actors.extend(keys.filter(|key| self.database.session(key.clone()).is_ok()).take(1));
        }
        actors
    }

    /// All rows of all tables, each as text, the schema's among them.
    pub fn dump(&self) -> Vec<String> {
        let mut lines = Vec::new();
        let schema = "SELECT type, name, sql FROM main.sqlite_schema ORDER BY 1, 2";
        lines.extend(self.rows(schema).iter().map(|row| format!("schema {row:?}")));
        for table in &self.model().tables {
            let rows = self.rows(&format!("SELECT * FROM \"{}\"", table.name));
            lines.extend(rows.iter().map(|row| format!("{} {row:?}", table.name)));
        }
        lines.sort();
        lines
    }

    /// Changes the texts of rows, where that breaks no rule.
    pub fn rewrite(&self, table: &Table, start: &str, condition: &str) {
        for column in table.columns.iter().filter(|column| is_free_text(table, column)) {
            let sql = format!(
                "UPDATE \"{}\" SET \"{1}\" = '{start}' || substr(\"{1}\", 1, 8) WHERE {condition}",
                table.name, column.name
            );
            self.owner().sql(&sql, &[]).ok();
        }
    }

    /// The id of the copy of the first tenant; of any other tenant itself.
    pub fn copy_of(&self, tenant: &str) -> &str {
        let is_first = *tenant == self.tenants[0];
        if is_first { &self.tenants[1] } else { &self.tenants[0] }
    }

    /// Empties the audit table, which tells of what was done to make this world.
    pub fn clear_audit(&self) {
        let tables = self.model().tables.iter();
        for table in tables.filter(|table| table.template == Some(Template::AuditLog)) {
            self.rows(&format!("SELECT count(*) FROM \"{}\"", table.name));
            self.rows(&format!("DELETE FROM \"{}\"", table.name));
        }
    }

    /// Changes everything that is secret.
    pub fn rewrite_secrets(&self) {
        for table in &self.model().tables {
            for column in table.columns.iter().filter(|column| column.secret) {
                let sql = format!(
                    "UPDATE \"{}\" SET \"{1}\" = \"{1}\" || 'z' WHERE \"{1}\" IS NOT NULL",
                    table.name, column.name
                );
                self.owner().sql(&sql, &[]).ok();
            }
        }
    }

    /// Takes the second tenant away again.
    pub fn delete_copy(&self) {
        self.each_tenant_table(|table, column| {
            let sql = format!("DELETE FROM \"{}\" WHERE \"{column}\" = ?", table.name);
            (sql, vec![self.tenants[1].clone().into()])
        });
    }

    /// Deletes one row softly wherever there are several.
    fn hide_some(&self) {
        let tables = self.model().tables.iter();
        for table in tables.filter(|table| table.soft_delete.is_some()) {
            let Some(id) = table.primary_key.last() else { continue };
            let sql = format!("SELECT \"{id}\" FROM \"{}\" ORDER BY 1 DESC", table.name);
            let ids = self.column(&sql);
            if ids.len() < 3 {
                continue;
            }
            let condition = format!("\"{id}\" = '{}'", ids[0]);
            self.rewrite(table, CANARY, &condition);
            let at = "2025-06-01T00:00:00.000Z";
            let sql = format!("UPDATE \"{}\" SET deleted_at = '{at}'", table.name);
            self.rows(&format!("{sql} WHERE {condition}"));
        }
    }

    fn copy_tenant(&mut self) {
        let tenancy = self.model().tenancy.clone().unwrap();
        let tenants = self.model().table(&tenancy.tenant).unwrap();
        let key = &tenants.primary_key[0];
        let ids = self.column(&format!("SELECT \"{key}\" FROM \"{}\" ORDER BY 1", tenants.name));
        let users = self.column(&format!("SELECT id FROM {}", tenancy.user.as_ref().unwrap()));
        let members = |tenant: &String| {
            let actors = users.iter().map(|user| Actor::user(user).in_tenant(tenant));
            actors.filter(|actor| self.database.session(actor.clone()).is_ok()).count()
        };
        let first = ids.iter().max_by_key(|id| members(id)).unwrap().clone();
        self.tenants = [first.clone(), copy_id(&first)];
        self.each_tenant_table(|table, column| {
            let copied = table.columns.iter().map(|other| {
                let alone =
                    |unique: &freehold::model::Unique| unique.columns == [other.name.clone()];
                let is_tenants = table.name == tenancy.tenant;
                match other.name == *column {
                    true => "?1".to_owned(),
                    false if is_tenants && table.unique.iter().any(alone) => {
                        format!("\"{}\" || '-b'", other.name)
                    }
                    false => format!("\"{}\"", other.name),
                }
            });
            let copied: Vec<String> = copied.collect();
            let sql = format!(
                "INSERT INTO \"{0}\" SELECT {1} FROM \"{0}\" WHERE \"{column}\" = ?2",
                table.name,
                copied.join(", ")
            );
            (sql, vec![self.tenants[1].clone().into(), first.clone().into()])
        });
        for table in &self.model().tables {
            if let Scope::Tenant { column } = &table.scope {
                let condition = format!("\"{column}\" = '{}'", self.tenants[1]);
                self.rewrite(table, CANARY, &condition);
            }
        }
    }

    /// Runs a statement for each table of tenants, references looked at in the end only.
    fn each_tenant_table(&self, statement: impl Fn(&Table, &String) -> (String, Vec<Value>)) {
        let done = self.owner().transaction(|owner| {
            owner.sql("PRAGMA defer_foreign_keys = 1", &[])?;
            for table in &self.model().tables {
                let Scope::Tenant { column } = &table.scope else { continue };
                let (sql, params) = statement(table, column);
                owner.sql(&sql, &params)?;
            }
            Ok::<(), Error>(())
        });
        done.unwrap_or_else(|error| panic!("{}: {error}", self.model().name));
    }
}

fn copy_id(id: &str) -> String {
    format!("{}beef", &id[..id.len() - 4])
}

/// Whether any short text fits a column.
pub fn is_free_text(table: &Table, column: &Column) -> bool {
    let rules = &column.rules;
    let referring =
        table.references.iter().any(|reference| reference.columns.contains(&column.name));
    column.kind == Kind::Text
        && !column.array
        && !column.secret
        && !column.encrypted
        && rules.pattern.is_none()
        && rules.format.is_none()
        && !referring
        && !table.primary_key.contains(&column.name)
}
