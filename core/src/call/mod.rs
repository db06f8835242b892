//! The core as one call: a JSON request in, a JSON response out.
//!
//! This is the door for hosts that speak JSON (the browser's worker) and for the scenario files
//! that every host replays. A request is `{"method": …, "params": {…}}`, a response `{"ok": …}` or
//! `{"error": {"code": …, "message": …}}` with the error's own fields beside the code. A request
//! about rows says in `"as": {"principal": {"user": …}, "tenant": …}` for whom it is; without that
//! it is the owner's, as everything about the database as a whole is.
//!
//! A request may have an id, `"id"`, a UUID. Whoever lost the answer asks again under the same id,
//! with `"again"`, the time (Unix milliseconds) when it was first asked: what was done then is not
//! done twice but answered by `answer_lost`. `is_done` alone asks whether it was.
//!
//! Requests are read by hand: deriving the reader made a tenth of the core's code in browsers.
//! `pull` has no request: it is for files that another program wrote, which no browser opens, and
//! would add 15 KB to what browsers download.

mod accounts;
mod params;
mod rows;
mod standing;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;

use serde_json::{Map, Value, json};

use self::params::{CallMark, Params};
use crate::audit::AuditQuery;
use crate::bundle::{Bundle, load_model};
use crate::database::Database;
use crate::error::{Error, Result};
use crate::generate;
use crate::host::Host;
use crate::migrate::{self, Progress, Target};
use crate::model::Model;

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
    respond(Params::parse_call(request).and_then(|(method, mut params, mark)| {
        let Some(CallMark { id, asked_ms }) = mark else {
            return answer_method(database, &method, &mut params, progress);
        };
        if method == "is_done" {
            params.finish()?;
            return to_json(database.is_done(&id, asked_ms.unwrap_or(i64::MIN))?);
        }
        if let Some(asked_ms) = asked_ms
            && database.is_done(&id, asked_ms)?
        {
            return Err(Error::AnswerLost);
        }
        database.answering(id, |database| answer_method(database, &method, &mut params, progress))
    }))
}

fn answer_method(
    database: &mut Database,
    method: &str,
    params: &mut Params,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<String> {
    match answer(database, method, params, progress)? {
        Some(answer) => Ok(answer),
        None => rows::answer(database, method, params),
    }
}

/// Answers a request for a page of rows after another page, and those for up to `count - 1` of the
/// pages after it, as [`call`] would answer one after the other: the answers' text, and where each
/// of them ends. A host reads ahead with it.
///
/// # Errors
///
/// - `invalid_argument`: the request is no `list` with an `after`
/// - those of the request
pub fn pages(database: &Database, request: &str, count: u32) -> Result<(String, Vec<usize>)> {
    rows::pages(database, request, count.into())
}

/// Answers a request that reads, and goes on watching for what concerns it: from now on
/// [`changes`] names it whenever a write may have changed its answer. The request is one of
/// `list`, `get`, `count` and `sql`; the answer is `{"key": […], "answer": …}` with the columns by
/// which rows of a table are told apart.
///
/// Which writes concern it is exact as far as a row shows it by itself: the table, the tenant, and
/// the values that a filter asks to be equal; and what decides over the actor's rights.
pub fn watch(database: &mut Database, key: &str, request: &str) -> String {
    respond(standing::watch(database, key, request))
}

/// Tells what writes changed of the answers that are watched, since this was last called: the name
/// of each watch that they concerned with its changes, each as soon as it is known, or with none
/// where it is to be asked again by [`watch`]. Whoever calls this has no use for
/// [`Database::concerned`], after which all that it names have to be asked again.
///
/// Changes are those of a `list`'s rows: `{"removed": […], "places": […], "rows": […]}`. First the
/// rows at the places `removed` are taken away, then `rows` are put in, so that they have `places`
/// in the end. Both lists of places go upwards. A page of which no row changed is not named.
///
/// # Errors
///
/// - `io`, `corrupt`: the file can't be read
pub fn changes(database: &Database, tell: &mut dyn FnMut(&str, Option<&str>)) -> Result<()> {
    database.tell_changes(&mut |key, changes| {
        let changes = changes.map(|changes| ["{\"ok\":", changes, "}"].concat());
        tell(key, changes.as_deref());
    })
}

/// Answers a request that needs no database.
pub fn call_static(request: &str, host: &dyn Host) -> String {
    respond(
        Params::parse(request)
            .and_then(|(method, mut params)| answer_static(&method, &mut params, host)),
    )
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
        Error::NotFound { table, .. }
        | Error::UnknownTable { table }
        | Error::Denied { table, .. } => put("table", table.clone().into()),
        Error::RateLimited { retry_after_ms } => put("retry_after_ms", (*retry_after_ms).into()),
        Error::Unavailable { what } => put("what", what.clone().into()),
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
        Error::CiphertextInvalid { table, column, key } => {
            put("table", table.clone().into());
            put("column", column.clone().into());
            put("key", key.clone().into())
        }
        _ => None,
    };
    Value::Object(object)
}

/// The response to what was answered: JSON text, or an error.
fn respond(result: Result<String>) -> String {
    match result {
        Ok(mut answer) => {
            answer.insert_str(0, "{\"ok\":");
            answer.push('}');
            answer
        }
        Err(error) => json!({ "error": error_to_json(&error) }).to_string(),
    }
}

/// An answer as JSON text.
fn to_json(value: impl serde::Serialize) -> Result<String> {
    serde_json::to_string(&value).map_err(|error| Error::InvalidArgument {
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

/// Answers what is about the database as a whole; none where the method is about rows.
fn answer(
    database: &mut Database,
    method: &str,
    params: &mut Params,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Option<String>> {
    let answer = match method {
        "init" => {
            let seed = params.optional_text("seed")?;
            params.finish()?;
            to_json(database.init(seed.as_deref(), progress)?)
        }
        "migrate_up" => {
            let to = params.optional_text("to")?;
            params.finish()?;
            let version = to.as_deref().map(parse_version).transpose()?;
            let target = version.map_or(Target::Latest, Target::Version);
            to_json(database.migrate_up(target, progress)?)
        }
        "migrate_down" => {
            let to = parse_version(&params.text("to")?)?;
            params.finish()?;
            to_json(database.migrate_down(to, progress)?)
        }
        "push" => {
            let allow_data_loss = params.flag("allow_data_loss")?;
            params.finish()?;
            to_json(database.push(allow_data_loss)?)
        }
        "seed" => {
            let set = params.text("set")?;
            params.finish()?;
            to_json(database.seed(&set)?)
        }
        "reset" => {
            let seed = params.optional_text("seed")?;
            params.finish()?;
            to_json(database.reset(seed.as_deref(), progress)?)
        }
        "generate" => {
            let what = params.text("what")?;
            params.finish()?;
            generated(&database.bundle().model, &what)
        }
        _ => {
            if let Some(answer) = answer_about(database, method, params)? {
                return Ok(Some(answer));
            }
            return match answer_kept(database, method, params)? {
                Some(answer) => Ok(Some(answer)),
                None => accounts::answer(database, method, params),
            };
        }
    };
    answer.map(Some)
}

/// Answers what is about records, what was deleted, and keys.
fn answer_kept(
    database: &mut Database,
    method: &str,
    params: &mut Params,
) -> Result<Option<String>> {
    let answer = match method {
        "audit" => {
            let query = AuditQuery {
                tenant: params.optional_text("tenant")?,
                table: params.optional_text("table")?,
                resource_id: params.optional_text("resource_id")?,
                before: params.optional_integer("before")?,
                limit: params.optional_integer("limit")?.map(|limit| limit.clamp(1, 1000) as usize),
            };
            params.finish()?;
            to_json(database.audit(&query)?)
        }
        "purge" => {
            let before_ms = params.integer("before_ms")?;
            params.finish()?;
            to_json(database.owner()?.purge(before_ms)?)
        }
        "rotate_keys" => {
            let holder = params.optional("holder");
            params.finish()?;
            let holder = holder.as_ref().map(params::key_holder).transpose()?;
            to_json(database.rotate_keys(holder)?)
        }
        "shred" => {
            let holder = params.value("holder")?;
            params.finish()?;
            to_json(database.shred(params::key_holder(&holder)?)?)
        }
        _ => return Ok(None),
    };
    answer.map(Some)
}

/// Answers questions without parameters.
fn answer_about(database: &Database, method: &str, params: &mut Params) -> Result<Option<String>> {
    let ask: fn(&Database) -> Result<String> = match method {
        "status" => |database| to_json(database.status()?),
        "drift" => |database| to_json(database.drift()?),
        "verify" => |database| to_json(migrate::verify(database.bundle())?),
        "seeds" => |database| to_json(database.bundle().seeds.keys().collect::<Vec<_>>()),
        "model" => |database| to_json(database.bundle().model.to_json()),
        "inspect" => |database| {
            let mut findings = Vec::new();
            database.inspect(&mut |finding| findings.push(finding))?;
            to_json(findings)
        },
        "audit_verify" => |database| {
            let mut findings = Vec::new();
            database.verify_audit(&mut |finding| findings.push(finding))?;
            to_json(findings)
        },
        "doctor" => |database| {
            let mut findings = Vec::new();
            database.doctor(&mut |finding| findings.push(finding))?;
            to_json(findings)
        },
        _ => return Ok(None),
    };
    params.finish()?;
    ask(database).map(Some)
}

fn answer_static(method: &str, params: &mut Params, host: &dyn Host) -> Result<String> {
    match method {
        "summary" => {
            let files = params.bundle_files("files")?;
            params.finish()?;
            to_json(summary(&Bundle::from_files(&files)?))
        }
        "check_model" => {
            let text = params.text("text")?;
            params.finish()?;
            match load_model(&text) {
                Ok(model) => to_json(json!({ "problems": [], "model": model.to_json() })),
                Err(Error::InvalidModel { problems }) => to_json(json!({ "problems": problems })),
                Err(error) => Err(error),
            }
        }
        "new_migration" => {
            let (files, name) = (params.bundle_files("files")?, params.text("name")?);
            let allow_data_loss = params.flag("allow_data_loss")?;
            params.finish()?;
            let bundle = Bundle::from_files(&files)?;
            to_json(migrate::create(&bundle, &name, allow_data_loss, host)?)
        }
        "generate" => {
            let (model, what) = (params.text("model")?, params.text("what")?);
            params.finish()?;
            generated(&load_model(&model)?, &what)
        }
        _ => Err(Params::unknown_method(method)),
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

fn generated(model: &Model, what: &str) -> Result<String> {
    match what {
        "ts" => to_json(generate::typescript(model)),
        "json-schema" => to_json(generate::json_schema(model)),
        "diagram" => to_json(generate::diagram(model)),
        _ => Err(Params::invalid("what", "`ts`, `json-schema` or `diagram` expected")),
    }
}
