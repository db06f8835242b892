//! Change capture: what a transaction wrote, noted while it writes.

use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::Connection;

use crate::actor::Actor;
use crate::error::Result;
use crate::host::Host;

/// Notes what is written through one connection.
#[derive(Debug, Default)]
pub(crate) struct Recorder {
    generation: AtomicU64,
}

/// A place in what has been noted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(usize);

impl Recorder {
    /// Makes ready to note; outside of a transaction, before one that writes.
    pub(crate) fn prepare(&self, _connection: &Connection) -> Result<()> {
        Ok(())
    }

    /// A transaction of an actor begins.
    pub(crate) fn begin(&self, _actor: &Actor) {}

    /// Where the notes stand.
    pub(crate) fn mark(&self) -> Mark {
        Mark(0)
    }

    /// Forgets what was noted since a mark, because it was undone.
    pub(crate) fn cut_back(&self, _mark: Mark) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Writes down what was noted; right before COMMIT.
    pub(crate) fn flush(&self, _connection: &Connection, _host: &dyn Host) -> Result<()> {
        self.generation.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    /// Forgets everything, because the transaction was undone.
    pub(crate) fn clear(&self) {
        self.generation.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts up whenever rows were written or writes were undone.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Relaxed)
    }
}
