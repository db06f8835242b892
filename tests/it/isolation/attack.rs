//! Statements that try to get at what their actor may not have.
//!
//! Each runs twice, in two databases that differ in nothing but what the actor doesn't see:
//! another tenant's rows are there or not, hidden and secret values are others. Whatever it
//! answers, rows, counts or an error's text, must be the same in both. What the actor doesn't see
//! must be unchanged afterwards, and the session and the host's transaction as they were.

use std::collections::BTreeSet;

use freehold::model::{Scope, Table};
use freehold::{Actor, Bundle, Error, ListOptions};
use serde_json::{Value, json};

use super::world::{CANARY, World, is_free_text};

const ATTACKS: &str = include_str!("attacks.txt");

struct Attack {
    name: &'static str,
    refused: bool,
    sql: String,
}

impl Attack {
    /// Whether it depends on the row that is aimed at.
    fn is_about_one(&self) -> bool {
        !self.refused && ["{id}", "{text}", "{tenant}"].iter().any(|name| self.sql.contains(name))
    }
}

/// What the placeholders stand for.
struct Target {
    values: Vec<(&'static str, String)>,
    table: String,
}

#[test]
fn valuecanvas() {
    attack(&|| World::of(Bundle::builtin("valuecanvas").unwrap()));
}

#[test]
fn stratibreak() {
    attack(&|| World::of(Bundle::builtin("stratibreak").unwrap()));
}

#[test]
fn vibecraft() {
    attack(&|| World::of(Bundle::builtin("vibecraft").unwrap()));
}

#[test]
fn carcosa() {
    attack(&|| World::of(Bundle::builtin("carcosa").unwrap()));
}

#[test]
fn workflow() {
    attack(&|| World::of(Bundle::builtin("workflow").unwrap()));
}

#[test]
fn clinic() {
    attack(&World::clinic);
}

fn attacks() -> Vec<Attack> {
    let lines = ATTACKS.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let attacks = lines.map(|line| {
        let mut parts = line.splitn(3, " | ");
        let mut part = || parts.next().unwrap_or_else(|| panic!("{line}"));
        let (name, expected, sql) = (part(), part(), part());
        let sql = serde_json::from_str(&format!("\"{}\"", sql.replace('"', "\\\"")));
        Attack { name, refused: expected == "refused", sql: sql.unwrap() }
    });
    attacks.collect()
}

fn attack(make: &dyn Fn() -> World) {
    let attacks = attacks();
    assert!(attacks.len() > 400);
    let world = make();
    world.clear_audit();
    let mut ran = 0;
    let mut failures = Vec::new();
    for actor in world.actors() {
        let visible = visible(&world, &actor);
        let other = other_world(make, &world, &visible);
        let targets = targets(&world, &visible);
        assert!(!targets.is_empty(), "{actor:?}: something is hidden");
        let before = world.dump();
        let hidden = hidden(&world, &visible);
        for (at, target) in targets.iter().enumerate() {
            for attack in attacks.iter().filter(|attack| at == 0 || attack.is_about_one()) {
                let Some(sql) = target.fill(&attack.sql) else { continue };
                let place = format!("{} as {actor:?}: {sql:.200}", attack.name);
                let found = check([&world, &other], &actor, attack, &sql, target, &hidden);
                failures.extend(found.into_iter().map(|what| format!("{place}\n  {what}")));
                ran += 1;
            }
        }
        assert!(world.dump() == before, "{actor:?}: all is as it was");
    }
    assert!(ran > 1_000, "{ran}");
    let shown = failures.iter().take(20).map(String::as_str).collect::<Vec<_>>().join("\n");
    assert!(failures.is_empty(), "{} of {ran}:\n{shown}", failures.len());
}

/// The keys of the rows that an actor sees, `table key`, the key as JSON.
fn visible(world: &World, actor: &Actor) -> BTreeSet<String> {
    let session = world.database.session(actor.clone()).unwrap();
    let mut visible = BTreeSet::new();
    for table in &world.model().tables {
        let mut options = ListOptions { limit: Some(1000), ..ListOptions::default() };
        options.columns = Some(table.primary_key.clone());
        let rows = session.list(&table.name, &options).unwrap().rows;
        visible.extend(rows.iter().map(|row| {
            let key: Vec<&Value> = table.primary_key.iter().map(|name| &row[name]).collect();
            format!("{} {}", table.name, json!(key))
        }));
    }
    visible
}

/// The rows that an actor doesn't see, as the dump has them.
fn hidden(world: &World, visible: &BTreeSet<String>) -> Vec<String> {
    let mut hidden = world.dump();
    for table in &world.model().tables {
        let names = table.primary_key.iter();
        let names = names.map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", ");
        let sql = format!("SELECT * FROM \"{}\" ORDER BY {names}", table.name);
        let by_key = format!("SELECT {names} FROM \"{}\" ORDER BY {names}", table.name);
        for (row, key) in world.rows(&sql).iter().zip(world.rows(&by_key)) {
            if visible.contains(&format!("{} {}", table.name, json!(key))) {
                let line = format!("{} {row:?}", table.name);
                hidden.retain(|other| *other != line);
            }
        }
    }
    hidden
}

/// The keys of all rows of a table with a text each, and whether the actor sees them.
fn keys(
    world: &World,
    table: &Table,
    text: &str,
    visible: &BTreeSet<String>,
) -> Vec<(Vec<Value>, Value, bool)> {
    let names: Vec<String> = table.primary_key.iter().map(|name| format!("\"{name}\"")).collect();
    let names = names.join(", ");
    let sql = format!("SELECT \"{text}\", {names} FROM \"{}\" ORDER BY {names}", table.name);
    let rows = world.rows(&sql).into_iter().map(|mut row| {
        let key = row.split_off(1);
        let seen = visible.contains(&format!("{} {}", table.name, json!(key)));
        (key, row[0].clone(), seen)
    });
    rows.collect()
}

/// The same world, as far as the actor sees; everything else is different.
fn other_world(make: &dyn Fn() -> World, world: &World, visible: &BTreeSet<String>) -> World {
    let other = make();
    for table in &world.model().tables {
        let Some(text) = table.columns.iter().find(|column| is_free_text(table, column)) else {
            continue;
        };
        for (key, _, seen) in keys(world, table, &text.name, visible) {
            let is_text = key.iter().all(Value::is_string);
            if seen || !is_text {
                continue;
            }
            let named = table.primary_key.iter().zip(&key);
            let named = named.map(|(name, value)| {
                format!("\"{name}\" = '{}'", value.as_str().unwrap().replace('\'', "''"))
            });
            let condition = named.collect::<Vec<_>>().join(" AND ");
            other.rewrite(table, "OTHER-", &condition);
        }
    }
    let copy = format!("\"{}\"]", other.tenants[1]);
    if !visible.iter().any(|key| key.ends_with(&copy)) {
        other.delete_copy();
    }
    other.rewrite_secrets();
    other.clear_audit();
    other
}

/// Tables to aim at: one with rows of which the actor sees some, one with a hidden row of the
/// same tenant, one of which they see nothing.
fn targets(world: &World, visible: &BTreeSet<String>) -> Vec<Target> {
    let model = world.model();
    let mut found: [Option<Target>; 3] = [None, None, None];
    for table in &model.tables {
        let column = match &table.scope {
            Scope::Tenant { column } | Scope::User { owner: column } => column,
            Scope::Public => continue,
        };
        let mut texts = table.columns.iter().filter(|column| is_free_text(table, column));
        let Some(text) = texts.find(|text| !["group", "order"].contains(&text.name.as_str()))
        else {
            continue;
        };
        let keys = keys(world, table, &text.name, visible);
        let own = keys.iter().find(|(_, _, seen)| *seen).map(|(key, _, _)| key.last().cloned());
        let at = |key: &[Value], name: &String| {
            let at = table.primary_key.iter().position(|column| column == name)?;
            key.get(at).and_then(Value::as_str).map(str::to_owned)
        };
        for (key, value, seen) in &keys {
            let owner = at(key, column).unwrap_or_default();
            let place = match (&own, owner == world.tenants[1]) {
                _ if *seen => continue,
                (None, _) => 2,
                (Some(_), true) => 0,
                (Some(_), false) => 1,
            };
            let Some(id) = key.last().and_then(Value::as_str) else { continue };
            if found[place].is_none() {
                let own = own.clone().flatten();
                let own = own.as_ref().and_then(Value::as_str).unwrap_or("nothing");
                let value = value.as_str().unwrap_or("nothing");
                found[place] =
                    Some(target(world, table, [column, &text.name, id, own, value, &owner]));
            }
        }
    }
    found.into_iter().flatten().collect()
}

fn target(world: &World, table: &Table, parts: [&str; 6]) -> Target {
    let [column, text, id, own, value, owner] = parts;
    let quote = |text: &str| text.replace('\'', "''");
    let mut values = vec![
        ("{t}", table.name.clone()),
        ("{k}", table.primary_key.last().unwrap().clone()),
        ("{tk}", column.to_owned()),
        ("{c}", text.to_owned()),
        ("{id}", quote(id)),
        ("{own}", quote(own)),
        ("{text}", quote(value)),
        ("{tenant}", quote(if owner.is_empty() { &world.tenants[1] } else { owner })),
    ];
    let tables = &world.model().tables;
    let reference = table.references.last().and_then(|reference| reference.columns.last());
    values.extend(reference.map(|name| ("{r}", name.clone())));
    let other = tables.iter().find(|other| {
        other.name != table.name && other.primary_key.last() == table.primary_key.last()
    });
    values.extend(other.map(|other| ("{u}", other.name.clone())));
    for other in tables {
        if let Some(secret) = other.columns.iter().find(|column| column.secret) {
            values.push(("{st}", other.name.clone()));
            values.push(("{sc}", secret.name.clone()));
            break;
        }
    }
    Target { values, table: table.name.clone() }
}

impl Target {
    /// The statement; None where the model has not what it needs.
    fn fill(&self, sql: &str) -> Option<String> {
        let mut filled = sql.to_owned();
        for (name, value) in &self.values {
            filled = filled.replace(name, value);
        }
        let left = ["{r}", "{u}", "{st}", "{sc}"].iter().any(|name| filled.contains(name));
        (!left).then(|| filled.replace("{{", "{").replace("}}", "}"))
    }
}

/// What an attack got at.
fn check(
    worlds: [&World; 2],
    actor: &Actor,
    attack: &Attack,
    sql: &str,
    target: &Target,
    hidden: &[String],
) -> Option<String> {
    let outcome = run(worlds[0], actor, sql, target, hidden);
    let elsewhere = run(worlds[1], actor, sql, target, &[]);
    if outcome != elsewhere {
        return Some(format!("{outcome:?}\n  {elsewhere:?}"));
    }
    match outcome {
        Err(error) if error.starts_with("!") => Some(error),
        Ok(answer) if attack.refused => Some(format!("is not refused: {answer}")),
        Ok(answer) => {
            let rows = serde_json::from_str::<Value>(&answer).unwrap()[1].to_string();
            // Whoever belongs to the other tenant too may see its rows when they are in none.
            let leaks = rows.contains(CANARY) && actor.tenant.is_some();
            (leaks || rows.contains("$argon2")).then_some(rows)
        }
        Err(_) => None,
    }
}

/// What a statement answers, in a transaction that is undone afterwards.
fn run(
    world: &World,
    actor: &Actor,
    sql: &str,
    target: &Target,
    hidden: &[String],
) -> Result<String, String> {
    let session = world.database.session(actor.clone()).unwrap();
    let probe = format!("SELECT count(*) FROM \"{}\"", target.table);
    let before = match session.sql(&probe, &[]) {
        Ok(before) => before,
        Err(error) => return Err(format!("! the session is broken: {error}")),
    };
    let writes = !sql.trim_start().to_ascii_uppercase().starts_with("SELECT");
    let mut outcome = Err(String::new());
    let undone: Result<(), Error> = session.transaction(|session| {
        let answer = session.sql(sql, &[]);
        let changed = answer.as_ref().is_ok_and(|answer| answer.changes > 0);
        outcome = match answer {
            Ok(answer) => Ok(json!([answer.columns, answer.rows, answer.changes]).to_string()),
            Err(error) => Err(format!("{}: {error}", error.code())),
        };
        if changed {
            let now: BTreeSet<String> = world.dump().into_iter().collect();
            let lost: Vec<&String> = hidden.iter().filter(|line| !now.contains(*line)).collect();
            if !lost.is_empty() {
                outcome = Err(format!("! changed: {lost:?}"));
            }
        }
        // The host's transaction is still open, and the session still its actor's.
        if writes && !changed {
            let after = session.sql(&probe, &[]);
            if after.as_ref().ok() != Some(&before) {
                outcome = Err(format!("! the session's state: {after:?}"));
            }
        }
        Err(Error::Interrupted)
    });
    if !matches!(undone, Err(Error::Interrupted)) {
        return Err(format!("! the transaction: {undone:?}"));
    }
    outcome
}
