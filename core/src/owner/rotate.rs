//! New keys for what is encrypted already, and keys taken away.
//!
//! Rotating seals every value anew under a new data key. The keys before stay, since change records
//! (which are chained by hashes) and what other replicas still send were sealed under them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use crate::crypto::MasterKey;
use crate::error::Result;
use crate::host::Host;
use crate::keyring::{KeyHolder, KeyId};
use crate::owner::catalog::Plan;
use crate::owner::storage::{bind, read};
use crate::owner::transaction::transaction;
use crate::owner::{Engine, SYSTEM};
use crate::query::{Key, Sql};
use crate::value::SqlValue;

/// Rows that are sealed anew before the next ones are read.
const BATCH_ROWS: i64 = 500;

/// The columns of a tenants' table that mirror the newest data key, where it has them.
const MIRROR: &str = "encryption_key";
const MIRROR_VERSION: &str = "encryption_key_version";

/// What a rotation did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Rotated {
    /// The new data keys.
    pub keys: u64,
    /// The values of rows that were sealed anew.
    pub values: u64,
    /// The values of versions that were sealed anew.
    pub versions: u64,
}

impl Engine {
    /// New data keys for everybody who has one, or for one holder, and all of their values sealed
    /// anew. All of it happens, or none.
    pub(crate) fn rotate(&self, only: Option<KeyHolder<'_>>) -> Result<Rotated> {
        transaction(self, &SYSTEM, || {
            let mut rotated = Rotated::default();
            for (scope, id) in self.keys.holders(&self.connection)? {
                let Some(holder) = KeyHolder::of_parts(&scope, &id) else { continue };
                if only.is_none_or(|only| only == holder) {
                    self.keys.renew(&self.connection, &*self.host, holder)?;
                    self.mirror_made()?;
                    rotated.keys += 1;
                }
            }
            for table in &self.catalog.model().tables {
                let plan = self.catalog.plan(&table.name)?;
                rotated.values += self.reseal(plan, only)?;
                rotated.versions += self.reseal_versions(table, plan, only)?;
            }
            Ok(rotated)
        })
    }

    /// Wraps all data keys by another master key, which is the one at hand from then on.
    pub(crate) fn rotate_master(&mut self, new: MasterKey) -> Result<u64> {
        let engine = &*self;
        let rewrapped = transaction(engine, &SYSTEM, || {
            let made = engine.keys.rewrap(&engine.connection, &*engine.host, &new)?;
            made.iter()
                .try_for_each(|key| engine.mirror(key.scope, &key.holder, key.id, &key.wrapped))?;
            Ok(made.len() as u64)
        })?;
        self.keys.unlock(&self.connection, new)?;
        Ok(rewrapped)
    }

    /// Takes a holder's data keys away for good; their ids.
    pub(crate) fn shred(&self, holder: KeyHolder<'_>) -> Result<Vec<KeyId>> {
        let shredded = transaction(self, &SYSTEM, || {
            let ids = self.keys.shred(&self.connection, &*self.host, holder)?;
            let (scope, id) = holder.parts();
            if let Some(last) = ids.last() {
                self.mirror(scope, id, *last, &[])?;
            }
            Ok(ids)
        })?;
        // The write-ahead log still has the pages as they were.
        self.connection.query_row("PRAGMA main.wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        Ok(shredded)
    }

    /// Seals a table's values under the newest keys; how many.
    fn reseal(&self, plan: &Plan, only: Option<KeyHolder<'_>>) -> Result<u64> {
        let Some(sealing) = &plan.sealing else { return Ok(0) };
        let mut count = 0;
        let mut after: Option<Vec<SqlValue<'static>>> = None;
        loop {
            let rows = self.sealed_rows(plan, after.as_deref())?;
            let Some(last) = rows.last() else { return Ok(count) };
            after = Some(plan.key.iter().map(|position| last[*position].clone()).collect());
            for row in &rows {
                let at = |position: usize| Ok(row[position].borrowed());
                let id = sealing.owner.map(|position| sealing.id_of(plan, &row[position]));
                let id = id.transpose()?.flatten();
                if only.is_some_and(|only| only != sealing.holder_of(id.as_deref())) {
                    continue;
                }
                let mut sql = Sql::default();
                for position in sealing.positions().filter(|position| !row[*position].is_null()) {
                    // What is locked here was shredded, and stays as it is.
                    let opened = self.open_value(plan, position, &row[position], &at)?;
                    let Some(plain) = opened else { continue };
                    let sealed = self.seal_value(&*self.host, plan, position, &plain, &at)?;
                    sql.push(if sql.text.is_empty() { "" } else { ", " });
                    sql.name(&plan.validator.fields()[position].name).push(" = ").bind(sealed);
                    count += 1;
                }
                self.put_back(plan, row, sql)?;
            }
        }
    }

    /// Some rows with encrypted values, in the order of the key, after one of them.
    fn sealed_rows(
        &self,
        plan: &Plan,
        after: Option<&[SqlValue<'static>]>,
    ) -> Result<Vec<Vec<SqlValue<'static>>>> {
        let fields = plan.validator.fields();
        let mut sql = Sql::default();
        sql.push("SELECT ").list(fields, ", ", |sql, field| {
            sql.name(&field.name);
        });
        sql.push(" FROM ").table(plan.table()).push(" WHERE (");
        let sealed = plan.sealing.iter().flat_map(|sealing| sealing.positions());
        sql.list(sealed, " OR ", |sql, position| {
            sql.name(&fields[position].name).push(" IS NOT NULL");
        });
        sql.push(")");
        if let Some(after) = after {
            sql.push(" AND (");
            push_key_columns(&mut sql, plan);
            sql.push(") > (").list(after, ", ", |sql, value| {
                sql.bind(value.clone());
            });
            sql.push(")");
        }
        sql.push(" ORDER BY ");
        push_key_columns(&mut sql, plan);
        sql.push(" LIMIT ").bind(SqlValue::Integer(BATCH_ROWS));
        let mut statement = self.connection.prepare_cached(&sql.text)?;
        bind(&mut statement, &sql.values)?;
        let mut found = statement.raw_query();
        let mut rows = Vec::new();
        while let Some(row) = found.next()? {
            let values = (0..fields.len()).map(|at| read(row, at).map(SqlValue::into_owned));
            rows.push(values.collect::<Result<_>>()?);
        }
        Ok(rows)
    }

    /// Runs the assignments for one row, if there are any.
    fn put_back(&self, plan: &Plan, row: &[SqlValue<'_>], assignments: Sql<'_>) -> Result<()> {
        if assignments.text.is_empty() {
            return Ok(());
        }
        let mut sql = Sql::default();
        sql.push("UPDATE ").table(plan.table()).push(" SET ").push(&assignments.text);
        sql.values.extend(assignments.values);
        sql.push(" WHERE ").list(&plan.key, " AND ", |sql, position| {
            let name = &plan.validator.fields()[*position].name;
            sql.name(name).push(" = ").bind(row[*position].borrowed());
        });
        self.execute_quietly(plan, &sql)
    }

    /// Takes away the data keys of a tenant or user whose row was deleted.
    pub(super) fn shred_deleted(&self, host: &dyn Host, plan: &Plan, key: &Key<'_>) -> Result<()> {
        let Some(tenancy) = &self.catalog.model().tenancy else { return Ok(()) };
        let [SqlValue::Text(id)] = &key.values[..] else { return Ok(()) };
        let holder = match plan.table() {
            table if *table == tenancy.tenant => KeyHolder::Tenant(id),
            table if tenancy.user.as_deref() == Some(table) => KeyHolder::User(id),
            _ => return Ok(()),
        };
        self.keys.shred(&self.connection, host, holder)?;
        Ok(())
    }

    /// Runs a statement that is no edit of anybody's: neither audit nor versions tell of it.
    fn execute_quietly(&self, plan: &Plan, sql: &Sql<'_>) -> Result<()> {
        self.recorder.quietly(plan.number, || {
            let mut statement = self.connection.prepare_cached(&sql.text)?;
            bind(&mut statement, &sql.values)?;
            statement.raw_execute()?;
            Ok(())
        })
    }

    /// Writes a data key that was just made into the tenant's row, where the model has columns for
    /// it.
    pub(super) fn mirror_made(&self) -> Result<()> {
        let Some(made) = self.keys.take_made() else { return Ok(()) };
        self.mirror(made.scope, &made.holder, made.id, &made.wrapped)
    }

    fn mirror(&self, scope: &str, holder: &str, id: KeyId, wrapped: &[u8]) -> Result<()> {
        let Some(tenancy) = &self.catalog.model().tenancy else { return Ok(()) };
        let plan = self.catalog.plan(&tenancy.tenant)?;
        let has = |name: &str| plan.validator.position(name).is_some();
        let (Some(position), [key]) = (plan.validator.position(MIRROR), &plan.key[..]) else {
            return Ok(());
        };
        if scope != "tenant" || !plan.validator.fields()[position].secret {
            return Ok(());
        }
        let mut sql = Sql::default();
        sql.push("UPDATE ").table(plan.table()).push(" SET ").name(MIRROR).push(" = ");
        sql.bind(match wrapped.is_empty() {
            true => SqlValue::Null,
            false => STANDARD.encode(wrapped).into(),
        });
        if has(MIRROR_VERSION) {
            sql.push(", ").name(MIRROR_VERSION).push(" = ").bind(SqlValue::Integer(id.version()));
        }
        sql.push(" WHERE ").name(&plan.validator.fields()[*key].name).push(" = ");
        sql.bind(holder.into());
        self.execute_quietly(plan, &sql)
    }
}

fn push_key_columns(sql: &mut Sql<'_>, plan: &Plan) {
    sql.list(&plan.key, ", ", |sql, position| {
        sql.name(&plan.validator.fields()[*position].name);
    });
}
