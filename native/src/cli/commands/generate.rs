//! `generate`: what is derived from a model for other tools.

use std::path::Path;

use freehold::generate::{self, MODEL_FORMAT_SCHEMA};
use freehold::{Error, Model};
use serde_json::json;

use crate::args::{Generated, ModelArg};
use crate::context::Context;
use crate::report::{Failure, Report};

/// Prints what is derived, or writes it to a file.
pub fn run(
    context: &Context<'_>,
    what: Generated,
    model: &ModelArg,
    out: Option<&Path>,
) -> Result<Report, Failure> {
    let text = match (what, &model.model) {
        (Generated::JsonSchema, None) => MODEL_FORMAT_SCHEMA.to_owned(),
        _ => generated(&context.source(model)?.bundle.model, what),
    };
    let text = format!("{}\n", text.trim_end());
    match out {
        Some(path) => write_out(path, &text),
        None => Ok(Report::done(text.clone(), json!({ "what": name(what), "text": text }))),
    }
}

/// Writes a text to a file that somebody named.
pub fn write_out(path: &Path, text: &str) -> Result<Report, Failure> {
    std::fs::write(path, text)
        .map_err(|error| Error::Io { message: format!("{}: {error}", path.display()) })?;
    let path = path.display().to_string();
    Ok(Report::done(format!("wrote {path}\n"), json!({ "wrote": path })))
}

fn generated(model: &Model, what: Generated) -> String {
    match what {
        Generated::Ts => generate::typescript(model),
        Generated::JsonSchema => format!("{:#}", generate::json_schema(model)),
        Generated::Diagram => generate::diagram(model),
    }
}

fn name(what: Generated) -> &'static str {
    match what {
        Generated::Ts => "ts",
        Generated::JsonSchema => "json-schema",
        Generated::Diagram => "diagram",
    }
}
