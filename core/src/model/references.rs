//! References: the keys they point at, with the tenant key on both sides, and their indexes.

use super::kinds::target;
use super::problems::Problems;
use super::resolve::{primary_key, tenant_column, with_prefix};
use super::spec::{ModelSpec, TableSpec};
use super::{Index, IndexColumn, OnDelete, Reference, Scope, Table};

pub(super) fn resolve_references(
    table: &TableSpec,
    spec: &ModelSpec,
    problems: &mut Problems<'_>,
) -> Vec<Reference> {
    let mut references = Vec::new();
    for column in &table.columns {
        // A reference that leads nowhere has been named when the types were resolved.
        let Some((other, to)) = column.to.as_deref().and_then(|to| target(spec, to)) else {
            continue;
        };
        let wanted = Wanted {
            path: &column.path,
            columns: std::slice::from_ref(&column.name),
            other,
            to: &[to.to_owned()],
            on_delete: column.on_delete.unwrap_or(OnDelete::Restrict),
        };
        references.extend(resolve_reference(table, spec, &wanted, problems));
    }
    for reference in &table.references {
        let Some(other) = spec.tables.iter().find(|other| other.name == reference.to) else {
            let message = "`to` names no table of the model";
            problems.add(&format!("{}.to", reference.path), "dangling_reference", message);
            continue;
        };
        let wanted = Wanted {
            path: &reference.path,
            columns: &reference.columns,
            other,
            to: &reference.to_columns,
            on_delete: reference.on_delete.unwrap_or(OnDelete::Restrict),
        };
        references.extend(resolve_reference(table, spec, &wanted, problems));
    }
    references
}

struct Wanted<'w> {
    path: &'w str,
    columns: &'w [String],
    other: &'w TableSpec,
    to: &'w [String],
    on_delete: OnDelete,
}

fn resolve_reference(
    table: &TableSpec,
    spec: &ModelSpec,
    wanted: &Wanted<'_>,
    problems: &mut Problems<'_>,
) -> Option<Reference> {
    let tenancy = spec.tenancy.as_ref();
    let own = tenant_column(table, tenancy);
    let theirs = tenant_column(wanted.other, tenancy);
    let is_root = tenancy.is_some_and(|tenancy| tenancy.tenant == wanted.other.name);
    if wanted.columns.len() != wanted.to.len() {
        problems.add(wanted.path, "bad_reference", "both sides need as many columns");
        return None;
    }
    // The tenant key itself, or a reference out of the tenants: nothing is added.
    let carried = match (own, theirs) {
        (Some(own), Some(_)) if is_root => {
            if wanted.columns != [own.to_owned()] && table.name != wanted.other.name {
                let message = "only the tenant key refers to the tenants' own table: \
                               another reference would cross tenants";
                problems.add(wanted.path, "crosses_tenants", message);
                return None;
            }
            None
        }
        (Some(own), Some(theirs)) => Some((own, theirs)),
        (None, Some(_)) => {
            let message = format!(
                "a row without a tenant can't refer to `{}`, whose rows belong to tenants",
                wanted.other.name
            );
            problems.add(wanted.path, "crosses_tenants", message);
            return None;
        }
        (_, None) => None,
    };
    let to = with_prefix(carried.map(|(_, theirs)| theirs), wanted.to);
    check_target(wanted, theirs.filter(|_| !is_root), &to, problems);
    Some(Reference {
        columns: with_prefix(carried.map(|(own, _)| own), wanted.columns),
        table: wanted.other.name.clone(),
        to,
        on_delete: wanted.on_delete,
    })
}

/// The columns referred to have to be a key that counts for all rows.
fn check_target(
    wanted: &Wanted<'_>,
    prefix: Option<&str>,
    to: &[String],
    problems: &mut Problems<'_>,
) {
    let other = wanted.other;
    let same = |key: &[String]| {
        let key = with_prefix(prefix, key);
        key.len() == to.len() && key.iter().all(|column| to.contains(column))
    };
    let is_key = same(primary_key(other));
    let is_unique = other.unique.iter().flatten().any(|unique| same(&unique.columns));
    if !is_key && !is_unique {
        let message = format!("({}) is no key of `{}`", wanted.to.join(", "), other.name);
        problems.add(wanted.path, "bad_reference", message);
    } else if !is_key && other.soft_delete.is_some() {
        let message = format!(
            "`{}` is soft-deleted, so its unique keys don't count for all rows; refer to its \
             primary key",
            other.name
        );
        problems.add(wanted.path, "bad_reference", message);
    }
}

/// Gives every reference an index, unless a key or index already starts with its columns.
pub(super) fn index_references(table: &mut Table) {
    let starts = |columns: &[String], wanted: &[String]| {
        columns.len() >= wanted.len() && columns[..wanted.len()] == *wanted
    };
    for reference in &table.references {
        let wanted = &reference.columns;
        let covered = starts(&table.primary_key, wanted)
            || table.soft_delete.is_none()
                && table
                    .unique
                    .iter()
                    .any(|unique| !unique.nulls_equal && starts(&unique.columns, wanted))
            || table.indexes.iter().any(|index| {
                let names: Vec<String> = index.columns.iter().map(|c| c.name.clone()).collect();
                starts(&names, wanted)
            });
        if !covered {
            let columns = wanted
                .iter()
                .map(|name| IndexColumn { name: name.clone(), descending: false })
                .collect();
            // Only the core's own statements look for rows by a key without the tenant: cascades,
            // and the memberships of a person.
            let tenant = match &table.scope {
                Scope::Tenant { column } => Some(column),
                _ => None,
            };
            let cross_tenant = tenant.is_some_and(|tenant| wanted.first() != Some(tenant));
            table.indexes.push(Index { columns, cross_tenant });
        }
    }
}
