//! Secretboxes of encrypted columns: what another system encrypted comes in, and goes out again.

use serde_json::Value;

use crate::crypto::{Key, secretbox};
use crate::error::{Error, Result};
use crate::owner::Owner;
use crate::query::invalid;
use crate::validate::Field;
use crate::value::Row;

impl Owner<'_> {
    /// Takes the value in a secretbox (see [`secretbox`]), made under another system's key, into an
    /// encrypted column of the row with a key. It is checked and sealed as any other value.
    ///
    /// # Errors
    ///
    /// - `invalid_argument`: the column is not encrypted, or the secretbox does not open
    /// - those of [`Owner::update`]
    pub fn import_secretbox(
        &self,
        table: &str,
        key: &Value,
        column: &str,
        boxed: &str,
        legacy: &Key,
    ) -> Result<Row> {
        let field = self.encrypted(table, column)?;
        let opened = secretbox::open(legacy, boxed)
            .ok_or_else(|| invalid("boxed", "does not open under this key"))?;
        let text = std::str::from_utf8(&opened);
        let text = text.map_err(|_| invalid("boxed", "holds something else than text"))?;
        let value = match is_text(field) {
            true => Value::from(text),
            false => serde_json::from_str(text)
                .map_err(|_| invalid("boxed", format!("holds no JSON, which `{column}` needs")))?,
        };
        self.update(table, key, &Row::from_iter([(column.to_owned(), value)]))
    }

    /// The value of an encrypted column of the row with a key as a secretbox under another
    /// system's key; None where it is NULL.
    ///
    /// # Errors
    ///
    /// - `invalid_argument`: the column is not encrypted
    /// - `not_found`: there is no row with this key
    /// - `encryption_unavailable`: the value is locked
    pub fn export_secretbox(
        &self,
        table: &str,
        key: &Value,
        column: &str,
        legacy: &Key,
    ) -> Result<Option<String>> {
        let field = self.encrypted(table, column)?;
        let row = self
            .get(table, key)?
            .ok_or_else(|| Error::NotFound { table: table.to_owned(), key: key.to_string() })?;
        let text = match &row[column] {
            Value::Null => return Ok(None),
            value if value.get("$locked").is_some() && !self.has_key() => {
                let (table, column) = (table.to_owned(), column.to_owned());
                return Err(Error::EncryptionUnavailable { table, column });
            }
            Value::String(text) if is_text(field) => text.clone(),
            value => value.to_string(),
        };
        Ok(Some(secretbox::seal(legacy, text.as_bytes(), self.host())))
    }

    fn has_key(&self) -> bool {
        self.rows.engine.keys.is_open()
    }

    fn encrypted(&self, table: &str, column: &str) -> Result<&Field> {
        let plan = self.rows.engine.catalog.plan(table)?;
        let position = plan.validator.position(column);
        let field = position.map(|position| &plan.validator.fields()[position]);
        field
            .filter(|field| field.encrypted)
            .ok_or_else(|| invalid("column", format!("`{table}.{column}` is not encrypted")))
    }
}

/// Whether the column's JSON form is a plain text: texts, and bytes in base64.
fn is_text(field: &Field) -> bool {
    !field.array && !matches!(field.kind, crate::model::Kind::Json { .. })
}
