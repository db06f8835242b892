//! Reads back what `to_json` wrote of a checked model, as far as validation needs it.
//!
//! Nothing is checked again, so that whoever only validates rows carries neither the checker with
//! its messages nor the standard tables. A model that people wrote leaves things out that its
//! standard tables say; it is told from a checked one by what people need not write.

use serde_json::{Map, Value};

use super::problems::Problems;
use super::spec::{AUTOS, ColumnSpec, FORMATS, ModelSpec, ReferenceSpec, SHAPES, TableSpec};
use super::{Bound, Enum, Model, Tenancy};
use super::{expr_parse, node, resolve};

type Object = Map<String, Value>;

impl Model {
    /// What a checked model says about the validity of rows: enums, columns with their rules,
    /// cross-field rules, keys, references, and whose rows they are. Unique keys, indexes,
    /// policies and texts for people are left out.
    ///
    /// `json` is what [`Model::to_json`] gave; None for a model that people wrote.
    ///
    /// # Example
    ///
    /// ```
    /// # use freehold_core::Model;
    /// let text = r#"{ "name": "notes", "tables": { "notes": { "checks": { "short": "size < 9" },
    ///     "columns": { "size": { "type": "integer" } } } } }"#;
    /// let model = Model::from_json(text)?;
    /// let rules = Model::rules_of_checked(&model.to_json()).expect("it was checked");
    /// assert_eq!(rules.tables[0].columns, model.tables[0].columns);
    ///
    /// let written = serde_json::from_str(text).expect("it is JSON");
    /// assert!(Model::rules_of_checked(&written).is_none());
    /// # Ok::<(), freehold_core::Error>(())
    /// ```
    pub fn rules_of_checked(json: &Value) -> Option<Model> {
        let spec = read_model(json.as_object()?)?;
        // Its problems were all found when it was checked.
        let nowhere = node::from_json(Value::Null);
        Some(resolve::resolve_expanded(spec, &mut Problems::new(&nowhere)))
    }
}

fn read_model(root: &Object) -> Option<ModelSpec> {
    let tables = members(root, "tables").map(|(name, table)| read_table(name, table.as_object()?));
    let enums = members(root, "enums")
        .map(|(name, values)| Enum { name: name.clone(), values: texts(values.as_array()) });
    Some(ModelSpec {
        name: text(root, "name")?,
        tenancy: root.get("tenancy").and_then(Value::as_object).and_then(read_tenancy),
        enums: enums.collect(),
        tables: tables.collect::<Option<_>>()?,
        ..ModelSpec::default()
    })
    .filter(|_| !root.contains_key("links"))
}

fn read_tenancy(tenancy: &Object) -> Option<Tenancy> {
    Some(Tenancy {
        tenant: text(tenancy, "tenant")?,
        key: text(tenancy, "key")?,
        user: text(tenancy, "user"),
        narrow: text(tenancy, "narrow"),
        member: None,
        role: None,
        user_active: None,
        member_active: None,
        tenant_active: None,
        key_active: None,
        founder: None,
    })
}

fn read_table(name: &str, table: &Object) -> Option<TableSpec> {
    // A checked model says these of every table.
    let is_checked = ["unique", "rowid"].iter().all(|key| table.contains_key(*key));
    let columns = members(table, "columns").map(|(name, column)| read_column(name, column));
    let checks = members(table, "checks")
        .map(|(name, expr)| Some((name.clone(), expr_parse::parse(expr.as_str()?).ok()?)));
    let wide = table.get("references").and_then(Value::as_array).into_iter().flatten();
    let references = wide.map(|reference| {
        let reference = reference.as_object()?;
        Some(ReferenceSpec {
            to: text(reference, "to")?,
            columns: texts(reference.get("columns")?.as_array()),
            to_columns: texts(reference.get("to_columns")?.as_array()),
            ..ReferenceSpec::default()
        })
    });
    Some(TableSpec {
        name: name.to_owned(),
        scope: Some(text(table, "scope")?),
        owner: text(table, "owner"),
        columns: columns.collect::<Option<_>>()?,
        primary_key: Some(texts(table.get("primary_key")?.as_array())),
        references: references.collect::<Option<_>>()?,
        checks: checks.collect::<Option<_>>()?,
        ..TableSpec::default()
    })
    .filter(|_| is_checked)
}

fn read_column(name: &str, column: &Value) -> Option<ColumnSpec> {
    let column = column.as_object()?;
    let written = text(column, "type")?;
    let item = written.strip_suffix("[]");
    Some(ColumnSpec {
        name: name.to_owned(),
        array: item.is_some(),
        type_name: item.unwrap_or(&written).to_owned(),
        of: text(column, "of"),
        to: text(column, "to"),
        optional: flag(column, "optional"),
        default: column.get("default").cloned(),
        auto: word(column, "auto", &AUTOS),
        precision: column.get("precision").and_then(Value::as_i64),
        scale: column.get("scale").and_then(Value::as_i64),
        min: bound(column, "min"),
        max: bound(column, "max"),
        pattern: text(column, "pattern"),
        format: word(column, "format", &FORMATS),
        shape: word(column, "shape", &SHAPES),
        encrypted: flag(column, "encrypted"),
        ..ColumnSpec::default()
    })
}

fn members<'o>(object: &'o Object, key: &str) -> impl Iterator<Item = (&'o String, &'o Value)> {
    object.get(key).and_then(Value::as_object).into_iter().flatten()
}

fn text(object: &Object, key: &str) -> Option<String> {
    object.get(key).and_then(Value::as_str).map(str::to_owned)
}

fn texts(list: Option<&Vec<Value>>) -> Vec<String> {
    list.into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn flag(object: &Object, key: &str) -> bool {
    object.get(key) == Some(&Value::Bool(true))
}

fn word<T: Copy>(object: &Object, key: &str, words: &[(&str, T)]) -> Option<T> {
    let word = object.get(key)?.as_str()?;
    words.iter().find(|(known, _)| *known == word).map(|(_, value)| *value)
}

fn bound(object: &Object, key: &str) -> Option<Bound> {
    let number = object.get(key)?;
    number.as_i64().map(Bound::Integer).or_else(|| number.as_f64().map(Bound::Real))
}
