//! Making and revoking API keys.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use super::template;
use crate::crypto::api_key;
use crate::error::Result;
use crate::host;
use crate::model::Template;
use crate::policy::Rights;
use crate::session::Session;
use crate::value::Row;

/// An API key that was just made.
#[derive(Clone, Serialize)]
pub struct CreatedApiKey {
    /// Its row, without its hash.
    pub row: Row,
    /// The whole key. It is shown this once; nobody can get it again.
    pub key: String,
}

impl fmt::Debug for CreatedApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CreatedApiKey").field("row", &self.row).finish_non_exhaustive()
    }
}

impl Session<'_> {
    /// Makes an API key: a row of the model's table of API keys with what the caller gives, and
    /// the key itself, `<prefix>_<id>_<secret>`.
    ///
    /// The policy of that table decides who may. A key can be given no more permissions than the
    /// caller has, where the caller is a key itself.
    ///
    /// # Errors
    ///
    /// - `denied`, `invalid`, `session_ended`: as for [`Session::insert`]
    /// - `invalid_argument`: the model has no API keys, or the prefix is not 2 to 16 lower-case
    ///   letters and digits
    pub fn create_api_key(&self, prefix: &str, row: &Row) -> Result<CreatedApiKey> {
        let table = template(self.model(), Template::ApiKey)?;
        let made = api_key::generate(prefix, self.host())?;
        let own = [
            ("key_prefix", Value::from(made.key_prefix.as_str())),
            ("key_hash", Value::from(made.key_hash.as_str())),
        ];
        let row = self.insert_if(&table.name, row, &own, &|rights| {
            check_given_permissions(rights, &table.name, row)
        })?;
        Ok(CreatedApiKey { row, key: made.text.to_string() })
    }

    /// Revokes an API key at once; its row as it is then.
    ///
    /// # Errors
    ///
    /// - `not_found`, `denied`, `session_ended`: as for [`Session::update`]
    pub fn revoke_api_key(&self, key: &Value) -> Result<Row> {
        let table = template(self.model(), Template::ApiKey)?;
        let now = host::now(self.host());
        let changes = Row::from_iter([("revoked_at".to_owned(), now.into())]);
        self.update(&table.name, key, &changes)
    }
}

/// A program can't make a key that may do more than it may itself.
fn check_given_permissions(rights: &Rights, table: &str, row: &Row) -> Result<()> {
    if rights.key.is_none() {
        return Ok(());
    }
    let given = row.get("permissions").and_then(Value::as_array).into_iter().flatten();
    let is_beyond =
        |name: &Value| name.as_str().is_some_and(|name| !rights.permissions.contains(name));
    match given.into_iter().any(is_beyond) {
        true => Err(crate::Error::Denied { table: table.to_owned(), operation: "insert" }),
        false => Ok(()),
    }
}
