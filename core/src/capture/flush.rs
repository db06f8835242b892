//! Writing down what a transaction changed: one record per scope, each with its chain's next hash.

use rusqlite::{Connection, OptionalExtension, params};

use super::calls::CallId;
use super::chain::{self, NO_HASH};
use super::change::{FORMAT, HAS_GAP, HAS_SHAPE, Record, SHAPE_BYTES};
use super::encode::push_varint;
use super::notes::{Notes, OF_TENANT, SYSTEM};
use crate::actor::Actor;
use crate::error::Result;

/// Who writes, where and when.
pub(super) struct Stamp<'s> {
    pub(super) actor: &'s Actor,
    pub(super) replica: &'s str,
    /// Unix milliseconds.
    pub(super) at: i64,
    /// For which call.
    pub(super) call: Option<CallId>,
}

/// What needn't be looked up again, as long as nothing is undone and nobody else writes.
#[derive(Debug, Default)]
pub(super) struct Known {
    pub(super) replica: Option<String>,
    actor: Option<(Actor, i64)>,
    shapes: Vec<i64>,
}

/// Where the records stand: the newest one's `seq` and time.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Newest {
    pub(super) seq: i64,
    pub(super) at: Option<i64>,
}

/// The newest record.
pub(super) fn newest(connection: &Connection) -> Result<Newest> {
    let sql = "SELECT seq, at FROM main._freehold_changes ORDER BY seq DESC LIMIT 1";
    let newest = connection
        .prepare_cached(sql)?
        .query_row([], |row| Ok(Newest { seq: row.get(0)?, at: Some(row.get(1)?) }));
    Ok(newest.optional()?.unwrap_or_default())
}

/// Writes the notes down, in records that follow the newest one.
pub(super) fn write(
    connection: &Connection,
    notes: &Notes,
    stamp: &Stamp<'_>,
    newest: Newest,
    known: &mut Known,
) -> Result<()> {
    store_shapes(connection, notes, &mut known.shapes)?;
    let mut gone: Vec<&str> =
        notes.gone().map(|scope| notes.scopes[scope as usize].as_str()).collect();
    gone.sort_unstable();
    gone.dedup();
    gone.iter().try_for_each(|scope| forget(connection, scope))?;
    let actor = match &known.actor {
        Some((actor, number)) if actor == stamp.actor => *number,
        _ => actor_number(connection, stamp.actor)?,
    };
    known.actor = Some((stamp.actor.clone(), actor));
    let mut part = 0;
    for scope in scopes_in_order(notes) {
        let Some(changes) = changes_of(notes, scope) else { continue };
        let place = Place { seq: newest.seq + 1 + part, part, actor };
        append(connection, &notes.scopes[scope as usize], changes, place, stamp)?;
        part += 1;
    }
    if part == 0 && stamp.call.is_some() {
        // Nothing that is recorded was written, but something was.
        let place = Place { seq: newest.seq + 1, part, actor };
        append(connection, SYSTEM, vec![FORMAT], place, stamp)?;
    }
    gone.iter().try_for_each(|scope| forget_actors(connection, scope))
}

/// The number of an actor among those that wrote, a new one where it is the first time.
pub(crate) fn actor_number(connection: &Connection, actor: &Actor) -> Result<i64> {
    let (kind, principal) = chain::principal(actor);
    let or_empty = |text: &'_ Option<String>| text.clone().unwrap_or_default();
    let values = params![
        kind,
        principal,
        or_empty(&actor.tenant),
        or_empty(&actor.narrowed_to),
        or_empty(&actor.origin.ip_address),
        or_empty(&actor.origin.user_agent),
    ];
    let find = "SELECT id FROM main._freehold_actors WHERE kind = ?1 AND principal = ?2
                AND tenant = ?3 AND narrowed_to = ?4 AND ip_address = ?5 AND user_agent = ?6";
    let known = connection.prepare_cached(find)?.query_row(values, |row| row.get(0)).optional()?;
    if let Some(number) = known {
        return Ok(number);
    }
    let add = "INSERT INTO main._freehold_actors
                   (kind, principal, tenant, narrowed_to, ip_address, user_agent)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6) RETURNING id";
    Ok(connection.prepare_cached(add)?.query_row(values, |row| row.get(0))?)
}

/// The shapes of the tables that were written, where they are new.
fn store_shapes(connection: &Connection, notes: &Notes, known: &mut Vec<i64>) -> Result<()> {
    let mut tables: Vec<u32> = notes.entries.iter().map(|entry| entry.table).collect();
    tables.sort_unstable();
    tables.dedup();
    let sql = "INSERT OR IGNORE INTO main._freehold_shapes (id, shape) VALUES (?1, ?2)";
    let find = "SELECT 1 FROM main._freehold_shapes WHERE id = ?1";
    for table in tables {
        let recorded = notes.recorded(table);
        if known.contains(&recorded.shape_id) {
            continue;
        }
        known.push(recorded.shape_id);
        if !connection.prepare_cached(find)?.exists([recorded.shape_id])? {
            let text = recorded.shape.to_text();
            connection.prepare_cached(sql)?.execute(params![recorded.shape_id, text])?;
        }
    }
    Ok(())
}

fn scopes_in_order(notes: &Notes) -> Vec<u32> {
    let mut seen = vec![false; notes.scopes.len()];
    let mut scopes = Vec::new();
    for entry in &notes.entries {
        if !std::mem::replace(&mut seen[entry.scope as usize], true) {
            scopes.push(entry.scope);
        }
    }
    scopes
}

/// The changes of one scope as a record holds them; None where all of them are to be forgotten.
fn changes_of(notes: &Notes, scope: u32) -> Option<Vec<u8>> {
    let first = notes.first_kept(scope);
    let mut changes = vec![FORMAT];
    let (mut shape, mut next) = (None, 0);
    let own = notes.entries.iter().enumerate().skip(first);
    for (place, entry) in own.filter(|(_, entry)| entry.scope == scope) {
        let new_shape = shape != Some(entry.table);
        let gap = place - next;
        let flags = if new_shape { HAS_SHAPE } else { 0 } | if gap > 0 { HAS_GAP } else { 0 };
        changes.push(entry.operation | flags);
        if new_shape {
            let id = notes.recorded(entry.table).shape_id.to_be_bytes();
            changes.extend_from_slice(&id[id.len() - SHAPE_BYTES..]);
        }
        if gap > 0 {
            push_varint(&mut changes, gap as u64);
        }
        changes.extend_from_slice(notes.values(place));
        (shape, next) = (Some(entry.table), place + 1);
    }
    (next > 0).then_some(changes)
}

/// Where a record stands in the file.
#[derive(Clone, Copy)]
struct Place {
    seq: i64,
    part: i64,
    actor: i64,
}

/// Appends a record to the chain of a scope.
fn append(
    connection: &Connection,
    scope: &str,
    changes: Vec<u8>,
    place: Place,
    stamp: &Stamp<'_>,
) -> Result<()> {
    let find = "SELECT id, length, head FROM main._freehold_chains
                WHERE scope = ?1 AND replica = ?2";
    let mut find = connection.prepare_cached(find)?;
    let known = find
        .query_row([scope, stamp.replica], |row| Ok((Some(row.get(0)?), row.get(1)?, row.get(2)?)));
    let (chain, length, head): (Option<i64>, i64, Vec<u8>) =
        known.optional()?.unwrap_or_else(|| (None, 0, NO_HASH.to_vec()));
    let record = Record {
        seq: place.seq,
        scope: scope.to_owned(),
        replica: stamp.replica.to_owned(),
        number: length + 1,
        part: place.part,
        at: stamp.at,
        actor: stamp.actor.clone(),
        changes,
        hash: Vec::new(),
    };
    let hash = chain::hash(&head, &record);
    let chain = match chain {
        Some(id) => {
            let sql = "UPDATE main._freehold_chains SET length = ?2, head = ?3 WHERE id = ?1";
            connection.prepare_cached(sql)?.execute(params![id, record.number, hash])?;
            id
        }
        None => {
            let sql = "INSERT INTO main._freehold_chains (scope, replica, length, head)
                       VALUES (?1, ?2, ?3, ?4) RETURNING id";
            let values = params![scope, stamp.replica, record.number, hash];
            connection.prepare_cached(sql)?.query_row(values, |row| row.get::<_, i64>(0))?
        }
    };
    let sql = "INSERT INTO main._freehold_changes
                   (seq, chain, number, part, at, actor, changes, hash, call)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    connection.prepare_cached(sql)?.execute(params![
        record.seq,
        chain,
        record.number,
        record.part,
        record.at,
        place.actor,
        record.changes,
        hash,
        stamp.call.as_ref().filter(|_| place.part == 0),
    ])?;
    Ok(())
}

/// Removes what was recorded of a tenant before they went.
fn forget(connection: &Connection, scope: &str) -> Result<()> {
    for sql in [
        "DELETE FROM main._freehold_changes
         WHERE chain IN (SELECT id FROM main._freehold_chains WHERE scope = ?1)",
        "DELETE FROM main._freehold_chains WHERE scope = ?1",
        "DELETE FROM main._freehold_versions WHERE scope = ?1",
    ] {
        connection.execute(sql, [scope])?;
    }
    Ok(())
}

/// Removes the actors that nothing was recorded of but what has been forgotten.
fn forget_actors(connection: &Connection, scope: &str) -> Result<()> {
    let sql = "DELETE FROM main._freehold_actors
               WHERE tenant = ?1
               AND id NOT IN (SELECT actor FROM main._freehold_changes)
               AND id NOT IN (SELECT actor FROM main._freehold_versions)";
    connection.execute(sql, [scope.strip_prefix(OF_TENANT).unwrap_or(scope)])?;
    Ok(())
}
