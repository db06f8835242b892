//! Where SQLite's C interface is met: compiled statements, values, and the errors of both.
//!
//! This file, `module` and `text` are the only ones of the core with `unsafe`. rusqlite's own
//! statements would live in its cache, where a user's text could meet a statement of ours that was
//! compiled without restrictions, and its virtual tables hide the values' pointers, so that each
//! value of a scan would be copied twice.
#![allow(unsafe_code)]

use std::borrow::Cow;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::ptr::{self, NonNull};
use std::sync::atomic::{AtomicPtr, Ordering};

use rusqlite::{Connection, ffi};

use crate::error::{Error, Result};
use crate::gateway::guard::Turn;
use crate::value::SqlValue;

/// A compiled statement.
pub(super) struct Statement {
    raw: NonNull<ffi::sqlite3_stmt>,
}

// SAFETY: a statement has no tie to a thread. It is used only together with its connection, which
// one thread at a time has.
unsafe impl Send for Statement {}

/// What compiling a text gave: its first statement, and whether anything but blanks follows.
pub(super) struct Compiled {
    pub(super) statement: Statement,
    pub(super) more: bool,
}

impl Statement {
    pub(super) fn is(&self, raw: *mut ffi::sqlite3_stmt) -> bool {
        self.raw.as_ptr() == raw
    }

    /// Compiles the first statement of a text; None where it holds none.
    pub(super) fn compile(connection: &Connection, text: &str) -> Result<Option<Compiled>> {
        let length = c_int::try_from(text.len());
        let length = length.map_err(|_| Error::TooLarge { message: "the statement".to_owned() })?;
        let mut raw = ptr::null_mut();
        let mut tail = ptr::null();
        // SAFETY: the handle is open as long as the connection is borrowed, and the text is given
        // with its length.
        let (code, connection) = unsafe {
            let handle = connection.handle();
            let flags = ffi::SQLITE_PREPARE_PERSISTENT;
            let text = text.as_ptr().cast::<c_char>();
            (ffi::sqlite3_prepare_v3(handle, text, length, flags, &mut raw, &mut tail), handle)
        };
        if code != ffi::SQLITE_OK {
            // SAFETY: the handle is the one that has just failed.
            return Err(unsafe { error_of(connection, code) });
        }
        let Some(raw) = NonNull::new(raw) else { return Ok(None) };
        // SAFETY: SQLite leaves the tail within the text, or at its end.
        let read = unsafe { tail.offset_from(text.as_ptr().cast::<c_char>()) };
        let rest = usize::try_from(read).ok().and_then(|read| text.get(read..)).unwrap_or("");
        let more = rest.contains(|c: char| !c.is_ascii_whitespace());
        Ok(Some(Compiled { statement: Statement { raw }, more }))
    }

    /// Runs the statement up to its next row; whether there is one.
    pub(super) fn step(&mut self) -> Result<bool> {
        // SAFETY: the statement is alive until it is dropped.
        match unsafe { ffi::sqlite3_step(self.raw.as_ptr()) } {
            ffi::SQLITE_ROW => Ok(true),
            ffi::SQLITE_DONE => Ok(false),
            // SAFETY: the connection outlives its statements.
            code => Err(unsafe { error_of(ffi::sqlite3_db_handle(self.raw.as_ptr()), code) }),
        }
    }

    /// Ends a run; the values that were bound stay.
    pub(super) fn reset(&mut self) {
        // SAFETY: as in `step`. The code that comes back is that of the last step, told there.
        unsafe { ffi::sqlite3_reset(self.raw.as_ptr()) };
    }

    /// Forgets the values that were bound.
    pub(super) fn clear(&mut self) {
        // SAFETY: as in `step`.
        unsafe { ffi::sqlite3_clear_bindings(self.raw.as_ptr()) };
    }

    /// Binds a value to a parameter, counted from 1.
    pub(super) fn bind(&mut self, place: usize, value: &SqlValue<'_>) -> Result<()> {
        let (raw, place) = (self.raw.as_ptr(), place as c_int);
        // SAFETY: as in `step`; SQLite copies text and bytes before it returns.
        let code = unsafe {
            match value {
                SqlValue::Null => ffi::sqlite3_bind_null(raw, place),
                SqlValue::Integer(integer) => ffi::sqlite3_bind_int64(raw, place, *integer),
                SqlValue::Real(real) => ffi::sqlite3_bind_double(raw, place, *real),
                SqlValue::Text(text) => ffi::sqlite3_bind_text64(
                    raw,
                    place,
                    text.as_ptr().cast(),
                    text.len() as u64,
                    ffi::SQLITE_TRANSIENT(),
                    ffi::SQLITE_UTF8 as _,
                ),
                SqlValue::Blob(bytes) if bytes.is_empty() => {
                    ffi::sqlite3_bind_zeroblob(raw, place, 0)
                }
                SqlValue::Blob(bytes) => ffi::sqlite3_bind_blob64(
                    raw,
                    place,
                    bytes.as_ptr().cast(),
                    bytes.len() as u64,
                    ffi::SQLITE_TRANSIENT(),
                ),
            }
        };
        self.checked(code)
    }

    /// Binds what SQLite handed over to a parameter, counted from 1.
    pub(super) fn bind_given(&mut self, place: usize, given: &Given<'_>) -> Result<()> {
        // SAFETY: as in `step`; what is given is alive during the call that handed it over.
        let code =
            unsafe { ffi::sqlite3_bind_value(self.raw.as_ptr(), place as c_int, given.value) };
        self.checked(code)
    }

    fn checked(&self, code: c_int) -> Result<()> {
        match code {
            ffi::SQLITE_OK => Ok(()),
            // SAFETY: the connection outlives its statements.
            code => Err(unsafe { error_of(ffi::sqlite3_db_handle(self.raw.as_ptr()), code) }),
        }
    }

    /// The value in a column of the current row.
    pub(super) fn value(&self, column: usize) -> Result<SqlValue<'_>> {
        // SAFETY: the value is looked at at once, and what is borrowed of it only as long as the
        // statement is, which has to be borrowed mutably to be stepped on.
        unsafe { read(ffi::sqlite3_column_value(self.raw.as_ptr(), column as c_int)) }
    }

    /// Hands the value in a column of the current row on as a virtual table's.
    ///
    /// # Safety
    ///
    /// The context is the one that SQLite asks for a column with.
    pub(super) unsafe fn hand_on(&self, column: usize, context: *mut ffi::sqlite3_context) {
        // SAFETY: SQLite copies the value before it returns.
        unsafe {
            let value = ffi::sqlite3_column_value(self.raw.as_ptr(), column as c_int);
            ffi::sqlite3_result_value(context, value);
        }
    }

    pub(super) fn column_count(&self) -> usize {
        // SAFETY: as in `step`.
        unsafe { ffi::sqlite3_column_count(self.raw.as_ptr()) as usize }
    }

    pub(super) fn column_name(&self, column: usize) -> String {
        // SAFETY: the name lives until the statement is compiled anew, and is copied at once.
        unsafe {
            let name = ffi::sqlite3_column_name(self.raw.as_ptr(), column as c_int);
            if name.is_null() {
                return String::new();
            }
            CStr::from_ptr(name).to_string_lossy().into_owned()
        }
    }

    pub(super) fn parameter_count(&self) -> usize {
        // SAFETY: as in `step`.
        unsafe { ffi::sqlite3_bind_parameter_count(self.raw.as_ptr()) as usize }
    }

    /// Whether it writes nothing.
    pub(super) fn is_readonly(&self) -> bool {
        // SAFETY: as in `step`.
        unsafe { ffi::sqlite3_stmt_readonly(self.raw.as_ptr()) != 0 }
    }

    /// Reads the statement's program instead of running it.
    pub(super) fn explaining(
        &mut self,
        work: impl FnOnce(&mut Statement) -> Result<()>,
    ) -> Result<()> {
        self.reset();
        // SAFETY: as in `step`; the statement is not running.
        let code = unsafe { ffi::sqlite3_stmt_explain(self.raw.as_ptr(), 1) };
        self.checked(code)?;
        // A SQLite that was built without it would run the statement instead.
        let done = match self.is_explain() {
            true => work(self),
            false => Err(Error::Sql { message: "SQLite explains no statements".to_owned() }),
        };
        self.reset();
        // SAFETY: as above.
        let code = unsafe { ffi::sqlite3_stmt_explain(self.raw.as_ptr(), 0) };
        done.and_then(|()| self.checked(code))
    }

    /// The text in a column of the current row, empty for anything else.
    pub(super) fn text(&self, column: usize) -> Result<String> {
        match self.value(column)? {
            SqlValue::Text(text) => Ok(text.into_owned()),
            _ => Ok(String::new()),
        }
    }

    /// How many steps its last runs took.
    #[cfg(test)]
    pub(super) fn take_steps(&self) -> c_int {
        let (raw, reset) = (self.raw.as_ptr(), 1);
        // SAFETY: as in `step`.
        unsafe { ffi::sqlite3_stmt_status(raw, ffi::SQLITE_STMTSTATUS_VM_STEP, reset) }
    }

    /// Whether it would tell of a plan instead of running it.
    pub(super) fn is_explain(&self) -> bool {
        // SAFETY: as in `step`.
        unsafe { ffi::sqlite3_stmt_isexplain(self.raw.as_ptr()) != 0 }
    }
}

impl Drop for Statement {
    fn drop(&mut self) {
        // SAFETY: this is the last use of it.
        unsafe { ffi::sqlite3_finalize(self.raw.as_ptr()) };
    }
}

/// A value that SQLite hands over for the time of one call.
pub(super) struct Given<'g> {
    value: *mut ffi::sqlite3_value,
    call: std::marker::PhantomData<&'g ()>,
}

impl<'g> Given<'g> {
    /// Takes what SQLite hands over.
    ///
    /// # Safety
    ///
    /// The value is alive as long as `'g`.
    pub(super) unsafe fn new(value: *mut ffi::sqlite3_value) -> Given<'g> {
        Given { value, call: std::marker::PhantomData }
    }

    /// Whether an UPDATE leaves the column as it is.
    pub(super) fn is_unchanged(&self) -> bool {
        // SAFETY: as promised to `new`.
        unsafe { ffi::sqlite3_value_nochange(self.value) != 0 }
    }

    pub(super) fn read(&self) -> Result<SqlValue<'g>> {
        // SAFETY: as promised to `new`.
        unsafe { read(self.value) }
    }
}

/// What a value holds.
///
/// # Safety
///
/// The value is alive and not converted as long as `'v`.
unsafe fn read<'v>(value: *mut ffi::sqlite3_value) -> Result<SqlValue<'v>> {
    // SAFETY: the length is asked for after the bytes, as SQLite demands.
    unsafe {
        let bytes = |pointer: *const u8| {
            let length = ffi::sqlite3_value_bytes(value);
            match (pointer.is_null(), usize::try_from(length)) {
                (false, Ok(length)) => std::slice::from_raw_parts(pointer, length),
                _ => &[],
            }
        };
        Ok(match ffi::sqlite3_value_type(value) {
            ffi::SQLITE_INTEGER => SqlValue::Integer(ffi::sqlite3_value_int64(value)),
            ffi::SQLITE_FLOAT => SqlValue::Real(ffi::sqlite3_value_double(value)),
            ffi::SQLITE_TEXT => {
                let text = std::str::from_utf8(bytes(ffi::sqlite3_value_text(value)));
                SqlValue::Text(Cow::Borrowed(text.map_err(|_| Error::Corrupt {
                    message: "a text in a row is not UTF-8".to_owned(),
                })?))
            }
            ffi::SQLITE_BLOB => {
                SqlValue::Blob(Cow::Borrowed(bytes(ffi::sqlite3_value_blob(value).cast())))
            }
            _ => SqlValue::Null,
        })
    }
}

/// The error that a connection tells of.
///
/// # Safety
///
/// The handle is open.
unsafe fn error_of(handle: *mut ffi::sqlite3, code: c_int) -> Error {
    // SAFETY: the message lives until the connection's next call, and is copied at once.
    let (code, message) = unsafe {
        let extended = ffi::sqlite3_extended_errcode(handle);
        let code = if extended & 0xff == code & 0xff { extended } else { code };
        (code, CStr::from_ptr(ffi::sqlite3_errmsg(handle)).to_string_lossy().into_owned())
    };
    rusqlite::Error::SqliteFailure(ffi::Error::new(code), Some(message)).into()
}

/// Sets one of the connection's limits; the limit before.
pub(super) fn set_limit(connection: &Connection, limit: c_int, value: c_int) -> c_int {
    // SAFETY: the handle is open as long as the connection is borrowed.
    unsafe { ffi::sqlite3_limit(connection.handle(), limit, value) }
}

/// How many bytes SQLite holds in this process at the moment.
pub(super) fn memory_used() -> i64 {
    // SAFETY: SQLite counts under a lock of its own.
    unsafe { ffi::sqlite3_memory_used() }
}

/// Whose turn it is, for SQLite's calls back.
#[derive(Default)]
pub(super) struct Seat(AtomicPtr<c_void>);

impl Seat {
    /// Lets a turn be found during some work. There is one turn at a time.
    pub(super) fn taken_by<T>(&self, turn: &Turn<'_>, work: impl FnOnce() -> T) -> T {
        struct Leaving<'s>(&'s Seat);
        impl Drop for Leaving<'_> {
            fn drop(&mut self) {
                self.0.0.store(ptr::null_mut(), Ordering::Relaxed);
            }
        }
        let turn = ptr::from_ref(turn).cast_mut().cast();
        let before = self.0.swap(turn, Ordering::Relaxed);
        assert!(before.is_null(), "two sessions' statements never run within each other");
        let _leaving = Leaving(self);
        work()
    }

    /// Does something with the turn, where there is one.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Turn<'_>) -> T) -> Option<T> {
        let turn = self.0.load(Ordering::Relaxed);
        // SAFETY: it is there while `taken_by` borrows it, and nobody but SQLite asks, within a
        // statement that runs in `taken_by`'s work and on its thread.
        (!turn.is_null()).then(|| work(unsafe { &*turn.cast::<Turn<'_>>() }))
    }
}
