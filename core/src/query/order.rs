//! The order of a list and where a page starts in it (keyset pagination).
//!
//! The order is total: the primary key's columns are added at its end, in the direction of the
//! last column, so that one index serves both. A page starts after a row's values, not after a
//! number of rows, and so stays right and fast however far one pages.

use crate::error::Result;
use crate::model::Kind;
use crate::query::{Source, Sql, invalid, known_column};
use crate::validate::Validator;
use crate::value::SqlValue;

/// Columns by position, each with whether it is sorted downwards.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Order {
    pub(crate) columns: Vec<(usize, bool)>,
}

impl Order {
    /// Reads `"column"`, `"column asc"` and `"column desc"`.
    ///
    /// # Errors
    ///
    /// - `invalid_argument`: an unknown column, one that has no order, or one named twice
    pub(crate) fn new(source: Source<'_>, items: &[String]) -> Result<Order> {
        let mut columns: Vec<(usize, bool)> = Vec::with_capacity(items.len() + source.key.len());
        for item in items {
            let mut words = item.split_ascii_whitespace();
            let name = words.next().unwrap_or_default();
            let descending = match words.next() {
                None => false,
                Some(word) if word.eq_ignore_ascii_case("asc") => false,
                Some(word) if word.eq_ignore_ascii_case("desc") => true,
                Some(word) => {
                    return Err(invalid("order", format!("`{word}` must be asc or desc")));
                }
            };
            if words.next().is_some() {
                return Err(invalid("order", format!("`{item}` has more than two words")));
            }
            let position = known_column(source.table, name, "order")?;
            let field = &source.table.fields()[position];
            if field.secret || field.encrypted {
                let message = format!("`{name}` is secret or encrypted and has no order");
                return Err(invalid("order", message));
            }
            if field.array || matches!(field.kind, Kind::Json { .. }) {
                return Err(invalid("order", format!("`{name}` holds JSON, which has no order")));
            }
            if columns.iter().any(|(known, _)| *known == position) {
                return Err(invalid("order", format!("`{name}` stands there twice")));
            }
            columns.push((position, descending));
        }
        let descending = columns.last().is_some_and(|(_, descending)| *descending);
        for position in source.key {
            if !columns.iter().any(|(known, _)| known == position) {
                columns.push((*position, descending));
            }
        }
        Ok(Order { columns })
    }

    /// The order as its cursors carry it.
    pub(crate) fn names(&self, table: &Validator) -> Vec<String> {
        let name = |(position, descending): &(usize, bool)| {
            let name = &table.fields()[*position].name;
            if *descending { format!("{name} desc") } else { name.clone() }
        };
        self.columns.iter().map(name).collect()
    }

    /// Adds ` ORDER BY …`.
    pub(crate) fn push_order_by(&self, table: &Validator, sql: &mut Sql<'_>) {
        sql.push(" ORDER BY ").list(&self.columns, ", ", |sql, (position, descending)| {
            sql.name(&table.fields()[*position].name);
            sql.push(if *descending { " DESC" } else { "" });
        });
    }

    /// Adds the condition that a row comes after these values.
    ///
    /// For columns a, b, c it is `a >= ? AND (a > ? OR (b >= ? AND (b > ? OR c > ?)))`: the
    /// leading bound is what lets an index start there.
    pub(crate) fn push_after<'q>(
        &self,
        table: &Validator,
        values: &[SqlValue<'q>],
        sql: &mut Sql<'q>,
    ) {
        let mut open = 0;
        for (place, ((position, descending), value)) in self.columns.iter().zip(values).enumerate()
        {
            let field = &table.fields()[*position];
            let step = Step {
                name: &field.name,
                optional: field.optional,
                descending: *descending,
                value,
            };
            if place + 1 == values.len() {
                step.push_after(sql);
            } else {
                step.push_from(sql);
                sql.push(" AND (");
                step.push_after(sql);
                sql.push(" OR (");
                open += 1;
            }
        }
        (0..open).for_each(|_| {
            sql.push("))");
        });
    }
}

/// One column's part of the condition. NULL comes first upwards and last downwards.
struct Step<'s, 'q> {
    name: &'s str,
    optional: bool,
    descending: bool,
    value: &'s SqlValue<'q>,
}

impl<'q> Step<'_, 'q> {
    /// Strictly after the value.
    fn push_after(&self, sql: &mut Sql<'q>) {
        match (self.value.is_null(), self.descending) {
            (true, true) => sql.push("FALSE"),
            (true, false) => sql.name(self.name).push(" IS NOT NULL"),
            (false, false) => sql.name(self.name).push(" > ").bind(self.value.clone()),
            (false, true) if self.optional => {
                sql.push("(").name(self.name).push(" < ").bind(self.value.clone());
                sql.push(" OR ").name(self.name).push(" IS NULL)")
            }
            (false, true) => sql.name(self.name).push(" < ").bind(self.value.clone()),
        };
    }

    /// At the value or after it.
    fn push_from(&self, sql: &mut Sql<'q>) {
        match (self.value.is_null(), self.descending) {
            (true, true) => sql.name(self.name).push(" IS NULL"),
            (true, false) => sql.push("TRUE"),
            (false, false) => sql.name(self.name).push(" >= ").bind(self.value.clone()),
            (false, true) if self.optional => {
                sql.push("(").name(self.name).push(" <= ").bind(self.value.clone());
                sql.push(" OR ").name(self.name).push(" IS NULL)")
            }
            (false, true) => sql.name(self.name).push(" <= ").bind(self.value.clone()),
        };
    }
}
