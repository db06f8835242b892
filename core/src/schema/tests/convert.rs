//! Columns whose type changes: what becomes of their values.

use super::plan::{NONE, move_to, run, schema, uuid};
use super::*;

#[test]
fn values_are_converted() {
    let amount = |scale| format!("type = \"decimal\", precision = 12, scale = {scale}");
    let (cents, mills, whole) = (amount(2), amount(3), amount(0));
    let plain = |name: &str| format!("type = {name:?}");
    let losing = |message: &str| Some(message.to_owned());
    let rounds = "digits after the point are rounded off";
    let table: [(String, &str, String, &str, Option<String>); 26] = [
        (cents.clone(), "-150", mills.clone(), "-1500", None),
        (mills.clone(), "-1505", cents.clone(), "-151", losing(rounds)),
        (mills, "1504", whole.clone(), "2", losing(rounds)),
        (cents.clone(), "-5", plain("text"), "-0.05", None),
        (whole.clone(), "-5", plain("text"), "-5", None),
        (cents.clone(), "-150", plain("real"), "-1.5", None),
        (cents.clone(), "250", plain("integer"), "3", losing(rounds)),
        (whole, "250", plain("integer"), "250", None),
        (cents.clone(), "-105", plain("text[]"), "[\"-1.05\"]", None),
        (plain("integer"), "7", cents.clone(), "700", None),
        (plain("real"), "0.125", cents.clone(), "13", losing(rounds)),
        (plain("text"), "'-12.5'", cents, "-1250", losing(rounds)),
        (plain("text"), "'42'", plain("integer"), "42", None),
        (plain("text"), "'1.5'", plain("real"), "1.5", None),
        (plain("integer"), "42", plain("text"), "42", None),
        (plain("integer"), "42", plain("real"), "42.0", None),
        (plain("bigint"), "42", plain("integer"), "42", None),
        (plain("real"), "42.0", plain("integer"), "42", None),
        (plain("boolean"), "1", plain("text"), "true", None),
        (plain("text"), "'FALSE'", plain("boolean"), "0", None),
        (plain("boolean"), "1", plain("boolean[]"), "[true]", None),
        (plain("text"), "'a'", plain("text[]"), "[\"a\"]", None),
        (plain("date"), "'2025-02-03'", plain("timestamp"), "2025-02-03T00:00:00.000Z", None),
        (
            plain("timestamp"),
            "'2025-02-03T04:05:06.007Z'",
            plain("date"),
            "2025-02-03",
            losing("the times of day are cut off"),
        ),
        (
            plain("timestamp"),
            "'2025-02-03T04:05:06.007Z'",
            plain("time"),
            "04:05:06.007",
            losing("the dates are cut off"),
        ),
        (plain("text"), "'ab'", plain("blob"), "[97, 98]", None),
    ];
    for (old, value, new, expected, loss) in table {
        let table = |rules: &str| {
            schema(&format!("[tables.t]\ncolumns.a = {{ {rules}, optional = true }}"))
        };
        let rows =
            format!("INSERT INTO t (id, a) VALUES ({}, {value}), ({}, NULL)", uuid(1), uuid(2));
        let moved = move_to(&table(&old), &table(&new), &Renames::default(), &rows);
        let found = moved.column("SELECT a FROM t ORDER BY id");
        assert_eq!(found, [expected, "NULL"], "{old} -> {new}");
        let losses: Vec<String> = loss.iter().map(|message| format!("t.a: {message}")).collect();
        assert_eq!(moved.losses(), losses, "{old} -> {new}");
    }
}

#[test]
fn what_a_value_can_not_become_fails_and_changes_nothing() {
    for (old, value, new) in [
        ("text", "'4x'", "integer"),
        ("text", "'x'", "boolean"),
        ("text", "'x'", "uuid"),
        ("text", "'{'", "json"),
        ("real", "1.5", "integer"),
        ("integer", "2", "boolean"),
        ("json", "'{}'", "text[]"),
        ("bigint", "9007199254740992", "integer"),
    ] {
        let table = |kind: &str| schema(&format!("[tables.t]\ncolumns.a = {{ type = {kind:?} }}"));
        let (from, to) = (table(old), table(new));
        let plan = plan(&from, &to, &Renames::default());
        let connection = database(&from.create_sql().join("\n"));
        let row = format!("INSERT INTO t (id, a) VALUES ({}, {value})", uuid(1));
        connection.execute_batch(&row).expect("inserts");
        let error = run(&connection, &plan.up).expect_err("can't be converted");
        assert!(!plan.risks.is_empty(), "{old} -> {new}: {error}");
        assert!(plan.losses.is_empty(), "{old} -> {new}");
        assert!(plan.up.contains("-- MAY FAIL: t.a: where "), "{}", plan.up);
        let live = Schema::read(&connection).expect("reads");
        assert_eq!(lines(&diff(&from, &live)), NONE);
    }
}
