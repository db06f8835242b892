//! Tables while they are read: which key may still be added to which.

use super::scan::Fault;
use crate::model::node::{Entry, Node, NodeValue, Place};

/// One part of a key, with where it stands.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub name: String,
    pub at: usize,
    pub place: Place,
}

/// A table that more may be added to.
#[derive(Debug, Default)]
pub(super) struct Table {
    origin: Origin,
    entries: Vec<(Key, Item)>,
}

/// What a table came from. It decides whether it may be named again.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum Origin {
    /// The heading of a table below it.
    #[default]
    Passing,
    /// A heading of its own.
    Heading,
    /// A key with several parts.
    Keys,
}

#[derive(Debug)]
enum Item {
    /// Finished: nothing can be added.
    Value(Node),
    Table(Table),
    /// Tables under `[[…]]`.
    List(Vec<Table>),
}

impl Table {
    /// Makes the table that a heading names, or one more row of the list that it names.
    pub fn open(&mut self, path: &[Key], is_list: bool) -> Result<(), Fault> {
        let (last, before) = path.split_last().expect("a key has a part");
        let mut parent = self;
        for key in before {
            parent = match parent.item(key, Origin::Passing) {
                Item::Table(table) => table,
                Item::List(rows) => rows.last_mut().expect("a list is made with its first row"),
                Item::Value(_) => return Err(key.taken()),
            };
        }
        let row = Table { origin: Origin::Heading, ..Table::default() };
        let is_new = parent.entry(&last.name).is_none();
        match parent.item(last, Origin::Passing) {
            item if is_new && is_list => *item = Item::List(vec![row]),
            Item::List(rows) if is_list => rows.push(row),
            Item::Table(table) if !is_list && table.origin == Origin::Passing => {
                table.origin = Origin::Heading;
            }
            _ => return Err(last.taken()),
        }
        Ok(())
    }

    /// The table that `open` made for this path.
    pub fn under(&mut self, path: &[Key]) -> &mut Table {
        path.iter().fold(self, |table, key| match table.entry(&key.name) {
            Some(Item::Table(table)) => table,
            Some(Item::List(rows)) => rows.last_mut().expect("a list is made with its first row"),
            _ => unreachable!("the path was opened"),
        })
    }

    /// Adds a value under a key.
    pub fn add(&mut self, path: &[Key], value: Node) -> Result<(), Fault> {
        let (last, before) = path.split_last().expect("a key has a part");
        let mut parent = self;
        for key in before {
            parent = match parent.item(key, Origin::Keys) {
                Item::Table(table) if table.origin == Origin::Keys => table,
                _ => return Err(key.taken()),
            };
        }
        if parent.entry(&last.name).is_some() {
            return Err(last.taken());
        }
        parent.entries.push((last.clone(), Item::Value(value)));
        Ok(())
    }

    /// The finished table.
    pub fn into_node(self, place: Place) -> Node {
        let entries = self.entries.into_iter().map(|(key, item)| {
            let node = match item {
                Item::Value(node) => node,
                Item::Table(table) => table.into_node(key.place),
                Item::List(rows) => {
                    let rows = rows.into_iter().map(|row| row.into_node(key.place)).collect();
                    Node { value: NodeValue::Array(rows), place: Some(key.place) }
                }
            };
            Entry { key: key.name, key_place: Some(key.place), node }
        });
        Node { value: NodeValue::Table(entries.collect()), place: Some(place) }
    }

    fn entry(&mut self, name: &str) -> Option<&mut Item> {
        self.entries.iter_mut().find(|(key, _)| key.name == name).map(|(_, item)| item)
    }

    /// What stands under a key; where nothing does, a new table of this origin.
    fn item(&mut self, key: &Key, origin: Origin) -> &mut Item {
        let found = self.entries.iter().position(|(known, _)| known.name == key.name);
        let position = found.unwrap_or_else(|| {
            let table = Table { origin, ..Table::default() };
            self.entries.push((key.clone(), Item::Table(table)));
            self.entries.len() - 1
        });
        &mut self.entries[position].1
    }
}

impl Key {
    fn taken(&self) -> Fault {
        Fault::new(self.at, &format!("the key `{}` stands twice", self.name))
    }
}
