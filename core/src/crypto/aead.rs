//! Authenticated encryption: XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).
//!
//! Its nonces are long enough to be random without counting messages.

use chacha20poly1305::aead::{AeadInPlace, KeyInit};
use chacha20poly1305::{Tag, XChaCha20Poly1305, XNonce};
use zeroize::Zeroizing;

use crate::crypto::Key;
use crate::host::Host;

/// The length of a nonce.
pub(crate) const NONCE_BYTES: usize = 24;

/// The length of an authentication tag.
pub(crate) const TAG_BYTES: usize = 16;

/// Adds a new nonce, the ciphertext and its tag to a buffer. `place` is authenticated and not
/// stored: it has to be the same when the message is opened.
pub(crate) fn seal(key: &Key, place: &[u8], plain: &[u8], host: &dyn Host, into: &mut Vec<u8>) {
    let mut nonce = [0_u8; NONCE_BYTES];
    host.fill_random(&mut nonce);
    seal_with(key, &nonce, place, plain, into);
}

pub(super) fn seal_with(
    key: &Key,
    nonce: &[u8; NONCE_BYTES],
    place: &[u8],
    plain: &[u8],
    into: &mut Vec<u8>,
) {
    // Room for all of it at once: a buffer that grew would leave plain bytes behind.
    into.reserve_exact(NONCE_BYTES + plain.len() + TAG_BYTES);
    into.extend_from_slice(nonce);
    let start = into.len();
    into.extend_from_slice(plain);
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    let tag = cipher
        .encrypt_in_place_detached(XNonce::from_slice(nonce), place, &mut into[start..])
        .expect("a message in memory is below the cipher's limit of 256 GB");
    into.extend_from_slice(&tag);
}

/// The message of a nonce, ciphertext and tag; None where the key or the place is another one, or
/// a byte was changed.
pub(crate) fn open(key: &Key, place: &[u8], sealed: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (nonce, rest) = sealed.split_at_checked(NONCE_BYTES)?;
    let (ciphertext, tag) = rest.split_at_checked(rest.len().checked_sub(TAG_BYTES)?)?;
    let mut plain = Zeroizing::new(ciphertext.to_vec());
    let cipher = XChaCha20Poly1305::new(key.bytes().into());
    cipher
        .decrypt_in_place_detached(
            XNonce::from_slice(nonce),
            place,
            &mut plain,
            Tag::from_slice(tag),
        )
        .ok()?;
    Some(plain)
}
