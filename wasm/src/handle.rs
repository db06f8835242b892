//! An open database as JavaScript holds it: how it is opened, and what it answers.

use std::cell::RefCell;

use freehold_core::database::{Log, proven_backup};
use freehold_core::host::{FixedHost, Host};
use freehold_core::migrate::Progress;
use freehold_core::{Database, Error, call};
use js_sys::{Array, Function, Uint8Array};
use serde_json::json;
use wasm_bindgen::prelude::*;

use crate::backups::Backups;
use crate::host::JsHost;
use crate::request::{self, Request};
use crate::storage::{self, OpenError};

/// From how many bytes on an answer is handed over as bytes.
const LONG_BYTES: usize = 4096;

/// One open database.
#[wasm_bindgen]
pub struct Handle {
    database: Database,
    /// The database's name where it is stored; none in memory.
    stored_as: Option<String>,
    /// The stored file's log.
    log: Option<Log>,
    /// Whether a test decides the time and random bytes.
    is_testing: bool,
}

thread_local! {
    /// What was set aside.
    static SUSPENDED: RefCell<Option<Handle>> = const { RefCell::new(None) };
}

/// Takes back what was set aside, in the copy of memory of this name or in the memory itself;
/// nothing where the files are not of that copy, which is of no use then.
#[wasm_bindgen]
#[must_use]
pub fn resume(snapshot: Option<String>) -> Option<Handle> {
    let handle = SUSPENDED.take()?;
    match handle.database.resume(snapshot.as_deref()) {
        Ok(true) => Some(handle),
        // Closing it would write what it knows.
        _ => {
            SUSPENDED.set(Some(handle));
            None
        }
    }
}

/// Opens what a request names.
pub(crate) async fn open(request: &str, image: Option<Vec<u8>>) -> Result<Handle, OpenError> {
    let Request { name, is_stored, bundle, source, backups, key, testing } =
        request::prepared(request)?;
    let (connection, log) = match (is_stored, image) {
        (true, None) => storage::open_stored(&name).await.map(|(file, log)| (file, Some(log)))?,
        (true, Some(_)) => return Err(request::invalid("image", "for `memory` alone").into()),
        (false, image) => (storage::open_memory(image)?, None),
    };
    let is_testing = testing.is_some();
    let host: Box<dyn Host + Send> = match testing {
        Some((now_ms, seed)) => Box::new(FixedHost::new(now_ms, seed)),
        None => Box::new(JsHost::new().map_err(|_| no_random_bytes())?),
    };
    let mut database = Database::open(connection, bundle, host)?.with_source(source);
    if let Some(key) = key {
        database = database.with_master_key(key)?;
    }
    if is_stored && backups > 0 {
        database = database.with_backups(Box::new(Backups::new(&name, backups)?));
    }
    Ok(Handle { database, stored_as: is_stored.then_some(name), log, is_testing })
}

/// Puts a proven backup in the place of the stored database that a request names.
pub(crate) async fn replace(request: &str, bytes: &[u8]) -> Result<(), OpenError> {
    let Request { name, is_stored, bundle, .. } = request::read(request)?;
    if !is_stored {
        let message = "a database in memory has no file to replace".to_owned();
        return Err(Error::InvalidArgument { argument: "storage".to_owned(), message }.into());
    }
    let host = JsHost::new().map_err(|_| no_random_bytes())?;
    let proven = proven_backup(bytes, &bundle, &host)?;
    storage::replace(&name, &proven).await
}

/// An error as an answer.
pub(crate) fn refusal(error: &OpenError) -> String {
    json!({ "error": error.to_json() }).to_string()
}

fn answer(outcome: Result<(), OpenError>) -> String {
    match outcome {
        Ok(()) => json!({ "ok": null }).to_string(),
        Err(error) => refusal(&error),
    }
}

#[wasm_bindgen]
impl Handle {
    /// Answers a request; `on_progress` hears of each migration before it runs. A long answer is
    /// the bytes of its text, in the buffer of `spare` if that is large enough: making a new one
    /// costs more than filling it.
    #[must_use]
    #[wasm_bindgen(unchecked_return_type = "string | Uint8Array<ArrayBuffer>")]
    pub fn call(&mut self, request: &str, on_progress: &Function, spare: &Uint8Array) -> JsValue {
        let answer = call::call(&mut self.database, request, &mut |progress| {
            // A listener's exception is the page's own and does not undo the run.
            let _: Result<JsValue, JsValue> =
                on_progress.call1(&JsValue::NULL, &to_json(progress).into());
        });
        if answer.len() < LONG_BYTES {
            return answer.into();
        }
        put(&answer, spare).into()
    }

    /// Answers a request for a page of rows, and those for the pages after it, `count` pages at
    /// most: the answers' bytes behind each other, and where each ends. Nothing where that is
    /// refused; the request itself says why.
    #[must_use]
    #[wasm_bindgen(unchecked_return_type = "[Uint8Array<ArrayBuffer>, ...number[]] | undefined")]
    pub fn pages(&self, request: &str, count: u32, spare: &Uint8Array) -> Option<Array> {
        let (text, ends) = call::pages(&self.database, request, count).ok()?;
        let answer = Array::of1(&put(&text, spare));
        for end in ends {
            answer.push(&(end as u32).into());
        }
        Some(answer)
    }

    /// Answers a request that reads, and watches for what concerns it under a name.
    #[must_use]
    pub fn watch(&mut self, key: &str, request: &str) -> String {
        call::watch(&mut self.database, key, request)
    }

    /// Watches no more under a name.
    pub fn unwatch(&self, key: &str) {
        self.database.unwatch(key);
    }

    /// Tells what writes changed of the requests that are watched, one after the other: the name of
    /// each that they concerned, and the changes, or nothing where it is to be asked again. The
    /// function must not ask this handle anything.
    pub fn changes(&self, tell: &Function) {
        let mut tell = |key: &str, changes: Option<&str>| {
            let changes = changes.map_or(JsValue::UNDEFINED, JsValue::from);
            // It only hands on, and what it can't hand on it says itself.
            let _: Result<JsValue, JsValue> = tell.call2(&JsValue::NULL, &key.into(), &changes);
        };
        // What can't be read now is said by the next call.
        call::changes(&self.database, &mut tell).ok();
    }

    /// Does what would make a later commit wait. Nobody waits at the moment.
    pub fn tidy(&self) {
        if let Some(log) = &self.log {
            // What can't be done now is tried again, at the latest by a commit.
            self.database.empty_log(log).ok();
        }
    }

    /// The bytes of a SQLite file with everything in it.
    ///
    /// # Errors
    ///
    /// An answer with the error.
    pub fn export(&mut self) -> Result<Vec<u8>, String> {
        self.database.export().map_err(|error| refusal(&error.into()))
    }

    /// Puts a backup's bytes in the place of everything in the database.
    #[must_use]
    pub fn restore(&mut self, bytes: &[u8]) -> String {
        let restored = self.database.restore(bytes);
        if let Some(log) = &self.log {
            log.forget();
        }
        answer(restored.map_err(OpenError::from))
    }

    /// Closes the database, so that another tab or worker may open it.
    #[must_use]
    pub fn close(self) -> String {
        answer(self.shut())
    }

    /// Sets the database aside for a copy of this memory, which goes on with `resume`; this one
    /// does, too. With statements that `prepared` answered. Itself where no copy may be kept.
    #[must_use]
    #[allow(clippy::needless_pass_by_value)]
    pub fn suspend(self, statements: Vec<String>) -> Option<Handle> {
        let is_plain = self.stored_as.is_some() && !self.is_testing;
        match is_plain && self.database.suspend(&statements).unwrap_or(false) {
            true => {
                SUSPENDED.set(Some(self));
                None
            }
            false => Some(self),
        }
    }

    /// The statements of reads that stay prepared; none with values in them.
    #[must_use]
    pub fn prepared(&self) -> Vec<String> {
        self.database.prepared()
    }

    /// Writes into the database which copy was made of it last; whether that is so.
    #[must_use]
    #[wasm_bindgen(js_name = nameSnapshot)]
    pub fn name_snapshot(&self, snapshot: &str) -> bool {
        self.database.name_snapshot(snapshot).is_ok()
    }

    fn shut(self) -> Result<(), OpenError> {
        match &self.log {
            Some(log) => self.database.close_emptied(log)?,
            None => self.database.close()?,
        }
        self.stored_as.map_or(Ok(()), |name| storage::release(&name))
    }
}

/// The bytes of a text, in a buffer if that is large enough, or else in a new one.
fn put(text: &str, buffer: &Uint8Array) -> Uint8Array {
    let length = text.len() as u32;
    let bytes = match buffer.length() < length {
        true => Uint8Array::new_with_length(length.next_power_of_two()).subarray(0, length),
        false => buffer.subarray(0, length),
    };
    bytes.copy_from(text.as_bytes());
    bytes
}

fn no_random_bytes() -> Error {
    Error::Io { message: "there is no crypto.getRandomValues here".to_owned() }
}

fn to_json(progress: Progress<'_>) -> String {
    let Progress { migration, done, total } = progress;
    json!({ "migration": migration, "done": done, "total": total }).to_string()
}
