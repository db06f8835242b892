//! Requests about rows, each for the owner or for an actor.

use std::sync::Arc;

use serde_json::Value;

use super::params::Params;
use super::to_json;
use crate::database::Database;
use crate::error::Result;
use crate::owner::Owner;
use crate::owner::rows::Rows;
use crate::policy::Rules;
use crate::query::ListOptions;
use crate::session::Session;

/// Every method about rows, `transaction` aside.
const METHODS: [&str; 14] = [
    "insert",
    "insert_many",
    "get",
    "update",
    "delete",
    "restore",
    "upsert",
    "list",
    "count",
    "validate",
    "sql",
    "history",
    "diff",
    "rollback",
];

/// Whose rows.
enum Handle<'db> {
    Owner(Owner<'db>),
    Session(Box<Session<'db>>),
}

/// Answers a request about rows.
pub(super) fn answer(database: &Database, method: &str, params: &mut Params) -> Result<String> {
    let is_transaction = method == "transaction";
    if !is_transaction && !METHODS.contains(&method) {
        return Err(Params::unknown_method(method));
    }
    let handle = Handle::of(database, params)?;
    if !is_transaction {
        return handle.answer(method, params);
    }
    let requests = params.values("requests")?;
    params.finish()?;
    handle.all_or_none(requests)
}

/// Answers a request for a page after another one, and those for some of the pages after it.
pub(super) fn pages(
    database: &Database,
    request: &str,
    count: i64,
) -> Result<(String, Vec<usize>)> {
    let (method, mut params) = Params::parse(request)?;
    if method != "list" {
        return Err(Params::unknown_method(&method));
    }
    let handle = Handle::of(database, &mut params)?;
    let rules = handle.rules()?;
    let table = params.text("table")?;
    let options = ListOptions::from_json(params.rest()?.into())?;
    if options.after.is_none() {
        return Err(Params::invalid("after", "the cursor of a page expected"));
    }
    handle.rows(rules.as_deref()).pages_json(&table, &options, count)
}

impl<'db> Handle<'db> {
    fn of(database: &'db Database, params: &mut Params) -> Result<Handle<'db>> {
        Ok(match params.take_actor() {
            None => Handle::Owner(database.owner()?),
            Some(actor) => Handle::Session(Box::new(database.session(actor)?)),
        })
    }

    /// Answers requests in order, as one transaction; their answers.
    fn all_or_none(&self, requests: Vec<Value>) -> Result<String> {
        let work = || {
            let answers = requests.iter().map(|request| {
                let (method, mut params) = Params::of_request(request.clone())?;
                self.answer(&method, &mut params)
            });
            let answers = answers.collect::<Result<Vec<String>>>()?;
            Ok(["[", &answers.join(","), "]"].concat())
        };
        match self {
            Handle::Owner(owner) => owner.transaction(|_| work()),
            Handle::Session(session) => session.transaction(|_| work()),
        }
    }

    fn answer(&self, method: &str, params: &mut Params) -> Result<String> {
        if method == "sql" {
            return self.answer_sql(params);
        }
        let rules = self.rules()?;
        let rows = self.rows(rules.as_deref());
        let table = params.text("table")?;
        match method {
            "list" => {
                let options = ListOptions::from_json(params.rest()?.into())?;
                rows.list_json(&table, &options)
            }
            "insert" | "upsert" => {
                let row = params.row("row")?;
                params.finish()?;
                let write = if method == "insert" {
                    rows.insert(&table, &row)
                } else {
                    rows.upsert(&table, &row)
                };
                to_json(write?)
            }
            "insert_many" => {
                let many = params.rows("rows")?;
                params.finish()?;
                to_json(rows.insert_many(&table, &many)?)
            }
            "count" => {
                let filter = params.optional("filter");
                params.finish().and_then(|()| to_json(rows.count(&table, filter.as_ref())?))
            }
            "validate" => {
                let (row, mode) = (params.row("row")?, params.text("mode")?);
                let key = params.optional("key");
                params.finish()?;
                let key = match mode.as_str() {
                    "insert" => None,
                    "update" => key.as_ref(),
                    _ => return Err(Params::invalid("mode", "`insert` or `update` expected")),
                };
                to_json(rows.validate(&table, &row, key)?)
            }
            "get" | "update" | "delete" | "restore" | "history" | "diff" | "rollback" => {
                Self::answer_by_key(rows, method, &table, params)
            }
            _ => Err(Params::unknown_method(method)),
        }
    }

    fn answer_by_key(
        rows: Rows<'_>,
        method: &str,
        table: &str,
        params: &mut Params,
    ) -> Result<String> {
        let key = params.value("key")?;
        let changes = if method == "update" { Some(params.row("changes")?) } else { None };
        let from = if method == "diff" { params.integer("from")? } else { 0 };
        let to = if matches!(method, "diff" | "rollback") { params.integer("to")? } else { 0 };
        params.finish()?;
        match (method, changes) {
            (_, Some(changes)) => to_json(rows.update(table, &key, &changes)?),
            ("get", None) => rows.get_json(table, &key),
            ("history", None) => to_json(rows.versions(table, &key)?),
            ("diff", None) => to_json(rows.diff_versions(table, &key, from, to)?),
            ("rollback", None) => to_json(rows.roll_back(table, &key, to)?),
            ("delete", None) => to_json(rows.delete(table, &key)?),
            (_, None) => to_json(rows.restore(table, &key)?),
        }
    }

    fn answer_sql(&self, params: &mut Params) -> Result<String> {
        let (sql, values) = (params.text("sql")?, params.values("params")?);
        params.finish()?;
        match self {
            Handle::Owner(owner) => to_json(owner.sql(&sql, &values)?),
            Handle::Session(session) => to_json(session.sql(&sql, &values)?),
        }
    }

    /// What the actor may do now; none for the owner, who may do everything.
    fn rules(&self) -> Result<Option<Arc<Rules>>> {
        match self {
            Handle::Owner(_) => Ok(None),
            Handle::Session(session) => session.rules().map(Some),
        }
    }

    fn rows<'h>(&'h self, rules: Option<&'h Rules>) -> Rows<'h> {
        match (self, rules) {
            (Handle::Session(session), Some(rules)) => session.rows(rules),
            (Handle::Session(_), None) => unreachable!("a session has rules"),
            (Handle::Owner(owner), _) => owner.rows(),
        }
    }
}
