//! Reading a set: its time and its rows, in the file's order.

use std::collections::HashMap;

use serde_json::Value;

use crate::error::{Error, Result};
use crate::model::{Kind, Model, toml_to_json};
use crate::seed::label_of;
use crate::value::{Row, calendar};

/// A seed set.
#[derive(Debug)]
pub(crate) struct SeedSet {
    /// The time of its ids and rows, Unix milliseconds, UTC.
    pub(crate) at_ms: i64,
    pub(crate) rows: Vec<SeedRow>,
    pub(crate) position_by_label: HashMap<String, usize>,
}

/// A row of a set, as it is written there.
#[derive(Debug)]
pub(crate) struct SeedRow {
    pub(crate) table: String,
    /// Its place among the table's rows, from 0.
    pub(crate) place: usize,
    pub(crate) label: Option<String>,
    pub(crate) values: Row,
    /// Which of the values may hold labels: JSON is taken as it is.
    pub(crate) labelled: Vec<String>,
}

impl SeedRow {
    /// The row's place in the set.
    pub(crate) fn path(&self) -> String {
        format!("{}[{}]", self.table, self.place)
    }
}

impl SeedSet {
    /// The rows that a row refers to, each with the column that does.
    ///
    /// # Errors
    ///
    /// The column, and that the set has no row of its label.
    pub(crate) fn named(&self, row: &SeedRow) -> Result<Vec<(String, usize)>, (String, String)> {
        let mut named = Vec::new();
        for column in &row.labelled {
            let values = match &row.values[column] {
                Value::Array(items) => items.as_slice(),
                value => std::slice::from_ref(value),
            };
            for label in values.iter().filter_map(label_of) {
                match self.position_by_label.get(label) {
                    Some(position) => named.push((column.clone(), *position)),
                    None => {
                        let message = format!(
                            "the set has no row with the label `{label}`; \
                             a text that starts with @ is written with two"
                        );
                        return Err((column.clone(), message));
                    }
                }
            }
        }
        Ok(named)
    }
}

/// Reads a set.
///
/// # Errors
///
/// - `invalid_seed`: broken TOML, no time, an unknown table or column, a label given twice
pub(crate) fn parse(set: &str, text: &str, model: &Model) -> Result<SeedSet> {
    let invalid = |path: &str, message: String| Error::InvalidSeed {
        set: set.to_owned(),
        path: path.to_owned(),
        message,
    };
    let mut file = toml_to_json(text).map_err(|problem| {
        invalid(&format!("line {}", problem.line.unwrap_or(1)), problem.message)
    })?;
    let at = file.shift_remove("at");
    let at = at.as_ref().and_then(Value::as_str).unwrap_or_default();
    let at_ms = calendar::timestamp_ms(at).ok_or_else(|| {
        invalid("at", "must be the set's time, such as \"2025-01-01T00:00:00.000Z\"".to_owned())
    })?;
    let mut parsed = SeedSet { at_ms, rows: Vec::new(), position_by_label: HashMap::new() };
    for (name, rows) in file {
        let Value::Array(rows) = rows else {
            let message = format!("must be rows, each under its own [[{name}]]");
            return Err(invalid(&name, message));
        };
        for (place, row) in rows.into_iter().enumerate() {
            let row = parse_row(model, &name, place, row)
                .map_err(|(path, message)| invalid(&path, message))?;
            if let Some(label) = &row.label {
                let position = parsed.rows.len();
                if parsed.position_by_label.insert(label.clone(), position).is_some() {
                    let message = format!("another row has the label `{label}` already");
                    return Err(invalid(&format!("{}._ref", row.path()), message));
                }
            }
            parsed.rows.push(row);
        }
    }
    Ok(parsed)
}

fn parse_row(
    model: &Model,
    table: &str,
    place: usize,
    row: Value,
) -> Result<SeedRow, (String, String)> {
    let path = format!("{table}[{place}]");
    let Some(known) = model.table(table) else {
        return Err((table.to_owned(), format!("the model has no table `{table}`")));
    };
    let Value::Object(members) = row else {
        return Err((path, format!("must be a row, under its own [[{table}]]")));
    };
    let mut found = SeedRow {
        table: table.to_owned(),
        place,
        label: None,
        values: Row::new(),
        labelled: Vec::new(),
    };
    for (name, value) in members {
        let here = format!("{path}.{name}");
        if name == "_ref" {
            found.label = match value {
                Value::String(label) if is_label(&label) => Some(label),
                _ => return Err((here, "must be letters, digits, _, - and .".to_owned())),
            };
            continue;
        }
        let Some(column) = known.column(&name) else {
            return Err((here, format!("`{table}` has no column of this name")));
        };
        if column.array || !matches!(column.kind, Kind::Json { .. }) {
            found.labelled.push(name.clone());
        }
        found.values.insert(name, value);
    }
    Ok(found)
}

fn is_label(text: &str) -> bool {
    let is_part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    !text.is_empty() && text.chars().all(is_part)
}
