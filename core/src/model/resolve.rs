//! Turns a spec into a model: adds what is implied and resolves names.
//!
//! Mistakes are named and stepped over, so that all of them come out at once; the model is only
//! used when there were none.

use super::problems::{Problems, suggestion};
use super::spec::*;
use super::*;

pub(super) fn resolve(mut spec: ModelSpec, problems: &mut Problems<'_>) -> Model {
    template::expand(&mut spec, problems);
    resolve_expanded(spec, problems)
}

/// Resolves a spec whose tables say themselves what their templates say.
pub(super) fn resolve_expanded(mut spec: ModelSpec, problems: &mut Problems<'_>) -> Model {
    let links: Vec<TableSpec> =
        spec.links.iter().map(|link| link_table(link, spec.tenancy.as_ref())).collect();
    spec.tables.extend(links);
    let tenancy = spec.tenancy.as_ref();
    for table in &mut spec.tables {
        add_implied_columns(table, tenancy, problems);
    }
    let kinds = kinds::resolve_kinds(&spec, problems);
    let tables: Vec<Table> =
        spec.tables.iter().map(|table| resolve_table(table, &spec, &kinds, problems)).collect();
    if let Some(tenancy) = &mut spec.tenancy {
        tenancy::resolve(tenancy, &tables);
    }
    Model {
        title: spec.title.clone().unwrap_or_else(|| spec.name.clone()),
        description: spec.description.clone().unwrap_or_default(),
        name: spec.name,
        tenancy: spec.tenancy,
        enums: spec.enums,
        predicates: spec.predicates,
        tables,
    }
}

/// Whether the table's rows belong to tenants, and through which column.
pub(super) fn tenant_column<'s>(
    table: &'s TableSpec,
    tenancy: Option<&'s Tenancy>,
) -> Option<&'s str> {
    let tenancy = tenancy?;
    match table.scope.as_deref() {
        Some("tenant") | None if table.name == tenancy.tenant => {
            let key = table.primary_key.as_ref().and_then(|key| key.first());
            Some(key.map_or("id", String::as_str))
        }
        Some("tenant") | None => Some(&tenancy.key),
        _ => None,
    }
}

fn link_table(link: &LinkSpec, tenancy: Option<&Tenancy>) -> TableSpec {
    let columns = link.ends.iter().map(|(name, to)| ColumnSpec {
        name: name.clone(),
        path: format!("{}.{name}", link.path),
        type_name: "ref".to_owned(),
        to: Some(to.clone()),
        on_delete: Some(OnDelete::Cascade),
        ..ColumnSpec::default()
    });
    let [(left, left_table), (right, right_table)] = &link.ends[..] else {
        unreachable!("the reader only lets links with two ends through");
    };
    TableSpec {
        name: link.name.clone(),
        path: link.path.clone(),
        doc: Some(format!("One row links one of {left_table} with one of {right_table}.")),
        scope: Some(if tenancy.is_some() { "tenant" } else { "public" }.to_owned()),
        primary_key: Some(vec![left.clone(), right.clone()]),
        columns: columns.collect(),
        policy: link.policy.clone(),
        ..TableSpec::default()
    }
}

fn add_implied_columns(
    table: &mut TableSpec,
    tenancy: Option<&Tenancy>,
    problems: &mut Problems<'_>,
) {
    if table.scope.is_none() {
        table.scope = Some(if tenancy.is_some() { "tenant" } else { "public" }.to_owned());
    }
    let has = |table: &TableSpec, name: &str| table.columns.iter().any(|c| c.name == name);
    if table.primary_key.is_none() && !has(table, "id") {
        let id = ColumnSpec {
            name: "id".to_owned(),
            path: table.path.clone(),
            type_name: "uuid".to_owned(),
            auto: Some(Auto::Id),
            ..ColumnSpec::default()
        };
        table.columns.insert(0, id);
    }
    if let Some(tenancy) = tenancy.filter(|tenancy| tenancy.tenant != table.name)
        && table.scope.as_deref() == Some("tenant")
    {
        match table.columns.iter_mut().find(|column| column.name == tenancy.key) {
            Some(column) => {
                if column.to.as_deref() != Some(&tenancy.tenant) || column.optional {
                    let message = format!(
                        "the tenant key is a reference to `{}` and never optional",
                        tenancy.tenant
                    );
                    problems.add(&column.path, "bad_tenant_key", message);
                }
                column.on_delete.get_or_insert(OnDelete::Cascade);
            }
            None => table.columns.insert(
                0,
                ColumnSpec {
                    name: tenancy.key.clone(),
                    path: table.path.clone(),
                    doc: "The tenant that the row belongs to.".to_owned(),
                    type_name: "ref".to_owned(),
                    to: Some(tenancy.tenant.clone()),
                    on_delete: Some(OnDelete::Cascade),
                    ..ColumnSpec::default()
                },
            ),
        }
    }
    if table.soft_delete.is_some() && !has(table, "deleted_at") {
        table.columns.push(ColumnSpec {
            name: "deleted_at".to_owned(),
            path: format!("{}.soft_delete", table.path),
            doc: "When the row was deleted; empty while it is there.".to_owned(),
            type_name: "timestamp".to_owned(),
            optional: true,
            ..ColumnSpec::default()
        });
    }
}

fn resolve_table(
    table: &TableSpec,
    spec: &ModelSpec,
    kinds: &kinds::Kinds,
    problems: &mut Problems<'_>,
) -> Table {
    let tenancy = spec.tenancy.as_ref();
    let columns: Vec<Column> = table
        .columns
        .iter()
        .map(|column| {
            columns::resolve_column(column, kinds.of(&table.name, &column.name), problems)
        })
        .collect();
    let tenant = tenant_column(table, tenancy);
    let prefix = tenant.filter(|_| tenancy.is_some_and(|t| t.tenant != table.name));
    let references = references::resolve_references(table, spec, problems);
    let mut resolved = Table {
        name: table.name.clone(),
        id: table.id.clone().unwrap_or_else(|| table.name.clone()),
        doc: table.doc.clone().unwrap_or_default(),
        scope: scope_of(table, tenant, tenancy, problems),
        template: table.template,
        primary_key: with_prefix(prefix, primary_key(table)),
        unique: table
            .unique
            .iter()
            .flatten()
            .map(|unique| Unique {
                columns: with_prefix(prefix, &unique.columns),
                nulls_equal: unique.nulls_equal,
            })
            .collect(),
        indexes: table.indexes.iter().map(|index| resolve_index(index, prefix)).collect(),
        references,
        checks: table
            .checks
            .iter()
            .map(|(name, expr)| Check { name: name.clone(), expr: expr.clone() })
            .collect(),
        soft_delete: table.soft_delete,
        versioned: table.versioned,
        audited: table.audited,
        rowid: table.rowid.unwrap_or_else(|| columns.iter().any(is_large)),
        policy: table.policy.as_ref().map(resolve_policy),
        columns,
    };
    references::index_references(&mut resolved);
    resolved
}

pub(super) fn primary_key(table: &TableSpec) -> &[String] {
    static ID: std::sync::LazyLock<Vec<String>> =
        std::sync::LazyLock::new(|| vec!["id".to_owned()]);
    table.primary_key.as_deref().unwrap_or(&ID)
}

pub(super) fn with_prefix(prefix: Option<&str>, columns: &[String]) -> Vec<String> {
    let rest = columns.iter().filter(|column| Some(column.as_str()) != prefix);
    prefix.map(str::to_owned).into_iter().chain(rest.cloned()).collect()
}

fn resolve_index(index: &IndexSpec, prefix: Option<&str>) -> Index {
    let prefix = prefix.filter(|_| !index.cross_tenant);
    let parse = |text: &String| match text.strip_suffix(" desc") {
        Some(name) => IndexColumn { name: name.trim().to_owned(), descending: true },
        None => IndexColumn {
            name: text.strip_suffix(" asc").unwrap_or(text).to_owned(),
            descending: false,
        },
    };
    let first = prefix.map(|name| IndexColumn { name: name.to_owned(), descending: false });
    let rest =
        index.columns.iter().map(parse).filter(|column| Some(column.name.as_str()) != prefix);
    Index { columns: first.into_iter().chain(rest).collect(), cross_tenant: index.cross_tenant }
}

/// Rows of such columns are better kept out of the key's own tree.
fn is_large(column: &Column) -> bool {
    const TEXT_LENGTH_MAX: i64 = 1024;
    let bounded = matches!(column.rules.max, Some(Bound::Integer(max)) if max <= TEXT_LENGTH_MAX);
    match column.kind {
        _ if column.array => true,
        Kind::Json { .. } | Kind::Blob => true,
        Kind::Text => !bounded && column.rules.format.is_none(),
        _ => false,
    }
}

fn scope_of(
    table: &TableSpec,
    tenant: Option<&str>,
    tenancy: Option<&Tenancy>,
    problems: &mut Problems<'_>,
) -> Scope {
    let scope_path = format!("{}.scope", table.path);
    match table.scope.as_deref() {
        Some("tenant") => match tenant {
            Some(column) => Scope::Tenant { column: column.to_owned() },
            None => {
                let message = "a model without [tenancy] has no tenant-scoped tables";
                problems.add(&scope_path, "no_tenancy", message);
                Scope::Public
            }
        },
        Some("user") => {
            let owner = table.owner.clone().unwrap_or_default();
            let reaches_user = table.columns.iter().any(|column| {
                let user = tenancy.and_then(|tenancy| tenancy.user.as_deref());
                column.name == owner
                    && (column.to.is_some() && column.to.as_deref() == user
                        || user == Some(table.name.as_str()))
            });
            if !reaches_user {
                let message = "`owner` has to name the column that refers to the users table";
                problems.add(&format!("{}.owner", table.path), "bad_owner", message);
            }
            Scope::User { owner }
        }
        Some("public") => Scope::Public,
        Some(other) => {
            let known = ["tenant", "user", "public"];
            let message = format!(
                "`{other}` is none of: {}{}",
                known.join(", "),
                suggestion(other, known.iter().copied())
            );
            problems.add(&scope_path, "unknown_word", message);
            Scope::Public
        }
        None => Scope::Public,
    }
}

fn resolve_policy(spec: &PolicySpec) -> Policy {
    let or_write = |grant: &Option<Grant>| grant.clone().or_else(|| spec.write.clone());
    Policy {
        read: spec.read.clone(),
        insert: or_write(&spec.insert),
        update: or_write(&spec.update),
        delete: or_write(&spec.delete),
    }
}
