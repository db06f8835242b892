//! What an actor may do with which rows: the model's policies, compiled for one actor into
//! conditions that statements of the core carry.
//!
//! Everything that depends on the actor alone (role, permissions, who they are) is decided here,
//! so that an unrestricted role pays for nothing but its tenant. What is left is one condition
//! over the row per operation. Nothing said means denied; what can't be said becomes NULL, which
//! no condition takes for true.

mod base;
mod fold;
mod membership;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod verdicts;

pub(crate) use membership::membership;
pub(crate) use verdicts::Verdicts;

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use crate::model::expr::Expr;
use crate::model::{Model, Reference, Scope, Table};
use crate::query::Term;

/// What is known of an actor after having been looked up.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    /// The person, where one acts.
    pub(crate) user: Option<String>,
    /// The API key, where a program acts.
    pub(crate) key: Option<String>,
    /// The tenant that they work in.
    pub(crate) tenant: Option<String>,
    /// The role held there.
    pub(crate) role: Option<String>,
    /// What they are permitted, as `resource:action`.
    pub(crate) permissions: BTreeSet<String>,
    /// The sub-tenant that they are held to, and its row's columns that other tables name.
    pub(crate) narrowed: Option<Narrowed>,
    /// When an API key runs out, RFC 3339.
    pub(crate) expires_at: Option<String>,
    /// Whether this is the core or the host itself, whom no policy holds back within the tenant.
    pub(crate) system: bool,
}

/// The sub-tenant that an actor is held to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Narrowed {
    /// Its id.
    pub(crate) id: String,
    /// The values of its row that refer to other rows, by column.
    pub(crate) refers: Vec<(String, String)>,
}

/// One kind of access.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Read,
    Insert,
    Update,
    Delete,
}

/// Which rows an operation may touch.
#[derive(Debug)]
pub(crate) enum Rule {
    /// All.
    Always,
    /// Those for which a condition holds.
    When(Condition),
    /// None.
    Never,
}

/// A condition over a row.
#[derive(Debug)]
pub(crate) struct Condition {
    /// It as SQL over the table's own columns.
    pub(crate) term: Term<'static>,
    /// The columns of the row that it looks at.
    pub(crate) columns: Vec<String>,
    /// Their positions in the table; none where it has no such column.
    pub(crate) columns_at: Vec<Option<usize>>,
    /// The tables that it looks rows up in.
    pub(crate) reads: Vec<String>,
    /// Their positions in the model.
    pub(crate) reads_at: Vec<usize>,
    /// What it said lately.
    pub(crate) verdicts: Verdicts,
    /// Whether it says nothing but which tenant the row belongs to.
    pub(crate) tenant_only: bool,
}

/// What an actor may do with one table.
#[derive(Debug)]
pub(crate) struct TableRules {
    pub(crate) read: Rule,
    pub(crate) insert: Rule,
    pub(crate) update: Rule,
    pub(crate) delete: Rule,
    /// Columns of keys that are not kept apart by tenant or owner: a clash would tell of rows that
    /// the actor can't see, so sessions never write them.
    pub(crate) global_keys: Vec<String>,
    /// Whether rows that references name can be seen, by the reference's position.
    pub(crate) seen: Verdicts,
    /// The references that have to be looked up before they are written.
    guarded: OnceLock<Vec<Guarded>>,
    /// The statement that reads one row by its key.
    pub(crate) get_sql: OnceLock<String>,
    /// The statement that reads all columns of one row by its key, and its row id.
    pub(crate) stored_sql: OnceLock<String>,
    /// Statements that change a row without reading it first.
    pub(crate) at_once_sql: Texts,
}

/// A reference that has to be looked up before it is written.
#[derive(Debug)]
pub(crate) struct Guarded {
    /// Its position among the table's references.
    pub(crate) reference: usize,
    /// The positions of its columns in the table.
    pub(crate) columns_at: Vec<usize>,
    /// The positions of the tables on which it rests that the actor sees the row.
    pub(crate) rests_on: Vec<usize>,
}

/// Statements' texts, each by numbers that say of which shape it is.
pub(crate) type Texts = Mutex<Vec<(Vec<usize>, Arc<str>)>>;

/// What one actor may do with every table of a model.
#[derive(Debug)]
pub(crate) struct Rules {
    model: Arc<Model>,
    rights: Rights,
    tables: Vec<OnceLock<TableRules>>,
}

static NOTHING: LazyLock<[Term<'static>; 1]> =
    LazyLock::new(|| [Term { text: "FALSE".to_owned(), values: Vec::new() }]);

impl Condition {
    /// A condition over the rows of a table.
    pub(crate) fn new(
        model: &Model,
        table: &Table,
        term: Term<'static>,
        columns: Vec<String>,
        reads: Vec<String>,
    ) -> Condition {
        let place = |name: &String| table.columns.iter().position(|column| column.name == *name);
        let number = |name: &String| model.tables.iter().position(|table| table.name == *name);
        Condition {
            columns_at: columns.iter().map(place).collect(),
            // Of what the model doesn't have, writes are never noticed.
            reads_at: reads.iter().map(|name| number(name).unwrap_or(usize::MAX)).collect(),
            term,
            columns,
            reads,
            verdicts: Verdicts::new(),
            tenant_only: false,
        }
    }
}

impl Rule {
    /// The conditions that a statement adds.
    pub(crate) fn terms(&self) -> &[Term<'static>] {
        match self {
            Rule::Always => &[],
            Rule::When(condition) => std::slice::from_ref(&condition.term),
            Rule::Never => &*NOTHING,
        }
    }

    /// The tables that it looks rows up in.
    pub(crate) fn reads(&self) -> &[String] {
        match self {
            Rule::When(condition) => &condition.reads,
            _ => &[],
        }
    }

    /// Their positions in the model.
    fn reads_at(&self) -> &[usize] {
        match self {
            Rule::When(condition) => &condition.reads_at,
            _ => &[],
        }
    }

    /// Whether it takes looking rows up to judge by it.
    pub(crate) fn looks_up(&self) -> bool {
        matches!(self, Rule::When(condition) if !condition.reads.is_empty())
    }

    /// Whether no row passes.
    pub(crate) fn is_never(&self) -> bool {
        matches!(self, Rule::Never)
    }

    /// Whether the rule looks at this column, or may change with any row of this table, or lets
    /// nothing be changed at all.
    pub(crate) fn looks_at(&self, table: &str, column: &str) -> bool {
        match self {
            Rule::Always => false,
            Rule::Never => true,
            Rule::When(condition) => {
                condition.columns.iter().any(|name| name == column)
                    || condition.reads.iter().any(|name| name == table)
            }
        }
    }
}

/// A condition over a row that no actor takes part in.
pub(crate) fn over_row(model: &Model, table: &Table, expr: &Expr) -> Term<'static> {
    base::over_row(model, table, expr)
}

/// The rules of whoever holds the file.
pub(crate) static UNRESTRICTED: TableRules = TableRules {
    read: Rule::Always,
    insert: Rule::Always,
    update: Rule::Always,
    delete: Rule::Always,
    global_keys: Vec::new(),
    seen: Verdicts::new(),
    guarded: OnceLock::new(),
    get_sql: OnceLock::new(),
    stored_sql: OnceLock::new(),
    at_once_sql: Mutex::new(Vec::new()),
};

impl Rules {
    /// The rules of an actor. Tables are compiled when they are first asked for.
    pub(crate) fn new(model: Arc<Model>, rights: Rights) -> Rules {
        let tables = model.tables.iter().map(|_| OnceLock::new()).collect();
        Rules { model, rights, tables }
    }

    /// Who it is.
    pub(crate) fn rights(&self) -> &Rights {
        &self.rights
    }

    /// The rules for a table; those of nobody where the model has no such table.
    pub(crate) fn table(&self, name: &str) -> Option<&TableRules> {
        let position = self.model.tables.iter().position(|table| table.name == name)?;
        Some(self.table_at(position))
    }

    /// The rules for the table at a position of the model.
    pub(crate) fn table_at(&self, position: usize) -> &TableRules {
        self.tables[position].get_or_init(|| {
            let table = &self.model.tables[position];
            let rule = |operation| base::rule(&self.model, table, operation, &self.rights);
            TableRules {
                read: rule(Operation::Read),
                insert: rule(Operation::Insert),
                update: rule(Operation::Update),
                delete: rule(Operation::Delete),
                global_keys: global_keys(table),
                seen: Verdicts::new(),
                guarded: OnceLock::new(),
                get_sql: OnceLock::new(),
                stored_sql: OnceLock::new(),
                at_once_sql: Mutex::default(),
            }
        })
    }

    /// The references of the table at a position of the model that have to be looked up.
    pub(crate) fn guarded(&self, number: usize) -> &[Guarded] {
        self.table_at(number).guarded.get_or_init(|| {
            let table = &self.model.tables[number];
            let references = table.references.iter().enumerate();
            let guarded = references.filter(|(_, reference)| self.guards(reference));
            let guarded = guarded.map(|(position, reference)| {
                let place = |name: &String| table.columns.iter().position(|own| own.name == *name);
                let parent = self.model.tables.iter().position(|to| to.name == reference.table);
                let reads = parent.map(|parent| self.table_at(parent).read.reads_at());
                Guarded {
                    reference: position,
                    columns_at: reference.columns.iter().filter_map(place).collect(),
                    // Of what the model doesn't have, writes are never noticed.
                    rests_on: std::iter::once(parent.unwrap_or(usize::MAX))
                        .chain(reads.into_iter().flatten().copied())
                        .collect(),
                }
            });
            guarded.collect()
        })
    }

    /// Whether a reference has to be looked up before it is written: its key alone doesn't say
    /// that the actor can read the row it names.
    pub(crate) fn guards(&self, reference: &Reference) -> bool {
        let Some(parent) = self.model.table(&reference.table) else { return true };
        let tenancy = self.model.tenancy.as_ref();
        if tenancy.is_some_and(|t| t.tenant == parent.name && reference.columns == [t.key.as_str()])
        {
            // The session's own tenant: its rules say so already, and it is no secret.
            return false;
        }
        if parent.soft_delete.is_some() {
            return true;
        }
        match self.table(&reference.table).map(|rules| &rules.read) {
            Some(Rule::Always) => false,
            Some(Rule::When(condition)) => {
                let tenant = self.model.tenant_column(parent);
                let by_tenant = tenant.is_some_and(|column| {
                    reference.to.first().is_some_and(|first| first == column)
                });
                !(condition.tenant_only && by_tenant)
            }
            _ => true,
        }
    }
}

/// The columns of a table's keys that don't start with the tenant key or the owner.
fn global_keys(table: &Table) -> Vec<String> {
    let own = match &table.scope {
        Scope::Tenant { column } => Some(column),
        Scope::User { owner } => Some(owner),
        Scope::Public => None,
    };
    let keys = table.unique.iter().map(|unique| &unique.columns).chain([&table.primary_key]);
    let global = keys.filter(|columns| columns.first() != own || columns.len() == 1);
    let mut columns: Vec<String> = global.flatten().cloned().collect();
    columns.sort_unstable();
    columns.dedup();
    columns
}
