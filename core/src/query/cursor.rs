//! Cursors: the order and a row's values in it, as base64url of JSON, opaque to callers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::Result;
use crate::query::{Order, invalid};
use crate::validate::Validator;
use crate::value::SqlValue;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cursor {
    order: Vec<String>,
    values: Vec<Value>,
}

/// The cursor after the row whose value in a column `value_at` tells.
pub(crate) fn encode(
    table: &Validator,
    order: &Order,
    value_at: impl Fn(usize) -> Result<Value>,
) -> Result<String> {
    let values = order.columns.iter().map(|(position, _)| value_at(*position));
    let cursor = Cursor { order: order.names(table), values: values.collect::<Result<_>>()? };
    let text = serde_json::to_vec(&cursor).expect("text and JSON values always serialize");
    Ok(URL_SAFE_NO_PAD.encode(text))
}

/// The values that a cursor starts after.
///
/// # Errors
///
/// - `invalid_argument`: the text is no cursor, or one of another order
pub(crate) fn decode(
    table: &Validator,
    order: &Order,
    text: &str,
) -> Result<Vec<SqlValue<'static>>> {
    let broken = || invalid("after", "is no cursor; pass the `next` of a page unchanged");
    let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| broken())?;
    let cursor: Cursor = serde_json::from_slice(&bytes).map_err(|_| broken())?;
    if cursor.order != order.names(table) {
        return Err(invalid("after", "belongs to a list in another order"));
    }
    if cursor.values.len() != order.columns.len() {
        return Err(broken());
    }
    let columns = order.columns.iter().map(|(position, _)| &table.fields()[*position]);
    let values = columns.zip(&cursor.values).map(|(field, value)| match value {
        Value::Null => Ok(SqlValue::Null),
        value => field.encode(value).map(SqlValue::into_owned).map_err(|_| broken()),
    });
    values.collect()
}
