//! Databases with actors in them.

use freehold::{Actor, Bundle, Database};
use serde_json::Value;

/// A model's development data.
pub struct World {
    pub database: Database,
}

impl World {
    pub fn of(bundle: Bundle) -> World {
        let mut database = freehold::open_in_memory(bundle).unwrap();
        database.init(Some("development"), &mut |_| {}).unwrap();
        World { database }
    }

    pub fn clinic() -> World {
        World::of(clinic_bundle())
    }

    /// One value that the owner reads.
    pub fn value(&self, sql: &str) -> Value {
        let rows = self.database.owner().unwrap().sql(sql, &[]).unwrap().rows;
        rows.into_iter().next().map_or(Value::Null, |row| row[0].clone())
    }

    /// The person with an e-mail address, in the tenant whose table has a value in a column.
    pub fn actor(&self, email: &str, tenant: Option<&str>) -> Actor {
        let tenancy = self.database.bundle().model.tenancy.clone().unwrap();
        let user = tenancy.user.unwrap();
        let id = self.value(&format!("SELECT id FROM {user} WHERE email = '{email}'"));
        let actor = Actor::user(id.as_str().unwrap());
        match tenant {
            None => actor,
            Some(condition) => {
                let table = tenancy.tenant;
                let key =
                    self.database.bundle().model.table(&table).unwrap().primary_key[0].clone();
                let id = self.value(&format!("SELECT {key} FROM {table} WHERE {condition}"));
                actor.in_tenant(id.as_str().unwrap())
            }
        }
    }
}

fn clinic_bundle() -> Bundle {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("models/clinic");
    freehold::bundle_from_dir(&folder).unwrap()
}
