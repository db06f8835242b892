//! One row that is changed again and again, while what lets the actor change it comes and goes.

use freehold::{Actor, Database, Session};
use freehold_core::model::{Model, Table, Template};
use proptest::test_runner::TestCaseError;
use serde_json::Value;

use super::generate::{self, Dice, Wanted};
use super::world::{Operation, Row, World, key_of};
use super::{Checked, NOW, any_row, delete, key_json, refresh, stored, update};

/// Changes one row again and again, while what decides over it changes in between: by the owner, or
/// in one transaction by the actor, which may be undone.
pub fn insist(
    database: &Database,
    world: &mut World,
    session: &Session<'_>,
    actor: &Actor,
    dice: &mut Dice,
) -> Checked {
    refresh(database, world);
    let Some(who) = world.who(actor, NOW) else { return Ok(()) };
    let model = world.model.clone();
    let seen = |table| world.seen(&who, table).into_iter().map(move |row| (table, row));
    let mut own: Vec<(&Table, &Row)> = model.tables.iter().flat_map(seen).collect();
    own.retain(|(table, row)| world.allows(&who, table, Operation::Update, row));
    if dice.percent(80) {
        let bare = world.without(&generate::looked_up(&model));
        own.retain(|(table, row)| !bare.allows(&who, table, Operation::Update, row));
    }
    let Some((table, key)) = dice.pick(&own).map(|(table, row)| (*table, key_of(table, row)))
    else {
        return Ok(());
    };
    let (nests, fails) = (dice.percent(40), dice.percent(40));
    let before = world.tables.clone();
    let mut changes = |session: &Session<'_>| {
        for round in 0..3 + dice.below(6) {
            let rows = world.rows(&table.name);
            let Some(at) = rows.iter().position(|row| key_of(table, row) == key) else { break };
            if round > 1 && dice.percent(50) {
                let target = rows[at].clone();
                let mine = nests.then_some(session);
                disturb(database, world, actor, (table, &target), mine, dice)?;
            }
            refresh(database, world);
            let Some(who) = world.who(actor, NOW) else {
                let answer = session.update(&table.name, &Value::Null, &Row::new());
                match answer.map_err(|error| error.code()) {
                    Err("session_ended") => continue,
                    other => {
                        let text = format!("{actor:?} has no access any more and got {other:?}");
                        return Err(TestCaseError::fail(text));
                    }
                }
            };
            let rows = world.rows(&table.name);
            let Some(at) = rows.iter().position(|row| key_of(table, row) == key) else { break };
            update(world, session, &who, table, at, dice)?;
        }
        Ok(())
    };
    if !nests {
        return changes(session);
    }
    let mut checked = Ok(());
    let done = session.transaction(|session| {
        checked = changes(session);
        if fails { Err(freehold::Error::Locked) } else { Ok(()) }
    });
    if done.is_err() {
        world.tables = before;
    }
    checked
}

/// A write to a table that may decide over rows: the actor's own, or the owner's.
fn disturb(
    database: &Database,
    world: &mut World,
    actor: &Actor,
    target: (&Table, &Row),
    mine: Option<&Session<'_>>,
    dice: &mut Dice,
) -> Checked {
    let model = world.model.clone();
    let near = deciding(&model);
    let Some(table) = dice.pick(&near).copied() else { return Ok(()) };
    if let Some(session) = mine {
        let Some(who) = world.who(actor, NOW) else { return Ok(()) };
        return match any_row(dice, world, &who, table) {
            Some(at) if dice.percent(60) => update(world, session, &who, table, at, dice),
            _ => delete(world, session, &who, table, dice),
        };
    }
    let owner = database.owner().unwrap();
    let wanted = Wanted { tenant: None, who: None };
    let mut rows: Vec<(&Table, Row)> = near
        .iter()
        .flat_map(|table| world.rows(&table.name).iter().map(move |row| (*table, row.clone())))
        .collect();
    if dice.percent(80) {
        rows.retain(|(table, row)| world.rests_on(actor, NOW, target, (table, row)));
    }
    let Some((table, old)) = dice.pick(&rows).cloned() else { return Ok(()) };
    // What is refused changes nothing.
    match dice.below(5) {
        0 => {
            generate::row(dice, world, table, wanted).map(|row| owner.insert(&table.name, &row));
        }
        1 | 2 if table.name != world.model.tenancy.as_ref().unwrap().tenant => {
            drop(owner.delete(&table.name, &key_json(table, &old)));
        }
        _ => {
            let changes = generate::changes(dice, world, table, &old, wanted);
            drop(owner.update(&table.name, &key_json(table, &old), &changes));
        }
    }
    for table in model.tables.iter() {
        world.tables.insert(table.name.clone(), stored(database, table));
    }
    Ok(())
}

/// The tables that decide over rows: of people, their places and rights, and those that policies
/// look rows up in.
fn deciding(model: &Model) -> Vec<&Table> {
    let tenancy = model.tenancy.as_ref().unwrap();
    let named = [&tenancy.user, &tenancy.member, &tenancy.narrow].into_iter().flatten();
    let mut names = generate::looked_up(model);
    names.extend(named.cloned());
    let decides = |table: &&Table| {
        let template = matches!(table.template, Some(Template::ApiKey | Template::Permission));
        template || names.contains(&table.name)
    };
    model.tables.iter().filter(decides).collect()
}
