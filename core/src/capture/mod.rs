//! Change capture: what a transaction wrote, noted while it writes, and written down right before
//! its COMMIT.
//!
//! Typed writes note the row that they write. For what foreign keys and triggers do beside that,
//! and for all that SQL does, TEMP triggers call a function of ours with each row that came,
//! changed or went. Notes are kept in memory. One record per transaction and scope goes into
//! `_freehold_changes`, in the same transaction, each with a hash that hangs on the one before
//! (`docs/audit.md`).
//!
//! - Each change is noted by exactly one of the two.
//! - A COMMIT that would leave notes behind is refused.
//! - Notes of writes that are undone are cut back.
//! - What migrations write is not recorded; the triggers are away meanwhile.

pub(crate) mod calls;
pub(crate) mod chain;
pub(crate) mod change;
mod direct;
mod encode;
mod flush;
mod layout;
mod notes;
mod scopes;
pub(crate) mod shape;
mod standing;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod triggers;
mod versioned;
#[cfg(debug_assertions)]
mod watch;

use std::cell::{Cell, RefCell};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::{Null, ValueRef};

use crate::actor::Actor;
use crate::error::Result;
use crate::host::Host;
use crate::internal;
use crate::model::{Model, Table};
use calls::Call;
use flush::{Known, Stamp};
use layout::Layout;
use notes::Notes;
use triggers::schema_version;

pub(crate) use direct::Deed;
pub(crate) use encode::{hex, pack, unpack};
pub(crate) use flush::actor_number;
pub(crate) use standing::{Concern, Watch, WatchedRows, WrittenKey};
pub(crate) use versioned::Versioned;

/// The name of the triggers' function. Never to be called by SQL of an app.
pub(crate) const FUNCTION: &str = "freehold_capture";

/// Notes what is written through one connection.
pub(crate) struct Recorder {
    notes: Arc<Mutex<Notes>>,
    model: Arc<Model>,
    actor: RefCell<Actor>,
    /// The time of the open transaction's records, once it has been asked for.
    at: Cell<Option<i64>>,
    /// What is known of the schema, and which triggers stand; None where it has to be looked up.
    layout: RefCell<Option<Layout>>,
    /// Whether triggers may stand, those that nothing is known of included.
    has_triggers: Cell<bool>,
    /// SQLite's count of what other connections committed, when it was last looked at.
    others: Cell<i64>,
    /// Whether there can be no other connections.
    pub(crate) is_alone: bool,
    known: RefCell<Known>,
    /// Whether the internal tables are known to be there.
    ready: Cell<bool>,
    call: Cell<Option<Call>>,
}

/// A place in what has been noted.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark(usize);

/// Notes that are written down for a while.
pub(crate) struct Held(Notes);

impl Recorder {
    /// A recorder of the model's tables, with its function and hooks on a connection.
    ///
    /// # Errors
    ///
    /// - `sql`: SQLite refused them, because statements are under way
    pub(crate) fn new(connection: &mut Connection, model: Arc<Model>) -> Result<Recorder> {
        let notes = Arc::new(Mutex::new(Notes::new(model.tables.len())));
        let called = Arc::clone(&notes);
        // Neither innocuous nor direct-only: triggers in the file can't call it, ours can.
        connection.create_scalar_function(FUNCTION, -1, FunctionFlags::SQLITE_UTF8, {
            move |context| {
                let code = match (!context.is_empty()).then(|| context.get_raw(0)) {
                    Some(ValueRef::Integer(code)) => code,
                    _ => -1,
                };
                let count = context.len().saturating_sub(1);
                let value = |at: usize| context.get_raw(at + 1);
                let noted = lock(&called).call(code, count, &value);
                noted
                    .map(|()| Null)
                    .map_err(|message| rusqlite::Error::UserFunctionError(message.into()))
            }
        })?;
        let refusing = Arc::clone(&notes);
        connection.commit_hook(Some(move || !lock(&refusing).entries.is_empty()))?;
        #[cfg(debug_assertions)]
        watch::watch(connection, &notes, &model)?;
        Ok(Recorder {
            notes,
            model,
            actor: RefCell::new(Actor::system()),
            at: Cell::new(None),
            layout: RefCell::default(),
            has_triggers: Cell::new(false),
            others: Cell::new(0),
            is_alone: triggers::is_alone(connection)?,
            ready: Cell::new(false),
            known: RefCell::default(),
            call: Cell::new(None),
        })
    }

    /// Makes ready to note; outside of a transaction, before one that writes.
    ///
    /// # Errors
    ///
    /// - `locked`, `io`: the schema can't be read
    pub(crate) fn prepare(&self, connection: &Connection) -> Result<()> {
        self.require_reach(connection, false)
    }

    /// Takes the triggers away: the schema is about to change.
    ///
    /// # Errors
    ///
    /// - `sql`: statements are under way
    pub(crate) fn release(&self, connection: &Connection) -> Result<()> {
        self.forget_known();
        self.layout.replace(None);
        // What nobody notes may be done to rows too.
        self.lock().doubt_all();
        self.drop_triggers(connection)
    }

    /// A transaction of an actor began.
    ///
    /// # Errors
    ///
    /// - `corrupt`, `io`: the database can't be read
    pub(crate) fn begin(&self, connection: &Connection, actor: &Actor) -> Result<()> {
        self.lock().begin(actor.tenant.as_deref());
        self.actor.replace(actor.clone());
        self.at.set(None);
        self.count_from(connection);
        if self.look_for_others(connection)? {
            let known = self.layout.borrow().as_ref().map(|layout| layout.version);
            if known.is_some() && known != Some(schema_version(connection)?) {
                // Another connection migrated: what stands is for the schema before.
                self.layout.replace(None);
                self.prepare(connection)?;
            }
        }
        Ok(())
    }

    /// Where the notes stand.
    pub(crate) fn mark(&self) -> Mark {
        Mark(self.lock().entries.len())
    }

    /// Forgets what was noted since a mark, because it was undone.
    pub(crate) fn cut_back(&self, mark: Mark) {
        self.lock().cut_back(mark.0);
    }

    /// Forgets what happened since a mark, because a savepoint was rolled back.
    pub(crate) fn rolled_back(&self, mark: Mark) {
        self.cut_back(mark);
        self.doubt_triggers();
    }

    /// Triggers that were made in the open transaction may be gone with it.
    fn doubt_triggers(&self) {
        self.layout.borrow_mut().take_if(|layout| layout.is_new);
    }

    /// Writes down what was noted; right before COMMIT.
    ///
    /// # Errors
    ///
    /// - `storage_full`, `io`: it can't be written
    pub(crate) fn flush(&self, connection: &Connection, host: &dyn Host) -> Result<()> {
        #[cfg(debug_assertions)]
        self.lock().assert_noted();
        let notes = self.lock().take();
        match notes.entries.is_empty() && !self.wrote_for_call(connection) {
            true => Ok(()),
            false => self.write_down(connection, host, &notes),
        }
    }

    /// Writes the notes down and keeps them, to be put back once that is undone.
    ///
    /// # Errors
    ///
    /// Those of [`Recorder::flush`]; then the notes are where they were.
    pub(crate) fn hold(&self, connection: &Connection, host: &dyn Host) -> Result<Held> {
        // The time that the records will have is decided once.
        self.time(connection, host)?;
        let notes = self.lock().take();
        let written = self.write_down(connection, host, &notes);
        let held = Held(notes);
        match written {
            Ok(()) => Ok(held),
            Err(error) => {
                self.put_back(held);
                Err(error)
            }
        }
    }

    /// Takes back notes that were held, now that their records are undone.
    pub(crate) fn put_back(&self, held: Held) {
        self.lock().put_back(held.0);
        // The internal tables may have been made for what is undone.
        self.forget_known();
    }

    fn write_down(&self, connection: &Connection, host: &dyn Host, notes: &Notes) -> Result<()> {
        self.ensure(connection)?;
        let mut known = self.known.borrow_mut();
        let replica = match known.replica.take() {
            Some(replica) => replica,
            None => internal::replica(connection, host)?,
        };
        let newest = flush::newest(connection)?;
        let at = self.at.get().unwrap_or_else(|| host.now_ms());
        let at = newest.at.map_or(at, |last| last.max(at));
        let (actor, call) = (self.actor.borrow(), self.call.get().map(|call| call.id));
        let stamp = Stamp { actor: &actor, replica: &replica, at, call };
        let written = flush::write(connection, notes, &stamp, newest, &mut known);
        known.replica = Some(replica);
        written
    }

    /// The transaction was committed.
    pub(crate) fn committed(&self) {
        if let Some(layout) = &mut *self.layout.borrow_mut() {
            layout.is_new = false;
        }
    }

    /// Forgets everything, because the transaction was undone.
    pub(crate) fn clear(&self) {
        let mut notes = self.lock();
        notes.empty();
        // What was written down already is undone as well.
        notes.doubt_written();
        drop(notes);
        self.forget_known();
        self.doubt_triggers();
    }

    /// Looks everything up again: it may have been undone, or be another's by now.
    pub(crate) fn forget_known(&self) {
        self.ready.set(false);
        self.known.replace(Known::default());
    }

    /// Whether anything has been noted that is not written down yet.
    pub(crate) fn has_notes(&self) -> bool {
        !self.lock().entries.is_empty()
    }

    /// Whether the file has all columns of a table, as far as is known since the schema was
    /// looked at.
    pub(crate) fn is_whole(&self, table: Option<&Table>) -> bool {
        let notes = self.lock();
        table.is_some_and(|table| {
            let shapes = notes.tables.iter().flatten().map(|recorded| &recorded.shape);
            let mut shapes = shapes.filter(|shape| shape.table == table.id);
            shapes.any(|s| s.columns.len() + s.secrets.len() == table.columns.len())
        })
    }

    /// Runs work that writes to a table of the model, by its position, what follows from records or
    /// is no edit of anybody's: it is not recorded itself.
    pub(crate) fn quietly<T>(&self, table: usize, work: impl FnOnce() -> Result<T>) -> Result<T> {
        let before = std::mem::replace(&mut self.lock().quiet, true);
        let result = work();
        let mut notes = self.lock();
        notes.quiet = before;
        notes.touch(table);
        result
    }

    /// Counts up whenever rows were written or writes were undone, by this connection or, as far
    /// as [`Recorder::look_for_others`] has noticed, by another.
    pub(crate) fn generation(&self) -> u64 {
        self.lock().generation
    }

    /// Whether a table of the model, by its position, was written since a generation.
    pub(crate) fn is_written_since(&self, table: usize, generation: u64) -> bool {
        self.lock().written.get(table).is_none_or(|written| *written > generation)
    }

    /// Whether one of these tables was written since a generation.
    pub(crate) fn any_written_since(&self, tables: &[usize], generation: u64) -> bool {
        let notes = self.lock();
        tables.iter().any(|at| notes.written.get(*at).is_none_or(|written| *written > generation))
    }

    /// Whether other connections have committed since this was last asked; their writes count as
    /// writes to all tables.
    ///
    /// # Errors
    ///
    /// - `io`: the file can't be read
    pub(crate) fn look_for_others(&self, connection: &Connection) -> Result<bool> {
        if self.is_alone && self.others.get() != 0 {
            return Ok(false);
        }
        let mut statement = connection.prepare_cached("PRAGMA main.data_version")?;
        let seen = statement.query_row([], |row| row.get(0))?;
        let before = self.others.replace(seen);
        if before == seen {
            return Ok(false);
        }
        self.forget_known();
        if before != 0 {
            self.lock().doubt_all();
        }
        Ok(true)
    }

    /// SQLite's count of what other connections committed, when it was last looked at.
    pub(crate) fn others(&self) -> i64 {
        self.others.get()
    }

    /// The time of the open transaction's records, in Unix milliseconds.
    ///
    /// # Errors
    ///
    /// - `corrupt`, `io`: the database can't be read
    pub(crate) fn time(&self, connection: &Connection, host: &dyn Host) -> Result<i64> {
        if let Some(at) = self.at.get() {
            return Ok(at);
        }
        self.ensure(connection)?;
        let now_ms = host.now_ms();
        let at = flush::newest(connection)?.at.map_or(now_ms, |last| last.max(now_ms));
        self.at.set(Some(at));
        Ok(at)
    }

    /// Who acts in the open transaction.
    pub(crate) fn actor(&self) -> Actor {
        self.actor.borrow().clone()
    }

    /// Whether the open transaction is this actor's.
    pub(crate) fn is_of(&self, actor: &Actor) -> bool {
        *self.actor.borrow() == *actor
    }

    /// Makes the internal tables where they are missing, in the open transaction.
    pub(crate) fn ensure(&self, connection: &Connection) -> Result<()> {
        if !self.ready.get() {
            internal::ensure(connection)?;
            self.ready.set(true);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Notes> {
        lock(&self.notes)
    }
}

/// A panic in one call says nothing about the notes of the next transaction, which start empty.
fn lock(notes: &Mutex<Notes>) -> MutexGuard<'_, Notes> {
    notes.lock().unwrap_or_else(PoisonError::into_inner)
}
