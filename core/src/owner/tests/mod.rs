//! The owner's handle on a small model, against a real database in memory.

mod constraints;
mod pages;
mod properties;
mod reads;
mod sql;
mod texts;
mod writes;

use std::sync::Arc;

use serde_json::{Value, json};

use super::*;
use crate::error::Error;
use crate::query::ListOptions;
use crate::testing::{self, TestHost};

struct Db {
    engine: Engine,
    host: TestHost,
}

impl Db {
    fn new() -> Db {
        let connection = testing::connection();
        let model = Arc::new(testing::model());
        let host = TestHost::new();
        Db { engine: Engine::new(connection, model, Box::new(host.clone())).unwrap(), host }
    }

    fn owner(&self) -> Owner<'_> {
        Owner::new(&self.engine)
    }

    fn org(&self, slug: &str) -> Value {
        let row = json!({ "name": slug, "slug": slug });
        self.owner().insert("organizations", row.as_object().unwrap()).unwrap()["id"].clone()
    }

    fn team(&self, org: &Value, name: &str) -> Row {
        self.insert("teams", json!({ "organization_id": org, "name": name })).unwrap()
    }

    fn insert(&self, table: &str, row: Value) -> Result<Row> {
        self.owner().insert(table, row.as_object().unwrap())
    }
}

/// The path and code of every issue.
fn issues<T: std::fmt::Debug>(result: Result<T>) -> Vec<(String, &'static str)> {
    match result.expect_err("it is refused") {
        Error::Invalid { issues, .. } => {
            issues.into_iter().map(|issue| (issue.path, issue.code)).collect()
        }
        other => panic!("not about a row: {other:?}"),
    }
}

fn options(value: Value) -> ListOptions {
    serde_json::from_value(value).unwrap()
}

fn names(page: &Page) -> Vec<&str> {
    page.rows.iter().map(|row| row["name"].as_str().unwrap()).collect()
}
