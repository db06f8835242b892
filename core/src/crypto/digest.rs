//! Hashes: BLAKE2b (RFC 7693) of 256 bits, which argon2 brings along.

use blake2::digest::consts::U32;
use blake2::digest::{Digest, FixedOutput, KeyInit, Update};
use blake2::{Blake2b, Blake2bMac};

use crate::crypto::Key;

/// The hash of bytes. For what nobody can guess only: it is fast.
pub(crate) fn hash(bytes: &[u8]) -> [u8; 32] {
    Blake2b::<U32>::digest(bytes).into()
}

/// The hash of parts under a key. Each part goes in after its length, so that no two lists of
/// parts are hashed alike.
pub(crate) fn keyed_hash(key: &Key, parts: &[&[u8]]) -> [u8; 32] {
    let mut state = <Blake2bMac<U32> as KeyInit>::new_from_slice(key.bytes())
        .expect("a key of 32 bytes is below BLAKE2b's limit of 64");
    for part in parts {
        Update::update(&mut state, &(part.len() as u64).to_be_bytes());
        Update::update(&mut state, part);
    }
    state.finalize_fixed().into()
}
