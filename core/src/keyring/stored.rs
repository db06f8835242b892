//! The stored form of an encrypted value: base64 of
//! `form (1 byte) · data key (8) · [blind index (15)] · nonce (24) · ciphertext · tag (16)`.
//!
//! Form 1 has no blind index, form 2 has one. Nine bytes are twelve letters of base64 and fifteen
//! are twenty, so the blind index is a range of letters that SQL can compare.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::crypto::{NONCE_BYTES, TAG_BYTES};
use crate::keyring::KeyId;

/// The first letter of the blind index, counted from 1.
pub(crate) const BLIND_START: usize = 13;

/// The letters of the blind index.
pub(crate) const BLIND_LETTERS: usize = 20;

const PLAIN_FORM: u8 = 1;
const BLIND_FORM: u8 = 2;
const HEAD_BYTES: usize = 9;
const BLIND_BYTES: usize = 15;

/// What stands in front of the nonce.
pub(crate) fn head(id: KeyId, blind: Option<[u8; BLIND_BYTES]>) -> Vec<u8> {
    let mut head = vec![if blind.is_some() { BLIND_FORM } else { PLAIN_FORM }];
    head.extend_from_slice(&id.0.to_be_bytes());
    head.extend(blind.into_iter().flatten());
    head
}

/// The letters of a blind index.
pub(crate) fn blind_letters(index: [u8; BLIND_BYTES]) -> String {
    STANDARD.encode(index)
}

/// The text of what was sealed.
pub(crate) fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// A stored value, taken apart.
#[derive(Debug)]
pub(crate) struct Stored {
    bytes: Vec<u8>,
    head: usize,
    /// The data key that it was sealed under.
    pub(crate) id: KeyId,
}

impl Stored {
    /// Reads a stored text; None where it has another form.
    pub(crate) fn parse(text: &str) -> Option<Stored> {
        let bytes = STANDARD.decode(text).ok()?;
        let head = match *bytes.first()? {
            PLAIN_FORM => HEAD_BYTES,
            BLIND_FORM => HEAD_BYTES + BLIND_BYTES,
            _ => return None,
        };
        let is_whole = bytes.len() >= head + NONCE_BYTES + TAG_BYTES;
        let id = i64::from_be_bytes(bytes.get(1..HEAD_BYTES)?.try_into().ok()?);
        is_whole.then_some(Stored { bytes, head, id: KeyId(id) })
    }

    /// What stands in front of the nonce.
    pub(crate) fn head(&self) -> &[u8] {
        &self.bytes[..self.head]
    }

    /// The nonce, the ciphertext and the tag.
    pub(crate) fn sealed(&self) -> &[u8] {
        &self.bytes[self.head..]
    }
}
