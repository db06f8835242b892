//! Which key seals what: a data key per tenant, per user and for public rows, each wrapped by the
//! master key and kept in the database.
//!
//! The master key is the host's and never stored. Without it encrypted columns read as locked.
//! The newest data key of a holder seals; all of them open. Which one is newest is asked of the
//! database at every write, since a transaction that made a key may be undone, and another
//! connection may rotate; opened keys are remembered by their ids, which no two keys share.

mod id;
mod place;
mod store;
mod stored;
#[cfg(test)]
mod tests;
mod wrap;

use std::cell::RefCell;
use std::collections::HashMap;

use rusqlite::Connection;
use zeroize::Zeroizing;

use crate::crypto::{self, Key, MasterKey};
use crate::error::{Error, Result};
use crate::host::{self, Host};
use store::Kept;
use stored::Stored;
use wrap::{Made, unwrap, wrap};

pub use id::KeyId;
pub use place::KeyHolder;
pub(crate) use place::Place;
pub(crate) use stored::{BLIND_LETTERS, BLIND_START};

/// The most opened keys that are remembered.
const OPENED_MAX: usize = 10_000;

/// What became of opening a value.
#[derive(Debug)]
pub(crate) enum Opened {
    /// The value's bytes.
    Plain(Zeroizing<Vec<u8>>),
    /// No master key is at hand, or the data key was shredded.
    Locked,
    /// It was not sealed at this place, or is damaged.
    Invalid,
}

/// The keys of one open database.
#[derive(Debug, Default)]
pub(crate) struct KeyRing {
    master: Option<MasterKey>,
    opened: RefCell<HashMap<KeyId, Vec<DataKey>>>,
    made: RefCell<Option<Made>>,
}

/// An opened data key and whose it is.
#[derive(Debug)]
struct DataKey {
    scope: &'static str,
    holder: String,
    key: Key,
}

impl KeyRing {
    /// Whether a master key is at hand.
    pub(crate) fn is_open(&self) -> bool {
        self.master.is_some()
    }

    /// Takes the master key.
    ///
    /// # Errors
    ///
    /// - `wrong_key`: the database's keys are wrapped by another one
    pub(crate) fn unlock(&mut self, connection: &Connection, master: MasterKey) -> Result<()> {
        if !store::is_wrapped_by(connection, &master)? {
            return Err(Error::WrongKey);
        }
        self.master = Some(master);
        self.forget();
        Ok(())
    }

    /// Whether the master key at hand is that of another file's keys too.
    ///
    /// # Errors
    ///
    /// - `wrong_key`: they are wrapped by another one
    pub(crate) fn check(&self, connection: &Connection) -> Result<()> {
        match &self.master {
            Some(master) if !store::is_wrapped_by(connection, master)? => Err(Error::WrongKey),
            _ => Ok(()),
        }
    }

    /// Forgets opened keys: what another connection shredded must not stay here.
    pub(crate) fn forget(&self) {
        self.opened.borrow_mut().clear();
    }

    /// Seals a value under the newest key of its holder; the text to store. Makes the key where the
    /// holder has none. Call it inside of a transaction.
    ///
    /// # Errors
    ///
    /// - `encryption_unavailable`: no master key is at hand
    /// - `corrupt`: the data key can't be unwrapped
    pub(crate) fn seal(
        &self,
        connection: &Connection,
        host: &dyn Host,
        place: &Place<'_>,
        plain: &[u8],
        has_blind_index: bool,
    ) -> Result<String> {
        let id = self.newest(connection, host, place.holder)?;
        self.with_key(connection, place.holder, id, |key| {
            let blind =
                has_blind_index.then(|| place::blind_index(key, place.table, place.column, plain));
            let mut bytes = stored::head(id, blind);
            let authenticated = place.authenticated(&bytes);
            crypto::seal(key, &authenticated, plain, host, &mut bytes);
            stored::encode(&bytes)
        })?
        .ok_or_else(|| self.unavailable(place))
    }

    /// Opens a stored value.
    ///
    /// # Errors
    ///
    /// - `corrupt`: the data key can't be unwrapped
    pub(crate) fn open(
        &self,
        connection: &Connection,
        place: &Place<'_>,
        text: &str,
    ) -> Result<Opened> {
        if !self.is_open() {
            return Ok(Opened::Locked);
        }
        let Some(stored) = Stored::parse(text) else { return Ok(Opened::Invalid) };
        let opened = self.with_key(connection, place.holder, stored.id, |key| {
            crypto::open(key, &place.authenticated(stored.head()), stored.sealed())
        })?;
        Ok(match opened {
            Some(Some(plain)) => Opened::Plain(plain),
            Some(None) => Opened::Invalid,
            None if self.was_shredded(connection, place.holder, stored.id)? => Opened::Locked,
            None => Opened::Invalid,
        })
    }

    /// The letters that a stored value of this column has at [`BLIND_START`] where it equals this
    /// one: one text for each key of the holder, or of all holders of this kind.
    ///
    /// # Errors
    ///
    /// - `corrupt`: a data key can't be unwrapped
    pub(crate) fn blind_letters(
        &self,
        connection: &Connection,
        holders: KeyHolders<'_>,
        (table, column): (&str, &str),
        plain: &[u8],
    ) -> Result<Vec<String>> {
        let mut found = Vec::new();
        if !store::is_there(connection)? {
            return Ok(found);
        }
        let one = match holders {
            KeyHolders::One(holder) => Some(holder),
            KeyHolders::AllOf(_) => None,
        };
        for Kept { scope, holder, id, .. } in store::all(connection, one)? {
            let Some(holder) = KeyHolder::of_parts(&scope, &holder) else { continue };
            if matches!(holders, KeyHolders::AllOf(kind) if kind != scope) {
                continue;
            }
            let letters = self.with_key(connection, holder, id, |key| {
                stored::blind_letters(place::blind_index(key, table, column, plain))
            })?;
            found.extend(letters);
        }
        Ok(found)
    }

    /// Gives a holder a new data key, which seals from now on; the ones before still open.
    ///
    /// # Errors
    ///
    /// - `encryption_unavailable`: no master key is at hand
    pub(crate) fn renew(
        &self,
        connection: &Connection,
        host: &dyn Host,
        holder: KeyHolder<'_>,
    ) -> Result<KeyId> {
        let (scope, id) = holder.parts();
        let before = store::newest(connection, scope, id)?;
        self.make(connection, host, holder, before.map(|(id, _)| id))
    }

    /// Wraps all keys by another master key, which is the one at hand from then on: call
    /// [`KeyRing::unlock`] with it when the transaction is committed.
    ///
    /// # Errors
    ///
    /// - `encryption_unavailable`: no master key is at hand
    /// - `corrupt`: a data key can't be unwrapped
    pub(crate) fn rewrap(
        &self,
        connection: &Connection,
        host: &dyn Host,
        new: &MasterKey,
    ) -> Result<Vec<Made>> {
        let master = self.master.as_ref().ok_or_else(no_key)?;
        let mut made = Vec::new();
        if !store::is_there(connection)? {
            return Ok(made);
        }
        let keys = store::all(connection, None)?;
        for Kept { scope, holder, id, wrapped } in &keys {
            let key = unwrap(master, scope, holder, *id, wrapped)
                .ok_or_else(|| broken(scope, holder, *id))?;
            let wrapped = wrap(new, scope, holder, *id, &key, host);
            store::rewrap(connection, scope, holder, *id, &wrapped)?;
            if let Some(holder) = KeyHolder::of_parts(scope, holder) {
                made.push(Made::of(holder, *id, wrapped));
            }
        }
        Ok(made)
    }

    /// The data key that was made last, if that was not asked for before.
    pub(crate) fn take_made(&self) -> Option<Made> {
        self.made.take()
    }

    /// Everybody who has data keys that were not shredded, each once; the scope's name and the id.
    pub(crate) fn holders(&self, connection: &Connection) -> Result<Vec<(String, String)>> {
        if !store::is_there(connection)? {
            return Ok(Vec::new());
        }
        let keys = store::all(connection, None)?;
        let mut holders: Vec<_> = keys.into_iter().map(|key| (key.scope, key.holder)).collect();
        holders.dedup();
        holders.retain(|(scope, _)| scope != store::MASTER);
        Ok(holders)
    }

    /// Takes a holder's keys away for good; their ids.
    pub(crate) fn shred(
        &self,
        connection: &Connection,
        host: &dyn Host,
        holder: KeyHolder<'_>,
    ) -> Result<Vec<KeyId>> {
        self.forget();
        match store::is_there(connection)? {
            true => store::shred(connection, holder, &host::now(host)),
            false => Ok(Vec::new()),
        }
    }

    /// The newest data key's id; makes one where there is none, or it was shredded.
    fn newest(
        &self,
        connection: &Connection,
        host: &dyn Host,
        holder: KeyHolder<'_>,
    ) -> Result<KeyId> {
        let (scope, id) = holder.parts();
        let newest = match store::newest_id(connection, scope, id) {
            Err(error) => {
                if store::is_there(connection)? {
                    return Err(error);
                }
                connection.execute_batch(store::TABLE_SQL)?;
                None
            }
            Ok(newest) => newest,
        };
        match newest {
            Some((id, true)) => Ok(id),
            shredded => self.make(connection, host, holder, shredded.map(|(id, _)| id)),
        }
    }

    fn make(
        &self,
        connection: &Connection,
        host: &dyn Host,
        holder: KeyHolder<'_>,
        before: Option<KeyId>,
    ) -> Result<KeyId> {
        let master = self.master.as_ref().ok_or_else(no_key)?;
        let now = host::now(host);
        let add = |scope: &str, holder: &str, before| {
            let (id, key) = (KeyId::next(before, host), Key::random(host));
            let wrapped = wrap(master, scope, holder, id, &key, host);
            store::add(connection, scope, holder, id, &wrapped, &now).map(|()| (id, wrapped))
        };
        if store::newest(connection, store::MASTER, "")?.is_none() {
            add(store::MASTER, "", None)?;
        } else if !store::is_wrapped_by(connection, master)? {
            // Another connection exchanged the master key meanwhile.
            return Err(Error::WrongKey);
        }
        let (scope, name) = holder.parts();
        let (id, wrapped) = add(scope, name, before)?;
        self.made.replace(Some(Made::of(holder, id, wrapped)));
        Ok(id)
    }

    /// Works with a holder's key; None where it is not there, was shredded, or no master key is at
    /// hand.
    fn with_key<T>(
        &self,
        connection: &Connection,
        holder: KeyHolder<'_>,
        id: KeyId,
        work: impl FnOnce(&Key) -> T,
    ) -> Result<Option<T>> {
        let Some(master) = &self.master else { return Ok(None) };
        let (scope, name) = holder.parts();
        let is_it = |known: &&DataKey| known.scope == scope && known.holder == name;
        if let Some(known) = self.opened.borrow().get(&id).and_then(|all| all.iter().find(is_it)) {
            return Ok(Some(work(&known.key)));
        }
        if !store::is_there(connection)? {
            return Ok(None);
        }
        let Some(Some(wrapped)) = store::find(connection, holder, id)? else { return Ok(None) };
        let Some(key) = unwrap(master, scope, name, id, &wrapped) else {
            let is_wrong = !store::is_wrapped_by(connection, master)?;
            return Err(if is_wrong { Error::WrongKey } else { broken(scope, name, id) });
        };
        let done = work(&key);
        let mut opened = self.opened.borrow_mut();
        if opened.len() >= OPENED_MAX {
            opened.clear();
        }
        opened.entry(id).or_default().push(DataKey { scope, holder: name.to_owned(), key });
        Ok(Some(done))
    }

    fn was_shredded(
        &self,
        connection: &Connection,
        holder: KeyHolder<'_>,
        id: KeyId,
    ) -> Result<bool> {
        Ok(store::is_there(connection)? && store::find(connection, holder, id)? == Some(None))
    }

    fn unavailable(&self, place: &Place<'_>) -> Error {
        let (table, column) = (place.table.to_owned(), place.column.to_owned());
        Error::EncryptionUnavailable { table, column }
    }
}

/// Whose keys are asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) enum KeyHolders<'o> {
    /// One holder's.
    One(KeyHolder<'o>),
    /// All tenants' or all users': the scope's name.
    AllOf(&'static str),
}

/// The keys of a holder that a database holds, wrapped: run it on a backup to learn whether what
/// was shredded is still in there.
///
/// # Errors
///
/// - `not_a_database`, `corrupt`: the file can't be read
pub fn wrapped_keys(connection: &Connection, holder: KeyHolder<'_>) -> Result<Vec<KeyId>> {
    if !store::is_there(connection)? {
        return Ok(Vec::new());
    }
    Ok(store::all(connection, Some(holder))?.into_iter().map(|key| key.id).collect())
}

fn no_key() -> Error {
    Error::EncryptionUnavailable {
        table: "_freehold_keys".to_owned(),
        column: "wrapped".to_owned(),
    }
}

fn broken(scope: &str, holder: &str, id: KeyId) -> Error {
    let message = format!("the data key {} of {scope} {holder} can't be unwrapped", id.version());
    Error::Corrupt { message }
}
