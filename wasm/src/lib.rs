//! Freehold for browsers and Node: what JavaScript can call, and what the core needs from there.
//!
//! Requests and answers cross as JSON text, `{"ok": …}` or `{"error": …}`. An exception that is a
//! text is such an answer; any other exception means that this instance is broken.
#![cfg(target_family = "wasm")]

mod backups;
mod handle;
pub mod host;
mod memory;
mod request;
mod scrub;
mod spares;
pub mod storage;

use wasm_bindgen::prelude::*;

pub use handle::{Handle, resume};

#[wasm_bindgen(start)]
fn report_panics() {
    // The message leaves as an exception, in builds that have messages. The one for size has none:
    // there a page hears of a trap.
    std::panic::set_hook(Box::new(|panic| wasm_bindgen::throw_str(&panic.to_string())));
}

/// Does nothing, asynchronously: makes what the bindings need for that and keep.
#[wasm_bindgen]
#[allow(clippy::unused_async)]
pub async fn ready() {}

/// Opens a database: `{"name", "bundle", "storage", "backups", "key", "testing"}`. One in memory
/// may start as the bytes of a SQLite file.
///
/// # Errors
///
/// An answer with the error.
#[wasm_bindgen]
pub async fn open(request: String, image: Option<Vec<u8>>) -> Result<Handle, String> {
    handle::open(&request, image).await.map_err(|error| handle::refusal(&error))
}

/// Reads a request to open ahead of [`open`], which has that done already where it gets the same.
#[wasm_bindgen]
pub fn prepare(request: String) {
    request::prepare(request);
}

/// Puts a backup's bytes in the place of a stored database that is not open, whatever state it is
/// in; the request is the one that opens it.
///
/// # Errors
///
/// An answer with the error.
#[wasm_bindgen]
pub async fn replace(request: String, bytes: Vec<u8>) -> Result<(), String> {
    handle::replace(&request, &bytes).await.map_err(|error| handle::refusal(&error))
}

/// Answers a request that needs no database.
///
/// # Errors
///
/// The exception of `crypto.getRandomValues`, where there are no random bytes.
#[wasm_bindgen(js_name = callStatic)]
pub fn call_static(request: &str) -> Result<String, JsValue> {
    Ok(freehold_core::call::call_static(request, &host::JsHost::new()?))
}

#[wasm_bindgen]
extern "C" {
    /// Loads the second file, at once.
    #[wasm_bindgen(js_namespace = globalThis, js_name = freeholdLoadRest)]
    fn load_rest();
}

/// Loads the file that holds what everyday work does not execute. Code that lies there calls this
/// by itself; it is an export so that the host's function is part of the bindings.
#[wasm_bindgen(js_name = loadRest)]
pub fn load_rest_now() {
    load_rest();
}
