//! A model as an entity-relationship diagram in Mermaid's notation.

use std::fmt::Write;

use crate::model::{Column, Model, Table};

/// The model as a Mermaid ER diagram (<https://mermaid.js.org/syntax/entityRelationshipDiagram.html>).
pub fn diagram(model: &Model) -> String {
    let mut text = String::from("erDiagram\n");
    for table in &model.tables {
        let _ = writeln!(text, "    {} {{", table.name);
        for column in &table.columns {
            let _ = writeln!(text, "        {}", attribute(table, column));
        }
        text.push_str("    }\n");
    }
    for table in &model.tables {
        for reference in &table.references {
            let name = reference.columns.last().map_or("", String::as_str);
            let optional = table.column(name).is_some_and(|column| column.optional);
            let parent = if optional { "|o" } else { "||" };
            let _ = writeln!(text, "    {} {parent}--o{{ {} : {name}", reference.table, table.name);
        }
    }
    text
}

fn attribute(table: &Table, column: &Column) -> String {
    let kind = crate::model::kind_name(&column.kind);
    let array = if column.array { "[]" } else { "" };
    let mut keys = Vec::new();
    if table.primary_key.contains(&column.name) {
        keys.push("PK");
    }
    if table.references.iter().any(|reference| reference.columns.contains(&column.name)) {
        keys.push("FK");
    }
    if table.unique.iter().any(|unique| unique.columns.last() == Some(&column.name)) {
        keys.push("UK");
    }
    let keys = if keys.is_empty() { String::new() } else { format!(" {}", keys.join(", ")) };
    let doc = match column.doc.replace('"', "'") {
        doc if doc.is_empty() => doc,
        doc => format!(" \"{doc}\""),
    };
    format!("{kind}{array} {}{keys}{doc}", column.name)
}
