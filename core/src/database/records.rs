//! What a database says of its own history: the audit trail, and which replica it is.

use crate::audit::{self, AuditFinding, AuditPage, AuditQuery};
use crate::capture::calls::{self, CallId};
use crate::database::Database;
use crate::error::Result;
use crate::internal;
use crate::owner::{audited, transaction};

impl Database {
    /// Entries of the audit trail, newest first, from the records themselves: also where the model
    /// has no audit table, and of rows that belong to no tenant. For whoever holds the file.
    ///
    /// # Errors
    ///
    /// - `corrupt`, `io`: the file can't be read
    pub fn audit(&self, query: &AuditQuery) -> Result<AuditPage> {
        audit::list(&self.engine.connection, self.engine.catalog.model(), query)
    }

    /// Adds to the model's audit table what the records have and it does not; how many entries.
    /// Whoever reads that table finds it complete anyway: this is for idle time.
    ///
    /// # Errors
    ///
    /// - `locked`: another connection is writing
    /// - `storage_full`, `io`
    pub fn fill_audit(&self) -> Result<usize> {
        audited::fill(&self.engine)
    }

    /// Looks at every record and every entry: whether chains were cut, edited or reordered, and
    /// whether the model's audit table is what they say.
    ///
    /// # Errors
    ///
    /// - `corrupt`, `io`: the file can't be read
    pub fn verify_audit(&self, found: &mut dyn FnMut(AuditFinding)) -> Result<()> {
        audited::fill(&self.engine)?;
        audit::verify(&self.engine.connection, self.engine.catalog.model(), found)
    }

    /// Makes this file a replica of its own. To be called on a file that was copied or restored,
    /// before it is written to: two files must not go on with the same chains of records.
    ///
    /// # Errors
    ///
    /// - `newer_database`, `locked`, `read_only`
    pub fn renew_replica(&self) -> Result<String> {
        self.check_writable()?;
        let engine = &self.engine;
        transaction::transaction(engine, &crate::Actor::system(), || {
            engine.recorder.ensure(&engine.connection)?;
            engine.recorder.forget_known();
            internal::renew_replica(&engine.connection, &*engine.host)
        })
    }

    /// Runs work that answers a call: what it commits carries the call's id.
    pub(crate) fn answering<T>(&mut self, id: CallId, work: impl FnOnce(&mut Self) -> T) -> T {
        self.engine.recorder.answer(Some(id));
        let answer = work(self);
        self.engine.recorder.answer(None);
        answer
    }

    /// Whether a call that was first asked at this time (Unix milliseconds) was done.
    pub(crate) fn is_done(&self, id: &CallId, asked_ms: i64) -> Result<bool> {
        calls::is_done(&self.engine.connection, id, asked_ms)
    }

    #[cfg(test)]
    pub(crate) fn engine_of_tests(&self) -> &crate::owner::Engine {
        &self.engine
    }
}
