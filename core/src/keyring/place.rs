//! Where a ciphertext belongs: what is authenticated along with it and stored nowhere, so that one
//! which is moved to another row, column or tenant opens no more.
//!
//! Tables and columns go in by their stable ids, which renames leave alone.

use crate::crypto::{Key, keyed_hash};
use crate::value::SqlValue;

/// Whose data a key seals.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum KeyHolder<'o> {
    /// A tenant's, by its id.
    Tenant(&'o str),
    /// A user's, by their id.
    User(&'o str),
    /// Nobody's.
    Public,
}

impl<'o> KeyHolder<'o> {
    /// The scope's name and the id, as the table of keys holds them.
    pub(crate) fn parts(self) -> (&'static str, &'o str) {
        match self {
            KeyHolder::Tenant(id) => ("tenant", id),
            KeyHolder::User(id) => ("user", id),
            KeyHolder::Public => ("public", ""),
        }
    }

    /// The holder that the table of keys means.
    pub(crate) fn of_parts(scope: &str, id: &'o str) -> Option<KeyHolder<'o>> {
        match scope {
            "tenant" => Some(KeyHolder::Tenant(id)),
            "user" => Some(KeyHolder::User(id)),
            "public" => Some(KeyHolder::Public),
            _ => None,
        }
    }
}

/// One column of one row.
#[derive(Debug)]
pub(crate) struct Place<'p> {
    pub(crate) holder: KeyHolder<'p>,
    /// The table's stable id.
    pub(crate) table: &'p str,
    /// The column's stable id.
    pub(crate) column: &'p str,
    /// The primary key's values, in its order.
    pub(crate) key: &'p [SqlValue<'p>],
}

impl Place<'_> {
    /// The canonical form that is authenticated, after what stands in front of the ciphertext.
    pub(crate) fn authenticated(&self, head: &[u8]) -> Vec<u8> {
        let (scope, id) = self.holder.parts();
        let mut bytes = b"freehold column 1".to_vec();
        bytes.extend_from_slice(head);
        for part in [scope, id, self.table, self.column] {
            push(&mut bytes, part.as_bytes());
        }
        for value in self.key {
            match value {
                SqlValue::Null => push(&mut bytes, b"n"),
                SqlValue::Integer(integer) => {
                    push(&mut bytes, b"i");
                    push(&mut bytes, &integer.to_be_bytes());
                }
                SqlValue::Real(real) => {
                    push(&mut bytes, b"r");
                    push(&mut bytes, &real.to_be_bytes());
                }
                SqlValue::Text(text) => {
                    push(&mut bytes, b"t");
                    push(&mut bytes, text.as_bytes());
                }
                SqlValue::Blob(blob) => {
                    push(&mut bytes, b"b");
                    push(&mut bytes, blob);
                }
            }
        }
        bytes
    }
}

/// The blind index of a value: equal for equal values of one column under one data key, and
/// telling nothing else.
pub(crate) fn blind_index(data_key: &Key, table: &str, column: &str, plain: &[u8]) -> [u8; 15] {
    let parts: [&[u8]; 3] = [b"freehold blind index 1", table.as_bytes(), column.as_bytes()];
    let own = Key::new(&keyed_hash(data_key, &parts));
    let whole = keyed_hash(&own, &[plain]);
    let mut index = [0; 15];
    index.copy_from_slice(&whole[..15]);
    index
}

/// A part after its length, so that no two lists of parts have the same form.
fn push(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&(part.len() as u32).to_be_bytes());
    bytes.extend_from_slice(part);
}
