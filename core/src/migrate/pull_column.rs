//! One column of a live table as the model format says it: its type from storage and checks.

use serde_json::{Map, Value};

use crate::schema::{
    Action, CheckSchema, ColumnSchema, ForeignKeySchema, Fragment, Schema, TableSchema,
};
use crate::value::SAFE_INTEGER_MAX;

/// A column as it was read.
pub(super) struct Found {
    pub spec: Map<String, Value>,
    pub note: Option<String>,
    /// The values, where it is an enum.
    pub values: Option<Vec<String>>,
}

/// Whether the column and its checks are as another schema has them.
pub(super) fn is_unchanged(table: &TableSchema, known: Option<&TableSchema>, name: &str) -> bool {
    let Some(known) = known else { return false };
    let checks = |table: &TableSchema| -> Vec<String> {
        let own = table.checks.iter().filter(|check| is_alone(table, check, name));
        let mut texts: Vec<String> = own.map(|check| check.expr.canonical()).collect();
        texts.sort();
        texts
    };
    let references = |table: &TableSchema| -> Vec<ForeignKeySchema> {
        let own = table.foreign_keys.iter().filter(|f| f.columns.last().is_some_and(|c| c == name));
        own.cloned().collect()
    };
    table.column(name).is_some()
        && table.column(name) == known.column(name)
        && checks(table) == checks(known)
        && references(table) == references(known)
}

/// Whether a check is about this column and no other.
fn is_alone(table: &TableSchema, check: &CheckSchema, name: &str) -> bool {
    check.expr.mentions(name)
        && table.columns.iter().all(|c| c.name == name || !check.expr.mentions(&c.name))
}

/// Whether a check is one that a column's type and bounds explain.
pub(super) fn explains(table: &TableSchema, check: &CheckSchema) -> bool {
    let alone = table.columns.iter().find(|column| is_alone(table, check, &column.name));
    alone.is_some_and(|column| {
        let mut form = Form::default();
        form.read(&column.name, check.name.as_deref().unwrap_or_default(), &check.expr)
    })
}

/// What happens to the reference: `SET NULL` over the tenant key is a trigger.
pub(super) fn on_delete(
    live: &Schema,
    table: &TableSchema,
    reference: &ForeignKeySchema,
) -> &'static str {
    match reference.on_delete {
        Action::Cascade => "cascade",
        Action::SetNull | Action::SetDefault => "set_null",
        Action::NoAction | Action::Restrict => {
            let nulls = reference.columns.last().is_some_and(|column| {
                live.triggers.values().any(|trigger| {
                    trigger.table == reference.table
                        && trigger.name.starts_with(&format!("{}_", table.name))
                        && trigger.name.ends_with("_set_null")
                        && trigger.body.canonical().contains(&format!("{column} = NULL"))
                })
            });
            if nulls { "set_null" } else { "restrict" }
        }
    }
}

pub(super) fn read(
    live: &Schema,
    table: &TableSchema,
    column: &ColumnSchema,
    tenant: Option<&str>,
) -> Found {
    let mut form = Form::of(table, &column.name);
    if form.kind.is_none() {
        // A column of a wide reference is bound by the column that it refers to.
        form.kind = referred_kind(live, table, &column.name, 0);
    }
    let is_key = table.key_columns().contains(&column.name.as_str());
    let mut spec = Map::new();
    let mut note = None;
    let reference = table.foreign_keys.iter().find(|reference| {
        let shared = usize::from(
            reference.columns.len() > 1 && tenant == reference.columns.first().map(String::as_str),
        );
        reference.columns.len() - shared == 1 && reference.columns.last() == Some(&column.name)
    });
    match reference {
        Some(reference) => {
            let target = live.table(&reference.table);
            let key: Vec<String> = target
                .map(|target| target.key_columns().into_iter().map(str::to_owned).collect())
                .unwrap_or_default();
            let last = reference.to.last().map_or("", String::as_str);
            let to = match key == reference.to {
                true => reference.table.clone(),
                false => format!("{}.{last}", reference.table),
            };
            spec.insert("type".into(), "ref".into());
            spec.insert("to".into(), to.into());
            spec.insert("on_delete".into(), on_delete(live, table, reference).into());
        }
        None => {
            let (name, guessed) = form.type_name(column);
            if guessed {
                let message = "taken for";
                note = Some(format!(
                    "{}.{}: {} {message} {name}",
                    table.name, column.name, column.type_name
                ));
            }
            spec.insert("type".into(), name.into());
            form.write(&mut spec);
            put_auto(&mut spec, column, is_key);
        }
    }
    if !column.not_null && !is_key {
        spec.insert("optional".into(), true.into());
    }
    if let Some(default) = &column.default {
        match form.default_value(&spec, default) {
            Some(value) => drop(spec.insert("default".into(), value)),
            None => {
                let text = default.text();
                note = Some(format!("{}.{}: DEFAULT {text} has no place", table.name, column.name));
            }
        }
    }
    if column.generated.is_some() || column.collate.is_some() {
        note = Some(format!("{}.{}: generated or collated", table.name, column.name));
    }
    Found { spec, note, values: form.values }
}

/// The columns that the core fills in are known by their names and types.
fn put_auto(spec: &mut Map<String, Value>, column: &ColumnSchema, is_key: bool) {
    let kind = spec["type"].as_str().unwrap_or_default();
    let auto = match (column.name.as_str(), kind) {
        ("id", "uuid") if is_key => "id",
        ("created_at", "timestamp") if column.not_null => "created",
        ("updated_at", "timestamp") if column.not_null => "updated",
        _ => return,
    };
    spec.insert("auto".into(), auto.into());
}

/// What a column's checks say.
#[derive(Default)]
struct Form {
    kind: Option<&'static str>,
    shape: Option<&'static str>,
    decimal: Option<(i64, i64)>,
    values: Option<Vec<String>>,
    min: Option<String>,
    max: Option<String>,
}

/// The type of the column that a column refers to, through further references.
fn referred_kind(
    live: &Schema,
    table: &TableSchema,
    column: &str,
    depth: usize,
) -> Option<&'static str> {
    if let Some(kind) = Form::of(table, column).kind {
        return Some(kind);
    }
    table.foreign_keys.iter().filter(|_| depth < 8).find_map(|reference| {
        let at = reference.columns.iter().position(|name| name == column)?;
        let target = live.table(&reference.table)?;
        referred_kind(live, target, reference.to.get(at)?, depth + 1)
    })
}

impl Form {
    /// What the checks on a column alone say.
    fn of(table: &TableSchema, column: &str) -> Form {
        let mut form = Form::default();
        for check in table.checks.iter().filter(|check| is_alone(table, check, column)) {
            form.read(column, check.name.as_deref().unwrap_or_default(), &check.expr);
        }
        form
    }

    /// Takes a check in; whether it could be read.
    fn read(&mut self, column: &str, rule: &str, expr: &Fragment) -> bool {
        let text = expr.canonical();
        let name = crate::sql::quote::name(column);
        let words: Vec<&str> = text.split(' ').collect();
        let rest = match words.strip_prefix(&[name.as_str()][..]) {
            Some(rest) => rest.join(" "),
            None => return self.read_call(&name, rule, &text),
        };
        if let Some(globbed) = rest.strip_prefix("GLOB ") {
            self.kind = match globbed {
                "'????-??-??T??:??:??.???Z'" => Some("timestamp"),
                "'????-??-??'" => Some("date"),
                "'??:??:??.???'" => Some("time"),
                _ => return false,
            };
            return true;
        }
        if rest == "IN ( 0 , 1 )" {
            self.kind = Some("boolean");
            return true;
        }
        if rest.starts_with("IN ( '") {
            let tokens = crate::sql::tokens(expr.text()).flatten();
            self.values = Some(tokens.filter_map(|token| token.string()).collect());
            self.kind = Some("enum");
            return true;
        }
        if let Some((_, decimal)) = rule.rsplit_once("_decimal_") {
            let digits = decimal.split_once('_').and_then(|(precision, scale)| {
                Some((precision.parse().ok()?, scale.parse().ok()?))
            });
            self.decimal = digits;
            self.kind = Some("decimal");
        } else if rule.ends_with("_integer") {
            self.kind = Some("integer");
        }
        self.read_range(&rest)
    }

    fn read_call(&mut self, name: &str, rule: &str, text: &str) -> bool {
        if let Some(rest) = text.strip_prefix(&format!("length ( {name} ) ")) {
            if rest == "= 36" && rule.ends_with("_uuid") {
                self.kind = Some("uuid");
                return true;
            }
            return self.read_range(rest);
        }
        if let Some(rest) = text.strip_prefix(&format!("json_array_length ( {name} ) ")) {
            return self.read_range(rest);
        }
        let valid = format!("json_valid ( {name} )");
        let typed = format!("{valid} AND json_type ( {name} ) = ");
        match text.strip_prefix(&typed) {
            Some("'array'") if rule.ends_with("_array") => self.kind = Some("array"),
            Some("'array'") => (self.kind, self.shape) = (Some("json"), Some("array")),
            Some("'object'") => (self.kind, self.shape) = (Some("json"), Some("object")),
            None if text == valid => self.kind = Some("json"),
            _ => return false,
        }
        true
    }

    fn read_range(&mut self, rest: &str) -> bool {
        let words: Vec<&str> = rest.split(' ').collect();
        let joined = rest.replace("- ", "-");
        let numbers: Vec<&str> = joined.split(' ').collect();
        let (min, max) = match numbers[..] {
            ["BETWEEN", min, "AND", max] => (Some(min), Some(max)),
            ["=", both] => (Some(both), Some(both)),
            [">=", min] => (Some(min), None),
            ["<=", max] => (None, Some(max)),
            _ => return false,
        };
        let is_number = |text: &Option<&str>| text.is_none_or(|text| text.parse::<f64>().is_ok());
        if !is_number(&min) || !is_number(&max) || words.len() > 6 {
            return false;
        }
        self.min = min.map(str::to_owned);
        self.max = max.map(str::to_owned);
        true
    }

    /// The type's name in the format, and whether it was guessed from a declaration.
    fn type_name(&self, column: &ColumnSchema) -> (String, bool) {
        match self.kind {
            // What the items are is not kept by SQLite.
            Some("array") => return ("text[]".to_owned(), true),
            Some(kind) => return (kind.to_owned(), false),
            None => {}
        }
        let declared = column.type_name.to_ascii_uppercase();
        let has = |part: &str| declared.contains(part);
        let (kind, guessed) = match declared.as_str() {
            "TEXT" => ("text", false),
            "REAL" => ("real", false),
            "BLOB" => ("blob", false),
            "INTEGER" => ("bigint", false),
            _ if has("BOOL") => ("boolean", true),
            _ if has("DATETIME") || has("TIMESTAMP") => ("timestamp", true),
            _ if has("DATE") => ("date", true),
            _ if has("INT") => ("bigint", true),
            _ if has("CHAR") || has("CLOB") || has("TEXT") => ("text", true),
            _ if has("REAL") || has("FLOA") || has("DOUB") => ("real", true),
            _ if has("JSON") => ("json", true),
            _ if has("UUID") => ("uuid", true),
            _ if has("DEC") || has("NUMERIC") => ("decimal", true),
            _ => ("blob", true),
        };
        (kind.to_owned(), guessed)
    }

    fn write(&self, spec: &mut Map<String, Value>) {
        if let Some(shape) = self.shape {
            spec.insert("shape".into(), shape.into());
        }
        let mut scale = 0;
        let mut limit = SAFE_INTEGER_MAX;
        if let Some((precision, digits)) = self.decimal {
            spec.insert("precision".into(), precision.into());
            spec.insert("scale".into(), digits.into());
            scale = digits;
            limit = 10_i64.checked_pow(precision as u32).map_or(i64::MAX, |limit| limit - 1);
        }
        for (key, bound) in [("min", &self.min), ("max", &self.max)] {
            let Some(bound) = bound else { continue };
            let whole: Option<i64> = bound.parse().ok();
            let typed = self.kind == Some("integer") || self.kind == Some("decimal");
            if typed && whole.is_some_and(|whole| whole.abs() == limit) {
                continue; // The type's own bound.
            }
            let value = match (whole, bound.parse::<f64>()) {
                (Some(whole), _) if scale == 0 => whole.into(),
                (_, Ok(number)) => (number / 10_f64.powi(scale as i32)).into(),
                _ => continue,
            };
            spec.insert(key.into(), value);
        }
    }

    fn default_value(&self, spec: &Map<String, Value>, default: &Fragment) -> Option<Value> {
        let text = default.text();
        let string = crate::sql::tokens(text).flatten().next().and_then(|token| token.string());
        let kind = spec["type"].as_str().unwrap_or_default();
        match (kind, string) {
            ("json" | "text[]", Some(json)) => serde_json::from_str(&json).ok(),
            (_, Some(text)) => Some(text.into()),
            ("boolean", None) => Some((text == "1").into()),
            ("decimal", None) => {
                let (_, scale) = self.decimal?;
                let scaled: f64 = text.parse().ok()?;
                Some(format!("{:.*}", scale as usize, scaled / 10_f64.powi(scale as i32)).into())
            }
            ("real", None) => text.parse::<f64>().ok().map(Value::from),
            (_, None) => text.parse::<i64>().ok().map(Value::from),
        }
    }
}
