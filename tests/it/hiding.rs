//! Deletion along references, soft and hard, however long the chain.

use freehold::Bundle;
use serde_json::{Value, json};

#[test]
fn a_long_chain_is_hidden_and_brought_back_on_a_small_stack() {
    let model = "name = \"tree\"\n[tables.nodes]\ncolumns.id = { type = \"integer\" }\n\
                 columns.parent_id = { type = \"ref\", to = \"nodes\", optional = true, \
                 on_delete = \"cascade\" }\nsoft_delete = { cascade = true }\n";
    let work = move || {
        let bundle = Bundle::from_model_text(model).unwrap();
        let mut database = freehold::open_in_memory(bundle).unwrap();
        database.init(None, &mut |_| {}).unwrap();
        let owner = database.owner().unwrap();
        let row = |id: i64| json!({ "id": id, "parent_id": (id > 1).then(|| id - 1) });
        let rows: Vec<Value> = (1..=3000).map(row).collect();
        owner.insert_many("nodes", rows.iter().filter_map(Value::as_object)).unwrap();
        assert!(owner.delete("nodes", &json!(1)).unwrap());
        assert_eq!(owner.count("nodes", None).unwrap(), 0);
        owner.restore("nodes", &json!(1)).unwrap();
        assert_eq!(owner.count("nodes", None).unwrap(), 3000);
    };
    let thread = std::thread::Builder::new().stack_size(1 << 20).spawn(work).unwrap();
    thread.join().unwrap();
}

#[test]
fn a_cascade_that_is_too_deep_says_so_and_changes_nothing() {
    let model = "name = \"tree\"\n[tables.nodes]\nscope = \"public\"\n\
                 columns.id = { type = \"integer\" }\n\
                 columns.parent_id = { type = \"ref\", to = \"nodes\", optional = true, \
                 on_delete = \"cascade\" }\n\
                 policy = { read = \"TRUE\", write = \"TRUE\" }\n";
    let bundle = Bundle::from_model_text(model).unwrap();
    let mut database = freehold::open_in_memory(bundle).unwrap();
    database.init(None, &mut |_| {}).unwrap();
    let owner = database.owner().unwrap();
    let row = |id: i64| json!({ "id": id, "parent_id": (id > 1).then(|| id - 1) });
    let rows: Vec<Value> = (1..=3000).map(row).collect();
    owner.insert_many("nodes", rows.iter().filter_map(Value::as_object)).unwrap();
    let error = owner.delete("nodes", &json!(1)).unwrap_err();
    assert_eq!(error.code(), "too_large", "{error}");
    assert!(error.to_string().contains("far ends"), "{error}");
    let error = owner.sql("DELETE FROM nodes WHERE id = 1", &[]).unwrap_err();
    assert_eq!(error.code(), "too_large");
    assert_eq!(owner.count("nodes", None).unwrap(), 3000);
    let mut found = 0;
    database.verify_audit(&mut |_| found += 1).unwrap();
    assert_eq!(found, 0);
    // From the far end it goes.
    for id in [2500, 2000, 1500, 1000, 500, 1] {
        assert!(owner.delete("nodes", &json!(id)).unwrap());
    }
    assert_eq!(owner.count("nodes", None).unwrap(), 0);
}
