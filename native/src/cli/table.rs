//! Tables for people: columns aligned by what a terminal shows.

use serde_json::Value;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// The widest that a cell gets.
const CELL_WIDTH_MAX: usize = 120;

/// A table with a header, a rule below it, and a line a row. Columns of numbers align right.
pub fn render(columns: &[String], rows: &[Vec<Value>]) -> String {
    let header: Vec<String> = columns.iter().map(|name| text_cell(name)).collect();
    let cells: Vec<Vec<String>> = rows.iter().map(|row| row.iter().map(cell).collect()).collect();
    let widths: Vec<usize> = (0..header.len())
        .map(|at| {
            let below = cells.iter().map(|row| row[at].width()).max().unwrap_or(0);
            below.max(header[at].width())
        })
        .collect();
    let is_number = |at: usize| {
        let mut values =
            rows.iter().map(|row| &row[at]).filter(|value| !value.is_null()).peekable();
        values.peek().is_some() && values.all(Value::is_number)
    };
    let right: Vec<bool> = (0..header.len()).map(is_number).collect();
    let mut text = String::new();
    push_line(&mut text, &header, &widths, &right);
    let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
    push_line(&mut text, &rule, &widths, &right);
    for row in &cells {
        push_line(&mut text, row, &widths, &right);
    }
    text
}

/// A table of texts, where an empty one is an empty cell.
pub fn render_texts<const N: usize>(columns: [&str; N], rows: &[[String; N]]) -> String {
    let widths: Vec<usize> = (0..N)
        .map(|at| {
            let below = rows.iter().map(|row| row[at].width()).max().unwrap_or(0);
            below.max(columns[at].width())
        })
        .collect();
    let mut text = String::new();
    push_line(&mut text, &columns.map(str::to_owned), &widths, &[false; N]);
    let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
    push_line(&mut text, &rule, &widths, &[false; N]);
    for row in rows {
        push_line(&mut text, row, &widths, &[false; N]);
    }
    text
}

fn push_line(text: &mut String, cells: &[String], widths: &[usize], right: &[bool]) {
    let mut line = String::new();
    for (at, cell) in cells.iter().enumerate() {
        let padding = " ".repeat(widths[at] - cell.width());
        match right[at] {
            true => line += &format!("{padding}{cell}  "),
            false => line += &format!("{cell}{padding}  "),
        }
    }
    *text += line.trim_end();
    text.push('\n');
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "NULL".to_owned(),
        // What a reader could take for a NULL, or not see at all, is quoted.
        Value::String(text) if text.trim() != text || matches!(text.as_str(), "" | "NULL") => {
            text_cell(&format!("'{text}'"))
        }
        Value::String(text) => text_cell(text),
        Value::Object(tagged) => match tagged.iter().next() {
            Some((tag, Value::String(digits))) if tag == "$bigint" => digits.clone(),
            Some((tag, Value::String(name))) if tag == "$real" => name.clone(),
            Some((tag, Value::String(base64))) if tag == "$blob" => {
                text_cell(&format!("blob:{base64}"))
            }
            _ => text_cell(&value.to_string()),
        },
        other => other.to_string(),
    }
}

/// A text on one line: control characters escaped, what is too long cut.
fn text_cell(text: &str) -> String {
    let mut cell = String::new();
    let mut width = 0;
    for c in text.chars() {
        let shown: String = match c {
            c if c.is_control() || is_invisible(c) => c.escape_default().collect(),
            c => c.into(),
        };
        let more = if shown.len() == c.len_utf8() { c.width().unwrap_or(0) } else { shown.len() };
        if width + more > CELL_WIDTH_MAX {
            cell.push('…');
            return cell;
        }
        width += more;
        cell += &shown;
    }
    cell
}

/// Characters that change how the rest of a line is shown.
fn is_invisible(c: char) -> bool {
    let ranges = ['\u{200b}'..='\u{200f}', '\u{2028}'..='\u{202e}', '\u{2066}'..='\u{2069}'];
    c == '\u{feff}' || ranges.iter().any(|range| range.contains(&c))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn columns_align_by_what_is_shown() {
        let columns = ["name".to_owned(), "n".to_owned()];
        let rows = [
            vec![json!("日本"), json!(5)],
            vec![json!("é"), json!(-10)],
            vec![Value::Null, Value::Null],
        ];
        let expected = "name     n\n────  ────\n日本     5\né      -10\nNULL  NULL\n";
        assert_eq!(render(&columns, &rows), expected);
    }

    #[test]
    fn cells_tell_values_apart() {
        let check = |value: Value, expected: &str| assert_eq!(cell(&value), expected);
        check(Value::Null, "NULL");
        check(json!("NULL"), "'NULL'");
        check(json!(""), "''");
        check(json!(" a"), "' a'");
        check(json!("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J");
        check(json!("a\u{202e}b"), "a\\u{202e}b");
        check(json!({"$blob": "AAE="}), "blob:AAE=");
        check(json!({"$bigint": "9007199254740993"}), "9007199254740993");
        let long = cell(&json!("x".repeat(10_000)));
        assert_eq!((long.width(), long.ends_with('…')), (CELL_WIDTH_MAX + 1, true));
    }
}
