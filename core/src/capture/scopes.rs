//! To which scope a noted row belongs, and whether the acting one may write there.

use std::fmt::Write as _;

use rusqlite::types::ValueRef;

use super::notes::{Notes, OF_TENANT, OF_USER, PUBLIC, Values};
use super::shape::RecordedScope;

impl Notes {
    /// The number of the scope that a row belongs to, if the acting one may write there.
    pub(super) fn scope(
        &mut self,
        scope: RecordedScope,
        value: Values<'_>,
    ) -> Result<u32, &'static str> {
        let (prefix, at) = match scope {
            RecordedScope::Tenant(at) => (OF_TENANT, at),
            RecordedScope::User(at) => (OF_USER, at),
            RecordedScope::Public => return Ok(self.scope_number(PUBLIC)),
        };
        let mut text = std::mem::take(&mut self.scope_text);
        text.clear();
        text.push_str(prefix);
        match value(at) {
            ValueRef::Null => PUBLIC.clone_into(&mut text),
            ValueRef::Integer(integer) => drop(write!(text, "{integer}")),
            ValueRef::Real(real) => drop(write!(text, "{real}")),
            ValueRef::Text(bytes) => match std::str::from_utf8(bytes) {
                Ok(id) => text.push_str(id),
                Err(_) => text.push_str(&String::from_utf8_lossy(bytes)),
            },
            ValueRef::Blob(bytes) => text.push_str(&super::encode::hex(bytes)),
        }
        let of_another = self.acting.as_ref().is_some_and(|acting| *acting != text);
        let number = self.scope_number(&text);
        self.scope_text = text;
        match prefix == OF_TENANT && of_another {
            true => Err("the row belongs to another tenant than the one acted in"),
            false => Ok(number),
        }
    }

    pub(super) fn scope_number(&mut self, name: &str) -> u32 {
        // Mostly the one before.
        if self.scopes.last().is_some_and(|last| last == name) {
            return self.scopes.len() as u32 - 1;
        }
        if let Some(number) = self.scope_by_name.get(name) {
            return *number;
        }
        let number = self.scopes.len() as u32;
        self.scopes.push(name.to_owned());
        self.scope_by_name.insert(name.to_owned(), number);
        number
    }
}
