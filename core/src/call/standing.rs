//! Standing queries: what a request reads, as far as one can tell without running it.

use serde_json::Value;

use super::params::Params;
use super::rows;
use super::to_json;
use crate::capture::{Watch, WatchedRows};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::model::{Kind, Model, Table, Template};
use crate::query::ListOptions;
use crate::session::Session;
use crate::sql;
use crate::value::{self, SqlValue};

/// Answers a request, and watches for what concerns it under a name. What can't be answered is not
/// watched, unless a write may change that.
pub(super) fn watch(database: &mut Database, key: &str, request: &str) -> Result<String> {
    database.unwatch(key);
    let (method, mut params) = Params::parse(request)?;
    if !matches!(method.as_str(), "list" | "get" | "count" | "sql") {
        return Err(Params::unknown_method(&method));
    }
    if params.seen_text("sql").is_some_and(writes) {
        return Err(Params::invalid("sql", "a statement that only reads can be watched"));
    }
    let watch = reads(database, key, &method, &params)?;
    database.watch(watch)?;
    let columns = match params.seen_text("table") {
        Some(name) => database.bundle().model.table(name).map(|table| table.primary_key.clone()),
        None => None,
    };
    let answer = match method.as_str() {
        "list" => list(database, key, &mut params),
        _ => rows::answer(database, &method, &mut params),
    };
    if let Err(error) = &answer
        && !matches!(error, Error::SessionEnded { .. } | Error::NotInitialized)
    {
        database.unwatch(key);
    }
    let columns = to_json(columns.unwrap_or_default())?;
    Ok(["{\"key\":", &columns, ",\"answer\":", &answer?, "}"].concat())
}

/// Answers with a page, and keeps it to be brought up to date row by row.
fn list(database: &Database, key: &str, params: &mut Params) -> Result<String> {
    let actor = params.take_actor();
    let table = params.text("table")?;
    let options = ListOptions::from_json(params.rest()?.into())?;
    database.list_standing(key, actor, table, options)
}

fn reads(database: &Database, key: &str, method: &str, params: &Params) -> Result<Watch> {
    let model = database.bundle().model.clone();
    let all = 0..model.tables.len();
    let by_row = method == "list";
    let mut watch = Watch { key: key.to_owned(), rows: Vec::new(), tables: Vec::new(), by_row };
    let mut add = |table: usize, equal| {
        watch.rows.push(WatchedRows { table, tenant: None, equal });
        // These follow from writes to others, and are filled when they are read.
        let template = model.tables[table].template;
        if matches!(template, Some(Template::AuditLog | Template::Versions)) {
            watch.tables.extend(all.clone());
        }
    };
    if let Some(text) = params.seen_text("sql") {
        named(&model, text).into_iter().for_each(|table| add(table, Vec::new()));
    } else if let Some(name) = params.seen_text("table")
        && let Some(at) = model.tables.iter().position(|table| table.name == name)
    {
        let asked = params.seen(if method == "get" { "key" } else { "filter" });
        add(at, equal(&model.tables[at], asked));
    }
    match params.seen_actor() {
        Some(actor) => match database.session(actor.clone()) {
            Ok(session) => narrow(&mut watch, &model, &session)?,
            // Whoever has no access now may have it again after any write.
            Err(_) => watch.tables.extend(all),
        },
        // The owner's SQL may read views, and tables of the core's own.
        None if method == "sql" => watch.tables.extend(all),
        None => {}
    }
    Ok(watch)
}

/// Leaves of the rows those of the session's tenant, and adds what its actor's rights hang on.
fn narrow(watch: &mut Watch, model: &Model, session: &Session<'_>) -> Result<()> {
    let rules = match session.rules() {
        Ok(rules) => rules,
        Err(Error::SessionEnded { .. }) => {
            watch.tables.extend(0..model.tables.len());
            return Ok(());
        }
        Err(error) => return Err(error),
    };
    let position = |name: &String| model.tables.iter().position(|table| table.name == *name);
    for rows in &mut watch.rows {
        rows.tenant.clone_from(&rules.rights().tenant);
        let read = &rules.table_at(rows.table).read;
        watch.tables.extend(read.reads().iter().filter_map(position));
    }
    watch.tables.extend(session.hangs_on());
    Ok(())
}

/// The tables that a statement's text names, wherever it does; SQLite takes strings for names too.
fn named(model: &Model, text: &str) -> Vec<usize> {
    let tokens = sql::tokens(text).flatten();
    let names: Vec<String> =
        tokens.filter_map(|token| token.name().or_else(|| token.string())).collect();
    let is_named = |table: &Table| names.iter().any(|name| name.eq_ignore_ascii_case(&table.name));
    let tables = model.tables.iter().enumerate();
    tables.filter(|(_, table)| is_named(table)).map(|(at, _)| at).collect()
}

/// Whether a statement may do more than read.
fn writes(text: &str) -> bool {
    let mut words = sql::tokens(text).flatten();
    let reads = ["SELECT", "VALUES", "WITH"];
    let first = words.next();
    !first.is_some_and(|first| reads.iter().any(|word| first.is_word(word)))
        || words
            .any(|token| ["INSERT", "UPDATE", "DELETE", "INTO"].iter().any(|w| token.is_word(w)))
}

/// The columns that a filter, or a key, asks to be equal to a value, and how that is stored.
fn equal(table: &Table, asked: Option<&Value>) -> Vec<(usize, SqlValue<'static>)> {
    let position = |name: &str| table.columns.iter().position(|column| column.name == name);
    let stored = |at: usize, value: &Value| {
        let column = &table.columns[at];
        if column.encrypted || column.array {
            return None;
        }
        let stored = match &column.kind {
            Kind::Enum { .. } => value.as_str().map(SqlValue::from),
            kind => value::scalar(kind, &[], value).ok(),
        };
        stored.map(|stored| (at, stored.into_owned()))
    };
    match asked {
        Some(Value::Object(members)) => {
            let members =
                members.iter().filter(|(_, value)| !value.is_object() && !value.is_null());
            members.filter_map(|(name, value)| stored(position(name)?, value)).collect()
        }
        Some(key) => {
            let last = table.primary_key.last().and_then(|name| position(name));
            last.and_then(|at| stored(at, key)).into_iter().collect()
        }
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statements_that_write_are_told_apart() {
        for text in [
            "SELECT replace(name, 'a', 'b') FROM teams",
            " with t AS (SELECT 1) SELECT * FROM t",
            "VALUES (1)",
            "SELECT \"update\" FROM teams -- DELETE",
        ] {
            assert!(!writes(text), "{text}");
        }
        for text in [
            "INSERT INTO teams DEFAULT VALUES",
            "WITH t AS (SELECT 1) DELETE FROM teams",
            "with t as (select 1) replace into teams select * from t",
            "PRAGMA user_version",
            "",
        ] {
            assert!(writes(text), "{text}");
        }
    }
}
