//! The tables that the core keeps for itself beside the model's.
//!
//! They are no part of a schema: comparisons, migrations and `has_rows` leave out what begins with
//! `_freehold_`. They are made with the first migration, or before the first write to a file of an
//! older build. What stands in them is said at each of them.

use rusqlite::{Connection, OptionalExtension};

use crate::error::Result;
use crate::host::{self, Host};

const TABLES: &str = "
    -- The one row says which replica this file is, and how far its audit table is filled.
    CREATE TABLE IF NOT EXISTS main._freehold_replica (
        one INTEGER NOT NULL PRIMARY KEY CHECK (one = 1),
        id TEXT NOT NULL,
        audited INTEGER NOT NULL DEFAULT 0
    ) STRICT;
    -- One row is one form that a table had: what a change record's values stand for.
    CREATE TABLE IF NOT EXISTS main._freehold_shapes (
        id INTEGER NOT NULL PRIMARY KEY,
        shape TEXT NOT NULL
    ) STRICT;
    -- One row is one actor that wrote, and where from; empty texts where nothing is known.
    CREATE TABLE IF NOT EXISTS main._freehold_actors (
        id INTEGER NOT NULL PRIMARY KEY,
        kind TEXT NOT NULL,
        principal TEXT NOT NULL,
        tenant TEXT NOT NULL,
        narrowed_to TEXT NOT NULL,
        ip_address TEXT NOT NULL,
        user_agent TEXT NOT NULL,
        UNIQUE (principal, kind, tenant, narrowed_to, ip_address, user_agent)
    ) STRICT;
    -- One row is one chain of change records: those that one replica made in one scope.
    CREATE TABLE IF NOT EXISTS main._freehold_chains (
        id INTEGER NOT NULL PRIMARY KEY,
        scope TEXT NOT NULL,
        replica TEXT NOT NULL,
        length INTEGER NOT NULL,
        head BLOB NOT NULL,
        UNIQUE (scope, replica)
    ) STRICT;
    -- One row is what one transaction changed in one scope; the first of a transaction says for
    -- which call it was, if that has an id.
    CREATE TABLE IF NOT EXISTS main._freehold_changes (
        seq INTEGER NOT NULL PRIMARY KEY,
        chain INTEGER NOT NULL,
        number INTEGER NOT NULL,
        part INTEGER NOT NULL,
        at INTEGER NOT NULL,
        actor INTEGER NOT NULL,
        changes BLOB NOT NULL,
        hash BLOB NOT NULL,
        call BLOB
    ) STRICT;
    -- One row is one version of a row whose table has no versions table in the model.
    CREATE TABLE IF NOT EXISTS main._freehold_versions (
        id INTEGER NOT NULL PRIMARY KEY,
        table_id TEXT NOT NULL,
        key BLOB NOT NULL,
        number INTEGER NOT NULL,
        scope TEXT NOT NULL,
        shape INTEGER NOT NULL,
        at INTEGER NOT NULL,
        actor INTEGER NOT NULL,
        image BLOB NOT NULL,
        UNIQUE (table_id, key, number)
    ) STRICT;";

/// Makes the internal tables where they are missing. Belongs into the caller's transaction.
pub(crate) fn ensure(connection: &Connection) -> Result<()> {
    if !is_there(connection)? {
        connection.execute_batch(TABLES)?;
    }
    if !knows_calls(connection)? {
        connection.execute_batch("ALTER TABLE main._freehold_changes ADD COLUMN call BLOB")?;
    }
    Ok(())
}

/// Whether the records can say for which call they are: those of an older build can't.
pub(crate) fn knows_calls(connection: &Connection) -> Result<bool> {
    let sql = "SELECT 1 FROM main.sqlite_schema
               WHERE name = '_freehold_changes' AND instr(sql, 'call BLOB') > 0";
    Ok(connection.prepare_cached(sql)?.exists([])?)
}

/// Whether the file has the internal tables: one that an older build wrote has none.
pub(crate) fn is_there(connection: &Connection) -> Result<bool> {
    let sql =
        "SELECT 1 FROM main.sqlite_schema WHERE type = 'table' AND name = '_freehold_versions'";
    Ok(connection.prepare_cached(sql)?.exists([])?)
}

/// This replica's id; made from the host's random bytes where there is none yet, and where the file
/// is not the one that had it: two files must not go on with the same chains.
pub(crate) fn replica(connection: &Connection, host: &dyn Host) -> Result<String> {
    let sql = "SELECT id FROM main._freehold_replica";
    let known = connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?;
    let Some(place) = host.place() else {
        return known.map_or_else(|| renew_replica(connection, host), Ok);
    };
    match (known, place_in(connection)?) {
        (Some(id), Some(found)) if found == place => Ok(id),
        // Nobody has said yet which file it is.
        (Some(id), None) => {
            put_place(connection, place)?;
            Ok(id)
        }
        _ => renew_replica(connection, host),
    }
}

/// Gives this file a new replica id; the id.
pub(crate) fn renew_replica(connection: &Connection, host: &dyn Host) -> Result<String> {
    let id = host::new_id(host).hyphenated().to_string();
    let sql = "INSERT INTO main._freehold_replica (one, id) VALUES (1, ?1)
               ON CONFLICT (one) DO UPDATE SET id = excluded.id";
    connection.execute(sql, [&id])?;
    if let Some(place) = host.place() {
        put_place(connection, place)?;
    }
    Ok(id)
}

/// Which file the database says that it is, by the host's word then; empty in a backup.
pub(crate) fn place_in(connection: &Connection) -> Result<Option<String>> {
    let sql = "SELECT value FROM main._freehold_meta WHERE key = 'place'";
    Ok(connection.prepare_cached(sql)?.query_row([], |row| row.get(0)).optional()?)
}

fn put_place(connection: &Connection, place: &str) -> Result<()> {
    let sql = "INSERT INTO main._freehold_meta (key, value) VALUES ('place', ?1)
               ON CONFLICT (key) DO UPDATE SET value = excluded.value";
    connection.execute(sql, [place])?;
    Ok(())
}
