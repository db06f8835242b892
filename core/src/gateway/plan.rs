//! Which part of a session's statement the statement of ours takes over: comparisons of a column
//! with a value, the order, LIMIT and OFFSET.
//!
//! Nothing else of a user's statement ever stands in one that reads a table. Comparisons can't
//! fail, so it doesn't matter in which order SQLite evaluates them and the policy.

use rusqlite::ffi;

use crate::gateway::table::{Index, Table};
use crate::query::push_name;

/// What SQLite asks of a gateway before it runs a statement.
pub(super) struct Ask {
    pub(super) constraints: Vec<Constraint>,
    /// The places of the columns that rows are wanted in the order of, and whether downwards.
    pub(super) order: Vec<(i32, bool)>,
    /// The columns that are used, a bit each; the last bit stands for all from there on.
    pub(super) used: u64,
}

/// A comparison of a column with a value.
pub(super) struct Constraint {
    pub(super) column: i32,
    pub(super) op: u8,
    pub(super) usable: bool,
    /// Whether text is compared bytewise.
    pub(super) binary: bool,
}

/// What the gateway takes over.
pub(super) struct Choice {
    /// The constraints whose values are handed over, in that order.
    pub(super) arguments: Vec<usize>,
    /// What is known of the statement of ours without the actor: see [`Shape`].
    pub(super) shape: String,
    pub(super) ordered: bool,
    pub(super) cost: f64,
    pub(super) rows: i64,
    /// Whether there is one row at most.
    pub(super) unique: bool,
}

/// A statement of ours but for the actor's condition, as it travels through SQLite's hands.
pub(super) struct Shape<'s> {
    pub(super) used: u64,
    /// Whether there is one row at most.
    pub(super) unique: bool,
    /// What follows the condition.
    pub(super) rest: &'s str,
}

impl Shape<'_> {
    pub(super) fn read(text: &str) -> Option<Shape<'_>> {
        let (used, rest) = text.split_once(' ')?;
        let (unique, used) = match used.strip_prefix('u') {
            Some(used) => (true, used),
            None => (false, used),
        };
        Some(Shape { used: u64::from_str_radix(used, 16).ok()?, unique, rest })
    }

    /// Whether a column is used.
    pub(super) fn uses(&self, column: usize) -> bool {
        self.used >> column.min(63) & 1 == 1
    }
}

impl Table {
    /// What the gateway takes over of a statement.
    pub(super) fn choose(&self, ask: &Ask) -> Choice {
        let mut choice = Choice {
            arguments: Vec::new(),
            shape: format!("{:x} ", ask.used),
            ordered: false,
            cost: 0.0,
            rows: 0,
            unique: false,
        };
        let mut equal = Vec::new();
        let mut ranges = Vec::new();
        let mut left_out = false;
        for (at, constraint) in ask.constraints.iter().enumerate() {
            if is_limit(constraint.op) {
                continue;
            }
            let Some((column, operator)) = self.comparison(constraint) else {
                left_out = true;
                continue;
            };
            choice.shape.push_str(" AND ");
            push_name(&mut choice.shape, &self.columns[column].name);
            choice.shape.push_str(operator);
            choice.arguments.push(at);
            match i32::from(constraint.op) {
                ffi::SQLITE_INDEX_CONSTRAINT_EQ | ffi::SQLITE_INDEX_CONSTRAINT_IS => {
                    equal.push(column);
                }
                ffi::SQLITE_INDEX_CONSTRAINT_NE | ffi::SQLITE_INDEX_CONSTRAINT_ISNOT => {}
                _ => ranges.push(column),
            }
        }
        self.push_order(ask, &mut choice);
        if !left_out && choice.ordered != ask.order.is_empty() {
            push_limit(ask, &mut choice);
        }
        self.estimate(&equal, &ranges, &mut choice);
        if choice.unique {
            choice.shape.insert(0, 'u');
        }
        choice
    }

    /// The column and the operator with its parameter, where the comparison can be taken over.
    fn comparison(&self, constraint: &Constraint) -> Option<(usize, &'static str)> {
        let column = usize::try_from(constraint.column).ok()?;
        let comparable = self.columns.get(column)?.comparable;
        let operator = operator(constraint.op)?;
        (constraint.usable && constraint.binary && comparable).then_some((column, operator))
    }

    fn push_order(&self, ask: &Ask, choice: &mut Choice) {
        let mut text = String::new();
        for (column, descending) in &ask.order {
            let column = usize::try_from(*column).ok().and_then(|at| self.columns.get(at));
            let Some(column) = column.filter(|column| column.comparable) else { return };
            text.push_str(if text.is_empty() { " ORDER BY " } else { ", " });
            push_name(&mut text, &column.name);
            text.push_str(if *descending { " DESC" } else { "" });
        }
        choice.ordered = !text.is_empty();
        choice.shape.push_str(&text);
    }

    /// How much the rows cost, so that SQLite joins in a good order.
    fn estimate(&self, equal: &[usize], ranges: &[usize], choice: &mut Choice) {
        const ROWS: f64 = 5_000.0;
        let is_whole = |index: &Index| index.columns.iter().all(|column| equal.contains(column));
        if self.indexes.iter().any(|index| index.unique && is_whole(index)) {
            (choice.cost, choice.rows, choice.unique) = (3.0, 1, true);
            return;
        }
        let found = self.indexes.iter().map(|index| {
            let run = index.columns.iter().take_while(|column| equal.contains(column)).count();
            let range = index.columns.get(run).is_some_and(|column| ranges.contains(column));
            let rows = ROWS / if range { 3.0 } else { 1.0 };
            if run == 0 { rows } else { rows / (50.0 * run as f64) }
        });
        let cost = found.fold(ROWS, f64::min);
        let kept = 0.1_f64.powi(equal.len() as i32) * 0.4_f64.powi(ranges.len() as i32);
        choice.cost = cost + 5.0;
        choice.rows = (ROWS * kept).min(cost).max(1.0) as i64;
    }
}

fn is_limit(op: u8) -> bool {
    let op = i32::from(op);
    op == ffi::SQLITE_INDEX_CONSTRAINT_LIMIT || op == ffi::SQLITE_INDEX_CONSTRAINT_OFFSET
}

fn operator(op: u8) -> Option<&'static str> {
    Some(match i32::from(op) {
        ffi::SQLITE_INDEX_CONSTRAINT_EQ => " = ?",
        ffi::SQLITE_INDEX_CONSTRAINT_GT => " > ?",
        ffi::SQLITE_INDEX_CONSTRAINT_LE => " <= ?",
        ffi::SQLITE_INDEX_CONSTRAINT_LT => " < ?",
        ffi::SQLITE_INDEX_CONSTRAINT_GE => " >= ?",
        ffi::SQLITE_INDEX_CONSTRAINT_NE => " <> ?",
        ffi::SQLITE_INDEX_CONSTRAINT_IS | ffi::SQLITE_INDEX_CONSTRAINT_ISNULL => " IS ?",
        ffi::SQLITE_INDEX_CONSTRAINT_ISNOT | ffi::SQLITE_INDEX_CONSTRAINT_ISNOTNULL => " IS NOT ?",
        _ => return None,
    })
}

/// Takes LIMIT and OFFSET over, where SQLite offers them: everything else is ours then.
fn push_limit(ask: &Ask, choice: &mut Choice) {
    let at = |op: i32| {
        let is_it = |it: &Constraint| it.usable && i32::from(it.op) == op;
        ask.constraints.iter().position(is_it)
    };
    let limit = at(ffi::SQLITE_INDEX_CONSTRAINT_LIMIT);
    let offset = at(ffi::SQLITE_INDEX_CONSTRAINT_OFFSET);
    match (limit, offset) {
        (Some(limit), None) => {
            choice.shape.push_str(" LIMIT ?");
            choice.arguments.push(limit);
        }
        (Some(limit), Some(offset)) => {
            choice.shape.push_str(" LIMIT ? OFFSET ?");
            choice.arguments.extend([limit, offset]);
        }
        (None, Some(offset)) => {
            choice.shape.push_str(" LIMIT -1 OFFSET ?");
            choice.arguments.push(offset);
        }
        (None, None) => {}
    }
}
