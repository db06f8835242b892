//! The audit trail: who did what to which row, when and where from, with what changed.
//!
//! The durable truth is the change records (`capture`), which are written in the transaction that
//! they are about and hang on each other by hashes. The model's audit table, where it has one, is
//! filled from them before anyone reads it; a write costs nothing for it. Entries follow from the
//! records alone, ids included, so that filling again adds nothing, and the two can be compared.
//!
//! Secret columns are redacted and encrypted ones not shown: neither is in a record.

mod entry;
mod fill;
mod table;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod verify;

use rusqlite::Connection;
use serde::Serialize;
use serde_json::Value;

use crate::capture::change::{Shapes, read_records_back};
use crate::error::Result;
use crate::internal;
use crate::model::Model;

pub(crate) use fill::{fill, is_behind};
pub(crate) use table::audit_table;
pub(crate) use verify::verify;

/// One entry of the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditEntry {
    /// The entry's id, which follows from the record: the same wherever the record is.
    pub id: String,
    /// When: RFC 3339, UTC.
    pub at: String,
    /// The tenant whose row it is, if it is a tenant's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tenant: Option<String>,
    /// The person who acted, if it was one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The API key with which a program acted, if it was one. Neither: the system.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub api_key: Option<String>,
    /// Where from, if the host said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ip_address: Option<String>,
    /// What with, if the host said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// `create`, `update`, `delete` or `restore`.
    pub action: &'static str,
    /// The table, by its present name; its stable id where the model has it no more.
    pub table: String,
    /// What a row of the table is called.
    pub resource_type: String,
    /// The row's primary key without the tenant key; the parts joined by `/`.
    pub resource_id: String,
    /// `before` and `after` of what changed.
    pub changes: Value,
    /// The chain and the number in it of the record that says so.
    pub scope: String,
    /// The number of the record in the chain of its scope and replica.
    pub number: i64,
}

/// Which entries are wanted, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditQuery {
    /// Those of this tenant's rows.
    pub tenant: Option<String>,
    /// Those of this table's rows.
    pub table: Option<String>,
    /// Those of the row with this resource id.
    pub resource_id: Option<String>,
    /// Those before this place, as the page before gave it.
    pub before: Option<i64>,
    /// The most entries of a page, a record's always together; 100 where it is None.
    pub limit: Option<usize>,
}

/// Entries of the audit trail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditPage {
    /// The entries, newest first.
    pub entries: Vec<AuditEntry>,
    /// Where the next page begins; None at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<i64>,
}

/// Something wrong with the audit trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AuditFinding {
    /// A stable code: `chain_cut`, `chain_edited`, `chain_reordered`, `record_unreadable`,
    /// `entry_missing`, `entry_changed` or `entry_unknown`.
    pub code: &'static str,
    /// The chain's scope, for what is wrong with a chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scope: Option<String>,
    /// The number of the record in its chain.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub number: Option<i64>,
    /// The id of the entry in the audit table.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub entry: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for AuditFinding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.code)?;
        if let (Some(scope), Some(number)) = (&self.scope, self.number) {
            write!(f, "{scope} record {number}: ")?;
        }
        if let Some(entry) = &self.entry {
            write!(f, "{entry}: ")?;
        }
        f.write_str(&self.message)
    }
}

/// Entries from the records, newest first, whether the model has an audit table or not.
///
/// # Errors
///
/// - `corrupt`, `io`: the file can't be read
pub(crate) fn list(
    connection: &Connection,
    model: &Model,
    query: &AuditQuery,
) -> Result<AuditPage> {
    let mut page = AuditPage { entries: Vec::new(), next: None };
    if !internal::is_there(connection)? {
        return Ok(page);
    }
    let (limit, shapes) = (query.limit.unwrap_or(100).max(1), Shapes::read(connection)?);
    let scope = query.tenant.as_ref().map(|tenant| format!("tenant/{tenant}"));
    read_records_back(connection, query.before, |record| {
        if scope.as_ref().is_some_and(|scope| *scope != record.scope) {
            return Ok(true);
        }
        // What can't be read is for `verify` to tell.
        let changes = record.decode(&shapes).unwrap_or_default();
        let entries = changes.iter().rev().filter_map(|change| entry::of(model, &record, change));
        let wanted = entries.filter(|entry| {
            query.table.as_ref().is_none_or(|table| *table == entry.table)
                && query.resource_id.as_ref().is_none_or(|id| *id == entry.resource_id)
        });
        let before = page.entries.len();
        page.entries.extend(wanted);
        if page.entries.len() > limit && before > 0 {
            page.entries.truncate(before);
            page.next = Some(record.seq + 1);
            return Ok(false);
        }
        Ok(true)
    })?;
    Ok(page)
}
