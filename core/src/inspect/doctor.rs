//! The doctor: what stands between people and what is not theirs, looked at from outside.

use rusqlite::Connection;

use super::Finding;
use crate::audit;
use crate::error::Result;
use crate::model::{Model, Reference, Scope, Table};
use crate::query::Sql;

/// Looks whether every table of tenants' rows has a policy, whether no row refers to a row of
/// another tenant, and whether the audit trail is whole.
pub(crate) fn doctor(
    connection: &Connection,
    model: &Model,
    found: &mut dyn FnMut(Finding),
) -> Result<()> {
    let is_tenants = |table: &&Table| matches!(table.scope, Scope::Tenant { .. });
    for table in model.tables.iter().filter(is_tenants) {
        if table.policy.is_none() {
            let message = "has no policy: no session sees a row of it".to_owned();
            found(of_table("policy", table, None, message));
        }
        for reference in &table.references {
            let count = strays(connection, table, reference)?;
            if count > 0 {
                let message = format!(
                    "{count} row(s) refer to rows of `{}` of another tenant",
                    reference.table
                );
                let path = reference.columns.join("+");
                found(of_table("tenant_key", table, Some(path), message));
            }
        }
    }
    audit::verify(connection, model, &mut |finding| {
        found(Finding::of_database("audit", finding.to_string()));
    })
}

/// How many rows refer to what is there in another tenant alone.
fn strays(connection: &Connection, table: &Table, reference: &Reference) -> Result<i64> {
    let (Some((key, columns)), Some((to_key, to))) =
        (reference.columns.split_first(), reference.to.split_first())
    else {
        return Ok(0);
    };
    if columns.is_empty() {
        return Ok(0);
    }
    let mut sql = Sql::default();
    sql.push("SELECT count(*) FROM ").table(&table.name).push(" AS c WHERE ");
    sql.list(columns, " AND ", |sql, name| {
        sql.push("c.").name(name).push(" IS NOT NULL");
    });
    for (exists, same) in [("NOT EXISTS", " = "), ("EXISTS", " <> ")] {
        sql.push(" AND ").push(exists).push(" (SELECT 1 FROM ").table(&reference.table);
        sql.push(" AS p WHERE p.").name(to_key).push(same).push("c.").name(key);
        for (name, to) in columns.iter().zip(to) {
            sql.push(" AND p.").name(to).push(" = c.").name(name);
        }
        sql.push(")");
    }
    Ok(connection.query_row(&sql.text, [], |row| row.get(0))?)
}

fn of_table(code: &'static str, table: &Table, path: Option<String>, message: String) -> Finding {
    Finding { code, table: Some(table.name.clone()), key: None, path, message }
}
