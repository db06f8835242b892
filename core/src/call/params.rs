//! Reading a request: its method and its parameters, each taken once by name.

use serde_json::{Map, Value};

use crate::bundle::BundleFiles;
use crate::error::{Error, Result};
use crate::value::Row;

/// The parameters of a request that nobody took yet.
pub(super) struct Params(Map<String, Value>);

impl Params {
    /// Splits a request into its method and its parameters.
    pub fn parse(request: &str) -> Result<(String, Params)> {
        let request: Value = serde_json::from_str(request)
            .map_err(|error| Params::invalid("request", &error.to_string()))?;
        let Value::Object(request) = request else {
            return Err(Params::invalid("request", "an object expected"));
        };
        let mut request = Params(request);
        let method = request.text("method")?;
        let params = match request.optional("params") {
            None => Map::new(),
            Some(Value::Object(params)) => params,
            Some(_) => return Err(Params::invalid("params", "an object expected")),
        };
        request.finish()?;
        Ok((method, Params(params)))
    }

    pub fn invalid(argument: &str, message: &str) -> Error {
        Error::InvalidArgument { argument: argument.to_owned(), message: message.to_owned() }
    }

    pub fn unknown_method(method: &str) -> Error {
        Params::invalid("method", &format!("there is no method `{method}`"))
    }

    /// A parameter that may be left out; null counts as left out.
    pub fn optional(&mut self, name: &str) -> Option<Value> {
        self.0.shift_remove(name).filter(|value| !value.is_null())
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

    /// False where it is left out.
    pub fn flag(&mut self, name: &str) -> Result<bool> {
        match self.optional(name) {
            None => Ok(false),
            Some(Value::Bool(flag)) => Ok(flag),
            Some(_) => Err(Params::invalid(name, "true or false expected")),
        }
    }

    pub fn row(&mut self, name: &str) -> Result<Row> {
        match self.value(name)? {
            Value::Object(row) => Ok(row),
            _ => Err(Params::invalid(name, "an object expected")),
        }
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
    pub fn rest(&mut self) -> Row {
        std::mem::take(&mut self.0)
    }

    /// Refuses what nobody took.
    pub fn finish(&mut self) -> Result<()> {
        match self.0.keys().next() {
            Some(name) => Err(Params::invalid(name, "there is no such parameter")),
            None => Ok(()),
        }
    }
}
