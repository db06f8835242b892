//! Arbitrary SQL of a session against the same by bare rusqlite, which has to say the tenant.

use freehold_tests::measure::{Line, interleaved, time};
use rusqlite::types::Value as Stored;
use serde_json::json;

use crate::world::{TASKS, World};

const COLUMNS: &str = "id, project_id, title, status, points, note, created_at, updated_at";

/// A shape of query: its name, what it selects and from where, what it asks beside the tenant, and
/// its limit.
const SHAPES: [(&str, &str, &str, f64); 8] = [
    ("point", "tasks", "t.id = ?1", 1.6),
    ("page of 50 by project", "tasks", "t.project_id = ?1 ORDER BY t.updated_at LIMIT 50", 1.6),
    ("page of 50 by status", "tasks", "t.status = ?1 ORDER BY t.updated_at LIMIT 50", 1.6),
    ("count", "count", "?1 = ?1", 2.6),
    ("group", "group", "?1 = ?1 GROUP BY t.status", 2.6),
    ("scan", "tasks", "?1 = ?1", 2.6),
    ("LIKE", "tasks", "t.title LIKE ?1", 2.6),
    ("join", "join", "p.id = ?1 ORDER BY t.updated_at LIMIT 50", 2.6),
];

pub fn lines() -> Vec<Line> {
    let world = World::new(TASKS);
    let session = world.database.session(world.admin.clone()).unwrap();
    let mut lines = Vec::new();
    for (name, what, condition, limit) in SHAPES {
        let select = match what {
            "count" => "SELECT count(*) FROM tasks t".to_owned(),
            "group" => "SELECT t.status, count(*), sum(t.points) FROM tasks t".to_owned(),
            "join" => "SELECT t.id, t.title, p.name FROM tasks t
                       JOIN projects p ON p.id = t.project_id"
                .to_owned(),
            _ => format!("SELECT {COLUMNS} FROM tasks t"),
        };
        let also = match what {
            "join" => {
                format!("p.organization_id = '{0}' AND t.organization_id = '{0}' AND", world.tenant)
            }
            _ => format!("t.organization_id = '{}' AND", world.tenant),
        };
        let (ours, theirs) =
            (format!("{select} WHERE {condition}"), format!("{select} WHERE {also} {condition}"));
        let value = match name {
            "point" => &world.task,
            "page of 50 by status" => "DOING",
            "LIKE" => "%99%",
            _ => &world.project,
        };
        let params = [json!(value)];
        let rows = session.sql(&ours, &params).unwrap().rows.len();
        assert_eq!(rows, bare(&world, &theirs, value).len(), "{name}");
        assert!(rows > 0, "{name} answers nothing");
        let times = if name == "point" { 100 } else { 1 };
        let (ours, theirs) = interleaved(
            25,
            || time(|| repeat(times, || session.sql(&ours, &params).unwrap())),
            || time(|| repeat(times, || bare(&world, &theirs, value))),
        );
        let name = format!("SQL through the gateway: {name}");
        lines.push(Line::ratio(&name, ours / times, theirs / times, limit));
    }
    lines
}

fn repeat<T>(times: u32, mut work: impl FnMut() -> T) {
    for _ in 0..times {
        std::hint::black_box(work());
    }
}

fn bare(world: &World, sql: &str, value: &str) -> Vec<Vec<Stored>> {
    let mut statement = world.bare.prepare_cached(sql).unwrap();
    let columns = statement.column_count();
    let rows = statement.query_map([value], |row| (0..columns).map(|at| row.get(at)).collect());
    rows.unwrap().map(Result::unwrap).collect()
}
