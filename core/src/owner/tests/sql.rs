//! SQL and transactions.

use super::*;

#[test]
fn sql_takes_one_statement_with_parameters() {
    let db = Db::new();
    db.engine.connection.execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY, b)").unwrap();
    let sql = |text: &str, params: Value| db.owner().sql(text, params.as_array().unwrap());
    let answer = sql("INSERT INTO t (b) VALUES (?), (?)", json!(["x'; --", { "$blob": "AQI=" }]));
    assert_eq!(answer.unwrap().changes, 2);
    let answer = sql(
        "SELECT b, ?, ?, ?, 1e999 FROM t; -- all\n",
        json!([null, true, { "$bigint": "9223372036854775807" }]),
    )
    .unwrap();
    assert_eq!(answer.columns[0], "b");
    assert_eq!(
        serde_json::to_value(&answer.rows).unwrap(),
        json!([
            ["x'; --", null, 1, { "$bigint": "9223372036854775807" }, { "$real": "Infinity" }],
            [{ "$blob": "AQI=" }, null, 1, { "$bigint": "9223372036854775807" },
             { "$real": "Infinity" }],
        ])
    );
    for (text, params, argument) in [
        ("SELECT 1; SELECT 2", json!([]), "sql"),
        ("SELECT 1; garbage", json!([]), "sql"),
        ("", json!([]), "sql"),
        (" -- nothing", json!([]), "sql"),
        ("SELECT '\0'", json!([]), "sql"),
        ("/* x */ COMMIT", json!([]), "sql"),
        ("INSERT OR ROLLBACK INTO t VALUES (1, 2)", json!([]), "sql"),
        ("SELECT ?", json!([]), "params"),
        ("SELECT 1", json!([1]), "params"),
        ("SELECT ?", json!(["a\0"]), "params[0]"),
        ("SELECT ?", json!([[1]]), "params[0]"),
        ("SELECT ?", json!([{ "$blob": "!" }]), "params[0]"),
        ("SELECT ?", json!([u64::MAX]), "params[0]"),
    ] {
        match sql(text, params) {
            Err(Error::InvalidArgument { argument: found, .. }) => assert_eq!(found, argument),
            other => panic!("{text}: {other:?}"),
        }
    }
    assert_eq!(sql("SELEC 1", json!([])).unwrap_err().code(), "sql");
    let many = format!("SELECT 1{}", ";".repeat(100_000));
    assert!(sql(&many, json!([])).is_ok(), "no stack is used per statement");
}

#[test]
fn a_sql_statement_happens_wholly_or_not_at_all() {
    let db = Db::new();
    db.engine
        .connection
        .execute_batch("CREATE TABLE t (a INTEGER PRIMARY KEY); INSERT INTO t VALUES (3)")
        .unwrap();
    let count = || db.owner().sql("SELECT count(*) FROM t", &[]).unwrap().rows[0][0].clone();
    for conflict in ["FAIL", "ABORT"] {
        let text = format!("INSERT OR {conflict} INTO t VALUES (1), (2), (3)");
        assert_eq!(db.owner().sql(&text, &[]).unwrap_err().code(), "sql");
        assert_eq!(count(), 1, "{conflict}");
    }
    let options = SqlOptions { rows_max: Some(1) };
    let text = "INSERT INTO t VALUES (1), (2) RETURNING a";
    assert_eq!(db.owner().sql_with(text, &[], options).unwrap_err().code(), "too_large");
    assert_eq!(count(), 1);
}

#[test]
fn a_failed_transaction_leaves_nothing() {
    let db = Db::new();
    let org = db.org("acme");
    let rows = ["a", "b", "a"].map(|name| json!({ "organization_id": org, "name": name }));
    let rows = rows.iter().map(|row| row.as_object().unwrap());
    assert_eq!(issues(db.owner().insert_many("teams", rows)), [("name".to_owned(), "not_unique")]);
    assert_eq!(db.owner().count("teams", None).unwrap(), 0);
    let outer: Result<()> = db.owner().transaction(|owner| {
        owner.transaction(|_| Ok(db.team(&org, "kept for now")))?;
        let inner: Result<()> = owner.transaction(|owner| {
            db.team(&org, "undone");
            owner.insert("teams", &Row::new()).map(|_| ())
        });
        assert!(inner.is_err());
        assert_eq!(owner.count("teams", None)?, 1);
        Err(Error::Interrupted)
    });
    assert!(outer.is_err());
    assert_eq!(db.owner().count("teams", None).unwrap(), 0);
    assert!(db.engine.connection.is_autocommit());
}
