//! SQL text in the making, with the values that it binds in the order of its `?`.

use crate::value::SqlValue;

/// SQL text and its values. Values only ever enter as parameters.
#[derive(Debug, Clone, Default)]
pub(crate) struct Sql<'q> {
    pub(crate) text: String,
    pub(crate) values: Vec<SqlValue<'q>>,
}

/// A condition that is added to a statement: how a session narrows it.
#[derive(Clone, Debug)]
pub(crate) struct Term<'q> {
    pub(crate) text: String,
    pub(crate) values: Vec<SqlValue<'q>>,
}

impl<'q> Sql<'q> {
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    pub(crate) fn name(&mut self, name: &str) -> &mut Self {
        push_name(&mut self.text, name);
        self
    }

    /// A table of the database's own: a temporary one of the same name stands in its front.
    pub(crate) fn table(&mut self, name: &str) -> &mut Self {
        self.push("main.").name(name)
    }

    pub(crate) fn bind(&mut self, value: SqlValue<'q>) -> &mut Self {
        self.text.push('?');
        self.values.push(value);
        self
    }

    /// Adds the items of a list, with a separator between two.
    pub(crate) fn list<T>(
        &mut self,
        items: impl IntoIterator<Item = T>,
        separator: &str,
        mut each: impl FnMut(&mut Self, T),
    ) -> &mut Self {
        for (position, item) in items.into_iter().enumerate() {
            if position > 0 {
                self.push(separator);
            }
            each(self, item);
        }
        self
    }

    pub(crate) fn term(&mut self, term: &Term<'q>) -> &mut Self {
        self.push("(").push(&term.text).push(")");
        self.values.extend(term.values.iter().cloned());
        self
    }
}

/// A quoted identifier.
pub(crate) fn push_name(text: &mut String, name: &str) {
    text.push('"');
    match name.contains('"') {
        true => text.push_str(&name.replace('"', "\"\"")),
        false => text.push_str(name),
    }
    text.push('"');
}
