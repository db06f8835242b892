//! A gateway: what a session's statements see in the place of one of the model's tables.

use std::cell::RefCell;
use std::sync::Arc;

use crate::gateway::cursor::Pooled;
use crate::gateway::guard::Shared;
use crate::model::{Column as ModelColumn, Kind, Model, Table as ModelTable};
use crate::query::push_name;

/// How many statements of ours are kept per table.
const POOLED_MAX: usize = 64;

/// The hidden column that names a row where no single column does.
const KEY: &str = "_freehold_key";

/// One gateway.
pub(super) struct Table {
    pub(super) shared: Arc<Shared>,
    pub(super) name: String,
    /// The columns that are not secret, in order.
    pub(super) columns: Vec<Column>,
    /// The primary key's columns.
    pub(super) key: Vec<String>,
    /// Whether a hidden column behind the others names the row.
    pub(super) has_hidden_key: bool,
    /// Whether softly deleted rows are left out.
    pub(super) soft_delete: bool,
    /// The columns of each key and index by their places here, the tenant key left out.
    pub(super) indexes: Vec<Index>,
    pool: RefCell<Vec<Pooled>>,
}

/// A column of a gateway.
pub(super) struct Column {
    pub(super) name: String,
    /// Whether it can be compared and sorted by where it is stored.
    pub(super) comparable: bool,
}

/// A key or an index.
pub(super) struct Index {
    pub(super) columns: Vec<usize>,
    pub(super) unique: bool,
}

impl Table {
    /// The gateway of a table of the model, and how it is declared to SQLite.
    pub(super) fn new(shared: Arc<Shared>, name: &str) -> Option<(Table, String)> {
        let model = shared.model.clone();
        let table = model.table(name)?;
        let shown: Vec<&ModelColumn> =
            table.columns.iter().filter(|column| !column.secret).collect();
        let has_hidden_key = match table.primary_key.as_slice() {
            [key] => !shown.iter().any(|column| column.name == *key),
            _ => true,
        };
        let declaration = declaration(table, &shown, has_hidden_key);
        let columns = shown
            .iter()
            .map(|column| Column { name: column.name.clone(), comparable: !column.encrypted });
        let gateway = Table {
            name: table.name.clone(),
            columns: columns.collect(),
            key: table.primary_key.clone(),
            has_hidden_key,
            soft_delete: table.soft_delete.is_some(),
            indexes: indexes(&model, table, &shown),
            pool: RefCell::default(),
            shared,
        };
        Some((gateway, declaration))
    }

    /// A statement of ours for this shape and condition, if one is idle.
    pub(super) fn take(&self, shape: &str, term: &str) -> Option<Pooled> {
        let mut pool = self.pool.borrow_mut();
        let at = pool.iter().rposition(|pooled| pooled.fits(shape, term))?;
        Some(pool.swap_remove(at))
    }

    /// Takes an idle statement back.
    pub(super) fn put(&self, pooled: Pooled) {
        let mut pool = self.pool.borrow_mut();
        if pool.len() >= POOLED_MAX {
            pool.remove(0);
        }
        pool.push(pooled);
    }

    /// The place of the hidden key.
    pub(super) fn hidden_key(&self) -> Option<usize> {
        self.has_hidden_key.then_some(self.columns.len())
    }
}

fn declaration(table: &ModelTable, shown: &[&ModelColumn], has_hidden_key: bool) -> String {
    let mut text = "CREATE TABLE x (".to_owned();
    for column in shown {
        push_name(&mut text, &column.name);
        text.push_str(storage(column));
        if !has_hidden_key && table.primary_key == [column.name.as_str()] {
            text.push_str(" PRIMARY KEY");
        }
        text.push_str(", ");
    }
    match has_hidden_key {
        true => {
            push_name(&mut text, KEY);
            text.push_str(" TEXT HIDDEN PRIMARY KEY");
        }
        false => text.truncate(text.len() - ", ".len()),
    }
    text.push_str(") WITHOUT ROWID");
    text
}

fn storage(column: &ModelColumn) -> &'static str {
    match column.kind {
        _ if column.array => " TEXT",
        Kind::Integer | Kind::BigInt | Kind::Decimal { .. } | Kind::Boolean => " INTEGER",
        Kind::Real => " REAL",
        Kind::Blob => " BLOB",
        _ => " TEXT",
    }
}

fn indexes(model: &Model, table: &ModelTable, shown: &[&ModelColumn]) -> Vec<Index> {
    let tenant = model.tenant_column(table);
    let whole = table.primary_key.len() == 1;
    let places = |names: &mut dyn Iterator<Item = &String>| {
        let own = names.filter(|name| whole || Some(name.as_str()) != tenant);
        own.map(|name| shown.iter().position(|column| column.name == *name)).collect()
    };
    let keys = table.unique.iter().map(|unique| &unique.columns).chain([&table.primary_key]);
    let keys = keys.map(|names| (places(&mut names.iter()), true));
    let plain = table
        .indexes
        .iter()
        .map(|index| (places(&mut index.columns.iter().map(|column| &column.name)), false));
    let found = keys.chain(plain);
    found
        .filter_map(|(columns, unique): (Option<Vec<usize>>, bool)| {
            Some(Index { columns: columns?, unique })
        })
        .collect()
}
