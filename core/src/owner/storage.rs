//! Where storage values meet rusqlite: binding parameters and reading columns.

use std::borrow::Cow;

use rusqlite::types::{ToSql, ToSqlOutput, ValueRef};
use rusqlite::{Row as StatementRow, Statement};

use crate::error::{Error, Result};
use crate::value::SqlValue;

impl ToSql for SqlValue<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            SqlValue::Null => ValueRef::Null,
            SqlValue::Integer(integer) => ValueRef::Integer(*integer),
            SqlValue::Real(real) => ValueRef::Real(*real),
            SqlValue::Text(text) => ValueRef::Text(text.as_bytes()),
            SqlValue::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Binds values to a statement's parameters, in order.
pub(crate) fn bind<'v>(
    statement: &mut Statement<'_>,
    values: impl IntoIterator<Item = &'v SqlValue<'v>>,
) -> rusqlite::Result<()> {
    for (place, value) in values.into_iter().enumerate() {
        statement.raw_bind_parameter(place + 1, value)?;
    }
    Ok(())
}

/// The value in a column of the current row.
///
/// # Errors
///
/// - `corrupt`: the text is not UTF-8
pub(crate) fn read<'r>(row: &'r StatementRow<'_>, column: usize) -> Result<SqlValue<'r>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => SqlValue::Null,
        ValueRef::Integer(integer) => SqlValue::Integer(integer),
        ValueRef::Real(real) => SqlValue::Real(real),
        ValueRef::Text(bytes) => {
            let text = std::str::from_utf8(bytes).map_err(|_| Error::Corrupt {
                message: format!("the text in column {} of a row is not UTF-8", column + 1),
            })?;
            SqlValue::Text(Cow::Borrowed(text))
        }
        ValueRef::Blob(bytes) => SqlValue::Blob(Cow::Borrowed(bytes)),
    })
}
