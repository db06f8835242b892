//! The table of wrapped data keys, `_freehold_keys`.
//!
//! A data key's row stays after the key was shredded, without the key: so a value that can't be
//! opened any more is told from one that was tampered with.

use rusqlite::{Connection, OptionalExtension, params};

use crate::crypto::MasterKey;
use crate::error::Result;
use crate::keyring::{KeyHolder, KeyId, unwrap};

/// The table. The master key's own row (scope `master`) is what tells a wrong one.
pub(crate) const TABLE_SQL: &str = "CREATE TABLE IF NOT EXISTS main._freehold_keys (
  scope TEXT NOT NULL CHECK (scope IN ('master', 'tenant', 'user', 'public')),
  holder TEXT NOT NULL,
  id INTEGER NOT NULL,
  wrapped BLOB,
  created_at TEXT NOT NULL,
  shredded_at TEXT,
  PRIMARY KEY (scope, holder, id)
) STRICT, WITHOUT ROWID";

/// The scope of the row by which a wrong master key is told.
pub(crate) const MASTER: &str = "master";

/// A row: the key's id, and the key unless it was shredded.
pub(crate) type Wrapped = (KeyId, Option<Vec<u8>>);

/// A key that was not shredded.
pub(crate) struct Kept {
    pub(crate) scope: String,
    pub(crate) holder: String,
    pub(crate) id: KeyId,
    pub(crate) wrapped: Vec<u8>,
}

/// Whether the table is there: older files lack it.
pub(crate) fn is_there(connection: &Connection) -> Result<bool> {
    let sql = "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = '_freehold_keys'";
    Ok(connection.prepare_cached(sql)?.query_row([], |_| Ok(())).optional()?.is_some())
}

/// The newest key of a scope and holder.
pub(crate) fn newest(
    connection: &Connection,
    scope: &str,
    holder: &str,
) -> Result<Option<Wrapped>> {
    let sql = "SELECT id, wrapped FROM main._freehold_keys WHERE scope = ?1 AND holder = ?2
      ORDER BY id DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| Ok((KeyId(row.get(0)?), row.get(1)?));
    Ok(statement.query_row((scope, holder), read).optional()?)
}

/// The id of the newest key of a scope and holder, and whether it was not shredded.
pub(crate) fn newest_id(
    connection: &Connection,
    scope: &str,
    holder: &str,
) -> Result<Option<(KeyId, bool)>> {
    let sql = "SELECT id, wrapped IS NOT NULL FROM main._freehold_keys
      WHERE scope = ?1 AND holder = ?2 ORDER BY id DESC LIMIT 1";
    let mut statement = connection.prepare_cached(sql)?;
    let read = |row: &rusqlite::Row<'_>| Ok((KeyId(row.get(0)?), row.get(1)?));
    Ok(statement.query_row((scope, holder), read).optional()?)
}

/// The key with an id: None where there never was one, None within where it was shredded.
pub(crate) fn find(
    connection: &Connection,
    holder: KeyHolder<'_>,
    id: KeyId,
) -> Result<Option<Option<Vec<u8>>>> {
    let sql =
        "SELECT wrapped FROM main._freehold_keys WHERE scope = ?1 AND holder = ?2 AND id = ?3";
    let (scope, holder) = holder.parts();
    let mut statement = connection.prepare_cached(sql)?;
    Ok(statement.query_row((scope, holder, id.0), |row| row.get(0)).optional()?)
}

/// Every key that was not shredded, the master key's own row included; of one holder alone where
/// one is given.
pub(crate) fn all(connection: &Connection, holder: Option<KeyHolder<'_>>) -> Result<Vec<Kept>> {
    let sql = "SELECT scope, holder, id, wrapped FROM main._freehold_keys
      WHERE wrapped IS NOT NULL AND (?1 IS NULL OR (scope = ?1 AND holder = ?2))
      ORDER BY scope, holder, id";
    let (scope, id) = holder.map(KeyHolder::parts).unzip();
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map((scope, id), |row| {
        let id = KeyId(row.get(2)?);
        Ok(Kept { scope: row.get(0)?, holder: row.get(1)?, id, wrapped: row.get(3)? })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Adds a key.
pub(crate) fn add(
    connection: &Connection,
    scope: &str,
    holder: &str,
    id: KeyId,
    wrapped: &[u8],
    now: &str,
) -> Result<()> {
    let sql = "INSERT INTO main._freehold_keys (scope, holder, id, wrapped, created_at)
      VALUES (?1, ?2, ?3, ?4, ?5)";
    connection.prepare_cached(sql)?.execute(params![scope, holder, id.0, wrapped, now])?;
    Ok(())
}

/// Puts another wrapping of the same key in its place.
pub(crate) fn rewrap(
    connection: &Connection,
    scope: &str,
    holder: &str,
    id: KeyId,
    wrapped: &[u8],
) -> Result<()> {
    let sql = "UPDATE main._freehold_keys SET wrapped = ?4
      WHERE scope = ?1 AND holder = ?2 AND id = ?3";
    connection.prepare_cached(sql)?.execute(params![scope, holder, id.0, wrapped])?;
    Ok(())
}

/// Takes away all keys of a holder; their ids.
pub(crate) fn shred(
    connection: &Connection,
    holder: KeyHolder<'_>,
    now: &str,
) -> Result<Vec<KeyId>> {
    let sql = "UPDATE main._freehold_keys SET wrapped = NULL, shredded_at = ?3
      WHERE scope = ?1 AND holder = ?2 AND wrapped IS NOT NULL RETURNING id";
    let (scope, holder) = holder.parts();
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map((scope, holder, now), |row| row.get(0).map(KeyId))?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Whether this is the master key that wraps the database's keys, or there are none yet.
pub(super) fn is_wrapped_by(connection: &Connection, master: &MasterKey) -> Result<bool> {
    if !is_there(connection)? {
        return Ok(true);
    }
    Ok(match newest(connection, MASTER, "")? {
        Some((id, Some(wrapped))) => unwrap(master, MASTER, "", id, &wrapped).is_some(),
        _ => true,
    })
}
