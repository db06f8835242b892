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
