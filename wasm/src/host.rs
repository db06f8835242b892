//! What the core is handed in a browser or in Node: the time and random bytes.

use freehold_core::host::Host;
use js_sys::{Date, Uint8Array};
use wasm_bindgen::prelude::*;

/// The most bytes that one call of `getRandomValues` fills (Web Cryptography API, section 10.1.1).
const RANDOM_BYTES_MAX: usize = 65_536;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(js_namespace = ["globalThis", "crypto"], js_name = getRandomValues, catch)]
    fn get_random_values(bytes: &Uint8Array) -> Result<(), JsValue>;
}

/// The clock and the random source of the JavaScript world.
///
/// It exists only where both were found to work: see [`JsHost::new`].
#[derive(Clone, Copy, Debug)]
pub struct JsHost {
    _proven: (),
}

impl JsHost {
    /// The host, once it has shown that it has a cryptographic source of random bytes.
    ///
    /// # Errors
    ///
    /// The exception of `crypto.getRandomValues`, where there is none; there is no weaker source to
    /// fall back to.
    pub fn new() -> Result<Self, JsValue> {
        get_random_values(&Uint8Array::new_with_length(1)).map(|()| Self { _proven: () })
    }
}

impl Host for JsHost {
    fn now_ms(&self) -> i64 {
        // A date's value is a whole number of at most 8.64e15, which f64 and i64 hold exactly.
        Date::now() as i64
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(RANDOM_BYTES_MAX) {
            let filled = Uint8Array::new_with_length(chunk.len() as u32);
            get_random_values(&filled).expect("the source worked when this host was made");
            filled.copy_to(chunk);
        }
    }
}
