//! Versions in a table of the model: one with the template `versions` that refers to the table.

use rusqlite::{Connection, params_from_iter};
use serde_json::{Map, Value, json};

use super::{NewVersion, StoredVersion, execute};
use crate::actor::{Actor, Principal};
use crate::capture::change::{Change, ChangeKind};
use crate::capture::shape::Shape;
use crate::error::Result;
use crate::host::{self, Host};
use crate::model::{Auto, Column, Kind, Model, Reference, Table, Template};
use crate::query::Sql;
use crate::value::{SqlValue, decode};

/// A versions table, and what fills its columns.
pub(super) struct OwnTable<'m> {
    table: &'m Table,
    /// The reference to the versioned row.
    reference: &'m Reference,
    sources: Vec<Source>,
}

/// What fills a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    /// A part of the row's key, by its place in it.
    Key(usize),
    /// The row's own column, by its place in the shape.
    Row(usize),
    Id,
    Number,
    Changes,
    Time,
    User,
    Nothing,
}

impl<'m> OwnTable<'m> {
    /// The versions table of a table whose rows are recorded in this shape. None where there is
    /// none, or none that could be filled whatever is in the row.
    pub(super) fn of(model: &'m Model, table: &Table, shape: &Shape) -> Option<OwnTable<'m>> {
        let candidates =
            model.tables.iter().filter(|other| other.template == Some(Template::Versions));
        candidates.into_iter().find_map(|own| {
            let reference = own.references.iter().find(|reference| {
                reference.table == table.name
                    && reference.to.len() == table.primary_key.len()
                    && reference.to.iter().all(|to| table.primary_key.contains(to))
            })?;
            let sources =
                own.columns.iter().map(|column| source(own, reference, column, table, shape));
            let sources = sources.collect::<Option<Vec<_>>>()?;
            Some(OwnTable { table: own, reference, sources })
        })
    }

    /// The versions table of a table with all of its columns.
    pub(super) fn of_table(model: &'m Model, table: &Table) -> Option<OwnTable<'m>> {
        let shown = table.columns.iter().filter(|column| !column.secret);
        let columns = shown.map(|column| column.id.clone()).collect();
        OwnTable::of(model, table, &Shape { columns, ..Shape::default() })
    }

    /// The number of the row's last version.
    pub(super) fn last(
        &self,
        connection: &Connection,
        key: &[SqlValue<'static>],
    ) -> Result<Option<i64>> {
        let mut sql = Sql::default();
        sql.push("SELECT max(\"version\") FROM ").table(&self.table.name);
        self.push_key(&mut sql, key);
        let mut statement = connection.prepare_cached(&sql.text)?;
        Ok(statement.query_row(params_from_iter(&sql.values), |row| row.get(0))?)
    }

    pub(super) fn write(
        &self,
        connection: &Connection,
        host: &dyn Host,
        actor: &Actor,
        version: &NewVersion<'_>,
    ) -> Result<()> {
        let user = match &actor.principal {
            Principal::User(id) => SqlValue::from(id.as_str()),
            _ => SqlValue::Null,
        };
        let values: Vec<SqlValue<'_>> = self
            .sources
            .iter()
            .map(|source| match source {
                Source::Key(at) => version.key[*at].borrowed(),
                Source::Row(at) => version.image[*at].borrowed(),
                Source::Id => host::new_id(host).hyphenated().to_string().into(),
                Source::Number => version.number.into(),
                Source::Changes => match &version.changes {
                    Some(changes) => changes.as_str().into(),
                    None => SqlValue::Null,
                },
                Source::Time => host::format_time(version.at).into(),
                Source::User => user.borrowed(),
                Source::Nothing => SqlValue::Null,
            })
            .collect();
        let mut sql = Sql::default();
        sql.push("INSERT INTO ").table(&self.table.name).push(" (");
        sql.list(&self.table.columns, ", ", |sql, column| {
            sql.name(&column.name);
        });
        sql.push(") VALUES (");
        sql.list(0..values.len(), ", ", |sql, at| self.push_value(sql, at, &values));
        sql.push(")");
        execute(connection, &sql)
    }

    pub(super) fn versions(
        &self,
        connection: &Connection,
        table: &Table,
        key: &[SqlValue<'static>],
        number: Option<i64>,
    ) -> Result<Vec<StoredVersion>> {
        let mut sql = Sql::default();
        sql.push("SELECT ").list(&self.table.columns, ", ", |sql, column| {
            sql.name(&column.name);
        });
        sql.push(" FROM ").table(&self.table.name);
        self.push_key(&mut sql, key);
        if let Some(number) = number {
            sql.push(" AND \"version\" = ").bind(number.into());
        }
        sql.push(" ORDER BY \"version\"");
        let mut statement = connection.prepare_cached(&sql.text)?;
        let mut rows = statement.query(params_from_iter(&sql.values))?;
        let mut versions = Vec::new();
        while let Some(row) = rows.next()? {
            let mut version =
                StoredVersion { number: 0, at: String::new(), user: None, values: Vec::new() };
            for (at, column) in self.table.columns.iter().enumerate() {
                match self.sources[at] {
                    Source::Number => version.number = row.get(at)?,
                    Source::Time => version.at = row.get(at)?,
                    Source::User => version.user = row.get(at)?,
                    Source::Row(_) => {
                        let position = table.columns.iter().position(|c| c.name == column.name);
                        version.values.extend(
                            position.map(|position| (position, owned(row.get_ref_unwrap(at)))),
                        );
                    }
                    _ => {}
                }
            }
            versions.push(version);
        }
        Ok(versions)
    }

    fn push_key<'q>(&self, sql: &mut Sql<'q>, key: &'q [SqlValue<'static>]) {
        let columns = self.table.columns.iter().zip(&self.sources);
        let parts = columns.filter_map(|(column, source)| match source {
            Source::Key(at) => Some((&column.name, &key[*at])),
            _ => None,
        });
        sql.push(" WHERE ").list(parts, " AND ", |sql, (column, value)| {
            sql.name(column).push(" = ").bind(value.borrowed());
        });
    }

    /// Adds a column's value: NULL for a reference to a row that is gone, such as the person.
    fn push_value<'q>(&self, sql: &mut Sql<'q>, at: usize, values: &'q [SqlValue<'_>]) {
        let column = &self.table.columns[at];
        let references = self.table.references.iter();
        let mut others = references.filter(|reference| *reference != self.reference);
        let reference = others.find(|reference| reference.columns.last() == Some(&column.name));
        let reference = reference.filter(|_| column.optional && !values[at].is_null());
        let Some(reference) = reference else {
            sql.bind(values[at].borrowed());
            return;
        };
        sql.push("(SELECT ").bind(values[at].borrowed()).push(" WHERE EXISTS (SELECT 1 FROM ");
        sql.table(&reference.table).push(" WHERE ");
        sql.list(reference.columns.iter().zip(&reference.to), " AND ", |sql, (own, to)| {
            let own = self.table.columns.iter().position(|column| column.name == *own);
            let value = own.map_or(SqlValue::Null, |own| values[own].borrowed());
            sql.name(to).push(" = ").bind(value);
        });
        sql.push("))");
    }
}

/// What fills a column; None where nothing could.
fn source(
    own: &Table,
    reference: &Reference,
    column: &Column,
    table: &Table,
    shape: &Shape,
) -> Option<Source> {
    if let Some(at) = reference.columns.iter().position(|name| *name == column.name) {
        let to = &reference.to[at];
        return table.primary_key.iter().position(|name| name == to).map(Source::Key);
    }
    match column.name.as_str() {
        "version" => return Some(Source::Number),
        "changes" if matches!(column.kind, Kind::Json { .. }) && !column.array => {
            return Some(Source::Changes).filter(|_| column.optional);
        }
        "user_id" if own.references.iter().any(|r| r.columns.last() == Some(&column.name)) => {
            return Some(Source::User).filter(|_| column.optional);
        }
        _ => {}
    }
    match column.auto {
        Some(Auto::Id) => return Some(Source::Id),
        Some(Auto::Created | Auto::Updated) => return Some(Source::Time),
        Some(Auto::User) => return Some(Source::User).filter(|_| column.optional),
        None => {}
    }
    let same = table.column(&column.name).filter(|same| {
        same.kind == column.kind
            && same.array == column.array
            // A ciphertext belongs to its place: copied elsewhere it does not open.
            && !(same.encrypted || column.encrypted || same.secret || column.secret)
            && (column.optional || !same.optional)
    });
    let at = same.and_then(|same| shape.columns.iter().position(|id| *id == same.id));
    match at {
        Some(at) => Some(Source::Row(at)),
        None => column.optional.then_some(Source::Nothing),
    }
}

/// `before` and `after` of what an update changed, as JSON.
pub(super) fn changes_json(table: &Table, change: &Change) -> Option<String> {
    let ChangeKind::Update(update) = &change.kind else { return None };
    let (mut before, mut after) = (Map::new(), Map::new());
    for (at, old, new) in &update.changes {
        let id = &change.shape.columns[*at];
        let Some(column) = table.columns.iter().find(|column| column.id == *id) else { continue };
        if column.auto == Some(Auto::Updated) || column.name == "version" {
            continue;
        }
        let shown = |value: &SqlValue<'_>| match column.encrypted {
            true => json!({ "$locked": true }),
            false => decode(&column.kind, column.array, value).unwrap_or(Value::Null),
        };
        before.insert(column.name.clone(), shown(old));
        after.insert(column.name.clone(), shown(new));
    }
    Some(json!({ "before": before, "after": after }).to_string())
}

fn owned(value: rusqlite::types::ValueRef<'_>) -> SqlValue<'static> {
    use rusqlite::types::ValueRef;
    match value {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(integer) => SqlValue::Integer(integer),
        ValueRef::Real(real) => SqlValue::Real(real),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into_owned().into(),
        ValueRef::Blob(bytes) => SqlValue::Blob(bytes.to_vec().into()),
    }
}
