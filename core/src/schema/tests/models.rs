//! Random small models, and small changes of them.

use std::fmt::Write as _;

use proptest::prelude::*;

use crate::Model;

pub(super) const TABLES: [&str; 4] = ["alpha", "beta", "gamma", "order"];
pub(super) const COLUMNS: [&str; 6] = ["key", "name", "group", "size", "state", "spare"];

#[derive(Debug, Clone)]
pub(super) struct ColumnPlan {
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
pub(super) struct ModelPlan {
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

pub(super) fn models() -> impl Strategy<Value = ModelPlan> {
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
pub(super) enum Edit {
    Set(ColumnPlan),
    Drop(usize),
    Unique(bool),
    Index(bool),
    Check(bool),
    SoftDelete(bool),
    Rowid(bool),
    Values(Vec<&'static str>),
}

pub(super) fn edits() -> impl Strategy<Value = Vec<(usize, Edit)>> {
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
    pub(super) fn edited(&self, edits: &[(usize, Edit)]) -> ModelPlan {
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

    pub(super) fn load(&self) -> Model {
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
            text.push_str(
                "[tables.orgs]\npolicy = {}\ncolumns.title = { type = \"text\", max = 40 }\n",
            );
        }
        for table in &self.tables {
            self.table(&mut text, table);
        }
        text
    }

    fn table(&self, text: &mut String, table: &TablePlan) {
        let _ = writeln!(text, "[tables.{}]\npolicy = {{}}", TABLES[table.name]);
        let mut keys = Vec::new();
        let mut required = Vec::new();
        for column in &table.columns {
            let name = COLUMNS[column.name];
            // Tables that required each other could have no first row.
            let target = &self.tables[column.target % self.tables.len()];
            let is_ahead = column.kind >= 19 && target.name > table.name;
            let column = &ColumnPlan { optional: column.optional || is_ahead, ..column.clone() };
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
            let _ = writeln!(text, "checks.sensible = \"{first} IS NULL OR {first} >= {first}\"");
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
