//! What a command answers, and how it is printed.

use std::io::{self, ErrorKind, Write};
use std::process::ExitCode;

use freehold::Error;
use freehold::call::error_to_json;
use serde_json::{Value, json};

/// The answer of a command.
#[derive(Debug)]
pub struct Report {
    /// For people; ends with a line break unless it is empty.
    pub text: String,
    /// For machines.
    pub json: Value,
    /// Whether a check found something.
    pub found: bool,
}

impl Report {
    /// The answer of a command that checks nothing.
    pub fn done(text: String, json: Value) -> Report {
        Report { text, json, found: false }
    }
}

/// Why a command did nothing.
#[derive(Debug)]
pub enum Failure {
    /// The call is wrong.
    Usage(String),
    /// The core or the file refuses.
    Refused(Error),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Failure::Refused(error)
    }
}

/// Something serializable as JSON.
pub fn to_json(value: impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(value).map_err(|error| {
        let message = format!("the answer can't be written as JSON: {error}");
        Error::InvalidArgument { argument: "--json".to_owned(), message }.into()
    })
}

/// Prints an answer; the exit code.
pub fn print(report: &Report, json: bool) -> ExitCode {
    let text = match json {
        true => format!("{:#}\n", report.json),
        false => report.text.clone(),
    };
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        // Whoever reads has seen enough, as `head` has: what was to be done is done.
        Err(error) if error.kind() != ErrorKind::BrokenPipe => {
            let message = format!("the answer could not be written: {error}");
            print_failure(&Error::Io { message }.into(), json)
        }
        _ => ExitCode::from(u8::from(report.found)),
    }
}

/// Prints why nothing was done, to stderr; the exit code.
pub fn print_failure(failure: &Failure, json: bool) -> ExitCode {
    let (code, exit) = match failure {
        Failure::Usage(_) => ("usage", 2),
        Failure::Refused(error) => (error.code(), 3),
    };
    let text = match (failure, json) {
        (Failure::Usage(message), true) => {
            format!("{:#}", json!({ "error": { "code": code, "message": message } }))
        }
        (Failure::Refused(error), true) => {
            format!("{:#}", json!({ "error": error_to_json(error) }))
        }
        (Failure::Usage(message), false) => format!("error[{code}]: {message}"),
        (Failure::Refused(error), false) => format!("error[{code}]: {error}"),
    };
    // Where nobody listens, the exit code still tells.
    let _ = writeln!(io::stderr(), "{text}");
    ExitCode::from(exit)
}
