//! Migrations as planned: what the scripts say, and what they do to rows.

use super::*;
use crate::Model;
use crate::sql::Script;

/// A model named `m` with these tables and enums.
fn model(text: &str) -> Model {
    Model::from_toml(&format!("name = \"m\"\n{text}")).unwrap_or_else(|error| panic!("{error}"))
}

pub(super) fn schema(text: &str) -> Schema {
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
pub(super) struct Moved {
    pub(super) plan: Plan,
    pub(super) connection: Connection,
}

/// Makes the one schema with these rows and goes to the other. That back and forth again gives
/// the right schemas is looked at on the way.
pub(super) fn move_to(from: &Schema, to: &Schema, renames: &Renames, rows: &str) -> Moved {
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
    pub(super) fn losses(&self) -> Vec<String> {
        self.plan.losses.iter().map(ToString::to_string).collect()
    }

    pub(super) fn risks(&self) -> Vec<String> {
        self.plan.risks.iter().map(ToString::to_string).collect()
    }

    /// The one column of a query, as text.
    pub(super) fn column(&self, sql: &str) -> Vec<String> {
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

pub(super) const NONE: [&str; 0] = [];

pub(super) fn uuid(number: usize) -> String {
    format!("'00000000-0000-0000-0000-{number:012}'")
}

#[test]
fn columns_are_altered_in_place() {
    let from = schema(
        "[tables.notes]\ncolumns.body = { type = \"text\", max = 80 }
         columns.data = { type = \"blob\" }
         columns.gone = { type = \"integer\", optional = true }",
    );
    let to = schema(
        "[tables.notes]\ncolumns.text = { type = \"text\", max = 100 }
         columns.data = { type = \"blob\", optional = true }
         columns.pinned = { type = \"boolean\", default = false }
         columns.parent_id = { type = \"ref\", to = \"notes\", optional = true, on_delete = \"set_null\" }
         indexes = [[\"pinned\"]]",
    );
    let mut renames = Renames::default();
    renames.column("notes", "body", "text");
    let id = "'00000000-0000-0000-0000-000000000001'";
    let rows = format!("INSERT INTO notes (id, body, data, gone) VALUES ({id}, 'hello', x'', 7)");
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
ALTER TABLE notes ALTER COLUMN data DROP NOT NULL;
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
        ["notes.data: where it is NULL", "notes.body: where it breaks length(body) <= 80"]
    );
}

#[test]
fn risks_are_named_where_rows_may_break_a_rule_and_only_there() {
    let base = "columns.a = { type = \"text\", min = 2, max = 5, optional = true }
         columns.e = { type = \"enum\", of = \"e\" }
         columns.n = { type = \"integer\", default = 5 }
         unique = [[\"a\"]]";
    let full = |values: &str, table: &str| {
        schema(&format!("[enums]\ne = [{values}]\n[tables.o]\n[tables.t]\n{table}"))
    };
    let from = full("'X', 'Y'", base);
    let table: [(&str, String, &[&str]); 12] = [
        ("'X', 'Y', 'Z'", base.to_owned(), &[]),
        ("'X'", base.to_owned(), &["t.e: where it breaks e IN ('X')"]),
        ("'X', 'Y'", base.replace("max = 5", "max = 6"), &[]),
        ("'X', 'Y'", base.replace("min = 2, ", ""), &[]),
        (
            "'X', 'Y'",
            base.replace("max = 5", "max = 4"),
            &["t.a: where it breaks length(a) BETWEEN 2 AND 4"],
        ),
        ("'X', 'Y'", base.replace(", optional = true", ""), &["t.a: where it is NULL"]),
        ("'X', 'Y'", base.replace("\"a\"]]", "\"a\"], [\"a\", \"n\"]]"), &[]),
        ("'X', 'Y'", base.replace("\"a\"]]", "\"n\"]]"), &["t: where (n) stands twice"]),
        ("'X', 'Y'", format!("{base}\nchecks.c = \"n > 3\""), &["t.n: where it breaks n > 3"]),
        (
            "'X', 'Y'",
            format!("{base}\ncolumns.f = {{ type = \"ref\", to = \"o\", optional = true }}"),
            &[],
        ),
        (
            "'X', 'Y'",
            format!("{base}\ncolumns.f = {{ type = \"ref\", to = \"o\" }}"),
            &["t.f: replace the NULL by what existing rows get"],
        ),
        (
            "'X', 'Y'",
            base.replace("unique", "primary_key = [\"n\"]\nunique"),
            &["t: where (n) stands twice"],
        ),
    ];
    for (values, table, risks) in table {
        let plan = plan(&from, &full(values, &table), &Renames::default());
        let found: Vec<String> = plan.risks.iter().map(ToString::to_string).collect();
        assert_eq!(found, risks, "{values} {table}\n{}", plan.up);
    }
}

#[test]
fn a_required_column_needs_a_value_that_people_put_in() {
    let from = schema("[tables.t]\ncolumns.a = { type = \"text\" }");
    let to = schema(
        "[tables.t]\ncolumns.a = { type = \"text\" }\ncolumns.b = { type = \"text\", max = 9 }",
    );
    let plan = plan(&from, &to, &Renames::default());
    let note = "-- NEEDS A VALUE: t.b: replace the NULL by what existing rows get\nINSERT INTO";
    assert!(plan.up.contains(note), "{}", plan.up);
    let filled = || {
        let connection = database(&from.create_sql().join("\n"));
        let row = format!("INSERT INTO t (id, a) VALUES ({}, 'x')", uuid(1));
        connection.execute_batch(&row).expect("inserts");
        connection
    };
    let error = run(&filled(), &plan.up).expect_err("there is a row");
    assert!(error.contains("NOT NULL constraint failed: _rebuild_t.b"), "{error}");
    let connection = filled();
    run(&connection, &plan.up.replace("NULL /* b */", "upper(a)")).expect("has a value");
    assert_eq!(count(&connection, "SELECT count(*) FROM t WHERE b = 'X'"), 1);
}

#[test]
fn optional_columns_become_required_with_their_default() {
    let table = |rest: &str| {
        schema(&format!("[tables.t]\ncolumns.a = {{ type = \"integer\", default = 5{rest} }}"))
    };
    let rows = format!("INSERT INTO t (id, a) VALUES ({}, NULL), ({}, 7)", uuid(1), uuid(2));
    let moved = move_to(&table(", optional = true"), &table(""), &Renames::default(), &rows);
    assert_eq!(moved.column("SELECT a FROM t ORDER BY id"), ["5", "7"]);
    assert_eq!((moved.losses(), moved.risks()), (vec![], vec![]));
    assert!(!moved.plan.up.contains("_rebuild_"), "{}", moved.plan.up);
}

#[test]
fn names_may_change_places() {
    let text = |a: &str, b: &str, one: &str, two: &str| {
        format!(
            "[tables.{one}]\ncolumns.{a} = {{ type = \"text\", max = 9 }}
             columns.{b} = {{ type = \"text\", max = 9 }}\n[tables.{two}]
             columns.to_id = {{ type = \"ref\", to = {one:?}, optional = true }}"
        )
    };
    let from = schema(&text("a", "b", "one", "two"));
    let to = schema(&text("b", "a", "two", "one"));
    let mut renames = Renames::default();
    renames.table("one", "two");
    renames.table("two", "one");
    renames.column("one", "a", "b");
    renames.column("one", "b", "a");
    let rows = format!(
        "INSERT INTO one (id, a, b) VALUES ({0}, 'A', 'B');
         INSERT INTO two (id, to_id) VALUES ({1}, {0})",
        uuid(1),
        uuid(2)
    );
    let moved = move_to(&from, &to, &renames, &rows);
    assert_eq!(moved.column("SELECT a || b FROM two"), ["BA"]);
    assert_eq!(moved.column("SELECT to_id FROM one"), [uuid(1).trim_matches('\'')]);
    assert_eq!(moved.losses(), NONE);
}

#[test]
fn a_column_in_the_way_of_a_rename_goes_first() {
    let from = schema(
        "[tables.t]\ncolumns.a = { type = \"blob\" }
         columns.b = { type = \"blob\", optional = true }",
    );
    let to = schema("[tables.t]\ncolumns.b = { type = \"blob\" }");
    let mut renames = Renames::default();
    renames.column("t", "a", "b");
    let rows = format!("INSERT INTO t (id, a, b) VALUES ({}, x'01', x'02')", uuid(1));
    let moved = move_to(&from, &to, &renames, &rows);
    assert_eq!(moved.column("SELECT b FROM t"), ["[1]"]);
    assert_eq!(moved.losses().len(), 1);
}
