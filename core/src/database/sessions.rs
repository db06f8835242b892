//! How actors get to an open database: signing up, signing in, sessions.

use serde_json::Value;

use crate::account::{self, SignUp};
use crate::actor::{Actor, Origin};
use crate::database::Database;
use crate::error::Result;
use crate::session::Session;

impl Database {
    /// An actor's handle, which reaches what the model's policies let the actor reach. The caller
    /// vouches for who the actor is; what they may do is looked up in the database.
    ///
    /// # Errors
    ///
    /// - `not_initialized`: the database holds no model yet
    /// - `session_ended`: the actor is unknown, suspended, or has no place in the tenant
    pub fn session(&self, actor: Actor) -> Result<Session<'_>> {
        self.check_initialized()?;
        Ok(self.actors.session(&self.engine, actor, self.newer())?.over(&self.gateway))
    }

    /// The actor with this address and password, for a session; in a tenant where one is given, by
    /// its id or slug. Whatever is wrong, the answer is the same, after the same work.
    ///
    /// # Errors
    ///
    /// - `bad_credentials`: nobody active has them, or not in this tenant
    /// - `not_initialized`
    pub fn authenticate(
        &self,
        email: &str,
        password: &str,
        tenant: Option<&str>,
        origin: Origin,
    ) -> Result<Actor> {
        self.check_initialized()?;
        self.engine.check_turn(&Actor::system())?;
        account::authenticate(&self.engine, email, password, tenant, origin)
    }

    /// The actor with this API key. Counts the use against the key's rate limit.
    ///
    /// # Errors
    ///
    /// - `bad_credentials`: there is no such key, or it is revoked, run out or not active
    /// - `rate_limited`: it was used too often within this minute
    /// - `not_initialized`
    pub fn authenticate_key(&self, key: &str, origin: Origin) -> Result<Actor> {
        self.check_initialized()?;
        self.engine.check_turn(&Actor::system())?;
        account::authenticate_key(&self.engine, key, origin)
    }

    /// Makes an account, and a tenant along with it where people belong to one each; the actor.
    /// That the address is theirs is for the host to prove.
    ///
    /// # Errors
    ///
    /// - `unavailable`: the address or the tenant's slug can't be had
    /// - `invalid`, `invalid_argument`: a row or the password breaks the rules
    pub fn sign_up(&self, request: &SignUp, origin: Origin) -> Result<Actor> {
        self.check_writable()?;
        self.check_initialized()?;
        account::sign_up(&self.engine, request, origin)
    }

    /// Sets the password of the person with this key, whatever it was: for whoever holds the file,
    /// and for hosts that have proven who asks.
    ///
    /// # Errors
    ///
    /// - `not_found`, `invalid_argument`
    pub fn set_password(&self, key: &Value, password: &str) -> Result<()> {
        self.check_writable()?;
        account::set_password(&self.engine, key, password)
    }

    /// The actor with this address, for whoever holds the file and vouches for them; in a tenant
    /// where one is given, by its id or slug. No password is asked for.
    ///
    /// # Errors
    ///
    /// - `not_found`: nobody has the address, or there is no such tenant
    /// - `invalid_argument`: there are accounts with it in several tenants, and none is given
    /// - `not_initialized`
    pub fn vouch(&self, email: &str, tenant: Option<&str>) -> Result<Actor> {
        self.check_initialized()?;
        account::vouch(&self.engine, email, tenant)
    }

    /// The id of the tenant with this id or slug.
    ///
    /// # Errors
    ///
    /// - `not_found`, `not_initialized`
    pub fn tenant(&self, name: &str) -> Result<String> {
        self.check_initialized()?;
        account::find_tenant(&self.engine, name)
    }
}
