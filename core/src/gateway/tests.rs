//! Steps as a timing class: a session's statement takes as many, whatever is hidden from it.

use serde_json::{Value, json};

use crate::actor::Actor;
use crate::bundle::Bundle;
use crate::gateway::Gateway;
use crate::owner::{Engine, Owner};
use crate::session::Session;
use crate::testing::TestHost;

const MODEL: &str = r#"
name = "files"
[tenancy]
tenant = "firms"
key = "firm_id"
user = "people"
member = "members"
[enums]
rank = ["HEAD", "HAND"]
[tables.people]
template = "user"
scope = "user"
owner = "id"
policy = { read = "id = auth_user()" }
[tables.firms]
template = "tenant"
policy = { read = "TRUE" }
[tables.members]
template = "membership"
columns.role = { type = "enum", of = "rank", default = "HAND" }
policy = { read = "user_id = auth_user()" }
[tables.notes]
columns.author_id = { type = "ref", to = "people", on_delete = "cascade" }
columns.title = { type = "text", max = 80 }
columns.body = { type = "json", shape = "object", default = {} }
columns.size = { type = "integer", default = 0 }
unique = [["title"]]
indexes = [["size"]]
policy = { read = "author_id = auth_user()", write = "author_id = auth_user()" }
"#;

/// What an oracle would ask: whether a hidden row is there, or what it holds. `{id}` is a hidden
/// row's id, `{firm}` another tenant's.
const STATEMENTS: [&str; 26] = [
    "SELECT count(*) FROM notes",
    "SELECT * FROM notes WHERE id = '{id}'",
    "SELECT * FROM notes WHERE id IN ('{id}', 'x')",
    "SELECT count(*) FROM notes WHERE title = 'secret'",
    "SELECT count(*) FROM notes WHERE title LIKE 'sec%'",
    "SELECT count(*) FROM notes WHERE title GLOB 's*'",
    "SELECT count(*) FROM notes WHERE title > 'r'",
    "SELECT * FROM notes WHERE title = 'secret' OR size > 50",
    "SELECT * FROM notes WHERE size BETWEEN 90 AND 110",
    "SELECT title FROM notes ORDER BY size DESC LIMIT 1",
    "SELECT title FROM notes ORDER BY title",
    "SELECT max(size), min(title), total(size) FROM notes",
    "SELECT size, count(*) FROM notes GROUP BY size HAVING count(*) > 0",
    "SELECT DISTINCT size FROM notes",
    "SELECT EXISTS (SELECT 1 FROM notes WHERE id = '{id}')",
    "SELECT CASE WHEN EXISTS (SELECT 1 FROM notes WHERE title = 'secret')
        THEN (WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 5000)
              SELECT count(*) FROM n) ELSE 0 END",
    "SELECT a.title FROM notes a JOIN notes b ON b.size > a.size",
    "SELECT p.name FROM people p LEFT JOIN notes n ON n.author_id = p.id",
    "SELECT count(*) FROM firms WHERE id = '{firm}'",
    "SELECT count(*) FROM members WHERE firm_id = '{firm}'",
    "SELECT title FROM notes WHERE json_extract(body, '$.code') = 7",
    "SELECT abs(size) + length(title) FROM notes WHERE id = '{id}'",
    "SELECT row_number() OVER (ORDER BY size) FROM notes",
    "SELECT title FROM notes UNION SELECT name FROM people",
    "UPDATE notes SET size = size + 1 WHERE id = '{id}'",
    "DELETE FROM notes WHERE title = 'secret'",
];

struct World {
    engine: Engine,
    gateway: Gateway,
    actor: Actor,
    hidden: String,
    other: String,
}

/// One person's own notes, and those of others: none, few or many, and of any content.
fn world(hidden: usize, size: i64, code: i64) -> World {
    let bundle = Bundle::from_model_text(MODEL).unwrap();
    let connection = crate::testing::connection_of(&bundle.model);
    let host = Box::new(TestHost::new());
    let engine = Engine::new(connection, bundle.model.clone(), host).unwrap();
    let owner = Owner::new(&engine);
    let add = |table: &str, values: Value| {
        let row = owner.insert(table, values.as_object().unwrap()).unwrap();
        row["id"].as_str().unwrap_or_default().to_owned()
    };
    let [eve, bob] = ["eve", "bob"]
        .map(|name| add("people", json!({ "email": format!("{name}@a.example"), "name": name })));
    let [firm, other] =
        ["ours", "theirs"].map(|name| add("firms", json!({ "name": name, "slug": name })));
    for (firm, person) in [(&firm, &eve), (&firm, &bob), (&other, &bob)] {
        add("members", json!({ "firm_id": firm, "user_id": person, "role": "HAND" }));
    }
    for at in 0..20 {
        let note = json!({
            "firm_id": firm, "author_id": eve, "title": format!("own {at:02}"), "size": at,
        });
        add("notes", note);
    }
    let mut last = String::new();
    for (at, firm) in (0..hidden).zip([&firm, &other].into_iter().cycle()) {
        let title = if at < 2 { "secret".to_owned() } else { format!("hidden {at}") };
        last = add(
            "notes",
            json!({
                "firm_id": firm, "author_id": bob, "title": title, "size": size,
                "body": { "code": code },
            }),
        );
    }
    let actor = Actor::user(eve).in_tenant(firm);
    World { gateway: Gateway::new(bundle.model.clone()), engine, actor, hidden: last, other }
}

#[test]
fn a_statement_takes_as_many_steps_whatever_is_hidden() {
    // Ids are made alike in each, so that the same id is there in some and not in others.
    let worlds = [world(60, 100, 7), world(60, -3, 8), world(2, 100, 7), world(0, 0, 0)];
    let (id, firm) = (&worlds[0].hidden, &worlds[0].other);
    for sql in STATEMENTS {
        let sql = sql.replace("{id}", id).replace("{firm}", firm);
        let taken = worlds.iter().map(|world| {
            let session = Session::open(&world.engine, world.actor.clone(), None).unwrap();
            let answer = session.over(&world.gateway).sql(&sql, &[]);
            let compiled = world.gateway.compiled.borrow();
            let steps = compiled.last().unwrap().statement.take_steps();
            assert!(steps > 0, "{sql}");
            (steps, answer.map(|answer| answer.rows).map_err(|error| error.to_string()))
        });
        let taken: Vec<_> = taken.collect();
        for other in &taken[1..] {
            assert_eq!(&taken[0], other, "{sql}");
        }
    }
}
