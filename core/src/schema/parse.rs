//! Reads CREATE statements, as SQLite keeps them, into the schema's types.
//!
//! The whole of SQLite's grammar of tables, indexes, triggers and views is read
//! (<https://www.sqlite.org/lang_createtable.html> and its siblings). A statement that can't be
//! read gives None and is kept as its text; nothing here panics, whatever the text.

use super::cursor::Cursor;
use super::fragment::Fragment;
use super::types::*;

/// Reads a CREATE TABLE statement.
pub(super) fn parse_table(sql: &str) -> Option<TableSchema> {
    let mut cursor = Cursor::new(sql)?;
    start(&mut cursor, "TABLE")?;
    let mut table = TableSchema { name: cursor.qualified_name()?, ..TableSchema::default() };
    cursor.expect_mark("(")?;
    loop {
        column(&mut cursor, &mut table)?;
        if !cursor.take_mark(",") || starts_constraint(&cursor) {
            break;
        }
    }
    while !cursor.is_mark(")") {
        table_constraint(&mut cursor, &mut table)?;
        cursor.take_mark(",");
    }
    cursor.expect_mark(")")?;
    while !cursor.is_at_end() && !cursor.take_mark(";") {
        if cursor.take_word("WITHOUT") {
            cursor.expect_word("ROWID")?;
            table.without_rowid = true;
        } else {
            cursor.expect_word("STRICT")?;
            table.strict = true;
        }
        cursor.take_mark(",");
    }
    imply_not_null(&mut table);
    Some(table)
}

/// Reads a CREATE INDEX statement.
pub(super) fn parse_index(sql: &str) -> Option<IndexSchema> {
    let mut cursor = Cursor::new(sql)?;
    cursor.expect_word("CREATE")?;
    let unique = cursor.take_word("UNIQUE");
    cursor.expect_word("INDEX")?;
    cursor.take_words(&["IF", "NOT", "EXISTS"]);
    let name = cursor.qualified_name()?;
    cursor.expect_word("ON")?;
    let table = cursor.name()?;
    cursor.expect_mark("(")?;
    let mut terms = Vec::new();
    loop {
        terms.push(index_term(&mut cursor)?);
        if !cursor.take_mark(",") {
            break;
        }
    }
    cursor.expect_mark(")")?;
    let filter = match cursor.take_word("WHERE") {
        true => Some(Fragment::new(cursor.until(|cursor| cursor.is_mark(";"))?)),
        false => None,
    };
    Some(IndexSchema { name, table, unique, terms, filter })
}

/// Reads a CREATE TRIGGER statement.
pub(super) fn parse_trigger(sql: &str) -> Option<TriggerSchema> {
    let mut cursor = Cursor::new(sql)?;
    start(&mut cursor, "TRIGGER")?;
    let name = cursor.qualified_name()?;
    let timing = if cursor.take_word("AFTER") {
        Timing::After
    } else if cursor.take_words(&["INSTEAD", "OF"]) {
        Timing::InsteadOf
    } else {
        cursor.take_word("BEFORE");
        Timing::Before
    };
    let event = if cursor.take_word("DELETE") {
        Event::Delete
    } else if cursor.take_word("INSERT") {
        Event::Insert
    } else {
        cursor.expect_word("UPDATE")?;
        Event::Update
    };
    let mut columns = Vec::new();
    if cursor.take_word("OF") {
        loop {
            columns.push(cursor.name()?);
            if !cursor.take_mark(",") {
                break;
            }
        }
        columns.sort();
    }
    cursor.expect_word("ON")?;
    let table = cursor.qualified_name()?;
    cursor.take_words(&["FOR", "EACH", "ROW"]);
    let when = match cursor.take_word("WHEN") {
        true => Some(Fragment::new(cursor.until(|cursor| cursor.is_word("BEGIN"))?)),
        false => None,
    };
    cursor.expect_word("BEGIN")?;
    let body = cursor.until(|_| false)?.trim_end_matches(';').trim_end();
    let body = body.get(..body.len().checked_sub("END".len())?)?.trim_end();
    let sql = sql.trim_end().trim_end_matches(';').to_owned();
    Some(TriggerSchema {
        name,
        table,
        timing,
        event,
        columns,
        when,
        body: Fragment::new(body),
        sql,
    })
}

/// Reads a CREATE VIEW statement.
pub(super) fn parse_view(sql: &str, order: usize) -> Option<ViewSchema> {
    let mut cursor = Cursor::new(sql)?;
    start(&mut cursor, "VIEW")?;
    let name = cursor.qualified_name()?;
    let body = Fragment::new(cursor.until(|cursor| cursor.is_mark(";"))?);
    Some(ViewSchema { name, body, order })
}

fn start(cursor: &mut Cursor<'_>, what: &str) -> Option<()> {
    cursor.expect_word("CREATE")?;
    let _ = cursor.take_word("TEMP") || cursor.take_word("TEMPORARY");
    cursor.expect_word(what)?;
    cursor.take_words(&["IF", "NOT", "EXISTS"]);
    Some(())
}

fn starts_constraint(cursor: &Cursor<'_>) -> bool {
    cursor.is_any_word(&["CONSTRAINT", "PRIMARY", "UNIQUE", "CHECK", "FOREIGN"])
}

/// SQLite refuses NULL in the primary key of these tables, whether they say so or not. A single
/// INTEGER column is the row id there and never NULL anyway.
fn imply_not_null(table: &mut TableSchema) {
    if !table.strict && !table.without_rowid {
        return;
    }
    let Some(key) = &table.primary_key else { return };
    let names: Vec<&str> = key.columns.iter().map(|column| column.name.as_str()).collect();
    for column in &mut table.columns {
        let in_key = names.iter().any(|name| name.eq_ignore_ascii_case(&column.name));
        let is_rowid = !table.without_rowid && names.len() == 1 && column.type_name == "INTEGER";
        column.not_null |= in_key && !is_rowid;
    }
}

fn column(cursor: &mut Cursor<'_>, table: &mut TableSchema) -> Option<()> {
    let mut column = ColumnSchema { name: cursor.name()?, ..ColumnSchema::default() };
    column.type_name = type_name(cursor)?;
    let mut constraint_name = None;
    loop {
        if cursor.is_mark(",") || cursor.is_mark(")") {
            break;
        }
        if cursor.take_word("CONSTRAINT") {
            constraint_name = Some(cursor.name()?);
            continue;
        }
        column_constraint(cursor, table, &mut column, constraint_name.take())?;
    }
    table.columns.push(column);
    Some(())
}

/// The words of the type, and its numbers in parentheses.
fn type_name(cursor: &mut Cursor<'_>) -> Option<String> {
    const NOT_A_TYPE: [&str; 11] = [
        "CONSTRAINT",
        "PRIMARY",
        "NOT",
        "NULL",
        "UNIQUE",
        "CHECK",
        "DEFAULT",
        "COLLATE",
        "REFERENCES",
        "AS",
        "DEFERRABLE",
    ];
    let mut words = Vec::new();
    while !cursor.is_any_word(&NOT_A_TYPE) && !cursor.is_words(&["GENERATED", "ALWAYS"]) {
        match cursor.name() {
            Some(word) => words.push(word.to_ascii_uppercase()),
            None => break,
        }
    }
    let mut name = words.join(" ");
    if !words.is_empty() && cursor.is_mark("(") {
        let arguments = cursor.parenthesised()?;
        name = format!("{name}({})", arguments.canonical().replace(' ', "").to_ascii_uppercase());
    }
    Some(name)
}

fn column_constraint(
    cursor: &mut Cursor<'_>,
    table: &mut TableSchema,
    column: &mut ColumnSchema,
    name: Option<String>,
) -> Option<()> {
    if cursor.take_word("DEFAULT") {
        column.default = Some(cursor.default_value()?);
    } else if cursor.take_word("NULL") {
        conflict(cursor)?;
    } else if cursor.take_words(&["NOT", "NULL"]) {
        column.not_null = true;
        column.not_null_conflict = conflict(cursor)?;
    } else if cursor.take_words(&["PRIMARY", "KEY"]) {
        table.primary_key = Some(column_key(cursor, &column.name)?);
    } else if cursor.take_word("UNIQUE") {
        table.uniques.push(column_key(cursor, &column.name)?);
    } else if cursor.take_word("CHECK") {
        let expr = cursor.parenthesised()?;
        conflict(cursor)?;
        table.checks.push(CheckSchema { name, expr, column: Some(column.name.clone()) });
    } else if cursor.take_word("REFERENCES") {
        let key = foreign_key(cursor, vec![column.name.clone()])?;
        table.foreign_keys.push(key);
    } else if cursor.take_word("COLLATE") {
        column.collate = Some(cursor.name()?.to_ascii_uppercase());
    } else if cursor.take_words(&["GENERATED", "ALWAYS", "AS"]) || cursor.take_word("AS") {
        let expr = cursor.parenthesised()?;
        let stored = cursor.take_word("STORED");
        let _ = !stored && cursor.take_word("VIRTUAL");
        column.generated = Some(Generated { expr, stored });
    } else {
        // A clause that has come loose from its REFERENCES still belongs to the last one.
        let deferred = deferral(cursor)?;
        table.foreign_keys.last_mut()?.deferred = deferred?;
    }
    Some(())
}

/// What follows PRIMARY KEY or UNIQUE at a column.
fn column_key(cursor: &mut Cursor<'_>, column: &str) -> Option<KeySchema> {
    let mut key = KeySchema::of(&[column.to_owned()]);
    key.columns[0].descending = descending(cursor);
    key.conflict = conflict(cursor)?;
    key.autoincrement = cursor.take_word("AUTOINCREMENT");
    Some(key)
}

fn table_constraint(cursor: &mut Cursor<'_>, table: &mut TableSchema) -> Option<()> {
    let name = match cursor.take_word("CONSTRAINT") {
        true => Some(cursor.name()?),
        false => None,
    };
    if cursor.take_words(&["PRIMARY", "KEY"]) {
        table.primary_key = Some(key_columns(cursor)?);
    } else if cursor.take_word("UNIQUE") {
        let key = key_columns(cursor)?;
        table.uniques.push(key);
    } else if cursor.take_word("CHECK") {
        let expr = cursor.parenthesised()?;
        conflict(cursor)?;
        table.checks.push(CheckSchema { name, expr, column: None });
    } else if cursor.take_words(&["FOREIGN", "KEY"]) {
        let columns = column_names(cursor)?;
        cursor.expect_word("REFERENCES")?;
        let key = foreign_key(cursor, columns)?;
        table.foreign_keys.push(key);
    } else if name.is_none() {
        return None;
    }
    Some(())
}

fn key_columns(cursor: &mut Cursor<'_>) -> Option<KeySchema> {
    let mut key = KeySchema::default();
    cursor.expect_mark("(")?;
    loop {
        let name = cursor.name()?;
        let collate = collation(cursor)?;
        let descending = descending(cursor);
        key.columns.push(KeyColumn { name, collate, descending });
        if !cursor.take_mark(",") {
            break;
        }
    }
    key.autoincrement = cursor.take_word("AUTOINCREMENT");
    cursor.expect_mark(")")?;
    key.conflict = conflict(cursor)?;
    Some(key)
}

fn column_names(cursor: &mut Cursor<'_>) -> Option<Vec<String>> {
    let mut names = Vec::new();
    cursor.expect_mark("(")?;
    loop {
        names.push(cursor.name()?);
        if !cursor.take_mark(",") {
            break;
        }
    }
    cursor.expect_mark(")")?;
    Some(names)
}

fn collation(cursor: &mut Cursor<'_>) -> Option<Option<String>> {
    match cursor.take_word("COLLATE") {
        true => Some(Some(cursor.name()?.to_ascii_uppercase())),
        false => Some(None),
    }
}

fn descending(cursor: &mut Cursor<'_>) -> bool {
    let descending = cursor.take_word("DESC");
    let _ = !descending && cursor.take_word("ASC");
    let _ = cursor.take_words(&["NULLS", "FIRST"]) || cursor.take_words(&["NULLS", "LAST"]);
    descending
}

/// `ON CONFLICT word`; ABORT is what happens anyway.
fn conflict(cursor: &mut Cursor<'_>) -> Option<Option<String>> {
    if !cursor.take_words(&["ON", "CONFLICT"]) {
        return Some(None);
    }
    Some(Some(cursor.name()?.to_ascii_uppercase()).filter(|word| word != "ABORT"))
}

/// What follows REFERENCES.
fn foreign_key(cursor: &mut Cursor<'_>, columns: Vec<String>) -> Option<ForeignKeySchema> {
    let table = cursor.name()?;
    let to = if cursor.is_mark("(") { column_names(cursor)? } else { Vec::new() };
    let mut key = ForeignKeySchema {
        columns,
        table,
        to,
        on_delete: Action::NoAction,
        on_update: Action::NoAction,
        match_name: None,
        deferred: false,
    };
    loop {
        if cursor.take_words(&["ON", "DELETE"]) {
            key.on_delete = action(cursor)?;
        } else if cursor.take_words(&["ON", "UPDATE"]) {
            key.on_update = action(cursor)?;
        } else if cursor.take_words(&["ON", "INSERT"]) {
            action(cursor)?;
        } else if cursor.take_word("MATCH") {
            key.match_name = Some(cursor.name()?.to_ascii_uppercase());
        } else {
            break;
        }
    }
    if let Some(deferred) = deferral(cursor)? {
        key.deferred = deferred;
    }
    Some(key)
}

fn action(cursor: &mut Cursor<'_>) -> Option<Action> {
    const ACTIONS: [(&[&str], Action); 5] = [
        (&["SET", "NULL"], Action::SetNull),
        (&["SET", "DEFAULT"], Action::SetDefault),
        (&["CASCADE"], Action::Cascade),
        (&["RESTRICT"], Action::Restrict),
        (&["NO", "ACTION"], Action::NoAction),
    ];
    ACTIONS.iter().find(|(words, _)| cursor.take_words(words)).map(|(_, action)| *action)
}

/// `[NOT] DEFERRABLE [INITIALLY …]`, if it comes next: whether it defers.
fn deferral(cursor: &mut Cursor<'_>) -> Option<Option<bool>> {
    let negated = cursor.take_words(&["NOT", "DEFERRABLE"]);
    if !negated && !cursor.take_word("DEFERRABLE") {
        return Some(None);
    }
    let deferred = cursor.take_words(&["INITIALLY", "DEFERRED"]);
    let _ = !deferred && cursor.take_words(&["INITIALLY", "IMMEDIATE"]);
    Some(Some(deferred && !negated))
}

fn index_term(cursor: &mut Cursor<'_>) -> Option<IndexTerm> {
    let ends = |cursor: &Cursor<'_>| {
        cursor.is_mark(",")
            || cursor.is_any_word(&["COLLATE", "ASC", "DESC"])
            || cursor.is_words(&["NULLS", "FIRST"])
            || cursor.is_words(&["NULLS", "LAST"])
    };
    let text = cursor.until(ends)?;
    let collate = collation(cursor)?;
    let descending = descending(cursor);
    // A COLLATE within the expression is not the term's own; such terms are rare enough to be
    // kept as text.
    let complete = !text.is_empty() && (cursor.is_mark(",") || cursor.is_mark(")"));
    complete.then(|| IndexTerm { expr: Fragment::new(text), collate, descending })
}
