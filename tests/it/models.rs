//! The built-in models against their documents: every fact is looked up in a live database.

mod carcosa;
mod live;
mod stratibreak;
mod valuecanvas;
mod vibecraft;
mod workflow;

use std::collections::{BTreeMap, BTreeSet};

use argon2::{Algorithm, Argon2, ParamsBuilder, PasswordHash, PasswordVerifier, Version};
use freehold_core::Bundle;
use live::{Facts, Live, OnDelete, owned};

const DOCUMENTS: [&Facts; 5] = [
    &valuecanvas::FACTS,
    &stratibreak::FACTS,
    &vibecraft::FACTS,
    &carcosa::FACTS,
    &workflow::FACTS,
];

fn for_each(check: impl Fn(&Facts, &Live)) {
    for facts in DOCUMENTS {
        check(facts, &Live::new(facts.model, "development"));
    }
}

fn set(names: &[&str]) -> BTreeSet<String> {
    owned(names).into_iter().collect()
}

/// The document's columns with the tenant key before them, where the table has one.
fn keyed<'f>(facts: &Facts, table: &str, columns: &[&'f str]) -> Vec<&'f str>
where
    'static: 'f,
{
    let key =
        (table != facts.tenancy.0 && !facts.global.contains(&table)).then_some(facts.tenancy.1);
    key.into_iter().chain(columns.iter().copied()).collect()
}

#[test]
fn every_model_is_checked() {
    let documents: BTreeSet<&str> = DOCUMENTS.iter().map(|facts| facts.model).collect();
    assert_eq!(documents, Bundle::builtin_names().collect());
}

#[test]
fn tables_and_columns_are_there() {
    for_each(|facts, live| {
        assert_eq!(live.tables(), set(facts.tables), "{}", facts.model);
        for (table, columns) in facts.columns {
            let found = live.columns(table);
            for column in *columns {
                assert!(found.contains(&(*column).to_owned()), "{}: {table}.{column}", facts.model);
            }
        }
        assert!(live.bundle.model.tables.iter().all(|table| table.doc.starts_with("One row ")));
    });
}

#[test]
fn tenants_rows_carry_the_tenant_key_first() {
    for_each(|facts, live| {
        let (tenants, key) = facts.tenancy;
        for table in live.tables() {
            if table == tenants || facts.global.contains(&table.as_str()) {
                assert!(!live.columns(&table).contains(&key.to_owned()), "{table}");
                continue;
            }
            assert_eq!(live.primary_key(&table)[0], key, "{}: {table}", facts.model);
            assert!(live.refers_to(&table, key).contains(&tenants.to_owned()), "{table}");
            for unique in live.indexes(&table, true) {
                assert_eq!(unique[0], key, "{}: {table} {unique:?}", facts.model);
            }
        }
    });
}

#[test]
fn deleting_a_tenant_leaves_nothing_of_it() {
    for_each(|facts, live| {
        let (tenants, key) = facts.tenancy;
        live.connection.execute(&format!("DELETE FROM {tenants}"), []).unwrap();
        for table in live.tables() {
            if !facts.global.contains(&table.as_str()) {
                let count = live.number(&format!("SELECT count(*) FROM {table}"));
                assert_eq!(count, 0, "{}: {table} by {key}", facts.model);
            }
        }
    });
}

#[test]
fn enums_have_the_documents_values() {
    for_each(|facts, live| {
        for (path, values) in facts.enums {
            let found = live.enum_of(path);
            assert!(
                values.iter().all(|value| found.contains(&(*value).to_owned())),
                "{}: {path} is {found:?}",
                facts.model
            );
            let (table, column) = path.split_once('.').unwrap();
            if !live.column(path).array {
                let wrong = format!("UPDATE {table} SET \"{column}\" = 'no such value'");
                let wrong = live.connection.execute(&wrong, []);
                let is_empty = live.number(&format!("SELECT count(*) FROM {table}")) == 0;
                assert!(wrong.is_err() || is_empty, "{}: {path} takes anything", facts.model);
            }
        }
    });
    assert_eq!(Live::new("carcosa", "production").enum_of("api_keys.permissions").len(), 17);
}

#[test]
fn unique_keys_are_there() {
    for_each(|facts, live| {
        for (table, columns) in facts.unique {
            let columns = keyed(facts, table, columns);
            assert!(live.has_unique(table, &columns), "{}: {table} {columns:?}", facts.model);
        }
    });
}

#[test]
fn indexes_are_there() {
    for_each(|facts, live| {
        for (table, columns) in facts.indexes {
            let columns = keyed(facts, table, columns);
            assert!(live.has_index(table, &columns), "{}: {table} {columns:?}", facts.model);
        }
        for (table, columns) in facts.cross_tenant {
            assert!(live.has_index(table, columns), "{}: {table} {columns:?}", facts.model);
        }
    });
}

/// Carcosa's document lists 32 indexes in eleven groups.
#[test]
fn carcosa_has_its_thirty_two_indexes() {
    let facts = &carcosa::FACTS;
    assert_eq!(facts.indexes.len() + facts.unique.len() + facts.cross_tenant.len(), 32);
}

#[test]
fn every_reference_has_an_index() {
    for_each(|facts, live| {
        let references = live.bundle.model.tables.iter().flat_map(|table| {
            table.references.iter().map(move |reference| (&table.name, &reference.columns))
        });
        for (table, columns) in references {
            let starts = |index: &Vec<String>| index.starts_with(columns);
            let found =
                starts(&live.primary_key(table)) || live.indexes(table, false).iter().any(starts);
            assert!(found, "{}: {table} {columns:?}", facts.model);
        }
    });
}

#[test]
fn relations_hold_and_cascade() {
    use freehold_core::model::OnDelete as Rule;
    for_each(|facts, live| {
        for (path, to, on_delete) in facts.relations {
            let (table, column) = path.split_once('.').unwrap();
            assert!(live.refers_to(table, column).contains(&(*to).to_owned()), "{path}");
            let mut references = live.table(table).references.iter();
            let found = references
                .find(|r| r.table == *to && r.columns.last().is_some_and(|last| last == column));
            let expected = match on_delete {
                OnDelete::Cascades => Rule::Cascade,
                OnDelete::Refused => Rule::Restrict,
                OnDelete::Forgets => Rule::SetNull,
            };
            assert_eq!(found.map(|r| r.on_delete), Some(expected), "{}: {path}", facts.model);
        }
    });
}

#[test]
fn json_fields_hold_json_alone() {
    for_each(|facts, live| {
        for path in facts.json {
            let (table, column) = path.split_once('.').unwrap();
            let sql = live.sql_of(table);
            let says_so = sql.contains("json_valid(") && sql.contains(column);
            assert!(says_so, "{}: {path} in {sql}", facts.model);
            let wrong = format!("UPDATE {table} SET \"{column}\" = '{{no json'");
            let wrong = live.connection.execute(&wrong, []);
            let is_empty = live.number(&format!("SELECT count(*) FROM {table}")) == 0;
            assert!(wrong.is_err() || is_empty, "{}: {path} takes anything", facts.model);
        }
    });
}

#[test]
fn encrypted_and_secret_columns_are_marked() {
    for_each(|facts, live| {
        assert_eq!(live.columns_where(|column| column.encrypted), set(facts.encrypted));
        assert_eq!(live.columns_where(|column| column.secret), set(facts.secret));
    });
}

#[test]
fn soft_deletion_is_where_the_document_has_it() {
    for_each(|facts, live| {
        let tables = live.bundle.model.tables.iter().filter(|table| table.soft_delete.is_some());
        let found: BTreeSet<String> = tables.map(|table| table.name.clone()).collect();
        assert_eq!(found, set(facts.soft_delete), "{}", facts.model);
        let with_column = live.tables().into_iter();
        let with_column: BTreeSet<String> = with_column
            .filter(|table| live.columns(table).contains(&"deleted_at".to_owned()))
            .collect();
        assert_eq!(with_column, found, "{}", facts.model);
    });
}

#[test]
fn migrations_have_the_documents_names() {
    for_each(|facts, live| {
        let found: Vec<String> = live.bundle.migrations.iter().map(|m| m.file_stem()).collect();
        assert_eq!(found, facts.migrations, "{}", facts.model);
        assert!(live.bundle.migrations.iter().all(|migration| migration.down.is_some()));
    });
}

#[test]
fn development_sets_hold_what_the_documents_list() {
    for_each(|facts, live| {
        let expected: BTreeMap<&str, usize> = facts.rows.iter().copied().collect();
        for table in live.tables() {
            let count = live.number(&format!("SELECT count(*) FROM {table}"));
            let expected = expected.get(table.as_str()).copied().unwrap_or(0);
            assert_eq!(usize::try_from(count), Ok(expected), "{}: {table}", facts.model);
        }
        assert!(live.texts("SELECT \"table\" FROM pragma_foreign_key_check", []).is_empty());
    });
}

/// The hashes are argon2id of the sizes that OWASP asks for, and of the documents' passwords.
#[test]
fn people_sign_in_with_the_documents_passwords() {
    for_each(|facts, live| {
        let sql = "SELECT count(*) FROM users WHERE password_hash IS NOT NULL";
        assert_eq!(usize::try_from(live.number(sql)), Ok(facts.people.len()), "{}", facts.model);
        for (person, password) in facts.people {
            let (email, role) = person.split_once(' ').unwrap_or((person, ""));
            let sql = "SELECT password_hash FROM users WHERE email = ?1";
            let hash = live.texts(sql, [email]).remove(0);
            let hash = PasswordHash::new(&hash).unwrap();
            let strength = ParamsBuilder::new().m_cost(19_456).t_cost(2).p_cost(1).build().unwrap();
            assert_eq!(argon2::Params::try_from(&hash).unwrap().m_cost(), strength.m_cost());
            assert_eq!(hash.algorithm.as_str(), "argon2id");
            let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, strength);
            assert!(argon2.verify_password(password.as_bytes(), &hash).is_ok(), "{email}");
            if !role.is_empty() {
                let sql = "SELECT role FROM users WHERE email = ?1";
                assert_eq!(live.texts(sql, [email]), [role]);
            }
        }
    });
}

#[test]
fn other_sets_have_no_known_password_and_nothing_is_encrypted_yet() {
    for facts in DOCUMENTS {
        for set in ["development", "staging", "production"] {
            let live = Live::new(facts.model, set);
            for path in facts.encrypted {
                let (table, column) = path.split_once('.').unwrap();
                let sql = format!("SELECT count(*) FROM {table} WHERE {column} IS NOT NULL");
                assert_eq!(live.number(&sql), 0, "{}/{set}: {path}", facts.model);
            }
            if set != "development" {
                let sql = "SELECT count(*) FROM users WHERE password_hash IS NOT NULL";
                assert_eq!(live.number(sql), 0, "{}/{set}", facts.model);
            }
            if set == "production" {
                assert_eq!(live.number("SELECT count(*) FROM users"), 0, "{}", facts.model);
            }
        }
    }
}

/// `docs/models.md` lists every table of every model.
#[test]
fn the_document_of_the_models_names_every_table() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/models.md");
    let text = std::fs::read_to_string(path).unwrap();
    for facts in DOCUMENTS {
        let start = format!("[`{}`]", facts.model);
        let line =
            text.lines().find(|line| line.starts_with('|') && line.contains(&start)).unwrap();
        let tables = line.trim_end_matches([' ', '|']).rsplit('|').next().unwrap();
        let tables: Vec<&str> = tables.split(',').map(str::trim).collect();
        assert_eq!(set(&tables), set(facts.tables), "{}", facts.model);
    }
}
