//! What a host hands to the core: the time and random bytes.
//!
//! The core never asks the ambient world for either, so that tests and replicas can decide both.

use uuid::Uuid;

use crate::value::calendar;

/// A clock and a source of random bytes.
pub trait Host {
    /// The time now, in Unix milliseconds, UTC.
    fn now_ms(&self) -> i64;
    /// Fills the buffer with random bytes fit for keys.
    fn fill_random(&self, buffer: &mut [u8]);
    /// What tells the database's file from any copy of it: the same however it is named or opened,
    /// and never that of another file. None where the host can't tell; then it has to say that a
    /// file was copied ([`crate::Database::renew_replica`]).
    fn place(&self) -> Option<&str> {
        None
    }
}

/// A new UUIDv7 (RFC 9562) from the host's clock and random bytes.
pub fn new_id(host: &dyn Host) -> Uuid {
    let mut random = [0_u8; 10];
    host.fill_random(&mut random);
    let now_ms = u64::try_from(host.now_ms()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(now_ms, &random).into_uuid()
}

/// The host's time as the core stores times: RFC 3339, UTC, milliseconds.
pub fn now(host: &dyn Host) -> String {
    format_time(host.now_ms())
}

/// Unix milliseconds as RFC 3339 in UTC with milliseconds; the epoch where they lie outside the
/// years 0000 to 9999.
pub fn format_time(unix_ms: i64) -> String {
    calendar::format_timestamp(unix_ms).unwrap_or_else(|| "1970-01-01T00:00:00.000Z".to_owned())
}

/// A host for tests and scenarios: the clock moves one millisecond a reading, and the random bytes
/// follow from a seed (xorshift64*), so that every run gives the same rows.
pub struct FixedHost {
    now_ms: std::cell::Cell<i64>,
    state: std::cell::Cell<u64>,
}

impl FixedHost {
    /// A host whose clock starts at `now_ms` (Unix milliseconds, UTC).
    pub fn new(now_ms: i64, seed: u64) -> FixedHost {
        FixedHost { now_ms: now_ms.into(), state: seed.max(1).into() }
    }
}

impl Host for FixedHost {
    fn now_ms(&self) -> i64 {
        self.now_ms.replace(self.now_ms.get() + 1)
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let mut state = self.state.get();
            state ^= state >> 12;
            state ^= state << 25;
            state ^= state >> 27;
            self.state.set(state);
            let bytes = state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes();
            chunk.copy_from_slice(&bytes[..chunk.len()]);
        }
    }
}
