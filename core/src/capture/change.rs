//! Change records as they are read: what changed, in which row, from what to what.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::Connection;

use super::encode::{Reader, broken};
use super::shape::{Shape, operation};
use crate::actor::{Actor, Origin, Principal};
use crate::error::Result;
use crate::value::SqlValue;

/// The first byte of the changes of a record: the form that is described in `docs/audit.md`.
pub(super) const FORMAT: u8 = 1;
/// An entry says which shape its values have; otherwise it is that of the entry before.
pub(super) const HAS_SHAPE: u8 = 8;
/// An entry says how many changes of its transaction stand in other records before it.
pub(super) const HAS_GAP: u8 = 16;
pub(super) const OPERATION: u8 = 7;
/// The bytes of a shape's id.
pub(super) const SHAPE_BYTES: usize = 6;

/// One row of `_freehold_changes`, with what it refers to.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Record {
    pub(crate) seq: i64,
    pub(crate) scope: String,
    pub(crate) replica: String,
    pub(crate) number: i64,
    /// How many records of the same transaction come before it.
    pub(crate) part: i64,
    /// Unix milliseconds.
    pub(crate) at: i64,
    pub(crate) actor: Actor,
    pub(crate) changes: Vec<u8>,
    pub(crate) hash: Vec<u8>,
}

/// One captured row write.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Change {
    pub(crate) shape: Arc<Shape>,
    /// Its place among the changes of the whole transaction.
    pub(crate) ordinal: usize,
    pub(crate) kind: ChangeKind,
}

/// What a change did. Values stand in the order of the shape's columns.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum ChangeKind {
    /// A row came.
    Insert(Vec<SqlValue<'static>>),
    /// A row changed.
    Update(Update),
    /// A row went.
    Delete(Vec<SqlValue<'static>>),
    /// A tenant went, with every row that was theirs; the key of the tenant's own row.
    DeleteTenant(Vec<SqlValue<'static>>),
}

/// What an update changed.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Update {
    /// The primary key before.
    pub(crate) key: Vec<SqlValue<'static>>,
    /// The values of the shape's context columns afterwards.
    pub(crate) context: Vec<SqlValue<'static>>,
    /// Positions with the values before and after.
    pub(crate) changes: Vec<(usize, SqlValue<'static>, SqlValue<'static>)>,
    /// Positions of secret columns that changed, among the shape's secrets.
    pub(crate) secrets: Vec<usize>,
}

/// The shapes that records refer to.
#[derive(Debug, Default)]
pub(crate) struct Shapes {
    by_id: HashMap<i64, Arc<Shape>>,
}

impl Shapes {
    /// All shapes of a file. A text that doesn't fit its id is left out, so that records that
    /// refer to it are found to be unreadable.
    pub(crate) fn read(connection: &Connection) -> Result<Shapes> {
        let mut statement =
            connection.prepare_cached("SELECT id, shape FROM main._freehold_shapes")?;
        let mut rows = statement.query([])?;
        let mut shapes = Shapes::default();
        while let Some(row) = rows.next()? {
            let (id, text): (i64, String) = (row.get(0)?, row.get(1)?);
            if Shape::id_of(&text) == id
                && let Some(shape) = Shape::parse(&text)
            {
                shapes.by_id.insert(id, Arc::new(shape));
            }
        }
        Ok(shapes)
    }

    /// The shape with an id.
    pub(crate) fn get(&self, id: i64) -> Option<&Arc<Shape>> {
        self.by_id.get(&id)
    }
}

impl Record {
    /// The columns of [`read_records`].
    const COLUMNS: &str = "r.seq, c.scope, c.replica, r.number, r.part, r.at,
        a.kind, a.principal, a.tenant, a.narrowed_to, a.ip_address, a.user_agent,
        r.changes, r.hash";

    fn from_row(row: &rusqlite::Row<'_>) -> rusqlite::Result<Record> {
        // What a record refers to may have been taken away behind the API's back.
        let text = |at| row.get(at).map(|text: Option<String>| text.unwrap_or_default());
        let optional = |at| text(at).map(|text| Some(text).filter(|text| !text.is_empty()));
        let (kind, principal) = (text(6)?, text(7)?);
        Ok(Record {
            seq: row.get(0)?,
            scope: text(1)?,
            replica: text(2)?,
            number: row.get(3)?,
            part: row.get(4)?,
            at: row.get(5)?,
            actor: Actor {
                principal: match kind.as_str() {
                    "user" => Principal::User(principal),
                    "api_key" => Principal::ApiKey(principal),
                    _ => Principal::System,
                },
                tenant: optional(8)?,
                narrowed_to: optional(9)?,
                origin: Origin { ip_address: optional(10)?, user_agent: optional(11)? },
            },
            changes: row.get(12)?,
            hash: row.get(13)?,
        })
    }

    /// What changed, in order.
    ///
    /// # Errors
    ///
    /// - `corrupt`: the bytes are no changes
    pub(crate) fn decode(&self, shapes: &Shapes) -> Result<Vec<Change>> {
        let mut reader = Reader::new(&self.changes);
        if reader.byte()? != FORMAT {
            return Err(broken("its form is unknown"));
        }
        let mut changes = Vec::new();
        let mut shape: Option<&Arc<Shape>> = None;
        let mut ordinal = 0;
        while !reader.is_empty() {
            let head = reader.byte()?;
            if head & HAS_SHAPE != 0 {
                let bytes = reader.take(SHAPE_BYTES)?.iter();
                let id = bytes.fold(0, |id, byte| id << 8 | i64::from(*byte));
                shape = Some(shapes.get(id).ok_or_else(|| broken("its shape is unknown"))?);
            }
            let shape = shape.ok_or_else(|| broken("it has no shape"))?;
            if head & HAS_GAP != 0 {
                ordinal += reader.count()?;
            }
            let kind = read_kind(i64::from(head & OPERATION), shape, &mut reader)?;
            changes.push(Change { shape: shape.clone(), ordinal, kind });
            ordinal += 1;
        }
        Ok(changes)
    }
}

/// Reads the values of one change.
pub(super) fn read_kind(
    operation: i64,
    shape: &Shape,
    reader: &mut Reader<'_>,
) -> Result<ChangeKind> {
    reader.next_row();
    let columns = shape.columns.len();
    Ok(match operation {
        operation::INSERT => ChangeKind::Insert(reader.values(columns)?),
        operation::DELETE => ChangeKind::Delete(reader.values(columns)?),
        operation::GOING => ChangeKind::DeleteTenant(reader.values(shape.key.len())?),
        operation::UPDATE => {
            let mut update = Update {
                key: reader.values(shape.key.len())?,
                context: reader.values(shape.context.len())?,
                changes: Vec::new(),
                secrets: Vec::new(),
            };
            while let Some(at) = reader.count()?.checked_sub(1) {
                if at < columns {
                    let before = reader.value()?;
                    update.changes.push((at, before, reader.value()?));
                } else if at - columns < shape.secrets.len() {
                    update.secrets.push(at - columns);
                } else {
                    return Err(broken("there is no such column"));
                }
            }
            ChangeKind::Update(update)
        }
        _ => return Err(broken("there is no such operation")),
    })
}

/// Reads records in the order in which they were made, those after a `seq`, until told to stop.
pub(crate) fn read_records(
    connection: &Connection,
    after: i64,
    each: impl FnMut(Record) -> Result<bool>,
) -> Result<()> {
    read(connection, "r.seq > ?1 ORDER BY r.seq", after, each)
}

/// Reads records, the newest first, those before a `seq`, until told to stop.
pub(crate) fn read_records_back(
    connection: &Connection,
    before: Option<i64>,
    each: impl FnMut(Record) -> Result<bool>,
) -> Result<()> {
    let before = before.unwrap_or(i64::MAX);
    read(connection, "r.seq < ?1 ORDER BY r.seq DESC", before, each)
}

fn read(
    connection: &Connection,
    condition: &str,
    seq: i64,
    mut each: impl FnMut(Record) -> Result<bool>,
) -> Result<()> {
    let sql = format!(
        "SELECT {} FROM main._freehold_changes r
         LEFT JOIN main._freehold_chains c ON c.id = r.chain
         LEFT JOIN main._freehold_actors a ON a.id = r.actor
         WHERE {condition}",
        Record::COLUMNS
    );
    let mut statement = connection.prepare_cached(&sql)?;
    let mut rows = statement.query([seq])?;
    while let Some(row) = rows.next()? {
        if !each(Record::from_row(row)?)? {
            break;
        }
    }
    Ok(())
}

impl Change {
    /// The values of the row's primary key: as it is in this change, before it for an update.
    pub(crate) fn key(&self) -> Vec<SqlValue<'static>> {
        let of = |row: &[SqlValue<'static>]| {
            self.shape.key.iter().map(|at| row[*at].clone()).collect::<Vec<_>>()
        };
        match &self.kind {
            ChangeKind::Insert(row) | ChangeKind::Delete(row) => of(row),
            ChangeKind::Update(update) => update.key.clone(),
            ChangeKind::DeleteTenant(key) => key.clone(),
        }
    }
}
