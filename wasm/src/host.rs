//! What the core is handed in a browser or in Node: the time and random bytes.
//!
//! The core never asks for either itself; these two functions are the only ones that do.

use js_sys::{Date, Uint8Array};
use wasm_bindgen::prelude::*;

/// The most bytes that one call of `getRandomValues` fills (Web Cryptography API, section 10.1.1).
const RANDOM_BYTES_MAX: usize = 65_536;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["globalThis", "crypto"], js_name = getRandomValues, catch)]
    fn get_random_values(bytes: &Uint8Array) -> Result<(), JsValue>;
}

/// The time now: Unix milliseconds, UTC.
#[must_use]
pub fn now_ms() -> i64 {
    // A date's value is a whole number of at most 8.64e15, which both f64 and i64 hold exactly.
    Date::now() as i64
}

/// Fills `bytes` from the host's cryptographic source; there is no weaker source to fall back to.
///
/// # Errors
///
/// The exception of `crypto.getRandomValues`, where the host has no such source.
pub fn fill_random(bytes: &mut [u8]) -> Result<(), JsValue> {
    for chunk in bytes.chunks_mut(RANDOM_BYTES_MAX) {
        let filled = Uint8Array::new_with_length(chunk.len() as u32);
        get_random_values(&filled)?;
        filled.copy_to(chunk);
    }
    Ok(())
}
