//! Rows as JSON text against the rows of typed reads, whatever stands in the file.

use super::*;

/// What another program may have written, as SQL.
const STORED: &[(&str, &[&str])] = &[
    ("name", &["'a' || char(0) || 'b'", "'\"\\'", "CAST(x'61ff' AS TEXT)", "CAST(x'c3' AS TEXT)"]),
    ("seats", &["9223372036854775807", "-9223372036854775808", "0"]),
    ("level", &["'GOD'", "CAST(x'80' AS TEXT)"]),
    ("tags", &["'[]'", "'[ \"a\" ]'", "'x'", "'{}'", "CAST(x'5b22ff225d' AS TEXT)"]),
    ("price", &["NULL", "-1", "0", "9223372036854775807"]),
    ("starts_on", &["NULL", "'soon'"]),
    (
        "settings",
        &[
            "NULL",
            "'{ \"a\" : 1.50 }'",
            "'{\"a\":1,\"a\":2}'",
            "'{'",
            "''",
            "'[1]'",
            "CAST(x'7b2261223a22ff227d' AS TEXT)",
            "'{\"a\":1}' || char(0)",
        ],
    ),
    ("weight", &["NULL", "0.0", "-0.0", "1e999", "-1e999", "5e-324", "1e22"]),
    ("big", &["NULL", "9223372036854775807"]),
    ("picture", &["NULL", "x''", "x'00ff'"]),
    ("is_open", &["NULL", "0", "1", "2", "-1"]),
    ("created_at", &["'now'", "CAST(x'e282' AS TEXT)"]),
    ("api_key", &["NULL", "'ciphertext'"]),
];

#[test]
fn texts_of_rows_are_those_of_typed_reads_whatever_is_stored() {
    let db = Db::new();
    let org = db.org("acme");
    let team = db.team(&org, "Engineering");
    let key = json!({ "organization_id": org, "id": team["id"] });
    db.engine.recorder.release(&db.engine.connection).unwrap();
    let run = |sql: &str| db.engine.connection.execute_batch(sql).unwrap();
    run("PRAGMA ignore_check_constraints = ON; CREATE TEMP TABLE kept AS SELECT * FROM teams");
    for (column, values) in STORED {
        for value in *values {
            run(&format!("UPDATE main.teams SET \"{column}\" = {value}"));
            let rows = db.owner().rows;
            for columns in [None, Some(vec!["id".to_owned(), (*column).to_owned()])] {
                let options = ListOptions { columns, ..ListOptions::default() };
                let typed = rows.list("teams", &options).map(|page| json!(page));
                let text = rows.list_json("teams", &options);
                assert_eq!(
                    told(text),
                    told(typed.map(|page| page.to_string())),
                    "{column} {value}"
                );
            }
            let typed = rows.get("teams", &key).map(|row| json!(row));
            let text = rows.get_json("teams", &key);
            assert_eq!(told(text), told(typed.map(|row| row.to_string())), "{column} {value}");
        }
        run(&format!("UPDATE main.teams SET \"{column}\" = (SELECT \"{column}\" FROM kept)"));
    }
}

#[test]
fn json_as_deep_as_sqlite_takes_it_is_read() {
    let db = Db::new();
    let org = db.org("acme");
    db.team(&org, "Engineering");
    for depth in [1, 126, 127, 128, 999] {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(depth), "]".repeat(depth));
        db.owner().sql("UPDATE teams SET settings = ?1", &[json!(deep)]).unwrap();
        let text = db.owner().rows.list_json("teams", &ListOptions::default()).unwrap();
        assert!(text.contains(&deep), "{depth}");
    }
}

/// A text as its value, an error as its code and what it says.
fn told(text: Result<String>) -> std::result::Result<Value, String> {
    let text = text.map_err(|error| format!("{}: {error}", error.code()))?;
    Ok(serde_json::from_str(&text).unwrap())
}
