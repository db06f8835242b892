//! Cryptographic primitives, pure: bytes in, bytes out. Random bytes are the host's.
//!
//! What is encrypted under which key, and where keys are kept, is the keyring's to say. Nothing
//! here prints a key, and every key is wiped when it is dropped.

mod aead;
pub mod api_key;
mod digest;
mod key;
pub mod password;
pub mod secretbox;
#[cfg(test)]
mod tests;

pub(crate) use aead::{NONCE_BYTES, TAG_BYTES, open, seal};
pub(crate) use digest::{hash, keyed_hash};
pub use key::{Key, MasterKey};
