//! The row as it was before an UPDATE changed it, handed over by the statement itself: a function
//! in its condition gets all columns of the row that everything before it let through.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rusqlite::Connection;
use rusqlite::functions::FunctionFlags;
use rusqlite::types::ValueRef;

use crate::error::Result;
use crate::value::SqlValue;

/// The function's name. It answers whether the row may be changed without a closer look.
pub(super) const FUNCTION: &str = "freehold_before";

/// Arguments that it takes at most, whatever limit a session's statement brings.
pub(super) const COLUMNS_MAX: usize = 100;

type Values = Vec<SqlValue<'static>>;

/// The row that was last handed over.
pub(crate) struct Before(Arc<Mutex<Values>>);

impl Before {
    /// Makes the function on a connection.
    pub(super) fn new(connection: &Connection) -> Result<Before> {
        let row: Arc<Mutex<Values>> = Arc::default();
        let filled = Arc::clone(&row);
        // No schema may call it.
        let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DIRECTONLY;
        connection.create_scalar_function(FUNCTION, -1, flags, move |context| {
            let mut row = lock(&filled);
            row.clear();
            row.reserve_exact(context.len());
            for at in 0..context.len() {
                row.push(match context.get_raw(at) {
                    ValueRef::Null => SqlValue::Null,
                    ValueRef::Integer(integer) => SqlValue::Integer(integer),
                    ValueRef::Real(real) => SqlValue::Real(real),
                    ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                        Ok(text) => SqlValue::Text(text.to_owned().into()),
                        // Such a row can't be shown.
                        Err(_) => return Ok(false),
                    },
                    ValueRef::Blob(bytes) => SqlValue::Blob(bytes.to_vec().into()),
                });
            }
            Ok(true)
        })?;
        Ok(Before(row))
    }

    /// The row that was handed over last.
    pub(super) fn take(&self) -> Values {
        std::mem::take(&mut *lock(&self.0))
    }
}

fn lock(row: &Mutex<Values>) -> MutexGuard<'_, Values> {
    // Each call fills it anew.
    row.lock().unwrap_or_else(PoisonError::into_inner)
}
