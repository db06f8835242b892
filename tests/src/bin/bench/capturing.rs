//! What recording costs beside the writes themselves: a connection's first write, and the entries
//! of the audit table.

use std::time::Duration;

use freehold::Database;
use freehold_core::value::Row;
use freehold_tests::measure::{Line, median, show, time};

use crate::writing::{ROWS, rows};

pub fn lines() -> Vec<Line> {
    let rows = rows(&freehold::testing::database("carcosa", "development"));
    let mut lines = vec![first_write(&rows)];
    lines.extend(entries(&rows));
    lines
}

/// The first write of a connection makes the triggers.
fn first_write(rows: &[Row]) -> Line {
    let took = (0..31).map(|_| {
        let database = freehold::testing::database("carcosa", "development");
        let owner = database.owner().unwrap();
        let first = time(|| owner.insert("files", &rows[0]).unwrap());
        first.saturating_sub(time(|| owner.insert("files", &rows[1]).unwrap()))
    });
    Line::time(
        "what a connection's first write adds",
        median(took.collect()),
        Duration::from_millis(1),
    )
}

fn entries(rows: &[Row]) -> Vec<Line> {
    let mut database = freehold::testing::database("carcosa", "development");
    let owner = database.owner().unwrap();
    owner.count("audit_logs", None).unwrap();
    owner.insert_many("files", rows).unwrap();
    let pages = |database: &mut Database| {
        let sql = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
        database.owner().unwrap().sql(sql, &[]).unwrap().rows[0][0].as_u64().unwrap()
    };
    let before = pages(&mut database);
    let took = time(|| assert_eq!(database.fill_audit().unwrap(), ROWS));
    let bytes = (pages(&mut database) - before) / ROWS as u64;
    let each = took / u32::try_from(ROWS).unwrap();
    vec![
        Line::note("filling the audit table, per entry", show(each)),
        Line::note("bytes of an entry with its indexes", format!("{bytes} B")),
    ]
}
