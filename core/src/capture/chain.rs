//! The chain's rule: what a record's hash is made of. `docs/audit.md` says the same in words.

use blake2::digest::consts::U32;
use blake2::{Blake2b, Digest};

use super::change::Record;
use crate::actor::{Actor, Principal};

/// What the canonical form begins with.
const NAME: &str = "freehold change 1";

/// The bytes of a hash.
pub(crate) const HASH_BYTES: usize = 32;

/// What the first record of a chain has for the hash before it.
pub(crate) const NO_HASH: [u8; HASH_BYTES] = [0; HASH_BYTES];

/// The hash of a record that follows one with the hash `previous`: BLAKE2b with 32 bytes over the
/// record's parts, each after its length in bytes as eight bytes, little-endian.
pub(crate) fn hash(previous: &[u8], record: &Record) -> [u8; HASH_BYTES] {
    let (kind, principal) = principal(&record.actor);
    let origin = &record.actor.origin;
    let or_empty = |text: &'_ Option<String>| text.clone().unwrap_or_default();
    let mut hash = Blake2b::<U32>::new();
    let mut part = |bytes: &[u8]| {
        hash.update((bytes.len() as u64).to_le_bytes());
        hash.update(bytes);
    };
    part(NAME.as_bytes());
    part(previous);
    part(record.scope.as_bytes());
    part(record.replica.as_bytes());
    part(record.number.to_string().as_bytes());
    part(record.at.to_string().as_bytes());
    part(kind.as_bytes());
    part(principal.as_bytes());
    part(or_empty(&record.actor.tenant).as_bytes());
    part(or_empty(&record.actor.narrowed_to).as_bytes());
    part(or_empty(&origin.ip_address).as_bytes());
    part(or_empty(&origin.user_agent).as_bytes());
    part(&record.changes);
    hash.finalize().into()
}

/// What a principal is called in the internal tables.
pub(crate) fn principal(actor: &Actor) -> (&'static str, &str) {
    match &actor.principal {
        Principal::User(id) => ("user", id),
        Principal::ApiKey(id) => ("api_key", id),
        Principal::System => ("system", ""),
    }
}
