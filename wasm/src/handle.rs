//! An open database as JavaScript holds it: how a request to open one is read, and what it answers.

use freehold_core::host::{FixedHost, Host};
use freehold_core::migrate::Progress;
use freehold_core::{Bundle, BundleFiles, Database, Error, call};
use js_sys::Function;
use serde::Deserialize;
use serde_json::json;
use wasm_bindgen::prelude::*;

use crate::backups::Backups;
use crate::host::JsHost;
use crate::storage::{self, OpenError};

/// Backups kept unless the request says otherwise.
const BACKUPS_DEFAULT: usize = 2;

/// What to open, and how.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    name: String,
    storage: Place,
    bundle: Source,
    #[serde(default)]
    backups: Option<usize>,
    #[serde(default)]
    testing: Option<Testing>,
}

/// Where the database lives.
#[derive(Deserialize, PartialEq)]
#[serde(rename_all = "snake_case")]
enum Place {
    Opfs,
    Memory,
}

/// A built-in model by its name, or the files of one.
#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    Builtin(String),
    Files(BundleFiles),
}

/// A clock and random bytes that a test decides.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Testing {
    now_ms: i64,
    seed: u64,
}

/// One open database.
#[wasm_bindgen]
pub struct Handle {
    database: Database,
    /// The database's name where it is stored; none in memory.
    stored_as: Option<String>,
}

/// Opens what a request names.
pub(crate) async fn open(request: &str) -> Result<Handle, OpenError> {
    let request: Request = serde_json::from_str(request).map_err(|error| {
        let message = error.to_string();
        Error::InvalidArgument { argument: "request".to_owned(), message }
    })?;
    let (bundle, source) = match &request.bundle {
        Source::Builtin(name) => (Bundle::builtin(name)?, "builtin"),
        Source::Files(files) => (Bundle::from_files(files)?, "page"),
    };
    let connection = match request.storage {
        Place::Opfs => storage::open_stored(&request.name).await?,
        Place::Memory => storage::open_memory()?,
    };
    let host: Box<dyn Host + Send> = match request.testing {
        Some(testing) => Box::new(FixedHost::new(testing.now_ms, testing.seed)),
        None => Box::new(JsHost::new().map_err(|_| no_random_bytes())?),
    };
    let mut database = Database::open(connection, bundle, host)?.with_source(source);
    let kept = request.backups.unwrap_or(BACKUPS_DEFAULT);
    if request.storage == Place::Opfs && kept > 0 {
        database = database.with_backups(Box::new(Backups::new(&request.name, kept)?));
    }
    let stored_as = (request.storage == Place::Opfs).then_some(request.name);
    Ok(Handle { database, stored_as })
}

/// An error as an answer.
pub(crate) fn refusal(error: &OpenError) -> String {
    json!({ "error": error.to_json() }).to_string()
}

#[wasm_bindgen]
impl Handle {
    /// Answers a request; `on_progress` hears of each migration before it runs.
    #[must_use]
    pub fn call(&mut self, request: &str, on_progress: &Function) -> String {
        call::call(&mut self.database, request, &mut |progress| {
            // A listener's exception is the page's own and does not undo the run.
            let _: Result<JsValue, JsValue> =
                on_progress.call1(&JsValue::NULL, &to_json(progress).into());
        })
    }

    /// The bytes of a SQLite file with everything in it.
    ///
    /// # Errors
    ///
    /// An answer with the error.
    pub fn export(&mut self) -> Result<Vec<u8>, String> {
        self.database.export().map_err(|error| refusal(&error.into()))
    }

    /// Closes the database, so that another tab or worker may open it.
    #[must_use]
    pub fn close(self) -> String {
        match self.shut() {
            Ok(()) => json!({ "ok": null }).to_string(),
            Err(error) => refusal(&error),
        }
    }

    fn shut(self) -> Result<(), OpenError> {
        self.database.close()?;
        self.stored_as.map_or(Ok(()), |name| storage::release(&name))
    }
}

fn no_random_bytes() -> Error {
    Error::Io { message: "there is no crypto.getRandomValues here".to_owned() }
}

fn to_json(progress: Progress<'_>) -> String {
    let Progress { migration, done, total } = progress;
    json!({ "migration": migration, "done": done, "total": total }).to_string()
}
