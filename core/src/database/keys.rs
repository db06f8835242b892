//! The keys of a database: taking the master key, rotating, shredding.

use serde::Serialize;

use crate::crypto::MasterKey;
use crate::database::Database;
use crate::error::Result;
use crate::keyring::{KeyHolder, KeyId};
use crate::owner::Rotated;

/// What shredding took away.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Shredded {
    /// The data keys that are gone. A backup that was made before still has them, wrapped: ask it
    /// with [`crate::keyring::wrapped_keys`].
    pub keys: Vec<KeyId>,
}

impl Database {
    /// Takes the master key, without which encrypted columns read as locked and can't be written.
    /// Writes nothing.
    ///
    /// # Errors
    ///
    /// - `wrong_key`: the database's keys are wrapped by another one
    ///
    /// # Example
    ///
    /// ```
    /// # use freehold_core::{Bundle, Database, crypto::MasterKey, host::FixedHost};
    /// # use serde_json::json;
    /// # let connection = rusqlite::Connection::open_in_memory()?;
    /// # let host = Box::new(FixedHost::new(1_750_000_000_000, 1));
    /// # let database = Database::open(connection, Bundle::builtin("vibecraft")?, host)?;
    /// let key = MasterKey::parse("base64:AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")?;
    /// let mut database = database.with_master_key(key)?;
    /// database.init(Some("development"), &mut |_| {})?;
    /// let owner = database.owner()?;
    /// let user = owner.list("users", &Default::default())?.rows[0]["id"].clone();
    /// let row = json!({
    ///     "user_id": user,
    ///     "provider": "OPENAI",
    ///     "name": "mine",
    ///     "encrypted_api_key": "sk-1",
    /// });
    /// let stored = owner.insert("ai_providers", row.as_object().expect("an object"))?;
    /// assert_eq!(stored["encrypted_api_key"], "sk-1");
    /// # Ok::<(), freehold_core::Error>(())
    /// ```
    pub fn with_master_key(mut self, key: MasterKey) -> Result<Database> {
        self.engine.keys.unlock(&self.engine.connection, key)?;
        Ok(self)
    }

    /// Makes new data keys, for everybody or for one holder, and seals all of their values anew.
    /// All of it happens, or none. Versions are sealed anew too. The keys before are kept: change
    /// records were sealed under them.
    ///
    /// # Errors
    ///
    /// - `encryption_unavailable`: no master key is at hand
    /// - `ciphertext_invalid`: a value can't be opened; nothing was changed
    /// - `not_initialized`, `newer_database`
    pub fn rotate_keys(&mut self, only: Option<KeyHolder<'_>>) -> Result<Rotated> {
        self.check_initialized()?;
        self.check_writable()?;
        self.engine.rotate(only)
    }

    /// Wraps all data keys by another master key, and goes on with that one; how many data keys.
    /// Values stay as they are. Atomic.
    ///
    /// # Errors
    ///
    /// - `encryption_unavailable`: no master key is at hand
    /// - `newer_database`
    pub fn rotate_master(&mut self, new: MasterKey) -> Result<u64> {
        self.check_writable()?;
        self.engine.rotate_master(new)
    }

    /// Takes the data keys of a tenant or a user away for good: nobody can read their encrypted
    /// values any more, with the master key or without. Values that are written later get a new
    /// key. Needs no master key.
    ///
    /// # Errors
    ///
    /// - `newer_database`
    pub fn shred(&mut self, holder: KeyHolder<'_>) -> Result<Shredded> {
        self.check_writable()?;
        Ok(Shredded { keys: self.engine.shred(holder)? })
    }

    /// Whether the master key is at hand.
    pub fn has_master_key(&self) -> bool {
        self.engine.keys.is_open()
    }
}
