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
///
/// # Errors
///
/// - `invalid_argument`: a column of the key is missing, another one is there, or a value does
///   not fit
pub(crate) fn parse_key<'q>(source: Source<'_>, key: &'q Value) -> Result<Key<'q>> {
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
    let values = match key {
        Value::Object(members) => {
            if members.len() != source.key.len() {
                return Err(invalid("key", format!("must have exactly: {}", names())));
            }
            let mut values = Vec::with_capacity(source.key.len());
            for position in source.key {
                let value = members.get(&fields[*position].name);
                let value = value
                    .ok_or_else(|| invalid("key", format!("must have exactly: {}", names())))?;
                values.push(encode(*position, value)?);
            }
            values
        }
        value => match source.key {
            [position] => vec![encode(*position, value)?],
            _ => return Err(invalid("key", format!("must be an object with: {}", names()))),
        },
    };
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
