//! A model as JSON Schema (draft 2020-12): for each table the row that an insert takes.

use serde_json::{Map, Value, json};

use crate::model::{Bound, Column, Format, Kind, Model, Shape, Table};

/// The model as JSON Schema: `$defs` has the row that an insert takes, for each table.
///
/// Cross-field rules, unique keys and references have no counterpart there and are left out.
pub fn json_schema(model: &Model) -> Value {
    let defs: Map<String, Value> =
        model.tables.iter().map(|table| (table.name.clone(), row(model, table))).collect();
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": model.title,
        "$defs": defs,
    })
}

fn row(model: &Model, table: &Table) -> Value {
    let properties: Map<String, Value> =
        table.columns.iter().map(|column| (column.name.clone(), property(model, column))).collect();
    let is_required =
        |column: &&Column| !column.optional && column.auto.is_none() && column.default.is_none();
    let required: Vec<&str> =
        table.columns.iter().filter(is_required).map(|column| column.name.as_str()).collect();
    json!({
        "type": "object",
        "description": table.doc,
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    })
}

fn property(model: &Model, column: &Column) -> Value {
    let item = value(model, column);
    let mut schema = match column.array {
        false => item,
        true => {
            let mut schema = Map::from_iter([("type".into(), "array".into())]);
            schema.insert("items".into(), item.into());
            put_bounds(&mut schema, column, "minItems", "maxItems");
            schema
        }
    };
    if !column.doc.is_empty() {
        schema.insert("description".into(), column.doc.clone().into());
    }
    schema.extend(column.default.iter().map(|default| ("default".to_owned(), default.clone())));
    match column.optional {
        true => json!({ "anyOf": [schema, { "type": "null" }] }),
        false => schema.into(),
    }
}

fn value(model: &Model, column: &Column) -> Map<String, Value> {
    let mut schema = Map::new();
    let mut put = |key: &str, value: Value| {
        schema.insert(key.to_owned(), value);
    };
    match &column.kind {
        Kind::Text => put("type", "string".into()),
        Kind::Integer => put("type", "integer".into()),
        Kind::Real => put("type", "number".into()),
        Kind::Boolean => put("type", "boolean".into()),
        Kind::BigInt => {
            put("type", json!(["string", "integer"]));
            put("pattern", "^-?[0-9]{1,19}$".into());
        }
        Kind::Decimal { scale, .. } => {
            put("type", json!(["string", "integer"]));
            put("pattern", format!("^-?[0-9]+(\\.[0-9]{{0,{scale}}})?$").into());
        }
        Kind::Uuid => put_format(&mut put, "uuid"),
        Kind::Timestamp => put_format(&mut put, "date-time"),
        Kind::Date => put_format(&mut put, "date"),
        Kind::Time => put("type", "string".into()),
        Kind::Json { shape: Shape::Any } => {}
        Kind::Json { shape: Shape::Object } => put("type", "object".into()),
        Kind::Json { shape: Shape::Array } => put("type", "array".into()),
        Kind::Blob => {
            put("type", "string".into());
            put("contentEncoding", "base64".into());
        }
        Kind::Enum { name } => put("enum", model.enum_values(name).into()),
    }
    if let Some(pattern) = &column.rules.pattern {
        put("pattern", pattern.clone().into());
    }
    match column.rules.format {
        Some(Format::Email) => put("format", "email".into()),
        Some(Format::Url) => put("format", "uri".into()),
        Some(Format::Hostname) => put("format", "hostname".into()),
        _ => {}
    }
    if !column.array {
        match column.kind {
            Kind::Text => put_bounds(&mut schema, column, "minLength", "maxLength"),
            Kind::Integer | Kind::Real => put_bounds(&mut schema, column, "minimum", "maximum"),
            _ => {}
        }
    }
    schema
}

fn put_format(put: &mut impl FnMut(&str, Value), format: &str) {
    put("type", "string".into());
    put("format", format.into());
}

fn put_bounds(schema: &mut Map<String, Value>, column: &Column, min: &str, max: &str) {
    for (key, bound) in [(min, column.rules.min), (max, column.rules.max)] {
        let value = match bound {
            Some(Bound::Integer(value)) => value.into(),
            Some(Bound::Real(value)) => value.into(),
            None => continue,
        };
        schema.insert(key.to_owned(), value);
    }
}
