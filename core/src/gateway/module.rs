//! The virtual-table module, the authorizer and the progress handler as SQLite calls them: nothing
//! but handing on to safe code. See `raw` for why there is `unsafe` here.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use rusqlite::{Connection, ffi};

use crate::error::Result;
use crate::gateway::cursor::{Cell, Cursor};
use crate::gateway::guard::{Request, Shared};
use crate::gateway::plan::{Ask, Constraint};
use crate::gateway::raw::Given;
use crate::gateway::table::Table;
use crate::gateway::write::{Change, Conflict, Refusal};
use crate::value::SqlValue;

/// The module's name in CREATE VIRTUAL TABLE.
pub(super) const MODULE: &CStr = c"freehold_gateway";

/// How many steps SQLite takes between two looks at what a statement has left.
pub(super) const STEPS_BETWEEN_LOOKS: c_int = 500;

#[repr(C)]
struct TableObject {
    base: ffi::sqlite3_vtab,
    handle: *mut ffi::sqlite3,
    table: Table,
}

#[repr(C)]
struct CursorObject {
    base: ffi::sqlite3_vtab_cursor,
    cursor: Cursor,
}

static METHODS: Methods = Methods(ffi::sqlite3_module {
    iVersion: 1,
    xCreate: Some(create),
    xConnect: Some(connect),
    xBestIndex: Some(best_index),
    xDisconnect: Some(disconnect),
    xDestroy: Some(disconnect),
    xOpen: Some(open),
    xClose: Some(close),
    xFilter: Some(filter),
    xNext: Some(next),
    xEof: Some(eof),
    xColumn: Some(column),
    xRowid: None,
    xUpdate: Some(update),
    xBegin: None,
    xSync: None,
    xCommit: None,
    xRollback: None,
    xFindFunction: None,
    xRename: None,
    xSavepoint: None,
    xRelease: None,
    xRollbackTo: None,
    xShadowName: None,
    xIntegrity: None,
});

struct Methods(ffi::sqlite3_module);

// SAFETY: the methods are functions, and nothing ever writes to them.
unsafe impl Sync for Methods {}

/// Makes the module known to a connection.
pub(super) fn register(connection: &Connection, shared: &Arc<Shared>) -> Result<()> {
    let aux = Arc::into_raw(shared.clone()).cast_mut().cast::<c_void>();
    // SAFETY: the handle is open; SQLite gives the Arc back to `release` when it needs it no more,
    // also where it refuses the module.
    let code = unsafe {
        let handle = connection.handle();
        let release = Some(release as unsafe extern "C" fn(*mut c_void));
        ffi::sqlite3_create_module_v2(handle, MODULE.as_ptr(), &METHODS.0, aux, release)
    };
    if code != ffi::SQLITE_OK {
        return Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None).into());
    }
    Ok(())
}

/// Sets the connection's authorizer and progress handler. The module must be registered: as long
/// as it is, what they are given stays alive.
pub(super) fn watch(connection: &Connection, shared: &Arc<Shared>) {
    let aux = Arc::as_ptr(shared).cast_mut().cast::<c_void>();
    // SAFETY: the handle is open, and the module keeps the Arc until the connection is closed.
    unsafe {
        let handle = connection.handle();
        ffi::sqlite3_set_authorizer(handle, Some(authorize), aux);
        ffi::sqlite3_progress_handler(handle, STEPS_BETWEEN_LOOKS, Some(progress), aux);
    }
}

unsafe extern "C" fn release(aux: *mut c_void) {
    // SAFETY: it came from `Arc::into_raw` in `register`.
    drop(unsafe { Arc::from_raw(aux.cast::<Shared>().cast_const()) });
}

unsafe extern "C" fn authorize(
    aux: *mut c_void,
    action: c_int,
    first: *const c_char,
    second: *const c_char,
    schema: *const c_char,
    accessor: *const c_char,
) -> c_int {
    // SAFETY: `aux` is what `watch` gave; the texts are alive during the call.
    let (shared, request) = unsafe {
        let text = |pointer: *const c_char| {
            (!pointer.is_null()).then(|| CStr::from_ptr(pointer).to_bytes())
        };
        let request = Request {
            action,
            first: text(first),
            second: text(second),
            schema: text(schema),
            accessor: text(accessor),
        };
        (&*aux.cast::<Shared>(), request)
    };
    match catch_unwind(AssertUnwindSafe(|| shared.allows(&request))) {
        Ok(true) => ffi::SQLITE_OK,
        _ => ffi::SQLITE_DENY,
    }
}

unsafe extern "C" fn progress(aux: *mut c_void) -> c_int {
    // SAFETY: as in `authorize`.
    c_int::from(!unsafe { &*aux.cast::<Shared>() }.may_go_on())
}

unsafe extern "C" fn create(
    handle: *mut ffi::sqlite3,
    aux: *mut c_void,
    count: c_int,
    arguments: *const *const c_char,
    made: *mut *mut ffi::sqlite3_vtab,
    message: *mut *mut c_char,
) -> c_int {
    // A module whose two functions are one would give a table without being asked to.
    // SAFETY: as in `connect`.
    unsafe {
        (*aux.cast::<Shared>()).made.fetch_add(1, Ordering::Relaxed);
        connect(handle, aux, count, arguments, made, message)
    }
}

unsafe extern "C" fn connect(
    handle: *mut ffi::sqlite3,
    aux: *mut c_void,
    count: c_int,
    arguments: *const *const c_char,
    made: *mut *mut ffi::sqlite3_vtab,
    _message: *mut *mut c_char,
) -> c_int {
    if count < 3 {
        return ffi::SQLITE_ERROR;
    }
    // SAFETY: SQLite gives at least the names of module, schema and table, and `aux` is an Arc
    // that is kept as long as the module.
    let (shared, name) = unsafe {
        let shared = aux.cast::<Shared>().cast_const();
        Arc::increment_strong_count(shared);
        (Arc::from_raw(shared), CStr::from_ptr(*arguments.add(2)))
    };
    let found = name.to_str().ok().and_then(|name| Table::new(shared, name));
    let Some((table, declaration)) = found else { return ffi::SQLITE_ERROR };
    let Ok(declaration) = CString::new(declaration) else { return ffi::SQLITE_ERROR };
    // SAFETY: these calls are made for within this one; the object is given back in `disconnect`.
    unsafe {
        // SQLite may do this in the middle of a session's statement, when it reads TEMP anew.
        let declare = || ffi::sqlite3_declare_vtab(handle, declaration.as_ptr());
        let code = table.shared.privileged(declare);
        if code != ffi::SQLITE_OK {
            return code;
        }
        ffi::sqlite3_vtab_config(handle, ffi::SQLITE_VTAB_DIRECTONLY);
        ffi::sqlite3_vtab_config(handle, ffi::SQLITE_VTAB_CONSTRAINT_SUPPORT, 1 as c_int);
        let base = std::mem::zeroed::<ffi::sqlite3_vtab>();
        let object = Box::into_raw(Box::new(TableObject { base, handle, table }));
        (*object).table.shared.note_live(object.addr(), true);
        *made = object.cast();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn disconnect(object: *mut ffi::sqlite3_vtab) -> c_int {
    // SAFETY: it came from `connect`, and SQLite uses it no more.
    let gone = unsafe { Box::from_raw(object.cast::<TableObject>()) };
    gone.table.shared.note_live(object.addr(), false);
    ffi::SQLITE_OK
}

unsafe extern "C" fn best_index(
    object: *mut ffi::sqlite3_vtab,
    info: *mut ffi::sqlite3_index_info,
) -> c_int {
    // SAFETY: SQLite hands over arrays with their lengths, and takes the text over.
    unsafe {
        let table = &(*object.cast::<TableObject>()).table;
        let constraints = (0..(*info).nConstraint).map(|at| {
            let constraint = *(*info).aConstraint.add(at as usize);
            let collation = ffi::sqlite3_vtab_collation(info, at);
            let binary = !collation.is_null() && CStr::from_ptr(collation) == c"BINARY";
            let usable = constraint.usable != 0;
            Constraint { column: constraint.iColumn, op: constraint.op, usable, binary }
        });
        let order = (0..(*info).nOrderBy).map(|at| {
            let order = *(*info).aOrderBy.add(at as usize);
            (order.iColumn, order.desc != 0)
        });
        let ask = Ask {
            constraints: constraints.collect(),
            order: order.collect(),
            used: (*info).colUsed,
        };
        let Ok(choice) = catch_unwind(AssertUnwindSafe(|| table.choose(&ask))) else {
            return ffi::SQLITE_INTERNAL;
        };
        for (place, constraint) in choice.arguments.iter().enumerate() {
            let usage = &mut *(*info).aConstraintUsage.add(*constraint);
            usage.argvIndex = place as c_int + 1;
            usage.omit = 1;
        }
        (*info).idxStr = allocate(&choice.shape);
        (*info).needToFreeIdxStr = 1;
        (*info).orderByConsumed = c_int::from(choice.ordered);
        (*info).estimatedCost = choice.cost;
        (*info).estimatedRows = choice.rows;
        (*info).idxFlags = if choice.unique { ffi::SQLITE_INDEX_SCAN_UNIQUE } else { 0 };
        if (*info).idxStr.is_null() { ffi::SQLITE_NOMEM } else { ffi::SQLITE_OK }
    }
}

unsafe extern "C" fn open(
    _object: *mut ffi::sqlite3_vtab,
    made: *mut *mut ffi::sqlite3_vtab_cursor,
) -> c_int {
    // SAFETY: SQLite fills in the base, and gives the object back to `close`.
    unsafe {
        let base = std::mem::zeroed::<ffi::sqlite3_vtab_cursor>();
        *made = Box::into_raw(Box::new(CursorObject { base, cursor: Cursor::default() })).cast();
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn close(object: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: it came from `open`, and SQLite uses it no more; its table is still there.
    unsafe {
        let mut object = Box::from_raw(object.cast::<CursorObject>());
        object.cursor.give_back(&(*object.base.pVtab.cast::<TableObject>()).table);
    }
    ffi::SQLITE_OK
}

unsafe extern "C" fn filter(
    object: *mut ffi::sqlite3_vtab_cursor,
    _number: c_int,
    shape: *const c_char,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
) -> c_int {
    // SAFETY: the shape is the text of `best_index`, the values are alive during the call.
    unsafe {
        let object = &mut *object.cast::<CursorObject>();
        let table = &(*object.base.pVtab.cast::<TableObject>()).table;
        let given = arguments(count, values);
        let Ok(shape) = CStr::from_ptr(shape).to_str() else { return ffi::SQLITE_INTERNAL };
        let cursor = &mut object.cursor;
        table.shared.handing_on(|turn| cursor.begin(table, turn, shape, &given))
    }
}

unsafe extern "C" fn next(object: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: it came from `open`, and its table is there.
    unsafe {
        let object = &mut *object.cast::<CursorObject>();
        let table = &(*object.base.pVtab.cast::<TableObject>()).table;
        match object.cursor.go_on(table) {
            Ok(()) => ffi::SQLITE_OK,
            Err(error) => table.shared.handing_on(|_| Err(error)),
        }
    }
}

unsafe extern "C" fn eof(object: *mut ffi::sqlite3_vtab_cursor) -> c_int {
    // SAFETY: it came from `open`.
    c_int::from(unsafe { &*object.cast::<CursorObject>() }.cursor.is_done())
}

unsafe extern "C" fn column(
    object: *mut ffi::sqlite3_vtab_cursor,
    context: *mut ffi::sqlite3_context,
    column: c_int,
) -> c_int {
    // SAFETY: it came from `open`; the context is that of this call.
    unsafe {
        if ffi::sqlite3_vtab_nochange(context) != 0 {
            return ffi::SQLITE_OK;
        }
        let object = &mut *object.cast::<CursorObject>();
        let table = &(*object.base.pVtab.cast::<TableObject>()).table;
        match object.cursor.cell(table, column as usize) {
            Ok(Some(Cell::Inner(statement, place))) => statement.hand_on(place, context),
            Ok(Some(Cell::Key(text))) => hand_text(context, &text),
            Ok(Some(Cell::Opened(SqlValue::Text(text)))) => hand_text(context, &text),
            Ok(Some(Cell::Opened(SqlValue::Blob(bytes)))) => ffi::sqlite3_result_blob64(
                context,
                bytes.as_ptr().cast(),
                bytes.len() as u64,
                ffi::SQLITE_TRANSIENT(),
            ),
            Ok(Some(Cell::Opened(_)) | None) => {}
            Err(error) => {
                return table.shared.handing_on(|_| Err(error));
            }
        }
    }
    ffi::SQLITE_OK
}

/// Hands a text over as a column's value.
unsafe fn hand_text(context: *mut ffi::sqlite3_context, text: &str) {
    // SAFETY: the context is the caller's, and SQLite copies the text.
    unsafe {
        ffi::sqlite3_result_text64(
            context,
            text.as_ptr().cast(),
            text.len() as u64,
            ffi::SQLITE_TRANSIENT(),
            ffi::SQLITE_UTF8 as _,
        );
    }
}

unsafe extern "C" fn update(
    object: *mut ffi::sqlite3_vtab,
    count: c_int,
    values: *mut *mut ffi::sqlite3_value,
    _rowid: *mut ffi::sqlite3_int64,
) -> c_int {
    // SAFETY: the values are alive during the call, and the handle is the connection's.
    unsafe {
        let object = &*object.cast::<TableObject>();
        let conflict = match ffi::sqlite3_vtab_on_conflict(object.handle) {
            ffi::SQLITE_REPLACE => Conflict::Replace,
            ffi::SQLITE_ROLLBACK => Conflict::Rollback,
            ffi::SQLITE_IGNORE => Conflict::Ignore,
            _ => Conflict::Other,
        };
        let given = arguments(count, values);
        let mut ignorable = false;
        let code = object.table.shared.handing_on(|turn| {
            let change = Change::of(&given, conflict)?;
            object.table.write(turn, &change).map_err(|Refusal { error, of_constraint }| {
                ignorable = of_constraint;
                error
            })
        });
        if !ignorable {
            return code;
        }
        if conflict == Conflict::Ignore {
            object.table.shared.for_turn(|turn| turn.error.take());
        }
        ffi::SQLITE_CONSTRAINT
    }
}

/// # Safety
///
/// The values are alive as long as the result is used.
unsafe fn arguments<'g>(count: c_int, values: *mut *mut ffi::sqlite3_value) -> Vec<Given<'g>> {
    // SAFETY: SQLite hands over as many values as it says.
    (0..count as usize).map(|at| unsafe { Given::new(*values.add(at)) }).collect()
}

/// A text in memory of SQLite's, which frees it; null where there is none left.
fn allocate(text: &str) -> *mut c_char {
    // SAFETY: the memory is as long as the text and its end.
    unsafe {
        let memory = ffi::sqlite3_malloc64(text.len() as u64 + 1).cast::<u8>();
        if !memory.is_null() {
            ptr::copy_nonoverlapping(text.as_ptr(), memory, text.len());
            *memory.add(text.len()) = 0;
        }
        memory.cast()
    }
}
