//! Pull: writes a model down from a live file.
//!
//! What SQLite keeps (columns, keys, references, checks) is read back from it. What it doesn't keep
//! (formats, patterns, documentation, policies) comes from the model that the database remembers,
//! for every table and column that is still as that model has it.

use std::collections::BTreeMap;

use rusqlite::Connection;
use serde::Serialize;
use serde_json::{Map, Value, json};

use super::history::{self, Meta};
use super::pull_column::{self, Found};
use super::pull_rules;
use crate::error::Result;
use crate::model::Model;
use crate::model::expr::Expr;
use crate::schema::{Action, IndexSchema, Schema, TableSchema, diff};

/// A model that was read from a live file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Pulled {
    /// The model as TOML.
    pub model: String,
    /// What the format can't express or the pull had to guess, one line each.
    pub notes: Vec<String>,
    /// Whether the model means exactly the live schema.
    pub exact: bool,
}

/// Writes the live schema down as a model. Changes nothing.
///
/// # Errors
///
/// - `invalid_model`: the live schema can't be said in the format; the problems say why.
pub fn pull(connection: &Connection) -> Result<Pulled> {
    let live = Schema::read(connection)?;
    let remembered = history::read_meta(connection, Meta::ModelText)?
        .and_then(|text| pull_rules::remembered(&text));
    let mut puller = Puller {
        live: &live,
        tenancy: tenancy(&live, remembered.as_ref()),
        remembered: remembered.as_ref().map(|model| (model, Schema::from_model(model))),
        enums: Vec::new(),
        checks: Vec::new(),
        notes: Vec::new(),
    };
    let mut root = puller.model();
    let Puller { checks, mut notes, .. } = puller;
    // A rule is written over values as people say them, which takes the columns' types.
    let bare = pull_rules::load(&mut root, &mut notes)?;
    for (table, name, expr) in checks {
        let columns = bare.table(&table).expect("the table was written just now");
        root["tables"][&table]["checks"][&name] = expr.written_form(columns).to_string().into();
    }
    let model = pull_rules::load(&mut root, &mut notes)?;
    let exact = diff(&live, &Schema::from_model(&model)).is_empty();
    Ok(Pulled { model: model.to_toml(), notes, exact })
}

/// The tenants' table and the column that refers to it.
struct Tenancy {
    tenant: String,
    key: String,
    rest: Map<String, Value>,
}

struct Puller<'s> {
    live: &'s Schema,
    tenancy: Option<Tenancy>,
    remembered: Option<(&'s Model, Schema)>,
    enums: Vec<(String, Vec<String>)>,
    /// Table, name and the rule over stored values.
    checks: Vec<(String, String, Expr)>,
    notes: Vec<String>,
}

/// As the remembered model has it, or else by the keys: the table to which the first column of
/// most other tables' primary keys refers.
fn tenancy(live: &Schema, remembered: Option<&Model>) -> Option<Tenancy> {
    if let Some(known) = remembered.and_then(|model| model.tenancy.as_ref())
        && live.table(&known.tenant).is_some()
    {
        let written = remembered.map(Model::to_json);
        let mut rest = written.as_ref().and_then(|m| m["tenancy"].as_object()).cloned()?;
        rest.retain(|word, name| {
            let is_table = matches!(word.as_str(), "user" | "member" | "narrow");
            let is_there = name.as_str().is_some_and(|name| live.table(name).is_some());
            !matches!(word.as_str(), "tenant" | "key") && (!is_table || is_there)
        });
        return Some(Tenancy { tenant: known.tenant.clone(), key: known.key.clone(), rest });
    }
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for table in live.tables.values() {
        let key = table.key_columns();
        if let [first, _, ..] = key[..]
            && let Some(reference) = table.foreign_keys.iter().find(|f| f.columns == [first])
            && reference.table != table.name
        {
            *counts.entry((&reference.table, first)).or_default() += 1;
        }
    }
    let ((tenant, key), count) = counts.into_iter().max_by_key(|(_, count)| *count)?;
    (count >= 2).then(|| Tenancy {
        tenant: tenant.to_owned(),
        key: key.to_owned(),
        rest: Map::new(),
    })
}

impl Puller<'_> {
    fn model(&mut self) -> Value {
        let known = self.remembered.as_ref().map(|(model, _)| *model);
        let mut root = Map::new();
        root.insert("name".into(), known.map_or("pulled", |model| &model.name).into());
        root.insert("title".into(), known.map_or("Pulled", |model| &model.title).into());
        if let Some(description) = known.map(|model| &model.description) {
            root.insert("description".into(), description.clone().into());
        }
        if let Some(tenancy) = &self.tenancy {
            let mut entry = Map::new();
            entry.insert("tenant".into(), tenancy.tenant.clone().into());
            entry.insert("key".into(), tenancy.key.clone().into());
            entry.extend(tenancy.rest.clone());
            root.insert("tenancy".into(), entry.into());
        }
        let written = known.map(Model::to_json);
        for e in known.iter().flat_map(|model| &model.enums) {
            self.enums.push((e.name.clone(), e.values.clone()));
        }
        let mut tables = Map::new();
        let mut in_order = self.live.ordered_tables();
        in_order.sort_by_key(|table| {
            // Tables keep the order that people gave them; new ones come last.
            let place = |model: &&Model| model.tables.iter().position(|t| t.name == table.name);
            known.as_ref().and_then(place).unwrap_or(usize::MAX)
        });
        for table in in_order {
            let known = written.as_ref().and_then(|model| model["tables"].get(&table.name));
            tables.insert(table.name.clone(), self.table(table, known));
        }
        let enums: Map<String, Value> =
            self.enums.iter().map(|(name, values)| (name.clone(), json!(values))).collect();
        root.insert("enums".into(), enums.into());
        if let Some(predicates) = written.as_ref().and_then(|model| model.get("predicates")) {
            root.insert("predicates".into(), predicates.clone());
        }
        root.insert("tables".into(), tables.into());
        for view in self.live.views.keys() {
            self.notes.push(format!("the view {view} has no place in a model"));
        }
        for other in self.live.others.keys() {
            self.notes.push(format!("{other} has no place in a model"));
        }
        root.into()
    }

    fn table(&mut self, table: &TableSchema, known: Option<&Value>) -> Value {
        if let (Some(known), Some((_, schema))) = (known, &self.remembered)
            && is_unchanged(self.live, schema, &table.name)
        {
            return known.clone();
        }
        let mut entry = match known {
            Some(Value::Object(known)) => known.clone(),
            _ => Map::new(),
        };
        for stale in ["columns", "unique", "indexes", "references", "checks", "template", "without"]
        {
            entry.remove(stale);
        }
        let tenant = self.tenant_of(table);
        entry.entry("scope").or_insert(if tenant.is_some() { "tenant" } else { "public" }.into());
        if tenant.is_some() {
            // Where no model says who may do what, nobody may.
            entry.entry("policy").or_insert_with(|| json!({}));
        }
        let columns = self.columns(table, known, tenant.as_deref());
        entry.insert("columns".into(), columns.into());
        let rest = |names: Vec<String>| -> Vec<String> {
            names.into_iter().filter(|name| Some(name) != tenant.as_ref()).collect()
        };
        let key: Vec<String> = table.key_columns().into_iter().map(str::to_owned).collect();
        let own_key = if self.is_tenants_own(table) { key } else { rest(key) };
        entry.insert("primary_key".into(), own_key.into());
        entry.insert("rowid".into(), (!table.without_rowid).into());
        if !table.strict {
            self.notes.push(format!("{} is not STRICT; the model's table is", table.name));
        }
        self.keys(table, tenant.as_deref(), &mut entry);
        self.wide_references(table, tenant.as_deref(), &mut entry);
        self.checks(table);
        entry.into()
    }

    fn is_tenants_own(&self, table: &TableSchema) -> bool {
        self.tenancy.as_ref().is_some_and(|tenancy| tenancy.tenant == table.name)
    }

    /// The column that names the tenant: none in tables without one.
    fn tenant_of(&self, table: &TableSchema) -> Option<String> {
        let tenancy = self.tenancy.as_ref()?;
        if self.is_tenants_own(table) {
            return table.key_columns().first().map(|name| (*name).to_owned());
        }
        (table.key_columns().first() == Some(&tenancy.key.as_str())).then(|| tenancy.key.clone())
    }

    fn columns(
        &mut self,
        table: &TableSchema,
        known: Option<&Value>,
        tenant: Option<&str>,
    ) -> Map<String, Value> {
        let mut columns = Map::new();
        for column in &table.columns {
            let same = self.remembered.as_ref().is_some_and(|(_, schema)| {
                pull_column::is_unchanged(table, schema.table(&table.name), &column.name)
            });
            let remembered = known.and_then(|known| known["columns"].get(&column.name));
            if let Some(remembered) = remembered.filter(|_| same) {
                columns.insert(column.name.clone(), remembered.clone());
                continue;
            }
            let carried = tenant.filter(|_| !self.is_tenants_own(table));
            let Found { spec, note, values } = pull_column::read(self.live, table, column, carried);
            self.notes.extend(note);
            let mut spec = spec;
            if let Some(values) = values {
                spec.insert("of".into(), self.enum_named(&column.name, values).into());
            }
            columns.insert(column.name.clone(), spec.into());
        }
        columns
    }

    /// The enum with these values, made under the column's name where there is none.
    fn enum_named(&mut self, column: &str, values: Vec<String>) -> String {
        if let Some((name, _)) = self.enums.iter().find(|(_, known)| *known == values) {
            return name.clone();
        }
        let names = std::iter::once(column.to_owned())
            .chain((2..).map(|number| format!("{column}_{number}")));
        let free =
            names.into_iter().find(|name| !self.enums.iter().any(|(known, _)| known == name));
        let name = free.unwrap_or_default();
        self.enums.push((name.clone(), values));
        name
    }

    fn keys(&mut self, table: &TableSchema, tenant: Option<&str>, entry: &mut Map<String, Value>) {
        let mut unique = Vec::new();
        let mut indexes = Vec::new();
        let is_own = self.is_tenants_own(table);
        for index in self.live.indexes.values().filter(|index| index.table == table.name) {
            let Some((names, nulls_equal)) = plain_columns(index) else {
                self.notes.push(format!("the index {} is over expressions", index.name));
                continue;
            };
            let bare: Vec<&str> = names.iter().map(|name| name.trim_end_matches(" desc")).collect();
            let carries = tenant.is_some_and(|tenant| bare.first() == Some(&tenant)) && !is_own;
            let own = &names[usize::from(carries && names.len() > 1)..];
            match index.unique {
                true if nulls_equal => unique.push(json!({ "columns": own, "nulls": "equal" })),
                true => unique.push(json!(own)),
                false if tenant.is_some() && !carries => {
                    indexes.push(json!({ "columns": names, "cross_tenant": true }));
                }
                false => indexes.push(json!(own)),
            }
            match &index.filter {
                Some(filter)
                    if filter.canonical() == "deleted_at ISNULL"
                        || filter.canonical() == "deleted_at IS NULL" =>
                {
                    entry.entry("soft_delete").or_insert(true.into());
                }
                Some(_) => self.notes.push(format!("the index {} is partial", index.name)),
                None => {}
            }
        }
        for key in &table.uniques {
            let names: Vec<&str> = key.columns.iter().map(|c| c.name.as_str()).collect();
            unique.push(json!(names));
            self.notes.push(format!("{}: a UNIQUE constraint becomes an index", table.name));
        }
        entry.insert("unique".into(), unique.into());
        entry.insert("indexes".into(), indexes.into());
    }

    fn wide_references(
        &mut self,
        table: &TableSchema,
        tenant: Option<&str>,
        entry: &mut Map<String, Value>,
    ) {
        let mut references = Vec::new();
        for reference in &table.foreign_keys {
            let shared = usize::from(
                reference.columns.len() > 1
                    && tenant == reference.columns.first().map(String::as_str),
            );
            if reference.columns.len() - shared > 1 {
                references.push(json!({
                    "columns": reference.columns[shared..],
                    "to": reference.table,
                    "to_columns": reference.to[shared..],
                    "on_delete": pull_column::on_delete(self.live, table, reference),
                }));
            }
            if reference.on_update != Action::NoAction {
                self.notes.push(format!("{}: ON UPDATE has no place in a model", table.name));
            }
        }
        if !references.is_empty() {
            entry.insert("references".into(), references.into());
        }
    }

    fn checks(&mut self, table: &TableSchema) {
        for check in table.checks.iter().filter(|check| !pull_column::explains(table, check)) {
            let text = check.expr.text();
            match (check.name.clone(), crate::model::parse_expr(text)) {
                (Some(name), Ok(expr)) => self.checks.push((table.name.clone(), name, expr)),
                _ => self.notes.push(format!("{}: CHECK ({text}) has no place", table.name)),
            }
        }
    }
}

/// An index's columns, `desc` behind those that are sorted downwards, and whether NULLs clash.
fn plain_columns(index: &IndexSchema) -> Option<(Vec<String>, bool)> {
    let mut nulls_equal = false;
    let names = index.terms.iter().map(|term| {
        let text = term.expr.canonical();
        let name = match text.strip_prefix("ifnull ( ").and_then(|t| t.strip_suffix(" , X'' )")) {
            Some(name) => {
                nulls_equal = true;
                name
            }
            None => text.as_str(),
        };
        let is_name = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        is_name.then(|| format!("{name}{}", if term.descending { " desc" } else { "" }))
    });
    let names: Option<Vec<String>> = names.collect();
    names.map(|names| (names, nulls_equal))
}

/// Whether a table, its indexes and the triggers that its references need are as they were.
fn is_unchanged(live: &Schema, known: &Schema, table: &str) -> bool {
    let part = |schema: &Schema| Schema {
        tables: schema.tables.iter().filter(|(name, _)| *name == table).map(own).collect(),
        indexes: schema.indexes.iter().filter(|(_, i)| i.table == table).map(own).collect(),
        ..Schema::default()
    };
    let prefix = format!("{table}_");
    let triggers = |schema: &Schema| -> Vec<String> {
        let own = schema.triggers.values().filter(|trigger| trigger.name.starts_with(&prefix));
        own.map(|trigger| trigger.body.canonical()).collect()
    };
    diff(&part(live), &part(known)).is_empty() && triggers(live) == triggers(known)
}

fn own<K: Clone, V: Clone>((key, value): (&K, &V)) -> (K, V) {
    (key.clone(), value.clone())
}
