//! Cursors: the order and a row's values in it, as base64url of JSON, opaque to callers.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};

use crate::error::Result;
use crate::query::{Order, invalid};
use crate::validate::Validator;
use crate::value::SqlValue;

/// The cursor after the row whose value in a column `value_at` tells.
pub(crate) fn encode(
    table: &Validator,
    order: &Order,
    value_at: impl Fn(usize) -> Result<Value>,
) -> Result<String> {
    let values = order.columns.iter().map(|(position, _)| value_at(*position));
    let values: Vec<Value> = values.collect::<Result<_>>()?;
    let cursor = json!({ "order": order.names(table), "values": values });
    Ok(URL_SAFE_NO_PAD.encode(cursor.to_string()))
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
    let text = String::from_utf8(bytes).map_err(|_| broken())?;
    let cursor: Value = serde_json::from_str(&text).map_err(|_| broken())?;
    let (Value::Array(names), Value::Array(values)) = (&cursor["order"], &cursor["values"]) else {
        return Err(broken());
    };
    if *names != order.names(table) {
        return Err(invalid("after", "belongs to a list in another order"));
    }
    if values.len() != order.columns.len() {
        return Err(broken());
    }
    let columns = order.columns.iter().map(|(position, _)| &table.fields()[*position]);
    let values = columns.zip(values).map(|(field, value)| match value {
        Value::Null => Ok(SqlValue::Null),
        value => field.encode(value).map(SqlValue::into_owned).map_err(|_| broken()),
    });
    values.collect()
}
