//! From a recorded change to an entry.

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};
use serde_json::{Map, Value, json};

use crate::actor::Principal;
use crate::audit::AuditEntry;
use crate::capture::change::{Change, ChangeKind, Record};
use crate::host;
use crate::model::{Auto, Column, Model, Table};
use crate::value::{Row, SqlValue, decode};

/// What stands for a secret that changed.
const REDACTED: &str = "$redacted";
/// What stands for an encrypted value.
const LOCKED: &str = "$locked";

/// The entry of a change; None where the table is not audited.
pub(super) fn of(model: &Model, record: &Record, change: &Change) -> Option<AuditEntry> {
    let table = model.tables.iter().find(|table| table.id == change.shape.table);
    if table.is_some_and(|table| !table.audited) {
        return None;
    }
    let (user, api_key) = match &record.actor.principal {
        Principal::User(id) => (Some(id.clone()), None),
        Principal::ApiKey(id) => (None, Some(id.clone())),
        Principal::System => (None, None),
    };
    let origin = &record.actor.origin;
    let tenant = match &change.kind {
        ChangeKind::DeleteTenant(_) => Some(resource_id(model, table, change)),
        _ => record.scope.strip_prefix("tenant/").map(str::to_owned),
    };
    Some(AuditEntry {
        id: id_of(record, change),
        at: host::format_time(record.at),
        tenant,
        user,
        api_key,
        ip_address: origin.ip_address.clone(),
        user_agent: origin.user_agent.clone(),
        action: action(change),
        table: table.map_or(&change.shape.table, |table| &table.name).clone(),
        resource_type: table.map_or_else(
            || change.shape.table.clone(),
            |table| super::table::singular(model, &table.name),
        ),
        resource_id: resource_id(model, table, change),
        changes: changes(table, change),
        scope: record.scope.clone(),
        number: record.number,
    })
}

/// The id that follows from the record and the change's place in its transaction.
fn id_of(record: &Record, change: &Change) -> String {
    let mut hash = Blake2b::<U32>::new();
    for part in [
        "freehold audit 1",
        &record.scope,
        &record.replica,
        &record.number.to_string(),
        &change.ordinal.to_string(),
    ] {
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part.as_bytes());
    }
    let hash = hash.finalize();
    let mut random = [0; 10];
    random.copy_from_slice(&hash[..10]);
    let at = u64::try_from(record.at).unwrap_or(0);
    let id = uuid::Builder::from_unix_timestamp_millis(at, &random).into_uuid();
    id.hyphenated().to_string()
}

fn action(change: &Change) -> &'static str {
    match &change.kind {
        ChangeKind::Insert(_) => "create",
        ChangeKind::Delete(_) | ChangeKind::DeleteTenant(_) => "delete",
        ChangeKind::Update(update) => {
            let hidden = update.changes.iter().find(|(at, before, after)| {
                change.shape.columns[*at] == "deleted_at" && before.is_null() != after.is_null()
            });
            match hidden {
                Some((_, before, _)) if before.is_null() => "delete",
                Some(_) => "restore",
                None => "update",
            }
        }
    }
}

fn resource_id(model: &Model, table: Option<&Table>, change: &Change) -> String {
    let tenant = table.and_then(|table| model.tenant_column(table));
    let tenant = tenant.and_then(|name| Some(table?.column(name)?.id.as_str()));
    let shape = &change.shape;
    let key = change.key();
    let parts = shape
        .key
        .iter()
        .zip(&key)
        .filter(|(at, _)| key.len() == 1 || Some(shape.columns[**at].as_str()) != tenant);
    let parts = parts.map(|(_, value)| match value {
        SqlValue::Text(text) => text.to_string(),
        SqlValue::Integer(integer) => integer.to_string(),
        SqlValue::Real(real) => real.to_string(),
        SqlValue::Blob(bytes) => crate::capture::hex(bytes),
        SqlValue::Null => String::new(),
    });
    parts.collect::<Vec<_>>().join("/")
}

/// `before` and `after` of what changed, in the API's form.
fn changes(table: Option<&Table>, change: &Change) -> Value {
    let shape = &change.shape;
    let column = |id: &String| table?.columns.iter().find(|column| column.id == *id);
    let whole = |row: &[SqlValue<'static>]| {
        let columns = shape.columns.iter().zip(row);
        let shown = columns.map(|(id, value)| shown(column(id), id, value));
        shown.collect::<Row>()
    };
    match &change.kind {
        ChangeKind::Insert(row) => json!({ "after": whole(row) }),
        ChangeKind::Delete(row) => json!({ "before": whole(row) }),
        ChangeKind::DeleteTenant(_) => json!({}),
        ChangeKind::Update(update) => {
            let (mut before, mut after) = (Map::new(), Map::new());
            for (at, old, new) in &update.changes {
                let id = &shape.columns[*at];
                // That it was written then is what the entry says.
                if column(id).is_some_and(|column| column.auto == Some(Auto::Updated)) {
                    continue;
                }
                before.extend([shown(column(id), id, old)]);
                after.extend([shown(column(id), id, new)]);
            }
            for at in &update.secrets {
                let id = &shape.secrets[*at];
                let name = column(id).map_or(id, |column| &column.name);
                before.insert(name.clone(), json!({ REDACTED: true }));
                after.insert(name.clone(), json!({ REDACTED: true }));
            }
            json!({ "before": before, "after": after })
        }
    }
}

/// A column's name and value as the trail shows them.
fn shown(column: Option<&Column>, id: &str, value: &SqlValue<'_>) -> (String, Value) {
    let name = column.map_or(id, |column| &column.name).to_owned();
    let shown = match column {
        _ if value.is_null() => Value::Null,
        Some(column) if column.secret => json!({ REDACTED: true }),
        Some(column) if column.encrypted => json!({ LOCKED: true }),
        Some(column) => decode(&column.kind, column.array, value).unwrap_or_else(|_| plain(value)),
        // What it was is not known any more.
        None => plain(value),
    };
    (name, shown)
}

fn plain(value: &SqlValue<'_>) -> Value {
    match value {
        SqlValue::Null => Value::Null,
        SqlValue::Integer(integer) => json!(integer),
        SqlValue::Real(real) => json!(real),
        SqlValue::Text(text) => json!(text),
        SqlValue::Blob(bytes) => json!({ "$blob": crate::capture::hex(bytes) }),
    }
}
