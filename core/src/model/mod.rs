//! The model: what an app's data is.
//!
//! One structure with three spellings (TOML, JSON, a TypeScript literal). Loading reads the source
//! into a tree with places (`node`, `toml`), the tree into a spec (`read`), resolves the spec
//! (`resolve`, `kinds`, `columns`, `references`, `template`) and checks the result (`check`). All
//! mistakes come out at once, each with its place. `checked` reads back what was checked before.

mod check;
mod check_expr;
mod check_policy;
mod checked;
mod columns;
pub mod expr;
mod expr_parse;
mod expr_types;
mod json_place;
mod kinds;
mod node;
mod parts;
mod pattern;
mod problems;
mod read;
mod real;
mod references;
mod resolve;
mod spec;
mod template;
mod tenancy;
#[cfg(test)]
mod tests;
mod toml;
mod types;
mod write;

pub(crate) use check::{FORGETS_MAKER, MAKER};
pub use expr_parse::{ExprError, parse as parse_expr};
pub(crate) use node::toml_to_json;
pub(crate) use parts::Part;
pub(crate) use real::real;
pub use types::*;
pub(crate) use write::kind_name;

use crate::error::{Error, Problem, Result};

/// The names of a standard table's columns.
pub(crate) fn template_columns(template: Template) -> Vec<String> {
    template::column_names(template)
}

impl Model {
    /// Loads a model from TOML.
    ///
    /// # Errors
    ///
    /// - `invalid_model`: all mistakes, each with line and column.
    ///
    /// # Example
    ///
    /// ```
    /// let model = freehold_core::Model::from_toml(
    ///     r#"
    ///     name = "notes"
    ///     [tables.notes]
    ///     columns.body = { type = "text", max = 500 }
    ///     "#,
    /// )?;
    /// assert_eq!(model.tables[0].primary_key, ["id"]);
    /// # Ok::<(), freehold_core::Error>(())
    /// ```
    pub fn from_toml(text: &str) -> Result<Model> {
        load(toml::read(text))
    }

    /// Loads a model from JSON text.
    ///
    /// # Errors
    ///
    /// - `invalid_model`: all mistakes, each with line and column.
    pub fn from_json(text: &str) -> Result<Model> {
        load(node::from_json_text(text))
    }

    /// Loads a model from TOML or JSON text, whichever it is.
    ///
    /// # Errors
    ///
    /// - `invalid_model`: all mistakes, each with line and column.
    pub fn from_text(text: &str) -> Result<Model> {
        if text.trim_start().starts_with('{') {
            Model::from_json(text)
        } else {
            Model::from_toml(text)
        }
    }

    /// Loads JSON text that was loaded before without a mistake, in less than half of the time:
    /// what only names mistakes is left out. For any other text the model may be one that the rest
    /// of the core can't work with.
    ///
    /// # Errors
    ///
    /// - `invalid_model`: the text can't be read, as far as that is noticed.
    pub fn from_checked_json(text: &str) -> Result<Model> {
        let value = serde_json::from_str(text).unwrap_or_default();
        resolved(&node::from_json(value), |_, _| {})
    }

    /// The table of this name.
    pub fn table(&self, name: &str) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == name)
    }

    /// The enum's values.
    pub fn enum_values(&self, name: &str) -> &[String] {
        self.enums.iter().find(|e| e.name == name).map_or(&[], |e| &e.values)
    }

    /// The column that names the tenant of the table's rows: `id` for the tenants' own table.
    pub fn tenant_column<'t>(&self, table: &'t Table) -> Option<&'t str> {
        match &table.scope {
            Scope::Tenant { column } => Some(column),
            _ => None,
        }
    }
}

impl Table {
    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// Gives problems that were found in a loaded model their places in its text.
pub(crate) fn locate(text: &str, found: &mut [Problem]) {
    if found.is_empty() {
        return;
    }
    let root = match text.trim_start().starts_with('{') {
        true => node::from_json_text(text),
        false => toml::read(text),
    };
    let Ok(root) = root else { return };
    for problem in found.iter_mut().filter(|problem| problem.line.is_none()) {
        let place = problems::find_place(&root, &problem.path);
        problem.line = place.map(|place| place.line);
        problem.column = place.map(|place| place.column);
    }
}

fn load(root: Result<node::Node, Vec<Problem>>) -> Result<Model> {
    let root = root.map_err(|problems| Error::InvalidModel { problems })?;
    resolved(&root, check::check)
}

/// Names mistakes of a model.
type Checker = fn(&Model, &mut problems::Problems<'_>);

fn resolved(root: &node::Node, check: Checker) -> Result<Model> {
    let mut problems = problems::Problems::new(root);
    let spec = read::read_model(root, &mut problems);
    let model = resolve::resolve(spec, &mut problems);
    check(&model, &mut problems);
    match problems.into_sorted() {
        problems if problems.is_empty() => Ok(model),
        problems => Err(Error::InvalidModel { problems }),
    }
}
