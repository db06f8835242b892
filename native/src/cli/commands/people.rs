//! `key` and `password`: with what programs and people sign in.

use freehold::model::{Model, Table, Template};
use freehold::{Access, Actor, Database, Error, ListOptions, Origin, Principal};
use serde_json::{Map, Value, json};

use super::rows::{object, shown};
use crate::args::{Api, ModelArg, Password, PersonArg, RowArg, WhoArg};
use crate::context::Context;
use crate::input;
use crate::report::{Failure, Report, to_json};
use crate::table::render;
use crate::who::{Who, session};

/// Runs a command below `key`.
pub fn key(context: &Context<'_>, command: &Api) -> Result<Report, Failure> {
    match command {
        Api::Create { prefix, row, who, model } => create(context, prefix, row, who, model),
        Api::List { who, model } => list(context, who, model),
        Api::Revoke { id, who, model } => {
            let database = context.open(Access::ReadWrite, model)?;
            Ok(shown(session(&database, who)?.revoke_api_key(&input::key(id))?))
        }
        Api::Verify { model } => {
            let key = input::secret("API key")?;
            let database = context.open(Access::ReadWrite, model)?;
            told(&database.authenticate_key(&key, Origin::default())?)
        }
    }
}

fn create(
    context: &Context<'_>,
    prefix: &str,
    row: &RowArg,
    who: &WhoArg,
    model: &ModelArg,
) -> Result<Report, Failure> {
    let row = object(input::json(row.row.as_deref())?)?;
    let database = context.open(Access::ReadWrite, model)?;
    let made = session(&database, who)?.create_api_key(prefix, &row)?;
    let row = Value::Object(made.row);
    let text =
        format!("{row:#}\n{}\nThis is shown once: nobody can get the key again.\n", made.key);
    Ok(Report::done(text, json!({ "row": row, "key": made.key })))
}

fn list(context: &Context<'_>, who: &WhoArg, model: &ModelArg) -> Result<Report, Failure> {
    who.check()?;
    let database = context.open(Access::ReadOnly, model)?;
    let table = table_of_keys(&database)?;
    let who = Who::of(&database, who)?;
    let mut options = ListOptions { limit: Some(1000), ..ListOptions::default() };
    let mut rows: Vec<Map<String, Value>> = Vec::new();
    loop {
        let page = who.list(&table.name, &options)?;
        rows.extend(page.rows);
        options.after = page.next;
        if options.after.is_none() {
            break;
        }
    }
    let names = ["id", "name", "key_prefix", "last_used_at", "expires_at", "revoked_at"];
    let cells: Vec<Vec<Value>> =
        rows.iter().map(|row| names.map(|name| row[name].clone()).into()).collect();
    let text = match rows.is_empty() {
        true => "no keys\n".to_owned(),
        false => render(&names.map(str::to_owned), &cells),
    };
    Ok(Report::done(text, to_json(rows)?))
}

/// Runs a command below `password`.
pub fn password(context: &Context<'_>, command: &Password) -> Result<Report, Failure> {
    let secret = input::secret("password")?;
    match command {
        Password::Set { person, model } => {
            let PersonArg { email, tenant } = person;
            let database = context.open(Access::ReadWrite, model)?;
            let actor = database.vouch(email, tenant.as_deref())?;
            database.set_password(&account_key(&database.bundle().model, &actor), &secret)?;
            Ok(Report::done(format!("set the password of {email}\n"), Value::Null))
        }
        Password::Verify { person, model } => {
            let PersonArg { email, tenant } = person;
            let database = context.open(Access::ReadWrite, model)?;
            let origin = Origin::default();
            told(&database.authenticate(email, &secret, tenant.as_deref(), origin)?)
        }
    }
}

/// The key of a person's row.
fn account_key(model: &Model, actor: &Actor) -> Value {
    let Principal::User(id) = &actor.principal else { return Value::Null };
    let users = model.tenancy.as_ref().and_then(|tenancy| model.table(tenancy.user.as_ref()?));
    match users.map(|users| users.primary_key.as_slice()) {
        Some([tenant, own]) => json!({ tenant: actor.tenant, own: id }),
        _ => Value::from(id.as_str()),
    }
}

/// Who it is.
fn told(actor: &Actor) -> Result<Report, Failure> {
    let json = to_json(actor)?;
    let mut text = match &actor.principal {
        Principal::User(id) => format!("user {id}"),
        Principal::ApiKey(id) => format!("API key {id}"),
        Principal::System => "the system".to_owned(),
    };
    if let Some(tenant) = &actor.tenant {
        text += &format!(" in tenant {tenant}");
    }
    Ok(Report::done(text + "\n", json))
}

fn table_of_keys(database: &Database) -> Result<&Table, Failure> {
    let tables = &database.bundle().model.tables;
    let found = tables.iter().find(|table| table.template == Some(Template::ApiKey));
    found.ok_or_else(|| {
        let message = "it has no table of API keys".to_owned();
        Error::InvalidArgument { argument: "model".to_owned(), message }.into()
    })
}
