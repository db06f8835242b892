//! What a session's statement names, looked at twice more than the authorizer does.
//!
//! SQLite doesn't ask its authorizer about everything: the columns of `JOIN … USING` and of
//! `NATURAL JOIN` are compared without a word. So the text must not spell the name of anything but
//! a gateway where a table may stand, and the compiled program must not open anything else.

use rusqlite::Connection;

use crate::error::Result;
use crate::gateway::guard::Shared;
use crate::gateway::raw::Statement;
use crate::model::Model;
use crate::sql::{TokenKind, tokens};

/// How the names of SQLite's and our own things begin.
const OWN: [&str; 3] = ["sqlite_", "pragma_", "_freehold"];

/// After what a table's name may stand.
const BEFORE_TABLES: [&str; 6] = ["FROM", "JOIN", "INTO", "UPDATE", "IN", "REPLACE"];

/// Tables that are functions of their arguments alone.
const FUNCTIONS: [&str; 2] = ["json_each", "json_tree"];

/// Opcodes that open what lives as long as the statement only.
const OWN_CURSORS: [&str; 4] = ["OpenEphemeral", "OpenAutoindex", "OpenPseudo", "OpenDup"];

/// Whether a text spells the name of something that is there and is no gateway, or names a schema
/// but TEMP. What can't be read is taken for such a text.
pub(super) fn names_others(connection: &Connection, model: &Model, text: &str) -> Result<bool> {
    let others = others(connection, model)?;
    let text = text.replace('\u{FEFF}', " ");
    let mut is_after_table_word = false;
    let mut before_is_schema = false;
    for token in tokens(&text) {
        let Ok(token) = token else { return Ok(true) };
        if before_is_schema && token.is(".") {
            return Ok(true);
        }
        let name = token.name().or_else(|| token.string()).map(|name| name.to_ascii_lowercase());
        before_is_schema = name.as_ref().is_some_and(|name| name == "main");
        if let Some(name) = &name
            && is_after_table_word
            && (OWN.iter().any(|own| name.starts_with(own)) || others.contains(name))
        {
            return Ok(true);
        }
        let is_mark = ["(", ",", "."].iter().any(|mark| token.is(mark));
        let is_word = token.kind == TokenKind::Word;
        let is_word = is_word && BEFORE_TABLES.iter().any(|word| token.is_word(word));
        is_after_table_word = is_mark || is_word;
    }
    Ok(false)
}

/// The names, in lower case, of all tables, views and modules but the model's own and functions.
fn others(connection: &Connection, model: &Model) -> Result<Vec<String>> {
    let sql = "SELECT lower(name) FROM main.sqlite_schema WHERE type IN ('table', 'view') \
               UNION ALL SELECT lower(name) FROM temp.sqlite_schema \
               WHERE type IN ('table', 'view') \
               UNION ALL SELECT lower(name) FROM pragma_module_list";
    let mut statement = connection.prepare_cached(sql)?;
    let names = statement.query_map([], |row| row.get(0))?;
    let mut names = names.collect::<rusqlite::Result<Vec<String>>>()?;
    names.retain(|name| {
        let is_own = |own: &str| own.eq_ignore_ascii_case(name);
        !model.tables.iter().any(|table| is_own(&table.name)) && !FUNCTIONS.contains(&name.as_str())
    });
    Ok(names)
}

/// Whether a compiled statement opens anything but gateways, functions and tables of its own.
pub(super) fn opens_others(
    shared: &Shared,
    connection: &Connection,
    statement: &mut Statement,
) -> Result<bool> {
    let opened = opened(statement)?;
    let mut functions = None;
    for table in opened {
        let Some(table) = table else { return Ok(true) };
        if shared.is_live(table) {
            continue;
        }
        if functions.is_none() {
            functions = Some(function_tables(connection)?);
        }
        if !functions.as_ref().is_some_and(|functions| functions.contains(&table)) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Where the functions' tables are in memory, as the program of a statement says it.
fn function_tables(connection: &Connection) -> Result<Vec<usize>> {
    let sql = "SELECT 1 FROM json_each('[]'), json_tree('[]')";
    let Some(mut compiled) = Statement::compile(connection, sql)? else { return Ok(Vec::new()) };
    Ok(opened(&mut compiled.statement)?.into_iter().flatten().collect())
}

/// What a statement's program opens: the place of a virtual table in memory, None for all else.
fn opened(statement: &mut Statement) -> Result<Vec<Option<usize>>> {
    let mut opened = Vec::new();
    statement.explaining(|program| {
        while program.step()? {
            let opcode = program.text(1)?;
            let is_other = opcode.starts_with("Open") && !OWN_CURSORS.contains(&opcode.as_str());
            if is_other || opcode == "ReopenIdx" {
                opened.push(None);
            }
            if ["VOpen", "VUpdate"].contains(&opcode.as_str()) {
                let place = program.text(5)?;
                let place = place.strip_prefix("vtab:");
                opened.push(place.and_then(|place| usize::from_str_radix(place, 16).ok()));
            }
        }
        Ok(())
    })?;
    Ok(opened)
}
