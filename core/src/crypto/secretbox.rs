//! Secretboxes: XSalsa20-Poly1305 as libsodium's `crypto_secretbox_easy` makes them, in base64 with
//! the nonce in front. A form to import from and to export to; nothing is stored like this, since
//! a secretbox doesn't say where it belongs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crypto_secretbox::aead::{AeadInPlace, KeyInit};
use crypto_secretbox::{Nonce, Tag, XSalsa20Poly1305};
use zeroize::Zeroizing;

use crate::crypto::Key;
use crate::host::Host;

const NONCE_BYTES: usize = 24;
const TAG_BYTES: usize = 16;

/// A new secretbox: base64 of nonce, tag and ciphertext.
pub fn seal(key: &Key, plain: &[u8], host: &dyn Host) -> String {
    let mut nonce = [0_u8; NONCE_BYTES];
    host.fill_random(&mut nonce);
    let mut sealed = vec![0_u8; NONCE_BYTES + TAG_BYTES + plain.len()];
    sealed[..NONCE_BYTES].copy_from_slice(&nonce);
    let (head, message) = sealed.split_at_mut(NONCE_BYTES + TAG_BYTES);
    message.copy_from_slice(plain);
    let tag = XSalsa20Poly1305::new(key.bytes().into())
        .encrypt_in_place_detached(Nonce::from_slice(&nonce), &[], message)
        .expect("a message in memory is below the cipher's limit");
    head[NONCE_BYTES..].copy_from_slice(&tag);
    STANDARD.encode(sealed)
}

/// What is in a secretbox; None where the key is another one, a byte was changed, or the text is
/// no base64.
pub fn open(key: &Key, text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let sealed = STANDARD.decode(text.trim()).ok()?;
    let (nonce, rest) = sealed.split_at_checked(NONCE_BYTES)?;
    let (tag, ciphertext) = rest.split_at_checked(TAG_BYTES)?;
    let mut plain = Zeroizing::new(ciphertext.to_vec());
    XSalsa20Poly1305::new(key.bytes().into())
        .decrypt_in_place_detached(Nonce::from_slice(nonce), &[], &mut plain, Tag::from_slice(tag))
        .ok()?;
    Some(plain)
}
