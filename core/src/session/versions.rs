//! Versions of rows under an actor's rules.

use serde_json::Value;

use super::Session;
use crate::error::Result;
use crate::owner::{Difference, Version};
use crate::value::Row;

impl Session<'_> {
    /// The versions of a row that the actor sees, the oldest first; see [`crate::Owner::versions`].
    ///
    /// # Errors
    ///
    /// Those of [`crate::Owner::versions`], and `session_ended`.
    pub fn versions(&self, table: &str, key: &Value) -> Result<Vec<Version>> {
        self.reading(|rows| rows.versions(table, key))
    }

    /// The columns that differ between two versions of a row that the actor sees.
    ///
    /// # Errors
    ///
    /// Those of [`crate::Owner::diff_versions`], and `session_ended`.
    pub fn diff_versions(
        &self,
        table: &str,
        key: &Value,
        from: i64,
        to: i64,
    ) -> Result<Vec<Difference>> {
        self.reading(|rows| rows.diff_versions(table, key, from, to))
    }

    /// Makes a row what a version of it says, where the actor may update it: a new version.
    ///
    /// # Errors
    ///
    /// Those of [`crate::Owner::roll_back`] and [`Session::update`].
    pub fn roll_back(&self, table: &str, key: &Value, version: i64) -> Result<Row> {
        self.writing(|rows| rows.roll_back(table, key, version))
    }
}
