//! The physical schema that a model calls for.
//!
//! Rules that SQLite can check cheaply become CHECK constraints, so that whatever writes to the
//! file keeps them; patterns and formats are left to validation.

use super::fragment::Fragment;
use super::names;
use super::parse::parse_trigger;
use super::rules::{column_checks, storage_type};
use super::types::*;
use crate::keyring::{BLIND_LETTERS, BLIND_START};
use crate::model::{Column, Model, OnDelete, Reference, Table, Unique};
use crate::sql::{quote, render_check};
use crate::validate::Field;
use crate::value::SqlValue;

impl Schema {
    /// The schema that the model calls for.
    ///
    /// The same model gives the same schema, everywhere and always.
    ///
    /// # Example
    ///
    /// ```
    /// use freehold_core::{Model, schema::Schema};
    /// let model = Model::from_toml(
    ///     "name = \"notes\"\n[tables.notes]\ncolumns.body = { type = \"text\", max = 500 }",
    /// )?;
    /// let schema = Schema::from_model(&model);
    /// assert_eq!(schema.tables["notes"].key_columns(), ["id"]);
    /// # Ok::<(), freehold_core::Error>(())
    /// ```
    pub fn from_model(model: &Model) -> Schema {
        let mut schema = Schema::default();
        for (order, table) in model.tables.iter().enumerate() {
            let made = TableSchema { order, ..make_table(model, table) };
            schema.tables.insert(table.name.clone(), made);
            let uniques = table.unique.iter().flat_map(|key| unique_indexes(model, table, key));
            let indexes = table.indexes.iter().map(|index| {
                let columns = index.columns.iter().map(|column| column.name.as_str());
                let term = |column: &crate::model::IndexColumn| IndexTerm {
                    descending: column.descending,
                    ..IndexTerm::column(&column.name)
                };
                // The tenant key is no part of a name, so that this has to tell the two apart.
                let suffix = if index.cross_tenant { "cross_idx" } else { "idx" };
                IndexSchema {
                    name: index_name(model, table, columns, suffix),
                    table: table.name.clone(),
                    unique: false,
                    terms: index.columns.iter().map(term).collect(),
                    filter: None,
                }
            });
            let blind = table.columns.iter().filter(|column| column.blind_index);
            let blind = blind.map(|column| blind_index(model, table, column));
            let all: Vec<IndexSchema> = uniques.chain(indexes).chain(blind).collect();
            all.into_iter().for_each(|index| schema.add_index(index));
            for reference in &table.references {
                schema.add_set_null_trigger(model, table, reference);
            }
        }
        schema
    }

    /// Whether these CREATE TRIGGER statements make nothing but triggers that the model calls for,
    /// whatever their names.
    pub(crate) fn calls_for_triggers(model: &Model, statements: &[String]) -> bool {
        let mut schema = Schema::default();
        for table in &model.tables {
            for reference in &table.references {
                schema.add_set_null_trigger(model, table, reference);
            }
        }
        statements.iter().all(|sql| {
            let Some(live) = parse_trigger(sql) else { return false };
            let mut called_for = schema.triggers.values();
            called_for
                .any(|trigger| TriggerSchema { name: live.name.clone(), ..trigger.clone() } == live)
        })
    }

    /// Two indexes over the same columns that differ in direction alone would share a name, and so
    /// may two of tables whose names begin alike: `a (b_c)` and `a_b (c)`.
    fn add_index(&mut self, mut index: IndexSchema) {
        if self.indexes.contains_key(&index.name) {
            let directions = index.terms.iter().map(|term| match term.descending {
                true => format!("{}_desc", term.expr.text()),
                false => term.expr.text().to_owned(),
            });
            let directed: Vec<String> =
                std::iter::once(index.table.clone()).chain(directions).collect();
            let hash = names::hash(&directed.join(","));
            for last in ["idx".to_owned(), format!("{hash}_idx")] {
                if self.indexes.contains_key(&index.name) {
                    index.name = names::join(directed.iter().chain([&last]));
                }
            }
        }
        self.indexes.insert(index.name.clone(), index);
    }

    fn add_set_null_trigger(&mut self, model: &Model, table: &Table, reference: &Reference) {
        let wanted = reference.on_delete == OnDelete::SetNull;
        if !wanted || !nulled_by_trigger(model, table, reference) {
            return;
        }
        let tenant = model.tenant_column(table);
        let columns = reference.columns.iter().map(String::as_str);
        let nulled: Vec<&str> = columns.filter(|column| Some(*column) != tenant).collect();
        let named = |last: &str| {
            let parts = std::iter::once(table.name.as_str()).chain(nulled.iter().copied());
            names::join(parts.chain([last]))
        };
        let mut name = named("set_null");
        if self.triggers.contains_key(&name) {
            let parts = [table.name.as_str(), &nulled.join(","), &reference.table];
            name = named(&format!("{}_set_null", names::hash(&parts.join(","))));
        }
        let trigger = set_null_trigger(table, reference, &nulled, name);
        self.triggers.insert(trigger.name.clone(), trigger);
    }
}

fn make_table(model: &Model, table: &Table) -> TableSchema {
    let columns = table.columns.iter().map(|column| ColumnSchema {
        name: column.name.clone(),
        type_name: storage_type(column).to_owned(),
        not_null: !column.optional || table.primary_key.contains(&column.name),
        default: default_of(model, column),
        ..ColumnSchema::default()
    });
    let rules = table.columns.iter().flat_map(|column| column_checks(model, table, column));
    let named = table.checks.iter().map(|check| CheckSchema {
        name: Some(check.name.clone()),
        expr: Fragment::new(render_check(&check.expr.stored_form(table))),
        column: None,
    });
    TableSchema {
        name: table.name.clone(),
        doc: table.doc.clone(),
        order: 0,
        columns: columns.collect(),
        primary_key: Some(KeySchema::of(&table.primary_key)),
        uniques: Vec::new(),
        checks: rules.chain(named).collect(),
        foreign_keys: table.references.iter().map(|r| foreign_key(model, table, r)).collect(),
        strict: true,
        without_rowid: !table.rowid,
    }
}

/// The default in storage form, as a write through the API would store it.
fn default_of(model: &Model, column: &Column) -> Option<Fragment> {
    column.default.as_ref()?;
    let field = Field::new(model, column).ok()?;
    let literal = match field.default? {
        SqlValue::Null => return None,
        SqlValue::Integer(integer) => integer.to_string(),
        SqlValue::Real(real) => quote::real(real),
        SqlValue::Text(text) => quote::text(&text),
        SqlValue::Blob(bytes) => quote::blob(&bytes),
    };
    Some(Fragment::new(literal))
}

/// RESTRICT is written as NO ACTION, which is checked when the statement ends: otherwise deleting
/// a tenant would depend on the order in which tables were made.
fn foreign_key(model: &Model, table: &Table, reference: &Reference) -> ForeignKeySchema {
    let on_delete = match reference.on_delete {
        OnDelete::Cascade => Action::Cascade,
        OnDelete::Restrict => Action::NoAction,
        OnDelete::SetNull if nulled_by_trigger(model, table, reference) => Action::NoAction,
        OnDelete::SetNull => Action::SetNull,
    };
    ForeignKeySchema {
        columns: reference.columns.clone(),
        table: reference.table.clone(),
        to: reference.to.clone(),
        on_delete,
        on_update: Action::NoAction,
        match_name: None,
        deferred: false,
    }
}

/// SQLite's SET NULL would null the tenant key along with the reference.
fn nulled_by_trigger(model: &Model, table: &Table, reference: &Reference) -> bool {
    let tenant = model.tenant_column(table);
    reference.columns.iter().any(|column| Some(column.as_str()) == tenant)
}

fn set_null_trigger(
    table: &Table,
    reference: &Reference,
    nulled: &[&str],
    name: String,
) -> TriggerSchema {
    let assignments: Vec<String> =
        nulled.iter().map(|column| format!("{} = NULL", quote::name(column))).collect();
    let pairs = reference.columns.iter().zip(&reference.to);
    let conditions: Vec<String> = pairs
        .map(|(column, to)| format!("{} = OLD.{}", quote::name(column), quote::name(to)))
        .collect();
    let body = format!(
        "UPDATE {}\n  SET {}\n  WHERE {};",
        quote::name(&table.name),
        assignments.join(", "),
        conditions.join(" AND ")
    );
    let sql = format!(
        "CREATE TRIGGER {}\nAFTER DELETE ON {} BEGIN\n  {body}\nEND",
        quote::name(&name),
        quote::name(&reference.table)
    );
    TriggerSchema {
        name,
        table: reference.table.clone(),
        timing: Timing::After,
        event: Event::Delete,
        columns: Vec::new(),
        when: None,
        body: Fragment::new(body),
        sql,
    }
}

/// The indexes that keep a unique key: one, save where two NULLs clash in a key that references
/// point at, for which SQLite wants a plain index.
fn unique_indexes(model: &Model, table: &Table, key: &Unique) -> Vec<IndexSchema> {
    let is_optional = |name: &str| table.column(name).is_some_and(|column| column.optional);
    let expressions = key.nulls_equal && key.columns.iter().any(|name| is_optional(name));
    let is_target = model.tables.iter().flat_map(|other| &other.references).any(|reference| {
        reference.table == table.name
            && reference.to.len() == key.columns.len()
            && key.columns.iter().all(|column| reference.to.contains(column))
    });
    let filter =
        (table.soft_delete.is_some() && !is_target).then(|| Fragment::new("deleted_at IS NULL"));
    let index = |suffix: &str, nulls_equal: bool| IndexSchema {
        name: index_name(model, table, key.columns.iter().map(String::as_str), suffix),
        table: table.name.clone(),
        unique: true,
        terms: key
            .columns
            .iter()
            .map(|name| match nulls_equal && is_optional(name) {
                // No value of any column but a blob equals an empty blob.
                true => IndexTerm {
                    expr: Fragment::new(format!("ifnull({}, x'')", quote::name(name))),
                    ..IndexTerm::column(name)
                },
                false => IndexTerm::column(name),
            })
            .collect(),
        filter: filter.clone(),
    };
    match (expressions, is_target) {
        (true, true) => vec![index("key", false), index("nulls_key", true)],
        (nulls_equal, _) => vec![index("key", nulls_equal)],
    }
}

/// The index that serves equality on an encrypted column: over the letters of its stored values
/// that are equal for equal values.
fn blind_index(model: &Model, table: &Table, column: &Column) -> IndexSchema {
    let letters = format!("substr({}, {BLIND_START}, {BLIND_LETTERS})", quote::name(&column.name));
    let letters = IndexTerm { expr: Fragment::new(letters), ..IndexTerm::column(&column.name) };
    let tenant = model.tenant_column(table).map(IndexTerm::column);
    IndexSchema {
        name: names::join([table.name.as_str(), column.name.as_str(), "blind_idx"]),
        table: table.name.clone(),
        unique: false,
        terms: tenant.into_iter().chain([letters]).collect(),
        filter: None,
    }
}

/// The table, the columns without a leading tenant key, and the suffix.
fn index_name<'c>(
    model: &Model,
    table: &Table,
    columns: impl Iterator<Item = &'c str>,
    suffix: &str,
) -> String {
    let columns: Vec<&str> = columns.collect();
    let key = model.tenancy.as_ref().map(|tenancy| tenancy.key.as_str());
    let own = match &columns[..] {
        [first, rest @ ..] if Some(*first) == key && !rest.is_empty() => rest,
        all => all,
    };
    let parts = std::iter::once(table.name.as_str()).chain(own.iter().copied());
    names::join(parts.chain([suffix]))
}
