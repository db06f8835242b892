//! `models`: the built-in models, and one in detail.

use freehold::call::summary;
use freehold::model::{Model, Scope};
use freehold::{Bundle, Error};
use serde_json::{Value, json};

use crate::report::{Failure, Report};
use crate::table::render_texts;

/// Lists the built-in models, or shows one.
pub fn run(name: Option<&str>) -> Result<Report, Failure> {
    match name {
        None => list(),
        Some(name) => Ok(detail(&Bundle::builtin(name)?)),
    }
}

fn list() -> Result<Report, Failure> {
    let bundles =
        Bundle::builtin_names().map(Bundle::builtin).collect::<Result<Vec<_>, Error>>()?;
    let rows: Vec<[String; 5]> = bundles
        .iter()
        .map(|bundle| {
            [
                bundle.model.name.clone(),
                bundle.model.tables.len().to_string(),
                bundle.migrations.len().to_string(),
                seed_names(bundle),
                bundle.model.description.clone(),
            ]
        })
        .collect();
    let text = render_texts(["model", "tables", "migrations", "seed sets", "description"], &rows);
    Ok(Report::done(text, bundles.iter().map(summary).collect::<Vec<Value>>().into()))
}

fn detail(bundle: &Bundle) -> Report {
    let model = &bundle.model;
    let tables: Vec<[String; 5]> = model
        .tables
        .iter()
        .map(|table| {
            [
                table.name.clone(),
                scope_name(&table.scope).to_owned(),
                table.columns.len().to_string(),
                table.indexes.len().to_string(),
                table.doc.clone(),
            ]
        })
        .collect();
    let mut text = format!("{}: {}\n{}\n", model.name, model.title, model.description);
    if let Some(tenancy) = &model.tenancy {
        text += &format!("tenants: {}, by {}\n", tenancy.tenant, tenancy.key);
    }
    text += &format!("seed sets: {}\n\n", seed_names(bundle));
    text += &render_texts(["table", "scope", "columns", "indexes", "one row"], &tables);
    if !model.enums.is_empty() {
        let enums: Vec<[String; 2]> =
            model.enums.iter().map(|e| [e.name.clone(), e.values.join(", ")]).collect();
        text += &format!("\n{}", render_texts(["enum", "values"], &enums));
    }
    text += "\nmigrations:\n";
    for migration in &bundle.migrations {
        text += &format!("  {}\n", migration.file_stem());
    }
    Report::done(text, detail_json(bundle, model))
}

fn detail_json(bundle: &Bundle, model: &Model) -> Value {
    let mut json = summary(bundle);
    json["migrations"] =
        bundle.migrations.iter().map(|migration| migration.file_stem()).collect::<Vec<_>>().into();
    json["tables"] = model
        .tables
        .iter()
        .map(|table| {
            let columns: Vec<&str> = table.columns.iter().map(|column| &*column.name).collect();
            json!({
                "name": table.name,
                "scope": scope_name(&table.scope),
                "doc": table.doc,
                "columns": columns,
                "primary_key": table.primary_key,
            })
        })
        .collect::<Vec<Value>>()
        .into();
    json["model"] = model.to_json();
    json
}

fn scope_name(scope: &Scope) -> &'static str {
    match scope {
        Scope::Tenant { .. } => "tenant",
        Scope::User { .. } => "user",
        Scope::Public => "public",
    }
}

fn seed_names(bundle: &Bundle) -> String {
    bundle.seeds.keys().cloned().collect::<Vec<_>>().join(", ")
}
