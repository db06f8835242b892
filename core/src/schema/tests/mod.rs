//! Tests of the schema against SQLite itself.

mod convert;
mod model;
mod models;
mod plan;
mod pragmas;
mod random;
mod rebuild;

use rusqlite::Connection;

use super::*;

/// A database in memory with foreign keys on.
fn database(sql: &str) -> Connection {
    let connection = Connection::open_in_memory().expect("opens");
    connection.pragma_update(None, "foreign_keys", true).expect("switches");
    connection.execute_batch(sql).unwrap_or_else(|error| panic!("{error}\n{sql}"));
    connection
}

fn schema_of(sql: &str) -> Schema {
    Schema::read(&database(sql)).expect("reads")
}

fn count(connection: &Connection, sql: &str) -> i64 {
    connection.query_row(sql, [], |row| row.get(0)).unwrap_or_else(|error| panic!("{sql}: {error}"))
}

fn lines(differences: &[Difference]) -> Vec<String> {
    differences.iter().map(ToString::to_string).collect()
}

#[test]
fn differences_read_well() {
    let expected = schema_of(
        "CREATE TABLE a (id TEXT PRIMARY KEY, b INTEGER NOT NULL DEFAULT 3, c TEXT,
             CONSTRAINT a_c CHECK (c IN ('x')), FOREIGN KEY (c) REFERENCES a (id)) STRICT;
         CREATE TABLE gone (x);
         CREATE INDEX a_b ON a (b);",
    );
    let found = schema_of(
        "CREATE TABLE a (c TEXT, id TEXT NOT NULL PRIMARY KEY, b REAL, d BLOB,
             CONSTRAINT a_c CHECK (c IN ('x', 'y'))) STRICT;
         CREATE TABLE extra (x);
         CREATE UNIQUE INDEX a_b ON a (b);
         CREATE TRIGGER t AFTER DELETE ON a BEGIN SELECT 1; END;",
    );
    assert_eq!(
        lines(&diff(&expected, &found)),
        [
            "table a: column b: type INTEGER expected, REAL found",
            "table a: column b: nullability NOT NULL expected, none found",
            "table a: column b: default 3 expected, none found",
            "table a: column d: found, none expected",
            "table a: check a_c: c IN ('x') expected, c IN ('x', 'y') found",
            "table a: reference of c: REFERENCES a (id) expected, none found",
            "table gone: expected, none found",
            "table extra: found, none expected",
            "table a: index a_b: CREATE INDEX a_b ON a (b) expected, \
             CREATE UNIQUE INDEX a_b ON a (b) found",
            "table a: trigger t: found, none expected",
        ]
    );
    assert_eq!(diff(&found, &found), []);
}

#[test]
fn spelling_and_order_make_no_difference() {
    let one = schema_of(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE);
         CREATE TABLE t (a TEXT NOT NULL, b INTEGER DEFAULT (7) CHECK (b > 0),
             p INTEGER REFERENCES parent ON DELETE CASCADE, CHECK (a <> 'A  b'),
             PRIMARY KEY (a)) STRICT, WITHOUT ROWID;
         CREATE INDEX i ON t (a, b DESC) WHERE b IS NOT NULL;
         CREATE TRIGGER g AFTER UPDATE OF a, b ON t BEGIN DELETE FROM t; END;
         CREATE VIEW v AS SELECT a FROM t;",
    );
    let other = schema_of(
        "create table \"parent\"(ID integer primary key, code text constraint u unique);
         -- comment
         CREATE TABLE [t] (b integer default 7 /* seven */, p INTEGER, `a` text,
             CHECK (\"b\">0), primary key(A), CHECK((a!='A  b')),
             CONSTRAINT f FOREIGN KEY(P) REFERENCES PARENT(id) on delete cascade
         ) without rowid, strict;
         create index i on T (\"a\" asc, B desc) where (b is not null);
         CREATE TRIGGER g AFTER UPDATE OF b, a ON t FOR EACH ROW BEGIN delete from T ; END;
         CREATE VIEW v as select a  from t;"
            .replace("ID integer", "id integer")
            .as_str(),
    );
    assert_eq!(lines(&diff(&one, &other)), [] as [&str; 0]);
    let third = schema_of(
        "CREATE TABLE parent (id INTEGER PRIMARY KEY, code TEXT UNIQUE);
         CREATE TABLE t (a TEXT NOT NULL, b INTEGER DEFAULT 7 CHECK (b > 0),
             p INTEGER REFERENCES parent ON DELETE CASCADE, CHECK (a <> 'A b'),
             PRIMARY KEY (a)) STRICT, WITHOUT ROWID;
         CREATE INDEX i ON t (a, b DESC) WHERE b IS NOT NULL;
         CREATE TRIGGER g AFTER UPDATE OF a, b ON t BEGIN DELETE FROM t; END;
         CREATE VIEW v AS SELECT a FROM t;",
    );
    assert_eq!(diff(&one, &third).len(), 2, "a string literal differs");
}

#[test]
fn internal_tables_are_no_part_of_a_schema() {
    let schema = schema_of(
        "CREATE TABLE refinery_schema_history (version INTEGER PRIMARY KEY);
         CREATE TABLE _freehold_meta (key TEXT PRIMARY KEY);
         CREATE INDEX meta_key ON _freehold_meta (key);
         CREATE TABLE seq (id INTEGER PRIMARY KEY AUTOINCREMENT);
         CREATE VIRTUAL TABLE v USING rtree (id, a, b);
         ANALYZE;",
    );
    assert_eq!(schema.tables.keys().collect::<Vec<_>>(), ["seq"]);
    assert!(schema.indexes.is_empty());
    assert_eq!(schema.others["v"].kind, "table");
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig {
        cases: 512,
        failure_persistence: None,
        ..proptest::prelude::ProptestConfig::default()
    })]

    #[test]
    fn any_text_is_read_or_refused(parts in proptest::collection::vec(
        proptest::sample::select(vec![
            "CREATE ", "TABLE ", "INDEX ", "TRIGGER ", "VIEW ", "UNIQUE ", "t ", "\"a\" ", "[b] ", "(",
            ")", ", ", "; ", "PRIMARY KEY ", "CHECK ", "REFERENCES ", "ON ", "DEFAULT ", "BEGIN ",
            "END", "WHEN ", "CASE ", "AS ", "x'00' ", "'é' ", "'", "\"", "[", "/*", "*/", "--", "\n",
            "COLLATE ", "DESC ", "NOT NULL ", "CONSTRAINT ", "DEFERRABLE ", "ON CONFLICT ", "1e5 ",
            "WITHOUT ROWID ", "STRICT ", "GENERATED ALWAYS ", "FOREIGN KEY ", "-", "+", "\u{1f600}",
            "\0", "0x", "1_", ".", ":a ", "?", "$", "SELECT ", "AFTER DELETE ", "WHERE ",
        ]),
        0..24,
    )) {
        let text = parts.concat();
        let _ = parse::parse_table(&text);
        let _ = parse::parse_table(&format!("CREATE TABLE t (a {text})"));
        let _ = parse::parse_index(&text);
        let _ = parse::parse_index(&format!("CREATE INDEX i ON t ({text}"));
        let _ = parse::parse_trigger(&format!("CREATE TRIGGER g {text}"));
        let _ = parse::parse_view(&text, 0);
        let fragment = Fragment::new(text.as_str());
        let renamed = fragment.with_column_renamed("t", "u").with_table_renamed("a", "b");
        proptest::prop_assert_eq!(renamed.mentions("zzz"), false);
        let again = Fragment::new(fragment.canonical());
        if crate::sql::tokens(&text).all(|token| token.is_ok()) {
            proptest::prop_assert_eq!(&again, &fragment);
        }
        if let Ok(script) = crate::sql::Script::parse("V1__x.sql", &text) {
            let normalized = script.normalized();
            let again = crate::sql::Script::parse("V1__x.sql", normalized).expect("reads");
            proptest::prop_assert_eq!(again.normalized(), normalized);
        }
    }
}
