//! What is read from standard input: rows, and secrets that no argument may hold, since other
//! users of the machine see arguments.

use std::io::{self, IsTerminal, Read, Write};
use std::process::{Command, Stdio};

use freehold::Error;
use serde_json::Value;

use crate::params;
use crate::report::Failure;

/// The JSON of an argument, or of standard input where it is left out or `-`.
pub fn json(argument: Option<&str>) -> Result<Value, Failure> {
    let text = match argument {
        Some(text) if text != "-" => text.to_owned(),
        None if io::stdin().is_terminal() => {
            let message = "which row? give it as JSON, or on standard input";
            return Err(Failure::Usage(message.to_owned()));
        }
        _ => read_all()?,
    };
    serde_json::from_str(&text).map_err(|error| {
        let message = format!("it is not JSON: {error}");
        Error::InvalidArgument { argument: "row".to_owned(), message }.into()
    })
}

/// A row's key: a JSON object, a number, or a text as it is.
pub fn key(argument: &str) -> Value {
    match serde_json::from_str(argument) {
        Ok(Value::Object(key)) => Value::Object(key),
        _ => params::parse(argument),
    }
}

/// A secret: asked for where a person sits, without showing it; otherwise the first line of
/// standard input.
pub fn secret(what: &str) -> Result<String, Failure> {
    let is_asked = io::stdin().is_terminal();
    if is_asked {
        let _ = write!(io::stderr(), "{what}: ");
        let _ = io::stderr().flush();
        set_echo(false);
    }
    let mut line = String::new();
    let read = io::stdin().read_line(&mut line);
    if is_asked {
        set_echo(true);
        let _ = writeln!(io::stderr());
    }
    read.map_err(unreadable)?;
    let secret = line.trim_end_matches(['\n', '\r']);
    match secret.is_empty() {
        true => Err(Failure::Usage(format!("the {what} is read from standard input; it is empty"))),
        false => Ok(secret.to_owned()),
    }
}

fn read_all() -> Result<String, Failure> {
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(unreadable)?;
    Ok(text)
}

fn unreadable(error: io::Error) -> Failure {
    Error::Io { message: format!("standard input can't be read: {error}") }.into()
}

/// Whether the terminal shows what is typed. Where there is no `stty` it goes on showing it.
fn set_echo(is_shown: bool) {
    let argument = if is_shown { "echo" } else { "-echo" };
    let _ = Command::new("stty").arg(argument).stdin(Stdio::inherit()).status();
}
