//! API keys: `<prefix>_<id>_<secret>`, shown once and stored as a hash.
//!
//! The secret is 256 random bits, so that a fast hash without a salt keeps it: there is nothing to
//! guess. The part before it is readable, finds the key's row and tells people which key is meant.

use std::fmt;

use subtle::ConstantTimeEq;
use zeroize::Zeroizing;

use crate::crypto::digest;
use crate::error::{Error, Result};
use crate::host::Host;

/// Digits and letters without those that look alike: 32 of them, five bits each.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

const ID_BYTES: usize = 5;
const SECRET_BYTES: usize = 32;
const ID_LETTERS: usize = 8;
const SECRET_LETTERS: usize = 52;

/// A key that was just made.
pub struct NewApiKey {
    /// The whole key. Nobody can get it again.
    pub text: Zeroizing<String>,
    /// Its readable part, `<prefix>_<id>`, to be stored and shown.
    pub key_prefix: String,
    /// Its hash, to be stored.
    pub key_hash: String,
}

impl fmt::Debug for NewApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewApiKey({}_…)", self.key_prefix)
    }
}

/// Makes a key.
///
/// # Errors
///
/// - `invalid_argument`: the prefix is not 2 to 16 lower-case letters and digits
pub fn generate(prefix: &str, host: &dyn Host) -> Result<NewApiKey> {
    if !is_prefix(prefix) {
        let message = "must be 2 to 16 lower-case letters and digits".to_owned();
        return Err(Error::InvalidArgument { argument: "prefix".to_owned(), message });
    }
    let mut random = Zeroizing::new([0_u8; ID_BYTES + SECRET_BYTES]);
    host.fill_random(&mut random[..]);
    let (id, secret) = random.split_at(ID_BYTES);
    let key_prefix = format!("{prefix}_{}", *letters(id));
    let text = Zeroizing::new(format!("{key_prefix}_{}", *letters(secret)));
    let key_hash = hash(&text);
    Ok(NewApiKey { text, key_prefix, key_hash })
}

/// The readable part of what may be a key, by which its row is found; None where it has another
/// form.
pub fn key_prefix(text: &str) -> Option<&str> {
    let (key_prefix, secret) = text.rsplit_once('_')?;
    let (prefix, id) = key_prefix.split_once('_')?;
    let written = |text: &str| text.bytes().all(|byte| ALPHABET.contains(&byte));
    let sound = is_prefix(prefix)
        && id.len() == ID_LETTERS
        && secret.len() == SECRET_LETTERS
        && written(id)
        && written(secret);
    sound.then_some(key_prefix)
}

/// Whether a key is the one of a stored hash. Takes the same time wherever the hashes differ.
pub fn verify(text: &str, key_hash: &str) -> bool {
    key_prefix(text).is_some() && bool::from(hash(text).as_bytes().ct_eq(key_hash.as_bytes()))
}

/// `blake2b:` and the BLAKE2b-256 of the whole key in hexadecimal.
fn hash(text: &str) -> String {
    let digits = digest::hash(text.as_bytes());
    digits.iter().fold("blake2b:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}

fn is_prefix(text: &str) -> bool {
    (2..=16).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
}

/// Five bits a letter; the last letter is filled up with zeros.
fn letters(bytes: &[u8]) -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(bytes.len().div_ceil(5) * 8));
    let (mut bits, mut count) = (0_u32, 0);
    for byte in bytes.iter() {
        bits = bits << 8 | u32::from(*byte);
        count += 8;
        while count >= 5 {
            count -= 5;
            text.push(char::from(ALPHABET[(bits >> count & 31) as usize]));
        }
        bits &= (1 << count) - 1;
    }
    if count > 0 {
        text.push(char::from(ALPHABET[(bits << (5 - count) & 31) as usize]));
    }
    text
}
