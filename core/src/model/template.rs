//! The standard tables, and how a table extends one.

use std::sync::LazyLock;

use super::problems::Problems;
use super::spec::{ColumnSpec, ModelSpec, TEMPLATES, TableSpec};
use super::{Auto, Template, read, toml};

/// The standard tables, written in the format itself.
const SOURCE: &str = include_str!("templates.toml");

/// Puts the templates' columns and keys under what the tables say themselves.
pub(super) fn expand(spec: &mut ModelSpec, problems: &mut Problems<'_>) {
    // The core writes models out so, and reading the standard tables takes longer than the rest.
    if spec.tables.iter().all(is_written_out) {
        return;
    }
    let standard = standard_tables();
    let user = spec.tenancy.as_ref().and_then(|tenancy| tenancy.user.clone());
    for table in &mut spec.tables {
        let word = TEMPLATES.iter().find(|(_, template)| Some(*template) == table.template);
        let base = word.and_then(|(word, _)| standard.iter().find(|base| base.name == *word));
        if let Some(base) = base {
            extend(table, base, user.as_deref(), problems);
        }
    }
}

/// Whether a table's template adds nothing to it.
fn is_written_out(table: &TableSpec) -> bool {
    let Some(word) = TEMPLATES.iter().find(|(_, known)| Some(*known) == table.template) else {
        return true;
    };
    let names = standard_columns(word.0);
    let has = |name: &&str| table.columns.iter().any(|column| column.name == **name);
    let is_left_out = |name: &&str| table.without.iter().any(|left_out| left_out == *name);
    table.unique.is_some()
        && table.doc.is_some()
        && table.without.iter().all(|name| names.contains(&name.as_str()))
        && names.iter().all(|name| has(name) || is_left_out(name))
}

/// The names of a standard table's columns, which have a line each.
fn standard_columns(word: &str) -> Vec<&'static str> {
    let heading = format!("[tables.{word}]");
    let behind = SOURCE.split(heading.as_str()).nth(1).unwrap_or_default();
    let lines = behind.lines().take_while(|line| !line.starts_with('['));
    lines.filter_map(|line| line.strip_prefix("columns.")?.split(' ').next()).collect()
}

/// The names of a template's columns.
pub(super) fn column_names(template: Template) -> Vec<String> {
    let word = TEMPLATES.iter().find(|(_, known)| *known == template).map(|(word, _)| *word);
    let base = standard_tables().iter().find(|table| Some(table.name.as_str()) == word);
    base.into_iter().flat_map(|table| &table.columns).map(|column| column.name.clone()).collect()
}

fn standard_tables() -> &'static [TableSpec] {
    static TABLES: LazyLock<Vec<TableSpec>> = LazyLock::new(read_standard_tables);
    &TABLES
}

fn read_standard_tables() -> Vec<TableSpec> {
    let root = toml::read(SOURCE).expect("the templates are part of this build");
    let mut ignored = Problems::new(&root);
    read::read_model(&root, &mut ignored).tables
}

fn extend(
    table: &mut TableSpec,
    base: &TableSpec,
    user: Option<&str>,
    problems: &mut Problems<'_>,
) {
    for name in &table.without {
        if !base.columns.iter().any(|column| column.name == *name) {
            let message = format!("the template has no column `{name}`");
            problems.add(&format!("{}.without", table.path), "unknown_column", message);
        }
    }
    if table.unique.is_none() {
        let all_kept = |columns: &[String]| !columns.iter().any(|c| table.without.contains(c));
        let kept = base.unique.iter().flatten().filter(|unique| all_kept(&unique.columns));
        table.unique = Some(kept.cloned().collect());
    }
    table.doc.get_or_insert_with(|| base.doc.clone().unwrap_or_default());
    let is_written = |column: &&ColumnSpec| {
        table.without.contains(&column.name) || table.columns.iter().any(|c| c.name == column.name)
    };
    if base.columns.iter().all(|column| is_written(&column)) {
        return; // Everything is written out: the order is the table's own.
    }
    let own = std::mem::take(&mut table.columns);
    let kept: Vec<&ColumnSpec> =
        base.columns.iter().filter(|column| !table.without.contains(&column.name)).collect();
    let (last, first): (Vec<_>, Vec<_>) =
        kept.into_iter().partition(|column| is_written_time(column));
    for column in first {
        table.columns.push(own_or_standard(&own, column, table, user, problems));
    }
    let is_standard = |column: &ColumnSpec| {
        base.columns.iter().any(|c| c.name == column.name) && !table.without.contains(&column.name)
    };
    // Times of writing come last, and created before updated.
    let added = own.iter().filter(|column| !is_standard(column)).cloned();
    let (added_last, added): (Vec<_>, Vec<_>) = added.partition(is_written_time);
    table.columns.extend(added);
    for column in last {
        table.columns.push(own_or_standard(&own, column, table, user, problems));
    }
    table.columns.extend(added_last);
}

fn is_written_time(column: &ColumnSpec) -> bool {
    matches!(column.auto, Some(Auto::Created | Auto::Updated))
}

fn own_or_standard(
    own: &[ColumnSpec],
    standard: &ColumnSpec,
    table: &TableSpec,
    user: Option<&str>,
    problems: &mut Problems<'_>,
) -> ColumnSpec {
    if let Some(column) = own.iter().find(|column| column.name == standard.name) {
        return column.clone();
    }
    let mut column = standard.clone();
    column.path = format!("{}.columns.{}", table.path, column.name);
    if column.to.as_deref() == Some("$user") {
        if user.is_none() {
            let message = "this template refers to people: `tenancy.user` has to name their table";
            problems.add(&table.path, "missing", message);
        }
        column.to = user.map(str::to_owned);
    }
    column
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn standard_tables_are_told_by_their_lines() {
        for (word, template) in TEMPLATES {
            assert_eq!(standard_columns(word), column_names(template), "{word}");
        }
    }

    #[test]
    fn a_table_that_leaves_something_out_is_not_written_out() {
        let read = |table: &str| {
            let source = format!("name = \"a\"\n[tables.t]\ntemplate = \"tenant\"\n{table}");
            let root = toml::read(&source).expect("it is TOML");
            read::read_model(&root, &mut Problems::new(&root)).tables.remove(0)
        };
        let columns = |names: &[&str]| -> String {
            names.iter().map(|name| format!("columns.{name} = {{ type = \"text\" }}\n")).collect()
        };
        let all = columns(&["id", "name", "slug", "created_at", "updated_at"]);
        let most = columns(&["id", "name", "slug", "created_at"]);
        let said = "doc = \"One.\"\nunique = []\n";
        assert!(is_written_out(&read(&format!("{said}{all}"))));
        assert!(is_written_out(&read(&format!("{said}without = [\"updated_at\"]\n{most}"))));
        for table in [
            format!("{said}{most}"),
            format!("unique = []\n{all}"),
            format!("doc = \"One.\"\n{all}"),
            format!("{said}without = [\"nothing\"]\n{all}"),
        ] {
            assert!(!is_written_out(&read(&table)), "{table}");
        }
    }
}
