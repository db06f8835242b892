//! New migrations: writes what leads from the history to the model, and back.

use serde::Serialize;

use super::drift;
use crate::bundle::Bundle;
use crate::error::{Error, Result};
use crate::host::Host;
use crate::model::Model;
use crate::schema::{Difference, Renames, Schema, diff, plan};
use crate::sql::Script;

/// A migration that was written, not yet saved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct NewMigration {
    /// Both scripts' file name.
    pub file: String,
    /// The up script.
    pub up: String,
    /// The down script.
    pub down: String,
    /// The differences that it covers, one line each; none where history and model agree.
    pub differences: Vec<String>,
    /// What the up script would lose.
    pub losses: Vec<String>,
}

/// Writes the migration that leads from the bundle's migrations to its model.
///
/// Columns and tables that keep their stable id under another name are renamed, with their data.
///
/// # Errors
///
/// - `migration_failed`: the migrations so far don't run on an empty database.
/// - `data_loss`: the migration would lose data and may not.
/// - `invalid_argument`: the name is not made of letters, digits and underscores.
pub fn create(
    bundle: &Bundle,
    name: &str,
    allow_data_loss: bool,
    host: &dyn Host,
) -> Result<NewMigration> {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    if name.is_empty() || !name.bytes().all(is_word) {
        let message = format!("`{name}`: letters, digits and underscores, such as add_tags");
        return Err(Error::InvalidArgument { argument: "NAME".to_owned(), message });
    }
    let from = drift::replay(bundle, bundle.latest())?;
    let to = Schema::from_model(&bundle.model);
    let renames = renames(bundle, &from);
    let plan = plan(&from, &to, &renames);
    let losses: Vec<String> = plan.losses.iter().map(ToString::to_string).collect();
    if !losses.is_empty() && !allow_data_loss {
        return Err(Error::DataLoss { losses });
    }
    let now = crate::host::now(host);
    let digits: String = now.chars().filter(char::is_ascii_digit).take(14).collect();
    let version = digits.parse().unwrap_or(0).max(bundle.latest() + 1);
    Ok(NewMigration {
        file: format!("V{version}__{name}.sql"),
        differences: changes(&from, &to, &renames),
        losses,
        up: plan.up,
        down: plan.down,
    })
}

/// What changes, one line each.
fn changes(from: &Schema, to: &Schema, renames: &Renames) -> Vec<String> {
    let differences = diff(from, to);
    let others = differences.iter().filter(|difference| !renames.explain(difference));
    renames.describe().into_iter().chain(others.map(Difference::as_change)).collect()
}

/// The names that the history's tables and columns have in the model, where they changed.
///
/// A stable id is the first name that a table or column had. The renames in the migrations so far
/// tell which name that id has by now.
fn renames(bundle: &Bundle, from: &Schema) -> Renames {
    let lineage = Lineage::read(bundle.migrations.iter().map(|migration| &migration.up));
    let mut renames = Renames::default();
    for table in &bundle.model.tables {
        let old_table = match from.table(&table.name) {
            Some(_) => table.name.clone(),
            None => lineage.table_now(&table.id),
        };
        if from.table(&old_table).is_none() {
            continue;
        }
        if old_table != table.name && is_free(&bundle.model, &old_table) {
            renames.table(&old_table, &table.name);
        }
        for column in &table.columns {
            let has = |name: &str| from.table(&old_table).is_some_and(|t| t.column(name).is_some());
            let old = lineage.column_now(&old_table, &column.id);
            if !has(&column.name) && has(&old) && table.column(&old).is_none() {
                renames.column(&old_table, &old, &column.name);
            }
        }
    }
    renames
}

fn is_free(model: &Model, name: &str) -> bool {
    model.table(name).is_none()
}

/// Which first name became which by renames.
#[derive(Default)]
struct Lineage {
    tables: Vec<(String, String)>,
    columns: Vec<(String, String, String)>,
}

impl Lineage {
    fn read<'s>(scripts: impl Iterator<Item = &'s Script>) -> Lineage {
        let mut lineage = Lineage::default();
        for statement in scripts.flat_map(|script| script.statements()) {
            let words = statement.words();
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let is = |word: &str, expected: &str| word.eq_ignore_ascii_case(expected);
            match words[..] {
                [alter, table, old, rename, to, new]
                    if is(alter, "ALTER")
                        && is(table, "TABLE")
                        && is(rename, "RENAME")
                        && is(to, "TO") =>
                {
                    lineage.rename_table(old, new);
                }
                [alter, table, name, rename, column, old, to, new]
                    if is(alter, "ALTER")
                        && is(table, "TABLE")
                        && is(rename, "RENAME")
                        && is(column, "COLUMN")
                        && is(to, "TO") =>
                {
                    lineage.rename_column(name, old, new);
                }
                _ => {}
            }
        }
        lineage
    }

    fn rename_table(&mut self, old: &str, new: &str) {
        match self.tables.iter_mut().find(|(_, now)| now == old) {
            Some((_, now)) => new.clone_into(now),
            None => self.tables.push((old.to_owned(), new.to_owned())),
        }
        for (table, _, _) in self.columns.iter_mut().filter(|(table, _, _)| table == old) {
            new.clone_into(table);
        }
    }

    fn rename_column(&mut self, table: &str, old: &str, new: &str) {
        let found = self.columns.iter_mut().find(|(t, _, now)| t == table && now == old);
        match found {
            Some((_, _, now)) => new.clone_into(now),
            None => self.columns.push((table.to_owned(), old.to_owned(), new.to_owned())),
        }
    }

    fn table_now(&self, id: &str) -> String {
        let found = self.tables.iter().find(|(first, _)| first == id);
        found.map_or(id, |(_, now)| now).to_owned()
    }

    fn column_now(&self, table: &str, id: &str) -> String {
        let found = self.columns.iter().find(|(t, first, _)| t == table && first == id);
        found.map_or(id, |(_, _, now)| now).to_owned()
    }
}
