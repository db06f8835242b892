//! Freehold's validation alone, for pages that check what people type while they type it: the
//! core's own code without its database, small enough to be called in a page's own thread.
//!
//! A model comes as the JSON that the core makes of one that it has checked. Rows, actors and
//! issues cross as JSON text, in the forms in which they cross to the core itself.
#![cfg(target_family = "wasm")]

use freehold_core::Model;
use freehold_core::host::Host;
use freehold_core::validate::{Author, Validator, complete};
use freehold_core::value::Row;
use serde_json::Value;
use wasm_bindgen::prelude::*;

/// What a model says about the validity of rows, compiled.
#[wasm_bindgen]
pub struct Rules {
    model: Model,
    /// One for each table, in their order.
    validators: Vec<Validator>,
}

#[wasm_bindgen]
impl Rules {
    /// Compiles a checked model's JSON; nothing where the text is another.
    #[must_use]
    pub fn compile(model: &str) -> Option<Rules> {
        let model = Model::rules_of_checked(&serde_json::from_str(model).ok()?)?;
        let validators = model.tables.iter().map(|table| Validator::new(&model, table));
        let validators = validators.collect::<Result<_, _>>().ok()?;
        Some(Rules { model, validators })
    }

    /// All that is wrong with a row that is to be inserted, as JSON. `actor` is who would insert
    /// it, or empty; `now_ms` the time, in Unix milliseconds.
    ///
    /// # Panics
    ///
    /// Where the model has no such table, or the row is no JSON object.
    #[must_use]
    pub fn insert(&self, table: &str, row: &str, actor: &str, now_ms: f64) -> String {
        let (position, row, actor) = (self.position(table), object(row), actor_of(actor));
        let row = complete(&self.model, &self.model.tables[position], &author(&actor), &row);
        let issues = self.validators[position].validate_insert(&row, &Clock(now_ms)).err();
        serde_json::to_string(&issues.unwrap_or_default()).expect("issues are JSON")
    }

    /// All that is wrong with changes to a row, as JSON. `current` is the row as it was read, or
    /// empty; without it rules that also read columns which don't change are not judged.
    ///
    /// # Panics
    ///
    /// As `insert`.
    #[must_use]
    pub fn update(
        &self,
        table: &str,
        changes: &str,
        current: &str,
        actor: &str,
        now_ms: f64,
    ) -> String {
        let (position, changes, actor) = (self.position(table), object(changes), actor_of(actor));
        let validator = &self.validators[position];
        let changes =
            complete(&self.model, &self.model.tables[position], &author(&actor), &changes);
        let current = (!current.is_empty()).then(|| object(current));
        let current = current.as_ref().map(|current| validator.stored(current));
        let issues = validator.validate_update(&changes, current.as_deref(), &Clock(now_ms)).err();
        serde_json::to_string(&issues.unwrap_or_default()).expect("issues are JSON")
    }

    fn position(&self, table: &str) -> usize {
        let position = self.model.tables.iter().position(|known| known.name == table);
        position.expect("JavaScript asks for the model's tables")
    }
}

fn object(text: &str) -> Row {
    match serde_json::from_str(text) {
        Ok(Value::Object(row)) => row,
        _ => panic!("JavaScript sends objects"),
    }
}

fn actor_of(text: &str) -> Row {
    if text.is_empty() { Row::new() } else { object(text) }
}

/// What an actor's JSON says of who it is.
fn author(actor: &Row) -> Author<'_> {
    Author {
        user: actor.get("principal").and_then(|principal| principal.get("user")?.as_str()),
        tenant: actor.get("tenant").and_then(Value::as_str),
        narrowed_to: actor.get("narrowed_to").and_then(Value::as_str),
    }
}

/// The time that a call brings along. Ids that are made here stay here, so that they need not be
/// random.
struct Clock(f64);

impl Host for Clock {
    fn now_ms(&self) -> i64 {
        // A date's value is a whole number of at most 8.64e15, which f64 and i64 hold exactly.
        self.0 as i64
    }

    fn fill_random(&self, buffer: &mut [u8]) {
        buffer.fill(0);
    }
}
