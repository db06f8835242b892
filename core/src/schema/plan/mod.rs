//! The way from one schema to another: the SQL of a migration, up and down.
//!
//! What SQLite can alter in place is altered; everything else is rebuilt: a new table, the rows
//! copied over, the old table dropped, the new one renamed
//! (<https://www.sqlite.org/lang_altertable.html>, section 7). The scripts are meant for a runner
//! that turns foreign keys off before it begins its transaction and checks them before it commits,
//! since dropping a parent would otherwise empty its cascading children.
//!
//! Order within a script: what is in the way goes (triggers, views, indexes, tables), renames,
//! new tables, each table's changes, then indexes, views and triggers come (back).

mod alter;
mod convert;
mod effect;
mod implied;
mod rebuild;
mod rename;
mod table;

use std::collections::BTreeSet;

pub use effect::{Effect, EffectKind};
pub use rename::Renames;

use self::effect::Writer;
use self::table::Change;
use super::ddl;
use super::types::*;
use crate::sql::quote;

/// A migration between two schemas.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Plan {
    /// The script that leads there; empty where the two mean the same.
    pub up: String,
    /// The script that leads back.
    pub down: String,
    /// The data that the way up loses; none where it keeps all.
    pub losses: Vec<Effect>,
    /// What the way up leaves to the data: rules that existing rows may break, so that the script
    /// would fail and change nothing, and values that it can't know.
    pub risks: Vec<Effect>,
    /// The data that the way back loses.
    pub down_losses: Vec<Effect>,
    /// What the way back leaves to the data.
    pub down_risks: Vec<Effect>,
}

/// Writes the migration from one schema to another.
///
/// Run on a database with the schema `from`, the script `up` gives exactly the schema `to`, and
/// `down` then exactly `from` again; rows are kept unless a loss says otherwise. Every loss and
/// risk also stands in the script as a comment: `-- DATA LOSS: …`, `-- MAY FAIL: …` (the script
/// then changes nothing), and `-- NEEDS A VALUE: …`, where a NULL in the script is to be replaced
/// by what existing rows get in a new required column; left alone, it fails where there are rows.
///
/// # Example
///
/// ```
/// use freehold_core::{Model, schema::{Renames, Schema, plan}};
/// let model = |column: &str| Model::from_toml(&format!(
///     "name = \"notes\"\n[tables.notes]\ncolumns.{column} = {{ type = \"blob\" }}"
/// ));
/// let (from, to) = (Schema::from_model(&model("body")?), Schema::from_model(&model("data")?));
/// let mut renames = Renames::default();
/// renames.column("notes", "body", "data");
/// let plan = plan(&from, &to, &renames);
/// assert_eq!(plan.up, "ALTER TABLE notes RENAME COLUMN body TO data;\n");
/// assert_eq!(plan.losses, []);
/// # Ok::<(), freehold_core::Error>(())
/// ```
pub fn plan(from: &Schema, to: &Schema, renames: &Renames) -> Plan {
    let (up, losses, risks) = one_way(from, to, renames).into_parts();
    let (down, down_losses, down_risks) = one_way(to, from, &renames.reversed()).into_parts();
    Plan { up, down, losses, risks, down_losses, down_risks }
}

fn one_way(from: &Schema, to: &Schema, renames: &Renames) -> Writer {
    let renames = renames.usable(from, to);
    let renamed = renames.apply(from);
    let changes: Vec<(&TableSchema, Change<'_>)> = to
        .ordered_tables()
        .into_iter()
        .filter_map(|new| {
            let old = renamed.table(&new.name)?;
            Some((new, table::change(old, new)))
        })
        .collect();
    let route = Route { from, renamed: &renamed, to, renames: &renames, changes: &changes };
    let mut writer = Writer::default();
    let dropped = route.drop_in_the_way(&mut writer);
    writer.paragraph();
    renames.write(&mut writer);
    for new in to.ordered_tables() {
        if renamed.table(&new.name).is_none() {
            writer.paragraph();
            if !new.doc.is_empty() {
                writer.comment(&new.doc);
            }
            writer.statement(&ddl::table_sql(new, &new.name));
        }
    }
    for (new, change) in &changes {
        writer.paragraph();
        change.write(&renamed, new, &mut writer);
    }
    writer.paragraph();
    route.create_the_rest(&dropped, &mut writer);
    writer
}

/// Everything that the parts of a script look at.
struct Route<'r> {
    from: &'r Schema,
    renamed: &'r Schema,
    to: &'r Schema,
    renames: &'r Renames,
    changes: &'r [(&'r TableSchema, Change<'r>)],
}

/// The names of what was dropped to be made again, whether or not it stays the same.
struct Dropped {
    triggers: BTreeSet<String>,
    views: BTreeSet<String>,
}

impl Route<'_> {
    fn drop_in_the_way(&self, writer: &mut Writer) -> Dropped {
        let dropped = self.triggers_and_views();
        for name in &dropped.triggers {
            writer.statement(&format!("DROP TRIGGER {}", quote::name(name)));
        }
        for view in self.from.ordered_views().into_iter().rev() {
            if dropped.views.contains(&view.name) {
                writer.statement(&format!("DROP VIEW {}", quote::name(&view.name)));
            }
        }
        for other in self.from.others.values() {
            if self.to.others.get(&other.name) == Some(other) {
                continue;
            }
            if other.kind == "table" {
                writer.effect(Effect::loss(&other.name, None, "dropped with all it holds"));
            }
            let kind = other.kind.to_ascii_uppercase();
            writer.statement(&format!("DROP {kind} {}", quote::name(&other.name)));
        }
        for index in self.renamed.indexes.values() {
            if self.has_table(&index.table) && !self.keeps(index) && !self.rebuilds(&index.table) {
                writer.statement(&format!("DROP INDEX {}", quote::name(&index.name)));
            }
        }
        for table in self.renamed.ordered_tables().into_iter().rev() {
            if !self.has_table(&table.name) {
                writer.effect(Effect::loss(&table.name, None, "dropped with all its rows"));
                writer.statement(&format!("DROP TABLE {}", quote::name(&table.name)));
            }
        }
        dropped
    }

    fn create_the_rest(&self, dropped: &Dropped, writer: &mut Writer) {
        let others = |kind: &'static str| {
            let is_new = |other: &&OtherSchema| self.from.others.get(&other.name) != Some(*other);
            self.to.others.values().filter(move |other| other.kind == kind).filter(is_new)
        };
        for other in others("table") {
            writer.statement(other.sql.text());
        }
        for table in self.to.ordered_tables() {
            for index in self.to.indexes.values().filter(|index| index.table == table.name) {
                if self.rebuilds(&index.table) || !self.keeps_in_place(index) {
                    let old = self.renamed.table(&index.table);
                    writer
                        .effects(old.and_then(|old| implied::index_risk(self.renamed, old, index)));
                    writer.statement(&ddl::index_sql(index));
                }
            }
        }
        for other in others("index") {
            writer.statement(other.sql.text());
        }
        for view in self.to.ordered_views() {
            if dropped.views.contains(&view.name) || !self.from.views.contains_key(&view.name) {
                writer.statement(&ddl::view_sql(view));
            }
        }
        for other in others("view") {
            writer.statement(other.sql.text());
        }
        for trigger in self.to.triggers.values() {
            let is_new = !self.from.triggers.contains_key(&trigger.name);
            if is_new || dropped.triggers.contains(&trigger.name) {
                writer.statement(&trigger.sql);
            }
        }
        for other in others("trigger") {
            writer.statement(other.sql.text());
        }
    }

    /// Whether the table, by its new name, is still there afterwards.
    fn has_table(&self, name: &str) -> bool {
        self.to.table(name).is_some()
    }

    fn keeps(&self, index: &IndexSchema) -> bool {
        self.to.indexes.get(&index.name) == Some(index)
    }

    fn keeps_in_place(&self, index: &IndexSchema) -> bool {
        self.renamed.indexes.get(&index.name) == Some(index)
    }

    fn rebuilds(&self, table: &str) -> bool {
        self.changes
            .iter()
            .any(|(new, change)| new.name == table && matches!(change, Change::Rebuild(_)))
    }

    /// The triggers and views that differ, and those that mention anything that is dropped,
    /// renamed or rewritten: SQLite refuses to alter a table while a trigger or view would break.
    fn triggers_and_views(&self) -> Dropped {
        let mut touched: BTreeSet<String> = self.renames.touched();
        let gone = self.renamed.tables.keys().filter(|name| !self.has_table(name));
        touched.extend(gone.map(|name| self.renames.old_table(name).to_owned()));
        let changed = self.changes.iter().filter(|(_, change)| change.touches());
        touched.extend(changed.map(|(new, _)| self.renames.old_table(&new.name).to_owned()));
        let mut views = BTreeSet::new();
        // A view over a view that goes has to go too.
        loop {
            let before = views.len();
            for view in self.from.views.values() {
                let differs = self.to.views.get(&view.name) != Some(view);
                let broken = touched.iter().any(|name| view.body.mentions(name));
                if (differs || broken) && views.insert(view.name.clone()) {
                    touched.insert(view.name.clone());
                }
            }
            if views.len() == before {
                break;
            }
        }
        let triggers = self.from.triggers.values().filter(|trigger| {
            let differs = self.to.triggers.get(&trigger.name) != Some(*trigger);
            let is_broken = |name: &String| {
                *name == trigger.table
                    || trigger.body.mentions(name)
                    || trigger.when.as_ref().is_some_and(|when| when.mentions(name))
            };
            differs || touched.iter().any(is_broken)
        });
        Dropped { triggers: triggers.map(|trigger| trigger.name.clone()).collect(), views }
    }
}
