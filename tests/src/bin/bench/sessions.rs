//! Sessions against bare rusqlite running the equivalent SQL on the same file.

use std::time::Duration;

use freehold::{ListOptions, Session};
use freehold_tests::measure::{Line, interleaved, show, time};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::world::{TASKS, World};

/// What an app reads a task into.
#[derive(Deserialize)]
#[allow(dead_code)]
struct Task {
    id: String,
    project_id: String,
    title: String,
    status: String,
    points: i64,
    note: Option<String>,
    created_at: String,
    updated_at: String,
}

const COLUMNS: &str = "id, project_id, title, status, points, note, created_at, updated_at";

/// One shape of typed read: the SQL that an app would write by hand, and the options that ask for
/// the same.
struct Shape {
    name: &'static str,
    condition: String,
    options: Value,
}

pub fn lines() -> Vec<Line> {
    let world = World::new(TASKS);
    let mut lines = typed(&world, "admin", 1.35, Some(1.15));
    lines.extend(typed(&world, "member", 1.6, None));
    lines.extend(opening(&world));
    lines
}

fn shapes(world: &World) -> Vec<Shape> {
    let project = &world.project;
    vec![
        Shape {
            name: "page of 50 by project",
            condition: format!(
                "AND project_id = '{project}' ORDER BY updated_at, organization_id, id LIMIT 51"
            ),
            options: json!({ "filter": { "project_id": project }, "order": ["updated_at"] }),
        },
        Shape {
            name: "page of 50 by status",
            condition: "AND status = 'DOING' ORDER BY updated_at, organization_id, id LIMIT 51"
                .to_owned(),
            options: json!({ "filter": { "status": "DOING" }, "order": ["updated_at"] }),
        },
        Shape {
            name: "scan",
            condition: "ORDER BY organization_id, id LIMIT 1001".to_owned(),
            options: json!({ "limit": 1000 }),
        },
        Shape {
            name: "text search",
            condition: "AND instr(title, '99') > 0 ORDER BY organization_id, id LIMIT 1001"
                .to_owned(),
            options: json!({ "filter": { "title": { "contains": "99" } }, "limit": 1000 }),
        },
    ]
}

/// One who asks, and the condition that an app would have to write for them.
struct Asker<'w> {
    world: &'w World,
    session: Session<'w>,
    policy: String,
}

impl Asker<'_> {
    fn point(&self) -> (Duration, Duration) {
        const TIMES: u32 = 200;
        let (world, session, policy) = (self.world, &self.session, &self.policy);
        let sql =
            format!("SELECT {COLUMNS} FROM tasks WHERE organization_id = ?1 AND id = ?2 {policy}");
        let (key, task) = (json!(world.task), &world.task);
        let ours = || session.get_as::<Task>("tasks", &key).unwrap().unwrap();
        let bare = || bare_tasks(world, &sql, &[&world.tenant, task]);
        let (ours, bare) = interleaved(
            15,
            || time(|| (0..TIMES).for_each(|_| drop(ours()))),
            || time(|| (0..TIMES).for_each(|_| drop(bare()))),
        );
        (ours / TIMES, bare / TIMES)
    }

    fn page(&self, condition: &str, mut options: Value) -> (Duration, Duration) {
        let (world, session, policy) = (self.world, &self.session, &self.policy);
        options["columns"] = COLUMNS.split(", ").collect();
        let options = ListOptions::from_json(options).unwrap();
        let sql =
            format!("SELECT {COLUMNS} FROM tasks WHERE organization_id = ?1 {policy} {condition}");
        let ours = || session.list_as::<Task>("tasks", &options).unwrap();
        let bare = || bare_tasks(world, &sql, &[&world.tenant]);
        let limit = options.limit.unwrap_or(50) as usize;
        assert_eq!(ours().rows.len(), bare().len().min(limit));
        interleaved(31, || time(ours), || time(bare))
    }

    fn count(&self) -> (Duration, Duration) {
        let (world, session, policy) = (self.world, &self.session, &self.policy);
        let sql = format!("SELECT count(*) FROM tasks WHERE organization_id = ?1 {policy}");
        let bare = || -> i64 {
            let mut statement = world.bare.prepare_cached(&sql).unwrap();
            statement.query_row([&world.tenant], |row| row.get(0)).unwrap()
        };
        interleaved(31, || time(|| session.count("tasks", None).unwrap()), || time(bare))
    }
}

fn typed(world: &World, who: &str, limit: f64, overall: Option<f64>) -> Vec<Line> {
    let (actor, policy) = match who {
        "admin" => (&world.admin, String::new()),
        _ => {
            let freehold::Principal::User(user) = &world.member.principal else { unreachable!() };
            let seats = format!(
                "AND project_id IN (SELECT project_id FROM seats WHERE organization_id = '{}'
                 AND user_id = '{user}')",
                world.tenant
            );
            (&world.member, seats)
        }
    };
    let session = world.database.session(actor.clone()).unwrap();
    let asker = Asker { world, session, policy };
    let mut measured = vec![("point", asker.point())];
    for Shape { name, condition, options } in shapes(world) {
        measured.push((name, asker.page(&condition, options)));
    }
    measured.push(("count", asker.count()));
    let line = |(name, (ours, bare)): &(&str, (Duration, Duration))| {
        Line::ratio(&format!("{who}: {name}"), *ours, *bare, limit)
    };
    let mut lines: Vec<Line> = measured.iter().map(line).collect();
    if let Some(limit) = overall {
        let ratios =
            measured.iter().map(|(_, (ours, bare))| ours.as_secs_f64() / bare.as_secs_f64());
        let mean = (ratios.map(f64::ln).sum::<f64>() / measured.len() as f64).exp();
        lines.push(Line {
            what: format!("{who}: overall (geometric mean)"),
            figure: format!("{mean:.2}"),
            limit: Some(format!("{limit:.2}")),
            holds: mean <= limit,
        });
    }
    lines.extend(as_maps(world, &asker.session, who));
    lines
}

/// The same page as maps and as JSON text, for the reader.
fn as_maps(world: &World, session: &Session<'_>, who: &str) -> Vec<Line> {
    let options = json!({ "filter": { "project_id": world.project }, "order": ["updated_at"] });
    let options = ListOptions::from_json(options).unwrap();
    session.list("tasks", &options).unwrap();
    let (maps, tasks) = interleaved(
        31,
        || time(|| session.list("tasks", &options).unwrap()),
        || time(|| session.list_as::<Task>("tasks", &options).unwrap()),
    );
    let limit = Duration::from_micros(100);
    vec![
        Line::time(&format!("{who}: a page of 50 as structs"), tasks, limit),
        Line::note(&format!("{who}: a page of 50 as JSON maps"), show(maps)),
    ]
}

fn bare_tasks(world: &World, sql: &str, params: &[&String]) -> Vec<Task> {
    let mut statement = world.bare.prepare_cached(sql).unwrap();
    let rows = statement.query_map(rusqlite::params_from_iter(params), |row| {
        Ok(Task {
            id: row.get(0)?,
            project_id: row.get(1)?,
            title: row.get(2)?,
            status: row.get(3)?,
            points: row.get(4)?,
            note: row.get(5)?,
            created_at: row.get(6)?,
            updated_at: row.get(7)?,
        })
    });
    rows.unwrap().map(Result::unwrap).collect()
}

fn opening(world: &World) -> Vec<Line> {
    let database = freehold::testing::database("carcosa", "development");
    let member = database.owner().unwrap().list("organization_members", &ListOptions::default());
    let member = member.unwrap().rows.remove(0);
    let [user, tenant] = ["user_id", "organization_id"].map(|name| member[name].as_str().unwrap());
    let actor = freehold::Actor::user(user).in_tenant(tenant);
    let cold = time(|| database.session(actor.clone()).unwrap().count("files", None).unwrap());
    let session = world.database.session(world.member.clone()).unwrap();
    let (open, reuse) = interleaved(
        31,
        || time(|| world.database.session(world.member.clone()).unwrap()),
        || time(|| session.role().unwrap()),
    );
    vec![
        Line::time("opening the first session of a 16-table model", cold, Duration::from_millis(3)),
        Line::time("opening another session", open, Duration::from_millis(3)),
        Line::time("re-using a warm one", reuse, Duration::from_micros(50)),
    ]
}
