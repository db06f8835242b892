//! Whether a row keeps a table's rules, and what it is then stored as.
//!
//! A [`Validator`] is a table compiled once. It reports everything that is wrong with a row at
//! once, and otherwise hands back the row's storage values, borrowed from the row wherever they
//! are canonical already. It is pure: it knows no database, so uniqueness and references are the
//! constraints' to report.
//!
//! Invariant: what it accepts, SQLite stores and returns unchanged.

mod check;
#[cfg(test)]
mod check_tests;
mod complete;
mod field;
mod format;
mod issue;
mod pattern;
mod stored;

use std::borrow::Cow;

use crate::error::{Error, Issue, Problem, Result};
use crate::host::{self, Host};
use crate::model::{Auto, Model, Table};
use crate::value::{Row, SqlValue};

pub use complete::{Author, complete};
pub(crate) use field::Field;
pub use issue::ISSUE_CODES;
pub(crate) use issue::{issue, issue_with};

/// A table's rules, compiled.
///
/// # Example
///
/// ```
/// use freehold_core::model::{Column, Kind, Model, Rules, Scope, Table};
/// use freehold_core::validate::Validator;
/// # use freehold_core::host::Host;
/// # struct Still;
/// # impl Host for Still {
/// #     fn now_ms(&self) -> i64 { 0 }
/// #     fn fill_random(&self, buffer: &mut [u8]) { buffer.fill(0) }
/// # }
/// # let column = Column {
/// #     name: "name".into(), id: "name".into(), doc: String::new(), kind: Kind::Text,
/// #     array: false, optional: false, default: None, auto: None, rules: Rules::default(),
/// #     encrypted: false, blind_index: false, secret: false, write: Default::default(),
/// # };
/// # let table = Table {
/// #     name: "teams".into(), id: "teams".into(), doc: String::new(), scope: Scope::Public,
/// #     template: None, columns: vec![column], primary_key: vec!["name".into()],
/// #     unique: vec![], indexes: vec![], references: vec![], checks: vec![], soft_delete: None,
/// #     versioned: false, audited: false, rowid: true, policy: None,
/// # };
/// # let model = Model {
/// #     name: "demo".into(), title: String::new(), description: String::new(), tenancy: None,
/// #     enums: vec![], predicates: vec![], tables: vec![table],
/// # };
/// let validator = Validator::new(&model, model.table("teams").expect("the model has teams"))?;
/// let row = serde_json::json!({ "name": 5, "colour": "red" });
/// let issues = validator.validate_insert(row.as_object().expect("an object"), &Still);
/// let codes: Vec<_> = issues.expect_err("two issues").iter().map(|issue| issue.code).collect();
/// assert_eq!(codes, ["unknown_field", "wrong_type"]);
/// # Ok::<(), freehold_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Validator {
    table: String,
    fields: Vec<Field>,
    /// Sorted by the columns' names.
    positions: Vec<usize>,
    rules: Vec<Rule>,
}

/// A cross-field rule that can be evaluated here.
#[derive(Debug)]
struct Rule {
    name: String,
    node: check::Node,
    columns: Vec<usize>,
}

/// A row that may be inserted: a storage value for each of the table's columns, in their order.
#[derive(Debug, Clone, PartialEq)]
pub struct Prepared<'r> {
    /// The values.
    pub values: Vec<SqlValue<'r>>,
}

/// Changes that may be made: the positions of columns with their new storage values, ascending.
#[derive(Debug, Clone, PartialEq)]
pub struct PreparedChanges<'r> {
    /// The columns' positions in the table and the values.
    pub values: Vec<(usize, SqlValue<'r>)>,
}

/// What is wrong with a row, and what it would be stored as.
#[derive(Debug)]
pub(crate) struct Examined<'r> {
    /// A value for each column in the table's order; NULL, or as it was, where unsound.
    pub(crate) values: Vec<SqlValue<'r>>,
    /// The positions of the columns whose values break their own rules.
    pub(crate) unsound: Vec<usize>,
    pub(crate) issues: Vec<Issue>,
}

/// The defaults that break their columns' own rules.
pub(crate) fn default_problems(model: &Model) -> Vec<Problem> {
    let mut problems = Vec::new();
    for table in &model.tables {
        for column in table.columns.iter().filter(|column| column.default.is_some()) {
            let found = Field::new(model, column).err().unwrap_or_default();
            problems.extend(found.into_iter().map(|problem| Problem {
                path: format!("tables.{}.columns.{}.default", table.name, problem.path),
                ..problem
            }));
        }
    }
    problems
}

impl Validator {
    /// Compiles a table.
    ///
    /// # Errors
    ///
    /// - `invalid_model`: a pattern is no regular expression, or a default breaks its column's
    ///   rules; a checked model has neither
    pub fn new(model: &Model, table: &Table) -> Result<Validator> {
        let mut fields = Vec::with_capacity(table.columns.len());
        let mut problems = Vec::new();
        for column in &table.columns {
            match Field::new(model, column) {
                Ok(field) => fields.push(field),
                Err(found) => problems.extend(found.into_iter().map(|problem| Problem {
                    path: format!("tables.{}.columns.{}", table.name, problem.path),
                    ..problem
                })),
            }
        }
        if !problems.is_empty() {
            return Err(Error::InvalidModel { problems });
        }
        let rules = table.checks.iter().filter_map(|rule| {
            let node = check::compile(&rule.expr.stored_form(table), &fields)?;
            let mut columns = Vec::new();
            check::columns(&node, &mut columns);
            Some(Rule { name: rule.name.clone(), node, columns })
        });
        let rules = rules.collect();
        let mut positions: Vec<usize> = (0..fields.len()).collect();
        positions.sort_unstable_by(|a, b| fields[*a].name.cmp(&fields[*b].name));
        Ok(Validator { table: table.name.clone(), fields, positions, rules })
    }

    /// The table's name.
    pub fn table(&self) -> &str {
        &self.table
    }

    /// The columns, compiled.
    pub(crate) fn fields(&self) -> &[Field] {
        &self.fields
    }

    /// The position of a column.
    pub(crate) fn position(&self, column: &str) -> Option<usize> {
        let by_name = |position: &usize| self.fields[*position].name.as_str().cmp(column);
        self.positions.binary_search_by(by_name).ok().map(|at| self.positions[at])
    }

    /// The position of a column that is likely to be at one of the next few positions.
    pub(crate) fn position_near(&self, column: &str, next: usize) -> Option<usize> {
        let mut ahead = self.fields.iter().skip(next).take(4);
        let near = ahead.position(|field| field.name == column);
        near.map_or_else(|| self.position(column), |distance| Some(next + distance))
    }

    /// Checks a row that is to be inserted and fills in what it leaves out: ids, times, defaults.
    ///
    /// Nothing is allocated per value unless a value has to be brought into its canonical form.
    ///
    /// # Errors
    ///
    /// All issues: unknown fields first, then by column in the table's order, then broken rules.
    /// A rule is only judged where the columns that it reads are sound.
    pub fn validate_insert<'r>(
        &'r self,
        row: &'r Row,
        host: &dyn Host,
    ) -> Result<Prepared<'r>, Vec<Issue>> {
        let Examined { values, issues, .. } = self.examine_insert(row, host);
        if issues.is_empty() { Ok(Prepared { values }) } else { Err(issues) }
    }

    /// Checks a row that is to be inserted, and keeps what is sound of it.
    pub(crate) fn examine_insert<'r>(&'r self, row: &'r Row, host: &dyn Host) -> Examined<'r> {
        let mut issues = Vec::new();
        let mut given = vec![None; self.fields.len()];
        self.each_given(row, &mut issues, |position, value| given[position] = Some(value));
        let mut now = None;
        let mut unsound = Vec::new();
        let mut values = Vec::with_capacity(self.fields.len());
        for (position, field) in self.fields.iter().enumerate() {
            let stored = match given[position] {
                Some(value) => field.accept(value, &mut issues),
                None => fill(field, host, &mut now, &mut issues),
            };
            if stored.is_none() {
                unsound.push(position);
            }
            values.push(stored.unwrap_or(SqlValue::Null));
        }
        for rule in &self.rules {
            if !rule.columns.iter().any(|column| unsound.contains(column)) {
                self.judge(rule, &values, &mut issues);
            }
        }
        Examined { values, unsound, issues }
    }

    /// Checks changes to a row, and keeps the row as it would be with what is sound of them.
    pub(crate) fn examine_update<'r>(
        &'r self,
        changes: &'r Row,
        current: &'r [SqlValue<'_>],
        host: &dyn Host,
    ) -> Examined<'r> {
        let mut values: Vec<SqlValue<'_>> = current.iter().map(SqlValue::borrowed).collect();
        let mut unsound = Vec::new();
        let mut ignored = Vec::new();
        self.each_given(changes, &mut ignored, |position, value| {
            match self.fields[position].accept(value, &mut Vec::new()) {
                Some(stored) => values[position] = stored,
                None => unsound.push(position),
            }
        });
        let issues = self.validate_update(changes, Some(current), host).err().unwrap_or_default();
        Examined { values, unsound, issues }
    }

    /// Checks changes to a row. `current` is the row as stored, a value for each column in the
    /// table's order; cross-field rules that read a changed column are judged on the row as it
    /// will be. Without it only those rules are judged that read nothing but changed columns,
    /// and the others are left to the database.
    ///
    /// The time of the last write is added, unless the changes are empty or bring their own.
    ///
    /// # Errors
    ///
    /// All issues, in the order of [`Validator::validate_insert`].
    pub fn validate_update<'r>(
        &'r self,
        changes: &'r Row,
        current: Option<&[SqlValue<'_>]>,
        host: &dyn Host,
    ) -> Result<PreparedChanges<'r>, Vec<Issue>> {
        let mut issues = Vec::new();
        let mut values = Vec::with_capacity(changes.len() + 1);
        let mut unsound = Vec::new();
        let mut given = Vec::with_capacity(changes.len());
        self.each_given(changes, &mut issues, |position, value| given.push((position, value)));
        for (position, value) in given {
            match self.fields[position].accept(value, &mut issues) {
                Some(stored) => values.push((position, stored)),
                None => unsound.push(position),
            }
        }
        if !changes.is_empty() {
            for (position, field) in self.fields.iter().enumerate() {
                let is_given =
                    || values.iter().any(|(at, _)| *at == position) || unsound.contains(&position);
                if field.auto == Some(Auto::Updated) && !is_given() {
                    values.push((position, host::now(host).into()));
                }
            }
        }
        values.sort_unstable_by_key(|(position, _)| *position);
        self.judge_update(&values, current, &unsound, &mut issues);
        if issues.is_empty() { Ok(PreparedChanges { values }) } else { Err(issues) }
    }

    /// Whether judging these changes needs the current row: a rule reads both a column that
    /// changes and one that does not.
    pub fn needs_current(&self, changes: &Row) -> bool {
        let changed = |position: &usize| changes.contains_key(&self.fields[*position].name);
        self.rules
            .iter()
            .any(|rule| rule.columns.iter().any(changed) && !rule.columns.iter().all(changed))
    }

    fn judge_update(
        &self,
        values: &[(usize, SqlValue<'_>)],
        current: Option<&[SqlValue<'_>]>,
        unsound: &[usize],
        issues: &mut Vec<Issue>,
    ) {
        let changed = |column: &usize| values.iter().any(|(position, _)| position == column);
        let judged = |rule: &&Rule| {
            rule.columns.iter().any(changed)
                && !rule.columns.iter().any(|column| unsound.contains(column))
                && (current.is_some() || rule.columns.iter().all(changed))
        };
        let mut judged = self.rules.iter().filter(judged).peekable();
        if judged.peek().is_none() {
            return;
        }
        let mut merged: Vec<SqlValue<'_>> = match current {
            Some(current) => current.iter().map(SqlValue::borrowed).collect(),
            None => vec![SqlValue::Null; self.fields.len()],
        };
        for (position, value) in values {
            merged[*position] = value.borrowed();
        }
        for rule in judged {
            self.judge(rule, &merged, issues);
        }
    }

    fn judge(&self, rule: &Rule, row: &[SqlValue<'_>], issues: &mut Vec<Issue>) {
        if !check::is_broken(&rule.node, row) {
            return;
        }
        let mut found = rule_violated(&rule.name);
        let columns = rule.columns.iter().map(|column| self.fields[*column].name.clone());
        found.params.insert("columns".to_owned(), columns.collect::<Vec<_>>().into());
        issues.push(found);
    }

    /// Calls `each` for every member of a row that is a column, in the row's order.
    ///
    /// Rows mostly come in the table's order, so the next ones are tried before the search.
    fn each_given<'r>(
        &self,
        row: &'r Row,
        issues: &mut Vec<Issue>,
        mut each: impl FnMut(usize, &'r serde_json::Value),
    ) {
        let mut next = 0;
        for (name, value) in row {
            match self.position_near(name, next) {
                Some(position) => {
                    next = position + 1;
                    each(position, value);
                }
                None => {
                    let message = format!("`{}` has no column of this name", self.table);
                    issues.push(issue(name, "unknown_field", message));
                }
            }
        }
    }
}

/// The issue of a broken cross-field rule.
pub(crate) fn rule_violated(rule: &str) -> Issue {
    let message = format!("breaks the rule {rule}");
    issue_with("", "rule_violated", message, ("rule", rule.into()))
}

/// What a column holds that a row leaves out.
fn fill<'f>(
    field: &'f Field,
    host: &dyn Host,
    now: &mut Option<String>,
    issues: &mut Vec<Issue>,
) -> Option<SqlValue<'f>> {
    match field.auto {
        Some(Auto::Id) => return Some(host::new_id(host).to_string().into()),
        Some(Auto::Created | Auto::Updated) => {
            let now = now.get_or_insert_with(|| host::now(host));
            return Some(SqlValue::Text(Cow::Owned(now.clone())));
        }
        // Sessions know their person; whoever holds the file says who it was.
        Some(Auto::User) | None => {}
    }
    if let Some(default) = &field.default {
        return Some(default.borrowed());
    }
    if !field.optional {
        issues.push(issue(&field.name, "required", "must be given".to_owned()));
        return None;
    }
    Some(SqlValue::Null)
}
