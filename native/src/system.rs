//! The host of a native process: the system's clock and its random bytes.

use std::time::{SystemTime, UNIX_EPOCH};

use freehold_core::host::Host;

/// The system's clock, and random bytes from the system's cryptographic source.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemHost;

impl Host for SystemHost {
    fn now_ms(&self) -> i64 {
        // A clock set before 1970 counts as 1970.
        let since_epoch = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX)
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        // There is nothing weaker to fall back to: ids and keys hang on these bytes.
        getrandom::fill(buffer).expect("the system has a source of random bytes");
    }
}
