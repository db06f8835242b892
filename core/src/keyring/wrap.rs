//! Wrapping: a data key sealed by the master key, bound to its holder and its id.

use crate::crypto::{self, Key, MasterKey};
use crate::host::Host;
use crate::keyring::{KeyHolder, KeyId};

/// A data key that was just made or wrapped anew.
#[derive(Debug)]
pub(crate) struct Made {
    pub(crate) scope: &'static str,
    pub(crate) holder: String,
    pub(crate) id: KeyId,
    pub(crate) wrapped: Vec<u8>,
}

impl Made {
    pub(super) fn of(holder: KeyHolder<'_>, id: KeyId, wrapped: Vec<u8>) -> Made {
        let (scope, holder) = holder.parts();
        Made { scope, holder: holder.to_owned(), id, wrapped }
    }
}

/// What a wrapped key is bound to.
fn wrapping(scope: &str, holder: &str, id: KeyId) -> Vec<u8> {
    let mut bytes = b"freehold key 1".to_vec();
    for part in [scope, holder] {
        bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.extend_from_slice(&id.0.to_be_bytes());
    bytes
}

/// A data key as the table of keys holds it.
pub(super) fn wrap(
    master: &MasterKey,
    scope: &str,
    holder: &str,
    id: KeyId,
    key: &Key,
    host: &dyn Host,
) -> Vec<u8> {
    let mut wrapped = Vec::new();
    crypto::seal(master.key(), &wrapping(scope, holder, id), key.bytes(), host, &mut wrapped);
    wrapped
}

/// The data key of a wrapped one; None where the master key is another one or the key was moved.
pub(super) fn unwrap(
    master: &MasterKey,
    scope: &str,
    holder: &str,
    id: KeyId,
    wrapped: &[u8],
) -> Option<Key> {
    let bytes = crypto::open(master.key(), &wrapping(scope, holder, id), wrapped)?;
    Key::from_slice(&bytes)
}
