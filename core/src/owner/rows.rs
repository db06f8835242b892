//! Typed reads and writes, for the owner and for sessions alike: what differs is the rules that
//! every statement carries.

use std::borrow::Cow;

use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::actor::Actor;
use crate::error::{Error, Issue, Result};
use crate::host::Host;
use crate::model::Scope;
use crate::owner::Engine;
use crate::owner::audited;
use crate::owner::catalog::Plan;
use crate::owner::read::{self, Found};
use crate::owner::transaction::{statement, transaction};
use crate::owner::typed;
use crate::policy::{Rules, TableRules, UNRESTRICTED};
use crate::query::{Key, ListOptions, Page, Sql, Term, parse_key};
use crate::validate::{Author, complete};
use crate::value::{Row, SqlValue};

/// What every typed read and write works with.
#[derive(Clone, Copy)]
pub(crate) struct Rows<'e> {
    pub(crate) engine: &'e Engine,
    pub(crate) host: &'e dyn Host,
    pub(crate) actor: &'e Actor,
    /// What the actor may do; None for the owner, who may do everything.
    pub(crate) rules: Option<&'e Rules>,
    /// Set where the database is newer than this build: its version, and the newest one known.
    pub(crate) newer: Option<(i64, i64)>,
    /// Whether columns are written that only the core itself writes: secrets, global keys.
    pub(crate) own_columns: bool,
}

impl<'e> Rows<'e> {
    pub(crate) fn insert(&self, table: &str, row: &Row) -> Result<Row> {
        let plan = self.writable(table)?;
        statement(self.engine, self.actor, || self.insert_row(plan, row, |values| plan.row(values)))
    }

    pub(crate) fn insert_many<'r>(
        &self,
        table: &str,
        rows: impl IntoIterator<Item = &'r Row>,
    ) -> Result<Vec<Row>> {
        let plan = self.writable(table)?;
        transaction(self.engine, self.actor, || self.insert_rows(plan, rows))
    }

    pub(crate) fn get(&self, table: &str, key: &Value) -> Result<Option<Row>> {
        let plan = self.engine.catalog.plan(table)?;
        let key = self.key(plan, key)?;
        audited::reading(self.engine, table, || self.get_row(plan, &key))
    }

    pub(crate) fn get_as<T: DeserializeOwned>(
        &self,
        table: &str,
        key: &Value,
    ) -> Result<Option<T>> {
        let plan = self.engine.catalog.plan(table)?;
        let key = self.key(plan, key)?;
        let mut row = None;
        audited::reading(self.engine, table, || {
            self.find(plan, &key, &mut |found| {
                row = Some(typed::into(found)?);
                Ok(())
            })
        })?;
        Ok(row)
    }

    pub(crate) fn list(&self, table: &str, options: &ListOptions) -> Result<Page> {
        let mut rows = Vec::new();
        let next = self.each(table, options, &mut |found| {
            rows.push(found.to_row()?);
            Ok(())
        })?;
        Ok(Page { rows, next })
    }

    pub(crate) fn list_as<T: DeserializeOwned>(
        &self,
        table: &str,
        options: &ListOptions,
    ) -> Result<Page<T>> {
        let mut rows = Vec::new();
        let next = self.each(table, options, &mut |found| {
            rows.push(typed::into(found)?);
            Ok(())
        })?;
        Ok(Page { rows, next })
    }

    pub(super) fn each(
        &self,
        table: &str,
        options: &ListOptions,
        each: &mut dyn FnMut(&Found<'_>) -> Result<()>,
    ) -> Result<Option<String>> {
        self.each_of(table, options, None, each)
    }

    /// Those rows of a page for which something holds besides.
    pub(super) fn each_of(
        &self,
        table: &str,
        options: &ListOptions,
        besides: Option<Term<'static>>,
        each: &mut dyn FnMut(&Found<'_>) -> Result<()>,
    ) -> Result<Option<String>> {
        let plan = self.engine.catalog.plan(table)?;
        if options.include_deleted && self.rules(plan).delete.is_never() {
            let message = "only those who may delete rows see deleted ones".to_owned();
            return Err(Error::InvalidArgument { argument: "include_deleted".to_owned(), message });
        }
        audited::reading(self.engine, table, || {
            let mut terms = self.read_terms(plan).to_vec();
            if options.include_deleted {
                terms.extend(self.deleted_terms(plan));
            }
            terms.extend(besides);
            read::list(self.engine, plan, self.holder(plan), options, &terms, each)
        })
    }

    /// What holds for deleted rows besides: whoever may delete a row sees it when it is deleted.
    fn deleted_terms(&self, plan: &Plan) -> Option<Term<'static>> {
        let name = &plan.validator.fields()[plan.deleted_at?].name;
        let term = self.rules(plan).delete.terms().first()?;
        let mut sql = Sql::default();
        sql.push("(").name(name).push(" IS NULL OR (").term(term).push("))");
        let values = sql.values.into_iter().map(SqlValue::into_owned).collect();
        Some(Term { text: sql.text, values })
    }

    pub(crate) fn count(&self, table: &str, filter: Option<&Value>) -> Result<i64> {
        let plan = self.engine.catalog.plan(table)?;
        audited::reading(self.engine, table, || {
            read::count(self.engine, plan, self.holder(plan), filter, self.read_terms(plan))
        })
    }

    pub(crate) fn update(&self, table: &str, key: &Value, changes: &Row) -> Result<Row> {
        let plan = self.writable(table)?;
        let key = self.key(plan, key)?;
        self.update_row(plan, &key, changes)
    }

    pub(crate) fn delete(&self, table: &str, key: &Value) -> Result<bool> {
        let plan = self.writable(table)?;
        let key = self.key(plan, key)?;
        self.delete_row(plan, &key)
    }

    pub(crate) fn restore(&self, table: &str, key: &Value) -> Result<Row> {
        let plan = self.writable(table)?;
        let key = self.key(plan, key)?;
        transaction(self.engine, self.actor, || self.restore_row(plan, &key))
    }

    pub(crate) fn upsert(&self, table: &str, row: &Row) -> Result<Row> {
        self.upsert_row(self.writable(table)?, row)
    }

    pub(crate) fn validate(
        &self,
        table: &str,
        row: &Row,
        key: Option<&Value>,
    ) -> Result<Vec<Issue>> {
        let plan = self.engine.catalog.plan(table)?;
        let key = key.map(|key| self.key(plan, key)).transpose()?;
        self.examine(plan, row, key.as_ref())
    }

    /// The row with a key, as the actor sees it.
    pub(crate) fn get_row(&self, plan: &Plan, key: &Key<'_>) -> Result<Option<Row>> {
        let mut row = None;
        self.find(plan, key, &mut |found| {
            row = Some(found.to_row()?);
            Ok(())
        })?;
        Ok(row)
    }

    pub(super) fn find(
        &self,
        plan: &Plan,
        key: &Key<'_>,
        each: &mut dyn FnMut(&Found<'_>) -> Result<()>,
    ) -> Result<()> {
        let rules = self.rules(plan);
        // The text is the same at every call, so it is made once.
        let kept = if self.rules.is_some() { &rules.get_sql } else { &plan.get_sql };
        read::find(self.engine, plan, key, rules.read.terms(), kept, each)
    }

    /// A key as the caller gives it; the session's tenant may be left out.
    pub(crate) fn key<'k>(&self, plan: &Plan, key: &'k Value) -> Result<Key<'k>>
    where
        'e: 'k,
    {
        let tenant = self.rules.and_then(|rules| rules.rights().tenant.as_deref());
        let implied = plan.tenant.filter(|_| plan.key.len() > 1).zip(tenant);
        parse_key(plan.source(), key, implied)
    }

    /// The compiled table, where this build may write.
    pub(crate) fn writable(&self, table: &str) -> Result<&'e Plan> {
        match self.newer_database() {
            Some(error) => Err(error),
            None => self.engine.catalog.plan(table),
        }
    }

    pub(crate) fn newer_database(&self) -> Option<Error> {
        let (database, known) = self.newer?;
        Some(Error::NewerDatabase { database: database.to_string(), known: known.to_string() })
    }

    /// What the actor may do with a table.
    pub(crate) fn rules(&self, plan: &Plan) -> &'e TableRules {
        match self.rules {
            None => &UNRESTRICTED,
            Some(rules) => rules.table_at(plan.number),
        }
    }

    /// The conditions of what the actor may see.
    pub(crate) fn read_terms(&self, plan: &Plan) -> &'e [Term<'static>] {
        self.rules(plan).read.terms()
    }

    /// Whose rows the actor sees, where they are one tenant's or one user's.
    fn holder(&self, plan: &Plan) -> Option<&'e str> {
        let rights = self.rules?.rights();
        match &self.engine.catalog.table(plan.table()).ok()?.scope {
            Scope::Tenant { .. } => rights.tenant.as_deref(),
            Scope::User { .. } | Scope::Public => None,
        }
    }

    /// The row with what the session itself decides, where the caller left it out.
    pub(crate) fn completed<'r>(&self, plan: &Plan, row: &'r Row) -> Cow<'r, Row> {
        let Some(rules) = self.rules else { return Cow::Borrowed(row) };
        let table = &self.engine.catalog.model().tables[plan.number];
        let rights = rules.rights();
        let author = Author {
            user: rights.user.as_deref(),
            tenant: rights.tenant.as_deref(),
            narrowed_to: rights.narrowed.as_ref().map(|narrowed| narrowed.id.as_str()),
        };
        complete(self.engine.catalog.model(), table, &author, row)
    }
}
