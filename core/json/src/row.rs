//! A row of a statement as a JSON object.

use rusqlite::Row;
use rusqlite::types::ValueRef;

use crate::text::is_json;
use crate::writer::Writer;

/// How a column's values are written.
#[derive(Debug)]
pub struct Member {
    /// `,"name":`
    name: Vec<u8>,
    form: Form,
}

/// What a column's values look like that are stored as they are shown.
#[derive(Debug, Clone, Copy)]
pub enum Form {
    /// A text.
    Text,
    /// An integer.
    Integer,
    /// 0 or 1.
    Boolean,
    /// A text that is JSON.
    Json,
    /// They are shown otherwise than they are stored, or seldom met.
    Other,
}

impl Member {
    /// A column with its name and the form of its values.
    #[must_use]
    pub fn new(name: &str, form: Form) -> Member {
        let mut member = Writer::with_room(name.len() + 4);
        member.raw(b",");
        member.text(name.as_bytes());
        member.raw(b":");
        Member { name: member.into_bytes(), form }
    }
}

/// Writes a row that has those of the members first which are shown, and whether that was done:
/// `other` writes the value at a place that is not of its column's form, or says that it can't.
/// Texts are taken for UTF-8.
///
/// # Errors
///
/// - when there are fewer columns
pub fn write_row(
    row: &Row<'_>,
    members: &[Member],
    shown: &[usize],
    text: &mut Writer,
    other: &mut dyn FnMut(usize, &mut Writer) -> bool,
) -> rusqlite::Result<bool> {
    text.raw(b"{");
    for (place, position) in shown.iter().enumerate() {
        let Member { name, form } = &members[*position];
        text.raw(&name[usize::from(place == 0)..]);
        match (form, row.get_ref(place)?) {
            (Form::Text, ValueRef::Text(stored)) => text.text(stored),
            (Form::Integer, ValueRef::Integer(number)) => text.integer(number),
            (Form::Boolean, ValueRef::Integer(0)) => text.raw(b"false"),
            (Form::Boolean, ValueRef::Integer(1)) => text.raw(b"true"),
            // No broken file makes the answer broken.
            (Form::Json, ValueRef::Text(stored)) if is_json(stored) == Some(true) => {
                text.raw(stored);
            }
            (Form::Text | Form::Integer | Form::Boolean | Form::Json, ValueRef::Null) => {
                text.raw(b"null");
            }
            _ if !other(place, text) => return Ok(false),
            _ => {}
        }
    }
    text.raw(b"}");
    Ok(true)
}
