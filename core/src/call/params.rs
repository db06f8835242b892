//! Reading a request: its method and its parameters, each taken once by name.

use serde_json::{Map, Value};
use uuid::Uuid;

use crate::actor::{Actor, Origin, Principal};
use crate::bundle::BundleFiles;
use crate::capture::calls::CallId;
use crate::error::{Error, Result};
use crate::keyring::KeyHolder;
use crate::value::Row;

/// What nobody took yet of a request.
pub(super) struct Params {
    members: Map<String, Value>,
    /// On whose behalf; the owner's where it is left out.
    actor: Option<Actor>,
}

/// Which call a request is, so that it can be asked again.
pub(super) struct CallMark {
    pub id: CallId,
    /// When it was first asked (Unix milliseconds), if this is not the first time.
    pub asked_ms: Option<i64>,
}

impl Params {
    /// Splits a request into its method and its parameters.
    pub fn parse(request: &str) -> Result<(String, Params)> {
        Params::of_request(Params::read(request)?)
    }

    /// Splits a request into its method and its parameters, and which call it is, if it says.
    pub fn parse_call(request: &str) -> Result<(String, Params, Option<CallMark>)> {
        let mut request = Params::read(request)?;
        let mark = match request.as_object_mut() {
            Some(members) => Params::call_mark(members)?,
            None => None,
        };
        let (method, params) = Params::of_request(request)?;
        Ok((method, params, mark))
    }

    fn read(request: &str) -> Result<Value> {
        serde_json::from_str(request)
            .map_err(|error| Params::invalid("request", &error.to_string()))
    }

    fn call_mark(request: &mut Map<String, Value>) -> Result<Option<CallMark>> {
        let Some(id) = request.shift_remove("id") else { return Ok(None) };
        let id = id.as_str().and_then(|id| Uuid::try_parse(id).ok());
        let id = *id.ok_or_else(|| Params::invalid("id", "a UUID expected"))?.as_bytes();
        let asked_ms = match request.shift_remove("again") {
            None => None,
            Some(time) => Some(time.as_i64().ok_or_else(|| {
                Params::invalid("again", "the time expected when it was first asked")
            })?),
        };
        Ok(Some(CallMark { id, asked_ms }))
    }

    /// Splits a request that was read already.
    pub fn of_request(request: Value) -> Result<(String, Params)> {
        let mut request = Params::of("request", request)?;
        let method = request.text("method")?;
        let mut params = match request.optional("params") {
            None => Params { members: Map::new(), actor: None },
            Some(params) => Params::of("params", params)?,
        };
        params.actor = request.optional("as").map(actor).transpose()?;
        request.finish()?;
        Ok((method, params))
    }

    /// The members of an object.
    fn of(name: &str, value: Value) -> Result<Params> {
        match value {
            Value::Object(members) => Ok(Params { members, actor: None }),
            _ => Err(Params::invalid(name, "an object expected")),
        }
    }

    /// A parameter that stays to be taken.
    pub fn seen(&self, name: &str) -> Option<&Value> {
        self.members.get(name)
    }

    /// A text that stays to be taken.
    pub fn seen_text(&self, name: &str) -> Option<&str> {
        self.seen(name)?.as_str()
    }

    /// On whose behalf the request is, which stays to be taken.
    pub fn seen_actor(&self) -> Option<&Actor> {
        self.actor.as_ref()
    }

    /// On whose behalf the request is; the owner's where it doesn't say.
    pub fn take_actor(&mut self) -> Option<Actor> {
        self.actor.take()
    }

    /// The actor of a request that needs one.
    pub fn actor(&mut self) -> Result<Actor> {
        self.actor.take().ok_or_else(|| Params::invalid("as", "this method needs an actor"))
    }

    /// Where a call comes from, as far as the request says.
    pub fn origin(&mut self) -> Result<Origin> {
        let Some(origin) = self.optional("origin") else { return Ok(Origin::default()) };
        let mut origin = Params::of("origin", origin)?;
        let [ip_address, user_agent] =
            [origin.optional_text("ip_address")?, origin.optional_text("user_agent")?];
        origin.finish()?;
        Ok(Origin { ip_address, user_agent })
    }

    pub fn invalid(argument: &str, message: &str) -> Error {
        Error::InvalidArgument { argument: argument.to_owned(), message: message.to_owned() }
    }

    pub fn unknown_method(method: &str) -> Error {
        Params::invalid("method", &format!("there is no method `{method}`"))
    }

    /// A parameter that may be left out; null counts as left out.
    pub fn optional(&mut self, name: &str) -> Option<Value> {
        self.members.shift_remove(name).filter(|value| !value.is_null())
    }

    pub fn value(&mut self, name: &str) -> Result<Value> {
        self.optional(name).ok_or_else(|| Params::invalid(name, "the parameter is missing"))
    }

    pub fn optional_text(&mut self, name: &str) -> Result<Option<String>> {
        match self.optional(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(Params::invalid(name, "a text expected")),
        }
    }

    pub fn text(&mut self, name: &str) -> Result<String> {
        match self.value(name)? {
            Value::String(text) => Ok(text),
            _ => Err(Params::invalid(name, "a text expected")),
        }
    }

    pub fn optional_integer(&mut self, name: &str) -> Result<Option<i64>> {
        let expected = || Params::invalid(name, "an integer expected");
        self.optional(name).map(|value| value.as_i64().ok_or_else(expected)).transpose()
    }

    pub fn integer(&mut self, name: &str) -> Result<i64> {
        let value = self.optional_integer(name)?;
        value.ok_or_else(|| Params::invalid(name, "an integer expected"))
    }

    /// False where it is left out.
    pub fn flag(&mut self, name: &str) -> Result<bool> {
        match self.optional(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Params::invalid(name, "true or false expected")),
        }
    }

    pub fn row(&mut self, name: &str) -> Result<Row> {
        let row = self.value(name)?;
        Ok(Params::of(name, row)?.members)
    }

    pub fn optional_row(&mut self, name: &str) -> Result<Option<Row>> {
        let row = self.optional(name).map(|row| Params::of(name, row)).transpose()?;
        Ok(row.map(|row| row.members))
    }

    pub fn rows(&mut self, name: &str) -> Result<Vec<Row>> {
        let expected = || Params::invalid(name, "a list of objects expected");
        let Value::Array(rows) = self.value(name)? else { return Err(expected()) };
        let rows = rows.into_iter().map(|row| match row {
            Value::Object(row) => Ok(row),
            _ => Err(expected()),
        });
        rows.collect()
    }

    /// A list; empty where it is left out.
    pub fn values(&mut self, name: &str) -> Result<Vec<Value>> {
        match self.optional(name) {
            None => Ok(Vec::new()),
            Some(Value::Array(values)) => Ok(values),
            Some(_) => Err(Params::invalid(name, "a list expected")),
        }
    }

    pub fn bundle_files(&mut self, name: &str) -> Result<BundleFiles> {
        serde_json::from_value(self.value(name)?)
            .map_err(|error| Params::invalid(name, &error.to_string()))
    }

    /// All that is left.
    pub fn rest(&mut self) -> Result<Row> {
        let rest = std::mem::take(&mut self.members);
        self.finish()?;
        Ok(rest)
    }

    /// Refuses what nobody took.
    pub fn finish(&mut self) -> Result<()> {
        if self.actor.is_some() {
            return Err(Params::invalid("as", "this method is for whoever holds the database"));
        }
        match self.members.keys().next() {
            Some(name) => Err(Params::invalid(name, "there is no such parameter")),
            None => Ok(()),
        }
    }
}

/// `{"principal": {"user": id}, "tenant"?, "narrowed_to"?, "origin"?}`, the form in which
/// authentication answers.
fn actor(value: Value) -> Result<Actor> {
    let mut actor = Params::of("as", value)?;
    let principal = match actor.value("principal")? {
        Value::String(name) if name == "system" => Principal::System,
        Value::Object(named) => match named.into_iter().next() {
            Some((kind, Value::String(id))) if kind == "user" => Principal::User(id),
            Some((kind, Value::String(id))) if kind == "api_key" => Principal::ApiKey(id),
            _ => return Err(unknown_principal()),
        },
        _ => return Err(unknown_principal()),
    };
    let [tenant, narrowed_to] =
        [actor.optional_text("tenant")?, actor.optional_text("narrowed_to")?];
    let origin = actor.origin()?;
    actor.finish()?;
    Ok(Actor { principal, tenant, narrowed_to, origin })
}

fn unknown_principal() -> Error {
    Params::invalid("principal", "`{\"user\": id}`, `{\"api_key\": id}` or `\"system\"` expected")
}

/// Whose data key: `{"tenant": id}`, `{"user": id}` or `"public"`.
pub(super) fn key_holder(value: &Value) -> Result<KeyHolder<'_>> {
    let named = value.as_object().filter(|named| named.len() == 1);
    let id = |kind: &str| named.and_then(|named| named.get(kind)).and_then(Value::as_str);
    match (id("tenant"), id("user")) {
        (Some(id), _) => Ok(KeyHolder::Tenant(id)),
        (_, Some(id)) => Ok(KeyHolder::User(id)),
        _ if value == "public" => Ok(KeyHolder::Public),
        _ => {
            let expected = "`{\"tenant\": id}`, `{\"user\": id}` or `\"public\"` expected";
            Err(Params::invalid("holder", expected))
        }
    }
}
