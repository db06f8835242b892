//! Versions in `_freehold_versions`: whole rows, for tables without a versions table.

use rusqlite::{Connection, OptionalExtension, params};

use super::{NewVersion, StoredVersion};
use crate::actor::Actor;
use crate::capture::change::Shapes;
use crate::capture::{Versioned, actor_number, pack, unpack};
use crate::error::{Error, Result};
use crate::host;
use crate::model::Table;
use crate::value::SqlValue;

pub(super) fn last(
    connection: &Connection,
    table: &Table,
    key: &[SqlValue<'static>],
) -> Result<Option<i64>> {
    let sql = "SELECT max(number) FROM main._freehold_versions WHERE table_id = ?1 AND key = ?2";
    let mut statement = connection.prepare_cached(sql)?;
    let last = statement.query_row(params![table.id, pack(key)], |row| row.get(0)).optional()?;
    Ok(last.flatten())
}

pub(super) fn write(
    connection: &Connection,
    table: &Table,
    noted: &Versioned,
    actor: &Actor,
    version: &NewVersion<'_>,
) -> Result<()> {
    let sql = "INSERT INTO main._freehold_versions
                   (table_id, key, number, scope, shape, at, actor, image)
               VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    connection.prepare_cached(sql)?.execute(params![
        table.id,
        pack(version.key),
        version.number,
        noted.scope,
        noted.shape_id,
        version.at,
        actor_number(connection, actor)?,
        pack(version.image),
    ])?;
    Ok(())
}

/// Removes the versions of a row that is gone.
pub(super) fn forget(
    connection: &Connection,
    table: &Table,
    key: &[SqlValue<'static>],
) -> Result<()> {
    let sql = "DELETE FROM main._freehold_versions WHERE table_id = ?1 AND key = ?2";
    connection.prepare_cached(sql)?.execute(params![table.id, pack(key)])?;
    Ok(())
}

/// Lets the versions of a row follow its key.
pub(super) fn rename(
    connection: &Connection,
    table: &Table,
    key: &[SqlValue<'static>],
    new_key: &[SqlValue<'static>],
) -> Result<()> {
    let sql = "UPDATE main._freehold_versions SET key = ?3 WHERE table_id = ?1 AND key = ?2";
    connection.prepare_cached(sql)?.execute(params![table.id, pack(key), pack(new_key)])?;
    Ok(())
}

pub(super) fn versions(
    connection: &Connection,
    table: &Table,
    shapes: &Shapes,
    key: &[SqlValue<'static>],
    number: Option<i64>,
) -> Result<Vec<StoredVersion>> {
    let sql = "SELECT v.number, v.at, v.shape, v.image, a.principal
               FROM main._freehold_versions v
               LEFT JOIN main._freehold_actors a ON a.id = v.actor AND a.kind = 'user'
               WHERE v.table_id = ?1 AND v.key = ?2 AND (?3 IS NULL OR v.number = ?3)
               ORDER BY v.number";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query(params![table.id, pack(key), number])?;
    let mut versions = Vec::new();
    while let Some(row) = rows.next()? {
        let (number, image): (i64, Vec<u8>) = (row.get(0)?, row.get(3)?);
        let shape = shapes.get(row.get(2)?).ok_or_else(|| Error::Corrupt {
            message: format!("version {number} of a row of `{}` has no shape", table.name),
        })?;
        let values = unpack(&image, shape.columns.len())?;
        let kept = shape.columns.iter().zip(values).filter_map(|(id, value)| {
            let position = table.columns.iter().position(|column| column.id == *id)?;
            Some((position, value))
        });
        versions.push(StoredVersion {
            number,
            at: host::format_time(row.get(1)?),
            user: row.get(4)?,
            values: kept.collect(),
        });
    }
    Ok(versions)
}
