//! Sessions take turns on one connection: each gets what it would get alone.

use freehold::{Actor, Session};
use proptest::prelude::*;
use serde_json::json;

use super::world::World;

/// Statements of which none tells of anything that is made by chance.
const STATEMENTS: &[&str] = &[
    "SELECT full_name, born_on, is_private FROM patients ORDER BY full_name",
    "SELECT count(*) FROM patients",
    "SELECT count(*) FROM practices",
    "SELECT w.name, count(o.opens) FROM wards w LEFT JOIN opening_hours o ON o.ward_id = w.id \
     GROUP BY w.id ORDER BY 1",
    "SELECT name FROM wards WHERE floor > 0 ORDER BY floor DESC, name LIMIT 2",
    "INSERT INTO wards (name, slug, floor) VALUES ('Attic', 'attic', 5)",
    "INSERT OR IGNORE INTO wards (name, slug, floor) VALUES ('Attic', 'attic', 6)",
    "INSERT OR REPLACE INTO wards (name, slug, floor) VALUES ('Attic', 'attic', 7)",
    "INSERT INTO wards (name, slug, floor) VALUES ('Roof', 'roof', 99)",
    "INSERT INTO patients (full_name) SELECT 'New of ' || name FROM wards ORDER BY name",
    "UPDATE wards SET floor = floor + 1",
    "UPDATE patients SET notes = notes || 'x' WHERE is_private = 0",
    "UPDATE patients SET full_name = 'One' WHERE full_name <> 'One'",
    "DELETE FROM wards WHERE floor > 5",
    "DELETE FROM patients WHERE full_name LIKE 'New of%'",
    "SELECT * FROM main.patients",
    "SELECT json('{') FROM wards",
    "SELECT changes(), last_insert_rowid()",
];

fn outcome(session: &Session<'_>, statement: usize) -> String {
    match session.sql(STATEMENTS[statement], &[]) {
        Ok(answer) => json!([answer.columns, answer.rows, answer.changes]).to_string(),
        Err(error) => error.to_string(),
    }
}

/// The same person as the chief of two practices that know nothing of each other.
fn actors(world: &World) -> [Actor; 2] {
    let anna = world.actor("anna@north.example", "sign = 'north'");
    let other = anna.clone().in_tenant(world.copy_of(anna.tenant.as_ref().unwrap()));
    [anna, other]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn each_gets_what_it_would_get_alone(
        turns in prop::collection::vec((0_usize..2, 0..STATEMENTS.len(), any::<bool>()), 1..40),
    ) {
        let world = World::clinic();
        let actors = actors(&world);
        let sessions = actors.clone().map(|actor| world.database.session(actor).unwrap());
        let mut together = [Vec::new(), Vec::new()];
        for (who, statement, nested) in &turns {
            let session = &sessions[*who];
            together[*who].push(match nested {
                true => session.transaction(|session| Ok(outcome(session, *statement))).unwrap(),
                false => outcome(session, *statement),
            });
        }
        for (who, actor) in actors.iter().enumerate() {
            let world = World::clinic();
            let session = world.database.session(actor.clone()).unwrap();
            let own = turns.iter().filter(|(turn, ..)| *turn == who);
            let alone: Vec<String> =
                own.map(|(_, statement, _)| outcome(&session, *statement)).collect();
            prop_assert_eq!(&together[who], &alone);
        }
    }
}
