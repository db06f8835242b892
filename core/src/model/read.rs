//! Reads the tree of a model's source into its spec, field by field, naming every mistake.

use super::expr::Expr;
use super::expr_parse;
use super::node::{Entry, Node, NodeValue};
use super::problems::{Fields, Problems, suggestion, text, texts};
use super::spec::*;
use super::{Bound, Enum, Grant, Predicate, SoftDelete, tenancy};

pub(super) fn read_model(root: &Node, problems: &mut Problems<'_>) -> ModelSpec {
    let mut spec = ModelSpec::default();
    let Some(mut fields) = Fields::of(root, "", problems) else { return spec };
    match fields.text("name", problems) {
        Some(name) => spec.name = name,
        None => problems.add("name", "missing", "a model needs a name"),
    }
    check_name(&spec.name, "name", problems);
    spec.title = fields.text("title", problems);
    spec.description = fields.text("description", problems);
    spec.tenancy = fields.get("tenancy").and_then(|node| tenancy::read(node, problems));
    for entry in fields.entries("enums", problems) {
        let path = format!("enums.{}", entry.key);
        check_name(&entry.key, &path, problems);
        let values = texts(&entry.node, &path, problems).unwrap_or_default();
        check_enum(&values, &path, problems);
        spec.enums.push(Enum { name: entry.key.clone(), values });
    }
    for entry in fields.entries("predicates", problems) {
        spec.predicates.extend(read_predicate(entry, problems));
    }
    for entry in fields.entries("tables", problems) {
        spec.tables.extend(read_table(entry, problems));
    }
    for entry in fields.entries("links", problems) {
        spec.links.extend(read_link(entry, problems));
    }
    if spec.tables.is_empty() {
        problems.add("tables", "missing", "a model needs at least one table");
    }
    fields.get("$schema"); // Editors find the format's JSON Schema by it.
    fields.finish(problems);
    spec
}

fn check_enum(values: &[String], path: &str, problems: &mut Problems<'_>) {
    if values.is_empty() {
        problems.add(path, "empty", "an enum needs at least one value");
    }
    for (at, value) in values.iter().enumerate() {
        if values[..at].contains(value) {
            problems.add(&format!("{path}[{at}]"), "duplicate", format!("`{value}` stands twice"));
        }
        if value.is_empty() || value.len() > 120 || value.contains(['\0', '\n']) {
            let message = "a value has 1 to 120 bytes and no line ends";
            problems.add(&format!("{path}[{at}]"), "bad_value", message);
        }
    }
}

fn read_predicate(entry: &Entry, problems: &mut Problems<'_>) -> Option<Predicate> {
    let path = format!("predicates.{}", entry.key);
    let (name, arguments) = match entry.key.split_once('(') {
        Some((name, rest)) if rest.ends_with(')') => {
            let list = rest.trim_end_matches(')').split(',').map(|a| a.trim().to_owned());
            (name, list.filter(|argument| !argument.is_empty()).collect())
        }
        Some(_) => {
            problems.add(&path, "bad_name", "a predicate is named like `in_team(id)`");
            return None;
        }
        None => (entry.key.as_str(), Vec::new()),
    };
    check_name(name, &path, problems);
    let body = read_expr(&entry.node, &path, problems)?;
    Some(Predicate { name: name.to_owned(), arguments, body })
}

fn read_link(entry: &Entry, problems: &mut Problems<'_>) -> Option<LinkSpec> {
    let path = format!("links.{}", entry.key);
    check_name(&entry.key, &path, problems);
    let NodeValue::Table(entries) = &entry.node.value else {
        problems.add(&path, "wrong_type", "a link has two columns, each with its table");
        return None;
    };
    let mut ends = Vec::new();
    let mut policy = None;
    for end in entries {
        let end_path = format!("{path}.{}", end.key);
        if end.key == "policy" && matches!(end.node.value, NodeValue::Table(_)) {
            policy = read_policy(&end.node, &end_path, problems);
            continue;
        }
        check_name(&end.key, &end_path, problems);
        ends.push((end.key.clone(), text(&end.node, || end_path, problems)?));
    }
    if ends.len() != 2 {
        problems.add(&path, "bad_link", format!("a link has two columns, not {}", ends.len()));
        return None;
    }
    Some(LinkSpec { name: entry.key.clone(), path, ends, policy })
}

fn read_table(entry: &Entry, problems: &mut Problems<'_>) -> Option<TableSpec> {
    let path = format!("tables.{}", entry.key);
    check_name(&entry.key, &path, problems);
    let mut fields = Fields::of(&entry.node, &path, problems)?;
    let mut spec = TableSpec {
        name: entry.key.clone(),
        id: fields.text("id", problems),
        doc: fields.text("doc", problems),
        scope: fields.text("scope", problems),
        owner: fields.text("owner", problems),
        template: read_word(&mut fields, "template", &TEMPLATES, problems),
        without: fields.texts("without", problems).unwrap_or_default(),
        primary_key: fields.texts("primary_key", problems),
        versioned: fields.flag("versioned", problems).unwrap_or_default(),
        audited: fields.flag("audited", problems).unwrap_or_default(),
        rowid: fields.flag("rowid", problems),
        soft_delete: read_soft_delete(&mut fields, problems),
        ..TableSpec::default()
    };
    for column in fields.entries("columns", problems) {
        spec.columns.extend(read_column(column, &path, problems));
    }
    if fields.get("unique").is_some() {
        let nodes = fields.items("unique", problems).iter().enumerate();
        let read = |(at, node)| read_unique(node, &format!("{path}.unique[{at}]"), problems);
        spec.unique = Some(nodes.filter_map(read).collect());
    }
    for (at, node) in fields.items("indexes", problems).iter().enumerate() {
        spec.indexes.extend(read_index(node, &format!("{path}.indexes[{at}]"), problems));
    }
    for (at, node) in fields.items("references", problems).iter().enumerate() {
        let path = format!("{path}.references[{at}]");
        spec.references.extend(read_reference(node, path, problems));
    }
    for check in fields.entries("checks", problems) {
        let check_path = format!("{path}.checks.{}", check.key);
        check_name(&check.key, &check_path, problems);
        let expr = read_expr(&check.node, &check_path, problems);
        spec.checks.extend(expr.map(|expr| (check.key.clone(), expr)));
    }
    if let Some(node) = fields.get("policy") {
        spec.policy = read_policy(node, &format!("{path}.policy"), problems);
    }
    spec.path = path;
    fields.finish(problems);
    Some(spec)
}

fn read_soft_delete(fields: &mut Fields<'_>, problems: &mut Problems<'_>) -> Option<SoftDelete> {
    let node = fields.get("soft_delete")?;
    let path = fields.path_of("soft_delete");
    match &node.value {
        NodeValue::Boolean(true) => Some(SoftDelete { cascade: false }),
        NodeValue::Boolean(false) => None,
        _ => {
            let mut fields = Fields::of(node, &path, problems)?;
            let cascade = fields.flag("cascade", problems).unwrap_or_default();
            fields.finish(problems);
            Some(SoftDelete { cascade })
        }
    }
}

fn read_column(entry: &Entry, table: &str, problems: &mut Problems<'_>) -> Option<ColumnSpec> {
    let path = format!("{table}.columns.{}", entry.key);
    check_name(&entry.key, &path, problems);
    let mut fields = Fields::of(&entry.node, &path, problems)?;
    let type_name = fields.text("type", problems);
    let mut spec = ColumnSpec {
        name: entry.key.clone(),
        id: fields.text("id", problems),
        doc: fields.text("doc", problems).unwrap_or_default(),
        of: fields.text("of", problems),
        to: fields.text("to", problems),
        on_delete: read_word(&mut fields, "on_delete", &ON_DELETES, problems),
        optional: fields.flag("optional", problems).unwrap_or_default(),
        default: fields.get("default").map(Node::to_json),
        auto: read_word(&mut fields, "auto", &AUTOS, problems),
        precision: read_digits(&mut fields, "precision", problems),
        scale: read_digits(&mut fields, "scale", problems),
        min: read_number(&mut fields, "min", problems),
        max: read_number(&mut fields, "max", problems),
        pattern: fields.text("pattern", problems),
        format: read_word(&mut fields, "format", &FORMATS, problems),
        shape: read_word(&mut fields, "shape", &SHAPES, problems),
        encrypted: fields.flag("encrypted", problems).unwrap_or_default(),
        blind_index: fields.flag("blind_index", problems).unwrap_or_default(),
        secret: fields.flag("secret", problems).unwrap_or_default(),
        write: read_word(&mut fields, "write", &WRITES, problems),
        ..ColumnSpec::default()
    };
    fields.finish(problems);
    let Some(type_name) = type_name else {
        problems.add(&path, "missing", "a column needs a `type`");
        return None;
    };
    let base = type_name.strip_suffix("[]");
    spec.array = base.is_some();
    spec.type_name = base.unwrap_or(&type_name).to_owned();
    if !TYPES.contains(&spec.type_name.as_str()) {
        let message = format!(
            "there is no type `{type_name}`{}; there are: {}",
            suggestion(&spec.type_name, TYPES.iter().copied()),
            TYPES.join(", ")
        );
        problems.add(&format!("{path}.type"), "unknown_type", message);
        return None;
    }
    spec.path = path;
    Some(spec)
}

fn read_digits(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Option<i64> {
    read_number(fields, key, problems).map(|number| match number {
        Bound::Integer(count) => count,
        // No count of digits: named where the type is resolved.
        Bound::Real(_) => -1,
    })
}

fn read_number(
    fields: &mut Fields<'_>,
    key: &'static str,
    problems: &mut Problems<'_>,
) -> Option<Bound> {
    let node = fields.get(key)?;
    match node.value {
        NodeValue::Integer(value) => Some(Bound::Integer(value)),
        NodeValue::Real(value) if value.is_finite() => Some(Bound::Real(value)),
        _ => {
            let message = format!("a number expected, not {}", node.kind());
            problems.add(&fields.path_of(key), "wrong_type", message);
            None
        }
    }
}

fn read_word<T: Copy>(
    fields: &mut Fields<'_>,
    key: &'static str,
    words: &[(&str, T)],
    problems: &mut Problems<'_>,
) -> Option<T> {
    let word = fields.text(key, problems)?;
    let found = words.iter().find(|(known, _)| *known == word);
    if found.is_none() {
        let known: Vec<&str> = words.iter().map(|(known, _)| *known).collect();
        let message = format!(
            "`{word}` is none of: {}{}",
            known.join(", "),
            suggestion(&word, known.iter().copied())
        );
        problems.add(&fields.path_of(key), "unknown_word", message);
    }
    found.map(|(_, value)| *value)
}

fn read_unique(node: &Node, path: &str, problems: &mut Problems<'_>) -> Option<UniqueSpec> {
    if let NodeValue::Array(_) = node.value {
        let columns = texts(node, path, problems)?;
        return Some(UniqueSpec { columns, nulls_equal: false });
    }
    let mut fields = Fields::of(node, path, problems)?;
    let columns = fields.texts("columns", problems);
    let words = [("equal", true), ("distinct", false)];
    let nulls_equal = read_word(&mut fields, "nulls", &words, problems).unwrap_or_default();
    fields.finish(problems);
    Some(UniqueSpec { columns: columns?, nulls_equal })
}

fn read_index(node: &Node, path: &str, problems: &mut Problems<'_>) -> Option<IndexSpec> {
    if let NodeValue::Array(_) = node.value {
        let columns = texts(node, path, problems)?;
        return Some(IndexSpec { columns, cross_tenant: false });
    }
    let mut fields = Fields::of(node, path, problems)?;
    let columns = fields.texts("columns", problems);
    let cross_tenant = fields.flag("cross_tenant", problems).unwrap_or_default();
    fields.finish(problems);
    Some(IndexSpec { columns: columns?, cross_tenant })
}

fn read_reference(node: &Node, path: String, problems: &mut Problems<'_>) -> Option<ReferenceSpec> {
    let mut fields = Fields::of(node, &path, problems)?;
    let columns = fields.texts("columns", problems);
    let to = fields.text("to", problems);
    let to_columns = fields.texts("to_columns", problems);
    let on_delete = read_word(&mut fields, "on_delete", &ON_DELETES, problems);
    fields.finish(problems);
    if columns.is_none() || to.is_none() || to_columns.is_none() {
        problems.add(&path, "missing", "a reference needs `columns`, `to` and `to_columns`");
    }
    Some(ReferenceSpec { path, columns: columns?, to: to?, to_columns: to_columns?, on_delete })
}

fn read_policy(node: &Node, path: &str, problems: &mut Problems<'_>) -> Option<PolicySpec> {
    let mut fields = Fields::of(node, path, problems)?;
    let mut grant = |key: &'static str, problems: &mut Problems<'_>| {
        let node = fields.get(key)?;
        read_grant(node, &fields.path_of(key), problems)
    };
    let policy = PolicySpec {
        read: grant("read", problems),
        write: grant("write", problems),
        insert: grant("insert", problems),
        update: grant("update", problems),
        delete: grant("delete", problems),
    };
    fields.finish(problems);
    Some(policy)
}

fn read_grant(node: &Node, path: &str, problems: &mut Problems<'_>) -> Option<Grant> {
    match node.value {
        NodeValue::Array(_) => texts(node, path, problems).map(Grant::Roles),
        _ => read_expr(node, path, problems).map(Grant::When),
    }
}

pub(super) fn read_expr(node: &Node, path: &str, problems: &mut Problems<'_>) -> Option<Expr> {
    let source = text(node, || path.to_owned(), problems)?;
    match expr_parse::parse(&source) {
        Ok(expr) => Some(expr),
        Err(error) => {
            let at = source.get(..error.offset).map_or(0, |before| before.chars().count()) + 1;
            problems.add(path, "bad_expression", format!("at character {at}: {}", error.message));
            None
        }
    }
}

/// Names are snake_case and short enough for every index that is made from them.
fn check_name(name: &str, path: &str, problems: &mut Problems<'_>) {
    let mut chars = name.chars();
    let snake_case = chars.next().is_some_and(|first| first.is_ascii_lowercase())
        && chars.all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_');
    let reserved = ["sqlite_", "freehold_", "refinery_", "pragma_"];
    if !snake_case || name.len() > 48 {
        let message = format!("`{name}` is no name: snake_case, a letter first, 48 bytes at most");
        problems.add(path, "bad_name", message);
    } else if reserved.iter().any(|prefix| name.starts_with(prefix)) {
        problems.add(path, "bad_name", format!("`{name}`: names that begin so are taken"));
    }
}
