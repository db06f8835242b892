//! What whoever inserts a row decides by being who they are: the tenant, the owner, the person who
//! inserts it, the sub-tenant.

use std::borrow::Cow;

use serde_json::Value;

use crate::model::{Auto, Model, Scope, Table};
use crate::value::Row;

/// Who inserts a row, as far as that fills in columns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Author<'a> {
    /// The person's id.
    pub user: Option<&'a str>,
    /// The id of the tenant that they work in.
    pub tenant: Option<&'a str>,
    /// The id of the sub-tenant that they are held to.
    pub narrowed_to: Option<&'a str>,
}

/// The row with what its author decides, where it leaves that out.
pub fn complete<'r>(
    model: &Model,
    table: &Table,
    author: &Author<'_>,
    row: &'r Row,
) -> Cow<'r, Row> {
    let mut row = Cow::Borrowed(row);
    let mut fill = |column: &str, value: Option<&str>| {
        if let Some(value) = value
            && !row.contains_key(column)
        {
            row.to_mut().insert(column.to_owned(), Value::from(value));
        }
    };
    match &table.scope {
        Scope::Tenant { column } if table.primary_key.len() > 1 => fill(column, author.tenant),
        Scope::User { owner } if table.primary_key != [owner.as_str()] => fill(owner, author.user),
        _ => {}
    }
    for column in table.columns.iter().filter(|column| column.auto == Some(Auto::User)) {
        fill(&column.name, author.user);
    }
    if let Some(column) = model.narrowing_column(table) {
        fill(column, author.narrowed_to);
    }
    row
}
