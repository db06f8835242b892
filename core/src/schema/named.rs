//! Things by their names, in the names' order.
//!
//! A schema has some dozens of each at most. A sorted list does for that what `BTreeMap` does, and
//! browsers download a tenth of the code.

use std::ops::Index;

use serde::{Serialize, Serializer};

/// Things by name. Going through them follows the names' order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<T>(Vec<(String, T)>);

impl<T> Default for Named<T> {
    fn default() -> Self {
        Named(Vec::new())
    }
}

impl<T> Named<T> {
    /// What has this name.
    pub fn get(&self, name: &str) -> Option<&T> {
        self.place(name).ok().map(|place| &self.0[place].1)
    }

    /// What has this name, to be changed.
    pub fn get_mut(&mut self, name: &str) -> Option<&mut T> {
        self.place(name).ok().map(|place| &mut self.0[place].1)
    }

    /// Whether something has this name.
    pub fn contains_key(&self, name: &str) -> bool {
        self.place(name).is_ok()
    }

    /// Puts something under a name, in the place of what had it.
    pub fn insert(&mut self, name: String, thing: T) {
        match self.place(&name) {
            Ok(place) => self.0[place].1 = thing,
            Err(place) => self.0.insert(place, (name, thing)),
        }
    }

    /// Takes out what has this name.
    pub fn remove(&mut self, name: &str) -> Option<T> {
        self.place(name).ok().map(|place| self.0.remove(place).1)
    }

    /// Keeps what the condition holds for.
    pub fn retain(&mut self, is_kept: impl Fn(&T) -> bool) {
        self.0.retain(|(_, thing)| is_kept(thing));
    }

    /// The names and what has them.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (&String, &T)> {
        self.0.iter().map(|(name, thing)| (name, thing))
    }

    /// The names.
    pub fn keys(&self) -> impl DoubleEndedIterator<Item = &String> {
        self.0.iter().map(|(name, _)| name)
    }

    /// The things.
    pub fn values(&self) -> impl DoubleEndedIterator<Item = &T> {
        self.0.iter().map(|(_, thing)| thing)
    }

    /// The things, to be changed.
    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut T> {
        self.0.iter_mut().map(|(_, thing)| thing)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn place(&self, name: &str) -> Result<usize, usize> {
        self.0.binary_search_by(|(known, _)| known.as_str().cmp(name))
    }
}

impl<T> Index<&str> for Named<T> {
    type Output = T;

    fn index(&self, name: &str) -> &T {
        self.get(name).expect("the name is known")
    }
}

impl<T> FromIterator<(String, T)> for Named<T> {
    fn from_iter<I: IntoIterator<Item = (String, T)>>(things: I) -> Self {
        let mut named = Named::default();
        things.into_iter().for_each(|(name, thing)| named.insert(name, thing));
        named
    }
}

impl<T: Serialize> Serialize for Named<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter())
    }
}
