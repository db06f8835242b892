//! The type of every column, followed through references.

use super::problems::{Problems, suggestion};
use super::resolve::primary_key;
use super::spec::{ColumnSpec, ModelSpec, TableSpec};
use super::{Kind, Shape};

/// The type of each column, by table and column name.
pub(super) struct Kinds {
    list: Vec<((String, String), Kind)>,
}

impl Kinds {
    pub fn of(&self, table: &str, column: &str) -> Kind {
        let found = self.list.iter().find(|((t, c), _)| t == table && c == column);
        found.map_or(Kind::Text, |(_, kind)| kind.clone())
    }
}

pub(super) fn resolve_kinds(spec: &ModelSpec, problems: &mut Problems<'_>) -> Kinds {
    let mut list = Vec::new();
    for table in &spec.tables {
        for column in &table.columns {
            let kind = resolve_kind(spec, column, Some(&mut *problems));
            list.push(((table.name.clone(), column.name.clone()), kind.unwrap_or(Kind::Text)));
        }
    }
    Kinds { list }
}

/// Splits `plans.code` into the table and the column, which is the key's last one when left out.
pub(super) fn target<'s>(spec: &'s ModelSpec, to: &'s str) -> Option<(&'s TableSpec, &'s str)> {
    let (table, column) = match to.split_once('.') {
        Some((table, column)) => (table, Some(column)),
        None => (to, None),
    };
    let table = spec.tables.iter().find(|candidate| candidate.name == table)?;
    let tenant = spec.tenancy.as_ref().map(|tenancy| tenancy.key.as_str());
    let key_column = || {
        let mut rest = primary_key(table).iter().filter(|c| Some(c.as_str()) != tenant);
        let column = rest.next()?;
        rest.next().is_none().then_some(column.as_str())
    };
    Some((table, column.or_else(key_column)?))
}

fn resolve_kind(
    spec: &ModelSpec,
    column: &ColumnSpec,
    mut problems: Option<&mut Problems<'_>>,
) -> Option<Kind> {
    let mut report = |path: String, code, message: String| {
        if let Some(problems) = &mut problems {
            problems.add(&path, code, message);
        }
    };
    Some(match column.type_name.as_str() {
        "integer" => Kind::Integer,
        "bigint" => Kind::BigInt,
        "decimal" => {
            let precision = u32::try_from(column.precision.unwrap_or(18)).unwrap_or(0);
            let scale = u32::try_from(column.scale.unwrap_or(2)).unwrap_or(u32::MAX);
            if !(1..=18).contains(&precision) || scale > precision {
                let message = "a decimal has 1 to 18 digits, `scale` of them after the point";
                report(column.path.clone(), "bad_decimal", message.to_owned());
                return None;
            }
            Kind::Decimal { precision, scale }
        }
        "real" => Kind::Real,
        "boolean" => Kind::Boolean,
        "uuid" => Kind::Uuid,
        "timestamp" => Kind::Timestamp,
        "date" => Kind::Date,
        "time" => Kind::Time,
        "json" => Kind::Json { shape: column.shape.unwrap_or(Shape::Any) },
        "blob" => Kind::Blob,
        "enum" => {
            let name = column.of.clone().unwrap_or_default();
            if !spec.enums.iter().any(|candidate| candidate.name == name) {
                let known = spec.enums.iter().map(|candidate| candidate.name.as_str());
                let message =
                    format!("`of` names no enum of the model{}", suggestion(&name, known));
                report(format!("{}.of", column.path), "unknown_enum", message);
            }
            Kind::Enum { name }
        }
        "ref" => {
            let to = column.to.as_deref().unwrap_or_default();
            let Some((target_table, target_column)) = target(spec, to) else {
                let name = to.split('.').next().unwrap_or_default();
                let known = spec.tables.iter().map(|candidate| candidate.name.as_str());
                let message = match spec.tables.iter().any(|candidate| candidate.name == name) {
                    true => format!("`{name}` is keyed by several columns; use `references`"),
                    false => {
                        format!("`to` names no table of the model{}", suggestion(name, known))
                    }
                };
                report(format!("{}.to", column.path), "dangling_reference", message);
                return None;
            };
            let found = target_table.columns.iter().find(|c| c.name == target_column);
            match found {
                Some(found) if !is_circular(spec, found) => {
                    return resolve_kind(spec, found, None);
                }
                Some(_) => {
                    let message = "the references lead in a circle: none says its type".to_owned();
                    report(format!("{}.to", column.path), "circular_reference", message);
                    return None;
                }
                None => {
                    let message =
                        format!("`{}` has no column `{target_column}`", target_table.name);
                    report(format!("{}.to", column.path), "dangling_reference", message);
                    return None;
                }
            }
        }
        _ => Kind::Text,
    })
}

/// Whether a column's references never reach a column with a type of its own.
fn is_circular(spec: &ModelSpec, column: &ColumnSpec) -> bool {
    let columns: usize = spec.tables.iter().map(|table| table.columns.len()).sum();
    let mut column = column;
    for _ in 0..columns {
        if column.type_name != "ref" {
            return false;
        }
        let next = target(spec, column.to.as_deref().unwrap_or_default())
            .and_then(|(table, name)| table.columns.iter().find(|found| found.name == name));
        match next {
            Some(next) => column = next,
            None => return false,
        }
    }
    column.type_name == "ref"
}
