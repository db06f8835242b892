//! Writes a model down again, as JSON or TOML: templates and links written out, the implied tenant
//! key left implied. Reading the result gives the same model.

use serde_json::{Map, Value, json};

use super::spec::{AUTOS, FORMATS, ON_DELETES, SHAPES, TEMPLATES, WRITES};
use super::*;

type Object = Map<String, Value>;

impl Model {
    /// The model as JSON. Loading it gives the same model.
    pub fn to_json(&self) -> Value {
        let mut root = Object::new();
        root.insert("name".into(), self.name.clone().into());
        root.insert("title".into(), self.title.clone().into());
        put_text(&mut root, "description", &self.description);
        if let Some(tenancy) = &self.tenancy {
            root.insert("tenancy".into(), tenancy::to_json(tenancy).into());
        }
        let enums: Object =
            self.enums.iter().map(|e| (e.name.clone(), e.values.clone().into())).collect();
        put_object(&mut root, "enums", enums);
        let predicates = self.predicates.iter().map(|predicate| {
            let name = format!("{}({})", predicate.name, predicate.arguments.join(", "));
            (name, predicate.body.to_string().into())
        });
        put_object(&mut root, "predicates", predicates.collect());
        let tables =
            self.tables.iter().map(|table| (table.name.clone(), table_to_json(self, table).into()));
        root.insert("tables".into(), Value::Object(tables.collect()));
        root.into()
    }

    /// The model as TOML. Loading it gives the same model.
    pub fn to_toml(&self) -> String {
        let Value::Object(root) = self.to_json() else { return String::new() };
        let mut text = String::new();
        for (key, value) in root.iter().filter(|(_, value)| !value.is_object()) {
            text += &format!("{key} = {}\n", inline(value));
        }
        for (key, value) in &root {
            let Value::Object(entries) = value else { continue };
            if key == "tables" {
                entries.iter().for_each(|(name, table)| write_table(&mut text, name, table));
                continue;
            }
            text += &format!("\n[{key}]\n");
            for (name, value) in entries {
                text += &format!("{} = {}\n", toml_key(name), inline(value));
            }
        }
        text
    }
}

fn write_table(text: &mut String, name: &str, table: &Value) {
    *text += &format!("\n[tables.{name}]\n");
    for (key, value) in table.as_object().into_iter().flatten() {
        match value {
            Value::Object(entries)
                if matches!(key.as_str(), "columns" | "checks" | "policy")
                    && !entries.is_empty() =>
            {
                for (name, value) in entries {
                    *text += &format!("{key}.{name} = {}\n", inline(value));
                }
            }
            _ => *text += &format!("{key} = {}\n", inline(value)),
        }
    }
}

fn toml_key(key: &str) -> String {
    let bare = key.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
    if bare && !key.is_empty() { key.to_owned() } else { Value::from(key).to_string() }
}

/// A value on one line. TOML's basic strings take JSON's escapes.
fn inline(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            format!("[{}]", items.iter().map(inline).collect::<Vec<_>>().join(", "))
        }
        Value::Object(entries) if entries.is_empty() => "{}".to_owned(),
        Value::Object(entries) => {
            let entries =
                entries.iter().map(|(key, value)| format!("{} = {}", toml_key(key), inline(value)));
            format!("{{ {} }}", entries.collect::<Vec<_>>().join(", "))
        }
        _ => value.to_string(),
    }
}

fn table_to_json(model: &Model, table: &Table) -> Object {
    let tenant = implied_column(model, table);
    let mut entry = Object::new();
    put_text(&mut entry, "doc", &table.doc);
    put_text(&mut entry, "id", if table.id == table.name { "" } else { &table.id });
    match &table.scope {
        Scope::Tenant { .. } => put_text(&mut entry, "scope", "tenant"),
        Scope::Public => put_text(&mut entry, "scope", "public"),
        Scope::User { owner } => {
            put_text(&mut entry, "scope", "user");
            put_text(&mut entry, "owner", owner);
        }
    }
    if let Some(template) = table.template {
        put_text(&mut entry, "template", word(&TEMPLATES, template));
        let without: Vec<String> = template::column_names(template)
            .into_iter()
            .filter(|name| table.column(name).is_none())
            .collect();
        put_list(&mut entry, "without", without);
    }
    let columns = table
        .columns
        .iter()
        .map(|column| (column.name.clone(), column_to_json(model, table, column).into()));
    entry.insert("columns".into(), Value::Object(columns.collect()));
    let rest = |columns: &[String]| -> Vec<String> {
        columns.iter().filter(|column| Some(column.as_str()) != tenant).cloned().collect()
    };
    entry.insert("primary_key".into(), rest(&table.primary_key).into());
    let unique = table.unique.iter().map(|unique| match unique.nulls_equal {
        true => json!({ "columns": rest(&unique.columns), "nulls": "equal" }),
        false => rest(&unique.columns).into(),
    });
    entry.insert("unique".into(), unique.collect());
    put_list(
        &mut entry,
        "indexes",
        table.indexes.iter().map(|i| index_to_json(i, tenant)).collect(),
    );
    let wide = table.references.iter().filter(|reference| rest(&reference.columns).len() > 1);
    let references = wide.map(|reference| {
        json!({
            "columns": rest(&reference.columns),
            "to": reference.table,
            "to_columns": reference.to[reference.to.len() - rest(&reference.columns).len()..],
            "on_delete": word(&ON_DELETES, reference.on_delete),
        })
    });
    put_list(&mut entry, "references", references.collect());
    let checks = table.checks.iter().map(|c| (c.name.clone(), c.expr.to_string().into()));
    put_object(&mut entry, "checks", checks.collect());
    match table.soft_delete {
        Some(SoftDelete { cascade: true }) => {
            entry.insert("soft_delete".into(), json!({ "cascade": true }));
        }
        Some(SoftDelete { cascade: false }) => put_flag(&mut entry, "soft_delete", true),
        None => {}
    }
    put_flag(&mut entry, "versioned", table.versioned);
    put_flag(&mut entry, "audited", table.audited);
    entry.insert("rowid".into(), table.rowid.into());
    entry.extend(table.policy.iter().map(|p| ("policy".to_owned(), policy_to_json(p).into())));
    entry
}

fn index_to_json(index: &Index, tenant: Option<&str>) -> Value {
    let names = index.columns.iter().enumerate().filter_map(|(at, column)| {
        let implied = at == 0 && Some(column.name.as_str()) == tenant && index.columns.len() > 1;
        if implied && !index.cross_tenant {
            return None;
        }
        Some(format!("{}{}", column.name, if column.descending { " desc" } else { "" }))
    });
    let names: Vec<String> = names.collect();
    if index.cross_tenant {
        json!({ "columns": names, "cross_tenant": true })
    } else {
        names.into()
    }
}

fn policy_to_json(policy: &Policy) -> Object {
    let grants = [
        ("read", &policy.read),
        ("insert", &policy.insert),
        ("update", &policy.update),
        ("delete", &policy.delete),
    ];
    let grants = grants.into_iter().filter_map(|(name, grant)| {
        let value = match grant.as_ref()? {
            Grant::Roles(roles) => roles.clone().into(),
            Grant::When(expr) => expr.to_string().into(),
        };
        Some((name.to_owned(), value))
    });
    grants.collect()
}

fn column_to_json(model: &Model, table: &Table, column: &Column) -> Object {
    let mut entry = Object::new();
    let reference = table.references.iter().find(|reference| {
        let own = reference.columns.last();
        own == Some(&column.name) && is_of_one_column(reference, implied_column(model, table))
    });
    let name = match reference {
        Some(_) => "ref",
        None => kind_name(&column.kind),
    };
    let array = if column.array { "[]" } else { "" };
    entry.insert("type".into(), format!("{name}{array}").into());
    if let Some(reference) = reference {
        let to = reference.to.last().map_or("", String::as_str);
        let key = model.table(&reference.table).map_or(&[][..], |other| &other.primary_key);
        let is_key = key == reference.to;
        let to = if is_key { reference.table.clone() } else { format!("{}.{to}", reference.table) };
        entry.insert("to".into(), to.into());
        put_text(&mut entry, "on_delete", word(&ON_DELETES, reference.on_delete));
    } else {
        match &column.kind {
            Kind::Enum { name } => put_text(&mut entry, "of", name),
            Kind::Decimal { precision, scale } => {
                entry.insert("precision".into(), (*precision).into());
                entry.insert("scale".into(), (*scale).into());
            }
            Kind::Json { shape } if *shape != Shape::Any => {
                put_text(&mut entry, "shape", word(&SHAPES, *shape));
            }
            _ => {}
        }
    }
    put_text(&mut entry, "id", if column.id == column.name { "" } else { &column.id });
    put_flag(&mut entry, "optional", column.optional);
    entry.extend(column.default.iter().map(|default| ("default".to_owned(), default.clone())));
    put_text(&mut entry, "auto", column.auto.map_or("", |auto| word(&AUTOS, auto)));
    let bounds = [("min", column.rules.min), ("max", column.rules.max)];
    for (key, bound) in bounds {
        entry.extend(bound.map(|bound| (key.to_owned(), bound_to_json(column, bound))));
    }
    put_text(&mut entry, "pattern", column.rules.pattern.as_deref().unwrap_or_default());
    put_text(&mut entry, "format", column.rules.format.map_or("", |format| word(&FORMATS, format)));
    put_flag(&mut entry, "encrypted", column.encrypted);
    put_flag(&mut entry, "blind_index", column.blind_index);
    put_flag(&mut entry, "secret", column.secret);
    let write = if column.write == Write::Always { "" } else { word(&WRITES, column.write) };
    put_text(&mut entry, "write", write);
    put_text(&mut entry, "doc", &column.doc);
    entry
}

/// The tenant key where it stands in a table's keys and references by itself.
fn implied_column<'t>(model: &Model, table: &'t Table) -> Option<&'t str> {
    let is_tenants_own = model.tenancy.as_ref().is_none_or(|tenancy| tenancy.tenant == table.name);
    model.tenant_column(table).filter(|_| !is_tenants_own)
}

/// Whether a reference has one column of its own, the tenant key that is carried along aside.
fn is_of_one_column(reference: &Reference, tenant: Option<&str>) -> bool {
    match &reference.columns[..] {
        [_] => true,
        [first, _] => Some(first.as_str()) == tenant,
        _ => false,
    }
}

fn bound_to_json(column: &Column, bound: Bound) -> Value {
    match (bound, &column.kind) {
        (Bound::Integer(value), Kind::Decimal { scale, .. }) if !column.array => {
            let unit = 10_i64.saturating_pow(*scale);
            match value % unit {
                0 => (value / unit).into(),
                _ => (value as f64 / unit as f64).into(),
            }
        }
        (Bound::Integer(value), _) => value.into(),
        (Bound::Real(value), _) => value.into(),
    }
}

/// The name of a type in the format.
pub(crate) fn kind_name(kind: &Kind) -> &'static str {
    match kind {
        Kind::Text => "text",
        Kind::Integer => "integer",
        Kind::BigInt => "bigint",
        Kind::Decimal { .. } => "decimal",
        Kind::Real => "real",
        Kind::Boolean => "boolean",
        Kind::Uuid => "uuid",
        Kind::Timestamp => "timestamp",
        Kind::Date => "date",
        Kind::Time => "time",
        Kind::Json { .. } => "json",
        Kind::Blob => "blob",
        Kind::Enum { .. } => "enum",
    }
}

fn word<T: PartialEq>(words: &[(&'static str, T)], value: T) -> &'static str {
    words.iter().find(|(_, known)| *known == value).map_or("", |(word, _)| word)
}

fn put_text(object: &mut Object, key: &str, text: &str) {
    if !text.is_empty() {
        object.insert(key.into(), text.into());
    }
}

fn put_flag(object: &mut Object, key: &str, flag: bool) {
    if flag {
        object.insert(key.into(), true.into());
    }
}

fn put_list<T: Into<Value>>(object: &mut Object, key: &str, list: Vec<T>) {
    if !list.is_empty() {
        object.insert(key.into(), list.into());
    }
}

fn put_object(object: &mut Object, key: &str, entries: Object) {
    if !entries.is_empty() {
        object.insert(key.into(), entries.into());
    }
}
