//! How costs grow with rows and tables.

use freehold_core::host::FixedHost;
use freehold_core::{Database, ListOptions, migrate};
use freehold_tests::measure::{Line, median, show, time};
use rusqlite::Connection;
use serde_json::json;

use crate::migrating::generated_bundle;
use crate::world::World;

pub fn lines() -> Vec<Line> {
    let mut lines: Vec<Line> = [10, 50, 100].into_iter().map(migrate_tables).collect();
    lines.extend([1_000, 10_000, 100_000].into_iter().flat_map(page_of_rows));
    lines.extend([(10, 100), (10, 1_000), (100, 100), (100, 1_000)].into_iter().map(sessions));
    lines
}

fn migrate_tables(tables: usize) -> Line {
    let bundle = generated_bundle(tables);
    let took = (0..9).map(|_| {
        let connection = Connection::open_in_memory().unwrap();
        let host = Box::new(FixedHost::new(0, 1));
        let mut database = Database::open(connection, bundle.clone(), host).unwrap();
        time(|| database.migrate_up(migrate::Target::Latest, &mut |_| {}).unwrap())
    });
    Line::note(&format!("up of {tables} migrations, one table each"), show(median(took.collect())))
}

fn page_of_rows(rows: usize) -> Vec<Line> {
    let bundle = generated_bundle(1);
    let host = Box::new(FixedHost::new(1_750_000_000_000, 1));
    let mut database = Database::open(Connection::open_in_memory().unwrap(), bundle, host).unwrap();
    database.init(None, &mut |_| {}).unwrap();
    let owner = database.owner().unwrap();
    let all: Vec<_> = (0..rows)
        .map(|at| match json!({ "name": format!("Thing {at}"), "slug": format!("thing-{at}") }) {
            serde_json::Value::Object(row) => row,
            _ => unreachable!("an object is written above"),
        })
        .collect();
    let took = time(|| owner.insert_many("things_0", &all).unwrap());
    let each = took / u32::try_from(rows).unwrap();
    let options = ListOptions { order: vec!["name".into()], ..ListOptions::default() };
    let first = owner.list("things_0", &options).unwrap();
    let next = ListOptions { after: first.next, ..options };
    let page = (0..101).map(|_| time(|| owner.list("things_0", &next).unwrap()));
    vec![
        Line::note(&format!("insert among {rows} rows, per row"), show(each)),
        Line::note(&format!("second page of 50 among {rows} rows"), show(median(page.collect()))),
    ]
}

/// What a member pays, among so many tenants with so many tasks each.
fn sessions((tenants, tasks): (usize, usize)) -> Line {
    let world = World::sized(tenants, tasks);
    let open = || time(|| world.database.session(world.member.clone()).unwrap());
    let open = median((0..51).map(|_| open()).collect());
    let session = world.database.session(world.member.clone()).unwrap();
    let filter = json!({ "filter": { "project_id": world.project }, "limit": 5 });
    let options = ListOptions::from_json(filter).unwrap();
    let page = || time(|| session.list("tasks", &options).unwrap());
    let page = median((0..51).map(|_| page()).collect());
    let what = format!("{tenants} tenants of {tasks} tasks: open a session, list 5 as a member");
    Line::note(&what, format!("{}, {}", show(open), show(page)))
}
