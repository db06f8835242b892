//! The documents say what the code says.

use std::fmt::Write;
use std::path::Path;

use freehold_core::error::ERROR_CODES;
use freehold_core::validate::ISSUE_CODES;
use freehold_core::{Bundle, generate};
use serde_json::Value;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// `docs/errors.md` lists every code; it is written anew with `FREEHOLD_BLESS=1`.
#[test]
fn every_error_code_is_in_the_documents() {
    let mut text = String::from(
        "# Errors and their codes\n\nA code is stable: it crosses the worker, the command line's \
         `--json` and every language\nunchanged. Messages are for people and may change.\n\n\
         ## Errors of a call\n\n| code | meaning |\n|---|---|\n",
    );
    for (code, meaning) in ERROR_CODES {
        let _ = writeln!(text, "| `{code}` | {meaning} |");
    }
    text.push_str(
        "\n## Issues of a row\n\nThe error `invalid` carries all issues of a row at once, each \
         with `path`, `code`, `message` and `params`.\n\n| code | meaning |\n|---|---|\n",
    );
    for (code, meaning) in ISSUE_CODES {
        let _ = writeln!(text, "| `{code}` | {meaning} |");
    }
    let path = root().join("docs/errors.md");
    if std::env::var_os("FREEHOLD_BLESS").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    assert!(std::fs::read_to_string(&path).unwrap_or_default() == text, "docs/errors.md is old");
    let mut codes: Vec<&str> = ERROR_CODES.iter().map(|(code, _)| *code).collect();
    codes.sort_unstable();
    let count = codes.len();
    codes.dedup();
    assert_eq!(codes.len(), count, "a code stands twice");
}

/// Editors check models by `docs/model.schema.json`: it takes what the core takes.
#[test]
fn the_format_schema_takes_the_built_in_models() {
    let schema: Value = serde_json::from_str(generate::MODEL_FORMAT_SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    for name in Bundle::builtin_names() {
        let model = Bundle::builtin(name).unwrap().model.to_json();
        let errors: Vec<String> =
            validator.iter_errors(&model).map(|e| format!("{}: {e}", e.instance_path())).collect();
        assert!(errors.is_empty(), "{name}: {errors:#?}");
    }
    for broken in [
        serde_json::json!({ "name": "x" }),
        serde_json::json!({ "name": "x", "tables": { "a": { "columns": { "b": { "type": "txt" } } } } }),
        serde_json::json!({ "name": "x", "tables": { "a": {} }, "titel": "y" }),
    ] {
        assert!(!validator.is_valid(&broken), "{broken}");
    }
}

/// The rows of the seeds fit the JSON Schema that is generated from their model.
#[test]
fn the_generated_schema_takes_stored_rows() {
    for name in Bundle::builtin_names() {
        let database = freehold::testing::database(name, "development").unwrap();
        let model = database.bundle().model.clone();
        let schema = generate::json_schema(&model);
        for table in &model.tables {
            let mut part = schema["$defs"][&table.name].clone();
            // A row as it is read leaves out what is secret.
            part["required"] = serde_json::json!([]);
            let validator = jsonschema::validator_for(&part).unwrap();
            let options = freehold_core::ListOptions { limit: Some(1000), ..Default::default() };
            for row in database.owner().unwrap().list(&table.name, &options).unwrap().rows {
                let row = Value::Object(row);
                let errors: Vec<String> =
                    validator.iter_errors(&row).map(|e| e.to_string()).collect();
                assert!(errors.is_empty(), "{name}.{}: {row}: {errors:?}", table.name);
            }
        }
    }
}
