//! The model: what an app's data is.

pub mod expr;
mod types;

pub use types::*;

impl Model {
    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The enum's values.
    pub fn enum_values(&self, name: &str) -> &[String] {
        self.enums.iter().find(|e| e.name == name).map_or(&[], |e| &e.values)
    }
}

impl Table {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}
