//! For random rows, orders and filters: pages put together are the whole list, and a filter and
//! its opposite share the rows out between them.

use proptest::prelude::*;
use proptest::sample::{select, subsequence};

use super::*;

const ORDERED: [&str; 5] = ["seats", "level", "ends_on", "weight", "price"];

fn team() -> impl Strategy<Value = Row> {
    let value = |values: Vec<Value>| select(values);
    (
        value(vec![json!(1), json!(2), json!(3)]),
        value(vec![json!("LOW"), json!("HIGH")]),
        value(vec![Value::Null, json!("2025-01-01"), json!("2025-02-01")]),
        value(vec![Value::Null, json!(0.5), json!(-1)]),
        value(vec![Value::Null, json!("1.50"), json!("-2")]),
        value(vec![json!([]), json!(["a"]), json!(["a", "b"])]),
    )
        .prop_map(|(seats, level, ends_on, weight, price, tags)| {
            let row = json!({
                "seats": seats, "level": level, "ends_on": ends_on, "weight": weight,
                "price": price, "tags": tags,
            });
            row.as_object().unwrap().clone()
        })
}

fn order() -> impl Strategy<Value = Vec<String>> {
    let columns = subsequence(ORDERED.to_vec(), 0..=3).prop_shuffle();
    (columns, prop::collection::vec(any::<bool>(), 3)).prop_map(|(columns, down)| {
        let columns = columns.into_iter().zip(down);
        columns.map(|(name, down)| format!("{name}{}", if down { " desc" } else { "" })).collect()
    })
}

fn filter() -> impl Strategy<Value = Value> {
    let leaf = select(vec![
        json!({ "seats": 2 }),
        json!({ "seats": { "gt": 1, "lte": 3 } }),
        json!({ "seats": { "in": [1, 3] } }),
        json!({ "level": { "not_in": ["LOW"] } }),
        json!({ "ends_on": null }),
        json!({ "ends_on": { "ne": "2025-01-01" } }),
        json!({ "ends_on": { "not_in": ["2025-01-01"] } }),
        json!({ "weight": { "lt": 0.5 } }),
        json!({ "weight": { "is_null": false } }),
        json!({ "price": { "gte": "1.5" } }),
        json!({ "price": { "in": [] } }),
        json!({ "tags": { "contains": "a" } }),
        json!({ "name": { "starts_with": "team 1" } }),
        json!({ "name": { "contains": "2" } }),
        json!({}),
    ]);
    leaf.prop_recursive(3, 12, 3, |inner| {
        let many = prop::collection::vec(inner.clone(), 0..3);
        prop_oneof![
            inner.prop_map(|inner| json!({ "not": inner })),
            many.clone().prop_map(|many| json!({ "and": many })),
            many.prop_map(|many| json!({ "or": many })),
        ]
    })
}

fn filled(rows: &[Row]) -> Db {
    let db = Db::new();
    let org = db.org("acme");
    for (place, row) in rows.iter().enumerate() {
        let mut row = row.clone();
        row.insert("organization_id".to_owned(), org.clone());
        row.insert("name".to_owned(), format!("team {place}").into());
        db.owner().insert("teams", &row).unwrap();
    }
    db
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn pages_are_the_list(
        rows in prop::collection::vec(team(), 0..12),
        order in order(),
        filter in filter(),
        limit in 1_i64..5,
    ) {
        let db = filled(&rows);
        let whole = ListOptions {
            order: order.clone(),
            filter: Some(filter.clone()),
            limit: Some(1000),
            ..ListOptions::default()
        };
        let all = db.owner().list("teams", &whole).unwrap();
        prop_assert_eq!(all.next, None);
        let mut pages = Vec::new();
        let mut after = None;
        loop {
            let columns = Some(vec!["name".to_owned()]);
            let page =
                ListOptions { limit: Some(limit), after, columns, ..whole.clone() };
            let page = db.owner().list("teams", &page).unwrap();
            prop_assert!(page.rows.len() == limit as usize || page.next.is_none());
            pages.extend(page.rows.into_iter().map(|row| row["name"].clone()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        let names: Vec<_> = all.rows.iter().map(|row| row["name"].clone()).collect();
        prop_assert_eq!(pages, names);
    }

    #[test]
    fn a_filter_and_its_opposite_share_the_rows_out(
        rows in prop::collection::vec(team(), 0..12),
        filter in filter(),
    ) {
        let db = filled(&rows);
        let count = |filter: &Value| db.owner().count("teams", Some(filter)).unwrap();
        let opposite = json!({ "not": filter });
        prop_assert_eq!(count(&filter) + count(&opposite), rows.len() as i64);
    }
}

#[test]
fn pages_are_read_together_or_not_at_all() {
    let db = Db::new();
    let org = db.org("acme");
    (0..10).for_each(|at| drop(db.team(&org, &format!("T{at}"))));
    let first =
        ListOptions { order: vec!["name".to_owned()], limit: Some(2), ..ListOptions::default() };
    let after = db.owner().list("teams", &first).unwrap().next;
    let options = ListOptions { after, ..first };
    let pages = || db.owner().rows.pages_json("teams", &options, 4).map(|(_, ends)| ends.len());
    assert_eq!(pages().unwrap(), 4);
    db.engine.recorder.release(&db.engine.connection).unwrap();
    let broken = "UPDATE teams SET name = CAST(x'5436ff' AS TEXT) WHERE name = 'T6'";
    db.engine.connection.execute_batch(broken).unwrap();
    assert_eq!(pages().unwrap_err().code(), "corrupt");
    assert_eq!(db.owner().list("teams", &options).unwrap().rows.len(), 2, "alone it is whole");
}
