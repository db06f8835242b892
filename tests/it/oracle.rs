//! Sessions against an oracle: random programs of reads and writes, as random actors, give what a
//! plain reading of the policies over rows in memory gives: the same rows, the same refusals, the
//! same database afterwards.

mod eval;
mod filled;
pub mod generate;
mod insist;
mod people;
mod same;
mod world;

use std::path::Path;

use freehold::testing::Template as Start;
use freehold::{Actor, Bundle, Database, ListOptions, Session, bundle_from_dir};
use freehold_core::model::{Table, Template};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};

use self::filled::fill;
use self::generate::{Dice, Wanted};
use self::same::{compare, refresh, same_rows, same_values, stored};
use self::world::{Operation, Row, Who, World, key_of, text};

const NOW: &str = "2026-01-01T00:00:00.000Z";

type Checked = Result<(), TestCaseError>;

macro_rules! fail {
    ($($message:tt)*) => { return Err(TestCaseError::fail(format!($($message)*))) };
}
use fail;

#[test]
fn carcosa() {
    check(Bundle::builtin("carcosa").unwrap());
}

#[test]
fn valuecanvas() {
    check(Bundle::builtin("valuecanvas").unwrap());
}

#[test]
fn stratibreak() {
    check(Bundle::builtin("stratibreak").unwrap());
}

#[test]
fn vibecraft() {
    check(Bundle::builtin("vibecraft").unwrap());
}

#[test]
fn workflow() {
    check(Bundle::builtin("workflow").unwrap());
}

#[test]
fn clinic() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("models/clinic");
    check(bundle_from_dir(&folder).unwrap());
}

/// One step: what is done, by whom, to what; each number is taken modulo what there is.
type Step = (u8, u64);

fn check(bundle: Bundle) {
    let start = Start::new(bundle, None).unwrap();
    let config =
        Config { failure_persistence: None, max_shrink_iters: 40, ..Config::with_cases(cases()) };
    let programs = (any::<u64>(), vec((any::<u8>(), any::<u64>()), 1..50));
    let result = TestRunner::new(config).run(&programs, |(seed, steps)| run(&start, seed, &steps));
    if let Err(error) = result {
        panic!("{error}");
    }
}

fn cases() -> u32 {
    std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(5)
}

fn run(start: &Start, seed: u64, steps: &[Step]) -> Checked {
    let database = start.database().unwrap();
    let model = database.bundle().model.clone();
    let tables = model.tables.iter().map(|table| (table.name.clone(), Vec::new())).collect();
    let mut world = World { model, tables };
    fill(&database, &mut world, seed);
    // These stay open and have to notice whatever changes for them.
    let mut dice = Dice::new(seed ^ 1);
    let kept: Vec<Actor> = (0..4).map(|_| actor(&mut dice, &world)).collect();
    let kept: Vec<(Actor, Option<Session<'_>>)> =
        kept.into_iter().map(|actor| (actor.clone(), database.session(actor).ok())).collect();
    for (at, (kind, seed)) in steps.iter().enumerate() {
        let mut dice = Dice::new(*seed);
        let fresh;
        let (actor, session) = match dice.pick(&kept) {
            Some((actor, Some(session))) if dice.percent(30) => (actor.clone(), session),
            _ => {
                let actor = actor(&mut dice, &world);
                let opened = database.session(actor.clone());
                match (opened, world.who(&actor, NOW)) {
                    (Ok(session), Some(_)) => fresh = session,
                    (Err(error), None) if error.code() == "session_ended" => continue,
                    (opened, who) => {
                        let opened = opened.err().map(|error| error.code());
                        fail!("step {at}: {actor:?} is {who:?} and got {opened:?}")
                    }
                }
                (actor, &fresh)
            }
        };
        let Some(who) = world.who(&actor, NOW) else {
            let answer = session.count(&world.model.tables[0].name, None);
            match answer.map_err(|error| error.code()) {
                Err("session_ended") => continue,
                other => fail!("step {at}: {actor:?} has no access and got {other:?}"),
            }
        };
        let table = world.model.clone();
        let table = dice.pick(&table.tables).unwrap();
        let done = match kind % 12 {
            10 | 11 => insist::insist(&database, &mut world, session, &actor, &mut dice),
            _ => step(&database, &mut world, session, &who, table, *kind, &mut dice),
        };
        done.and_then(|()| compare(&database, &mut world))
            .map_err(|e| TestCaseError::fail(format!("step {at}, {who:?}, {}: {e}", table.name)))?;
    }
    Ok(())
}

fn step(
    database: &Database,
    world: &mut World,
    session: &Session<'_>,
    who: &Who,
    table: &Table,
    kind: u8,
    dice: &mut Dice,
) -> Checked {
    refresh(database, world);
    match kind % 12 {
        0 | 1 => list(world, session, who, table),
        2 => sql(world, session, who, table),
        3 => get(world, session, who, table, dice),
        4..=6 => insert(world, session, who, table, dice),
        7 | 8 => match any_row(dice, world, who, table) {
            Some(at) => update(world, session, who, table, at, dice),
            None => Ok(()),
        },
        _ => delete(world, session, who, table, dice),
    }
}

fn list(world: &World, session: &Session<'_>, who: &Who, table: &Table) -> Checked {
    let seen = world.seen(who, table);
    let options = ListOptions::from_json(json!({ "limit": 1000 })).unwrap();
    let found = session.list(&table.name, &options).unwrap().rows;
    same_rows(table, seen.iter().copied(), found.iter())?;
    let count = session.count(&table.name, None).unwrap();
    if count != i64::try_from(seen.len()).unwrap() {
        fail!("{count} are counted, {} seen", seen.len());
    }
    Ok(())
}

fn sql(world: &World, session: &Session<'_>, who: &Who, table: &Table) -> Checked {
    let column = table.primary_key.last().unwrap();
    let found = session.sql(&format!("SELECT {column:?} FROM {:?}", table.name), &[]).unwrap();
    let mut found: Vec<String> = found.rows.iter().map(|row| row[0].to_string()).collect();
    let mut seen: Vec<String> =
        world.seen(who, table).iter().map(|row| row[column].to_string()).collect();
    found.sort();
    seen.sort();
    match found == seen {
        true => Ok(()),
        false => fail!("by SQL they see {found:?}, not {seen:?}"),
    }
}

fn get(world: &World, session: &Session<'_>, who: &Who, table: &Table, dice: &mut Dice) -> Checked {
    let Some(row) = dice.pick(world.rows(&table.name)) else { return Ok(()) };
    let found = session.get(&table.name, &key_json(table, row)).unwrap();
    let seen = world.seen(who, table).into_iter().find(|other| *other == row);
    same_rows(table, seen.into_iter(), found.iter())
}

fn insert(
    world: &mut World,
    session: &Session<'_>,
    who: &Who,
    table: &Table,
    dice: &mut Dice,
) -> Checked {
    let own = who.tenant.clone();
    let tenant = if dice.percent(95) { own } else { any_tenant(dice, world) };
    let wanted = Wanted { tenant: tenant.as_deref(), who: Some(who) };
    let Some(given) = generate::row(dice, world, table, wanted) else { return Ok(()) };
    let reasons = world.against_insert(who, table, &given);
    match session.insert(&table.name, &given) {
        Ok(row) if reasons.is_empty() => {
            let expected = world.completed(who, table, &given);
            same_values(table, &expected, &row)?;
            world.tables.get_mut(&table.name).unwrap().push(row);
            Ok(())
        }
        Ok(_) => fail!("{given:?} was inserted in spite of {reasons:?}"),
        Err(error) if reasons.contains(&error.code()) => Ok(()),
        Err(error) => fail!("{given:?} was refused by {error:?}, not {reasons:?}"),
    }
}

fn update(
    world: &mut World,
    session: &Session<'_>,
    who: &Who,
    table: &Table,
    at: usize,
    dice: &mut Dice,
) -> Checked {
    let old = world.rows(&table.name)[at].clone();
    let wanted = Wanted { tenant: who.tenant.as_deref(), who: Some(who) };
    let changes = generate::changes(dice, world, table, &old, wanted);
    if changes.is_empty() {
        return Ok(());
    }
    let is_seen = world.seen(who, table).contains(&&old);
    let mut reasons = world.against_update(who, table, &old, &changes);
    if !is_seen {
        // What they don't see does not exist; what sessions never write is refused before that.
        reasons.push("not_found");
    }
    match session.update(&table.name, &key_json(table, &old), &changes) {
        Ok(row) if reasons.is_empty() => {
            let mut expected = old;
            expected.extend(changes);
            same_values(table, &expected, &row)?;
            world.tables.get_mut(&table.name).unwrap()[at] = row;
            Ok(())
        }
        Ok(_) => fail!("{changes:?} was done to {old:?} in spite of {reasons:?}"),
        Err(error) if error.code() == "denied" && !is_seen && !writes_own(table, &changes) => {
            fail!("denied tells that {old:?} is there")
        }
        Err(error) if reasons.contains(&error.code()) => Ok(()),
        Err(error) => fail!("{changes:?} to {old:?} was refused by {error:?}, not {reasons:?}"),
    }
}

fn delete(
    world: &mut World,
    session: &Session<'_>,
    who: &Who,
    table: &Table,
    dice: &mut Dice,
) -> Checked {
    let Some(at) = any_row(dice, world, who, table) else { return Ok(()) };
    let old = world.rows(&table.name)[at].clone();
    let is_seen = world.seen(who, table).contains(&&old);
    let allowed = world.allows(who, table, Operation::Delete, &old);
    let answer = session.delete(&table.name, &key_json(table, &old));
    match answer.map_err(|error| error.code()) {
        Ok(false) if !is_seen => Ok(()),
        Err("denied") if is_seen && !allowed => Ok(()),
        Ok(true) if is_seen && allowed && table.soft_delete.is_some() => {
            hide(world, table, at);
            Ok(())
        }
        Ok(true) if is_seen && allowed => match world.delete(&table.name, &key_of(table, &old)) {
            true => Ok(()),
            false => fail!("{old:?} was deleted though something refers to it"),
        },
        Err("invalid") if is_seen && allowed => {
            match world.delete(&table.name, &key_of(table, &old)) {
                true => fail!("nothing refers to {old:?}, and it can't be deleted"),
                false => Ok(()),
            }
        }
        other => fail!("{old:?}: seen {is_seen}, allowed {allowed}, got {other:?}"),
    }
}

/// Hides a row, and what hangs on it where the table says so; the times are the core's.
fn hide(world: &mut World, table: &Table, at: usize) {
    let model = world.model.clone();
    let mut open = vec![(table.clone(), world.rows(&table.name)[at].clone())];
    while let Some((table, row)) = open.pop() {
        let key = key_of(&table, &row);
        let rows = world.tables.get_mut(&table.name).unwrap();
        let hidden = rows.iter_mut().find(|other| key_of(&table, other) == key).unwrap();
        hidden.insert("deleted_at".into(), NOW.into());
        if !table.soft_delete.is_some_and(|soft_delete| soft_delete.cascade) {
            continue;
        }
        for child in model.tables.iter().filter(|child| child.soft_delete.is_some()) {
            for reference in child.references.iter().filter(|r| {
                r.table == table.name && r.on_delete == freehold_core::model::OnDelete::Cascade
            }) {
                let hanging = world.rows(&child.name).iter().filter(|other| {
                    let mut pairs = reference.columns.iter().zip(&reference.to);
                    world::is_there(other) && pairs.all(|(own, to)| other[own] == row[to])
                });
                open.extend(hanging.map(|other| (child.clone(), other.clone())));
            }
        }
    }
}

/// Somebody, mostly with access.
fn actor(dice: &mut Dice, world: &World) -> Actor {
    let tenancy = world.model.tenancy.as_ref().unwrap();
    let keys = world.template(Template::ApiKey);
    let keys = keys.map_or(&[][..], |table| world.rows(&table.name));
    let (members, tenant, person) = world.members();
    let mut actor = match dice.pick(keys) {
        Some(key) if dice.percent(30) => Actor::api_key(text(key, "id").unwrap()),
        _ => match dice.pick(world.rows(&members.name)) {
            None => Actor::user("nobody"),
            Some(member) => {
                let user = Actor::user(text(member, person).unwrap());
                match dice.below(20) {
                    0 | 1 => user,
                    2 => user.in_tenant(any_tenant(dice, world).unwrap_or_default()),
                    _ => user.in_tenant(text(member, tenant).unwrap()),
                }
            }
        },
    };
    if let Some(narrow) = &tenancy.narrow
        && dice.percent(20)
        && let Some(row) = dice.pick(world.rows(narrow))
    {
        actor = actor.narrowed_to(text(row, "id").unwrap());
    }
    actor
}

fn any_tenant(dice: &mut Dice, world: &World) -> Option<String> {
    let tenancy = world.model.tenancy.as_ref().unwrap();
    let id = &world.model.table(&tenancy.tenant).unwrap().primary_key[0];
    dice.pick(world.rows(&tenancy.tenant)).and_then(|row| text(row, id)).map(str::to_owned)
}

/// A row of the table, mostly one that the actor sees.
fn any_row(dice: &mut Dice, world: &World, who: &Who, table: &Table) -> Option<usize> {
    let rows = world.rows(&table.name);
    let seen = world.seen(who, table);
    if dice.percent(75)
        && let Some(row) = dice.pick(&seen)
    {
        return rows.iter().position(|other| other == *row);
    }
    (!rows.is_empty()).then(|| dice.below(rows.len()))
}

fn key_json(table: &Table, row: &Row) -> Value {
    table.primary_key.iter().map(|name| (name.clone(), row[name].clone())).collect()
}

/// Whether changes name a column that no session writes; then the row is not even looked for.
fn writes_own(table: &Table, changes: &Row) -> bool {
    use freehold_core::model::{Scope, Write};
    let kept_apart = matches!(table.scope, Scope::Tenant { .. }) && table.primary_key.len() > 1;
    changes.keys().any(|name| {
        let column = table.column(name).unwrap();
        let in_key = table.unique.iter().any(|unique| unique.columns.contains(name));
        column.write != Write::Always || table.primary_key.contains(name) || in_key && !kept_apart
    })
}
