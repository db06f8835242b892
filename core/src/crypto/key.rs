//! Keys: 32 secret bytes that are never printed and are wiped when dropped.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, Zeroizing};

use crate::error::{Error, Result};
use crate::host::Host;

/// 32 secret bytes. On the heap, so that moving a key leaves no copy behind.
pub struct Key(Box<[u8; 32]>);

impl Key {
    /// A key of these bytes.
    pub fn new(bytes: &[u8; 32]) -> Key {
        Key(Box::new(*bytes))
    }

    /// A new key from the host's random bytes.
    pub fn random(host: &dyn Host) -> Key {
        let mut key = Key(Box::new([0; 32]));
        host.fill_random(&mut key.0[..]);
        key
    }

    /// A key of these bytes, if they are 32.
    pub(crate) fn from_slice(bytes: &[u8]) -> Option<Key> {
        let mut key = Key(Box::new([0; 32]));
        (bytes.len() == key.0.len()).then(|| key.0.copy_from_slice(bytes))?;
        Some(key)
    }

    pub(crate) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl Clone for Key {
    fn clone(&self) -> Key {
        Key::new(&self.0)
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Key(…)")
    }
}

/// Compares in the same time wherever two keys differ.
impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.0[..].ct_eq(&other.0[..]).into()
    }
}

impl Eq for Key {}

/// The key that wraps all data keys of a database. The host hands it in and keeps it; it is never
/// stored in the database.
///
/// # Example
///
/// ```
/// use freehold_core::crypto::MasterKey;
/// let key = MasterKey::parse("base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")?;
/// assert_eq!(format!("{key:?}"), "MasterKey(…)");
/// assert!(MasterKey::parse("base64:AAEC").is_err());
/// # Ok::<(), freehold_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct MasterKey(Key);

/// What a master key as text begins with.
const PREFIX: &str = "base64:";

impl MasterKey {
    /// The master key of these bytes.
    pub fn new(bytes: &[u8; 32]) -> MasterKey {
        MasterKey(Key::new(bytes))
    }

    /// A new master key from the host's random bytes.
    pub fn random(host: &dyn Host) -> MasterKey {
        MasterKey(Key::random(host))
    }

    /// Reads `base64:` and 32 bytes in base64; white space around it is ignored, since key files
    /// end in a line break.
    ///
    /// # Errors
    ///
    /// - `invalid_argument`: it has another form; the message doesn't repeat the text
    pub fn parse(text: &str) -> Result<MasterKey> {
        let bytes = text.trim().strip_prefix(PREFIX).and_then(|rest| STANDARD.decode(rest).ok());
        let bytes = Zeroizing::new(bytes.unwrap_or_default());
        Key::from_slice(&bytes).map(MasterKey).ok_or_else(|| Error::InvalidArgument {
            argument: "master key".to_owned(),
            message: format!("must be `{PREFIX}` and 32 bytes in base64"),
        })
    }

    /// The text that [`MasterKey::parse`] reads. It is the secret itself: show it to nobody but
    /// whoever is to keep it.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(format!("{PREFIX}{}", STANDARD.encode(self.0.bytes())))
    }

    pub(crate) fn key(&self) -> &Key {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}
