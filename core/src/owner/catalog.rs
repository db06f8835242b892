//! A model's tables, each compiled when it is first used: validator, key, statements.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};

use freehold_json::Member;
use serde_json::Value;

use crate::error::{Error, Result};
use crate::model::{Model, Table};
use crate::owner::json;
use crate::owner::sealing::Sealing;
use crate::policy::Texts;
use crate::query::{Source, push_name};
use crate::validate::Validator;
use crate::value::{Row, SqlValue, into_json};

/// A model with its compiled tables. Lives as long as the database is open and is shared by all
/// of its handles; several connections may share one.
///
/// Tables are compiled on first use, so that making a catalog costs next to nothing.
#[derive(Debug)]
pub struct Catalog {
    model: Arc<Model>,
    plans: Vec<OnceLock<Plan>>,
    position_by_name: HashMap<String, usize>,
}

/// A compiled table.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The table's position in the model.
    pub(crate) number: usize,
    pub(crate) validator: Validator,
    /// The positions of the primary key's columns.
    pub(crate) key: Vec<usize>,
    /// The position of `deleted_at`, where deleting hides.
    pub(crate) deleted_at: Option<usize>,
    /// The position of the column in which the core counts a row's versions, if it has one.
    pub(crate) counted: Option<usize>,
    /// The positions of all columns that are not secret.
    pub(crate) shown: Vec<usize>,
    /// A row of those columns, all of them null: copying it costs less than naming them one by one.
    blank: Row,
    /// How each column is written as a member of a JSON object, by position.
    members: OnceLock<Vec<Member>>,
    /// `INSERT` of all columns in the table's order.
    pub(crate) insert: String,
    /// The owner's statement that reads one row by its key.
    pub(crate) get_sql: OnceLock<String>,
    /// What the table's row ids are called in SQL; None where it has none.
    pub(crate) rowid: Option<&'static str>,
    /// The statement that reads all columns of one row by its key, and its row id.
    pub(crate) stored_sql: OnceLock<String>,
    /// Statements that change columns at these positions of the row with a row id.
    pub(crate) update_sql: Texts,
    /// The owner's statements that change a row without reading it first.
    pub(crate) at_once_sql: Texts,
    /// The position of the column that names the tenant.
    pub(crate) tenant: Option<usize>,
    /// What its encrypted columns need, where it has any.
    pub(crate) sealing: Option<Sealing>,
}

impl Catalog {
    /// The catalog of a model.
    pub fn new(model: Arc<Model>) -> Catalog {
        let names = model.tables.iter().enumerate();
        let position_by_name = names.map(|(at, table)| (table.name.clone(), at)).collect();
        let plans = model.tables.iter().map(|_| OnceLock::new()).collect();
        Catalog { model, plans, position_by_name }
    }

    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The compiled validator of a table.
    ///
    /// # Errors
    ///
    /// - `unknown_table`: the model has no such table
    pub fn validator(&self, table: &str) -> Result<&Validator> {
        Ok(&self.plan(table)?.validator)
    }

    /// A compiled table.
    pub(crate) fn plan(&self, table: &str) -> Result<&Plan> {
        let position = self.position(table)?;
        let cell = &self.plans[position];
        if let Some(plan) = cell.get() {
            return Ok(plan);
        }
        let plan = Plan::new(&self.model, position)?;
        Ok(cell.get_or_init(|| plan))
    }

    /// Compiles a table ahead of its first use, with what reads of its rows need.
    pub(crate) fn prepare(&self, table: &str) -> Result<()> {
        self.plan(table)?.members();
        Ok(())
    }

    /// Whether a table was compiled.
    #[cfg(test)]
    pub(crate) fn has_compiled(&self, table: &str) -> bool {
        self.position(table).is_ok_and(|position| self.plans[position].get().is_some())
    }

    /// A table of the model.
    pub(crate) fn table(&self, table: &str) -> Result<&Table> {
        Ok(&self.model.tables[self.position(table)?])
    }

    fn position(&self, table: &str) -> Result<usize> {
        let position = self.position_by_name.get(table).copied();
        position.ok_or_else(|| Error::UnknownTable { table: table.to_owned() })
    }
}

impl Plan {
    fn new(model: &Model, number: usize) -> Result<Plan> {
        let table = &model.tables[number];
        let validator = Validator::new(model, table)?;
        let missing = |column: &str| Error::Corrupt {
            message: format!("the model's table `{}` has no column `{column}`", table.name),
        };
        let key = table.primary_key.iter();
        let key = key.map(|name| validator.position(name).ok_or_else(|| missing(name)));
        let key = key.collect::<Result<Vec<_>>>()?;
        let deleted_at = match table.soft_delete {
            Some(_) => {
                let position = validator.position("deleted_at");
                Some(position.ok_or_else(|| missing("deleted_at"))?)
            }
            None => None,
        };
        let fields = validator.fields().iter().enumerate();
        let shown: Vec<usize> =
            fields.filter(|(_, field)| !field.secret).map(|(at, _)| at).collect();
        let names = shown.iter().map(|at| validator.fields()[*at].name.clone());
        let blank = names.map(|name| (name, Value::Null)).collect();
        let insert = insert_sql(table);
        let sealing = Sealing::new(table, &validator);
        let tenant = model.tenant_column(table).and_then(|name| validator.position(name));
        let is_column =
            |name: &str| table.columns.iter().any(|column| column.name.eq_ignore_ascii_case(name));
        let mut row_ids = ["rowid", "oid", "_rowid_"].into_iter();
        Ok(Plan {
            number,
            rowid: row_ids.find(|name| table.rowid && !is_column(name)),
            counted: crate::history::counted(table),
            members: OnceLock::new(),
            get_sql: OnceLock::new(),
            stored_sql: OnceLock::new(),
            update_sql: Mutex::default(),
            at_once_sql: Mutex::default(),
            validator,
            key,
            deleted_at,
            shown,
            blank,
            insert,
            tenant,
            sealing,
        })
    }

    /// The table's name.
    pub(crate) fn table(&self) -> &str {
        self.validator.table()
    }

    /// How each column is written as a member of a JSON object, by position.
    pub(crate) fn members(&self) -> &[Member] {
        self.members.get_or_init(|| json::members(&self.validator))
    }

    /// The table as reads see it.
    pub(crate) fn source(&self) -> Source<'_> {
        let owner = self.sealing.as_ref().and_then(|sealing| sealing.owner);
        let (key, deleted_at) = (&self.key, self.deleted_at);
        Source { table: &self.validator, key, deleted_at, owner, blind: None }
    }

    /// A stored value in the API's form; an encrypted one after it was opened.
    ///
    /// # Errors
    ///
    /// - `corrupt`: it can't belong to the column
    pub(crate) fn decode(&self, position: usize, stored: &SqlValue<'_>) -> Result<Value> {
        let field = &self.validator.fields()[position];
        field.decode(stored).map_err(|found| Error::Corrupt {
            message: format!("`{}.{}` holds {found}", self.table(), field.name),
        })
    }

    /// The same of a value that is not needed any more.
    pub(crate) fn take(&self, position: usize, stored: SqlValue<'_>) -> Result<Value> {
        let field = &self.validator.fields()[position];
        into_json(&field.kind, field.array, stored).map_err(|found| Error::Corrupt {
            message: format!("`{}.{}` holds {found}", self.table(), field.name),
        })
    }

    /// The row that a caller sees of a row's values in the table's order, encrypted ones before
    /// they are sealed.
    pub(crate) fn row(&self, values: &[SqlValue<'_>]) -> Result<Row> {
        self.row_with(|position| self.decode(position, &values[position]))
    }

    /// A row of all columns that are not secret, with a value for each position.
    pub(crate) fn row_with(&self, mut value: impl FnMut(usize) -> Result<Value>) -> Result<Row> {
        let mut row = self.blank.clone();
        for (position, member) in self.shown.iter().zip(row.values_mut()) {
            *member = value(*position)?;
        }
        Ok(row)
    }
}

fn insert_sql(table: &Table) -> String {
    let mut sql = "INSERT INTO main.".to_owned();
    push_name(&mut sql, &table.name);
    for (place, column) in table.columns.iter().enumerate() {
        sql.push_str(if place == 0 { " (" } else { ", " });
        push_name(&mut sql, &column.name);
    }
    sql.push_str(") VALUES (");
    let parameters = vec!["?"; table.columns.len()];
    sql.push_str(&parameters.join(", "));
    sql.push(')');
    sql
}
