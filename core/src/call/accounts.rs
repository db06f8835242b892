//! Requests about accounts: who somebody is, and what the core alone writes of it.

use super::params::Params;
use super::to_json;
use crate::account::SignUp;
use crate::database::Database;
use crate::error::Result;
use crate::session::Session;

/// Answers a request about accounts; none where the method is about something else.
pub(super) fn answer(
    database: &Database,
    method: &str,
    params: &mut Params,
) -> Result<Option<String>> {
    let answer = match method {
        "authenticate" => {
            let (email, password) = (params.text("email")?, params.text("password")?);
            let (tenant, origin) = (params.optional_text("tenant")?, params.origin()?);
            params.finish()?;
            to_json(database.authenticate(&email, &password, tenant.as_deref(), origin)?)
        }
        "authenticate_key" => {
            let (key, origin) = (params.text("key")?, params.origin()?);
            params.finish()?;
            to_json(database.authenticate_key(&key, origin)?)
        }
        "sign_up" => {
            let user = params.row("user")?;
            let password = params.optional_text("password")?;
            let (tenant, origin) = (params.optional_row("tenant")?, params.origin()?);
            params.finish()?;
            to_json(database.sign_up(&SignUp { user, password, tenant }, origin)?)
        }
        "set_password" => {
            let (key, password) = (params.value("key")?, params.text("password")?);
            params.finish()?;
            to_json(database.set_password(&key, &password)?)
        }
        "role" | "create_tenant" | "change_slug" | "change_password" | "change_email"
        | "invite" | "accept_invitation" | "create_api_key" | "revoke_api_key" => {
            let session = database.session(params.actor()?)?;
            answer_session(&session, method, params)
        }
        _ => return Ok(None),
    };
    answer.map(Some)
}

fn answer_session(session: &Session<'_>, method: &str, params: &mut Params) -> Result<String> {
    match method {
        "role" => params.finish().and_then(|()| to_json(session.role()?)),
        "create_tenant" | "invite" => {
            let row = params.row("row")?;
            params.finish()?;
            match method {
                "invite" => to_json(session.invite(&row)?),
                _ => to_json(session.create_tenant(&row)?),
            }
        }
        "change_slug" => {
            let slug = params.text("slug")?;
            params.finish()?;
            to_json(session.change_slug(&slug)?)
        }
        "change_password" => {
            let (old, new) = (params.text("old")?, params.text("new")?);
            params.finish()?;
            to_json(session.change_password(&old, &new)?)
        }
        "change_email" => {
            let (email, password) = (params.text("email")?, params.text("password")?);
            params.finish()?;
            to_json(session.change_email(&email, &password)?)
        }
        "accept_invitation" => {
            let token = params.text("token")?;
            params.finish()?;
            to_json(session.accept_invitation(&token)?)
        }
        "create_api_key" => {
            let (prefix, row) = (params.text("prefix")?, params.row("row")?);
            params.finish()?;
            to_json(session.create_api_key(&prefix, &row)?)
        }
        _ => {
            let key = params.value("key")?;
            params.finish()?;
            to_json(session.revoke_api_key(&key)?)
        }
    }
}
