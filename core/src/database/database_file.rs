//! What is done with the file of a database in a browser's pool, beside what the pool does: it has
//! one connection, no other process reaches it, and a write harms nothing beside it.
//!
//! - The index of its write-ahead log, which page lies where in it, is in this thread's memory.
//!   SQLite could keep it by itself, but would then never let go of it. Here it can be forgotten,
//!   and SQLite reads the log anew as after a crash: `Database::resume` stands on that.
//! - The log stays where the database is closed, and with it its slot of the pool.
//! - SQLite's own systems for Unix and Windows say of the same disks that a write harms nothing
//!   beside it. Without that a commit's last page is written twice, to fill up a sector.
#![allow(unsafe_code)]

use std::cell::RefCell;
use std::ffi::{c_int, c_void};
use std::ptr;

use rusqlite::Connection;
use rusqlite::ffi::{
    SQLITE_FCNTL_FILE_POINTER, SQLITE_FCNTL_PERSIST_WAL, SQLITE_IOCAP_POWERSAFE_OVERWRITE,
    SQLITE_NOTFOUND, SQLITE_OK, sqlite3_file, sqlite3_file_control, sqlite3_io_methods,
};

use super::gathered::own;

/// A part of the index, which SQLite asks for one by one, as words.
type Part = Box<[u32]>;

thread_local! {
    /// Parts stay where they are: SQLite remembers that.
    static PARTS: RefCell<Vec<Part>> = const { RefCell::new(Vec::new()) };
}

/// Whether a connection's file is such a one.
pub(super) fn is_of(connection: &Connection) -> bool {
    let mut file: *mut sqlite3_file = ptr::null_mut();
    // SAFETY: the connection is open, and this control writes where its file is, if it has one.
    unsafe {
        let (code, into) = (SQLITE_FCNTL_FILE_POINTER, (&raw mut file).cast());
        sqlite3_file_control(connection.handle(), c"main".as_ptr(), code, into);
        let methods = file.as_ref().and_then(|file| file.pMethods.as_ref());
        methods
            .and_then(|methods| methods.xShmMap)
            .is_some_and(|own| ptr::fn_addr_eq(own, map as Map))
    }
}

type Map = unsafe extern "C" fn(*mut sqlite3_file, c_int, c_int, c_int, *mut *mut c_void) -> c_int;

/// What is done with it, where the pool's own functions are these.
pub(super) fn methods(own: sqlite3_io_methods) -> sqlite3_io_methods {
    sqlite3_io_methods {
        // The first version with shared memory.
        iVersion: own.iVersion.max(2),
        xFileControl: Some(control),
        xDeviceCharacteristics: Some(characteristics),
        xShmMap: Some(map),
        xShmLock: Some(lock),
        xShmBarrier: Some(barrier),
        xShmUnmap: Some(unmap),
        ..own
    }
}

/// Where the index has what it knows of the log as a whole, twice, in words (SQLite's form of the
/// index, section 2.1): how many frames there are, the salts that tell the frames of this log from
/// older ones, and a sum of what stands before that.
const HEADER: usize = 12;
const FRAMES: usize = 4;
const SALTS: usize = 8;
const SUMS: usize = 10;

/// Gives an empty log new salts. SQLite takes random ones for the first log that it begins, and
/// goes on from those of the last one for others; an empty log that it reads has none.
pub(super) fn renew_salts(salts: [u32; 2]) {
    PARTS.with_borrow_mut(|parts| {
        let Some(part) = parts.first_mut() else { return };
        let (header, copy) = part[..2 * HEADER].split_at_mut(HEADER);
        if header != copy || header[FRAMES] != 0 || header[SALTS..SUMS] != [0, 0] {
            return;
        }
        header[SALTS..SUMS].copy_from_slice(&salts);
        let (mut first, mut second) = (0_u32, 0_u32);
        for pair in header[..SUMS].chunks(2) {
            first = first.wrapping_add(pair[0]).wrapping_add(second);
            second = second.wrapping_add(pair[1]).wrapping_add(first);
        }
        header[SUMS..].copy_from_slice(&[first, second]);
        copy.copy_from_slice(header);
    });
}

/// Forgets what the log was found to hold.
pub(super) fn forget() {
    PARTS.with_borrow_mut(|parts| parts.iter_mut().for_each(|part| part.fill(0)));
}

unsafe extern "C" fn characteristics(file: *mut sqlite3_file) -> c_int {
    let ask = own().xDeviceCharacteristics;
    // SAFETY: the arguments are SQLite's, as those of the following ones are.
    ask.map_or(0, |ask| unsafe { ask(file) }) | SQLITE_IOCAP_POWERSAFE_OVERWRITE
}

unsafe extern "C" fn control(file: *mut sqlite3_file, code: c_int, value: *mut c_void) -> c_int {
    if code == SQLITE_FCNTL_PERSIST_WAL {
        // SAFETY: the value of this control is a number.
        unsafe { value.cast::<c_int>().write(1) };
        return SQLITE_OK;
    }
    own().xFileControl.map_or(SQLITE_NOTFOUND, |ask| unsafe { ask(file, code, value) })
}

unsafe extern "C" fn map(
    _file: *mut sqlite3_file,
    number: c_int,
    size: c_int,
    extend: c_int,
    into: *mut *mut c_void,
) -> c_int {
    PARTS.with_borrow_mut(|parts| {
        let (number, words) = (number as usize, size as usize / size_of::<u32>());
        if extend != 0 {
            while parts.len() <= number {
                parts.push(vec![0; words].into_boxed_slice());
            }
        }
        let part = parts.get_mut(number).map_or(ptr::null_mut(), |part| part.as_mut_ptr());
        // SAFETY: SQLite asks for the place of a part, and says where to put that.
        unsafe { into.write(part.cast()) };
    });
    SQLITE_OK
}

/// There is nobody else.
unsafe extern "C" fn lock(_: *mut sqlite3_file, _from: c_int, _count: c_int, _: c_int) -> c_int {
    SQLITE_OK
}

unsafe extern "C" fn barrier(_file: *mut sqlite3_file) {}

unsafe extern "C" fn unmap(_file: *mut sqlite3_file, _remove: c_int) -> c_int {
    PARTS.with_borrow_mut(Vec::clear);
    SQLITE_OK
}
