//! What follows from the model alone.

use super::table::singular;
use crate::bundle::Bundle;

#[test]
fn a_row_is_called_as_those_who_refer_to_it_say() {
    let model = &Bundle::builtin("valuecanvas").unwrap().model;
    for (table, name) in [
        ("canvases", "canvas"),
        ("users", "user"),
        ("policies", "policy"),
        ("branches", "branch"),
        ("databases", "database"),
        ("addresses", "address"),
        ("statuses", "status"),
        ("clauses", "clause"),
        ("access", "access"),
        ("knowledge", "knowledge"),
    ] {
        assert_eq!(singular(model, table), name);
    }
}
