//! Policies folded for actors: what is decided beforehand, and what is left for SQL.

use std::sync::Arc;

use super::*;
use crate::model::parse_expr;
use crate::value::SqlValue;

const MODEL: &str = r#"
name = "shops"
[tenancy]
tenant = "shops"
key = "shop_id"
user = "users"
[enums]
role = ["BOSS", "CLERK"]
[predicates]
"mine(owner)" = "owner = auth_user()"
"on_shelf(shelf)" = "shelf IN (SELECT id FROM shelves WHERE mine(keeper_id))"
[tables.shops]
template = "tenant"
policy = { read = "TRUE" }
[tables.users]
template = "user"
columns.role = { type = "enum", of = "role", default = "CLERK" }
policy = { read = "TRUE" }
[tables.shelves]
columns.keeper_id = { type = "ref", to = "users", on_delete = "cascade" }
soft_delete = true
policy = { read = "TRUE" }
[tables.goods]
columns.shelf_id = { type = "ref", to = "shelves", on_delete = "cascade" }
columns.keeper_id = { type = "text", optional = true }
columns.price = { type = "decimal", precision = 8, scale = 2 }
policy = { read = "POLICY" }
"#;

/// The condition on goods, as SQL with its values; `always` and `never` in other words.
fn read_rule(policy: &str, rights: &Rights) -> (String, Vec<SqlValue<'static>>) {
    parse_expr(policy).unwrap();
    let model = Model::from_text(&MODEL.replace("POLICY", policy)).unwrap();
    let rules = Rules::new(Arc::new(model), rights.clone());
    match &rules.table("goods").unwrap().read {
        Rule::Always => ("always".to_owned(), Vec::new()),
        Rule::Never => ("never".to_owned(), Vec::new()),
        Rule::When(condition) => (condition.term.text.clone(), condition.term.values.clone()),
    }
}

fn member() -> Rights {
    Rights {
        user: Some("u1".to_owned()),
        tenant: Some("t1".to_owned()),
        role: Some("CLERK".to_owned()),
        permissions: ["goods:read".to_owned()].into(),
        ..Rights::default()
    }
}

#[test]
fn what_the_actor_alone_decides_is_decided_beforehand() {
    let tenant = "\"shop_id\" = ?";
    for (policy, sql) in [
        ("TRUE", tenant),
        ("auth_role() = 'CLERK'", tenant),
        ("auth_role() IN ('BOSS', 'CLERK') OR mine(keeper_id)", tenant),
        ("has_permission('goods:read')", tenant),
        ("NOT has_permission('goods:write')", tenant),
        ("auth_role() = 'BOSS'", "never"),
        ("auth_key() IS NOT NULL", "never"),
        ("auth_key() = 'x' OR NOT auth_key() = 'x'", "never"),
        ("has_permission('goods:write') AND mine(keeper_id)", "never"),
        ("auth_role() IN ('BOSS', NULL)", "never"),
        ("coalesce(auth_key(), auth_user()) = 'u1' AND lower('A') = 'a'", tenant),
    ] {
        assert_eq!(read_rule(policy, &member()).0, sql, "{policy}");
    }
    let nobody = Rights { tenant: Some("t1".to_owned()), ..Rights::default() };
    assert_eq!(read_rule("mine(keeper_id)", &nobody).0, "never");
    let system = Rights { system: true, ..nobody };
    assert_eq!(read_rule("FALSE", &system).0, tenant);
}

#[test]
fn what_is_left_is_said_in_sql_with_bound_values() {
    let (sql, values) = read_rule("mine(keeper_id) OR price < 1.5", &member());
    assert_eq!(sql, "\"shop_id\" = ? AND ((\"keeper_id\" = ?) OR (\"price\" < ?))");
    assert_eq!(values, ["t1".into(), "u1".into(), SqlValue::Integer(150)]);
    // An argument and a column within the SELECT share a name: the SELECT's own stands there.
    let (sql, values) = read_rule("on_shelf(shelf_id)", &member());
    assert_eq!(
        sql,
        "\"shop_id\" = ? AND (\"shelf_id\" IN (SELECT \"id\" FROM main.\"shelves\" WHERE \
         \"shop_id\" = ? AND \"deleted_at\" IS NULL AND (\"keeper_id\" = ?)))"
    );
    assert_eq!(values, ["t1".into(), "t1".into(), "u1".into()]);
}

#[test]
fn nothing_said_lets_nobody_in() {
    let model = Model::from_text(&MODEL.replace("POLICY", "TRUE")).unwrap();
    let rules = Rules::new(Arc::new(model), member());
    let goods = rules.table("goods").unwrap();
    assert!(goods.insert.is_never() && goods.update.is_never() && goods.delete.is_never());
    assert!(rules.table("unknown").is_none());
}
