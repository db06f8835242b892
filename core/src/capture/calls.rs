//! Which calls were done: a caller that lost its answer asks again, and nothing is done twice.
//!
//! A call may have an id. The first record of the transaction that it commits carries the id, so
//! that the two are there together or not at all. A transaction that wrote and left no notes (SQL
//! on a table that is not the model's) gets a record without changes.

use rusqlite::Connection;

use super::Recorder;
use crate::error::Result;
use crate::internal;

/// How far a clock may have been set back between asking and doing.
const CLOCK_SLACK_MS: i64 = 60_000;

/// The id of a call.
pub(crate) type CallId = [u8; 16];

/// The call that is being answered.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call {
    pub(super) id: CallId,
    /// SQLite's count of written rows when the open transaction began.
    pub(super) written: u64,
}

impl Recorder {
    /// Which call is answered from now on, if any: what is committed carries its id.
    pub(crate) fn answer(&self, id: Option<CallId>) {
        self.call.set(id.map(|id| Call { id, written: 0 }));
    }

    /// Runs work whose commit says nothing of the call that it is for.
    pub(crate) fn apart<T>(&self, work: impl FnOnce() -> T) -> T {
        let call = self.call.take();
        let answer = work();
        self.call.set(call);
        answer
    }

    /// A transaction begins; what was written before is not the call's.
    pub(super) fn count_from(&self, connection: &Connection) {
        if let Some(call) = self.call.get() {
            self.call.set(Some(Call { written: connection.total_changes(), ..call }));
        }
    }

    /// Whether the open transaction is a call's and has written something.
    pub(super) fn wrote_for_call(&self, connection: &Connection) -> bool {
        self.call.get().is_some_and(|call| connection.total_changes() > call.written)
    }
}

/// Whether a call that was first asked at this time (Unix milliseconds) was done.
///
/// Looks from the newest record back to that time. Records' times never go back, so that only a
/// clock that was set back meanwhile by more than a minute could hide one.
///
/// # Errors
///
/// - `corrupt`, `io`: the file can't be read
pub(crate) fn is_done(connection: &Connection, id: &CallId, asked_ms: i64) -> Result<bool> {
    if !internal::knows_calls(connection)? {
        return Ok(false);
    }
    let sql = "SELECT at, call = ?1 FROM main._freehold_changes ORDER BY seq DESC";
    let mut statement = connection.prepare_cached(sql)?;
    let mut rows = statement.query([id.as_slice()])?;
    while let Some(row) = rows.next()? {
        if row.get::<_, Option<bool>>(1)?.unwrap_or(false) {
            return Ok(true);
        }
        if row.get::<_, i64>(0)? < asked_ms.saturating_sub(CLOCK_SLACK_MS) {
            break;
        }
    }
    Ok(false)
}
