//! Who may do what, kept in a pulled model as far as it still holds.
//!
//! SQLite knows nothing of policies: they come from the model that the file remembers. Where its
//! tables have changed since, a rule may name what is gone, and is left out with a note.

use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::model::{FORGETS_MAKER, Model, toml_to_json};

/// The model that a file remembers. In one from before policies were asked for, nobody may do
/// anything with tenants' rows; in one from before API keys went with their makers, they do.
pub(super) fn remembered(text: &str) -> Option<Model> {
    let problems = match Model::from_text(text) {
        Err(Error::InvalidModel { problems }) => problems,
        other => return other.ok(),
    };
    let mut root: Value = match text.trim_start().starts_with('{') {
        true => serde_json::from_str(text).ok()?,
        false => toml_to_json(text).ok()?.into(),
    };
    for problem in problems.iter().filter(|problem| problem.code == "no_policy") {
        let (kind, name) = problem.path.split_once('.')?;
        root.get_mut(kind)?.get_mut(name)?.as_object_mut()?.insert("policy".into(), json!({}));
    }
    for problem in problems.iter().filter(|problem| problem.code == FORGETS_MAKER) {
        *problem.path.split('.').try_fold(&mut root, Value::get_mut)? = "cascade".into();
    }
    Model::from_json(&root.to_string()).ok()
}

/// Loads what was pulled, without the remembered rules that no longer hold.
pub(super) fn load(root: &mut Value, notes: &mut Vec<String>) -> Result<Model> {
    loop {
        let problems = match Model::from_json(&root.to_string()) {
            Err(Error::InvalidModel { problems }) => problems,
            other => return other,
        };
        let left_out = notes.len();
        for problem in &problems {
            if drop_rule(root, &problem.path) {
                notes.push(format!("{} no longer holds: {}", problem.path, problem.message));
            }
        }
        if notes.len() == left_out {
            return Err(Error::InvalidModel { problems });
        }
    }
}

/// Takes the rule at this path out; false where there is none.
fn drop_rule(root: &mut Value, path: &str) -> bool {
    let mut remove = |pointer: &[&str], key: &str| {
        let place = pointer.iter().try_fold(&mut *root, |value, step| value.get_mut(step));
        place.and_then(Value::as_object_mut).and_then(|entries| entries.remove(key)).is_some()
    };
    match path.split_once('.') {
        Some(("predicates", name)) => remove(&["predicates"], name),
        Some(("tenancy", "tenant" | "key" | "user" | "member")) => false,
        Some(("tenancy", key)) => remove(&["tenancy"], key),
        Some(("tables", rest)) => match rest.split('.').collect::<Vec<_>>()[..] {
            [table, "policy", operation] => remove(&["tables", table, "policy"], operation),
            _ => false,
        },
        _ => false,
    }
}
