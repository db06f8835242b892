//! Inspection: what is wrong with the data of a database, row by row, and with its schema.

mod doctor;

use rusqlite::Connection;
use serde::Serialize;

use crate::bundle::Bundle;
use crate::error::Result;
use crate::migrate::{self, State};
use crate::owner::Owner;

pub(crate) use doctor::doctor;

/// One thing that is wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// A stable code: `orphan`, `rule`, `ciphertext`, `drift`, `damage`, `migration`; of the doctor
    /// also `policy`, `tenant_key`, `audit`.
    pub code: &'static str,
    /// The table, where one is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<String>,
    /// The row's primary key as JSON, where one is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The column or path, where one is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    /// What is wrong.
    pub message: String,
}

impl std::fmt::Display for Finding {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: ", self.code)?;
        if let Some(table) = &self.table {
            write!(f, "{table}")?;
            if let Some(path) = &self.path {
                write!(f, ".{path}")?;
            }
            if let Some(key) = &self.key {
                write!(f, " {key}")?;
            }
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl Finding {
    fn of_database(code: &'static str, message: String) -> Finding {
        Finding { code, table: None, key: None, path: None, message }
    }
}

/// Looks at the file, the history, the schema and every row.
pub(crate) fn inspect(
    connection: &Connection,
    bundle: &Bundle,
    owner: &Owner<'_>,
    found: &mut dyn FnMut(Finding),
) -> Result<()> {
    integrity(connection, found)?;
    let status = migrate::status(connection, bundle)?;
    for entry in &status.migrations {
        let what = match entry.state {
            State::Applied => continue,
            State::Pending => "is pending",
            State::Missing => "is applied and not at hand",
            State::Diverged => "differs from the applied one",
            State::Skipped => "was skipped",
        };
        let message = format!("V{}__{} {what}", entry.version, entry.name);
        found(Finding::of_database("migration", message));
    }
    let drift = migrate::drift(connection, bundle)?;
    let has_drift = !drift.differences.is_empty();
    for difference in drift.differences {
        found(Finding::of_database("drift", difference));
    }
    if has_drift || status.current != status.latest {
        let message = "rows are not looked at until the schema is the model's".to_owned();
        found(Finding::of_database("drift", message));
        return Ok(());
    }
    orphans(connection, found)?;
    for table in &bundle.model.tables {
        owner.check_rows(&table.name, &mut |key, issue| {
            found(Finding {
                code: if issue.code == "ciphertext_invalid" { "ciphertext" } else { "rule" },
                table: Some(table.name.clone()),
                key: Some(key.to_owned()),
                path: Some(issue.path.clone()).filter(|path| !path.is_empty()),
                message: format!("{} ({})", issue.message, issue.code),
            });
        })?;
    }
    Ok(())
}

fn integrity(connection: &Connection, found: &mut dyn FnMut(Finding)) -> Result<()> {
    let mut statement = connection.prepare("PRAGMA integrity_check(100)")?;
    let lines = statement.query_map([], |row| row.get::<_, String>(0))?;
    for line in lines {
        let line = line?;
        if line != "ok" {
            found(Finding::of_database("damage", line));
        }
    }
    Ok(())
}

fn orphans(connection: &Connection, found: &mut dyn FnMut(Finding)) -> Result<()> {
    let sql = "SELECT c.\"table\", c.parent, c.count,
                   (SELECT group_concat(k.\"from\") FROM pragma_foreign_key_list(c.\"table\") k
                    WHERE k.id = c.fkid)
               FROM (SELECT \"table\", parent, fkid, count(*) AS count
                     FROM pragma_foreign_key_check GROUP BY 1, 2, 3) c";
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map([], |row| {
        let (table, parent): (String, String) = (row.get(0)?, row.get(1)?);
        let (count, columns): (i64, String) = (row.get(2)?, row.get(3)?);
        let message = format!("{count} row(s) refer to rows of `{parent}` that don't exist");
        Ok(Finding {
            code: "orphan",
            table: Some(table),
            key: None,
            path: Some(columns.replace(',', "+")),
            message,
        })
    })?;
    for row in rows {
        found(row?);
    }
    Ok(())
}
