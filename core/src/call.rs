//! The core as one call: a JSON request in, a JSON response out.
//!
//! This is the door for hosts that speak JSON (the browser's worker) and for the scenario files
//! that every host replays. A request is `{"method": …, "params": {…}}`, a response `{"ok": …}` or
//! `{"error": {"code": …, "message": …}}` with the error's own fields beside the code.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use crate::bundle::{Bundle, BundleFiles};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::generate;
use crate::host::Host;
use crate::migrate::{self, Progress, Target};
use crate::model::Model;
use crate::query::ListOptions;
use crate::value::Row;

/// A request to an open database.
#[derive(Debug, Deserialize)]
#[serde(tag = "method", content = "params", rename_all = "snake_case", deny_unknown_fields)]
enum Request {
    Init {
        seed: Option<String>,
    },
    Status {},
    MigrateUp {
        to: Option<String>,
    },
    MigrateDown {
        to: String,
    },
    Drift {},
    Verify {},
    Pull {},
    Push {
        #[serde(default)]
        allow_data_loss: bool,
    },
    Seed {
        set: String,
    },
    Seeds {},
    Reset {
        seed: Option<String>,
    },
    Inspect {},
    Model {},
    Insert {
        table: String,
        row: Row,
    },
    InsertMany {
        table: String,
        rows: Vec<Row>,
    },
    Get {
        table: String,
        key: Value,
    },
    Update {
        table: String,
        key: Value,
        changes: Row,
    },
    Delete {
        table: String,
        key: Value,
    },
    Restore {
        table: String,
        key: Value,
    },
    Upsert {
        table: String,
        row: Row,
    },
    List(TableList),
    Count {
        table: String,
        filter: Option<Value>,
    },
    Validate {
        table: String,
        row: Row,
        mode: Mode,
        key: Option<Value>,
    },
    Sql {
        sql: String,
        #[serde(default)]
        params: Vec<Value>,
    },
    Generate {
        what: What,
    },
}

#[derive(Debug, Deserialize)]
struct TableList {
    table: String,
    /// Read in a second step: flattened structs do not refuse unknown members.
    #[serde(flatten)]
    options: Row,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Insert,
    Update,
}

/// What can be generated from a model.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    Ts,
    JsonSchema,
    Diagram,
}

/// A request that needs no database.
#[derive(Debug, Deserialize)]
#[serde(tag = "method", content = "params", rename_all = "snake_case", deny_unknown_fields)]
enum StaticRequest {
    Models {},
    CheckModel {
        text: String,
    },
    NewMigration {
        files: BundleFiles,
        name: String,
        #[serde(default)]
        allow_data_loss: bool,
    },
    Generate {
        model: String,
        what: What,
    },
}

/// Answers a request to an open database. Never panics on what it is given.
///
/// # Example
///
/// ```
/// # use freehold_core::{Bundle, Database, call::call, host::FixedHost};
/// let connection = rusqlite::Connection::open_in_memory()?;
/// let bundle = Bundle::builtin("workflow")?;
/// let mut database = Database::open(connection, bundle, Box::new(FixedHost::new(0, 1)))?;
/// let answer = call(&mut database, r#"{"method": "init", "params": {}}"#, &mut |_| {});
/// assert!(answer.starts_with(r#"{"ok":"#), "{answer}");
/// # Ok::<(), freehold_core::Error>(())
/// ```
pub fn call(
    database: &mut Database,
    request: &str,
    progress: &mut dyn FnMut(Progress<'_>),
) -> String {
    respond(parse(request).and_then(|request| answer(database, request, progress)))
}

/// Answers a request that needs no database.
pub fn call_static(request: &str, host: &dyn Host) -> String {
    respond(parse(request).and_then(|request| answer_static(request, host)))
}

/// An error as the JSON that crosses every boundary: code, message, and the error's own fields.
pub fn error_to_json(error: &Error) -> Value {
    let mut object = Map::new();
    object.insert("code".to_owned(), error.code().into());
    object.insert("message".to_owned(), error.to_string().into());
    let mut put = |key: &str, value: Value| object.insert(key.to_owned(), value);
    match error {
        Error::InvalidModel { problems } => put("problems", json!(problems)),
        Error::Invalid { table, issues } => {
            put("table", table.clone().into());
            put("issues", json!(issues))
        }
        Error::NotFound { table, .. } | Error::UnknownTable { table } => {
            put("table", table.clone().into())
        }
        Error::SchemaDrift { differences, .. } => put("differences", json!(differences)),
        Error::DataLoss { losses } => put("losses", json!(losses)),
        Error::InvalidArgument { argument, .. } => put("argument", argument.clone().into()),
        Error::MigrationFailed { migration, line, .. }
        | Error::InvalidMigration { migration, line, .. } => {
            put("migration", migration.clone().into());
            put("line", json!(line))
        }
        Error::InvalidSeed { set, path, .. } => {
            put("set", set.clone().into());
            put("path", path.clone().into())
        }
        Error::EncryptionUnavailable { table, column } => {
            put("table", table.clone().into());
            put("column", column.clone().into())
        }
        _ => None,
    };
    Value::Object(object)
}

fn parse<'r, T: Deserialize<'r>>(request: &'r str) -> Result<T> {
    serde_json::from_str(request).map_err(|error| Error::InvalidArgument {
        argument: "request".to_owned(),
        message: error.to_string(),
    })
}

fn respond(result: Result<Value>) -> String {
    match result {
        Ok(value) => json!({ "ok": value }).to_string(),
        Err(error) => json!({ "error": error_to_json(&error) }).to_string(),
    }
}

fn to_json(value: impl serde::Serialize) -> Result<Value> {
    serde_json::to_value(value).map_err(|error| Error::InvalidArgument {
        argument: "response".to_owned(),
        message: error.to_string(),
    })
}

fn parse_version(text: &str) -> Result<i64> {
    text.parse().map_err(|_| Error::InvalidArgument {
        argument: "to".to_owned(),
        message: format!("`{text}` is no version: digits, as a text"),
    })
}

fn answer(
    database: &mut Database,
    request: Request,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Value> {
    match request {
        Request::Init { seed } => to_json(database.init(seed.as_deref(), progress)?),
        Request::Status {} => to_json(database.status()?),
        Request::MigrateUp { to } => {
            let version = to.as_deref().map(parse_version).transpose()?;
            let target = version.map_or(Target::Latest, Target::Version);
            to_json(database.migrate_up(target, progress)?)
        }
        Request::MigrateDown { to } => {
            to_json(database.migrate_down(parse_version(&to)?, progress)?)
        }
        Request::Drift {} => to_json(database.drift()?),
        Request::Verify {} => to_json(migrate::verify(database.bundle())?),
        Request::Pull {} => to_json(database.pull()?),
        Request::Push { allow_data_loss } => to_json(database.push(allow_data_loss)?),
        Request::Seed { set } => to_json(database.seed(&set)?),
        Request::Seeds {} => to_json(database.bundle().seeds.keys().collect::<Vec<_>>()),
        Request::Reset { seed } => to_json(database.reset(seed.as_deref(), progress)?),
        Request::Inspect {} => {
            let mut findings = Vec::new();
            database.inspect(&mut |finding| findings.push(finding))?;
            to_json(findings)
        }
        Request::Model {} => Ok(database.bundle().model.to_json()),
        Request::Generate { what } => Ok(generated(&database.bundle().model, what)),
        rows => answer_rows(database, rows),
    }
}

fn answer_rows(database: &Database, request: Request) -> Result<Value> {
    let owner = database.owner()?;
    match request {
        Request::Insert { table, row } => to_json(owner.insert(&table, &row)?),
        Request::InsertMany { table, rows } => to_json(owner.insert_many(&table, &rows)?),
        Request::Get { table, key } => to_json(owner.get(&table, &key)?),
        Request::Update { table, key, changes } => to_json(owner.update(&table, &key, &changes)?),
        Request::Delete { table, key } => to_json(owner.delete(&table, &key)?),
        Request::Restore { table, key } => to_json(owner.restore(&table, &key)?),
        Request::Upsert { table, row } => to_json(owner.upsert(&table, &row)?),
        Request::List(list) => {
            to_json(owner.list(&list.table, &ListOptions::from_json(list.options.into())?)?)
        }
        Request::Count { table, filter } => to_json(owner.count(&table, filter.as_ref())?),
        Request::Validate { table, row, mode, key } => {
            let key = key.as_ref().filter(|_| matches!(mode, Mode::Update));
            to_json(owner.validate(&table, &row, key)?)
        }
        Request::Sql { sql, params } => to_json(owner.sql(&sql, &params)?),
        other => unreachable!("{other:?} is answered above"),
    }
}

fn answer_static(request: StaticRequest, host: &dyn Host) -> Result<Value> {
    match request {
        StaticRequest::Models {} => {
            let models: Vec<Value> = Bundle::builtin_names()
                .map(|name| Bundle::builtin(name).map(|bundle| summary(&bundle)))
                .collect::<Result<_>>()?;
            Ok(models.into())
        }
        StaticRequest::CheckModel { text } => match Model::from_text(&text) {
            Ok(model) => Ok(json!({ "problems": [], "model": model.to_json() })),
            Err(Error::InvalidModel { problems }) => Ok(json!({ "problems": problems })),
            Err(error) => Err(error),
        },
        StaticRequest::NewMigration { files, name, allow_data_loss } => {
            let bundle = Bundle::from_files(&files)?;
            to_json(migrate::create(&bundle, &name, allow_data_loss, host)?)
        }
        StaticRequest::Generate { model, what } => Ok(generated(&Model::from_text(&model)?, what)),
    }
}

/// What a list of models shows of one.
pub fn summary(bundle: &Bundle) -> Value {
    let model = &bundle.model;
    json!({
        "name": model.name,
        "title": model.title,
        "description": model.description,
        "tables": model.tables.len(),
        "migrations": bundle.migrations.len(),
        "seeds": bundle.seeds.keys().collect::<Vec<_>>(),
    })
}

fn generated(model: &Model, what: What) -> Value {
    match what {
        What::Ts => generate::typescript(model).into(),
        What::JsonSchema => generate::json_schema(model),
        What::Diagram => generate::diagram(model).into(),
    }
}
