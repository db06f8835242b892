//! Migrations as planned: what the scripts say, and what they do to rows.

use super::*;
use crate::Model;
use crate::sql::Script;

/// A model named `m` with these tables and enums.
fn model(text: &str) -> Model {
    Model::from_toml(&format!("name = \"m\"\n{text}")).unwrap_or_else(|error| panic!("{error}"))
}

fn schema(text: &str) -> Schema {
    Schema::from_model(&model(text))
}

/// Runs a script as migrations run: in one transaction, foreign keys off and checked at its end.
pub(super) fn run(connection: &Connection, script: &str) -> Result<(), String> {
    let script = Script::parse("V2__x.sql", script).map_err(|error| error.to_string())?;
    let foreign_keys = |on: bool| connection.pragma_update(None, "foreign_keys", on);
    foreign_keys(false).expect("switches");
    connection.execute_batch("BEGIN").expect("begins");
    let result = script.statements().iter().try_for_each(|statement| {
        let result = connection.execute_batch(statement.sql());
        result.map_err(|error| format!("line {}: {error}", statement.line()))
    });
    let result = result.and_then(|()| {
        match count(connection, "SELECT count(*) FROM pragma_foreign_key_check") {
            0 => Ok(()),
            broken => Err(format!("{broken} references lead nowhere")),
        }
    });
    connection.execute_batch(if result.is_ok() { "COMMIT" } else { "ROLLBACK" }).expect("ends");
    foreign_keys(true).expect("switches");
    result
}

/// A migration that has been run up.
struct Moved {
    plan: Plan,
    connection: Connection,
}

/// Makes the one schema with these rows and goes to the other. That back and forth again gives
/// the right schemas is looked at on the way.
fn move_to(from: &Schema, to: &Schema, renames: &Renames, rows: &str) -> Moved {
    let plan = plan(from, to, renames);
    let connection = database(&from.create_sql().join("\n"));
    connection.execute_batch(rows).unwrap_or_else(|error| panic!("{error}\n{rows}"));
    let step = |connection: &Connection, script: &str, expected: &Schema| {
        run(connection, script).unwrap_or_else(|error| panic!("{error}\n{script}"));
        let live = Schema::read(connection).expect("reads");
        assert_eq!(lines(&diff(expected, &live)), [] as [&str; 0], "\n{script}");
    };
    let empty = database(&from.create_sql().join("\n"));
    step(&empty, &plan.up, to);
    step(&empty, &plan.down, from);
    step(&empty, &plan.up, to);
    step(&connection, &plan.up, to);
    Moved { plan, connection }
}

impl Moved {
    fn losses(&self) -> Vec<String> {
        self.plan.losses.iter().map(ToString::to_string).collect()
    }

    fn risks(&self) -> Vec<String> {
        self.plan.risks.iter().map(ToString::to_string).collect()
    }

    /// The one column of a query, as text.
    fn column(&self, sql: &str) -> Vec<String> {
        let mut statement = self.connection.prepare(sql).expect("prepares");
        let read = |row: &rusqlite::Row<'_>| row.get::<_, rusqlite::types::Value>(0);
        let rows = statement.query_map([], read).expect("queries");
        rows.map(|value| match value.expect("reads") {
            rusqlite::types::Value::Null => "NULL".to_owned(),
            rusqlite::types::Value::Integer(value) => value.to_string(),
            rusqlite::types::Value::Real(value) => format!("{value:?}"),
            rusqlite::types::Value::Text(value) => value,
            rusqlite::types::Value::Blob(value) => format!("{value:?}"),
        })
        .collect()
    }
}

const NONE: [&str; 0] = [];

#[test]
fn columns_are_altered_in_place() {
    let from = schema(
        "[tables.notes]\ncolumns.body = { type = \"text\", max = 80 }
         columns.gone = { type = \"integer\", optional = true }",
    );
    let to = schema(
        "[tables.notes]\ncolumns.text = { type = \"text\", max = 100, optional = true }
         columns.pinned = { type = \"boolean\", default = false }
         columns.parent_id = { type = \"ref\", to = \"notes\", optional = true, on_delete = \"set_null\" }
         indexes = [[\"pinned\"]]",
    );
    let mut renames = Renames::default();
    renames.column("notes", "body", "text");
    let id = "'00000000-0000-0000-0000-000000000001'";
    let rows = format!("INSERT INTO notes (id, body, gone) VALUES ({id}, 'hello', 7)");
    let moved = move_to(&from, &to, &renames, &rows);
    assert_eq!(
        moved.plan.up,
        "ALTER TABLE notes RENAME COLUMN body TO text;
ALTER TABLE notes DROP CONSTRAINT notes_body_length;
-- DATA LOSS: notes.gone: dropped with its values
ALTER TABLE notes DROP COLUMN gone;
ALTER TABLE notes ADD COLUMN pinned INTEGER NOT NULL DEFAULT 0
    CONSTRAINT notes_pinned_boolean CHECK (pinned IN (0, 1));
ALTER TABLE notes ADD COLUMN parent_id TEXT
    REFERENCES notes (id) ON DELETE SET NULL;
ALTER TABLE notes ALTER COLUMN text DROP NOT NULL;
ALTER TABLE notes ADD CONSTRAINT notes_text_length CHECK (length(text) <= 100);
CREATE INDEX notes_parent_id_idx
ON notes (parent_id);
CREATE INDEX notes_pinned_idx
ON notes (pinned);
"
    );
    assert_eq!(moved.losses(), ["notes.gone: dropped with its values"]);
    assert_eq!(moved.risks(), NONE);
    assert_eq!(moved.column("SELECT text || pinned FROM notes"), ["hello0"]);
    let back: Vec<String> = moved.plan.down_risks.iter().map(ToString::to_string).collect();
    assert_eq!(
        back,
        ["notes.body: where it is NULL", "notes.body: where it breaks length(body) <= 80"]
    );
}
