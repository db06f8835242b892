//! Reading a request to open a database:
//! `{"name", "storage", "bundle", "source"?, "checked"?, "backups"?, "key"?,
//! "testing"?: {"now_ms", "seed"}}`.
//!
//! Whoever says `checked` has opened the same bundle by the same build before; the built-in models
//! were checked when they were written. The page says so: it is the app's own code that a model
//! comes from, and its own worker that a wrong one would break.
//!
//! A bundle is its files. The built-in models are files beside this module, which the page fetches;
//! a bundle that is a text is a name that it has no file of.
//!
//! By hand, since derived readers are larger than everything else that happens here.

use std::cell::RefCell;

use freehold_core::crypto::MasterKey;
use freehold_core::{Bundle, Error, Result};
use serde_json::{Map, Value};

/// Backups kept unless the request says otherwise.
const BACKUPS_DEFAULT: usize = 2;

/// What to open, and how.
pub(crate) struct Request {
    /// The database's name.
    pub name: String,
    /// Whether the browser keeps it; otherwise it lives in memory.
    pub is_stored: bool,
    /// The model with its migrations and seed sets.
    pub bundle: Bundle,
    /// Where the bundle came from: `builtin`, or `page`.
    pub source: &'static str,
    /// How many backups are kept.
    pub backups: usize,
    /// The master key, `base64:` and 32 bytes; without one encrypted columns read as locked.
    pub key: Option<MasterKey>,
    /// The first time (Unix milliseconds) and the seed of random bytes, where a test decides them.
    pub testing: Option<(i64, u64)>,
}

thread_local! {
    /// The request that was read last, with its text, until it is asked for.
    static PREPARED: RefCell<Option<(String, Request)>> = const { RefCell::new(None) };
}

/// Reads a request ahead. One that is refused is read again when it is asked for.
pub(crate) fn prepare(text: String) {
    PREPARED.set(read(&text).ok().map(|request| (text, request)));
}

/// Reads a request, unless the same text was read ahead.
///
/// # Errors
///
/// - those of [`read`].
pub(crate) fn prepared(text: &str) -> Result<Request> {
    match PREPARED.take() {
        Some((known, request)) if known == text => Ok(request),
        _ => read(text),
    }
}

/// Reads a request.
///
/// # Errors
///
/// - `invalid_argument`: something is missing, has the wrong form, or is too much.
/// - `unknown_model`: there is no built-in model of the name that stands for the bundle.
/// - those of `Bundle::from_files`.
pub(crate) fn read(text: &str) -> Result<Request> {
    let Ok(Value::Object(mut members)) = serde_json::from_str(text) else {
        return Err(invalid("request", "an object expected"));
    };
    let Some(Value::String(name)) = members.shift_remove("name") else {
        return Err(invalid("name", "a text expected"));
    };
    let is_stored = match members.shift_remove("storage") {
        Some(Value::String(storage)) if storage == "opfs" => true,
        Some(Value::String(storage)) if storage == "memory" => false,
        _ => return Err(invalid("storage", "`opfs` or `memory` expected")),
    };
    let source = match members.shift_remove("source") {
        Some(Value::String(source)) if source == "builtin" => "builtin",
        None => "page",
        Some(_) => return Err(invalid("source", "`builtin` expected, or nothing")),
    };
    let is_checked = members.shift_remove("checked") == Some(Value::Bool(true));
    let bundle = match members.shift_remove("bundle") {
        Some(Value::String(name)) => return Err(Bundle::unknown(&name)),
        Some(files) if is_checked => Bundle::from_checked_files(&read_files(files)?)?,
        Some(files) => Bundle::from_files(&read_files(files)?)?,
        None => return Err(invalid("bundle", "a built-in model's name or files expected")),
    };
    let backups = match members.shift_remove("backups") {
        None => BACKUPS_DEFAULT,
        // What is no number of backups is more of them than there is room for.
        Some(count) => count.as_u64().map_or(usize::MAX, |count| count as usize),
    };
    let key = match members.shift_remove("key") {
        None => None,
        Some(key) => Some(MasterKey::parse(key.as_str().unwrap_or_default())?),
    };
    let testing = members.shift_remove("testing").map(read_testing).transpose()?;
    match members.keys().next() {
        Some(unknown) => Err(invalid(unknown, "there is no such option")),
        None => Ok(Request { name, is_stored, bundle, source, backups, key, testing }),
    }
}

fn read_files(files: Value) -> Result<freehold_core::BundleFiles> {
    serde_json::from_value(files).map_err(|error| invalid("bundle", &error.to_string()))
}

fn read_testing(testing: Value) -> Result<(i64, u64)> {
    let member = |name| testing.as_object().and_then(|members: &Map<_, _>| members.get(name));
    let now_ms = member("now_ms").and_then(Value::as_i64);
    let seed = member("seed").and_then(Value::as_u64);
    now_ms.zip(seed).ok_or_else(|| invalid("testing", "`now_ms` and `seed` expected"))
}

pub(crate) fn invalid(argument: &str, message: &str) -> Error {
    Error::InvalidArgument { argument: argument.to_owned(), message: message.to_owned() }
}
