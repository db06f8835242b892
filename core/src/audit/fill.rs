//! Filling the model's audit table from the records.

use rusqlite::{Connection, OptionalExtension, params_from_iter};

use crate::audit::table::{audit_table, push_value, row};
use crate::audit::{AuditEntry, entry};
use crate::capture::Recorder;
use crate::capture::change::{Change, Shapes, read_records};
use crate::error::Result;
use crate::internal;
use crate::model::{Model, Table};
use crate::query::Sql;

/// Whether there are records that the model's audit table has no entries of yet.
pub(crate) fn is_behind(connection: &Connection, model: &Model) -> Result<bool> {
    if audit_table(model).is_none() || !internal::is_there(connection)? {
        return Ok(false);
    }
    let sql = "SELECT seq > (SELECT audited FROM main._freehold_replica)
               FROM main._freehold_changes ORDER BY seq DESC LIMIT 1";
    let behind = connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    Ok(behind.flatten().unwrap_or(false))
}

/// Adds what is missing in the model's audit table; how many entries. Belongs into a transaction.
///
/// A record that can't be read is passed over: `verify` tells of it.
pub(crate) fn fill(connection: &Connection, model: &Model, recorder: &Recorder) -> Result<usize> {
    let Some(audit) = audit_table(model) else { return Ok(0) };
    let sql = "SELECT audited FROM main._freehold_replica";
    let audited: i64 = connection.query_row(sql, [], |row| row.get(0))?;
    let shapes = Shapes::read(connection)?;
    let (mut added, mut last) = (0, audited);
    let number = model.tables.iter().position(|table| table.name == audit.name).unwrap_or_default();
    recorder.quietly(number, || {
        read_records(connection, audited, |record| {
            for change in record.decode(&shapes).unwrap_or_default() {
                if let Some(entry) = entry::of(model, &record, &change) {
                    added += add(connection, model, audit, &entry, &change)?;
                }
            }
            last = record.seq;
            Ok(true)
        })
    })?;
    connection.execute("UPDATE main._freehold_replica SET audited = ?1", [last])?;
    Ok(added)
}

fn add(
    connection: &Connection,
    model: &Model,
    audit: &Table,
    entry: &AuditEntry,
    change: &Change,
) -> Result<usize> {
    let Some(values) = row(model, audit, entry, change) else { return Ok(0) };
    let mut sql = Sql::default();
    sql.push("INSERT INTO ").table(&audit.name).push(" (");
    sql.list(&audit.columns, ", ", |sql, column| {
        sql.name(&column.name);
    });
    sql.push(") VALUES (");
    sql.list(0..values.len(), ", ", |sql, at| push_value(sql, audit, at, &values));
    sql.push(") ON CONFLICT (");
    sql.list(&audit.primary_key, ", ", |sql, name| {
        sql.name(name);
    });
    sql.push(") DO NOTHING");
    let mut statement = connection.prepare_cached(&sql.text)?;
    Ok(statement.execute(params_from_iter(&sql.values))?)
}
