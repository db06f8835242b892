//! Whether a row that is stored already keeps the rules: what something else may have written;
//! and how a row that was read is stored.

use crate::error::Issue;
use crate::model::Kind;
use crate::validate::issue::issue;
use crate::validate::{Field, Validator};
use crate::value::{Row, SqlValue};

impl Validator {
    /// A row as it was read, in the form in which it is stored: a value for each column in the
    /// table's order, NULL where the row has none or one that no column could hold.
    pub fn stored<'r>(&self, row: &'r Row) -> Vec<SqlValue<'r>> {
        let read = |field: &Field| field.accept(row.get(&field.name)?, &mut Vec::new());
        self.fields.iter().map(|field| read(field).unwrap_or(SqlValue::Null)).collect()
    }

    /// All that is wrong with a stored row, a value for each column in the table's order.
    ///
    /// Ciphertexts are not looked into.
    pub(crate) fn examine_stored(&self, row: &[SqlValue<'_>]) -> Vec<Issue> {
        let mut issues = Vec::new();
        let mut unsound = Vec::new();
        for (position, (field, stored)) in self.fields.iter().zip(row).enumerate() {
            let before = issues.len();
            examine_value(field, stored, &mut issues);
            if issues.len() > before {
                unsound.push(position);
            }
        }
        for rule in &self.rules {
            if !rule.columns.iter().any(|column| unsound.contains(column)) {
                self.judge(rule, row, &mut issues);
            }
        }
        issues
    }
}

fn examine_value(field: &Field, stored: &SqlValue<'_>, issues: &mut Vec<Issue>) {
    if field.encrypted && !stored.is_null() {
        return;
    }
    let value = match field.decode(stored) {
        Ok(value) => value,
        Err(found) => {
            issues.push(issue(&field.name, "wrong_type", format!("holds {found}")));
            return;
        }
    };
    // The same JSON may be written in many ways; every other value has one form.
    let is_json = field.array || matches!(field.kind, Kind::Json { .. });
    let canonical = field.accept(&value, issues);
    if canonical.is_some_and(|canonical| !is_json && canonical != *stored) {
        let message = "is not stored in its canonical form, so it sorts and compares wrongly";
        issues.push(issue(&field.name, "not_canonical", message.to_owned()));
    }
}
