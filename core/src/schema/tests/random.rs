//! Random small models: from any to any other and back, with rows.

use std::fmt::Write as _;

use proptest::prelude::*;
use rusqlite::types::Value;

use super::plan::run;
use super::*;
use crate::Model;
use crate::model::{Column, Kind, Shape, Table};

const TABLES: [&str; 4] = ["alpha", "beta", "gamma", "order"];
const COLUMNS: [&str; 6] = ["key", "name", "group", "size", "state", "spare"];
const ROWS: usize = 3;

#[derive(Debug, Clone)]
struct ColumnPlan {
    name: usize,
    kind: u8,
    optional: bool,
    default: bool,
    target: usize,
}

#[derive(Debug, Clone)]
struct TablePlan {
    name: usize,
    columns: Vec<ColumnPlan>,
    unique: bool,
    nulls_equal: bool,
    indexed: bool,
    soft_delete: bool,
    rowid: Option<bool>,
    check: bool,
}

#[derive(Debug, Clone)]
struct ModelPlan {
    tenancy: bool,
    tables: Vec<TablePlan>,
    values: Vec<&'static str>,
}

fn column() -> impl Strategy<Value = ColumnPlan> {
    let column = (0..COLUMNS.len(), 0..22_u8, any::<bool>(), any::<bool>(), 0..TABLES.len());
    column.prop_map(|(name, kind, optional, default, target)| ColumnPlan {
        name,
        kind,
        optional,
        default,
        target,
    })
}

fn values() -> impl Strategy<Value = Vec<&'static str>> {
    prop::sample::subsequence(vec!["X", "Y", "it's", "Z"], 1..4)
}

fn columns() -> impl Strategy<Value = Vec<ColumnPlan>> {
    prop::collection::vec(column(), 0..5).prop_map(|mut columns| {
        columns.sort_by_key(|column| column.name);
        columns.dedup_by_key(|column| column.name);
        columns
    })
}

fn models() -> impl Strategy<Value = ModelPlan> {
    let flags = (any::<bool>(), any::<bool>(), any::<bool>(), prop::bool::weighted(0.2));
    let table = (0..TABLES.len(), columns(), flags, any::<Option<bool>>(), any::<bool>());
    let table = table.prop_map(|(name, columns, flags, rowid, check)| TablePlan {
        name,
        columns,
        unique: flags.0,
        nulls_equal: flags.1,
        indexed: flags.2,
        soft_delete: flags.3,
        rowid,
        check,
    });
    let tables = prop::collection::vec(table, 1..4).prop_map(|mut tables| {
        tables.sort_by_key(|table| table.name);
        tables.dedup_by_key(|table| table.name);
        tables
    });
    let values = prop::sample::subsequence(vec!["X", "Y", "it's", "Z"], 1..4);
    (prop::bool::weighted(0.6), tables, values).prop_map(|(tenancy, tables, values)| ModelPlan {
        tenancy,
        tables,
        values,
    })
}

/// A small change of one table.
#[derive(Debug, Clone)]
enum Edit {
    Set(ColumnPlan),
    Drop(usize),
    Unique(bool),
    Index(bool),
    Check(bool),
    SoftDelete(bool),
    Rowid(bool),
    Values(Vec<&'static str>),
}

fn edits() -> impl Strategy<Value = Vec<(usize, Edit)>> {
    let edit = prop_oneof![
        4 => column().prop_map(Edit::Set),
        2 => (0..COLUMNS.len()).prop_map(Edit::Drop),
        1 => any::<bool>().prop_map(Edit::Unique),
        1 => any::<bool>().prop_map(Edit::Index),
        1 => any::<bool>().prop_map(Edit::Check),
        1 => any::<bool>().prop_map(Edit::SoftDelete),
        1 => any::<bool>().prop_map(Edit::Rowid),
        1 => values().prop_map(Edit::Values),
    ];
    prop::collection::vec((0..4_usize, edit), 1..4)
}

impl ModelPlan {
    fn edited(&self, edits: &[(usize, Edit)]) -> ModelPlan {
        let mut plan = self.clone();
        for (at, edit) in edits {
            let at = at % plan.tables.len();
            let table = &mut plan.tables[at];
            match edit {
                Edit::Set(column) => {
                    table.columns.retain(|old| old.name != column.name);
                    table.columns.push(column.clone());
                }
                Edit::Drop(name) => table.columns.retain(|column| column.name != *name),
                Edit::Unique(on) => table.unique = *on,
                Edit::Index(on) => table.indexed = *on,
                Edit::Check(on) => table.check = *on,
                Edit::SoftDelete(on) => table.soft_delete = *on,
                Edit::Rowid(on) => table.rowid = Some(*on),
                Edit::Values(values) => plan.values.clone_from(values),
            }
        }
        plan
    }

    fn load(&self) -> Model {
        let text = self.toml();
        Model::from_toml(&text).unwrap_or_else(|error| panic!("{error}\n{text}"))
    }

    fn toml(&self) -> String {
        let mut text = "name = \"random\"\n".to_owned();
        if self.tenancy {
            text.push_str("[tenancy]\ntenant = \"orgs\"\nkey = \"org_id\"\n");
        }
        let values: Vec<String> = self.values.iter().map(|value| format!("{value:?}")).collect();
        let _ = writeln!(text, "[enums]\nstate = [{}]", values.join(", "));
        if self.tenancy {
            text.push_str("[tables.orgs]\ncolumns.title = { type = \"text\", max = 40 }\n");
        }
        for table in &self.tables {
            self.table(&mut text, table);
        }
        text
    }

    fn table(&self, text: &mut String, table: &TablePlan) {
        let _ = writeln!(text, "[tables.{}]", TABLES[table.name]);
        let mut keys = Vec::new();
        let mut required = Vec::new();
        for column in &table.columns {
            let name = COLUMNS[column.name];
            let (mut rules, default) = self.rules(column);
            if column.optional {
                rules.push_str(", optional = true");
            }
            if column.default && !default.is_empty() {
                let _ = write!(rules, ", default = {default}");
            }
            let _ = writeln!(text, "columns.{name} = {{ {rules} }}");
            if matches!(column.kind, 0..=4) {
                keys.push(format!("{name:?}"));
                required.push(name);
            }
        }
        if table.unique && !keys.is_empty() {
            let equal = if table.nulls_equal { ", nulls = \"equal\"" } else { "" };
            let _ = writeln!(text, "unique = [{{ columns = [{}]{equal} }}]", keys.join(", "));
        }
        if table.indexed && !keys.is_empty() {
            let _ = writeln!(text, "indexes = [[\"{} desc\"]]", keys[0].trim_matches('"'));
        }
        if table.soft_delete {
            text.push_str("soft_delete = true\n");
        }
        if let Some(rowid) = table.rowid {
            let _ = writeln!(text, "rowid = {rowid}");
        }
        if let (true, [first, ..]) = (table.check, &required[..]) {
            let _ = writeln!(text, "checks.sensible = \"{first} IS NULL OR {first} <> 'never'\"");
        }
    }

    /// The column's type with its rules, and a default for it.
    fn rules(&self, column: &ColumnPlan) -> (String, String) {
        let (rules, default) = match column.kind {
            0 => ("type = \"text\"", "\"it's\""),
            1 => ("type = \"text\", min = 1, max = 20", "\"x\""),
            2 => ("type = \"integer\"", "5"),
            3 => ("type = \"integer\", min = 0, max = 100", "7"),
            4 => ("type = \"bigint\"", "-9"),
            5 => ("type = \"decimal\", precision = 8, scale = 2", "\"1.50\""),
            6 => ("type = \"decimal\", precision = 12, scale = 4", "\"-0.25\""),
            7 => ("type = \"real\"", "2.5"),
            8 => ("type = \"boolean\"", "true"),
            9 => ("type = \"uuid\"", ""),
            10 => ("type = \"timestamp\"", "\"2025-01-01T00:00:00.000Z\""),
            11 => ("type = \"date\"", "\"2025-01-01\""),
            12 => ("type = \"json\"", "{ a = 1 }"),
            13 => ("type = \"json\", shape = \"object\"", "{}"),
            14 => ("type = \"blob\"", ""),
            15 => ("type = \"enum\", of = \"state\"", ""),
            16 => ("type = \"text[]\", max = 3", "[]"),
            17 => ("type = \"time\"", "\"10:00:00.000\""),
            18 => ("type = \"text\", encrypted = true", ""),
            _ => {
                let tables = self.tables.len();
                let to = TABLES[self.tables[column.target % tables].name];
                let on_delete = match column.kind {
                    19 => "cascade",
                    20 if column.optional => "set_null",
                    _ => "restrict",
                };
                let rules = format!("type = \"ref\", to = {to:?}, on_delete = {on_delete:?}");
                return (rules, String::new());
            }
        };
        let default = match column.kind {
            15 => format!("{:?}", self.values[0]),
            _ => default.to_owned(),
        };
        (rules.to_owned(), default)
    }
}

fn id(table: usize, row: usize) -> String {
    format!("00000000-0000-0000-{table:04}-{row:012}")
}

/// A value that the column takes, different in every row where keys want it.
fn value(model: &Model, table: &Table, column: &Column, row: usize) -> Value {
    let number = row as i64;
    let place = |name: &str| model.tables.iter().position(|table| table.name == name).unwrap_or(0);
    if column.optional && row == 0 {
        return Value::Null;
    }
    let reference = table.references.iter().find(|r| r.columns.last() == Some(&column.name));
    if let Some(reference) = reference {
        return Value::Text(id(place(&reference.table), row));
    }
    let text = |text: String| Value::Text(text);
    match &column.kind {
        _ if column.array => text(format!("[\"{row}\"]")),
        Kind::Text => text(format!("text {row}")),
        Kind::Integer | Kind::BigInt => Value::Integer(number + 1),
        Kind::Decimal { .. } => Value::Integer(number * 125 - 60),
        Kind::Real => Value::Real(row as f64 + 0.5),
        Kind::Boolean => Value::Integer(number % 2),
        Kind::Uuid => text(id(place(&table.name), row)),
        Kind::Timestamp => text(format!("2025-01-0{}T10:20:30.40{row}Z", row + 1)),
        Kind::Date => text(format!("2025-01-0{}", row + 1)),
        Kind::Time => text(format!("10:20:30.40{row}")),
        Kind::Json { shape: Shape::Array } => text("[1]".to_owned()),
        Kind::Json { .. } => text(format!("{{\"a\":{row}}}")),
        Kind::Blob => Value::Blob(vec![row as u8, 255]),
        Kind::Enum { name } => text(model.enum_values(name)[0].clone()),
    }
}

fn fill(connection: &Connection, model: &Model) {
    connection.pragma_update(None, "foreign_keys", false).expect("switches");
    for table in &model.tables {
        for row in 0..ROWS {
            let names: Vec<&str> =
                table.columns.iter().map(|column| column.name.as_str()).collect();
            let values: Vec<Value> =
                table.columns.iter().map(|column| value(model, table, column, row)).collect();
            let marks = vec!["?"; names.len()].join(", ");
            let names = crate::sql::quote::names(names);
            let table = crate::sql::quote::name(&table.name);
            let sql = format!("INSERT INTO {table} ({names}) VALUES ({marks})");
            connection
                .execute(&sql, rusqlite::params_from_iter(values))
                .unwrap_or_else(|error| panic!("{error}: {sql}"));
        }
    }
    assert_eq!(count(connection, "SELECT count(*) FROM pragma_foreign_key_check"), 0);
}

/// Names that are only in the one list, paired with names that are only in the other.
fn pairs<'n>(old: &[&'n str], new: &[&'n str]) -> Vec<(&'n str, &'n str)> {
    let gone = old.iter().filter(|name| !new.contains(name));
    gone.zip(new.iter().filter(|name| !old.contains(name))).map(|(a, b)| (*a, *b)).collect()
}

/// A table's name in both models, and the names of columns that were renamed with it.
struct Same {
    old: String,
    new: String,
    columns: Vec<(String, String)>,
}

/// Renames all that can be: tables and columns only in the one become those only in the other.
fn all_renames(from: &Model, to: &Model) -> (Renames, Vec<Same>) {
    let names = |model: &Model| -> Vec<String> {
        model.tables.iter().map(|table| table.name.clone()).filter(|name| name != "orgs").collect()
    };
    let (old, new) = (names(from), names(to));
    let old: Vec<&str> = old.iter().map(String::as_str).collect();
    let new: Vec<&str> = new.iter().map(String::as_str).collect();
    let mut renames = Renames::default();
    let renamed = pairs(&old, &new);
    renamed.iter().for_each(|(old, new)| renames.table(old, new));
    let renamed = renamed.iter().map(|(old, new)| ((*old).to_owned(), (*new).to_owned()));
    let kept = from.tables.iter().filter(|table| to.table(&table.name).is_some());
    let kept = kept.map(|table| (table.name.clone(), table.name.clone()));
    let same = renamed.chain(kept).map(|(old, new)| {
        let own = |table: Option<&Table>| -> Vec<String> {
            let columns = table.into_iter().flat_map(|table| &table.columns);
            let names = columns.map(|column| column.name.clone());
            names.filter(|name| COLUMNS.contains(&name.as_str())).collect()
        };
        let (one, other) = (own(from.table(&old)), own(to.table(&new)));
        let one: Vec<&str> = one.iter().map(String::as_str).collect();
        let other: Vec<&str> = other.iter().map(String::as_str).collect();
        let columns: Vec<(String, String)> =
            pairs(&one, &other).iter().map(|(a, b)| ((*a).to_owned(), (*b).to_owned())).collect();
        columns.iter().for_each(|(a, b)| renames.column(&old, a, b));
        Same { old, new, columns }
    });
    let same = same.collect();
    (renames, same)
}

fn values_of(connection: &Connection, table: &str, columns: &[&str]) -> Vec<Vec<Value>> {
    let names = crate::sql::quote::names(columns);
    let sql = format!("SELECT {names} FROM {} ORDER BY id", crate::sql::quote::name(table));
    let mut statement = connection.prepare(&sql).expect("prepares");
    let rows = statement.query_map([], |row| (0..columns.len()).map(|at| row.get(at)).collect());
    rows.expect("queries").collect::<rusqlite::Result<_>>().expect("reads")
}

/// The columns of one kind on both sides, by their old and new names: their values are kept.
fn kept_columns(same: &Same, from: &Model, to: &Model) -> Vec<(String, String)> {
    let (old, new) = (from.table(&same.old).expect("is"), to.table(&same.new).expect("is"));
    let pairs = old.columns.iter().map(|column| {
        let renamed = same.columns.iter().find(|(name, _)| *name == column.name);
        (column, renamed.map_or(column.name.clone(), |(_, name)| name.clone()))
    });
    let kept = pairs.filter(|(column, name)| {
        new.column(name).is_some_and(|new| {
            new.kind == column.kind
                && new.array == column.array
                && new.encrypted == column.encrypted
                && (new.optional || !column.optional)
        })
    });
    kept.map(|(column, name)| (column.name.clone(), name)).collect()
}

fn check(from: &ModelPlan, to: &ModelPlan, rename: bool) {
    let (one, other) = (from.load(), to.load());
    let (a, b) = (Schema::from_model(&one), Schema::from_model(&other));
    let (renames, mut same) = all_renames(&one, &other);
    let renames = if rename { renames } else { Renames::default() };
    if !rename {
        same.retain(|same| same.old == same.new);
        same.iter_mut().for_each(|same| same.columns.clear());
    }
    let plan = super::super::plan(&a, &b, &renames);
    let create = a.create_sql().join("\n");
    let step = |connection: &Connection, script: &str, expected: &Schema| {
        run(connection, script).unwrap_or_else(|error| panic!("{error}\n{create}\n\n{script}"));
        let live = Schema::read(connection).expect("reads");
        assert_eq!(lines(&diff(expected, &live)), [] as [&str; 0], "\n{create}\n\n{script}");
    };
    let empty = database(&create);
    step(&empty, "", &a);
    step(&empty, &plan.up, &b);
    step(&empty, &plan.down, &a);
    step(&empty, &plan.up, &b);
    let filled = database(&create);
    fill(&filled, &one);
    let kept: Vec<(&Same, Vec<(String, String)>)> =
        same.iter().map(|same| (same, kept_columns(same, &one, &other))).collect();
    let read = |connection: &Connection, new: bool| -> Vec<Vec<Vec<Value>>> {
        let read_table = |(same, columns): &(&Same, Vec<(String, String)>)| {
            let names = columns.iter().map(|(a, b)| if new { b.as_str() } else { a.as_str() });
            let table = if new { &same.new } else { &same.old };
            values_of(connection, table, &names.collect::<Vec<_>>())
        };
        kept.iter().map(read_table).collect()
    };
    let before = read(&filled, false);
    match run(&filled, &plan.up) {
        Ok(()) => {
            assert_eq!(read(&filled, true), before, "rows are kept\n{create}\n\n{}", plan.up);
            if run(&filled, &plan.down).is_ok() {
                assert_eq!(read(&filled, false), before, "\n{create}\n\n{}", plan.down);
            } else {
                assert!(!plan.down_risks.is_empty(), "\n{create}\n\n{}", plan.down);
            }
        }
        Err(error) => assert!(!plan.risks.is_empty(), "{error}\n{create}\n\n{}", plan.up),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_model_becomes_any_other(from in models(), to in models(), rename in any::<bool>()) {
        check(&from, &to, rename);
    }

    #[test]
    fn any_model_can_be_edited(from in models(), edits in edits(), rename in any::<bool>()) {
        check(&from, &from.edited(&edits), rename);
    }
}
