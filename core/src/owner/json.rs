//! Rows as JSON text, for hosts that hand text on: written straight from the statement's columns,
//! without a tree of values in between. The text is that of the rows which typed reads return.

use freehold_json::{Form, Member, Writer};
use serde_json::Value;

use crate::error::{Error, Result};
use crate::model::Kind;
use crate::owner::audited;
use crate::owner::read::Found;
use crate::owner::rows::Rows;
use crate::query::{LIMIT_DEFAULT, LIMIT_MAX, ListOptions, Order};
use crate::validate::{Field, Validator};

/// Room for a row of a dozen columns, so that one row takes one allocation.
const ROW_BYTES: usize = 768;

/// Room for a usual page, which grows where it has to.
const PAGE_BYTES: usize = 24 * 1024;

impl Rows<'_> {
    /// The row with this key, or `null`.
    pub(crate) fn get_json(&self, table: &str, key: &Value) -> Result<String> {
        let plan = self.engine.catalog.plan(table)?;
        let key = self.key(plan, key)?;
        let mut text = None;
        audited::reading(self.engine, table, || {
            self.find(plan, &key, &mut |found| {
                text = Some(row_json(found)?);
                Ok(())
            })
        })?;
        Ok(text.unwrap_or_else(|| "null".to_owned()))
    }

    /// A page of rows: `{"rows": […], "next": …}`.
    pub(crate) fn list_json(&self, table: &str, options: &ListOptions) -> Result<String> {
        Ok(self.page_json(table, options, &mut |_| Ok(()))?.0)
    }

    /// A page of rows as `list_json` writes it, and whether there are more; each of its rows is
    /// shown besides.
    pub(super) fn page_json(
        &self,
        table: &str,
        options: &ListOptions,
        show: &mut dyn FnMut(&Found<'_>) -> Result<()>,
    ) -> Result<(String, bool)> {
        let mut text = Writer::with_room(PAGE_BYTES);
        text.raw(PAGE);
        let mut rows = 0;
        let next = self.each(table, options, &mut |found| {
            show(found)?;
            push_nth_row(found, &mut rows, &mut text)
        })?;
        end_page(next.as_deref(), &mut text);
        let text = match text.into_text() {
            Some(text) => text,
            None => {
                // Reading it in the usual way says where it is.
                let read = self.each(table, options, &mut say_whats_wrong);
                return Err(read.err().unwrap_or_else(corrupt));
            }
        };
        Ok((text, next.is_some()))
    }

    /// A page of rows and some of those after it, each in an answer of its own; the text of all,
    /// and where each ends. They are the pages that one by one would come if nothing changed.
    pub(crate) fn pages_json(
        &self,
        table: &str,
        options: &ListOptions,
        count: i64,
    ) -> Result<(String, Vec<usize>)> {
        let plan = self.engine.catalog.plan(table)?;
        let order = Order::new(plan.source(), &options.order)?;
        let size = options.limit.unwrap_or(LIMIT_DEFAULT);
        // A size that is refused stays one.
        let most = LIMIT_MAX / size.clamp(1, LIMIT_MAX);
        let all = ListOptions {
            limit: Some(size.saturating_mul(count.clamp(1, most))),
            ..options.clone()
        };
        let mut text = Writer::with_room(PAGE_BYTES);
        let (mut rows, mut ends, mut cursor) = (0, Vec::new(), None);
        text.raw(ANSWER);
        text.raw(PAGE);
        let next = self.each(table, &all, &mut |found| {
            if rows == size {
                end_page(cursor.as_deref(), &mut text);
                text.raw(b"}");
                ends.push(text.length());
                text.raw(ANSWER);
                text.raw(PAGE);
                rows = 0;
            }
            push_nth_row(found, &mut rows, &mut text)?;
            if rows == size {
                cursor = Some(found.cursor(&order)?);
            }
            Ok(())
        })?;
        end_page(next.as_deref(), &mut text);
        text.raw(b"}");
        ends.push(text.length());
        Ok((text.into_text().ok_or_else(corrupt)?, ends))
    }
}

const ANSWER: &[u8] = br#"{"ok":"#;
const PAGE: &[u8] = br#"{"rows":["#;

fn push_nth_row(found: &Found<'_>, rows: &mut i64, text: &mut Writer) -> Result<()> {
    if *rows > 0 {
        text.raw(b",");
    }
    *rows += 1;
    push_row(found, text)
}

fn end_page(next: Option<&str>, text: &mut Writer) {
    text.raw(br#"],"next":"#);
    match next {
        Some(next) => text.text(next.as_bytes()),
        None => text.raw(b"null"),
    }
    text.raw(b"}");
}

/// A row.
pub(super) fn row_json(found: &Found<'_>) -> Result<String> {
    let mut text = Writer::with_room(ROW_BYTES);
    push_row(found, &mut text)?;
    text.into_text().ok_or_else(|| say_whats_wrong(found).err().unwrap_or_else(corrupt))
}

/// Reads a row in the way that tells which text of it is not UTF-8.
fn say_whats_wrong(found: &Found<'_>) -> Result<()> {
    found.to_row().map(drop)
}

fn corrupt() -> Error {
    Error::Corrupt { message: "a text of a row is not UTF-8".to_owned() }
}

fn push_row(found: &Found<'_>, text: &mut Writer) -> Result<()> {
    found.write_json(found.plan.members(), text)
}

/// How each column of a table is written as a member of a JSON object.
pub(super) fn members(table: &Validator) -> Vec<Member> {
    let form = |field: &Field| match &field.kind {
        _ if field.array || field.encrypted => Form::Other,
        Kind::Text | Kind::Uuid | Kind::Timestamp | Kind::Date | Kind::Time | Kind::Enum { .. } => {
            Form::Text
        }
        Kind::Integer => Form::Integer,
        Kind::Boolean => Form::Boolean,
        Kind::Json { .. } => Form::Json,
        _ => Form::Other,
    };
    table.fields().iter().map(|field| Member::new(&field.name, form(field))).collect()
}
