//! What must work.

use serde_json::{Value, json};

use super::world::World;

/// What the chief of a practice reads: pairs of a statement and its rows.
const READS: &str = include_str!("reads.txt");

#[test]
fn reading_works() {
    let world = World::clinic();
    let session =
        world.database.session(world.actor("anna@north.example", "sign = 'north'")).unwrap();
    let lines: Vec<&str> = READS.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len() % 2, 0);
    for pair in lines.chunks(2) {
        let (sql, expected) = (pair[0], pair[1]);
        let found = session.sql(sql, &[]).unwrap_or_else(|error| panic!("{sql}: {error}"));
        let expected: Value = serde_json::from_str(expected).unwrap();
        assert_eq!(json!(found.rows), expected, "{sql}");
    }
}

#[test]
fn writing_works() {
    let world = World::clinic();
    let anna = world.actor("anna@north.example", "sign = 'north'");
    let session = world.database.session(anna).unwrap();
    let run = |sql: &str| session.sql(sql, &[]).map(|found| (found.changes, json!(found.rows)));
    let code = |sql: &str| run(sql).unwrap_err().code();
    let insert =
        "INSERT INTO wards (name, slug, floor) VALUES ('Attic', 'attic', 5), ('Roof', 'roof', 6)";
    assert_eq!(run(insert).unwrap().0, 2);
    // What is left out is filled in, and rules hold as they do for typed writes.
    let found = run("SELECT length(id), practice_ref IS NOT NULL FROM wards WHERE slug = 'roof'");
    assert_eq!(found.unwrap().1, json!([[36, 1]]));
    assert_eq!(
        code("INSERT INTO wards (name, slug, floor) VALUES ('X', 'Not a slug', 99)"),
        "invalid"
    );
    assert_eq!(code("UPDATE wards SET floor = 99 WHERE slug = 'roof'"), "invalid");
    assert_eq!(
        code("INSERT INTO wards (name, slug) VALUES ('Other', 'other'), ('Roof', 'roof')"),
        "invalid"
    );
    assert_eq!(run("SELECT count(*) FROM wards WHERE slug = 'other'").unwrap().1, json!([[0]]));
    assert_eq!(run("UPDATE wards SET floor = floor + 1 WHERE floor >= 5").unwrap().0, 2);
    let ignored =
        "INSERT OR IGNORE INTO wards (name, slug) VALUES ('Roof', 'roof'), ('More', 'more')";
    assert_eq!(run(ignored).unwrap().0, 1);
    let replaced = "INSERT OR REPLACE INTO wards (name, slug, floor) VALUES ('Roof', 'roof', 9)";
    assert_eq!(run(replaced).unwrap().0, 1);
    assert_eq!(run("SELECT floor FROM wards WHERE slug = 'roof'").unwrap().1, json!([[9]]));
    // Deleting hides where the table says so, and the row's own dependents along with it.
    assert_eq!(run("DELETE FROM patients WHERE full_name LIKE 'Dora%'").unwrap().0, 1);
    assert_eq!(run("SELECT count(*) FROM patients").unwrap().1, json!([[1]]));
    let hidden =
        "SELECT count(*) FROM patients WHERE full_name LIKE 'Dora%' AND deleted_at IS NOT NULL";
    assert!(world.rows(hidden)[0][0] != json!(0));
    // Keys of several columns, and what is seen but not to be changed.
    assert_eq!(run("UPDATE favourites SET value = '\"red\"' WHERE key = 'colour'").unwrap().0, 1);
    assert_eq!(run("SELECT value FROM favourites").unwrap().1, json!([["\"red\""]]));
    assert_eq!(run("DELETE FROM favourites WHERE key = 'colour'").unwrap().0, 1);
    assert_eq!(code("UPDATE opening_hours SET closes = '13:00:00.000'"), "denied");
    for (sql, part) in [
        ("INSERT INTO wards (name, slug) VALUES ('a', 'b') RETURNING id", "typed `upsert`"),
        (
            "INSERT INTO wards (name, slug) VALUES ('a', 'b') ON CONFLICT DO NOTHING",
            "typed `upsert`",
        ),
        ("SELECT nonsense FROM wards", "no such column: nonsense"),
        ("SELECT * FROM nonsense", "no such table: nonsense"),
    ] {
        let error = run(sql).unwrap_err().to_string();
        assert!(error.contains(part), "{sql}: {error}");
    }
    // The owner's unqualified names mean the tables themselves, in between too.
    assert_eq!(world.rows("SELECT count(*) > 1 FROM practices"), [[json!(1)]]);
    assert_eq!(run("SELECT count(*) FROM practices").unwrap().1, json!([[1]]));
}

#[test]
fn a_statement_ends_when_it_takes_too_long() {
    let world = World::clinic();
    let anna = world.actor("anna@north.example", "sign = 'north'");
    let session = world.database.session(anna).unwrap();
    let endless =
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n";
    assert_eq!(session.sql(endless, &[]).unwrap_err().code(), "interrupted");
    assert_eq!(session.sql("SELECT count(*) FROM patients", &[]).unwrap().rows, [[json!(2)]]);
}
