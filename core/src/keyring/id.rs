//! How data keys are told apart.

use serde::Serialize;

use crate::host::Host;

/// A data key's id: its number, counted up with each rotation, and 32 random bits, so that keys
/// which two replicas made apart from each other are told from each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct KeyId(pub i64);

impl KeyId {
    /// The key's number among its holder's, from 1.
    pub fn version(self) -> i64 {
        self.0 >> 32
    }

    /// The id of a key that is made after another one.
    pub(super) fn next(before: Option<KeyId>, host: &dyn Host) -> KeyId {
        let mut random = [0; 4];
        host.fill_random(&mut random);
        let version = before.map_or(0, KeyId::version) + 1;
        KeyId(version << 32 | i64::from(u32::from_be_bytes(random)))
    }
}
