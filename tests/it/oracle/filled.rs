//! A new database with tenants, people and everything below them, and the oracle's world of it.

use freehold::Database;
use freehold_core::model::Template;
use serde_json::{Value, json};

use super::generate::{self, Dice, Wanted};
use super::world::{Row, Who, World, is_derived, text};
use super::{eval, key_json};

/// Fills a new database: tenants, people and everything below them.
pub fn fill(database: &Database, world: &mut World, seed: u64) {
    let mut dice = Dice::new(seed);
    let owner = database.owner().unwrap();
    let model = world.model.clone();
    let tenancy = model.tenancy.clone().unwrap();
    for round in 0..3 {
        for table in model.tables.iter().filter(|table| !is_derived(table)) {
            let is_root = table.name == tenancy.tenant;
            let tenants: Vec<Option<String>> = match model.tenant_column(table) {
                Some(_) if !is_root => {
                    let root = model.table(&tenancy.tenant).unwrap();
                    let ids = world.rows(&root.name).iter();
                    ids.map(|row| text(row, &root.primary_key[0]).map(str::to_owned)).collect()
                }
                _ => vec![None],
            };
            for tenant in tenants {
                let wanted = Wanted { tenant: tenant.as_deref(), who: None };
                let count = if is_root { usize::from(round < 2) } else { 2 };
                for _ in 0..count {
                    let rows =
                        (0..8).filter_map(|_| generate::row(&mut dice, world, table, wanted));
                    let rows: Vec<Row> = rows.collect();
                    for row in rows {
                        let Ok(row) = owner.insert(&table.name, &row) else { continue };
                        world.tables.get_mut(&table.name).unwrap().push(row);
                        break;
                    }
                }
            }
        }
    }
    wake(database, world, &mut dice);
    rank(database, world, &mut dice);
}

/// Most keys are somebody's who could make them, or nobody's.
fn rank(database: &Database, world: &mut World, dice: &mut Dice) {
    let model = world.model.clone();
    let Some(keys) = world.template(Template::ApiKey) else { return };
    let keys = model.table(&keys.name).unwrap();
    let Some(maker) = keys.column("user_id") else { return };
    for at in 0..world.rows(&keys.name).len() {
        let row = world.rows(&keys.name)[at].clone();
        if world.has_able_maker(keys, &row) || dice.percent(15) {
            continue;
        }
        let (members, _, person) = world.members();
        let people = world.rows(&members.name).iter().map(|member| member[person].clone());
        let nobody = maker.optional.then_some(Value::Null);
        let able = people.chain(nobody).find(|person| {
            let mut row = row.clone();
            row.insert("user_id".to_owned(), person.clone());
            world.has_able_maker(keys, &row)
        });
        let Some(able) = able else { continue };
        let changes = Row::from_iter([("user_id".to_owned(), able)]);
        let owner = database.owner().unwrap();
        let row = owner.update(&keys.name, &key_json(keys, &row), &changes).unwrap();
        world.tables.get_mut(&keys.name).unwrap()[at] = row;
    }
}

/// Most people, tenants and keys are active, or nobody could do anything.
fn wake(database: &Database, world: &mut World, dice: &mut Dice) {
    let model = world.model.clone();
    let tenancy = model.tenancy.as_ref().unwrap();
    let keys = world.template(Template::ApiKey).map(|table| table.name.clone());
    let rules = [
        (tenancy.user.clone(), &tenancy.user_active),
        (tenancy.member.clone(), &tenancy.member_active),
        (Some(tenancy.tenant.clone()), &tenancy.tenant_active),
        (keys, &tenancy.key_active),
    ];
    for (table, rule) in rules {
        let (Some(table), Some(rule)) = (table, rule) else { continue };
        let table = model.table(&table).unwrap();
        let named: Vec<&str> = ["status", "is_active"]
            .into_iter()
            .filter(|name| table.column(name).is_some())
            .collect();
        for at in 0..world.rows(&table.name).len() {
            let row = world.rows(&table.name)[at].clone();
            let place = eval::Place::of(table, &row);
            if eval::holds(world, &Who::default(), rule, place) || dice.percent(15) {
                continue;
            }
            let value = |name: &str| if name == "status" { json!("ACTIVE") } else { json!(true) };
            let changes = named.iter().map(|name| ((*name).to_owned(), value(name))).collect();
            let owner = database.owner().unwrap();
            let row = owner.update(&table.name, &key_json(table, &row), &changes).unwrap();
            world.tables.get_mut(&table.name).unwrap()[at] = row;
        }
    }
}
