//! Running one statement of a session's.

use serde_json::Value;

use crate::error::{Error, Result};
use crate::gateway::guard::Turn;
use crate::gateway::raw::{self, Statement};
use crate::gateway::{COMPILED_MAX, Compiled, Gateway, names};
use crate::owner::rows::Rows;
use crate::owner::sql::{Outline, check_text, parameter, to_json};
use crate::owner::transaction::transaction;
use crate::owner::{Engine, SqlOptions, SqlResult, audited};
use crate::query::invalid;
use crate::value::SqlValue;

/// The most that a statement may answer, in bytes of its values and a few for each.
const ANSWER_BYTES_MAX: usize = 100_000_000;
const VALUE_BYTES: usize = 32;

/// What a session's statement may start with.
const STARTS: [&str; 8] =
    ["SELECT", "VALUES", "WITH", "(", "INSERT", "REPLACE", "UPDATE", "DELETE"];

impl Gateway {
    /// Runs one statement for the actor of `rows`. A writing one happens wholly or not at all.
    ///
    /// # Errors
    ///
    /// - `invalid_argument`: no statement or several, a transaction command, NUL characters,
    ///   parameters that don't fit, RETURNING or an upsert
    /// - `sql`: it could not be compiled or run, or names what sessions don't reach
    /// - `denied`, `invalid`, `newer_database`: as for typed writes
    /// - `too_large`: it answers more than the options allow, or than there is room for
    /// - `interrupted`: it took too many steps, too much time or too much memory
    pub(crate) fn run(
        &self,
        rows: Rows<'_>,
        text: &str,
        params: &[Value],
        options: SqlOptions,
    ) -> Result<Option<SqlResult>> {
        let values = params.iter().enumerate().map(|(place, value)| {
            parameter(value).map_err(|message| invalid(format!("params[{place}]"), message))
        });
        let values = values.collect::<Result<Vec<_>>>()?;
        self.open(rows.engine)?;
        let mut compiled = match self.take(text) {
            Some(compiled) => compiled,
            None => self.compile(rows.engine, text)?,
        };
        let result = self.run_compiled(rows, &mut compiled, &values, options);
        compiled.statement.reset();
        compiled.statement.clear();
        self.put(compiled);
        result
    }

    fn run_compiled(
        &self,
        rows: Rows<'_>,
        compiled: &mut Compiled,
        values: &[SqlValue<'_>],
        options: SqlOptions,
    ) -> Result<Option<SqlResult>> {
        let generation = rows.engine.recorder.generation();
        let Compiled { text, statement, columns, names_audit, may_delete, names } = compiled;
        let expected = statement.parameter_count();
        if expected != values.len() {
            let message = format!("the statement takes {expected}, not {}", values.len());
            return Err(invalid("params", message));
        }
        for (at, value) in values.iter().enumerate() {
            statement.bind(at + 1, value)?;
        }
        let readonly = statement.is_readonly();
        if let (false, Some(error)) = (readonly, rows.newer_database()) {
            return Err(error);
        }
        let turn = Turn { rows, error: None.into(), changes: 0.into() };
        let mut run = || {
            let connection = &rows.engine.connection;
            let work = || read_all(statement, columns.len(), options);
            let found = self.shared.running(connection, &turn, names, work);
            // A savepoint can't be rolled back to while the statement is open.
            statement.reset();
            found.map_err(|error| match (error, turn.error.take()) {
                (error @ Error::Interrupted, _) | (error, None) => error,
                (_, Some(reason)) => reason,
            })
        };
        let found = match readonly {
            true if !*names_audit => run().map(Some)?,
            true => audited::reading_sql(rows.engine, text, run).map(Some)?,
            false => transaction(rows.engine, rows.actor, || {
                if rows.engine.recorder.generation() != generation {
                    return Ok(None);
                }
                if *names_audit {
                    audited::fill(rows.engine)?;
                }
                let Engine { connection, recorder, .. } = rows.engine;
                recorder.require_reach(connection, *may_delete)?;
                let _within = rows.engine.enter_statement();
                run().map(Some)
            })?,
        };
        let changes = turn.changes.get();
        Ok(found.map(|rows| SqlResult { columns: columns.clone(), rows, changes }))
    }

    /// Compiles a statement under the restrictions.
    fn compile(&self, engine: &Engine, text: &str) -> Result<Compiled> {
        check_text(text)?;
        let outline = Outline::of(text);
        outline.check_control()?;
        if !STARTS.contains(&outline.word.as_str()) && !outline.word.is_empty() {
            return Err(self.scratch.explain(text));
        }
        let connection = &engine.connection;
        if names::names_others(connection, &self.shared.model, text)? {
            return Err(self.scratch.explain(text));
        }
        let compile = || {
            let mut compiled = Statement::compile(connection, text)?;
            let opens_others = match &mut compiled {
                Some(compiled) if !compiled.statement.is_explain() => {
                    let statement = &mut compiled.statement;
                    names::opens_others(&self.shared, connection, statement)?
                }
                _ => false,
            };
            Ok((compiled, opens_others))
        };
        let ((compiled, opens_others), names) = match self.shared.compiling(connection, compile) {
            Ok(done) => done,
            Err(Error::Sql { .. }) if outline.upserts => return Err(typed_only("ON CONFLICT")),
            Err(Error::Sql { .. }) if outline.returns => return Err(typed_only("RETURNING")),
            Err(Error::Sql { .. }) => return Err(self.scratch.explain(text)),
            Err(error) => return Err(error),
        };
        let Some(raw::Compiled { statement, more }) = compiled else {
            return Err(invalid("sql", "holds no statement"));
        };
        if more && outline.statements > 1 {
            return Err(invalid("sql", "holds more than one statement; pass them one by one"));
        }
        if statement.is_explain() || opens_others || self.is_there(engine, &names)? {
            return Err(self.scratch.explain(text));
        }
        let columns = (0..statement.column_count()).map(|at| statement.column_name(at));
        let columns: Vec<String> = columns.collect();
        if !statement.is_readonly() && !columns.is_empty() {
            return Err(typed_only("RETURNING"));
        }
        let names_audit = audited::names_audit_table(engine, text);
        let upper = text.to_ascii_uppercase();
        let may_delete = ["DELETE", "REPLACE"].iter().any(|word| upper.contains(word));
        let text = text.to_owned();
        Ok(Compiled { text, statement, columns, names_audit, may_delete, names })
    }

    /// Whether one of these names is that of something real.
    fn is_there(&self, engine: &Engine, names: &[String]) -> Result<bool> {
        const SQL: &str = "SELECT 1 FROM main.sqlite_schema WHERE name = ?1 COLLATE NOCASE \
                           UNION ALL SELECT 1 FROM temp.sqlite_schema \
                           WHERE name = ?1 COLLATE NOCASE \
                           UNION ALL SELECT 1 FROM pragma_module_list \
                           WHERE name = ?1 COLLATE NOCASE \
                           AND name NOT IN ('json_each', 'json_tree')";
        for name in names {
            let lower = name.to_ascii_lowercase();
            if ["sqlite_", "pragma_", "_freehold"].iter().any(|own| lower.starts_with(own))
                || engine.connection.prepare_cached(SQL)?.exists([name])?
            {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether this is a statement of an app's that is kept here.
    pub(crate) fn keeps(&self, statement: *mut rusqlite::ffi::sqlite3_stmt) -> bool {
        self.compiled.borrow().iter().any(|compiled| compiled.statement.is(statement))
    }

    fn take(&self, text: &str) -> Option<Compiled> {
        let mut compiled = self.compiled.borrow_mut();
        let at = compiled.iter().rposition(|compiled| compiled.text == text)?;
        Some(compiled.remove(at))
    }

    fn put(&self, used: Compiled) {
        let mut compiled = self.compiled.borrow_mut();
        if compiled.len() >= COMPILED_MAX {
            compiled.remove(0);
        }
        compiled.push(used);
    }
}

fn read_all(
    statement: &mut Statement,
    columns: usize,
    options: SqlOptions,
) -> Result<Vec<Vec<Value>>> {
    let mut rows = Vec::new();
    let mut bytes = 0;
    while statement.step()? {
        if options.rows_max.is_some_and(|max| rows.len() >= max) {
            let max = rows.len();
            let message = format!("the statement answers more than {max} rows; add a LIMIT");
            return Err(Error::TooLarge { message });
        }
        let mut row = Vec::with_capacity(columns);
        for column in 0..columns {
            let value = statement.value(column)?;
            bytes += VALUE_BYTES + length(&value);
            row.push(to_json(&value));
        }
        if bytes > ANSWER_BYTES_MAX {
            let message = "the statement answers more than there is room for; add a LIMIT";
            return Err(Error::TooLarge { message: message.to_owned() });
        }
        rows.push(row);
    }
    Ok(rows)
}

fn length(value: &SqlValue<'_>) -> usize {
    match value {
        SqlValue::Text(text) => text.len(),
        SqlValue::Blob(bytes) => bytes.len(),
        _ => 0,
    }
}

fn typed_only(what: &str) -> Error {
    let message = format!(
        "{what} is not for a session's SQL, since SQLite can't do it here; \
         the typed `upsert`, `insert` and `update` can, and return the row"
    );
    invalid("sql", message)
}
