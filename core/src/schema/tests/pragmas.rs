//! What the parser reads out of a CREATE statement is what SQLite's pragmas say of it.

use rusqlite::Connection;

use super::*;

/// Tables as nobody should write them.
pub(super) const ODD: &str = r#"
CREATE TABLE plain (a, b TEXT, c VARCHAR(10) NOT NULL, d DECIMAL ( 10 , -2 ), e UNSIGNED BIG INT);
CREATE TABLE "quoted ""name""" ([a b] TEXT, `c``d` INT, "e""f" REAL, 'g' BLOB);
CREATE TABLE defaults (a INT DEFAULT 5, b INT DEFAULT -5, c INT DEFAULT +5.5e3, d DEFAULT 'it''s',
    e DEFAULT x'0aFF', f DEFAULT NULL, g DEFAULT TRUE, h DEFAULT CURRENT_TIMESTAMP,
    i DEFAULT (1 + (2 * 3)), j DEFAULT "text", k DEFAULT ( 'x' ), l TEXT DEFAULT (datetime('now')));
CREATE TABLE constrained (a INTEGER CONSTRAINT pk PRIMARY KEY ON CONFLICT REPLACE AUTOINCREMENT
    CONSTRAINT nn NOT NULL ON CONFLICT IGNORE, b TEXT UNIQUE ON CONFLICT FAIL DEFAULT 'x' COLLATE nocase
    NOT NULL CHECK (b <> ',)' AND length(b) > (1)), c TEXT NULL CHECK (c IN ('a', 'b'))
    REFERENCES constrained (b) ON DELETE SET NULL ON UPDATE CASCADE MATCH full
    NOT DEFERRABLE INITIALLY IMMEDIATE);
CREATE TABLE table_constraints (a INT, b INT, c INT, d INT,
    CONSTRAINT pk PRIMARY KEY (b, a) ON CONFLICT ROLLBACK,
    UNIQUE (c, d) CONSTRAINT named UNIQUE (d COLLATE rtrim DESC, a),
    CHECK (a > b), CONSTRAINT pos CHECK (c > 0) ON CONFLICT ABORT,
    FOREIGN KEY (a, b) REFERENCES table_constraints ON DELETE RESTRICT DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT fk FOREIGN KEY (c) REFERENCES plain (a) ON UPDATE SET DEFAULT);
CREATE TABLE generated (a INT, b INT GENERATED ALWAYS AS (a * 2) STORED, c AS (a || ')') VIRTUAL,
    d INT AS (a) NOT NULL, e TEXT GENERATED ALWAYS AS (upper('x')));
CREATE TABLE strict_pk (a TEXT PRIMARY KEY, b ANY, c INT) STRICT;
CREATE TABLE strict_rowid (a INTEGER PRIMARY KEY, b BLOB NOT NULL) STRICT;
CREATE TABLE without (a TEXT COLLATE nocase, b TEXT, c, PRIMARY KEY (b DESC, a COLLATE binary)) WITHOUT ROWID;
CREATE TABLE both (a INTEGER PRIMARY KEY, b INTEGER) STRICT, WITHOUT ROWID;
CREATE TABLE rowid_alias (a INT, b INTEGER, PRIMARY KEY (b ASC));
CREATE TABLE kinds (key TEXT, action TEXT, row INT, "order" INT, "group" TEXT, rowid_ INT, stored INT,
    generated INT, always INT, strict TEXT, without TEXT, temp TEXT);
CREATE TABLE fk_inline (a TEXT REFERENCES strict_pk, b REFERENCES "quoted ""name""" ([a b]),
    c INT CONSTRAINT x REFERENCES kinds ("order") DEFERRABLE INITIALLY DEFERRED, d TEXT
    REFERENCES missing);
CREATE TABLE comments (-- first
    a /* type */ TEXT -- , not a column
    NOT /* yes */ NULL, /* ( */ b INT CHECK (b > 1 -- inside )
    AND b < 5));
CREATE TABLE copied AS SELECT 1 AS x, 'a' AS "y z", NULL AS w;
CREATE INDEX i_plain ON plain (a DESC, b COLLATE nocase, c ASC);
CREATE UNIQUE INDEX "i quoted" ON "quoted ""name""" ([a b], "c`d" COLLATE "rtrim" DESC) WHERE "e""f" > 1;
CREATE UNIQUE INDEX i_expr ON kinds (lower(key), ifnull(action, x''), "order" DESC, row + 1);
CREATE INDEX i_partial ON constrained (c) WHERE c IS NOT NULL AND b IN ('x', 'where');
CREATE INDEX IF NOT EXISTS main.i_schema ON without (c);
"#;

#[test]
fn agrees_with_the_pragmas() {
    let connection = database(ODD);
    connection
        .execute_batch(
            "ALTER TABLE plain ADD COLUMN added INT DEFAULT 9 CHECK (added > 0);
        ALTER TABLE kinds RENAME COLUMN temp TO \"select\"; ALTER TABLE kinds RENAME TO \"kin ds\";
        ALTER TABLE table_constraints ADD COLUMN late TEXT REFERENCES plain (b)",
        )
        .expect("alters");
    let schema = Schema::read(&connection).expect("reads");
    assert!(schema.others.is_empty(), "{:?}", schema.others);
    assert_eq!(schema.tables.len(), 15);
    for table in schema.tables.values() {
        check_table(&connection, table);
        check_columns(&connection, table);
        check_foreign_keys(&connection, table);
        check_indexes(&connection, &schema, table);
    }
    // Written again from what was read, it is the same schema.
    let again = schema_of(&schema.create_sql().join("\n"));
    assert_eq!(lines(&diff(&schema, &again)), [] as [&str; 0]);
}

fn rows<T>(
    connection: &Connection,
    sql: &str,
    name: &str,
    mut read: impl FnMut(&rusqlite::Row<'_>) -> rusqlite::Result<T>,
) -> Vec<T> {
    let mut statement = connection.prepare(sql).expect("prepares");
    let rows = statement.query_map([name], |row| read(row)).expect("queries");
    rows.collect::<rusqlite::Result<_>>().expect("reads")
}

fn check_table(connection: &Connection, table: &TableSchema) {
    let sql = "SELECT wr, strict FROM pragma_table_list WHERE schema = 'main' AND name = ?1";
    let found = rows(connection, sql, &table.name, |row| Ok((row.get(0)?, row.get(1)?)));
    assert_eq!(found, [(table.without_rowid, table.strict)], "{}", table.name);
}

fn check_columns(connection: &Connection, table: &TableSchema) {
    let sql = "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?1)";
    let found = rows(connection, sql, &table.name, |row| {
        let type_name: String = row.get(1)?;
        let default: Option<String> = row.get(3)?;
        let default = default.map(|text| Fragment::new(text).canonical());
        // SQLite reads a name in double quotes as a string here and gives it back as written.
        let default = default.map(|text| if text == "text" { "'text'".to_owned() } else { text });
        Ok((
            row.get::<_, String>(0)?,
            type_name.to_ascii_uppercase().replace(' ', ""),
            row.get::<_, bool>(2)?,
            default,
            row.get::<_, i64>(4)?,
            row.get::<_, i64>(5)?,
        ))
    });
    let key = table.key_columns();
    let parsed: Vec<_> = table
        .columns
        .iter()
        .map(|column| {
            (
                column.name.clone(),
                column.type_name.replace(' ', ""),
                column.not_null,
                column.default.as_ref().map(Fragment::canonical),
                key.iter().position(|name| *name == column.name).map_or(0, |at| at as i64 + 1),
                column.generated.as_ref().map_or(0, |g| if g.stored { 3 } else { 2 }),
            )
        })
        .collect();
    assert_eq!(parsed, found, "{}", table.name);
}

/// A foreign key as the pragma lists it: id, table, columns, columns referred to, rules.
type FoundKey = (i64, String, Vec<String>, Vec<Option<String>>, String);

fn check_foreign_keys(connection: &Connection, table: &TableSchema) {
    let sql = "SELECT id, \"table\", \"from\", \"to\", on_delete, on_update, \"match\"
               FROM pragma_foreign_key_list(?1) ORDER BY id DESC, seq";
    let mut found: Vec<FoundKey> = Vec::new();
    rows(connection, sql, &table.name, |row| {
        let id = row.get(0)?;
        if found.last().is_none_or(|last| last.0 != id) {
            let (delete, update, name): (String, String, String) =
                (row.get(4)?, row.get(5)?, row.get(6)?);
            let rules = format!("{delete}, {update}, {name}");
            found.push((id, row.get(1)?, Vec::new(), Vec::new(), rules));
        }
        let last = found.last_mut().expect("was pushed");
        last.2.push(row.get(2)?);
        last.3.push(row.get(3)?);
        Ok(())
    });
    assert_eq!(table.foreign_keys.len(), found.len(), "{}", table.name);
    for (key, (_, parent, from, to, rules)) in table.foreign_keys.iter().zip(found) {
        assert_eq!((&key.table, &key.columns), (&parent, &from), "{}", table.name);
        if let Some(to) = to.into_iter().collect::<Option<Vec<String>>>() {
            assert_eq!(key.to, to, "{}", table.name);
        }
        let action = |action: Action| match action {
            Action::NoAction => "NO ACTION",
            Action::Restrict => "RESTRICT",
            Action::SetNull => "SET NULL",
            Action::SetDefault => "SET DEFAULT",
            Action::Cascade => "CASCADE",
        };
        // SQLite parses MATCH and drops it.
        let parsed = format!("{}, {}, NONE", action(key.on_delete), action(key.on_update));
        assert_eq!(parsed, rules, "{}", table.name);
    }
}

/// An index as the pragmas see it: unique, partial, and its terms as
/// (column, descending, collation).
type Seen = (bool, bool, Vec<(Option<String>, bool, String)>);

fn seen(connection: &Connection, name: &str, unique: bool, partial: bool) -> Seen {
    let sql =
        "SELECT name, \"desc\", coll FROM pragma_index_xinfo(?1) WHERE key = 1 ORDER BY seqno";
    let terms = rows(connection, sql, name, |row| {
        let collate: String = row.get(2)?;
        Ok((row.get(0)?, row.get(1)?, collate.to_ascii_uppercase()))
    });
    (unique, partial, terms)
}

fn check_indexes(connection: &Connection, schema: &Schema, table: &TableSchema) {
    let sql = "SELECT name, \"unique\", origin, partial FROM pragma_index_list(?1)";
    let listed = rows(connection, sql, &table.name, |row| {
        let values: (String, bool, String, bool) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        Ok(values)
    });
    let collation = |name: &str, own: &Option<String>| {
        let declared = table.column(name).and_then(|column| column.collate.clone());
        own.clone().or(declared).unwrap_or_else(|| "BINARY".to_owned())
    };
    let mut constraints = Vec::new();
    for (name, unique, origin, partial) in listed {
        let found = seen(connection, &name, unique, partial);
        if origin != "c" {
            constraints.push(found);
            continue;
        }
        let index = &schema.indexes[&name];
        let terms = index.terms.iter().map(|term| {
            let text = term.expr.text();
            let is_column = |column: &&ColumnSchema| {
                term.expr == Fragment::new(crate::sql::quote::name(&column.name))
            };
            let column = table.columns.iter().find(is_column).map(|column| column.name.clone());
            let collate = collation(column.as_deref().unwrap_or(text), &term.collate);
            (column, term.descending, collate)
        });
        let parsed = (index.unique, index.filter.is_some(), terms.collect());
        assert_eq!(parsed, found, "{name}");
    }
    for key in &table.uniques {
        let terms = key.columns.iter().map(|column| {
            let collate = collation(&column.name, &column.collate);
            // A constraint's direction is dropped by SQLite in rowid tables.
            (Some(column.name.clone()), column.descending, collate)
        });
        let parsed: Seen = (true, false, terms.collect());
        assert!(constraints.contains(&parsed), "{}: {parsed:?} {constraints:?}", table.name);
    }
}
