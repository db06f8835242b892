//! Whether chains and audit table are whole: each against its own rule, and against each other.

use std::collections::{HashMap, HashSet};

use rusqlite::types::ValueRef;
use rusqlite::{Connection, params_from_iter};

use crate::audit::table::{audit_table, push_value, row};
use crate::audit::{AuditEntry, AuditFinding, entry};
use crate::capture::chain;
use crate::capture::change::{Change, ChangeKind, Record, Shapes, read_records};
use crate::error::Result;
use crate::internal;
use crate::model::{Model, Table};
use crate::query::Sql;
use crate::value::SqlValue;

/// What is known of a chain while its records go by.
#[derive(Default)]
struct Chain {
    number: i64,
    /// The hash as it stands in the record before.
    hash: Option<Vec<u8>>,
    /// The hashes of all records so far.
    hashes: Vec<Vec<u8>>,
}

/// What the records say of the audit table.
#[derive(Default)]
struct Entries {
    /// Entries that are there for a reason: filled, or written by the owner.
    known: HashSet<String>,
    /// Entries that the owner changed or removed, of which a record tells.
    changed: HashSet<String>,
    /// The time of the first record: what is older was there before.
    since: Option<String>,
}

/// Looks at every record and every entry.
///
/// # Errors
///
/// - `corrupt`, `io`: the file can't be read
pub(crate) fn verify(
    connection: &Connection,
    model: &Model,
    found: &mut dyn FnMut(AuditFinding),
) -> Result<()> {
    if !internal::is_there(connection)? {
        return Ok(());
    }
    let shapes = Shapes::read(connection)?;
    let mut chains: HashMap<(String, String), Chain> = HashMap::new();
    let mut entries = Entries::default();
    let audit = audit_table(model);
    let filled = "SELECT coalesce(max(audited), 0) FROM main._freehold_replica";
    let filled: i64 = connection.query_row(filled, [], |row| row.get(0))?;
    let mut expected = Vec::new();
    read_records(connection, 0, |record| {
        entries.since.get_or_insert_with(|| crate::host::format_time(record.at));
        let key = (record.scope.clone(), record.replica.clone());
        check_record(chains.entry(key).or_default(), &record, found);
        let changes = match record.decode(&shapes) {
            Ok(changes) => changes,
            Err(error) => {
                found(of_record("record_unreadable", &record, error.to_string()));
                Vec::new()
            }
        };
        for change in changes {
            if audit.is_some_and(|audit| audit.id == change.shape.table) {
                let id = text(change.key().pop());
                if !matches!(change.kind, ChangeKind::Insert(_)) {
                    entries.changed.insert(id.clone());
                }
                entries.known.insert(id);
            } else if let Some(entry) = entry::of(model, &record, &change)
                && record.seq <= filled
            {
                entries.known.insert(entry.id.clone());
                expected.push((entry, change));
            }
        }
        Ok(true)
    })?;
    check_heads(connection, &chains, found)?;
    let Some(audit) = audit else { return Ok(()) };
    for (entry, change) in &expected {
        if !entries.changed.contains(&entry.id) {
            check_entry(connection, model, audit, entry, change, found)?;
        }
    }
    check_unknown(connection, audit, &entries, found)
}

fn of_record(code: &'static str, record: &Record, message: String) -> AuditFinding {
    AuditFinding {
        code,
        scope: Some(record.scope.clone()),
        number: Some(record.number),
        entry: None,
        message,
    }
}

/// Whether a record follows the one before it in its chain.
fn check_record(chain: &mut Chain, record: &Record, found: &mut dyn FnMut(AuditFinding)) {
    let next = chain.number + 1;
    let previous = chain.hash.clone().unwrap_or_else(|| chain::NO_HASH.to_vec());
    let is_whole = chain::hash(&previous, record).as_slice() == record.hash;
    if record.number != next {
        let message = match record.number > next {
            true => format!("records {next} to {} are missing before it", record.number - 1),
            false => format!("it stands after record {}", chain.number),
        };
        let code = if record.number > next { "chain_cut" } else { "chain_reordered" };
        found(of_record(code, record, message));
    } else if !is_whole {
        let follows = |hash: &&Vec<u8>| chain::hash(hash, record).as_slice() == record.hash;
        let message = match chain.hashes.iter().find(follows) {
            Some(_) => "its hash follows from another record than the one before it",
            None => "its hash is not what follows from its content and the record before it",
        };
        let moved = chain.hashes.iter().any(|hash| follows(&hash));
        let code = if moved { "chain_reordered" } else { "chain_edited" };
        found(of_record(code, record, message.to_owned()));
    }
    chain.number = record.number.max(chain.number);
    chain.hash = Some(record.hash.clone());
    chain.hashes.push(record.hash.clone());
}

/// Whether the chains end where they are said to.
fn check_heads(
    connection: &Connection,
    chains: &HashMap<(String, String), Chain>,
    found: &mut dyn FnMut(AuditFinding),
) -> Result<()> {
    let sql = "SELECT scope, replica, length, head FROM main._freehold_chains ORDER BY id";
    let mut statement = connection.prepare(sql)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (scope, replica): (String, String) = (row.get(0)?, row.get(1)?);
        let (length, head): (i64, Vec<u8>) = (row.get(2)?, row.get(3)?);
        let chain = chains.get(&(scope.clone(), replica));
        let number = chain.map_or(0, |chain| chain.number);
        let problem = match chain.and_then(|chain| chain.hash.as_ref()) {
            _ if number < length => {
                Some(("chain_cut", format!("records {} to {length} are missing", number + 1)))
            }
            _ if number > length => {
                Some(("chain_edited", format!("the chain is said to end at record {length}")))
            }
            Some(hash) if *hash != head => {
                Some(("chain_edited", "the chain's last hash is not this record's".to_owned()))
            }
            _ => None,
        };
        if let Some((code, message)) = problem {
            let (scope, number) = (Some(scope), Some(number));
            found(AuditFinding { code, scope, number, entry: None, message });
        }
    }
    Ok(())
}

/// Whether the audit table has an entry as the record says.
fn check_entry(
    connection: &Connection,
    model: &Model,
    audit: &Table,
    entry: &AuditEntry,
    change: &Change,
    found: &mut dyn FnMut(AuditFinding),
) -> Result<()> {
    let Some(values) = row(model, audit, entry, change) else { return Ok(()) };
    let mut sql = Sql::default();
    sql.push("SELECT ");
    sql.list(0..values.len(), ", ", |sql, at| {
        sql.name(&audit.columns[at].name).push(" IS ");
        push_value(sql, audit, at, &values);
    });
    sql.push(" FROM ").table(&audit.name).push(" WHERE ");
    sql.list(&audit.primary_key, " AND ", |sql, name| {
        let at = audit.columns.iter().position(|column| column.name == *name);
        sql.name(name).push(" = ");
        sql.bind(at.map_or(SqlValue::Null, |at| values[at].borrowed()));
    });
    let mut statement = connection.prepare_cached(&sql.text)?;
    let mut rows = statement.query(params_from_iter(&sql.values))?;
    let of_entry = |code, message| AuditFinding {
        code,
        scope: Some(entry.scope.clone()),
        number: Some(entry.number),
        entry: Some(entry.id.clone()),
        message,
    };
    let Some(row) = rows.next()? else {
        let (action, what, id) = (entry.action, &entry.resource_type, &entry.resource_id);
        let message = format!("`{}` has no entry of this record: {action} {what} {id}", audit.name);
        found(of_entry("entry_missing", message));
        return Ok(());
    };
    let mut differing = Vec::new();
    for (at, column) in audit.columns.iter().enumerate() {
        if row.get_ref(at)? != ValueRef::Integer(1) {
            differing.push(column.name.as_str());
        }
    }
    if !differing.is_empty() {
        let message =
            format!("`{}` differs from the record in: {}", audit.name, differing.join(", "));
        found(of_entry("entry_changed", message));
    }
    Ok(())
}

/// Whether the audit table has entries that no record tells of.
fn check_unknown(
    connection: &Connection,
    audit: &Table,
    entries: &Entries,
    found: &mut dyn FnMut(AuditFinding),
) -> Result<()> {
    let Some(id) = audit.primary_key.last() else { return Ok(()) };
    let mut sql = Sql::default();
    sql.push("SELECT ").name(id);
    if audit.column("created_at").is_some() {
        sql.push(", ").name("created_at");
    } else {
        sql.push(", ''");
    }
    sql.push(" FROM ").table(&audit.name);
    let mut statement = connection.prepare(&sql.text)?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let id = row.get_ref(0)?.as_str().unwrap_or_default();
        let at = row.get_ref(1)?.as_str().unwrap_or_default();
        let is_older = entries.since.as_ref().is_none_or(|since| at < since.as_str());
        if !entries.known.contains(id) && !is_older {
            found(AuditFinding {
                code: "entry_unknown",
                scope: None,
                number: None,
                entry: Some(id.to_owned()),
                message: format!("`{}` has an entry that no record tells of", audit.name),
            });
        }
    }
    Ok(())
}

fn text(value: Option<SqlValue<'_>>) -> String {
    match value {
        Some(SqlValue::Text(text)) => text.into_owned(),
        _ => String::new(),
    }
}
