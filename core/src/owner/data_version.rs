//! Whether the file has changed since one last looked, at next to no cost.
//!
//! SQLite keeps a counter per connection that moves whenever a statement finds the file changed by
//! another connection, and with every commit of one's own. Asking for it by `PRAGMA data_version`
//! opens a read transaction, which costs as much as reading a row; the file control alone does
//! not. It tells what the last statement saw, which is what its result has to be judged by.
#![allow(unsafe_code)]

use rusqlite::{Connection, ffi};

/// The counter as of the last statement.
pub(crate) fn data_version(connection: &Connection) -> u32 {
    let mut version: u32 = 0;
    let into: *mut u32 = &raw mut version;
    // SAFETY: the connection is open as long as it is borrowed, the name is a C string, and this
    // control writes one 32-bit integer through the pointer, which outlives the call.
    let code = unsafe {
        ffi::sqlite3_file_control(
            connection.handle(),
            c"main".as_ptr(),
            ffi::SQLITE_FCNTL_DATA_VERSION,
            into.cast(),
        )
    };
    debug_assert_eq!(code, ffi::SQLITE_OK, "every SQLite since 3.25 knows this control");
    version
}
