//! The key of one row: an object of the primary key's columns, or the one column's value.

use serde_json::Value;

use crate::error::Result;
use crate::query::{Source, invalid};
use crate::value::{Row, SqlValue};

/// The values of a primary key, in its order.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key<'q> {
    pub(crate) values: Vec<SqlValue<'q>>,
}

/// Reads a key: `{ "organization_id": …, "id": … }`, or a plain value where one column is the key.
/// A column with an implied value may be left out, and doesn't count then.
///
/// # Errors
///
/// - `invalid_argument`: a column of the key is missing, another one is there, or a value does
///   not fit
pub(crate) fn parse_key<'q>(
    source: Source<'_>,
    key: &'q Value,
    implied: Option<(usize, &'q str)>,
) -> Result<Key<'q>> {
    let fields = source.table.fields();
    let names = || {
        let names = source.key.iter().map(|position| fields[*position].name.as_str());
        names.collect::<Vec<_>>().join(", ")
    };
    let encode = |position: usize, value: &'q Value| {
        let field = &fields[position];
        field
            .encode(value)
            .map_err(|fault| invalid(format!("key.{}", field.name), fault.to_string()))
    };
    let implied = implied.filter(|(position, _)| source.key.contains(position));
    let implied_at = |position: usize| implied.filter(|(at, _)| *at == position).map(|(_, id)| id);
    let whole = || invalid("key", format!("must have exactly: {}", names()));
    let mut values = Vec::with_capacity(source.key.len());
    match key {
        Value::Object(members) => {
            let mut given = 0;
            for position in source.key {
                match (members.get(&fields[*position].name), implied_at(*position)) {
                    (Some(value), _) => {
                        given += 1;
                        values.push(encode(*position, value)?);
                    }
                    (None, Some(id)) => values.push(id.into()),
                    (None, None) => return Err(whole()),
                }
            }
            if members.len() != given {
                return Err(whole());
            }
        }
        value => {
            let mut open = source.key.iter().filter(|position| implied_at(**position).is_none());
            let own = match (source.key, open.next(), open.next()) {
                ([position], ..) => *position,
                (_, Some(position), None) => *position,
                _ => return Err(invalid("key", format!("must be an object with: {}", names()))),
            };
            for position in source.key {
                match implied_at(*position) {
                    Some(id) if *position != own => values.push(id.into()),
                    _ => values.push(encode(*position, value)?),
                }
            }
        }
    }
    Ok(Key { values })
}

impl Key<'_> {
    /// The key of a row given as the table's storage values.
    pub(crate) fn of<'v>(source: Source<'_>, values: &'v [SqlValue<'_>]) -> Key<'v> {
        let values = source.key.iter().map(|position| values[*position].borrowed());
        Key { values: values.collect() }
    }

    /// The key as an object.
    pub(crate) fn to_row(&self, source: Source<'_>) -> Row {
        let columns = source.key.iter().map(|position| &source.table.fields()[*position]);
        let members = columns.zip(&self.values).map(|(field, value)| {
            let shown = field.decode(value).unwrap_or(Value::Null);
            (field.name.clone(), shown)
        });
        members.collect()
    }

    /// The key as JSON text, for messages.
    pub(crate) fn to_text(&self, source: Source<'_>) -> String {
        Value::Object(self.to_row(source)).to_string()
    }
}
