//! Inviting people into a tenant.

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::Value;

use super::{find, template, text};
use crate::crypto;
use crate::error::{Error, Result};
use crate::host;
use crate::model::{Model, Table, Template};
use crate::policy::membership;
use crate::session::Session;
use crate::value::Row;

const TOKEN_BYTES: usize = 32;

/// An invitation that was just made.
#[derive(Clone, Serialize)]
pub struct Invited {
    /// Its row, without the token's hash.
    pub row: Row,
    /// What the invited person shows to accept it; sent to their address by the host, shown once.
    pub token: String,
}

impl fmt::Debug for Invited {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invited").field("row", &self.row).finish_non_exhaustive()
    }
}

impl Session<'_> {
    /// Invites an address into the session's tenant. The policy of the table of invitations
    /// decides who may, and as what.
    ///
    /// The answer is the same whether the address has an account or not.
    ///
    /// # Errors
    ///
    /// - `denied`, `invalid`, `session_ended`: as for [`Session::insert`]
    /// - `invalid_argument`: the model has no invitations
    pub fn invite(&self, row: &Row) -> Result<Invited> {
        let table = template(self.model(), Template::Invitation)?;
        let mut random = [0_u8; TOKEN_BYTES];
        self.host().fill_random(&mut random);
        let token = URL_SAFE_NO_PAD.encode(random);
        let own = [("token_hash", Value::from(token_hash(&token)))];
        let row = self.insert_with(&table.name, row, &own)?;
        Ok(Invited { row, token })
    }

    /// Accepts an invitation to the actor's own address; the membership. For sessions of a person
    /// without a tenant.
    ///
    /// # Errors
    ///
    /// - `bad_credentials`: there is no such invitation for this address, or it has run out, was
    ///   revoked or accepted already: which of these is not told
    /// - `denied`: the actor is no person, or works in a tenant
    pub fn accept_invitation(&self, token: &str) -> Result<Row> {
        let model = self.model();
        let invitations = template(model, Template::Invitation)?;
        let rules = self.rules()?;
        let rights = rules.rights();
        let denied = || Error::Denied { table: invitations.name.clone(), operation: "update" };
        let (Some(user), None) = (&rights.user, &rights.tenant) else { return Err(denied()) };
        let user = || Value::from(user.as_str());
        let (members, person) = membership(model).ok_or_else(denied)?;
        let (Some(tenant), Some(key)) =
            (model.tenant_column(invitations), model.tenant_column(members))
        else {
            return Err(denied());
        };
        let token = token_hash(token);
        self.as_core(|rows| {
            // Looked at within the transaction: it may be revoked, or accepted, at any time before.
            let now = host::now(self.host());
            let found = self.open_invitation(invitations, &token, &now)?;
            let value = |name: &str| Value::from(found.get(name).cloned().unwrap_or_default());
            let mut member =
                Row::from_iter([(key.to_owned(), value(tenant)), (person.to_owned(), user())]);
            if let Some(role) = model.tenancy.as_ref().and_then(|tenancy| tenancy.role.as_ref())
                && invitations.column(role).is_some()
            {
                member.insert(role.clone(), value(role));
            }
            let accepted = Row::from_iter([("accepted_at".to_owned(), now.into())]);
            let Some(id) = invitations.primary_key.last() else { return Err(denied()) };
            let invitation = serde_json::json!({ tenant: value(tenant), id: value(id) });
            let member = rows.insert(&members.name, &member)?;
            rows.update(&invitations.name, &invitation, &accepted)?;
            if let Some((table, team, seat)) = team_seat(model, invitations, members)
                && found.get(team).is_some_and(|team| !team.is_empty())
            {
                let seat = Row::from_iter([
                    (key.to_owned(), value(tenant)),
                    (team.to_owned(), value(team)),
                    (seat.to_owned(), user()),
                ]);
                rows.insert(&table.name, &seat)?;
            }
            Ok(member)
        })
    }

    /// The texts of the invitation with this token, by column, where the actor may accept it.
    fn open_invitation(
        &self,
        invitations: &Table,
        token: &str,
        now: &str,
    ) -> Result<BTreeMap<String, String>> {
        let columns: Vec<&str> =
            invitations.columns.iter().map(|column| column.name.as_str()).collect();
        let found = find(self.engine(), invitations, &[("token_hash", token)], &columns)?;
        let found = found.ok_or(Error::BadCredentials)?;
        let texts =
            columns.iter().zip(&found).map(|(name, value)| ((*name).to_owned(), text(Some(value))));
        let texts: BTreeMap<String, String> = texts.collect();
        let value = |name: &str| texts.get(name).map_or("", String::as_str);
        let spent = !value("accepted_at").is_empty() || !value("revoked_at").is_empty();
        let for_them = self.own_value("email")?.eq_ignore_ascii_case(value("email"));
        if spent || value("expires_at") <= now || !for_them {
            return Err(Error::BadCredentials);
        }
        Ok(texts)
    }
}

/// The table of who is in which team, with its columns for team and person, where an invitation
/// may name a team.
fn team_seat<'m>(
    model: &'m Model,
    invitations: &'m Table,
    members: &Table,
) -> Option<(&'m Table, &'m str, &'m str)> {
    let is_team = |table: &str| {
        model.table(table).is_some_and(|table| table.template == Some(Template::Team))
    };
    let team = invitations.references.iter().find(|reference| is_team(&reference.table))?;
    let team = team.columns.last()?;
    let users = model.tenancy.as_ref()?.user.as_deref()?;
    model.tables.iter().find_map(|table| {
        let names_team =
            table.references.iter().any(|to| is_team(&to.table) && to.columns.last() == Some(team));
        let person =
            table.references.iter().find(|to| to.table == members.name || to.table == users);
        let is_seat = names_team && table.name != invitations.name;
        let column = person.filter(|_| is_seat)?.columns.last()?;
        Some((table, team.as_str(), column.as_str()))
    })
}

/// What is stored of a token: it has 256 random bits, so that a fast hash keeps it.
fn token_hash(token: &str) -> String {
    let digits = crypto::hash(token.as_bytes());
    digits.iter().fold("blake2b:".to_owned(), |text, byte| text + &format!("{byte:02x}"))
}
