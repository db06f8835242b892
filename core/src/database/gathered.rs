//! Writes to a write-ahead log, gathered: SQLite writes each page of a commit by two calls, its
//! header's and its own, and a call to a file in OPFS costs as much as copying the page ten times.
//!
//! Frames that follow on each other are kept until the one that commits is whole, and are written
//! by one call then, whose error is that of SQLite's own last write. They are written before, too,
//! where SQLite flushes, reads or measures the log. So nothing that is committed is ever held back,
//! and what an error takes away is a transaction that is undone.
//!
//! A log that is emptied keeps its place on the disk, since a flush takes twice as long where a
//! file grew: it is written over with zeros, which SQLite takes for no log at all.
//!
//! The form of a log is that of SQLite's file format, section 4.1.
#![allow(unsafe_code)]

use std::cell::{Cell, RefCell};
use std::ffi::{CString, c_int, c_void};
use std::ptr;

use rusqlite::ffi::{
    SQLITE_OK, SQLITE_OPEN_MAIN_DB, SQLITE_OPEN_WAL, SQLITE_SYNC_NORMAL, sqlite3_file,
    sqlite3_filename, sqlite3_int64, sqlite3_io_methods, sqlite3_vfs, sqlite3_vfs_find,
};

use super::database_file;

/// The most that is kept: a commit of usual size, with room.
const GATHERED_MAX: usize = 1 << 20;

/// The most that an emptied log keeps of the disk: about as much as one grows to.
const KEPT_MAX: sqlite3_int64 = 9 << 20;

/// How much is written over at a time.
static ZEROS: [u8; 1 << 16] = [0; 1 << 16];
const ZEROS_COUNT: sqlite3_int64 = ZEROS.len() as sqlite3_int64;

/// The header of a log, and that of each of its frames.
const LOG_HEADER: sqlite3_int64 = 32;
const FRAME_HEADER: sqlite3_int64 = 24;

/// Where a log's header has the size of a page.
const PAGE_SIZE: std::ops::Range<usize> = 8..12;

/// Where a frame's header has the size of the database, if the frame commits; else zero.
const COMMITTED: std::ops::Range<usize> = 4..8;

type Open = unsafe extern "C" fn(
    *mut sqlite3_vfs,
    sqlite3_filename,
    *mut sqlite3_file,
    c_int,
    *mut c_int,
) -> c_int;

/// What is to be written to a file, from a place on.
struct Gathered {
    file: *mut sqlite3_file,
    at: sqlite3_int64,
    bytes: Vec<u8>,
    /// Whether the last frame commits.
    commits: bool,
    /// The file's end, with what was gathered; what is written before it is no new frame.
    end: sqlite3_int64,
    /// The bytes of a frame, its header included; nothing is gathered before they are known.
    frame: sqlite3_int64,
    /// Up to where the file is not zeros, as far as that is known.
    used: Option<sqlite3_int64>,
}

impl Gathered {
    const NOTHING: Gathered = Gathered {
        file: ptr::null_mut(),
        at: 0,
        bytes: Vec::new(),
        commits: false,
        end: 0,
        frame: 0,
        used: None,
    };

    /// Learns from a log's header, which SQLite writes or reads, how long its frames are.
    fn learn(&mut self, bytes: &[u8], at: sqlite3_int64) {
        if at == 0
            && bytes.len() as sqlite3_int64 == LOG_HEADER
            && let Ok(size) = bytes[PAGE_SIZE].try_into()
            && size != [0; 4]
        {
            self.frame = FRAME_HEADER + sqlite3_int64::from(u32::from_be_bytes(size));
        }
    }

    /// Whether a frame may begin here.
    fn is_border(&self, at: sqlite3_int64) -> bool {
        self.frame > 0 && at >= LOG_HEADER && (at - LOG_HEADER) % self.frame == 0
    }

    /// Takes what is to be written, if it begins a new frame or goes on with one.
    fn takes(&mut self, file: *mut sqlite3_file, bytes: &[u8], at: sqlite3_int64) -> bool {
        let begins = bytes.len() as sqlite3_int64 == FRAME_HEADER && self.is_border(at);
        if self.bytes.is_empty() {
            if !begins || at < self.end {
                return false;
            }
            (self.file, self.at) = (file, at);
        }
        if begins {
            self.commits = bytes[COMMITTED] != [0; 4];
        }
        self.bytes.extend_from_slice(bytes);
        true
    }

    /// Whether there is something that goes on here.
    fn goes_on(&self, file: *mut sqlite3_file, at: sqlite3_int64) -> bool {
        let end = self.at + self.bytes.len() as sqlite3_int64;
        self.file == file && end == at && self.bytes.len() < GATHERED_MAX
    }

    /// Whether what was gathered ends with a whole frame that commits.
    fn is_whole(&self) -> bool {
        self.commits && self.is_border(self.at + self.bytes.len() as sqlite3_int64)
    }
}

/// What is done with an open file.
struct Methods {
    /// By the pool itself.
    own: sqlite3_io_methods,
    log: sqlite3_io_methods,
    database: sqlite3_io_methods,
}

impl Methods {
    fn over(own: sqlite3_io_methods) -> Methods {
        let log = sqlite3_io_methods {
            xClose: Some(close),
            xRead: Some(read),
            xWrite: Some(write),
            xTruncate: Some(truncate),
            xSync: Some(sync),
            xFileSize: Some(size),
            ..own
        };
        let database = database_file::methods(own);
        Methods { own, log, database }
    }
}

thread_local! {
    /// How the pool itself opens a file. All pools are of one type, and so have the same functions.
    static OPEN: Cell<Option<Open>> = const { Cell::new(None) };
    static METHODS: Cell<Option<&'static Methods>> = const { Cell::new(None) };
    static GATHERED: RefCell<Gathered> =
        const { RefCell::new(Gathered::NOTHING) };
}

/// Gathers the writes to logs that are opened by this VFS, a browser's pool, from now on, and has
/// databases that it opens say what their disk does.
///
/// All VFSs for which one thread asks it have to be of one type, and a thread has one log open at a
/// time.
pub fn gather_log(vfs_name: &str) {
    let Ok(name) = CString::new(vfs_name) else { return };
    // SAFETY: a pool's VFS stays where it is as long as it is registered, and only this thread
    // reaches it.
    unsafe {
        let vfs = sqlite3_vfs_find(name.as_ptr());
        if let Some(vfs) = vfs.as_mut()
            && let Some(own) = vfs.xOpen.replace(open)
            && !ptr::fn_addr_eq(own, open as Open)
        {
            OPEN.set(Some(own));
        }
    }
}

/// Forgets what a log was found to hold. Nothing is gathered at the moment.
pub(super) fn forget() {
    GATHERED.with_borrow_mut(|gathered| {
        (gathered.end, gathered.frame, gathered.used) = (0, 0, None);
    });
}

unsafe extern "C" fn open(
    vfs: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    let own = OPEN.get().expect("it is kept before this takes its place");
    // SAFETY: the arguments are SQLite's, and an opened file has its methods.
    unsafe {
        let code = own(vfs, name, file, flags, flags_out);
        if code == SQLITE_OK && flags & (SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_DB) != 0 {
            let methods = METHODS.get().unwrap_or_else(|| {
                let methods = Box::leak(Box::new(Methods::over(ptr::read((*file).pMethods))));
                METHODS.set(Some(methods));
                methods
            });
            (*file).pMethods = if flags & SQLITE_OPEN_WAL == 0 {
                &raw const methods.database
            } else {
                forget();
                &raw const methods.log
            };
        }
        code
    }
}

/// The pool's own functions.
pub(super) fn own() -> &'static sqlite3_io_methods {
    &METHODS.get().expect("it is kept where a file is opened").own
}

/// Writes what was gathered, and goes on with one of the pool's own functions.
fn settled(proceed: impl FnOnce(&'static sqlite3_io_methods) -> Option<c_int>) -> c_int {
    match settle() {
        SQLITE_OK => proceed(own()).expect("the pool has all functions"),
        code => code,
    }
}

fn settle() -> c_int {
    GATHERED.with_borrow_mut(|Gathered { file, at, bytes, .. }| {
        if bytes.is_empty() {
            return SQLITE_OK;
        }
        let write = own().xWrite.expect("the pool has all functions");
        // SAFETY: the file is open: what was gathered is written before it is closed.
        let code = unsafe { write(*file, bytes.as_ptr().cast(), bytes.len() as c_int, *at) };
        bytes.clear();
        code
    })
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    count: c_int,
    at: sqlite3_int64,
) -> c_int {
    if !GATHERED.with_borrow(|gathered| gathered.goes_on(file, at)) {
        let code = settle();
        if code != SQLITE_OK {
            return code;
        }
    }
    let (is_taken, is_whole) = GATHERED.with_borrow_mut(|gathered| {
        // SAFETY: SQLite hands over so many bytes.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.cast(), count as usize) };
        gathered.learn(bytes, at);
        let is_taken = gathered.takes(file, bytes, at);
        // A log begins anew with its header.
        let end = if at == 0 { 0 } else { gathered.end };
        gathered.end = end.max(at + sqlite3_int64::from(count));
        gathered.used = gathered.used.map(|used| used.max(gathered.end));
        (is_taken, gathered.is_whole())
    });
    match (is_taken, is_whole) {
        (true, false) => SQLITE_OK,
        (true, true) => settle(),
        // SAFETY: the arguments are SQLite's, as those of the following ones are.
        (false, _) => unsafe {
            own().xWrite.map_or(SQLITE_OK, |write| write(file, bytes, count, at))
        },
    }
}

unsafe extern "C" fn read(
    file: *mut sqlite3_file,
    into: *mut c_void,
    count: c_int,
    at: sqlite3_int64,
) -> c_int {
    let end = at + sqlite3_int64::from(count);
    let is_before = GATHERED.with_borrow(|gathered| end <= gathered.at);
    let proceed = |own: &sqlite3_io_methods| {
        let code = own.xRead.map(|read| unsafe { read(file, into, count, at) });
        if code == Some(SQLITE_OK) {
            let bytes = unsafe { std::slice::from_raw_parts(into.cast(), count as usize) };
            GATHERED.with_borrow_mut(|gathered| gathered.learn(bytes, at));
        }
        code
    };
    // What was gathered does not concern what lies before it.
    if is_before { proceed(own()).unwrap_or(SQLITE_OK) } else { settled(proceed) }
}

unsafe extern "C" fn truncate(file: *mut sqlite3_file, size: sqlite3_int64) -> c_int {
    GATHERED.with_borrow_mut(|gathered| gathered.end = size);
    settled(|own| match size {
        0 => Some(empty(&Own(file)).err().unwrap_or(SQLITE_OK)),
        _ => own.xTruncate.map(|truncate| unsafe { truncate(file, size) }),
    })
}

/// Makes a log hold nothing: what was in it is in the database's file already, and what was
/// removed there does not stay here.
///
/// Its header goes first, and is flushed: with it and without its end this would be a log of
/// earlier commits alone, which SQLite would bring back.
fn empty(log: &Own) -> Result<(), c_int> {
    let used = GATHERED.with_borrow_mut(|gathered| gathered.used.take());
    let length = log.size()?;
    let used = used.map_or_else(|| log.used(length), Ok)?;
    if used > 0 {
        log.clear(0, used.min(LOG_HEADER))?;
        log.flush()?;
        if length > KEPT_MAX {
            log.truncate(KEPT_MAX)?;
        }
        let mut at = LOG_HEADER;
        while at < used.min(KEPT_MAX) {
            let end = used.min(KEPT_MAX).min(at + ZEROS_COUNT);
            log.clear(at, end)?;
            at = end;
        }
        log.flush()?;
    }
    GATHERED.with_borrow_mut(|gathered| gathered.used = Some(0));
    Ok(())
}

/// An open log, by the pool's own functions.
struct Own(*mut sqlite3_file);

// SAFETY, for all of these: the file is open, and SQLite's functions are asked for what they
// promise.
impl Own {
    fn size(&self) -> Result<sqlite3_int64, c_int> {
        let mut size = 0;
        done(own().xFileSize.map(|measure| unsafe { measure(self.0, &raw mut size) }))?;
        Ok(size)
    }

    /// Up to where it is not zeros, or a little further.
    fn used(&self, length: sqlite3_int64) -> Result<sqlite3_int64, c_int> {
        let mut bytes = vec![0_u8; ZEROS.len()];
        let mut used = length;
        while used > 0 {
            let at = (used - 1) / ZEROS_COUNT * ZEROS_COUNT;
            let (into, count) = (bytes.as_mut_ptr().cast(), (used - at) as c_int);
            done(own().xRead.map(|read| unsafe { read(self.0, into, count, at) }))?;
            if bytes[..count as usize].iter().any(|byte| *byte != 0) {
                break;
            }
            used = at;
        }
        Ok(used)
    }

    fn clear(&self, from: sqlite3_int64, to: sqlite3_int64) -> Result<(), c_int> {
        let zeros = ZEROS.as_ptr().cast();
        let count = (to - from) as c_int;
        done(own().xWrite.map(|write| unsafe { write(self.0, zeros, count, from) }))
    }

    fn truncate(&self, size: sqlite3_int64) -> Result<(), c_int> {
        done(own().xTruncate.map(|truncate| unsafe { truncate(self.0, size) }))
    }

    fn flush(&self) -> Result<(), c_int> {
        done(own().xSync.map(|sync| unsafe { sync(self.0, SQLITE_SYNC_NORMAL) }))
    }
}

fn done(code: Option<c_int>) -> Result<(), c_int> {
    match code.expect("the pool has all functions") {
        SQLITE_OK => Ok(()),
        code => Err(code),
    }
}

unsafe extern "C" fn sync(file: *mut sqlite3_file, flags: c_int) -> c_int {
    settled(|own| own.xSync.map(|sync| unsafe { sync(file, flags) }))
}

unsafe extern "C" fn size(file: *mut sqlite3_file, into: *mut sqlite3_int64) -> c_int {
    settled(|own| own.xFileSize.map(|size| unsafe { size(file, into) }))
}

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    let code = settle();
    let close = own().xClose.expect("the pool has all functions");
    // Closed it is in any case.
    match unsafe { close(file) } {
        SQLITE_OK => code,
        failed => failed,
    }
}
