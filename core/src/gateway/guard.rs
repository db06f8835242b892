//! What a statement may name and how long it may run: the authorizer's rules, the limits, and who
//! is acting.
//!
//! While a statement of a session is compiled or run, everything is denied that is not listed
//! here; codes that a newer SQLite invents are denied too. The one exception is a statement of our
//! own within it, which a privilege covers for as long as it is compiled and begun.

use std::cell::{Cell, RefCell};
use std::ffi::c_int;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, ffi};

use crate::error::{Error, Result};
use crate::gateway::functions;
use crate::gateway::module::STEPS_BETWEEN_LOOKS;
use crate::gateway::raw::{self, Seat};
use crate::model::Model;
use crate::owner::rows::Rows;

/// How many steps of SQLite's machine one statement may take, those of ours within it included.
const STEPS_MAX: i64 = 200_000_000;

/// How long one statement may take, in milliseconds of the host's clock: a step over long texts
/// takes much longer than another.
const TIME_MS_MAX: i64 = 30_000;

/// By how many bytes SQLite's memory may grow while one statement runs: what is sorted or gathered
/// is kept there.
const MEMORY_BYTES_MAX: i64 = 256_000_000;

/// What SQLite's own limits are while a session's statement is compiled or run.
const LIMITS: [(c_int, c_int); 9] = [
    (ffi::SQLITE_LIMIT_LENGTH, 10_000_000),
    (ffi::SQLITE_LIMIT_LIKE_PATTERN_LENGTH, 250),
    (ffi::SQLITE_LIMIT_SQL_LENGTH, 1_000_000),
    (ffi::SQLITE_LIMIT_EXPR_DEPTH, 500),
    (ffi::SQLITE_LIMIT_COMPOUND_SELECT, 100),
    (ffi::SQLITE_LIMIT_VDBE_OP, 250_000),
    (ffi::SQLITE_LIMIT_FUNCTION_ARG, 127),
    (ffi::SQLITE_LIMIT_VARIABLE_NUMBER, 32_766),
    (ffi::SQLITE_LIMIT_ATTACHED, 0),
];

/// Those of them that matter after compiling.
const RUN_LIMITS: usize = 2;

/// What the module, the authorizer and the sessions of one connection share.
pub(super) struct Shared {
    pub(super) model: Arc<Model>,
    /// How often tables were made.
    pub(super) made: AtomicU64,
    seat: Seat,
    confined: AtomicBool,
    privileged: AtomicBool,
    /// Whether the authorizer was asked since a statement began to be compiled.
    asked: AtomicBool,
    steps_left: AtomicI64,
    /// When the statement has to be done; 0 as long as nobody has looked at the clock.
    deadline_ms: AtomicI64,
    /// How much memory SQLite held when the statement began.
    memory_before: AtomicI64,
    /// Where the gateways are in memory.
    live: Mutex<Vec<usize>>,
    /// Names without a column that are read and are no gateway: names of WITH, if all is well.
    unknown: Mutex<Unknown>,
}

#[derive(Default)]
struct Unknown {
    /// Whether new ones are noted, to be looked at before the statement runs.
    noting: bool,
    names: Vec<String>,
}

/// One session's statement at work.
pub(super) struct Turn<'r> {
    pub(super) rows: Rows<'r>,
    /// What a part of ours failed with, which says more than SQLite's message.
    pub(super) error: RefCell<Option<Error>>,
    /// How many rows were written.
    pub(super) changes: Cell<u64>,
}

/// What the authorizer is asked.
pub(super) struct Request<'r> {
    pub(super) action: c_int,
    pub(super) first: Option<&'r [u8]>,
    pub(super) second: Option<&'r [u8]>,
    pub(super) schema: Option<&'r [u8]>,
    pub(super) accessor: Option<&'r [u8]>,
}

impl Shared {
    pub(super) fn new(model: Arc<Model>) -> Arc<Shared> {
        Arc::new(Shared {
            model,
            made: AtomicU64::default(),
            seat: Seat::default(),
            confined: AtomicBool::default(),
            privileged: AtomicBool::default(),
            asked: AtomicBool::default(),
            steps_left: AtomicI64::default(),
            deadline_ms: AtomicI64::default(),
            memory_before: AtomicI64::default(),
            live: Mutex::default(),
            unknown: Mutex::default(),
        })
    }

    /// Compiles something under the restrictions. Afterwards the names that are read without a
    /// column and are no gateway's; nothing of those may exist.
    ///
    /// # Errors
    ///
    /// - `sql`: the restrictions were not asked, so they are not in place
    /// - those of the work
    pub(super) fn compiling<T>(
        &self,
        connection: &Connection,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<(T, Vec<String>)> {
        self.asked.store(false, Ordering::Relaxed);
        self.begin();
        *self.unknown() = Unknown { noting: true, names: Vec::new() };
        let done = self.confined(connection, LIMITS.len(), work);
        let names = std::mem::take(&mut *self.unknown()).names;
        let done = done?;
        match self.asked.load(Ordering::Relaxed) {
            true => Ok((done, names)),
            false => Err(Error::Sql { message: "not allowed in a session".to_owned() }),
        }
    }

    /// Runs something for an actor under the restrictions. `names` are those that compiling gave.
    pub(super) fn running<T>(
        &self,
        connection: &Connection,
        turn: &Turn<'_>,
        names: &[String],
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        // SQLite compiles a statement anew where the schema has changed; it may name nothing else.
        *self.unknown() = Unknown { noting: false, names: names.to_vec() };
        self.begin();
        self.seat.taken_by(turn, || self.confined(connection, RUN_LIMITS, work))
    }

    /// Gives the next statement all that one may take.
    fn begin(&self) {
        self.steps_left.store(STEPS_MAX, Ordering::Relaxed);
        self.deadline_ms.store(0, Ordering::Relaxed);
        self.memory_before.store(raw::memory_used(), Ordering::Relaxed);
    }

    fn confined<T>(
        &self,
        connection: &Connection,
        limits: usize,
        work: impl FnOnce() -> Result<T>,
    ) -> Result<T> {
        let _limits = Limits::set(connection, limits);
        let _confined = Raised::new(&self.confined);
        work()
    }

    /// Lets a statement of our own do what it says, while it is compiled and begun.
    pub(super) fn privileged<T>(&self, work: impl FnOnce() -> T) -> T {
        let _privileged = Raised::new(&self.privileged);
        work()
    }

    /// Does something for the actor whose turn it is, and keeps what went wrong; SQLite's code.
    pub(super) fn handing_on(&self, work: impl FnOnce(&Turn<'_>) -> Result<()>) -> c_int {
        let done = self.seat.with(|turn| {
            let done = catch_unwind(AssertUnwindSafe(|| work(turn)));
            let error = match done {
                Ok(Ok(())) => return ffi::SQLITE_OK,
                Ok(Err(error)) => error,
                Err(_) => Error::Corrupt { message: "a part of the core panicked".to_owned() },
            };
            turn.error.replace(Some(error));
            ffi::SQLITE_ERROR
        });
        // Outside of a session a gateway has nothing to say.
        done.unwrap_or(ffi::SQLITE_ERROR)
    }

    /// Does something for the actor whose turn it is, if it is somebody's.
    pub(super) fn for_turn<T>(&self, work: impl FnOnce(&Turn<'_>) -> T) -> Option<T> {
        self.seat.with(work)
    }

    /// Whether the statement at work has steps, time and memory left.
    pub(super) fn may_go_on(&self) -> bool {
        if !self.confined.load(Ordering::Relaxed) {
            return true;
        }
        let taken = i64::from(STEPS_BETWEEN_LOOKS);
        let grown = raw::memory_used() - self.memory_before.load(Ordering::Relaxed);
        self.steps_left.fetch_sub(taken, Ordering::Relaxed) > taken
            && grown <= MEMORY_BYTES_MAX
            && self.has_time()
    }

    /// Short statements are done before the clock is looked at.
    fn has_time(&self) -> bool {
        let Some(now_ms) = self.seat.with(|turn| turn.rows.host.now_ms()) else { return true };
        match self.deadline_ms.load(Ordering::Relaxed) {
            0 => {
                self.deadline_ms.store(now_ms.saturating_add(TIME_MS_MAX), Ordering::Relaxed);
                true
            }
            deadline_ms => now_ms <= deadline_ms,
        }
    }

    /// The authorizer's answer.
    pub(super) fn allows(&self, request: &Request<'_>) -> bool {
        if !self.confined.load(Ordering::Relaxed) || self.privileged.load(Ordering::Relaxed) {
            return true;
        }
        self.asked.store(true, Ordering::Relaxed);
        let Request { action, first, second, schema, accessor } = request;
        let is_gateway = || is(*schema, "temp") && first.is_some_and(|name| self.is_gateway(name));
        match *action {
            ffi::SQLITE_SELECT | ffi::SQLITE_RECURSIVE => true,
            ffi::SQLITE_FUNCTION => second.is_some_and(functions::is_allowed),
            ffi::SQLITE_READ => match (first, second, schema) {
                (Some(name), Some(b""), None) => self.is_gateway(name) || self.is_unknown(name),
                (Some(b"json_each" | b"json_tree"), _, Some(b"main")) => true,
                _ => is_gateway(),
            },
            ffi::SQLITE_INSERT | ffi::SQLITE_UPDATE | ffi::SQLITE_DELETE => {
                accessor.is_none() && is_gateway()
            }
            _ => false,
        }
    }

    fn is_gateway(&self, name: &[u8]) -> bool {
        self.model.tables.iter().any(|table| table.name.as_bytes().eq_ignore_ascii_case(name))
    }

    /// Whether a name may be one of WITH. `SELECT count(*) FROM x` is asked about in the same way
    /// whether `x` is one or a table, so it is looked up afterwards.
    fn is_unknown(&self, name: &[u8]) -> bool {
        let Ok(name) = std::str::from_utf8(name) else { return false };
        let mut unknown = self.unknown();
        let known = unknown.names.iter().any(|known| known == name);
        if !known && unknown.noting {
            unknown.names.push(name.to_owned());
        }
        known || unknown.noting
    }

    /// Whether this is where a gateway is in memory.
    pub(super) fn is_live(&self, place: usize) -> bool {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).contains(&place)
    }

    /// Says that a gateway came to a place in memory, or left it.
    pub(super) fn note_live(&self, place: usize, is_there: bool) {
        let mut live = self.live.lock().unwrap_or_else(PoisonError::into_inner);
        live.retain(|other| *other != place);
        if is_there {
            live.push(place);
        }
    }

    fn unknown(&self) -> std::sync::MutexGuard<'_, Unknown> {
        self.unknown.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is(given: Option<&[u8]>, name: &str) -> bool {
    given == Some(name.as_bytes())
}

/// A flag that is up for a while, and then what it was before.
struct Raised<'f> {
    flag: &'f AtomicBool,
    before: bool,
}

impl<'f> Raised<'f> {
    fn new(flag: &'f AtomicBool) -> Raised<'f> {
        Raised { flag, before: flag.swap(true, Ordering::Relaxed) }
    }
}

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.flag.store(self.before, Ordering::Relaxed);
    }
}

/// Sets the limits of a connection for good.
pub(super) fn limit(connection: &Connection) {
    for (limit, value) in LIMITS {
        raw::set_limit(connection, limit, value);
    }
}

/// The connection's limits, restored when this is dropped.
struct Limits<'c> {
    connection: &'c Connection,
    before: [c_int; LIMITS.len()],
    count: usize,
}

impl<'c> Limits<'c> {
    fn set(connection: &'c Connection, count: usize) -> Limits<'c> {
        let mut before = [0; LIMITS.len()];
        for ((limit, value), before) in LIMITS.iter().zip(&mut before).take(count) {
            *before = raw::set_limit(connection, *limit, *value);
        }
        Limits { connection, before, count }
    }
}

impl Drop for Limits<'_> {
    fn drop(&mut self) {
        for ((limit, _), before) in LIMITS.iter().zip(self.before).take(self.count) {
            raw::set_limit(self.connection, *limit, before);
        }
    }
}
