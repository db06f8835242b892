//! Scenario files: steps that every host replays with equal results.
//!
//! `tests/scenarios/<name>.json` has the steps and what they must give; `traces/<name>.json` every
//! answer in full. The browser replays the same files against the same traces. A changed trace is
//! written anew with `FREEHOLD_BLESS=1` and then read before it is committed.

use std::path::{Path, PathBuf};

use freehold_core::bundle::BundleFiles;
use freehold_core::call::call;
use freehold_core::host::FixedHost;
use freehold_core::{Bundle, Database};
use rusqlite::Connection;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// A scenario file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    name: String,
    doc: String,
    bundle: Source,
    now_ms: i64,
    seed: u64,
    steps: Vec<Step>,
}

/// A built-in model's name, or a bundle's files.
#[derive(Deserialize)]
#[serde(untagged)]
enum Source {
    Builtin(String),
    Files(BundleFiles),
}

/// One call, and what it must give.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    call: String,
    /// On whose behalf; the owner's unless given.
    #[serde(rename = "as")]
    actor: Option<Value>,
    #[serde(default)]
    params: Value,
    /// Part of the answer: what is not named here may be anything.
    expect: Option<Value>,
    /// The error's code.
    expect_error: Option<String>,
    /// Names for parts of the answer (JSON pointers), used as `"$name"` in later steps.
    #[serde(default)]
    save: Map<String, Value>,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios")
}

#[test]
fn every_scenario_gives_what_it_says() {
    let mut count = 0;
    for entry in std::fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "json") {
            replay_file(&path);
            count += 1;
        }
    }
    assert!(count >= 7, "only {count} scenarios were found");
}

fn replay_file(path: &Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let scenario: Scenario =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(!scenario.doc.is_empty());
    let trace = replay(&scenario);
    let mut text = serde_json::to_string_pretty(&trace).unwrap();
    text.push('\n');
    let trace_path = folder().join("traces").join(format!("{}.json", scenario.name));
    if std::env::var_os("FREEHOLD_BLESS").is_some() {
        std::fs::write(&trace_path, &text).unwrap();
    }
    let known = std::fs::read_to_string(&trace_path).unwrap_or_default();
    assert!(known == text, "{}: the answers differ from its trace", scenario.name);
}

fn replay(scenario: &Scenario) -> Vec<Value> {
    let bundle = match &scenario.bundle {
        Source::Builtin(name) => Bundle::builtin(name),
        Source::Files(files) => Bundle::from_files(files),
    };
    let bundle = bundle.unwrap_or_else(|error| panic!("{}: {error}", scenario.name));
    let host = FixedHost::new(scenario.now_ms, scenario.seed);
    let connection = Connection::open_in_memory().unwrap();
    let mut database = Database::open(connection, bundle, Box::new(host)).unwrap();
    let mut saved = Map::new();
    let mut trace = Vec::new();
    for (at, step) in scenario.steps.iter().enumerate() {
        let place = format!("{}, step {at} ({})", scenario.name, step.call);
        let params = if step.params.is_null() { json!({}) } else { step.params.clone() };
        let params = substitute(&params, &saved);
        let request = match &step.actor {
            None => json!({ "method": step.call, "params": params }),
            Some(actor) => {
                json!({ "method": step.call, "as": substitute(actor, &saved), "params": params })
            }
        };
        let answer = call(&mut database, &request.to_string(), &mut |_| {});
        let answer: Value = serde_json::from_str(&answer).unwrap();
        check(step, &answer, &saved, &place);
        for (name, pointer) in &step.save {
            let value = answer.pointer(&format!("/ok{}", pointer.as_str().unwrap()));
            saved.insert(name.clone(), value.unwrap_or_else(|| panic!("{place}: {name}")).clone());
        }
        trace.push(answer);
    }
    trace
}

fn check(step: &Step, answer: &Value, saved: &Map<String, Value>, place: &str) {
    let expect = step.expect.as_ref().map(|expect| substitute(expect, saved));
    match (&step.expect_error, answer.get("ok")) {
        (Some(code), _) => {
            assert_eq!(answer["error"]["code"], json!(code), "{place}: {answer}");
            if let Some(expected) = &expect {
                assert_part(expected, &answer["error"], place);
            }
        }
        (None, Some(ok)) => {
            if let Some(expected) = &expect {
                assert_part(expected, ok, place);
            }
        }
        (None, None) => panic!("{place}: {answer:#}"),
    }
}

/// Objects may have more entries than expected; everything else has to be equal.
fn assert_part(expected: &Value, found: &Value, place: &str) {
    match (expected, found) {
        (Value::Object(expected), Value::Object(found)) => {
            for (key, value) in expected {
                let other = found.get(key).unwrap_or(&Value::Null);
                assert_part(value, other, &format!("{place}/{key}"));
            }
        }
        (Value::Array(expected), Value::Array(found)) if expected.len() == found.len() => {
            for (at, (expected, found)) in expected.iter().zip(found).enumerate() {
                assert_part(expected, found, &format!("{place}/{at}"));
            }
        }
        _ => assert_eq!(expected, found, "{place}"),
    }
}

fn substitute(value: &Value, saved: &Map<String, Value>) -> Value {
    match value {
        Value::String(text) => {
            let name = text.strip_prefix('$').and_then(|name| saved.get(name));
            name.unwrap_or(value).clone()
        }
        Value::Array(items) => items.iter().map(|item| substitute(item, saved)).collect(),
        Value::Object(entries) => Value::Object(
            entries.iter().map(|(key, value)| (key.clone(), substitute(value, saved))).collect(),
        ),
        _ => value.clone(),
    }
}
