//! Validation without a database: what a checked model's JSON says of rows is what the model says,
//! and what it says in every host.
//!
//! `tests/validation/<model>.tsv` has the model in its first line and then a case a line: mode,
//! table, row, the row as it is now, actor, and the issues. Browsers and Node replay it. A changed
//! file is written anew with `FREEHOLD_BLESS=1` and then read before it is committed.

mod values;

use std::path::{Path, PathBuf};

use freehold_core::host::Host;
use freehold_core::validate::{Author, ISSUE_CODES, Validator, complete};
use freehold_core::{Bundle, Model};
use serde_json::{Map, Value, json};

use crate::oracle::generate::Dice;

/// How many rows of every table are compared here, and how many a model's file keeps of all.
const ROWS: usize = 150;
const ROWS_KEPT: usize = 80;

/// Issues that only a database finds.
const FOUND_IN_DATABASES: [&str; 6] = [
    "ciphertext_invalid",
    "encryption_unavailable",
    "not_canonical",
    "not_unique",
    "still_referenced",
    "unknown_reference",
];

/// A clock that stands, so that all hosts read the same time.
struct Still;

const NOW_MS: i64 = 1_760_000_000_000;

impl Host for Still {
    fn now_ms(&self) -> i64 {
        NOW_MS
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}

/// A model's validators, compiled.
struct Compiled {
    model: Model,
    validators: Vec<Validator>,
}

impl Compiled {
    fn new(model: Model) -> Compiled {
        let validators = model.tables.iter().map(|table| Validator::new(&model, table).unwrap());
        Compiled { validators: validators.collect(), model }
    }

    /// The issues as the JSON text that crosses to hosts.
    fn issues(&self, case: &Case) -> String {
        let (table, validator) = (&self.model.tables[case.table], &self.validators[case.table]);
        let id = |key: &str| case.actor.as_ref().and_then(|actor| actor.get(key)?.as_str());
        let principal = case.actor.as_ref().and_then(|actor| actor.get("principal"));
        let author = Author {
            user: principal.and_then(|principal| principal["user"].as_str()),
            tenant: id("tenant"),
            narrowed_to: id("narrowed_to"),
        };
        let row = complete(&self.model, table, &author, &case.row);
        let current = case.current.as_ref().map(|current| validator.stored(current));
        let issues = match case.is_update {
            false => validator.validate_insert(&row, &Still).err(),
            true => validator.validate_update(&row, current.as_deref(), &Still).err(),
        };
        serde_json::to_string(&issues.unwrap_or_default()).unwrap()
    }
}

/// A row to validate.
struct Case {
    table: usize,
    is_update: bool,
    row: Map<String, Value>,
    current: Option<Map<String, Value>>,
    actor: Option<Value>,
}

impl Case {
    fn random(dice: &mut Dice, model: &Model) -> Case {
        let position = dice.below(model.tables.len());
        let table = &model.tables[position];
        let is_update = dice.percent(40);
        let actor = dice.percent(30).then(|| {
            let mut actor = json!({ "principal": { "user": values::id(dice) } });
            for key in ["tenant", "narrowed_to"] {
                if dice.percent(60) {
                    actor[key] = values::id(dice).into();
                }
            }
            actor
        });
        let current = is_update && dice.percent(60);
        Case {
            table: position,
            is_update,
            row: values::row(dice, model, table, if is_update { 25 } else { 85 }),
            current: current.then(|| values::row(dice, model, table, 100)),
            actor,
        }
    }

    fn line(&self, model: &Model, issues: &str) -> String {
        let optional = |value: Option<String>| value.unwrap_or_default();
        [
            if self.is_update { "update" } else { "insert" },
            &model.tables[self.table].name,
            &Value::from(self.row.clone()).to_string(),
            &optional(self.current.clone().map(|current| Value::from(current).to_string())),
            &optional(self.actor.as_ref().map(Value::to_string)),
            issues,
        ]
        .join("\t")
    }
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("validation")
}

fn models() -> Vec<Model> {
    let own = [folder().join("kinds.toml"), folder().join("../models/clinic/model.toml")];
    let own = own.iter().map(|file| std::fs::read_to_string(file).unwrap());
    let built_in =
        Bundle::builtin_names().map(|name| (*Bundle::builtin(name).unwrap().model).clone());
    built_in.chain(own.map(|text| Model::from_text(&text).unwrap())).collect()
}

#[test]
fn a_checked_models_json_says_what_the_model_says_of_rows() {
    for (seed, model) in models().into_iter().enumerate() {
        let json = model.to_json();
        assert_eq!(Model::from_json(&json.to_string()).unwrap(), model);
        let rules = Model::rules_of_checked(&json).expect("it is a checked model's");
        assert_eq!(rules.enums, model.enums);
        for (found, table) in rules.tables.iter().zip(&model.tables) {
            let place = format!("{}.{}", model.name, table.name);
            assert_eq!(found.checks, table.checks, "{place}");
            assert_eq!(found.scope, table.scope, "{place}");
            assert_eq!(found.primary_key, table.primary_key, "{place}");
            for column in &table.columns {
                let found = found.column(&column.name).expect("it has the same columns");
                assert_eq!((&found.kind, &found.rules), (&column.kind, &column.rules), "{place}");
                assert_eq!((found.array, found.auto), (column.array, column.auto), "{place}");
                assert_eq!(found.default, column.default, "{place}.{}", column.name);
            }
        }
        let (rules, model) = (Compiled::new(rules), Compiled::new(model));
        let mut dice = Dice::new(seed as u64);
        let mut valid = 0;
        for _ in 0..ROWS * model.model.tables.len() {
            let case = Case::random(&mut dice, &model.model);
            let (found, expected) = (rules.issues(&case), model.issues(&case));
            assert_eq!(found, expected, "{}", case.line(&model.model, ""));
            valid += usize::from(expected == "[]");
        }
        let count = ROWS * model.model.tables.len();
        let some = count / 20..count * 3 / 4;
        assert!(some.contains(&valid), "{}: {valid} of {count} are valid", rules.model.name);
    }
}

#[test]
fn a_model_that_people_wrote_is_not_taken_for_a_checked_one() {
    for text in [
        r#"{ "name": "a", "tables": { "a": { "columns": { "b": { "type": "text" } } } } }"#,
        r#"{ "name": "a", "tables": { "a": { "template": "tenant", "scope": "public" } } }"#,
        r#"{ "tables": {} }"#,
        "[]",
    ] {
        assert_eq!(Model::rules_of_checked(&serde_json::from_str(text).unwrap()), None, "{text}");
    }
}

/// A page may have the JSON from anywhere.
#[test]
fn a_spoiled_models_json_is_refused_or_read_and_nothing_worse() {
    for (seed, model) in models().into_iter().enumerate() {
        let mut dice = Dice::new(seed as u64);
        let json = model.to_json();
        for _ in 0..60 {
            let mut spoiled = json.clone();
            for _ in 0..=dice.below(3) {
                values::spoil(&mut dice, &mut spoiled);
            }
            let Some(model) = Model::rules_of_checked(&spoiled) else { continue };
            for table in &model.tables {
                let Ok(validator) = Validator::new(&model, table) else { continue };
                let row = values::row(&mut dice, &model, table, 80);
                let _ = validator
                    .validate_insert(&complete(&model, table, &Author::default(), &row), &Still);
            }
        }
    }
}

#[test]
fn the_issues_that_other_hosts_are_held_against() {
    let mut unseen: Vec<&str> = ISSUE_CODES.iter().map(|(code, _)| *code).collect();
    unseen.retain(|code| !FOUND_IN_DATABASES.contains(code));
    for (seed, model) in models().into_iter().enumerate() {
        let mut dice = Dice::new(1000 + seed as u64);
        let compiled = Compiled::new(model);
        let mut text = format!("{}\n", compiled.model.to_json());
        for _ in 0..ROWS_KEPT {
            let case = Case::random(&mut dice, &compiled.model);
            let issues = compiled.issues(&case);
            unseen.retain(|code| !issues.contains(&format!("\"code\":\"{code}\"")));
            text += &case.line(&compiled.model, &issues);
            text += "\n";
        }
        let path = folder().join(format!("{}.tsv", compiled.model.name));
        if std::env::var_os("FREEHOLD_BLESS").is_some() {
            std::fs::write(&path, &text).unwrap();
        }
        let known = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(known == text, "{}: the issues differ from its file", compiled.model.name);
    }
    assert!(unseen.is_empty(), "no case has {unseen:?}");
}
