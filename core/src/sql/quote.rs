//! How are names and strings written in SQL so that SQLite reads back exactly them?

use std::fmt::Write as _;

/// A name, in double quotes only where it needs them.
///
/// # Example
///
/// ```
/// use freehold_core::sql::quote::name;
/// assert_eq!(name("created_at"), "created_at");
/// assert_eq!(name("order"), "\"order\"");
/// assert_eq!(name("a\"b"), "\"a\"\"b\"");
/// ```
pub fn name(name: &str) -> String {
    let mut sql = String::with_capacity(name.len());
    push_name(&mut sql, name);
    sql
}

/// Writes a name behind a text, as [`name`] does.
pub(crate) fn push_name(sql: &mut String, name: &str) {
    let mut bytes = name.bytes();
    let starts = bytes.next().is_some_and(|byte| byte.is_ascii_lowercase() || byte == b'_');
    let is_part = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    if starts && bytes.all(is_part) && !is_reserved(name) {
        sql.push_str(name);
    } else {
        sql.push('"');
        sql.push_str(&name.replace('"', "\"\""));
        sql.push('"');
    }
}

/// Names, separated by commas.
pub fn names<S: AsRef<str>>(names: impl IntoIterator<Item = S>) -> String {
    let mut list = String::new();
    for item in names {
        if !list.is_empty() {
            list.push_str(", ");
        }
        push_name(&mut list, item.as_ref());
    }
    list
}

/// A string, in single quotes.
pub fn text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

/// A blob.
pub fn blob(bytes: &[u8]) -> String {
    let mut literal = String::with_capacity(bytes.len() * 2 + 3);
    literal.push_str("x'");
    for byte in bytes {
        // Writing to a String never fails.
        let _ = write!(literal, "{byte:02x}");
    }
    literal.push('\'');
    literal
}

/// A double, with a point or an exponent, so that it is none of the integers.
pub fn real(number: f64) -> String {
    if number == f64::INFINITY {
        "9e999".to_owned()
    } else if number == f64::NEG_INFINITY {
        "-9e999".to_owned()
    } else {
        format!("{number:?}")
    }
}

/// Whether SQLite reads the word, unquoted, as something else than a name somewhere.
///
/// Keywords that SQLite takes for names wherever a name may stand (`key`, `action`, `row`, …) are
/// not among them: tables read better without the quotes.
pub fn is_reserved(word: &str) -> bool {
    const LENGTH_MAX: usize = 17;
    // Most names are told apart without a search.
    let is_current = matches!(word.as_bytes(), [b'c' | b'C', ..]);
    if word.len() > LENGTH_MAX || (word.contains('_') && !is_current) {
        return false;
    }
    let mut buffer = [0_u8; LENGTH_MAX];
    let upper = &mut buffer[..word.len()];
    upper.copy_from_slice(word.as_bytes());
    upper.make_ascii_uppercase();
    RESERVED.binary_search_by(|known| known.as_bytes().cmp(upper)).is_ok()
}

/// In order, so that it can be searched.
const RESERVED: [&str; 82] = [
    "ADD",
    "ALL",
    "ALTER",
    "AND",
    "AS",
    "AUTOINCREMENT",
    "BETWEEN",
    "CASE",
    "CAST",
    "CHECK",
    "COLLATE",
    "COMMIT",
    "CONSTRAINT",
    "CREATE",
    "CROSS",
    "CURRENT_DATE",      // tidy-allow: ambient-sql (a keyword)
    "CURRENT_TIME",      // tidy-allow: ambient-sql (a keyword)
    "CURRENT_TIMESTAMP", // tidy-allow: ambient-sql (a keyword)
    "DEFAULT",
    "DEFERRABLE",
    "DELETE",
    "DISTINCT",
    "DROP",
    "ELSE",
    "ESCAPE",
    "EXCEPT",
    "EXISTS",
    "FALSE",
    "FILTER",
    "FOREIGN",
    "FROM",
    "FULL",
    "GENERATED",
    "GLOB",
    "GROUP",
    "HAVING",
    "IF",
    "IN",
    "INDEX",
    "INDEXED",
    "INNER",
    "INSERT",
    "INTERSECT",
    "INTO",
    "IS",
    "ISNULL",
    "JOIN",
    "LEFT",
    "LIKE",
    "LIMIT",
    "MATCH",
    "NATURAL",
    "NOT",
    "NOTHING",
    "NOTNULL",
    "NULL",
    "ON",
    "OR",
    "ORDER",
    "OUTER",
    "OVER",
    "PRIMARY",
    "RAISE",
    "REFERENCES",
    "REGEXP",
    "RETURNING",
    "RIGHT",
    "SELECT",
    "SET",
    "TABLE",
    "THEN",
    "TO",
    "TRANSACTION",
    "TRUE",
    "UNION",
    "UNIQUE",
    "UPDATE",
    "USING",
    "VALUES",
    "WHEN",
    "WHERE",
    "WINDOW",
];

#[cfg(test)]
mod tests {
    use super::*;
    use rusqlite::Connection;

    #[test]
    fn the_list_is_in_order() {
        assert!(RESERVED.is_sorted());
    }

    #[test]
    fn every_keyword_can_name_things() {
        let keywords = "abort action add after all alter always analyze and as asc attach \
            autoincrement before begin between by cascade case cast check collate column commit \
            conflict constraint create cross current current_date current_time current_timestamp \
            database default deferrable deferred delete desc detach distinct do drop each else \
            end escape except exclude exclusive exists explain fail false filter first following \
            for foreign from full generated glob group groups having if ignore immediate in index \
            indexed initially inner insert instead intersect into is isnull join key last left \
            like limit match materialized natural no not nothing notnull null nulls of offset on \
            or order others outer over partition plan pragma preceding primary query raise range \
            recursive references regexp reindex release rename replace restrict returning right \
            rollback row rows savepoint select set strict table temp temporary then ties to \
            transaction trigger true unbounded union unique update using vacuum values view \
            virtual when where window with within without rowid stored";
        for keyword in keywords.split_whitespace() {
            let connection = Connection::open_in_memory().expect("opens");
            let n = name(keyword);
            let sql = format!(
                "CREATE TABLE {n} ({n} TEXT NOT NULL, b TEXT, PRIMARY KEY ({n}),
                     CHECK ({n} IN ('x', 'y') AND coalesce({n}, b) >= {n}),
                     CONSTRAINT {n} CHECK (length({n}) = 1),
                     FOREIGN KEY ({n}) REFERENCES {n} ({n}));
                 CREATE INDEX i ON {n} ({n} DESC, ifnull({n}, x'')) WHERE {n} IS NOT NULL;
                 INSERT INTO {n} ({n}) SELECT 'x' WHERE NOT EXISTS (SELECT {n} FROM {n});
                 CREATE TRIGGER t AFTER UPDATE OF {n} ON {n} BEGIN
                     UPDATE {n} SET b = NULL WHERE {n} = OLD.{n};
                 END;
                 ALTER TABLE {n} RENAME TO {n}2; ALTER TABLE {n}2 RENAME TO {n};
                 ALTER TABLE {n} ADD COLUMN c TEXT CHECK (c <> {n});
                 DROP INDEX i;"
            )
            .replace(&format!("{n}2"), "other");
            connection.execute_batch(&sql).unwrap_or_else(|error| panic!("{keyword}: {error}"));
            let found: String = connection
                .query_row(&format!("SELECT {n} FROM {n} ORDER BY {n}"), [], |row| row.get(0))
                .expect("reads");
            assert_eq!(found, "x", "{keyword}");
        }
    }

    #[test]
    fn literals_come_back_unchanged() {
        let connection = Connection::open_in_memory().expect("opens");
        let read = |literal: String| {
            let sql = format!("SELECT {literal}");
            connection.query_row(&sql, [], |row| row.get::<_, rusqlite::types::Value>(0))
        };
        assert_eq!(read(text("it's")), Ok("it's".to_owned().into()));
        assert_eq!(read(blob(&[0, 255])), Ok(vec![0_u8, 255].into()));
        for number in [0.1, -1.0, 1e300, 5e-324, f64::MAX, f64::INFINITY] {
            assert_eq!(read(real(number)), Ok(number.into()));
        }
    }
}
