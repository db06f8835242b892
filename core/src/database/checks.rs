//! Looking at everything that a database holds.

use crate::database::Database;
use crate::error::Result;
use crate::inspect::{self, Finding};

impl Database {
    /// Looks for orphans, rows that break the model's rules, damage and drift. Writes nothing.
    ///
    /// # Errors
    ///
    /// - `not_initialized`: the database holds no model yet.
    pub fn inspect(&self, found: &mut dyn FnMut(Finding)) -> Result<()> {
        // Pragmas that look for a table would find what stands before it.
        self.engine.unshadow()?;
        inspect::inspect(&self.engine.connection, &self.bundle, &self.owner()?, found)
    }

    /// Looks for all that [`Database::inspect`] looks for, and for what stands between people and
    /// what is not theirs: tables without a policy, references across tenants, an audit trail that
    /// was tampered with. Ciphertexts are opened where the master key is at hand. Writes nothing.
    ///
    /// # Errors
    ///
    /// - `not_initialized`: the database holds no model yet.
    pub fn doctor(&self, found: &mut dyn FnMut(Finding)) -> Result<()> {
        let mut has_drift = false;
        self.inspect(&mut |finding| {
            has_drift |= finding.code == "drift";
            found(finding);
        })?;
        // Nothing can be asked of tables that are not the model's.
        if has_drift {
            return Ok(());
        }
        inspect::doctor(&self.engine.connection, &self.bundle.model, found)
    }
}
