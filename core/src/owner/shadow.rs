//! Virtual tables in TEMP that stand before the tables of the same names: made for sessions' SQL,
//! taken away where an unqualified name is to mean the table itself.

use std::cell::Cell;

use crate::error::Result;
use crate::owner::Engine;
use crate::query::push_name;

/// Whether the tables in TEMP are there.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    Away,
    There,
    /// They were made or dropped within a transaction, which may have been rolled back since.
    Unsure,
}

/// What is known of the tables in TEMP.
#[derive(Debug, Default)]
pub(crate) struct Shadows {
    state: Cell<State>,
    /// Whether a statement runs that writes through them.
    within: Cell<bool>,
}

/// A statement that writes through tables in TEMP; dropped when it is over.
pub(crate) struct Within<'e>(&'e Cell<bool>);

impl Drop for Within<'_> {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

impl Engine {
    /// Makes a virtual table in TEMP for each name, by the statement that `create` gives, unless
    /// they are there.
    pub(crate) fn shadow(&self, create: impl Fn(&str) -> String) -> Result<()> {
        match self.shadows.state.get() {
            State::There => return Ok(()),
            State::Unsure if self.are_there()? => return Ok(()),
            _ => {}
        }
        self.unshadow()?;
        self.writing_to_temp(|| {
            for table in &self.catalog.model().tables {
                self.connection.execute_batch(&create(&table.name))?;
            }
            Ok(())
        })?;
        self.settle(State::There);
        Ok(())
    }

    /// Drops the virtual tables in TEMP.
    pub(crate) fn unshadow(&self) -> Result<()> {
        if self.shadows.state.get() == State::Away {
            return Ok(());
        }
        self.writing_to_temp(|| {
            for table in &self.catalog.model().tables {
                let mut sql = "DROP TABLE IF EXISTS temp.".to_owned();
                push_name(&mut sql, &table.name);
                self.connection.execute_batch(&sql)?;
            }
            Ok(())
        })?;
        self.settle(State::Away);
        Ok(())
    }

    fn are_there(&self) -> Result<bool> {
        let sql = "SELECT count(*) FROM temp.sqlite_schema WHERE type = 'table' AND rootpage = 0";
        let found: i64 = self.connection.prepare_cached(sql)?.query_row([], |row| row.get(0))?;
        let all = usize::try_from(found) == Ok(self.catalog.model().tables.len());
        if all {
            self.settle(State::There);
        }
        Ok(all)
    }

    fn settle(&self, state: State) {
        let certain = self.connection.is_autocommit();
        self.shadows.state.set(if certain { state } else { State::Unsure });
    }

    /// A database that is only read may have tables in TEMP all the same.
    fn writing_to_temp(&self, work: impl FnOnce() -> Result<()>) -> Result<()> {
        let read_only: bool =
            self.connection.pragma_query_value(None, "query_only", |row| row.get(0))?;
        if !read_only {
            return work();
        }
        self.connection.pragma_update(None, "query_only", false)?;
        let done = work();
        self.connection.pragma_update(None, "query_only", true)?;
        done
    }

    /// Says that a statement begins that writes through tables in TEMP. SQLite opens no savepoint
    /// meanwhile; whoever runs the statement undoes it as a whole when it fails.
    pub(crate) fn enter_statement(&self) -> Within<'_> {
        self.shadows.within.set(true);
        Within(&self.shadows.within)
    }

    /// Whether such a statement runs.
    pub(super) fn is_within_statement(&self) -> bool {
        self.shadows.within.get()
    }
}
