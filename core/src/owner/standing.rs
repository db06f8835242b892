//! Pages that stand: what rows that were written change of them, without reading the others again.
//!
//! Of each row of a page the values are kept that it is sorted by, among which are its key's. A
//! written row is read by its key, under the page's own conditions; whether it is in the page, and
//! where, shows by comparing. What can't be told so is not guessed: the page is read anew.

use std::cmp::Ordering;
use std::sync::Arc;

use crate::capture::WrittenKey;
use crate::error::Result;
use crate::owner::catalog::Plan;
use crate::owner::json::row_json;
use crate::owner::read::Found;
use crate::owner::rows::Rows;
use crate::query::{LIMIT_DEFAULT, ListOptions, Order, Sql, Term};
use crate::value::SqlValue;

/// The values that a row is sorted by.
type Sorted = Arc<Vec<SqlValue<'static>>>;

/// The rows of a page, as far as it takes to tell where others belong.
#[derive(Debug)]
pub(crate) struct StandingPage {
    rows: Vec<Sorted>,
    /// For each of the values whether it is sorted downwards.
    descending: Vec<bool>,
    /// Where the key's columns are among the values, in the key's order.
    key: Vec<usize>,
    limit: usize,
    /// Whether rows may follow that are not in the page.
    has_more: bool,
}

/// A row that was written.
#[derive(Debug)]
pub(crate) struct Written {
    key: WrittenKey,
    /// The row as a page's query finds it now, if it does: what it is sorted by, and its JSON.
    now: Option<(Sorted, String)>,
}

impl Rows<'_> {
    /// A page of rows as `list_json` writes it, and what it takes to keep it up to date; none
    /// where its order is not the one that values are compared by here.
    pub(crate) fn list_standing(
        &self,
        table: &str,
        options: &ListOptions,
    ) -> Result<(String, Option<StandingPage>)> {
        let plan = self.engine.catalog.plan(table)?;
        let order = Order::new(plan.source(), &options.order)?;
        let mut rows = Vec::new();
        let (text, has_more) = self.page_json(table, options, &mut |found| {
            rows.push(sorted(&order, found)?);
            Ok(())
        })?;
        let page = StandingPage::new(plan, &order, options, rows, has_more);
        Ok((text, page.filter(|page| page.is_sorted() && self.compares_utf8())))
    }

    /// Rows with these keys, as far as a page's query finds them, whether they are in the page or
    /// behind it.
    pub(crate) fn written(
        &self,
        table: &str,
        options: &ListOptions,
        keys: &[WrittenKey],
    ) -> Result<Vec<Written>> {
        let plan = self.engine.catalog.plan(table)?;
        let order = Order::new(plan.source(), &options.order)?;
        // One more than there can be, so that no cursor is made.
        let options = ListOptions { limit: Some(2), ..options.clone() };
        let mut written = Vec::new();
        for key in keys {
            let mut now = None;
            self.each_of(table, &options, Some(has_key(plan, key)), &mut |found| {
                now = Some((sorted(&order, found)?, row_json(found)?));
                Ok(())
            })?;
            written.push(Written { key: key.clone(), now });
        }
        Ok(written)
    }

    /// Whether SQLite compares texts as their bytes are compared here.
    fn compares_utf8(&self) -> bool {
        let encoding = self.engine.connection.prepare_cached("PRAGMA main.encoding");
        let encoding = encoding.and_then(|mut text| text.query_row([], |row| row.get(0)));
        encoding.is_ok_and(|encoding: String| encoding == "UTF-8")
    }
}

fn sorted(order: &Order, found: &Found<'_>) -> Result<Sorted> {
    let mut values = Vec::with_capacity(order.columns.len());
    for (position, _) in &order.columns {
        values.push(found.at(*position)?.into_owned());
    }
    Ok(Arc::new(values))
}

/// The condition that a row has a key.
fn has_key(plan: &Plan, key: &WrittenKey) -> Term<'static> {
    let mut sql = Sql::default();
    for (position, value) in plan.key.iter().zip(key) {
        sql.push(if sql.values.is_empty() { "" } else { " AND " });
        sql.name(&plan.validator.fields()[*position].name).push(" = ").bind(value.clone());
    }
    Term { text: sql.text, values: sql.values }
}

impl StandingPage {
    fn new(
        plan: &Plan,
        order: &Order,
        options: &ListOptions,
        rows: Vec<Sorted>,
        has_more: bool,
    ) -> Option<StandingPage> {
        let mut key = Vec::new();
        for column in &plan.key {
            key.push(order.columns.iter().position(|(at, _)| at == column)?);
        }
        let descending = order.columns.iter().map(|(_, descending)| *descending).collect();
        let limit = options.limit.unwrap_or(LIMIT_DEFAULT) as usize;
        Some(StandingPage { rows, descending, key, limit, has_more })
    }

    fn is_sorted(&self) -> bool {
        let mut pairs = self.rows.windows(2);
        pairs.all(|pair| self.compare(&pair[0], &pair[1]) == Some(Ordering::Less))
    }

    /// Applies what was written. What that changes, as JSON: `{"removed": […], "places": […],
    /// "rows": […]}`, an empty text for nothing; None where the page has to be read anew.
    pub(crate) fn apply(&mut self, written: &[Written]) -> Option<String> {
        // Whatever is not in the page comes after its last row.
        let last = self.rows.last().filter(|_| self.has_more).cloned();
        let count = self.rows.len();
        // For each row its place before, or from `count` on which of those written it is.
        let mut from: Vec<usize> = (0..count).collect();
        for (number, Written { key, now }) in written.iter().enumerate() {
            if let Some(at) = self.rows.iter().position(|row| self.has_key(row, key)) {
                self.rows.remove(at);
                from.remove(at);
            }
            let Some((row, _)) = now else { continue };
            if let Some(last) = &last
                && self.compare(row, last)? == Ordering::Greater
            {
                continue;
            }
            let at = self.place(row)?;
            self.rows.insert(at, row.clone());
            from.insert(at, count + number);
        }
        if self.has_more && self.rows.len() < self.limit {
            return None;
        }
        self.has_more |= self.rows.len() > self.limit;
        self.rows.truncate(self.limit);
        from.truncate(self.limit);
        Some(changes(count, &from, written))
    }

    /// Whether a row has a key. Keys differ in what they end in.
    fn has_key(&self, row: &Sorted, key: &WrittenKey) -> bool {
        for place in (0..key.len()).rev() {
            let is_same = match (&row[self.key[place]], &key[place]) {
                (SqlValue::Text(one), SqlValue::Text(other)) => {
                    let (one, other) = (one.as_bytes(), other.as_bytes());
                    one.last() == other.last() && one == other
                }
                (one, other) => one == other,
            };
            if !is_same {
                return false;
            }
        }
        true
    }

    /// Where a row belongs that is not there.
    fn place(&self, row: &Sorted) -> Option<usize> {
        let (mut from, mut to) = (0, self.rows.len());
        while from < to {
            let middle = (from + to) / 2;
            match self.compare(&self.rows[middle], row)? {
                Ordering::Less => from = middle + 1,
                _ => to = middle,
            }
        }
        Some(from)
    }

    /// Which of two rows comes first, as SQLite sorts them; None where that is not known here.
    fn compare(&self, one: &Sorted, other: &Sorted) -> Option<Ordering> {
        for (at, descending) in self.descending.iter().enumerate() {
            match compare(&one[at], &other[at])? {
                Ordering::Equal => {}
                found => return Some(if *descending { found.reverse() } else { found }),
            }
        }
        Some(Ordering::Equal)
    }
}

/// What is another in a page whose rows come from these places, of so many.
fn changes(count: usize, from: &[usize], written: &[Written]) -> String {
    let (mut removed, mut places, mut rows) = (String::new(), String::new(), String::new());
    let mut next = 0;
    for (place, &at) in from.iter().enumerate() {
        if at < count {
            push_numbers(next..at, &mut removed);
            next = at + 1;
        } else if let Some((_, row)) = &written[at - count].now {
            push_numbers(place..place + 1, &mut places);
            rows.push_str(if rows.is_empty() { "" } else { "," });
            rows.push_str(row);
        }
    }
    push_numbers(next..count, &mut removed);
    if removed.is_empty() && places.is_empty() {
        return String::new();
    }
    let parts = [r#"{"removed":["#, &removed, r#"],"places":["#, &places, r#"],"rows":["#, &rows];
    [&parts.concat(), "]}"].concat()
}

fn push_numbers(numbers: std::ops::Range<usize>, text: &mut String) {
    for number in numbers {
        text.push_str(if text.is_empty() { "" } else { "," });
        text.push_str(&number.to_string());
    }
}

fn compare(one: &SqlValue<'_>, other: &SqlValue<'_>) -> Option<Ordering> {
    match (one, other) {
        (SqlValue::Null, SqlValue::Null) => Some(Ordering::Equal),
        (SqlValue::Null, _) => Some(Ordering::Less),
        (_, SqlValue::Null) => Some(Ordering::Greater),
        (SqlValue::Integer(one), SqlValue::Integer(other)) => Some(one.cmp(other)),
        (SqlValue::Real(one), SqlValue::Real(other)) => one.partial_cmp(other),
        (SqlValue::Text(one), SqlValue::Text(other)) => Some(one.cmp(other)),
        // No column that the core sorts by has anything else.
        _ => None,
    }
}
