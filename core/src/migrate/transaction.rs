//! The one transaction around a run: foreign keys off before it, checked before its COMMIT, and
//! restored on every way out.

use rusqlite::Connection;

use crate::error::{Error, Result};

/// Runs `work` in one transaction with foreign keys off, and commits only if every foreign key
/// holds afterwards. Whatever fails, the database is as it was.
///
/// Foreign keys have to be off because rebuilding a parent table would empty its cascading
/// children, and the switch does nothing inside a transaction.
pub(super) fn in_transaction<R>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<R>,
) -> Result<R> {
    if !connection.is_autocommit() {
        return Err(Error::InvalidArgument {
            argument: "migrate".to_owned(),
            message: "a transaction is open; commit it before migrating".to_owned(),
        });
    }
    let before = foreign_keys(connection)?;
    connection.pragma_update(None, "foreign_keys", false)?;
    assert!(!foreign_keys(connection)?, "foreign keys stay on during a migration");
    let result = run(connection, work);
    let restored = connection.pragma_update(None, "foreign_keys", before);
    let value = result?;
    restored?;
    Ok(value)
}

fn foreign_keys(connection: &Connection) -> Result<bool> {
    Ok(connection.pragma_query_value(None, "foreign_keys", |row| row.get(0))?)
}

fn run<R>(
    connection: &mut Connection,
    work: impl FnOnce(&mut Connection) -> Result<R>,
) -> Result<R> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let result = work(connection)
        .and_then(|value| check_foreign_keys(connection).map(|()| value))
        .and_then(|value| Ok(connection.execute_batch("COMMIT").map(|()| value)?));
    if result.is_err() && !connection.is_autocommit() {
        // Some errors (a full disk, for one) have rolled back already. What went wrong first is
        // what the caller has to hear.
        drop(connection.execute_batch("ROLLBACK"));
    }
    result
}

fn check_foreign_keys(connection: &Connection) -> Result<()> {
    let sql = "SELECT \"table\", rowid, parent, count(*) FROM pragma_foreign_key_check
               GROUP BY \"table\", parent, fkid";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        let (table, parent): (String, String) = (row.get(0)?, row.get(2)?);
        let count: i64 = row.get(3)?;
        Ok(format!("{count} row(s) of `{table}` refer to rows of `{parent}` that don't exist"))
    })?;
    let orphans: Vec<String> = rows.collect::<rusqlite::Result<_>>()?;
    match orphans.is_empty() {
        true => Ok(()),
        false => Err(Error::SchemaDrift {
            subject: "the data after the migration breaks references".to_owned(),
            differences: orphans,
        }),
    }
}
