//! Pages that stand: whatever is written, a page with the changes that it is told is the page as it
//! is read anew.

use std::collections::BTreeMap;

use freehold::{Bundle, Database};
use freehold_core::call;
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::standing::changes;

const MODEL: &str = r#"
name = "shelf"
[tables.books]
columns.id = { type = "integer" }
columns.title = { type = "text", optional = true }
columns.pages = { type = "integer", optional = true }
columns.weight = { type = "real", optional = true }
columns.lent = { type = "boolean", default = false }
soft_delete = true
"#;

const TITLES: [&str; 7] = ["", "A", "a", "B", "Z", "Ä", "ä\u{10FFFF}"];

fn ask(database: &mut Database, method: &str, params: &Value) -> Value {
    let request = json!({ "method": method, "params": params }).to_string();
    serde_json::from_str(&call::call(database, &request, &mut |_| {})).unwrap()
}

/// The values of a book, each from few, so that many are alike.
fn book() -> impl Strategy<Value = Value> {
    let title = prop::option::of(prop::sample::select(TITLES.to_vec()));
    let pages = prop::option::of(-2..3_i64);
    let weight = prop::option::of(prop::sample::select(vec![-1.5, 0.0, 0.25, 2.0, 1e300]));
    (title, pages, weight, any::<bool>()).prop_map(|(title, pages, weight, lent)| {
        json!({ "title": title, "pages": pages, "weight": weight, "lent": lent })
    })
}

/// A request that writes, which may be refused.
fn write() -> impl Strategy<Value = (&'static str, Value)> {
    let with_id = |book: Value, id: i64| {
        let mut row = book;
        row["id"] = id.into();
        row
    };
    let one = (0..40_i64, book(), 0..8_u8).prop_map(move |(id, book, what)| match what {
        0 | 1 => ("insert", json!({ "table": "books", "row": with_id(book, id) })),
        2 | 3 => ("update", json!({ "table": "books", "key": id, "changes": book })),
        4 => ("upsert", json!({ "table": "books", "row": with_id(book, id) })),
        5 | 6 => ("delete", json!({ "table": "books", "key": id })),
        _ => ("restore", json!({ "table": "books", "key": id })),
    });
    let one = one.boxed();
    let sql = prop::sample::select(vec![
        "UPDATE books SET pages = pages + 1 WHERE id % 7 = 3",
        "UPDATE books SET id = id + 40 WHERE id = (SELECT min(id) FROM books)",
        "UPDATE books SET id = id % 40 WHERE id >= 40",
        "UPDATE OR IGNORE books SET id = 5 WHERE id = (SELECT max(id) FROM books)",
        "DELETE FROM books WHERE id IN (SELECT id FROM books ORDER BY title LIMIT 3)",
        "UPDATE books SET title = NULL",
        "DELETE FROM books",
        "INSERT OR REPLACE INTO books (id, title) VALUES (7, 'Z'), (8, 'A')",
    ]);
    let sql = sql.prop_map(|sql| ("sql", json!({ "sql": sql, "params": [] })));
    let many = prop::collection::vec((one.clone(), any::<bool>()), 2..5).prop_map(|writes| {
        // Some end with a request that is refused, and all is undone.
        let fails = writes.iter().all(|(_, flag)| *flag);
        let mut requests: Vec<Value> = writes
            .into_iter()
            .map(|((method, params), _)| json!({ "method": method, "params": params }))
            .collect();
        if fails {
            requests.push(json!({ "method": "get", "params": { "table": "nothing", "key": 1 } }));
        }
        ("transaction", json!({ "requests": requests }))
    });
    prop_oneof![12 => one, 1 => sql, 3 => many]
}

/// The options of a page.
fn page() -> impl Strategy<Value = Value> {
    let columns = ["title", "pages", "weight", "lent", "id"];
    let order = prop::sample::subsequence(columns.to_vec(), 0..3).prop_shuffle();
    let filter = prop::sample::select(vec![
        Value::Null,
        json!({ "lent": true }),
        json!({ "title": "a" }),
        json!({ "pages": { "gte": 0 } }),
        json!({ "title": null }),
        json!({ "or": [{ "weight": { "lt": 1.0 } }, { "pages": { "is_null": true } }] }),
    ]);
    let columns = prop::option::of(prop::sample::subsequence(columns.to_vec(), 1..4));
    let flags = prop::collection::vec(any::<bool>(), 5);
    (order, filter, columns, 1..8_i64, flags).prop_map(|(order, filter, columns, limit, flags)| {
        let order: Vec<String> = order
            .iter()
            .zip(&flags)
            .map(|(name, down)| format!("{name}{}", if *down { " desc" } else { "" }))
            .collect();
        json!({
            "table": "books", "order": order, "filter": filter, "columns": columns, "limit": limit,
            "include_deleted": flags[3], "after": flags[4],
        })
    })
}

/// A page's rows after changes.
fn apply(rows: &mut Vec<Value>, changes: &str) {
    let changes: Value = serde_json::from_str(changes).unwrap();
    let places = |name: &str| -> Vec<usize> {
        let places = changes["ok"][name].as_array().unwrap().iter();
        places.map(|place| place.as_u64().unwrap() as usize).collect()
    };
    for place in places("removed").into_iter().rev() {
        rows.remove(place);
    }
    let put = changes["ok"]["rows"].as_array().unwrap();
    for (place, row) in places("places").into_iter().zip(put) {
        rows.insert(place, row.clone());
    }
}

fn rows(answer: &Value) -> Vec<Value> {
    answer["ok"]["rows"].as_array().unwrap_or_else(|| panic!("{answer}")).clone()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, ..ProptestConfig::default() })]
    #[test]
    fn a_page_with_its_changes_is_the_page_as_it_is(
        books in prop::collection::vec(book(), 0..30),
        mut pages in prop::collection::vec(page(), 1..12),
        writes in prop::collection::vec(write(), 1..40),
        skips in prop::collection::vec(0..3_usize, 40),
    ) {
        let bundle = Bundle::from_model_text(MODEL).unwrap();
        let mut database = freehold::open_in_memory(bundle).unwrap();
        database.init(None, &mut |_| {}).unwrap();
        for (id, mut row) in books.into_iter().enumerate() {
            row["id"] = id.into();
            ask(&mut database, "insert", &json!({ "table": "books", "row": row }));
        }
        let mut kept = BTreeMap::new();
        for (at, page) in pages.iter_mut().enumerate() {
            let is_second = page["after"].take() == true;
            if is_second {
                page["after"] = ask(&mut database, "list", page)["ok"]["next"].clone();
            }
            kept.insert(at.to_string(), rows(&watched(&mut database, at, page)));
        }
        for ((method, params), skip) in writes.iter().zip(skips) {
            ask(&mut database, method, params);
            // Several writes may come before anybody asks what they changed.
            if skip == 0 {
                continue;
            }
            for (key, changes) in changes(&database) {
                let at: usize = key.parse().unwrap();
                match changes {
                    Some(changes) => apply(kept.get_mut(&key).unwrap(), &changes),
                    None => {
                        let answer = watched(&mut database, at, &pages[at]);
                        kept.insert(key, rows(&answer));
                    }
                }
            }
            for (at, page) in pages.iter().enumerate() {
                let now = rows(&ask(&mut database, "list", page));
                prop_assert_eq!(&kept[&at.to_string()], &now, "{} {}: {}", method, params, page);
            }
        }
    }
}

/// Watches a page; its answer.
fn watched(database: &mut Database, at: usize, page: &Value) -> Value {
    let request = json!({ "method": "list", "params": page }).to_string();
    let answer: Value =
        serde_json::from_str(&call::watch(database, &at.to_string(), &request)).unwrap();
    json!({ "ok": answer["ok"]["answer"] })
}

#[test]
fn a_page_is_told_of_nothing_behind_it_and_read_anew_only_when_a_row_has_to_move_up() {
    let bundle = Bundle::from_model_text(MODEL).unwrap();
    let mut database = freehold::open_in_memory(bundle).unwrap();
    database.init(None, &mut |_| {}).unwrap();
    let insert = |database: &mut Database, id: i64| {
        let row = json!({ "id": id, "title": format!("book {id}") });
        ask(database, "insert", &json!({ "table": "books", "row": row }));
    };
    for id in [10, 20, 30, 40] {
        insert(&mut database, id);
    }
    let page = json!({ "table": "books", "order": ["id"], "columns": ["id"], "limit": 3 });
    watched(&mut database, 0, &page);
    let told = |removed: Value, places: Value, rows: Value| {
        let changes = json!({ "ok": { "removed": removed, "places": places, "rows": rows } });
        vec![("0".to_owned(), Some(changes.to_string()))]
    };
    insert(&mut database, 50);
    assert_eq!(changes(&database), [], "behind the page");
    insert(&mut database, 15);
    let told_then = changes(&database);
    assert_eq!(told_then, told(json!([2]), json!([1]), json!([{ "id": 15 }])));
    insert(&mut database, 30);
    assert_eq!(changes(&database), [], "refused: it is there");
    ask(&mut database, "delete", &json!({ "table": "books", "key": 40 }));
    assert_eq!(changes(&database), [], "behind the page");
    ask(&mut database, "delete", &json!({ "table": "books", "key": 10 }));
    assert_eq!(changes(&database), [("0".to_owned(), None)], "30 moves up");
}
